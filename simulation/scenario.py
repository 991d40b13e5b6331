"""Read a scenario: which levers it moves, by how much, for whom and from when.

A scenario is a TOML file. Every `[[lever]]` moves one thing by adding share points (`add`) or by
multiplying (`multiply`); `[switches]` turns parts of the model on and off; `[numbers]` sets numbers
of the tables by their names. `load_scenario` checks the file, `check_names` its names.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from simulation.cells import read_table
from simulation.errors import InputError, nearest, shown
from simulation.inputs import Number
from simulation.own_services import AddedService
from simulation.rows import EXAMPLE, SCENARIO_KEYS, UNITS, InterventionRow, Kinds, UnitRow
from simulation.toml import bounds, first_problem, flat, plain, read_toml

Kind = Literal[
    "prevention",
    "sufficiency",
    "tip_alignment",
    "supply",
    "placement_stability",
    "recovery",
    "community_capacity",
    "poverty",
    "intervention",
]
BY_SERVICE = ("sufficiency", "tip_alignment", "supply")
FROM_ZERO = ("prevention", "placement_stability", "recovery", "poverty")
BY_AGE = ("prevention", "intervention")
OF_INTERVENTION = ("name", "coverage", "full_years", "fade")
WITH_COST = ("intervention", "poverty")


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Names = Annotated[tuple[Name, ...], Field(min_length=1, max_length=100)]
Year = Annotated[int, Field(strict=True, ge=1990, le=2200)]
Age = Annotated[int, Field(strict=True, ge=0, le=17)]
Decile = Annotated[int, Field(strict=True, ge=1, le=10)]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
NumberName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.\-]{0,199}$")]


class Lever(BaseModel):
    """One change: what it moves, by how much, where, at which ages and in which years."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Kind = Field(description="what the lever moves")
    add: Finite | None = Field(default=None, ge=-1, le=1, description="share points: 0.02 adds 2 points")
    multiply: Finite | None = Field(default=None, ge=0, le=10, description="a factor: 1.02 raises by 2%")
    services: Names | None = Field(default=None, description='a list such as ["primary_school"]; without it, all')
    authorities: Names | None = Field(default=None, description='a list such as ["sandwell"]; without it, all')
    ages: tuple[Age, Age] = Field(default=(0, 17), description="first and last age, such as [0, 4]")
    start: Year | None = Field(default=None, description="the first year it acts, such as 2024")
    end: Year | None = Field(default=None, description="the last year it acts, such as 2030")
    ramp: int = Field(default=0, strict=True, ge=0, le=50, description="whole years from nothing to full")
    deciles: tuple[Decile, Decile] = Field(
        default=(1, 10), description="first and last decile of deprivation, 1 most deprived, such as [1, 3]"
    )
    name: Name | None = Field(default=None, description="the intervention, as in the table of interventions")
    coverage: Finite | None = Field(default=None, ge=0, le=1, description="share of those eligible who are reached")
    cost: Finite | None = Field(
        default=None,
        ge=0,
        le=1e7,
        description="GBP of 2023-24: a child reached by an intervention, in place of the table's; or for poverty, a "
        "year for each child whose deprivation falls",
    )
    full_years: int | None = Field(
        default=None, strict=True, ge=0, le=18, description="years of full effect, in place of the table's"
    )
    fade: Finite | None = Field(
        default=None, ge=0, le=1, description="share of the effect lost a year after them, in place of the table's"
    )

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        """Refuse keys that contradict each other or that this kind of lever does not have."""
        for problem in (self.size_problem(), self.target_problem(), self.time_problem()):
            if problem:
                raise ValueError(problem)
        return self

    def size_problem(self) -> str:
        """Say what is wrong with how much the lever moves."""
        if self.kind == "intervention":
            if self.add is not None or self.multiply is not None:
                return "an intervention takes name and coverage, not add or multiply; remove them"
            missing = [key for key in ("name", "coverage") if getattr(self, key) is None]
            return f"an intervention needs {' and '.join(missing)}" if missing else ""
        for key in OF_INTERVENTION:
            if getattr(self, key) is not None:
                return f"{key} belongs to kind 'intervention', not to '{self.kind}'; remove it"
        if self.cost is not None and self.kind not in WITH_COST:
            return f"cost belongs to {', '.join(WITH_COST)}, not to '{self.kind}'; remove it"
        if self.add is not None and self.multiply is not None:
            return f"add = {self.add} and multiply = {self.multiply} are both given; keep one of them"
        if self.add is None and self.multiply is None:
            return "says neither add nor multiply; give one of them, such as add = 0.02"
        if self.multiply is not None and self.kind in FROM_ZERO:
            return f"{self.kind} starts from 0, which no factor moves; write add instead of multiply"
        if self.kind == "poverty" and (self.add or 0.0) < 0.0:
            return f"add = {self.add} is below 0; write the share by which deprivation falls, such as add = 0.1"
        return ""

    def target_problem(self) -> str:
        """Say what is wrong with whom the lever reaches."""
        if self.services is not None and self.kind not in BY_SERVICE:
            return f"services belongs to {', '.join(BY_SERVICE)}, not to '{self.kind}'; remove it"
        if "ages" in self.model_fields_set and self.kind not in BY_AGE:
            return f"ages belongs to {', '.join(BY_AGE)}, not to '{self.kind}'; remove it"
        if "deciles" in self.model_fields_set and self.kind != "poverty":
            return f"deciles belongs to kind 'poverty', not to '{self.kind}'; remove it"
        if self.deciles[0] > self.deciles[1]:
            return f"deciles {list(self.deciles)} run backwards; write the more deprived first, within 1 to 10"
        if self.ages[0] > self.ages[1]:
            return f"ages {list(self.ages)} run backwards; write the younger first, within 0 to 17"
        return ""

    def time_problem(self) -> str:
        """Say what is wrong with when the lever acts."""
        if self.ramp and self.start is None:
            return f"ramp = {self.ramp} needs a start; add the first year it acts, such as start = 2024"
        if self.start is not None and self.end is not None and self.start > self.end:
            return f"start {self.start} is after end {self.end}; write a start no later than the end"
        return ""

    def strength(self, year: int) -> float:
        """Give the share of its full size with which the lever acts in a year.

        With a ramp of n years it acts with 1/n in its first year and in full from its n-th.
        """
        if (self.start is not None and year < self.start) or (self.end is not None and year > self.end):
            return 0.0
        if self.start is None or self.ramp == 0:
            return 1.0
        return min(1.0, (year - self.start + 1) / self.ramp)

    def apply(self, value: float, year: int) -> float:
        """Move a value as this lever does in a year; shares stay within 0 to 1, supply above 0."""
        strength = self.strength(year)
        if strength == 0.0:
            return value
        if self.add is not None:
            moved = value + self.add * strength
        elif self.multiply is not None:
            moved = value * (1 + (self.multiply - 1) * strength)
        else:
            return value
        return max(0.0, moved) if self.kind == "supply" else min(1.0, max(0.0, moved))

    def overlaps(self, other: "Lever") -> bool:
        """Tell whether two levers move the same thing for the same children in the same year."""
        return (
            (self.kind, self.name) == (other.kind, other.name)
            and shared(self.services, other.services)
            and shared(self.authorities, other.authorities)
            and self.ages[0] <= other.ages[1]
            and other.ages[0] <= self.ages[1]
            and self.deciles[0] <= other.deciles[1]
            and other.deciles[0] <= self.deciles[1]
            and (self.start or 0) <= (other.end or 9999)
            and (other.start or 0) <= (self.end or 9999)
        )


def shared(ours: tuple[str, ...] | None, theirs: tuple[str, ...] | None) -> bool:
    """Tell whether two lists of names have one in common; no list means all names."""
    return ours is None or theirs is None or not set(ours).isdisjoint(theirs)


class Switches(BaseModel):
    """Parts of the model that can be turned on and off."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    amplification: bool = Field(default=False, description="true or false: a neighbourhood's burden raises hazards")
    spillover: bool = Field(
        default=False,
        description="true or false: exploitation and violence feel the burden of adjoining authorities; "
        "needs amplification",
    )
    moves_between: bool = Field(
        default=False, description="true or false: some who move in have lived in an adjoining authority (residents)"
    )
    ethnic_deprivation: bool = Field(
        default=False, description="true or false: ethnic groups live in the deciles that England's do"
    )
    rationing: bool = Field(default=False, description="true or false: children compete for places")
    families: bool = Field(
        default=False, description="true or false: siblings share home and its events, and parents' own adversity acts"
    )
    published_yll: bool = Field(
        default=False, description="true or false: years lost counted to fixed ages, as published"
    )
    type_specific_harm: bool = Field(
        default=False, description="true or false: types of adversity differ in need, healing and risk; duration counts"
    )
    instability_events: bool = Field(
        default=False, description="true or false: families and pupils move, and placements lie out of area"
    )
    adult_life: bool = Field(
        default=False, description="true or false: attainment, work, adult services and what they cost"
    )
    return_to_care: bool = Field(
        default=False, description="true or false: children who went home from care may go straight back into it"
    )
    channel_hazards: bool = Field(default=True, description="true or false: later hazards reach health")
    channel_service_harm: bool = Field(default=True, description="true or false: harm by services reaches health")
    channel_healing: bool = Field(default=True, description="true or false: healing reaches health")
    channel_resilience: bool = Field(default=True, description="true or false: resilience reaches health")

    @model_validator(mode="after")
    def spills_what_is_felt(self) -> Self:
        """Refuse spill-over where nothing is felt from anywhere."""
        if self.spillover and not self.amplification:
            raise ValueError("spillover = true needs amplification = true; switch both on, or spillover off")
        return self


class Scenario(BaseModel):
    """A named set of levers, switches and numbers; without any, services as they are today."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    name: str = Field(
        pattern=r"^[a-z][a-z0-9_-]{0,59}$",
        description="small letters, digits, _ and -, at most 60, a letter first",
    )
    title: Annotated[str, AfterValidator(plain)] = Field(
        default="", max_length=120, description="at most 120 characters"
    )
    description: Annotated[str, AfterValidator(plain)] = Field(
        default="", max_length=1000, description="at most 1,000 characters"
    )
    levers: tuple[Lever, ...] = Field(
        default=(), validation_alias="lever", max_length=100, description="written as [[lever]], at most 100"
    )
    services: tuple[AddedService, ...] = Field(
        default=(), validation_alias="service", max_length=50, description="written as [[service]], at most 50"
    )
    units: tuple[UnitRow, ...] = Field(
        default=(), validation_alias="unit", max_length=10_000, description="written as [[unit]]"
    )
    units_from: Annotated[str, AfterValidator(plain)] | None = Field(
        default=None, max_length=500, description="a .csv file beside this one, or 'generated' for the example"
    )
    switches: Switches = Field(default=Switches(), description="written as [switches]")
    numbers: Annotated[dict[NumberName, Finite], BeforeValidator(flat)] = Field(
        default={}, description="names as `wellheld parameters` lists them, with finite numbers"
    )

    @model_validator(mode="after")
    def moves_nothing_twice(self) -> Self:
        """Refuse two levers that move the same thing at the same time."""
        for (first, lever), (second, other) in combinations(enumerate(self.levers, 1), 2):
            if lever.overlaps(other):
                raise ValueError(
                    f"lever[{first}] and lever[{second}] both move {lever.name or lever.kind} for the "
                    "same children in the same years; join them, or part them by services, "
                    "authorities, deciles, ages or years"
                )
        return self

    @classmethod
    def today(cls) -> "Scenario":
        """Give services as they are today: no lever."""
        return cls(name="today", title="Today", description="Services as they are today.")

    def as_today(self) -> "Scenario":
        """Give today's twin: the same numbers, switches and units, with no lever and no service added."""
        return self.model_copy(update={"levers": (), "services": ()})


def load_scenario(path: Path) -> Scenario:
    """Read and check a scenario file.

    Raises
    ------
    InputError
        If the file cannot be read, is no TOML, or holds a key or value that is not allowed.
    """
    data = read_toml(path)
    if not data:
        raise InputError(f'{path}: the file is empty; it needs at least: name = "my_scenario"')
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        raise InputError(first_problem(path, error, Scenario)) from error
    if scenario.units_from in (None, EXAMPLE):
        return scenario
    table = path.parent / str(scenario.units_from)
    units = (*scenario.units, *read_table(table, {table.stem: UNITS}))
    return scenario.model_copy(update={"units": units, "units_from": None})


def check_names(
    scenario: Scenario,
    services: Collection[str],
    authorities: Collection[str],
    interventions: Collection[str],
    numbers: Collection[str],
    path: Path,
) -> None:
    """Refuse a scenario that names what the tables do not have.

    Raises
    ------
    InputError
        If a service, authority, intervention or number is unknown; it offers the nearest name.
    """
    known = {
        "services": ("service", services),
        "authorities": ("authority", authorities),
        "name": ("intervention", interventions),
        "numbers": ("number", numbers),
    }
    for key, field, name in names_used(scenario):
        what, names = known[field]
        if name not in names:
            close = nearest(name, names) or f" Known: {', '.join(sorted(names)[:40])}."
            raise InputError(f"{path}: key '{key}': unknown {what} {shown(name)}.{close}")


def check_ages(scenario: Scenario, interventions: Collection[InterventionRow], path: Path) -> None:
    """Refuse a lever whose ages an intervention does not have.

    Raises
    ------
    InputError
        If it would reach nobody.
    """
    rows = {row.intervention: row for row in interventions}
    for index, lever in enumerate(scenario.levers, 1):
        row = rows.get(lever.name or "")
        if row is not None and (lever.ages[0] > row.age_to or lever.ages[1] < row.age_from):
            raise InputError(
                f"{path}: key 'lever[{index}].ages': {list(lever.ages)} holds none of the ages of {row.intervention}, "
                f"{row.age_from} to {row.age_to}; give some of these, or leave ages out"
            )


def check_values(scenario: Scenario, numbers: Mapping[str, Number], path: Path, kinds: Kinds = SCENARIO_KEYS) -> None:
    """Refuse a number outside the range that its table allows.

    A parameter has no range of its own: it may change size, but not sign where neither it nor its range is below 0.

    Parameters
    ----------
    numbers : every number of the tables, by its name
    kinds : the row model of each table
    """
    for name, value in scenario.numbers.items():
        number = numbers[name]
        table, column = number.file.removesuffix(".csv"), name.split(".")[-1]
        below_zero = number.value < 0 or (number.low is not None and number.low < 0)
        low: float | None = None if below_zero else 0
        high: float | None = 1 if number.unit.startswith("share") else None
        if table != "parameters" and column in kinds[table][0].model_fields:
            low, high = bounds(kinds[table][0].model_fields[column])
        if (low is not None and value < low) or (high is not None and value > high):
            allowed = f"{'any' if low is None else low} to {'any' if high is None else high}"
            raise InputError(f"{path}: key 'numbers.{name}': {value} is outside {allowed} [{number.unit}]; change it")


def names_used(scenario: Scenario) -> Iterator[tuple[str, str, str]]:
    """List every name of the tables that a scenario uses, as (key, field, name)."""
    for index, lever in enumerate(scenario.levers, 1):
        for field in ("services", "authorities"):
            for name in getattr(lever, field) or ():
                yield f"lever[{index}].{field}", field, name
        if lever.name is not None:
            yield f"lever[{index}].name", "name", lever.name
    for index, service in enumerate(scenario.services, 1):
        for name in service.authorities or ():
            yield f"service[{index}].authorities", "authorities", name
    for name in scenario.numbers:
        yield f"numbers.{name}", "numbers", name
