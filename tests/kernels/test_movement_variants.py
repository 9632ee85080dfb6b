"""Movements by other rules than ours, by hand. Every case is a customer of its own; amounts are MRR in dollars."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from beside import load as load_beside

from revalign_udf.config import load
from revalign_udf.jobs import pull
from revalign_udf.kernels.identity import build_customers_keys
from revalign_udf.kernels.rates import RateBook
from revalign_udf.kernels.recurring import build_movement_variants, build_movements
from revalign_udf.metrics.profiles import PROFILES, MovementRules
from revalign_udf.store import Store
from revalign_udf.testing.projects import rows_of

SETTINGS = '[source.files]\nconnector = "csv"\npath = "data"\n'
RATES = """
    2025-01-01 EUR USD 1.1
    2025-02-01 EUR USD 1.2
    2025-03-01 EUR USD 1.3
    2025-03-29 EUR USD 1.5
    2025-01-01 CHF USD 2.0
    2025-01-29 CHF USD 2.0
    2025-02-26 CHF USD 1.0
    2025-01-01 JPY USD 0.0000005
"""
# case, cancelled, ended | from to amount interval discount currency product metered
CASES = """
    paid-up      2025-09-10 -          | 2025-01-01 2026-01-01 1200 year 0 - - false
    too-late     2025-09-10 2025-03-01 | 2025-01-01 - 100 month 0 - - false
    stepped      2025-09-10 -          | 2025-01-01 2025-07-01 100 month 0 - - false | 2025-07-01 2025-10-01 110 month 0 - - false | 2025-10-01 - 120 month 0 - - false
    coupon       - -                   | 2025-01-01 2025-04-01 100 month 20 - - false | 2025-04-01 - 100 month 0 - - false
    chained      - -                   | 2025-01-01 2025-04-01 100 month 20 - - false | 2025-04-01 2025-06-01 150 month 20 - - false | 2025-06-01 - 150 month 0 - - false
    for-ever     - -                   | 2025-01-01 - 100 month 20 - - false
    left-early   - -                   | 2025-01-01 2025-04-01 100 month 20 - - false
    same-share   - -                   | 2025-01-01 2025-04-01 100 month 10 - - false | 2025-04-01 - 33.33 month 3.33 - - false
    same-amount  - -                   | 2025-01-01 2025-04-01 100 month 10 - - false | 2025-04-01 - 200 month 10 - - false
    to-yearly    - -                   | 2025-01-01 2025-04-01 100 month 10 - - false | 2025-04-01 - 1000 year 100 - - false
    other-line   - -                   | 2025-01-01 2025-04-01 100 month 20 - A false | 2025-04-01 - 100 month 0 - B false
    euro         - -                   | 2025-01-01 2025-03-01 100 month 0 EUR - false
    euro-year    - -                   | 2025-01-01 - 1200 year 0 EUR - false
    month-end    - -                   | 2025-01-31 - 100 month 0 CHF - false
    grows        - -                   | 2025-01-01 2025-03-01 100 month 0 EUR - false | 2025-02-01 2025-03-01 50 month 0 EUR - false
    grows-in-fall - -                  | 2025-01-29 2025-03-01 100 month 0 CHF - false | 2025-02-28 2025-03-01 1 month 0 CHF - false
    unrated      - -                   | 2024-12-01 2025-02-20 100 month 0 EUR - false
    half-micro   - -                   | 2025-01-01 2025-01-03 1 year 0 JPY - false
    half-credit  - -                   | 2025-01-01 2025-01-03 -1 year 0 JPY - false
    metered      - -                   | 2025-01-01 - 30 month 0 - - true
"""  # noqa: E501 - one case a line


def tables_of(cases: str, rates: str = RATES) -> dict[str, str]:
    """Canonical tables from lines of CASES."""
    people, subscriptions, items = [], [], []
    for line in cases.strip().splitlines():
        head, *parts = (part.split() for part in line.split("|"))
        people.append(f"{head[0]} {head[0]}")
        subscriptions.append(f"{head[0]} {head[0]} 2024-01-01 {head[1]} {head[2]}")
        for number, part in enumerate(parts):
            items.append(f"{head[0]}-{number} {head[0]} {' '.join(part)}")
    return {
        "organization": "id name\n" + "\n".join(people),
        "subscription": "id org_id started_at cancelled_at ended_at\n" + "\n".join(subscriptions),
        "subscription_item_period": (
            "id subscription_id valid_from valid_to amount interval discount_amount currency product_id metered\n"
            + "\n".join(items)
        ),
        "fx_rate": "date from_currency to_currency rate\n" + rates,
    }


@dataclass
class Kernel:
    """The kernel's tables for a few rows."""

    con: duckdb.DuckDBPyConnection
    book: RateBook

    def build(self, *variants: MovementRules) -> dict[str, str]:
        return build_movement_variants(self.con, "USD", self.book, variants)

    def moved(self, table: str, case: str) -> list[tuple[str, str, Fraction | None]]:
        """(day, kind, MRR) of a case in order; None where the amount is not known."""
        rows = self.con.execute(
            f"SELECT CAST(on_day AS VARCHAR), kind, sum(amount), count(*) - count(amount) FROM {table}"
            f" WHERE customer = 'files:{case}' GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        return [(day, kind, None if gone else Fraction(amount) / 12_000_000) for day, kind, amount, gone in rows]

    def excluded(self, fact: str) -> set[tuple[str, str]]:
        rows = self.con.execute("SELECT record_id, reason FROM f_excluded WHERE fact = ? ORDER BY 1", [fact]).fetchall()
        assert len(rows) == len(set(rows))
        return set(rows)

    def tables(self) -> set[str]:
        rows = self.con.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'f_movement%'").fetchall()
        return {name for (name,) in rows}


@contextmanager
def kernel_of(folder: Path, tables: dict[str, str]) -> Iterator[Kernel]:
    """The default movements of a few rows, in an open store."""
    data = folder / "data"
    data.mkdir(parents=True)
    for name, text in tables.items():
        (data / f"{name}.csv").write_text(rows_of(text), encoding="utf-8")
    (folder / "revalign.toml").write_text(SETTINGS, encoding="utf-8")
    project = load(folder)
    for report in pull(project):
        assert not report.failures
        assert not report.counts.rejects
    with Store.open(project.data, project.company.time_zone) as store:
        store.open_views(None, ["files"])
        store.con.execute(
            "CREATE TEMP TABLE f_excluded (fact VARCHAR, reason VARCHAR, record_table VARCHAR, system VARCHAR,"
            " record_id VARCHAR, on_day DATE)"
        )
        kernel = Kernel(store.con, RateBook(store.con, "USD"))
        build_customers_keys(store.con)
        build_movements(store.con, "USD", kernel.book)
        yield kernel


CANCEL = MovementRules(churn_date="cancel")
FOREVER = MovementRules(discount="forever")
NONE = MovementRules(discount="none")
ITEM = MovementRules(fx="item_start")
SERVICE = MovementRules(fx="service_period")
METERED = MovementRules(metered="in")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with kernel_of(tmp_path_factory.mktemp("variants"), tables_of(CASES)) as found:
        before = found.con.execute("SELECT * FROM f_movement ORDER BY ALL").fetchall()
        made = found.build(CANCEL, FOREVER, NONE, ITEM, SERVICE, METERED, MovementRules())
        assert made == {
            "cancel": "f_movement__cancel", "forever": "f_movement__forever", "none": "f_movement__none",
            "item_start": "f_movement__item_start", "service_period": "f_movement__service_period",
            "metered": "f_movement__metered", "": "f_movement",
        }  # fmt: skip
        # the variants leave the default as it was
        assert found.con.execute("SELECT * FROM f_movement ORDER BY ALL").fetchall() == before
        yield found


@pytest.mark.parametrize(
    ("case", "rules", "moved"),
    [
        # cancelled in September, paid to the end of the year
        ("paid-up", "", [("2025-01-01", "new", 100), ("2026-01-01", "churned", -100)]),
        ("paid-up", "cancel", [("2025-01-01", "new", 100), ("2025-09-10", "churned", -100)]),
        # what ended before it was cancelled ended then
        ("too-late", "cancel", [("2025-01-01", "new", 100), ("2025-03-01", "churned", -100)]),
        # the item after the cancellation never begins, so it is no reactivation either
        ("stepped", "", [("2025-01-01", "new", 100), ("2025-07-01", "expansion", 10), ("2025-10-01", "expansion", 10)]),
        ("stepped", "cancel", [("2025-01-01", "new", 100), ("2025-07-01", "expansion", 10), ("2025-09-10", "churned", -110)]),
        # a coupon of three months: the price does not move when it ends
        ("coupon", "", [("2025-01-01", "new", 80), ("2025-04-01", "expansion", 20)]),
        ("coupon", "forever", [("2025-01-01", "new", 100), ("2025-04-01", "expansion", 0)]),
        ("coupon", "none", [("2025-01-01", "new", 100), ("2025-04-01", "expansion", 0)]),
        # it ends two items later
        ("chained", "forever", [("2025-01-01", "new", 100), ("2025-04-01", "expansion", 50), ("2025-06-01", "expansion", 0)]),
        ("for-ever", "forever", [("2025-01-01", "new", 80)]),
        ("for-ever", "none", [("2025-01-01", "new", 100)]),
        # nobody knows how long it would have lasted
        ("left-early", "forever", [("2025-01-01", "new", 80), ("2025-04-01", "churned", -80)]),
        # 10 % of less is less, and 10 of more is a smaller share: neither discount has ended
        ("same-share", "forever", [("2025-01-01", "new", 90), ("2025-04-01", "contraction", -60)]),
        ("same-amount", "forever", [("2025-01-01", "new", 90), ("2025-04-01", "expansion", 100)]),
        ("to-yearly", "forever", [("2025-01-01", "new", 90), ("2025-04-01", "contraction", -15)]),
        ("other-line", "forever", [("2025-01-01", "new", 80), ("2025-04-01", "expansion", 20)]),
        # 1.1 in January, 1.2 from February, 1.3 from March
        ("euro", "", [("2025-01-01", "new", 110), ("2025-03-01", "churned", -130)]),
        ("euro", "item_start", [("2025-01-01", "new", 110), ("2025-03-01", "churned", -110)]),
        ("euro", "service_period", [("2025-01-01", "new", 110), ("2025-02-01", "fx", 10), ("2025-03-01", "churned", -120)]),
        # paid for a year: one service period, and the next begins after the last rate
        ("euro-year", "service_period", [("2025-01-01", "new", 110), ("2026-01-01", "fx", None)]),
        # on 31 January at 2.0, 28 February at 1.0; 31 March has no rate, so what is had from then on is not known
        ("month-end", "item_start", [("2025-01-31", "new", 200)]),
        ("month-end", "service_period", [("2025-01-31", "new", 200), ("2025-02-28", "fx", -100), ("2025-03-31", "fx", None)]),
        # on the day of the new rate half as much is added: the rate's part is no expansion
        ("grows", "service_period", [
            ("2025-01-01", "new", 110), ("2025-02-01", "expansion", 60), ("2025-02-01", "fx", 10),
            ("2025-03-01", "churned", -180),
        ]),
        # 200 becomes 100 by the rate while 1 is added: an expansion all the same
        ("grows-in-fall", "service_period", [
            ("2025-01-29", "new", 200), ("2025-02-28", "expansion", 1), ("2025-02-28", "fx", -100),
            ("2025-03-01", "churned", -101),
        ]),
        # no rate on the first day: unknown for its life, or until a service period begins that has one
        ("unrated", "item_start", [("2024-12-01", "new", None), ("2025-02-20", "churned", None)]),
        ("unrated", "service_period", [
            ("2024-12-01", "new", None), ("2025-01-01", "fx", None), ("2025-02-01", "fx", 10), ("2025-02-20", "churned", -120),
        ]),
        ("metered", "", []),
        ("metered", "metered", [("2025-01-01", "new", 30)]),
    ],
)  # fmt: skip
def test_movements_by_other_rules(
    kernel: Kernel, case: str, rules: str, moved: list[tuple[str, str, int | None]]
) -> None:
    assert kernel.moved(f"f_movement__{rules}" if rules else "f_movement", case) == moved


def test_an_amount_converted_once_needs_no_rate_of_the_day(kernel: Kernel) -> None:
    rows = kernel.con.execute(
        "SELECT DISTINCT currency, amount_src - amount FROM f_movement__item_start WHERE customer = 'files:euro'"
    ).fetchall()
    assert rows == [("USD", 0)]


def test_half_a_millionth_is_rounded_away_from_zero_both_ways(kernel: Kernel) -> None:
    rows = kernel.con.execute(
        "SELECT customer, amount_src FROM f_movement__item_start WHERE customer LIKE 'files:half%' ORDER BY 1, on_day"
    ).fetchall()
    assert rows == [
        ("files:half-credit", -1),
        ("files:half-credit", 1),
        ("files:half-micro", 1),
        ("files:half-micro", -1),
    ]


def test_an_amount_without_a_rate_is_in_a_currency_that_never_has_one(kernel: Kernel) -> None:
    """Every instant between two changes: a balance holds either dollars, or what no rate can turn into dollars."""
    rows = kernel.con.execute(
        "SELECT CAST(on_day AS VARCHAR), currency, sum(sum(amount_src)) OVER (PARTITION BY currency ORDER BY on_day)"
        " FROM f_movement__service_period WHERE customer = 'files:unrated' GROUP BY on_day, currency ORDER BY 1, 2"
    ).fetchall()
    assert rows == [
        ("2024-12-01", "EUR?", 1_200_000_000),
        ("2025-01-01", "EUR?", 0), ("2025-01-01", "USD", 1_320_000_000),
        ("2025-02-01", "USD", 1_440_000_000),
        ("2025-02-20", "USD", 0),
    ]  # fmt: skip


def test_what_is_out_is_listed_under_the_table_it_is_out_of(kernel: Kernel) -> None:
    assert kernel.excluded("movement") == {("metered-0", "metered")}
    late = ("stepped-2", "starts on or after the day its subscription was cancelled")
    assert kernel.excluded("movement__cancel") == {("metered-0", "metered"), late}
    assert kernel.excluded("movement__metered") == set()
    assert kernel.excluded("movement__item_start") == {("metered-0", "metered")}


def test_rules_that_change_nothing_make_no_table(tmp_path: Path) -> None:
    plain = "a - - | 2025-01-01 2025-06-01 100 month 0 USD - false\nb 2025-06-01 - | 2025-01-01 2025-06-01 100 month 0 - - false"
    with kernel_of(tmp_path, tables_of(plain)) as kernel:
        assert set(kernel.build(*(p.movements for p in PROFILES.values())).values()) == {"f_movement"}
        assert kernel.tables() == {"f_movement"}


def test_rules_that_matter_in_part_share_a_table(tmp_path: Path) -> None:
    # somebody cancels early and pays with a lasting discount: only the first changes anything
    rows = "a 2025-03-01 - | 2025-01-01 2026-01-01 100 month 10 - - false"
    with kernel_of(tmp_path, tables_of(rows)) as kernel:
        both = MovementRules(churn_date="cancel", discount="forever", fx="item_start", metered="in")
        assert kernel.build(both, CANCEL, FOREVER, NONE) == {
            both.key: "f_movement__cancel", "cancel": "f_movement__cancel", "forever": "f_movement",
            "none": "f_movement__none",
        }  # fmt: skip
        assert kernel.tables() == {"f_movement", "f_movement__cancel", "f_movement__none"}


def test_without_any_rate_service_periods_are_not_counted(tmp_path: Path) -> None:
    rows = "a - - | 2025-01-01 - 100 month 0 EUR - false"
    with kernel_of(tmp_path, tables_of(rows, "2025-01-01 GBP EUR 1.2")) as kernel:
        kernel.build(SERVICE)
        # one more begins after the last rate, and has none either: nothing changes
        assert kernel.moved("f_movement__service_period", "a") == [("2025-01-01", "new", None)]
    with kernel_of(tmp_path / "bare", {k: v for k, v in tables_of(rows).items() if k != "fx_rate"}) as kernel:
        kernel.build(SERVICE)
        assert kernel.moved("f_movement__service_period", "a") == [("2025-01-01", "new", None)]


RULES = [
    MovementRules(churn_date, discount, fx, metered)
    for churn_date in ("end", "cancel")
    for discount in ("all", "forever", "none")
    for fx in ("item_start", "service_period")
    for metered in ("out", "in")
]


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.campaign)])
def test_names_follow_the_balance_by_every_rule(tmp_path: Path, seed: int) -> None:
    """A random company by 24 sets of rules: at every change of every customer the name and the balance agree."""
    company = load_beside(Path(__file__).parents[1] / "properties" / "company.py").Company(seed, invoiced=False)
    wanted = {"organization", "subscription", "subscription_item_period", "fx_rate", "identity_link", "product"}
    with kernel_of(tmp_path, {name: text for name, text in company.texts().items() if name in wanted}) as kernel:
        made = kernel.build(*RULES)
        assert len(set(made.values())) > len(made) // 2
        for table in set(made.values()) - {"f_movement"}:
            days = kernel.con.execute(
                f"SELECT customer, on_day, max(CASE WHEN kind <> 'fx' THEN kind END), sum(amount_src),"
                f" count(DISTINCT CASE WHEN kind <> 'fx' THEN kind END) FROM {table} WHERE customer NOT IN"
                f" (SELECT customer FROM {table} WHERE currency <> 'USD') GROUP BY 1, 2 ORDER BY 1, 2"
            ).fetchall()
            assert days
            balance: dict[str, int] = {}
            joined: set[str] = set()
            for customer, _, kind, change, names in days:
                before = balance.get(customer, 0)
                after = balance[customer] = before + change
                assert names <= 1
                if kind in ("new", "reactivation"):
                    assert before <= 0 < after
                    assert (kind == "reactivation") == (customer in joined)
                    joined.add(customer)
                elif kind == "churned":
                    assert before > 0 >= after
                elif kind:
                    assert (before > 0) == (after > 0)
