"""Discounting, years lost, unit costs and lost GDP against what is worked out by hand."""

from typing import Any

import numpy as np
import pytest
from worlds import Lived

from agents.child import MILLION
from agents.names import DAYS
from simulation.build import PRICE_YEAR, authority_names, service_names, unit_costs
from simulation.cohort import Life, run
from simulation.context import Surroundings
from simulation.economics import (
    HORIZON,
    discount_factors,
    gdp_per_head,
    present_years,
    service_cost,
    years_lost,
)
from simulation.inputs import Tables
from simulation.outcomes import sums
from simulation.world import World

Values = dict[str, float]
KINDS = ("none", "health", "costs")


def annuity(rate: float, years: int) -> float:
    """Value one a year, the first undiscounted, for so many years."""
    return float(years) if rate == 0 else (1 - (1 + rate) ** -years) / (1 - 1 / (1 + rate))


def discount_rates(values: Values) -> list[str]:
    """List the discount rates of health and of costs."""
    found = [name for name in values if name.startswith("discount_rate")]
    assert any("health" in name for name in found)
    return found


def scaled(values: Values, table: str, factor: float) -> Values:
    """Multiply every value of a table."""
    chosen = {name: each * factor for name, each in values.items() if is_value(name, table)}
    assert chosen
    return values | chosen


def is_value(name: str, table: str) -> bool:
    """Tell whether a number is the value of a table's row."""
    return name.startswith(f"{table}.") and name.endswith(".value")


# V22: discounting


@pytest.mark.parametrize("start", [0.0, 3.25, 80.5])
@pytest.mark.parametrize("length", [0.0, 0.4, 1.0, 62.75])
def test_v22_undiscounted_years_are_their_length(values: Values, start: float, length: float) -> None:
    """V22: without discounting a span is worth its length, wherever it begins. To rounding."""
    factors = discount_factors(values, "none")
    assert (factors == 1).all()
    assert present_years(start, length, factors) == pytest.approx(length, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("rate", [0.0, 0.015, 0.035])
@pytest.mark.parametrize("kind", ["health", "costs"])
def test_v22_a_constant_rate_is_the_annuity(values: Values, kind: str, rate: float) -> None:
    """V22: whole years at one rate are worth the closed-form annuity, rate 0 included. To rounding."""
    factors = discount_factors(values | dict.fromkeys(discount_rates(values), rate), kind)
    for years in (1, 18, 30, 110):
        assert present_years(0.0, float(years), factors) == pytest.approx(annuity(rate, years), rel=1e-12)
        assert present_years(5.0, float(years), factors) == pytest.approx(
            annuity(rate, years) / (1 + rate) ** 5, rel=1e-12
        )


@pytest.mark.parametrize(("kind", "name"), [("costs", "discount_rate"), ("health", "discount_rate_health")])
def test_v22_declining_rates_step_after_30_and_75_years(values: Values, kind: str, name: str) -> None:
    """V22: with 3.5%, 3% and 2.5%, year 30 is the last at the first rate and 76 the first at the third. By hand."""
    rates = {f"{name}_to_30": 0.035, f"{name}_31_75": 0.03, f"{name}_after_75": 0.025}
    assert set(rates) <= set(values)
    factors = discount_factors(values | rates, kind)
    assert len(factors) == HORIZON
    assert factors[0] == 1
    by_hand = {1: 1.035**-1, 30: 1.035**-30, 31: 1.035**-30 / 1.03, 75: 1.035**-30 * 1.03**-45}
    by_hand |= {76: 1.035**-30 * 1.03**-45 / 1.025, 100: 1.035**-30 * 1.03**-45 * 1.025**-25}
    for year, factor in by_hand.items():
        assert factors[year] == pytest.approx(factor, rel=1e-12), year


def test_v22_parts_of_years_are_worth_their_years_factor(values: Values) -> None:
    """V22: a span from 1.5 to 3.25 is half of year 1, all of year 2 and a quarter of year 3. To rounding."""
    factors = discount_factors(values, "costs")
    by_hand = 0.5 * factors[1] + factors[2] + 0.25 * factors[3]
    assert present_years(1.5, 1.75, factors) == pytest.approx(by_hand, rel=1e-12)


# V22: years lost


def worth(start: float, length: float, factors: Any) -> float:
    """Value a span year by year."""
    end, total = start + length, 0.0
    for year in range(int(start), int(end) + 1):
        total += factors[year] * max(0.0, min(end, year + 1) - max(start, year))
    return total


@pytest.mark.parametrize("kind", KINDS)
def test_v22_years_lost_are_those_of_every_person(lived: Lived, values: Values, kind: str) -> None:
    """V22: discounted YLL is summed death by death, YLD year by year from each person's record. To rounding."""
    factors = discount_factors(values, kind)
    people = lived.life.children
    place = int(people["authority"][0])
    lost = sum(worth(each["died"] / DAYS, each["yll"] / MILLION, factors) for each in people if each["died"] >= 0)
    ill, before = 0.0, np.zeros(len(people))
    for year, records in enumerate(lived.years):
        ill += factors[year] * (records["yld"] - before).sum() / MILLION
        before = records["yld"]
    found = years_lost(people, lived.life.ledger, place, factors)
    assert min(lost, ill) > 0
    assert found == pytest.approx((lost, ill), rel=1e-9)


def test_v22_years_lost_elsewhere_are_none(lived: Lived, tables: Tables, values: Values) -> None:
    """V22: a place without people loses nothing. Exact."""
    dudley = authority_names(tables).index("dudley")
    assert years_lost(lived.life.children, lived.life.ledger, dudley, discount_factors(values, "none")) == (0, 0)


def test_v22_lost_gdp_is_dalys_at_deflated_gdp_per_head(lived: Lived, tables: Tables, values: Values) -> None:
    """V22: a DALY is worth GDP per head of 2019-20, deflated by four years to 2023-24. To rounding."""
    by_hand = values["gdp_per_head"]
    for year in ("2020-21", "2021-22", "2022-23", "2023-24"):
        by_hand *= 1 + values[f"deflators.{year}.value"]
    found = sums(tables, values, lived.life, ["sandwell"])
    assert gdp_per_head(tables, values) == pytest.approx(by_hand, rel=1e-12)
    assert found["lost_gdp"] == pytest.approx(found["dalys"] * by_hand, rel=1e-12)
    costs = discount_factors(values, "costs")
    place = authority_names(tables).index("sandwell")
    discounted = sum(years_lost(lived.life.children, lived.life.ledger, place, costs))
    assert found["lost_gdp_discounted"] == pytest.approx(discounted * by_hand, rel=1e-12)


# V28: units


def test_v28_prices_are_brought_to_the_price_year_once(tables: Tables, values: Values) -> None:
    """V28: without inflation a day costs the table's pounds by 365; one year's inflation raises earlier prices once.

    Within half a hundredth of a penny, to which unit costs are rounded.
    """
    flat = values | {name: 0.0 for name in values if is_value(name, "deflators")}
    rows = [row for row in tables.rows["unit_costs"] if row.authority == "all"]
    names = service_names(tables)
    england = authority_names(tables).index("england")
    for per, days in (("year", DAYS), ("episode", 1)):
        still = unit_costs(tables, flat, per)[england]
        later = unit_costs(tables, flat | {f"deflators.{PRICE_YEAR}.value": 0.25}, per)[england]
        for row in rows:
            if row.per != per or any(x.authority == "england" and x.service == row.service for x in rows):
                continue
            price = row.value * 10_000 / days
            raised = 1.25 if row.price_year < PRICE_YEAR else 1.0
            assert still[names.index(row.service)] == pytest.approx(price, abs=0.51)
            assert later[names.index(row.service)] == pytest.approx(price * raised, abs=0.51)


@pytest.mark.parametrize("factor", [0.5, 2.0, 7.0])
def test_v28_unit_costs_times_a_factor_are_unit_costs_at_it(tables: Tables, values: Values, factor: float) -> None:
    """V28: the table's prices times c give unit costs times c. Within the rounding of both."""
    for per in ("year", "episode"):
        before = unit_costs(tables, values, per)
        after = unit_costs(tables, scaled(values, "unit_costs", factor), per)
        assert (np.abs(after - factor * before) <= 0.5 * (1 + factor)).all()


def test_v28_unit_costs_times_three_are_totals_times_three(
    tables: Tables, values: Values, today: Surroundings, world: World, sandwell: Any, lived: Lived
) -> None:
    """V28: three times the unit costs give three times every total, discounted or not, and the same lives. Exact."""
    dear = world._replace(cost_day=3 * world.cost_day, cost_entry=3 * world.cost_entry)
    life = run(today, dear, sandwell)
    assert (life.children["cost"] == 3 * lived.life.children["cost"]).all()
    assert (life.ledger.cost == 3 * lived.life.ledger.cost).all()
    before, after = (sums(tables, values, each, ["sandwell"]) for each in (lived.life, life))
    for name in before:
        money = name.startswith(("service_cost", "discounted_", "cashable_"))
        assert after[name] == pytest.approx((3 if money else 1) * before[name], rel=1e-12), name


# M06, M17, M18


def test_m06_a_dearer_service_costs_more_by_its_quantity(
    tables: Tables, values: Values, today: Surroundings, world: World, sandwell: Any, lived: Lived
) -> None:
    """M06: 1 pound more a day and 5 pounds more an entry cost exactly days + 5 entries more, in that service alone."""
    service = service_names(tables).index("foster_care")
    day, entry = world.cost_day.copy(), world.cost_entry.copy()
    day[:, service] += 10_000
    entry[:, service] += 50_000
    life = run(today, world._replace(cost_day=day, cost_entry=entry), sandwell)
    book = lived.life.ledger
    more = service_cost(life.ledger, tables, "sandwell") - service_cost(book, tables, "sandwell")
    place = authority_names(tables).index("sandwell")
    expected = book.days[:, place, service] + 5 * book.entries[:, place, service]
    assert expected.sum() > 0
    assert more[:, service] == pytest.approx(expected, abs=1e-6)
    assert not np.delete(more, service, axis=1).any()
    assert (life.ledger.cost - book.cost).sum() == (life.children["cost"] - lived.life.children["cost"]).sum()


def test_m17_higher_discount_rates_lower_what_is_discounted(lived: Lived, tables: Tables, values: Values) -> None:
    """M17: one point more on every discount rate lowers every discounted total and leaves the others. Exact."""
    higher = values | {name: values[name] + 0.01 for name in discount_rates(values)}
    before, after = (sums(tables, each, lived.life, ["sandwell"]) for each in (values, higher))
    payers = ("education", "social_care", "health", "justice")
    lower = {f"{name}_discounted" for name in ("yll", "yld", "dalys", "lost_gdp", "service_cost", "child_years")}
    lower |= {f"{name}_{payer}" for name in ("discounted", "cashable") for payer in payers}
    lower |= {"yll_costs", "yld_costs"}
    assert lower <= set(before)
    for name in before:
        if name in lower:
            assert 0 < after[name] < before[name], name
        else:
            assert after[name] == before[name], name


def test_m18_a_longer_reference_life_loses_more_years(
    tables: Tables, values: Values, today: Surroundings, world: World, sandwell: Any, lived: Lived
) -> None:
    """M18: one year more of reference expectancy at every age is one year more lost by each death. To a millionth."""
    longer: Life = run(today, world._replace(expectancy=world.expectancy + 1.0), sandwell)
    people, before = longer.children, lived.life.children
    assert (people["died"] == before["died"]).all()
    more = people["yll"].astype(np.int64) - before["yll"]
    assert (np.abs(more - MILLION) <= 1).all()
    first, second = (sums(tables, values, each, ["sandwell"]) for each in (lived.life, longer))
    assert second["yll"] - first["yll"] == pytest.approx(len(people), abs=1e-6 * len(people))
    assert second["yll_discounted"] > first["yll_discounted"]
    assert second["yld"] == first["yld"]
