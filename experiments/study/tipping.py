"""Find the value of each key assumption at which a verdict turns, by logistic regression on the draws at hand."""

from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats

MOST = 4
"""Key assumptions that are told at most."""
CHANCE = 0.05
"""How often chance alone, among all numbers together, would name one that moves nothing."""
STEPS = 100
"""Newton's steps of a fit at most."""
AGAIN = 200
"""Samples of pairs of draws from which the interval of a tipping point is taken."""


class Tipping(NamedTuple):
    """Where a verdict turns along one number.

    Parameters
    ----------
    supported_at, refuted_at : values at which the probability crosses the level, and one less it; missing where it
        does so nowhere within `low` to `high`, the values that were drawn
    supported_low, ... refuted_high : 80% intervals of these
    supported_if, refuted_if : the side on which it lies, 'above' or 'below'
    """

    number: str
    rank_correlation: float
    low: float
    high: float
    supported_if: str
    supported_at: float
    supported_low: float
    supported_high: float
    refuted_if: str
    refuted_at: float
    refuted_low: float
    refuted_high: float


def key_numbers(values: Any, past: Any) -> list[tuple[int, float]]:
    """Rank numbers by how closely the distance past the threshold follows them, less what chance may have named.

    Parameters
    ----------
    values : (tasks, numbers), shared by the two draws of a pair
    past : (2, tasks) how far each draw is past the threshold; -inf where it is not defined

    Returns
    -------
    column and Spearman's rank correlation, the largest first, at most four
    """
    both = stats.rankdata(past).reshape(past.shape).mean(axis=0)
    if len(both) < 4 or np.ptp(both) == 0 or values.shape[1] == 0:
        return []
    ranks = np.apply_along_axis(stats.rankdata, 0, values)
    found = np.array([np.corrcoef(ranks[:, k], stats.rankdata(both))[0, 1] for k in range(values.shape[1])])
    found = np.nan_to_num(found)
    least = stats.norm.isf(CHANCE / (2 * max(1, len(found)))) / np.sqrt(len(both) - 1)
    order = np.argsort(-np.abs(found), kind="stable")
    return [(int(k), float(found[k])) for k in order[:MOST] if abs(found[k]) > least]


def logistic(x: Any, holds: Any) -> tuple[float, float]:
    """Fit P(holds | x) = 1 / (1 + exp(-(a + b x))).

    Jeffreys' prior (Firth 1993) keeps it finite where a value parts those that hold from those that do not.

    Returns
    -------
    a, b
    """
    centre, scale = float(np.mean(x)), float(np.std(x)) or 1.0
    design = np.column_stack([np.ones(len(x)), (x - centre) / scale])
    beta = np.zeros(2)
    for _ in range(STEPS):
        chance = special.expit(design @ beta)
        weighted = design * (chance * (1 - chance))[:, None]
        inverse = np.linalg.pinv(design.T @ weighted)
        leverage = ((weighted @ inverse) * design).sum(axis=1)
        step = inverse @ (design.T @ (holds - chance + leverage * (0.5 - chance)))
        beta = beta + step * min(1.0, 2.0 / max(1e-12, float(np.abs(step).max())))
        if np.abs(step).max() < 1e-8:
            break
    a, b = beta
    return float(a - b * centre / scale), float(b / scale)


def crossings(x: Any, holds: Any, levels: tuple[float, ...]) -> Any:
    """Give the values at which the fitted probability is each level; missing where it moves nowhere."""
    if np.ptp(holds.astype(float)) == 0:
        return np.full(len(levels), np.nan)
    a, b = logistic(x, holds)
    return (special.logit(levels) - a) / b if b else np.full(len(levels), np.nan)


def turning(x: Any, holds: Any, levels: tuple[float, ...], seed: int) -> list[tuple[float, float, float]]:
    """Find where the probability crosses levels within the values that were drawn, with 80% intervals.

    Parameters
    ----------
    x : (tasks,)
    holds : (2, tasks)

    Returns
    -------
    for each level, value and the interval's ends, from pairs of draws sampled again; missing where it crosses
    nowhere within
    """
    found = crossings(np.tile(x, 2), holds.ravel(), levels)
    within = (found >= x.min()) & (found <= x.max())
    if not within.any():
        return [(float("nan"),) * 3] * len(levels)
    chosen = np.random.default_rng(seed).integers(0, len(x), (AGAIN, len(x)))
    again = [crossings(np.tile(x[pairs], 2), holds[:, pairs].ravel(), levels) for pairs in chosen]
    low, high = np.nanquantile(again, [0.1, 0.9], axis=0)
    told = np.where(within, [found, low, high], np.nan)
    return [(float(at), float(low), float(high)) for at, low, high in told.T]


def tipping_points(names: list[str], values: Any, past: Any, holds: Any, level: float) -> list[Tipping]:
    """Find where the verdict turns along each key number.

    Parameters
    ----------
    values : (tasks, numbers)
    past, holds : (2, tasks)
    """
    found = []
    for k, correlation in key_numbers(values, past):
        x = values[:, k]
        toward, away = ("above", "below") if correlation > 0 else ("below", "above")
        supported, refuted = turning(x, holds, (level, 1 - level), k)
        found.append(
            Tipping(
                names[k],
                correlation,
                float(x.min()),
                float(x.max()),
                toward,
                *supported,
                away,
                *refuted,
            )
        )
    return found
