"""Ask a service for a place: accepted or turned away, admitted or put on its list, and off it again."""

from typing import Any

from agents.names import NONE, RANKS, Channel, Entry
from agents.rules import rule
from agents.service import place_rank, priority_band
from simulation.child_state import has_place, support_tier, unresolved_load
from simulation.draws import Decision, uniforms
from simulation.ledger import first_day, note


@rule
def finds_place(child: Any, w: Any, c: Any, ledger: Any, year: int, to: int, day: int) -> bool:
    """Give a child a place in a rationed service if its rank is before the year's cutoff; else it waits for one."""
    a = child.authority
    if c.cutoff[a][to] > RANKS:
        return True
    waited = child.waiting == to and child.waiting_since < first_day(year)
    band = priority_band(unresolved_load(child), w.p.band_medium, w.p.band_high)
    rank = place_rank(band, waited, uniforms(w.key, child.id, year, to, Decision.PLACE)[0])
    ledger.asked[0] += 1
    if rank < c.cutoff[a][to]:
        ledger.admitted[a, to, rank] += 1
        return True
    ledger.refused[year, a, to] += 1
    if child.waiting == NONE:
        child.waiting = to
        child.waiting_since = first_day(year) + day
        note(ledger, child, child.waiting_since, Entry.JOINS_WAITING_LIST, to, 0)
    return False


@rule
def leave_list(child: Any, ledger: Any, year: int, service: int, day: int) -> None:
    """Take a child that enters the service it waits for off the list, and book how long it waited."""
    if child.waiting == service:
        waited = first_day(year) + day - child.waiting_since
        ledger.from_list[year, child.authority, service] += 1
        ledger.waited[year, child.authority, service] += max(0, waited)
        child.waiting = NONE
        note(ledger, child, first_day(year) + day, Entry.LEAVES_WAITING_LIST, service, max(0, waited))


@rule
def give_up_waiting(child: Any, ledger: Any, year: int, day: int) -> None:
    """Take a child off a list without a place: too old, no longer in need, or with a higher tier."""
    if child.waiting != NONE:
        note(ledger, child, first_day(year) + day, Entry.LEAVES_WAITING_LIST, child.waiting, -1)
        child.waiting = NONE


@rule
def place_from_list(child: Any, w: Any, c: Any, ledger: Any, year: int) -> int:
    """Give the service that has a place this year for a child on its list since an earlier one, or NONE."""
    if child.waiting == NONE or child.waiting_since >= first_day(year):
        return NONE
    row = w.services[child.waiting]
    if row.channel == Channel.SUPPORT and row.tier < support_tier(child, w):
        give_up_waiting(child, ledger, year, 0)
        return NONE
    if finds_place(child, w, c, ledger, year, child.waiting, 0):
        return int(child.waiting)
    return NONE


@rule
def asks_for_place(child: Any, w: Any, c: Any, ledger: Any, year: int, to: int, uniform: float, day: int) -> bool:
    """Ask a service for a place: true where the child already has it, or is accepted in its band and finds one."""
    if has_place(child, w, to):
        return True
    band = priority_band(unresolved_load(child), w.p.band_medium, w.p.band_high)
    ledger.demand[year, child.authority, to, band] += 1
    if uniform >= c.acceptance[child.authority][to][band]:
        ledger.turned_away[year, child.authority, to] += 1
        return False
    return finds_place(child, w, c, ledger, year, to, day)
