"""The generated VBA modules: golden texts, and the limits of VBA's editor."""

import os
import re
from pathlib import Path

import pytest

from revalign_udf.excel.classic import udf_name, vba_name
from revalign_udf.excel.vba import Settings, help_text, module_text, modules, settings_text
from revalign_udf.functions import Argument, Function, registry

GOLDEN = {
    Path(__file__).with_name("revalign.bas"): module_text,
    Path(__file__).with_name("revalign_help.bas"): help_text,
}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_golden_text(path: Path) -> None:
    """A changed module shows in review. REVALIGN_GOLDEN=1 writes it anew."""
    text = GOLDEN[path]()
    if os.environ.get("REVALIGN_GOLDEN"):
        path.write_text(text, encoding="ascii")
    assert text == path.read_text(encoding="ascii")


@pytest.mark.parametrize("name", modules(Settings()))
def test_the_limits_of_the_editor(name: str) -> None:
    """Lines of at most 1,023 characters, at most 24 continuations, ASCII (the editor knows no Unicode), no more than
    the 64 kB of code that a module may compile to."""
    text = modules(Settings())[name]
    assert text.isascii()
    assert len(text) < 64_000
    run = 0
    for line in text.splitlines():
        assert len(line) <= 600
        run = run + 1 if line.endswith(" _") else 0
        assert run <= 24


def test_names_are_vba_identifiers() -> None:
    for function in registry().values():
        names = [vba_name(argument.name) for argument in function.expanded()]
        assert len({name.casefold() for name in names}) == len(names)
        assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,254}", name) for name in [*names, udf_name(function)])
        assert len(names) <= 60, "VBA takes no more arguments"


def test_every_function_stands_in_it_once() -> None:
    text = module_text()
    for function in registry().values():
        name = udf_name(function)
        assert text.count(f"\nPublic Function {name}(") == 1
        assert text.count(f'{name} = RevalignCall("{name}", Array(') == 1
    assert text.count("Public ") == len(registry())


def test_texts_that_would_break_the_code() -> None:
    """A line break, quotes, and signs the editor does not know, in a summary and in a help text."""
    function = Function(
        "ODD",
        'Says "so" – in\ntwo lines, 3 × é.',
        (Argument("x", "number", "≥ 1 …"),),
        "value",
        (),
        "0.1",
        False,
        print,
    )
    text = module_text({"ODD": function}) + help_text({"ODD": function})
    assert text.count('"Says ""so"" - in two lines, 3 x e."') == 2
    assert 'texts(0) = ">= 1 ..."' in text
    assert text.isascii()


def test_only_functions_of_cells_are_seen_by_cells() -> None:
    """Every other public function is in a private module, so that nobody finds it while typing a formula."""
    for name, text in modules(Settings()).items():
        if name != "Revalign" and "Public Function " in text:
            assert "Option Private Module\n" in text


def test_settings_as_constants() -> None:
    text = settings_text(Settings(r"C:\a b\pythonw.exe", r"\\server\acme", "1.2"))
    assert r'REVALIGN_PYTHON As String = "C:\a b\pythonw.exe"' in text
    assert r'REVALIGN_PROJECT As String = "\\server\acme"' in text
    assert 'REVALIGN_VERSION As String = "1.2"' in text
