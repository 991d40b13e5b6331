"""What a year books of children built by hand: harm by passing on, instability, and moves of school.

Everything that could happen is either certain or impossible, so that every count is exact: no test here has a
limit of chance.
"""

import numpy as np
import pytest
from certain import SIZE, Numbered, aged, doors, flows, leaving, needed, on_ways, quiet_world, told
from worlds import one_year, with_fields, with_scalars

from agents.names import NONE, Entry, Ever, Flow, Outcome
from simulation.build import service_names
from simulation.context import Surroundings
from simulation.inputs import Tables
from simulation.ledger import LINES
from simulation.world import World


@pytest.fixture(scope="module")
def number(tables: Tables) -> Numbered:
    """Find the number of a service."""
    return service_names(tables).index


@pytest.fixture(scope="module")
def open_doors(tables: Tables, values: dict[str, float]) -> Surroundings:
    """Let every service accept whoever asks."""
    return doors(tables, values, 1.0)


@pytest.fixture(scope="module")
def closed_doors(tables: Tables, values: dict[str, float]) -> Surroundings:
    """Let no service accept anybody."""
    return doors(tables, values, 0.0)


@pytest.fixture(scope="module")
def quiet(tables: Tables, values: dict[str, float], key: tuple[int, int, int]) -> World:
    """Build a world in which nothing happens."""
    return quiet_world(tables, values, key)


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


def test_placement_moves_rise_by_their_ratio_where_a_child_is_not_held(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered
) -> None:
    """A rate next to nothing and a ratio without bounds: every child not held moves, no child held does."""
    world = on_ways(tables, needed(quiet), {("foster_care", 0): "foster_care", ("primary_school", 0): "camhs"})
    world = with_scalars(
        world._replace(services=with_fields(world.services, placement_move_rate=1e-9)), placement_ratio_not_held=1e12
    )
    begun = aged(tables, 7, number("primary_school"), support=number("foster_care"), since=0, open_since=0)
    for log_odds, moved in ((-1e9, 1), (1e9, 0)):
        tried = world._replace(services=with_fields(world.services, hold_log_odds=log_odds))
        children, book = one_year(open_doors, tried, begun, 7)
        assert (children["moved"] == moved).all()
        assert (Flow.PLACEMENT_MOVES in flows(book, 7)) == moved


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
    world = with_scalars(on_ways(tables, needed(quiet), {}), leaves_school=1.0)
    children, book = one_year(closed_doors, world, aged(tables, 12, number("secondary_school")), 12)
    assert (children["education"] == number("severe_absence")).all()
    assert flows(book, 12) == {Flow.UNMET_NEED: SIZE}
    assert not (children["ever"] >> Ever.EXCLUDED & 1).any()
