"""Compare options by cost and harm: increments, dominance, acceptability, frontier, expected loss, break-even.

Runs are paired: all options live the same children under the same chance and numbers. Arrays of runs are
(2, tasks, chance, options); pairs of draws, the tasks, are independent, what is within one is not.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.quantities import apart
from experiments.study.gather import error_of_mean

CONFIDENT = 1.959963984540054
"""Standard normal quantile of a 95% interval."""
ENDS_95 = (0.025, 0.975)
ON, SAME, DOMINATED, EXTENDED = "on the frontier", "the same", "dominated", "extendedly dominated"


class Standing(NamedTuple):
    """Where an option stands: its status, which options that rests on, and its cost-effectiveness against the last.

    Parameters
    ----------
    against : on the frontier, the option before it; dominated, who dominates it
    ratio : incremental cost for each unit of harm averted, on the frontier alone
    """

    status: str
    against: tuple[int, ...]
    ratio: float


def averaged(runs: Any) -> Any:
    """Average the runs of a draw over chance, so that what differs is ignorance, and the luck that is left."""
    return runs.mean(axis=2, keepdims=True)


def increments(cost: Any, harm: Any) -> tuple[Any, Any]:
    """Give each option's cost beyond the first's, and the harm it averts: the cost-effectiveness plane.

    What only rounding tells apart is no difference, here and wherever `apart` subtracts.

    Returns
    -------
    (2, tasks, chance, options) each; the first option's are 0
    """
    return apart(cost, cost[..., :1]), apart(harm[..., :1], harm)


def net_benefits(cost: Any, harm: Any, threshold: float) -> Any:
    """Give each option's net monetary benefit over the first: harm averted at the threshold, less the cost beyond."""
    more, averted = increments(cost, harm)
    return threshold * averted - more


def best(benefits: Any) -> Any:
    """Tell which option is best in each run, ties shared: shares that sum to 1."""
    top = forgone(benefits) == 0
    return top / top.sum(axis=-1, keepdims=True)


def forgone(benefits: Any) -> Any:
    """Give what each option loses against the best of each run."""
    return apart(benefits.max(axis=-1, keepdims=True), benefits)


def acceptability(cost: Any, harm: Any, thresholds: Sequence[float], names: Sequence[str]) -> pd.DataFrame:
    """Tabulate, at each threshold, how likely each option is the best, its expected loss, and which is best on average.

    The expected loss of an option is what is forgone on average by choosing it instead of the best of each run; the
    least of them, that of the option on the frontier, is the expected value of perfect information.

    Returns
    -------
    threshold, option, probability with its Monte Carlo error and 95% interval (Wilson's), net_benefit and
    expected_loss with their errors, and whether the option is on the acceptability frontier
    """
    tables = []
    for threshold in thresholds:
        benefits = net_benefits(cost, harm, threshold)
        chosen = best(benefits)
        loss = forgone(benefits)
        probability, error = chosen.mean(axis=(0, 1, 2)), error_of_mean(chosen)
        low, high = wilson(probability, error, cost.shape[1])
        mean = benefits.mean(axis=(0, 1, 2))
        tables.append(
            pd.DataFrame(
                {
                    "threshold": float(threshold),
                    "option": list(names),
                    "probability": probability,
                    "mcse": error,
                    "low_95": low,
                    "high_95": high,
                    "net_benefit": mean,
                    "net_benefit_mcse": error_of_mean(benefits),
                    "expected_loss": loss.mean(axis=(0, 1, 2)),
                    "expected_loss_mcse": error_of_mean(loss),
                    "on_frontier": np.arange(len(names)) == mean.argmax(),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def wilson(share: Any, error: Any, pairs: int) -> tuple[Any, Any]:
    """Give a 95% interval of a share, in as many independent trials as its error says, or as there are pairs."""
    spread = share * (1.0 - share)
    known = np.isfinite(error) & (error > 0) & (spread > 0)
    trials = np.where(known, spread / np.where(known, error, 1.0) ** 2, float(pairs))
    square = CONFIDENT**2
    centre = (share + square / (2 * trials)) / (1 + square / trials)
    reach = CONFIDENT * np.sqrt(spread / trials + square / (4 * trials**2)) / (1 + square / trials)
    return np.maximum(0.0, centre - reach), np.minimum(1.0, centre + reach)


def standings(cost: Sequence[float], averted: Sequence[float]) -> list[Standing]:
    """Order options by cost-effectiveness: the frontier from the cheapest up, and who is dominated by whom.

    From each option on the frontier the next is the one that averts more at the lowest cost for each unit more. What
    costs no less and averts no more than another is dominated; what lies off the frontier between two of its options,
    and so is beaten by a mix of them, is extendedly dominated.
    """
    options = range(len(cost))
    now = min(options, key=lambda k: (cost[k], -averted[k], k))
    found = {now: Standing(ON, (), np.nan)}
    while more := [k for k in options if averted[k] > averted[now]]:
        ratio = {k: (cost[k] - cost[now]) / (averted[k] - averted[now]) for k in more}
        following = min(more, key=lambda k: (ratio[k], -averted[k], cost[k], k))
        found[following] = Standing(ON, (now,), ratio[following])
        now = following
    frontier = list(found)
    return [found[k] if k in found else beaten(k, frontier, cost, averted) for k in options]


def beaten(option: int, frontier: Sequence[int], cost: Sequence[float], averted: Sequence[float]) -> Standing:
    """Say what beats an option that is not on the frontier: an option, or a mix of two."""
    for other in (*frontier, *(k for k in range(len(cost)) if k != option)):
        if (cost[other], averted[other]) == (cost[option], averted[option]):
            return Standing(SAME, (other,), np.nan)
        if cost[other] <= cost[option] and averted[other] >= averted[option]:
            return Standing(DOMINATED, (other,), np.nan)
    below = max(k for k, other in enumerate(frontier) if averted[other] <= averted[option])
    return Standing(EXTENDED, (frontier[below], frontier[below + 1]), np.nan)


def league(cost: Any, harm: Any, names: Sequence[str]) -> pd.DataFrame:
    """Tabulate options by mean cost and harm, beyond the first, with standing and incremental cost-effectiveness.

    Returns
    -------
    option, cost and harm, cost_more and averted with Monte Carlo errors and 95% bands over runs, status, against, and
    ratio
    """
    more, averted = increments(cost, harm)
    means = {
        "cost": cost.mean(axis=(0, 1, 2)),
        "harm": harm.mean(axis=(0, 1, 2)),
        "cost_more": more.mean(axis=(0, 1, 2)),
        "averted": averted.mean(axis=(0, 1, 2)),
    }
    stands = standings(means["cost_more"].tolist(), means["averted"].tolist())
    return pd.DataFrame(
        {
            "option": list(names),
            **means,
            "cost_more_mcse": error_of_mean(more),
            "averted_mcse": error_of_mean(averted),
            **band("cost_more", more),
            **band("averted", averted),
            "status": [each.status for each in stands],
            "against": [" and ".join(names[k] for k in each.against) for each in stands],
            "ratio": [each.ratio for each in stands],
        }
    )


def band(name: str, runs: Any) -> dict[str, Any]:
    """Give the ends of each option's 95% band over runs: chance and ignorance together."""
    return dict(zip((f"{name}_low_95", f"{name}_high_95"), np.quantile(runs, ENDS_95, axis=(0, 1, 2)), strict=True))


def told(runs: Any) -> dict[str, float]:
    """Give the mean of a quantity, its Monte Carlo error, its 95% band over runs and how often it is above nought.

    Parameters
    ----------
    runs : (2, tasks, chance)
    """
    low, high = np.quantile(runs, ENDS_95)
    above = (runs > 0).astype(float)
    return {
        "mean": float(runs.mean()),
        "mcse": float(error_of_mean(runs[..., None])[0]),
        "low_95": float(low),
        "high_95": float(high),
        "above_nought": float(above.mean()),
        "above_nought_mcse": float(error_of_mean(above[..., None])[0]),
    }
