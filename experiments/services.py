"""Set every service side by side: what its rows say of it, and what became of the children who needed it."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from experiments.figures import BLUE, GREY, ORANGE, SKY, VERMILION, look, plain
from experiments.plan import Plan
from experiments.results import TODAY, Results
from simulation.build import service_names
from simulation.context import Surroundings, service_levels
from simulation.frailty import Values
from simulation.inputs import Tables
from simulation.rows import SCENARIO
from simulation.scenario import Scenario

OUTCOMES = {"held": BLUE, "held_with_support": SKY, "escalated": ORANGE, "no_service": VERMILION}


def described(tables: Tables, values: Values, scenario: Scenario, place: str) -> pd.DataFrame:
    """Tabulate each service as its rows have it, under a scenario's levers in its first year: a row a service."""
    rows, names = tables.rows, service_names(tables)
    s = Surroundings(tables, values, scenario)
    quality, alignment = service_levels(s, names, s.first_year())
    at = s.places.index(place)

    there = {row.service for row in rows["services"] if row.source != SCENARIO} | {x.name for x in scenario.services}

    def joined(found: Iterable[str]) -> str:
        return "; ".join(name for name in dict.fromkeys(found) if name in there or name not in names)

    table = []
    for k, row in enumerate(rows["services"]):
        name = row.service
        costs = [x for x in rows["unit_costs"] if x.service == name and x.authority in (place, "all")]
        own = {x.per: x for x in sorted(costs, key=lambda x: x.authority == place)}
        table.append(
            {
                "service": name,
                "title": row.title,
                "added": int(row.source == SCENARIO),
                "open": int(name in there),
                "tier": row.tier,
                "age_from": row.age_from,
                "age_to": row.age_to,
                "places_per_1000_children": values[f"services.{name}.places"],
                "sufficiency": quality[at, k],
                "tip_alignment": alignment[at, k],
                "f_sufficiency": values[f"services.{name}.f_sufficiency"],
                "f_tip": values[f"services.{name}.f_tip"],
                **{
                    f"unit_cost_{per}": values[f"unit_costs.{name}.{own[per].authority}.{per}.value"]
                    if per in own
                    else np.nan
                    for per in ("year", "episode")
                },
                "price_year": joined(x.price_year for x in own.values()),
                "payer": joined(x.payer for x in own.values()),
                "escalates_to": joined(x.to for x in rows["pathways"] if (x.service, x.move) == (name, "escalate")),
                "steps_down_to": joined(x.to for x in rows["pathways"] if (x.service, x.move) == (name, "step_down")),
                "supported_by": joined(x.support for x in rows["supports"] if x.service == name),
                "supports": joined(x.service for x in rows["supports"] if x.support == name),
            }
        )
    return pd.DataFrame(table)


def services_table(plan: Plan, tasks: Sequence[Any], columns: Sequence[str]) -> pd.DataFrame:
    """Tabulate each service by scenario: its rows at central values, and means over all runs of ages 0 to 17.

    Parameters
    ----------
    columns : of the flow ledger; a day's stock is summed over the ages, as if each stood there on one day
    """
    place, values = plan.places[0], {**plan.tables.values(), **plan.scenario.numbers}
    runs = [run for task in tasks for run in task.flows]
    parts = []
    for key, label, scenario in (
        ("today", TODAY, plan.scenario.as_today()),
        ("improved", plan.scenario.name, plan.scenario),
    ):
        total = np.mean([run[key].sum(axis=0) for run in runs], axis=0)
        part = described(plan.tables, values, scenario, place)
        part.insert(0, "scenario", label)
        part.insert(0, "place", plan.place)
        parts.append(pd.concat([part, pd.DataFrame(total, columns=list(columns))], axis=1))
    return pd.concat(parts, ignore_index=True)


def services_figure(results: Results) -> Figure:
    """Draw, for each service, what became of children in need there, and what it cost, today and in the scenario."""
    table = results.tables["services"]
    used = table.groupby("service")[["children_in_need", "entries", "cost_gbp"]].sum().sum(axis=1)
    names = [name for name in table["service"].drop_duplicates() if used[name] > 0]
    labels = table.drop_duplicates("service").set_index("service")
    added = {name: " (added)" if labels.loc[name, "added"] else "" for name in names}
    with look():
        drawn = Figure(figsize=(10.0, 1.8 + 0.3 * len(names)), layout="constrained")
        FigureCanvasAgg(drawn)
        need, cost = drawn.subplots(1, 2, sharey=True, width_ratios=(1.6, 1.0))
        for scenario, shift, colour in ((TODAY, -0.2, GREY), (results.improved, 0.2, VERMILION)):
            here = table[table["scenario"] == scenario].set_index("service").loc[names]
            draw_outcomes(need, here, np.arange(len(names)) + shift)
            cost.barh(np.arange(len(names)) + shift, here["cost_gbp"].to_numpy(float) / 1e6, 0.36, color=colour)
        need.set_yticks(range(len(names)), [plain(f"{labels.loc[name, 'title']}{added[name]}") for name in names])
        need.set_ylim(len(names) - 0.4, -0.6)
        need.set_xlim(0, 122)
        need.set_xticks([0, 25, 50, 75, 100])
        cost.set_xscale("symlog", linthresh=0.1)
        need.set_xlabel("% of child-years in need there, ages 0 to 17 (n: how many, a cohort)")
        cost.set_xlabel("GBP million (logarithmic beyond 0.1); grey today")
        need.set_title("a  What became of children in need, by service")
        cost.set_title("b  What the service cost")
        boxes = [Patch(facecolor=colour) for colour in OUTCOMES.values()]
        words = [name.replace("_", " ") for name in OUTCOMES]
        drawn.legend(boxes, words, loc="outside lower left", ncols=4, frameon=False)
        place = results.place.replace("_", " ").capitalize()
        drawn.suptitle(plain(f"{place}, by service: upper bars today, lower bars {results.improved_title}"))
        return drawn


def draw_outcomes(axes: Axes, here: pd.DataFrame, heights: Any) -> None:
    """Draw the outcomes of each service as shares of those in need there, with their number beside."""
    need, left = here["children_in_need"].to_numpy(float), np.zeros(len(here))
    for outcome, colour in OUTCOMES.items():
        width = 100.0 * here[outcome].to_numpy(float) / np.maximum(need, 1e-9)
        axes.barh(heights, width, 0.36, left, color=colour)
        left += width
    for height, number in zip(heights, need, strict=True):
        axes.text(101.0, height, f"n = {number:,.0f}" if number else "", fontsize=5.5, va="center")
