"""Young and adult life in a run of twins: outcomes, earnings, transfers, cost of adult services, agencies in touch.

Resource cost and transfers are never added: tax and benefits only change hands. Earnings and lost GDP overlap (a
lost healthy year is valued at GDP a head whatever would have been done with it), so they are never added either.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, get_args

import numpy as np
import pandas as pd

from agents.child import HUNDREDTHS
from agents.names import ADULT, Count, Ever
from experiments.bands import bands, shares
from experiments.plan import Plan
from experiments.results import DIFFERENCE, TODAY
from simulation.adult_parts import agency_names
from simulation.build import authority_names
from simulation.cohort import Life
from simulation.economics import discount_factors
from simulation.frailty import Values
from simulation.inputs import Tables
from simulation.rows import AdultPayer

MILLION = 1e6
DUE = "due_to_adversity"
PAYERS: tuple[str, ...] = get_args(AdultPayer)
AGE_BANDS = ((0, 4), (5, 10), (11, 15), (16, 17), (18, 24), (25, 44), (45, 64), (65, 110))
ACE_BANDS = ("0", "1", "2-3", "4+")
WARNING = (
    "Earnings, tax and benefits are outcomes beside the cost: tax and benefits are transfers, and earnings overlap "
    "with lost GDP. Add none of them to a cost or to lost GDP."
)


class AdultQuantity(NamedTuple):
    """A line of the table of adult life: a sum over another, or a sum in its unit."""

    name: str
    title: str
    unit: str
    section: str
    over: str = ""
    scale: float = 1.0


def money(name: str, title: str, section: str) -> AdultQuantity:
    """Name a sum of money [GBP million]."""
    return AdultQuantity(name, title, "GBP million", section, scale=MILLION)


OUTCOMES = (
    AdultQuantity("level_2", "level 2 by 17", "share", "Outcomes", "alive_at_18"),
    AdultQuantity("level_3", "level 3 by 19", "share", "Outcomes", "alive_at_19"),
    AdultQuantity("early_parents", "parent before 20", "share", "Outcomes", "people"),
    AdultQuantity("neet_years", "years NEET at 16-24", "years a person", "Outcomes", "people"),
    AdultQuantity("years_in_work", "years in work from 18", "years a person", "Outcomes", "people"),
    AdultQuantity("left_care", "left care at 16-18", "share", "Care leavers", "people"),
    AdultQuantity("left_care_neet", "of their years at 18-24: NEET", "share", "Care leavers", "left_care_years"),
    AdultQuantity("left_care_homeless", "homeless in the year", "share", "Care leavers", "left_care_years"),
    AdultQuantity("left_care_in_touch", "with the leaving-care service", "share", "Care leavers", "left_care_years"),
)
EARNINGS = (
    money("earnings", "earnings (overlap with lost GDP)", "Earnings"),
    money("earnings_discounted", "the same, discounted", "Earnings"),
)
TRANSFERS = (
    money("tax", "tax and insurance received", "Transfers (no cost)"),
    money("tax_discounted", "the same, discounted", "Transfers (no cost)"),
    money("benefits", "out-of-work benefits paid", "Transfers (no cost)"),
    money("benefits_discounted", "the same, discounted", "Transfers (no cost)"),
)
COST = (
    money("adult_service_cost", "adult services", "Resource cost from 18"),
    money("adult_service_cost_discounted", "the same, discounted", "Resource cost from 18"),
    money("adult_service_cost_cashable", "of it cashable, discounted", "Resource cost from 18"),
    *(
        money(f"adult_service_cost_{payer}", f"paid by {payer.replace('_', ' ')}", "Resource cost from 18")
        for payer in PAYERS
    ),
    money("condition_cost", "health service, conditions", "Resource cost from 18"),
    money("condition_cost_discounted", "the same, discounted", "Resource cost from 18"),
)
QUANTITIES: tuple[AdultQuantity, ...] = (*OUTCOMES, *EARNINGS, *TRANSFERS, *COST)


def adult_sums(tables: Tables, values: Values, life: Life, places: Sequence[str]) -> dict[str, Any]:
    """Sum young and adult life of one run.

    Returns
    -------
    name: (places,) sums over people: years, people, or GBP
    """
    found: dict[str, list[float]] = {}
    factors = discount_factors(values, "costs")
    for place in places:
        for name, value in place_sums(tables, values, life, authority_names(tables).index(place), factors).items():
            found.setdefault(f"adult_life_{name}", []).append(value)
    return {name: np.array(each) for name, each in found.items()}


def place_sums(tables: Tables, values: Values, life: Life, number: int, factors: Any) -> dict[str, float]:
    """Sum young and adult life of one authority; a cohort's year is its age."""
    book, people = life.ledger, life.children[life.children["authority"] == number]
    count = book.adult[:, number]
    services, conditions = book.adult_cost[:, number] / HUNDREDTHS, book.condition_cost[:, number] / HUNDREDTHS
    now = factors[: len(count)]
    bits = people["ever"] & (1 << Ever.LEFT_CARE_AT_18 | 1 << Ever.LEFT_CARE_AT_16_OR_17)
    cashable = [min(1.0, row.cashable * values["factor_cashable"]) for row in tables.rows["adult_services"]]
    found = {
        "people": float(len(people)),
        "alive_at_18": float(book.alive[ADULT, number]),
        "alive_at_19": float(book.alive[ADULT + 1, number]),
        "level_2": float(count[:, Count.LEVEL_2].sum()),
        "level_3": float(count[:, Count.LEVEL_3].sum()),
        "early_parents": float(count[:, Count.EARLY_PARENTS].sum()),
        "neet_years": float(count[:, Count.NEET].sum()),
        "years_in_work": float(count[:, Count.EMPLOYED].sum()),
        "left_care": float((bits != 0).sum()),
        "left_care_years": float(count[:, Count.CARE_LEAVERS].sum()),
        "left_care_neet": float(count[:, Count.CARE_LEAVERS_NEET].sum()),
        "left_care_homeless": float(count[:, Count.CARE_LEAVERS_HOMELESS].sum()),
        "left_care_in_touch": float(count[:, Count.CARE_LEAVERS_IN_TOUCH].sum()),
        "adult_service_cost": float(services.sum()),
        "adult_service_cost_discounted": float((now @ services).sum()),
        "adult_service_cost_cashable": float(now @ services @ cashable),
        "condition_cost": float(conditions.sum()),
        "condition_cost_discounted": float((now @ conditions).sum()),
    }
    for name, column in (("earnings", Count.EARNINGS), ("tax", Count.TAX), ("benefits", Count.BENEFITS)):
        found[name] = float(count[:, column].sum() / HUNDREDTHS)
        found[f"{name}_discounted"] = float(now @ count[:, column] / HUNDREDTHS)
    for payer in PAYERS:
        paid = [row.payer == payer for row in tables.rows["adult_services"]]
        found[f"adult_service_cost_{payer}"] = float(services[:, paid].sum())
    return found


def value(quantity: AdultQuantity, sums: dict[str, Any]) -> Any:
    """Work out a line of one scenario; a share of nobody is 0."""
    own = sums[f"adult_life_{quantity.name}"]
    if not quantity.over:
        return own / quantity.scale
    over = sums[f"adult_life_{quantity.over}"]
    return np.where(over > 0, own / np.maximum(over, 1), 0.0)


def table(plan: Plan, sums: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Tabulate every line by place: today, improved, their paired difference, and today's part due to adversity.

    Parameters
    ----------
    sums : scenario: name: (2, draws, 2, places)
    """
    runs = {s: np.stack([value(q, sums[s]) for q in QUANTITIES], axis=-1) for s in ("today", "improved", "none")}
    parts = []
    for number, place in enumerate(plan.headline_places):
        for label, every in (
            (TODAY, runs["today"]),
            (plan.scenario.name, runs["improved"]),
            (DIFFERENCE, runs["improved"] - runs["today"]),
            (DUE, runs["today"] - runs["none"]),
        ):
            here = every[:, :, :, number]
            band, share = bands(here), shares(here)
            parts.append(
                pd.DataFrame(
                    {
                        "place": place,
                        "scenario": label,
                        "section": [q.section for q in QUANTITIES],
                        "quantity": [q.name for q in QUANTITIES],
                        "title": [q.title for q in QUANTITIES],
                        "unit": [q.unit for q in QUANTITIES],
                        "mean": band["mean"],
                        "mcse": share.mcse,
                        **{name: band[name] for name in ("low_95", "low_80", "high_80", "high_95")},
                        "share_from_assumption": np.clip(share.assumption, 0.0, 1.0),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def agency_counts(tables: Tables, life: Life, places: Sequence[str]) -> Any:
    """Sum person-years by age, ACE count and agencies in touch over some places.

    Returns
    -------
    (ages, 4, agencies + 1)
    """
    return sum(life.ledger.agencies[authority_names(tables).index(place)] for place in places)


def agency_table(tables: Tables, counts: Any) -> pd.DataFrame:
    """Tabulate how many agencies a person is in touch with in a year, by age band and ACE count so far.

    Parameters
    ----------
    counts : (ages, 4, agencies + 1) person-years
    """
    most = len(agency_names(tables))
    rows = []
    for first, last in AGE_BANDS:
        for band, word in enumerate(ACE_BANDS):
            here = counts[first : last + 1, band].sum(axis=0)
            years = here.sum()
            if years > 0:
                part = here / years
                mean = float(part @ np.arange(most + 1))
                rows.append((f"{first}-{last}", word, float(years), mean, *part[:4], float(part[4:].sum())))
    shares_of = [f"share_with_{count}" for count in ("none", "1", "2", "3", "4_or_more")]
    return pd.DataFrame(rows, columns=["age", "aces", "person_years", "mean_agencies", *shares_of])
