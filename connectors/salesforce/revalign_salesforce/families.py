"""Reading records together with their histories: first all of them in the order of their ids, then those that changed.

Salesforce lists a change of a record in its history at the same moment; so the records changed since the last pull are
those with new history, and their whole history is read again: it is short.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import islice
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from revalign_salesforce.objects import Family
from revalign_salesforce.session import Session
from revalign_salesforce.shapes import Plan
from revalign_salesforce.soql import literal, select
from revalign_salesforce.streams.common import mapped_fields
from revalign_udf.canonical import TABLES
from revalign_udf.connector import Log, Mark, Message, Records, Tombstones
from revalign_udf.connector.cursors import Cursor, parsed
from revalign_udf.errors import BadRecord

__all__ = ["read_family"]

#: ids in one query: an address may have 16,384 signs
_IDS = 300
_T = TypeVar("_T")


class _Reader:
    """One family during one pull."""

    def __init__(self, session: Session, family: Family) -> None:
        self.session, self.family = session, family
        settings = session.ctx.settings
        self.mapping: Mapping[str, Any] = settings.get("mapping") or {}
        mapped = mapped_fields(self.mapping, family.name)
        shape = session.shape(family.parent)
        fixed = ("Id", "SystemModstamp", *(("IsDeleted",) if shape.has("IsDeleted") else ()))
        # the custom fields of the record are read with the record itself
        self.plan = session.plan_bare(family.parent, (*fixed, *family.needs), family.wants, mapped)
        self.children = {
            child.name: (child, session.plan_bare(child.name, child.fields))
            for child in family.children
            if child.name in session.queryable
        }
        self.missing = [child.name for child in family.children if child.name not in self.children]
        self.horizon = ""
        self.now: datetime | None = None

    @property
    def in_order(self) -> bool:
        """Whether changed records come in the order of their times."""
        return not any(child.touched for child, _ in self.children.values())

    def begin(self) -> None:
        """Find since when changes are recorded."""
        for child, plan in self.children.values():
            if child.horizon:
                soql = select(["CreatedDate"], child.name, [child.horizon], order="CreatedDate", limit=1)
                for record in self._rows(soql, plan, only=("CreatedDate",)):
                    self.horizon = str(record["CreatedDate"])

    def _rows(self, soql: str, plan: Plan, only: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        for page in self.session.api.pages(soql):
            self.session.ctx.stop_if_cancelled()
            if self.now is None:
                self.now = self.session.now(page.now)
            for record in page.records:
                found = plan.from_json(record)
                yield {name: found[name] for name in only} if only else found

    def parents(self, where: Iterable[str], order: str, limit: int = 0) -> Iterator[dict[str, Any]]:
        """Records of the parent object."""
        return self._rows(select(self.plan.fields, self.family.parent, where, order=order, limit=limit), self.plan)

    def with_children(self, parents: Sequence[dict[str, Any]], within: str, *, again: str) -> list[dict[str, Any]]:
        """The parents, each with the rows of its history. ``within``: the condition on the reference, ``{key}`` in it;
        ``again``: what was before that moment was sent already, empty when nothing was.
        """
        by_id = {str(parent["Id"]): parent for parent in parents}
        for parent in parents:
            parent.update({name: [] for name in self.children}, _horizon=self.horizon, _again=again)
        for child, plan in self.children.values():
            where = [within.format(key=child.key), *([child.where] if child.where else [])]
            for row in self._rows(select(plan.fields, child.name, where, order=f"{child.key}, Id"), plan):
                if str(row[child.key]) in by_id:
                    by_id[str(row[child.key])][child.name].append(row)
        return list(parents)

    def since(self) -> list[str]:
        """The condition of the setting ``since``."""
        since = self.session.ctx.settings.get("since") if self.family.since else None
        return [f"SystemModstamp >= {literal(parsed(str(since)))}"] if since else []

    def touched(self, start: datetime) -> Iterator[list[dict[str, Any]]]:
        """Records with something new, in groups small enough for one question each."""
        child = next((child for child, _ in self.children.values() if child.touched), None)
        if child is None:
            changed = self.parents([f"SystemModstamp >= {literal(start)}"], "SystemModstamp, Id")
            yield from _groups(changed)
            return
        plan = self.session.plan_bare(child.name, (child.key, child.touched))
        soql = select(plan.fields, child.name, [f"{child.touched} >= {literal(start)}"], order=f"{child.key}, Id")
        keys = dict.fromkeys(str(row[child.key]) for row in self._rows(soql, plan))
        for group in _groups(iter(keys)):
            yield list(self.parents([f"Id IN {literal(group)}"], "Id"))


def read_family(session: Session, family: Family, state: Mapping[str, Any]) -> Iterator[Message]:
    """Everything new of one family since ``state``."""
    reader = _Reader(session, family)
    yield from session.told(family.parent, reader.plan)
    for name in reader.missing:
        yield Log(
            f"{name} cannot be read with these credentials, or its history is not recorded: {family.about} are not known"
            " from it. Turn on field history tracking for the object, and grant read access.",
            "warning",
        )
    reader.begin()
    if state.get("cursor"):
        yield from _news(reader, state)
    else:
        yield from _everything(reader, state)


def _everything(reader: _Reader, state: Mapping[str, Any]) -> Iterator[Message]:
    """All records in the order of their ids; ``after`` is the last one that was sent."""
    family, size = reader.family, reader.session.page_size
    own = dict(state)
    alive = [*(["IsDeleted = false"] if "IsDeleted" in reader.plan.fields else []), *reader.since()]
    while True:
        where = [*alive, *([f"Id > {literal(str(own['after']))}"] if own.get("after") else [])]
        parents = list(reader.parents(where, "Id", size))
        own.setdefault("from", reader.session.now(reader.now).isoformat())
        if parents:
            within = f"{{key}} >= {literal(str(parents[0]['Id']))} AND {{key}} <= {literal(str(parents[-1]['Id']))}"
            yield Records(family.name, reader.with_children(parents, within, again=""))
            reader.session.ctx.progress(len(parents))
            own["after"] = str(parents[-1]["Id"])
            yield Mark(dict(own))
        if len(parents) < size:
            break
    # what changed while we read may have been passed: the next pull begins where this one did
    yield Mark({"cursor": own["from"]})


def _news(reader: _Reader, state: Mapping[str, Any]) -> Iterator[Message]:
    """Records with something new since the cursor."""
    family = reader.family
    start = Cursor(state, lookback=reader.session.lookback).start
    assert start is not None
    for parents in reader.touched(start):
        within = f"{{key}} IN {literal([str(parent['Id']) for parent in parents])}"
        found = reader.with_children(parents, within, again=start.isoformat())
        live = [record for record in found if not record.get("IsDeleted")]
        if live:
            yield Records(family.name, live)
            reader.session.ctx.progress(len(live))
        yield from _gone(reader, found, live)
        if reader.in_order and (last := parents[-1].get("SystemModstamp")):
            # never past the moment at which we began
            yield Mark({"cursor": min(parsed(str(last)), reader.session.now(reader.now)).isoformat()})
    yield Mark({"cursor": reader.session.now(reader.now).isoformat()})


def _gone(reader: _Reader, found: Sequence[dict[str, Any]], live: Sequence[dict[str, Any]]) -> Iterator[Message]:
    """Rows of deleted records, and rows whose own source row was deleted, by the keys they were stored under."""
    if len(live) == len(found) and reader.in_order:
        return
    family, zone = reader.family, ZoneInfo(reader.session.ctx.time_zone)
    gone: dict[str, set[str]] = {table: set() for table in family.tables}
    kept: dict[str, set[str]] = {table: set() for table in family.tables}
    for record in found:
        buried = bool(record.get("IsDeleted"))
        rows = {name: [{**row, "IsDeleted": False} for row in record[name]] for name in reader.children}
        _keys(family, {**record, **rows, "_again": ""}, reader.mapping, zone, gone)
        if not buried:
            _keys(family, record, reader.mapping, zone, kept)
    for table in family.tables:
        if keys := sorted(gone[table] - kept[table]):
            yield Tombstones(table, keys)


def _groups(items: Iterator[_T]) -> Iterator[list[_T]]:
    while group := list(islice(items, _IDS)):
        yield group


def _keys(
    family: Family, record: Mapping[str, Any], mapping: Mapping[str, Any], zone: tzinfo, into: dict[str, set[str]]
) -> None:
    try:
        for table, row in family.mapper(record, mapping):
            into[table].add(_key(table, row, zone))
    except BadRecord:
        return


def _key(table: str, row: Mapping[str, Any], zone: tzinfo) -> str:
    """The key under which the store has a row: natural keys joined by bars, moments as days of the company."""
    declared = TABLES[table]
    parts = []
    for name in declared.key:
        value = row.get(name)
        if declared.columns[name].kind == "date" and value is not None and len(str(value)) > 10:
            value = parsed(str(value)).astimezone(zone).date().isoformat()
        parts.append("" if value is None else str(value))
    return "|".join(parts)
