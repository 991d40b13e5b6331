"""Run the resident population: all people aged 0 to 24 of a place, year by year, today and under a scenario.

from experiments import resident_run
results = resident_run.run("sandwell", years=10, draws=8, share=0.1)
print(results.yearly)

A burn-in of 25 years under today's services fills every age, service and duration; then the twins part.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd

from experiments.bands import QUANTILES
from experiments.plan import REFERENCE_CHILDREN, REFERENCE_SEED, Plan, make_plan
from experiments.results import DIFFERENCE, TODAY
from simulation.cohort import reference
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.errors import InputError
from simulation.outcomes import yearly
from simulation.residents import BURN_IN, LONGEST, Town, residents
from simulation.scenario import Scenario

MOST_IN_BURN_IN = 400_000
"""Most people of a burn-in: where more are asked for, each of fewer is followed as several afterwards."""
DRAWS, YEARS = 20, 10
"""Draws and years of a run where nothing else is asked for."""
PAYERS = ("education", "social_care", "health", "justice", "housing")


class Measure(NamedTuple):
    """A yearly result: its name, words, unit, and by what it is divided and multiplied."""

    name: str
    title: str
    unit: str
    per: str | None = "children"
    times: float = 1e4


MEASURES = (
    Measure("children", "children aged 0-17", "children", None, 1.0),
    Measure("cats", "new CATs in the year", "per 1,000 children", times=1e3),
    Measure("unresolved", "unresolved CATs", "per child", times=1.0),
    Measure("referrals", "referrals in the year", "per 10,000 children"),
    Measure("early_help", "in early help", "per 10,000 children"),
    Measure("child_in_need", "open as child in need", "per 10,000 children"),
    Measure("child_protection_plan", "on a protection plan", "per 10,000 children"),
    Measure("looked_after", "looked after", "per 10,000 children"),
    Measure("looked_after_started", "started to be looked after", "per 10,000 children"),
    Measure("permanent_exclusions", "permanent exclusions", "per 10,000 children"),
    Measure("out_of_school", "out of school", "per 10,000 children"),
    Measure("waiting", "on a waiting list", "per 10,000 children"),
    Measure("unmet_need", "with need and no service", "per 10,000 children"),
    Measure("service_cost", "service cost", "GBP million a year", None, 1e-6),
    *(
        Measure(f"service_cost_{payer}", f"paid by {payer.replace('_', ' ')}", "GBP million a year", None, 1e-6)
        for payer in PAYERS
    ),
    Measure("intervention_cost", "cost of interventions", "GBP million a year", None, 1e-6),
)


@dataclass(frozen=True)
class ResidentResults:
    """What a run of residents found.

    Parameters
    ----------
    yearly : one row a place, scenario, calendar year and quantity: unit, mean, mcse, low_95, low_80, high_80,
        high_95; years are named by the 31 March on which they end; stocks are of that day
    """

    plan: Plan
    years: int
    share: float
    yearly: pd.DataFrame


def run(
    place: str = "sandwell",
    years: int = YEARS,
    draws: int = DRAWS,
    seed: int = 1,
    share: float = 1.0,
    jobs: int | None = None,
    scenario: Scenario | str | Path = "improved",
    engine: str = "compiled",
    progress: Callable[[int, int], None] | None = None,
) -> ResidentResults:
    """Run the residents of a place today and under a scenario, as twins from one burn-in.

    Parameters
    ----------
    place : an authority, or 'region' for all of them
    years : after the burn-in
    draws : points of the parameters' joint distribution, each with a seed of chance of its own
    share : of the residents who are simulated; counts and money are scaled up to all
    jobs : threads; all cores if not given. It changes no result.

    Raises
    ------
    InputError
        If a name or number cannot be used.
    """
    if not 1 <= years <= LONGEST - BURN_IN:
        raise InputError(f"--years {years} is outside 1 to {LONGEST - BURN_IN}; choose a whole number within it")
    if not 0.0 < share <= 1.0:
        raise InputError(f"--share {share:g} is outside 0 to 1; 1 simulates every resident")
    plan = make_plan(place, draws, seed, None, scenario, engine)
    work = joblib.Parallel(n_jobs=jobs or joblib.cpu_count(), backend="threading", return_as="generator")
    found = []
    for twins in work(joblib.delayed(one_draw)(plan, draw, years, share) for draw in range(draws)):
        found.append(twins)
        if progress is not None:
            progress(len(found), draws)
    return ResidentResults(plan, years, share, tabulate(plan, found, share))


def one_draw(plan: Plan, draw: int, years: int, share: float) -> dict[str, list[dict[str, Any]]]:
    """Run one draw: reference, burn-in, then the twins from where it ends.

    Returns
    -------
    scenario: for each place, name: (years,) sums
    """
    values = dict(plan.values(draw, 0))
    values["first_year"] -= BURN_IN
    key = seed_key(plan.seed, draw % 60_000)
    switches = plan.scenario.switches
    apart = seed_key(plan.seed, REFERENCE_SEED - draw % 60_000)
    world = reference(plan.tables, values, switches, apart, REFERENCE_CHILDREN)
    today = Surroundings(plan.tables, values, plan.scenario.as_today())
    improved = Surroundings(plan.tables, values, plan.scenario)
    here = world._replace(key=key)
    times = copies_of_the_burn_in(plan, share)
    town = Town(today, key, plan.places, share / times)
    town.begin(0)
    before = residents(today, here, town, 0, BURN_IN, plan.engine).ledger
    town = town.grown(times) if times > 1 else town
    found = {}
    for name, s in ((TODAY, today), (plan.scenario.name, improved)):
        life = residents(s, here, town.twin(s), BURN_IN, years, plan.engine, last=before)
        lived = slice(BURN_IN, BURN_IN + years)
        found[name] = [yearly(plan.tables, life, place, lived) for place in plan.places]
    return found


def copies_of_the_burn_in(plan: Plan, share: float) -> int:
    """Say as how many everybody of the burn-in is followed after it: one, or more where very many are simulated."""
    rows = plan.tables.rows["residents"]
    people = share * sum(int(row.residents) for row in rows if row.authority in plan.places)
    return max(1, math.ceil(people / MOST_IN_BURN_IN))


def tabulate(plan: Plan, found: list[dict[str, list[dict[str, Any]]]], share: float) -> pd.DataFrame:
    """Tabulate means, errors and bands over the draws, and the paired difference."""
    first = int(plan.tables.values()["first_year"])
    parts = []
    for number, place in enumerate(plan.headline_places):
        chosen = range(len(plan.places)) if number == len(plan.places) else [number]
        for measure in MEASURES:
            runs = {
                name: np.array([level(measure, twins[name], chosen, share) for twins in found]) for name in found[0]
            }
            runs[DIFFERENCE] = runs[plan.scenario.name] - runs[TODAY]
            for name, each in runs.items():
                spread = each.std(axis=0, ddof=1) if len(each) > 1 else np.full(each.shape[1], np.nan)
                parts.append(
                    pd.DataFrame(
                        {
                            "place": place,
                            "scenario": name,
                            "year": first + 1 + np.arange(each.shape[1]),
                            "quantity": measure.name,
                            "unit": measure.unit,
                            "mean": each.mean(axis=0),
                            "mcse": spread / np.sqrt(len(each)),
                            **{band: np.quantile(each, q, axis=0) for band, q in QUANTILES.items()},
                        }
                    )
                )
    return pd.concat(parts, ignore_index=True)


def level(measure: Measure, places: list[dict[str, Any]], chosen: Any, share: float) -> Any:
    """Work out a measure over some places: a rate, or a total scaled up to all residents."""
    total = sum(places[k][measure.name] for k in chosen)
    if measure.per is None:
        return measure.times * total / share
    return measure.times * total / sum(places[k][measure.per] for k in chosen)
