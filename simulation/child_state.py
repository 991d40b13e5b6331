"""Read what a child's record says: what it carries, which services have it, and whether it is alive."""

from typing import Any

from agents.child import NEVER
from agents.names import ADULT, NONE, Channel, Ever, Tier
from agents.rules import rule
from simulation.ledger import first_day


@rule
def unresolved_load(child: Any) -> float:
    """Give the severity-weighted unresolved events of a child."""
    return float(child.severity * 0.01)


@rule
def gone(child: Any, year: int) -> bool:
    """Tell whether a person died before this year."""
    return bool(child.died != NEVER and child.died < first_day(year))


@rule
def support_tier(child: Any, w: Any) -> int:
    """Give the tier of a child's support, or -1 without any."""
    if child.support == NONE:
        return -1
    return int(w.services[child.support].tier)


@rule
def in_social_care(child: Any, w: Any) -> bool:
    """Tell whether social care has the child's case open (looked-after children included)."""
    tier = support_tier(child, w)
    return Tier.SOCIAL_CARE <= tier <= Tier.LOOKED_AFTER


@rule
def out_of_school(child: Any, w: Any) -> bool:
    """Tell whether a child of school age is outside the school system."""
    return bool(child.education != NONE and w.services[child.education].tier == Tier.OUT_OF_SYSTEM)


@rule
def left_care(child: Any) -> bool:
    """Tell whether a person left care at 18, or at 16 or 17 where adult life is followed."""
    return bool(child.ever & (1 << Ever.LEFT_CARE_AT_18 | 1 << Ever.LEFT_CARE_AT_16_OR_17))


@rule
def has_place(child: Any, w: Any, service: int) -> bool:
    """Tell whether a service has a child already."""
    row = w.services[service]
    specialist = row.channel == Channel.SPECIALIST and child.specialists >> row.bit & 1
    return bool(child.support == service or child.education == service or specialist)


@rule
def count_held(child: Any, w: Any, held: Any, year: int) -> None:
    """Count a living child under 18 in each service that has it: held is (A, S)."""
    if year - child.birth_year >= ADULT or child.died != NEVER:
        return
    held[child.authority, child.education] += 1
    if child.support != NONE:
        held[child.authority, child.support] += 1
    for k in range(len(w.specialists)):
        if child.specialists >> w.services[w.specialists[k]].bit & 1:
            held[child.authority, w.specialists[k]] += 1
