"""Gather the parts of an experiment: bands, errors, where the variance comes from, and how precise it is by now."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.assembly import apart
from experiments.results import REGION
from experiments.study.declaration import Setup
from experiments.study.folder import read_part
from experiments.study.tasks import NONE, chance_of

ENDS = {
    "low_95": 0.025,
    "low_80": 0.1,
    "low_50": 0.25,
    "median": 0.5,
    "high_50": 0.75,
    "high_80": 0.9,
    "high_95": 0.975,
}
LESS = " less "
"""Between two scenarios, in the name of their paired difference."""


def answers(setup: Setup, table: pd.DataFrame) -> Any:
    """Work out the quantities of one task.

    Returns
    -------
    (2, chance, scenarios, places of the answer, quantities); of a table that holds one draw, 1 in place of 2
    """
    names = [scenario.name for scenario in setup.scenarios]
    shape = (-1, chance_of(setup), len(setup.places))
    sums: dict[str, dict[str, Any]] = {}
    for name, rows in table.groupby("scenario", sort=False):
        each = {
            column: rows[column].to_numpy(float).reshape(shape)
            for column in rows.columns
            if column not in ("matrix", "chance", "scenario", "place")
        }
        if REGION in setup.experiment.places:
            each = {column: np.concatenate([x, x.sum(axis=-1, keepdims=True)], axis=-1) for column, x in each.items()}
        sums[str(name)] = each
    sums.setdefault("none", sums.get(NONE, sums[names[0]]))
    found = [[output.of(sums[name], sums["none"]) for output in setup.outputs] for name in names]
    return np.moveaxis(np.array(found), (0, 1), (2, 4))


def read_answers(setup: Setup, parts: Mapping[int, Path]) -> Any:
    """Read parts one by one, in the order of their tasks; only the answers stay in memory.

    Returns
    -------
    (2, tasks, chance, scenarios, places, quantities)
    """
    found = [answers(setup, read_part(parts[task], setup, task)) for task in sorted(parts)]
    return np.stack(found, axis=1)


def with_differences(setup: Setup, runs: Any) -> tuple[list[str], Any]:
    """Append to the scenarios the paired difference of each from the first.

    Returns
    -------
    names, and (2, tasks, chance, scenarios and differences, places, quantities)
    """
    names = [scenario.name for scenario in setup.scenarios]
    gaps = [apart(runs[:, :, :, k], runs[:, :, :, 0]) for k in range(1, len(names))]
    told = [*names, *(f"{name}{LESS}{names[0]}" for name in names[1:])]
    return told, np.concatenate([runs, *(gap[:, :, :, None] for gap in gaps)], axis=3)


def error_of_mean(runs: Any) -> Any:
    """Give the Monte Carlo error of the mean: pairs of draws are independent, what is within one is not.

    Parameters
    ----------
    runs : (2, tasks, chance, ...)
    """
    by_pair = runs.mean(axis=(0, 2))
    if len(by_pair) < 2:
        return np.full(by_pair.shape[1:], np.nan)
    return by_pair.std(axis=0, ddof=1) / np.sqrt(len(by_pair))


def parts_of_variance(runs: Any) -> dict[str, Any]:
    """Split the variance of one run into chance, evidence-based numbers and assumptions, as shares.

    Chance is the variance within a draw (with one seed of chance a draw it cannot be told from evidence). What is
    graded assumption or set by hand is the covariance between two draws that share exactly these, over the variance:
    their closed first-order Sobol index. Evidence is the rest: the other numbers, and their interaction with
    assumptions.

    Parameters
    ----------
    runs : (2, tasks, chance, ...)
    """
    tasks, chance = runs.shape[1], runs.shape[2]
    missing = np.full(runs.shape[3:], np.nan)
    if tasks < 4:
        return dict.fromkeys(("from_chance", "from_evidence", "from_assumption", "from_assumption_se"), missing)
    flat = runs.reshape(-1, *runs.shape[3:])
    variance = flat.var(axis=0, ddof=1)
    safe = np.where(variance > 0, variance, np.nan)
    gap = runs.mean(axis=2)
    gap = gap - gap.mean(axis=(0, 1))
    product = gap[0] * gap[1]
    assumption = product.mean(axis=0) * tasks / (tasks - 1) / safe
    error = product.std(axis=0, ddof=1) / np.sqrt(tasks) / safe
    luck = runs.var(axis=2, ddof=1).mean(axis=(0, 1)) / safe if chance > 1 else missing
    return {
        "from_chance": luck,
        "from_evidence": 1.0 - assumption - luck,
        "from_assumption": assumption,
        "from_assumption_se": error,
    }


def error_of_quantile(runs: Any, at: float) -> Any:
    """Give the Monte Carlo error of a quantile: half the span between the ranks one standard error either way.

    Pairs of draws are independent; the ranks count as many as there are of these.
    """
    pairs = runs.shape[1]
    flat = runs.reshape(-1, *runs.shape[3:])
    step = np.sqrt(at * (1 - at) / pairs)
    low, high = (np.quantile(flat, np.clip(at + sign * step, 0, 1), axis=0) for sign in (-1, 1))
    return (high - low) / 2


def summary(setup: Setup, runs: Any) -> pd.DataFrame:
    """Tabulate every quantity of every scenario and difference.

    Returns
    -------
    place, scenario, quantity, unit, mean, mcse; the ends of the 50, 80 and 95% bands and the error of the outermost;
    and what of the variance comes from chance, from evidence and from assumption
    """
    names, every = with_differences(setup, runs)
    columns = {"mean": every.mean(axis=(0, 1, 2)), "mcse": error_of_mean(every)}
    flat = every.reshape(-1, *every.shape[3:])
    columns |= {end: np.quantile(flat, at, axis=0) for end, at in ENDS.items()}
    columns |= {f"{end}_se": error_of_quantile(every, ENDS[end]) for end in ("low_95", "high_95")}
    columns |= parts_of_variance(every)
    index = pd.MultiIndex.from_product(
        [names, setup.answers, [output.name for output in setup.outputs]],
        names=["scenario", "place", "quantity"],
    )
    table = pd.DataFrame({name: each.reshape(-1) for name, each in columns.items()}, index=index).reset_index()
    units = {output.name: output.unit for output in setup.outputs}
    table.insert(3, "unit", table["quantity"].map(units))
    return table


def runs_table(setup: Setup, tasks: Iterable[int], runs: Any) -> pd.DataFrame:
    """Tabulate every run: draw, seed of chance, scenario, place, and a column for each quantity."""
    _, _, chance, _, _, quantities = runs.shape
    draws = [2 * task + matrix for task in tasks for matrix in range(2)]
    ordered = np.moveaxis(runs, 0, 1).reshape(-1, quantities)
    index = pd.MultiIndex.from_product(
        [draws, range(chance), [scenario.name for scenario in setup.scenarios], setup.answers],
        names=["draw", "chance", "scenario", "place"],
    )
    columns = [output.name for output in setup.outputs]
    return pd.DataFrame(ordered, index=index, columns=columns).reset_index()


def points_table(setup: Setup, tasks: Iterable[int]) -> pd.DataFrame:
    """Tabulate the numbers of every draw."""
    chosen = list(tasks)
    both = np.stack([matrix[chosen] for matrix in setup.drawn[1]], axis=1)
    table = pd.DataFrame(both.reshape(2 * len(chosen), -1), columns=list(setup.names))
    table.insert(0, "draw", [2 * task + matrix for task in chosen for matrix in range(2)])
    return table


def precision(setup: Setup, runs: Any) -> Any:
    """Give the Monte Carlo error of each named output's mean over its 95% band, the worst of all places.

    Where the experiment compares scenarios it is the error of the last difference.

    Returns
    -------
    (outputs,); 0 where a band has no width
    """
    asked = setup.experiment.precision
    wanted = asked.outputs if asked else [output.name for output in setup.outputs]
    _, every = with_differences(setup, runs)
    columns = [[output.name for output in setup.outputs].index(name) for name in wanted]
    last = every[:, :, :, -1][..., columns]
    error = error_of_mean(last)
    low, high = np.quantile(last.reshape(-1, *last.shape[3:]), [0.025, 0.975], axis=0)
    width = high - low
    return np.where(width > 0, error / np.where(width > 0, width, 1.0), 0.0).max(axis=0)


def draws_for(reached: float, asked: float, draws: int) -> int:
    """Give the draws after which an error falls from what is reached to what is asked: it goes with 1 / sqrt(draws)."""
    return int(np.ceil(draws * (reached / asked) ** 2))
