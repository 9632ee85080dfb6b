"""Other people's rows: archives, which rows count, columns of other files, amounts and times as other systems write them."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from revalign_csv import CsvConnector
from revalign_udf.connector import Context, Log, Mark, Merges, Message, Rejected, Rows, Tombstones, Whole
from revalign_udf.errors import ConfigError, Fatal


class Folder:
    """A folder of files, read as often as wanted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.states: dict[str, Mapping[str, Any]] = {}

    def write(self, name: str, *lines: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def read(self, mapping: Mapping[str, Any] | None = None, **settings: Any) -> list[Message]:
        ctx = Context("shop", {"path": ".", "mapping": mapping, **settings}, currency="EUR", project=self.path)
        found: list[Message] = []
        for stream in CsvConnector().discover(ctx):
            for message in CsvConnector().read(ctx, stream, self.states.get(stream.name, {})):
                found.append(message)
                if isinstance(message, Mark):
                    self.states[stream.name] = json.loads(json.dumps(message.state))
        return found


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def rows(messages: list[Message], table: str = "") -> list[dict[str, Any]]:
    return [
        dict(zip(message.columns, values, strict=True))
        for message in messages
        if isinstance(message, Rows) and table in ("", message.table)
        for values in zip(*message.columns.values(), strict=True)
    ]


def rejected(messages: list[Message]) -> list[tuple[int, str, str]]:
    return [(m.line, m.column, m.reason) for m in messages if isinstance(m, Rejected)]


def logged(messages: list[Message]) -> str:
    return "\n".join(message.text for message in messages if isinstance(message, Log))


ORDER = "id,org_id,ordered_at,amount"


# --- archives ---------------------------------------------------------------------------------------------------------


def test_gzip_and_zip_are_read_and_a_member_that_is_gone_takes_its_rows(folder: Folder) -> None:
    (folder.path / "product.csv.gz").write_bytes(gzip.compress(b"id,name\np1,Core\n"))
    with zipfile.ZipFile(folder.path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2026/team.csv", "id,name\nt1,Sales\n")
        archive.writestr("2026/owner.csv.gz", gzip.compress(b"id,name\no1,Ann\n"))
        archive.writestr("__MACOSX/team.csv", "junk")
    found = folder.read()
    assert {(m.table, m.file) for m in found if isinstance(m, Rows)} == {
        ("product", "product.csv.gz"), ("team", "export.zip/2026/team.csv"), ("owner", "export.zip/2026/owner.csv.gz"),
    }  # fmt: skip
    assert not [message for message in folder.read() if not isinstance(message, Log)]
    with zipfile.ZipFile(folder.path / "export.zip", "w") as archive:
        archive.writestr("2026/owner.csv", "id,name\no1,Ann\n")
    assert Whole("owner", "export.zip/2026/owner.csv.gz") in folder.read()


def test_damaged_and_locked_archives_are_said(folder: Folder) -> None:
    (folder.path / "product.csv.gz").write_bytes(gzip.compress(b"id,name\n" + b"p1,Core\n" * 99)[:-9])
    with pytest.raises(Fatal, match="no gzip file, or it is damaged") as caught:
        folder.read()
    assert caught.value.code == "REV-503"
    (folder.path / "product.csv.gz").unlink()
    (folder.path / "a.zip").write_bytes(b"PK nothing")
    with pytest.raises(Fatal, match="no zip archive"):
        folder.read()


# --- rows that count --------------------------------------------------------------------------------------------------


def test_one_file_fills_several_tables_and_several_rows_of_one(folder: Folder) -> None:
    folder.write("users.csv", "id,name,role,org", "1,Ann,agent,", "2,Bob,end-user,c1", "3,Cyd,ADMIN,c1")
    mapping = {
        "users.csv": [
            {
                "table": "owner",
                "where": {"role": ["agent", "admin"]},
                "columns": {"id": "id", "name": "name"},
                "attrs": [],
            },
            {"table": "person", "unless": {"role": "a*"}, "columns": {"id": "id", "org_id": "org"}, "attrs": []},
            {"table": "person", "where": {"org": "c*"}, "columns": {"id": "also-{id}"}, "attrs": ["role"]},
        ]
    }
    found = folder.read(mapping)
    assert [row["id"] for row in rows(found, "owner")] == ["1", "3"]
    assert rows(found, "person") == [
        {"id": "2", "org_id": "c1"},
        {"id": "also-2", "attrs": '{"role":"end-user"}'},
        {"id": "also-3", "attrs": '{"role":"ADMIN"}'},
    ]
    assert "users.csv as owner: 1 rows left out" in logged(found)
    assert [m.scope for m in found if isinstance(m, Whole)] == ["users.csv", "users.csv", "users.csv#2"]


def test_a_column_that_is_looked_at_or_part_of_another_still_maps_to_itself(folder: Folder) -> None:
    folder.write("x.csv", ORDER + ",kind,branch", "1,c,2026-01-01,5,new,B", "2,c,2026-01-01,5,repeat,B")
    mapping = {"table": "sales_order", "where": {"kind": "new"}, "columns": {"id": "{branch}-{id}-{org_id}"}}
    assert rows(folder.read(mapping)) == [
        {"id": "B-1-c", "org_id": "c", "ordered_at": "2026-01-01", "amount": "5", "kind": "new"}
    ]


def test_made_ids_of_two_readings_of_one_file_differ(folder: Folder) -> None:
    folder.write("x.csv", "day,amount", "2026-01-01,5")
    one = {"table": "expense", "columns": {"date": "day"}}
    mapping = {"x.csv": [{**one, "constants": {"function": "sales"}}, {**one, "constants": {"function": "marketing"}}]}
    assert len({row["id"] for row in rows(folder.read(mapping))}) == 2


def test_a_file_is_passed_over_where_a_better_one_is_there(folder: Folder) -> None:
    mapping = {
        "now.csv": {"table": "product"},
        "history.csv": {"table": "product", "unless_file": ["now.csv"]},
    }
    folder.write("history.csv", "id,name", "p1,Old")
    assert rows(folder.read(mapping)) == [{"id": "p1", "name": "Old"}]
    folder.write("now.csv", "id,name", "p1,New")
    found = folder.read(mapping)
    assert rows(found) == [{"id": "p1", "name": "New"}]
    assert Whole("product", "history.csv") in found


# --- columns ----------------------------------------------------------------------------------------------------------


def test_templates_first_filled_and_paths_into_json(folder: Folder) -> None:
    folder.write(
        "x.csv",
        "No,Line,Name,Other,Data,gone,dead",
        '1,2,,Plan B,"{""plan"": {""line"": ""Core"", ""price"": 1.10}}",false,TRUE',
        "3,,Plan A,x,,false,",
        "4,5,Plan C,,{broken,,",
    )
    mapping = {
        "table": "product", "attrs": [],
        "columns": {
            "id": "{No}:{Line}", "name": ["Title", "Name", "Other"], "product_line": "Data->plan.line",
            "deleted": ["gone", "dead"],
        },
    }  # fmt: skip
    found = folder.read(mapping)
    assert rows(found) == [
        {"id": "1:2", "name": "Plan B", "product_line": "Core", "deleted": "true"},
        {"id": "3:", "name": "Plan A", "product_line": None, "deleted": "false"},
    ]
    assert rejected(found) == [(4, "product_line", "product_line is not JSON")]


def test_columns_of_another_file_by_key(folder: Folder) -> None:
    folder.write("items.csv", "id,plan,day,c", "i1,p1,2026-01-01,o1", "i2,p9,2026-01-01,o1")
    folder.write("plans.csv", "key,amount,product", "p1,19.99,x", "p2,5,y")
    join = {"file": "plans.csv", "on": "plan", "key": "key", "prefix": "plan"}
    mapping = {
        "items.csv": {
            "table": "sales_order", "join": [join], "attrs": [],
            "columns": {"org_id": "c", "ordered_at": "day", "amount": "plan.amount", "product_id": "plan.product"},
        },
    }  # fmt: skip
    found = folder.read(mapping)
    assert [(row["id"], row["amount"], row["product_id"]) for row in rows(found)] == [
        ("i1", "19.99", "x"),
        ("i2", None, None),
    ]
    assert "1 rows have no match in plan" in logged(found)
    assert not rows(folder.read(mapping))
    folder.write("plans.csv", "key,amount,product", "p1,20,x")
    assert rows(folder.read(mapping))[0]["amount"] == "20"  # the joined file changed: its rows are others now
    (folder.path / "plans.csv").unlink()
    with pytest.raises(Fatal, match=r"together with plans\.csv, which is not there") as caught:
        folder.read(mapping)
    assert caught.value.code == "REV-501"


@pytest.mark.parametrize(
    ("how", "wanted"), [({"latest": "at"}, "b"), ({"first": True}, "a"), ({"where": {"kind": "x"}}, "c")]
)
def test_a_key_that_several_rows_have_needs_a_rule(folder: Folder, how: dict[str, Any], wanted: str) -> None:
    folder.write("t.csv", "id,n", "1,one")
    folder.write("names.csv", "key,name,at,kind", "1,a,2026-01-01,", "1,b,2026-02-01,", "1,c,2025-01-01,X")
    join = {"file": "names.csv", "on": "id", "key": "key", "prefix": "n"}
    mapping = {"t.csv": {"table": "product", "columns": {"name": "n.name"}, "join": join}}
    with pytest.raises(Fatal, match="two rows with key '1'") as caught:
        folder.read(mapping)
    assert caught.value.code == "REV-504"
    mapping["t.csv"]["join"] = {**join, **how}
    assert rows(folder.read(mapping))[0]["name"] == wanted


# --- amounts and times ------------------------------------------------------------------------------------------------


def test_minor_units_follow_the_currency_of_the_row(folder: Folder) -> None:
    folder.write(
        "x.csv", ORDER + ",currency", "1,c,2026-01-01,1999,usd", "2,c,2026-01-01,500,JPY", "3,c,2026-01-01,12345,KWD",
        "4,c,2026-01-01,100,", "5,c,2026-01-01,12x,EUR", "6,c,2026-01-01,0.5,EUR",
    )  # fmt: skip
    found = folder.read({"table": "sales_order", "minor_units": ["amount"]})
    assert [row["amount"] for row in rows(found)] == ["19.99", "500", "12.345", "1.00", "0.005"]
    assert rejected(found) == [(6, "amount", "not an amount in minor units")]


def test_minor_units_of_a_table_without_a_currency_follow_the_column_of_the_file(folder: Folder) -> None:
    folder.write("x.csv", "id,invoice_id,amount,currency", "1,i1,500,jpy", "2,i1,500,eur")
    mapping = {"table": "invoice_line", "minor_units": ["amount"], "attrs": []}
    assert [row["amount"] for row in rows(folder.read(mapping))] == ["500", "5.00"]


@pytest.mark.parametrize(
    ("options", "texts", "wanted"),
    [
        ({"parentheses": True}, ["(12.50)", "12.5", "-3"], ["-12.50", "12.5", "-3"]),
        ({"trailing_minus": True}, ["12.5-", "7 -"], ["-12.5", "-7"]),
        ({"currency_signs": ["€", "EUR"]}, ["€ 12.5", "-€12", "12 EUR", "12"], ["12.5", "-12", "12", "12"]),
        ({"percent": True}, ["12.5%", "5 %", "0.1"], ["0.125", "0.05", "0.1"]),
        (
            {"decimal": ",", "thousands": ".", "currency_signs": ["€"], "parentheses": True, "trailing_minus": True},
            ["(1.234,50 €)", "€1.234,50-", "1.234,5"],
            ["-1234.50", "-1234.50", "1234.5"],
        ),
    ],
)  # fmt: skip
def test_amounts_as_people_and_ledgers_write_them(
    folder: Folder, options: dict[str, Any], texts: list[str], wanted: list[str]
) -> None:
    folder.write("x.txt", ORDER.replace(",", "|"), *(f"{n}|c|2026-01-01|{text}" for n, text in enumerate(texts)))
    found = folder.read({"table": "sales_order", "delimiter": "|", **options})
    assert [row["amount"] for row in rows(found)] == wanted


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"parentheses": True}, "(-5)"),
        ({"parentheses": True}, "(5"),
        ({"trailing_minus": True}, "-5-"),
        ({"currency_signs": ["€"]}, "$5"),
        ({"currency_signs": ["€"]}, "€5€"),
        ({"percent": True}, "%"),
        ({}, "(5)"),
    ],
)
def test_amounts_that_could_mean_something_else_are_refused(folder: Folder, options: dict[str, Any], text: str) -> None:
    folder.write("x.csv", ORDER, f"1,c,2026-01-01,{text}", "2,c,2026-01-01,7")
    found = folder.read({"table": "sales_order", **options})
    if options:
        assert [line for line, _, _ in rejected(found)] == [2]
        assert [row["id"] for row in rows(found)] == ["2"]
    else:  # without options the store judges
        assert [row["amount"] for row in rows(found)] == [text, "7"]


def test_times_of_another_zone_whole_days_and_odd_spellings(folder: Folder) -> None:
    texts = [
        "2026-01-05 9:05:00", "2026-1-5", "2026-01-05 00:00:00", "2026-01-05 09:05:00.123456 UTC", "2026-01-05T09:05:00+0200",
        "2026-07-05 09:05", "9999-12-31 23:59:59", "soon", "2026-02-30",
    ]  # fmt: skip
    folder.write("x.csv", "id,org_id,created_at", *(f"{n},c,{text}" for n, text in enumerate(texts)))
    mapping = {"table": "ticket", "time_zone": "Europe/Berlin", "nulls": ["9999-12-31 23:59:59"]}
    found = folder.read(mapping)
    assert [row["created_at"] for row in rows(found)] == [
        "2026-01-05T09:05:00+01:00", "2026-01-05", "2026-01-05T00:00:00+01:00", "2026-01-05T09:05:00.123456+00:00",
        "2026-01-05T09:05:00+02:00", "2026-07-05T09:05:00+02:00", None,
    ]  # fmt: skip
    assert rejected(found) == [(9, "created_at", "not a date"), (10, "created_at", "not a date")]


def test_a_day_written_as_midnight_stays_that_day_in_a_column_of_days(folder: Folder) -> None:
    folder.write("x.csv", "campaign_id,date,amount", "c,2018-12-19 00:00:00,5", "c,2018-12-20,5")
    found = folder.read({"table": "campaign_cost", "time_zone": "UTC"})
    assert [row["date"] for row in rows(found)] == ["2018-12-19", "2018-12-20"]


def test_a_format_per_column_and_seconds_since_1970(folder: Folder) -> None:
    folder.write("x.csv", "id,org_id,issued_at,due_at,paid_at", "1,c,01/02/2026,02.01.2026 10:00,1767225600")
    formats = {"issued_at": "%m/%d/%Y", "due_at": "%d.%m.%Y %H:%M", "paid_at": "epoch"}
    (row,) = rows(folder.read({"table": "invoice", "date_formats": formats}))
    assert [row[name] for name in formats] == ["2026-01-02", "2026-01-02T10:00:00", "2026-01-01T00:00:00+00:00"]


def test_words_become_the_models_words(folder: Folder) -> None:
    folder.write("x.csv", ORDER + ",kind", "1,c,2026-01-01,5,Neukunde", "2,c,2026-01-01,5,RENEWAL", "3,c,2026-01-01,5,")
    mapping = {"table": "sales_order", "values": {"kind": {"neukunde": "new", "renewal": "repeat", "*": ""}}}
    assert [row["kind"] for row in rows(folder.read(mapping))] == ["new", "repeat", None]


def test_only_the_columns_asked_for_are_kept_in_attrs(folder: Folder) -> None:
    folder.write("x.csv", "id,name,Size__c,Secret,kind", "1,a,L,s,k")
    mapping: dict[str, Any] = {"table": "product", "attrs": ["*__c", "name"]}
    assert rows(folder.read(mapping)) == [{"id": "1", "name": "a", "attrs": '{"Size__c":"L"}'}]
    mapping = {"table": "product", "columns": {"name": "kind"}, "attrs": ["kind"]}
    assert rows(folder.read(mapping))[0]["attrs"] == '{"kind":"k"}'


# --- what is gone -----------------------------------------------------------------------------------------------------


def test_files_that_say_what_is_deleted_or_merged_have_the_last_word(folder: Folder) -> None:
    folder.write("person.csv", "id,email", "1,a@x.example", "2,b@x.example", "3,c@x.example", "4,d@x.example")
    folder.write("gone.csv", "lead", "2")
    folder.write("merged.csv", "ids,into", '"[3, 4]",1', "1,1")
    mapping: dict[str, Any] = {
        "gone.csv": {"table": "person", "action": "delete", "columns": {"gone": "lead"}},
        "merged.csv": {"table": "person", "action": "merge", "columns": {"gone": "ids", "stays": "into"}},
    }
    first = folder.read(mapping)
    said = [message for message in first if isinstance(message, Tombstones | Merges)]
    assert said == [Tombstones("person", ["2"]), Merges("person", [("3", "1"), ("4", "1")])]
    assert first.index(said[0]) > first.index(Whole("person", "person.csv"))
    assert not [message for message in folder.read(mapping) if not isinstance(message, Log)]
    folder.write("person.csv", "id,email", "1,a@x.example", "2,b@x.example")
    again = [message for message in folder.read(mapping) if isinstance(message, Tombstones | Merges)]
    assert again == said  # sent again, or the row sent again would be back


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code", "wanted"),
    [
        ({"where": {"role": 5.5}}, "REV-305", "list of texts"),
        ({"where": "role"}, "REV-305", "is a table"),
        ({"join": {"file": "y.csv"}}, "REV-305", "lacks on"),
        ({"join": {"fiel": "y.csv"}}, "REV-302", "Did you mean file"),
        ({"action": "drop"}, "REV-305", "rows, delete or merge"),
        ({"action": "delete"}, "REV-305", "has these columns"),
        ({"minor_units": ["nmae"]}, "REV-302", "Did you mean name"),
        ({"minor_units": ["name"]}, "REV-305", "no money column"),
        ({"date_formats": {"name": "%d"}}, "REV-305", "no date or instant column"),
        ({"values": {"nam": {"a": "b"}}}, "REV-302", "Did you mean name"),
        ({"values": {"name": "b"}}, "REV-305", "is a table"),
        ({"time_zone": "Berlin"}, "REV-305", "there is no 'Berlin'"),
        ({"header_row": 0}, "REV-305", "counted from 1"),
        ({"percent": "yes"}, "REV-305", "is true or false"),
        ({"columns": {"name": []}}, "REV-305", "names a column"),
        ({"parenthesis": True}, "REV-302", "Did you mean parentheses"),
    ],
)
def test_options_that_cannot_be_meant(folder: Folder, change: dict[str, Any], code: str, wanted: str) -> None:
    folder.write("x.csv", "id,name", "1,a")
    with pytest.raises(ConfigError, match=wanted) as caught:
        folder.read({"table": "product", **change})
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"columns": {"name": "{id}-{nmae}"}}, "Did you mean name"),
        ({"where": {"nmae": "x"}}, "Did you mean name"),
        ({"columns": {"name": "data->x"}}, 'no column "data->x"'),
        ({"join": {"file": "y.csv", "on": "id", "key": "no", "prefix": "y"}}, 'y.csv has no column "no"'),
    ],
)
def test_columns_that_are_not_there(folder: Folder, change: dict[str, Any], wanted: str) -> None:
    folder.write("x.csv", "id,name", "1,a")
    folder.write("y.csv", "id,size", "1,L")
    with pytest.raises(Fatal, match=wanted) as caught:
        folder.read({"x.csv": {"table": "product", **change}})
    assert caught.value.code == "REV-502"


def test_a_header_further_down_in_a_text_file(folder: Folder) -> None:
    folder.write("x.csv", "Report of March", "", "id,name", "p1,Core")
    assert rows(folder.read({"table": "product", "header_row": 2})) == [{"id": "p1", "name": "Core"}]
