"""Acceptability, expected loss, dominance and errors against closed forms and tables made by hand."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from experiments.study import comparators
from experiments.study.comparators import DOMINATED, EXTENDED, ON, SAME

TASKS = 20_000
MEAN, SPREAD = 0.4, 1.3
"""Net benefit of the second strategy over the first in each run: normal."""


def two_normals(worth: float) -> tuple[Any, Any]:
    """Draw cost and harm of two strategies whose net benefit at a worth differs by a known normal."""
    generator = np.random.default_rng(11)
    size = (2, TASKS, 1)
    averted = 0.3 + 0.1 * generator.standard_normal(size)
    gain = MEAN + SPREAD * generator.standard_normal(size)
    cost, harm = 5.0 + generator.standard_normal(size), 7.0 + generator.standard_normal(size)
    other = np.stack([cost + worth * averted - gain, harm - averted], axis=0)
    return np.stack([cost, other[0]], axis=-1), np.stack([harm, other[1]], axis=-1)


def test_acceptability_of_two_normal_strategies_is_that_of_the_normal_distribution() -> None:
    """Phi(mean / spread) within 4.9 of its own errors (1e-6), which are those of a binomial within 3%."""
    cost, harm = two_normals(2.0)
    table = comparators.acceptability(cost, harm, [2.0], ["first", "second"]).set_index("option")
    true = stats.norm.cdf(MEAN / SPREAD)
    binomial = np.sqrt(true * (1 - true) / (2 * TASKS))
    assert table.loc["second", "probability"] == pytest.approx(true, abs=4.9 * binomial)
    assert table.loc["first", "probability"] == pytest.approx(1 - true, abs=4.9 * binomial)
    assert table.loc["second", "mcse"] == pytest.approx(binomial, rel=0.03)
    assert table["on_frontier"].tolist() == [False, True]


def test_expected_loss_of_two_normal_strategies_is_the_unit_normal_loss() -> None:
    """Of the worse: s (phi(d) + d Phi(d)); of the better: s (phi(d) - d Phi(-d)), the value of information.

    Within 4.9 of its own Monte Carlo errors (1e-6); their difference is the mean net benefit, exactly.
    """
    cost, harm = two_normals(2.0)
    table = comparators.acceptability(cost, harm, [2.0], ["first", "second"]).set_index("option")
    d = MEAN / SPREAD
    better = SPREAD * (stats.norm.pdf(d) - d * stats.norm.cdf(-d))
    worse = SPREAD * (stats.norm.pdf(d) + d * stats.norm.cdf(d))
    for name, true in (("first", worse), ("second", better)):
        row = table.loc[name]
        assert row["expected_loss"] == pytest.approx(true, abs=4.9 * row["expected_loss_mcse"])
        assert row["expected_loss_mcse"] < 0.02
    gap = table.loc["first", "expected_loss"] - table.loc["second", "expected_loss"]
    assert gap == pytest.approx(table.loc["second", "net_benefit"])


def test_averaging_chance_takes_its_variance_out_and_nothing_else() -> None:
    """With spread s of numbers and c of chance over r seeds, the spread left is sqrt(s^2 + c^2 / r), within 5%."""
    generator = np.random.default_rng(5)
    runs = 2.0 * generator.standard_normal((2, 4000, 1, 1)) + 3.0 * generator.standard_normal((2, 4000, 9, 1))
    found = comparators.averaged(runs)
    assert found.shape == (2, 4000, 1, 1)
    assert found.mean() == pytest.approx(runs.mean())
    assert found.std() == pytest.approx(np.sqrt(4.0 + 9.0 / 9.0), rel=0.05)


def test_probabilities_sum_to_one_and_ties_are_shared() -> None:
    cost = np.zeros((2, 6, 1, 3))
    cost[..., 2] = np.arange(6)[None, :, None] - 0.5
    harm = np.zeros_like(cost)
    table = comparators.acceptability(cost, harm, [0.0, 9.0], ["a", "b", "c"])
    at = table[table["threshold"] == 9.0].set_index("option")["probability"]
    assert at["a"] == at["b"] == pytest.approx(5 / 12)
    assert at["c"] == pytest.approx(1 / 6)
    assert table.groupby("threshold")["probability"].sum().tolist() == pytest.approx([1.0, 1.0])


def test_dominance_and_ratios_of_a_table_made_by_hand() -> None:
    """A mix of a and c averts as much as b for less; d costs more than c and averts less; e is a again."""
    names = ["today", "a", "b", "c", "d", "e"]
    cost = [0.0, 100.0, 350.0, 500.0, 600.0, 100.0]
    averted = [0.0, 10.0, 18.0, 30.0, 25.0, 10.0]
    found = dict(zip(names, comparators.standings(cost, averted), strict=True))
    assert found["today"].status == found["a"].status == found["c"].status == ON
    assert (found["a"].against, found["a"].ratio) == ((0,), 10.0)
    assert (found["c"].against, found["c"].ratio) == ((1,), 20.0)
    assert (found["b"].status, found["b"].against) == (EXTENDED, (1, 3))
    assert (found["d"].status, found["d"].against) == (DOMINATED, (3,))
    assert (found["e"].status, found["e"].against) == (SAME, (1,))
    assert np.isnan(found["b"].ratio)


def test_what_saves_and_averts_dominates_what_came_before() -> None:
    dear, saving = comparators.standings([0.0, -5.0], [0.0, 2.0])
    assert (dear.status, dear.against) == (DOMINATED, (1,))
    assert saving.status == ON
    assert np.isnan(saving.ratio)


@pytest.mark.parametrize("seed", range(20))
def test_the_frontier_is_what_is_best_on_average_at_some_threshold(seed: int) -> None:
    """Eight random options: those on the frontier are exactly those with the highest net benefit at some threshold."""
    generator = np.random.default_rng(seed)
    cost, averted = 100 * generator.standard_normal(8), 10 * generator.standard_normal(8)
    found = comparators.standings(cost.tolist(), averted.tolist())
    grid = np.concatenate([[0.0], np.geomspace(1e-4, 1e7, 200_000)])
    best = {int(k) for k in np.argmax(grid[:, None] * averted - cost, axis=1)}
    assert {k for k, each in enumerate(found) if each.status == ON} == best
    ratios = sorted(each.ratio for each in found if np.isfinite(each.ratio))
    assert len(ratios) == len(best) - 1
    assert all(ratio > 0 for ratio in ratios)


def test_intervals_of_shares_are_wilson_s() -> None:
    """50 of 100: 0.4038 to 0.5962, as tabulated; none of 8 pairs: 0 to 0.3244, not 0 to 0."""
    low, high = comparators.wilson(np.array([0.5, 0.0]), np.array([0.05, 0.0]), 8)
    assert low == pytest.approx([0.4038, 0.0], abs=1e-4)
    assert high == pytest.approx([0.5962, 0.3244], abs=1e-4)


def test_net_benefit_is_harm_averted_at_its_worth_less_cost() -> None:
    cost, harm = np.array([[[[10.0, 14.0]]]] * 2), np.array([[[[5.0, 3.0]]]] * 2)
    assert comparators.net_benefits(cost, harm, 3.0)[0, 0, 0].tolist() == [0.0, 2.0]
    more, averted = comparators.increments(cost, harm)
    assert (more[0, 0, 0, 1], averted[0, 0, 0, 1]) == (4.0, 2.0)


def test_what_costs_as_much_and_averts_less_is_dominated_outright() -> None:
    """So is what averts as much and costs more; neither needs a mix of two."""
    *_, less, more = comparators.standings([0.0, 100.0, 100.0, 130.0], [0.0, 10.0, 4.0, 10.0])
    assert (less.status, less.against) == (DOMINATED, (1,))
    assert (more.status, more.against) == (DOMINATED, (1,))


def test_what_is_dominated_by_an_option_off_the_frontier_alone_is_dominated_by_it() -> None:
    """The third lies under the mix of the first two and so off the frontier; the last costs more than it, for less."""
    first, second, third, last = comparators.standings([0.0, 10.0, 8.0, 9.0], [0.0, 10.0, 7.0, 6.0])
    assert first.status == second.status == ON
    assert (third.status, third.against) == (EXTENDED, (0, 1))
    assert (last.status, last.against) == (DOMINATED, (2,))


def test_what_only_rounding_tells_apart_is_no_difference() -> None:
    """A sum in another order is the same sum: it costs nothing more, averts nothing, and is the best as often."""
    shares = np.random.default_rng(2).random((2, 50, 1, 9)) * 1e6
    sums = np.stack([np.add.accumulate(shares[..., way], axis=-1)[..., -1] for way in (np.s_[:], np.s_[::-1])], axis=-1)
    assert (sums[..., 0] != sums[..., 1]).any()
    assert not any(each.any() for each in comparators.increments(sums, sums / 70_000.0))
    assert (comparators.best(sums) == 0.5).all()
    assert not comparators.forgone(sums).any()
    table = comparators.acceptability(sums, sums, [0.0], ["one", "again"])
    assert table["probability"].tolist() == [0.5, 0.5]
    assert comparators.league(sums, sums, ["one", "again"])["status"].tolist() == [ON, SAME]


def test_the_league_bands_differences_over_runs() -> None:
    """The 2.5% and 97.5% quantiles of all runs, chance and ignorance together, exactly; none for the first."""
    cost = np.zeros((2, 25, 2, 2))
    cost[..., 1] = np.arange(100.0).reshape(2, 25, 2) + 1.0
    row = comparators.league(cost, -2.0 * cost, ["first", "second"]).iloc[1]
    assert (row["cost_more_low_95"], row["cost_more_high_95"]) == pytest.approx((3.475, 97.525))
    assert (row["averted_low_95"], row["averted_high_95"]) == pytest.approx((6.95, 195.05))
