"""Secrets stay out of messages and logs.

Every client registers the secrets of its connection here. Messages go through :meth:`Secrets.hide`, and the loggers of
the HTTP library pass a filter that does the same and leaves the query strings of addresses out.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
import weakref
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from revalign_udf.errors import redact

__all__ = ["Secrets", "secret_settings"]

_SHORTEST = 4
"""shorter ones would black out ordinary words"""
_QUERY = re.compile(r"(https?://[^\s?#'\"]*)\?[^\s'\"]*")
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")

_live: weakref.WeakSet[Secrets] = weakref.WeakSet()
_lock = threading.Lock()


class Secrets:
    """The secrets of one connection, in every form in which they could show up in a text.

    >>> secrets = Secrets(["s3cr/t value"])
    >>> secrets.hide("GET /x?key=s3cr%2Ft%20value failed")
    'GET /x?key=*** failed'
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        self.add(*known)
        with _lock:
            _live.add(self)
        _guard_logs()

    def add(self, *secrets: str) -> None:
        """Learn further secrets: a renewed token."""
        for secret in secrets:
            if len(secret) < _SHORTEST:
                continue
            forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]}
            forms.add(base64.b64encode(secret.encode()).decode())
            # a key in PEM: any of its lines tells a part
            forms.update(line for line in secret.split() if len(line) >= 40)
            self._forms |= forms  # a new set: a log in another thread may be reading the old one

    def hide(self, text: str) -> str:
        """The text with every secret replaced by ``***``."""
        return redact(text, self._forms)

    def __repr__(self) -> str:
        return f"Secrets({len(self._forms)} forms)"


def secret_settings(settings: Mapping[str, Any], more: Iterable[str] = ()) -> list[str]:
    """The values of settings that are secrets by their name or form, and what the context says besides."""
    from revalign_udf.config.secrets import looks_secret

    return [str(value) for name, value in settings.items() if looks_secret(name, value)] + list(more)


class _Hide(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        text = _QUERY.sub(r"\1?...", record.getMessage())
        with _lock:
            known = list(_live)
        for secrets in known:
            text = secrets.hide(text)
        record.msg, record.args, record.exc_info, record.exc_text = text, (), None, None
        return True


_FILTER = _Hide()


def _guard_logs() -> None:
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)  # a filter is added once
