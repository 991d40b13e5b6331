"""The command for residents: scaled to all of them, twins from one burn-in, and refusals in one line."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments import resident_report, resident_run
from experiments.resident_run import MEASURES, ResidentResults
from experiments.results import DIFFERENCE, TODAY
from simulation.errors import InputError
from simulation.inputs import load_tables
from simulation.residents import BURN_IN
from simulation.scenario import Lever, Scenario, Switches

pytest_plugins = ("command_line_fixtures",)
pytestmark = pytest.mark.slow
LATER = Scenario(
    name="later",
    levers=(Lever(kind="prevention", add=0.5, start=2026),),
    switches=Switches(instability_events=True),
)


@pytest.fixture(scope="module")
def small() -> ResidentResults:
    return resident_run.run("solihull", years=4, draws=2, share=0.02, scenario=LATER, jobs=2)


def means(results: ResidentResults, scenario: str, quantity: str) -> list[float]:
    table = results.yearly
    return table[(table["scenario"] == scenario) & (table["quantity"] == quantity)]["mean"].tolist()


def test_every_quantity_scenario_and_year_stands_once(small: ResidentResults) -> None:
    assert len(small.yearly) == 3 * 4 * len(MEASURES)
    assert not small.yearly.duplicated(["place", "scenario", "year", "quantity"]).any()
    assert sorted(small.yearly["year"].unique()) == [2025, 2026, 2027, 2028]


def test_m08_a_later_policy_changes_nothing_before_it(small: ResidentResults) -> None:
    """M08: from one burn-in the twins are the same until the lever begins, on 1 April 2026, and then part. Exact."""
    for measure in MEASURES:
        assert means(small, DIFFERENCE, measure.name)[:2] == [0.0, 0.0], measure.name
    assert all(gap < 0 for gap in means(small, DIFFERENCE, "cats")[2:])


def test_counts_are_scaled_up_to_all_residents(small: ResidentResults) -> None:
    """The 2% that are simulated stand for the children of the table, but for rounding of each age and a few deaths."""
    values = load_tables().values()
    children = sum(values[f"residents.solihull.{age}.residents"] for age in range(18))
    assert np.mean(means(small, TODAY, "children")) == pytest.approx(children, rel=0.02)
    cost = means(small, TODAY, "service_cost")
    payers = [means(small, TODAY, f"service_cost_{payer}") for payer in resident_run.PAYERS]
    assert np.sum(payers, axis=0) == pytest.approx(cost)
    assert min(means(small, TODAY, "service_cost_housing")) > 0.0


def test_threads_change_nothing(small: ResidentResults) -> None:
    again = resident_run.run("solihull", years=4, draws=2, share=0.02, scenario=LATER, jobs=1)
    assert again.yearly.equals(small.yearly)


def test_the_folder_holds_table_figure_and_manifest(small: ResidentResults, tmp_path: Path) -> None:
    folder = resident_report.write(small, tmp_path / "out", False)
    assert {"yearly.csv", "yearly.parquet", "figure.png", "summary.txt", "manifest.json"} == {
        path.name for path in folder.iterdir()
    }
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["settings"]["burn_in"] == BURN_IN
    assert "--population resident" in manifest["settings"]["command"]
    assert "Not for predicting" in (folder / "summary.txt").read_text()
    summary = " ".join((folder / "summary.txt").read_text().split())
    assert max(map(len, (folder / "summary.txt").read_text().splitlines())) <= 100
    assert "Warning: Only 2 draws: bands are rough; 64 or more are advised." in summary
    assert manifest["warnings"] == ["Only 2 draws: bands are rough; 64 or more are advised."]
    many = replace(small, plan=replace(small.plan, draws=64))
    assert resident_report.warnings(many) == ()
    assert "Warning" not in resident_report.screen(many)
    with pytest.raises(InputError, match="the folder exists already"):
        resident_report.write(small, folder, False)


def test_the_command_answers_in_json(wellheld, here: Path) -> None:
    words = "run solihull --population resident --years 1 --draws 1 --share 0.01 --json --quiet --out r"
    found = wellheld(*words.split())
    rows = json.loads(found.out)
    assert found.code == 0
    assert (here / "r" / "yearly.csv").exists()
    assert len(rows) == 3 * len(MEASURES)
    assert rows[0]["mcse"] is None


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--years 3", "--years 3 belongs to --population resident; remove it, or change the population"),
        ("--population resident --children 9", "--children 9 belongs to --population cohort; remove it"),
        ("--population resident --years 0", "--years 0 is outside 1 to 35"),
        ("--population resident --share 1.5", "--share 1.5 is outside 0 to 1"),
    ],
)
def test_b_what_cannot_be_run_is_refused(refused, words: str, line: str) -> None:
    assert line in refused("run", "solihull", *words.split(), "--out", "r")
