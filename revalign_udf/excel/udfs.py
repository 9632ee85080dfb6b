"""The module that Excel loads through classic xlwings: every registered function as a UDF.

Only Excel's Python process imports this file; nothing else in the package does, because xlwings is heavy.
"""

from __future__ import annotations

import xlwings

from revalign_udf.excel.classic import udfs

globals().update(udfs(xlwings))
