"""Retention and health against their oracle: months, quarters and twelve months, in total and in slices."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from beside import campaign, load

from revalign_udf.query import Query
from revalign_udf.testing import project_of

HERE = Path(__file__).parent
FORMULAS, COMPANY, MINE, ORACLE = (
    load(HERE / f"{n}.py") for n in ("formulas", "company", "oracle_retention", "oracle")
)
ONE = timedelta(days=1)
Where = dict[str, str]
PERIODS = [FORMULAS.Span(f"{n // 12}-{n % 12 + 1:02d}", n, 1) for n in range(2024 * 12 + 11, 2026 * 12 + 6)]
PERIODS += [FORMULAS.Span(f"{n // 4}-Q{n % 4 + 1}", n * 3, 3) for n in range(2025 * 4, 2026 * 4 + 2)]
PERIODS += [FORMULAS.Span("LTM:2026-04", 2025 * 12 + 4, 12)]
#: those about which there is something to say, with a period before them
INSIDE = [period for period in PERIODS if date(2025, 3, 1) <= period.start <= MINE.THROUGH]
SLICES: list[Where] = [{}, {"segment": "SMB"}, {"country": "DE"}, {"segment": "(none)", "country": "SE"}]


class Case:
    """A company, the door to its numbers, and its oracle."""

    def __init__(self, folder: Path, seed: int) -> None:
        tables = MINE.tables_of(seed)
        texts = {name: COMPANY.table(rows) for name, rows in tables.items() if rows}
        self.query: Query = project_of(folder, texts, through=MINE.THROUGH.isoformat())
        self.oracle: Any = MINE.Retention(tables)

    def rows(self, metric: str, period: Any, **where: str) -> list[dict[str, Any]] | None:
        found = self.query.metric(metric, period.token, where).rows
        return None if found is None else found.dicts()


@pytest.fixture(scope="module", params=campaign([3, 4]))
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp(f"retention{request.param}"), request.param)


def _up(name: str) -> Callable[[Any, Any, Where], Fraction]:
    return lambda o, p, w: o.up(p.start, p.end, w)[name]


def _share(above: str, below: str) -> Callable[[Any, Any, Where], Fraction]:
    def run(o: Any, p: Any, w: Where) -> Fraction:
        found = o.up(p.start, p.end, w)
        return ORACLE.divide(found[above], found[below])  # type: ignore[no-any-return]

    return run


def _lost(kind: str) -> Callable[[Any, Any, Where], Fraction]:
    def run(o: Any, p: Any, w: Where) -> Fraction:
        start, end = o.clip("movement", p.start, p.end)
        count = o.losses(p.start, p.end, w).get(kind, (0, 0))[0]
        return ORACLE.divide(Fraction(count), Fraction(len(o.paying(start, end, w))))  # type: ignore[no-any-return]

    return run


def _match(o: Any, p: Any, w: Where) -> Fraction:
    scored = [row for row in o.answers(p.start, p.end, w, "match") if row["score"] is not None]
    return ORACLE.divide(Fraction(sum(row["score"] >= 4 for row in scored)), Fraction(len(scored)))  # type: ignore[no-any-return]


def _active(o: Any, p: Any, w: Where) -> Fraction:
    _, end = o.clip("payer", p.start, p.end)
    now = [key for key in o.o.of_customer if o.fits(key, end - ONE, w) and o.o.balance(key, end - ONE, ()) > 0]
    return ORACLE.divide(Fraction(len(now)), Fraction(len(o.ever(end, w))))  # type: ignore[no-any-return]


SCALARS: dict[str, Callable[[Any, Any, Where], Fraction]] = {
    "eligible_customers": _up("customers"),
    "lost_eligible_customers": _up("lost"),
    "eligible_mrr": _up("mrr"),
    "lost_eligible_mrr": _up("lost_mrr"),
    "eligible_logo_churn": _share("lost", "customers"),
    "eligible_revenue_churn": _share("lost_mrr", "mrr"),
    "voluntary_logo_churn": _lost("voluntary"),
    "involuntary_logo_churn": _lost("involuntary"),
    "active_share": _active,
    "feedback_match": _match,
    "customer_lifetime_median": lambda o, p, w: o.lifetimes(o.clip("movement", p.start, p.end)[1], w),
}


def _expected(oracle: Any, metric: str, period: Any, where: Where) -> Fraction | None:
    try:
        return Fraction(SCALARS[metric](oracle, period, where))
    except ORACLE.NoValue:
        return None


def test_numbers_are_those_of_the_oracle(company: Case) -> None:
    wrong, known = [], 0
    for metric in SCALARS:
        for place, where in enumerate(SLICES):
            for period in PERIODS if not place else PERIODS[3::4]:
                answer = company.query.metric(metric, period.token, where)
                expected = _expected(company.oracle, metric, period, where)
                known += bool(expected)
                if answer.exact != expected:
                    wrong.append((metric, period.token, where, answer.exact, expected, answer.message))
    assert not wrong
    assert known > 200


@pytest.mark.parametrize(("metric", "part", "below"), [("logo", "lost", "customers"), ("revenue", "lost_mrr", "mrr")])
def test_made_yearly(company: Case, metric: str, part: str, below: str) -> None:
    seen = 0
    for period in PERIODS:
        try:
            up = company.oracle.up(period.start, period.end, {})
        except ORACLE.NoValue:
            continue
        found = company.query.metric(f"annualised_eligible_{metric}_churn", period.token)
        if not up[below]:
            assert found.status == "REV-110"
            continue
        months = up["term" if metric == "logo" else "mrr_term"] / up[below]
        assert found.value == pytest.approx(1 - math.pow(1 - up[part] / up[below], 12 / months), rel=1e-9)
        seen += 1
    assert seen > 15


def test_churn_by_kind(company: Case) -> None:
    o, effects = company.oracle, 0
    for period in INSIDE:
        rows = company.rows("churn_by_kind", period)
        assert rows is not None
        losses, paying = (
            o.losses(period.start, period.end, {}),
            o.paying(*o.clip("movement", period.start, period.end), {}),
        )
        whole = sum(opening for _, opening, _ in paying)
        for row in rows[:3]:
            count, amount = losses.get(row["row"], (0, Fraction(0)))
            assert (row["lost_customers"], row["lost_mrr"]) == (count, float(amount))
            assert row["share_of_customers"] == float(Fraction(count, len(paying)))
            assert row["share_of_mrr"] == float(amount / whole)
        assert rows[3]["lost_customers"] == sum(count for count, _ in losses.values())
        if not o.paying(*o.clip("movement", period.before.start, period.before.end), {}):
            assert [row["share_of_customers"] for row in rows[4:]] == [None] * 4
            continue
        parts = []
        for one in (period, period.before):
            people = o.paying(*o.clip("movement", one.start, one.end), {})
            up = o.up(one.start, one.end, {})
            lost = sum(closing <= 0 for _, _, closing in people)
            parts.append(
                (Fraction(up["customers"], len(people)), up["lost"], up["customers"], lost - up["lost"], len(people))
            )
        (s1, a1, b1, x1, n1), (s0, a0, b0, x0, n0) = parts
        if b1 and b0:
            e1, e0 = a1 / b1, a0 / b0
            wanted = [(s1 - s0) * (e1 + e0) / 2, (e1 - e0) * (s1 + s0) / 2, Fraction(x1, n1) - Fraction(x0, n0)]
            assert [row["share_of_customers"] for row in rows[4:7]] == [float(effect) for effect in wanted]
            assert rows[7]["share_of_customers"] == float(sum(wanted, Fraction(0)))
            effects += 1
    assert effects > 10


def _month(number: int) -> tuple[date, date]:
    return FORMULAS.month_start(number), FORMULAS.month_start(number + 1)


@pytest.mark.parametrize("of", ["logo", "nrr", "grr"])
@pytest.mark.parametrize("where", [{}, {"segment": "SMB"}])
@pytest.mark.parametrize("step", [1, 3])
def test_cohorts(company: Case, of: str, where: Where, step: int) -> None:
    o, first = company.oracle, 2025 * 12
    year, grain = FORMULAS.Span("2025", first, 12), "month" if step == 1 else "quarter"
    rows = company.rows("retention_cohorts", year, of=of, grain=grain, **where)
    assert rows is not None
    began = min(o.first_paid.values())
    skipped = ((began.year - 2025) * 12 + began.month - 1) // step
    assert len(rows) == 12 // step - skipped
    for place, row in enumerate(rows, skipped):
        start, end = FORMULAS.month_start(first + place * step), FORMULAS.month_start(first + place * step + step)
        members = [key for key, day in o.first_paid.items() if start <= day < end and o.fits(key, day, where)]
        assert row["size"] == len(members)
        base = {key: o.o.balance(key, end - ONE, ()) for key in members}
        kept = {key: amount for key, amount in base.items() if amount > 0}
        for k, cell in enumerate(list(row.values())[2:]):
            last = FORMULAS.month_start(first + (place + k + 1) * step) - ONE
            if last > MINE.THROUGH:
                assert cell is None
                continue
            now = {key: o.o.balance(key, last, ()) for key in members}
            above, below = {
                "logo": (Fraction(sum(amount > 0 for amount in now.values())), Fraction(len(members))),
                "nrr": (sum((now[key] for key in kept), Fraction(0)), sum(kept.values(), Fraction(0))),
                "grr": (sum((min(now[key], kept[key]) for key in kept), Fraction(0)), sum(kept.values(), Fraction(0))),
            }[of]
            assert cell == (float(above / below) if below else None), (row["cohort"], k)


def test_feedback(company: Case) -> None:
    o = company.oracle
    for period in INSIDE:
        rows = company.rows("feedback", period)
        assert rows is not None
        for row in rows:
            given = o.answers(period.start, period.end, {}, row["kind"])
            scores = [Fraction(r["score"]) for r in given if r["score"] is not None]
            assert row["answers"] == len(scores)
            assert row["verbatims"] == sum(r["comment"] is not None for r in given)
            assert row["score"] == _score(row["kind"], scores)


def _score(kind: str, scores: list[Fraction]) -> float | None:
    if not scores or kind == "interview":
        return None
    if kind == "nps":
        return float(100 * Fraction(sum(x >= 9 for x in scores) - sum(x <= 6 for x in scores), len(scores)))
    if kind == "ces":
        return float(sum(scores, Fraction(0)) / len(scores))
    return float(Fraction(sum(x >= 4 for x in scores), len(scores)))


@pytest.mark.parametrize("by", ["segment", "product_line"])
def test_usage(company: Case, by: str) -> None:
    o, compared = company.oracle, 0
    for period in INSIDE[2::3]:
        rows = company.rows("usage_adoption", period, by=by)
        assert rows is not None
        start, end = o.clip("usage", period.start, period.end)
        for row in rows:
            where = {} if row[by] == "all" else {by: row[by]}
            used = o.used(start, end, where)
            active = [r for r in used if (r["active_users"] or 0) > 0 or r["events"] > 0]
            customers = {r["customer"] for r in active}
            pairs = {(r["customer"], r["feature"]) for r in active if r["feature"]}
            assert row["customers"] == len(customers)
            assert row["features"] == len({feature for _, feature in pairs})
            assert row["features_per_customer"] == (float(Fraction(len(pairs), len(customers))) if customers else None)
            assert row["active_users"] == float(Fraction(sum(o.users(used).values()), (end - start).days))
            compared += _least(o, period, where, row)
    assert compared > 5


def _least(o: Any, period: Any, where: Where, row: dict[str, Any]) -> bool:
    """Whether the churn of who used it least could be checked, having done so."""
    try:
        before = o.used(period.before.start, period.before.end, {k: v for k, v in where.items() if k == "product_line"})
    except ORACLE.NoValue:
        assert row["least_churn"] is None
        return False
    users: dict[str, list[int]] = {}
    for (org, _, _), count in o.users(before).items():
        users.setdefault(o.o.customer(org), [0, 0])[0] += count
    for one in before:
        users.setdefault(one["customer"], [0, 0])[1] += one["events"]
    paying = o.paying(*o.clip("movement", period.start, period.end), where)
    ranked = sorted((tuple(users.get(who, (0, 0))), closing <= 0) for who, _, closing in paying)
    if not ranked:
        assert row["least_users"] == 0
        return False
    limit = ranked[-(-len(ranked) // 4) - 1][0]
    for name, size, group in (("least", "least_users", [gone for use, gone in ranked if use <= limit]),
                              ("rest", "rest", [gone for use, gone in ranked if use > limit])):  # fmt: skip
        assert row[size] == len(group)
        assert row[f"{name}_churn"] == (float(Fraction(sum(group), len(group))) if group else None)
    return True


def test_seats(company: Case) -> None:
    o = company.oracle
    for period in INSIDE[1::4]:
        rows = company.rows("usage_adoption", period)
        assert rows is not None
        used = o.used(period.start, period.end, {})
        seats = taken = 0
        for place in {(r["customer"], r["product_id"]) for r in used}:
            own = sorted((r for r in used if (r["customer"], r["product_id"]) == place), key=lambda r: r["date"])
            known = [r for r in own if r["seats"] is not None]
            if known:
                last = known[-1]["date"]
                seats += max(r["seats"] for r in known if r["date"] == last)
                monthly = [r for r in own if r["monthly_active_users"] is not None]
                days = o.users(own)
                taken += (
                    max(r["monthly_active_users"] for r in monthly if r["date"] == monthly[-1]["date"])
                    if monthly else max(days.values())
                )  # fmt: skip
        assert (rows[-1]["seats"], rows[-1]["seats_used"]) == (seats, taken), period


def test_lift_and_expansion(company: Case) -> None:
    o, seen = company.oracle, 0
    for period in INSIDE[::2]:
        start, end = o.clip("movement", period.start, period.end)
        people = o.paying(start, end, {})
        churn = Fraction(sum(closing <= 0 for _, _, closing in people), len(people))
        for row in company.rows("churn_lift", period) or []:
            some = o.paying(
                start, end, {} if row["product_line"] == "company" else {"product_line": row["product_line"]}
            )
            own = Fraction(sum(closing <= 0 for _, _, closing in some), len(some))
            assert (row["customers_at_start"], row["churn"]) == (len(some), float(own))
            assert row["lift"] == (float(own / churn) if churn else None)
            assert row["under_30"] == ("yes" if len(some) < 30 else "no")
            seen += bool(churn)

        def share(where: Where, start: date = start, end: date = end) -> tuple[Fraction, Fraction]:
            opening = o.o.people(start, end, where, "start", lambda opening, closing: opening)
            return opening, o.o.flow("expansion", start, end, where)

        whole, gained = share({})
        wanted = []
        for name, values in (
            ("product_line", ("core", "extra", "(none)")),
            ("segment", ("SMB", "MM", "ENT", "(none)")),
        ):
            for value in values:
                opening, more = share({name: value})
                if opening > 0 and more / opening < gained / whole:
                    wanted.append((name, value, float(opening), float(more), float(gained / whole * opening - more)))
        found = company.rows("missing_expansion", period)
        assert found is not None
        keys = ("dimension", "value", "opening_mrr", "expansion_mrr", "missing_mrr")
        assert {tuple(row[key] for key in keys) for row in found} == set(wanted)
        assert [r["missing_mrr"] for r in found] == sorted((r[-1] for r in wanted), reverse=True)
    assert seen > 10


def test_unhappy_revenue(company: Case) -> None:
    o, seen = company.oracle, 0
    for period in INSIDE:
        start, end = o.clip("movement", period.start, period.end)
        wanted = {}
        for value in ("SMB", "MM", "ENT", "(none)"):
            people = o.paying(start, end, {"segment": value})
            scores = [r["score"] for r in o.answers(start, end, {"segment": value}, "nps") if r["score"] is not None]
            if not people or not scores:
                continue
            nrr = sum(closing for _, _, closing in people) / sum(opening for _, opening, _ in people)
            nps = 100 * Fraction(sum(s >= 9 for s in scores) - sum(s <= 6 for s in scores), len(scores))
            if nrr >= Fraction(9, 10) and nps < 15:
                mrr = o.o.people(start, end, {"segment": value}, "end", lambda opening, closing: closing)
                wanted[value] = (float(mrr), float(nrr), float(nps), len(scores))
        rows = company.rows("unhappy_revenue", period, nrr="90", nps="15")
        assert rows is not None
        assert {r["segment"]: (r["mrr"], r["nrr"], r["nps"], r["nps_answers"]) for r in rows} == wanted
        seen += len(wanted)
    assert seen > 10


def test_ideal_customer_profile(company: Case) -> None:
    o, good_seen = company.oracle, 0
    bands = [
        (None, "(none)"),
        (3, "1 to 9"),
        (10, "10 to 49"),
        (49, "10 to 49"),
        (250, "250 to 999"),
        (4000, "1000 and more"),
    ]
    for period in INSIDE[3::4]:
        _, end = o.clip("payer", period.start, period.end)
        groups: dict[str, list[dict[str, str]]] = {"successful": [], "rest": [], "worst": []}
        for who in o.ever(end, {}):
            now = o.o.balance(who, end - ONE, ())
            begun = o.o.balance(who, o.first_paid[who], (), end - ONE)  # at the rates of the period's last day
            renewed = any(
                on < end and (one["ended"] is None or on < one["ended"] or key in o.successor)
                for key, days in o.renewals.items() if (one := o.contracts[key])["customer"] == who for on in days
            )  # fmt: skip
            orgs = [r for r in o.o.rows("organization") if o.o.customer(r["id"]) == who and r["employees"] is not None]
            size = min(orgs, key=lambda r: str(r["id"]))["employees"] if orgs else None
            traits = {
                n: o.o.attribute(who, n, end - ONE)
                for n in ("segment", "country", "industry", "channel", "lead_source")
            }
            traits["size"] = dict(bands)[size]
            groups["successful" if renewed and now > 0 and now >= begun else "rest"].append(traits)
            if now <= 0:
                groups["worst"].append(traits)
        rows = company.rows("ideal_customer_profile", period)
        assert rows is not None
        good_seen += len(groups["successful"])
        assert {(r["trait"], r["value"]) for r in rows} == {
            pair for name in ("successful", "rest") for traits in groups[name] for pair in traits.items()
        }
        for row in rows:
            shares = {}
            for name, some in groups.items():
                count = sum(traits[row["trait"]] == row["value"] for traits in some)
                assert row[name] == count, (period, row, name)
                shares[name] = Fraction(count, len(some)) if some else None
                assert row[f"share_{name}"] == (None if not some else float(Fraction(count, len(some))))
            good, rest = shares["successful"], shares["rest"]
            assert row["lift"] == (float(good / rest) if good is not None and rest else None)
    assert good_seen > 10
