"""The stage map of the project goes before those of the sources, and says since when."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.alignment.stages import shared_pipeline
from revalign_udf.config import load
from revalign_udf.errors import ConfigError
from revalign_udf.governance.stage_maps import STAGE_MAPS_FILE
from revalign_udf.jobs import build
from revalign_udf.kernels.stages import stage_rows
from revalign_udf.query import Query
from revalign_udf.testing import project_of

TABLES = {
    "team": "id name function\nt1 North sales",
    "organization": "id name\no1 One",
    "lead": "id created_at opportunity_id\nL1 2026-01-01 -\nL2 2026-01-01 -\nL3 2026-01-01 d1\nL4 2026-01-01 d2\nL5 2026-01-01 -",
    "opportunity": "id org_id created_at outcome pipeline\nd1 o1 2026-02-01 open east\nd2 o1 2026-02-01 open west",
    "stage_map": """connection object pipeline source_stage stage position owner_team valid_from
        files lead        - Hot  mql         2 t1 -
        *     lead        - Warm mql         2 -  -
        files opportunity - Deal opportunity 5 t1 -""",
    "lifecycle_event": """id subject_type subject_id stage occurred_at
        1 lead        L1 Hot  2026-02-05
        2 lead        L2 Hot  2026-03-05
        3 opportunity d1 Deal 2026-02-06
        4 opportunity d2 Deal 2026-02-06
        5 lead        L5 Cold 2026-02-20
        6 lead        L5 Cold 2026-02-10""",
}


def row(**more: Any) -> dict[str, Any]:
    return {"object": "lead", "source_stage": "Hot", "stage": "sql", **more}


def write(folder: Path, *rows: dict[str, Any]) -> None:
    (folder / "alignment").mkdir(exist_ok=True)
    text = "".join("[[stages]]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in one.items()) for one in rows)
    (folder / "alignment" / "stages.toml").write_text(text, encoding="utf-8")


def reached(query: Query, stage: str) -> dict[str, str]:
    """The leads that reached a stage exactly on a day of their own event: lead -> day."""
    found = query.session().snapshot.con.execute(
        f"SELECT record_id, CAST(on_day AS VARCHAR) FROM fact_reach WHERE stage = '{stage}' ORDER BY 1"
    )
    return dict(found.fetchall())


def built(folder: Path, *rows: dict[str, Any]) -> Query:
    write(folder, *rows)
    return project_of(folder, TABLES, through="2026-04-30")


def test_without_the_project_the_sources_say(tmp_path: Path) -> None:
    query = project_of(tmp_path, TABLES, through="2026-04-30")
    assert set(reached(query, "mql")) == {"L1", "L2", "L3", "L4"}
    assert reached(query, "sql") == {"L3": "2026-02-06", "L4": "2026-02-06"}, "an opportunity has been there too"


def test_the_row_of_the_project_wins(tmp_path: Path) -> None:
    query = built(tmp_path, row(connection="*"), row(source_stage="cold", stage="MQL"))
    assert {"L1", "L2"} <= set(reached(query, "sql"))
    assert reached(query, "mql")["L5"] == "2026-02-10"


def test_before_and_after_its_days_the_source_says(tmp_path: Path) -> None:
    query = built(tmp_path, row(valid_from="2026-03-01", valid_to="2026-03-10"))
    assert ("L1" in reached(query, "sql"), "L2" in reached(query, "sql")) == (False, True)
    map_rows = [one for one in query.objects("stage_map") if one["source_stage"] == "Hot"]
    assert [(one.get("valid_from"), one.get("valid_to"), one["stage"], one["origin"]) for one in map_rows] == [
        (None, "2026-03-01", "mql", "source"), ("2026-03-10", None, "mql", "source"),
        ("2026-03-01", "2026-03-10", "sql", "project"),
    ]  # fmt: skip


def test_a_row_for_one_pipeline_of_any_source_goes_before_a_source_s_own(tmp_path: Path) -> None:
    query = built(tmp_path, row(object="opportunity", source_stage="deal", stage="sal", pipeline="east"))
    # the event of d1 is a sal now, and its opportunity stage comes from its row of 1 February
    assert reached(query, "opportunity") == {"L3": "2026-02-01", "L4": "2026-02-06"}


def test_a_deal_lost_by_the_source_s_map_is_open_by_the_project_s(tmp_path: Path) -> None:
    tables = {
        **TABLES,
        "stage_map": "connection object source_stage stage is_lost\nfiles opportunity Parked lost true",
        "opportunity": "id org_id created_at outcome stage amount close_date\nd1 o1 2026-01-05 open Parked 100 2026-05-01",
        "opportunity_snapshot": "opportunity_id valid_from stage amount close_date\nd1 2026-01-05 Parked 100 2026-05-01",
    }
    assert project_of(tmp_path / "a", tables, through="2026-04-30").session().fact("open_deal").rows == 0
    (tmp_path / "b").mkdir()
    write(tmp_path / "b", row(object="opportunity", source_stage="Parked", stage="opportunity"))
    assert project_of(tmp_path / "b", tables, through="2026-04-30").session().fact("open_deal").rows == 1


def test_the_shared_pipeline_has_one_owner_per_stage(tmp_path: Path) -> None:
    query = built(tmp_path, row(stage="mql", owner_team="Marketing"), row(source_stage="sql", owner_team="north"))
    found = shared_pipeline(query)
    rows = {str(one["stage"]): one for one in found.table.dicts()}
    assert [one["stage"] for one in found.table.dicts()][:6] == ["lead", "mql", "sal", "sql", "opportunity", "customer"]
    assert (rows["mql"]["owner_team"], rows["mql"]["called"]) == ("marketing", "*: Hot, *: Warm")
    assert (rows["sql"]["owner_team"], rows["opportunity"]["owner_team"]) == ("North", "t1")
    assert rows["customer"]["owner_team"] is None
    assert found.problems == ()
    assert found.as_json()["unknown"] == [
        {"source": "files", "stage": "Cold", "why": "unknown", "events": 2, "first_seen": "2026-02-10", "last_seen": "2026-02-20"}
    ]  # fmt: skip
    assert query.metric("unknown_stages", "2026-02").rows == found.unknown
    assert query.metric("shared_pipeline", "2026-02").rows == found.table


def test_what_is_wrong_with_the_owners(tmp_path: Path) -> None:
    two = [row(stage="mql", owner_team=team, source_stage=name) for team, name in (("sales", "a"), ("marketing", "b"))]
    found = shared_pipeline(built(tmp_path, *two, row(source_stage="c", stage="sal")))
    assert found.problems == ("The stage mql has several owners: marketing, sales.", "Nobody owns the stage sal.")


def test_each_changed_map_is_on_record_since_its_day(tmp_path: Path) -> None:
    query = project_of(tmp_path, TABLES, through="2026-04-30")
    first = shared_pipeline(query)
    write(tmp_path, row(owner_team="sales"))
    project = load(tmp_path)
    assert build(project).is_new
    assert not build(project).is_new
    second = shared_pipeline(Query.open(tmp_path))
    lines = [json.loads(line) for line in (tmp_path / STAGE_MAPS_FILE).read_text().splitlines()]
    assert [line["version"] for line in lines] == [first.version, second.version]
    assert second.since == lines[1]["when"][:10] == str(date.fromisoformat(second.since))
    build(project, date(2026, 3, 1))
    assert len((tmp_path / STAGE_MAPS_FILE).read_text().splitlines()) == 2, "a day of the past changes no map"


def test_nothing_is_mapped(tmp_path: Path) -> None:
    query = project_of(tmp_path, {"lead": TABLES["lead"]}, through="2026-04-30")
    found = shared_pipeline(query)
    assert (found.version, found.since, found.unknown.rows, found.problems) == ("", "", (), ())
    assert not (tmp_path / STAGE_MAPS_FILE).exists()


@pytest.mark.parametrize(
    ("rows", "code", "says"),
    [
        ([row(stage="sqll")], "REV-305", "Did you mean sql?"),
        ([row(object="leed")], "REV-305", "Did you mean lead?"),
        ([row(owner_team="marketng")], "REV-305", "Did you mean marketing?"),
        ([row(position="two")], "REV-305", "no number"),
        ([row(is_won="perhaps")], "REV-305", "Write yes or no"),
        ([row(is_won="yes", is_lost="true")], "REV-305", "both won and lost"),
        ([row(valid_from="soon")], "REV-305", "no date"),
        ([row(valid_from="2026-02-01", valid_to="2026-02-01")], "REV-305", "after valid_from"),
        ([row(), row(stage="mql")], "REV-302", "two things of Hot"),
        ([row(), row(source_stage=" HOT ")], "REV-302", "two things"),
        ([row(source_stage="mql", stage="sql"), row(source_stage="SQL", stage="mql")], "REV-305", "mql -> sql -> mql"),
    ],
)
def test_bad_rows(rows: list[dict[str, Any]], code: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        stage_rows(rows)
    assert caught.value.code == code
    assert says in str(caught.value)


def test_rows_that_are_sound() -> None:
    rows = stage_rows(
        [
            row(valid_to="2026-02-01"), row(valid_from="2026-02-01", stage="mql"), row(connection="crm", stage="sal"),
            row(source_stage="opportunity", stage="sql"), row(source_stage="sql", stage="sql", position=4.0),
        ]
    )  # fmt: skip
    assert [one["position"] for one in rows] == [None, None, None, None, 4]


def test_a_bad_row_stops_the_build_because_numbers_rest_on_it(tmp_path: Path) -> None:
    write(tmp_path, row(stage="sqll"))
    with pytest.raises(ConfigError, match="stages 1"):
        project_of(tmp_path, TABLES, through="2026-04-30")
