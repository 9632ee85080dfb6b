"""The Python process behind the add-in, as far as it can run without Windows."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from revalign_udf.excel import comserver
from revalign_udf.functions.session import PROJECT_VARIABLE

CLSID = "{12345678-0ABC-0000-0007-000000000000}"


@pytest.fixture
def served(excel: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What reached xlwings' own server: its message loop needs Windows, everything before it runs."""
    found: list[Any] = []
    monkeypatch.setattr(excel.xlwings.com_server, "serve", found.append)
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setenv(PROJECT_VARIABLE, "before")
    return found


def test_it_serves_the_class_id_for_the_project(served: list[Any], tmp_path: Path) -> None:
    assert comserver.main([CLSID, "--project", r"C:\acme"]) == 0
    assert served == [CLSID]
    assert os.environ[PROJECT_VARIABLE] == r"C:\acme"
    assert comserver.log_file() == tmp_path / "Revalign" / "excel.log"


def test_without_a_project_the_environment_stays(served: list[Any]) -> None:
    assert comserver.main([CLSID]) == 0
    assert os.environ[PROJECT_VARIABLE] == "before"


def test_the_buttons_commands_are_there_before_the_first_call(served: list[Any]) -> None:
    sys.modules.pop("revalign_udf.excel.commands", None)
    comserver.main([CLSID])
    assert "revalign_udf.excel.commands" in sys.modules


@pytest.mark.parametrize(("handle", "stopped"), [(7, [0]), (0, [])])
def test_it_ends_with_excel(handle: int, stopped: list[int]) -> None:
    waited: list[Any] = []

    def opened(*given: Any) -> int:
        waited.append(given)
        return handle

    kernel = SimpleNamespace(OpenProcess=opened, WaitForSingleObject=lambda *given: waited.append(given))
    found: list[int] = []
    comserver.watch(4711, kernel, found.append)
    assert found == stopped
    assert waited == [(0x100000, False, 4711), *([(7, 0xFFFFFFFF)] if handle else [])]


def test_the_check_of_the_readme_names_what_is_missing(excel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Here that is Windows; on Windows without xlwings it would be xlwings."""
    assert comserver.main(["--check"]) == (sys.platform != "win32")
    wanted = "All is well." if sys.platform == "win32" else "The classic add-in needs Windows."
    assert capsys.readouterr().out.startswith(wanted)


def test_the_check_names_a_module_that_cannot_be_imported(
    excel: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert comserver.main(["--check"]) == 0
    monkeypatch.setitem(sys.modules, "xlwings.com_server", None)
    assert comserver.main(["--check"]) == 1
    assert "xlwings.com_server: ModuleNotFoundError" in capsys.readouterr().out
