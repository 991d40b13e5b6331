"""Sheets of the flow workbook before the years: inputs, levers, pathways, services, and the chances of a year."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from experiments.published.flow_law import PLACE, Values
from experiments.published.inputs import NONE
from experiments.published.workbook import (
    SHARE,
    Grid,
    Key,
    grid,
)
from simulation.context import Surroundings
from simulation.inputs import Number, Tables
from simulation.scenario import Lever, Scenario

if TYPE_CHECKING:
    from openpyxl import Workbook

TODAY = "today"
LEVELS = {"sufficiency": "Sufficiency", "tip_alignment": "TIP alignment", "supply": "acceptance"}
"""What a kind of lever moves."""
RATIOS = ("children", "deprivation_ratio", "cats_at_start_ratio", "new_cats_ratio")
PREVENTION, ADDED, FACTOR, LEFT = "prevention", "added", "factor", "left of the hazard"
CHANCES = ("lift", "log-odds", "held", "support adds", "support reaches", "held with support", "not held")
NEED, NEW = "need", "new CATs"


class Flow(NamedTuple):
    """What every sheet is made from."""

    book: "Workbook"
    tables: Tables
    values: Values
    scenario: Scenario
    years: int
    entries: list[str]
    steps: list[str]

    @property
    def places(self) -> list[str]:
        """Name the places above the entry: none, then the steps."""
        return [NONE, *self.steps]

    @property
    def variants(self) -> tuple[str, str]:
        """Name today's services and the scenario's."""
        return TODAY, self.scenario.name if self.scenario.name != TODAY else "scenario"

    def value(self, name: str) -> float:
        """Give a number by its name: one set of inputs, not many."""
        return float(np.asarray(self.values[name]).item())


def input_rows(f: Flow) -> list[Number]:
    """List the numbers of the flow, by short names that formulas use."""
    names = [(number.name, number.name.split(".")[1]) for number in f.tables.numbers.values()]
    chosen = [(name, short) for name, short in names if name.startswith("flow_numbers.")]
    chosen.append((f"ace_cost_places.{PLACE}.value", "gdp_per_head"))
    return [replace(f.tables.numbers[name], name=short, value=f.value(name)) for name, short in chosen]


def shown(f: Flow) -> list[Any]:
    """List the rows of services: all but entries without children."""
    return [row for row in f.tables.rows["flow_services"] if row.role != "entry" or row.service in f.entries]


def levers_grid(f: Flow) -> Grid:
    """Write what the scenario moves: points added, or a factor; 0 and 1 where it moves nothing."""
    s = Surroundings(f.tables, f.values, f.scenario)
    prevention = s.levers("prevention", PLACE)
    first = [(PREVENTION, f"lever {number}") for number in range(1, max(1, len(prevention)) + 1)]
    services = [row.service for row in shown(f)]
    rows = {kind: [(kind, name) for name in (f.steps if kind == "supply" else services)] for kind in LEVELS}
    about = f"What '{f.scenario.name}' changes: shares added (0.02 is 2 points), or a factor. supply moves acceptance."
    made = grid(
        f.book,
        "Levers",
        about,
        ["kind", "service"],
        [*first, *(row for kind in rows.values() for row in kind)],
        [ADDED, FACTOR, LEFT],
    )
    for place, row in enumerate(first):
        added = prevention[place].add if prevention else 0.0
        made.put(row, ADDED, added or 0.0, given=True)
        made.formula(row, LEFT, f"1-MIN(1,MAX(0,{made.at(row, ADDED)}))", SHARE)
    for kind, keys in rows.items():
        for row in keys:
            lever = lever_of(s.levers(kind, PLACE), row[1])
            made.put(row, ADDED, (lever.add if lever else None) or 0.0, given=True)
            made.put(row, FACTOR, 1.0 if lever is None or lever.multiply is None else lever.multiply, given=True)
    return made


def lever_of(levers: Sequence[Lever], service: str) -> Lever | None:
    """Find the lever that reaches a service: without dates there is at most one of a kind."""
    return next((each for each in levers if each.services is None or service in each.services), None)


def pathways_grid(f: Flow) -> Grid:
    """Write the weights by which those not held are passed up."""
    about = "Share of those not held by a service (row) that it tries to pass up to another (column); rows sum to 1."
    rows: list[Key] = [(name,) for name in (*f.entries, *f.steps)]
    made = grid(f.book, "Pathways", about, ["service"], rows, [*f.steps, "sum"])
    weights = {(row.service, row.to): row.weight for row in f.tables.rows["flow_pathways"]}
    for row in rows:
        for step in f.steps:
            made.put(row, step, weights.get((row[0], step), 0.0), given=True)
        made.formula(row, "sum", f"SUM({made.across(row, f.steps)})", SHARE)
    return made


def services_grid(f: Flow, levers: Grid) -> Grid:
    """Write each service with its levels today and, by formulas on the levers, under the scenario."""
    rows = shown(f)
    levels = [f"{what} {variant}" for what in LEVELS.values() for variant in f.variants]
    columns = ["title", "role", "supported_by", "level", *RATIOS, *levels]
    about = "Levels are 0 to 1: today's are inputs, the scenario's follow from them and from Levers."
    made = grid(f.book, "Services", about, ["service"], [(row.service,) for row in rows], columns)
    for service in rows:
        row = (service.service,)
        for column in ("title", "role", "supported_by"):
            made.put(row, column, getattr(service, column))
        made.put(row, "level", service.level, given=True)
        for column in RATIOS:
            made.put(row, column, f.value(f"flow_services.{service.service}.{column}"), given=True)
        for kind, what in LEVELS.items():
            today, improved = (f"{what} {variant}" for variant in f.variants)
            lever = (kind, service.service)
            if kind != "supply":
                made.put(row, today, f.value(f"flow_services.{service.service}.{kind}"), given=True)
            elif service.role == "step":
                made.formula(row, today, "MIN(1,acceptance)")
            else:
                continue
            start = "acceptance" if kind == "supply" else made.at(row, today)
            moved = f"{start}*{levers.at(lever, FACTOR)}+{levers.at(lever, ADDED)}"
            made.formula(row, improved, f"MIN(1,MAX(0,{moved}))", SHARE)
    return made


def chances_grid(f: Flow, services: Grid, levers: Grid) -> Grid:
    """Write what a year's children meet: need, new CATs, and how each service holds."""
    supports = [row.service for row in f.tables.rows["flow_services"] if row.role == "support"]
    names = [*f.entries, *f.steps, *supports]
    rows = [(variant, name) for variant in f.variants for name in names]
    about = "Chances of a child in a year; log-odds x hold with chance 1/(1+EXP(-x)). Support adds to the log-odds."
    made = grid(f.book, "Chances", about, ["services", "service"], rows, [*CHANCES, NEED, NEW])
    prevented = levers.down(LEFT, [row for row in levers.rows if row[0] == PREVENTION])
    for variant, name in rows:
        row, own = (variant, name), (name,)
        sufficiency, tip = (services.at(own, f"{LEVELS[kind]} {variant}") for kind in ("sufficiency", "tip_alignment"))
        lift = f"f_sufficiency*({sufficiency}-sufficiency_reference)+f_tip*({tip}-tip_reference)"
        made.formula(row, "lift", lift, SHARE)
        if name not in supports:
            hold_formulas(f, made, row, services)
        if name in f.entries:
            deprivation = services.at(own, "deprivation_ratio")
            hazard = f"new_cats*{services.at(own, 'new_cats_ratio')}*{deprivation}"
            left = f"*PRODUCT({prevented})" if variant != TODAY else ""
            made.formula(row, NEED, f"1-(1-share_affected)^{deprivation}", SHARE)
            made.formula(row, NEW, f"1-EXP(-{hazard}{left})", SHARE)
    return made


def hold_formulas(f: Flow, made: Grid, row: Key, services: Grid) -> None:
    """Write how a service holds a child in need: alone, with support, or not."""
    variant, name = row
    base = "hold_log_odds_entry" if name in f.entries else "hold_log_odds_step"
    log_odds, held, adds, reaches, supported = (made.at(row, column) for column in CHANCES[1:6])
    made.formula(row, "log-odds", f"{base}+{made.at(row, 'lift')}", SHARE)
    made.formula(row, "held", f"1/(1+EXP(-{log_odds}))", SHARE)
    support = next(each.supported_by for each in f.tables.rows["flow_services"] if each.service == name)
    if support == NONE:
        made.put(row, "support adds", 0.0, SHARE)
        made.put(row, "support reaches", 0.0, SHARE)
    else:
        made.formula(row, "support adds", f"MAX(0,support_lift+{made.at((variant, support), 'lift')})", SHARE)
        made.formula(row, "support reaches", services.at((support,), f"{LEVELS['sufficiency']} {variant}"), SHARE)
    made.formula(row, "held with support", f"{reaches}*(1/(1+EXP(-({log_odds}+{adds})))-{held})", SHARE)
    made.formula(row, "not held", f"1-{held}-{supported}", SHARE)
