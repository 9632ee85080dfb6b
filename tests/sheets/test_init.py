"""Connecting a spreadsheet: what is in the way, the section of the settings, the commands init and login."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from revalign_udf.cli import main
from revalign_udf.cli.sheets.section import section_text
from revalign_udf.config import SheetSettings, load
from revalign_udf.errors import ConfigError
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import Retry, SheetTarget
from revalign_udf.sheets.access import Access, check_access

from .test_auth import Memory, ring, visit

__all__ = ["ring"]

SETTINGS = """\
# Ours. Do not touch.
[company]
name = "Ünïcode"   # with a comment

# [sheets.board]
[workbooks]
reports = [ "saas_metrics", ]
"""
NOW = Retry(sleep=lambda _: None)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "revalign.toml").write_text(SETTINGS, encoding="utf-8")
    return folder


Command = Callable[..., Result]


@pytest.fixture
def revalign(project: Path) -> Command:
    def run(*arguments: object, code: int = 0) -> Result:
        done = CliRunner().invoke(main, [*map(str, arguments), "--project", str(project)])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    return run


@pytest.fixture
def target(server: LocalSheets, book_key: str) -> SheetTarget:
    return SheetTarget("board", book_key, server.key_file, server.base_url)


def options(server: LocalSheets) -> tuple[object, ...]:
    return ("--key-file", server.key_file, "--base-url", server.base_url)


# --- access ----------------------------------------------------------------------------------------------------------


def test_a_check_proves_that_one_can_write_and_leaves_nothing(server: LocalSheets, target: SheetTarget) -> None:
    found = check_access(target)
    assert (found.ok, found.title, found.tabs, found.why) == (True, "Metrics", ("Sheet1",), "")
    assert (found.account, found.key) == (server.account.email, target.key)
    assert (len(server.reads()), [call.kinds for call in server.writes()]) == (
        1,
        [("createDeveloperMetadata", "deleteDeveloperMetadata")],
    )
    assert server.book(target.key).metadata == []


def test_what_is_in_the_way(server: LocalSheets, target: SheetTarget) -> None:
    def why(key: str = target.key, **changes: Any) -> Access:
        made: dict[str, Any] = {"key_file": server.key_file, "base_url": server.base_url} | changes
        found = check_access(SheetTarget("board", key, **made), retry=NOW)
        assert not found.ok
        assert found.message
        assert found.hint
        return found

    assert why("My board").why == "address"
    assert why(key_file=server.folder / "none.json").why == "key_file"
    assert why("there-is-none").why == "missing"
    closed = why(server.create("Private", shared=False))
    assert (closed.why, closed.share_with, closed.account) == ("not_shared", server.account.email, server.account.email)
    server.share(target.key, "reader")
    shut = why()
    assert (shut.why, shut.share_with) == ("read_only", server.account.email)
    server.share(target.key)
    server.api_enabled = False
    assert why().why == "api_off"
    server.api_enabled = True
    server.faults.add("GET /v4/", status=503, times=99)
    busy = why()
    assert (busy.why, busy.code) == ("busy", "REV-505")
    server.faults.clear()
    assert why(base_url="http://sheets.example").why == "address"
    assert check_access(target).ok


def protect(server: LocalSheets, key: str, **area: int) -> None:
    """The owner protects a part of a tab against all others."""
    book = server.book(key)
    book.protected.append(
        {"protectedRangeId": 7, "range": {"sheetId": 0, **area}, "editors": {"users": [server.person]}}
    )


def test_a_protected_tab_is_a_note_unless_it_is_ours(server: LocalSheets, target: SheetTarget) -> None:
    protect(server, target.key, startRowIndex=3, endRowIndex=5)
    found = check_access(target)
    assert found.ok
    assert found.notes == (
        f'A part of the tab "Sheet1" is protected against {server.account.email}; the sync cannot write there.',
    )
    server.book(target.key).protected.clear()
    protect(server, target.key)
    assert check_access(target).ok
    server.book(target.key).metadata.append(
        {
            "metadataId": 5,
            "metadataKey": "revalign.tab",
            "metadataValue": "{}",
            "location": {"locationType": "SHEET", "sheetId": 0},
            "visibility": "DOCUMENT",
        }
    )
    shut = check_access(target)
    assert (shut.why, '"Sheet1"' in shut.message, shut.share_with) == ("protected", True, server.account.email)


# --- init ------------------------------------------------------------------------------------------------------------


def test_init_adds_a_section_and_leaves_every_other_byte(
    server: LocalSheets, book_key: str, project: Path, revalign: Command
) -> None:
    done = revalign("sheets", "init", book_key, *options(server))
    text = (project / "revalign.toml").read_text(encoding="utf-8")
    assert text == (
        f'{SETTINGS}\n[sheets.board]\nkey = "{book_key}"\nlayout = "saas_metrics"\nkey_file = "{server.key_file}"\n'
        f'base_url = "{server.base_url}"\n'
    )
    assert '"Metrics" can be read and written' in done.output
    assert "revalign sheets plan board" in done.output
    titles = [sheet.title for sheet in server.book(book_key).sheets]
    assert titles[0] == "Sheet1"
    assert f"New tabs: {', '.join(titles[1:])}" in done.output
    assert len(titles) > 1
    again = json.loads(revalign("sheets", "init", book_key, "--json").stdout)
    assert (again["status"], again["section"], again["tabs_made"]) == ("ok", "there", [])
    assert [sheet.title for sheet in server.book(book_key).sheets] == titles
    assert (project / "revalign.toml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "before",
    [b"", b"[company]\r\nname = 'A'\r\n", b"\xef\xbb\xbf[company]\nname = 'A'", b"[sheets.other]\nkey = 'x'\n\n"],
)
def test_every_form_of_settings_keeps_its_form(
    server: LocalSheets, book_key: str, project: Path, revalign: Command, before: bytes
) -> None:
    path = project / "revalign.toml"
    path.write_bytes(before)
    path.chmod(0o640)
    revalign("sheets", "init", book_key, "--name", "all", *options(server))
    after = path.read_bytes()
    assert after.startswith(before)
    assert (b"\r\n" in after) == (b"\r\n" in before)
    assert after.count(b"\n") == after.count(b"\r\n") or b"\r\n" not in before
    assert path.stat().st_mode & 0o777 == 0o640
    assert load(project).sheets["all"].key == book_key


def test_settings_that_take_no_section_stay_as_they_are(
    server: LocalSheets, book_key: str, project: Path, revalign: Command
) -> None:
    path = project / "revalign.toml"
    path.write_text('sheets = { other = { key = "x" } }\n')
    done = revalign("sheets", "init", book_key, *options(server), code=2)
    assert f'key = "{book_key}"' in done.output  # the lines to add by hand
    assert path.read_text() == 'sheets = { other = { key = "x" } }\n'


def test_a_section_that_says_something_else_is_shown_and_kept(
    server: LocalSheets, book_key: str, project: Path, revalign: Command
) -> None:
    path = project / "revalign.toml"
    path.write_text('[sheets.board]\nkey = "other"\nmax_delete = 0.1\n')
    done = revalign("sheets", "init", book_key, *options(server), code=2)
    assert "key = " in done.output
    assert f'key_file = "{server.key_file}"' in done.output
    path.write_text(f'[sheets.board]\nkey = "{book_key}"\nkey_file = "{server.key_file}"\nlayout = "board_pack"\n')
    revalign("sheets", "init", book_key, "--layout", "saas_metrics", *options(server), code=2)
    assert "board_pack" in path.read_text()


def test_not_shared_prints_the_address_alone_on_its_line(server: LocalSheets, project: Path, revalign: Command) -> None:
    key = server.create("Private", shared=False)
    done = revalign("sheets", "init", key, *options(server), code=1)
    assert done.stdout == f"{server.account.email}\n"
    assert "share it as Editor" in done.stderr
    found = json.loads(revalign("sheets", "init", key, *options(server), "--json", code=1).stdout)
    assert (found["status"], found["why"], found["share_with"]) == ("refused", "not_shared", server.account.email)
    assert (project / "revalign.toml").read_text(encoding="utf-8") == SETTINGS


def test_names_and_layouts_are_checked_first(
    server: LocalSheets, book_key: str, project: Path, revalign: Command
) -> None:
    assert "--name" in revalign("sheets", "init", book_key, "--name", "a.b", *options(server), code=2).stderr
    assert (
        "saas_metrics"
        in revalign("sheets", "init", book_key, "--layout", "sas_metrics", *options(server), code=2).stderr
    )
    assert "address" in revalign("sheets", "init", "My board", *options(server), code=1).stderr
    assert server.calls == []
    assert (project / "revalign.toml").read_text(encoding="utf-8") == SETTINGS


def test_a_relative_key_file_is_written_from_the_project(
    server: LocalSheets, book_key: str, project: Path, revalign: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = project.parent / "secrets"
    secrets.mkdir()
    server.account.write_key(secrets, server.base_url)
    monkeypatch.chdir(secrets)
    revalign("sheets", "init", book_key, "--key-file", "service-account.json", "--base-url", server.base_url)
    assert load(project).sheets["board"].key_file == "../secrets/service-account.json"


def test_the_section_as_it_is_written() -> None:
    made = section_text(
        SheetSettings("b", "https://docs.google.com/spreadsheets/d/K_1/edit#gid=3", key_file='C:\\a "b"')
    )
    assert made == (
        '[sheets.b]\nurl = "https://docs.google.com/spreadsheets/d/K_1/edit"\nlayout = "saas_metrics"\n'
        'key_file = "C:\\\\a \\"b\\""\n'
    )


# --- login -----------------------------------------------------------------------------------------------------------


def test_login_and_forget(
    server: LocalSheets, book_key: str, project: Path, revalign: Command, ring: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.oauth.consent = "allow"
    monkeypatch.setattr("revalign_udf.sheets.login.webbrowser.open", lambda address, new: visit(address))
    path = server.oauth_client_file()
    section = f'key = "{book_key}"\nclient_file = "{path}"\nbase_url = "{server.base_url}"\n'
    (project / "revalign.toml").write_text(f"[sheets.board]\n{section}[sheets.team]\n{section}")
    refused = revalign("sheets", "init", book_key, code=1)
    assert "revalign sheets login board" in refused.stderr
    assert "Signed in for board, team" in revalign("sheets", "login").output
    assert len(set(ring.kept.values())) == 1  # one visit to the browser
    assert len(ring.kept) == 2
    revalign("sheets", "init", book_key)
    assert "Signed out: team." in revalign("sheets", "login", "team", "--forget").output
    assert "Nobody was signed in" in revalign("sheets", "login", "team", "--forget").output
    (project / "revalign.toml").write_text(f'[sheets.board]\nkey = "{book_key}"\nkey_file = "x"\n')
    assert "a key or this place does" in revalign("sheets", "login", code=2).stderr


def test_login_without_a_browser_prints_the_address_alone(
    server: LocalSheets, book_key: str, project: Path, revalign: Command, ring: Memory
) -> None:
    path = server.oauth_client_file()
    (project / "revalign.toml").write_text(f'[sheets.board]\nkey = "{book_key}"\nclient_file = "{path}"\n')
    done = revalign("sheets", "login", "--no-browser", "--patience", 0, code=1)
    [address] = done.stdout.splitlines()
    assert address.startswith(f"{server.base_url}/o/oauth2/v2/auth?")
    assert "Allow access?" in requests.get(address, timeout=10).text
    assert ring.kept == {}


# --- settings and doctor ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "code", "text"),
    [
        ('auth = "oath"', "REV-305", "Did you mean oauth?"),
        ('auth = "oauth"', "REV-302", "client_file"),
        ('client_file = "a"\nkey_file = "b"', "REV-302", "Keep the one"),
        ('client_file = "a"\nauth = "adc"', "REV-302", 'auth = "oauth"'),
        ('subject = "a@b"\nauth = "adc"', "REV-302", "subject"),
        ("max_delete = 1.5", "REV-305", "share from 0 to 1"),
        ("max_delete = true", "REV-305", "a number"),
        ("tabs = [1]", "REV-305", "list of names"),
        ('tabs = "overview"', "REV-305", "list of names"),
        ('keyfile = "a"', "REV-302", "Did you mean sheets.board.key_file?"),
        ('key_file = "-----BEGIN PRIVATE KEY-----"', "REV-303", "path of the file"),
        ('key_file = \'{"type": "service_account"}\'', "REV-303", "path of the file"),
    ],
)
def test_settings_that_make_no_sense(project: Path, lines: str, code: str, text: str) -> None:
    (project / "revalign.toml").write_text(f'[sheets.board]\nkey = "K"\n{lines}\n')
    with pytest.raises(ConfigError) as caught:
        load(project)
    assert caught.value.code == code
    assert text in str(caught.value)


def test_settings(project: Path) -> None:
    (project / "revalign.toml").write_text(
        '[sheets.board]\nkey = "K"\nkey_file = "a"\nsubject = "a@b"\nmax_delete = 1\ntabs = ["overview"]\n'
        '[sheets.mine]\nurl = "https://docs.google.com/spreadsheets/d/K/edit"\nclient_file = "c"\n'
    )
    board, mine = load(project).sheets.values()
    assert (board.sign_in, board.max_delete, board.tabs, board.subject) == ("service_account", 1, ("overview",), "a@b")
    assert (mine.sign_in, mine.max_delete, mine.tabs) == ("oauth", 0.3, ())


def test_doctor_says_what_is_wrong_with_each_sheet(
    server: LocalSheets, book_key: str, project: Path, revalign: Command
) -> None:
    other = server.create("Private", shared=False)
    more = f'key_file = "{server.key_file}"\nbase_url = "{server.base_url}"\n'
    (project / "revalign.toml").write_text(f'[sheets.a]\nkey = "{book_key}"\n{more}[sheets.b]\nkey = "{other}"\n{more}')
    found = {item["area"]: item for item in json.loads(revalign("doctor", "--json", code=1).stdout)["findings"]}
    assert (found["sheet a"]["state"], "Metrics" in found["sheet a"]["text"]) == ("ok", True)
    assert (found["sheet b"]["state"], server.account.email in found["sheet b"]["text"]) == ("problem", True)
    assert "[source.NAME]" in revalign("doctor", code=1).stdout
