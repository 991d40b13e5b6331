"""Rationing: never more children than places, the graver need first, and every wait and stay counted."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import scenario

from agents.child import NEVER
from agents.names import ADULT, DAYS, NONE, RANKS, TURNS, Entry, Outcome
from agents.service import place_rank, priority_band
from simulation.build import authority_names, service_names
from simulation.capacity import cutoffs, live_year, lowered
from simulation.cohort import run, shape_of
from simulation.compiled import CompiledEngine
from simulation.context import Surroundings, places, year_context
from simulation.draws import Decision, uniforms
from simulation.inputs import Tables
from simulation.ledger import LINES, empty_ledger
from simulation.reading import MesaEngine
from simulation.scenario import Lever
from simulation.world import World
from simulation.year import AFTER, BEFORE, HOLDING

PLACE = "sandwell"


@pytest.fixture(scope="module")
def scarce(tables: Tables, values: dict[str, float]) -> Surroundings:
    """Take a third of the places."""
    few = {name: value / 3 for name, value in values.items() if name.endswith(".places")}
    return Surroundings(tables, values | few, scenario(rationing=True))


@pytest.fixture(scope="module")
def listed(tables: Tables) -> Any:
    """List the numbers of services that keep a waiting list."""
    return np.flatnonzero([row.rationed_by == "waiting_list" for row in tables.rows["services"]])


@pytest.fixture(scope="module")
def rationed(scarce: Surroundings, world: World, sandwell: Any) -> tuple[Any, list[Any]]:
    """Keep the ledger and the records of each year of childhood."""
    years: list[Any] = []
    life = run(scarce, world, sandwell, years=ADULT, watch=lambda _, records: years.append(records.copy()))
    return life.ledger, years


def test_v16_stock_never_exceeds_places(
    scarce: Surroundings, rationed: tuple[Any, list[Any]], listed: Any, tables: Tables
) -> None:
    """V16: at no 31 March has a service more children than places, unless it had them already. Exact."""
    book, years = rationed
    number = authority_names(tables).index(PLACE)
    full = 0
    before = np.zeros(len(service_names(tables)), np.int64)
    for year in range(ADULT):
        alive = len(years[0]) if year == 0 else int((years[year - 1]["died"] == NEVER).sum())
        count = np.zeros((len(authority_names(tables)), ADULT))
        count[number, year] = alive
        free = places(scarce, service_names(tables), count, scarce.first_year() + year)[number]
        stock = book.stock[year, number]
        assert (stock[listed] <= np.maximum(free, before)[listed]).all(), year
        full += (stock[listed] == free[listed]).sum()
        before = stock
    assert full > ADULT
    assert book.refused[:, number, listed].sum() > 100
    others = np.setdiff1d(np.arange(len(before)), listed)
    assert not book.refused[:, :, others].any()


def test_v16_nobody_is_admitted_before_one_of_higher_rank(
    scarce: Surroundings, world: World, sandwell: Any, listed: Any, tables: Tables
) -> None:
    """V16: every place is given below the year's cutoff, and every child that joined a list ranks above it. Exact.

    The rank of a child that joined is worked out again from its record before it asked, when its need was no graver.
    """
    number = authority_names(tables).index(PLACE)
    engine = CompiledEngine(sandwell.copy(), world, empty_ledger(shape_of(scarce)))
    joined = turned = 0
    for year in range(10):
        context = year_context(scarce, world, year, engine.ledger())
        engine.live(context, year, year + 1, BEFORE)
        cutoff = cutoffs(scarce, engine, context, year)
        _, admitted, _ = engine.attempt(context._replace(cutoff=cutoff), year, np.arange(len(sandwell)))
        for k in listed:
            assert not admitted[number, k, cutoff[number, k] :].any()
        turned += (cutoff[number, listed] < RANKS).sum()
        severity = engine.records()["severity"].copy()
        engine.live(context._replace(cutoff=cutoff), year, year + 1, HOLDING | AFTER)
        people = engine.records()
        new = np.flatnonzero((people["waiting"] != NONE) & (people["waiting_since"] >= year * DAYS))
        for child, load in zip(people[new], severity[new] / 100, strict=True):
            lot = uniforms(world.key, int(child["id"]), year, int(child["waiting"]), int(Decision.PLACE))[0]
            band = priority_band(load, world.p.band_medium, world.p.band_high)
            assert place_rank(band, False, lot) >= cutoff[number, child["waiting"]]
        joined += len(new)
    assert turned > 5
    assert joined > 50


def test_v16_the_graver_need_waits_less(rationed: tuple[Any, list[Any]], listed: Any, tables: Tables) -> None:
    """V16: of places asked for, the highest band gets the largest share in every service that turns anybody away."""
    book, _ = rationed
    number = authority_names(tables).index(PLACE)
    given_to = book.admitted[number].reshape(-1, 3, 2, TURNS).sum(axis=(2, 3))
    asked = book.demand[:, number].sum(axis=0)
    compared = 0
    for k in listed:
        if book.refused[:, number, k].sum() > 50 and (asked[k] > 20).all():
            share = given_to[k] / asked[k]
            assert share[0] > share[2]
            compared += 1
    assert compared > 0


@pytest.mark.slow
@given(st.lists(st.integers(0, 3), min_size=RANKS, max_size=RANKS), st.integers(-5, 3 * RANKS))
def test_v16_a_cutoff_turns_away_just_enough(places_given: list[int], over: int) -> None:
    """V16: as many as are over are turned away, from the last rank on, and no rank more. Exact."""
    admitted = np.array(places_given)[None, None, :]
    cutoff = int(lowered(np.array([[RANKS]]), admitted, np.array([[over]]))[0, 0])
    if over <= 0:
        assert cutoff == RANKS
        return
    assert cutoff == 0 or admitted[0, 0, cutoff:].sum() >= over
    assert admitted[0, 0, cutoff + 1 :].sum() < over
    assert lowered(np.array([[RANKS + 1]]), admitted, np.array([[over]]))[0, 0] == RANKS + 1


def test_v16_littles_law(scarce: Surroundings, world: World, sandwell: Any, listed: Any, tables: Tables) -> None:
    """V16: children present, day by day, sum to entries times mean stay; children who wait, to joins times mean wait.

    The days of presence come from the dated journal, stays and waits from the ledger's sums: two books. Exact.
    """
    number = authority_names(tables).index(PLACE)
    family_support = service_names(tables).index("family_support")
    engine = CompiledEngine(sandwell[:700].copy(), world, empty_ledger(shape_of(scarce), LINES))
    for year in range(5):
        live_year(scarce, engine, year_context(scarce, world, year, engine.ledger()), year)
    book = engine.ledger()
    assert book.lines[0] < LINES
    lines = book.journal[: book.lines[0]]
    horizon = 5 * DAYS

    def presence(begins: Entry, ends: Entry, service: int, counted: bool) -> Any:
        """Count who is there on each day; spells still open at the end of the run last to it."""
        change = np.zeros(horizon + 1, np.int64)
        for line in lines[lines["detail"] == service]:
            if line["entry"] == begins:
                change[line["day"]] += 1
            elif line["entry"] == ends and (not counted or line["number"] >= 0):
                change[line["day"]] -= 1
        return change.cumsum()[:horizon]

    present = presence(Entry.SPELL_BEGINS, Entry.SPELL_ENDS, family_support, False)
    entries = book.entries[:, number, family_support].sum()
    stay = book.days[:, number, family_support].sum() / entries
    assert entries > 10
    assert present.mean() == pytest.approx(entries / horizon * stay, rel=1e-12)
    waits = lines[(lines["entry"] == Entry.LEAVES_WAITING_LIST) & (lines["number"] >= 0)]
    assert waits["number"].sum() == book.waited[:, number].sum()
    assert len(waits) == book.from_list[:, number].sum() > 0
    joined: dict[tuple[int, int], int] = {}
    for line in lines:
        if line["entry"] == Entry.JOINS_WAITING_LIST:
            joined[int(line["child"]), int(line["detail"])] = int(line["day"])
        elif line["entry"] == Entry.LEAVES_WAITING_LIST and line["number"] >= 0:
            assert line["number"] == max(0, line["day"] - joined[int(line["child"]), int(line["detail"])])


def test_v16_waiting_has_its_consequence(scarce: Surroundings, world: World, sandwell: Any, tables: Tables) -> None:
    """A child that waits has next year the hazards of one whom no service took; one that does not, its own. Exact."""
    year = 6
    support = service_names(tables).index("family_support")
    begun = sandwell.copy()
    begun["birth_year"] = 0
    begun["education"] = service_names(tables).index("primary_school")
    begun["outcome"] = Outcome.HELD
    waits, unserved = begun.copy(), begun.copy()
    waits["waiting"], waits["waiting_since"] = support, (year - 1) * DAYS
    unserved["outcome"] = Outcome.NO_SERVICE
    lives = []
    for children in (begun, waits, unserved):
        engine = CompiledEngine(children.copy(), world, empty_ledger(shape_of(scarce)))
        engine.live(year_context(scarce, world, year, None), year, year + 1, BEFORE)
        lives.append(engine.records()["cats"])
    assert (lives[1] == lives[2]).all()
    assert lives[1].sum() > lives[0].sum()


def test_thresholds_rise_and_staff_leave_when_a_tier_is_full(
    scarce: Surroundings, world: World, rationed: tuple[Any, list[Any]], tables: Tables, values: dict[str, float]
) -> None:
    """The year after a crowded one: the front door accepts fewer of the less urgent only, and Sufficiency falls."""
    number, names = authority_names(tables).index(PLACE), service_names(tables)
    fresh = year_context(scarce, world, 10, None)
    after = year_context(scarce, world, 10, rationed[0])
    door, case = names.index("assessment"), names.index("child_in_need")
    assert after.acceptance[number, door, 0] == fresh.acceptance[number, door, 0]
    assert after.acceptance[number, door, 2] < fresh.acceptance[number, door, 2]
    assert after.reach[number, case] < fresh.reach[number, case]
    assert after.turnover[number, case] > 0
    assert fresh.turnover[number, case] == 0
    without = Surroundings(
        tables,
        scarce.values | {"turnover_by_caseload": 0.0, "turnover_by_carried": 0.0, "sufficiency_by_caseload": 0.0},
        scarce.scenario,
    )
    usual, burdened = (year_context(without, world, 10, last).reach[number, case] for last in (None, rationed[0]))
    assert burdened == usual


def test_more_supply_turns_fewer_away(scarce: Surroundings, world: World, sandwell: Any, rationed: Any) -> None:
    """A lever that doubles the places of early help and CAMHS refuses fewer children. Exact twins."""
    lever = Lever(kind="supply", services=("family_support", "camhs"), multiply=2.0)
    chosen = scarce.scenario.model_copy(update={"levers": (lever,)})
    more = run(Surroundings(scarce.tables, scarce.values, chosen), world, sandwell, years=ADULT)
    assert more.ledger.refused.sum() < rationed[0].refused.sum()


def test_e01_both_engines_try_alike(scarce: Surroundings, world: World, sandwell: Any) -> None:
    """E01: what copies of children ask for, are given and hold is the same in both engines, and leaves no trace."""
    begun = run(scarce, world, sandwell[:200], years=6).children
    found = []
    for engine_class in (CompiledEngine, MesaEngine):
        engine: Any = engine_class(begun.copy(), world, empty_ledger(shape_of(scarce)))
        context = year_context(scarce, world, 6, None)
        context.cutoff[context.cutoff == RANKS] = 3 * TURNS
        found.append(engine.attempt(context, 6, np.arange(0, len(begun), 2)))
        assert engine.records().tobytes() == begun.tobytes()
        assert not engine.ledger().asked.any()
        engine.close()
    for one, other in zip(*found, strict=True):
        assert (np.asarray(one) == np.asarray(other)).all()
    assert found[0][0].any()


def test_a_child_grows_out_of_a_list(scarce: Surroundings, world: World, sandwell: Any, tables: Tables) -> None:
    """Nobody waits for a service whose ages are past, nor as an adult. Exact."""
    programme = service_names(tables).index("parenting_programme")
    life = run(scarce, world, sandwell, years=ADULT + 1, watch=None)
    alive = life.children[life.children["died"] == NEVER]
    assert (alive["waiting"] == NONE).all()
    assert not life.ledger.waiting[11:, :, programme].any()
    assert life.ledger.waiting[:11, :, programme].any()
