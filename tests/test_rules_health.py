"""Rules of health: exposure, curves, fading, expectancy and disability (V22, V31, E03; properties by C03)."""

import math
from collections.abc import Callable
from itertools import pairwise, permutations, product
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.health import along, disability, exposure, fade, moderation, residual_expectancy
from simulation.build import build
from simulation.inputs import Tables
from simulation.scenario import Switches

CURVE = [0.0, 0.3, 0.6, 0.6, 1.0, 1.1, 1.2, 1.3, 1.4]
WEIGHTS = [0.122, 0.045, 0.0, 0.2]
FEW = [-30.0, -1.0, 0.0, 1e-12, 2.5, 1e6]
GRIDS: list[tuple[Callable[..., Any], list[list[Any]]]] = [
    (exposure, [[0, 1, 4, 9], FEW, FEW, [-0.05, 0.0, 0.05], [-0.03, 0.0, 0.03]]),
    (along, [[CURVE, [0.7], [0.0, 0.45, 0.5]], [0.0, 1e-12, 0.3, 0.999, 1.0, 2.5, 7.999, 8.0, 8.1, 1e6]]),
    (moderation, [[0.0, 0.3, 1.0], [0.0, 0.6], [0, 1, 3, 4, 9], [0.0, 1.84, -1.0]]),
    (fade, [list(range(0, 111, 7)), [50.0, 50.5], [65.0, 75.3]]),
    (residual_expectancy, [[[79.67, 79.02, 78.04], [2.1]], [0, 1, 2, 110], [0.0, 0.3, 0.999]]),
    (disability, [list(range(16)), [WEIGHTS, [1.0, 0.3, 0.1, 0.05]]]),
]
PART = st.floats(0.0, 1.0)
CURVES = st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=12)


def as_compiled(part: Any) -> Any:
    """Give the compiled engine its lists as arrays."""
    return np.array(part) if isinstance(part, list) else part


@pytest.mark.parametrize(("rule", "grid"), GRIDS, ids=lambda x: getattr(x, "__name__", ""))
def test_e03_interpreted_and_compiled_rules_agree_to_the_last_bit(
    rule: Callable[..., Any], grid: list[list[Any]]
) -> None:
    compiled = numba.njit(rule)
    points = list(product(*grid))
    plain = np.array([rule(*point) for point in points], np.float64)
    machine = np.array([compiled(*map(as_compiled, point)) for point in points], np.float64)
    assert np.array_equal(plain.view(np.int64), machine.view(np.int64))


# Exposure


@pytest.mark.parametrize(
    ("aces", "other", "healed", "expected"),
    [(0, 0, 0, 0.0), (3, 0, 0, 3.0), (4, 0, 0, 4.0), (9, 0, 0, 4.0), (2, 3, 0, 2.15), (2, 0, 3, 1.91), (0, 0, 5, 0.0)],
)
def test_exposure_by_hand(aces: int, other: float, healed: float, expected: float) -> None:
    """ACEs to 4, plus 0.05 for each wider event above its mean, less 0.03 for each healed one, never below 0."""
    assert exposure(aces, other, healed, 0.05, 0.03) == pytest.approx(expected)


@given(st.integers(0, 9), st.floats(-20, 20), st.floats(-20, 20))
def test_v31_without_phi_and_psi_exposure_is_the_count(aces: int, other: float, healed: float) -> None:
    """V31: at the published points only."""
    assert exposure(aces, other, healed, 0.0, 0.0) == min(aces, 4)


@given(st.integers(0, 9), st.floats(-20, 20), st.floats(-20, 20), PART, PART)
def test_v32_more_harm_raises_exposure_and_healing_lowers_it(
    aces: int, other: float, healed: float, phi: float, psi: float
) -> None:
    """V32: each channel has its stated sign."""
    at = exposure(aces, other, healed, phi, psi)
    assert at >= 0.0
    assert exposure(aces, other + 1.0, healed, phi, psi) >= at
    assert exposure(aces, other, healed + 1.0, phi, psi) <= at


# Curves


@given(CURVES)
def test_v31_a_curve_goes_through_its_points(curve: list[float]) -> None:
    assert [along(curve, float(k)) for k in range(len(curve))] == curve


@pytest.mark.parametrize(
    ("at", "expected"), [(0.5, 0.15), (1.25, 0.375), (2.5, 0.6), (3.75, 0.9), (8.5, 1.4), (1e9, 1.4)]
)
def test_between_points_a_curve_is_straight_and_beyond_them_flat(at: float, expected: float) -> None:
    assert along(CURVE, at) == pytest.approx(expected)


@given(CURVES, st.floats(0.0, 20.0))
def test_a_curve_stays_between_its_neighbouring_points(curve: list[float], at: float) -> None:
    last = len(curve) - 1
    ends = [curve[min(int(at), last)], curve[min(int(at) + 1, last)]]
    assert min(ends) - 1e-12 <= along(curve, at) <= max(ends) + 1e-12


# Resilience


@pytest.mark.parametrize(("aces", "expected"), [(0, 0.0), (1, 0.092), (2, 0.184), (4, 0.368), (9, 0.368)])
def test_moderation_by_hand(aces: int, expected: float) -> None:
    """A fifth above its reference, at 1.84 per unit of resilience and four ACEs."""
    assert moderation(0.8, 0.6, aces, 1.84) == pytest.approx(expected)


@given(PART, st.integers(0, 9), PART)
def test_v32_at_its_reference_resilience_moderates_nothing(resilience: float, aces: int, kappa: float) -> None:
    """V32: nor does it without an effect."""
    assert moderation(resilience, resilience, aces, kappa) == 0.0
    assert moderation(resilience, 0.6, aces, 0.0) == 0.0
    assert moderation(1.0, resilience, aces, kappa) >= 0.0 >= moderation(0.0, resilience, aces, kappa)


@pytest.mark.parametrize("channel", [True, False])
def test_the_ceiling_of_a_relative_risk_is_never_passed(
    tables: Tables, values: dict[str, float], channel: bool
) -> None:
    """An event that is ruled out by the ceiling could not have happened under the true risk."""
    world = build(tables, values, Switches(channel_resilience=channel), (1, 0, 0))
    assert (world.ratio_ceiling[:, 0] < world.ratio_ceiling.max(axis=1)).any()  # a ceiling for each exposure
    for number, curve in enumerate(world.log_ratio.tolist()):
        for at, resilience, aces in product(np.linspace(0.0, 9.0, 40).tolist(), [0.0, 0.5, 1.0], [0, 2, 9]):
            saved = moderation(resilience, values["resilience_start"], aces, world.p.moderation)
            highest = along(curve, at) - world.moderated[number] * saved
            assert math.exp(highest) <= world.ratio_ceiling[number][min(int(at), 8)]
    for sex, curve in enumerate(world.log_ratio_death.tolist()):
        assert math.exp(max(curve)) <= world.ratio_ceiling_death[sex] * (1 + 1e-12)


# Death


@pytest.mark.parametrize(
    ("age", "expected"), [(0, 1.0), (49, 1.0), (50, 1.0), (51, 0.96), (60, 0.6), (74, 0.04), (75, 0.0), (110, 0.0)]
)
def test_the_excess_of_deaths_fades_in_a_straight_line(age: int, expected: float) -> None:
    assert fade(age, 50.0, 75.0) == pytest.approx(expected)


@pytest.mark.parametrize("age", [49, 50, 51])
def test_the_excess_of_deaths_may_end_at_once(age: int) -> None:
    assert fade(age, 50.0, 50.0) == (1.0 if age <= 50 else 0.0)


@given(st.floats(0.0, 80.0), st.floats(0.1, 40.0))
def test_the_excess_of_deaths_never_rises_with_age(full_until: float, length: float) -> None:
    faded = [fade(age, full_until, full_until + length) for age in range(111)]
    assert all(1.0 >= younger >= older >= 0.0 for younger, older in pairwise(faded))


# V22


@pytest.mark.parametrize(
    ("age", "part", "expected"),
    [(0, 0.0, 79.67), (0, 0.5, 79.345), (1, 0.0, 79.02), (1, 0.25, 78.775), (2, 0.5, 78.04), (90, 0.0, 78.04)],
)
def test_v22_years_lost_by_one_death_by_hand(age: int, part: float, expected: float) -> None:
    """V22: between two ages of the life table in a straight line; past its end the last expectancy."""
    assert residual_expectancy([79.67, 79.02, 78.04], age, part) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (0b0000, 0.0),
        (0b0001, 0.122),
        (0b0010, 0.045),
        (0b1000, 0.2),
        (0b0100, 0.0),
        (0b1001, 1 - 0.878 * 0.8),
        (0b1111, 1 - 0.878 * 0.955 * 0.8),
    ],
)
def test_v22_a_year_lived_ill_by_hand(conditions: int, expected: float) -> None:
    """V22: weights combine multiplicatively."""
    assert disability(conditions, WEIGHTS) == pytest.approx(expected, abs=1e-15)


@pytest.mark.slow
@given(st.lists(PART, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_v22_the_order_of_conditions_is_irrelevant(weights: list[float], order: Any) -> None:
    """V22: and together they weigh no more than a year, nor more than their sum, nor less than the heaviest."""
    every = (1 << len(weights)) - 1
    worth = disability(every, weights)
    shuffled = order.sample(list(permutations(weights)), 1)[0]
    assert disability(every, list(shuffled)) == pytest.approx(worth, abs=1e-12)
    assert max(weights) - 1e-12 <= worth <= min(1.0, sum(weights)) + 1e-12


@given(st.lists(PART, min_size=1, max_size=10), st.integers(0, 1023), st.integers(0, 9))
def test_v22_one_more_condition_never_weighs_less(weights: list[float], conditions: int, more: int) -> None:
    assert disability(conditions | 1 << more, weights) >= disability(conditions, weights) - 1e-15
    assert disability(conditions << len(weights), weights) == 0.0
