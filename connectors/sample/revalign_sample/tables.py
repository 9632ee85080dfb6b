"""The whole company, made once, and what each of its systems holds."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from revalign_sample.billing import write_billing, write_customers, write_products
from revalign_sample.costs import write_expenses, write_goals
from revalign_sample.funnel import run_funnel, write_funnel
from revalign_sample.health import write_health
from revalign_sample.marketing import plan_campaigns, write_marketing
from revalign_sample.out import Ids, Out
from revalign_sample.people import hire, write_orgs, write_people
from revalign_sample.pipeline import run_growth, write_pipeline
from revalign_sample.revenue import run_revenue, write_revenue
from revalign_sample.world import World
from revalign_udf.canonical import TABLES
from revalign_udf.errors import ConfigError, did_you_mean

__all__ = ["FEWEST", "SYSTEMS", "build_world", "columns_of", "tables_of", "write_csv"]

SYSTEMS = ("crm", "billing", "support", "finance", "all")
#: below this, some tables would stay empty
FEWEST = 40

Writer = Callable[[World, Out, Ids], None]

_CRM: tuple[Writer, ...] = (
    write_people, write_orgs, write_products, write_funnel, write_marketing, write_pipeline, write_goals,
)  # fmt: skip
_BILLING: tuple[Writer, ...] = (write_revenue, write_billing)
_WRITERS: dict[str, tuple[Writer, ...]] = {
    "crm": _CRM,
    "billing": (write_customers, write_products, *_BILLING),
    "support": (write_customers, write_health),
    "finance": (write_expenses,),
    "all": (*_CRM, *_BILLING, write_health, write_expenses),
}


#: what each system fills; the CRM has everything else, and companies and products too
_TABLES = {
    "billing": (
        "organization", "product", "contract", "subscription", "subscription_term", "subscription_item_period",
        "invoice", "invoice_line", "payment", "refund", "credit_note", "sales_order", "fx_rate",
    ),
    "support": ("organization", "usage_daily", "ticket", "survey_response"),
    "finance": ("expense",),
}  # fmt: skip


@lru_cache(maxsize=1)
def build_world(customers: int, seed: int) -> World:
    """The company. The same numbers give the same company, on every machine."""
    if customers < FEWEST:
        hint = f"Use {FEWEST} or more."
        raise ConfigError(
            f"A sample of {customers} customers is too small to have everything.", code="REV-305", hint=hint
        )
    world = World(customers, seed)
    hire(world)
    plan_campaigns(world)
    run_funnel(world)
    run_revenue(world)
    run_growth(world)
    return world


@lru_cache(maxsize=1)
def _written(system: str, connection: str, customers: int, seed: int) -> Out:
    out = Out()
    ids = Ids(system, connection)
    for write in _WRITERS[system]:
        write(build_world(customers, seed), out, ids)
    return out


def tables_of(system: str) -> tuple[str, ...]:
    """The canonical tables a system fills, in the order of the canonical model."""
    if system not in SYSTEMS:
        near = did_you_mean(system, SYSTEMS)
        hint = f"Did you mean {near}?" if near else f"Use one of {', '.join(SYSTEMS)}."
        raise ConfigError(f'The sample has no system "{system}".', code="REV-302", hint=hint)
    elsewhere = {name for names in _TABLES.values() for name in names} - {"organization", "product"}
    wanted = {"all": set(TABLES), "crm": TABLES.keys() - elsewhere}.get(system) or set(_TABLES[system])
    return tuple(name for name in TABLES if name in wanted)


def columns_of(table: str, system: str, connection: str, customers: int, seed: int) -> dict[str, list[str | None]]:
    """One table of one system, column by column, as text; None where there is nothing."""
    return _written(system, connection, customers, seed).columns(table)


def write_csv(
    folder: Path | str, system: str = "all", *, customers: int = 400, seed: int = 7, connection: str = ""
) -> list[Path]:
    """Write the tables of a system as canonical CSV files and return them.

    ``connection`` is the name the files' source has in the project (default ``sample``, or the system's name), as the
    tables stage_map and identity_link carry it.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    name = connection or ("sample" if system == "all" else system)
    written = []
    for table in tables_of(system):
        columns = columns_of(table, system, name, customers, seed)
        path = target / f"{table}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
        written.append(path)
    return written
