"""What the sync asks of a spreadsheet service: four calls, and the one failure that needs a second look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from revalign_udf.errors import Retriable, SurfaceError

__all__ = ["AmbiguousWrite", "Json", "Refused", "Scalar", "SpreadsheetClient", "Why"]

Json = dict[str, Any]
Scalar = str | int | float | bool | None

#: What is in the way, for programs; the message says it to people.
Why = Literal[
    "address", "adc", "api_off", "client_file", "clock", "impersonation", "key_file", "login", "missing", "network",
    "not_shared", "office_file", "protected", "quota", "read_only", "request", "scope", "token",
]  # fmt: skip


class Refused(SurfaceError):
    """The spreadsheet cannot be used. ``why`` says what is in the way, ``share_with`` whom to share it with, if that helps."""

    default_code = "REV-702"

    def __init__(self, message: str, why: Why, hint: str = "", share_with: str = "") -> None:
        self.why, self.share_with = why, share_with
        super().__init__(message, hint=hint)


class AmbiguousWrite(Retriable):
    """A change was sent and no answer came: it may or may not have happened. Read before sending it again."""


class SpreadsheetClient(Protocol):
    """One spreadsheet. Every method is one call; errors are ours, with codes and hints."""

    @property
    def key(self) -> str:
        """The spreadsheet's key."""

    @property
    def url(self) -> str:
        """Where a person opens it."""

    def read(self, fields: str, ranges: Sequence[str] = ()) -> Json:
        """The Spreadsheet resource, cut to a field mask and, when given, to the tabs and cells of some ranges.

        Raises:
            SurfaceError: REV-702, not reachable or not shared.
            Retriable: REV-505, still busy after every attempt.
        """

    def values(self, ranges: Sequence[str]) -> list[list[list[Scalar]]]:
        """The unformatted values of ranges, one table each; trailing blanks are left out.

        Raises:
            SurfaceError: REV-702, not reachable or not shared.
            Retriable: REV-505, still busy after every attempt.
        """

    def write_values(self, data: Sequence[Json]) -> None:
        """Writes plain values, all of them or none; text stays text, also when it begins with ``=``.

        Args:
            data: ranges and their rows, ``{"range": "'Tab'!A1", "values": [[...]]}``.

        Raises:
            AmbiguousWrite: no answer came; it may have happened.
            SurfaceError: REV-702, not reachable or not shared, or a refused range.
            Retriable: REV-505, still busy after every attempt; nothing happened.
        """

    def batch_update(self, requests: Sequence[Json], *, fields: str = "") -> Json:
        """Applies requests, all of them or none.

        Args:
            requests: what to change, in order.
            fields: with it the spreadsheet as it stands afterwards is handed back, cut to this field mask.

        Returns:
            The Spreadsheet resource after the change when ``fields`` is given, else nothing ({}).

        Raises:
            AmbiguousWrite: no answer came; it may have happened.
            SurfaceError: REV-702, not reachable or not shared, or a refused request.
            Retriable: REV-505, still busy after every attempt; nothing happened.
        """
