"""Rules of adversity: what happens to a child, and what need it leaves."""

import math

from agents.rules import rule


@rule
def probability(hazard: float) -> float:
    """Turn a yearly hazard into the probability of at least one event."""
    return -math.expm1(-hazard)


@rule
def happens(uniform: float, hazard: float) -> bool:
    """Decide an event; a probability is never above its hazard, which spares most exponentials."""
    if uniform >= hazard:
        return False
    return uniform < probability(hazard)


@rule
def hazard_childhood_adversity(
    base: float, gradient: float, frailty: float, surroundings: float, repetition: float, factor: float
) -> float:
    """Multiply what raises the hazard of one type of childhood adversity.

    Parameters
    ----------
    base : hazard of the type at this age, average child [per child-year]
    gradient : ratio by deprivation decile and ethnic group
    frailty : family frailty, mean 1
    surroundings : neighbourhood amplification times the child's circumstances
    repetition : ratio once the type has been experienced, else 1
    factor : 1 less what is prevented
    """
    return base * gradient * frailty * surroundings * repetition * factor


@rule
def ratio_circumstances(unserved: bool, exposed: bool, unserved_ratio: float, exposed_ratio: float) -> float:
    """Raise hazards after a year unserved, and some of them out of school or after a move."""
    ratio = 1.0
    if unserved:
        ratio *= unserved_ratio
    if exposed:
        ratio *= exposed_ratio
    return ratio


@rule
def family_number(child_id: int, family: int) -> int:
    """Give the number by which a family draws what befalls all its children."""
    return (child_id >> 32 << 32) | family


@rule
def hazard_instability(
    base: float, gradient: float, load: float, per_unresolved: float, looked_after: float, not_held: float
) -> float:
    """Raise the hazard of a move by unresolved load; times ratios where looked after and where not held."""
    return base * gradient * (1.0 + per_unresolved * load) * looked_after * not_held


@rule
def years_longstanding(years: int, after: float) -> float:
    """Count the years that a lasting adversity went on beyond those after which it is longstanding."""
    return max(0.0, years - after)


@rule
def load_of_need(load: float, longstanding: float, per_year: float) -> float:
    """Raise the unresolved load that need sees by each longstanding year; without a load nothing is raised."""
    return load * (1.0 + per_year * longstanding)


@rule
def hazard_adult_adversity(
    base: float, gradient: float, load: float, conditions: int, per_unresolved: float, per_condition: float
) -> float:
    """Raise the hazard of one type of adult adversity by unresolved load and conditions."""
    return base * gradient * (1.0 + per_unresolved * load) * (1.0 + per_condition * conditions)


@rule
def amplification(burden: float, reference: float, slope: float, cap: float) -> float:
    """Raise hazards where a neighbourhood carries more unresolved events than the reference."""
    return min(cap, 1.0 + slope * max(0.0, burden / reference - 1.0))


@rule
def probability_need(
    without_adversity: float, per_unresolved: float, load: float, resilience: float, buffer: float
) -> float:
    """Give the probability that need shows this year, with and without adversity.

    Parameters
    ----------
    without_adversity : hazard of need from disability, illness or hardship [a year]
    per_unresolved : hazard of need for each unresolved event of mean severity [a year]
    load : severity-weighted unresolved events
    resilience, buffer : what share of the second hazard resilience takes away
    """
    return probability(without_adversity + per_unresolved * load * (1.0 - buffer * resilience))
