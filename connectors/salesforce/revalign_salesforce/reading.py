"""Reading an object that changes: everything once, then what changed, deletions and merges included.

The cursor is the SystemModstamp up to which everything was read. It never passes the server's clock at the beginning of a
query: a record changed while we page may have been passed already, and is read the next time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from revalign_salesforce.api import LocatorGone, QueryTimeout
from revalign_salesforce.bulk import Job
from revalign_salesforce.notes import Notes
from revalign_salesforce.objects import Object
from revalign_salesforce.session import Session
from revalign_salesforce.shapes import Plan, plan_of
from revalign_salesforce.soql import literal, select
from revalign_salesforce.streams.common import mapped_fields
from revalign_udf.connector import Log, Mark, Merges, Message, Present, Records, Tombstones
from revalign_udf.connector.cursors import Cursor, parsed
from revalign_udf.errors import Fatal

__all__ = ["read_object"]

_ORDER = "SystemModstamp, Id"
#: an address may have 16,384 signs, the query is one part of it
_LONGEST_QUERY = 15_000
_BULK_FROM = 20_000
#: a table gets its keys listed again this often, for deletions that leave no trace (emptied bins, lost parents)
_SWEEP_DAYS = 7


@dataclass(slots=True)
class _Reading:
    """One object during one pull."""

    session: Session
    kind: Object
    plan: Plan
    state: dict[str, Any]
    notes: Notes
    progress: str = "cursor"
    seen: str | None = None
    cap: datetime | None = None
    deleted: bool = field(default=False)

    def where(self) -> list[str]:
        """The condition of this pull's query."""
        settings = self.session.ctx.settings
        since = settings.get("since") if self.kind.since else None
        start = Cursor(self.state, key=self.progress, lookback=self.session.lookback, since=since).start
        found = [f"SystemModstamp >= {literal(start)}"] if start else []
        # a first pull has nothing to delete; Salesforce's bin may hold a year's worth of it
        if self.deleted and not (self.state.get("cursor") or self.state.get("resync")):
            found.append("IsDeleted = false")
        return found

    def see(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Note how far a page goes."""
        for record in records:
            stamp = record.get("SystemModstamp")
            if stamp and (self.seen is None or parsed(stamp) > parsed(self.seen)):
                self.seen = stamp

    def reached(self) -> str | None:
        """The cursor after everything seen so far."""
        if self.seen and self.cap and parsed(self.seen) > self.cap:
            return self.cap.isoformat()
        return self.seen

    def marked(self) -> Mark:
        """The state after a page of records in the order of their times."""
        if reached := self.reached():
            self.state[self.progress] = reached
        return Mark(dict(self.state))


def read_object(session: Session, kind: Object, state: Mapping[str, Any]) -> Iterator[Message]:
    """Everything new of one object since ``state``. Raises what :class:`Api` raises."""
    settings, shape = session.ctx.settings, session.shape(kind.name)
    own = dict(state)
    started = session.ctx.clock()
    stamps = ("SystemModstamp",) if shape.has("SystemModstamp") else ()
    if not stamps:
        raise Fatal(f"{kind.name} has no SystemModstamp.", hint="Tell the author of the connector.")
    fixed = ("Id", *stamps, *(("IsDeleted",) if shape.has("IsDeleted") else ()))
    mapped = mapped_fields(settings.get("mapping") or {}, kind.name)
    plan = session.plan(kind.name, (*fixed, *kind.needs), kind.wants, mapped)
    yield from session.told(kind.name, plan)
    days = int(settings.get("resync_days") or 0)
    if days and own.get("cursor") and "bulk" not in own and _due(own, "resynced_at", started, days):
        own.setdefault("resync", "")
    reading = _Reading(
        session, kind, plan, own, Notes(kind, settings.get("mapping") or {}), deleted="IsDeleted" in fixed
    )
    if "resync" in own:
        reading.progress = "resync"
    whole = "resync" in own or not own.get("cursor")
    yield from _changes(reading)
    if "resync" in own:
        reached = own.pop("resync")
        own["cursor"] = max(filter(None, (reached, own.get("cursor"))), key=parsed, default=None)
    if whole:
        own["resynced_at"] = started.isoformat()
    # by the server's clock: ours may be wrong by years
    now = reading.cap or started
    if "swept_at" in own and _due(own, "swept_at", now, _SWEEP_DAYS):
        yield from _sweep(reading)
        own["swept_at"] = now.isoformat()
    own.setdefault("swept_at", now.isoformat())
    yield from reading.notes.told()
    yield Mark(dict(own))


def _due(state: Mapping[str, Any], key: str, now: datetime, days: float) -> bool:
    last = state.get(key)
    return last is None or now - parsed(last) >= timedelta(days=days)


def _changes(reading: _Reading) -> Iterator[Message]:
    """Records, tombstones and merges, with marks: as pages, or as a bulk job where there are many."""
    saved = reading.state.get("bulk")
    if saved:
        job = Job.resume(reading.session.ctx, reading.session.api, saved, reading.session.page_size)
        if job is not None:
            yield from _by_bulk(reading, job, saved)
            return
        del reading.state["bulk"]
    where = reading.where()
    if _many(reading, where):
        yield from _new_bulk(reading, where)
        return
    for attempt in (1, 2, 3):
        try:
            yield from _by_rest(reading)
        except QueryTimeout:
            if reading.session.ctx.settings.get("bulk") == "never":
                raise
            yield Log(f"{reading.kind.name}: Salesforce gave up on the query; a bulk job reads it.")
            yield from _new_bulk(reading, reading.where())
        except LocatorGone:
            if attempt == 3:
                raise
            continue  # from the last mark on
        return


def _many(reading: _Reading, where: Sequence[str]) -> bool:
    """Whether a bulk job is the better way."""
    settings = reading.session.ctx.settings
    mode = settings.get("bulk") or "auto"
    soql = select(reading.plan.fields, reading.kind.name, where, order=_ORDER)
    long = len(quote(soql, safe="")) > _LONGEST_QUERY
    if mode == "never":
        if long:
            raise Fatal(
                f"{reading.kind.name} has too many custom fields for one address ({len(reading.plan.fields)}).",
                hint='Name those you need in custom_fields, or set bulk = "auto".',
            )
        return False
    if mode == "always" or long:
        return True
    try:
        found = reading.session.api.count(reading.kind.name, " AND ".join(where))
    except QueryTimeout:
        return True
    return found >= int(settings.get("bulk_from") or _BULK_FROM)


def _by_rest(reading: _Reading) -> Iterator[Message]:
    soql = select(reading.plan.fields, reading.kind.name, reading.where(), order=_ORDER)
    reading.cap = None
    for page in reading.session.api.pages(soql):
        reading.session.ctx.stop_if_cancelled()
        if reading.cap is None:
            reading.cap = reading.session.now(page.now)
        records = [reading.plan.from_json(record) for record in page.records]
        page.records.clear()
        yield from _sent(reading, records)
        yield reading.marked()


def _new_bulk(reading: _Reading, where: Sequence[str]) -> Iterator[Message]:
    # no order: it would keep Salesforce from splitting the job
    session, soql = reading.session, select(reading.plan.fields, reading.kind.name, where)
    job = Job.start(session.ctx, session.api, soql, session.page_size)
    saved = {
        "job": job.key, "version": job.version, "fields": list(reading.plan.fields), "locator": "", "seen": None,
        "cap": session.now(job.created).isoformat(),
    }  # fmt: skip
    reading.state["bulk"] = saved
    yield Mark(dict(reading.state))
    yield from _by_bulk(reading, job, saved)


def _by_bulk(reading: _Reading, job: Job, saved: Mapping[str, Any]) -> Iterator[Message]:
    """The results of a job, from the set on that comes next."""
    job.wait()
    fields = tuple(saved["fields"])
    # what the job was asked for, even when the settings have changed since
    reading.plan = plan_of(reading.session.shape(reading.kind.name), (), (), fields)
    if reading.plan.fields != fields:
        raise Fatal(
            f"{reading.kind.name}: a field that a bulk job was asked for can no longer be read.",
            hint="Grant read access to it again, or reset this source's state.",
        )
    reading.seen, reading.cap = saved["seen"], parsed(saved["cap"])
    locator = str(saved["locator"])
    while True:
        found = job.results(fields, locator)
        for batch in found.records:
            reading.session.ctx.stop_if_cancelled()
            yield from _sent(reading, [reading.plan.from_csv(cells) for cells in batch])
        locator = found.locator
        if not locator:
            break
        reading.state["bulk"] = {**saved, "locator": locator, "seen": reading.seen}
        yield Mark(dict(reading.state))
    del reading.state["bulk"]
    yield reading.marked()
    if problem := job.delete():
        yield Log(f"{reading.kind.name}: the finished bulk job could not be cleared away. {problem}")


def _sent(reading: _Reading, records: Sequence[dict[str, Any]]) -> Iterator[Message]:
    """A page of records as messages."""
    kind = reading.kind
    reading.see(records)
    live = [reading.session.with_currency(record) for record in records if not record.get("IsDeleted")]
    if live:
        yield Records(kind.name, live)
        reading.session.ctx.progress(len(live))
    gone = [str(record["Id"]) for record in records if record.get("IsDeleted")]
    pairs = [
        (str(record["Id"]), str(record["MasterRecordId"]))
        for record in records
        if record.get("IsDeleted") and record.get("MasterRecordId")
    ]
    for table in kind.tables:
        if pairs:
            yield Merges(table, pairs)
        if gone:
            yield Tombstones(table, gone)
    yield from reading.notes.of(live, again=bool(reading.state.get("cursor")))


def _sweep(reading: _Reading) -> Iterator[Message]:
    """Every key there still is, for deletions that leave no trace."""
    kind, session = reading.kind, reading.session
    where = ["IsDeleted = false"] if reading.deleted else []
    prefix = session.shape(kind.name).prefix
    for table in kind.tables:
        yield Present(table, [], prefix=prefix)
    for page in session.api.pages(select(["Id"], kind.name, where, order="Id")):
        session.ctx.stop_if_cancelled()
        keys = [str(record["Id"]) for record in page.records]
        for table in kind.tables:
            yield Present(table, keys, prefix=prefix)
    for table in kind.tables:
        yield Present(table, [], last=True, prefix=prefix)
