"""What customers say: NPS, satisfaction, and whether it is what was promised."""

from __future__ import annotations

from revalign_udf.metrics.model import Component, Family, Metric

__all__ = ["FEEDBACK"]

_CATALOGUE = "Revalign metric catalogue, section C"
_NPS = "f.kind = 'nps' AND f.score IS NOT NULL"
_CSAT = "f.kind = 'csat' AND f.score IS NOT NULL"
_MATCH = "f.kind = 'match' AND f.score IS NOT NULL"
#: 4 of 5, and the same share of another scale
_HIGH = "5 * f.score >= 4 * f.scale_max"


def _answers(name: str, about: str, where: str) -> Component:
    return Component(name, "survey", "flow", "1", "count", about, where)


FEEDBACK = Family(
    (
        _answers("nps_answers", "answers to the recommendation question", _NPS),
        _answers("nps_promoters", "answers of 9 or 10", f"{_NPS} AND f.score >= 9"),
        _answers("nps_detractors", "answers of 0 to 6", f"{_NPS} AND f.score <= 6"),
        _answers("csat_answers", "answers to the satisfaction question", _CSAT),
        _answers("csat_satisfied", "answers of at least 4 of 5", f"{_CSAT} AND {_HIGH}"),
        _answers("match_answers", "answers to whether it is what was promised", _MATCH),
        _answers("match_confirmed", "of those, at least 4 of 5, or a yes", f"{_MATCH} AND {_HIGH}"),
        _answers("survey_answers", "answers of any kind, with a score or in words", ""),
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
        Metric(
            "feedback_match", "Feedback match", "health", "ratio(match_confirmed, match_answers)", "rate",
            "Share of answers saying that it is what was promised: at least 4 of 5 (the same share of another scale), or a"
            " yes on a scale of 0 and 1. An answer whose scale is not known is left out.",
            aliases=("as promised",), owners=("success", "sales", "marketing"), source=_CATALOGUE,
        ),
        Metric(
            "feedback", "Feedback", "health", "", "number",
            "Per kind of survey: answers with a score, the score (NPS in points, CSAT and match as a share, effort as the"
            " mean on its scale), whether there are fewer than 30 answers, and how many were given in words. Interviews and"
            " informal talks have no score. A response rate cannot be told: who did not answer leaves no row.",
            kind="table", owners=("success", "product"), source=_CATALOGUE,
        ),
    ),
)  # fmt: skip
