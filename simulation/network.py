"""Check that services form a network that children can walk: every service reached, no cycle without a way out."""

from collections.abc import Mapping
from typing import Any

from agents.names import ADULT
from simulation.errors import InputError
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
