"""Hold the numbers of one draw as the rules read them: fixed-size arrays, looked up and never changed.

The compiled engine reads the arrays; `plain` turns the same world into Python lists for the Mesa
engine. Sizes: J types of childhood adversity, K of adult, S services, A authorities, C conditions,
D adult services.
"""

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np


class Scalars(NamedTuple):
    """Single numbers that the rules read; each but the switches is a row of parameters.csv."""

    adversity: float  # switch: 0 is the same people with no adversity
    channel_hazards: float  # switch
    families: float  # switch
    published_yll: float  # switch
    type_specific_harm: float  # switch
    instability_events: float  # switch
    adult_life: float  # switch
    hold_per_load: float
    hold_per_resilience: float
    support_lift: float
    resilience_buffer: float
    exit_ratio_not_held: float
    rereferral_rate: float
    return_to_care_first_year: float
    return_to_care_later: float
    band_medium: float
    band_high: float
    placement_ratio_not_held: float
    instability_of_move: float
    leaves_school: float
    worker_change_harm: float
    longstanding_after: float
    longstanding_need: float
    longstanding_risk: float
    neglect_goes_on: float
    event_load_cap: float
    unserved_ratio: float
    exposed_ratio: float
    repetition_ratio: float
    care_leaver_ratio: float
    care_leaver_until: float
    out_of_school_stays_out: float
    heal_child: float
    heal_adult: float
    heal_supported: float
    heal_adult_service: float
    heal_per_resilience: float
    resilience_returning: float
    resilience_gain: float
    resilience_loss: float
    resilience_loss_event: float
    phi: float
    psi: float
    moderation: float
    fade_from: float
    fade_to: float
    published_expectancy_male: float
    published_expectancy_female: float


SWITCHES = (
    "adversity",
    "channel_hazards",
    "families",
    "published_yll",
    "type_specific_harm",
    "instability_events",
    "adult_life",
)

ADVERSITY = np.dtype(
    [
        ("surveyed", "i8"),
        ("arises_in_service", "i8"),
        ("circumstances", "i8"),
        ("household", "i8"),
        ("parents", "i8"),
        ("severity", "i8"),  # hundredths of an event
        ("need_load", "i8"),  # severity as need sees it [hundredths of an event]
        ("healing", "i8"),  # log-odds added to healing [hundredths]
        ("lasting", "i8"),
        ("direct_referral", "f8"),
        ("risk", "f8"),  # log relative risk of mental illness
    ]
)
ADULT_ADVERSITY = np.dtype([("severity", "i8"), ("per_unresolved", "f8"), ("per_condition", "f8")])
NEED = np.dtype([("without_adversity", "f8"), ("per_unresolved", "f8")])
SERVICE = np.dtype(
    [
        ("tier", "i8"),
        ("channel", "i8"),
        ("bit", "i8"),
        ("age_from", "i8"),
        ("age_to", "i8"),
        ("excludes", "i8"),
        ("hold_log_odds", "f8"),
        ("exit_rate_first_year", "f8"),
        ("exit_rate_later", "f8"),
        ("harm", "f8"),
        ("placement_move_rate", "f8"),
    ]
)
ROUTE = np.dtype(
    [
        ("age_from", "i8"),
        ("age_to", "i8"),
        ("to", "i8"),
        ("needs_open", "i8"),  # service that must be open for this way to be there
        ("upto", "f8"),
    ]
)
SUPPORT = np.dtype([("age_from", "i8"), ("age_to", "i8"), ("service", "i8")])
EVENT = np.dtype(
    [
        ("event", "i8"),
        ("age_from", "i8"),
        ("age_to", "i8"),
        ("service", "i8"),
        ("log_odds", "f8"),
        ("per_unresolved", "f8"),
        ("if_not_held", "f8"),
        ("if_out_of_school", "f8"),
        ("if_looked_after", "f8"),
        ("if_male", "f8"),
        ("leaves", "i8"),  # bits of names.Standing that the event leaves behind
    ]
)
OUTCOME_OF_LIFE = np.dtype(
    [
        ("log_odds", "f8"),
        ("before", "f8"),
        ("per_cat", "f8"),
        ("per_unresolved", "f8"),
        ("per_condition", "f8"),
        ("deprivation", "f8"),
        ("if_male", "f8"),
        ("if_out_of_school", "f8"),
        ("if_persistently_absent", "f8"),
        ("if_suspended", "f8"),
        ("if_left_care", "f8"),
        ("if_early_parent", "f8"),
        ("if_job_lost", "f8"),
        ("if_level_2", "f8"),
        ("if_level_3", "f8"),
    ]
)
ADULT_SERVICE = np.dtype(
    [
        ("age_from", "i8"),
        ("age_to", "i8"),
        ("reasons", "i8"),  # bits of all its routes
        ("agency", "i8"),  # bit
        ("cost", "i8"),  # of a year, or of the year's episode [hundredths of a penny]
        ("stays", "f8"),
        ("heals", "f8"),
    ]
)
ADULT_ROUTE = np.dtype([("age_from", "i8"), ("age_to", "i8"), ("reason", "i8"), ("reached", "f8")])

INSTABILITY = np.dtype(
    [
        ("kind", "i8"),
        ("age_from", "i8"),
        ("age_to", "i8"),
        ("exposes", "i8"),
        ("cost", "i8"),  # hundredths of a penny
        ("hazard", "f8"),
        ("per_unresolved", "f8"),
        ("looked_after", "f8"),
        ("not_held", "f8"),
        ("harm", "f8"),  # ratio to instability_of_move
    ]
)

INTERVENTION = np.dtype(
    [
        ("effect", "i8"),
        ("types", "i8"),
        ("eligible", "i8"),
        ("decile_to", "i8"),
        ("reaches", "i8"),
        ("renewed", "i8"),
    ]
)


class World(NamedTuple):
    """All numbers of one draw that do not change with the year."""

    key: tuple[int, int, int]
    p: Scalars
    adversities: Any  # (J,) ADVERSITY
    hazard: Any  # (J, 18) of the average child [per child-year]
    parental_year: Any  # (4, 10) ratio of hazards at home in a year of a parent's own adversity, by its ACEs and decile
    parental_else: Any  # (4, 10) the same in other years
    need: Any  # (18, 2) NEED
    need_gradient: Any  # (10,)
    adult_adversities: Any  # (K,) ADULT_ADVERSITY
    adult_hazard: Any  # (K, ages) [per person-year]
    adult_gradient: Any  # (K, 10)
    services: Any  # (S,) SERVICE
    route_first: Any  # (S, 3) where a service's routes begin, by move, and end
    routes: Any  # ROUTE
    support_first: Any  # (S + 1,)
    supports: Any  # SUPPORT
    specialists: Any  # service numbers
    units: int  # how many there are, of all services and places; most runs have none
    unit_first: Any  # (A, S + 1) where a service's units begin in a place; the last entry ends the place
    unit_upto: Any  # (MOST_UNITS, 10) cumulative share of a decile's children that goes to each
    events: Any  # EVENT
    moves: Any  # INSTABILITY
    moves_gradient: Any  # (rows of moves, 10)
    placement_move: int  # row of moves
    outside: int  # row of moves: a placement outside the authority
    outside_share: Any  # (S,) of placements
    outside_cost: Any  # (2, A, S) of a day within and outside, less that of the mean placement [hundredths of a penny]
    universal: Any  # (18,) service number by age
    plan: int
    assessment: int
    with_parents: int
    semi_independent: int
    absent: int
    not_in_education: int
    instability: int
    service_harm: int
    cost_day: Any  # (A, S) [hundredths of a penny]
    cost_entry: Any  # (A, S) [hundredths of a penny]
    weights: Any  # (C,) disability weights
    remission: Any  # (C,) [per year]
    incidence: Any  # (C, 2, ages) [per person-year] baseline once referenced
    log_ratio: Any  # (C, 9) log relative risk at exposures 0 to 8
    moderated: Any  # (C,)
    mental: Any  # (C,) whether types of adversity differ in its risk
    ratio_ceiling: Any  # (C, 9) above every relative risk at exposures from 0, 1 ... 8 up to the next
    mortality: Any  # (2, ages) [per person-year] baseline once referenced
    log_ratio_death: Any  # (2, 9)
    ratio_ceiling_death: Any  # (2,)
    expectancy: Any  # (2, ages + 1) [years]
    child_death_ratio: Any  # (10,)
    mean_other: Any  # (18, 7) wider and repeated CATs by age and ACE count, reference cohort
    mean_healed: Any  # (18, 7) healed events by age and ACE count, reference cohort
    mean_resilience: Any  # (18, 7) resilience by age and ACE count, reference cohort
    mean_type_risk: Any  # (18, 7) log of the mean ratio by types, by age and ACE count, reference cohort
    mean_burden: Any  # (18,) unresolved events a child, reference cohort
    outcomes: Any  # OUTCOME_OF_LIFE
    outcome_at: Any  # (5, ages) row of `outcomes` by names.Standing and age, or -1
    any_outcome: Any  # (ages,) 1 where an outcome has a row
    adult_services: Any  # (D,) ADULT_SERVICE
    adult_first: Any  # (D + 1,) where a service's routes begin
    adult_routes: Any  # ADULT_ROUTE
    adult_reasons: int  # bits of every route
    leaving_care: int  # bit of the leaving-care service
    homelessness: int  # adult adversities that rules are about
    job_loss: int
    agency: Any  # (S,) bit of the agency that a children's service belongs to; 0 for what is universal
    condition_cost: Any  # (C,) [hundredths of a penny a year]
    costed: int  # bits of the conditions that cost anything
    pay: Any  # (3, ages) by attainment [hundredths of a penny a year]
    tax: Any  # (3, ages) on that pay [hundredths of a penny a year]
    benefits: int  # mean over those without work who could claim [hundredths of a penny a year]


class Context(NamedTuple):
    """What a year's rules read that levers or last year's children change."""

    amplification: Any  # (neighbourhoods, 2) of most types, and of those raised by circumstances
    gradient: Any  # (A, J, 50) by 5 x decile + ethnic group
    ceiling: Any  # (A, 18, 50) above every type's gradient times its hazard_factor
    need_ease: Any  # (A, 10) what a fall of deprivation leaves of need without adversity
    adult_ease: Any  # (A, K, 10) of adult hazards
    child_death_ease: Any  # (A, 10) of child deaths
    hazard_factor: Any  # (A, 18, J) 1 less what is prevented
    lift: Any  # (A, S) log-odds that Sufficiency and TIP alignment add to holding
    reach: Any  # (A, S) probability that a support reaches a child
    tip_healing: Any  # (A, S) log-odds that TIP alignment adds to healing
    acceptance: Any  # (A, S, 3) by priority band
    cutoff: Any  # (A, S) rank below which a place is found; above RANKS where places are not rationed
    turnover: Any  # (A, S) share of staff who leave this year above the usual
    recovery: Any  # (A,) log-odds added to healing
    community: Any  # (A,) resilience to which children return
    placement_ratio: Any  # (A,)
    offers: int  # 1 where the scenario holds an intervention, whatever its coverage
    interventions: Any  # (I,) INTERVENTION, all of the table
    coverage: Any  # (A, 18, I) share of those eligible at an age who are reached
    effect: Any  # (A, I, 18) ratio or log-odds by years since the child was last reached
    intervention_cost: Any  # (A, I) of reaching a child [hundredths of a penny]
    open: Any  # (A, S) whether a service is there at all: all are, but for those that another scenario adds
    unit_lift: Any  # (MOST_UNITS,) as lift, reach and tip_healing, of units
    unit_reach: Any  # (MOST_UNITS,)
    unit_healing: Any  # (MOST_UNITS,)


def pack(numbers: Any) -> Any:
    """Lay a world or a context out as one record, so that machine code is handed a single address.

    Returns
    -------
    (1,) record with the same field names
    """
    fields: list[Any] = []
    parts: dict[str, Any] = {}
    for name, part in zip(numbers._fields, numbers, strict=True):
        if hasattr(part, "_fields"):
            inner = np.dtype([(each, "f8") for each in part._fields])
            fields.append((name, inner))
            parts[name] = np.array(tuple(part), inner)
        else:
            parts[name] = np.asarray(part)
            fields.append((name, parts[name].dtype, parts[name].shape))
    record = np.zeros(1, np.dtype(fields))
    for name, part in parts.items():
        record[name][0] = part
    return record


def plain(numbers: Any) -> Any:
    """Turn a world or a context of arrays into the same of Python lists and numbers."""
    if isinstance(numbers, tuple) and hasattr(numbers, "_fields"):
        return type(numbers)(*(plain(part) for part in numbers))
    if isinstance(numbers, np.ndarray):
        if numbers.dtype.names is None:
            return numbers.tolist()
        if numbers.ndim > 1:
            return [plain(part) for part in numbers]
        return [SimpleNamespace(**{n: row[n].item() for n in numbers.dtype.names}) for row in numbers]
    return numbers
