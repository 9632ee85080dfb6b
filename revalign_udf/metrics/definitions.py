"""Words and stages the teams share, as tables: what is agreed, what is not, and what the data says that nobody mapped."""

from __future__ import annotations

from revalign_udf.metrics.model import Family, Metric

__all__ = ["DEFINITIONS"]

_CATALOGUE = "Revalign metric catalogue, section D"
_ALL = ("marketing", "sales", "success", "finance")

DEFINITIONS = Family(
    metrics=(
        Metric(
            "definition_differences", "Differences of definitions", "teamwork", "", "number",
            "Each question about shared words (qualified lead, disqualification, traits, stages, metrics) with the answers of"
            " all teams beside each other: agreed, different or unanswered. Lists are compared as sets, numbers as numbers,"
            " texts without case and spacing.",
            kind="table", additivity="balance", direction="neutral", owners=_ALL, source=_CATALOGUE,
        ),
        Metric(
            "signatures", "Signatures under definitions", "teamwork", "", "number",
            "The definition of each metric that holds on the snapshot's day, and those that may follow: proposed (owner teams"
            " have yet to sign), to come (agreed from a later day), left out (agreed, but it reads itself), agreed by every"
            " owner team, or as shipped with Revalign, which nobody has to sign. What waits comes first.",
            kind="table", additivity="balance", direction="neutral", owners=_ALL, source=_CATALOGUE,
        ),
        Metric(
            "shared_pipeline", "Shared pipeline", "teamwork", "", "number",
            "The stages and states in order, with the team that owns each, what the sources call it, and the version of the"
            " stage map that holds on the snapshot's day.",
            kind="table", additivity="balance", direction="neutral", owners=_ALL, source=_CATALOGUE,
        ),
        Metric(
            "unknown_stages", "Unknown stages", "teamwork", "", "number",
            "Stages of the data that nobody mapped, or that are mapped to several: events, source, first and last seen. These"
            " events are left out of every number.",
            kind="table", additivity="balance", direction="down", owners=("marketing", "sales"), source=_CATALOGUE,
        ),
    ),
)  # fmt: skip
