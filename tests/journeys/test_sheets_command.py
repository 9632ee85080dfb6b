"""sheets local, plan and apply as commands, against the server as a process of its own; a second client looks on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gspread
import pytest

from revalign_udf.testing import project_of

TABLES = {
    "subscription": "id org_id started_at\nsA A 2025-12-01\nsB B 2026-01-10",
    "subscription_item_period": (
        "id subscription_id valid_from amount interval\n1 sA 2025-12-01 100 month\n2 sB 2026-01-10 50 month"
    ),
}

LAYOUT = """
title = "Board"
[[tab]]
key = "board"
name = "Board"
[[tab.block]]
key = "months"
title = "By month"
kind = "series"
from = "2026-01"
to = "2026-02"
metrics = ["mrr", "customers"]
"""


@pytest.fixture
def client(sheets: dict[str, str]) -> Any:
    """Plain gspread on the local server."""

    class There(gspread.HTTPClient):  # type: ignore[misc,unused-ignore]
        def request(self, method: str, endpoint: str, *args: Any, **options: Any) -> Any:
            for host in ("https://sheets.googleapis.com", "https://www.googleapis.com"):
                endpoint = endpoint.replace(host, sheets["base_url"])
            return super().request(method, endpoint, *args, **options)

    found = gspread.service_account(filename=sheets["key_file"], http_client=There)
    yield found
    found.http_client.session.close()


def connected(folder: Path, client: Any, sheets: dict[str, str], revalign: Callable[..., str]) -> Any:
    """A project with a report, and a spreadsheet connected to it as a person does it."""
    book = client.create("Board")
    project_of(folder, TABLES, through="2026-02-28").close()
    (folder / "workbooks" / "board").mkdir(parents=True)
    (folder / "workbooks" / "board" / "layout.toml").write_text(LAYOUT)
    revalign(
        "sheets", "init", book.id, "--layout", "board", "--key-file", sheets["key_file"], "--base-url",
        sheets["base_url"], "--project", folder,
    )  # fmt: skip
    return book


def test_plan_apply_plan(
    tmp_path: Path, sheets: dict[str, str], client: Any, revalign: Callable[..., str], answer: Callable[..., Any]
) -> None:
    book = connected(tmp_path, client, sheets, revalign)
    [plan] = answer("sheets", "plan", "--project", tmp_path, expect=2)
    assert plan["changes"] is True
    assert plan["tabs"][0]["inserted"] == 2
    [done] = answer("sheets", "apply", "--project", tmp_path)
    assert (done["status"], done["calls"], done["bytes"]) == ("ok", plan["calls"], plan["bytes"])
    assert "Nothing to do" in revalign("sheets", "plan", "--project", tmp_path)
    sheet = book.worksheet("Board")
    found = sheet.get_all_values(value_render_option="UNFORMATTED_VALUE")
    assert ["2026-01", 150, 2] in [row[:3] for row in found]

    # a person writes beside the block and renames the tab: nothing of theirs is touched
    row = [line[0] for line in found].index("2026-02") + 1
    sheet.update_title("Our board")
    sheet.update([["ask Ada"]], f"F{row}")
    revalign("sheets", "apply", "--project", tmp_path)
    assert sheet.get(f"F{row}") == [["ask Ada"]]
    assert [tab.title for tab in book.worksheets()].count("Board") == 0


def test_an_edit_by_hand_from_warning_to_undo(
    tmp_path: Path, sheets: dict[str, str], client: Any, revalign: Callable[..., str], answer: Callable[..., Any]
) -> None:
    book = connected(tmp_path, client, sheets, revalign)
    revalign("sheets", "apply", "--project", tmp_path)
    [same] = answer("sheets", "verify", "--project", tmp_path)
    assert (same["status"], same["differences"]) == ("ok", [])
    sheet = book.worksheet("Board")
    sheet.update([[7]], "B5")
    [plan] = answer("sheets", "plan", "--project", tmp_path, expect=3)
    assert [edit["cell"] for edit in plan["tabs"][0]["edits"]] == ["B5"]
    [differs] = answer("sheets", "verify", "--project", tmp_path, expect=1)
    assert [(item["cell"], item["sheet"], item["engine"]) for item in differs["differences"]] == [("B5", "7", "150")]
    revalign("sheets", "apply", "--project", tmp_path)
    assert sheet.get("B5", value_render_option="UNFORMATTED_VALUE") == [[7]]
    revalign("sheets", "apply", "--project", tmp_path)
    assert sheet.get("B5", value_render_option="UNFORMATTED_VALUE") == [[150]]
    logged = [row[3] for row in book.worksheet("_log").get_all_values()]
    assert [what for what in logged if what.startswith("edit")] == ["edit warned", "edit replaced"]
    assert "Undone: the change of" in revalign("sheets", "undo", "board", "--project", tmp_path)
    assert sheet.get("B5", value_render_option="UNFORMATTED_VALUE") == [[7]]
    revalign("sheets", "undo", "board", "--project", tmp_path, expect=1)  # once only


def test_errors(tmp_path: Path, revalign: Callable[..., str]) -> None:
    (tmp_path / "revalign.toml").write_text("")
    revalign("sheets", "plan", "--project", tmp_path, expect=2)
    (tmp_path / "revalign.toml").write_text('[sheets.board]\nkey = "x"\nkey_file = "missing.json"\n')
    found = json.loads(revalign("sheets", "apply", "--project", tmp_path, "--json", expect=1))
    assert "REV-" in found[0]["failure"]
    revalign("sheets", "apply", "bord", "--project", tmp_path, expect=2)
