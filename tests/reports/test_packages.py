"""The checks of a package find what they are for: a good file is broken in one way at a time."""

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import xlsxwriter
from packages import problems

Parts = dict[str, bytes]

BOOK, DATA, TYPES = "xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"
STRINGS, STYLES, METADATA = "xl/sharedStrings.xml", "xl/styles.xml", "xl/metadata.xml"
CHART, DRAWING, COMMENTS = "xl/charts/chart1.xml", "xl/drawings/drawing1.xml", "xl/comments1.xml"
TABLE, VML = "xl/tables/table1.xml", "xl/drawings/vmlDrawing1.vml"


@pytest.fixture(scope="module")
def good() -> Parts:
    """A workbook of everything that the checks look at."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        sheet, other = book.add_worksheet("Data"), book.add_worksheet("What's next")
        bold, money = (
            book.add_format({"bold": True, "font_color": "#0B3C5D"}),
            book.add_format({"num_format": '"€"#,##0.00'}),
        )
        sheet.write_row(0, 0, ["Month", "MRR", "Lost"], bold)
        for row, values in enumerate((("2026-08", 100.5, 2), ("2026-09", 90, 1), ("2026-10", 80.25, 0)), 1):
            sheet.write_row(row, 0, values, money)
        sheet.write_formula("D2", '=_xldudf_REVALIGN_METRIC("mrr",$A2)', money, 7)
        sheet.write_formula("D3", '=_xlfn.IFNA(_xldudf_REVALIGN_METRIC("nrr",$A3),"")', None, "none")
        sheet.write_formula("D4", "=C4/B4", None, "#DIV/0!")
        sheet.write_formula("D5", "=SUM(total,'What''s next'!$A$1)", None, 12)
        sheet.write("E1", True)
        sheet.write_dynamic_array_formula("F2:G3", '=_xldudf_REVALIGN_LIST("metrics")', None, "mrr")
        sheet.write_row("F3", ["nrr", 3])
        sheet.write_dynamic_array_formula("F5:F6", "=SORT(C2:C3)", None, 1)
        sheet.write_url("A8", "https://example.com/a", string="there")
        sheet.write_url("A9", "internal:'What''s next'!A1", string="here")
        sheet.write_comment("B1", "Monthly recurring revenue")
        sheet.write_comment("C1", "Customers lost")
        sheet.conditional_format("B2:B4", {"type": "2_color_scale"})
        sheet.conditional_format("C2:C4", {"type": "data_bar", "data_bar_2010": True})
        sheet.conditional_format(
            "D2:D4", {"type": "cell", "criteria": "between", "minimum": 1, "maximum": 2, "format": bold}
        )
        sheet.conditional_format("D2:D5", {"type": "errors", "format": money})
        sheet.data_validation("H1", {"validate": "list", "source": ["small", "large"], "input_title": "Which?"})
        sheet.data_validation("H2", {"validate": "list", "source": "=choices"})
        sheet.freeze_panes(1, 1)
        sheet.repeat_rows(0)
        sheet.print_area("A1:H9")
        sheet.set_margins()
        sheet.set_footer("&LData && more&R&P")
        sheet.ignore_errors({"number_stored_as_text": "A2:A4"})
        sheet.set_column("A:B", 12, bold)
        sheet.set_h_pagebreaks([4])
        chart = book.add_chart({"type": "column"})
        chart.add_series({"name": "=Data!$B$1", "categories": "=Data!$A$2:$A$4", "values": "=Data!$B$2:$B$4"})
        chart.add_series({"name": "=Data!$C$1", "categories": "=Data!$A$2:$A$4", "values": "=Data!$C$2:$C$4"})
        sheet.insert_chart("J2", chart, {"description": "MRR"})
        other.merge_range("C1:D1", "heading", bold)
        other.write("A1", 5)
        other.add_table("A3:B5", {"name": "Plan", "columns": [{"header": "Name"}, {"header": "Cost"}]})
        other.write_formula("D3", "=SUM(Plan[Cost])", None, 0)
        book.define_name("total", "=Data!$B$2:$B$4")
        book.define_name("choices", "=OFFSET(Data!$F$2,0,0,2,1)")
        book.set_custom_property("snapshot", "2026-10-31", "text")
    with zipfile.ZipFile(made) as package:
        return {name: package.read(name) for name in package.namelist()}


def packed(parts: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return made.getvalue()


def test_a_good_file_has_no_problems(good: Parts) -> None:
    assert problems(packed(good)) == []


def test_what_is_no_archive() -> None:
    assert problems(b"month,mrr\n") == ["package: is no readable archive: File is not a zip file"]


def test_two_parts_of_one_name(good: Parts) -> None:
    content = io.BytesIO(packed(good))
    with zipfile.ZipFile(content, "a") as package:
        package.writestr("XL/workbook.xml", good[BOOK])
    assert "package: two parts are named xl/workbook.xml" in problems(content.getvalue())


Edit = Callable[[Parts], None]


def edit(part: str, old: str, new: str) -> Edit:
    """The first place in a part where an expression fits, written anew."""

    def change(parts: Parts) -> None:
        text, times = re.subn(old, new, parts[part].decode(), count=1)
        assert times == 1, f"{old} is not in {part}"
        parts[part] = text.encode()

    return change


def drop(part: str) -> Edit:
    def change(parts: Parts) -> None:
        del parts[part]

    return change


def add(part: str, content: str = "<a/>") -> Edit:
    def change(parts: Parts) -> None:
        parts[part] = content.encode()

    return change


def formula(text: str) -> Edit:
    """Puts a formula where C4/B4 stood."""
    return edit(DATA, "<f>C4/B4</f>", f"<f>{text}</f>")


BROKEN: dict[str, tuple[Edit, str]] = {
    # the package
    "no types": (drop(TYPES), "has no [Content_Types].xml"),
    "a part without a type": (edit(TYPES, '<Override PartName="/xl/worksheets/sheet1.xml"[^>]*/>', ""),
        "is a worksheet and has"),
    "an unknown ending": (add("xl/media/a.bin"), "no content type for xl/media/a.bin"),
    "a type without a part": (edit(TYPES, "</Types>", '<Override PartName="/xl/a.xml" ContentType="a"/></Types>'),
        "/xl/a.xml, which is not there"),
    "two types": (edit(TYPES, "(<Override [^>]*styles.xml[^>]*/>)", r"\1\1"), "speaks of /xl/styles.xml twice"),
    "an orphan": (add("xl/a.xml"), "xl/a.xml: nothing leads to it"),
    "a name out of the package": (add("../a.xml"), "the name of a part is not legal"),
    "a relation to nothing": (drop(COMMENTS), "xl/comments1.xml, which is not there"),
    "a relation of nothing": (add("xl/_rels/a.xml.rels"), "belongs to xl/a.xml, which is not there"),
    "two relations of one id": (edit("xl/_rels/workbook.xml.rels", 'Id="rId2"', 'Id="rId1"'), "two relations are named rId1"),
    "an address that is none": (edit("xl/worksheets/_rels/sheet1.xml.rels", "example.com/a", "example.com/ a"),
        "not legal: 'https://example.com/ a'"),
    "no XML": (edit(DATA, "</sheetData>", ""), "is no well-formed XML"),
    "a document type": (edit(DATA, "<worksheet", "<!DOCTYPE worksheet><worksheet"), "declares a document type"),
    "a sign XML forbids": (edit(STRINGS, "Month", "Mon\x0bth"), "is no well-formed XML"),
    "titles that are not counted": (
        edit("docProps/app.xml", r'<vt:vector size="\d+" baseType="lpstr">', '<vt:vector size="9" baseType="lpstr">'),
        "a list says it has 9 items"),
    "a moment that is none": (edit("docProps/core.xml", r">20[^<]*Z</dcterms:created>", ">yesterday</dcterms:created>"),
        "created is no moment"),
    "properties not numbered": (edit("docProps/custom.xml", 'pid="2"', 'pid="1"'), "not numbered from 2 on"),
    # the workbook
    "the book out of order": (edit(BOOK, "(<sheets>.*</sheets>)(<definedNames>.*</definedNames>)", r"\2\1"),
        "sheets stands out of order"),
    "two sheets of one id": (edit(BOOK, 'sheetId="2"', 'sheetId="1"'), "two sheets have the id 1"),
    "two sheets of one part": (edit(BOOK, 'sheetId="2" r:id="rId2"', 'sheetId="2" r:id="rId1"'), "two sheets lead to"),
    "a sheet of no part": (edit(BOOK, 'sheetId="2" r:id="rId2"', 'sheetId="2" r:id="rId99"'),
        "leads to a part that is not there"),
    "two sheets of one name": (edit(BOOK, 'name="What\'s next"', 'name="DATA"'), "two sheets are named data"),
    "a long name": (edit(BOOK, 'name="Data"', f'name="{"x" * 32}"'), "is no legal name of a sheet"),
    "a name with a colon": (edit(BOOK, 'name="Data"', 'name="Da:ta"'), "'Da:ta' is no legal name of a sheet"),
    "no sheet to see": (edit(BOOK, 'name="(Data|What\'s next)" ', r'name="\1" state="hidden" '), "which cannot be shown"),
    # names
    "a name that is a cell": (edit(BOOK, 'name="total"', 'name="FY26"'), "'FY26' is no legal name"),
    "a name that is a quarter": (edit(BOOK, 'name="total"', 'name="Q3"'), "'Q3' is no legal name"),
    "a name like R1C1": (edit(BOOK, 'name="total"', 'name="r"'), "'r' is no legal name"),
    "a name with a blank": (edit(BOOK, 'name="total"', 'name="the total"'), "'the total' is no legal name"),
    "a name twice": (edit(BOOK, 'name="total"', 'name="Choices"'), "the name choices is defined twice"),
    "a name of no sheet": (edit(BOOK, r"Data!\$B\$2:\$B\$4", "Date!$B$2:$B$4"), "there is no sheet Date"),
    "a name that lost its cell": (edit(BOOK, r"Data!\$B\$2:\$B\$4", "Data!#REF!"), "points at #REF!"),
    "a name out of the sheet": (edit(BOOK, r"Data!\$B\$2:\$B\$4", "Data!$B$2:$B$2000000"), "neither a cell nor a name"),
    "a sheet without quotes": (edit(BOOK, "OFFSET\\(Data!", "OFFSET(What's next!"), "cannot be read"),
    "titles of a part of rows": (edit(BOOK, r"Data!\$1:\$1", "Data!$A$1:$B$1"), "names no whole rows or columns"),
    "titles of another sheet": (edit(BOOK, r"Data!\$1:\$1", "'What''s next'!$1:$1"), "points at another sheet than its own"),
    "a scope of no sheet": (edit(BOOK, 'localSheetId="0"', 'localSheetId="7"'), "belongs to sheet 7, which is not there"),
    "a name of Excel's own": (edit(BOOK, "_xlnm.Print_Area", "_xlnm.Printed"), "'_xlnm.Printed' is no legal name"),
    # texts
    "texts not counted": (edit(STRINGS, r'count="\d+"', 'count="1"'), "says count 1, cells use"),
    "texts miscounted": (edit(STRINGS, r'uniqueCount="\d+"', 'uniqueCount="1"'), "says uniqueCount 1, there are"),
    "a text out of range": (edit(DATA, 't="s"><v>0<', 't="s"><v>999<'), "shows text 999"),
    "an empty text": (edit(STRINGS, "<si><t>Month</t></si>", "<si></si>"), "text 0 holds nothing"),
    "blanks that are lost": (edit(STRINGS, "<t>Month", "<t> Month"), "loses the blanks at its ends"),
    "a text that is too long": (edit(STRINGS, "Month", "x" * 32768), "more than 32,767 characters"),
    "an inline text without one": (edit(DATA, r'<c r="B2"([^>]*)>', r'<c r="B2"\1 t="inlineStr">'),
        "B2 is an inline text without one"),
    # styles
    "styles out of order": (edit(STYLES, "(<fonts.*</fonts>)(<fills.*</fills>)", r"\2\1"), "fonts stands out of order"),
    "formats miscounted": (edit(STYLES, r'<cellXfs count="\d+"', '<cellXfs count="99"'), "cellXfs says count 99"),
    "a font that is not there": (edit(STYLES, 'fontId="1"', 'fontId="99"'), "xf has fontId 99"),
    "a fill that is not there": (edit(STYLES, 'fillId="0"', 'fillId="99"'), "xf has fillId 99"),
    "a border that is not there": (edit(STYLES, 'borderId="0"', 'borderId="99"'), "xf has borderId 99"),
    "a number format that is not there": (edit(STYLES, 'numFmtId="164" fontId', 'numFmtId="190" fontId'),
        "numFmtId 190, which is nowhere declared"),
    "a number format that is none": (edit(STYLES, 'formatCode="[^"]*"', 'formatCode="0&quot;x"'), "is no number format"),
    "a colour that is none": (edit(STYLES, r'rgb="\w+"', 'rgb="blue"'), "blue is no colour"),
    "fills of its own": (edit(STYLES, "gray125", "solid"), "the first two fills"),
    "a dxf out of order": (edit(STYLES, "<dxf>(<font>.*?</font>)", r"<dxf><fill/>\1"), "dxf 0: font stands out of order"),
    "a style that is not there": (edit(DATA, r'<c r="B2" s="\d+"', '<c r="B2" s="99"'), "B2 has style 99"),
    "a style of a column": (edit(DATA, r'(<col [^>]*)style="\d+"', r'\1style="99"'), "have style 99"),
    # metadata
    "metadata that is not there": (edit(DATA, 'cm="1"', 'cm="9"'), "points at cell metadata 9"),
    "metadata of no type": (edit(METADATA, '<rc t="1"', '<rc t="2"'), "points at type 2"),
    "metadata miscounted": (edit(METADATA, '<cellMetadata count="1"', '<cellMetadata count="2"'),
        "cellMetadata says count 2"),
    # the sheet
    "a sheet out of order": (edit(DATA, "(<dataValidations .*</dataValidations>)(<hyperlinks>.*</hyperlinks>)", r"\2\1"),
        "dataValidations stands out of order"),
    "an element of no schema": (edit(DATA, "</worksheet>", "<shiny/></worksheet>"), "shiny stands out of order"),
    "rows out of order": (edit(DATA, '<row r="3"', '<row r="1"'), "row 1 stands after row 2"),
    "cells out of order": (edit(DATA, '<c r="B2"', '<c r="A2"'), "cell A2 stands out of order in row 2"),
    "a cell of another row": (edit(DATA, '<c r="B2"', '<c r="B3"'), "cell B3 stands out of order in row 2"),
    "a cell out of the sheet": (edit(DATA, '<c r="H1"|<c r="E1"', '<c r="XFE1"'), "cell XFE1 stands out of order"),
    "a small dimension": (edit(DATA, '<dimension ref="[^"]*"', '<dimension ref="A1:B2"'),
        "the dimension A1:B2 does not cover"),
    "columns that overlap": (edit(DATA, '(<col min="1" max="2"[^>]*/>)', r"\1\1"), "columns 1 to 2 overlap"),
    "a row that is too high": (edit(DATA, '<row r="2"', '<row r="2" ht="500"'), "row 2 is 500 high"),
    "a split that does not fit": (edit(DATA, 'topLeftCell="B2"', 'topLeftCell="A1"'), "the frozen part does not fit"),
    "merged cells that overlap": (
        edit("xl/worksheets/sheet2.xml", '<mergeCells count="1">', '<mergeCells count="2"><mergeCell ref="D1:E1"/>'),
        "the merged cells C1:D1 meet D1:E1"),
    "one merged cell": (edit("xl/worksheets/sheet2.xml", 'ref="C1:D1"', 'ref="C1"'), "C1 cannot be merged"),
    "merged cells miscounted": (edit("xl/worksheets/sheet2.xml", '<mergeCells count="1">', '<mergeCells count="3">'),
        "mergeCells says count 3"),
    "half the margins": (edit(DATA, '(<pageMargins[^>]*) header="[^"]*"', r"\1"), "margins of the page are incomplete"),
    "a footer cut in a code": (edit(DATA, "&amp;R&amp;P", "&amp;R&amp;"), "ends within a code"),
    # values
    "not a number": (edit(DATA, "<v>100.5</v>", "<v>nan</v>"), "B2 holds 'nan', which is no number"),
    "not finite": (edit(DATA, "<v>100.5</v>", "<v>1e999</v>"), "B2 holds '1e999', which is no number"),
    "neither true nor false": (edit(DATA, 't="b"><v>1', 't="b"><v>TRUE'), "E1 is neither true nor false"),
    "an error of another program": (edit(DATA, "#DIV/0!", "#SPILL!"), "D4 holds '#SPILL!', which is no error"),
    "a type that is none": (edit(DATA, 't="b"', 't="bool"'), "E1 has the type bool"),
    "a text of a formula without one": (edit(DATA, 't="b"><v>1', 't="str"><v>1'),
        "E1 has a value of the type str and no formula"),
    "a formula without a value": (edit(DATA, "<f>C4/B4</f><v>#DIV/0!</v>", "<f>C4/B4</f>"), "D4 has a formula and no value"),
    "a shared text of a formula": (edit(DATA, '(<c r="D4"[^>]*)t="e"><f>C4/B4</f><v>#DIV/0!', r'\1t="s"><f>C4/B4</f><v>0'),
        "a value of the type s"),
    "an empty text that says it is a number": (edit(DATA, 't="str"(><f>_xlfn.IFNA.*?<v>)none<', r"\1<"),
        "D3 holds '', which is no number"),
    "an error that says it is a text": (edit(DATA, "<v>none<", "<v>#N/A<"), "D3 holds the error #N/A as a text"),
    "a value before its formula": (edit(DATA, "(<f>C4/B4</f>)(<v>#DIV/0!</v>)", r"\2\1"), "D4: f stands out of order"),
    # formulas
    "a formula with =": (formula("=C4/B4"), "begins with = in the file"),
    "an empty formula": (formula(" "), "is empty"),
    "an open parenthesis": (formula("SUM(C4"), "leaves a parenthesis open"),
    "a parenthesis too many": (formula("SUM(C4))"), "D4: SUM(C4))"),
    "a formula cut off": (formula("C4+"), "ends with +"),
    "a function nobody knows": (formula("TOTAL(C4)"), "there is no function TOTAL"),
    "a function of ours as typed": (formula('REVALIGN.METRIC("mrr")'), "is how people type it"),
    "a function we do not have": (formula('_xldudf_REVALIGN_METRICS("mrr")'),
        "there is no function _xldudf_REVALIGN_METRICS"),
    "a newer function without its mark": (formula("IFNA(C4,0)"), "IFNA is stored as _xlfn.IFNA"),
    "a newest function without its mark": (formula("SUM(FILTER(C2:C4,C2:C4))"), "FILTER is stored as _xlfn._xlws.FILTER"),
    "a mark on what is not newer": (formula("_xlfn.TOTAL(C4)"), "there is no function _xlfn.TOTAL"),
    "a sheet that is not there": (formula("Date!A1"), "there is no sheet Date"),
    "a name that is not there": (formula("totals+1"), "points at totals, which is neither a cell nor a name"),
    "a table that is not there": (formula("SUM(Plans[Cost])"), "there is no such table"),
    "a cell out of all sheets": (formula("XFE1+1"), "points at XFE1"),
    "a lost cell": (formula("#REF!+1"), "points at #REF!"),
    "a long text in a formula": (formula(f'"{"x" * 256}"'), "a text of more than 255 characters"),
    "a long formula": (formula("+".join(["C4"] * 3000)), "characters"),
    "a deep formula": (formula("(" * 65 + "C4" + ")" * 65), "nested more than 64 deep"),
    # arrays
    "an array that begins elsewhere": (edit(DATA, 't="array" ref="F2:G3"', 't="array" ref="E2:G3"'),
        "F2 is the head of an array over E2:G3"),
    "two arrays in one cell": (edit(DATA, 't="array" ref="F2:G3"', 't="array" ref="F2:G5"'),
        "two arrays share cells: F2:G5 and F5:F6"),
    "a formula in a spill": (edit(DATA, '<c r="G3"([^>]*)>', r'<c r="G3"\1><f>1+2</f>'), "a formula stands in F2:G3"),
    "a spill that is no array": (edit(DATA, '<f t="array" ref="F2:G3">', "<f>"), "F2 is marked as a dynamic array"),
    # conditional formats
    "two rules of one priority": (edit(DATA, 'priority="2"', 'priority="1"'), "two conditional formats have priority 1"),
    "a rule without a priority": (edit(DATA, ' priority="2"', ""), "has no priority"),
    "a rule on no place": (edit(DATA, 'sqref="B2:B4"><cfRule', 'sqref="B2:"><cfRule'), "'B2:', which is no place"),
    "a rule of no kind": (edit(DATA, 'type="containsErrors"', 'type="errors"'), "of no kind Excel knows"),
    "a look that is not there": (edit(DATA, r'dxfId="\d"', 'dxfId="9"'), "looks like dxf 9"),
    "a bound missing": (edit(DATA, "<formula>2</formula>", ""), "has 1 formulas, it takes 2"),
    "a comparison of no kind": (edit(DATA, 'operator="between"', 'operator="amid"'), "compares by 'amid'"),
    "a scale of one colour": (edit(DATA, r"<colorScale>(.*?)<color [^>]*/>", r"<colorScale>\1"),
        "has 2 bounds and 1 colours"),
    "a scale of one bound": (edit(DATA, r"<colorScale><cfvo [^>]*/>", "<colorScale>"), "has 1 bounds and 2 colours"),
    "a bound of no kind": (edit(DATA, '<colorScale><cfvo type="min"', '<colorScale><cfvo type="least"'),
        "a bound of the type 'least'"),
    "half a bar": (edit(DATA, r"<x14:id>[^<]*", "<x14:id>{0}"), "a newer half that is not there"),
    # drop-downs
    "drop-downs miscounted": (edit(DATA, '<dataValidations count="2"', '<dataValidations count="3"'),
        "dataValidations says count 3"),
    "a long list": (edit(DATA, "small,large", "small," + "x" * 260), "lists more than 255 characters"),
    "a list of nothing": (edit(DATA, "<formula1>choices</formula1>", ""), "the validation of H2 has no formula"),
    "a list of an unknown name": (edit(DATA, "<formula1>choices<", "<formula1>selection<"), "points at selection"),
    "two drop-downs in a cell": (edit(DATA, '(<dataValidation [^>]*)sqref="H2"', r'\1sqref="H1:H2"'), "meets another one"),
    "a drop-down nowhere": (edit(DATA, '(<dataValidation [^>]*)sqref="H2"', r'\1sqref=""'), "stands on no place"),
    "a drop-down of no kind": (edit(DATA, 'type="list"', 'type="choice"'), "of the kind choice"),
    "a long message": (edit(DATA, 'promptTitle="Which[?]"', f'promptTitle="{"x" * 33}"'), "promptTitle has more than 32"),
    # links
    "a link to no sheet": (edit(DATA, "location=\"'What''s next'!A1\"", 'location="Next!A1"'), "leads to Next!A1"),
    "a link without an address": (edit(DATA, '<hyperlink ref="A8" r:id="rId1"', '<hyperlink ref="A8" r:id="rId99"'),
        "the link on A8 has no address"),
    "an address without a link": (edit(DATA, '<hyperlink ref="A8"[^>]*/>', ""), "the address rId1 belongs to no link"),
    "a link that leads nowhere": (edit(DATA, '<hyperlink ref="A9"[^>]*/>', '<hyperlink ref="A9"/>'),
        "the link on A9 leads nowhere"),
    "two links on a cell": (edit(DATA, '<hyperlink ref="A9"', '<hyperlink ref="A8"'), "two links stand on A8"),
    "too many links": (edit(DATA, '(<hyperlink ref="A9"[^>]*/>)', r"\1" * 65_530), "has 65531 links"),
    "errors ignored nowhere": (edit(DATA, 'ignoredError sqref="A2:A4"', 'ignoredError sqref="A2:"'), "ignores errors in A2:"),
    # tables
    "a table that is not listed": (edit("xl/worksheets/sheet2.xml", "<tableParts.*</tableParts>", ""),
        "lists 0 tables and has 1"),
    "a table too wide": (edit(TABLE, 'ref="A3:B5"', 'ref="A3:C5"'), "the table Plan has 2 columns on A3:C5"),
    "a table with the name of a cell": (edit(TABLE, 'displayName="Plan"', 'displayName="FY26"'),
        "'FY26' is no legal name of a table"),
    "a head that says something else": (edit(TABLE, 'name="Cost"', 'name="Costs"'), "the heads of the table Plan are not"),
    "two columns of one name": (edit(TABLE, 'name="Cost"', 'name="name"'), "two columns of the table Plan have one name"),
    # comments
    "comments without a drawing": (edit(DATA, "<legacyDrawing[^>]*/>", ""), "has 1 parts of comments and no drawing"),
    "a comment that is not drawn": (edit(VML, "<x:Row>0</x:Row>", "<x:Row>5</x:Row>"),
        "the comments drawn are not the comments written"),
    "two comments on a cell": (edit(COMMENTS, 'ref="C1"', 'ref="B1"'), "two comments stand on B1"),
    "a comment of nobody": (edit(COMMENTS, 'authorId="0"', 'authorId="4"'), "has an author that is not there"),
    # charts
    "a drawing that is not there": (edit(DATA, '<drawing r:id="[^"]*"/>', ""), "has a drawing without its part"),
    "a chart that is not there": (edit(DRAWING, 'r:id="rId1"', 'r:id="rId9"'), "shows the chart rId9, which is not there"),
    "a chart out of the sheet": (edit(DRAWING, r"<xdr:col>\d+</xdr:col>", "<xdr:col>16384</xdr:col>"),
        "column 16385, which is no cell"),
    "a chart that ends before it begins": (edit(DRAWING, r"<xdr:to><xdr:col>\d+", "<xdr:to><xdr:col>1"),
        "ends before it begins"),
    "a chart of no sheet": (edit(CHART, r"Data!\$B\$2:\$B\$4", "Date!$B$2:$B$4"), "there is no sheet Date"),
    "values that are not counted": (edit(CHART, '<c:ptCount val="3"/>', '<c:ptCount val="2"/>'), "remembers 2 points of"),
    "other values": (edit(CHART, "<c:v>100.5</c:v>", "<c:v>100</c:v>"),
        "remembers another value of point 0 of Data!$B$2:$B$4"),
    "more names than values": (edit(CHART, r"Data!\$A\$2:\$A\$4", "Data!$A$2:$A$5"), "of Data!$A$2:$A$5, there are 4"),
    "no series": (edit(CHART, "<c:ser>.*</c:ser>", ""), "has no series"),
    "two series of one number": (edit(CHART, '<c:idx val="1"/>', '<c:idx val="0"/>'), "two series have the idx 0"),
    "an axis that is not there": (edit(CHART, r'<c:crossAx val="\d+"/>', '<c:crossAx val="1"/>'), "its axes are not those"),
    "a chart out of order": (edit(CHART, "(<c:cat>.*?</c:cat>)(<c:val>.*?</c:val>)", r"\2\1"),
        "cat stands out of order in ser"),
}  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_named(good: Parts, how: str) -> None:
    change, said = BROKEN[how]
    parts = dict(good)
    change(parts)
    found = problems(packed(parts))
    assert any(said in text for text in found), found


def test_a_file_on_disk_reads_as_its_bytes(good: Parts, tmp_path: Path) -> None:
    path = tmp_path / "good.xlsx"
    path.write_bytes(packed(good))
    assert problems(path) == []
