"""Options and arguments that several commands share."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulation.errors import InputError, nearest, shown

if TYPE_CHECKING:
    from simulation.inputs import Tables

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where in the program an error arose.")]
Force = Annotated[bool, typer.Option("--force", help="Replace results already there.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
Jobs = Annotated[int | None, typer.Option(help="Cores to use, 1 or more.", show_default="all")]
Folder = Annotated[Path | None, typer.Option(help="Folder for the results.", show_default="named by the command")]
Table = Annotated[Path | None, typer.Option("--out", metavar="FILE.csv", help="Write the whole table there.")]
Share = Annotated[float, typer.Option(help="Share of the residents who are simulated, up to 1.")]
Draws = Annotated[int, typer.Option(help="Draws of the uncertain numbers, 1 or more.")]


def places(tables: "Tables") -> dict[str, int]:
    """Give the authorities that can be run, each with its births a year."""
    return {row.authority: row.births for row in tables.rows["authorities"] if row.role == "place"}


def complete_place(typed: str) -> list[str]:
    """Offer places to shell completion."""
    from simulation.inputs import load_tables

    return [name for name in (*places(load_tables()), "region") if name.startswith(typed)]


Place = Annotated[
    str,
    typer.Argument(metavar="PLACE", help="An authority, such as sandwell, or region.", autocompletion=complete_place),
]
One = Annotated[str, typer.Argument(metavar="[PLACE]", help="An authority.", autocompletion=complete_place)]
Seed = Annotated[int, typer.Option(help="Same seed, same children, same results: 0 to 2^63-1.")]
Children = Annotated[int | None, typer.Option(help="Children in each place.", show_default="the place's births a year")]
ScenarioOption = Annotated[
    str, typer.Option(metavar="FILE", help="A .toml file, or a shipped one: today, improved, unchanged, family_hub.")
]


def known_place(place: str, names: Collection[str]) -> str:
    """Give the name of a place as the tables write it, or offer the nearest."""
    if place.casefold() in names:
        return place.casefold()
    raise InputError(f"unknown place {shown(place)}.{nearest(place, names)} Places: {', '.join(names)}.")


def chosen_place(tables: "Tables", place: str) -> tuple[str, int]:
    """Give a place's name, the region's too, and how many authorities it has."""
    here = known_place(place, (*places(tables), "region"))
    return here, len(places(tables)) if here == "region" else 1
