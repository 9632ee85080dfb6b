"""The vendors' published descriptions, as a validating proxy can use them, and every change that needed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

__all__ = ["HUBSPOT_CHANGES", "INTERCOM_CHANGES", "commit_of", "hubspot", "intercom"]

HUBSPOT_CHANGES = (
    "one description made of all files, their components renamed apart",
    "`/crm/v3/objects/0-3` is called `/crm/v3/objects/deals`, the name the API and HubSpot's own client use",
    "a property's value may be null: the API sends null for a property that was asked for and has no value",
)
INTERCOM_CHANGES = ("none",)


def hubspot(folder: Path) -> dict[str, Any]:
    """All of HubSpot's files as one description."""
    merged: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": {"title": "HubSpot", "version": "v3"},
        "servers": [{"url": "https://api.hubapi.com"}],
        "paths": {},
        "components": {"schemas": {}, "responses": {}, "securitySchemes": {}},
    }
    for file in sorted(folder.glob("*.json")):
        text = file.read_text(encoding="utf-8").replace("/crm/v3/objects/0-3", "/crm/v3/objects/deals")
        prefix = re.sub(r"\W", "", file.stem)
        spec = json.loads(re.sub(r'"#/components/(schemas|responses)/', rf'"#/components/\1/{prefix}.', text))
        merged["paths"] |= spec["paths"]
        for part in ("schemas", "responses"):
            found = spec["components"].get(part) or {}
            merged["components"][part] |= {f"{prefix}.{name}": one for name, one in found.items()}
        merged["components"]["securitySchemes"] |= spec["components"].get("securitySchemes") or {}
    for schema in merged["components"]["schemas"].values():
        values = (schema.get("properties") or {}).get("properties") or {}
        if isinstance(values.get("additionalProperties"), dict):
            values["additionalProperties"]["nullable"] = True
    return merged


def intercom(folder: Path) -> dict[str, Any]:
    """Intercom's description."""
    text = (folder / "api.intercom.io.yaml").read_text(encoding="utf-8")
    spec: dict[str, Any] = yaml.safe_load(text)
    return spec


def commit_of(specs: Path, vendor: str) -> str:
    """The commit a vendor's files were copied from, as SOURCES.md beside them says."""
    sources = specs / "SOURCES.md"
    if sources.is_file():
        for line in sources.read_text(encoding="utf-8").splitlines():
            cells = [cell.strip() for cell in line.strip("| ").split("|")]
            if len(cells) > 2 and cells[0].startswith(vendor):
                return f"{cells[1].split(',')[0].strip('`')} at {cells[2]}"
    return "not said"
