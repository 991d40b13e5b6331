"""The main job under scenarios of all kinds: what they move, what they cost, and what is refused."""

from collections.abc import Iterator
from typing import Any

import pytest
from headlines import NUMBERS, rows, smaller, tiny

from experiments.results import DIFFERENCE, TODAY
from simulation.errors import InputError
from simulation.inputs import Tables
from simulation.scenario import Lever, Scenario


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Take smaller cohorts where nothing rests on their size."""
    yield from smaller()


# What scenarios do


@pytest.mark.slow
def test_m13_numbers_act_on_both_twins_and_no_tip_effect_means_no_difference() -> None:
    """M13: with tip_effect set to 0, more TIP alignment changes nothing: every difference is 0. Exact."""
    aligned = Lever(kind="tip_alignment", add=0.6)
    none, some = (
        tiny(children=60, scenario=Scenario(name="aligned", levers=(aligned,), numbers={"tip_effect": effect}))
        for effect in (0.0, 0.5)
    )
    bands = [name for name in NUMBERS if name != "mcse"]
    assert (rows(none, DIFFERENCE)[bands] == 0).all(axis=None)
    assert (none.tables["break_even"][["mean", "low_95", "high_95"]] == 0).all(axis=None)
    assert (rows(some, DIFFERENCE)["mean"] != 0).any()


@pytest.mark.slow
def test_a_scenarios_numbers_hold_today_too(tables: Tables) -> None:
    """With discount rates of health at 0, discounted DALYs are DALYs, today as under the scenario. Exact."""
    rates = [name for name in tables.numbers if name.startswith("discount_rate_health")]
    assert rates
    found = tiny(
        scenario=Scenario(
            name="undiscounted",
            levers=(Lever(kind="prevention", add=0.3),),
            numbers=dict.fromkeys(rates, 0.0),
        )
    )
    for scenario in (TODAY, "undiscounted", DIFFERENCE):
        mean = rows(found, scenario)["mean"]
        assert mean["dalys_discounted"] == mean["dalys"] != 0
        assert abs(mean["lost_gdp_discounted"]) < abs(mean["lost_gdp"])


@pytest.mark.slow
def test_a_scenario_of_sufficiency_alone_changes_outcomes() -> None:
    """More Sufficiency alone, no prevention: fewer children are ever passed on, and costs and health move."""
    found = tiny(children=200, scenario=Scenario(name="sufficient", levers=(Lever(kind="sufficiency", add=0.35),)))
    mean = rows(found, DIFFERENCE)["mean"]
    assert mean["ever_escalated_universal"] < 0
    assert mean["ever_no_service_universal"] <= 0
    for name in ("service_cost", "dalys", "cats"):
        assert mean[name] != 0, name


# Bad input

REFUSED = {
    "place": ({"place": "sandwel"}, r"place: unknown place 'sandwel'\. Did you mean 'sandwell'\?"),
    "engine": ({"engine": "mesas"}, r"engine: unknown engine 'mesas'; give compiled or mesa"),
    "no draws": ({"draws": 0}, r"draws: 0 is below 1; 64 is the default"),
    "fewer draws": ({"draws": -3}, r"draws: -3 is below 1"),
    "negative seed": ({"seed": -1}, r"seed: -1 is outside 0 to \d+; choose a whole number within it"),
    "large seed": ({"seed": 2**63}, r"seed: \d+ is outside 0 to \d+; choose a whole number within it"),
    "no children": ({"children": 0}, r"children: 0 is outside 1 to \d+; choose a whole number within it"),
    "no jobs": ({"jobs": 0}, r"jobs: 0 is below 1; leave it out to use all cores"),
    "fewer jobs": ({"jobs": -2}, r"jobs: -2 is below 1"),
    "against itself": ({"scenario": "today"}, r"scenario 'today': a run already sets its scenario against today"),
    "number of the wrong sign": (
        {"scenario": Scenario(name="mine", numbers={"gdp_per_head": -1.0})},
        r"mine: key 'numbers\.gdp_per_head': -1\.0 is outside 0 to any \[.*\]; change it",
    ),
    "scenario file": ({"scenario": "no_such_scenario.toml"}, r"no_such_scenario\.toml: no such file"),
    "shipped scenario": ({"scenario": "improvd"}, r"improvd.* Did you mean 'improved'\?"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    """B: what cannot be used is refused before anything runs: what, its range, what to do."""
    with pytest.raises(InputError, match=message) as refused:
        tiny(**options)
    assert "\n" not in str(refused.value)
