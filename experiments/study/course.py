"""Take an experiment through its course: which tasks come next, when it is precise enough, and what it gathers."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.origin import installed
from experiments.provenance import LIBRARIES
from experiments.report import csv_bytes, manifest_of, parquet_bytes
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
from experiments.study import folder
from experiments.study.carriers import Carry, in_order
from experiments.study.declaration import Setup
from experiments.study.design import twins_gain
from experiments.study.gather import (
    LESS,
    draws_for,
    points_table,
    precision,
    read_answers,
    runs_table,
    summary,
)
from experiments.study.tasks import chance_of
from simulation.errors import InputError

FIRST_ROUND = 16
"""Tasks after which precision is looked at first; each further round doubles what is done."""
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


def take(setup: Setup, out: Path, carry: Carry, shard: tuple[int, int] | None, show: Show | None) -> None:
    """Do what is left of an experiment, round by round, until it is precise enough or all is done.

    Where it stops depends on what the tasks found, never on time, threads or machines.

    Raises
    ------
    InputError
        If a shard is asked of an experiment that stops by precision, or a precision cannot be reached.
    """
    if shard is not None and setup.experiment.precision is not None:
        raise InputError(
            "--shard: how far an experiment with [precision] goes is known only from all its parts; "
            "give it draws instead of [precision], or run it in one place"
        )
    for last in rounds(setup):
        wanted = [task for task in range(last) if shard is None or task % shard[1] == shard[0] - 1]
        there = folder.done(out)
        left = [task for task in wanted if task not in there]
        reached = state(setup, out).precision if show is not None and setup.experiment.precision else None
        for number, pieces in enumerate(in_order(carry, setup.text, left), start=1):
            folder.keep(out, pieces)
            if show is not None:
                show(len(wanted) - len(left) + number, len(wanted), reached)
        if state(setup, out).enough:
            return
    if setup.experiment.precision is not None:
        reached = state(setup, out).precision or np.inf
        asked = setup.experiment.precision
        more = draws_for(reached, asked.share, 2 * setup.pairs)
        raise InputError(
            f"{out}: the error is {reached:.3f} of the band after {asked.most_draws} draws, and {asked.share} was "
            f"asked; about {more:,} draws are needed: raise most_draws or the share in a new experiment. "
            "What was done can be collected"
        )


def state(setup: Setup, out: Path) -> State:
    """Tell how far an experiment has come."""
    parts = folder.done(out)
    asked = setup.experiment.precision
    if asked is None:
        return State(len(parts), setup.pairs, None, len(parts) == setup.pairs)
    at = [end for end in rounds(setup) if all(task in parts for task in range(end))]
    if not at:
        return State(len(parts), setup.pairs, None, False)
    runs = read_answers(setup, {task: parts[task] for task in range(at[-1])})
    reached = float(np.max(precision(setup, runs)))
    return State(len(parts), setup.pairs, reached, reached <= asked.share)


def collect(setup: Setup, out: Path, others: Sequence[Path] = ()) -> pd.DataFrame:
    """Gather what is done into the tables of the folder, and give the summary.

    Parameters
    ----------
    others : folders of the same experiment whose parts belong to it too, such as those of shards

    Raises
    ------
    InputError
        If nothing is done, or parts are of another experiment.
    """
    for other in others:
        if folder.opened(other).key != setup.key:
            raise InputError(f"{other}: is another experiment than {out}, or of other rules; they are not mixed")
        for task, path in folder.done(other).items():
            folder.read_part(path, setup, task)
            folder.write_whole(out / folder.PARTS / path.name, path.read_bytes())
    parts = folder.done(out)
    if not parts:
        raise InputError(f"{out}: nothing is done yet; wellheld experiment resume {out}")
    runs = read_answers(setup, parts)
    table = summary(setup, runs)
    files = {
        "summary.csv": csv_bytes(table),
        "summary.parquet": parquet_bytes(table),
        "runs.parquet": parquet_bytes(runs_table(setup, sorted(parts), runs)),
        "twins.csv": csv_bytes(twins_gain(setup, runs)),
        "points.parquet": parquet_bytes(points_table(setup, sorted(parts))),
    }
    facts = {
        "experiment": json.loads(setup.text),
        "key": setup.key,
        "tasks_done": len(parts),
        "tasks": setup.pairs,
        "draws": 2 * len(parts),
        "chance": chance_of(setup),
        "parts": {str(task): path.name for task, path in sorted(parts.items())},
        "version": installed("wellheld"),
        "libraries": {name: installed(name) for name in LIBRARIES},
    }
    for name, content in files.items():
        folder.write_whole(out / name, content)
    folder.write_whole(out / "manifest.json", manifest_of(facts, files))
    return table


def screen(setup: Setup, table: pd.DataFrame, tasks_done: int) -> str:
    """Write the differences, or the one scenario, with their bands and where their variance comes from."""
    experiment = setup.experiment
    lines = wrapped(
        f"{experiment.question} {2 * tasks_done} draws of {len(setup.names)} uncertain numbers, "
        f"{chance_of(setup)} of chance in each, seed {experiment.seed}."
    )
    gaps = table[table["scenario"].str.contains(LESS, regex=False)]
    shown = gaps if len(gaps) else table
    for (scenario, place), here in shown.groupby(["scenario", "place"], sort=False):
        cells = [[f"{scenario}, {place}", "mean", "mcse", "95%", "band", "chance", "evidence", "assumption"]]
        for row in here.to_dict("records"):
            figures = [f"{row[name]:,.4g}" for name in ("mean", "mcse", "low_95", "high_95")]
            shares = [
                "-" if row[name] != row[name] else f"{100 * row[name]:.0f}%"
                for name in ("from_chance", "from_evidence", "from_assumption")
            ]
            cells.append([f"  {str(row['quantity']).replace('_', ' ')}", *figures, *shares])
        lines += ["", *align(cells)]
    said = (
        "95% band: of one run, chance and ignorance together; its variance parted into chance, evidence-based numbers "
        "and assumptions. mcse: Monte Carlo error of the mean."
    )
    return "\n".join([*lines, "", *wrapped(said), NOT_FOR_INDIVIDUALS]) + "\n"


def timed(show: Callable[[int, int, str], None]) -> Show:
    """Show rate and precision beside what is done."""
    begun = time.monotonic()

    def told(done: int, total: int, reached: float | None) -> None:
        rate = done / max(1e-9, time.monotonic() - begun)
        show(done, total, f"{rate:.1f} tasks/s" + ("" if reached is None else f", error {reached:.3f} of the band"))

    return told


def lines_of(setup: Setup, out: Path) -> Iterator[str]:
    """Say in lines how far an experiment has come and what is left."""
    now = state(setup, out)
    yield f"{setup.experiment.name}: {now.done} of {now.tasks} tasks done, {2 * now.done} draws"
    asked = setup.experiment.precision
    if asked is not None and now.precision is not None:
        yield f"error {now.precision:.4f} of the 95% band, {asked.share:g} asked" + (
            ": precise enough" if now.enough else ""
        )
        draws = 2 * now.done
        yield f"to halve it, about {draws_for(now.precision, now.precision / 2, draws) - draws:,} draws more"
