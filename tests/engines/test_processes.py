"""E02: a cohort shared between two processes lives as in one, byte for byte."""

import hashlib
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simulation
from simulation.cohort import Life, reference, run
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.inputs import Tables
from simulation.ledger import Ledger
from simulation.population import cohort
from simulation.scenario import Scenario, Switches

CHILDREN = 300
EDGES = (0, 250, 2 * CHILDREN)
PEOPLE = 500
PART = """
import hashlib, json, sys
from simulation.cohort import reference, run
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.inputs import load_tables
from simulation.population import cohort
from simulation.scenario import Scenario, Switches

first, last, size, people = map(int, sys.argv[1:])
tables = load_tables()
values, key = tables.values(), seed_key(77)
world = reference(tables, values, Switches(), key, people)
children = cohort(tables, values, ["sandwell", "dudley"], size, key)[first:last]
life = run(Surroundings(tables, values, Scenario.today()), world, children)
sums = {name: part.ravel().tolist() for name, part in zip(life.ledger._fields[:-2], life.ledger)}
print(json.dumps({"records": hashlib.sha256(life.children.tobytes()).hexdigest(), "sums": sums}))
"""


@pytest.fixture(scope="module")
def whole(tables: Tables) -> Life:
    """Let all children live in this process."""
    values, key = tables.values(), seed_key(77)
    world = reference(tables, values, Switches(), key, PEOPLE)
    children = cohort(tables, values, ["sandwell", "dudley"], CHILDREN, key)
    return run(Surroundings(tables, values, Scenario.today()), world, children)


@pytest.fixture(scope="module")
def parts() -> list[Any]:
    """Let each part live in a process of its own, both at once; the children of one place are in both."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PART, str(first), str(last), str(CHILDREN), str(PEOPLE)],
            cwd=Path(str(simulation.__file__)).parent.parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        for first, last in pairwise(EDGES)
    ]
    printed = [each.communicate(timeout=300)[0] for each in started]
    assert [each.returncode for each in started] == [0, 0]
    return [json.loads(text) for text in printed]


@pytest.mark.slow
def test_e02_two_processes_leave_the_records_of_one(whole: Life, parts: list[Any]) -> None:
    """E02: the records of each part, from birth to death, are those of the same children in one run. Bit for bit."""
    assert len(whole.children) == 2 * CHILDREN
    for part, (first, last) in zip(parts, pairwise(EDGES), strict=True):
        assert part["records"] == hashlib.sha256(whole.children[first:last].tobytes()).hexdigest()
    assert parts[0]["records"] != parts[1]["records"]


@pytest.mark.slow
def test_e02_two_processes_ledgers_add_up_to_that_of_one(whole: Life, parts: list[Any]) -> None:
    """E02: every sum of the ledger is the sum of the parts' own. Exact."""
    for name in Ledger._fields[:-2]:
        booked = getattr(whole.ledger, name)
        together = sum(np.array(part["sums"][name], np.int64) for part in parts)
        assert (together == booked.ravel()).all(), name
    assert whole.ledger.cost.sum() == whole.children["cost"].sum(dtype=np.int64) > 0
