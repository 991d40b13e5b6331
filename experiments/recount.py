"""Count the flows, stocks and costs of a run anew from its episode tables: each must be the ledger's, exactly."""

from typing import Any

import numpy as np
import pandas as pd

from agents.names import DAYS, Flow
from experiments.journal import Told
from experiments.stays import LENGTHS
from simulation.build import authority_names, event_names, service_names
from simulation.inputs import Tables
from simulation.ledger import SPELL_BANDS

Found = dict[str, pd.DataFrame]
OUTCOMES = {"held": 0, "held_with_support": 1, "escalated": 2, "no_service": 3}
BY_LINE = ("closed", "stepped_down", "ended", "moved_on")
"""Reasons for which a spell ends that are a flow of a service; age, death and the end of watching are none."""


class Counter:
    """Counts rows of episode tables by year and authority."""

    def __init__(self, tables: Tables, years: int) -> None:
        self.years = years
        self.places = {name: number for number, name in enumerate(authority_names(tables))}
        self.services = {name: number for number, name in enumerate(service_names(tables))}
        self.events = {name: number for number, name in enumerate(event_names(tables))}
        self.lengths = {name: number for number, name in enumerate(LENGTHS)}

    def by(self, rows: pd.DataFrame, day: str, *others: tuple[str, dict[str, int]], weight: Any = 1) -> Any:
        """Count rows by the year of a day, the authority, and the numbers of the names in other columns.

        Returns
        -------
        (years, A, ...) counts, or sums of `weight`
        """
        found = np.zeros((self.years, len(self.places), *(len(names) for _, names in others)), np.int64)
        where = (rows[day] // DAYS, rows["authority"].map(self.places), *(rows[name].map(of) for name, of in others))
        np.add.at(found, tuple(np.asarray(each, np.int64) for each in where), weight)
        return found

    def on_31_march(self, rows: pd.DataFrame, column: str | None = None) -> Any:
        """Count rows open at the end of each year by authority, and by their length so far or a service.

        Returns
        -------
        (years, A, 5 or S)
        """
        found = np.zeros((self.years, len(self.places), len(self.services) if column else len(LENGTHS)), np.int64)
        for year in range(self.years):
            night = (year + 1) * DAYS
            there = rows[(rows["start_day"] < night) & (rows["end_day"] >= night)]
            lengths = np.searchsorted(SPELL_BANDS, night - there["start_day"], side="right")
            code = there[column].map(self.services) if column else lengths
            np.add.at(found[year], (there["authority"].map(self.places), np.asarray(code, np.int64)), 1)
        return found

    def over_years(self, stays: pd.DataFrame) -> Any:
        """Spread the booked days of stays over the years in which they fall, by authority and service."""
        found = np.zeros((self.years, len(self.places), len(self.services)), np.int64)
        where = (stays["authority"].map(self.places), stays["service"].map(self.services))
        for year in range(self.years):
            days = stays["booked_to"].clip(upper=(year + 1) * DAYS) - stays["booked_from"].clip(lower=year * DAYS)
            np.add.at(found[year], where, days.clip(lower=0))
        return found


def recount(tables: Tables, told: Told, found: Found) -> dict[str, Any]:
    """Count from the tables what the ledger counts.

    Returns
    -------
    name of a part of the ledger, or of a flow: (years, A, ...)
    """
    count = Counter(tables, len(told.years))
    stays, cases, plans = found["services"], found["child_in_need"], found["protection_plans"]
    booked = stays.assign(start_day=stays["booked_from"] - (stays["booked_from"] > stays["start_day"]))
    days, entries = count.over_years(stays), count.by(booked, "start_day", ("service", count.services))
    price = told.world
    settings, waits = found["school_settings"], found["waiting_lists"]
    placed = waits[waits["reason_ended"] == "placed"]
    closed = cases[cases["reason_ended"].isin(BY_LINE)]
    return {
        "days": days,
        "entries": entries,
        "cost": days * price.cost_day + entries * price.cost_entry,
        "stock": count.on_31_march(stays[stays["service"] != "assessment"], "service"),
        "open_in_need": count.on_31_march(cases),
        "open_plans": count.on_31_march(plans),
        "ended_in_need": count.by(closed, "end_day", ("length", count.lengths)),
        "ended_plans": count.by(plans[plans["reason_ended"].isin(BY_LINE)], "end_day", ("length", count.lengths)),
        "returned": count.by(settings[settings["returned_to_school"] == 1], "end_day", ("setting", count.services)),
        "from_list": count.by(placed, "end_day", ("service", count.services)),
        "waited": count.by(placed, "end_day", ("service", count.services), weight=placed["days"]),
        "events": count.by(found["recorded_events"], "start_day", ("event", count.events)),
        "in_need": count.by(found["holding"], "start_day", ("service", count.services)),
        "outcomes": count.by(found["holding"], "start_day", ("service", count.services), ("outcome", OUTCOMES)),
        **flows(tables, count, found, closed),
    }


def flows(tables: Tables, count: Counter, found: Found, closed: pd.DataFrame) -> dict[str, Any]:
    """Count from the tables each flow of the ledger but the children of a year's end."""
    referred, plans, care = found["referrals"], found["protection_plans"], found["looked_after"]
    settings, held, recorded = found["school_settings"], found["holding"], found["recorded_events"]
    stays, names = found["services"], {row.service for row in tables.rows["services"]}
    begun, left = (
        care[care["reason_started"] == "started"],
        care[care["reason_ended"].isin(("left_care", "stepped_down"))],
    )
    justice = [row.event for row in tables.rows["events"] if row.event in names]
    unmet = held[held["outcome"] == "no_service"].drop_duplicates(["authority", "child_id", "start_day"])
    first_entry = recorded[recorded["event"].isin(justice)].drop_duplicates(["authority", "child_id"])
    rows = {
        Flow.REFERRALS: (referred, "start_day"),
        Flow.REREFERRALS: (referred[referred["rereferral"] == 1], "start_day"),
        Flow.ASSESSED_NOT_IN_NEED: (referred[referred["in_need"] == 0], "start_day"),
        Flow.IN_NEED_STARTED: (found["child_in_need"], "start_day"),
        Flow.IN_NEED_ENDED: (closed, "end_day"),
        Flow.PLANS_STARTED: (plans, "start_day"),
        Flow.REPEAT_PLANS: (plans[plans["second_or_later"] == 1], "start_day"),
        Flow.REPEAT_PLANS_WITHIN_2_YEARS: (plans[plans["within_2_years"] == 1], "start_day"),
        Flow.LOOKED_AFTER_STARTED: (begun, "start_day"),
        Flow.RETURNS_TO_CARE: (begun[begun["period_of_care"] > 1], "start_day"),
        Flow.LOOKED_AFTER_CEASED: (left, "end_day"),
        Flow.REUNIFICATIONS: (care[care["went_home"] == 1], "end_day"),
        Flow.PLACEMENT_MOVES: (care[care["reason_started"] == "moved_placement"], "start_day"),
        Flow.PERMANENT_EXCLUSIONS: (settings[settings["permanent_exclusion"] == 1], "start_day"),
        Flow.RETURNS_TO_SCHOOL: (
            settings[(settings["returned_to_school"] == 1) & (settings["out_of_school"] == 1)],
            "end_day",
        ),
        Flow.YOUTH_JUSTICE_ENTRANTS: (first_entry, "start_day"),
        Flow.UNMET_NEED: (unmet, "start_day"),
        Flow.STEPPED_DOWN: (stays[stays["reason_ended"] == "stepped_down"], "end_day"),
    }
    counted = {flow.name: count.by(*part) for flow, part in rows.items()}
    return counted | {Flow.THREE_OR_MORE_PLACEMENTS.name: three_or_more(count, care)}


def three_or_more(count: Counter, care: pd.DataFrame) -> Any:
    """Count children in care at a year's end who were in three or more placements in the year.

    A child in care as the year begins has one; each that begins in the year is another.
    """
    found = np.zeros((count.years, len(count.places)), np.int64)
    for year in range(count.years):
        dawn, night = year * DAYS, (year + 1) * DAYS
        here = care[(care["start_day"] < night) & (care["end_day"] >= dawn)]
        several = here.groupby(["authority", "child_id"]).agg(count=("episode", "size"), until=("end_day", "max"))
        several = several[(several["count"] >= 3) & (several["until"] >= night)]
        for place, _ in several.index:
            found[year, count.places[place]] += 1
    return found


def differences(told: Told, counted: dict[str, Any]) -> list[str]:
    """Name every count of the tables that is not the ledger's: none, unless the program is wrong."""
    wrong = []
    for name, count in counted.items():
        kept = told.ledger.flows[..., Flow[name]] if name in Flow.__members__ else getattr(told.ledger, name)
        kept = kept[: len(told.years)]
        if (count != kept).any():
            wrong.append(f"{name}: {count.sum()} in the tables, {kept.sum()} in the ledger")
    return wrong


def flow_table(tables: Tables, told: Told, found: Found) -> pd.DataFrame:
    """Tabulate each flow by authority and age, as counted from the tables.

    Raises
    ------
    RuntimeError
        If a count of the tables is not the ledger's: a fault of the program.
    """
    counted = recount(tables, told, found)
    wrong = differences(told, counted)
    if wrong:
        raise RuntimeError(f"episode tables are not the ledger: {'; '.join(wrong)}")
    places, parts = np.array(authority_names(tables), object), []
    for flow in Flow:
        if flow.name in counted:
            age, place = np.nonzero(counted[flow.name])
            rows = {"authority": places[place], "age": age, "flow": flow.name.lower()}
            parts.append(pd.DataFrame(rows).assign(count=counted[flow.name][age, place]))
    return pd.concat(parts, ignore_index=True)
