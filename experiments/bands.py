"""Tell chance from ignorance: bands, Monte Carlo errors and shares of variance of many runs at once."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

SEEDS = 8
"""Chance seeds that a run draws on; each draw of the parameters meets two of them."""
QUANTILES = {"low_95": 0.025, "low_80": 0.1, "high_80": 0.9, "high_95": 0.975}


def seeds_of(draw: int, matrix: int) -> tuple[int, int]:
    """Choose the two chance seeds of a draw; the two matrices never share one.

    The two go through their seeds at different paces, so that luck of seeds does not look like shared parameters.
    """
    fast, slow = draw % 4, draw // 4
    first, step = (fast, slow % 3) if matrix == 0 else (slow % 4, fast % 3)
    second = (first + 1 + step) % 4
    return first + 4 * matrix, second + 4 * matrix


class Shares(NamedTuple):
    """Where the variance of a quantity comes from; each (quantities,)."""

    assumption: Any
    assumption_error: Any
    chance: Any
    mcse: Any


def bands(runs: Any) -> dict[str, Any]:
    """Give the mean and the 80% and 95% bands of the runs.

    Parameters
    ----------
    runs : (2, draws, 2, quantities): matrix, draw, chance
    """
    flat = runs.reshape(-1, runs.shape[-1])
    return {"mean": flat.mean(axis=0)} | {name: np.quantile(flat, q, axis=0) for name, q in QUANTILES.items()}


def shares(runs: Any) -> Shares:
    """Split the variance of one run's result.

    The share from assumptions is the closed first-order Sobol index of the parameters so graded: the covariance
    between two draws that share exactly these, over the variance of a run (Sobol, pick-freeze), with its own
    standard error. Chance is the variance within a draw. Both can come out slightly below 0 by sampling.
    The Monte Carlo error of the mean counts that draws share chance seeds, by a fit of draw and seed effects.

    Parameters
    ----------
    runs : (2, draws, 2, quantities)
    """
    draws, quantities = runs.shape[1], runs.shape[-1]
    if draws < 4:
        missing = np.full(quantities, np.nan)
        return Shares(missing, missing, missing, missing)
    variance = runs.reshape(-1, quantities).var(axis=0, ddof=1)
    safe = np.where(variance > 0, variance, 1.0)
    by_draw = runs.mean(axis=2)
    gap = by_draw - by_draw.mean(axis=(0, 1))
    product = gap[0] * gap[1]
    assumption = product.mean(axis=0) * draws / (draws - 1) / safe
    error = product.std(axis=0, ddof=1) / np.sqrt(draws) / safe
    chance = runs.var(axis=2, ddof=1).mean(axis=(0, 1)) / safe
    flat = np.where(variance > 0, 1.0, np.nan)
    return Shares(assumption * flat, error * flat, chance * flat, np.sqrt(error_of_mean(runs, product)))


def summary_rows(runs: Any, labels: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Tabulate mean, error and bands of several results of the same runs.

    Parameters
    ----------
    runs : (2, draws, 2, rows)
    """
    band, share = bands(runs), shares(runs)
    columns = {name: band[name] for name in ("mean", "low_95", "low_80", "high_80", "high_95")}
    return pd.DataFrame({**labels, **columns, "mcse": share.mcse})


def error_of_mean(runs: Any, product: Any) -> Any:
    """Give the squared Monte Carlo error of the mean over all runs.

    A run is a draw's effect, a seed's effect and noise: seed effects are fitted to the runs less their draw's mean.

    Parameters
    ----------
    product : (draws, quantities) products of the two matrices' deviations, whose mean is what they share
    """
    draws, quantities = runs.shape[1], runs.shape[-1]
    seed = np.array([[seeds_of(d, m) for d in range(draws)] for m in range(2)])
    apart = (runs[:, :, 0] - runs[:, :, 1]).reshape(2 * draws, quantities)
    design = np.zeros((2 * draws, SEEDS))
    rows = np.arange(2 * draws)
    design[rows, seed[:, :, 0].ravel()] += 1.0
    design[rows, seed[:, :, 1].ravel()] -= 1.0
    normal = np.einsum("ij,ik->jk", design, design)
    inverse = np.linalg.pinv(normal)
    effects = np.einsum("jk,ik,iq->jq", inverse, design, apart)
    spare = 2 * draws - (SEEDS - 2)
    rest = apart - np.einsum("ij,jq->iq", design, effects)
    noise = 0.5 * (rest**2).sum(axis=0) / max(1, spare)
    by_seed = effects.reshape(2, SEEDS // 2, quantities)
    by_seed = by_seed - by_seed.mean(axis=1, keepdims=True)
    leverage = 2.0 * inverse.diagonal().mean()
    luck = np.maximum(0.0, ((by_seed**2).sum(axis=(0, 1)) - SEEDS * leverage * noise) / (SEEDS - 2))
    by_draw = runs.mean(axis=2)
    between = np.maximum(0.0, by_draw.var(axis=1, ddof=1).mean(axis=0) - 0.5 * (luck + noise))
    together = np.clip(product.mean(axis=0), 0.0, between)
    return (between + together) / (2 * draws) + luck / SEEDS + noise / (4 * draws)
