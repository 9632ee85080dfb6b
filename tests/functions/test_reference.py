"""The reference page: written from the declarations, whole, and up to date."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from revalign_udf import functions
from revalign_udf.cli.excel.reference import reference_command
from revalign_udf.errors import CODES
from revalign_udf.functions import Example, call_cell, registry
from revalign_udf.functions.reference import (
    ADVICE,
    KINDS,
    PAGE,
    example_text,
    first_rows,
    reference_text,
    resampled,
    samples,
    signature,
)  # fmt: skip


def test_the_committed_page_is_what_would_be_written() -> None:
    page = Path(functions.__file__).with_name(PAGE).read_text(encoding="utf-8")
    assert page == reference_text(), "write it: revalign excel reference"


def test_it_names_everything() -> None:
    text = reference_text()
    for name, function in registry().items():
        assert f"### REVALIGN.{name}\n\n`{signature(function)}`" in text
        assert all(argument.help.split("|")[0] in text for argument in function.arguments)
    assert {argument.kind for function in registry().values() for argument in function.arguments} <= set(KINDS)
    assert text.count("\n### ") == len(registry())


def test_every_function_has_an_example_that_works() -> None:
    for name, function in registry().items():
        examples = samples().get(name, ()) if function.snapshot else function.examples
        assert examples, name
        if name not in ("DRIFT", "STATUS"):  # nothing is closed in the sample company; when it was pulled differs
            assert any(not str(example.cell).startswith("#") for example in examples), name
    assert set(samples()) == {name for name, function in registry().items() if function.snapshot}


def test_every_code_a_cell_can_show_has_its_advice() -> None:
    assert {code for code in CODES if code[4] in "124"} <= set(ADVICE) <= set(CODES)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (("CAC", [1, 2, 0]), "REV-110"), (("CAC", [1, 2]), "REV-102"), (("CAC", ["a", 2, 3]), "REV-112"),
        (("LTV", [5000, 6, 8]), "REV-111"), (("NPS", [[11]]), "REV-114"), (("METRIC", ["nnr", "2026-09"]), "REV-101"),
        (("METRIC", ["nrr", "2025-12"]), "REV-204"), (("DRIFT", ["2026-10"]), "REV-204"),
    ],
)  # fmt: skip
def test_the_cell_of_a_code_is_the_one_shown(door: Any, call: tuple[str, list[Any]], code: str) -> None:
    found = call_cell(*call)
    assert (found["message"][:7], found["error"]) == (code, ADVICE[code][0])


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        ([1, "a", True], '=REVALIGN.X(1, "a", TRUE)'),
        ([None, 2.5, None, None], "=REVALIGN.X(, 2.5)"),
        ([[1, None, "b"]], '=REVALIGN.X({1;"";"b"})'),
        ([[[1, 2], [3, 4]]], "=REVALIGN.X({1,2;3,4})"),
        (['say "yes"', "#N/A"], '=REVALIGN.X("say ""yes""", #N/A)'),
        ([], "=REVALIGN.X()"),
    ],
)
def test_calls_as_they_are_typed(arguments: list[Any], typed: str) -> None:
    assert example_text("X", arguments) == typed


def test_long_spills_and_texts_are_cut() -> None:
    assert len(first_rows({"cell": [[number] for number in range(100)]})) == 8
    assert first_rows({"error": "#N/A", "message": "no"}) == "#N/A"
    wide = Example(("nrr",), [["x" * 100, *range(20)]])
    from revalign_udf.functions.reference import _example

    row = _example("DEFINE", wide)[-2]
    assert row.count("|") == 9
    assert "x" * 57 + "..." in row
    assert "x" * 58 not in row


def test_the_command(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    run = CliRunner().invoke
    assert run(reference_command, ["--check", "--to", str(page)]).exit_code == 1
    assert run(reference_command, ["--to", str(page)]).exit_code == 0
    assert page.read_text(encoding="utf-8") == reference_text()
    assert run(reference_command, ["--check", "--to", str(page)]).exit_code == 0
    page.write_text(page.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    found = run(reference_command, ["--check", "--to", str(page)])
    assert (found.exit_code, "not up to date" in found.output.replace("\n", " ")) == (1, True)


def test_examples_are_brought_up_to_date(door: Any) -> None:
    """By whatever project is read: here the stand-in, whose numbers are not those of the sample company."""
    fresh = resampled()
    assert '"cell": "nrr v3' in fresh
