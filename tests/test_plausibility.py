"""The model beside the statutory returns: every indicator, worked out as it says, and near on the main stocks."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from worlds import Lived

from agents.names import Ever, Flow
from experiments.base_case import beside_data
from experiments.plan import make_plan
from experiments.plausibility import BANDS, compare, indicators
from simulation.build import authority_names, service_names
from simulation.cohort import run
from simulation.context import Surroundings
from simulation.inputs import Tables
from simulation.world import World

MAIN = (
    "referral_rate",
    "child_in_need_rate",
    "child_in_need_starts_rate",
    "child_protection_plan_rate",
    "looked_after_rate",
    "looked_after_starting_rate",
)


@pytest.fixture(scope="module")
def found(tables: Tables, lived: Lived) -> dict[str, float]:
    """Work out the indicators of 2,000 children of Sandwell."""
    return indicators(tables, lived.life, ["sandwell"])


@pytest.fixture(scope="module")
def beside(tables: Tables) -> pd.DataFrame:
    """Set 20,000 children of Sandwell, as the main job does, beside the data."""
    return beside_data(make_plan("sandwell", 1, 1, 1, "improved", "compiled"))


def test_every_indicator_of_a_place_has_its_row(
    tables: Tables, today: Surroundings, world: World, england: Any, lived: Lived
) -> None:
    """Each row of the table of indicators is worked out by the model and stands in the comparison, once. Exact."""
    everywhere = run(today, world, england[:4_000])
    for place, life, places in (
        ("sandwell", lived.life, ["sandwell"]),
        ("region", lived.life, ["sandwell"]),
        ("england", everywhere, ["england"]),
    ):
        table = compare(tables, life, place, places)
        rows = [row for row in tables.rows["indicators"] if row.authority == place]
        assert rows
        assert table["indicator"].tolist() == [row.indicator for row in rows]
        assert table["data"].tolist() == [row.value for row in rows]
        assert table["year"].tolist() == [row.year for row in rows]


def test_ratios_are_model_over_data(beside: pd.DataFrame) -> None:
    """The ratio is the model's figure over the published one. Exact."""
    assert len(beside) > 30
    assert (beside["ratio"] == beside["model"] / beside["data"]).all()
    assert np.isfinite(beside[["data", "model", "ratio"]].to_numpy()).all()
    assert (beside["place"] == "sandwell").all()


def test_rates_are_those_of_the_ledger(tables: Tables, lived: Lived, found: dict[str, float]) -> None:
    """Rates per 10,000 are events and stocks over the children alive at each 31 March. To rounding."""
    book, place = lived.life.ledger, authority_names(tables).index("sandwell")
    flows, years = book.flows[:, place], book.flows[:, place, Flow.CHILDREN_AT_31_MARCH].sum()
    assert found["referral_rate"] == pytest.approx(1e4 * flows[:, Flow.REFERRALS].sum() / years)
    assert found["looked_after_starting_rate"] == pytest.approx(1e4 * flows[:, Flow.LOOKED_AFTER_STARTED].sum() / years)
    placed = [k for k, row in enumerate(tables.rows["services"]) if row.tier == "looked_after"]
    assert found["looked_after_rate"] == pytest.approx(1e4 * book.stock[:, place][:, placed].sum() / years)
    home = service_names(tables).index("childrens_home")
    assert found["residential_share"] == pytest.approx(
        book.stock[:, place, home].sum() / book.stock[:, place][:, placed].sum()
    )


def test_rates_are_those_of_the_records(lived: Lived, found: dict[str, float]) -> None:
    """Shares ever in a service, and by ACE count, are counted child by child. To rounding."""
    people = lived.life.children
    for name, bit in (("ever_referred", Ever.REFERRED), ("ever_looked_after", Ever.LOOKED_AFTER)):
        assert found[name] == pytest.approx(np.mean([bool(int(each["ever"]) >> bit & 1) for each in people]))
    assert found["aces_4_plus"] == pytest.approx(np.mean([each["aces"] >= 4 for each in people]))
    assert sum(found[f"aces_{count}"] for count in ("0", "1", "2_3", "4_plus")) == pytest.approx(1)


@pytest.mark.parametrize("kind", ["cin", "cpp"])
def test_bands_of_open_cases_sum_to_one(found: dict[str, float], kind: str) -> None:
    """Shares of open cases by length add up to 1. To rounding."""
    assert sum(found[f"{kind}_open_{band}"] for band in BANDS) == pytest.approx(1)


def test_shares_lie_between_0_and_1(found: dict[str, float]) -> None:
    """Whatever is called a share is one. Exact."""
    shares = {name: each for name, each in found.items() if name.endswith("share") or name.startswith("ever_")}
    assert len(shares) > 15
    assert all(0 <= each <= 1 for each in shares.values())


@pytest.mark.parametrize("indicator", MAIN)
def test_main_stocks_and_flows_of_sandwell_are_within_a_factor_of_two(beside: pd.DataFrame, indicator: str) -> None:
    """Calibration is rough: 20,000 children of Sandwell are between half and twice the published rate.

    At this size a rate as low as 40 per 10,000 children has a standard error below 2%, far from these limits.
    """
    ratio = beside.set_index("indicator")["ratio"][indicator]
    assert 0.5 < ratio < 2.0
