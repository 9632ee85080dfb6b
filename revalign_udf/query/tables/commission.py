"""Commission by rep, its statement to the record, and what became of the customers each rep won."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from revalign_udf.calc.commission import SPLITS, Rule, read_rules, shared, spread
from revalign_udf.config import rows_for
from revalign_udf.errors import NoData, UserError
from revalign_udf.money import decimals, to_double
from revalign_udf.periods import Period, add_months, of_grain
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric, number, share
from revalign_udf.snapshots.cuts import NONE, exact_of

__all__ = ["TABLES"]

_MICRO = Fraction(1, 10**6)
_NEW = "f.outcome = 'won' AND f.kind = 'new'"
_NOBODY = ("", NONE, NONE)
_FEW = 30
NEW, EXPANSION = "new", "expansion"
_POOLS = (NEW, EXPANSION)
WON, NOT_SHARED = "won", "(not shared)"

Rep = tuple[str, str, str]
"""(system, owner, name) of a rep"""
Cell = str | float | None


@dataclass(frozen=True, slots=True)
class Win:
    """A deal of new business won."""

    customer: str
    day: date
    system: str
    record: str
    rep: Rep
    amount: Fraction


@dataclass(frozen=True, slots=True)
class Entry:
    """One record that counts for a rep: what it adds to a pool's amounts, or takes off."""

    pool: str
    rep: Rep
    system: str
    table: str
    record: str
    customer: str
    day: date
    amount: Fraction
    note: str


@dataclass
class Settled:
    """One pay period: its entries, and every share in minor units."""

    period: Period
    rule: Rule
    entries: list[Entry]
    pools: dict[str, int]
    shares: dict[str, dict[Rep, int]] = field(default_factory=dict)
    """pool -> rep -> share; empty where a pool has nothing to be shared by"""

    def of(self, pool: str, rep: Rep) -> list[Entry]:
        """The entries of a rep in a pool."""
        return [entry for entry in self.entries if entry.pool == pool and entry.rep == rep]


class Wins:
    """Whose customer it is: the owner of the latest deal of new business won on or before a day."""

    def __init__(self, ask: Ask, period: Period) -> None:
        amount = _amount_sql(ask, "acv_won")
        rows = ask.rows(
            "deal", f"f.customer, f.on_day, f.system, f.record_id, f.owner, coalesce(f.rep, f.owner), sum({amount}),"
            f" sum(CASE WHEN ({amount}) IS NULL THEN 1 ELSE 0 END)", rule=_NEW, shape="to_date", period=period,
        )  # fmt: skip
        self.of_customer: dict[str, list[Win]] = defaultdict(list)
        self.unrated: Counter[date] = Counter()
        for customer, day, system, record, owner, name, value, missing in rows:
            rep = (system, owner, name) if owner else _NOBODY
            self.of_customer[customer].append(Win(customer, day, system, record, rep, exact_of(value) * _MICRO))
            self.unrated[day] += int(missing)

    def at(self, customer: str, day: date, *, later: bool = True) -> Win | None:
        """The deal that won a customer as of a day; with ``later`` its first one where none was won yet (the
        subscription began before the deal was closed)."""
        known = self.of_customer.get(customer, [])
        before = [win for win in known if win.day <= day]
        return before[-1] if before else known[0] if known and later else None

    def inside(self, period: Period) -> list[Win]:
        """The deals won in a period. Raises NoData REV-208 where one has no rate."""
        _rated(sum(count for day, count in self.unrated.items() if period.start <= day < period.end), "deal(s) won")
        return [win for wins in self.of_customer.values() for win in wins if period.start <= win.day < period.end]


def _amount_sql(ask: Ask, component: str) -> str:
    """The amount of a fact in SQL, at the rates of the view."""
    return ask.evaluator.measured(ask.session.component(component))


def _rated(missing: int, what: str) -> None:
    if missing:
        raise NoData(
            f"{missing} {what} have no exchange rate at most 7 days old.", code="REV-208",
            hint="Load fx_rate rows for those days.",
        )  # fmt: skip


# --- settling ---------------------------------------------------------------------------------------------------------


def settle(ask: Ask) -> list[Settled]:
    """Every pay period inside the asked one that has begun.

    Raises NoData REV-204 where no rule holds, UserError REV-102 for a period that is not whole pay periods, ConfigError
    REV-305 for a rule that cannot be used, NoData REV-201 and REV-208 as deals and movements do.
    """
    ask = replace(ask, where={})  # a rep's share is what all the others leave
    window = ask.window("deal")
    rules = read_rules(rows_for(ask.session.manifest.objects, "commission"), ask.session.manifest.currency)
    found = []
    for part, rule in _pay_periods(ask, rules):
        if part.start < window.end and part.end > (ask.session.fact("deal").first_day or part.start):
            found.append(_settled(ask, part, rule))
    return found


def _pay_periods(ask: Ask, rules: Sequence[Rule]) -> Iterable[tuple[Period, Rule]]:
    if not rules:
        raise NoData("There is no commission rule.", hint="Write alignment/commission.toml with [[commission]] tables.")
    day = ask.period.start
    while day < ask.period.end:
        rule = next((rule for rule in rules if rule.start <= day < rule.end), None)
        if rule is None:
            raise NoData(f"No commission rule holds on {day}.", hint="Mind valid_from and valid_to of commission.")
        part = of_grain(rule.grain, day, ask.session.manifest.calendar)  # type: ignore[arg-type]
        if part.start != day or part.end > ask.period.end:
            raise UserError(
                f"{rule.name} pays by {rule.grain.replace('_', ' ')}, and {ask.period} is not made of whole ones.",
                hint=f"Ask for {part}.",
            )
        yield part, rule
        day = part.end


def _settled(ask: Ask, period: Period, rule: Rule) -> Settled:
    split = SPLITS.get(ask.parameters["split"])
    wins = Wins(ask, period)
    entries = [
        Entry(NEW, win.rep, win.system, "opportunity", win.record, win.customer, win.day, win.amount, WON)
        for win in wins.inside(period)
    ]
    if rule.clawback:
        entries += _deductions(ask, period, rule, wins)
    if _pays_expansion(rule, split):
        entries += _expansion(ask, period, wins)
    entries.sort(key=lambda entry: (entry.rep, entry.pool, entry.day, entry.table, entry.system, entry.record))
    net: dict[str, dict[Rep, Fraction]] = {pool: defaultdict(Fraction) for pool in _POOLS}
    for entry in entries:
        if entry.rep != _NOBODY:
            net[entry.pool][entry.rep] += entry.amount
    bases = [sum((max(value, Fraction(0)) for value in net[pool].values()), Fraction(0)) for pool in _POOLS]
    unit, rate = _unit(ask), _exchange(ask, rule, period)
    settled = Settled(
        period, rule, entries, dict(zip(_POOLS, rule.pools(bases[0], bases[1], unit, rate, split), strict=True))
    )
    for pool in _POOLS:
        reps = sorted(net[pool])
        parts = shared(settled.pools[pool], [net[pool][rep] for rep in reps])
        settled.shares[pool] = dict(zip(reps, parts, strict=True)) if parts is not None else {}
    return settled


def _pays_expansion(rule: Rule, split: tuple[Fraction, Fraction] | None) -> bool:
    own = split or rule.split
    return bool(own[1]) if own is not None else bool(rule.expansion.value)


def _unit(ask: Ask) -> int:
    """Minor units in a major one."""
    return int(10 ** decimals(ask.evaluator.lens.currency))


def _exchange(ask: Ask, rule: Rule, period: Period) -> Fraction:
    """Units of the shown currency for one of the rule's, on the period's last day or the snapshot's, if that is earlier."""
    lens = ask.evaluator.lens
    day = min(period.last_day, ask.session.snapshot.as_of)
    rate = lens.rates().on(day, rule.currency, lens.currency) if rule.money else Fraction(1)
    if rate is None:
        raise NoData(f"The pot of {rule.name} is in {rule.currency} and has no rate on {day}.", code="REV-208")
    return rate


def _moved(ask: Ask, period: Period, kind: str, shape: str) -> list[tuple[str, date, str, str, str, Fraction]]:
    """(customer, day, system, table, record, amount a year) of movements of one kind; none in a pay period before the first
    movement ever, in which nobody can have grown or left. Raises NoData REV-201, REV-208."""
    first = ask.session.fact("movement").first_day
    if first is not None and period.end <= first:
        return []
    amount = _amount_sql(ask, f"{kind}_mrr")
    rows = ask.rows(
        "movement", f"f.customer, f.on_day, f.system, f.record_table, f.record_id, sum({amount}),"
        f" sum(CASE WHEN ({amount}) IS NULL THEN 1 ELSE 0 END)",
        rule=f"f.kind = '{kind}' OR (f.kind IS NULL AND f.on_day >= p.start_day)", shape=shape, period=period,
    )  # fmt: skip
    _rated(sum(int(row[-1]) for row in rows if row[1] >= period.start), "recurring amount(s)")
    return [(*row[:5], exact_of(row[5]) * _MICRO) for row in rows]


def _expansion(ask: Ask, period: Period, wins: Wins) -> list[Entry]:
    found = []
    for customer, day, system, table, record, amount in _moved(ask, period, "expansion", "flow"):
        win = wins.at(customer, day)
        rep, note = (win.rep, f"expansion; won by {win.record}") if win else (_NOBODY, "expansion; nobody won it")
        found.append(Entry(EXPANSION, rep, system, table, record, customer, day, amount, note))
    return found


def _deductions(ask: Ask, period: Period, rule: Rule, wins: Wins) -> list[Entry]:
    """What customers who stopped paying inside the clawback of the deal that won them had paid a year; of one deal only
    the first time, whoever comes back and leaves again."""
    found: list[Entry] = []
    seen: dict[tuple[str, str], date] = {}
    for customer, day, system, table, record, amount in sorted(_moved(ask, period, "churned", "to_date")):
        win = wins.at(customer, day, later=False)
        if win is None or day >= add_months(win.day, rule.clawback):
            continue
        if seen.setdefault((win.system, win.record), day) == day and day >= period.start:
            note = f"stopped paying {(day - win.day).days} days after {win.record} was won"
            found.append(Entry(NEW, win.rep, system, table, record, customer, day, amount, note))
    return found


# --- tables -----------------------------------------------------------------------------------------------------------


def _names(reps: Iterable[Rep]) -> dict[Rep, str]:
    """What each rep is called; two of one name are told apart by their key."""
    known = set(reps)
    often = Counter(name for *_, name in known)
    return {rep: rep[2] if often[rep[2]] == 1 else f"{rep[2]} ({rep[1]})" for rep in known}


@dataclass
class _Sums:
    """What a rep brought in, lost again and is given, over all pay periods; exact."""

    won: Fraction = Fraction(0)
    lost: Fraction = Fraction(0)
    over: Fraction = Fraction(0)
    expansion: Fraction = Fraction(0)
    deals: int = 0
    clawbacks: int = 0
    shares: dict[str, Fraction] = field(default_factory=lambda: dict.fromkeys(_POOLS, Fraction(0)))

    def add(self, one: Settled, rep: Rep, unit: int) -> None:
        """Count one pay period."""
        own = one.of(NEW, rep)
        won = sum((entry.amount for entry in own if entry.note == WON), Fraction(0))
        lost = sum((entry.amount for entry in own if entry.note != WON), Fraction(0))
        self.won, self.lost, self.over = self.won + won, self.lost + lost, self.over + max(Fraction(0), -won - lost)
        self.expansion += sum((entry.amount for entry in one.of(EXPANSION, rep)), Fraction(0))
        self.deals += sum(entry.note == WON for entry in own)
        self.clawbacks += len({(entry.customer, entry.day) for entry in own if entry.note != WON})
        for pool in _POOLS:
            self.shares[pool] += Fraction(one.shares[pool].get(rep, 0), unit)

    def plus(self, other: _Sums) -> None:
        """Count another one's too."""
        self.won, self.lost, self.over = self.won + other.won, self.lost + other.lost, self.over + other.over
        self.expansion += other.expansion
        self.deals, self.clawbacks = self.deals + other.deals, self.clawbacks + other.clawbacks

    def row(self, name: str, *, shares: bool = True) -> tuple[Cell, ...]:
        """The cells of a row; nobody's amounts have no share."""
        new, more = (number(self.shares[pool]) if shares else None for pool in _POOLS)
        whole = number(sum(self.shares.values(), Fraction(0))) if shares else None
        net = self.won + self.lost + self.over
        return (name, number(self.won), number(self.lost), number(net), new, number(self.expansion), more, whole,
                number(self.over), self.deals, self.clawbacks)  # fmt: skip


def _commission(ask: Ask) -> Table:
    settled, unit = settle(ask), _unit(ask)
    reps, total = _names(entry.rep for one in settled for entry in one.entries), _Sums()
    rows: list[tuple[Cell, ...]] = []
    for rep, name in sorted(reps.items(), key=_order):
        own = _Sums()
        for one in settled:
            own.add(one, rep, unit)
        total.plus(own)
        if ask.where.get("rep", rep[2]) == rep[2]:
            rows.append(own.row(name, shares=rep != _NOBODY))
    if "rep" not in ask.where:
        left = {pool: _left(settled, pool, unit) for pool in _POOLS}
        if any(left.values()):
            both = number(sum(left.values(), Fraction(0)))
            rows.append(
                (NOT_SHARED, None, None, None, number(left[NEW]), None, number(left[EXPANSION]), both, None, None, None)
            )
        total.shares = {pool: Fraction(sum(one.pools[pool] for one in settled), unit) for pool in _POOLS}
        rows.append(total.row("total"))
    columns = (
        "rep", "new", "deducted", "net_new", "share_of_new", "expansion", "share_of_expansion", "share", "not_deducted",
        "deals", "clawbacks",
    )  # fmt: skip
    return Table(columns, tuple(rows), ("text", *("money",) * 8, "count", "count"))


def _left(settled: Sequence[Settled], pool: str, unit: int) -> Fraction:
    """What of a pool nobody could be given."""
    return Fraction(sum(one.pools[pool] - sum(one.shares[pool].values()) for one in settled), unit)


def _order(item: tuple[Rep, str]) -> tuple[bool, str]:
    return item[0] == _NOBODY, item[1]


def _statement(ask: Ask) -> Table:
    settled, unit = settle(ask), _unit(ask)
    reps = _names(entry.rep for one in settled for entry in one.entries)
    customers = ask.session.snapshot.names_of({entry.customer for one in settled for entry in one.entries})
    rows: list[tuple[Cell, ...]] = []
    for one in settled:
        for rep, name in sorted(reps.items(), key=_order):
            for pool in _POOLS:
                own = one.of(pool, rep)
                parts: list[int | None] = [None] * len(own)
                if rep in one.shares[pool]:
                    parts = [*spread(one.shares[pool][rep], [entry.amount for entry in own])]
                if "rep" in ask.where and rep[2] != ask.where["rep"]:
                    continue
                rows += [
                    (str(one.period), one.rule.name, name, pool, e.system, e.table, e.record, e.customer,
                     customers.get(e.customer, ""), e.day.isoformat(), to_double(e.amount),
                     None if part is None else to_double(Fraction(part, unit)), e.note)
                    for e, part in zip(own, parts, strict=True)
                ]  # fmt: skip
    columns = (
        "period", "rule", "rep", "pool", "system", "table", "id", "customer", "name", "on", "amount", "share", "note",
    )  # fmt: skip
    return Table(columns, tuple(rows), (*("text",) * 9, "date", "money", "money", "text"))


# --- long-term KPIs ---------------------------------------------------------------------------------------------------


def _rep_long_term(ask: Ask) -> Table:
    chosen, ask = ask.where.get("rep"), replace(ask, where={})
    ask.value("opening_mrr")
    ask.value("mrr")  # a balance without a rate is refused here
    wins = Wins(ask, ask.period)
    balances = [
        (who, opening / 12 * _MICRO, closing / 12 * _MICRO)
        for who, opening, closing in ask.evaluator.customers(ask.window("movement"), {})
    ]
    before = ask.period.start
    moved: dict[str, dict[str, Fraction]] = {}
    for kind in ("expansion", "churned"):
        moved[kind] = defaultdict(Fraction)
        for customer, _, _, _, _, amount in _moved(ask, ask.period, kind, "flow"):
            moved[kind][customer] += amount / 12
    owners = {who: wins.at(who, before) for who in {*wins.of_customer, *(row[0] for row in balances)}}
    of_rep: dict[Rep, list[str]] = defaultdict(list)
    for who, win in owners.items():
        of_rep[win.rep if win else _NOBODY].append(who)
    reps = _names(of_rep)
    known = {who: (opening, closing) for who, opening, closing in balances}
    rows = []
    groups = [(name, rep, of_rep[rep]) for rep, name in sorted(reps.items(), key=_order)]
    if chosen is not None:
        groups = [group for group in groups if group[1][2] == chosen]
    else:
        groups.append(("all", _NOBODY, [*owners]))
    for name, _, people in groups:
        paying = [known[who] for who in people if who in known and known[who][0] > 0]
        opening = sum((first for first, _ in paying), Fraction(0))
        closing = sum((last for _, last in paying), Fraction(0))
        kept = sum((min(first, last) for first, last in paying), Fraction(0))
        lost = sum(last <= 0 for _, last in paying)
        count = len(paying)
        rows.append(
            (name, sum(who in wins.of_customer for who in people), count, lost, share(Fraction(lost), Fraction(count)),
             number(opening), number(sum((moved["churned"][who] for who in people), Fraction(0))),
             number(sum((moved["expansion"][who] for who in people), Fraction(0))),
             share(opening - kept, opening), share(closing, opening), "yes" if count < _FEW else "no")
        )  # fmt: skip
    columns = (
        "rep", "customers_won", "customers_at_start", "lost_customers", "logo_churn", "opening_mrr", "churned_mrr",
        "expansion_mrr", "revenue_churn_gross", "nrr", "under_30",
    )  # fmt: skip
    units = ("text", "count", "count", "count", "rate", "money", "money", "money", "rate", "rate", "text")
    return Table(columns, tuple(rows), units)


_PAID = ("acv_won", "deals_won", "expansion_mrr", "churned_mrr")

TABLES = {
    "commission": TableMetric(_PAID, _commission),
    "commission_statement": TableMetric(_PAID, _statement),
    "rep_long_term": TableMetric(("acv_won", "customers_at_start", "lost_customers", "mrr"), _rep_long_term),
}
