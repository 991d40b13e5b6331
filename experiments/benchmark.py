"""Measure speed and memory on the machine at hand: `wellheld benchmark`. Never a test."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numba
import numpy as np

from agents.child import CHILD
from agents.names import ADULT, AGES
from simulation.cohort import reference, run
from simulation.compiled import cache_folder
from simulation.context import Surroundings
from simulation.draws import seed_key, uniforms
from simulation.inputs import load_tables
from simulation.population import cohort
from simulation.scenario import Scenario, Switches

SMALL, MESA, SIZES = 20_000, 2_000, (10_000, 100_000, 1_000_000)


def best(work: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Run work a few times and give the shortest time [s] and the last result."""
    shortest, result = float("inf"), None
    for _ in range(times):
        began = time.perf_counter()
        result = work()
        shortest = min(shortest, time.perf_counter() - began)
    return shortest, result


def command_seconds(*words: str, cache: str | None = None) -> float:
    """Time a fresh Python process [s], with a cache of machine code of its own if one is given."""
    environment = os.environ | ({"XDG_CACHE_HOME": cache} if cache else {})
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, capture_output=True, env=environment)
    return time.perf_counter() - began


def main() -> None:
    """Print every figure of speed and memory with what it was measured on."""
    tables = load_tables()
    values, key = tables.values(), seed_key(1)
    s = Surroundings(tables, values, Scenario.today())
    world = reference(tables, values, Switches(), key, 500)
    children = cohort(tables, values, ["sandwell"], SMALL, key)
    say("one thread", *per_year(lambda: run(s, world, children)))
    say("two threads", *per_year(lambda: run(s, world, children, jobs=2)))
    say("childhood alone, one thread", *per_year(lambda: run(s, world, children, years=ADULT)))
    few = children[:MESA]
    slow, life = best(lambda: run(s, world, few, engine="mesa"), 1)
    fast, _ = best(lambda: run(s, world, few), 5)
    at_size, _ = per_year(lambda: run(s, world, children))
    mesa = slow / life.ledger.alive.sum()
    print(f"Mesa engine: {1e6 * mesa:.0f} microseconds a child-year ({MESA} children)")
    print(f"Ratio of the engines: {slow / fast:.0f} on the same {MESA} children, {1e9 * mesa / at_size:.0f} at size")
    print(f"State: {CHILD.itemsize} bytes a child")
    profile()
    print(f"Start (--help): {command_seconds('-m', 'experiments.cli', '--help'):.2f} s")
    tiny = ("-m", "experiments.benchmark", "one-child")
    with tempfile.TemporaryDirectory() as cache:
        cold, warm = command_seconds(*tiny, cache=cache), command_seconds(*tiny, cache=cache)
    print(f"Start and one child: {cold:.1f} s compiling, {warm:.1f} s from the cache ({cache_folder().parent.name})")
    growth(s, world, tables, values, key)
    print(f"Peak memory so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def per_year(work: Callable[[], Any]) -> tuple[float, int]:
    """Time a run: nanoseconds a person-year, and how many person-years."""
    seconds, life = best(work)
    years = int(life.ledger.alive.sum())
    return 1e9 * seconds / years, years


def say(what: str, nanoseconds: float, years: int) -> None:
    """Print one speed."""
    print(f"Compiled engine, {what}: {nanoseconds:.0f} ns a person-year ({years:,} person-years)")


def profile() -> None:
    """Print what one draw and one exponential cost: what limits the speed."""
    for name, work in (("block of four uniforms", draws), ("exponential", exponentials)):
        compiled = numba.njit(work)
        compiled(1)
        seconds, _ = best(partial(compiled, 1_000_000))
        print(f"One {name}: {1e3 * seconds:.1f} ns")
    print("An adult year draws six or seven blocks, a child's eight to twelve: the draws are the largest part.")


def draws(times: int) -> float:
    """Draw blocks of uniforms."""
    total = 0.0
    for each in range(times):
        total += uniforms((1, 2, 0), each, 3, 0, 5)[0]
    return total


def exponentials(times: int) -> float:
    """Take exponentials."""
    total = 0.0
    for each in range(times):
        total += np.exp(-1e-7 * each)
    return total


def growth(s: Surroundings, world: Any, tables: Any, values: Any, key: tuple[int, int, int]) -> None:
    """Print how time grows with the number of children."""
    for size in SIZES:
        children = cohort(tables, values, ["sandwell"], size, key)
        seconds, life = best(partial(run, s, world, children, jobs=2), 1)
        rate = 1e9 * seconds / int(life.ledger.alive.sum())
        print(f"{size:>9,} children: {seconds:.2f} s, {rate:.0f} ns a person-year, two threads")


def one_child() -> None:
    """Start, compile or load, and run one child: what a start costs."""
    tables = load_tables()
    values, key = tables.values(), seed_key(1)
    world = reference(tables, values, Switches(), key, 1)
    s = Surroundings(tables, values, Scenario.today())
    run(s, world, cohort(tables, values, ["sandwell"], 1, key), years=AGES)


if __name__ == "__main__":
    if sys.argv[1:] == ["one-child"]:
        one_child()
    else:
        main()
