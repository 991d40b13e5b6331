"""Say what a row of each table is: its columns, units and allowed ranges.

One small model per table of `simulation/tables/`. The reader in `inputs.py` checks every row against
its model; `wellheld parameters` and `wellheld check` show the unit and the allowed range from here.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Grade = Literal["published", "derived", "calibrated", "assumption"]
Status = Literal["read", "recalled"]
Distribution = Literal["fixed", "normal", "lognormal", "beta", "uniform"]
Tier = Literal["universal", "early_help", "social_care", "looked_after", "specialist", "out_of_system"]
Channel = Literal["education", "support", "specialist", "front_door"]
Payer = Literal["education", "social_care", "health", "justice"]
InstabilityPayer = Literal["education", "social_care", "health", "justice", "housing"]
RationedBy = Literal["waiting_list", "threshold", "none"]
AdultPayer = Literal["social_care", "health", "justice", "housing", "public_health", "work_and_pensions"]
InterventionPayer = Literal["education", "social_care", "health", "justice", "housing", "welfare"]
Sex = Literal["male", "female"]


def number(unit: str, ge: float | None = None, le: float | None = None) -> object:
    """Describe a finite numeric column by its unit and allowed range."""
    return Field(ge=ge, le=le, allow_inf_nan=False, json_schema_extra={"unit": unit})


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1, max_length=600)]
PriceYear = Annotated[str, Field(pattern=r"^20\d\d-\d\d$")]
Share = Annotated[float, number("share", 0, 1)]
Age = Annotated[int, number("years", 0, 110)]
ChildAge = Annotated[int, number("years", 0, 17)]
Switch = Annotated[int, number("0 or 1", 0, 1)]
Rate = Annotated[float, number("per year", 0, 1000)]
LogOdds = Annotated[float, number("log-odds", -20, 20)]
Ratio = Annotated[float, number("ratio", 0, 1000)]
Pounds = Annotated[float, number("GBP", 0, 1e9)]
KnownPounds = Annotated[float | None, number("GBP a child reached, in its price year", 0, 1e9)]
"""An amount, or nothing where nobody knows it."""
SCENARIO = "scenario"
"""Source of the rows that a user's scenario adds."""
EXAMPLE = "generated"
"""What a scenario's `units_from` says to take the generated example."""


class Row(BaseModel):
    """A row that says where its numbers come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: Name
    grade: Grade
    status: Status
    note: str = ""


class SourceRow(BaseModel):
    """One source: what it is, where in it, under which licence, and whether it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key: Name
    citation: Text
    locator: str = ""
    licence: str = ""
    status: Status


class UncertainRow(Row):
    """A row with one uncertain number: low and high give the width of its 95% interval (uniform: its ends)."""

    value: Annotated[float, number("see unit")]
    low: Annotated[float, number("see unit")] | None = None
    high: Annotated[float, number("see unit")] | None = None
    distribution: Distribution = "fixed"


class ParameterRow(UncertainRow):
    """One number of the model that belongs to no other table."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    unit: Text


class AuthorityRow(Row):
    """A place: its births and the staffing of its social care (England is the reference)."""

    authority: Name
    title: Text
    role: Literal["place", "reference"]
    births: Annotated[int, number("births a year", 1, 1_000_000)]
    children: Annotated[int, number("children aged 0-17", 1, 100_000_000)]
    caseload: Annotated[float, number("cases per full-time social worker", 1, 100)]
    vacancy: Share
    turnover: Share


class ResidentRow(Row):
    """How many people of one age live in an authority, and how many of them move out of it in a year."""

    authority: Name
    age: Annotated[int, number("years", 0, 24)]
    residents: Annotated[int, number("people", 1, 1_000_000)]
    moves_out: Annotated[float, number("share a year", 0, 1)]


class DeprivationRow(Row):
    """Share of an authority's neighbourhoods in one national decile (1 most deprived)."""

    authority: Name
    decile: Annotated[int, number("decile", 1, 10)]
    neighbourhoods: Annotated[int, number("neighbourhoods", 0, 40_000)]
    share: Share


class EthnicGroupRow(Row):
    """Share of an authority's residents in one of the five census groups."""

    authority: Name
    group: Literal["white", "asian", "black", "mixed", "other"]
    share: Share


class FertilityRow(Row):
    """Births a year to a woman of an age band."""

    age_from: Age
    age_to: Age
    births: Annotated[float, number("births a woman and year", 0, 1)]


class EthnicDeprivationRow(Row):
    """Share of an ethnic group that lives in England's most and in its least deprived tenth."""

    group: Literal["white", "asian", "black", "mixed", "other"]
    most_deprived_tenth: Share
    least_deprived_tenth: Share


class AdjacencyRow(Row):
    """Two authorities that touch, and how much of what reaches the first from others comes from the second."""

    authority: Name
    neighbour: Name
    share: Share


class LocalityIndicatorRow(Row):
    """A public indicator of an index of localities: what it stands for, and how it lies along deprivation."""

    indicator: Name
    title: Text
    index: Literal["adversity", "resilience"]
    stands_for: Name
    sign: Annotated[int, number("1, or -1 where it counts against", -1, 1)]
    unit: Text
    deprivation_ratio: Annotated[float, number("ratio, decile 1 to 10", 0.01, 100)]


class LocalityValueRow(Row):
    """A public indicator's value in one authority, or in England."""

    indicator: Name
    authority: Name
    year: Annotated[int, number("year to 31 March", 2000, 2100)]
    value: Annotated[float, number("see its indicator", 0)]


class LifeTableRow(Row):
    """Probability of death within a year of age, and residual expectancy, by sex."""

    age: Age
    sex: Sex
    probability_of_death: Share
    life_expectancy: Annotated[float, number("years", 0, 120)]


class ConditionRow(UncertainRow):
    """A condition: value, low and high are its odds ratio at 4+ ACEs against 0."""

    value: Annotated[float, number("odds ratio, 4+ ACEs against 0", 0.01, 1000)]
    condition: Name
    title: Text
    survey_age: Age
    remission: Rate
    disability_weight: Share
    disability_weight_low: Share
    disability_weight_high: Share
    moderated_by_resilience: Switch
    mental: Switch


class IncidenceRow(Row):
    """Population incidence of a condition in one age band, before adversity is told apart."""

    condition: Name
    sex: Sex
    age_from: Age
    age_to: Age
    hazard: Annotated[float, number("per person-year", 0, 1)]


class AdversityRow(UncertainRow):
    """A type of childhood adversity: value is the share who had it by 18, in England."""

    value: Annotated[float, number("share who had it by 18", 0, 1)]
    adversity: Name
    title: Text
    ace: Switch
    surveyed: Switch
    arises: Literal["hazard", "service"]
    weight_0_4: Ratio
    weight_5_10: Ratio
    weight_11_17: Ratio
    severity: Annotated[float, number("events of mean severity", 0.01, 10)]
    deprivation_ratio: Annotated[float, number("ratio, decile 1 to 10", 0.01, 100)]
    raised_by_circumstances: Switch
    raised_by_discrimination: Switch
    befalls_household: Switch
    raised_by_parents: Switch
    direct_referral: Share


class TypeHarmRow(Row):
    """How the harm of one type of childhood adversity differs from that of the mean type."""

    adversity: Name
    need_weight: Annotated[float, number("ratio to the mean type", 0.01, 10)]
    healing_log_odds: Annotated[float, number("log-odds a year", -5, 5)]
    risk_log_ratio: Annotated[float, number("log relative risk of mental illness, beyond the ACE count's", -2, 2)]
    lasting: Switch


class AdultAdversityRow(Row):
    """A type of adult adversity: yearly hazard in an age band and what raises it."""

    adversity: Name
    title: Text
    age_from: Age
    age_to: Age
    hazard: Annotated[float, number("per person-year", 0, 1)]
    deprivation_ratio: Annotated[float, number("ratio, decile 1 to 10", 0.01, 100)]
    per_unresolved: Annotated[float, number("relative excess per unresolved event", 0, 10)]
    per_condition: Annotated[float, number("relative excess per condition", 0, 10)]
    severity: Annotated[float, number("events of mean severity", 0.01, 10)]


class ServiceRow(Row):
    """A service: where it stands, whom it takes, how it holds, how children leave it."""

    service: Name
    title: Text
    tier: Tier
    channel: Channel
    age_from: Age
    age_to: Age
    hold_log_odds: LogOdds
    f_sufficiency: LogOdds
    f_tip: LogOdds
    exit_rate_first_year: Rate
    exit_rate_later: Rate
    acceptance: Share
    harm: Share
    excludes: Switch
    placement_move_rate: Rate
    staffed_by_social_workers: Switch
    places: Annotated[float, number("places per 1,000 children aged 0-17", 0, 1000)]
    rationed_by: RationedBy


class PlaceAgeRow(Row):
    """How many of a service's places are for children of an age, over its mean of ages 0 to 17."""

    service: Name
    age: Annotated[int, Field(ge=0, le=17, json_schema_extra={"unit": "years"}, description="years, 0 to 17")]
    weight: Annotated[float, number("ratio to the mean of ages 0-17", 0, 18)]


class ServiceLevelRow(Row):
    """Sufficiency and TIP alignment of a service in an authority ('all': wherever no row of its own)."""

    authority: Name
    service: Name
    sufficiency: Share
    tip_alignment: Share


class PathwayRow(Row):
    """A weight with which a service passes a child of some age on, up or down.

    A diverted weight is taken from all other weights of the same move in proportion, where `to` is open.
    """

    service: Name
    move: Literal["escalate", "step_down"]
    age_from: Age
    age_to: Age
    to: Name
    weight: Share
    diverted: bool = False


class SupportRow(Row):
    """A service that supports another in holding a child."""

    service: Name
    support: Name
    age_from: Age
    age_to: Age


class UnitCostRow(UncertainRow):
    """What a year in a service, or an episode of it, costs in the prices of a year."""

    value: Annotated[float, number("GBP a year or an episode, in its price year", 0, 1e9)]
    service: Name
    authority: Name
    per: Literal["year", "episode"]
    price_year: PriceYear
    payer: Payer
    cashable: Share


def ten(intake: object) -> object:
    """Split a cell of ten affinities, decile 1 first."""
    return intake.split() if isinstance(intake, str) else intake


class UnitRow(Row):
    """A unit of a service (a school, a provider): whom it takes in, and its Sufficiency and TIP alignment.

    A level that is left out is the service's own.
    """

    authority: Name = Field(description="the place it is in, such as sandwell")
    stage: Name = Field(description="the service it is a unit of, such as primary_school")
    unit: Name = Field(description="its own name: small letters, digits and _")
    title: str = Field(default="", max_length=120)
    capacity: float = Field(
        gt=0, le=1e6, allow_inf_nan=False, json_schema_extra={"unit": "places"}, description="places, above 0"
    )
    sufficiency: float | None = Field(default=None, ge=0, le=1, json_schema_extra={"unit": "share"})
    tip_alignment: float | None = Field(default=None, ge=0, le=1, json_schema_extra={"unit": "share"})
    intake: Annotated[
        tuple[Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)], ...],
        BeforeValidator(ten),
        Field(min_length=10, max_length=10),
    ] = Field(default=(1.0,) * 10, description="ten affinities, decile 1 (most deprived) first")
    generated: bool = Field(default=False, description="true where no such unit exists")
    source: Name = SCENARIO
    grade: Grade = "assumption"
    status: Status = "recalled"


class DeflatorRow(UncertainRow):
    """Growth of the GDP deflator on the year before."""

    value: Annotated[float, number("growth on the year before", -0.5, 1)]
    year: PriceYear


class NeedRow(Row):
    """Need of a child of one age band and sex: without adversity, and per unresolved event."""

    age_from: Age
    age_to: Age
    sex: Sex
    without_adversity: Annotated[float, number("hazard a year", 0, 5)]
    per_unresolved: Annotated[float, number("hazard a year per event", 0, 5)]


class EventRow(Row):
    """A yearly event in the record of services: log-odds in an age band, and what raises it."""

    event: Name
    title: Text
    age_from: Age
    age_to: Age
    log_odds: LogOdds
    per_unresolved: LogOdds
    if_not_held: LogOdds
    if_out_of_school: LogOdds
    if_looked_after: LogOdds
    if_male: LogOdds


class InstabilityEventRow(Row):
    """A yearly event that unsettles a child: its hazard in an age band, what raises it, what it does and costs."""

    kind: Name
    title: Text
    arises: Literal["hazard", "placement"]
    age_from: Annotated[int, number("years", 0, 17)]
    age_to: Annotated[int, number("years", 0, 17)]
    hazard: Annotated[float, number("per child-year", 0, 5)]
    deprivation_ratio: Annotated[float, number("ratio, decile 1 to 10", 0.01, 100)]
    per_unresolved: Annotated[float, number("relative excess per unresolved event", 0, 10)]
    ratio_looked_after: Ratio
    ratio_not_held: Ratio
    exposes: Switch
    instability_ratio: Annotated[float, number("ratio to instability_of_move", 0, 10)]
    cost: Pounds
    price_year: PriceYear
    payer: InstabilityPayer
    cashable: Share


class OutOfAreaRow(Row):
    """Placements of one kind outside the authority: their share, and what one costs beside one within."""

    service: Name
    share: Share
    cost_ratio: Annotated[float, number("ratio to a placement within", 0.1, 10)]


class AdultOutcomeRow(Row):
    """An outcome of young or adult life: log-odds in an age band, and what raises it; `before`: so last year too."""

    outcome: Literal["level_2", "level_3", "early_parent", "neet", "employed"]
    title: Text
    age_from: Age
    age_to: Age
    log_odds: LogOdds
    before: LogOdds
    per_cat: LogOdds
    per_unresolved: LogOdds
    per_condition: LogOdds
    deprivation: Annotated[float, number("log-odds, decile 1 less decile 10", -20, 20)]
    if_male: LogOdds
    if_out_of_school: LogOdds
    if_persistently_absent: LogOdds
    if_suspended: LogOdds
    if_left_care: LogOdds
    if_early_parent: LogOdds
    if_job_lost: LogOdds
    if_level_2: LogOdds
    if_level_3: LogOdds


class AdultServiceRow(UncertainRow):
    """A service of adult life: what a year of it, or a year's episode, costs; who stays; how it helps to heal."""

    value: Annotated[float, number("GBP a year of use, in its price year", 0, 1e9)]
    service: Name
    title: Text
    age_from: Annotated[int, number("years", 18, 110)]
    age_to: Annotated[int, number("years", 18, 110)]
    stays: Share
    heals: Annotated[float, number("part of heal_adult_service", 0, 10)]
    price_year: PriceYear
    payer: AdultPayer
    cashable: Share


class AdultRouteRow(Row):
    """A reason for which a share of those who have it in a year come to an adult service."""

    service: Name
    reason: Name
    age_from: Annotated[int, number("years", 18, 110)]
    age_to: Annotated[int, number("years", 18, 110)]
    reached: Share


class ConditionCostRow(UncertainRow):
    """What a year with a condition costs the health service, from 18."""

    value: Annotated[float, number("GBP a year, in its price year", 0, 1e9)]
    condition: Name
    price_year: PriceYear


class PayRow(Row):
    """Mean pay of a year in work by attainment and age, and the share of workers of the age who have it."""

    attainment: Literal["below_level_2", "level_2", "level_3"]
    age_from: Annotated[int, number("years", 18, 110)]
    age_to: Annotated[int, number("years", 18, 110)]
    pay: Annotated[float, number("GBP a year, 2023-24", 0, 1e9)]
    share: Share


class InterventionRow(UncertainRow):
    """A named intervention: value is its effect on those whom it reaches, a ratio, a share or log-odds by `acts_on`."""

    value: Annotated[float, number("rate ratio, share of the gradient or log-odds, by acts_on", -5, 10)]
    intervention: Name
    title: Text
    age_from: ChildAge
    age_to: ChildAge
    eligible: Literal["all", "high_need", "in_social_care", "on_plan", "looked_after", "out_of_school"]
    decile_to: Annotated[int, number("decile", 1, 10)]
    reaches: Literal["child", "family", "area"]
    renewed: Switch
    acts_on: Name
    full_years: Annotated[int, number("years", 0, 18)]
    fade: Annotated[float, number("share a year", 0, 1)]
    cost: KnownPounds = None
    cost_low: KnownPounds = None
    cost_high: KnownPounds = None
    transfer_share: Annotated[float | None, number("share of the cost", 0, 1)] = None
    """Share of the cost that only changes hands, as cash does; nothing where all of it buys something."""
    price_year: PriceYear
    payer: InterventionPayer
    beside: str = ""
    """An intervention of the same kind without whose result this one is not to be read, such as a null trial."""


class IndicatorRow(Row):
    """An observed figure to set beside the model's: nothing is fitted to it by machine."""

    indicator: Name
    title: Text
    authority: Name
    year: Annotated[int, number("year to 31 March", 2000, 2100)]
    unit: Text
    value: Annotated[float, number("see unit", 0)]


class CaptureRow(Row):
    """What an authority would record to replace assumptions, and how an estimate from it would vary."""

    assumption: Name
    numbers: Text
    interval_of: str = ""
    estimator: Literal["share", "rate", "log_rate", "log_odds", "mean", "log_mean", "none"]
    cases: Literal[
        "births",
        "children",
        "pupils",
        "referrals",
        "children_in_need",
        "looked_after",
        "aged_18_24",
        "services",
    ]
    case_share: Annotated[float, number("records a case and year", 0, 100)]
    base: Annotated[float, number("of what is recorded; 0: the number itself", 0, 1000)]
    variance: Annotated[float, number("of what differs between records; 1: no comparison", 0, 1000)]
    fields: Text
    unit_of_record: Text


ASSUMED: dict[str, dict[str, str]] = {
    "adversities": dict.fromkeys(
        ("weight_0_4", "weight_5_10", "weight_11_17", "severity", "deprivation_ratio", "direct_referral"),
        "project_assumption",
    ),
    "conditions": {
        "remission": "project_assumption",
        "survey_age": "project_assumption",
        "disability_weight": "gbd_2019",
    },
    "services": dict.fromkeys(("hold_log_odds", "f_sufficiency", "f_tip", "harm", "places"), "project_assumption"),
    "unit_costs": {"cashable": "project_assumption"},
    "type_harm": dict.fromkeys(("need_weight", "healing_log_odds"), "project_assumption"),
    "instability_events": dict.fromkeys(
        ("deprivation_ratio", "per_unresolved", "ratio_not_held", "instability_ratio", "cost", "cashable"),
        "project_assumption",
    ),
    "out_of_area": {"cost_ratio": "project_assumption"},
    "adult_services": dict.fromkeys(("stays", "heals", "cashable"), "project_assumption"),
    "adult_outcomes": dict.fromkeys(
        (
            "before",
            "per_cat",
            "per_unresolved",
            "per_condition",
            "deprivation",
            "if_male",
            "if_out_of_school",
            "if_persistently_absent",
            "if_suspended",
            "if_left_care",
            "if_early_parent",
            "if_job_lost",
            "if_level_2",
            "if_level_3",
        ),
        "project_assumption",
    ),
    "pay": {"share": "project_assumption"},
    "interventions": dict.fromkeys(
        ("cost", "cost_low", "cost_high", "transfer_share", "full_years", "fade"), "project_assumption"
    ),
    "adjacency": {"share": "project_assumption"},
}
"""Columns that nobody has measured as they stand, by table, with their source: whatever their row's grade is."""

SWITCHED: dict[str, str] = {
    **dict.fromkeys(
        (
            "adult_outcomes",
            "adult_services",
            "adult_routes",
            "condition_costs",
            "pay",
            "heal_adult_service",
            "factor_adult_outcomes",
            "factor_adult_reached",
            "factor_pay",
            "attainment_in_pay",
            "benefit_a_year",
            "share_claiming",
        ),
        "adult_life",
    ),
    **dict.fromkeys(
        ("parental_adversity", "parental_adversity_per_ace", "parental_year_ratio", "parental_causal_share"), "families"
    ),
    **dict.fromkeys(
        ("threshold_slope", "turnover_by_caseload", "turnover_by_carried", "unfilled_share", "worker_change_harm"),
        "rationing",
    ),
    **dict.fromkeys(
        (
            "type_harm",
            "longstanding_need",
            "longstanding_risk",
            "neglect_goes_on",
            "factor_type_need",
            "factor_type_healing",
            "factor_type_risk",
        ),
        "type_specific_harm",
    ),
    **dict.fromkeys(
        (
            "instability_events",
            "out_of_area",
            "factor_instability",
            "factor_instability_cost",
            "homeless_children_per_adult",
        ),
        "instability_events",
    ),
    "exploitation_spillover": "spillover",
    "moves_from_adjoining": "moves_between",
    "interventions": "intervention",
    "factor_fade": "intervention",
    "poverty_causal_share": "poverty",
}
"""Tables and parameters that matter only where a switch is on or a lever of some kind given: drawn only then, apart."""

Kinds = Mapping[str, tuple[type[BaseModel], tuple[str, ...]]]
"""Row model and key columns of each table."""
UNITS: tuple[type[BaseModel], tuple[str, ...]] = (UnitRow, ("authority", "stage", "unit"))
"""Row model and key columns of a table of units, which only scenarios have."""
KEYS: Kinds = {
    "sources": (SourceRow, ("key",)),
    "parameters": (ParameterRow, ("name",)),
    "authorities": (AuthorityRow, ("authority",)),
    "residents": (ResidentRow, ("authority", "age")),
    "deprivation": (DeprivationRow, ("authority", "decile")),
    "ethnic_groups": (EthnicGroupRow, ("authority", "group")),
    "fertility": (FertilityRow, ("age_from",)),
    "ethnic_deprivation": (EthnicDeprivationRow, ("group",)),
    "adjacency": (AdjacencyRow, ("authority", "neighbour")),
    "locality_indicators": (LocalityIndicatorRow, ("indicator",)),
    "locality_values": (LocalityValueRow, ("indicator", "authority")),
    "life_table": (LifeTableRow, ("sex", "age")),
    "conditions": (ConditionRow, ("condition",)),
    "incidence": (IncidenceRow, ("condition", "sex", "age_from")),
    "adversities": (AdversityRow, ("adversity",)),
    "type_harm": (TypeHarmRow, ("adversity",)),
    "adult_adversities": (AdultAdversityRow, ("adversity", "age_from")),
    "services": (ServiceRow, ("service",)),
    "place_ages": (PlaceAgeRow, ("service", "age")),
    "service_levels": (ServiceLevelRow, ("authority", "service")),
    "pathways": (PathwayRow, ("service", "move", "age_from", "to")),
    "supports": (SupportRow, ("service", "support", "age_from")),
    "unit_costs": (UnitCostRow, ("service", "authority", "per")),
    "deflators": (DeflatorRow, ("year",)),
    "need": (NeedRow, ("age_from", "sex")),
    "events": (EventRow, ("event", "age_from")),
    "instability_events": (InstabilityEventRow, ("kind", "age_from")),
    "out_of_area": (OutOfAreaRow, ("service",)),
    "adult_outcomes": (AdultOutcomeRow, ("outcome", "age_from")),
    "adult_services": (AdultServiceRow, ("service",)),
    "adult_routes": (AdultRouteRow, ("service", "reason", "age_from")),
    "condition_costs": (ConditionCostRow, ("condition",)),
    "pay": (PayRow, ("attainment", "age_from")),
    "adult_indicators": (IndicatorRow, ("indicator", "authority")),
    "interventions": (InterventionRow, ("intervention",)),
    "indicators": (IndicatorRow, ("indicator", "authority")),
    "capture": (CaptureRow, ("assumption",)),
}
SCENARIO_KEYS: Kinds = {**KEYS, "units": UNITS}
"""Tables of the model and those that only scenarios have."""
