"""Reduced as they come, runs give what they give at once; quantiles err by what is said at most; memory is bounded."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from experiments.study.tally import LEAST, Moments, Products, Quantiles, Tally, weighted_quantiles

SHARES = [0.0, 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975, 1.0]


def drawn(tasks: int, chance: int, cells: tuple[int, ...] = (3, 2, 4), seed: int = 1) -> Any:
    """Draw runs of cells that differ in size and in how far their mean lies from 0; (2, tasks, chance, *cells)."""
    generator = np.random.default_rng(seed)
    assumed = 2.0 * generator.standard_normal((1, tasks, 1, *cells))
    evidence = generator.standard_normal((2, tasks, 1, *cells))
    luck = generator.standard_normal((2, tasks, chance, *cells))
    scale = np.array([1.0, 1e3, 1e-3, 5.0])
    return (assumed + evidence + luck) * scale + np.array([0.0, 1e6, 1.0, -3.0])


def fed(runs: Any, step: int, **options: Any) -> Tally:
    """Feed a tally some tasks at a time."""
    found = Tally(runs.shape[3:], runs.size // int(np.prod(runs.shape[3:])), **options)
    for first in range(0, runs.shape[1], step):
        found.add(runs[:, first : first + step])
    return found


def at_once(runs: Any) -> dict[str, Any]:
    """Work out with numpy, from all runs, what a tally is to give."""
    tasks, chance = runs.shape[1:3]
    by_pair = runs.mean(axis=(0, 2))
    error = by_pair.var(axis=0, ddof=1) / tasks
    variance = runs.reshape(-1, *runs.shape[3:]).var(axis=0) + error
    gap = runs.mean(axis=2) - runs.mean(axis=(0, 1, 2))
    product = gap[0] * gap[1]
    assumption = (product.mean(axis=0) + error) / variance
    influence = product - assumption * ((gap**2).sum(axis=0) / 2 + runs.var(axis=2).mean(axis=0))
    luck = runs.var(axis=2, ddof=1).mean(axis=(0, 1)) / variance if chance > 1 else np.full_like(variance, np.nan)
    return {
        "mean": runs.mean(axis=(0, 1, 2)),
        "error_of_mean": by_pair.std(axis=0, ddof=1) / np.sqrt(tasks),
        "variance": variance,
        "from_chance": luck,
        "from_evidence": 1.0 - assumption - luck,
        "from_assumption": assumption,
        "from_assumption_se": influence.std(axis=0, ddof=1) / np.sqrt(tasks) / variance,
    }


def of_tally(moments: Moments) -> dict[str, Any]:
    """Ask a tally for the same."""
    return {
        "mean": moments.mean(),
        "error_of_mean": moments.error_of_mean(),
        "variance": moments.variance(),
        **moments.parts_of_variance(),
    }


@pytest.mark.parametrize(("tasks", "chance", "step"), [(4, 2, 1), (300, 3, 1), (300, 3, 7), (300, 1, 300)])
def test_moments_are_those_of_all_runs_at_once(tasks: int, chance: int, step: int) -> None:
    """To 1e-10 of each; of the mean near 0 and of the share that is left over, to 1e-10 of what they are made of."""
    runs = drawn(tasks, chance)
    found, expected = of_tally(fed(runs, step).moments), at_once(runs)
    for name, each in expected.items():
        scale = np.sqrt(expected["variance"]) if name == "mean" else np.ones(()) if name == "from_evidence" else 0.0
        assert (np.abs(found[name] - each) <= 1e-10 * np.maximum(np.abs(each), scale))[~np.isnan(each)].all(), name
        np.testing.assert_array_equal(np.isnan(found[name]), np.isnan(each))


def test_moments_of_what_hardly_varies_or_not_at_all() -> None:
    """A constant has no variance and no error at all; one first task far off costs no accuracy that matters."""
    flat = Moments()
    flat.add(np.full((2, 5, 2, 1), 0.1))
    assert flat.variance() == 0.0
    assert flat.error_of_mean() == 0.0
    assert np.isnan(flat.parts_of_variance()["from_assumption"]).all()
    runs = drawn(500, 2)
    runs[:, 0] += 100.0 * runs.std()
    found, expected = of_tally(fed(runs, 1).moments), at_once(runs)
    for name in ("mean", "error_of_mean", "variance", "from_chance", "from_assumption"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9)
    # The share is 1 but for 1e-9, and its error what is left of two that are all but equal.
    np.testing.assert_allclose(found["from_assumption_se"], expected["from_assumption_se"], atol=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_the_share_of_assumptions_is_free_of_bias_and_its_error_true(share: float) -> None:
    """Of 4,000 experiments of 32 tasks: the mean share within 4 errors and 0.01, its error within a tenth.

    A false alarm comes less than once in 10,000; a share about the mean of all alone would be 0.016 too low at 0.
    """
    generator = np.random.default_rng(7)
    worlds = 4_000
    assumed = np.sqrt(share) * generator.standard_normal((1, 32, 1, worlds))
    runs = assumed + np.sqrt(1 - share) * generator.standard_normal((2, 32, 1, worlds))
    found = fed(runs, 8).moments.parts_of_variance()
    shares, told = found["from_assumption"], found["from_assumption_se"]
    assert shares.mean() == pytest.approx(share, abs=0.01 + 4 * shares.std() / np.sqrt(worlds) - 0.01 * (share == 0.0))
    assert np.sqrt((told**2).mean()) == pytest.approx(shares.std(), rel=0.1)


def test_the_end_of_a_band_has_no_error_while_pairs_are_few() -> None:
    """Of 32 pairs the 2.5% rank less its error lies outside; of 64 it does not."""
    assert np.isnan(fed(drawn(32, 2), 8).error_of_quantile(0.025)).all()
    assert (fed(drawn(64, 2), 8).error_of_quantile(0.975) > 0).all()


def test_few_tasks_have_no_error_and_no_shares() -> None:
    moments = fed(drawn(1, 2), 1).moments
    assert np.isnan(moments.error_of_mean()).all()
    assert all(np.isnan(each).all() for each in moments.parts_of_variance().values())


def test_covariances_are_those_of_numpy() -> None:
    """Of each group, over all runs, to 1e-10 of the two standard deviations; of the first quantities alone where so."""
    runs = drawn(200, 2)
    rows = np.moveaxis(runs, 0, 1).reshape(-1, 3, 2, 4)
    for most in (4, 2):
        products = Products(most)
        for task in range(200):
            products.add(runs[:, task : task + 1])
        found = products.covariance()
        assert found.shape == (3, 2, most, most)
        for group in np.ndindex(3, 2):
            expected = np.cov(rows[:, *group, :most], rowvar=False)
            spread = np.sqrt(np.diag(expected))
            assert (np.abs(found[group] - expected) <= 1e-10 * spread[:, None] * spread).all()


@pytest.mark.parametrize("step", [1, 7, 300])
def test_quantiles_are_exact_where_all_values_fit(step: int) -> None:
    """Those of numpy, bit for bit, and so are the ranks one standard error either way."""
    runs = drawn(300, 3)
    found = fed(runs, step)
    flat = runs.reshape(-1, 3, 2, 4)
    np.testing.assert_array_equal(found.quantile(SHARES), np.quantile(flat, SHARES, axis=0))
    assert found.quantiles.rank_error == 0.0
    apart = np.sqrt(0.025 * 0.975 / 300)
    low, high = (np.quantile(flat, 0.025 + sign * apart, axis=0) for sign in (-1, 1))
    np.testing.assert_array_equal(found.error_of_quantile(0.025), (high - low) / 2)


def shapes(count: int) -> dict[str, Any]:
    """Give values in orders and with ties that a sketch might take badly."""
    generator = np.random.default_rng(3)
    mixed = generator.standard_normal(count)
    return {
        "sorted": np.sort(mixed),
        "reversed": np.sort(mixed)[::-1],
        "random": mixed,
        "ties": generator.integers(0, 7, count).astype(float),
        "saw": np.arange(count) % 1000 + mixed / 10,
        "inward": np.where(np.arange(count) % 2, 1.0, -1.0) * np.arange(count)[::-1],
        "constant": np.full(count, 0.1),
        "skewed": np.exp(3 * mixed),
    }


@pytest.mark.parametrize("held", [0, 8 * 20_000])
def test_the_sketch_errs_by_no_more_than_it_says(held: int) -> None:
    """200,000 values of eight shapes: each quantile lies between the values whose ranks are as far off as it says."""
    each = np.stack(list(shapes(200_000).values()), axis=1)
    found = Quantiles(each.shape[1], len(each), held)
    found.add(each)
    off = found.rank_error * len(each)
    assert 0 < found.rank_error < (0.03 if held == 0 else 0.002)
    shares = np.linspace(0, 1, 101)
    rank = shares * (len(each) - 1)
    for quantile, values in zip(found.at(shares.tolist()).T, np.sort(each, axis=0).T, strict=True):
        below = np.searchsorted(values, quantile, side="left")
        up_to = np.searchsorted(values, quantile, side="right")
        assert (below <= np.ceil(rank) + off).all()
        assert (up_to >= np.floor(rank) + 1 - off).all()


def test_a_merge_keeps_every_second_value_and_all_weight() -> None:
    """By hand: of 1,500 values in order, room for 1,000, the first 1,000 are merged: each even one counts twice."""
    found = Quantiles(1, LEAST, 0)
    found.add(np.arange(1500.0)[:, None])
    kept = [*np.repeat(np.arange(0.0, 1000.0, 2.0), 2), *np.arange(1000.0, 1500.0)]
    ranks = [0, 1, 2, 998, 999, 1000, 1001, 1499]
    expected = [kept[rank] for rank in ranks]
    np.testing.assert_allclose(found.at([rank / 1499 for rank in ranks])[:, 0], expected, atol=1e-9)
    assert found.rank_error == 1 / 1500


def test_the_error_that_is_said_adds_up_over_merges() -> None:
    """Half the merges of each weight, rounded up, times that weight; the weights of what is held sum to all values."""
    found = Quantiles(1, 8 * LEAST, 0)
    found.add(np.arange(8.0 * LEAST)[:, None])
    steps = sum((merged + 1) // 2 * 2**level for level, merged in found.merges.items())
    assert len(found.merges) > 1
    assert found.rank_error == steps / (8 * LEAST)
    assert sum(found.size * 2**level for level in found.levels) - (found.size - found.filled) == 8 * LEAST


def test_the_sketch_is_the_same_however_values_come_together() -> None:
    """Bit for bit, one by one or many at once: merges depend on the order of values alone."""
    values = np.random.default_rng(4).standard_normal((20_000, 3))
    found = []
    for step in (1, 13, 20_000):
        quantiles = Quantiles(3, 20_000, 0)
        for first in range(0, 20_000, step):
            quantiles.add(values[first : first + step])
        found.append(quantiles.at(SHARES).tobytes())
    assert found[0] == found[1] == found[2]


def test_weighted_quantiles_are_those_of_repeated_values() -> None:
    generator = np.random.default_rng(5)
    values, weights = generator.standard_normal(50), generator.integers(1, 9, 50)
    found = weighted_quantiles(values, weights, np.array(SHARES))
    np.testing.assert_allclose(found, np.quantile(np.repeat(values, weights), SHARES), rtol=1e-12)


def test_b_more_values_than_were_said_are_refused() -> None:
    quantiles = Quantiles(1, LEAST, 0)
    with pytest.raises(ValueError, match="quantiles: more than 1500 values of a cell"):
        quantiles.add(np.arange(10.0 * LEAST)[:, None])


@pytest.mark.parametrize("held", [0, 10**6])
def test_a_missing_value_makes_its_cell_missing(held: int) -> None:
    """As in numpy, and in the sketch too, which might drop it."""
    values = np.random.default_rng(6).standard_normal((5_000, 2))
    values[17, 1] = np.nan
    quantiles = Quantiles(2, 5_000, held)
    quantiles.add(values)
    assert np.isnan(quantiles.at(SHARES)).all(axis=0).tolist() == [False, True]


def peak_of(tasks: int) -> int:
    """Give the most memory that runs of so many tasks take as they are made, fed and told [bytes]."""
    generator = np.random.default_rng(7)
    tracemalloc.start()
    found = Tally((3, 2, 5), 4 * tasks, together=5, held=60_000)
    for _ in range(tasks // 100):
        found.add(generator.standard_normal((2, 100, 2, 3, 2, 5)))
    found.quantile(SHARES)
    found.products.covariance()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.quantiles.rank_error > 0
    return peak


@pytest.mark.slow
def test_memory_does_not_grow_with_draws() -> None:
    """2,000 values of each of 30 cells are held, 480 kB, and as much is sorted at once: below 2 MB, whatever is fed.

    All runs of 20,000 tasks would be 19 MB. From 5,000 tasks on nothing is added but shorter buffers of more weights.
    """
    few, many = peak_of(5_000), peak_of(20_000)
    assert many < 2_000_000
    assert many < 1.1 * few


def test_buffers_of_a_whole_region_stay_below_what_may_be_held() -> None:
    """8 places, 3 scenarios and differences, 40 quantities, a million draws of two seeds of chance: below 70 MB.

    One place with eight quantities of two scenarios and their difference is exact to 10,000 draws of two and beyond.
    """
    region = Quantiles(8 * 3 * 40, 2_000_000)
    assert 8 * region.slots * region.size * region.shape[1] < 70e6
    place = Quantiles(3 * 8, 20_000)
    assert place.slots * place.size >= 20_000
