"""Say what a row of each table is: its columns, units and allowed ranges.

One small model per table of `simulation/tables/`. The reader in `inputs.py` checks every row against
its model; `wellheld parameters` and `wellheld check` show the unit and the allowed range from here.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Grade = Literal["published", "derived", "calibrated", "assumption"]
Status = Literal["read", "recalled"]
Distribution = Literal["fixed", "normal", "lognormal", "beta", "uniform"]
Tier = Literal["universal", "early_help", "social_care", "looked_after", "specialist", "out_of_system"]
Channel = Literal["education", "support", "specialist", "front_door"]
Payer = Literal["education", "social_care", "health", "justice"]
RationedBy = Literal["waiting_list", "threshold", "none"]
Sex = Literal["male", "female"]


def number(unit: str, ge: float | None = None, le: float | None = None) -> object:
    """Describe a finite numeric column by its unit and allowed range."""
    return Field(ge=ge, le=le, allow_inf_nan=False, json_schema_extra={"unit": unit})


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1, max_length=600)]
Share = Annotated[float, number("share", 0, 1)]
Age = Annotated[int, number("years", 0, 110)]
Switch = Annotated[int, number("0 or 1", 0, 1)]
Rate = Annotated[float, number("per year", 0, 1000)]
LogOdds = Annotated[float, number("log-odds", -20, 20)]
Ratio = Annotated[float, number("ratio", 0, 1000)]
Pounds = Annotated[float, number("GBP", 0, 1e9)]


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


class ServiceLevelRow(Row):
    """Sufficiency and TIP alignment of a service in an authority ('all': wherever no row of its own)."""

    authority: Name
    service: Name
    sufficiency: Share
    tip_alignment: Share


class PathwayRow(Row):
    """A weight with which a service passes a child of some age on, up or down."""

    service: Name
    move: Literal["escalate", "step_down"]
    age_from: Age
    age_to: Age
    to: Name
    weight: Share


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
    price_year: Annotated[str, Field(pattern=r"^20\d\d-\d\d$")]
    payer: Payer
    cashable: Share


class DeflatorRow(UncertainRow):
    """Growth of the GDP deflator on the year before."""

    value: Annotated[float, number("growth on the year before", -0.5, 1)]
    year: Annotated[str, Field(pattern=r"^20\d\d-\d\d$")]


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


class InterventionRow(UncertainRow):
    """A named intervention: value is the rate ratio of childhood adversity where it reaches a child."""

    value: Annotated[float, number("rate ratio of adversity", 0, 10)]
    intervention: Name
    title: Text
    age_from: Age
    age_to: Age
    acts_on: Literal["maltreatment", "all_adversity", "bullying"]
    cost: Pounds
    price_year: Annotated[str, Field(pattern=r"^20\d\d-\d\d$")]
    payer: Payer


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
    "services": dict.fromkeys(("hold_log_odds", "f_sufficiency", "f_tip", "harm"), "project_assumption"),
    "unit_costs": {"cashable": "project_assumption"},
    "interventions": {"cost": "project_assumption"},
}
"""Columns that nobody has measured as they stand, by table, with their source: whatever their row's grade is."""

Kinds = Mapping[str, tuple[type[BaseModel], tuple[str, ...]]]
"""Row model and key columns of each table."""
KEYS: Kinds = {
    "sources": (SourceRow, ("key",)),
    "parameters": (ParameterRow, ("name",)),
    "authorities": (AuthorityRow, ("authority",)),
    "residents": (ResidentRow, ("authority", "age")),
    "deprivation": (DeprivationRow, ("authority", "decile")),
    "ethnic_groups": (EthnicGroupRow, ("authority", "group")),
    "fertility": (FertilityRow, ("age_from",)),
    "life_table": (LifeTableRow, ("sex", "age")),
    "conditions": (ConditionRow, ("condition",)),
    "incidence": (IncidenceRow, ("condition", "sex", "age_from")),
    "adversities": (AdversityRow, ("adversity",)),
    "adult_adversities": (AdultAdversityRow, ("adversity", "age_from")),
    "services": (ServiceRow, ("service",)),
    "service_levels": (ServiceLevelRow, ("authority", "service")),
    "pathways": (PathwayRow, ("service", "move", "age_from", "to")),
    "supports": (SupportRow, ("service", "support", "age_from")),
    "unit_costs": (UnitCostRow, ("service", "authority", "per")),
    "deflators": (DeflatorRow, ("year",)),
    "need": (NeedRow, ("age_from", "sex")),
    "events": (EventRow, ("event", "age_from")),
    "interventions": (InterventionRow, ("intervention",)),
    "indicators": (IndicatorRow, ("indicator", "authority")),
    "capture": (CaptureRow, ("assumption",)),
}
