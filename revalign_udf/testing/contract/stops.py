"""Rules about pulls that are stopped or killed, states of earlier releases, and much data."""

from __future__ import annotations

import gc
import inspect
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from revalign_udf.connector import Mark, Message, Records, Rows
from revalign_udf.errors import Retriable
from revalign_udf.testing.contract.rules import Suite, Trial, campaign, heavy_rule, need, read_of, rule
from revalign_udf.testing.vendor import Vendor
from revalign_udf.testing.watching import Watch

__all__ = ["WRITE_STATES", "Stops"]

#: set this variable to write the state file of a new version, where there is none
WRITE_STATES = "REVALIGN_WRITE_STATES"
_LITTLE, _MUCH = 1_000, 5_000
_BLOCKS = 5
"""memory blocks that may stay per record: its id in a set, but not the record"""
_CEILING = 500
"""megabytes for a pull of 100,000 records, the whole process"""


class Stops(Suite):
    """Pulls that are stopped or killed, states of earlier releases, and much data."""

    @rule
    def test_killed_between_pages_and_resumed(self) -> None:
        """A pull that ends after any message and is run again gives the same table."""
        clean = self.clean().result
        own = [
            number
            for number, (stream, message, _) in enumerate(clean.watch.messages, 1)
            if stream == self.vendor.main and isinstance(message, Records | Rows | Mark)
        ]
        every = range(1, len(clean.watch.messages) + 1)
        # usually: after the very first message, and after the mark of the second page
        points = set(every) if campaign() else {own[0], own[min(3, len(own) - 1)]}
        for point in sorted(points):

            def stop(number: int, _message: Message, at: int = point) -> None:
                if number == at:
                    raise Retriable("the contract suite stops here")

            with self.trial(self.many) as trial:
                trial.bench.pull(Watch(on_message=stop))
                self.same(trial, trial.pull(), f"Stopped after message {point} and run again")

    @heavy_rule
    def test_a_killed_process_is_made_good(self) -> None:
        """A pull whose process is killed between pages, and run again, gives the same table (campaign)."""
        if not campaign():
            return
        messages = len(self.clean().result.watch.messages)
        for point in {1, max(1, messages // 2), messages}:
            with self.trial(self.many) as trial:
                trial.bench.store.con.execute("CHECKPOINT")
                done = _child(trial, kill_after=point)
                need(
                    done.returncode == -signal.SIGKILL,
                    f"The pull did not come to message {point}: {done.stderr[-500:]}",
                )
                done = _child(trial)
                need(done.returncode == 0, f"After a kill the pull fails: {done.stderr[-500:]}")
                found = json.loads(done.stdout)
                need(not found["failures"], f"After a kill the pull fails: {found['failures']}")
                missing = set(trial.keys) - set(found["keys"])
                need(not missing, f"Killed after message {point} and run again: {len(missing)} rows are missing.")

    @rule
    def test_a_stopped_pull_ends_soon(self) -> None:
        """A pull that is told to stop ends within a call or two; the next one has everything."""
        if len(self.clean().result.calls) < 2:
            raise NotImplementedError("calls between which to stop")
        with self.trial(self.many) as trial:
            api = trial.vendor.api
            trial.bench.cancelled = lambda: len(api.calls) > 0
            result = trial.bench.pull()
            need(not result.ok, "A stopped pull reports success.")
            need(len(result.calls) <= 3, f"Told to stop at its first call it made {len(result.calls)} calls.")
            trial.bench.cancelled = lambda: False
            self.same(trial, trial.pull(), "After a stopped pull")

    @rule
    def test_states_of_every_release_load(self) -> None:
        """A state written by an earlier release is understood, and what changed since arrives."""
        spec = self.vendor.connector.spec
        folder = Path(inspect.getfile(self.vendor)).parent / "states"
        own = folder / f"v{spec.state_version}_{spec.name}.json"
        if os.environ.get(WRITE_STATES) and not own.exists():  # one that was released is never written over
            self._write_states(own)
        files = sorted(folder.glob("v*.json"))
        versions = {int(json.loads(file.read_text(encoding="utf-8"))["version"]) for file in files}
        missing = sorted(set(range(1, spec.state_version + 1)) - versions)
        need(
            not missing,
            f"There is no state file of version {missing} in the folder {folder.name}/ beside the vendor's file."
            f" Write it once (revalign plugins check ... --write-states, or {WRITE_STATES}=1 with pytest), and keep it for ever.",
        )
        for file in files:
            saved = json.loads(file.read_text(encoding="utf-8"))
            # a state belongs to so many records as there were when it was written
            count = saved.get("records", 2 * self.vendor.page_size + 1)
            with self.trial(count) as trial:
                text = json.dumps(saved["streams"]).replace("{base_url}", trial.vendor.api.base_url)
                for stream, state in json.loads(text).items():
                    trial.bench.set_state(stream, state, saved["version"])
                result = trial.pull()
                if {item.name: item for item in trial.bench.streams()}[self.vendor.main].cursor:
                    now = read_of(result, self.vendor.main)
                    need(now < count, f"From {file.name} it reads all {now} records again.")
                new = trial.vendor.fill(1)
                missed = set(new) - trial.pull().keys(self.vendor.table)
                need(not missed, f"From {file.name} on, a new record does not arrive.")

    @rule
    def test_pages_are_handed_over_as_they_come(self) -> None:
        """The first page is handed over before the last one is asked for: a pull holds no list of everything."""
        pages = self.clean().pages
        if len(self.clean().result.calls) < 3:
            raise NotImplementedError("a list that comes in pages")
        need(len(pages) > 1, "Every page is read before the first record is handed over.")

    @heavy_rule
    def test_memory_is_bounded(self) -> None:
        """What 1,000 records and 5,000 records keep in memory is the same; in a campaign 100,000 stay under a ceiling.

        ``REVALIGN_CONTRACT_ROWS`` says how many instead.
        """
        kept = self._kept()
        need(kept < _BLOCKS, f"Every record read keeps {kept:.0f} objects in memory although nobody needs it any more.")
        rows = int(os.environ.get("REVALIGN_CONTRACT_ROWS", "100000" if campaign() else "0"))
        if not rows:
            return
        with self.trial(rows) as trial:
            trial.vendor.api.remember = False
            done = _child(trial)
            need(done.returncode == 0, f"A pull of {rows:,} records fails: {done.stderr[-500:]}")
            found = json.loads(done.stdout)
            missing = set(trial.keys) - set(found["keys"])
            need(not missing, f"{len(missing)} of {rows:,} records are missing: {found['failures']}")
            need(found["megabytes"] < _CEILING, f"{rows:,} records take {found['megabytes']:.0f} MB.")

    def _kept(self) -> float:
        """Memory blocks that stay in use per record, while a connector reads records that nobody keeps."""
        with self.trial(_MUCH) as trial, trial.bench.context() as ctx:
            trial.vendor.api.remember = False
            connector, read = trial.vendor.connector, 0
            stream = {item.name: item for item in connector.discover(ctx)}[self.vendor.main]
            first = last = (0, 0)
            for message in connector.read(ctx, stream, {}):
                read += len(message.records) if isinstance(message, Records) else 0
                read += len(message) if isinstance(message, Rows) else 0
                if read >= _LITTLE and not first[0]:
                    first = (read, _blocks())
                elif read >= _MUCH - self.vendor.page_size and not last[0]:
                    last = (read, _blocks())
            need(read >= _MUCH, f"It read {read} of {_MUCH} records.")
            return (last[1] - first[1]) / (last[0] - first[0]) if last[0] > first[0] else 0.0

    def _write_states(self, file: Path) -> None:
        with self.trial(self.many) as trial:
            states = json.dumps(trial.pull().state, indent=2, sort_keys=True, ensure_ascii=False)
            streams: Mapping[str, Any] = json.loads(states.replace(trial.vendor.api.base_url, "{base_url}"))
        file.parent.mkdir(exist_ok=True)
        spec = self.vendor.connector.spec
        text = json.dumps(
            {"connector": spec.name, "version": spec.state_version, "records": self.many, "streams": streams},
            indent=2, sort_keys=True, ensure_ascii=False,
        )  # fmt: skip
        file.write_text(text + "\n", encoding="utf-8")


def _blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()


def _child(trial: Trial, kill_after: int = 0) -> subprocess.CompletedProcess[str]:
    """The pull in a process of its own; with ``kill_after`` it kills itself after so many messages."""
    vendor: type[Vendor] = type(trial.vendor)
    task = {
        "file": inspect.getfile(vendor),
        "vendor": vendor.__qualname__,
        "settings": trial.vendor.settings(),
        "folder": str(trial.bench.project.folder / f"child{trial.bench.name}"),
        "kill_after": kill_after,
        "path": sys.path,
    }
    return subprocess.run(
        [sys.executable, "-m", "revalign_udf.testing.child"],
        input=json.dumps(task, default=str), capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
