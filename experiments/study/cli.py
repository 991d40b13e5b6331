"""Answer experiments at the command line: run one, say how far it is, go on, gather."""

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.boundary import StoppedError
from experiments.limits import check_whole
from experiments.options import Debug, Jobs, Json, Quiet
from experiments.study.analysis_cli import app as analysis
from experiments.study.compare_cli import attach
from simulation.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from experiments.study.carriers import Carry
    from experiments.study.declaration import Setup

EXAMPLES = """\b
Examples:
  wellheld experiment run experiments/holding.toml --out results/holding
  wellheld experiment run mine.toml --out results/mine --processes
  wellheld experiment run mine.toml --out results/mine --cluster tcp://127.0.0.1:8786
  wellheld experiment run mine.toml --out results/mine --shard 3/16    one of sixteen, on any machine
  wellheld experiment status results/mine
  wellheld experiment resume results/mine
  wellheld experiment collect results/mine
  wellheld experiment compare results/mine --perspective council --horizon 10
  wellheld experiment report results/mine
"""
app = typer.Typer(
    help="Experiments as files: declared, resumed where they stopped, the same wherever they run.",
    epilog=EXAMPLES,
    rich_markup_mode=None,
    no_args_is_help=True,
)
attach(app)
app.add_typer(analysis)
Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The experiment's folder.")]
Processes = Annotated[bool, typer.Option("--processes", help="Processes of this machine instead of threads.")]
ClusterAddress = Annotated[
    str | None,
    typer.Option("--cluster", metavar="tcp://HOST:PORT", help="A Dask scheduler, or a queue and jobs: slurm:40."),
]
Shard = Annotated[str | None, typer.Option(metavar="K/N", help="Do only the K-th of N parts; collect them afterwards.")]


@app.command("run")
def run_file(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The experiment.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for its parts and results.")],
    jobs: Jobs = None,
    processes: Processes = False,
    cluster: ClusterAddress = None,
    shard: Shard = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run an experiment's file; begun before in the same folder, it goes on where it stopped."""
    from experiments.study import course, folder
    from experiments.study.declaration import load_experiment
    from experiments.study.design import with_pilot

    setup = load_experiment(file)
    check_whole("--jobs", jobs, 1, 4096, "leave it out to use all cores")
    course.check_shard(setup, shard)
    folder.check_free(out)
    with carrier(jobs, processes, cluster) as carry, stoppable(out):
        setup = with_pilot(setup, out, carry)
        folder.begin(setup, out)
        go_on(folder.opened(out), out, carry, shard, quiet, as_json)


@app.command()
def resume(
    directory: Directory,
    jobs: Jobs = None,
    processes: Processes = False,
    cluster: ClusterAddress = None,
    shard: Shard = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Go on with an experiment where it stopped, then gather it."""
    from experiments.study import course, folder

    check_whole("--jobs", jobs, 1, 4096, "leave it out to use all cores")
    setup = folder.opened(directory)
    course.check_shard(setup, shard)
    with carrier(jobs, processes, cluster) as carry, stoppable(directory):
        go_on(setup, directory, carry, shard, quiet, as_json)


@app.command()
def outputs(as_json: Json = False, debug: Debug = False) -> None:
    """List what an experiment can ask for: name, unit and what it is."""
    from experiments.screen import align
    from experiments.study.outputs import OUTPUTS

    if as_json:
        rows = [{"output": each.name, "unit": each.unit, "what": each.title} for each in OUTPUTS.values()]
        typer.echo(json.dumps(rows, indent=2))
        return
    typer.echo("\n".join(align([[each.name, each.unit, each.title] for each in OUTPUTS.values()], left=3)))


@app.command()
def status(directory: Directory, debug: Debug = False) -> None:
    """Say how much of an experiment is done, how precise it is, and what halving its error would take."""
    from experiments.study import course, folder

    typer.echo("\n".join(course.lines_of(folder.opened(directory), directory)))


@app.command()
def collect(
    directory: Directory,
    others: Annotated[list[Path] | None, typer.Argument(metavar="[DIR]...", help="Folders of its shards.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Gather what is done into tables: summary, every run, every draw's numbers."""
    from experiments.study import folder

    gather(folder.opened(directory), directory, tuple(others or ()), as_json)


def go_on(setup: "Setup", out: Path, carry: "Carry", shard: str | None, quiet: bool, as_json: bool) -> None:
    """Carry what is left, then gather it where nothing is missing."""
    from experiments.progress import progress_on_stderr
    from experiments.study import course, folder

    part = None if shard is None else course.shard_of(shard)
    with progress_on_stderr(setup.experiment.name, quiet) as shown:
        rate = course.take(setup, out, carry, part, None if shown is None else course.timed(shown))
    if part is None:
        gather(setup, out, (), as_json)
        typer.echo(course.halving(2 * len(folder.done(out)), rate), err=True)
    else:
        typer.echo(
            f"Part {shard} is done in {out}; when all are: wellheld experiment collect {out} [the other folders]",
            err=True,
        )


@contextmanager
def stoppable(out: Path) -> "Iterator[None]":
    """Say, where the user stops the command, what is kept and how to go on."""
    from experiments.study import folder

    try:
        yield
    except KeyboardInterrupt:
        done = len(folder.done(out))
        kept = f"{done} task{'' if done == 1 else 's'} of {out} {'is' if done == 1 else 'are'} kept"
        raise StoppedError(f"stopped; {kept}; the same command goes on") from None


@contextmanager
def carrier(jobs: int | None, processes: bool, cluster: str | None) -> "Iterator[Carry]":
    """Choose where tasks are carried."""
    from experiments.study import carriers

    if cluster is not None and (processes or jobs is not None):
        raise InputError("--cluster: the cluster has its own workers; leave out --jobs and --processes")
    if cluster is None:
        yield carriers.on_this_machine(jobs, processes)
        return
    with carriers.on_cluster(cluster) as carry:
        yield carry


def gather(setup: "Setup", out: Path, others: tuple[Path, ...], as_json: bool) -> None:
    """Gather, write and print."""
    from experiments.files import as_json_rows
    from experiments.study import course, folder

    table = course.collect(setup, out, others)
    typer.echo(as_json_rows(table) if as_json else course.screen(setup, table, len(folder.done(out))), nl=False)
    typer.echo(f"Tables in {out}", err=True)
