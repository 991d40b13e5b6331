"""What commands share: what is asked, checked before anything is computed, and how an answer is told.

Libraries that are slow to load are imported inside the functions that need them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from experiments.limits import check_children, check_jobs, check_seed, check_share
from experiments.options import chosen_place, known_place, places

if TYPE_CHECKING:
    import pandas as pd

    from simulation.inputs import Tables
    from simulation.scenario import Scenario


class Asked(NamedTuple):
    """A place, or the region and its authorities, under a scenario."""

    tables: "Tables"
    place: str
    authorities: tuple[str, ...]
    scenario: "Scenario"


def ask(
    place: str,
    scenario: str = "today",
    seed: int = 1,
    *,
    region: bool = False,
    children: int | None = None,
    share: float | None = None,
    jobs: int | None = None,
    out: Path | None = None,
) -> Asked:
    """Check what a command is asked, and find the place and the scenario.

    Parameters
    ----------
    region : whether all authorities together are a place too
    out : a .csv file that the answer's table is to be written to

    Raises
    ------
    InputError
        If a name, number or file cannot be used.
    """
    check_seed(seed)
    check_share(share)
    check_jobs(jobs)
    from experiments.published.files import check_file
    from experiments.questions import find_scenario
    from simulation.inputs import load_tables

    tables = load_tables()
    names = tuple(places(tables))
    place = chosen_place(tables, place)[0] if region else known_place(place, names)
    authorities = names if place == "region" else (place,)
    check_children(children, len(authorities))
    check_file(out)
    return Asked(tables, place, authorities, find_scenario(scenario, tables))


def tell(screen: str, table: "pd.DataFrame", as_json: bool, out: Path | None = None) -> None:
    """Print an answer's screen, or its table as JSON, and write the table where asked."""
    from experiments.files import as_json_rows, csv_bytes
    from experiments.published.files import write_file

    typer.echo(as_json_rows(table) if as_json else screen, nl=False)
    if out is not None:
        write_file(csv_bytes(table), out)
        typer.echo(f"Table in {out}", err=True)
