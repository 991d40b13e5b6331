"""Draw the uncertain numbers jointly: scrambled Sobol points through each number's distribution."""

from typing import Any

import numpy as np
from scipy import optimize, stats

from simulation.errors import InputError
from simulation.inputs import Number

Z = 1.959963984540054
"""Standard normal quantile that leaves 2.5% above."""


def uncertain(numbers: dict[str, Number]) -> list[Number]:
    """List the numbers that have a distribution, in a fixed order."""
    return sorted((x for x in numbers.values() if x.distribution != "fixed"), key=lambda x: x.name)


def quantiles(number: Number, at: Any) -> Any:
    """Read a number's distribution at probabilities: low and high are its 95% interval (uniform: its ends).

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
        return stats.norm.ppf(at, value, (high - low) / (2 * Z))
    if number.distribution == "lognormal":
        return np.exp(stats.norm.ppf(at, np.log(value), np.log(high / low) / (2 * Z)))
    mean, size = beta_shape(value, low, high)
    return stats.beta.ppf(at, mean * size, (1 - mean) * size)


def beta_shape(value: float, low: float, high: float) -> tuple[float, float]:
    """Find the beta distribution of a mean whose 95% interval is as wide as given."""
    mean = min(max(value, 1e-6), 1 - 1e-6)

    def excess(log_size: float) -> float:
        size = float(np.exp(log_size))
        ends = [float(stats.beta.ppf(q, mean * size, (1 - mean) * size)) for q in (0.025, 0.975)]
        return ends[1] - ends[0] - (high - low)

    if excess(0.0) < 0.0:
        return mean, 1.0
    return mean, float(np.exp(optimize.brentq(excess, 0.0, 16.0)))


def sobol_pair(numbers: list[Number], draws: int, seed: int) -> tuple[Any, Any]:
    """Draw two matrices of parameters that share exactly the numbers graded assumption.

    Parameters
    ----------
    numbers : the P uncertain numbers

    Returns
    -------
    two (draws, P) arrays; both are draws of the joint distribution
    """
    assumed = np.array([number.grade == "assumption" for number in numbers], bool)
    sampler = stats.qmc.Sobol(2 * len(numbers), scramble=True, rng=np.random.default_rng(seed))
    points = sampler.random_base2(int(np.ceil(np.log2(max(draws, 1)))))[:draws]
    points = np.clip(points, 1e-9, 1 - 1e-9)
    first, other = points[:, : len(numbers)], points[:, len(numbers) :]
    second = np.where(assumed, first, other)

    def spread(at: Any) -> Any:
        return np.column_stack([quantiles(number, at[:, k]) for k, number in enumerate(numbers)])

    return spread(first), spread(second)
