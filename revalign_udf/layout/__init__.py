"""The report model: one ``layout.toml`` per report, read, checked and resolved once for every surface.

``find`` says where a report's layout lies, ``read`` checks it and ``resolve`` asks the one door for numbers. What comes
out, a :class:`~revalign_udf.layout.model.Report`, is what the workbook builder and the Sheets sync both write.
"""

from __future__ import annotations

from revalign_udf.layout.find import available, find, packaged
from revalign_udf.layout.read import read
from revalign_udf.layout.resolve import Draft, resolve

__all__ = ["Draft", "available", "find", "packaged", "read", "resolve"]
