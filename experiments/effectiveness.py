"""Compare how often services hold children of equal need, and what comes a year later: `wellheld effectiveness`.

Need is equal within a stratum: a band of unresolved load and a band of age. What is expected of a service is what all
services of its kind do in the same strata (or, by authority, what the same service does everywhere).
"""

from typing import Any

import numpy as np
import pandas as pd

from agents.names import ADULT, DAYS, Entry, Outcome, Tier
from experiments.episodes import outcome_words
from experiments.funnel import LEVELS, funnel_limits, position, wilson_interval
from experiments.journal import Told, ask, names_of, places_of, tell
from experiments.rounding import text
from experiments.screen import NOT_FOR_INDIVIDUALS, sectioned, wrapped
from experiments.stays import line_table
from simulation.build import service_names
from simulation.inputs import Tables
from simulation.scenario import Scenario

LOADS = ((0.0, "none"), (0.01, "up to 1"), (1.01, "up to 2"), (2.01, "up to 4"), (4.01, "more than 4"))
"""Bands of unresolved load, by their least [events of mean severity]."""
AGES = ((0, "0-4"), (5, "5-10"), (11, "11-15"), (16, "16-17"))
LATER = ("need_again", "not_held_again", "in_care", "healed_events")
"""What is seen of a child a year later; healed events are those of the year itself and of the next."""
MEASURES = {
    "held": "Held, alone or with support",
    "need_again": "In need again a year later",
    "not_held_again": "In need again a year later, and not held",
    "in_care": "Looked after a year later",
}
LONGEST = 40
"""Most letters of a service's name, with its authority, on the screen."""
READ = (
    "Expected: what all services of the same kind (by authority: the same service everywhere) show for children of the "
    "same age and load. Limits are exact binomial: chance alone puts one in twenty outside those of 95% and one in "
    "five hundred outside those of 99.8%. Services and authorities are simulated: no real one is ranked."
)


def needs(tables: Tables, told: Told) -> pd.DataFrame:
    """List every child's year in need in a service: load, age, outcome, and what came a year later.

    Load is what the service met: what was unresolved when the year began, and the events that it began with.
    A child that dies, or turns 18 by the end of the next year, is not seen a year later (`seen` is 0).
    """
    lines = line_table(told)
    rows = lines[lines["entry"] == Entry.OUTCOME]
    child, year = rows["child"].to_numpy(), rows["day"].to_numpy() // DAYS
    seen = told.years
    at_start = np.where(year > 0, seen["severity"][np.maximum(year, 1) - 1, child].astype(np.int64), 0)
    later = np.minimum(year + 1, ADULT - 1)
    worst = np.full(seen.shape, -1)
    np.maximum.at(worst, (year, child), rows["number"])
    support = seen["support"][later, child]
    tiers = np.append(told.world.services["tier"], np.full(256 - len(told.world.services), -1))
    healed = seen["healed"].astype(np.int64)
    before = np.where(year > 0, healed[np.maximum(year, 1) - 1, child], 0)
    died = told.children["died"][child]
    load = (at_start + began_with(told, lines)[year, child]) / 100
    return pd.DataFrame(
        {
            "authority": names_of(tables, told.begun["authority"][child]),
            "service": np.array(service_names(tables), object)[rows["detail"]],
            "channel": told.world.services["channel"][rows["detail"]],
            "load": band(load, LOADS),
            "age": band(year, AGES),
            "outcome": outcome_words(rows["number"]),
            "held": (rows["number"] <= Outcome.HELD_WITH_SUPPORT).to_numpy(),
            "seen": (year + 1 < ADULT) & ((died < 0) | (died >= (year + 2) * DAYS)),
            "need_again": worst[later, child] >= 0,
            "not_held_again": worst[later, child] >= Outcome.ESCALATED,
            "in_care": tiers[support] == Tier.LOOKED_AFTER,
            "healed_events": healed[later, child] - before,
        }
    )


def began_with(told: Told, lines: pd.DataFrame) -> Any:
    """Sum the severity of the events that each child's year began with, before services met it.

    Returns
    -------
    (years, children) hundredths of an event; what services themselves bring about comes later in the year
    """
    kinds = told.world.adversities
    met = lines[(lines["entry"] == Entry.CHILDHOOD_ADVERSITY) & (lines["day"] % DAYS == 0)]
    met = met[kinds["arises_in_service"][met["detail"]] == 0]
    found = np.zeros(told.years.shape, np.int64)
    np.add.at(found, (met["day"] // DAYS, met["child"]), kinds["severity"][met["detail"]])
    return found


def band(numbers: Any, bands: tuple[tuple[float, str], ...]) -> Any:
    """Name the band that each number is in."""
    starts = [start for start, _ in bands]
    return np.array([name for _, name in bands], object)[np.searchsorted(starts, numbers, side="right") - 1]


def strata(rows: pd.DataFrame) -> pd.DataFrame:
    """Tabulate outcomes, and what came a year later, by authority, service and stratum of need.

    Returns
    -------
    shares with Wilson's 95% interval of being held; blanks where nobody was seen a year later
    """
    keys = ["authority", "service", "age", "load"]
    grouped = rows.groupby(keys, sort=False)
    table = grouped.agg(in_need=("held", "size"), held=("held", "sum")).reset_index()
    for outcome in ("held_with_support", "escalated", "no_service"):
        counts = (rows["outcome"] == outcome).groupby([rows[key] for key in keys], sort=False).sum()
        table[outcome] = counts.to_numpy()
    low, high = wilson_interval(table["held"], table["in_need"])
    table = table.assign(held_share=table["held"] / table["in_need"], held_low_95=low, held_high_95=high)
    after = rows[rows["seen"]].groupby(keys, sort=False)[list(LATER)].mean().reset_index()
    sizes = rows.groupby(keys, sort=False)["seen"].sum().reset_index(name="seen_a_year_later")
    table = table.merge(sizes, on=keys).merge(after, on=keys, how="left")
    ages, loads = ([name for _, name in bands] for bands in (AGES, LOADS))
    order = table.assign(age=table["age"].map(ages.index), load=table["load"].map(loads.index))
    return table.loc[order.sort_values(keys, kind="stable").index].reset_index(drop=True)


def compared(rows: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Set each service, or each authority's own, beside what is expected of children of equal need.

    Parameters
    ----------
    unit : 'service' (against all services of its channel in the same strata) or 'authority' (against the same
        service in all authorities)

    Returns
    -------
    counts, share held, share expected, their ratio, funnel limits about the expected share and the place in them
    """
    peers = ["channel", "age", "load"] if unit == "service" else ["service", "age", "load"]
    keys = ["service"] if unit == "service" else ["service", "authority"]
    measures = [("held", rows), *((name, rows[rows["seen"]]) for name in LATER[:-1])]
    table = pd.DataFrame()
    for name, here in measures:
        expected = here.groupby(peers)[name].transform("mean")
        found = (
            here.assign(expected=expected)
            .groupby(keys)
            .agg(total=(name, "size"), count=(name, "sum"), expected=("expected", "mean"))
        )
        found = found.assign(
            share=found["count"] / found["total"], position=position(found["count"], found["total"], found["expected"])
        )
        for level in LEVELS:
            limits = funnel_limits(found["total"], found["expected"], level)
            found[f"low_{100 * level:g}"], found[f"high_{100 * level:g}"] = limits
        table = pd.concat([table, found.assign(measure=name).reset_index()])
    first = ["measure", *keys, "total", "count", "share", "expected"]
    return table[[*first, *(name for name in table.columns if name not in first)]].reset_index(drop=True)


def effectiveness(
    tables: Tables, place: str, seed: int, scenario: Scenario | str, children: int | None
) -> dict[str, pd.DataFrame]:
    """Run a cohort's childhood and compare its services; those of a region by authority too.

    Returns
    -------
    strata, services, and authorities where there are several
    """
    places = places_of(tables, place)
    asked = ask(tables, places, seed, scenario, children)
    rows = needs(asked.tables, tell(asked))
    found = {"services": compared(rows, "service"), "strata": strata(rows)}
    return found | ({"authorities": compared(rows, "authority")} if len(places) > 1 else {})


def screen(table: pd.DataFrame, settings: str) -> str:
    """Write each measure's shares beside what is expected and the funnel limits, in per cent."""
    lines = wrapped(
        f"How often services hold children of equal need (in load and age), and what comes a year later: {settings}."
    )
    ends = [f"{100 * level:g}" for level in LEVELS]
    rows = [("", ["", "children", "%", "expected", *(f"{end}% limits" for end in ends), ""])]
    for row in table.to_dict("records"):
        name = f"{row['service']}, {row['authority']}" if "authority" in row else str(row["service"])
        limits = [f"{text(100 * row[f'low_{end}'], 1)}:{text(100 * row[f'high_{end}'], 1)}" for end in ends]
        outside = "" if row["position"] == "within" else row["position"]
        shares = (text(100 * row[column], 1) for column in ("share", "expected"))
        cells = [f" {name.replace('_', ' ')[:LONGEST]}", f"{row['total']:,}", *shares, *limits, outside]
        rows.append((MEASURES[row["measure"]], cells))
    lines += ["", *sectioned(rows), "", *wrapped(READ), *wrapped(NOT_FOR_INDIVIDUALS)]
    return "\n".join(line.rstrip() for line in lines) + "\n"
