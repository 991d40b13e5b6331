"""Answer at the command line: the two published cost models, rebuilt.

Libraries that are slow to load are imported inside the command that needs them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.limits import check_fraction, check_jobs, check_seed, check_whole, cores
from experiments.options import Debug, Folder, Force, Jobs, Json, Quiet, known_place

if TYPE_CHECKING:
    from experiments.published.folders import Folder as Found
    from experiments.published.scenarios import Reading
    from simulation.inputs import Tables

ACE_EXAMPLES = """\b
Examples:
  wellheld published ace-costs                        all seven authorities and the region
  wellheld published ace-costs --authority sandwell   one authority, condition by condition
  wellheld published ace-costs --reduction 0.2        20% fewer ACEs
  wellheld published ace-costs --out ace_costs.csv    the same as a table
  wellheld published ace-costs --xlsx ace_costs.xlsx  the same as a workbook with live formulas
"""

Workbook = Annotated[Path | None, typer.Option(metavar="FILE.xlsx", help="Write a workbook with live formulas too.")]

app = typer.Typer(help="The published cost models, rebuilt from their published figures.", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def start(context: typer.Context) -> None:
    """Print the help where no command is given."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def check_workbook(xlsx: Path | None) -> None:
    """Refuse a workbook that cannot be written, before anything is computed."""
    if xlsx is not None:
        from experiments.published.workbook import check_workbook_path

        check_workbook_path(xlsx)


def write_workbook(content: bytes | None, xlsx: Path | None) -> None:
    """Write a workbook, where one is asked for, and say where it is."""
    if content is not None and xlsx is not None:
        from experiments.published import workbook

        workbook.write_workbook(content, xlsx)
        typer.echo(f"Workbook in {xlsx}", err=True)


def complete_authority(typed: str) -> list[str]:
    """Offer authorities to shell completion."""
    from experiments.published.ace_costs import authorities
    from experiments.published.inputs import load_published

    return [name for name in authorities(load_published()) if name.startswith(typed.casefold())]


@app.command(epilog=ACE_EXAMPLES)
def ace_costs(
    authority: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="An authority, such as sandwell, or region.",
            show_default="all",
            autocompletion=complete_authority,
        ),
    ] = None,
    reduction: Annotated[
        float | None, typer.Option(help="How many fewer ACEs, as a share: 0 to 1.", show_default="0.1, as published")
    ] = None,
    inflation: Annotated[
        float | None, typer.Option(help="Rise of prices a year, -0.5 to 1.", show_default="0.05, as published")
    ] = None,
    growth: Annotated[
        float | None, typer.Option(help="Growth of ACEs a year, -0.5 to 1.", show_default="0.02, as published")
    ] = None,
    years: Annotated[int | None, typer.Option(help="Years of cost, 1 to 100.", show_default="10, as published")] = None,
    draws: Annotated[int, typer.Option(help="Draws of the uncertain numbers, 1 to 100,000.")] = 1024,
    seed: Annotated[int, typer.Option(help="Same seed, same draws: 0 to 2^63-1.")] = 1,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write a CSV file too.")] = None,
    xlsx: Workbook = None,
    debug: Debug = False,
) -> None:
    """Rebuild the published cost of ACEs: lost GDP, savings, and the cost over years.

    Published figures stand beside rebuilt ones. Not for predicting or for decisions about any individual child.
    """
    check_fraction("--reduction", reduction, 0, 1, "leave it out for the published one")
    check_fraction("--inflation", inflation, -0.5, 1, "leave it out for the published one")
    check_fraction("--growth", growth, -0.5, 1, "leave it out for the published one")
    check_whole("--years", years, 1, 100, "leave it out for the published ones")
    check_whole("--draws", draws, 1, 100_000, "1024 is the default")
    check_seed(seed)
    from experiments.published import ace_costs as model
    from experiments.published.files import check_file, write_file
    from experiments.published.inputs import load_published

    tables = load_published()
    names = model.authorities(tables)
    chosen = names if authority is None else (known_place(authority, names),)
    check_file(out)
    check_workbook(xlsx)
    question = model.ask(tables, chosen, reduction, inflation, growth, years, draws, seed)
    answer = model.rebuild(tables, question)
    from experiments.published import ace_files, ace_screen

    # Everything is worked out before anything is written or printed.
    text = ace_files.as_json(answer, tables) if as_json else ace_screen.screen(answer)
    content = None
    if xlsx is not None:
        from experiments.published.ace_workbook import ace_costs_workbook

        content = ace_costs_workbook(tables, question)
    if out is not None:
        write_file(ace_files.as_csv(answer, tables), out)
    write_workbook(content, xlsx)
    typer.echo(text, nl=False)
    if out is not None:
        typer.echo(f"Table in {out}", err=True)


FLOW_EXAMPLES = """\b
Examples:
  wellheld published flow                             today against the published improvement
  wellheld published flow --scenario mine.toml        a scenario of your own
  wellheld published flow --detail primary_school     a stage school by school (a generated example)
  wellheld published flow --reading relative          +10% as times 1.10
  wellheld published flow --xlsx flow.xlsx            the same as a workbook with live formulas
"""
ReadingOption = Annotated[str, typer.Option(help="How the published +10% and +20% are meant: points or relative.")]


def known_reading(reading: str) -> "Reading":
    """Give the reading that is asked for, or offer the nearest."""
    from experiments.published.scenarios import READINGS
    from simulation.errors import InputError, nearest, shown

    for name in READINGS:
        if reading == name:
            return name
    raise InputError(f"--reading: unknown reading {shown(reading)}.{nearest(reading, READINGS)} points or relative.")


def known_stages(detail: str | None, tables: "Tables") -> tuple[str, ...] | None:
    """Give the services to take in detail, or None for those of the table; each must have units."""
    from simulation.errors import InputError, nearest, shown

    if detail is None:
        return None
    names = list(dict.fromkeys(row.service for row in tables.rows["flow_units"]))
    asked = tuple(name.strip() for name in detail.split(",") if name.strip())
    for name in asked:
        if name not in names:
            raise InputError(
                f"--detail: no units of {shown(name)}.{nearest(name, names)} flow_units.csv has: {', '.join(names)}."
            )
    return asked


@app.command(epilog=FLOW_EXAMPLES)
def flow(
    scenario: Annotated[
        str, typer.Option(metavar="FILE", help="baseline, improved, or a .toml file as wellheld run takes it.")
    ] = "improved",
    years: Annotated[int | None, typer.Option(help="Years, 1 to 18.", show_default="4, as published")] = None,
    reading: ReadingOption = "points",
    detail: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Stages to take unit by unit, joined by commas.")
    ] = None,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write the ledger as CSV too.")] = None,
    xlsx: Workbook = None,
    debug: Debug = False,
) -> None:
    """Rebuild the published services flow model: children and CATs in and out of every service.

    Its inputs are reconstructed from the published answers. Not for predicting or for decisions about any individual
    child.
    """
    check_whole("--years", years, 1, 18, "leave it out for the published four")
    chosen_reading = known_reading(reading)
    from experiments.published import flow_screen
    from experiments.published.files import check_file, write_file
    from experiments.published.inputs import load_published
    from experiments.published.reconstruction import YEARS
    from experiments.published.scenarios import flow_scenario

    tables = load_published()
    stages = known_stages(detail, tables)
    chosen = flow_scenario(scenario, tables, chosen_reading)
    check_file(out)
    check_workbook(xlsx)
    if xlsx is not None and stages:
        raise typer.BadParameter("a workbook shows stages as a whole; leave --detail out")
    shown = flow_screen.show(tables, chosen, chosen_reading, years or YEARS, stages)
    text = flow_screen.as_json(shown) if as_json else flow_screen.screen(shown)
    content = None
    if xlsx is not None:
        from experiments.published.flow_workbook import flow_workbook

        content = flow_workbook(tables, shown.values, chosen, shown.years)
    if out is not None:
        write_file(flow_screen.as_csv(shown), out)
    write_workbook(content, xlsx)
    typer.echo(text, nl=False)
    if out is not None:
        typer.echo(f"Ledger in {out}", err=True)


@app.command(name="range")
def sampled_range(
    sets: Annotated[int, typer.Option(help="Sets of inputs, 2 to 10,000.")] = 200,
    seed: Annotated[int, typer.Option(help="Same seed, same sets: 0 to 2^63-1.")] = 1,
    reading: ReadingOption = "points",
    jobs: Jobs = None,
    out: Folder = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Find how far the published answers of the flow model leave its inputs, and other answers, open.

    Samples sets of inputs that all give the published answers, and asks each of them what the publication did not say.
    """
    check_whole("--sets", sets, 2, 10_000, "200 is the default")
    check_seed(seed)
    check_jobs(jobs)
    chosen_reading = known_reading(reading)
    from experiments.files import check_out
    from experiments.published.inputs import load_published
    from experiments.published.reconstruction import sets as sample
    from experiments.published.scenarios import IMPROVED, flow_scenario

    tables = load_published()
    improvement = flow_scenario(IMPROVED, tables, chosen_reading)
    folder = check_out(out, "range", force)
    from experiments.progress import progress_on_stderr
    from experiments.published.folders import range_folder

    with progress_on_stderr("Sampling sets of inputs", hidden=quiet) as progress:
        kept, tried = sample(tables, improvement, sets, seed, jobs or cores(), progress)
    command = f"wellheld published range --sets {sets} --seed {seed} --reading {reading}"
    found = range_folder(tables, improvement, kept, tried, command, jobs or cores())
    finish(found, folder, force, quiet)


@app.command()
def bridge(
    draws: Annotated[int, typer.Option(help="Draws of the uncertain numbers, 4 to 100,000.")] = 64,
    sets: Annotated[int, typer.Option(help="Other sets of the flow model's inputs to walk from, 0 to 1,000.")] = 8,
    replicates: Annotated[int, typer.Option(help="Seeds of chance at central numbers, 8 to 10,000.")] = 16,
    seed: Annotated[int, typer.Option(help="Same seed, same children: 0 to 2^63-1.")] = 1,
    jobs: Jobs = None,
    out: Folder = None,
    force: Force = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Walk from the published flow model to the children, one difference at a time, and tie lost GDP at both ends.

    Not for predicting or for decisions about any individual child.
    """
    check_whole("--draws", draws, 4, 100_000, "64 is the default")
    check_whole("--replicates", replicates, 8, 10_000, "16 is the default")
    check_whole("--sets", sets, 0, 1000, "8 is the default")
    check_seed(seed)
    check_jobs(jobs)
    from experiments.files import check_out
    from experiments.published.inputs import load_published
    from experiments.published.scenarios import IMPROVED, flow_scenario
    from simulation.inputs import load_tables

    folder = check_out(out, "bridge", force)
    from experiments.progress import progress_on_stderr
    from experiments.published import bridge as walk
    from experiments.published.folders import bridge_folder
    from experiments.published.reconciliation import reconcile
    from experiments.published.reconstruction import other_sets

    improvement = flow_scenario(IMPROVED, load_published())
    others = other_sets(load_published(), improvement, sets, seed)
    with progress_on_stderr("Walking the bridge", hidden=quiet) as progress:
        bridged = walk.bridge(improvement, draws, replicates, seed, jobs or cores(), progress, others)
    reconciled = reconcile(seed=seed, replicates=replicates, main_job=walk.main_job(bridged))
    command = f"wellheld published bridge --draws {draws} --sets {sets} --replicates {replicates} --seed {seed}"
    finish(bridge_folder(bridged, reconciled, command, load_published(), load_tables()), folder, force, quiet)


def finish(found: "Found", out: Path, force: bool, quiet: bool) -> None:
    """Write a results folder whole, print its screen, and say where the folder is."""
    from experiments.files import publish
    from experiments.published.folders import files
    from simulation.errors import ResourceError

    try:
        publish(files(found), out, force)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ResourceError(
            f"--out {out}: cannot write the results ({reason}); free space or choose another"
        ) from error
    typer.echo(found.screen, nl=False)
    if not quiet:
        typer.echo(f"Results in {out}", err=True)
