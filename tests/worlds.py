"""Worlds simple enough to have closed-form answers: parts of the model's own world, each put at its null."""

from typing import Any, NamedTuple

import numpy as np

from agents.child import MILLION
from agents.names import AGES
from simulation.build import build
from simulation.cohort import Life, shape_of
from simulation.compiled import CompiledEngine
from simulation.context import Surroundings, year_context
from simulation.frailty import Values
from simulation.inputs import Tables
from simulation.ledger import Ledger, empty_ledger
from simulation.scenario import Lever, Scenario, Switches
from simulation.world import Scalars, World


class Lived(NamedTuple):
    """A run, and the records after each of its years."""

    life: Life
    years: list[Any]


def with_scalars(world: World, **numbers: float) -> World:
    """Set single numbers of a world."""
    return world._replace(p=Scalars(**(world.p._asdict() | numbers)))


def with_fields(part: Any, **columns: Any) -> Any:
    """Copy a structured array and set some of its columns."""
    copy = part.copy()
    for name, value in columns.items():
        copy[name] = value
    return copy


def immortal(world: World, until: int = AGES - 1) -> World:
    """Let nobody die before an age, at which all do."""
    mortality = np.zeros_like(world.mortality)
    mortality[:, until] = 1e9
    return world._replace(mortality=mortality)


def never_ill(world: World) -> World:
    """Let no condition begin."""
    return world._replace(incidence=np.zeros_like(world.incidence))


def equal_risks(world: World) -> World:
    """Put every relative risk of illness and death at 1."""
    return world._replace(
        log_ratio=np.zeros_like(world.log_ratio),
        moderated=np.zeros_like(world.moderated),
        ratio_ceiling=np.ones_like(world.ratio_ceiling),
        log_ratio_death=np.zeros_like(world.log_ratio_death),
        ratio_ceiling_death=np.ones_like(world.ratio_ceiling_death),
        child_death_ratio=np.ones_like(world.child_death_ratio),
    )


def harmless_services(world: World) -> World:
    """Let services do no harm and moves bring no instability."""
    return with_scalars(world._replace(services=with_fields(world.services, harm=0.0)), instability_of_move=0.0)


def without_adversity(world: World) -> World:
    """Take the same people, with no adversity."""
    return with_scalars(world, adversity=0.0)


def alike(children: Any) -> Any:
    """Give every child mean frailty, one decile, one group and its own family."""
    return with_fields(children, frailty=MILLION, decile=4, ethnic_group=0)


def scenario(*levers: Lever, **switches: bool) -> Scenario:
    """Name a scenario of some levers and switches."""
    return Scenario(name="tested", levers=levers, switches=Switches(**switches))


def grown_up(tables: Tables, values: Values, world: World) -> World:
    """Follow young and adult life in a world; no reference depends on it."""
    on = build(tables, values, Switches(adult_life=True), world.key)
    return with_scalars(world, adult_life=1.0)._replace(events=on.events, agency=on.agency)


def one_year(s: Surroundings, world: World, children: Any, year: int, room: int = 0) -> tuple[Any, Ledger]:
    """Let children of any age live a single year of a run without feedback.

    Returns
    -------
    records after the year, and the ledger
    """
    engine = CompiledEngine(children.copy(), world, empty_ledger(shape_of(s), room))
    engine.live(year_context(s, world, year, None), year, year + 1)
    return engine.records(), engine.ledger()
