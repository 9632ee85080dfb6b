"""Excel functions: one registry, from which every adapter (Excel, command line, Lite, docs) is generated.

Importing this package is cheap on purpose: cells start with it. Nothing here imports xlwings, pandas, numpy, duckdb or
pyarrow; functions on the snapshot open it when they are first called.
"""

from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.calling import call, call_cell
from revalign_udf.functions.registry import Example, Function, bare_name, find, function, registry

__all__ = ["Argument", "Example", "Function", "bare_name", "call", "call_cell", "find", "function", "registry"]
