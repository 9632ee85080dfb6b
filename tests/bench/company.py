"""A company of any size as canonical CSV files: customers, subscriptions with items, and a funnel. Seeded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

SEGMENTS = np.array(["SMB", "MM", "ENT"])
CHANNELS = np.array(["paid", "organic", "event", "partner", "outbound", "referral"])
STAGES = np.array(["lead", "mql", "sal", "sql", "opportunity", "customer"])
REACH = (1, 0.62, 0.48, 0.42, 0.38, 0.35)
"""chance to reach a stage from the one before"""
PRICES = np.array([29, 49, 99, 199, 499])
FIRST = np.datetime64("2023-01-01")
#: the last day the data speaks of: 36 months
THROUGH = "2025-12-31"
MONTHS = 36


def write(folder: Path, customers: int, items: int, events: int, seed: int = 7) -> dict[str, int]:
    """Write the files and ``revalign.toml`` into a project folder; returns rows per table."""
    rng = np.random.default_rng(seed)
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    tables = {**_recurring(rng, customers, max(items, customers)), **_funnel(rng, events)}
    for name, table in tables.items():
        csv.write_csv(table, data / f"{name}.csv")
    (folder / "revalign.toml").write_text(
        f'[source.files]\nconnector = "csv"\npath = "data"\ncomplete_through = "{THROUGH}"\n', encoding="utf-8"
    )
    return {name: table.num_rows for name, table in tables.items()}


def _keys(prefix: str, numbers: np.ndarray) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")


def _months(numbers: np.ndarray) -> pa.Array:
    return pa.array((FIRST.astype("datetime64[M]") + numbers).astype("datetime64[D]"))


def _recurring(rng: np.random.Generator, customers: int, items: int) -> dict[str, pa.Table]:
    """Every customer has one subscription; items come and go, monthly or yearly."""
    ids = np.arange(customers)
    segment = rng.choice(3, customers, p=[0.7, 0.22, 0.08])
    first = rng.integers(0, MONTHS - 1, customers)
    owner = np.concatenate([ids, rng.integers(0, customers, items - customers)])
    later = np.where(np.arange(items) < customers, 0, rng.integers(0, MONTHS, items))
    start = first[owner] + later % np.maximum(MONTHS - first[owner], 1)
    yearly = rng.random(items) < np.array([0.2, 0.5, 0.8])[segment[owner]]
    end = start + np.where(yearly, 12, 1) * rng.geometric(np.where(yearly, 0.35, 0.10))
    price = PRICES[rng.integers(0, 5, items)] * np.array([1, 3, 10])[segment[owner]] * np.where(yearly, 12, 1)
    open_ended = end >= MONTHS
    return {
        "organization": pa.table(
            {
                "id": _keys("o", ids),
                "name": _keys("Company ", ids),
                "segment": SEGMENTS[segment],
                "country": np.array(["SE", "DE", "US", "FR"])[rng.integers(0, 4, customers)],
            }
        ),
        "subscription": pa.table({"id": _keys("s", ids), "org_id": _keys("o", ids), "started_at": _months(first)}),
        "subscription_item_period": pa.table(
            {
                "id": _keys("i", np.arange(items)),
                "subscription_id": _keys("s", owner),
                "valid_from": _months(start),
                "valid_to": pc.if_else(pa.array(open_ended), None, _months(np.minimum(end, MONTHS))),
                "amount": price,
                "quantity": rng.integers(1, 4, items),
                "interval": np.where(yearly, "year", "month"),
            }
        ),
    }


def _funnel(rng: np.random.Generator, events: int) -> dict[str, pa.Table]:
    """Leads reach a prefix of the stages, days apart."""
    leads = int(events / np.cumprod(REACH).sum())
    if not leads:
        return {}
    created = FIRST.astype("datetime64[s]") + rng.integers(0, MONTHS * 30 * 86400, leads)
    alive, when = np.arange(leads), created
    who, stage, at = [], [], []
    for step, chance in enumerate(REACH):
        if step:
            kept = rng.random(len(alive)) < chance
            alive, when = alive[kept], when[kept] + rng.exponential(9 * 86400, int(kept.sum())).astype("int64")
        who.append(alive)
        stage.append(np.full(len(alive), step))
        at.append(when)
    order = rng.permutation(sum(map(len, who)))
    subject, reached, moment = (np.concatenate(parts)[order] for parts in (who, stage, at))
    return {
        "lead": pa.table(
            {"id": _keys("l", np.arange(leads)), "created_at": created, "channel": CHANNELS[rng.choice(6, leads)]}
        ),
        "lifecycle_event": pa.table(
            {
                "id": _keys("e", np.arange(len(order))),
                "subject_type": np.full(len(order), "lead"),
                "subject_id": _keys("l", subject),
                "stage": STAGES[reached],
                "occurred_at": pc.strftime(pa.array(moment), "%Y-%m-%dT%H:%M:%SZ"),
            }
        ),
    }
