"""What a person sees who gets it wrong: exit code, coded message, what to do, and nothing lost."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from revalign_udf.cli import main

SOURCE = '[source.files]\nconnector = "csv"\npath = "data"\ncomplete_through = "2026-03-31"\n'
SUBSCRIPTION = "id,org_id,started_at\ns1,A,2026-01-01\ns2,B,2026-01-15\n"
ITEM = "id,subscription_id,valid_from,amount,interval\n1,s1,2026-01-01,100,month\n2,s2,2026-01-15,50,month\n"


@dataclass
class Shell:
    """A project folder and the command line on it."""

    folder: Path

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> Result:
        done = CliRunner().invoke(main, [*arguments, "--project", str(self.folder)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    def fails(self, *arguments: str, code: int, says: tuple[str, ...]) -> str:
        done = self.run(*arguments)
        text = " ".join((done.stdout + done.stderr).split())
        assert done.exit_code == code, text
        for part in says:
            assert part in text, text
        return text

    def ask(self, *arguments: str, code: int = 0) -> Any:
        done = self.run(*arguments, "--json")
        assert done.exit_code == code, done.stdout + done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    found = Shell(tmp_path)
    found.write("revalign.toml", SOURCE)
    found.write("data/subscription.csv", SUBSCRIPTION)
    found.write("data/subscription_item_period.csv", ITEM)
    return found


def test_a_missing_file(shell: Shell) -> None:
    shell.write("revalign.toml", SOURCE.replace('"data"', '"nowhere"'))
    shell.fails("pull", code=1, says=("REV-501", "nowhere", "path"))


def test_a_missing_required_column_stops_that_table_only(shell: Shell) -> None:
    shell.write("data/subscription_item_period.csv", ITEM.replace("subscription_id", "subscription"))
    text = shell.fails("pull", code=1, says=("REV-502", "subscription_id", "id, subscription, valid_from"))
    assert "subscription.csv lacks" not in text
    assert shell.ask("pull", code=1)[0]["read"] == 0  # the good table was loaded the first time


def test_wrong_types_go_to_the_rejects_with_file_line_column_value_and_reason(shell: Shell) -> None:
    shell.write("data/subscription_item_period.csv", ITEM + "3,s1,2026-02-31,ten,monthly\n4,s1,2026-02-01,5,month\n")
    [report] = shell.ask("pull")
    assert (report["read"], report["rejected"]) == (6, 1)
    assert [(r["file"], r["line"], r["column"], r["value"], r["code"]) for r in report["rejects"]] == [
        ("subscription_item_period.csv", 4, column, value, "REV-503")
        for column, value in (("valid_from", "2026-02-31"), ("amount", "ten"), ("interval", "monthly"))
    ]
    assert "month, quarter" in report["rejects"][2]["reason"]
    assert shell.run("pull", "--strict").exit_code == 0  # nothing new was refused
    assert any(item["area"] == "refused row" for item in shell.ask("doctor", code=1)["findings"])
    shell.run("build")
    assert shell.ask("metric", "mrr", "2026-02")["value"] == 155


def test_strict_pull_fails_on_a_refused_row(shell: Shell) -> None:
    shell.write("data/subscription.csv", SUBSCRIPTION + "s3,,2026-01-01\n")
    shell.fails("pull", "--strict", code=1, says=("REV-503", "subscription.csv:4", "org_id"))


def test_duplicate_keys_keep_the_first_and_say_so(shell: Shell) -> None:
    shell.write("data/subscription_item_period.csv", ITEM + "2,s2,2026-01-15,7777,month\n")
    [report] = shell.ask("pull")
    assert [(r["line"], r["code"]) for r in report["rejects"]] == [(4, "REV-504")]
    assert "line 3" in report["rejects"][0]["reason"]
    shell.run("build")
    assert shell.ask("metric", "mrr", "2026-01")["value"] == 150


def test_unknown_names(shell: Shell) -> None:
    assert shell.run("run").exit_code == 0
    shell.fails("metric", "mmr", "2026-01", code=2, says=("REV-101", "Did you mean mrr?"))
    shell.fails("metric", "mrr", "2026-1", code=2, says=("REV-101", "2026-09"))
    shell.fails("metric", "mrr", "2026-01", "--where", "segment=SMB", code=2, says=("REV-101", "segment"))


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("[company\n", 2, ("REV-301", "line 1")),
        ('[company]\ncurency = "EUR"\n', 2, ("REV-302", "company.curency", "Did you mean company.currency?")),
        ('[company]\ncurrency = "euro"\n', 2, ("REV-305", "ISO 4217")),
        ('[company]\ntime_zone = "Mars/Olympus"\n', 2, ("REV-305", "time_zone")),
        ('[source.x]\npath = "data"\n', 2, ("REV-302", "connector")),
        ('[source.x]\nconnector = "csv"\npath = "data"\ndelimeter = ";"\n', 1, ("REV-302", "delimeter")),
        ('[source.x]\nconnector = "cvs"\npath = "data"\n', 1, ("REV-603", "Did you mean csv?")),
        ('[source.x]\nconnector = "csv"\napi_key = "abcdef123456"\n', 2, ("REV-303", "$env:")),
        ('[source.x]\nconnector = "csv"\npath = "$env:NOT_SET_ANYWHERE"\n', 1, ("REV-304", "NOT_SET_ANYWHERE")),
    ],
)
def test_settings(shell: Shell, text: str, code: int, says: tuple[str, ...]) -> None:
    shell.write("revalign.toml", text)
    shown = shell.fails("pull", code=code, says=says)
    assert "abcdef123456" not in shown


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"broken": "raise RuntimeError('boom')\n"}, ("REV-601", "boom")),
        ({"broken": "import sys\nsys.exit(3)\n"}, ("REV-601", "SystemExit")),
        ({"broken": "def (:\n"}, ("REV-601", "SyntaxError")),
        ({"csv": "x = 1\n"}, ("REV-602", "Two plugins are named", "csv.py")),
    ],
)
def test_plugins_that_fail_are_named_and_the_rest_runs(
    shell: Shell, files: dict[str, str], says: tuple[str, ...]
) -> None:
    for name, text in files.items():
        shell.write(f"plugins/{name}.py", text)
    shell.write(
        "revalign.toml", f"[plugins]\nenabled = {json.dumps(list(files))}\n{SOURCE.replace('csv', 'sample', 1)}"
    )
    done = shell.run("plugins", "list")
    text = " ".join(done.stdout.split())
    assert done.exit_code == 0
    assert all(part in text for part in says), text
    states = {item["name"]: item["state"] for item in shell.ask("plugins", "list")}
    assert states["sample"] == "enabled"
    assert states[next(iter(files))] == "broken"


def test_an_empty_source_gives_no_number_with_a_reason(shell: Shell) -> None:
    shell.write("data/subscription_item_period.csv", ITEM.splitlines()[0] + "\n")
    assert shell.run("run").exit_code == 0
    found = shell.ask("metric", "mrr", "2026-01")
    assert (found["value"], found["status"]) == (None, "REV-201")
    assert "subscription_item_period" in found["message"]


def test_before_anything_was_published(shell: Shell) -> None:
    shell.fails("metric", "mrr", "2026-01", code=1, says=("REV-205", "revalign run"))
    shell.fails("build", code=1, says=("REV-205", "revalign pull"))


def test_a_damaged_snapshot(shell: Shell) -> None:
    shell.run("run")
    [folder] = [item for item in (shell.folder / ".revalign" / "snapshots").iterdir() if item.is_dir()]
    with (folder / "movement.parquet").open("r+b") as file:
        file.truncate(100)
    shell.fails("metric", "mrr", "2026-01", code=1, says=("REV-207", "movement.parquet", "revalign build"))


AS_SOMEBODY = """
import os, sys
from revalign_udf.cli import main
# everything is imported while the interpreter's own folder can still be read
try:
    main(["run", "--project", sys.argv[1]])
except SystemExit:
    pass
os.setgid(65534)
os.setuid(65534)
main(["pull", "--project", sys.argv[2]])
"""


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can become somebody else who may not write the folder"
)
def test_a_read_only_folder(shell: Shell) -> None:
    # a folder of its own: the way to pytest's is closed to others
    with tempfile.TemporaryDirectory() as name:
        locked = Shell(Path(name))
        locked.write("revalign.toml", SOURCE)
        locked.write("data/subscription.csv", SUBSCRIPTION)
        locked.folder.chmod(0o555)
        command = [sys.executable, "-c", AS_SOMEBODY, str(shell.folder), name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "REV-804" in done.stderr
        assert "writable" in done.stderr
        assert not (locked.folder / ".revalign").exists()
