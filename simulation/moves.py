"""Move a child between services: up, down, out and back, each on a day of the year.

These are the steps that phase 4 (`holding.py`) puts together. Each acts on one child and books what it does.
"""

from typing import Any

from agents.child import NEVER
from agents.names import DAYS, NONE, Channel, Effect, Entry, Ever, Flow, Move, Outcome, Tier
from agents.rules import rule
from agents.service import days_until, days_until_exit
from simulation.child_state import in_social_care, out_of_school, support_tier
from simulation.draws import Decision, uniforms
from simulation.effects import ratio_of
from simulation.instability import book_instability, settle, spend_placement, suffer
from simulation.ledger import enter, first_day, note, spell_band, spend
from simulation.units import draw_unit
from simulation.waiting import asks_for_place, finds_place, leave_list

MOVES = 6
"""Most moves of the support channel within a year."""
YEARS_AT_RISK = 5
"""Years after going home in which a child may go straight back into care."""
FAR = 1_000_000
"""A day that never comes."""
LEAVES_CARE_FROM = 16
"""Age from which an end of being looked after is leaving care [years]."""


@rule
def route(w: Any, c: Any, place: int, service: int, move: int, age: int, uniform: float) -> int:
    """Draw a destination from the weights of a service's pathway at an age; NONE where it has none open."""
    last = NONE
    for k in range(w.route_first[service][move], w.route_first[service][move + 1]):
        way = w.routes[k]
        if way.age_from <= age <= way.age_to and c.open[place][way.needs_open]:
            last = way.to
            if uniform < way.upto:
                return int(last)
    return int(last)


@rule
def return_to_school(child: Any, w: Any, ledger: Any, year: int) -> None:
    """Count a child's return to a universal setting, by the setting that it returns from."""
    if out_of_school(child, w):
        ledger.flows[year, child.authority, Flow.RETURNS_TO_SCHOOL] += 1
    ledger.returned[year, child.authority, child.education] += 1


@rule
def change_setting(child: Any, w: Any, ledger: Any, year: int, to: int, day: int) -> None:
    """Move a child to another education setting on a day; the days are booked by who calls."""
    was = w.services[child.education].tier
    now = w.services[to].tier
    if now == Tier.UNIVERSAL:
        if was != Tier.UNIVERSAL:
            return_to_school(child, w, ledger, year)
    elif w.services[to].excludes and was != Tier.OUT_OF_SYSTEM:
        ledger.flows[year, child.authority, Flow.PERMANENT_EXCLUSIONS] += 1
        child.ever |= 1 << Ever.EXCLUDED
    if now == Tier.OUT_OF_SYSTEM:
        child.ever |= 1 << Ever.OUT_OF_SCHOOL
    child.education = to
    child.unit = draw_unit(child, w, to)
    child.moved = 1
    leave_list(child, ledger, year, to, day)
    enter(child, w, ledger, year, to)
    note(ledger, child, first_day(year) + day, Entry.SETTING, to, 0)


@rule
def add_specialist(child: Any, w: Any, ledger: Any, year: int, service: int, day: int) -> None:
    """Let a child enter a specialist service on a day, unless it is there already."""
    bit = 1 << w.services[service].bit
    if child.specialists & bit == 0:
        child.specialists |= bit
        leave_list(child, ledger, year, service, day)
        enter(child, w, ledger, year, service)
        spend(child, w, ledger, year, service, DAYS - day)
        note(ledger, child, first_day(year) + day, Entry.SPECIALIST_BEGINS, service, 0)


@rule
def specialist_year(child: Any, w: Any, ledger: Any, year: int, begun: int) -> None:
    """Book the year in each specialist service a child began it in, or the part before it leaves.

    This comes after the year's entries, so that nobody enters again a service that it leaves this year.
    """
    if begun == 0:
        return
    for k in range(len(w.specialists)):
        service = w.specialists[k]
        row = w.services[service]
        if begun >> row.bit & 1:
            u = uniforms(w.key, child.id, year, service, Decision.SPECIALIST)
            day = days_until(u[0], row.exit_rate_first_year)
            if day < DAYS or year - child.birth_year > row.age_to:
                day = min(day, DAYS - 1)
                child.specialists ^= 1 << row.bit
                note(ledger, child, first_day(year) + day, Entry.SPECIALIST_ENDS, service, 0)
            spend(child, w, ledger, year, service, min(day, DAYS))


@rule
def count_endings(child: Any, w: Any, ledger: Any, year: int, to: int, today: int) -> None:
    """Count what a change of support ends: a case, a plan, a time away from home."""
    now = w.services[to].tier if to != NONE else -1
    if in_social_care(child, w) and not Tier.SOCIAL_CARE <= now <= Tier.LOOKED_AFTER:
        ledger.ended_in_need[year, child.authority, spell_band(today - child.open_since)] += 1
    if child.support == w.plan:
        child.plan_ended = today
        ledger.ended_plans[year, child.authority, spell_band(today - child.since)] += 1
    if support_tier(child, w) == Tier.LOOKED_AFTER and child.support != w.with_parents:
        home = now != Tier.LOOKED_AFTER and child.support != w.semi_independent
        if home or to == w.with_parents:
            ledger.flows[year, child.authority, Flow.REUNIFICATIONS] += 1
        if home:
            child.went_home = today


@rule
def change_support(child: Any, w: Any, ledger: Any, year: int, to: int, day: int) -> None:
    """End a child's support spell on a day and begin the next (NONE: no more support)."""
    flows = ledger.flows[year, child.authority]
    today = first_day(year) + day
    was = support_tier(child, w)
    was_open = in_social_care(child, w)
    if child.support != NONE:
        note(ledger, child, today, Entry.SPELL_ENDS, child.support, today - child.since)
    count_endings(child, w, ledger, year, to, today)
    child.support = to
    child.since = today
    child.out_of_area = 0
    now = support_tier(child, w)
    if to != NONE:
        leave_list(child, ledger, year, to, day)
        enter(child, w, ledger, year, to)
        note(ledger, child, today, Entry.SPELL_BEGINS, to, 0)
    if in_social_care(child, w) and not was_open:
        child.open_since = today
        flows[Flow.IN_NEED_STARTED] += 1
        child.ever |= 1 << Ever.ASSESSED_IN_NEED
        if year - child.birth_year < 5:
            child.ever |= 1 << Ever.IN_NEED_BY_5
    elif was_open and not in_social_care(child, w):
        child.open_since = NEVER
        child.referred = today
        flows[Flow.IN_NEED_ENDED] += 1
    if to == w.plan:
        flows[Flow.PLANS_STARTED] += 1
        if child.plans > 0:
            flows[Flow.REPEAT_PLANS] += 1
            if today - child.plan_ended <= 2 * DAYS:
                flows[Flow.REPEAT_PLANS_WITHIN_2_YEARS] += 1
        child.plans += 1
        child.ever |= 1 << Ever.CHILD_PROTECTION_PLAN
    if now == Tier.LOOKED_AFTER:
        child.placements += 1
        settle(child, w, ledger, year, day)
        if was != Tier.LOOKED_AFTER:
            flows[Flow.LOOKED_AFTER_STARTED] += 1
            if child.ever >> Ever.LOOKED_AFTER & 1:
                flows[Flow.RETURNS_TO_CARE] += 1
        child.ever |= 1 << Ever.LOOKED_AFTER
    elif was == Tier.LOOKED_AFTER:
        flows[Flow.LOOKED_AFTER_CEASED] += 1
        if w.p.adult_life and year - child.birth_year >= LEAVES_CARE_FROM:
            child.ever |= 1 << Ever.LEFT_CARE_AT_16_OR_17


@rule
def take_in(child: Any, w: Any, ledger: Any, year: int, to: int, day: int, uniform: float) -> None:
    """Let a support service take a child in, unless a higher tier has it; a home move may harm."""
    was = support_tier(child, w)
    now = w.services[to].tier
    if child.support == to or now < was:
        return
    change_support(child, w, ledger, year, to, day)
    if now == Tier.LOOKED_AFTER:
        child.moved = 1
        if uniform < w.p.instability_of_move:
            suffer(child, w, ledger, year, w.instability, day)


@rule
def may_go_back(child: Any, w: Any) -> bool:
    """Tell whether a child went home from care in a world in which it may go straight back."""
    return bool(child.went_home != NEVER and w.p.return_to_care_first_year > 0.0)


@rule
def day_back_in_care(child: Any, w: Any, year: int, day: int, number: int) -> int:
    """Draw the day on which a child that went home goes straight back into care, within five years; or FAR."""
    if not may_go_back(child, w) or support_tier(child, w) == Tier.LOOKED_AFTER:
        return FAR
    u = uniforms(w.key, child.id, year, number, Decision.RETURN_TO_CARE)
    at_home = first_day(year) + day - child.went_home
    back = days_until_exit(u[0], at_home, w.p.return_to_care_first_year, w.p.return_to_care_later)
    return FAR if at_home + back > YEARS_AT_RISK * DAYS else day + back


@rule
def return_to_care(child: Any, w: Any, c: Any, ledger: Any, year: int, day: int, number: int) -> None:
    """Take a child that went home back into care, where there is a place; a case that is closed is referred first."""
    u = uniforms(w.key, child.id, year, number, Decision.RETURN_TO_CARE)
    if not in_social_care(child, w):
        book_referral(child, w, ledger, year, day)
    to = route(w, c, child.authority, w.plan, Move.ESCALATE, year - child.birth_year, u[1])
    if finds_place(child, w, c, ledger, year, to, day):
        take_in(child, w, ledger, year, to, day, u[2])


@rule
def book_referral(child: Any, w: Any, ledger: Any, year: int, day: int) -> None:
    """Count a referral and its assessment."""
    today = first_day(year) + day
    ledger.flows[year, child.authority, Flow.REFERRALS] += 1
    if today - child.referred <= DAYS:
        ledger.flows[year, child.authority, Flow.REREFERRALS] += 1
    child.referred = today
    child.ever |= 1 << Ever.REFERRED
    enter(child, w, ledger, year, w.assessment)
    note(ledger, child, today, Entry.REFERRAL, w.assessment, 0)


@rule
def refer(child: Any, w: Any, c: Any, ledger: Any, year: int, day: int, number: int) -> bool:
    """Refer a child to social care: assessed, and taken in where found in need and accepted."""
    u = uniforms(w.key, child.id, year, number, Decision.REFERRAL)
    book_referral(child, w, ledger, year, day)
    if asks_for_place(child, w, c, ledger, year, w.assessment, u[0], day):
        to = route(w, c, child.authority, w.assessment, Move.ESCALATE, year - child.birth_year, u[1])
        if not finds_place(child, w, c, ledger, year, to, day):
            return False
        take_in(child, w, ledger, year, to, day, u[2])
        return True
    ledger.flows[year, child.authority, Flow.ASSESSED_NOT_IN_NEED] += 1
    note(ledger, child, first_day(year) + day, Entry.NOT_IN_NEED, w.assessment, 0)
    return False


@rule
def leave_spell(child: Any, w: Any, c: Any, ledger: Any, year: int, day: int, uniform: float) -> None:
    """End a support spell by stepping down along its pathway, or out of support where it leads nowhere free."""
    to = route(w, c, child.authority, child.support, Move.STEP_DOWN, year - child.birth_year, uniform)
    if to != NONE and not finds_place(child, w, c, ledger, year, to, day):
        to = NONE
    if to != NONE:
        ledger.flows[year, child.authority, Flow.STEPPED_DOWN] += 1
        note(ledger, child, first_day(year) + day, Entry.STEPS_DOWN, child.support, 0)
    change_support(child, w, ledger, year, to, day)


@rule
def support_year(
    child: Any, w: Any, c: Any, ledger: Any, year: int, outcome: int, sent: int, sent_day: int, refer_day: int
) -> bool:
    """Carry a child through the year's dated moves of support: up, referral, down, re-referral.

    Parameters
    ----------
    outcome : of the year; a spell ends later where the child is not held
    sent : service that another passed the child to, on `sent_day`, or NONE
    refer_day : day of a direct referral after abuse or neglect, or FAR

    Returns
    -------
    whether the child that was sent was taken in (true where none was sent, or the year had no room for more moves)
    """
    taken = sent == NONE
    day = 0
    began = 0
    for number in range(MOVES):
        quiet = sent == NONE and refer_day == FAR and child.support == NONE and not may_go_back(child, w)
        if quiet and first_day(year) + day - child.referred > DAYS:
            break  # nothing can happen any more this year
        u = uniforms(w.key, child.id, year, number, Decision.SPELL)
        leaves = FAR
        again = FAR
        if child.support != NONE:
            row = w.services[child.support]
            open_for = first_day(year) + day - child.since
            slower = w.p.exit_ratio_not_held if Outcome.ESCALATED <= outcome <= Outcome.NO_SERVICE else 1.0
            leaves = day + days_until_exit(
                u[0], open_for, slower * row.exit_rate_first_year, slower * row.exit_rate_later
            )
        if not in_social_care(child, w):
            again = day + days_until(u[2], w.p.rereferral_rate)
            if first_day(year) + again - child.referred > DAYS:
                again = FAR
        back = day_back_in_care(child, w, year, day, number)
        on = min(sent_day if sent != NONE else FAR, refer_day, leaves, again, back)
        if on >= DAYS:
            break
        if child.support != NONE:
            spend(child, w, ledger, year, child.support, on - began)
            spend_placement(child, w, ledger, year, on - began)
        day = began = on
        if sent != NONE and on == sent_day:
            if w.services[sent].channel == Channel.FRONT_DOOR:
                taken = in_social_care(child, w) or refer(child, w, c, ledger, year, day, number)
            else:
                taken = True
                take_in(child, w, ledger, year, sent, day, u[3])
            sent = NONE
        elif on == refer_day:
            if not in_social_care(child, w):
                refer(child, w, c, ledger, year, day, number)
            refer_day = FAR
        elif on == back:
            return_to_care(child, w, c, ledger, year, day, number)
        elif on == leaves:
            leave_spell(child, w, c, ledger, year, day, u[1])
        else:
            refer(child, w, c, ledger, year, day, number)
    if child.support != NONE:
        spend(child, w, ledger, year, child.support, DAYS - began)
        spend_placement(child, w, ledger, year, DAYS - began)
    return taken or sent != NONE


@rule
def place_again(child: Any, w: Any, c: Any, ledger: Any, year: int, not_held: bool) -> None:
    """Move a looked-after child between placements, more often when it is not held."""
    if support_tier(child, w) != Tier.LOOKED_AFTER:
        return
    day = max(0, child.since - first_day(year))
    rate = w.services[child.support].placement_move_rate * c.placement_ratio[child.authority]
    rate *= ratio_of(child, c, Effect.PLACEMENT_MOVES, year - child.birth_year, -1)
    if not_held:
        rate *= w.p.placement_ratio_not_held
    for number in range(MOVES):
        u = uniforms(w.key, child.id, year, number, Decision.PLACEMENT)
        day += days_until(u[0], rate)
        if day >= DAYS:
            break
        child.placements += 1
        child.moved = 1
        ledger.flows[year, child.authority, Flow.PLACEMENT_MOVES] += 1
        note(ledger, child, first_day(year) + day, Entry.PLACEMENT_MOVE, child.support, 0)
        if w.p.instability_events:
            move = w.moves[w.placement_move]
            book_instability(child, w, ledger, year, move.kind, 1, move.cost)
            spend_placement(child, w, ledger, year, day - DAYS)
            settle(child, w, ledger, year, day)
            spend_placement(child, w, ledger, year, DAYS - day)
        if u[1] < w.p.instability_of_move * w.moves[w.placement_move].harm:
            suffer(child, w, ledger, year, w.instability, day)
