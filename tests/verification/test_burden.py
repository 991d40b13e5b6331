"""Burden of disease against hand calculation: attributable fractions, years lost, years lived with disability."""

from typing import Any

import numpy as np
import pytest
from chance import binomial_agrees, mean_agrees
from worlds import equal_risks, harmless_services, immortal, never_ill, with_fields, with_scalars, without_adversity

from agents.child import MILLION
from agents.health import along
from agents.names import ADULT, DAYS
from simulation.cohort import Life, run
from simulation.context import Surroundings
from simulation.economics import discount_factors, present_years, years_lost
from simulation.inputs import Tables
from simulation.population import cohort
from simulation.world import World

CONDITION, RATE = 7, 0.1
ONSET, AGE = 30, 40


@pytest.mark.slow
def test_v21_attributable_fraction_is_the_share_of_cases_removed(
    tables: Tables, values: dict[str, float], key: tuple[int, int, int], today: Surroundings, world: World
) -> None:
    """V21: sum p (RR - 1) / (1 + sum p (RR - 1)) is the share of cases that goes with adversity in a paired run.

    One condition begins at one age; its risk is multiplicative, all others' are 1, and nobody dies before.
    Paired runs remove each case with probability 1 - 1 / RR. False alarm 1e-6; with 50,000 people 99%
    power for a fraction off by 0.04. No case is new without adversity: exact.
    """
    children = cohort(tables, values, ["england"], 50_000, key)
    plain = never_ill(immortal(equal_risks(world), until=ONSET))
    plain.incidence[CONDITION, :, ONSET] = RATE
    plain.log_ratio[CONDITION] = np.log(3.0) * np.minimum(np.arange(9), 4) / 4
    plain.ratio_ceiling[CONDITION] = 3.0
    plain = plain._replace(remission=np.zeros_like(plain.remission))
    cases, spared = (run(today, each, children).children for each in (plain, without_adversity(plain)))
    ill, still = (each["conditions"] >> CONDITION & 1 == 1 for each in (cases, spared))
    assert not (still & ~ill).any()
    seen, which = np.unique(cases["exposure"], return_inverse=True)
    ratio = np.exp([along(plain.log_ratio[CONDITION].tolist(), each / MILLION) for each in seen])[which]
    chance = -np.expm1(-RATE * ratio)
    relative = chance / -np.expm1(-RATE)
    fraction = (relative - 1).mean() / (1 + (relative - 1).mean())
    removed = ill.sum() - still.sum()
    gone = 1 - 1 / relative
    # Each case is removed or not: the sum of (removed - fraction) over cases has mean 0.
    square = chance * (gone * (1 - fraction) ** 2 + (1 - gone) * fraction**2)
    error = np.sqrt((square - (chance * (gone - fraction)) ** 2).sum())
    assert fraction > 0.1
    assert mean_agrees(removed, fraction * ill.sum(), error)
    assert 7.2 * error < 0.04 * ill.sum()
    assert binomial_agrees(still.sum(), len(still), -np.expm1(-RATE))


@pytest.fixture(scope="module")
def fated(world: World) -> World:
    """Take a world in which everybody falls ill at 30 with one disease and dies at 40."""
    plain = never_ill(immortal(equal_risks(world), until=AGE))
    plain.incidence[CONDITION, :, ONSET] = 1e9
    return plain._replace(remission=np.zeros_like(plain.remission))


def test_v22_years_of_life_lost_of_one_death(tables: Tables, today: Surroundings, fated: World, sandwell: Any) -> None:
    """V22: a death at 40 and a part loses the table's expectancy there, read between 40 and 41. To a millionth."""
    rest = {(row.sex, row.age): row.life_expectancy for row in tables.rows["life_table"]}
    for child in run(today, fated, sandwell[:20]).children:
        part = (int(child["died"]) - AGE * DAYS) / DAYS
        sex = ("male", "female")[child["sex"]]
        lost = rest[sex, AGE] * (1 - part) + rest[sex, AGE + 1] * part
        assert 0 <= part < 1
        assert child["yll"] / MILLION == pytest.approx(lost, abs=1.1e-6)


def test_v22_years_lost_to_the_published_fixed_ages(today: Surroundings, fated: World, sandwell: Any) -> None:
    """V22: counted to fixed ages, a death at 40 and a part loses 80 or 82 years less that. To a millionth."""
    for child in run(today, with_scalars(fated, published_yll=1.0), sandwell[:20]).children:
        age = int(child["died"]) / DAYS
        assert child["yll"] / MILLION == pytest.approx((80, 82)[child["sex"]] - age, abs=1.1e-6)


def test_v22_years_lived_with_disability_of_one_spell(
    values: dict[str, float], today: Surroundings, fated: World, sandwell: Any
) -> None:
    """V22: half a year's weight at onset, nine whole years, and the part of the last. To a millionth a year."""
    weight = float(fated.weights[CONDITION])
    assert weight > 0
    for child in run(today, fated, sandwell[:20]).children:
        part = (int(child["died"]) - AGE * DAYS) / DAYS
        assert child["yld"] / MILLION == pytest.approx(weight * (0.5 + 9 + part), abs=11e-6)


def test_v22_a_spell_that_remits_within_the_next_year(today: Surroundings, fated: World, sandwell: Any) -> None:
    """V22: onset in one year and remission in the next are half a year each. To a millionth a year."""
    brief = fated._replace(remission=np.full_like(fated.remission, 1e9))
    weight = float(fated.weights[CONDITION])
    for child in run(today, brief, sandwell[:20]).children:
        assert child["yld"] / MILLION == pytest.approx(weight, abs=2e-6)


def test_v22_two_diseases_never_lose_more_than_a_year(today: Surroundings, fated: World, sandwell: Any) -> None:
    """V22: weights a and b together are 1 - (1 - a)(1 - b). To a millionth a year."""
    both = fated._replace(incidence=fated.incidence.copy())
    both.incidence[5, :, ONSET] = 1e9
    a, b = float(fated.weights[CONDITION]), float(fated.weights[5])
    assert min(a, b) > 0
    for child in run(today, both, sandwell[:20]).children:
        part = (int(child["died"]) - AGE * DAYS) / DAYS
        assert child["yld"] / MILLION == pytest.approx((1 - (1 - a) * (1 - b)) * (9.5 + part), abs=11e-6)


def test_v22_dalys_are_years_lost_and_years_lived_with_disability(lived: Any, values: dict[str, float]) -> None:
    """V22: DALY = YLL + YLD: in the records, in the ledger and, undiscounted, in the sums. Exact."""
    life: Life = lived.life
    place = int(life.children["authority"][0])
    lost, ill = life.children["yll"].sum(dtype=int), life.children["yld"].sum(dtype=int)
    assert life.ledger.yll.sum() == lost
    assert life.ledger.yld.sum() == ill
    dalys = sum(years_lost(life.children, life.ledger, place, discount_factors(values, "none")))
    assert dalys == pytest.approx((lost + ill) / MILLION, rel=1e-12)


@pytest.mark.parametrize("rate", [0.0, 0.015, 0.035])
def test_v22_discounting_is_the_annuity_formula(values: dict[str, float], rate: float) -> None:
    """V22: n years from the first are worth (1 - v^n) / (1 - v); at a rate of 0, n. To rounding."""
    rates = {f"discount_rate_health_{span}": rate for span in ("to_30", "31_75", "after_75")}
    factors = discount_factors(values | rates, "health")
    v = 1 / (1 + rate)
    for years in (1, 40, 100):
        worth = years if rate == 0 else (1 - v**years) / (1 - v)
        assert present_years(0.0, float(years), factors) == pytest.approx(worth, rel=1e-12)
        later = present_years(7.0, float(years), factors)
        assert later == pytest.approx(worth * v**7, rel=1e-12)


def test_v33_need_without_adversity_is_attributed_to_nothing(today: Surroundings, world: World, sandwell: Any) -> None:
    """V33: where nothing adverse happens, need remains, and the run without adversity is the same. Bit for bit."""
    calm = harmless_services(world)._replace(
        hazard=np.zeros_like(world.hazard), adult_hazard=np.zeros_like(world.adult_hazard)
    )
    with_it, without_it = (run(today, each, sandwell) for each in (calm, without_adversity(calm)))
    assert with_it.ledger.in_need.sum() > 0
    assert with_it.children["cost"].sum() > 0
    assert with_it.children.tobytes() == without_it.children.tobytes()


def test_v33_cost_of_need_without_adversity_is_attributed_to_nothing(
    today: Surroundings, world: World, sandwell: Any
) -> None:
    """V33: where adversity brings no need, it brings no use of services and no cost, only ill health. Exact."""
    plain = with_scalars(
        world._replace(
            need=with_fields(world.need, per_unresolved=0.0),
            adversities=with_fields(world.adversities, direct_referral=0.0),
            events=with_fields(world.events, per_unresolved=0.0),
        ),
        hold_per_load=0.0,
        hold_per_resilience=0.0,
    )
    # Who dies as a child is not the same, so let nobody: cost would follow.
    hale = plain._replace(mortality=np.where(np.arange(plain.mortality.shape[1]) < ADULT, 0.0, plain.mortality))
    with_it, without_it = (run(today, each, sandwell) for each in (hale, without_adversity(hale)))
    assert with_it.children["cats"].sum() > 0
    assert (with_it.children["cost"] == without_it.children["cost"]).all()
    assert (with_it.ledger.outcomes == without_it.ledger.outcomes).all()
    assert with_it.children["yld"].sum() > without_it.children["yld"].sum()
