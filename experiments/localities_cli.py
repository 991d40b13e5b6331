"""Answer at the command line about groups and localities.

Libraries that are slow to load are imported inside the command that needs them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.limits import LARGEST_SEED, check_children, check_fraction, check_whole, cores
from experiments.options import Debug, Json, known_place

if TYPE_CHECKING:
    from simulation.inputs import Tables

INEQUALITY_EXAMPLES = """\b
Examples:
  wellheld inequality sandwell                      differences between ethnic groups, parted
  wellheld inequality region --out groups.csv       the seven authorities together, as a table
  wellheld inequality dudley --apart                group and decile drawn apart: deprivation explains nothing
"""
LOCALITIES_EXAMPLES = """\b
Examples:
  wellheld localities sandwell                      indices and simulated neighbourhoods
  wellheld localities region --out localities.csv   a row for each neighbourhood, ready for a map
  wellheld localities walsall --picture walsall.png the same as a picture
"""
Place = Annotated[str, typer.Argument(metavar="PLACE", help="An authority, such as sandwell, or region.")]
Seed = Annotated[int, typer.Option(help="Same seed, same children, same results: 0 to 2^63-1.")]
Jobs = Annotated[int | None, typer.Option(help="Cores to use, 1 or more.", show_default="all")]
Out = Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write a CSV file too.")]


def inequality(
    place: Place,
    draws: Annotated[int, typer.Option(help="Draws of the uncertain numbers, 1 to 100,000.")] = 16,
    seed: Seed = 1,
    children: Annotated[int, typer.Option(help="Children in each place.")] = 20_000,
    jobs: Jobs = None,
    apart: Annotated[bool, typer.Option("--apart", help="Draw ethnic group and decile apart.")] = False,
    as_json: Json = False,
    out: Out = None,
    debug: Debug = False,
) -> None:
    """Part differences between ethnic groups into deprivation, discrimination and the rest.

    Not for predicting or for decisions about any individual child.
    """
    check_whole("--draws", draws, 1, 100_000, "16 is the default")
    check_whole("--seed", seed, 0, LARGEST_SEED, "1 is the default")
    check_whole("--jobs", jobs, 1, 1024, "leave it out to use all cores")
    place, count = chosen_place(place)
    check_children(children, count)
    from experiments.published.files import check_file, write_file

    check_file(out)
    from experiments.inequality import decompose
    from experiments.localities_screen import inequality_json, inequality_screen

    found = decompose(place, draws, seed, children, jobs or cores(), not apart)
    typer.echo(inequality_json(found) if as_json else inequality_screen(found), nl=False)
    if out is not None:
        write_file(found.table.to_csv(index=False, lineterminator="\n").encode(), out)
        typer.echo(f"Table in {out}", err=True)


def localities(
    place: Place,
    seed: Seed = 1,
    size: Annotated[float, typer.Option(help="Share of the residents who are simulated, up to 1.")] = 1.0,
    scenario: Annotated[
        str, typer.Option(metavar="FILE", help="A .toml file, or a shipped one: today, improved, unchanged.")
    ] = "today",
    jobs: Jobs = None,
    as_json: Json = False,
    out: Out = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw a picture too.")] = None,
    debug: Debug = False,
) -> None:
    """Set indices of adversity and resilience beside what simulated neighbourhoods carry.

    Simulated neighbourhoods, not real places. Not for ranking authorities.
    """
    check_whole("--seed", seed, 0, LARGEST_SEED, "1 is the default")
    check_fraction("--size", size, 0.01, 1, "1 is the default")
    check_whole("--jobs", jobs, 1, 1024, "leave it out to use all cores")
    place, _ = chosen_place(place)
    from experiments.published.files import check_file, write_file

    check_file(out)
    check_file(picture, ".png", "--picture")
    from experiments.localities import find
    from experiments.localities_screen import localities_json, localities_screen
    from experiments.questions import find_scenario
    from simulation.inputs import load_tables

    found = find(place, seed, size, find_scenario(scenario, load_tables()), jobs or cores())
    typer.echo(localities_json(found) if as_json else localities_screen(found), nl=False)
    if out is not None:
        write_file(found.neighbourhoods.to_csv(index=False, lineterminator="\n").encode(), out)
        typer.echo(f"Table in {out}", err=True)
    if picture is not None:
        from experiments.localities_figure import png

        write_file(png(found), picture, "--picture")
        typer.echo(f"Picture in {picture}", err=True)


def chosen_place(place: str) -> tuple[str, int]:
    """Give a place by its name in the tables, and how many authorities it is."""
    from simulation.inputs import load_tables

    tables: Tables = load_tables()
    names = [row.authority for row in tables.rows["authorities"] if row.role == "place"]
    place = known_place(place, (*names, "region"))
    return place, len(names) if place == "region" else 1
