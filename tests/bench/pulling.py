"""100,000 records over HTTP into the store: ours beside what a person would write, in one run.

    python tests/bench/pulling.py [--records 100000] [--page 100 500 1000]

The reference server (a process of its own, on loopback) answers pages of customers prepared in advance, with a token of
the next page. Every step runs in a process of its own, so that its peak memory is its own. The yardstick reads the same
pages with requests into a list of dictionaries, makes a pandas frame of it and writes that with DuckDB: no validation, no
history, no state. Seconds depend on the machine; the ratios say more. Not part of the check.

steps    pull        HTTP -> map -> validated -> store with history, incremental state
         pull again  nothing changed: one page from the cursor on
         yardstick   requests -> pandas -> DuckDB
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Mark,
    Message,
    Records,
    Spec,
    Stream,
    http_settings,
)

_START = 1_700_000_000


def record(number: int) -> dict[str, Any]:
    """One customer, of the size vendors send."""
    return {
        "id": f"cus_{number:09}", "object": "customer", "name": f"Company {number} GmbH", "email": f"ann@c{number}.example",
        "created": _START + number, "updated": _START + number, "currency": "eur", "country": "DE", "delinquent": False,
        "description": "made for the benchmark " * 4, "balance": number % 1000, "livemode": True,
        "metadata": {"tier": "gold" if number % 3 else "silver", "region": f"r{number % 17}"},
        "address": {"city": "Berlin", "country": "DE", "line1": f"Street {number}", "postal_code": "10115"},
    }  # fmt: skip


class Reference:
    """The connector of the reference server."""

    spec = Spec("reference", "1", "", (*http_settings(""),), needs=("http",))

    def __init__(self, page: int) -> None:
        self.page = page

    def check(self, ctx: Context) -> Check:
        """Whether it answers."""
        return Check(ok=ctx.http().get("/customers").status == 200, message="")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """Customers."""
        return [Stream("customers", ("organization",))]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        """Pages from the cursor on."""
        from revalign_udf.connector.http import Token

        cursor = state.get("cursor", 0)
        pages = ctx.http().pages(
            "/customers", Token("after", "next", items="data"), params={"since": cursor, "limit": self.page}
        )
        for page in pages:
            yield Records(stream.name, page.items)
            cursor = max([cursor, *(item["updated"] for item in page.items)])
            yield Mark({"cursor": cursor})

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """A customer -> an organization."""
        from revalign_udf.connector.values import attrs, fill, instant

        row = fill(record, {
            "id": "id", "name": "name", "country": "country", "domain": "email",
            "created_at": lambda r: instant(r["created"]), "updated_at": lambda r: instant(r["updated"]),
        }, mapping, stream)  # fmt: skip
        yield "organization", attrs(row, record["metadata"])


def serve(records: int, page: int) -> None:
    """The reference server; prints its address."""
    pages: dict[int, bytes] = {}
    for start in range(0, records, page):
        items = [record(number) for number in range(start, min(start + page, records))]
        after = start + page if start + page < records else None
        pages[start] = json.dumps({"data": items, "next": str(after) if after else None}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            since = int(asked.get("since", ["0"])[0])
            first = max(0, since - _START) // page * page if since else 0
            body = pages[int(asked.get("after", [str(first)])[0])]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def pull(folder: Path, address: str, page: int) -> tuple[float, int]:
    """Ours."""
    from revalign_udf.config import load
    from revalign_udf.jobs import pull as pull_project
    from revalign_udf.plugins import Registry

    (folder / "revalign.toml").write_text(
        f'[source.reference]\nconnector = "reference"\nbase_url = "{address}"\n', encoding="utf-8"
    )
    began = time.perf_counter()
    (report,) = pull_project(load(folder), registry=Registry(connectors={"reference": Reference(page)}))
    assert not report.failures, report.failures
    return time.perf_counter() - began, report.counts.read


def yardstick(folder: Path, address: str, page: int) -> tuple[float, int]:
    """What a person would write."""
    import duckdb
    import pandas as pd
    import requests

    began, rows, after = time.perf_counter(), [], None
    with requests.Session() as session:
        while True:
            params = {"limit": str(page)} | ({"after": after} if after else {})
            reply = session.get(f"{address}/customers", params=params, timeout=60).json()
            rows += reply["data"]
            after = reply["next"]
            if not after:
                break
    frame = pd.json_normalize(rows)  # noqa: F841 - DuckDB reads it by its name
    with duckdb.connect(str(folder / "yardstick.duckdb")) as con:
        con.execute("CREATE TABLE customers AS SELECT * FROM frame")
    return time.perf_counter() - began, len(rows)


_STEPS = {"pull": pull, "yardstick": yardstick}


def _step(name: str, folder: Path, address: str, page: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, __file__, "--step", name, "--folder", str(folder), "--address", address, "--page", str(page)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Run every step for every size of a page and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--page", type=int, nargs="+", default=[100, 500, 1000])
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--address", default="", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step == "serve":
        serve(chosen.records, chosen.page[0])
        return
    if chosen.step:
        seconds, rows = _STEPS[chosen.step](chosen.folder, chosen.address, chosen.page[0])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "rows": rows, "peak": peak}))
        return
    print(
        f"{'page':>6} {'step':<12} {'records':>9} {'seconds':>8} {'records/s':>10} {'peak MB':>8} {'of yardstick':>13}"
    )
    for page in chosen.page:
        with tempfile.TemporaryDirectory() as name:
            server = subprocess.Popen(
                [sys.executable, __file__, "--step", "serve", "--records", str(chosen.records), "--page", str(page)],
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            assert server.stdout is not None
            try:
                address = server.stdout.readline().strip()
                folder = Path(name)
                base = _step("yardstick", folder, address, page)
                results = [("yardstick", base)]
                results += [(step, _step("pull", folder, address, page)) for step in ("pull", "pull again")]
            finally:
                server.terminate()
                server.wait()
                server.stdout.close()
            for step, found in results:
                rate = found["rows"] / found["seconds"]
                ratio = f"{rate * base['seconds'] / base['rows']:.2f}x" if found["rows"] > page else ""
                print(
                    f"{page:>6} {step:<12} {found['rows']:>9,} {found['seconds']:>8.2f} {rate:>10,.0f}"
                    f" {found['peak']:>8.0f} {ratio:>13}"
                )


if __name__ == "__main__":
    main()
