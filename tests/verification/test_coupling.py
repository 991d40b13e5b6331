"""Interaction: off it changes nothing, rationing goes by priority, and no change is no change."""

from typing import Any

import numpy as np
import pytest
from worlds import scenario

from simulation.cohort import Life, run
from simulation.context import Surroundings
from simulation.inputs import Tables
from simulation.population import cohort
from simulation.scenario import Lever
from simulation.world import World

Key = tuple[int, int, int]


def same(one: Life, other: Life) -> bool:
    """Tell whether two runs have the same records and the same ledger, byte for byte."""
    if one.children.tobytes() != other.children.tobytes():
        return False
    return all(a.tobytes() == b.tobytes() for a, b in zip(one.ledger, other.ledger, strict=True))


def coupled(tables: Tables, values: dict[str, float], **switches: bool) -> Surroundings:
    """Take today's services with some interaction switched on."""
    return Surroundings(tables, values, scenario(**switches))


def test_v17_without_slope_amplification_is_the_uncoupled_run(
    tables: Tables, values: dict[str, float], world: World, sandwell: Any, lived: Any
) -> None:
    """V17: alpha = 0 with amplification on returns the run with it off. Bit for bit."""
    flat = coupled(tables, values | {"amplification_slope": 0.0}, amplification=True)
    assert same(run(flat, world, sandwell), lived.life)


def test_v17_amplification_is_felt(
    tables: Tables, values: dict[str, float], world: World, sandwell: Any, lived: Any
) -> None:
    """V17: with its own slope amplification changes lives, and only ever adds adversity to them. Exact."""
    raised = run(coupled(tables, values, amplification=True), world, sandwell)
    assert not same(raised, lived.life)
    assert raised.children["cats"].sum() > lived.life.children["cats"].sum()


@pytest.mark.parametrize(("crosstalk", "reaches"), [(0.0, False), (0.6, True)])
def test_v17_without_crosstalk_other_deciles_are_not_felt(
    tables: Tables, values: dict[str, float], world: World, sandwell: Any, crosstalk: float, reaches: bool
) -> None:
    """V17: chi = 0: what the most deprived decile carries reaches no other; with crosstalk it does. Bit for bit."""
    s = coupled(tables, values | {"crosstalk": crosstalk, "amplification_slope": 2.0}, amplification=True)
    rest = sandwell[sandwell["decile"] > 0]
    burdened = sandwell.copy()
    burdened["frailty"][sandwell["decile"] == 0] *= 4
    lives = [run(s, world, children).children for children in (sandwell, burdened)]
    here, there = (each[np.isin(each["id"], rest["id"])] for each in lives)
    assert (here.tobytes() != there.tobytes()) is reaches


def test_v16_unlimited_places_are_the_uncapped_run(
    tables: Tables, values: dict[str, float], world: World, sandwell: Any, lived: Any
) -> None:
    """V16: rationing with places for everybody returns the run without rationing. Bit for bit.

    Only the tally of places asked for and given, which nobody keeps without rationing, is its own.
    """
    plenty = {name: 1e9 for name in values if name.startswith("services.") and name.endswith(".places")}
    free = run(coupled(tables, values | plenty, rationing=True), world, sandwell)
    assert free.ledger.asked[0] > 0
    assert not free.ledger.refused.any()
    book = free.ledger._replace(asked=lived.life.ledger.asked, admitted=lived.life.ledger.admitted)
    assert same(free._replace(ledger=book), lived.life)


def test_v16_scarce_places_leave_more_need_unmet(
    tables: Tables, values: dict[str, float], world: World, sandwell: Any, lived: Any
) -> None:
    """V16: with no places at all beyond universal services, more children end in no service. Exact."""
    rows = {row.service: row for row in tables.rows["services"]}
    none = {f"services.{name}.places": 0.0 for name, row in rows.items() if row.tier != "universal"}
    capped = run(coupled(tables, values | none, rationing=True), world, sandwell)
    assert capped.children["years_unmet"].sum() > 1.5 * lived.life.children["years_unmet"].sum()


UNCHANGED = {
    "no lever": (),
    "sufficiency": (Lever(kind="sufficiency", add=0.0),),
    "tip_alignment": (Lever(kind="tip_alignment", multiply=1.0),),
    "supply": (Lever(kind="supply", multiply=1.0),),
    "prevention": (Lever(kind="prevention", add=0.0),),
    "poverty": (Lever(kind="poverty", add=0.0),),
    "placement_stability": (Lever(kind="placement_stability", add=0.0),),
    "recovery": (Lever(kind="recovery", add=0.0),),
    "community_capacity": (Lever(kind="community_capacity", multiply=1.0),),
    "intervention": (Lever(kind="intervention", name="triple_p", coverage=0.0),),
    "later than life": (Lever(kind="prevention", add=0.5, start=2190),),
}


@pytest.mark.parametrize("levers", UNCHANGED.values(), ids=UNCHANGED)
def test_v25_a_scenario_without_change_changes_nothing(
    tables: Tables, values: dict[str, float], world: World, sandwell: Any, lived: Any, levers: tuple[Lever, ...]
) -> None:
    """V25: a lever that moves nothing leaves every record and every count. Bit for bit."""
    assert same(run(Surroundings(tables, values, scenario(*levers)), world, sandwell), lived.life)


def test_v25_a_run_leaves_its_children_and_world_as_they_were(
    tables: Tables, values: dict[str, float], key: Key, today: Surroundings, world: World
) -> None:
    """V25: a run changes neither the records that it is given nor the world. Bit for bit."""
    children = cohort(tables, values, ["solihull"], 50, key)
    before = children.tobytes(), [np.asarray(part).tobytes() for part in world]
    for engine in ("compiled", "mesa"):
        run(today, world, children, engine)
    assert (children.tobytes(), [np.asarray(part).tobytes() for part in world]) == before
