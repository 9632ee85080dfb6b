"""Revalign connector salesforce: one Salesforce organization, read only."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_salesforce.connector import SalesforceConnector
from revalign_salesforce.streams.stages import LEAD_STATUSES
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import IdentityKey, StageDefault, hookimpl

__all__ = ["SalesforceConnector", "register_connectors", "register_identity_keys", "register_stage_defaults"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [SalesforceConnector()]


@hookimpl
def register_stage_defaults() -> Sequence[StageDefault]:
    """What the statuses mean that a new organization begins with, for users who may not read LeadStatus."""
    return [StageDefault("salesforce", "lead", status, stage) for status, stage in LEAD_STATUSES.items()]


@hookimpl
def register_identity_keys() -> Sequence[IdentityKey]:
    """A custom field that holds Stripe's customer id, once the mapping names it ``attrs.stripe_customer_id``."""
    return [IdentityKey("organization", "salesforce", "attrs.stripe_customer_id", "stripe")]
