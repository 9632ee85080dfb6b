"""How lists come in pages. Each class says where a page's list stands and how the next page is asked for.

A paginator holds no state, so one object may serve many streams. Reading stops with Fatal REV-506 when the source leads in
a circle: when it names a page a second time, or sends the page before once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

from revalign_udf.connector.http.reply import Reply
from revalign_udf.connector.values import take as taken
from revalign_udf.errors import Fatal

if TYPE_CHECKING:
    from revalign_udf.connector.http.client import Http

__all__ = ["After", "LinkHeader", "NextUrl", "Numbered", "Offset", "Page", "Paging", "Step", "Token", "listed", "paged"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its records, the whole reply, and its number from 1."""

    items: list[Any]
    reply: Reply
    number: int


@dataclass(frozen=True, slots=True)
class Step:
    """The call for one page."""

    path: str
    params: Mapping[str, Any]
    json: Any = None
    got: int = 0
    """records of the pages before"""
    full: bool = False
    """whether a page had as many records as were asked for: then a shorter one is the last"""

    def param(self, **more: Any) -> Step:
        """The same call with other parameters."""
        return replace(self, params={**self.params, **more})


class Paging(Protocol):
    """What asks for the next page. A connector may bring its own."""

    @property
    def items(self) -> str:
        """Dotted path of the list in the body, "" for the body itself; with ``?`` at the end it may be missing."""
        ...

    def first(self, step: Step) -> Step:
        """The call for the first page."""
        ...

    def following(self, step: Step, reply: Reply, items: Sequence[Any]) -> Step | None:
        """The call for the page after this one; None at the end."""
        ...


@dataclass(frozen=True)
class _Paging:
    def first(self, step: Step) -> Step:
        """The call as it is."""
        return step


@dataclass(frozen=True)
class Token(_Paging):
    """The body names the next page by a token.

    >>> Token("after", "paging.next.after", items="results")  # doctest: +ELLIPSIS
    Token(param='after', take='paging.next.after', items='results', ...)
    """

    param: str
    """sent as; with ``in_body`` it may be a dotted path"""
    take: str
    """dotted path of the token in the body"""
    _: KW_ONLY
    items: str
    more: str = ""
    """dotted path of a boolean that has to be true to go on"""
    in_body: bool = False
    """sent in the JSON body (searches)"""

    def following(self, step: Step, reply: Reply, items: Sequence[Any]) -> Step | None:  # noqa: ARG002
        """Until there is no token, or ``more`` is not true."""
        token = _at(reply, self.take)
        if self.more and _at(reply, self.more) is not True:
            return None
        if token is None or token == "" or token is False:
            if self.more:
                raise Fatal(f"The source says that there is more ({self.more}), and gives no {self.take}.")
            return None
        if self.in_body:
            return replace(step, json=_put(step.json or {}, self.param.split("."), token))
        return step.param(**{self.param: token})


@dataclass(frozen=True)
class After(_Paging):
    """The next page begins after the last record of this one (Stripe: ``starting_after``)."""

    param: str
    _: KW_ONLY
    items: str
    key: str = "id"
    """dotted path in a record"""
    more: str = "has_more"
    """dotted path of a boolean that has to be true to go on; "": until an empty page"""

    def following(self, step: Step, reply: Reply, items: Sequence[Any]) -> Step | None:
        """Until ``more`` is not true, or a page is empty."""
        more = bool(items) if not self.more else _at(reply, self.more) is True
        if not more:
            return None
        last = taken(items[-1], self.key) if items and isinstance(items[-1], Mapping) else None
        if last is None or last == "":
            raise Fatal(f"The source says that there is more, and its last record has no {self.key}.")
        return step.param(**{self.param: last})


@dataclass(frozen=True)
class NextUrl(_Paging):
    """The body holds the address of the next page, full or relative (Salesforce: ``nextRecordsUrl``)."""

    take: str
    _: KW_ONLY
    items: str

    def following(self, step: Step, reply: Reply, items: Sequence[Any]) -> Step | None:  # noqa: ARG002
        """Until there is no address."""
        link = _at(reply, self.take)
        if link is None or link == "" or link is False:
            return None
        if not isinstance(link, str):
            raise Fatal(f"The source gives {self.take}, which is no address.")
        return Step(link, {}, step.json)


_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s,;\"]*))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s,;\"]+))", re.IGNORECASE)


@dataclass(frozen=True)
class LinkHeader(_Paging):
    """The header ``Link`` names the next page (RFC 8288, ``rel="next"``)."""

    _: KW_ONLY
    items: str = ""

    def following(self, step: Step, reply: Reply, items: Sequence[Any]) -> Step | None:  # noqa: ARG002
        """Until no link is the next."""
        for target, attributes in _LINK.findall(reply.headers.get("link", "")):
            rel = _REL.search(attributes)
            if rel and "next" in (rel[1] or rel[2] or "").lower().split():
                return Step(target, {}, step.json)
        return None


@dataclass(frozen=True)
class Offset(_Paging):
    """The next page begins after so many records.

    The offset moves by what came, not by what was asked for: a source that gives less than ``size`` loses nothing. A short
    page is the last one only when a full one came before it; otherwise the source may cap pages, and the end is an
    empty page or ``total``.
    """

    _: KW_ONLY
    items: str
    size: int
    offset: str = "offset"
    limit: str = "limit"
    start: int = 0
    total: str = ""
    """dotted path of the number of records in all"""

    def first(self, step: Step) -> Step:
        """From the start."""
        return step.param(**{self.offset: self.start, self.limit: self.size})

    def following(self, step: Step, reply: Reply, items: Sequence[Any]) -> Step | None:
        """Until ``total`` is reached or the pages end."""
        got = step.got + len(items)
        total = _at(reply, self.total) if self.total else None
        # a total below what came already says nothing
        counted = isinstance(total, int) and not isinstance(total, bool) and got <= total
        if not items or (got == total if counted else step.full and len(items) < self.size):
            return None
        step = replace(step, got=got, full=step.full or len(items) >= self.size)
        return step.param(**{self.offset: self.start + got})


@dataclass(frozen=True)
class Numbered(_Paging):
    """Pages by number, until an empty one or a short one.

    A first page that is short is no proof of the end (the source may cap pages below ``size``): one more is asked for.
    """

    _: KW_ONLY
    items: str
    size: int = 0
    """records per page asked for; 0: what the source gives"""
    param: str = "page"
    size_param: str = ""
    start: int = 1

    def first(self, step: Step) -> Step:
        """The first page."""
        size = {self.size_param: self.size} if self.size_param and self.size else {}
        return step.param(**{self.param: self.start}, **size)

    def following(self, step: Step, reply: Reply, items: Sequence[Any]) -> Step | None:  # noqa: ARG002
        """Until a page is empty, or shorter than a full one before it."""
        if not items or (self.size and step.full and len(items) < self.size):
            return None
        step = replace(step, got=step.got + len(items), full=step.full or bool(self.size and len(items) >= self.size))
        return step.param(**{self.param: step.params[self.param] + 1})


def paged(
    http: Http, path: str, paging: Paging, *, params: Mapping[str, Any] | None = None, method: str = "GET",
    json: Any = None, headers: Mapping[str, str] | None = None,
) -> Iterator[Page]:  # fmt: skip
    """Page after page; see :meth:`Http.pages`."""
    step: Step | None = paging.first(Step(path, params or {}, json))
    seen = _Seen()
    before: Reply | None = None
    mark = ""
    number = 0
    while step is not None:
        url = http.address(step.path, before.url if before else "")
        if seen.again(repr((url, sorted(step.params.items(), key=str), step.json))):
            raise _for_ever(http, path, number)
        reply = http.request(method, url, params=step.params, json=step.json, headers=headers)
        items = listed(reply, paging.items, f"{http.name}: {path}")
        # first and last record tell two pages apart; only where they are alike the whole pages are compared
        last_mark, mark = mark, repr((len(items), items[0], items[-1])) if items else ""
        if items and mark == last_mark and before is not None and _same(before, reply, paging.items):
            raise _for_ever(http, path, number + 1)
        number += 1
        # the next step is found before the page is handed out: what a reader does to the records changes nothing
        following = paging.following(step, reply, items)
        before = reply
        yield Page(items, reply, number)
        step = following


def listed(reply: Reply, path: str, where: str = "The source") -> list[Any]:
    """The list at a dotted path of a reply, which has to be there unless the path ends in ``?``. Raises Fatal REV-506."""
    name = path.removesuffix("?")
    found = reply.json if not name else _at(reply, name)
    if found is None and path.endswith("?"):
        return []
    if not isinstance(found, list):
        what = f"a list at {name}" if name else "a list"
        raise Fatal(
            f"{where}: the reply has not {what}.",
            hint="The source may have changed: look for a newer version of the connector.",
        )
    return found


def _at(reply: Reply, path: str) -> Any:
    body = reply.json
    return taken(body, path) if isinstance(body, Mapping) else None


def _put(body: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    """A copy of a JSON body with a value at a path."""
    name, *rest = path
    inner = body.get(name)
    return {**body, name: _put(inner if isinstance(inner, Mapping) else {}, rest, value) if rest else value}


def _same(before: Reply, reply: Reply, path: str) -> bool:
    # parsed anew: the records of the page before may have been changed by who read them
    old = Reply(before.status, before.headers, before.url, before.content)
    return listed(old, path) == listed(reply, path)


def _for_ever(http: Http, path: str, number: int) -> Fatal:
    return Fatal(
        f"{http.name}: {path}: a page repeated for ever: after page {number:,} the source leads back to one already read.",
        hint="What was read up to the last mark is kept. Tell the vendor, or the connector's author.",
    )


class _Seen:
    """Whether a call was made before, in bounded memory: the last ones exactly, longer circles by Brent's method."""

    _RECENT = 10_000

    def __init__(self) -> None:
        self._recent: dict[bytes, None] = {}
        self._post = b""
        self._left = self._lap = self._RECENT

    def again(self, call: str) -> bool:
        """Whether this call was made before; it is taken note of."""
        digest = blake2b(call.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in self._recent or digest == self._post:
            return True
        self._recent[digest] = None
        if len(self._recent) > self._RECENT:
            del self._recent[next(iter(self._recent))]
        self._left -= 1
        if not self._left:
            # a mark is left behind, and left there twice as long as the one before
            self._post, self._lap = digest, self._lap * 2
            self._left = self._lap
        return False
