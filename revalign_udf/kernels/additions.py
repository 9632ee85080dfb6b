"""What a project and its plugins add: dimensions read from custom fields, and fact tables from their own SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import duckdb

from revalign_udf.canonical import TABLES
from revalign_udf.errors import ConfigError, PluginProblem
from revalign_udf.kernels.identity import customer_of
from revalign_udf.kernels.matching import ExternalKey
from revalign_udf.metrics import CustomDimension, Fact, FactKernel

Path = Literal["self", "customer"]

__all__ = ["Additions", "build_added_facts", "put_dimensions"]

_FOREVER = "DATE '9999-12-31'"
_ALWAYS = "DATE '0001-01-01'"
#: tables whose custom fields belong to the customer
_OF_CUSTOMER = {"organization": ("g.id", None), "person": ("g.org_id", "g.id")}
#: how a custom field of one record reaches the rows of a fact through a column: table -> column of the fact
_THROUGH = {"product": "product", "subscription": "subscription", "campaign": "campaign", "owner": "owner"}
_REQUIRED = {"on_day", "system", "record_table", "record_id"}


@dataclass(frozen=True, slots=True)
class Additions:
    """Dimensions and fact tables beside the catalogue's, and what is known of who is who."""

    dimensions: tuple[CustomDimension, ...] = ()
    kernels: tuple[FactKernel, ...] = ()
    keys: tuple[ExternalKey, ...] = ()
    """fields of one connection that hold another's ids"""
    decided: tuple[Mapping[str, Any], ...] = ()
    """what people decided of records that are, or are not, the same"""


def build_added_facts(con: duckdb.DuckDBPyConnection, kernels: Sequence[FactKernel]) -> None:
    """Run the plugins' SQL. Raises PluginProblem REV-604 for SQL that does not run or leaves out a needed column."""
    for kernel in kernels:
        fact = kernel.fact
        try:
            con.execute(f"CREATE OR REPLACE TEMP TABLE f_{fact.name} AS {kernel.sql}")
        except duckdb.Error as error:
            raise _refused(kernel, f"its SQL does not run: {str(error).splitlines()[0]}") from error
        have = {row[0] for row in con.execute(f"DESCRIBE f_{fact.name}").fetchall()}
        needed = _REQUIRED | {name for name, way in fact.dimensions.items() if way == "self"}
        needed |= {"customer"} if "customer" in fact.dimensions.values() else set()
        if missing := sorted(needed - have):
            raise _refused(kernel, f"its SQL leaves out {', '.join(missing)}")


def _refused(kernel: FactKernel, why: str) -> PluginProblem:
    plugin = kernel.fact.name.partition("_")[0]
    return PluginProblem(plugin, "", f"The fact {kernel.fact.name} cannot be built: {why}.", code="REV-604")


def put_dimensions(
    con: duckdb.DuckDBPyConnection, dimensions: Sequence[CustomDimension], facts: Mapping[str, Fact]
) -> dict[str, Fact]:
    """Add each custom dimension to every fact it reaches; returns the facts with their new dimensions.

    A field of an organization or person is an attribute of the customer; a field of a product, subscription, campaign
    or owner reaches the facts that name one; a field of any other table reaches the facts made of its rows. A value that
    is not of the declared kind is left out and listed. Raises ConfigError REV-305 for a table that reaches nothing.
    """
    found = dict(facts)
    for item in dimensions:
        if item.table not in TABLES:
            raise ConfigError(f"dimension.{item.name}: there is no table {item.table}.", code="REV-305")
        _values(con, item)
        reached = _attribute(con, item, found) if item.table in _OF_CUSTOMER else _columns(con, item, found)
        if not reached:
            raise ConfigError(f"dimension.{item.name}: no number is made of {item.table}.", code="REV-305")
        for name, way in reached.items():
            found[name] = replace(found[name], dimensions={**found[name].dimensions, item.name: way})
    return found


def _values(con: duckdb.DuckDBPyConnection, item: CustomDimension) -> None:
    """``k_field``: connection, id, value as text."""
    own, key = TABLES[item.table].columns, "id" if "id" in TABLES[item.table].columns else "_key"
    quoted = item.key.replace("'", "''").replace('"', '\\"')
    raw = f"CAST(g.{item.key} AS VARCHAR)" if item.key in own else f"json_extract_string(g.attrs, '$.\"{quoted}\"')"
    value = {
        "text": "trim(raw)",
        # 7, 7.0 and 07 are one number, written the shortest way
        "number": "CASE WHEN try_cast(raw AS DECIMAL(30, 9)) IS NOT NULL THEN"
        " CASE WHEN CAST(try_cast(raw AS DECIMAL(30, 9)) AS VARCHAR) LIKE '%.%' THEN"
        " rtrim(rtrim(CAST(try_cast(raw AS DECIMAL(30, 9)) AS VARCHAR), '0'), '.')"
        " ELSE CAST(try_cast(raw AS DECIMAL(30, 9)) AS VARCHAR) END END",
        "date": "strftime(try_cast(raw AS DATE), '%Y-%m-%d')",
        "boolean": "CASE WHEN lower(trim(raw)) IN ('true', 't', 'yes', 'y', '1') THEN 'true'"
        " WHEN lower(trim(raw)) IN ('false', 'f', 'no', 'n', '0') THEN 'false' END",
    }[item.kind]
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_field AS SELECT _conn, id, raw, {value} AS value FROM"
        f" (SELECT g._conn, g.{key} AS id, {raw} AS raw FROM c_{item.table} g) x WHERE raw IS NOT NULL AND trim(raw) <> ''"
    )
    con.execute(
        f"INSERT INTO f_excluded SELECT 'dimension', '{item.name} is no {item.kind}', '{item.table}', _conn, id, NULL"
        f" FROM k_field WHERE value IS NULL"
    )


def _attribute(con: duckdb.DuckDBPyConnection, item: CustomDimension, facts: Mapping[str, Fact]) -> dict[str, Path]:
    customer, joins = customer_of("g", *_OF_CUSTOMER[item.table])
    con.execute(
        f"INSERT INTO d_customer_attribute SELECT customer, '{item.name}', value, {_ALWAYS}, {_FOREVER} FROM (SELECT"
        f" {customer} AS customer, k.value, row_number() OVER (PARTITION BY {customer} ORDER BY k._conn, k.id) AS n"
        f" FROM k_field k JOIN c_{item.table} g ON g._conn = k._conn AND g.id = k.id {joins} WHERE k.value IS NOT NULL) x"
        f" WHERE n = 1 AND customer IS NOT NULL"
    )
    return {name: "customer" for name, fact in facts.items() if "customer" in fact.dimensions.values()}


def _columns(con: duckdb.DuckDBPyConnection, item: CustomDimension, facts: Mapping[str, Fact]) -> dict[str, Path]:
    reached: dict[str, Path] = {}
    for name, fact in facts.items():
        have = {row[0] for row in con.execute(f"DESCRIBE f_{name}").fetchall()}
        through = _THROUGH.get(item.table)
        if item.table in fact.tables and not through:
            match = f"f.record_table = '{item.table}' AND k.id = f.record_id"
        elif through in have:
            match = f"k.id = f.{through}"
        else:
            continue
        if item.name in have:
            raise ConfigError(f"dimension.{item.name}: the fact {name} has a column of that name.", code="REV-305")
        con.execute(
            f'CREATE OR REPLACE TEMP TABLE f_{name} AS SELECT f.*, k.value AS "{item.name}" FROM f_{name} f'
            f" LEFT JOIN k_field k ON k._conn = f.system AND {match}"
        )
        reached[name] = "self"
    return reached
