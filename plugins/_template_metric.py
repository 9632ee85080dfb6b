"""A drop-in with a metric of your own over what Revalign measures already.

``revalign metrics list`` shows the components and metrics that a formula may name.
"""

from __future__ import annotations

from revalign_udf.hookspecs import hookimpl
from revalign_udf.metrics import Metric


@hookimpl
def register_metrics() -> list[Metric]:
    """The metrics of this plugin, named with the plugin's own name in front."""
    return [
        Metric(
            name="acme.orders_per_customer",
            label="Orders per paying customer",
            family="acme",
            formula="ratio(orders, customers)",
            unit="number",
            definition="Orders of the period / customers paying at its end.",
        )
    ]
