"""The catalogue's definitions a second time: plain Python over plain rows, slow and obvious.

Written from the definitions, not from the kernels. Money is Fractions of a major unit; days are dates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

Where = dict[str, str]
Row = dict[str, Any]
ONE = timedelta(days=1)
NONE = "(none)"
STAGES = ("lead", "mql", "sal", "sql", "opportunity", "customer")
_TIMES = {"month": 12, "quarter": 4, "year": 1, "week": 52, "day": 365}
_ITEM = ("product", "product_line", "currency", "system")


class NoValue(Exception):
    """There is no number."""


def number(value: Any) -> Fraction:
    return Fraction(Decimal(str(value)))


def half_away(value: Fraction) -> int:
    size = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return size if value >= 0 else -size


def micro(value: Fraction) -> Fraction:
    """Amounts are kept in millionths."""
    return Fraction(half_away(value * 10**6), 10**6)


def divide(above: Fraction, below: Fraction) -> Fraction:
    if not below:
        raise NoValue
    return above / below


class Oracle:
    def __init__(self, tables: dict[str, list[Row]], company: str, through: date) -> None:
        self.tables, self.company, self.through = tables, company, through
        self._root = self._roots()
        self.balance = cache(self._balance)
        self.rate = cache(self._rate)
        self.attribute = cache(self._attribute)

    def rows(self, name: str) -> list[Row]:
        return self.tables.get(name, [])

    # --- who is who ---------------------------------------------------------------------------------------------

    def _roots(self) -> dict[str, str]:
        groups = [{row["id"]} for row in self.rows("organization")]
        for link in self.rows("identity_link"):
            if link["valid_to"] is None:
                joined = [group for group in groups if link["id_a"] in group or link["id_b"] in group]
                groups = [group for group in groups if group not in joined] + [set().union(*joined)]
        return {key: min(group) for group in groups for key in group}

    def customer(self, org: str | None, person: str | None = None) -> str:
        if org is None and person is not None:
            org = next(row["org_id"] for row in self.rows("person") if row["id"] == person)
            if org is None:
                return f"person {person}"
        return self._root[str(org)]

    def _attribute(self, customer: str, name: str, day: date) -> str:
        """A customer's attribute on a day."""
        if name == "cohort":
            return f"{self.starts[customer]:%Y-%m}" if customer in self.starts else NONE
        if name in ("channel", "lead_source", "campaign"):
            return self.origins.get(customer, {}).get(name) or NONE
        keys = sorted(key for key, root in self._root.items() if root == customer)
        history = [
            row for row in self.rows("attribute_history")
            if row["entity_id"] in keys and row["attribute"] == name and row["valid_from"] <= day
        ]  # fmt: skip
        if history:
            newest = max(row["valid_from"] for row in history)
            row = min((row for row in history if row["valid_from"] == newest), key=lambda row: str(row["value"]))
            if row["valid_to"] is None or day < row["valid_to"]:
                return str(row["value"])
        for row in sorted(self.rows("organization"), key=lambda row: str(row["id"])):
            if row["id"] in keys and row.get(name) is not None:
                return str(row[name])
        return NONE

    @cached_property
    def origins(self) -> dict[str, Row]:
        found: dict[str, Row] = {}
        people = [row for row in self.rows("person") if row["first_source"] is not None]
        for row in sorted(people, key=lambda row: (row["first_touch_at"], row["id"])):
            found.setdefault(self.customer(row["org_id"], row["id"]), {"channel": row["first_source"]})
        won = [row for row in self.rows("opportunity") if row["outcome"] == "won" and row["type"] in (None, "new")]
        seen = set()
        for row in sorted(won, key=lambda row: (row["closed_at"], row["id"])):
            if (key := self.customer(row["org_id"])) in seen:
                continue
            seen.add(key)
            lead = next((lead for lead in self.rows("lead") if lead["id"] == self.lead_of_deal(row)), {})
            found[key] = {
                "channel": row["channel"] or lead.get("channel") or found.get(key, {}).get("channel"),
                "lead_source": lead.get("lead_source"),
            }
        return found

    # --- money --------------------------------------------------------------------------------------------------

    def _rate(self, day: date, code: str) -> Fraction:
        if code == self.company:
            return Fraction(1)

        def latest(source: str, target: str) -> Fraction | None:
            fit = [
                row for row in self.rows("fx_rate")
                if (row["from_currency"], row["to_currency"]) == (source, target)
                and timedelta(0) <= day - row["date"] <= timedelta(days=7)
            ]  # fmt: skip
            return number(max(fit, key=lambda row: row["date"])["rate"]) if fit else None

        direct, inverse = latest(code, self.company), latest(self.company, code)
        rate = direct if direct is not None else 1 / inverse if inverse is not None else None
        if rate is None:
            raise NoValue
        return Fraction(half_away(rate * 10**12), 10**12)

    @cached_property
    def lines(self) -> dict[str | None, str | None]:
        return {row["id"]: row["product_line"] for row in self.rows("product")}

    def fits(self, customer: str | None, own: Row, day: date, where: Where) -> bool:
        """Whether a row (its own columns, its customer on a day) lies in a slice."""
        for name, wanted in where.items():
            if name == "system":
                value: str | None = "files"
            elif name in own:
                value = own[name]
            else:
                value = None if customer is None else self.attribute(customer, name, day)
            if (value or NONE) != wanted:
                return False
        return True

    # --- recurring ----------------------------------------------------------------------------------------------

    @cached_property
    def items(self) -> list[Row]:
        """What counts towards MRR: customer, first day, day after the last, yearly amount, and the item's own columns."""
        subscriptions = {row["id"]: row for row in self.rows("subscription")}
        found = []
        for row in self.rows("subscription_item_period"):
            parent = subscriptions.get(row["subscription_id"])
            if parent is None or row["one_time"] == "true" or row["metered"] == "true":
                continue
            ends = [day for day in (row["valid_to"], parent["ended_at"]) if day is not None]
            end = min(ends, default=None)
            if end is not None and end <= row["valid_from"]:
                continue
            per = number(row["amount"]) * number(row["quantity"]) - number(row["discount_amount"])
            found.append(
                {"customer": self.customer(parent["org_id"]), "start": row["valid_from"], "end": end, "id": row["id"],
                 "yearly": micro(per * _TIMES[row["interval"]] / number(row["interval_count"])),
                 "currency": row["currency"] or parent["currency"], "product": row["product_id"],
                 "product_line": self.lines.get(row["product_id"])}
            )  # fmt: skip
        return found

    @cached_property
    def of_customer(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for item in self.items:
            found.setdefault(item["customer"], []).append(item)
        return found

    def _balance(self, customer: str, day: date, own: tuple[tuple[str, str], ...], at: date | None = None) -> Fraction:
        """MRR of a customer at the end of a day, at the rates of ``at`` (else of that day)."""
        amounts: dict[str, Fraction] = {}
        for item in self.of_customer.get(customer, ()):
            alive = item["start"] <= day and (item["end"] is None or day < item["end"])
            if alive and self.fits(None, item, day, dict(own)):
                amounts[item["currency"]] = amounts.get(item["currency"], Fraction(0)) + item["yearly"]
        return sum((x * self.rate(at or day, code) for code, x in amounts.items() if x), Fraction(0)) / 12

    @cached_property
    def movements(self) -> list[tuple[date, str, str, Fraction, Row]]:
        """(day, customer, kind, monthly amount at the rate of the day, item)."""
        found = []
        for customer, items in self.of_customer.items():
            paid = False
            days = {
                day for item in items for day in (item["start"], item["end"]) if day is not None and day <= self.through
            }
            for day in sorted(days):
                before, after = self.balance(customer, day - ONE, (), day), self.balance(customer, day, ())
                if before <= 0 < after:
                    kind, paid = ("reactivation" if paid else "new"), True
                elif after <= 0 < before:
                    kind = "churned"
                else:
                    kind = "expansion" if after >= before else "contraction"
                for item in items:
                    sign = (item["start"] == day) - (item["end"] == day)
                    if sign:
                        amount = sign * item["yearly"] * self.rate(day, item["currency"]) / 12
                        found.append((day, customer, kind, amount, item))
        return found

    @cached_property
    def starts(self) -> dict[str, date]:
        """Customer -> first date ever with MRR above zero or an order."""
        found: dict[str, date] = {}
        events = [(day, customer) for day, customer, kind, _, _ in self.movements if kind == "new"]
        events += [
            (row["ordered_at"], self.customer(row["org_id"], row["person_id"]))
            for row in self.rows("sales_order")
            if number(row["amount"]) >= 0
        ]
        for day, customer in events:
            found[customer] = min(day, found.get(customer, day))
        return found

    def populated(self, start: date, end: date, where: Where, side: str) -> Iterator[tuple[Fraction, Fraction]]:
        """(opening, closing) of every customer in a slice, the slice taken at the start or the end."""
        own = tuple(sorted((k, v) for k, v in where.items() if k in _ITEM))
        attributes = {k: v for k, v in where.items() if k not in _ITEM}
        for customer in self.of_customer:
            if self.fits(customer, {}, (start if side == "start" else end) - ONE, attributes):
                yield self.balance(customer, start - ONE, own), self.balance(customer, end - ONE, own)

    def moved(self, start: date, end: date, where: Where, *, entering: bool) -> Fraction:
        own = tuple(sorted((k, v) for k, v in where.items() if k in _ITEM))
        attributes = {k: v for k, v in where.items() if k not in _ITEM}
        total, day = Fraction(0), start
        if not attributes:
            return total
        while day < end:
            for customer in self.of_customer:
                was = self.fits(customer, {}, day - ONE, attributes)
                is_ = self.fits(customer, {}, day, attributes)
                if was != is_ and is_ == entering:
                    total += self.balance(customer, day - ONE, own, day) * (1 if entering else -1)
            day += ONE
        return total

    # --- sales, spend -------------------------------------------------------------------------------------------

    @cached_property
    def sales(self) -> list[Row]:
        found: list[Row] = []

        def add(customer: str, day: date, amount: Fraction, orders: int, code: str | None, **more: Any) -> None:
            own = {"kind": None, "product": None, **more}
            found.append({"customer": customer, "day": day, "amount": amount, "orders": orders,
                          "currency": code or self.company, **own, "product_line": self.lines.get(own["product"])})  # fmt: skip

        for row in self.rows("sales_order"):
            amount = micro(number(row["amount"]))
            add(self.customer(row["org_id"], row["person_id"]), row["ordered_at"], amount, int(amount >= 0), row["currency"],
                kind=row["kind"], product=row["product_id"])  # fmt: skip
        if not self.rows("sales_order"):
            self._invoiced(add)
        since: dict[str, date] = {}
        for sale in found:
            since[sale["customer"]] = min(sale["day"], since.get(sale["customer"], sale["day"]))
        for sale in found:
            sale["since"] = self.starts.get(sale["customer"], since[sale["customer"]])
        return found

    def _invoiced(self, add: Callable[..., None]) -> None:
        invoices = {row["id"]: row for row in self.rows("invoice")}
        live = {key: row for key, row in invoices.items() if row["status"] not in ("void", "draft")}
        for key, invoice in live.items():
            lines = sorted(
                (row for row in self.rows("invoice_line") if row["invoice_id"] == key), key=lambda row: str(row["id"])
            )
            signed = [-number(row["amount"]) if row["kind"] == "credit" else number(row["amount"]) for row in lines]
            for place, (row, amount) in enumerate(zip(lines, signed, strict=True)):
                order = int(place == 0 and sum(signed) >= 0)
                add(self.customer(invoice["org_id"]), invoice["issued_at"], amount, order, invoice["currency"],
                    product=row["product_id"])  # fmt: skip
        invoice_of = {row["id"]: row["invoice_id"] for row in self.rows("payment")}

        def standing(table: str) -> Iterator[tuple[Row, Row]]:
            for row in sorted(self.rows(table), key=lambda row: (row["at"], row["id"])):
                invoice = invoices[row["invoice_id"] or invoice_of[row["payment_id"]]]
                if row["status"] != "failed" and invoice["id"] in live:
                    yield row, invoice

        noted: dict[str, Fraction] = {}
        for row, invoice in standing("credit_note"):
            amount = number(row["amount"])
            noted[invoice["id"]] = noted.get(invoice["id"], Fraction(0)) + amount
            add(self.customer(invoice["org_id"]), row["at"], -amount, 0, invoice["currency"])
        for row, invoice in standing("refund"):
            amount, total, tax = number(row["amount"]), invoice["total"], invoice["tax"]
            if total and tax:
                amount = micro(amount * (total - tax) / total)
            covered = min(amount, noted.get(invoice["id"], Fraction(0)))
            noted[invoice["id"]] = noted.get(invoice["id"], Fraction(0)) - covered
            if amount - covered:
                add(self.customer(invoice["org_id"]), row["at"], covered - amount, 0, invoice["currency"])

    @cached_property
    def spend(self) -> list[Row]:
        found: list[Row] = []
        for row in self.rows("expense"):
            first, last = row["date"] or row["period_start"], row["date"] or row["period_end"]
            days, micros = (last - first).days + 1, half_away(number(row["amount"]) * 10**6)
            whole, rest = divmod(abs(micros), days)
            for place in range(days):
                part = (whole + (place < rest)) * (1 if micros >= 0 else -1)
                found.append({**row, "day": first + timedelta(days=place), "amount": Fraction(part, 10**6),
                              "currency": row["currency"] or self.company, "product": row["product_id"],
                              "product_line": self.lines.get(row["product_id"]), "campaign": None, "team": None})  # fmt: skip
        return found

    # --- funnel -------------------------------------------------------------------------------------------------

    def lead_of_deal(self, deal: Row) -> str | None:
        leads = self.rows("lead")

        def latest(fit: list[Row]) -> str:
            newest = max(row["created_at"] for row in fit)
            return min(str(row["id"]) for row in fit if row["created_at"] == newest)

        if naming := [row for row in leads if row["opportunity_id"] == deal["id"]]:
            early = [row for row in naming if row["created_at"] <= deal["created_at"]]
            return latest(early or naming)
        if any(row["id"] == deal["lead_id"] for row in leads):
            return str(deal["lead_id"])
        people = {row["person_id"] for row in self.rows("opportunity_contact")
                  if row["opportunity_id"] == deal["id"] and row["is_primary"] == "true"}  # fmt: skip
        fit = [row for row in leads if row["person_id"] in people and row["created_at"] <= deal["created_at"]]
        return latest(fit) if fit else None

    @cached_property
    def reached(self) -> dict[str, dict[str, date]]:
        """Lead -> stage -> day."""
        leads = self.rows("lead")
        org_of = {row["id"]: row["org_id"] for row in self.rows("person")}
        deals = {row["id"]: row for row in self.rows("opportunity")}
        at: dict[str, list[tuple[int, date]]] = {row["id"]: [] for row in leads}
        for event in self.rows("lifecycle_event"):
            if event["stage"] not in STAGES:
                continue
            kind, subject, home = event["subject_type"], event["subject_id"], None
            if kind == "lead":
                home = subject
            elif kind == "opportunity":
                home = self.lead_of_deal(deals[subject])
            else:
                fit = [row for row in leads if subject == (
                    row["person_id"] if kind == "person" else row["org_id"] or org_of.get(row["person_id"]))]  # fmt: skip
                early = [row for row in fit if row["created_at"] <= event["occurred_at"]]
                if early:
                    newest = max(row["created_at"] for row in early)
                    home = min(str(row["id"]) for row in early if row["created_at"] == newest)
                elif fit:
                    home = min((row["created_at"], str(row["id"])) for row in fit)[1]
            if home in at:
                at[str(home)].append((STAGES.index(event["stage"]), event["occurred_at"]))
        highest = {key: max((place for place, _ in events), default=-1) for key, events in at.items()}
        for row in leads:
            if not any(place == 0 for place, _ in at[row["id"]]):
                at[row["id"]].append((0, row["created_at"]))
        for deal in deals.values():
            home = self.lead_of_deal(deal)
            if home is None or deal["type"] not in (None, "new"):
                continue
            if highest[home] < 4:
                at[home].append((4, deal["created_at"]))
            if highest[home] < 5 and deal["outcome"] == "won":
                at[home].append((5, deal["closed_at"]))
        return {
            key: {stage: min(day for p, day in events if p >= place)
                  for place, stage in enumerate(STAGES) if any(p >= place for p, _ in events)}
            for key, events in at.items()
        }  # fmt: skip

    # --- components ---------------------------------------------------------------------------------------------

    def first_day(self, fact: str) -> date:
        days: dict[str, Callable[[], list[date]]] = {
            "movement": lambda: [day for day, *_ in self.movements],
            "sale": lambda: [sale["day"] for sale in self.sales],
            "spend": lambda: [row["day"] for row in self.spend],
            "start": lambda: list(self.starts.values()),
            "reach": lambda: [day for stages in self.reached.values() for day in stages.values()],
        }
        return min(days[fact]())

    def clip(self, fact: str, start: date, end: date) -> tuple[date, date]:
        if end <= self.first_day(fact) or start > self.through:
            raise NoValue
        return start, min(end, self.through + ONE)

    def sold(self, start: date, end: date, where: Where, rule: Callable[[Row], bool], what: str = "amount") -> Fraction:
        start, end = self.clip("sale", start, end)
        total = Fraction(0)
        for sale in self.sales:
            own = {name: sale[name] for name in ("product", "product_line", "currency")}
            if start <= sale["day"] < end and rule(sale) and self.fits(sale["customer"], own, sale["day"], where):
                total += (
                    sale["orders"] if what == "orders" else sale["amount"] * self.rate(sale["day"], sale["currency"])
                )
        return total

    def spent(self, start: date, end: date, where: Where, rule: Callable[[Row], bool]) -> Fraction:
        start, end = self.clip("spend", start, end)
        for name in ("product", "product_line", "channel", "campaign", "team"):
            others = {field: value for field, value in where.items() if field != name}
            ruled = [row for row in self.spend if rule(row)]
            here = [row for row in ruled if start <= row["day"] < end and self.fits(None, row, row["day"], others)]
            # what no expense ever names says nothing of any value of it
            if where.get(name, NONE) != NONE and not any(row[name] for row in ruled) and sum(r["amount"] for r in here):
                raise NoValue
        return sum(
            (row["amount"] * self.rate(row["day"], row["currency"]) for row in self.spend
             if start <= row["day"] < end and rule(row) and self.fits(None, row, row["day"], where)),
            Fraction(0),
        )  # fmt: skip

    def began(self, start: date, end: date, where: Where) -> Fraction:
        start, end = self.clip("start", start, end)
        return Fraction(sum(start <= day < end and self.fits(key, {}, day, where) for key, day in self.starts.items()))

    def flow(self, kind: str, start: date, end: date, where: Where) -> Fraction:
        start, end = self.clip("movement", start, end)
        return sum(
            (amount for day, customer, name, amount, item in self.movements
             if name == kind and start <= day < end and self.fits(customer, item, day, where)),
            Fraction(0),
        )  # fmt: skip

    def people(
        self, start: date, end: date, where: Where, side: str, measure: Callable[[Fraction, Fraction], Any]
    ) -> Fraction:
        start, end = self.clip("movement", start, end)
        return Fraction(sum((measure(o, c) for o, c in self.populated(start, end, where, side)), Fraction(0)))

    def leads(self, start: date, end: date, where: Where, stage: str, later: str = "") -> Fraction:
        start, end = self.clip("reach", start, end)
        total = 0
        for row in self.rows("lead"):
            days = self.reached[row["id"]]
            org = row["org_id"] or next((p["org_id"] for p in self.rows("person") if p["id"] == row["person_id"]), None)
            customer = self._root[org] if org else None
            own = {"channel": row["channel"], "lead_source": row["lead_source"], "owner": None, "campaign": None,
                   "cohort": f"{days[stage]:%Y-%m}" if stage in days else None}  # fmt: skip
            if stage in days and start <= days[stage] < end and self.fits(customer, own, days[stage], where):
                total += not later or (later in days and days[later] <= self.through)
        return Fraction(total)
