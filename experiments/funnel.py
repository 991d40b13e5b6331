"""Say how far chance may carry a small count: exact funnel limits about an expected share, and Wilson's interval.

Funnel limits after Spiegelhalter 2005 (Stat Med 24:1185): what counts of one size would show if only chance parted
them. Chance alone puts one unit in twenty outside the 95% limits, and one in five hundred outside the 99.8% limits.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy import stats

LEVELS = (0.95, 0.998)
"""Usual limits of a funnel: about two, and about three, standard errors."""


class Limits(NamedTuple):
    """Limits of a share, 0 to 1."""

    low: Any
    high: Any


def funnel_limits(total: Any, expected: Any, level: float) -> Limits:
    """Give the shares between which all counts lie that chance explains, by the exact binomial.

    Parameters
    ----------
    total : children counted (0 gives 0 to 1)
    expected : share that is expected of them
    level : probability within the limits; at most half of the rest lies beyond either

    Returns
    -------
    the least and the greatest share that is not outside
    """
    total, expected = np.broadcast_arrays(np.asarray(total), np.asarray(expected, float))
    tail = (1.0 - level) / 2.0
    size = np.maximum(total, 1)
    # The ends in counts: the least with P(X <= k) >= tail, the greatest with P(X >= k) >= tail.
    low = stats.binom.ppf(tail, size, expected)
    high = size - stats.binom.ppf(tail, size, 1.0 - expected)
    none = total == 0
    return Limits(np.where(none, 0.0, low / size), np.where(none, 1.0, high / size))


def wilson_interval(count: Any, total: Any, level: float = 0.95) -> Limits:
    """Give Wilson's score interval of a share (0 to 1 where nobody was counted)."""
    count, total = np.broadcast_arrays(np.asarray(count, float), np.asarray(total, float))
    z = float(stats.norm.isf((1.0 - level) / 2.0))
    size = np.maximum(total, 1.0)
    share = count / size
    middle = (share + z * z / (2.0 * size)) / (1.0 + z * z / size)
    half = z / (1.0 + z * z / size) * np.sqrt(share * (1.0 - share) / size + z * z / (4.0 * size * size))
    none = total == 0
    # At no or all of them the interval ends at 0 or 1 but for rounding.
    low = np.where(count == 0, 0.0, np.clip(middle - half, 0.0, 1.0))
    high = np.where(count == total, 1.0, np.clip(middle + half, 0.0, 1.0))
    return Limits(np.where(none, 0.0, low), np.where(none, 1.0, high))


def position(count: Any, total: Any, expected: Any) -> Any:
    """Say where a share stands in its funnel, in words: within, or outside which limits on which side."""
    share = np.asarray(count, float) / np.maximum(np.asarray(total), 1)
    words = np.full(np.broadcast(share, expected).shape, "within", dtype=object)
    for level in LEVELS:
        limits = funnel_limits(total, expected, level)
        words = np.where(share < limits.low - 1e-12, f"below {100 * level:g}%", words)
        words = np.where(share > limits.high + 1e-12, f"above {100 * level:g}%", words)
    return words
