"""Let those who grew up have children: who becomes a mother when, and from where her children start."""

from typing import Any, NamedTuple

import numpy as np

from agents.adult import ace_band
from agents.adversity import family_number
from agents.child import MILLION, NEVER
from agents.names import ADULT, DAYS
from simulation.draws import Decision, uniforms
from simulation.frailty import PARENTAL_ACES, Values
from simulation.inputs import Tables
from simulation.population import ALONE, frailty_within, own_draws, place_cohort

FEMALE = 1
ORDER = 1 << 24
"""A child's own number is its birth order times this, and its mother's number."""


class Generation(NamedTuple):
    """People at the end of their lives, as parents."""

    people: Any  # records, of one place
    adverse: Any  # (people, years of life) whether an adult adversity was met


class Usual(NamedTuple):
    """What England's mothers of today bring their children: the point from which other mothers' children differ."""

    frailty: Any  # (10,) mean of what a mother's ACEs do to frailty, by decile
    met: Any  # (4, 10) share of a childhood's years in which she met an adversity, by her ACEs and decile


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


def parent_class(aces: Any) -> Any:
    """Put parents' ACE counts into their classes: 0, 1, 2-3, 4 or more."""
    return np.array([ace_band(count) for count in range(256)], np.uint8)[aces]


def met_at(adverse: Any, who: Any, age: Any) -> Any:
    """Take the years of each childhood in which the mother met an adult adversity.

    Returns
    -------
    (children, 18) whether she did
    """
    years = np.minimum(age[:, None] + np.arange(ADULT), adverse.shape[1] - 1)
    return adverse[who[:, None], years]


def usual(tables: Tables, values: Values, england: Generation, key: tuple[int, int, int]) -> Usual:
    """Find what mothers bring on average today, so that a second generation starts where the first one does.

    Gradients by deprivation and by parents' ACEs are published for children who are there: the adversity that their
    mothers met is in them. It is taken out by decile, and within it by the mothers' ACEs.
    """
    who, age, _ = mothers(tables, values, england.people, key)
    decile, classes = england.people["decile"][who], parent_class(england.people["aces"][who])
    brought = np.exp(values["parental_effect"] * PARENTAL_ACES)[classes]
    births = np.bincount(decile, minlength=10)
    cell = 10 * classes.astype(np.int64) + decile
    years = np.bincount(cell, met_at(england.adverse, who, age).mean(axis=1), 40)
    return Usual(
        np.where(births > 0, np.bincount(decile, brought, 10) / np.maximum(1, births), 1.0),
        (years / np.maximum(1, np.bincount(cell, minlength=40))).reshape(4, 10),
    )


def second_generation(
    tables: Tables,
    values: Values,
    place: str,
    parents: Generation,
    today: Any,
    compared: Usual,
    key: tuple[int, int, int],
) -> Any:
    """Begin the children of a cohort where their mothers stand.

    Home and ethnic group are the mother's. What her own ACEs go with is in the family's frailty: by
    `parental_causal_share` those that she has here, and otherwise those that she has today, whose background is hers
    in any case. The years of their childhood in which she met an adult adversity are hers.

    Parameters
    ----------
    parents : the first generation
    today : records of the same people under today's services

    Returns
    -------
    records, each born in year 0 of its own run
    """
    people = parents.people
    who, age, order = mothers(tables, values, people, key)
    her = people[who]
    number = int(people["authority"][0])
    children = place_cohort(tables, values, place, len(who), number, key, 0, ALONE)
    mother = her["id"] & (ORDER - 1)
    children["id"] = (np.int64(number) << 32) | order * ORDER | mother
    children["family"] = ORDER | mother
    own_draws(values, key, children)
    for name in ("decile", "neighbourhood", "ethnic_group", "authority"):
        children[name] = her[name]
    # What her years of adversity raise is measured from mothers of her background.
    children["parent_class"] = parent_class(today["aces"][who])
    here, before = (PARENTAL_ACES[parent_class(each)] for each in (her["aces"], today["aces"][who]))
    aces = before + values["parental_causal_share"] * (here - before)
    families = family_number(children["id"], children["family"].astype(np.int64))
    within = frailty_within(values, uniforms(key, families, 0, 0, int(Decision.FRAILTY))[0])
    brought = np.exp(values["parental_effect"] * aces) / compared.frailty[children["decile"]]
    children["frailty"] = np.round(MILLION * within * brought)
    bits = met_at(parents.adverse, who, age).astype(np.uint32) << np.arange(ADULT, dtype=np.uint32)
    children["parent_years"] = bits.sum(axis=1)
    return children
