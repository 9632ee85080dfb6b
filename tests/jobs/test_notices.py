"""What people are told after a run: failures, agreements that are not kept, syncs that held back."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from beside import load as beside

from revalign_udf.alerts import Notice
from revalign_udf.config import load
from revalign_udf.jobs.notices import breaches, notice_of, tell_people
from revalign_udf.testing import project_of

ALIGNMENT = Path(__file__).parents[1] / "alignment"
HAND = beside(ALIGNMENT / "handed.py")
HEARD = beside(Path(__file__).parents[1] / "alerts" / "hearing.py")


@pytest.fixture
def chat() -> Iterator[Any]:
    with HEARD.chat() as found:
        yield found


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company on the last of March."""
    folder = tmp_path_factory.mktemp("handed")
    HAND.handed(folder).close()
    return folder


def texts(folder: Path) -> list[str]:
    found = breaches(load(folder))
    assert {notice.kind for notice in found} <= {"breach"}
    return [notice.text for notice in found]


def test_an_agreement_is_told_once_however_many_break_it(handed: Path) -> None:
    """On the last of March: overseas one of two in time, half is too little; complete: thirteen of fourteen."""
    found = texts(handed)
    [overseas] = [text for text in found if text.startswith("contact overseas")]
    assert "was not kept in 2026-03: 50.0% of the promised 100%" in overseas
    assert not any(text.startswith("contact (") and "not kept" in text for text in found), "five and one open of twelve"
    assert len(set(found)) == len(found)


def test_a_month_that_runs_is_judged_by_what_was_due_so_far(tmp_path: Path) -> None:
    """On 20 March nobody knows how the month ends; overseas the only one that was due came five hours late."""
    HAND.handed(tmp_path, through="2026-03-20").close()
    found = texts(tmp_path)
    assert "contact overseas (New_York to marketing) is below the promised 100% in 2026-03 so far" in found
    assert not any("contact (" in text for text in found), "three of six is the half that is promised"
    assert not any("goal of" in text for text in found), "an amount may still come"


def test_the_words_stay_the_same_from_day_to_day(handed: Path, tmp_path: Path) -> None:
    """In April the promise of March stands as it was judged, and nothing in its words counts days."""
    HAND.handed(tmp_path, through="2026-04-01").close()
    [before] = [text for text in texts(handed) if text.startswith("contact overseas")]
    [after] = [text for text in texts(tmp_path) if text.startswith("contact overseas")]
    assert before == after


def test_a_project_without_agreements_breaks_none(tmp_path: Path) -> None:
    project_of(tmp_path, {"organization": "id name\nA Ada"}).close()
    assert texts(tmp_path) == []


def test_before_anything_is_published_nothing_is_broken(tmp_path: Path) -> None:
    (tmp_path / "revalign.toml").write_text("")
    assert texts(tmp_path) == []


def test_what_a_sync_refused_is_no_failure() -> None:
    assert notice_of("sheet board: REV-703 a person wrote here").kind == "guard"
    assert notice_of("sheet board: REV-706 40 % would go").kind == "guard"
    assert notice_of("sheet board: REV-702 not shared").kind == "failure"


@pytest.mark.parametrize(
    ("on", "shown"),
    [
        ("", ["crm: REV-506", "Agreement contact overseas", "Held back: sheet b: A1"]),
        ('on = ["failure"]', ["crm: REV-506"]),
        ('on = ["breach"]', ["Agreement contact overseas"]),
        ('on = ["guard"]', ["Held back: sheet b: A1"]),
    ],
)
def test_only_what_was_asked_for_is_told(handed: Path, tmp_path: Path, chat: Any, on: str, shown: list[str]) -> None:
    shutil.copytree(handed, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "revalign.toml"
    path.write_text(f'{path.read_text()}\n[alerts]\nwebhook = "{chat.url}"\n{on}\n')
    for _ in range(2):
        assert tell_people(load(tmp_path), ["crm: REV-506"], ["sheet b: A1"]) == []
    [text] = chat.texts
    every = ["crm: REV-506", "Agreement contact overseas", "Held back: sheet b: A1"]
    assert [item for item in every if item in text] == shown


def test_a_channel_nobody_can_reach_is_one_more_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "revalign.toml").write_text('[alerts]\nwebhook = "$env:NOWHERE"\n')
    monkeypatch.delenv("NOWHERE", raising=False)
    [problem] = tell_people(load(tmp_path), ["a"])
    assert problem.startswith("alert: REV-304 alerts.webhook")
    assert Notice("failure", problem).line == problem
