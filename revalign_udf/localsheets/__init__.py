"""A local Google Sheets server: the REST API on loopback, for tests, CI and the offline demo.

The real ``gspread`` and the real ``google-auth`` drive it: it writes the files they sign in with (a service account's
key, an OAuth client, workload identity), verifies what they sign, asks for the bearer token and its scope on every call,
and keeps spreadsheets in memory.

>>> from revalign_udf.localsheets import LocalSheets
>>> with LocalSheets() as server:
...     key = server.create("Metrics")
...     server.book(key).title
'Metrics'

===================== =================================================================================
module                holds
===================== =================================================================================
``server``            the server as an object: start it, share spreadsheets, plan trouble, read the log
``handler``           one HTTP connection: faults strike, the right service answers, the call is logged
``routes``, ``drive`` which handler answers which path
``library``           the spreadsheets, one call taken apart, who may open what
``tokens``            key file, signed assertion, every bearer token
``oauth``             a person signs in: consent page, codes with PKCE, refresh tokens
``federation``        workload identity: subject token, token exchange, acting as the service account
``quota``             calls a minute, for a project and for a user
``lenient``           what Google's parser puts right, and its words for the rest
``faults``            errors, drops, delays, standstills on demand; hooks around every call
``guards``            protected ranges that protect
``book``, ``a1``      the state: spreadsheet, tab, cell; ranges
``values``            get, update, append, clear
``batch/``            ``batchUpdate``, one module per family of requests
``shift``             rows and columns inserted, deleted, moved
``references``        references that move with a copy
``render``            resources as the API sends them; ``wire`` leaves out what is zero
``defaults``          formats, theme and colours of a new spreadsheet; ``conditional`` what rules add
``formulas``          references that move with the grid; results (``expressions``, ``functions``, ``lookups``)
``formats``           number formats, dates, typed text, in the signs of a locale (``locales``)
``fields``            field masks
``schema``            Google's published description as strict checks (when its package is installed)
``view/``             a spreadsheet as a page for people
===================== =================================================================================

It follows Google's published schema and documented rules; it is not Google. Requests it does not speak are refused
with a 400 that says so. Quotas are off unless asked for, nothing ends a call after 180 seconds, and the service account
may create spreadsheets.
"""

from revalign_udf.localsheets.book import Book, Cell, Sheet
from revalign_udf.localsheets.faults import Fault, Faults
from revalign_udf.localsheets.quota import Quota
from revalign_udf.localsheets.server import Call, LocalSheets

__all__ = ["Book", "Call", "Cell", "Fault", "Faults", "LocalSheets", "Quota", "Sheet"]
