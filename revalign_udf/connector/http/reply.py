"""A reply, its JSON, and what a vendor's error body says."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NoReturn

from revalign_udf.errors import Fatal, Retriable

__all__ = ["Reply", "said"]

_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1", re.IGNORECASE | re.DOTALL)
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)
_LONGEST = 300
_UNSET = object()


class Reply:
    """What came back from one call.

    >>> reply = Reply(200, {"content-type": "application/json"}, "https://api.example/x", b'{"amount": 0.10}')
    >>> reply.json
    {'amount': Decimal('0.10')}
    """

    __slots__ = ("_hide", "_json", "_where", "content", "headers", "status", "url")

    def __init__(
        self, status: int, headers: Mapping[str, str], url: str, content: bytes, *, where: str = "The source",
        hide: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        self.status = status
        self.headers = headers
        """names in any case"""
        self.url = url
        self.content = content
        """unpacked"""
        self._where = where
        self._hide = hide
        self._json: Any = _UNSET

    @property
    def kind(self) -> str:
        """The media type in small letters, without parameters."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text, in the encoding that the reply names, else UTF-8. Raises Fatal REV-506."""
        named = _CHARSET.search(self.headers.get("content-type", ""))
        encoding = named[1].lower() if named else "utf-8"
        try:
            return self.content.decode("utf-8-sig" if encoding in ("utf-8", "utf8") else encoding)
        except (UnicodeDecodeError, LookupError):
            text = self._hide(f"{self._where}: text came that is not {encoding}.")
            raise Fatal(text, hint="Tell the author of the connector.") from None

    @property
    def json(self) -> Any:
        """The body as JSON: numbers with a point are Decimal. Raises Retriable REV-505 for one that was cut off and Fatal
        REV-506 for one that is something else, with what it is instead.
        """
        if self._json is _UNSET:
            self._json = self._parsed()
        return self._json

    def _parsed(self) -> Any:
        try:
            body = json.loads(self.content, parse_float=Decimal, parse_constant=_no_number)
            return _whole_characters(body) if _has_half(self.content) else body
        except _NoNumber as error:
            self._not_json(f"JSON with {error}, which is no number")
        except json.JSONDecodeError as error:
            if not self.content.strip():
                self._not_json("nothing")
            if self.content.lstrip().startswith(b"<"):
                self._not_json(f"a web page{_titled(self.content)}")
            if error.msg != "Extra data" and (error.pos >= len(error.doc.rstrip()) or self._is_open()):
                self._cut_off()
            self._not_json(f"text that is no JSON: {_short(self.content[:200].decode('utf-8', 'replace'))}")
        except RecursionError:
            self._not_json("JSON nested too deep")
        except ValueError:  # not UTF-8, or a number with thousands of digits
            if self._is_open():
                self._cut_off()
            self._not_json("JSON that cannot be read")

    def _is_open(self) -> bool:
        """Whether an object or list begins and does not end."""
        body = self.content.strip().removeprefix(b"\xef\xbb\xbf")
        return body[-1:] != {b"{": b"}", b"[": b"]"}.get(body[:1], body[-1:])

    def _cut_off(self) -> NoReturn:
        text = f"{self._where}: the reply was cut off after {len(self.content):,} bytes."
        raise Retriable(self._hide(text), hint="Pull again later.") from None

    def _not_json(self, came: str) -> NoReturn:
        raise Fatal(
            self._hide(f"{self._where}: JSON was expected, status {self.status} came with {came}."),
            hint="Check base_url, and whether a proxy or sign-in page stands in between.",
        ) from None

    def __repr__(self) -> str:
        return f"Reply({self.status}, {len(self.content)} bytes)"


_HALF = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]|\xed[\xa0-\xbf]"
)


def _has_half(content: bytes) -> bool:
    """Whether half a character may be there: a text that was cut inside an emoji, which no store can hold."""
    return (b"\\ud" in content or b"\\uD" in content or b"\xed" in content) and bool(_HALF.search(content))


def _whole_characters(body: Any) -> Any:
    """The same with U+FFFD in place of each half."""
    if isinstance(body, str):
        return body if body.isascii() else body.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(body, list):
        return [_whole_characters(item) for item in body]
    if isinstance(body, dict):
        return {_whole_characters(name): _whole_characters(value) for name, value in body.items()}
    return body


class _NoNumber(ValueError):
    pass


def _no_number(name: str) -> NoReturn:
    raise _NoNumber(name)


def said(reply: Reply) -> str:
    """The vendor's own message in an error body, on one line and shortened; empty when there is none.

    >>> said(Reply(400, {}, "", b'{"error": {"message": "No such price", "type": "invalid"}}'))
    'No such price'
    >>> said(Reply(502, {}, "", b"<html><title>Bad gateway</title></html>"))
    'a web page "Bad gateway"'
    """
    head = reply.content[:100_000]
    if head.lstrip().startswith(b"<") and b"html" in head[:2000].lower():
        return f"a web page{_titled(head)}"
    try:
        body = json.loads(reply.content)
    except (ValueError, RecursionError):
        return _short(head.decode("utf-8", "replace"))
    return _short("; ".join(dict.fromkeys(_messages(body))))


_NAMES = ("message", "error_description", "error_message", "detail", "title", "error_info", "description", "reason")
_INSIDE = ("error", "errors", "fault", "messages", "data", "meta", "status")


def _messages(body: Any, depth: int = 0) -> list[str]:
    if isinstance(body, str):
        return [body] if depth else []
    if depth > 4:
        return []
    if isinstance(body, list):
        return [text for item in body[:5] for text in _messages(item, depth + 1)]
    if not isinstance(body, dict):
        return []
    lower = {str(key).lower(): value for key, value in body.items()}
    found = [lower[name] for name in _NAMES if isinstance(lower.get(name), str)]
    inner = [text for name in _INSIDE if name in lower for text in _messages(lower[name], depth + 1)]
    return [*inner, *found] if depth == 0 else [*found, *inner]


def _titled(page: bytes) -> str:
    found = _TITLE.search(page[:100_000].decode("utf-8", "replace"))
    title = _short(html.unescape(re.sub(r"<[^>]+>", " ", found[2]))) if found else ""
    return f' "{title}"' if title else ""


def _short(text: str) -> str:
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
