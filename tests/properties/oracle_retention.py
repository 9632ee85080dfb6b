"""Retention and health a second time: a seeded company, and the definitions in plain Python, slow and obvious.

Written from the definitions, not from the kernels; recurring balances and attributes are those of the shared oracle.
"""

from __future__ import annotations

import calendar
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from beside import load

ORACLE: Any = load(Path(__file__).with_name("oracle.py"))
Row = dict[str, Any]
Where = dict[str, str]
FIRST, THROUGH = date(2025, 1, 1), date(2026, 5, 20)
ONE = timedelta(days=1)
_SEGMENTS = ("SMB", "MM", "ENT")
_KEYS = [f"o{n:02d}" for n in range(70)]


# --- a company --------------------------------------------------------------------------------------------------------


def tables_of(seed: int) -> dict[str, list[Row]]:
    """Canonical rows of a company whose customers come, renew, change contracts and leave."""
    rng = random.Random(seed)

    def maybe(value: Any, chance: float = 0.5) -> Any:
        return value if rng.random() < chance else None

    def day(first: date = FIRST, last: date = THROUGH) -> date:
        return first + timedelta(days=rng.randint(0, (last - first).days))

    orgs = [
        {"id": key, "name": key, "segment": maybe(rng.choice(_SEGMENTS), 0.8), "country": rng.choice(("SE", "DE")),
         "industry": maybe(rng.choice(("it", "food")), 0.7), "employees": maybe(rng.choice((3, 10, 49, 250, 4000)), 0.8)}
        for key in _KEYS
    ]  # fmt: skip
    subscriptions, items, terms = _contracts(rng, maybe, day)
    rates, level = [], 1.1
    for week in range(75):
        level *= 1 + rng.uniform(-0.02, 0.02)
        when = FIRST - timedelta(days=9) + timedelta(days=7 * week)
        rates.append({"date": when, "from_currency": "EUR", "to_currency": "USD", "rate": f"{level:.5f}"})
    scores = {"nps": range(11), "csat": range(1, 6), "ces": range(1, 8), "match": range(1, 6), "interview": (None,)}
    answers = []
    for n in range(160):
        kind = rng.choice(list(scores))
        answers.append({"id": f"a{n}", "responded_at": day(), "kind": kind, "score": maybe(rng.choice(list(scores[kind])), 0.9),
                        "scale_max": 5 if kind == "match" else None, "comment": maybe("words", 0.3),
                        "org_id": rng.choice(_KEYS), "product_id": maybe(f"pr{rng.randint(0, 2)}")})  # fmt: skip
    usage: dict[tuple[Any, ...], Row] = {}
    for _ in range(900):
        when, key, product = day(), rng.choice(_KEYS[:40]), maybe(f"pr{rng.randint(0, 2)}", 0.8)
        feature = maybe(rng.choice(("search", "export")), 0.8)
        usage[when, key, product, feature] = {
            "date": when, "org_id": key, "product_id": product, "feature": feature,
            "active_users": maybe(rng.randint(0, 9), 0.9), "events": rng.randint(0, 3), "seats": maybe(rng.randint(5, 20)),
            "monthly_active_users": maybe(rng.randint(1, 15), 0.3),
        }  # fmt: skip
    return {
        "organization": orgs,
        "identity_link": [{"entity": "organization", "source_a": "files", "id_a": "o69", "source_b": "files",
                           "id_b": "o03", "valid_to": None}],
        "attribute_history": [
            {"entity": "organization", "entity_id": key, "attribute": "segment", "value": rng.choice(_SEGMENTS),
             "valid_from": day(), "valid_to": None}
            for key in rng.sample(_KEYS, 25)
        ],
        "person": [{"id": f"p{n}", "org_id": key, "first_source": rng.choice(("ads", "web")), "first_touch_at": FIRST}
                   for n, key in enumerate(_KEYS[::2])],
        "product": [{"id": f"pr{n}", "name": f"P{n}", "product_line": ("core", "core", "extra")[n]} for n in range(3)],
        "fx_rate": rates, "subscription": subscriptions, "subscription_item_period": items, "subscription_term": terms,
        "survey_response": answers, "usage_daily": list(usage.values()),
    }  # fmt: skip


def _contracts(
    rng: random.Random, maybe: Callable[..., Any], day: Callable[..., date]
) -> tuple[list[Row], list[Row], list[Row]]:
    pick, whole = rng.choice, rng.randint
    subscriptions: list[Row] = []
    items: list[Row] = []
    terms: list[Row] = []

    def add(org: str, began: date, left: int = 2) -> None:
        key, term = f"s{len(subscriptions)}", maybe(pick((1, 1, 3, 6, 12)), 0.6)
        months = term or pick((1, 2))
        # many end on a renewal day, some in between
        ended = maybe(pick((later(began, months * whole(1, 3)), began + timedelta(days=whole(10, 300)))), 0.6)
        subscriptions.append(
            {"id": key, "org_id": org, "started_at": began, "ended_at": ended, "term_months": term,
             "involuntary": pick(("true", "false", "false")), "cancel_reason": maybe("price", 0.3),
             "currency": pick(("USD", "USD", "EUR"))}
        )  # fmt: skip
        if rng.random() < 0.2:
            start = began
            for _ in range(whole(1, 4)):
                end = pick((later(start, pick((1, 3, 6))), start + timedelta(days=whole(20, 100))))
                terms.append(
                    {"subscription_id": key, "start_date": start, "end_date": end, "term_months": maybe(3, 0.2)}
                )
                start = end + timedelta(days=pick((0, 1, 1, 9)))
        start = began
        for _ in range(whole(1, 3)):
            items.append(
                {"id": f"i{len(items)}", "subscription_id": key, "valid_from": start,
                 "valid_to": maybe(start + timedelta(days=whole(5, 200)), 0.3), "amount": f"{whole(-200, 9000) / 100:.2f}",
                 "quantity": pick((1, 1, 2)), "interval": pick(("month", "month", "quarter", "year", "week", "day")),
                 "interval_count": pick((1, 1, 2, 5)), "discount_amount": pick((0, 0, "3.10")), "currency": None,
                 "product_id": maybe(f"pr{whole(0, 2)}", 0.8), "one_time": pick(("false",) * 9 + ("true",)),
                 "metered": pick(("false",) * 9 + ("true",))}
            )  # fmt: skip
            start += timedelta(days=whole(0, 90))
        if ended is not None and ended < THROUGH and left and rng.random() < 0.5:
            add(org, ended + timedelta(days=pick((0, 0, 1, 30))), left - 1)

    for _ in range(100):
        add(pick(_KEYS), day(last=date(2026, 3, 1)))
    return subscriptions, items, terms


def later(day: date, months: int) -> date:
    """So many months later; the last day of a month that has no such day."""
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


# --- the definitions --------------------------------------------------------------------------------------------------


class Retention:
    """The oracle of retention and health."""

    def __init__(self, tables: dict[str, list[Row]]) -> None:
        self.o = ORACLE.Oracle(tables, "USD", THROUGH)
        self.line_balance = cache(self._line_balance)

    # --- contracts

    @cached_property
    def recurring(self) -> dict[str, list[Row]]:
        """Subscription -> its items that are neither one-time nor metered."""
        found: dict[str, list[Row]] = {row["id"]: [] for row in self.o.rows("subscription")}
        for item in self.o.rows("subscription_item_period"):
            if item["one_time"] == item["metered"] == "false":
                found[item["subscription_id"]].append(item)
        return found

    @cached_property
    def contracts(self) -> dict[str, Row]:
        """Subscription -> customer, first day, the day it ended, how."""
        found = {}
        for row in self.o.rows("subscription"):
            items = self.recurring[row["id"]]
            ended = row["ended_at"]
            if ended is None and items and all(item["valid_to"] is not None for item in items):
                ended = max(item["valid_to"] for item in items)
            ending = "involuntary" if row["involuntary"] == "true" else "voluntary"
            found[row["id"]] = {"customer": self.o.customer(row["org_id"]), "began": row["started_at"], "ended": ended,
                                "ending": ending, "term": row["term_months"]}  # fmt: skip
        return found

    @cached_property
    def successor(self) -> dict[str, str]:
        """Subscription -> the one that took its place the same day; several pair off in the order of their ids."""
        found: dict[str, str] = {}
        alive = {key: one for key, one in self.contracts.items() if one["ended"] is None or one["ended"] > one["began"]}
        for place in {(one["customer"], one["ended"]) for one in alive.values() if one["ended"] is not None}:
            gone = sorted(key for key, one in alive.items() if (one["customer"], one["ended"]) == place)
            come = sorted(key for key, one in alive.items() if (one["customer"], one["began"]) == place)
            found |= dict(zip(gone, come, strict=False))
        return found

    @cached_property
    def line(self) -> dict[str, str]:
        """Subscription -> the first of its line."""
        before = {new: old for old, new in self.successor.items()}

        def first(key: str) -> str:
            return first(before[key]) if key in before else key

        return {key: first(key) for key in self.contracts}

    @cached_property
    def renewals(self) -> dict[str, dict[date, Fraction]]:
        """Subscription -> renewal day -> term in months; None of those without a term."""
        return {key: days for key in self.contracts if (days := self._renewals(key)) is not None}

    def _renewals(self, key: str) -> dict[date, Fraction] | None:
        one, items = self.contracts[key], self.recurring[key]
        written = sorted((t for t in self.o.rows("subscription_term") if t["subscription_id"] == key),
                         key=lambda t: t["start_date"])  # fmt: skip
        if one["ended"] is not None and one["ended"] <= one["began"] and not written:
            return None
        found: dict[date, Fraction] = {}
        if written:
            for place, term in enumerate(written):
                on = self._term_end(term, written[place + 1]["start_date"] if place + 1 < len(written) else None)
                whole = next((n for n in range(1, 60) if later(term["start_date"], n) == on), None)
                days = Fraction(12 * (on - term["start_date"]).days, 365)
                length = Fraction(term["term_months"] or whole or days)
                found[on] = max(length, found.get(on, length))
        elif one["term"] is not None:
            found = {later(one["began"], k * one["term"]): Fraction(one["term"]) for k in range(1, 40)}
        elif items:
            found = self._billed(one["began"], items)
        else:
            return None
        last = min(THROUGH, one["ended"] or THROUGH)
        return {on: length for on, length in found.items() if one["began"] < on <= last}

    @staticmethod
    def _term_end(term: Row, following: date | None) -> date:
        start, end = term["start_date"], term["end_date"]
        if following is not None and following <= end + ONE:
            return following
        first_after = any(later(start, n) == end for n in range(1, 60))
        return end if first_after else end + ONE  # type: ignore[no-any-return]

    @staticmethod
    def _billed(began: date, items: list[Row]) -> dict[date, Fraction]:
        """Every day by the interval in force that day, the longest of several."""
        months = {"month": 1, "quarter": 3, "year": 12}
        found = {}
        day = began + ONE
        while day <= THROUGH:
            force = [i for i in items if i["valid_from"] < day and (i["valid_to"] is None or day <= i["valid_to"])]
            lengths = []
            for item in force:
                count, unit = item["interval_count"], item["interval"]
                if unit in months:
                    step = months[unit] * count
                    due = any(later(began, n) == day for n in range(step, 40, step))
                    lengths.append((Fraction(step), due))
                else:
                    step = {"day": 1, "week": 7}[unit] * count
                    lengths.append((Fraction(12 * step, 365), (day - began).days % step == 0))
            longest = max((length for length, _ in lengths), default=None)
            if any(due for length, due in lengths if length == longest):
                assert longest is not None
                found[day] = longest
            day += ONE
        return found

    # --- populations

    def first_day(self, fact: str) -> Any:
        if fact == "renewal":
            return min(self.contracts[key]["began"] for key in self.renewals)
        if fact == "payer":
            return min(self.first_paid.values())
        table, column = {"usage": ("usage_daily", "date"), "survey": ("survey_response", "responded_at"),
                         "subscription": ("subscription", "started_at")}[fact]  # fmt: skip
        rows = self.o.rows(table)
        if fact == "survey":
            rows = [row for row in rows if row["score"] is not None or row["comment"]]
        return min(row[column] for row in rows)

    def clip(self, fact: str, start: date, end: date) -> tuple[date, date]:
        first = self.o.first_day("movement") if fact == "movement" else self.first_day(fact)
        if end <= first or start > THROUGH:
            raise ORACLE.NoValue
        return start, min(end, THROUGH + ONE)

    def fits(self, customer: str, day: date, where: Where) -> bool:
        return bool(self.o.fits(customer, {}, day, where))

    def _line_balance(self, line: str, day: date) -> Fraction:
        """MRR of a line at the end of a day."""
        own = {item["id"] for key in self.contracts if self.line[key] == line for item in self.recurring[key]}
        total = Fraction(0)
        for item in self.o.of_customer.get(self.contracts[line]["customer"], ()):
            if item["id"] in own and item["start"] <= day and (item["end"] is None or day < item["end"]):
                total += item["yearly"] * self.o.rate(day, item["currency"]) / 12
        return total

    def eligible(self, start: date, end: date, where: Where) -> Iterator[tuple[str, dict[str, Fraction]]]:
        """Customers paying at start with a renewal in the period, with each line that came up and its longest term."""
        start, end = self.clip("renewal", start, end)
        for customer in self.o.of_customer:
            if not self.fits(customer, start - ONE, where) or self.o.balance(customer, start - ONE, ()) <= 0:
                continue
            due: dict[str, Fraction] = {}
            for key, days in self.renewals.items():
                one = self.contracts[key]
                if one["customer"] == customer and one["began"] < start:
                    for on, term in days.items():
                        if start <= on < end:
                            due[self.line[key]] = max(term, due.get(self.line[key], term))
            if due:
                yield customer, due

    def up(self, start: date, end: date, where: Where) -> dict[str, Fraction]:
        """Customers and MRR up for renewal and lost, and terms."""
        names = ("customers", "lost", "term", "mrr", "lost_mrr", "mrr_term")
        found = dict.fromkeys(names, Fraction(0))
        last = min(end, THROUGH + ONE) - ONE
        whole = start.day == 1 and (last + ONE).day == 1
        months = Fraction(((last + ONE).year - start.year) * 12 + (last + ONE).month - start.month)
        span = months if whole else Fraction(12 * (last + ONE - start).days, 365)
        for customer, due in self.eligible(start, end, where):
            found["customers"] += 1
            found["lost"] += self.o.balance(customer, last, ()) <= 0
            found["term"] += max(span, *due.values())
            for line, term in due.items():
                opening = max(Fraction(0), self.line_balance(line, start - ONE))
                found["mrr"] += opening
                found["mrr_term"] += opening * max(span, term)
                found["lost_mrr"] += opening if self.line_balance(line, last) <= 0 else 0
        return found

    def losses(self, start: date, end: date, where: Where) -> dict[str, tuple[int, Fraction]]:
        """How they were lost -> customers, opening MRR."""
        start, end = self.clip("subscription", start, end)
        found: dict[str, tuple[int, Fraction]] = {}
        parent = {item["id"]: item["subscription_id"] for item in self.o.rows("subscription_item_period")}
        for customer in self.o.of_customer:
            opening, closing = (self.o.balance(customer, day, ()) for day in (start - ONE, end - ONE))
            if not self.fits(customer, start - ONE, where) or opening <= 0 or closing > 0:
                continue
            gone = [m for m in self.o.movements if m[1] == customer and m[2] == "churned" and start <= m[0] < end]
            last = max((m[0] for m in gone), default=None)
            kinds = {self.contracts[parent[item["id"]]]["ending"] for day, _, _, amount, item in gone
                     if day == last and amount < 0}  # fmt: skip
            name = "voluntary" if "voluntary" in kinds else "involuntary" if "involuntary" in kinds else "unknown"
            count, amount = found.get(name, (0, Fraction(0)))
            found[name] = (count + 1, amount + opening)
        return found

    @cached_property
    def first_paid(self) -> dict[str, date]:
        found: dict[str, date] = {}
        for day, customer, kind, _, _ in self.o.movements:
            if kind == "new":
                found[customer] = min(day, found.get(customer, day))
        return found

    def ever(self, end: date, where: Where) -> list[str]:
        """Who has paid before a day, in a slice as it is the day before."""
        return [key for key, day in self.first_paid.items() if day < end and self.fits(key, end - ONE, where)]

    def lifetimes(self, end: date, where: Where) -> Fraction:
        """Kaplan-Meier median in months."""
        seen: list[tuple[int, bool]] = []
        for customer in self.ever(end, where):
            moves = [(day, kind) for day, who, kind, _, _ in self.o.movements if who == customer and day < end]
            left = max((day for day, kind in moves if kind == "churned"), default=None)
            joined = max(day for day, kind in moves if kind in ("new", "reactivation"))
            gone = left is not None and left > joined
            seen.append((((left if gone and left else end) - self.first_paid[customer]).days, gone))
        if sum(gone for _, gone in seen) < 30:
            raise ORACLE.NoValue
        alive = Fraction(1)
        for when in sorted({days for days, gone in seen if gone}):
            at_risk = sum(days >= when for days, _ in seen)
            alive *= 1 - Fraction(sum(gone and days == when for days, gone in seen), at_risk)
            if alive <= Fraction(1, 2):
                return when * Fraction(12 * 4, 1461)
        raise ORACLE.NoValue

    # --- feedback and usage

    def answers(self, start: date, end: date, where: Where, kind: str) -> list[Row]:
        start, end = self.clip("survey", start, end)
        return [
            row for row in self.o.rows("survey_response")
            if row["kind"] == kind and start <= row["responded_at"] < end
            and self.o.fits(self.o.customer(row["org_id"]), self.product(row), row["responded_at"], where)
        ]  # fmt: skip

    def product(self, row: Row) -> Row:
        return {"product": row["product_id"], "product_line": self.o.lines.get(row["product_id"])}

    def used(self, start: date, end: date, where: Where) -> list[Row]:
        start, end = self.clip("usage", start, end)
        return [
            {**row, "customer": self.o.customer(row["org_id"])} for row in self.o.rows("usage_daily")
            if start <= row["date"] < end
            and self.o.fits(self.o.customer(row["org_id"]), self.product(row), row["date"], where)
        ]  # fmt: skip

    def users(self, rows: list[Row]) -> dict[tuple[str, str | None, date], int]:
        """Organization, product, day -> active users: as the row without a feature says, else the largest feature."""
        found: dict[tuple[str, str | None, date], int] = {}
        for place in {(row["org_id"], row["product_id"], row["date"]) for row in rows}:
            same = [
                r for r in rows if (r["org_id"], r["product_id"], r["date"]) == place and r["active_users"] is not None
            ]
            plain = [row["active_users"] for row in same if row["feature"] is None]
            found[place] = plain[0] if plain else max((row["active_users"] for row in same), default=0)
        return found

    def paying(self, start: date, end: date, where: Where) -> list[tuple[str, Fraction, Fraction]]:
        """(customer, opening, closing) of who pays at the start; product lines by what is paid for them."""
        own = tuple((k, v) for k, v in where.items() if k == "product_line")
        rest = {k: v for k, v in where.items() if k != "product_line"}
        found = [(key, self.o.balance(key, start - ONE, own), self.o.balance(key, end - ONE, own))
                 for key in self.o.of_customer if self.fits(key, start - ONE, rest)]  # fmt: skip
        return [row for row in found if row[1] > 0]
