"""Run one task of an experiment: two draws of the numbers, each scenario, under each seed of chance."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.base_case import REFERENCE_CHILDREN, REFERENCE_SEED
from experiments.study.declaration import Setup, from_text
from experiments.study.outputs import all_sums
from simulation.cohort import Life, reference, run
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.errors import InputError
from simulation.frailty import Values
from simulation.population import cohort

NONE = "no_adversity"
"""The same people as in the first scenario, without adversity."""
REPLICATES = 60_000
PEOPLE = ("authority", "sex", "decile", "ethnic_group", "cats", "aats", "aces", "unresolved", "healed", "ever", "cost")
"""Columns of a child's record that the table of children holds, besides years lost and lived ill [millionths]."""


class Piece(NamedTuple):
    """What a task found: a name within the experiment's folder, and its bytes."""

    name: str
    content: bytes


def work(text: str, task: int) -> list[Piece]:
    """Do one task; the first piece is its part, the others are tables of children.

    Parameters
    ----------
    text : the experiment, as `Setup.text` wrote it: small, so that it travels to any process
    """
    setup = from_text(text)
    rows: list[dict[str, Any]] = []
    pieces: list[Piece] = []
    for matrix, chance, name, life in lives(setup, task):
        rows += rows_of(setup, setup.values(task, matrix), life, {"matrix": matrix, "chance": chance, "scenario": name})
        if setup.experiment.people and name != NONE:
            pieces.append(people_piece(life, name, 2 * task + matrix, chance))
    return [Piece(f"{task:06d}", part_bytes(pd.DataFrame(rows), setup.key, task)), *pieces]


def rows_of(setup: Setup, values: Values, life: Life, which: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sum a run into a row for each place, told which run it is."""
    found = all_sums(setup.tables, values, life, setup.places)
    return [
        {**which, "place": place} | {key: each[number] for key, each in found.items()}
        for number, place in enumerate(setup.places)
    ]


def chance_of(setup: Setup) -> int:
    """Give the seeds of chance within a draw."""
    chance = setup.experiment.chance
    if not isinstance(chance, int):
        raise InputError("chance: 'pilot' is settled by a pilot before tasks are run; use with_pilot")
    return chance


def lives(setup: Setup, task: int) -> Iterator[tuple[int, int, str, Life]]:
    """Live every scenario of a task, twins under the same draws."""
    for matrix in range(2):
        for replicate, name, life in twins(setup, setup.values(task, matrix), 2 * task + matrix):
            yield matrix, replicate, name, life


def twins(setup: Setup, values: Values, number: int) -> Iterator[tuple[int, str, Life]]:
    """Live every scenario at given numbers, under each seed of chance that belongs to the number of a draw."""
    chance, seed = chance_of(setup), setup.experiment.seed
    switches = setup.scenarios[0].switches
    apart = seed_key(seed, REFERENCE_SEED - number % REPLICATES)
    world = reference(setup.tables, values, switches, apart, REFERENCE_CHILDREN)
    for replicate in range(chance):
        key = seed_key(seed, (number * chance + replicate) % REPLICATES)
        here = world._replace(key=key)
        children = cohort(setup.tables, values, setup.places, setup.experiment.children, key, switches)
        for scenario in setup.scenarios:
            there = Surroundings(setup.tables, values, scenario)
            yield replicate, scenario.name, run(there, here, children)
        if setup.needs_none:
            spared = here._replace(p=here.p._replace(adversity=0.0))
            first = Surroundings(setup.tables, values, setup.scenarios[0])
            yield replicate, NONE, run(first, spared, children)


def part_bytes(table: pd.DataFrame, key: str, task: int) -> bytes:
    """Write a task's rows as parquet, with the experiment's key and the task beside; same rows, same bytes."""
    marked = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(
        {"wellheld_experiment": key, "wellheld_task": str(task)}
    )
    sink = pa.BufferOutputStream()
    pq.write_table(marked, sink, compression="zstd")
    return bytes(sink.getvalue())


def people_piece(life: Life, scenario: str, draw: int, chance: int) -> Piece:
    """Write the children of one run, to stand in a folder partitioned by scenario and draw."""
    people = life.children
    columns = {name: people[name] for name in PEOPLE}
    columns |= {"child": people["id"] & 0xFFFFFFFF, "years_lost": people["yll"], "years_ill": people["yld"]}
    table = pa.table({name: pa.array(np.ascontiguousarray(each)) for name, each in columns.items()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return Piece(f"people/scenario={scenario}/draw={draw}/chance-{chance}.parquet", bytes(sink.getvalue()))
