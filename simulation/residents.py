"""Run the resident population: all people aged 0 to 24 of the places, open to births, deaths and moves.

A year's end, 31 March: whoever died, moved out or turned 25 leaves; next year's births and arrivals come. The
population by age is held at its table: what deaths and moves out leave open is filled by arrivals, and where
an age has fewer people than the one before, more move out. Arrivals are copies of residents of their age and
place, under draws of their own from then on. A burn-in from an empty place fills ages, tiers and durations.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from agents.child import CHILD, NEVER
from simulation.build import authority_names
from simulation.capacity import live_year
from simulation.cohort import Life, shape_of
from simulation.compiled import CompiledEngine
from simulation.context import Surroundings, year_context
from simulation.draws import Decision, check_ranges, uniforms
from simulation.errors import InputError
from simulation.frailty import Values
from simulation.inputs import Tables
from simulation.ledger import empty_ledger
from simulation.population import neighbourhoods, place_cohort
from simulation.reading import MesaEngine
from simulation.world import World

OLDEST = 25
"""Age at which residents leave the model [years]."""
BURN_IN = OLDEST
"""Years that fill an empty place with people who have lived their own lives."""
LONGEST = 60
"""Years of the longest run, burn-in and all: one size of ledger, so that machine code fits every run."""
A_YEAR = 1 << 20
"""Numbers of those who come to a place in one year: births from 0, arrivals from ARRIVALS."""
ARRIVALS = 1 << 19


class Movement(NamedTuple):
    """Who comes to and leaves a place in a year of a stationary population, by age."""

    births: int
    leaves: Any  # (OLDEST,) probability of moving out at the end of the year of that age
    arrivals: Any  # (OLDEST,) people who begin the year at that age, having moved in


def movement(tables: Tables, values: Values, place: str, size: float = 1.0) -> Movement:
    """Close a place's population by age: solve arrivals, and raise moves out where an age is smaller.

    Parameters
    ----------
    size : share of the residents who are simulated

    Raises
    ------
    InputError
        If an age of the place has no row, or no resident at this size.
    """
    ages = sorted(row.age for row in tables.rows["residents"] if row.authority == place)
    if ages != list(range(OLDEST)):
        raise InputError(f"residents.csv: {place}: ages 0 to {OLDEST - 1} need a row each; add those missing")
    people = size * np.array([values[f"residents.{place}.{age}.residents"] for age in ages])
    out = np.array([values[f"residents.{place}.{age}.moves_out"] for age in ages])
    if people.min() < 1:
        raise InputError(f"size: {size} of {place} leaves no resident of some age; raise it")
    boys = values["boys_share"]
    alive = 1.0 - np.array(
        [
            boys * values[f"life_table.male.{age}.probability_of_death"]
            + (1.0 - boys) * values[f"life_table.female.{age}.probability_of_death"]
            for age in ages
        ]
    )
    stay = np.append((people * alive * (1.0 - out))[:-1], 0.0)
    after = np.append(people[1:], 0.0)
    leaves = np.where(stay > after, 1.0 - after / (people * alive), out)
    arrivals = np.append(0.0, np.maximum(0.0, after - stay)[:-1])
    return Movement(round(people[0]), leaves, np.round(arrivals).astype(np.int64))


def newborn(s: Surroundings, key: tuple[int, int, int], place: str, births: int, year: int) -> Any:
    """Draw a place's births of a year of the run; the first year's are those of a cohort.

    Returns
    -------
    (births,) records
    """
    order = authority_names(s.tables)
    number = order.index(place)
    children = place_cohort(s.tables, s.values, place, births, number, key, year * A_YEAR)
    children["authority"] = number
    children["neighbourhood"] += np.uint16(sum(neighbourhoods(s.tables, each).sum() for each in order[:number]))
    children["birth_year"] = year
    return children


def stay_or_leave(people: Any, key: tuple[int, int, int], year: int, leaves: Any) -> Any:
    """Tell who of a place is still there after a year: alive, under 25 and not moved out.

    Parameters
    ----------
    leaves : (OLDEST,) probability of moving out, by age
    """
    age = year - people["birth_year"]
    moves = uniforms(key, people["id"], year, 0, int(Decision.MOVES_OUT))[0] < leaves[age]
    return (people["died"] == NEVER) & (age + 1 < OLDEST) & ~moves


def arrive(people: Any, key: tuple[int, int, int], number: int, year: int, arrivals: Any) -> Any:
    """Draw those who begin a year in a place having moved in: copies of its people of their age.

    Parameters
    ----------
    people : records of the place at the end of the year before
    arrivals : (OLDEST,) people by the age that they begin the year with

    Returns
    -------
    records; at an age that nobody has yet, nobody arrives
    """
    parts = []
    first = 0
    for age in np.flatnonzero(arrivals):
        alike = people[year - people["birth_year"] == age]
        count = int(arrivals[age]) if len(alike) else 0
        ids = (np.int64(number) << 32) | (year * A_YEAR + ARRIVALS + first + np.arange(count, dtype=np.int64))
        first += int(arrivals[age])
        drawn = uniforms(key, ids, year, 0, int(Decision.ARRIVAL))[0]
        come = alike[(drawn * len(alike)).astype(np.int64)]
        come["id"] = ids
        come["family"] = ids & 0xFFFFFFFF
        parts.append(come)
    return np.concatenate(parts) if parts else np.zeros(0, CHILD)


def next_year(s: Surroundings, key: tuple[int, int, int], people: Any, moves: dict[str, Movement], year: int) -> Any:
    """Let people leave at the end of a year and others come for the next.

    Returns
    -------
    records of those who begin the next year, place after place
    """
    order = authority_names(s.tables)
    parts = []
    for place, move in moves.items():
        here = people[people["authority"] == order.index(place)]
        here = here[stay_or_leave(here, key, year, move.leaves)]
        parts += [
            here,
            newborn(s, key, place, move.births, year + 1),
            arrive(here, key, order.index(place), year + 1, move.arrivals),
        ]
    return np.concatenate(parts)


def residents(
    s: Surroundings,
    world: World,
    places: Sequence[str],
    years: int,
    start: Any = None,
    first: int = 0,
    size: float = 1.0,
    engine: str = "compiled",
    jobs: int = 1,
    watch: Callable[[int, Any], None] | None = None,
) -> Life:
    """Run the resident population of some places for years, from births alone or from a state given.

    Parameters
    ----------
    start : records that begin the year `first`; without them, the births of that year
    size : share of the residents who are simulated
    watch : called after each year with the year and the records at its end

    Returns
    -------
    records that begin the year after the last, and the ledger of LONGEST years, those not run at nought

    Raises
    ------
    InputError
        If the run is too long, or a feedback is on that reads a cohort's age from the year.
    """
    if s.scenario.switches.amplification:
        raise InputError("switches: amplification is not built for residents; turn it off")
    moves = {place: movement(s.tables, s.values, place, size) for place in places}
    if start is not None:
        people = start.copy()
    else:
        people = np.concatenate([newborn(s, world.key, place, move.births, first) for place, move in moves.items()])
    engines: dict[str, Any] = {"compiled": CompiledEngine, "mesa": MesaEngine}
    if not 0 < first + years <= LONGEST:
        raise InputError(f"years: {first + years} with the burn-in is outside 1 to {LONGEST}; run fewer")
    book = empty_ledger(shape_of(s)._replace(childhood=LONGEST, years=LONGEST))
    carrier = engines[engine](people, world, book, jobs)
    context = year_context(s, world, first, None)
    try:
        for year in range(first, first + years):
            check_ranges(people["id"], year)
            if not s.steady():
                context = year_context(s, world, year, carrier.ledger())
            live_year(s, carrier, context, year)
            people = carrier.records()
            if watch is not None:
                watch(year, people)
            people = next_year(s, world.key, people, moves, year)
            carrier.replace(people)
        return Life(people, carrier.ledger())
    finally:
        carrier.close()
