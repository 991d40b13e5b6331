"""Sum a run into what is asked of it: by place, by tier, by payer, by group. Sums add over places."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.child import HUNDREDTHS, MILLION
from agents.names import ADULT, DAYS, EVER_OUTCOME, Ever, Flow, Outcome, Tier
from simulation.build import authority_names, service_names
from simulation.cohort import Life
from simulation.economics import (
    discount_factors,
    gdp_per_head,
    instability_cost,
    payer_shares,
    service_cost,
    years_lost,
)
from simulation.frailty import Values
from simulation.harm import instability_kinds
from simulation.inputs import Tables

if TYPE_CHECKING:
    import pandas as pd

HELD_TIERS = [tier for tier in Tier if tier != Tier.OUT_OF_SYSTEM]
OUTCOMES = [outcome for outcome in Outcome if outcome != Outcome.NO_NEED]
COUNTED = ("died", "cats", "aces", "types", "years_unmet", "ever")
"""Columns of a child's record that a place's counts are made of."""
GROUPS = {"sex": 2, "decile": 10, "ethnic_group": 5}


def sums(tables: Tables, values: Values, life: Life, places: Sequence[str]) -> dict[str, Any]:
    """Sum everything that a headline needs of one run.

    Returns
    -------
    name: (places,) sums over children: events, children, years, or GBP
    """
    found: dict[str, list[float]] = {}
    factors = {kind: discount_factors(values, kind) for kind in ("none", "health", "costs")}
    healthy_year = gdp_per_head(tables, values)
    for place in places:
        here = place_counts(tables, life, place)
        for kind, suffix in (("none", ""), ("health", "_discounted"), ("costs", "_costs")):
            number = authority_names(tables).index(place)
            lost, ill = years_lost(life.children, life.ledger, number, factors[kind])
            here |= {f"yll{suffix}": lost, f"yld{suffix}": ill, f"dalys{suffix}": lost + ill}
        here["lost_gdp"] = here["dalys"] * healthy_year
        here["lost_gdp_discounted"] = here.pop("dalys_costs") * healthy_year
        here |= place_costs(tables, values, life, place, factors["costs"])
        here |= reached(tables, life, place, factors["costs"])
        for name, value in here.items():
            found.setdefault(name, []).append(value)
    return {name: np.array(each) for name, each in found.items()}


def place_counts(tables: Tables, life: Life, place: str) -> dict[str, float]:
    """Count children and their events in a place."""
    number = authority_names(tables).index(place)
    here = life.children["authority"] == number
    people = {name: life.children[name][here] for name in COUNTED}

    def ever(bit: int) -> float:
        return float((people["ever"] >> bit & 1).sum())

    return {
        "children": float(here.sum()),
        "lived": float((people["died"] / DAYS).sum()),
        "cats": float(people["cats"].sum(dtype=np.int64)),
        "unresolved": float(life.ledger.unresolved[ADULT - 1, number]),
        "aces": float(people["aces"].sum(dtype=np.int64)),
        "aces_of_ten": float(aces_of_ten(tables, people["types"]).sum()),
        "years_unmet": float(people["years_unmet"].sum(dtype=np.int64)),
        "four_or_more_aces": float((people["aces"] >= 4).sum()),
        "ever_referred": ever(Ever.REFERRED),
        "ever_child_in_need": ever(Ever.ASSESSED_IN_NEED),
        "ever_child_protection_plan": ever(Ever.CHILD_PROTECTION_PLAN),
        "ever_looked_after": ever(Ever.LOOKED_AFTER),
        **{
            f"ever_{outcome.name.lower()}_{tier.name.lower()}": ever(EVER_OUTCOME + 4 * tier + outcome)
            for tier in HELD_TIERS
            for outcome in OUTCOMES
        },
    }


def aces_of_ten(tables: Tables, types: Any) -> Any:
    """Count ACE types of ten: the eleven of the table, with a household's alcohol and drugs as one."""
    substances = ("household_alcohol_problem", "household_drug_problem")
    rows = list(enumerate(tables.rows["adversities"]))
    groups = [1 << k for k, row in rows if row.ace and row.adversity not in substances]
    groups.append(sum(1 << k for k, row in rows if row.adversity in substances))
    return sum(((types & group) != 0).astype(np.int64) for group in groups)


def place_costs(tables: Tables, values: Values, life: Life, place: str, factors: Any) -> dict[str, float]:
    """Sum public service cost in a place, by payer, undiscounted and discounted [GBP]."""
    cost = service_cost(life.ledger, tables, place)
    discounted = factors[: len(cost)] @ cost
    moves = instability_cost(life.ledger, tables, place)
    moves_discounted = factors[: len(moves)] @ moves
    whole, cashable = payer_shares(tables), payer_shares(tables, values["factor_cashable"])
    alive = life.ledger.alive[: len(cost), authority_names(tables).index(place)]
    found = {
        "service_cost": float(cost.sum() + moves.sum()),
        "service_cost_discounted": float(discounted.sum() + moves_discounted.sum()),
        "child_years_discounted": float(factors[: len(cost)] @ alive),
    }
    for payer, share in whole.items():
        found[f"service_cost_{payer}"] = float(cost.sum(axis=0) @ share)
        found[f"discounted_{payer}"] = float(discounted @ share)
        found[f"cashable_{payer}"] = float(discounted @ cashable[payer])
    for number, kind in enumerate(instability_kinds(tables)):
        share = min(1.0, kind.cashable * values["factor_cashable"])
        for name, part in (
            (f"service_cost_{kind.payer}", float(moves[:, number].sum())),
            (f"discounted_{kind.payer}", float(moves_discounted[number])),
            (f"cashable_{kind.payer}", share * float(moves_discounted[number])),
        ):
            found[name] = found.get(name, 0.0) + part
    return found


def instability_table(tables: Tables, life: Life, place: str) -> "pd.DataFrame":
    """Tabulate moves of home, school and placement, homelessness and placements outside the authority.

    Returns
    -------
    kind, title, age (the year of a cohort's run), events, events per 1,000 children alive, payer and cost [GBP]; the
    cost of placements outside the authority is what all placements cost beyond the published mean, and the last
    kind the looked-after children who had three placements or more in the year
    """
    import pandas as pd

    number, book = authority_names(tables).index(place), life.ledger
    alive = book.alive[: len(book.flows), number]
    cost = instability_cost(book, tables, place)
    many = book.flows[:, number, Flow.THREE_OR_MORE_PLACEMENTS]
    kinds = [
        (row.kind, row.title, row.payer, book.instability[:, number, k], cost[:, k])
        for k, row in enumerate(instability_kinds(tables))
    ]
    kinds.append(
        (
            "three_or_more_placements",
            "Looked-after child with three or more placements in the year",
            "",
            many,
            np.zeros(len(many)),
        )
    )
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "kind": kind,
                    "title": title,
                    "age": np.arange(len(events)),
                    "events": events,
                    "per_1000": 1000.0 * events / np.maximum(alive, 1),
                    "payer": payer,
                    "cost": spent,
                }
            )
            for kind, title, payer, events, spent in kinds
        ],
        ignore_index=True,
    )


def reached(tables: Tables, life: Life, place: str, factors: Any) -> dict[str, float]:
    """Count the children whom each intervention reached in a place, each year's discounted as costs are."""
    counts = life.ledger.reached[:, authority_names(tables).index(place)]
    now = factors[: len(counts)] @ counts
    return {f"reached_{row.intervention}": float(now[k]) for k, row in enumerate(tables.rows["interventions"])}


def groups(tables: Tables, people: Any, gdp: float, by: Iterable[str] = GROUPS) -> dict[tuple[str, int], Any]:
    """Sum results by sex, decile and ethnic group.

    Parameters
    ----------
    people : records of children
    by : names of the dimensions

    Returns
    -------
    (dimension, code): (7,) sums of children, CATs, ever looked after, DALYs, lost GDP and service cost [GBP], and
    those ever discriminated against
    """
    lost = (people["yll"].astype(float) + people["yld"]) / MILLION
    columns = np.column_stack(
        [
            np.ones(len(people)),
            people["cats"],
            people["ever"] >> Ever.LOOKED_AFTER & 1,
            lost,
            lost * gdp,
            people["cost"] / HUNDREDTHS,
            (people["types"] & discrimination(tables)) != 0,
        ]
    )
    return {(name, code): columns[people[name] == code].sum(axis=0) for name in by for code in range(GROUPS[name])}


def discrimination(tables: Tables) -> int:
    """Give the bits of the types of adversity whose hazard differs by ethnic group."""
    return sum(1 << k for k, row in enumerate(tables.rows["adversities"]) if row.raised_by_discrimination)


def flow_table(tables: Tables, life: Life, place: str) -> Any:
    """Sum the flow ledger of a place by year and service.

    Returns
    -------
    (18, S, 11): children in need, CATs passed on, held, with support, escalated, no service, entries, days,
    stock at 31 March, asked for a place, cost [GBP]
    """
    number, book = authority_names(tables).index(place), life.ledger
    return np.concatenate(
        [
            book.in_need[:, number, :, None],
            book.passed_on[:, number, :, None],
            book.outcomes[:, number],
            book.entries[:, number, :, None],
            book.days[:, number, :, None],
            book.stock[:, number, :, None],
            book.demand[:, number].sum(axis=-1)[:, :, None],
            book.cost[:, number, :, None] / HUNDREDTHS,
        ],
        axis=2,
        dtype=float,
    )


def yearly(tables: Tables, life: Life, place: str, years: slice) -> dict[str, Any]:
    """Sum what residents of a place lived through and services did, year by year.

    Returns
    -------
    name: (years,) sums over children aged 0 to 17: children, events, spells, or GBP
    """
    number, book = authority_names(tables).index(place), life.ledger
    stock = dict(zip(service_names(tables), book.stock[years, number].T, strict=True))
    flows = book.flows[years, number]

    def tier(wanted: str) -> Any:
        return sum(stock[row.service] for row in tables.rows["services"] if row.tier == wanted)

    cost = book.cost[years, number] / HUNDREDTHS
    moves = instability_cost(book, tables, place)[years]
    paid = {payer: cost @ share for payer, share in payer_shares(tables).items()}
    for k, kind in enumerate(instability_kinds(tables)):
        paid[kind.payer] = paid.get(kind.payer, 0.0) + moves[:, k]
    return {
        "children": flows[:, Flow.CHILDREN_AT_31_MARCH],
        "cats": book.cats[years, number].sum(axis=1),
        "unresolved": book.unresolved[years, number],
        "early_help": tier("early_help"),
        "child_in_need": book.open_in_need[years, number].sum(axis=1),
        "child_protection_plan": book.open_plans[years, number].sum(axis=1),
        "looked_after": tier("looked_after"),
        "out_of_school": tier("out_of_system"),
        "waiting": book.waiting[years, number].sum(axis=1),
        "referrals": flows[:, Flow.REFERRALS],
        "looked_after_started": flows[:, Flow.LOOKED_AFTER_STARTED],
        "permanent_exclusions": flows[:, Flow.PERMANENT_EXCLUSIONS],
        "unmet_need": flows[:, Flow.UNMET_NEED],
        "intervention_cost": book.intervention_cost[years, number].sum(axis=1) / HUNDREDTHS,
        "service_cost": cost.sum(axis=1) + moves.sum(axis=1),
        **{f"service_cost_{payer}": each for payer, each in paid.items()},
    }
