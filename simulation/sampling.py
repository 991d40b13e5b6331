"""Draw the uncertain numbers jointly: scrambled Sobol points through each number's distribution."""

from functools import cache
from typing import Any

import numpy as np
from scipy import optimize, stats

from simulation.errors import InputError
from simulation.inputs import Number
from simulation.rows import SWITCHED

GROUP = 4
"""Columns of one Sobol sequence."""
Z = 1.959963984540054
"""Standard normal quantile that leaves 2.5% above."""


def uncertain(numbers: dict[str, Number]) -> list[Number]:
    """List the numbers that have a distribution, in a fixed order."""
    return sorted((x for x in numbers.values() if x.distribution != "fixed"), key=lambda x: x.name)


def switch_of(number: Number) -> str:
    """Name the switch or kind of lever without which a number matters to nothing; most matter always, and have none."""
    return SWITCHED.get(number.name) or SWITCHED.get(number.file.removesuffix(".csv"), "")


def quantiles(number: Number, at: Any) -> Any:
    """Read a number's distribution at probabilities.

    Low and high are the 95% interval (uniform: its ends) and the value is the median of a normal or a lognormal,
    each half with a spread of its own. A beta has the value as its mean and an interval as wide as given.

    Parameters
    ----------
    at : (draws,) probabilities

    Raises
    ------
    InputError
        If the number has no distribution that is known.
    """
    low, high, value = number.low, number.high, number.value
    if low is None or high is None:
        raise InputError(f"{number.file}: row {number.row}: '{number.name}' has no low and high; give both")
    if number.distribution == "uniform":
        return stats.uniform.ppf(at, low, high - low)
    if number.distribution == "normal":
        return split_normal(at, value, low, high)
    if number.distribution == "lognormal":
        return np.exp(split_normal(at, np.log(value), np.log(low), np.log(high)))
    mean, size = beta_shape(value, low, high)
    return stats.beta.ppf(at, mean * size, (1 - mean) * size)


def split_normal(at: Any, median: float, low: float, high: float) -> Any:
    """Read a normal distribution whose halves below and above the median reach low and high at 2.5% and 97.5%."""
    z = stats.norm.ppf(at)
    return median + np.where(z < 0, median - low, high - median) * z / Z


@cache
def beta_shape(value: float, low: float, high: float) -> tuple[float, float]:
    """Find the beta distribution of a mean whose 95% interval is as wide as given."""
    mean = min(max(value, 1e-6), 1 - 1e-6)

    def excess(log_size: float) -> float:
        size = float(np.exp(log_size))
        ends = [float(stats.beta.ppf(q, mean * size, (1 - mean) * size)) for q in (0.025, 0.975)]
        return ends[1] - ends[0] - (high - low)

    if excess(0.0) < 0.0:
        return mean, 1.0
    if excess(24.0) > 0.0:
        raise InputError(f"a beta from {low} to {high} is too narrow to draw from; give distribution fixed")
    return mean, float(np.exp(optimize.brentq(excess, 0.0, 24.0)))


def sobol_points(draws: int, columns: int, seed: int | tuple[int, int]) -> Any:
    """Draw points by Latin supercube sampling: scrambled Sobol within groups, shuffled between them.

    A Sobol sequence of hundreds of columns and some dozens of points has pairs of columns that go hand in hand;
    small groups with rows in random order have none (Owen 1998, ACM Trans. Model. Comput. Simul. 8:71).

    Returns
    -------
    (draws, columns) points strictly between 0 and 1
    """
    generator = np.random.default_rng(seed)
    parts = []
    for first in range(0, columns, GROUP):
        sampler = stats.qmc.Sobol(min(GROUP, columns - first), scramble=True, rng=generator)
        points = sampler.random_base2(max(0, int(draws - 1).bit_length()))
        parts.append(points[generator.permutation(len(points))[:draws]])
    return np.clip(np.hstack(parts), 1e-9, 1 - 1e-9) if parts else np.zeros((draws, 0))


def sobol_pair(numbers: list[Number], draws: int, seed: int | tuple[int, int]) -> tuple[Any, Any]:
    """Draw two matrices of parameters that share exactly the numbers that rest on assumption.

    Those are the numbers graded assumption and those set by hand (calibrated), whose intervals are assumed.

    Parameters
    ----------
    numbers : the P uncertain numbers

    Returns
    -------
    two (draws, P) arrays; both are draws of the joint distribution
    """
    assumed = np.array([number.grade in ("assumption", "calibrated") for number in numbers], bool)
    points = sobol_points(draws, 2 * len(numbers), seed)
    first, other = points[:, : len(numbers)], points[:, len(numbers) :]
    second = np.where(assumed, first, other)

    def spread(at: Any) -> Any:
        columns = [quantiles(number, at[:, k]) for k, number in enumerate(numbers)]
        return np.column_stack(columns) if columns else np.zeros((draws, 0))

    return spread(first), spread(second)
