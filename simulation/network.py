"""Check networks: services that children can walk (all reached, no cycle without a way out), places that touch."""

from collections.abc import Mapping
from typing import Any

from agents.names import ADULT, CONDITIONS, Reason
from simulation.errors import InputError, nearest
from simulation.rows import SCENARIO

EVERY_CHILD = 1000
"""Places per 1,000 children of a service that takes whoever comes."""
LED_TO_BY_RULES = ("assessment", "severe_absence", "not_in_education")
"""Services that rules of the model lead to without a pathway."""


def check_network(rows: Mapping[str, list[Any]]) -> None:
    """Refuse a service that nobody can reach, places that nobody asks for, and escalation that only goes round.

    Raises
    ------
    InputError
        It names the file, the row and the service.
    """
    passed_to = {row.to for row in rows["pathways"]}
    brought_in = {row.support for row in rows["supports"]}
    recorded = {row.event for row in rows["events"]}
    for line, row in enumerate(rows["services"], start=2):
        where = f"services.csv: row {line}: '{row.service}'"
        if row.tier == "universal" or row.service in passed_to or row.service in LED_TO_BY_RULES:
            continue
        if row.service not in brought_in and row.service not in recorded:
            raise InputError(
                f"{where} is reached by nobody; lead a row of pathways.csv or supports.csv to it, or remove it"
            )
        if row.places < EVERY_CHILD:
            raise InputError(
                f"{where} has {row.places:g} places per 1,000 children and nobody asks for one; "
                f"add a row to pathways.csv that leads to it, or give places {EVERY_CHILD}"
            )
    check_cycles(rows["pathways"])


def reason_names(rows: Mapping[str, list[Any]]) -> dict[str, int]:
    """Give the bit of every reason for which an adult may come to a service: adversities, conditions, standing."""
    adversities = dict.fromkeys(row.adversity for row in rows["adult_adversities"])
    return {
        **{name: bit for bit, name in enumerate(adversities)},
        **{row.condition: CONDITIONS + bit for bit, row in enumerate(rows["conditions"])},
        **{reason.name.lower(): int(reason) for reason in Reason},
    }


def check_adult_services(rows: Mapping[str, list[Any]]) -> None:
    """Refuse an adult service that nobody comes to, and a route from or to what has no row.

    Raises
    ------
    InputError
        It names the file, the row and the service.
    """
    services = {row.service: row for row in rows["adult_services"]}
    if len(services) > 16:
        raise InputError(f"adult_services.csv: {len(services)} services where 16 fit a person's record; merge some")
    names = reason_names(rows)
    for line, row in enumerate(rows["adult_routes"], start=2):
        where = f"adult_routes.csv: row {line}"
        if row.service not in services:
            raise InputError(f"{where}: unknown service '{row.service}'.{nearest(row.service, services)}")
        if row.reason not in names:
            raise InputError(
                f"{where}: unknown reason '{row.reason}'; give an adult adversity, a condition, or one of "
                f"{', '.join(reason.name.lower() for reason in Reason)}.{nearest(row.reason, names)}"
            )
    reached = {row.service for row in rows["adult_routes"]}
    for line, row in enumerate(rows["adult_services"], start=2):
        if row.service not in reached:
            raise InputError(
                f"adult_services.csv: row {line}: '{row.service}' is reached by nobody; lead a row of "
                "adult_routes.csv to it, or remove it"
            )


def check_cycles(pathways: list[Any]) -> None:
    """Refuse services that pass children round among themselves with certainty, each to the next with weight 1."""
    for age in range(ADULT):
        onward = certain_ways(pathways, age)
        for service, (line, _) in onward.items():
            ring, lines = [service], [line]
            while (way := onward.get(ring[-1])) is not None and way[1] not in ring:
                ring.append(way[1])
                lines.append(onward.get(way[1], way)[0])
            if way is not None and way[1] == service:
                own = [number for number in lines if pathways[number - 2].source == SCENARIO]
                raise InputError(
                    f"pathways.csv: row {(own or lines)[0]}: at age {age} escalation goes round with probability 1 "
                    f"({' to '.join([*ring, service])}); give one of them a second destination"
                )


def check_adjacency(rows: Mapping[str, list[Any]]) -> None:
    """Refuse an authority that touches itself, or one that touches another without being touched by it."""
    places = [row.authority for row in rows["authorities"] if row.role == "place"]
    pairs = {(row.authority, row.neighbour) for row in rows["adjacency"]}
    for line, row in enumerate(rows["adjacency"], start=2):
        where = f"adjacency.csv: row {line}:"
        for name in (row.authority, row.neighbour):
            if name not in places:
                raise InputError(f"{where} '{name}' is no place of authorities.csv; give one of {', '.join(places)}")
        if row.authority == row.neighbour:
            raise InputError(f"{where} '{row.authority}' is its own neighbour; remove the row")
        if (row.neighbour, row.authority) not in pairs:
            raise InputError(
                f"{where} {row.authority} touches {row.neighbour}, which has no row for {row.authority}; add it"
            )


def certain_ways(pathways: list[Any], age: int) -> dict[str, tuple[int, str]]:
    """Find where escalation of an age leads with certainty: by service, the row's line and the destination."""
    here = [
        (line, row)
        for line, row in enumerate(pathways, start=2)
        if row.move == "escalate" and row.age_from <= age <= row.age_to
    ]
    diverted: dict[str, float] = {}
    for _, row in here:
        diverted[row.service] = diverted.get(row.service, 0.0) + (row.weight if row.diverted else 0.0)
    return {
        row.service: (line, row.to)
        for line, row in here
        if row.weight * (1.0 if row.diverted else 1.0 - diverted[row.service]) == 1.0
    }
