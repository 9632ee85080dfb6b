"""A small Singer tap of the standard library: orders of a JSON file, by the time of their last change.

It behaves as taps do: ``--discover``, a catalogue, a state, a STATE message after each page, ``_sdc_deleted_at`` for what
is gone, and talk on the error output (the key it was given included, as careless taps do).
"""

from __future__ import annotations

import json
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # a tap starts often in the tests, and typing is slow to load
    from typing import Any

arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))  # noqa: B905 - --discover has no value


def read(name: str) -> Any:
    with open(arguments[name], encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes as long to load as the rest
        return json.load(file)


config = read("--config")
with open(config["file"], encoding="utf-8") as file:  # noqa: PTH123
    data = json.load(file)
print(f"WARNING the key is {config['api_key']}", file=sys.stderr)
if data["revoked"]:
    print("ERROR 401 Unauthorized: invalid api key", file=sys.stderr)
    sys.exit(1)
fields = ["id", "customer", "placed_at", "total", "currency", "note", "changed_at", "_sdc_deleted_at", "internal"]
schema = {"type": "object", "properties": {name: {} for name in fields}}


def say(**message: object) -> None:
    print(json.dumps(message))


if "--discover" in sys.argv:
    stream = {"stream": "orders", "tap_stream_id": "orders", "schema": schema, "key_properties": ["id"], "metadata": []}
    other = {**stream, "stream": "organisations", "tap_stream_id": "organisations"}
    say(streams=[stream, other])
    sys.exit()

catalogue = {item["stream"]: item for item in read("--catalog")["streams"]}
assert [name for name, item in catalogue.items() if item["schema"]["selected"]] == ["orders"]
chosen = {tuple(item["breadcrumb"])[-1:]: item["metadata"].get("selected") for item in catalogue["orders"]["metadata"]}
start = ""
if "--state" in arguments:
    start = read("--state")["bookmarks"]["orders"]["changed_at"]
say(type="SCHEMA", stream="orders", schema=schema, key_properties=["id"])
count = 0
for row in sorted(data["orders"], key=lambda row: (row["changed_at"], row["id"])):
    if row["changed_at"] < start:
        continue
    count += 1
    sent = {name: value for name, value in row.items() if chosen[(name,)]}
    say(type="RECORD", stream="orders", record=sent, time_extracted="2026-06-01T00:00:00Z")
    if count % 50 == 0:
        say(type="STATE", value={"bookmarks": {"orders": {"changed_at": row["changed_at"]}}})
    start = row["changed_at"]
if start:
    say(type="STATE", value={"bookmarks": {"orders": {"changed_at": start}}})
