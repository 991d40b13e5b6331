"""Spread adversity over people: by deprivation, by family, by what parents lived through, as published in sum."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from simulation.inputs import Tables

Values = Mapping[str, float]
PARENTAL_ACES = np.array([0.0, 1.0, 2.5, 4.5])
"""ACEs of a parent, by class: 0, 1, 2-3, 4 or more."""


def centred(ratio: Any) -> Any:
    """Spread a ratio between the most and the least deprived log-linearly over ten deciles, mean 1.

    Parameters
    ----------
    ratio : (...,) one or several

    Returns
    -------
    (..., 10)
    """
    steps = np.asarray(ratio)[..., None] ** (0.5 - np.arange(10) / 9.0)
    return steps / steps.mean(axis=-1, keepdims=True)


def parents(values: Values) -> tuple[Any, Any]:
    """Give shares of parents by ACE count (0, 1, 2-3, 4 or more) and the ratio each gives frailty, mean 1."""
    shares = np.array([values[f"aces_share_{k}"] for k in ("0", "1", "2_3", "4")])
    shares = shares / shares.sum()
    ratio = np.exp(values["parental_effect"] * PARENTAL_ACES)
    return shares, ratio / (shares @ ratio)


def parental_shares(values: Values) -> Any:
    """Give the share of years with an adversity of a parent's own, by the parent's ACEs (0, 1, 2-3, 4 or more)."""
    shares, _ = parents(values)
    raised = np.exp(values["parental_adversity_per_ace"] * PARENTAL_ACES)
    return np.minimum(1.0, values["parental_adversity"] * raised / (shares @ raised))


def parental_ratios(ratio: float, met: Any) -> dict[str, Any]:
    """Give the ratio of a child's hazards at home in a year of a parent's own adversity, and in others.

    Its mean is 1 for parents of each number of ACEs: what these go with in sum is in `parents` already.

    Parameters
    ----------
    ratio : hazard in such a year over that in another; 1 is no effect
    met : (4, 10) share of years with an adversity of a parent's own, by the parent's ACEs and decile

    Returns
    -------
    parental_year and parental_else, (4, 10) each
    """
    mean = 1.0 + met * (ratio - 1.0)
    return {"parental_year": ratio / mean, "parental_else": 1.0 / mean}


def base_hazards(tables: Tables, values: Values) -> Any:
    """Solve each type's hazard so that the reference cohort's share with it by 18 is the published one.

    The share without it, over parents c and deciles d, is the mean of (1 + H m_c D_d / k) ** -k: the
    gamma frailty's Laplace transform at the hazard H summed over childhood.
    """
    kinds = tables.rows["adversities"]
    shares, ratio = parents(values)
    shape = values["frailty_shape"]
    target = np.array([values[f"adversities.{row.adversity}.value"] for row in kinds])
    gradient = centred([values[f"adversities.{row.adversity}.deprivation_ratio"] for row in kinds])
    spread = gradient[:, None, :] * ratio[None, :, None]
    low, high = np.zeros(len(kinds)), np.full(len(kinds), 1e4)
    for _ in range(60):
        middle = 0.5 * (low + high)
        none = ((1 + middle[:, None, None] * spread / shape) ** -shape).mean(axis=2) @ shares
        low, high = np.where(1 - none < target, middle, low), np.where(1 - none < target, high, middle)
    by_band = [
        [values[f"adversities.{row.adversity}.weight_{band}"] for band in ("0_4", "5_10", "11_17")] for row in kinds
    ]
    weights = np.repeat(np.array(by_band, float), (5, 6, 7), axis=1)
    total = weights.sum(axis=1, keepdims=True)
    arises = (total > 0) & (target[:, None] > 0)
    return np.where(arises, middle[:, None] * weights / np.where(arises, total, 1.0), 0.0)
