"""Customer lifetime value from sales to facts to answers."""

import math
import random
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from revalign_udf.config import load
from revalign_udf.errors import UserError
from revalign_udf.kernels import build_facts
from revalign_udf.kernels.clv import build_clv
from revalign_udf.kernels.clv.models import alive, expected_purchases, expected_value
from revalign_udf.query import Query
from revalign_udf.store import Store
from revalign_udf.testing import project_of

AS_OF = date(2025, 12, 31)

Sale = tuple[str | None, str, float | None, int, str]
"""(customer, day, amount in the company's currency or None without a rate, orders, record table)"""


def built(sales: Iterable[Sale], as_of: date = AS_OF) -> duckdb.DuckDBPyConnection:
    """A connection on which the kernel has run over these sales."""
    con = duckdb.connect()
    con.execute(
        "CREATE TEMP TABLE f_excluded (fact VARCHAR, reason VARCHAR, record_table VARCHAR, system VARCHAR,"
        " record_id VARCHAR, on_day DATE)"
    )
    con.execute(
        "CREATE TEMP TABLE f_sale (on_day DATE, customer VARCHAR, amount DECIMAL(38, 12), orders INTEGER,"
        " record_table VARCHAR, system VARCHAR, record_id VARCHAR)"
    )
    rows = [
        (day, who, None if amount is None else round(amount * 1_000_000), orders, table, "shop", str(number))
        for number, (who, day, amount, orders, table) in enumerate(sales)
    ]
    if rows:
        con.executemany("INSERT INTO f_sale VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    build_clv(con, as_of)
    return con


def order(who: str | None, day: str, amount: float | None) -> Sale:
    return who, day, amount, 1 if amount is None or amount >= 0 else 0, "sales_order"


def shoppers(count: int = 300, seed: int = 1) -> list[Sale]:
    """Customers who buy now and then and leave at some time, for amounts of their own size."""
    chance, sales = random.Random(seed), []
    for number in range(count):
        rate, leaves = chance.gammavariate(1.0, 1 / 60), chance.betavariate(1.0, 3.0)
        size, day = chance.uniform(10, 90), date(2025, 1, 1) + timedelta(chance.randrange(300))
        while day <= AS_OF:
            sales.append(order(f"c{number}", str(day), round(size * chance.uniform(0.5, 1.5), 2)))
            if chance.random() < leaves:
                break
            day += timedelta(1 + int(chance.expovariate(rate + 1e-9)))
    return sales


def customer(con: duckdb.DuckDBPyConnection, who: str, columns: str) -> tuple[Any, ...]:
    return con.execute(f"SELECT {columns} FROM f_clv WHERE customer = ?", [who]).fetchall()[0]


def model(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Any]:
    found = con.execute("SELECT model, name, coalesce(CAST(value AS VARCHAR), text) FROM f_clv_model").fetchall()
    return {(part, name): value for part, name, value in found}


def refusal(con: duckdb.DuckDBPyConnection, which: str = "bg_nbd") -> str:
    """The code of a refusal, after making sure that every row tells it and none has a prediction."""
    told = con.execute("SELECT DISTINCT refusal FROM f_clv").fetchall()
    assert told == [(model(con)[which, "refusal"],)]
    assert con.execute("SELECT count(predicted) FROM f_clv").fetchall() == [(0,)]
    assert Decimal(model(con)[which, "converged"]) == 0
    return str(model(con)[which, "refusal_code"])


# --- what is counted -------------------------------------------------------------------------------------------

FIRST = "on_day, frequency, recency_days, age_days, spend, repeat_spend"
UNIT = Decimal(1_000_000)


def test_purchases_of_a_day_are_one_and_later_ones_are_not_known_yet() -> None:
    con = built(
        [
            order("a", "2025-12-01", 10), order("a", "2025-12-01", 5), order("a", "2025-12-11", 20.25),
            order("a", "2025-12-21", 1), order("a", "2025-12-21", 0.5), order("a", "2026-01-01", 99),
            order("later", "2026-01-01", 99),
        ]
    )  # fmt: skip
    assert customer(con, "a", FIRST) == (date(2025, 12, 1), 2, 20, 30, Decimal("36.75") * UNIT, Decimal("21.75") * UNIT)
    assert con.execute("SELECT count(*) FROM f_clv").fetchall() == [(1,)]
    assert con.execute("SELECT count(*) FROM f_excluded").fetchall() == [(0,)]


def test_credits_and_refunds_lessen_spend_and_are_no_purchase() -> None:
    con = built(
        [
            order("a", "2025-12-01", 10), order("a", "2025-12-11", 20), order("a", "2025-12-11", -4),
            order("a", "2025-12-15", -3), ("a", "2025-12-20", -1.0, 0, "refund"),
        ]
    )  # fmt: skip
    assert customer(con, "a", FIRST) == (date(2025, 12, 1), 1, 10, 30, 22 * UNIT, 20 * UNIT)


def test_an_order_of_nothing_is_a_purchase_as_it_is_an_order() -> None:
    con = built([order("a", "2025-12-01", 0), order("a", "2025-12-11", 20)])
    assert customer(con, "a", FIRST) == (date(2025, 12, 1), 1, 10, 30, 20 * UNIT, 20 * UNIT)


def test_every_line_of_an_invoice_belongs_to_its_value_and_a_credit_invoice_is_no_purchase() -> None:
    con = built(
        [
            ("a", "2025-12-01", 10, 1, "invoice_line"), ("a", "2025-12-11", 100, 1, "invoice_line"),
            ("a", "2025-12-11", -60, 0, "invoice_line"), ("a", "2025-12-21", -5, 0, "invoice_line"),
            ("a", "2025-12-21", 2, 0, "invoice_line"), ("a", "2025-12-11", -7, 0, "credit_note"),
        ]
    )  # fmt: skip
    assert customer(con, "a", FIRST) == (date(2025, 12, 1), 1, 10, 30, 40 * UNIT, 40 * UNIT)


def test_what_names_no_customer_or_was_only_given_back_is_left_out_with_its_reason() -> None:
    con = built([order("a", "2025-12-01", 10), order(None, "2025-12-02", 7), order("b", "2025-12-03", -7)])
    assert con.execute("SELECT customer FROM f_clv").fetchall() == [("a",)]
    assert con.execute(
        "SELECT fact, reason, record_table, system, record_id FROM f_excluded ORDER BY 5"
    ).fetchall() == [
        ("clv", "no customer is known", "sales_order", "shop", "1"),
        ("clv", "its customer bought nothing, credits and refunds only", "sales_order", "shop", "2"),
    ]


def test_a_missing_rate_leaves_value_unknown_and_history_known() -> None:
    con = built(
        [
            *shoppers(), order("a", "2025-11-01", 10), order("a", "2025-12-01", None), order("a", "2025-12-11", 5),
            order("b", "2025-12-01", None),
        ]
    )  # fmt: skip
    assert customer(con, "a", "frequency, recency_days, spend, repeat_spend, predicted, refusal") == (
        (2, 40, None, None, None, None)
    )
    assert customer(con, "a", "p_alive, expected_purchases")[1] > 0
    # nothing was repeated: the value expected is everybody's, whatever the first order was worth
    spend, repeated, predicted = customer(con, "b", "spend, repeat_spend, predicted")
    assert (spend, repeated) == (None, 0)
    assert predicted > 0


def test_no_sale_leaves_no_row() -> None:
    con = built([])
    assert con.execute("SELECT (SELECT count(*) FROM f_clv), (SELECT count(*) FROM f_clv_model)").fetchall() == [(0, 0)]


# --- what is predicted -----------------------------------------------------------------------------------------


def test_predictions_can_be_computed_again_from_the_published_parameters() -> None:
    con = built(shoppers())
    found = model(con)
    often = {name: float(found["bg_nbd", name]) for name in ("r", "alpha", "a", "b")}
    much = {name: float(found["gamma_gamma", name]) for name in ("p", "q", "v")}
    rows = con.execute(
        "SELECT frequency, recency_days, age_days, repeat_spend, p_alive, expected_purchases, predicted FROM f_clv"
    ).fetchall()
    x, recency, age, spend, there, expected, predicted = np.array(rows, dtype=float).T
    history = x, recency / 7, age / 7
    again = expected_purchases(often, 52, *history)
    assert alive(often, *history) == pytest.approx(there, abs=1e-12)
    assert again == pytest.approx(expected, abs=1e-12)
    value = again * expected_value(much, x, spend / 1e6 / np.maximum(x, 1))
    assert np.max(np.abs(value * 1e6 - predicted)) <= 0.5 + 1e-6
    assert found["bg_nbd", "horizon_weeks"] == "52.000000000000"
    assert Decimal(found["bg_nbd", "customers"]) == len(rows)
    assert Decimal(found["bg_nbd", "repeat_purchases"]) == int(np.sum(x))
    assert float(found["bg_nbd", "repeat_purchases_expected"]) == pytest.approx(float(np.sum(x)), rel=0.05)
    assert abs(float(found["gamma_gamma", "frequency_value_correlation"])) < 0.2
    assert {name for part, name in found if part == "gamma_gamma"} == {
        "p", "q", "v", "p_standard_error", "q_standard_error", "v_standard_error", "log_likelihood", "customers",
        "converged", "iterations", "frequency_value_correlation",
    }  # fmt: skip


def test_two_runs_and_another_order_of_rows_give_the_same_rows() -> None:
    sales = shoppers()
    mixed = sales[:]
    random.Random(9).shuffle(mixed)
    ask = "SELECT * FROM f_clv ORDER BY ALL", "SELECT * FROM f_clv_model ORDER BY ALL"
    first, second, third = ([con.execute(sql).fetchall() for sql in ask] for con in map(built, (sales, sales, mixed)))
    assert len(first[0]) == 300
    assert first == second == third


# --- refusals --------------------------------------------------------------------------------------------------


def test_too_few_repeat_customers_are_refused_with_their_number() -> None:
    sales = [order(f"c{n}", day, 10 + n) for n in range(29) for day in ("2025-03-01", f"2025-0{4 + n % 5}-15")]
    con = built([*sales, order("once", "2025-05-01", 5)])
    assert refusal(con) == "too_few_repeat_customers"
    assert model(con)["bg_nbd", "refusal"] == "too few customers bought again: 29; a fit needs 30"
    assert customer(con, "c1", "spend, p_alive, expected_purchases") == (22 * UNIT, None, None)


def test_monthly_invoices_are_refused_and_not_a_failure() -> None:
    days = [f"2025-{month:02}-01" for month in range(1, 13)]
    con = built([(f"c{n}", day, 50.0 + n, 1, "invoice_line") for n in range(60) for day in days[n % 9 :]])
    assert refusal(con) == "at_bound"
    assert ("gamma_gamma", "converged") not in model(con)


def test_values_that_never_differ_leave_how_often_and_refuse_how_much() -> None:
    con = built([order(who, day, 50) for who, day, *_ in shoppers()])
    assert refusal(con, "gamma_gamma") == "at_bound"
    assert model(con)["bg_nbd", "converged"] == "1.000000000000"
    assert con.execute("SELECT count(*) FROM f_clv WHERE expected_purchases > 0").fetchall() == [(300,)]


# --- CDNOW -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Query]:
    """The sample of 2,357 customers as sales orders: the whole log to June 1998, known through 30 September 1997."""
    log = Path(str(distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_sample.txt")))
    rows = []
    for number, line in enumerate(log.read_text().splitlines()):
        who, _, day, _, amount = line.split()
        rows.append(f"o{number} {who} {day[:4]}-{day[4:6]}-{day[6:]} {amount}")
    folder = tmp_path_factory.mktemp("clv")
    tables = {"sales_order": "id person_id ordered_at amount\n" + "\n".join(rows)}
    return folder, project_of(folder, tables, through="1997-09-30")


def test_cdnow_comes_out_with_the_published_parameters(cdnow: tuple[Path, Query]) -> None:
    project = load(cdnow[0])
    with Store.open(project.data, project.company.time_zone) as store:
        store.open_views(None, sorted(project.sources))
        build_facts(store.con, project.company.currency, date(1997, 9, 30))
        found = model(store.con)
        assert customer(store.con, "files:person:00004", "frequency, recency_days, age_days, spend") == (
            (2, 213, 272, Decimal("74.02") * UNIT)
        )
    published = {"r": "0.2426", "alpha": "4.4136", "a": "0.7929", "b": "2.4259", "log_likelihood": "-9582.4292"}
    assert {name: str(round(Decimal(found["bg_nbd", name]), 4)) for name in published} == published
    assert Decimal(found["bg_nbd", "customers"]) == 2357
    published = {"p": "6.25", "q": "3.74", "v": "15.44", "log_likelihood": "-4055.92"}
    assert {name: str(round(Decimal(found["gamma_gamma", name]), 2)) for name in published} == published
    assert Decimal(found["gamma_gamma", "customers"]) == 946
    # Fader, Hardie, Lee: RFM and CLV, 2005, tell a correlation of .11
    assert round(Decimal(found["gamma_gamma", "frequency_value_correlation"]), 2) == Decimal("0.11")


def test_cdnow_answers(cdnow: tuple[Path, Query]) -> None:
    _, query = cdnow
    observed = query.metric("clv_observed", "1997-09")
    revenue = query.metric("revenue", "1997").exact
    assert revenue is not None
    assert observed.exact == revenue / 2357
    # at the end of January only its buyers, and what they had spent by then
    january = query.metric("revenue", "1997-01").exact
    new = query.metric("new_customers", "1997-01").exact
    assert january is not None
    assert new is not None
    assert query.metric("clv_observed", "1997-01").exact == Fraction(january, new)
    predicted = query.metric("clv_predicted", "1997-09")
    assert predicted.status == "ok"
    # the authors' own table of these customers, with the published parameters
    path = Path(
        str(distribution("lifetimes").locate_file("lifetimes/datasets/cdnow_customers_summary_with_transactions.csv"))
    )
    _, x, recency, age, mean = np.loadtxt(path, delimiter=",", skiprows=1).T
    often = expected_purchases({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, 52, x, recency, age)
    much = expected_value({"p": 6.25, "q": 3.74, "v": 15.44}, x, mean)
    assert predicted.value == pytest.approx(float(np.mean(often * much)), rel=2e-3)
    records = query.records("clv_predicted", "1997-09").dicts()
    told = [float(row["contribution"] or 0) for row in records if row["component"] == "predicted_revenue"]
    assert math.fsum(told) / 2357 == pytest.approx(predicted.value, rel=1e-12)
    # the model is that of the as-of day, for everybody
    assert query.metric("clv_model", "1997-03").status == "REV-204"
    with pytest.raises(UserError, match="cannot be cut by cohort"):
        query.metric("clv_model", "1997-09", {"cohort": "1997-01"})
    table = query.metric("clv_model", "1997-09").rows
    assert table is not None
    rows = {(row["model"], row["name"]): row["value"] for row in table.dicts()}
    assert rows["bg_nbd", "alpha"] == pytest.approx(4.4136, abs=1e-4)


def test_a_refused_fit_is_a_coded_reason_and_observed_value_stays(tmp_path: Path) -> None:
    query = project_of(
        tmp_path,
        {
            "sales_order": """id person_id ordered_at amount
                1 ann 2025-01-10 30
                2 ann 2025-02-10 30
                3 bob 2025-02-20 20
                4 bob 2025-03-01 -5"""
        },
        through="2025-03-31",
    )
    assert [query.metric("clv_observed", f"2025-0{month}").exact for month in (1, 2, 3)] == [30, 40, Fraction(75, 2)]
    predicted = query.metric("clv_predicted", "2025-03")
    assert (predicted.value, predicted.status) == (None, "REV-209")
    assert "too few customers bought again: 1; a fit needs 30" in predicted.message
    table = query.metric("clv_model", "2025-03").rows
    assert table is not None
    assert "too_few_repeat_customers" in {row["text"] for row in table.dicts()}
