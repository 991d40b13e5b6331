"""Say what interventions act on, and find what those that have reached a child still do.

The checks of the table's rows stand here too: an effect has a kind, a null and a range.
"""

from functools import cache
from typing import Any

from agents.intervention import IN_A_FIELD, MOST, age_reached
from agents.names import Effect
from agents.rules import rule
from simulation.errors import InputError, nearest

MALTREATMENT = ("verbal_abuse", "physical_abuse", "sexual_abuse", "emotional_neglect", "physical_neglect")
"""Types that trials of maltreatment measure: what is done to the child itself, not violence between adults at home."""
LOG_ODDS = (Effect.HEALING, Effect.HOLDING_EDUCATION, Effect.HOLDING_SUPPORT)
"""Effects that are added to log-odds; their null is 0."""
TARGETS = ("all_adversity", "maltreatment")
"""Sets of types of adversity that an intervention may act on; else it names one type, or another effect."""


@rule
def age_of_reach(child: Any, number: int) -> int:
    """Give the age at which an intervention last reached a child, or -1 if it never did [years]."""
    return age_reached(child.reached if number < IN_A_FIELD else child.reached_more, number)


@rule
def untouched(child: Any, c: Any) -> bool:
    """Tell whether no intervention has reached a child: the common case, and the quick one."""
    return bool(c.offers == 0 or (child.reached == 0 and child.reached_more == 0))


@rule
def ratio_of(child: Any, c: Any, effect: int, age: int, kind: int) -> float:
    """Multiply what is left of all ratios of one effect; 1 where nothing that moves it reached the child.

    Parameters
    ----------
    kind : type of adversity, or -1 where the effect has no types
    """
    ratio = 1.0
    if untouched(child, c):
        return ratio
    for k in range(len(c.interventions)):
        row = c.interventions[k]
        if row.effect == effect and (kind < 0 or row.types >> kind & 1):
            reached = age_of_reach(child, k)
            if reached >= 0:
                ratio *= c.effect[child.authority][k][age - reached]
    return ratio


@rule
def types_moved(child: Any, c: Any) -> int:
    """Give the types of adversity, as bits, that interventions which have reached a child act on."""
    types = 0
    if untouched(child, c):
        return types
    for k in range(len(c.interventions)):
        if age_of_reach(child, k) >= 0:
            types |= c.interventions[k].types
    return types


@rule
def log_odds_of(child: Any, c: Any, effect: int, age: int) -> float:
    """Add what is left of all log-odds of one effect; 0 where nothing that moves it reached the child."""
    log_odds = 0.0
    if untouched(child, c):
        return log_odds
    for k in range(len(c.interventions)):
        if c.interventions[k].effect == effect:
            reached = age_of_reach(child, k)
            if reached >= 0:
                log_odds += c.effect[child.authority][k][age - reached]
    return log_odds


@cache
def effect_of(acts_on: str) -> Effect:
    """Find the kind of effect: one that is named, or else on adversity."""
    names = {effect.name.lower(): effect for effect in Effect if effect != Effect.ADVERSITY}
    return names.get(acts_on, Effect.ADVERSITY)


def types_of(acts_on: str, kinds: list[str]) -> int:
    """Give the types of adversity that an intervention acts on, as bits in the order of the types."""
    if effect_of(acts_on) != Effect.ADVERSITY:
        return 0
    acted = {"all_adversity": kinds, "maltreatment": MALTREATMENT}.get(acts_on, (acts_on,))
    return sum(1 << k for k, kind in enumerate(kinds) if kind in acted)


def null_of(acts_on: str) -> float:
    """Give the value at which an intervention does nothing."""
    effect = effect_of(acts_on)
    return 0.0 if effect in LOG_ODDS or effect == Effect.DEPRIVATION_GRADIENT else 1.0


def unit_of(acts_on: str) -> str:
    """Say in words what the value of an effect is."""
    effect = effect_of(acts_on)
    if effect == Effect.DEPRIVATION_GRADIENT:
        return "share of the gradient"
    return "log-odds" if effect in LOG_ODDS else "rate ratio"


def range_of(acts_on: str) -> tuple[float, float]:
    """Give the lowest and highest value that an effect may have."""
    return {"rate ratio": (0.0, 10.0), "log-odds": (-5.0, 5.0), "share of the gradient": (-1.0, 1.0)}[unit_of(acts_on)]


def check_value(where: str, acts_on: str, value: float) -> None:
    """Refuse a value that its kind of effect cannot have."""
    low, high = range_of(acts_on)
    if not low <= value <= high:
        raise InputError(f"{where}: {value} is outside {low:g} to {high:g} [{unit_of(acts_on)}]; correct it")


def check_interventions(rows: list[Any], kinds: list[str]) -> None:
    """Refuse interventions that act on or stand beside nothing known, have an effect out of range, or are too many.

    Parameters
    ----------
    kinds : names of the types of childhood adversity

    Raises
    ------
    InputError
        With the row and what to do.
    """
    if len(rows) > MOST:
        raise InputError(f"interventions.csv: {len(rows)} interventions where {MOST} fit a child's record; remove some")
    names = [row.intervention for row in rows]
    known = [*TARGETS, *(effect.name.lower() for effect in Effect if effect != Effect.ADVERSITY), *kinds]
    for line, row in enumerate(rows, start=2):
        where = f"interventions.csv: row {line}: {row.intervention}"
        if row.acts_on not in known:
            offer = nearest(row.acts_on, known) or f" Known: {', '.join(known)}."
            raise InputError(f"{where}: acts_on '{row.acts_on}' is no effect or type of adversity; correct it.{offer}")
        if row.beside and (row.beside not in names or row.beside == row.intervention):
            others = [name for name in names if name != row.intervention]
            offer = nearest(row.beside, others) or f" Known: {', '.join(others)}."
            raise InputError(f"{where}: beside '{row.beside}' is no other intervention; correct or empty it.{offer}")
        for value in (row.value, row.low, row.high):
            if value is not None:
                check_value(where, row.acts_on, value)
        if (row.cost_low is None) != (row.cost_high is None):
            raise InputError(f"{where}: cost_low and cost_high belong together; give both or neither")
        if row.cost_low is not None and not (row.cost is not None and 0 < row.cost_low <= row.cost <= row.cost_high):
            raise InputError(f"{where}: cost must lie within cost_low to cost_high, above 0; order them")
