"""Rules of recovery: how unresolved events heal and resilience moves."""

import math

from agents.names import Outcome
from agents.rules import rule

SUPPORTED, NOT_HELD, NO_NEED = int(Outcome.HELD_WITH_SUPPORT), int(Outcome.ESCALATED), int(Outcome.NO_NEED)


@rule
def log_odds_healing(
    baseline: float, tip: float, supported: float, resilience: float, per_resilience: float, outcome: int
) -> float:
    """Give the log-odds that one unresolved event heals this year.

    Parameters
    ----------
    tip : the TIP effect times the alignment of the holding service above reference [log-odds]
    supported : what being held with support adds [log-odds]
    outcome : of the year; one not held heals at the baseline alone
    """
    log_odds = baseline + per_resilience * resilience
    if outcome == NO_NEED or outcome < NOT_HELD:
        log_odds += tip
    if outcome == SUPPORTED:
        log_odds += supported
    return log_odds


@rule
def count_healed(uniform: float, unresolved: int, chance: float) -> int:
    """Draw how many of the unresolved events heal: binomial, by one uniform."""
    if unresolved == 0 or chance <= 0.0:
        return 0
    if uniform < 1.0 - unresolved * chance:
        return 0  # by Bernoulli's inequality none heals with at least this probability: powers are spared
    if chance >= 1.0:
        return unresolved
    term = math.exp(unresolved * math.log1p(-chance))
    odds = chance / (1.0 - chance)
    reached = term
    healed = 0
    while uniform >= reached and healed < unresolved:
        term *= odds * (unresolved - healed) / (healed + 1)
        healed += 1
        reached += term
    return healed


@rule
def resilience_after(
    resilience: float, community: float, returning: float, gain: float, loss: float, outcome: int
) -> float:
    """Move resilience: back towards the community's, up when held, down when not, within 0 to 1."""
    moved = resilience + returning * (community - resilience)
    if outcome < NOT_HELD:
        moved += gain
    elif outcome < NO_NEED:
        moved -= loss
    return min(1.0, max(0.0, moved))
