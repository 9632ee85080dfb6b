"""Bulk API 2.0: a query as a job, its results as CSV in sets, read in bounded memory and from where one stopped."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from revalign_salesforce.api import Api
from revalign_udf.connector import Context
from revalign_udf.connector.cursors import parsed
from revalign_udf.errors import ConnectorError, Fatal, Retriable

__all__ = ["Job", "ResultSet", "lines"]

#: a set of results at most; sets are where an interrupted pull goes on
_SET = 50_000
_FIRST_WAIT, _LONGEST_WAIT = 2.0, 60.0
#: jobs run for a day at most
_PATIENCE = 24 * 3600
#: text fields hold up to 131,072 signs, one more than what Python's reader takes by default
_LONGEST_CELL = 4 * 2**20


@dataclass(slots=True)
class ResultSet:
    """One set of a job's results. ``locator`` of the next one is known when all records were taken; empty at the end."""

    records: Iterator[list[list[str]]]
    locator: str = ""


@dataclass(slots=True)
class Job:
    """A query job. ``version`` is that of the API which made it: its results are fetched through the same one."""

    ctx: Context
    api: Api
    key: str
    version: str
    created: datetime | None = None
    state: str = ""
    error: str = ""
    batch: int = 2000
    _rows: int = field(default=0, repr=False)

    @classmethod
    def start(cls, ctx: Context, api: Api, soql: str, batch: int = 2000) -> Job:
        """Make a job that reads deleted and archived records, too."""
        wanted = {
            "operation": "queryAll", "query": soql, "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF",
        }  # fmt: skip
        body = api.call("POST", f"{api.root}/jobs/query", json=wanted, idempotent=False).json
        job = cls(ctx, api, str(body["id"]), api.version, batch=batch)
        job._take(body)
        return job

    @classmethod
    def resume(cls, ctx: Context, api: Api, saved: Mapping[str, Any], batch: int = 2000) -> Job | None:
        """The job of an interrupted pull; None when it is gone (they are kept seven days), failed or was stopped."""
        job = cls(ctx, api, str(saved["job"]), str(saved["version"]), batch=batch)
        reply = api.call("GET", job._path, allow=(404,))
        if reply.status == 404:
            return None
        job._take(reply.json)
        return None if job.state in ("Failed", "Aborted") else job

    @property
    def _path(self) -> str:
        return f"/services/data/v{self.version}/jobs/query/{self.key}"

    def _take(self, body: Mapping[str, Any]) -> None:
        self.state = str(body.get("state") or "")
        self.error = str(body.get("errorMessage") or "")
        if body.get("createdDate"):
            self.created = parsed(str(body["createdDate"]))

    def wait(self) -> None:
        """Until the results are there. Raises Fatal REV-506 when the job failed; Retriable REV-505 when the pull was
        stopped (the job is stopped, too) or the job takes longer than a day.
        """
        pause, waited = _FIRST_WAIT, 0.0
        try:
            while self.state != "JobComplete":
                self._must_go_on(waited)
                self.ctx.wait(pause)
                waited += pause
                pause = min(pause * 1.5, _LONGEST_WAIT)
                self._take(self.api.call("GET", self._path).json)
        except Retriable:
            if self.ctx.cancelled():
                self.abort()
            raise

    def _must_go_on(self, waited: float) -> None:
        if self.state in ("Failed", "Aborted"):
            raise Fatal(
                f"Salesforce's bulk job {self.key} ended as {self.state}. {self.error}".strip(),
                hint='Pull again; set bulk = "never" when it happens every time.',
            )
        if waited > _PATIENCE:
            raise Retriable(f"Salesforce's bulk job {self.key} has run for a day.", hint="Pull again.")

    def results(self, fields: Sequence[str], locator: str = "") -> ResultSet:
        """One set of results, the first or the one at a locator, in batches of lines."""
        found = ResultSet(iter(()))
        found.records = self._set(found, fields, locator)
        return found

    def _set(self, found: ResultSet, fields: Sequence[str], locator: str) -> Iterator[list[list[str]]]:
        self.api.stop_at_budget()
        params = {"maxRecords": _SET, "locator": locator or None}
        with self.api.http.stream(
            "GET", f"{self._path}/results", params=params, headers={"Accept": "text/csv"}
        ) as body:
            count = 0
            for batch in _batches(lines(body), fields, self.batch, first=not locator):
                count += len(batch)
                yield batch
            told = body.reply_headers.get("Sforce-NumberOfRecords", "")
            onward = body.reply_headers.get("Sforce-Locator", "")
        if told.isdigit() and int(told) != count:
            raise Retriable(
                f"Salesforce announced {told} records of the bulk job {self.key} and sent {count}.", hint="Pull again."
            )
        if onward and onward == locator:
            raise Fatal("Salesforce repeats a set of results for ever.", hint="Tell Salesforce's support.")
        found.locator = "" if onward == "null" else onward

    def abort(self) -> None:
        """Stop the job and clear it away; it does not matter when that fails."""
        asked = self.ctx.cancelled
        self.ctx.cancelled = lambda: False  # a stopped pull makes no further calls, except these two
        try:
            self.api.call("PATCH", self._path, json={"state": "Aborted"})
            self.delete()
        except ConnectorError:
            return
        finally:
            self.ctx.cancelled = asked

    def delete(self) -> str:
        """Clear the job away. Returns what went wrong; the job then goes by itself after seven days."""
        try:
            self.api.call("DELETE", self._path, allow=(404,), headers={"Accept": "*/*"})
        except ConnectorError as error:
            return str(error)
        return ""


def lines(pieces: Iterable[bytes]) -> Iterator[str]:
    r"""Lines of a UTF-8 text that comes in pieces cut anywhere. Only ``\n`` ends a line: text holds other line ends.

    >>> list(lines([b"a\r\x80".replace(b"\x80", "é".encode())[:3], b"\xa9\nb"]))
    ['a\ré\n', 'b']
    """
    decode = codecs.getincrementaldecoder("utf-8-sig")()
    rest: list[str] = []
    for piece in pieces:
        text = decode.decode(piece)
        *whole, last = text.split("\n")
        for line in whole:
            yield "".join((*rest, line, "\n"))
            rest.clear()
        if last:
            rest.append(last)
    rest.append(decode.decode(b"", final=True))
    if last_line := "".join(rest):
        yield last_line


def _batches(text: Iterator[str], fields: Sequence[str], size: int, *, first: bool) -> Iterator[list[list[str]]]:
    """Records of a set of results in the order of ``fields``, without its header line. Only the first set needs one."""
    if csv.field_size_limit() < _LONGEST_CELL:
        csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(text, strict=True)
    batch: list[list[str]] = []
    try:
        header = next(reader, None)
        if header is None:
            return
        order = _order(header, fields)
        if order is None and (first or len(header) != len(fields)):
            raise Fatal(
                f"Salesforce sent the columns {', '.join(header)[:300]} instead of {', '.join(fields)[:300]}.",
                hint="Pull again; if it stays so, tell the author of the connector.",
            )
        if order is None:
            batch.append(header)
        same = order is None or order == list(range(len(fields)))
        for cells in reader:
            if len(cells) != len(fields):
                raise Retriable("A line of Salesforce's results was cut off.", hint="Pull again.")
            batch.append(cells if same else [cells[place] for place in order or ()])
            if len(batch) >= size:
                yield batch
                batch = []
    except csv.Error:
        raise Retriable("Salesforce's results ended in the middle of a text.", hint="Pull again.") from None
    if batch:
        yield batch


def _order(header: Sequence[str], fields: Sequence[str]) -> list[int] | None:
    """Where each field stands in a header line; None when it is no header of these fields."""
    places = {name.casefold(): place for place, name in enumerate(header)}
    wanted = [name.casefold() for name in fields]
    return [places[name] for name in wanted] if sorted(places) == sorted(wanted) else None
