"""Adult life in the results of a run: shown only where it is on, and it moves nothing else."""

import json

import pandas as pd
import pytest

from experiments import base_case, screen
from experiments.adult import QUANTITIES
from experiments.results import Results
from experiments.timeline import words
from simulation.scenario import Lever, Scenario, Switches

pytestmark = pytest.mark.slow

pytest_plugins = ("command_line_fixtures",)
LEVER = Lever(kind="prevention", add=0.3)


@pytest.fixture(scope="module")
def twins() -> dict[bool, Results]:
    """Run a few children with adult life off and on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base_case, "REFERENCE_CHILDREN", 200)
        patch.setattr(base_case, "PLAUSIBLE_CHILDREN", 1_400)
        return {
            on: base_case.run(
                "region",
                draws=1,
                children=40,
                jobs=1,
                scenario=Scenario(name="better", levers=(LEVER,), switches=Switches(adult_life=on)),
            )
            for on in (False, True)
        }


def test_the_headline_stays_with_adult_life_on(twins: dict[bool, Results]) -> None:
    """The headline, the channels and the break-even are those of the run without adult life. Exact."""
    pd.testing.assert_frame_equal(twins[True].headline, twins[False].headline)
    for name in ("break_even", "decomposition", "reconciliation", "flow_ledger"):
        pd.testing.assert_frame_equal(twins[True].tables[name], twins[False].tables[name])


def test_off_nothing_of_it_is_shown(twins: dict[bool, Results]) -> None:
    assert not {"adult_life", "agencies"} & set(twins[False].tables)
    assert "adult life" not in screen.screen(twins[False])


def test_on_it_stands_in_tables_and_on_the_screen(twins: dict[bool, Results]) -> None:
    """Each line by place and scenario; the difference is improved less today; the warning stands. To rounding."""
    table = twins[True].tables["adult_life"]
    wide = table.pivot_table(index=["place", "quantity"], columns="scenario", values="mean")
    assert len(wide) == len(QUANTITIES) * len(twins[True].places)
    assert (wide["difference"] - (wide["better"] - wide["today"])).abs().max() < 1e-9
    text = screen.screen(twins[True])
    assert "Young and adult life" in text
    assert "Transfers (no cost)" in text
    assert any("Add none of them to a cost" in warning for warning in twins[True].warnings)
    assert max(map(len, screen.adult_life(twins[True]))) <= screen.WIDTH


def test_the_region_is_the_sum_of_its_places(twins: dict[bool, Results]) -> None:
    """Money of the region is that of the seven. To rounding."""
    today = twins[True].tables["adult_life"].query("scenario == 'today' and quantity == 'earnings'")
    means = today.set_index("place")["mean"]
    assert means["region"] == pytest.approx(means.drop("region").sum())


def test_costs_and_transfers_are_different_sections(twins: dict[bool, Results]) -> None:
    """No line of money stands in two sections, and the parts of adult services sum to their total. To rounding."""
    table = twins[True].tables["adult_life"].query("scenario == 'today' and place == 'region'").set_index("quantity")
    parts = table[table.index.str.startswith("adult_service_cost_") & table["title"].str.startswith("paid by")]
    assert parts["mean"].sum() == pytest.approx(table["mean"]["adult_service_cost"])
    assert set(table[table["section"] == "Transfers (no cost)"].index) == {
        f"{name}{end}" for name in ("tax", "benefits") for end in ("", "_discounted")
    }


def test_the_command_counts_agencies(wellheld) -> None:
    """The table for the screen and for machines."""
    answer = wellheld("agencies", "sandwell", "--children", "60")
    assert answer.code == 0
    assert "ACEs" in answer.out
    rows = json.loads(wellheld("agencies", "sandwell", "--children", "60", "--json").out)
    assert {"age", "aces", "person_years", "mean_agencies"} <= set(rows[0])
    assert wellheld("agencies", "region").code == 2


def test_a_timeline_tells_of_adult_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work, attainment and adult services are told with the switch on, and never without."""
    monkeypatch.setattr("experiments.timeline.REFERENCE_CHILDREN", 100)
    words_of = {
        on: " ".join(
            line
            for child in range(6)
            for line in words(child, "sandwell", 1, Scenario(name="told", switches=Switches(adult_life=on)), 20)
        )
        for on in (False, True)
    }
    for what in ("In work", "Out of work", "Reaches level 2", "This year with: "):
        assert what in words_of[True]
        assert what not in words_of[False]
