"""A server that others wrote: localstripe, moved by Stripe's own client, read by the connector, compared figure by figure.

localstripe speaks Stripe's form of 2017 (plans instead of prices, lines with their plan inside) and refuses parameters it
does not know. Between it and the connector stands a small relay that leaves those out and changes no record. What the
connector cannot be shown here: prices, ``created`` filters, credit notes, discounts, the history that events tell.
"""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
import stripe

from revalign_stripe import StripeConnector
from revalign_udf.testing import Bench, Call, PullResult, Vendor

KEY = "sk_test_loopback"
_DROPPED = ("expand[]", "types[]", "recurring[usage_type]")
_MISSING = ("/v1/prices", "/v1/credit_notes", "/v1/invoice_payments")
_UNFILTERED = ("/v1/customers", "/v1/products", "/v1/invoices", "/v1/subscriptions", "/v1/refunds")


class Relay(Vendor):
    """Passes calls on to localstripe without the parameters that it refuses."""

    connector = StripeConnector()
    page_size = 100
    main = "customers"
    table = "organization"
    target: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.api.route("GET", r"/.*")(self.relay)

    def settings(self) -> dict[str, Any]:
        return {"api_key": KEY, "base_url": self.api.base_url, "test_data": True}

    def fill(self, count: int) -> list[str]:
        raise NotImplementedError

    def relay(self, call: Call) -> Any:
        if call.path in _MISSING:
            return (200, {"object": "list", "data": [], "has_more": False}) if "credit" in call.path else (404, {})
        query = [
            (name, value)
            for name, values in call.queries.items()
            for value in values
            if name not in _DROPPED and not (name.startswith("created") and call.path in _UNFILTERED)
        ]
        request = urllib.request.Request(f"{self.target}{call.path}?{urlencode(query)}")
        request.add_header("Authorization", call.headers["Authorization"])
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                found = json.load(reply, parse_float=Decimal)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, {}
        if types := call.queries.get("types[]"):
            found["data"] = [event for event in found["data"] if event["type"] in types]
        return json.loads(json.dumps(found, default=str))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if importlib.util.find_spec("localstripe") is None:
        pytest.skip("localstripe is not installed (a development dependency)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("localstripe")  # it keeps its records in the temp folder
    program = [sys.executable, str(Path(__file__).with_name("loopback_only.py")), str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(program, env={"TMPDIR": str(folder)}, stdout=log, stderr=log)
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def money(cents: Any) -> Decimal:
    return Decimal(str(cents)).scaleb(-2)


def compare(result: PullResult, client: Any) -> None:
    """Every figure the connector brought, against what Stripe's client reads from localstripe itself."""
    assert result.ok, result.report.failures
    assert not result.rejects
    theirs = {one.id: one.name or one.email for one in client.customers.list({"limit": 100}).data}
    assert {row["id"]: row["name"] for row in result.rows("organization")} == theirs
    subs = {
        one.id: (one.customer, one.status) for one in client.subscriptions.list({"status": "all", "limit": 100}).data
    }
    assert {row["id"]: (row["org_id"], row["status"]) for row in result.rows("subscription")} == subs
    now = {}
    for one in client.subscriptions.list({"status": "all", "limit": 100}).data:
        for item in one["items"].data if one.ended_at is None else ():
            now[item.id] = (money(item.plan.amount), Decimal(item["quantity"]), item.plan.interval)
    open_rows = [row for row in result.rows("subscription_item_period") if row["valid_to"] is None]
    assert {row["id"].split(":")[0]: (row["amount"], row["quantity"], row["interval"]) for row in open_rows} == now
    invoices = client.invoices.list({"limit": 100}).data
    assert {row["id"]: row["total"] for row in result.rows("invoice")} == {one.id: money(one.total) for one in invoices}
    lines = {line.id: money(line.amount) for one in invoices for line in one.lines.data if one.status != "draft"}
    assert {row["id"]: row["amount"] for row in result.rows("invoice_line")} == lines
    charges = client.charges.list({"limit": 100}).data
    paid = {one.id: (money(one.amount), one["invoice"]) for one in charges if one.status == "succeeded"}
    assert {row["id"]: (row["amount"], row["invoice_id"]) for row in result.rows("payment")} == paid
    refunds = {one.id: (money(one.amount), one.charge) for one in client.refunds.list({"limit": 100}).data}
    assert {row["id"]: (row["amount"], row["payment_id"]) for row in result.rows("refund")} == refunds


def test_what_stripes_client_made_at_localstripe_arrives_figure_by_figure(server: str) -> None:
    client = stripe.StripeClient(KEY, base_addresses={"api": server}).v1
    basic = client.plans.create(
        {"id": "basic", "amount": 1999, "currency": "usd", "interval": "month", "product": {"name": "Basic"}}
    )
    yearly = client.plans.create(
        {"id": "yearly", "amount": 120000, "currency": "usd", "interval": "year", "product": {"name": "Year"}}
    )
    card: Any = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvc": "123"}
    subs = []
    for number in range(4):
        customer = client.customers.create({"name": f"Company {number}", "email": f"a@company{number}.example"})
        method = client.payment_methods.create({"type": "card", "card": card})
        client.payment_methods.attach(method.id, {"customer": customer.id})
        client.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
        plan = yearly if number == 3 else basic
        subs.append(
            client.subscriptions.create({"customer": customer.id, "items": [{"plan": plan.id, "quantity": number + 1}]})
        )
    assert all(one.status == "active" for one in subs)
    Relay.target, Relay.ports = server, (int(server.rsplit(":", 1)[1]),)
    charge = client.charges.list({"limit": 100}).data[0]
    client.refunds.create({"charge": charge.id, "amount": 500})
    with Relay() as relay, Bench(relay) as bench:
        compare(bench.pull(), client)
        time.sleep(1.1)  # events count in seconds
        client.subscriptions.cancel(subs[0].id)
        late = client.customers.create({"name": "Late"})
        told = bench.pull()
        assert told.ok, told.report.failures
        assert told.row("organization", late.id)["name"] == "Late"
        ended = [row for row in told.rows("subscription_item_period") if row["subscription_id"] == subs[0].id]
        assert [row["valid_to"] is None for row in ended] == [False]
        # of a change of a subscription localstripe tells no event, so this one is found by reading everything again
        item = subs[1]["items"].data[0].id
        client.subscriptions.update(subs[1].id, {"items": [{"id": item, "plan": basic.id, "quantity": 7}]})
        compare(bench.pull(full=True), client)
