"""The Python process behind the classic add-in: ``python -m revalign_udf.excel.comserver {class id}``.

Excel starts it once, with the class id it will look for. It hands the work to xlwings' own COM server
(``xlwings.com_server``), which registers its object under that id in the memory of Windows and answers until Excel lets
go of it; should Excel crash, the process ends with it. Nothing listens on the network.

``--check`` says in a command window whether everything that Excel needs can be imported.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from revalign_udf.functions.session import PROJECT_VARIABLE

__all__ = ["log_file", "main", "watch"]

_SYNCHRONIZE = 0x00100000
_FOREVER = 0xFFFFFFFF
#: what must be importable before Excel's first call
_NEEDED = ("xlwings.com_server", "revalign_udf.excel.udfs", "revalign_udf.excel.commands")


def log_file() -> Path:
    r"""Where the process writes what went wrong: ``%LOCALAPPDATA%\Revalign\excel.log``."""
    return Path(os.environ.get("LOCALAPPDATA") or tempfile.gettempdir()) / "Revalign" / "excel.log"


def watch(process: int, kernel: Any, stop: Any = os._exit) -> None:
    """Wait until a process of Windows has ended, then end this one. A process that cannot be watched changes nothing."""
    handle = kernel.OpenProcess(_SYNCHRONIZE, False, process)
    if handle:
        kernel.WaitForSingleObject(handle, _FOREVER)
        stop(0)


def check() -> list[str]:
    """What keeps the add-in from working with this Python, one line each; none when all is well."""
    found = [] if sys.platform == "win32" else ["The classic add-in needs Windows."]
    for name in _NEEDED if sys.platform == "win32" else _NEEDED[1:]:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - whatever it is, Excel would meet it too
            found.append(f"{name}: {type(error).__name__}: {error}")
    return found


def main(given: Sequence[str] | None = None) -> int:
    """Serve until Excel ends; with ``--check``, say what is missing and answer 1 when something is."""
    parser = argparse.ArgumentParser(prog="revalign_udf.excel.comserver", description="Answers Excel's cells.")
    parser.add_argument("clsid", nargs="?", default="", help="the class id Excel looks for")
    parser.add_argument("--excel", type=int, default=0, help="the id of Excel's process")
    parser.add_argument("--project", default="", help="the project folder")
    parser.add_argument("--check", action="store_true", help="say whether everything needed is there")
    asked = parser.parse_args(given)
    if asked.project:
        os.environ[PROJECT_VARIABLE] = asked.project
    if asked.check or not asked.clsid:
        problems = check()
        print("\n".join(problems) or f"All is well. Log: {log_file()}")
        return bool(problems)
    _log_to_file()
    try:
        _serve(asked.clsid, asked.excel)
    except BaseException:
        logging.getLogger("revalign.excel").exception("The COM server ended.")
        raise
    return 0


def _serve(clsid: str, excel: int) -> None:
    for name in _NEEDED:  # a broken installation ends the process at once, and Excel says so
        importlib.import_module(name)
    if excel:
        kernel = __import__("ctypes").windll.kernel32
        threading.Thread(target=watch, args=(excel, kernel), daemon=True).start()
    importlib.import_module("xlwings.com_server").serve(clsid)


def _log_to_file() -> None:
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        logging.basicConfig(
            filename=path,
            filemode="w",
            level=logging.WARNING,
            format="%(asctime)s %(name)s %(message)s",
            encoding="utf-8",
        )
    except OSError:  # no log is no reason to have no numbers
        logging.basicConfig(level=logging.CRITICAL)


if __name__ == "__main__":
    sys.exit(main())
