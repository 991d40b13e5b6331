"""Put a price on time: discount factors, healthy years, lost GDP and the bearers of public cost."""

from typing import Any

import numpy as np

from agents.child import HUNDREDTHS, MILLION
from agents.names import DAYS
from simulation.build import authority_names, deflator, service_names
from simulation.frailty import Values
from simulation.harm import instability_kinds
from simulation.inputs import Tables

HORIZON = 260
"""Years that discounting reaches: the longest life and the longest residual expectancy."""
GDP_YEAR = "2019-20"
"""Price year of GDP per head as published."""


def discount_factors(values: Values, kind: str) -> Any:
    """Give the factor of each year from the run's first, in which nothing is discounted.

    Parameters
    ----------
    kind : 'none', 'health' or 'costs'; both rates decline after 30 and 75 years

    Returns
    -------
    (HORIZON,) factors
    """
    rates = np.zeros(HORIZON)
    if kind != "none":
        name = "discount_rate_health" if kind == "health" else "discount_rate"
        rates[1:31] = values[f"{name}_to_30"]
        rates[31:76] = values[f"{name}_31_75"]
        rates[76:] = values[f"{name}_after_75"]
    return np.cumprod(1.0 / (1.0 + rates))


def present_years(start: Any, length: Any, factors: Any) -> Any:
    """Value spans of years at the factors of the years in which they fall.

    Parameters
    ----------
    start, length : begin and length of each span [years from the run's first day]
    factors : by year; within a year the factor stays

    Returns
    -------
    discounted years of each span; with factors of 1, its length
    """
    summed = np.concatenate([[0.0], np.cumsum(factors)])
    steps = np.append(np.diff(summed), 0.0)

    def upto(at: Any) -> Any:
        # As np.interp does, on a grid of whole years: five times as fast.
        year = np.minimum(np.asarray(at, np.int64), len(factors))
        return steps[year] * (at - year) + summed[year]

    return upto(np.add(start, length)) - upto(start)


def years_lost(children: Any, ledger: Any, authority: int, factors: Any) -> tuple[float, float]:
    """Sum years of life lost and years lived with disability of an authority's people, discounted."""
    dead = (children["authority"] == authority) & (children["died"] >= 0)
    lost = present_years(children["died"][dead] / DAYS, children["yll"][dead] / MILLION, factors).sum()
    ill = (ledger.yld[:, authority] / MILLION) @ factors[: len(ledger.yld)]
    return float(lost), float(ill)


def gdp_per_head(tables: Tables, values: Values) -> float:
    """Give the region's GDP per head in the price year [GBP a year]: one value of a healthy year."""
    return values["gdp_per_head"] * deflator(tables, values, GDP_YEAR)


def payer_shares(tables: Tables, factor: float | None = None) -> dict[str, Any]:
    """Give, for each payer, what it pays of each service: all of it, or the share that is cashable.

    Parameters
    ----------
    factor : moves every cashable share, up to 1; None for all that is paid
    """
    names = service_names(tables)
    shares: dict[str, Any] = {}
    for row in tables.rows["unit_costs"]:
        share = 1.0 if factor is None else min(1.0, row.cashable * factor)
        shares.setdefault(row.payer, np.zeros(len(names)))[names.index(row.service)] = share
    return shares


def payers(tables: Tables) -> list[str]:
    """List who pays for services, moves and interventions, in the order of the tables."""
    rows = (*tables.rows["unit_costs"], *tables.rows["instability_events"], *tables.rows["interventions"])
    return list(dict.fromkeys(row.payer for row in rows))


def accounts(tables: Tables, values: Values, ledger: Any, place: str) -> Any:
    """Give what each payer pays in a place in each year of childhood [GBP].

    Returns
    -------
    (18, payers, 4): services and moves, what of them is cashable, interventions, what of those only changes hands
    """
    number, names = authority_names(tables).index(place), payers(tables)
    found = np.zeros((len(ledger.cost), len(names), 4))
    cost, moves = service_cost(ledger, tables, place), instability_cost(ledger, tables, place)
    for column, factor in enumerate((None, values["factor_cashable"])):
        for payer, share in payer_shares(tables, factor).items():
            found[:, names.index(payer), column] = cost @ share
        for k, kind in enumerate(instability_kinds(tables)):
            part = 1.0 if factor is None else min(1.0, kind.cashable * factor)
            found[:, names.index(kind.payer), column] += part * moves[:, k]
    for k, row in enumerate(tables.rows["interventions"]):
        paid = ledger.intervention_cost[:, number, k] / HUNDREDTHS
        found[:, names.index(row.payer), 2] += paid
        found[:, names.index(row.payer), 3] += paid * values.get(transfer_share(row.intervention), 0.0)
    return found


def transfer_share(intervention: str) -> str:
    """Name the number that says what share of an intervention's cost only changes hands."""
    return f"interventions.{intervention}.transfer_share"


def service_cost(ledger: Any, tables: Tables, place: str) -> Any:
    """Give the cost of each service in each year of childhood in a place [GBP].

    Returns
    -------
    (18, S)
    """
    return ledger.cost[:, authority_names(tables).index(place)] / HUNDREDTHS


def instability_cost(ledger: Any, tables: Tables, place: str) -> Any:
    """Give the cost of each kind of move in each year of childhood in a place [GBP].

    Returns
    -------
    (18, kinds); nought where the switch instability_events is off
    """
    return ledger.instability_cost[:, authority_names(tables).index(place)] / HUNDREDTHS
