"""Needs against resources: who has a service and who waits are counted once, and the gap is need above places."""

import numpy as np
import pandas as pd
import pytest

from experiments.resources import needs_against_resources, screen
from simulation.inputs import load_tables
from simulation.scenario import Lever, Scenario

pytestmark = pytest.mark.slow
TABLES = load_tables()
FEW = Scenario(name="few", levers=(Lever(kind="supply", multiply=0.3),))


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    return needs_against_resources(TABLES, ["solihull", "sandwell"], FEW, share=0.04)


def test_every_service_stands_once_in_each_place(found: pd.DataFrame) -> None:
    assert len(found) == 2 * len(TABLES.rows["services"])
    assert not found.duplicated(["place", "service"]).any()


def test_need_is_who_has_it_and_who_waits_and_the_gap_what_places_lack(found: pd.DataFrame) -> None:
    assert found["need"].to_numpy() == pytest.approx(found["have"] + found["wait"] + found["turned_away"])
    assert found["gap"].to_numpy() == pytest.approx(found["need"] - found["have"])
    asked = found[["asked_first", "asked_next", "asked_last"]].sum(axis=1)
    assert (found["turned_away"] <= asked).all()
    assert found["turned_away"].sum() > 0
    listed = found[found["rationed_by"] == "waiting_list"]
    assert (listed["have"] <= listed["places"] * 1.1 + 1 / 0.04).all()
    assert (listed.loc[listed["wait"] > 0, "refused"] > 0).all()
    assert listed["wait"].sum() > 0
    assert (found.loc[found["rationed_by"] != "waiting_list", "wait"] == 0).all()


def test_more_places_leave_a_smaller_gap(found: pd.DataFrame) -> None:
    after = needs_against_resources(TABLES, ["solihull"], Scenario.today(), share=0.04)

    def gap(table: pd.DataFrame) -> float:
        return float(table[(table["place"] == "solihull") & (table["service"] == "family_support")]["wait"].iloc[0])

    assert gap(after) < gap(found)


def test_the_screen_shows_rationed_services_only(found: pd.DataFrame) -> None:
    text = screen(found, "solihull and sandwell")
    assert "camhs" in text
    assert "foster care" not in text
    assert max(map(len, text.splitlines())) <= 100
    assert np.isfinite(found["have"]).all()
