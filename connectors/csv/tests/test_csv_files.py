"""Reading files: shapes of text, what is refused, what changed and what is gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest

from revalign_csv import CsvConnector, register_connectors, text
from revalign_udf.canonical import TABLES
from revalign_udf.connector import (
    Complete,
    Connector,
    Context,
    Log,
    Mark,
    Message,
    Rejected,
    Rows,
    Stream,
    Whole,
)
from revalign_udf.errors import ConfigError, Fatal, Retriable

PRODUCTS = "id,name,product_line\np1,Core,Platform\np2,Insights,Add-ons\n"

T = TypeVar("T")
Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def inner(name: str, content: str | bytes) -> Path:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return inner


@pytest.fixture
def pull(tmp_path: Path) -> Callable[..., list[Message]]:
    """Read one table, or every table found; the messages in their order."""

    def inner(table: str = "", state: Mapping[str, Any] | None = None, **settings: Any) -> list[Message]:
        connector = CsvConnector()
        ctx = Context("files", {"path": "data", **settings}, project=tmp_path)
        streams = [Stream(table, (table,))] if table else connector.discover(ctx)
        return [message for stream in streams for message in connector.read(ctx, stream, state or {})]

    return inner


def rows(messages: list[Message]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for message in messages:
        if isinstance(message, Rows):
            assert {len(values) for values in message.columns.values()} == {len(message)} == {len(message.lines)}
            found += [
                dict(zip(message.columns, values, strict=True))
                for values in zip(*message.columns.values(), strict=True)
            ]
    return found


def of(kind: type[T], messages: list[Message]) -> list[T]:
    return [message for message in messages if isinstance(message, kind)]


def state_of(messages: list[Message]) -> Mapping[str, Any]:
    return json.loads(json.dumps(of(Mark, messages)[-1].state))  # type: ignore[no-any-return]


def test_is_a_connector() -> None:
    (connector,) = register_connectors()
    assert isinstance(connector, Connector)
    assert connector.spec.name == "csv"
    assert {setting.name for setting in connector.spec.settings} == {
        "path",
        "mapping",
        "preset",
        "complete_through",
    }


def test_folder_of_canonical_files(write: Write, pull: Any, tmp_path: Path) -> None:
    write("product.csv", PRODUCTS)
    write("team.csv", "id,name\nt1,Sales\n")
    write(".hidden.csv", "nothing")
    connector, ctx = CsvConnector(), Context("files", {"path": "data"}, project=tmp_path)
    streams = connector.discover(ctx)
    assert [(stream.name, stream.tables, stream.primary_key) for stream in streams] == [
        ("team", ("team",), ("id",)),
        ("product", ("product",), ("id",)),
    ]
    check = connector.check(ctx)
    assert check.ok
    assert check.message == "2 files for 2 tables: team, product."
    messages = pull("product")
    (batch,) = of(Rows, messages)
    assert (batch.table, batch.file, batch.scope, list(batch.lines)) == (
        "product",
        "product.csv",
        "product.csv",
        [2, 3],
    )
    assert rows(messages)[0] == {"id": "p1", "name": "Core", "product_line": "Platform"}
    assert of(Whole, messages) == [Whole("product", "product.csv")]
    assert isinstance(messages[-1], Mark)
    assert not of(Complete, messages)


def test_every_canonical_table_loads_by_name(write: Write, pull: Any) -> None:
    for table in TABLES.values():
        write(f"{table.name}.csv", ",".join(table.columns) + "\n" + ",".join("x" for _ in table.columns) + "\n")
    assert [batch.table for batch in of(Rows, pull())] == list(TABLES)


def test_single_file(write: Write, pull: Any) -> None:
    write("product.csv", PRODUCTS)
    assert len(rows(pull(path="data/product.csv"))) == 2


def test_other_files_are_reported_once(write: Write, pull: Any) -> None:
    write("product.csv", PRODUCTS)
    write("team.csv", "id,name\n")
    write("organisation.csv", "id,name\n")
    write("notes.txt", "hello")
    warnings = [log.text for log in of(Log, pull()) if log.level == "warning"]
    assert len(warnings) == 2
    assert "notes.txt is not loaded" in warnings[0]
    assert "Did you mean organization.csv?" in warnings[1]


def test_nothing_usable_is_an_error(write: Write, pull: Any, tmp_path: Path) -> None:
    write("organisations.csv", "id,name\n")
    with pytest.raises(Fatal, match=r"Did you mean organization\.csv") as caught:
        pull()
    assert caught.value.code == "REV-507"
    assert not CsvConnector().check(Context("files", {"path": "data"}, project=tmp_path)).ok


def test_missing_folder(pull: Any, tmp_path: Path) -> None:
    with pytest.raises(Fatal) as caught:
        pull(path="nowhere")
    assert caught.value.code == "REV-501"
    check = CsvConnector().check(Context("files", {"path": "nowhere"}, project=tmp_path))
    assert not check.ok
    assert "REV-501" in check.message
    with pytest.raises(ConfigError, match="has no path"):
        pull(path="")


def test_empty_cells_are_null_and_unknown_columns_go_to_attrs(write: Write, pull: Any) -> None:
    write("product.csv", 'id,name,product_line,colour,"size, cm"\np1,Core,,blue,\np2,Größe,x,,\np3,Q,"",,12\n')
    messages = pull()
    assert rows(messages) == [
        {"id": "p1", "name": "Core", "product_line": None, "attrs": '{"colour":"blue"}'},
        {"id": "p2", "name": "Größe", "product_line": "x", "attrs": None},
        {"id": "p3", "name": "Q", "product_line": None, "attrs": '{"size, cm":"12"}'},
    ]
    assert any("colour" in log.text for log in of(Log, messages))


def test_attrs_column_and_unknown_columns_come_together(write: Write, pull: Any) -> None:
    write("product.csv", 'id,name,attrs,colour\np1,Core,"{""a"": 1}",blue\np2,Core,{broken,blue\n')
    assert [row["attrs"] for row in rows(pull())] == ['{"a":1,"colour":"blue"}', "{broken"]


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_bom_and_line_ends(write: Write, pull: Any, prefix: bytes, newline: str) -> None:
    write("product.csv", prefix + PRODUCTS.replace("\n", newline).encode())
    messages = pull()
    assert [row["id"] for row in rows(messages)] == ["p1", "p2"]
    assert [row["product_line"] for row in rows(messages)] == ["Platform", "Add-ons"]
    assert list(of(Rows, messages)[0].lines) == [2, 3]


def test_quoted_newlines_keep_line_numbers_right(write: Write, pull: Any) -> None:
    content = (
        'id,name\r\np1,"two\r\nlines ""quoted"", done"\r\n\r\np2,"three\n\nlines"\r\np3,one,too many\r\np4,four\r\n'
    )
    write("product.csv", content)
    messages = pull()
    assert [row["name"] for row in rows(messages)] == ['two\r\nlines "quoted", done', "three\n\nlines", "four"]
    assert list(of(Rows, messages)[0].lines) == [2, 5, 9]
    (reject,) = of(Rejected, messages)
    assert (reject.file, reject.line, reject.table, reject.value) == ("product.csv", 8, "product", "p3,one,too many")
    assert reject.reason == "3 cells where the header has 2"


def test_malformed_quotes_reject_the_row_only(write: Write, pull: Any) -> None:
    write("product.csv", 'id,name\np1,"a"b\np2,fine\n')
    messages = pull()
    assert [row["id"] for row in rows(messages)] == ["p2"]
    assert [(reject.line, reject.code) for reject in of(Rejected, messages)] == [(2, "REV-503")]


def test_unclosed_quote_is_an_error_naming_its_line(write: Write, pull: Any) -> None:
    write("product.csv", 'id,name\np1,fine\np2,"open\np3,swallowed\n')
    with pytest.raises(Fatal, match=r"product\.csv: a quoted cell that starts in line 3 does not end"):
        pull()


def test_too_few_and_too_many_cells(write: Write, pull: Any) -> None:
    write("product.csv", "id,name,product_line\np1\np2,a,b\np3,a,b,c\n\n")
    messages = pull()
    assert [row["id"] for row in rows(messages)] == ["p2"]
    assert [reject.line for reject in of(Rejected, messages)] == [2, 4]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("id,name,name\n", "columns of the same name: name"),
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("id,title\np1,x\n", r"lacks what product needs: name\. Found: id, title"),
        ("ID,name\n", r'lacks what product needs: id.*Is "ID" the id\?'),
        ("id;name\np1;x\n", "delimited by ';'"),
    ],
)
def test_header_faults(write: Write, pull: Any, tmp_path: Path, content: str, wanted: str) -> None:
    write("product.csv", content)
    with pytest.raises(Fatal) as caught:
        pull()
    assert caught.value.code == "REV-502"
    caught.match(wanted)
    check = CsvConnector().check(Context("files", {"path": "data"}, project=tmp_path))
    assert not check.ok
    assert "REV-502" in check.message


def test_missing_column_is_guessed(write: Write, pull: Any) -> None:
    write("team.csv", "id,names\n")
    with pytest.raises(Fatal, match=r'Is "names" the name\?'):
        pull()


def test_one_of_several_columns_is_needed(write: Write, pull: Any) -> None:
    write("sales_order.csv", "id,ordered_at,amount\n")
    with pytest.raises(Fatal, match="needs one of: org_id, or person_id"):
        pull()
    write("expense.csv", "id,amount,function,period_start\n")
    with pytest.raises(Fatal, match="needs one of: date, or period_start and period_end"):
        pull("expense")


def test_header_only_is_fine(write: Write, pull: Any) -> None:
    write("product.csv", "id,name\n")
    messages = pull()
    assert not rows(messages)
    assert of(Whole, messages) == [Whole("product", "product.csv")]
    assert state_of(messages)["files"].keys() == {"product.csv"}


def test_columns_without_a_name(write: Write, pull: Any) -> None:
    write("product.csv", "id,name,,\np1,Core,,x\n")
    assert rows(pull())[0]["attrs"] == '{"column_4":"x"}'


def test_undecodable_bytes(write: Write, pull: Any) -> None:
    write("product.csv", b"id,name\n" + b"p0,fine\n" * 200_000 + "p1,Größe\n".encode("latin-1"))
    with pytest.raises(Fatal) as caught:
        pull()
    assert caught.value.code == "REV-503"
    caught.match(r"product\.csv is not utf-8 text: line 200002")
    caught.match("set `encoding`")
    assert rows(pull(mapping={"product.csv": {"encoding": "latin-1"}}))[-1]["name"] == "Größe"


def test_utf_16_is_recognised_in_the_hint_and_readable(write: Write, pull: Any) -> None:
    write("product.csv", PRODUCTS.encode("utf-16"))
    with pytest.raises(Fatal, match='encoding = "utf-16"'):
        pull()
    assert len(rows(pull(mapping={"product.csv": {"encoding": "utf-16"}}))) == 2
    write("product.csv", PRODUCTS.encode())
    with pytest.raises(Fatal, match="is not utf-16 text"):
        pull(mapping={"product.csv": {"encoding": "utf-16"}})


def test_a_bad_file_does_not_stop_the_others(write: Write, tmp_path: Path) -> None:
    write("a/product.csv", "id\np1\n")
    write("b/product.csv", PRODUCTS)
    write("c/product.csv", b"id,name\np9,\xff\n")
    messages: list[Message] = []
    ctx = Context("files", {"path": "data", "complete_through": "2026-01-31"}, project=tmp_path)
    with pytest.raises(Fatal, match="2 files cannot be used") as caught:
        messages.extend(CsvConnector().read(ctx, Stream("product", ("product",)), {}))
    assert caught.value.code == "REV-502"
    assert [row["id"] for row in rows(messages)] == ["p1", "p2"]
    assert state_of(messages)["files"].keys() == {"b/product.csv"}
    assert not of(Complete, messages)


def test_second_pull_sends_nothing(write: Write, pull: Any) -> None:
    write("product.csv", PRODUCTS)
    state = state_of(pull())
    assert pull(state=state) == []
    assert pull(state=state, complete_through="2026-09-30") == [Complete("2026-09-30")]


def test_changed_file_is_sent_whole(write: Write, pull: Any) -> None:
    write("product.csv", PRODUCTS)
    write("more/product.csv", "id,name\np8,Old\n")
    first = state_of(pull())
    write("product.csv", "id,name\np2,New\n")
    messages = pull(state=first)
    assert [row["id"] for row in rows(messages)] == ["p2"]
    assert of(Whole, messages) == [Whole("product", "product.csv")]
    second = state_of(messages)
    assert second["files"].keys() == first["files"].keys()
    assert second["files"]["product.csv"] != first["files"]["product.csv"]


def test_another_mapping_reads_an_unchanged_file_again(write: Write, pull: Any) -> None:
    write("product.csv", PRODUCTS)
    state = state_of(pull())
    messages = pull(state=state, mapping={"product.csv": {"constants": {"product_line": "All"}}})
    assert {row["product_line"] for row in rows(messages)} == {"All"}


def test_removed_file_empties_its_scope(write: Write, pull: Any) -> None:
    path = write("product.csv", PRODUCTS)
    write("team.csv", "id,name\nt1,Sales\n")
    state = state_of(pull("product"))
    path.unlink()
    messages = pull("product", state=state)
    assert of(Whole, messages) == [Whole("product", "product.csv")]
    assert not rows(messages)
    assert state_of(messages)["files"] == {}


def test_interrupted_after_a_file_goes_on_with_the_next(write: Write, pull: Any) -> None:
    write("a/product.csv", "id,name\np1,A\n")
    write("b/product.csv", "id,name\np2,B\n")
    messages = pull()
    at = messages.index(of(Mark, messages)[0])
    rest = pull(state=state_of(messages[: at + 1]))
    assert [row["id"] for row in rows(rest)] == ["p2"]


def test_batches_and_progress(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "BATCH", 1000)
    write("product.csv", "id,name\n" + "".join(f"p{number},n\n" for number in range(2500)))
    seen: list[int] = []
    ctx = Context("files", {"path": "data"}, project=tmp_path, progress=seen.append)
    messages = list(CsvConnector().read(ctx, Stream("product", ("product",)), {}))
    assert [len(batch) for batch in of(Rows, messages)] == seen == [1000, 1000, 500]
    assert [batch.lines[0] for batch in of(Rows, messages)] == [2, 1002, 2002]


def test_stops_when_cancelled(write: Write, tmp_path: Path) -> None:
    write("product.csv", PRODUCTS)
    ctx = Context("files", {"path": "data"}, project=tmp_path, cancelled=lambda: True)
    with pytest.raises(Retriable):
        list(CsvConnector().read(ctx, Stream("product", ("product",)), {}))


def test_file_that_grows_while_read_is_not_taken(write: Write, tmp_path: Path) -> None:
    path = write("product.csv", PRODUCTS)
    ctx = Context("files", {"path": "data"}, project=tmp_path)
    messages = iter(CsvConnector().read(ctx, Stream("product", ("product",)), {}))
    assert isinstance(next(messages), Rows)
    path.write_text(PRODUCTS + "p3,Late,\n")
    with pytest.raises(Retriable, match="written to while"):
        list(messages)


def test_map_is_the_identity() -> None:
    record = {"id": "p1", "name": "Core"}
    assert list(CsvConnector().map("product", record, {})) == [("product", record)]
