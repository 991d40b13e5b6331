"""Churn, exactly: what ends, what comes back, and after how long; children built by hand, everything certain."""

from typing import Any

import numpy as np
import pytest
from certain import CERTAIN, SIZE, Numbered, aged, doors, flows, leaving, needed, on_ways, quiet_world
from worlds import Lived, one_year, with_scalars

from agents.child import NEVER
from agents.names import ADULT, DAYS, NONE, Ever, Flow, Tier
from simulation.build import build, service_names
from simulation.cohort import run
from simulation.context import Surroundings
from simulation.inputs import Tables
from simulation.scenario import Switches
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
def quiet(tables: Tables, values: dict[str, float], key: tuple[int, int, int]) -> World:
    """Build a world in which nothing happens."""
    return quiet_world(tables, values, key)


@pytest.mark.parametrize(
    ("placement", "to", "home"),
    [
        ("foster_care", None, True),
        ("foster_care", "child_in_need", True),
        ("kinship_care", "placed_with_parents", True),
        ("childrens_home", "foster_care", False),
        ("placed_with_parents", None, False),
        ("semi_independent", None, False),
    ],
)
def test_a_reunification_is_a_way_home_from_a_placement_away(
    tables: Tables,
    open_doors: Surroundings,
    quiet: World,
    number: Numbered,
    placement: str,
    to: str | None,
    home: bool,
) -> None:
    """Out of care, or placed with parents, is a way home; between placements, from parents or on alone is none."""
    away = leaving(on_ways(tables, quiet, {(placement, 1): to} if to else {}), number(placement))
    begun = aged(tables, 16, number("post_16"), support=number(placement), since=0, open_since=0)
    _, book = one_year(open_doors, away, begun, 16)
    assert flows(book, 16).get(Flow.REUNIFICATIONS, 0) == SIZE * home
    assert flows(book, 16).get(Flow.STEPPED_DOWN, 0) == SIZE * (to is not None)


@pytest.mark.parametrize("before", [False, True])
def test_a_return_to_care_is_care_begun_again(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered, before: bool
) -> None:
    """Who has been looked after before and starts again returns; a first start is no return."""
    ways = {("child_in_need", 0): "foster_care", ("primary_school", 0): "camhs"}
    ever = 1 << Ever.LOOKED_AFTER if before else 0
    begun = aged(tables, 7, number("primary_school"), support=number("child_in_need"), since=0, open_since=0, ever=ever)
    _, book = one_year(open_doors, on_ways(tables, needed(quiet), ways), begun, 7)
    returned = {Flow.RETURNS_TO_CARE: SIZE} if before else {}
    assert flows(book, 7) == {Flow.LOOKED_AFTER_STARTED: SIZE, **returned}


@pytest.mark.parametrize(
    ("days_at_home", "first_year", "later", "back"),
    [
        (100, CERTAIN, 0.0, True),
        (365, CERTAIN, 0.0, False),
        (365, 0.1, CERTAIN, True),
        (5 * 365, 1e-12, CERTAIN, True),
        (5 * 365 + 1, 1e-12, CERTAIN, False),
        (100, 0.0, 0.0, False),
    ],
)
def test_who_went_home_may_go_straight_back_into_care(
    tables: Tables,
    open_doors: Surroundings,
    quiet: World,
    number: Numbered,
    days_at_home: int,
    first_year: float,
    later: float,
    back: bool,
) -> None:
    """At one rate in the first year at home and another to the fifth: referred, in need, and back in care that day."""
    world = on_ways(tables, quiet, {("child_protection_plan", 0): "foster_care"})
    world = with_scalars(world, return_to_care_first_year=first_year, return_to_care_later=later)
    ever, home = 1 << Ever.LOOKED_AFTER, 7 * DAYS - days_at_home
    begun = aged(tables, 7, number("primary_school"), ever=ever, went_home=home, referred=home)
    children, book = one_year(open_doors, world, begun, 7)
    again = {Flow.REREFERRALS: SIZE} if days_at_home <= DAYS else {}
    taken = (Flow.REFERRALS, Flow.IN_NEED_STARTED, Flow.LOOKED_AFTER_STARTED, Flow.RETURNS_TO_CARE)
    assert flows(book, 7) == (dict.fromkeys(taken, SIZE) | again if back else {})
    assert (children["support"] == (number("foster_care") if back else NONE)).all()


def test_who_never_went_home_or_is_in_care_does_not_go_back(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered
) -> None:
    """Without a way home there is no way back; a child in care stays where it is."""
    world = on_ways(tables, quiet, {("child_protection_plan", 0): "foster_care"})
    world = with_scalars(world, return_to_care_first_year=CERTAIN, return_to_care_later=CERTAIN)
    assert flows(one_year(open_doors, world, aged(tables, 7, number("primary_school")), 7)[1], 7) == {}
    placed = {"support": number("kinship_care"), "since": 0, "open_since": 0, "went_home": 7 * DAYS - 9}
    children, book = one_year(open_doors, world, aged(tables, 7, number("primary_school"), **placed), 7)
    assert flows(book, 7) == {}
    assert (children["support"] == number("kinship_care")).all()


def test_a_way_home_is_remembered_and_ends_at_18(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered
) -> None:
    """The day on which care ends for home is kept; leaving semi-independent living is no way home; 18 ends it."""
    for placement, kept in (("foster_care", 16 * DAYS), ("semi_independent", NEVER)):
        away = leaving(on_ways(tables, quiet, {}), number(placement))
        begun = aged(tables, 16, number("post_16"), support=number(placement), since=0, open_since=0)
        children, _ = one_year(open_doors, away, begun, 16)
        assert (children["went_home"] == kept).all()
    children, _ = one_year(open_doors, quiet, aged(tables, 18, number("post_16"), went_home=0), 18)
    assert (children["went_home"] == NEVER).all()


def test_the_switch_sets_the_rates_of_return(tables: Tables, values: dict[str, float], key: Any) -> None:
    """Off, which is the default, both rates are 0; on, they are the tables'."""
    names = ("return_to_care_first_year", "return_to_care_later")
    off, on = (build(tables, values, switches, key).p for switches in (Switches(), Switches(return_to_care=True)))
    assert [getattr(off, name) for name in names] == [0.0, 0.0]
    assert [getattr(on, name) for name in names] == [values[name] for name in names]


def test_e01_both_engines_return_the_same_children_to_care(today: Surroundings, world: World, sandwell: Any) -> None:
    """E01: with returns on, 40 children of hard lives have the same records and flows in both engines. Exact."""
    hard = sandwell[:40].copy()
    hard["frailty"] *= 5
    back = with_scalars(world, return_to_care_first_year=1.0, return_to_care_later=0.5)
    lives = [run(today, back, hard, engine, years=ADULT) for engine in ("mesa", "compiled")]
    assert (lives[0].children == lives[1].children).all()
    assert (lives[0].ledger.flows == lives[1].ledger.flows).all()
    assert lives[0].ledger.flows[..., Flow.RETURNS_TO_CARE].sum() > 0


@pytest.mark.parametrize(("days_ago", "within"), [(0, True), (730, True), (731, False)])
def test_a_second_plan_within_two_years_counts_as_such(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered, days_ago: int, within: bool
) -> None:
    """A later plan counts within two years where it begins at most 730 days after the last one ended."""
    ways = {("child_in_need", 0): "child_protection_plan", ("primary_school", 0): "camhs"}
    world = on_ways(tables, needed(quiet), ways)
    begun = aged(tables, 7, number("primary_school"), support=number("child_in_need"), since=0, open_since=0, plans=1)
    first, _ = one_year(open_doors, world, begun, 7)
    begun["plan_ended"] = first["since"] - days_ago
    _, book = one_year(open_doors, world, begun, 7)
    expected = {Flow.PLANS_STARTED: SIZE, Flow.REPEAT_PLANS: SIZE}
    assert flows(book, 7) == expected | ({Flow.REPEAT_PLANS_WITHIN_2_YEARS: SIZE} if within else {})


@pytest.mark.parametrize(("days", "band"), [(89, 0), (90, 1), (365, 3), (729, 3), (730, 4)])
def test_endings_are_counted_by_the_length_of_the_spell(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered, days: int, band: int
) -> None:
    """A case and a plan that end on the year's first day are in the published band of their length so far."""
    end = 7 * DAYS
    world = leaving(on_ways(tables, quiet, {}), number("child_protection_plan"))
    begun = aged(
        tables,
        7,
        number("primary_school"),
        support=number("child_protection_plan"),
        since=end - days,
        open_since=end - days,
        plans=1,
    )
    children, book = one_year(open_doors, world, begun, 7)
    for name in ("ended_in_need", "ended_plans"):
        found = getattr(book, name)
        assert found[7].sum(axis=0).tolist() == [SIZE * (k == band) for k in range(5)]
        assert found.sum() == SIZE
    assert (children["plan_ended"] == end).all()
    assert (begun["plan_ended"] == NEVER).all()


def test_returns_to_school_are_counted_by_the_setting_returned_from(
    tables: Tables, open_doors: Surroundings, quiet: World, number: Numbered
) -> None:
    """A child returns as from the setting that it was in; the flow counts those out of school alone, as before."""
    for name in ("severe_absence", "missing_education", "elective_home_education", "alternative_provision"):
        back = leaving(on_ways(tables, quiet, {(name, 1): "primary_school"}), number(name))
        _, book = one_year(open_doors, back, aged(tables, 7, number(name)), 7)
        assert book.returned[7].sum(axis=0)[number(name)] == SIZE == book.returned.sum()
        out = quiet.services["tier"][number(name)] == Tier.OUT_OF_SYSTEM
        assert flows(book, 7) == ({Flow.RETURNS_TO_SCHOOL: SIZE} if out else {})
    _, book = one_year(open_doors, quiet, aged(tables, 16, number("severe_absence")), 16)
    assert book.returned[16].sum(axis=0)[number("severe_absence")] == SIZE == book.returned.sum()


def test_parts_of_a_flow_never_exceed_it(lived: Lived, world: World) -> None:
    """Returns to care are among starts, plans within two years among repeat plans, ways out of school sum up."""
    book = lived.life.ledger
    found = book.flows
    assert found[..., Flow.RETURNS_TO_CARE].sum() > 0
    assert (found[..., Flow.RETURNS_TO_CARE] <= found[..., Flow.LOOKED_AFTER_STARTED]).all()
    assert (found[..., Flow.REPEAT_PLANS_WITHIN_2_YEARS] <= found[..., Flow.REPEAT_PLANS]).all()
    assert (book.ended_in_need.sum(axis=-1) == found[..., Flow.IN_NEED_ENDED]).all()
    plans = np.cumsum(found[..., Flow.PLANS_STARTED] - book.ended_plans.sum(axis=-1), axis=0)
    assert (plans >= book.open_plans.sum(axis=-1)).all(), "open plans are those begun and not ended, less who died"
    out = world.services["tier"] == Tier.OUT_OF_SYSTEM
    assert (book.returned[..., out].sum(axis=-1) == found[..., Flow.RETURNS_TO_SCHOOL]).all()
