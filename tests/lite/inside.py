"""The generated file inside Pyodide under Node: one process for the whole run, all calls as lines of JSON."""

import atexit
import json
import subprocess
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tools import node_package, program

from revalign_udf.excel.lite import lite_text

HERE = Path(__file__).parent
#: asked before time zones are there, as in an add-in without the package tzdata
ZONE = [["2026-03-27 16:00", "2026-03-30 09:00"], ["2026-03-30 10:00", "2026-03-30 12:30"], 2, "Mon-Fri 09:00-17:00"]


class Inside:
    """The add-in with the file loaded; ``without_zones`` holds what it said before it had time zones."""

    def __init__(self) -> None:
        pyodide = node_package("pyodide")
        self.process = subprocess.Popen(
            [program("node"), str(HERE / "inside.mjs"), str(pyodide), str(HERE / "stand_in.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        self.names: list[str] = self.ask({"load": lite_text(), "as": "usual"})
        self.ask({"load": lite_text(native_errors=True), "as": "native"})
        stockholm = [*ZONE[:3], f"{ZONE[3]} Europe/Stockholm"]
        self.without_zones = self.call([("SLA_RATE", ZONE), ("SLA_RATE", [*ZONE[:3], None]), ("SLA_RATE", stockholm)])
        found = find_spec("tzdata")
        assert found is not None
        assert found.origin is not None
        self.ask({"zones": str(Path(found.origin).parent)})

    def ask(self, question: dict[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def call(self, calls: Sequence[tuple[str, Sequence[Any]]], version: str = "usual") -> list[dict[str, Any]]:
        """What cells show for (bare name, arguments)."""
        named = [[f"REVALIGN.{name}", list(arguments)] for name, arguments in calls]
        found: list[dict[str, Any]] = self.ask({"calls": named, "as": version})
        return found

    def close(self) -> None:
        self.process.communicate()  # closes its input, which ends it


@cache
def inside() -> Inside:
    """The one process of this run."""
    found = Inside()
    atexit.register(found.close)
    return found
