"""Our own Office.js add-in: what Excel on Windows, Mac and the web loads from the server, as files.

Everything about functions comes from the registry: `functions.json` (what Excel's autocomplete and wizard show) and the
list in `functions.js`. The scripts themselves are plain ES modules without dependencies; README.md says how the parts
work together and how they were proved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files
from types import MappingProxyType

from revalign_udf.excel.office.icons import icon
from revalign_udf.excel.office.manifest import manifest_json, manifest_xml
from revalign_udf.excel.office.metadata import metadata, shapes
from revalign_udf.functions.registry import Function, registry

__all__ = ["ADDIN_PORT", "FOLDER", "assets"]

#: where the server shows the files, and where the manifest looks for them
FOLDER = "/addin/"
#: the port of the server on one's own machine: the manifest names it, so it must not change from day to day
ADDIN_PORT = 8743

_KINDS = MappingProxyType({".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"})
_ICONS = MappingProxyType(
    {"icon-16.png": 16, "icon-32.png": 32, "icon-64.png": 64, "icon-80.png": 80, "icon-192.png": 192}
)
_PLACE = "export const FUNCTIONS = {};"


def assets(base_url: str, functions: Mapping[str, Function] | None = None) -> dict[str, tuple[str, bytes]]:
    """Every file of the add-in for a server: name -> (media type, content).

    Args:
        base_url: address of the server, such as ``https://localhost:8743``; the manifests hold it.
        functions: what to offer; the whole registry when left out.
    """
    known = registry() if functions is None else functions
    home = base_url.rstrip("/") + FOLDER
    found = {
        "manifest.xml": ("application/xml", manifest_xml(home).encode()),
        "manifest.json": ("application/json", _json(manifest_json(home))),
        "functions.json": ("application/json", functions_json(known)),
        "functions.js": ("text/javascript", _script(known).encode()),
    }
    for path in sorted(files(__package__).joinpath("static").iterdir(), key=lambda item: item.name):
        kind = _KINDS.get(path.name[path.name.rfind(".") :])
        if kind and path.name not in found:
            found[path.name] = (kind, path.read_bytes())
    found |= {name: ("image/png", icon(size)) for name, size in _ICONS.items()}
    return {**found, "icon-outline.png": ("image/png", icon(32, outline=True))}


def functions_json(functions: Mapping[str, Function] | None = None) -> bytes:
    """``functions.json``: what Excel knows of the functions before it calls any."""
    return _json(metadata(registry() if functions is None else functions))


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def _script(functions: Mapping[str, Function]) -> str:
    """``functions.js`` with the list of the functions in its place."""
    text = files(__package__).joinpath("static", "functions.js").read_text(encoding="utf-8")
    lines = [f"  {json.dumps(key)}: {json.dumps(asdict(shape))}," for key, shape in shapes(functions).items()]
    if text.count(_PLACE) != 1:
        raise ValueError(f"functions.js has no place for the list: {_PLACE}")
    return text.replace(_PLACE, "\n".join(["export const FUNCTIONS = {", *lines, "};"]))
