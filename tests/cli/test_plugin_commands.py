"""Commands that plugins declare: only in a project that enables them, never in place of ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = '''
import click
from revalign_udf.hookspecs import hookimpl

@click.command("acme-report")
@click.argument("month")
def report(month):
    """What Acme wants to see."""
    click.echo(f"Acme in {month}")

@hookimpl
def register_commands():
    return [report]
'''


def revalign(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "revalign_udf.cli", *words],
        cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "acme.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "revalign.toml").write_text('[plugins]\nenabled = ["acme"]\n', encoding="utf-8")
    return tmp_path


def test_a_command_of_an_enabled_plugin_runs_and_is_listed(project: Path) -> None:
    done = revalign(project, "acme-report", "2026-09")
    assert (done.returncode, done.stdout.strip()) == (0, "Acme in 2026-09")
    assert "acme-report" in revalign(project, "--help").stdout
    assert "What Acme wants to see" in revalign(project, "acme-report", "--help").stdout


def test_a_plugin_that_is_not_enabled_has_no_command(project: Path) -> None:
    (project / "revalign.toml").write_text("[company]\n", encoding="utf-8")
    done = revalign(project, "acme-report", "2026-09")
    assert done.returncode == 2
    assert "There is no command 'acme-report'" in done.stderr
    assert "acme-report" not in revalign(project, "--help").stdout


def test_a_slip_in_its_name_is_recognized(project: Path) -> None:
    assert "Did you mean acme-report?" in revalign(project, "acme-reprt", "2026-09").stderr


def test_a_command_without_the_plugins_name_breaks_the_contract(project: Path) -> None:
    source = PLUGIN.replace('"acme-report"', '"pull"')
    (project / "plugins" / "acme.py").write_text(source, encoding="utf-8")
    done = revalign(project, "plugins", "list", "--json")
    assert "Name it acme-pull" in done.stdout
