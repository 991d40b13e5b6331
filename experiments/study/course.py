"""Take an experiment through its course: which tasks come next, when it is precise enough, and what it gathers."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from experiments.files import csv_bytes, manifest_of, parquet_bytes
from experiments.origin import installed
from experiments.provenance import LIBRARIES
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
from experiments.study import folder
from experiments.study.carriers import Carry, on_this_machine, until_done
from experiments.study.declaration import Setup
from experiments.study.design import TwinsGain
from experiments.study.gather import (
    LESS,
    TOGETHER,
    Precision,
    blocks,
    covariances,
    draws_for,
    evidence,
    points_tables,
    runs_table,
    summary,
    tally,
    with_differences,
)
from experiments.study.tally import Tally
from experiments.study.tasks import chance_of
from simulation.errors import InputError

FIRST_ROUND = 16
"""Tasks after which precision is looked at first; each further round doubles what is done."""
TOO_ROUGH = 0.2
"""Error of a share of variance above which it is not shown."""
SECONDS = 1.0
"""Time between two looks at the precision that is shown on the way."""
LEAST_SHOWN = 8
"""Tasks below which no error is shown: a band of so few draws says little."""
Show = Callable[[int, int, float | None], None]


class State(NamedTuple):
    """How far an experiment has come."""

    done: int
    tasks: int
    precision: float | None  # the worst of the named outputs; none asked, or nothing done yet
    enough: bool


def rounds(setup: Setup) -> list[int]:
    """Give the tasks that stand done after each round: doubling where precision is asked, else all at once."""
    if setup.experiment.precision is None:
        return [setup.pairs]
    ends, last = [], FIRST_ROUND
    while last < setup.pairs:
        ends.append(last)
        last *= 2
    return [*ends, setup.pairs]


def shard_of(text: str) -> tuple[int, int]:
    """Read which part of the tasks is wanted, such as 3/16: the third of sixteen.

    Raises
    ------
    InputError
        If it is no such part.
    """
    head, _, tail = text.partition("/")
    if not (head.isdecimal() and tail.isdecimal() and 1 <= int(head) <= int(tail) <= 1_000_000):
        raise InputError(f"--shard {text}: is no part; write K/N with K from 1 to N, such as 3/16")
    return int(head), int(tail)


def run(setup: Setup, out: Path, carry: Carry | None = None) -> pd.DataFrame:
    """Begin an experiment in a folder, or go on with it, and gather it: the whole course in one call.

    Parameters
    ----------
    carry : where tasks are carried; threads on all cores of this machine if not given

    Returns
    -------
    the summary, as `collect` gives it
    """
    folder.begin(setup, out)
    take(setup, out, carry or on_this_machine(None, processes=False), None, None)
    return collect(setup, out)


def check_shard(setup: Setup, shard: str | None) -> None:
    """Refuse a part of the tasks that is none, or that nobody can tell.

    Raises
    ------
    InputError
        If it is no part, or the experiment stops by precision.
    """
    if shard is not None and setup.experiment.precision is not None:
        raise InputError(
            "--shard: how far an experiment with [precision] goes is known only from all its parts; "
            "give it draws instead of [precision], or run it in one place"
        )
    if shard is not None:
        shard_of(shard)


def take(setup: Setup, out: Path, carry: Carry, shard: tuple[int, int] | None, show: Show | None) -> float | None:
    """Do what is left of an experiment, round by round, until it is precise enough or all is done.

    Where it stops depends on what the tasks found, never on time, threads or machines.

    Returns
    -------
    tasks a second; None where nothing was left to do

    Raises
    ------
    InputError
        If a precision cannot be reached.
    ResourceError
        If a worker runs another version.
    """
    asked = setup.experiment.precision
    begun, carried, seen, reached = time.monotonic(), 0, 0, None
    precision, shown = Precision(setup, setup.pairs), Precision(setup, setup.pairs)
    told: float | None = None
    looked = -np.inf
    for last in rounds(setup):
        wanted = [task for task in range(last) if shard is None or task % shard[1] == shard[0] - 1]
        there = folder.done(out)
        left = [task for task in wanted if task not in there]
        if show is not None and not carried:
            feed(setup, {task: there[task] for task in wanted if task in there}, shown)
        for number, pieces in enumerate(until_done(carry, setup.text, left), start=1):
            folder.check_made_here(pieces[0], setup)
            path = folder.keep(out, pieces)
            if show is not None:
                feed(setup, {int(pieces[0].name): path}, shown)
                if number == len(left) or time.monotonic() - looked > SECONDS:
                    told, looked = worst(shown), time.monotonic()
                show(len(wanted) - len(left) + number, len(wanted), told)
        carried += len(left)
        if asked is not None:
            reached, seen = look(setup, out, precision, range(seen, last)), last
            if reached <= asked.share:
                break
    if asked is not None and reached is not None and reached > asked.share:
        more = draws_for(reached, asked.share, 2 * setup.pairs)
        raise InputError(
            f"{out}: the error is {reached:.3f} of the band after {asked.most_draws} draws, and {asked.share} was "
            f"asked; about {more:,} draws are needed: raise most_draws or the share in a new experiment. "
            "What was done can be collected"
        )
    return carried / max(1e-9, time.monotonic() - begun) if carried else None


def look(setup: Setup, out: Path, precision: Precision, tasks: Sequence[int]) -> float:
    """Take further tasks, all done, into account, and tell the worst error of the named outputs."""
    parts = folder.done(out)
    feed(setup, {task: parts[task] for task in tasks}, precision)
    return float(np.max(precision.reached()))


def feed(setup: Setup, parts: Mapping[int, Path], precision: Precision) -> None:
    """Take tasks into account, in their order."""
    for _, runs in blocks(setup, parts):
        precision.add(runs)


def worst(precision: Precision) -> float | None:
    """Give the worst error of the outputs over their bands; nothing while bands are of few tasks."""
    return None if precision.tally.moments.pairs < LEAST_SHOWN else float(np.max(precision.reached()))


def state(setup: Setup, out: Path) -> State:
    """Tell how far an experiment has come."""
    parts = folder.done(out)
    asked = setup.experiment.precision
    if asked is None:
        return State(len(parts), setup.pairs, None, len(parts) == setup.pairs)
    at = [end for end in rounds(setup) if all(task in parts for task in range(end))]
    if not at:
        return State(len(parts), setup.pairs, None, False)
    reached = look(setup, out, Precision(setup, setup.pairs), range(at[-1]))
    return State(len(parts), setup.pairs, reached, reached <= asked.share)


def parts_of(setup: Setup, out: Path, others: Sequence[Path]) -> dict[int, Path]:
    """Find the part of every task in the folder and in others of the same experiment.

    Raises
    ------
    InputError
        If another folder is of another experiment, or a task has two parts that differ.
    """
    found = folder.done(out)
    for other in others:
        if folder.opened(other).key != setup.key:
            raise InputError(f"{other}: is another experiment than {out}, or of other rules; they are not mixed")
        for task, path in folder.done(other).items():
            if found.setdefault(task, path).name != path.name:
                raise folder.two_parts(task, path, found[task])
    return found


def collect(setup: Setup, out: Path, others: Sequence[Path] = ()) -> pd.DataFrame:
    """Gather what is done into the tables of the folder, and give the summary.

    Each part is read once, and what is kept of it does not grow with the draws.

    Parameters
    ----------
    others : folders of the same experiment whose parts belong to it too, such as those of shards

    Raises
    ------
    InputError
        If nothing is done, or parts are of another experiment.
    """
    parts = parts_of(setup, out, others)
    if not parts:
        raise InputError(f"{out}: nothing is done yet; wellheld experiment resume {out}")
    (out / "manifest.json").unlink(missing_ok=True)  # it comes last: no other tables than its own stand beside it
    found, gain = tally(setup, len(parts)), TwinsGain(setup)
    folder.write_tables(out / "runs.parquet", taken_in(setup, parts, out, found, gain))
    folder.write_tables(out / "points.parquet", points_tables(setup, sorted(parts)))
    table = summary(setup, found)
    files = {
        "summary.csv": csv_bytes(table),
        "summary.parquet": parquet_bytes(table),
        "covariances.parquet": parquet_bytes(covariances(setup, found)),
        "twins.csv": csv_bytes(gain.table()),
    }
    for name, content in files.items():
        folder.write_whole(out / name, content)
    streamed = {name: out / name for name in ("runs.parquet", "points.parquet")}
    folder.write_whole(out / "manifest.json", manifest_of(facts(setup, parts, found), {**files, **streamed}))
    return table


def facts(setup: Setup, parts: Mapping[int, Path], found: Tally) -> dict[str, object]:
    """Tell what was asked, how much of it is done, and what made it."""
    return {
        "experiment": json.loads(setup.text),
        "key": setup.key,
        "tasks_done": len(parts),
        "tasks": setup.pairs,
        "draws": 2 * len(parts),
        "chance": chance_of(setup),
        "quantile_rank_error": found.quantiles.rank_error,
        "without_covariances": [output.name for output in setup.outputs[TOGETHER:]],
        "parts": {str(task): path.name for task, path in sorted(parts.items())},
        "version": installed("wellheld"),
        "libraries": {name: installed(name) for name in LIBRARIES},
    }


def taken_in(setup: Setup, parts: Mapping[int, Path], out: Path, found: Tally, gain: TwinsGain) -> Iterator[pa.Table]:
    """Read every part, keep it in the folder, take its runs into the tallies and tabulate them."""
    for tasks, runs in blocks(setup, parts, out / folder.PARTS):
        found.add(with_differences(runs))
        gain.add(runs)
        yield runs_table(setup, tasks, runs)


def screen(setup: Setup, table: pd.DataFrame, tasks_done: int) -> str:
    """Write the differences, or the one scenario, with their bands and where their variance comes from."""
    first = setup.scenarios[0].name
    gaps = table[table["scenario"].str.contains(LESS, regex=False)]
    here = table[table["scenario"] == first]
    levels = dict(zip(zip(here["place"], here["quantity"], strict=True), here["mean"], strict=True))
    lines = wrapped(sizes(setup, tasks_done))
    for (scenario, place), here in (gaps if len(gaps) else table).groupby(["scenario", "place"], sort=False):
        heads = [first, "less it"] if len(gaps) else ["mean"]
        cells = [[f"{scenario}, {place}", *heads, "mcse", "95%", "band", "parts"]]
        for row in here.to_dict("records"):
            level = [f"{levels[place, row['quantity']]:,.4g}"] if len(gaps) else []
            figures = [f"{row[name]:,.4g}" for name in ("mean", "mcse", "low_95", "high_95")]
            cells.append([f"  {str(row['quantity']).replace('_', ' ')}", *level, *figures, parts(row)])
        lines += ["", *align(cells)]
    units = table.drop_duplicates("quantity")
    said = [
        "Units: "
        + "; ".join(
            f"{name.replace('_', ' ')} {unit}" for name, unit in zip(units["quantity"], units["unit"], strict=True)
        )
        + ".",
        "95% band: of one run, chance and ignorance together. Parts: of its variance from chance, evidence and "
        f"assumption, in %, estimated; ? where the error passes {100 * TOO_ROUGH:.0f} points, - where one seed of "
        "chance or few draws tell nothing. mcse: Monte Carlo error of the mean.",
        evidence(setup),
    ]
    off = float(table["quantile_rank_error"].max())
    if off > 0:
        said.append(f"Quantiles: of a sketch, their ranks right to {100 * off:.2g}% of the runs.")
    return "\n".join([*lines, "", *(line for text in said for line in wrapped(text)), NOT_FOR_INDIVIDUALS]) + "\n"


def sizes(setup: Setup, tasks_done: int) -> str:
    """Say what was asked and how much was run, and whether some of it is missing."""
    experiment = setup.experiment
    children = "a year's births" if experiment.children is None else f"{experiment.children:,} children"
    left = setup.pairs - tasks_done
    missing = "" if experiment.precision or not left else f" INCOMPLETE: {tasks_done} of {setup.pairs} tasks are done."
    return (
        f"{experiment.question} {children.capitalize()} of each place, {2 * tasks_done} draws of {len(setup.names)} "
        f"uncertain numbers, {chance_of(setup)} of chance in each, seed {experiment.seed}.{missing}"
    )


def parts(row: Mapping[Any, Any]) -> str:
    """Write the parts of a variance, where they are known well enough."""
    shares = [row[name] for name in ("from_chance", "from_evidence", "from_assumption")]
    if row["from_assumption"] != row["from_assumption"]:
        return "-"
    if row["from_assumption_se"] > TOO_ROUGH:
        return "?"
    return "/".join("-" if share != share else f"{100 * share:.0f}" for share in shares)


def timed(show: Callable[[int, int, str], None]) -> Show:
    """Show rate and precision beside what is done."""
    begun, before = time.monotonic(), -1

    def told(done: int, total: int, reached: float | None) -> None:
        nonlocal before
        before = done - 1 if before < 0 else before
        rate = (done - before) / max(1e-9, time.monotonic() - begun)
        show(done, total, f"{rate:.1f} tasks/s" + ("" if reached is None else f", error {reached:.3f} of the band"))

    return told


def halving(draws: int, rate: float | None = None) -> str:
    """Say what it takes to halve the Monte Carlo error: four times the draws.

    Parameters
    ----------
    rate : tasks a second, where it was measured
    """
    whole = draws_for(1.0, 0.5, draws)
    minutes = "" if rate is None else f", {max(1, round(whole / 2 / rate / 60)):,} min at the pace of this run"
    return f"To halve the Monte Carlo error, {whole:,} draws in a new folder{minutes}"


def lines_of(setup: Setup, out: Path) -> Iterator[str]:
    """Say in lines how far an experiment has come and what is left."""
    now = state(setup, out)
    yield f"{setup.experiment.name}: {now.done} of {now.tasks} tasks done, {2 * now.done} draws"
    asked = setup.experiment.precision
    if asked is None:
        reached = Precision(setup, setup.pairs)
        feed(setup, folder.done(out), reached)
        if (error := worst(reached)) is not None:
            yield f"error {error:.4f} of the 95% band, of the output that is least precise"
    if asked is not None and now.precision is not None:
        yield f"error {now.precision:.4f} of the 95% band, {asked.share:g} asked" + (
            ": precise enough" if now.enough else ""
        )
    if now.done:
        yield halving(2 * now.done)
