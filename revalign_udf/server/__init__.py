"""The surface for Excel on Mac and the web, and for the task pane: the functions of the registry over HTTP.

One POST carries a whole recalculation, because one request per cell takes seconds where a batch takes milliseconds.
Every batch is answered from one published snapshot, whose label goes along, and with an edition that names everything
the answers depend on, so that a client may keep answers by (function, arguments, edition). Nothing here reaches the
write side.

README.md beside this file says how to run it for one person and for a team.
"""

from revalign_udf.server.app import EDITION_HEADER, MAX_BODY, SNAPSHOT_HEADER, Assets, create_app
from revalign_udf.server.calls import MAX_CALLS
from revalign_udf.server.running import serve
from revalign_udf.server.signin import Issuer, SignIn
from revalign_udf.server.tls import Certificate, local_certificate

__all__ = [
    "EDITION_HEADER",
    "MAX_BODY",
    "MAX_CALLS",
    "SNAPSHOT_HEADER",
    "Assets",
    "Certificate",
    "Issuer",
    "SignIn",
    "create_app",
    "local_certificate",
    "serve",
]
