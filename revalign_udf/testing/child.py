"""A pull in a process of its own, so that it can be killed and its memory measured. Part of the contract suite.

Reads one JSON object from standard input (the vendor's file and class, settings, folder) and prints one.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import revalign_udf.store.pull
import revalign_udf.sync.taking
from revalign_udf.config import Company, Project, Source
from revalign_udf.connector import Message
from revalign_udf.plugins import Registry
from revalign_udf.store import Store
from revalign_udf.sync import PullOptions, pull_sources
from revalign_udf.testing.vendor import Vendor
from revalign_udf.testing.watching import Watch, watched

__all__: list[str] = []


def _vendor(file: Path, name: str) -> type[Vendor]:
    spec = importlib.util.spec_from_file_location(f"child_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found: type[Vendor] = getattr(module, name)
    return found


def _main(task: dict[str, Any]) -> dict[str, Any]:
    sys.path[:0] = [item for item in task["path"] if item not in sys.path]
    vendor = _vendor(Path(task["file"]), task["vendor"])
    connector = vendor.connector
    settings = dict(task["settings"])
    for item in connector.spec.settings:
        if item.kind == "secret" and settings.get(item.name) is not None:
            os.environ[f"CHILD_{item.name}".upper()] = str(settings[item.name])
            settings[item.name] = f"$env:CHILD_{item.name}".upper().replace("$ENV", "$env")

    def kill(number: int, _message: Message) -> None:
        if number == task["kill_after"]:
            os.kill(os.getpid(), signal.SIGKILL)

    if task["kill_after"]:
        # every page is handed on, and every mark is a commit here, so that the kill comes between two of them
        revalign_udf.sync.taking._GATHER_RECORDS = 1  # noqa: SLF001
        revalign_udf.store.pull._COMMIT_ROWS = 1  # noqa: SLF001
    folder = Path(task["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    source = Source(
        "child", connector.spec.name, {name: value for name, value in settings.items() if value is not None}
    )
    project = Project(folder, Company("Test"), {"child": source})
    registry = Registry(connectors={connector.spec.name: watched(connector, Watch(on_message=kill))})
    options = PullOptions(prepare=lambda ctx: setattr(ctx, "sleep", lambda _seconds: None))
    with Store.open(folder) as store:
        (report,) = pull_sources(project, store, registry, options=options)
        store.open_views()
        keys = [row[0] for row in store.con.execute(f"SELECT _key FROM c_{vendor.table} ORDER BY 1").fetchall()]
    return {"failures": report.failures, "keys": keys, "megabytes": _megabytes()}


def _megabytes() -> float:
    """The most memory this process has had, 0 where the system does not say."""
    status = Path("/proc/self/status")
    if status.is_file():  # the other figure counts what the process was forked from as well
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
        if found:
            return int(found[1]) / 1024
    try:
        import resource
    except ImportError:
        return 0.0
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1024 if sys.platform != "darwin" else used / (1 << 20)


if __name__ == "__main__":
    print(json.dumps(_main(json.load(sys.stdin))))
