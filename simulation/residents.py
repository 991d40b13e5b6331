"""Run the resident population: all people aged 0 to 24 of the places, open to births, deaths and moves.

A year's end, 31 March: whoever died, moved out or turned 25 leaves; next year's births and arrivals come. The
population by age is held at its table: what deaths and moves out leave open is filled by arrivals, and where
an age has fewer people than the one before, more move out. Arrivals are copies of residents of their age and
place, under draws of their own from then on. A burn-in from an empty place fills ages, tiers and durations.
"""

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, NamedTuple

import numba
import numpy as np

from agents.adversity import family_number
from agents.child import CHILD, NEVER, RECORD
from agents.names import ADULT
from simulation.build import authority_names
from simulation.capacity import live_year
from simulation.cohort import Life, engine_named, shape_of
from simulation.compiled import KEEP
from simulation.context import Surroundings, year_context
from simulation.draws import Decision, check_ranges, uniforms
from simulation.errors import InputError
from simulation.frailty import Values
from simulation.inputs import Tables
from simulation.ledger import Ledger, empty_ledger
from simulation.neighbourhood import adjoining
from simulation.population import neighbourhoods, parental_years, place_cohort
from simulation.world import World

OLDEST = 25
"""Age at which residents leave the model [years]."""
BURN_IN = OLDEST
"""Years that fill an empty place with people who have lived their own lives."""
LONGEST = 60
"""Years of the longest run, burn-in and all: one size of ledger, so that machine code fits every run."""
A_YEAR = 1 << 20
"""Numbers of those who come to a place in one year: births from 0, arrivals from ARRIVALS."""
COPY = 27
"""First bit of a person's own number that tells copies apart: those of all years lie below it."""
VACANT = NEVER + 1
"""Day of death that marks a record as free for whoever comes next."""
OF_AN_AGE = 1 << 14
"""Numbers of those who arrive in one year at one age, so that one more of an age makes no other another person."""
ARRIVALS = 1 << 19


class Movement(NamedTuple):
    """Who comes to and leaves a place in a year of a stationary population, by age."""

    stock: Any  # (OLDEST,) people who begin the year at that age; births at 0
    leaves: Any  # (OLDEST,) probability of moving out at the end of the year of that age


def movement(tables: Tables, values: Values, place: str, size: float = 1.0) -> Movement:
    """Close a place's population by age: raise moves out where the next age is smaller.

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
    return Movement(np.round(people).astype(np.int64), leaves)


def newborn(s: Surroundings, key: tuple[int, int, int], place: str, births: int, year: int) -> Any:
    """Draw a place's births of a year of the run; the first year's are those of a cohort.

    Returns
    -------
    (births,) records
    """
    order = authority_names(s.tables)
    number = order.index(place)
    switches = s.scenario.switches
    children = place_cohort(s.tables, s.values, place, births, number, key, year * A_YEAR, switches)
    children["authority"] = number
    children["neighbourhood"] += np.uint16(sum(neighbourhoods(s.tables, each).sum() for each in order[:number]))
    children["birth_year"] = year
    return children


def with_parents(s: Surroundings, key: tuple[int, int, int], children: Any) -> None:
    """Draw the years in which the parents of a year's births meet adversities of their own, the same for siblings."""
    families = family_number(children["id"], children["family"].astype(np.int64))
    classes, year = children["parent_class"], int(children["birth_year"][0])
    children["parent_years"] = parental_years(s.values, key, families, classes, year)


def join_families(
    s: Surroundings, key: tuple[int, int, int], children: Any, people: Any, alike: Any, begin: Any
) -> Any:
    """Let later births come to families that live there: as brother or sister of a child a few years older.

    Parameters
    ----------
    children : the births of a year; changed in place
    people, alike, begin : who lives in the place, the numbers of those who stay by age, and where each age begins
    """
    own = family_number(children["id"], children["family"].astype(np.int64))  # twins go together
    u = uniforms(key, own, 0, 0, int(Decision.FAMILY))
    nearest, widest = (int(s.values[f"sibling_gap_{end}"]) for end in ("from", "to"))
    gap = nearest + (u[1] * (widest - nearest + 1)).astype(np.int64)
    there = np.diff(begin)[gap - 1]  # a year younger at the end of the year before
    joins = (u[0] < s.values["later_birth_share"]) & (there > 0)
    chosen = people.take(alike[begin[gap - 1] + (u[2] * there).astype(np.int64)][joins])
    for name in ("family", "frailty", "decile", "neighbourhood", "ethnic_group", "parent_class"):
        children[name][joins] = chosen[name]
    with_parents(s, key, children)
    # The years that they live through together are the elder's own, whose record may be an arrival's copy.
    together = (1 << (ADULT - gap[joins])) - 1
    elder = chosen["parent_years"].astype(np.int64) >> gap[joins]
    children["parent_years"][joins] = elder & together | children["parent_years"][joins] & ~together


@numba.njit(nogil=True, cache=KEEP)  # type: ignore[untyped-decorator]
def vacate(people: Any, key: Any, year: int, leaves: Any, free: Any, alike: Any) -> Any:
    """Free the records of those who are no longer there after a year: dead, 25, or moved out.

    Parameters
    ----------
    people : records of one place
    leaves : (OLDEST,) probability of moving out at the end of the year of that age
    free : filled with the numbers of free records
    alike : filled with the numbers of those who stay, by their age

    Returns
    -------
    how many records are free, and (OLDEST + 1,) where each age begins in `alike`
    """
    count = 0
    begin = np.zeros(OLDEST + 1, np.int64)
    for k in range(len(people)):
        child = people[k]
        age = year - child.birth_year
        stays = child.died == NEVER and age + 1 < OLDEST
        if stays and uniforms(key, child.id, year, 0, Decision.MOVES_OUT)[0] >= leaves[age]:
            begin[age + 1] += 1
            continue
        child.died = VACANT
        free[count] = k
        count += 1
    begin = begin.cumsum()
    after = begin.copy()
    for k in range(len(people)):
        if people[k].died == NEVER:
            age = year - people[k].birth_year
            alike[after[age]] = k
            after[age] += 1
    return count, begin


def arrive(people: Any, alike: Any, begin: Any, key: tuple[int, int, int], number: int, year: int, stock: Any) -> Any:
    """Draw those who begin a year in a place having moved in: as many as are missing, copies of people of their age.

    Parameters
    ----------
    people : records of the place at the end of the year before
    alike, begin : who stays, by age, and where each age begins
    stock : (OLDEST,) people that the place should have by age

    Returns
    -------
    records; at an age that nobody has yet, nobody arrives
    """
    stayed = np.diff(begin)[:-1]  # a year younger at the end of the year before
    come = np.where(stayed > 0, np.maximum(0, stock[1:] - stayed), 0)
    before = np.repeat(np.arange(OLDEST - 1), come)
    turn = np.arange(len(before)) - np.repeat(np.cumsum(come) - come, come)
    ids = (np.int64(number) << 32) | (year * A_YEAR + ARRIVALS + before * OF_AN_AGE + turn)
    drawn = uniforms(key, ids, year, 0, int(Decision.ARRIVAL))[0]
    parts = people.take(alike[begin[before] + (drawn * stayed[before]).astype(np.int64)])
    parts["id"] = ids
    parts["family"] = ids & 0xFFFFFFFF
    return parts


class Staying(NamedTuple):
    """Who stays in a place from one year to the next."""

    people: Any  # records of the place, free ones among them
    alike: Any  # numbers of those who stay, by age
    begin: Any  # (OLDEST + 1,) where each age begins in `alike`


HOME = ("id", "family", "authority", "neighbourhood", "decile")
"""What an arrival from an adjoining place does not bring along."""


def from_adjoining(
    s: Surroundings, key: tuple[int, int, int], stay: dict[str, Staying], come: Any, number: int, year: int
) -> None:
    """Let some who come to a place have lived in an adjoining one until now; they take the homes found for them.

    Parameters
    ----------
    stay : of each place of the run; what an authority outside the run would send comes from the place itself
    come : records of those who arrive, changed in place
    """
    _, sent, drawn, _ = uniforms(key, come["id"], year, 0, int(Decision.ARRIVAL))
    age = year - 1 - come["birth_year"]
    upto = 0.0
    shares = s.values["moves_from_adjoining"] * adjoining(s.tables, s.places)[number]
    for place, share in zip(s.places, shares, strict=True):
        if place in stay and share > 0.0:
            there = stay[place]
            size = np.diff(there.begin)[age]
            chosen = np.flatnonzero((sent >= upto) & (sent < upto + share) & (size > 0))
            first = there.begin[age[chosen]]
            movers = there.people.take(there.alike[first + (drawn[chosen] * size[chosen]).astype(np.int64)])
            for name in HOME:
                movers[name] = come[name][chosen]
            come[chosen] = movers
        upto += share


class Town:
    """The residents of some places: one array of records, place after place, with free records among them."""

    def __init__(self, s: Surroundings, key: tuple[int, int, int], places: Sequence[str], size: float = 1.0) -> None:
        self.s, self.key, self.size = s, key, size
        self.order = authority_names(s.tables)
        self.moves = {place: movement(s.tables, s.values, place, size) for place in places}
        # Chance may hold a few more people than the table; whoever finds no free record makes room.
        self.room = {place: round(sum(move.stock) * 1.01) + 50 for place, move in self.moves.items()}
        self.people = np.zeros(0, CHILD)

    def begin(self, year: int) -> None:
        """Let the births of a first year come to empty places."""
        self.people = np.zeros(sum(self.room.values()), CHILD)
        self.people["died"] = VACANT
        for place, here in self.places():
            births = newborn(self.s, self.key, place, int(self.moves[place].stock[0]), year)
            self.people[here.start : here.start + len(births)] = births

    def twin(self, s: Surroundings) -> "Town":
        """Give the same people under other surroundings; what becomes of them changes nobody here."""
        other = copy(self)
        other.s, other.people, other.room = s, self.people.view(RECORD).copy().view(CHILD), dict(self.room)
        return other

    def grown(self, times: int) -> "Town":
        """Let everybody be followed as several, each with draws of its own from now on; families stay together."""
        other = Town(self.s, self.key, list(self.moves), self.size * times)
        parts = []
        for place, where in self.places():
            here = present(self.people[where])
            copies = np.concatenate([here.view(RECORD)] * times).view(CHILD)
            number = np.repeat(np.arange(times), len(here)) << COPY
            copies["id"] |= number
            copies["family"] |= number.astype(np.uint32)
            other.room[place] = max(other.room[place], len(copies))
            vacant = np.zeros(other.room[place] - len(copies), CHILD)
            vacant["died"] = VACANT
            parts += [copies.view(RECORD), vacant.view(RECORD)]
        other.people = np.concatenate(parts).view(CHILD)
        return other

    def places(self) -> list[tuple[str, slice]]:
        """Say where each place's records lie."""
        ends = np.cumsum([0, *self.room.values()]).tolist()
        return [(place, slice(a, b)) for place, a, b in zip(self.room, ends[:-1], ends[1:], strict=True)]

    def next_year(self, year: int) -> None:
        """Let people leave at the end of a year, and births and arrivals take their records for the next."""
        parts, stay, free = [], {}, {}
        for place, where in self.places():
            here = self.people[where]
            vacant, alike = np.zeros((2, len(here)), np.int64)
            count, begin = vacate(here, self.key, year, self.moves[place].leaves, vacant, alike)
            stay[place], free[place] = Staying(here, alike, begin), vacant[:count]
        for place, (here, alike, begin) in stay.items():
            move, number, count = self.moves[place], self.order.index(place), len(free[place])
            come = arrive(here, alike, begin, self.key, number, year + 1, move.stock)
            if self.s.scenario.switches.moves_between:
                from_adjoining(self.s, self.key, stay, come, number, year + 1)
            births = newborn(self.s, self.key, place, int(move.stock[0]), year + 1)
            if self.s.scenario.switches.families:
                join_families(self.s, self.key, births, here, alike, begin)
            new = np.concatenate([births, come])
            here.view(RECORD)[free[place][: len(new)]] = new[:count].view(RECORD)
            parts += [here, new[count:]]
            self.room[place] += len(new[count:])
        if sum(map(len, parts)) > len(self.people):
            self.people = np.concatenate(parts)


def present(people: Any) -> Any:
    """Leave free records out."""
    return np.compress(people["died"] != VACANT, people)


def residents(
    s: Surroundings,
    world: World,
    town: Town,
    first: int,
    years: int,
    engine: str = "compiled",
    jobs: int = 1,
    watch: Callable[[int, Any], None] | None = None,
    last: Ledger | None = None,
) -> Life:
    """Run the resident population of some places for years; the town's records move on with it.

    Parameters
    ----------
    town : who lives there at the beginning of the year `first`
    watch : called after each year with the year and the records at its end
    last : ledger of the run that led to the town: its last year is felt in the first

    Returns
    -------
    who begins the year after the last, free records among them (`present`), and the ledger of LONGEST years, those
    not run at nought

    Raises
    ------
    InputError
        If the run is too long.
    """
    if not 0 < first + years <= LONGEST:
        raise InputError(f"years: {first + years} with the burn-in is outside 1 to {LONGEST}; run fewer")
    book = empty_ledger(shape_of(s)._replace(childhood=LONGEST, years=LONGEST))
    carrier = engine_named(engine)(town.people, world, book, jobs)
    context = year_context(s, world, first, last)
    try:
        for year in range(first, first + years):
            check_ranges(town.people["id"], year)
            if not s.steady() and (year > first or last is None):
                context = year_context(s, world, year, carrier.ledger())
            live_year(s, carrier, context, year)
            town.people = carrier.records()
            if watch is not None:
                watch(year, present(town.people))
            town.next_year(year)
            carrier.replace(town.people)
        return Life(town.people, carrier.ledger())
    finally:
        carrier.close()
