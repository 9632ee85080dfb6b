"""Another program as a source: its output line by line, in bounded memory, and an end in every case.

The program gets no shell, no terminal and no more of our environment than programs need to run: the secrets of other
sources are not its business. It runs in a process group of its own, so that ending it ends what it started too.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self
from urllib.parse import quote

from revalign_udf.errors import ConfigError, ConnectorError, Fatal, Retriable, redact

if TYPE_CHECKING:
    from revalign_udf.connector.protocol import Context

__all__ = ["LONGEST", "Process", "forms"]

#: bytes of the longest line that is taken
LONGEST = 32 * 1024 * 1024
_CHUNK = 65_536
#: chunks that may wait to be read; with them the pipe is full, and the program waits
_WAITING = 64
#: seconds between two looks at whether the pull was cancelled
_LOOK = 0.1
#: seconds that output is waited for when the program is gone and something it started holds its output open
_AFTERLIFE = 2.0
#: seconds a program has to end when it is told to
_GRACE = 3.0
#: lines of the error output that are kept: the last ones for an error, the first warnings for the report
_TAIL, _WARNINGS, _LINE = 12, 20, 400

#: what a program needs of our environment to find itself, its language, its temporary files and the way out
_PASSED = (
    "PATH", "HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP", "USER", "LOGNAME",
    "SYSTEMROOT", "WINDIR", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PATHEXT", "COMSPEC",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
)  # fmt: skip

_WARNED = re.compile(r"\b(warn(ing)?|error|critical|fatal)\b", re.IGNORECASE)
_REFUSED = re.compile(
    r"unauthori[sz]ed|forbidden|\b40[13]\b|access denied|permission denied|authentication|invalid[ _-]?(grant|credential|api"
    r"|token|key|client)",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"time[sd]? ?-?out|rate.?limit|too many requests|\b(429|500|502|503|504)\b|temporar|unavailable|unreachable|try again"
    r"|connection ?(reset|refused|aborted|error|closed)|remote end closed",
    re.IGNORECASE,
)


def forms(secrets: Sequence[str]) -> list[str]:
    """Secrets as they may show up in texts: plain, as in an address, as in JSON."""
    found = [
        form for text in secrets if text for form in (text, quote(text, safe=""), quote(text), json.dumps(text)[1:-1])
    ]
    return list(dict.fromkeys(found))


class Process:
    """A running program. ``with ctx.process([...]) as process: for number, line in process.lines(): ...``, then ``end()``.

    Args:
        ctx: the connection this belongs to; its cancel flag ends the program.
        command: the program and its arguments; a program with a slash in its name is relative to the project.
        env: variables for the program, besides the few that every program needs.
        secrets: values that no message may show.
        longest: bytes of the longest line that is taken.

    Raises:
        ConfigError: REV-305 for a command that is none.
        Fatal: REV-601 when there is no such program, REV-506 when it cannot be started.
    """

    def __init__(
        self, ctx: Context, command: Sequence[str], *, env: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (), longest: int = LONGEST,
    ) -> None:  # fmt: skip
        if not command or any(not part or "\0" in part for part in command):
            hint = 'Write a list of texts: command = ["tap-github"].'
            raise ConfigError(f"source.{ctx.connection}.command names no program.", code="REV-305", hint=hint)
        self.name = Path(command[0]).name
        self._ctx, self._longest = ctx, longest
        self._secrets = forms([*ctx.secrets, *secrets])
        self.warnings: list[str] = []
        """lines of the error output that warn, cleaned; for the report"""
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._chunks: queue.Queue[bytes] = queue.Queue(_WAITING)
        self._closed = threading.Event()
        own = {name: os.environ[name] for name in _PASSED if name in os.environ}
        try:
            self._child = subprocess.Popen(  # noqa: S603 - what the admin wrote, and no shell
                [_program(command[0], ctx.project), *command[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, bufsize=0, cwd=ctx.project, env={**own, **(env or {})}, start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            text = redact(str(error), self._secrets)
            raise Fatal(f"{self.name} cannot be started: {text}.", code="REV-506") from None
        assert self._child.stdout is not None
        assert self._child.stderr is not None
        self._readers = [
            threading.Thread(target=self._pump, args=(self._child.stdout,), name=f"{self.name} out", daemon=True),
            threading.Thread(target=self._listen, args=(self._child.stderr,), name=f"{self.name} err", daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    # --- what it says ------------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """The lines of its output with their numbers from 1, without the line's end; blank ones are left out.

        Raises:
            Retriable: REV-505 when the pull was cancelled.
            Fatal: REV-506 for a line that is longer than any record.
        """
        number, parts, size = 1, [b""], 0
        while chunk := self._next():
            first, *others = chunk.split(b"\n")
            parts.append(first)
            size += len(first)
            for piece in others:
                if size > self._longest:
                    break
                if line := b"".join(parts).strip():
                    yield number, line
                number, parts, size = number + 1, [piece], len(piece)
            if size > self._longest:
                self.close()
                raise Fatal(
                    f"Line {number} of what {self.name} writes is longer than {self._longest:,} bytes.",
                    code="REV-506",
                    hint="Leave out the field that holds so much, such as an attachment.",
                )
        if line := b"".join(parts).strip():
            yield number, line

    def end(self) -> None:
        """Wait for the program's end.

        Raises:
            Retriable: REV-505 when it failed for a passing reason (or was killed), or the pull was cancelled.
            Fatal: REV-506 when it failed for another reason. Both with the last lines of its error output.
        """
        while self._child.poll() is None:
            self._ctx.stop_if_cancelled()
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(_LOOK)
        code = self._child.returncode
        self._readers[1].join(_AFTERLIFE)
        self.close()
        if code:
            raise self._failure(code)

    @property
    def tail(self) -> list[str]:
        """The last lines of its error output, cleaned."""
        return list(self._tail)

    def _failure(self, code: int) -> ConnectorError:
        said = self.tail
        tail = f" Its last words: {' | '.join(said)}" if said else " It said nothing."
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            hint = "If that comes again, look at its memory and its time limit."
            return Retriable(f"{self.name} was ended by the signal {name}.{tail}", hint=hint)
        text = f"{self.name} failed with exit code {code}.{tail}"
        if _REFUSED.search(" ".join(said)):
            return Fatal(text, code="REV-506", hint="Check its credentials and what they may read.")
        if _PASSING.search(" ".join(said)):
            return Retriable(text, hint="What was marked is kept; pull again later.")
        return Fatal(text, code="REV-506", hint="Try the same command by hand.")

    def _next(self) -> bytes:
        """The next piece of output; empty at its end."""
        quiet = 0.0
        while True:
            self._ctx.stop_if_cancelled()
            try:
                return self._chunks.get(timeout=_LOOK)
            except queue.Empty:
                quiet = quiet + _LOOK if self._child.poll() is not None else 0.0
                if quiet > _AFTERLIFE:
                    return b""

    def _pump(self, pipe: IO[bytes]) -> None:
        while True:
            try:
                chunk = os.read(pipe.fileno(), _CHUNK)
            except (OSError, ValueError):
                chunk = b""
            while not self._closed.is_set():
                with suppress(queue.Full):
                    self._chunks.put(chunk, timeout=_LOOK)
                    break
            if not chunk or self._closed.is_set():
                return

    def _listen(self, pipe: IO[bytes]) -> None:
        rest = b""
        while True:
            try:
                chunk = os.read(pipe.fileno(), _CHUNK)
            except (OSError, ValueError):
                chunk = b""
            *whole, rest = (rest + chunk).split(b"\n")
            for line in [*whole, *([] if chunk else [rest])]:
                self._heard(line)
            # of a line without end its beginning is enough, with room for a secret that must not be cut in two
            rest = rest[: 16 * _LINE]
            if not chunk:
                return

    def _heard(self, line: bytes) -> None:
        text = redact(line[: 16 * _LINE].decode(errors="replace").strip(), self._secrets)[:_LINE]
        if not text:
            return
        self._tail.append(text)
        if _WARNED.search(text) and len(self.warnings) < _WARNINGS:
            self.warnings.append(f"{self.name}: {text}")

    # --- its end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End the program and all it started, if it still runs. May be called again."""
        if self._closed.is_set():
            return
        self._closed.set()
        if self._child.poll() is None:
            self._signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(_GRACE)
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        self._child.wait()
        for reader, pipe in zip(self._readers, (self._child.stdout, self._child.stderr), strict=True):
            reader.join(_AFTERLIFE)
            if pipe is not None and not reader.is_alive():
                pipe.close()

    def _signal(self, number: signal.Signals) -> None:
        """To the whole group; where there are no groups (Windows), to the program."""
        with suppress(ProcessLookupError, PermissionError):
            if sys.platform != "win32":
                os.killpg(self._child.pid, number)
            else:
                self._child.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _program(name: str, project: Path) -> str:
    """Where a program lies: in the project, on the path, or beside the Python that runs us."""
    if "/" in name or os.sep in name:
        found = shutil.which(str((project / Path(name).expanduser()).absolute()))
    else:
        found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise Fatal(
            f"There is no program {name} here.",
            code="REV-601",
            hint=f"Install it in an environment of its own, such as: pipx install {Path(name).name}. Or write its full path.",
        )
    return found
