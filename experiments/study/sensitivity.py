"""Tell which uncertain numbers matter: Morris screening, Sobol indices, and Shapley effects where numbers go together.

All work on any function of quantiles: the model itself (`direct.model`) or a surrogate.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from SALib.analyze import morris as analyse_morris
from SALib.analyze import sobol as analyse_sobol
from SALib.sample import sobol as sample_sobol
from SALib.sample.morris import sample as sample_morris
from scipy import stats

from experiments.study.surrogate import Fit, Surrogate
from simulation.errors import InputError

MIDDLE = (0.025, 0.975)
"""Quantiles between which Morris moves a number: its 95% interval."""
LEVELS = 4
EXACT = 7
"""Players up to which every subset is tried for Shapley effects; of more, random orders."""
ORDERS = 48
Players = Sequence[Sequence[int]]


def problem(names: Sequence[str], groups: Sequence[str] | None, bounds: tuple[float, float]) -> dict[str, Any]:
    """Say in SALib's words what varies; groups name the one that each number is of."""
    said: dict[str, Any] = {"num_vars": len(names), "names": list(names), "bounds": [list(bounds)] * len(names)}
    return said if groups is None else said | {"groups": list(groups)}


def told(names: Sequence[str], groups: Sequence[str] | None) -> list[str]:
    """Name what indices are given for: numbers, or groups in the order in which they first come."""
    return list(dict.fromkeys(names if groups is None else groups))


def morris(
    model: Callable[[Any], Any],
    names: Sequence[str],
    outputs: Sequence[str],
    groups: Sequence[str] | None = None,
    trajectories: int = 10,
    seed: int = 1,
) -> pd.DataFrame:
    """Screen numbers, or groups of them, by elementary effects (Morris 1991; Campolongo 2007).

    Parameters
    ----------
    model : from (points, numbers) quantiles to (points, outputs)

    Returns
    -------
    output, name, mu (missing for groups), mu_star with the half-width of its 95% interval, sigma: in units of the
    output for a move over the whole 95% interval of a number
    """
    asked = problem(names, groups, MIDDLE)
    points = sample_morris(asked, trajectories, num_levels=LEVELS, seed=seed)
    found = np.asarray(model(points), float)
    rows = []
    for k, output in enumerate(outputs):
        each = analyse_morris.analyze(asked, points, found[:, k], num_levels=LEVELS, seed=seed)
        columns = (each["names"], each["mu"], each["mu_star"], each["mu_star_conf"], each["sigma"])
        rows += [
            {"output": output, "name": str(name), "mu": mu, "mu_star": star, "mu_star_95": reach, "sigma": sigma}
            for name, mu, star, reach, sigma in zip(*(np.ma.filled(c, np.nan) for c in columns), strict=True)
        ]
    table = pd.DataFrame(rows)
    return table.sort_values(["output", "mu_star"], ascending=[True, False], kind="stable").reset_index(drop=True)


def sobol(
    model: Callable[[Any], Any],
    names: Sequence[str],
    outputs: Sequence[str],
    groups: Sequence[str] | None = None,
    base: int = 1024,
    seed: int = 1,
) -> pd.DataFrame:
    """Give first-order and total Sobol indices with 95% intervals, of numbers or of groups of them (closed indices).

    Parameters
    ----------
    model : from (points, numbers) quantiles to (points, outputs)
    base : points, a power of 2; the model is run at so many for each number or group, and twice more

    Returns
    -------
    output, name, first, first_95, total, total_95: the latter half-widths; missing where an output does not vary
    """
    if base < 2 or base & (base - 1):
        raise InputError(f"--size {base}: is no power of 2, as points of Sobol have to be; give one such as 256")
    if groups is not None and len(set(groups)) == 1:  # all that varies: it explains all
        row = {"name": groups[0], "first": 1.0, "first_95": 0.0, "total": 1.0, "total_95": 0.0}
        return pd.DataFrame([{"output": output} | row for output in outputs])
    asked = problem(names, groups, (0.0, 1.0))
    points = sample_sobol.sample(asked, base, calc_second_order=False, seed=seed)
    found = np.asarray(model(points), float)
    rows = []
    for k, output in enumerate(outputs):
        each = indices(asked, found[:, k], seed)
        rows += [
            {"output": output, "name": name} | {key: float(each[key][j]) for key in each}
            for j, name in enumerate(told(names, groups))
        ]
    return pd.DataFrame(rows)


def indices(asked: dict[str, Any], y: Any, seed: int) -> dict[str, Any]:
    """Give SALib's indices; missing where nothing varies."""
    many = len(told(asked["names"], asked.get("groups")))
    if float(np.std(y)) == 0.0:
        return dict.fromkeys(("first", "first_95", "total", "total_95"), np.full(many, np.nan))
    each = analyse_sobol.analyze(asked, y, calc_second_order=False, seed=seed)
    return {"first": each["S1"], "first_95": each["S1_conf"], "total": each["ST"], "total_95": each["ST_conf"]}


def surrogate_indices(
    found: Surrogate, names: Sequence[str], groups: Sequence[str] | None = None, base: int = 1024, seed: int = 1
) -> pd.DataFrame:
    """Give Sobol indices of a surrogate, with intervals from what its folds say.

    Each fit without a fold gives indices of its own; their spread is the error that the draws at hand leave (a
    jackknife of whole folds), and as folds are few, intervals are Student's. Numbers that no fit uses have none of the
    variance.

    Returns
    -------
    name, first, first_low, first_high, total, total_low, total_high
    """
    whole = of_fit(found.fit, names, groups, base, seed)
    apart = [of_fit(fit, names, groups, base, seed) for fit in found.folds]
    table = pd.DataFrame({"name": told(names, groups)})
    many = len(apart)
    reach = float(stats.t.isf(0.025, many - 1))
    for key in ("first", "total"):
        spread = np.array([each[key] for each in apart])
        error = np.sqrt((many - 1) / many * ((spread - spread.mean(axis=0)) ** 2).sum(axis=0))
        table[key] = whole[key]
        table[f"{key}_low"] = np.clip(whole[key] - reach * error, 0.0, 1.0)
        table[f"{key}_high"] = np.clip(whole[key] + reach * error, 0.0, 1.0)
    return table


def of_fit(fit: Fit, names: Sequence[str], groups: Sequence[str] | None, base: int, seed: int) -> dict[str, Any]:
    """Give first-order and total indices of one fit; only what it uses is varied."""
    order = told(names, groups)
    first, total = np.zeros(len(order)), np.zeros(len(order))
    if fit.used:
        used = list(fit.used)

        def only(points: Any) -> Any:
            every = np.full((len(points), len(names)), 0.5)
            every[:, used] = points
            return fit.predict(every)[:, None]

        inside = None if groups is None else [groups[k] for k in used]
        table = sobol(only, [names[k] for k in used], [""], inside, base, seed)
        at = [order.index(name) for name in table["name"]]
        first[at], total[at] = table["first"], table["total"]
    return {"first": first, "total": total}


def shapley_effects(
    model: Callable[[Any], Any], correlation: Any, players: Players, samples: int = 4096, seed: int = 1
) -> pd.DataFrame:
    """Share out the variance among numbers that may go together (Owen 2014; Song, Nelson and Staum 2016).

    A number's effect is what it adds to the variance explained, over all orders in which numbers become known; effects
    sum to 1. Numbers go together by a Gaussian copula, from which what is not yet known is drawn given what is. The
    error is that of the points, effects being shares of a variance that is estimated from the same points, and that of
    the orders where these are random.

    Parameters
    ----------
    model : from (points, numbers) quantiles to (points,)
    correlation : (numbers, numbers) of the normal scores
    players : columns of each number, or of each group of them

    Returns
    -------
    effect, error (standard): a row a player

    Raises
    ------
    InputError
        If the correlations are none.
    """
    whole = np.asarray(correlation, float)
    if np.linalg.eigvalsh(whole).min() < -1e-9:
        raise InputError("correlations: contradict each other (no numbers go together so); lower one of them")
    generator = np.random.default_rng(seed)
    normal = root(whole)
    z = generator.standard_normal((samples, len(whole))) @ normal.T
    base = np.asarray(model(stats.norm.cdf(z)), float)
    centre, everyone = base.mean(), frozenset(range(len(players)))
    known: dict[frozenset[int], Any] = {frozenset(): np.zeros(samples), everyone: (base - centre) ** 2}

    def explained(subset: frozenset[int]) -> Any:
        if subset not in known:
            fixed = [k for player in sorted(subset) for k in players[player]]
            again = np.asarray(model(stats.norm.cdf(given(z, whole, fixed, generator))), float)
            known[subset] = (base - centre) * (again - centre)
        return known[subset]

    gains = np.zeros((len(players), samples))
    joined: list[list[float]] = [[] for _ in players]
    for player, before, weight in marginals(len(players), generator):
        gain = explained(before | {player}) - explained(before)
        gains[player] += weight * gain
        joined[player].append(float(gain.mean()))
    variance = known[everyone].mean()
    effect = gains.mean(axis=1) / variance
    by_points = (gains - effect[:, None] * known[everyone]).std(axis=1, ddof=1) / np.sqrt(samples)
    by_orders = np.std(joined, axis=1, ddof=1) / np.sqrt(ORDERS) if len(players) > EXACT else 0.0
    return pd.DataFrame({"effect": effect, "error": np.hypot(by_points, by_orders) / variance})


def root(matrix: Any) -> Any:
    """Give a square root of a covariance matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.clip(values, 0.0, None))


def given(z: Any, correlation: Any, fixed: Sequence[int], generator: Any) -> Any:
    """Draw anew what is not fixed, given what is."""
    free = [k for k in range(len(correlation)) if k not in set(fixed)]
    within = correlation[np.ix_(fixed, fixed)]
    across = correlation[np.ix_(free, fixed)]
    slope = across @ np.linalg.pinv(within)
    left = correlation[np.ix_(free, free)] - slope @ across.T
    again = z.copy()
    again[:, free] = z[:, fixed] @ slope.T + generator.standard_normal((len(z), len(free))) @ root(left).T
    return again


def marginals(many: int, generator: Any) -> Iterator[tuple[int, frozenset[int], float]]:
    """List who joins whom and with which weight: all subsets of a few players, random orders of more."""
    if many <= EXACT:
        for player in range(many):
            others = [k for k in range(many) if k != player]
            for size in range(many):
                weight = 1.0 / (many * math.comb(many - 1, size))
                for before in combinations(others, size):
                    yield player, frozenset(before), weight
        return
    for _ in range(ORDERS):
        order = [int(k) for k in generator.permutation(many)]
        for at, player in enumerate(order):
            yield player, frozenset(order[:at]), 1.0 / ORDERS
