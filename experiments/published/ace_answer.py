"""What the rebuilt ACE cost model is asked, and what it answers."""

from dataclasses import dataclass

from experiments.published.ace_burden import MILLION, Band
from experiments.published.ace_savings import Counts

Shares = dict[tuple[str, str], float]
"""Share of lost GDP saved, by rule and by way to count."""


@dataclass(frozen=True)
class Question:
    """What is asked: whose ACEs, how many fewer, and how their cost grows."""

    authorities: tuple[str, ...]
    reduction: float
    inflation: float
    growth: float
    years: int
    draws: int
    seed: int


@dataclass(frozen=True)
class Burden:
    """One condition of an authority: its part due to ACEs, with 95% bands."""

    condition: str
    risk_1: Band
    risk_2: Band
    fraction: Band
    dalys: Band
    lost_gdp: Band
    """GBP million a year"""


@dataclass(frozen=True)
class Place:
    """An authority: published figures, and the same rebuilt. NaN where nothing was published."""

    authority: str
    title: str
    population: int
    gdp_per_head: float
    aces: float
    implied_share: float
    gdp_lost: float
    """Published [GBP million a year]"""
    saved: float
    """Of the published figure, by the published rule [GBP million a year]"""
    yearly_cost: float
    cost_published_rule: float
    cost_all_terms: float
    published_yearly: float
    published_ten_years: float
    """At the published settings [GBP]; NaN where not published"""
    burdens: tuple[Burden, ...]
    rebuilt: Band
    """Lost GDP from all conditions [GBP million a year]"""
    rebuilt_without: Band
    """The same without the conditions that are risk factors"""

    @property
    def gdp(self) -> float:
        """Give the gross domestic product [GBP million a year]."""
        return self.population * self.gdp_per_head / MILLION


@dataclass(frozen=True)
class CommonShare:
    """The share of residents with two or more ACEs that the published counts imply."""

    region: float
    low: float
    high: float
    worst: str
    """The authority whose count the region's share misses most"""
    error: float
    """By how much, relative to its count"""


@dataclass(frozen=True)
class Fit:
    """How exactly one cost per ACE and one sum of years meet the published costs, at the published settings."""

    rows: int
    yearly_error: float
    ten_year_error: float
    years: int
    published_sum: float
    full_sum: float
    cost_per_ace: float
    low: float
    high: float


@dataclass(frozen=True)
class Benchmark:
    """The estimate for Wales, and what each rule gives at its reduction."""

    saved: float
    cost: float
    reduction: float
    shares: Shares

    @property
    def share(self) -> float:
        """Give the share of the cost that is saved."""
        return self.saved / self.cost


@dataclass(frozen=True)
class Rules:
    """What each rule saves at the reduction asked for, and whom it reaches."""

    shares: dict[tuple[str, str], Band]
    unparted: dict[str, float]
    """Taken from the most first, with the published relative risks alone"""
    first_rung: float
    counts: Counts
    surveyed: tuple[float, ...]
    """People with 0, 1, 2 or 3, and 4 or more ACEs, as surveyed [share]"""
    before: tuple[float, ...]
    """The same of the fitted distribution, which the rules move"""
    after_for_everyone: tuple[float, ...]
    """People with 0, 1, and 2 or more ACEs [share]"""
    after_from_the_most: tuple[float, ...]


@dataclass(frozen=True)
class Answer:
    """Everything that the rebuilt model answers."""

    question: Question
    places: tuple[Place, ...]
    rules: Rules
    benchmark: Benchmark
    common: CommonShare
    fit: Fit
    per_person: float
    risk_factors: tuple[str, ...]
    numbers: int
    recalled: int
    drawn: int
