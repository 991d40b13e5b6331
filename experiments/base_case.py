"""The main job: a year's births under today's services and under a scenario, as exact twins, many draws.

from experiments import base_case
results = base_case.run("sandwell", draws=16, children=500)
print(results.headline)
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd

from experiments import assembly
from experiments.adult import adult_sums, agency_counts
from experiments.bands import seeds_of
from experiments.plan import REFERENCE_CHILDREN, REFERENCE_SEED, REPLICATES, Plan, make_plan
from experiments.plausibility import compare
from experiments.results import Results
from simulation.build import build
from simulation.cohort import REFERENCES, Life, reference, run_together
from simulation.cohort import run as live
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.economics import accounts, gdp_per_head
from simulation.errors import InputError
from simulation.frailty import Values
from simulation.outcomes import flow_table, groups, sums
from simulation.population import cohort
from simulation.scenario import Scenario, Switches
from simulation.world import World

CHANNELS = ("channel_hazards", "channel_service_harm", "channel_healing", "channel_resilience")
"""Channels by which services reach health, in the order in which they are switched on."""
PLAUSIBLE_CHILDREN = 20_000
"""Children of the run that is set beside the statutory returns."""
TWINS = ("today", "improved")
STAGES = ("prevention", *(name.removeprefix("channel_") for name in CHANNELS))
SPLIT = ("dalys", "lost_gdp_discounted")
SPLIT_DRAWS = 16
"""Draws, at most, on which the difference is split by channel."""
Progress = Callable[[int, int], None]


class Task(NamedTuple):
    """What one draw found: arrays by matrix and chance, and what only the first of them keeps."""

    sums: list[dict[str, Any]]  # per chance seed: scenario -> name -> (places,)
    groups: list[dict[str, Any]]
    flows: list[dict[str, Any]]
    accounts: list[dict[str, Any]]  # per chance seed: scenario -> (places, 18, payers, 4)
    split: dict[str, Any]
    agencies: list[dict[str, Any]]


def run(
    place: str = "sandwell",
    draws: int = 64,
    seed: int = 1,
    children: int | None = None,
    jobs: int | None = None,
    scenario: Scenario | str | Path = "improved",
    engine: str = "compiled",
    progress: Progress | None = None,
) -> Results:
    """Run twins of a place: today's services against a scenario's.

    Parameters
    ----------
    place : an authority, or 'region' for all of them
    draws : points of the parameters' joint distribution; each is run four times (two joint draws that share
        what is graded assumption, each under two seeds of chance)
    children : size of each place's cohort; its births of a year if not given
    jobs : threads; all cores if not given. It changes no result.
    scenario : a scenario, a file, or the name of a shipped one
    progress : called with tasks done and all tasks

    Raises
    ------
    InputError
        If a name or number cannot be used.
    """
    if jobs is not None and jobs < 1:
        raise InputError(f"jobs: {jobs} is below 1; leave it out to use all cores")
    plan = make_plan(place, draws, seed, children, scenario, engine)
    tasks = [(draw, matrix) for draw in range(draws) for matrix in range(2)]
    found: list[Task] = []
    work = joblib.Parallel(n_jobs=jobs or joblib.cpu_count(), backend="threading", return_as="generator")
    finished: Iterator[Task] = work(joblib.delayed(one_draw)(plan, *task) for task in tasks)
    for task in finished:
        found.append(task)
        if progress is not None:
            progress(len(found), len(tasks))
    return assembly.results(plan, found, beside_data(plan))


def beside_data(plan: Plan) -> pd.DataFrame:
    """Set today's services under the central numbers beside the statutory returns."""
    values, switches = plan.tables.values(), Switches(adult_life=plan.scenario.switches.adult_life)
    world = reference(plan.tables, values, switches, seed_key(plan.seed, REFERENCE_SEED), REFERENCE_CHILDREN)
    children = cohort(plan.tables, values, plan.places, PLAUSIBLE_CHILDREN // len(plan.places), world.key)
    life = live(Surroundings(plan.tables, values, Scenario.today()), world, children)
    return compare(plan.tables, life, plan.place, list(plan.places))


def one_draw(plan: Plan, draw: int, matrix: int) -> Task:
    """Run the reference and the twins of one draw of the parameters, under its two seeds of chance."""
    tables, values = plan.tables, plan.values(draw, matrix)
    switches = plan.scenario.switches
    apart = seed_key(plan.seed, REFERENCE_SEED - draw % REPLICATES)
    world = reference(tables, values, switches, apart, REFERENCE_CHILDREN)
    today = Surroundings(tables, values, plan.scenario.as_today())
    improved = Surroundings(tables, values, plan.scenario)
    found = Task([], [], [], [], {}, [])
    for number in seeds_of(draw, matrix):
        key = seed_key(plan.seed, number)
        children = cohort(tables, values, plan.places, plan.children, key, switches)
        here = world._replace(key=key)
        lives = dict(zip(TWINS, run_together([today, improved], here, children, plan.engine), strict=True))
        lives["none"] = live(today, here._replace(p=here.p._replace(adversity=0.0)), children, plan.engine)
        found.sums.append({name: summed(plan, values, life) for name, life in lives.items()})
        gdp = gdp_per_head(tables, values)
        found.groups.append({name: groups(tables, life.children, gdp) for name, life in lives.items()})
        twins = {name: lives[name] for name in TWINS}
        found.flows.append(flows(plan, twins))
        if switches.adult_life:
            found.agencies.append({name: agency_counts(tables, life, plan.places) for name, life in twins.items()})
        found.accounts.append(
            {
                name: np.array([accounts(tables, values, life.ledger, place) for place in plan.places])
                for name, life in twins.items()
            }
        )
    if matrix == 0 and draw < SPLIT_DRAWS:
        found.split.update(by_channel(plan, values, world, seeds_of(draw, matrix)[0], found.sums[0]))
    return found


def summed(plan: Plan, values: Values, life: Life) -> dict[str, Any]:
    """Sum a run into what is asked of it, adult life too where it is on."""
    found = sums(plan.tables, values, life, plan.places)
    return found | adult_sums(plan.tables, values, life, plan.places) if plan.scenario.switches.adult_life else found


def flows(plan: Plan, lives: dict[str, Life]) -> dict[str, Any]:
    """Sum the flow ledger of each scenario over the places of the run."""
    return {name: sum(flow_table(plan.tables, life, place) for place in plan.places) for name, life in lives.items()}


def by_channel(
    plan: Plan, values: Values, world: World, replicate: int, all_on: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Run the twins with the channels by which services reach health switched on one after another.

    Parameters
    ----------
    all_on : sums of the twins with every channel on, under the same seed of chance

    Returns
    -------
    stage: (places,) difference in DALYs, and in discounted lost GDP; the first stage is prevention alone
    """
    key = seed_key(plan.seed, replicate)
    children = cohort(plan.tables, values, plan.places, plan.children, key, plan.scenario.switches)
    kept = {name: getattr(world, name) for name in REFERENCES}
    found: dict[str, dict[str, Any]] = {}
    for on in range(len(CHANNELS)):
        allowed = {name: getattr(plan.scenario.switches, name) and k < on for k, name in enumerate(CHANNELS)}
        switches: Switches = plan.scenario.switches.model_copy(update=allowed)
        there = build(plan.tables, values, switches, key)._replace(**kept)
        twins = [
            Surroundings(plan.tables, values, twin.model_copy(update={"switches": switches}))
            for twin in (plan.scenario.as_today(), plan.scenario)
        ]
        lives = run_together(twins, there, children, plan.engine)
        pair = [sums(plan.tables, values, life, plan.places) for life in lives]
        found[STAGES[on]] = {name: pair[1][name] - pair[0][name] for name in SPLIT}
    found[STAGES[-1]] = {name: all_on["improved"][name] - all_on["today"][name] for name in SPLIT}
    return found
