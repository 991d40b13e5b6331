"""Rules of health: exposure, relative risk, death, and what a year lived ill is worth."""

from agents.rules import rule


@rule
def exposure(aces: int, other: float, healed: float, phi: float, psi: float) -> float:
    """Give the exposure that health sees: ACEs to 4, corrected for other harm and for healing.

    Parameters
    ----------
    other : wider and repeated CATs less their reference mean at that ACE count
    healed : healed events less their reference mean at that ACE count
    phi, psi : exposure per such event; both assumptions whose ranges include 0
    """
    return max(0.0, min(aces, 4) + phi * other - psi * healed)


@rule
def along(curve: list[float], at: float) -> float:
    """Read a curve given at 0, 1, 2 ... between its points; beyond the last it stays."""
    last = len(curve) - 1
    if at >= last:
        return curve[last]
    below = int(at)
    return curve[below] + (at - below) * (curve[below + 1] - curve[below])


@rule
def moderation(resilience: float, reference: float, aces: int, kappa: float) -> float:
    """Take from the log relative risk what resilience above its reference saves at this ACE count."""
    return kappa * (resilience - reference) * min(aces, 4) / 4.0


@rule
def fade(age: int, full_until: float, gone_at: float) -> float:
    """Let the excess risk of death fade from all to nothing between two ages."""
    if age <= full_until:
        return 1.0
    if age >= gone_at:
        return 0.0
    return (gone_at - age) / (gone_at - full_until)


@rule
def residual_expectancy(expectancy: list[float], age: int, part: float) -> float:
    """Read the life table's residual expectancy at an age in whole years and a part."""
    if age + 1 >= len(expectancy):
        return expectancy[len(expectancy) - 1]
    return expectancy[age] + part * (expectancy[age + 1] - expectancy[age])


@rule
def disability(conditions: int, weights: list[float]) -> float:
    """Combine disability weights multiplicatively: no year is ever lost twice."""
    kept = 1.0
    for number in range(len(weights)):
        if conditions >> number & 1:
            kept *= 1.0 - weights[number]
    return 1.0 - kept
