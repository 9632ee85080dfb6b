"""Calls to one Pipedrive company: lists of both versions of its API, names of stages and custom fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from revalign_udf.connector import Context
from revalign_udf.connector.http import ApiKey, Http, Limits, Reply, Throttled, Token
from revalign_udf.errors import Fatal

__all__ = ["Api", "utc"]

_NEXT = Token("cursor", "additional_data.next_cursor", items="data")


def judge(reply: Reply) -> None:
    """Raise what a reply of status 200 says went wrong: ``{"success": false, "error": ...}``."""
    if "json" not in reply.headers.get("content-type", ""):
        return
    body = reply.json
    if not isinstance(body, Mapping) or body.get("success") is not False:
        return
    told = str(body.get("error") or "no reason given")[:300]
    if str(body.get("errorCode") or body.get("code") or "") == "429" or "limit" in told.lower():
        raise Throttled(f"Pipedrive is asked too much: {told}")
    raise Fatal(f"Pipedrive refuses: {told}", hint="Check the API token and what its user may see.")


def utc(text: Any) -> str | None:
    """A time of Pipedrive's, which is in UTC also where it does not say so.

    >>> utc("2026-01-05 08:00:00"), utc("2026-01-05T08:00:00Z"), utc("2026-01-05"), utc(None)
    ('2026-01-05T08:00:00+00:00', '2026-01-05T08:00:00Z', '2026-01-05', None)
    """
    if not text:
        return None
    plain = str(text).strip()
    if len(plain) == 19:
        return f"{plain.replace(' ', 'T')}+00:00"
    return plain


@dataclass(slots=True)
class Api:
    """One connection during one pull."""

    ctx: Context
    http: Http
    size: int
    _pipelines: dict[str, str] | None = None
    _stages: list[dict[str, Any]] | None = None
    _fields: dict[str, dict[str, tuple[str, dict[str, str]]]] = field(default_factory=dict)

    @classmethod
    def open(cls, ctx: Context) -> Api:
        """The client with its token. Raises ConfigError REV-304."""
        auth = ApiKey("x-api-token", str(ctx.settings.get("api_token") or ""))
        http = ctx.http(auth, judge=judge, limits=Limits(per_second=8))
        return cls(ctx, http, int(ctx.settings.get("page_size") or 500))

    def pages(self, path: str, **params: Any) -> Iterator[tuple[list[dict[str, Any]], datetime | None]]:
        """Pages of a list that has cursors, each with the server's time."""
        for page in self.http.pages(path, _NEXT, params={**params, "limit": self.size}):
            self.ctx.stop_if_cancelled()
            yield [item for item in page.items if isinstance(item, dict)], _time(page.reply)

    def numbered(self, path: str, **params: Any) -> Iterator[list[dict[str, Any]]]:
        """Pages of a list of the older kind, in which an empty list is written ``null``.

        Raises Fatal REV-506 when a page does not move on.
        """
        start = 0
        while True:
            self.ctx.stop_if_cancelled()
            body = self.http.get(path, params={**params, "start": start, "limit": self.size}).json
            if not isinstance(body, Mapping) or not isinstance(body.get("data") or [], list):
                raise Fatal(f"Pipedrive's {path} is no list.", hint="Check base_url.")
            yield [item for item in body.get("data") or () if isinstance(item, dict)]
            told = (body.get("additional_data") or {}).get("pagination") or {}
            if not told.get("more_items_in_collection"):
                return
            onward = int(told.get("next_start") or 0)
            if onward <= start or not body.get("data"):
                raise Fatal(f"Pipedrive repeats a page of {path} for ever.", hint="Tell Pipedrive's support.")
            start = onward

    def stages(self) -> list[dict[str, Any]]:
        """All stages, each with the name of its ``pipeline``."""
        if self._stages is None:
            names = {
                str(item["id"]): str(item["name"]) for items, _ in self.pages("/api/v2/pipelines") for item in items
            }
            self._stages = [
                {**item, "pipeline": names.get(str(item.get("pipeline_id")), str(item.get("pipeline_id")))}
                for items, _ in self.pages("/api/v2/stages")
                for item in items
            ]
            self._pipelines = names
        return self._stages

    def stage_names(self) -> dict[str, str]:
        """Id of a stage -> its name."""
        return {str(item["id"]): str(item["name"]) for item in self.stages()}

    def pipeline_names(self) -> dict[str, str]:
        """Id of a pipeline -> its name."""
        self.stages()
        return self._pipelines or {}

    def custom(self, kind: str, values: Mapping[str, Any] | None) -> dict[str, Any]:
        """Custom fields under the names people gave them, with the labels of their options; two fields of one name are
        told apart by their keys.
        """
        if not values:
            return {}
        if kind not in self._fields:
            self._fields[kind] = self._described(kind)
        known, found = self._fields[kind], {}
        for key, value in values.items():
            name, options = known.get(key, (key, {}))
            found[name] = _shown(value, options)
        return {name: value for name, value in found.items() if value not in (None, "", [], {})}

    def custom_names(self, kind: str) -> tuple[str, ...]:
        """The names of the custom fields of a kind of record."""
        self.custom(kind, {"": None})
        return tuple(sorted(name for name, _ in self._fields[kind].values()))

    def _described(self, kind: str) -> dict[str, tuple[str, dict[str, str]]]:
        found: dict[str, tuple[str, dict[str, str]]] = {}
        taken: set[str] = set()
        for items in self.numbered(f"/api/v1/{kind}Fields"):
            for item in items:
                key = str(item.get("key") or "")
                if len(key) != 40:  # fields of Pipedrive's own have plain names
                    continue
                name = str(item.get("name") or key)
                name = f"{name} ({key[:6]})" if name in taken else name
                taken.add(name)
                options = {str(option["id"]): str(option["label"]) for option in item.get("options") or ()}
                found[key] = (name, options)
        return found


def _shown(value: Any, options: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        inner = value.get("value", value.get("id"))
        return _shown(inner, options)
    if isinstance(value, list):
        return [_shown(item, options) for item in value]
    if options and value is not None:
        return options.get(str(value), str(value))
    return value


def _time(reply: Reply) -> datetime | None:
    try:
        return parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
