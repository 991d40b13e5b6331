"""Needs against resources: who has a service and who waits are counted once, and the gap is need above places."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from agents.child import NEVER
from agents.names import ADULT
from experiments.plan import REFERENCE_CHILDREN, REFERENCE_SEED
from experiments.resources import YEARS, needs_against_resources, screen
from simulation.cohort import reference
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.inputs import load_tables
from simulation.residents import BURN_IN, Town, residents
from simulation.scenario import Lever, Scenario, Switches

pytestmark = pytest.mark.slow
TABLES = load_tables()
FEW = Scenario(name="few", levers=(Lever(kind="supply", multiply=0.3),))


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    return needs_against_resources(TABLES, ["solihull", "sandwell"], FEW, share=0.04)


def test_every_service_stands_once_in_each_place(found: pd.DataFrame) -> None:
    assert len(found) == 2 * len(TABLES.rows["services"])
    assert not found.duplicated(["place", "service"]).any()


def test_who_has_a_service_and_who_waits_are_those_of_the_records() -> None:
    """The table's stocks are the children counted from the records at each 31 March by themselves. Exact."""
    share = 0.03
    switches = Switches(rationing=True)
    values = dict(TABLES.values())
    values["first_year"] -= BURN_IN
    s = Surroundings(TABLES, values, FEW.model_copy(update={"switches": switches}))
    world = reference(TABLES, values, switches, seed_key(1, REFERENCE_SEED), REFERENCE_CHILDREN)
    town = Town(s, seed_key(1), ["solihull"], share)
    town.begin(0)
    have, wait = np.zeros((2, 256))

    def count(year: int, people: Any) -> None:
        if year >= BURN_IN:
            young = people[(year - people["birth_year"] < ADULT) & (people["died"] == NEVER)]
            have[:] += np.bincount(young["support"], minlength=256)
            wait[:] += np.bincount(young["waiting"], minlength=256)

    residents(s, world._replace(key=seed_key(1)), town, 0, BURN_IN + YEARS, watch=count)
    table = needs_against_resources(TABLES, ["solihull"], FEW, share=share)
    supports = [k for k, row in enumerate(TABLES.rows["services"]) if row.channel == "support"]
    assert table["have"].to_numpy()[supports] == pytest.approx(have[supports] / YEARS / share)
    assert table["wait"].to_numpy() == pytest.approx(wait[: len(table)] / YEARS / share)
    assert wait[: len(table)].sum() > 0


def test_who_is_turned_away_asked_and_who_waits_was_refused(found: pd.DataFrame) -> None:
    """Stocks keep to places, but for a child by rounding and one who moved in with a place: long stays keep it."""
    asked = found[["asked_first", "asked_next", "asked_last"]].sum(axis=1)
    assert (found["turned_away"] <= asked).all()
    assert found["turned_away"].sum() > 0
    listed = found[found["rationed_by"] == "waiting_list"]
    assert (listed["have"] <= listed["places"] * 1.1 + 2 / 0.04).all()
    assert listed["have"].sum() <= 1.1 * listed["places"].sum()
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
    stays = found["service"] != "assessment"
    assert np.isfinite(found.loc[stays, ["have", "need", "gap"]]).all(axis=None)
    assert found.loc[~stays, ["have", "need", "gap", "places"]].isna().all(axis=None)
