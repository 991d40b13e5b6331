"""Bands, errors and shares of variance against worlds whose truth is known."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from experiments.study.declaration import Experiment, Setup, set_up
from experiments.study.design import best_chance, children_lived, twins_gain
from experiments.study.gather import (
    ENDS,
    draws_for,
    error_of_mean,
    error_of_quantile,
    parts_of_variance,
    precision,
    summary,
)

TRUE = {"assumption": 2.0, "evidence": 1.0, "chance": 0.5}
"""Standard deviations of three independent parts of a run's answer."""


@pytest.fixture(scope="module")
def setup() -> Setup:
    """Ask one quantity of two scenarios in one place."""
    return set_up(
        Experiment(name="known", question="What is known?", scenarios=("today", "improved"), outputs=("cats",))
    )


def known(generator: Any, tasks: int, chance: int, outputs: int = 1) -> Any:
    """Draw runs whose variance has three known parts: (2, tasks, chance, 1, 1, outputs)."""
    size = (tasks, 1, outputs)
    assumed = TRUE["assumption"] * generator.standard_normal((1, *size))
    evidence = TRUE["evidence"] * generator.standard_normal((2, *size))
    luck = TRUE["chance"] * generator.standard_normal((2, tasks, chance, outputs))
    return (assumed + evidence + luck)[:, :, :, None, None, :]


def test_shares_of_variance_are_those_that_were_put_in() -> None:
    """4,000 pairs: each share within four of its own standard errors, or 0.01. Sum 1 exactly."""
    runs = known(np.random.default_rng(1), 4000, 2)
    found = parts_of_variance(runs)
    whole = sum(each**2 for each in TRUE.values())
    assert found["from_chance"] == pytest.approx(TRUE["chance"] ** 2 / whole, abs=0.01)
    reach = 4 * found["from_assumption_se"].item()
    assert found["from_assumption"] == pytest.approx(TRUE["assumption"] ** 2 / whole, abs=reach)
    assert reach < 0.15
    assert sum(found[f"from_{name}"] for name in TRUE) == pytest.approx(1.0)
    alone = parts_of_variance(runs[:, :, :1])
    assert np.isnan(alone["from_chance"]).all()
    assert np.isnan(alone["from_evidence"]).all()


@pytest.mark.parametrize(("tasks", "chance"), [(16, 1), (16, 4), (64, 2)])
def test_intervals_of_the_mean_cover_the_truth_as_often_as_they_say(tasks: int, chance: int) -> None:
    """The truth, 0, lies in 95% of 4,000 intervals: binomial, false alarm 1e-6."""
    generator, repeats = np.random.default_rng(tasks + chance), 4000
    runs = known(generator, tasks, chance, repeats)
    mean, error = runs.mean(axis=(0, 1, 2)).ravel(), error_of_mean(runs).ravel()
    reach = stats.t.isf(0.025, tasks - 1) * error
    low, high = mean - reach, mean + reach
    covered = ((low < 0) & (high > 0)).sum()
    assert stats.binomtest(int(covered), repeats, 0.95).pvalue > 1e-6


@pytest.mark.parametrize("width", [50, 80, 95])
def test_bands_cover_a_new_run_as_often_as_they_say(width: int) -> None:
    """A new run lies in the bands of 512 pairs with their nominal frequency, over 2,000 experiments.

    Binomial at a false alarm of 1e-6, and half a point for the bands being read off finitely many draws.
    """
    generator, repeats = np.random.default_rng(width), 2000
    runs = known(generator, 512, 1, repeats).reshape(-1, repeats)
    low, high = (np.quantile(runs, ENDS[f"{side}_{width}"], axis=0) for side in ("low", "high"))
    spread = np.sqrt(sum(each**2 for each in TRUE.values()))
    new = spread * generator.standard_normal(repeats)
    covered = int(((low < new) & (new < high)).sum())
    reach = stats.norm.isf(5e-7) * np.sqrt(width / 100 * (1 - width / 100) / repeats) + 0.005
    assert covered / repeats == pytest.approx(width / 100, abs=reach)


def test_errors_of_quantiles_are_their_spread_over_experiments() -> None:
    """Stated errors, on average over 400 experiments, are the standard deviation of the quantile. Within a quarter.

    Pairs share what is assumed, so two runs of a pair are worth less than two: the stated error counts pairs, and is
    above the truth rather than below it.
    """
    runs = known(np.random.default_rng(4), 200, 1, 400)
    for at in (0.025, 0.5, 0.975):
        flat = runs.reshape(-1, 400)
        stated = error_of_quantile(runs, at).mean()
        true = np.quantile(flat, at, axis=0).std()
        assert 0.95 * true < stated < 1.45 * true, at


def test_precision_is_the_error_over_the_band(setup: Setup) -> None:
    """Worked out by hand for one difference; quartering the error takes sixteen times the draws. Exact."""
    base = known(np.random.default_rng(5), 50, 2)
    gap = known(np.random.default_rng(6), 50, 2)
    runs = np.concatenate([base, base + gap], axis=3)
    low, high = np.quantile(gap, [0.025, 0.975])
    by_pair = gap.mean(axis=(0, 2)).ravel()
    expected = by_pair.std(ddof=1) / np.sqrt(50) / (high - low)
    assert precision(setup, runs) == pytest.approx([expected])
    assert draws_for(0.2, 0.05, 100) == 1600


def test_the_summary_holds_scenarios_and_their_difference(setup: Setup) -> None:
    base = known(np.random.default_rng(7), 20, 2)
    table = summary(setup, np.concatenate([base, base - 1.0], axis=3))
    assert table["scenario"].tolist() == ["today", "improved", "improved less today"]
    gap = table.iloc[2]
    assert gap["mean"] == pytest.approx(-1.0)
    assert gap["mcse"] == pytest.approx(0.0, abs=1e-12)
    assert (table["low_95"] <= table["low_80"]).all()
    assert (table["high_50"] <= table["high_80"]).all()


def test_the_pilot_chooses_what_is_cheapest_for_its_variances(setup: Setup) -> None:
    """The choice has the least variance times cost of all, from the known variances. By trying each."""
    runs = known(np.random.default_rng(8), 4000, 2)
    runs[...] += 3.0 * np.random.default_rng(9).standard_normal(runs.shape)  # much chance
    both = np.concatenate([np.zeros_like(runs), runs], axis=3)
    within, between = TRUE["chance"] ** 2 + 9.0, TRUE["assumption"] ** 2 + TRUE["evidence"] ** 2
    outer, inner = children_lived(setup)
    worth = {r: (between + within / r) * (outer + inner * r) for r in range(2, 17)}
    assert best_chance(setup, both) == min(worth, key=worth.__getitem__)
    assert best_chance(setup, np.zeros_like(both)) == 2


def test_what_twins_are_worth_is_measured(setup: Setup) -> None:
    """Against a difference of standard deviation 0.1, levels that vary by 2.3 make twins worth about 1,000 times."""
    generator = np.random.default_rng(10)
    base = known(generator, 2000, 2)
    both = np.concatenate([base, base + 0.1 * generator.standard_normal(base.shape)], axis=3)
    table = twins_gain(setup, both).iloc[0]
    whole = sum(each**2 for each in TRUE.values())
    assert table["variance_with_twins"] == pytest.approx(0.01, rel=0.05)
    assert table["other_draw"] == pytest.approx((2 * whole + 0.01) / 0.01, rel=0.1)
    assert table["other_chance"] == pytest.approx((2 * TRUE["chance"] ** 2 + 0.01) / 0.01, rel=0.1)
