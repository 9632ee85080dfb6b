"""Mappings: other people's columns, marks and dates; files without ids; the shape of the CDNOW log."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from revalign_csv import CsvConnector
from revalign_udf.connector import Complete, Context, Log, Message, Rejected, Rows
from revalign_udf.errors import ConfigError, Fatal, RevalignError

CDNOW: Mapping[str, Any] = {
    "table": "sales_order",
    "delimiter": "whitespace",
    "header": True,
    "encoding": "utf-8",
    "decimal": ".",
    "thousands": "",
    "date_format": "%Y%m%d",
    "columns": {
        "person_id": "customer_id",
        "ordered_at": "date",
        "quantity": "number_of_cds",
        "amount": "dollar_value",
    },
    "constants": {"currency": "USD"},
}


def pull(path: Path, mapping: Mapping[str, Any] | None = None, **settings: Any) -> list[Message]:
    connector = CsvConnector()
    given = {"path": str(path), **({"mapping": mapping} if mapping is not None else {}), **settings}
    ctx = Context("shop", given, project=path.parent)
    return [message for stream in connector.discover(ctx) for message in connector.read(ctx, stream, {})]


def rows(messages: list[Message]) -> list[dict[str, Any]]:
    return [
        dict(zip(message.columns, values, strict=True))
        for message in messages
        if isinstance(message, Rows)
        for values in zip(*message.columns.values(), strict=True)
    ]


def write(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode(encoding))
    return path


def cdnow_like(count: int = 200) -> str:
    """A log of the same shape: leading blank, runs of blanks, CRLF, exact duplicates."""
    dice = random.Random(3)
    lines = [" customer_id  date number_of_cds  dollar_value"]
    for number in range(count):
        if number % 20 == 19:
            lines.append(lines[-1])
            continue
        day = f"1997{dice.randint(1, 12):02d}{dice.randint(1, 28):02d}"
        lines.append(f" {dice.randint(1, 60):05d} {day} {dice.randint(1, 9):2d} {dice.randint(100, 9999) / 100:7.2f}")
    return "\r\n".join(lines) + "\r\n"


def test_cdnow_shape(tmp_path: Path) -> None:
    path = write(tmp_path / "log.txt", cdnow_like())
    messages = pull(path, CDNOW, complete_through="1998-06-30")
    found = rows(messages)
    assert len(found) == 200
    assert len({row["id"] for row in found}) == 200
    assert sum(row["id"].endswith("-2") for row in found) == 10
    assert found[0].keys() == {"id", "person_id", "ordered_at", "quantity", "amount", "currency"}
    assert all(row["currency"] == "USD" and len(row["ordered_at"]) == 8 for row in found)
    (batch,) = [message for message in messages if isinstance(message, Rows)]
    assert (batch.date_format, batch.table, batch.lines[0]) == ("%Y%m%d", "sales_order", 2)
    assert messages[-1] == Complete("1998-06-30")


def test_cdnow_log_itself() -> None:
    # the package lifetimes ships the log (Fader & Hardie); only the file is read
    path = Path(str(distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_master.txt")))
    found = rows(pull(path, CDNOW))
    assert len(found) == 69_659
    assert len({row["id"] for row in found}) == 69_659
    assert sum(not row["id"].endswith("-1") for row in found) == 255
    assert len({row["person_id"] for row in found}) == 23_570
    assert {key: found[0][key] for key in ("person_id", "ordered_at", "quantity", "amount")} == {
        "person_id": "00001",
        "ordered_at": "19970101",
        "quantity": "1",
        "amount": "11.77",
    }


def test_made_ids_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    head, *body = cdnow_like().rstrip("\r\n").split("\r\n")
    first = rows(pull(write(tmp_path / "log.txt", "\r\n".join([head, *body])), CDNOW))
    random.Random(5).shuffle(body)
    second = rows(pull(write(tmp_path / "log.txt", "\r\n".join([head, *body, body[0]])), CDNOW))
    assert len(second) == len(first) + 1
    assert {tuple(row.items()) for row in first} < {tuple(row.items()) for row in second}


def test_made_ids_differ_between_files(tmp_path: Path) -> None:
    line = "org_id,ordered_at,amount\no1,2026-01-01,10\n"
    write(tmp_path / "data" / "orders-1.csv", line)
    write(tmp_path / "data" / "orders-2.csv", line)
    messages = pull(tmp_path / "data", {"orders-*.csv": {"table": "sales_order"}})
    assert len({row["id"] for row in rows(messages)}) == 2
    assert sum(isinstance(m, Log) and "gets one from its content" in m.text for m in messages) == 2


def test_columns_left_over_and_constants(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "No,Customer,Day,amount,Total,Note\n7,c1,2026-01-02,5,6,hi\n")
    mapping = {
        "table": "sales_order",
        "columns": {"id": "No", "org_id": "Customer", "ordered_at": "Day", "amount": "Total", "updated_at": "Day"},
        "constants": {"kind": "new", "deleted": False, "quantity": 2},
    }
    assert rows(pull(path, mapping)) == [
        {
            "id": "7",
            "org_id": "c1",
            "ordered_at": "2026-01-02",
            "updated_at": "2026-01-02",
            "amount": "6",
            "kind": "new",
            "deleted": "false",
            "quantity": "2",
            "attrs": '{"amount":"5","Note":"hi"}',
        }
    ]


def test_files_by_name_and_by_pattern(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write(data / "orders.csv", "a;b;c\n1;2026-01-01;5\n")
    write(data / "2025" / "export-1.txt", "x\ty\nP1\tCore\n")
    write(data / "product.csv", "id,name\np2,Plain\n")
    mapping = {
        "orders.csv": {
            "table": "sales_order",
            "delimiter": ";",
            "columns": {"org_id": "a", "ordered_at": "b", "amount": "c"},
        },
        "export-*.txt": {"table": "product", "delimiter": "tab", "columns": {"id": "x", "name": "y"}},
        "never.csv": {"table": "team"},
    }
    messages = pull(data, mapping)
    assert {(m.table, m.file) for m in messages if isinstance(m, Rows)} == {
        ("product", "2025/export-1.txt"),
        ("product", "product.csv"),
        ("sales_order", "orders.csv"),
    }
    assert [m.text for m in messages if isinstance(m, Log) and m.level == "warning"] == [
        "The mapping of never.csv matches no file."
    ]


@pytest.mark.parametrize(
    ("decimal", "thousands", "texts", "wanted"),
    [
        (",", ".", ["1.234,56", "-0,5", "1234", "1.234.567"], ["1234.56", "-0.5", "1234", "1234567"]),
        (",", ".", [",5", ""], [".5", None]),
        (".", ",", ["1,234.56", "12"], ["1234.56", "12"]),
        (",", "", ["1234,56"], ["1234.56"]),
        (",", " ", ["1 234,5", "1\u00a0234,5", "1\u202f234,5"], ["1234.5"] * 3),
        (".", "'", ["1'234.5"], ["1234.5"]),
    ],
)  # fmt: skip
def test_decimal_and_thousands_marks(
    tmp_path: Path, decimal: str, thousands: str, texts: list[str], wanted: list[str | None]
) -> None:
    body = "".join(f'o{n}|c 1,5.0|2026-01-01|"{text}"\n' for n, text in enumerate(texts))
    path = write(tmp_path / "sales_order.csv", "id|org_id|ordered_at|amount\n" + body)
    mapping = {"delimiter": "|", "decimal": decimal, "thousands": thousands}
    found = rows(pull(path, mapping))
    assert [row["amount"] for row in found] == wanted
    assert {row["org_id"] for row in found} == {"c 1,5.0"}  # texts are left alone


@pytest.mark.parametrize(
    ("decimal", "thousands", "text"),
    [
        (",", "", "1.5"),
        (",", ".", "1.5"),
        (",", ".", "1.23,4"),
        (".", ",", "1,5"),
        (",", "", "12 EUR"),
        (",", ".", ","),
    ],
)
def test_marks_that_do_not_fit_are_rejected(tmp_path: Path, decimal: str, thousands: str, text: str) -> None:
    content = f"id;org_id;ordered_at;amount\no1;c1;2026-01-01;{text}\no2;c1;2026-01-01;7\n"
    path = write(tmp_path / "sales_order.csv", content)
    messages = pull(path, {"delimiter": ";", "decimal": decimal, "thousands": thousands})
    assert [row["id"] for row in rows(messages)] == ["o2"]
    assert [m.lines for m in messages if isinstance(m, Rows)] == [[3]]
    (reject,) = [m for m in messages if isinstance(m, Rejected)]
    assert (reject.line, reject.column, reject.value, reject.code) == (2, "amount", text, "REV-503")


def test_header_list(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "p1,Core\np2,More\n")
    messages = pull(path, {"table": "product", "header": ["id", "name"]})
    assert [row["id"] for row in rows(messages)] == ["p1", "p2"]
    assert [list(m.lines) for m in messages if isinstance(m, Rows)] == [[1, 2]]
    empty = write(tmp_path / "y.csv", "")
    assert rows(pull(empty, {"table": "product", "header": ["id", "name"]})) == []


def test_constant_dates_follow_the_format_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "expense.csv", "id,amount,function\ne1,5,sales\n")
    mapping = {"date_format": "%d.%m.%Y", "constants": {"date": "2026-02-01", "updated_at": "2026-02-01T10:00:00"}}
    assert rows(pull(path, mapping))[0]["date"] == "01.02.2026"
    assert rows(pull(path, mapping))[0]["updated_at"] == "01.02.2026"


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16", "utf-8"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = write(
        tmp_path / "product.csv", "id,name\np1,Größe €\n".replace("€", "" if encoding == "latin-1" else "€"), encoding
    )
    assert rows(pull(path, {"encoding": encoding}))[0]["name"].startswith("Größe")


@pytest.mark.parametrize(
    ("mapping", "code", "wanted"),
    [
        ({"tabel": "product"}, "REV-302", 'unknown key "tabel". Did you mean table?'),
        ({"x.csv": {"delimeter": ";"}}, "REV-302", "Did you mean delimiter?"),
        ({"table": "organisation"}, "REV-302", "Did you mean organization?"),
        ({"table": "product", "columns": {"nam": "x"}}, "REV-302", "Did you mean name?"),
        ({"table": "product", "constants": {"nam": "x"}}, "REV-302", "Did you mean name?"),
        ({"table": "product", "columns": {"name": "x"}, "constants": {"name": "x"}}, "REV-302", "both in columns"),
        ({"delimiter": ";"}, "REV-302", "does not say which table x.csv fills"),
        ({"table": "product", "delimiter": ";;"}, "REV-305", "one sign"),
        ({"table": "product", "delimiter": 5}, "REV-305", "is text"),
        ({"table": "product", "header": False}, "REV-305", "list the names"),
        ({"table": "product", "header": ["a", "a"]}, "REV-305", "list the names"),
        ({"table": "product", "encoding": "utf8000"}, "REV-305", "unknown encoding"),
        ({"table": "product", "decimal": ",", "thousands": ","}, "REV-305", "two different signs"),
        ({"table": "product", "columns": ["a"]}, "REV-305", "is a table"),
        ({"table": "product", "columns": {"name": 1}}, "REV-305", "names a column"),
        ("product", "REV-305", "is a table"),
    ],
)  # fmt: skip
def test_mappings_that_cannot_be_meant(tmp_path: Path, mapping: Any, code: str, wanted: str) -> None:
    path = write(tmp_path / "x.csv", "id,name\n")
    with pytest.raises(ConfigError) as caught:
        pull(path, mapping)
    assert caught.value.code == code
    assert wanted in str(caught.value)


def test_a_mapped_column_must_be_there(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "id,Titel\n")
    with pytest.raises(Fatal, match=r'no column "Title", which its mapping names. Did you mean Titel\?'):
        pull(path, {"table": "product", "columns": {"name": "Title"}})


def test_complete_through_is_a_date(tmp_path: Path) -> None:
    path = write(tmp_path / "product.csv", "id,name\n")
    with pytest.raises(RevalignError, match="complete_through"):
        pull(path, complete_through="soon")


def test_whitespace_rows_of_the_wrong_width(tmp_path: Path) -> None:
    path = write(tmp_path / "log.txt", cdnow_like(20) + "\r\n 00001 19970101\r\n")
    messages = pull(path, CDNOW)
    assert [(m.line, m.reason) for m in messages if isinstance(m, Rejected)] == [(23, "2 cells where the header has 4")]
    assert max(Counter(row["id"] for row in rows(messages)).values()) == 1
