"""Options and arguments that several commands share."""

from collections.abc import Collection
from typing import Annotated

import typer

from simulation.errors import InputError, nearest, shown

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where in the program an error arose.")]


def known_place(place: str, names: Collection[str]) -> str:
    """Give the name of a place as the tables write it, or offer the nearest."""
    if place.casefold() in names:
        return place.casefold()
    raise InputError(f"unknown place {shown(place)}.{nearest(place, names)} Places: {', '.join(names)}.")
