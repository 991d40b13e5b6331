"""Answer at the command line what is asked of the whole system: from resources and flows to switches.

Libraries that are slow to load are imported inside the command that needs them.
"""

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import ask, tell
from experiments.limits import check_whole, cores
from experiments.options import (
    Children,
    Debug,
    Draws,
    Folder,
    Force,
    Jobs,
    Json,
    One,
    Place,
    Quiet,
    ScenarioOption,
    Seed,
    Share,
    Table,
)
from experiments.published.cli import finish

app = typer.Typer()
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
    asked = ask(place, scenario, seed, region=True, share=share, out=out)
    from experiments.resources import needs_against_resources, screen

    table = needs_against_resources(asked.tables, list(asked.authorities), asked.scenario, seed, share)
    tell(screen(table, asked.place.replace("_", " ")), table, as_json, out)


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
    asked = ask(place, scenario, seed, share=share, out=out)
    from experiments.published.files import check_file, write_file

    check_file(picture, ".png", "--picture")
    from experiments import flows as drawing
    from experiments.figures import png

    table = drawing.typical_year(asked.tables, asked.place, asked.scenario, seed, share)
    drawn = png(drawing.figure(table, asked.place)) if picture is not None else b""
    tell(drawing.screen(table, asked.place, asked.scenario.name, seed, share), table, as_json, out)
    if picture is not None:
        write_file(drawn, picture, "--picture")
        typer.echo(f"Picture in {picture}", err=True)


@app.command()
def units(
    place: One = "sandwell",
    scenario: ScenarioOption = "today",
    years: Annotated[int, typer.Option(help="Years of all residents, 1 to 35.")] = 3,
    seed: Seed = 1,
    jobs: Jobs = None,
    out: Folder = None,
    force: Force = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not say where the results are.")] = False,
    debug: Debug = False,
) -> None:
    """Compare units of a service, such as schools: how often each holds children of equal need, within chance.

    Units are the scenario's [[unit]] rows; without any, schools generated as an example, none of which exists.
    """
    check_whole("--years", years, 1, 35, "3 is the default")
    asked = ask(place, scenario, seed, jobs=jobs)
    from experiments.files import check_out, default_name
    from experiments.units import units_folder

    folder = check_out(out, default_name(f"{asked.place}-units", asked.scenario, "today"), force)
    command = f"wellheld units {asked.place} --scenario {scenario} --years {years} --seed {seed}"
    found = units_folder(asked.scenario, asked.tables, asked.place, years, seed, jobs or cores(), command)
    finish(found, folder, force, quiet)


@app.command()
def agencies(
    place: One = "sandwell",
    seed: Seed = 1,
    children: Children = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Count the agencies in touch with a person in a year, by age and ACE count, under today's services."""
    asked = ask(place, seed=seed, children=children)
    from experiments import agencies as overlap

    table = overlap.agencies(asked.place, seed, children)
    tell(overlap.screen(asked.place, table), table, as_json)


@app.command(epilog=GENERATIONS)
def generations(
    place: One = "sandwell",
    draws: Draws = 32,
    seed: Seed = 1,
    children: Children = None,
    jobs: Jobs = None,
    scenario: ScenarioOption = "improved",
    out: Table = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Follow a cohort's children: the share of burden and of benefit that comes by way of their parents."""
    check_whole("--draws", draws, 1, 100_000, "32 is the default")
    asked = ask(place, scenario, seed, children=children, jobs=jobs, out=out)
    from experiments import generations as two
    from experiments.progress import progress_on_stderr
    from experiments.screen import settings

    with progress_on_stderr(f"Two generations of {asked.place}", hidden=quiet or as_json) as progress:
        table = two.generations(asked.place, draws, seed, children, asked.scenario, jobs or cores(), progress)
    said = f"{settings(asked.place, children, seed)}, {draws} draws"
    tell(two.screen(table, said, asked.scenario.name), table, as_json, out)


@app.command(epilog=ABLATION)
def ablation(
    place: One = "sandwell",
    scenario: ScenarioOption = "improved",
    seeds: Annotated[int, typer.Option(help="Replicates of chance, 2 or more.")] = 8,
    seed: Seed = 1,
    children: Children = None,
    jobs: Jobs = None,
    out: Table = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Turn each switch of the model, one at a time, and tell what becomes of the headline."""
    check_whole("--seeds", seeds, 2, 1000, "8 is the default")
    asked = ask(place, scenario, seed, children=children, jobs=jobs, out=out)
    from experiments import ablation as switches
    from experiments.progress import progress_on_stderr
    from experiments.screen import settings

    with progress_on_stderr(f"Turning switches, {asked.place}", hidden=quiet or as_json) as progress:
        table = switches.ablation(asked.place, asked.scenario, children, seeds, seed, jobs or cores(), progress)
    said = f"{settings(asked.place, children, seed)}, {seeds} replicates of chance"
    tell(switches.screen(table, said, asked.scenario.name), table, as_json, out)
