"""Split a service into units (schools, providers): who goes where, and what each unit can do.

A child's unit of a service is drawn once, by a keyed lottery, in proportion to capacity x affinity to its decile.
"""

from typing import Any

import numpy as np

from agents.names import MOST_UNITS, NO_UNIT, NONE, UnitCount
from agents.rules import rule
from simulation.draws import Decision, uniforms
from simulation.frailty import Values
from simulation.inputs import Tables
from simulation.rows import UnitRow

LOADS = (0, 100, 300)
"""Upper ends of the bands of unresolved load by which need is compared [hundredths of an event]; the last is open."""


@rule
def unit_at(child: Any, w: Any, service: int) -> int:
    """Give the unit of a service that a child is in or goes to; NO_UNIT where the service has none.

    The school that a child attends stands in its record, unless it came from another authority; that of another
    service is its lottery's.
    """
    if w.units == 0 or w.unit_first[child.authority][service] == w.unit_first[child.authority][service + 1]:
        return NO_UNIT
    here = w.unit_first[child.authority]
    if child.education == service and here[service] <= child.unit < here[service + 1]:
        return int(child.unit)
    return draw_unit(child, w, service)


@rule
def draw_unit(child: Any, w: Any, service: int) -> int:
    """Draw a child's unit of a service, by child and service alone: the same whenever it comes."""
    if w.units == 0:
        return NO_UNIT
    first = w.unit_first[child.authority][service]
    last = w.unit_first[child.authority][service + 1] - 1
    if last < first:
        return NO_UNIT
    u = uniforms(w.key, child.id, 0, service, Decision.UNIT)
    for unit in range(first, last):
        if u[0] < w.unit_upto[unit][child.decile]:
            return int(unit)
    return int(last)


@rule
def lift_at(child: Any, w: Any, c: Any, service: int) -> float:
    """Give what Sufficiency and TIP alignment add to holding, of a service or of the child's unit of it [log-odds]."""
    unit = unit_at(child, w, service)
    if unit == NO_UNIT:
        return float(c.lift[child.authority][service])
    return float(c.unit_lift[unit])


@rule
def reach_at(child: Any, w: Any, c: Any, service: int) -> float:
    """Give the probability that a supporting service, or the child's unit of it, reaches the child."""
    unit = unit_at(child, w, service)
    if unit == NO_UNIT:
        return float(c.reach[child.authority][service])
    return float(c.unit_reach[unit])


@rule
def healing_at(child: Any, w: Any, c: Any, service: int) -> float:
    """Give what TIP alignment adds to healing, of a service or of the child's unit of it [log-odds]."""
    unit = unit_at(child, w, service)
    if unit == NO_UNIT:
        return float(c.tip_healing[child.authority][service])
    return float(c.unit_healing[unit])


@rule
def book_case(child: Any, ledger: Any, unit: int, held: bool) -> None:
    """Book a need that a unit tried to hold, by the child's decile and load before the year's moves."""
    if unit == NO_UNIT:
        return
    band = 0
    for end in LOADS:
        if child.severity > end:
            band += 1
    ledger.unit_cases[unit, child.decile, band, 0] += 1
    if held:
        ledger.unit_cases[unit, child.decile, band, 1] += 1


@rule
def book_outcome(ledger: Any, year: int, unit: int, outcome: int) -> None:
    """Book what became of a child in need in a unit."""
    if unit != NO_UNIT:
        ledger.units[year, unit, UnitCount.IN_NEED] += 1
        ledger.units[year, unit, UnitCount.HELD + outcome] += 1


@rule
def book_unit_cost(child: Any, w: Any, ledger: Any, year: int, service: int, cost: int) -> None:
    """Book what a stay in a service costs to the child's unit of it."""
    unit = unit_at(child, w, service)
    if unit != NO_UNIT:
        ledger.units[year, unit, UnitCount.COST] += cost


@rule
def count_at_units(child: Any, w: Any, ledger: Any, year: int) -> None:
    """Count a child at the year's end in its unit of each service that has it."""
    if w.units == 0:
        return
    count_at_unit(child, w, ledger, year, child.education)
    if child.support != NONE:
        count_at_unit(child, w, ledger, year, child.support)
    for k in range(len(w.specialists)):
        if child.specialists >> w.services[w.specialists[k]].bit & 1:
            count_at_unit(child, w, ledger, year, w.specialists[k])


@rule
def count_at_unit(child: Any, w: Any, ledger: Any, year: int, service: int) -> None:
    """Count a child, and its unresolved events, in its unit of a service at the year's end."""
    unit = unit_at(child, w, service)
    if unit != NO_UNIT:
        ledger.units[year, unit, UnitCount.CHILDREN] += 1
        ledger.units[year, unit, UnitCount.UNRESOLVED] += child.unresolved


def unit_parts(tables: Tables, values: Values, places: list[str], services: list[str]) -> dict[str, Any]:
    """Lay out units by place and service, and the cumulative shares of each decile that go to them.

    Returns
    -------
    units : how many there are
    unit_first : (A, S + 1) number of the first unit of each service; the last entry ends the place
    unit_upto : (MOST_UNITS, 10) cumulative share, by decile
    """
    units = tables.rows.get("units", [])
    counts = np.zeros((len(places), len(services)), np.int64)
    upto = np.ones((MOST_UNITS, 10))
    weights = np.array([values[f"{name_of(unit)}.capacity"] * np.array(unit.intake) for unit in units])
    for unit in units:
        counts[places.index(unit.authority), services.index(unit.stage)] += 1
    ends = np.cumsum(counts.ravel())
    for end, count in zip(ends, counts.ravel(), strict=True):
        if count:
            here = weights[end - count : end]
            shares = np.cumsum(here, axis=0) / here.sum(axis=0)
            # From the last unit that takes a decile on, the share is whole: no rounding leads past it.
            after = np.cumsum(here[::-1], axis=0)[::-1] - here
            upto[end - count : end] = np.where(after == 0.0, 1.0, shares)
    first = np.zeros((len(places), len(services) + 1), np.int64)
    first[:, 1:] = ends.reshape(counts.shape)
    first[1:, 0] = first[:-1, -1]
    return {"units": len(units), "unit_first": first, "unit_upto": upto}


def name_of(unit: UnitRow) -> str:
    """Name a unit's numbers, but for the column."""
    return f"units.{unit.authority}.{unit.stage}.{unit.unit}"
