"""The marketo connector: its settings and streams, and which module reads which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from revalign_marketo.api import connect
from revalign_marketo.streams import activities, leads, programmes
from revalign_udf.connector import CanonicalRow, Check, Context, Message, Setting, Spec, Stream, http_settings
from revalign_udf.errors import BadRecord

__all__ = ["MarketoConnector"]

_LOOKBACK = 240
"""seconds: an export misses what is being written"""
_LATE = 3600
"""seconds: Marketo records some activities late"""


class MarketoConnector:
    """Reads one Marketo Engage subscription."""

    spec = Spec(
        name="marketo",
        version="0.1.0",
        about="Marketo Engage: leads, stages, scores, touches, programmes and their costs",
        settings=(
            Setting("client_id", "text", required=True, help="of the API service: Admin > LaunchPoint"),
            Setting("client_secret", "secret", required=True, help="of the API service"),
            Setting("stage_fields", "list", default=["Lead Status"], help="fields whose changes are a lead's stages"),
            Setting("score_fields", "list", default=["Lead Score"], help="the field that holds the lead's score"),
            *http_settings(""),
        ),
        needs=("http",),
        scopes=("Read-Only Lead", "Read-Only Activity", "Read-Only Campaign", "Read-Only Assets"),
    )

    def check(self, ctx: Context) -> Check:
        """Whether Marketo answers, with how many kinds of activities."""
        return Check(ok=True, message=f"Marketo answers; it records {len(connect(ctx).types())} kinds of activities.")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """The streams, with the company's own lead fields."""
        custom, _ = leads.custom_fields(connect(ctx))
        return [
            Stream("programmes", ("campaign", "campaign_cost"), delete_mode="sweep", about="programmes and their costs"),
            Stream(
                "leads", ("lead", "person"), cursor="updatedAt", granularity="second", delete_mode="tombstone",
                about="leads", lookback=_LOOKBACK, custom=tuple(custom),
            ),
            Stream(
                "changes", ("lifecycle_event", "score_event", "programme_membership"), ("marketoGUID",),
                cursor="activityDate", granularity="second", about="changes of stage, score and programme step",
                lookback=_LATE,
            ),
            Stream(
                "touches", ("touch",), ("marketoGUID",), cursor="activityDate", granularity="second",
                about="e-mails, forms and visits", lookback=_LATE,
            ),
        ]  # fmt: skip

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """Everything new in a stream."""
        marketo = connect(ctx)
        match stream.name:
            case "programmes":
                return programmes.read_programmes(ctx, marketo, state)
            case "leads":
                return leads.read_leads(ctx, marketo, stream, state)
            case "changes":
                return activities.read_changes(ctx, marketo, stream, state)
            case "touches":
                return activities.read_touches(ctx, marketo, stream, state)
        return ()

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """The canonical rows of one record."""
        match stream:
            case "programmes":
                return programmes.programme_rows(record, mapping)
            case "leads":
                return leads.lead_rows(record, mapping)
            case "changes":
                return activities.change_rows(record, mapping)
            case "touches":
                return activities.touch_rows(record, mapping)
        raise BadRecord(f"there is no stream {stream}", code="REV-507")
