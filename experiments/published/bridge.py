"""Walk from the published flow model's answer to this model's, switching on one difference at a time.

Every stage keeps what the stages before it switched on. The published improvement is set against today in each, so that
a stage's change in the gain is the work of one difference. Up to the life course the flow model's own relation of CATs
to DALYs stays, so that stages can be compared; a childhood's cost is that of a year in which each age has one birth
cohort.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd

from agents.child import NEVER
from agents.names import ADULT, AGES, Flow
from experiments.bands import seeds_of, shares
from experiments.plan import REFERENCE_CHILDREN, REFERENCE_SEED, Plan, make_plan
from experiments.published.children import (
    DIFFERENCES,
    limit_numbers,
    limit_world,
    places_of,
    pupils,
    same,
    values_without,
)
from experiments.published.flow import answers, cost_by_place, flow
from experiments.published.flow_law import PLACE, plan_flow
from experiments.published.inputs import load_published
from experiments.published.reconstruction import PUBLISHED, YEARS, published
from simulation.build import authority_names
from simulation.cohort import reference, run
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.economics import gdp_per_head
from simulation.inputs import Tables, load_tables
from simulation.outcomes import sums
from simulation.population import cohort
from simulation.scenario import Scenario, Switches
from simulation.world import World

REPLICATES = 16
"""Seeds of chance of every stage at central numbers."""
QUANTITIES = ("cats_per_child", "fewer_cats", "cost", "avoided")
"""CATs a child today; share of them that the improvement spares; lost cost today and spared [GBP million a year]."""
FEEDBACKS = Switches(rationing=True, amplification=True)
Progress = Callable[[int, int], None]


class Stage(NamedTuple):
    """A stage of the bridge: what it switches on, and what then holds."""

    name: str
    title: str
    present: tuple[str, ...] = ()  # differences that are numbers
    childhood: bool = True  # births followed to 18, else pupils for the published years
    switches: Switches = Switches()


STAGES = (
    Stage("individuals", "individual children, not shares", (), False),
    Stage("movement", "movement both ways, re-referral", DIFFERENCES[:1], False),
    Stage("childhood", "the whole childhood of births", DIFFERENCES[:1]),
    Stage("capacity", "capacity and waiting", DIFFERENCES[:2], True, Switches(rationing=True)),
    Stage("leaving", "leaving the system, and return", DIFFERENCES[:3], True, Switches(rationing=True)),
    Stage("instability", "placement instability", DIFFERENCES[:4], True, Switches(rationing=True)),
    Stage("amplification", "neighbourhood amplification", DIFFERENCES[:4], True, FEEDBACKS),
    Stage("rates", "its own rates, needs and services", DIFFERENCES[:5], True, FEEDBACKS),
    Stage("effects", "its own effects: TIP none, F-Suff less", DIFFERENCES, True, FEEDBACKS),
)
"""Stages at central numbers, in order. The rest draw the uncertain numbers: see `drawn_stages`."""


class Setting(NamedTuple):
    """What every stage reads."""

    tables: Tables
    published: Tables
    flow_values: Any
    improvement: Scenario
    seed: int

    @property
    def cost(self) -> Any:
        """Give the lost cost of a CAT for a year by place in the flow model [GBP million]."""
        return cost_by_place(self.flow_values, plan_flow(self.published, ())) / 1e6

    @property
    def gdp_per_head(self) -> float:
        """Give the value of a healthy year in the flow model: the authority's own GDP a head [GBP]."""
        return float(self.flow_values[f"ace_cost_places.{PLACE}.value"])


def bridge(
    improvement: Scenario,
    draws: int = 64,
    replicates: int = REPLICATES,
    seed: int = 1,
    jobs: int | None = None,
    progress: Progress | None = None,
    others: Sequence[Any] = (),
) -> pd.DataFrame:
    """Run every stage and tabulate what each difference adds to the improvement's gain or takes away.

    Parameters
    ----------
    improvement : the published improvement
    draws : of the uncertain numbers in the last stages, each run four times as in the main job
    jobs : processes; it changes no result
    others : further sets of the flow model's numbers, which the stages at central numbers are walked from too

    Returns
    -------
    a row a stage: stage, title, and for each of QUANTITIES its mean, error, change and error of the change, and the
    least and the most of the change over all sets of the flow model's numbers
    """
    tables, own = load_tables(), load_published()
    setting = Setting(tables, own, own.values(), improvement, seed)
    # Processes, not threads: with feedbacks on every year has a context of its own, made in Python.
    work = joblib.Parallel(n_jobs=jobs or joblib.cpu_count(), return_as="generator")
    plans = [make_plan(PLACE, draws, seed, None, with_switches(improvement, s), "compiled") for s in DRAWN]
    runs = [(setting, stage, number) for stage in STAGES for number in range(replicates)]
    elsewhere = [
        (setting._replace(flow_values=each), stage, number)
        for each in others
        for stage in STAGES
        for number in range(OTHER_REPLICATES)
    ]
    tasks = [(draw, matrix) for draw in range(draws) for matrix in range(2)]
    total = len(runs) + len(elsewhere) + len(plans) * len(tasks)
    central = follow(work(joblib.delayed(one_run)(*each) for each in runs + elsewhere), progress, 0, total)
    found = np.array(central[: len(runs)]).reshape(len(STAGES), replicates, len(QUANTITIES))
    other = np.array(central[len(runs) :]).reshape(len(others), len(STAGES), OTHER_REPLICATES, len(QUANTITIES))
    rows = [*start_rows(setting), *central_rows(found)]
    drawn = []
    for number, plan in enumerate(plans):
        done = follow(
            work(joblib.delayed(one_draw)(setting, plan, *task) for task in tasks),
            progress,
            len(central) + number * len(tasks),
            total,
        )
        drawn.append(np.array(done).reshape(draws, 2, 2, 3, len(QUANTITIES)).transpose(3, 1, 0, 2, 4))
    return with_other_sets(table(rows + drawn_rows(rows[-1], drawn)), found, other)


def with_other_sets(bridged: pd.DataFrame, found: Any, other: Any) -> pd.DataFrame:
    """Add the least and the most of each change at central numbers over all sets of the flow model's numbers.

    Parameters
    ----------
    found, other : (stages, replicates, quantities), and the same for each other set before it
    """
    if not len(other):
        return bridged
    means = np.concatenate([found.mean(axis=1)[None], other.mean(axis=2)])
    changes = np.diff(means, axis=1)
    places = [bridged.index[bridged["stage"] == stage.name][0] for stage in STAGES[1:]]
    for number, name in enumerate(QUANTITIES):
        for word, end in (("least", changes.min(axis=0)), ("most", changes.max(axis=0))):
            bridged.loc[places, f"{name}_change_{word}"] = end[:, number]
    return bridged


OTHER_REPLICATES = 4
"""Seeds of chance for each other set of the flow model's numbers."""
DRAWN = (FEEDBACKS, Switches())
"""Switches of the last stages: with both feedbacks, and as a cohort's main job runs."""


def with_switches(scenario: Scenario, switches: Switches) -> Scenario:
    """Set the switches of a scenario."""
    return scenario.model_copy(update={"switches": switches})


def follow(results: Iterator[Any], progress: Progress | None, before: int, total: int) -> list[Any]:
    """Gather results in order and tell how far they have come."""
    found = []
    for result in results:
        found.append(result)
        if progress is not None:
            progress(before + len(found), total)
    return found


def one_run(setting: Setting, stage: Stage, replicate: int) -> Any:
    """Run one stage at central numbers under one seed of chance, today and improved: (quantities,)."""
    key = seed_key(setting.seed, replicate)
    absent = tuple(name for name in DIFFERENCES if name not in stage.present)
    numbers = limit_numbers(setting.tables, setting.published, setting.flow_values)
    values = values_without(setting.tables, numbers, absent, setting.tables.values())
    world = stage_world(setting, stage, values, absent, replicate)
    if not stage.childhood:
        size = round(sum(row.children for row in setting.published.rows["flow_services"]))
        children = pupils(setting.tables, setting.published, setting.flow_values, size)
    else:
        children = cohort(setting.tables, values, [PLACE], None, key)
        if "rates" in absent:
            children = same(children)
    found = []
    for scenario in (Scenario.today(), setting.improvement):
        s = Surroundings(setting.tables, values, with_switches(scenario, stage.switches))
        found.append(childhood(setting, s, world, children, ADULT if stage.childhood else YEARS))
    scale = 1.0 if stage.childhood else 1.0 / YEARS
    return gain([cats for cats, _ in found], [cost * scale for _, cost in found], len(children))


def gain(cats: Any, cost: Any, children: int) -> Any:
    """Work out the bridge's quantities from the CATs and costs of today and of the improvement, in this order."""
    return np.array([cats[0] / children, 1.0 - cats[1] / cats[0], cost[0], cost[0] - cost[1]])


def childhood(setting: Setting, s: Surroundings, world: World, children: Any, years: int) -> tuple[float, float]:
    """Let children live some years: their CATs in the end, and the lost cost summed over the years [GBP million]."""
    watch, costs = cost_watcher(setting)
    life = run(s, world, children, years=years, watch=watch)
    return float(life.children["cats"].sum(dtype=np.int64)), sum(costs)


def cost_watcher(setting: Setting) -> tuple[Callable[[int, Any], None], list[float]]:
    """Give what watches a run, and the list that it fills: each childhood year's cost by the flow model's relation."""
    place, cost = places_of(setting.tables, setting.published), setting.cost
    costs: list[float] = []

    def watch(year: int, records: Any) -> None:
        here = records[(records["died"] == NEVER) & (year - records["birth_year"] < ADULT)]
        if len(here):
            cats = np.bincount(place[here["support"]], weights=here["cats"], minlength=len(cost))
            costs.append(float(cats @ cost))

    return watch, costs


def stage_world(
    setting: Setting, stage: Stage, values: dict[str, float], absent: tuple[str, ...], replicate: int
) -> World:
    """Build a stage's world; what amplification is relative to comes from England's children under the same rules.

    Each replicate has a reference of its own, so that the luck of one reference is in the errors.
    """
    tables, key = setting.tables, seed_key(setting.seed, replicate)
    if "rates" not in absent:
        return reference(
            tables, values, stage.switches, seed_key(setting.seed, REFERENCE_SEED - replicate), REFERENCE_CHILDREN
        )._replace(key=key)
    world = limit_world(tables, setting.published, values, setting.flow_values, absent, stage.switches, key)
    if not stage.switches.amplification:
        return world
    there = limit_world(tables, setting.published, values, setting.flow_values, absent, stage.switches, key, False)
    children = same(cohort(tables, values, ["england"], REFERENCE_CHILDREN, key))
    rules = with_switches(Scenario.today(), Switches(rationing=stage.switches.rationing))
    life = run(Surroundings(tables, values, rules), there, children, years=ADULT)
    number = authority_names(tables).index("england")
    seen = life.ledger.flows[:, number, Flow.CHILDREN_AT_31_MARCH]
    return world._replace(mean_burden=life.ledger.unresolved[:, number] / np.maximum(1, seen))


def one_draw(setting: Setting, plan: Plan, draw: int, matrix: int) -> Any:
    """Run one draw's lives, today, improved and without adversity: (chance, three ways to cost them, quantities).

    Costed by the flow model's relation, by the same at the child model's value of a healthy year, by the life course.

    The draws, references and seeds are those of the main job, so that the last stage is its answer.
    """
    tables, values, switches = plan.tables, plan.values(draw, matrix), plan.scenario.switches
    world = reference(tables, values, switches, seed_key(plan.seed, REFERENCE_SEED - draw % 60_000), REFERENCE_CHILDREN)
    found = []
    for number in seeds_of(draw, matrix):
        key = seed_key(plan.seed, number)
        children = cohort(tables, values, plan.places, None, key)
        here = world._replace(key=key)
        lives, costs = {}, {}
        for name, levers, on in (
            ("today", (), 1.0),
            ("improved", plan.scenario.levers, 1.0),
            ("none", (), 0.0),
        ):
            s = Surroundings(tables, values, plan.scenario.model_copy(update={"levers": levers}))
            watch, costs[name] = cost_watcher(setting)
            life = run(s, here._replace(p=here.p._replace(adversity=on)), children, watch=watch, years=AGES)
            lives[name] = sums(tables, values, life, plan.places)
        cats = [float(lives[name]["cats"][0]) for name in ("today", "improved")]
        relation = [sum(costs[name]) for name in ("today", "improved")]
        revalued = [cost * gdp_per_head(tables, values) / setting.gdp_per_head for cost in relation]
        due = [float(lives[name]["lost_gdp"][0] - lives["none"]["lost_gdp"][0]) / 1e6 for name in ("today", "improved")]
        found.append([gain(cats, costs_of, len(children)) for costs_of in (relation, revalued, due)])
    return np.array(found)


class Line(NamedTuple):
    """A row of the bridge before it is laid out: each (quantities,)."""

    stage: str
    title: str
    mean: Any
    mcse: Any
    change: Any
    change_mcse: Any


def start_rows(setting: Setting) -> list[Line]:
    """Give the published answer, and the flow model's as rebuilt."""
    none = np.full(len(QUANTITIES), np.nan)
    said = dict(zip(PUBLISHED, published(setting.published)[0], strict=True))
    rebuilt = answers(
        flow(setting.published, setting.flow_values, years=YEARS),
        flow(setting.published, setting.flow_values, setting.improvement, years=YEARS),
    )
    course = flow(setting.published, setting.flow_values, years=YEARS)
    each = float(course.cats[-1].sum() / course.children[-1].sum())
    first = np.array([np.nan, said["fewer_cats"], said["cost"], said["cost"] - said["improved_cost"]])
    second = np.array([each, rebuilt.fewer_cats, rebuilt.cost, rebuilt.cost - rebuilt.improved_cost], float)
    return [
        Line("published", "the published illustration", first, none, none, none),
        Line("rebuilt", "the flow model, rebuilt", second, 0.0 * second, second - first, 0.0 * second),
    ]


def central_rows(found: Any) -> list[Line]:
    """Give the stages at central numbers; seeds are shared, so changes are paired.

    Parameters
    ----------
    found : (stages, replicates, quantities)
    """
    root = np.sqrt(found.shape[1])
    rows = []
    for number, stage in enumerate(STAGES):
        here = found[number]
        apart = here - found[number - 1] if number else here
        rows.append(
            Line(
                stage.name,
                stage.title,
                here.mean(axis=0),
                here.std(axis=0, ddof=1) / root,
                apart.mean(axis=0),
                apart.std(axis=0, ddof=1) / root,
            )
        )
    return rows


def drawn_rows(last: Line, drawn: list[Any]) -> list[Line]:
    """Give the stages that draw the uncertain numbers.

    Parameters
    ----------
    drawn : with feedbacks, and as the main job runs: each (three ways to cost, 2, draws, 2, quantities)
    """
    both, plain = drawn
    (uncertain, valued, life), cohort_run = both, plain[-1]
    first_mcse = shares(uncertain).mcse
    return [
        Line(
            "uncertain",
            "uncertain numbers drawn",
            *level(uncertain),
            uncertain.mean(axis=(0, 1, 2)) - last.mean,
            np.sqrt(first_mcse**2 + last.mcse**2),
        ),
        Line("value", "the region's GDP a head of 2023-24", *level(valued), *level(valued - uncertain)),
        Line("life", "the full life course", *level(life), *level(life - valued)),
        Line("main_job", "feedbacks off: the main job", *level(cohort_run), *level(cohort_run - life)),
    ]


def level(runs: Any) -> tuple[Any, Any]:
    """Give the mean of runs, (2, draws, 2, quantities), and its Monte Carlo error."""
    return runs.mean(axis=(0, 1, 2)), shares(runs).mcse


def table(rows: list[Line]) -> pd.DataFrame:
    """Lay the rows out as a table; the individuals' change is counted from the flow model as rebuilt."""
    for number, row in enumerate(rows):
        if row.stage == "individuals":
            rows[number] = row._replace(change=row.mean - rows[number - 1].mean)
    columns: dict[str, list[Any]] = {"stage": [row.stage for row in rows], "title": [row.title for row in rows]}
    for k, name in enumerate(QUANTITIES):
        columns |= {
            name: [row.mean[k] for row in rows],
            f"{name}_mcse": [row.mcse[k] for row in rows],
            f"{name}_change": [row.change[k] for row in rows],
            f"{name}_change_mcse": [row.change_mcse[k] for row in rows],
        }
    return pd.DataFrame(columns)


def main_job(bridged: pd.DataFrame) -> tuple[float, float]:
    """Give the last stage's lost GDP today, and its error [GBP million a year]."""
    last = bridged.iloc[-1]
    return float(last["cost"]), float(last["cost_mcse"])
