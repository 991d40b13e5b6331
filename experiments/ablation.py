"""What each switch of the model changes: the same children with it as it is and turned, one at a time.

from experiments.ablation import ablation, switched
switched("type_specific_harm", "sandwell", children=2000)
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from experiments.plan import REFERENCE_CHILDREN, REFERENCE_SEED, Plan, make_plan
from experiments.rounding import text
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
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
    "ever_looked_after": ("ever looked after", "share"),
    "dalys": ("DALYs due to adversity", "DALYs"),
    "lost_gdp": ("lost GDP to adversity", "GBP"),
    "service_cost": ("service cost, 0-17", "GBP"),
}
"""Quantities that are told, a child, with title and unit."""
DUE = ("dalys", "lost_gdp")
"""Quantities of which only what is due to adversity is told."""
ON_SCREEN = {
    "cats": ("CATs", 3),
    "ever_looked_after": ("in care", 4),
    "dalys": ("DALYs", 4),
    "service_cost": ("GBP", 0),
}
"""Quantities on the screen, with a short title and decimals."""
ONLY_RESIDENTS = ("moves_between",)
"""Switches that change nothing in a cohort."""
WITH = {"spillover": ("amplification",)}
"""Switches that need others on."""
SEEDS = 8
"""Replicates of chance of an ablation."""


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
    found = np.array([[one(plan, {switch: on}, replicate) for on in (False, True)] for replicate in range(seeds)])
    return compared(found[:, 0], found[:, 1]).rename(columns={"as_it_is": "off", "turned": "on"})


def ablation(
    place: str = "sandwell",
    scenario: Scenario | str | Path = "improved",
    children: int | None = None,
    seeds: int = SEEDS,
    seed: int = 1,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Turn each switch of the model alone, and those that are off all together, and tell what becomes of the headline.

    Parameters
    ----------
    seeds : replicates of chance, two or more, shared by all

    Returns
    -------
    columns switch, turned_to, quantity, unit, of ('today' or 'avoided' by the scenario), as_it_is, turned,
    difference, mcse; all a child
    """
    if seeds < 2:
        raise InputError(f"--seeds {seeds} is below 2, which leaves no standard error; give more")
    plan = make_plan(place, 1, seed, children, scenario, "compiled")
    turned = turns(plan.scenario.switches)
    tasks = [(changes, replicate) for changes in ({}, *turned.values()) for replicate in range(seeds)]
    work = joblib.Parallel(n_jobs=jobs or joblib.cpu_count(), backend="threading", return_as="generator")
    found: list[list[float]] = []
    for each in work(joblib.delayed(one)(plan, *task) for task in tasks):
        found.append(each)
        if progress is not None:
            progress(len(found), len(tasks))
    runs = np.array(found).reshape(len(turned) + 1, seeds, -1)
    parts = []
    for number, (name, changes) in enumerate(turned.items(), 1):
        table = compared(runs[0], runs[number])
        table.insert(0, "turned_to", "on" if all(changes.values()) else "off")
        table.insert(0, "switch", name)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def turns(switches: Switches) -> dict[str, dict[str, bool]]:
    """List what is turned: each switch alone, with those that it needs, and all that are off together."""
    found = {}
    for name, value in switches.model_dump().items():
        if name not in ONLY_RESIDENTS:
            found[name] = {name: not value} | {other: True for other in WITH.get(name, ()) if not value}
    # Years lost as published are another measure of the same lives.
    off = {name: True for name, value in switches.model_dump().items() if not value and name != "published_yll"}
    return {**found, "all that are off": off}


def compared(as_it_is: Any, turned: Any) -> pd.DataFrame:
    """Tabulate the difference of paired runs, (seeds, 2 x quantities) each, with its standard error."""
    difference = turned - as_it_is
    # What only rounding tells apart is no difference.
    difference[np.abs(difference) < 1e-9 * np.maximum(np.abs(turned), np.abs(as_it_is))] = 0.0
    return pd.DataFrame(
        {
            "quantity": [title for title, _ in TOLD.values() for _ in range(2)],
            "unit": [f"{unit} a child" for _, unit in TOLD.values() for _ in range(2)],
            "of": ["today", "avoided"] * len(TOLD),
            "as_it_is": as_it_is.mean(axis=0),
            "turned": turned.mean(axis=0),
            "difference": difference.mean(axis=0),
            "mcse": difference.std(axis=0, ddof=1) / np.sqrt(len(difference)),
        }
    )


def one(plan: Plan, changes: Mapping[str, bool], replicate: int) -> list[float]:
    """Tell one replicate of the twins with some switches set: each quantity today, and avoided, a child."""
    tables = plan.tables
    values = {**tables.values(), **plan.scenario.numbers}
    switches = Switches.model_validate(plan.scenario.switches.model_dump() | dict(changes))
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


def screen(table: pd.DataFrame, settings: str, scenario: str) -> str:
    """Write what each switch does to today's level and to what the scenario avoids, with standard errors."""
    lines = wrapped(
        f"What each switch changes: {settings}. A child of a cohort (CATs by 18; share ever looked after; DALYs due to "
        "adversity; service cost, 0-17), central numbers, paired by seed; ± Monte Carlo standard error. The first line "
        "is the model as it is, the others are what a switch adds to it; a dot: nothing at all."
    )
    for of, title in (("today", "Today's level"), ("avoided", f"What {scenario[:40]} avoids of it")):
        lines += ["", *align(block(table[table["of"] == of], title))]
    note = f"Only among residents, and not here: {', '.join(ONLY_RESIDENTS)}."
    return "\n".join([*lines, "", *wrapped(note), NOT_FOR_INDIVIDUALS]) + "\n"


def block(table: pd.DataFrame, title: str) -> list[list[str]]:
    """Make the cells of the quantities on the screen: the model as it is, and each switch's change."""
    shown = {TOLD[name][0]: words for name, words in ON_SCREEN.items()}
    first = table.drop_duplicates("quantity").set_index("quantity")["as_it_is"]
    cells = [
        [title, *(words for words, _ in shown.values())],
        ["as it is", *(text(float(first[name]), places) for name, (_, places) in shown.items())],
    ]
    for (switch, to), here in table.groupby(["switch", "turned_to"], sort=False):
        gaps = here.set_index("quantity")[["difference", "mcse"]].astype(float).loc[list(shown)].to_numpy()
        told = [change(mean, error, places) for (mean, error), (_, places) in zip(gaps, shown.values(), strict=True)]
        cells.append([f"{switch} {to}" if to == "off" else str(switch), *told])
    return cells


def change(mean: float, error: float, places: int) -> str:
    """Write a difference with its standard error; a dot where nothing changes at all."""
    return "." if mean == 0.0 and error == 0.0 else f"{text(mean, places, sign=True)}±{text(error, places)}"
