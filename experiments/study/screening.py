"""Screen an experiment by runs of the model itself: Morris or Sobol, of numbers or of groups of them."""

from collections.abc import Sequence

import pandas as pd

from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
from experiments.study import sensitivity
from experiments.study.declaration import Setup
from experiments.study.direct import chosen_numbers, model
from simulation.errors import InputError, shown

SHOWN = 12
MOST_RUNS = 1_000_000


def screened(
    setup: Setup, method: str, by: str, only: Sequence[str], size: int, jobs: int | None = None
) -> pd.DataFrame:
    """Tell which numbers move the last difference of an experiment; all points have the same children and chance.

    Parameters
    ----------
    method : morris or sobol
    by : number, table or grade
    only : patterns of the numbers that vary; the others stay at their medians
    size : trajectories of Morris, or points of Sobol

    Raises
    ------
    InputError
        If method or group is none, or nothing varies.
    """
    ways = {"morris": sensitivity.morris, "sobol": sensitivity.sobol}
    if method not in ways:
        raise InputError(f"--method {shown(method)}: is none; give {' or '.join(ways)}")
    numbers = chosen_numbers(setup, only)
    groups = {
        "number": None,
        "table": [number.file.removesuffix(".csv") for number in numbers],
        "grade": [number.grade for number in numbers],
    }
    if by not in groups:
        raise InputError(f"--by {shown(by)}: is none; give {', '.join(groups)}")
    together = groups[by] if len(set(groups[by] or ())) > 1 else None
    names = [number.name for number in numbers]
    outputs = [output.name for output in setup.outputs]
    run = model(setup, numbers, jobs)
    if method == "morris":
        return sensitivity.morris(run, names, outputs, together, size, setup.experiment.seed)
    return sensitivity.sobol(run, names, outputs, together, size, setup.experiment.seed)


def told(setup: Setup, table: pd.DataFrame, method: str) -> str:
    """Write what moves each output, the most first."""
    lines = wrapped(f"{setup.experiment.question} The model itself, run under the same chance at every point.")
    columns = {"morris": ("mu_star", "mu_star_95", "sigma"), "sobol": ("first", "first_95", "total", "total_95")}[
        method
    ]
    for output, here in table.groupby("output", sort=False):
        ordered = here.sort_values({"morris": "mu_star", "sobol": "total"}[method], ascending=False, kind="stable")
        cells = [[str(output), *(name.replace("_", " ") for name in columns)]]
        cells += [
            [f"  {row['name']}", *("-" if pd.isna(row[name]) else f"{row[name]:.3g}" for name in columns)]
            for row in ordered.head(SHOWN).to_dict("records")
        ]
        lines += ["", *align(cells)]
    said = {
        "morris": "mu star: mean size of the change as a number moves over its 95% interval, with its half-width; "
        "sigma: how much that differs with the other numbers.",
        "sobol": "Shares of the variance, alone (first) and with all interactions (total), with half-widths of 95%.",
    }[method]
    return "\n".join([*lines, "", *wrapped(said), NOT_FOR_INDIVIDUALS]) + "\n"
