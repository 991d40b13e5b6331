"""Split a fixed budget over levers of known cost: what each brings alone, drawn by draw, and how far that adds up."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator
from scipy.optimize import LinearConstraint, minimize

from experiments.study.at_hand import AtHand
from experiments.study.information import first_of
from simulation.errors import InputError, shown
from simulation.scenario import Scenario

SPENT = ("programme_to_18",)
"""Output that says what a lever costs [GBP million, discounted]."""
GOALS = ("ever_looked_after", "ever_escalated_universal", "dalys_whole_discounted", "dalys", "cats_gap", "cost_to_18")
"""Outputs that a frontier is drawn for, where an experiment has them."""
MORE_IS_BETTER = ("ever_held",)
"""How the names of outputs begin of which more is wanted; of all others, less."""
RISK = re.compile(r"^(?:mean|mean-(?P<spread>\d+(?:\.\d+)?)sd|worst-(?P<worst>\d+(?:\.\d+)?)%)$")
LEAST = 1e-6


class Response(NamedTuple):
    """What one lever changes, by what is spent on it.

    Parameters
    ----------
    spend : (levels,) GBP million, from 0 up
    change : (levels, draws, outputs), 0 at no spending
    """

    name: str
    spend: Any
    change: Any

    def at(self, spent: float) -> Any:
        """Read the change at what is spent, between levels along a curve that bends no further than they do."""
        inside = float(np.clip(spent, 0.0, self.spend[-1]))
        return PchipInterpolator(self.spend, self.change, axis=0)(inside)


class Split(NamedTuple):
    """How a budget is split: what is spent on each lever, and what it changes in each draw (draws, outputs)."""

    spent: Any
    change: Any


def attitude(said: str) -> Callable[[Any], float]:
    """Read an attitude to risk: mean, mean-1sd (less a multiple of the spread), worst-10% (mean of the worst draws).

    Raises
    ------
    InputError
        If it is none of these.
    """
    found = RISK.match(said)
    if found is None or (found["worst"] and not 0 < float(found["worst"]) <= 100):
        raise InputError(f"--risk {shown(said)}: write mean, mean-1sd or worst-10%")
    if found["spread"]:
        many = float(found["spread"])
        return lambda gain: float(gain.mean() - many * gain.std(ddof=1))
    if found["worst"]:
        part = float(found["worst"]) / 100
        return lambda gain: float(np.sort(gain)[: max(1, round(part * len(gain)))].mean())
    return lambda gain: float(gain.mean())


def direction(output: str) -> float:
    """Tell whether more of an output is better, 1, or less, -1."""
    return 1.0 if output.startswith(MORE_IS_BETTER) else -1.0


def check_budgets(budgets: Sequence[float]) -> None:
    """Refuse a budget that is none.

    Raises
    ------
    InputError
        If one is not a number above 0.
    """
    for budget in budgets:
        if not (np.isfinite(budget) and budget > 0):
            raise InputError(
                f"--budget {shown(budget)}: has to be above 0 and finite, in GBP million for the children simulated; "
                "write one such as 0.2"
            )


def most_spent(responses: Sequence[Response]) -> float:
    """Give what levers can take together, each at the largest coverage that was run [GBP million]."""
    return float(sum(each.spend[-1] for each in responses))


def best_split(
    responses: Sequence[Response], budget: float, output: int, sign: float, risk: Callable[[Any], float]
) -> Split:
    """Split a budget so that one output gains most, under an attitude to risk.

    What levers bring is added up. Starts are all on one lever, each in turn, and even; of what they lead to the best.
    A budget need not be spent; of one above all that levers can take, the rest stays.

    Parameters
    ----------
    output : its number among the responses' outputs
    sign : 1 where more of it is better, -1 where less is
    """
    budget = min(budget, most_spent(responses))
    most = np.array([min(float(each.spend[-1]), budget) for each in responses])
    curves = [PchipInterpolator(each.spend, each.change[..., output], axis=0) for each in responses]

    def loss(shares: Any) -> float:
        spent = np.minimum(np.clip(shares, 0.0, None) * budget, most)
        return -risk(sign * sum(curve(each) for curve, each in zip(curves, spent, strict=True)))

    many = len(responses)
    solve: Any = minimize
    starts = [np.full(many, 1.0 / many), *np.eye(many)]
    starts = [np.minimum(start * budget, most) / budget for start in starts]
    scale = max(max(abs(loss(start)) for start in starts), 1e-12)
    found = [
        solve(
            lambda shares: loss(shares) / scale,
            start,
            method="SLSQP",
            bounds=[(0.0, float(each) / budget) for each in most],
            constraints=LinearConstraint(np.ones(many), -np.inf, 1.0),
            tol=1e-10,
        ).x
        for start in starts
    ]
    best = min([*starts, *found, np.zeros(many)], key=loss)
    spent = np.clip(best, 0.0, None) * budget
    spent[spent < LEAST * budget] = 0.0
    return Split(spent, sum(each.at(float(x)) for each, x in zip(responses, spent, strict=True)))


def frontier(
    responses: Sequence[Response], outputs: Sequence[str], goals: Sequence[str], budgets: Sequence[float], said: str
) -> pd.DataFrame:
    """Tabulate the best split of each budget for each goal, and all that it changes.

    Parameters
    ----------
    outputs : those of the responses
    goals : each an output that is made best in turn
    said : the attitude to risk

    Returns
    -------
    budget, goal, risk, spent, efficient, a column a lever (`on_NAME`, GBP million), and the mean of each output with
    its spread over draws (`NAME`, `NAME_sd`). Efficient: no other split spends as little and is as good on every goal
    """
    risk = attitude(said)
    rows = []
    for budget in budgets:
        for goal in goals:
            split = best_split(responses, budget, list(outputs).index(goal), direction(goal), risk)
            rows.append(
                {"budget": budget, "goal": goal, "risk": said, "spent": float(split.spent.sum())}
                | {f"on_{each.name}": float(x) for each, x in zip(responses, split.spent, strict=True)}
                | {name: float(split.change[:, k].mean()) for k, name in enumerate(outputs)}
                | {f"{name}_sd": float(split.change[:, k].std(ddof=1)) for k, name in enumerate(outputs)}
            )
    table = pd.DataFrame(rows)
    better = np.column_stack([-table["spent"], *(direction(goal) * table[goal] for goal in goals)])
    table.insert(4, "efficient", undominated(better))
    return table


def undominated(better: Any) -> Any:
    """Tell which rows no other beats: as good in every column, and better in one."""
    at_least = (better[:, None] >= better[None]).all(axis=2)
    above = (better[:, None] > better[None]).any(axis=2)
    return ~(at_least & above).any(axis=0)


def levers_of(scenario: Scenario) -> dict[str, float]:
    """Give the interventions of a scenario with their coverage; none where it moves anything else."""
    if any(lever.kind != "intervention" for lever in scenario.levers):
        return {}
    return {str(lever.name): float(lever.coverage or 0.0) for lever in scenario.levers}


def responses_of(scenarios: Sequence[Scenario], hands: Sequence[AtHand]) -> tuple[list[str], list[Response]]:
    """Make the response of each lever from the scenarios that move it alone.

    Parameters
    ----------
    scenarios, hands : all but the first scenario of an experiment, and its draws against the first

    Raises
    ------
    InputError
        If no scenario moves an intervention alone, its cost is not among the outputs, or it costs nothing.
    """
    spent, outputs = first_of(SPENT, hands[0], "what levers cost"), list(hands[0].outputs)
    single: dict[str, list[tuple[float, AtHand]]] = {}
    for scenario, hand in zip(scenarios, hands, strict=True):
        moved = levers_of(scenario)
        if len(moved) == 1:
            ((name, _),) = moved.items()
            single.setdefault(name, []).append((float(hand.mean(spent).mean()), hand))
    if not single:
        raise InputError(
            "no scenario moves one intervention and nothing else; give one for each lever that money could go to"
        )
    found = []
    for name, levels in single.items():
        ordered = sorted(levels, key=lambda level: level[0])
        spend = np.array([0.0, *(each for each, _ in ordered)])
        if (np.diff(spend) <= 0).any():
            raise InputError(f"{name}: costs nothing, or as much at two coverages; give its lever a cost")
        change = np.stack([np.column_stack([hand.mean(output) for output in outputs]) for _, hand in ordered])
        found.append(Response(name, spend, np.concatenate([np.zeros_like(change[:1]), change])))
    return outputs, found


def additivity(scenarios: Sequence[Scenario], hands: Sequence[AtHand], outputs: Sequence[str]) -> pd.DataFrame:
    """Measure how far what levers bring alone adds up to what they bring together.

    Scenarios that move several interventions, each at a coverage that another scenario has alone, are run together;
    chance is the same.

    Returns
    -------
    scenario, output, together, added (sum of each alone), error (added less together), error_se: a row an output
    """
    alone = {tuple(levers_of(each).items()): hand for each, hand in zip(scenarios, hands, strict=True)}
    rows = []
    for scenario, hand in zip(scenarios, hands, strict=True):
        moved = levers_of(scenario)
        if len(moved) < 2 or any((each,) not in alone for each in moved.items()):
            continue
        for output in outputs:
            together = hand.mean(output)
            added = sum(alone[(each,)].mean(output) for each in moved.items())
            gap = pd.Series(added - together).groupby(hand.pair).mean()
            rows.append(
                {
                    "scenario": scenario.name,
                    "output": output,
                    "together": float(together.mean()),
                    "added": float(np.mean(added)),
                    "error": float(gap.mean()),
                    "error_se": float(gap.std(ddof=1) / np.sqrt(len(gap))),
                }
            )
    return pd.DataFrame(rows, columns=["scenario", "output", "together", "added", "error", "error_se"])
