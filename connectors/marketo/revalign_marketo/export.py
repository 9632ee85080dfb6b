"""Bulk extract of leads: a job is made, queued, waited for, and its file read in bounded memory.

A job covers at most 31 days. The file is CSV in UTF-8; what is empty stands as ``null``. A download that breaks off goes on
where it stopped, and the whole is compared with the checksum that Marketo gives.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from revalign_marketo.api import Marketo, judged, stamp
from revalign_udf.connector import Context
from revalign_udf.connector.http import Expired, Throttled
from revalign_udf.errors import Fatal, Retriable

__all__ = ["LONGEST", "Job", "rows_of"]

#: a second less than Marketo allows, so that no rounding makes it one more
LONGEST = timedelta(days=31) - timedelta(seconds=1)
_POLL = 60
_PATIENCE = 4 * 3600
_RESUMES = 5
_PATH = "/bulk/v1/leads/export"


class Job:
    """One export job."""

    def __init__(self, marketo: Marketo, key: str) -> None:
        self._marketo = marketo
        self.key = key

    @classmethod
    def of(cls, marketo: Marketo, fields: Sequence[str], by: str, start: datetime, end: datetime) -> Job:
        """Make and queue a job for leads created or updated in a window.

        Raises Refusal with the number 1035 where the subscription has no such filter.
        """
        wanted = {
            "fields": list(fields),
            "format": "CSV",
            "filter": {by: {"startAt": stamp(start), "endAt": stamp(end)}},
        }
        # a job that was made twice and queued once costs nothing
        made = marketo.http.post(f"{_PATH}/create.json", wanted).json["result"][0]
        job = cls(marketo, str(made["exportId"]))
        job._queue()
        return job

    def _queue(self) -> None:
        """Queue the job; where the answer was lost, look whether it is queued before asking once more."""
        try:
            self._marketo.http.post(f"{_PATH}/{self.key}/enqueue.json", idempotent=False)
        except Retriable:
            status = self._marketo.result(f"{_PATH}/{self.key}/status.json")
            if status and str(status[0].get("status")) == "Created":
                self._marketo.http.post(f"{_PATH}/{self.key}/enqueue.json", idempotent=False)

    def wait(self, ctx: Context) -> Mapping[str, Any] | None:
        """Its status once it is complete; None for a job that is gone, failed or was cancelled.

        Raises Retriable REV-505 when it takes hours: the next pull goes on waiting for the same job.
        """
        waited = 0
        while waited < _PATIENCE:
            status = self._marketo.result(f"{_PATH}/{self.key}/status.json")
            state = str(status[0].get("status")) if status else "Failed"
            if state == "Completed":
                return status[0]
            if state in ("Failed", "Canceled", "Cancelled"):
                return None
            ctx.wait(_POLL)
            waited += _POLL
        raise Retriable(
            f"Marketo has not finished the export {self.key} after {_PATIENCE // 3600} hours.",
            hint="Pull again later; the pull goes on with the same export.",
        )

    def pieces(self, ctx: Context, status: Mapping[str, Any]) -> Iterator[bytes]:
        """The file in pieces. Raises Retriable REV-505 for a file that is not the one announced."""
        total, resumed = hashlib.sha256(), 0
        done = 0
        while True:
            try:
                for piece in self._from(ctx, done):
                    total.update(piece)
                    done += len(piece)
                    yield piece
            except (Retriable, Throttled, Expired) as error:
                resumed += 1
                if resumed > _RESUMES:
                    raise Retriable(
                        f"Marketo's export {self.key} breaks off again and again.", hint="Pull again later."
                    ) from error
                if isinstance(error, Throttled):
                    ctx.wait(error.after or 1)
                elif isinstance(error, Expired):
                    # a call that is judged renews the token
                    self._marketo.result(f"{_PATH}/{self.key}/status.json")
                continue
            break
        announced = str(status.get("fileChecksum") or "")
        if announced.startswith("sha256:") and announced != f"sha256:{total.hexdigest()}":
            raise Retriable(f"The file of Marketo's export {self.key} is not the one it announced.", hint="Pull again.")

    def _from(self, ctx: Context, done: int) -> Iterator[bytes]:
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={done}-"} if done else {})}
        with self._marketo.http.stream("GET", f"{_PATH}/{self.key}/file.json", headers=headers) as body:
            # a server that does not know ranges sends everything again
            skip = done if done and body.status == 200 else 0
            first = True
            for piece in body:
                if first and not done and piece.lstrip()[:1] == b"{":
                    self._refused(ctx, piece, body)
                first = False
                if skip:
                    cut = min(skip, len(piece))
                    piece, skip = piece[cut:], skip - cut  # noqa: PLW2901 - what is known already
                if piece:
                    yield piece

    def _refused(self, ctx: Context, first: bytes, rest: Iterator[bytes]) -> None:
        """An error comes as JSON where the file belongs."""
        try:
            body = json.loads(b"".join([first, *rest])[:100_000])
        except ValueError:
            body = {}
        judged(body, ctx.clock())
        raise Fatal("Marketo sent JSON where the file of an export belongs.", hint="Pull again later.")


def rows_of(pieces: Iterator[bytes]) -> Iterator[dict[str, str | None]]:
    r"""The rows of a CSV file that comes in pieces; ``null`` is nothing. Raises Fatal REV-506 for a broken line.

    >>> list(rows_of(iter([b"id,email,note\r\n1,nu", b'll,"a\nb"\r\n'])))
    [{'id': '1', 'email': None, 'note': 'a\nb'}]
    """
    reader = csv.reader(_lines(pieces), strict=True)
    try:
        header = next(reader, None)
        if header is None:
            return
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                raise Fatal(
                    f"Line {reader.line_num} of Marketo's export has {len(cells)} cells where the header has {len(header)}.",
                    hint="Pull again; if it comes again, tell the author of the connector.",
                )
            yield {name: None if cell in ("null", "") else cell for name, cell in zip(header, cells, strict=True)}
    except csv.Error as error:
        raise Fatal(f"Marketo's export is not CSV: {error}.", hint="Pull again later.") from None


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    """Text lines with their ends, whatever the pieces."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest = ""
    for piece in pieces:
        text = rest + decoder.decode(piece)
        lines = text.split("\n")
        rest = lines.pop()
        yield from (f"{line}\n" for line in lines)
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest
