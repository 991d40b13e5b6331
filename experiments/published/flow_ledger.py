"""Tabulate a course of the flow model: what came into each service, what it held, and what went out of it."""

from typing import Any

import numpy as np
import pandas as pd

from agents.names import Outcome
from experiments.published.flow import Course, cost_by_place
from experiments.published.flow_law import Plan, Values

OUTCOMES = [outcome.name.lower() for outcome in Outcome if outcome != Outcome.NO_NEED]


def ledger(course: Course, plan: Plan, values: Values) -> pd.DataFrame:
    """Tabulate children and CATs in and out of every service, year by year.

    An entry tries to hold all its children in need, those whom a step has taken up too; its CATs are those of the
    others. For every row cats = cats_at_start + new + harmed + cats_in - cats_out, and the outcomes sum to those in
    need. A child whom a step has already counts as escalated where its entry passes it on, but does not move.

    Parameters
    ----------
    course : of one set of inputs: no axes but year, entry and place

    Returns
    -------
    one row a year and service: children, CATs, and lost cost in GBP million a year
    """
    return pd.concat([one_year(course, plan, values, year) for year in range(len(course.carried))], ignore_index=True)


def one_year(course: Course, plan: Plan, values: Values, year: int) -> pd.DataFrame:
    """Tabulate one year, entries first and then steps."""
    up = np.triu(course.moved[year], 1)
    cost = cost_by_place(values, plan) / 1e6
    children, cats = tried(course, year, course.children[year]), tried(course, year, course.carried[year])
    lines = [*plan.entries, *plan.steps]
    return pd.DataFrame(
        {
            "year": year + 1,
            "service": [line.label for line in lines],
            "level": [line.level for line in lines],
            "children": own(course.children[year]),
            "children_in_need": children.sum(axis=1),
            **{f"children_{name}": children[:, k] for k, name in enumerate(OUTCOMES)},
            "cats_at_start": own(course.cats[year]),
            "new": own(course.new[year]),
            "harmed": own(course.harmed[year]),
            "cats_in": own(up.sum(axis=1)),
            "cats_out": own(up.sum(axis=2)),
            "cats": own(course.cats[year + 1]),
            "cats_in_need": cats.sum(axis=1),
            **{f"cats_{name}": cats[:, k] for k, name in enumerate(OUTCOMES)},
            "lost_cost": own(course.cats[year + 1] * cost),
        }
    )


def own(amounts: Any) -> Any:
    """Give what is in each entry alone, and in each step: (E, K) to (E + U,)."""
    return np.concatenate([amounts[:, 0], amounts.sum(axis=0)[1:]])


def tried(course: Course, year: int, amounts: Any) -> Any:
    """Part those in need in each service by what became of them: (E, K) to (E + U, 4)."""
    by_entry = np.einsum("ek,eko->eo", amounts, course.entry_outcomes[year])
    by_step = np.einsum("ek,ko->ko", amounts, course.step_outcomes[year][0])
    return np.concatenate([by_entry, by_step[1:]])
