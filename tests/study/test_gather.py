"""Bands, errors and shares of variance against worlds whose truth is known."""

import itertools
from typing import Any

import numpy as np
import pytest
from scipy import stats

from experiments.study import gather
from experiments.study.declaration import Experiment, Setup, set_up
from experiments.study.design import TwinsGain, best_chance, children_lived, twins_gain
from experiments.study.gather import (
    ENDS,
    Precision,
    answers,
    covariances,
    draws_for,
    error_of_mean,
    parts_of_variance,
    precision,
    summary,
    tally,
    with_differences,
)
from experiments.study.tally import Tally
from experiments.study.tasks import NONE, Part, lived

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
    found = Tally(runs.shape[3:], 400)
    found.add(runs)
    for at in (0.025, 0.5, 0.975):
        flat = runs.reshape(-1, 400)
        stated = found.error_of_quantile(at).mean()
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


def test_precision_is_the_same_bits_however_tasks_come_together(setup: Setup) -> None:
    """One by one, in rounds or at once: where a run stops must not hang on that."""
    base = known(np.random.default_rng(11), 64, 2)
    runs = np.concatenate([base, base + known(np.random.default_rng(12), 64, 2)], axis=3)
    told = set()
    for ends in ([*range(65)], [0, 16, 32, 64], [0, 5, 64]):
        found = Precision(setup, 64)
        for first, last in itertools.pairwise(ends):
            found.add(runs[:, first:last])
        told.add(found.reached().tobytes())
    assert told == {precision(setup, runs).tobytes()}


def test_the_summary_holds_scenarios_and_their_difference(setup: Setup) -> None:
    base = known(np.random.default_rng(7), 20, 2)
    table = summary(setup, tallied(setup, np.concatenate([base, base - 1.0], axis=3)))
    assert table["scenario"].tolist() == ["today", "improved", "improved less today"]
    gap = table.iloc[2]
    assert gap["mean"] == pytest.approx(-1.0)
    assert gap["mcse"] == pytest.approx(0.0, abs=1e-12)
    assert (table["low_95"] <= table["low_80"]).all()
    assert (table["high_50"] <= table["high_80"]).all()
    assert (table["quantile_rank_error"] == 0).all()


def tallied(setup: Setup, runs: Any) -> Tally:
    """Feed the tally of an experiment all its runs."""
    found = tally(setup, runs.shape[1])
    found.add(with_differences(runs))
    return found


def test_covariances_are_told_of_each_two_quantities_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of numpy over all runs, to 1e-10, of scenarios and their difference; of the first quantities where many."""
    asked = Experiment(
        name="three", question="?", scenarios=("today", "improved"), outputs=("cats", "dalys", "service_cost")
    )
    setup = set_up(asked)
    base, gap = known(np.random.default_rng(13), 30, 2, 3), known(np.random.default_rng(14), 30, 2, 3)
    runs = np.concatenate([base, base + gap], axis=3)
    table = covariances(setup, tallied(setup, runs))
    assert len(table) == 3 * 6
    for number, (scenario, here) in enumerate(table.groupby("scenario", sort=False)):
        assert scenario == ("today", "improved", "improved less today")[number]
        rows = np.moveaxis(with_differences(runs), 0, 1)[:, :, :, number].reshape(-1, 3)
        for each in here.itertuples():
            one, other = (asked.outputs.index(name) for name in (each.quantity, each.other))
            assert one <= other
            assert each.covariance == pytest.approx(np.cov(rows, rowvar=False)[one, other], rel=1e-10, abs=1e-10)
            assert each.correlation == pytest.approx(np.corrcoef(rows, rowvar=False)[one, other], rel=1e-10)
    monkeypatch.setattr(gather, "TOGETHER", 2)
    few = covariances(setup, tallied(setup, runs))
    assert set(few["quantity"]) | set(few["other"]) == {"cats", "dalys"}
    assert len(few) == 3 * 3


def test_the_pilot_chooses_what_is_cheapest_for_its_variances(setup: Setup) -> None:
    """The choice has the least variance times cost of all, from the known variances. By trying each."""
    runs = known(np.random.default_rng(8), 4000, 2)
    runs[...] += 3.0 * np.random.default_rng(9).standard_normal(runs.shape)  # much chance
    both = np.concatenate([np.zeros_like(runs), runs], axis=3)
    within, between = TRUE["chance"] ** 2 + 9.0, 2 * TRUE["assumption"] ** 2 + TRUE["evidence"] ** 2
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


@pytest.mark.parametrize("step", [1, 3, 8])
@pytest.mark.parametrize("chance", [1, 2])
def test_what_twins_are_worth_is_the_same_as_tasks_come(setup: Setup, step: int, chance: int) -> None:
    """As numpy gives it from all runs, each task beside the one before it and the first beside the last; to 1e-10."""
    base, gap = known(np.random.default_rng(15), 8, chance), known(np.random.default_rng(16), 8, chance)
    runs = np.concatenate([base, base + gap], axis=3)
    found = TwinsGain(setup)
    for first in range(0, 8, step):
        found.add(runs[:, first : first + step])
    row = found.table().iloc[0]
    today, improved = runs[:, :, :, 0], runs[:, :, :, 1]

    def variance(gaps: Any) -> float:
        return float(gaps.var() + gaps.mean(axis=(0, 2)).var(ddof=1) / gaps.shape[1])

    twins = variance(improved - today)
    assert row["variance_with_twins"] == pytest.approx(twins, rel=1e-10)
    assert row["other_draw"] == pytest.approx(variance(np.roll(improved, 1, axis=1) - today) / twins, rel=1e-10)
    other_chance = variance(np.roll(improved, 1, axis=2) - today) / twins
    assert np.isnan(row["other_chance"]) if chance == 1 else row["other_chance"] == pytest.approx(other_chance)
    again = found.table().iloc[0]
    assert again["other_draw"] == row["other_draw"], "to tell changes nothing"


def test_what_is_due_to_adversity_is_set_against_those_without_it_and_the_region_is_a_sum() -> None:
    """By hand from sums made up: 10, 7 and 4 years lost today, improved and without adversity, in each of seven."""
    asked = Experiment(
        name="due",
        question="What is due?",
        places=("region",),
        scenarios=("today", "improved"),
        outputs=("dalys", "dalys_whole"),
        chance=1,
    )
    setup = set_up(asked)
    assert lived(setup) == ["today", "improved", NONE]
    places = np.arange(1.0, 8.0)
    sums = np.array([10.0, 7.0, 4.0])[:, None] * places
    part = Part(("dalys", "children"), np.stack([sums, np.ones((3, 7))])[:, None, None])
    found = answers(setup, part)
    assert setup.answers == (*setup.places, "region")
    assert found.shape == (1, 1, 2, 8, 2)
    due, whole = found[0, 0, :, :, 0], found[0, 0, :, :, 1]
    assert due.tolist() == [[*(6 * places), 6 * 28.0], [*(3 * places), 3 * 28.0]]
    assert whole[0].tolist() == [*(10 * places), 280.0]


def test_the_precision_of_an_experiment_is_that_of_its_worst_place() -> None:
    """One place of two varies without being known, by a far value in one task."""
    setup = set_up(
        Experiment(name="two", question="?", places=("sandwell", "dudley"), scenarios=("today",), outputs=("cats",))
    )
    runs = np.repeat(known(np.random.default_rng(3), 40, 2), 2, axis=4)
    runs[:, 1:, :, :, 1] = runs[:, :1, :, :, 1]
    runs[0, 1, 0, :, 1] += 1e-3
    each = [precision(setup, np.repeat(runs[..., k : k + 1, :], 2, axis=4)).item() for k in range(2)]
    assert each[0] != each[1]
    assert precision(setup, runs).item() == max(each)


def test_chance_within_draws_is_taken_from_what_they_differ_by() -> None:
    """Of 50 children a reference costs as much as 30 seeds: at a variance of 1 within and 0.25 between, 11."""
    setup = set_up(
        Experiment(name="few", question="?", scenarios=("today", "improved"), outputs=("cats",), children=50)
    )
    luck = np.random.default_rng(4).standard_normal((2, 8000, 2, 1, 1, 1))
    luck += 0.5 * np.random.default_rng(5).standard_normal((2, 8000, 1, 1, 1, 1))
    assert best_chance(setup, np.concatenate([np.zeros_like(luck), luck], axis=3)) == 11
