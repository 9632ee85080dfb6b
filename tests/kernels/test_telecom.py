"""A telecom's customers as such data sets are published (as IBM's Telco sample is): tenure in months, contract, monthly
charges, churn in the last month. Month-to-month contracts make the churn everybody sees; who is bound can only leave when
the contract comes up.
"""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

import pytest

from revalign_udf.periods import add_months
from revalign_udf.query import Query
from revalign_udf.testing import project_of

TERMS = {"Month-to-month": 1, "One_year": 12, "Two_year": 24}
TODAY = date(2026, 6, 15)

Customer = tuple[int, str, str, bool]
"""tenure, contract, monthly charges, churn"""


def _customers() -> Iterator[Customer]:
    for n in range(30):  # ten of thirty leave
        yield 1 + n * 2, "Month-to-month", f"{70 + n}.35", n % 3 == 0
    # one year: 7 of 18 come up, 3 of them leave; one more leaves in between
    for tenure, leaves in ((12, True), (12, True), (12, False), (12, False), (24, True), (24, False), (36, False),
                           (30, True), *((11, False),) * 5, *((13, False),) * 5):  # fmt: skip
        yield tenure, "One_year", "55.20", leaves
    # two years: 4 of 12 come up, 1 leaves; one more leaves in between
    for tenure, leaves in ((24, True), (24, False), (24, False), (48, False), (40, True), *((36, False),) * 7):
        yield tenure, "Two_year", "80", leaves
    yield 0, "Two_year", "19.95", False  # signed this month: nothing to lose yet


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    people, subscriptions, items = [], [], []
    for n, (tenure, contract, charges, churn) in enumerate(_customers()):
        began = add_months(TODAY.replace(day=1), -tenure).replace(day=TODAY.day)
        people.append(f"c{n} c{n} {contract}")
        subscriptions.append(f"s{n} c{n} {began} {TODAY if churn else '-'} {TERMS[contract]}")
        items.append(f"i{n} s{n} {began} {charges} month")
    return project_of(
        tmp_path_factory.mktemp("telecom"),
        {
            "organization": "id name segment\n" + "\n".join(people),
            "subscription": "id org_id started_at ended_at term_months\n" + "\n".join(subscriptions),
            "subscription_item_period": "id subscription_id valid_from amount interval\n" + "\n".join(items),
        },
        through="2026-06-30",
    )


@pytest.mark.parametrize(
    ("contract", "at_start", "lost", "eligible", "lost_eligible", "a_year"),
    [
        ("Month-to-month", 30, 10, 30, 10, 1 - (2 / 3) ** 12),
        ("One_year", 18, 4, 7, 3, 3 / 7),
        ("Two_year", 12, 2, 4, 1, 1 - (3 / 4) ** 0.5),
    ],
)
def test_by_contract(
    query: Query, contract: str, at_start: int, lost: int, eligible: int, lost_eligible: int, a_year: float
) -> None:
    def ask(name: str) -> Fraction | None:
        return query.metric(name, "2026-06", {"segment": contract}).exact

    assert (ask("customers_at_start"), ask("lost_customers")) == (at_start, lost)
    assert (ask("eligible_customers"), ask("lost_eligible_customers")) == (eligible, lost_eligible)
    assert ask("logo_churn") == Fraction(lost, at_start)
    assert ask("eligible_logo_churn") == Fraction(lost_eligible, eligible)
    value = ask("annualised_eligible_logo_churn")
    assert value is not None
    assert float(value) == pytest.approx(a_year, rel=1e-12)


def test_all_contracts(query: Query) -> None:
    assert query.metric("logo_churn", "2026-06").exact == Fraction(16, 60)
    assert query.metric("eligible_logo_churn", "2026-06").exact == Fraction(14, 41)
    parts = dict(query.breakdown("eligible_logo_churn", "2026-06", "segment"))
    assert {name: answer.exact for name, answer in parts.items()} == {
        "Month-to-month": Fraction(1, 3), "One_year": Fraction(3, 7), "Two_year": Fraction(1, 4),
    }  # fmt: skip


def test_revenue(query: Query) -> None:
    due = [(Fraction(charges), churn) for tenure, contract, charges, churn in _customers()
           if tenure and tenure % TERMS[contract] == 0]  # fmt: skip
    whole, gone = sum(amount for amount, _ in due), sum(amount for amount, churn in due if churn)
    assert query.metric("eligible_mrr", "2026-06").exact == whole
    assert query.metric("eligible_revenue_churn", "2026-06").exact == gone / whole
    one = query.metric("eligible_revenue_churn", "2026-06", {"segment": "One_year"})
    assert one.exact == Fraction(3, 7)


def test_losses_outside_a_renewal_are_seen_beside(query: Query) -> None:
    table = query.metric("churn_by_kind", "2026-06").rows
    assert table is not None
    change = {row[1]: row[4] for row in table.rows if row[0] == "change of logo churn"}
    assert change["outside a renewal"] == float(Fraction(2, 60))
    assert change["all"] == float(Fraction(16, 60))  # nobody had left before
