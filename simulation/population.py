"""Begin a cohort: one year's births of each place, every child drawn from its own key."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import special

from agents.adversity import family_number
from agents.child import CHILD, MILLION, NEVER, joined
from agents.names import ADULT, NO_UNIT, NONE, Outcome
from simulation.build import authority_names
from simulation.deprivation import joint, lives_where
from simulation.draws import WORD, Decision, check_ranges, uniforms
from simulation.errors import InputError
from simulation.frailty import Values, parental_shares, parents
from simulation.inputs import Tables
from simulation.scenario import Switches

ALONE = Switches()
"""No interaction between children."""
SEXES = ("male", "female")
GROUPS = ("white", "asian", "black", "mixed", "other")


def births(tables: Tables, place: str, children: int | None) -> int:
    """Give the size of a place's cohort: as asked for, or its births of a year."""
    if children is not None:
        if not 1 <= children <= WORD:
            raise InputError(f"--children: {children} is outside 1 to {WORD}; choose a whole number within it")
        return children
    return int(next(row.births for row in tables.rows["authorities"] if row.authority == place))


def cohort(
    tables: Tables,
    values: Values,
    places: Sequence[str],
    children: int | None,
    key: tuple[int, int, int],
    switches: Switches = ALONE,
) -> Any:
    """Draw a birth cohort of each place.

    Parameters
    ----------
    switches : whether families, and ethnic group and decile, go together

    Returns
    -------
    (children,) records of `agents.child.CHILD`, place after place
    """
    order = authority_names(tables)
    first = np.cumsum([0, *(counts.sum() for counts in neighbourhoods_of(tables).values())])
    parts = []
    for place in places:
        number = order.index(place)
        part = place_cohort(tables, values, place, births(tables, place, children), number, key, 0, switches)
        part["authority"] = number
        part["neighbourhood"] += np.uint16(first[number])
        parts.append(part)
    records = joined(*parts)
    check_ranges(records["id"], 0)
    return records


def neighbourhoods_of(tables: Tables) -> dict[str, Any]:
    """Count every place's neighbourhoods by decile, in the order of places; the reference has one for each."""
    found = {row.authority: np.zeros(10, np.int64) for row in tables.rows["authorities"]}
    for row in tables.rows["deprivation"]:
        found[row.authority][row.decile - 1] = row.neighbourhoods
    references = {row.authority: np.ones(10, np.int64) for row in tables.rows["authorities"] if row.role == "reference"}
    return found | references


def neighbourhoods(tables: Tables, place: str) -> Any:
    """Count a place's neighbourhoods by decile."""
    return neighbourhoods_of(tables)[place]


def place_cohort(
    tables: Tables,
    values: Values,
    place: str,
    size: int,
    number: int,
    key: tuple[int, int, int],
    first: int = 0,
    switches: Switches = ALONE,
) -> Any:
    """Draw one place's cohort; a child's draws know its place and number, not who else is in the run.

    Parameters
    ----------
    first : number of the first child within the place
    """
    own = first + np.arange(size, dtype=np.int64)
    ids = (np.int64(number) << 32) | own
    children: Any = np.zeros(size, CHILD)
    children["id"] = ids
    start, birth = own_draws(values, key, children)
    # A twin belongs to the family of the child before it.
    twin = (start[1] < values["twin_birth_share"] / 2) & (own > first)
    children["family"] = np.maximum.accumulate(np.where(twin, 0, own))
    families = family_number(children["id"], children["family"].astype(np.int64))
    children["frailty"] = np.round(MILLION * frailty(values, uniforms(key, families, 0, 0, int(Decision.FRAILTY))))
    if switches.families:
        birth = uniforms(key, families, 0, 1, int(Decision.BIRTH))  # one home for all children of a family
        part, _ = parents(values)
        children["parent_class"] = pick(uniforms(key, families, 0, 0, int(Decision.FRAILTY))[1], part)
        children["parent_years"] = parental_years(values, key, families, children["parent_class"], 0)
    children["decile"] = pick(birth[1], shares(tables, values, "deprivation", "decile", range(1, 11), place))
    counts = neighbourhoods(tables, place)
    within = np.minimum((birth[2] * counts[children["decile"]]).astype(np.int64), counts[children["decile"]] - 1)
    children["neighbourhood"] = (np.cumsum(counts) - counts)[children["decile"]] + np.maximum(within, 0)
    if switches.ethnic_deprivation:
        together = who_lives_where(tables, values, place)
        for decile in np.unique(children["decile"]):
            here = children["decile"] == decile
            children["ethnic_group"][here] = pick(birth[3][here], together[decile])
    else:
        children["ethnic_group"] = pick(birth[3], shares(tables, values, "ethnic_groups", "group", GROUPS, place))
    for name in ("open_since", "referred", "died", "plan_ended", "went_home"):
        children[name] = NEVER
    children["education"] = children["support"] = children["waiting"] = NONE
    children["unit"] = NO_UNIT
    children["outcome"] = Outcome.NO_NEED
    return children


def own_draws(values: Values, key: tuple[int, int, int], children: Any) -> tuple[Any, Any]:
    """Set sex and starting resilience of children by their ids, and give the draws: of the start and of the birth."""
    start, birth = (uniforms(key, children["id"], 0, 0, int(each)) for each in (Decision.START, Decision.BIRTH))
    children["sex"] = birth[0] >= values["boys_share"]
    resilience = values["resilience_start"] + values["resilience_spread"] * (2 * start[0] - 1)
    children["resilience"] = np.round(MILLION * np.clip(resilience, 0, 1))
    return start, birth


def who_lives_where(tables: Tables, values: Values, place: str) -> Any:
    """Give the share of a place's children by decile and ethnic group: both margins its own, ties as in England.

    Returns
    -------
    (10, 5) shares that sum to 1
    """
    ends = [
        np.array([values[f"ethnic_deprivation.{group}.{column}"] for group in GROUPS])
        for column in ("most_deprived_tenth", "least_deprived_tenth")
    ]
    return joint(
        shares(tables, values, "deprivation", "decile", range(1, 11), place),
        shares(tables, values, "ethnic_groups", "group", GROUPS, place),
        lives_where(*ends),
    )


def frailty(values: Values, u: Any) -> Any:
    """Draw family frailty: gamma with mean 1, times what the parent's own ACEs bring, mean 1."""
    part, ratio = parents(values)
    return frailty_within(values, u[0]) * ratio[pick(u[1], part)]


def frailty_within(values: Values, u: Any) -> Any:
    """Draw what families of parents alike differ in: gamma with mean 1."""
    shape = values["frailty_shape"]
    return special.gammaincinv(shape, u) / shape


def parental_years(values: Values, key: tuple[int, int, int], families: Any, classes: Any, birth_year: int) -> Any:
    """Draw the years of childhood in which a parent meets an adversity of its own, from the family's own draws.

    Returns
    -------
    (families,) bits by the child's age
    """
    share = parental_shares(values)[classes]
    bits = np.zeros(len(families), np.uint32)
    for age in range(ADULT):
        met = uniforms(key, families, birth_year + age, 1, int(Decision.FAMILY))[0] < share
        bits |= met.astype(np.uint32) << np.uint32(age)
    return bits


def pick(u: Any, chances: Any) -> Any:
    """Choose a class for each uniform by the classes' shares."""
    edges = np.cumsum(chances)
    return np.minimum(np.searchsorted(edges, u * edges[-1], side="right"), np.flatnonzero(chances)[-1])


def shares(tables: Tables, values: Values, table: str, column: str, classes: Any, place: str) -> Any:
    """Read a place's shares of some classes; a class without a row has none."""
    names = [f"{table}.{place}.{each}.share" for each in classes]
    found = np.array([values.get(name, 0.0) for name in names])
    if not found.sum() > 0:
        raise InputError(f"{table}.csv: no {column} of '{place}'; add its rows")
    return found
