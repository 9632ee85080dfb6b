"""The functions of `revalign_udf.excel.udfs` for workbooks that count days from 1904.

The numbers that stand for days differ by 1,462 there: read as usual, a date would be four years early and nobody would
see it. The add-in asks the workbook of the calling cell (``Workbook.Date1904``) and calls one module or the other.
"""

from __future__ import annotations

import xlwings

from revalign_udf.excel.classic import udfs

globals().update(udfs(xlwings, date1904=True))
