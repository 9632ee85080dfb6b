"""Marketing, leads and attribution against the oracle: months, quarters, years and twelve months, whole and cut."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from beside import campaign, load

from revalign_udf.testing import project_of

HERE = Path(__file__).parent
ORACLE, FORMULAS, COMPANY, MARKETING = (
    load(HERE / f"{name}.py") for name in ("oracle", "formulas", "company", "oracle_marketing")
)
STEPS = [("lead", "mql"), ("mql", "sal"), ("sal", "sql"), ("sql", "opportunity"), ("opportunity", "customer"),
         ("lead", "customer"), ("mql", "sql"), ("sql", "customer")]  # fmt: skip
CUTS = [{}, {"channel": "ads"}, {"segment": "SMB"}, {"campaign": "(none)"}]


class Case:
    """One random company that markets: the door to its numbers, and the oracle."""

    def __init__(self, folder: Path, seed: int, *, invoiced: bool) -> None:
        company = MARKETING.MarketingCompany(seed, invoiced=invoiced)
        self.query = project_of(folder, company.texts(), through=COMPANY.THROUGH.isoformat())
        self.oracle = MARKETING.MarketingOracle(company.tables, "USD", COMPANY.THROUGH)

    def both(self, name: str, period: Any, where: dict[str, str]) -> tuple[Any, Any, str]:
        """(engine, oracle, what the engine says) of one question; ``name`` may be followed by parameters."""
        metric, *given = name.split()
        answer = self.query.metric(metric, period.token, {**where, **dict(item.split("=") for item in given)})
        try:
            return answer.exact, MARKETING.METRICS[name](self.oracle, period, where), answer.message
        except ORACLE.NoValue:
            return answer.exact, None, answer.message

    def rows(self, name: str, period: Any, where: dict[str, str]) -> list[dict[str, Any]] | None:
        table = self.query.metric(name, period.token, where).rows
        return None if table is None else table.dicts()


@pytest.fixture(scope="module", params=campaign([(41, False), (42, True)]), ids=str)
def market(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    seed, invoiced = request.param
    return Case(tmp_path_factory.mktemp(f"market{seed}"), seed, invoiced=invoiced)


def test_totals_are_those_of_the_oracle(market: Case) -> None:
    wrong, known = [], 0
    for name in MARKETING.METRICS:
        for period in [*FORMULAS.months(), *FORMULAS.longer()]:
            found, expected, message = market.both(name, period, {})
            known += expected is not None
            if found != expected:
                wrong.append((name, period.token, found, expected, message))
    assert not wrong
    assert known > 400


@pytest.mark.campaign
def test_slices_are_those_of_the_oracle(market: Case) -> None:
    wrong, known = [], 0
    for name in MARKETING.METRICS:
        for where in FORMULAS.slices(market.query, name.split()[0], most=2):
            for period in [*FORMULAS.months()[5::6], *FORMULAS.longer()[2::4]]:
                found, expected, message = market.both(name, period, where)
                known += expected is not None
                if found != expected:
                    wrong.append((name, period.token, where, found, expected, message))
    assert not wrong
    assert known > 650


def test_costs_by_lead_source_are_those_of_the_oracle(market: Case) -> None:
    """With the other cuts of a campaign beside it; both kinds of answers must come up, a number and none."""
    found: dict[bool, int] = {True: 0, False: 0}
    beside = [{}, {"channel": "ads"}, {"currency": "EUR"}, *({"campaign": f"k{n}"} for n in range(6))]
    for name in ("campaign_cost", "cost_per_lead", "campaign_value_ratio"):
        known = market.query.dimensions(name.split()[0])
        for where in (dict(cut) for cut in beside if set(cut) <= set(known)):
            for source in market.query.names("lead_source"):
                for period in (FORMULAS.months()[11], FORMULAS.longer()[2]):
                    asked = {**where, "lead_source": source}
                    number, expected, message = market.both(name, period, asked)
                    assert number == expected, (name, period.token, asked, message)
                    found[number is None] += 1
    assert min(found.values()) > 20


@pytest.mark.parametrize("by", campaign(["campaign", "channel", "lead_source"]))
def test_credits_are_those_of_the_oracle(market: Case, by: str) -> None:
    known = 0
    for period in [FORMULAS.months()[9], *FORMULAS.longer()[1:]]:
        for model, half_life in [*((model, 7) for model in MARKETING.MODELS), ("time_decay", 30)]:
            for where in CUTS:
                asked = {**where, "by": by, "model": model, "half_life": str(half_life)}
                found = market.rows("attribution", period, asked)
                try:
                    credits_ = list(market.oracle.credited(period.start, period.end, where, model, half_life))
                except ORACLE.NoValue:
                    assert found is None
                    continue
                if model in ("first", "last"):
                    credits_ = [(one, money) for one, money in credits_ if _credited(one, market.oracle, model)]
                expected: dict[str, list[Any]] = {}
                for one, money in credits_:
                    row = expected.setdefault(one[by] or "(none)", [0, set(), Fraction(0)])
                    row[0] += one["touch"] is not None
                    row[1].add(one["deal"]["id"])
                    row[2] += money
                assert found is not None
                assert {row[by]: (row["touches"], row["deals"], row["credit"]) for row in found} == {
                    key: (touches, len(deals), float(money)) for key, (touches, deals, money) in expected.items()
                }, (period.token, model, where)
                known += len(found)
    assert known > 150


def _credited(one: dict[str, Any], oracle: Any, model: str) -> bool:
    """Whether a touch is the one a model credits everything to."""
    path = oracle.path(one["deal"])
    return not path or one["touch"]["id"] == path[0 if model == "first" else -1]["id"]


def test_speed_is_that_of_the_oracle(market: Case) -> None:
    known = 0
    for period in [*FORMULAS.months()[3::4], *FORMULAS.longer()]:
        for where in CUTS[:3]:
            found = market.rows("stage_velocity", period, where)
            if found is None:
                continue
            assert [(row["from_stage"], row["to_stage"]) for row in found] == STEPS
            for row in found:
                leads, finished, days = market.oracle.velocity(period, where, row["from_stage"], row["to_stage"])
                shown = [row["median_days"], row["p75_days"], row["p90_days"]]
                assert (row["leads"], row["finished"], shown) == (leads, finished, days), (period.token, where, row)
                known += finished > 0
    assert known > 80


def test_scores_are_those_of_the_oracle(market: Case) -> None:
    for period in [*FORMULAS.months()[2::3], *FORMULAS.longer()]:
        for where in CUTS[:3]:
            found = market.rows("lead_score_profile", period, where)
            if found is None:
                continue
            scores = market.oracle.scores(period, where)
            known = sorted(score for score in scores if score is not None)
            rows = {row["row"]: row for row in found}
            assert (rows["leads"]["leads"], rows["scored"]["leads"]) == (len(scores), len(known))
            bands = {row["score"]: row["leads"] for row in found[7:]}
            assert {band: some for band, some in bands.items() if some} == {
                band * 10: sum(score // 10 == band for score in known) for band in {score // 10 for score in known}
            }
            if known:
                wanted = [known[0], *(_between(known, Fraction(n, 4)) for n in (1, 2, 3)), known[-1]]
                shown = [rows[name]["score"] for name in ("minimum", "p25", "median", "p75", "maximum")]
                assert shown == [float(score) for score in wanted]


def _between(values: list[Fraction], share: Fraction) -> Fraction:
    place = (len(values) - 1) * share
    low = int(place)
    return values[low] + (place - low) * (values[min(low + 1, len(values) - 1)] - values[low])


def test_criteria_are_those_of_the_oracle(market: Case) -> None:
    oracle, known = market.oracle, 0
    for period in FORMULAS.longer()[1:]:
        for where, to in (({}, "customer"), ({"channel": "ads"}, "mql"), ({}, "sal")):
            found = market.rows("criterion_lift", period, {**where, "to": to})
            if found is None:
                continue
            leads = oracle.stage_leads(period, where, "lead")
            won = {key for key in leads if to in oracle.reached[key] and oracle.reached[key][to] <= oracle.through}
            expected = {}
            for name in ("budget", "size"):
                said = {key: oracle.by_id("lead")[key][name] for key in leads}
                for value in {value for value in said.values() if value}:
                    with_it = {key for key in leads if said[key] == value}
                    expected[name, value] = (
                        len(with_it), len(with_it & won), len(leads) - len(with_it), len(won - with_it),
                        sum(value is None for value in said.values()),
                    )  # fmt: skip
            assert {(row["criterion"], row["value"]): (
                row["leads_with"], row["converted_with"], row["leads_without"], row["converted_without"], row["not_said"],
            ) for row in found} == expected, (period.token, where, to)  # fmt: skip
            known += len(found)
    assert known > 50


def test_programmes_are_those_of_the_oracle(market: Case) -> None:
    for period in [*FORMULAS.months()[3::4], *FORMULAS.longer()]:
        for where in CUTS[:3]:
            found = market.rows("programme_effectiveness", period, where)
            try:
                members = market.oracle.members(period, where)
            except ORACLE.NoValue:
                assert found is None
                continue
            steps: dict[tuple[str, str], list[Any]] = {}
            for row in members:
                steps.setdefault((row["campaign_id"], row["step"]), []).append(row)
            order = sorted(steps, key=lambda key: (key[0], int(key[1].removeprefix("Mail"))))
            assert found is not None
            assert [(row["campaign"], row["step"]) for row in found] == order
            for row in found:
                inside = steps[row["campaign"], row["step"]]
                states = [
                    sum(one["status"] == name for one in inside) for name in ("advanced", "stalled", "dropped", None)
                ]
                assert row["entered"] == len(inside)
                assert [row[name] for name in ("advanced", "stalled", "dropped", "still_in")] == states
                moved = [one["moved"] for one in inside if one["moved"] is not None]
                assert row["scored"] == len(moved)
                assert row["mean_score_change"] == (float(sum(moved) / len(moved)) if moved else None)


def test_sources_and_spend_are_those_of_the_oracle(market: Case) -> None:
    oracle, known, unsaid = market.oracle, 0, 0
    for period in FORMULAS.longer()[1:-1]:
        found = market.rows("source_effectiveness", period, {})
        if found is None:
            continue
        for row in found:
            where = {"lead_source": row["lead_source"], "campaign": row["campaign"]}
            won = sum((money for _, money in _deals_won(oracle, period, where)), Fraction(0))
            cost = _cost_of(oracle, period, where)
            assert row["leads"] == oracle.at_stage(period, where, "lead")
            assert row["customers"] == oracle.at_stage(period, where, "customer")
            unknown = period.end <= min(deal["day"] for deal in oracle.deals)
            elsewhere = not cost and oracle.cost(period.start, period.end, {"campaign": row["campaign"]})
            assert (row["value"], row["cost"]) == (
                None if unknown else float(won), None if cost is None or elsewhere else float(cost),
            )  # fmt: skip
            known += 1
        by_source = market.rows("source_effectiveness", period, {"by": "lead_source"}) or []
        for row in by_source:
            cost = _cost_of(oracle, period, {"lead_source": row["lead_source"]})
            assert row["cost"] == (None if cost is None else float(cost))
            unsaid += cost is None
        assert sum(row["leads"] for row in found) == oracle.at_stage(period, {}, "lead")
        total = market.rows("spend_efficiency", period, {"to": "mql"})
        assert total is not None
        assert total[0]["spend"] == float(oracle.cost(period.start, period.end, {}))
        leads, later = oracle.at_stage(period, {}, "lead"), oracle.at_stage(period, {}, "mql")
        assert total[0]["conversion"] == (float(later / leads) if leads else None)
    assert known > 40
    assert unsaid > 5


def _cost_of(oracle: Any, period: Any, where: dict[str, str]) -> Fraction | None:
    """None where several lead sources share it."""
    try:
        return oracle.cost(period.start, period.end, where)  # type: ignore[no-any-return]
    except ORACLE.NoValue:
        return None


def _deals_won(oracle: Any, period: Any, where: dict[str, str]) -> list[tuple[Any, Fraction]]:
    return [
        (deal, ORACLE.micro(ORACLE.number(deal["amount"] or 0)) * oracle.rate(deal["day"], deal["code"]))
        for deal in oracle.deals
        if deal["outcome"] == "won" and period.start <= deal["day"] < period.end and deal["day"] <= oracle.through
        and all((deal[name] or "(none)") == value for name, value in where.items())
    ]  # fmt: skip
