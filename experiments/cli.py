"""Answer at the command line: run, timeline, parameters, interventions, check, and commands of other modules.

Libraries that are slow to load are imported inside the command that needs them, so that
`wellheld --help` answers at once.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from experiments import boundary
from experiments.analysis import app as analysis
from experiments.commands import ask
from experiments.limits import check_fraction, check_whole, cores
from experiments.localities_cli import INEQUALITY_EXAMPLES, LOCALITIES_EXAMPLES, inequality, localities
from experiments.options import (
    Children,
    Debug,
    Draws,
    Folder,
    Force,
    Jobs,
    Json,
    Place,
    Quiet,
    ScenarioOption,
    Seed,
    complete_place,
    places,
)
from experiments.published.cli import app as published_models
from experiments.study.cli import app as experiment
from experiments.study.hypotheses_cli import app as hypothesis
from experiments.systems import app as systems
from simulation.errors import InputError, shown

NOT_FOR_INDIVIDUALS = "The children are simulated. Not for predicting or for decisions about any individual child."
HELP = f"""What does it cost if services do not hold children, and what changes when they do?

Simulates one year's births of a West Midlands authority from birth to death, under today's services
and under a scenario, as exact twins. {NOT_FOR_INDIVIDUALS}"""
EXAMPLES = """\b
Examples:
  wellheld run sandwell                        the main job: today against the published improvement
  wellheld run region --jobs 4                 all seven authorities, side by side and in total
  wellheld run dudley --draws 256 --seed 7     more draws, another seed
  wellheld run dudley --population resident    all residents aged 0-24, year by year
  wellheld run sandwell --scenario mine.toml   your own scenario; check it first:
  wellheld check mine.toml
  wellheld timeline 42 --place walsall         one simulated child's life, event by event
  wellheld interventions                       programmes: for whom, effect, cost, grade
  wellheld interventions --run triple_p        what one brings and costs, by payer and year
  wellheld units sandwell                      schools side by side, within the limits of chance
  wellheld parameters tip_effect               where a number comes from
  wellheld inequality sandwell                 differences between ethnic groups, and what explains them
  wellheld localities walsall                  indices and burden of simulated neighbourhoods
  wellheld published ace-costs                 the published ACE cost model, rebuilt
  wellheld --install-completion                complete commands with the tab key
"""
RUN_EXAMPLES = """\b
Examples:
  wellheld run sandwell
  wellheld run sandwell --children 500 --draws 8 --out quick
  wellheld run region --scenario mine.toml --json > headline.json
"""
TIMELINES = """\b
Examples:
  wellheld timeline 42 --place walsall             one child's life in words
  wellheld timeline --family 17 --out seventeen    siblings, with timeline.csv and timeline.png
  wellheld timeline --neighbourhood 3              the children of a neighbourhood
"""

app = typer.Typer(
    help=HELP,
    epilog=EXAMPLES,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.add_typer(published_models, name="published")
app.add_typer(experiment, name="experiment")
app.add_typer(hypothesis, name="hypothesis")
app.command(epilog=INEQUALITY_EXAMPLES)(inequality)
app.command(epilog=LOCALITIES_EXAMPLES)(localities)
app.add_typer(analysis)
app.add_typer(systems)


class Population(StrEnum):
    """Whom a run follows: one year's births over their lives, or all residents aged 0 to 24 year by year."""

    cohort = "cohort"
    resident = "resident"


class Engine(StrEnum):
    """Which engine carries the rules: the fast one, or the readable reference."""

    compiled = "compiled"
    mesa = "mesa"


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Debug = False,
) -> None:
    """Print the version or the help where no command is given."""
    if version:
        from importlib.metadata import version as installed_version

        typer.echo(f"wellheld {installed_version('wellheld')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(epilog=RUN_EXAMPLES)
def run(
    place: Place,
    draws: Annotated[
        int | None,
        typer.Option(
            help="Draws of the uncertain numbers, 1 or more.", show_default="64; 16 for region; 20 for residents"
        ),
    ] = None,
    seed: Seed = 1,
    children: Children = None,
    population: Annotated[
        Population, typer.Option(help="cohort: a year's births over their lives; resident: all aged 0-24, by year.")
    ] = Population.cohort,
    years: Annotated[int | None, typer.Option(help="Years that residents are followed.", show_default="10")] = None,
    share: Annotated[
        float | None, typer.Option(help="Share of the residents who are simulated.", show_default="1")
    ] = None,
    jobs: Jobs = None,
    scenario: ScenarioOption = "improved",
    engine: Annotated[Engine, typer.Option(help="compiled is fast; mesa is for reading.")] = Engine.compiled,
    out: Folder = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Simulate a place today and under a scenario; print one screen and write a results folder.

    Not for predicting or for decisions about any individual child.
    """
    resident = population is Population.resident
    refuse_options_of_the_other_population(resident, children, years, share)
    if draws is None:
        draws = 20 if resident else 16 if place.casefold() == "region" else 64
    check_whole("--draws", draws, 1, 1_000_000, "64 is the default")
    asked = ask(place, scenario, seed, region=True, children=children, jobs=jobs)
    place, chosen = asked.place, asked.scenario
    if chosen.name in ("today", "difference"):
        raise InputError(
            f"--scenario {shown(chosen.name)}: a run already sets its scenario against today; "
            "give another, such as unchanged or a file with another name in it"
        )
    from experiments import report
    from experiments.files import check_out, default_name

    name = f"{place}-residents" if resident else place
    folder = check_out(out, default_name(name, chosen, "improved"), force)
    from experiments import base_case
    from experiments.progress import progress_on_stderr

    try:
        with progress_on_stderr(f"Simulating {place}", hidden=quiet or as_json) as progress:
            if resident:
                from experiments import resident_report, resident_run

                found = resident_run.run(
                    place,
                    years=resident_run.YEARS if years is None else years,
                    draws=draws,
                    seed=seed,
                    share=1.0 if share is None else share,
                    jobs=jobs or cores(),
                    scenario=chosen,
                    engine=engine.value,
                    progress=progress,
                )
                folder = resident_report.write(found, folder, force)
                typer.echo(resident_report.yearly_json(found.yearly) if as_json else resident_report.screen(found))
                if not quiet:
                    typer.echo(f"Results in {folder}", err=True)
                return
            results = base_case.run(
                place,
                draws=draws,
                seed=seed,
                children=children,
                jobs=jobs or cores(),
                scenario=chosen,
                engine=engine.value,
                progress=progress,
            )
        folder = report.write(results, folder, force=force)
    except KeyboardInterrupt:
        raise boundary.StoppedError(
            "stopped before the results were complete: nothing new was kept, results of earlier runs "
            "are untouched; the same command starts again"
        ) from None
    typer.echo(report.headline_json(results) if as_json else report.screen(results))
    if not quiet:
        typer.echo(f"Results in {folder}", err=True)


def refuse_options_of_the_other_population(
    resident: bool, children: int | None, years: int | None, share: float | None
) -> None:
    """Refuse an option that means nothing for the population that is run."""
    if children is not None and share is not None:
        raise InputError(
            f"--children {children} and --share {share:g} do not go together: --children is the size of a cohort, "
            "--share the share of residents who are simulated; keep the one of your --population"
        )
    given = {"--children": children} if resident else {"--years": years, "--share": share}
    for option, value in given.items():
        if value is not None:
            other = "cohort" if resident else "resident"
            raise InputError(f"{option} {value:g} belongs to --population {other}; remove it, or change the population")


@app.command(epilog=TIMELINES)
def timeline(
    child: Annotated[
        int | None, typer.Argument(metavar="CHILD_ID", help="A number from 0 to the children less one.")
    ] = None,
    family: Annotated[int | None, typer.Option(metavar="N", help="A family: the number of its first child.")] = None,
    neighbourhood: Annotated[
        int | None, typer.Option(metavar="N", help="A neighbourhood of the place, from 0.")
    ] = None,
    place: Annotated[str, typer.Option(help="An authority.", autocompletion=complete_place)] = "sandwell",
    seed: Seed = 1,
    scenario: ScenarioOption = "today",
    children: Children = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write a table and a picture there too.")] = None,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Tell the life of a simulated child, family or neighbourhood, event by event, with what services did about it.

    Not for predicting or for decisions about any individual child.
    """
    given = {"child": child, "family": family, "neighbourhood": neighbourhood}
    asked = [(group, number) for group, number in given.items() if number is not None]
    if len(asked) != 1:
        raise InputError(
            f"timeline: {len(asked)} of CHILD_ID, --family and --neighbourhood are given; give one of them"
        )
    tables, place, _, chosen = ask(place, scenario, seed, children=children)
    total = children or places(tables)[place]
    check_whole("CHILD_ID", child, 0, total - 1, f"{place} has {total:,} children in this run")
    if out is not None:
        from experiments.files import check_out

        check_out(out, place, force)
    from experiments.screen import folded

    if child is not None:
        from experiments.timeline import words

        for line in words(child, place, seed, chosen, total):
            typer.echo(folded(line, 18))
    if child is None or out is not None:
        from experiments.lives import APART, lives, told_lines, write

        told = lives(tables, place, *asked[0], seed, chosen, children)
        for line in told_lines(told) if child is None else ():
            typer.echo(folded(line, 20))
        if family is not None and not chosen.switches.families:
            typer.echo(folded(APART, 0))
        if out is not None:
            typer.echo(f"Table and picture in {write(told, out, force)}", err=True)


@app.command()
def parameters(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A name, or the beginning of names.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List every number of the model and of the published models with its unit, range, source and grade."""
    from experiments import catalogue
    from experiments.published.inputs import load_published
    from simulation.inputs import load_tables

    typer.echo(catalogue.listing([load_tables(), load_published()], name, as_json), nl=False)


@app.command()
def interventions(
    context: typer.Context,
    names: Annotated[
        str | None,
        typer.Option("--run", metavar="NAME[,NAME]", help="Run these together against today's services."),
    ] = None,
    place: Annotated[str, typer.Option(help="An authority, or region.", autocompletion=complete_place)] = "sandwell",
    coverage: Annotated[float, typer.Option(help="Share reached of those whom each is for, 0 to 1.")] = 1.0,
    draws: Draws = 16,
    seed: Seed = 1,
    children: Children = None,
    jobs: Jobs = None,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """List the interventions; with --run, what some of them together bring and cost, by payer and year."""
    if names is None:
        refuse_options_of_a_run(context)
    check_whole("--draws", draws, 1, 1_000_000, "16 is the default")
    check_fraction("--coverage", coverage, 0, 1, "it is a share of those whom the intervention is for")
    asked = ask(place, seed=seed, region=True, children=children, jobs=jobs)
    from experiments import interventions as answers

    if names is None:
        typer.echo(answers.listing(asked.tables, as_json), nl=False)
        return
    chosen = answers.scenario(asked.tables, names, coverage)
    from experiments import base_case
    from experiments.progress import progress_on_stderr

    with progress_on_stderr(f"Simulating {asked.place}", hidden=quiet or as_json) as progress:
        results = base_case.run(
            asked.place,
            draws=draws,
            seed=seed,
            children=children,
            jobs=jobs or cores(),
            scenario=chosen,
            progress=progress,
        )
    typer.echo(answers.answer_json(results) if as_json else answers.screen(results), nl=False)


def refuse_options_of_a_run(context: typer.Context) -> None:
    """Refuse, where interventions are only listed, an option that says how they would be run."""
    for name in ("place", "coverage", "draws", "seed", "children", "jobs"):
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise InputError(
                f"--{name} {context.params[name]} goes with --run, without which interventions are only listed; add "
                "--run NAME, or remove it"
            )


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A scenario (.toml) or a table (.csv).")],
    debug: Debug = False,
) -> None:
    """Check a scenario or a table and say what is wrong with it, if anything."""
    from experiments.published.inputs import check_published_table
    from experiments.published.rows import KINDS
    from simulation.inputs import check_table, load_tables

    also = ""
    if file.suffix == ".toml":
        from experiments.questions import find_scenario

        found = find_scenario(str(file), load_tables())
        added = [(len(found.services), "service"), (len(found.units), "unit")]
        count, what = len(found.levers), "lever"
        also = "".join(f", {number} {word}{'' if number == 1 else 's'}" for number, word in added if number)
    elif file.suffix == ".csv":
        count, what = len((check_published_table if file.stem in KINDS else check_table)(file)), "row"
    else:
        raise InputError(
            f"{file}: ends in neither .toml (a scenario) nor .csv (a table); rename it or give another file"
        )
    typer.echo(f"{file}: fine ({count} {what}{'' if count == 1 else 's'}{also})")


@app.command()
def benchmark(debug: Debug = False) -> None:
    """Measure speed and memory on this machine."""
    from experiments import benchmark as measurements

    measurements.main()


def main() -> None:
    """Run the command line and end with its exit code."""
    sys.exit(boundary.guarded(app, sys.argv[1:]))


if __name__ == "__main__":
    main()
