"""Offer interventions to children: whom each reaches, what it costs, and what it does as years go by.

Reach is individual: a child, its family or its area draws once for each intervention, by a key of its own. Whoever
is reached together is reached together, and a wider coverage leaves out nobody who would have been reached.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from agents.adversity import family_number
from agents.child import HUNDREDTHS
from agents.intervention import IN_A_FIELD, effect_left, ratio_left, reached_at
from agents.names import ADULT, Effect, Eligible, Tier, Unit
from agents.rules import rule
from simulation.build import deflator
from simulation.child_state import out_of_school, support_tier, unresolved_load
from simulation.draws import Decision, uniforms
from simulation.effects import LOG_ODDS, age_of_reach, check_value, effect_of, types_of
from simulation.world import INTERVENTION

if TYPE_CHECKING:
    from simulation.context import Surroundings


@rule
def offer(child: Any, w: Any, c: Any, ledger: Any, year: int) -> None:
    """Let the interventions on offer reach a child that they are for, once or each year, and book their cost."""
    age = year - child.birth_year
    a = child.authority
    for k in range(len(c.interventions)):
        chance = c.coverage[a][age][k]
        if chance <= 0.0:
            continue
        row = c.interventions[k]
        if child.decile >= row.decile_to or not is_for(child, w, row.eligible):
            continue
        if not row.renewed and age_of_reach(child, k) >= 0:
            continue
        if uniforms(w.key, drawn_by(child, row.reaches), 0, k, Decision.INTERVENTION)[0] < chance:
            if k < IN_A_FIELD:
                child.reached = reached_at(child.reached, k, age)
            else:
                child.reached_more = reached_at(child.reached_more, k, age)
            ledger.reached[year, a, k] += 1
            ledger.intervention_cost[year, a, k] += c.intervention_cost[a][k]


@rule
def is_for(child: Any, w: Any, eligible: int) -> bool:
    """Tell whether a child's state makes it eligible."""
    if eligible == Eligible.ALL:
        return True
    if eligible == Eligible.HIGH_NEED:
        return bool(unresolved_load(child) >= w.p.band_medium)
    if eligible == Eligible.OUT_OF_SCHOOL:
        return out_of_school(child, w)
    if eligible == Eligible.ON_PLAN:
        return bool(child.support == w.plan)
    tier = support_tier(child, w)
    return bool(tier == (Tier.SOCIAL_CARE if eligible == Eligible.IN_SOCIAL_CARE else Tier.LOOKED_AFTER))


@rule
def drawn_by(child: Any, unit: int) -> int:
    """Give the number under which a child, its family or its area draws."""
    if unit == Unit.AREA:
        return int(child.neighbourhood)
    if unit == Unit.FAMILY:
        return int(family_number(child.id, child.family))
    return int(child.id)


def offered(s: "Surroundings", calendar: int) -> dict[str, Any]:
    """Lay out every intervention of the table for a year: whom it reaches where, what it does and costs.

    Arrays have room for all interventions, whatever the scenario holds: I interventions, A places.
    """
    rows = s.tables.rows["interventions"]
    kinds = [row.adversity for row in s.tables.rows["adversities"]]
    faster = s.values["factor_fade"]
    size = (len(s.places), len(rows))
    coverage = np.zeros((size[0], ADULT, size[1]))
    effect, cost = np.ones((*size, ADULT)), np.zeros(size, np.int64)
    for a, place in enumerate(s.places):
        levers = s.levers("intervention", place)
        for k, row in enumerate(rows):
            for lever in (each for each in levers if each.name == row.intervention):
                ages = max(row.age_from, lever.ages[0]), min(row.age_to, lever.ages[1])
                coverage[a, ages[0] : ages[1] + 1, k] = (lever.coverage or 0.0) * lever.strength(calendar)
                full = row.full_years if lever.full_years is None else lever.full_years
                fade = min(1.0, row.fade * faster) if lever.fade is None else lever.fade
                effect[a, k] = by_year(row.acts_on, value_of(s, row), full, fade)
                cost[a, k] = round(HUNDREDTHS * price(s, row, lever.cost))
    return {
        "offers": int(any(lever.kind == "intervention" for lever in s.scenario.levers)),
        "interventions": np.array(
            [
                (
                    effect_of(row.acts_on),
                    types_of(row.acts_on, kinds),
                    Eligible[row.eligible.upper()],
                    row.decile_to,
                    Unit[row.reaches.upper()],
                    row.renewed,
                )
                for row in rows
            ],
            INTERVENTION,
        ),
        "coverage": coverage,
        "effect": effect,
        "intervention_cost": cost,
    }


def value_of(s: "Surroundings", row: Any) -> float:
    """Read the effect of an intervention in this draw, and refuse one that it cannot have."""
    name = f"interventions.{row.intervention}.value"
    check_value(name, row.acts_on, s.values[name])
    return s.values[name]


def by_year(acts_on: str, value: float, full_years: int, fade: float) -> Any:
    """Give what an intervention does by years since it reached a child: a ratio, or log-odds.

    Returns
    -------
    (18,) ratio of a hazard, of the gradient's excess, of entry to care or of moves; or log-odds
    """
    left = [effect_left(years, full_years, fade) for years in range(ADULT)]
    if effect_of(acts_on) in LOG_ODDS:
        return np.array([value * each for each in left])
    ratio = 1.0 - value if effect_of(acts_on) == Effect.DEPRIVATION_GRADIENT else value
    return np.array([ratio_left(ratio, each) for each in left])


def price(s: "Surroundings", row: Any, given: float | None) -> float:
    """Give what reaching a child costs in the price year [GBP]: as the lever says, or the table, or nothing known."""
    if given is not None:
        return given
    if row.cost is None:
        return 0.0
    return s.values[f"interventions.{row.intervention}.cost"] * deflator(s.tables, s.values, row.price_year)
