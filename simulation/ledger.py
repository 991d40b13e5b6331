"""Count what happens: whole-number ledgers by year and authority, and the dated journal.

Everything that one child passes to others, and everything that is summed over children, is a whole number:
neither order, threads nor engine can change a sum.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from agents.names import ADULT, AGES, DAYS, MOST_UNITS, RANKS, Count, Flow, Outcome, UnitCount
from agents.rules import rule
from simulation.units import LOADS, book_unit_cost

JOURNAL = np.dtype([("child", "i8"), ("day", "i4"), ("entry", "i2"), ("detail", "i2"), ("number", "i4")])
"""A line of the journal: whose, when, what (names.Entry), of which service or type, how many."""
LINES = 4096
"""Most lines that a journal holds: one long life, or a few dozen short ones."""
SPELL_BANDS = (90, 182, 365, 730)
"""Ends of the published bands of spells [days]; the last band is open."""


class Ledger(NamedTuple):
    """Whole-number sums of one run: the 18 years of a cohort's childhood, or all; A authorities, S services."""

    outcomes: Any  # (18, A, S, 4) children in need by what became of them
    in_need: Any  # (18, A, S) children in need in the service
    passed_on: Any  # (18, A, S) unresolved CATs of the children who were not held
    entries: Any  # (18, A, S)
    days: Any  # (18, A, S)
    stock: Any  # (18, A, S) at 31 March
    demand: Any  # (18, A, S, 3) asked for, by priority band
    turned_away: Any  # (18, A, S) asked and were not accepted
    refused: Any  # (18, A, S) requests to a rationed service that had no place (a child may ask again)
    waiting: Any  # (18, A, S) on the waiting list at 31 March
    from_list: Any  # (18, A, S) entries from the waiting list
    waited: Any  # (18, A, S) days that these had waited
    carried: Any  # (18, A, S) unresolved events of the children in a support at 31 March
    workers_left: Any  # (18, A, S) children whose worker left, above the usual
    admitted: Any  # (A, S, RANKS) places given by rationed services, by rank, over the run
    asked: Any  # (1,) places asked of rationed services, over the run
    ages: Any  # (18, A, 18) children at 31 March by age
    open_in_need: Any  # (18, A, 5) cases open at 31 March by length so far
    open_plans: Any  # (18, A, 5) plans open at 31 March by length so far
    ended_in_need: Any  # (18, A, 5) cases that ended by length
    ended_plans: Any  # (18, A, 5) plans that ended by length
    returned: Any  # (18, A, S) returns to school by the setting returned from
    events: Any  # (18, A, recorded events)
    instability: Any  # (18, A, kinds) events that unsettle a child
    instability_cost: Any  # (18, A, kinds) [hundredths of a penny]
    flows: Any  # (18, A, Flow)
    cats: Any  # (18, A, types)
    unresolved: Any  # (18, A) at the end of the year
    burden: Any  # (18, neighbourhoods) unresolved events
    children: Any  # (18, neighbourhoods)
    expected: Any  # (18, neighbourhoods) unresolved events of children of these ages in the reference [millionths]
    cost: Any  # (18, A, S) [hundredths of a penny]
    reached: Any  # (18, A, interventions) children whom an intervention reached in the year
    intervention_cost: Any  # (18, A, interventions) apart from the cost of services [hundredths of a penny]
    units: Any  # (18, MOST_UNITS, UnitCount)
    unit_cases: Any  # (MOST_UNITS, 10, 4, 2) needs and of them held, by decile and band of load, all years
    aats: Any  # (years, A, types)
    healed: Any  # (years, A)
    alive: Any  # (years, A) at the start of the year
    deaths: Any  # (years, A)
    yld: Any  # (years, A) [millionths of a year]
    yll: Any  # (years, A) of deaths in the year [millionths of a year]
    onsets: Any  # (years, A, conditions)
    adult: Any  # (years, A, names.Count)
    adult_users: Any  # (years, A, adult services) people who used it in the year
    adult_cost: Any  # (years, A, adult services) [hundredths of a penny]
    condition_cost: Any  # (years, A, conditions) [hundredths of a penny]
    agencies: Any  # (A, ages, 4, agencies + 1) person-years by age, ACE count (0, 1, 2-3, 4+) and agencies in touch
    journal: Any  # (LINES,) JOURNAL
    lines: Any  # (3,) lines written, room for lines, id of the only child watched or -1


class Shape(NamedTuple):
    """Sizes that a ledger needs; `childhood` is the years in which there are children."""

    years: int
    authorities: int
    services: int
    types: int
    adult_types: int
    events: int
    conditions: int
    neighbourhoods: int
    instabilities: int
    adult_services: int
    agencies: int
    interventions: int
    childhood: int = ADULT


@cache
def ledger_dtype(shape: Shape) -> "np.dtype[np.void]":
    """Lay the ledger out as one record, so that machine code is handed a single address."""
    y, a, s, n = shape.childhood, shape.authorities, shape.services, shape.neighbourhoods
    sizes: dict[str, tuple[int, ...]] = {
        "outcomes": (y, a, s, len(Outcome) - 1),
        "in_need": (y, a, s),
        "passed_on": (y, a, s),
        "entries": (y, a, s),
        "days": (y, a, s),
        "stock": (y, a, s),
        "demand": (y, a, s, 3),
        "turned_away": (y, a, s),
        "refused": (y, a, s),
        "waiting": (y, a, s),
        "from_list": (y, a, s),
        "waited": (y, a, s),
        "carried": (y, a, s),
        "workers_left": (y, a, s),
        "admitted": (a, s, RANKS),
        "asked": (1,),
        "ages": (y, a, ADULT),
        "open_in_need": (y, a, 5),
        "open_plans": (y, a, 5),
        "ended_in_need": (y, a, 5),
        "ended_plans": (y, a, 5),
        "returned": (y, a, s),
        "events": (y, a, shape.events),
        "instability": (y, a, shape.instabilities),
        "instability_cost": (y, a, shape.instabilities),
        "flows": (y, a, len(Flow)),
        "cats": (y, a, shape.types),
        "unresolved": (y, a),
        "burden": (y, n),
        "children": (y, n),
        "expected": (y, n),
        "cost": (y, a, s),
        "reached": (y, a, shape.interventions),
        "intervention_cost": (y, a, shape.interventions),
        "units": (y, MOST_UNITS, len(UnitCount)),
        "unit_cases": (MOST_UNITS, 10, len(LOADS) + 1, 2),
        "aats": (shape.years, a, shape.adult_types),
        "healed": (shape.years, a),
        "alive": (shape.years, a),
        "deaths": (shape.years, a),
        "yld": (shape.years, a),
        "yll": (shape.years, a),
        "onsets": (shape.years, a, shape.conditions),
        "adult": (shape.years, a, len(Count)),
        "adult_users": (shape.years, a, shape.adult_services),
        "adult_cost": (shape.years, a, shape.adult_services),
        "condition_cost": (shape.years, a, shape.conditions),
        "agencies": (a, AGES, 4, shape.agencies + 1),
    }
    fields: list[Any] = [(name, "i8", size) for name, size in sizes.items()]
    return np.dtype([*fields, ("journal", JOURNAL, (LINES,)), ("lines", "i8", (3,))])


def empty_ledger(shape: Shape, room: int = 0, watched: int = -1) -> Any:
    """Allocate a ledger of zeros.

    Parameters
    ----------
    room : lines of the journal to keep, up to LINES
    watched : id of the only child whose lines are kept, or -1 for all

    Returns
    -------
    (1,) record; `view_ledger` names its parts
    """
    record = np.zeros(1, ledger_dtype(shape))
    record["lines"][0] = 0, min(room, LINES), watched
    return record


def view_ledger(record: Any) -> Ledger:
    """Name the parts of a ledger record; they share its memory."""
    return Ledger(*(record[name][0] for name in Ledger._fields))


def add_ledgers(records: list[Any]) -> Ledger:
    """Add the ledgers of chunks of children; their journals follow one another."""
    ledgers = [view_ledger(record) for record in records]
    sums = {
        name: sum((getattr(x, name) for x in ledgers[1:]), start=getattr(ledgers[0], name).copy())
        for name in Ledger._fields[:-2]
    }
    written = np.concatenate([x.journal[: x.lines[0]] for x in ledgers])
    return Ledger(**sums, journal=written, lines=np.array([len(written), *ledgers[0].lines[1:]]))


OF_ALL_AGES = Ledger._fields[Ledger._fields.index("aats") : -2]
"""What is counted of people above 18 too; all else counts children."""


def add_adults(book: Ledger, adults: Ledger) -> Ledger:
    """Add to a ledger, in its place, the counts of people of the same run who are above 18 throughout."""
    for name in OF_ALL_AGES:
        into = getattr(book, name)
        into += getattr(adults, name)
    return book


@rule
def note(ledger: Any, child: Any, day: int, entry: int, detail: int, number: int) -> None:
    """Write a line into the journal, where one is kept and has room."""
    line = ledger.lines[0]
    if line < ledger.lines[1] and (ledger.lines[2] < 0 or ledger.lines[2] == child.id):
        ledger.journal[line].child = child.id
        ledger.journal[line].day = day
        ledger.journal[line].entry = entry
        ledger.journal[line].detail = detail
        ledger.journal[line].number = number
        ledger.lines[0] = line + 1


@rule
def spell_band(days: int) -> int:
    """Find the published band of a spell of so many days."""
    band = 0
    for end in SPELL_BANDS:
        if days >= end:
            band += 1
    return band


@rule
def spend(child: Any, w: Any, ledger: Any, year: int, service: int, days: int) -> None:
    """Book days spent in a service, and what they cost."""
    cost = days * w.cost_day[child.authority][service]
    ledger.days[year, child.authority, service] += days
    ledger.cost[year, child.authority, service] += cost
    book_unit_cost(child, w, ledger, year, service, cost)
    child.cost += cost
    child.agencies |= w.agency[service]


@rule
def enter(child: Any, w: Any, ledger: Any, year: int, service: int) -> None:
    """Book an entry into a service, and what an episode of it costs."""
    cost = w.cost_entry[child.authority][service]
    ledger.entries[year, child.authority, service] += 1
    ledger.cost[year, child.authority, service] += cost
    book_unit_cost(child, w, ledger, year, service, cost)
    child.cost += cost
    child.agencies |= w.agency[service]


@rule
def first_day(year: int) -> int:
    """Give the day on which a year of the run begins."""
    return year * DAYS
