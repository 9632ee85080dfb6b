"""Conditional formats of a block: made once, kept over the block's rows, never touched where a person changed them.

Google gives these rules no names: one is known by what it tests and by the rows it covers. It is also addressed by its
place in the tab's list alone, which moves when rows that a person's rule stood on are deleted. Rules that have to change
are therefore taken out before anything moves, and put back where they stood once everything has.

What a person may do: other colours stay while the rule goes on following the rows; a rule with another test, over other
rows, or none at all is theirs from then on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from revalign_udf.calc.letters import column_letters
from revalign_udf.errors import SurfaceError
from revalign_udf.layout.model import Rule
from revalign_udf.layout.palette import FLAG, HEAT
from revalign_udf.sheets import style
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area, CurrentTab
from revalign_udf.sheets.desired import Marks, WantedBlock
from revalign_udf.sheets.extent import Extent
from revalign_udf.sheets.looks import runs

__all__ = ["RuleChange", "Stood", "plan_rules", "put_rules", "rule_count", "settle", "shaken_rules"]

#: The place of a rule that never stood in the list: behind all others, where people's own go first.
END = 1_000_000
#: How far up the scale its dark end lies: there black has a contrast of 4.7.
_DARK = 0.93
_TESTS = {
    "<": "NUMBER_LESS", "<=": "NUMBER_LESS_THAN_EQ", ">": "NUMBER_GREATER", ">=": "NUMBER_GREATER_THAN_EQ",
    "=": "NUMBER_EQ", "<>": "NUMBER_NOT_EQ",
}  # fmt: skip
_SIGNS = {kind: test for test, kind in _TESTS.items()}
#: How a test of a text is written that Google has no condition for; no comma or semicolon, so it reads in every country.
_FORMULA = re.compile(r'=\(\$?[A-Z]+\$?\d+(?P<test><>|=)"(?P<text>(?:[^"]|"")*)"\)\*\(\$?[A-Z]+\$?\d+<>""\)')


@dataclass(frozen=True, slots=True)
class Stood:
    """A block as it stands: its data rows with and without totals, and the keys of its columns by place on the sheet."""

    whole: Extent
    data: Extent
    columns: Mapping[int, str]

    def rows(self, name: str) -> Extent:
        """The rows a rule of this name covers: a flag looks at totals too, a scale would be spoilt by them."""
        return self.whole if name.startswith("flag") else self.data


@dataclass(slots=True)
class RuleChange:
    """What becomes of the rules of one block.

    ``off`` are places in the tab's list to be taken out before anything moves, ``on`` rules to be put in afterwards with
    the place they had; ``kept`` is for the mark.
    """

    off: list[int] = field(default_factory=list)
    on: list[tuple[int, Json]] = field(default_factory=list)
    kept: tuple[tuple[str, str], ...] = ()
    new: int = 0


def rule_count(count: int) -> str:
    """How many rules are new, in words."""
    return f"{count} new conditional format{'s' if count > 1 else ''}"


def plan_rules(
    wanted: WantedBlock, tab: CurrentTab | None, stood: Stood | None, before: Mapping[str, str], whole: Area,
    data: Area, columns: Sequence[int], *, moved: bool = True, reshaped: bool = False,
) -> RuleChange:  # fmt: skip
    """The rules of a block.

    Args:
        wanted: the block.
        tab: where it stands, None when it is new there.
        stood: the block as it stands, None when it stands nowhere yet.
        before: name and test of each rule made, from the mark.
        whole: its rows as they will be.
        data: those of them that are no totals.
        columns: where the block's columns will stand.
        moved: whether rows come, go or move, and Google moves ranges with them.
        reshaped: whether columns do.

    Raises:
        SurfaceError: REV-701, a rule names a column the block does not have.
    """
    change = RuleChange()
    kept: dict[str, str] = {}
    fresh: list[tuple[int, Json]] = []
    rules = _named(wanted)
    free = dict(enumerate(tab.rules)) if tab is not None and stood is not None else {}
    heat = END
    for name, rule in rules.items():
        test = _test(rule)
        after = whole if rule.kind == "flag" else data
        spans = _spans(wanted, rule, after, columns)
        at = _find(free, name, before.get(name, test), rule.columns, stood, wanted.marks) if stood else None
        found = free.pop(at) if at is not None else None
        if found is None and name in before:
            kept[name] = before[name]  # a person's by now, or deleted
            continue
        if after.bottom <= after.top:  # nothing to look at; made again when there is
            change.off += [at] if at is not None else []
            continue
        kept[name] = test
        if found is None or at is None:
            place = heat if rule.kind == "flag" else END
            fresh.insert(0, (place, {**_body(rule, wanted.marks, spans[0]), "ranges": spans}))
            continue
        if not reshaped:
            spans = _stretched(found, after)
        made = _renewed(found, rule, wanted.marks, spans) if before.get(name, test) != test else dict(found)
        if moved or reshaped or before.get(name, test) != test:
            change.off.append(at)
            change.on.append((at, _anchored({**made, "ranges": spans}, rule, wanted.marks)))
        if rule.kind == "heat":
            heat = min(heat, at)
    for name, test in before.items():
        if name in rules:
            continue
        at = _find(free, name, test, (), stood, wanted.marks) if stood else None
        if at is None:
            kept[name] = test  # a person's; should the report ask for it again, it stays away
        else:
            free.pop(at)
            change.off.append(at)
    # Flags before scales, so that where both hold the flag is seen: also one that is new before a scale that is not.
    change.on += fresh
    change.new, change.kept = len(fresh), tuple(sorted(kept.items()))
    return change


def put_rules(change: RuleChange) -> list[Json]:
    """The requests that put rules in; where in the tab's list is settled once all of its blocks are planned."""
    return [{"addConditionalFormatRule": {"rule": rule, "index": 0}} for _, rule in change.on]


def settle(count: int, changes: Sequence[RuleChange], lost: Collection[int]) -> tuple[list[int], list[list[int]]]:
    """The places in a tab's list of rules, for requests in this order: all that goes, then each block's that comes.

    Args:
        count: rules on the tab.
        changes: of its blocks, in the order of their requests.
        lost: places of rules that may vanish in between with the rows they stood on.

    Returns:
        What to delete, from the last, and for each block the places to put its rules in.
    """
    off = {at for change in changes for at in change.off}
    order: list[int] = [at for at in range(count) if at not in off and at not in lost]
    places: list[list[int]] = []
    for change in changes:
        mine: list[int] = []
        for was, _ in change.on:
            # Only rules that are certain to be there are counted: the place is never past the end.
            place = sum(1 for at in order if at < was) if was < END else len(order)
            order.insert(place, was)
            mine.append(place)
        places.append(mine)
    return sorted(off, reverse=True), places


def shaken_rules(rules: Sequence[Json], rows: Collection[int]) -> set[int]:
    """Places of the rules that stand on nothing but rows that are deleted or moved."""
    return {
        at
        for at, rule in enumerate(rules)
        if all(
            "endRowIndex" in span
            and all(row in rows for row in range(int(span.get("startRowIndex", 0)), int(span["endRowIndex"])))
            for span in rule.get("ranges", ())
        )
    }


# --- what a rule is --------------------------------------------------------------------------------------------------


def _named(wanted: WantedBlock) -> dict[str, Rule]:
    """The rules Google has a counterpart for; bars are for a workbook."""
    made: dict[str, Rule] = {}
    for kind in ("heat", "flag"):
        found = [rule for rule in wanted.block.rules if rule.kind == kind and rule.columns]
        made |= {f"{kind}{number}": rule for number, rule in enumerate(found, 1)}
    return made


def _test(rule: Rule) -> str:
    """What a rule tests, as the mark keeps it."""
    if rule.kind == "heat":
        return f"{_plain(rule.low)}..{_plain(rule.high)}"
    return f"{rule.test}{rule.limit!r}" if isinstance(rule.limit, str) else f"{rule.test}{_plain(rule.limit)}"


def _plain(value: float | None) -> str:
    return "" if value is None else format(Decimal(repr(float(value))).normalize() + 0, "f")


def _spelt(value: float, marks: Marks) -> str:
    """A number as a person of the spreadsheet's country types it."""
    return _plain(value).replace(".", marks[0])


def _read(text: str, marks: Marks) -> str:
    """A number that somebody typed, as :func:`_plain` writes it; any other text as it is."""
    try:
        return _plain(float(text.strip().replace(marks[0], ".")))
    except ValueError:
        return text


def _body(rule: Rule, marks: Marks, first: Json) -> Json:
    """A rule without its ranges. A scale cannot colour numbers, so it ends where a black one is still read well."""
    if rule.kind == "heat":
        dark = style.mixed(*HEAT, _DARK)
        return {"gradientRule": {"minpoint": _point(rule.low, "MIN", HEAT[0], marks),
                                 "maxpoint": _point(rule.high, "MAX", dark, marks)}}  # fmt: skip
    look = {"backgroundColorStyle": style.colour(FLAG), "textFormat": {"bold": True}}
    return {"booleanRule": {"condition": _condition(rule, marks, first), "format": look}}


def _point(value: float | None, end: str, colour: str, marks: Marks) -> Json:
    kind: Json = {"type": end} if value is None else {"type": "NUMBER", "value": _spelt(value, marks)}
    return {**kind, "colorStyle": style.colour(colour)}


def _condition(rule: Rule, marks: Marks, first: Json) -> Json:
    limit = rule.limit
    if isinstance(limit, str):
        if rule.test == "=" and limit[:1] not in ("=", "+", "'"):  # which would be read as typed
            return {"type": "TEXT_EQ", "values": [{"userEnteredValue": limit}]}
        cell = f"{column_letters(int(first['startColumnIndex']))}{int(first['startRowIndex']) + 1}"
        quoted = limit.replace('"', '""')
        text = f'=({cell}{rule.test}"{quoted}")*({cell}<>"")'
        return {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": text}]}
    if limit is None:
        return {"type": "BLANK" if rule.test == "=" else "NOT_BLANK"}
    return {"type": _TESTS[rule.test], "values": [{"userEnteredValue": _spelt(limit, marks)}]}


def _anchored(made: Json, rule: Rule, marks: Marks) -> Json:
    """A formula names the first cell of the first range, wherever that is now."""
    condition = made.get("booleanRule", {}).get("condition", {})
    if condition.get("type") != "CUSTOM_FORMULA":
        return made
    return {**made, "booleanRule": {**made["booleanRule"], "condition": _condition(rule, marks, made["ranges"][0])}}


def _renewed(found: Json, rule: Rule, marks: Marks, spans: Sequence[Json]) -> Json:
    """A rule whose test is another now, in the colours it has."""
    fresh = _body(rule, marks, spans[0])
    if "gradientRule" in fresh:
        ends = {}
        for name, point in fresh["gradientRule"].items():
            has = found["gradientRule"].get(name, {})
            colours = {key: has[key] for key in ("color", "colorStyle") if key in has}
            ends[name] = {**{key: value for key, value in point.items() if key != "colorStyle"}, **colours}
        return {**found, "gradientRule": {**found["gradientRule"], **ends}}
    return {**found, "booleanRule": {**found["booleanRule"], "condition": fresh["booleanRule"]["condition"]}}


def _tests(rule: Json, marks: Marks) -> str | None:
    """What a rule on the sheet tests, as :func:`_test` would say it; None for one that cannot be ours."""
    if "gradientRule" in rule:
        scale = rule["gradientRule"]
        ends = [scale.get(name, {}) for name in ("minpoint", "maxpoint")]
        kinds = [str(end.get("type", "")) for end in ends]
        if "midpoint" in scale or kinds[0] not in {"MIN", "NUMBER"} or kinds[1] not in {"MAX", "NUMBER"}:
            return None
        return "..".join(
            _read(str(end.get("value", "")), marks) if kind == "NUMBER" else ""
            for kind, end in zip(kinds, ends, strict=True)
        )
    condition = rule.get("booleanRule", {}).get("condition", {})
    kind = str(condition.get("type", ""))
    text = "".join(str(value.get("userEnteredValue", "")) for value in condition.get("values", ()))
    if kind in _SIGNS:
        return _SIGNS[kind] + _read(text, marks)
    if kind == "TEXT_EQ":
        return f"={text!r}"
    if kind == "CUSTOM_FORMULA" and (match := _FORMULA.fullmatch(text)):
        said = match["text"].replace('""', '"')
        return f"{match['test']}{said!r}"
    return {"BLANK": "=", "NOT_BLANK": "<>"}.get(kind)


# --- where a rule stands ---------------------------------------------------------------------------------------------


def _spans(wanted: WantedBlock, rule: Rule, after: Area, columns: Sequence[int]) -> list[Json]:
    """The ranges of a rule: its columns, side by side ones together."""
    places = {column.key: where for column, where in zip(wanted.block.columns, columns, strict=True)}
    missing = next((key for key in rule.columns if key not in places), None)
    if missing is not None:
        raise SurfaceError(f'A rule of {wanted.path} names no column "{missing}".', code="REV-701")
    rows = replace(after, bottom=max(after.bottom, after.top + 1))
    return [replace(rows, left=left, right=right).json() for left, right in runs({places[key] for key in rule.columns})]


def _find(
    free: Mapping[int, Json], name: str, test: str, keys: Sequence[str], stood: Stood, marks: Marks
) -> int | None:
    """The place of a rule that tests this over all rows of the block; of several the one over most of the columns.

    Without ``keys`` a rule over any columns of the block.
    """
    ours = {where for where, key in stood.columns.items() if not keys or key in keys}
    best: tuple[int, int, int] | None = None
    for at, rule in free.items():
        spans = rule.get("ranges", ())
        if not spans or _tests(rule, marks) != test or any("endRowIndex" not in span for span in spans):
            continue
        top = min(int(span.get("startRowIndex", 0)) for span in spans)
        bottom = max(int(span["endRowIndex"]) for span in spans)
        covered = {
            where
            for span in spans
            for where in stood.columns
            if int(span.get("startColumnIndex", 0)) <= where < int(span.get("endColumnIndex", where + 1))
        }
        if stood.rows(name).is_data(top, bottom) and covered & ours:
            best = max(best or (0, 0, 0), (len(covered & ours), -len(covered - ours), -at))
    return -best[2] if best else None


def _stretched(rule: Json, after: Area) -> list[Json]:
    """The columns a rule has, over the rows as they will be."""
    rows = {"sheetId": after.tab, "startRowIndex": after.top, "endRowIndex": after.bottom}
    made: list[Json] = []
    for span in rule["ranges"]:
        side = {name: span[name] for name in ("startColumnIndex", "endColumnIndex") if name in span}
        if (whole := {"startColumnIndex": 0, **side, **rows}) not in made:
            made.append(whole)
    return made
