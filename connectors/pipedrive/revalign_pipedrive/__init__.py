"""Revalign connector pipedrive: one Pipedrive company, read only."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_pipedrive.connector import PipedriveConnector
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import IdentityKey, hookimpl

__all__ = ["PipedriveConnector", "register_connectors", "register_identity_keys"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [PipedriveConnector()]


@hookimpl
def register_identity_keys() -> Sequence[IdentityKey]:
    """A custom field that holds Stripe's customer id, once the mapping names it ``attrs.stripe_customer_id``."""
    return [IdentityKey("organization", "pipedrive", "attrs.stripe_customer_id", "stripe")]
