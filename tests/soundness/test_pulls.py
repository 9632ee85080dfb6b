"""What a source says last holds: rows that come back, lists of keys that stand beside each other."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from revalign_udf.connector import Mark, Merges, Message, Present, Rows, Tombstones, Whole
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
