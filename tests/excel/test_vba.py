"""The generated VBA module: golden text, and the limits of VBA's editor."""

import os
import re
from pathlib import Path

from revalign_udf.excel.classic import udf_name, vba_name
from revalign_udf.excel.vba import module_text
from revalign_udf.functions import registry

GOLDEN = Path(__file__).with_name("revalign.bas")


def test_golden_text() -> None:
    """A changed module shows in review. REVALIGN_GOLDEN=1 writes it anew."""
    text = module_text()
    if os.environ.get("REVALIGN_GOLDEN"):
        GOLDEN.write_text(text, encoding="ascii")
    assert text == GOLDEN.read_text(encoding="ascii")


def test_the_limits_of_the_editor() -> None:
    """Lines of at most 1,023 characters, at most 24 continuations, ASCII: the editor knows no UTF-8."""
    text = module_text()
    assert text.isascii()
    run = 0
    for line in text.splitlines():
        assert len(line) <= 250
        run = run + 1 if line.endswith(" _") else 0
        assert run <= 24


def test_names_are_vba_identifiers() -> None:
    for function in registry().values():
        names = [vba_name(argument.name) for argument in function.expanded()]
        assert len({name.casefold() for name in names}) == len(names)
        assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,254}", name) for name in [*names, udf_name(function)])
        assert "given" not in names


def test_every_function_stands_in_it_once() -> None:
    text = module_text(add_in=False)
    for function in registry().values():
        name = udf_name(function)
        assert text.count(f"\nFunction {name}(") == 1
        assert text.count(f"{name} = CVErr(xlErrValue)") == 1
        assert text.count(f'"{name}", given, _') == 1
    assert "ActiveWorkbook" not in text
    assert "Optional" in text
    assert text.count("ThisWorkbook, Application.Caller") == len(registry())
