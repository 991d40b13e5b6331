"""Phase 4 of the year, from 15: attainment, early parenthood, NEET and work; adult services and what they cost.

Every function acts on one person by the rules of `agents.adult`, under the world's numbers `w` and the ledger.
Adult services change how events heal, nothing else: health and deaths are those of a run without adult life.
Transfers (tax, benefits) are counted apart and never enter a cost.
"""

from typing import Any

from agents.adult import ace_band, attainment, count_bits, log_odds_outcome, missed, occurs
from agents.names import ADULT, CONDITIONS, Count, Entry, Ever, Reason, Standing
from agents.rules import rule
from simulation.child_state import gone, left_care, unresolved_load
from simulation.draws import Decision, uniforms
from simulation.ledger import first_day, note

GROWS_UP = 15
"""Age from which outcomes of young life are drawn [years]."""
NEET_FROM, NEET_TO = 16, 24
"""Ages at which NEET is counted, first and last [years]."""
YOUNG = 25
"""Age after which work alone comes and goes [years]."""
CHANGING = 1 << Standing.NEET | 1 << Standing.EMPLOYED
"""Bits of `standing` that come and go."""
OUT = 1 << Ever.OUT_OF_SCHOOL | 1 << Ever.EXCLUDED
"""Bits of `ever` of who was out of school or excluded."""


@rule
def adult_life(child: Any, w: Any, c: Any, ledger: Any, year: int) -> None:
    """Let a young person or adult reach what rows say, work, and use services; count the agencies in touch."""
    if w.p.adult_life == 0.0 or gone(child, year):
        return
    age = year - child.birth_year
    if age >= GROWS_UP:
        reach_outcomes(child, w, ledger, year)
        count_working(child, w, ledger, year)
    if age >= ADULT:
        use_services(child, w, ledger, year)
        pay_for_conditions(child, w, ledger, year)
        if age < w.p.care_leaver_until and left_care(child):
            count_care_leaver(child, w, ledger, year)
    ledger.agencies[child.authority, age, ace_band(child.aces), count_bits(child.agencies)] += 1


@rule
def reach_outcomes(child: Any, w: Any, ledger: Any, year: int) -> None:
    """Decide each outcome that has a row at this age; what is reached stays, NEET and work come and go."""
    age = year - child.birth_year
    if w.any_outcome[age] == 0 and child.standing & CHANGING == 0:
        return
    u = uniforms(w.key, child.id, year, 0, Decision.ADULT_LIFE)
    if age <= YOUNG:
        for outcome in range(Standing.EMPLOYED):
            decide(child, w, ledger, year, outcome, u[(outcome + 3) % 4])
    decide(child, w, ledger, year, Standing.EMPLOYED, u[3])


@rule
def decide(child: Any, w: Any, ledger: Any, year: int, outcome: int, uniform: float) -> None:
    """Decide one outcome of a year by one uniform."""
    age = year - child.birth_year
    row = w.outcome_at[outcome][age]
    had = child.standing >> outcome & 1 == 1
    has = had and outcome <= Standing.EARLY_PARENT
    if outcome == Standing.NEET and age < ADULT:
        has = child.education == w.not_in_education
    elif outcome == Standing.EMPLOYED and child.standing >> Standing.NEET & 1:
        has = False
    elif row >= 0 and not has:
        has = occurs(uniform, log_odds(child, w, w.outcomes[row], age, had))
    if has != had:
        change_standing(child, ledger, year, outcome)


@rule
def log_odds(child: Any, w: Any, row: Any, age: int, had: bool) -> float:
    """Give a person's log-odds of an outcome by its row."""
    adversity = row.per_cat * min(float(child.cats), w.p.event_load_cap)
    adversity += row.per_unresolved * min(unresolved_load(child), w.p.event_load_cap)
    if child.conditions:
        adversity += row.per_condition * count_bits(child.conditions)
    if age >= ADULT and child.recent >> w.job_loss & 1:
        adversity += row.if_job_lost
    if left_care(child):
        adversity += row.if_left_care
    schooling = 0.0
    if child.ever & OUT:
        schooling += row.if_out_of_school
    if child.standing >> Standing.PERSISTENTLY_ABSENT & 1:
        schooling += row.if_persistently_absent
    if child.standing >> Standing.SUSPENDED & 1:
        schooling += row.if_suspended
    if child.standing >> Standing.LEVEL_2 & 1:
        schooling += row.if_level_2
    if child.standing >> Standing.LEVEL_3 & 1:
        schooling += row.if_level_3
    background = row.deprivation * (0.5 - child.decile / 9.0)
    if child.sex == 0:
        background += row.if_male
    if child.standing >> Standing.EARLY_PARENT & 1:
        background += row.if_early_parent
    return log_odds_outcome(row.log_odds, row.before if had else 0.0, adversity, schooling, background)


@rule
def change_standing(child: Any, ledger: Any, year: int, outcome: int) -> None:
    """Turn one bit of a person's standing; what is reached once is counted here."""
    child.standing ^= 1 << outcome
    gained = child.standing >> outcome & 1
    note(ledger, child, first_day(year), Entry.STANDING_GAINED if gained else Entry.STANDING_LOST, outcome, 0)
    if outcome == Standing.LEVEL_2:
        ledger.adult[year, child.authority, Count.LEVEL_2] += 1
    elif outcome == Standing.LEVEL_3:
        ledger.adult[year, child.authority, Count.LEVEL_3] += 1
    elif outcome == Standing.EARLY_PARENT:
        ledger.adult[year, child.authority, Count.EARLY_PARENTS] += 1


@rule
def count_working(child: Any, w: Any, ledger: Any, year: int) -> None:
    """Count a year NEET or at work, and what passes between a person and the exchequer: no cost, transfers."""
    age = year - child.birth_year
    count = ledger.adult[year, child.authority]
    neet = child.standing >> Standing.NEET & 1
    if NEET_FROM <= age <= NEET_TO:
        count[Count.AGED_16_TO_24] += 1
        count[Count.NEET] += neet
    if w.outcome_at[Standing.EMPLOYED][age] < 0:
        return
    if child.standing >> Standing.EMPLOYED & 1:
        reached = attainment(child.standing >> Standing.LEVEL_2 & 1 == 1, child.standing >> Standing.LEVEL_3 & 1 == 1)
        count[Count.EMPLOYED] += 1
        count[Count.EARNINGS] += w.pay[reached][age]
        count[Count.TAX] += w.tax[reached][age]
    elif neet or age > NEET_TO:
        count[Count.BENEFITS] += w.benefits


@rule
def reasons(child: Any, w: Any, age: int) -> int:
    """Collect, as bits, every reason that a person has this year to come to an adult service."""
    found = 0 | child.recent | child.conditions << CONDITIONS
    if left_care(child):
        found |= 1 << Reason.LEFT_CARE
    if child.standing >> Standing.NEET & 1:
        found |= 1 << Reason.NEET
    if child.standing >> Standing.EARLY_PARENT & 1:
        found |= 1 << Reason.EARLY_PARENT
    if w.outcome_at[Standing.EMPLOYED][age] >= 0 and child.standing >> Standing.EMPLOYED & 1 == 0:
        found |= 1 << Reason.NOT_EMPLOYED
    return int(found)


@rule
def use_services(child: Any, w: Any, ledger: Any, year: int) -> None:
    """Let each adult service be used this year, for a reason or because it was used last year; book its cost."""
    age = year - child.birth_year
    now = reasons(child, w, age) & w.adult_reasons
    before = 0 + child.adult_services
    child.adult_services = 0
    if now == 0 and before == 0:
        return
    drawn = -1
    u = (0.0, 0.0, 0.0, 0.0)
    for k in range(len(w.adult_services)):
        row = w.adult_services[k]
        was = before >> k & 1
        if (now & row.reasons == 0 and not was) or not row.age_from <= age <= row.age_to:
            continue
        chance = missed(1.0, row.stays) if was else 1.0
        for r in range(w.adult_first[k], w.adult_first[k + 1]):
            way = w.adult_routes[r]
            if now >> way.reason & 1 and way.age_from <= age <= way.age_to:
                chance = missed(chance, way.reached)
        if k // 4 != drawn:
            drawn = k // 4
            u = uniforms(w.key, child.id, year, drawn, Decision.ADULT_SERVICE)
        if u[k % 4] < 1.0 - chance:
            child.adult_services |= 1 << k
            child.agencies |= row.agency
            child.adult_cost += row.cost
            ledger.adult_users[year, child.authority, k] += 1
            ledger.adult_cost[year, child.authority, k] += row.cost
            note(ledger, child, first_day(year), Entry.ADULT_SERVICE, k, 0)


@rule
def pay_for_conditions(child: Any, w: Any, ledger: Any, year: int) -> None:
    """Book what a year with each condition costs the health service."""
    if child.conditions & w.costed == 0:
        return
    for number in range(len(w.condition_cost)):
        if child.conditions >> number & 1:
            child.adult_cost += w.condition_cost[number]
            ledger.condition_cost[year, child.authority, number] += w.condition_cost[number]


@rule
def count_care_leaver(child: Any, w: Any, ledger: Any, year: int) -> None:
    """Count a year of a care leaver's life, and whether it was NEET, homeless, or in touch with leaving care."""
    count = ledger.adult[year, child.authority]
    count[Count.CARE_LEAVERS] += 1
    count[Count.CARE_LEAVERS_NEET] += child.standing >> Standing.NEET & 1
    count[Count.CARE_LEAVERS_HOMELESS] += child.recent >> w.homelessness & 1
    count[Count.CARE_LEAVERS_IN_TOUCH] += child.adult_services >> w.leaving_care & 1


@rule
def help_to_heal(child: Any, w: Any) -> float:
    """Give the log-odds that the most helpful adult service of this year adds to healing."""
    most = 0.0
    if child.adult_services:
        for k in range(len(w.adult_services)):
            if child.adult_services >> k & 1:
                most = max(most, w.adult_services[k].heals)
    return float(w.p.heal_adult_service * most)
