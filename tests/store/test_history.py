"""History: what a pull adds, what it leaves alone, and what it takes away."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import pytest

from revalign_udf.canonical import TABLES
from revalign_udf.connector import Complete, Mark, Merges, Rejected, Rows, Tombstones, Whole
from revalign_udf.errors import BadRecord
from revalign_udf.store import Counts, Store

Send = Callable[..., Counts]
Orgs = Callable[..., Rows]
Live = Callable[..., list[tuple[object, ...]]]


def versions(store: Store) -> int:
    return int(store.con.execute("SELECT count(*) FROM h_organization").fetchall()[0][0])


def test_the_same_rows_again_change_nothing(store: Store, send: Send, orgs: Orgs) -> None:
    first = send(orgs(("1", "Ada"), ("2", "Bo")))
    again = send(orgs(("1", "Ada"), ("2", "Bo")))
    assert (first.read, first.written) == (2, 2)
    assert (again.read, again.written) == (2, 0)
    assert versions(store) == 2


def test_one_change_is_one_version(store: Store, send: Send, orgs: Orgs, live: Live) -> None:
    send(orgs(("1", "Ada"), ("2", "Bo")))
    assert send(orgs(("1", "Ada"), ("2", "Bob"))).written == 1
    assert versions(store) == 3
    assert live() == [("1", "Ada"), ("2", "Bob")]


def test_changing_back_is_a_version_too(send: Send, orgs: Orgs, live: Live) -> None:
    for name in ("Ada", "Eva", "Ada"):
        assert send(orgs(("1", name))).written == 1
    assert live() == [("1", "Ada")]


def test_the_same_value_written_otherwise_is_no_change(send: Send) -> None:
    def order(amount: str, at: str, **more: list[str]) -> Rows:
        columns = {"id": ["1"], "org_id": ["7"], "ordered_at": [at], "amount": [amount], **more}
        return Rows("sales_order", columns)

    assert send(order("10.50", "2026-09-30")).written == 1
    assert send(order(" 10.5 ", "2026-09-30T00:00:00+02:00")).written == 0
    assert send(order("1.05e1", "2026-09-29T22:00:00Z", quantity=["1"], deleted=["no"], kind=[""])).written == 0
    assert send(order("10.51", "2026-09-30")).written == 1


def test_columns_that_only_some_batches_bring(send: Send, orgs: Orgs, live: Live) -> None:
    counts = send(orgs(("1", "Ada")), orgs(("2", "Bo"), country=["SE"], employees=["7"]), orgs(("3", "Cy")))
    assert counts.written == 3
    assert live("id, country, employees, deleted") == [
        ("1", None, None, False), ("2", "SE", 7, False), ("3", None, None, False),
    ]  # fmt: skip


def test_two_connections_may_use_one_key(send: Send, orgs: Orgs, live: Live) -> None:
    send(orgs(("1", "Ada")), connection="crm")
    send(orgs(("1", "Bo")), Whole("organization", "organization.csv"), connection="billing")
    assert live("_conn, name") == [("billing", "Bo"), ("crm", "Ada")]
    assert live("_conn", connections=["crm"]) == [("crm",)]
    assert live("_conn", connections=[]) == []


def test_tombstones_bury_and_a_row_may_come_back(store: Store, send: Send, orgs: Orgs, live: Live) -> None:
    send(orgs(("1", "Ada"), ("2", "Bo")))
    assert send(Tombstones("organization", ["1", "nobody"])).deleted == 1
    assert live() == [("2", "Bo")]
    assert send(Tombstones("organization", ["1"])).deleted == 0, "burying twice is burying once"
    assert versions(store) == 3
    assert send(orgs(("1", "Ada"))).written == 1
    assert live() == [("1", "Ada"), ("2", "Bo")]


def test_a_merge_buries_and_remembers(store: Store, send: Send, orgs: Orgs, live: Live) -> None:
    send(orgs(("1", "Ada"), ("o'2", "Bo")))
    assert send(Merges("organization", [("1", "o'2")])).deleted == 1
    assert live() == [("o'2", "Bo")]
    assert store.con.execute("SELECT id, merged_into FROM x_organization WHERE deleted").fetchall() == [("1", "o'2")]


def test_whole_takes_what_was_not_sent_of_its_scope_only(send: Send, orgs: Orgs, live: Live) -> None:
    send(orgs(("1", "Ada"), ("2", "Bo"), file="a.csv"), orgs(("3", "Cy"), file="b.csv"))
    assert send(orgs(("1", "Ada"), file="a.csv"), Whole("organization", "a.csv")).deleted == 1
    assert live() == [("1", "Ada"), ("3", "Cy")]
    assert send(Whole("organization", "b.csv")).deleted == 1, "a file that is gone takes its rows along"
    assert live() == [("1", "Ada")]


def test_a_row_that_moves_to_another_file_survives(send: Send, orgs: Orgs, live: Live) -> None:
    send(orgs(("1", "Ada"), ("2", "Bo"), file="a.csv"), orgs(("3", "Cy"), file="b.csv"))
    send(
        orgs(("1", "Ada"), file="a.csv"), Whole("organization", "a.csv"),
        orgs(("2", "Bo"), ("3", "Cy"), file="b.csv"), Whole("organization", "b.csv"),
    )  # fmt: skip
    send(orgs(("1", "Ann"), file="a.csv"), Whole("organization", "a.csv"))
    assert live() == [("1", "Ann"), ("2", "Bo"), ("3", "Cy")]


def test_a_refused_row_keeps_its_last_good_version(send: Send, orgs: Orgs, live: Live) -> None:
    send(orgs(("1", "Ada"), ("2", "Bo"), employees=["5", "6"]), Whole("organization", "organization.csv"))
    counts = send(orgs(("1", "Ada"), ("2", "Bo"), employees=["5", "many"]), Whole("organization", "organization.csv"))
    assert (counts.rejected, counts.deleted) == (1, 0)
    assert live("id, employees") == [("1", 5), ("2", 6)]


def test_a_key_twice_in_a_file_is_refused_and_the_first_stays(send: Send, orgs: Orgs, live: Live) -> None:
    counts = send(orgs(("1", "Ada"), ("2", "Bo"), ("1", "Eva")))
    assert live() == [("1", "Ada"), ("2", "Bo")]
    assert [(r.code, r.file, r.line, r.column, r.value) for r in counts.rejects] == [
        ("REV-504", "organization.csv", 4, "id", "1")
    ]
    assert "line 2" in counts.rejects[0].reason


def test_a_key_in_two_files_is_refused_naming_both(send: Send, orgs: Orgs, live: Live) -> None:
    counts = send(orgs(("1", "Ada"), file="a.csv"), orgs(("1", "Eva"), file="b.csv"))
    assert live() == [("1", "Ada")]
    assert [(r.file, r.line) for r in counts.rejects] == [("b.csv", 2)]
    assert "line 2 of a.csv" in counts.rejects[0].reason


def test_a_source_that_lists_a_record_twice_means_the_later(send: Send, live: Live) -> None:
    counts = send(Rows("organization", {"id": ["1", "1"], "name": ["old", "new"]}))
    assert (live(), counts.rejected) == ([("1", "new")], 0)


def test_what_was_known_at_the_end_of_a_day(store: Store, live: Live, orgs: Orgs) -> None:
    for day, name in ((1, "Ada"), (3, "Eva")):
        moment = datetime(2026, 9, day, 12, tzinfo=UTC)
        with store.pull("crm", "organization", store.next_run(), moment) as pull:
            pull.add(orgs(("1", name)))
            pull.finish(moment.date())
    assert live(known_by=date(2026, 8, 31)) == []
    assert live(known_by=date(2026, 9, 2)) == [("1", "Ada")]
    assert live(known_by=date(2026, 9, 3)) == [("1", "Eva")]


def test_state_and_rows_are_committed_together(store: Store, orgs: Orgs, live: Live) -> None:
    with store.pull("crm", "organization", 1) as pull:
        pull.add(orgs(("1", "Ada")))
        pull.add(Mark({"page": 1}))
        assert store.state("crm") == {}, "nothing is kept before the commit"
        pull.finish(date(2026, 10, 31))
    assert (store.state("crm"), live()) == ({"organization": {"page": 1}}, [("1", "Ada")])


def test_a_failure_while_committing_keeps_neither_rows_nor_state(store: Store, orgs: Orgs, live: Live) -> None:
    store.con.execute("DROP TABLE sync_state")
    with pytest.raises(Exception, match="sync_state"), store.pull("crm", "organization", 1) as pull:
        pull.add(orgs(("1", "Ada")))
        pull.add(Mark({"page": 1}))
        pull.finish(date(2026, 10, 31))
    assert (live(), store.watermarks(), versions(store)) == ([], [], 0)


def test_a_pull_left_in_the_middle_keeps_nothing_since_its_last_commit(store: Store, orgs: Orgs, live: Live) -> None:
    with pytest.raises(KeyboardInterrupt), store.pull("crm", "organization", 1) as pull:
        pull.add(orgs(("1", "Ada")))
        raise KeyboardInterrupt
    assert (live(), store.state("crm")) == ([], {})


def test_big_streams_are_committed_at_marks(store: Store, monkeypatch: pytest.MonkeyPatch, orgs: Orgs) -> None:
    monkeypatch.setattr("revalign_udf.store.pull._COMMIT_ROWS", 2)
    with pytest.raises(KeyboardInterrupt), store.pull("crm", "organization", 1) as pull:
        for page in range(3):
            pull.add(orgs((f"{page}a", "A"), (f"{page}b", "B"), file=f"{page}.csv"))
            if page < 2:
                pull.add(Mark({"page": page}))
        raise KeyboardInterrupt
    assert versions(store) == 4
    assert store.state("crm") == {"organization": {"page": 1}}


def test_the_watermark_is_declared_or_the_day_of_the_pull(store: Store, send: Send, orgs: Orgs) -> None:
    send(orgs(("1", "Ada")))
    send(Complete("2026-09-30"), stream="lead")
    found = {mark.stream: (mark.through, mark.declared) for mark in store.watermarks()}
    assert found == {"organization": (date(2026, 10, 31), False), "lead": (date(2026, 9, 30), True)}


def test_rejects_are_kept_until_their_file_is_right(store: Store, send: Send, orgs: Orgs) -> None:
    bad = Rejected("organization", "not delimited text", "REV-503", "organization.csv", 9)
    send(orgs(("1", "Ada"), ("2", "")), bad, Whole("organization", "organization.csv"))
    assert [(r["line"], r["column"], r["code"]) for r in store.rejects("crm")] == [
        (3, "name", "REV-503"),
        (9, "", "REV-503"),
    ]
    assert store.rejects("billing") == []
    send(orgs(("1", "Ada"), ("2", "Bo")), Whole("organization", "organization.csv"))
    assert store.rejects() == []


def test_an_unknown_table_is_refused(send: Send) -> None:
    with pytest.raises(BadRecord) as caught:
        send(Rows("organisation", {"id": ["1"]}))
    assert caught.value.code == "REV-507"


def test_counts_are_of_live_rows(store: Store, send: Send, orgs: Orgs) -> None:
    send(orgs(("1", "Ada"), ("2", "Bo")))
    send(orgs(("1", "Eva")), Tombstones("organization", ["2"]))
    assert store.counts() == {"organization": 1}


@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_of_pulls_ends_where_the_last_one_says(send: Send, orgs: Orgs, live: Live, seed: int) -> None:
    """Property: after pulls that each send the whole of two files, live rows are exactly what was sent last."""
    chance = random.Random(seed)
    files: dict[str, Sequence[tuple[str, str]]] = {}
    for _ in range(5):
        keys = chance.sample("123456", 6)
        cut = chance.randrange(7)
        files = {
            "a.csv": [(key, chance.choice("xyz")) for key in keys[:cut] if chance.random() < 0.8],
            "b.csv": [(key, chance.choice("xyz")) for key in keys[cut:] if chance.random() < 0.8],
        }
        messages = [
            message for name, pairs in files.items()
            for message in (*([orgs(*pairs, file=name)] if pairs else []), Whole("organization", name))
        ]  # fmt: skip
        send(*messages)
        assert live() == sorted(pair for pairs in files.values() for pair in pairs)
        assert send(*messages).written == 0


def test_a_failing_source_keeps_what_it_had_marked(store: Store, orgs: Orgs, live: Live) -> None:
    """A folder of which one file is bad: the good files before it were marked and stay, the watermark does not move."""
    with store.pull("crm", "organization", 1) as pull:
        pull.add(orgs(("1", "Ada"), file="good.csv"))
        pull.add(Mark({"good.csv": "abc"}))
        pull.add(orgs(("2", "Bob"), file="bad.csv"))
        counts = pull.salvage()
    assert [row["id"] for row in store.rows("organization").to_pylist()] == ["1"]
    assert (counts.read, counts.written) == (2, 1)
    assert store.state("crm") == {"organization": {"good.csv": "abc"}}
    assert store.watermarks() == []
    with store.pull("crm", "organization", 2) as pull:
        pull.add(orgs(("3", "Cyd"), file="bad.csv"))
        assert pull.salvage().written == 0
    assert len(live()) == 1


def test_rows_come_in_the_declared_arrow_schema(store: Store) -> None:
    import pyarrow as pa

    from revalign_udf.store import arrow_schema

    with store.pull("billing", "invoice", 1) as pull:
        pull.add(
            Rows("invoice", {"id": ["1"], "org_id": ["a"], "issued_at": ["2026-03-01T23:30:00Z"], "total": ["1.25"]})
        )
        pull.finish(date(2026, 3, 1))
    table = store.rows("invoice")
    assert table.schema == arrow_schema(TABLES["invoice"])
    assert table.schema.field("total").type == pa.decimal128(38, 10)
    assert str(table.to_pylist()[0]["issued_at"]) == "2026-03-01 23:30:00"
    assert arrow_schema(TABLES["person"]).field("email").metadata == {b"personal": b"true"}
