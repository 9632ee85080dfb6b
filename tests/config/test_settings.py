"""revalign.toml: every error with its code and what to write instead."""

import sys
from datetime import date
from pathlib import Path

import pytest

from revalign_udf.config import Project, load, looks_secret, resolve
from revalign_udf.errors import ConfigError
from revalign_udf.periods import Calendar

SOURCE = '[source.files]\nconnector = "csv"\npath = "data"\n'


def read(folder: Path, text: str | bytes) -> Project:
    (folder / "revalign.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(folder)


@pytest.mark.parametrize(
    ("text", "code", "shown"),
    [
        ("[company\nname = 'x'", "REV-301", "line 1"),
        (b"\xff\xfe\x00", "REV-301", "cannot be read"),
        ("[compani]\nname = 'x'", "REV-302", "company"),
        ("[company]\ncurency = 'EUR'", "REV-302", "company.currency"),
        ("[snapshots]\nkept = 3", "REV-302", "snapshots.keep"),
        ("[source.files]\npath = 'data'", "REV-302", "connector"),
        ("[sheets.board]\nlayout = 'x'", "REV-302", "spreadsheet"),
        ("[sheets.board]\nurl = 'x'\nlayuot = 'x'", "REV-302", "sheets.board.layout"),
        ("company = 3", "REV-305", "[company]"),
        ("source = 3", "REV-305", "[source]"),
        ("[source]\nfiles = 3", "REV-305", "[source.files]"),
        ("[company]\ncurrency = 'euro'", "REV-305", "EUR"),
        ("[company]\ncurrency = 3", "REV-305", "text"),
        ("[company]\ntime_zone = 'Stockholm'", "REV-305", "Europe/Stockholm"),
        ("[company]\nfiscal_year_start = 13", "REV-305", "1 to 12"),
        ("[company]\nfiscal_year_start = true", "REV-305", "int"),
        ("[company]\nfiscal_weeks = '445'", "REV-305", "Did you mean 4-4-5"),
        ("[company]\nfiscal_weeks = '4-4-4-1'", "REV-305", '"5-4-4"'),
        ("[company]\nfiscal_weeks = 445", "REV-305", "text"),
        ("[company]\nfiscal_week = '4-4-5'", "REV-302", "company.fiscal_weeks"),
        ("[company]\nfiscal_weeks = '4-4-5'\nfiscal_year_end_day = 'sundy'", "REV-305", "Did you mean sunday"),
        ("[company]\nfiscal_weeks = '4-4-5'\nfiscal_year_end = 'closest'", "REV-305", '"nearest"'),
        ("[company]\nfiscal_year_end_day = 'sunday'", "REV-302", 'Add fiscal_weeks = "4-4-5"'),
        ("[company]\nfiscal_weeks = ''\nfiscal_year_end = 'nearest'", "REV-302", "take fiscal_year_end out"),
        ("[plugins]\nenabled = 'acme'", "REV-305", "list"),
        ("[plugins]\nenabled = [1]", "REV-305", "list of names"),
        ("[definitions]\nrevenue_source = 'orders'", "REV-305", "sales_order"),
        ("[definitions]\nlifetime_years = 0", "REV-305", "above zero"),
        ("[snapshots]\nkeep = 0", "REV-305", "at least 1"),
        ("[snapshots]\nas_of = 'soon'", "REV-305", "2026-09-30"),
        ("[engine]\nmemory_limit = 'lots'", "REV-305", "1GB"),
        (SOURCE + "api_key = 'abc123'", "REV-303", "$env:SOURCE_FILES_API_KEY"),
        (SOURCE + "note = 'sk_live_123'", "REV-303", "source.files.note"),
        (SOURCE + "[source.files.mapping]\ntoken = 'abc'", "REV-303", "source.files.mapping.token"),
        (SOURCE + "keys = ['ghp_abc']", "REV-303", "source.files.keys"),
        (SOURCE + "[[source.files.mapping.files]]\npassword = 'abc'", "REV-303", "password"),
        ("[company]\nname = 'sk_live_123'", "REV-303", "company.name"),
    ],
)  # fmt: skip
def test_errors(tmp_path: Path, text: str | bytes, code: str, shown: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert caught.value.code == code
    assert shown in str(caught.value)
    assert "revalign.toml" in str(caught.value)
    for secret in ("abc123", "sk_live_123", "ghp_abc"):
        assert secret not in str(caught.value)


def test_no_project_lists_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "a" / "b")
    assert caught.value.code == "REV-301"
    assert str(tmp_path / "a") in caught.value.message
    assert "revalign init" in caught.value.hint


def test_found_from_below(tmp_path: Path) -> None:
    read(tmp_path, SOURCE)
    (tmp_path / "data" / "deep").mkdir(parents=True)
    assert load(tmp_path / "data" / "deep").folder == tmp_path


def test_defaults_and_their_origins(tmp_path: Path) -> None:
    project = read(tmp_path, "[company]\ncurrency = 'EUR'\n" + SOURCE)
    here = str(tmp_path / "revalign.toml")
    assert (project.company.currency, project.company.time_zone, project.keep_snapshots) == ("EUR", "UTC", 30)
    assert project.origins["company.currency"] == here
    assert project.origins["source.files.path"] == here
    assert project.origins["company.time_zone"] == "default"
    assert project.sources["files"].settings == {"path": "data"}


def test_everything_said(tmp_path: Path) -> None:
    project = read(
        tmp_path,
        "\ufeff[company]\r\nname = 'Åkerö'\r\nfiscal_year_start = 2\r\n[snapshots]\nkeep = 3\nas_of = 2026-09-30\n"
        "[engine]\nmemory_limit = '500MB'\n[workbooks]\nreports = ['a', 'b']\n[plugins]\nenabled = ['x']\n"
        "[definitions]\nlifetime_years = 5\nrevenue_source = 'invoice'\n[sheets.board]\nurl = 'https://x'\n" + SOURCE,
    )
    assert (project.company.name, project.company.calendar.fiscal_year_start) == ("Åkerö", 2)
    assert (project.keep_snapshots, project.as_of, project.memory_limit) == (3, date(2026, 9, 30), "500MB")
    assert (project.workbooks, project.plugins.enabled) == (("a", "b"), ("x",))
    assert (project.definitions.lifetime_years, project.definitions.revenue_source) == (5, "invoice")
    assert project.sheets["board"].key == "https://x"


@pytest.mark.parametrize(
    ("text", "calendar"),
    [
        ("", Calendar()),
        ("fiscal_weeks = ''", Calendar()),
        ("fiscal_weeks = '4-4-5'", Calendar(1, "4-4-5", "saturday", "last")),
        (
            "fiscal_year_start = 2\nfiscal_weeks = '4-5-4'\nfiscal_year_end_day = ' Sunday'\nfiscal_year_end = 'Nearest'",
            Calendar(2, "4-5-4", "sunday", "nearest"),
        ),
    ],
)
def test_a_fiscal_year_of_weeks(tmp_path: Path, text: str, calendar: Calendar) -> None:
    assert read(tmp_path, f"[company]\n{text}\n{SOURCE}").company.calendar == calendar


@pytest.mark.parametrize("reference", ["$env:KEY", "$keyring:revalign/key"])
def test_references_are_no_secrets_and_stay_references(tmp_path: Path, reference: str) -> None:
    project = read(tmp_path, SOURCE + f"api_key = '{reference}'")
    assert project.sources["files"].settings["api_key"] == reference


def test_a_reference_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVALIGN_TEST_KEY", "s3cret")
    assert resolve("$env:REVALIGN_TEST_KEY", "source.x.key") == "s3cret"
    monkeypatch.delenv("REVALIGN_TEST_KEY")
    with pytest.raises(ConfigError) as caught:
        resolve("$env:REVALIGN_TEST_KEY", "source.x.key")
    assert (caught.value.code, "export REVALIGN_TEST_KEY" in caught.value.hint) == ("REV-304", True)


def test_a_reference_to_a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):  # type: ignore[misc]
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return {("revalign", "key"): "s3cret"}.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None: ...

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        assert resolve("$keyring:revalign/key", "source.x.key") == "s3cret"
        with pytest.raises(ConfigError) as caught:
            resolve("$keyring:revalign/other", "source.x.key")
        assert (caught.value.code, "keyring set revalign other" in caught.value.hint) == ("REV-304", True)
    finally:
        keyring.set_keyring(before)


def test_no_keyring_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError) as caught:
        resolve("$keyring:revalign/key", "source.x.key")
    assert (caught.value.code, "$env:" in caught.value.hint) == ("REV-304", True)


def test_what_looks_like_a_secret() -> None:
    assert looks_secret("client_secret", "x")
    assert looks_secret("anything", "-----BEGIN PRIVATE KEY-----")
    assert not looks_secret("token_count", "x")
    assert not looks_secret("token", 7)


def test_pins_of_drop_ins(tmp_path: Path) -> None:
    pin = "sha256:" + "a1" * 32
    text = f'[plugins]\nenabled = ["acme"]\npins = {{ acme = "{pin}" }}\n'
    assert dict(read(tmp_path, text).plugins.pins) == {"acme": pin}
    assert dict(read(tmp_path, "").plugins.pins) == {}
    for wrong in (pin[:-1], pin.upper(), "md5:1"):
        with pytest.raises(ConfigError) as caught:
            read(tmp_path, text.replace(pin, wrong))
        assert (caught.value.code, "plugins.pins.acme" in str(caught.value)) == ("REV-305", True)
        assert "--pin" in caught.value.hint
