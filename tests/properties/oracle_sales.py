"""Deals, contracts and unit economics a second time: plain Python over plain rows, written from the definitions."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

from beside import load

HERE = Path(__file__).parent
ORACLE: Any = load(HERE / "oracle.py")
FORMULAS: Any = load(HERE / "formulas.py")
COMPANY: Any = load(HERE / "company.py")
Row = dict[str, Any]
Where = dict[str, str]
ONE = timedelta(days=1)
OWNERS = ("r1", "r2", "r3")
LIFETIME = Fraction(3, 2)


def later(day: date, months: int) -> date:
    """The same day some months later, or the last of that month."""
    first = FORMULAS.month_start(day.year * 12 + day.month - 1 + months)
    end = FORMULAS.month_start(day.year * 12 + day.month + months)
    return min(first + timedelta(days=day.day - 1), end - ONE)  # type: ignore[no-any-return]


class SalesCompany(COMPANY.Company):  # type: ignore[misc]
    """The random company with deals that have amounts, what they were at other times, contracts and targets."""

    def __init__(self, seed: int, *, invoiced: bool, shop: bool = False) -> None:
        super().__init__(seed, invoiced=invoiced)
        self.random = random.Random(seed)
        for row in self.tables["organization"]:
            row["referrer_org_id"] = self.maybe(self.random.choice(self.orgs), 0.3)
        self._deals() if not shop else self._no_deals()
        self._contracts()
        self._goals()
        campaigns = [("k1", "referral"), ("k2", "ads"), ("k3", None)]
        self.tables["campaign"] = [{"id": key, "name": key, "channel": channel} for key, channel in campaigns]
        self.tables["campaign_cost"] = [
            {"campaign_id": self.random.choice("k1 k2 k3".split()), "date": self.day(), "amount": n, "kind": f"x{n}"}
            for n in range(1, 40)
        ]
        for row in self.tables["campaign_cost"]:
            row["kind"] = "media" if row["amount"] % 2 else "labour"
        seen = {(row["campaign_id"], row["date"], row["kind"]): row for row in self.tables["campaign_cost"]}
        self.tables["campaign_cost"] = list(seen.values())

    def _no_deals(self) -> None:
        for name in ("opportunity", "opportunity_contact"):
            del self.tables[name]
        for lead in self.tables["lead"]:
            lead["opportunity_id"] = None
        self.tables["lifecycle_event"] = [
            row for row in self.tables["lifecycle_event"] if row["subject_type"] != "opportunity"
        ]

    def _deals(self) -> None:
        pick, whole = self.random.choice, self.random.randint
        deals: list[Row] = []
        states: list[Row] = []
        for number in range(70):
            made, outcome = self.day(), pick(("won", "won", "lost", "open"))
            closed = made + timedelta(days=whole(-3, 60)) if outcome != "open" else None
            closed = None if outcome == "lost" and number % 9 == 0 else closed
            expected = closed if closed and number % 2 else self.maybe(made + timedelta(days=whole(5, 120)), 0.9)
            deals.append(
                {"id": f"op{number}", "org_id": pick(self.orgs), "created_at": made, "closed_at": closed,
                 "close_date": None if outcome == "lost" and closed is None else expected, "outcome": outcome,
                 "type": self.maybe(pick(("new", "expansion", "upsell", "cross_sell", "new_product", "renewal")), 0.9),
                 "amount": self.maybe(f"{whole(-500, 90000) / 100:.2f}", 0.9),
                 "currency": self.maybe(pick(("USD", "EUR", "GBP")), 0.6),
                 "amount_basis": self.maybe(pick(("tcv", "acv", "arr", "mrr")), 0.9),
                 "term_months": self.maybe(pick((1, 6, 12, 24, 36, 17))), "owner_id": self.maybe(pick(OWNERS), 0.9),
                 "lead_id": self.maybe(f"d{whole(0, 45)}", 0.3), "channel": self.maybe(pick(("partner", "Referral")), 0.4)}
            )  # fmt: skip
            if number % 3 == 0:
                days = sorted({made + timedelta(days=whole(0, 50)) for _ in range(whole(1, 4))})
                states += [
                    {"opportunity_id": f"op{number}", "valid_from": day,
                     "valid_to": self.maybe(day + timedelta(days=whole(1, 40)), 0.3),
                     "stage": pick(("Talk", "Offer", "Shut", None)), "amount": self.maybe(whole(1, 900), 0.9),
                     "close_date": self.maybe(day + timedelta(days=whole(0, 90)), 0.9),
                     "owner_id": self.maybe(pick(OWNERS))}
                    for day in days
                ]  # fmt: skip
        stages = [
            {"connection": "files", "object": "opportunity", "source_stage": "Shut", "stage": "lost", "is_lost": "true"}
        ]
        self.tables |= {"opportunity": deals, "opportunity_snapshot": states, "stage_map": stages}

    def _contracts(self) -> None:
        pick, whole = self.random.choice, self.random.randint
        rows: list[Row] = []
        lines: list[Row] = []
        for number in range(30):
            start, months = self.day(), whole(1, 40)
            end = pick((later(start, months), later(start, months) - ONE, start + timedelta(days=whole(-3, 500))))
            value, deal = Fraction(whole(-100, 90000), 100), None
            if "opportunity" in self.tables and number % 4 == 0:
                own = self.tables["opportunity"][number]
                deal, parts = own["id"], [Fraction(whole(0, 5000), 100) for _ in range(3)]
                value = pick((sum(parts, Fraction(0)), parts[0], value))
                lines += [
                    {"id": f"y{number}_{n}", "opportunity_id": deal, "amount": f"{float(part):.2f}",
                     "recurring": pick(("true", "false", None))}
                    for n, part in enumerate(parts)
                ]  # fmt: skip
            rows.append(
                {"id": f"c{number}", "org_id": pick(self.orgs), "start_date": start, "end_date": end,
                 "value": self.maybe(f"{float(value):.2f}", 0.95), "currency": self.maybe(pick(("USD", "EUR", "JPY")), 0.7),
                 "term_months": self.maybe(pick((0, 1, 12, 36)), 0.3), "opportunity_id": deal}
            )  # fmt: skip
        self.tables |= {"contract": rows, "opportunity_line": lines}

    def _goals(self) -> None:
        rows: list[Row] = [{"metric": "bookings", "period": "2025", "value": 40000, "owner_id": None}]
        for number in range(2025 * 12, 2026 * 12 + 5):
            token = f"{number // 12}-{number % 12 + 1:02d}"
            for owner in (None, *OWNERS):
                if self.random.random() < 0.8:
                    name = self.random.choice(("bookings", "quota")) if owner else "bookings"
                    rows.append(
                        {"metric": name, "period": token, "value": self.random.randint(1, 3000), "owner_id": owner}
                    )
        self.tables["goal"] = rows


class SalesOracle(ORACLE.Oracle):  # type: ignore[misc]
    """What the definitions say of deals, contracts and customers."""

    @cached_property
    def deals(self) -> list[Row]:
        """Every opportunity with its customer, its origin, and the day it closed."""
        leads = {row["id"]: row for row in self.rows("lead")}
        found = []
        for row in self.rows("opportunity"):
            lead = leads.get(self.lead_of_deal(row), {})
            own = {"channel": row["channel"] or lead.get("channel"), "lead_source": lead.get("lead_source"),
                   "campaign": None, "owner": row["owner_id"], "currency": row["currency"] or self.company,
                   "team": None, "pod": None, "rep": None}  # fmt: skip
            closed = row["closed_at"] or row["close_date"] if row["outcome"] in ("won", "lost") else None
            found.append({**row, "customer": self.customer(row["org_id"]), "own": own, "closed": closed})
        return found

    def worth(self, deal: Row, amount: Any) -> Fraction:
        """Annual contract value, in the deal's currency."""
        value = ORACLE.number(amount or 0)
        if deal["amount_basis"] == "mrr":
            value *= 12
        elif deal["amount_basis"] == "tcv":
            value = value * 12 / max(12, deal["term_months"] or 12)
        return ORACLE.micro(value)  # type: ignore[no-any-return]

    def first_day(self, fact: str) -> date:
        days: dict[str, Callable[[], list[date]]] = {
            "deal": lambda: [d["closed"] for d in self.deals if d["closed"]],
            "won": lambda: [d["closed"] for d in self.deals if d["closed"] and d["outcome"] == "won"],
            "open": lambda: [row["from"] for row in self.states],
            "contract": lambda: [row["start"] for row in self.contracts],
            "orders": lambda: [row["ordered_at"] for row in self.rows("sales_order")],
        }
        if fact not in days:
            return super().first_day(fact)  # type: ignore[no-any-return]
        known = days[fact]()
        if not known:
            raise ORACLE.NoValue
        return min(known)

    def closed(self, p: Any, where: Where, outcome: str, fact: str = "deal") -> Iterator[Row]:
        """Deals of an outcome closed in a period, in a slice."""
        start, end = self.clip(fact, p.start, p.end)
        for deal in self.deals:
            inside = deal["outcome"] == outcome and deal["closed"] is not None and start <= deal["closed"] < end
            if inside and self.fits(deal["customer"], deal["own"], deal["closed"], where):
                yield deal

    def value(self, deal: Row) -> Fraction:
        return self.worth(deal, deal["amount"]) * self.rate(deal["closed"], deal["own"]["currency"])  # type: ignore[no-any-return]

    def won(self, p: Any, where: Where) -> Fraction:
        return sum((self.value(deal) for deal in self.closed(p, where, "won")), Fraction(0))

    # --- targets and pipeline -----------------------------------------------------------------------------------

    def goal(self, p: Any, where: Where) -> Fraction:
        if "team" in where:  # no team has a goal here
            raise ORACLE.NoValue
        rows = [row for row in self.rows("goal") if "owner" not in where or row["owner_id"] == where["owner"]]
        token = f"{p.first // 12}-{p.first % 12 + 1:02d}" if p.months == 1 else f"{p.first // 12}"
        same = (
            [row for row in rows if row["period"] == token]
            if p.months == 1 or (p.months == 12 and p.first % 12 == 0)
            else []
        )
        if same:
            company = [row for row in same if row["owner_id"] is None]
            return Fraction(sum(row["value"] for row in company or same))
        if p.months == 1:
            raise ORACLE.NoValue
        return sum((self.goal(part, where) for part in p.parts), Fraction(0))

    def reps(self, p: Any, where: Where) -> Fraction:
        self.clip("deal", p.start, p.end)
        reached = []
        for owner in OWNERS:
            if where.get("owner", owner) != owner:
                continue
            try:
                goal = self.goal(p, {"owner": owner})
            except ORACLE.NoValue:
                continue
            reached.append(self.won(p, {"owner": owner}) >= goal)
        if not reached:
            raise ORACLE.NoValue
        return Fraction(sum(reached), len(reached))

    @cached_property
    def states(self) -> list[Row]:
        """(from, to) of every state in which a deal was open."""
        found: list[Row] = []
        for deal in self.deals:
            if deal["outcome"] in ("won", "lost") and deal["closed"] is None:
                continue
            seen = sorted((r for r in self.rows("opportunity_snapshot") if r["opportunity_id"] == deal["id"]),
                          key=lambda r: r["valid_from"])  # fmt: skip
            expected = deal["close_date"] or deal["closed"]
            now = {"valid_from": deal["created_at"], "valid_to": None, "stage": None, "amount": deal["amount"],
                   "close_date": expected, "owner_id": None}  # fmt: skip
            rows = seen or [now]
            for place, row in enumerate(rows):
                following = rows[place + 1]["valid_from"] if place + 1 < len(rows) else None
                ends = [day for day in (row["valid_to"], following, deal["closed"]) if day is not None]
                begins = min(deal["created_at"], row["valid_from"]) if place == 0 else row["valid_from"]
                end = min(ends, default=date.max)
                if row["stage"] != "Shut" and begins < end:
                    owner, amount = row["owner_id"] or deal["owner_id"], self.worth(deal, row["amount"])
                    found.append({"from": begins, "to": end, "deal": deal, "expected": row["close_date"], "owner": owner,
                                  "amount": amount})  # fmt: skip
        return found

    def open_at_start(self, p: Any, where: Where) -> Fraction:
        self.clip("open", p.start, p.end)
        day, total = p.start - ONE, Fraction(0)
        for row in self.states:
            own = {"owner": row["owner"], "team": None}
            due = row["expected"] is not None and p.start <= row["expected"] < p.end
            if row["from"] <= day < row["to"] and due and self.fits(None, own, day, where) and row["amount"]:
                total += row["amount"] * self.rate(day, row["deal"]["own"]["currency"])
        return total

    # --- what became of deals -----------------------------------------------------------------------------------

    @cached_property
    def covers(self) -> dict[str, list[tuple[date, Fraction]]]:
        """Deal -> (day, amount) that revenue covers of it; negative where money went back."""
        found: dict[str, list[tuple[date, Fraction]]] = {}
        won = sorted((d for d in self.deals if d["outcome"] == "won" and d["closed"] <= self.through),
                     key=lambda d: (d["closed"], d["id"]))  # fmt: skip
        by_day: dict[tuple[str, date], Fraction] = {}
        for sale in self.sales:
            key = (sale["customer"], sale["day"])
            by_day[key] = by_day.get(key, Fraction(0)) + sale["amount"] * self.rate(sale["day"], sale["currency"])
        over: dict[str, Fraction] = {}
        for (customer, day), total in sorted(by_day.items()):
            money = total
            own = [d for d in won if d["customer"] == customer and d["closed"] <= day]
            young = [d for d in own if (day - d["closed"]).days < 365]
            while money > 0:
                short = [d for d in young if self.value(d) > sum(x for _, x in found.get(d["id"], ()))]
                if not short:
                    over[customer] = over.get(customer, Fraction(0)) + (money if own else 0)
                    break
                part = min(money, self.value(short[0]) - sum(x for _, x in found.get(short[0]["id"], ())))
                found.setdefault(short[0]["id"], []).append((day, part))
                money -= part
            if money < 0:
                spare = min(-money, over.get(customer, Fraction(0)))
                over[customer] = over.get(customer, Fraction(0)) - spare
                money += spare
            for deal in reversed(young):
                if money < 0 and (kept := sum(x for _, x in found.get(deal["id"], ()))):
                    part = min(-money, kept)
                    found[deal["id"]].append((day, -part))
                    money += part
        return found

    def covered(self, p: Any, where: Where, days: int) -> Fraction:
        won = self.closed(p, where, "won", "won")
        return sum((amount for deal in won for day, amount in self.covers.get(deal["id"], ())
                    if (day - deal["closed"]).days < days), Fraction(0))  # fmt: skip

    def still_paying(self, p: Any, where: Where, months: int) -> Fraction:
        total = Fraction(0)
        if (self.through - (p.end - ONE)).days < -(-months * 1461 // 48):
            raise ORACLE.NoValue
        for deal in self.closed(p, where, "won", "won"):
            day = later(deal["closed"], months)
            if day <= self.through and self.balance(deal["customer"], day, ()) > 0:
                total += self.value(deal)
        return total

    # --- contracts ----------------------------------------------------------------------------------------------

    @cached_property
    def contracts(self) -> list[Row]:
        found = []
        for row in self.rows("contract"):
            start, end = row["start_date"], row["end_date"]
            whole = {later(start, n): n for n in range(1, 60)}
            out = end + ONE if end + ONE in whole else end
            if row["value"] is None or out <= start:
                continue
            value = ORACLE.number(row["value"])
            deal = next((d for d in self.rows("opportunity") if d["id"] == row["opportunity_id"]), None)
            lines = [line for line in self.rows("opportunity_line") if deal and line["opportunity_id"] == deal["id"]]
            same = deal and (deal["currency"] or self.company) == (row["currency"] or self.company)
            told = any(line["recurring"] == "true" for line in lines)
            if told and same and sum(ORACLE.number(line["amount"]) for line in lines) == value:
                value = sum(
                    (ORACLE.number(line["amount"]) for line in lines if line["recurring"] == "true"), Fraction(0)
                )
            days = Fraction((out - start).days) / Fraction("30.4375")
            months = row["term_months"] or whole.get(out) or days
            found.append({"start": start, "end": out, "customer": self.customer(row["org_id"]),
                          "currency": row["currency"] or self.company, "yearly": ORACLE.micro(value * 12 / months)})  # fmt: skip
        return found

    def contracted(self, p: Any, where: Where) -> Fraction:
        day = self.clip("contract", p.start, p.end)[1] - ONE
        return sum(
            (row["yearly"] * self.rate(day, row["currency"]) for row in self.contracts
             if row["start"] <= day < row["end"] and self.fits(row["customer"], {"currency": row["currency"]}, day, where)),
            Fraction(0),
        )  # fmt: skip

    # --- selling and staying ------------------------------------------------------------------------------------

    def selling(self, p: Any, where: Where, kinds: tuple[str, ...]) -> Fraction:
        """Value sold of some kinds; a shop without opportunities is read from its orders."""
        if self.rows("opportunity"):
            return sum((self.value(deal) for deal in self.closed(p, where, "won", "won") if (deal["type"] or "new") in kinds),
                       Fraction(0))  # fmt: skip
        start, end = self.clip("orders", p.start, p.end)
        first: dict[str, date] = {}
        rows = [(self.customer(r["org_id"], r["person_id"]), r) for r in self.rows("sales_order")]
        for customer, row in rows:
            first[customer] = min(row["ordered_at"], first.get(customer, date.max))
        total = Fraction(0)
        for customer, row in rows:
            day, kind = row["ordered_at"], row["kind"]
            since = self.starts.get(customer, first[customer])
            kind = kind or ("new" if since >= p.start else "repeat")
            own = {"currency": row["currency"] or self.company}
            if start <= day < end and kind in kinds and self.fits(customer, own, day, where):
                total += ORACLE.number(row["amount"]) * self.rate(day, own["currency"])
        return total

    def stayed(self, p: Any, where: Where) -> Fraction:
        """Revenue of who paid at both ends, less their share of the cost of goods sold."""
        start, end = self.clip("sale", p.start, p.end)
        self.clip("movement", p.start, p.end)
        both = {
            key for key in self.of_customer
            if self.balance(key, start - ONE, ()) > 0 and self.balance(key, end - ONE, ()) > 0
        }  # fmt: skip
        own = self.sold(p.start, p.end, where, lambda sale: sale["customer"] in both)
        everything = self.sold(p.start, p.end, {}, lambda sale: True)
        try:
            cogs = self.spent(p.start, p.end, {}, lambda row: row["kind"] == "cogs")
        except ORACLE.NoValue:
            cogs = Fraction(0)
        return own - (cogs * ORACLE.divide(own, everything) if own and cogs else 0)  # type: ignore[no-any-return]

    def ordering(self, p: Any, where: Where) -> Fraction:
        start, end = self.clip("sale", p.start, p.end)
        return Fraction(len({
            sale["customer"] for sale in self.sales
            if start <= sale["day"] < end and sale["orders"]
            and self.fits(sale["customer"], {k: sale[k] for k in ("product", "product_line", "currency")}, sale["day"], where)
        }))  # fmt: skip

    def referred(self, customer: str, own: Row) -> bool:
        sent = {
            self.customer(row["id"]) for row in self.rows("organization")
            if row["referrer_org_id"] and self.customer(row["referrer_org_id"]) != self.customer(row["id"])
        }  # fmt: skip
        return customer in sent or "referral" in {str(own[name]).lower() for name in ("channel", "lead_source")}

    def referral_table(self, p: Any) -> list[tuple[Any, ...]]:
        start, end = self.clip("start", p.start, p.end)
        names = ("channel", "lead_source")
        new = {key: self.referred(key, {name: self.attribute(key, name, day) for name in names})
               for key, day in self.starts.items() if start <= day < end}  # fmt: skip
        sent_by: dict[str, set[str]] = {}
        for row in self.rows("organization"):
            if row["referrer_org_id"]:
                key, by = self.customer(row["id"]), self.customer(row["referrer_org_id"])
                sent_by.setdefault(key, set()).add(by)
        referrers = {min(by - {key}) for key, by in sent_by.items() if key in new and by - {key}}
        channels = {row["id"]: row["channel"] for row in self.rows("campaign")}
        rows: list[tuple[Any, ...]] = []
        for flag in (True, False):
            count = sum(value == flag for value in new.values())
            spent = [r["amount"] for r in self.rows("campaign_cost") if channels[r["campaign_id"]]
                     and start <= r["date"] < end and (channels[r["campaign_id"]] == "referral") == flag]  # fmt: skip
            cost = float(Fraction(sum(spent), count)) if spent and count else None
            if not self.deals:
                rows.append(
                    ("referral" if flag else "other", count, None, cost, *[None] * 3, len(referrers) if flag else None)
                )
                continue
            won, lost = ([d for d in self.closed(p, {}, outcome) if self.referred(d["customer"], d["own"]) == flag]
                         for outcome in ("won", "lost"))  # fmt: skip
            days = [Fraction((d["closed"] - d["created_at"]).days) for d in won if d["closed"] >= d["created_at"]]
            rows.append((
                "referral" if flag else "other", count, len(won), cost, float(median(days)) if days else None,
                float(sum((self.value(d) for d in won), Fraction(0)) / len(won)) if won else None,
                len(won) / (len(won) + len(lost)) if won or lost else None, len(referrers) if flag else None,
            ))  # fmt: skip
        return rows


def _deal_rates() -> dict[str, Any]:
    def cycle(o: Any, p: Any, w: Where) -> Fraction:
        days = [
            Fraction((d["closed"] - d["created_at"]).days)
            for d in o.closed(p, w, "won")
            if d["closed"] >= d["created_at"]
        ]
        if not days:
            raise ORACLE.NoValue
        return median(days)

    def coverage(o: Any, p: Any, w: Where) -> Fraction:
        return ORACLE.divide(o.open_at_start(p, w), max(Fraction(0), o.goal(p, w) - o.won(p, w)))  # type: ignore[no-any-return]

    existing = ("upsell", "cross_sell", "expansion")
    divide = ORACLE.divide
    return {
        "sales_cycle": cycle,
        "bookings": lambda o, p, w: o.won(p, w),
        "upsell_share": lambda o, p, w: divide(
            o.selling(p, w, existing), o.selling(p, w, (*existing, "new", "new_product"))
        ),
        "quota_attainment": lambda o, p, w: divide(o.won(p, w), o.goal(p, w)),
        "reps_at_quota": lambda o, p, w: o.reps(p, w),
        "pipeline_coverage": coverage,
        "bookings_to_revenue": lambda o, p, w: divide(o.covered(p, w, 365), o.won(p, w)),
        "bookings_to_revenue days=60": lambda o, p, w: divide(o.covered(p, w, 60), o.won(p, w)),
        "bookings_retained": lambda o, p, w: divide(o.still_paying(p, w, 12), o.won(p, w)),
        "bookings_retained months=2": lambda o, p, w: divide(o.still_paying(p, w, 2), o.won(p, w)),
    }


def _before(p: Any, months: int) -> Any:
    return FORMULAS.Span("", p.first - months, p.months)


def _unit_economics() -> dict[str, Any]:
    divide = ORACLE.divide

    def cac(o: Any, p: Any, w: Where, lag: int = 0) -> Fraction:
        return divide(FORMULAS.acquisition(o, _before(p, lag), w), FORMULAS.began(o, p, w))  # type: ignore[no-any-return]

    def service(o: Any, p: Any, w: Where) -> Fraction:
        return o.spent(p.start, p.end, w, lambda r: r["function"] in ("success", "support") and r["kind"] != "cogs")  # type: ignore[no-any-return]

    def service_a_month(o: Any, p: Any, w: Where) -> Fraction:
        found = []
        for part in p.parts:
            try:
                found.append(service(o, part, w))
            except ORACLE.NoValue:
                continue
        if not found:
            raise ORACLE.NoValue
        return sum(found, Fraction(0)) / len(found)

    def net(o: Any, p: Any, w: Where) -> Fraction:
        months = divide(Fraction(1), FORMULAS.monthly_churn(o, p, w))
        cost = divide(service_a_month(o, p, w), FORMULAS.at_start(o, p, w))
        return FORMULAS.ltv(o, p, w) - cac(o, p, w) - cost * months  # type: ignore[no-any-return]

    def renewals(o: Any, p: Any, w: Where, term: int) -> Fraction:
        return Fraction(max(0, math.ceil(FORMULAS.payback(o, p, w) / term) - 1))

    def warning(o: Any, p: Any, w: Where) -> Fraction:
        old = FORMULAS.existing(o, p, w)
        return Fraction(int(old <= FORMULAS.revenue(o, p, w) - old))

    def by_orders(o: Any, p: Any, w: Where) -> Fraction:
        value = divide(FORMULAS.revenue(o, p, w), FORMULAS.orders(o, p, w))
        return value * divide(FORMULAS.orders(o, p, w), FORMULAS.began(o, p, w)) * LIFETIME  # type: ignore[no-any-return]

    return {
        "cac lag=2": lambda o, p, w: cac(o, p, w, 2),
        "ltv_net": net,
        "ltv_to_cac method=ltv_net": lambda o, p, w: divide(net(o, p, w), cac(o, p, w)),
        "ltv_to_cac method=ltv_orders": lambda o, p, w: divide(by_orders(o, p, w), cac(o, p, w)),
        "payback_to_lifetime": lambda o, p, w: FORMULAS.payback(o, p, w) / (12 * LIFETIME),
        "renewals_to_break_even": lambda o, p, w: renewals(o, p, w, 12),
        "renewals_to_break_even term=2": lambda o, p, w: renewals(o, p, w, 2),
        "acquisition_vs_retention_cost": lambda o, p, w: divide(
            cac(o, p, w), divide(service(o, p, w), FORMULAS.at_start(o, p, w))
        ),
        "contribution": lambda o, p, w: o.stayed(p, w),
        "arr_contract": lambda o, p, w: o.contracted(p, w),
        "order_frequency_active": lambda o, p, w: divide(FORMULAS.orders(o, p, w), o.ordering(p, w)),
        "alignment_warning": warning,
    }


METRICS: dict[str, Any] = {**_deal_rates(), **_unit_economics()}
