"""Lost GDP by condition: exposure, relative risk, attributable fraction, DALYs and GDP a head."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from experiments.bands import QUANTILES
from simulation.inputs import Number, Tables
from simulation.sampling import quantiles, sobol_points, uncertain

TABLES = ("published_sources", "published_figures", "ace_cost_places", "ace_cost_conditions", "ace_cost_numbers")
"""The tables that the ACE cost model reads."""
MODELS = ("ace_costs", "peer")
"""The models whose published figures it reads."""
CLASSES = ("0", "1", "2_3", "4")
"""Classes of people by their number of ACEs; the published model takes the last two as one."""
RISK_FACTOR = "daly_rate_of_risk_factor"
PER = 100_000
MILLION = 1e6
Values = Mapping[str, Any]
"""Every number by name: a value, or (draws,) values."""


class Inputs(NamedTuple):
    """What the burden of C conditions comes from; the last axis, where there is one, is of draws."""

    shares: Any
    """(4, ...) people with 0, 1, 2 or 3, and 4 or more ACEs [share]"""
    risk_1: Any
    """(C, ...) relative risk at one ACE"""
    risk_2: Any
    """(C, ...) relative risk at two or more ACEs"""
    daly_rate: Any
    """(C, ...) DALYs a year per 100,000 residents"""
    split: Any
    """(...) log relative risk at two or three ACEs as a share of that at four or more"""


class Band(NamedTuple):
    """A figure at central numbers, and the 95% band of its draws."""

    value: float
    low: float
    high: float


def own_numbers(tables: Tables) -> list[Number]:
    """List the numbers of the ACE cost model, its published figures and the estimate of its peer."""
    figures = tables.rows["published_figures"]
    others = {f"published_figures.{row.figure}.{row.authority}.value" for row in figures if row.model not in MODELS}
    numbers = tables.numbers.values()
    return [each for each in numbers if each.file.removesuffix(".csv") in TABLES and each.name not in others]


def conditions(tables: Tables) -> dict[str, str]:
    """Name the conditions in the order of their table, each with the name of its burden."""
    found: dict[str, str] = {}
    for row in tables.rows["ace_cost_conditions"]:
        found.setdefault(row.condition, "daly_rate")
        if row.figure == RISK_FACTOR:
            found[row.condition] = RISK_FACTOR
    return found


def risk_factors(tables: Tables) -> list[str]:
    """Name the conditions that are risk factors: their burden overlaps that of the diseases they cause."""
    return [name for name, burden in conditions(tables).items() if burden == RISK_FACTOR]


def driver(number: Number) -> str:
    """Name what moves a number: relative risks all come from one assumed rule and move together, all else alone."""
    return "relative_risks" if ".relative_risk_" in number.name else number.name


def drawn_values(tables: Tables, draws: int, seed: int) -> Values:
    """Draw the uncertain numbers of the ACE cost model jointly; all others stay as they are.

    One probability drives all relative risks: they are one assumption, not twenty. The draws do not depend on which
    authorities are asked for, so that one authority alone has the band that it has among all.
    """
    numbers = uncertain({number.name: number for number in own_numbers(tables)})
    drivers = sorted({driver(number) for number in numbers})
    points = sobol_points(draws, len(drivers), seed)
    at = {name: points[:, column] for column, name in enumerate(drivers)}
    return {**tables.values(), **{number.name: quantiles(number, at[driver(number)]) for number in numbers}}


def inputs(tables: Tables, values: Values) -> Inputs:
    """Gather what the burden comes from; the two surveys of exposure are mixed by their weight."""

    def one(name: str) -> Any:
        return values[f"ace_cost_numbers.{name}.value"]

    def each(figures: list[str]) -> Any:
        names = [f"ace_cost_conditions.{name}.{figure}.value" for name, figure in zip(burdens, figures, strict=True)]
        return np.array([values[name] for name in names])

    burdens = conditions(tables)
    weight = one("survey_weight")
    shares = [(1 - weight) * one(f"share_{name}") + weight * one(f"wales_share_{name}") for name in CLASSES]
    return Inputs(
        np.array(shares),
        each(["relative_risk_1"] * len(burdens)),
        each(["relative_risk_2"] * len(burdens)),
        each(list(burdens.values())),
        one("split_2_3"),
    )


def excess_risk(one: Any, more: Any, given: Inputs) -> Any:
    """Sum share times (relative risk less 1) over the exposed, by condition: the published classes 0, 1, 2+.

    Parameters
    ----------
    one, more : people with one, and with two or more ACEs [share]
    """
    return one * (given.risk_1 - 1) + more * (given.risk_2 - 1)


def excess_now(given: Inputs) -> Any:
    """Sum the excess risk of the exposed as they are now, by condition."""
    return excess_risk(given.shares[1], given.shares[2] + given.shares[3], given)


def attributable(excess: Any) -> Any:
    """Give the population attributable fraction of an excess risk x: x / (1 + x)."""
    return excess / (1 + excess)


def dalys(given: Inputs, population: float) -> Any:
    """Give the DALYs a year attributable to ACEs, by condition."""
    return attributable(excess_now(given)) * given.daly_rate * population / PER


def band(value: Any, drawn: Any) -> Band:
    """Set the 95% band of the draws beside the central value."""
    low, high = np.quantile(drawn, [QUANTILES["low_95"], QUANTILES["high_95"]])
    return Band(float(value), float(low), float(high))
