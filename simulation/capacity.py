"""Ration places: whoever ranks first gets what is free this year, and everybody else waits.

Nobody's life may depend on the order in which children are computed. So copies of the children try the year,
and where a service would hold more than it has places for, those of the lowest rank are turned away, until no
service does. Only children who ask for a rationed place need to try again.
"""

from typing import Any

import numpy as np

from agents.child import NEVER
from agents.names import ADULT, RANKS
from simulation.build import authority_names, service_names
from simulation.context import Surroundings, places
from simulation.world import Context
from simulation.year import AFTER, BEFORE, HOLDING


def live_year(s: Surroundings, carrier: Any, context: Context, year: int) -> Context:
    """Let every child of an engine live a year; where places are rationed, find first who gets one.

    Returns
    -------
    the context that they lived under
    """
    if not s.scenario.switches.rationing:
        carrier.live(context, year, year + 1)
        return context
    carrier.live(context, year, year + 1, BEFORE)
    context = context._replace(cutoff=cutoffs(s, carrier, context, year))
    carrier.live(context, year, year + 1, HOLDING | AFTER)
    return context


def cutoffs(s: Surroundings, carrier: Any, context: Context, year: int) -> Any:
    """Find the ranks below which each service has a place this year, by letting children try.

    Returns
    -------
    (A, S) ranks; a service never holds more than its places unless it did so before anyone was let in
    """
    children = carrier.records()
    young = (children["died"] == NEVER) & (year - children["birth_year"] < ADULT)
    chosen = np.flatnonzero(young)
    if not len(chosen):
        return context.cutoff
    count = np.zeros((len(authority_names(s.tables)), ADULT), np.int64)
    np.add.at(count, (children["authority"][young], year - children["birth_year"][young]), 1)
    free = places(s, service_names(s.tables), count, s.first_year() + year)
    asked, admitted, held = carrier.attempt(context, year, chosen)
    chosen, others = chosen[asked], held[0]
    cutoff, held = context.cutoff, held[1]
    while True:
        lower = lowered(cutoff, admitted, others + held - free)
        if (lower == cutoff).all():
            return cutoff
        cutoff = lower
        _, admitted, held = carrier.attempt(context._replace(cutoff=cutoff), year, chosen)
        held = held.sum(axis=0)


def lowered(cutoff: Any, admitted: Any, over: Any) -> Any:
    """Lower the cutoffs of services that hold too many, just so far that as many fewer are let in.

    Parameters
    ----------
    cutoff : (A, S); above RANKS where places are not rationed, which stays
    admitted : (A, S, RANKS) places given, by rank
    over : (A, S) children held above the places

    Returns
    -------
    (A, S), nowhere above the cutoff given
    """
    from_rank = admitted[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    enough = (from_rank >= np.maximum(over, 1)[:, :, None]).sum(axis=2) - 1
    crowded = (over > 0) & (cutoff <= RANKS)
    return np.where(crowded, np.minimum(cutoff, np.maximum(enough, 0)), cutoff)
