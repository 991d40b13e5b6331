"""V30: bands, Monte Carlo errors and shares of variance against runs whose truth is known.

A made-up run is what draws share between matrices + a draw's own + the luck of its chance seed + noise, all
normal with known variances; many quantities are as many repetitions. Random checks: a limit in words, widened by
4.89 standard errors of the repetitions, which false-alarms once in a million.
"""

from typing import Any, NamedTuple

import numpy as np
import pytest
from chance import LIMIT
from scipy import stats

from experiments.bands import QUANTILES, SEEDS, bands, seeds_of, shares

REPEATS = 4000


class Made(NamedTuple):
    """Made-up runs of many quantities, and what is true of them."""

    runs: Any  # (2, draws, 2, REPEATS)
    error: float  # true variance of the mean of all runs
    shared: float  # true share of variance from what the matrices share
    chance: float  # true share of variance within a draw
    spread: float  # true standard deviation of a run


def made(draws: int, shared: float, own: float, luck: float, noise: float) -> Made:
    """Make up runs from the variances of their parts."""
    generator = np.random.default_rng(30)
    seeds = np.array([[seeds_of(draw, matrix) for draw in range(draws)] for matrix in range(2)])
    runs = np.sqrt(luck) * generator.normal(size=(SEEDS, REPEATS))[seeds]
    runs += np.sqrt(shared) * generator.normal(size=(1, draws, 1, REPEATS))
    runs += np.sqrt(own) * generator.normal(size=(2, draws, 1, REPEATS))
    runs += np.sqrt(noise) * generator.normal(size=runs.shape)
    weight = np.bincount(seeds.ravel(), minlength=SEEDS) / seeds.size
    error = shared / draws + own / (2 * draws) + luck * (weight**2).sum() + noise / (4 * draws)
    total = shared + own + luck + noise
    return Made(runs, error, shared / total, (luck + noise) / total, float(np.sqrt(total)))


def near(found: Any, truth: float, within: float) -> bool:
    """Tell whether a mean over repetitions is within a limit of the truth, beyond its own chance."""
    error = found.std(ddof=1) / np.sqrt(len(found))
    return bool(abs(found.mean() - truth) <= within + LIMIT * error)


# Which seeds a draw meets


@pytest.mark.parametrize("matrix", [0, 1])
def test_v30_each_draw_meets_two_different_seeds_of_its_matrix(matrix: int) -> None:
    """V30: the two seeds of a draw differ and lie in its matrix's own half of the eight. Exact."""
    for draw in range(200):
        first, second = seeds_of(draw, matrix)
        assert first != second
        assert {first, second} <= set(range(4 * matrix, 4 * matrix + 4))


def test_v30_matrices_share_no_seed_and_use_all() -> None:
    """V30: luck cannot look like shared parameters: the matrices share no seed; together they use all 8. Exact."""
    met = [{seed for draw in range(12) for seed in seeds_of(draw, matrix)} for matrix in range(2)]
    assert not met[0] & met[1]
    assert met[0] | met[1] == set(range(SEEDS))


def test_v30_every_seed_is_met_equally_often() -> None:
    """V30: over 48 draws every seed is met 24 times, and each pair of a matrix's seeds occurs. Exact."""
    for matrix in range(2):
        pairs = [seeds_of(draw, matrix) for draw in range(48)]
        assert np.bincount(np.ravel(pairs))[4 * matrix :].tolist() == [24] * 4
        assert len({frozenset(pair) for pair in pairs}) == 6


# Bands


def test_v30_bands_are_quantiles_of_all_runs() -> None:
    """V30: mean and bands of 0 to 399, however they are arranged, are those of 400 even steps. To rounding."""
    runs = np.random.default_rng(1).permutation(400.0 + np.arange(400)).reshape(2, 100, 2, 1) - 400
    found = bands(runs)
    assert found["mean"] == pytest.approx([199.5])
    for name, quantile in QUANTILES.items():
        assert found[name] == pytest.approx([399 * quantile])
    assert list(QUANTILES) == ["low_95", "low_80", "high_80", "high_95"]


@pytest.mark.parametrize("parts", [(1, 1, 0.1, 0.5), (0.2, 1, 0.1, 4), (4, 1, 0.2, 1)])
def test_v30_bands_cover_another_run_at_their_rate(parts: tuple[float, ...]) -> None:
    """V30: at 64 draws a new run falls within the 80% and the 95% band as often as they say, within 2 points."""
    runs = made(64, *parts)
    found = bands(runs.runs)
    for rate in (80, 95):
        high, low = (stats.norm.cdf(found[f"{end}_{rate}"] / runs.spread) for end in ("high", "low"))
        assert near(high - low, rate / 100, within=0.02), rate


# The Monte Carlo error

MIXED = [(1, 1, 1, 1), (4, 1, 0.2, 1), (1, 1, 0.1, 0.5), (0.2, 1, 0.5, 4), (0, 0, 1, 0), (1, 0, 0, 0)]


@pytest.mark.parametrize("parts", MIXED)
@pytest.mark.parametrize(("draws", "within"), [(16, 0.13), (64, 0.06)])
def test_v30_the_squared_error_is_the_variance_of_the_mean(draws: int, within: float, parts: tuple[float, ...]) -> None:
    """V30: on average mcse squared is the true variance of the mean: within 13% at 16 draws, 6% at 64.

    Catches with 99% power a bias of these limits and another 7.2 standard errors, under 12 points.
    """
    runs = made(draws, *parts)
    ratio = shares(runs.runs).mcse ** 2 / runs.error
    assert near(ratio, 1.0, within)
    assert 7.2 * ratio.std() / np.sqrt(REPEATS) < 0.12


@pytest.mark.parametrize("draws", [16, 64])
def test_v30_of_noise_alone_the_error_is_cautious(draws: int) -> None:
    """V30: where neither draws nor seeds matter the error is never too small: 1.4 to 1.7 times in variance."""
    runs = made(draws, 0, 0, 0, 1)
    assert near(shares(runs.runs).mcse ** 2 / runs.error, 1.55, within=0.15)


@pytest.mark.parametrize("parts", MIXED[:4])
def test_v30_means_are_within_two_errors_of_the_truth(parts: tuple[float, ...]) -> None:
    """V30: at 64 draws the truth, 0, is within 1.96 errors of the mean in 95% of runs, within 4 points.

    The eight seeds leave few degrees of freedom: where luck rules, it is nearer to 91%.
    """
    runs = made(64, *parts)
    covered = np.abs(bands(runs.runs)["mean"]) <= 1.96 * shares(runs.runs).mcse
    assert near(covered, 0.95, within=0.04)


def test_v30_the_error_falls_with_draws_and_not_with_luck() -> None:
    """V30: 4 times the draws halve the error of noise and parameters; luck of eight seeds stays. Within 10%."""
    few, many = (shares(made(draws, 1, 1, 0, 1).runs).mcse.mean() for draws in (16, 64))
    assert few / many == pytest.approx(2.0, rel=0.1)
    few, many = (shares(made(draws, 0, 0, 1, 0).runs).mcse.mean() for draws in (16, 64))
    assert few / many == pytest.approx(1.0, rel=0.1)


# Shares of variance


@pytest.mark.parametrize("parts", [(1, 1, 0.1, 0.5), (4, 1, 0.2, 1), (0.2, 1, 0.1, 4), (1, 0, 0, 0), (0, 1, 0, 0)])
def test_v30_shares_are_those_put_in(parts: tuple[float, ...]) -> None:
    """V30: at 64 draws the shares from assumption and chance are on average the true ones, within 2 points."""
    runs = made(64, *parts)
    found = shares(runs.runs)
    assert near(found.assumption, runs.shared, within=0.02)
    assert near(found.chance, runs.chance, within=0.02)


def test_v30_luck_of_seeds_is_chance_not_assumption() -> None:
    """V30: with as much luck as all else, shares stay within 4 points, and assumption is never overstated."""
    runs = made(64, 1, 1, 1, 1)
    found = shares(runs.runs)
    assert near(found.assumption, runs.shared, within=0.04)
    assert found.assumption.mean() < runs.shared
    assert near(found.chance, runs.chance, within=0.04)


@pytest.mark.parametrize("parts", [(1, 1, 0.1, 0.5), (0.2, 1, 0.1, 4), (0, 1, 0, 0)])
def test_v30_the_shares_own_error_is_no_smaller_than_its_spread(parts: tuple[float, ...]) -> None:
    """V30: the standard error of the share from assumption is its spread over repetitions: 0.9 to 1.4 times."""
    found = shares(made(64, *parts).runs)
    assert 0.9 < np.sqrt((found.assumption_error**2).mean()) / found.assumption.std() < 1.4


def test_v30_runs_that_are_all_alike_have_no_error_and_no_shares() -> None:
    """V30: a quantity that never varies has mcse 0 and no shares; its neighbours are not touched. Exact."""
    runs = made(16, 1, 1, 0.1, 1).runs[..., :3].copy()
    alone = shares(runs)
    runs[..., 1] = 0.0
    found = shares(runs)
    assert found.mcse[1] == 0
    assert np.isnan([found.assumption[1], found.assumption_error[1], found.chance[1]]).all()
    for now, before in zip(found, alone, strict=True):
        assert now[[0, 2]] == pytest.approx(before[[0, 2]], rel=1e-9)


@pytest.mark.parametrize("draws", [1, 3])
def test_v30_under_four_draws_no_error_is_claimed(draws: int) -> None:
    """V30: with fewer than four draws errors and shares are missing, not wrong. Exact."""
    assert all(np.isnan(part).all() for part in shares(made(draws, 1, 1, 1, 1).runs))
