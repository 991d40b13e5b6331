"""Read the tables of the published models: by the reader of the model's own, with checks of what belongs to them."""

import math
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from experiments.published.rows import KINDS
from simulation.cells import read_table
from simulation.errors import InputError
from simulation.inputs import Tables, known, read_folder
from simulation.rows import Row

FOLDER = Path(__file__).parent / "tables"
NONE = "none"
"""In `supported_by`: no service helps this one."""


@cache
def load_published(folder: Path = FOLDER) -> Tables:
    """Read and check every table of the published models in a folder."""
    return read_folder(folder, KINDS, check_links)


def check_published_table(path: Path) -> list[Any]:
    """Read one table and check it alone and beside the others, as a command would."""
    rows = read_table(path, KINDS)
    check_links({**load_published().rows, path.stem: rows})
    return rows


def figure(tables: Tables, name: str, authority: str) -> float | None:
    """Give a published figure of an authority, or None where none was published."""
    return next(
        (row.value for row in tables.rows["published_figures"] if (row.figure, row.authority) == (name, authority)),
        None,
    )


def check_links(rows: dict[str, list[Any]]) -> None:
    """Refuse names that no other table knows, escalation that does not go up, and shares that do not sum to 1."""
    sources = [row.key for row in rows["published_sources"]]
    used: set[str] = set()
    for name, table in rows.items():
        for line, row in enumerate(table, start=2):
            if isinstance(row, Row):
                known(f"{name}.csv: row {line}", "source", row.source, sources)
                used.add(row.source)
    for line, row in enumerate(rows["published_sources"], start=2):
        if row.key not in used:
            raise InputError(f"published_sources.csv: row {line}: '{row.key}' is used by no row; remove it")
    check_services(rows["flow_services"])
    check_pathways(rows)
    check_units(rows)


def check_services(services: list[Any]) -> None:
    """Refuse an entry above level 0, a step at it, and help by what is no support."""
    supports = [row.service for row in services if row.role == "support"]
    for line, row in enumerate(services, start=2):
        where = f"flow_services.csv: row {line}: {row.service}"
        if (row.level > 0) != (row.role == "step"):
            raise InputError(
                f"{where}: level {row.level} of role {row.role}; an entry or support has 0, a step 1 or more"
            )
        if row.children and row.role != "entry":
            raise InputError(f"{where}: {row.children:g} children in a {row.role}; children begin in an entry: give 0")
        if row.supported_by != NONE:
            known(f"flow_services.csv: row {line}", "supported_by", row.supported_by, [*supports, NONE])


def check_pathways(rows: dict[str, list[Any]]) -> None:
    """Refuse a pathway that does not lead to a higher level, and weights that do not sum to 1."""
    level = {row.service: row.level for row in rows["flow_services"] if row.role != "support"}
    sums: Counter[str] = Counter()
    for line, row in enumerate(rows["flow_pathways"], start=2):
        where = f"flow_pathways.csv: row {line}"
        known(where, "service", row.service, list(level))
        known(where, "to", row.to, list(level))
        if level[row.to] <= level[row.service]:
            raise InputError(
                f"{where}: {row.service} (level {level[row.service]}) passes on to {row.to} (level {level[row.to]}), "
                "but escalation goes only up; choose a service of a higher level"
            )
        sums[row.service] += row.weight
    refuse_uneven("flow_pathways.csv", "weights", sums)


def check_units(rows: dict[str, list[Any]]) -> None:
    """Refuse units of an unknown service, shares that do not sum to 1, and a stage to be split that has no units."""
    services = [row.service for row in rows["flow_services"]]
    sums: Counter[str] = Counter()
    for line, row in enumerate(rows["flow_units"], start=2):
        known(f"flow_units.csv: row {line}", "service", row.service, services)
        sums[row.service] += row.share
    refuse_uneven("flow_units.csv", "shares", sums)
    for line, row in enumerate(rows["flow_services"], start=2):
        if row.detail == "detail" and row.service not in sums:
            raise InputError(
                f"flow_services.csv: row {line}: {row.service} is to be taken in detail and has no rows in "
                "flow_units.csv; add them, or write overall"
            )


def refuse_uneven(file: str, what: str, sums: Counter[str]) -> None:
    """Refuse shares or weights of a service that do not sum to 1."""
    for service, total in sums.items():
        if not math.isclose(total, 1.0, abs_tol=1e-9):
            raise InputError(f"{file}: {service}: {what} sum to {total:.6g}, not 1; correct the rows")
