"""Promises and hand-offs against the oracle: months, quarters, a year, twelve months, and cuts."""

from pathlib import Path
from typing import Any

import pytest
from beside import campaign, load

from revalign_udf.testing import project_of

ORACLE = load(Path(__file__).with_name("oracle_promises.py"))
METRICS = ("sla_followup", "sla_feedback", "sla_information", "handoff_time", "closed_loop_rate")
SETTINGS = '[company]\nname = "x"\ncurrency = "EUR"\ntime_zone = "Europe/Stockholm"\n'


@pytest.fixture(scope="module", params=campaign([5, 6]))
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """(the door to a random company, the oracle)."""
    folder, company = tmp_path_factory.mktemp("promises"), ORACLE.Company(request.param)
    (folder / "alignment").mkdir()
    for name, text in ORACLE.OBJECTS.items():
        (folder / "alignment" / f"{name}.toml").write_text(text, encoding="utf-8")
    query = project_of(folder, company.texts(), SETTINGS, through=ORACLE.THROUGH.isoformat())
    return query, ORACLE.Oracle(company)


def test_totals_are_those_of_the_oracle(both: tuple[Any, Any]) -> None:
    query, oracle = both
    wrong, known = [], 0
    when = {**ORACLE.periods(), "LTM": None}
    ltm = query.period("LTM")
    when["LTM"] = (ltm.start, ltm.end)
    for name in (*METRICS, "sla_volume"):
        for token, span in when.items():
            found, expected = query.metric(name, token), getattr(oracle, name)(span, {})
            known += expected is not None
            if found.exact != expected:
                wrong.append((name, token, found.exact, expected, found.message))
    assert not wrong
    assert known > 100


def test_slices_are_those_of_the_oracle(both: tuple[Any, Any]) -> None:
    query, oracle = both
    wrong, known = [], 0
    cuts = [{"to_team": "west"}, {"channel": "(none)"}, {"to_team": "sdr", "channel": "ads"}, {"rep": "Rep2"}]
    for name in METRICS:
        for where in cuts:
            for token in ("2025-07", "2026-02", "2025-Q2", "2025-Q4", "2025"):
                found = query.metric(name, token, where)
                expected = getattr(oracle, name)(ORACLE.periods()[token], where)
                known += expected is not None
                if found.exact != expected:
                    wrong.append((name, token, where, found.exact, expected, found.message))
    assert not wrong
    assert known > 60


def test_the_monitor_adds_up_to_the_metrics(both: tuple[Any, Any]) -> None:
    """Kept and broken of all promises of a kind are the number; every case is in one column."""
    query, _ = both
    for token in ("2025-07", "2025-Q3", "2025"):
        rows = query.metric("sla", token).rows.dicts()
        for row in rows:
            parts = [row[name] for name in ("kept", "breached", "not_yet_due", "apart")]
            assert sum(parts) == row["promised"]
        for kind, name in (
            ("followup", "sla_followup"),
            ("feedback", "sla_feedback"),
            ("information", "sla_information"),
        ):
            kept, broken = (sum(r[column] for r in rows if r["kind"] == kind) for column in ("kept", "breached"))
            assert query.metric(name, token).value == kept / (kept + broken)
        listed = query.metric("sla_breaches", token).rows.dicts()
        assert len([row for row in listed if row["kind"] != "volume"]) == sum(
            row["breached"] for row in rows if row["kind"] != "volume"
        )
        routes = query.metric("handoffs", token).rows.dicts()
        assert sum(row["orphaned"] for row in routes) == len(query.metric("handoff_orphans", token).rows.rows)
