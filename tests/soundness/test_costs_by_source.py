"""Silent wrong numbers in slices: what no record says the owner of was given to none, and every slice showed 0 of it.

A campaign that several lead sources share cost each of them something, and nobody knows how much; its sources showed a
cost of 0, or too small a one.

Six costs, four campaigns: ``own`` is of ads, ``expo`` is shared by fair and web, ``mail`` is of web, and of ``idle`` no lead
names a source. The source ``friend`` came without any campaign.
"""

import json
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from revalign_udf.errors import Undivided
from revalign_udf.metrics import Metric
from revalign_udf.query import Caller, Query
from revalign_udf.query.formulas import evaluate
from revalign_udf.testing import project_of

TABLES = {
    "campaign": "id name channel\nown Own paid\nexpo Expo event\nmail Mail email\nidle Idle paid",
    "campaign_cost": """
        campaign_id date       amount currency
        own         2026-01-05 60     -
        own         2026-02-05 30     -
        expo        2026-01-06 100    -
        mail        2026-02-07 20     -
        idle        2026-01-08 7      -
        idle        2026-02-09 5      -
    """,
    "lead": """
        id created_at lead_source campaign_id channel
        l1 2026-01-05 ads         own         paid
        l2 2026-02-06 ads         own         paid
        l3 2026-01-06 fair        expo        event
        l4 2026-01-07 web         expo        event
        l5 2026-02-07 web         mail        email
        l6 2026-01-09 friend      -           -
        l7 2026-02-09 -           idle        paid
    """,
    "fx_rate": "date from_currency to_currency rate\n2026-01-05 EUR USD 2\n2026-02-05 EUR USD 2",
}
SETTINGS = '[company]\ncurrency = "EUR"\n'
THROUGH = "2026-03-31"
#: a number nobody can know
HIDDEN = "REV-204"


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("costs"), TABLES, SETTINGS, through=THROUGH)


def by_source(query: Query, metric: str, period: str, **where: str) -> dict[str, Fraction | str | None]:
    """What every lead source answers: the number, or the code of the reason."""
    found = {
        source: query.metric(metric, period, {**where, "lead_source": source})
        for source in ("ads", "fair", "friend", "web", "(none)")
    }
    return {source: one.status if one.exact is None else one.exact for source, one in found.items()}


@pytest.mark.parametrize(
    ("period", "expected", "total"),
    [
        ("2026-01", {"ads": 60, "fair": HIDDEN, "friend": 0, "web": HIDDEN, "(none)": 107}, 167),
        # expo cost nothing in February: what web cost is known again
        ("2026-02", {"ads": 30, "fair": 0, "friend": 0, "web": 20, "(none)": 5}, 55),
        ("2026-03", dict.fromkeys(("ads", "fair", "friend", "web", "(none)"), 0), 0),
        ("2026-Q1", {"ads": 90, "fair": HIDDEN, "friend": 0, "web": HIDDEN, "(none)": 112}, 222),
        ("LTM", {"ads": 90, "fair": HIDDEN, "friend": 0, "web": HIDDEN, "(none)": 112}, 222),
    ],
)
def test_a_cost_is_a_number_only_where_it_is_known(
    query: Query, period: str, expected: dict[str, object], total: int
) -> None:
    assert by_source(query, "campaign_cost", period) == expected
    assert query.metric("campaign_cost", period).exact == total  # without the cut nothing is hidden


def test_nor_is_a_ratio_made_from_it(query: Query) -> None:
    """February: 30 / 1, 0 / 0, 0 / 0, 20 / 1; the lead without a source came through idle, which cost 5."""
    assert by_source(query, "cost_per_lead", "2026-02") == {
        "ads": 30, "fair": "REV-110", "friend": "REV-110", "web": 20, "(none)": 5,
    }  # fmt: skip
    # the 100 of expo are no cost of the leads without a source, though they stand beside them under (none)
    assert by_source(query, "cost_per_lead", "2026-Q1") == {
        "ads": 45, "fair": HIDDEN, "friend": 0, "web": HIDDEN, "(none)": HIDDEN,
    }  # fmt: skip
    assert query.metric("cost_per_lead", "2026-Q1").exact == Fraction(222, 7)
    # February's leads by January's cost
    assert by_source(query, "cost_per_lead", "2026-02", lag="1") == {
        "ads": 60, "fair": HIDDEN, "friend": "REV-110", "web": HIDDEN, "(none)": HIDDEN,
    }  # fmt: skip
    assert by_source(query, "cost_per_lead", "2026-03", lag="1")["web"] == "REV-110"  # a known 20, and no lead


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        ({"channel": "event"}, {"ads": 0, "fair": HIDDEN, "friend": 0, "web": HIDDEN, "(none)": 100}),
        ({"channel": "email"}, {"ads": 0, "fair": 0, "friend": 0, "web": 20, "(none)": 0}),
        ({"campaign": "expo"}, {"ads": 0, "fair": HIDDEN, "friend": 0, "web": HIDDEN, "(none)": 100}),
        ({"campaign": "mail"}, {"ads": 0, "fair": 0, "friend": 0, "web": 20, "(none)": 0}),
        ({"campaign": "idle"}, {"ads": 0, "fair": 0, "friend": 0, "web": 0, "(none)": 12}),
        ({"system": "files", "channel": "paid"}, {"ads": 90, "fair": 0, "friend": 0, "web": 0, "(none)": 12}),
        ({"currency": "EUR"}, {"ads": 90, "fair": HIDDEN, "friend": 0, "web": HIDDEN, "(none)": 112}),
    ],
    ids=str,
)
def test_other_filters_say_which_campaigns_matter(
    query: Query, cut: dict[str, str], expected: dict[str, object]
) -> None:
    assert by_source(query, "campaign_cost", "2026-Q1", **cut) == expected


def test_the_reason_says_how_much_of_what_and_what_to_do(query: Query) -> None:
    answer = query.metric("cost_per_lead", "2026-Q1", {"lead_source": "web"})
    assert answer.cell == "#N/A"
    assert answer.message == (
        "REV-204 campaign_cost of 2026-Q1: web shares expo with fair, and nobody can say how much of the 100.00 EUR is its"
        " own. Ask by campaign or channel instead."
    )
    shown = query.metric("campaign_cost", "2026-Q1", {"lead_source": "web"}, currency="USD")
    assert "of the 200.00 USD is its own" in shown.message
    rest = query.metric("cost_per_lead", "2026-Q1", {"lead_source": "(none)"}).message
    assert "100.00 EUR of the campaign_cost of 2026-Q1 that matches no lead source is of expo, whose leads name" in rest
    explained = query.explain("cost_per_lead", "2026-Q1", {"lead_source": "web"})
    assert explained.arithmetic == "RATIO(none, 2) = no value"
    assert "web shares expo with fair" in str(explained.components.rows)


def test_who_sees_one_source_only_is_not_told_of_the_others(query: Query) -> None:
    limited = Query(query.root, Caller("web", row_filter={"lead_source": "web"}))
    message = limited.metric("campaign_cost", "2026-Q1").message
    assert message.startswith("REV-204 campaign_cost of 2026-Q1: web shares campaigns with others")
    assert not any(word in message for word in ("fair", "expo", "100"))
    assert limited.metric("campaign_cost", "2026-02").exact == 20


def test_breakdowns_and_tables_show_it(query: Query) -> None:
    found = dict(query.breakdown("campaign_cost", "2026-01", "lead_source"))
    assert {source: one.exact for source, one in found.items()} == {"ads": 60, "fair": None, "web": None, "(none)": 107}
    # nobody of fair became a customer, yet fair cost something: the row stays, with its reason
    assert dict(query.breakdown("cost_per_customer", "2026-01", "lead_source"))["fair"].status == HIDDEN
    table = query.table(["campaign_cost", "cost_per_lead"], ["2026-01", "2026-02"], by="lead_source")
    assert [row[1:] for row in table.rows] == [
        ("ads", 60, 60), ("fair", "#N/A", "#N/A"), ("friend", 0, 0), ("web", "#N/A", "#N/A"), ("(none)", 107, "#N/A"),
        ("total", 167, float(Fraction(167, 4))),
        ("ads", 30, 30), ("web", 20, 20), ("(none)", 5, 5), ("total", 55, float(Fraction(55, 3))),
    ]  # fmt: skip
    series = query.series("campaign_cost", "2026-01", "2026-03", where={"lead_source": "web"}, compare="previous")
    assert [one.exact for one in series] == [None, 20, 0]
    assert [beside.exact for one in series for beside in one.comparisons][1:] == [None, 20]


def test_a_mean_of_months_leaves_no_such_month_out(query: Query) -> None:
    """Only web's February is known: a mean of it alone would be half of what two months cost."""
    mean = Metric("mean_cost", "Mean cost", "marketing", "monthly_mean_campaign_cost", "money", "")
    session = query.session()
    with pytest.raises(Undivided, match="web shares expo with fair"):
        evaluate(session, mean, query.period("2026-Q1"), {"lead_source": "web"})
    assert evaluate(session, mean, query.period("2026-Q1"), {"lead_source": "ads"}) == 30


def rows_of(query: Query, metric: str, period: str, **where: str) -> list[dict[str, object]]:
    rows = query.metric(metric, period, where).rows
    assert rows is not None
    return [dict(row) for row in rows.dicts()]


def test_source_effectiveness_leaves_it_blank(query: Query) -> None:
    january = rows_of(query, "source_effectiveness", "2026-01", by="lead_source")
    assert {row["lead_source"]: (row["leads"], row["cost"]) for row in january} == {
        "ads": (1, 60), "fair": (1, None), "friend": (1, 0), "web": (1, None), "(none)": (0, 107),
    }  # fmt: skip
    pairs = rows_of(query, "source_effectiveness", "2026-01")
    assert {(row["lead_source"], row["campaign"]): row["cost"] for row in pairs} == {
        ("ads", "own"): 60, ("fair", "expo"): None, ("friend", "(none)"): 0, ("web", "expo"): None, ("(none)", "expo"): 100,
        ("(none)", "idle"): 7,
    }  # fmt: skip
    one = rows_of(query, "source_effectiveness", "2026-Q1", by="campaign", lead_source="web")
    assert {row["campaign"]: row["cost"] for row in one} == {"expo": None, "mail": 20}
    # what matches no source is divided by nothing, whichever way it is asked for
    rest = rows_of(query, "source_effectiveness", "2026-01", by="campaign", lead_source="(none)")
    assert {row["campaign"]: (row["cost"], row["cost_per_customer"]) for row in rest} == {
        "expo": (100, None), "idle": (7, None),
    }  # fmt: skip


def test_spend_stays_blank_beside_conversion(query: Query) -> None:
    total = rows_of(query, "spend_efficiency", "2026-02", lead_source="web", to="mql")[0]
    assert (total["previous_spend"], total["spend"], total["conversion"]) == (None, 20, 0)


def test_of_a_cost_paid_back_everybody_took_nothing(tmp_path: Path) -> None:
    cost = TABLES["campaign_cost"] + "expo 2026-01-20 -100 -"
    query = project_of(tmp_path, {**TABLES, "campaign_cost": cost}, SETTINGS, through=THROUGH)
    assert by_source(query, "campaign_cost", "2026-01") == {"ads": 60, "fair": 0, "friend": 0, "web": 0, "(none)": 7}
    # two campaigns that happen to cancel out are two unknown parts
    lead = TABLES["lead"] + "l8 2026-01-09 fair other -\nl9 2026-01-09 web other -"
    cost = TABLES["campaign_cost"] + "other 2026-01-20 -100 -"
    tables = {**TABLES, "campaign": TABLES["campaign"] + "\nother Other event", "campaign_cost": cost, "lead": lead}
    query = project_of(tmp_path / "other", tables, SETTINGS, through=THROUGH)
    assert by_source(query, "campaign_cost", "2026-01")["web"] == HIDDEN


def test_what_has_no_rate_is_unknown_too(tmp_path: Path) -> None:
    cost = TABLES["campaign_cost"].replace("100    -", "100    GBP")
    query = project_of(tmp_path, {**TABLES, "campaign_cost": cost}, SETTINGS, through=THROUGH)
    assert by_source(query, "campaign_cost", "2026-01") == {
        "ads": 60, "fair": HIDDEN, "friend": 0, "web": HIDDEN, "(none)": "REV-208",
    }  # fmt: skip


# --- snapshots published before ---------------------------------------------------------------------------------------


def published_before(query: Query) -> Query:
    """The same snapshot as it was before it kept who shares a campaign."""
    folder = query.root / query.session().snapshot.folder.name
    query.close()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for name in ("campaign_spend", "campaign_year"):
        info, path = manifest["facts"][name], folder / f"{name}.parquet"
        info["columns"] = [column for column in info["columns"] if column[0] != "shared_by"]
        if path.is_file():
            with duckdb.connect() as con:
                con.execute(f"CREATE TABLE kept AS SELECT * EXCLUDE (shared_by) FROM read_parquet('{path}')")
                con.execute(f"COPY kept TO '{path}' (FORMAT parquet)")
            info["size"] = path.stat().st_size
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return Query(query.root)


def test_an_older_snapshot_says_less_and_nothing_wrong(tmp_path: Path) -> None:
    """It cannot tell expo, which is shared, from idle, which nobody's leads name: neither month is known but where all
    campaigns of the slice have their source."""
    query = published_before(project_of(tmp_path, TABLES, SETTINGS, through=THROUGH))
    unknown = dict.fromkeys(("ads", "fair", "friend", "web"), HIDDEN)
    assert by_source(query, "campaign_cost", "2026-01") == {**unknown, "(none)": 107}
    assert by_source(query, "campaign_cost", "2026-02", channel="email") == {
        "ads": 0, "fair": 0, "friend": 0, "web": 20, "(none)": 0,
    }  # fmt: skip
    assert by_source(query, "cost_per_lead", "2026-02")["(none)"] == HIDDEN
    message = query.metric("campaign_cost", "2026-01", {"lead_source": "ads"}).message
    assert "107.00 EUR of expo and idle match no single lead source" in message
    assert "revalign build" in message
    assert query.metric("campaign_cost", "2026-01").exact == 167
    assert query.metric("campaign_value_ratio", "2026-01", {"lead_source": "ads"}).status == "REV-201"


# --- value against cost -----------------------------------------------------------------------------------------------

WON = {
    **TABLES,
    "campaign": """
        id   name channel start_date
        own  Own  paid    2026-01-01
        expo Expo event   2026-01-01
        mail Mail email   2026-02-01
        idle Idle paid    2026-01-01
    """,
    "organization": "id name\na A",
    "opportunity": """
        id org_id created_at closed_at  outcome amount amount_basis type campaign_id lead_source
        o1 a      2026-01-10 2026-02-10 won     180    acv          new  own         web
        o2 a      2026-01-10 2026-02-11 won     300    acv          new  expo        fair
        o3 a      2026-01-10 2026-02-12 won     50     acv          new  mail        web
    """,
}


def test_value_and_cost_are_of_the_same_campaigns(tmp_path: Path) -> None:
    """Own began in January and cost 90 in its first year; the deal it won counts for ads, whose campaign it is, though the
    deal names web. Expo began in January too: fair and web share what it cost and won."""
    query = project_of(tmp_path, WON, SETTINGS, through=THROUGH)
    assert by_source(query, "campaign_value_ratio", "2026-01") == {
        "ads": 2, "fair": HIDDEN, "friend": "REV-110", "web": HIDDEN, "(none)": Fraction(300, 112),
    }  # fmt: skip
    assert by_source(query, "campaign_roi", "2026-02") == {
        "ads": "REV-110", "fair": "REV-110", "friend": "REV-110", "web": Fraction(3, 2), "(none)": "REV-110",
    }  # fmt: skip
    assert by_source(query, "campaign_roi", "2026-Q1", campaign="mail")["web"] == Fraction(3, 2)
    assert query.metric("campaign_value_ratio", "2026-Q1").exact == Fraction(530, 222)
    message = query.metric("campaign_roi", "2026-Q1", {"lead_source": "web"}).message
    assert "web shares expo with fair" in message
    older = published_before(query)
    assert by_source(older, "campaign_value_ratio", "2026-01")["ads"] == HIDDEN
    assert by_source(older, "campaign_roi", "2026-02")["web"] == Fraction(3, 2)


def test_a_value_that_is_shared_hides_the_ratio_too(tmp_path: Path) -> None:
    """Expo cost nothing; what it won is of two sources all the same."""
    cost = "campaign_id date amount\nown 2026-01-05 60\nmail 2026-01-05 20"
    query = project_of(tmp_path, {**WON, "campaign_cost": cost}, SETTINGS, through=THROUGH)
    assert by_source(query, "campaign_value_ratio", "2026-01")["web"] == HIDDEN
    assert query.metric("campaign_value_ratio", "2026-01", {"lead_source": "ads"}).exact == 3


def test_referral_business_counts_no_part_of_it(tmp_path: Path) -> None:
    """What a new customer of web cost: 20 of mail and an unknown part of expo."""
    tables = {
        **WON,
        "lead": TABLES["lead"].replace("id created_at", "id org_id created_at").replace(" 2026", " a 2026", 7),
        "subscription": "id org_id started_at\ns a 2026-01-20",
        "subscription_item_period": "id subscription_id valid_from amount interval\ns s 2026-01-20 10 month",
    }
    query = project_of(tmp_path, tables, SETTINGS, through=THROUGH)
    costs = {row["group"]: row["cost_per_customer"] for row in rows_of(query, "referral_business", "2026-Q1")}
    assert costs["other"] == 222
    sources = query.names("lead_source")
    shown = {s: rows_of(query, "referral_business", "2026-Q1", lead_source=s)[1]["cost_per_customer"] for s in sources}
    assert shown == dict.fromkeys(sources)  # the customer is web's, by its won deals


# --- what is not recorded by a dimension at all -----------------------------------------------------------------------

#: ten of marketing's cost names its channel, its salaries do not; no expense names a campaign, no cost of goods a product
KEPT = {
    "expense": """
        id date       amount function  kind      channel
        e1 2026-01-05 10     marketing programme paid
        e2 2026-01-31 90     marketing salary    -
        e3 2026-01-31 40     product   cogs      -
    """,
    "organization": "id name\na A\nb B",
    "lead": "id org_id created_at channel campaign_id opportunity_id\nl1 a 2026-01-05 paid own o1",
    "campaign": "id name channel\nown Own paid",
    "opportunity": "id org_id created_at closed_at outcome type\no1 a 2026-01-05 2026-01-10 won new",
    "sales_order": "id org_id ordered_at amount product_id\n1 a 2026-01-10 80 p\n2 b 2026-01-11 20 -",
    "web_daily": "date channel visitors\n2026-01-05 paid 7\n2026-01-06 mail 3",
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("kept"), KEPT, SETTINGS, through=THROUGH)


def answer_of(query: Query, metric: str, **where: str) -> object:
    found = query.metric(metric, "2026-01", where)
    return found.status if found.exact is None else found.exact


def test_an_expense_kept_without_campaigns_is_no_campaigns_nothing(kept: Query) -> None:
    """Each campaign acquired its customers for 0.00, and those without one cost all there was."""
    assert answer_of(kept, "cac") == Fraction(100, 2)
    assert answer_of(kept, "cac", campaign="own") == HIDDEN
    assert answer_of(kept, "cac", campaign="(none)") == HIDDEN
    assert answer_of(kept, "cac", channel="paid") == 10  # as defined: expense by its own channel
    assert answer_of(kept, "cac", channel="(none)") == 90
    answer = kept.metric("cac", "2026-01", {"campaign": "own"})
    assert answer.message == (
        "REV-204 acquisition_cost of 2026-01: no row of expense behind it names a campaign, so nobody can say how much is"
        " of own. Load expense with a campaign, or ask without it."
    )
    assert kept.metric("cac", "2026-02", {"campaign": "own"}).status == "REV-110"  # no cost at all in February
    assert [value for value, _ in kept.breakdown("cac", "2026-01", "campaign")] == ["own", "(none)"]


def test_a_cost_of_goods_without_products_is_no_margin_of_100_percent(kept: Query) -> None:
    """80 of p and 20 of nothing known, less 40 in all: p had a margin of 1, the rest one of -1."""
    assert answer_of(kept, "gross_margin") == Fraction(6, 10)
    assert answer_of(kept, "gross_margin", product="p") == HIDDEN
    assert answer_of(kept, "gross_margin", product="(none)") == HIDDEN
    assert answer_of(kept, "gross_margin", channel="paid") == HIDDEN
    # nothing sold names a team either: what has none is the whole
    assert answer_of(kept, "gross_margin", team="(none)") == Fraction(6, 10)
    assert kept.metric("gross_margin", "2026-01", {"product": "p"}).cell == "#N/A"


def test_visits_counted_without_campaigns_are_no_0_of_one(kept: Query) -> None:
    assert answer_of(kept, "visitors", campaign="own") == HIDDEN
    assert answer_of(kept, "visitors", campaign="(none)") == 10
    assert answer_of(kept, "visitors", channel="paid") == 7


def test_what_some_records_name_is_0_for_the_rest(tmp_path: Path) -> None:
    named = "id date amount function kind product_id\ne1 2026-01-05 30 product cogs p\ne2 2026-02-05 5 product cogs -"
    orders = KEPT["sales_order"] + "\n3 a 2026-01-12 50 q"
    query = project_of(tmp_path, {**KEPT, "expense": named, "sales_order": orders}, SETTINGS, through=THROUGH)
    assert answer_of(query, "gross_margin", product="p") == Fraction(50, 80)
    assert answer_of(query, "gross_margin", product="q") == 1
