"""Revalign connector hubspot: CRM and e-mail marketing."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_hubspot.connector import HubSpotConnector
from revalign_hubspot.streams.pipelines import defaults
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import IdentityKey, StageDefault, hookimpl

__all__ = ["HubSpotConnector", "register_connectors", "register_identity_keys", "register_stage_defaults"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [HubSpotConnector()]


@hookimpl
def register_stage_defaults() -> Sequence[StageDefault]:
    """What HubSpot's own lifecycle stages and lead statuses mean."""
    return defaults()


@hookimpl
def register_identity_keys() -> Sequence[IdentityKey]:
    """A company's property ``stripe_customer_id``, where an account has one, holds the id of Stripe's customer."""
    return [IdentityKey("organization", "hubspot", "attrs.stripe_customer_id", "stripe")]
