"""Scenario discovery: a box that is there is found, one that is not there is not, by either method."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.study.at_hand import AtHand
from experiments.study.discovery import METHODS, conditions, fails, pruned, quasi_p, within
from simulation.errors import InputError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def points() -> pd.DataFrame:
    """Draws of 12 numbers."""
    return pd.DataFrame(np.random.default_rng(1).random((400, 12)), columns=[f"n{k}" for k in range(12)])


@pytest.fixture(scope="module")
def failed(points: pd.DataFrame) -> Any:
    """Fail where n3 is above 0.6 and n7 below 0.5, and one in twenty the other way."""
    truth = ((points["n3"] > 0.6) & (points["n7"] < 0.5)).to_numpy()
    return truth ^ (np.random.default_rng(2).random(len(points)) < 0.05)


@pytest.mark.parametrize("method", METHODS)
def test_the_box_is_found(points: pd.DataFrame, failed: Any, method: str) -> None:
    found = conditions(points, failed, np.arange(400), method)
    first = found[found["box"] == 1].set_index("number")
    assert set(first.index) == {"n3", "n7"}
    assert first.loc["n3", "low"] == pytest.approx(0.6, abs=0.04)
    assert first.loc["n3", "high"] > 0.96
    assert first.loc["n7", "high"] == pytest.approx(0.5, abs=0.04)
    assert first.loc["n7", "low"] < 0.04
    assert (first["quasi_p"] < 1e-6).all()
    inside = within(points, {name: (row["low"], row["high"]) for name, row in first.iterrows()})
    assert first["coverage"].iloc[0] == pytest.approx(failed[inside].sum() / failed.sum())
    assert first["density"].iloc[0] == pytest.approx(failed[inside].mean())
    assert first["coverage"].iloc[0] > 0.75
    assert first["density"].iloc[0] > 0.85
    assert first["density_held_out"].iloc[0] > 0.75


@pytest.mark.parametrize("method", METHODS)
def test_what_is_chance_shows_in_draws_held_out(points: pd.DataFrame, method: str) -> None:
    """Failures by lot: whatever boxes are found, on other draws they fail no more often than all do."""
    by_lot = np.random.default_rng(3).random(400) < 0.3
    found = conditions(points, by_lot, np.arange(400), method)
    assert found.empty or found["density_held_out"].iloc[0] < found["base"].iloc[0] + 0.12


def test_a_limit_that_does_nothing_has_a_large_quasi_p_and_is_dropped(points: pd.DataFrame, failed: Any) -> None:
    limits = {"n3": (0.6, np.inf), "n7": (-np.inf, 0.5), "n1": (0.02, np.inf)}
    assert quasi_p(points, failed, limits, "n1") > 0.2
    assert quasi_p(points, failed, limits, "n3") < 1e-6
    assert set(pruned(points, failed, limits)) == {"n3", "n7"}


def hand(points: pd.DataFrame) -> AtHand:
    """Draws of one output, with two seeds of chance."""
    level = points["n0"].to_numpy() - 0.5
    return AtHand(points, np.arange(len(points)), {"cost": np.stack([level, level], axis=1)}, "b less a", "here")


def test_what_fails_is_read_from_words(points: pd.DataFrame) -> None:
    assert np.array_equal(fails("cost > 0.1", hand(points)), points["n0"].to_numpy() - 0.5 > 0.1)
    assert np.array_equal(fails("cost<=-2e-1", hand(points)), points["n0"].to_numpy() - 0.5 <= -0.2)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("cost", "write NAME > NUMBER"),
        ("cost > 0; import os", "write NAME > NUMBER"),
        ("costs > 0", "no output is called 'costs' here. Did you mean"),
        ("cost > 9", "is so in 0 of 400 draws"),
        ("cost < 9", "is so in 400 of 400 draws"),
    ],
)
def test_what_cannot_be_told_is_refused_in_one_line(points: pd.DataFrame, said: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        fails(said, hand(points))
    assert "\n" not in str(caught.value)
