"""Validation: what text becomes, and what is refused with file, line, column, value and reason."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from revalign_udf.connector import Rows
from revalign_udf.errors import BadRecord
from revalign_udf.store import Counts, Store

Send = Callable[..., Counts]
Live = Callable[..., list[tuple[object, ...]]]


def order(**columns: str | None) -> Rows:
    values = {"id": "1", "org_id": "7", "ordered_at": "2026-09-30", "amount": "1", **columns}
    return Rows("sales_order", {name: [value] for name, value in values.items()}, "o.csv", [2], "o.csv")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1234.56", "1234.56"), (" 7 ", "7"), ("+1.50", "1.5"), ("-.5", "-0.5"), ("5.", "5"), ("1e3", "1000"),
     ("12345678901234567890.0123456789", "12345678901234567890.0123456789")],
)  # fmt: skip
def test_amounts(send: Send, live: Live, text: str, value: str) -> None:
    assert send(order(amount=text)).rejected == 0
    assert live("amount", "sales_order") == [(Decimal(value),)]


@pytest.mark.parametrize("text", ["1,234.56", "1_000", "nan", "inf", "0x10", "1e400", "12 EUR", "--1", "1.2.3", "٣"])
def test_no_amounts(send: Send, live: Live, text: str) -> None:
    counts = send(order(amount=text))
    assert live("id", "sales_order") == []
    (reject,) = counts.rejects
    assert (reject.table, reject.file, reject.line, reject.column, reject.value, reject.code) == (
        "sales_order", "o.csv", 2, "amount", text, "REV-503",
    )  # fmt: skip
    assert reject.reason == "amount is not an amount (write 1234.56)"


@pytest.mark.parametrize(
    ("text", "utc", "day"),
    [
        ("2026-09-30", "2026-09-29T22:00", "2026-09-30"),
        ("2026-9-3", "2026-09-02T22:00", "2026-09-03"),
        ("2026-09-30T23:30:00Z", "2026-09-30T23:30", "2026-10-01"),
        ("2026-09-30 23:30", "2026-09-30T21:30", "2026-09-30"),
        ("2026-09-30T23:30:00-05:00", "2026-10-01T04:30", "2026-10-01"),
        ("2026-01-31T23:30:00Z", "2026-01-31T23:30", "2026-02-01"),
        ("2024-02-29", "2024-02-28T23:00", "2024-02-29"),
    ],
)
def test_instants_fall_on_days_of_the_company(send: Send, live: Live, text: str, utc: str, day: str) -> None:
    assert send(order(ordered_at=text)).rejected == 0
    assert live("ordered_at, ordered_at__on", "sales_order") == [(datetime.fromisoformat(utc), date.fromisoformat(day))]


@pytest.mark.parametrize(
    "text", ["30.09.2026", "2026-13-01", "2026-02-30", "yesterday", "-123-01-01", "2-12-01-01", "46295"]
)
def test_no_instants(send: Send, text: str) -> None:
    (reject,) = send(order(ordered_at=text)).rejects
    assert (reject.column, reject.value) == ("ordered_at", text)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_business_dates_agree_with_the_standard_library(tmp_path: Path, zone: str) -> None:
    """Property: for any instant, the stored day is the one its wall clock shows in the company's zone."""
    chance, count = random.Random(7), 3_000
    moments = [
        datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(70 * 31_556_952)) for _ in range(count)
    ]
    days = [date(1990, 1, 1) + timedelta(days=chance.randrange(25_000)) for _ in range(count)]
    texts = [moment.isoformat() for moment in moments] + [day.isoformat() for day in days]
    keys = [str(number) for number in range(2 * count)]
    rows = {"id": keys, "org_id": keys, "amount": keys, "ordered_at": texts}
    with Store.open(tmp_path, zone) as store, store.pull("c", "sales_order", 1) as pull:
        pull.add(Rows("sales_order", rows))
        assert pull.finish(date(2026, 1, 1)).rejected == 0
        store.open_views()
        found = store.con.execute("SELECT ordered_at__on FROM c_sales_order ORDER BY CAST(id AS INTEGER)").fetchall()
    local = [moment.astimezone(ZoneInfo(zone)).date() for moment in moments]
    assert [day for (day,) in found] == [*local, *days]


def test_a_date_format_of_the_file(send: Send, live: Live) -> None:
    rows = {"id": ["1", "2"], "org_id": ["7", "7"], "ordered_at": ["30.09.2026", "2026-09-30"], "amount": ["1", "1"]}
    (reject,) = send(Rows("sales_order", rows, "o.csv", [2, 3], "o.csv", date_format="%d.%m.%Y")).rejects
    assert live("id, ordered_at__on", "sales_order") == [("1", date(2026, 9, 30))]
    assert (reject.line, reject.reason) == (3, "ordered_at does not follow the date format %d.%m.%Y")


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [("kind", "Upsell", "upsell"), ("currency", " eur ", "EUR"), ("deleted", "No", False), ("quantity", "", Decimal(1)),
     ("attrs", '{"a": 1}', '{"a": 1}')],
)  # fmt: skip
def test_other_kinds(send: Send, live: Live, column: str, text: str, value: object) -> None:
    assert send(order(**{column: text})).rejected == 0
    assert live(column, "sales_order") == [(value,)]


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [("kind", "gift", "kind is none of new, upsell"), ("currency", "€", "currency is not a currency code"),
     ("deleted", "perhaps", "deleted is neither true nor false"), ("attrs", "{", "attrs is not JSON"),
     ("id", " ", "id is required and empty"), ("amount", None, "amount is required and empty")],
)  # fmt: skip
def test_other_kinds_refused(send: Send, column: str, text: str | None, reason: str) -> None:
    (reject,) = send(order(**{column: text})).rejects
    assert reject.reason.startswith(reason)
    assert reject.column == column


def test_whole_numbers(send: Send, live: Live) -> None:
    columns = {"id": list("abcd"), "name": list("abcd"), "employees": ["12", "3.0", "2.5", "99999999999999999999"]}
    counts = send(Rows("organization", columns, "f", [2, 3, 4, 5], "f"))
    assert live("id, employees") == [("a", 12), ("b", 3)]
    assert [(r.line, r.reason) for r in counts.rejects] == [(n, "employees is not a whole number") for n in (4, 5)]


def test_one_of_several_columns_must_be_filled(send: Send) -> None:
    (reject,) = send(order(org_id=None)).rejects
    assert (reject.column, reject.reason) == ("org_id or person_id", "a row needs org_id or person_id")


def test_every_fault_of_a_row_is_listed_and_the_row_counted_once(send: Send) -> None:
    counts = send(order(amount="much", ordered_at="soon", kind="gift"))
    assert sorted(r.column for r in counts.rejects) == ["amount", "kind", "ordered_at"]
    assert (counts.read, counts.written, counts.rejected) == (1, 0, 1)


def test_personal_values_are_masked(send: Send, store: Store) -> None:
    columns = {"id": ["1"], "kind": ["nps"], "responded_at": ["2026-01-01"], "score": ["9"], "comment": ["x"]}
    rows = {**columns, "responded_at": ["not ada@example.org"]}
    assert send(Rows("survey_response", rows)).rejects[0].value == "not ada@example.org"
    owner = Rows("owner", {"id": ["1"], "name": [" "], "email": ["ada@example.org"]})
    send(owner)
    bad = Rows("lifecycle_event", {"id": ["1"], "subject_type": ["alien"], "subject_id": ["1"], "stage": ["mql"],
                                   "occurred_at": ["2026-01-01"], "reason_text": ["Ada said"]})  # fmt: skip
    send(bad)
    assert "ada said" not in str(store.rejects()).lower()


def test_a_missing_required_column_lists_what_was_found_and_the_nearest(send: Send) -> None:
    with pytest.raises(BadRecord) as caught:
        send(Rows("sales_order", {"id": ["1"], "org_id": ["1"], "ordered_at": ["2026-01-01"], "amont": ["1"]}, "o.csv"))
    assert caught.value.code == "REV-502"
    assert "amount" in caught.value.message
    assert "id, org_id, ordered_at, amont" in caught.value.message
    assert '"amont"' in caught.value.hint


def test_typed_values_are_taken_as_they_are(send: Send, live: Live) -> None:
    rows: dict[str, list[object]] = {"id": [1, 2], "org_id": [7, None], "person_id": [None, 8], "amount": [Decimal("1.10"), 2],
            "ordered_at": [date(2026, 9, 30), datetime(2026, 9, 30, 12, tzinfo=UTC)], "deleted": [False, True]}  # fmt: skip
    assert send(Rows("sales_order", rows)).rejected == 0
    assert live("id, amount, ordered_at__on", "sales_order") == [("1", Decimal("1.10"), date(2026, 9, 30))]
