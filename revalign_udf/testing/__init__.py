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

A connector is proved against a fake of its vendor. :class:`FakeApi` is a small HTTP server that answers from the test's own
records, with faults at the wanted call; :class:`Vendor` adds the handles by which something is changed at the vendor's;
``pulled(vendor)`` pulls from it with the real sync engine into a real store; and :class:`ContractSuite` holds every rule
of the contract, in six lines of a test file::

    from revalign_udf.testing import ContractSuite, drop_in


    class TestAcme(ContractSuite):
        vendor = drop_in(Path(__file__).with_name("vendor_acme.py")).AcmeVendor

``plugins/TUTORIAL.md`` goes through all of it. The suite needs no pytest: ``revalign plugins check FILE`` runs it too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

# each part is loaded when it is asked for: a fake API needs neither the store nor Google's schema
if TYPE_CHECKING:
    from revalign_udf.localsheets import Fault, Faults, LocalSheets, Quota
    from revalign_udf.testing.contract import ContractSuite, Outcome, run_suite
    from revalign_udf.testing.dropins import drop_in
    from revalign_udf.testing.fakes import Answer, ApiFault, ApiFaults, Call, FakeApi
    from revalign_udf.testing.projects import project_of, rows_of
    from revalign_udf.testing.pulling import Bench, PullResult, pulled
    from revalign_udf.testing.vendor import Vendor, without_http

_PARTS = {
    "revalign_udf.localsheets": ("Fault", "Faults", "LocalSheets", "Quota"),
    "revalign_udf.testing.contract": ("ContractSuite", "Outcome", "run_suite"),
    "revalign_udf.testing.dropins": ("drop_in",),
    "revalign_udf.testing.fakes": ("Answer", "ApiFault", "ApiFaults", "Call", "FakeApi"),
    "revalign_udf.testing.projects": ("project_of", "rows_of"),
    "revalign_udf.testing.pulling": ("Bench", "PullResult", "pulled"),
    "revalign_udf.testing.vendor": ("Vendor", "without_http"),
}
_WHERE = {name: module for module, names in _PARTS.items() for name in names}

__all__ = [
    "Answer",
    "ApiFault",
    "ApiFaults",
    "Bench",
    "Call",
    "ContractSuite",
    "FakeApi",
    "Fault",
    "Faults",
    "LocalSheets",
    "Outcome",
    "PullResult",
    "Quota",
    "Vendor",
    "drop_in",
    "project_of",
    "pulled",
    "rows_of",
    "run_suite",
    "without_http",
]


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"revalign_udf.testing has no {name}")
    return getattr(import_module(_WHERE[name]), name)
