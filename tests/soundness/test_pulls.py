"""What a source says last holds: rows that come back, lists of keys that stand beside each other."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from revalign_udf.connector import Mark, Merges, Message, Present, Rejected, Rows, Tombstones, Whole
from revalign_udf.store import Store


def orgs(*keys: str) -> Rows:
    return Rows("organization", {"id": list(keys), "name": list(keys)})


def left(folder: Path, *pulls: Sequence[Message]) -> set[str]:
    """The live organizations after some pulls."""
    with Store.open(folder) as store:
        for messages in pulls:
            with store.pull("crm", "s", store.next_run()) as pull:
                for message in messages:
                    pull.add(message)
                pull.finish(None)
        return set(store.rows("organization").column("id").to_pylist())


def test_restored_after_it_was_deleted_within_one_pull(tmp_path: Path) -> None:
    """It ended as deleted: what a pull said was gone was applied after all its rows, whatever their order."""
    first = [orgs("restored", "deleted", "split", "kept", "last")]
    second: list[Message] = [
        Tombstones("organization", ["restored", "deleted"]), Merges("organization", [("split", "kept")]),
        orgs("restored", "split"), orgs("last"), Tombstones("organization", ["last"]),
    ]  # fmt: skip
    assert left(tmp_path, first, second) == {"restored", "split", "kept"}


def test_one_list_of_keys_does_not_wipe_another_that_is_still_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second list took the place of the first in the store once a commit fell between them: live rows were deleted."""
    monkeypatch.setattr("revalign_udf.store.pull._COMMIT_ROWS", 0)
    second: list[Message] = [
        Present("organization", ["p:1"], prefix="p:"), Present("organization", ["q:1"], prefix="q:"),
        Present("organization", [], last=True, prefix="p:"), orgs("n"), Mark({"n": 1}),
        Present("organization", ["r:1"], last=True, prefix="r:"), Present("organization", [], last=True, prefix="q:"),
    ]  # fmt: skip
    assert left(tmp_path, [orgs("p:1", "p:2", "q:1", "r:1")], second) == {"p:1", "q:1", "r:1", "n"}


def test_a_whole_that_was_committed_in_parts_takes_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows sent before a commit at a mark counted as not sent: the next Whole marked them as gone."""
    monkeypatch.setattr("revalign_udf.store.pull._COMMIT_ROWS", 0)
    first = [orgs("a", "b", "c", "d")]
    second: list[Message] = [orgs("a"), Mark({"n": 1}), orgs("b"), Mark({"n": 2}), orgs("c"), Whole("organization")]
    assert left(tmp_path, first, second) == {"a", "b", "c"}


@pytest.mark.parametrize("commits", [0, 200_000])
def test_a_row_a_connector_refuses_keeps_its_last_good_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    """It counted as gone: a typing error in one amount of an export was a customer lost."""
    monkeypatch.setattr("revalign_udf.store.pull._COMMIT_ROWS", commits)
    first = [orgs("a", "b", "c")]
    refused = Rejected("organization", "not a number", key="b")
    second: list[Message] = [orgs("a"), refused, Mark({"n": 1}), Whole("organization")]
    assert left(tmp_path, first, second) == {"a", "b"}


def test_a_typing_error_in_an_export_is_no_customer_lost(tmp_path: Path) -> None:
    """The whole way: the amount as it was last readable stands, and the line is listed."""
    from revalign_udf.config import load
    from revalign_udf.jobs import pull

    (tmp_path / "data").mkdir()
    (tmp_path / "revalign.toml").write_text(
        '[source.files]\nconnector = "csv"\npath = "data"\n[source.files.mapping."sales_order.csv"]\ntable = "sales_order"\n'
        'decimal = ","\nthousands = "."\n', encoding="utf-8",
    )  # fmt: skip
    file = tmp_path / "data" / "sales_order.csv"
    for amount in ("1.234,50", "1.2o4,50"):
        file.write_text(
            f'id,org_id,ordered_at,amount\n1,x,2026-01-01,"{amount}"\n2,x,2026-01-02,"5,00"\n', encoding="utf-8"
        )
        (report,) = pull(load(tmp_path))
        assert report.failures == []
    assert [(r.line, r.column, r.value) for r in report.counts.rejects] == [(2, "amount", "1.2o4,50")]
    with Store.open(tmp_path / ".revalign") as store:
        amounts = store.rows("sales_order").column("amount").to_pylist()
    assert [str(amount.normalize()) for amount in amounts] == ["1234.5", "5"]
