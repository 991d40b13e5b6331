"""Turn published health into what the rules need: incidence, hazard ratios, deaths, before any reference run."""

from typing import Any

import numpy as np

from agents.names import AGES
from simulation.errors import InputError
from simulation.frailty import Values, centred, parents
from simulation.inputs import Tables

POINTS = 9
"""Points of a relative-risk curve: exposures 0 to 8."""
MARGIN = 1e-9
"""Lifts a ceiling of a relative risk above what rounding may do."""
CERTAIN = 1.0 - 1e-12
"""Largest yearly probability of death that has a hazard."""


def health_parts(tables: Tables, values: Values, moderated_by: float, by_type: float) -> dict[str, Any]:
    """Build the arrays of conditions and of death, with population rates as baselines.

    Parameters
    ----------
    moderated_by : what a unit of resilience takes from a log relative risk at four ACEs
    by_type : how far types of adversity may raise the log relative risk of mental illness
    """
    rows = tables.rows["conditions"]
    incidence = population_incidence(tables, values)
    remission = np.array([values[f"conditions.{row.condition}.remission"] for row in rows])
    remission *= values["factor_remission"]
    causal = [values["causal_share_mental" if row.mental else "causal_share_other"] for row in rows]
    curve = dose_curve(values)
    log_ratio = (
        np.array(causal)[:, None]
        * np.log(hazard_ratios(tables, values, incidence, remission))[:, None]
        * curve[None, :]
    )
    moderated = np.array([row.moderated_by_resilience for row in rows])
    mental = np.array([row.mental for row in rows])
    raised = moderated * abs(moderated_by) + mental * by_type
    deaths = values["causal_share_other"] * death_curves(values)
    mortality, expectancy = life_table(tables, values)
    return {
        "weights": np.array([values[f"conditions.{row.condition}.disability_weight"] for row in rows]),
        "remission": remission,
        "incidence": incidence,
        "log_ratio": log_ratio,
        "moderated": moderated,
        "mental": mental,
        "ratio_ceiling": np.exp(np.maximum(log_ratio, np.roll(log_ratio, -1, axis=1)) + raised[:, None] + MARGIN),
        "mortality": mortality,
        "log_ratio_death": deaths,
        "ratio_ceiling_death": np.exp(np.maximum(deaths.max(axis=1), 0.0)),
        "expectancy": expectancy,
        "child_death_ratio": centred(values["child_death_ratio"]),
    }


def dose_curve(values: Values) -> Any:
    """Give the share of the log ratio at four ACEs that is reached at exposures 0 to 8."""
    beyond = 1.0 + values["slope_beyond_four"] * np.arange(1, POINTS - 4)
    two = values["dose_share_2_3"]
    return np.array([0.0, values["dose_share_1"], two, two, 1.0, *beyond])


def death_curves(values: Values) -> Any:
    """Give the log hazard ratio of death by exposure, men then women; no gradient beyond two."""
    men, women = np.log(values["death_ratio_men_2"]), np.log(values["death_ratio_women_2"])
    one_man, one_woman = men * values["death_share_men_1"], np.log(values["death_ratio_women_1"])
    return np.array([[0.0, one] + [two] * (POINTS - 2) for one, two in ((one_man, men), (one_woman, women))])


def population_incidence(tables: Tables, values: Values) -> Any:
    """Lay out the population's incidence by condition, sex and age."""
    names = [row.condition for row in tables.rows["conditions"]]
    incidence = np.zeros((len(names), 2, AGES))
    for row in tables.rows["incidence"]:
        name = f"incidence.{row.condition}.{row.sex}.{row.age_from}.hazard"
        where = names.index(row.condition), int(row.sex == "female"), slice(row.age_from, row.age_to + 1)
        incidence[where] = values[name] * values["factor_incidence"]
    return incidence


def hazard_ratios(tables: Tables, values: Values, incidence: Any, remission: Any) -> Any:
    """Solve for hazard ratios at four ACEs under which prevalence odds ratios come out as published.

    Two states, well and ill, are carried to the age of the survey, for those with none and with
    four or more, whose baseline is such that the whole population has its own incidence.
    """
    rows = tables.rows["conditions"]
    target = np.log([values[f"conditions.{row.condition}.value"] for row in rows])
    ages = np.array([row.survey_age for row in rows])
    both = incidence.mean(axis=1)
    shares, _ = parents(values)
    curve = dose_curve(values)[[0, 1, 2, 4]]
    lived = np.arange(ages.max())[:, None] < ages
    recover = np.where(lived, -np.expm1(-remission), 0.0)
    population = both[:, : len(lived)]
    low, high = np.full(len(rows), -2.0), np.full(len(rows), 6.0)
    for _ in range(40):
        middle = 0.5 * (low + high)
        base = (population / (np.exp(middle[:, None] * curve[None, :]) @ shares)[:, None]).T
        hazard = np.stack([base, base * np.exp(middle)], axis=1)
        fall_ill = np.where(lived[:, None], -np.expm1(-hazard), 0.0)
        # Of those well or ill at a year's end, the share that the later years leave as they are.
        stay = np.cumprod((1.0 - fall_ill - recover[:, None])[:0:-1], axis=0)[::-1]
        ill = fall_ill[-1] + (fall_ill[:-1] * stay).sum(axis=0)
        odds = np.log(np.maximum(ill, 1e-12) / (1 - ill))
        below = odds[1] - odds[0] < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.exp(middle)


def life_table(tables: Tables, values: Values) -> tuple[Any, Any]:
    """Read hazards of death and residual expectancies by sex and age; beyond the last age they stay."""
    hazard, expectancy = np.zeros((2, AGES)), np.zeros((2, AGES + 1))
    for sex, word in enumerate(("male", "female")):
        ages = sorted(row.age for row in tables.rows["life_table"] if row.sex == word)
        if not ages or ages != list(range(len(ages))):
            raise InputError(f"life_table.csv: ages of sex {word} have a gap; give every age from 0")
        chance = np.array([values[f"life_table.{word}.{age}.probability_of_death"] for age in ages])
        rest = np.array([values[f"life_table.{word}.{age}.life_expectancy"] for age in ages])
        hazard[sex] = -np.log1p(-np.minimum(np.append(chance, [chance[-1]] * AGES)[:AGES], CERTAIN))
        expectancy[sex] = np.append(rest, [rest[-1]] * AGES)[: AGES + 1]
    return hazard, expectancy
