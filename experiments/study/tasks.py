"""Run one task of an experiment: two draws of the numbers, each scenario, under each seed of chance."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.child import HUNDREDTHS, MILLION
from agents.names import Ever
from experiments.plan import REFERENCE_CHILDREN, REFERENCE_SEED, REPLICATES
from experiments.study.declaration import Setup, from_text
from experiments.study.outputs import all_sums
from simulation.build import authority_names
from simulation.cohort import Life, reference, run, run_together
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.errors import InputError
from simulation.frailty import Values
from simulation.population import GROUPS, SEXES, cohort

NONE = "no_adversity"
"""The same people as in the first scenario, without adversity."""
STRIDE = 0x5851F42D4C957F2D
"""Step to the seed of the next runs, where one seed has no replicate left."""
LABELS = ("quantity", "matrix", "chance", "scenario", "place")
"""Columns of a part that say whose sum a value is; they repeat, a value hardly ever does."""
COUNTED = ("cats", "aats", "aces", "unresolved", "healed", "escalations", "years_unmet")
"""Counts of a child's record that the table of children holds."""


class Piece(NamedTuple):
    """What a task found: a name within the experiment's folder, and its bytes."""

    name: str
    content: bytes


class Part(NamedTuple):
    """Every sum of every run of a task, or of several, in the order of their draws.

    Parameters
    ----------
    names : of the sums, such as `cats` or `programme_to_10.health`
    sums : (names, draws, chance, scenarios lived, places)
    """

    names: tuple[str, ...]
    sums: Any


def work(text: str, task: int) -> list[Piece]:
    """Do one task; the first piece is its part, the others are tables of children.

    Parameters
    ----------
    text : the experiment, as `Setup.text` wrote it: small, so that it travels to any process
    """
    setup = from_text(text)
    found: list[Mapping[str, Any]] = []
    pieces: list[Piece] = []
    for matrix, chance, name, life in lives(setup, task):
        found.append(all_sums(setup.tables, setup.values(task, matrix), life, setup.places))
        if setup.experiment.people and name != NONE:
            pieces.append(people_piece(setup, life, name, 2 * task + matrix, chance))
    return [Piece(f"{task:06d}", part_bytes(setup, lined_up(setup, found), task)), *pieces]


def lived(setup: Setup) -> list[str]:
    """Name the scenarios that each seed of chance lives, in order."""
    return [scenario.name for scenario in setup.scenarios] + [NONE] * setup.needs_none


def lined_up(setup: Setup, found: Sequence[Mapping[str, Any]]) -> Part:
    """Line up the sums of runs, which come by draw, seed of chance and scenario lived."""
    names = tuple(found[0])
    runs = np.array([np.concatenate([each[name] for name in names]) for each in found], float)
    shape = (-1, chance_of(setup), len(lived(setup)), len(names), len(setup.places))
    return Part(names, np.moveaxis(runs.reshape(shape), 3, 0))


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
    apart = key_of(seed, number, lambda replicate: REFERENCE_SEED - replicate)
    world = reference(setup.tables, values, switches, apart, REFERENCE_CHILDREN)
    for replicate in range(chance):
        key = key_of(seed, number * chance + replicate)
        here = world._replace(key=key)
        children = cohort(setup.tables, values, setup.places, setup.experiment.children, key, switches)
        them = [Surroundings(setup.tables, values, scenario) for scenario in setup.scenarios]
        for scenario, life in zip(setup.scenarios, run_together(them, here, children), strict=True):
            yield replicate, scenario.name, life
        if setup.needs_none:
            yield replicate, NONE, run(them[0], here._replace(p=here.p._replace(adversity=0.0)), children)


def key_of(seed: int, number: int, place: Callable[[int], int] = int) -> tuple[int, int, int]:
    """Give the key of a run's chance; after as many as one seed has replicates go those of further seeds.

    Parameters
    ----------
    place : where a number stands among the replicates of a seed
    """
    block, replicate = divmod(number, REPLICATES)
    return seed_key((seed + block * STRIDE) % 2**63, place(replicate))


def part_bytes(setup: Setup, part: Part, task: int) -> bytes:
    """Write a task's sums as parquet, a row each, marked with experiment and task; same sums, same bytes."""
    counts = part.sums.shape
    words = (part.names, None, None, lived(setup), setup.places)
    columns = {
        label: labels(counts, axis, known) for axis, (label, known) in enumerate(zip(LABELS, words, strict=True))
    }
    columns["value"] = pa.array(part.sums.reshape(-1))
    sink, table = pa.BufferOutputStream(), pa.table(columns)
    with pq.ParquetWriter(
        sink, table.schema, compression="zstd", use_dictionary=list(LABELS), store_schema=False
    ) as file:
        file.write_table(table, row_group_size=len(table))
        file.add_key_value_metadata({"wellheld_experiment": setup.key, "wellheld_task": str(task)})
    return bytes(sink.getvalue())


def labels(counts: tuple[int, ...], axis: int, words: Sequence[str] | None) -> Any:
    """Say of every value in an array of a shape where it stands along an axis, as a number or in words."""
    each = np.repeat(np.arange(counts[axis], dtype=np.int32), np.prod(counts[axis + 1 :], dtype=int))
    numbers = pa.array(np.tile(each, np.prod(counts[:axis], dtype=int)))
    return numbers if words is None else pa.DictionaryArray.from_arrays(numbers, pa.array(words))


def people_piece(setup: Setup, life: Life, scenario: str, draw: int, chance: int) -> Piece:
    """Write the children of one run, to stand in a folder partitioned by scenario and draw.

    Whole numbers count events; `public_cost` is in GBP to 18, `years_lost` and `years_ill` in years, undiscounted.
    """
    people = life.children
    columns = {
        "child": people["id"] & 0xFFFFFFFF,
        "place": np.array(authority_names(setup.tables))[people["authority"]],
        "sex": np.array(SEXES)[people["sex"]],
        "decile": people["decile"] + 1,
        "ethnic_group": np.array(GROUPS)[people["ethnic_group"]],
        **{name: people[name] for name in COUNTED},
        **{f"ever_{bit.name.lower()}": people["ever"] >> bit & 1 == 1 for bit in Ever},
        "public_cost": people["cost"] / HUNDREDTHS,
        "years_lost": people["yll"] / MILLION,
        "years_ill": people["yld"] / MILLION,
    }
    table = pa.table({name: pa.array(np.ascontiguousarray(each)) for name, each in columns.items()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return Piece(f"people/scenario={scenario}/draw={draw}/chance-{chance}.parquet", bytes(sink.getvalue()))
