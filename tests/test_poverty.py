"""Whom the poverty lever reaches and what that costs, by hand, and beside the break-even spend of a run."""

from dataclasses import replace

import pytest

from experiments import assembly, base_case
from experiments.drivers import reaches
from experiments.plan import make_plan
from experiments.poverty import reached
from simulation.economics import discount_factors
from simulation.inputs import Tables
from simulation.scenario import Lever, Scenario


def test_whom_a_fall_of_deprivation_reaches_by_hand(tables: Tables, values: dict[str, float]) -> None:
    """From the second year half, then whole, in the two most deprived tenths of Dudley. By hand."""
    lever = Lever(kind="poverty", add=0.2, deciles=(1, 2), authorities=("dudley",), start=2025, ramp=2, cost=300.0)
    scenario = Scenario(name="less_poverty", levers=(lever, Lever(kind="poverty", add=0.1, deciles=(9, 10), end=2023)))
    there = sum(row.share for row in tables.rows["deprivation"] if row.authority == "dudley" and row.decile <= 2)
    factors = discount_factors(values, "costs")[:18]
    years, cost = reached(tables, values, scenario, "dudley")
    assert years == pytest.approx(there * (0.5 * factors[1] + factors[2:].sum()) / factors.sum(), rel=1e-5)
    assert cost == pytest.approx(300.0 * years)
    assert reached(tables, values, scenario, "sandwell") == (0.0, 0.0)


@pytest.mark.slow
def test_break_even_is_told_for_each_year_that_deprivation_falls_for() -> None:
    """One draw: with the most deprived decile alone reached, break-even for it is that of all over its share. Exact."""
    lever = Lever(kind="poverty", add=1.0, deciles=(1, 1), cost=100.0)
    scenario = Scenario(name="less_poverty", levers=(lever,))
    plan = make_plan("region", 1, 1, 40, scenario, "compiled")
    tasks = [base_case.one_draw(plan, 0, matrix) for matrix in range(2)]
    table = assembly.break_even(plan, assembly.stack(plan, tasks), 0.0, 0.0).set_index(["place", "payer"])["mean"]
    for place in ("sandwell", "solihull"):
        share, cost = reached(plan.tables, plan.values(0, 0), scenario, place)
        per = table[place, "society, for each child-year whose deprivation falls"]
        assert per * share == pytest.approx(table[place, "society, with lost GDP"], rel=1e-9)
        assert table[place, "cost of less deprivation, as given"] == pytest.approx(cost) == pytest.approx(100 * share)
    assert 0 < table["region", "cost of less deprivation, as given"] < 100
    assert reaches(plan, "poverty_causal_share")
    assert not reaches(plan, "exploitation_spillover")
    free = replace(plan, scenario=Scenario(name="today_only"))
    assert "less deprivation" not in str(
        assembly.break_even(free, assembly.stack(free, tasks), 0.0, 0.0)["payer"].tolist()
    )
    assert not reaches(free, "poverty_causal_share")
