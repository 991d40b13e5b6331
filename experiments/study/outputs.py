"""Name what an experiment can ask for, and sum a run into what these need."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, get_args

import numpy as np

from agents.child import HUNDREDTHS
from agents.child import MILLION as MILLIONTHS
from agents.names import DAYS
from experiments.quantities import PAYERS, QUANTITIES, Quantity, value
from simulation.build import authority_names
from simulation.cohort import Life
from simulation.economics import accounts, discount_factors, gdp_per_head, payers, present_years
from simulation.frailty import Values
from simulation.inputs import Tables
from simulation.outcomes import groups, sums
from simulation.rows import AdultPayer

HORIZONS = (5, 10, 18)
"""Years from birth within which costs are summed."""
LIFE = "life"
ADULT_PAYERS: tuple[str, ...] = get_args(AdultPayer)
ADULT_KINDS = ("adult_services", "adult_cashable")
KINDS = ("services", "cashable", "programme", "transfer")
"""What a payer pays: services and moves, what of them is cashable, interventions, what of those changes hands."""
DECILES = range(1, 11)
BY_DECILE = ("children", "cats", "ever_looked_after", "dalys", "lost_gdp", "service_cost")
MILLION = 1e6
Sums = Mapping[str, Any]


class Output(NamedTuple):
    """Something that can be asked: how it is told, and how it comes from the sums of a run.

    Parameters
    ----------
    of : from the sums of a scenario and those of the same people without adversity
    against_none : whether it needs the latter
    """

    name: str
    title: str
    unit: str
    of: Callable[[Sums, Sums], Any]
    against_none: bool


def all_sums(tables: Tables, values: Values, life: Life, places: Sequence[str]) -> dict[str, Any]:
    """Sum a run into all that outputs need; all of it adds over places.

    Returns
    -------
    name: (places,): what the headline needs; `programme_to_10.health`: what a payer pays of a kind to an age,
    discounted [GBP]; `cats.decile_1`: sums over the children of a decile of England; and those of `burden_sums` and
    `adult_spending`
    """
    found = sums(tables, values, life, places)
    factors = discount_factors(values, "costs")[:18]
    names = payers(tables)
    books = np.array([accounts(tables, values, life.ledger, place)[:18] for place in places])
    for horizon in HORIZONS:
        spent = np.einsum("y,aypk->apk", factors[:horizon], books[:, :horizon])
        found |= {
            f"{kind}_to_{horizon}.{payer}": spent[:, p, k]
            for p, payer in enumerate(names)
            for k, kind in enumerate(KINDS)
        }
    return (
        found
        | {name: np.array(each) for name, each in burden_sums(tables, values, life, places).items()}
        | {name: np.array(each) for name, each in adult_spending(tables, values, life, places).items()}
        | decile_sums(tables, values, life, places)
        | waiting_sums(tables, life, places)
    )


def burden_sums(tables: Tables, values: Values, life: Life, places: Sequence[str]) -> dict[str, list[float]]:
    """Sum DALYs and lost GDP within each horizon, and over the life, by decile, discounted.

    Of a death within a horizon only the years up to it count. Years lived ill are booked by place: deciles part them as
    they part the lifetime's, undiscounted.

    Returns
    -------
    `dalys_to_10.decile_1`: discounted as health is; `lost_gdp_to_life.decile_1`: as costs are [GBP]
    """
    gdp = gdp_per_head(tables, values)
    found: dict[str, list[float]] = {}
    for place in places:
        number = authority_names(tables).index(place)
        here = life.children["authority"] == number
        tenth, yld, yll, day = (life.children[name][here] for name in ("decile", "yld", "yll", "died"))
        ill = np.bincount(tenth, yld, len(DECILES)) / max(1, yld.sum(dtype=np.int64))
        dead = day >= 0
        died, lost, tenth = day[dead] / DAYS, yll[dead] / MILLIONTHS, tenth[dead]
        for horizon in (*HORIZONS, LIFE):
            end = np.inf if horizon == LIFE else float(horizon)
            within = died < end
            spans = np.minimum(lost[within], end - died[within])
            years = life.ledger.yld[: None if horizon == LIFE else int(horizon), number] / MILLIONTHS
            for name, kind, price in (("dalys", "health", 1.0), ("lost_gdp", "costs", gdp)):
                factors = discount_factors(values, kind)
                early = np.bincount(tenth[within], present_years(died[within], spans, factors), len(DECILES))
                whole = price * (early + ill * float(years @ factors[: len(years)]))
                for decile in DECILES:
                    found.setdefault(f"{name}_to_{horizon}.decile_{decile}", []).append(float(whole[decile - 1]))
    return found


def adult_spending(tables: Tables, values: Values, life: Life, places: Sequence[str]) -> dict[str, list[float]]:
    """Sum what adult services and adults' conditions cost each payer, discounted: nought unless adult life is followed.

    Returns
    -------
    `adult_services.justice`, and what of it is cashable, `adult_cashable.justice` [GBP]
    """
    factors, found = discount_factors(values, "costs"), dict[str, list[float]]()
    for place in places:
        number = authority_names(tables).index(place)
        book = life.ledger.adult_cost[:, number] / HUNDREDTHS
        paid = factors[: len(book)] @ book
        here = dict.fromkeys((f"{kind}.{payer}" for payer in ADULT_PAYERS for kind in ADULT_KINDS), 0.0)
        for row, cost in zip(tables.rows["adult_services"], paid, strict=True):
            here[f"adult_services.{row.payer}"] += float(cost)
            here[f"adult_cashable.{row.payer}"] += min(1.0, row.cashable * values["factor_cashable"]) * float(cost)
        ill = life.ledger.condition_cost[:, number].sum(axis=1) / HUNDREDTHS
        here["adult_services.health"] += float(factors[: len(ill)] @ ill)
        for name, cost in here.items():
            found.setdefault(name, []).append(cost)
    return found


def decile_sums(tables: Tables, values: Values, life: Life, places: Sequence[str]) -> dict[str, Any]:
    """Sum children, events and losses by decile."""
    order = [row.authority for row in tables.rows["authorities"]]
    gdp = gdp_per_head(tables, values)
    found: dict[str, list[float]] = {}
    for place in places:
        here = life.children["authority"] == order.index(place)
        parted = groups(tables, life.children.compress(here), gdp, ("decile",))
        for decile in DECILES:
            for name, total in zip(BY_DECILE, parted["decile", decile - 1], strict=False):
                found.setdefault(f"{name}.decile_{decile}", []).append(float(total))
    return {name: np.array(each) for name, each in found.items()}


def waiting_sums(tables: Tables, life: Life, places: Sequence[str]) -> dict[str, Any]:
    """Sum years on the waiting lists of services, by their tier; nought where places are not rationed."""
    order = [row.authority for row in tables.rows["authorities"]]
    waits = life.ledger.waiting.sum(axis=0)[[order.index(place) for place in places]]
    tiers = [row.tier for row in tables.rows["services"]]
    return {f"waiting.{tier}": waits[:, [each == tier for each in tiers]].sum(axis=1) for tier in dict.fromkeys(tiers)}


def waiting(tier: str, own: Sums, none: Sums) -> Any:
    """Give years on the waiting lists of a tier, or of all, a child."""
    names = [name for name in own if name.startswith("waiting.") and name.endswith(tier)]
    return sum(own[name] for name in names) / own["children"]


def spending(kinds: Sequence[str], horizon: int, payer: str | None, own: Sums, none: Sums) -> Any:
    """Add what one payer, or all, pay to an age [GBP million]."""
    names = [
        name
        for name in own
        for kind in kinds
        if name.startswith(f"{kind}_to_{horizon}.") and (payer is None or name.endswith(f".{payer}"))
    ]
    return sum(own[name] for name in names) / MILLION


def per_child(own: Sums, name: str, deciles: Sequence[int]) -> Any:
    """Give a mean a child of some deciles; missing where there is no child."""
    children = sum(own[f"children.decile_{decile}"] for decile in deciles)
    total = sum(own[f"{name}.decile_{decile}"] for decile in deciles)
    return np.where(children > 0, total / np.where(children > 0, children, 1.0), np.nan)


def of_headline(quantity: Quantity) -> Output:
    """Take a quantity of the headline."""

    def of(own: Sums, none: Sums) -> Any:
        return value(quantity, "own", {"own": dict(own), "none": dict(none)})

    due = not quantity.per_child and (quantity.name.endswith("due_to_adversity") or "cost" not in quantity.name)
    return Output(quantity.name, quantity.title, quantity.unit, of, due)


def costs() -> list[Output]:
    """Name costs within a horizon: of services and interventions together, of each alone, and by payer."""
    found = []
    for horizon in HORIZONS:
        found += [
            Output(
                f"cost_to_{horizon}",
                f"services and interventions to age {horizon}, discounted",
                "GBP million",
                partial(spending, ("services", "programme"), horizon, None),
                False,
            ),
            Output(
                f"programme_to_{horizon}",
                f"interventions to age {horizon}, discounted",
                "GBP million",
                partial(spending, ("programme",), horizon, None),
                False,
            ),
            Output(
                f"cashable_to_{horizon}",
                f"cashable cost of services to age {horizon}, discounted",
                "GBP million",
                partial(spending, ("cashable",), horizon, None),
                False,
            ),
        ]
        for payer in PAYERS:
            found.append(
                Output(
                    f"cost_to_{horizon}_{payer}",
                    f"of it, paid by {payer.replace('_', ' ')}",
                    "GBP million",
                    partial(spending, ("services", "programme"), horizon, payer),
                    False,
                )
            )
    return found


def losses() -> list[Output]:
    """Name health and production in full, whatever they are due to; and what parts the poorest from the richest."""
    return [
        Output("dalys_whole", "DALYs, whatever they are due to", "DALYs", lambda own, _: own["dalys"], False),
        Output(
            "dalys_whole_discounted",
            "DALYs, whatever they are due to, discounted",
            "DALYs",
            lambda own, _: own["dalys_discounted"],
            False,
        ),
        Output(
            "lost_gdp_whole_discounted",
            "lost GDP, whatever it is due to, discounted",
            "GBP million",
            lambda own, _: own["lost_gdp_discounted"] / MILLION,
            False,
        ),
        Output(
            "cats_gap",
            "CATs a child, deciles 1-2 less deciles 3-10",
            "events per child",
            lambda own, _: per_child(own, "cats", (1, 2)) - per_child(own, "cats", range(3, 11)),
            False,
        ),
        Output(
            "cats_decile_1",
            "CATs a child, decile 1",
            "events per child",
            lambda own, _: per_child(own, "cats", (1,)),
            False,
        ),
        Output(
            "cats_deciles_2_10",
            "CATs a child, deciles 2-10",
            "events per child",
            lambda own, _: per_child(own, "cats", range(2, 11)),
            False,
        ),
        Output(
            "service_cost_decile_1",
            "service cost a child, decile 1",
            "GBP a child",
            lambda own, _: per_child(own, "service_cost", (1,)),
            False,
        ),
    ]


def waits() -> list[Output]:
    """Name years on waiting lists: of all services, and of those of a tier."""
    unit = "years per child"
    return [
        Output("waiting", "years on a waiting list", unit, partial(waiting, ""), False),
        *(
            Output(
                f"waiting_{tier}",
                f"of them for {tier.replace('_', ' ')}",
                unit,
                partial(waiting, tier),
                False,
            )
            for tier in ("early_help", "specialist")
        ),
    ]


OUTPUTS: dict[str, Output] = {
    output.name: output for output in (*map(of_headline, QUANTITIES), *costs(), *losses(), *waits())
}
"""All that can be asked, by name."""
HEADLINE = tuple(quantity.name for quantity in QUANTITIES)
"""What is asked where an experiment names no output."""
