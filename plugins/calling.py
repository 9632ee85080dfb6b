"""A drop-in that adds numbers: calls made to customers, from touches of the kind ``call``.

It shows the three things a plugin may declare besides connectors: a fact table made by SQL with components measured on it
(`register_kernels`), a dimension read from a custom field (`register_dimensions`), and metrics over both
(`register_metrics`). Copy it into your project's ``plugins/`` folder and name it under ``[plugins] enabled``::

    revalign metric calling.calls LAST_MONTH --by segment
    revalign metric calling.calls_per_deal_won LAST_QUARTER
"""

from __future__ import annotations

from revalign_udf.hookspecs import hookimpl
from revalign_udf.metrics import Component, CustomDimension, Fact, FactKernel, Metric

#: one row per call; ``customer`` brings every attribute of the customer, ``self`` names a column of the SELECT
CALLS = Fact(
    "calling_call", "on_day", ("touch",), {"segment": "customer", "country": "customer", "owner": "self", "system": "self"},
    "one row per call made or taken",
)  # fmt: skip

#: portable SQL over the canonical views; business dates are the columns that end in ``__on``
SQL = """
SELECT t.occurred_at__on AS on_day, k.customer, t.owner_id AS owner, CASE WHEN t.direction = 'in' THEN 1 ELSE 0 END AS taken,
       t._conn AS system, 'touch' AS record_table, t.id AS record_id
FROM c_touch t
LEFT JOIN c_lead l ON l._conn = t._conn AND l.id = t.lead_id
LEFT JOIN c_person p ON p._conn = t._conn AND p.id = t.person_id
LEFT JOIN k_org k ON k._conn = t._conn AND k.id = coalesce(l.org_id, p.org_id)
WHERE t.kind = 'call'
"""


@hookimpl
def register_kernels() -> list[FactKernel]:
    """The fact, and what is counted on it."""
    return [
        FactKernel(
            CALLS,
            SQL,
            (
                Component("calling_calls", "calling_call", "flow", "1", "count", "calls made or taken"),
                Component("calling_taken", "calling_call", "flow", "f.taken", "count", "calls taken"),
            ),
        )
    ]


@hookimpl
def register_dimensions() -> list[CustomDimension]:
    """Something to cut every number of a customer by: the custom field ``tier`` of organizations."""
    return [CustomDimension("calling_tier", "organization", "tier", "Tier")]


@hookimpl
def register_metrics() -> list[Metric]:
    """Metrics, named with the plugin's own name in front."""
    return [
        Metric(
            "calling.calls", "Calls", "calling", "calling_calls", "count", "Calls made or taken.", additivity="flow",
            role="leading", owners=("sales",),
        ),
        Metric(
            "calling.share_taken", "Share of calls taken", "calling", "ratio(calling_taken, calling_calls)", "rate",
            "Of all calls, those that came from outside.", owners=("sales",),
        ),
        Metric(
            "calling.calls_per_deal_won", "Calls per deal won", "calling", "ratio(calling_calls, deals_won)", "number",
            "Calls of the period / deals won in it.", direction="down", owners=("sales",),
        ),
    ]  # fmt: skip
