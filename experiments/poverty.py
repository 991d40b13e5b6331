"""Say whom the poverty lever reaches, and what that costs where a scenario says so."""

import numpy as np

from agents.names import ADULT
from simulation.economics import discount_factors
from simulation.frailty import Values
from simulation.inputs import Tables
from simulation.population import shares
from simulation.scenario import Lever, Scenario


def reached(tables: Tables, values: Values, scenario: Scenario, place: str) -> tuple[float, float]:
    """Give, per discounted child-year of a place, the child-years whose deprivation falls, and their cost [GBP].

    A year counts by the strength with which the lever acts in it; a lever without a cost adds none.
    """
    factors = discount_factors(values, "costs")[:ADULT]
    deciles = shares(tables, values, "deprivation", "decile", range(1, 11), place)
    first, years, cost = int(values["first_year"]), 0.0, 0.0
    for lever in scenario.levers:
        if lever.kind == "poverty" and (lever.authorities is None or place in lever.authorities):
            part = float(strength(lever, first) @ factors / factors.sum())
            part *= float(deciles[lever.deciles[0] - 1 : lever.deciles[1]].sum() / deciles.sum())
            years, cost = years + part, cost + part * (lever.cost or 0.0)
    return years, cost


def strength(lever: Lever, first: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Give the strength of a lever in each year of a cohort's childhood."""
    return np.array([lever.strength(first + age) for age in range(ADULT)])
