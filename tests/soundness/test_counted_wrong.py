"""Numbers that once were wrong without a word. Each story is one line; each test keeps it from coming back."""

from fractions import Fraction
from pathlib import Path

import pytest

from revalign_udf.errors import UserError
from revalign_udf.query import Caller, Query
from revalign_udf.testing import project_of, rows_of

RECURRING = {
    "organization": "id name segment country\na A - SE\nb B SMB SE\nc C - DE\nd D MM DE",
    "attribute_history": """entity entity_id attribute value valid_from valid_to
        organization a segment SMB 2025-01-01 2025-03-01
        organization b segment MM  2025-02-01 -
        organization b segment ENT 2025-04-01 2025-02-15
        organization c channel tv  2025-01-01 -""",
    "opportunity": "id org_id created_at outcome closed_at type channel\no c 2025-01-01 won 2025-01-01 new ads",
    "subscription": """id org_id started_at currency
        sa a 2025-01-01 USD
        sb b 2025-01-01 USD
        sc c 2025-01-01 USD
        sd d 2025-01-01 -""",
    "subscription_item_period": """id subscription_id valid_from valid_to amount quantity interval currency
        ia sa 2025-01-01 -          100 1 month -
        ib sb 2025-01-01 -          10  1 month -
        ic sc 2025-01-01 -          1   1 month -
        d1 sd 2025-01-01 -          100 1 month EUR
        d2 sd 2025-01-01 -         -900 1 month SEK
        d3 sd 2025-01-20 2025-03-20 600 1 month EUR
        d4 sd 2025-01-01 -  0.0000000049 1000000 month USD""",
    "fx_rate": "date from_currency to_currency rate\n" + "\n".join(
        f"2025-{m:02d}-{d:02d} {code} USD {rate}" for m in range(1, 13) for d in (1, 8, 15, 22, 28)
        for code, rate in (("EUR", 2), ("SEK", "0.1"))
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("soundness"), RECURRING, through="2025-12-31")


def test_a_value_that_ends_with_nothing_after_it_leaves_the_slice(query: Query) -> None:
    """A segment that simply ended took its MRR away as exchange rate, in a company with one currency."""
    found = query.metric("mrr_movements", "2025-03", {"segment": "SMB"}).rows
    assert found is not None
    values = {row["movement"]: row["value"] for row in found.dicts()}
    assert (values["opening_mrr"], values["leaving_mrr"], values["fx_impact_mrr"], values["mrr"]) == (100, -100, 0, 0)


def test_a_backward_history_row_does_not_double_a_customer(query: Query) -> None:
    """A history row that ended before it began opened a gap over its neighbour: the customer counted in both."""
    parts = dict(query.breakdown("mrr", "2025-05", "segment", {"currency": "USD", "country": "SE"}))
    assert {value: answer.exact for value, answer in parts.items()} == {"MM": 10, "(none)": 100}


def test_history_of_a_derived_attribute_does_not_double_a_customer(query: Query) -> None:
    """A history row named channel stood beside the channel of the won opportunity: every sum by channel was twice that."""
    parts = dict(query.breakdown("mrr", "2025-05", "channel", {"currency": "USD"}))
    assert {value: float(answer.exact or 0) for value, answer in parts.items()} == {"ads": 1, "(none)": 110.0049}


def test_a_currency_that_did_not_change_that_day_is_not_converted_at_one(query: Query) -> None:
    """On a day with a change in euro only, the kronor of the same customer were taken for dollars: 900 owed instead of 90,
    so the upgrade of a paying customer was a reactivation."""
    assert query.metric("expansion_mrr", "2025-01", {"country": "DE", "currency": "EUR"}).exact == 1200
    assert query.metric("contraction_mrr", "2025-03", {"country": "DE", "currency": "EUR"}).exact == -1200
    assert query.metric("churned_mrr", "2025", {"country": "DE"}).exact == 0


def test_prices_keep_all_their_decimals(query: Query) -> None:
    """A price per call of 0.0000000049 was cut to eight decimals, and a million calls a month were free."""
    assert query.metric("mrr", "2025-05", {"country": "DE", "currency": "USD"}).exact == 1 + Fraction(49, 10_000)


def test_a_filter_of_zero_is_a_filter(query: Query) -> None:
    """The number 0 in a filter cell was taken for an empty one, and the whole company answered."""
    with pytest.raises(UserError, match="REV-101"):
        query.metric("mrr", "2025-05", {"segment": 0})  # type: ignore[dict-item]
    assert query.metric("mrr", "2025-05", {"segment": ""}).where == {}


def test_two_values_of_one_field_are_refused(query: Query) -> None:
    """Segment = SMB and segment = MM in one question answered for the one that came last."""
    with pytest.raises(UserError, match="REV-102"):
        query.metric("mrr", "2025-05", {"segment": "SMB", "Segment": "MM"})


def test_what_a_caller_may_not_see_is_refused_not_relabelled(query: Query) -> None:
    """A caller who may see SMB only got SMB's number under the name of every segment, and all records."""
    narrow = Query(query.root, Caller("kim", ("sales",), {"Segment": "smb"}))
    assert [value for value, _ in narrow.breakdown("mrr", "2025-02", "segment")] == ["SMB"]
    assert narrow.metric("mrr", "2025-02").exact == 100
    assert {row["customer"] for row in narrow.records("mrr", "2025-02").dicts()} == {"files:a"}
    assert narrow.names("segment") == ["smb"]
    assert [row["name"] for row in narrow.explain("mrr", "2025-02").records.dicts()] == ["A"]
    for where in ({"segment": "MM"}, {"SEGMENT": "(none)"}):
        with pytest.raises(UserError, match="REV-403"):
            narrow.metric("mrr", "2025-02", where)
    with pytest.raises(UserError, match="REV-403"):
        narrow.metric("cac", "2025-02")  # expenses have no segment: nothing of them may be told
    with pytest.raises(UserError, match="REV-403"):
        Query(query.root, Caller(row_filter={"segment": " "})).metric("mrr", "2025-02")


def test_a_month_without_a_rate_is_not_left_out_of_a_mean(tmp_path: Path) -> None:
    """The mean monthly churn skipped months whose rate was missing: half a year's churn was told from one month."""
    query = project_of(
        tmp_path,
        {
            "organization": "id name\na A\nb B",
            "subscription": "id org_id started_at currency\nsa a 2025-01-01 EUR\nsb b 2025-01-01 USD",
            "subscription_item_period": "id subscription_id valid_from valid_to amount interval\n"
            "ia sa 2025-01-01 - 100 month\nib sb 2025-01-01 2025-06-10 100 month",
            "fx_rate": "date from_currency to_currency rate\n"
            + "\n".join(f"2025-{m:02d}-{d} EUR USD 1" for m in (1, 5, 6) for d in ("01", "08", "15", "22", "29")),
            "sales_order": "id org_id ordered_at amount\nq a 2025-01-02 1",
        },
        through="2025-12-31",
    )
    assert query.metric("arpu", "2025-06").exact == 100
    assert query.metric("ltv_arpa_churn", "2025-06").exact == 200
    assert query.metric("ltv_arpa_churn", "LTM:2025-06").status == "REV-208"


def test_an_event_of_another_systems_lead_is_listed(tmp_path: Path) -> None:
    """An event whose lead exists only in another system counted as placed, and was in no number and no list."""
    (tmp_path / "crm").mkdir()
    tables = {
        "lead": "id created_at\nl1 2025-01-01\nonly-here 2025-01-01",
        "lifecycle_event": "id subject_type subject_id stage occurred_at\ne1 lead l1 mql 2025-01-02",
    }
    for name, text in tables.items():
        (tmp_path / "crm" / f"{name}.csv").write_text(rows_of(text), encoding="utf-8")
    query = project_of(
        tmp_path,
        {
            "lead": "id created_at\nl2 2025-01-01",
            "lifecycle_event": "id subject_type subject_id stage occurred_at\ne1 lead only-here mql 2025-01-02",
        },
        '[source.crm]\nconnector = "csv"\npath = "crm"\ncomplete_through = "2025-12-31"\n',
        through="2025-12-31",
    )
    assert query.metric("mql", "2025-01").exact == 1
    assert query.explain("mql", "2025-01").excluded.dicts() == [
        {"reason": "no lead for this lead", "table": "lifecycle_event", "count": 1}
    ]
