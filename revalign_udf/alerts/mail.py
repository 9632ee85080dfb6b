"""E-mail by any SMTP server: encrypted before a name or a password is told, and each receiver answered for alone."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from revalign_udf.alerts.webhook import is_here
from revalign_udf.errors import ConfigError, Fatal, Retriable, RevalignError, redact

__all__ = ["Mail"]

#: seconds to wait for each answer
_TIMEOUT = 10.0
_PORTS = {"smtps": 465, "smtp": 587}
_SETTING = 'Write smtp = "$env:REVALIGN_SMTP"; its value is smtps://user:password@host:465 or smtp://host:587.'


@dataclass(frozen=True, slots=True)
class _Server:
    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.password,)


@dataclass(frozen=True, slots=True)
class Mail:
    """People told by e-mail. Each is a receiver of their own: one whose server refuses keeps nobody else from knowing."""

    smtp: str = field(repr=False)
    people: tuple[str, ...]
    sender: str = ""

    @property
    def receivers(self) -> Mapping[str, str]:
        """What tells receivers apart -> their names for people."""
        return {f"mailto:{person.casefold()}": f"mail to {person}" for person in self.people}

    def send(self, subject: str, text: str, receivers: Sequence[str]) -> Mapping[str, RevalignError]:
        """Send one message to the receivers; those it did not reach, with the reason."""
        people = {person: f"mailto:{person.casefold()}" for person in self.people}
        wanted = [person for person, receiver in people.items() if receiver in receivers]
        try:
            refused = self._send(subject, text, wanted)
        except RevalignError as error:
            return dict.fromkeys(receivers, error)
        return {people[person]: error for person, error in refused.items()}

    def _send(self, subject: str, text: str, people: Sequence[str]) -> Mapping[str, RevalignError]:
        server = _server_of(self.smtp)
        sender = self.sender or server.user
        if "@" not in sender:
            raise ConfigError(
                "Nobody says from which address alerts are mailed.", code="REV-302",
                hint='Add from = "revalign@example.com" to [alerts].',
            )  # fmt: skip
        message = EmailMessage()
        message["Subject"] = redact(" ".join(subject.split()), server.secrets)
        message["From"] = sender
        message["To"] = ", ".join(people)
        message["Date"] = formatdate(localtime=True)
        message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # no answers by machines that are out of office
        message.set_content(redact(text or subject, server.secrets) + "\n")
        with _said(server), _session(server) as session:
            try:
                refused = session.send_message(message, sender, list(people))
            except smtplib.SMTPRecipientsRefused as error:
                refused = error.recipients
        return {person: _refused(server, person, *answer) for person, answer in refused.items()}


def _server_of(address: str) -> _Server:
    """The parts of an address. Raises ConfigError REV-305, naming nothing of it."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    plain = all("!" <= sign <= "~" for sign in address)
    if (
        parts.scheme not in _PORTS
        or not host
        or not plain
        or parts.path not in ("", "/")
        or parts.query
        or parts.fragment
    ):
        raise ConfigError("The address of the mail server cannot be read.", code="REV-305", hint=_SETTING)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ConfigError(
            "The address of the mail server has a user or a password, not both.", code="REV-305", hint=_SETTING
        )
    return _Server(parts.scheme, host, port or _PORTS[parts.scheme], user, password)


@contextmanager
def _session(server: _Server) -> Iterator[smtplib.SMTP]:
    """A session with the server, encrypted and signed in. Nothing is said in plain text, except to this machine."""
    context, here = ssl.create_default_context(), is_here(server.host)
    if here:  # nobody is between this machine and itself, and a relay on it seldom has a certificate for "localhost"
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if server.scheme == "smtps":
        session: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT, context=context)
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT)
    try:
        session.ehlo()
        if server.scheme == "smtp" and session.has_extn("starttls"):
            session.starttls(context=context)
            session.ehlo()
        elif server.scheme == "smtp" and not here:
            raise Fatal(
                f"The mail server {server.host} offers no encryption.",
                hint="Use its port with STARTTLS (587), or smtps:// (465).",
            )
        if server.user:
            session.login(server.user, server.password)
        yield session
    finally:
        with suppress(smtplib.SMTPException, OSError):
            session.quit()


@contextmanager
def _said(server: _Server) -> Iterator[None]:
    """What goes wrong with a server, in our words: no password, no address book."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise Fatal(
            f"The mail server {server.host} refuses the user and password ({error.smtp_code}).",
            hint="Check the secret that alerts.smtp names.",
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise Fatal(
            f"The mail server {server.host} does not take a user and password this way.",
            hint="Leave them out, or use the port it signs people in at.",
        ) from None
    except smtplib.SMTPResponseException as error:
        kind = Retriable if 400 <= error.smtp_code < 500 else Fatal
        raise kind(
            f"The mail server {server.host} refuses: {_answer(server, error.smtp_code, error.smtp_error)}."
        ) from None
    except ssl.SSLCertVerificationError as error:
        raise Fatal(
            f"The certificate of the mail server {server.host} is not to be trusted: {error.verify_message}.",
            hint="Name the server as its certificate does.",
        ) from None
    except (smtplib.SMTPException, OSError) as error:
        reason = type(error).__name__
        raise Retriable(
            f"The mail server {server.host} cannot be reached at port {server.port}: {reason}.",
            hint="Check the network.",
        ) from None


def _refused(server: _Server, person: str, code: int, answer: bytes | str) -> RevalignError:
    kind = Retriable if 400 <= code < 500 else Fatal
    return kind(f"The mail server {server.host} does not deliver to {person}: {_answer(server, code, answer)}.")


def _answer(server: _Server, code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return redact(" ".join(f"{code} {text}".split())[:200], server.secrets).rstrip(".")
