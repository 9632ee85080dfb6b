"""A shop whose orders a dlt resource reads."""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from revalign_dlt import DltConnector
from revalign_udf.connector import Connector
from revalign_udf.testing import Vendor, without_http

START = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "shop-key-91ab4d"
HERE = Path(__file__).parent
ORDERS = {
    "stream": "orders",
    "table": "sales_order",
    "columns": {
        "ordered_at": "placed_at",
        "amount": "total.amount",
        "currency": "total.currency",
        "org_id": "customer",
    },
    "attrs": ["note"],
}


class DltVendor(Vendor):
    """Orders in a file; the resource's incremental cursor says what is new."""

    connector: ClassVar[Connector] = DltConnector(batch=50)
    page_size = 50
    main = "orders"
    table = "sales_order"
    now = datetime(2026, 6, 1, tzinfo=UTC)
    skips: ClassVar = without_http(
        "what goes over HTTP is the resource's own business",
        test_merged_is_linked="dlt has no hint for a merge",
        test_an_unknown_stage_is_kept_and_reported="the orders of the test have no stages: a resource has those it is given",
        test_more_than_the_search_gives="the limits of a search are the resource's own business",
        test_nights_with_23_or_25_hours="rows come in bulk; test_foreign has instants of every kind",
        test_a_stopped_pull_ends_soon="the rule counts calls over HTTP; test_dlt stops a resource between pages",
    )
    del skips["test_revoked_credentials_say_what_to_do"]  # what a resource raises is passed on

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="revalign-dlt-test-")
        self.file = Path(self._folder.name) / "orders.json"
        self.orders: dict[str, dict[str, Any]] = {}
        self.latest = START
        self.revoked = False
        os.environ["REVALIGN_TEST_SHOP_KEY"] = KEY
        if str(HERE) not in sys.path:
            sys.path.append(str(HERE))
        self.save()

    def save(self) -> None:
        self.file.write_text(json.dumps({"revoked": self.revoked, "orders": list(self.orders.values())}))

    def close(self) -> None:
        os.environ.pop("REVALIGN_TEST_SHOP_KEY", None)
        self._folder.cleanup()
        super().close()

    def settings(self) -> dict[str, Any]:
        return {
            "resource": "shop_dlt:shop",
            "arguments": {"file": str(self.file), "api_key": "$env:REVALIGN_TEST_SHOP_KEY"},
            "tables": [ORDERS],
        }

    def secrets(self) -> Sequence[str]:
        return [KEY]

    def add(self, moment: datetime, **more: Any) -> str:
        key = f"o{len(self.orders) + 1:07}"
        total = {"amount": len(self.orders) + 0.25, "currency": "EUR"}
        self.orders[key] = {
            "id": key, "customer": "c1", "placed_at": START.isoformat(), "total": total, "note": None,
            "changed_at": moment.isoformat(), "removed": False, **more,
        }  # fmt: skip
        return key

    def next(self) -> datetime:
        self.latest += timedelta(seconds=1)
        return self.latest

    def fill(self, count: int) -> list[str]:
        keys = [self.add(self.next()) for _ in range(count)]
        self.save()
        return keys

    def _set(self, key: str, **values: Any) -> None:
        self.orders[key].update(values, changed_at=self.next().isoformat())
        self.save()

    def change(self, key: str) -> None:
        self._set(key, total={"amount": 7777.5, "currency": "EUR"})

    def same_second(self, count: int) -> list[str]:
        if not hasattr(self, "_second"):
            self._second = self.next()
        keys = [self.add(self._second) for _ in range(count)]
        self.save()
        return keys

    def remove(self, key: str) -> None:
        self._set(key, removed=True)

    def custom(self, key: str, value: str) -> str:
        self._set(key, note=value)
        return "note"

    def money(self) -> tuple[str, str, str]:
        key = self.add(self.next(), total={"amount": 5000, "currency": "JPY"})
        self.save()
        return "sales_order", key, "5000"

    def revoke(self) -> None:
        self.revoked = True
        self.save()
