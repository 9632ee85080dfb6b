"""What the sync asks of a spreadsheet service: three calls, and the one failure that needs a second look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from revalign_udf.errors import Retriable

__all__ = ["AmbiguousWrite", "Json", "Scalar", "SpreadsheetClient"]

Json = dict[str, Any]
Scalar = str | int | float | bool | None


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

    def batch_update(self, requests: Sequence[Json]) -> None:
        """Applies requests, all of them or none.

        Raises:
            AmbiguousWrite: no answer came; it may have happened.
            SurfaceError: REV-702, not reachable or not shared, or a refused request.
            Retriable: REV-505, still busy after every attempt; nothing happened.
        """
