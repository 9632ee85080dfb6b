"""What customers say: NPS and satisfaction."""

from __future__ import annotations

from revalign_udf.metrics.model import Component, Family, Metric

__all__ = ["FEEDBACK"]

_CATALOGUE = "Revalign metric catalogue, section C"
_NPS = "f.kind = 'nps'"
_CSAT = "f.kind = 'csat'"


def _answers(name: str, about: str, where: str) -> Component:
    return Component(name, "survey", "flow", "1", "count", about, where)


FEEDBACK = Family(
    (
        _answers("nps_answers", "answers to the recommendation question", _NPS),
        _answers("nps_promoters", "answers of 9 or 10", f"{_NPS} AND f.score >= 9"),
        _answers("nps_detractors", "answers of 0 to 6", f"{_NPS} AND f.score <= 6"),
        _answers("csat_answers", "answers to the satisfaction question", _CSAT),
        # 4 of 5, and the same share of another scale
        _answers("csat_satisfied", "answers of at least 4 of 5", f"{_CSAT} AND 5 * f.score >= 4 * f.scale_max"),
    ),
    (
        Metric(
            "nps", "NPS", "health", "100 * ratio(nps_promoters - nps_detractors, nps_answers)", "points",
            "Percentage of answers 9-10 minus percentage of answers 0-6, in points from -100 to 100.",
            aliases=("net promoter score",), owners=("success", "product"), source=_CATALOGUE,
        ),
        Metric(
            "csat", "CSAT", "health", "ratio(csat_satisfied, csat_answers)", "rate",
            "Share of answers of at least 4 of 5 (the same share of another scale).",
            aliases=("customer satisfaction",), owners=("success",), source=_CATALOGUE,
        ),
    ),
)  # fmt: skip
