"""The services flow model: expected children and CATs of one school population, year by year, only upwards.

A cohort flow as the 2024 West Midlands report describes it, on inputs that are reconstructed, since its spreadsheet is
not published. Children and their CATs begin in an entry (a stage of schooling). In a year, need shows in a share of
them; the entry, and the step that has taken a child up, hold it, hold it with support, pass it up (escalate), or leave
it with no service. `flow_law` says by which chances; here the years pass, and CATs turn into lost cost.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from experiments.published.flow_law import PLACE, Plan, Values, chances, input_of, law, plan_flow
from simulation.context import Surroundings
from simulation.inputs import Tables
from simulation.scenario import Scenario


class Course(NamedTuple):
    """The course of the years; the first axis of each is the year."""

    children: Any  # (years + 1, ..., E, K)
    cats: Any  # (years + 1, ..., E, K)
    new: Any  # (years, ..., E, K) CATs that arose
    harmed: Any  # (years, ..., E, K) CATs that being passed up was, where their children then are
    carried: Any  # (years, ..., E, K) CATs at the time of need
    moved: Any  # (years, ..., E, K, K) CATs carried from place to place
    entry_outcomes: Any  # (years, ..., E, K, 4) chance of each outcome of the entry; what is left: no need
    step_outcomes: Any  # (years, ..., 1 or E, K, 4) the same of the step; none in place 0
    cost: Any  # (years, ..., ) lost cost of DALYs [GBP million]


def flow(
    tables: Tables,
    values: Values,
    scenario: Scenario | None = None,
    years: int = 4,
    detail: Collection[str] | None = None,
) -> Course:
    """Let children and CATs flow through the services for some years.

    Parameters
    ----------
    values : every number by name
    scenario : whose levers move prevention, Sufficiency, TIP alignment or supply; today's services if not given
    """
    plan, chosen = plan_flow(tables, detail), scenario or Scenario.today()
    children, cats = begin(values, plan)
    kept: dict[str, list[Any]] = {name: [] for name in Course._fields}
    kept["children"].append(children)
    kept["cats"].append(cats)
    dated = Surroundings(tables, values, chosen).dated()
    for year in range(years):
        if year == 0 or dated:
            c = chances(tables, values, plan, chosen, year)
            now = law(plan, c)
        new = children * c.new[..., None]
        carried = cats + new
        moved = carried[..., None] * now.moves
        harmed = np.einsum("...ek,...ekj->...ej", children, now.harmed)
        cats = moved.sum(axis=-2) + harmed
        kept["entry_outcomes"].append(now.entry_outcomes)
        kept["step_outcomes"].append(now.step_outcomes)
        children = np.einsum("...ek,...ekj->...ej", children, now.moves)
        for name, part in (("children", children), ("cats", cats), ("new", new), ("harmed", harmed)):
            kept[name].append(part)
        kept["carried"].append(carried)
        kept["moved"].append(moved)
        kept["cost"].append(lost_cost(values, plan, cats.sum(axis=-2)))
    return Course(**{name: np.array(np.broadcast_arrays(*part)) for name, part in kept.items()})


def begin(values: Values, plan: Plan) -> tuple[Any, Any]:
    """Put every child and its CATs into its entry: two (..., E, K) arrays."""
    size = np.array([line.share * values[f"flow_services.{line.service}.children"] for line in plan.entries])
    ratio = np.array([values[f"flow_services.{line.service}.cats_at_start_ratio"] for line in plan.entries])
    each_child = input_of(values, "cats_at_start") * ratio
    cats = np.zeros((*each_child.shape, len(plan.steps) + 1))
    cats[..., 0] = size * each_child
    children = np.zeros_like(cats)
    children[..., 0] = size
    return children, cats


def cost_by_place(values: Values, plan: Plan) -> Any:
    """Give the lost cost of a CAT for a year, by the place that its child has reached: (..., K) [GBP]."""
    level = np.array([0, *(step.level for step in plan.steps)])
    dalys = input_of(values, "dalys_per_cat") * input_of(values, "cost_ratio_per_level") ** level
    return dalys * values[f"ace_cost_places.{PLACE}.value"]


def lost_cost(values: Values, plan: Plan, cats: Any) -> Any:
    """Turn CATs by place, (..., K), into the lost cost of their DALYs in a year [GBP million]."""
    return (cats * cost_by_place(values, plan)).sum(axis=-1) / 1e6


class Answers(NamedTuple):
    """What the published illustration answers, each a number or one for each set of inputs."""

    growth: Any  # of CATs over the years, today's services [share]
    cost: Any  # lost cost of DALYs, today's services [GBP million a year]
    fewer_cats: Any  # under the scenario, of all CATs after the last year [share]
    improved_cost: Any  # [GBP million a year]
    reduced_cost: Any  # over all years [GBP million]


def answers(today: Course, improved: Course) -> Answers:
    """Work out the five published answers from two courses of the same years."""
    before, after = today.cats[0].sum(axis=(-2, -1)), today.cats[-1].sum(axis=(-2, -1))
    return Answers(
        growth=after / before - 1.0,
        cost=today.cost.mean(axis=0),
        fewer_cats=1.0 - improved.cats[-1].sum(axis=(-2, -1)) / after,
        improved_cost=improved.cost.mean(axis=0),
        reduced_cost=(today.cost - improved.cost).sum(axis=0),
    )
