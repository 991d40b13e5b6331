"""What one switch of the model changes: the same twins with it off and on.

from experiments.switched import switched
switched("type_specific_harm", "sandwell", children=2000)
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.base_case import REFERENCE_CHILDREN, REFERENCE_SEED
from experiments.plan import make_plan
from simulation.cohort import reference
from simulation.cohort import run as live
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.errors import InputError, nearest
from simulation.outcomes import sums
from simulation.population import cohort
from simulation.scenario import Scenario, Switches

TOLD = {
    "cats": ("CATs", "events"),
    "unresolved": ("of them unresolved at 18", "events"),
    "aces": ("ACE types at 18 (of nine)", "types"),
    "years_unmet": ("years with need and no service", "years"),
    "dalys": ("DALYs due to adversity", "DALYs"),
    "lost_gdp": ("lost GDP to adversity", "GBP"),
    "service_cost": ("service cost, 0-17", "GBP"),
}
"""Quantities that are told, a child, with title and unit."""
DUE = ("dalys", "lost_gdp")
"""Quantities of which only what is due to adversity is told."""


def switched(
    switch: str,
    place: str = "sandwell",
    scenario: Scenario | str | Path = "improved",
    children: int | None = None,
    seeds: int = 4,
    seed: int = 1,
) -> pd.DataFrame:
    """Run twins of a place under the central numbers with a switch off and on, each with its own reference.

    Parameters
    ----------
    seeds : replicates of chance, two or more; off and on share each of them

    Returns
    -------
    a row for each quantity today and for what the scenario avoids of it: off, on, difference (on less off) and the
    Monte Carlo standard error of the difference, all per child

    Raises
    ------
    InputError
        If the switch is unknown or the seeds are fewer than two.
    """
    if switch not in Switches.model_fields:
        raise InputError(f"switch: unknown switch '{switch}'.{nearest(switch, list(Switches.model_fields))}")
    if seeds < 2:
        raise InputError(f"seeds: {seeds} is below 2, which leaves no standard error; give more")
    plan = make_plan(place, 1, seed, children, scenario, "compiled")
    found = np.array([[one(plan, switch, on, replicate) for on in (False, True)] for replicate in range(seeds)])
    difference = found[:, 1] - found[:, 0]
    return pd.DataFrame(
        {
            "quantity": [title for title, _ in TOLD.values() for _ in range(2)],
            "unit": [f"{unit} a child" for _, unit in TOLD.values() for _ in range(2)],
            "of": ["today", "avoided"] * len(TOLD),
            "off": found[:, 0].mean(axis=0),
            "on": found[:, 1].mean(axis=0),
            "difference": difference.mean(axis=0),
            "mcse": difference.std(axis=0, ddof=1) / np.sqrt(seeds),
        }
    )


def one(plan: Any, switch: str, on: bool, replicate: int) -> list[float]:
    """Tell one replicate of the twins with the switch off or on: each quantity today, and avoided, a child."""
    tables = plan.tables
    values = {**tables.values(), **plan.scenario.numbers}
    switches = plan.scenario.switches.model_copy(update={switch: on})
    chosen = plan.scenario.model_copy(update={"switches": switches})
    today = Surroundings(tables, values, chosen.as_today())
    world = reference(tables, values, switches, seed_key(plan.seed, REFERENCE_SEED - replicate), REFERENCE_CHILDREN)
    here = world._replace(key=seed_key(plan.seed, replicate))
    begun = cohort(tables, values, plan.places, plan.children, here.key, switches)
    none = here._replace(p=here.p._replace(adversity=0.0))
    lives = (
        live(today, here, begun),
        live(Surroundings(tables, values, chosen), here, begun),
        live(today, none, begun),
    )
    now, improved, spared = (sums(tables, values, life, plan.places) for life in lives)
    told = []
    for name in TOLD:
        level = (now[name] - spared[name] if name in DUE else now[name]).sum()
        told += [level / len(begun), (now[name] - improved[name]).sum() / len(begun)]
    return told
