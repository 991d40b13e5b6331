"""Rules of young and adult life: what is reached at school and at work, who comes to a service, what work pays."""

from agents.rules import rule
from agents.service import logistic


@rule
def log_odds_outcome(baseline: float, before: float, adversity: float, schooling: float, background: float) -> float:
    """Sum the log-odds of an outcome of a year: attainment, early parenthood, NEET, work.

    Parameters
    ----------
    before : what being in that state last year adds
    adversity : what events, conditions and having left care add
    schooling : what absence, suspension, being out of school and attainment add
    background : what deprivation and sex add
    """
    return baseline + before + adversity + schooling + background


@rule
def occurs(uniform: float, log_odds: float) -> bool:
    """Decide an outcome; far from even odds most uniforms spare the exponential."""
    if log_odds >= 2.0 and uniform < 0.88:
        return True
    if log_odds <= -2.0 and uniform >= 0.12:
        return False
    return uniform < logistic(log_odds)


@rule
def missed(so_far: float, reached: float) -> float:
    """Give the probability that a service reaches nobody by this way either."""
    return so_far * (1.0 - reached)


@rule
def attainment(level_2: bool, level_3: bool) -> int:
    """Give the class by which work pays: below level 2, level 2, level 3 and above."""
    if level_3:
        return 2
    return 1 if level_2 else 0


@rule
def above(pay: float, threshold: float) -> float:
    """Give what of a year's pay lies above a threshold."""
    return max(0.0, pay - threshold)


@rule
def ace_band(aces: int) -> int:
    """Put an ACE count into one of four bands: none, one, two or three, four or more."""
    if aces >= 4:
        return 3
    return min(aces, 2)


@rule
def count_bits(bits: int) -> int:
    """Count the bits that are set, of the lowest 16, without a branch."""
    pairs = bits - (bits >> 1 & 0x5555)
    fours = (pairs & 0x3333) + (pairs >> 2 & 0x3333)
    eights = fours + (fours >> 4) & 0x0F0F
    return eights + (eights >> 8) & 0x1F
