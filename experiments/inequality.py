"""Ask how results differ between ethnic groups, and how much of each difference deprivation explains.

from experiments.inequality import decompose
print(decompose("sandwell", draws=4, children=2_000).table)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import pandas as pd

from agents.names import Ever
from experiments.plan import REFERENCE_CHILDREN, REFERENCE_SEED, make_plan
from simulation.cohort import reference, run
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.inputs import Tables
from simulation.outcomes import discrimination
from simulation.population import GROUPS, cohort
from simulation.scenario import Scenario, Switches

MILLION = 1e6
OUTCOMES = {
    "cats": ("CATs a child", 1.0),
    "four_or_more_aces": ("with four or more ACEs, %", 100.0),
    "ever_looked_after": ("ever looked after, %", 100.0),
    "ever_discriminated": ("ever discriminated against, %", 100.0),
    "dalys": ("DALYs a person over life", 1.0),
}
"""Outcomes by name: title, and the factor to its unit."""
PARTS = ("difference", "deprivation", "discrimination", "rest")
DECILES = 10


@dataclass(frozen=True)
class Inequality:
    """Differences between groups, decomposed.

    Parameters
    ----------
    table : a row for each outcome, group and part: mean over the draws, mcse, low_95 and high_95
    together : whether ethnic group and decile went together as in England, or were drawn apart
    """

    place: str
    draws: int
    seed: int
    children: int
    together: bool
    table: pd.DataFrame


def counted(tables: Tables, people: Any) -> Any:
    """Sum children and outcomes by ethnic group and decile.

    Returns
    -------
    (5, 10, 6): children, then the outcomes in their order
    """
    columns = np.column_stack(
        [
            np.ones(len(people)),
            people["cats"],
            people["aces"] >= 4,
            people["ever"] >> Ever.LOOKED_AFTER & 1,
            (people["types"] & discrimination(tables)) != 0,
            (people["yll"].astype(float) + people["yld"]) / MILLION,
        ]
    )
    found = np.zeros((len(GROUPS), DECILES, columns.shape[1]))
    np.add.at(found, (people["ethnic_group"], people["decile"]), columns)
    return found


def means(sums: Any) -> tuple[Any, Any]:
    """Turn sums by decile into the share of children and the mean outcomes of each; no child, no mean.

    Parameters
    ----------
    sums : (10, 1 + outcomes)
    """
    children = sums[:, :1]
    return children / max(1.0, children.sum()), sums[:, 1:] / np.maximum(1.0, children)


def kitagawa(group: Any, everyone: Any) -> tuple[Any, Any]:
    """Part the difference between a group's means and everyone's (Kitagawa 1955, J Am Stat Assoc 50:1168).

    A decile without a child of the group has no mean of its own: everyone's is taken, which leaves the sum exact.

    Parameters
    ----------
    group, everyone : (10, 1 + outcomes) sums by decile

    Returns
    -------
    (outcomes,) twice: what living in other deciles makes, and what other outcomes in the same deciles make
    """
    (own, mean), (share, whole) = means(group), means(everyone)
    mean = np.where(group[:, :1] > 0, mean, whole)
    return ((own - share) * (mean + whole) / 2).sum(axis=0), ((mean - whole) * (own + share) / 2).sum(axis=0)


def parts(today: Any, level: Any) -> Any:
    """Decompose every group's difference from everyone.

    Deprivation and the rest are Kitagawa's two parts in a run in which discrimination strikes all groups alike;
    discrimination is what the difference gains in the run in which it does not.

    Parameters
    ----------
    today, level : (5, 10, 1 + outcomes) sums of the run as it is, and of the run with equal ratios

    Returns
    -------
    (5, outcomes, 4) in the order of PARTS; nought for a group without children
    """
    found = np.zeros((len(today), today.shape[2] - 1, len(PARTS)))
    for number in np.flatnonzero(today[..., 0].sum(axis=1)):
        now = np.add(*kitagawa(today[number], today.sum(axis=0)))
        places, rest = kitagawa(level[number], level.sum(axis=0))
        found[number] = np.stack([now, places, now - (places + rest), rest], axis=-1)
    return found


def decompose(
    place: str = "sandwell",
    draws: int = 16,
    seed: int = 1,
    children: int = 20_000,
    jobs: int = 1,
    together: bool = True,
) -> Inequality:
    """Run a place's children twice in every draw, as today and with equal discrimination, and set groups apart.

    Parameters
    ----------
    place : an authority, or 'region' for all of them together
    children : simulated in each place

    Raises
    ------
    InputError
        If a name or number cannot be used.
    """
    switches = Switches(ethnic_deprivation=together)
    scenario = Scenario(name="by_group", switches=switches)
    plan = make_plan(place, draws, seed, children, scenario, "compiled")
    equal = {f"discrimination_ratio_{group}": 1.0 for group in GROUPS}

    def one_draw(draw: int) -> Any:
        values, key = plan.values(draw, 0), seed_key(seed, draw % 60_000)
        world = reference(
            plan.tables, values, switches, seed_key(seed, REFERENCE_SEED - draw % 60_000), REFERENCE_CHILDREN
        )._replace(key=key)
        born = cohort(plan.tables, values, plan.places, children, key, switches)
        return [
            counted(plan.tables, run(Surroundings(plan.tables, each, scenario), world, born).children)
            for each in (values, {**values, **equal})
        ]

    work = joblib.Parallel(n_jobs=jobs, backend="threading")
    found = np.array(work(joblib.delayed(one_draw)(draw) for draw in range(draws)))
    return Inequality(place, draws, seed, children, together, pd.DataFrame(rows(place, found)))


def rows(place: str, found: Any) -> Iterator[dict[str, Any]]:
    """Tabulate the parts of each group's difference over the draws.

    Parameters
    ----------
    found : (draws, 2, 5, 10, 1 + outcomes) sums by draw, and by run: today, and with equal discrimination
    """
    split = np.array([parts(*each) for each in found])
    by_group = found[:, 0].sum(axis=2)
    for number, (outcome, (title, factor)) in enumerate(OUTCOMES.items()):
        everyone = by_group[..., 1 + number].sum(axis=1) / by_group[..., 0].sum(axis=1)
        for g, group in enumerate(GROUPS):
            children = by_group[:, g, 0]
            own = by_group[:, g, 1 + number] / np.maximum(1.0, children)
            for p, part in enumerate(PARTS):
                runs = factor * split[:, g, number, p]
                low, high = np.quantile(runs, (0.025, 0.975))
                yield {
                    "place": place,
                    "outcome": outcome,
                    "title": title,
                    "group": group,
                    "share_of_children": float(children.sum() / by_group[..., 0].sum()),
                    "group_mean": factor * float(own.mean()),
                    "place_mean": factor * float(everyone.mean()),
                    "part": part,
                    "mean": float(runs.mean()),
                    "mcse": float(runs.std(ddof=1) / np.sqrt(len(runs))) if len(runs) > 1 else float("nan"),
                    "low_95": float(low),
                    "high_95": float(high),
                }
