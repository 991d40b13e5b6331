"""Rules of interventions: whom one has reached, and what is left of its effect."""

from agents.rules import rule

IN_A_FIELD = 12
"""Interventions whose age of reach one field of the record holds, five bits each."""
MOST = 2 * IN_A_FIELD
"""Interventions that a child's record has room for."""


@rule
def age_reached(field: int, number: int) -> int:
    """Read the age at which an intervention last reached a child, or -1 if it never did [years].

    Parameters
    ----------
    field : of the child's record that holds the intervention
    number : of the intervention
    """
    return (field >> 5 * (number % IN_A_FIELD) & 31) - 1


@rule
def reached_at(field: int, number: int, age: int) -> int:
    """Write an age of reach into the field that holds the intervention; ages go up to 30."""
    return field + (age - age_reached(field, number) << 5 * (number % IN_A_FIELD))


@rule
def effect_left(years: int, full_years: int, fade: float) -> float:
    """Give the share of an effect that is left: all of it for some years, then less by a share each year.

    Parameters
    ----------
    years : since the intervention last reached the child, 0 in that year
    full_years : with the full effect, the first included
    fade : share lost in each year after these
    """
    return float((1.0 - fade) ** max(0, years - full_years + 1))


@rule
def ratio_left(ratio: float, left: float) -> float:
    """Give the ratio that a part of an effect leaves: its excess over 1, or shortfall, in proportion."""
    return 1.0 + (ratio - 1.0) * left


@rule
def ease(gradient: float, least: float, ratio: float) -> float:
    """Draw a ratio by decile towards that of the least deprived tenth: so much is left of the excess over it."""
    return least + ratio * (gradient - least)
