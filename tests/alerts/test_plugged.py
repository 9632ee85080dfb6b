"""Channels that plugins bring: chosen by [alerts.NAME], given their settings, and never the end of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.alerts import Notice, channels_of, tell, try_channels
from revalign_udf.config import load
from revalign_udf.errors import ConfigError

SECRET = "hunter2hunter2"


class Pager:
    """Keeps what it is told."""

    name = "pager"

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.sent: list[tuple[str, list[str], dict[str, Any]]] = []

    def send(self, title: str, lines: Sequence[str], settings: Mapping[str, Any]) -> None:
        if self.fails:
            raise ValueError(self.fails)
        self.sent.append((title, list(lines), dict(settings)))


def settings(folder: Path, text: str) -> Path:
    (folder / "revalign.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_channel_is_chosen_by_name_and_gets_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER_TOKEN", SECRET)
    project = load(settings(tmp_path, '[alerts.pager]\ntoken = "$env:PAGER_TOKEN"\nroom = "finance"\n'))
    pager = Pager()
    channels, problems = channels_of(project.alerts, {"pager": pager})
    assert problems == []
    assert tell(tmp_path, [Notice("failure", "the pull failed")], channels) == []
    ((title, lines, given),) = pager.sent
    assert "1" in title
    assert any("the pull failed" in line for line in lines)
    assert given == {"token": SECRET, "room": "finance"}
    assert tell(tmp_path, [Notice("failure", "the pull failed")], channels) == []
    assert len(pager.sent) == 1, "nobody is told the same twice"


def test_a_channel_that_fails_is_named_and_shows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER_TOKEN", SECRET)
    project = load(settings(tmp_path, '[alerts.pager]\ntoken = "$env:PAGER_TOKEN"\n'))
    channels, _ = channels_of(project.alerts, {"pager": Pager(f"401 for {SECRET}")})
    ((name, error),) = try_channels(channels)
    assert name == "pager"
    assert "401 for ***" in str(error)
    assert SECRET not in str(error)


def test_a_channel_that_nobody_brings(tmp_path: Path) -> None:
    project = load(settings(tmp_path, "[alerts.pagr]\nroom = 'x'\n"))
    channels, [problem] = channels_of(project.alerts, {"pager": Pager()})
    assert channels == []
    assert isinstance(problem, ConfigError)
    assert "Did you mean pager?" in str(problem)
    _, [problem] = channels_of(project.alerts)
    assert "[plugins] enabled" in str(problem)


def test_a_secret_in_plain_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(settings(tmp_path, f"[alerts.pager]\ntoken = '{SECRET}'\n"))
    assert caught.value.code == "REV-303"
