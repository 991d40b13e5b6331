"""Put together what the draws found: headline, further tables, settings and the sentences beside them."""

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from experiments.bands import SEEDS, bands, seeds_of, shares
from experiments.plan import Plan
from experiments.quantities import PAYERS, QUANTITIES, Quantity
from experiments.results import DIFFERENCE, REGION, TODAY, Results
from simulation.build import PRICE_YEAR, service_names
from simulation.outcomes import GROUPS
from simulation.population import GROUPS as ETHNIC_GROUPS
from simulation.population import births

MILLION = 1e6
LIBRARIES = ("jinja2", "joblib", "matplotlib", "mesa", "numba", "numpy", "pandas", "pyarrow", "pydantic", "scipy")
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
BY_GROUP = ("children", "cats", "ever_looked_after", "dalys", "lost_gdp_gbp", "service_cost_gbp")
KEY_QUANTITIES = ("lost_gdp_discounted", "service_cost_discounted")


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


def value(quantity: Quantity, scenario: str, sums: dict[str, dict[str, Any]]) -> Any:
    """Work out a quantity of a scenario: a mean a child, or a total, or what is due to adversity."""
    own, none = sums[scenario], sums["none"]
    if quantity.per_child:
        return own[quantity.name] / own["children"]
    if quantity.name == "service_cost_due_to_adversity":
        return (own["service_cost"] - none["service_cost"]) / MILLION
    if quantity.name.startswith("service_cost"):
        return own[quantity.name] / MILLION
    due = own[quantity.name] - none[quantity.name]
    return due / MILLION if quantity.unit == "GBP million" else due


def headline(plan: Plan, sums: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Tabulate every quantity by place and scenario, and the paired difference."""
    today = np.stack([value(q, "today", sums) for q in QUANTITIES], axis=-1)
    improved = np.stack([value(q, "improved", sums) for q in QUANTITIES], axis=-1)
    parts = []
    for number, place in enumerate(plan.headline_places):
        for scenario, runs in (
            (TODAY, today),
            (plan.scenario.name, improved),
            (DIFFERENCE, improved - today),
        ):
            here = runs[:, :, :, number]
            band, share = bands(here), shares(here)
            parts.append(
                pd.DataFrame(
                    {
                        "place": place,
                        "scenario": scenario,
                        "quantity": [q.name for q in QUANTITIES],
                        "unit": [q.unit for q in QUANTITIES],
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


def summary_rows(runs: Any, labels: dict[str, Sequence[str]]) -> pd.DataFrame:
    """Tabulate mean, error and bands of several results of the same runs.

    Parameters
    ----------
    runs : (2, draws, 2, rows)
    """
    band, share = bands(runs), shares(runs)
    columns = {name: band[name] for name in ("mean", "low_95", "low_80", "high_80", "high_95")}
    return pd.DataFrame({**labels, **columns, "mcse": share.mcse})


def break_even(plan: Plan, sums: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Tabulate the most that could be spent on the improvement without loss, a child-year of 0-17, by payer.

    A payer breaks even on the public service cost that it is spared (cashable, and capacity released); society
    on all of that and on lost GDP, both discounted at the costs' rates.
    """
    today, improved = sums["today"], sums["improved"]

    def spared(name: str) -> Any:
        return (today[name] - improved[name]) / today["child_years_discounted"]

    rows: dict[str, Any] = {}
    for payer in PAYERS:
        whole, cash = spared(f"discounted_{payer}"), spared(f"cashable_{payer}")
        rows[payer] = whole
        rows[f"{payer}: cashable"], rows[f"{payer}: capacity released"] = cash, whole - cash
    rows["all payers"] = spared("service_cost_discounted")
    rows["all payers: cashable"] = np.sum([rows[f"{payer}: cashable"] for payer in PAYERS], axis=0)
    rows["all payers: capacity released"] = np.sum([rows[f"{payer}: capacity released"] for payer in PAYERS], axis=0)
    rows["society, with lost GDP"] = spared("service_cost_discounted") + spared("lost_gdp_discounted")
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
            step = now - before
            for number, place in enumerate(plan.headline_places):
                error = step[:, number].std(ddof=1) / np.sqrt(len(step)) if len(step) > 1 else float("nan")
                rows.append((place, stage, name, unit, step[:, number].mean(), error, len(step)))
            before = now
    return pd.DataFrame(rows, columns=["place", "channel", "quantity", "unit", "mean", "mcse", "draws"])


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


def drivers(plan: Plan, sums: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Rank the uncertain numbers by the rank correlation of their draws with the difference.

    Returns
    -------
    columns quantity, number, grade, status, rank_correlation; largest first within each quantity
    """
    if plan.draws < 4:
        return pd.DataFrame(columns=["quantity", "number", "grade", "status", "rank_correlation"])
    points = np.concatenate(plan.points)
    matters = np.array([reaches(plan, name) for name in plan.names])
    found = []
    for quantity in QUANTITIES:
        if quantity.name not in KEY_QUANTITIES:
            continue
        gap = (value(quantity, "improved", sums) - value(quantity, "today", sums))[..., -1].mean(axis=2)
        ranks, against = stats.rankdata(points, axis=0), stats.rankdata(gap.reshape(-1))
        spread = ranks.std(axis=0) * against.std()
        together = ((ranks - ranks.mean(axis=0)) * (against - against.mean())[:, None]).mean(axis=0)
        linked = np.where(spread > 0, together / np.where(spread > 0, spread, 1.0), 0.0)
        linked = np.where(matters, linked, 0.0)
        numbers = [plan.tables.numbers[name] for name in plan.names]
        found.append(
            pd.DataFrame(
                {
                    "quantity": quantity.name,
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


def commit() -> str:
    """Name the commit that runs, where the code lies in a repository; with '+' where files differ from it."""
    folder = Path(__file__).resolve().parent.parent
    if not (folder / ".git").exists():
        return "unknown"
    head, changed = (
        subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)
        for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
    )
    return (head.stdout.strip() or "unknown") + ("+" if changed.stdout.strip() else "")


def installed(name: str) -> str:
    """Give the installed version of a library."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def settings(plan: Plan) -> dict[str, object]:
    """List what makes the run again, and by what it was made; nothing in it depends on threads or folders."""
    children: Any = {place: births(plan.tables, place, plan.children) for place in plan.places}
    size = f" --children {plan.children}" if plan.children is not None else ""
    command = (
        f"wellheld run {plan.place} --draws {plan.draws} --seed {plan.seed}{size} "
        f"--scenario {plan.scenario.name} --engine {plan.engine}"
    )
    return {
        "product": "wellheld",
        "version": installed("wellheld"),
        "commit": commit(),
        "command": command,
        "place": plan.place,
        "seed": plan.seed,
        "draws": plan.draws,
        "replicates": 4,
        "design": f"each draw: two joint draws that share what is graded assumption, two of {SEEDS} chance seeds each",
        "chance_seeds": [seeds_of(draw, 0) + seeds_of(draw, 1) for draw in range(min(plan.draws, 12))],
        "children": children if plan.place == REGION else children[plan.place],
        "engine": plan.engine,
        "scenarios": {TODAY: "Today", plan.scenario.name: plan.scenario.title or plan.scenario.name},
        "scenario": plan.scenario.model_dump(mode="json"),
        "price_year": PRICE_YEAR,
        "tables": dict(sorted(plan.tables.hashes.items())),
        "libraries": {name: installed(name) for name in LIBRARIES},
        "python": sys.version.split()[0],
    }


def results(plan: Plan, tasks: Sequence[Any], plausibility: pd.DataFrame) -> Results:
    """Put together the results of a run."""
    sums = stack(plan, tasks)
    table, ranked = headline(plan, sums), drivers(plan, sums)
    return Results(
        place=plan.place,
        settings=settings(plan),
        headline=table,
        tables={
            "break_even": break_even(plan, sums),
            "decomposition": decomposition(plan, tasks),
            "groups": by_group(plan, tasks),
            "flow_ledger": flow_ledger(plan, tasks),
            "drivers": ranked,
            "plausibility": plausibility,
        },
        assumptions=sentences(plan, ranked, table),
        warnings=warnings(plan),
    )
