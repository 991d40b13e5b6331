"""What goes in comes out: children, events and outcomes are conserved, every year of a run."""

from typing import Any

import numpy as np
from worlds import Lived, immortal

from agents.child import CHILD, NEVER
from agents.names import ADULT, DAYS, NONE, Channel, Flow, Outcome, Tier
from simulation.cohort import run
from simulation.context import Surroundings
from simulation.inputs import Tables
from simulation.population import cohort
from simulation.world import World


def living(records: Any, year: int) -> Any:
    """Take those whom the year's phases reached: alive at its start."""
    return records[(records["died"] == NEVER) | (records["died"] >= year * DAYS)]


def test_v10_outcomes_sum_to_children_in_need(lived: Lived) -> None:
    """V10: held, with support, escalated, no service sum to those in need: each service, each year. Exact."""
    book = lived.life.ledger
    assert (book.outcomes.sum(axis=3) == book.in_need).all()
    assert (book.in_need.sum(axis=(0, 1)) > 0).sum() >= 15
    assert (book.outcomes.sum(axis=(0, 1, 2)) > 0).all()


def test_v10_outcomes_of_records_are_those_of_the_ledger(lived: Lived) -> None:
    """V10: unmet need and escalations in the records are those that the ledger and the years counted. Exact."""
    book, end = lived.life.ledger, lived.life.children
    seen = [living(records, year)["outcome"] for year, records in enumerate(lived.years[:ADULT])]
    assert end["years_unmet"].sum() == sum((each == Outcome.NO_SERVICE).sum() for each in seen)
    assert end["years_unmet"].sum() == book.flows[:, :, Flow.UNMET_NEED].sum()
    assert end["escalations"].sum() == sum((each == Outcome.ESCALATED).sum() for each in seen)


def test_v11_births_less_deaths_are_the_living(lived: Lived, sandwell: Any) -> None:
    """V11: births less deaths so far are those alive, each year, in ledger and records alike; all die. Exact."""
    book = lived.life.ledger
    alive, deaths = book.alive.sum(axis=1), book.deaths.sum(axis=1)
    assert alive[0] == len(sandwell)
    assert (alive[1:] == len(sandwell) - np.cumsum(deaths)[:-1]).all()
    assert deaths.sum() == len(sandwell)
    for year, records in enumerate(lived.years):
        assert (records["id"] == sandwell["id"]).all()
        assert (records["died"] == NEVER).sum() == alive[year] - deaths[year]
        assert len(living(records, year)) == alive[year]


def test_v11_each_child_is_in_one_setting_within_its_ages(lived: Lived, world: World) -> None:
    """V11: one education setting, one support or none, specialists by their bits, all within their ages. Exact."""
    services = world.services
    special = services[services["channel"] == Channel.SPECIALIST]
    for age, records in enumerate(lived.years[:ADULT]):
        here = living(records, age)
        school, helped = services[here["education"]], here["support"] != NONE
        helper = services[here["support"][helped]]
        assert (school["channel"] == Channel.EDUCATION).all()
        assert (helper["channel"] == Channel.SUPPORT).all()
        assert ((school["age_from"] <= age) & (age <= school["age_to"])).all()
        assert ((helper["age_from"] <= age) & (age <= helper["age_to"])).all()
        assert not (here["specialists"] & ~np.uint16((1 << special["bit"]).sum())).any()
        for row in special:
            # Whoever outgrew a specialist service leaves it during the year that follows.
            inside = row["age_from"] <= age <= row["age_to"]
            assert inside or not (here["specialists"] >> row["bit"] & 1).any()


def test_v11_no_service_has_children_beyond_its_ages(
    tables: Tables, values: dict[str, float], key: tuple[int, int, int], today: Surroundings, world: World
) -> None:
    """V11: over 40,000 children, no service has a child in need, or at 31 March, outside its ages. Exact.

    Which children are where is chance: a service that keeps one child in 10,000 too long would be caught with 98%
    power.
    """
    children = cohort(tables, values, ["sandwell"], 40_000, key)
    book = run(today, immortal(world, until=ADULT), children).ledger
    ages = np.arange(ADULT)[:, None]
    within = (world.services["age_from"] <= ages) & (ages <= world.services["age_to"])
    seen = book.in_need.sum(axis=1) + book.stock.sum(axis=1) + book.entries.sum(axis=1)
    assert not seen[~within].any(), np.argwhere(seen * ~within)


def test_v11_stocks_count_each_child_once(lived: Lived, world: World) -> None:
    """V11: at 31 March each child alive is in one education setting; tiers sum to children. Exact."""
    book = lived.life.ledger
    education = world.services["channel"] == Channel.EDUCATION
    assert (book.stock[:, :, education].sum(axis=2) == book.flows[:, :, Flow.CHILDREN_AT_31_MARCH]).all()
    assert (book.children.sum(axis=1) == book.flows[:, :, Flow.CHILDREN_AT_31_MARCH].sum(axis=1)).all()
    for year, records in enumerate(lived.years[:ADULT]):
        here = records[records["died"] == NEVER]
        settings = np.bincount(here["education"], minlength=len(world.services))
        supports = np.bincount(here["support"][here["support"] != NONE], minlength=len(world.services))
        support = world.services["channel"] == Channel.SUPPORT
        assert (book.stock[year].sum(axis=0)[education] == settings[education]).all()
        assert (book.stock[year].sum(axis=0)[support] == supports[support]).all()


def test_v11_adults_are_in_no_childrens_service(lived: Lived) -> None:
    """V11: from 18 nobody is in a children's service. Exact."""
    for year in range(ADULT, len(lived.years)):
        here = living(lived.years[year], year)
        assert (here["education"] == NONE).all()
        assert (here["support"] == NONE).all()
        assert not here["specialists"].any()


def test_v11_open_cases_are_children_of_social_care(lived: Lived, world: World) -> None:
    """V11: open cases are those whose support is social care or care, and know since when. Exact."""
    tiers = (Tier.SOCIAL_CARE, Tier.LOOKED_AFTER)
    for year, records in enumerate(lived.years[:ADULT]):
        here = records[(records["died"] == NEVER) & (records["support"] != NONE)]
        opened = here[np.isin(world.services["tier"][here["support"]], tiers)]
        assert lived.life.ledger.open_in_need[year].sum() == len(opened)
        assert (opened["open_since"] != NEVER).all()
        assert (opened["open_since"] <= opened["since"]).all()
        assert (opened["since"] < (year + 1) * DAYS).all()
        plans = lived.life.ledger.open_plans[year].sum()
        assert plans == (opened["support"] == world.plan).sum()


def test_v11_flows_are_the_change_of_stocks(lived: Lived, world: World) -> None:
    """V11: cases started less ended less those who died or turned 18 are the cases open. Exact."""
    flows, opened = lived.life.ledger.flows.sum(axis=1), lived.life.ledger.open_in_need.sum(axis=(1, 2))
    was = 0
    for year, records in enumerate(lived.years[:ADULT]):
        dead = records[(records["died"] >= year * DAYS) & (records["open_since"] != NEVER)]
        started, ended = flows[year, Flow.IN_NEED_STARTED], flows[year, Flow.IN_NEED_ENDED]
        assert opened[year] == was + started - ended - len(dead)
        was = opened[year]


def test_v12_events_of_the_ledger_are_those_of_the_records(lived: Lived) -> None:
    """V12: CATs and AATs counted each year are the rise of those in the records; healed alike. Exact."""
    book, before = lived.life.ledger, np.zeros(len(lived.life.children), CHILD)
    for year, records in enumerate(lived.years):
        cats, aats, healed = (
            records[name].sum(dtype=int) - before[name].sum(dtype=int) for name in ("cats", "aats", "healed")
        )
        assert cats == (book.cats[year].sum() if year < ADULT else 0)
        assert aats == book.aats[year].sum()
        assert healed == book.healed[year].sum()
        before = records
    assert book.aats[ADULT:].sum() > 0
    assert book.aats[:ADULT].sum() == 0


def test_v12_unresolved_are_those_arisen_less_those_healed(lived: Lived) -> None:
    """V12: unresolved = CATs + AATs - healed, never negative; their severity is 0 with them. Every year, exact."""
    for year, records in enumerate(lived.years):
        arisen = records["cats"].astype(int) + records["aats"]
        assert (records["unresolved"] == arisen - records["healed"].astype(int)).all()
        assert (arisen >= records["healed"]).all()
        assert (records["severity"][records["unresolved"] == 0] == 0).all()
        if year < ADULT:
            here = records[records["died"] == NEVER]
            assert here["unresolved"].sum() == lived.life.ledger.unresolved[year].sum()


def test_v12_types_and_ace_counts_agree(lived: Lived, world: World) -> None:
    """V12: the ACE count is the surveyed types ever experienced, at most the CATs. Exact."""
    for records in lived.years[:ADULT]:
        surveyed = np.flatnonzero(world.adversities["surveyed"])
        count = sum((records["types"] >> kind & 1).astype(int) for kind in surveyed)
        assert (records["aces"] == count).all()
        assert (records["aces"] <= records["cats"]).all()
        assert not (records["recent"] & ~records["types"]).any()
