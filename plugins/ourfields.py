"""A drop-in that fits packaged connectors to a company: its own fields, its own stages, its own keys.

A packaged connector knows what a vendor ships, not what your admins added. This file says it once for all sources, in the
place of the same lines in every project's settings. Copy it into your project's ``plugins/`` folder, put your names in, and
name it under ``[plugins] enabled``. What the settings say (``[source.NAME.mapping.STREAM]``, ``alignment/stages.toml``) still
has the last word.
"""

from __future__ import annotations

from collections.abc import Sequence

from revalign_udf.hookspecs import IdentityKey, MappingDefaults, StageDefault, hookimpl


@hookimpl
def register_mapping_defaults() -> Sequence[MappingDefaults]:
    """Which of the vendor's fields fill which columns; ``attrs.NAME`` keeps a field under a name of one's own."""
    return [
        MappingDefaults("salesforce", "Account", {"segment": "Tier__c", "attrs.billing_id": "Billing_Id__c"}),
        MappingDefaults("hubspot", "companies", {"segment": "customer_tier"}),
    ]


@hookimpl
def register_stage_defaults() -> Sequence[StageDefault]:
    """What the stages that your admins added mean."""
    return [
        StageDefault("salesforce", "opportunity", "Proof of Concept", "opportunity", position=3),
        StageDefault("salesforce", "lead", "Recycled", "recycled"),
    ]


@hookimpl
def register_identity_keys() -> Sequence[IdentityKey]:
    """Fields that hold another system's ids: here the account's custom field with the customer's id in billing."""
    return [IdentityKey("organization", "salesforce", "attrs.billing_id", "stripe")]
