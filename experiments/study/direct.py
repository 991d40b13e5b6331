"""Run the model at numbers of one's own choosing: points given as quantiles, chance the same at all of them."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import joblib
import numpy as np

from experiments.limits import cores
from experiments.quantities import apart
from experiments.study.declaration import Setup
from experiments.study.gather import answers
from experiments.study.outputs import all_sums
from experiments.study.tasks import lined_up, twins
from simulation.errors import InputError
from simulation.inputs import Number
from simulation.sampling import quantiles

EDGE = 1e-6
"""How near to 0 and 1 a quantile may come: a normal has no end."""
Model = Callable[[Any], Any]
"""From (points, numbers) quantiles to (points, outputs)."""


def chosen_numbers(setup: Setup, patterns: Sequence[str]) -> list[Number]:
    """Choose among an experiment's uncertain numbers by name, `*` for any; all where no pattern is given.

    Raises
    ------
    InputError
        If a pattern fits none.
    """
    numbers: list[Number] = list(setup.drawn[0])
    for pattern in patterns:
        if not any(fnmatchcase(number.name, pattern) for number in numbers):
            raise InputError(f"--only {pattern}: fits no number that is uncertain here; wellheld parameters lists them")
    return [x for x in numbers if not patterns or any(fnmatchcase(x.name, pattern) for pattern in patterns)]


def differences_at(setup: Setup, drawn: dict[str, float]) -> Any:
    """Run all scenarios at some numbers under the chance of the first draw.

    Returns
    -------
    (outputs,): last scenario less first (of one scenario, its own level), in the last place asked, a mean over chance
    """
    values = setup.values_of(drawn)
    lives = twins(setup, values, 0)
    sums = [all_sums(setup.tables, values, life, setup.places) for _, _, life in lives]
    found = answers(setup, lined_up(setup, sums))[0, :, :, -1]
    gap = found[:, 0] if len(setup.scenarios) == 1 else apart(found[:, -1], found[:, 0])
    return gap.mean(axis=0)


def model(setup: Setup, numbers: Sequence[Number], jobs: int | None = None) -> Model:
    """Make the experiment a function of the quantiles of some numbers, the others at their medians.

    Every point has the same children and the same seeds of chance, so that outputs differ by the numbers alone.

    Parameters
    ----------
    numbers : what varies, in the order of the points' columns
    """
    middle = {number.name: float(quantiles(number, np.array([0.5]))[0]) for number in setup.drawn[0]}

    def outputs(points: Any) -> Any:
        at = np.clip(np.asarray(points, float), EDGE, 1 - EDGE)
        columns = np.column_stack([quantiles(number, at[:, k]) for k, number in enumerate(numbers)])
        names = [number.name for number in numbers]
        drawn = [middle | dict(zip(names, row, strict=True)) for row in columns.tolist()]
        run = joblib.Parallel(n_jobs=jobs or cores(), backend="threading")
        return np.array(run(joblib.delayed(differences_at)(setup, each) for each in drawn))

    return outputs
