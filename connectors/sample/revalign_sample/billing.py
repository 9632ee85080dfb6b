"""What billing sends and gets: invoices, payments, refunds, credit notes, one-time services, exchange rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from revalign_sample.clock import DAY, FIRST, LAST, Dice, at, iso, later, money, weekday
from revalign_sample.out import Ids, Out
from revalign_sample.world import PRODUCTS, Line, Org, Sub, World

__all__ = ["write_billing", "write_customers", "write_products"]

_TIMES = {"month": 1, "quarter": 3, "year": 12}
_VAT = {"DE": 19, "FR": 20, "NL": 21, "ES": 21, "GB": 20}


def write_products(_world: World, out: Out, ids: Ids) -> None:
    """The table product."""
    add = out.table("product", "id name product_line")
    for key, (name, line, _) in PRODUCTS.items():
        add((ids.product(key), name, line))


def write_customers(world: World, out: Out, ids: Ids) -> None:
    """The table organization as billing and support have it: customers only, under names of their own."""
    add = out.table("organization", "id name domain country created_at")
    for org in world.paying():
        stem, _, legal = org.name.rpartition(" ")
        billing = ids.system == "billing"
        name = (f"{stem.upper()} {legal}" if org.number % 3 else stem) if billing else stem
        domain = org.billing_domain if billing and org.billing_domain else org.domain
        created = (org.from_day or org.created) * DAY + 50_000
        add((ids.org(org.number), name, domain, org.country, at(created)))


class _Book:
    """Tables of billing while they are written."""

    def __init__(self, world: World, out: Out, ids: Ids) -> None:
        self.world, self.ids, self.dice = world, ids, world.dice("billing")
        self.numbers = {"in": 0, "py": 0, "re": 0, "cn": 0}
        self.invoice = out.table("invoice", "id org_id issued_at status due_at paid_at total tax currency")
        self.line = out.table(
            "invoice_line",
            "id invoice_id amount kind subscription_id product_id period_start period_end quantity",
        )
        columns = "id invoice_id payment_id org_id amount at status currency failure_code"
        self.flows: dict[str, Callable[[Sequence[Any]], None]] = {
            name: out.table(name, columns) for name in ("payment", "refund", "credit_note")
        }

    def next(self, prefix: str) -> str:
        """The next key of a kind."""
        self.numbers[prefix] += 1
        return f"{prefix}_{self.numbers[prefix]:06d}"

    def flow(self, table: str, org: Org, invoice: str | None, cents: int, second: int, **more: str | None) -> str:
        """A payment, refund or credit note."""
        key = self.next({"payment": "py", "refund": "re", "credit_note": "cn"}[table])
        known = (invoice, more.get("payment"), self.ids.org(org.number), money(cents), at(second))
        self.flows[table]((key, *known, more.get("status", "succeeded"), org.currency, more.get("failure")))
        return key

    def bill(self, org: Org, sub: Sub, day: int, lines: list[tuple[int, str, Line, int, int, int]]) -> None:
        """One invoice with its lines (cents, kind, line, first day, day after the last, quantity), and what follows."""
        net = sum(cents for cents, *_ in lines)
        if not lines or day > LAST:
            return
        dice, key, issued = self.dice, self.next("in"), day * DAY + 6 * 3600
        tax = net * _VAT.get(org.country, 0) // 100
        failed = sub.involuntary and sub.end is not None and day >= sub.end - 20
        draw = dice.random()
        status = "void" if draw < 0.008 else "uncollectible" if failed else "paid"
        paid = issued + (dice.between(60, 3600) if sub.term == 1 else dice.between(1, 40) * DAY)
        if status == "paid" and paid >= (LAST + 1) * DAY:
            status = "draft" if day == LAST else "open"
        settled = status == "paid" and net > 0
        what = (at(issued), status, at(issued + 30 * DAY), at(paid) if settled else None, money(net + tax), money(tax))
        self.invoice((key, self.ids.org(org.number), *what, org.currency))
        for number, (cents, kind, line, start, end, quantity) in enumerate(lines, 1):
            span = (iso(start), iso(end), quantity)
            product = self.ids.product(line.product)
            self.line((f"{key}_{number}", key, money(cents), kind, f"sub_{sub.number:05d}", product, *span))
        if failed:
            for attempt in (0, 3, 7):
                when = issued + attempt * DAY
                if when < (LAST + 1) * DAY:
                    code = dice.pick(("card_declined", "expired_card", "insufficient_funds"))
                    self.flow("payment", org, key, net + tax, when, status="failed", failure=code)
        if settled:
            self.settle(org, key, net + tax, paid)

    def settle(self, org: Org, key: str, cents: int, paid: int) -> None:
        """The payment, sometimes at the second try, and now and then money going back."""
        dice = self.dice
        if dice.chance(0.03):
            self.flow("payment", org, key, cents, paid - 60, status="failed", failure="insufficient_funds")
        payment = self.flow("payment", org, key, cents, paid)
        draw, when = dice.random(), paid + dice.between(2, 25) * DAY
        if when >= (LAST + 1) * DAY or (draw > 0.022 and self.numbers["in"] % 150):
            return
        part = cents if dice.chance(0.3) else cents * dice.pick((10, 25, 50)) // 100
        if draw < 0.010:
            self.flow("refund", org, key, part, when, payment=payment)
        elif draw < 0.018:
            self.flow("credit_note", org, key, part, when)
        else:  # both: the credit note explains the refund, the money goes back once
            self.flow("credit_note", org, key, part, when)
            self.flow("refund", org, key, part, when + 3600, payment=payment)


def write_billing(world: World, out: Out, ids: Ids) -> None:
    """The tables invoice, invoice_line, payment, refund, credit_note, sales_order, fx_rate."""
    book = _Book(world, out, ids)
    for sub in world.subs:
        _bill_all(book, world.orgs[sub.org - 1], sub)
    _orders(world, out, ids)
    _rates(world, out)


def _bill_all(book: _Book, org: Org, sub: Sub) -> None:
    """An invoice per interval in advance, and one for what changed in between."""
    step, number = _TIMES[sub.interval], 0
    while True:
        day, following = later(sub.start, number * step), later(sub.start, (number + 1) * step)
        if day > LAST or (sub.end is not None and day >= sub.end):
            return
        lines: list[tuple[int, str, Line, int, int, int]] = []
        changes: dict[int, list[tuple[int, str, Line, int, int, int]]] = {}
        for line in sub.lines:
            now = line.on(day)
            if line.one_time:
                if number == 0 and now:
                    lines.append((now.price, "one_time", line, day, day + 1, 1))
                continue
            if line.metered:
                lines += [
                    (period.price * period.quantity, "usage", line, period.start, period.end, period.quantity)
                    for period in line.periods
                    if period.end is not None and day < period.end <= following and period.end <= LAST
                ]
                continue
            if now:
                cents = now.price * now.quantity - now.discount
                lines.append((cents, "subscription", line, day, following, now.quantity))
            held = now.price * now.quantity - now.discount if now else 0
            for period in line.periods:
                if day < period.start < following:
                    cents = period.price * period.quantity - period.discount
                    part = (cents - held) * (following - period.start) // (following - day)
                    if part:
                        row = (part, "proration" if part > 0 else "credit", line, period.start, following, 1)
                        changes.setdefault(period.start, []).append(row)
                    held = cents
        book.bill(org, sub, day, lines)
        for when, rows in sorted(changes.items()):
            book.bill(org, sub, when, rows)
        number += 1


def _orders(world: World, out: Out, ids: Ids) -> None:
    """Workshops and set-ups, sold once."""
    dice = world.dice("orders")
    add = out.table("sales_order", "id org_id ordered_at amount currency quantity kind product_id")
    number = 0
    for org in world.paying():
        for kind, share, wait in (("new", 0.25, 0), ("upsell", 0.12, 200), ("repeat", 0.08, 420)):
            day = (org.from_day or 0) + wait + dice.between(0, 30)
            if not dice.chance(share) or not FIRST <= day <= LAST or (org.gone or LAST + 1) <= day:
                continue
            number += 1
            days = dice.between(1, 4)
            cents = days * (1380_00 if org.currency == "EUR" else 1500_00)
            product = ids.product("onboarding")
            second = day * DAY + dice.between(8, 18) * 3600
            add((f"so_{number:05d}", ids.org(org.number), at(second), money(cents), org.currency, days, kind, product))


def _rates(world: World, out: Out) -> None:
    """Euro in dollars on each working day; before the sample once a week, for what was sold then."""
    dice: Dice = world.dice("rates")
    add = out.table("fx_rate", "date from_currency to_currency rate")
    rate = 10_650
    begin = min([FIRST - 14, *(sub.start for sub in world.subs)])
    for day in range(begin - 7, LAST + 1):
        rate += dice.between(-45, 46)
        rate = min(max(rate, 10_200), 11_900)
        if (day >= FIRST - 7 and weekday(day) < 5) or (day < FIRST - 7 and (day - begin) % 7 == 0):
            add((iso(day), "EUR", "USD", f"{rate // 10_000}.{rate % 10_000:04d}"))
