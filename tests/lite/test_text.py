"""The generated file as text: what it needs, that it is the same every time, that it is our own source."""

import ast
import hashlib
import json
import linecache
import os
import re
import subprocess
import sys
import traceback
import zoneinfo
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from beside import load
from click.testing import CliRunner

from revalign_udf.cli import main as command_line
from revalign_udf.errors import InternalError
from revalign_udf.excel.lite import bundle, lite_text, zones
from revalign_udf.functions import registry

HERE = Path(__file__).parent
STAND_IN = load(HERE / "stand_in.py")
ROOT = Path(bundle.__file__).parents[3]


@pytest.fixture(scope="module")
def text() -> str:
    return lite_text()


@pytest.fixture(scope="module")
def sources(text: str) -> dict[str, str]:
    """The modules inside the file."""
    return dict(re.findall(r"^SOURCES\[\"([\w.]+)\"\] = r'''\n(.*?)'''$", text, re.MULTILINE | re.DOTALL))


@pytest.fixture
def functions(text: str) -> Any:
    yield STAND_IN.load(text)
    for name in [name for name in sys.modules if name.split(".")[0] == "revalign_lite" or name == "main"]:
        del sys.modules[name]


def _imports(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return found | {node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)}


def test_only_the_standard_library_is_imported(text: str, sources: dict[str, str]) -> None:
    assert {name for name in _imports(text) if name.split(".")[0] not in sys.stdlib_module_names} == {
        "xlwings",
        "revalign_lite.runtime",
    }
    assert len(sources) > 15
    for name, source in sources.items():
        others = {module for module in _imports(source) if module.split(".")[0] not in sys.stdlib_module_names}
        assert others <= {*sources, *(name.rpartition(".")[0] for name in sources)}, name
        assert not {"threading", "os", "socket", "pathlib"} & _imports(source), name


def test_nothing_of_the_snapshot_is_inside(sources: dict[str, str]) -> None:
    assert not [name for name in sources if re.search(r"query|session|snapshot|sla$", name)]
    assert "snapshot=True" not in "".join(sources.values())


def test_every_line_is_a_line_of_the_repository(sources: dict[str, str]) -> None:
    """One source of truth: only imports are written anew."""
    for name, source in sources.items():
        inner = name.removeprefix("revalign_lite.").replace(".", "/")
        places = (f"{inner}.py", f"{inner}/__init__.py", f"excel/lite/{inner}.py")
        [file] = [ROOT / "revalign_udf" / place for place in places if (ROOT / "revalign_udf" / place).is_file()]
        own = set(file.read_text(encoding="utf-8").splitlines())
        anew = [line for line in source.splitlines() if line not in own]
        assert not [line for line in anew if not re.match(r'\s*(from \S+ import |import |"""$)', line)], name


def test_the_same_text_every_time(text: str) -> None:
    """In another process, with another order of sets."""
    code = "import sys; from revalign_udf.excel.lite import lite_text; sys.stdout.write(lite_text())"
    run = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": "7"}, check=True, capture_output=True
    )
    assert run.stdout.decode() == text


def test_the_header_holds_the_hash_of_the_rest(text: str) -> None:
    header, _, body = text.partition("\n\n# ---")
    [told] = re.findall(r"SHA-256: ([0-9a-f]{64})", header)
    assert hashlib.sha256(f"# ---{body}".encode()).hexdigest() == told


def test_it_runs_without_xlwings_and_without_any_installed_package(text: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(text, encoding="utf-8")
    code = "import sys; sys.path.insert(0, '.'); import main; print(main.cac([[100.0]], 200, 3), 'revalign_udf' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert run.stdout == "100.0 False\n"


def test_the_real_xlwings_takes_the_decorators(text: str) -> None:
    """Outside the add-in they do nothing, but their names and options are those of the package."""
    import xlwings

    made: dict[str, Any] = {}
    exec(compile(text, "main.py", "exec"), made)
    assert made["arg"] is xlwings.arg
    assert made["func"] is xlwings.func
    assert made["ltv"](5000, 6, 8, "months") == 20000.0


def test_help_of_every_function_and_argument(functions: Any) -> None:
    for function in (function for function in registry().values() if not function.snapshot):
        body = functions[f"REVALIGN.{function.name}"]
        assert body.__doc__ == " ".join(function.summary.split())
        told = body.arguments
        # a decorator that stands lower is applied first
        assert [told[name]["doc"] for name in reversed(told)] == [argument.help for argument in function.arguments]
        assert all(options["ndim"] == 2 and options["err_to_str"] for options in told.values())
        assert body.__code__.co_argcount - len(body.__defaults__ or ()) == function.required


def test_an_omitted_argument_is_a_blank_however_it_arrives(functions: Any) -> None:
    ltv = functions["REVALIGN.LTV"]
    rest = ([[5000.0]], [[6.0]], [[8.0]], [["months"]])
    assert ltv(*rest) == ltv(*rest, None) == ltv(*rest, [[None]]) == ltv(*rest, [[""]]) == 20000.0


def test_blanks_of_a_table_are_empty_and_its_errors_are_errors(functions: Any) -> None:
    assert functions["REVALIGN.FUNNEL"]([[0.0], [5.0]])[1:] == [
        ["1", 0.0, "", "#DIV/0!"],
        ["2", 5.0, "#DIV/0!", "#DIV/0!"],
    ]


def test_an_error_shows_the_line_of_the_module_it_happened_in(functions: Any) -> None:
    with pytest.raises(Exception, match="REV-110") as caught:
        functions["REVALIGN.CAC"](1, 2, 0)
    assert type(caught.value).__name__ == "CellFailure"
    lines = "".join(traceback.format_tb(caught.tb))
    assert '"<revalign_lite.runtime>"' in lines
    assert "raise CellFailure(shown, message)" in lines
    assert any("def cac(" in line for line in linecache.getlines("<revalign_lite.calc.acquisition>"))


def test_our_own_bug_is_an_error_too(functions: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["revalign_lite.calc.acquisition"], "ratio", lambda *_, **__: 1 / 0)
    assert (
        STAND_IN.call(functions, "REVALIGN.CAC", [1, 2, 3])["message"] == "REV-901 ZeroDivisionError: division by zero"
    )


def test_utc_without_files_is_utc() -> None:
    zone = zoneinfo.ZoneInfo.from_file(BytesIO(zones._UTC), key="UTC")
    summer = datetime(2026, 7, 1, tzinfo=zone)
    assert (summer.utcoffset(), summer.dst(), summer.tzname()) == (timedelta(0), timedelta(0), "UTC")


# --- the bundler on small modules --------------------------------------------------------------------------------------


def test_what_nothing_needs_is_left_out() -> None:
    texts = bundle.bundle([("revalign_udf.calc.recurring", "annual_factor")], "own").texts
    assert list(texts) == ["own.calc.sums", "own.errors", "own.money", "own.calc.recurring"]
    recurring = texts["own.calc.recurring"]
    assert "#: how often an interval is billed in a year" in recurring  # the comment above a name goes with it
    assert "def annual_factor" in recurring
    assert "def annualise" not in recurring
    assert "from own.errors import UnknownName, UserError" in recurring
    assert "ratio" not in recurring.partition('"""')[2].partition('"""')[2].partition("def ")[0]


def test_a_name_nobody_has_is_an_error_of_ours() -> None:
    with pytest.raises(InternalError, match=r"no module revalign_udf\.nowhere"):
        bundle.bundle([("revalign_udf.nowhere", "x")], "own")


# --- the command -------------------------------------------------------------------------------------------------------


def test_the_command_writes_its_own_file_and_nobody_elses(tmp_path: Path, text: str) -> None:
    target = tmp_path / "deep" / "main.py"
    for _ in range(2):  # the second time over its own
        told = CliRunner().invoke(command_line, ["excel", "lite", "--to", str(target), "--json"])
        assert told.exit_code == 0
    assert target.read_text(encoding="utf-8") == text
    answer = json.loads(told.output)
    assert answer["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert "REVALIGN.CAC" in answer["functions"]
    target.write_text("print('mine')", encoding="utf-8")
    refused = CliRunner().invoke(command_line, ["excel", "lite", "--to", str(target)])
    assert refused.exit_code == 2
    assert target.read_text(encoding="utf-8") == "print('mine')"


def test_the_command_says_in_words_what_it_wrote(tmp_path: Path) -> None:
    target = tmp_path / "main.py"
    told = CliRunner().invoke(command_line, ["excel", "lite", "--native-errors", "--to", str(target)])
    assert "functions on ranges" in told.output
    assert "\nNATIVE_ERRORS = True\n" in target.read_text(encoding="utf-8")
