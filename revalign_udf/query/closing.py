"""Closed periods, as the one door sees them.

A question for days inside a closed period is answered from the snapshot the period is frozen on, whatever has been
published since; the answer says so (``closed``), and its fingerprint names that snapshot. Profiles, currencies, filters,
breakdowns, records and explanations look at the frozen snapshot too.

* A series over open and closed periods mixes snapshots; each answer names its own. So does a comparison.
* A period that only contains closed ones (a year, ``YTD``) is computed from the published snapshot, and so is what a
  formula reads of the period before an open one.
* ``as_of`` is explicit: it answers from the snapshot of that day, closed or not; ``today`` from the published one. That
  is how to see what a closed number would be now.
* The whole number of a metric is the one written down at the close. Should a later version of Revalign read another one
  out of the frozen facts, the answer keeps the number that was closed and says so.
* What had not been declared at the close (a metric, a dimension) is answered from the published snapshot, and says so.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from revalign_udf.errors import NoData, RevalignError, UserError
from revalign_udf.governance import CLOSES_FILE, Close, Closes, read_closes
from revalign_udf.metrics import Metric
from revalign_udf.periods import Period, months_in
from revalign_udf.query.answers import Answer
from revalign_udf.query.formulas import component_periods, evaluate
from revalign_udf.query.session import Session
from revalign_udf.snapshots import Manifest

__all__ = ["Frozen", "closable", "kept", "next_open", "text_of", "values_at_close", "wanting"]


class Frozen:
    """The closed periods of the project whose snapshots lie in a folder; read when first asked for."""

    def __init__(self, root: Path) -> None:
        # snapshots lie in .revalign/snapshots of the project folder
        self.root, self.folder = root, root.parent.parent
        self._trusted: set[str] = set()
        self._closes: Closes | None = None
        self._seen: tuple[int, int] | None = None

    @property
    def closes(self) -> Closes:
        """Every close. Raises StoreError REV-801 where nobody can say what is closed."""
        if self._closes is None:
            self._seen = self._stamp()
            self._closes = read_closes(self.folder)
        return self._closes

    def trusted(self, close: Close) -> Close:
        """The close, its snapshot being there and the one that was closed. Raises NoData REV-207."""
        if close.snapshot not in self._trusted:
            why = "is missing or damaged"
            try:
                sound = Manifest.read(self.root / close.snapshot).content == close.content
                why = "is not the one that was closed"
            except NoData:
                sound = False
            if not sound:
                raise NoData(
                    f"{close.period} is {close.note} on the snapshot {close.label}, which {why}.",
                    code="REV-207",
                    hint=f"Restore {self.root / close.snapshot} from a backup, or: revalign period reopen {close.period}"
                    " --reason TEXT.",
                )
            self._trusted.add(close.snapshot)
        return close

    def changed(self) -> bool:
        """Whether something has been closed or reopened since it was read."""
        return self._closes is not None and self._stamp() != self._seen

    def forget(self) -> None:
        """Read anew from now on."""
        self._closes = None
        self._trusted.clear()

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = (self.folder / CLOSES_FILE).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size


def closable(period: Period) -> None:
    """Raises UserError REV-102 for a stretch of days that is no period with a name."""
    if period.grain == "span":
        raise UserError(
            f"{period} cannot be closed.", hint="Close a month, a quarter or a year: revalign period close 2026-09."
        )


def wanting(session: Session, period: Period) -> list[str]:
    """Why a period should not be closed yet: it is not over, or a source is not loaded to its end."""
    manifest = session.manifest
    if manifest.as_of < period.last_day:
        return [f"{period} is not over on {manifest.as_of}, the day the published snapshot speaks of"]
    late = [item for item in manifest.sources if item.complete_through < period.last_day]
    return [f"{item.name} is loaded through {item.complete_through} only" for item in late]


def values_at_close(session: Session, period: Period) -> dict[str, dict[str, str]]:
    """What the numbers of a period and of the months in it are: by days and metric the exact value, or the code of the
    reason why there is none."""
    whens = {(when.start, when.end): when for when in (period, *months_in(period))}
    inside = [when for when in whens.values() if period.start <= when.start and when.end <= period.end]
    metrics = [
        session.catalogue.bind(metric) for metric in session.catalogue.metrics.values() if metric.kind == "scalar"
    ]
    session.prefetch([pair for m in metrics for when in inside for pair in component_periods(session, m, when)], {})
    return {
        f"{when.start}..{when.last_day}": {metric.name: text_of(session, metric, when) for metric in metrics}
        for when in inside
    }


def text_of(session: Session, metric: Metric, period: Period) -> str:
    """A metric's exact value as a fraction, or the code of the reason why there is none."""
    try:
        return str(evaluate(session, metric, period, {}))
    except RevalignError as error:
        return error.code


def kept(close: Close, session: Session, metric: Metric, period: Period, found: Answer) -> Answer:
    """The answer of a frozen snapshot: marked as closed, and the number the one written down at the close."""
    found = replace(found, closed=close.note)
    if found.where or not _as_declared(session, metric):
        return found
    known: Fraction | None = close.value_of(period, metric.name)
    if known is None or known == found.exact:
        return found
    note = "The number written down at the close; this version of Revalign reads another one out of the frozen facts."
    status = found.status if found.exact is not None else "ok"
    message = " ".join(text for text in (found.message if found.exact is not None else "", note) if text)
    return replace(found, exact=known, status=status, message=message, cell="")


def _as_declared(session: Session, metric: Metric) -> bool:
    """Whether a question is the one asked at the close: the project's own view, every parameter by its default."""
    own = session.catalogue.metrics.get(metric.name)
    usual = str(session.manifest.parameters.get("profile") or "default")
    return (
        own is not None
        and own.version == metric.version
        and own.parameters == metric.parameters
        and session.profile == usual.strip().casefold().replace("-", "_")
        and not session.view.currency
    )


def next_open(closes: Closes, period: Period) -> Period:
    """The first period of the same kind from ``period`` on that is not closed."""
    while closes.of(period) is not None:
        period = period.shift(1)
    return period
