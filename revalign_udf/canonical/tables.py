"""The canonical tables: what every connector fills and every metric reads.

They are also the import format: ``organization.csv`` with these headers loads without a mapping. A word reads
``name!*:kind>references=default{values}``; see :func:`~revalign_udf.canonical.model.declare`.
"""

from __future__ import annotations

from revalign_udf.canonical.model import Table, declare

__all__ = ["TABLES"]

_PEOPLE = (
    declare("team", "id! name! function{marketing sales success support finance product} parent_id>team pod"),
    declare(
        "owner",
        "id! name!* email* team_id>team role{marketing sdr ae csm support} active_from:date active_to:date",
    ),
    declare(
        "owner_team",
        "owner_id!>owner team_id!>team valid_from!:date valid_to:date",
        key="owner_id valid_from",
        about="which team an owner belonged to, and when",
    ),
    declare(
        "organization",
        "id! name! domain country industry employees:int segment owner_id>owner parent_org_id>organization"
        " created_at:instant referrer_org_id>organization",
    ),
    declare(
        "attribute_history",
        "entity! entity_id! attribute! value! valid_from!:date valid_to:date",
        key="entity entity_id attribute valid_from",
        about="what changes with business meaning: segment, owner, pod",
    ),
    declare("person", "id! org_id>organization email* first_source first_touch_at:instant country anonymous_id*"),
    declare(
        "identity_link",
        "entity!{organization person opportunity contract subscription product} source_a! id_a! source_b! id_b!"
        " method{external_id domain email merge manual} confidence:decimal valid_from:date valid_to:date",
        key="entity source_a id_a source_b id_b",
        about="the same thing in two connections; reversible",
    ),
)

_FUNNEL = (
    declare(
        "lead",
        "id! created_at!:instant person_id>person org_id>organization channel lead_source campaign_id>campaign"
        " owner_id>owner converted_at:instant opportunity_id>opportunity cycle_no:int",
    ),
    declare(
        "lifecycle_event",
        "id! subject_type!{lead person organization opportunity} subject_id! stage! occurred_at!:instant cycle_no:int"
        " from_stage reason_code reason_text* owner_id>owner",
    ),
    declare(
        "stage_map",
        "connection! object! pipeline source_stage! stage! position:int owner_team is_won:bool is_lost:bool"
        " valid_from:date valid_to:date",
        key="connection object pipeline source_stage valid_from",
    ),
    declare(
        "score_event",
        "id! person_id>person lead_id>lead occurred_at!:instant value!:decimal delta:decimal reason touch_id>touch"
        " model_version",
        one_of="person_id|lead_id",
    ),
    declare(
        "handoff",
        "id! lead_id!>lead from_team!>team to_team!>team handed_at!:instant to_owner_id>owner"
        " first_contact_at:instant accepted_at:instant rejected_at:instant reason_code feedback_at:instant"
        " returned_at:instant fields_present:int fields_required:int",
    ),
    declare(
        "campaign",
        "id! name! type channel audience{prospect customer} automated:bool start_date:date end_date:date",
    ),
    declare(
        "campaign_cost",
        "campaign_id!>campaign date!:date amount!:money currency kind=media{media labour technology other} channel",
        key="campaign_id date kind",
    ),
    declare(
        "programme_membership",
        "id! person_id>person lead_id>lead campaign_id!>campaign step! entered_at!:instant left_at:instant"
        " status{advanced stalled dropped}",
        one_of="person_id|lead_id",
    ),
    declare(
        "touch",
        "id! person_id>person lead_id>lead anonymous_id* occurred_at!:instant kind!{visit form signup demo trial sent"
        " delivered opened clicked bounced unsubscribed ad_click meeting call} campaign_id>campaign channel message_id"
        " owner_id>owner direction{in out} asset_id>content_asset is_bot:bool",
        one_of="person_id|lead_id|anonymous_id",
    ),
    declare(
        "web_daily",
        "date!:date channel! visitors:int sessions:int signups:int campaign_id>campaign",
        key="date channel campaign_id",
    ),
    declare(
        "opportunity",
        "id! org_id!>organization created_at!:instant stage"
        " type{new expansion upsell cross_sell new_product renewal} amount:money currency"
        " amount_basis{tcv acv arr mrr} term_months:int owner_id>owner close_date:date closed_at:instant"
        " outcome{won lost open} loss_reason competitor channel lead_source campaign_id>campaign lead_id>lead pipeline",
    ),
    declare(
        "opportunity_snapshot",
        "opportunity_id!>opportunity valid_from!:date valid_to:date stage amount:money close_date:date owner_id>owner",
        key="opportunity_id valid_from",
    ),
    declare(
        "opportunity_contact",
        "opportunity_id!>opportunity person_id!>person role is_primary:bool",
        key="opportunity_id person_id",
    ),
    declare(
        "opportunity_line",
        "id! opportunity_id!>opportunity product_id>product quantity:decimal=1 amount:money recurring:bool"
        " term_months:int",
    ),
)

_REVENUE = (
    declare("product", "id! name! product_line"),
    declare(
        "contract",
        "id! org_id!>organization start_date!:date end_date!:date value:money currency term_months:int"
        " billing_interval auto_renew:bool renewal_of>contract opportunity_id>opportunity",
    ),
    declare(
        "subscription",
        "id! org_id!>organization started_at!:instant ended_at:instant cancelled_at:instant cancel_reason"
        " involuntary:bool term_months:int status currency contract_id>contract opportunity_id>opportunity",
    ),
    declare(
        "subscription_term",
        "subscription_id!>subscription start_date!:date end_date!:date term_months:int",
        key="subscription_id start_date",
    ),
    declare(
        "subscription_item_period",
        "id! subscription_id!>subscription valid_from!:instant valid_to:instant amount!:money quantity:decimal=1"
        " interval!{day week month quarter year} interval_count:int=1 discount_amount:money=0 currency"
        " product_id>product one_time:bool metered:bool",
        about="the source of truth for MRR; amount is per interval and for one, discount per interval for the line",
    ),
    declare(
        "invoice",
        "id! org_id!>organization issued_at!:instant status due_at:instant paid_at:instant total:money tax:money"
        " currency",
    ),
    declare(
        "invoice_line",
        "id! invoice_id!>invoice amount!:money kind{subscription usage one_time proration credit}"
        " subscription_id>subscription product_id>product period_start:date period_end:date quantity:decimal=1",
        about="amounts are without tax",
    ),
    *(
        declare(
            name,
            "id! invoice_id>invoice payment_id>payment org_id>organization amount!:money at!:instant status currency"
            " failure_code",
        )
        for name in ("payment", "refund", "credit_note")
    ),
    declare(
        "sales_order",
        "id! org_id>organization person_id>person ordered_at!:instant amount!:money currency quantity:decimal=1"
        " kind{new upsell cross_sell new_product repeat} product_id>product",
        one_of="org_id|person_id",
    ),
    declare(
        "expense",
        "id! date:date period_start:date period_end:date amount!:money currency"
        " function!{marketing sales success support product g_and_a}"
        " kind{salary commission programme tool overhead cogs} team_id>team campaign_id>campaign channel"
        " product_id>product org_id>organization",
        one_of="date|period_start+period_end",
        about="period_end is the last day, inclusive",
    ),
)

_HEALTH = (
    declare(
        "usage_daily",
        "date!:date org_id!>organization product_id>product feature active_users:int events:int seats:int"
        " monthly_active_users:int",
        key="date org_id product_id feature",
    ),
    declare(
        "ticket",
        "id! org_id!>organization created_at!:instant first_response_at:instant solved_at:instant reopened:bool"
        " priority channel owner_id>owner",
    ),
    declare(
        "survey_response",
        "id! responded_at!:instant kind!{nps csat ces match interview informal} score:decimal scale_max:decimal"
        " comment* org_id>organization person_id>person product_id>product invited_at:instant",
    ),
    declare(
        "goal",
        "metric! period! value!:decimal currency team_id>team owner_id>owner is_commitment:bool",
        key="metric period team_id owner_id",
    ),
    declare(
        "content_asset",
        "id! name! team_id>team stage campaign_id>campaign profile last_used_at:instant last_reviewed_at:instant",
    ),
    declare(
        "fx_rate",
        "date!:date from_currency! to_currency! rate!:decimal",
        key="date from_currency to_currency",
    ),
)

#: Every canonical table by name.
TABLES: dict[str, Table] = {table.name: table for table in (*_PEOPLE, *_FUNNEL, *_REVENUE, *_HEALTH)}
