"""Bring amounts of money to the prices of one year."""

import numpy as np

from simulation.errors import InputError
from simulation.frailty import Values
from simulation.inputs import Tables

PRICE_YEAR = "2023-24"


def deflator(tables: Tables, values: Values, since: str) -> float:
    """Give the factor from the prices of a year to those of the price year.

    Raises
    ------
    InputError
        If a year between the two has no row.
    """
    years = [row.year for row in tables.rows["deflators"]]
    if since not in (*years, "2013-14") or PRICE_YEAR not in years:
        raise InputError(f"deflators.csv: no row leads from {since} to {PRICE_YEAR}; add the years between")
    between = [year for year in sorted(years) if since < year <= PRICE_YEAR]
    if len(between) != int(PRICE_YEAR[:4]) - int(since[:4]):
        raise InputError(f"deflators.csv: years between {since} and {PRICE_YEAR} are missing; add their rows")
    return float(np.prod([1 + values[f"deflators.{year}.value"] for year in between]))
