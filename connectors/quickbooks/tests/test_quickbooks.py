"""The quickbooks connector against a small QuickBooks: each trap by its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from vendor_quickbooks import REALM, SECRET, QuickbooksVendor, expense_line, item_line, subtotal

from revalign_quickbooks import QuickbooksConnector, register_connectors
from revalign_udf import testing
from revalign_udf.config import SETTINGS_FILE, load
from revalign_udf.connector import Connector, Context, Stream
from revalign_udf.jobs import build, pull
from revalign_udf.jobs.steps import plugins_of
from revalign_udf.query import Query
from revalign_udf.testing import Bench, PullResult, rows_of
from revalign_udf.testing.pulling import Ground

ACCOUNTS: dict[str, Any] = {
    "Advertising": {"function": "marketing", "kind": "programme"},
    "Payroll": {"function": "g_and_a", "kind": "salary"},
    "Bank fees": {"ignore": True},
}
CLASSES: dict[str, Any] = {"Sales": {"function": "sales"}}


#: what a test reads, where that is not expenses
WANTED = {
    "test_beyond_thirty_days_everything_is_read_again_and_what_is_gone_is_found": "invoices",
    "test_more_changes_than_one_answer_holds_are_found_by_reading_everything": "invoices",
    "test_records_changed_while_they_are_read_shift_nobody_out": "invoices",
    "test_switched_off_customers_and_items_are_read_too": "customers items",
    "test_lines_of_groups_and_discounts_count_and_subtotals_do_not": "invoices",
    "test_a_line_of_an_unknown_kind_is_refused": "invoices",
    "test_receipts_credits_and_refunds_are_told_apart": "invoices payments credits",
    "test_a_token_that_cannot_be_kept_is_said": "items",
}


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """One store for all tests of the module; each has a connection of its own in it."""
    made = Ground()
    yield made
    made.close()


@pytest.fixture
def vendor(ground: Ground, request: pytest.FixtureRequest) -> Iterator[QuickbooksVendor]:
    Small.connector.wanted = WANTED.get(request.node.originalname, "expenses")
    with Small() as made:
        made.put("Customer", {"DisplayName": "Acme", "Active": True})
        made.ground = ground
        yield made


class Few(QuickbooksConnector):
    """The connector with the streams a test is about: each costs a moment."""

    wanted: str = "expenses"

    def discover(self, ctx: Context) -> Sequence[Stream]:
        return [stream for stream in super().discover(ctx) if stream.name in self.wanted.split()]


class Small(QuickbooksVendor):
    connector = Few()


def pulled(vendor: QuickbooksVendor, settings: dict[str, Any] | None = None) -> PullResult:
    """Pull; the settings hold from the first call on."""
    return testing.pulled(vendor, ground=vendor.ground, settings=settings)


def good(result: PullResult) -> PullResult:
    assert result.ok, result.report.failures
    assert not result.report.counts.rejects
    return result


def told(result: PullResult, words: str) -> bool:
    return any(words in text for text in result.report.messages)


def books(vendor: QuickbooksVendor) -> None:
    """A chart of accounts."""
    for key, name, kind in (
        ("10", "Advertising", "Expense"), ("11", "Advertising:Online", "Expense"), ("12", "Payroll", "Expense"),
        ("13", "Bank fees", "Expense"), ("14", "Travel", "Expense"), ("20", "Checking", "Asset"), ("21", "Hosting", "Expense"),
    ):  # fmt: skip
        plain = name.rpartition(":")[2]
        vendor.put(
            "Account", {"Id": key, "Name": plain, "FullyQualifiedName": name, "Classification": kind, "Active": True}
        )


def spend(result: PullResult) -> dict[str, tuple[Any, str, str | None]]:
    return {row["id"]: (row["amount"], row["function"], row["kind"]) for row in result.rows("expense")}


def test_is_a_connector() -> None:
    (connector,) = register_connectors()
    assert isinstance(connector, Connector)


# -- expenses


def test_cac_of_each_month_from_the_books_by_hand(
    tmp_path: Path, vendor: QuickbooksVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What marketing and sales cost by new customer, from the books to the metric.

    January    bill 1,000 advertising + card 300 online advertising - 50 given back on the card
               + journal 4,000 payroll of the class Sales = 5,250 for two new customers
    February   bill 600 advertising - 100 vendor credit - 200 journal credit = 300 for one
    """
    books(vendor)
    vendor.put("Bill", {"TxnDate": "2026-01-05", "Line": [expense_line(1, 1000, "10"), expense_line(2, 80, "14")]})
    vendor.put("Purchase", {"TxnDate": "2026-01-20", "PaymentType": "CreditCard", "Line": [expense_line(1, 300, "11")]})
    vendor.put(
        "Purchase",
        {"TxnDate": "2026-01-25", "PaymentType": "CreditCard", "Credit": True, "Line": [expense_line(1, 50, "11")]},
    )
    vendor.put("JournalEntry", {"TxnDate": "2026-01-31", "Line": [
        journal(0, 4000, "12", "Debit", "Sales"), journal(1, 1500, "12", "Debit"), journal(2, 5500, "20", "Credit"),
    ]})  # fmt: skip
    vendor.put("Bill", {"TxnDate": "2026-02-10", "Line": [expense_line(1, 600, "10"), expense_line(2, 7, "13")]})
    vendor.put("VendorCredit", {"TxnDate": "2026-02-11", "Line": [expense_line(1, 100, "10")]})
    vendor.put(
        "JournalEntry",
        {"TxnDate": "2026-02-28", "Line": [journal(0, 200, "10", "Credit"), journal(1, 200, "20", "Debit")]},
    )
    billing = {
        "organization": "id name\na A\nb B\nc C",
        "subscription": "id org_id started_at\n1 a 2026-01-10\n2 b 2026-01-15\n3 c 2026-02-20",
        "subscription_item_period": "id subscription_id valid_from amount interval\n"
        "1 1 2026-01-10 50 month\n2 2 2026-01-15 50 month\n3 3 2026-02-20 50 month",
    }
    (tmp_path / "data").mkdir()
    for name, text in billing.items():
        (tmp_path / "data" / f"{name}.csv").write_text(rows_of(text), encoding="utf-8")
    monkeypatch.setenv("QB_SECRET", SECRET)
    monkeypatch.setenv("QB_REFRESH", vendor.refresh[-1])
    (tmp_path / SETTINGS_FILE).write_text(
        f'[company]\ncurrency = "USD"\n[source.books]\nconnector = "quickbooks"\nclient_id = "client"\nrealm = "{REALM}"\n'
        f'client_secret = "$env:QB_SECRET"\nrefresh_token = "$env:QB_REFRESH"\nbase_url = "{vendor.api.base_url}"\n'
        'token_url = "/oauth2/v1/tokens/bearer"\n[source.billing]\nconnector = "csv"\npath = "data"\n[source.books.accounts]\n'
        '"Advertising" = { function = "marketing", kind = "programme" }\n'
        '"Payroll" = { function = "g_and_a", kind = "salary" }\n"Bank fees" = { ignore = true }\n'
        '[source.books.classes]\n"Sales" = { function = "sales" }\n',
        encoding="utf-8",
    )
    project = load(tmp_path)
    registry = plugins_of(project)
    report, _ = pull(project, registry=registry)
    assert not report.failures
    assert any('"Travel" (1 lines, 80.00 USD)' in text for text in report.messages)
    build(project, registry=registry)
    query = Query(project.snapshots)
    found = {month: Fraction(query.metric("cac", month).exact or 0) for month in ("2026-01", "2026-02")}
    query.close()
    assert found == {"2026-01": 2625, "2026-02": 300}


def journal(number: int, amount: float, account: str, side: str, of_class: str = "") -> dict[str, Any]:
    detail = {"PostingType": side, "AccountRef": {"value": account}}
    if of_class:
        detail["ClassRef"] = {"value": "1", "name": of_class}
    return {
        "Id": str(number),
        "Amount": amount,
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": detail,
    }


def test_an_account_above_speaks_for_those_under_it_and_a_class_has_the_last_word(vendor: QuickbooksVendor) -> None:
    books(vendor)
    lines = [expense_line(1, 10, "11"), expense_line(2, 20, "11", ClassRef={"value": "1", "name": "Sales:East"})]
    vendor.put("Bill", {"Id": "b", "TxnDate": "2026-01-05", "Line": lines})
    found = spend(good(pulled(vendor, settings={"accounts": ACCOUNTS, "classes": CLASSES})))
    assert found == {"Bill:b:1": (10, "marketing", "programme"), "Bill:b:2": (20, "sales", "programme")}


def test_spending_nobody_explained_is_reported_and_never_guessed(vendor: QuickbooksVendor) -> None:
    books(vendor)
    vendor.put(
        "Bill",
        {
            "TxnDate": "2026-01-05",
            "Line": [expense_line(1, 1234.5, "14"), expense_line(2, 9, "20"), expense_line(3, 7, "13")],
        },
    )
    result = good(pulled(vendor, settings={"accounts": ACCOUNTS}))
    assert not spend(result)
    assert told(result, '"Travel" (1 lines, 1,234.50 USD)')
    assert not told(result, "Checking")  # an asset is no expense
    assert not told(result, "Bank fees")  # left out on purpose


def test_items_are_expenses_of_their_own_account(vendor: QuickbooksVendor) -> None:
    books(vendor)
    vendor.put("Item", {"Id": "ad", "Name": "Banner", "ExpenseAccountRef": {"value": "10"}, "Active": False})
    detail = {"ItemRef": {"value": "ad"}, "Qty": 2}
    line = {"Id": "1", "Amount": 42, "DetailType": "ItemBasedExpenseLineDetail", "ItemBasedExpenseLineDetail": detail}
    vendor.put("Bill", {"Id": "b", "TxnDate": "2026-01-05", "Line": [line]})
    assert spend(good(pulled(vendor, settings={"accounts": ACCOUNTS}))) == {"Bill:b:1": (42, "marketing", "programme")}


def test_other_meanings_in_the_settings_read_everything_again(vendor: QuickbooksVendor) -> None:
    books(vendor)
    vendor.put(
        "Bill", {"Id": "b", "TxnDate": "2026-01-05", "Line": [expense_line(1, 10, "10"), expense_line(2, 5, "14")]}
    )
    with Bench(vendor, ground=vendor.ground, settings={"accounts": ACCOUNTS}) as bench:
        assert spend(good(bench.pull())) == {"Bill:b:1": (10, "marketing", "programme")}
        vendor.tick(10_000)  # far beyond the lookback
        settings = bench.project.sources[bench.name].settings
        settings["accounts"] = {"Advertising": {"function": "sales"}, "Travel": {"function": "sales"}}  # type: ignore[index]
        result = good(bench.pull())
        assert told(result, "the settings of its accounts changed")
        assert spend(result) == {"Bill:b:1": (10, "sales", None), "Bill:b:2": (5, "sales", None)}
        settings["accounts"] = {"Travel": {"function": "sales"}}  # type: ignore[index]
        assert spend(good(bench.pull())) == {"Bill:b:2": (5, "sales", None)}


@pytest.mark.parametrize(
    ("accounts", "words"),
    [
        ({"Advertizing": {"function": "marketing"}}, "Did you mean Advertising"),
        ({"Advertising": {"function": "promotion"}}, "function is one of marketing, sales"),
        ({"Advertising": {"funktion": "marketing"}}, "Did you mean function"),
        ({"Advertising": "marketing"}, "must be a table"),
    ],
)
def test_a_slip_in_the_accounts_is_an_error_with_the_nearest_name(
    vendor: QuickbooksVendor, accounts: dict[str, Any], words: str
) -> None:
    books(vendor)
    result = pulled(vendor, settings={"accounts": accounts})
    assert any(words in text for text in result.report.failures)


def test_a_line_taken_out_and_a_deleted_document_are_gone(vendor: QuickbooksVendor) -> None:
    books(vendor)
    vendor.put(
        "Bill", {"Id": "b1", "TxnDate": "2026-01-05", "Line": [expense_line(1, 10, "10"), expense_line(2, 5, "10")]}
    )
    vendor.put("Bill", {"Id": "b2", "TxnDate": "2026-01-05", "Line": [expense_line(1, 7, "10")]})
    assert len(spend(good(pulled(vendor, settings={"accounts": ACCOUNTS})))) == 3
    vendor.put("Bill", {**vendor.records["Bill"]["b1"], "Line": [expense_line(1, 10, "10")]})
    vendor.delete("Bill", "b2")
    assert set(spend(good(pulled(vendor)))) == {"Bill:b1:1"}


# -- deletions


def test_beyond_thirty_days_everything_is_read_again_and_what_is_gone_is_found(vendor: QuickbooksVendor) -> None:
    keys = [vendor.invoice() for _ in range(5)]
    with Bench(vendor, ground=vendor.ground) as bench:
        good(bench.pull())
        vendor.delete("Invoice", keys[0])
        vendor.tick(40 * 86_400)
        bench.shift = timedelta(days=40)
        result = good(bench.pull())
        assert result.keys("invoice") == set(keys[1:])
    assert told(result, "QuickBooks tells deletions of the last 30 days only")
    assert not [call for call in result.calls if call.path.endswith("/cdc")]


def test_more_changes_than_one_answer_holds_are_found_by_reading_everything(
    vendor: QuickbooksVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("revalign_quickbooks.api._MOST", 10)
    keys = [vendor.invoice() for _ in range(4)]
    good(pulled(vendor))
    keys += [vendor.invoice() for _ in range(12)]
    vendor.delete("Invoice", keys[0])
    vendor.cdc_most = 10
    result = good(pulled(vendor))
    assert told(result, "more changed than QuickBooks tells in one answer")
    assert result.keys("invoice") == set(keys[1:])


def test_records_changed_while_they_are_read_shift_nobody_out(vendor: QuickbooksVendor) -> None:
    keys = [vendor.invoice() for _ in range(450)]
    # between the first page and the second the first record changes: by position, one of the next would be left out
    vendor.api.faults.add("Invoice.*startposition", after=1, then=lambda: vendor.change(keys[0]))
    assert good(pulled(vendor)).keys("invoice") == set(keys)


def test_switched_off_customers_and_items_are_read_too(vendor: QuickbooksVendor) -> None:
    old = {
        "DisplayName": "Old (deleted)",
        "Active": False,
        "PrimaryEmailAddr": {"Address": "a@old.example, b@old.example"},
    }
    key = vendor.put("Customer", {**old, "ParentRef": {"value": "1"}, "Job": True})
    vendor.put("Item", {"Id": "9", "Name": "Retired", "Active": False, "ParentRef": {"value": "3", "name": "Services"}})
    result = good(pulled(vendor))
    row = result.row("organization", key)
    assert (row["parent_org_id"], row["domain"]) == ("1", "old.example")
    assert result.row("person", key)["email"] == "a@old.example"
    assert result.row("product", "9")["product_line"] == "Services"
    vendor.put("Customer", {**vendor.records["Customer"][key], "PrimaryEmailAddr": None})
    assert key not in good(pulled(vendor)).keys("person")


# -- documents


def test_lines_of_groups_and_discounts_count_and_subtotals_do_not(vendor: QuickbooksVendor) -> None:
    lines = [
        item_line(1, 100), subtotal(100),
        {"Id": "2", "Amount": 70, "DetailType": "GroupLineDetail",
         "GroupLineDetail": {"Line": [item_line(3, 40), item_line(4, 30)]}},
        {"Amount": 17, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10}},
        {"Id": "5", "Description": "Thank you", "DetailType": "DescriptionOnly"},
    ]  # fmt: skip
    key = vendor.invoice(168, lines=lines, TxnTaxDetail={"TotalTax": 15})
    result = good(pulled(vendor))
    assert sorted(row["amount"] for row in result.rows("invoice_line")) == [-17, 30, 40, 100]
    assert (result.row("invoice", key)["total"], result.row("invoice", key)["tax"]) == (168, 15)
    assert not told(result, "do not add up")
    vendor.invoice(999, lines=[item_line(1, 100)])
    assert told(good(pulled(vendor)), "The lines of 1 invoices do not add up")


def test_a_line_of_an_unknown_kind_is_refused(vendor: QuickbooksVendor) -> None:
    vendor.invoice(1, lines=[{"Id": "1", "Amount": 1, "DetailType": "HologramLineDetail"}])
    result = pulled(vendor)
    assert [one.reason for one in result.report.counts.rejects] == [
        "a line of the kind HologramLineDetail is not known"
    ]


def test_receipts_credits_and_refunds_are_told_apart(vendor: QuickbooksVendor) -> None:
    common = {"TxnDate": "2026-01-07", "CustomerRef": {"value": "1"}, "CurrencyRef": {"value": "USD"}}
    sold = {**common, "Line": [item_line(1, 50)], "TotalAmt": 50}
    vendor.put("SalesReceipt", {**sold, "Id": "7"})
    vendor.put("Invoice", {**sold, "Id": "7", "Balance": 20})
    vendor.put("CreditMemo", {**common, "Id": "8", "TotalAmt": 23.8, "TxnTaxDetail": {"TotalTax": 3.8}})
    vendor.put("RefundReceipt", {**common, "Id": "9", "TotalAmt": 11.9, "TxnTaxDetail": {"TotalTax": 1.9}})
    linked = [{"Amount": 30, "LinkedTxn": [{"TxnId": "7", "TxnType": "Invoice"}]}]
    vendor.put("Payment", {**common, "Id": "10", "TotalAmt": 30, "Line": linked})
    vendor.put(
        "Invoice", {**common, "Id": "11", "TotalAmt": 0, "Balance": 0, "Line": [], "PrivateNote": "Voided - double"}
    )
    result = good(pulled(vendor))
    assert {row["id"]: row["status"] for row in result.rows("invoice")} == {
        "SalesReceipt-7": "paid", "7": "partially_paid", "11": "voided",
    }  # fmt: skip
    assert result.row("credit_note", "8")["amount"] == 20
    assert result.row("refund", "9")["amount"] == 10
    assert (result.row("payment", "10")["invoice_id"], result.row("payment", "10")["amount"]) == ("7", 30)


# -- signing in


def test_a_rotated_refresh_token_is_kept_and_used_the_next_time(vendor: QuickbooksVendor) -> None:
    vendor.grace = False  # the old one is worth nothing once it was used
    kept: dict[str, str] = {}

    def keep(setting: str, value: str) -> bool:
        kept[setting] = value
        return True

    connector = vendor.connector
    settings: dict[str, Any] = {"minor_version": 75, **vendor.settings()}
    for _ in range(3):
        ctx = Context("books", settings, keep=keep)
        assert "Example Books" in connector.check(ctx).message
        ctx.close()
        settings = {**settings, **kept}
    assert kept == {"refresh_token": "refresh-token-0004"}


def test_a_token_that_cannot_be_kept_is_said(vendor: QuickbooksVendor) -> None:
    assert told(good(pulled(vendor)), "new refresh token")
