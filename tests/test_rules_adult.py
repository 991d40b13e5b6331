"""Rules of young and adult life, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.adult import above, ace_band, attainment, count_bits, log_odds_outcome, missed, occurs
from agents.service import logistic


def test_log_odds_of_an_outcome_are_a_sum() -> None:
    """By hand: 1 + 2 - 0.5 + 0.25 - 0.125."""
    assert log_odds_outcome(1.0, 2.0, -0.5, 0.25, -0.125) == 2.625


def test_who_is_missed_by_every_way_is_not_reached() -> None:
    """By hand: 0.5 x 0.8; nobody is missed by what reaches all."""
    assert missed(missed(1.0, 0.5), 0.2) == pytest.approx(0.4)
    assert missed(0.7, 1.0) == 0.0


@given(st.floats(0.0, 1.0, exclude_max=True), st.floats(-40.0, 40.0))
def test_sparing_the_exponential_changes_no_outcome(uniform: float, log_odds: float) -> None:
    """Property: an outcome occurs exactly where the uniform is below its probability."""
    assert occurs(uniform, log_odds) == (uniform < logistic(log_odds))


@pytest.mark.parametrize(
    ("uniform", "log_odds"), [(0.5, 3.0), (0.9, 3.0), (0.99, 3.0), (0.5, -3.0), (0.01, -3.0), (0.5, 0.1)]
)
def test_outcomes_on_every_way(uniform: float, log_odds: float) -> None:
    assert occurs(uniform, log_odds) == (uniform < logistic(log_odds))


@pytest.mark.parametrize(("level_2", "level_3", "reached"), [(0, 0, 0), (1, 0, 1), (0, 1, 2), (1, 1, 2)])
def test_the_highest_level_counts(level_2: int, level_3: int, reached: int) -> None:
    assert attainment(bool(level_2), bool(level_3)) == reached


def test_what_lies_above_a_threshold() -> None:
    assert (above(12_000.0, 12_570.0), above(20_000.0, 12_570.0)) == (0.0, 7_430.0)


def test_ace_bands() -> None:
    assert [ace_band(aces) for aces in range(10)] == [0, 1, 2, 2, 3, 3, 3, 3, 3, 3]


@given(st.integers(0, 2**16 - 1))
def test_bits_are_counted(bits: int) -> None:
    assert count_bits(bits) == bits.bit_count()
