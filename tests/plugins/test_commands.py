"""plugins new, check, install, list: a plugin from its first line to a pinned file in a project."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command import command

from revalign_udf.config import load
from revalign_udf.jobs import build, pull
from revalign_udf.jobs.steps import plugins_of
from revalign_udf.query import Query
from revalign_udf.testing import drop_in

REPORT = '''
import click, subprocess
from revalign_udf.hookspecs import hookimpl

@click.command("report-show")
def show():
    """Show it."""

@hookimpl
def register_commands():
    open(__file__ + ".ran", "w").close()
    return [show]
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "revalign.toml").write_text('# ours\n[company]\ncurrency = "EUR"  # since 2020\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path


def revalign(*words: object) -> subprocess.CompletedProcess[str]:
    return command(*words)


def asked(*words: object) -> Any:
    return json.loads(revalign(*words, "--json").stdout)


# new and check


def test_a_new_connector_keeps_every_rule_and_works(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = asked("plugins", "new", "blue_sky")["files"]
    assert files == [
        "plugins/blue_sky.py", "plugins/tests/vendor_blue_sky.py", "plugins/tests/states/v1_blue_sky.json",
        "plugins/tests/test_blue_sky.py",
    ]  # fmt: skip
    text = "".join((project / name).read_text(encoding="utf-8") for name in files)
    assert "acme" not in text.lower()
    assert "class BlueSkyConnector" in text
    found = asked("plugins", "check", "plugins/blue_sky.py")
    assert [rule for rule in found["rules"] if rule["status"] == "fail"] == []
    assert len([rule for rule in found["rules"] if rule["status"] == "pass"]) > 35
    assert asked("plugins", "install", "plugins/blue_sky.py", "--yes")["problems"] == []
    vendor = drop_in(project / "plugins" / "tests" / "vendor_blue_sky.py").BlueSkyVendor()
    monkeypatch.setenv("BLUE_SKY_KEY", vendor.settings()["api_key"])
    with (project / "revalign.toml").open("a", encoding="utf-8") as settings:
        settings.write(
            f'[source.sky]\nconnector = "blue_sky"\napi_key = "$env:BLUE_SKY_KEY"\nbase_url = "{vendor.api.base_url}"\n'
        )
    with vendor:
        vendor.fill(3)
        pull(load(project))
    build(load(project))
    query = Query(load(project).snapshots)
    assert query.metric("orders", "2026-01").value == 3
    assert query.metric("blue_sky.orders_per_customer", "2026-01").metric == "blue_sky.orders_per_customer"
    query.close()


@pytest.mark.parametrize("kind", ["metric", "command"])
def test_a_new_plugin_of_another_kind_loads(project: Path, kind: str) -> None:
    revalign("plugins", "new", "own", "--kind", kind)
    found = asked("plugins", "check", "plugins/own.py")
    assert (found["ok"], [rule["status"] for rule in found["rules"]]) == (True, ["pass"])


def test_a_new_package_is_one(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tomllib

    revalign("plugins", "new", "own", "--package")
    root = project / "revalign-own"
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["entry-points"]["revalign_udf"] == {"own": "revalign_own"}
    monkeypatch.syspath_prepend(root)
    vendor = drop_in(root / "tests" / "vendor_own.py").OwnVendor
    assert vendor.connector.spec.name == "own"
    assert vendor.connector.__module__ == "revalign_own"
    del sys.modules["revalign_own"]


def test_new_overwrites_nothing_and_refuses_odd_names(project: Path) -> None:
    revalign("plugins", "new", "own", "--kind", "metric")
    done = revalign("plugins", "new", "own")
    assert (done.returncode, "already" in done.stderr) == (2, True)
    assert revalign("plugins", "new", "Own-1").returncode == 2


def test_check_tells_each_broken_rule_and_ends_with_1(project: Path) -> None:
    revalign("plugins", "new", "own")
    path = project / "plugins" / "own.py"
    text = path.read_text(encoding="utf-8")
    # deletions are asked for and then forgotten
    path.write_text(
        text.replace('yield Tombstones("sales_order", [', 'yield Tombstones("sales_order", [][:0] and ['), "utf-8"
    )
    done = revalign("plugins", "check", path)
    assert done.returncode == 1
    assert "fail: test_deleted_is_a_tombstone" in done.stdout
    assert "is still live" in done.stdout
    assert "1 broken" in done.stdout


def test_check_without_a_vendor_says_that_nothing_was_proved(project: Path) -> None:
    revalign("plugins", "new", "own")
    shutil.rmtree(project / "plugins" / "tests")
    found = asked("plugins", "check", "plugins/own.py")
    assert found["ok"]
    assert found["rules"][-1]["status"] == "skip"
    assert "tests/vendor_own.py" in found["rules"][-1]["text"]


def test_check_of_what_does_not_load(project: Path) -> None:
    (project / "bad.py").write_text("from revalign_udf.hookspecs import nothing\n", encoding="utf-8")
    found = asked("plugins", "check", "bad.py")
    assert not found["ok"]
    assert "REV-601" in found["rules"][0]["text"]
    assert revalign("plugins", "check", "nobody").returncode == 1
    (project / "worse.py").write_text("def (:\n", encoding="utf-8")
    assert "cannot be read" in revalign("plugins", "check", "worse.py").stderr


def test_check_of_a_packaged_plugin_by_name(project: Path) -> None:
    found = asked("plugins", "check", "sample")
    assert found["plugin"] == "sample"
    assert found["ok"], found


# install, pins, list


def test_install_shows_before_it_runs_anything(project: Path, tmp_path: Path) -> None:
    source = tmp_path / "elsewhere" / "report.py"
    source.parent.mkdir()
    source.write_text(REPORT, encoding="utf-8")
    done = revalign("plugins", "install", source)
    assert "click, subprocess" in done.stdout, "what it reaches for is shown"
    assert "register_commands" in done.stdout
    assert "sha256:" in done.stdout
    assert done.returncode == 1, "nobody said yes"
    assert not (project / "plugins" / "report.py").exists()
    assert not list(tmp_path.rglob("*.ran")), "nothing of it was run"
    assert revalign("plugins", "install", source, "--yes").returncode == 0
    assert list(tmp_path.rglob("*.ran"))
    text = (project / "revalign.toml").read_text(encoding="utf-8")
    assert text.startswith('# ours\n[company]\ncurrency = "EUR"  # since 2020\n')
    assert load(project).plugins.enabled == ("report",)


def test_a_pinned_file_that_changed_does_not_run_and_says_what_to_do(project: Path) -> None:
    revalign("plugins", "new", "own", "--kind", "metric")
    path = project / "plugins" / "own.py"
    revalign("plugins", "install", path, "--pin", "--yes")
    assert plugins_of(load(project)).problems == []
    path.write_text(path.read_text(encoding="utf-8") + "\nopen('ran', 'w').close()\n", encoding="utf-8")
    (problem,) = plugins_of(load(project)).problems
    assert problem.code == "REV-605"
    assert "--pin" in problem.hint
    assert not (project / "ran").exists()
    assert "REV-605" in revalign("plugins", "list").stdout
    # installing it again accepts the change, and keeps it pinned without being asked
    revalign("plugins", "install", path, "--yes")
    assert plugins_of(load(project)).problems == []
    assert (project / "ran").exists()


def test_an_older_file_is_kept_beside_the_new_one(project: Path, tmp_path: Path) -> None:
    source = tmp_path / "elsewhere" / "report.py"
    source.parent.mkdir()
    for text in ("# one", "# two"):
        source.write_text(text + REPORT, encoding="utf-8")
        revalign("plugins", "install", source, "--yes")
    assert (project / "plugins" / "report.py").read_text(encoding="utf-8").startswith("# two")
    assert (project / "plugins" / "report.py.before").read_text(encoding="utf-8").startswith("# one")


def test_what_is_no_plugin_is_not_installed(project: Path, tmp_path: Path) -> None:
    for name, text in (("plain.py", "x = 1\n"), ("two words.py", REPORT)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert revalign("plugins", "install", tmp_path / name, "--yes").returncode == 1
    assert load(project).plugins.enabled == ()


def test_list_shows_settings_and_scopes_of_one(project: Path) -> None:
    revalign("plugins", "new", "own")
    revalign("plugins", "install", "plugins/own.py", "--yes")
    done = revalign("plugins", "list", "own")
    assert "grant at the vendor's: orders:read" in done.stdout
    assert "api_key (secret, required)" in done.stdout
    assert "revalign-csv" not in done.stdout
    (found,) = asked("plugins", "list", "own")
    assert [item["name"] for item in found["details"][0]["settings"] if item["secret"]] == ["api_key"]
    assert "details" not in asked("plugins", "list")[0]
    done = revalign("plugins", "list", "owm")
    assert "Did you mean own?" in done.stderr
