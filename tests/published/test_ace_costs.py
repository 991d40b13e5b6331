"""The published ACE cost model, rebuilt: every published figure, and identities worked out by hand."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from experiments.published import ace_burden, ace_costs
from experiments.published.ace_answer import Answer, Place
from experiments.published.inputs import figure, load_published
from simulation.errors import InputError
from simulation.inputs import NamedValues, Tables, WatchedValues
from simulation.sampling import quantiles

TABLES = load_published()
ROWS = [row for row in TABLES.rows["published_figures"] if row.model in ace_burden.MODELS]
TEN_YEARS = 12.0278989
"""Sum of nine terms at the published growth and inflation, by hand: 1.071^k over k = 0 to 8."""
PER_PERSON = 3.25


def answered(tables: Tables = TABLES, **changed: Any) -> Answer:
    """Answer with the published settings, or changed ones."""
    asked: dict[str, Any] = {"chosen": ace_costs.authorities(tables), "draws": 64, "seed": 1}
    asked |= dict.fromkeys(("reduction", "inflation", "growth", "years"))
    return ace_costs.rebuild(tables, ace_costs.ask(tables, **(asked | changed)))


ANSWER = answered()
PLACES = {place.authority: place for place in ANSWER.places}


def without(figure_name: str, authority: str) -> Tables:
    """Leave a published figure out."""
    kept = [row for row in TABLES.rows["published_figures"] if (row.figure, row.authority) != (figure_name, authority)]
    return dataclasses.replace(TABLES, rows={**TABLES.rows, "published_figures": kept})


# Every published figure


def check_aces(row: Any) -> None:
    """Find the count as published; it implies 19.2 to 19.35% of residents."""
    place = PLACES[row.authority]
    assert place.aces == row.value
    assert ace_costs.aces(place.population, place.implied_share, PER_PERSON) == pytest.approx(row.value, rel=1e-12)
    assert 0.1919 < place.implied_share < 0.1935


def check_lost(row: Any) -> None:
    """Find about 3.4% of GDP lost as published; rebuilt 3.3%, and 2.2% without risk factors: to one decimal."""
    place = PLACES[row.authority]
    assert place.gdp_lost == row.value
    assert round(place.gdp_lost / place.gdp, 3) in (0.033, 0.034)
    assert round(place.rebuilt.value / place.gdp, 3) == 0.033
    assert round(place.rebuilt_without.value / place.gdp, 3) == 0.022


def check_yearly(row: Any) -> None:
    """Within one ACE's worth."""
    assert abs(PLACES[row.authority].yearly_cost - row.value) < ace_costs.number(TABLES, "cost_per_ace")


def check_ten_years(row: Any) -> None:
    """Within 6 GBP of the published yearly cost times the sum of nine terms."""
    yearly = figure(TABLES, "speculative_annual_cost", row.authority)
    assert yearly is not None
    assert abs(row.value - yearly * TEN_YEARS) < 6
    assert PLACES[row.authority].cost_published_rule == pytest.approx(row.value, abs=123.843 * TEN_YEARS)


def asked(name: str) -> Callable[[Any], None]:
    """Check a setting against the question that is asked without options."""

    def check(row: Any) -> None:
        assert getattr(ANSWER.question, name) == row.value

    return check


CHECKS: dict[str, Callable[[Any], None]] = {
    "aces": check_aces,
    "gdp_lost": check_lost,
    "speculative_annual_cost": check_yearly,
    "speculative_ten_year_cost": check_ten_years,
    "aces_per_person_with_two_or_more": lambda row: pytest.approx(row.value) == ANSWER.per_person == PER_PERSON,
    "inflation": asked("inflation"),
    "growth_in_aces": asked("growth"),
    "reduction_in_aces": asked("reduction"),
}


def check_saved(row: Any) -> None:
    """Exactly a tenth of the published loss; for Wales, the estimate beside which the rules are set."""
    if row.model == "peer":
        assert row.value == ANSWER.benchmark.saved
        assert round(ANSWER.benchmark.share, 3) == 0.073
    else:
        assert PLACES[row.authority].saved == pytest.approx(row.value, abs=1e-9)


def check_peer_cost(row: Any) -> None:
    """Find the cost of which Wales would save its part."""
    assert row.value == ANSWER.benchmark.cost


CHECKS |= {"saved_if_aces_down_10_percent": check_saved, "annual_cost_of_aces": check_peer_cost}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.figure}-{row.authority}")
def test_every_published_figure_is_met(row: Any) -> None:
    """A figure that is added to the table without a check of its own fails here."""
    CHECKS[row.figure](row)


def test_the_question_s_years_are_the_table_s() -> None:
    assert ANSWER.question.years == TABLES.numbers["ace_cost_numbers.years.value"].value == 10


def test_the_region_s_share_gives_every_count_within_half_a_percent() -> None:
    """Largest relative error of one share for all, by hand over the eight counts."""
    common = ANSWER.common
    errors = {
        place.title: abs(place.population * common.region * PER_PERSON / place.aces - 1) for place in ANSWER.places
    }
    assert common.error == pytest.approx(max(errors.values()), rel=1e-12)
    assert errors[common.worst] == max(errors.values()) < 0.005
    assert (common.low, common.high) == (
        min(place.implied_share for place in ANSWER.places),
        max(place.implied_share for place in ANSWER.places),
    )


def test_one_cost_per_ace_gives_all_costs_if_counts_were_rounded_up() -> None:
    """The interval holds the table's 123.843; at it, every count less one to the count itself holds cost over it."""
    low, high = ace_costs.cost_interval(TABLES)
    per_ace = ace_costs.number(TABLES, "cost_per_ace")
    assert low <= per_ace < high
    assert (round(low, 4), round(high, 4)) == (123.843, 123.843)
    assert 123.84297 < low < 123.84298 < 123.84303 < high < 123.84304
    for count, cost in ace_costs.with_costs(TABLES).values():
        assert math.ceil(cost / per_ace) == count


def test_the_fit_is_that_of_the_table_s_own_settings_whatever_is_asked() -> None:
    assert answered(growth=0.5, inflation=0.0, years=3).fit == ANSWER.fit
    assert round(ANSWER.fit.published_sum, 7) == TEN_YEARS
    assert ANSWER.fit.yearly_error < 124
    assert ANSWER.fit.ten_year_error < 6


# Costs over years


def test_ten_terms_are_nine_grown_by_a_year_and_one_more() -> None:
    """S(n) = 1 + f S(n - 1). To rounding."""
    for place in ANSWER.places:
        grown = place.cost_published_rule * 1.02 * 1.05 + place.yearly_cost
        assert place.cost_all_terms == pytest.approx(grown, rel=1e-12)


@pytest.mark.parametrize("terms", [0, 1, 2, 9, 10, 100])
@pytest.mark.parametrize(("growth", "inflation"), [(0.02, 0.05), (0.0, 0.0), (-0.5, 1.0), (1.0, 1.0), (-0.1, 0.0)])
def test_the_sum_of_growth_is_the_geometric_series(growth: float, inflation: float, terms: int) -> None:
    factor = (1 + growth) * (1 + inflation)
    closed = float(terms) if factor == 1 else (factor**terms - 1) / (factor - 1)
    assert ace_costs.growth_sum(growth, inflation, terms) == pytest.approx(closed, rel=1e-12)


def test_a_single_year_costs_nothing_by_the_published_rule_and_one_year_by_the_other() -> None:
    for place in answered(years=1).places:
        assert place.cost_published_rule == 0
        assert place.cost_all_terms == place.yearly_cost


# Lost GDP


def test_diabetes_in_sandwell_is_worked_out_by_hand() -> None:
    """With x = 0.215 (1.12 - 1) + 0.255 (1.32 - 1) = 0.1074; PAF = x / (1 + x); 900 DALYs per 100,000 of 328,500."""
    burden = next(each for each in PLACES["sandwell"].burdens if each.condition == "diabetes")
    fraction = 0.1074 / 1.1074
    assert burden.fraction.value == pytest.approx(fraction, rel=1e-12)
    assert burden.dalys.value == pytest.approx(fraction * 900 * 328_500 / 100_000, rel=1e-12)
    assert burden.lost_gdp.value == pytest.approx(fraction * 900 * 3.285 * 23_200 / 1e6, rel=1e-12)


@pytest.mark.parametrize("place", ANSWER.places, ids=lambda place: place.authority)
def test_totals_are_the_sums_of_the_ten_conditions(place: Place) -> None:
    assert len(place.burdens) == 10
    assert place.rebuilt.value == pytest.approx(sum(each.lost_gdp.value for each in place.burdens), rel=1e-12)
    diseases = [each.lost_gdp.value for each in place.burdens if each.condition not in ("smoking", "obesity")]
    assert ANSWER.risk_factors == ("smoking", "obesity")
    assert place.rebuilt_without.value == pytest.approx(sum(diseases), rel=1e-12)


@pytest.mark.parametrize("place", ANSWER.places, ids=lambda place: place.authority)
def test_bands_are_in_order(place: Place) -> None:
    for each in place.burdens:
        for found in (each.risk_1, each.risk_2, each.fraction, each.dalys, each.lost_gdp):
            assert found.low < found.high
    assert place.rebuilt_without.low < place.rebuilt.low < place.rebuilt.value < place.rebuilt.high


def test_exposure_is_midway_between_england_and_wales() -> None:
    values = TABLES.values()
    assert ace_burden.inputs(TABLES, values).shares == pytest.approx([0.53, 0.215, 0.1435, 0.1115])
    english = {**values, "ace_cost_numbers.survey_weight.value": 0.0}
    assert ace_burden.inputs(TABLES, english).shares == pytest.approx([0.53, 0.23, 0.157, 0.083])
    welsh = {**values, "ace_cost_numbers.survey_weight.value": 1.0}
    assert ace_burden.inputs(TABLES, welsh).shares == pytest.approx([0.53, 0.2, 0.13, 0.14])


def test_shares_of_both_surveys_sum_to_one() -> None:
    for start in ("share_", "wales_share_"):
        shares = [ace_costs.number(TABLES, f"{start}{name}") for name in ace_burden.CLASSES]
        assert sum(shares) == pytest.approx(1, abs=1e-12)


def test_the_burden_reads_every_number_of_conditions_and_of_exposure() -> None:
    values = WatchedValues(TABLES.values())
    ace_burden.inputs(TABLES, values)
    elsewhere = {"ace_cost_numbers.cost_per_ace.value", "ace_cost_numbers.years.value"}
    names = {name for name in TABLES.numbers if name.startswith(("ace_cost_conditions.", "ace_cost_numbers."))}
    assert values.names_read == names - elsewhere


def test_a_condition_without_its_risk_is_refused() -> None:
    values = NamedValues({k: v for k, v in TABLES.values().items() if "diabetes.relative_risk_2" not in k})
    with pytest.raises(InputError, match=r"needs 'ace_cost_conditions.diabetes.relative_risk_2.value'"):
        ace_burden.inputs(TABLES, values)


# Draws


def test_all_relative_risks_share_one_probability() -> None:
    """All read at the same probabilities: their ranks are equal. DALY rates are drawn alone. Exact."""
    drawn = ace_burden.drawn_values(TABLES, 64, 1)
    ranks = {
        (name, figure): np.argsort(drawn[f"ace_cost_conditions.{name}.relative_risk_{figure}.value"]).tolist()
        for name in ace_burden.conditions(TABLES)
        for figure in (1, 2)
    }
    assert len({tuple(each) for each in ranks.values()}) == 1
    rates = [
        np.argsort(drawn[f"ace_cost_conditions.{name}.daly_rate.value"]).tolist() for name in ("cancer", "anxiety")
    ]
    assert rates[0] != rates[1] != ranks["cancer", 1]


def test_draws_keep_to_the_tables_intervals() -> None:
    """Medians and 95% ends of 4,096 Sobol points lie within 1% of the distribution's own."""
    drawn = ace_burden.drawn_values(TABLES, 4096, 1)
    moved = [number for number in ace_burden.own_numbers(TABLES) if number.distribution != "fixed"]
    assert len(moved) == ANSWER.drawn
    for number in moved:
        at = np.array([0.025, 0.5, 0.975])
        wide = float(quantiles(number, 0.975) - quantiles(number, 0.025))
        assert np.quantile(drawn[number.name], at) == pytest.approx(quantiles(number, at), abs=0.02 * wide)
    still = TABLES.values().keys() - {number.name for number in moved}
    assert all(drawn[name] == TABLES.values()[name] for name in still)


def test_one_authority_alone_is_as_among_all() -> None:
    alone = answered(chosen=("sandwell",))
    assert alone.places == (PLACES["sandwell"],)
    assert (alone.rules, alone.common, alone.fit) == (ANSWER.rules, ANSWER.common, ANSWER.fit)


def test_same_seed_same_bands_and_another_seed_others() -> None:
    assert answered().places == ANSWER.places
    assert answered(seed=2).places[0].rebuilt != ANSWER.places[0].rebuilt
    assert answered(seed=2).places[0].rebuilt.value == ANSWER.places[0].rebuilt.value


# Figures that are not there


def test_an_authority_without_a_published_count_has_the_region_s_share() -> None:
    place = answered(without("aces", "dudley")).places[2]
    assert place.authority == "dudley"
    assert place.implied_share == pytest.approx(ANSWER.common.region, rel=1e-12)
    assert place.aces == pytest.approx(321_600 * ANSWER.common.region * PER_PERSON, rel=1e-12)


def test_an_authority_without_a_published_loss_has_none() -> None:
    place = answered(without("gdp_lost", "dudley")).places[2]
    assert math.isnan(place.gdp_lost)
    assert math.isnan(place.saved)
    assert place.rebuilt == PLACES["dudley"].rebuilt


def test_a_band_holds_the_middle_95_percent() -> None:
    """Of draws 0 to 1000 the band runs from 25 to 975."""
    found = ace_burden.band(500.0, np.arange(1001.0))
    assert found == (500.0, 25.0, 975.0)
