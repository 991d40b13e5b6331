"""Read the draws that an experiment has at hand: its numbers, and what the scenario changed under each of them."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from experiments.study import folder
from experiments.study.declaration import Setup
from simulation.errors import InputError, nearest, shown

LEAST_DRAWS = 16
"""Draws below which nothing is fitted to them."""


class AtHand(NamedTuple):
    """Draws of one comparison.

    Parameters
    ----------
    points : a row a draw, a column an uncertain number
    pair : (draws,) the task of each: its two draws share what is graded assumption, so that they are not independent
    outputs : name: (draws, seeds of chance): last scenario less first, or the level of the only one
    compared, place : what and where
    """

    points: pd.DataFrame
    pair: Any
    outputs: dict[str, Any]
    compared: str
    place: str

    def mean(self, name: str) -> Any:
        """Give an output's mean over chance in each draw.

        Raises
        ------
        InputError
            If there is no such output.
        """
        if name not in self.outputs:
            offer = nearest(name, self.outputs)
            raise InputError(f"no output is called {shown(name)} here.{offer} There are: {', '.join(self.outputs)}")
        return self.outputs[name].mean(axis=1)

    def explainable(self, name: str) -> float:
        """Give the share of the variance of a draw's mean that is not chance; missing with one seed of chance."""
        return not_chance(self.mean(name), noise_of(self.outputs[name]))


def noise_of(runs: Any) -> float:
    """Estimate the variance that chance leaves in a draw's mean; missing with one seed of chance.

    Parameters
    ----------
    runs : (draws, seeds of chance)
    """
    return float(runs.var(axis=1, ddof=1).mean()) / runs.shape[1] if runs.shape[1] > 1 else float("nan")


def not_chance(means: Any, noise: float) -> float:
    """Give the share of the variance of means that is not noise, from 0 to 1; 1 where they do not vary."""
    variance = float(means.var(ddof=1))
    return float(np.clip(1.0 - noise / variance, 0.0, 1.0)) if variance > 0 else 1.0


def ranks(points: Any) -> Any:
    """Give the quantile of each value among those of its column, between 0 and 1.

    A number's distribution does not matter then, and what was drawn evenly is even.
    """
    return (stats.rankdata(np.asarray(points, float), axis=0) - 0.5) / len(points)


def read(directory: Path, scenario: str | None = None, place: str | None = None) -> AtHand:
    """Read what `wellheld experiment collect` wrote.

    Parameters
    ----------
    scenario : compared with the first; the last where left out
    place : the last asked where left out

    Raises
    ------
    InputError
        If nothing is collected, draws are too few, scenario or place is none of the experiment's, or the scenario is
        the first of several.
    """
    setup = folder.opened(directory)
    runs, points = table(directory, "runs"), table(directory, "points")
    if len(points) < LEAST_DRAWS:
        raise InputError(
            f"{directory}: {len(points)} draws are too few to tell numbers apart; at least {LEAST_DRAWS}, better 200"
        )
    names = [each.name for each in setup.scenarios]
    other = chosen("--scenario", scenario, names)
    if len(names) > 1 and other == names[0]:
        raise InputError(
            f"--scenario {other}: is what the others are compared with, and would be compared with itself; "
            f"give one of {', '.join(names[1:])}"
        )
    where = chosen("--place", place, list(setup.answers))
    draws = points["draw"].to_numpy()
    label = other if len(names) == 1 else f"{other} less {names[0]}"
    return AtHand(points.drop(columns="draw"), draws // 2, differences(setup, runs, other, where), label, where)


def table(directory: Path, name: str) -> pd.DataFrame:
    """Read a table of the folder.

    Raises
    ------
    InputError
        If it is not there, or cannot be read as a table.
    """
    path = directory / f"{name}.parquet"
    if not path.is_file():
        raise InputError(
            f"{directory}: is not collected ({path.name} is missing); wellheld experiment collect {directory}"
        )
    try:
        return pd.read_parquet(path)
    except (ValueError, OSError) as error:  # pyarrow tells a damaged file by either
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError(
            f"{path}: is damaged ({type(error).__name__}); wellheld experiment collect {directory}"
        ) from error


def chosen(option: str, given: str | None, names: list[str]) -> str:
    """Choose the last of some names, or the one that is given.

    Raises
    ------
    InputError
        If it is none of them.
    """
    if given is None:
        return names[-1]
    if given not in names:
        raise InputError(f"{option} {given}: is none of the experiment's.{nearest(given, names)} {', '.join(names)}")
    return given


def differences(setup: Setup, runs: pd.DataFrame, scenario: str, place: str) -> dict[str, Any]:
    """Subtract twins draw by draw: a scenario less the first, or the only one as it is.

    Returns
    -------
    output: (draws, seeds of chance)
    """
    first = setup.scenarios[0].name
    here = runs[runs["place"] == place]
    found = {}
    for output in setup.outputs:
        wide = here.pivot_table(index="draw", columns=["scenario", "chance"], values=output.name)
        level = wide[scenario].to_numpy()
        found[output.name] = level if scenario == first else level - wide[first].to_numpy()
    return found
