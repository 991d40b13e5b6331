"""Years of children built by hand, in worlds where everything is certain or impossible: every count is exact."""

from collections.abc import Callable
from typing import Any

import numpy as np
from worlds import equal_risks, immortal, never_ill, with_fields, with_scalars

from agents.names import ADULT, Entry, Flow
from simulation.build import build, service_names
from simulation.context import Surroundings
from simulation.inputs import Tables
from simulation.ledger import Ledger
from simulation.population import cohort
from simulation.scenario import Scenario, Switches
from simulation.world import ROUTE, World

SIZE = 60
"""Children built by hand; they are alike but for who they are."""
CERTAIN = 1e6
"""Yearly rate of what happens on the first day."""
Ways = dict[tuple[str, int], str]
Numbered = Callable[[str], int]


def doors(tables: Tables, values: dict[str, float], accepted: float) -> Surroundings:
    """Let every service accept the same share of those who ask."""
    shares = {f"services.{name}.acceptance": accepted for name in service_names(tables)}
    return Surroundings(tables, values | shares, Scenario.today())


def quiet_world(tables: Tables, values: dict[str, float], key: tuple[int, int, int]) -> World:
    """Build a world in which nothing happens: no adversity, need, exit, move, harm, event, illness or death."""
    world = never_ill(immortal(equal_risks(build(tables, values, Switches(), key)), until=ADULT))
    plain = world._replace(
        hazard=np.zeros_like(world.hazard),
        need=with_fields(world.need, without_adversity=0.0, per_unresolved=0.0),
        services=with_fields(
            world.services, exit_rate_first_year=0.0, exit_rate_later=0.0, placement_move_rate=0.0, harm=0.0
        ),
        support_first=np.zeros_like(world.support_first),
        events=with_fields(world.events, log_odds=-1e9),
    )
    off = {"instability_of_move": 0.0, "leaves_school": 0.0, "rereferral_rate": 0.0, "out_of_school_stays_out": 0.0}
    return with_scalars(plain, heal_child=-1e9, **off)


def needed(world: World) -> World:
    """Let every child be in need, and no service hold it."""
    return world._replace(
        need=with_fields(world.need, without_adversity=1e9),
        need_gradient=np.ones(10),
        services=with_fields(world.services, hold_log_odds=-1e9),
    )


def leaving(world: World, *services: int, later: bool = True) -> World:
    """Let spells in some services end at once (or, not later, only in their first year)."""
    copy = world.services.copy()
    copy["exit_rate_first_year"][list(services)] = CERTAIN
    copy["exit_rate_later"][list(services)] = CERTAIN if later else 0.0
    return world._replace(services=copy)


def on_ways(tables: Tables, world: World, ways: Ways) -> World:
    """Lead every pathway where it is told to; 0 is up and 1 is down. The array keeps its size."""
    names = service_names(tables)
    first, routes = np.zeros((len(names), 3), np.int64), []
    for row, name in enumerate(names):
        for move in (0, 1):
            first[row, move] = len(routes)
            if (name, move) in ways:
                routes.append((0, 17, names.index(ways[name, move]), 0, 1.0))
        first[row, 2] = len(routes)
    padded = np.zeros_like(world.routes)
    padded[: len(routes)] = np.array(routes, ROUTE) if routes else padded[:0]
    return world._replace(route_first=first, routes=padded)


def aged(tables: Tables, age: int, education: int, **fields: Any) -> Any:
    """Build children of an age by hand, in a setting; ages are years of the run."""
    children = cohort(tables, tables.values(), ["sandwell"], SIZE, (1, 0, 0))
    children["birth_year"] = 0
    children["education"] = education
    assert 0 <= age <= ADULT
    return with_fields(children, **fields)


def told(book: Ledger, entry: Entry) -> Any:
    """Give the journal's lines of one kind."""
    lines = book.journal[: book.lines[0]]
    return lines[lines["entry"] == entry]


def flows(book: Ledger, year: int) -> dict[Flow, int]:
    """Sum a year's flows over places; those that are 0 are left out, and so are the children counted."""
    found = book.flows[year].sum(axis=0)
    return {flow: int(found[flow]) for flow in Flow if found[flow] and flow != Flow.CHILDREN_AT_31_MARCH}
