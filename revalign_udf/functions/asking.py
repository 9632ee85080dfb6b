"""What the pairs of a snapshot function say besides filters: a profile, a currency, a comparison, the shape of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from revalign_udf.calc.texts import UNSURE
from revalign_udf.errors import NoData, UnknownName, UserError
from revalign_udf.functions import session
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.tables import value_of, value_or_error

if TYPE_CHECKING:
    from revalign_udf.query.answers import Answer, Table

__all__ = ["RESERVED", "SHAPING", "Told", "shaping", "told"]

#: fields of a pair that say what to show of a table
SHAPING = ("columns", "heads", "sort", "limit", "dates")
#: fields of a pair that are no dimension: how to look at the numbers
RESERVED = ("profile", "in_currency", "compare", "show", *SHAPING)
_WORDS = {"heads": {"yes": True, "true": True, "no": False, "false": False}, "dates": {"text": False, "real": True}}
_SHOWN = ("difference", "share", "value")
#: the keywords of the one door that pairs set
_VIEW = {"profile": "profile", "in_currency": "currency", "compare": "compare"}


def shaping(name: str, also: str) -> Argument:
    """The pairs of a function that answers a table, ``also`` what they may say besides the shape of it."""
    shape = 'columns ("stage, reached"), heads (no), sort ("-value"), limit (50), dates (real)'
    return Argument(name, "pairs", f"{also}{shape}; or one range of two columns.", optional=True, repeating=True)


@dataclass(frozen=True, slots=True)
class Told:
    """Filters (and parameters of the metric), keywords for the one door, which part of a comparison to show, and what to
    show of a table: arguments of :class:`revalign_udf.query.shaping.Shape`."""

    where: dict[str, str]
    view: dict[str, Any] = field(default_factory=dict)
    compare: str = ""
    show: str = _SHOWN[0]
    shape: dict[str, Any] = field(default_factory=dict)

    @property
    def plain(self) -> dict[str, Any]:
        """The keywords of a question that compares nothing. Raises UserError REV-102 where a comparison is asked for."""
        if self.compare:
            raise UserError("compare does not go with this function.", hint="It goes with METRIC, SERIES and TABLE.")
        return self.view

    @property
    def currency(self) -> str | None:
        """The one keyword of a bridge, whose sides name their profiles themselves. Raises UserError REV-102 otherwise."""
        if "profile" in self.plain:
            raise UserError("A bridge takes its profiles with the metrics.", hint="Write logo_churn@stripe.")
        return self.view.get("currency")

    @property
    def alone(self) -> Told:
        """Itself, where a function takes nothing but a shape. Raises UserError REV-102 for anything else."""
        other = [*self.where, *self.view]
        if other:
            raise UserError(f"{other[0]} does not go with this function.", hint=f"It takes {', '.join(SHAPING)}.")
        return self

    def cells(self, table: Table) -> list[list[Any]]:
        """The rows of a table as they are to be shown. Raises UnknownName REV-101 for a column that is not there."""
        from revalign_udf.query.shaping import Shape, shaped

        return shaped(table, Shape(**self.shape))

    def one(self, answer: Answer) -> Fraction:
        """The number a cell shows: the answer itself, or the asked part of its comparison."""
        if not self.compare:
            return value_of(answer)
        for found in answer.comparisons:
            part = {"difference": found.difference, "share": found.share, "value": found.exact}[self.show]
            if part is not None:
                return part
        value_of(answer)  # without a number there is nothing to compare
        raise NoData(" ".join(found.message for found in answer.comparisons) or "There is nothing to compare with.")

    def row(self, answer: Answer) -> list[Any]:
        """The cells of one answer: its number, and the difference and share of its comparison."""
        if not self.compare:
            return [value_or_error(answer)]
        return [
            value_or_error(answer),
            *(part for item in answer.comparisons for part in (item.difference, item.share)),
        ]


def told(pairs: Mapping[str, str], parts: Sequence[str] = _SHOWN, *, table: bool = False) -> Told:
    """The pairs of a function, told apart. ``profile``, ``in_currency``, ``compare`` (previous, last_year, target) and
    ``show`` (difference, share, value) are no filters. ``parts`` are what ``show`` may name where it is not about a
    comparison; the first one is shown unasked. ``table``: the function answers a table that takes a shape.

    >>> told({"segment": "SMB", "Compare": "previous", "show": "share"})
    Told(where={'segment': 'SMB'}, view={'compare': 'previous'}, compare='previous', show='share', shape={})
    >>> told({"columns": "stage, reached", "heads": "no", "limit": ""}, table=True).shape
    {'columns': ('stage', 'reached'), 'heads': False}

    Raises UserError REV-102 for ``show`` without ``compare``, for a 0 that could be meant, for a shape where the function
    takes none and one that cannot be, UnknownName REV-101 for another part to show.
    """
    if not pairs:
        return Told({}, {}, "", parts[0])
    given: dict[str, str] = {}
    where: dict[str, str] = {}
    for name, value in pairs.items():
        known = name.strip().casefold().replace(" ", "_")
        if known in RESERVED:
            if value and given.get(known, value) not in (value, ""):
                raise UserError(f'The field "{name}" is given twice.', hint="Give each field once.")
            given[known] = value or given.get(known, "")
        elif value == UNSURE:
            _nothing(name)
        else:
            where[name] = value
    view: dict[str, Any] = {keyword: given[name] for name, keyword in _VIEW.items() if given.get(name)}
    show = str(given.get("show") or parts[0]).strip().casefold()
    if show not in parts:
        raise UnknownName("part to show", show, parts, hint=f"Use {', '.join(parts)}.")
    if "show" in given and "compare" not in view and parts is _SHOWN:
        raise UserError("show needs compare.", hint='Add "compare", "previous".')
    asked = {name: given[name] for name in SHAPING if given.get(name)}
    if asked and not table:
        raise UserError(
            f"{next(iter(asked))} does not go with this function.",
            hint="It goes with TABLE, RECORDS, BRIDGE, DRIFT, SLA, SPLIT, REVIEW, DEFINE and STATUS.",
        )
    return Told(where, view, str(view.get("compare", "")), show, _shape(asked))


def _shape(asked: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of a shape. A pair without a value says nothing. Raises UserError REV-102."""
    found: dict[str, Any] = {
        name: tuple(part.strip() for part in asked[name].split(",")) for name in ("columns", "sort") if name in asked
    }
    if missing := [name for name, names in found.items() if not all(part.strip("- ") for part in names)]:
        raise UserError(f"{missing[0]} has a comma without a name.", hint='Write "stage, reached".')
    for name, keyword in (("heads", "heads"), ("dates", "days")):
        if name in asked:
            found[keyword] = _said(name, asked[name])
    if "limit" in asked:
        if not (asked["limit"].isdecimal() and int(asked["limit"])):
            raise UserError(f'limit is how many rows to show, not "{asked["limit"]}".', hint="Write 50, for instance.")
        found["limit"] = int(asked["limit"])
    return found


def _said(name: str, value: str) -> bool:
    words = _WORDS[name]
    if (word := value.casefold()) not in words:
        shown = " or ".join(word for word in words if word not in ("true", "false"))
        raise UserError(f'{name} is {shown}, not "{value}".', hint=f"Write {shown}.")
    return words[word]


def _nothing(field: str) -> None:
    """Let a value pass that is 0 or blank, and so means "all", unless 0 is something else there: a value of the dimension,
    or that of a parameter. Then the number would depend on whether Excel sends a blank cell as 0. Raises UserError REV-102.
    """
    try:
        if "0" not in session.query().names(field):
            return
    except UnknownName:  # no dimension
        pass
    raise UserError(
        f"{field} is 0 or blank, which are not the same here.", hint='Write 0 as the text "0", or leave out the pair.'
    )
