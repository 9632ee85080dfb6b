"""E-mail to real SMTP servers on loopback: encryption, sign-in, refused receivers, and what is never said."""

import socket
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from beside import load

from revalign_udf.alerts import Mail
from revalign_udf.errors import ConfigError, Fatal, Retriable, RevalignError

HEARD = load(Path(__file__).with_name("hearing.py"))
ADA, BOB = "ada@example.com", "bob@example.com"
NAME = "mail.example"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return HEARD.certificate(tmp_path_factory.mktemp("certificate"), NAME)  # type: ignore[no-any-return]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, files: tuple[Path, Path]) -> None:
    """The name of a server that is not this machine leads to loopback, and its certificate is trusted."""
    ask = socket.getaddrinfo

    def told(host: Any, *more: Any, **options: Any) -> Any:
        return ask("127.0.0.1" if host == NAME else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", told)
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))


def send(smtp: str, *people: str, sender: str = "revalign@example.com") -> dict[str, RevalignError]:
    mail = Mail(smtp, people or (ADA,), sender)
    failed = mail.send("Revalign: 1 problem", "Revalign: 1 problem\n- crm: REV-506 ärgerlich", list(mail.receivers))
    return {receiver.removeprefix("mailto:"): error for receiver, error in failed.items()}


def only(failed: dict[str, RevalignError]) -> RevalignError:
    [error] = set(failed.values())
    assert HEARD.PASSWORD not in str(error)
    assert quote(HEARD.PASSWORD, safe="") not in str(error)
    assert error.__cause__ is None
    return error


def address(scheme: str, host: str, port: int, user: str = "revalign@example.com", password: str = "") -> str:
    return f"{scheme}://{quote(user, safe='')}:{quote(password or HEARD.PASSWORD, safe='')}@{host}:{port}"


def test_a_message_arrives() -> None:
    with HEARD.post() as server:
        assert send(f"smtp://localhost:{server.port}", ADA, BOB) == {}
    [(people, message)] = server.came
    assert people == [ADA, BOB]
    assert (message["Subject"], message["From"], message["To"]) == (
        "Revalign: 1 problem", "revalign@example.com", "ada@example.com, bob@example.com",
    )  # fmt: skip
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.com>")
    assert message["Date"]
    assert server.texts == ["Revalign: 1 problem\n- crm: REV-506 ärgerlich\n"]


@pytest.mark.parametrize(("how", "scheme"), [("starttls", "smtp"), ("tls", "smtps")])
@pytest.mark.usefixtures("elsewhere")
def test_signed_in_over_an_encrypted_line(files: tuple[Path, Path], how: str, scheme: str) -> None:
    with HEARD.post(files, how, login=True) as server:
        assert send(address(scheme, NAME, server.port)) == {}
        assert server.logins == ["revalign@example.com"]
        assert server.encrypted == [True]


@pytest.mark.parametrize(("how", "scheme"), [("starttls", "smtp"), ("tls", "smtps")])
def test_a_relay_on_this_machine_needs_no_certificate_for_localhost(
    files: tuple[Path, Path], how: str, scheme: str
) -> None:
    with HEARD.post(files, how) as server:
        assert send(f"{scheme}://127.0.0.1:{server.port}") == {}
        assert server.encrypted == [True]


@pytest.mark.usefixtures("elsewhere")
def test_nothing_is_said_to_another_machine_in_plain_text() -> None:
    with HEARD.post(login=True) as server:
        error = only(send(address("smtp", NAME, server.port)))
        assert isinstance(error, Fatal)
        assert "offers no encryption" in str(error)
        assert (server.logins, server.came) == ([], [])


@pytest.mark.parametrize(("how", "scheme"), [("starttls", "smtp"), ("tls", "smtps")])
@pytest.mark.usefixtures("elsewhere")
def test_a_certificate_nobody_trusts(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, how: str, scheme: str, tmp_path: Path
) -> None:
    other = HEARD.certificate(tmp_path, "other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(other[0]))
    server: AbstractContextManager[Any] = HEARD.post(files, how, login=True)
    with server as found:
        error = only(send(address(scheme, NAME, found.port)))
        assert isinstance(error, Fatal)
        assert "certificate" in str(error)
        assert found.logins == []


@pytest.mark.usefixtures("elsewhere")
def test_a_wrong_password(files: tuple[Path, Path]) -> None:
    with HEARD.post(files, "starttls", login=True) as server:
        error = only(send(address("smtp", NAME, server.port, password="wrongly"), ADA, BOB))
        assert isinstance(error, Fatal)
        assert "refuses the user and password (535)" in str(error)
        assert "wrongly" not in str(error)


def test_one_refused_receiver_keeps_nobody_else_from_knowing() -> None:
    with HEARD.post() as server:
        server.refused = {BOB: "550 no such user", "carl@example.com": "451 try later"}
        failed = send(f"smtp://127.0.0.1:{server.port}", ADA, BOB, "carl@example.com")
    assert [people for people, _ in server.came] == [[ADA]]
    assert {person: type(error) for person, error in failed.items()} == {BOB: Fatal, "carl@example.com": Retriable}
    assert "does not deliver to bob@example.com: 550 no such user." in str(failed[BOB])


def test_every_receiver_refused() -> None:
    with HEARD.post() as server:
        server.refused = {ADA: "550 no", BOB: "550 no"}
        assert set(send(f"smtp://127.0.0.1:{server.port}", ADA, BOB)) == {ADA, BOB}


def test_a_message_the_server_does_not_take() -> None:
    with HEARD.post() as server:
        for answer, kind in (("554 spam", Fatal), ("452 full", Retriable)):
            server.answer = answer
            error = only(send(f"smtp://127.0.0.1:{server.port}"))
            assert type(error) is kind
            assert answer in str(error)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = only(send(address("smtp", "127.0.0.1", port)))
    assert isinstance(error, Retriable)
    assert f"cannot be reached at port {port}: ConnectionRefusedError" in str(error)


@pytest.mark.parametrize(
    "smtp",
    [
        "", "mail.example", "http://mail.example", "smtp://", "smtp://mail.example:x", "smtp://secret@mail.example",
        "smtp://mail.example/path", "smtp://mail.example?tls=no", "smtp://mail.example\n:25", "smtp://[::1",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_read_is_not_repeated(smtp: str) -> None:
    error = only(send(smtp))
    assert isinstance(error, ConfigError)
    assert error.code == "REV-305"
    assert "secret" not in error.message
    assert "mail.example" not in error.message


def test_the_sender_is_the_one_who_signs_in(files: tuple[Path, Path]) -> None:
    with HEARD.post(files, "starttls", login=True) as server:
        assert send(address("smtp", "127.0.0.1", server.port), sender="") == {}
        assert server.came[0][1]["From"] == "revalign@example.com"
        error = only(send(address("smtp", "127.0.0.1", server.port, "robot"), sender=""))
        assert "Add from =" in str(error)


def test_a_line_break_in_a_name_makes_no_header() -> None:
    with HEARD.post() as server:
        mail = Mail(f"smtp://127.0.0.1:{server.port}", (ADA,), "r@example.com")
        assert mail.send("Evil\nBcc: x@example.com", "", list(mail.receivers)) == {}
        [(people, message)] = server.came
        assert (people, message["Bcc"], message["Subject"]) == ([ADA], None, "Evil Bcc: x@example.com")
