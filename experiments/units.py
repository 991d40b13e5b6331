"""Compare units of a service (schools, providers): how often each holds children in need, at equal need.

Expected is what the service's units together hold of children of the same deprivation decile and load. A unit is
flagged only outside the funnel of what chance alone does: exact binomial limits of 95% and 99.8%.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy import stats

from agents.child import HUNDREDTHS
from agents.names import UnitCount
from experiments.figures import BLACK, BLUE, GREY, ORANGE, VERMILION, look, plain
from experiments.funnel import LEVELS, funnel_limits, position
from experiments.origin import installed
from experiments.published.folders import Folder, made_by, page
from experiments.rounding import text
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
from simulation.build import service_names
from simulation.cohort import reference
from simulation.context import Surroundings, year_context
from simulation.draws import seed_key
from simulation.extension import with_services
from simulation.inputs import Tables
from simulation.ledger import Ledger
from simulation.residents import BURN_IN, Town, residents
from simulation.scenario import Scenario
from simulation.schools import has_example

REFERENCE_CHILDREN = 3000
LIMITS = dict(zip(("95", "998"), LEVELS, strict=True))
"""Funnel limits by name: chance that a unit no different from the rest lies within."""
FLAGS = ("below 99.8%", "below 95%", "", "above 95%", "above 99.8%")
GENERATED = "Units marked generated do not exist: no figure here is about a real school."


def with_example(tables: Tables, scenario: Scenario, place: str) -> Scenario:
    """Take the scenario's units of a place or, where it has none, the generated example."""
    rows = with_services(tables, scenario).rows.get("units", [])
    if any(unit.authority == place for unit in rows):
        return scenario
    has_example(place)
    return scenario.model_copy(update={"units_from": "generated"})


def lived(tables: Tables, scenario: Scenario, place: str, years: int, seed: int, jobs: int) -> tuple[Any, Ledger]:
    """Let a place's residents live some years, after a burn-in under today's services that the ledger does not hold.

    Returns
    -------
    the context of the first of the years, and the ledger of them
    """
    values, key = {**tables.values(), **scenario.numbers}, seed_key(seed)
    values["first_year"] -= BURN_IN
    world = reference(tables, values, scenario.switches, key, REFERENCE_CHILDREN)
    today, s = (Surroundings(tables, values, twin) for twin in (scenario.as_today(), scenario))
    town = Town(today, key, [place])
    town.begin(0)
    before = residents(today, world, town, 0, BURN_IN, jobs=jobs).ledger
    life = residents(s, world, town.twin(s), BURN_IN, years, jobs=jobs, last=before)
    return year_context(s, world, BURN_IN, before), life.ledger


def expected_held(cases: Any) -> Any:
    """Work out how many of its needs each unit would hold at the rates of all units together (indirect standard).

    Parameters
    ----------
    cases : (units, 10, bands, 2) needs, and of them held, by decile and load

    Returns
    -------
    (units,) expected number held
    """
    need, held = cases.sum(axis=0)[..., 0], cases.sum(axis=0)[..., 1]
    return (cases[..., 0] * (held / np.maximum(need, 1))).sum(axis=(1, 2))


def smooth_limit(need: Any, chance: float, tail: float) -> Any:
    """Draw a lower limit without its steps: exact binomial, interpolated between counts (Spiegelhalter 2005)."""
    count = stats.binom.ppf(tail, need, chance)
    here, before = stats.binom.cdf(count, need, chance), stats.binom.cdf(count - 1, need, chance)
    return count - (here - tail) / (here - before)


def effectiveness(tables: Tables, context: Any, book: Ledger, place: str) -> pd.DataFrame:
    """Tabulate a place's units, by service: children, need, what became of it, and what was expected."""
    units = [(k, unit) for k, unit in enumerate(tables.rows["units"]) if unit.authority == place]
    names, at = service_names(tables), [row.authority for row in tables.rows["authorities"]].index(place)
    parts = []
    for stage in dict.fromkeys(unit.stage for _, unit in units):
        here = [(k, unit) for k, unit in units if unit.stage == stage]
        numbers = [k for k, _ in here]
        counts = book.units[:, numbers]
        years = max(1, int((counts[:, :, UnitCount.CHILDREN].sum(axis=1) > 0).sum()))
        counts = counts.sum(axis=0)
        cases = book.unit_cases[numbers]
        need, held = cases[..., 0].sum(axis=(1, 2)), cases[..., 1].sum(axis=(1, 2))
        expected = expected_held(cases)
        chance = expected / np.maximum(need, 1)
        limits = {name: funnel_limits(need, chance, level) for name, level in LIMITS.items()}
        table = pd.DataFrame(
            {
                "place": place,
                "service": stage,
                "unit": [unit.unit for _, unit in here],
                "generated": [int(unit.generated) for _, unit in here],
                "capacity": [unit.capacity for _, unit in here],
                "sufficiency": [unit.sufficiency for _, unit in here],
                "tip_alignment": [unit.tip_alignment for _, unit in here],
                "lift_over_service": context.unit_lift[numbers] - context.lift[at][names.index(stage)],
                "children": counts[:, UnitCount.CHILDREN] / years,
                "in_need": need,
                "held": counts[:, UnitCount.HELD],
                "held_with_support": counts[:, UnitCount.HELD_WITH_SUPPORT],
                "escalated": counts[:, UnitCount.ESCALATED],
                "no_service": counts[:, UnitCount.NO_SERVICE],
                "unresolved_per_child": counts[:, UnitCount.UNRESOLVED] / np.maximum(counts[:, UnitCount.CHILDREN], 1),
                "cost_gbp": counts[:, UnitCount.COST] / HUNDREDTHS,
                "held_share": held / np.maximum(need, 1),
                "expected_share": chance,
                "held_over_expected": held / np.where(expected > 0, expected, np.nan),
                **{
                    f"{end}_{name}": limit
                    for name, both in limits.items()
                    for end, limit in zip(("low", "high"), both, strict=True)
                },
                "flag": ["" if where == "within" else where for where in position(held, need, chance)],
            }
        )
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def units_folder(
    scenario: Scenario, tables: Tables, place: str, years: int, seed: int, jobs: int, command: str
) -> Folder:
    """Run a place's residents with their units, and put together table, figure and words."""
    chosen = with_example(tables, scenario, place)
    extended = with_services(tables, chosen)
    table = effectiveness(extended, *lived(extended, chosen, place, years, seed, jobs), place)
    notes = [sentence(table[table["service"] == stage], str(stage)) for stage in table["service"].unique()]
    notes.append(
        "Expected: what all units of the service hold of children of the same deprivation decile and load. Held: alone "
        "or with support. lift_over_service is the truth that went in, at central numbers (at which TIP alignment adds "
        "nothing), which no authority knows of its own units."
    )
    notes += [GENERATED] if table["generated"].any() else []
    notes.append(NOT_FOR_INDIVIDUALS)
    head = f"wellheld {installed('wellheld')}: {place}, units of a service side by side, {years} years, seed {seed}"
    settings = {**made_by(command, tables), "scenario": chosen.model_dump(mode="json")}
    return Folder(
        page([wrapped(head), screen_table(table)], notes), {"units": table}, figure(table), settings, notes, ""
    )


def sentence(here: pd.DataFrame, stage: str) -> str:
    """Say how many units of a service lie outside the funnel, how many would by chance, and whether truth shows."""
    outside, far = int((here["flag"] != "").sum()), int(here["flag"].str.endswith("99.8%").sum())
    share = f"{text(100 * here['held_share'].min(), 0)} to {text(100 * here['held_share'].max(), 0)}%"
    told = (
        f"{stage.replace('_', ' ')}: {len(here)} units hold {share} of need; {outside} lie outside the 95% limits, "
        f"where chance alone puts up to {text(0.05 * len(here), 1)}, and {far} outside those of 99.8%."
    )
    if here["lift_over_service"].std() > 1e-12 and len(here) > 2:
        found = stats.spearmanr(here["lift_over_service"], here["held_over_expected"], nan_policy="omit").statistic
        told += f" Rank correlation of held over expected with what each unit truly adds: {text(float(found), 2)}."
    return told


def screen_table(table: pd.DataFrame) -> list[str]:
    """Tabulate the units outside the limits."""
    here = table[table["flag"] != ""]
    if here.empty:
        return ["No unit lies outside the limits of chance."]
    rows = [
        [
            f" {row['service'].replace('_', ' ')}, {row['unit'].replace('_', ' ')}",
            text(row["children"], 0),
            text(row["in_need"], 0),
            text(100 * row["held_share"], 1),
            text(100 * row["expected_share"], 1),
            f"{text(100 * row['low_95'], 1)} to {text(100 * row['high_95'], 1)}",
            row["flag"],
        ]
        for _, row in here.iterrows()
    ]
    return align([["Outside the limits", "children", "needs", "held %", "expected %", "95% limits", "flag"], *rows])


def figure(table: pd.DataFrame) -> Figure:
    """Draw a funnel for each service: share held at the mean case mix, by number in need."""
    stages = list(dict.fromkeys(table["service"]))
    with look():
        drawn = Figure(figsize=(5.2 * max(2, len(stages)), 5.0), layout="constrained")
        FigureCanvasAgg(drawn)
        for axes, stage in zip(np.ravel(drawn.subplots(1, len(stages))), stages, strict=True):
            draw_funnel(axes, table[table["service"] == stage], stage)
        made = "generated units: none of them exists. " if table["generated"].any() else ""
        place = str(table["place"].iloc[0]).replace("_", " ").capitalize()
        drawn.suptitle(plain(f"{place}: how often each unit holds children in need, at equal need"))
        words = "Points are units; limits are exact binomial, for a unit that holds as all do together."
        drawn.supxlabel(plain(f"{made.capitalize()}{words} {NOT_FOR_INDIVIDUALS}", 300), fontsize=7, x=0.01, ha="left")
        return drawn


def draw_funnel(axes: Axes, here: pd.DataFrame, stage: str) -> None:
    """Draw one service's units within the limits of chance about their common mean."""
    mean = float((here["held_share"] * here["in_need"]).sum() / max(1, here["in_need"].sum()))
    sizes = np.arange(max(2, int(0.8 * here["in_need"].min())), int(1.1 * here["in_need"].max()) + 2)
    for level, style in zip(LEVELS, ("--", "-"), strict=True):
        tail = (1.0 - level) / 2.0
        ends = smooth_limit(sizes, mean, tail), sizes - smooth_limit(sizes, 1.0 - mean, tail)
        low, high = (np.clip(end / sizes, 0.0, 1.0) for end in ends)
        axes.plot(sizes, 100 * low, style, color=GREY, linewidth=0.8, label=f"{100 * level:g}% limits")
        axes.plot(sizes, 100 * high, style, color=GREY, linewidth=0.8)
    axes.axhline(100 * mean, color=BLACK, linewidth=0.8, label=f"all together: {100 * mean:.0f}%")
    for flagged, colour, marker, label in (
        ("", BLUE, "o", "within"),
        ("95%", ORANGE, "D", "outside 95%"),
        ("99.8%", VERMILION, "^", "outside 99.8%"),
    ):
        chosen = here[here["flag"] == ""] if not flagged else here[here["flag"].str.endswith(f" {flagged}")]
        share = 100 * mean * chosen["held_over_expected"]
        axes.plot(chosen["in_need"], share, marker, color=colour, markersize=4, label=f"{label} ({len(chosen)})")
        if flagged:
            for x, y, unit in zip(chosen["in_need"], share, chosen["unit"], strict=True):
                axes.annotate(
                    plain(str(unit)).replace("_", " "), (x, y), (4, 2), textcoords="offset points", fontsize=6
                )
    bottom, top = axes.get_ylim()
    # Nothing is held below 0 or above 100%; a unit's share at the mean case mix may lie above, and is still shown.
    axes.set_ylim(max(bottom, -2.0), min(top, 2.0 + max(100.0, float((100 * mean * here["held_over_expected"]).max()))))
    axes.set_xlabel("children in need, all years")
    axes.set_ylabel("held, alone or with support, % (at the mean case mix)")
    axes.set_title(plain(stage.replace("_", " ").capitalize()))
    axes.legend(frameon=False, fontsize=7)
