"""The golden table through our Office.js add-in: the shim in Node, HTTP, and the server as uvicorn runs it."""

import json
import subprocess
from pathlib import Path
from typing import Any

from beside import load
from tools import program

from revalign_udf.excel.office import assets
from revalign_udf.excel.office.metadata import function_id

HERE = Path(__file__).parent
ROUTES = load(HERE / "routes.py")
SERVER = load(HERE.parent / "server" / "conftest.py")
OFFICE = HERE.parent / "office"
#: errors with which Excel takes a message
SPOKEN = ("#VALUE!", "#N/A")


def meant(row: Any, answer: dict[str, Any]) -> dict[str, Any]:
    """Excel takes no #REF! and no #NAME? from a function: they arrive as #VALUE! that names them."""
    message = answer.get("message") or ""
    if answer.get("error") == "#VALUE!" and row.error not in SPOKEN and message.startswith(f"{row.error} "):
        return {"error": row.error, "message": message}
    return {"cell": ROUTES.text_as_blank(answer["cell"])} if "cell" in answer else answer


def test_everything(golden: Path, tmp_path: Path) -> None:
    for name, (_, content) in assets("https://localhost:8743").items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    asked = [*ROUTES.range_rows(in_cells=True), *ROUTES.snapshot_rows(in_cells=True)]
    calls = [[function_id(row.function), list(row.arguments)] for row in asked]
    with SERVER.served(golden) as server:
        run = subprocess.run(
            [program("node"), str(OFFICE / "shim.mjs"), "calls", str(tmp_path)],
            input=json.dumps({"base": server.base_url, "token": SERVER.TOKEN, "calls": calls}) + "\n",
            capture_output=True, check=True, encoding="utf-8",
        )  # fmt: skip
    found = json.loads(run.stdout)["found"]
    answers = [meant(row, answer) for row, answer in zip(asked, found["found"], strict=True)]
    assert ROUTES.differences(list(map(ROUTES.blank_as_text, asked)), answers, messages=SPOKEN) == []
    assert found["requests"] < 20, "calls go out together"
