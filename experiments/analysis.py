"""Answer at the command line what an analyst asks: episode tables, services beside each other, what to record.

Libraries that are slow to load are imported inside the command that needs them.
"""

from pathlib import Path
from typing import Annotated

import typer

from experiments.limits import LARGEST_SEED, check_children, check_whole
from experiments.options import Children, Debug, Force, Json, Place, ScenarioOption, Seed, chosen_place

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
Out = Annotated[Path | None, typer.Option(help="Folder for the tables.", show_default="named by the command")]


@app.command(epilog=EPISODES)
def episodes(
    place: Place,
    seed: Seed = 1,
    children: Children = None,
    scenario: ScenarioOption = "today",
    years: Annotated[int, typer.Option(help="Years from birth that are watched, 1 to 18.")] = 18,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a cohort's episodes as statutory returns would hold them: one row an episode, CSV and parquet.

    Referrals, children in need, protection plans, looked-after episodes, school settings; all sum to the run's ledger.
    Not for predicting or for decisions about any individual child.
    """
    check_whole("--seed", seed, 0, LARGEST_SEED, "1 is the default")
    check_whole("--years", years, 1, 18, "18 is the default")
    from simulation.inputs import load_tables

    tables = load_tables()
    place, count = chosen_place(tables, place)
    check_children(children, count)
    from experiments.report import as_json_rows, check_out

    folder = check_out(out, f"episodes-{place}", force)
    from experiments import statutory

    found = statutory.returns(tables, place, seed, scenario, children, years)
    facts: dict[str, object] = {
        "place": place,
        "settings": {"seed": seed, "children": children, "scenario": scenario, "years": years},
    }
    statutory.write_tables(found, facts, folder, force)
    typer.echo(as_json_rows(found["churn"]) if as_json else statutory.shown(found["churn"]))
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
    check_whole("--seed", seed, 0, LARGEST_SEED, "1 is the default")
    from simulation.inputs import load_tables

    tables = load_tables()
    place, count = chosen_place(tables, place)
    check_children(children, count)
    from experiments import report, statutory
    from experiments.effectiveness import effectiveness as compare

    if out is not None:
        report.check_out(out, place, force)
    found = compare(tables, place, seed, scenario, children)
    if out is not None:
        facts: dict[str, object] = {"place": place, "settings": {"seed": seed, "children": children}}
        statutory.write_tables(found, facts | {"scenario": scenario}, out, force)
    shown = found["authorities" if "authorities" in found else "services"]
    typer.echo(report.as_json_rows(shown) if as_json else statutory.shown(shown))
    if out is not None:
        typer.echo(f"Tables in {out}", err=True)


@app.command(epilog=CAPTURE)
def capture(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="An assumption or a number, or a beginning.")
    ] = None,
    place: Annotated[str, typer.Option(help="Whose cases a year: sandwell, or region.")] = "sandwell",
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write the whole table there.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what an authority would record to replace each assumption, and how many records settle it.

    Settled: the 95% interval is a quarter of today's. Records are taken as independent; children of one school or
    worker are not, and m of them with correlation r take 1 + (m - 1) r times as many.
    """
    from simulation.inputs import load_tables

    tables = load_tables()
    place, _ = chosen_place(tables, place)
    from experiments.capture import capture as specify
    from experiments.published.files import check_file, write_file

    check_file(out)
    table = specify(tables, place, name)
    from experiments.report import as_json_rows, csv_bytes
    from experiments.statutory import shown

    brief = ["assumption", "number", "numbers_replaced", "unit_of_record", "estimator", "records_needed", "years"]
    typer.echo(
        as_json_rows(table) if as_json else shown(table if name is not None and len(table) == 1 else table[brief])
    )
    if out is not None:
        write_file(csv_bytes(table), out)
        typer.echo(f"Table in {out}", err=True)
