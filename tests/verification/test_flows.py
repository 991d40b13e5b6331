"""What a year books of children built by hand: harm, referrals, plans, care, school, justice, entry costs.

Everything that could happen is either certain or impossible, so that every count is exact: no test here has a
limit of chance.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from worlds import equal_risks, immortal, never_ill, one_year, with_fields, with_scalars

from agents.child import NEVER
from agents.names import ADULT, DAYS, NONE, Entry, Ever, Flow, Outcome
from simulation.build import build, service_names
from simulation.context import Surroundings
from simulation.inputs import Tables
from simulation.ledger import LINES, Ledger
from simulation.population import cohort
from simulation.scenario import Scenario, Switches
from simulation.world import ROUTE, World

SIZE = 60
CERTAIN = 1e6
PRICES = {"family_support": 31_000, "camhs": 17_000, "severe_absence": 7_000, "assessment": 700}
Ways = dict[tuple[str, int], str]
Numbered = Callable[[str], int]


@pytest.fixture(scope="module")
def number(tables: Tables) -> Numbered:
    """Find the number of a service."""
    return service_names(tables).index


@pytest.fixture(scope="module")
def open_doors(tables: Tables, values: dict[str, float]) -> Surroundings:
    """Let every service accept whoever asks."""
    accepted = {f"services.{name}.acceptance": 1.0 for name in service_names(tables)}
    return Surroundings(tables, values | accepted, Scenario.today())


@pytest.fixture(scope="module")
def closed_doors(tables: Tables, values: dict[str, float]) -> Surroundings:
    """Let no service accept anybody."""
    accepted = {f"services.{name}.acceptance": 0.0 for name in service_names(tables)}
    return Surroundings(tables, values | accepted, Scenario.today())


@pytest.fixture(scope="module")
def quiet(tables: Tables, values: dict[str, float], key: tuple[int, int, int]) -> World:
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
                routes.append((0, 17, names.index(ways[name, move]), 1.0))
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


# Harm and instability


@pytest.mark.parametrize("from_school", [True, False])
def test_every_escalation_harms_once_where_harm_is_certain(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered, from_school: bool
) -> None:
    """With harm at 1 each child passed on has exactly one event of service-caused harm, by the service that fails."""
    ways = {("primary_school", 0): "camhs"} if from_school else {("family_support", 0): "camhs"}
    failing = number("primary_school") if from_school else number("family_support")
    world = on_ways(tables, needed(quiet), ways)
    harm = world.services["harm"].copy()
    harm[failing] = 1.0
    held = world.services["hold_log_odds"].copy()
    held[:] = 1e9
    held[failing] = -1e9
    world = world._replace(services=with_fields(world.services, harm=harm, hold_log_odds=held))
    support = NONE if from_school else number("family_support")
    children, book = one_year(
        open_doors, world, aged(tables, 7, number("primary_school"), support=support, since=0), 7, room=LINES
    )
    assert (children["outcome"] == Outcome.ESCALATED).all()
    assert (children["escalations"] == 1).all()
    assert (children["cats"] == 1).all()
    assert (children["unresolved"] == 1).all()
    assert (children["types"] == 1 << world.service_harm).all()
    assert (children["severity"] == world.adversities[world.service_harm]["severity"]).all()
    assert book.cats[7].sum(axis=0)[world.service_harm] == book.cats.sum() == SIZE
    assert sorted(told(book, Entry.CHILDHOOD_ADVERSITY)["child"]) == sorted(children["id"])


def test_no_harm_without_an_escalation(
    tables: Tables, closed_doors: Surroundings, quiet: World, number: Numbered
) -> None:
    """Where no service takes the child there is unmet need, booked once, and no harm by passing on."""
    world = on_ways(tables, needed(quiet), {("primary_school", 0): "camhs"})
    world = world._replace(services=with_fields(world.services, harm=1.0))
    children, book = one_year(closed_doors, world, aged(tables, 7, number("primary_school")), 7)
    assert (children["outcome"] == Outcome.NO_SERVICE).all()
    assert (children["years_unmet"] == 1).all()
    assert not children["cats"].any()
    assert not children["escalations"].any()
    assert flows(book, 7) == {Flow.UNMET_NEED: SIZE}


@pytest.mark.parametrize("escalated", [False, True])
def test_one_placement_move_brings_instability_once(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered, escalated: bool
) -> None:
    """Each placement move is at most one adversity, also in a year in which the child is passed on."""
    ways = {("foster_care", 0): "foster_care", ("primary_school", 0): "camhs"}
    world = on_ways(tables, needed(quiet) if escalated else quiet, ways)
    services = with_fields(world.services, placement_move_rate=0.9)
    world = with_scalars(world._replace(services=services), instability_of_move=1.0, placement_ratio_not_held=1.0)
    begun = aged(tables, 7, number("primary_school"), support=number("foster_care"), since=0, open_since=0)
    children, book = one_year(open_doors, world, begun, 7, room=LINES)
    moves = np.bincount(np.searchsorted(children["id"], told(book, Entry.PLACEMENT_MOVE)["child"]), minlength=SIZE)
    assert 0 < (moves == 0).sum() < SIZE
    assert (moves > 1).any()
    assert (children["cats"] == moves).all()
    assert (children["placements"] == 1 + moves).all()
    assert (children["moved"] == (moves > 0)).all()
    assert flows(book, 7)[Flow.PLACEMENT_MOVES] == moves.sum() == book.cats[7].sum(axis=0)[world.instability]
    three = int((children["placements"] >= 3).sum())
    assert 0 < three < SIZE
    assert flows(book, 7)[Flow.THREE_OR_MORE_PLACEMENTS] == three


def test_a_change_of_home_and_one_of_school_bring_instability_once_each(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered
) -> None:
    """A child passed on by its carers to a children's home is unsettled once; one passed on by its school, once."""
    world = with_scalars(needed(quiet), instability_of_move=1.0)
    home = on_ways(tables, world, {("foster_care", 0): "childrens_home", ("primary_school", 0): "camhs"})
    begun = aged(tables, 7, number("primary_school"), support=number("foster_care"), since=0, open_since=0)
    children, book = one_year(open_doors, home, begun, 7)
    assert (children["support"] == number("childrens_home")).all()
    assert book.cats[7].sum(axis=0)[world.instability] == SIZE == children["cats"].sum()
    school = on_ways(tables, world, {("primary_school", 0): "special_school"})
    children, book = one_year(open_doors, school, aged(tables, 7, number("primary_school")), 7)
    assert (children["education"] == number("special_school")).all()
    assert book.cats[7].sum(axis=0)[world.instability] == SIZE == children["cats"].sum()


# School


def test_returns_to_school_are_counted_once(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered
) -> None:
    """A child out of school who comes back within the year, or at a change of phase, is one return."""
    out = aged(tables, 7, number("severe_absence"))
    back = leaving(on_ways(tables, quiet, {("severe_absence", 1): "primary_school"}), number("severe_absence"))
    children, book = one_year(open_doors, back, out, 7)
    assert (children["education"] == number("primary_school")).all()
    assert flows(book, 7) == {Flow.RETURNS_TO_SCHOOL: SIZE}
    children, book = one_year(open_doors, quiet, out, 16)
    assert (children["education"] == number("post_16")).all()
    assert flows(book, 16) == {Flow.RETURNS_TO_SCHOOL: SIZE}
    children, book = one_year(open_doors, with_scalars(quiet, out_of_school_stays_out=1.0), out, 16)
    assert (children["education"] == number("not_in_education")).all()
    assert flows(book, 16) == {}
    children, book = one_year(open_doors, quiet, aged(tables, 11, number("primary_school")), 11)
    assert (children["education"] == number("secondary_school")).all()
    assert flows(book, 11) == {}


def test_a_permanent_exclusion_is_counted_once(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered
) -> None:
    """Leaving school by a setting that excludes counts; from there to another such setting, while out, does not."""
    ways = {("secondary_school", 0): "excluded_not_placed", ("excluded_not_placed", 1): "alternative_provision"}
    world = on_ways(tables, needed(quiet), ways)
    children, book = one_year(open_doors, world, aged(tables, 12, number("secondary_school")), 12)
    assert (children["education"] == number("excluded_not_placed")).all()
    assert (children["ever"] >> Ever.EXCLUDED & 1).all()
    assert (children["ever"] >> Ever.OUT_OF_SCHOOL & 1).all()
    assert flows(book, 12) == {Flow.PERMANENT_EXCLUSIONS: SIZE}
    placed = leaving(on_ways(tables, quiet, ways), number("excluded_not_placed"))
    after, book = one_year(open_doors, placed, children, 13)
    assert (after["education"] == number("alternative_provision")).all()
    assert flows(book, 13) == {}


def test_absence_is_no_exclusion(tables: Tables, closed_doors: Surroundings, quiet: World, number: Numbered) -> None:
    """A child that no service takes may stay away from school: out of it, not excluded, and nothing returns it."""
    world = with_scalars(needed(quiet), leaves_school=1.0)
    children, book = one_year(closed_doors, world, aged(tables, 12, number("secondary_school")), 12)
    assert (children["education"] == number("severe_absence")).all()
    assert flows(book, 12) == {Flow.UNMET_NEED: SIZE}
    assert not (children["ever"] >> Ever.EXCLUDED & 1).any()
