"""Gather the parts of an experiment as they are read: bands, errors, where variance comes from, how precise it is."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from experiments.quantities import apart
from experiments.results import REGION
from experiments.study import folder
from experiments.study.declaration import Setup
from experiments.study.tally import Moments, Tally, in_rows
from experiments.study.tasks import Part, chance_of

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
IN_FLIGHT = 250_000
"""Values that are read or written at once."""
TOGETHER = 50
"""Quantities, the first so many that are asked for, whose covariances are told."""


def answers(setup: Setup, part: Part) -> Any:
    """Work out the quantities of every run of a part.

    Returns
    -------
    (draws, chance, scenarios, places of the answer, quantities)
    """
    sums, count = part.sums, len(setup.scenarios)
    if REGION in setup.experiment.places:
        sums = np.concatenate([sums, sums.sum(axis=-1, keepdims=True)], axis=-1)
    spared = slice(count, None) if setup.needs_none else slice(1)
    own, none = (dict(zip(part.names, sums[:, :, :, which], strict=True)) for which in (slice(count), spared))
    return np.stack([output.of(own, none) for output in setup.outputs], axis=-1)


def blocks(setup: Setup, parts: Mapping[int, Path], home: Path | None = None) -> Iterator[tuple[list[int], Any]]:
    """Read each part once, in the order of tasks, and work out the quantities of some at a time.

    Parameters
    ----------
    home : folder where parts are kept that lie elsewhere

    Returns
    -------
    tasks, and (2, tasks, chance, scenarios, places, quantities)
    """
    tasks: list[int] = []
    waiting: list[Part] = []
    for task in sorted(parts):
        content = folder.read_whole(parts[task])
        waiting.append(folder.part_of(content, parts[task], setup, task))
        tasks.append(task)
        if home is not None and parts[task].parent != home:
            folder.write_whole(home / parts[task].name, content)
        if len(waiting) * waiting[0].sums.size >= IN_FLIGHT:
            yield tasks, by_task(setup, waiting)
            tasks, waiting = [], []
    if waiting:
        yield tasks, by_task(setup, waiting)


def by_task(setup: Setup, parts: Sequence[Part]) -> Any:
    """Work out the quantities of some tasks together; (2, tasks, chance, scenarios, places, quantities)."""
    found = answers(setup, Part(parts[0].names, np.concatenate([part.sums for part in parts], axis=1)))
    return np.moveaxis(found.reshape(len(parts), 2, *found.shape[1:]), 1, 0)


def read_answers(setup: Setup, parts: Mapping[int, Path]) -> Any:
    """Read the quantities of all runs at once; for few draws.

    Returns
    -------
    (2, tasks, chance, scenarios, places, quantities)
    """
    return np.concatenate([runs for _, runs in blocks(setup, parts)], axis=1)


def told_names(setup: Setup) -> list[str]:
    """Name the scenarios, and the paired difference of each from the first."""
    first, *others = (scenario.name for scenario in setup.scenarios)
    return [first, *others, *(f"{name}{LESS}{first}" for name in others)]


def with_differences(runs: Any) -> Any:
    """Append to the scenarios the paired difference of each from the first.

    Returns
    -------
    (2, tasks, chance, scenarios and differences, places, quantities)
    """
    return np.concatenate([runs, apart(runs[:, :, :, 1:], runs[:, :, :, :1])], axis=3)


def compared(runs: Any) -> Any:
    """Take what is compared: the last difference, or the one scenario; (2, tasks, chance, places, quantities)."""
    return with_differences(runs)[:, :, :, -1]


def error_of_mean(runs: Any) -> Any:
    """Give the Monte Carlo error of the mean; (2, tasks, chance, *cells) to (*cells)."""
    return moments(runs).error_of_mean()


def parts_of_variance(runs: Any) -> dict[str, Any]:
    """Split the variance of one run into chance, evidence-based numbers and assumptions, as shares."""
    return moments(runs).parts_of_variance()


def moments(runs: Any) -> Moments:
    """Take the moments of runs that are all at hand; (2, tasks, chance, *cells)."""
    found = Moments()
    found.add(runs)
    return found


def tally(setup: Setup, tasks: int) -> Tally:
    """Begin the tally of an experiment's scenarios and differences, by place and quantity."""
    shape = (2 * len(setup.scenarios) - 1, len(setup.answers), len(setup.outputs))
    return Tally(shape, 2 * tasks * chance_of(setup), TOGETHER)


def summary(setup: Setup, found: Tally) -> pd.DataFrame:
    """Tabulate every quantity of every scenario and difference.

    Parameters
    ----------
    found : tally of what `with_differences` gives

    Returns
    -------
    place, scenario, quantity, unit, mean, mcse; the ends of the 50, 80 and 95% bands and the error of the outermost;
    what of the variance comes from chance, from evidence and from assumption; and the greatest error of a quantile's
    rank, as a share of the runs, 0 where quantiles are exact
    """
    columns = {"mean": found.moments.mean(), "mcse": found.moments.error_of_mean()}
    columns |= dict(zip(ENDS, found.quantile(list(ENDS.values())), strict=True))
    columns |= {f"{end}_se": found.error_of_quantile(ENDS[end]) for end in ("low_95", "high_95")}
    columns |= found.moments.parts_of_variance()
    names = [output.name for output in setup.outputs]
    index = pd.MultiIndex.from_product(
        [told_names(setup), setup.answers, names], names=["scenario", "place", "quantity"]
    )
    table = pd.DataFrame({name: each.reshape(-1) for name, each in columns.items()}, index=index).reset_index()
    units = {output.name: output.unit for output in setup.outputs}
    table.insert(3, "unit", table["quantity"].map(units))
    table["quantile_rank_error"] = found.quantiles.rank_error
    return table


def covariances(setup: Setup, found: Tally) -> pd.DataFrame:
    """Tabulate how quantities vary together over runs: each two of them once, and each with itself.

    Returns
    -------
    scenario, place, quantity, other, covariance, and correlation, missing where one does not vary
    """
    products = found.products.covariance()
    names = [output.name for output in setup.outputs[: products.shape[-1]]]
    spread = np.sqrt(np.maximum(np.diagonal(products, axis1=-2, axis2=-1), 0.0))
    scale = spread[..., :, None] * spread[..., None, :]
    correlation = np.where(scale > 0, products / np.where(scale > 0, scale, 1.0), np.nan)
    one, other = np.triu_indices(len(names))
    index = pd.MultiIndex.from_product([told_names(setup), setup.answers, one], names=["scenario", "place", "quantity"])
    table = index.to_frame(index=False)
    table["quantity"] = np.tile(np.array(names)[one], len(table) // len(one))
    table["other"] = np.tile(np.array(names)[other], len(table) // len(one))
    table["covariance"] = products[..., one, other].reshape(-1)
    table["correlation"] = correlation[..., one, other].reshape(-1)
    return table


def runs_table(setup: Setup, tasks: Sequence[int], runs: Any) -> pa.Table:
    """Tabulate every run: draw, seed of chance, scenario, place, and a column for each quantity.

    Parameters
    ----------
    runs : (2, tasks, chance, scenarios, places, quantities)
    """
    words = {"scenario": [scenario.name for scenario in setup.scenarios], "place": list(setup.answers)}
    draw, chance, *which = np.indices((2 * len(tasks), *runs.shape[2:5])).reshape(4, -1)
    draws = np.array([2 * task + matrix for task in tasks for matrix in range(2)])
    columns = {"draw": draws[draw], "chance": chance}
    columns |= {
        name: pa.DictionaryArray.from_arrays(pa.array(at), pa.array(known)).dictionary_decode()
        for at, (name, known) in zip(which, words.items(), strict=True)
    }
    found = in_rows(runs).reshape(len(draw), -1)
    return pa.table(columns | {output.name: found[:, k] for k, output in enumerate(setup.outputs)})


def points_tables(setup: Setup, tasks: Sequence[int]) -> Iterator[pa.Table]:
    """Tabulate the numbers of every draw, some draws at a time."""
    step = max(1, IN_FLIGHT // (2 * len(setup.names) + 2))
    for first in range(0, len(tasks), step):
        chosen = list(tasks[first : first + step])
        points = np.stack([matrix[chosen] for matrix in setup.drawn[1]], axis=1).reshape(2 * len(chosen), -1)
        columns = {"draw": np.array([2 * task + matrix for task in chosen for matrix in range(2)])}
        yield pa.table(columns | dict(zip(setup.names, points.T, strict=True)))


class Precision:
    """How precise the means of the outputs that an experiment names are, as tasks come in order.

    Where the experiment compares scenarios it is the last difference that counts.

    Parameters
    ----------
    tasks : that will come at most
    """

    def __init__(self, setup: Setup, tasks: int) -> None:
        asked = setup.experiment.precision
        outputs = [output.name for output in setup.outputs]
        self.columns = [outputs.index(name) for name in (asked.outputs if asked else outputs)]
        self.tally = Tally((len(setup.answers), len(self.columns)), 2 * tasks * chance_of(setup))

    def add(self, runs: Any) -> None:
        """Take tasks one by one, so that the same tasks give the same bits however they come together."""
        chosen = compared(runs)[..., self.columns]
        for task in range(chosen.shape[1]):
            self.tally.add(chosen[:, task : task + 1])

    def reached(self) -> Any:
        """Give the Monte Carlo error of each output's mean over its 95% band, the worst of all places.

        Returns
        -------
        (outputs,); 0 where a band has no width
        """
        low, high = self.tally.quantile([ENDS["low_95"], ENDS["high_95"]])
        width = high - low
        share = self.tally.moments.error_of_mean() / np.where(width > 0, width, 1.0)
        return np.where(width > 0, share, 0.0).max(axis=0)


def evidence(setup: Setup) -> str:
    """Say what evidence is in a variance that is parted: how many of its numbers were read in their source."""
    assumed = ("assumption", "calibrated")
    numbers = [setup.tables.numbers[name] for name in setup.names]
    sourced = [number for number in numbers if number.grade not in assumed]
    recalled = sum(number.status == "recalled" for number in sourced)
    return (
        f"Evidence: {len(sourced)} of {len(numbers)} uncertain numbers, those with a source; {recalled} of these are "
        "recalled, not read in it, and many intervals are assumed. Assumption: the others."
    )


def precision(setup: Setup, runs: Any) -> Any:
    """Tell how precise means are by runs that are all at hand; as `Precision.reached`.

    Parameters
    ----------
    runs : (2, tasks, chance, scenarios, places, quantities)
    """
    found = Precision(setup, runs.shape[1])
    found.add(runs)
    return found.reached()


def draws_for(reached: float, asked: float, draws: int) -> int:
    """Give the draws after which an error falls from what is reached to what is asked: it goes with 1 / sqrt(draws)."""
    return int(np.ceil(draws * (reached / asked) ** 2))
