"""Draws of parameters: stated marginals, no correlations, and pairs that share the assumptions (V29)."""

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simulation.errors import InputError
from simulation.inputs import Number, load_tables
from simulation.sampling import Z, beta_shape, quantiles, sobol_pair, uncertain

ALARM = 1e-6
DRAWS = 1024


def number(distribution: str, value: float, low: float | None, high: float | None, grade: str = "assumption") -> Number:
    """Make a number with a distribution of its own."""
    return Number("x", value, "share", low, high, distribution, "nobody", grade, "read", "", "mine.csv", 7)


@cache
def shipped() -> list[Number]:
    """List the uncertain numbers of the shipped tables."""
    return uncertain(load_tables().numbers)


@cache
def pair() -> tuple[Any, Any]:
    """Draw both matrices of the shipped numbers."""
    return sobol_pair(shipped(), DRAWS, 20_240_401)


def distribution_of(each: Number) -> Callable[[Any], Any]:
    """Write a number's cumulative distribution down again, from its interval."""
    low, high = each.low or 0.0, each.high or 0.0
    if each.distribution == "uniform":
        return lambda x: np.clip((x - low) / (high - low), 0, 1)
    if each.distribution in ("normal", "lognormal"):
        to = np.log if each.distribution == "lognormal" else np.asarray
        below, above = (1.959963984540054 / abs(to(end) - to(each.value)) for end in (low, high))
        return lambda x: stats.norm.cdf((to(x) - to(each.value)) * np.where(x < each.value, below, above))
    mean, size = beta_shape(each.value, low, high)
    return lambda x: stats.beta.cdf(x, mean * size, (1 - mean) * size)


# Intervals


def test_the_normal_quantile_leaves_a_fortieth_above() -> None:
    assert stats.norm.sf(Z) == pytest.approx(0.025, abs=1e-15)


@pytest.mark.parametrize(
    ("distribution", "value", "low", "high"),
    [
        ("normal", 0.05, -0.245, 0.345),
        ("normal", 10.0, 8.0, 12.0),
        ("normal", 0.0, -0.2, 0.4),
        ("normal", 9.0, 2.0, 9.5),
        ("lognormal", 2.0, 1.0, 4.0),
        ("lognormal", 0.3, 0.1, 0.9),
        ("lognormal", 1.1, 1.0, 40.0),
        ("beta", 0.5, 0.2, 0.8),
        ("beta", 0.5, 0.49, 0.51),
    ],
)
def test_v29_the_95_percent_interval_is_low_to_high(distribution: str, value: float, low: float, high: float) -> None:
    """V29: exactly, wherever the value stands; of a beta, where it stands in the middle."""
    drawn = quantiles(number(distribution, value, low, high), np.array([0.025, 0.5, 0.975]))
    assert drawn == pytest.approx([low, value, high], rel=1e-8)


def test_v29_a_uniform_ends_at_low_and_high() -> None:
    drawn = quantiles(number("uniform", 0.02, 0.0, 0.04), np.array([0.0, 0.25, 0.5, 1.0]))
    assert drawn == pytest.approx([0.0, 0.01, 0.02, 0.04])


def test_v29_every_shipped_interval_keeps_its_width_and_centre() -> None:
    """V29: a normal or lognormal has low, value and high at 2.5%, 50% and 97.5%; a beta its mean and its width."""
    at = np.array([0.025, 0.5, 0.975])
    for each in shipped():
        low, high = each.low or 0.0, each.high or 0.0
        drawn = quantiles(each, at)
        if each.distribution in ("normal", "lognormal"):
            assert drawn == pytest.approx([low, each.value, high], rel=1e-9, abs=1e-12), each.name
        elif each.distribution == "beta":
            assert drawn[2] - drawn[0] == pytest.approx(high - low, rel=1e-7), each.name
            assert beta_shape(each.value, low, high)[0] == each.value, each.name


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_v29_a_split_distribution_rises_and_never_jumps(value: float, at: float) -> None:
    """V29: however far the value is to one side, quantiles ascend through it without a gap."""
    for distribution in ("normal", "lognormal"):
        each = number(distribution, 1.0 + value, 1.0, 2.0)
        low, here, high = quantiles(each, np.array([0.999 * at, at, 0.999 * at + 0.001]))
        assert low < here < high
        assert distribution_of(each)(here) == pytest.approx(at, abs=1e-9)
        assert quantiles(each, np.array([0.5 - 1e-9, 0.5 + 1e-9])) == pytest.approx([each.value] * 2, abs=1e-8)


@given(st.floats(0.02, 0.98), st.floats(0.01, 0.3))
def test_v29_a_beta_has_its_mean_and_its_width(mean: float, width: float) -> None:
    """V29: unless even the flattest beta of that mean is narrower than asked for."""
    found, size = beta_shape(mean, 0.0, width)
    ends = stats.beta.ppf([0.025, 0.975], found * size, (1 - found) * size)
    assert found == mean
    assert ends[1] - ends[0] == pytest.approx(width, rel=1e-7) or (size == 1.0 and ends[1] - ends[0] < width)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_v29_a_beta_at_its_end_stays_a_distribution(value: float) -> None:
    drawn = quantiles(number("beta", value, 0.0, 1.0), np.array([0.01, 0.5, 0.99]))
    assert np.isfinite(drawn).all()
    assert drawn == pytest.approx([value] * 3, abs=1e-6)


@pytest.mark.parametrize(("low", "high"), [(None, 1.0), (0.0, None), (None, None)])
def test_a_number_without_an_interval_is_refused(low: float | None, high: float | None) -> None:
    with pytest.raises(InputError, match=r"mine\.csv: row 7: 'x' has no low and high; give both"):
        quantiles(number("normal", 0.5, low, high), np.array([0.5]))


# Marginals


@pytest.mark.parametrize("second", [False, True])
def test_v29_every_shipped_number_is_drawn_from_its_distribution(second: bool) -> None:
    """V29: Kolmogorov-Smirnov on 1,024 draws of each number, in both matrices.

    A Sobol set is more even than chance, so the false-alarm rate is below 1e-6 over all numbers. Smallest
    error caught: a distribution that is off by 0.11 anywhere.
    """
    numbers = shipped()
    drawn = pair()[second]
    assert drawn.shape == (DRAWS, len(numbers))
    for k, each in enumerate(numbers):
        assert stats.kstest(distribution_of(each)(drawn[:, k]), "uniform").pvalue > ALARM / len(numbers), each.name


@pytest.mark.slow
def test_v29_single_points_of_randomised_sets_are_uniform() -> None:
    """V29: the first points of 1,500 scramblings are independent: Kolmogorov-Smirnov at 1e-6 over six columns.

    Smallest error caught with 99% power: a distribution that is off by 0.1 anywhere.
    """
    numbers = [number("uniform", 0.5, 0.0, 1.0, "published")] * 3
    pairs = [np.concatenate([part[0] for part in sobol_pair(numbers, 1, seed)]) for seed in range(1_500)]
    for column in np.array(pairs).T:
        assert stats.kstest(column, "uniform").pvalue > ALARM / 6


@pytest.mark.parametrize("draws", [32, 100, DRAWS])
def test_v29_numbers_are_drawn_without_correlation(draws: int) -> None:
    """V29: every pair of columns of one matrix, rank correlation within z limits at 1e-6 over all pairs.

    Smallest error caught with 99% power at 1,024 draws: a correlation of 0.28.
    """
    drawn = sobol_pair(shipped(), draws, 5)[0]
    found = stats.spearmanr(drawn).statistic
    pairs = found[np.triu_indices_from(found, 1)]
    # Fisher's z, with the factor that rank correlation needs
    limit = np.tanh(stats.norm.isf(ALARM / 2 / len(pairs)) * np.sqrt(1.06 / (draws - 3)))
    assert np.abs(pairs).max() < limit


# Pairs


def test_the_two_matrices_share_exactly_what_rests_on_assumption() -> None:
    """What is assumed and what is set by hand is shared: its interval is assumed either way."""
    numbers = shipped()
    first, second = sobol_pair(numbers, 64, 3)
    for k, each in enumerate(numbers):
        same = first[:, k] == second[:, k]
        assert same.all() if each.grade in ("assumption", "calibrated") else not same.any(), each.name
    assert {"assumption", "calibrated", "published", "derived"} == {each.grade for each in numbers}


@pytest.mark.parametrize("grade", ["published", "derived"])
def test_the_other_half_of_a_pair_is_unrelated_where_nothing_is_assumed(grade: str) -> None:
    """Correlation of the two halves within z limits at 1e-6; caught with 99% power: 0.23."""
    one, other = sobol_pair([number("uniform", 0.5, 0.0, 1.0, grade)], DRAWS, 11)
    found = stats.spearmanr(one[:, 0], other[:, 0]).statistic
    assert abs(found) < stats.norm.isf(ALARM / 2) / np.sqrt(DRAWS - 1)


@pytest.mark.parametrize("draws", [1, 2, 3, 5, 8, 100])
def test_any_number_of_draws_can_be_asked_for(draws: int) -> None:
    numbers = [number("normal", 0.0, -1.0, 1.0), number("uniform", 0.5, 0.0, 1.0, "derived")]
    first, second = sobol_pair(numbers, draws, 1)
    assert first.shape == second.shape == (draws, 2)


def test_e04_a_seed_decides_the_draws() -> None:
    numbers = shipped()[:5]
    assert np.array_equal(sobol_pair(numbers, 8, 1), sobol_pair(numbers, 8, 1))
    assert not np.array_equal(sobol_pair(numbers, 8, 1), sobol_pair(numbers, 8, 2))


def test_no_draw_is_endless() -> None:
    """The outermost points stay away from 0 and 1."""
    for part in sobol_pair(shipped(), DRAWS, 9):
        assert np.isfinite(part).all()


def test_only_numbers_with_a_distribution_are_drawn_in_order_of_their_names() -> None:
    tables = load_tables()
    numbers = uncertain(tables.numbers)
    assert [each.name for each in numbers] == sorted(
        name for name, each in tables.numbers.items() if each.distribution != "fixed"
    )
    reversed_numbers = dict(reversed(tables.numbers.items()))
    assert uncertain(reversed_numbers) == numbers
    assert uncertain({"x": dataclasses.replace(numbers[0], distribution="fixed")}) == []
