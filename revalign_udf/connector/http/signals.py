"""What a reply can mean beside its content: slow down, the token has expired, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revalign_udf.errors import ConnectorError, Fatal

if TYPE_CHECKING:
    from revalign_udf.connector.http.reply import Reply

__all__ = ["Again", "Expired", "Refused", "Throttled"]


class Throttled(ConnectorError):
    """Raised by a connector's ``judge``: the body says that we ask too much. Treated like HTTP 429.

    ``after``: seconds to wait, when the source says so.
    """

    default_code = "REV-505"

    def __init__(self, message: str, *, after: float | None = None) -> None:
        self.after = after
        super().__init__(message)


class Expired(ConnectorError):
    """Raised by a connector's ``judge``: the body says that the token has expired. Treated like HTTP 401."""

    default_code = "REV-506"


class Refused(Fatal):
    """An answer in the 400s. ``reply`` is what the source said, for a connector that knows more about it."""

    def __init__(self, message: str, *, reply: Reply, code: str | None = None, hint: str = "") -> None:
        self.reply = reply
        super().__init__(message, code=code, hint=hint)


class Again(Exception):
    """Inside the client only: this attempt failed and another may succeed. ``final`` is raised when none is left."""

    def __init__(
        self, final: ConnectorError, *, after: float | None = None, tries: int = 0, safe: bool = False
    ) -> None:
        self.final = final
        self.after = after
        self.tries = tries
        """at most so many attempts, 0: what the limits say"""
        self.safe = safe
        """the call was certainly not carried out: also a call that may run only once can be repeated"""
        super().__init__(str(final))
