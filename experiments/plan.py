"""Plan a run: what is asked for, checked, and its parameters drawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from agents.names import ADULT
from experiments.questions import find_scenario
from experiments.results import DIFFERENCE, REGION, TODAY
from simulation.build import build
from simulation.cohort import engine_named, run
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.economics import accounts
from simulation.errors import InputError, nearest
from simulation.extension import copied_costs, with_services
from simulation.frailty import Values
from simulation.generations import Generation, second_generation, usual
from simulation.inputs import NamedValues, Number, Tables, WatchedValues, check_all_read, load_tables
from simulation.outcomes import sums
from simulation.population import cohort
from simulation.residents import Town
from simulation.rows import SWITCHED
from simulation.sampling import sobol_pair, switch_of, uncertain
from simulation.scenario import Lever, Scenario, Switches

REFERENCE_CHILDREN = 3000
"""Children of the reference cohort of each draw."""
REPLICATES = 60_000
"""Runs under one seed, each with a chance of its own."""
REFERENCE_SEED = 65_535
"""Replicate of the first draw's reference cohort; each draw has its own. England's children have ids of their own."""
SMALLEST = 0.002
"""Share of the residents on whom parameters are tried."""


@dataclass(frozen=True)
class Plan:
    """One run of twins, as asked for."""

    tables: Tables
    place: str
    places: tuple[str, ...]
    scenario: Scenario
    draws: int
    seed: int
    children: int | None
    engine: str
    names: tuple[str, ...]
    points: tuple[Any, Any]

    @property
    def headline_places(self) -> Sequence[str]:
        """Name the places of the headline: each authority and, for the region, their sum."""
        return (*self.places, REGION) if self.place == REGION else self.places

    def values(self, draw: int, matrix: int) -> Values:
        """Give every number of one draw: the tables', what is drawn, and what the scenario sets."""
        drawn = dict(zip(self.names, self.points[matrix][draw].tolist(), strict=True))
        values = {**self.tables.values(), **drawn}
        return NamedValues({**values, **copied_costs(self.scenario, self.tables, values), **self.scenario.numbers})


def make_plan(
    place: str, draws: int, seed: int, children: int | None, scenario: Scenario | str | Path, engine: str
) -> Plan:
    """Check what is asked for and draw the parameters."""
    tables = load_tables()
    known = tuple(row.authority for row in tables.rows["authorities"] if row.role == "place")
    if place not in (*known, REGION):
        raise InputError(
            f"place: unknown place '{place}'.{nearest(place, (*known, REGION))} Places: {', '.join((*known, REGION))}"
        )
    if draws < 1:
        raise InputError(f"draws: {draws} is below 1; 64 is the default")
    engine_named(engine)
    seed_key(seed)
    chosen = find_scenario(scenario, tables)
    tables = with_services(tables, chosen)
    check_parameters(tables, chosen.numbers)
    if chosen.name in (TODAY, DIFFERENCE):
        raise InputError(
            f"scenario '{chosen.name}': a run already sets its scenario against today; give another, such as "
            "unchanged, or a file with another name in it"
        )
    numbers, points = draw_numbers(tables, [chosen], draws, seed)
    return Plan(
        tables=tables,
        place=place,
        places=known if place == REGION else (place,),
        scenario=chosen,
        draws=draws,
        seed=seed,
        children=children,
        engine=engine,
        names=tuple(number.name for number in numbers),
        points=points,
    )


def draw_numbers(
    tables: Tables, chosen: Sequence[Scenario], draws: int, seed: int
) -> tuple[list[Number], tuple[Any, Any]]:
    """Draw every uncertain number that matters to a scenario and that none sets.

    The numbers of a part that is switched off, or of levers that are not given, are left at their values. Others of
    a part are drawn apart, so that no part moves the draws of another.

    Returns
    -------
    the P numbers, and two (draws, P) matrices
    """
    numbers = uncertain(tables.numbers)
    given = {name for each in chosen for name, on in each.switches.model_dump().items() if on}
    given |= {lever.kind for each in chosen for lever in each.levers}
    groups: list[tuple[int | tuple[int, int], list[Number]]] = [
        (seed, [number for number in numbers if not switch_of(number)])
    ]
    groups += [
        ((seed, crc32(part.encode())), [number for number in numbers if switch_of(number) == part])
        for part in sorted(set(SWITCHED.values()) & given)
    ]
    pairs = [sobol_pair(group, draws, own_seed) for own_seed, group in groups]
    drawn = [number for _, group in groups for number in group]
    # Drawn and set aside, so that setting one number moves the draws of no other.
    left = [k for k, number in enumerate(drawn) if all(number.name not in each.numbers for each in chosen)]
    first, second = (np.hstack([pair[matrix] for pair in pairs])[:, left] for matrix in range(2))
    return [drawn[k] for k in left], (first, second)


def check_parameters(tables: Tables, numbers: Iterable[str] = ()) -> None:
    """Refuse a parameter that no run reads, by a run of two children with everything switched on and offered.

    Parameters
    ----------
    numbers : names that are set; those of a column that no run reads are refused, for setting them would do nothing

    Raises
    ------
    InputError
        It names the number.
    """
    values, key = WatchedValues(tables.values()), seed_key(0)
    everything_on = {name: True for name, field in Switches.model_fields.items() if field.default is False}
    switches = Switches(**everything_on)
    offers = [Lever(kind="intervention", name=row.intervention, coverage=0.5) for row in tables.rows["interventions"]]
    everything = Surroundings(tables, values, Scenario(name="everything", switches=switches, levers=offers))
    place = tables.rows["authorities"][0].authority
    children = cohort(tables, values, [place], 2, key, switches)
    town = Town(everything, key, [place], SMALLEST)
    town.begin(0)
    town.next_year(0)
    life = run(everything, build(tables, values, switches, key), children, years=3)
    sums(tables, values, life, [place])
    parents = Generation(life.children, np.zeros((len(children), ADULT), bool))
    compared = usual(tables, values, parents, key)
    second_generation(tables, values, place, parents, life.children, compared, key)
    accounts(tables, values, life.ledger, place)
    check_all_read(tables, values)
    read = {column_of(name) for name in values.names_read}
    for name in numbers:
        if column_of(name) not in read:
            raise InputError(f"numbers.{name}: no run reads it, so that setting it changes nothing: change the table")
        if name.startswith("adult_adversities.") and name not in values.names_read:
            raise InputError(
                f"numbers.{name}: of a type of adult adversity the row of its first ages holds for all ages, so that "
                "setting this one changes nothing: set that row's"
            )


def column_of(name: str) -> tuple[str, str]:
    """Give the table and the column of a number."""
    return name.split(".")[0], name.split(".")[-1]
