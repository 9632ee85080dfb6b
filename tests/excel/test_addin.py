"""The add-in as a file: read back by oletools, openpyxl and zipfile; its texts, its check, its command."""

import io
import json
import re
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from click.testing import CliRunner

from revalign_udf.cli import main
from revalign_udf.errors import SurfaceError, UserError
from revalign_udf.excel.addin import compare, write
from revalign_udf.excel.addin.package import RIBBON_PART, RIBBON_TYPE, xlam
from revalign_udf.excel.addin.writing import settings_for
from revalign_udf.excel.classic import udf_name
from revalign_udf.excel.vba import Settings, modules, ribbon
from revalign_udf.functions import registry

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # oletools still calls pyparsing by its old names
    from oletools.olevba import VBA_Parser, VBA_Scanner

UI = "{http://schemas.microsoft.com/office/2009/07/customui}"
#: what the README announces to whoever scans the file
ANNOUNCED = {"Workbook_Open", "Shell", "vbHide", "Lib", "Environ"}
#: words of comments and help texts that scanners list too
WORDS = {
    "Open",
    "Windows",
    "Run",
    "Call",
    "Command",
    "Write",
    "Output",
    "Put",
    "Binary",
    "Hex Strings",
    "Base64 Strings",
}


@pytest.fixture(scope="module")
def package(folder: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(folder / "revalign.xlam") as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture(scope="module")
def parsed(folder: Path) -> Any:
    parser = VBA_Parser(str(folder / "revalign.xlam"))
    yield parser
    parser.close()


def code(text: str) -> str:
    """A module without the attributes of its head, line ends made equal."""
    lines = text.replace("\r\n", "\n").splitlines()
    return "\n".join(line for line in lines if not line.startswith("Attribute VB_")).strip()


def test_the_modules_read_back_are_the_modules_written(parsed: Any) -> None:
    found = {Path(name).stem: text for _, _, name, text in parsed.extract_macros()}
    written = modules(settings_for(project=r"C:\Revalign\acme"))
    assert set(found) == {*written, "Sheet1"}
    assert {name: code(found[name]) for name in written} == {name: code(text) for name, text in written.items()}
    assert code(found["Sheet1"]) == ""


def test_the_texts_beside_it_are_the_same_modules(folder: Path) -> None:
    for name, text in modules(settings_for(project=r"C:\Revalign\acme")).items():
        path = folder / "modules" / f"{name}.{'cls' if name == 'ThisWorkbook' else 'bas'}"
        assert path.read_bytes() == text.replace("\n", "\r\n").encode("ascii"), (
            "the editor imports bare line feeds as one line"
        )


def test_a_scanner_finds_what_the_readme_announces(parsed: Any, folder: Path) -> None:
    found = {(kind, keyword) for kind, keyword, _ in parsed.analyze_macros()}
    assert {keyword for kind, keyword in found if kind == "AutoExec"} == {"Workbook_Open"}
    assert {keyword for kind, keyword in found if kind == "Suspicious"} - {
        word.casefold() for word in WORDS
    } - WORDS <= ANNOUNCED
    assert {keyword for kind, keyword in found if kind == "IOC"} == {"pythonw.exe", "python.exe"}
    readme = (folder / "README.txt").read_text(encoding="ascii")
    assert all(re.search(rf"\b{word}\b", readme) for word in ANNOUNCED)


def test_only_the_loader_touches_windows(folder: Path) -> None:
    for name, text in modules(Settings()).items():
        scanned = {keyword for _, keyword, _ in VBA_Scanner(text).scan()} & (ANNOUNCED - {"Workbook_Open"})
        assert scanned == (ANNOUNCED - {"Workbook_Open"} if name == "RevalignPython" else set())
        assert ("Workbook_Open" in text) is (name == "ThisWorkbook")


def test_nothing_else_is_opened_written_or_fetched() -> None:
    text = "\n".join(modules(Settings()).values())
    for word in ("CreateObject", "GetObject", "XMLHTTP", "SaveAs", "Kill ", "URLDownload", "WScript", "For Output"):
        assert word not in text


def test_the_ribbon_is_found_and_every_button_has_its_procedure(package: dict[str, bytes]) -> None:
    related = ET.fromstring(package["_rels/.rels"])
    targets = {one.get("Type"): one.get("Target") for one in related}
    assert targets[RIBBON_TYPE] == RIBBON_PART
    assert len({one.get("Id") for one in related}) == len(related)
    assert all(target in package for target in targets.values())
    tab = ET.fromstring(package[RIBBON_PART])
    assert tab.tag == f"{UI}customUI"
    buttons = list(tab.iter(f"{UI}button"))
    labels = ["Insert metric", "Refresh", "Explain", "Freeze period", "Status", "Help"]
    assert [button.get("label") for button in buttons] == labels
    assert len({element.get("id") for element in tab.iter() if element.get("id")}) == len(buttons) + 3
    text = modules(Settings())["RevalignRibbon"]
    for button in buttons:
        assert f"\nPublic Sub {button.get('onAction')}(ByVal control As IRibbonControl)\n" in text
        assert button.get("imageMso")


def test_every_part_has_a_type_and_every_relationship_a_part(package: dict[str, bytes]) -> None:
    types = ET.fromstring(package["[Content_Types].xml"])
    endings = {one.get("Extension") for one in types if one.get("Extension")}
    parts = {str(one.get("PartName")).lstrip("/") for one in types if one.get("PartName")}
    assert parts <= set(package)
    assert all(name in parts or name.rpartition(".")[2] in endings for name in package if name != "[Content_Types].xml")
    inner = ET.fromstring(package["xl/_rels/workbook.xml.rels"])
    assert all(f"xl/{one.get('Target')}" in package for one in inner)
    addin = "application/vnd.ms-excel.addin.macroEnabled.main+xml"
    assert {one.get("ContentType") for one in types if one.get("PartName") == "/xl/workbook.xml"} == {addin}


def test_excels_list_of_add_ins_shows_our_name_and_nobody_elses(package: dict[str, bytes]) -> None:
    core = package["docProps/core.xml"].decode()
    assert f"<dc:title>Revalign {Settings().version}</dc:title>" in core
    creators = ET.fromstring(core).iter("{http://purl.org/dc/elements/1.1/}creator")
    assert [one.text for one in creators] == ["Revalign"]


def test_another_reader_opens_it_with_its_code(package: dict[str, bytes]) -> None:
    """openpyxl reads workbooks and no add-ins, so the type of the main part is changed for it."""
    as_book = io.BytesIO()
    with zipfile.ZipFile(as_book, "w") as made:
        for name, content in package.items():
            made.writestr(name, content.replace(b"ms-excel.addin.macroEnabled", b"ms-excel.sheet.macroEnabled"))
    book = openpyxl.load_workbook(as_book, keep_vba=True)
    assert book.sheetnames == ["Sheet1"]
    assert book.vba_archive is not None
    assert "xl/vbaProject.bin" in book.vba_archive.namelist()
    book.vba_archive.close()
    book.close()


def test_the_same_add_in_is_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write(tmp_path, settings_for(project=r"C:\Revalign\acme"))
    assert (tmp_path / "revalign.xlam").read_bytes() == (folder / "revalign.xlam").read_bytes()


def test_the_readme_names_every_function_and_what_was_told(folder: Path) -> None:
    text = (folder / "README.txt").read_bytes()
    assert b"\r\n" in text
    assert b"\n" not in text.replace(b"\r\n", b"")
    for function in registry().values():
        assert f"  {udf_name(function)}(".encode() in text
    assert rb"Project:  C:\Revalign\acme" in text
    assert b'"python.exe" -P -m revalign_udf.excel.comserver --check' in text, "pythonw.exe would say nothing"
    assert b"$" not in text


def test_a_fitting_file_fits_whatever_python_it_names(folder: Path, tmp_path: Path) -> None:
    assert compare(folder / "revalign.xlam") == []
    write(tmp_path, settings_for(r"D:\py\pythonw.exe"))
    assert compare(tmp_path / "revalign.xlam") == []


def test_what_differs_after_an_upgrade(tmp_path: Path) -> None:
    old = dict(registry())
    kept = old.pop("CAC")
    changed = modules(Settings(version="0.0.9"), old)
    changed["Revalign"] = changed["Revalign"].replace("REVALIGN_AOV(revenue, orders)", "REVALIGN_AOV(revenue)")
    changed["Revalign"] += "\nPublic Function REVALIGN_GONE(x)\nEnd Function\n"
    changed["RevalignCells"] += "' changed\n"
    path = tmp_path / "old.xlam"
    path.write_bytes(xlam(changed, ribbon(), title="old", about=""))
    found = {(one.what, one.name, one.how) for one in compare(path)}
    assert found == {
        ("function", udf_name(kept), "missing"), ("function", "REVALIGN_AOV", "changed"),
        ("function", "REVALIGN_GONE", "surplus"), ("version", "0.0.9", "changed"), ("module", "RevalignCells", "changed"),
        ("module", "RevalignHelp", "changed"),
    }  # fmt: skip


def test_a_signature_of_the_functions_alone_is_seen(tmp_path: Path) -> None:
    """A comment added to the module of the functions changes no function, and is told all the same."""
    changed = modules(Settings())
    changed["Revalign"] += "' a line by hand\n"
    path = tmp_path / "touched.xlam"
    path.write_bytes(xlam(changed, ribbon(), title="t", about=""))
    assert [(one.what, one.name) for one in compare(path)] == [("module", "Revalign")]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("C:\\acme\\", "C:\\acme"), ("C:\\", "C:\\."), ("\\\\server\\acme", "\\\\server\\acme"), ("", "")],
)
def test_a_project_folder_in_a_command_line(given: str, kept: str) -> None:
    """A last backslash would hide the quote after it."""
    assert settings_for(project=given).project == kept


@pytest.mark.parametrize("path", ['C:\\a" & calc', "C:\\a\nb", "C:\\Bücher"])
def test_paths_that_cannot_stand_in_a_command_line(path: str) -> None:
    for told in ((path, ""), ("", path)):
        with pytest.raises(UserError):
            settings_for(*told)


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="ascii")
    with pytest.raises(SurfaceError, match="Cannot write") as caught:
        write(tmp_path / "taken", Settings())
    assert caught.value.code == "REV-704"


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["excel", "addin", *arguments])


def test_the_command_writes_and_checks(tmp_path: Path) -> None:
    done = run("--to", str(tmp_path), "--python", r"%LOCALAPPDATA%\py\pythonw.exe", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["functions"] == len(registry())
    assert told["python"] == r"%LOCALAPPDATA%\py\pythonw.exe"
    assert told["problem"] is None
    assert all(Path(path).exists() for path in told["files"])
    assert run("--check", str(tmp_path / "revalign.xlam")).exit_code == 0
    checked = json.loads(run("--check", str(tmp_path / "revalign.xlam"), "--json").stdout)
    assert (checked["fits"], checked["differences"]) == (True, [])


def test_checking_what_is_no_add_in(tmp_path: Path) -> None:
    path = tmp_path / "some.xlam"
    path.write_bytes(b"no zip")
    for found in (run("--check", str(path)), run("--check", str(tmp_path / "none.xlam"))):
        assert found.exit_code == 1
        assert "REV-704" in found.stderr


def test_without_the_extra_the_texts_are_written_and_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyopenvba", None)
    done = run("--to", str(tmp_path))
    assert done.exit_code == 1
    assert "REV-704" in done.stderr
    assert 'pip install "revalign-udf[addin]"' in done.stderr.replace("\n", " ")
    assert not (tmp_path / "revalign.xlam").exists()
    assert (tmp_path / "modules" / "Revalign.bas").exists()
    assert (tmp_path / "README.txt").exists()
    told = run("--to", str(tmp_path), "--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout)["problem"].startswith("REV-704 ")
