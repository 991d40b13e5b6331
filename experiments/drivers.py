"""Say what the difference rests on: which uncertain numbers move it, and in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from experiments.interventions import not_alone
from experiments.plan import Plan
from experiments.results import DIFFERENCE, TODAY
from experiments.returns import named, transfers, without_cost
from simulation.economics import transfer_share

KEY_QUANTITIES = ("lost_gdp_discounted", "service_cost_discounted")
ENOUGH_DRAWS = 32
"""Draws below which bands are said to be rough."""
ONLY_WITH = {"exploitation_spillover": "spillover", "moves_from_adjoining": "moves_between"}
"""Numbers that only a switch brings into a run."""


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
    """Tell whether a number can reach this run: not another place's cost, nor what no lever or switch uses."""
    if name in ONLY_WITH:
        return bool(getattr(plan.scenario.switches, ONLY_WITH[name]))
    if name == "poverty_causal_share":
        return any(lever.kind == "poverty" for lever in plan.scenario.levers)
    table, key = (*name.split("."), "", "")[:2]
    if table == "unit_costs":
        return name.split(".")[2] in ("all", *plan.places)
    if name == "factor_fade":
        return bool(named(plan))
    return table != "interventions" or key in named(plan)


def cost_sentence(plan: Plan) -> str:
    """Say what is known of the cost of the scenario."""
    unknown = without_cost(plan)
    if named(plan) and all(lever.kind == "intervention" for lever in plan.scenario.levers) and not unknown:
        return "What the interventions cost is assumed for the most part: read it beside the break-even spend."
    what = f"the cost of {', '.join(unknown)}" if unknown else "the cost of the improvement"
    return f"{what.capitalize()} is unknown and not in these figures: read the break-even spend."


def sentences(plan: Plan, ranked: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    """Say in words what the difference rests on."""
    if not plan.scenario.levers and not plan.scenario.services:
        return ("The scenario changes nothing: every difference is exactly 0.",)
    place = plan.headline_places[-1]
    said = [
        "No trial has measured what Sufficiency or trauma-informed practice do to holding. The effect of TIP "
        "alignment, of service-caused harm on health and of healing on health may be nil or reversed; Sufficiency, "
        "support and resilience are mostly assumed to help, by an unknown size that may be nil.",
        cost_sentence(plan),
    ]
    steps = tables["decomposition"]
    steps = steps[(steps["place"] == place) & (steps["quantity"] == "dalys")]
    whole = steps["mean"].sum()
    if whole and any(lever.kind in ("prevention", "intervention") for lever in plan.scenario.levers):
        imposed = steps.loc[steps["channel"] == "prevention", "mean"].sum() / whole
        said.append(
            f"About {imposed:.0%} of the difference in DALYs is the prevention that the scenario imposes: nothing here "
            "shows that it can be achieved, or at what cost."
        )
    by_service = tables["flow_ledger"].pivot_table(
        index="service", columns="scenario", values="cost_gbp", aggfunc="sum", fill_value=0.0
    )
    gaps = by_service[plan.scenario.name] - by_service[TODAY]
    if gaps.sum():
        needs = gaps.reindex(["sen_support", "ehc_plan", "special_school"]).fillna(0.0).sum() / gaps.sum()
        said.append(
            f"About {needs:.0%} of the difference in service cost is support and plans for special educational "
            "needs, which the model lets follow from not being held at school: learning needs do not vanish when a "
            "child is held."
        )
    # With so many numbers, the largest of pure chance correlations is about this large.
    noise = 3.3 / np.sqrt(max(1, plan.draws - 1))
    for name in KEY_QUANTITIES:
        top = ranked[(ranked["quantity"] == name) & (ranked["rank_correlation"].abs() > noise)].head(4)
        if len(top):
            listed = ", ".join(
                f"{row.number} ({row.grade}, {row.rank_correlation:+.2f})" for row in top.itertuples(index=False)
            )
            said.append(f"The difference in {name.replace('_', ' ')} moves most with: {listed} [rank correlation].")
    head = tables["headline"]
    row = head[(head["scenario"] == DIFFERENCE) & (head["quantity"] == "lost_gdp_discounted")].iloc[-1]
    ignorance = 1.0 - row["share_from_chance"]
    if np.isfinite(row["share_from_assumption"]) and ignorance > 0:
        said.append(
            f"Assumptions bring {row['share_from_assumption']:.0%} of the variance of the difference in discounted "
            f"lost GDP (standard error {row['share_from_assumption_se']:.0%}) and chance "
            f"{row['share_from_chance']:.0%}: of ignorance alone, about "
            f"{min(1.0, row['share_from_assumption'] / ignorance):.0%} is assumption."
        )
    return tuple(said)


def few_draws(draws: int, what: str) -> tuple[str, ...]:
    """Warn that so few draws leave bands rough; nothing where there are enough."""
    if draws >= ENOUGH_DRAWS:
        return ()
    return (f"Only {draws} draw{'s' * (draws > 1)}: {what} are rough; 64 or more are advised.",)


def warnings(plan: Plan) -> tuple[str, ...]:
    """Say what to know before these figures are used."""
    said = not_alone(plan.tables, named(plan))
    said += [
        f"{plan.values(0, 0)[transfer_share(name)]:.0%} of what {name} costs only changes hands: society counts the "
        "rest alone, and has no return per pound and no break-even of it."
        for name in transfers(plan)
    ]
    said += few_draws(plan.draws, "bands and shares of variance")
    recalled = sum(plan.tables.numbers[name].status == "recalled" for name in plan.names)
    said.append(
        f"{recalled} of the {len(plan.names)} uncertain numbers are recalled from the literature or assumed, not read "
        "in their source: wellheld parameters lists them."
    )
    return tuple(said)
