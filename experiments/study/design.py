"""Choose a design by a pilot: how many seeds of chance in a draw; and measure what twins are worth."""

from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.plan import REFERENCE_CHILDREN
from experiments.study import folder
from experiments.study.carriers import Carry, until_done
from experiments.study.declaration import Setup, from_text
from experiments.study.gather import compared, moments, read_answers
from experiments.study.tally import Moments
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


def best_chance(setup: Setup, runs: Any) -> int:
    """Choose the seeds of chance in a draw that make the error smallest for what is spent.

    With variance B between draws, B' what of it the two of a pair share, and W within, and lives c for a draw and d
    for each seed of chance in it, the product of variance and cost, (B + B' + W / r) (c + d r), is least at
    r = sqrt(W c / ((B + B') d)); of several outputs the geometric mean is taken.

    Parameters
    ----------
    runs : (2, tasks, chance of at least 2, scenarios, places, quantities)
    """
    found = moments(compared(runs))
    within = found.within()
    between = 2 * found.pairs * found.error_of_mean() ** 2 - within / found.chance
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
    for pieces in until_done(carry, pilot.text, [task for task in range(pilot.pairs) if task not in there]):
        folder.keep(where, pieces)
    chosen = best_chance(pilot, read_answers(pilot, folder.done(where)))
    settled = setup.experiment.model_copy(update={"chance": chosen})
    return from_text(type(setup)(settled, setup.scenarios).text)


class TwinsGain:
    """What twins are worth: the variance of a difference without them over that with them, at equal cost.

    Without: the other scenario under another seed of chance of the same draw (missing with one seed), or in another
    draw altogether, whose numbers and children are its own: that of the task before, for the first task the last.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.twins, self.other_chance, self.other_draw = Moments(), Moments(), Moments()
        self.opening: Any = None
        self.before: Any = None

    def add(self, runs: Any) -> None:
        """Take the runs of tasks in order; (2, tasks, chance, scenarios, places, quantities)."""
        first, others = runs[:, :, :, :1], runs[:, :, :, 1:]
        self.twins.add(others - first)
        self.other_chance.add(np.roll(others, 1, axis=2) - first)
        if self.before is None:
            self.opening, following = first[:, :1], first[:, 1:]
            before = others[:, :-1]
        else:
            following, before = first, np.concatenate([self.before, others[:, :-1]], axis=1)
        if following.shape[1]:
            self.other_draw.add(before - following)
        self.before = others[:, -1:]

    def table(self) -> pd.DataFrame:
        """Tabulate it for what has come.

        Returns
        -------
        scenario, place, quantity, variance_with_twins, and how many times as large it is with other_chance, other_draw
        """
        closed = copy(self.other_draw)
        closed.add(self.before - self.opening)
        variance = self.twins.variance()
        safe = np.where(variance > 0, variance, np.nan)
        another = np.nan if self.twins.chance == 1 else self.other_chance.variance()
        names = [scenario.name for scenario in self.setup.scenarios[1:]]
        outputs = [output.name for output in self.setup.outputs]
        index = pd.MultiIndex.from_product(
            [names, self.setup.answers, outputs], names=["scenario", "place", "quantity"]
        )
        columns = {
            "variance_with_twins": variance,
            "other_chance": another / safe,
            "other_draw": closed.variance() / safe,
        }
        return pd.DataFrame({name: each.reshape(-1) for name, each in columns.items()}, index=index).reset_index()


def twins_gain(setup: Setup, runs: Any) -> pd.DataFrame:
    """Measure what twins are worth by runs that are all at hand; as `TwinsGain.table`.

    Parameters
    ----------
    runs : (2, tasks, chance, scenarios, places, quantities)
    """
    found = TwinsGain(setup)
    found.add(runs)
    return found.table()
