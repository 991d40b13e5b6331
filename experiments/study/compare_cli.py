"""Answer at the command line: which scenario is worth its cost, and how an experiment is reported."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.options import Debug, Json

if TYPE_CHECKING:
    from experiments.study.comparison import Asked, Comparison

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The experiment's folder.")]


def attach(app: typer.Typer) -> None:
    """Add the commands to those of experiments."""
    app.command()(compare)
    app.command()(report)


def compare(
    directory: Directory,
    perspective: Annotated[str, typer.Option(help="Whose cost: council, public or society.")] = "public",
    threshold: Annotated[
        float | None,
        typer.Option(
            help="What averting a DALY is worth, GBP.",
            show_default="70000; 0 for society, where lost GDP prices DALYs already",
        ),
    ] = None,
    horizon: Annotated[str, typer.Option(help="To which age: 5, 10, 18 or life.")] = "life",
    weights: Annotated[
        str, typer.Option(metavar="none|green_book|FILE.toml", help="Weights by decile of deprivation.")
    ] = "none",
    average_chance: Annotated[
        bool, typer.Option("--average-chance", help="Average chance out within each draw.")
    ] = False,
    place: Annotated[str | None, typer.Option(help="A place of the experiment.", show_default="the last")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for tables and picture.", show_default="in DIR")
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare an experiment's scenarios: cost-effectiveness, acceptability, expected loss, who gains, break-even."""
    from experiments.files import as_json_rows
    from experiments.study import comparison, folder
    from experiments.study.compare_screen import screen, unfinished
    from experiments.study.weights import load_weights

    setup = folder.opened(directory)
    asked = comparison.asked_of(setup, perspective, threshold, horizon, load_weights(weights), average_chance, place)
    found = comparison.compare(setup, directory, asked)
    where = out or directory / folder_name(asked, weights, setup.answers[-1])
    write(found, where)
    typer.echo(as_json_rows(found.options) if as_json else screen(found), nl=False)
    if as_json:
        for said in unfinished(found):
            typer.echo(said, err=True)
    typer.echo(f"Tables and picture in {where}", err=True)


def folder_name(asked: "Asked", weights: str, last: str) -> str:
    """Name a folder after every choice that is not the usual one, so that none overwrites another's.

    Parameters
    ----------
    weights : as asked for; those of a file are told apart by what they are
    last : the place that is compared unless another is asked for
    """
    import hashlib

    from experiments.study.comparison import usual_threshold

    chosen = ["compare", asked.perspective, asked.horizon]
    if asked.place != last:
        chosen.append(asked.place)
    if asked.threshold != usual_threshold(asked.perspective):
        chosen.append(f"worth_{repr(asked.threshold).removesuffix('.0')}")
    if asked.weights is not None:
        digest = hashlib.sha256(asked.weights.model_dump_json().encode()).hexdigest()[:8]
        chosen.append(weights if weights == "green_book" else f"weights_{digest}")
    if asked.averaged:
        chosen.append("averaged")
    return "-".join(chosen)


def write(found: "Comparison", where: Path) -> None:
    """Write tables, picture and screen into a folder."""
    import json

    from experiments.figures import png, svg
    from experiments.files import csv_bytes, parquet_bytes
    from experiments.origin import installed
    from experiments.screen import NOT_FOR_INDIVIDUALS
    from experiments.study import folder
    from experiments.study.compare_figures import compare_figure
    from experiments.study.compare_screen import screen

    asked = found.asked._asdict() | {
        "weights": None if found.asked.weights is None else found.asked.weights.model_dump()
    }
    facts = {
        "experiment": found.setup.experiment.name,
        "key": found.setup.key,
        "draws": found.draws,
        "tasks_done": found.progress.done,
        "tasks": found.progress.most,
        "complete": found.progress.whole,
        "version": installed("wellheld"),
        "asked": asked,
        "unknown_costs": found.unpriced,
        "not_for": NOT_FOR_INDIVIDUALS,
    }
    drawn = compare_figure(found)
    files = {
        "compare.txt": screen(found).encode(),
        "compare.png": png(drawn),
        "compare.svg": svg(drawn),
        "compare.json": (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode(),
    }
    for name in ("plane", "options", "acceptability", "net_benefit", "break_even"):
        table = getattr(found, name)
        files[f"{name}.csv"], files[f"{name}.parquet"] = csv_bytes(table), parquet_bytes(table)
    for name, content in files.items():
        folder.write_whole(where / name, content)


def report(directory: Directory, debug: Debug = False) -> None:
    """Write the CHEERS 2022 and STRESS-ABS answer sheets of an experiment into its folder."""
    from experiments.study import folder, reporting

    setup = folder.opened(directory)
    for name, content in reporting.sheets(setup, directory).items():
        folder.write_whole(directory / name, content.encode())
        typer.echo(str(directory / name))
