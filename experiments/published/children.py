"""The flow model as a limit of the child model: its numbers as a world, its pupils as individual children.

Under these numbers children differ only by chance: no frailty, no healing, no return, no memory of harm. What the
flow model expects is then what the child model gives on average. Numbers are set by their names and each set belongs
to one difference between the two models, so that differences can be switched on one by one.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from agents.child import CHILD, MILLION, NEVER
from agents.names import ADULT, NONE, Move, Outcome, Tier
from experiments.published.flow_law import PLACE, lines
from experiments.published.inputs import NONE as NO_SUPPORT
from simulation.build import authority_names, build, number_of, service_names
from simulation.context import Surroundings, gradients
from simulation.errors import InputError
from simulation.inputs import Tables
from simulation.scenario import Scenario, Switches
from simulation.world import ROUTE, SUPPORT, World

DECILE, GROUP = 4, 0
"""Decile and ethnic group of children who are all alike; their hazards are set so that neither matters."""
KIND = 0
"""The type of adversity that stands for all: the flow model tells no types apart."""
Values = Mapping[str, float]
DIFFERENCES = ("movement", "capacity", "leaving", "instability", "rates", "effects")
"""Differences between the models that are numbers, in the order in which the bridge switches them on."""


def limit_numbers(tables: Tables, published: Tables, flow_values: Values) -> dict[str, dict[str, float]]:
    """Give, for each difference, the numbers of the child model under which it is not there.

    Parameters
    ----------
    tables : of the child model
    published, flow_values : tables of the published models and their numbers
    """
    names = service_names(tables)
    own = flow_input(flow_values)
    found: dict[str, dict[str, float]] = {
        "movement": {"rereferral_rate": 0.0}
        | {f"services.{name}.{rate}": 0.0 for name in names for rate in ("exit_rate_first_year", "exit_rate_later")},
        "capacity": {"unserved_ratio": 1.0},
        "leaving": {"leaves_school": 0.0, "out_of_school_stays_out": 0.0, "exposed_ratio": 1.0},
        "instability": {"instability_of_move": 0.0} | {f"services.{name}.placement_move_rate": 0.0 for name in names},
        "rates": alike(tables),
        # In the flow model TIP alignment acts on holding alone, and by the same factor everywhere.
        "effects": {"tip_effect": 1.0, "tip_healing": 0.0, "factor_sufficiency_effect": 1.0}
        | {"support_lift": own("support_lift")}
        | {f"services.{name}.f_sufficiency": own("f_sufficiency") for name in names}
        | {f"services.{name}.f_tip": own("f_tip") for name in names},
    }
    for line in lines(published, detail=()):
        name = line.service
        entry = line.level == 0
        found["rates"] |= {
            f"services.{name}.hold_log_odds": own("hold_log_odds_entry" if entry else "hold_log_odds_step"),
            f"services.{name}.harm": own("harm"),
            f"services.{name}.acceptance": 1.0 if entry else own("acceptance"),
        }
        found["effects"] |= {
            f"service_levels.all.{name}.sufficiency": flow_values[f"{line.prefix}.sufficiency"],
            f"service_levels.all.{name}.tip_alignment": flow_values[f"{line.prefix}.tip_alignment"],
        }
    return found


def flow_input(flow_values: Values) -> Any:
    """Give a reader of the flow model's inputs by their short names."""
    return lambda name: float(flow_values[f"flow_numbers.{name}.value"])


def alike(tables: Tables) -> dict[str, float]:
    """Give the numbers under which children differ only by chance, nothing heals and nothing is remembered."""
    never = {"heal_child": -1e9, "factor_direct_referral": 0.0, "shift_hold": 0.0}
    no_memory = dict.fromkeys(
        ("hold_per_load", "hold_per_resilience", "resilience_buffer", "sufficiency_by_caseload", "sufficiency_by_gap"),
        0.0,
    )
    neutral = dict.fromkeys(("repetition_ratio", "factor_need", "factor_harm", "factor_stay"), 1.0)
    need = {f"need.{row.age_from}.{row.sex}.per_unresolved": 0.0 for row in tables.rows["need"]}
    return never | no_memory | neutral | need | {"need_deprivation_ratio": 1.0}


def values_without(
    tables: Tables, numbers: Mapping[str, Mapping[str, float]], absent: Collection[str], values: Values
) -> dict[str, float]:
    """Give every number of the child model, with those of the absent differences at their limits."""
    found = dict(values)
    for difference in numbers:
        if difference in absent:
            found |= numbers[difference]
    return found


def limit_world(
    tables: Tables,
    published: Tables,
    values: Values,
    flow_values: Values,
    absent: Collection[str],
    switches: Switches,
    key: tuple[int, int, int],
    deprived: bool = True,
) -> World:
    """Build a world in which some of the differences are absent.

    Parameters
    ----------
    values : every number, from `values_without`
    absent : differences that are not there
    deprived : whether deprivation raises need and events as in the published place; else as in England
    """
    world = build(tables, with_need(published, values, flow_values, absent, tables, deprived), switches, key)
    if "rates" not in absent:
        return world
    first, routes = limit_routes(tables, published, world, outside="leaving" not in absent)
    support_first, supports = limit_supports(tables, published)
    mortality = world.mortality.copy()
    mortality[:, :ADULT] = 0.0
    return world._replace(
        hazard=limit_hazard(tables, published, values, flow_values, deprived),
        route_first=first,
        routes=routes,
        support_first=support_first,
        supports=supports,
        mortality=mortality,
    )


def entry_ages(tables: Tables, published: Tables) -> dict[str, tuple[int, int]]:
    """Give the ages of each entry of the flow model, as the child model has them."""
    rows = {row.service: row for row in tables.rows["services"]}
    entries = [row.service for row in published.rows["flow_services"] if row.role == "entry"]
    for name in (row.service for row in published.rows["flow_services"]):
        if name not in rows:
            raise InputError(f"flow_services.csv: '{name}' is no service of the child model; the bridge needs its row")
    return {name: (rows[name].age_from, rows[name].age_to) for name in entries}


def with_need(
    published: Tables, values: Values, flow_values: Values, absent: Collection[str], tables: Tables, deprived: bool
) -> dict[str, float]:
    """Set need to the flow model's share affected, where rates are not yet the child model's."""
    found = dict(values)
    if "rates" in absent:
        without = -np.log1p(-flow_input(flow_values)("share_affected"))
        for name, (first, last) in entry_ages(tables, published).items():
            ratio = flow_values[f"flow_services.{name}.deprivation_ratio"] if deprived else 1.0
            for row in tables.rows["need"]:
                if row.age_from <= last and first <= row.age_to:
                    found[f"need.{row.age_from}.{row.sex}.without_adversity"] = without * ratio
    return found


def limit_hazard(tables: Tables, published: Tables, values: Values, flow_values: Values, deprived: bool) -> Any:
    """Give the flow model's hazard of a new CAT by age, all of it on one type: (J, 18)."""
    hazard = np.zeros((len(tables.rows["adversities"]), ADULT))
    number = authority_names(tables).index(PLACE)
    s = Surroundings(tables, values, Scenario.today())
    gradient = gradients(s, np.ones((len(s.places), 10)))[number, KIND, 5 * DECILE + GROUP]
    for name, (first, last) in entry_ages(tables, published).items():
        ratio = flow_values[f"flow_services.{name}.deprivation_ratio"] if deprived else 1.0
        base = flow_input(flow_values)("new_cats") * flow_values[f"flow_services.{name}.new_cats_ratio"]
        hazard[KIND, first : last + 1] = base * ratio / gradient
    return hazard


def limit_routes(tables: Tables, published: Tables, world: World, outside: bool) -> tuple[Any, Any]:
    """Lead the flow model's services along its pathways, all others as in the child model.

    Parameters
    ----------
    outside : whether those not held may also leave the system, at the child model's shares
    """
    names = service_names(tables)
    ways: dict[str, list[tuple[int, float]]] = {row.service: [] for row in published.rows["flow_services"]}
    for row in published.rows["flow_pathways"]:
        ways[row.service].append((names.index(row.to), row.weight))
    first = np.zeros_like(world.route_first)
    routes: list[tuple[int, int, int, int, float]] = []
    for number, name in enumerate(names):
        begins = world.route_first[number]
        up = world.routes[begins[Move.ESCALATE] : begins[Move.ESCALATE + 1]].tolist()
        if name in ways:
            up = mixed(ways[name], up if outside else [], world)
        first[number, Move.ESCALATE] = len(routes)
        routes += up
        first[number, Move.STEP_DOWN] = len(routes)
        routes += world.routes[begins[Move.STEP_DOWN] : begins[Move.STEP_DOWN + 1]].tolist()
        first[number, 2] = len(routes)
    # The array keeps its size, so that machine code fits every world.
    padded = np.zeros(max(len(routes), len(world.routes)), ROUTE)
    padded[: len(routes)] = np.array(routes, ROUTE)
    return first, padded


def mixed(ways: list[tuple[int, float]], own: list[Any], world: World) -> list[tuple[int, int, int, int, float]]:
    """Sum up pathways: out of the system at the child model's shares, by age; the rest along the flow model's."""
    bands: dict[tuple[int, int], list[tuple[int, float]]] = {}
    before: dict[tuple[int, int], float] = {}
    for age_from, age_to, to, _, upto in own:
        band = (age_from, age_to)
        weight = upto - before.get(band, 0.0)
        before[band] = upto
        if to != NONE and world.services[to]["tier"] == Tier.OUT_OF_SYSTEM:
            bands.setdefault(band, []).append((to, weight))
        else:
            bands.setdefault(band, [])
    found = []
    for (age_from, age_to), out in (bands or {(0, ADULT - 1): []}).items():
        left = 1.0 - sum(weight for _, weight in out)
        reached = 0.0
        for to, weight in [*((to, left * weight) for to, weight in ways), *out]:
            reached += weight
            found.append((age_from, age_to, to, 0, reached))
    return found


def limit_supports(tables: Tables, published: Tables) -> tuple[Any, Any]:
    """Let each service be supported by the one that the flow model names, at every age."""
    names = service_names(tables)
    by = {row.service: row.supported_by for row in published.rows["flow_services"]}
    counts, supports = [0], []
    for name in names:
        if by.get(name, NO_SUPPORT) != NO_SUPPORT:
            supports.append((0, ADULT, names.index(by[name])))
        counts.append(len(supports))
    size = len(tables.rows["supports"])
    padded = np.zeros(max(size, len(supports)), SUPPORT)
    padded[: len(supports)] = np.array(supports, SUPPORT)
    return np.array(counts), padded


def pupils(tables: Tables, published: Tables, flow_values: Values, size: int) -> Any:
    """Build the flow model's children as individuals: so many in all, in the entries' proportions.

    They begin at the first age of their stage. CATs are whole: as many children hold one more as make up the mean.

    Returns
    -------
    (size,) records
    """
    ages = entry_ages(tables, published)
    counts = {name: flow_values[f"flow_services.{name}.children"] for name in ages}
    edges = np.round(np.cumsum(list(counts.values())) / sum(counts.values()) * size).astype(int)
    children = np.zeros(size, CHILD)
    children["id"] = (np.int64(authority_names(tables).index(PLACE)) << 32) | np.arange(size)
    children["authority"] = authority_names(tables).index(PLACE)
    begin = 0
    for (name, (first, _)), end in zip(ages.items(), edges, strict=True):
        mean = flow_input(flow_values)("cats_at_start") * flow_values[f"flow_services.{name}.cats_at_start_ratio"]
        here = np.arange(end - begin)
        cats = np.floor((here + 1) * mean) - np.floor(here * mean)
        children["cats"][begin:end] = children["unresolved"][begin:end] = cats
        children["birth_year"][begin:end] = -first
        children["education"][begin:end] = number_of(tables, name)
        begin = end
    return same(children)


def same(children: Any) -> Any:
    """Make children alike: frailty 1, one decile and group, nothing yet in their records."""
    children["frailty"] = MILLION
    children["decile"], children["ethnic_group"] = DECILE, GROUP
    for name in ("open_since", "referred", "died"):
        children[name] = NEVER
    children["support"] = NONE
    children["outcome"] = Outcome.NO_NEED
    return children


def places_of(tables: Tables, published: Tables) -> Any:
    """Give each support service's place in the flow model by its number: (256,); NONE is place 0.

    A support that the flow model does not have counts as the first step of its tier that it has.
    """
    names, tier = service_names(tables), {row.service: row.tier for row in tables.rows["services"]}
    steps = sorted((line for line in lines(published, detail=()) if line.level > 0), key=lambda line: line.level)
    found = np.zeros(NONE + 1, np.int64)
    for row in tables.rows["services"]:
        alike_steps = [k for k, step in enumerate(steps, start=1) if step.service == row.service] or [
            k for k, step in enumerate(steps, start=1) if tier[step.service] == row.tier
        ]
        if row.channel == "support" and alike_steps:
            found[names.index(row.service)] = alike_steps[0]
    return found
