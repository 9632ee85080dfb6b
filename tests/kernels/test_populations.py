"""Ratios over many customers: worked numbers, and the ratio of sums across slices."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from revalign_udf.testing import project_of


def _who() -> Iterator[tuple[str, str, str, str, list[tuple[str, str, str, int]]]]:
    """(customer, segment, country, items as from, to, amount)."""
    for n in range(10):  # one of ten leaves in June
        yield f"small{n}", "small", "ratio", "", [("2025-01-01", "2025-06-15" if n == 0 else "-", "", 10)]
    for n in range(1000):  # ten of a thousand leave in June
        yield f"large{n}", "large", "ratio", "", [("2025-01-01", "2025-06-15" if n < 10 else "-", "", 10)]
    for n in range(100):  # 100 at the start of June, ten of them leave
        yield f"base{n}", "-", "inside", "", [("2025-01-01", "2025-06-20" if n < 10 else "-", "", 10)]
    yield "late", "-", "inside", "", [("2025-06-02", "2025-06-20", "", 10)]  # joins and leaves inside: in no churn
    yield "grows", "-", "worked", "", [("2025-01-01", "-", "", 60), ("2025-06-10", "-", "", 10)]
    yield "leaves", "-", "worked", "", [("2025-01-01", "2025-06-10", "", 10)]
    yield "shrinks", "-", "worked", "", [("2025-01-01", "2025-06-10", "", 30), ("2025-06-10", "-", "", 20)]
    yield "joins", "-", "worked", "", [("2025-06-10", "-", "", 500)]  # not there at the start: in none of the ratios


def test_ratios(tmp_path: Path) -> None:
    people, items = list(_who()), []
    for key, _, _, _, own in people:
        items += [f"{key}_{n} {key} {a} {b} {amount} month" for n, (a, b, _, amount) in enumerate(own)]
    query = project_of(
        tmp_path,
        {
            "organization": "id name segment country\n" + "\n".join(f"{a} {a} {b} {c}" for a, b, c, _, _ in people),
            "subscription": "id org_id started_at\n" + "\n".join(f"{a} {a} 2025-01-01" for a, *_ in people),
            "subscription_item_period": "id subscription_id valid_from valid_to amount interval\n" + "\n".join(items),
        },
        through="2025-12-31",
    )

    def ask(name: str, country: str, period: str = "2025-06", **more: str) -> Fraction | None:
        return query.metric(name, period, {"country": country, **more}).exact

    # 1 of 10 and 10 of 1,000 are 11 of 1,010, not the mean of 10 % and 1 %
    assert ask("logo_churn", "ratio", segment="small") == Fraction(1, 10)
    assert ask("logo_churn", "ratio", segment="large") == Fraction(10, 1000)
    assert ask("logo_churn", "ratio") == Fraction(11, 1010)
    # over time: the year's losses over the year's opening, and nobody was there on 31 December
    assert ask("logo_churn", "ratio", "2025-Q3") == 0
    assert query.metric("logo_churn", "2025", {"country": "ratio"}).status == "REV-110"
    # 100 at start, 11 cancel of whom 1 joined inside: 10 %
    assert (ask("customers_at_start", "inside"), ask("lost_customers", "inside")) == (100, 10)
    assert ask("logo_churn", "inside") == Fraction(1, 10)
    # 100 opening, 10 churned, 10 contraction, 10 expansion
    assert ask("opening_mrr", "worked") == 100
    assert ask("revenue_churn_gross", "worked") == Fraction(1, 5)
    assert ask("revenue_churn_net", "worked") == Fraction(1, 10)
    assert (ask("nrr", "worked"), ask("grr", "worked")) == (Fraction(9, 10), Fraction(4, 5))
    assert ask("quick_ratio", "worked") == Fraction(510, 20)
    assert ask("arpu", "worked") == Fraction(590, 3)
