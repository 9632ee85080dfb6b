"""From what was asked to a question understood: names, filters, parameters, the caller's limits, closed periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from revalign_udf.errors import UnknownName, UserError
from revalign_udf.governance import Close
from revalign_udf.metrics import Metric
from revalign_udf.periods import Period
from revalign_udf.query.answers import Answer, Versus
from revalign_udf.query.asked import Asked
from revalign_udf.query.comparing import compared
from revalign_udf.query.formulas import component_periods
from revalign_udf.query.reading import Reading
from revalign_udf.query.session import Session
from revalign_udf.query.versions import pinned

__all__ = ["Understanding", "Where", "answers_of"]

Where = Mapping[str, str] | None
#: the other period a comparison looks at
_OTHERS = {"previous": Period.previous, "last_year": Period.last_year}


class Understanding(Reading):
    """Reads questions in the words of a snapshot, on behalf of the caller."""

    def _asked(self, name: str, where: Where, as_of: object, profile: str | None, currency: str | None) -> Asked:
        """A question understood; the same words mean the same until :meth:`refresh`."""
        key = (name, marked(where), as_of, profile, currency)
        try:
            found = self._read.get(key)
        except TypeError:  # a value nobody can look up, such as a list; it is refused or taken as its text
            return self._understanding(name, where, as_of, profile, currency)
        if found is None:
            found = self._understanding(name, where, as_of, profile, currency)
            self._read.put(key, found)
        else:
            self._asked_again(found.session)
        return found

    def _understanding(
        self, name: str, where: Where, as_of: object, profile: str | None, currency: str | None
    ) -> Asked:  # fmt: skip
        session = self.session(as_of, profile, currency)
        explicit = as_of is not None and as_of != ""
        try:
            found = self._understood(session, name, where)
        except UnknownName as error:
            if explicit or not error.kind.startswith("value of"):
                raise
            # a value only closed periods know is a name all the same
            others = [self._closed(one, profile, currency) for one in self.closes.standing]
            found = self._understood(session, name, where, others)
        if explicit:
            return found

        def elsewhere(when: Period) -> Asked | None:
            close = self.closes.of(when)
            if close is None:
                return None
            frozen = self._closed(close, profile, currency)
            try:
                return replace(self._understood(frozen, name, where, [session]), close=close)
            except UserError as error:
                if error.code == "REV-403":
                    raise
                note = f"Not declared when {close.period} was closed; computed from the published snapshot."
                return replace(found, note=f"{found.note} {note}".strip())

        return replace(found, elsewhere=elsewhere)

    def _closed(self, close: Close, profile: str | None, currency: str | None) -> Session:
        """The frozen snapshot of a closed period. Raises NoData REV-207 when it is not there any more."""
        return self._load(self._frozen.trusted(close).snapshot, profile, currency)

    def _understood(self, session: Session, name: str, where: Where, others: Sequence[Session] = ()) -> Asked:
        """A question in the words of one snapshot; values of dimensions may be those of others too."""
        metric, given, note = pinned(session, name, where)
        filters, parameters = session.catalogue.split(metric, given)
        metric = session.catalogue.bind(metric, parameters)
        cut = self._cut(session, metric, filters, others)
        if "currency" in cut and session.view.movements and session.rests_on(metric, "movement"):
            raise UserError(
                f"The profile {session.profile} converts every item at one rate of its own; its movements have no other"
                " currency to cut by.",
                code="REV-103",
            )
        return Asked(session, metric, cut, note=note)

    def _cut(
        self, session: Session, metric: Metric, where: Mapping[str, object], others: Sequence[Session] = ()
    ) -> dict[str, str]:
        """The filters of a question, narrowed to what the caller may see. Raises UserError REV-403 beyond that."""

        def known(dimension: str) -> list[str]:
            own = session.values_of(dimension)
            return [*own, *(v for one in others for v in one.values_of(dimension) if v not in own)]

        asked = session.catalogue.check(metric, where, known)
        if not self.caller.row_filter:
            return asked
        limits = ", ".join(f"{field} = {value}" for field, value in self.caller.row_filter.items())
        refused = UserError(f"{self.caller.name} may only ask for {limits}.", code="REV-403", cell="#N/A")
        if not all(str(value).strip() for value in self.caller.row_filter.values()):
            raise refused
        try:
            allowed = session.catalogue.check(metric, self.caller.row_filter, known)
        except UserError as error:
            raise refused from error
        if any(asked.get(name, value) != value for name, value in allowed.items()):
            raise refused
        return dict(sorted({**asked, **allowed}.items()))


def marked(where: Where) -> tuple[object, ...]:
    """Filters as something to remember a question by. Their kinds belong to it: 1 and True are equal and not the same."""
    return tuple([(field, value, value.__class__) for field, value in where.items()]) if where else ()


def answers_of(asked: Asked, periods: Sequence[object], beside: Sequence[Versus] = ()) -> list[Answer]:
    """One answer per period, whatever they read fetched at once; closed periods by their own snapshots."""
    if beside and asked.metric.kind != "scalar":
        raise UserError(f"{asked.metric.name} is a table and compares with nothing.", hint="Ask for two periods.")
    whens = [asked.period(token) for token in periods]
    others = [o for w in whens for o in (_OTHERS[one](w) for one in beside if one in _OTHERS)]
    homes = {when: asked.at(when) for when in (*whens, *others)}
    needed: dict[str, tuple[Asked, list[tuple[str, Period]]]] = {}
    for when, home in homes.items():
        _, pairs = needed.setdefault(home.session.snapshot.label, (home, []))
        pairs += component_periods(home.session, home.metric, when)
    for home, pairs in needed.values():
        home.session.prefetch(pairs, home.cut)

    def one(when: Period) -> Answer:
        return homes[when].answer(when)

    found = [one(when) for when in whens]
    if not beside:
        return found
    return [compared(homes[w].session, homes[w].metric, w, a, beside, one) for w, a in zip(whens, found, strict=True)]
