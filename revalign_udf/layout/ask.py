"""What a report needs from the one door for numbers.

``query.Query`` fits these protocols; so does a stand-in of a few lines, which is how layouts are tested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from revalign_udf.metrics import Parameter
from revalign_udf.periods import Calendar, Grain
from revalign_udf.query.answers import Answer, Table

__all__ = ["Ask", "Caller", "Declaration"]

#: a function by its bare name and its arguments -> its exact result; raises what a cell would show as an error
Caller = Callable[[str, Sequence[Any]], Any]


class Declaration(Protocol):
    """What a report shows about a metric beside its numbers."""

    @property
    def name(self) -> str:
        """What a user types."""

    @property
    def label(self) -> str:
        """What a reader reads."""

    @property
    def unit(self) -> str:
        """money, rate, count, number, points or months."""

    @property
    def definition(self) -> str:
        """One sentence."""

    @property
    def version(self) -> int:
        """Of the definition."""

    @property
    def owners(self) -> Sequence[str]:
        """Teams."""

    @property
    def question(self) -> str:
        """Of a vanity metric: the question it dodges."""

    @property
    def counterpart(self) -> str:
        """Of a vanity metric: the metric that answers it."""

    @property
    def formula(self) -> str:
        """Over components."""

    @property
    def kind(self) -> str:
        """scalar, table or distribution."""

    @property
    def parameters(self) -> Sequence[Parameter]:
        """What a question may set beside filters."""


class Ask(Protocol):
    """Questions a report asks."""

    @property
    def snapshot(self) -> str:
        """The label of the snapshot, ``2026-10-31#2``."""

    @property
    def as_of(self) -> date:
        """The day relative periods are counted from."""

    @property
    def currency(self) -> str:
        """ISO code of every money value."""

    @property
    def calendar(self) -> Calendar:
        """How the company names its periods."""

    @property
    def company(self) -> str:
        """Its name."""

    def declaration(self, name: str) -> Declaration:
        """The declaration of a metric; UnknownName for a name nobody declared."""

    def digest(self, name: str) -> str:
        """A fingerprint of a metric's definition and of those it reads."""

    def metric(
        self, name: str, period: str, where: Mapping[str, str] | None = None, *, compare: object = None
    ) -> Answer:
        """One answer. A question without a number is answered too, with the reason. ``compare`` names what stands beside
        it: previous, last_year, target."""

    def series(
        self, name: str, first: str, last: str, grain: Grain | None = None, where: Mapping[str, str] | None = None
    ) -> Sequence[Answer]:
        """One answer per period from first to last."""

    def breakdown(
        self, name: str, period: str, by: str, where: Mapping[str, str] | None = None
    ) -> Sequence[tuple[str, Answer]]:
        """One answer per value of a dimension that has anything to count."""

    def records(self, name: str, period: str, where: Mapping[str, str] | None = None) -> Table:
        """The source records behind a number with their contributions: ``component``, ``period``, ``system``, ``table``,
        ``id``, ``customer``, ``name``, ``on``, ``url``, ``contribution``."""

    def names(self, kind: str) -> Sequence[str]:
        """Valid names of a kind, as ``REVALIGN.LIST`` answers them."""

    def banner(self) -> str:
        """One line saying what the numbers rest on."""

    def status(self) -> Table:
        """How fresh each source is; a column ``state``, where there is one, holds fresh, stale or failed."""
