"""Funnel limits against the exact binomial, and Wilson's interval by hand."""

import numpy as np
import pytest
from scipy import stats

from experiments.funnel import LEVELS, funnel_limits, position, wilson_interval


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("expected", [0.02, 0.3, 0.5, 0.97])
@pytest.mark.parametrize("total", [1, 7, 40, 300])
def test_limits_are_those_of_the_exact_binomial(total: int, expected: float, level: float) -> None:
    """A count is outside exactly where a tail as far as it is less likely than half of what is beyond the limits."""
    low, high = funnel_limits(total, expected, level)
    counts = np.arange(total + 1)
    tail = (1 - level) / 2
    inside = (stats.binom.cdf(counts, total, expected) >= tail) & (stats.binom.sf(counts - 1, total, expected) >= tail)
    within = (counts / total >= low - 1e-12) & (counts / total <= high + 1e-12)
    assert (within == inside).all()
    beyond = stats.binom.pmf(counts[~inside], total, expected).sum()
    assert beyond <= 1 - level


def test_wider_limits_hold_the_narrower_and_nobody_counted_says_nothing() -> None:
    """99.8% limits lie outside 95% ones; without children every share is possible."""
    inner, outer = (funnel_limits([10, 50, 0], 0.4, level) for level in LEVELS)
    assert (outer.low <= inner.low).all()
    assert (outer.high >= inner.high).all()
    assert (outer.low[2], outer.high[2]) == (0.0, 1.0)


def test_wilson_by_hand() -> None:
    """4 of 10 at 95%: 0.1682 to 0.6873 (Wilson 1927); none and all of them reach the end."""
    low, high = wilson_interval([4, 0, 10, 0], [10, 10, 10, 0])
    assert (low[0], high[0]) == (pytest.approx(0.1682, abs=5e-5), pytest.approx(0.6873, abs=5e-5))
    assert (low[1], high[2]) == (0.0, 1.0)
    assert (low[3], high[3]) == (0.0, 1.0)
    z2 = stats.norm.isf(0.025) ** 2
    assert high[1] == pytest.approx(z2 / (10 + z2))


def test_position_is_told_in_words() -> None:
    """Of 100 expected to be half: 50 are within, 61 above 95%, 30 below 99.8%."""
    assert position([50, 61, 30], 100, 0.5).tolist() == ["within", "above 95%", "below 99.8%"]
