"""Joins that could count money twice, or lose it: two systems, merged and linked records, contradicting attributes."""

from fractions import Fraction

import pytest

from revalign_udf.query import Query
from revalign_udf.testing import project_of, rows_of

# the CRM knows the customers, the billing system knows them again under other keys
CRM = {
    "organization": """id name domain segment country merged_into
        a Acme-crm   https://www.Acme.example/shop SMB SE -
        b Beta       gmail.com    MM  SE -
        c Gamma      gamma.example - DE -
        d Delta      twice.example - DE -
        e Echo       twice.example - DE -
        f Foxtrot    n/a          - DE -
        g Gone       -            MM DE h
        h Here       -            -  DE -""",
    "identity_link": """entity source_a id_a source_b id_b valid_from valid_to
        organization crm   c files z - -
        organization files z crm   c - -
        organization crm   b files y - 2025-06-01""",
    "attribute_history": """entity entity_id attribute value valid_from valid_to
        organization a segment SMB 2025-01-01 -
        organization a segment MM  2025-03-01 2025-02-01
        organization a segment MM  2025-06-01 2025-07-01
        organization a channel tv  2025-01-01 -
        organization a cohort  x   2025-01-01 -
        organization c segment MM  2025-05-01 -
        organization h Segment ENT 2025-05-01 2025-06-01
        lead         a segment ENT 2025-01-01 -""",
    "product": "id name product_line\np P crm-line",
    "opportunity": """id org_id created_at outcome closed_at type channel lead_id
        o1 a 2025-01-01 won 2025-01-02 new - l1
        o2 a 2025-01-01 won 2025-01-02 new ads -
        o3 c 2025-01-01 won 2025-01-02 new - -""",
    "lead": """id created_at person_id opportunity_id channel lead_source
        l1 2024-12-01 -  -  event fair
        l2 2024-12-02 p1 o3 event -
        l3 2024-12-03 p1 o3 web   list""",
    "person": "id org_id first_source first_touch_at\np1 c mail 2024-12-01\np2 h call -\np3 h post 2025-01-01",
    "opportunity_contact": "opportunity_id person_id is_primary\no3 p1 true\no3 p2 true",
}
BILLING = {
    "organization": """id name domain segment
        x Acme-billing acme.example ENT
        y Beta         gmail.com    -
        z Gamma        -            SMB
        d Delta        twice.example -
        f Foxtrot      n/a          -
        h Other        -            -""",
    "attribute_history": "entity entity_id attribute value valid_from\norganization z segment ENT 2025-05-01",
    "product": "id name product_line\np P billing-line",
    "subscription": "id org_id started_at\n" + "\n".join(f"s{k} {k} 2025-01-01" for k in "xyzdfh"),
    "subscription_item_period": "id subscription_id valid_from amount interval product_id\n"
    + "\n".join(
        f"i{k} s{k} 2025-01-01 {amount} month p" for k, amount in zip("xyzdfh", (1, 2, 4, 8, 16, 32), strict=True)
    ),
}


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    folder = tmp_path_factory.mktemp("joins")
    (folder / "crm").mkdir()
    for name, text in CRM.items():
        (folder / "crm" / f"{name}.csv").write_text(rows_of(text), encoding="utf-8")
    other = {
        "subscription": "id org_id started_at\nsg g 2025-01-01",
        "subscription_item_period": "id subscription_id valid_from amount interval product_id\nig sg 2025-01-01 64 month p",
    }
    for name, text in other.items():
        (folder / "crm" / f"{name}.csv").write_text(rows_of(text), encoding="utf-8")
    settings = '[source.crm]\nconnector = "csv"\npath = "crm"\ncomplete_through = "2025-12-31"\n'
    return project_of(folder, BILLING, settings, through="2025-12-31")


def mrr(query: Query, period: str = "2025-12", **where: str) -> Fraction | None:
    return query.metric("mrr", period, where).exact


def test_nothing_is_counted_twice_in_any_cut(query: Query) -> None:
    assert mrr(query) == 127
    for dimension in query.dimensions("mrr"):
        for period in ("2025-01", "2025-05", "2025-06", "2025-12"):
            parts = query.breakdown("mrr", period, dimension)
            assert sum(answer.exact or 0 for _, answer in parts) == 127, (dimension, period)


def test_a_domain_joins_two_systems_only_where_it_is_plain(query: Query) -> None:
    # Acme is one by domain; Gamma by a link written down twice; Beta's link has ended and gmail.com joins nobody;
    # Delta shares its domain with Echo in the CRM; n/a is no domain; h of one system is not h of the other
    found = {row["customer"] for row in query.records("mrr", "2025-12").dicts()}
    assert found == {"crm:a", "crm:c", "files:d", "files:f", "files:h", "files:y", "crm:g"}
    assert query.metric("customers", "2025-12").exact == 7


def test_a_merged_record_carries_the_name_and_values_of_the_one_that_stayed(query: Query) -> None:
    rows = [row for row in query.explain("mrr", "2025-12").records.dicts() if row["customer"] == "crm:g"]
    assert [(row["name"], row["contribution"]) for row in rows] == [("Here", 64)]
    assert mrr(query, "2025-05", segment="ENT") == 64  # history of the one that stayed


def test_history_wins_over_the_record_and_ends(query: Query) -> None:
    # a row that ends before it begins is nothing; between rows and after them the organization's own value holds
    assert {month: mrr(query, f"2025-{month}", segment="SMB") for month in ("02", "05", "07")} == {
        "02": 1 + 4, "05": 1, "07": 1,
    }  # fmt: skip
    assert mrr(query, "2025-06", segment="MM") == 1 + 4 + 64
    # two records of one customer speak of one day: one of them is heard
    assert (mrr(query, "2025-05", segment="MM"), mrr(query, "2025-05", segment="(none)")) == (4, 2 + 8 + 16 + 32)


def test_an_attribute_that_is_derived_cannot_be_overwritten_by_history(query: Query) -> None:
    # the first won new opportunity of Acme, by key, and its lead
    assert (mrr(query, channel="event"), mrr(query, channel="web")) == (1, 4)
    assert query.metric("mrr", "2025-12", {"lead_source": "fair"}).exact == 1
    assert mrr(query, channel="post") == 64  # a known first touch goes before an unknown one
    assert query.names("cohort") == ["2024-12", "2025-01", "(none)"]  # of the lead, and of the customer


def test_a_product_key_in_two_systems_has_the_line_of_its_own_system(query: Query) -> None:
    assert (mrr(query, product="p"), mrr(query, product_line="crm-line"), mrr(query, product_line="billing-line")) == (
        127,
        64,
        63,
    )
    assert (mrr(query, system="crm"), mrr(query, system="files")) == (64, 63)
