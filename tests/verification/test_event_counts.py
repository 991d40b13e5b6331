"""Counts of childhood adversity against sums of probabilities and numerically integrated mixtures."""

from typing import Any

import numpy as np
import pytest
from chance import binomial_agrees, mean_agrees
from scipy import special
from worlds import alike, harmless_services, immortal, never_ill, one_year, scenario, with_fields, with_scalars

from agents.child import MILLION
from agents.names import ADULT
from simulation.build import authority_names, build
from simulation.cohort import run, shape_of
from simulation.compiled import CompiledEngine
from simulation.context import Surroundings, year_context
from simulation.frailty import parents
from simulation.inputs import Tables
from simulation.ledger import empty_ledger
from simulation.population import cohort
from simulation.scenario import Lever, Switches
from simulation.world import World

SIZE = 80_000
COUNTS = 60
"""Counts of events told apart: 0 to 58, and more."""


@pytest.fixture(scope="module")
def constant(world: World) -> World:
    """Take a world whose hazards nothing raises: no repetition, no circumstances, no harm by services."""
    return with_scalars(
        harmless_services(never_ill(immortal(world, until=ADULT - 1))),
        repetition_ratio=1.0,
        unserved_ratio=1.0,
        exposed_ratio=1.0,
    )


@pytest.fixture(scope="module")
def many(tables: Tables, values: dict[str, float], key: tuple[int, int, int]) -> Any:
    """Draw children of Sandwell, in families of one decile and one ethnic group."""
    return with_fields(cohort(tables, values, ["sandwell"], SIZE, key), decile=4, ethnic_group=0)


def test_a_type_returns_by_its_ratio(today: Surroundings, constant: World, many: Any) -> None:
    """Hazards next to nothing and a ratio without bounds: what happened before happens again, and nothing else.

    Exact: of 60 children, each has had one type; what arises in services alone has no hazard.
    """
    few = many[:60].copy()
    kinds = np.flatnonzero(constant.adversities["arises_in_service"] == 0)
    few["types"] = 1 << kinds[np.arange(len(few)) % len(kinds)]
    few["birth_year"] = 0
    world = constant._replace(hazard=np.full_like(constant.hazard, 1e-12))
    after, _ = one_year(today, with_scalars(world, repetition_ratio=1e15), few, 7)
    assert (after["recent"] == few["types"]).all()
    assert (after["types"] == few["types"]).all()
    after, _ = one_year(today, world, few, 7)
    assert not after["recent"].any()


def chances(today: Surroundings, world: World, frailty: Any) -> Any:
    """Give the probability of an event by frailty, type and age, for the one decile and group.

    Returns
    -------
    (frailties, types, 18)
    """
    place = authority_names(today.tables).index("sandwell")
    gradient = year_context(today, world, 0, None).gradient[place, :, 5 * 4]
    return -np.expm1(-np.multiply.outer(frailty, world.hazard * gradient[:, None]))


@pytest.mark.slow
def test_v08_counts_without_frailty_are_sums_of_probabilities(today: Surroundings, constant: World, many: Any) -> None:
    """V08: with frailty off, each type's yearly count is the sum of 1 - exp(-hazard) over children.

    False alarms 1e-6 for each type and age, and for the total, of which an error of 1.7% would be caught with
    99% power.
    """
    life = run(today, constant, alike(many))
    expected = chances(today, constant, np.array([1.0]))[0]
    assert binomial_agrees(life.ledger.cats.sum(axis=1).T, SIZE, expected)
    spread = np.sqrt(SIZE * (expected * (1 - expected)).sum())
    assert mean_agrees(life.children["cats"].sum(), SIZE * expected.sum(), spread)


def mixture(values: dict[str, float]) -> tuple[Any, Any]:
    """Give nodes and weights that integrate over frailty: gamma, times what parents bring."""
    shape = values["frailty_shape"]
    nodes, weights = special.roots_genlaguerre(48, shape - 1.0)
    shares, ratio = parents(values)
    return np.outer(nodes / shape, ratio).ravel(), np.outer(weights / weights.sum(), shares).ravel()


@pytest.mark.slow
def test_v08_counts_with_gamma_frailty_follow_the_mixture(
    today: Surroundings, values: dict[str, float], constant: World, many: Any
) -> None:
    """V08: counts follow the mixture over frailty of sums of yearly Bernoulli draws.

    The mixture is integrated with 48 nodes of generalised Gauss-Laguerre for each class of parents. One
    child of each family. False alarms 1e-6 for each count; 99% power for a share of children without any
    event that is off by 0.013.
    """
    alone = many[many["family"] == np.arange(SIZE)]
    frailty, weights = mixture(values)
    each = chances(today, constant, frailty).reshape(len(frailty), -1)
    shares = np.zeros((len(frailty), COUNTS))
    shares[:, 0] = 1.0
    for chance in each.T:
        moved = shares[:, :-1] * chance[:, None]
        shares *= 1 - chance[:, None]
        shares[:, 1:] += moved
    expected = np.clip(weights @ shares, 0.0, 1.0)
    counts = np.bincount(np.minimum(run(today, constant, alone).children["cats"], COUNTS), minlength=61)
    assert binomial_agrees(counts[: COUNTS - 1], len(alone), expected[: COUNTS - 1])
    assert expected[: COUNTS - 1].sum() > 0.98


@pytest.mark.parametrize("place", ["england", "sandwell"])
def test_v08_mean_frailty_is_one(
    tables: Tables, values: dict[str, float], key: tuple[int, int, int], place: str
) -> None:
    """V08: mean frailty is 1, what parents bring included, and its variance is the closed form's.

    Over families, (1 + 1 / k) E[ratio^2] - 1. False alarm 1e-6; 99% power for a mean off by 0.026 with
    200,000 children.
    """
    children = cohort(tables, values, [place], 200_000, key)
    alone = children["frailty"][children["family"] == np.arange(len(children))] / MILLION
    shares, ratio = parents(values)
    variance = (1 + 1 / values["frailty_shape"]) * (shares @ ratio**2) - 1
    assert mean_agrees(alone.mean(), 1.0, np.sqrt(variance / len(alone)))
    fourth = np.mean((alone - 1.0) ** 4)
    assert mean_agrees(alone.var(), variance, np.sqrt((fourth - variance**2) / len(alone)))


def test_v08_siblings_share_frailty(tables: Tables, values: dict[str, float], key: tuple[int, int, int]) -> None:
    """V08: twins have their family's frailty; families differ. Exact, and the share of twins is as given.

    False alarm 1e-6; 99% power for a share of twins off by 0.0031.
    """
    children = cohort(tables, values, ["dudley"], 80_000, key)
    first = children["family"] != np.arange(len(children))
    twins = np.flatnonzero(first & ~np.roll(first, 1))
    assert (children["frailty"][twins] == children["frailty"][twins - 1]).all()
    assert binomial_agrees(first[1:].sum(), len(first) - 1, values["twin_birth_share"] / 2)


@pytest.mark.parametrize(
    "levers",
    [
        (),
        (Lever(kind="poverty", add=0.5, deciles=(1, 4)), Lever(kind="prevention", add=0.5, ages=(3, 9))),
        (Lever(kind="prevention", add=-0.9, ages=(5, 12)),),
        (Lever(kind="intervention", name="communities_that_care", coverage=0.5),),
        (Lever(kind="intervention", name="social_investment", coverage=0.5),),
    ],
    ids=["today", "eased", "raised", "intervention that harms", "steeper gradient"],
)
@pytest.mark.parametrize("together", [False, True], ids=["alone", "families"])
def test_no_hazard_passes_its_ceiling(
    tables: Tables, values: dict[str, float], world: World, levers: tuple[Lever, ...], together: bool
) -> None:
    """Without ceilings children live the same childhoods; with ceilings too low they do not. Exact, 3,000 children."""
    numbers = {"interventions.communities_that_care.value": 3.0, "interventions.social_investment.value": -1.0}
    switches = Switches(families=together)
    s = Surroundings(tables, values | numbers | {"poverty_causal_share": 1.0}, scenario(*levers, families=together))
    there = build(tables, values, switches, world.key)
    there = world._replace(p=there.p, parental_year=there.parental_year, parental_else=there.parental_else)
    context = year_context(s, there, 0, None)
    context = context._replace(amplification=context.amplification * [1.2, 1.5])
    children = cohort(tables, values, ["sandwell"], 3_000, world.key, switches)

    def childhoods(factor: float) -> bytes:
        engine = CompiledEngine(children.copy(), there, empty_ledger(shape_of(s)))
        engine.live(context._replace(ceiling=context.ceiling * factor), 0, ADULT)
        return bytes(engine.records().tobytes())

    found = childhoods(1.0)
    assert found == childhoods(np.inf)
    assert found != childhoods(0.1)
