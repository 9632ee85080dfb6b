"""Reads one stream without a store: messages applied to rows by key, as the sync engine means them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from revalign_stripe import StripeConnector
from revalign_udf.connector import Context, Log, Mark, Present, Records, Rejected, Tombstones


class Reader:
    def __init__(self, stripe: Any, stream: str = "subscriptions", **settings: Any) -> None:
        self.stripe, self.name = stripe, stream
        self.settings = {"history": True, **settings}
        self.connector = StripeConnector()
        self.state: dict[str, Any] = {}
        self.rows: dict[str, dict[str, dict[str, Any]]] = {}
        self.said: list[str] = []
        self.rejects: list[str] = []
        self.calls: list[str] = []

    def pull(self, *, marks: int | None = None) -> int:
        """Read what is new; stop after so many marks, as a pull that is killed. Returns the number of calls."""
        api = self.stripe.api
        first = len(api.calls)
        settings = {"api_key": "rk_live_51LoopbackOnly", "base_url": api.base_url, **self.settings}
        ctx = Context(
            "stripe", settings, clock=lambda: datetime.fromtimestamp(self.stripe.now, UTC), sleep=lambda _s: None
        )
        try:
            stream = next(one for one in self.connector.discover(ctx) if one.name == self.name)
            present: dict[str, set[str]] = {}
            for message in self.connector.read(ctx, stream, self.state):
                self._take(message, present)
                if isinstance(message, Mark) and marks is not None:
                    marks -= 1
                    if not marks:
                        break
        finally:
            ctx.close()
        self.calls = [call.target for call in api.calls[first:]]
        return len(self.calls)

    def _take(self, message: Any, present: dict[str, set[str]]) -> None:
        if isinstance(message, Records):
            for record in message.records:
                for table, row in self.connector.map(message.stream, record, {}):
                    self.rows.setdefault(table, {})[row["id"]] = dict(row)
        elif isinstance(message, Tombstones):
            for key in message.keys:
                self.rows.get(message.table, {}).pop(key, None)
        elif isinstance(message, Present):
            present.setdefault(message.table, set()).update(message.keys)
            if message.last:
                rows = self.rows.get(message.table, {})
                for key in set(rows) - present[message.table]:
                    del rows[key]
        elif isinstance(message, Mark):
            self.state = dict(message.state)
        elif isinstance(message, Log):
            self.said.append(message.text)
        elif isinstance(message, Rejected):
            self.rejects.append(message.reason)

    def periods(self, subscription: str = "") -> list[dict[str, Any]]:
        """Periods by item and start."""
        rows = self.rows.get("subscription_item_period", {}).values()
        chosen = [row for row in rows if subscription in ("", row["subscription_id"])]
        return sorted(chosen, key=lambda row: (row["id"].split(":")[0], row["valid_from"]))

    def brief(self, subscription: str = "") -> list[tuple[str, str | None, str, str, str]]:
        """(from, to, amount, quantity, discount) with days as dates."""
        return [
            (row["valid_from"][:10], row["valid_to"] and row["valid_to"][:10], row["amount"], row["quantity"],
             row["discount_amount"])
            for row in self.periods(subscription)
        ]  # fmt: skip
