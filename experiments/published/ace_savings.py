"""What fewer ACEs save: three rules for who has fewer, and two ways to count what follows.

Rules: every exposed class smaller by the same share, so that excess risk falls in proportion (the published rule);
fewer ACEs for everyone; the same ACEs, taken first from people with the most. Counting: the burden itself falls
(potential impact fraction), or the burden is held fixed and only the fraction of it due to ACEs is worked out anew.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import elementwise

from experiments.published.ace_burden import Inputs, attributable, excess_now, excess_risk
from simulation.errors import InputError

EDGE = 1e-12


class Counts(NamedTuple):
    """A negative binomial distribution of ACEs a person."""

    mean: Any
    shape: Any


def fitted(none: Any, one: Any) -> Counts:
    """Find the negative binomial that has exactly these shares of people with no and with one ACE.

    With q = mean / (mean + shape): P(0) = (1 - q)^shape and P(1) = P(0) shape q, so that shape q = P(1) / P(0) and
    log(1 - q) / q = log P(0) / (shape q), whose left side falls with q.

    Raises
    ------
    InputError
        If the shares are less spread than chance alone would make them: no negative binomial has them.
    """
    ratio: Any = one / none
    target: Any = np.log(none) / ratio
    if not np.all(target < -1):
        raise InputError(
            f"ace_cost_numbers.csv: shares {np.min(none):.4g} with no and {np.max(one):.4g} with one ACE fit no "
            "negative binomial distribution; correct share_0, share_1 or their like for Wales"
        )

    def beyond(q: Any, level: Any) -> Any:
        return np.log1p(-q) / q - level

    q = elementwise.find_root(beyond, (EDGE, 1 - EDGE), args=(target,)).x
    return Counts(ratio / (1 - q), ratio / q)


def first_shares(counts: Counts) -> Any:
    """Give the shares of people with 0, 1, 2 and 3 ACEs: (4, ...)."""
    q = counts.mean / (counts.mean + counts.shape)
    none = (1 - q) ** counts.shape
    one = none * counts.shape * q
    two = one * (counts.shape + 1) / 2 * q
    return np.array([none, one, two, two * (counts.shape + 2) / 3 * q])


def classes(counts: Counts) -> Any:
    """Give the shares of people with 0, 1, 2 or 3, and 4 or more ACEs of the fitted distribution: (4, ...)."""
    none, one, two, three = first_shares(counts)
    return np.array([none, one, two + three, 1 - none - one - two - three])


def thinned(counts: Counts, reduction: float) -> Counts:
    """Prevent every ACE with one probability: the mean falls by it and the shape stays."""
    return Counts(counts.mean * (1 - reduction), counts.shape)


def class_means(counts: Counts) -> Any:
    """Give the mean number of ACEs of people with 0, 1, 2 or 3, and 4 or more: (4, ...)."""
    none, one, two, three = first_shares(counts)
    more = 1 - none - one - two - three
    middle = (2 * two + 3 * three) / (two + three)
    return np.array([0 * none, 0 * none + 1, middle, (counts.mean - one - 2 * two - 3 * three) / more])


def ladder(shares: Any, means: Any, reduction: float) -> Any:
    """Take a share of all ACEs away, first from people with the most: down one class at a time.

    Parameters
    ----------
    shares, means : (4, ...) people of each class and their mean number of ACEs

    Returns
    -------
    (4, ...) shares of people after it
    """
    after = np.array(shares, float)
    left = reduction * (shares * means).sum(axis=0)
    for place in (3, 2, 1):
        step = means[place] - means[place - 1]
        moved = np.minimum(after[place], left / step)
        after[place] -= moved
        after[place - 1] += moved
        left = left - moved * step
    return after


def first_rung(shares: Any, means: Any) -> Any:
    """Give the largest reduction that people with four or more ACEs can bear alone."""
    return shares[3] * (means[3] - means[2]) / (shares * means).sum(axis=0)


def parted(given: Inputs) -> tuple[Any, Any]:
    """Part the relative risk at two or more ACEs into that at two or three and that at four or more.

    The logarithm of the first is `split` times that of the second, and their mean over people is the class's own, so
    that the attributable fraction stays.

    Returns
    -------
    two (C, ...) relative risks
    """
    middle, most = classes(fitted(given.shares[0], given.shares[1]))[2:]
    log_risk = np.log(given.risk_2)

    def beyond(log_most: Any, split: Any, middle: Any, most: Any, risk: Any) -> Any:
        return middle * np.exp(split * log_most) + most * np.exp(log_most) - (middle + most) * risk

    low, high = np.minimum(log_risk, log_risk / given.split) - 1, np.maximum(log_risk, log_risk / given.split) + 1
    found = elementwise.find_root(beyond, (low, high), args=(given.split, middle, most, given.risk_2))
    return np.exp(given.split * found.x), np.exp(found.x)


def in_proportion(given: Inputs, reduction: float) -> Any:
    """Lower excess risk in proportion: every exposed class is smaller by the same share."""
    return reduction * excess_now(given)


def for_everyone(given: Inputs, reduction: float) -> Any:
    """Lower excess risk as every ACE is prevented with one probability."""

    def excess(counts: Counts) -> Any:
        none, one, *_ = first_shares(counts)
        return excess_risk(one, 1 - none - one, given)

    now = fitted(given.shares[0], given.shares[1])
    return excess(now) - excess(thinned(now, reduction))


def from_the_most(given: Inputs, reduction: float, part: bool = True) -> Any:
    """Lower excess risk as the same ACEs are taken first from people with four or more.

    Parameters
    ----------
    part : tell two or three ACEs from four or more; if not, all have the published relative risk at two or more
    """
    middle, most = parted(given) if part else (given.risk_2, given.risk_2)
    counts = fitted(given.shares[0], given.shares[1])
    # The fitted people, as in the rule for everyone: both rules then take equally many ACEs.
    people = classes(counts)
    fewer = people - ladder(people, class_means(counts), reduction)
    return fewer[1] * (given.risk_1 - 1) + fewer[2] * (middle - 1) + fewer[3] * (most - 1)


class Rule(NamedTuple):
    """Who has fewer ACEs: its words, and by how much excess risk falls."""

    title: str
    fall: Callable[[Inputs, float], Any]


RULES = {
    "proportional": Rule("in proportion (published)", in_proportion),
    "everyone": Rule("fewer ACEs for everyone", for_everyone),
    "most_first": Rule("from those with most first", from_the_most),
}
COUNTS = {"burden_falls": "burden falls", "burden_fixed": "burden held fixed"}


def saved_shares(given: Inputs, fall: Any) -> dict[str, Any]:
    """Give the share of lost GDP saved as excess risk falls, by the two ways to count.

    Parameters
    ----------
    fall : (C, ...) fall of excess risk x, to x'

    Returns
    -------
    burden_falls: the DALYs saved are those due to x times (x - x') / x, that is DALYs times (x - x') / (1 + x);
    burden_fixed: DALYs times the fraction due to x less that due to x'
    """
    before = excess_now(given)
    lost = (given.daly_rate * attributable(before)).sum(axis=0)
    falls = fall / (1 + before)
    fixed = attributable(before) - attributable(before - fall)
    return {
        "burden_falls": (given.daly_rate * falls).sum(axis=0) / lost,
        "burden_fixed": (given.daly_rate * fixed).sum(axis=0) / lost,
    }


def savings(given: Inputs, reduction: float) -> dict[tuple[str, str], Any]:
    """Give the share of lost GDP saved by each rule and each way to count."""
    return {
        (name, count): share
        for name, rule in RULES.items()
        for count, share in saved_shares(given, rule.fall(given, reduction)).items()
    }
