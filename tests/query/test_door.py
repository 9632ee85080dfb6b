"""The one door: names, filters, periods, snapshots, tables, explanations."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from revalign_udf.errors import NoData, UnknownName, UserError
from revalign_udf.metrics import Metric
from revalign_udf.query import Answer, Query
from revalign_udf.query.formulas import component_periods, evaluate
from revalign_udf.snapshots import published
from revalign_udf.testing import project_of

TABLES = {
    "organization": "id name segment country\na Ada SMB SE\nb Bob smb SE\nc Cyd MM 7\nd Dan - DE",
    "subscription": "id org_id started_at\nsa a 2025-01-01\nsb b 2025-01-01\nsc c 2025-01-01\nsd d 2025-12-20",
    "subscription_item_period": """id subscription_id valid_from valid_to amount interval
        ia sa 2025-01-01 2025-04-10 100 month
        ib sb 2025-01-01 -           50 month
        ic sc 2025-01-01 -           20 month
        id sd 2025-12-20 -           20 month""",
    "sales_order": "id org_id ordered_at amount\nq1 a 2025-01-05 100\nq2 b 2025-02-05 50\nq3 a 2025-03-05 0",
    "expense": "id date amount function channel\ne1 2025-01-01 10 marketing ads\ne2 2025-02-01 90 marketing -",
}


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    folder = tmp_path_factory.mktemp("door")
    project_of(
        folder, TABLES, "[company]\nname = 'Acme'\ncurrency = 'EUR'\nfiscal_year_start = 2", through="2025-12-20"
    )
    return Query.open(folder)


def refused(error: type[Exception], code: str) -> pytest.RaisesExc[Exception]:
    return pytest.raises(error, match=code)


def test_who_answers(query: Query) -> None:
    assert (query.company, query.currency, query.as_of) == ("Acme", "EUR", date(2025, 12, 20))
    assert query.snapshot == "2025-12-20#1"
    assert published(query.root) == ["2025-12-20.1"]
    assert query.banner() == "As of 2025-12-20 · snapshot 2025-12-20#1 · 1 source: files"
    assert query.status().dicts()[0]["complete_through"] == "2025-12-20"
    assert query.calendar.fiscal_year_start == 2
    assert not query.changed()
    query.refresh()
    assert not query.changed()


@pytest.mark.parametrize(
    "name", ["mrr", "MRR", " Monthly Recurring-Revenue ", "closing_mrr", "monthly recurring revenue"]
)
def test_names_and_aliases(query: Query, name: str) -> None:
    assert query.metric(name, "2025-01").metric == "mrr"


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (("mmr", "2025-01"), 'Unknown metric "mmr". Did you mean mrr?'),
        (("churn", "2025-01"), '"churn" can mean logo_churn or revenue_churn_gross or revenue_churn_net.'),
        (("ltv", "2025-01"), '"ltv" can mean ltv_orders or ltv_arpa_churn.'),
        (("clv", "2025-01"), '"clv" can mean ltv_orders or ltv_arpa_churn or clv_observed or clv_predicted.'),
        (("mrr", "2025-01", {"segmnt": "SMB"}), 'Unknown field "segmnt". Did you mean segment?'),
        (("mrr", "2025-01", {"segment": "SMBs"}), 'Unknown value of segment "SMBs". Did you mean SMB?'),
        (("mrr", "2025-01", {"segment": "Smb"}), '"Smb" can mean SMB or smb.'),
        (("cac", "2025-01", {"segment": "SMB"}), "REV-103 cac cannot be cut by segment. Possible: channel"),
        (("mrr", "2025-01", None, "stripee"), 'Unknown profile "stripee".'),
        (("mrr", "Jan-25"), "Write 2025-01 for the month."),
        (("mrr", ""), "The period is empty."),
        (("mrr", "LAST_MONHT"), "Did you mean LAST_MONTH?"),
    ],
)
def test_what_cannot_be_asked(query: Query, question: tuple[object, ...], says: str) -> None:
    name, period, where, profile = (*question, None, None)[:4]
    with pytest.raises(UserError) as caught:
        query.metric(str(name), period, where, profile=profile)  # type: ignore[arg-type]
    assert says in str(caught.value)


def test_filters_are_forgiving_where_they_can_be(query: Query) -> None:
    def ask(where: dict[str, object]) -> Answer:
        return query.metric("mrr", "2025-01", where)  # type: ignore[arg-type]

    assert ask({"segment": None, "country": " "}).where == {}
    assert ask({"Segment": "mm", "COUNTRY": 7.0}).where == {"country": "7", "segment": "MM"}
    assert ask({"segment": "SMB"}).exact == 100
    assert ask({"segment": "smb"}).exact == 50
    assert ask({"segment": "(None)"}).where == {"segment": "(none)"}
    assert query.metric("mrr", "2025-01", profile=" Default ").exact == 170


@pytest.mark.parametrize(
    ("token", "label", "value"),
    [
        ("THIS_MONTH", "2025-12", 90), ("last_month", "2025-11", 70), (date(2025, 3, 15), "2025-03", 170),
        (datetime(2025, 3, 15, tzinfo=UTC), "2025-03", 170), ("FY26-Q1", "FY26-Q1", 70), ("MTD", "MTD", 90), (2025.0, "2025", 90),
        ("LTM:2025-06", "LTM:2025-06", 70), ("LAST_N_MONTHS:2", "LAST_N_MONTHS:2", 70), ("YTD:2025-03-31", "YTD:2025-03-31", 170),
    ],
)  # fmt: skip
def test_period_tokens(query: Query, token: object, label: str, value: int) -> None:
    answer = query.metric("mrr", token)
    assert (answer.period, answer.exact) == (label, value)


def test_a_relative_period_counts_from_an_anchor_when_given(query: Query) -> None:
    assert str(query.period("LAST_MONTH", "2025-05-05")) == "2025-04"
    assert str(query.period("LAST_MONTH")) == "2025-11"


def test_partial(query: Query) -> None:
    for token, partial in (("2025-11", False), ("2025-12", True), ("2025", True), ("MTD", False), ("2025-Q3", False)):
        answer = query.metric("mrr", token)
        assert (answer.partial, answer.status) == (partial, "partial" if partial else "ok"), token
        assert bool(answer.message) == partial
    assert query.metric("mrr", "2026-01").status == "REV-204"


def test_a_series(query: Query) -> None:
    assert [a.exact for a in query.series("mrr", "2025-03", "2025-05")] == [170, 70, 70]
    assert [a.period for a in query.series("mrr", "2025-Q1", "2025-05", "quarter")] == ["2025-Q1", "2025-Q2"]
    assert [a.period for a in query.series("arr", "2025", "2025")] == ["2025"]
    with refused(UserError, "REV-102"):
        query.series("mrr", "2025-05", "2025-03")


def test_a_breakdown_shows_what_there_is_to_count(query: Query) -> None:
    def cut(name: str, period: str, by: str, where: dict[str, str] | None = None) -> dict[str, float | None]:
        return {value: answer.value for value, answer in query.breakdown(name, period, by, where)}

    assert cut("mrr", "2025-01", "Segment") == {"MM": 20, "SMB": 100, "smb": 50}  # nobody is without a segment yet
    assert cut("mrr", "2025-12", "segment") == {"MM": 20, "smb": 50, "(none)": 20}
    assert cut("mrr", "2025-01", "segment", {"segment": "mm"}) == {"MM": 20}
    # a margin of 100 % of nothing, and a lifetime told from nobody, are no rows
    assert cut("gross_margin", "2025-01", "product") == {"(none)": 1}
    assert cut("customer_lifetime", "2025-11", "segment") == {"MM": None, "SMB": None, "smb": None}
    # spend of a channel nobody came through is a row of its own
    assert cut("cac", "2025-01", "channel") == {"ads": None, "(none)": 0}
    # with nothing to count anywhere each value says why, records without one do not
    assert cut("mrr", "2026-05", "segment") == {"MM": None, "SMB": None, "smb": None}
    assert [v for v, _ in query.breakdown("mrr_movements", "2025-01", "segment")] == ["MM", "SMB", "smb"]
    with refused(UserError, "REV-103"):
        query.breakdown("visitors", "2025-01", "segment")
    with refused(UnknownName, "REV-101"):
        query.breakdown("mrr", "2025-01", "segment", profile="other")


def test_a_table(query: Query) -> None:
    table = query.table(["mrr", "logo_churn"], ["2025-01", "2025-04"], "segment")
    assert table.columns == ("period", "segment", "mrr", "logo_churn")
    assert table.units == ("text", "text", "money", "rate")
    assert table.rows[:4] == (
        ("2025-01", "MM", 20, "#DIV/0!"), ("2025-01", "SMB", 100, "#DIV/0!"), ("2025-01", "smb", 50, "#DIV/0!"),
        ("2025-01", "total", 170, "#DIV/0!"),
    )  # fmt: skip
    assert table.rows[5] == ("2025-04", "SMB", 0, 1)
    assert table.rows[-1] == ("2025-04", "total", 70, 1 / 3)  # recomputed, never summed
    assert [row[1] for row in query.table(["mrr"], ["2025-12"], "segment").rows] == ["MM", "smb", "(none)", "total"]
    assert query.table(["mrr"], ["2025-01"]).rows == (("2025-01", 170),)
    # a value that has something in one column only
    mixed = query.table(["orders", "mrr"], ["2025-03"], "segment").dicts()
    assert {row["segment"]: (row["orders"], row["mrr"]) for row in mixed} == {
        "MM": (0, 20), "SMB": (1, 100), "smb": (0, 50), "total": (1, 170),
    }  # fmt: skip
    with refused(UserError, "REV-102"):
        query.table(["funnel", "mrr"], ["2025-01"])


def test_explain_names_the_customer(query: Query) -> None:
    found = query.explain("nrr", "2025-04", {"country": "SE"})
    assert found.arithmetic == "RATIO(50, 150) = 0.333333333333333"
    assert found.formula == "ratio(retained_mrr, base_mrr)"
    assert {(row["customer"], row["name"]) for row in found.records.dicts()} == {("files:a", "Ada"), ("files:b", "Bob")}
    assert [row["value"] for row in found.components.dicts()] == [150, 50]
    assert found.as_json()["records"][0]["name"]
    nothing = query.explain("logo_churn", "2025-01")
    assert nothing.arithmetic == "RATIO(0, 0) = no value"
    outside = query.explain("ltv_to_cac", "2024-01")
    assert outside.arithmetic == "RATIO(none, none) = no value"
    assert "before the first record" in str(outside.components.rows[0][4])
    assert outside.records.rows == ()
    assert query.explain("mrr_movements", "2025-04").arithmetic == ""
    assert "monthly_mean_logo_churn" in query.explain("ltv_arpa_churn", "2025-04").arithmetic
    assert query.explain("fx_impact_mrr", "2025-04").arithmetic.count("(-100)") == 1
    assert query.explain("revenue_growth", "2025-02").arithmetic == "GROWTH(50, 100) = (-0.5)"


def test_fingerprints_tell_definition_arguments_and_snapshot(query: Query) -> None:
    asked = [("mrr", "2025-01", None), ("mrr", "2025-02", None), ("arr", "2025-01", None), ("mrr", "2025-01", {"segment": "MM"}),
             ("mrr", "2025-01", {"segment": "SMB"})]  # fmt: skip
    prints = [query.metric(name, period, where).fingerprint for name, period, where in asked]
    assert len(set(prints)) == len(prints)
    assert query.metric("mrr", "2025-01").fingerprint == prints[0]
    assert prints[0].startswith("mrr v1 · d:")
    assert prints[0].endswith(" · s:2025-12-20#1")
    same = query.metric("mrr", "2025-01", {"segment": ""})
    assert same.fingerprint == prints[0]


def test_names_for_drop_downs(query: Query) -> None:
    assert "mrr" in query.names("metrics")
    assert "segment" in query.names("dimensions")
    assert query.names("sources") == ["files"]
    assert "LTM" in query.names("periods")
    assert query.names("segment") == ["MM", "SMB", "smb", "(none)"]
    with refused(UnknownName, "Did you mean segment"):
        query.names("segmnt")
    assert query.declaration("arpa").name == "arpu"
    assert query.dimensions("cac") == ("channel", "campaign", "system", "team", "pod")
    rows = {row["field"]: row["value"] for row in query.define("mrr").dicts()}
    assert rows["formula"] == "mrr"
    assert {row["field"]: row["value"] for row in query.define("funnel").dicts()}["formula"] == "a table"


def test_answers_as_json(query: Query) -> None:
    answer = query.metric("mrr", "2025-01", {"segment": "MM"}).as_json()
    assert answer["value"] == 20
    assert (answer["currency"], answer["status"], answer["where"]) == ("EUR", "ok", {"segment": "MM"})
    assert query.metric("mrr_movements", "2025-01").as_json()["rows"][0]["movement"] == "opening_mrr"
    assert query.metric("logo_churn", "2025-01").as_json()["value"] is None
    assert query.metric("logo_churn", "2025-01").currency == ""


def test_what_no_table_knows(query: Query) -> None:
    answer = query.metric("funnel", "2025-01")
    assert (answer.status, answer.rows, answer.cell) == ("REV-201", None, "#N/A")
    assert query.metric("customer_lifetime", "2025-11").status == "REV-209"
    assert query.records("customer_lifetime", "2025-11").rows == ()  # no sum of its customers
    session = query.session()
    assert session.snapshot.values_of("nobody's dimension") == []
    plugin = Metric("mine", "Mine", "x", "unheard_of + mrr", "money", "Mine.")
    period = query.period("2025-01")
    assert component_periods(session, plugin, period) == [("mrr", period)]
    with refused(UnknownName, "unheard_of"):
        evaluate(session, plugin, period, {})


def test_snapshots_by_day(tmp_path: Path) -> None:
    with refused(NoData, "REV-205"):
        Query(tmp_path / "nowhere").metric("mrr", "2025-01")
    with refused(NoData, "REV-205"):
        Query(tmp_path / "nowhere").metric("mrr", "2025-01", as_of="2025-01-01")
    few = {name: TABLES[name] for name in ("organization", "subscription", "subscription_item_period")}
    for month in (1, 3, 6):
        query = project_of(tmp_path, few, through=f"2025-{month:02d}-20")
    assert query.changed() is False
    assert query.metric("mrr", "THIS_MONTH").period == "2025-06"
    for asked, label in (("2025-03-20", "2025-03-20#1"), ("2025-05-19", "2025-03-20#1"), (date(2025, 12, 1), "2025-06-20#1"),
                         (datetime(2025, 1, 20, 5, tzinfo=UTC), "2025-01-20#1"), ("2025-02-20 ", "2025-01-20#1")):  # fmt: skip
        assert query.metric("mrr", "THIS_MONTH", as_of=asked).snapshot == label
    assert query.records("mrr", "2025-01", as_of="2025-01-31").rows
    with refused(NoData, "REV-206"):
        query.metric("mrr", "2025-01", as_of="2025-01-19")
    with refused(UserError, "is not a date"):
        query.metric("mrr", "2025-01", as_of="soon")
    assert query.metric("mrr", "2025-04", as_of="2025-03-20").status == "REV-204"
    prints = {query.metric("mrr", "2025-01", as_of=f"2025-0{n}-20").fingerprint for n in (1, 3, 6)}
    assert len(prints) == 3
    (query.root / "current").write_text("2025-01-20.1\n", encoding="ascii")
    assert query.changed()
    assert query.metric("mrr", "THIS_MONTH").period == "2025-06"  # until it is told to look
    query.refresh()
    assert query.metric("mrr", "THIS_MONTH").period == "2025-01"
    query.close()
    assert query.metric("mrr", "THIS_MONTH").period == "2025-01"


def test_a_damaged_snapshot_does_not_answer(tmp_path: Path) -> None:
    few = {name: TABLES[name] for name in ("organization", "subscription", "subscription_item_period")}
    query = project_of(tmp_path, few, through="2025-06-20")
    folder = query.root / "2025-06-20.1"
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}

    def ask() -> None:
        Query(query.root).metric("mrr", "2025-01")

    for name, content in (
        ("movement.parquet", None), ("movement.parquet", b"PAR1"), ("movement.parquet", b"x" * len(kept["movement.parquet"])),
        ("manifest.json", b"{}"), ("manifest.json", b"\xff"),
        ("manifest.json", kept["manifest.json"].replace(b'"format": 1', b'"format": 99')),
        ("cube.parquet", b"y" * len(kept["cube.parquet"])),
    ):  # fmt: skip
        path = folder / name
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        with refused(NoData, "REV-207"):
            ask()
        path.write_bytes(kept[name])
    ask()


def test_a_source_behind_the_others_is_stale(tmp_path: Path) -> None:
    orders = "id org_id ordered_at amount\n1 A 2026-01-05 10"
    query = project_of(tmp_path, {"sales_order": orders}, through="2026-01-31")
    assert [row["state"] for row in query.status().dicts()] == ["fresh"]
    query.close()
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "expense.csv").write_text("id,date,amount,function\n1,2026-01-02,5,sales\n")
    late = '[source.late]\nconnector = "csv"\npath = "late"\ncomplete_through = "2026-01-29"\n'
    query = project_of(tmp_path, {"sales_order": orders}, late, through="2026-01-31")
    assert {row["source"]: row["state"] for row in query.status().dicts()} == {"files": "fresh", "late": "stale"}
    query.close()
