"""The world of a draw: what is published comes back out of it (V08, V19, V28, V31; closed forms and recursions)."""

import dataclasses
import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import special

from agents.names import ADULT, AGES, DAYS, NONE
from simulation import build as building
from simulation.baselines import death_curves, dose_curve, hazard_ratios, life_table, population_incidence
from simulation.build import PRICE_YEAR, authority_names, build, deflator, service_names, unit_costs, universal_service
from simulation.errors import InputError
from simulation.frailty import centred, parents
from simulation.inputs import Tables
from simulation.scenario import Switches
from simulation.world import World

Values = dict[str, float]
KEY = (1, 0, 0)


@pytest.fixture(scope="module")
def built(tables: Tables, values: Values) -> World:
    """Build the world of the central values, without its reference cohort."""
    return build(tables, values, Switches(), KEY)


def without(tables: Tables, table: str, **cells: Any) -> Tables:
    """Take the rows with some cells out of a table."""
    rows = [row for row in tables.rows[table] if any(getattr(row, k) != v for k, v in cells.items())]
    assert len(rows) < len(tables.rows[table])
    return dataclasses.replace(tables, rows={**tables.rows, table: rows})


# Adversity


@pytest.mark.parametrize("ratio", [0.1, 1.0, 2.5, 4.0])
def test_a_gradient_has_mean_one_its_ratio_and_even_steps(ratio: float) -> None:
    steps = centred(ratio)
    assert steps.mean() == pytest.approx(1.0, rel=1e-14)
    assert steps[0] / steps[9] == pytest.approx(ratio, rel=1e-14)
    assert np.diff(np.log(steps)) == pytest.approx([-math.log(ratio) / 9] * 9, abs=1e-14)


@pytest.mark.parametrize("effect", [-0.1, 0.0, 0.15, 0.4])
def test_v08_parents_raise_frailty_about_a_mean_of_one(values: Values, effect: float) -> None:
    shares, ratio = parents({**values, "parental_effect": effect})
    assert shares.sum() == pytest.approx(1.0, rel=1e-14)
    assert shares @ ratio == pytest.approx(1.0, rel=1e-14)
    assert np.log(ratio / ratio[0]) == pytest.approx(effect * np.array([0, 1, 2.5, 4.5]), abs=1e-14)


def test_v08_base_hazards_give_back_published_prevalence(tables: Tables, values: Values, built: World) -> None:
    """V08: by the closed form, and by integrating exp(-z H) over the gamma frailty z numerically."""
    shares, ratio = parents(values)
    shape = values["frailty_shape"]
    nodes, weights = special.roots_genlaguerre(120, shape - 1.0)
    weights = weights / weights.sum()
    for kind, row in enumerate(tables.rows["adversities"]):
        spread = np.outer(ratio, centred(row.deprivation_ratio)) * built.hazard[kind].sum()
        closed = 1.0 - shares @ ((1.0 + spread / shape) ** -shape).mean(axis=1)
        integrated = 1.0 - shares @ (np.exp(-spread[..., None] * nodes / shape) @ weights).mean(axis=1)
        published = values[f"adversities.{row.adversity}.value"]
        assert closed == pytest.approx(published, abs=1e-12), row.adversity
        assert integrated == pytest.approx(published, abs=1e-9), row.adversity


def test_hazards_follow_their_weights_by_age(tables: Tables, built: World) -> None:
    for kind, row in enumerate(tables.rows["adversities"]):
        weights = [row.weight_0_4] * 5 + [row.weight_5_10] * 6 + [row.weight_11_17] * 7
        expected = built.hazard[kind].sum() * np.array(weights) / sum(weights)
        assert built.hazard[kind] == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_need_and_adult_hazards_stand_at_their_ages(tables: Tables, values: Values, built: World) -> None:
    doubled = build(tables, {**values, "factor_need": 2.0, "factor_adult_adversity": 3.0}, Switches(), KEY)
    for row in tables.rows["need"]:
        for age in range(row.age_from, row.age_to + 1):
            cell = built.need[age, int(row.sex == "female")]
            assert (cell["without_adversity"], cell["per_unresolved"]) == (row.without_adversity, row.per_unresolved)
    assert doubled.need["per_unresolved"] == pytest.approx(2.0 * built.need["per_unresolved"])
    assert doubled.adult_hazard == pytest.approx(3.0 * built.adult_hazard)
    kinds = list(dict.fromkeys(row.adversity for row in tables.rows["adult_adversities"]))
    for row in tables.rows["adult_adversities"]:
        assert set(built.adult_hazard[kinds.index(row.adversity), row.age_from : row.age_to + 1]) == {row.hazard}


# Services


@pytest.mark.parametrize("age", range(ADULT))
def test_one_universal_service_takes_each_age(tables: Tables, built: World, age: int) -> None:
    row = tables.rows["services"][built.universal[age]]
    assert row.tier == "universal"
    assert row.age_from <= age <= row.age_to


@pytest.mark.parametrize(
    ("name", "factor", "part"),
    [
        ("adversities.bullying.weight_5_10", 2.0, "hazard"),
        ("adversities.bullying.deprivation_ratio", 2.0, "hazard"),
        ("adversities.bullying.severity", 2.0, "adversities"),
        ("adult_adversities.partner_violence.18.per_unresolved", 2.0, "adult_adversities"),
        ("adult_adversities.partner_violence.18.severity", 2.0, "adult_adversities"),
        ("adult_adversities.partner_violence.18.deprivation_ratio", 2.0, "adult_gradient"),
        ("events.suspended.11.if_male", 2.0, "events"),
        ("instability_events.home_move.0.deprivation_ratio", 2.0, "moves_gradient"),
    ],
)
def test_a_number_that_is_set_acts(
    tables: Tables, values: Values, built: World, name: str, factor: float, part: str
) -> None:
    """Numbers without an interval too are read from the values of a draw, not from the rows."""
    world = build(tables, values | {name: factor * values[name]}, Switches(), KEY)
    found, before = getattr(world, part), getattr(built, part)
    field = name.rpartition(".")[2]
    if found.dtype.names:
        found, before = found[field], before[field]
    assert found.tobytes() != before.tobytes()


@pytest.mark.parametrize("end", ["low", "high"])
def test_v19_probabilities_stay_within_one_at_the_corners(tables: Tables, values: Values, end: str) -> None:
    """V19: all numbers at the lower, then at the upper end of their intervals."""
    corner = {name: getattr(number, end) or values[name] for name, number in tables.numbers.items()}
    world = build(tables, corner, Switches(), KEY)
    for share in (world.services["harm"], world.adversities["direct_referral"], world.routes["upto"], world.weights):
        assert share.min() >= 0.0
        assert share.max() <= 1.0 + 1e-9
    for rate in (world.hazard, world.adult_hazard, world.incidence, world.remission, world.mortality):
        assert np.isfinite(rate).all()
        assert rate.min() >= 0.0
    assert world.services["exit_rate_later"].min() >= 0.0


def test_supports_and_events_are_laid_out_as_in_their_tables(tables: Tables, built: World) -> None:
    names = service_names(tables)
    for number, name in enumerate(names):
        mine = built.supports[built.support_first[number] : built.support_first[number + 1]]
        expected = [x for x in tables.rows["supports"] if x.service == name]
        assert [names[k] for k in mine["service"]] == [x.support for x in expected]
    for event, row in zip(built.events, tables.rows["events"], strict=True):
        assert event["log_odds"] == row.log_odds
        assert event["service"] == (names.index(row.event) if row.event in names else NONE)


def test_a_service_that_a_rule_is_about_must_have_its_row(tables: Tables) -> None:
    with pytest.raises(InputError, match=r"services\.csv: service 'assessment' is missing; a rule .* needs its row"):
        building.number_of(without(tables, "services", service="assessment"), "assessment")
    with pytest.raises(InputError, match=r"services\.csv: no universal service takes age 7; widen"):
        universal_service(without(tables, "services", service="primary_school"), 7)


def test_more_specialist_services_than_a_record_holds_are_refused(tables: Tables, values: Values) -> None:
    row = next(x for x in tables.rows["services"] if x.channel == "specialist")
    many = dataclasses.replace(tables, rows={**tables.rows, "services": [row] * 17})
    with pytest.raises(InputError, match=r"services\.csv: 17 specialist services where 16 fit .*; merge"):
        building.service_parts(many, values)


@pytest.mark.parametrize(
    ("channel", "number"),
    [("channel_service_harm", "phi"), ("channel_healing", "psi"), ("channel_resilience", "moderation")],
)
def test_v32_a_channel_switched_off_is_at_its_null(tables: Tables, values: Values, channel: str, number: str) -> None:
    off = build(tables, values, Switches(**{channel: False}), KEY)
    on = build(tables, values, Switches(), KEY)
    share = values["causal_share_mental"] if number == "moderation" else 1.0
    assert getattr(on.p, number) == values[number] * share != 0.0
    assert off.p._replace(**{number: values[number] * share}) == on.p
    assert getattr(off.p, number) == 0.0


# V28


def test_v28_unit_costs_make_the_round_trip(tables: Tables, values: Values) -> None:
    """V28: a year of days, deflated back, is the table's cost to half a hundredth of a penny a day."""
    names, places = service_names(tables), authority_names(tables)
    for per, days in (("year", DAYS), ("episode", 1)):
        costs = unit_costs(tables, values, per)
        rows = [row for row in tables.rows["unit_costs"] if row.per == per]
        own = {(row.service, row.authority): row for row in rows}
        for (a, place), (k, name) in product(enumerate(places), enumerate(names)):
            row = own.get((name, place), own.get((name, "all")))
            back = costs[a, k] * days / 10_000 / (deflator(tables, values, row.price_year) if row else 1.0)
            assert back == pytest.approx(row.value if row else 0.0, abs=0.5 * days / 10_000), (place, name)


def test_v28_costs_scale_and_a_place_of_its_own_goes_first(tables: Tables, values: Values) -> None:
    row = next(x for x in tables.rows["unit_costs"] if (x.service, x.per) == ("foster_care", "year"))
    local = row.model_copy(update={"authority": "sandwell", "value": 3.0 * row.value})
    rows = {**tables.rows, "unit_costs": [local, *tables.rows["unit_costs"]]}
    mine = {**values, "unit_costs.foster_care.sandwell.year.value": local.value}
    costs = unit_costs(dataclasses.replace(tables, rows=rows), mine, "year")
    k, places = service_names(tables).index("foster_care"), authority_names(tables)
    assert costs[places.index("sandwell"), k] == pytest.approx(3 * costs[places.index("england"), k], abs=2)
    doubled = {name: 2 * x if name.startswith("unit_costs.") else x for name, x in values.items()}
    assert np.abs(unit_costs(tables, doubled, "year") - 2 * unit_costs(tables, values, "year")).max() <= 1


def test_v28_a_deflator_by_hand_and_in_a_chain(tables: Tables, values: Values) -> None:
    years = [row.year for row in tables.rows["deflators"]]
    assert deflator(tables, values, PRICE_YEAR) == 1.0
    growth = {row.year: 1 + row.value for row in tables.rows["deflators"]}
    assert deflator(tables, values, "2021-22") == pytest.approx(growth["2022-23"] * growth["2023-24"])
    for before, year in zip(["2013-14", *years], years, strict=False):
        chained = growth[year] * deflator(tables, values, year)
        assert deflator(tables, values, before) == pytest.approx(chained, rel=1e-14)


@pytest.mark.parametrize("since", ["2012-13", "2024-25", "2022"])
def test_v28_a_price_year_out_of_reach_is_refused(tables: Tables, values: Values, since: str) -> None:
    with pytest.raises(InputError, match=f"no row leads from {since} to {PRICE_YEAR}; add the years between"):
        deflator(tables, values, since)


# Health


def test_v31_hazard_ratios_give_back_the_odds_ratios(tables: Tables, values: Values) -> None:
    """V31: by a recursion of its own over well and ill, to the age of the survey."""
    incidence = population_incidence(tables, values)
    remission = np.array([row.remission for row in tables.rows["conditions"]])
    ratios = hazard_ratios(tables, values, incidence, remission)
    shares, _ = parents(values)
    doses = (0.0, values["dose_share_1"], values["dose_share_2_3"], 1.0)
    for row, ratio, rates in zip(tables.rows["conditions"], ratios, incidence, strict=True):
        mean_ratio = sum(share * ratio**dose for share, dose in zip(shares, doses, strict=True))
        odds = []
        for risk in (1.0, ratio):
            ill = 0.0
            for age in range(row.survey_age):
                onset = 1.0 - math.exp(-0.5 * (rates[0][age] + rates[1][age]) / mean_ratio * risk)
                ill = ill * math.exp(-row.remission) + (1.0 - ill) * onset
            odds.append(ill / (1.0 - ill))
        assert odds[1] / odds[0] == pytest.approx(row.value, rel=1e-6), row.condition


def test_v31_relative_risks_are_the_causal_share_of_the_log(tables: Tables, values: Values) -> None:
    def causal(mental: float, other: float) -> World:
        shares = {"causal_share_mental": mental, "causal_share_other": other}
        return build(tables, {**values, **shares}, Switches(), KEY)

    full, none = causal(1.0, 1.0), causal(0.0, 0.0)
    mental = np.array([row.mental == 1 for row in tables.rows["conditions"]])
    assert 0 < mental.sum() < len(mental)
    assert not none.log_ratio.any()
    assert not none.log_ratio_death.any()
    assert none.p.moderation == 0.0
    apart = causal(0.5, 0.25)
    assert apart.log_ratio[mental] == pytest.approx(0.5 * full.log_ratio[mental])
    assert apart.log_ratio[~mental] == pytest.approx(0.25 * full.log_ratio[~mental])
    assert apart.log_ratio_death == pytest.approx(0.25 * full.log_ratio_death)
    assert apart.p.moderation == pytest.approx(0.5 * values["moderation"])
    assert full.log_ratio[:, 4] == pytest.approx(full.log_ratio[:, 8] / (1 + 4 * values["slope_beyond_four"]))


def test_the_share_of_the_mind_is_that_of_the_minds_conditions(tables: Tables) -> None:
    """Mental illness and use of substances are apart from diseases of the body."""
    mental = {row.condition for row in tables.rows["conditions"] if row.mental}
    assert {"depression", "anxiety"} <= mental
    assert not mental & {"cancer", "diabetes", "cardiovascular_disease", "respiratory_disease"}


def test_factors_scale_what_they_are_about(tables: Tables, values: Values, built: World) -> None:
    """Factors on incidence, remission and direct referral scale those alone; a share stays within 1."""
    by_factor = {
        name: build(tables, {**values, name: 2.0}, Switches(), KEY)
        for name in ("factor_incidence", "factor_remission", "factor_direct_referral")
    }
    assert by_factor["factor_incidence"].incidence == pytest.approx(2.0 * built.incidence)
    assert by_factor["factor_incidence"].remission == pytest.approx(built.remission)
    assert by_factor["factor_remission"].remission == pytest.approx(2.0 * built.remission)
    assert by_factor["factor_remission"].incidence == pytest.approx(built.incidence)
    referred = by_factor["factor_direct_referral"].adversities["direct_referral"]
    assert referred == pytest.approx(np.minimum(1.0, 2.0 * built.adversities["direct_referral"]))
    assert referred.max() > built.adversities["direct_referral"].max()


def test_curves_go_through_the_published_points(values: Values) -> None:
    assert dose_curve(values)[:5].tolist() == [0.0, 0.3, 0.6, 0.6, 1.0]
    assert np.diff(dose_curve(values)[4:]) == pytest.approx([0.1] * 4)
    men, women = np.exp(death_curves(values))
    assert men == pytest.approx([1.0, math.sqrt(1.57), *[1.57] * 7])
    assert women == pytest.approx([1.0, 1.66, *[1.8] * 7])


def test_v20_hazards_of_death_give_back_the_life_table(tables: Tables, values: Values) -> None:
    hazard, expectancy = life_table(tables, values)
    assert hazard.shape == (2, AGES)
    for row in tables.rows["life_table"]:
        sex = int(row.sex == "female")
        assert -math.expm1(-hazard[sex, row.age]) == pytest.approx(row.probability_of_death, rel=1e-12)
        assert expectancy[sex, row.age] == row.life_expectancy
    assert (hazard[:, 101:] == hazard[:, [100]]).all()
    assert (expectancy[:, 101:] == expectancy[:, [100]]).all()


@pytest.mark.parametrize("sex", [0, 1])
def test_v20_expectancies_follow_from_the_hazards_of_death(tables: Tables, values: Values, sex: int) -> None:
    """V20: years lived beyond each age, the death year by half, to the rounding of the published table."""
    hazard, expectancy = life_table(tables, values)
    lived = expectancy[sex, 90]
    for age in reversed(range(90)):
        alive = math.exp(-hazard[sex, age])
        lived = alive * (1.0 + lived) + (1.0 - alive) * 0.5
        assert lived == pytest.approx(expectancy[sex, age], abs=0.03), age


def test_v20_a_gap_in_the_life_table_is_refused(tables: Tables, values: Values) -> None:
    with pytest.raises(InputError, match=r"life_table\.csv: ages of sex male have a gap; give every age from 0"):
        life_table(without(tables, "life_table", sex="male", age=5), values)
