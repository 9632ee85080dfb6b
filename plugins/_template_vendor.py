"""A fake of Acme's API, so that the connector can be proved without Acme. See TUTORIAL.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from revalign_udf.connector import Connector
from revalign_udf.testing import Call, Vendor, drop_in

plugin = drop_in(Path(__file__).parents[1] / "acme.py")

KEY = "acme-key-4711"
START, SHARED = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


class AcmeVendor(Vendor):
    """Acme with a few orders."""

    connector: ClassVar[Connector] = plugin.AcmeConnector()
    page_size: ClassVar[int] = plugin.PAGE
    main: ClassVar[str] = "orders"
    table: ClassVar[str] = "sales_order"
    skips: ClassVar[Mapping[str, str]] = {
        "test_merged_is_linked": "Acme does not merge orders",
        "test_an_unknown_stage_is_kept_and_reported": "orders have no stages",
        "test_more_than_the_search_gives": "Acme lists everything",
        "test_an_error_in_the_body_is_an_error": "Acme tells every error by its status",
        "test_a_token_that_expires_midway_is_renewed": "a key holds until somebody withdraws it",
    }

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, dict[str, Any]] = {}
        self.gone: list[dict[str, Any]] = []
        self.latest = START
        self.api.authorize = lambda call: call.headers.get("Authorization") == f"Bearer {KEY}"
        self.api.route("GET", "/v1/orders")(self._list)
        self.api.route("GET", "/v1/orders/deleted")(self._deleted)

    # what the contract suite moves

    def settings(self) -> dict[str, Any]:
        """The settings of the connection."""
        return {"base_url": self.api.base_url, "api_key": KEY}

    def secrets(self) -> Sequence[str]:
        """What may never show up."""
        return (KEY,)

    def fill(self, count: int) -> list[str]:
        """Add orders, a second apart."""
        return [self._order(self._later()) for _ in range(count)]

    def change(self, key: str) -> None:
        """Change an amount."""
        self.orders[key].update(cents=self.orders[key]["cents"] + 1, changed_at=self._later())

    def same_second(self, count: int) -> list[str]:
        """Add orders of one second."""
        self.latest = max(self.latest, SHARED)
        return [self._order(_text(SHARED)) for _ in range(count)]

    def remove(self, key: str) -> None:
        """Delete an order."""
        del self.orders[key]
        self.gone.append({"number": key, "at": self._later()})

    def custom(self, key: str, value: str) -> str:
        """Give an order a field of the customer's own."""
        self.orders[key]["fields"]["colour"] = value
        return "colour"

    def money(self) -> tuple[str, str, str]:
        """An order in yen."""
        key = self._order(self._later())
        self.orders[key].update(cents=500, currency="JPY")
        return "sales_order", key, "500"

    # Acme itself

    def _later(self) -> str:
        self.latest += timedelta(seconds=1)
        return _text(self.latest)

    def _order(self, changed: str) -> str:
        key = f"o{len(self.orders) + len(self.gone) + 1:06}"
        self.orders[key] = {
            "number": key, "customer": "c1", "date": changed, "changed_at": changed, "cents": 1999, "currency": "USD",
            "fields": {},
        }  # fmt: skip
        return key

    def _list(self, call: Call) -> Any:
        since, offset, limit = (
            _since(call, "changed_since"),
            int(call.query.get("after", "0")),
            int(call.query["limit"]),
        )
        found = sorted(
            (order for order in self.orders.values() if order["changed_at"] >= since),
            key=lambda order: (order["changed_at"], order["number"]),
        )
        more = offset + limit < len(found)
        return {"orders": found[offset : offset + limit], "next": str(offset + limit) if more else None}

    def _deleted(self, call: Call) -> Any:
        since = _since(call, "since")
        return {"orders": [order for order in self.gone if order["at"] >= since]}


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _since(call: Call, name: str) -> str:
    given = call.query.get(name)
    return _text(datetime.fromisoformat(given)) if given else ""
