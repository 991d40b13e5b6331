"""Write the episode tables of a place into a folder, with what they sum to: `wellheld episodes`."""

from pathlib import Path

import pandas as pd

from agents.names import ADULT
from experiments.churn import churn, durations
from experiments.episodes import episodes
from experiments.files import csv_bytes, manifest_of, parquet_bytes, written
from experiments.journal import ask, places_of, tell
from experiments.recount import flow_table
from simulation.inputs import Tables
from simulation.scenario import Scenario


def returns(
    tables: Tables, place: str, seed: int, scenario: Scenario | str, children: int | None, years: int = ADULT
) -> dict[str, pd.DataFrame]:
    """Run a cohort's first years and draw its episode tables, their flows, churn and durations.

    Parameters
    ----------
    years : how many years from birth are watched, 1 to 18; spells open at their end are marked so
    """
    asked = ask(tables, places_of(tables, place), seed, scenario, children)
    tables, told = asked.tables, tell(asked, years)
    found = episodes(tables, told)
    summed = {
        "flows": flow_table(tables, told, found),
        "churn": churn(tables, found, years),
        "durations": durations(found),
    }
    return found | summed


def write_tables(found: dict[str, pd.DataFrame], facts: dict[str, object], out: Path, force: bool) -> Path:
    """Write tables as CSV and parquet, with a manifest; the whole folder or nothing."""
    files = {f"{name}.csv": csv_bytes(table) for name, table in found.items()}
    files |= {f"{name}.parquet": parquet_bytes(table) for name, table in found.items()}
    return written(files | {"manifest.json": manifest_of(facts, files)}, out, force)
