"""What became of source records between two snapshots, and through whom a record that did not change counts otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

from revalign_udf.query.drifts import Cause
from revalign_udf.query.session import Session
from revalign_udf.snapshots.records import Record

__all__ = ["Changes", "Key", "Records"]

Key = tuple[str, str, str]
"""system, table, id of a record"""

#: of several changed records of a customer the first of these explains what became of the others
_STRONGEST: tuple[Cause, ...] = ("late record", "deleted", "edited record")
#: columns that follow from other rows, and do not make a record an edited one
_DERIVED = {"customer_since", "shared_by"}
#: facts whose rows follow from several records: what they say of one may change without it
_FOLLOWING = {
    "booking_paying", "booking_revenue", "campaign_year", "clv", "clv_model", "credit", "customer_start", "payer", "referred",
    "renewal",
}  # fmt: skip


class Records:
    """Contributions by record. A record of two customers is one record."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.amounts: dict[Key, Fraction] = {}
        self.whose: dict[Key, str] = {}
        self.on: dict[Key, date | None] = {}
        for one in records:
            key = (one.system, one.table or "", one.id or "")
            self.amounts[key] = self.amounts.get(key, Fraction(0)) + one.contribution
            self.whose.setdefault(key, one.customer)
            self.on.setdefault(key, one.on)

    def amount(self, key: Key) -> Fraction:
        """What a record contributes; nothing where it is not there."""
        return self.amounts.get(key, Fraction(0))


class Changes:
    """What became of records between two snapshots, by what all their facts say of them."""

    def __init__(self, old: Session, now: Session, *, rates: bool) -> None:
        self._before, self._after, self._rates = _Told(old), _Told(now), rates

    def causes(self, whose: Mapping[Key, str]) -> dict[Key, Cause]:
        """The cause for each record whose contribution is another one; ``whose`` names its customer."""
        ids, customers = {key[2] for key in whose}, {customer for customer in whose.values() if customer}
        around: dict[str, set[Cause]] = {}
        for told in (self._before, self._after):
            ids |= told.of(customers)
        for told in (self._before, self._after):
            told.learn(ids)
        for customer in customers:
            for key in self._before.of_customer.get(customer, set()) | self._after.of_customer.get(customer, set()):
                if cause := self._own(key):
                    around.setdefault(customer, set()).add(cause)
        found: dict[Key, Cause] = {}
        for key, customer in whose.items():
            through = next((cause for cause in _STRONGEST if cause in around.get(customer, set())), None)
            found[key] = self._own(key) or through or ("FX" if self._rates else "edited record")
        return found

    def _own(self, key: Key) -> Cause | None:
        """What became of one record; None where nothing did, or where it is no record of a source."""
        before, after = self._before.rows.get(key), self._after.rows.get(key)
        if before == after:
            return None
        if before is None:
            return "late record"
        return "deleted" if after is None else "edited record"


class _Told:
    """What the facts of one snapshot say of records, read as far as it is asked for."""

    def __init__(self, session: Session) -> None:
        self._con = session.snapshot.con
        columns = session.evaluator.lens.columns
        self._facts = {
            fact: columns(fact)
            for fact in session.evaluator.facts
            if fact in session.manifest.facts and {"system", "record_table", "record_id"} <= columns(fact)
        }
        self.rows: dict[Key, Counter[str]] = {}
        self.of_customer: dict[str, set[Key]] = {}
        self._ids: set[str] = set()

    def of(self, customers: set[str]) -> set[str]:
        """The ids of every record of some customers."""
        new = customers - self.of_customer.keys()
        self.of_customer |= {customer: set() for customer in new}
        for fact, columns in self._facts.items() if new else ():
            if "customer" in columns:
                for customer, system, table, key in self._con.execute(
                    "SELECT DISTINCT f.customer, f.system, f.record_table, f.record_id"
                    f' FROM "fact_{fact}" f WHERE f.customer IN (SELECT unnest(CAST(? AS VARCHAR[])))',
                    [sorted(new)],
                ).fetchall():
                    self.of_customer[customer].add((system or "", table or "", key or ""))
        return {key for customer in customers for _, _, key in self.of_customer[customer]}

    def learn(self, ids: set[str]) -> None:
        """Read what every fact says of records of these ids."""
        new, self._ids = ids - self._ids, self._ids | ids
        for fact, columns in self._facts.items() if new else ():
            # what an amount is in company currency hangs on rates, and what a movement is on those before it
            hangs = {"amount"} if "amount_src" in columns else set()
            own = sorted(columns - _DERIVED - hangs - ({"kind"} if fact == "movement" else set()))
            said = ", ".join(f"coalesce(CAST(f.\"{name}\" AS VARCHAR), '')" for name in own)
            for system, table, key, text in self._con.execute(
                f"SELECT f.system, f.record_table, f.record_id, concat_ws(chr(31), '{fact}', {said})"
                f' FROM "fact_{fact}" f WHERE f.record_id IN (SELECT unnest(CAST(? AS VARCHAR[])))',
                [sorted(new)],
            ).fetchall():
                known = self.rows.setdefault((system or "", table or "", key), Counter())
                if fact not in _FOLLOWING:
                    known[text] += 1
