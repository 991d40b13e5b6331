"""Put together what the draws found: headline, further tables, settings and the sentences beside them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments import adult
from experiments.bands import bands, shares, summary_rows
from experiments.drivers import KEY_QUANTITIES, drivers, sentences, warnings
from experiments.plan import Plan
from experiments.poverty import reached
from experiments.provenance import settings
from experiments.quantities import HOUSING, MILLION, PAYERS, QUANTITIES, apart, value
from experiments.results import DIFFERENCE, REGION, TODAY, Results
from experiments.returns import discounted, money_by_year, named, transfers, value_for_money, without_cost
from experiments.services import services_table
from simulation.build import PRICE_YEAR, service_names
from simulation.outcomes import GROUPS
from simulation.population import GROUPS as ETHNIC_GROUPS

FLOWS = (
    "children_in_need",
    "unresolved_cats_of_those_not_held",
    "held",
    "held_with_support",
    "escalated",
    "no_service",
    "entries",
    "days",
    "stock_31_march",
    "asked_for_a_place",
    "cost_gbp",
)
BY_GROUP = ("children", "cats", "ever_looked_after", "dalys", "lost_gdp_gbp", "service_cost_gbp", "ever_discriminated")


def stack(plan: Plan, tasks: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """Line up the sums of all runs; a region's sum is the last place.

    Returns
    -------
    scenario: name: (2, draws, 2, places) by matrix, draw and chance
    """
    size = (plan.draws, 2, 2, len(plan.places))
    found: dict[str, dict[str, Any]] = {}
    for scenario in ("today", "improved", "none"):
        for name in tasks[0].sums[0][scenario]:
            every = np.array([run[scenario][name] for task in tasks for run in task.sums])
            every = every.reshape(size).transpose(1, 0, 2, 3)
            if plan.place == REGION:
                every = np.concatenate([every, every.sum(axis=-1, keepdims=True)], axis=-1)
            found.setdefault(scenario, {})[name] = every
    return found


def headline(plan: Plan, sums: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Tabulate every quantity by place and scenario, and the paired difference."""
    told = (*QUANTITIES, HOUSING) if (sums["today"][HOUSING.name] != 0).any() else QUANTITIES
    today = np.stack([value(q, "today", sums) for q in told], axis=-1)
    improved = np.stack([value(q, "improved", sums) for q in told], axis=-1)
    parts = []
    for number, place in enumerate(plan.headline_places):
        for scenario, runs in (
            (TODAY, today),
            (plan.scenario.name, improved),
            (DIFFERENCE, apart(improved, today)),
        ):
            here = runs[:, :, :, number]
            band, share = bands(here), shares(here)
            parts.append(
                pd.DataFrame(
                    {
                        "place": place,
                        "scenario": scenario,
                        "quantity": [q.name for q in told],
                        "unit": [q.unit for q in told],
                        "mean": band["mean"],
                        "mcse": share.mcse,
                        **{name: band[name] for name in ("low_95", "low_80", "high_80", "high_95")},
                        "share_from_assumption": np.clip(share.assumption, 0.0, 1.0),
                        "share_from_assumption_se": share.assumption_error,
                        "share_from_chance": np.clip(share.chance, 0.0, 1.0),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def break_even(plan: Plan, sums: dict[str, dict[str, Any]], programme: Any, handed_over: Any) -> pd.DataFrame:
    """Tabulate the most that could be spent on the improvement without loss, a child-year of 0-17, by payer.

    A payer breaks even on the public service cost that it is spared (cashable, and capacity released); society
    on all of that and on lost GDP, both discounted at the costs' rates. Society has none on cash alone: what only
    changes hands is not spent.

    Parameters
    ----------
    programme, handed_over : (2, draws, 2, places) discounted cost of the scenario's interventions, and what of it only
        changes hands [GBP]
    """
    today, improved = sums["today"], sums["improved"]

    def spared(name: str) -> Any:
        return (today[name] - improved[name]) / today["child_years_discounted"]

    rows: dict[str, Any] = {}
    payers = (*PAYERS, "housing") if (today[HOUSING.name] != 0).any() else PAYERS
    for payer in payers:
        whole, cash = spared(f"discounted_{payer}"), spared(f"cashable_{payer}")
        rows[payer] = whole
        rows[f"{payer}: cashable"], rows[f"{payer}: capacity released"] = cash, whole - cash
    rows["all payers"] = spared("service_cost_discounted")
    rows["all payers: cashable"] = np.sum([rows[f"{payer}: cashable"] for payer in payers], axis=0)
    rows["all payers: capacity released"] = np.sum([rows[f"{payer}: capacity released"] for payer in payers], axis=0)
    society = spared("service_cost_discounted") + spared("lost_gdp_discounted")
    handed = transfers(plan)
    if not handed or plan.scenario.services or any(lever.name not in handed for lever in plan.scenario.levers):
        rows["society, with lost GDP"] = society
    if named(plan) and not without_cost(plan):
        rows["cost of the named interventions"] = programme / today["child_years_discounted"]
        if handed:
            rows["of it, a cost to society"] = (programme - handed_over) / today["child_years_discounted"]
    rows |= poverty_rows(plan, today["child_years_discounted"], society)
    parts = [
        summary_rows(
            np.stack([each[..., number] for each in rows.values()], axis=-1),
            {"place": [place] * len(rows), "payer": list(rows)},
        )
        for number, place in enumerate(plan.headline_places)
    ]
    table = pd.concat(parts, ignore_index=True)
    table.insert(2, "unit", f"GBP a child-year, {PRICE_YEAR}")
    return table


def poverty_rows(plan: Plan, child_years: Any, society: Any) -> dict[str, Any]:
    """Give, where deprivation falls, the break-even for each child-year that it falls for, and the cost if known.

    Parameters
    ----------
    child_years, society : (2, draws, 2, places) discounted child-years, and break-even for each of them [GBP]
    """
    found = np.array([reached(plan.tables, plan.values(0, 0), plan.scenario, place) for place in plan.places])
    if not found[:, 0].any():
        return {}
    own = child_years[..., : len(plan.places)]
    years, cost = own * found[:, 0], own * found[:, 1]
    if plan.place == REGION:
        years, cost = (np.concatenate([x, x.sum(axis=-1, keepdims=True)], axis=-1) for x in (years, cost))
    per = np.where(years > 0, society * child_years / np.where(years > 0, years, 1.0), 0.0)
    rows = {"society, for each child-year whose deprivation falls": per}
    return rows | ({"cost of less deprivation, as given": cost / child_years} if cost.any() else {})


def decomposition(plan: Plan, tasks: Sequence[Any]) -> pd.DataFrame:
    """Tabulate how much of the difference in DALYs and lost GDP came by each channel, in the order switched on."""
    splits = [task.split for task in tasks if task.split]
    rows = []
    for name, unit, scale in (("dalys", "DALYs", 1.0), ("lost_gdp_discounted", "GBP million", MILLION)):
        before = np.zeros((len(splits), len(plan.headline_places)))
        for stage in splits[0]:
            now = np.array([split[stage][name] for split in splits]) / scale
            if plan.place == REGION:
                now = np.concatenate([now, now.sum(axis=1, keepdims=True)], axis=1)
            step = np.where(np.abs(now - before) < 1e-9, 0.0, now - before)
            for number, place in enumerate(plan.headline_places):
                error = step[:, number].std(ddof=1) / np.sqrt(len(step)) if len(step) > 1 else float("nan")
                rows.append((place, stage, name, unit, step[:, number].mean(), error, len(step)))
            before = now
    return pd.DataFrame(rows, columns=["place", "channel", "quantity", "unit", "mean", "mcse", "draws"])


def reconciliation(plan: Plan, sums: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Tabulate what adversity costs a life beside what it costs a year, and years of life lost in three ways.

    In a stationary population with these births every year, a year holds each age once: what a cohort bears over
    its life, the population bears in a year. Its size is births times mean length of life. Years of life lost stand as
    paired (each death's residual expectancy, less that of the same person's later death) and as length of life lost:
    the first is smaller, as the later death is charged too.
    """
    today, none = sums["today"], sums["none"]
    people = today["children"]
    due = {name: today[name] - none[name] for name in ("dalys", "yll", "yld", "lost_gdp")}
    rows = {
        ("DALYs due to adversity", "per person over a life"): due["dalys"] / people,
        ("DALYs due to adversity", "a year in the stationary population"): due["dalys"],
        ("DALYs due to adversity", "a year per 100,000 of them"): 1e5 * due["dalys"] / today["lived"],
        ("lost GDP, GBP million", "a year in the stationary population"): due["lost_gdp"] / MILLION,
        ("YLL due to adversity", "paired, per person"): due["yll"] / people,
        ("YLL due to adversity", "length of life lost, per person"): (none["lived"] - today["lived"]) / people,
        ("YLD due to adversity", "per person"): due["yld"] / people,
    }
    parts = [
        summary_rows(
            np.stack([each[..., number] for each in rows.values()], axis=-1),
            {"place": [place] * len(rows), "quantity": [k[0] for k in rows], "basis": [k[1] for k in rows]},
        )
        for number, place in enumerate(plan.headline_places)
    ]
    return pd.concat(parts, ignore_index=True)


def by_group(plan: Plan, tasks: Sequence[Any]) -> pd.DataFrame:
    """Tabulate results a child by sex, deprivation decile and ethnic group, means over all runs."""
    words = {"sex": ("male", "female"), "decile": tuple(map(str, range(1, 11))), "ethnic_group": ETHNIC_GROUPS}
    runs = [run for task in tasks for run in task.groups]
    rows = []
    for dimension in GROUPS:
        for code, word in enumerate(words[dimension]):
            every = {s: np.array([run[s][dimension, code] for run in runs]) for s in ("today", "improved", "none")}
            children = every["today"][:, 0].sum()
            if children == 0:
                continue
            for scenario, label in (("today", TODAY), ("improved", plan.scenario.name)):
                total = every[scenario].copy()
                total[:, 3:5] -= every["none"][:, 3:5]
                mean = total.sum(axis=0) / children
                rows.append((plan.place, label, dimension, word, children / len(runs), *mean[1:]))
    columns = ["place", "scenario", "dimension", "group", "children", *(f"{name}_per_child" for name in BY_GROUP[1:])]
    return pd.DataFrame(rows, columns=columns)


def flow_ledger(plan: Plan, tasks: Sequence[Any]) -> pd.DataFrame:
    """Tabulate the flow ledger by scenario, year of age and service, means over all runs."""
    names = service_names(plan.tables)
    runs = [run for task in tasks for run in task.flows]
    parts = []
    for scenario, label in (("today", TODAY), ("improved", plan.scenario.name)):
        mean = np.mean([run[scenario] for run in runs], axis=0)
        years, services = np.indices(mean.shape[:2])
        table = pd.DataFrame(mean.reshape(-1, len(FLOWS)), columns=list(FLOWS))
        table.insert(0, "service", [names[k] for k in services.ravel()])
        table.insert(0, "age", years.ravel())
        table.insert(0, "scenario", label)
        table.insert(0, "place", plan.place)
        parts.append(table[(table[list(FLOWS)] != 0).any(axis=1)])
    return pd.concat(parts, ignore_index=True)


def agencies(plan: Plan, tasks: Sequence[Any]) -> pd.DataFrame:
    """Tabulate agencies in touch with a person in a year, by scenario, age and ACE count, over all runs."""
    runs = [run for task in tasks for run in task.agencies]
    parts = []
    for scenario, label in (("today", TODAY), ("improved", plan.scenario.name)):
        mean = np.mean([run[scenario] for run in runs], axis=0)
        table = adult.agency_table(plan.tables, mean)
        table.insert(0, "scenario", label)
        table.insert(0, "place", plan.place)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def results(plan: Plan, tasks: Sequence[Any], plausibility: pd.DataFrame) -> Results:
    """Put together the results of a run."""
    sums = stack(plan, tasks)
    gaps = {
        quantity.name: (value(quantity, "improved", sums) - value(quantity, "today", sums))[..., -1].mean(axis=2)
        for quantity in QUANTITIES
        if quantity.name in KEY_QUANTITIES
    }
    ranked = drivers(plan, gaps)
    tables = {
        "headline": headline(plan, sums),
        "break_even": break_even(plan, sums, *(paid.sum(axis=-1) for paid in discounted(plan, tasks)[1:])),
        "decomposition": decomposition(plan, tasks),
        "reconciliation": reconciliation(plan, sums),
        "groups": by_group(plan, tasks),
        "flow_ledger": flow_ledger(plan, tasks),
        "services": services_table(plan, tasks, FLOWS),
        "drivers": ranked,
        "plausibility": plausibility,
    }
    told = warnings(plan)
    if plan.scenario.switches.adult_life:
        tables["adult_life"] = adult.table(plan, sums)
        tables["agencies"] = agencies(plan, tasks)
        told = (*told, adult.WARNING)
    if named(plan):
        tables |= {"value_for_money": value_for_money(plan, sums, tasks), "money_by_year": money_by_year(plan, tasks)}
    said = sentences(plan, ranked, tables)
    return Results(
        place=plan.place,
        settings=settings(plan),
        headline=tables.pop("headline"),
        tables=tables,
        assumptions=said,
        warnings=told,
    )
