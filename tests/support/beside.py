"""Helpers that lie beside tests: folders of tests are no packages, so they are loaded by path, once."""

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TypeVar

__all__ = ["campaign", "load"]

T = TypeVar("T")


def campaign(every: Sequence[T], usual: int = 1) -> Sequence[T]:
    """All cases in a campaign (`poe campaign`), the first ones in a usual run."""
    return every if os.environ.get("REVALIGN_CAMPAIGN") else every[:usual]


def load(path: Path) -> ModuleType:
    """The module in a file beside some tests."""
    name = f"beside_{path.parent.name}_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]
