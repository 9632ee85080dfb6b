"""What plugin authors and our own tests stand on.

:func:`project_of` makes a real project of a few written rows and answers through the one door.

:class:`LocalSheets` is the local Google Sheets server. The real ``gspread`` and ``google-auth`` talk to it, so that a
layout or a plugin is tried against something that behaves like Google Sheets, without an account:

>>> from revalign_udf.testing import LocalSheets
>>> with LocalSheets() as server:
...     key = server.create("Board")  # shared with the service account of server.key_file
...     server.share(key, "reader")  # now it may only look
...     fault = server.faults.add("POST .*:batchUpdate", status=503, times=2)  # trouble at the wanted calls
...     server.book(key).title, server.reads(), server.writes()
('Board', [], [])

A sync in a test points ``[sheets.NAME]`` at it: ``base_url = server.base_url``, ``key_file = server.key_file``,
``url = key``. Then ``server.book(key).grid("Overview")`` holds what was written, ``server.summary()`` counts calls and
bytes, and ``server.view_url(key)`` is a page to look at. ``server.quota = Quota()`` switches Google's limits on;
``server.faults`` drops, delays, holds and cuts off calls (:class:`Faults`); ``server.expire_tokens()`` ends every
sign-in; ``server.oauth_client_file()`` and ``server.workload_file()`` write the files of the other ways to sign in.
"""

from revalign_udf.localsheets import Fault, Faults, LocalSheets, Quota
from revalign_udf.testing.projects import project_of, rows_of

__all__ = ["Fault", "Faults", "LocalSheets", "Quota", "project_of", "rows_of"]
