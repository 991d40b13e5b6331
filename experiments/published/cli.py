"""Answer at the command line: the two published cost models, rebuilt.

Libraries that are slow to load are imported inside the command that needs them.
"""

from pathlib import Path
from typing import Annotated

import typer

from experiments.limits import LARGEST_SEED, check_fraction, check_whole
from experiments.options import Debug, Json, known_place

ACE_EXAMPLES = """\b
Examples:
  wellheld published ace-costs                        all seven authorities and the region
  wellheld published ace-costs --authority sandwell   one authority, condition by condition
  wellheld published ace-costs --reduction 0.2        20% fewer ACEs
  wellheld published ace-costs --out ace_costs.csv    the same as a table
"""

app = typer.Typer(help="The published cost models, rebuilt from their published figures.", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def start(context: typer.Context) -> None:
    """Print the help where no command is given."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


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
    check_whole("--seed", seed, 0, LARGEST_SEED, "1 is the default")
    from experiments.published import ace_costs as model
    from experiments.published.files import check_csv, write_csv
    from experiments.published.inputs import load_published

    tables = load_published()
    names = model.authorities(tables)
    chosen = names if authority is None else (known_place(authority, names),)
    check_csv(out)
    question = model.ask(tables, chosen, reduction, inflation, growth, years, draws, seed)
    answer = model.rebuild(tables, question)
    from experiments.published import ace_files, ace_screen

    # Everything is worked out before anything is written or printed.
    text = ace_files.as_json(answer, tables) if as_json else ace_screen.screen(answer)
    if out is not None:
        write_csv(ace_files.as_csv(answer, tables), out)
    typer.echo(text, nl=False)
    if out is not None:
        typer.echo(f"Table in {out}", err=True)
