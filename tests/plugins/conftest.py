from collections.abc import Callable
from pathlib import Path

import pytest

from revalign_udf.config import PluginSettings
from revalign_udf.plugins import Registry, discover


@pytest.fixture
def dropped(tmp_path: Path) -> Callable[..., Registry]:
    """Discover with drop-in files given as name=source, all enabled unless told otherwise."""

    def run(enabled: tuple[str, ...] | None = None, disabled: tuple[str, ...] = (), **files: str) -> Registry:
        folder = tmp_path / "plugins"
        folder.mkdir(exist_ok=True)
        for name, source in files.items():
            (folder / f"{name}.py").write_text(source, encoding="utf-8")
        return discover(PluginSettings(tuple(files) if enabled is None else enabled, disabled), folder)

    return run
