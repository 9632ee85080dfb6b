"""The Lite route: the functions on ranges as ONE Python file for the free xlwings Lite add-in, which runs Python inside Excel.

There is no server and no installation behind it, so the file needs nothing but Python's standard library: the packages
Revalign depends on cannot be loaded there. It is put together from the same source lines that every other route runs.

=========== ====================================================================================
module      holds
=========== ====================================================================================
``bundle``  which lines of which modules the functions need, and those lines under other names
``text``    the file: header, modules, and one decorated function per function of the registry
``runtime`` what the decorated functions call inside Excel
``zones``   time zones where the machine has none
=========== ====================================================================================
"""

from __future__ import annotations

from revalign_udf.excel.lite.text import lite_text

__all__ = ["lite_text"]
