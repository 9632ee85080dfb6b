"""The command line in this process, which is quicker than one of its own; a campaign runs real processes."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess

from click.testing import CliRunner

__all__ = ["command"]


def command(
    *arguments: object,
    process: bool = False,
    environment: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
) -> "CompletedProcess[str]":
    """Run ``revalign`` with these arguments; ``process`` (or a campaign) makes it a process of its own, which starts with
    ``before``. An error that is no exit code fails the test."""
    given = [str(item) for item in arguments]
    extra = {"NO_COLOR": "1", **(environment or {})}
    if process or before or os.environ.get("REVALIGN_CAMPAIGN"):
        program = str(Path(sys.executable).with_name("revalign"))
        done = subprocess.run(
            [program, *given], capture_output=True, text=True, check=False, cwd="/", timeout=300,
            env={**os.environ, **extra}, preexec_fn=before,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done
    from revalign_udf.cli import main
    from revalign_udf.functions import session

    try:
        found = CliRunner(env=extra).invoke(main, given, catch_exceptions=False)
    finally:
        session.use(None)
    return CompletedProcess(given, found.exit_code, found.stdout, found.stderr)
