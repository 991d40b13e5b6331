"""Moves of home, school and placement: when they happen, what they cost, whom they harm, and nothing when off."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from certain import SIZE, aged, quiet_world, told
from chance import binomial_agrees
from worlds import alike, one_year, scenario, with_fields, with_scalars

from agents.names import ADULT, DAYS, Entry, Flow
from experiments import base_case
from experiments.quantities import PAYERS
from simulation.build import build, number_of
from simulation.cohort import reference, run
from simulation.context import Surroundings
from simulation.harm import instability_kinds
from simulation.inputs import Tables
from simulation.ledger import LINES
from simulation.outcomes import instability_table, sums
from simulation.population import cohort
from simulation.scenario import Switches
from simulation.world import World

Key = tuple[int, int, int]
Values = dict[str, float]
ON = Switches(instability_events=True)
PARTS = ("moves", "moves_gradient", "outside_share", "outside_cost")


@pytest.fixture(scope="module")
def moving(tables: Tables, values: Values, key: Key) -> World:
    """Build the model's world with moves on, before any reference."""
    return build(tables, values, ON, key)


@pytest.fixture
def calm(tables: Tables, values: Values, key: Key, moving: World) -> World:
    """Build a world in which nothing happens but moves; none of them is an adversity."""
    quiet = quiet_world(tables, values, key)._replace(**{name: getattr(moving, name).copy() for name in PARTS})
    return with_scalars(quiet, instability_events=1.0)


def kinds(tables: Tables) -> list[str]:
    """List the kinds of moves in the order of their numbers."""
    return [row.kind for row in instability_kinds(tables)]


def test_no_hazard_no_share_and_no_cost_is_off(
    tables: Tables, values: Values, key: Key, today: Surroundings, sandwell: Any
) -> None:
    """On, with every hazard, share and cost at nought: only placement moves are counted. Bit for bit otherwise."""
    columns = {"instability_events": ("hazard", "cost"), "out_of_area": ("share",)}
    nulls = {name: 0.0 for name in values if name.split(".")[-1] in columns.get(name.split(".")[0], ())}
    off = reference(tables, values, Switches(), key, 500)
    on = reference(tables, {**values, **nulls}, ON, key, 500)
    lives = [run(today, each, sandwell) for each in (off, on)]
    assert lives[0].children.tobytes() == lives[1].children.tobytes()
    for name in set(off._fields) - {"p", *PARTS}:
        assert np.array_equal(getattr(off, name), getattr(on, name)), name
    books = [life.ledger._replace(instability=None) for life in lives]
    assert all(np.array_equal(here, there) for here, there in zip(books[0][:-2], books[1][:-2], strict=True))
    assert not lives[0].ledger.instability.any()
    counted = lives[1].ledger.instability.sum(axis=(0, 1))
    moves = lives[1].ledger.flows[:, :, Flow.PLACEMENT_MOVES].sum()
    assert counted.tolist() == [moves if kind == "placement_move" else 0 for kind in kinds(tables)]
    assert moves > 0


def test_v06_moves_with_constant_hazard_come_geometrically(
    tables: Tables, values: Values, key: Key, today: Surroundings, calm: World
) -> None:
    """V06: at each age, of 20,000 children 1 - exp(-hazard) move, each kind apart; days are uniform.

    False alarms 1e-6 for each kind and age (49) and for days; 99% power for a probability off by 0.018 at most.
    """
    children = alike(cohort(tables, values, ["sandwell"], 20_000, key))
    world = calm._replace(moves_gradient=np.ones_like(calm.moves_gradient))
    book = run(today, world, children, years=ADULT).ledger
    for number, kind in enumerate(kinds(tables)):
        for age in range(ADULT):
            rows = [row for row in tables.rows["instability_events"] if row.kind == kind]
            hazard = sum(row.hazard for row in rows if row.age_from <= age <= row.age_to)
            alive, moved = book.alive[age].sum(), book.instability[age, :, number].sum()
            assert binomial_agrees(moved, alive, -math.expm1(-hazard)), (kind, age)
    days = told(one_year(today, world, children[:4_000], 0, LINES)[1], Entry.INSTABILITY)["day"]
    assert binomial_agrees(np.bincount(days * 5 // DAYS, minlength=5), len(days), 0.2)


def test_cost_is_events_times_unit_cost_and_is_borne_by_somebody(
    tables: Tables, values: Values, today: Surroundings, moving: World, sandwell: Any
) -> None:
    """V24: each kind costs its events times its price; children, ledger and payers agree. Exact, payers to rounding."""
    free = moving._replace(outside_cost=np.zeros_like(moving.outside_cost))
    life = run(today, free, sandwell)
    for number in range(len(kinds(tables))):
        rows = free.moves[free.moves["kind"] == number]
        assert len(set(rows["cost"].tolist())) == 1
        events = life.ledger.instability[:, :, number].sum()
        assert events > 0
        assert life.ledger.instability_cost[:, :, number].sum() == events * rows["cost"][0]
    dear = run(today, moving, sandwell)
    book = dear.ledger
    assert book.instability_cost.sum() != life.ledger.instability_cost.sum()
    assert dear.children["cost"].sum() == book.cost.sum() + book.instability_cost.sum()
    summed = sums(tables, values, dear, ["sandwell"])
    payers = [name for name in summed if name.startswith("service_cost_") and name != "service_cost_discounted"]
    assert sum(summed[name][0] for name in payers) == pytest.approx(summed["service_cost"][0], rel=1e-12)
    assert summed["service_cost_housing"][0] > 0
    table = instability_table(tables, dear, "sandwell").groupby("kind")[["events", "cost"]].sum()
    assert table["cost"].sum() == pytest.approx(book.instability_cost.sum() / 10_000, rel=1e-12)
    assert table["events"].sum() == book.instability.sum() + book.flows[:, :, Flow.THREE_OR_MORE_PLACEMENTS].sum()


def test_placements_outside_leave_the_mean_placement_at_its_published_cost(
    tables: Tables, values: Values, moving: World
) -> None:
    """The share outside times its cost and the rest times theirs is the published cost. To rounding of a day."""
    share = moving.outside_share
    within, outside = moving.outside_cost
    assert np.abs(share * outside + (1 - share) * within).max() <= 1.0
    foster = number_of(tables, "foster_care")
    day = moving.cost_day[:, foster]
    assert np.allclose((day + outside[:, foster]) / (day + within[:, foster]), 1.3, atol=1e-5)


def test_a_placement_move_worked_by_hand(tables: Tables, values: Values, today: Surroundings, calm: World) -> None:
    """A child placed within moves outside on a day: days within, days outside, and two prices a move. Exact."""
    foster = number_of(tables, "foster_care")
    services = with_fields(calm.services, placement_move_rate=0.0)
    services["placement_move_rate"][foster] = 1.5
    world = calm._replace(
        services=services, outside_share=np.ones_like(calm.outside_share), moves=with_fields(calm.moves, hazard=0.0)
    )
    children = aged(tables, 8, number_of(tables, "primary_school"), support=foster, since=0, open_since=0)
    after, book = one_year(today, world, children, 8, LINES)
    lines = told(book, Entry.PLACEMENT_MOVE)
    price = world.moves["cost"][world.placement_move] + world.moves["cost"][world.outside]
    within, outside = (world.outside_cost[k, children["authority"][0], foster] for k in (0, 1))
    for child in after:
        days = lines[lines["child"] == child["id"]]["day"] - 8 * DAYS
        moved = len(days)
        first = int(days.min()) if moved else DAYS
        extra = first * within + (DAYS - first) * outside + moved * price
        others = child["cost"] - extra
        assert others == DAYS * (
            world.cost_day[child["authority"], foster] + world.cost_day[child["authority"], child["education"]]
        )
        assert child["out_of_area"] == (moved > 0)
        assert child["placements"] == 1 + moved
    assert 10 < (after["out_of_area"] == 1).sum() < SIZE


@pytest.mark.parametrize(("share", "outside"), [(0.0, 0), (1.0, 1)])
def test_every_placement_is_decided_once(
    tables: Tables, today: Surroundings, moving: World, sandwell: Any, share: float, outside: int
) -> None:
    """With a share of 0 nobody, of 1 every looked-after child is placed outside, and no other child ever. Exact."""
    world = moving._replace(outside_share=np.where(moving.outside_share > 0, share, 0.0))
    seen: list[Any] = []
    run(today, world, sandwell, years=ADULT, watch=lambda _, records: seen.append(records.copy()))
    looked_after = np.flatnonzero(world.services["tier"] == 3)
    for records in seen[:17]:
        placed = np.isin(records["support"], looked_after)
        assert (records["out_of_area"][placed] == outside).all()
        assert (records["out_of_area"][~placed] == 0).all()
    assert placed.any()


def test_looked_after_children_move_by_placements_alone(tables: Tables, today: Surroundings, calm: World) -> None:
    """With every hazard certain, a looked-after pupil moves school, not home; others do both. Exact."""
    world = calm._replace(moves=with_fields(calm.moves, hazard=np.where(calm.moves["hazard"] > 0, 1e9, 0.0)))
    primary, foster = number_of(tables, "primary_school"), number_of(tables, "foster_care")
    for support, expected in ((foster, {"school_move"}), (255, {"school_move", "home_move", "family_homelessness"})):
        children = aged(tables, 8, primary, support=support, since=0, open_since=0)
        after, book = one_year(today, world, children, 8)
        counted = book.instability.sum(axis=(0, 1))
        assert {kind for kind, each in zip(kinds(tables), counted, strict=True) if each} == expected
        assert set(counted[counted > 0].tolist()) == {SIZE}
        assert (after["moved"] == 1).all()
    homes = with_fields(world.moves, hazard=np.where(world.moves["exposes"] == 0, world.moves["hazard"], 0.0))
    after, _ = one_year(today, world._replace(moves=homes), children, 8)
    assert (after["moved"] == 0).all()


def test_m04_more_moves_mean_fewer_adversities_for_no_twin(
    tables: Tables, values: Values, key: Key, today: Surroundings, calm: World, moving: World, sandwell: Any
) -> None:
    """M04: where nothing else happens, thrice the hazards leave no twin with fewer moves or CATs; over all, more.

    Exact; in the whole model the sum of CATs of 2,000 children rises.
    """
    harmed = with_scalars(calm, instability_of_move=0.3)
    often = harmed._replace(moves=with_fields(calm.moves, hazard=3 * calm.moves["hazard"]))
    few, many = (run(today, each, sandwell, years=ADULT).children for each in (harmed, often))
    assert (many["cats"] >= few["cats"]).all()
    assert (many["cost"] >= few["cost"]).all()
    assert many["cats"].sum() > 1.5 * few["cats"].sum() > 0
    whole = moving._replace(moves=with_fields(moving.moves, hazard=3 * moving.moves["hazard"]))
    totals = [run(today, each, sandwell, years=ADULT).children["cats"].sum() for each in (moving, whole)]
    assert totals[1] > totals[0]


def test_shares_that_harm_follow_the_ratio(tables: Tables, values: Values, today: Surroundings, calm: World) -> None:
    """Of certain moves into homelessness, `instability_of_move` times its ratio are an adversity. False alarm 1e-6.

    6,000 moves: 99% power for a share off by 0.05.
    """
    hazard = np.where(calm.moves["harm"] == 2.0, 1e9, 0.0)
    world = with_scalars(calm._replace(moves=with_fields(calm.moves, hazard=hazard)), instability_of_move=0.25)
    children = aged(tables, 8, number_of(tables, "primary_school"))
    every = np.repeat(children, 100)
    every["id"] = children["id"][0] + np.arange(len(every))
    after, book = one_year(today, world, every, 8)
    assert book.instability.sum() == len(every)
    assert binomial_agrees(int(after["cats"].sum()), len(every), 0.5)


@pytest.mark.slow
def test_v24_a_run_with_moves_tells_what_housing_pays(tmp_path: Path) -> None:
    """V24: with moves on, headline and break-even have a row of housing, and payers sum to all. To rounding."""
    path = tmp_path / "moving.toml"
    path.write_text(
        'name = "moving"\n[[lever]]\nkind = "prevention"\nadd = 0.3\n[switches]\ninstability_events = true\n'
    )
    found = base_case.run("sandwell", draws=1, children=30, scenario=path, jobs=1)
    mean = found.headline[found.headline["scenario"] == "today"].set_index("quantity")["mean"]
    payers = (*PAYERS, "housing")
    assert sum(mean[f"service_cost_{payer}"] for payer in payers) == pytest.approx(mean["service_cost"], rel=1e-9)
    spared = found.tables["break_even"].set_index("payer")["mean"]
    assert spared["all payers"] == pytest.approx(sum(spared[payer] for payer in payers), abs=1e-9)
    assert mean["service_cost_housing"] > 0


def test_off_nothing_of_it_is_told(lived: Any, tables: Tables) -> None:
    """Off, as by default: no event, no cost, nobody outside. Exact."""
    assert scenario().switches.instability_events is False
    assert not lived.life.ledger.instability.any()
    assert not lived.life.ledger.instability_cost.any()
    assert instability_table(tables, lived.life, "sandwell").groupby("kind")["cost"].sum().eq(0).all()
