"""Run a cohort from birth to death: time in one loop, for either engine, and the reference it is measured by."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from agents.child import MILLION
from agents.names import ADULT, AGES
from simulation.adult_parts import agency_names
from simulation.build import COUNTS, build, event_names, service_names
from simulation.capacity import live_year
from simulation.compiled import CompiledEngine, sum_ratios, sum_references
from simulation.context import Surroundings, year_context
from simulation.harm import instability_kinds
from simulation.ledger import Ledger, Shape, empty_ledger
from simulation.population import cohort, neighbourhoods
from simulation.reading import MesaEngine
from simulation.scenario import Scenario, Switches
from simulation.world import World
from simulation.year import AFTER, BEFORE, HOLDING


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
        neighbourhoods=int(sum(neighbourhoods(s.tables, place).sum() for place in s.places)),
        interventions=len(rows["interventions"]),
    )


REFERENCES = ("incidence", "mortality", "mean_other", "mean_healed", "mean_resilience", "mean_type_risk", "mean_burden")
"""Parts of the world that the reference cohort sets."""


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
    engines: dict[str, Any] = {"compiled": CompiledEngine, "mesa": MesaEngine}
    carrier = engines[engine](children.copy(), world, book, jobs)
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
    engine = CompiledEngine(children, world, empty_ledger(shape_of(s)))
    context = year_context(s, world, 0, None)
    number = len(world.weights)
    refer = {name: engine.world[name][0] for name in REFERENCES}
    for year in range(AGES):
        engine.live(context, year, year + 1, BEFORE | HOLDING)
        if year < ADULT:
            counts, other, healed, resilience = np.zeros((4, COUNTS), np.int64)
            risk = np.zeros(COUNTS)
            unresolved = sum_references(engine.children, engine.world, year, counts, other, healed, resilience, risk)
            refer["mean_other"][year] = other / np.maximum(counts, 1)
            refer["mean_healed"][year] = healed / np.maximum(counts, 1)
            refer["mean_resilience"][year] = resilience / MILLION / np.maximum(counts, 1)
            refer["mean_type_risk"][year] = np.log(np.where(risk > 0, risk / np.maximum(counts, 1), 1.0))
            refer["mean_burden"][year] = unresolved / max(1, counts.sum())
        people, ratios = np.zeros((number + 1, 2), np.int64), np.zeros((number + 1, 2))
        sum_ratios(engine.children, engine.world, year, people, ratios)
        mean = np.where(people > 0, ratios / np.maximum(people, 1), 1.0)
        refer["incidence"][:, :, year] /= mean[:number]
        refer["mortality"][:, year] /= mean[number]
        engine.live(context, year, year + 1, AFTER)
    return world._replace(**refer)
