"""Follow a cohort's children: how much of their burden, and of a scenario's benefit, comes by way of their parents."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from agents.child import HUNDREDTHS, MILLION
from agents.names import Ever
from experiments.bands import QUANTILES
from experiments.plan import REFERENCE_CHILDREN, REFERENCE_SEED, Plan, make_plan
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
from simulation.cohort import reference, run
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.frailty import parental_ratios
from simulation.generations import Generation, fertility, second_generation, usual
from simulation.population import cohort
from simulation.scenario import Scenario
from simulation.world import World

QUANTITIES = {
    "cats": "CATs per child",
    "four_or_more_aces": "4 or more ACEs (share)",
    "ever_looked_after": "ever looked after (share)",
    "years_lost": "years of life lost, per person",
    "years_ill": "years lived with disability, per person",
    "service_cost": "service cost, 0-17 (GBP a child)",
}
ENGLAND = 20_000
"""Children of England whose lives tell what mothers bring today; a decile of them has about 1,400 children in turn."""
RUNS = ("today", "services_only", "improved", "no_adversity_of_parents")
"""Second generations: parents and services as today; today's parents, improved services; both improved; and today's
services for children whose parents met no adversity."""


def play(plan: Plan, draw: int) -> dict[str, dict[str, float]]:
    """Run two generations of one draw: the first three times, the second four times."""
    tables, values = plan.tables, plan.values(draw, 0)
    switches = plan.scenario.switches.model_copy(update={"families": True})
    scenario = plan.scenario.model_copy(update={"switches": switches})
    key = seed_key(plan.seed, draw % 60_000)
    apart = seed_key(plan.seed, REFERENCE_SEED - draw % 60_000)
    world = reference(tables, values, switches, apart, REFERENCE_CHILDREN)._replace(key=key)
    today = Surroundings(tables, values, scenario.as_today())
    improved = Surroundings(tables, values, scenario)
    none = world._replace(p=world.p._replace(adversity=0.0))
    place = plan.places[0]
    children = cohort(tables, values, [place], plan.children, key, switches)
    england = grown(today, world, cohort(tables, values, ["england"], ENGLAND, apart, switches))
    compared = usual(tables, values, england, key)
    first = {
        name: grown(s, there, children)
        for name, s, there in (("today", today, world), ("improved", improved, world), ("none", today, none))
    }
    second = {
        name: second_generation(tables, values, place, parents, first["today"].people, compared, key)
        for name, parents in first.items()
    }
    world = world._replace(**parental_ratios(values["parental_year_ratio"], compared.met))
    lives = {
        "today": run(today, world, second["today"]).children,
        "services_only": run(improved, world, second["today"]).children,
        "improved": run(improved, world, second["improved"]).children,
        "no_adversity_of_parents": run(today, world, second["none"]).children,
    }
    return {name: means(people) for name, people in lives.items()}


def grown(s: Surroundings, world: World, children: Any) -> Generation:
    """Let a first generation live, and keep the years in which its people met adult adversity."""
    last = len(fertility(s.tables, s.values)) + 18
    before = np.zeros(len(children), np.int64)
    adverse = np.zeros((len(children), last), bool)

    def watch(year: int, people: Any) -> None:
        nonlocal before
        if year < last:
            adverse[:, year] = people["aats"] > before
            before = people["aats"].astype(np.int64)

    return Generation(run(s, world, children, watch=watch).children, adverse)


def means(people: Any) -> dict[str, float]:
    """Give each quantity a person of a generation."""
    return {
        "cats": float(people["cats"].mean()),
        "four_or_more_aces": float((people["aces"] >= 4).mean()),
        "ever_looked_after": float((people["ever"] >> Ever.LOOKED_AFTER & 1).mean()),
        "years_lost": float(people["yll"].mean() / MILLION),
        "years_ill": float(people["yld"].mean() / MILLION),
        "service_cost": float(people["cost"].mean() / HUNDREDTHS),
    }


def shares(found: Sequence[dict[str, dict[str, float]]]) -> pd.DataFrame:
    """Tabulate the second generation, and what part comes by way of the parents.

    Returns
    -------
    columns quantity, title, row, mean, mcse, low_95, low_80, high_80, high_95. Rows: each of RUNS; burden_by_parents,
    today less no_adversity_of_parents; benefit, improved less today; benefit_by_parents, improved less services_only
    """
    rows = []
    for name, title in QUANTITIES.items():
        runs = {key: np.array([each[key][name] for each in found]) for key in RUNS}
        runs["burden_by_parents"] = runs["today"] - runs["no_adversity_of_parents"]
        runs["benefit"] = runs["improved"] - runs["today"]
        runs["benefit_by_parents"] = runs["improved"] - runs["services_only"]
        for key, each in runs.items():
            spread = each.std(ddof=1) / np.sqrt(len(each)) if len(each) > 1 else np.nan
            bands = {band: float(np.quantile(each, q)) for band, q in QUANTILES.items()}
            rows.append({"quantity": name, "title": title, "row": key, "mean": each.mean(), "mcse": spread, **bands})
    return pd.DataFrame(rows)


def generations(
    place: str,
    draws: int = 32,
    seed: int = 1,
    children: int | None = None,
    scenario: Scenario | str | Path = "improved",
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Run two generations of a place and tabulate the second; see `shares`."""
    plan = make_plan(place, draws, seed, children, scenario, "compiled")
    work = joblib.Parallel(n_jobs=jobs or joblib.cpu_count(), backend="threading", return_as="generator")
    found = []
    for each in work(joblib.delayed(play)(plan, draw) for draw in range(draws)):
        found.append(each)
        if progress is not None:
            progress(len(found), draws)
    return shares(found)


def screen(table: pd.DataFrame, settings: str, scenario: str) -> str:
    """Write the table of two generations, with the share that comes by way of the parents."""
    lines = wrapped(
        f"Two generations: {settings}. The children of one year's births. Their mothers' ACEs set the "
        f"family's frailty, and their mothers' adult adversities raise hazards at home. Today against {scenario}; "
        "bands are over draws of the numbers and chance."
    )
    head = ["", "today", scenario[:10], "benefit", "95%", "band", "by parents", "of burden"]
    cells = [head]
    for _, here in table.groupby("quantity", sort=False):
        row = here.set_index("row")
        mean = row["mean"]
        places = 0 if mean["today"] > 1000 else 3
        part = mean["benefit_by_parents"] / mean["benefit"] if mean["benefit"] else float("nan")
        burden = mean["burden_by_parents"] / mean["today"] if mean["today"] else float("nan")
        cells.append(
            [
                QUANTITIES[str(here["quantity"].iloc[0])],
                *(f"{mean[key]:,.{places}f}" for key in ("today", "improved")),
                f"{mean['benefit']:+,.{places}f}",
                *(f"{float(row[band]['benefit']):+,.{places}f}" for band in ("low_95", "high_95")),
                f"{100 * part:.0f}%" if np.isfinite(part) else "-",
                f"{100 * burden:.0f}%" if np.isfinite(burden) else "-",
            ]
        )
    note = (
        "By parents: the part of the benefit that comes by way of parents, whose own lives the scenario changed; of "
        "burden: the part of today's level that comes by way of them. Both rest on parental_causal_share and "
        "parental_year_ratio, which are assumed, "
        "and a mother's years of adversity are taken to act in full, as a cause."
    )
    return "\n".join([*lines, "", *align(cells), "", *wrapped(note), NOT_FOR_INDIVIDUALS]) + "\n"
