"""`revalign serve`: HTTPS of its own, a team's settings, two companies, and what it prints."""

import json
import os
import ssl
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from revalign_udf.config import load
from revalign_udf.errors import ConfigError, UserError
from revalign_udf.server import Certificate, create_app, local_certificate
from revalign_udf.server.running import Server
from revalign_udf.server.tls import data_folder, trust_steps

COMMAND = "from revalign_udf.cli.serve import serve_command; serve_command()"


@contextmanager
def command(*arguments: object, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    started = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "REVALIGN_TOKEN": "", **environment},
    )  # fmt: skip
    with started as process:
        try:
            yield process
        finally:
            process.kill()


def ended(*arguments: object) -> tuple[int, str, str]:
    with command(*arguments, "--json") as process:
        out, err = process.communicate(timeout=30)
        return process.returncode, out, err


def test_https_for_this_machine_with_the_files_of_the_add_in(project: Path, tmp_path: Path) -> None:
    """Started with --tls: a client that trusts the authority, and nothing else, is served pane, manifest and cells."""
    with command("--project", project, "--tls", "--port", 0, "--demo", project, "--json", XDG_DATA_HOME=str(tmp_path),
                 LOCALAPPDATA=str(tmp_path), HOME=str(tmp_path)) as process:  # fmt: skip
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        [authority] = tmp_path.rglob("authority.pem")
        trusting = ssl.create_default_context(cafile=str(authority))
        base = ready["base_url"]
        assert base.startswith("https://localhost:")
        assert ready["pane"] == f"{base}/addin/pane.html#token={ready['token']}"

        def got(url: str, body: Any = None, **headers: str) -> bytes:
            asked = urllib.request.Request(url, json.dumps(body).encode() if body else None, headers)
            with urllib.request.urlopen(asked, context=trusting, timeout=20) as answer:
                return bytes(answer.read())

        assert f"{base}/addin/pane.html".encode() in got(ready["manifest"])
        assert b"export" in got(f"{base}/addin/client.js")
        bearer = {"Authorization": f"Bearer {ready['token']}", "Revalign-Space": "demo"}
        cells = json.loads(
            got(f"{base}/v1/call", [{"id": 1, "function": "METRIC", "arguments": ["mrr", "2026-03"]}], **bearer)
        )
        assert cells == [{"id": 1, "cell": 100.0}]
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(f"{base}/health", context=ssl.create_default_context(), timeout=20)
        if os.name == "posix":
            keys = list(tmp_path.rglob("*.key"))
            assert len(keys) == 2
            assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}


def test_a_certificate_is_made_once_and_anew_before_it_ends(tmp_path: Path) -> None:
    first = local_certificate(tmp_path)
    before = (first.cert.read_bytes(), first.authority.read_bytes() if first.authority else b"")
    again = local_certificate(tmp_path)
    assert (again.cert.read_bytes(), again.authority.read_bytes() if again.authority else b"") == before
    first.cert.write_bytes(b"damaged")
    third = local_certificate(tmp_path).sound()
    assert third.cert.read_bytes() != before[0]
    assert third.authority is not None
    assert third.authority.read_bytes() == before[1], "what people trust stays"


def test_the_authority_can_sign_for_this_machine_only(tmp_path: Path) -> None:
    found = local_certificate(tmp_path)
    assert found.authority is not None
    authority = x509.load_pem_x509_certificate(found.authority.read_bytes())
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert {str(item.value) for item in limits.value.permitted_subtrees or ()} == {
        "localhost",
        "127.0.0.1/32",
        "::1/128",
    }
    server = x509.load_pem_x509_certificate(found.cert.read_bytes())
    assert server.not_valid_after_utc < datetime.now(UTC) + timedelta(days=398)
    server.verify_directly_issued_by(authority)
    assert str(found.authority) in trust_steps(found.authority)
    assert data_folder().is_absolute()


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (["--listen", "0.0.0.0"], "REV-102", "--behind-proxy"),
        (["--tls-cert", "x.pem"], "REV-102", "--tls-key"),
        (["--tls-cert", "x.pem", "--tls-key", "x.key"], "REV-305", "PEM"),
        (["--tls", "--tls-cert", "x.pem", "--tls-key", "x.key"], "REV-102", "out"),
        (["--demo", "/nowhere/at/all"], "REV-301", "revalign init"),
    ],
)
def test_what_would_leak_or_not_work_is_refused(project: Path, arguments: list[str], code: str, hint: str) -> None:
    status, out, err = ended("--project", project, *arguments)
    assert status == 2
    assert json.loads(out)["status"] == code
    assert hint in err


def test_a_team_is_told_that_its_own_sign_in_opens_the_server(tmp_path: Path) -> None:
    (tmp_path / "revalign.toml").write_text(
        '[server]\nissuer = "https://sign-in.example"\naudience = "revalign"\nhost_names = ["numbers.example.com"]\n'
        'origins = ["https://addin.example.com"]\n[source.files]\nconnector = "csv"\npath = "data"\n'
    )
    arguments = ("--project", tmp_path, "--behind-proxy", "127.0.0.1", "--url", "https://numbers.example.com", "--json")
    with command(*arguments) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
    assert ready == {
        "base_url": "https://numbers.example.com", "token": None,
        "pane": "https://numbers.example.com/addin/pane.html",
        "manifest": "https://numbers.example.com/addin/manifest.xml",
    }  # fmt: skip


def test_a_server_needs_a_token_or_a_sign_in(project: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        create_app(project, None)
    assert caught.value.code == "REV-305"


def test_an_address_that_is_not_this_machines(project: Path) -> None:
    with pytest.raises(UserError, match="cannot be used"):
        Server(create_app(project, "token"), 0, print, host="192.0.2.1")


def test_a_certificate_without_its_key(tmp_path: Path) -> None:
    found = local_certificate(tmp_path)
    with pytest.raises(ConfigError, match="cannot be used") as caught:
        Certificate(found.cert, tmp_path / "tls" / "authority.key").sound()
    assert caught.value.code == "REV-305"


@pytest.mark.parametrize(
    ("lines", "code", "says"),
    [
        ('issuer = "https://sign-in.example"', "REV-302", "audience"),
        ('isuer = "https://sign-in.example"', "REV-302", "Did you mean server.issuer?"),
        ('origins = ["*"]', "REV-305", "https://addin.example.com"),
        ('origins = ["https://addin.example.com/path"]', "REV-305", "origins"),
        ('origins = "https://addin.example.com"', "REV-305", "list"),
        ("host_names = [7]", "REV-305", "names"),
    ],
)
def test_settings_of_the_server_are_read_strictly(tmp_path: Path, lines: str, code: str, says: str) -> None:
    (tmp_path / "revalign.toml").write_text(f"[server]\n{lines}\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert caught.value.code == code
    assert says in str(caught.value)
