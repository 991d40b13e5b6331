"""Rules of services: how one holds a child, takes it in, passes it on, or lets it go."""

import math

from agents.names import TURNS, Outcome
from agents.rules import rule

HELD, WITH_SUPPORT, NOT_HELD = int(Outcome.HELD), int(Outcome.HELD_WITH_SUPPORT), int(Outcome.ESCALATED)


@rule
def logistic(log_odds: float) -> float:
    """Turn log-odds into a probability, without overflow at either end."""
    if log_odds >= 0.0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1.0 + odds)


@rule
def lift(f_sufficiency: float, f_tip: float, sufficiency_gap: float, tip_gap: float) -> float:
    """Add to the log-odds of holding what Sufficiency and TIP alignment above reference bring.

    Parameters
    ----------
    f_sufficiency, f_tip : multiplier factors F-Suff and F-TIP [log-odds per unit]
    sufficiency_gap, tip_gap : Sufficiency and TIP alignment less their references
    """
    return f_sufficiency * sufficiency_gap + f_tip * tip_gap


@rule
def log_odds_held(baseline: float, lifted: float, load: float, resilience: float, gamma: float, kappa: float) -> float:
    """Give the log-odds that a service holds a child in need: baseline at load 1, resilience 0."""
    return baseline + lifted - gamma * (load - 1.0) + kappa * resilience


@rule
def hold_outcome(uniform: float, log_odds: float, support: float, supported: bool) -> int:
    """Decide held, held with support, or not held, all by one uniform: support only ever helps more."""
    if uniform < logistic(log_odds):
        return HELD
    if supported and uniform < logistic(log_odds + support):
        return WITH_SUPPORT
    return NOT_HELD


@rule
def hold_outcome_rated(uniform: float, log_odds: float, outcome: int, ratio: float) -> int:
    """Decide again, by the same uniform, where the chance of not being held is multiplied by a ratio.

    Parameters
    ----------
    log_odds : of being held, support included
    outcome : as decided without the ratio; whoever is kept beyond it counts as held
    """
    if uniform >= 1.0 - min(1.0, ratio * logistic(-log_odds)):
        return NOT_HELD
    return HELD if outcome == NOT_HELD else outcome


@rule
def sufficiency_staffed(
    reference: float, caseload: float, vacancy: float, turnover: float, by_caseload: float, by_gap: float
) -> float:
    """Read Sufficiency from staffing, relative to England's: caseload as a ratio, the others as gaps.

    Parameters
    ----------
    reference : Sufficiency of England, 0 to 1
    caseload : cases per social worker over England's
    vacancy, turnover : shares less England's
    by_caseload, by_gap : Sufficiency lost when caseload doubles, and per unit of vacancy or turnover
    """
    return min(1.0, max(0.0, reference - by_caseload * (caseload - 1.0) - by_gap * (vacancy + turnover)))


@rule
def quality_crowded(sufficiency: float, caseload_ratio: float, turnover_slope: float) -> float:
    """Lower quality the year after caseloads rose above plan: staff leave, the rest carry more."""
    return min(1.0, max(0.0, sufficiency - turnover_slope * max(0.0, caseload_ratio - 1.0)))


@rule
def acceptance_crowded(acceptance: float, crowding: float, slope: float) -> float:
    """Raise the threshold of a tier that is full: fewer of the less urgent are accepted the year after.

    Parameters
    ----------
    crowding : children held over places
    slope : how fast acceptance falls per relative excess
    """
    return acceptance * math.exp(-slope * max(0.0, crowding - 1.0))


@rule
def turnover_added(crowding: float, carried: float, by_caseload: float, by_carried: float) -> float:
    """Let more staff leave where cases are above plan: because of their number, and of what they bring to carry.

    Parameters
    ----------
    crowding : children held over places
    carried : unresolved events a case
    by_caseload, by_carried : share leaving per relative excess of cases, and per event that each of these carries

    Returns
    -------
    share of staff who leave in a year above the usual
    """
    return min(1.0, max(0.0, (by_caseload + by_carried * carried) * max(0.0, crowding - 1.0)))


@rule
def priority_band(load: float, medium: float, high: float) -> int:
    """Put a referral into one of three priority bands by severity of need; 0 goes first."""
    if load >= high:
        return 0
    if load >= medium:
        return 1
    return 2


@rule
def place_rank(band: int, waited: bool, uniform: float) -> int:
    """Give the rank of a child that asks for a place: by band, then whoever waits since an earlier year, then lot.

    Returns
    -------
    0 to names.RANKS - 1; the lowest goes first
    """
    return (2 * band + (0 if waited else 1)) * TURNS + int(uniform * TURNS)


@rule
def days_until(uniform: float, rate: float) -> int:
    """Draw the whole days until an event of constant yearly rate; a rate of 0 never comes."""
    if rate < 1e-9:
        return 1_000_000
    return int(min(1e6, -math.log1p(-uniform) / rate * 365.0))


@rule
def days_until_exit(uniform: float, days_open: int, first_year: float, later: float) -> int:
    """Draw the whole days until a spell ends that is open so long: one rate in its first year, another after.

    Parameters
    ----------
    first_year, later : rates of ending [per year]
    """
    left = max(0, 365 - days_open)
    spent = -math.log1p(-uniform) - first_year * left / 365.0
    if spent < 0.0:
        return days_until(uniform, first_year)
    if later < 1e-9:
        return 1_000_000
    return int(min(1e6, left + spent / later * 365.0))


@rule
def worse(education: int, support: int) -> int:
    """Take the worse of two outcomes, where NO_NEED stands for none."""
    if education == 4:
        return support
    if support == 4:
        return education
    return max(education, support)


@rule
def log_odds_event(
    baseline: float, load: float, per_unresolved: float, not_held: float, out_of_school: float, other: float
) -> float:
    """Sum the log-odds of a recorded event: suspension, persistent absence, justice contact."""
    return baseline + per_unresolved * load + not_held + out_of_school + other
