r"""The classic add-in as files: ``revalign.xlam``, the text of its modules, and a README for whoever installs it.

It is written on any machine, without Excel. The package is made from a template that Excel itself wrote (pyOpenVBA, the
extra ``addin``), so that Excel opens it without repairing.

How a cell reaches Python: xlwings' own add-in uses a DLL that must match the version of xlwings to the digit, looks for
settings in three places, and carries a client for a paid server. What is needed of it is small and plain Windows: start
a process, then ask ``CoCreateInstance`` for a class id until the process has registered it. ``RevalignPython`` does that
itself (no DLL, no registry, no administrator, no matching version), and the Python end is xlwings' COM server, open
source, unchanged. The functions call it by the names that xlwings uses (``XLPy.CallUDF``), so the module ``Revalign``
also works in a workbook that refers to xlwings' own add-in instead.

Ranges travel as values (``Value2``), not as objects: one call per cell instead of a dozen, dates as the same serial
numbers that Office.js delivers, currency cells unrounded.

What could not be tried where this was written is Excel itself, and with it the seven ``Declare`` lines; see README.md of
`revalign_udf.excel` for what was proved and how.
"""

from __future__ import annotations

from revalign_udf.excel.addin.checking import Difference, compare
from revalign_udf.excel.addin.writing import Written, write

__all__ = ["Difference", "Written", "compare", "write"]
