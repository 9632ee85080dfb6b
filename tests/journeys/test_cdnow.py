"""The main job on real input: the CDNOW purchase log and a folder of canonical CSVs, through the command line.

Every number is checked against a computation of its own in plain pandas with exact decimals.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import gspread
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import SheetTarget, open_spreadsheet, read_values

SETTINGS = """
[company]
name = "CDNOW"
currency = "USD"

[source.cdnow]
connector = "csv"
path = "CDNOW_master.txt"
complete_through = "1998-06-30"

[source.cdnow.mapping]
table = "sales_order"
delimiter = "whitespace"
header = true
date_format = "%Y%m%d"
columns = {{ person_id = "customer_id", ordered_at = "date", quantity = "number_of_cds", amount = "dollar_value" }}

[source.books]
connector = "csv"
path = "books"
complete_through = "1998-06-30"

[sheets.board]
key = "{key}"
key_file = "{key_file}"
base_url = "{base_url}"
layout = "shop"

[workbooks]
reports = ["shop"]
"""

LAYOUT = """
title = "Shop"
[[tab]]
key = "shop"
name = "Shop"
[[tab.block]]
key = "months"
title = "By month"
kind = "series"
from = "1997-01"
to = "1998-06"
metrics = ["revenue", "orders", "aov", "order_frequency", "revenue_growth", "existing_share", "cac"]
[[tab.block.chart]]
key = "revenue"
title = "Revenue"
kind = "line"
series = ["revenue"]
"""

EXPENSE = """id,period_start,period_end,amount,function,kind
x1,1997-01-01,1997-03-31,90000.00,marketing,programme
x2,1997-03-01,,1000.00,sales,salary
x3,1997-03-31,,500.00,g_and_a,overhead
"""


def oracle(log: Path) -> dict[str, dict[str, Fraction | None]]:
    """The same numbers by pandas alone: columns of exact decimals, months as text."""
    frame = pd.read_csv(log, sep=r"\s+", skiprows=1, names=["who", "day", "cds", "amount"], dtype=str)
    frame["month"] = frame["day"].str.slice(0, 4) + "-" + frame["day"].str.slice(4, 6)
    frame["exact"] = [Decimal(text) for text in frame["amount"]]
    frame["first"] = frame.groupby("who")["month"].transform("min")
    found: dict[str, dict[str, Fraction | None]] = {}
    previous: Fraction | None = None
    for month, part in frame.groupby("month"):
        revenue = Fraction(sum(part["exact"], Decimal(0)))
        existing = Fraction(sum(part.loc[part["first"] < month, "exact"], Decimal(0)))
        new = part.loc[part["first"] == month, "who"].nunique()
        found[str(month)] = {
            "revenue": revenue,
            "orders": Fraction(len(part)),
            "aov": revenue / len(part),
            "order_frequency": Fraction(len(part), new) if new else None,
            "revenue_growth": None if previous is None else (revenue - previous) / previous,
            "existing_share": existing / revenue,
        }
        previous = revenue
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, cdnow: Path, revalign: Callable[..., str]) -> Any:
    """A project that has been run once, and the server its sheet lives on."""
    folder = tmp_path_factory.mktemp("cdnow")
    (folder / "CDNOW_master.txt").write_bytes(cdnow.read_bytes())
    (folder / "workbooks" / "shop").mkdir(parents=True)
    (folder / "workbooks" / "shop" / "layout.toml").write_text(LAYOUT)
    (folder / "books").mkdir()
    (folder / "books" / "expense.csv").write_text(EXPENSE.replace("x2,1997-03-01,,", "x2,1997-03-01,1997-03-01,").replace(
        "x3,1997-03-31,,", "x3,1997-03-31,1997-03-31,"))  # fmt: skip
    with LocalSheets() as server:
        key = server.create("Board")
        (folder / "revalign.toml").write_text(
            SETTINGS.format(key=key, key_file=server.key_file, base_url=server.base_url)
        )
        report = json.loads(revalign("run", "--project", folder, "--json"))
        yield folder, server, key, report


def test_run_reads_every_purchase_once(shop: Any) -> None:
    _, _, _, report = shop
    assert report["status"] == "ok"
    assert {source["source"]: source["read"] for source in report["sources"]} == {"cdnow": 69659, "books": 3}
    assert report["rows"]["sale"] == 69659
    assert report["rows"]["customer_start"] == 23570


def test_the_log_has_exact_duplicates_that_all_count(cdnow: Path) -> None:
    lines = [tuple(line.split()) for line in cdnow.read_text().splitlines()[1:] if line.strip()]
    assert len(lines) - len(set(lines)) == 255


def test_metrics_through_the_command_line_agree_with_pandas(shop: Any, cdnow: Path, answer: Callable[..., Any]) -> None:
    folder, *_ = shop
    expected = oracle(cdnow)["1997-03"]
    for name in ("aov", "order_frequency", "revenue", "revenue_growth", "existing_share"):
        found = answer("metric", name, "1997-03", "--project", folder)
        exact = expected[name]
        assert exact is not None
        assert found["value"] == exact.numerator / exact.denominator, name
        assert found["status"] == "ok"
        assert {"metric", "period", "value", "unit", "status", "definition_version", "snapshot"} <= set(found)


def test_every_month_agrees_with_pandas(shop: Any, cdnow: Path, answer: Callable[..., Any]) -> None:
    folder, *_ = shop
    expected = oracle(cdnow)
    for name in ("aov", "order_frequency", "revenue", "revenue_growth", "existing_share"):
        rows = answer("series", name, "1997-01", "1998-06", "--project", folder)["rows"]
        assert [row["period"] for row in rows] == sorted(expected)
        for row in rows:
            exact = expected[row["period"]][name]
            assert row["value"] == (None if exact is None else exact.numerator / exact.denominator), (name, row)


def test_expense_with_a_period_is_spread_by_day(shop: Any, answer: Callable[..., Any], cdnow: Path) -> None:
    folder, *_ = shop
    new = 8476 - answer("metric", "new_customers", "1997-01", "--project", folder)["value"]
    assert new == 8476 - 7846
    march = answer("metric", "cac", "1997-03", "--project", folder)
    customers = answer("metric", "new_customers", "1997-03", "--project", folder)["value"]
    # 90,000 over 90 days is 1,000 a day: 31 days of March, and the salary; general expense is no acquisition cost
    assert march["value"] == pytest.approx((31_000 + 1_000) / customers, rel=1e-15)


def test_outside_the_data_there_is_no_number(shop: Any, answer: Callable[..., Any]) -> None:
    folder, *_ = shop
    for period in ("1996-12", "1998-07"):
        found = answer("metric", "revenue", period, "--project", folder)
        assert (found["value"], found["status"]) == (None, "REV-204")
    assert answer("metric", "mrr", "1997-03", "--project", folder)["status"] == "REV-201"


def test_workbook_and_sheet_hold_the_same_digits(shop: Any, cdnow: Path) -> None:
    folder, server, key, _ = shop
    expected = oracle(cdnow)
    names = ("revenue", "orders", "aov", "order_frequency", "revenue_growth", "existing_share")
    rows = CalamineWorkbook.from_path(folder / "output" / "shop.xlsx").get_sheet_by_name("Shop").to_python()
    head = next(index for index, row in enumerate(rows) if "Revenue" in row and "Period" in row)
    titles = [
        "Revenue",
        "Orders",
        "Average order value",
        "Order frequency",
        "Revenue growth",
        "Share of existing business",
    ]
    at = [rows[head].index(title) for title in titles]
    book = {str(row[rows[head].index("Period")]): [row[i] for i in at] for row in rows[head + 1 : head + 19]}
    with open_spreadsheet(SheetTarget("board", key, server.key_file, server.base_url)) as client:
        sheet = {str(row[0]): row[1:7] for row in read_values(client, "months")}
    assert sorted(book) == sorted(sheet) == sorted(expected)
    for month, values in expected.items():
        for position, name in enumerate(names):
            exact = values[name]
            if exact is not None:
                number = exact.numerator / exact.denominator
                assert book[month][position] == number, (month, name)
                assert sheet[month][position] == number, (month, name)


def test_running_again_changes_nothing(shop: Any, revalign: Callable[..., str]) -> None:
    folder, _, _, first = shop
    again = json.loads(revalign("run", "--project", folder, "--json"))
    assert [source["written"] for source in again["sources"]] == [0, 0]
    assert (again["snapshot"], again["new"]) == (first["snapshot"], False)
    assert again["sheets"][0]["calls"] == 0


def test_a_second_client_sees_the_sheet(shop: Any) -> None:
    """Plain gspread, without our client, reads what was synced."""
    _, server, key, _ = shop

    class There(gspread.HTTPClient):  # type: ignore[misc,unused-ignore]
        def request(self, method: str, endpoint: str, *args: Any, **options: Any) -> Any:
            return super().request(
                method, endpoint.replace("https://sheets.googleapis.com", server.base_url), *args, **options
            )

    client = gspread.service_account(filename=str(server.key_file), http_client=There)
    values = client.open_by_key(key).worksheet("Shop").get_all_values()
    assert any("Revenue" in row for row in values)
    client.http_client.session.close()
