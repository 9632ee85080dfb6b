"""Our functions respelled for another route, wherever a formula may stand."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rawbook import part_of, parts_of, rawbook

from revalign_udf.errors import UserError
from revalign_udf.workbook.convert import convert
from revalign_udf.workbook.package import Package
from revalign_udf.workbook.spelling import SPELLINGS, Spelling, calls, exchanged, respelled

NAMES = {"office": "_xldudf_REVALIGN_", "classic": "REVALIGN_", "typed": "REVALIGN."}


def everywhere(route: Spelling) -> bytes:
    """A workbook with a call in every place a formula may stand, spelled for a route."""
    call = f"{NAMES[route]}METRIC"
    content = rawbook(
        {"S": {"A1": f'={call}("mrr",B1)&"REVALIGN.METRIC("&\'REVALIGN.METRIC(\'!A1\t5', "A2": "REVALIGN.METRIC(1)",
               "A3": f'<c><f>{call}(&quot;a&#34;,1)&amp;{call}(&#x22;ö&quot;)&lt;&gt;"x"</f><v>1</v></c>',
               "A4": f'<c><f><![CDATA[{call}("a<b",1)]]></f></c>',
               "A5": f'<c><f t="shared" ref="A5:A6" si="0">{call}(1)</f></c>',
               "A6": '<c><f t="shared" si="0"/></c>', "A7": "=REVALIGN.NOSUCH(1)", "A8": "=REVALIGN_ASOF+revalign.metric_x"},
         "REVALIGN.METRIC(": {"A1": 1}},
        names={"now": f'{call}("mrr","LAST_MONTH")', "REVALIGN_ASOF": "46000", "text": '"REVALIGN.METRIC("'},
        parts={
            "xl/charts/chart1.xml": f"<c:c xmlns:c='x'><c:f>{call}(1)</c:f><c:v>REVALIGN_METRIC(1)</c:v></c:c>".encode(),
            "xl/tables/table1.xml": f"<table><calculatedColumnFormula>{call}(T[a])</calculatedColumnFormula></table>".encode(),
            "xl/comments1.xml": b"<comments><t>REVALIGN.METRIC(1)</t></comments>",
            "docProps/custom.xml": (
                f'<p xmlns:vt="v"><property name="revalign_route"><vt:lpwstr>{route}</vt:lpwstr></property></p>'.encode()
            ),
        },
    )  # fmt: skip
    rules = (
        f"<conditionalFormatting><cfRule><formula>{call}(A1)&gt;5</formula></cfRule></conditionalFormatting>"
        f"<dataValidations><dataValidation><formula1>{call}(1)</formula1><formula2>{call}(2)</formula2></dataValidation>"
        f"</dataValidations><extLst><x14:cfRule xmlns:x14='a' xmlns:xm='b'><xm:f>{call}(3)</xm:f></x14:cfRule></extLst>"
    )
    sheet = part_of(content).replace("</sheetData>", f"</sheetData>{rules}")
    return Package(content).with_parts({"xl/worksheets/sheet1.xml": sheet.encode()})


@pytest.mark.parametrize("start", SPELLINGS)
@pytest.mark.parametrize("to", SPELLINGS)
def test_every_place_and_back_again(tmp_path: Path, start: Spelling, to: Spelling) -> None:
    path = tmp_path / "book.xlsx"
    content = everywhere(start)
    path.write_bytes(content)
    report = convert(path, to)
    assert parts_of(path.read_bytes()) == parts_of(everywhere(to))
    assert report.calls == (0 if start == to else 12)
    assert path.read_bytes() == content or start != to
    assert convert(path, to).calls == 0
    convert(path, start)
    assert path.read_bytes() == content


def test_one_spelling_only_and_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(rawbook({"S": {
        "A1": "=REVALIGN.CAC(1,2,3)+REVALIGN_CAC(1,2,3)", "A2": "=REVALIGN.CAC(", "A3": "=revalign.cac(1,2,3)",
        "A4": "=[1]!REVALIGN_CAC(1,2,3)", "A5": "=REVALIGN_OWN_MACRO(1)",
    }}))  # fmt: skip
    report = convert(path, "office", only=["typed"])
    sheet = part_of(path.read_bytes())
    assert "<f>_xldudf_REVALIGN_CAC(1,2,3)+REVALIGN_CAC(1,2,3)</f>" in sheet
    assert "<f>_xldudf_revalign_cac(1,2,3)</f>" in sheet
    assert "<f>[1]!REVALIGN_CAC(1,2,3)</f>" in sheet
    assert report.calls == 2
    assert report.left == ["=REVALIGN.CAC(", "=REVALIGN_OWN_MACRO(1)"]
    convert(path, "office")
    assert "[1]!" not in part_of(path.read_bytes())
    assert part_of(path.read_bytes()).count("_xldudf_REVALIGN_CAC") == 3


def test_an_unknown_route(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(rawbook({"S": {"A1": 1}}))
    with pytest.raises(UserError, match="office, classic, typed"):
        convert(path, "lite")  # type: ignore[arg-type]


# --- the pieces of a formula -----------------------------------------------------------------------------------------

NOISE = st.one_of(
    st.sampled_from(["A1", "$B$2:C3", "1.5", "TRUE", "#N/A", "name", "T[col]", "T[[#This Row],[REVALIGN.METRIC(]]", "{1,2;3,4}"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8).map(lambda text: '"' + text.replace('"', '""') + '"'),
    st.sampled_from(['"REVALIGN.METRIC("', "'REVALIGN_METRIC('!A1", "SUM(1)", "'it''s REVALIGN.CAC('!B2"]),
    st.just('"say ""REVALIGN.CAC("""'),
)  # fmt: skip
CALLED = st.sampled_from(["METRIC", "CAC", "LTV_TO_CAC", "metric"])


@st.composite
def formulas(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """The pieces of a formula and the bare names called in it: a call is ``None`` until it is spelled."""
    pieces: list[str] = []
    names: list[str] = []
    for place in range(draw(st.integers(1, 5))):
        if place:
            pieces.append(draw(st.sampled_from(["+", "&", "=", "<>", " * "])))
        if draw(st.booleans()):
            names.append(draw(CALLED))
            arguments = ",".join(draw(st.lists(NOISE, max_size=3)))
            pieces += ["\0", f"{names[-1]}({arguments})"]
        else:
            pieces.append(draw(NOISE))
    return pieces, names


def spelled(pieces: list[str], route: Spelling) -> str:
    return "".join(NAMES[route] if piece == "\0" else piece for piece in pieces)


@given(formulas(), st.sampled_from(SPELLINGS), st.sampled_from(SPELLINGS))
def test_only_names_of_functions_change(made: tuple[list[str], list[str]], start: Spelling, to: Spelling) -> None:
    pieces, names = made
    formula = spelled(pieces, start)
    assert [call.bare for call in calls(formula)] == [name.upper() for name in names]
    assert exchanged(formula, respelled(formula, to)) == spelled(pieces, to)
