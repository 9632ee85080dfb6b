"""The sample company: complete, coherent, the same every time, and as messy as real systems are."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from revalign_sample import SampleConnector, register_connectors, write_csv
from revalign_sample.tables import build_world
from revalign_udf.canonical import TABLES
from revalign_udf.connector import Complete, Connector, Context, Linked, Mark, Message, Rows, Stream, Whole
from revalign_udf.errors import ConfigError
from revalign_udf.money import exact, is_currency

SYSTEMS = ("crm", "billing", "support", "finance", "all")

Row = dict[str, Any]


@lru_cache
def load(system: str, customers: int = 60, seed: int = 7) -> dict[str, list[Row]]:
    connector = SampleConnector()
    ctx = Context("sample" if system == "all" else system, {"system": system, "customers": customers, "seed": seed})
    tables: dict[str, list[Row]] = {}
    for stream in connector.discover(ctx):
        found = tables.setdefault(stream.name, [])
        for message in connector.read(ctx, stream, {}):
            if isinstance(message, Rows):
                assert {len(values) for values in message.columns.values()} == {len(message)}
                names = list(message.columns)
                found += [
                    dict(zip(names, values, strict=True)) for values in zip(*message.columns.values(), strict=True)
                ]
    return tables


def big() -> dict[str, list[Row]]:
    return load("all", 400)


def test_is_a_connector() -> None:
    (connector,) = register_connectors()
    assert isinstance(connector, Connector)
    assert connector.spec.name == "sample"


def test_all_fills_every_canonical_table() -> None:
    tables = load("all")
    assert list(tables) == list(TABLES)
    assert all(tables.values()), [name for name, rows in tables.items() if not rows]


@pytest.mark.parametrize("seed", range(5))
def test_smallest_company_fills_every_table_too(seed: int) -> None:
    tables = load("all", 40, seed)
    assert all(tables.values()), [name for name, rows in tables.items() if not rows]


def test_four_systems_have_everything_between_them() -> None:
    per_system = {system: set(load(system)) for system in SYSTEMS if system != "all"}
    assert set().union(*per_system.values()) == set(TABLES)
    shared = Counter(name for names in per_system.values() for name in names)
    assert {name for name, count in shared.items() if count > 1} == {"organization", "product"}
    assert all(rows for system in per_system for rows in load(system).values())


@pytest.mark.parametrize("system", SYSTEMS)
def test_columns_and_values_fit_the_canonical_model(system: str) -> None:
    for name, rows in load(system).items():
        table = TABLES[name]
        assert rows[0].keys() <= table.columns.keys(), name
        for row in rows:
            for column in table.required:
                assert row[column], (name, column, row)
            if table.one_of:
                assert any(all(row.get(column) for column in group) for group in table.one_of), (name, row)
            for column, value in row.items():
                _fits(name, column, value)


def _fits(name: str, column: str, value: Any) -> None:
    if value is None:
        return
    declared = TABLES[name].columns[column]
    assert isinstance(value, str), (name, column, value)
    assert value, (name, column)
    if declared.enum:
        assert value in declared.enum, (name, column, value)
    match declared.kind:
        case "int":
            int(value)
        case "decimal" | "money":
            exact(value)
        case "bool":
            assert value in ("true", "false")
        case "date":
            assert date.fromisoformat(value).isoformat() == value
        case "instant":
            datetime.fromisoformat(value)
        case "json":
            assert isinstance(json.loads(value), dict)
        case _:
            assert column != "currency" or is_currency(value)


@pytest.mark.parametrize("system", SYSTEMS)
def test_keys_are_unique(system: str) -> None:
    for name, rows in load(system).items():
        keys = Counter(tuple(row.get(column) for column in TABLES[name].key) for row in rows)
        assert keys.most_common(1)[0][1] == 1, (name, keys.most_common(1))


@pytest.mark.parametrize("system", SYSTEMS)
def test_foreign_keys_resolve_in_their_own_connection(system: str) -> None:
    tables = load(system)
    ids = {name: {row["id"] for row in rows} for name, rows in tables.items() if not TABLES[name].natural}
    for name, rows in tables.items():
        for column in TABLES[name].columns.values():
            if column.references:
                for row in rows:
                    value = row.get(column.name)
                    assert value is None or value in ids.get(column.references, ()), (name, column.name, value)
        for row in rows:
            if row.get("merged_into"):
                assert row["merged_into"] in ids[name]
    for row in tables.get("lifecycle_event", ()):
        assert row["subject_id"] in ids[row["subject_type"]]
    for row in tables.get("attribute_history", ()):
        assert row["entity_id"] in ids[row["entity"]]


def test_split_billing_does_not_know_the_crm_and_the_whole_does() -> None:
    assert not any(row["opportunity_id"] for row in load("billing")["subscription"])
    assert any(row["opportunity_id"] for row in load("all")["subscription"])


def test_links_join_what_domains_do_not() -> None:
    crm = {row["id"]: row["domain"] for row in load("crm")["organization"]}
    billing = {row["id"]: row["domain"] for row in load("billing")["organization"]}
    linked = set()
    for row in load("crm")["identity_link"]:
        assert (row["entity"], row["source_a"], row["source_b"]) == ("organization", "crm", "billing")
        assert crm[row["id_a"]] != billing[row["id_b"]]
        linked.add(row["id_b"])
    known = set(crm.values())
    assert {key for key, domain in billing.items() if domain not in known} == linked
    support = {row["domain"] for row in load("support")["organization"]}
    assert support <= known
    assert not {row["id"] for row in load("support")["organization"]} & (set(crm) | set(billing))


def test_the_parts_tell_what_the_whole_tells() -> None:
    whole = load("all")
    for system, name, column in (
        ("billing", "subscription_item_period", "amount"),
        ("billing", "invoice", "total"),
        ("crm", "opportunity", "amount"),
        ("support", "usage_daily", "active_users"),
        ("finance", "expense", "amount"),
    ):
        assert [row[column] for row in load(system)[name]] == [row[column] for row in whole[name]]


def test_item_periods_never_overlap_and_join_without_gaps() -> None:
    subs = {row["id"]: row for row in big()["subscription"]}
    lines: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in big()["subscription_item_period"]:
        lines[row["subscription_id"], row["product_id"]].append(row)
    changed = open_ended = 0
    for (sub, _), periods in lines.items():
        assert subs[sub]["started_at"] <= periods[0]["valid_from"]
        for before, after in itertools.pairwise(periods):
            assert before["valid_to"] == after["valid_from"]
            changed += 1
        for row in periods:
            assert row["valid_to"] is None or row["valid_from"] < row["valid_to"]
            assert int(row["quantity"]) > 0
        end = subs[sub]["ended_at"]
        if end:
            assert periods[-1]["valid_from"] < end
            assert periods[-1]["valid_to"] is None or periods[-1]["valid_to"] <= end
            open_ended += periods[-1]["valid_to"] is None
        elif subs[sub]["deleted"] == "false":
            assert periods[-1]["valid_to"] is None or periods[-1]["product_id"] != "prod-core"
    assert changed > 200
    assert open_ended  # some items outlive their subscription on paper


def mrr(day: str) -> dict[str, Fraction]:
    """MRR by organization at the end of a day, euros at a round rate; straight from the conventions."""
    per_year = {"month": 12, "quarter": 4, "year": 1}
    subs = {row["id"]: row for row in big()["subscription"] if row["deleted"] == "false"}
    total: dict[str, Fraction] = defaultdict(Fraction)
    for row in big()["subscription_item_period"]:
        sub = subs.get(row["subscription_id"])
        ends = min(value for value in (row["valid_to"], sub and sub["ended_at"], "9999") if value)
        if sub is None or "true" in (row["one_time"], row["metered"]) or not row["valid_from"] <= day < ends:
            continue
        each = exact(row["amount"]) * int(row["quantity"]) - exact(row["discount_amount"])
        rate = exact("1.1") if row["currency"] == "EUR" else 1
        total[sub["org_id"]] += each * per_year[row["interval"]] / int(row["interval_count"]) * rate / 12
    return {org: value for org, value in total.items() if value > 0}


def test_the_economics_are_sane() -> None:
    ends = ["2023-10-31", "2024-10-31", "2025-10-31", "2026-10-31"]
    books = [mrr(day) for day in ends]
    assert 90 <= len(books[0]) <= 150
    assert 340 <= len(books[-1]) <= 460
    for opening, closing in itertools.pairwise(books):
        kept = sum((closing.get(org, Fraction()) for org in opening), Fraction())
        assert 0.93 <= kept / sum(opening.values()) <= 1.15
        assert len(closing) > len(opening)
    months = [f"{year}-{month:02d}-28" for year in (2024, 2025, 2026) for month in range(1, 11)]
    rates = []
    for before, after in itertools.pairwise(months):
        if before[:4] == after[:4]:
            first, second = mrr(before), mrr(after)
            rates.append(len(first.keys() - second.keys()) / len(first))
    assert 0.015 <= sum(rates) / len(rates) <= 0.03
    spent = sum(
        exact(row["amount"])
        for row in big()["expense"]
        if row["function"] in ("marketing", "sales") and row["kind"] != "cogs"
    )
    first_paid = {org: min(r["started_at"] for r in rows) for org, rows in _by(big()["subscription"], "org_id").items()}
    cac = spent / sum(day >= "2023-11-01" for day in first_paid.values())
    arpu = sum(books[-1].values()) / len(books[-1])
    ltv_to_cac = arpu * Fraction(79, 100) / exact(sum(rates) / len(rates)) / cac
    assert 2 <= ltv_to_cac <= 5


def _by(rows: list[Row], column: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def test_the_funnel_narrows() -> None:
    names: dict[str, str] = {row["source_stage"]: row["stage"] for row in big()["stage_map"]}
    reached: dict[str, set[str]] = defaultdict(set)
    for row in big()["lifecycle_event"]:
        reached[names.get(row["stage"]) or row["stage"]].add(row["subject_id"])
    counts = [len(reached[stage]) for stage in ("lead", "mql", "sal", "sql")]
    assert counts == sorted(counts, reverse=True)
    won = [row for row in big()["opportunity"] if row["type"] == "new" and row["outcome"] == "won" and row["lead_id"]]
    assert 0.03 <= len(won) / counts[0] <= 0.06
    rates = {}
    for channel, rows in _by([r for r in big()["lead"] if r["channel"]], "channel").items():
        rates[channel] = sum(bool(row["opportunity_id"]) for row in rows) / len(rows)
    assert rates["referral"] > rates["partner"] > rates["organic"] > rates["outbound"]
    known = {
        "lead",
        "mql",
        "sal",
        "sql",
        "opportunity",
        "customer",
        "not_ready",
        "disqualified",
        "rejected",
        "recycled",
    }
    assert reached.keys() <= known | {"lost", "renewed", "expanded", "churned"}


def test_the_mess_is_there() -> None:
    tables = big()
    assert any(row["cycle_no"] == "2" for row in tables["lead"])
    assert any(row["cycle_no"] == "2" and row["stage"] == "mql" for row in tables["lifecycle_event"])
    stages = {key: {r["stage"] for r in rows} for key, rows in _by(tables["lifecycle_event"], "subject_id").items()}
    assert any("sql" in found and "sal" not in found for found in stages.values())  # a skipped stage
    assert max(Counter(row["person_id"] for row in tables["lead"]).values()) > 1  # a second form
    assert any(row["rejected_at"] and row["reason_code"] for row in tables["handoff"])
    assert {"Marketing Qualified", "Closed Won"} <= {row["stage"] for row in tables["lifecycle_event"]}
    for name in ("organization", "person"):
        assert any(row["merged_into"] for row in tables[name]), name
    for name in ("lead", "touch", "opportunity", "subscription", "subscription_item_period", "ticket"):
        assert 0 < sum(row["deleted"] == "true" for row in tables[name]) < len(tables[name]) / 20, name
    subs = tables["subscription"]
    assert any(row["involuntary"] == "true" for row in subs)
    assert any(row["cancelled_at"] and row["cancelled_at"] < row["ended_at"] for row in subs if row["ended_at"])
    assert any(row["cancel_reason"] == "replaced" for row in subs)
    paid = _by(subs, "org_id").values()
    assert any(
        later["started_at"] > before["ended_at"]
        for rows in paid
        for before, later in itertools.pairwise(rows)
        if before["ended_at"]
    )  # a return
    items = tables["subscription_item_period"]
    assert {row["interval"] for row in items} == {"month", "quarter", "year"}
    assert {row["interval_count"] for row in items} == {"1", "3"}
    assert {row["currency"] for row in items} == {"USD", "EUR"}
    assert any(row["one_time"] == "true" for row in items)
    assert any(row["metered"] == "true" for row in items)
    assert any(row["discount_amount"] != "0.00" for row in items)
    assert {"1", "12", "24", "36"} <= {row["term_months"] for row in tables["contract"]}
    assert any(row["renewal_of"] for row in tables["contract"])
    assert {row["status"] for row in tables["payment"]} == {"succeeded", "failed"}
    assert {"paid", "void", "uncollectible"} <= {row["status"] for row in tables["invoice"]}
    assert {row["kind"] for row in tables["invoice_line"]} == {
        "subscription",
        "usage",
        "one_time",
        "proration",
        "credit",
    }
    assert any(row["is_commitment"] == "true" for row in tables["goal"])
    segments = Counter(r["entity_id"] for r in tables["attribute_history"] if r["attribute"] == "segment")
    assert max(segments.values()) > 1
    assert {row["is_bot"] for row in tables["touch"]} == {"true", "false"}


def test_nothing_happens_after_the_last_day() -> None:
    plans = {"close_date", "end_date", "due_at", "valid_to", "period", "period_end"}  # may lie ahead
    for name, rows in big().items():
        for column in TABLES[name].of_kind("instant", "date"):
            latest = max((row[column] for row in rows if row.get(column)), default="")
            if column not in plans and (name, column) != ("programme_membership", "left_at"):
                assert latest <= "2026-10-31T23:59:59Z", (name, column, latest)


def test_usage_falls_before_they_leave() -> None:
    gone = {row["org_id"]: row["ended_at"] for row in big()["subscription"] if row["cancel_reason"] != "replaced"}
    last, early = [], []
    for org, rows in _by([r for r in big()["usage_daily"] if r["feature"] == "reports"], "org_id").items():
        if gone.get(org) and len(rows) > 40:
            last.append(int(rows[-1]["monthly_active_users"]) / int(rows[-1]["seats"]))
            early.append(int(rows[-30]["monthly_active_users"]) / int(rows[-30]["seats"]))
    assert len(last) > 30
    assert sum(last) < 0.6 * sum(early)


def test_invoices_add_up() -> None:
    lines = _by(big()["invoice_line"], "invoice_id")
    for invoice in big()["invoice"]:
        net = sum((exact(row["amount"]) for row in lines[invoice["id"]]), Fraction())
        assert net == exact(invoice["total"]) - exact(invoice["tax"])


def test_rates_are_never_older_than_a_week() -> None:
    days = sorted(date.fromisoformat(row["date"]) for row in big()["fx_rate"])
    assert max((after - before).days for before, after in itertools.pairwise(days)) <= 7
    first = min(row["valid_from"] for row in big()["subscription_item_period"])
    assert days[0].isoformat() <= min(first, "2023-10-25")
    assert (date(2026, 10, 31) - days[-1]).days <= 7


def digest(tables: dict[str, list[Row]]) -> str:
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()


def test_same_settings_same_rows() -> None:
    first = digest(load("all"))
    load.cache_clear()
    build_world.cache_clear()
    assert digest(load("all")) == first
    assert digest(load("all", 60, 8)) != first


def test_another_process_makes_the_same(tmp_path: Path) -> None:
    write_csv(tmp_path / "here", customers=40)
    code = f"from revalign_sample import write_csv; write_csv({str(tmp_path / 'there')!r}, customers=40)"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONHASHSEED": "99"})
    for table in TABLES:
        here, there = (tmp_path / place / f"{table}.csv" for place in ("here", "there"))
        assert here.read_bytes() == there.read_bytes(), table


def read(table: str, state: dict[str, Any], **settings: Any) -> list[Message]:
    ctx = Context("demo", {"system": "crm", "customers": 60, "seed": 7, **settings})
    return list(SampleConnector().read(ctx, Stream(table, (table,)), state))


def test_second_pull_sends_nothing_and_other_settings_everything() -> None:
    messages = read("team", {})
    assert [type(message) for message in messages] == [Rows, Whole, Mark, Complete]
    assert messages[1] == Whole("team")
    assert messages[-1] == Complete("2026-10-31")
    state = next(dict(message.state) for message in messages if isinstance(message, Mark))
    assert read("team", state) == [Complete("2026-10-31")]
    assert len(read("team", state, seed=8)) == 4
    emptied = read("team", state, system="finance")
    assert [type(message) for message in emptied] == [Whole, Mark, Complete]


def test_stage_map_names_the_connection() -> None:
    (batch,) = (message for message in read("stage_map", {}) if isinstance(message, Rows))
    assert set(batch.columns["connection"]) == {"demo"}


def test_check_and_wrong_settings() -> None:
    connector = SampleConnector()
    assert connector.check(Context("demo", {})).message == "39 tables of all, 400 customers, seed 7."
    assert connector.check(Context("demo", {"system": "finance"})).ok
    for settings, code, hint in (
        ({"system": "biling"}, "REV-302", "Did you mean billing?"),
        ({"customers": 5}, "REV-305", "40 or more"),
        ({"customers": "many"}, "REV-305", "whole number"),
        ({"seed": True}, "REV-305", "whole number"),
    ):
        ctx = Context("demo", settings)
        assert not connector.check(ctx).ok
        with pytest.raises(ConfigError) as caught:
            connector.discover(ctx)
        assert caught.value.code == code
        assert hint in str(caught.value)


def test_addresses_are_made_up_only_where_they_are_asked_for() -> None:
    connector = SampleConnector()
    assert isinstance(connector, Linked)
    assert connector.links({}) == connector.links({"system": "billing", "links": False}) == {}
    found = connector.links({"system": "billing", "links": True})
    assert found["invoice"] == "https://billing.example/invoice/{id}"
    assert "fx_rate" not in found, "a rate has no page: it is known by its day and currencies, not by an id"
    assert connector.links({"links": True})["lead"] == "https://company.example/lead/{id}"


def test_write_csv(tmp_path: Path) -> None:
    files = write_csv(tmp_path / "out", customers=60)
    assert [file.stem for file in files] == list(TABLES)
    for name in ("organization", "touch"):
        with (tmp_path / "out" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            written = [{key: value or None for key, value in row.items()} for row in csv.DictReader(file)]
        assert written == load("all")[name]
    first = files[0].read_bytes()
    write_csv(tmp_path / "again", "crm", customers=60, connection="hub")
    assert (tmp_path / "again" / "team.csv").read_bytes() == first
    assert "hub," in (tmp_path / "again" / "stage_map.csv").read_text("utf-8")


def test_map_is_the_identity() -> None:
    assert list(SampleConnector().map("team", {"id": "t"}, {})) == [("team", {"id": "t"})]
