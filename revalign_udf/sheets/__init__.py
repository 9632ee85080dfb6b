"""Google Sheets: a report on a spreadsheet that teams read, write beside, rename and rearrange.

``make_plan`` reads the spreadsheet, compares it with a resolved :class:`~revalign_udf.layout.model.Report` and says
what would change; ``apply`` sends exactly that; ``sync_report`` does both. Every block is found by a mark (developer
metadata) and a named range, never by its place or title. Only cells that differ are written, typed, and text stays
text. What people write beside a block is theirs.

=============== ==================================================================================
module          holds
=============== ==================================================================================
``target``      the settings of one spreadsheet
``client``      what the sync asks of a spreadsheet service
``gsheets``     the one module that knows gspread and google-auth
``retry``       when to try again
``identity``    ids, names and marks
``current``     the spreadsheet as it stands
``desired``     the report as typed cells
``align``       which rows stay, move, go, or are new
``blocks``      one block: the difference as requests
``plan``        tabs, plan, apply, sync
``values``      reading a block back
=============== ==================================================================================
"""

from revalign_udf.sheets.client import AmbiguousWrite, SpreadsheetClient
from revalign_udf.sheets.gsheets import GoogleSpreadsheet, open_spreadsheet
from revalign_udf.sheets.identity import block_path
from revalign_udf.sheets.plan import SheetPlan, TabPlan, apply, make_plan, sync_report
from revalign_udf.sheets.retry import Retry
from revalign_udf.sheets.target import SheetTarget
from revalign_udf.sheets.values import read_values

__all__ = [
    "AmbiguousWrite",
    "GoogleSpreadsheet",
    "Retry",
    "SheetPlan",
    "SheetTarget",
    "SpreadsheetClient",
    "TabPlan",
    "apply",
    "block_path",
    "make_plan",
    "open_spreadsheet",
    "read_values",
    "sync_report",
]
