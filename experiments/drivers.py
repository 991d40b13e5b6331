"""Say what the difference rests on: which uncertain numbers move it, and in words."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from experiments.plan import Plan
from experiments.results import DIFFERENCE

KEY_QUANTITIES = ("lost_gdp_discounted", "service_cost_discounted")


def drivers(plan: Plan, gaps: dict[str, Any]) -> pd.DataFrame:
    """Rank the uncertain numbers by the rank correlation of their draws with the difference.

    Parameters
    ----------
    gaps : by quantity, (2, draws) differences by matrix and draw

    Returns
    -------
    columns quantity, number, grade, status, rank_correlation; largest first within each quantity
    """
    if plan.draws < 4:
        return pd.DataFrame(columns=["quantity", "number", "grade", "status", "rank_correlation"])
    points = np.concatenate(plan.points)
    matters = np.array([reaches(plan, name) for name in plan.names])
    found = []
    for name, gap in gaps.items():
        ranks, against = stats.rankdata(points, axis=0), stats.rankdata(gap.reshape(-1))
        spread = ranks.std(axis=0) * against.std()
        together = ((ranks - ranks.mean(axis=0)) * (against - against.mean())[:, None]).mean(axis=0)
        linked = np.where(spread > 0, together / np.where(spread > 0, spread, 1.0), 0.0)
        linked = np.where(matters, linked, 0.0)
        numbers = [plan.tables.numbers[name] for name in plan.names]
        found.append(
            pd.DataFrame(
                {
                    "quantity": name,
                    "number": plan.names,
                    "grade": [number.grade for number in numbers],
                    "status": [number.status for number in numbers],
                    "rank_correlation": linked,
                }
            ).sort_values(["rank_correlation", "number"], key=lambda c: -c.abs() if c.dtype == float else c)
        )
    return pd.concat(found, ignore_index=True)


def reaches(plan: Plan, name: str) -> bool:
    """Tell whether a number can reach this run: not another place's cost, nor an intervention that is not used."""
    table, key = (*name.split("."), "", "")[:2]
    if table == "unit_costs":
        return name.split(".")[2] in ("all", *plan.places)
    return table != "interventions" or any(lever.name == key for lever in plan.scenario.levers)


def sentences(plan: Plan, ranked: pd.DataFrame, table: pd.DataFrame) -> tuple[str, ...]:
    """Say in words what the difference rests on."""
    if not plan.scenario.levers:
        return ("The scenario changes nothing: every difference is exactly 0.",)
    said = [
        "That holding prevents later harm, that healing lowers ill health and that trauma-informed practice helps to "
        "hold or to heal are assumptions: no trial has measured them, and their ranges include no effect.",
        "The cost of the improvement is unknown and is not in these figures: read the break-even spend.",
    ]
    # With so many numbers, the largest of pure chance correlations is about this large.
    noise = 3.3 / np.sqrt(max(1, plan.draws - 1))
    for name in KEY_QUANTITIES:
        top = ranked[(ranked["quantity"] == name) & (ranked["rank_correlation"].abs() > noise)].head(4)
        if len(top):
            listed = ", ".join(
                f"{row.number} ({row.grade}, {row.rank_correlation:+.2f})" for row in top.itertuples(index=False)
            )
            said.append(f"The difference in {name.replace('_', ' ')} moves most with: {listed} [rank correlation].")
    row = table[(table["scenario"] == DIFFERENCE) & (table["quantity"] == "lost_gdp_discounted")].iloc[-1]
    if np.isfinite(row["share_from_assumption"]):
        said.append(
            f"Numbers graded assumption bring {row['share_from_assumption']:.0%} of the variance of the difference in "
            f"discounted lost GDP (standard error {row['share_from_assumption_se']:.0%}), chance "
            f"{row['share_from_chance']:.0%}."
        )
    return tuple(said)


def warnings(plan: Plan) -> tuple[str, ...]:
    """Say what to know before these figures are used."""
    said = []
    if plan.draws < 32:
        said.append(f"Only {plan.draws} draws: bands and shares of variance are rough; 64 or more are advised.")
    recalled = sum(plan.tables.numbers[name].status == "recalled" for name in plan.names)
    said.append(
        f"{recalled} of the {len(plan.names)} uncertain numbers are recalled from the literature or assumed, not read "
        "in their source: wellheld parameters lists them."
    )
    return tuple(said)
