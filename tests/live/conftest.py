"""Live tests never run by themselves: somebody asks for them, and says with which key on which spreadsheet."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

KEY_FILE, SHEET = "REVALIGN_LIVE_KEY_FILE", "REVALIGN_LIVE_SHEET"


def left_out(asked: str, environment: Mapping[str, str]) -> str:
    """Why live tests are left out; empty when they run.

    Args:
        asked: the marks asked for (``-m``).
        environment: where the key and the spreadsheet are named.
    """
    if asked != "live":
        return "live tests run when asked for: poe live"
    missing = [name for name in (KEY_FILE, SHEET) if not environment.get(name)]
    return f"live tests need {' and '.join(missing)}: see tests/live/README.md" if missing else ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves live tests out; nobody's run is the longer for a list of them, and no build server fails for a skip."""
    asked = str(config.option.markexpr)
    reason = left_out(asked, os.environ)
    here = Path(__file__).parent
    live = [item for item in items if here in item.path.parents and item.get_closest_marker("live")]
    if not reason or not live:
        return
    if asked == "live":
        for item in live:
            item.add_marker(pytest.mark.skip(reason=reason))
    else:
        config.hook.pytest_deselected(items=live)
        items[:] = [item for item in items if item not in live]
