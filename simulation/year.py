"""One year of a child's life: the phases, in order, each written once for every engine.

A phase acts on one child (a Mesa agent or a compiled record: both have the fields of `agents.child.CHILD`),
under the world's numbers `w`, the year's context `c` and the whole-number `ledger`. Phase 1 is the
context itself (`context.py`). No phase reads another child, so a child may live its year at once.
"""

import math
from typing import Any

from agents.adversity import (
    family_number,
    happens,
    hazard_adult_adversity,
    hazard_childhood_adversity,
    ratio_circumstances,
    years_longstanding,
)
from agents.child import MILLION, NEVER
from agents.health import along, disability, exposure, fade, moderation, residual_expectancy
from agents.intervention import ease
from agents.names import ADULT, DAYS, NO_UNIT, NONE, Effect, Entry, Ever, Flow, Outcome, Tier
from agents.recovery import count_healed, log_odds_healing, resilience_after
from agents.rules import rule
from agents.service import logistic
from simulation.adulthood import adult_life, help_to_heal
from simulation.child_state import (
    count_held,
    gone,
    in_social_care,
    left_care,
    out_of_school,
    support_tier,
    unresolved_load,
)
from simulation.draws import Decision, uniforms
from simulation.effects import log_odds_of, ratio_of, types_moved
from simulation.holding import hold
from simulation.instability import suffer
from simulation.ledger import enter, first_day, note, spell_band
from simulation.moves import change_support, return_to_school
from simulation.offers import offer
from simulation.units import count_at_units, draw_unit, healing_at
from simulation.waiting import give_up_waiting

HOUSEHOLD = 64
"""First block of a family's own draws of adversity."""


@rule
def adversity(child: Any, w: Any, c: Any, ledger: Any, year: int) -> None:
    """Phase 2: let new events of each type happen to a child or an adult."""
    if gone(child, year):
        return
    child.recent = 0
    child.agencies = 0
    if c.offers and year - child.birth_year < ADULT:
        offer(child, w, c, ledger, year)
    if w.p.adversity == 0.0:
        return
    if year - child.birth_year < ADULT:
        childhood_adversity(child, w, c, ledger, year)
    else:
        adult_adversity(child, w, c, ledger, year)


@rule
def childhood_adversity(child: Any, w: Any, c: Any, ledger: Any, year: int) -> None:
    """Draw at most one event of each type of childhood adversity."""
    age = year - child.birth_year
    unserved = w.p.channel_hazards and (child.outcome == Outcome.NO_SERVICE or child.waiting != NONE)
    exposed = w.p.channel_hazards and (child.moved or out_of_school(child, w))
    moved = types_moved(child, c)
    eased = ratio_of(child, c, Effect.DEPRIVATION_GRADIENT, age, -1)
    around = c.amplification[child.neighbourhood]
    unexposed = around[0] * ratio_circumstances(unserved, False, w.p.unserved_ratio, w.p.exposed_ratio)
    of_circumstances = around[1] * ratio_circumstances(unserved, exposed, w.p.unserved_ratio, w.p.exposed_ratio)
    frailty = child.frailty / MILLION
    before = child.types
    raised = w.parental_year if child.parent_years >> age & 1 else w.parental_else
    at_home = raised[child.parent_class][child.decile]
    # No type's hazard is above its base times this: most hazards need not be worked out.
    ceiling = math.inf
    if moved == 0 and eased == 1.0:
        ceiling = max(unexposed, of_circumstances) * max(1.0, at_home) * max(1.0, w.p.repetition_ratio)
        ceiling *= frailty * c.ceiling[child.authority][age][5 * child.decile + child.ethnic_group]
    u = (0.0, 0.0, 0.0, 0.0)
    household = (0.0, 0.0, 0.0, 0.0)
    block = -1
    for kind in range(len(w.adversities)):
        row = w.adversities[kind]
        if row.arises_in_service:
            continue
        if kind // 4 != block:
            block = kind // 4
            u = uniforms(w.key, child.id, year, block, Decision.ADVERSITY)
            if w.p.families:
                family = family_number(child.id, child.family)
                household = uniforms(w.key, family, year, HOUSEHOLD + block, Decision.ADVERSITY)
        drawn = household[kind % 4] if w.p.families and row.household else u[kind % 4]
        if drawn >= w.hazard[kind][age] * ceiling:
            continue
        gradient = c.gradient[child.authority][kind][5 * child.decile + child.ethnic_group]
        if eased != 1.0:
            gradient = ease(gradient, c.gradient[child.authority][kind][45 + child.ethnic_group], eased)
        hazard = hazard_childhood_adversity(
            w.hazard[kind][age],
            gradient,
            frailty,
            (of_circumstances if row.circumstances else unexposed) * (at_home if row.parents else 1.0),
            w.p.repetition_ratio if before >> kind & 1 else 1.0,
            c.hazard_factor[child.authority][age][kind]
            * (ratio_of(child, c, Effect.ADVERSITY, age, kind) if moved >> kind & 1 else 1.0),
        )
        if happens(drawn, hazard):
            suffer(child, w, ledger, year, kind, 0)
    if w.p.type_specific_harm:
        neglect_year(child, w, ledger, year)


@rule
def neglect_year(child: Any, w: Any, ledger: Any, year: int) -> None:
    """Count a year of neglect: it happened this year, or goes on from last year while nobody looks after the child."""
    was = child.neglect
    child.neglect = 0
    for kind in range(len(w.adversities)):
        if w.adversities[kind].lasting and child.recent >> kind & 1:
            child.neglect = 1
    if was and not child.neglect and support_tier(child, w) != Tier.LOOKED_AFTER:
        u = uniforms(w.key, child.id, year, 0, Decision.NEGLECT)
        if u[0] < w.p.neglect_goes_on:
            child.neglect = 1
    child.neglected += child.neglect
    if child.neglect and not was:
        note(ledger, child, first_day(year), Entry.NEGLECT_BEGINS, 0, 0)
    if was and not child.neglect:
        note(ledger, child, first_day(year), Entry.NEGLECT_ENDS, 0, child.neglected)


@rule
def adult_adversity(child: Any, w: Any, c: Any, ledger: Any, year: int) -> None:
    """Draw at most one event of each type of adult adversity."""
    age = year - child.birth_year
    load = min(unresolved_load(child), w.p.event_load_cap)
    ill = 0
    for number in range(len(w.weights)):
        ill += child.conditions >> number & 1
    # At 18 itself care is left only in the next phase.
    leaver = left_care(child) or support_tier(child, w) == Tier.LOOKED_AFTER
    raised = w.p.care_leaver_ratio if age < w.p.care_leaver_until and leaver else 1.0
    u = (0.0, 0.0, 0.0, 0.0)
    for kind in range(len(w.adult_adversities)):
        row = w.adult_adversities[kind]
        if kind % 4 == 0:
            u = uniforms(w.key, child.id, year, kind // 4, Decision.ADULT_ADVERSITY)
        hazard = hazard_adult_adversity(
            w.adult_hazard[kind][age] * raised,
            w.adult_gradient[kind][child.decile] * c.adult_ease[child.authority][kind][child.decile],
            load,
            ill,
            row.per_unresolved,
            row.per_condition,
        )
        if happens(u[kind % 4], hazard):
            child.aats += 1
            child.unresolved += 1
            if w.p.adult_life:
                child.recent |= 1 << kind
            child.severity += row.severity
            child.need_load += row.severity
            ledger.aats[year, child.authority, kind] += 1
            note(ledger, child, first_day(year), Entry.ADULT_ADVERSITY, kind, 1)


@rule
def setting(child: Any, w: Any, c: Any, ledger: Any, year: int) -> None:
    """Phase 3: start school, change phase, leave: the moves that age alone brings."""
    age = year - child.birth_year
    if age > ADULT or gone(child, year):
        return
    if age == ADULT:
        leave_childhood(child, w, ledger, year)
        return
    if child.support != NONE and age > w.services[child.support].age_to:
        change_support(child, w, ledger, year, NONE, 0)
    if child.waiting != NONE and age > w.services[child.waiting].age_to:
        give_up_waiting(child, ledger, year, 0)
    if child.education != NONE and age <= w.services[child.education].age_to:
        return
    to = w.universal[age]
    if child.education != NONE and out_of_school(child, w):
        u = uniforms(w.key, child.id, year, 1, Decision.CONSEQUENCE)
        if u[3] < w.p.out_of_school_stays_out:
            to = w.not_in_education
        else:
            return_to_school(child, w, ledger, year)
    child.education = to
    child.unit = draw_unit(child, w, to)
    enter(child, w, ledger, year, to)
    note(ledger, child, first_day(year), Entry.SETTING, to, 0)


@rule
def leave_childhood(child: Any, w: Any, ledger: Any, year: int) -> None:
    """End every children's service at 18; leaving care is a step of its own."""
    if support_tier(child, w) == Tier.LOOKED_AFTER:
        child.ever |= 1 << Ever.LEFT_CARE_AT_18
        note(ledger, child, first_day(year), Entry.LEAVES_CARE, child.support, 0)
    if child.support != NONE:
        note(ledger, child, first_day(year), Entry.SPELL_ENDS, child.support, first_day(year) - child.since)
    child.support = NONE
    child.education = NONE
    child.unit = NO_UNIT
    child.specialists = 0
    give_up_waiting(child, ledger, year, 0)
    child.open_since = NEVER
    child.referred = NEVER
    child.plan_ended = NEVER
    child.went_home = NEVER
    child.placements = 0
    child.moved = 0
    child.neglect = 0
    child.out_of_area = 0
    child.outcome = Outcome.NO_NEED


@rule
def recovery(child: Any, w: Any, c: Any, ledger: Any, year: int) -> None:
    """Phase 5: let unresolved events heal, and resilience move."""
    if gone(child, year):
        return
    a = child.authority
    young = year - child.birth_year < ADULT
    if child.unresolved > 0:
        holder = child.support if child.support != NONE else child.education
        log_odds = log_odds_healing(
            (w.p.heal_child if young else w.p.heal_adult + help_to_heal(child, w))
            + c.recovery[a]
            + 0.01 * child.healing / child.unresolved,
            healing_at(child, w, c, holder) if holder != NONE else 0.0,
            w.p.heal_supported,
            child.resilience / MILLION,
            w.p.heal_per_resilience,
            child.outcome,
        )
        if young:
            log_odds += log_odds_of(child, c, Effect.HEALING, year - child.birth_year)
        u = uniforms(w.key, child.id, year, 0, Decision.HEALING)
        healed = count_healed(u[0], child.unresolved, logistic(log_odds))
        if healed > 0:
            child.severity -= child.severity * healed // child.unresolved
            child.need_load -= child.need_load * healed // child.unresolved
            child.healing -= child.healing * healed // child.unresolved
            child.unresolved -= healed
            child.healed += healed
            ledger.healed[year, a] += healed
            note(ledger, child, first_day(year) + DAYS - 1, Entry.HEALED, 0, healed)
    if young:
        child.resilience = int(
            MILLION
            * resilience_after(
                child.resilience / MILLION,
                c.community[a],
                w.p.resilience_returning,
                w.p.resilience_gain,
                w.p.resilience_loss,
                child.outcome,
            )
        )


@rule
def see_exposure(child: Any, w: Any, year: int) -> None:
    """Set the exposure that health sees, up to 18; no event at all is no exposure."""
    age = year - child.birth_year
    if age >= ADULT:
        return
    if child.cats == 0:
        child.exposure = 0
        return
    count = min(child.aces, len(w.mean_other[age]) - 1)
    child.exposure = int(
        MILLION
        * exposure(
            child.aces,
            child.cats - child.aces - w.mean_other[age][count],
            child.healed - w.mean_healed[age][count],
            w.p.phi,
            w.p.psi,
        )
    )


@rule
def type_risk(child: Any, w: Any) -> float:
    """Sum what a person's types of adversity, and long standing of neglect, add to the log risk of mental illness."""
    total = w.p.longstanding_risk * years_longstanding(child.neglected, w.p.longstanding_after)
    for kind in range(len(w.adversities)):
        if child.types >> kind & 1:
            total += w.adversities[kind].risk
    return float(total)


@rule
def log_ratio_condition(child: Any, w: Any, number: int, age: int) -> float:
    """Give a person's log relative risk of a condition, moderated by resilience where it moderates.

    Resilience is taken about its reference mean at the same ACE count, so that the risk at that count stays; types
    of adversity about the log of their mean ratio there, so that the mean relative risk stays.
    """
    log_ratio = along(w.log_ratio[number], child.exposure / MILLION)
    if w.moderated[number]:
        means = w.mean_resilience[min(age, ADULT - 1)]
        mean = means[min(child.aces, len(means) - 1)]
        log_ratio -= moderation(child.resilience / MILLION, mean, child.aces, w.p.moderation)
    if w.p.type_specific_harm and w.mental[number]:
        means = w.mean_type_risk[min(age, ADULT - 1)]
        log_ratio += type_risk(child, w) - means[min(child.aces, len(means) - 1)]
    return log_ratio


@rule
def log_ratio_death(child: Any, w: Any, age: int) -> float:
    """Give a person's log hazard ratio of death, fading with age."""
    return fade(age, w.p.fade_from, w.p.fade_to) * along(w.log_ratio_death[child.sex], child.exposure / MILLION)


@rule
def health(child: Any, w: Any, c: Any, ledger: Any, year: int) -> None:
    """Phase 6: let conditions begin and remit, count the years lived with them, and death."""
    if gone(child, year):
        return
    age = year - child.birth_year
    day = first_day(year)
    before = disability(child.conditions, w.weights) if child.conditions else 0.0
    level = min(child.exposure // MILLION, len(w.log_ratio[0]) - 1)
    u = (0.0, 0.0, 0.0, 0.0)
    for number in range(len(w.weights)):
        if number % 4 == 0:
            u = uniforms(w.key, child.id, year, number // 4, Decision.CONDITION)
        bit = 1 << number
        if child.conditions & bit:
            if happens(u[number % 4], w.remission[number]):
                child.conditions ^= bit
                note(ledger, child, day, Entry.REMISSION, number, 0)
        else:
            base = w.incidence[number][child.sex][age]
            # No ratio is above its ceiling: most exponentials are spared.
            if u[number % 4] < base * w.ratio_ceiling[number][level] and happens(
                u[number % 4], base * math.exp(log_ratio_condition(child, w, number, age))
            ):
                child.conditions |= bit
                ledger.onsets[year, child.authority, number] += 1
                note(ledger, child, day, Entry.ONSET, number, 0)
    after = disability(child.conditions, w.weights) if child.conditions else 0.0
    lived = death(child, w, c, ledger, year)
    ill = int(MILLION * (0.5 * (before + after) * lived))
    child.yld += ill
    ledger.yld[year, child.authority] += ill


@rule
def death(child: Any, w: Any, c: Any, ledger: Any, year: int) -> float:
    """Decide death within the year, and book the years of life lost. Returns the part of the year lived."""
    age = year - child.birth_year
    ledger.alive[year, child.authority] += 1
    u = uniforms(w.key, child.id, year, 0, Decision.DEATH)
    base = w.mortality[child.sex][age]
    if age < ADULT:
        base *= w.child_death_ratio[child.decile] * c.child_death_ease[child.authority][child.decile]
    last = age + 1 == len(w.mortality[child.sex])
    if not last and u[0] >= base * w.ratio_ceiling_death[child.sex]:
        return 1.0
    if not last and not happens(u[0], base * math.exp(log_ratio_death(child, w, age))):
        return 1.0
    day = int(u[1] * DAYS)
    part = day / DAYS
    child.died = first_day(year) + day
    lost = residual_expectancy(w.expectancy[child.sex], age, part)
    if w.p.published_yll:
        fixed = w.p.published_expectancy_male if child.sex == 0 else w.p.published_expectancy_female
        lost = max(0.0, fixed - age - part)
    child.yll = int(MILLION * lost)
    ledger.deaths[year, child.authority] += 1
    ledger.yll[year, child.authority] += child.yll
    note(ledger, child, child.died, Entry.DEATH, 0, 0)
    return part


@rule
def observe(child: Any, w: Any, c: Any, ledger: Any, year: int) -> None:
    """Phase 8: count stocks at 31 March, as the statutory returns do, of children still alive."""
    age = year - child.birth_year
    if age >= ADULT or child.died != NEVER:
        return
    a = child.authority
    end = first_day(year + 1)
    count_held(child, w, ledger.stock[year], year)
    count_at_units(child, w, ledger, year)
    if child.support != NONE:
        ledger.carried[year, a, child.support] += child.unresolved
    if child.waiting != NONE:
        ledger.waiting[year, a, child.waiting] += 1
    flows = ledger.flows[year, a]
    flows[Flow.CHILDREN_AT_31_MARCH] += 1
    ledger.ages[year, a, age] += 1
    if in_social_care(child, w):
        ledger.open_in_need[year, a, spell_band(end - child.open_since)] += 1
    if child.support == w.plan:
        ledger.open_plans[year, a, spell_band(end - child.since)] += 1
    if support_tier(child, w) == Tier.LOOKED_AFTER and child.placements >= 3:
        flows[Flow.THREE_OR_MORE_PLACEMENTS] += 1
    ledger.unresolved[year, a] += child.unresolved
    ledger.burden[year, child.neighbourhood] += child.unresolved
    ledger.children[year, child.neighbourhood] += 1
    ledger.expected[year, child.neighbourhood] += int(MILLION * w.mean_burden[age])
    see_exposure(child, w, year)


BEFORE, HOLDING, AFTER, ALL = 1, 2, 4, 7
"""Parts of a year, to be lived one after another where something is found out between them."""
YEAR = (
    (BEFORE, adversity),
    (BEFORE, setting),
    (HOLDING, hold),
    (HOLDING, adult_life),
    (HOLDING, recovery),
    (AFTER, health),
    (AFTER, observe),
)
"""The phases that a child lives through, in order; phase 1 is the context, and cost accrues with each stay."""
