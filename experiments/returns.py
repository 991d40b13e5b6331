"""Set what interventions cost beside what they spare: net benefit, return per pound, chance of saving, break-even.

Everything is discounted at the costs' rates, from the year of birth. Society counts lost GDP too, and no transfer:
what one side gives another has, so that of cash only its administration is a cost to society, and a pound of it has no
return there. A payer's services count what it is spared; cashable is what would leave its accounts.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.bands import bands, summary_rows
from experiments.plan import Plan
from experiments.results import REGION
from simulation.build import PRICE_YEAR
from simulation.economics import discount_factors, payers, transfer_share

MILLION = 1e6
SAVING = "probability of cost-saving"
WORTH = "probability that benefit exceeds cost"
"""What is told of society, in whose benefit lost GDP counts too."""
Sums = dict[str, dict[str, Any]]


def named(plan: Plan) -> list[str]:
    """List the interventions of the scenario."""
    return list(dict.fromkeys(lever.name for lever in plan.scenario.levers if lever.name is not None))


def without_cost(plan: Plan) -> list[str]:
    """List those of them whose cost neither the table nor the scenario knows."""
    known = {row.intervention for row in plan.tables.rows["interventions"] if row.cost is not None}
    return [
        name
        for name in named(plan)
        if name not in known and any(x.name == name and x.cost is None for x in plan.scenario.levers)
    ]


def transfers(plan: Plan) -> list[str]:
    """List those of them of whose cost a part only changes hands."""
    values = plan.values(0, 0)
    return [name for name in named(plan) if values.get(transfer_share(name), 0.0) > 0.0]


def accounts_by_year(plan: Plan, tasks: Sequence[Any]) -> dict[str, Any]:
    """Line up what payers pay in all runs; a region's sum is the last place.

    Returns
    -------
    scenario: (2, draws, 2, places, 18, payers, 4): services, what of them is cashable, interventions, what of those
    only changes hands [GBP]
    """
    found = {}
    for scenario in ("today", "improved"):
        every = np.array([run[scenario] for task in tasks for run in task.accounts])
        every = every.reshape(plan.draws, 2, 2, *every.shape[1:]).swapaxes(0, 1)
        if plan.place == REGION:
            every = np.concatenate([every, every.sum(axis=3, keepdims=True)], axis=3)
        found[scenario] = every
    return found


def factors(plan: Plan) -> Any:
    """Give each draw's discount factors of costs, (2, draws, 1, 1, 18) to multiply accounts by."""
    years = np.array(
        [
            [discount_factors(plan.values(draw, matrix), "costs")[:18] for draw in range(plan.draws)]
            for matrix in range(2)
        ]
    )
    return years[:, :, None, None]


def discounted(plan: Plan, tasks: Sequence[Any]) -> tuple[Any, Any, Any]:
    """Give what payers are spared, what interventions cost them, and what of that only changes hands, over childhood.

    Returns
    -------
    (2, draws, 2, places, payers, 2): services and what of them is cashable; and without the last axis, cost, and
    what of it is no cost to society [GBP]
    """
    by_year = accounts_by_year(plan, tasks)
    now = factors(plan)[..., None, None]
    gap = ((by_year["today"] - by_year["improved"]) * now).sum(axis=4)
    return gap[..., :2], -gap[..., 2], -gap[..., 3]


def value_for_money(plan: Plan, sums: Sums, tasks: Sequence[Any]) -> pd.DataFrame:
    """Tabulate benefit, cost, net benefit, return per pound and chance of saving, by who bears them.

    Where an intervention's cost is not known the rows of cost are left out, and the break-even spend stands alone.
    Society has no break-even spend on what only changes hands.
    """
    spared, cost, handed = discounted(plan, tasks)
    lost = sums["today"]["lost_gdp_discounted"] - sums["improved"]["lost_gdp_discounted"]
    names = payers(plan.tables)
    parts = []
    for number, place in enumerate(plan.headline_places):
        own, paid = spared[:, :, :, number], cost[:, :, :, number]
        for k, name in enumerate(names):
            if own[..., k, 0].any() or paid[..., k].any():
                parts.append(bearer(plan, place, name, own[..., k, :], paid[..., k]))
        whole, total = own.sum(axis=3), paid.sum(axis=3)
        resources = total - handed[:, :, :, number].sum(axis=3)
        some, many = bool(without_cost(plan)), reached(plan, sums, number)
        society = whole[..., 0] + lost[..., number]
        most = {"break-even spend": whole[..., 0], "break-even spend, cashable alone": whole[..., 1]}
        parts += [
            bearer(plan, place, "all payers", whole, total),
            break_even(place, "all payers", {name: (each - some * total) / many for name, each in most.items()}),
            bearer(plan, place, "society", whole, resources, lost[..., number]),
        ]
        if not set(priced(plan)) & set(transfers(plan)):
            spend = {"break-even spend": (society - some * resources) / many}
            parts.append(break_even(place, "society", spend))
    return pd.concat(parts, ignore_index=True)


def bearer(plan: Plan, place: str, name: str, spared: Any, cost: Any, lost: Any = None) -> pd.DataFrame:
    """Tabulate one bearer's benefit and cost.

    Parameters
    ----------
    spared : (2, draws, 2, 2) services, and what of them is cashable [GBP]
    cost : (2, draws, 2) of interventions [GBP]
    lost : (2, draws, 2) lost GDP spared, for society [GBP]
    """
    benefit = spared[..., 0] + (0.0 if lost is None else lost)
    rows = {
        "service cost avoided": spared[..., 0],
        "of it cashable": spared[..., 1],
        "of it capacity released": spared[..., 0] - spared[..., 1],
    }
    if lost is not None:
        rows["lost GDP avoided"] = lost
    if cost.any() and not without_cost(plan):
        rows |= {"cost": cost, "net benefit": benefit - cost, "net benefit, cashable alone": spared[..., 1] - cost}
    table = summary_rows(
        np.stack(list(rows.values()), axis=-1) / MILLION,
        {"place": [place] * len(rows), "bearer": [name] * len(rows), "quantity": list(rows)},
    )
    table.insert(3, "unit", f"GBP million, {PRICE_YEAR}")
    if without_cost(plan) or not cost.any():
        return table
    told = [chance_of_gain(place, name, benefit, cost, SAVING if lost is None else WORTH)]
    if lost is None or not transfers(plan):
        told.insert(0, per_pound(place, name, benefit, cost))
    return pd.concat([table, pd.DataFrame(told)], ignore_index=True)


def per_pound(place: str, name: str, benefit: Any, cost: Any) -> dict[str, Any]:
    """Give the return per pound: mean over mean; bands over runs, where all cost something."""
    spent = cost > 0
    each = np.where(spent, benefit / np.where(spent, cost, 1.0), np.nan).reshape(-1, 1)
    ends = bands(each[None, :, None]) if spent.all() else {}
    return {
        "place": place,
        "bearer": name,
        "quantity": "return per pound",
        "unit": "ratio",
        "mean": benefit.mean() / cost.mean(),
        **{key: float(value[0]) for key, value in ends.items() if key != "mean"},
    }


def chance_of_gain(place: str, name: str, benefit: Any, cost: Any, quantity: str) -> dict[str, Any]:
    """Give the share of runs in which the benefit exceeds the cost, with its Monte Carlo error."""
    gain = summary_rows((benefit > cost)[..., None].astype(float), {"quantity": [quantity]}).iloc[0]
    return {
        "place": place,
        "bearer": name,
        "quantity": quantity,
        "unit": "share of runs",
        "mean": gain["mean"],
        "mcse": gain["mcse"],
    }


def priced(plan: Plan) -> list[str]:
    """List the interventions whose spend a break-even is about: those of unknown cost, or else all."""
    return without_cost(plan) or named(plan)


def reached(plan: Plan, sums: Sums, number: int) -> Any:
    """Count those whom the interventions of unknown cost reach, or else all do; a child counts each time.

    Returns
    -------
    (2, draws, 2) discounted as costs are, at least 1
    """
    counts = [sums["improved"][f"reached_{name}"][..., number] for name in priced(plan)]
    return np.maximum(np.sum(counts, axis=0), 1.0)


def break_even(place: str, name: str, most: dict[str, Any]) -> pd.DataFrame:
    """Tabulate the most that reaching a child may cost without loss.

    With interventions of unknown cost it is what is left for those, after the known cost of the others.
    """
    labels = {"place": [place] * len(most), "bearer": [name] * len(most), "quantity": list(most)}
    table = summary_rows(np.stack(list(most.values()), axis=-1), labels)
    table.insert(3, "unit", f"GBP a child reached, {PRICE_YEAR}")
    return table


def money_by_year(plan: Plan, tasks: Sequence[Any]) -> pd.DataFrame:
    """Tabulate what each payer is spared and pays in each year of childhood, and the discounted balance so far.

    Returns
    -------
    columns place, payer, year, service_cost_avoided, cashable, cost, net [GBP], and net_so_far_discounted with its
    95% band; where a cost is not known, cost and what follows from it are missing
    """
    by_year = accounts_by_year(plan, tasks)
    gap = (by_year["today"] - by_year["improved"])[..., :3] * np.array([1.0, 1.0, -1.0])
    names = [*payers(plan.tables), "all payers"]
    gap = np.concatenate([gap, gap.sum(axis=5, keepdims=True)], axis=5)
    net = gap[..., 0] - gap[..., 2]
    so_far = np.cumsum(net * factors(plan)[..., None], axis=4)
    mean = gap.mean(axis=(0, 1, 2))
    low, high = np.quantile(so_far, (0.025, 0.975), axis=(0, 1, 2))
    known = np.nan if without_cost(plan) else 1.0
    rows = [
        {
            "place": place,
            "payer": payer,
            "year": year,
            "service_cost_avoided": mean[a, year, k, 0],
            "cashable": mean[a, year, k, 1],
            "cost": known * mean[a, year, k, 2],
            "net": known * net.mean(axis=(0, 1, 2))[a, year, k],
            "net_so_far_discounted": known * so_far.mean(axis=(0, 1, 2))[a, year, k],
            "low_95": known * low[a, year, k],
            "high_95": known * high[a, year, k],
        }
        for a, place in enumerate(plan.headline_places)
        for k, payer in enumerate(names)
        for year in range(gap.shape[4])
        if gap[:, :, :, a, :, k].any()
    ]
    return pd.DataFrame(rows)
