"""The dlt connector: iterates the resources of a dlt source itself, without a dlt pipeline and its destinations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from revalign_dlt.loading import Loaded, explained, load
from revalign_dlt.state import State
from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Log,
    Mark,
    Message,
    Present,
    Rejected,
    Setting,
    Spec,
    Stream,
    Whole,
)
from revalign_udf.connector.foreign import Entry, Outgoing, Plan, native, read_entries, unmapped
from revalign_udf.errors import ConfigError, RevalignError, did_you_mean

if TYPE_CHECKING:
    from dlt.extract import DltResource

__all__ = ["DltConnector"]


class DltConnector:
    """Reads what the resources of a dlt source yield. One stream per mapped resource.

    Args:
        batch: rows that are held in memory at a time, besides the page that a resource holds.
    """

    def __init__(self, batch: int = 5_000) -> None:
        self.batch = batch

    spec = Spec(
        name="dlt",
        version="0.1.0",
        about="the resources of any dlt source",
        settings=(
            Setting("resource", "text", required=True, help='"module:name" or "file.py:name" of a source or resource'),
            Setting("arguments", "table", help="what it is called with; secrets in it as references"),
            Setting("tables", "list", help="which resource fills which table: [[source.NAME.tables]]"),
        ),
    )

    def check(self, ctx: Context) -> Check:
        """Whether the source can be made, has the resources that the settings name, and gives a first item of one."""
        try:
            loaded = load(ctx)
            chosen = _chosen(ctx, loaded)
            first = next(iter(chosen))
            next(_items(State({}), loaded.resource(first), first, loaded.secrets), None)
        except RevalignError as error:
            return Check(ok=False, message=str(error))
        listed = ", ".join(f"{entry.stream} -> {entry.table}" for own in chosen.values() for entry in own)
        left = [name for name in loaded.resources if name not in chosen]
        rest = f" Not mapped: {', '.join(left)}." if left else ""
        return Check(ok=True, message=f"The source has {listed}.{rest}")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """One stream per mapped resource. Raises Fatal REV-507 for one the source does not have."""
        loaded = load(ctx)
        return [
            Stream(
                name,
                tuple(dict.fromkeys(entry.table for entry in own)),
                cursor=_cursor(loaded.resource(name)),
                granularity="millisecond" if _cursor(loaded.resource(name)) else "",
                delete_mode="sweep" if any(_is_full(entry, loaded.resource(name)) for entry in own) else "tombstone",
                about=str(ctx.settings["resource"]),
                lookback=max(entry.lookback for entry in own),
            )
            for name, own in _chosen(ctx, loaded).items()
        ]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """What a resource yields: everything, or what is new since the state."""
        loaded = load(ctx)
        chosen = _chosen(ctx, loaded)
        if stream.name not in chosen:
            return _dropped(chosen, stream.name, state)
        return _read(ctx, loaded, chosen, stream.name, state, self.batch)

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG002 - the protocol's signature
        """A record is a canonical row already; rows are sent in bulk and do not come this way."""
        return [(stream, record)]


def _chosen(ctx: Context, loaded: Loaded) -> dict[str, list[Entry]]:
    """Resource -> what is made of it: as the settings say, or by its name where that is a table's."""
    chosen: dict[str, list[Entry]] = {}
    for entry in read_entries(ctx.settings.get("tables"), ctx.connection).values():
        loaded.resource(entry.stream)
        chosen.setdefault(entry.stream, []).append(entry)
    for name in loaded.resources:
        if name not in chosen and (own := native(name)):
            chosen[name] = [own]
    if not chosen:
        hint = f'Add [[source.{ctx.connection}.tables]] with stream = "{next(iter(loaded.resources), "name")}", table = ...'
        text = f"Nothing of the source is mapped to a table. It has {', '.join(loaded.resources)}."
        raise ConfigError(text, code="REV-305", hint=hint)
    return chosen


def _read(
    ctx: Context, loaded: Loaded, chosen: Mapping[str, Sequence[Entry]], name: str, state: Mapping[str, Any], batch: int
) -> Iterator[Message]:
    resource, entries = loaded.resource(name), chosen[name]
    full = [entry for entry in entries if _is_full(entry, resource)]
    if not state and name == next(iter(chosen)):
        yield from (unmapped(other, _hinted(found)) for other, found in loaded.resources.items() if other not in chosen)
    yield from _changed(ctx, chosen, name, state)
    prints = {entry.name: entry.fingerprint for entry in entries}
    went_on = state.get("entries") == prints and not full
    kept = State(state.get("dlt") or {} if went_on else {}, max(entry.lookback for entry in entries))
    out, number, plans = Outgoing(batch), 0, list[Plan]()
    for item in _items(kept, resource, name, loaded.secrets):
        ctx.stop_if_cancelled()
        for record in _records(item):
            number += 1
            if not isinstance(record, Mapping):
                text = f"an item is no record but {type(record).__name__}"
                out.reject(Rejected(entries[0].table, text, file=name, line=number))
                continue
            if not plans:
                plans = [_plan(ctx, entry, resource, record) for entry in entries]
            for plan in plans:
                out.take(plan, record, number, keys=plan.entry in full)
        if out.waiting >= batch:
            yield from out.flush()
    ctx.stop_if_cancelled()
    yield from out.flush()
    for plan in plans:
        if not state and (left := plan.left_out(plan.fields)):
            yield Log(f"{plan.entry.name}: fields not used: {', '.join(left)}.")
        if plan.unseen:
            paths = ", ".join(sorted(plan.unseen))
            near = [near for path in sorted(plan.unseen) if (near := did_you_mean(path, plan.fields))]
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            yield Log(f"{plan.entry.name}: none of {number:,} records has {paths}.{hint}", "warning")
    for entry in full:
        others = [other for other, own in chosen.items() if other != name and any(e.table == entry.table for e in own)]
        if others or len([e for e in entries if e.table == entry.table]) > 1:
            text = (
                f"Records of {name} that are gone stay in {entry.table}, which {', '.join(others) or name} fills too."
            )
            yield Log(text, "warning")
        else:
            yield Present(entry.table, [], last=True)
    yield from out.deletions()
    tables = list(dict.fromkeys(entry.table for entry in entries))
    # only now: rows come in no order, so a cursor in between would pass over what is still to come
    yield Mark({"dlt": {} if full else kept.kept(), "entries": prints, "tables": tables})


def _items(kept: State, resource: DltResource, name: str, secrets: Sequence[str]) -> Iterator[Any]:
    """The items, what goes wrong in foreign code explained. Raises Retriable REV-505 or Fatal REV-506."""
    try:
        yield from kept.items(resource)
    except GeneratorExit:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may fail in any way
        raise explained(error, f"The resource {name} failed", secrets) from None


def _records(item: Any) -> Iterable[Any]:
    """The records of an item: itself, or the rows of a table (Arrow, pandas)."""
    if item is None:
        return ()
    if isinstance(item, Mapping):
        return (item,)
    if hasattr(item, "to_pylist"):
        rows: list[Any] = item.to_pylist()
        return rows
    if hasattr(item, "to_dict") and hasattr(item, "columns"):
        return [
            {key: None if value != value else value for key, value in row.items()}  # noqa: PLR0124 - blank in pandas
            for row in item.to_dict("records")
        ]
    if hasattr(item, "model_dump"):
        return (item.model_dump(),)
    return (item,)


def _columns(resource: DltResource, record: Any = None) -> Mapping[str, Mapping[str, Any]]:
    try:
        found: Mapping[str, Mapping[str, Any]] = dict(resource.compute_table_schema(record).get("columns") or {})
    except Exception:  # noqa: BLE001 - hints may be functions of a record
        return {}
    return found


def _hinted(resource: DltResource) -> list[str]:
    return list(_columns(resource))


def _plan(ctx: Context, entry: Entry, resource: DltResource, record: Mapping[str, Any]) -> Plan:
    columns = _columns(resource, record)
    keys = [name for name, hints in columns.items() if hints.get("primary_key")]
    keys = keys or [name for name, hints in columns.items() if hints.get("merge_key")]
    gone = [name for name, hints in columns.items() if hints.get("hard_delete")]
    return Plan(entry, keys, ctx.currency, ctx.time_zone, gone)


def _is_full(entry: Entry, resource: DltResource) -> bool:
    """Whether a read brings everything there is: said so, or a resource whose rows replace those before."""
    return entry.mode == "full" or (not entry.mode and resource.write_disposition == "replace")


def _cursor(resource: DltResource) -> str:
    """The path of the resource's cursor, when it says one."""
    found: Any = resource.incremental
    found = getattr(found, "incremental", found) or getattr(resource, "_hints", {}).get("incremental")
    if found is None:
        import inspect

        from dlt.extract.incremental import Incremental

        generator = getattr(resource, "_pipe").gen  # noqa: B009 - dlt says nothing of it before it runs
        parameters = inspect.signature(generator).parameters.values() if callable(generator) else ()
        found = next((item.default for item in parameters if isinstance(item.default, Incremental)), None)
    return str(getattr(found, "cursor_path", "") or "")


def _changed(
    ctx: Context, chosen: Mapping[str, Sequence[Entry]], name: str, state: Mapping[str, Any]
) -> Iterator[Message]:
    before = state.get("entries") or {}
    now = {entry.name: entry.fingerprint for entry in chosen[name]}
    if before and before != now:
        yield Log(f"{name} is read differently from now on, so it is read from the start.")
    tables = {entry.table for own in chosen.values() for entry in own}
    for table in state.get("tables") or []:
        if table not in tables:
            yield Log(f"{ctx.connection} no longer fills {table}: its rows are marked deleted.")
            yield Whole(table)


def _dropped(chosen: Mapping[str, Sequence[Entry]], name: str, state: Mapping[str, Any]) -> Iterator[Message]:
    """A resource that is no longer mapped takes its rows along, where no other fills the same table."""
    filled = {entry.table for own in chosen.values() for entry in own}
    for table in state.get("tables") or []:
        if table in filled:
            yield Log(f"{name} is no longer mapped: its rows stay, since others fill {table}.", "warning")
        else:
            yield Log(f"{name} is no longer mapped: its rows are marked deleted.")
            yield Whole(table)
    yield Mark({})
