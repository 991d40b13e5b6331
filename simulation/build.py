"""Build the world of one draw from its numbers: solve what is published for what the rules need."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from agents.names import ADULT, DAYS, NONE, Channel, Tier
from simulation.errors import InputError
from simulation.inputs import Tables
from simulation.scenario import Switches
from simulation.world import (
    ADULT_ADVERSITY,
    ADVERSITY,
    EVENT,
    NEED,
    ROUTE,
    SERVICE,
    SUPPORT,
    SWITCHES,
    Scalars,
    World,
)

AGES = 111
"""Ages of a life, 0 to 110; whoever is alive at 110 dies in that year."""
PRICE_YEAR = "2023-24"
POINTS = 9
"""Points of a relative-risk curve: exposures 0 to 8."""
CERTAIN = 1.0 - 1e-12
"""Largest yearly probability of death that has a hazard."""
COUNTS = 10
"""ACE counts that references are tabulated by: 0 to 9."""
Values = Mapping[str, float]


def centred(ratio: float) -> Any:
    """Spread a ratio between the most and the least deprived log-linearly over ten deciles, mean 1."""
    steps = ratio ** (0.5 - np.arange(10) / 9.0)
    return steps / steps.mean()


def number_of(tables: Tables, service: str) -> int:
    """Find a service that a rule is about."""
    names = service_names(tables)
    if service not in names:
        raise InputError(f"services.csv: service '{service}' is missing; a rule of the model needs its row")
    return names.index(service)


def kind_of(tables: Tables, adversity: str) -> int:
    """Find the type of adversity that a rule is about."""
    names = [row.adversity for row in tables.rows["adversities"]]
    if adversity not in names:
        raise InputError(f"adversities.csv: adversity '{adversity}' is missing; a rule of the model needs its row")
    return names.index(adversity)


def service_names(tables: Tables) -> list[str]:
    """List the services in the order of their numbers."""
    return [row.service for row in tables.rows["services"]]


def authority_names(tables: Tables) -> list[str]:
    """List the authorities, England too, in the order of their numbers."""
    return [row.authority for row in tables.rows["authorities"]]


def build(tables: Tables, values: Values, switches: Switches, key: tuple[int, int, int]) -> World:
    """Build the world of one draw; its baselines are the population's until referenced."""
    return World(
        key=key,
        p=scalars(values, switches),
        **adversity_parts(tables, values),
        **service_parts(tables, values),
        specialists=np.array(
            [k for k, row in enumerate(tables.rows["services"]) if row.channel == "specialist"], np.int64
        ),
        events=event_rows(tables, values),
        universal=np.array([universal_service(tables, age) for age in range(ADULT)], np.int64),
        plan=number_of(tables, "child_protection_plan"),
        assessment=number_of(tables, "assessment"),
        absent=number_of(tables, "severe_absence"),
        not_in_education=number_of(tables, "not_in_education"),
        instability=kind_of(tables, "instability"),
        service_harm=kind_of(tables, "service_harm"),
        cost_day=unit_costs(tables, values, "year"),
        cost_entry=unit_costs(tables, values, "episode"),
        **health_parts(tables, values, switches),
        mean_other=np.zeros((ADULT, COUNTS)),
        mean_healed=np.zeros((ADULT, COUNTS)),
        mean_resilience=np.zeros((ADULT, COUNTS)),
        mean_burden=np.ones(ADULT),
    )


def scalars(values: Values, switches: Switches) -> Scalars:
    """Read the single numbers; channels that are switched off are at their null.

    What resilience moderates is an association too: it is taken at the causal share, as relative risks are.
    """
    read = {name: values[name] for name in Scalars._fields if name not in SWITCHES}
    read["moderation"] *= values["causal_share"]
    if not switches.channel_service_harm:
        read["phi"] = 0.0
    if not switches.channel_healing:
        read["psi"] = 0.0
    if not switches.channel_resilience:
        read["moderation"] = 0.0
    return Scalars(
        adversity=1.0,
        channel_hazards=float(switches.channel_hazards),
        published_yll=float(switches.published_yll),
        **read,
    )


def adversity_parts(tables: Tables, values: Values) -> dict[str, Any]:
    """Build the arrays of childhood and adult adversity and of need."""
    kinds = tables.rows["adversities"]
    rows = np.array(
        [
            (
                row.surveyed,
                row.arises == "service",
                row.raised_by_circumstances,
                round(100 * row.severity),
                values[f"adversities.{row.adversity}.direct_referral"],
            )
            for row in kinds
        ],
        ADVERSITY,
    )
    adult: dict[str, Any] = {}
    hazard: dict[str, Any] = {}
    for row in tables.rows["adult_adversities"]:
        adult.setdefault(row.adversity, row)
        by_age = hazard.setdefault(row.adversity, np.zeros(AGES))
        by_age[row.age_from : row.age_to + 1] = values[f"adult_adversities.{row.adversity}.{row.age_from}.hazard"]
    need = np.zeros((ADULT, 2), NEED)
    for row in tables.rows["need"]:
        name = f"need.{row.age_from}.{row.sex}"
        need[row.age_from : row.age_to + 1, int(row.sex == "female")] = (
            values[f"{name}.without_adversity"] * values["factor_need"],
            values[f"{name}.per_unresolved"] * values["factor_need"],
        )
    return {
        "adversities": rows,
        "hazard": base_hazards(tables, values),
        "need": need,
        "need_gradient": centred(values["need_deprivation_ratio"]),
        "adult_adversities": np.array(
            [(round(100 * x.severity), x.per_unresolved, x.per_condition) for x in adult.values()], ADULT_ADVERSITY
        ),
        "adult_hazard": np.array(list(hazard.values())) * values["factor_adult_adversity"],
        "adult_gradient": np.array([centred(x.deprivation_ratio) for x in adult.values()]),
    }


def parents(values: Values) -> tuple[Any, Any]:
    """Give shares of parents by ACE count (0, 1, 2-3, 4 or more) and the ratio each gives frailty, mean 1."""
    shares = np.array([values[f"aces_share_{k}"] for k in ("0", "1", "2_3", "4")])
    shares = shares / shares.sum()
    ratio = np.exp(values["parental_effect"] * np.array([0.0, 1.0, 2.5, 4.5]))
    return shares, ratio / (shares @ ratio)


def base_hazards(tables: Tables, values: Values) -> Any:
    """Solve each type's hazard so that the reference cohort's share with it by 18 is the published one.

    The share without it, over parents c and deciles d, is the mean of (1 + H m_c D_d / k) ** -k: the
    gamma frailty's Laplace transform at the hazard H summed over childhood.
    """
    kinds = tables.rows["adversities"]
    shares, ratio = parents(values)
    shape = values["frailty_shape"]
    target = np.array([values[f"adversities.{row.adversity}.value"] for row in kinds])
    gradient = np.array([centred(row.deprivation_ratio) for row in kinds])
    spread = gradient[:, None, :] * ratio[None, :, None]
    low, high = np.zeros(len(kinds)), np.full(len(kinds), 1e4)
    for _ in range(60):
        middle = 0.5 * (low + high)
        none = ((1 + middle[:, None, None] * spread / shape) ** -shape).mean(axis=2) @ shares
        low, high = np.where(1 - none < target, middle, low), np.where(1 - none < target, high, middle)
    weights = np.array([[row.weight_0_4] * 5 + [row.weight_5_10] * 6 + [row.weight_11_17] * 7 for row in kinds], float)
    total = weights.sum(axis=1, keepdims=True)
    arises = (total > 0) & (target[:, None] > 0)
    return np.where(arises, middle[:, None] * weights / np.where(arises, total, 1.0), 0.0)


def service_parts(tables: Tables, values: Values) -> dict[str, Any]:
    """Build the arrays of services, of the pathways between them and of who supports whom."""
    names = service_names(tables)
    specialists = [row.service for row in tables.rows["services"] if row.channel == "specialist"]
    if len(specialists) > 16:
        raise InputError(f"services.csv: {len(specialists)} specialist services where 16 fit a child's record; merge")
    services = np.array(
        [
            (
                Tier[row.tier.upper()],
                Channel[row.channel.upper()],
                specialists.index(row.service) if row.service in specialists else 0,
                row.age_from,
                row.age_to,
                row.excludes,
                values[f"services.{row.service}.hold_log_odds"] + values["shift_hold"],
                values[f"services.{row.service}.exit_rate_first_year"] * values["factor_stay"],
                values[f"services.{row.service}.exit_rate_later"] * values["factor_stay"],
                min(1.0, values[f"services.{row.service}.harm"] * values["factor_harm"]),
                values[f"services.{row.service}.placement_move_rate"],
            )
            for row in tables.rows["services"]
        ],
        SERVICE,
    )
    first, routes = route_rows(tables, values, names)
    supports = [
        [(row.age_from, row.age_to, names.index(row.support)) for row in tables.rows["supports"] if row.service == name]
        for name in names
    ]
    return {
        "services": services,
        "route_first": first,
        "routes": routes,
        "support_first": np.cumsum([0, *(len(x) for x in supports)]),
        "supports": np.array([x for each in supports for x in each], SUPPORT),
    }


def route_rows(tables: Tables, values: Values, names: list[str]) -> tuple[Any, Any]:
    """Lay out pathways by service and move, each age band's weights summed up to 1."""
    routes: list[tuple[int, int, int, float]] = []
    first = np.zeros((len(names), 3), np.int64)
    for number, name in enumerate(names):
        for move, word in enumerate(("escalate", "step_down")):
            first[number, move] = len(routes)
            summed: dict[int, float] = {}
            for row in tables.rows["pathways"]:
                if (row.service, row.move) != (name, word):
                    continue
                weight = values[f"pathways.{name}.{word}.{row.age_from}.{row.to}.weight"]
                summed[row.age_from] = summed.get(row.age_from, 0.0) + weight
                to = NONE if row.to == "none" else names.index(row.to)
                routes.append((row.age_from, row.age_to, to, summed[row.age_from]))
        first[number, 2] = len(routes)
    return first, np.array(routes, ROUTE)


def universal_service(tables: Tables, age: int) -> int:
    """Find the universal service of an age."""
    for number, row in enumerate(tables.rows["services"]):
        if row.tier == "universal" and row.age_from <= age <= row.age_to:
            return number
    raise InputError(f"services.csv: no universal service takes age {age}; widen a row's age_from or age_to")


def event_names(tables: Tables) -> list[str]:
    """List recorded events in the order of their numbers."""
    return list(dict.fromkeys(row.event for row in tables.rows["events"]))


def event_rows(tables: Tables, values: Values) -> Any:
    """Build the rows of recorded events; one named as a service leads into it."""
    names, services = event_names(tables), service_names(tables)
    return np.array(
        [
            (
                names.index(row.event),
                row.age_from,
                row.age_to,
                services.index(row.event) if row.event in services else NONE,
                values[f"events.{row.event}.{row.age_from}.log_odds"],
                row.per_unresolved,
                row.if_not_held,
                row.if_out_of_school,
                row.if_looked_after,
                row.if_male,
            )
            for row in tables.rows["events"]
        ],
        EVENT,
    )


def deflator(tables: Tables, values: Values, since: str) -> float:
    """Give the factor from the prices of a year to those of the price year.

    Raises
    ------
    InputError
        If a year between the two has no row.
    """
    years = [row.year for row in tables.rows["deflators"]]
    if since not in (*years, "2013-14") or PRICE_YEAR not in years:
        raise InputError(f"deflators.csv: no row leads from {since} to {PRICE_YEAR}; add the years between")
    between = [year for year in sorted(years) if since < year <= PRICE_YEAR]
    if len(between) != int(PRICE_YEAR[:4]) - int(since[:4]):
        raise InputError(f"deflators.csv: years between {since} and {PRICE_YEAR} are missing; add their rows")
    return float(np.prod([1 + values[f"deflators.{year}.value"] for year in between]))


def unit_costs(tables: Tables, values: Values, per: str) -> Any:
    """Give the cost of a day (or an episode) of each service in each place, in the price year.

    Returns
    -------
    (A, S) whole hundredths of a penny
    """
    places, names = authority_names(tables), service_names(tables)
    costs = np.zeros((len(places), len(names)))
    for everywhere in (True, False):
        for row in tables.rows["unit_costs"]:
            if row.per != per or (row.authority == "all") != everywhere:
                continue
            pounds = values[f"unit_costs.{row.service}.{row.authority}.{per}.value"]
            pounds *= deflator(tables, values, row.price_year)
            where = [k for k, place in enumerate(places) if everywhere or place == row.authority]
            costs[where, names.index(row.service)] = pounds
    return np.round(costs * 10_000 / (DAYS if per == "year" else 1)).astype(np.int64)


def health_parts(tables: Tables, values: Values, switches: Switches) -> dict[str, Any]:
    """Build the arrays of conditions and of death, with population rates as baselines."""
    rows = tables.rows["conditions"]
    incidence = population_incidence(tables, values)
    remission = np.array([values[f"conditions.{row.condition}.remission"] for row in rows])
    share = values["causal_share"]
    curve = dose_curve(values)
    log_ratio = share * np.log(hazard_ratios(tables, values, incidence, remission))[:, None] * curve[None, :]
    moderated = np.array([row.moderated_by_resilience for row in rows])
    raised = moderated * abs(scalars(values, switches).moderation)
    deaths = share * death_curves(values)
    mortality, expectancy = life_table(tables, values)
    return {
        "weights": np.array([values[f"conditions.{row.condition}.disability_weight"] for row in rows]),
        "remission": remission,
        "incidence": incidence,
        "log_ratio": log_ratio,
        "moderated": moderated,
        "ratio_ceiling": np.exp(np.maximum(log_ratio.max(axis=1), 0.0) + raised),
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
        incidence[where] = values[name]
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
    leave = -np.expm1(-remission)
    low, high = np.full(len(rows), -2.0), np.full(len(rows), 6.0)
    for _ in range(40):
        middle = 0.5 * (low + high)
        base = both / (np.exp(middle[:, None] * curve[None, :]) @ shares)[:, None]
        ill = np.zeros((2, len(rows)))
        for age in range(int(ages.max())):
            hazard = np.stack([base[:, age], base[:, age] * np.exp(middle)])
            ill = np.where(age < ages, ill + (1 - ill) * -np.expm1(-hazard) - ill * leave, ill)
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
