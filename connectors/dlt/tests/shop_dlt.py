"""Resources of a small shop, written with dlt as its users write them."""

import json
from pathlib import Path
from typing import Any

import dlt


@dlt.source(name="shop")
def shop(file: str, api_key: str = dlt.secrets.value) -> Any:
    """Orders that change, and what else a shop has."""

    @dlt.resource(primary_key="id", columns={"removed": {"hard_delete": True}})
    def orders(changed_at: Any = dlt.sources.incremental("changed_at")) -> Any:  # noqa: B008 - as dlt wants it
        data = json.loads(Path(file).read_text(encoding="utf-8"))
        if data["revoked"]:
            raise PermissionError(f"401 Unauthorized: the key {api_key} was revoked")
        rows = sorted(data["orders"], key=lambda row: (row["changed_at"], row["id"]))
        for first in range(0, len(rows), 50):
            yield rows[first : first + 50]

    @dlt.resource(write_disposition="replace")
    def organisations() -> Any:
        yield from ()

    return orders, organisations
