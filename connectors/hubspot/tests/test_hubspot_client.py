"""A second reader: HubSpot's own client sees in the same account what the connector brings home."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import hubspot.crm.companies
import hubspot.crm.contacts
import hubspot.crm.deals
import hubspot.crm.owners
import hubspot.crm.pipelines
from beside import load

from revalign_udf.testing import pulled

VENDOR = load(Path(__file__).with_name("vendor_hubspot.py"))
HubSpotVendor = VENDOR.HubSpotVendor


def every(api: Any, **wanted: Any) -> list[Any]:
    """All pages of a list through the vendor's client."""
    found, after = [], None
    while True:
        page = api.get_page(limit=50, after=after, **wanted)
        found += page.results
        if page.paging is None:
            return found
        after = page.paging.next.after


def test_hubspots_own_client_sees_the_same_records() -> None:
    with HubSpotVendor() as vendor:
        companies = vendor.fill(120)
        people = [vendor.add("contacts", {"email": f"p{n}@a.example", "lifecyclestage": "lead"}) for n in range(60)]
        for number in range(70):
            stage = ("appointmentscheduled", "closedwon", "closedlost")[number % 3]
            vendor.add(
                "deals", {"dealstage": stage, "pipeline": "default", "amount": f"{number}.{number:02d}"},
                companies=[companies[number]], contacts=people[number % 60 : number % 60 + 2],
            )  # fmt: skip
        vendor.archive("companies", companies[-1])
        ours = pulled(vendor, settings={"streams": ["companies", "contacts", "deals", "pipelines"]})
        assert not ours.report.failures

        def opened(module: Any) -> Any:
            settings = module.Configuration(host=vendor.api.base_url)
            settings.access_token = vendor.token
            return module.ApiClient(settings)

        theirs = every(hubspot.crm.companies.BasicApi(opened(hubspot.crm.companies)), properties=["name", "domain"])
        assert {(row["id"], row["name"], row["domain"]) for row in ours.rows("organization")} == {
            (one.id, one.properties["name"], one.properties["domain"]) for one in theirs
        }
        theirs = every(hubspot.crm.contacts.BasicApi(opened(hubspot.crm.contacts)), properties=["email"])
        assert {(row["id"], row["email"]) for row in ours.rows("person")} == {
            (one.id, one.properties["email"]) for one in theirs
        }
        theirs = every(
            hubspot.crm.deals.BasicApi(opened(hubspot.crm.deals)), properties=["amount"],
            properties_with_history=["dealstage"], associations=["companies", "contacts"],
        )  # fmt: skip
        assert {(row["id"], row["org_id"], row["amount"]) for row in ours.rows("opportunity")} == {
            (one.id, one.associations["companies"].results[0].id, Decimal(one.properties["amount"])) for one in theirs
        }
        assert ours.keys("opportunity_contact") == {
            f"{one.id}|{person.id}" for one in theirs for person in one.associations["contacts"].results
        }
        assert sum(row["amount"] for row in ours.rows("opportunity")) == sum(
            Decimal(one.properties["amount"]) for one in theirs
        )
        events = [row for row in ours.rows("lifecycle_event") if row["subject_type"] == "opportunity"]
        assert {(row["subject_id"], row["stage"], row["occurred_at"]) for row in events} == {
            (one.id, version.value, version.timestamp)
            for one in theirs
            for version in one.properties_with_history["dealstage"]
        }
        stages = hubspot.crm.pipelines.PipelinesApi(opened(hubspot.crm.pipelines)).get_all("deals").results[0].stages
        assert {
            row["source_stage"]: row["is_won"] for row in ours.rows("stage_map") if row["object"] == "opportunity"
        } == {one.id: one.metadata["probability"] == "1.0" for one in stages}
