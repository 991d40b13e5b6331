"""Say what an authority would record to replace each assumption, and how much of it would settle the question.

Settled means here: the 95% interval of the estimate is a quarter as wide as the assumption's is today. Its standard
error is then W / (8 x 1.96), with W the width of today's interval, on the scale on which the estimate varies.
"""

import math
from collections.abc import Hashable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pandas as pd
from scipy import stats

from agents.names import ADULT
from experiments.journal import places_of
from experiments.rounding import MISSING
from experiments.screen import NOT_FOR_INDIVIDUALS, sectioned, wrapped
from simulation.errors import InputError
from simulation.inputs import Number, Tables
from simulation.rows import CaptureRow

SHARPER = 4
"""How many times narrower than today's an interval must be."""
Z = float(stats.norm.isf(0.025))
FORMULAS = {
    "share": "p (1 - p) / se^2",
    "rate": "rate / se^2",
    "log_rate": "1 / (rate x variance x se^2)",
    "log_odds": "1 / (p (1 - p) x variance x se^2)",
    "mean": "spread^2 / (variance x se^2)",
    "log_mean": "spread^2 / (variance x se^2)",
    "none": "",
}
"""Records needed: binomial for shares, Poisson for rates, and by regression where records are compared."""
BY_LOGARITHM = ("log_rate", "log_mean")
SCHOOL_AGES = (5, 15)
NO_INTERVAL = "no interval stands today: what is recorded gives the number itself, or a rule of the model does"
"""Why nothing is counted for the numbers without an interval in a row whose others have one."""
UNSPECIFIED = "not specified"
"""Where numbers stand for which the table says nothing yet."""
READ = (
    "Replaces: how many numbers the record would replace. '-': no sample settles it. Records are taken as independent: "
    "m of one school or worker, correlated by r, take 1 + (m - 1) r times as many. `wellheld capture NAME` tells one "
    "in full: fields to record, formula and source of cases."
)


def standard_error(low: float, high: float, estimator: str) -> float:
    """Give the standard error at which an estimate's interval is a quarter of today's; 0 where it has no width."""
    if estimator in BY_LOGARITHM:
        if low <= 0.0:
            return 0.0
        low, high = math.log(low), math.log(high)
    return (high - low) / (2 * SHARPER * Z)


def records_needed(estimator: str, low: float, high: float, base: float, variance: float) -> float:
    """Give how many records settle a question, by the formula of its kind of estimate.

    Parameters
    ----------
    low, high : today's 95% interval
    base : share, rate or spread of what is recorded
    variance : of what differs between records (q (1 - q) for two groups); 1 where nothing is compared

    Returns
    -------
    records, not rounded; infinite where today's interval has no width
    """
    error = standard_error(low, high, estimator)
    if error == 0.0 or estimator == "none":
        return math.inf
    needed = {
        "share": base * (1 - base),
        "rate": base,
        "log_rate": 1 / (base * variance),
        "log_odds": 1 / (base * (1 - base) * variance) if base < 1 else math.inf,
        "mean": base**2 / variance,
        "log_mean": base**2 / variance,
    }
    return needed[estimator] / error**2


def covered(tables: Tables) -> dict[str, list[Number]]:
    """List the numbers that each row of the table of capture is about, and under UNSPECIFIED those in no row.

    Raises
    ------
    InputError
        If a number graded assumption is in two rows, or a row is about none.
    """
    assumed = [x for x in tables.numbers.values() if x.grade == "assumption" and x.file != "capture.csv"]
    found: dict[str, list[Number]] = {row.assumption: [] for row in tables.rows["capture"]}
    for number in assumed:
        rows = [r for r in tables.rows["capture"] if any(fnmatchcase(number.name, p) for p in r.numbers.split())]
        if len(rows) > 1:
            names = " and ".join(row.assumption for row in rows)
            raise InputError(f"capture.csv: {number.name} is in {names}; keep it in the numbers of one row")
        found.setdefault(rows[0].assumption if rows else UNSPECIFIED, []).append(number)
    for name, numbers in found.items():
        if not numbers:
            raise InputError(f"capture.csv: row '{name}': no number graded assumption has such a name; remove it")
    return found


def cases_a_year(tables: Tables, place: str) -> dict[str, float]:
    """Count what a place has in a year of each kind of case, from its tables.

    Raises
    ------
    InputError
        If the tables publish no indicators of the place.
    """
    places = places_of(tables, place)
    authorities = [row for row in tables.rows["authorities"] if row.authority in places]
    children = sum(row.children for row in authorities)
    published = {row.indicator: row.value for row in tables.rows["indicators"] if row.authority == place}
    ages: dict[int, int] = {}
    for row in tables.rows["residents"]:
        if row.authority in places:
            ages[row.age] = ages.get(row.age, 0) + row.residents
    if "referral_rate" not in published or not ages:
        raise InputError(f"--place {place}: its referrals and residents are in no table; give sandwell or region")
    return {
        "births": sum(row.births for row in authorities),
        "children": children,
        "pupils": sum(ages[age] for age in range(SCHOOL_AGES[0], SCHOOL_AGES[1] + 1)),
        "referrals": published["referral_rate"] * children / 1e4,
        "children_in_need": published["child_in_need_any_point_share"] * children,
        "looked_after": published["looked_after_rate"] * children / 1e4,
        "aged_18_24": sum(count for age, count in ages.items() if age >= ADULT),
        "services": float(len(tables.rows["services"]) * len(places)),
    }


def one(row: CaptureRow, number: Number | None, about: list[Number], cases: dict[str, float]) -> dict[str, object]:
    """Work out one row of the specification: for a number's own interval, or for a group's."""
    base, needed = 0.0, math.inf
    if number is not None and number.low is not None and number.high is not None:
        base = row.base if row.base > 0 else number.value
        needed = records_needed(row.estimator, number.low, number.high, base, row.variance)
    yearly = cases[row.cases] * row.case_share
    settled = math.isfinite(needed)
    return {
        "assumption": row.assumption,
        "number": number.name if number is not None else "",
        "numbers_replaced": len(about),
        "value": number.value if number is not None else math.nan,
        "low": number.low if number is not None else math.nan,
        "high": number.high if number is not None else math.nan,
        "fields": row.fields,
        "unit_of_record": row.unit_of_record,
        "estimator": row.estimator if settled else "no sample settles it",
        "formula": FORMULAS[row.estimator] if settled else "",
        "base": base if settled else math.nan,
        "variance": row.variance if settled else math.nan,
        "records_needed": math.ceil(needed) if settled else math.nan,
        "cases": row.cases,
        "records_a_year": yearly if settled else math.nan,
        "years": needed / yearly if settled else math.nan,
        "note": row.note if settled or row.estimator == "none" else NO_INTERVAL,
    }


def capture(tables: Tables, place: str = "sandwell", name: str | None = None) -> pd.DataFrame:
    """Specify what would be recorded, how much of it, and how many years of a place's cases that is.

    Returns
    -------
    one row a number that has an interval of its own, one for each group that moves together, and one for those of a
    group that have none

    Raises
    ------
    InputError
        If no assumption or number begins with the name.
    """
    groups, cases = covered(tables), cases_a_year(tables, place)
    found: list[dict[str, object]] = []
    for row in tables.rows["capture"]:
        about = groups[row.assumption]
        if row.interval_of == "own":
            fixed = [x for x in about if x.low is None]
            found += [one(row, x, [x], cases) for x in about if x.low is not None]
            found += [one(row, None, fixed, cases)] if fixed else []
        else:
            found.append(one(row, tables.numbers.get(row.interval_of), about, cases))
    table = pd.DataFrame(found)
    for number in groups.get(UNSPECIFIED, []):
        table.loc[len(table), ["assumption", "number", "numbers_replaced"]] = UNSPECIFIED, number.name, 1
    if name is not None:
        kept = table["assumption"].str.startswith(name) | table["number"].str.startswith(name)
        if not kept.any():
            raise InputError(f"no assumption or number begins with '{name}'; `wellheld capture` lists all")
        table = table[kept].reset_index(drop=True)
    return table


def screen(table: pd.DataFrame, place: str) -> str:
    """Write what to record: a line for each number under its assumption, or one row in full."""
    lines = wrapped(
        f"What to record to replace each assumption: {place.replace('_', ' ')}, today's numbers. Records that make "
        "today's 95% interval a quarter as wide, and the years of this place's own cases that they take."
    )
    body = in_full(table.to_dict("records")[0]) if len(table) == 1 else listed(table)
    return "\n".join([*lines, "", *body, "", *wrapped(READ), *wrapped(NOT_FOR_INDIVIDUALS)]) + "\n"


def in_full(row: Mapping[Hashable, Any]) -> list[str]:
    """Write every cell of one row that says something, a line each."""
    return [
        line
        for name, value in row.items()
        if value == value and value != ""
        for line in wrapped(f"{str(name).replace('_', ' ')}: {cell(value)}", "  ")
    ]


def listed(table: pd.DataFrame) -> list[str]:
    """Tabulate the numbers, each assumption's under its name and the unit of what is recorded."""
    rows = [("", ["", "replaces", "estimator", "records", "years"])]
    for row in table.to_dict("records"):
        unit = row["unit_of_record"]
        settled = row["records_needed"] == row["records_needed"]
        cells = [
            f" {row['number'] or 'those without an interval'}",
            cell(row["numbers_replaced"]),
            row["estimator"] if settled else MISSING,
            *(cell(row[name]) for name in ("records_needed", "years")),
        ]
        rows.append((f"{row['assumption']}: {unit}" if unit == unit else str(row["assumption"]), cells))
    return sectioned(rows)


def cell(value: object) -> str:
    """Write a number short, and words as they are."""
    if not isinstance(value, int | float):
        return str(value)
    return MISSING if value != value else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
