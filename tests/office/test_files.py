"""The files of the add-in: manifests by their schemas, functions.json by the registry, icons, the command."""

import json
import os
import re
import struct
import subprocess
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path
from typing import Any

import pytest
from tools import node_package, program

from revalign_udf.cli import main
from revalign_udf.excel.office import assets
from revalign_udf.excel.office.manifest import ADDIN_ID, BUTTONS, addin_version
from revalign_udf.excel.office.metadata import function_id
from revalign_udf.functions import registry

HOME = "https://localhost:8743"
GOLDEN = Path(__file__).parent / "golden"
APP = "{http://schemas.microsoft.com/office/appforoffice/1.1}"
OVER = "{http://schemas.microsoft.com/office/taskpaneappversionoverrides}"
BT = "{http://schemas.microsoft.com/office/officeappbasictypes/1.0}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"
#: the order of children that Office's schema prescribes (MS-OWEMXML), of the elements we use
ORDER = {
    f"{APP}OfficeApp": "Id Version ProviderName DefaultLocale DisplayName Description IconUrl HighResolutionIconUrl SupportUrl "
    "AppDomains Hosts Requirements DefaultSettings Permissions VersionOverrides",
    f"{OVER}VersionOverrides": "Description Requirements Hosts Resources",
    f"{OVER}Host": "Runtimes AllFormFactors DesktopFormFactor",
    f"{OVER}DesktopFormFactor": "GetStarted FunctionFile ExtensionPoint",
    f"{OVER}GetStarted": "Title Description LearnMoreUrl",
    f"{OVER}Group": "Label Icon Control",
    f"{OVER}Control": "Label Supertip Icon Action",
    f"{OVER}Supertip": "Title Description",
    f"{OVER}Resources": "Images Urls ShortStrings LongStrings",
}  # fmt: skip


@pytest.fixture(scope="module")
def manifest() -> ET.Element:
    return ET.fromstring(assets(HOME)["manifest.xml"][1])


@pytest.fixture(scope="module")
def functions() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(assets(HOME)["functions.json"][1])
    return found


@pytest.mark.parametrize("name", ["manifest.xml", "functions.json"])
def test_golden_file(name: str) -> None:
    """A change shows in review: Excel takes up to a day to notice one. REVALIGN_GOLDEN=1 writes them anew."""
    content = assets(HOME)[name][1]
    path = GOLDEN / name
    if os.environ.get("REVALIGN_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    assert content == path.read_bytes()


def test_elements_stand_in_the_order_office_wants(manifest: ET.Element) -> None:
    seen = set()
    for element in manifest.iter():
        if element.tag not in ORDER:
            continue
        seen.add(element.tag)
        order = ORDER[element.tag].split()
        places = [order.index(child.tag.rpartition("}")[2]) for child in element]
        assert places == sorted(places), element.tag
    assert seen == set(ORDER)


def test_every_resource_is_there_and_every_one_is_used(manifest: ET.Element) -> None:
    known = {item.get("id"): item.get("DefaultValue", "") for group in ("Image", "Url", "String")
             for item in manifest.iter(f"{BT}{group}") if item.get("id")}  # fmt: skip
    used = {item.get("resid") for item in manifest.iter() if item.get("resid")}
    assert used == set(known)
    assert all(len(name or "") <= 32 for name in known)
    short = [i.get("DefaultValue", "") for g in manifest.iter(f"{BT}ShortStrings") for i in g]
    long = [i.get("DefaultValue", "") for g in manifest.iter(f"{BT}LongStrings") for i in g]
    assert all(0 < len(text) <= 125 for text in short)
    assert all(0 < len(text) <= 250 for text in long)
    pages = {value for value in known.values() if value.startswith("http")}
    files = assets(HOME)
    assert all(url.startswith(f"{HOME}/addin/") and url.removeprefix(f"{HOME}/addin/") in files for url in pages)


def test_one_runtime_for_functions_pane_and_buttons(manifest: ET.Element) -> None:
    """Office starts no shared runtime when the same page goes by two names."""
    pages = [item.get("resid") for tag in ("Runtime", "FunctionFile") for item in manifest.iter(f"{OVER}{tag}")]
    pages += [item[0].get("resid") for item in manifest.iter(f"{OVER}Page")]
    pages += [item.get("resid") for action in manifest.iter(f"{OVER}Action") for item in action if item.get("resid")]
    assert set(pages) == {"Pane.Url"}
    assert [item.get("lifetime") for item in manifest.iter(f"{OVER}Runtime")] == ["long"]


def test_buttons_of_the_group(manifest: ET.Element) -> None:
    labels = {item.get("id"): item.get("DefaultValue") for item in manifest.iter(f"{BT}String")}
    shown = [labels[item[0].get("resid")] for item in manifest.iter(f"{OVER}Control")]
    assert shown == ["Insert metric", "Refresh", "Explain", "Freeze period", "Status", "Help"]
    kinds = [item.get(XSI) for item in manifest.iter(f"{OVER}Action")]
    assert kinds == ["ShowTaskpane", *["ExecuteFunction"] * 5]
    called = [item.text for item in manifest.iter(f"{OVER}FunctionName")]
    assert called == [button.id for button in BUTTONS[1:]]


def test_identity_and_version(manifest: ET.Element) -> None:
    """Both manifests are one add-in; Office compares versions as numbers, so a later package is a later add-in."""
    unified = json.loads(assets(HOME)["manifest.json"][1])
    assert manifest.findtext(f"{APP}Id") == unified["id"] == ADDIN_ID == "7d0a4b6e-1c52-4e0b-9d6a-5f1f3c8e2a47"
    assert manifest.findtext(f"{APP}Version") == addin_version() == f"{unified['version']}.{addin_version()[-1]}"
    versions = [tuple(map(int, addin_version(one).split("."))) for one in ("0.1.0", "0.2.0", "0.10.0", "1.0.0")]
    assert versions == sorted(versions)
    assert min(versions)[0] >= 1


def test_microsofts_own_tool_reads_both_manifests(addin: Path) -> None:
    cli = node_package("office-addin-manifest") / "cli.js"
    for name in ("manifest.xml", "manifest.json"):
        told = subprocess.run(
            [program("node"), str(cli), "info", str(addin / name)], capture_output=True, text=True, check=True
        ).stdout
        assert ADDIN_ID in told
        assert "Name: Revalign" in told
    assert (
        f"Source Location: {HOME}/addin/pane.html"
        in subprocess.run(
            [program("node"), str(cli), "info", str(addin / "manifest.xml")], capture_output=True, text=True, check=True
        ).stdout
    )


def test_the_unified_manifest_and_every_function_fit_microsofts_schema(addin: Path) -> None:
    modules = node_package("office-addin-manifest").parent
    script = Path(__file__).parent / "schema.mjs"
    done = subprocess.run(
        [program("node"), str(script), str(modules), str(addin)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"problems": [], "notices": True, "checked": len(registry())}


def test_functions_say_what_the_registry_says(functions: dict[str, Any]) -> None:
    assert functions["allowErrorForDataTypeAny"] is True
    assert functions["allowCustomDataForDataTypeAny"] is True
    by_name = {item["name"]: item for item in functions["functions"]}
    assert list(by_name) == list(registry())
    for name, function in registry().items():
        found = by_name[name]
        assert found["id"] == function_id(name)
        assert re.fullmatch(r"[A-Z][A-Z0-9.]*", found["id"])
        assert found["description"] == function.summary
        assert found["result"] == {
            "type": "any",
            "dimensionality": "matrix" if function.returns == "spill" else "scalar",
        }
        unlike = any(argument.kind in ("answers", "factors", "number") for argument in function.arguments)
        asks = {"requiresParameterAddresses": True} if unlike else {}
        assert found["options"] == {"cancelable": True} | asks, "never volatile; addresses only where 0 is no blank"
        shown = [(item["name"], item["description"]) for item in found["parameters"]]
        assert shown == [(argument.name, argument.help) for argument in function.arguments]
        optional = [item.get("optional", False) for item in found["parameters"]]
        assert optional == [argument.optional or argument.repeating for argument in function.arguments]
        assert optional == sorted(optional), "Excel wants optional ones last"


def test_a_range_is_taken_wherever_a_list_is_meant_and_one_cell_where_one_is(functions: dict[str, Any]) -> None:
    by_name = {item["name"]: {one["name"]: one for one in item["parameters"]} for item in functions["functions"]}
    for name, argument in (("CAC", "sales_expense"), ("NRR", "opening_mrr"), ("TABLE", "metrics"), ("MRR", "intervals"),
                           ("SLA_RATE", "holidays"), ("LTV", "acquisition_cost")):  # fmt: skip
        assert by_name[name][argument]["dimensionality"] == "matrix", (name, argument)
    for name, argument in (("METRIC", "metric"), ("METRIC", "period"), ("METRIC", "as_of"), ("LTV", "lifetime")):
        assert by_name[name][argument] == {**by_name[name][argument], "dimensionality": "scalar", "type": "any"}
    filters = by_name["METRIC"]["filters"]
    assert (filters["dimensionality"], filters["repeating"], filters["optional"]) == ("matrix", True, True)
    assert all(not one.get("repeating") for item in by_name.values() for one in list(item.values())[:-1])


def test_enumerated_words_are_offered_while_typing(functions: dict[str, Any]) -> None:
    words = {item["id"]: [one["stringValue"] for one in item["values"]] for item in functions["enums"]}
    used = {
        (item["name"], one["name"]): words[one["customEnumId"]]
        for item in functions["functions"]
        for one in item["parameters"]
        if "customEnumId" in one
    }
    assert used["LTV", "unit"] == ["years", "months"]
    assert used["ROI", "form"] == ["roi", "ratio"]
    assert {
        item["customEnumId"] for f in functions["functions"] for item in f["parameters"] if "customEnumId" in item
    } == set(words)


@pytest.mark.parametrize("size", [16, 32, 64, 80, 192])
def test_icons_are_sound_png_files_of_their_size(size: int) -> None:
    kind, content = assets(HOME)[f"icon-{size}.png"]
    assert kind == "image/png"
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (size, size)
    start = content.index(b"IDAT") + 4
    length = struct.unpack(">I", content[start - 8 : start - 4])[0]
    pixels = zlib.decompress(content[start : start + length])
    assert len(pixels) == size * (1 + 4 * size)
    middle = pixels[(size // 2) * (1 + 4 * size) + 1 :][: 4 * size]
    assert len({middle[i : i + 4] for i in range(0, 4 * size, 4)}) >= 2, "something is drawn"


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["excel", "office", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_the_command_writes_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = command(capsys, "--to", str(tmp_path / "a"), "--url", "https://numbers.example.com/", "--json")
    assert code == 0
    told = json.loads(out)
    assert told["manifest"] == str(tmp_path / "a" / "manifest.xml")
    wanted = assets("https://numbers.example.com")
    assert {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()} == {
        n: c for n, (_, c) in wanted.items()
    }
    text = (tmp_path / "a" / "manifest.xml").read_text()
    assert "https://numbers.example.com/addin/pane.html" in text
    assert "localhost" not in text


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8743",
        "localhost",
        "https://",
        "https://x.example/path",
        "https://a:b@x.example",
        "https://x:y",
    ],
)
def test_an_address_office_would_refuse_is_refused_at_once(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = command(capsys, "--to", str(tmp_path / "a"), "--url", url, "--json")
    assert code == 2
    assert json.loads(out)["status"] == "REV-102"
    assert "https://localhost:8743" in err
    assert not (tmp_path / "a").exists()
