"""Take hypotheses through their runs and judge them together: registered before, resumed where they stopped."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.files import csv_bytes, manifest_of
from experiments.study import course, folder
from experiments.study.carriers import Carry
from experiments.study.declaration import Setup
from experiments.study.gather import read_answers
from experiments.study.hypotheses import Registered, scenario_names, set_up_hypothesis
from experiments.study.tipping import Tipping, tipping_points
from experiments.study.verdict import (
    UNDETERMINED,
    Measured,
    Probability,
    bands,
    distance,
    estimate,
    kept,
    measure,
    probability,
    rests,
    verdict,
    wrong,
)
from simulation.errors import InputError

REGISTERED = "registered.toml"
RUNS = ("runs", "runs_without")
ASSUMED = ("assumption", "calibrated")
"""Grades of numbers that rest on assumption: assumed, or set by hand."""
Show = Callable[[int, str], course.Show | None]


class Judged(NamedTuple):
    """A hypothesis, what its runs found, and the verdict among all that were judged with it."""

    registered: Registered
    setup: Setup
    measured: Measured
    probability: Probability
    alone: str
    verdict: str
    tipping: list[Tipping]


def register(registered: Registered, out: Path) -> None:
    """Write a hypothesis down before its run, or find the same already there.

    Raises
    ------
    InputError
        If the folder holds another of this name, or it has changed since it was registered.
    """
    path = out / REGISTERED
    if not path.exists():
        folder.write_whole(path, registered.content)
    elif path.read_bytes() != registered.content:
        raise InputError(
            f"{registered.path}: has changed since it was registered in {path}; put it back, or choose another --out"
        )


def judge(chosen: Sequence[Registered], out: Path, carry: Carry, show: Show | None = None) -> list[Judged]:
    """Register and run hypotheses, then judge them together.

    Parameters
    ----------
    show : from the number and name of a hypothesis, what is called as its tasks are done; None shows nothing
    """
    prepared = [(registered, set_up_hypothesis(registered)) for registered in chosen]
    for registered, _ in prepared:
        register(registered, out / registered.hypothesis.name)
    found = []
    for number, (registered, setups) in enumerate(prepared):
        name = registered.hypothesis.name
        for setup, runs in zip(setups, RUNS, strict=False):
            folder.begin(setup, out / name / runs)
            course.take(setup, out / name / runs, carry, None, None if show is None else show(number, name))
        found.append(judged(registered, setups, runs_of(setups, out / name)))
    return together(found)


def runs_of(setups: tuple[Setup, ...], out: Path) -> Any:
    """Read the runs of a hypothesis at its place, those of the second experiment beside those of the first.

    Returns
    -------
    (2, tasks, chance, scenarios, outputs)
    """
    parts = [
        read_answers(setup, folder.done(out / runs))[:, :, :, :, -1] for setup, runs in zip(setups, RUNS, strict=False)
    ]
    return np.concatenate(parts, axis=3)


def judged(registered: Registered, setups: tuple[Setup, ...], runs: Any) -> Judged:
    """Judge one hypothesis alone.

    Parameters
    ----------
    runs : (2, tasks, chance, scenarios, outputs)
    """
    hypothesis, setup = registered.hypothesis, setups[0]
    outputs = [output.name for output in setup.outputs]
    found = measure(hypothesis.quantity, scenario_names(setups), outputs, runs)
    chance = probability(found.holds)
    said = verdict(chance, hypothesis.level)
    names = [name for name in setup.names if setup.tables.numbers[name].grade in ASSUMED]
    values = setup.drawn[1][0][:, [setup.names.index(name) for name in names]]
    points = tipping_points(names, values, distance(hypothesis.quantity, found), found.holds, hypothesis.level)
    return Judged(registered, setup, found, chance, said, said, points)


def together(found: Sequence[Judged]) -> list[Judged]:
    """Keep of the verdicts as many as leave few false ones among them."""
    told = kept({each.registered.hypothesis.name: (each.probability, each.alone) for each in found})
    return [each._replace(verdict=told[each.registered.hypothesis.name]) for each in found]


def expected_false(found: Sequence[Judged]) -> float:
    """Give the expected number of false verdicts among those given, under the model's own uncertainty."""
    return sum(wrong(each.probability, each.verdict) for each in found if each.verdict != UNDETERMINED)


def verdicts_table(found: Sequence[Judged]) -> pd.DataFrame:
    """Tabulate verdicts, one row a hypothesis."""
    rows = []
    for each in found:
        hypothesis = each.registered.hypothesis
        mean, error = estimate(each.measured)
        rows.append(
            {
                "hypothesis": hypothesis.name,
                "verdict": each.verdict,
                "verdict_alone": each.alone,
                "probability": each.probability.mean,
                "probability_low": each.probability.low,
                "probability_high": each.probability.high,
                "level": hypothesis.level,
                "estimate": mean,
                "mcse": error,
                "direction": hypothesis.quantity.direction,
                "threshold": hypothesis.quantity.threshold,
                **bands(each.measured),
                **rests(each.measured),
                "draws": each.measured.holds.size,
                "chance": each.measured.margin.shape[2],
                "sha256": each.registered.digest,
            }
        )
    return pd.DataFrame(rows)


def tipping_table(found: Sequence[Judged]) -> pd.DataFrame:
    """Tabulate tipping points, one row for each key assumption of a hypothesis."""
    rows = [
        {"hypothesis": each.registered.hypothesis.name, **point._asdict()} for each in found for point in each.tipping
    ]
    return pd.DataFrame(rows, columns=["hypothesis", *Tipping._fields])


def write(found: Sequence[Judged], out: Path, page: str) -> None:
    """Write verdicts, tipping points, the page and a manifest that holds what was registered."""
    files = {
        "verdicts.csv": csv_bytes(verdicts_table(found)),
        "tipping.csv": csv_bytes(tipping_table(found)),
        "hypotheses.md": page.encode(),
    }
    facts: dict[str, object] = {
        "hypotheses": {
            each.registered.hypothesis.name: {
                "sha256": each.registered.digest,
                "key": each.setup.key,
                "experiment": json.loads(each.setup.text),
            }
            for each in found
        }
    }
    for name, content in files.items():
        folder.write_whole(out / name, content)
    folder.write_whole(out / "manifest.json", manifest_of(facts, files))
