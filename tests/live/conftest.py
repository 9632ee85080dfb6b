"""Live tests never run by themselves: two settings of the environment say that somebody means it."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

_NEEDED = ("REVALIGN_LIVE_KEY_FILE", "REVALIGN_LIVE_SHEET")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves live tests out; a build server, where a skip is a failure, does not even select them."""
    missing = [name for name in _NEEDED if not os.environ.get(name)]
    here = Path(__file__).parent
    live = [item for item in items if here in item.path.parents and item.get_closest_marker("live")]
    # without golden files there is nothing to compare
    nothing: Sequence[pytest.Item] = [item for item in items if here in item.path.parents and "NOTSET" in item.name]
    left_out = [*nothing, *(live if missing and os.environ.get("CI") == "true" else ())]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in live if missing else ():
        item.add_marker(pytest.mark.skip(reason=f"needs a real account: set {' and '.join(missing)}"))
