"""What plugin authors and our own tests stand on.

``project_of`` makes a real project of a few written rows and answers through the one door; ``LocalSheets`` is the local
Google Sheets server.
"""

from revalign_udf.localsheets import LocalSheets
from revalign_udf.testing.projects import project_of, rows_of

__all__ = ["LocalSheets", "project_of", "rows_of"]
