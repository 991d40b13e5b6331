"""Choose a design by a pilot: how many seeds of chance in a draw; and measure what twins are worth."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.base_case import REFERENCE_CHILDREN
from experiments.study import folder
from experiments.study.carriers import Carry, in_order
from experiments.study.declaration import Setup, from_text
from experiments.study.gather import read_answers, with_differences
from simulation.population import births

PILOT_DRAWS = 16
LEAST_CHANCE, MOST_CHANCE = 2, 16
"""Seeds of chance that a pilot may choose: with two, chance can be told from ignorance."""


def children_lived(setup: Setup) -> tuple[int, int]:
    """Count the lives that a draw costs whatever its chance, and those of each seed of chance in it.

    A life is what takes the time, so the choice is the same on any machine.
    """
    born = sum(births(setup.tables, place, setup.experiment.children) for place in setup.places)
    return REFERENCE_CHILDREN, born * (len(setup.scenarios) + setup.needs_none)


def last(setup: Setup, runs: Any) -> Any:
    """Take what is compared: the last difference, or the one scenario; (2, tasks, chance, places x quantities)."""
    _, every = with_differences(setup, runs)
    chosen = every[:, :, :, -1]
    return chosen.reshape(*chosen.shape[:3], -1)


def best_chance(setup: Setup, runs: Any) -> int:
    """Choose the seeds of chance in a draw that make the error smallest for what is spent.

    With variance B between draws and W within, and lives c for a draw and d for each seed of chance in it, the
    product of variance and cost, (B + W / r) (c + d r), is least at r = sqrt(W c / (B d)); of several outputs the
    geometric mean is taken.

    Parameters
    ----------
    runs : (2, tasks, chance of at least 2, scenarios, places, quantities)
    """
    compared = last(setup, runs)
    chance = compared.shape[2]
    within = compared.var(axis=2, ddof=1).mean(axis=(0, 1))
    between = compared.mean(axis=2).reshape(-1, compared.shape[-1]).var(axis=0, ddof=1) - within / chance
    told = (within > 0) & (between > 0)
    if not told.any():
        return LEAST_CHANCE
    outer, inner = children_lived(setup)
    ratio = float(np.exp(np.log(within[told] / between[told]).mean()))
    return int(np.clip(round(np.sqrt(ratio * outer / inner)), LEAST_CHANCE, MOST_CHANCE))


def with_pilot(setup: Setup, out: Path, carry: Carry) -> Setup:
    """Settle an experiment whose seeds of chance a pilot is to choose; its tasks stand in the folder `pilot`."""
    if setup.experiment.chance != "pilot":
        return setup
    tried = setup.experiment.model_copy(update={"chance": 2, "draws": PILOT_DRAWS, "precision": None})
    pilot = from_text(type(setup)(tried, setup.scenarios).text)
    where = out / folder.PILOT
    folder.begin(pilot, where)
    there = folder.done(where)
    for pieces in in_order(carry, pilot.text, [task for task in range(pilot.pairs) if task not in there]):
        folder.keep(where, pieces)
    chosen = best_chance(pilot, read_answers(pilot, folder.done(where)))
    settled = setup.experiment.model_copy(update={"chance": chosen})
    return from_text(type(setup)(settled, setup.scenarios).text)


def twins_gain(setup: Setup, runs: Any) -> pd.DataFrame:
    """Measure what twins are worth: the variance of a difference without them over that with them, at equal cost.

    Without: the other scenario under another seed of chance of the same draw (missing with one seed), or in another
    draw altogether, whose numbers and children are its own.

    Returns
    -------
    scenario, place, quantity, variance_with_twins, and how many times as large it is with other_chance, other_draw
    """
    first = runs[:, :, :, 0]
    rows = []
    for k, scenario in enumerate(setup.scenarios[1:], start=1):
        other = runs[:, :, :, k]
        spread = {
            "with": (other - first).reshape(-1, *first.shape[3:]).var(axis=0, ddof=1),
            "other_chance": (np.roll(other, 1, axis=2) - first).reshape(-1, *first.shape[3:]).var(axis=0, ddof=1),
            "other_draw": (np.roll(other, 1, axis=1) - first).reshape(-1, *first.shape[3:]).var(axis=0, ddof=1),
        }
        if first.shape[2] == 1:
            spread["other_chance"] = np.full(first.shape[3:], np.nan)
        safe = np.where(spread["with"] > 0, spread["with"], np.nan)
        rows += [
            {
                "scenario": scenario.name,
                "place": place,
                "quantity": output.name,
                "variance_with_twins": spread["with"][i, j],
                "other_chance": spread["other_chance"][i, j] / safe[i, j],
                "other_draw": spread["other_draw"][i, j] / safe[i, j],
            }
            for i, place in enumerate(setup.answers)
            for j, output in enumerate(setup.outputs)
        ]
    columns = ["scenario", "place", "quantity", "variance_with_twins", "other_chance", "other_draw"]
    return pd.DataFrame(rows, columns=columns)
