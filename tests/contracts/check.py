"""Hold our small HubSpot and Intercom, and what our connectors ask of them, to the vendors' published descriptions.

    uv run poe contracts --specs DIR

``DIR`` holds ``hubspot/*.json`` and ``intercom/api.intercom.io.yaml`` (README.md beside this file says where they are
published). Prism stands between connector and fake and checks every call and every reply; one violation fails the
command. A control breaks the contract on purpose and has to be noticed. The result is written to RESULT.md.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "support")]

from beside import load  # noqa: E402

from revalign_udf.testing import Answer, Bench, Call, FakeApi, PullResult  # noqa: E402

PREPARED = load(HERE / "prepared.py")
HUBSPOT = load(ROOT / "connectors/hubspot/tests/vendor_hubspot.py")
INTERCOM = load(ROOT / "connectors/intercom/tests/vendor_intercom.py")
PRISM = HERE / "node" / "node_modules" / ".bin" / "prism"
_APART = frozenset(("/account-info/v3/details",))
"""calls that no file of the vendor's describes; they go past Prism, and the result says so"""
_PASSED_ON = ("authorization", "content-type", "accept", "intercom-version")


@dataclass
class Checked:
    """What came of the calls of one vendor."""

    port: int
    """where Prism listens"""
    calls: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    apart: Counter[str] = field(default_factory=Counter)
    """calls that are described nowhere"""


def installed() -> None:
    """Prism, from the pinned package file."""
    if not PRISM.is_file():
        command = [
            "npm",
            "install",
            "--prefix",
            str(HERE / "node"),
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--silent",
        ]
        subprocess.run(command, check=True)


@contextmanager
def between(spec: dict[str, Any], upstream: str) -> Iterator[tuple[FakeApi, Checked]]:
    """Prism in front of a fake, and in front of Prism a relay that notes what Prism says."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        checked = Checked(port)
        file = Path(folder) / "spec.json"
        file.write_text(json.dumps(spec, default=str), encoding="utf-8")
        log = (Path(folder) / "prism.log").open("wb")
        command = [str(PRISM), "proxy", "--errors", str(file), upstream, "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            _await(port, process, Path(folder) / "prism.log")
            with FakeApi() as relay:
                for method in ("GET", "POST"):
                    relay.route(method, "(?s:.*)")(_relayed(checked, int(upstream.rsplit(":", 1)[1])))
                yield relay, checked
        finally:
            process.terminate()
            process.wait(30)
            log.close()


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"Prism did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")


def _relayed(checked: Checked, upstream: int) -> Callable[[Call], Answer]:
    def relay(call: Call) -> Answer:
        apart = call.path in _APART
        connection = http.client.HTTPConnection("127.0.0.1", upstream if apart else checked.port, timeout=60)
        headers = {name: call.headers[name] for name in _PASSED_ON if name in call.headers}
        connection.request(call.method, call.target, call.body or None, headers)
        reply = connection.getresponse()
        body, kind = reply.read(), reply.headers.get("Content-Type", "")
        date = reply.headers.get("Date", "")
        connection.close()
        (checked.apart if apart else checked.calls)[f"{call.method} {_shape(call.path)}"] += 1
        if "problem+json" in kind:
            checked.violations.append(f"{call.method} {call.path}: {_told(body)}")
        return Answer(reply.status, body=body, headers={"Content-Type": kind, "Date": date})

    return relay


def _shape(path: str) -> str:
    return "/".join("{id}" if part.isdigit() else part for part in path.split("/"))


def _told(body: bytes) -> str:
    problem = json.loads(body)
    details = problem.get("validation") or [{"message": problem.get("detail") or problem.get("title")}]
    return "; ".join(f"{'.'.join(map(str, one.get('location') or ()))} {one.get('message')}" for one in details)[:600]


# -- what is pulled


def pull_hubspot(vendor: Any, bench: Bench) -> None:
    """A first pull, changes of every kind, a sweep."""
    companies = vendor.fill(120)
    people = [
        vendor.add(
            "contacts", {"email": f"p{n}@a.example", "lifecyclestage": "lead", "associatedcompanyid": companies[n]}
        )
        for n in range(60)
    ]
    stages = ("appointmentscheduled", "closedwon", "closedlost")
    deals = [
        vendor.add(
            "deals", {"dealstage": stages[n % 3], "pipeline": "default", "amount": f"{n}.10", "dealname": f"Deal {n}"},
            **({"companies": [companies[n]]} if n % 5 else {}), contacts=people[n % 60 : n % 60 + 2],
        )
        for n in range(60)
    ]  # fmt: skip
    tickets = [vendor.add("tickets", {"hs_pipeline_stage": "1"}, companies=[companies[n]]) for n in range(3)]
    vendor.owners = [
        {"id": str(n), "email": f"o{n}@us.example", "firstName": "Ann", "lastName": "O", "type": "PERSON", "userId": n,
         "userIdIncludingInactive": n, "archived": n == 2, "createdAt": "2025-01-01T00:00:00.000Z",
         "updatedAt": "2025-06-01T00:00:00.000Z", "teams": [{"id": "7", "name": "North", "primary": True}]}
        for n in range(3)
    ]  # fmt: skip
    vendor.emails = [
        {"id": "900", "name": "Spring", "subject": "Hello", "type": "BATCH_EMAIL", "state": "PUBLISHED", "archived": False,
         "createdAt": "2025-11-01T00:00:00Z", "publishDate": "2025-11-02T00:00:00Z", "allEmailCampaignIds": ["55"]}
    ]  # fmt: skip
    bench.check()
    _good(bench.pull())
    vendor.tick(86_400)
    vendor.change(companies[0])
    vendor.set("contacts", people[0], lifecyclestage="customer")
    vendor.set("deals", deals[1], dealstage="closedwon", amount="99.99")
    vendor.link("deals", deals[2], contacts=[])
    vendor.set("tickets", tickets[0], hs_pipeline_stage="4", closed_date="2026-01-02T00:00:00Z")
    vendor.archive("deals", deals[3])
    vendor.merge(companies[4], companies[5])
    _good(bench.pull())
    bench.shift = timedelta(days=8)
    _good(bench.pull())


def pull_intercom(vendor: Any, bench: Bench) -> None:
    """A first pull, changes of every kind, a sweep."""
    vendor.teams = [{"type": "team", "id": "7", "name": "Support", "admin_ids": [1]}]
    vendor.admins = [{"type": "admin", "id": "1", "name": "Ann", "email": "ann@us.example", "team_ids": [7]}]
    companies = [vendor.company(f"C{n}") for n in range(5)]
    vendor.page_limit = 40
    people = [vendor.contact(companies[n % 5], name=f"P{n}") for n in range(90)]
    moment = vendor.clock
    told = {
        "type": "conversation_statistics",
        "first_admin_reply_at": moment,
        "last_close_at": moment,
        "count_reopens": 1,
    }
    rating = {"rating": 5, "remark": "", "created_at": moment, "updated_at": moment,
              "contact": {"type": "contact", "id": people[0]}}  # fmt: skip
    talks = [
        vendor.conversation(people[n], state="closed", statistics=told, conversation_rating=rating, admin_assignee_id=1)
        for n in range(50)
    ]
    vendor.ticket(people[1])
    bench.check()
    _good(bench.pull())
    vendor.tick(86_400)
    vendor.update("contacts", people[0], email="new@a.example")
    vendor.update("conversations", talks[0], state="open")
    vendor.remove(people[2])
    _good(bench.pull())
    bench.shift = timedelta(days=8)
    _good(bench.pull())


def _good(result: PullResult) -> None:
    for failure in result.report.failures:
        print(f"  pull: {failure}")


# -- running


def run(spec: dict[str, Any], vendor: Any, settings: dict[str, Any], pull: Callable[[Any, Bench], None]) -> Checked:
    """One vendor through the proxy."""
    with vendor, between(spec, vendor.api.base_url) as (relay, checked):
        type(vendor).ports = {relay.port, checked.port}
        with Bench(vendor, settings={**settings, "base_url": relay.base_url}) as bench:
            pull(vendor, bench)
        if vendor.api.unknown:
            checked.violations += [f"the fake has no {call}" for call in vendor.api.unknown]
    return checked


def control(
    spec: dict[str, Any], vendor: Any, settings: dict[str, Any], spoil: Callable[[Any], None], path: str
) -> int:
    """How many violations are noticed when a reply and a call break the contract."""
    with vendor, between(spec, vendor.api.base_url) as (relay, checked):
        type(vendor).ports = {relay.port, checked.port}
        spoil(vendor)
        with Bench(vendor, settings={**settings, "base_url": relay.base_url}) as bench:
            bench.pull()
        replies = len(checked.violations)
        asked = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=60)
        headers = {"Content-Type": "application/json", "Authorization": "Bearer x", "Accept": "application/json"}
        asked.request("POST", path, b'{"limit": "many"}', headers)
        asked.getresponse().read()
        asked.close()
        calls = len(checked.violations) - replies
    print(f"  control: {replies} replies and {calls} calls that break the contract were noticed")
    return min(replies, calls)


def spoil_hubspot(vendor: Any) -> None:
    """A record without the times that every record has."""
    vendor.fill(1)
    vendor.api.faults.add("objects/companies", json={"results": [{"id": 7, "properties": {"name": "A"}}]}, times=99)


def spoil_intercom(vendor: Any) -> None:
    """A contact whose time is a text."""
    vendor.contact(name="A")
    said = {"type": "list", "data": [{"type": "contact", "id": 7, "updated_at": "soon"}], "pages": None}
    vendor.api.faults.add("contacts/search", json=said, times=99)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--specs", type=Path, required=True, help="folder with hubspot/ and intercom/")
    specs: Path = parser.parse_args().specs
    installed()
    plans: tuple[tuple[Any, ...], ...] = (
        ("HubSpot", "hubspot", PREPARED.hubspot(specs / "hubspot"), PREPARED.HUBSPOT_CHANGES, HUBSPOT.HubSpotVendor,
         {"streams": ["pipelines", "owners", "companies", "contacts", "deals", "tickets", "marketing_emails"],
          "token": "hs-private-token", "refresh_token": None, "client_secret": None},
         pull_hubspot, spoil_hubspot, "/crm/v3/objects/companies/search"),
        ("Intercom", "intercom", PREPARED.intercom(specs / "intercom"), PREPARED.INTERCOM_CHANGES, INTERCOM.IntercomVendor, {},
         pull_intercom, spoil_intercom, "/contacts/search"),
    )  # fmt: skip
    lines, bad = [], 0
    for label, name, spec, changes, vendor_type, settings, pull, spoil, path in plans:
        print(label)
        vendor = vendor_type()
        vendor.token = settings.get("token", "")
        checked = run(spec, vendor, settings, pull)
        for violation in checked.violations:
            print(f"  {violation}")
        print(f"  {checked.calls.total()} calls checked, {len(checked.violations)} violations")
        spoiled = vendor_type()
        spoiled.token = settings.get("token", "")
        noticed = control(spec, spoiled, settings, spoil, path)
        bad += len(checked.violations) + (0 if noticed else 1)
        lines += [
            f"## {label}", "", f"- description: {PREPARED.commit_of(specs, name)}",
            f"- calls checked: {checked.calls.total()}, violations: {len(checked.violations)}",
            f"- control (a reply and a call that break the contract): {'noticed' if noticed else 'NOT NOTICED'}",
            "- prepared: " + "; ".join(changes), "", "| call | times |", "|---|---|",
            *(f"| `{call}` | {count} |" for call, count in sorted(checked.calls.items())),
            *(f"| `{call}` (described nowhere: not checked) | {count} |" for call, count in checked.apart.items()), "",
        ]  # fmt: skip
    head = [
        "# Held to the published contracts", "",
        "Written by `uv run poe contracts --specs DIR`; see README.md. Every call of our connectors and every reply of our",
        "fakes went through a validating proxy (Prism 5.16.0, `--errors`).", "",
        f"Last run: {datetime.now(UTC):%Y-%m-%d}. Violations: {bad}.", "",
    ]  # fmt: skip
    (HERE / "RESULT.md").write_text("\n".join([*head, *lines]).rstrip() + "\n", encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
