"""Run a cohort from birth to death: time in one loop, for either engine, and the reference it is measured by."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from agents.child import CHILD, RECORD, joined
from agents.names import ADULT, AGES
from simulation.adult_parts import agency_names
from simulation.build import build, event_names, service_names
from simulation.capacity import live_year
from simulation.compiled import CompiledEngine, refer
from simulation.context import Surroundings, year_context
from simulation.errors import InputError
from simulation.harm import instability_kinds
from simulation.ledger import Ledger, Shape, add_adults, empty_ledger
from simulation.population import cohort, neighbourhoods_of
from simulation.scenario import Scenario, Switches
from simulation.world import World, pack


class Life(NamedTuple):
    """What a run leaves: the children's records and the ledger."""

    children: Any
    ledger: Ledger


def shape_of(s: Surroundings) -> Shape:
    """Give the sizes of the ledger of a run: those of its tables, so that machine code fits every run."""
    rows = s.tables.rows
    return Shape(
        years=AGES,
        authorities=len(s.places),
        services=len(service_names(s.tables)),
        types=len(rows["adversities"]),
        adult_types=len({row.adversity for row in rows["adult_adversities"]}),
        events=len(event_names(s.tables)),
        conditions=len(rows["conditions"]),
        instabilities=len(instability_kinds(s.tables)),
        adult_services=len(rows["adult_services"]),
        agencies=len(agency_names(s.tables)),
        neighbourhoods=int(sum(counts.sum() for counts in neighbourhoods_of(s.tables).values())),
        interventions=len(rows["interventions"]),
    )


REFERENCES = ("incidence", "mortality", "mean_other", "mean_healed", "mean_resilience", "mean_type_risk", "mean_burden")
"""Parts of the world that the reference cohort sets."""


def engine_named(name: str) -> Any:
    """Give the class of an engine; Mesa is loaded only where it is asked for.

    Raises
    ------
    InputError
        If there is no engine of the name.
    """
    if name == "compiled":
        return CompiledEngine
    if name != "mesa":
        raise InputError(f"engine: unknown engine '{name}'; give compiled or mesa")
    from simulation.reading import MesaEngine

    return MesaEngine


def run(
    s: Surroundings,
    world: World,
    children: Any,
    engine: str = "compiled",
    jobs: int = 1,
    room: int = 0,
    watched: int = -1,
    years: int = AGES,
    watch: Callable[[int, Any], None] | None = None,
) -> Life:
    """Let children live from birth to death.

    Parameters
    ----------
    children : (n,) records to begin with; they are not changed
    room, watched : lines of the journal to keep, and of whom (-1: of all)
    watch : called after each year with the year and the records
    """
    book = empty_ledger(shape_of(s), room, watched)
    carrier = engine_named(engine)(joined(children), world, book, jobs)
    try:
        if s.steady() and watch is None:
            carrier.live(year_context(s, world, 0, None), 0, years)
        else:
            context = year_context(s, world, 0, None)
            for year in range(years):
                # Only levers with dates reach beyond childhood: nothing is fed back from adults.
                if year <= ADULT or s.dated():
                    context = year_context(s, world, year, carrier.ledger())
                live_year(s, carrier, context, year)
                if watch is not None:
                    watch(year, carrier.records())
        return Life(carrier.records(), carrier.ledger())
    finally:
        carrier.close()


LATER = ("adult_ease", "recovery")
"""Parts of a year's context that rules read of people above 18."""


def run_together(them: Sequence[Surroundings], world: World, children: Any, engine: str = "compiled") -> list[Life]:
    """Let twins live under several scenarios, from birth to death, as `run` would one after another.

    Whoever leaves childhood with the same record in all of them leads one and the same life from there, and leads it
    once: nothing but the record, the world and what is `LATER` bears on it.
    """
    contexts = [year_context(s, world, 0, None) for s in them]
    equal = all(np.array_equal(getattr(c, name), getattr(contexts[0], name)) for c in contexts for name in LATER)
    if len(them) == 1 or engine != "compiled" or not equal or not all(s.steady() for s in them):
        return [run(s, world, children, engine) for s in them]
    engines = [CompiledEngine(joined(children), world, empty_ledger(shape_of(s))) for s in them]
    for carrier, context in zip(engines, contexts, strict=True):
        carrier.live(context, 0, ADULT + 1)
    records = [carrier.records().view(RECORD) for carrier in engines]
    first, *others = (own.view(np.uint8).reshape(len(own), -1) for own in records)
    same = np.logical_and.reduce([(own == first).all(axis=1) for own in others])
    shared = CompiledEngine(records[0][same].view(CHILD), world, empty_ledger(shape_of(them[0])))
    shared.live(contexts[0], ADULT + 1, AGES)
    lives = []
    for carrier, context, own in zip(engines, contexts, records, strict=True):
        carrier.replace(own[~same].view(CHILD))
        carrier.live(context, ADULT + 1, AGES)
        own[~same], own[same] = carrier.records().view(RECORD), shared.records().view(RECORD)
        lives.append(Life(own.view(CHILD), add_adults(carrier.ledger(), shared.ledger())))
    return lives


def reference(tables: Any, values: Any, switches: Any, key: tuple[int, int, int], size: int) -> World:
    """Run the reference cohort (England's deprivation mix, today's services) and set what is relative to it.

    Means of other harm and of healing by age and ACE count come from it, and the baselines of incidence and
    death: population rates over the mean relative risk of those at risk, by age and sex.

    Returns
    -------
    the world of the draw, its references set
    """
    scenario = Scenario.today()
    s = Surroundings(tables, values, scenario)
    world = build(tables, values, switches, key)
    together = Switches(ethnic_deprivation=switches.ethnic_deprivation, families=switches.families)
    children = cohort(tables, values, ["england"], size, key, together)
    record = pack(world)
    refer(children, record, pack(year_context(s, world, 0, None)), empty_ledger(shape_of(s)))
    return world._replace(**{name: record[name][0] for name in REFERENCES})
