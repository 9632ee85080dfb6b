"""Where reports are looked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from revalign_udf.errors import UnknownName
from revalign_udf.layout import available, find, packaged


def test_the_packaged_report_is_found_without_a_project() -> None:
    assert find("saas_metrics") == packaged() / "saas_metrics" / "layout.toml"
    assert "saas_metrics" in available()


def test_a_project_adds_and_hides(write: Callable[..., Path], tmp_path: Path) -> None:
    own = write(name="board")
    hiding = write(name="saas_metrics")
    assert find("board", tmp_path) == own
    assert find("saas_metrics", tmp_path) == hiding
    names = available(tmp_path)
    assert names == sorted(names)
    assert names.count("saas_metrics") == 1
    assert "board" in names


def test_a_project_without_reports_still_has_the_packaged_ones(tmp_path: Path) -> None:
    assert find("saas_metrics", tmp_path) == packaged() / "saas_metrics" / "layout.toml"


def test_a_typo_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r'REV-101 Unknown report "sas_metrics".*Did you mean saas_metrics'):
        find("sas_metrics", tmp_path)


@pytest.mark.parametrize("name", ["../saas_metrics", "saas_metrics/../saas_metrics", "", ".", "/etc"])
def test_a_name_is_never_a_path(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        find(name, tmp_path)


def test_a_wheel_carries_its_reports_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "revalign_udf"
    (package / "layout").mkdir(parents=True)
    (package / "_data" / "workbooks" / "inside").mkdir(parents=True)
    (package / "_data" / "workbooks" / "inside" / "layout.toml").touch()
    monkeypatch.setattr(sys.modules[find.__module__], "__file__", str(package / "layout" / "find.py"))
    assert packaged() == package / "_data" / "workbooks"
    assert available() == ["inside"]
