"""Rules of recovery: healing and resilience (V13, E03; properties by C03)."""

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from agents.names import Outcome
from agents.recovery import count_healed, log_odds_healing, resilience_after

OUTCOMES = [int(outcome) for outcome in Outcome]
EDGES = [0.0, 1e-12, 0.2, 0.5, 0.999, 1.0 - 2.0**-32]
ODDS = [-20.0, -1.6, 0.0, 2.2, 20.0]
GRIDS: list[tuple[Callable[..., Any], list[list[Any]]]] = [
    (log_odds_healing, [ODDS, [-0.3, 0.0, 1e-12, 0.5], [0.0, 0.4], EDGES, [0.0, 0.8], OUTCOMES]),
    (count_healed, [[k / 64 for k in range(64)] + EDGES, [0, 1, 2, 7, 40, 300], [0.0, 1e-12, 0.17, 0.5, 0.9, 1.0]]),
    (resilience_after, [EDGES, EDGES, [0.0, 0.1, 1.0], [0.0, 0.02, 1.0], [0.0, 0.04, 1.0], OUTCOMES]),
]
UNIFORMS = st.integers(0, 2**32 - 1).map(lambda word: word * 2.0**-32)
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


# Log-odds of healing


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.HELD, -1.6 + 0.48 + 0.05),
        (Outcome.HELD_WITH_SUPPORT, -1.6 + 0.48 + 0.05 + 0.4),
        (Outcome.ESCALATED, -1.6 + 0.48),
        (Outcome.NO_SERVICE, -1.6 + 0.48),
        (Outcome.NO_NEED, -1.6 + 0.48 + 0.05),
    ],
)
def test_log_odds_of_healing_by_hand(outcome: Outcome, expected: float) -> None:
    """Held with support heals likeliest; a child that no service holds gains nothing from TIP alignment."""
    assert log_odds_healing(-1.6, 0.05, 0.4, 0.6, 0.8, int(outcome)) == pytest.approx(expected)


@given(st.floats(-20, 20), st.floats(-1, 1), PART, PART, PART, st.sampled_from(OUTCOMES))
def test_m13_without_a_tip_effect_only_support_tells_outcomes_apart(
    baseline: float, tip: float, supported: float, resilience: float, per_resilience: float, outcome: int
) -> None:
    plain = log_odds_healing(baseline, 0.0, 0.0, resilience, per_resilience, outcome)
    assert plain == baseline + per_resilience * resilience
    not_held = log_odds_healing(baseline, tip, supported, resilience, per_resilience, Outcome.ESCALATED)
    assert not_held == plain


# V13


@pytest.mark.parametrize("unresolved", [0, 1, 2, 3, 7, 15, 60])
@pytest.mark.parametrize("chance", [0.0, 1e-9, 0.01, 0.17, 0.5, 0.83, 0.999, 1.0])
def test_v13_healing_is_binomial(unresolved: int, chance: float) -> None:
    """V13: over an even grid of 4,000 uniforms each count's share is the binomial pmf, exactly."""
    size = 4_000
    healed = np.array([count_healed((k + 0.5) / size, unresolved, chance) for k in range(size)])
    reached = np.array([(healed <= k).sum() for k in range(unresolved + 1)])
    exact = size * stats.binom.cdf(np.arange(unresolved + 1), unresolved, chance)
    assert np.abs(reached - exact).max() <= 0.5 + 1e-6
    assert np.all(np.diff(healed) >= 0), "a higher uniform never heals less"


@given(UNIFORMS, st.integers(0, 200), PART)
def test_v13_never_heals_more_than_is_unresolved(uniform: float, unresolved: int, chance: float) -> None:
    assert 0 <= count_healed(uniform, unresolved, chance) <= unresolved


@given(UNIFORMS, st.integers(0, 60), PART, PART)
def test_v13_a_higher_chance_never_heals_less(uniform: float, unresolved: int, one: float, other: float) -> None:
    """V13: so that twins of one draw stay ordered; where rounding decides a tie one event may differ."""
    low, high = sorted([one, other])
    if high - low > 1e-9:
        assert count_healed(uniform, unresolved, low) <= count_healed(uniform, unresolved, high)


@pytest.mark.parametrize("uniform", [0.0, 0.5, 1.0 - 2.0**-32])
@pytest.mark.parametrize("chance", [-0.5, 0.0])
def test_v13_nothing_heals_without_a_chance(uniform: float, chance: float) -> None:
    assert count_healed(uniform, 9, chance) == 0


@pytest.mark.parametrize("uniform", [0.0, 0.5, 1.0 - 2.0**-32])
@pytest.mark.parametrize("chance", [1.0, 1.5])
def test_v13_all_heal_under_certainty(uniform: float, chance: float) -> None:
    assert count_healed(uniform, 9, chance) == 9
    assert count_healed(uniform, 0, chance) == 0


def test_v13_the_last_event_heals_where_rounding_leaves_a_gap() -> None:
    """V13: the pmf's terms may sum to just below 1; the count still ends at the number unresolved."""
    assert count_healed(1.0 - 2.0**-53, 3, 0.5) == 3


def test_v13_a_uniform_at_its_probability_is_beyond_it() -> None:
    assert [count_healed(uniform, 1, 0.5) for uniform in (0.5 - 2.0**-32, 0.5)] == [0, 1]


# Resilience


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.HELD, 0.41 + 0.02),
        (Outcome.HELD_WITH_SUPPORT, 0.41 + 0.02),
        (Outcome.ESCALATED, 0.41 - 0.04),
        (Outcome.NO_SERVICE, 0.41 - 0.04),
        (Outcome.NO_NEED, 0.41),
    ],
)
def test_resilience_by_hand(outcome: Outcome, expected: float) -> None:
    """From 0.4 a tenth of the way to 0.5; up when held, down when not, neither without need."""
    assert resilience_after(0.4, 0.5, 0.1, 0.02, 0.04, int(outcome)) == pytest.approx(expected)


@given(PART, PART, PART, PART, PART, st.sampled_from(OUTCOMES))
def test_v13_resilience_stays_within_zero_and_one(
    resilience: float, community: float, returning: float, gain: float, loss: float, outcome: int
) -> None:
    assert 0.0 <= resilience_after(resilience, community, returning, gain, loss, outcome) <= 1.0


@pytest.mark.parametrize(("start", "outcome", "end"), [(0.99, Outcome.HELD, 1.0), (0.01, Outcome.ESCALATED, 0.0)])
def test_v13_resilience_stops_at_its_ends(start: float, outcome: Outcome, end: float) -> None:
    assert resilience_after(start, start, 0.0, 0.5, 0.5, int(outcome)) == end


@given(PART, PART, st.floats(0.01, 1.0))
def test_resilience_without_need_comes_closer_to_the_community(
    resilience: float, community: float, returning: float
) -> None:
    after = resilience_after(resilience, community, returning, 0.3, 0.3, int(Outcome.NO_NEED))
    assert math.isclose(abs(after - community), (1.0 - returning) * abs(resilience - community), abs_tol=1e-12)
