"""Who is told what: one message a run, nothing repeated, each receiver by their own memory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.alerts import STATE_FILE, Channel, Mail, Notice, Webhook, channels_of, digest, tell, try_channels
from revalign_udf.alerts.digest import distinct
from revalign_udf.config import Alerts
from revalign_udf.errors import StoreError

HEARD = load(Path(__file__).with_name("hearing.py"))
SECRET = HEARD.SECRET
ADA, BOB = "ada@example.com", "bob@example.com"


@pytest.fixture
def chat() -> Iterator[Any]:
    with HEARD.chat() as found:
        yield found


@pytest.fixture
def post() -> Iterator[Any]:
    with HEARD.post() as found:
        yield found


def failures(*texts: str) -> list[Notice]:
    return [Notice("failure", text) for text in texts]


def mail(post: Any, *people: str) -> Mail:
    return Mail(f"smtp://127.0.0.1:{post.port}", people or (ADA,), "revalign@example.com")


# --- the text ---------------------------------------------------------------------------------------------------------


def test_a_digest_names_each_problem_once_failures_first() -> None:
    notices = [
        Notice("guard", "sheet board: REV-706 40 %"), Notice("breach", "First contact was not kept in 2026-10"),
        *failures("crm: REV-506\nrefused", "crm: REV-506 refused", "api_key=abcdefgh is wrong"),
    ]  # fmt: skip
    assert digest(distinct(notices), "Ada\nLtd").splitlines() == [
        "Revalign, Ada Ltd: 4 problems",
        "- crm: REV-506 refused",
        "- api_key=*** is wrong",
        "- Agreement First contact was not kept in 2026-10",
        "- Held back: sheet board: REV-706 40 %",
    ]
    assert digest(["one"]).startswith("Revalign: 1 problem\n")


def test_a_digest_stays_short() -> None:
    text = digest([f"problem {place} " + "x" * 5_000 for place in range(500)])
    assert len(text) < 10_000
    assert text.splitlines()[0] == "Revalign: 500 problems"
    assert text.splitlines()[-1] == "and 480 more: revalign doctor"


# --- no repeats -------------------------------------------------------------------------------------------------------


def test_no_repeats_while_unchanged(chat: Any, tmp_path: Path) -> None:
    channels: list[Channel] = [Webhook(chat.url)]
    for problems in (["a", "b"], ["a", "b"], ["b", "a", "b"], ["a"], [], [], ["a"]):
        assert tell(tmp_path, failures(*problems), channels) == []
    assert chat.texts == [digest(["a", "b"]), digest(["a"]), digest([]), digest(["a"])]


def test_nobody_hears_that_nothing_was_wrong(chat: Any, tmp_path: Path) -> None:
    assert tell(tmp_path, [], [Webhook(chat.url)]) == []
    assert (chat.texts, (tmp_path / STATE_FILE).exists()) == ([], False)


def test_each_channel_is_told_once(chat: Any, post: Any, tmp_path: Path) -> None:
    channels: list[Channel] = [Webhook(chat.url), Webhook(f"{chat.base}/other"), mail(post, ADA, BOB)]
    for _ in range(2):
        assert tell(tmp_path, failures("a"), channels, "Ada Ltd") == []
    assert [path for path, _, _ in chat.came] == [f"/hooks/{SECRET}", "/other"]
    assert post.texts == ["Revalign, Ada Ltd: 1 problem\n- a\n"]
    assert [(people, message["Subject"]) for people, message in post.came] == [
        ([ADA, BOB], "Revalign, Ada Ltd: 1 problem")
    ]


def test_a_channel_that_failed_is_told_next_time_and_the_others_are_not(
    chat: Any,
    post: Any,
    tmp_path: Path,
) -> None:
    chat.status = 404
    channels: list[Channel] = [Webhook(chat.url), mail(post)]
    [error] = tell(tmp_path, failures("a"), channels)
    assert "refused with 404" in str(error)
    assert len(post.came) == 1
    chat.status = 200
    assert tell(tmp_path, failures("a"), channels) == []
    assert tell(tmp_path, failures("a"), channels) == []
    assert (len(chat.came), len(post.came)) == (2, 1)


def test_a_person_who_was_not_reached_is_told_next_time_and_the_others_are_not(
    post: Any,
    tmp_path: Path,
) -> None:
    post.refused = {BOB: "550 no"}
    [error] = tell(tmp_path, failures("a"), [mail(post, ADA, BOB)])
    assert BOB in str(error)
    post.refused = {}
    assert tell(tmp_path, failures("a"), [mail(post, ADA, BOB)]) == []
    assert [people for people, _ in post.came] == [[ADA], [BOB]]
    tell(tmp_path, failures("a"), [mail(post, ADA, BOB, "new@example.com")])
    assert post.came[-1][0] == ["new@example.com"], "somebody new has not heard of it"


def test_the_end_of_a_problem_is_told_to_those_who_heard_of_it(
    chat: Any,
    post: Any,
    tmp_path: Path,
) -> None:
    tell(tmp_path, failures("a"), [Webhook(chat.url)])
    tell(tmp_path, [], [Webhook(chat.url), mail(post)])
    assert chat.texts[-1] == "Revalign: no problems any more"
    assert post.came == []


def test_what_may_help_is_tried_once_more(chat: Any, tmp_path: Path) -> None:
    chat.status = 503
    [error] = tell(tmp_path, failures("a"), [Webhook(chat.url)])
    assert (error.code, len(chat.came)) == ("REV-505", 2)
    chat.status = 403
    [error] = tell(tmp_path, failures("a"), [Webhook(chat.url)])
    assert (error.code, len(chat.came)) == ("REV-506", 3)


# --- the memory -------------------------------------------------------------------------------------------------------


def test_the_state_holds_no_address_and_no_problem(chat: Any, post: Any, tmp_path: Path) -> None:
    tell(tmp_path, failures("Ada Ltd owes 5"), [Webhook(chat.url), mail(post)])
    text = (tmp_path / STATE_FILE).read_text(encoding="utf-8")
    assert len(json.loads(text)) == 2
    for hidden in (SECRET, "Ada", ADA):
        assert hidden not in text
    assert [item.name for item in (tmp_path / STATE_FILE).parent.iterdir()] == ["alerts.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"null"])
def test_a_damaged_state_repeats_rather_than_hides(chat: Any, tmp_path: Path, content: bytes) -> None:
    for _ in range(2):
        tell(tmp_path, failures("a"), [Webhook(chat.url)])
    (tmp_path / STATE_FILE).write_bytes(content)
    for _ in range(2):
        tell(tmp_path, failures("a"), [Webhook(chat.url)])
    assert len(chat.came) == 2


def test_a_state_that_cannot_be_kept(chat: Any, tmp_path: Path) -> None:
    (tmp_path / ".revalign").write_text("a file in the way")
    with pytest.raises(StoreError) as caught:
        tell(tmp_path, failures("a"), [Webhook(chat.url)])
    assert caught.value.code == "REV-804"
    assert len(chat.came) == 1


# --- the settings -----------------------------------------------------------------------------------------------------


def test_channels_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "https://hooks.example/secret")
    monkeypatch.delenv("MAIL", raising=False)
    channels, [problem] = channels_of(Alerts("$env:HOOK", (ADA,), "$env:MAIL"))
    assert channels == [Webhook("https://hooks.example/secret")]
    assert "secret" not in repr(channels)
    assert (problem.code, "MAIL" in str(problem)) == ("REV-304", True)
    assert channels_of(Alerts()) == ([], [])


def test_a_test_message_says_who_was_reached_and_is_not_remembered(chat: Any, post: Any) -> None:
    post.refused = {BOB: "550 no"}
    found = try_channels([Webhook(chat.url), mail(post, ADA, BOB)], "Ada Ltd")
    assert [(name, error.code if error else "") for name, error in found] == [
        ("webhook 127.0.0.1", ""), (f"mail to {ADA}", ""), (f"mail to {BOB}", "REV-506"),
    ]  # fmt: skip
    assert chat.texts[0].startswith("Revalign, Ada Ltd: a test\n")
