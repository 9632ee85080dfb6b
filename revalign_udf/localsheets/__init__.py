"""A local Google Sheets server: the REST API on loopback, for tests, CI and the offline demo.

The real ``gspread`` and the real ``google-auth`` drive it: it writes a service-account key file, verifies the signed
assertion at ``/token``, asks for the bearer token and its scope on every call, and keeps spreadsheets in memory.

>>> from revalign_udf.localsheets import LocalSheets
>>> with LocalSheets() as server:
...     key = server.create("Metrics")
...     server.book(key).title
'Metrics'

===================== =================================================================================
module                holds
===================== =================================================================================
``server``            the HTTP server: who may call, faults, the log of calls
``routes``            which handler answers which path
``tokens``            key file, signed assertion, bearer tokens
``book``              the state: spreadsheet, tab, cell
``a1``                ranges
``values``            get, update, append, clear
``batch/``            ``batchUpdate``, one module per family of requests
``shift``             rows and columns inserted, deleted, moved
``formulas``          references that move with the grid; arithmetic
``formats``           number formats, dates, typed text
``fields``            field masks
``schema``            Google's published description as strict checks (when its package is installed)
``faults``            errors, drops and delays on demand
``view``              a tab as a page for people
===================== =================================================================================

It follows Google's published schema and documented rules; it is not Google. Requests it does not speak are refused
with a 400 that says so. Quotas are not enforced, and the service account may create spreadsheets.
"""

from revalign_udf.localsheets.book import Book, Cell, Sheet
from revalign_udf.localsheets.faults import Fault, Faults
from revalign_udf.localsheets.server import Call, LocalSheets

__all__ = ["Book", "Call", "Cell", "Fault", "Faults", "LocalSheets", "Sheet"]
