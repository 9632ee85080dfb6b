"""Signatures stand under a text, are only ever added, and what every owner signed stays what was signed."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revalign_udf.errors import StoreError, UserError
from revalign_udf.governance.signatures import SIGNATURES_FILE, add_signature, digest_of, read_signatures
from revalign_udf.governance.stage_maps import STAGE_MAPS_FILE, note_stage_map, since_of, version_of

TEXT = {"name": "nrr", "version": 2, "formula": "ratio(a, b)", "definition": "Kept.", "owners": ["finance", "success"]}
TEAMS = ("finance", "success")


def test_the_last_owner_team_makes_it_agreed(tmp_path: Path) -> None:
    first = add_signature(tmp_path, TEXT, "finance", TEAMS, " ada\n lovelace ")
    assert (first.agreed, first.who, first.team, first.version) == (False, "ada lovelace", "finance", 2)
    last = add_signature(tmp_path, TEXT, "success", TEAMS)
    assert last.agreed
    assert last.who  # the user of the system
    assert read_signatures(tmp_path) == [first, last]
    assert last.definition == TEXT
    assert last.when.endswith("+00:00")


def test_a_changed_text_has_lost_its_signatures(tmp_path: Path) -> None:
    add_signature(tmp_path, TEXT, "finance", TEAMS)
    changed = add_signature(tmp_path, {**TEXT, "definition": "Kept!"}, "success", TEAMS)
    assert not changed.agreed, "finance has signed another text"


def test_lines_are_added_and_never_changed(tmp_path: Path) -> None:
    add_signature(tmp_path, TEXT, "finance", TEAMS)
    before = (tmp_path / SIGNATURES_FILE).read_bytes()
    add_signature(tmp_path, TEXT, "success", TEAMS)
    assert (tmp_path / SIGNATURES_FILE).read_bytes().startswith(before)


def test_who_may_not_sign(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="sales does not own nrr: finance, success") as caught:
        add_signature(tmp_path, TEXT, "sales", TEAMS)
    assert caught.value.code == "REV-106"
    add_signature(tmp_path, TEXT, "finance", TEAMS, "ada")
    with pytest.raises(UserError, match="finance has signed version 2 of nrr: ada"):
        add_signature(tmp_path, TEXT, "finance", TEAMS)
    add_signature(tmp_path, TEXT, "success", TEAMS)
    for text in (TEXT, {**TEXT, "definition": "Other."}, {**TEXT, "version": 1}):
        with pytest.raises(UserError, match="Version 2 of nrr is agreed already") as caught:
            add_signature(tmp_path, text, "finance", TEAMS)
        assert caught.value.hint == "Write it as version 3."
    assert len(read_signatures(tmp_path)) == 2


BLANK = '"digest": "", "team": "", "who": "", "when": "", "needed": []}'


@pytest.mark.parametrize(
    "line",
    [
        "<<<<<<< HEAD",
        "[]",
        "{}",
        '{"name": "nrr"',
        f'{{"name": 1, "version": 2, {BLANK}',
        f'{{"name": "nrr", "version": "2", {BLANK}',
        f'{{"name": "nrr", "version": 2, "text": "more", {BLANK}',
    ],
)
def test_a_line_that_cannot_be_read_is_never_passed_over(tmp_path: Path, line: str) -> None:
    """A signature that is overlooked would let a number fall back to an older definition in silence."""
    add_signature(tmp_path, TEXT, "finance", TEAMS)
    path = tmp_path / SIGNATURES_FILE
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    for ask in (lambda: read_signatures(tmp_path), lambda: add_signature(tmp_path, TEXT, "success", TEAMS)):
        with pytest.raises(StoreError, match=r"Line 2 of governance/signatures\.jsonl") as caught:
            ask()
        assert caught.value.code == "REV-801"


def test_secrets_are_not_kept(tmp_path: Path) -> None:
    add_signature(tmp_path, TEXT, "finance", TEAMS, "token=abcdefgh")
    assert "abcdefgh" not in (tmp_path / SIGNATURES_FILE).read_text(encoding="utf-8")


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["label", "formula", "owners", "question"]), st.text(max_size=5) | st.lists(st.text(max_size=3))
    ),
    st.randoms(),
)
def test_a_digest_follows_the_text_and_not_its_order(said: dict[str, object], dice: object) -> None:
    keys = list(said)
    dice.shuffle(keys)  # type: ignore[attr-defined]
    assert digest_of({key: said[key] for key in keys}) == digest_of(json.loads(json.dumps(said)))
    assert digest_of({**said, "definition": "x"}) != digest_of({**said, "definition": "y"})


def test_each_change_of_the_stage_map_is_one_line(tmp_path: Path) -> None:
    hot = [{"source_stage": "Hot", "stage": "mql"}, {"source_stage": "Warm", "stage": "lead"}]
    assert note_stage_map(tmp_path, hot) == note_stage_map(tmp_path, hot[::-1]) == since_of(tmp_path, hot)
    note_stage_map(tmp_path, [])
    note_stage_map(tmp_path, hot)
    lines = [json.loads(line) for line in (tmp_path / STAGE_MAPS_FILE).read_text().splitlines()]
    assert [line["version"] for line in lines] == [version_of(hot), version_of([]), version_of(hot)]
    assert lines[0]["rows"] == hot
    assert since_of(tmp_path, hot[:1]) == ""
    (tmp_path / STAGE_MAPS_FILE).write_text("{\n")
    with pytest.raises(StoreError, match="cannot be read"):
        since_of(tmp_path, hot)
