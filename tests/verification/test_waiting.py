"""Waiting times and traces against closed forms: geometric waiting, and the power of a matrix."""

import math
from typing import Any

import numpy as np
import pytest
from chance import binomial_agrees
from worlds import alike, equal_risks, immortal, never_ill, with_fields, with_scalars, without_adversity

from agents.names import ADULT
from simulation.build import service_names
from simulation.cohort import run
from simulation.context import Surroundings, year_context
from simulation.inputs import Tables
from simulation.population import cohort
from simulation.scenario import Scenario
from simulation.world import ROUTE, World

SIZE = 40_000
NEED, HOLD, LEAVES, STAYS_OUT = 0.5, 0.6, 0.2, 0.6
ACCEPTED = {"severe_absence": 0.55, "not_in_education": 0.3, "family_support": 0.45}
ACCEPTED |= {"child_in_need": 0.8, "foster_care": 0.35}


@pytest.fixture(scope="module")
def many(tables: Tables, values: dict[str, float], key: tuple[int, int, int]) -> Any:
    """Draw children who differ in nothing but chance."""
    return alike(cohort(tables, values, ["sandwell"], SIZE, key))


@pytest.mark.slow
def test_v06_onset_with_constant_hazard_waits_geometrically(today: Surroundings, world: World, many: Any) -> None:
    """V06: of those still well, each year's share with onset is 1 - exp(-0.07).

    False alarms 1e-6 for each of 30 years. With 40,000 at risk in the first year (5,250 in the last), 99%
    power for a yearly probability off by 0.009 (0.025).
    """
    plain = never_ill(immortal(equal_risks(world), until=30))
    plain.incidence[3] = 0.07
    book = run(today, plain._replace(remission=np.zeros_like(plain.remission)), many).ledger
    onsets = book.onsets.sum(axis=1)[:30, 3]
    at_risk = SIZE - np.cumsum(onsets) + onsets
    assert binomial_agrees(onsets, at_risk, -math.expm1(-0.07))
    assert book.onsets.sum() == book.onsets[:, :, 3].sum()


def test_v06_death_with_constant_hazard_waits_geometrically(today: Surroundings, world: World, many: Any) -> None:
    """V06: of those alive, each year's share of deaths is 1 - exp(-0.05), and days are uniform within it.

    False alarms 1e-6 for each of 30 years; 99% power for a yearly probability off by 0.008 at the start.
    """
    plain = never_ill(immortal(equal_risks(world), until=30))
    mortality = np.maximum(plain.mortality, 0.05)
    life = run(today, plain._replace(mortality=mortality), many)
    alive, deaths = life.ledger.alive.sum(axis=1)[:30], life.ledger.deaths.sum(axis=1)[:30]
    assert binomial_agrees(deaths, alive, -math.expm1(-0.05))
    died = life.children["died"][life.children["died"] < 30 * 365]
    tenths = np.bincount(died % 365 * 10 // 365, minlength=10)
    days = np.bincount(np.arange(365) * 10 // 365) / 365
    assert binomial_agrees(tenths, len(died), days)


@pytest.mark.slow
def test_v06_remission_with_constant_hazard_waits_geometrically(today: Surroundings, world: World, many: Any) -> None:
    """V06: everybody falls ill in the first year; of those still ill, a yearly share of 1 - exp(-0.1) remits.

    False alarms 1e-6 for each of 20 years; 99% power for a yearly probability off by 0.011 at the start.
    """
    plain = never_ill(immortal(equal_risks(world), until=30))
    plain.incidence[5, :, 0] = 1e9
    ill: list[int] = []
    run(
        today,
        plain._replace(remission=np.full_like(plain.remission, 0.1)),
        many,
        watch=lambda year, records: ill.append(int((records["conditions"] >> 5 & 1).sum())),
    )
    assert ill[0] == SIZE
    assert binomial_agrees(-np.diff(ill[:21]), ill[:20], -math.expm1(-0.1))


def chain_world(tables: Tables, world: World, ways: dict[tuple[str, int], str], exits: dict[str, float]) -> World:
    """Simplify a world to a chain: constant need and holding, no supports, one way out of each service.

    Parameters
    ----------
    ways : destination by service and move (0 escalate, 1 step down)
    exits : yearly rate of exit by service; none elsewhere
    """
    names = service_names(tables)
    first, routes = np.zeros((len(names), 3), np.int64), []
    for number, name in enumerate(names):
        for move in (0, 1):
            first[number, move] = len(routes)
            if (name, move) in ways:
                routes.append((0, 17, names.index(ways[name, move]), 0, 1.0))
        first[number, 2] = len(routes)
    # The array keeps its size: machine code is made for one.
    padded = np.zeros_like(world.routes)
    padded[: len(routes)] = np.array(routes, ROUTE)
    rates = [exits.get(name, 0.0) for name in names]
    services = with_fields(
        world.services,
        hold_log_odds=math.log(HOLD / (1 - HOLD)),
        exit_rate_first_year=rates,
        exit_rate_later=rates,
        placement_move_rate=0.0,
    )
    plain = never_ill(immortal(equal_risks(without_adversity(world)), until=ADULT))._replace(
        services=services,
        route_first=first,
        routes=padded,
        support_first=np.zeros_like(world.support_first),
        need=with_fields(world.need, without_adversity=-math.log(1 - NEED), per_unresolved=0.0),
        need_gradient=np.ones(10),
        events=with_fields(world.events, log_odds=-1e9),
    )
    return with_scalars(
        plain,
        hold_per_load=0.0,
        hold_per_resilience=0.0,
        leaves_school=LEAVES,
        out_of_school_stays_out=STAYS_OUT,
    )


@pytest.fixture
def chain_surroundings(tables: Tables, values: dict[str, float]) -> Surroundings:
    """Accept as the chains say; the lift of Sufficiency and of TIP alignment is off."""
    accepted = {f"services.{name}.acceptance": share for name, share in ACCEPTED.items()}
    off = {"tip_effect": 0.0, "factor_sufficiency_effect": 0.0}
    return Surroundings(tables, values | accepted | off, Scenario.today())


def trace(steps: list[Any], start: list[float]) -> Any:
    """Multiply a distribution through the transition matrices of each year."""
    reached, here = [], np.array(start)
    for step in steps:
        here = here @ step
        reached.append(here)
    return np.array(reached)


def test_v07_education_trace_is_the_power_of_its_matrix(
    tables: Tables, chain_surroundings: Surroundings, world: World, many: Any
) -> None:
    """V07: in the system or out of it, over 18 years, up and down.

    Each year n = 0.5 are in need and 1 - q = 0.4 of them are not held. In school: not held and accepted (a)
    into absence; or not accepted, and leaving with probability l (up to 14: absence ends at 15). Out of
    school: whoever is not passed on (1 - n (1 - q)) returns with probability 1 - exp(-rate). At 16 a share of
    those out stays out, in another service, before the year's own moves.
    False alarms 1e-6 for each of 18 years; 99% power for a share off by 0.018.
    """
    ways = {
        ("primary_school", 0): "severe_absence",
        ("secondary_school", 0): "severe_absence",
        ("severe_absence", 1): "secondary_school",
        ("post_16", 0): "not_in_education",
        ("not_in_education", 1): "post_16",
    }
    exits = {"severe_absence": 0.9, "not_in_education": 0.4}
    plain = chain_world(tables, world, ways, exits)
    lost = NEED * (1 - HOLD)

    def step(out: float, back: float) -> Any:
        return np.array([[1 - out, out], [back, 1 - back]])

    def returns(rate: float) -> float:
        return (1 - lost) * -math.expm1(-rate)

    a, late = ACCEPTED["severe_absence"], ACCEPTED["not_in_education"]
    school, last = step(lost * (a + (1 - a) * LEAVES), returns(0.9)), step(lost * a, returns(0.9))
    older = step(lost * late, returns(0.4))
    sixteen = step(0.0, 1 - STAYS_OUT) @ older
    expected = trace([np.eye(2)] * 5 + [school] * 10 + [last, sixteen, older], [1.0, 0.0])
    stock = run(chain_surroundings, plain, many).ledger.stock.sum(axis=1)
    out = stock[:, [service_names(tables).index(name) for name in exits]].sum(axis=1)
    assert binomial_agrees(out, SIZE, expected[:, 1])
    assert expected[17, 1] > 0.1


def test_v07_support_trace_is_the_power_of_its_matrix(
    tables: Tables, chain_surroundings: Surroundings, world: World, many: Any
) -> None:
    """V07: up the tiers without exits: none, early help, social care, looked after.

    Each year the service that has the child (without support, the school) fails n (1 - q) = 0.2 of the
    time and the next tier accepts a share. A school's failure moves nobody who has support: early help is below.
    False alarms 1e-6 for each of 18 x 4 cells; 99% power for a share off by 0.018.
    """
    schools = ("early_years", "primary_school", "secondary_school", "post_16")
    ways = {(school, 0): "family_support" for school in schools}
    ways |= {("family_support", 0): "child_in_need", ("child_in_need", 0): "foster_care"}
    ways |= {("foster_care", 0): "foster_care"}
    plain = with_scalars(chain_world(tables, world, ways, {}), leaves_school=0.0)
    step = np.eye(4)
    tiers = ("family_support", "child_in_need", "foster_care")
    for number, name in enumerate(tiers):
        up = NEED * (1 - HOLD) * ACCEPTED[name]
        step[number, number : number + 2] = 1 - up, up
    expected = trace([step] * 18, [1.0, 0.0, 0.0, 0.0])
    stock = run(chain_surroundings, plain, many).ledger.stock.sum(axis=1)
    found = stock[:, [service_names(tables).index(name) for name in tiers]]
    assert binomial_agrees(found, SIZE, expected[:, 1:])
    assert binomial_agrees(SIZE - found.sum(axis=1), SIZE, expected[:, 0])
    assert np.allclose(trace([np.linalg.matrix_power(step, 18)], [1.0, 0, 0, 0])[0], expected[17])


def test_v07_chain_context_is_the_written_one(chain_surroundings: Surroundings, world: World) -> None:
    """V07: the simplified surroundings lift nothing, so that holding is the chain's constant."""
    assert not year_context(chain_surroundings, world, 0, None).lift.any()
