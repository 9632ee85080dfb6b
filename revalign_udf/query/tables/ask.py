"""What a table metric is asked with, and what it may ask in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from revalign_udf.calc.ratios import ratio
from revalign_udf.errors import NoData, Undefined, Undivided
from revalign_udf.money import to_double
from revalign_udf.periods import Period
from revalign_udf.query.answers import Table
from revalign_udf.snapshots.cuts import Window
from revalign_udf.snapshots.evaluate import Evaluator

if TYPE_CHECKING:
    from revalign_udf.query.session import Session

__all__ = ["Ask", "TableMetric", "number", "share"]


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to a table metric: the period, the filters, the parameters, and the snapshot to ask."""

    session: Session
    period: Period
    where: Mapping[str, str]
    parameters: Mapping[str, str]

    def value(self, name: str, period: Period | None = None, **where: str) -> Fraction:
        """The exact value of a component. Raises NoData with the reason when there is none."""
        bound = self.session.catalogue.bind_component(name, self.parameters)
        return self.session.value(bound.name, period or self.period, {**self.where, **where})

    def metric(self, name: str, period: Period | None = None, **where: str) -> Fraction:
        """The exact value of another metric. Raises NoData or Undefined with the reason when there is none."""
        from revalign_udf.query.formulas import evaluate

        catalogue = self.session.catalogue
        metric = catalogue.bind(catalogue.metrics[name], self.parameters)
        return evaluate(self.session, metric, period or self.period, {**self.where, **where})

    def maybe(self, name: str, period: Period | None = None, **where: str) -> float | None:
        """The value of a component or metric as a cell: None where there is none."""
        ask = self.value if name in self.session.catalogue.components else self.metric
        try:
            return to_double(ask(name, period, **where))
        except (NoData, Undefined):
            return None

    def shares(self, name: str, **where: str) -> bool:
        """Whether a component comes to something nobody can divide among the lead sources that share it."""
        try:
            self.value(name, self.period, **where)
        except Undivided:
            return True
        except NoData:
            return False
        return False

    @property
    def evaluator(self) -> Evaluator:
        """What answers from the facts."""
        return self.session.evaluator

    def window(self, fact: str, period: Period | None = None) -> Window:
        """The days a fact is known for. Raises NoData when there are none in the period."""
        return self.session.window_of(fact, period or self.period)

    def rows(
        self, fact: str, select: str, *, rule: str = "true", shape: str = "flow", joins: str = "",
        by: Sequence[str] = (), period: Period | None = None,
    ) -> list[tuple[Any, ...]]:  # fmt: skip
        """Rows of a fact; see :meth:`revalign_udf.snapshots.evaluate.Evaluator.rows`."""
        window = self.window(fact, period)
        return self.evaluator.rows(fact, window, self.where, select, rule=rule, shape=shape, joins=joins, by=by)


@dataclass(frozen=True, slots=True)
class TableMetric:
    """What computes the rows of a table metric.

    ``needs`` are the components it reads: they decide what it may be cut by, whether it is partial, and what its
    explanation lists.
    """

    needs: tuple[str, ...]
    build: Callable[[Ask], Table]


def number(value: Fraction | None) -> float | None:
    """A number as a cell; None stays blank."""
    return None if value is None else to_double(value)


def share(part: Fraction, whole: Fraction) -> float | None:
    """A ratio as a cell; blank where the whole is zero."""
    try:
        return to_double(ratio(part, whole))
    except Undefined:
        return None
