"""Revalign connector mailchimp: contacts, campaigns, and what became of each e-mail."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_mailchimp.connector import MailchimpConnector
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import hookimpl

__all__ = ["MailchimpConnector", "register_connectors"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [MailchimpConnector()]
