"""Let those who grew up have children: who becomes a mother when, and from where her children start."""

from typing import Any

import numpy as np

from agents.child import MILLION, NEVER
from agents.names import ADULT, DAYS
from simulation.draws import Decision, uniforms
from simulation.frailty import Values, parents
from simulation.inputs import Tables
from simulation.population import ALONE, frailty_within, place_cohort

FEMALE = 1
ORDER = 1 << 24
"""A child's own number is its birth order times this, and its mother's number."""


def fertility(tables: Tables, values: Values) -> Any:
    """Lay out births a woman and year by age, up to the last age that has any."""
    rows = tables.rows["fertility"]
    rate = np.zeros(max(row.age_to for row in rows) + 1)
    for row in rows:
        rate[row.age_from : row.age_to + 1] = values[f"fertility.{row.age_from}.births"]
    return rate


def mothers(tables: Tables, values: Values, people: Any, key: tuple[int, int, int]) -> tuple[Any, Any, Any]:
    """Draw who has a child at which age: at most one a year, of those alive.

    Parameters
    ----------
    people : records of a cohort at the end of its life

    Returns
    -------
    (children,) numbers of the mothers among the people, their age at the birth, and the child's birth order from 1
    """
    rate = fertility(tables, values)
    women = np.flatnonzero(people["sex"] == FEMALE)
    born, ages, orders = [], [], []
    order = np.zeros(len(people), np.int64)
    for age in np.flatnonzero(rate):
        alive = women[(people["died"][women] == NEVER) | (people["died"][women] >= (age + 1) * DAYS)]
        drawn = uniforms(key, people["id"][alive], int(age), 2, int(Decision.FAMILY))[0]
        now = alive[drawn < rate[age]]
        order[now] += 1
        born.append(now)
        ages.append(np.full(len(now), age))
        orders.append(order[now].copy())
    return np.concatenate(born), np.concatenate(ages), np.concatenate(orders)


def second_generation(
    tables: Tables, values: Values, place: str, people: Any, adverse: Any, key: tuple[int, int, int]
) -> Any:
    """Begin the children of a cohort where their mothers stand.

    Home and ethnic group are the mother's; family frailty has her own ACEs in it where the first generation drew a
    parent's; and the years of their childhood in which she met an adult adversity are hers.

    Parameters
    ----------
    people : records of the first generation at the end of its life, of one place
    adverse : (people, years of life) whether an adult adversity was met

    Returns
    -------
    records, each born in year 0 of its own run
    """
    who, age, order = mothers(tables, values, people, key)
    her = people[who]
    number = int(people["authority"][0])
    children = place_cohort(tables, values, place, len(who), number, key, 0, ALONE)
    own = (order << 24) | (her["id"] & (ORDER - 1))
    ids = (np.int64(number) << 32) | own
    children["id"] = ids
    children["family"] = ORDER | (her["id"] & (ORDER - 1))
    for name in ("decile", "neighbourhood", "ethnic_group", "authority"):
        children[name] = her[name]
    _, ratio = parents(values)
    u = uniforms(key, (np.int64(number) << 32) | children["family"].astype(np.int64), 0, 0, int(Decision.FRAILTY))
    children["frailty"] = np.round(MILLION * frailty_within(values, u[0]) * ratio[parent_class(her["aces"])])
    birth = uniforms(key, ids, 0, 0, int(Decision.BIRTH))
    start = uniforms(key, ids, 0, 0, int(Decision.START))
    children["sex"] = birth[0] >= values["boys_share"]
    resilience = values["resilience_start"] + values["resilience_spread"] * (2 * start[0] - 1)
    children["resilience"] = np.round(MILLION * np.clip(resilience, 0, 1))
    children["parent_years"] = 0
    for year in range(ADULT):
        met = adverse[who, np.minimum(age + year, adverse.shape[1] - 1)]
        children["parent_years"] |= met.astype(np.uint32) << np.uint32(year)
    return children


def parent_class(aces: Any) -> Any:
    """Put a parent's ACE count into its class: 0, 1, 2-3, 4 or more."""
    return np.searchsorted([1, 2, 4], aces, side="right")
