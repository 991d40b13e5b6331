"""Survival against the life table, and baselines against the mixture of groups that they stand for."""

import math
from typing import Any

import numpy as np
import pytest
from chance import LIMIT, binomial_agrees
from worlds import Lived, equal_risks, without_adversity

from agents.child import MILLION, NEVER
from agents.health import along, fade
from agents.names import ADULT, AGES, DAYS
from simulation.baselines import life_table
from simulation.build import build
from simulation.cohort import reference, run
from simulation.context import Surroundings
from simulation.inputs import Tables
from simulation.population import cohort
from simulation.scenario import Switches
from simulation.world import World

MIDDLE = float(np.mean(np.arange(DAYS) / DAYS))
"""Mean part of its last year that a person lives: days are uniform within it."""


@pytest.fixture(scope="module")
def base(today: Surroundings, world: World, england: Any) -> Lived:
    """Let the reference cohort live its base run, watched every year."""
    years: list[Any] = []
    life = run(today, world, england, watch=lambda year, records: years.append(records.copy()))
    return Lived(life, years)


def ages_at_death(children: Any) -> Any:
    """Give ages at death [years]."""
    return children["died"] / DAYS


def expectancy(hazard: Any) -> Any:
    """Give life expectancy from yearly hazards along the last axis; whoever reaches the last age dies in it."""
    chance = -np.expm1(-hazard)
    chance[..., -1] = 1.0
    begins = np.cumprod(np.concatenate([np.ones((*hazard.shape[:-1], 1)), 1 - chance[..., :-1]], axis=-1), axis=-1)
    return (begins * (1 - chance * (1 - MIDDLE))).sum(axis=-1)


@pytest.mark.slow
@pytest.mark.parametrize("sex", [0, 1])
def test_v20_survival_with_equal_risks_is_the_life_table(
    tables: Tables, values: dict[str, float], key: tuple[int, int, int], today: Surroundings, sex: int
) -> None:
    """V20: with every relative risk at 1, deaths at each age are those of the life table as written.

    False alarms 1e-6 for each of 2 x 110 ages. With 40,000 of each sex, 99% power for a probability of death at 80
    (0.05) off by 0.010, and at birth (0.004) by 0.0024.
    """
    children = cohort(tables, values, ["england"], 40_000, key)
    children["sex"] = sex
    book = run(today, equal_risks(build(tables, values, Switches(), key)), children).ledger
    word = ("male", "female")[sex]
    rows = {row.age: row.probability_of_death for row in tables.rows["life_table"] if row.sex == word}
    expected = np.array([rows[min(age, max(rows))] for age in range(AGES - 1)])
    alive, deaths = book.alive.sum(axis=1), book.deaths.sum(axis=1)
    assert binomial_agrees(deaths[:-1], alive[:-1], expected)
    assert deaths[-1] == alive[-1]


def test_v20_base_run_returns_the_tables_expectancy(tables: Tables, base: Lived) -> None:
    """V20: the reference cohort's base run has the life table's expectancy, within 4 standard errors.

    False alarm 6e-5 as the limit is given; 99% power for an expectancy off by 0.7 years with 20,000 children.
    """
    table = {row.sex: row.life_expectancy for row in tables.rows["life_table"] if row.age == 0}
    lived = ages_at_death(base.life.children)
    expected = np.where(base.life.children["sex"] == 0, table["male"], table["female"]).mean()
    error = lived.std() / math.sqrt(len(lived))
    assert abs(lived.mean() - expected) < 4 * error
    assert (4 + 2.33) * error < 0.7


def mean_ratios(base: Lived, world: World) -> Any:
    """Average hazard ratios of death over those alive, by sex and age, in plain Python from the records.

    Returns
    -------
    (2, ages)
    """
    means = np.ones((2, AGES))
    for age in range(1, AGES):
        before = base.years[age - 1]
        alive = before[before["died"] == NEVER]
        strength = fade(age, world.p.fade_from, world.p.fade_to)
        for sex in (0, 1):
            seen, counts = np.unique(alive["exposure"][alive["sex"] == sex], return_counts=True)
            curve = world.log_ratio_death[sex].tolist()
            if len(seen):
                ratio = np.exp([strength * along(curve, each / MILLION) for each in seen])
                means[sex, age] = ratio @ counts / counts.sum()
    return means


def test_v27_baseline_times_mean_ratio_is_the_population(
    tables: Tables, values: dict[str, float], base: Lived, world: World
) -> None:
    """V27: the mixture of groups, each at baseline times its ratio, dies as the population does. Exact to rounding."""
    population, _ = life_table(tables, values)
    assert np.allclose(world.mortality * mean_ratios(base, world), population, rtol=1e-9, atol=0.0)


def test_v27_groups_die_at_their_own_hazards(base: Lived, world: World) -> None:
    """V27: by exposure at 18, deaths at 18 to 49 are the sum of each person's own probability.

    Groups: exposure below 0.5, to 1.5, to 2.5, above. False alarms 1e-6 for each group and sex.
    """
    exposures = np.array([0.5, 1.5, 2.5, 9.0])
    for sex in (0, 1):
        people = base.years[ADULT - 1]
        people = people[(people["died"] == NEVER) & (people["sex"] == sex)]
        end = base.life.children[np.isin(base.life.children["id"], people["id"])]
        group = np.searchsorted(exposures, people["exposure"] / MILLION)
        curve = world.log_ratio_death[sex].tolist()
        ratio = np.exp([along(curve, each / MILLION) for each in people["exposure"]])
        # Over 32 years, 1 - exp(-sum of hazards) is the probability of having died.
        chance = -np.expm1(-ratio * world.mortality[sex, ADULT:50].sum())
        died = ages_at_death(end) < 50
        for number in range(len(exposures)):
            here = group == number
            spread = math.sqrt((chance[here] * (1 - chance[here])).sum())
            assert abs(died[here].sum() - chance[here].sum()) <= LIMIT * spread


def test_v27_a_baseline_is_the_same_in_every_scenario(
    tables: Tables, values: dict[str, float], key: tuple[int, int, int], today: Surroundings, england: Any
) -> None:
    """V27: runs leave the world's baselines as they were, and building them again returns them. Bit for bit."""
    world = reference(tables, values, Switches(), key, 500)
    before = [part.tobytes() for part in (world.mortality, world.incidence, world.mean_other, world.mean_healed)]
    run(today, world, england[:500])
    for each in (world, reference(tables, values, Switches(), key, 500)):
        after = [part.tobytes() for part in (each.mortality, each.incidence, each.mean_other, each.mean_healed)]
        assert after == before


@pytest.mark.slow
def test_v20_without_adversity_people_live_longer_by_the_closed_form(
    tables: Tables, values: dict[str, float], today: Surroundings, base: Lived, world: World, england: Any
) -> None:
    """V20: without adversity everybody's hazard is the population's over the mean ratio: so much longer they live.

    The gain is paired, person by person. False alarm 1e-6; 99% power for a gain off by 0.19 years.
    """
    spared = run(today, without_adversity(world), england)
    gains = ages_at_death(spared.children) - ages_at_death(base.life.children)
    population, _ = life_table(tables, values)
    lower = population / mean_ratios(base, world)

    def closed(hazards: Any) -> Any:
        by_decile = np.repeat(hazards[:, None, :], 10, axis=1)
        by_decile[:, :, :ADULT] *= world.child_death_ratio[:, None]
        return expectancy(by_decile)[england["sex"], england["decile"]].mean()

    error = gains.std() / math.sqrt(len(gains))
    assert gains.mean() > LIMIT * error
    assert abs(gains.mean() - (closed(lower) - closed(population))) <= LIMIT * error
    assert 7.2 * error < 0.19
    assert (gains >= 0).all()


@pytest.fixture(scope="module")
def published(tables: Tables, values: dict[str, float], key: tuple[int, int, int]) -> World:
    """Build the reference with nothing but ACEs in the exposure: phi, psi and moderation at 0."""
    return reference(tables, values | {"phi": 0.0, "psi": 0.0, "moderation": 0.0}, Switches(), key, 5_000)


def test_v31_mean_relative_risk_by_count_is_the_published_one(
    today: Surroundings, published: World, england: Any
) -> None:
    """V31: by ACE count, exposure is the count up to 4, and the mean relative risk the curve's. Exact."""
    people = run(today, published, england).children
    people = people[people["died"] >= ADULT * DAYS]
    counts = np.minimum(people["aces"], 4)
    assert (people["exposure"] == counts.astype(int) * MILLION).all()
    assert set(counts.tolist()) == {0, 1, 2, 3, 4}
    for curves in (published.log_ratio, published.log_ratio_death):
        for curve in curves:
            for count in range(5):
                seen = np.unique(people["exposure"][counts == count])
                assert [along(curve.tolist(), each / MILLION) for each in seen] == [curve[count]]


def test_v31_curve_passes_through_the_published_points(
    tables: Tables, values: dict[str, float], published: World
) -> None:
    """V31: hazard ratios of death at 1 and 2 are the published ones to the power of the causal share. To rounding."""
    share = values["causal_share_other"]
    men, women = np.exp(published.log_ratio_death / share)
    assert np.allclose(women[[0, 1, 2, 4]], [1, *(values[f"death_ratio_women_{k}"] for k in (1, 2, 2))])
    assert np.allclose(men[[0, 2, 4]], [1, *(values[f"death_ratio_men_{k}"] for k in (2, 2))])
    four = published.log_ratio[:, 4]
    assert np.allclose(published.log_ratio[:, 1], values["dose_share_1"] * four)
    assert np.allclose(published.log_ratio[:, [2, 3]], values["dose_share_2_3"] * four[:, None])


def test_v31_excess_risk_of_death_fades_between_two_ages(values: dict[str, float]) -> None:
    """V31: all of the log hazard ratio to 50, half of it half-way, none from 75; never rising. To rounding."""
    begins, ends = values["fade_from"], values["fade_to"]
    strengths = [fade(age, begins, ends) for age in range(AGES)]
    straight = np.clip((ends - np.arange(AGES)) / (ends - begins), 0.0, 1.0)
    assert np.allclose(strengths, straight, atol=1e-15)
    assert strengths[int(begins)] == 1.0
    assert strengths[int(ends)] == 0.0
