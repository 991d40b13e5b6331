"""Say what a scenario may add: a service of its own, like one that exists but for what is set."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agents.names import ADULT
from simulation.network import EVERY_CHILD
from simulation.rows import Channel, LogOdds, Payer, Pounds, PriceYear, Rate, RationedBy, Share, Switch, Tier

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Names = Annotated[tuple[Name, ...], Field(max_length=100)]
Age = Annotated[int, Field(strict=True, ge=0, le=ADULT - 1)]
COLUMNS = (
    "tier",
    "channel",
    "hold_log_odds",
    "f_sufficiency",
    "f_tip",
    "exit_rate_first_year",
    "exit_rate_later",
    "acceptance",
    "harm",
    "excludes",
    "placement_move_rate",
    "staffed_by_social_workers",
    "places",
    "rationed_by",
)
"""Columns of a service that a scenario may set; those left out are those of the service it is like."""


class Way(BaseModel):
    """A weight to or from another service, at ages; without ages, at all that both services take."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    service: Name = Field(description="the name of a service")
    weight: Share = Field(description="a share of those who are passed on, 0 to 1")
    ages: tuple[Age, Age] | None = Field(default=None, description="first and last age, such as [0, 4]")


class Taking(Way):
    """A share of those whom another service passes on, taken from its other ways in proportion."""

    move: Literal["escalate", "step_down"] = Field(default="escalate", description="'escalate' or 'step_down'")


class AddedService(BaseModel):
    """A service that a scenario adds: like one that exists, but for what is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name = Field(description="small letters, digits and _, a letter first")
    title: str = Field(default="", max_length=120)
    like: Name = Field(description="the service whose columns it takes, such as family_support")
    ages: tuple[Age, Age] | None = Field(default=None, description="first and last age, such as [0, 17]")
    tier: Tier | None = None
    channel: Channel | None = None
    hold_log_odds: LogOdds | None = None
    f_sufficiency: LogOdds | None = None
    f_tip: LogOdds | None = None
    exit_rate_first_year: Rate | None = None
    exit_rate_later: Rate | None = None
    acceptance: Share | None = None
    harm: Share | None = None
    excludes: Switch | None = None
    placement_move_rate: Rate | None = None
    staffed_by_social_workers: Switch | None = None
    places: Annotated[float, Field(ge=0, le=EVERY_CHILD)] | None = None
    rationed_by: RationedBy | None = None
    sufficiency: Share | None = None
    tip_alignment: Share | None = None
    unit_cost: Pounds | None = Field(default=None, description="GBP a year or an episode, in its price year")
    per: Literal["year", "episode"] = "episode"
    payer: Payer | None = None
    price_year: PriceYear = "2023-24"
    cashable: Share | None = None
    takes_from: Annotated[tuple[Taking, ...], Field(max_length=100)] = Field(
        default=(), description='a list such as [{service = "early_years", weight = 0.2}]'
    )
    escalates_to: Annotated[tuple[Way, ...], Field(max_length=100)] | None = Field(
        default=None, description='a list such as [{service = "assessment", weight = 1.0}]'
    )
    steps_down_to: Annotated[tuple[Way, ...], Field(max_length=100)] | None = Field(
        default=None, description='a list such as [{service = "none", weight = 1.0}]'
    )
    supports: Names = Field(default=(), description="services that it helps to hold children")
    supported_by: Names | None = Field(default=None, description="services that help it to hold children")
    authorities: Names | None = Field(default=None, description='where it opens, such as ["sandwell"]')
    start: Annotated[int, Field(strict=True, ge=1990, le=2200)] | None = Field(
        default=None, description="the first year it is open"
    )

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        """Refuse keys that contradict each other."""
        if self.channel == "front_door":
            raise ValueError("channel 'front_door' is the assessment's alone; write another channel")
        if self.ages is not None and self.ages[0] > self.ages[1]:
            raise ValueError(f"ages {list(self.ages)} run backwards; write the younger first, within 0 to 17")
        for way in (*self.takes_from, *(self.escalates_to or ()), *(self.steps_down_to or ())):
            if way.ages is not None and way.ages[0] > way.ages[1]:
                raise ValueError(f"ages {list(way.ages)} of {way.service} run backwards; write the younger first")
        if self.unit_cost is None and "per" in self.model_fields_set:
            raise ValueError("per is given without unit_cost; give both or neither")
        return self

    def is_open(self, place: str, calendar: int) -> bool:
        """Tell whether it takes children in a place in a calendar year."""
        return (self.authorities is None or place in self.authorities) and (self.start or 0) <= calendar
