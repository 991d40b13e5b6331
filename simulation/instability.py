"""Let what unsettles a child happen to it: book it, cost it, and perhaps let it be an adversity."""

from typing import Any

from agents.child import MILLION
from agents.names import Entry
from agents.rules import rule
from simulation.draws import Decision, uniforms
from simulation.ledger import first_day, note

OWN, AREA = 1_000, 2_000
"""First moves of the decision on instability that are of one event, and of one placement of the year."""


@rule
def suffer(child: Any, w: Any, ledger: Any, year: int, kind: int, day: int) -> None:
    """Add one childhood event of a type to a child; nothing where the world has no adversity."""
    if w.p.adversity == 0.0:
        return
    bit = 1 << kind
    if child.types & bit == 0:
        child.types |= bit
        if w.adversities[kind].surveyed:
            child.aces += 1
    child.recent |= bit
    child.cats += 1
    child.unresolved += 1
    child.severity += w.adversities[kind].severity
    child.need_load += w.adversities[kind].need_load
    child.healing += w.adversities[kind].healing
    child.resilience = max(0, child.resilience - int(w.p.resilience_loss_event * MILLION))
    ledger.cats[year, child.authority, kind] += 1
    note(ledger, child, first_day(year) + day, Entry.CHILDHOOD_ADVERSITY, kind, 1)


@rule
def unsettle(child: Any, w: Any, ledger: Any, year: int, row: int, day: int, uniform: float) -> None:
    """Let a move of home, school or placement happen on a day, and perhaps be an adversity."""
    move = w.moves[row]
    book_instability(child, w, ledger, year, move.kind, 1, move.cost)
    if move.exposes:
        child.moved = 1
    note(ledger, child, first_day(year) + day, Entry.INSTABILITY, move.kind, 0)
    if uniform < w.p.instability_of_move * move.harm:
        suffer(child, w, ledger, year, w.instability, day)


@rule
def book_instability(child: Any, w: Any, ledger: Any, year: int, kind: int, events: int, cost: int) -> None:
    """Book events of a kind of instability, and what they cost."""
    ledger.instability[year, child.authority, kind] += events
    ledger.instability_cost[year, child.authority, kind] += cost
    child.cost += cost


@rule
def settle(child: Any, w: Any, ledger: Any, year: int, day: int) -> None:
    """Decide whether a placement that begins on a day lies outside the authority."""
    child.out_of_area = 0
    if w.outside_share[child.support] == 0.0:
        return
    u = uniforms(w.key, child.id, year, AREA + child.placements, Decision.INSTABILITY)
    if u[0] < w.outside_share[child.support]:
        child.out_of_area = 1
        unsettle(child, w, ledger, year, w.outside, day, u[1])


@rule
def spend_placement(child: Any, w: Any, ledger: Any, year: int, days: int) -> None:
    """Book what days of a placement cost beyond the mean placement; days below nought take back what was booked."""
    if w.p.instability_events:
        cost = days * w.outside_cost[child.out_of_area][child.authority][child.support]
        book_instability(child, w, ledger, year, w.moves[w.outside].kind, 0, cost)
