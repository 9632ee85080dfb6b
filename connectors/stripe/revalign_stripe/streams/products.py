"""Products -> product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from revalign_stripe.streams.listing import Kind
from revalign_udf.connector import CanonicalRow
from revalign_udf.connector.values import Path, attrs, fill

__all__ = ["PRODUCTS", "map_product"]

_PRODUCT: dict[str, Path] = {
    "id": "id",
    "name": lambda record: record.get("name") or record["id"],
    "product_line": "metadata.product_line",
}


def map_product(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A product; the metadata ``product_line`` is its product line where no mapping says otherwise."""
    row = fill(record, _PRODUCT, mapping, "products")
    yield "product", attrs(row, record.get("metadata") or {})


PRODUCTS = Kind("products", "/v1/products", ("product.created", "product.updated", "product.deleted"), ("product",))
