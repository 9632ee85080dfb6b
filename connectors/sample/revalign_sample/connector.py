"""The sample connector: a whole company without any account."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from revalign_sample.clock import LAST, iso
from revalign_sample.tables import FEWEST, columns_of, tables_of
from revalign_udf.canonical import TABLES
from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Complete,
    Context,
    Mark,
    Message,
    Rows,
    Setting,
    Spec,
    Stream,
    Whole,
)
from revalign_udf.errors import ConfigError, RevalignError

__all__ = ["SampleConnector"]

_VERSION = "0.1.0"
_BATCH = 50_000


class SampleConnector:
    """Four systems of one made-up company, or all of them in one connection."""

    spec = Spec(
        name="sample",
        version=_VERSION,
        about="a made-up software company, November 2023 to October 2026",
        settings=(
            Setting("system", default="all", help="crm, billing, support, finance or all"),
            Setting("customers", "int", default=400, help=f"about how many it has at the end, {FEWEST} or more"),
            Setting("seed", "int", default=7, help="another number, another company"),
            Setting("links", "bool", default=False, help="true: records show addresses, made up like everything else"),
        ),
    )

    def check(self, ctx: Context) -> Check:
        """Whether the settings make sense."""
        try:
            system, customers, seed = _settings(ctx)
            tables = tables_of(system)
        except RevalignError as error:
            return Check(ok=False, message=str(error))
        return Check(ok=True, message=f"{len(tables)} tables of {system}, {customers} customers, seed {seed}.")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """One stream per table of the system."""
        system, _, _ = _settings(ctx)
        return [Stream(name, (name,), TABLES[name].key, delete_mode="soft") for name in tables_of(system)]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """The whole table, unless it was sent before with the same settings."""
        system, customers, seed = _settings(ctx)
        connection = ctx.connection if stream.name in ("stage_map", "identity_link") else ""  # only these name it
        fingerprint = _fingerprint(system, customers, seed, connection)
        if state.get("fingerprint") != fingerprint:
            if stream.name in tables_of(system):  # else it was of another system, and all of it is gone
                columns = columns_of(stream.name, system, ctx.connection, customers, seed)
                count = len(next(iter(columns.values())))
                for start in range(0, count, _BATCH):
                    part = {name: cells[start : start + _BATCH] for name, cells in columns.items()}
                    yield Rows(stream.name, part)
                    ctx.progress(min(_BATCH, count - start))
            yield Whole(stream.name)
            yield Mark({"fingerprint": fingerprint})
        yield Complete(str(iso(LAST)))

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG002 - the protocol's signature
        """Rows are canonical already and are sent in bulk."""
        return [(stream, record)]

    def links(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """Made-up pages of records, where the settings ask for them: ``.example`` is reserved (RFC 2606), so that no
        address leads anywhere."""
        if not settings.get("links", False):
            return {}
        system = str(settings.get("system", "all"))
        host = "company" if system == "all" else system
        return {name: f"https://{host}.example/{name}/{{id}}" for name in tables_of(system) if not TABLES[name].natural}


def _settings(ctx: Context) -> tuple[str, int, int]:
    system, customers, seed = (
        ctx.settings.get(key, default) for key, default in (("system", "all"), ("customers", 400), ("seed", 7))
    )
    for name, value in (("customers", customers), ("seed", seed)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ConfigError(f"[source.{ctx.connection}] {name} is a whole number, not {value!r}.", code="REV-305")
    if customers < FEWEST:
        hint = f"Use {FEWEST} or more."
        raise ConfigError(f"A sample of {customers} customers cannot have everything.", code="REV-305", hint=hint)
    tables_of(str(system))
    return str(system), customers, seed


def _fingerprint(*parts: object) -> str:
    return hashlib.sha256(json.dumps([_VERSION, *parts]).encode()).hexdigest()
