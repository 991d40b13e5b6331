"""Families: what siblings share, what parents pass on, and that none of it moves the totals it is built from."""

from typing import Any

import numpy as np
import pytest
from chance import binomial_agrees
from worlds import alike, harmless_services, with_fields, with_scalars

from agents.adversity import family_number
from agents.child import MILLION, NEVER
from agents.names import ADULT, DAYS
from simulation.build import authority_names, build
from simulation.cohort import reference, run
from simulation.context import Surroundings
from simulation.draws import Decision, uniforms
from simulation.frailty import parental_ratios, parental_shares, parents
from simulation.generations import fertility, mothers, parent_class, second_generation
from simulation.inputs import Tables
from simulation.population import cohort, frailty_within
from simulation.scenario import Scenario, Switches
from simulation.world import World

FAMILIES = Switches(families=True)
Key = tuple[int, int, int]


@pytest.fixture(scope="module")
def together(tables: Tables, values: dict[str, float], world: World) -> World:
    """Take the reference world with families on."""
    there = build(tables, values, FAMILIES, world.key)
    return world._replace(p=there.p)


def test_the_ratios_of_parental_years_have_mean_one(values: dict[str, float]) -> None:
    """Over parents as children meet them, hazards at home are on average what they were. To rounding."""
    shares, ratio = parents(values)
    met = parental_shares(values)
    both = parental_ratios(values, True)
    assert (shares * ratio) @ (met * both["parental_year"] + (1 - met) * both["parental_else"]) == pytest.approx(1.0)
    assert shares @ met == pytest.approx(values["parental_adversity"])
    assert parental_ratios(values, False) == {"parental_year": 1.0, "parental_else": 1.0}


def test_the_reference_with_families_is_that_of_its_own_children(
    tables: Tables, values: dict[str, float], key: Key
) -> None:
    """The burden that is taken as usual is what the reference's own children carry, parents' years and all. Exact.

    It is counted after holding and recovery, before the year's deaths: children here are immortal for the count.
    """
    own = reference(tables, values, FAMILIES, key, 3000)
    children = cohort(tables, values, ["england"], 3000, key, FAMILIES)
    assert children["parent_years"].any()
    means: list[float] = []
    s = Surroundings(tables, values, Scenario.today())

    def watch(year: int, people: Any) -> None:
        begun = (people["died"] == NEVER) | (people["died"] >= year * DAYS)
        means.append(people["unresolved"][begun].sum() / begun.sum())

    run(s, own, children, years=ADULT, watch=watch)
    assert means == pytest.approx(own.mean_burden.tolist(), rel=1e-12)


def test_siblings_meet_what_befalls_their_household_together(
    tables: Tables, today: Surroundings, together: World, sandwell: Any
) -> None:
    """Two alike of one family have the same household events every year, and others of their own. Exact."""
    elder = alike(sandwell[:1500])
    younger = elder.copy()
    younger["id"] += 1_000_000
    both = harmless_services(together)
    both = with_scalars(both, repetition_ratio=1.0, unserved_ratio=1.0, exposed_ratio=1.0)
    household = sum(1 << k for k, row in enumerate(tables.rows["adversities"]) if row.befalls_household)
    seen: list[Any] = []
    for children in (elder, younger):
        years: list[Any] = []
        run(today, both, children, years=10, watch=lambda _, people, years=years: years.append(people.copy()))
        seen.append(np.array(years))
    alive = (seen[0]["died"] == NEVER) & (seen[1]["died"] == NEVER)
    seen = [each["recent"][alive] for each in seen]
    assert (seen[0] & household == seen[1] & household).all()
    assert (seen[0] & household).any()
    assert (seen[0] != seen[1]).any()


def test_household_draws_leave_each_types_share_as_it_was(
    tables: Tables, today: Surroundings, world: World, together: World, key: Key, values: dict[str, float]
) -> None:
    """Each type of a household befalls the same share of 40,000 children with families on as off.

    Two binomials at 1e-6 each; 99% power for a share off by 0.011.
    """
    many = alike(cohort(tables, values, ["sandwell"], 40_000, key))
    even = with_scalars(together, parental_year=1.0, parental_else=1.0)
    shares = []
    for each in (world, even):
        people = run(today, each, many, years=ADULT).children
        shares.append([(people["types"] >> k & 1).sum() for k in range(len(tables.rows["adversities"]))])
    for k, row in enumerate(tables.rows["adversities"]):
        if row.befalls_household:
            one, other = shares[0][k], shares[1][k]
            assert binomial_agrees(one, one + other, 0.5), row.adversity


def test_without_an_effect_parental_years_are_irrelevant(
    tables: Tables, values: dict[str, float], today: Surroundings, world: World, key: Key
) -> None:
    """M19: at a ratio of 1, whose parents met adversity changes no life. Bit for bit, but for the record of it."""
    flat = values | {"parental_year_ratio": 1.0}
    there = world._replace(p=build(tables, flat, FAMILIES, world.key).p)
    children = cohort(tables, flat, ["sandwell"], 500, key, FAMILIES)
    assert children["parent_years"].any()
    lives = [run(today, there, with_fields(children, parent_years=bits)).children for bits in (0, (1 << ADULT) - 1)]
    assert with_fields(lives[0], parent_years=0).tobytes() == with_fields(lives[1], parent_years=0).tobytes()


def test_parental_years_raise_hazards_at_home(today: Surroundings, together: World, sandwell: Any) -> None:
    """Twins whose parents meet adversity every year have no fewer events at home, and more in all. Exact."""
    calm, hard = (
        run(today, together, with_fields(sandwell, parent_years=bits), years=1).children["cats"]
        for bits in (0, (1 << ADULT) - 1)
    )
    assert (hard >= calm).all()
    assert hard.sum() > calm.sum()


def test_twins_share_home_and_parents(tables: Tables, values: dict[str, float], key: Key) -> None:
    children = cohort(tables, values, ["sandwell"], 3000, key, FAMILIES)
    twin = np.flatnonzero(children["family"] != children["id"] & 0xFFFFFFFF)
    assert len(twin) > 20
    for name in ("decile", "neighbourhood", "ethnic_group", "frailty", "parent_years"):
        assert (children[name][twin] == children[name][children["family"][twin].astype(int)]).all(), name
    alone = cohort(tables, values, ["sandwell"], 3000, key)
    assert not alone["parent_years"].any()
    assert (alone["frailty"] == children["frailty"]).all()
    share = np.array([children["parent_years"] >> age & 1 for age in range(ADULT)]).mean()
    assert share == pytest.approx(values["parental_adversity"], rel=0.05)


# Two generations


@pytest.fixture(scope="module")
def grown(today: Surroundings, world: World, sandwell: Any) -> tuple[Any, Any]:
    """Let 2,000 people grow old; mark the years in which each met an adult adversity."""
    adverse = np.zeros((len(sandwell), 63), bool)
    before = np.zeros(len(sandwell), np.int64)

    def watch(year: int, people: Any) -> None:
        if year < 63:
            adverse[:, year] = people["aats"] > before
            before[:] = people["aats"]

    return run(today, world, sandwell, watch=watch).children, adverse


def test_women_have_children_by_the_table(tables: Tables, values: dict[str, float], grown: Any, key: Key) -> None:
    """Births at each age are binomial among the women alive: false alarm 1e-6 for each of 30 ages."""
    people, _ = grown
    who, age, order = mothers(tables, values, people, key)
    rate = fertility(tables, values)
    assert (people["sex"][who] == 1).all()
    for a in np.flatnonzero(rate):
        alive = (people["died"] == NEVER) | (people["died"] >= (a + 1) * DAYS)
        there = (alive & (people["sex"] == 1)).sum()
        assert binomial_agrees((age == a).sum(), there, rate[a])
    for mother in np.unique(who)[:50]:
        assert order[who == mother].tolist() == list(range(1, (who == mother).sum() + 1))
    assert len(who) > 1000


def test_children_start_from_where_their_mother_stands(
    tables: Tables, values: dict[str, float], grown: Any, key: Key
) -> None:
    """Home, ethnic group, frailty by the mother's own ACEs, and her years of adversity, worked out by hand. Exact."""
    people, adverse = grown
    children = second_generation(tables, values, "sandwell", people, adverse, key)
    who, age, _ = mothers(tables, values, people, key)
    assert len(np.unique(children["id"])) == len(children) == len(who)
    assert not np.isin(children["id"], people["id"]).any()
    assert (children["authority"] == authority_names(tables).index("sandwell")).all()
    for name in ("decile", "neighbourhood", "ethnic_group"):
        assert (children[name] == people[name][who]).all()
    shares, ratio = parents(values)
    assert shares @ ratio == pytest.approx(1.0)
    for k in range(0, len(who), 97):
        child, mother = children[k], people[who[k]]
        family = family_number(int(child["id"]), int(child["family"]))
        u = uniforms(key, family, 0, 0, int(Decision.FRAILTY))[0]
        group = 0 if mother["aces"] == 0 else 1 if mother["aces"] == 1 else 2 if mother["aces"] <= 3 else 3
        assert child["frailty"] == round(MILLION * float(frailty_within(values, u)) * ratio[group])
        assert [bool(child["parent_years"] >> year & 1) for year in range(ADULT)] == [
            bool(adverse[who[k], age[k] + year]) for year in range(ADULT)
        ]
    assert parent_class(np.array([0, 1, 2, 3, 4, 9])).tolist() == [0, 1, 2, 2, 3, 3]


def test_the_second_generation_of_parents_without_adversity_has_less(
    tables: Tables, values: dict[str, float], grown: Any, key: Key, together: World
) -> None:
    """The same mothers without ACEs or adult adversity have children with fewer CATs. Twins; in sum."""
    people, adverse = grown
    s = Surroundings(tables, values, Scenario(name="families", switches=FAMILIES))
    usual = run(s, together, second_generation(tables, values, "sandwell", people, adverse, key), years=ADULT)
    spared = second_generation(tables, values, "sandwell", with_fields(people, aces=0), np.zeros_like(adverse), key)
    less = run(s, together, spared, years=ADULT)
    assert (usual.children["id"] == less.children["id"]).all()
    assert less.children["cats"].sum() < 0.9 * usual.children["cats"].sum()
