"""A door to a handful of numbers, in place of a published snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from revalign_udf.errors import UnknownName, UserError
from revalign_udf.governance import Close
from revalign_udf.periods import Period, between, parse_period
from revalign_udf.query.answers import Answer, Comparison, Explanation, Table
from revalign_udf.query.bridging import Bridge
from revalign_udf.query.bridging import Item as Part
from revalign_udf.query.comparing import versus
from revalign_udf.query.drifts import ComponentDrift, Item, MetricDrift, PeriodDrift

AS_OF = date(2026, 10, 31)
Where = Mapping[str, str] | None


class FakeDoor:
    """Metrics ``nrr`` (0.9, no data before 2026), ``mrr`` (1000.1, 250 for smb) and the table ``funnel``."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.newer = False
        self.refreshed = 0

    def changed(self) -> bool:
        return self.newer

    def refresh(self) -> None:
        self.newer, self.refreshed = False, self.refreshed + 1

    def period(self, token: Any, anchor: date | None = None) -> Period:
        return parse_period(token, anchor or AS_OF)

    def metric(
        self, name: str, period: Any, where: Where = None, *, as_of: date | None = None, profile: str | None = None,
        currency: str | None = None, compare: object = None,
    ) -> Answer:  # fmt: skip
        self.asked.append({"name": name, "period": period, "where": dict(where or {}), "as_of": as_of})
        when = self.period(period)
        if name in ("commission", "commission_statement"):
            if when.start.year < 2026:
                return Answer(name, name, str(when), "money", status="REV-204", message="REV-204 No rule.", cell="#N/A")
            share = Table(("rep", "share"), (((where or {}).get("rep", "Ada"), 533.33),))
            return Answer(name, name, str(when), "money", rows=share)
        if name == "sla":
            if when.start.year < 2026:
                return Answer(name, name, str(when), "rate", status="REV-204", message="REV-204 Nobody.", cell="#N/A")
            return Answer(name, name, str(when), "rate", rows=Table(_SLA, (_LEADS, _CONTACT)))
        if name == "funnel":
            return Answer(name, "Funnel", str(when), "table", rows=Table(("stage",), (("lead",),)))
        if name not in ("nrr", "mrr"):
            raise UnknownName("metric", name, ["nrr", "mrr", "funnel"])
        if when.start.year < 2026:
            message = "REV-204 Nothing was paying."
            return Answer(name, name.upper(), str(when), "rate", status="REV-204", message=message, cell="#N/A")
        exact = Fraction(9, 10) if name == "nrr" else Fraction(10001, 10)
        if (where or {}).get("segment") == "smb":
            exact = Fraction(250)
        beside = tuple(Comparison(one, "before", exact - 1, Fraction(1), Fraction(1, 4)) for one in versus(compare))
        unit = "rate" if name == "nrr" else "money"
        print_ = f"{name} v3 · d:9f2c0a11 · s:{as_of or AS_OF}#2"
        return Answer(name, name.upper(), str(when), unit, exact, fingerprint=print_, comparisons=beside)

    def series(
        self,
        name: str,
        first: Any,
        last: Any,
        grain: Any = None,
        where: Where = None,
        *,
        as_of: date | None = None,
        profile: str | None = None,
        currency: str | None = None,
        compare: object = None,
    ) -> list[Answer]:
        periods = between(self.period(first), self.period(last), grain)
        return [self.metric(name, period, where, as_of=as_of, compare=compare) for period in periods]

    def table(
        self,
        metrics: Sequence[str],
        periods: Sequence[Any],
        by: str | None = None,
        where: Where = None,
        *,
        as_of: date | None = None,
        profile: str | None = None,
        currency: str | None = None,
        compare: object = None,
    ) -> Table:
        head = ("period", by) if by else ("period",)
        rows = tuple(
            (
                str(self.period(period)),
                *(("total",) if by else ()),
                *(self.metric(m, period, where).value for m in metrics),
            )
            for period in periods
        )
        return Table((*head, *metrics), rows)

    def explain(
        self, name: str, period: Any, where: Where = None, *, as_of: date | None = None, profile: str | None = None,
        currency: str | None = None,
    ) -> Explanation:  # fmt: skip
        return Explanation(
            self.metric(name, period, where, as_of=as_of),
            "Closing MRR of customers paying at the start.",
            "closing / opening",
            Table(("component", "value", "unit", "meaning"), (("opening", 100.0, "money", "at the start"),)),
            "90 / 100",
            Table(("component", "system", "id", "contribution"), (("opening", "csv", "c1", 100.0),)),
            Table(("reason", "table", "count"), (("came later", "customer", 3),)),
        )

    def records(
        self, name: str, period: Any, where: Where = None, *, as_of: date | None = None, profile: str | None = None,
        currency: str | None = None,
    ) -> Table:  # fmt: skip
        return Table(("component", "id", "contribution"), ((self.metric(name, period, where).metric, "c1", 100.0),))

    def bridge(
        self, start: str, end: str, period: Any, where: Where = None, *, as_of: date | None = None,
        currency: str | None = None,
    ) -> Bridge:  # fmt: skip
        if {start, end} - {"mrr", "mrr@stripe"}:
            raise UserError(f"There is no bridge from {start} to {end}.")
        more = Part("metered", "no -> yes", Fraction(1, 3), (("csv:c1", Fraction(1, 3)),))
        less = Part("discount", "all -> forever", Fraction(-1, 12))
        first = Fraction(10001, 10)
        when, items = str(self.period(period)), (more, less)
        return Bridge(start, end, when, "money", "EUR", first, first + Fraction(1, 4), items, {"csv:c1": "Ada"})

    def drift(self, period: Any = None, metrics: Sequence[str] = ()) -> list[PeriodDrift]:
        when = self.period(period)
        if when.start.month > 9:
            raise UserError(f"{when} is not closed.", code="REV-105")
        close = Close(str(when), when.start, when.end, "2026-09-30.1", who="ada", when="2026-10-05T08:00:00Z")
        if when.start.month == 9:
            return [PeriodDrift(close, "2026-10-31#2", "EUR", 120, ())]
        late = Item("late record", Fraction(5, 2), "csv", "invoice", "i9", "csv:c1", date(2026, 8, 3), "Ada")
        part = ComponentDrift("revenue", str(when), "money", Fraction(10), Fraction(25, 2), (late,))
        moved = (
            MetricDrift("revenue", "Revenue", "money", Fraction(10), Fraction(25, 2), "ok", "ok",
                        {"late record": Fraction(5, 2)}, (part,)),
            MetricDrift("nrr", "NRR", "rate", None, Fraction(1), "REV-110", "ok", note="It was not declared."),
        )  # fmt: skip
        return [PeriodDrift(close, "2026-10-31#2", "EUR", 120, moved, ("The profile changed.",))]

    def names(self, kind: str) -> list[str]:
        known = {"metrics": ["funnel", "mrr", "nrr"], "segment": ["mid", "smb"], "country": ["DE", "SE"], "closed": []}
        if kind not in known:
            raise UnknownName("kind of name", kind, known)
        return known[kind]

    def define(self, name: str) -> Table:
        return Table(("field", "value"), (("metric", name), ("owners", "finance, success")))

    def status(self) -> Table:
        return Table(("source", "complete_through"), (("csv", "2026-10-31"), ("stripe", "2026-10-30")))


_SLA = ("promise", "kind", "by_team", "to_team", "share")
_LEADS = ("Leads", "volume", "Marketing", "Sales", 1.5)
_CONTACT = ("Contact", "followup", "Sales", "Marketing", 0.5)

#: calls of every snapshot function and the cells they give
CALLS: list[tuple[str, list[Any], Any]] = [
    ("METRIC", ["nrr", "2026-09"], 0.9),
    ("METRIC", ["mrr", 46266.0], 1000.1),
    ("METRIC", ["mrr", "2026-Q3", None, "segment", "smb"], 250.0),
    ("METRIC", ["mrr", "2026-09", None, [["segment", "smb"], ["country", None]]], 250.0),
    ("METRIC", ["mrr", "2026-09", "2026-10-31", "segment", None], 1000.1),
    ("METRIC", ["mrr", "2026-09", None, "compare", "previous"], 1.0),
    ("METRIC", ["mrr", "2026-09", None, "compare", "previous", "show", "share", "segment", "smb"], 0.25),
    ("METRIC", ["mrr", "2026-09", None, "Compare", "last year", "Show", "value"], 999.1),
    ("METRIC", ["nrr", "2025-12", None, "compare", "target"], "#N/A"),
    ("METRIC", ["mrr", "2026-09", None, "show", "share"], "#VALUE!"),
    ("METRIC", ["mrr", "2026-09", None, "compare", "previous", "show", "all"], "#VALUE!"),
    ("METRIC", ["mrr", "2026-09", None, "compare", "yesterday"], "#VALUE!"),
    ("METRIC", ["nrr", "2025-12"], "#N/A"),
    ("METRIC", ["nnr", "2026-09"], "#VALUE!"),
    ("METRIC", ["funnel", "2026-09"], "#VALUE!"),
    ("METRIC", ["nrr", "Jan-22"], "#VALUE!"),
    ("METRIC", ["nrr", None], "#VALUE!"),
    ("METRIC", ["nrr", "#REF!"], "#REF!"),
    ("METRIC", ["nrr", "2026-09", "segment", "smb"], "#VALUE!"),
    ("SERIES", ["mrr", "2025-12", "2026-02"], [["2025-12", "#N/A"], ["2026-01", 1000.1], ["2026-02", 1000.1]]),
    ("SERIES", ["mrr", "2026-01", "2026-06", "quarter"], [["2026-Q1", 1000.1], ["2026-Q2", 1000.1]]),
    ("SERIES", ["mrr", "2026-01", "2026-02", None, None, "segment", "smb"], [["2026-01", 250.0], ["2026-02", 250.0]]),
    ("SERIES", ["mrr", "2026-01", "2026-01", None, None, "compare", "previous"], [["2026-01", 1000.1, 1.0, 0.25]]),
    ("TABLE", [["mrr", "nrr"], ["2026-09"]], [["period", "mrr", "nrr"], ["2026-09", 1000.1, 0.9]]),
    ("TABLE", ["nrr", [["2025-12"]], "segment"], [["period", "segment", "nrr"], ["2025-12", "total", None]]),
    (
        "EXPLAIN",
        ["nrr", "2026-09"],
        [
            ["NRR", "2026-09", 0.9, "rate"],
            ["definition", "Closing MRR of customers paying at the start.", None, None],
            ["formula", "closing / opening", None, None],
            ["component", "value", "unit", "meaning"],
            ["opening", 100.0, "money", "at the start"],
            ["arithmetic", "90 / 100", None, None],
            ["component", "system", "id", "contribution"],
            ["opening", "csv", "c1", 100.0],
            ["reason", "table", "count", None],
            ["came later", "customer", 3.0, None],
        ],
    ),
    ("RECORDS", ["nrr", "2026-09"], [["component", "id", "contribution"], ["nrr", "c1", 100.0]]),
    ("TABLE", [["mrr", "nrr"], ["2026-09"], None, None, "Columns", "nrr, MRR", "heads", False], [[0.9, 1000.1]]),
    (
        "TABLE",
        ["mrr", ["2026-08", "2026-09"], None, None, "sort", "-period", "limit", 1.0],
        [["period", "mrr"], ["2026-09", 1000.1]],
    ),
    (
        "TABLE",
        ["mrr", "2026-09", None, None, [["heads", "no"], ["limit", None], ["segment", "smb"]]],
        [["2026-09", 250.0]],
    ),
    ("TABLE", ["mrr", "2026-09", None, None, "columns", "mr"], "#VALUE!"),
    ("RECORDS", ["nrr", "2026-09", None, "columns", "-component", "heads", "No"], [["c1", 100.0]]),
    ("RECORDS", ["nnr", "2026-09"], "#VALUE!"),
    ("RECORDS", ["nrr", "2026-09", None, "compare", "previous"], "#VALUE!"),
    ("EXPLAIN", ["nrr", "2026-09", None, "compare", "previous"], "#VALUE!"),
    (
        "BRIDGE",
        ["mrr", "mrr@stripe", "2026-09"],
        [
            ["item", "about", "value"],
            ["mrr", "", 1000.1],
            ["metered", "no -> yes", 1 / 3],
            ["discount", "all -> forever", -1 / 12],
            ["mrr@stripe", "", 1000.35],
            ["residual", "what the items leave unexplained", 0.0],
        ],
    ),
    (
        "BRIDGE",
        ["mrr", "mrr@stripe", "2026-09", None, "Show", "customers"],
        [["item", "customer", "name", "value"], ["metered", "csv:c1", "Ada", 1 / 3]],
    ),
    (
        "BRIDGE",
        ["mrr", "mrr@stripe", "2026-09", None, "columns", "value, item", "heads", "no", "sort", "-value", "limit", 2.0],
        [[1000.35, "mrr@stripe"], [1000.1, "mrr"]],
    ),
    (
        "BRIDGE",
        ["mrr", "mrr@stripe", "2026-09", None, "show", "customers", "heads", "no"],
        [["metered", "csv:c1", "Ada", 1 / 3]],
    ),
    ("BRIDGE", ["mrr", "nrr", "2026-09"], "#VALUE!"),
    ("BRIDGE", ["mrr", "mrr@stripe", "2026-09", None, "show", "rows"], "#VALUE!"),
    ("BRIDGE", ["mrr", "mrr@stripe", "2026-09", None, "profile", "stripe"], "#VALUE!"),
    ("BRIDGE", ["mrr", "mrr@stripe", "2026-09", None, "compare", "previous"], "#VALUE!"),
    ("BRIDGE", ["mrr", "#N/A", "2026-09"], "#N/A"),
    (
        "DRIFT",
        ["2026-09"],
        [["2026-09", "closed 2026-10-05 by ada", "2026-09-30#1 -> 2026-10-31#2", "0 of 120 numbers moved"]],
    ),
    (
        "DRIFT",
        ["2026-08", ["revenue", None]],
        [
            [
                "2026-08",
                "closed 2026-10-05 by ada",
                "2026-09-30#1 -> 2026-10-31#2",
                "2 of 120 numbers moved",
                *[None] * 6,
            ],
            ["The profile changed.", *[None] * 9],
            [
                "metric",
                "closed",
                "now",
                "difference",
                "late record",
                "edited record",
                "deleted",
                "FX",
                "new definition",
                "note",
            ],
            ["revenue", 10.0, 12.5, 2.5, 2.5, None, None, None, None, ""],
            ["nrr", "REV-110", 1.0, None, None, None, None, None, None, "It was not declared."],
            ["component", "period", "cause", "difference", "system", "table", "id", "customer", "name", "on"],
            ["revenue", "2026-08", "late record", 2.5, "csv", "invoice", "i9", "csv:c1", "Ada", "2026-08-03"],
        ],
    ),
    (
        "DRIFT",
        ["2026-08", None, "Show", "metrics", "columns", "metric, closed, difference, late record, note"],
        [
            ["metric", "closed", "difference", "late record", "note"],
            ["revenue", 10.0, 2.5, 2.5, ""],
            ["nrr", "REV-110", None, None, "It was not declared."],
        ],
    ),
    (
        "DRIFT",
        ["2026-08", None, "show", "records", "heads", "no", "columns", "on, cause, difference", "dates", "real"],
        [["2026-08-03", "late record", 2.5]],
    ),
    ("DRIFT", ["2026-08", None, "show", "records", "columns", "on"], [["on"], ["2026-08-03"]]),
    ("DRIFT", ["2026-09", None, "show", "metrics", "columns", "metric, note", "heads", "no"], [[None, None]]),
    (
        "DRIFT",
        ["2026-09", None, "show", "all"],
        [["2026-09", "closed 2026-10-05 by ada", "2026-09-30#1 -> 2026-10-31#2", "0 of 120 numbers moved"]],
    ),
    ("DRIFT", ["2026-08", None, "limit", 5.0], "#VALUE!"),
    ("DRIFT", ["2026-10"], "#N/A"),
    ("STAMP", ["nrr", "2026-09"], "nrr v3 · d:9f2c0a11 · s:2026-10-31#2"),
    ("STAMP", ["mrr", "LAST_MONTH", "2026-09-30", "segment", "smb"], "mrr v3 · d:9f2c0a11 · s:2026-09-30#2"),
    ("STAMP", ["mrr", "2026-09", None, "compare", "previous"], "#VALUE!"),
    ("STAMP", ["nnr", "2026-09"], "#VALUE!"),
    ("DEFINE", ["nrr"], [["field", "value"], ["metric", "nrr"], ["owners", "finance, success"]]),
    ("DEFINE", ["nrr", "heads", "no"], [["metric", "nrr"], ["owners", "finance, success"]]),
    ("DEFINE", ["nrr", "segment", "smb"], "#VALUE!"),
    ("STATUS", [], [["source", "complete_through"], ["csv", "2026-10-31"], ["stripe", "2026-10-30"]]),
    ("STATUS", ["Stripe"], [["source", "complete_through"], ["stripe", "2026-10-30"]]),
    ("STATUS", [None, "heads", "no", "sort", "complete_through"], [["stripe", "2026-10-30"], ["csv", "2026-10-31"]]),
    ("STATUS", ["csv", "columns", "complete_through"], [["complete_through"], ["2026-10-31"]]),
    ("STATUS", ["stipe"], "#VALUE!"),
    ("LIST", ["metrics"], [["funnel"], ["mrr"], ["nrr"]]),
    ("LIST", ["sgment"], "#VALUE!"),
    ("LIST", ["closed"], "#N/A"),
    ("PERIOD", ["2026-Q3"], "2026-07-01"),
    ("PERIOD", ["LAST_MONTH"], "2026-09-01"),
    ("PERIOD", ["LAST_MONTH", "2026-03-15"], "2026-02-01"),
    ("SLA", ["all", "2026-09"], [[*_SLA], [*_LEADS], [*_CONTACT]]),
    ("SLA", ["contact", "2026-09", None, "segment", "smb"], [[*_SLA], [*_CONTACT]]),
    ("SLA", ["Sales", "2026-09"], [[*_SLA], [*_LEADS], [*_CONTACT]]),
    # both are about leads that marketing hands to sales
    ("SLA", ["marketing > sales", "2026-09"], [[*_SLA], [*_LEADS], [*_CONTACT]]),
    ("SLA", ["sales > marketing", "2026-09"], "#VALUE!"),
    ("SLA", ["all", "2026-09", None, "columns", "promise", "sort", "share", "heads", "no"], [["Contact"], ["Leads"]]),
    ("SLA", ["contakt", "2026-09"], "#VALUE!"),
    ("SLA", ["", "2026-09"], "#VALUE!"),
    ("SLA", ["all", "2025-09"], "#N/A"),
    ("SPLIT", ["2026-Q3"], [["rep", "share"], ["Ada", 533.33]]),
    ("SPLIT", ["2026-Q3", "Bo"], [["rep", "share"], ["Bo", 533.33]]),
    ("SPLIT", ["2026-Q3", None, "columns", "share, rep", "heads", "no"], [[533.33, "Ada"]]),
    ("SPLIT", ["2025-Q3"], "#N/A"),
    ("REVIEW", ["2026-Q3", "chekcs"], "#VALUE!"),
]
