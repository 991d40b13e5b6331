"""Name what a run answers: each quantity once, with its unit and where it stands on the screen."""

from typing import Any, NamedTuple

import numpy as np

MILLION = 1e6
OUTCOMES = ("held", "held_with_support", "escalated", "no_service")
TIERS = ("universal", "early_help", "social_care", "looked_after", "specialist")
PAYERS = ("education", "social_care", "health", "justice")


class Quantity(NamedTuple):
    """A row of the headline: its name, words, unit and section; `per_child` is a mean or share."""

    name: str
    title: str
    unit: str
    section: str
    per_child: bool = True


def tier_quantities() -> tuple[Quantity, ...]:
    """Name the shares ever held, supported, escalated and unserved, tier by tier."""
    return tuple(
        Quantity(
            f"ever_{outcome}_{tier}",
            f"{tier.replace('_', ' ')}: {outcome.replace('_', ' ')}",
            "share of children",
            "Ever, by tier",
        )
        for tier in TIERS
        for outcome in OUTCOMES
    )


ADVERSITY = (
    Quantity("cats", "CATs per child at 18", "events per child", "Adversity"),
    Quantity("unresolved", "of them unresolved at 18", "events per child", "Adversity"),
    Quantity("aces", "ACE types a child at 18 (of nine)", "types per child", "Adversity"),
    Quantity("aces_of_ten", "the wider count (of ten, neglect too)", "types per child", "Adversity"),
    Quantity("years_unmet", "years with need and no service", "years per child", "Adversity"),
    Quantity("four_or_more_aces", "4 or more ACEs at 18 (of nine)", "share of children", "Adversity"),
)
SOCIAL_CARE = (
    Quantity("ever_referred", "ever referred", "share of children", "Ever by 18"),
    Quantity("ever_child_in_need", "ever child in need", "share of children", "Ever by 18"),
    Quantity("ever_child_protection_plan", "ever on a protection plan", "share of children", "Ever by 18"),
    Quantity("ever_looked_after", "ever looked after", "share of children", "Ever by 18"),
)
HEALTH = (
    Quantity("dalys", "DALYs due to adversity", "DALYs", "Health", per_child=False),
    Quantity("yll", "of them years of life lost", "DALYs", "Health", per_child=False),
    Quantity("yld", "of them years lived with disability", "DALYs", "Health", per_child=False),
    Quantity("dalys_discounted", "DALYs due to adversity, discounted", "DALYs", "Health", per_child=False),
)
MONEY = (
    Quantity("lost_gdp", "lost GDP to adversity", "GBP million", "Money", per_child=False),
    Quantity("lost_gdp_discounted", "the same, discounted", "GBP million", "Money", per_child=False),
    Quantity("service_cost", "service cost, 0-17", "GBP million", "Money", per_child=False),
    Quantity("service_cost_discounted", "the same, discounted", "GBP million", "Money", per_child=False),
    Quantity("service_cost_due_to_adversity", "of it, to adversity", "GBP million", "Money", per_child=False),
    *(
        Quantity(f"service_cost_{payer}", f"paid by {payer.replace('_', ' ')}", "GBP million", "Money", per_child=False)
        for payer in PAYERS
    ),
)
HOUSING = Quantity("service_cost_housing", "paid by housing", "GBP million", "Money", per_child=False)
"""A row of its own where homelessness costs something: the switch instability_events is on."""
QUANTITIES: tuple[Quantity, ...] = (*ADVERSITY, *tier_quantities(), *SOCIAL_CARE, *HEALTH, *MONEY)


def value(quantity: Quantity, scenario: str, sums: dict[str, dict[str, Any]]) -> Any:
    """Work out a quantity of a scenario: a mean a child, or a total, or what is due to adversity."""
    own, none = sums[scenario], sums["none"]
    if quantity.per_child:
        return own[quantity.name] / own["children"]
    if quantity.name == "service_cost_due_to_adversity":
        return (own["service_cost"] - none["service_cost"]) / MILLION
    if quantity.name.startswith("service_cost"):
        return own[quantity.name] / MILLION
    due = own[quantity.name] - none[quantity.name]
    return due / MILLION if quantity.unit == "GBP million" else due


def apart(improved: Any, today: Any) -> Any:
    """Subtract twins; what only rounding tells apart is no difference."""
    gap = improved - today
    return np.where(np.abs(gap) < 1e-9 * np.abs(today), 0.0, gap)
