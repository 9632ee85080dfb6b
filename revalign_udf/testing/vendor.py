"""A vendor on this machine: a fake of its API that keeps records, and what the contract suite needs to know of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from revalign_udf.connector import Connector
from revalign_udf.testing.fakes import FakeApi

if TYPE_CHECKING:
    from revalign_udf.testing.pulling import Bench

__all__ = ["Vendor", "without_http"]


class Vendor(ABC):
    """A small stateful fake of a vendor's API, and the handles by which the contract suite moves it.

    What it does is the same every time: the same ids, the same times. A handle a vendor cannot have stays as it is
    here (it raises NotImplementedError), and :attr:`skips` says why the rules that need it cannot apply.
    """

    connector: ClassVar[Connector]
    page_size: ClassVar[int]
    """records per page of the main stream, as the connector asks for them"""
    main: ClassVar[str]
    """the main stream"""
    table: ClassVar[str]
    """the canonical table its records become"""
    skips: ClassVar[Mapping[str, str]] = {}
    """rule of the contract suite -> why it cannot apply"""
    cap: ClassVar[int] = 0
    """after how many results the vendor's search stops, whatever the page; 0: it has no such limit"""
    now: ClassVar[datetime | None] = None
    """the time on our clock during tests; None: the real one"""
    ports: ClassVar[Collection[int]] = ()
    """ports of 127.0.0.1 that may be called besides the fake API's, such as a database's"""

    def __init__(self) -> None:
        self.api = FakeApi()
        self._bench: Bench | None = None

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """The settings of the connection, secrets as plain values, ``base_url`` that of :attr:`api`."""

    @abstractmethod
    def fill(self, count: int) -> list[str]:
        """Add records to the main stream, their modification times a second apart from a fixed start. Returns their
        canonical keys. A later call goes on where the one before ended.
        """

    def secrets(self) -> Sequence[str]:
        """Secret values that may never show up anywhere, tokens handed out included."""
        return ()

    def change(self, key: str) -> None:
        """Change something that the canonical row shows; its modification time is later than everything."""
        raise NotImplementedError("change")

    def same_second(self, count: int) -> list[str]:
        """Add records that share one modification second, later than everything before the first call; every call adds
        to that same second. Returns their canonical keys.
        """
        raise NotImplementedError("same_second")

    def remove(self, key: str) -> None:
        """Delete a record as a person would."""
        raise NotImplementedError("remove")

    def merge(self, gone: str, stays: str) -> None:
        """Merge one record into another as a person would."""
        raise NotImplementedError("merge")

    def custom(self, key: str, value: str) -> str:
        """Give a record a custom field. Returns the name under which it stands in ``attrs``."""
        raise NotImplementedError("custom")

    def stage(self, name: str) -> None:
        """Put a record into a stage nobody has heard of."""
        raise NotImplementedError("stage")

    def money(self) -> tuple[str, str, str]:
        """Add an amount in yen, which have no cents. Returns (canonical table, key, the amount as text)."""
        raise NotImplementedError("money")

    def throttle_in_body(self) -> None:
        """Answer the next call with the vendor's error for "too many calls" in a reply of status 200."""
        raise NotImplementedError("throttle_in_body")

    def expire(self) -> None:
        """The access token in use is no longer accepted; the vendor gives a new one when asked properly."""
        raise NotImplementedError("expire")

    def revoke(self) -> None:
        """Somebody withdrew the key at the vendor's: no call is answered any more."""
        self.api.faults.add(status=401, json={"error": "unauthorized", "message": "the key was revoked"}, times=10**9)

    def close(self) -> None:
        """Stop the fake and remove what pulls have written. Raises what a handler of the fake raised."""
        if self._bench is not None:
            self._bench.close()
            self._bench = None
        self.api.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except BaseException:
            if error is None:
                raise


#: the rules that are about HTTP
_HTTP_RULES = (
    "test_too_many_calls_waits_as_long_as_told",
    "test_a_server_error_is_tried_again",
    "test_an_answer_cut_off_loses_nothing",
    "test_an_outage_ends_and_is_made_good",
    "test_an_error_in_the_body_is_an_error",
    "test_a_token_that_expires_midway_is_renewed",
    "test_a_page_repeated_for_ever_ends",
    "test_a_redirect_elsewhere_is_refused",
    "test_revoked_credentials_say_what_to_do",
    "test_html_where_json_belongs_is_refused",
    "test_pages_are_handed_over_as_they_come",
)


def without_http(reason: str, **more: str) -> dict[str, str]:
    """``skips`` of a connector that calls nothing over HTTP, with the reason, and ``more`` skips of its own.

    >>> without_http("reads files", test_merged_is_linked="files know no merges")["test_merged_is_linked"]
    'files know no merges'
    """
    return dict.fromkeys(_HTTP_RULES, reason) | more
