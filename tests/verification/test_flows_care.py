"""What a year books of children built by hand: referrals, plans, care and its end, justice, and what entries cost.

Everything that could happen is either certain or impossible, so that every count is exact: no test here has a
limit of chance.
"""

import numpy as np
import pytest
from certain import SIZE, Numbered, aged, doors, flows, leaving, needed, on_ways, quiet_world, told
from worlds import one_year, with_fields, with_scalars

from agents.child import NEVER
from agents.names import DAYS, NONE, Entry, Ever, Flow
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


# Referrals


@pytest.mark.parametrize(("days_ago", "again"), [(None, 0), (1, SIZE), (365, SIZE), (366, 0), (700, 0)])
def test_a_rereferral_is_one_within_twelve_months(
    tables: Tables, closed_doors: Surroundings, quiet: World, number: Numbered, days_ago: int | None, again: int
) -> None:
    """A referral counts, and counts as repeated if the last referral or closure was at most 365 days before it."""
    world = on_ways(tables, needed(quiet), {("primary_school", 0): "assessment"})
    begun = aged(tables, 7, number("primary_school"))
    _, book = one_year(closed_doors, world, begun, 7, room=LINES)
    referral = told(book, Entry.REFERRAL)
    assert (referral["child"] == begun["id"]).all()
    begun["referred"] = NEVER if days_ago is None else referral["day"] - days_ago
    children, book = one_year(closed_doors, world, begun, 7)
    expected = {Flow.REFERRALS: SIZE, Flow.REREFERRALS: again, Flow.ASSESSED_NOT_IN_NEED: SIZE, Flow.UNMET_NEED: SIZE}
    assert flows(book, 7) == {flow: count for flow, count in expected.items() if count}
    assert (children["referred"] == referral["day"]).all()
    assert (children["ever"] >> Ever.REFERRED & 1).all()
    assert not (children["ever"] >> Ever.ASSESSED_IN_NEED & 1).any()


def test_a_referral_that_is_accepted_opens_a_case_once(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered
) -> None:
    """Assessed in need: referred, opened, and nothing else; while the case is open the school refers nobody again."""
    ways = {("primary_school", 0): "assessment", ("assessment", 0): "child_in_need"}
    world = on_ways(tables, needed(quiet), ways)
    children, book = one_year(open_doors, world, aged(tables, 7, number("primary_school")), 7)
    assert flows(book, 7) == {Flow.REFERRALS: SIZE, Flow.IN_NEED_STARTED: SIZE}
    assert (children["support"] == number("child_in_need")).all()
    assert (children["open_since"] == children["since"]).all()
    assert (children["ever"] >> Ever.ASSESSED_IN_NEED & 1).all()
    assert not (children["ever"] >> Ever.IN_NEED_BY_5 & 1).any()
    held = with_fields(world.services, hold_log_odds=1e9)
    held["hold_log_odds"][number("primary_school")] = -1e9
    _, book = one_year(open_doors, world._replace(services=held), children, 8)
    assert flows(book, 8) == {}


def test_a_case_that_closes_is_referred_again_within_its_twelve_months(
    tables: Tables, closed_doors: Surroundings, quiet: World, number: Numbered
) -> None:
    """After a closure nothing is referred unless its rate says so; then each is a repeated one."""
    away = leaving(on_ways(tables, quiet, {}), number("child_in_need"))
    begun = aged(tables, 7, number("primary_school"), support=number("child_in_need"), since=0, open_since=0)
    children, book = one_year(closed_doors, away, begun, 7)
    assert flows(book, 7) == {Flow.IN_NEED_ENDED: SIZE}
    assert (children["support"] == NONE).all()
    assert (children["open_since"] == NEVER).all()
    assert (children["referred"] == 7 * DAYS).all()
    _, book = one_year(closed_doors, with_scalars(away, rereferral_rate=0.7), begun, 7, room=LINES)
    found = flows(book, 7)
    assert 0 < found[Flow.REREFERRALS] == found[Flow.REFERRALS] == len(told(book, Entry.REFERRAL))
    assert found[Flow.ASSESSED_NOT_IN_NEED] == found[Flow.REFERRALS]


# Plans and care


@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_second_plan_is_a_repeat_plan(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered, before: int
) -> None:
    """A child's first plan is started; a later one is started and a repeat."""
    world = on_ways(tables, needed(quiet), {("child_in_need", 0): "child_protection_plan"})
    begun = aged(
        tables, 7, number("primary_school"), support=number("child_in_need"), since=0, open_since=0, plans=before
    )
    children, book = one_year(open_doors, world, begun, 7)
    assert (children["support"] == world.plan).all()
    assert (children["plans"] == before + 1).all()
    assert (children["open_since"] == 0).all(), "the case stays open"
    repeat = {Flow.REPEAT_PLANS: SIZE} if before else {}
    # No pathway leads on from the school: its children are not taken in.
    assert flows(book, 7) == {Flow.PLANS_STARTED: SIZE, **repeat, Flow.UNMET_NEED: SIZE}


def test_care_begins_once_and_a_move_within_it_is_no_beginning(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered
) -> None:
    """From a plan into foster care a child starts to be looked after; from there to a home it does not."""
    first = on_ways(
        tables, needed(quiet), {("child_protection_plan", 0): "foster_care", ("primary_school", 0): "camhs"}
    )
    begun = aged(tables, 7, number("primary_school"), support=first.plan, since=0, open_since=0, plans=1)
    children, book = one_year(open_doors, first, begun, 7)
    assert flows(book, 7) == {Flow.LOOKED_AFTER_STARTED: SIZE}
    assert (children["ever"] >> Ever.LOOKED_AFTER & 1).all()
    assert (children["placements"] == 1).all()
    second = on_ways(tables, needed(quiet), {("foster_care", 0): "childrens_home", ("primary_school", 0): "camhs"})
    children, book = one_year(open_doors, second, children, 8)
    assert (children["support"] == number("childrens_home")).all()
    assert (children["placements"] == 2).all()
    assert not {Flow.LOOKED_AFTER_STARTED, Flow.LOOKED_AFTER_CEASED} & flows(book, 8).keys()


@pytest.mark.parametrize(("to", "closed"), [(None, True), ("child_in_need", False)])
def test_care_ends_once_and_the_case_with_it_unless_stepped_down(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered, to: str | None, closed: bool
) -> None:
    """Out of care a child ceases to be looked after; its case ends too, or stays open as a child in need."""
    ways = {("foster_care", 1): to} if to else {}
    world = leaving(on_ways(tables, quiet, ways), number("foster_care"))
    begun = aged(tables, 7, number("primary_school"), support=number("foster_care"), since=0, open_since=0)
    children, book = one_year(open_doors, world, begun, 7)
    ended = {Flow.IN_NEED_ENDED: SIZE} if closed else {Flow.STEPPED_DOWN: SIZE}
    assert flows(book, 7) == {Flow.LOOKED_AFTER_CEASED: SIZE, Flow.REUNIFICATIONS: SIZE, **ended}
    assert (children["support"] == (number(to) if to else NONE)).all()
    assert (children["open_since"] == (NEVER if closed else 0)).all()


@pytest.mark.parametrize(("service", "leaves"), [("foster_care", True), ("child_in_need", False), (None, False)])
def test_who_is_in_care_at_18_leaves_it(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered, service: str | None, leaves: bool
) -> None:
    """On the 18th birthday care ends: marked and told for those in it, for nobody else; every service is over."""
    support = {"support": number(service), "since": 0, "open_since": 0} if service else {}
    begun = aged(tables, 18, number("post_16"), specialists=3, **support)
    children, book = one_year(open_doors, quiet, begun, 18 - 1)
    assert not (children["ever"] >> Ever.LEFT_CARE_AT_18 & 1).any(), "not before"
    children, book = one_year(open_doors, quiet, children, 18, room=LINES)
    assert (children["ever"] >> Ever.LEFT_CARE_AT_18 & 1 == leaves).all()
    assert len(told(book, Entry.LEAVES_CARE)) == SIZE * leaves
    assert len(told(book, Entry.SPELL_ENDS)) == SIZE * (service is not None)
    for field, over in (("support", NONE), ("education", NONE), ("specialists", 0), ("open_since", NEVER)):
        assert (children[field] == over).all(), field


# Justice


def test_who_enters_youth_justice_is_counted_and_enters_its_service(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered
) -> None:
    """Where every event is certain, contact with justice alone makes an entrant, who enters its service."""
    world = quiet._replace(events=with_fields(quiet.events, log_odds=1e9))
    children, book = one_year(open_doors, world, aged(tables, 12, number("secondary_school")), 12)
    service = number("youth_justice")
    assert flows(book, 12) == {Flow.YOUTH_JUSTICE_ENTRANTS: SIZE}
    assert (children["specialists"] == 1 << quiet.services[service]["bit"]).all()
    assert book.entries[12].sum(axis=0)[service] == SIZE == book.entries[12].sum()
    _, book = one_year(open_doors, world, children, 13)
    assert flows(book, 13) == {}
    _, book = one_year(open_doors, world, aged(tables, 9, number("primary_school")), 9)
    assert flows(book, 9) == {}
    _, book = one_year(open_doors, quiet, aged(tables, 12, number("secondary_school")), 12)
    assert flows(book, 12) == {}


# What an entry costs


def entry_of(tables: Tables, world: World, service: str) -> World:
    """Let school pass all children on into a service on some day, at a price for entry alone."""
    number = service_names(tables).index
    prices = np.zeros_like(world.cost_entry)
    prices[:, number(service)] = 31_000
    led = on_ways(tables, needed(world), {("primary_school", 0): service, ("assessment", 0): "child_in_need"})
    return led._replace(cost_entry=prices, cost_day=np.zeros_like(world.cost_day))


@pytest.mark.parametrize("service", ["family_support", "camhs", "severe_absence", "assessment"])
def test_an_entry_is_booked_and_paid_once(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered, service: str
) -> None:
    """Support, specialist, setting and assessment: one entry, one price, on the child and in the ledger alike."""
    world = entry_of(tables, quiet, service)
    children, book = one_year(open_doors, world, aged(tables, 7, number("primary_school")), 7)
    assert (children["cost"] == 31_000).all()
    assert book.entries[7].sum(axis=0)[number(service)] == SIZE
    assert book.cost[7].sum() == 31_000 * SIZE


def test_a_stay_pays_no_second_entry(tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered) -> None:
    """Who is in a service already, and is sent to it again, pays nothing more to enter."""
    world = entry_of(tables, quiet, "family_support")
    begun = aged(tables, 7, number("primary_school"), support=number("family_support"), since=0)
    children, book = one_year(open_doors, world, begun, 7)
    assert not children["cost"].any()
    assert not book.entries[7].any()


def test_a_change_of_phase_is_an_entry_at_its_price(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered
) -> None:
    """Starting secondary school books one entry, and what an entry there costs."""
    prices = np.zeros_like(quiet.cost_entry)
    prices[:, number("secondary_school")] = 500
    world = quiet._replace(cost_entry=prices, cost_day=np.zeros_like(quiet.cost_day))
    children, book = one_year(open_doors, world, aged(tables, 11, number("primary_school")), 11)
    assert (children["cost"] == 500).all()
    assert book.entries[11].sum() == SIZE
    assert book.cost[11].sum() == 500 * SIZE
