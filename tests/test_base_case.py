"""The main job, whole: a headline that is complete, in order, the same again, and 0 where nothing changes."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import assembly, base_case
from experiments.plan import make_plan
from experiments.quantities import PAYERS, QUANTITIES
from experiments.report import csv_bytes
from experiments.results import DIFFERENCE, HEADLINE_COLUMNS, REGION, TODAY, Results
from simulation.build import deflator
from simulation.errors import InputError
from simulation.inputs import Tables
from simulation.scenario import Lever, Scenario

NUMBERS = ["mean", "mcse", "low_95", "low_80", "high_80", "high_95"]
AUTHORITIES = 7


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Take smaller cohorts for reference and for the comparison with data: nothing here rests on their size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base_case, "REFERENCE_CHILDREN", 1000)
        patch.setattr(base_case, "PLAUSIBLE_CHILDREN", 4000)
        yield


@pytest.fixture(scope="module")
def small() -> Results:
    """Run 4 draws of 30 children of Sandwell, two at a time."""
    return base_case.run("sandwell", draws=4, children=30, jobs=2)


@pytest.fixture(scope="module")
def region() -> Results:
    """Run 4 draws of 30 children of each authority."""
    return base_case.run("region", draws=4, children=30, jobs=2)


@pytest.fixture(scope="module")
def smallest() -> tuple[Results, list[tuple[int, int]]]:
    """Run one draw of six children, and keep what is told of its progress."""
    told: list[tuple[int, int]] = []
    return tiny(progress=lambda done, every: told.append((done, every))), told


@pytest.fixture(scope="module")
def unchanged() -> Results:
    """Run the scenario that changes nothing."""
    return base_case.run("sandwell", draws=4, children=30, jobs=2, scenario="unchanged")


def rows(results: Results, scenario: str, place: str | None = None) -> pd.DataFrame:
    """Take a scenario's rows of the headline, by quantity."""
    table = results.headline
    chosen = table[(table["scenario"] == scenario) & (table["place"] == (place or results.place))]
    return chosen.set_index("quantity")


def tiny(**options: Any) -> Results:
    """Run one draw of six children."""
    return base_case.run(**({"place": "sandwell", "draws": 1, "children": 6, "jobs": 2} | options))


def written(results: Results) -> dict[str, bytes]:
    """Write every table as it would be written to the results folder."""
    return {name: csv_bytes(table) for name, table in {"headline": results.headline, **results.tables}.items()}


# Complete and in order


@pytest.mark.parametrize("name", ["small", "region", "unchanged"])
def test_headline_has_every_quantity_scenario_and_place_once(name: str, request: pytest.FixtureRequest) -> None:
    """Every quantity stands once for each place and scenario, with its unit and every column. Exact."""
    results: Results = request.getfixturevalue(name)
    table = results.headline
    assert set(HEADLINE_COLUMNS) <= set(table.columns)
    assert not table.duplicated(["place", "scenario", "quantity"]).any()
    places = AUTHORITIES + 1 if name == "region" else 1
    assert len(table) == places * 3 * len(QUANTITIES)
    assert set(table["scenario"]) == {TODAY, results.improved, DIFFERENCE}
    assert set(table["quantity"]) == {quantity.name for quantity in QUANTITIES}
    assert dict(zip(table["quantity"], table["unit"], strict=True)) == {each.name: each.unit for each in QUANTITIES}


@pytest.mark.parametrize("name", ["small", "region", "unchanged"])
def test_bands_are_finite_and_nested(name: str, request: pytest.FixtureRequest) -> None:
    """V30: 95% bands hold the 80% bands; errors are not negative; shares lie in 0-1 or are missing at 0. Exact."""
    table = request.getfixturevalue(name).headline
    assert np.isfinite(table[NUMBERS].to_numpy()).all()
    for lower, upper in (("low_95", "low_80"), ("low_80", "high_80"), ("high_80", "high_95")):
        assert (table[lower] <= table[upper]).all()
    assert (table["mcse"] >= 0).all()
    for share in ("share_from_assumption", "share_from_chance"):
        assert (table[share].between(0, 1) | (table[share].isna() & (table["mcse"] == 0))).all()


def test_difference_is_improved_less_today(small: Results) -> None:
    """Twins are paired: the mean difference is the difference of the means. To rounding."""
    means = [rows(small, scenario)["mean"] for scenario in (TODAY, small.improved, DIFFERENCE)]
    assert (means[1] - means[0]).to_numpy() == pytest.approx(means[2].to_numpy(), abs=1e-9)
    assert (means[2] != 0).sum() > len(QUANTITIES) / 2


def test_v22_v24_parts_of_the_headline_add_up(small: Results) -> None:
    """V22, V24: DALYs are YLL and YLD; what the payers pay is the service cost; what is due is part. To rounding."""
    for scenario in (TODAY, small.improved, DIFFERENCE):
        mean = rows(small, scenario)["mean"]
        assert mean["dalys"] == pytest.approx(mean["yll"] + mean["yld"], rel=1e-9)
        paid = sum(mean[f"service_cost_{payer}"] for payer in PAYERS)
        assert paid == pytest.approx(mean["service_cost"], rel=1e-9)
    today = rows(small, TODAY)["mean"]
    assert 0 < today["service_cost_due_to_adversity"] < today["service_cost"]


def test_v24_break_even_is_cashable_and_released(small: Results) -> None:
    """V24: each payer's break-even is its cashable part and the capacity released; payers sum to all. To rounding."""
    mean = small.tables["break_even"].set_index("payer")["mean"]
    for payer in (*PAYERS, "all payers"):
        assert mean[payer] == pytest.approx(mean[f"{payer}: cashable"] + mean[f"{payer}: capacity released"], abs=1e-9)
    assert mean["all payers"] == pytest.approx(sum(mean[payer] for payer in PAYERS), abs=1e-9)


def test_a_life_and_a_year_are_reconciled(small: Results) -> None:
    """A stationary population bears in a year what a cohort bears in its life; YLL and YLD are DALYs. To rounding."""
    table = small.tables["reconciliation"].set_index(["quantity", "basis"])["mean"]
    due = table["DALYs due to adversity"]
    assert due["a year in the stationary population"] == pytest.approx(30 * due["per person over a life"], rel=1e-9)
    assert table["YLL due to adversity"]["paired, per person"] + table["YLD due to adversity"]["per person"] == (
        pytest.approx(due["per person over a life"], rel=1e-9)
    )
    today = rows(small, TODAY)["mean"]
    assert due["a year in the stationary population"] == pytest.approx(today["dalys"], rel=1e-9)
    lost = table["lost GDP, GBP million"]["a year in the stationary population"]
    assert lost == pytest.approx(today["lost_gdp"], rel=1e-9)


def test_interventions_cost_where_they_are_bought(tables: Tables) -> None:
    """A named intervention costs its price for those it reaches, in its places alone, as the scenario sets it."""
    bought = Lever(kind="intervention", name="triple_p", coverage=0.3, authorities=("dudley",))
    plan = make_plan("region", 1, 1, 6, Scenario(name="bought", levers=(bought,)), "compiled")
    dear = make_plan(
        "region",
        1,
        1,
        6,
        Scenario(name="dear", levers=(bought,), numbers={"interventions.triple_p.cost": 1000.0}),
        "compiled",
    )
    price = tables.numbers["interventions.triple_p.cost"].value
    year = next(row.price_year for row in tables.rows["interventions"] if row.intervention == "triple_p")
    assert assembly.known_cost(plan, "sandwell") == 0.0
    assert assembly.known_cost(plan, "dudley") == pytest.approx(
        0.3 * price * deflator(tables, plan.values(0, 0), year), rel=1e-9
    )
    assert assembly.known_cost(dear, "dudley") == pytest.approx(assembly.known_cost(plan, "dudley") * 1000.0 / price)


def test_channels_add_up_to_the_difference() -> None:
    """Prevention and the channels, one after another, add up to the difference of the same twins. To rounding."""
    plan = make_plan("sandwell", 1, 1, 60, "improved", "compiled")
    task = base_case.one_draw(plan, 0, 0)
    table = assembly.decomposition(plan, [task])
    assert table["channel"].unique().tolist() == list(base_case.STAGES)
    for name, scale in (("dalys", 1.0), ("lost_gdp_discounted", 1e6)):
        gap = (task.sums[0]["improved"][name] - task.sums[0]["today"][name])[0] / scale
        assert gap != 0
        assert table.loc[table["quantity"] == name, "mean"].sum() == pytest.approx(gap, rel=1e-9)


# V25: no change


def test_v25_unchanged_every_difference_is_zero(unchanged: Results) -> None:
    """V25: without a lever, means, errors and bands of every difference are 0. Exact."""
    found = rows(unchanged, DIFFERENCE)
    assert len(found) == len(QUANTITIES)
    assert (found[NUMBERS] == 0).all(axis=None)


@pytest.mark.parametrize("name", ["break_even", "decomposition"])
def test_v25_unchanged_no_table_of_differences_has_any(unchanged: Results, name: str) -> None:
    """V25: without a lever, nothing could be spent and no channel brings anything. Exact."""
    table = unchanged.tables[name]
    numbers = [column for column in NUMBERS if column in table]
    assert len(table) > 5
    assert (table[numbers] == 0).all(axis=None)


def test_v25_unchanged_is_today_and_says_so(unchanged: Results) -> None:
    """V25: the unchanged scenario's rows are today's; the words say that nothing changes. Exact."""
    assert rows(unchanged, "unchanged")[NUMBERS].equals(rows(unchanged, TODAY)[NUMBERS])
    assert unchanged.assumptions == ("The scenario changes nothing: every difference is exactly 0.",)
    assert (unchanged.tables["drivers"]["rank_correlation"] == 0).all()


def test_todays_rows_do_not_depend_on_the_scenario(small: Results, unchanged: Results) -> None:
    """Today is today, whatever it is set against. Bit for bit."""
    assert rows(small, TODAY)[NUMBERS].equals(rows(unchanged, TODAY)[NUMBERS])


# E01, E02, E04


def test_e02_e04_same_seed_same_bytes_whatever_the_jobs(small: Results) -> None:
    """E02, E04: the same seed gives the same bytes of every table, on one thread or two. Exact."""
    again = base_case.run("sandwell", draws=4, children=30, jobs=1)
    assert written(again) == written(small)
    assert (again.assumptions, again.warnings, again.settings) == (small.assumptions, small.warnings, small.settings)


def test_e04_another_seed_gives_other_bytes(smallest: tuple[Results, Any]) -> None:
    """E04: another seed gives another headline."""
    assert csv_bytes(tiny(seed=2).headline) != csv_bytes(smallest[0].headline)


def test_e01_mesa_gives_the_same_headline(smallest: tuple[Results, Any]) -> None:
    """E01: the engine to read and teach gives every table of the compiled one. Bit for bit."""
    mesa, compiled = tiny(engine="mesa"), smallest[0]
    assert mesa.headline.equals(compiled.headline)
    assert written(mesa) == written(compiled)
    assert (mesa.settings["engine"], compiled.settings["engine"]) == ("mesa", "compiled")


def test_progress_is_told_to_its_end(smallest: tuple[Results, Any]) -> None:
    """Each of the draw's two tasks is told once, the last with all done. Exact."""
    assert smallest[1] == [(1, 2), (2, 2)]


# The region


def test_region_totals_are_sums_over_authorities(region: Results) -> None:
    """Totals of the region are the sums of its seven authorities. To rounding."""
    assert len(region.places) == AUTHORITIES + 1
    totals = [quantity.name for quantity in QUANTITIES if not quantity.per_child]
    for scenario in (TODAY, region.improved, DIFFERENCE):
        whole = rows(region, scenario, REGION)["mean"][totals]
        parts = sum(rows(region, scenario, place)["mean"][totals] for place in region.places if place != REGION)
        assert whole.to_numpy() == pytest.approx(parts.to_numpy(), rel=1e-9, abs=1e-12)


def test_region_rates_are_means_of_equal_authorities(region: Results) -> None:
    """With as many children in each authority, the region's shares and means a child are plain means. To rounding."""
    each = [quantity.name for quantity in QUANTITIES if quantity.per_child]
    for scenario in (TODAY, region.improved, DIFFERENCE):
        whole = rows(region, scenario, REGION)["mean"][each]
        parts = sum(rows(region, scenario, place)["mean"][each] for place in region.places if place != REGION)
        assert whole.to_numpy() == pytest.approx(parts.to_numpy() / AUTHORITIES, rel=1e-9, abs=1e-12)


def test_region_rates_are_weighted_by_children() -> None:
    """Where authorities differ in size, a region's mean a child weighs each by its children. By hand."""
    sums = {"children": np.array([10.0, 30.0]), "cats": np.array([20.0, 30.0])}
    tasks = [SimpleNamespace(sums=[dict.fromkeys(("today", "improved", "none"), sums)] * 2)] * 2
    plan: Any = SimpleNamespace(draws=1, places=("one", "other"), place=REGION)
    cats = next(quantity for quantity in QUANTITIES if quantity.name == "cats")
    found = assembly.value(cats, "today", assembly.stack(plan, tasks))
    assert found.shape == (2, 1, 2, 3)
    assert (found == [2.0, 1.0, 1.25]).all()


# What scenarios do


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
