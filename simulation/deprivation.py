"""Say what deprivation does: gradients by decile, what a fall of deprivation leaves of them, who lives where."""

from typing import Any

import numpy as np

from simulation.errors import InputError

TOLERANCE = 1e-13
"""Largest error of a margin of the joint distribution [share]."""


def eased_ratio(gradient: Any, left: Any) -> Any:
    """Give the ratio by which hazards change when part of the way to the least deprived is gone.

    Parameters
    ----------
    gradient : (..., 10) hazards by decile
    left : (..., 10) what is left of each decile's log distance from the least deprived: 1 today, 0 none

    Returns
    -------
    (..., 10) ratios, one set on the other; exactly 1 where nothing is eased
    """
    if (left == 1.0).all():
        return np.ones(np.broadcast_shapes(gradient.shape, left.shape))
    return np.where(left == 1.0, 1.0, (gradient[..., 9:] / gradient) ** (1.0 - left))


def lives_where(most: Any, least: Any) -> Any:
    """Draw each group's spread over deciles log-linearly between its two known tenths.

    Parameters
    ----------
    most, least : (5,) share of each group in the most and in the least deprived tenth

    Returns
    -------
    (10, 5) weights; only the ratios between groups matter
    """
    steps = np.arange(10)[:, None] / 9.0
    return most ** (1.0 - steps) * least**steps


def joint(deciles: Any, groups: Any, weights: Any) -> Any:
    """Fit weights to both margins in turn until neither is off (iterative proportional fitting).

    Parameters
    ----------
    deciles, groups : (10,) and (5,) shares of one place
    weights : (10, 5), all positive

    Returns
    -------
    (10, 5) shares, which keep the odds ratios of the weights

    Raises
    ------
    InputError
        If the two margins have no common sum.
    """
    rows, columns = deciles / deciles.sum(), groups / groups.sum()
    table = np.outer(rows > 0, columns > 0) * weights
    for _ in range(2000):
        table = table * (rows / np.where(rows > 0, table.sum(axis=1), 1.0))[:, None]
        table = table * (columns / np.where(columns > 0, table.sum(axis=0), 1.0))
        if np.abs(table.sum(axis=1) - rows).max() < TOLERANCE:
            return table
    raise InputError("ethnic_deprivation.csv: no joint distribution keeps both margins; bring the shares closer")
