"""One year of children in need against closed forms: who is held, by whom, and where the others go."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from chance import binomial_agrees
from worlds import alike, one_year, with_fields, with_scalars, without_adversity

from agents.names import Flow, Outcome
from agents.service import logistic
from simulation.build import authority_names, service_names
from simulation.context import Surroundings, year_context
from simulation.inputs import Tables
from simulation.ledger import Ledger
from simulation.population import cohort
from simulation.world import World

SIZE, AGE, SCHOOL = 100_000, 7, "primary_school"
ODDS, LIFT = 0.2, 0.5


@pytest.fixture(scope="module")
def accepting(tables: Tables, values: dict[str, float], today: Surroundings) -> Surroundings:
    """Accept half of those who ask for a place; Sufficiency lifts nothing."""
    half = {f"services.{name}.acceptance": 0.5 for name in service_names(tables)}
    off = {"tip_effect": 0.0, "factor_sufficiency_effect": 0.0}
    return Surroundings(tables, values | half | off, today.scenario)


@pytest.fixture(scope="module")
def year(
    tables: Tables, values: dict[str, float], key: tuple[int, int, int], accepting: Surroundings, world: World
) -> Ledger:
    """Let children of seven in primary school, all in need and none with adversity, live one year."""
    children = alike(cohort(tables, values, ["sandwell"], SIZE, key))
    children["education"] = service_names(tables).index(SCHOOL)
    plain = with_scalars(
        without_adversity(world)._replace(
            need=with_fields(world.need, without_adversity=1e9),
            services=with_fields(world.services, hold_log_odds=ODDS),
        ),
        hold_per_load=0.0,
        hold_per_resilience=0.0,
        support_lift=LIFT,
        rereferral_rate=0.0,
    )
    return one_year(accepting, plain, children, AGE)[1]


def supports(tables: Tables, s: Surroundings, world: World) -> list[float]:
    """List the probability that each support of the school at this age reaches a child."""
    place, names = authority_names(tables).index("sandwell"), service_names(tables)
    reach = year_context(s, world, AGE, None).reach[place]
    rows = [row for row in tables.rows["supports"] if row.service == SCHOOL and row.age_from <= AGE <= row.age_to]
    return [float(reach[names.index(row.support)]) for row in rows]


def share_supported(reached: list[float]) -> float:
    """Sum over every set of supports that may reach a child: together they lift the odds by as many steps."""
    total = 0.0
    for pattern in product((0, 1), repeat=len(reached)):
        chance = math.prod(r if here else 1 - r for r, here in zip(reached, pattern, strict=True))
        total += chance * (logistic(ODDS + LIFT * sum(pattern)) - logistic(ODDS))
    return total


def test_v07_outcomes_of_a_year_are_the_closed_form(
    tables: Tables, accepting: Surroundings, world: World, year: Ledger
) -> None:
    """V07: held, held with support, not held: each support reaches a child by a draw of its own.

    Two or more supports lift by the sum. False alarms 1e-6 each; 99% power for a share off by 0.012 (held)
    or 0.010 (with support).
    """
    reached = supports(tables, accepting, world)
    assert len(reached) >= 3
    found = year.outcomes[AGE].sum(axis=0)[service_names(tables).index(SCHOOL)]
    held, helped = logistic(ODDS), share_supported(reached)
    assert found.sum() == SIZE
    assert binomial_agrees(found[Outcome.HELD], SIZE, held)
    assert binomial_agrees(found[Outcome.HELD_WITH_SUPPORT], SIZE, helped)
    assert binomial_agrees(found[Outcome.ESCALATED : Outcome.NO_SERVICE + 1].sum(), SIZE, 1 - held - helped)


def test_v14_destinations_follow_the_rows_weights(tables: Tables, values: dict[str, float], year: Ledger) -> None:
    """V14: whom the school does not hold it sends by its row's weights; half are taken in there.

    False alarms 1e-6 for each destination and for those taken in. Of some 26,000 not held, 99% power for a
    weight of 0.25 off by 0.020. A destination without a row is never asked: exact.
    """
    names = service_names(tables)
    found = year.outcomes[AGE].sum(axis=0)[names.index(SCHOOL)]
    sent = found[Outcome.ESCALATED : Outcome.NO_SERVICE + 1].sum()
    weights = np.zeros(len(names))
    for row in tables.rows["pathways"]:
        if (row.service, row.move) == (SCHOOL, "escalate") and row.age_from <= AGE <= row.age_to:
            weights[names.index(row.to)] += values[f"pathways.{SCHOOL}.escalate.{row.age_from}.{row.to}.weight"]
    asked = year.demand[AGE].sum(axis=(0, 2))
    assert binomial_agrees(asked, sent, weights)
    assert not asked[weights == 0].any()
    assert binomial_agrees(found[Outcome.ESCALATED], sent, 0.5)


def test_v16_acceptance_is_the_tabulated_share(tables: Tables, year: Ledger) -> None:
    """V16: without rivals for a place a referral is accepted with the tabulated probability, here one half.

    False alarm 1e-6; of some 7,000 referrals, 99% power for a share off by 0.044.
    """
    flows: Any = year.flows[AGE].sum(axis=0)
    assert flows[Flow.REFERRALS] > 3_000
    assert binomial_agrees(flows[Flow.ASSESSED_NOT_IN_NEED], flows[Flow.REFERRALS], 0.5)
    assert flows[Flow.REREFERRALS] == 0
