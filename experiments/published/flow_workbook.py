"""The services flow model as a workbook: the same rules as `flow`, in formulas that a reader can follow and change."""

from itertools import pairwise

import numpy as np

from experiments.published.flow_law import PLACE, Line, Plan, Values, plan_flow
from experiments.published.flow_sheets import (
    LEVELS,
    NEED,
    NEW,
    Flow,
    chances_grid,
    input_rows,
    levers_grid,
    pathways_grid,
    services_grid,
)
from experiments.published.inputs import NONE, figure
from experiments.published.reconstruction import PUBLISHED, YEARS
from experiments.published.scenarios import IMPROVED
from experiments.published.workbook import COUNT, MONEY, SHARE, Grid, Key, grid, inputs_grid, new_book, workbook_bytes
from simulation.context import Surroundings
from simulation.errors import InputError
from simulation.inputs import Tables
from simulation.scenario import Scenario

STEP_NONE, ENTRY_NONE = "step: no service", "entry: no service"
STEP_UP, ENTRY_UP, ENTRY_MOVES = "step passes up to {}", "entry passes up to {}", "entry moves to {}"
THERE, HARMED = "is then in {}", "is then in {}, harmed"
CHILDREN, CATS, ALL = "children", "CATs", "all"
LOST = ("lost cost [GBP million]", ALL, ALL)
COST = "lost cost of a CAT [GBP a year]"
ANSWERS = {
    "growth": ("growth of CATs over the years, today", "share"),
    "cost": ("lost cost of DALYs, today", "GBP million a year"),
    "fewer_cats": ("fewer CATs after the last year, scenario against today", "share"),
    "improved_cost": ("lost cost of DALYs, scenario", "GBP million a year"),
    "reduced_cost": ("lost cost that the scenario spares over all years", "GBP million"),
}


def flow_workbook(tables: Tables, values: Values, scenario: Scenario, years: int) -> bytes:
    """Write the flow of today's services and a scenario's as a workbook of live formulas.

    Parameters
    ----------
    values : every number by name, one set; a scenario's own numbers are to be in it already
    years : whole years of the flow, 1 or more

    Raises
    ------
    InputError
        If a lever has dates, a service is to be taken in detail, no child enters, or openpyxl is missing.
    """
    plan = plan_flow(tables)
    refuse(tables, values, scenario, plan)
    about = (
        f"Expected children and CATs (childhood adversities and traumas) of {PLACE.title()}'s school population over "
        f"{years} years, under today's services and under: {scenario.title or scenario.name}.",
        "Its inputs are reconstructed so that the published answers come out together. They are not published, and "
        "other inputs give the same answers.",
        "Inputs and Services hold the numbers; Levers what the scenario changes; Chances and Law one year's movement; "
        "Years the course; Answers what it comes to.",
    )
    book = new_book("The services flow model, live", about, tables)
    entries = [line.service for line in plan.entries if has_children(values, line)]
    f = Flow(book, tables, values, scenario, years, entries, [line.service for line in plan.steps])
    inputs_grid(book, input_rows(f), tables)
    levers, pathways = levers_grid(f), pathways_grid(f)
    services = services_grid(f, levers)
    chances = chances_grid(f, services, levers)
    laws = {variant: law_grid(f, variant, services, pathways, chances) for variant in f.variants}
    courses = [years_grid(f, variant, services, chances, laws[variant]) for variant in f.variants]
    answers_grid(f, *courses)
    return workbook_bytes(book)


def has_children(values: Values, line: Line) -> bool:
    """Tell whether children begin in an entry."""
    return bool(np.all(values[f"flow_services.{line.service}.children"]))


def refuse(tables: Tables, values: Values, scenario: Scenario, plan: Plan) -> None:
    """Refuse what a workbook cannot show: dates, units of a service, no children."""
    if Surroundings(tables, values, scenario).dated():
        raise InputError(f"scenario '{scenario.name}': a workbook shows one law for all years; remove start and end")
    detailed = [row.service for row in tables.rows["flow_services"] if row.detail == "detail"]
    if detailed:
        raise InputError(
            f"flow_services.csv: {detailed[0]} is taken in detail, and a workbook takes services as a whole; "
            "write overall in its row"
        )
    if not any(has_children(values, line) for line in plan.entries):
        raise InputError("flow_services.csv: no entry has children; give one its number")


def law_grid(f: Flow, variant: str, services: Grid, pathways: Grid, chances: Grid) -> Grid:
    """Write a year's movement of a child by entry and place: where it then is, and whether passing it up harmed it.

    Entry and step try independently. A step that passes a child up decides where it goes; where either leaves the
    child with no service, the move of the other harms nobody.
    """
    rows: list[Key] = [(entry, place) for entry in f.entries for place in f.places]
    columns = [
        *each(STEP_UP, f.steps),
        STEP_NONE,
        *each(ENTRY_UP, f.steps),
        *each(ENTRY_MOVES, f.steps),
        ENTRY_NONE,
        *each(THERE, f.places),
        *each(HARMED, f.places),
    ]
    about = "By entry and place (none: in no service above): shares passed up in need, then chances after the year."
    made = grid(f.book, f"Law {variant}", about, ["entry", "place"], rows, columns)
    for row in rows:
        step_formulas(f, variant, made, row, pathways, services, chances)
        entry_formulas(f, variant, made, row, pathways, services, chances)
        after_formulas(f, variant, made, row, chances)
    return made


def each(name: str, places: list[str]) -> list[str]:
    """Name a column for each place."""
    return [name.format(place) for place in places]


def accepted(services: Grid, step: str, variant: str) -> str:
    """Call the share of those passed up that a step takes in."""
    return services.at((step,), f"{LEVELS['supply']} {variant}")


def step_formulas(f: Flow, variant: str, made: Grid, row: Key, pathways: Grid, services: Grid, chances: Grid) -> None:
    """Write whom the step passes up and whom it leaves with no service; without a step, nobody."""
    place = row[1]
    if place == NONE:
        for column in (*each(STEP_UP, f.steps), STEP_NONE):
            made.put(row, column, 0.0, SHARE)
        return
    not_held = chances.at((variant, place), "not held")
    for step in f.steps:
        taken = "" if step == place else f"*{accepted(services, step, variant)}"
        made.formula(row, STEP_UP.format(step), f"{not_held}*{pathways.at((place,), step)}{taken}", SHARE)
    made.formula(row, STEP_NONE, f"{not_held}-SUM({made.across(row, each(STEP_UP, f.steps))})", SHARE)


def entry_formulas(f: Flow, variant: str, made: Grid, row: Key, pathways: Grid, services: Grid, chances: Grid) -> None:
    """Write whom the entry passes up, whom that moves to a higher level, and whom it leaves with no service."""
    entry, place = row
    not_held = chances.at((variant, entry), "not held")
    level = "0" if place == NONE else services.at((place,), "level")
    for step in f.steps:
        taken = "" if step == place else f"*{accepted(services, step, variant)}"
        sent = made.at(row, ENTRY_UP.format(step))
        made.formula(row, ENTRY_UP.format(step), f"{not_held}*{pathways.at((entry,), step)}{taken}", SHARE)
        higher = f"IF({services.at((step,), 'level')}>{level},{sent},0)"
        made.formula(row, ENTRY_MOVES.format(step), higher, SHARE)
    made.formula(row, ENTRY_NONE, f"{not_held}-SUM({made.across(row, each(ENTRY_UP, f.steps))})", SHARE)


def after_formulas(f: Flow, variant: str, made: Grid, row: Key, chances: Grid) -> None:
    """Write the chances of being in each place after the year, and of being there and harmed."""
    entry, place = row
    need = chances.at((variant, entry), NEED)
    up, sent, moved = (f"SUM({made.across(row, each(name, f.steps))})" for name in (STEP_UP, ENTRY_UP, ENTRY_MOVES))
    step_none, entry_none = made.at(row, STEP_NONE), made.at(row, ENTRY_NONE)
    for to in f.places:
        if to == NONE != place:
            made.put(row, THERE.format(to), 0.0, SHARE)
            made.put(row, HARMED.format(to), 0.0, SHARE)
            continue
        by_entry = made.at(row, ENTRY_MOVES.format(to)) if to != NONE else "0"
        there, hurt, stays = by_entry, by_entry, ""
        if to == place:
            there, hurt, stays = f"(1-{moved})", f"({sent}-{moved})", f"+(1-{need})"
        step_there, step_hurt = "", ""
        if to != NONE:
            by_step = made.at(row, STEP_UP.format(to))
            step_there, step_hurt = f"+{by_step}", f"+{by_step}*(1-{entry_none})"
        made.formula(row, THERE.format(to), f"{need}*({there}*(1-{up}){step_there}){stays}", SHARE)
        made.formula(row, HARMED.format(to), f"{need}*harm*({hurt}*(1-{up}-{step_none}){step_hurt})", SHARE)


def years_grid(f: Flow, variant: str, services: Grid, chances: Grid, law: Grid) -> Grid:
    """Write children and CATs by entry and place, year by year, and the lost cost of each year."""
    cells: list[Key] = [(entry, place) for entry in f.entries for place in f.places]
    sums = {what: [(what, *cell) for cell in cells] for what in (CHILDREN, CATS)}
    rows: list[Key] = [*sums[CHILDREN], (CHILDREN, ALL, ALL), *sums[CATS], (CATS, ALL, ALL), LOST]
    columns = ["start", *(f"year {year}" for year in range(1, f.years + 1))]
    about = "Children and their CATs at the start and after each year, by entry and place (none: in no service above)."
    made = grid(f.book, f"Years {variant}", about, ["what", "entry", "place"], rows, [COST, *columns])
    for entry, place in cells:
        level = "0" if place == NONE else services.at((place,), "level")
        cost = f"dalys_per_cat*cost_ratio_per_level^{level}*gdp_per_head"
        made.formula((CATS, entry, place), COST, cost, MONEY)
        start_formulas(made, entry, place, services)
        for before, after in pairwise(columns):
            year_formulas(f, made, law, (entry, place), chances.at((variant, entry), NEW), (before, after))
    for column in columns:
        for what, keys in sums.items():
            made.formula((what, ALL, ALL), column, f"SUM({made.down(column, keys)})", COUNT)
    for column in columns[1:]:
        cost = f"SUMPRODUCT({made.down(COST, sums[CATS])},{made.down(column, sums[CATS])})/1000000"
        made.formula(LOST, column, cost, MONEY)
    return made


def start_formulas(made: Grid, entry: str, place: str, services: Grid) -> None:
    """Put every child and its CATs into its entry, in no service above."""
    children = services.at((entry,), "children")
    each_child = f"cats_at_start*{services.at((entry,), 'cats_at_start_ratio')}"
    for what, formula in ((CHILDREN, children), (CATS, f"{children}*{each_child}")):
        if place == NONE:
            made.formula((what, entry, place), "start", formula, COUNT)
        else:
            made.put((what, entry, place), "start", 0, COUNT)


def year_formulas(f: Flow, made: Grid, law: Grid, cell: Key, new: str, years: tuple[str, str]) -> None:
    """Move children and CATs of a year into a place: CATs go with their children, new ones and harm are added."""
    entry, to = cell
    before, after = years
    places: list[Key] = [(entry, place) for place in f.places]
    there, harmed = law.down(THERE.format(to), places), law.down(HARMED.format(to), places)
    children, cats = (made.down(before, [(what, *place) for place in places]) for what in (CHILDREN, CATS))
    made.formula((CHILDREN, *cell), after, f"SUMPRODUCT({children},{there})", COUNT)
    carried = f"SUMPRODUCT({cats},{there})+{new}*SUMPRODUCT({children},{there})"
    made.formula((CATS, *cell), after, f"{carried}+SUMPRODUCT({children},{harmed})", COUNT)


def answers_grid(f: Flow, today: Grid, improved: Grid) -> Grid:
    """Write the five published answers, the published figures, and by how much they differ."""
    last = f"year {f.years}"
    total = (CATS, ALL, ALL)
    costs = [grid.across(LOST, ["year 1", last]) for grid in (today, improved)]
    formulas = {
        "growth": f"{today.at(total, last)}/{today.at(total, 'start')}-1",
        "cost": f"AVERAGE({costs[0]})",
        "fewer_cats": f"1-{improved.at(total, last)}/{today.at(total, last)}",
        "improved_cost": f"AVERAGE({costs[1]})",
        "reduced_cost": f"SUM({costs[0]})-SUM({costs[1]})",
    }
    comparable = f.scenario.name == IMPROVED and f.years == YEARS
    about = f"What the years come to. The publication answers only for its own improvement over {YEARS} years."
    rows: dict[str, Key] = {name: (name, *said) for name, said in ANSWERS.items()}
    made = grid(
        f.book, "Answers", about, ["answer", "what", "unit"], list(rows.values()), ["model", "published", "difference"]
    )
    for name, row in rows.items():
        form = SHARE if row[2] == "share" else MONEY
        made.formula(row, "model", formulas[name], form)
        said = figure(f.tables, PUBLISHED[name], PLACE)
        if comparable and said is not None:
            made.put(row, "published", said)
            made.formula(row, "difference", f"{made.at(row, 'model')}-{made.at(row, 'published')}", form)
    return made
