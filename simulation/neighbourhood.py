"""Say what neighbourhoods carry and what reaches them from others: within an authority and between authorities.

No map of real neighbourhoods is shipped. Those of an authority lie on a generated grid of hexagons, the most
deprived in the middle and the others around them in the order of deprivation; authorities touch as in
`adjacency.csv`. Everything read from last year is a whole-number sum, so that engines and threads agree.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from agents.adversity import amplification
from agents.child import MILLION
from simulation.frailty import Values
from simulation.inputs import Tables
from simulation.ledger import Ledger

SIDES = ((1, 0), (0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1))
"""Steps to the six cells around one, in axial coordinates."""


class Layout(NamedTuple):
    """Where N neighbourhoods of A authorities lie: by authority, and within it by decile."""

    authority: Any  # (N,) number of the authority
    decile: Any  # (N,) 0 most deprived
    cell: Any  # (N, 2) axial coordinates on the authority's grid
    adjacent: Any  # (N, 6) numbers of the neighbourhoods around one, -1 where the grid ends


@cache
def grid(size: int) -> Any:
    """Lay cells out in rings around the first.

    Returns
    -------
    (size, 2) axial coordinates
    """
    cells = [(0, 0)]
    ring = 0
    while len(cells) < size:
        ring += 1
        q, r = ring * SIDES[4][0], ring * SIDES[4][1]
        for dq, dr in SIDES:
            for _ in range(ring):
                cells.append((q, r))
                q, r = q + dq, r + dr
    return np.array(cells[:size], np.int64).reshape(-1, 2)


@cache
def neighbours(size: int) -> Any:
    """Give the numbers of the cells around each cell of a grid.

    Returns
    -------
    (size, 6) numbers, -1 where the grid ends
    """
    cells = [tuple(cell) for cell in grid(size).tolist()]
    number = {cell: k for k, cell in enumerate(cells)}
    around = [[number.get((q + dq, r + dr), -1) for dq, dr in SIDES] for q, r in cells]
    return np.array(around, np.int64).reshape(-1, 6)


@cache
def layout(counts: tuple[tuple[int, ...], ...]) -> Layout:
    """Lay out every authority's neighbourhoods.

    Parameters
    ----------
    counts : neighbourhoods by decile, a tuple for each authority
    """
    sizes = [sum(each) for each in counts]
    first = np.cumsum([0, *sizes])
    around = [np.where(neighbours(n) < 0, -1, neighbours(n) + start) for n, start in zip(sizes, first, strict=False)]
    return Layout(
        authority=np.repeat(np.arange(len(counts)), sizes),
        decile=np.concatenate([np.repeat(np.arange(10), each) for each in counts]),
        cell=np.concatenate([grid(n) for n in sizes]),
        adjacent=np.concatenate(around),
    )


def adjoining(tables: Tables, places: list[str]) -> Any:
    """Give the share of what comes from other authorities that comes from each.

    Returns
    -------
    (A, A) shares, by the authority that feels and the one that is felt
    """
    shares = np.zeros((len(places), len(places)))
    for row in tables.rows["adjacency"]:
        shares[places.index(row.authority), places.index(row.neighbour)] = row.share
    return shares


def sums_by(groups: Any, counts: Any, size: int) -> Any:
    """Sum whole numbers by group.

    Returns
    -------
    (size,) whole numbers
    """
    total = np.zeros(size, np.int64)
    np.add.at(total, groups, counts)
    return total


def ratio(carried: Any, expected: Any, otherwise: Any) -> Any:
    """Divide, and take another figure where nothing is expected."""
    return np.where(expected > 0, carried / np.where(expected > 0, expected, 1), otherwise)


def relative_burden(where: Layout, carried: Any, expected: Any, children: Any, prior: float) -> tuple[Any, Any]:
    """Set unresolved events beside those expected of children of these ages, shrunk where few are seen.

    A neighbourhood is shrunk towards its decile in its authority, as if `prior` children of the decile were added.

    Parameters
    ----------
    carried, expected, children : (N,) unresolved events, those of the reference [millionths], and children

    Returns
    -------
    (N,) of neighbourhoods and (A,) of authorities; 1 where an authority has no child
    """
    authorities = int(where.authority.max()) + 1
    block = 10 * where.authority + where.decile
    whole = [sums_by(where.authority, each, authorities) for each in (MILLION * carried, expected)]
    tenth = [sums_by(block, each, 10 * authorities) for each in (MILLION * carried, expected, children)]
    place = ratio(whole[0], whole[1], 1.0)
    decile = ratio(tenth[0], tenth[1], np.repeat(place, 10))
    added = prior * ratio(tenth[1], tenth[2], 1.0)[block]
    return ratio(MILLION * carried + added * decile[block], expected + added, decile[block]), place


def felt_around(where: Layout, burden: Any) -> Any:
    """Average the burden of the neighbourhoods around each; one that has none around it feels its own.

    Returns
    -------
    (N,) ratios
    """
    there = where.adjacent >= 0
    total = np.where(there, burden[where.adjacent], 0.0).sum(axis=1)
    return ratio(total, there.sum(axis=1), burden)


def amplify(
    tables: Tables, values: Values, places: list[str], where: Layout, last: Ledger, year: int, spillover: bool
) -> Any:
    """Raise hazards where last year's burden, own and felt from around, was above the reference.

    Exploitation and violence feel the burden of adjoining authorities besides, where that is switched on; an
    authority without a child in the run is felt as the own one.

    Returns
    -------
    (N, 2) ratios: of most types, and of those raised by circumstances
    """
    burden, place = relative_burden(
        where, last.burden[year - 1], last.expected[year - 1], last.children[year - 1], values["burden_prior"]
    )
    chi, psi = values["crosstalk"], values["exploitation_spillover"]
    felt = (1.0 - chi) * burden + chi * felt_around(where, burden)
    both = [felt, felt]
    if spillover:
        share = adjoining(tables, places)
        seen = sums_by(where.authority, last.children[year - 1], len(places)) > 0
        beyond = (share * np.where(seen, place, place[:, None])).sum(axis=1)
        beyond = np.where(share.sum(axis=1) > 0, beyond, place)
        both[1] = (1.0 - psi) * felt + psi * beyond[where.authority]
    slope, cap = values["amplification_slope"], values["amplification_cap"]
    return np.array(
        [[amplification(float(each), 1.0, slope, cap) for each in pair] for pair in zip(*both, strict=True)]
    )
