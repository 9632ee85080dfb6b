"""The sql connector keeps the rules of every connector: on PostgreSQL, and in a campaign on SQLite too."""

from __future__ import annotations

import os
from pathlib import Path

from beside import load

from revalign_udf.testing import ContractSuite

VENDOR = load(Path(__file__).with_name("vendor_sql.py"))


class TestPostgres(ContractSuite):
    vendor = VENDOR.SqlVendor


if os.environ.get("REVALIGN_CAMPAIGN"):

    class TestSqlite(ContractSuite):
        vendor = VENDOR.SqliteVendor
