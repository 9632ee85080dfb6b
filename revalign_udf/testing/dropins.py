"""Loading a drop-in file for its tests, as discovery loads it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

__all__ = ["drop_in"]


def drop_in(path: Path) -> ModuleType:
    """The module in a file, loaded once: a drop-in plugin for its tests, or a vendor beside them.

    Raises what the file raises, and ImportError for what is no Python file.
    """
    path = path.resolve()
    name = f"revalign_file_{path.stem}_{abs(hash(str(path)))}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
