"""Python's search for cycles, held back while many small objects are made that have none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["paused"]


@contextmanager
def paused() -> Iterator[None]:
    """Holds the search back, if it is on. Reading 200,000 cells makes a million objects, and going through them again and
    again for cycles took longer than all the rest of a plan. What is no longer used is freed at once all the same.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
