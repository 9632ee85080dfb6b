"""The objects that keep teams aligned: which numbers flatter, and who owns what.

Each asks the one door and answers a table, so that every surface can show it.
"""

from revalign_udf.alignment.kpis import CHAIN, kpi_conflicts, kpi_matrix, kpi_problems, shared_kpis
from revalign_udf.alignment.vanity import vanity_register

__all__ = ["CHAIN", "kpi_conflicts", "kpi_matrix", "kpi_problems", "shared_kpis", "vanity_register"]
