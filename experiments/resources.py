"""Set needs against resources: who needs each service, who has it, who waits, and the gap, by authority."""

from typing import Any

import numpy as np
import pandas as pd

from agents.names import ADULT
from experiments.plan import REFERENCE_CHILDREN, REFERENCE_SEED
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
from simulation.build import authority_names
from simulation.cohort import reference
from simulation.context import Surroundings, places
from simulation.draws import seed_key
from simulation.extension import with_services
from simulation.inputs import Tables
from simulation.residents import BURN_IN, Town, residents
from simulation.scenario import Scenario

YEARS = 5
"""Years after the burn-in over which counts are averaged."""
SHOWN = ("places", "have", "wait", "turned_away", "need", "gap", "days_waited")


def needs_against_resources(
    tables: Tables, chosen: list[str], scenario: Scenario, seed: int = 1, share: float = 1.0
) -> pd.DataFrame:
    """Run the residents of some places with places rationed, and average five years after the burn-in.

    Parameters
    ----------
    share : of the residents who are simulated; counts are scaled up to all

    Returns
    -------
    one row a place and service: places (missing where a service takes whoever comes); children who have it and who
    wait at 31 March; turned_away a year by its threshold; need, the sum of the three; the gap, need less who
    has it; asked_first, asked_next, asked_last (by priority band) and entered a year; refused, requests that found
    no place; and days_waited, the mean of those who came from the list
    """
    tables = with_services(tables, scenario)
    switches = scenario.switches.model_copy(update={"rationing": True})
    scenario = scenario.model_copy(update={"switches": switches})
    values = {**tables.values(), **scenario.numbers}
    values["first_year"] -= BURN_IN
    s = Surroundings(tables, values, scenario)
    world = reference(tables, values, switches, seed_key(seed, REFERENCE_SEED), REFERENCE_CHILDREN)
    town = Town(s, seed_key(seed), chosen, share)
    town.begin(0)
    book = residents(s, world._replace(key=seed_key(seed)), town, 0, BURN_IN + YEARS).ledger
    parts = [rows(s, place, book, share) for place in chosen]
    return pd.concat(parts, ignore_index=True)


def rows(s: Surroundings, place: str, book: Any, share: float) -> pd.DataFrame:
    """Average the last years of a ledger for one place."""
    number, services = authority_names(s.tables).index(place), s.tables.rows["services"]
    names = [row.service for row in services]
    lived = slice(BURN_IN, BURN_IN + YEARS)

    def mean(part: Any) -> Any:
        return part[lived, number].mean(axis=0) / share

    children = np.zeros((len(s.places), ADULT))
    children[number] = book.ages[lived, number].mean(axis=0)
    supplied = places(s, names, children, s.first_year() + BURN_IN)[number] / share
    limited = np.array([row.rationed_by != "none" and row.channel != "front_door" for row in services])
    stays = np.array([row.channel != "front_door" for row in services])
    have, wait, away, demand = mean(book.stock), mean(book.waiting), mean(book.turned_away), mean(book.demand)
    from_list = book.from_list[lived, number].sum(axis=0)
    waited = book.waited[lived, number].sum(axis=0) / np.maximum(1, from_list)
    return pd.DataFrame(
        {
            "place": place,
            "service": names,
            "rationed_by": [row.rationed_by for row in services],
            "places": np.where(limited, supplied, np.nan),
            "have": np.where(stays, have, np.nan),
            "wait": wait,
            "turned_away": away,
            "need": np.where(stays, have + wait + away, np.nan),
            "gap": np.where(stays, wait + away, np.nan),
            "asked_first": demand[:, 0],
            "asked_next": demand[:, 1],
            "asked_last": demand[:, 2],
            "entered": mean(book.entries),
            "refused": mean(book.refused),
            "days_waited": np.where(from_list > 0, waited, np.nan),
        }
    )


def screen(table: pd.DataFrame, title: str) -> str:
    """Write the services that are rationed, place by place."""
    lines = wrapped(
        f"Needs against resources, {title}: residents, mean of {YEARS} years, places rationed, central numbers, one "
        "run. Places are what the model holds where nobody is refused: an assumption. Need: who has a service or "
        "waits for it at 31 March, or was turned away in the year; gap: need less who has it. At the front door "
        "(assessment) those turned away were not found in need."
    )
    limited = table[table["rationed_by"] != "none"]
    for place, here in limited.groupby("place", sort=False):
        cells = [[str(place).replace("_", " "), *(name.replace("_", " ") for name in SHOWN)]]
        for row in here.to_dict("records"):
            shown = ["-" if row[name] != row[name] else f"{row[name]:,.0f}" for name in SHOWN]
            cells.append([f" {str(row['service']).replace('_', ' ')}", *shown])
        lines += ["", *align(cells)]
    return "\n".join([*lines, "", NOT_FOR_INDIVIDUALS]) + "\n"
