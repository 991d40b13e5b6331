"""Rules of adversity: hazards, need and neighbourhoods (V05, V09, E03; properties by C03)."""

import math
from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from agents.adversity import (
    amplification,
    happens,
    hazard_adult_adversity,
    hazard_childhood_adversity,
    hazard_instability,
    load_of_need,
    probability,
    probability_need,
    ratio_circumstances,
    years_longstanding,
)

SPAN = [0.0, 5e-324, 1e-300, 1e-12, 0.1, 0.5, 1.0, 3.7, 40.0, 800.0, 1e300]
SHARES = [0.0, 1e-12, 0.3, 1.0 - 2.0**-32, 1.0]
FEW = [0.0, 1e-12, 0.7, 2.5, 1e6]
GRIDS: list[tuple[Callable[..., Any], list[list[Any]]]] = [
    (probability, [SPAN]),
    (happens, [[k / 64 for k in range(64)] + SHARES[:4], SPAN]),
    (hazard_childhood_adversity, [FEW, FEW, [0.0, 8.1], [1.0, 1.3], [1.0, 2.5], [0.0, 0.98]]),
    (ratio_circumstances, [[False, True], [False, True], FEW, FEW]),
    (hazard_adult_adversity, [FEW, [0.4, 1.7], FEW, [0, 1, 10], [0.0, 0.15], [0.0, 0.3]]),
    (hazard_instability, [FEW, [0.4, 1.7], FEW, [0.0, 0.1], [0.0, 3.0], [1.0, 1.5]]),
    (years_longstanding, [[0, 1, 2, 3, 17], [0.0, 2.0, 2.5]]),
    (load_of_need, [FEW, [0.0, 1.0, 15.0], [0.0, 0.1]]),
    (amplification, [FEW, [1e-9, 0.4, 3.0], [0.0, 0.3, 10.0], [1.0, 1.5]]),
    (probability_need, [SPAN[:8], [0.0, 0.16], FEW, SHARES, [0.0, 0.3, 1.0]]),
]
HAZARDS = st.floats(0.0, 50.0)
UNIFORMS = st.integers(0, 2**32 - 1).map(lambda word: word * 2.0**-32)
POSITIVE = st.floats(0.01, 10.0)
PART = st.floats(0.0, 1.0)


@pytest.mark.parametrize(("rule", "grid"), GRIDS, ids=lambda x: getattr(x, "__name__", ""))
def test_e03_interpreted_and_compiled_rules_agree_to_the_last_bit(
    rule: Callable[..., Any], grid: list[list[Any]]
) -> None:
    compiled = numba.njit(rule)
    points = list(product(*grid))
    plain = np.array([rule(*point) for point in points], np.float64)
    machine = np.array([compiled(*point) for point in points], np.float64)
    assert np.array_equal(plain.view(np.int64), machine.view(np.int64))


# V05


def test_v05_no_hazard_is_no_probability() -> None:
    assert probability(0.0) == 0.0


@pytest.mark.parametrize("hazard", [1e-300, 1e-16, 1e-12, 1e-9])
def test_v05_a_tiny_hazard_loses_nothing_to_cancellation(hazard: float) -> None:
    assert probability(hazard) == pytest.approx(hazard - hazard**2 / 2, rel=1e-15)


@pytest.mark.parametrize(("hazard", "expected"), [(math.log(2), 0.5), (math.log(4), 0.75), (1.0, 1 - 1 / math.e)])
def test_v05_probability_by_hand(hazard: float, expected: float) -> None:
    assert probability(hazard) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("hazard", [40.0, 800.0, 1e300, math.inf])
def test_v05_a_large_hazard_is_certain_and_no_more(hazard: float) -> None:
    assert probability(hazard) == 1.0


@given(HAZARDS, st.integers(2, 12))
def test_v05_half_years_and_other_parts_compose(hazard: float, parts: int) -> None:
    """V05: not to happen in a year is not to happen in each of its parts."""
    in_parts = 1.0 - (1.0 - probability(hazard / parts)) ** parts
    assert probability(hazard) == pytest.approx(in_parts, rel=1e-9, abs=1e-15)


@given(HAZARDS, HAZARDS)
def test_v05_probability_rises_with_the_hazard(one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert 0.0 <= probability(low) <= probability(high) <= 1.0


# happens


@given(UNIFORMS, st.one_of(HAZARDS, st.floats(0.0, 1e-6)))
def test_v05_an_event_never_needs_a_probability_above_its_hazard(uniform: float, hazard: float) -> None:
    """V05: the short cut changes no decision."""
    assert probability(hazard) <= hazard
    assert happens(uniform, hazard) == (uniform < probability(hazard))


@pytest.mark.parametrize("hazard", [0.02, 0.5, 1.0, 3.0])
def test_v05_events_happen_in_their_share_of_an_even_grid(hazard: float) -> None:
    size = 20_000
    happened = sum(happens((k + 0.5) / size, hazard) for k in range(size))
    assert abs(happened - size * probability(hazard)) <= 0.5 + 1e-9


@pytest.mark.parametrize("uniform", [0.0, 0.5, 1.0 - 2.0**-32])
def test_nothing_happens_without_a_hazard_and_all_under_a_certain_one(uniform: float) -> None:
    assert happens(uniform, 0.0) is False
    assert happens(uniform, 50.0) is True


def test_a_uniform_at_its_probability_is_beyond_it() -> None:
    assert happens(probability(0.5), 0.5) is False


# Hazards


def test_a_childhood_hazard_by_hand() -> None:
    assert hazard_childhood_adversity(0.01, 2.0, 3.0, 1.5, 2.5, 0.98) == pytest.approx(0.2205)


@given(st.lists(POSITIVE, min_size=6, max_size=6), st.integers(0, 5))
def test_a_childhood_hazard_is_proportional_to_each_part(parts: list[float], which: int) -> None:
    doubled = [2.0 * x if k == which else x for k, x in enumerate(parts)]
    assert hazard_childhood_adversity(*doubled) == pytest.approx(2.0 * hazard_childhood_adversity(*parts))
    none = [0.0 if k == which else x for k, x in enumerate(parts)]
    assert hazard_childhood_adversity(*none) == 0.0


@pytest.mark.parametrize(
    ("unserved", "exposed", "expected"),
    [(False, False, 1.0), (True, False, 1.25), (False, True, 2.0), (True, True, 2.5)],
)
def test_circumstances_multiply(unserved: bool, exposed: bool, expected: float) -> None:
    assert ratio_circumstances(unserved, exposed, 1.25, 2.0) == expected


def test_an_adult_hazard_by_hand() -> None:
    assert hazard_adult_adversity(0.02, 1.5, 3.0, 2, 0.1, 0.25) == pytest.approx(0.03 * 1.3 * 1.5)


@given(POSITIVE, POSITIVE, st.floats(0.0, 20.0), st.integers(0, 10), PART, PART)
def test_an_adult_hazard_is_its_base_where_nothing_raises_it(
    base: float, gradient: float, load: float, conditions: int, per_load: float, per_condition: float
) -> None:
    assert hazard_adult_adversity(base, gradient, 0.0, 0, per_load, per_condition) == base * gradient
    assert hazard_adult_adversity(base, gradient, load, conditions, 0.0, 0.0) == base * gradient
    raised = hazard_adult_adversity(base, gradient, load, conditions, per_load, per_condition)
    assert raised >= hazard_adult_adversity(base, gradient, load, 0, per_load, per_condition) >= base * gradient


# Neighbourhoods


@pytest.mark.parametrize(
    ("burden", "expected"), [(0.0, 1.0), (0.5, 1.0), (0.8, 1.0), (1.2, 1.15), (1.6, 1.3), (2.4, 1.5), (99.0, 1.5)]
)
def test_amplification_by_hand(burden: float, expected: float) -> None:
    """Slope 0.3 above a reference of 0.8, capped at 1.5; a light burden lowers nothing."""
    assert amplification(burden, 0.8, 0.3, 1.5) == pytest.approx(expected)


@given(st.floats(0.0, 100.0), POSITIVE, st.floats(1.0, 5.0))
def test_v17_without_a_slope_nothing_is_amplified(burden: float, reference: float, cap: float) -> None:
    assert amplification(burden, reference, 0.0, cap) == 1.0


@given(st.floats(0.0, 100.0), st.floats(0.0, 100.0), POSITIVE, PART, st.floats(1.0, 5.0))
def test_amplification_rises_with_burden_between_one_and_its_cap(
    one: float, other: float, reference: float, slope: float, cap: float
) -> None:
    low, high = sorted([one, other])
    assert 1.0 <= amplification(low, reference, slope, cap) <= amplification(high, reference, slope, cap) <= cap


# Need


def test_need_by_hand() -> None:
    expected = 1.0 - math.exp(-(0.1625 + 0.16 * 3.0 * (1.0 - 0.3 * 0.6)))
    assert probability_need(0.1625, 0.16, 3.0, 0.6, 0.3) == pytest.approx(expected, rel=1e-14)


@given(HAZARDS, PART, PART, PART)
def test_v33_need_without_adversity_owes_nothing_to_it(
    without: float, per_unresolved: float, resilience: float, buffer: float
) -> None:
    """V33: without unresolved events resilience and slope are irrelevant."""
    assert probability_need(without, per_unresolved, 0.0, resilience, buffer) == probability(without)


@given(PART, PART, st.floats(0.0, 20.0), PART)
def test_resilience_takes_from_adversity_only(
    without: float, per_unresolved: float, load: float, resilience: float
) -> None:
    """Full resilience under a full buffer leaves the need without adversity, and never less."""
    assert probability_need(without, per_unresolved, load, 1.0, 1.0) == probability(without)
    assert probability_need(without, per_unresolved, load, resilience, 1.0) >= probability(without)
    none = probability_need(without, per_unresolved, load, resilience, 0.0)
    assert none == pytest.approx(-special.expm1(-(without + per_unresolved * load)), rel=1e-12)


def test_need_rises_with_load_and_falls_with_resilience() -> None:
    by_load = [probability_need(0.1, 0.16, load, 0.5, 0.3) for load in range(10)]
    by_resilience = [probability_need(0.1, 0.16, 3.0, level / 10, 0.3) for level in range(11)]
    assert all(low < high for low, high in pairwise(by_load))
    assert all(low > high for low, high in pairwise(by_resilience))


def test_a_hazard_of_a_move_by_hand() -> None:
    """Base 0.03, gradient 2, two events at 0.1 each, looked after 3, not held 1.5."""
    assert hazard_instability(0.03, 2.0, 2.0, 0.1, 3.0, 1.5) == pytest.approx(0.324, rel=1e-12)
    assert hazard_instability(0.03, 1.0, 5.0, 0.0, 1.0, 1.0) == 0.03
    assert hazard_instability(0.0, 2.0, 5.0, 0.1, 3.0, 1.5) == 0.0


def test_long_standing_by_hand() -> None:
    """Years beyond those after which neglect is longstanding raise a load, by nothing where there is no effect."""
    assert [years_longstanding(years, 2.0) for years in (0, 2, 3, 7)] == [0, 0, 1, 5]
    assert load_of_need(4.0, 5.0, 0.1) == pytest.approx(6.0)
    assert load_of_need(4.0, 5.0, 0.0) == 4.0
    assert load_of_need(0.0, 5.0, 0.1) == 0.0
