"""The customer each team is looking for: where the teams' profiles agree, and whom they fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from revalign_udf.calc.agreed import TEAMS, Cells
from revalign_udf.config import rows_for
from revalign_udf.errors import NoData
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric, number, share
from revalign_udf.query.tables.health import TRAITS, customers_by_success

__all__ = ["TABLES", "profiles_of"]

_FEW = 30
_GROUPS = ("good", "rest", "worst")
Profile = dict[tuple[str, str], str]
"""(trait, value in small letters) -> the value as written"""


def profiles_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Profile]:
    """The profile of each team by the object ``profiles``. A value may be a list, or have commas.

    Raises ConfigError REV-305 for an unknown team or trait.
    """
    found: dict[str, Profile] = {}
    for place, row in enumerate(rows, 1):
        cells = Cells("profiles", place, row)
        team, trait = cells.one_of("team", TEAMS), cells.one_of("trait", TRAITS)
        for value in cells.listed("value"):
            found.setdefault(team, {})[trait, value.casefold()] = value
    return {team: found[team] for team in TEAMS if team in found}


def _read(ask: Ask) -> dict[str, Profile]:
    found = profiles_of(rows_for(ask.session.manifest.objects, "profiles"))
    if not found:
        raise NoData(
            "No team has written whom it looks for.",
            hint="Write alignment/profiles.toml with [[profiles]] tables: team, trait, value.",
        )
    return found


def _team_profiles(ask: Ask) -> Table:
    profiles = _read(ask)
    every = sorted({key for own in profiles.values() for key in own}, key=lambda key: (TRAITS.index(key[0]), key[1]))
    rows = []
    for key in every:
        value = next(own[key] for own in profiles.values() if key in own)
        says = ["yes" if key in own else "" for own in profiles.values()]
        rows.append((key[0], value, *says, "yes" if all(says) else "no"))
    return Table(("trait", "value", *profiles, "shared"), tuple(rows), ("text",) * (3 + len(profiles)))


def _profile_overlap(ask: Ask) -> Table:
    profiles = _read(ask)
    if len(profiles) < 2:
        raise NoData("Only one team has written whom it looks for.", hint="Add the other's rows to profiles.")
    rows = []
    for (one, mine), (other, theirs) in combinations(profiles.items(), 2):
        both = mine.keys() & theirs.keys()
        counts = (len(both), len(mine) - len(both), len(theirs) - len(both))
        rows.append((one, other, *counts, number(Fraction(len(both), len(mine.keys() | theirs.keys())))))
    columns = ("team", "other_team", "shared", "only_team", "only_other", "overlap")
    return Table(columns, tuple(rows), ("text", "text", "count", "count", "count", "rate"))


def _fits(traits: Sequence[tuple[str, str]], profile: Profile) -> bool:
    """Whether a customer has, of every trait a profile names, one of the values it names."""
    named = {trait for trait, _ in profile}
    return all((trait, value.casefold()) in profile for trait, value in traits if trait in named)


def _profile_fit(ask: Ask) -> Table:
    profiles, customers = _read(ask), customers_by_success(ask)
    sizes = Counter(name for _, groups in customers for name in groups)
    rows = []
    for team, profile in profiles.items():
        fit = Counter(name for traits, groups in customers if _fits(traits, profile) for name in groups)
        good, rest, worst = (Fraction(fit[name], sizes[name]) if sizes[name] else None for name in _GROUPS)
        rows.append(
            (team, fit["good"], fit["rest"], fit["worst"], *map(number, (good, rest, worst)), _lift(good, rest),
             _lift(good, worst), "yes" if fit["good"] + fit["rest"] < _FEW else "no")
        )  # fmt: skip
    return Table(
        ("team", "successful", "rest", "worst", "share_successful", "share_rest", "share_worst", "lift", "lift_on_worst",
         "under_30"), tuple(rows),
        ("text", "count", "count", "count", "rate", "rate", "rate", "number", "number", "text"),
    )  # fmt: skip


def _lift(mine: Fraction | None, against: Fraction | None) -> float | None:
    return share(mine, against) if mine is not None and against is not None else None


TABLES = {
    "team_profiles": TableMetric((), _team_profiles),
    "profile_overlap": TableMetric((), _profile_overlap),
    "profile_fit": TableMetric(("customers_ever", "customers"), _profile_fit),
}
