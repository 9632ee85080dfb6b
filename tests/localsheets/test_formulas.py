"""What formulas come to, what happens to them when the grid moves, and how long many of them take."""

import time

import pytest

from revalign_udf.localsheets import a1
from revalign_udf.localsheets.batch.tabs import new_sheet
from revalign_udf.localsheets.book import Book, Cell, Rect, Scalar
from revalign_udf.localsheets.formulas import evaluate, recalculate, rename, rewrite


def book_of(**cells: Scalar) -> Book:
    """A book with one tab S; text beginning with = is a formula."""
    book = Book("b", "B")
    sheet = new_sheet(book, {"sheetId": 0, "title": "S"})
    for name, value in cells.items():
        rect = a1.parse(book, name)
        formula = value if isinstance(value, str) and value.startswith("=") else ""
        sheet.put(rect.top, rect.left, Cell(formula=formula) if formula else Cell(value=value))
    return book


def result(formula: str, **cells: Scalar) -> Scalar:
    book = book_of(**cells)
    book.sheets[0].put(99, 0, Cell(formula=formula))
    recalculate(book)
    found = book.sheets[0].cell(99, 0)
    return found.error or found.value


TABLE: dict[str, Scalar] = {
    "A1": "name", "B1": "segment", "C1": "mrr",
    "A2": "Ada", "B2": "SMB", "C2": 100.0,
    "A3": "Bob", "B3": "ENT", "C3": 250.0,
    "A4": "Cyd", "B4": "SMB", "C4": None,
    "A5": "Dee", "B5": "smb", "C5": 50.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("=SUM(C2:C5)", 400),
        ("=SUM(C:C)", 400),
        ("=SUM(C2:C)", 400),
        ("=SUM(2:3)", 350),
        ("=AVERAGE(C2:C5)", 400 / 3),
        ("=MEDIAN(C2:C5)", 100),
        ('=MIN(C2:C5)&"/"&MAX(C2:C5)', "50/250"),
        ("=COUNT(A1:C5)", 3),
        ("=COUNTA(A1:C5)", 14),
        ("=COUNTBLANK(C2:C5)", 1),
        ('=SUMIF(B2:B5,"SMB",C2:C5)', 150),
        ('=SUMIF(C2:C5,">=100")', 350),
        ('=SUMIF(A2:A5,"?ob",C2:C5)', 250),
        ('=COUNTIF(B2:B5,"<>SMB")', 1),
        ('=SUMIFS(C2:C5,B2:B5,"SMB",C2:C5,">60")', 100),
        ('=COUNTIFS(B2:B5,"s*",C2:C5,">0")', 2),
        ('=AVERAGEIF(B2:B5,"SMB",C2:C5)', 75),
        ('=AVERAGEIF(B2:B5,"none",C2:C5)', "#DIV/0!"),
        ('=VLOOKUP("bob",A2:C5,3,FALSE)', 250),
        ('=VLOOKUP("nobody",A2:C5,3,FALSE)', "#N/A"),
        ('=IFNA(VLOOKUP("nobody",A2:C5,3,FALSE),"none")', "none"),
        ('=VLOOKUP("Ada",A2:C5,9,FALSE)', "#REF!"),
        ('=INDEX(C2:C5,MATCH("Dee",A2:A5,0))', 50),
        ("=INDEX(A2:C5,2,1)", "Bob"),
        ("=SUM(INDEX(A2:C5,0,3))", 400),
        ('=XLOOKUP("Dee",A2:A5,C2:C5)+XLOOKUP("x",A2:A5,C2:C5,1)', 51),
        ("=MATCH(2,A9:C9,1)", "#N/A"),
        ("=SUBTOTAL(9,C2:C5)", 400),
        ("=SUMPRODUCT(C2:C5,C2:C5)", 75000),
    ],
)  # fmt: skip
def test_tables(formula: str, shown: Scalar) -> None:
    assert result(formula, **TABLE) == shown


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ('=IF(1>2,1/0,"kept")', "kept"),
        ('=IF(2>1,"yes",1/0)', "yes"),
        ("=IF(FALSE,1)", False),
        ("=IFS(1>2,1,TRUE,3)", 3),
        ('=IFERROR(1/0,"none")', "none"),
        ("=IFERROR(1/0)", 0),
        ("=ISERROR(1/0)", True),
        ("=AND(TRUE,1,2>1)", True),
        ("=ROUND(1.005,2)", 1.01),  # not 1, which the float beneath it would give
        ("=ROUND(-2.5)", -3),
        ("=ROUND(1250,-2)", 1300),
        ("=ROUNDUP(1.21,1)+ROUNDDOWN(1.29,1)", 2.5),
        ("=INT(-1.5)", -2),
        ("=MOD(-1,3)", 2),
        ("=MOD(1,0)", "#DIV/0!"),
        ("=2^0.5^2", 2),  # powers go from left to right: (2^0.5)^2, up to the last bit
        ("=-2^2", 4),  # the sign belongs to the base, as in a sheet
        ("=(-8)^(1/3)", "#NUM!"),
        ('="a"&1.5&TRUE', "a1.5TRUE"),
        ('="a"="A"', True),
        ('=1<"a"', True),
        ('=""=D9', True),
        ("=D9=0", True),
        ("=DATE(2026,2,31)", 46084),
        ("=EOMONTH(DATE(2026,1,31),1)-EDATE(DATE(2026,1,31),1)", 0),
        ("=YEAR(46054)*100+MONTH(46054)", 202602),
        ('=LEFT("abc",2)&RIGHT("abc")&MID("abc",2,1)&LEN("abc")', "abcb3"),
        ("=ROW()", 100),
        ('=HYPERLINK("https://example.com","label")', "label"),
        ("=SUM(1;2;3)", 6),
        ("=SUM(1,,3)", 4),
        ('=QUERY(A1:B2,"select A")', "#NAME?"),
        ("=ABS()", "#N/A"),
        ("=ABS(1,2)", "#N/A"),
        ("=Other!A1", "#REF!"),
        ("=#REF!+1", "#REF!"),
        ("=1+", "#ERROR!"),
        ("=(1", "#ERROR!"),
        ("=A1:B2+1", "#VALUE!"),
    ],
)  # fmt: skip
def test_single_formulas(formula: str, shown: Scalar) -> None:
    found = result(formula)
    assert found == (pytest.approx(shown) if isinstance(shown, float | int) and not isinstance(shown, bool) else shown)
    assert type(found) is not bool or isinstance(shown, bool)


def test_an_error_in_a_range_is_handed_on_but_not_by_counts_and_look_ups() -> None:
    cells: dict[str, Scalar] = {"A1": 1.0, "A2": "=1/0", "A3": 3.0, "B1": "x", "B3": "z"}
    assert result("=SUM(A1:A3)", **cells) == "#DIV/0!"
    assert result("=COUNT(A1:A3)", **cells) == 2
    assert result('=INDEX(A1:A3,MATCH("z",B1:B3,0))', **cells) == 3


def test_circles_show_ref_and_a_branch_not_taken_is_no_circle() -> None:
    book = book_of(A1="=B1+1", B1="=A1+1", C1="=IF(FALSE,D1,1)", D1="=C1+1", E1="=SUM(E1:E3)")
    recalculate(book)
    sheet = book.sheets[0]
    assert [sheet.cell(0, at).error for at in (0, 1, 4)] == ["#REF!"] * 3
    assert [sheet.cell(0, at).value for at in (2, 3)] == [1, 2]


def test_a_long_chain_needs_no_deep_recursion_whatever_the_order() -> None:
    book = book_of()
    sheet = book.sheets[0]
    sheet.rows = 5001
    for row in range(5000):
        sheet.cells[row, 0] = Cell(formula=f"=A{row + 2}+1")
    recalculate(book)
    assert sheet.cell(0, 0).value == 5000


def test_a_named_range_counts() -> None:
    book = book_of(A1=1.0, A2=2.0, B1="=SUM(both)")
    book.named.append({"namedRangeId": "n", "name": "both", "range": Rect(0, 0, 0, 2, 1).grid_range()})
    recalculate(book)
    assert book.sheets[0].cell(0, 1).value == 3


def test_evaluated_elsewhere_relative_references_move_along_and_fixed_ones_stay() -> None:
    book = book_of(A1=1.0, A2=5.0, B1=2.0, B2=3.0)
    assert evaluate(book, 0, "=$A1>B$1", 0, 0) is False
    assert evaluate(book, 0, "=$A1>B$1", 1, 0, shift=(1, 0)) is True
    assert evaluate(book, 0, "=SUM(A$1:A1)", 1, 0, shift=(1, 0)) == 6


@pytest.mark.parametrize(
    ("formula", "after"),
    [
        ("=A2+A5", "=A2+A7"),
        ("=SUM(A2:A5)", "=SUM(A2:A7)"),
        ("=SUM(A$2:$A$5)", "=SUM(A$2:$A$7)"),
        ("=SUM(A:A)", "=SUM(A:A)"),
        ("=SUM(A5:A)", "=SUM(A7:A)"),
        ("=SUM($5:$6)", "=SUM($7:$8)"),
        ("=S!A5+Other!A5", "=S!A7+Other!A5"),
        ("='My tab'!A5", "='My tab'!A5"),
        ('="A5"&A5', '="A5"&A7'),
        ("=LOG10(A5)+A5_x", "=LOG10(A7)+A5_x"),
        ("=Überblick!A5+Ä5", "=Überblick!A5+Ä5"),
    ],
)
def test_references_move_with_two_rows_inserted_before_row_4(formula: str, after: str) -> None:
    def move(top: int, left: int, bottom: int, right: int) -> Rect:
        return Rect(0, top + 2 if top >= 3 else top, left, bottom + 2 if bottom > 3 else bottom, right)

    assert rewrite(formula, "S", "S", move) == after


def test_renamed_tabs_are_quoted_when_they_must_be() -> None:
    assert rename('=S!A1&"S!A1"+s!B:B', "S", "Bob's") == "='Bob''s'!A1&\"S!A1\"+'Bob''s'!B:B"


def test_many_formulas_are_not_quadratic() -> None:
    def took(rows: int) -> float:
        book = book_of()
        cells = book.sheets[0].cells
        for row in range(rows):
            cells[row, 0] = Cell(value=float(row))
            cells[row, 1] = Cell(formula=f"=A{row + 1}*2+B{row}" if row else "=A1")
            cells[row, 2] = Cell(formula=f"=VLOOKUP(A{row + 1},$A$1:$B${rows},2,FALSE)")
        start = time.process_time()
        recalculate(book)
        assert cells[rows - 1, 2].value == rows * (rows - 1)
        return time.process_time() - start

    small, large = took(500), took(4000)
    assert large < 24 * small + 0.2  # eight times as many: 8 if linear, 64 if quadratic
