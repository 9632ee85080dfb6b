"""The HTTP client that all connectors share. ``README.md`` of the folder above tells a plugin author how to use it.

>>> from revalign_udf.connector.http import After, Bearer, Limits
>>> Limits(per_second=8), After("starting_after", items="data")
(Limits(per_second=8, tries=6, longest_wait=300, timeout=60, max_bytes=67108864), \
After(param='starting_after', items='data', key='id', more='has_more'))
"""

from revalign_udf.connector.http.auth import (
    ApiKey,
    Auth,
    Basic,
    Bearer,
    ClientCredentials,
    JwtBearer,
    NoAuth,
    OAuth2Refresh,
)
from revalign_udf.connector.http.client import Http
from revalign_udf.connector.http.exchange import Body
from revalign_udf.connector.http.limits import Limits
from revalign_udf.connector.http.paging import After, LinkHeader, NextUrl, Numbered, Offset, Page, Paging, Step, Token
from revalign_udf.connector.http.reply import Reply
from revalign_udf.connector.http.signals import Expired, Refused, Throttled

__all__ = [
    "After",
    "ApiKey",
    "Auth",
    "Basic",
    "Bearer",
    "Body",
    "ClientCredentials",
    "Expired",
    "Http",
    "JwtBearer",
    "Limits",
    "LinkHeader",
    "NextUrl",
    "NoAuth",
    "Numbered",
    "OAuth2Refresh",
    "Offset",
    "Page",
    "Paging",
    "Refused",
    "Reply",
    "Step",
    "Throttled",
    "Token",
]
