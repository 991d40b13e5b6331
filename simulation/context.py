"""Phase 1 of the year: what services can do and neighbourhoods carry, from levers and last year's counts.

Everything read from last year is a whole-number sum, so that engines and threads agree.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from agents.names import ADULT, BANDS, MOST_UNITS, RANKS
from agents.service import acceptance_crowded, lift, quality_crowded, sufficiency_staffed, turnover_added
from simulation.baselines import MARGIN
from simulation.build import authority_names, service_names
from simulation.deprivation import eased_ratio
from simulation.frailty import Values, centred
from simulation.inputs import Tables
from simulation.ledger import Ledger
from simulation.neighbourhood import amplify, layout
from simulation.offers import offered
from simulation.population import GROUPS, neighbourhoods_of
from simulation.rows import SCENARIO
from simulation.scenario import Lever, Scenario
from simulation.units import name_of
from simulation.world import Context, World


@dataclass(frozen=True)
class Surroundings:
    """Everything that a year's context is made from, for one draw and scenario."""

    tables: Tables
    values: Values
    scenario: Scenario

    @property
    def places(self) -> list[str]:
        """List all authorities, England too: a run of one place reads its own row of the same arrays."""
        return authority_names(self.tables)

    def levers(self, kind: str, place: str) -> list[Lever]:
        """List the scenario's levers of a kind that reach a place."""
        found = self.levers_by_kind.get(kind)
        return [each for each in found if each.authorities is None or place in each.authorities] if found else []

    @cached_property
    def levers_by_kind(self) -> dict[str, list[Lever]]:
        """List the scenario's levers under what they move."""
        found: dict[str, list[Lever]] = {}
        for lever in self.scenario.levers:
            found.setdefault(lever.kind, []).append(lever)
        return found

    def moved(self, kind: str, place: str, value: float, year: int, service: str | None = None) -> float:
        """Move a value by every lever of a kind that reaches a place and service."""
        if kind not in self.levers_by_kind:
            return value
        for lever in self.levers(kind, place):
            if service is None or lever.services is None or service in lever.services:
                value = lever.apply(value, year)
        return value

    def first_year(self) -> int:
        """Give the calendar year in which the run begins."""
        return int(self.values["first_year"])

    def dated(self) -> bool:
        """Tell whether a lever begins or ends in a year."""
        return any(lever.start is not None or lever.end is not None for lever in self.scenario.levers) or any(
            service.start is not None for service in self.scenario.services
        )

    def steady(self) -> bool:
        """Tell whether every year has the same context: no dates, no feedback."""
        return not (self.dated() or self.scenario.switches.amplification or self.scenario.switches.rationing)


def year_context(s: Surroundings, world: World, year: int, last: Ledger | None) -> Context:
    """Build the context of a year of the run from the levers and, where on, last year's ledger."""
    calendar = s.first_year() + year
    names = service_names(s.tables)
    rationed = s.scenario.switches.rationing
    quality, alignment = service_levels(s, names, calendar)
    planned = quality
    acceptance = np.repeat(
        np.array([[s.values[f"services.{name}.acceptance"] for name in names]] * len(s.places))[:, :, None], 3, axis=2
    )
    cutoff = np.full(quality.shape, RANKS + 1)
    turnover = np.zeros(quality.shape)
    if rationed:
        cutoff[:, [row.rationed_by == "waiting_list" for row in s.tables.rows["services"]]] = RANKS
        if last is not None and 0 < year <= len(last.stock):
            crowded = crowding(s, names, last, year)
            carried = last.carried[year - 1] / np.maximum(1, last.stock[year - 1])
            quality, turnover = burden_staff(s, names, quality, crowded, carried)
            thresholds(s, acceptance, crowded)
    else:
        for a, place in enumerate(s.places):
            for k, name in enumerate(names):
                acceptance[a, k] = min(1.0, s.moved("supply", place, acceptance[a, k, 0], calendar, name))
    sufficiency_gap = quality - s.values["sufficiency_reference"]
    tip = s.values["tip_effect"] * (alignment - s.values["tip_reference"])
    f_sufficiency = [s.values[f"services.{n}.f_sufficiency"] * s.values["factor_sufficiency_effect"] for n in names]
    f_tip = [s.values[f"services.{n}.f_tip"] for n in names]
    left = deprivation_left(s, calendar)
    there = open_services(s, names, calendar)
    gradient, factor = gradients(s, left), hazard_factors(s, calendar)
    return Context(
        amplification=neighbourhood_amplification(s, year, last),
        gradient=gradient,
        ceiling=(1.0 + MARGIN) * factor.max(axis=2)[:, :, None] * gradient.max(axis=1)[:, None],
        need_ease=eased_ratio(world.need_gradient, left),
        adult_ease=eased_ratio(world.adult_gradient, left[:, None]),
        child_death_ease=eased_ratio(world.child_death_ratio, left),
        hazard_factor=factor,
        lift=np.array(
            [
                [lift(f_sufficiency[k], f_tip[k], sufficiency_gap[a, k], tip[a, k]) for k in range(len(names))]
                for a in range(len(s.places))
            ]
        ),
        reach=np.where(there, quality, 0.0),
        tip_healing=s.values["tip_healing"] * tip,
        acceptance=acceptance,
        cutoff=cutoff,
        turnover=turnover,
        recovery=np.array([s.moved("recovery", place, 0.0, calendar) for place in s.places]),
        community=np.array(
            [s.moved("community_capacity", p, s.values["resilience_start"], calendar) for p in s.places]
        ),
        placement_ratio=np.array([1.0 - s.moved("placement_stability", p, 0.0, calendar) for p in s.places]),
        **offered(s, calendar),
        open=there,
        **unit_context(s, names, calendar, (quality, alignment), planned, (f_sufficiency, f_tip), there),
    )


def open_services(s: Surroundings, names: list[str], calendar: int) -> Any:
    """Tell which services are there: all of the tables' own, and those that this scenario adds, where and when.

    Returns
    -------
    (A, S) whole numbers, 0 or 1
    """
    there = np.ones((len(s.places), len(names)), np.int64)
    added = {service.name: service for service in s.scenario.services}
    for k, row in enumerate(s.tables.rows["services"]):
        if row.source == SCENARIO:
            for a, place in enumerate(s.places):
                there[a, k] = row.service in added and added[row.service].is_open(place, calendar)
    return there


def unit_context(
    s: Surroundings,
    names: list[str],
    calendar: int,
    levels: Any,
    planned: Any,
    factors: Any,
    there: Any,
) -> dict[str, Any]:
    """Give what each unit adds to holding, reaching and healing, as its service does but at its own levels.

    What crowding takes from a service it takes from each of its units. A unit whose levels are its service's is
    its service, to the last bit.

    Parameters
    ----------
    levels : Sufficiency and TIP alignment of services, (A, S) each, as they act this year
    planned : (A, S) Sufficiency before crowding
    factors : F-Suff and F-TIP of each service
    there : (A, S) whether a service is open
    """
    found = {name: np.zeros(MOST_UNITS) for name in ("unit_lift", "unit_reach", "unit_healing")}
    for number, unit in enumerate(s.tables.rows.get("units", [])):
        a, k = s.places.index(unit.authority), names.index(unit.stage)
        quality, alignment = levels[0][a, k], levels[1][a, k]
        if unit.sufficiency is not None:
            own = s.values[f"{name_of(unit)}.sufficiency"]
            own = s.moved("sufficiency", unit.authority, own, calendar, unit.stage)
            quality = min(1.0, max(0.0, quality + (own - planned[a, k])))
        if unit.tip_alignment is not None:
            own = s.values[f"{name_of(unit)}.tip_alignment"]
            alignment = s.moved("tip_alignment", unit.authority, own, calendar, unit.stage)
        tip = s.values["tip_effect"] * (alignment - s.values["tip_reference"])
        gap = quality - s.values["sufficiency_reference"]
        found["unit_lift"][number] = lift(factors[0][k], factors[1][k], gap, tip)
        found["unit_reach"][number] = quality if there[a, k] else 0.0
        found["unit_healing"][number] = s.values["tip_healing"] * tip
    return found


def service_levels(s: Surroundings, names: list[str], calendar: int) -> tuple[Any, Any]:
    """Give each service's Sufficiency and TIP alignment in each place, levers applied.

    Returns
    -------
    two (A, S) arrays within 0 to 1
    """
    quality, alignment = np.zeros((2, len(s.places), len(names)))
    given = {(row.authority, row.service) for row in s.tables.rows["service_levels"]}
    read_from_staffing = staffed(s)
    for a, place in enumerate(s.places):
        staff = staffing(s, place)
        for k, name in enumerate(names):
            row = f"service_levels.{place if (place, name) in given else 'all'}.{name}"
            level = staff if (place, name) in read_from_staffing else s.values[f"{row}.sufficiency"]
            quality[a, k] = s.moved("sufficiency", place, level, calendar, name)
            alignment[a, k] = s.moved("tip_alignment", place, s.values[f"{row}.tip_alignment"], calendar, name)
    return quality, alignment


def staffing(s: Surroundings, place: str) -> float:
    """Read Sufficiency of social care from a place's caseload, vacancies and turnover against England's."""

    def gap(column: str) -> float:
        return s.values[f"authorities.{place}.{column}"] - s.values[f"authorities.england.{column}"]

    return sufficiency_staffed(
        s.values["sufficiency_reference"],
        1.0 + gap("caseload") / s.values["authorities.england.caseload"],
        gap("vacancy"),
        gap("turnover"),
        s.values["sufficiency_by_caseload"],
        s.values["sufficiency_by_gap"],
    )


def burden_staff(s: Surroundings, names: list[str], quality: Any, crowded: Any, carried: Any) -> tuple[Any, Any]:
    """Let crowding, and what staff carry, lower quality the year after.

    Where Sufficiency is read from staffing, staff leave: their posts stand empty in part, and caseload, vacancy
    and turnover move Sufficiency as they do between authorities. Elsewhere crowding lowers quality by one slope.

    Parameters
    ----------
    crowded : (A, S) children held over places
    carried : (A, S) unresolved events a case

    Returns
    -------
    two (A, S) arrays: quality within 0 to 1, and the share of staff who leave above the usual
    """
    quality, turnover = quality.copy(), np.zeros(quality.shape)
    by_caseload, by_carried = s.values["turnover_by_caseload"], s.values["turnover_by_carried"]
    followed = staffed(s)
    for a, place in enumerate(s.places):
        for k, name in enumerate(names):
            if (place, name) not in followed:
                quality[a, k] = quality_crowded(quality[a, k], crowded[a, k], s.values["turnover_slope"])
                continue
            turnover[a, k] = turnover_added(crowded[a, k], carried[a, k], by_caseload, by_carried)
            quality[a, k] = sufficiency_staffed(
                quality[a, k],
                max(1.0, crowded[a, k]),
                turnover[a, k] * s.values["unfilled_share"],
                turnover[a, k],
                s.values["sufficiency_by_caseload"],
                s.values["sufficiency_by_gap"],
            )
    return quality, turnover


def staffed(s: Surroundings) -> set[tuple[str, str]]:
    """List the (authority, service) pairs whose Sufficiency is read from the staffing of social care."""
    given = {(row.authority, row.service) for row in s.tables.rows["service_levels"]}
    names = [row.service for row in s.tables.rows["services"] if row.staffed_by_social_workers]
    return {(place, name) for place in s.places for name in names} - given


def thresholds(s: Surroundings, acceptance: Any, crowded: Any) -> None:
    """Let a service that is rationed by its threshold accept fewer of the less urgent when its tier is full."""
    for k, row in enumerate(s.tables.rows["services"]):
        if row.rationed_by == "threshold":
            for a in range(len(s.places)):
                for band in range(1, BANDS):
                    acceptance[a, k, band] = acceptance_crowded(
                        acceptance[a, k, band], crowded[a, k], s.values["threshold_slope"]
                    )


def crowding(s: Surroundings, names: list[str], last: Ledger, year: int) -> Any:
    """Give the children that each service held at last 31 March over its places; the front door's is its tier's.

    Returns
    -------
    (A, S); 0 where a service takes whoever comes
    """
    held, rows = last.stock[year - 1].astype(float), s.tables.rows["services"]
    supplied = places(s, names, last.ages[year - 1], s.first_year() + year)
    for k, row in enumerate(rows):
        if row.channel == "front_door":
            tier = [j for j, other in enumerate(rows) if other.tier == row.tier and j != k]
            held[:, k], supplied[:, k] = held[:, tier].sum(axis=1), supplied[:, tier].sum(axis=1)
    rationed = np.array([row.rationed_by != "none" for row in rows])
    return np.where(rationed, held / np.maximum(1, supplied), 0.0)


def places(s: Surroundings, names: list[str], children: Any, calendar: int) -> Any:
    """Give the places of each service in each place: a number per 1,000 children there by age, moved by supply.

    Parameters
    ----------
    children : (A, 18) children by age

    Returns
    -------
    (A, S) whole numbers
    """
    per_child = np.array(
        [
            [s.moved("supply", place, 1.0, calendar, n) * s.values[f"services.{n}.places"] / 1000.0 for n in names]
            for place in s.places
        ]
    )
    return np.floor(per_child * (np.asarray(children) @ place_ages(s, names).T)).astype(np.int64)


def place_ages(s: Surroundings, names: list[str]) -> Any:
    """Give for children of which age places are, over the mean of ages 0 to 17: 1 where no row says so.

    Returns
    -------
    (S, 18)
    """
    found = np.ones((len(names), ADULT))
    for row in s.tables.rows["place_ages"]:
        found[names.index(row.service), row.age] = s.values[f"place_ages.{row.service}.{row.age}.weight"]
    return found


def neighbourhood_amplification(s: Surroundings, year: int, last: Ledger | None) -> Any:
    """Raise hazards where last year's burden was above the reference.

    Returns
    -------
    (N, 2) ratios, 1 where it is off and where there is no year before
    """
    where = layout(tuple(tuple(counts.tolist()) for counts in neighbourhoods_of(s.tables).values()))
    if not s.scenario.switches.amplification or last is None or not 0 < year <= len(last.burden):
        return np.ones((len(where.decile), 2))
    return amplify(s.tables, s.values, s.places, where, last, year, s.scenario.switches.spillover)


def deprivation_left(s: Surroundings, calendar: int) -> Any:
    """Give what the poverty lever leaves of each decile's log distance from the least deprived.

    Of the share by which deprivation falls, only the causal share of a gradient goes with it.

    Returns
    -------
    (A, 10), 1 without the lever
    """
    causal = s.values["poverty_causal_share"]
    left = np.ones((len(s.places), 10))
    for a, place in enumerate(s.places):
        for lever in s.levers("poverty", place):
            left[a, lever.deciles[0] - 1 : lever.deciles[1]] *= 1.0 - causal * lever.apply(0.0, calendar)
    return left


def gradients(s: Surroundings, left: Any) -> Any:
    """Give the ratio of each type's hazard by decile and ethnic group, in each place.

    Parameters
    ----------
    left : (A, 10) what is left of each decile's distance from the least deprived

    Returns
    -------
    (A, J, 50) by 5 x decile + group
    """
    england = np.array([s.values[f"ethnic_groups.england.{group}.share"] for group in GROUPS])
    raised = np.array([s.values[f"discrimination_ratio_{group}"] for group in GROUPS])
    raised = raised / (raised @ england)
    kinds = s.tables.rows["adversities"]
    steps = centred([s.values[f"adversities.{row.adversity}.deprivation_ratio"] for row in kinds])
    steps = steps[:, 9:] * (steps / steps[:, 9:]) * eased_ratio(steps, left[:, None])
    groups = np.where(np.array([[row.raised_by_discrimination] for row in kinds]), raised, 1.0)
    return (steps[..., None] * groups[:, None]).reshape(len(s.places), len(kinds), 50)


def hazard_factors(s: Surroundings, calendar: int) -> Any:
    """Give what prevention leaves of each type's hazard, by place and age.

    Returns
    -------
    (A, 18, J)
    """
    result = np.ones((len(s.places), ADULT, len(s.tables.rows["adversities"])))
    for a, place in enumerate(s.places):
        for lever in s.levers("prevention", place):
            result[a, lever.ages[0] : lever.ages[1] + 1] *= 1.0 - lever.apply(0.0, calendar)
    return result
