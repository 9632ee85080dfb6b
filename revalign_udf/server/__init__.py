"""The surface for Excel on Mac and the web, and for the task pane: the functions of the registry over HTTP.

One POST carries a whole recalculation, because one request per cell takes seconds where a batch takes milliseconds.
Every batch is answered from one published snapshot, whose label goes along, so that a client may keep answers by
(function, arguments, snapshot). Nothing here reaches the write side.
"""

from revalign_udf.server.app import MAX_BODY, SNAPSHOT_HEADER, create_app
from revalign_udf.server.calls import MAX_CALLS
from revalign_udf.server.running import serve

__all__ = ["MAX_BODY", "MAX_CALLS", "SNAPSHOT_HEADER", "create_app", "serve"]
