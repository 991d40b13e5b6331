"""How far chance may carry a count: every random check of the suite is one of these two.

The false-alarm rate is one in a million for each. A check catches, with 99% power, an error of 7.2 standard
errors: 4.89 (the two-sided limit) plus 2.33.
"""

from typing import Any

import numpy as np
from scipy import stats

FALSE_ALARM = 1e-6
LIMIT = float(stats.norm.isf(FALSE_ALARM / 2))
"""Two-sided limit of a standard normal [standard errors]."""


def binomial_agrees(count: Any, size: Any, chance: Any) -> bool:
    """Tell whether every count out of a size is within the exact binomial limits of its chance."""
    counts, sizes, chances = np.broadcast_arrays(count, size, chance)
    below = stats.binom.cdf(counts, sizes, chances)
    above = stats.binom.sf(counts - 1, sizes, chances)
    return bool((np.minimum(below, above) > FALSE_ALARM / 2).all())


def mean_agrees(found: float, expected: float, standard_error: float) -> bool:
    """Tell whether a sum or mean lies within the normal limits of what is expected."""
    return abs(found - expected) <= LIMIT * standard_error
