"""[schedule] and [alerts]: what is refused, and what a plan means."""

from datetime import time
from pathlib import Path

import pytest

from revalign_udf.config import Alerts, Project, Schedule, load
from revalign_udf.errors import ConfigError


def read(folder: Path, text: str) -> Project:
    (folder / "revalign.toml").write_text(text)
    return load(folder)


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("", Schedule()),
        ('every = "1h"', Schedule(60)),
        ('every = "60 M"', Schedule(60)),
        ('every = "90m"', Schedule(90)),
        ('every = "1d"', Schedule(1440)),
        ('at = ["18:00", "6:00", "18:00"]', Schedule(at=(time(6), time(18)))),
        ('at = "06:30"', Schedule(at=(time(6, 30),))),
        ("at = [06:30:00]", Schedule(at=(time(6, 30),))),
        ('every = "2h"\ndays = ["Friday", "mon"]', Schedule(120, days=(0, 4))),
    ],
)
def test_plans(tmp_path: Path, text: str, plan: Schedule) -> None:
    found = read(tmp_path, f"[schedule]\n{text}").schedule
    assert found == plan
    assert bool(found) == (text != "")


@pytest.mark.parametrize(
    ("text", "code", "shown"),
    [
        ('evry = "1h"', "REV-302", "schedule.every"),
        ("every = 60", "REV-305", "text"),
        ('every = "60"', "REV-305", "15m"),
        ('every = "0m"', "REV-305", "15m"),
        ('every = "-1h"', "REV-305", "15m"),
        ('every = "1.5h"', "REV-305", "15m"),
        ('every = "30s"', "REV-305", "minutes"),
        ('every = "7h"', "REV-305", "6h or 8h"),
        ('every = "50m"', "REV-305", "48m or 1h"),
        ('every = "2d"', "REV-305", "days ="),
        ('every = "1h"\nat = ["06:00"]', "REV-302", "Keep one"),
        ('days = ["mon"]', "REV-302", "every ="),
        ("at = []", "REV-305", "at least one"),
        ('every = "1h"\ndays = []', "REV-305", "at least one"),
        ('at = ["24:00"]', "REV-305", "07:00"),
        ('at = ["6:60"]', "REV-305", "07:00"),
        ('at = ["6"]', "REV-305", "07:00"),
        ('at = ["06:00:30"]', "REV-305", "07:00"),
        ("at = [06:00:30]", "REV-305", "07:00"),
        ("at = [6]", "REV-305", "07:00"),
        ('every = "1h"\ndays = ["mnday"]', "REV-305", "Did you mean monday"),
        ('every = "1h"\ndays = [1]', "REV-305", "mon, tue"),
    ],
)
def test_a_plan_that_means_nothing_is_refused(tmp_path: Path, text: str, code: str, shown: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"[schedule]\n{text}")
    assert caught.value.code == code
    assert shown in str(caught.value)


def test_alerts(tmp_path: Path) -> None:
    text = (
        '[alerts]\nwebhook = "$env:HOOK"\nemail = ["a@example.com", "a@example.com"]\nsmtp = "$env:MAIL"\n'
        'from = "r@example.com"\non = "breach"\n'
    )
    assert read(tmp_path, text).alerts == Alerts(
        "$env:HOOK", ("a@example.com",), "$env:MAIL", "r@example.com", ("breach",)
    )
    assert read(tmp_path, "").alerts == Alerts("", (), "", "", ("failure", "breach", "guard"))
    assert read(tmp_path, '[alerts]\nemail = "a@example.com"\nsmtp = "smtp://localhost:25"').alerts.email == (
        "a@example.com",
    )


@pytest.mark.parametrize(
    ("text", "code", "shown"),
    [
        ('email = ["a@example.com"]', "REV-302", "smtp ="),
        ('smtp = "$env:MAIL"', "REV-302", "email ="),
        ('from = "a@example.com"', "REV-302", "alerts.email"),
        ('email = ["a@example.com\\nBcc: x@example.com"]\nsmtp = "$env:M"', "REV-305", "alerts.email"),
        ('email = ["Ada <a@example.com>"]\nsmtp = "$env:M"', "REV-305", "alerts.email"),
        ('email = ["nobody"]\nsmtp = "$env:M"', "REV-305", "alerts.email"),
        ('email = ["a@example.com"]\nsmtp = "$env:M"\nfrom = "x"', "REV-305", "alerts.from"),
        ('on = ["failures"]', "REV-305", "Did you mean failure"),
        ('email = ["a@example.com"]\nsmtp = "smtps://u:pw@mail.example"', "REV-303", "$env:REVALIGN_SMTP"),
        ('mail = "x"', "REV-302", "alerts.email"),
    ],
)
def test_alerts_that_reach_nobody_are_refused(tmp_path: Path, text: str, code: str, shown: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"[alerts]\n{text}")
    assert caught.value.code == code
    assert shown in str(caught.value)
    assert "pw" not in str(caught.value)
