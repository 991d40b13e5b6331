"""Answer at the command line what an analyst asks: episode tables, services beside each other, what to record.

Libraries that are slow to load are imported inside the command that needs them.
"""

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import ask, tell
from experiments.limits import check_whole
from experiments.options import Children, Debug, Folder, Force, Json, Place, ScenarioOption, Seed, Table

app = typer.Typer()
EPISODES = """\b
Examples:
  wellheld episodes sandwell                         into results/episodes-sandwell
  wellheld episodes region --children 500 --out dir  500 children of each authority
  wellheld episodes walsall --years 10               watched to the tenth birthday; open spells stay open
"""
EFFECTIVENESS = """\b
Examples:
  wellheld effectiveness sandwell           which services hold children of equal need, and a year later
  wellheld effectiveness region --out dir   the authorities too, in funnel limits; a folder of tables
"""
CAPTURE = """\b
Examples:
  wellheld capture                           every assumption: fields, records needed, years of Sandwell's cases
  wellheld capture tip_effect --json         one number
  wellheld capture --out capture.csv         the whole specification as a table
"""


@app.command(epilog=EPISODES)
def episodes(
    place: Place,
    seed: Seed = 1,
    children: Children = None,
    scenario: ScenarioOption = "today",
    years: Annotated[int, typer.Option(help="Years from birth that are watched, 1 to 18.")] = 18,
    out: Folder = None,
    force: Force = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a cohort's episodes as statutory returns would hold them: one row an episode, CSV and parquet.

    Referrals, children in need, protection plans, looked-after episodes, school settings; all sum to the run's ledger.
    Not for predicting or for decisions about any individual child.
    """
    check_whole("--years", years, 1, 18, "18 is the default")
    asked = ask(place, scenario, seed, region=True, children=children)
    from experiments.files import check_out, default_name

    folder = check_out(out, default_name(f"episodes-{asked.place}", asked.scenario, "today"), force)
    from experiments import churn, statutory
    from experiments.screen import settings

    found = statutory.returns(asked.tables, asked.place, seed, asked.scenario, children, years)
    facts: dict[str, object] = {
        "place": asked.place,
        "settings": {"seed": seed, "children": children, "scenario": scenario, "years": years},
    }
    statutory.write_tables(found, facts, folder, force)
    said = f"{settings(asked.place, children, seed, asked.scenario.name)}, {years} years from birth"
    tell(churn.screen(found["churn"], said), found["churn"], as_json)
    typer.echo(f"Tables in {folder}", err=True)


@app.command(epilog=EFFECTIVENESS)
def effectiveness(
    place: Place,
    seed: Seed = 1,
    children: Children = None,
    scenario: ScenarioOption = "today",
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the tables there, as CSV and parquet.")] = None,
    force: Force = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare how often services hold children of equal need, and what comes a year later, in funnel limits.

    Need is equal in load and age. Authorities are simulated: they are not ranked, nor is any real service.
    """
    asked = ask(place, scenario, seed, region=True, children=children)
    from experiments import effectiveness as compared
    from experiments import statutory
    from experiments.files import check_out
    from experiments.screen import settings

    if out is not None:
        check_out(out, asked.place, force)
    found = compared.effectiveness(asked.tables, asked.place, seed, asked.scenario, children)
    if out is not None:
        facts: dict[str, object] = {"place": asked.place, "settings": {"seed": seed, "children": children}}
        statutory.write_tables(found, facts | {"scenario": scenario}, out, force)
    shown = found["authorities" if "authorities" in found else "services"]
    tell(compared.screen(shown, settings(asked.place, children, seed, asked.scenario.name)), shown, as_json)
    if out is not None:
        typer.echo(f"Tables in {out}", err=True)


@app.command(epilog=CAPTURE)
def capture(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="An assumption or a number, or a beginning.")
    ] = None,
    place: Annotated[str, typer.Option(help="Whose cases a year: sandwell, or region.")] = "sandwell",
    out: Table = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what an authority would record to replace each assumption, and how many records settle it.

    Settled: the 95% interval is a quarter of today's. Records are taken as independent; children of one school or
    worker are not, and m of them with correlation r take 1 + (m - 1) r times as many.
    """
    asked = ask(place, region=True, out=out)
    from experiments import capture as specification

    table = specification.capture(asked.tables, asked.place, name)
    tell(specification.screen(table, asked.place), table, as_json, out)
