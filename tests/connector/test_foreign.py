"""Streams in foreign words onto canonical tables: paths, keys, exact values, deletions, settings that cannot be used."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from revalign_udf.connector import Present, Rejected, Rows, Tombstones
from revalign_udf.connector.foreign import Outgoing, Plan, read_entries, resolved, unmapped
from revalign_udf.errors import BadRecord, ConfigError, Fatal


def plan(keys: tuple[str, ...] = ("id",), **said: Any) -> Plan:
    (entry,) = read_entries([{"table": "sales_order", **said}], "x").values()
    return Plan(entry, keys, "USD", "Europe/Berlin")


def test_columns_come_from_their_own_name_a_path_or_a_constant() -> None:
    made = plan(
        columns={"org_id": "customer.id", "attrs.tier": "customer.tier", "ordered_at": "lines.0.at"},
        constants={"currency": "EUR"}, attrs=["note"],
    )  # fmt: skip
    record = {
        "id": 7, "amount": Decimal("1.10"), "customer": {"id": "c1", "tier": "gold"}, "lines": [{"at": "2026-01-01"}],
        "note": {"x": Decimal("1.10")}, "currency": "USD", "spare": 1,
    }  # fmt: skip
    assert made.row(record) == {
        "id": "7", "amount": "1.10", "org_id": "c1", "ordered_at": "2026-01-01", "currency": "EUR",
        "attrs": '{"tier":"gold","note":{"x":1.10}}',
    }  # fmt: skip
    assert made.left_out(record) == ["spare"]


def test_attrs_may_be_written_without_quotes() -> None:
    made = plan(columns={"attrs": {"tier": "level"}})
    assert made.row({"id": "1", "level": "a"})["attrs"] == '{"tier":"a"}'


def test_a_key_of_several_fields_is_joined_and_wins_over_a_field_called_id() -> None:
    made = plan(keys=("account", "id"))
    assert made.row({"account": 1, "id": 2})["id"] == "1:2"
    assert made.canonical_key({"account": 1, "id": 2}) == "1:2"
    with pytest.raises(BadRecord, match="no account"):
        made.row({"id": 2})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+2"), "100"),
        (Decimal("12345678901234567.89"), "12345678901234567.89"),
        (10**30, "1" + "0" * 30),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        ("19.90", "19.90"),
        (None, None),
    ],
)
def test_amounts_are_exact(value: Any, text: str | None) -> None:
    assert plan().row({"id": "1", "amount": value})["amount"] == text


@pytest.mark.parametrize("value", [0.1 + 0.2, 12345678901234567.89, float("nan"), float("inf"), b"1", [1], {"a": 1}])
def test_amounts_that_cannot_be_exact_are_refused(value: Any) -> None:
    with pytest.raises(BadRecord) as error:
        plan().row({"id": "1", "amount": value})
    assert error.value.hint == "amount"


def test_minor_units_follow_the_currency_of_the_row() -> None:
    made = plan(minor_units=["amount"])
    assert made.row({"id": "1", "amount": 1999, "currency": "eur"})["amount"] == "19.99"
    assert made.row({"id": "1", "amount": 500, "currency": "JPY"})["amount"] == "500"
    assert made.row({"id": "1", "amount": 1999})["amount"] == "19.99"  # the company's
    with pytest.raises(BadRecord, match="minor units"):
        made.row({"id": "1", "amount": "free"})


def test_times_get_their_zone_and_epochs_are_read_only_where_said() -> None:
    made = plan(time_zone="Europe/Berlin", epoch=["updated_at"])
    row = made.row({"id": "1", "ordered_at": "2026-10-25T02:30:00", "updated_at": 1767225600})
    assert row["ordered_at"] == "2026-10-25T02:30:00+02:00"  # of the hour that happens twice the first
    assert row["updated_at"] == "2026-01-01T00:00:00+00:00"
    assert made.row({"id": "1", "ordered_at": "2026-01-01T00:00:00Z"})["ordered_at"] == "2026-01-01T00:00:00+00:00"
    assert plan().row({"id": "1", "ordered_at": datetime(2026, 1, 1, 5)})["ordered_at"] == "2026-01-01T05:00:00"  # noqa: DTZ001 - as some hand it over
    assert plan().row({"id": "1", "ordered_at": date(2026, 1, 1)})["ordered_at"] == "2026-01-01"


@pytest.mark.parametrize(
    ("value", "gone"), [(True, True), ("2026-01-01", True), (1, True), (False, False), ("false", False), (None, False)]
)
def test_a_tombstone_is_anything_but_empty_or_no(value: Any, gone: bool) -> None:
    assert plan(tombstone="state.gone").gone({"id": "1", "state": {"gone": value}}) is gone


def test_a_natural_key_is_written_as_the_store_writes_it() -> None:
    (entry,) = read_entries([{"table": "fx_rate", "constants": {"to_currency": "eur"}}], "x").values()
    made = Plan(entry, (), "USD", "Europe/Berlin")
    record = {"date": "2025-12-31T23:30:00Z", "from_currency": " usd ", "rate": Decimal("0.9")}
    assert made.canonical_key(record) == "2026-01-01|USD|EUR"
    assert made.key_of(made.row(record)) == "2026-01-01|USD|EUR"


def messages(out: Outgoing) -> list[Any]:
    return [*out.flush(), *out.deletions()]


def test_the_last_word_on_a_record_counts_although_deletions_come_last() -> None:
    made, out = plan(tombstone="gone"), Outgoing(10)
    out.take(made, {"id": "back", "gone": True}, 1, keys=False)
    out.take(made, {"id": "away"}, 2, keys=False)
    assert [message.columns["id"] for message in out.flush() if isinstance(message, Rows)] == [["away"]]
    out.take(made, {"id": "back", "gone": False}, 3, keys=False)
    out.take(made, {"id": "away", "gone": True}, 4, keys=False)
    rows, dead = messages(out)
    assert rows.columns["id"] == ["back"]
    assert dead == Tombstones("sales_order", ["away"])


def test_a_record_that_is_refused_is_listed_and_keeps_its_last_good_row() -> None:
    made, out = plan(), Outgoing(10)
    out.take(made, {"id": "a", "amount": [1]}, 1, keys=True)
    out.take(made, {"amount": 1}, 2, keys=True)
    first, second, listed = messages(out)
    assert (first.line, first.column, first.code) == (1, "amount", "REV-503")
    assert "no id" in second.reason
    assert listed == Present("sales_order", ["a"])


def test_what_may_be_personal_is_not_repeated_in_a_refusal() -> None:
    (entry,) = read_entries([{"table": "person"}], "x").values()
    out = Outgoing(10)
    out.take(Plan(entry, ("id",), "USD", "UTC"), {"id": "1", "email": ["ann@acme.example"]}, 1, keys=False)
    (rejected,) = messages(out)
    assert isinstance(rejected, Rejected)
    assert "ann" not in rejected.value + rejected.reason


def test_fields_that_are_not_there_are_named_with_the_nearest() -> None:
    with pytest.raises(Fatal, match="Did you mean customer_id") as error:
        plan(columns={"org_id": "custmer_id"}).check(["id", "customer_id", "amount", "ordered_at"])
    assert error.value.code == "REV-502"
    with pytest.raises(Fatal, match="lacks what sales_order needs: ordered_at"):
        plan().check(["id", "amount"])


@pytest.mark.parametrize(
    ("said", "code", "text"),
    [
        ({"tabel": "invoice"}, "REV-302", "Did you mean table"),
        ({"table": "invoce"}, "REV-302", "Did you mean invoice"),
        ({"stream": "orders"}, "REV-305", "which canonical table"),
        ({"table": "invoice", "columns": {"totl": "x"}}, "REV-302", "Did you mean total"),
        ({"table": "invoice", "columns": {"total": ""}}, "REV-305", "names a field"),
        ({"table": "invoice", "constants": {"attrs.x": "y"}}, "REV-302", "unknown column"),
        ({"table": "invoice", "columns": {"total": "a"}, "constants": {"total": 1}}, "REV-302", "both"),
        ({"table": "invoice", "minor_units": ["status"]}, "REV-302", "money"),
        ({"table": "invoice", "epoch": ["total"]}, "REV-302", "instant"),
        ({"table": "invoice", "mode": "ful"}, "REV-302", "Did you mean full"),
        ({"table": "invoice", "time_zone": "Mars/Base"}, "REV-305", "time zone"),
        ({"table": "invoice", "lookback": -1}, "REV-305", "negative"),
        ({"table": "invoice", "lookback": True}, "REV-305", "cannot be True"),
        ({"table": "invoice", "key": [1]}, "REV-305", "names of fields"),
        ("invoice", "REV-305", "is a table"),
    ],
)
def test_settings_that_cannot_be_used_say_what_to_write(said: Any, code: str, text: str) -> None:
    with pytest.raises(ConfigError, match=text) as error:
        read_entries([said], "x")
    assert error.value.code == code


def test_two_entries_of_one_name_are_refused_and_one_stream_may_fill_two_tables() -> None:
    both = [{"stream": "customers", "table": "organization"}, {"stream": "customers", "table": "person"}]
    with pytest.raises(ConfigError, match="two entries called customers"):
        read_entries(both, "x")
    assert list(read_entries([both[0], {**both[1], "name": "people"}], "x")) == ["customers", "people"]


def test_references_are_found_however_deep_and_remembered_as_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEP_KEY", "k-123456")
    secrets: list[str] = []
    found = resolved({"auth": [{"key": "$env:DEEP_KEY"}], "n": 1}, "source.x.config", secrets)
    assert found == {"auth": [{"key": "k-123456"}], "n": 1}
    assert secrets == ["k-123456"]
    with pytest.raises(ConfigError, match=r"source\.x\.config\.b") as error:
        resolved({"b": "$env:NOT_THERE"}, "source.x.config", [])
    assert error.value.code == "REV-304"


def test_a_stream_nobody_maps_is_named_with_its_columns_and_the_table_it_sounds_like() -> None:
    text = unmapped("organizations", ["id", "name"], 1200).text
    assert "organizations (1,200 records)" in text
    assert "id, name" in text
    assert "table organization:" in text
