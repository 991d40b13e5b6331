"""Rules of interventions: what the record remembers, what is left of an effect, and entry to care by a ratio."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.intervention import IN_A_FIELD, age_reached, ease, effect_left, ratio_left, reached_at
from agents.names import Outcome
from agents.service import hold_outcome, hold_outcome_rated, logistic

NUMBERS = st.integers(0, IN_A_FIELD - 1)


@given(st.dictionaries(NUMBERS, st.lists(st.integers(0, 17), min_size=1).map(sorted)))
def test_a_field_remembers_the_last_age_of_each_intervention(reached: dict[int, list[int]]) -> None:
    """Any interventions, each reaching a child any number of times: each age stands alone, within 64 bits. Exact."""
    field = 0
    for number, ages in reached.items():
        for age in ages:
            field = reached_at(field, number, age)
    for number in range(IN_A_FIELD):
        assert age_reached(field, number) == (reached[number][-1] if number in reached else -1)
    assert 0 <= field < 2**60


def test_nothing_is_remembered_of_nothing() -> None:
    assert [age_reached(0, number) for number in range(2 * IN_A_FIELD)] == [-1] * 2 * IN_A_FIELD


@pytest.mark.parametrize(
    ("full", "fade", "expected"),
    [
        (2, 0.5, [1, 1, 0.5, 0.25, 0.125]),
        (1, 1.0, [1, 0, 0, 0, 0]),
        (0, 0.2, [0.8, 0.64, 0.512, 0.4096, 0.32768]),
        (3, 0.0, [1, 1, 1, 1, 1]),
    ],
)
def test_an_effect_fades_by_a_share_a_year(full: int, fade: float, expected: list[float]) -> None:
    """All for its full years, then (1 - fade) to the power of the years since. By hand."""
    assert [effect_left(years, full, fade) for years in range(5)] == pytest.approx(expected, rel=1e-15)


def test_a_part_of_an_effect_leaves_a_part_of_its_excess() -> None:
    """A quarter left of a ratio of 0.6 is 0.9, of one of harm, 1.4, is 1.1; none left, or a null, is 1. By hand."""
    assert ratio_left(0.6, 0.25) == pytest.approx(0.9)
    assert ratio_left(1.4, 0.25) == pytest.approx(1.1)
    assert ratio_left(0.6, 0.0) == ratio_left(1.0, 0.37) == 1.0


def test_easing_draws_a_gradient_towards_the_least_deprived() -> None:
    """Of 3 against 0.5 at the other end half is left: 1.75; nothing eased is 3, all is 0.5. By hand."""
    assert [ease(3.0, 0.5, ratio) for ratio in (1.0, 0.5, 0.0)] == [3.0, 1.75, 0.5]
    assert ease(0.5, 0.5, 0.3) == 0.5


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0, 1.3, 40.0])
@pytest.mark.parametrize("support", [0.0, 0.8])
def test_a_ratio_multiplies_the_chance_of_not_being_held(ratio: float, support: float) -> None:
    """Over a fine grid of uniforms, the share not held is ratio x chance, at most 1; who is kept is held. Exact."""
    size = 20_000
    found = []
    for uniform in (np.arange(size) + 0.5) / size:
        plain = hold_outcome(uniform, 0.4, support, support > 0)
        rated = hold_outcome_rated(uniform, 0.4 + support, plain, ratio)
        if Outcome.ESCALATED not in (plain, rated):
            assert rated == plain
        found.append(rated)
    chance = 1.0 - logistic(0.4 + support)
    assert found.count(Outcome.ESCALATED) / size == pytest.approx(min(1.0, ratio * chance), abs=1 / size)
    assert found[0] == (Outcome.ESCALATED if ratio * chance >= 1 else Outcome.HELD)
