"""What the pairs of a snapshot function say besides filters: a profile, a currency, a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from revalign_udf.errors import NoData, UnknownName, UserError
from revalign_udf.functions.tables import value_of, value_or_error

if TYPE_CHECKING:
    from revalign_udf.query.answers import Answer

__all__ = ["RESERVED", "Told", "told"]

#: fields of a pair that are no dimension: how to look at the numbers
RESERVED = ("profile", "in_currency", "compare", "show")
_SHOWN = ("difference", "share", "value")


@dataclass(frozen=True, slots=True)
class Told:
    """Filters (and parameters of the metric), keywords for the one door, and which part of a comparison to show."""

    where: dict[str, str]
    view: dict[str, Any] = field(default_factory=dict)
    compare: str = ""
    show: str = _SHOWN[0]

    @property
    def plain(self) -> dict[str, Any]:
        """The keywords of a question that compares nothing. Raises UserError REV-102 where a comparison is asked for."""
        if self.compare:
            raise UserError("compare does not go with this function.", hint="It goes with METRIC, SERIES and TABLE.")
        return self.view

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


def told(pairs: Mapping[str, str]) -> Told:
    """The pairs of a function, told apart. ``profile``, ``in_currency``, ``compare`` (previous, last_year, target) and
    ``show`` (difference, share, value) are no filters.

    >>> told({"segment": "SMB", "Compare": "previous", "show": "share"})
    Told(where={'segment': 'SMB'}, view={'compare': 'previous'}, compare='previous', show='share')

    Raises UserError REV-102 for ``show`` without ``compare``, UnknownName REV-101 for another part to show.
    """
    given = {name.strip().casefold().replace(" ", "_"): value for name, value in pairs.items()}
    where = {name: value for name, value in pairs.items() if name.strip().casefold().replace(" ", "_") not in RESERVED}
    names = {"profile": "profile", "in_currency": "currency", "compare": "compare"}
    view: dict[str, Any] = {keyword: given[name] for name, keyword in names.items() if given.get(name)}
    show = str(given.get("show") or _SHOWN[0]).strip().casefold()
    if show not in _SHOWN:
        raise UnknownName("part of a comparison", show, _SHOWN)
    if "show" in given and "compare" not in view:
        raise UserError("show needs compare.", hint='Add "compare", "previous".')
    return Told(where, view, str(view.get("compare", "")), show)
