"""Google Sheets: a report on a spreadsheet that teams read, write beside, rename and rearrange.

``make_plan`` reads the spreadsheet, compares it with a resolved :class:`~revalign_udf.layout.model.Report` and says
what would change; ``apply`` sends exactly that; ``sync_report`` does both. Every block is found by a mark (developer
metadata) and a named range, never by its place or title. Only cells that differ are written, typed, and text stays
text. What people write beside a block is theirs; what they change inside it is logged before it is written over.

=============== ==================================================================================
module          holds
=============== ==================================================================================
``target``      the settings of one spreadsheet
``client``      what the sync asks of a spreadsheet service
``gsheets``     the one module that knows gspread and HTTP errors
``auth``        signing in: service account, a person (OAuth), workload identity
``login``       the sign-in of a person, kept in the system's keyring
``access``      can it be read and written, and if not, what is in the way
``retry``       when to try again
``bucket``      the quota, shared by all jobs of an account
``identity``    ids, names and marks
``current``     the spreadsheet as it stands
``desired``     the report as typed cells
``memory``      what was written last, and the block before the last change
``collector``   Python's search for cycles, held back
``columns``     which column is it
``search``      a block whose name was deleted
``rows``        whose row is it
``align``       which rows stay, move, go, or are new
``create``      a block that stands nowhere yet
``update``      one block: the difference as requests
``judging``     when two cells are the same, and a loss too large to be true
``filling``     people's formulas, filled down into new rows
``dressing``    how a block that stands looks: what follows its rows and what is a person's
``looks``       what is set once and then left to people
``carried``     whose look each row wears once rows have moved
``rowlooks``    totals, rows that are not final, number formats of single cells
``extent``      which rows of a block are data
``rules``       conditional formats
``links``       addresses people can click
``charts``      native charts
``about``       the tab ``About``
``banner``      the line on top and the refresh box
``log``         the tab ``_log``
``tabs``        one tab
``plan``        plan, apply, sync
``packing``     requests as few calls
``values``      reading a block back
``verify``      sheet and engine, cell by cell
``undo``        the block as it stood before the last change
``ticks``       who asked for fresh numbers
=============== ==================================================================================
"""

from revalign_udf.sheets.client import AmbiguousWrite, SpreadsheetClient
from revalign_udf.sheets.gsheets import GoogleSpreadsheet, open_spreadsheet
from revalign_udf.sheets.identity import block_path
from revalign_udf.sheets.plan import Options, SheetPlan, apply, make_plan, sync_report
from revalign_udf.sheets.retry import Retry
from revalign_udf.sheets.tabs import TabPlan
from revalign_udf.sheets.target import SheetTarget
from revalign_udf.sheets.ticks import Tick, ticked, untick
from revalign_udf.sheets.undo import undo_plan
from revalign_udf.sheets.values import read_values
from revalign_udf.sheets.verify import Difference, Verification, verify_report

__all__ = [
    "AmbiguousWrite",
    "Difference",
    "GoogleSpreadsheet",
    "Options",
    "Retry",
    "SheetPlan",
    "SheetTarget",
    "SpreadsheetClient",
    "TabPlan",
    "Tick",
    "Verification",
    "apply",
    "block_path",
    "make_plan",
    "open_spreadsheet",
    "read_values",
    "sync_report",
    "ticked",
    "undo_plan",
    "untick",
    "verify_report",
]
