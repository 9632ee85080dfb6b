"""Items (catalogue 2.0), or plans and addons (1.0) -> products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from revalign_chargebee.api import Record, Site
from revalign_udf.connector import CanonicalRow, Context, Log, Mark, Message, Records, Whole
from revalign_udf.connector.values import Path, attrs, fill, instant
from revalign_udf.errors import Fatal

__all__ = ["read", "rows"]

_LISTS = (("items", "item"), ("plans", "plan"), ("addons", "addon"))


def read(ctx: Context, site: Site) -> Iterator[Message]:
    """The whole catalogue, each time: it is small. Raises Fatal REV-506 where the site lists none."""
    used = [(path, kind) for path, kind in _LISTS if site.has(path)]
    if not used:
        raise Fatal(
            "Chargebee lists neither items nor plans.",
            hint="Give the API key read-only access to the product catalogue.",
        )
    families: dict[str, str] = {}
    if ("items", "item") in used and site.has("item_families"):
        for found, _ in site.listed("item_families", "item_family"):
            families.update((str(one["id"]), str(one.get("name") or one["id"])) for one in found)
    count = 0
    for path, kind in used:
        for found, _ in site.listed(path, kind):
            ctx.stop_if_cancelled()
            count += len(found)
            yield Records(
                "products",
                [{**one, "kind": kind, "family": families.get(str(one.get("item_family_id")))} for one in found],
            )
    yield Whole("product")
    yield Log(f"{count} products from {', '.join(path for path, _ in used)}.")
    yield Mark({"products": count})


def rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """One item, plan or addon."""
    prefix = "addon:" if record["kind"] == "addon" else ""
    defaults: dict[str, Path] = {
        "id": lambda one: f"{prefix}{one['id']}",
        "name": lambda one: one.get("external_name") or one.get("name") or one["id"],
        "product_line": lambda one: one.get("family") or one.get("item_family_id"),
        "updated_at": lambda one: instant(one.get("updated_at")),
    }
    row = fill(record, defaults, mapping, "products")
    more = [("status", record.get("status")), ("type", record.get("type") or record["kind"])]
    yield "product", attrs(row, record, is_custom=lambda name: name.startswith("cf_"), more=more)
