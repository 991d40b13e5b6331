"""Levers have the effect that their meaning promises, child by child, between exact twins."""

from typing import Any

import numpy as np
import pytest
from worlds import harmless_services, one_year, scenario, with_scalars

from agents.names import ADULT, Outcome
from simulation.build import service_names
from simulation.cohort import run
from simulation.context import Surroundings, year_context
from simulation.inputs import Tables
from simulation.population import cohort
from simulation.scenario import Lever
from simulation.world import World

Values = dict[str, float]


@pytest.fixture(scope="module")
def without_feedback(world: World) -> World:
    """Take a world in which services act back on no hazard."""
    return with_scalars(harmless_services(world), unserved_ratio=1.0, exposed_ratio=1.0)


PREVENTION = {
    "little": Lever(kind="prevention", add=0.02),
    "much": Lever(kind="prevention", add=0.6),
    "in school years": Lever(kind="prevention", add=0.3, ages=(5, 11)),
    "later": Lever(kind="prevention", add=0.3, start=2030, ramp=4),
    "a programme": Lever(kind="intervention", name="triple_p", coverage=0.8),
}


@pytest.mark.parametrize("lever", PREVENTION.values(), ids=PREVENTION)
def test_m04_more_prevention_means_more_events_for_no_child(
    tables: Tables, values: Values, without_feedback: World, sandwell: Any, lever: Lever
) -> None:
    """M04: with service feedback off, no twin has more CATs of any type, or an event of a type it had not. Exact."""
    today, improved = (
        run(Surroundings(tables, values, each), without_feedback, sandwell) for each in (scenario(), scenario(lever))
    )
    assert (improved.children["cats"] <= today.children["cats"]).all()
    assert (improved.children["aces"] <= today.children["aces"]).all()
    assert not (improved.children["types"] & ~today.children["types"]).any()
    assert improved.children["cats"].sum() < today.children["cats"].sum()


def test_m04_full_prevention_prevents_all(tables: Tables, values: Values, world: World, sandwell: Any) -> None:
    """M04: prevention of 100% leaves only what services themselves do. Exact."""
    all_of_it = Surroundings(tables, values, scenario(Lever(kind="prevention", add=1.0)))
    book = run(all_of_it, world, sandwell).ledger
    by_services = np.zeros(book.cats.shape[2], bool)
    by_services[[world.instability, world.service_harm]] = True
    assert not book.cats[:, :, ~by_services].any()
    assert book.cats[:, :, by_services].any()


@pytest.fixture(scope="module")
def states(tables: Tables, values: Values, key: tuple[int, int, int], today: Surroundings, world: World) -> list[Any]:
    """Keep the state of 8,000 children at every birthday of childhood."""
    children = cohort(tables, values, ["sandwell"], 8_000, key)
    kept: list[Any] = [children]
    run(today, world, children, watch=lambda year, records: kept.append(records.copy()) if year < ADULT else None)
    return kept


def used_services(tables: Tables) -> list[str]:
    """List the services that a child can be in need in, or be supported by."""
    return [row.service for row in tables.rows["services"] if row.tier != "out_of_system"]


@pytest.mark.parametrize("year", [2, 8, 13, 16])
def test_m05_more_sufficiency_unholds_nobody(
    tables: Tables, values: Values, today: Surroundings, world: World, states: list[Any], year: int
) -> None:
    """M05: from one state, more Sufficiency in any one service, or in all: whoever was held is held. Exact."""
    before, counted = one_year(today, world, states[year], year)
    held = before["outcome"] <= Outcome.HELD_WITH_SUPPORT
    gains = 0
    for services in (*((name,) for name in used_services(tables)), None):
        better = Surroundings(tables, values, scenario(Lever(kind="sufficiency", add=0.35, services=services)))
        after, recounted = one_year(better, world, states[year], year)
        assert (after["outcome"][held] <= Outcome.HELD_WITH_SUPPORT).all(), services
        assert ((after["outcome"] == Outcome.NO_NEED) == (before["outcome"] == Outcome.NO_NEED)).all()
        now, then = (book.outcomes[year, :, :, :2].sum(axis=-1) for book in (recounted, counted))
        assert (now >= then).all(), services
        gains += (now - then).sum()
    assert gains > 0


def test_m13_without_tip_effect_alignment_is_irrelevant(
    tables: Tables, values: Values, world: World, sandwell: Any
) -> None:
    """M13: tau = 0: full TIP alignment everywhere changes no life: holding, support and healing alike. Bit for bit."""
    none = values | {"tip_effect": 0.0}
    aligned = scenario(Lever(kind="tip_alignment", add=0.6))
    before, after = (run(Surroundings(tables, none, each), world, sandwell) for each in (scenario(), aligned))
    assert after.children.tobytes() == before.children.tobytes()
    assert all(a.tobytes() == b.tobytes() for a, b in zip(after.ledger, before.ledger, strict=True))


def test_m13_with_a_tip_effect_alignment_holds_and_heals_more(
    tables: Tables, values: Values, world: World, sandwell: Any
) -> None:
    """M13: with an effect, the same lever moves holding and healing upwards in every service. Exact."""
    some = values | {"tip_effect": 0.3}
    aligned = scenario(Lever(kind="tip_alignment", add=0.6))
    before, after = (year_context(Surroundings(tables, some, each), world, 0, None) for each in (scenario(), aligned))
    assert (after.lift > before.lift).all()
    assert (after.tip_healing > before.tip_healing).all()
    assert (after.reach == before.reach).all()


def test_m16_no_lever_reaches_a_place_it_does_not_name(
    tables: Tables, values: Values, today: Surroundings, world: World, sandwell: Any, lived: Any
) -> None:
    """M16: levers of Dudley leave Sandwell's children as they are. Bit for bit."""
    elsewhere = tuple(
        Lever(kind=kind, add=0.3, authorities=("dudley",))
        for kind in ("prevention", "sufficiency", "tip_alignment", "supply", "recovery", "placement_stability")
    )
    after = run(Surroundings(tables, values, scenario(*elsewhere)), world, sandwell)
    assert after.children.tobytes() == lived.life.children.tobytes()


def test_m08_a_later_start_leaves_what_came_before(
    tables: Tables, values: Values, world: World, sandwell: Any, lived: Any
) -> None:
    """M08: a policy that begins in the sixth year leaves the first five as they were, and not the rest. Bit for bit."""
    first = int(values["first_year"])
    late = scenario(Lever(kind="prevention", add=0.5, start=first + 5))
    years: list[Any] = []
    run(
        Surroundings(tables, values, late),
        world,
        sandwell,
        watch=lambda year, records: years.append(records.copy()) if year < 7 else None,
    )
    for year in range(5):
        assert years[year].tobytes() == lived.years[year].tobytes()
    assert years[5].tobytes() != lived.years[5].tobytes()


def test_m05_every_service_is_tried(tables: Tables) -> None:
    """M05: the services tried are all but those out of the system. Exact."""
    assert set(used_services(tables)) < set(service_names(tables))
