"""Draw the flows of a typical year: who is with which service on 1 April, and where they are a year later."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path

from agents.child import NEVER
from agents.names import ADULT, NONE
from experiments.figures import BLUE, VERMILION, look
from experiments.plan import REFERENCE_CHILDREN, REFERENCE_SEED
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
from simulation.build import service_names
from simulation.cohort import reference
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.extension import with_services
from simulation.inputs import Tables
from simulation.residents import BURN_IN, Town, present, residents
from simulation.scenario import Scenario

YEARS = 5
"""Years after the burn-in over which flows are averaged."""
LADDERS = {
    "support": ("no support", "early help", "child in need", "protection plan", "looked after"),
    "schooling": ("school or at home", "alternative or special", "out of school"),
}
"""Where a child can be, from the bottom up, on each of two ladders."""
AWAY = "aged 18, died or moved out"
WHERE = {AWAY: "away", "alternative or special": "alternative", "school or at home": "school, home"}
"""Short words for the heads of columns."""


def typical_year(
    tables: Tables, place: str, scenario: Scenario | None = None, seed: int = 1, share: float = 1.0
) -> pd.DataFrame:
    """Count how the children of a place move in a year, mean of five years of residents after the burn-in.

    Parameters
    ----------
    share : of the residents who are simulated; counts are scaled up to all

    Returns
    -------
    columns ladder, from, to, children (a year). `from` is on 1 April, `to` on the next 31 March; children who come
    to the place in the year, by birth or by moving in, are counted from the 1 April after
    """
    chosen = scenario or Scenario.today()
    tables = with_services(tables, chosen)
    values = {**tables.values(), **chosen.numbers}
    values["first_year"] -= BURN_IN
    s = Surroundings(tables, values, chosen)
    world = reference(tables, values, chosen.switches, seed_key(seed, REFERENCE_SEED), REFERENCE_CHILDREN)
    town = Town(s, seed_key(seed), [place], share)
    town.begin(0)
    here = world._replace(key=seed_key(seed))
    last = residents(s, here, town, 0, BURN_IN).ledger
    where = ladders(tables)
    counts = {name: np.zeros((len(steps), len(steps) + 1)) for name, steps in LADDERS.items()}
    for year in range(BURN_IN, BURN_IN + YEARS):
        before = present(town.people).copy()
        ends: list[Any] = []

        def keep(_: int, people: Any, ends: list[Any] = ends) -> None:
            ends.append(people.copy())

        last = residents(s, here, town, year, 1, watch=keep, last=last).ledger
        add_moves(counts, where, before, ends[0], year)
    rows = [
        (name, steps[a], (*steps, AWAY)[b], counts[name][a, b] / YEARS / share)
        for name, steps in LADDERS.items()
        for a in range(len(steps))
        for b in range(len(steps) + 1)
    ]
    return pd.DataFrame(rows, columns=["ladder", "from", "to", "children"])


def ladders(tables: Tables) -> dict[str, Any]:
    """Give the step of each service number on each ladder; NONE is the lowest."""
    names = service_names(tables)
    support, schooling = np.zeros((2, NONE + 1), np.int64)
    for row in tables.rows["services"]:
        number = names.index(row.service)
        if row.tier == "early_help":
            support[number] = 1
        elif row.tier == "social_care":
            support[number] = 3 if row.service == "child_protection_plan" else 2
        elif row.tier == "looked_after":
            support[number] = 4
        if row.channel == "education" and row.tier != "universal":
            schooling[number] = 2 if row.tier == "out_of_system" else 1
    return {"support": support, "schooling": schooling}


def add_moves(counts: dict[str, Any], where: dict[str, Any], before: Any, after: Any, year: int) -> None:
    """Add the moves of one year: from the step on its first day to that on its last, or away."""
    young = before[year - before["birth_year"] < ADULT]
    order = np.argsort(after["id"])
    found = order[np.searchsorted(after["id"], young["id"], sorter=order)]
    then = after[found]
    assert (then["id"] == young["id"]).all()
    gone = (then["died"] != NEVER) | (year + 1 - then["birth_year"] >= ADULT)
    for name, column in (("support", "support"), ("schooling", "education")):
        steps = where[name]
        to = np.where(gone, len(LADDERS[name]), steps[then[column]])
        np.add.at(counts[name], (steps[young[column]], to), 1)


def screen(table: pd.DataFrame, place: str, scenario: str, seed: int, share: float) -> str:
    """Write the children who are elsewhere at a year's end, step by step, and those who stay."""
    lines = wrapped(
        f"Moves between services in a typical year: {place.replace('_', ' ')}, residents aged 0-17, mean of {YEARS} "
        f"years after the burn-in, {100 * share:g}% of them simulated, scenario {scenario}, seed {seed}. Children a "
        "year; on 1 April, and where they are on the next 31 March."
    )
    for name, steps in LADDERS.items():
        moves = table[table["ladder"] == name].set_index(["from", "to"])["children"].to_dict()
        cells = [[f"{name.capitalize()}, from", *(WHERE.get(to, to) for to in (*steps, AWAY))]]
        cells += [[f" {step}", *(f"{moves[step, to]:,.0f}" for to in (*steps, AWAY))] for step in steps]
        lines += ["", *align(cells)]
    note = "Away: aged 18, died or moved out. Central numbers, one run. The change of school phase is no move."
    return "\n".join([*lines, "", *wrapped(note), *wrapped(NOT_FOR_INDIVIDUALS)]) + "\n"


def figure(table: pd.DataFrame, place: str) -> Figure:
    """Draw both ladders: boxes are children on 1 April, arrows the children who are elsewhere a year later."""
    with look():
        drawn = Figure(figsize=(10.0, 6.2), layout="constrained")
        FigureCanvasAgg(drawn)
        for axes, name in zip(drawn.subplots(1, 2), LADDERS, strict=True):
            draw_ladder(axes, table[table["ladder"] == name], LADDERS[name])
            axes.set_title(f"{'a' if name == 'support' else 'b'}  {name.capitalize()}")
        drawn.suptitle(f"A typical year of {place.replace('_', ' ').capitalize()}'s children")
        drawn.supxlabel(
            f"Simulated residents aged 0-17, mean of {YEARS} years after the burn-in. Boxes: children on 1 April. "
            "Arrows: where they are on 31 March if elsewhere (up on the right, down on the\nleft; width by the square "
            "root of their number; fewer than 1 not drawn). The change of school phase is no move. "
            f"{NOT_FOR_INDIVIDUALS}",
            fontsize=7,
            x=0.01,
            ha="left",
        )
        return drawn


def draw_ladder(axes: Any, table: pd.DataFrame, steps: tuple[str, ...]) -> None:
    """Draw one ladder: its steps from the bottom up, and the moves between them."""
    moves = table.set_index(["from", "to"])["children"]
    for height, step in enumerate(steps):
        total = float(moves.loc[step].sum())
        axes.text(
            0.5,
            height,
            f"{step}\n{total:,.0f}",
            ha="center",
            va="center",
            bbox={"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": "#666666"},
            zorder=3,
        )
    for low in range(len(steps)):
        for high in range(low + 1, len(steps)):
            for a, b, side, colour in ((low, high, 1, VERMILION), (high, low, -1, BLUE)):
                count = float(moves.get((steps[a], steps[b]), 0.0))
                if count >= 1:
                    draw_move(axes, a, b, side, count, colour)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(-0.5, len(steps) - 0.5)
    axes.set_axis_off()


def draw_move(axes: Any, start: int, end: int, side: int, count: float, colour: str) -> None:
    """Draw one arrow, further out the more steps it takes, with its number of children on it."""
    shift = 0.12 if end > start else -0.12
    edge = 0.5 + 0.14 * side
    out = edge + side * (0.06 + 0.095 * abs(end - start))
    way = [(edge, start + shift), (out, start + shift), (out, end - shift), (edge, end - shift)]
    axes.add_patch(
        FancyArrowPatch(
            path=Path(way, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]),
            arrowstyle="-|>",
            mutation_scale=8,
            linewidth=max(0.4, 0.06 * count**0.5),
            color=colour,
            alpha=0.75,
        )
    )
    box = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    middle = edge + 0.75 * (out - edge)
    axes.text(middle, (start + end) / 2.0, f"{count:,.0f}", fontsize=7, ha="center", va="center", bbox=box)
