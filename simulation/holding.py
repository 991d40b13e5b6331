"""Phase 4 of the year: need and hold. Services try to hold a child; what they cannot hold moves on, dated.

Every function acts on one child by the rules of `agents.service`, under the world's numbers `w`, the year's
context `c` and the ledger. Moves between services stand in `moves.py`.
"""

from typing import Any

from agents.adversity import happens, hazard_instability, load_of_need, probability_need, years_longstanding
from agents.child import MILLION
from agents.names import (
    ADULT,
    DAYS,
    EVER_OUTCOME,
    NO_UNIT,
    NONE,
    Channel,
    Effect,
    Entry,
    Ever,
    Flow,
    Move,
    Outcome,
    Tier,
)
from agents.rules import rule
from agents.service import days_until, hold_outcome, hold_outcome_rated, log_odds_event, log_odds_held, logistic, worse
from simulation.child_state import gone, has_place, out_of_school, support_tier, unresolved_load
from simulation.draws import Decision, uniforms
from simulation.effects import log_odds_of, ratio_of
from simulation.instability import OWN, suffer, unsettle
from simulation.ledger import first_day, note, spend
from simulation.moves import FAR, add_specialist, change_setting, place_again, route, specialist_year, support_year
from simulation.units import book_case, book_outcome, lift_at, reach_at, unit_at
from simulation.waiting import asks_for_place, finds_place, give_up_waiting, place_from_list


@rule
def hold(child: Any, w: Any, c: Any, ledger: Any, year: int) -> None:
    """Carry a child through need, the services' attempts to hold it, and the moves of the year."""
    age = year - child.birth_year
    if age >= ADULT or gone(child, year):
        return
    u = uniforms(w.key, child.id, year, 0, Decision.NEED)
    child.placements = 1 if support_tier(child, w) == Tier.LOOKED_AFTER else 0
    child.moved = 0
    specialists = child.specialists
    education, support = Outcome.NO_NEED.value, Outcome.NO_NEED.value
    school, helper = child.education, child.support
    by_school = by_helper = NONE
    school_unit, helper_unit = child.unit, NO_UNIT
    need = w.need[age][child.sex]
    if u[0] < probability_need(
        need.without_adversity * w.need_gradient[child.decile] * c.need_ease[child.authority][child.decile],
        need.per_unresolved,
        load_of_need(
            child.need_load * 0.01, years_longstanding(child.neglected, w.p.longstanding_after), w.p.longstanding_need
        ),
        child.resilience / MILLION,
        w.p.resilience_buffer,
    ):
        education, by_school = try_to_hold(child, w, c, ledger, year, school, u[1], 0)
        book_case(child, ledger, school_unit, education < Outcome.ESCALATED)
        if helper != NONE:
            support, by_helper = try_to_hold(child, w, c, ledger, year, helper, u[2], 1)
            helper_unit = unit_at(child, w, helper)
            book_case(child, ledger, helper_unit, support < Outcome.ESCALATED)
    elif child.waiting_since < first_day(year):
        give_up_waiting(child, ledger, year, 0)
    awaited = place_from_list(child, w, c, ledger, year)
    education, sent, day = education_year(child, w, c, ledger, year, education, by_school, awaited)
    support, up, up_day = helper_passes_on(child, w, c, ledger, year, support, by_helper)
    from_helper = up != NONE
    if from_helper:
        sent, day = up, up_day
    taken = support_year(child, w, c, ledger, year, support, sent, day, day_of_direct_referral(child, w, year, u[3]))
    if not taken:
        if from_helper:
            support = Outcome.NO_SERVICE.value
        else:
            education = Outcome.NO_SERVICE.value
    record_outcome(child, w, ledger, year, school, education, school_unit)
    record_outcome(child, w, ledger, year, helper, support, helper_unit)
    child.outcome = worse(education, support)
    place_again(child, w, c, ledger, year, Outcome.ESCALATED <= support <= Outcome.NO_SERVICE)
    instability_year(child, w, ledger, year)
    consequences(child, w, ledger, year, helper if child.outcome == support else school, child.education != school)
    worker_leaves(child, w, c, ledger, year, helper)
    recorded_events(child, w, ledger, year)
    specialist_year(child, w, ledger, year, specialists)


@rule
def try_to_hold(child: Any, w: Any, c: Any, ledger: Any, year: int, service: int, uniform: float, lane: int) -> Any:
    """Let a service, then those that support it, try to hold a child in need.

    Returns
    -------
    outcome (HELD, HELD_WITH_SUPPORT or ESCALATED), and the first support that reached the child or NONE
    """
    age = year - child.birth_year
    log_odds = log_odds_held(
        w.services[service].hold_log_odds,
        lift_at(child, w, c, service),
        unresolved_load(child),
        child.resilience / MILLION,
        w.p.hold_per_load,
        w.p.hold_per_resilience,
    )
    log_odds += log_odds_of(child, c, Effect.HOLDING_SUPPORT if lane else Effect.HOLDING_EDUCATION, age)
    outcome = hold_outcome(uniform, log_odds, 0.0, False)
    care = ratio_into_care(child, w, c, year) if lane == 1 else 1.0
    first = NONE
    lifted = 0.0
    if outcome == Outcome.ESCALATED or care > 1.0:
        for k in range(w.support_first[service], w.support_first[service + 1]):
            by = w.supports[k]
            if by.age_from <= age <= by.age_to:
                reached = uniforms(w.key, child.id, year, by.service, Decision.SUPPORT)
                # A child that is held asks nobody for a place: this is only to know the chance that it would not be.
                if reached[lane] < reach_at(child, w, c, by.service) and (
                    outcome == Outcome.HELD
                    or has_place(child, w, by.service)
                    or finds_place(child, w, c, ledger, year, by.service, DAYS // 2)
                ):
                    lifted += max(0.0, w.p.support_lift + lift_at(child, w, c, by.service))
                    if first == NONE:
                        first = by.service
        outcome = hold_outcome(uniform, log_odds, lifted, first != NONE)
    if care != 1.0:
        outcome = hold_outcome_rated(uniform, log_odds + lifted, outcome, care)
    return outcome, first


@rule
def ratio_into_care(child: Any, w: Any, c: Any, year: int) -> float:
    """Give the ratio of entry to care, where a support that does not hold a child would pass it to care; else 1."""
    age = year - child.birth_year
    ratio = ratio_of(child, c, Effect.ENTRY_TO_CARE, age, -1)
    if ratio == 1.0 or support_tier(child, w) == Tier.LOOKED_AFTER:
        return 1.0
    # The destination is drawn as `helper_passes_on` will draw it.
    u = uniforms(w.key, child.id, year, 0, Decision.SUPPORT_MOVE)
    to = route(w, c, child.authority, child.support, Move.ESCALATE, age, u[0])
    return ratio if to != NONE and w.services[to].tier == Tier.LOOKED_AFTER else 1.0


@rule
def education_year(child: Any, w: Any, c: Any, ledger: Any, year: int, outcome: int, support: int, awaited: int) -> Any:
    """Pass on a child whom its education setting does not hold, or let it return to school; book its days.

    Parameters
    ----------
    support : service that helped to hold the child, or NONE
    awaited : service that has a place for it from the waiting list, taken where nothing else moves it, or NONE

    Returns
    -------
    outcome, where the child is sent outside education (a service or NONE), and the day of the move
    """
    service = child.education
    age = year - child.birth_year
    row = w.services[service]
    u = (0.0, 0.0, 0.0, 0.0)
    if row.tier != Tier.UNIVERSAL or Outcome.HELD < outcome < Outcome.NO_SERVICE:
        u = uniforms(w.key, child.id, year, 0, Decision.EDUCATION_MOVE)
    day = int(u[2] * DAYS)
    sent = NONE
    to = NONE
    if outcome == Outcome.ESCALATED:
        to = route(w, c, child.authority, service, Move.ESCALATE, age, u[0])
        front_door = to != NONE and w.services[to].channel == Channel.FRONT_DOOR
        if not front_door and (to == NONE or not asks_for_place(child, w, c, ledger, year, to, u[1], day)):
            outcome = Outcome.NO_SERVICE.value
            to = NONE
    elif outcome == Outcome.HELD_WITH_SUPPORT:
        to = support
    elif row.tier != Tier.UNIVERSAL:
        back = days_until(u[3], row.exit_rate_first_year)
        if back < DAYS:
            day = back
            to = route(w, c, child.authority, service, Move.STEP_DOWN, age, u[0])
            if to != NONE and not finds_place(child, w, c, ledger, year, to, day):
                to = NONE
    if to == NONE and awaited != NONE:
        to = awaited
        day = int(uniforms(w.key, child.id, year, to, Decision.PLACE)[1] * DAYS)
    left = DAYS
    if to != NONE:
        channel = w.services[to].channel
        if channel == Channel.SPECIALIST:
            add_specialist(child, w, ledger, year, to, day)
        elif channel != Channel.EDUCATION:
            sent = to
        elif to != service:
            left = day
    spend(child, w, ledger, year, service, left)
    if left < DAYS:
        change_setting(child, w, ledger, year, to, day)
        spend(child, w, ledger, year, child.education, DAYS - left)
    return outcome, sent, day


@rule
def helper_passes_on(child: Any, w: Any, c: Any, ledger: Any, year: int, outcome: int, support: int) -> Any:
    """Let a support service that cannot hold a child pass it up, or bring in what helped to hold it.

    Returns
    -------
    outcome, the service the child is sent to (or NONE), and the day
    """
    sent = NONE
    if not Outcome.HELD < outcome < Outcome.NO_SERVICE:
        return outcome, sent, 0
    u = uniforms(w.key, child.id, year, 0, Decision.SUPPORT_MOVE)
    day = int(u[2] * DAYS)
    if outcome == Outcome.ESCALATED:
        to = route(w, c, child.authority, child.support, Move.ESCALATE, year - child.birth_year, u[0])
        front_door = to != NONE and w.services[to].channel == Channel.FRONT_DOOR
        if not front_door and (to == NONE or not asks_for_place(child, w, c, ledger, year, to, u[1], day)):
            outcome = Outcome.NO_SERVICE.value
        elif w.services[to].channel == Channel.SPECIALIST:
            add_specialist(child, w, ledger, year, to, day)
        else:
            sent = to
    elif outcome == Outcome.HELD_WITH_SUPPORT and w.services[support].channel == Channel.SPECIALIST:
        add_specialist(child, w, ledger, year, support, day)
    return outcome, sent, day


@rule
def day_of_direct_referral(child: Any, w: Any, year: int, uniform: float) -> int:
    """Draw whether this year's abuse or neglect leads straight to social care, and when."""
    if child.recent == 0:
        return FAR
    missed = 1.0
    for kind in range(len(w.adversities)):
        if child.recent >> kind & 1:
            missed *= 1.0 - w.adversities[kind].direct_referral
    if uniform < 1.0 - missed:
        return int(uniforms(w.key, child.id, year, 0, Decision.SUPPORT_MOVE)[3] * DAYS)
    return FAR


@rule
def record_outcome(child: Any, w: Any, ledger: Any, year: int, service: int, outcome: int, unit: int) -> None:
    """Book what became of a child in need in a service and its unit."""
    if outcome == Outcome.NO_NEED:
        return
    a = child.authority
    ledger.in_need[year, a, service] += 1
    ledger.outcomes[year, a, service, outcome] += 1
    book_outcome(ledger, year, unit, outcome)
    if outcome >= Outcome.ESCALATED:
        ledger.passed_on[year, a, service] += child.unresolved
    tier = w.services[service].tier
    if tier != Tier.OUT_OF_SYSTEM:
        child.ever |= 1 << (EVER_OUTCOME + 4 * tier + outcome)
    note(ledger, child, first_day(year), Entry.OUTCOME, service, outcome)


@rule
def instability_year(child: Any, w: Any, ledger: Any, year: int) -> None:
    """Let the moves that services do not make happen: of home, into homelessness, of school."""
    if w.p.instability_events == 0.0:
        return
    age = year - child.birth_year
    load = min(unresolved_load(child), w.p.event_load_cap)
    looked_after = support_tier(child, w) == Tier.LOOKED_AFTER
    not_held = Outcome.ESCALATED <= child.outcome <= Outcome.NO_SERVICE
    u = (0.0, 0.0, 0.0, 0.0)
    drawn = -1
    for k in range(len(w.moves)):
        row = w.moves[k]
        if row.hazard == 0.0 or not row.age_from <= age <= row.age_to:
            continue
        if k // 4 != drawn:
            drawn = k // 4
            u = uniforms(w.key, child.id, year, drawn, Decision.INSTABILITY)
        hazard = hazard_instability(
            row.hazard,
            w.moves_gradient[k][child.decile],
            load,
            row.per_unresolved,
            row.looked_after if looked_after else 1.0,
            row.not_held if not_held else 1.0,
        )
        if happens(u[k % 4], hazard):
            own = uniforms(w.key, child.id, year, OWN + k, Decision.INSTABILITY)
            unsettle(child, w, ledger, year, k, int(own[1] * DAYS), own[0])


@rule
def consequences(child: Any, w: Any, ledger: Any, year: int, service: int, changed_school: bool) -> None:
    """Let the worse of the year's outcomes act, once: harm, instability, unmet need, leaving school.

    A move of school may be an adversity here; moves of placement are so where they happen (`moves.py`).
    """
    if not Outcome.ESCALATED <= child.outcome <= Outcome.NO_SERVICE:
        return
    u = uniforms(w.key, child.id, year, 0, Decision.CONSEQUENCE)
    day = int(u[2] * DAYS)
    if child.outcome == Outcome.ESCALATED:
        child.escalations += 1
        if u[0] < w.services[service].harm:
            suffer(child, w, ledger, year, w.service_harm, day)
        if changed_school and u[1] < w.p.instability_of_move:
            suffer(child, w, ledger, year, w.instability, day)
    else:
        child.years_unmet += 1
        ledger.flows[year, child.authority, Flow.UNMET_NEED] += 1
        stays = w.services[child.education]
        leaves_to = w.services[w.absent]
        age = year - child.birth_year
        if stays.tier == Tier.UNIVERSAL and leaves_to.age_from <= age < leaves_to.age_to and u[3] < w.p.leaves_school:
            change_setting(child, w, ledger, year, w.absent, DAYS - 1)


@rule
def worker_leaves(child: Any, w: Any, c: Any, ledger: Any, year: int, service: int) -> None:
    """Let the worker of a child leave, and having to tell its story again be an adversity with some probability."""
    if service == NONE or c.turnover[child.authority][service] == 0.0:
        return
    u = uniforms(w.key, child.id, year, NONE, Decision.PLACE)
    if u[0] < c.turnover[child.authority][service]:
        ledger.workers_left[year, child.authority, service] += 1
        if u[1] < w.p.worker_change_harm:
            suffer(child, w, ledger, year, w.service_harm, int(u[2] * DAYS))


@rule
def recorded_events(child: Any, w: Any, ledger: Any, year: int) -> None:
    """Record the year's suspensions, absence and contacts with justice."""
    age = year - child.birth_year
    load = min(unresolved_load(child), w.p.event_load_cap)
    not_held = Outcome.ESCALATED <= child.outcome <= Outcome.NO_SERVICE
    u = (0.0, 0.0, 0.0, 0.0)
    drawn = -1
    for k in range(len(w.events)):
        row = w.events[k]
        if row.age_from <= age <= row.age_to:
            if row.event // 4 != drawn:
                drawn = row.event // 4
                u = uniforms(w.key, child.id, year, drawn, Decision.EVENT)
            other = row.if_male if child.sex == 0 else 0.0
            if support_tier(child, w) == Tier.LOOKED_AFTER:
                other += row.if_looked_after
            log_odds = log_odds_event(
                row.log_odds,
                load,
                row.per_unresolved,
                row.if_not_held if not_held else 0.0,
                row.if_out_of_school if out_of_school(child, w) else 0.0,
                other,
            )
            if u[row.event % 4] < logistic(log_odds):
                ledger.events[year, child.authority, row.event] += 1
                child.standing |= row.leaves
                note(ledger, child, first_day(year), Entry.RECORDED_EVENT, row.event, 0)
                if row.service != NONE:
                    if child.ever >> Ever.YOUTH_JUSTICE & 1 == 0:
                        child.ever |= 1 << Ever.YOUTH_JUSTICE
                        ledger.flows[year, child.authority, Flow.YOUTH_JUSTICE_ENTRANTS] += 1
                    add_specialist(child, w, ledger, year, row.service, 0)
