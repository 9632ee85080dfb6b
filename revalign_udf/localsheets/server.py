"""The server as an object: start it, share spreadsheets, plan trouble, look at what was called."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from revalign_udf.localsheets.book import Book
from revalign_udf.localsheets.faults import Faults
from revalign_udf.localsheets.federation import Federation
from revalign_udf.localsheets.handler import HOST, Call, Handler, HttpServer
from revalign_udf.localsheets.oauth import InstalledApp
from revalign_udf.localsheets.quota import Quota
from revalign_udf.localsheets.routes import Library
from revalign_udf.localsheets.tokens import ServiceAccount, Tokens

__all__ = ["Call", "LocalSheets"]

_ROLES = {"owner", "writer", "reader"}
_SPREADSHEETS = "https://www.googleapis.com/auth/spreadsheets"


class LocalSheets:
    """A Google Sheets server on loopback, running as long as the ``with`` block.

    What a test turns on it:

    - ``faults``: errors, drops, delays, standstills at the wanted call; hooks before and after each call.
    - ``quota``: None (off) or a :class:`~revalign_udf.localsheets.quota.Quota`.
    - ``tokens.lifetime``: what ``expires_in`` says; :meth:`expire_tokens` ends all tokens at once.
    - ``clock_offset``: seconds the server's clock is ahead of this computer's.
    - ``api_enabled``: False answers as a project does in which the API was never switched on.
    - ``max_request``: bytes of a payload that are taken, 10 MiB as at Google's.
    - ``oauth.consent``: ``ask``, ``allow`` or ``deny``, what the page for people does.

    Google ends a call that takes longer than 180 seconds; here nothing does.

    Args:
        port: 0 lets the system choose.
        folder: where the key file is written; a temporary folder, removed at the end, when left out.
        person: the address of the person who owns the spreadsheets made with :meth:`create`.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int = 0, *, folder: Path | None = None, person: str = "person@example.com") -> None:
        self.person = person
        self.project_number = "100000000000"
        self.clock_offset = 0.0
        self.api_enabled = True
        self.max_request = 10 * 1024 * 1024
        self.quota: Quota | None = None
        self.faults = Faults()
        self.calls: list[Call] = []
        self.library = Library()
        self.lock = threading.RLock()
        self._folder = folder
        self._own_folder: Path | None = None
        self._http = HttpServer((HOST, port), Handler)
        self._http.local = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.base_url = f"http://{HOST}:{self._http.server_address[1]}"
        self.library.base_url = self.base_url
        self.key_file = Path()
        self.tokens = Tokens(self.now)
        self.account = ServiceAccount(tokens=self.tokens)
        self.oauth = InstalledApp(self.tokens, self.base_url, person)
        self.federation = Federation(self.tokens, self.base_url, self.account.email, self.project_number)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Writes the key file and begins to answer."""
        if self._folder is None:
            self._own_folder = Path(tempfile.mkdtemp(prefix="revalign-sheets-"))
        self.key_file = self.account.write_key(self.folder, self.base_url)
        self._thread.start()

    def close(self) -> None:
        """Stops answering, hangs up, and removes the key file it made in a folder of its own."""
        self.faults.clear()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.hang_up()
        self._http.server_close()
        if self._own_folder is not None:
            shutil.rmtree(self._own_folder, ignore_errors=True)

    @property
    def folder(self) -> Path:
        """Where the files with credentials lie."""
        return self._folder or self._own_folder or Path()

    def now(self) -> float:
        """Seconds since 1970 by the server's clock."""
        return time.time() + self.clock_offset

    # --- credentials -------------------------------------------------------------------------------------------------

    def oauth_client_file(self, folder: Path | None = None) -> Path:
        """Writes a client file for OAuth of installed apps; its addresses are this server's."""
        return self.oauth.write_client(folder or self.folder)

    def authorized_user_file(
        self, folder: Path | None = None, *, scopes: str = _SPREADSHEETS, person: str | None = None
    ) -> Path:
        """Writes application default credentials of a person who has signed in."""
        return self.oauth.write_user(folder or self.folder, scopes, person)

    def workload_file(self, folder: Path | None = None, *, impersonate: bool = True, subject: str = "job") -> Path:
        """Writes an ``external_account`` file and the subject token it points at."""
        return self.federation.write_files(folder or self.folder, impersonate=impersonate, subject=subject)

    def expire_tokens(self) -> None:
        """Every token handed out so far is no longer accepted; refresh tokens and keys still work."""
        self.tokens.drop()

    # --- spreadsheets ------------------------------------------------------------------------------------------------

    def create(self, title: str, *, shared: bool = True, locale: str = "en_US") -> str:
        """A new spreadsheet, as a person makes one and shares it with the service account.

        Args:
            title: its title.
            shared: False leaves the service account out.
            locale: how typed text is read and values are shown.

        Returns:
            The spreadsheet's key.
        """
        with self.lock:
            roles = {self.person: "owner"} | ({self.account.email: "writer"} if shared else {})
            book = self.library.create(title, roles)
            book.locale = locale
            return book.id

    def share(self, key: str, role: str | None = "writer", address: str | None = None) -> None:
        """Makes an address ``owner``, ``writer`` or ``reader`` of a spreadsheet, or shuts it out (None).

        Args:
            key: the spreadsheet.
            role: what the address may do.
            address: the service account when left out.

        Raises:
            KeyError: there is no such spreadsheet.
            ValueError: there is no such role.
        """
        if role is not None and role not in _ROLES:
            raise ValueError(f"The roles are {', '.join(sorted(_ROLES))}, or None.")
        with self.lock:
            roles = self.library.books[key].roles
            roles.pop(address or self.account.email, None)
            if role:
                roles[address or self.account.email] = role

    def book(self, key: str) -> Book:
        """A spreadsheet as it is now, to look inside.

        Raises:
            KeyError: there is none.
        """
        with self.lock:
            return self.library.books[key]

    def view_url(self, key: str) -> str:
        """Where a person looks at a spreadsheet."""
        return f"{self.base_url}/view/{key}"

    # --- the log -----------------------------------------------------------------------------------------------------

    def writes(self) -> list[Call]:
        """The calls that asked for a change, in order."""
        return [call for call in list(self.calls) if call.writes]

    def reads(self) -> list[Call]:
        """The calls that asked to see a spreadsheet, in order."""
        return [call for call in list(self.calls) if call.reads]

    @property
    def largest(self) -> int:
        """Bytes of the largest payload sent to the Sheets API."""
        return max((call.request_bytes for call in list(self.calls) if call.path.startswith("/v4/")), default=0)

    def summary(self) -> str:
        """The log in one line: ``3 reads, 2 writes, 0.41 MB up, 0.12 MB down, largest 0.40 MB, 1 refused``."""
        calls = [call for call in list(self.calls) if call.path.startswith("/v4/")]
        up, down = sum(call.request_bytes for call in calls), sum(call.reply_bytes for call in calls)
        refused = sum(1 for call in calls if call.status >= 400 or call.status == 0)
        return (
            f"{len(self.reads())} reads, {len(self.writes())} writes, {up / 1e6:.2f} MB up, {down / 1e6:.2f} MB down, "
            f"largest {self.largest / 1e6:.2f} MB, {refused} refused"
        )
