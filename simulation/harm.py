"""Tell harms apart: by type of adversity, and by kind of move. With a switch off, all are alike or none happens."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from agents.child import HUNDREDTHS
from agents.names import ADULT
from simulation.errors import InputError
from simulation.frailty import Values, centred
from simulation.inputs import Tables
from simulation.world import INSTABILITY


class TypeHarms(NamedTuple):
    """What tells the types of childhood adversity apart, in the order of their numbers."""

    need_load: Any  # severity as need sees it [hundredths of an event]
    healing: Any  # added to the log-odds of healing [hundredths]
    lasting: Any  # whether its years count
    risk: Any  # log relative risk of mental illness beyond the ACE count's


def type_harms(tables: Tables, values: Values, weights: Any, on: bool) -> TypeHarms:
    """Centre needs and healing by type on the mean event, so that the mean type is as every type is without.

    Parameters
    ----------
    weights : (J,) events of each type that an average child has
    """
    kinds = [row.adversity for row in tables.rows["adversities"]]
    severity = np.array([values[f"adversities.{kind}.severity"] for kind in kinds])
    rows = {row.adversity: row for row in tables.rows["type_harm"]}
    need, healing, risk = (
        np.array([values[f"type_harm.{kind}.{column}"] for kind in kinds])
        for column in ("need_weight", "healing_log_odds", "risk_log_ratio")
    )
    need = need ** values["factor_type_need"]
    need /= (weights * severity) @ need / (weights @ severity)
    healing = values["factor_type_healing"] * (healing - weights @ healing / weights.sum())
    risk = values["factor_type_risk"] * values["causal_share_mental"] * risk
    lasting = np.array([rows[kind].lasting for kind in kinds])
    if not on:
        need, healing, lasting, risk = np.ones(len(kinds)), 0.0 * healing, 0 * lasting, 0.0 * risk
    return TypeHarms(
        np.round(100 * severity * need).astype(np.int64), np.round(100 * healing).astype(np.int64), lasting, risk
    )


def risk_span(tables: Tables, values: Values, p: Any) -> float:
    """Bound how far types of adversity can raise a log relative risk above that of others of the same ACE count."""
    if not p.type_specific_harm:
        return 0.0
    risk = type_harms(tables, values, np.ones(len(tables.rows["adversities"])), True).risk
    return float(np.abs(risk).sum() + ADULT * abs(p.longstanding_risk))


def instability_kinds(tables: Tables) -> list[Any]:
    """List the first row of each kind of move, in the order of their numbers."""
    first: dict[str, Any] = {}
    for row in tables.rows["instability_events"]:
        first.setdefault(row.kind, row)
    return list(first.values())


def instability_parts(
    tables: Tables, values: Values, on: bool, cost_day: Any, deflated: Callable[[str], float]
) -> dict[str, Any]:
    """Build the rows of moves, and what tells placements outside the authority apart.

    Parameters
    ----------
    cost_day : (A, S) of the mean placement [hundredths of a penny]
    deflated : factor from the prices of a year to those of the price year
    """
    kinds, table = [row.kind for row in instability_kinds(tables)], tables.rows["instability_events"]
    moves = np.zeros(len(table), INSTABILITY)
    for k, row in enumerate(table):
        name = f"instability_events.{row.kind}.{row.age_from}"
        harm = values[f"{name}.instability_ratio"] * values["factor_instability"]
        pounds = values[f"{name}.cost"] * values["factor_instability_cost"] * deflated(row.price_year)
        moves[k] = (
            kinds.index(row.kind),
            row.age_from,
            row.age_to,
            row.exposes,
            round(on * HUNDREDTHS * pounds),
            on * values[f"{name}.hazard"],
            values[f"{name}.per_unresolved"],
            values[f"{name}.ratio_looked_after"],
            values[f"{name}.ratio_not_held"],
            harm if on else 1.0,
        )
    share, ratio = outside_authority(tables, values)
    mean = 1.0 + share * (ratio - 1.0)
    within, outside = cost_day * (1.0 / mean - 1.0), cost_day * (ratio / mean - 1.0)
    return {
        "moves": moves,
        "moves_gradient": centred(
            [values[f"instability_events.{row.kind}.{row.age_from}.deprivation_ratio"] for row in table]
        ),
        "placement_move": arising_in_placement(tables, "placement_move"),
        "outside": arising_in_placement(tables, "out_of_area_placement"),
        "outside_share": on * share,
        "outside_cost": np.round(on * np.stack([within, outside])).astype(np.int64),
    }


def outside_authority(tables: Tables, values: Values) -> tuple[Any, Any]:
    """Give, by service, the share of placements outside the authority, and the ratio of their cost to those within."""
    names = [row.service for row in tables.rows["services"]]
    share, ratio = np.zeros(len(names)), np.ones(len(names))
    for row in tables.rows["out_of_area"]:
        where = names.index(row.service)
        share[where] = values[f"out_of_area.{row.service}.share"]
        excess = values["factor_instability_cost"] * (values[f"out_of_area.{row.service}.cost_ratio"] - 1.0)
        ratio[where] = max(0.0, 1.0 + excess)
    return share, ratio


def arising_in_placement(tables: Tables, kind: str) -> int:
    """Find the row of a move that arises in placements."""
    found = [k for k, row in enumerate(tables.rows["instability_events"]) if row.kind == kind]
    if len(found) != 1:
        raise InputError(f"instability_events.csv: {kind} has {len(found)} rows where the model needs one; give one")
    return found[0]
