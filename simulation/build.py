"""Build the world of one draw from its numbers: solve what is published for what the rules need."""

import math
from functools import cache, partial
from typing import Any

import numpy as np

from agents.child import HUNDREDTHS
from agents.names import ADULT, AGES, DAYS, NONE, Channel, Standing, Tier
from simulation.adult_parts import adult_parts
from simulation.baselines import health_parts
from simulation.errors import InputError
from simulation.frailty import Values, base_hazards, centred, parental_ratios, parental_shares
from simulation.harm import instability_parts, risk_span, type_harms
from simulation.inputs import Tables
from simulation.prices import PRICE_YEAR as PRICE_YEAR
from simulation.prices import deflator as deflator
from simulation.scenario import Switches
from simulation.units import unit_parts
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

COUNTS = 7
"""ACE counts that references are tabulated by: 0 to 5, and six or more together, who are few."""


OF_ALL_AGES = ("severity", "per_unresolved", "per_condition", "deprivation_ratio")
"""What a type of adult adversity has of its first row, at all ages."""
OF_EVENT = ("log_odds", "per_unresolved", "if_not_held", "if_out_of_school", "if_looked_after", "if_male")
"""Numbers of a recorded event, in the order of `EVENT`."""
LEAVES = {"persistent_absence": Standing.PERSISTENTLY_ABSENT, "suspended": Standing.SUSPENDED}
"""Recorded events of secondary school that later life reads."""


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
    single = scalars(values, switches)
    cost_day = unit_costs(tables, values, "year")
    return World(
        key=key,
        p=single,
        **adversity_parts(tables, values, switches.type_specific_harm),
        **parental_ratios(
            values["parental_year_ratio"] if switches.families else 1.0, np.tile(parental_shares(values), (10, 1)).T
        ),
        **service_parts(tables, values),
        specialists=np.array(
            [k for k, row in enumerate(tables.rows["services"]) if row.channel == "specialist"], np.int64
        ),
        **instability_parts(tables, values, switches.instability_events, cost_day, partial(deflator, tables, values)),
        events=event_rows(tables, values, switches),
        universal=np.array([universal_service(tables, age) for age in range(ADULT)], np.int64),
        plan=number_of(tables, "child_protection_plan"),
        assessment=number_of(tables, "assessment"),
        with_parents=number_of(tables, "placed_with_parents"),
        semi_independent=number_of(tables, "semi_independent"),
        absent=number_of(tables, "severe_absence"),
        not_in_education=number_of(tables, "not_in_education"),
        instability=kind_of(tables, "instability"),
        service_harm=kind_of(tables, "service_harm"),
        cost_day=cost_day,
        **unit_parts(tables, values, authority_names(tables), service_names(tables)),
        cost_entry=unit_costs(tables, values, "episode"),
        **health_parts(tables, values, single.moderation, risk_span(tables, values, single)),
        **adult_parts(tables, values, switches),
        mean_other=np.zeros((ADULT, COUNTS)),
        mean_healed=np.zeros((ADULT, COUNTS)),
        mean_resilience=np.zeros((ADULT, COUNTS)),
        mean_type_risk=np.zeros((ADULT, COUNTS)),
        mean_burden=np.ones(ADULT),
    )


def scalars(values: Values, switches: Switches) -> Scalars:
    """Read the single numbers; channels that are switched off are at their null.

    What resilience moderates is an association too: it is taken at the causal share, as relative risks are.
    """
    read = {name: values[name] for name in Scalars._fields if name not in SWITCHES}
    read["moderation"] *= values["causal_share_mental"]
    if not switches.return_to_care:
        read["return_to_care_first_year"] = read["return_to_care_later"] = 0.0
    if not switches.channel_service_harm:
        read["phi"] = 0.0
    if not switches.channel_healing:
        read["psi"] = 0.0
    if not switches.channel_resilience:
        read["moderation"] = 0.0
    read["longstanding_risk"] *= values["causal_share_mental"]
    return Scalars(
        adversity=1.0,
        channel_hazards=float(switches.channel_hazards),
        families=float(switches.families),
        published_yll=float(switches.published_yll),
        adult_life=float(switches.adult_life),
        type_specific_harm=float(switches.type_specific_harm),
        instability_events=float(switches.instability_events),
        **read,
    )


def adversity_parts(tables: Tables, values: Values, by_type: bool) -> dict[str, Any]:
    """Build the arrays of childhood and adult adversity and of need."""
    kinds = tables.rows["adversities"]
    hazards = base_hazards(tables, values)
    types = type_harms(tables, values, hazards.sum(axis=1), by_type)
    rows = np.array(
        [
            (
                row.surveyed,
                row.arises == "service",
                row.raised_by_circumstances,
                row.befalls_household,
                row.raised_by_parents,
                round(100 * values[f"adversities.{row.adversity}.severity"]),
                types.need_load[k],
                types.healing[k],
                types.lasting[k],
                min(1.0, values[f"adversities.{row.adversity}.direct_referral"] * values["factor_direct_referral"]),
                types.risk[k],
            )
            for k, row in enumerate(kinds)
        ],
        ADVERSITY,
    )
    adult: dict[str, dict[str, float]] = {}
    hazard: dict[str, Any] = {}
    for row in tables.rows["adult_adversities"]:
        name = f"adult_adversities.{row.adversity}.{row.age_from}"
        if row.adversity not in adult:
            adult[row.adversity] = {column: values[f"{name}.{column}"] for column in OF_ALL_AGES}
        by_age = hazard.setdefault(row.adversity, np.zeros(AGES))
        by_age[row.age_from : row.age_to + 1] = values[f"{name}.hazard"]
    need = np.zeros((ADULT, 2), NEED)
    for row in tables.rows["need"]:
        name = f"need.{row.age_from}.{row.sex}"
        need[row.age_from : row.age_to + 1, int(row.sex == "female")] = (
            values[f"{name}.without_adversity"] * values["factor_need"],
            values[f"{name}.per_unresolved"] * values["factor_need"],
        )
    return {
        "adversities": rows,
        "hazard": hazards,
        "need": need,
        "need_gradient": centred(values["need_deprivation_ratio"]),
        "adult_adversities": np.array(
            [(round(100 * x["severity"]), x["per_unresolved"], x["per_condition"]) for x in adult.values()],
            ADULT_ADVERSITY,
        ),
        "adult_hazard": np.array(list(hazard.values())) * values["factor_adult_adversity"],
        "adult_gradient": centred([x["deprivation_ratio"] for x in adult.values()]),
    }


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
    """Lay out pathways by service and move, each age band's weights summed up to 1.

    A diverted weight stands before each of the others with its share of it, so that where its service is not open
    every other way is as it was.
    """
    routes: list[tuple[int, int, int, int, float]] = []
    diverted = [row for row in tables.rows["pathways"] if row.diverted]
    first = np.zeros((len(names), 3), np.int64)
    ways: dict[tuple[str, str], list[Any]] = {}
    for row in tables.rows["pathways"]:
        if not row.diverted:
            ways.setdefault((row.service, row.move), []).append(row)
    for number, name in enumerate(names):
        for move, word in enumerate(("escalate", "step_down")):
            first[number, move] = len(routes)
            summed: dict[int, float] = {}
            for row in ways.get((name, word), ()):
                weight = values[f"pathways.{name}.{word}.{row.age_from}.{row.to}.weight"]
                before = upto = summed.get(row.age_from, 0.0)
                for other in diverted:
                    ages = max(row.age_from, other.age_from), min(row.age_to, other.age_to)
                    if (other.service, other.move) == (name, word) and ages[0] <= ages[1]:
                        share = values[f"pathways.{name}.{word}.{other.age_from}.{other.to}.weight"]
                        upto += share * weight
                        routes.append((*ages, names.index(other.to), names.index(other.to), upto))
                summed[row.age_from] = before + weight
                to = NONE if row.to == "none" else names.index(row.to)
                routes.append((row.age_from, row.age_to, to, 0, summed[row.age_from]))
            for age, total in summed.items():
                if not math.isclose(total, 1.0, abs_tol=1e-9):
                    raise InputError(
                        f"pathways.{name}.{word}.{age}: weights sum to {total:.6g}, not 1; set all of them together"
                    )
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


def event_rows(tables: Tables, values: Values, switches: Switches) -> Any:
    """Build the rows of recorded events; one named as a service leads into it, some leave a mark on later life."""
    names, services = event_names(tables), service_names(tables)
    return np.array(
        [
            (
                names.index(row.event),
                row.age_from,
                row.age_to,
                services.index(row.event) if row.event in services else NONE,
                *(values[f"events.{row.event}.{row.age_from}.{column}"] for column in OF_EVENT),
                1 << LEAVES[row.event] if switches.adult_life and row.event in LEAVES and row.age_to >= 11 else 0,
            )
            for row in tables.rows["events"]
        ],
        EVENT,
    )


def unit_costs(tables: Tables, values: Values, per: str) -> Any:
    """Give the cost of a day (or an episode) of each service in each place, in the price year.

    Returns
    -------
    (A, S) whole hundredths of a penny
    """
    places, names = authority_names(tables), service_names(tables)
    costs, to_price_year = np.zeros((len(places), len(names))), cache(partial(deflator, tables, values))
    for everywhere in (True, False):
        for row in tables.rows["unit_costs"]:
            if row.per != per or (row.authority == "all") != everywhere:
                continue
            pounds = values[f"unit_costs.{row.service}.{row.authority}.{per}.value"]
            pounds *= to_price_year(row.price_year)
            where = [k for k, place in enumerate(places) if everywhere or place == row.authority]
            costs[where, names.index(row.service)] = pounds
    return np.round(costs * HUNDREDTHS / (DAYS if per == "year" else 1)).astype(np.int64)
