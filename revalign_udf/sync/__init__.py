"""Pulling: connectors -> store, each source on its own, nothing dropped in silence.

========== =============================================================================
module     holds
========== =============================================================================
``report`` what a pull did to a source, and what may be asked of a pull
``context`` what a connector is handed: its settings checked, its secrets resolved
``taking`` what a connector sends, on its way into the store
``source`` one source: its streams one after the other, a failure of one left to that one
``stages`` default meanings of stages, and stages nobody has given a meaning
``pulling`` all sources side by side, with limits of time
========== =============================================================================
"""

from revalign_udf.sync.context import check_source, context_for
from revalign_udf.sync.pulling import pull_sources
from revalign_udf.sync.report import Progress, PullOptions, SourceReport

__all__ = ["Progress", "PullOptions", "SourceReport", "check_source", "context_for", "pull_sources"]
