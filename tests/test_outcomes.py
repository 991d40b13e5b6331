"""What a run is summed into: the burden due to adversity, who pays, groups and the flow ledger."""

from typing import Any

import numpy as np
import pytest
from worlds import Lived, harmless_services, without_adversity

from agents.child import MILLION
from agents.names import Ever
from experiments.assembly import FLOWS
from experiments.quantities import PAYERS, QUANTITIES, value
from simulation.build import authority_names
from simulation.cohort import Life, run
from simulation.context import Surroundings
from simulation.economics import gdp_per_head, service_cost
from simulation.inputs import Tables
from simulation.outcomes import GROUPS, aces_of_ten, flow_table, groups, sums
from simulation.world import World

Values = dict[str, float]
DUE_TO_ADVERSITY = (
    "dalys",
    "yll",
    "yld",
    "dalys_discounted",
    "lost_gdp",
    "lost_gdp_discounted",
    "service_cost_due_to_adversity",
)


@pytest.fixture(scope="module")
def spared(today: Surroundings, world: World, sandwell: Any) -> Life:
    """Let the same children live without adversity."""
    return run(today, without_adversity(world), sandwell)


@pytest.fixture(scope="module")
def summed(tables: Tables, values: Values, lived: Lived) -> dict[str, Any]:
    """Sum the children's lives as they are today."""
    return sums(tables, values, lived.life, ["sandwell"])


def due(name: str, own: dict[str, Any], none: dict[str, Any]) -> float:
    """Work out a headline quantity from two runs."""
    quantity = next(each for each in QUANTITIES if each.name == name)
    return float(value(quantity, "today", {"today": own, "none": none})[0])


# V23


def test_v23_nothing_is_due_to_adversity_that_does_not_happen(
    tables: Tables, values: Values, today: Surroundings, world: World, sandwell: Any
) -> None:
    """V23: with hazards at 0 and services harmless, what is due to adversity is exactly 0."""
    calm = harmless_services(world)._replace(
        hazard=np.zeros_like(world.hazard), adult_hazard=np.zeros_like(world.adult_hazard)
    )
    own, none = (
        sums(tables, values, run(today, each, sandwell), ["sandwell"]) for each in (calm, without_adversity(calm))
    )
    assert own["cats"] == 0
    assert own["dalys"] > 0
    for name in DUE_TO_ADVERSITY:
        assert due(name, own, none) == 0, name


def test_v23_without_adversity_nothing_arises(tables: Tables, values: Values, spared: Life) -> None:
    """V23: the run without adversity has no event, and beside itself nothing is due to adversity. Exact."""
    own = sums(tables, values, spared, ["sandwell"])
    assert not spared.children["cats"].any()
    assert not spared.children["aats"].any()
    for name in DUE_TO_ADVERSITY:
        assert due(name, own, own) == 0, name


def test_v23_the_burden_is_the_paired_difference_person_by_person(
    tables: Tables, values: Values, lived: Lived, spared: Life, summed: dict[str, Any]
) -> None:
    """V23: DALYs, lost GDP and cost due to adversity are summed differences of each person's two lives. To rounding."""
    none = sums(tables, values, spared, ["sandwell"])
    pairs = list(zip(lived.life.children, spared.children, strict=True))
    assert all(a["id"] == b["id"] for a, b in pairs)
    lost = sum(int(a["yll"]) - int(b["yll"]) for a, b in pairs) / MILLION
    ill = sum(int(a["yld"]) - int(b["yld"]) for a, b in pairs) / MILLION
    cost = sum(int(a["cost"]) - int(b["cost"]) for a, b in pairs) / 1e10
    assert min(lost, ill, cost) > 0
    assert due("yll", summed, none) == pytest.approx(lost, rel=1e-9)
    assert due("yld", summed, none) == pytest.approx(ill, rel=1e-9)
    assert due("dalys", summed, none) == pytest.approx(lost + ill, rel=1e-9)
    assert due("lost_gdp", summed, none) == pytest.approx((lost + ill) * gdp_per_head(tables, values) / 1e6, rel=1e-9)
    assert due("service_cost_due_to_adversity", summed, none) == pytest.approx(cost, rel=1e-9)


def test_v22_dalys_are_yll_and_yld_at_every_rate(summed: dict[str, Any]) -> None:
    """V22: DALY = YLL + YLD, discounted or not. Exact."""
    for suffix in ("", "_discounted"):
        assert summed[f"dalys{suffix}"] == summed[f"yll{suffix}"] + summed[f"yld{suffix}"]
    assert summed["dalys_discounted"] < summed["dalys"]


# V24


def test_v24_payers_sum_to_the_total(summed: dict[str, Any]) -> None:
    """V24: the payers' costs sum to the total, discounted and not; each pays something. To rounding."""
    assert sum(summed[f"service_cost_{payer}"] for payer in PAYERS) == pytest.approx(summed["service_cost"], rel=1e-12)
    assert sum(summed[f"discounted_{payer}"] for payer in PAYERS) == pytest.approx(
        summed["service_cost_discounted"], rel=1e-12
    )
    assert all(summed[f"service_cost_{payer}"] > 0 for payer in PAYERS)


def test_v24_cashable_is_no_more_than_all(summed: dict[str, Any]) -> None:
    """V24: of what each payer spends, what would leave the accounts is between 0 and all of it. Exact."""
    for payer in PAYERS:
        assert 0 <= summed[f"cashable_{payer}"] <= summed[f"discounted_{payer}"]


def test_v24_cost_is_days_and_entries_at_unit_costs(lived: Lived, tables: Tables, world: World) -> None:
    """V24: by year and service, cost = days x cost of a day + entries x cost of an episode. Exact.

    Entries into the education of one's age are counted and cost nothing: there the entries are an upper limit.
    """
    place, book = authority_names(tables).index("sandwell"), lived.life.ledger
    by_day = book.days[:, place] * world.cost_day[place]
    by_entry = book.entries[:, place] * world.cost_entry[place]
    paid = world.services["channel"] != 0
    cost = book.cost[:, place]
    assert paid.sum() > 5
    assert (cost[:, paid] == (by_day + by_entry)[:, paid]).all()
    assert (cost >= by_day).all()
    assert (cost <= by_day + by_entry).all()
    assert service_cost(book, tables, "sandwell") == pytest.approx(cost / 10_000, rel=1e-12)


# Tables


def test_flow_table_has_every_flow_of_the_ledger(lived: Lived, tables: Tables) -> None:
    """V10: each column is the ledger's own sum, and outcomes sum to children in need. Exact."""
    place, book = authority_names(tables).index("sandwell"), lived.life.ledger
    flows = dict(zip(FLOWS, np.moveaxis(flow_table(tables, lived.life, "sandwell"), 2, 0), strict=True))
    outcomes = sum(flows[name] for name in ("held", "held_with_support", "escalated", "no_service"))
    assert (outcomes == flows["children_in_need"]).all()
    assert flows["children_in_need"].sum() == book.in_need.sum() > 0
    for name, part in (("entries", book.entries), ("days", book.days), ("stock_31_march", book.stock)):
        assert (flows[name] == part[:, place]).all()
    assert (flows["asked_for_a_place"] == book.demand[:, place].sum(axis=2)).all()
    assert flows["cost_gbp"].sum() == pytest.approx(lived.life.children["cost"].sum() / 10_000, rel=1e-12)


def test_groups_add_up_to_all_children(lived: Lived, tables: Tables, values: Values, summed: dict[str, Any]) -> None:
    """The sexes, the deciles and the ethnic groups each add up to the place's sums. To rounding."""
    found = groups(tables, lived.life.children, gdp_per_head(tables, values))
    assert len(found) == sum(GROUPS.values())
    names = ("children", "cats", "ever_looked_after", "dalys", "lost_gdp", "service_cost")
    for dimension, size in GROUPS.items():
        total = sum(found[dimension, code] for code in range(size))
        assert total[:6] == pytest.approx([summed[name][0] for name in names], rel=1e-9), dimension
        bit = [row.adversity for row in tables.rows["adversities"]].index("discrimination")
        assert total[6] == (lived.life.children["types"] >> bit & 1).sum() > 0


def test_counts_are_those_of_the_records(lived: Lived, summed: dict[str, Any]) -> None:
    """Children, events and who was ever where are counted person by person. Exact."""
    people = lived.life.children
    assert summed["children"] == len(people)
    assert summed["cats"] == sum(int(each["cats"]) for each in people)
    assert summed["four_or_more_aces"] == sum(each["aces"] >= 4 for each in people)
    for name, bit in (("ever_referred", Ever.REFERRED), ("ever_looked_after", Ever.LOOKED_AFTER)):
        assert summed[name] == sum(bool(int(each["ever"]) >> bit & 1) for each in people) > 0


def test_ace_types_of_ten_take_alcohol_and_drugs_as_one(lived: Lived, tables: Tables) -> None:
    """The wider count: eleven types of the table, two of them joined, so never above ten. Exact."""
    kinds = {row.adversity: 1 << number for number, row in enumerate(tables.rows["adversities"])}
    alcohol, drugs = kinds["household_alcohol_problem"], kinds["household_drug_problem"]
    every = sum(kinds[row.adversity] for row in tables.rows["adversities"] if row.ace)
    asked = np.array([0, alcohol, drugs, alcohol | drugs, alcohol | kinds["physical_abuse"], every], np.int64)
    assert aces_of_ten(tables, asked).tolist() == [0, 1, 1, 1, 2, 10]
    assert (aces_of_ten(tables, lived.life.children["types"]) <= 10).all()
