"""Shares of small groups: how far a share, or the difference of two, may be off.

Wilson's score interval (1927) for one share; for a difference Newcombe's hybrid of two such intervals (Statistics in
Medicine 17 (1998), method 10), which keeps its level for small groups and shares near 0 and 1.
"""

from __future__ import annotations

import math

from revalign_udf.errors import Undefined

__all__ = ["Z95", "difference_interval", "wilson_interval"]

#: the normal quantile of a two-sided 95 % interval
Z95 = 1.959963984540054


def wilson_interval(part: int, whole: int, z: float = Z95) -> tuple[float, float]:
    """Lower and upper bound of a share.

    >>> [round(bound, 4) for bound in wilson_interval(56, 70)]
    [0.6918, 0.877]

    Raises Undefined REV-110 for a group of nobody.
    """
    if whole <= 0:
        raise Undefined("The group is empty, so there is no share.")
    share, square = part / whole, z * z
    middle = share + square / (2 * whole)
    spread = z * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def difference_interval(part: int, whole: int, other: int, others: int, z: float = Z95) -> tuple[float, float]:
    """Lower and upper bound of the difference ``part / whole - other / others``.

    >>> [round(bound, 4) for bound in difference_interval(56, 70, 48, 80)]
    [0.0524, 0.3339]

    Raises Undefined REV-110 where one of the groups is empty.
    """
    (low, high), (other_low, other_high) = wilson_interval(part, whole, z), wilson_interval(other, others, z)
    share, beside = part / whole, other / others
    difference = share - beside
    return (
        difference - math.hypot(share - low, other_high - beside),
        difference + math.hypot(high - share, beside - other_low),
    )
