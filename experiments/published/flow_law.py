"""The law of the flow model: what a year's children meet, and where they are after it.

The rules are those of the children (`agents`), with every chance replaced by its expected value. Arrays end in E
entries, K = 1 + U places above the entry (0: none, then the steps by level) and U steps; axes before these, where
inputs have them, are different sets of inputs side by side.
"""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from agents.adversity import hazard_childhood_adversity, probability, probability_need
from agents.service import lift, log_odds_held, logistic
from experiments.published.inputs import NONE
from simulation.context import Surroundings
from simulation.inputs import Tables
from simulation.scenario import Scenario

PLACE = "sandwell"
"""The authority of the published illustration."""
KINDS = ("prevention", "sufficiency", "tip_alignment", "supply")
"""Levers that the flow model has; the published model has no others."""
Values = Mapping[str, Any]


class Line(NamedTuple):
    """A row of the flow: a service as a whole, or one unit of it."""

    label: str
    service: str
    level: int
    share: float
    prefix: str  # of the names of its own levels and deprivation
    supported_by: str


class Plan(NamedTuple):
    """Which rows flow where: what does not depend on inputs that are fitted."""

    entries: list[Line]
    steps: list[Line]
    up_from_entry: Any  # (E, U) weights
    up_from_step: Any  # (U, U) weights
    lands: Any  # (K, U, K) 1 where a child of a place, passed by its entry to a step, then is
    there: Any  # (K, U) whether a child of a place is in the step's service already


class Chances(NamedTuple):
    """What a year's children meet: each (..., E) or (..., U)."""

    need: Any
    new: Any
    entry_held: Any
    entry_supported: Any
    step_held: Any
    step_supported: Any
    acceptance: Any
    harm: Any  # (..., 1)


class Law(NamedTuple):
    """One year's law of movement."""

    moves: Any  # (..., E, K, K) chance of being there after the year
    harmed: Any  # (..., E, K, K) chance of being there and harmed by being passed up
    entry_outcomes: Any  # (..., E, K, 4)
    step_outcomes: Any  # (..., E, K, 4)


def lines(tables: Tables, detail: Collection[str] | None = None) -> list[Line]:
    """List the rows of the flow; a service in detail is replaced by its units.

    Parameters
    ----------
    detail : services to take in detail, or None for those whose row says so
    """
    rows = tables.rows["flow_services"]
    chosen = {row.service for row in rows if row.detail == "detail"} if detail is None else set(detail)
    units: dict[str, list[Any]] = {}
    for unit in tables.rows["flow_units"]:
        units.setdefault(unit.service, []).append(unit)
    found = []
    for row in rows:
        if row.service in chosen:
            found += [
                Line(
                    unit.unit,
                    row.service,
                    row.level,
                    unit.share,
                    f"flow_units.{row.service}.{unit.unit}",
                    row.supported_by,
                )
                for unit in units[row.service]
            ]
        else:
            name = f"flow_services.{row.service}"
            found.append(Line(row.service, row.service, row.level, 1.0, name, row.supported_by))
    return found


def plan_flow(tables: Tables, detail: Collection[str] | None = None) -> Plan:
    """Lay out entries, steps in order of level, and the pathways between them."""
    role = {row.service: row.role for row in tables.rows["flow_services"]}
    every = lines(tables, detail)
    entries = [line for line in every if role[line.service] == "entry"]
    steps = sorted((line for line in every if role[line.service] == "step"), key=lambda line: line.level)
    weight = {(row.service, row.to): row.weight for row in tables.rows["flow_pathways"]}

    def weights(origins: list[Line]) -> Any:
        return np.array([[weight.get((a.service, b.service), 0.0) * b.share for b in steps] for a in origins])

    lands = np.zeros((len(steps) + 1, len(steps), len(steps) + 1))
    for place in range(len(steps) + 1):
        level = steps[place - 1].level if place else -1
        for number, step in enumerate(steps):
            lands[place, number, number + 1 if step.level > level else place] = 1.0
    within = [None, *(step.service for step in steps)]
    there = np.array([[service == step.service for step in steps] for service in within])
    return Plan(entries, steps, weights(entries), weights(steps), lands, there)


def chances(tables: Tables, values: Values, plan: Plan, scenario: Scenario, year: int) -> Chances:
    """Work out a year's chances by the rules of the children, levers applied.

    Parameters
    ----------
    values : every number by name; a fitted one may be an array (..., 1) of sets
    """
    s = Surroundings(tables, values, scenario)
    calendar = int(values["flow_numbers.first_year.value"]) + year
    prevented = 1.0
    for lever in s.levers("prevention", PLACE):
        prevented *= 1.0 - lever.apply(0.0, calendar)
    entry = holding(s, plan.entries, input_of(values, "hold_log_odds_entry"), calendar)
    step = holding(s, plan.steps, input_of(values, "hold_log_odds_step"), calendar)
    gradient: Any = np.array([values[f"{line.prefix}.deprivation_ratio"] for line in plan.entries])
    ratio = np.array([values[f"flow_services.{line.service}.new_cats_ratio"] for line in plan.entries])
    without = -np.log1p(-input_of(values, "share_affected"))
    hazard = hazard_childhood_adversity(input_of(values, "new_cats") * ratio, gradient, 1.0, 1.0, 1.0, prevented)
    accepted = [
        each(partial(moved_supply, s, line.service, calendar))(input_of(values, "acceptance")) for line in plan.steps
    ]
    return Chances(
        need=each(probability_need)(without * gradient, 0.0, 0.0, 0.0, 0.0),
        new=each(probability)(hazard),
        entry_held=entry[0],
        entry_supported=entry[1],
        step_held=step[0],
        step_supported=step[1],
        acceptance=np.concatenate(accepted, axis=-1),
        harm=input_of(values, "harm"),
    )


def moved_supply(s: Surroundings, service: str, calendar: int, acceptance: float) -> float:
    """Move the share that a service takes in by the levers on its supply, up to 1."""
    return min(1.0, s.moved("supply", PLACE, acceptance, calendar, service))


def each(rule: Any) -> Any:
    """Apply a scalar rule of the children to every element of arrays."""
    return np.vectorize(rule, otypes=[float])


def input_of(values: Values, name: str) -> Any:
    """Read a reconstructed input: (..., 1), so that it spreads over entries or steps."""
    return np.atleast_1d(values[f"flow_numbers.{name}.value"])


def holding(s: Surroundings, which: list[Line], baseline: Any, calendar: int) -> tuple[Any, Any]:
    """Give the chances that each row holds a child in need alone, and with support.

    Returns
    -------
    two (..., rows) arrays
    """
    lifted = levels_lift(s, which, calendar)
    helped = levels_lift(s, [support_line(line) for line in which], calendar)
    reach = np.array([reached(s, line.supported_by, calendar) for line in which])
    log_odds = log_odds_held(baseline, lifted, 1.0, 0.0, 0.0, 0.0)
    held = each(logistic)(log_odds)
    support = np.maximum(0.0, input_of(s.values, "support_lift") + helped)
    return held, reach * (each(logistic)(log_odds + support) - held)


def support_line(line: Line) -> Line:
    """Give the row of what supports a row; where nothing does, its own, which then counts for nothing."""
    if line.supported_by == NONE:
        return line
    return line._replace(service=line.supported_by, prefix=f"flow_services.{line.supported_by}")


def reached(s: Surroundings, support: str, calendar: int) -> float:
    """Give the chance that a support reaches a child: its Sufficiency; 0 without any."""
    if support == NONE:
        return 0.0
    return s.moved("sufficiency", PLACE, s.values[f"flow_services.{support}.sufficiency"], calendar, support)


def levels_lift(s: Surroundings, which: list[Line], calendar: int) -> Any:
    """Give what Sufficiency and TIP alignment above their references add to the log-odds of holding."""

    def gap(kind: str, column: str, reference: str) -> Any:
        levels = [s.moved(kind, PLACE, s.values[f"{line.prefix}.{column}"], calendar, line.service) for line in which]
        return np.array(levels) - s.values[f"flow_numbers.{reference}.value"]

    return lift(
        input_of(s.values, "f_sufficiency"),
        input_of(s.values, "f_tip"),
        gap("sufficiency", "sufficiency", "sufficiency_reference"),
        gap("tip_alignment", "tip_alignment", "tip_reference"),
    )


def law(plan: Plan, c: Chances) -> Law:
    """Work out where a child is after a year, and whether being passed up harmed it.

    The entry and the step try independently. A step that passes a child up decides where it goes; the worse of the two
    outcomes decides whether harm can come of it: with no service from either, none does.
    """
    places = np.arange(len(plan.steps) + 1)
    accepted = np.where(plan.there, 1.0, c.acceptance[..., None, :])
    not_held = (1.0 - c.entry_held - c.entry_supported)[..., :, None, None]
    sent = not_held * plan.up_from_entry[:, None, :] * accepted[..., None, :, :]
    entry_none = not_held[..., 0] - sent.sum(axis=-1)
    step_not_held = 1.0 - c.step_held - c.step_supported
    passed = np.zeros_like(sent[..., :1, :, :])
    passed[..., 0, 1:, :] = step_not_held[..., :, None] * plan.up_from_step * accepted[..., 1:, :]
    step_none = np.zeros_like(passed[..., 0])
    step_none[..., 1:] = step_not_held[..., None, :] - passed[..., 1:, :].sum(axis=-1)
    not_passed = 1.0 - passed.sum(axis=-1)
    by_entry = np.einsum("...eku,kuj->...ekj", sent, plan.lands)
    stays = np.eye(len(places)) * (1.0 - sent.sum(axis=-1))[..., :, :, None]
    moves = (by_entry + stays) * not_passed[..., None]
    harmed = by_entry * (not_passed - step_none)[..., None]
    moves[..., 1:] += passed
    harmed[..., 1:] += passed * (1.0 - entry_none)[..., None]
    need = c.need[..., :, None, None]
    return Law(
        moves=need * moves + (1.0 - need) * np.eye(len(places)),
        harmed=need * harmed * c.harm[..., None, None],
        entry_outcomes=need * outcomes(c.entry_held, c.entry_supported, entry_none, len(places)),
        step_outcomes=need * step_shares(c, step_none),
    )


def outcomes(held: Any, supported: Any, none: Any, places: int) -> Any:
    """Set held, held with support, escalated and no service of the entries side by side: (..., E, K, 4)."""
    wide = [np.repeat(part[..., :, None], places, axis=-1) for part in (held, supported)]
    return np.stack([*wide, 1.0 - wide[0] - wide[1] - none, none], axis=-1)


def step_shares(c: Chances, none: Any) -> Any:
    """Set the outcomes of the steps side by side: (..., 1, K, 4), nothing in place 0."""
    held, supported = (np.concatenate([np.zeros_like(p[..., :1]), p], axis=-1) for p in (c.step_held, c.step_supported))
    present = (np.arange(held.shape[-1]) > 0).astype(float)
    return np.stack([held, supported, present - held - supported - none[..., 0, :], none[..., 0, :]], -1)[
        ..., None, :, :
    ]
