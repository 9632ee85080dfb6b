"""A small random company with everything that makes recurring revenue hard. Seeded."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

Row = dict[str, Any]
FIRST = date(2025, 1, 1)
THROUGH = date(2026, 5, 20)
_SEGMENTS = ("SMB", "MM", "ENT")
_CURRENCIES = ("USD", "USD", "EUR", "GBP", "JPY")
_STAGES = ("lead", "mql", "sal", "sql", "opportunity", "customer")


def table(rows: Iterable[Row]) -> str:
    """Rows in the form :func:`revalign_udf.testing.project_of` reads."""
    rows = list(rows)
    names = list(rows[0])
    lines = [" ".join("-" if row[name] is None else str(row[name]) for name in names) for row in rows]
    return "\n".join([" ".join(names), *lines])


class Company:
    """Rows by canonical table."""

    def __init__(self, seed: int, *, invoiced: bool) -> None:
        self.random, self.invoiced = random.Random(seed), invoiced
        self.tables: dict[str, list[Row]] = {}
        self._people()
        self._rates()
        self._recurring()
        self._invoices() if invoiced else self._orders()
        self._expenses()
        self._funnel()

    def rows(self, name: str) -> list[Row]:
        return self.tables.get(name, [])

    def texts(self) -> dict[str, str]:
        return {name: table(rows) for name, rows in self.tables.items() if rows}

    def day(self, first: date = FIRST, last: date = THROUGH) -> date:
        return first + timedelta(days=self.random.randint(0, (last - first).days))

    def maybe(self, value: Any, chance: float = 0.5) -> Any:
        return value if self.random.random() < chance else None

    def _people(self) -> None:
        pick = self.random.choice
        self.orgs = [f"o{n:02d}" for n in range(16)]
        self.tables["organization"] = [
            {"id": key, "name": key.upper(), "segment": self.maybe(pick(_SEGMENTS), 0.8), "country": pick(("SE", "DE"))}
            for key in self.orgs
        ]
        # one customer under two keys, and one link that has ended
        self.tables["identity_link"] = [
            {"entity": "organization", "source_a": "files", "id_a": a, "source_b": "files", "id_b": b, "valid_to": to}
            for a, b, to in (("o14", "o03", None), ("o15", "o14", None), ("o12", "o01", "2025-06-01"))
        ]
        history: list[Row] = []
        for key in self.random.sample(self.orgs, 8):
            for attribute, values in (("segment", _SEGMENTS), ("country", ("SE", "DE", "US"))):
                history += [
                    {"entity": "organization", "entity_id": key, "attribute": attribute, "value": pick(values),
                     "valid_from": day, "valid_to": self.maybe(day + timedelta(days=self.random.randint(1, 90)), 0.3)}
                    for day in sorted({self.day() for _ in range(self.random.randint(0, 3))})
                ]  # fmt: skip
        self.tables["attribute_history"] = history
        self.tables["person"] = [
            {"id": f"p{n}", "org_id": self.maybe(pick(self.orgs), 0.7), "first_source": self.maybe(pick(("ads", "web"))),
             "first_touch_at": self.day()}
            for n in range(12)
        ]  # fmt: skip
        self.tables["product"] = [
            {"id": f"pr{n}", "name": f"P{n}", "product_line": ("core", "core", "extra")[n]} for n in range(3)
        ]

    def _rates(self) -> None:
        rows, level = [], {"EUR": 1.1, "GBP": 1.3, "JPY": 150.0}
        for week in range(75):
            for code, rate in list(level.items()):
                level[code] = rate * (1 + self.random.uniform(-0.02, 0.02))
                pair = ("USD", code) if code == "JPY" else (code, "USD")  # yen are known the other way round
                rows.append({"date": FIRST - timedelta(days=9) + timedelta(days=7 * week), "from_currency": pair[0],
                             "to_currency": pair[1], "rate": f"{level[code]:.5f}"})  # fmt: skip
        self.tables["fx_rate"] = rows

    def _recurring(self) -> None:
        pick, whole = self.random.choice, self.random.randint
        subscriptions: list[Row] = []
        items: list[Row] = []
        for number in range(24):
            code, began = pick(_CURRENCIES), self.day(last=date(2026, 4, 1))
            ended = self.maybe(began + timedelta(days=whole(20, 400)), 0.4)
            cancelled = self.maybe(self.day(began), 0.3)
            subscriptions.append(
                {"id": f"s{number}", "org_id": pick(self.orgs), "started_at": began, "ended_at": ended,
                 "cancelled_at": cancelled, "currency": code, "status": pick(("active", "canceled"))}
            )  # fmt: skip
            day = began
            for _ in range(whole(1, 4)):
                until = day + timedelta(days=whole(0, 200))
                items.append(
                    {"id": f"i{len(items)}", "subscription_id": f"s{number}", "valid_from": day,
                     "valid_to": self.maybe(until, 0.7),
                     "amount": whole(1, 900) if code == "JPY" else f"{whole(-500, 9000) / 100:.2f}",
                     "quantity": pick((1, 1, 2, 3, "0.5")),
                     "interval": pick(("month", "month", "year", "quarter", "week", "day")),
                     "interval_count": pick((1, 1, 1, 2, 3)), "discount_amount": pick((0, 0, 0, "5.25")),
                     "currency": self.maybe(pick(_CURRENCIES), 0.15), "product_id": self.maybe(f"pr{whole(0, 2)}", 0.8),
                     "one_time": pick(("false",) * 9 + ("true",)), "metered": pick(("false",) * 9 + ("true",))}
                )  # fmt: skip
                # the next one begins the day this one ends (a swap), later (a pause), or beside it (an upgrade)
                day = pick((until, until, until + timedelta(days=whole(1, 60)), day + timedelta(days=whole(0, 40))))
        items.append({**items[0], "id": "orphan", "subscription_id": "nowhere"})
        self.tables |= {"subscription": subscriptions, "subscription_item_period": items}

    def _orders(self) -> None:
        pick, whole = self.random.choice, self.random.randint
        orders: list[Row] = []
        for number in range(70):
            person = self.random.random() < 0.3
            orders.append(
                {"id": f"q{number}", "org_id": None if person else pick(self.orgs),
                 "person_id": f"p{whole(0, 11)}" if person else None, "ordered_at": self.day(),
                 "amount": f"{whole(-2000, 20000) / 100:.2f}", "currency": self.maybe(pick(_CURRENCIES)),
                 "kind": self.maybe(pick(("new", "upsell", "cross_sell", "new_product", "repeat")), 0.6),
                 "product_id": self.maybe(f"pr{whole(0, 2)}")}
            )  # fmt: skip
        self.tables["sales_order"] = orders

    def _invoices(self) -> None:
        pick, whole = self.random.choice, self.random.randint
        invoices: list[Row] = []
        lines: list[Row] = []
        for number in range(45):
            own = [
                {"id": f"l{number}_{n}", "invoice_id": f"v{number}", "amount": f"{whole(100, 50000) / 100:.2f}",
                 "kind": pick(("subscription", "usage", "credit", "one_time")), "product_id": self.maybe(f"pr{whole(0, 2)}")}
                for n in range(whole(1, 3))
            ]  # fmt: skip
            lines += own
            invoices.append(
                {"id": f"v{number}", "org_id": pick(self.orgs), "issued_at": self.day(),
                 "status": pick(("paid", "open", "paid", "void", "draft")), "total": self.maybe(whole(120, 900)),
                 "tax": self.maybe(whole(0, 99)), "currency": pick(_CURRENCIES)}
            )  # fmt: skip
        back: dict[str, list[Row]] = {"credit_note": [], "refund": []}
        for number in range(22):
            name = pick(("credit_note", "refund", "refund"))
            back[name].append(
                {"id": f"b{number}", "invoice_id": self.maybe(f"v{whole(0, 44)}", 0.5), "payment_id": f"y{whole(0, 44)}",
                 "org_id": pick(self.orgs), "amount": f"{whole(100, 30000) / 100:.2f}", "at": self.day(),
                 "status": pick(("issued", "failed", None)), "currency": None}
            )  # fmt: skip
        payments = [{"id": f"y{n}", "invoice_id": f"v{n}", "amount": 1, "at": FIRST} for n in range(45)]
        self.tables |= {"invoice": invoices, "invoice_line": lines, "payment": payments, **back}

    def _expenses(self) -> None:
        pick, whole = self.random.choice, self.random.randint
        rows: list[Row] = []
        for number in range(40):
            day, ranged = self.day(), self.random.random() < 0.6
            rows.append(
                {"id": f"e{number}", "date": None if ranged else day, "period_start": day if ranged else None,
                 "period_end": day + timedelta(days=whole(0, 70)) if ranged else None,
                 "amount": f"{whole(-3000, 90000) / 100:.2f}", "currency": self.maybe(pick(_CURRENCIES)),
                 "function": pick(("marketing", "sales", "success", "product")),
                 "kind": self.maybe(pick(("salary", "programme", "cogs")), 0.8), "channel": self.maybe(pick(("ads", "event"))),
                 "product_id": self.maybe(f"pr{whole(0, 2)}")}
            )  # fmt: skip
        self.tables["expense"] = rows

    def _funnel(self) -> None:
        pick, whole = self.random.choice, self.random.randint
        leads: list[Row] = []
        events: list[Row] = []
        deals: list[Row] = []
        contacts: list[Row] = []
        for number in range(40):
            created = self.day(last=date(2026, 4, 1))
            leads.append(
                {"id": f"d{number}", "created_at": created, "person_id": self.maybe(f"p{whole(0, 11)}"),
                 "org_id": self.maybe(pick(self.orgs), 0.3), "channel": self.maybe(pick(("ads", "event")), 0.7),
                 "lead_source": self.maybe(pick(("x", "y"))), "opportunity_id": None}
            )  # fmt: skip
            at = created
            for stage in self.random.sample(_STAGES, whole(0, 5)) if number % 3 else _STAGES[: whole(0, 6)]:
                at += timedelta(days=whole(-2, 25))
                events.append({"subject_type": "lead", "subject_id": f"d{number}", "stage": stage, "occurred_at": at})
        for number in range(14):
            made = self.day(last=date(2026, 4, 1))
            won = pick(("won", "won", "lost", "open"))
            deals.append(
                {"id": f"op{number}", "org_id": pick(self.orgs), "created_at": made,
                 "closed_at": made + timedelta(days=whole(1, 80)), "outcome": won,
                 "type": self.maybe(pick(("new", "new", "expansion")), 0.8),
                 "lead_id": self.maybe(f"d{whole(0, 45)}", 0.3), "channel": self.maybe("partner", 0.3)}
            )  # fmt: skip
            if number < 6:
                leads[whole(0, 39)]["opportunity_id"] = f"op{number}"
            contacts.append({"opportunity_id": f"op{number}", "person_id": f"p{whole(0, 11)}",
                             "is_primary": pick(("true", "true", "false"))})  # fmt: skip
            if number % 2:
                events.append({"subject_type": "opportunity", "subject_id": f"op{number}", "stage": pick(_STAGES[3:]),
                               "occurred_at": made + timedelta(days=whole(0, 30))})  # fmt: skip
        for number in range(12):
            kind = pick(("person", "organization", "lead"))
            subject = {"person": f"p{number}", "organization": pick(self.orgs), "lead": "nobody"}[kind]
            stage = pick((*_STAGES, "churned", "made_up"))
            events.append({"subject_type": kind, "subject_id": subject, "stage": stage, "occurred_at": self.day()})
        rows = [{"id": f"ev{n}", **event} for n, event in enumerate(events)]
        self.tables |= {"lead": leads, "lifecycle_event": rows, "opportunity": deals, "opportunity_contact": contacts}
