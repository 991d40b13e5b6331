"""Answer at the command line about groups and localities.

Libraries that are slow to load are imported inside the command that needs them.
"""

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import ask
from experiments.limits import check_share, check_whole, cores
from experiments.options import Debug, Draws, Jobs, Json, Place, ScenarioOption, Seed, Table
from simulation.errors import InputError

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


def inequality(
    place: Place,
    draws: Draws = 16,
    seed: Seed = 1,
    children: Annotated[int, typer.Option(help="Children in each place.")] = 20_000,
    jobs: Jobs = None,
    apart: Annotated[bool, typer.Option("--apart", help="Draw ethnic group and decile apart.")] = False,
    as_json: Json = False,
    out: Table = None,
    debug: Debug = False,
) -> None:
    """Part differences between ethnic groups into deprivation, discrimination and the rest.

    Not for predicting or for decisions about any individual child.
    """
    check_whole("--draws", draws, 1, 100_000, "16 is the default")
    place = ask(place, seed=seed, region=True, children=children, jobs=jobs, out=out).place
    from experiments.inequality import decompose
    from experiments.localities_screen import inequality_json, inequality_screen
    from experiments.published.files import write_file

    found = decompose(place, draws, seed, children, jobs or cores(), not apart)
    typer.echo(inequality_json(found) if as_json else inequality_screen(found), nl=False)
    if out is not None:
        write_file(found.table.to_csv(index=False, lineterminator="\n").encode(), out)
        typer.echo(f"Table in {out}", err=True)


def localities(
    place: Place,
    seed: Seed = 1,
    share: Annotated[
        float | None, typer.Option(help="Share of the residents who are simulated, up to 1.", show_default="1")
    ] = None,
    size: Annotated[float | None, typer.Option(help="The same as --share.", hidden=True)] = None,
    scenario: ScenarioOption = "today",
    jobs: Jobs = None,
    as_json: Json = False,
    out: Table = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw a picture too.")] = None,
    debug: Debug = False,
) -> None:
    """Set indices of adversity and resilience beside what simulated neighbourhoods carry.

    Simulated neighbourhoods, not real places. Not for ranking authorities.
    """
    if share is not None and size is not None:
        raise InputError(f"--size {size:g} and --share {share:g} are two names of one share; keep --share")
    check_share(size, "--size")
    asked = ask(place, scenario, seed, region=True, share=share, jobs=jobs, out=out)
    from experiments.published.files import check_file, write_file

    check_file(picture, ".png", "--picture")
    from experiments.localities import find
    from experiments.localities_screen import localities_json, localities_screen

    found = find(asked.place, seed, share or size or 1.0, asked.scenario, jobs or cores())
    typer.echo(localities_json(found) if as_json else localities_screen(found), nl=False)
    if out is not None:
        write_file(found.neighbourhoods.to_csv(index=False, lineterminator="\n").encode(), out)
        typer.echo(f"Table in {out}", err=True)
    if picture is not None:
        from experiments.localities_figure import png

        write_file(png(found), picture, "--picture")
        typer.echo(f"Picture in {picture}", err=True)
