"""The resident population: who comes and goes is counted, ages stand as in the table, stocks have no trend."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import stats

from agents.child import NEVER
from agents.names import ADULT, NONE, Channel
from simulation.build import authority_names, service_names
from simulation.cohort import reference
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.errors import InputError
from simulation.inputs import Tables, load_tables
from simulation.population import cohort, neighbourhoods
from simulation.residents import A_YEAR, ARRIVALS, BURN_IN, COPY, OLDEST, Town, movement, newborn, present, residents
from simulation.scenario import Scenario, Switches
from simulation.world import World
from tests.worlds import scenario

pytestmark = pytest.mark.slow
SMALL = 0.01
PLACES = ["dudley", "sandwell"]


@pytest.fixture(scope="module")
def s() -> Surroundings:
    tables = load_tables()
    return Surroundings(tables, tables.values(), Scenario.today())


@pytest.fixture(scope="module")
def world(s: Surroundings) -> World:
    return reference(s.tables, s.values, Switches(), seed_key(11), 400)


def begun(s: Surroundings, world: World, places: list[str], size: float = SMALL) -> Town:
    town = Town(s, world.key, places, size)
    town.begin(0)
    return town


@pytest.fixture(scope="module")
def lived(s: Surroundings, world: World) -> list[Any]:
    """Keep the records at the end of each of thirty years, and those that begin the next."""
    years: list[Any] = []
    town = begun(s, world, PLACES)
    last = residents(s, world, town, 0, 30, watch=lambda _, people: years.append(people.copy()))
    return [*years, present(last.children)]


def test_v11_residents_are_conserved(s: Surroundings, lived: list[Any]) -> None:
    """V11: who begins a year is who was alive, under 25 and stayed, plus births and arrivals. Exact."""
    expected = {place: movement(s.tables, s.values, place, SMALL) for place in PLACES}
    moved = 0
    for year, (before, after) in enumerate(pairwise(lived[:-1])):
        kept = np.isin(after["id"], before["id"])
        assert len(np.unique(after["id"])) == len(after)
        assert (before["died"][np.isin(before["id"], after["id"])] == NEVER).all()
        assert (year + 1 - after["birth_year"] < OLDEST).all()
        new = after[~kept]["id"] & 0xFFFFFFFF
        assert (new // A_YEAR == year + 1).all()
        births = (new % A_YEAR < ARRIVALS).sum()
        assert births == sum(each.stock[0] for each in expected.values())
        aged = year + 1 - before["birth_year"] >= OLDEST
        dead = before["died"] != NEVER
        moved += (~np.isin(before["id"], after["id"]) & ~aged & ~dead).sum()
        assert len(after) == len(before) + len(new) - (~np.isin(before["id"], after["id"])).sum()
    assert moved > 0


def test_the_ages_of_residents_stand_as_in_the_table(s: Surroundings, lived: list[Any]) -> None:
    """Each age of each place begins the year with as many as the table says; more only where chance let more stay.

    Where ages shrink, those who stay are binomial: at most 4.9 standard errors more (false alarm 1e-6 each).
    """
    order = authority_names(s.tables)
    exact = 0
    for place in PLACES:
        for age in range(OLDEST):
            table = round(SMALL * s.values[f"residents.{place}.{age}.residents"])
            for year, people in list(enumerate(lived))[BURN_IN:]:
                here = ((people["authority"] == order.index(place)) & (year - people["birth_year"] == age)).sum()
                assert table <= here <= table + 4.9 * np.sqrt(table) + 1, (place, age)
                exact += here == table
    assert exact > 0.5 * len(PLACES) * OLDEST * 6


def test_v18_after_the_burn_in_stocks_have_no_trend(s: Surroundings) -> None:
    """V18: the mean slope over 24 seeds of children supported, with a specialist, and of events is nought.

    A t test at 1e-6 each (6.6 standard errors); catches with 99% power a slope of 9.1 standard errors.
    """
    slopes = []
    for seed in range(24):
        world = reference(s.tables, s.values, Switches(), seed_key(seed), 200)
        rows: list[list[float]] = []

        def count(year: int, people: Any, rows: list[list[float]] = rows) -> None:
            if year >= BURN_IN:
                support = people["support"]
                rows.append(
                    [
                        (support != NONE).sum(),
                        (people["specialists"] != 0).sum(),
                        people["unresolved"].sum(dtype=float),
                        people["cats"].sum(dtype=float),
                    ]
                )

        residents(s, world, begun(s, world, ["sandwell"], 0.012), 0, BURN_IN + 12, watch=count)
        slopes.append(np.polyfit(np.arange(12), np.array(rows), 1)[0] / np.mean(rows, axis=0))
    found = stats.ttest_1samp(slopes, 0.0)
    assert (found.pvalue > 1e-6).all(), found
    assert (np.std(slopes, axis=0) > 0).all()


def test_the_first_births_are_those_of_a_cohort(s: Surroundings, world: World) -> None:
    for place in PLACES:
        mine, theirs = newborn(s, world.key, place, 40, 0), cohort(s.tables, s.values, [place], 40, world.key)
        assert mine.tobytes() == theirs.tobytes()


def test_e01_e02_engines_and_threads_agree_on_residents(s: Surroundings, world: World) -> None:
    """E01, E02: from one state, every field of every record and of the ledger."""
    town = begun(s, world, ["sandwell"], 0.004)
    residents(s, world, town, 0, BURN_IN)
    runs = [
        residents(s, world, town.twin(s), BURN_IN, 2, engine, jobs)
        for engine, jobs in (("compiled", 1), ("compiled", 3), ("mesa", 1))
    ]
    for other in runs[1:]:
        assert runs[0].children.tobytes() == other.children.tobytes()
        for name in ("stock", "flows", "days", "cost", "cats", "deaths", "healed"):
            assert (getattr(runs[0].ledger, name) == getattr(other.ledger, name)).all(), name
    assert runs[0].ledger.stock.sum() > 0


def test_m15_years_split_in_two_runs_are_one_run(s: Surroundings, world: World) -> None:
    whole = residents(s, world, begun(s, world, ["sandwell"]), 0, 9)
    town = begun(s, world, ["sandwell"])
    half = residents(s, world, town, 0, 4)
    rest = residents(s, world, town, 4, 5)
    assert whole.children.tobytes() == rest.children.tobytes()
    assert (whole.ledger.flows == half.ledger.flows + rest.ledger.flows).all()


def test_m03_a_place_alone_is_itself_among_others(s: Surroundings, world: World) -> None:
    both = present(residents(s, world, begun(s, world, PLACES), 0, 6).children)
    for place in PLACES:
        alone = present(residents(s, world, begun(s, world, [place]), 0, 6).children)
        assert both[both["authority"] == authority_names(s.tables).index(place)].tobytes() == alone.tobytes()


def test_arrivals_have_led_a_life_of_their_age(lived: list[Any]) -> None:
    """An arrival begins with what somebody of its age and place carries, and with draws of its own from then on."""
    last = lived[-1]
    come = last[(last["id"] & 0xFFFFFFFF) % A_YEAR >= ARRIVALS]
    young = come[(come["id"] & 0xFFFFFFFF) // A_YEAR == len(lived) - 1]
    assert len(young) > 10
    assert (young["cats"][young["birth_year"] < len(lived) - 6] > 0).any()
    assert (young["died"] == NEVER).all()


def test_b_residents_that_cannot_be_run_are_refused(s: Surroundings, world: World, tables: Tables) -> None:
    town = begun(s, world, ["sandwell"])
    with pytest.raises(InputError, match=r"years: 61 with the burn-in is outside 1 to 60; run fewer"):
        residents(s, world, town, 0, 61)
    with pytest.raises(InputError, match=r"size: 0\.0001 of sandwell leaves no resident of some age; raise it"):
        movement(tables, s.values, "sandwell", 0.0001)
    with pytest.raises(InputError, match=r"residents\.csv: england: ages 0 to 24 need a row each; add those missing"):
        movement(tables, s.values, "england")


def test_v16_residents_never_exceed_places(s: Surroundings, world: World, tables: Tables) -> None:
    """V16: year by year after the burn-in, no service with a list has more children than places, or than it began with.

    Exact. Places go by the children who begin the year; arrivals bring their place with them.
    """
    few = {name: value / 3 for name, value in s.values.items() if name.endswith(".places")}
    tight = Surroundings(tables, s.values | few, scenario(rationing=True))
    number, names = authority_names(tables).index("sandwell"), service_names(tables)
    listed = [k for k, row in enumerate(tables.rows["services"]) if row.rationed_by == "waiting_list"]
    town = begun(tight, world, ["sandwell"], 0.05)
    residents(tight, world, town, 0, BURN_IN)
    full = waiting = 0
    for year in range(BURN_IN, BURN_IN + 4):
        people = present(town.people)
        children = people[year - people["birth_year"] < ADULT]
        held = np.bincount(children["support"], minlength=256) + np.bincount(children["education"], minlength=256)
        for k in listed:
            if world.services[k]["channel"] == Channel.SPECIALIST:
                held[k] = (children["specialists"] >> world.services[k]["bit"] & 1).sum()
        book = residents(tight, world, town, year, 1).ledger
        for k in listed:
            free = int(tight.values[f"services.{names[k]}.places"] / 1000 * len(children))
            assert book.stock[year, number, k] <= max(free, held[k])
            full += book.stock[year, number, k] == free
        waiting += book.waiting[year].sum()
    assert full > 4
    assert waiting > 0


def test_later_births_come_to_families_that_live_there(s: Surroundings, world: World, tables: Tables) -> None:
    """With families on, the tabulated share of births has an elder sibling, of its home and two to five years older.

    Binomial at 1e-6; with some 600 births 99% power for a share off by 0.14.
    """
    on = Surroundings(tables, s.values, scenario(families=True))
    town = begun(on, world, ["sandwell"], 0.03)
    residents(on, world, town, 0, 12)
    people = present(town.people)
    young = people[people["birth_year"] >= 6]
    born = young[(young["id"] & 0xFFFFFFFF) % A_YEAR < ARRIVALS]
    joined = born[born["family"] != born["id"] & 0xFFFFFFFF]
    twins = s.values["twin_birth_share"] / 2
    share = 1 - (1 - s.values["later_birth_share"]) * (1 - twins)
    assert stats.binomtest(len(joined), len(born), share).pvalue > 1e-6
    there = {int(each["id"]) & 0xFFFFFFFF: each for each in people}
    compared = 0
    for child in joined:
        elder = there.get(int(child["family"]))
        if elder is not None and elder["birth_year"] != child["birth_year"]:
            assert child["birth_year"] - elder["birth_year"] >= 2
            assert (child["decile"], child["frailty"]) == (elder["decile"], elder["frailty"])
            assert child["ethnic_group"] == elder["ethnic_group"]
            gap = int(child["birth_year"] - elder["birth_year"])
            together = max(0, ADULT - gap)
            if (elder["id"] & 0xFFFFFFFF) % A_YEAR < ARRIVALS:
                shared = (1 << together) - 1
                assert int(child["parent_years"]) & shared == int(elder["parent_years"]) >> gap & shared
                assert child["parent_class"] == elder["parent_class"]
            compared += 1
    assert compared > 30


def test_v17_residents_feel_what_is_above_expectation(s: Surroundings, world: World, tables: Tables) -> None:
    """V17: alpha = 0 is the uncoupled run; with a slope burden rises, split years are one run, a place is itself.

    Bit for bit. Children of all ages carry what is expected of their ages: the mean ratio to it is felt, not age.
    """
    values = s.values | {"amplification_slope": 0.0, "crosstalk": 0.0}
    flat = Surroundings(tables, values, scenario(amplification=True))
    steep = Surroundings(tables, s.values | {"amplification_slope": 0.6}, scenario(amplification=True))
    alone = residents(s, world, begun(s, world, ["sandwell"]), 0, 12)
    assert residents(flat, world, begun(s, world, ["sandwell"]), 0, 12).children.tobytes() == alone.children.tobytes()
    raised = residents(steep, world, begun(s, world, ["sandwell"]), 0, 12)
    assert raised.ledger.cats.sum() > alone.ledger.cats.sum()
    town = begun(steep, world, ["sandwell"])
    half = residents(steep, world, town, 0, 7)
    rest = residents(steep, world, town, 7, 5, last=half.ledger)
    assert rest.children.tobytes() == raised.children.tobytes()
    both = present(residents(steep, world, begun(steep, world, PLACES), 0, 12).children)
    here = both["authority"] == authority_names(tables).index("sandwell")
    assert both[here].tobytes() == present(raised.children).tobytes()


def test_some_arrivals_have_lived_in_an_adjoining_authority(s: Surroundings, world: World, tables: Tables) -> None:
    """All from the only adjoining place of the run: its ethnic groups come, homes are the new place's. Exact."""
    everyone = {"moves_from_adjoining": 1.0}
    white = {
        f"ethnic_groups.dudley.{g}.share": float(g == "white") for g in ("white", "asian", "black", "mixed", "other")
    }
    black = {
        f"ethnic_groups.sandwell.{g}.share": float(g == "black") for g in ("white", "asian", "black", "mixed", "other")
    }
    order = authority_names(tables)
    for switched in (False, True):
        there = Surroundings(tables, s.values | everyone | white | black, scenario(moves_between=switched))
        people = present(residents(there, world, begun(there, world, PLACES), 0, 12).children)
        mine = people[people["authority"] == order.index("sandwell")]
        came = mine[(mine["id"] & 0xFFFFFFFF) % A_YEAR >= ARRIVALS]
        assert (came["id"] >> 32 == order.index("sandwell")).all()
        first = sum(int(neighbourhoods(tables, place).sum()) for place in order[: order.index("sandwell")])
        assert (mine["neighbourhood"] >= first).all()
        assert (mine["neighbourhood"] < first + neighbourhoods(tables, "sandwell").sum()).all()
        assert (came["ethnic_group"] == 0).any() is np.bool_(switched)
        assert len(people) > 100


def test_whoever_is_followed_as_several_keeps_age_place_and_family(s: Surroundings, world: World) -> None:
    """Doubled, each place has each record twice under numbers of their own; families stay apart. Exact."""
    town = begun(s, world, PLACES, 0.004)
    residents(s, world, town, 0, 8)
    one, two = present(town.people), town.grown(2)
    both = present(two.people)
    assert len(both) == 2 * len(one)
    assert len(np.unique(both["id"])) == len(both)
    first = both[both["id"] >> COPY & 1 == 0]
    second = both[both["id"] >> COPY & 1 == 1].copy()
    assert first.tobytes() == one.tobytes()
    second["id"] -= 1 << COPY
    second["family"] -= np.uint32(1 << COPY)
    assert second.tobytes() == one.tobytes()
    for place, where in two.places():
        assert (present(two.people[where])["authority"] == authority_names(s.tables).index(place)).all()
    residents(s, world, two, 8, 3)
    later = present(two.people)
    grown = movement(s.tables, s.values, "dudley", 0.008)
    dudley = later[later["authority"] == authority_names(s.tables).index("dudley")]
    assert (np.bincount(11 - dudley["birth_year"], minlength=OLDEST)[1:9] >= grown.stock[1:9]).all()
    lives = [later[later["id"] >> COPY & 1 == bit]["cats"].sum() for bit in (0, 1)]
    assert lives[0] != lives[1]
