"""Let children live with every line of their journal kept: few at a time, since a journal holds few lines.

Where children act on one another (amplification, places rationed) all of them live first; each year's context,
through which alone they do so, is kept, and the few live under it again.
"""

from typing import Any, NamedTuple

import numpy as np

from agents.names import ADULT
from experiments.questions import find_scenario
from simulation.build import authority_names
from simulation.capacity import live_year
from simulation.cohort import reference, shape_of
from simulation.compiled import CompiledEngine
from simulation.context import Surroundings, year_context
from simulation.draws import seed_key
from simulation.errors import ResourceError
from simulation.extension import with_services
from simulation.inputs import Tables
from simulation.ledger import LINES, Ledger, empty_ledger, view_ledger
from simulation.population import cohort
from simulation.scenario import Scenario
from simulation.world import Context, World

REFERENCE_CHILDREN = 4000
AT_ONCE = 24
"""Children who share a journal: its 4,096 lines are some five times what they write."""


class Told(NamedTuple):
    """Lives told in full."""

    begun: Any  # (n,) records at the start
    children: Any  # (n,) records at the end
    years: Any  # (years, n) records at the end of each year
    lines: Any  # JOURNAL lines, child after child, in the order in which they were written
    ledger: Ledger  # the sums of the same lives
    world: World


class Question(NamedTuple):
    """Whose lives are asked for: a cohort under the central numbers of a scenario."""

    tables: Tables
    surroundings: Surroundings
    world: World
    cohort: Any


def ask(tables: Tables, places: list[str], seed: int, scenario: Scenario | str, children: int | None) -> Question:
    """Draw the cohort of some places under a scenario's central numbers, and run its reference.

    The question's tables are those given and the services that the scenario adds.
    """
    chosen = find_scenario(scenario, tables)
    tables = with_services(tables, chosen)
    values, key = {**tables.values(), **chosen.numbers}, seed_key(seed)
    world = reference(tables, values, chosen.switches, key, REFERENCE_CHILDREN)
    drawn = cohort(tables, values, places, children, key, chosen.switches)
    return Question(tables, Surroundings(tables, values, chosen), world, drawn)


def contexts(asked: Question, years: int) -> tuple[list[Context], Any]:
    """Give each year's context; where children feed it, from the whole cohort's own life, and its records then."""
    s, context = asked.surroundings, year_context(asked.surroundings, asked.world, 0, None)
    if s.steady():
        return [context] * years, None
    engine, found = CompiledEngine(asked.cohort.copy(), asked.world, empty_ledger(shape_of(s))), []
    for year in range(years):
        if year <= ADULT or s.dated():
            context = year_context(s, asked.world, year, engine.ledger())
        found.append(live_year(s, engine, context, year))
    return found, engine.records()


def tell(asked: Question, years: int = ADULT, chosen: Any = None, at_once: int = AT_ONCE) -> Told:
    """Let a cohort, or those chosen of it, live some years, and keep every line.

    Parameters
    ----------
    chosen : (cohort,) mask or numbers of the children to tell of; all if not given

    Raises
    ------
    ResourceError
        If one child alone fills a journal: no line is ever left out.
    """
    given, whole = contexts(asked, years)
    begun = (asked.cohort if chosen is None else asked.cohort[chosen]).copy()
    book = empty_ledger(shape_of(asked.surroundings), LINES)
    engine = CompiledEngine(begun[:0], asked.world, book)
    seen = np.zeros((years, len(begun)), begun.dtype)
    written: list[Any] = []
    waiting = [slice(at, at + at_once) for at in range(0, len(begun), at_once)][::-1]
    while waiting:
        part, before = waiting.pop(), book.copy()
        book["lines"][0, 0] = 0
        engine.replace(begun[part].copy())
        for year, context in enumerate(given):
            engine.live(context, year, year + 1)
            seen[year, part] = engine.records()
        count = int(book["lines"][0, 0])
        if count < book["lines"][0, 1]:
            written.append(book["journal"][0][:count].copy())
            continue
        book[:] = before
        waiting += halves(part, begun)
    if whole is not None and (seen[-1] != (whole if chosen is None else whole[chosen])).any():
        raise RuntimeError("journal: children told of did not live as in the whole cohort")
    lines = np.concatenate(written) if written else book["journal"][0][:0].copy()
    by_child = np.argsort(row_of(begun, lines["child"]), kind="stable")
    return Told(begun, seen[-1], seen, lines[by_child], view_ledger(book), asked.world)


def row_of(children: Any, ids: Any) -> Any:
    """Find the row of each id among children."""
    order = np.argsort(children["id"], kind="stable")
    return order[np.searchsorted(children["id"][order], ids)]


def halves(part: slice, children: Any) -> list[slice]:
    """Part children whose journal was full, the first half last; one child alone cannot be parted."""
    stop = min(part.stop, len(children))
    if stop - part.start == 1:
        raise ResourceError(
            f"journal: child {int(children['id'][part.start]) & 0xFFFFFFFF} alone fills its {LINES:,} lines and more "
            "would be lost; nothing was written: take fewer years"
        )
    middle = (part.start + stop) // 2
    return [slice(middle, stop), slice(part.start, middle)]


def places_of(tables: Tables, place: str) -> list[str]:
    """List the authorities of a place: itself, or all of the region."""
    named = [row.authority for row in tables.rows["authorities"] if row.role == "place"]
    return named if place == "region" else [place]


def names_of(tables: Tables, authorities: Any) -> Any:
    """Give authorities' names by their numbers."""
    return np.array(authority_names(tables), dtype=object)[authorities]
