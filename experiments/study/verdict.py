"""Judge a hypothesis by its runs: how probable it is, what the verdict is, and what that rests on.

A draw of the numbers holds where the quantity, its chance averaged out, passes the threshold. A hypothesis is
supported where the probability that it holds is at least its level (0.9), refuted where it is at most one less the
level, and undetermined between; the 95% bound of that probability towards undetermined is what has to pass.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from experiments.study.gather import ENDS, parts_of_variance
from experiments.study.hypotheses import Quantity, Term
from simulation.errors import InputError

SUPPORTED, REFUTED, UNDETERMINED = "supported", "refuted", "undetermined"
BOUND = 0.05
"""What is left outside a one-sided bound of the probability."""
FALSE_VERDICTS = 0.05
"""The expected share of false verdicts among those given together."""


class Measured(NamedTuple):
    """A quantity in every draw.

    Parameters
    ----------
    above : (2, tasks, chance) what is divided, or the quantity itself
    under : (2, tasks, chance) what it is divided by, or 1
    margin : (2, tasks, chance) how far a run passes the threshold, in the units of `above`
    holds : (2, tasks) whether the draw passes it
    """

    above: Any
    under: Any
    margin: Any
    holds: Any


LEAST_PAIRS = 5
"""Pairs of draws in which a hypothesis holds, and fails, below which nothing is told of what that comes from."""


class Probability(NamedTuple):
    """The share of draws that hold, with its 95% bounds either way.

    Parameters
    ----------
    trials : draws that it counts for
    """

    mean: float
    low: float
    high: float
    trials: float = np.inf

    @property
    def expected(self) -> float:
        """Give the probability that a draw holds, as expected from so few draws (Jeffreys): never quite 0 or 1."""
        return self.mean if np.isinf(self.trials) else (self.trials * self.mean + 0.5) / (self.trials + 1.0)


def measure(quantity: Quantity, scenarios: Sequence[str], outputs: Sequence[str], runs: Any) -> Measured:
    """Work out a quantity in every draw.

    Parameters
    ----------
    runs : (2, tasks, chance, scenarios, outputs)

    Raises
    ------
    InputError
        If it is to be divided by what is spent, and nothing is.
    """

    def taken(term: Term, output: str) -> Any:
        chosen = runs[..., list(outputs).index(output)]
        plus = chosen[..., list(scenarios).index(term.plus)]
        return plus if term.minus is None else plus - chosen[..., list(scenarios).index(term.minus)]

    def spread(key: str) -> Any:
        output = quantity.over_output if key == "over" else None
        found = taken(quantity.terms[key], output or quantity.output)
        if quantity.per is None:
            return found
        spent = taken(quantity.terms[key], quantity.per).mean(axis=2, keepdims=True)
        if not (spent != 0).all():
            raise InputError(f"quantity.per: {quantity.per} is 0 in {getattr(quantity, key)}; nothing to divide by")
        return found / spent

    above = spread("of") - (spread("less") if quantity.less else 0.0)
    side = 1.0 if quantity.over_is == "above" else -1.0
    under = spread("over") if quantity.over else np.ones(above.shape)
    toward = 1.0 if quantity.direction == "above" else -1.0
    margin = toward * side * (above - quantity.threshold * under)
    holds = (margin.mean(axis=2) > 0) & (side * under.mean(axis=2) > 0)
    return Measured(above, under, margin, holds)


def probability(holds: Any) -> Probability:
    """Give the share of draws that hold, with the Clopper-Pearson bounds for as many as they count for.

    The bounds are exact where that count is known, and about so here, where it is taken from the draws themselves.

    The two draws of a pair share assumptions, so that they count for one draw to two: for two where pairs spread no
    more than independent draws would, for one where nothing tells (all hold, or none).

    Parameters
    ----------
    holds : (2, tasks)
    """
    mean, pairs = float(holds.mean()), holds.shape[1]
    spread = float(holds.mean(axis=0).var(ddof=1)) if pairs > 1 else 0.0
    count = float(np.clip(mean * (1 - mean) * pairs / spread, pairs, 2 * pairs)) if spread > 0 else float(pairs)
    held, failed = count * mean, count * (1 - mean)
    low = float(stats.beta.ppf(BOUND, held, failed + 1)) if held > 0 else 0.0
    high = float(stats.beta.isf(BOUND, held + 1, failed)) if failed > 0 else 1.0
    return Probability(mean, low, high, count)


def verdict(found: Probability, level: float) -> str:
    """Say supported, refuted or undetermined, allowing for the Monte Carlo error of the probability."""
    if found.low >= level:
        return SUPPORTED
    return REFUTED if found.high <= 1 - level else UNDETERMINED


def wrong(found: Probability, said: str) -> float:
    """Give the probability, under the model's own uncertainty, that a verdict is false."""
    return 1 - found.expected if said == SUPPORTED else found.expected


def kept(found: Mapping[str, tuple[Probability, str]]) -> dict[str, str]:
    """Keep as many verdicts as leave the expected share of false ones among them at 5% at most.

    The least doubtful come first and the mean probability of being false is what is bounded: the direct posterior
    probability approach (Newton et al. 2004, Biostatistics 5:155; Mueller, Parmigiani and Rice 2006). It needs no
    independence. What is not kept is undetermined.

    Parameters
    ----------
    found : name: probability, and the verdict taken alone
    """
    given = {name: wrong(*each) for name, each in found.items() if each[1] != UNDETERMINED}
    order = sorted(given, key=lambda name: given[name])
    means = np.cumsum([given[name] for name in order]) / np.arange(1, len(order) + 1)
    keep = set(order[: int((means <= FALSE_VERDICTS).sum())])
    return {name: said if name in keep else UNDETERMINED for name, (_, said) in found.items()}


def estimate(found: Measured) -> tuple[float, float]:
    """Give the quantity over all draws, a ratio as one of means, and its jackknife error over pairs of draws."""
    pairs = found.above.shape[1]
    above, under = found.above.mean(axis=(0, 2)), found.under.mean(axis=(0, 2))
    whole = ratio(above.mean(), under.mean())
    if pairs < 2:
        return float(whole), float("nan")
    left_out = ratio(above.sum() - above, under.sum() - under)
    return float(whole), float(np.sqrt((pairs - 1) / pairs * ((left_out - left_out.mean()) ** 2).sum()))


def ratio(above: Any, under: Any) -> Any:
    """Divide; missing where there is nothing to divide by."""
    return np.where(under != 0, above / np.where(under != 0, under, 1.0), np.nan)


def by_draw(found: Measured) -> Any:
    """Give the quantity of every draw, its chance averaged out; (2, tasks), missing where it is not defined."""
    return ratio(found.above.mean(axis=2), found.under.mean(axis=2))


def distance(quantity: Quantity, found: Measured) -> Any:
    """Give how far every draw's quantity lies past the threshold, in its own units, a draw that is not defined last.

    Returns
    -------
    (2, tasks), above 0 where the draw holds; -inf where `over` is not on its side of 0
    """
    toward = 1.0 if quantity.direction == "above" else -1.0
    side = 1.0 if quantity.over_is == "above" else -1.0
    return np.where(side * found.under.mean(axis=2) > 0, toward * (by_draw(found) - quantity.threshold), -np.inf)


def bands(found: Measured) -> dict[str, float]:
    """Give the ends of the 50, 80 and 95% bands over draws."""
    known = by_draw(found)
    known = known[np.isfinite(known)]
    return {end: float(np.quantile(known, at)) if len(known) else float("nan") for end, at in ENDS.items()}


def rests(found: Measured) -> dict[str, float]:
    """Split what moves the margin, and the verdict, into what it rests on.

    Returns
    -------
    shares of the variance of a single run's margin, and `verdict_from_assumption`, the closed Sobol index of the
    numbers graded assumption on whether a draw holds, with its error; missing where nearly all hold, or none
    """
    shares = {name: float(each) for name, each in parts_of_variance(found.margin).items()}
    told = parts_of_variance(found.holds[:, :, None].astype(float))
    by_pair = found.holds.any(axis=0), (~found.holds).any(axis=0)
    known = min(pairs.sum() for pairs in by_pair) >= LEAST_PAIRS
    return shares | {
        name.replace("from", "verdict_from"): float(told[name]) if known else float("nan")
        for name in ("from_assumption", "from_assumption_se")
    }
