"""Rules of services: holding, priority, stays and routes (V09, V14 to V16, V19, M05, E03; properties by C03)."""

import math
from collections.abc import Callable
from itertools import pairwise, product
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from agents.names import NONE, RANKS, TURNS, Move, Outcome
from agents.service import (
    acceptance_crowded,
    days_until,
    days_until_exit,
    hold_outcome,
    lift,
    log_odds_event,
    log_odds_held,
    logistic,
    place_rank,
    priority_band,
    quality_crowded,
    sufficiency_staffed,
    turnover_added,
    worse,
)
from simulation.build import build, service_names
from simulation.inputs import Tables
from simulation.moves import route
from simulation.scenario import Switches
from simulation.world import World, plain

OUTCOMES = [int(outcome) for outcome in Outcome]
ODDS = [-800.0, -36.0, -1.6, -1e-12, 0.0, 1e-300, 0.55, 2.0, 36.0, 800.0]
GAPS = [-0.6, -1e-12, 0.0, 0.1, 0.4]
EVEN = [k / 64 for k in range(64)] + [2.0**-32, 1.0 - 2.0**-32]
PARTS = [0.0, 1e-12, 0.3, 1.0]
GRIDS: list[tuple[Callable[..., Any], list[list[Any]]]] = [
    (logistic, [ODDS + [k / 7 for k in range(-300, 300)]]),
    (lift, [[0.0, 1.5, 3.3], [0.0, 1.81], GAPS, GAPS]),
    (log_odds_held, [ODDS, GAPS, [0.0, 1.0, 7.3, 1e6], PARTS, [0.0, 0.25], [-0.5, 0.0, 0.5]]),
    (hold_outcome, [EVEN, ODDS, [-0.4, 0.0, 0.6, 800.0], [False, True]]),
    (sufficiency_staffed, [[0.0, 0.6, 1.0], [0.0, 0.8, 1.0, 9.0], GAPS, GAPS, [0.0, 0.3], [0.0, 0.5]]),
    (quality_crowded, [PARTS, [0.0, 1.0, 1.1, 1e6], PARTS]),
    (acceptance_crowded, [PARTS, [0.0, 1.0, 1.1, 1e6], [0.0, 0.5]]),
    (turnover_added, [[0.0, 1.0, 1.1, 1e6], [0.0, 4.0, 90.0], [0.0, 0.15], [-0.02, 0.0, 0.04]]),
    (place_rank, [[0, 1, 2], [False, True], EVEN]),
    (priority_band, [[0.0, 1.99, 2.0, 3.0, 4.0, 1e6], [2.0, 4.0], [2.0, 4.0]]),
    (days_until_exit, [EVEN, [0, 364, 365, 6_000], [0.0, 0.3, 1.9], [0.0, 0.42, 3.0]]),
    (days_until, [EVEN, [-1.0, 0.0, 1e-12, 0.24, 1.0, 52.0, 1000.0]]),
    (worse, [OUTCOMES, OUTCOMES]),
    (log_odds_event, [ODDS, [0.0, 8.0], PARTS, [0.0, 1.4], [0.0, -20.0], GAPS]),
]
LOG_ODDS = st.floats(-30.0, 30.0)
PART = st.floats(0.0, 1.0)
UNIFORMS = st.integers(0, 2**32 - 1).map(lambda word: word * 2.0**-32)


@pytest.mark.parametrize(("rule", "grid"), GRIDS, ids=lambda x: getattr(x, "__name__", ""))
def test_e03_interpreted_and_compiled_rules_agree_to_the_last_bit(
    rule: Callable[..., Any], grid: list[list[Any]]
) -> None:
    compiled = numba.njit(rule)
    points = list(product(*grid))
    plainly = np.array([rule(*point) for point in points], np.float64)
    machine = np.array([compiled(*point) for point in points], np.float64)
    assert np.array_equal(plainly.view(np.int64), machine.view(np.int64))


@given(st.floats(-8.0, 8.0), PART, st.floats(-1.0, 1.0), PART, PART)
def test_v09_at_the_reference_the_hold_is_the_baseline(
    baseline: float, f_sufficiency: float, f_tip: float, gamma: float, kappa: float
) -> None:
    """V09: Sufficiency and TIP alignment at reference, one unresolved event, no resilience."""
    log_odds = log_odds_held(baseline, lift(f_sufficiency, f_tip, 0.0, 0.0), 1.0, 0.0, gamma, kappa)
    assert log_odds == baseline
    assert special.logit(logistic(log_odds)) == pytest.approx(baseline, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("moved", "slope"),
    [((1e-3, 0, 0, 0), 1.5), ((0, 1e-3, 0, 0), 1.81), ((0, 0, 1e-3, 0), -0.25), ((0, 0, 0, 1e-3), 0.5)],
)
@pytest.mark.parametrize("baseline", [-3.0, 0.0, 2.5])
def test_v09_each_input_moves_the_hold_by_its_stated_slope(
    moved: tuple[float, ...], slope: float, baseline: float
) -> None:
    """V09: F-Suff, F-TIP, less gamma and kappa on the log-odds; times p (1 - p) on the probability."""

    def held(sufficiency: float, tip: float, load: float, resilience: float) -> float:
        return log_odds_held(baseline, lift(1.5, 1.81, sufficiency, tip), 1.0 + load, resilience, 0.25, 0.5)

    back = held(*(-part for part in moved))
    assert (held(*moved) - back) / 2e-3 == pytest.approx(slope, rel=1e-9)
    p = logistic(baseline)
    assert (logistic(held(*moved)) - logistic(back)) / 2e-3 == pytest.approx(slope * p * (1 - p), rel=1e-5)


@pytest.mark.parametrize(
    ("log_odds", "expected"), [(-1e308, 0.0), (-800.0, 0.0), (0.0, 0.5), (800.0, 1.0), (1e308, 1.0)]
)
def test_v09_the_limits_are_finite(log_odds: float, expected: float) -> None:
    assert logistic(log_odds) == expected


@given(LOG_ODDS)
def test_v09_the_hold_is_even_about_a_half(log_odds: float) -> None:
    assert logistic(log_odds) == pytest.approx(0.5 + 0.5 * math.tanh(log_odds / 2), abs=1e-15)


@pytest.mark.parametrize("log_odds", [-2.0, 0.0, 0.55])
@pytest.mark.parametrize("support", [-0.4, 0.0, 0.6, 50.0])
def test_v19_outcomes_take_their_shares_of_an_even_grid(log_odds: float, support: float) -> None:
    """V19: held, held with support and not held sum to one; a support that would harm is not used."""
    size = 4_000
    outcomes = [hold_outcome((k + 0.5) / size, log_odds, support, True) for k in range(size)]
    held = logistic(log_odds)
    with_support = max(0.0, logistic(log_odds + support) - held)
    shares = [held, with_support, 1.0 - held - with_support]
    for outcome, share in zip((Outcome.HELD, Outcome.HELD_WITH_SUPPORT, Outcome.ESCALATED), shares, strict=True):
        assert abs(outcomes.count(outcome) - size * share) <= 1.0
    without = [hold_outcome((k + 0.5) / size, log_odds, support, False) for k in range(size)]
    assert set(without) == {Outcome.HELD, Outcome.ESCALATED}
    assert without.count(Outcome.HELD) == outcomes.count(Outcome.HELD)


@given(UNIFORMS, LOG_ODDS, PART, PART, st.booleans())
def test_m05_who_is_held_stays_held_under_better_odds(
    uniform: float, log_odds: float, better: float, support: float, supported: bool
) -> None:
    """M05: no outcome gets worse as log-odds or support rise."""
    now = hold_outcome(uniform, log_odds, support, supported)
    assert hold_outcome(uniform, log_odds + better, support, supported) <= now
    assert hold_outcome(uniform, log_odds, support + better, supported) <= now
    assert hold_outcome(uniform, log_odds, support, True) <= now


def test_a_uniform_at_its_probability_is_beyond_it() -> None:
    assert hold_outcome(0.5, 0.0, 0.0, True) == Outcome.ESCALATED
    assert hold_outcome(0.5, -1.0, 1.0, True) == Outcome.ESCALATED


# Sufficiency and quality


def test_sufficiency_at_england_is_the_reference_and_by_hand_below_it() -> None:
    assert sufficiency_staffed(0.6, 1.0, 0.0, 0.0, 0.3, 0.5) == 0.6
    assert sufficiency_staffed(0.6, 1.2, 0.1, 0.05, 0.3, 0.5) == pytest.approx(0.6 - 0.06 - 0.075)


@given(PART, st.floats(0.0, 9.0), st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), PART, PART)
def test_sufficiency_stays_within_zero_and_one(
    reference: float, caseload: float, vacancy: float, turnover: float, by_caseload: float, by_gap: float
) -> None:
    assert 0.0 <= sufficiency_staffed(reference, caseload, vacancy, turnover, by_caseload, by_gap) <= 1.0


@pytest.mark.parametrize(("ratio", "expected"), [(0.0, 0.6), (1.0, 0.6), (1.5, 0.5), (99.0, 0.0)])
def test_crowding_lowers_quality_only_above_plan(ratio: float, expected: float) -> None:
    assert quality_crowded(0.6, ratio, 0.2) == pytest.approx(expected)


@pytest.mark.parametrize(("crowding", "expected"), [(0.0, 0.7), (1.0, 0.7), (3.0, 0.7 * math.exp(-1.0))])
def test_a_full_tier_accepts_fewer_the_year_after(crowding: float, expected: float) -> None:
    assert acceptance_crowded(0.7, crowding, 0.5) == pytest.approx(expected)


def test_staff_leave_for_cases_above_plan_and_for_what_they_carry() -> None:
    assert turnover_added(0.9, 4.0, 0.15, 0.01) == 0.0
    assert turnover_added(1.5, 4.0, 0.15, 0.01) == pytest.approx(0.5 * 0.19)
    assert turnover_added(1.5, 4.0, 0.0, -0.02) == 0.0
    assert turnover_added(100.0, 4.0, 0.15, 0.01) == 1.0


# V16


@given(st.integers(0, 2), st.booleans(), UNIFORMS, st.integers(0, 2), st.booleans(), UNIFORMS)
def test_v16_rank_goes_by_band_then_by_who_waits_then_by_lot(
    band: int, waited: bool, lot: float, other: int, also: bool, theirs: float
) -> None:
    """V16: ranks are whole numbers below RANKS, in the order (band, has not waited, turn). Exact."""
    ours, others = place_rank(band, waited, lot), place_rank(other, also, theirs)
    assert 0 <= ours < RANKS
    keys = [(band, not waited, int(lot * TURNS)), (other, not also, int(theirs * TURNS))]
    assert (ours < others) == (keys[0] < keys[1])


@pytest.mark.parametrize(("load", "band"), [(0.0, 2), (1.99, 2), (2.0, 1), (3.99, 1), (4.0, 0), (50.0, 0)])
def test_v16_graver_need_goes_first(load: float, band: int) -> None:
    assert priority_band(load, 2.0, 4.0) == band


# V15


@pytest.mark.parametrize("rate", [0.05, 0.24, 1.0, 6.0])
def test_v15_spells_end_at_their_rate(rate: float) -> None:
    """V15: over an even grid the share ended before each day is 1 - exp(-rate x days / 365), exactly."""
    size = 20_000
    days = np.array([days_until((k + 0.5) / size, rate) for k in range(size)])
    at = np.arange(1, 4_000)
    ended = np.searchsorted(days, at, side="left")
    assert np.abs(ended + size * np.expm1(-rate * at / 365.0)).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("rate", [0.0, -1.0])
def test_v15_without_a_rate_the_day_never_comes(rate: float) -> None:
    assert days_until(0.0, rate) == days_until(1.0 - 2.0**-32, rate) == 1_000_000


@given(UNIFORMS, st.floats(1e-9, 1000.0))
def test_v15_days_are_whole_and_never_beyond_the_horizon(uniform: float, rate: float) -> None:
    days = days_until(uniform, rate)
    assert isinstance(days, int)
    assert 0 <= days <= 1_000_000


@pytest.mark.parametrize("opened", [0, 100, 364, 365, 3_000])
@pytest.mark.parametrize("more", [1, 200, 365, 700])
def test_v15_a_stay_ends_at_its_first_rate_then_at_the_other(opened: int, more: int) -> None:
    """V15: the share still open after some days is the exponential of both rates' spans. To 1e-9.

    Stays are longer the larger the uniform, so that this share lies above one point, which is closed in on.
    """
    first, later = 1.9, 0.42
    early = min(more, max(0, 365 - opened))
    expected = math.exp(-(first * early + later * (more - early)) / 365)
    grid = [days_until_exit(u / 100, opened, first, later) for u in range(100)]
    assert grid == sorted(grid)
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if days_until_exit(middle, opened, first, later) >= more else (middle, high)
    assert 1.0 - low == pytest.approx(expected, abs=1e-9)


def test_v15_a_stay_without_a_rate_never_ends() -> None:
    assert days_until_exit(0.999, 0, 0.0, 0.0) == 1_000_000
    assert days_until_exit(0.9, 0, 1.0, 0.0) == 1_000_000
    assert days_until_exit(0.1, 0, 1.0, 0.0) < 365


@pytest.mark.parametrize(("education", "support"), list(product(OUTCOMES, OUTCOMES)))
def test_the_worse_of_two_channels_counts(education: int, support: int) -> None:
    needs = [outcome for outcome in (education, support) if outcome != Outcome.NO_NEED]
    assert worse(education, support) == (max(needs) if needs else Outcome.NO_NEED)


def test_log_odds_of_an_event_by_hand() -> None:
    assert log_odds_event(-6.2, 3.0, 0.15, 1.4, -20.0, 0.9) == pytest.approx(-6.2 + 0.45 + 1.4 - 20.0 + 0.9)


# V14 and V19


@pytest.fixture(scope="module")
def built(tables: Tables, values: dict[str, float]) -> World:
    return plain(build(tables, values, Switches(), (1, 0, 0)))


def pathways(tables: Tables) -> dict[tuple[str, str, int], dict[str, float]]:
    """Read each pathway's weights straight from the table, at the first and last age of its rows."""
    rows = tables.rows["pathways"]
    ways: dict[tuple[str, str, int], dict[str, float]] = {}
    for key in {(row.service, row.move, age) for row in rows for age in (row.age_from, row.age_to)}:
        here = [x for x in rows if (x.service, x.move) == key[:2] and x.age_from <= key[2] <= x.age_to]
        ways[key] = {row.to: row.weight for row in here}
    return dict(sorted(ways.items()))


def test_v14_every_route_follows_its_weights(tables: Tables, built: World) -> None:
    """V14: over an even grid of uniforms; a weight of 0 is never drawn."""
    size, names = 500, service_names(tables)
    everywhere: Any = SimpleNamespace(open=[[1] * len(names)])
    for (service, move, age), weights in pathways(tables).items():
        way = names.index(service), Move[move.upper()], age
        drawn = [route(built, everywhere, 0, *way, (k + 0.5) / size) for k in range(size)]
        for to, weight in weights.items():
            share = drawn.count(NONE if to == "none" else names.index(to))
            assert abs(share - size * weight) <= 1.0 + 1e-6
            assert weight > 0.0 or share == 0, (service, move, age, to)
        assert set(drawn) <= {NONE if to == "none" else names.index(to) for to in weights}


@pytest.mark.parametrize("weights", [(0.0, 0.25, 0.75), (0.25, 0.0, 0.75), (0.25, 0.75, 0.0)])
def test_v14_a_weight_of_nothing_is_never_drawn(weights: tuple[float, ...]) -> None:
    upto = np.cumsum(weights)
    ways = [SimpleNamespace(age_from=0, age_to=17, to=k, needs_open=k, upto=upto[k]) for k in range(3)]
    small: Any = SimpleNamespace(route_first=[[0, 0, 3]], routes=ways)
    c: Any = SimpleNamespace(open=[[1, 1, 1], [0, 0, 0]])
    ends = [0.0, 2.0**-32, 0.25, 0.25 - 2.0**-32, 1.0 - 2.0**-32]
    drawn = {route(small, c, 0, 0, Move.STEP_DOWN, 5, uniform) for uniform in ends}
    assert drawn == {k for k in range(3) if weights[k] > 0}
    assert route(small, c, 0, 0, Move.ESCALATE, 5, 0.5) == NONE
    assert route(small, c, 0, 0, Move.STEP_DOWN, 18, 0.5) == NONE
    assert route(small, c, 1, 0, Move.STEP_DOWN, 5, 0.5) == NONE


def test_v19_moves_out_of_a_service_sum_to_one_at_every_age(built: World) -> None:
    for service, first in enumerate(built.route_first):
        for move, age in product(Move, range(18)):
            upto = [
                way.upto for way in built.routes[first[move] : first[move + 1]] if way.age_from <= age <= way.age_to
            ]
            assert all(low <= high for low, high in pairwise([0.0, *upto])), service
            assert not upto or upto[-1] == pytest.approx(1.0, abs=1e-9), service
