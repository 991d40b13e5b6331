"""Ask at the command line which numbers matter, where an improvement fails, and what data or money would bring."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.limits import check_whole
from experiments.options import Debug, Jobs, Json
from experiments.origin import NOT_INSTALLED, installed
from simulation.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from experiments.study.matter import Answer

NEEDED = ("SALib", "ema_workbench", "scikit-learn", "threadpoolctl")
app = typer.Typer()
Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of an experiment that is collected.")]
OneScenario = Annotated[
    str | None, typer.Option("--scenario", metavar="NAME", help="Compared with the first.", show_default="the last")
]
OnePlace = Annotated[
    str | None, typer.Option("--place", metavar="PLACE", help="Of the experiment's.", show_default="the last")
]


def check_installed() -> None:
    """Refuse where libraries are missing."""
    missing = [name for name in NEEDED if installed(name) == NOT_INSTALLED]
    if missing:
        raise InputError(f'needs {", ".join(missing)}, which are not installed; pip install "wellheld[analysis]"')


def tell(answer: "Answer", directory: Path, as_json: bool) -> None:
    """Write the tables into the folder, and print the screen or the first table."""
    from experiments.files import as_json_rows, csv_bytes
    from experiments.study.folder import write_whole

    for name, table in answer.tables.items():
        write_whole(directory / f"{name}.csv", csv_bytes(table))
    first: pd.DataFrame = next(iter(answer.tables.values()))
    typer.echo(as_json_rows(first) if as_json else "\n".join(answer.lines) + "\n", nl=False)
    typer.echo(f"Tables in {directory}: {', '.join(f'{name}.csv' for name in answer.tables)}", err=True)


@app.command()
def sensitivity(
    directory: Directory,
    output: Annotated[
        str | None, typer.Option(metavar="NAME", help="What is to be moved.", show_default="every output")
    ] = None,
    method: Annotated[str, typer.Option(help="surrogate (Sobol indices) or shapley (effects).")] = "surrogate",
    together: Annotated[
        list[str] | None, typer.Option(metavar='"A B R"', help="Numbers A and B go together by R; with shapley.")
    ] = None,
    scenario: OneScenario = None,
    place: OnePlace = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Tell which uncertain numbers move an output, from the draws at hand."""
    check_installed()
    from experiments.study import matter

    pairs = matter.pairs_of(together or ())
    tell(matter.sensitivity(directory, output, method, scenario, place, pairs), directory, as_json)


@app.command()
def discovery(
    directory: Directory,
    fails: Annotated[str, typer.Option(metavar='"NAME > NUMBER"', help="When the difference fails.")],
    method: Annotated[str, typer.Option(help="prim or cart.")] = "prim",
    scenario: OneScenario = None,
    place: OnePlace = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Tell under which conditions an improvement fails, such as --fails "service_cost_discounted > 0"."""
    check_installed()
    from experiments.study import matter

    tell(matter.discover(directory, fails, method, scenario, place), directory, as_json)


@app.command()
def information(
    directory: Directory,
    threshold: Annotated[float, typer.Option(help="GBP for a DALY averted, 0 to 10,000,000, such as 70000.")],
    cost: Annotated[
        list[float],
        typer.Option(help="What is not in the accounts yet, GBP a child born; one for each scenario after the first."),
    ],
    years: Annotated[int, typer.Option(help="Births of so many years are decided on, 1 to 50.")] = 1,
    recorded_in: Annotated[
        str | None, typer.Option(metavar="PLACE", help="Whose cases are recorded.", show_default="the place")
    ] = None,
    place: OnePlace = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Tell what it is worth to know numbers, or to record data on them, before deciding."""
    check_installed()
    check_whole("--years", years, 1, 50, "1 is the births of one year")
    from experiments.study import matter

    tell(matter.value_information(directory, threshold, cost, years, recorded_in, place), directory, as_json)


@app.command()
def allocate(
    directory: Directory,
    budget: Annotated[list[float], typer.Option(help="GBP million for the children simulated; may be given again.")],
    goal: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Output to be made best.", show_default="several in turn")
    ] = None,
    risk: Annotated[str, typer.Option(help="mean, mean-1sd or worst-10%.")] = "mean",
    place: OnePlace = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Tell how a budget is best split over interventions that an experiment moves one at a time."""
    check_installed()
    from experiments.study import matter

    tell(matter.allocate(directory, budget, goal or (), risk, place), directory, as_json)


@app.command()
def screen(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The experiment.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.csv", help="Write the whole table there.")] = None,
    method: Annotated[str, typer.Option(help="morris (few runs) or sobol (many).")] = "morris",
    by: Annotated[str, typer.Option(help="number, table or grade: what is moved together.")] = "table",
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Numbers that are moved, * for any.", show_default="all")
    ] = None,
    size: Annotated[int, typer.Option(help="Morris: trajectories; Sobol: points, a power of 2.")] = 8,
    jobs: Jobs = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run the model itself at chosen points, under the same chance, to tell which numbers move it."""
    check_installed()
    check_whole("--size", size, 2, 65536, "8 is the default")
    check_whole("--jobs", jobs, 1, 4096, "leave it out to use all cores")
    from experiments.files import as_json_rows, csv_bytes
    from experiments.study import screening
    from experiments.study.declaration import load_experiment
    from experiments.study.folder import write_whole

    setup = load_experiment(file)
    table = screening.screened(setup, method, by, tuple(only or ()), size, jobs)
    if out is not None:
        write_whole(out, csv_bytes(table))
    typer.echo(as_json_rows(table) if as_json else screening.told(setup, table, method), nl=False)
