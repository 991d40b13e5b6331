"""The main job, whole: a headline that is complete, in order, the same again, and 0 where nothing changes."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from headlines import NUMBERS, rows, smaller, tiny

from experiments import assembly, base_case
from experiments.files import csv_bytes
from experiments.plan import make_plan
from experiments.quantities import PAYERS, QUANTITIES, value
from experiments.results import DIFFERENCE, HEADLINE_COLUMNS, REGION, TODAY, Results

AUTHORITIES = 7


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Take smaller cohorts where nothing rests on their size."""
    yield from smaller()


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


def written(results: Results) -> dict[str, bytes]:
    """Write every table as it would be written to the results folder."""
    return {name: csv_bytes(table) for name, table in {"headline": results.headline, **results.tables}.items()}


# Complete and in order


@pytest.mark.parametrize(
    "name", ["small", *(pytest.param(each, marks=pytest.mark.slow) for each in ("region", "unchanged"))]
)
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


@pytest.mark.parametrize(
    "name", ["small", *(pytest.param(each, marks=pytest.mark.slow) for each in ("region", "unchanged"))]
)
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


def test_channels_add_up_to_the_difference() -> None:
    """Prevention and the channels, one after another, add up to the difference of the same twins. To rounding."""
    plan = make_plan("sandwell", 1, 1, 400, "improved", "compiled")
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


@pytest.mark.slow
def test_e02_e04_same_seed_same_bytes_whatever_the_jobs(small: Results) -> None:
    """E02, E04: the same seed gives the same bytes of every table, on one thread or two. Exact."""
    again = base_case.run("sandwell", draws=4, children=30, jobs=1)
    assert written(again) == written(small)
    assert (again.assumptions, again.warnings, again.settings) == (small.assumptions, small.warnings, small.settings)


def test_e04_another_seed_gives_other_bytes(smallest: tuple[Results, Any]) -> None:
    """E04: another seed gives another headline."""
    assert csv_bytes(tiny(seed=2).headline) != csv_bytes(smallest[0].headline)


@pytest.mark.slow
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
    found = value(cats, "today", assembly.stack(plan, tasks))
    assert found.shape == (2, 1, 2, 3)
    assert (found == [2.0, 1.0, 1.25]).all()
