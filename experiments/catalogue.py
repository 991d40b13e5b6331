"""List the numbers of the model and of the published models: value, unit, range, source and grade."""

import io
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulation.errors import InputError, nearest, shown
from simulation.inputs import Number, Tables

FIELDS = (
    "name",
    "value",
    "unit",
    "low",
    "high",
    "distribution",
    "source",
    "grade",
    "status",
    "note",
    "file",
    "row",
)


def listing(groups: Sequence[Tables], name: str | None, as_json: bool) -> str:
    """Write all numbers, those whose names begin with `name`, or everything about one.

    Parameters
    ----------
    groups : sets of tables, each with its own sources; no two have a number of one name

    Raises
    ------
    InputError
        If no number has the name or begins with it.
    """
    numbers = {key: number for tables in groups for key, number in tables.numbers.items()}
    for tables in groups:
        if name is not None and name in tables.numbers:
            return one(tables, tables.numbers[name], as_json)
    found = [number for key, number in numbers.items() if name is None or key.startswith(name)]
    if not found:
        close = nearest(name or "", numbers) or " `wellheld parameters` lists all."
        raise InputError(f"unknown number {shown(name)}.{close}")
    if as_json:
        return as_text([fields(number) for number in found])
    return drawn(found)


def one(tables: Tables, number: Number, as_json: bool) -> str:
    """Write everything about one number, its citation included."""
    source = tables.source(number.source)
    facts = {
        **fields(number),
        "citation": source.citation,
        "locator": source.locator,
        "licence": source.licence,
    }
    if as_json:
        return as_text(facts)
    written = {key: plain(value) for key, value in facts.items() if value not in (None, "")}
    return "".join(f"{key:<13} {value}\n" for key, value in written.items())


def fields(number: Number) -> dict[str, Any]:
    """Give the fields of a number in the order in which they are shown."""
    return {field: getattr(number, field) for field in FIELDS}


def as_text(data: object) -> str:
    """Write data as JSON."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: object) -> str:
    """Write a number with the digits it needs, and anything else as it is."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def drawn(numbers: Iterable[Number]) -> str:
    """Draw a table as wide as the terminal, or as wide as it needs in a file or pipe."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "value", "unit", "low-high", "distribution", "source", "grade", "status"):
        justify: Literal["left", "right"] = "right" if title == "value" else "left"
        table.add_column(title, justify=justify, overflow="fold", no_wrap=title == "name")
    for number in numbers:
        ends = "" if number.low is None or number.high is None else f"{plain(number.low)} to {plain(number.high)}"
        cells = (number.name, plain(number.value), number.unit, ends, number.distribution, number.source)
        table.add_row(*(Text(cell) for cell in (*cells, number.grade, number.status)))
    terminal = sys.stdout.isatty()
    page = io.StringIO()
    width = shutil.get_terminal_size().columns if terminal else 1000
    console = Console(file=page, width=width, force_terminal=terminal)
    console.print(table)
    return page.getvalue()
