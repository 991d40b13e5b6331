"""Answer at the command line what is asked of the whole system: resources, a year's flows, generations, switches.

Libraries that are slow to load are imported inside the command that needs them.
"""

from pathlib import Path
from typing import Annotated

import typer

from experiments.limits import LARGEST_SEED, check_children, check_fraction, check_whole, cores
from experiments.options import (
    Children,
    Debug,
    Json,
    Place,
    ScenarioOption,
    Seed,
    chosen_place,
    complete_place,
    known_place,
    places,
)

app = typer.Typer()
One = Annotated[
    str, typer.Argument(metavar="[PLACE]", help="An authority, such as sandwell.", autocompletion=complete_place)
]
Share = Annotated[float, typer.Option(help="Share of the residents who are simulated.")]
Table = Annotated[Path | None, typer.Option("--out", metavar="FILE.csv", help="Write the whole table there.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
RESOURCES = """\b
Examples:
  wellheld resources sandwell
  wellheld resources region --share 0.2 --out gaps.csv
"""
FLOWS = """\b
Examples:
  wellheld flows sandwell --picture year.png
"""
GENERATIONS = """\b
Examples:
  wellheld generations sandwell --draws 16
"""
ABLATION = """\b
Examples:
  wellheld ablation                        every switch, Sandwell, eight seeds
  wellheld ablation dudley --children 1000
"""


@app.command(epilog=RESOURCES)
def resources(
    place: Place,
    scenario: ScenarioOption = "today",
    seed: Seed = 1,
    share: Share = 1.0,
    out: Table = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Set needs against resources: who needs each service, who has it, who waits, and the gap."""
    check_whole("--seed", seed, 0, LARGEST_SEED, "1 is the default")
    check_fraction("--share", share, 0.01, 1, "1 simulates every resident")
    from experiments.published.files import check_file, write_file
    from experiments.questions import find_scenario
    from simulation.inputs import load_tables

    tables = load_tables()
    place, count = chosen_place(tables, place)
    check_file(out)
    chosen = find_scenario(scenario, tables)
    from experiments.report import as_json_rows, csv_bytes
    from experiments.resources import needs_against_resources, screen

    names = list(places(tables)) if count > 1 else [place]
    table = needs_against_resources(tables, names, chosen, seed, share)
    typer.echo(as_json_rows(table) if as_json else screen(table, place.replace("_", " ")), nl=False)
    if out is not None:
        write_file(csv_bytes(table), out)
        typer.echo(f"Table in {out}", err=True)


@app.command(epilog=FLOWS)
def flows(
    place: One = "sandwell",
    scenario: ScenarioOption = "today",
    seed: Seed = 1,
    share: Share = 1.0,
    out: Table = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the flows there.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Count and draw how children move between services in a typical year of residents."""
    check_whole("--seed", seed, 0, LARGEST_SEED, "1 is the default")
    check_fraction("--share", share, 0.01, 1, "1 simulates every resident")
    from experiments.published.files import check_file, write_file
    from experiments.questions import find_scenario
    from simulation.inputs import load_tables

    tables = load_tables()
    place = known_place(place, tuple(places(tables)))
    check_file(out)
    check_file(picture, ".png", "--picture")
    chosen = find_scenario(scenario, tables)
    from experiments import flows as drawing
    from experiments.figures import png
    from experiments.report import as_json_rows, csv_bytes
    from experiments.statutory import shown

    table = drawing.typical_year(tables, place, chosen, seed, share)
    typer.echo(as_json_rows(table) if as_json else shown(table[table["from"] != table["to"]]))
    for path, content, option in (
        (out, csv_bytes(table), "--out"),
        (picture, png(drawing.figure(table, place)), "--picture"),
    ):
        if path is not None:
            write_file(content, path, option)
            typer.echo(f"Written: {path}", err=True)


@app.command(epilog=GENERATIONS)
def generations(
    place: One = "sandwell",
    draws: Annotated[int, typer.Option(help="Draws of the uncertain numbers, 1 or more.")] = 32,
    seed: Seed = 1,
    children: Children = None,
    jobs: Annotated[int | None, typer.Option(help="Cores to use, 1 or more.", show_default="all")] = None,
    scenario: ScenarioOption = "improved",
    out: Table = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Follow a cohort's children: the share of burden and of benefit that comes by way of their parents."""
    check_whole("--draws", draws, 1, 100_000, "32 is the default")
    check_whole("--seed", seed, 0, LARGEST_SEED, "1 is the default")
    check_whole("--jobs", jobs, 1, 1024, "leave it out to use all cores")
    from experiments.published.files import check_file, write_file
    from experiments.questions import find_scenario
    from simulation.inputs import load_tables

    tables = load_tables()
    place = known_place(place, tuple(places(tables)))
    check_children(children, 1)
    check_file(out)
    chosen = find_scenario(scenario, tables)
    from experiments import generations as two
    from experiments.progress import progress_on_stderr
    from experiments.report import as_json_rows, csv_bytes

    with progress_on_stderr(f"Two generations of {place}", hidden=quiet or as_json) as progress:
        table = two.generations(place, draws, seed, children, chosen, jobs or cores(), progress)
    typer.echo(as_json_rows(table) if as_json else two.screen(table, place, chosen.name), nl=False)
    if out is not None:
        write_file(csv_bytes(table), out)
        typer.echo(f"Table in {out}", err=True)


@app.command(epilog=ABLATION)
def ablation(
    place: One = "sandwell",
    scenario: ScenarioOption = "improved",
    seeds: Annotated[int, typer.Option(help="Replicates of chance, 2 or more.")] = 8,
    seed: Seed = 1,
    children: Children = None,
    jobs: Annotated[int | None, typer.Option(help="Cores to use, 1 or more.", show_default="all")] = None,
    out: Table = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Turn each switch of the model, one at a time, and tell what becomes of the headline."""
    check_whole("--seeds", seeds, 2, 1000, "8 is the default")
    check_whole("--seed", seed, 0, LARGEST_SEED, "1 is the default")
    check_whole("--jobs", jobs, 1, 1024, "leave it out to use all cores")
    from experiments.published.files import check_file, write_file
    from experiments.questions import find_scenario
    from simulation.inputs import load_tables

    tables = load_tables()
    place = known_place(place, tuple(places(tables)))
    check_children(children, 1)
    check_file(out)
    chosen = find_scenario(scenario, tables)
    from experiments import ablation as switches
    from experiments.progress import progress_on_stderr
    from experiments.report import as_json_rows, csv_bytes

    with progress_on_stderr(f"Turning switches, {place}", hidden=quiet or as_json) as progress:
        table = switches.ablation(place, chosen, children, seeds, seed, jobs or cores(), progress)
    typer.echo(as_json_rows(table) if as_json else switches.screen(table, place, chosen.name), nl=False)
    if out is not None:
        write_file(csv_bytes(table), out)
        typer.echo(f"Table in {out}", err=True)
