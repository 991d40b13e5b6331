"""Build what young and adult life reads: outcomes, adult services and their routes, pay, transfers, agencies."""

from typing import Any

import numpy as np

from agents.adult import above
from agents.child import HUNDREDTHS
from agents.names import ADULT, AGES, OUTCOMES_OF_LIFE, Standing
from simulation.errors import InputError
from simulation.frailty import Values
from simulation.inputs import Tables
from simulation.network import reason_names
from simulation.prices import deflator
from simulation.scenario import Switches
from simulation.world import ADULT_ROUTE, ADULT_SERVICE, OUTCOME_OF_LIFE

ATTAINMENTS = ("below_level_2", "level_2", "level_3")
BROUGHT_ABOUT = (
    "per_cat",
    "per_unresolved",
    "per_condition",
    "if_out_of_school",
    "if_persistently_absent",
    "if_suspended",
    "if_left_care",
    "if_early_parent",
    "if_job_lost",
)
"""Columns of adult_outcomes.csv that `factor_adult_outcomes` moves together: what adversity can bring about."""


def adult_parts(tables: Tables, values: Values, switches: Switches) -> dict[str, Any]:
    """Build the arrays of young and adult life."""
    named = [row.service for row in tables.rows["adult_services"]]
    reasons = reason_names(tables.rows)
    costs = [condition_cost(tables, values, row.condition) for row in tables.rows["conditions"]]
    return {
        "leaving_care": row_of(named, "leaving_care", "adult_services.csv: service"),
        **outcome_parts(tables, values),
        **adult_service_parts(tables, values, switches.instability_events),
        **pay_parts(tables, values),
        "homelessness": row_of(list(reasons), "homelessness", "adult_adversities.csv: adversity"),
        "job_loss": row_of(list(reasons), "job_loss_or_poverty", "adult_adversities.csv: adversity"),
        "agency": agencies(tables) if switches.adult_life else np.zeros(len(tables.rows["services"]), np.int64),
        "condition_cost": np.array(costs),
        "costed": sum(1 << bit for bit, cost in enumerate(costs) if cost > 0),
    }


def row_of(names: list[str], name: str, where: str) -> int:
    """Find what a rule is about."""
    if name not in names:
        raise InputError(f"{where} '{name}' is missing; a rule of the model needs its row")
    return names.index(name)


def outcome_parts(tables: Tables, values: Values) -> dict[str, Any]:
    """Build the rows of outcomes and where each age finds its own."""
    at = np.full((OUTCOMES_OF_LIFE, AGES), -1)
    rows = []
    for number, row in enumerate(tables.rows["adult_outcomes"]):
        outcome = Standing[row.outcome.upper()]
        if outcome == Standing.LEVEL_2 and row.age_to >= ADULT:
            raise InputError(f"adult_outcomes.csv: row {number + 2}: level_2 from 18 on is not built; narrow the ages")
        if outcome == Standing.NEET and row.age_from < ADULT:
            raise InputError(f"adult_outcomes.csv: row {number + 2}: under 18 NEET is a service; begin at {ADULT}")
        at[outcome, row.age_from : row.age_to + 1] = number
        rows.append(
            tuple(
                values[f"adult_outcomes.{row.outcome}.{row.age_from}.{column}"]
                * (values["factor_adult_outcomes"] if column in BROUGHT_ABOUT else 1.0)
                for column in OUTCOME_OF_LIFE.names or ()
            )
        )
    any_outcome = np.where((at >= 0).any(axis=0), 1, 0)
    any_outcome[ADULT - 2 : ADULT] = 1
    return {"outcomes": np.array(rows, OUTCOME_OF_LIFE), "outcome_at": at, "any_outcome": any_outcome}


def adult_service_parts(tables: Tables, values: Values, moves: bool) -> dict[str, Any]:
    """Build adult services and the routes that lead to each.

    Parameters
    ----------
    moves : what a family's homelessness costs is booked with its children
    """
    reasons, names = reason_names(tables.rows), agency_names(tables)
    services, routes, first = [], [], [0]
    for row in tables.rows["adult_services"]:
        ways = [way for way in tables.rows["adult_routes"] if way.service == row.service]
        for way in ways:
            reached = values[f"adult_routes.{way.service}.{way.reason}.{way.age_from}.reached"]
            reached = min(1.0, reached * values["factor_adult_reached"])
            routes.append((way.age_from, way.age_to, reasons[way.reason], reached))
        first.append(len(routes))
        pounds = values[f"adult_services.{row.service}.value"] * deflator(tables, values, row.price_year)
        if moves and row.service == "homelessness_service":
            pounds = max(0.0, pounds - booked_with_children(tables, values))
        bits = int(np.bitwise_or.reduce([1 << reasons[way.reason] for way in ways]))
        services.append(
            (
                row.age_from,
                row.age_to,
                bits,
                1 << names.index(row.payer),
                round(pounds * HUNDREDTHS),
                values[f"adult_services.{row.service}.stays"],
                values[f"adult_services.{row.service}.heals"],
            )
        )
    return {
        "adult_services": np.array(services, ADULT_SERVICE),
        "adult_first": np.array(first),
        "adult_routes": np.array(routes, ADULT_ROUTE),
        "adult_reasons": int(np.bitwise_or.reduce([each[2] for each in services])),
    }


def booked_with_children(tables: Tables, values: Values) -> float:
    """Give what the switch instability_events books with homeless children for each year of an adult's use [GBP].

    The price of adults' homelessness service is a mean over households with and without children.
    """
    rows = [row for row in tables.rows["instability_events"] if row.kind == "family_homelessness"]
    if not rows:
        return 0.0
    pounds = values[f"instability_events.{rows[0].kind}.{rows[0].age_from}.cost"] * values["factor_instability_cost"]
    return pounds * deflator(tables, values, rows[0].price_year) * values["homeless_children_per_adult"]


def pay_parts(tables: Tables, values: Values) -> dict[str, Any]:
    """Build pay and the tax on it by attainment and age, and the benefits of a year without work.

    Only `attainment_in_pay` of the gap between a class and the mean of its age comes of attainment itself.
    """
    pay = np.zeros((len(ATTAINMENTS), AGES))
    share = np.zeros((len(ATTAINMENTS), AGES))
    for row in tables.rows["pay"]:
        name = f"pay.{row.attainment}.{row.age_from}"
        where = ATTAINMENTS.index(row.attainment), slice(row.age_from, row.age_to + 1)
        pay[where], share[where] = values[f"{name}.pay"] * values["factor_pay"], values[f"{name}.share"]
    total = share.sum(axis=0)
    employed = {age for x in tables.rows["adult_outcomes"] if x.outcome == "employed" for age in span(x)}
    for age in employed:
        if abs(total[age] - 1.0) > 1e-9:
            raise InputError(f"pay.csv: shares at age {age} sum to {total[age]:.6g}, not 1; give each attainment a row")
    mean = (pay * share).sum(axis=0)
    pay = mean + values["attainment_in_pay"] * (pay - mean)
    paid, which = np.unique(pay, return_inverse=True)
    taxed = np.array([tax(each, values) for each in paid.tolist()])[which].reshape(pay.shape)
    return {
        "pay": np.round(HUNDREDTHS * pay).astype(np.int64),
        "tax": np.round(HUNDREDTHS * taxed).astype(np.int64),
        "benefits": round(HUNDREDTHS * values["benefit_a_year"] * values["share_claiming"]),
    }


def span(row: Any) -> range:
    """List the ages of a row."""
    return range(row.age_from, row.age_to + 1)


def tax(pay: float, values: Values) -> float:
    """Give income tax and both sides' National Insurance on a year's pay [GBP]."""
    income = values["income_tax_rate"] * above(pay, values["income_tax_from"])
    income += values["income_tax_higher_extra"] * above(pay, values["income_tax_higher_from"])
    employee = values["insurance_rate"] * above(pay, values["income_tax_from"])
    return income + employee + values["insurance_employer_rate"] * above(pay, values["insurance_employer_from"])


def agency_names(tables: Tables) -> list[str]:
    """List the agencies: whoever pays for a children's or an adult service, in the order of their bits."""
    payers = [row.payer for row in (*tables.rows["unit_costs"], *tables.rows["adult_services"])]
    names = list(dict.fromkeys(payers))
    if len(names) > 8:
        raise InputError(f"unit_costs.csv, adult_services.csv: {len(names)} payers where 8 fit a record; merge some")
    return names


def agencies(tables: Tables) -> Any:
    """Give the bit of each children's service's agency; universal and out-of-system settings count for none.

    Returns
    -------
    (S,) bits
    """
    names, payers = agency_names(tables), {row.service: row.payer for row in tables.rows["unit_costs"]}
    return np.array(
        [
            0
            if row.tier in ("universal", "out_of_system") or row.service not in payers
            else 1 << names.index(payers[row.service])
            for row in tables.rows["services"]
        ],
        np.int64,
    )


def condition_cost(tables: Tables, values: Values, condition: str) -> int:
    """Give what a year with a condition costs the health service [hundredths of a penny]; without a row, nothing."""
    rows = [row for row in tables.rows["condition_costs"] if row.condition == condition]
    pounds = sum(
        values[f"condition_costs.{row.condition}.value"] * deflator(tables, values, row.price_year) for row in rows
    )
    return round(HUNDREDTHS * pounds)
