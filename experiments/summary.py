"""Fill the summary's two pages, one to read as text and one to open in a browser."""

import math
import re
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from experiments import rounding
from experiments.quantities import QUANTITIES
from experiments.results import DIFFERENCE, TODAY, Results
from experiments.screen import NOT_FOR_INDIVIDUALS

# Shown in the summary, in this order; other tables are listed by name, as long ones would drown the page.
SHOWN_TABLES = {
    "decomposition": "By channel",
    "break_even": "Break-even spend, GBP a child and year",
    "value_for_money": "Benefit and cost of the interventions",
    "reconciliation": "A life beside a year",
    "plausibility": "Beside the data",
}
MOST_ROWS = 60
HEADER = ("scenario", "mean", "mcse", "80% band", "95% band", "from assumption")
Section = tuple[str, list[tuple[str, str, list[list[str]]]]]


def markdown_text(words: object) -> str:
    """Escape what Markdown or a browser would read as markup, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>#|$&])", r"\\\1", " ".join(str(words).split()))


def scenario_rows(results: Results, place: str, name: str, unit: str) -> list[list[str]]:
    """Write today, improved and difference of one quantity, a row each."""
    here = results.rows(place)
    written = []
    for scenario, title in ((TODAY, "today"), (results.improved, "improved"), (DIFFERENCE, "difference")):
        row = here.get((scenario, name))
        if row is None:
            continue
        cell = rounding.cells(row, unit, sign=scenario == DIFFERENCE)
        bands = [f"{cell[f'low_{width}']} to {cell[f'high_{width}']}" for width in (80, 95)]
        share = rounding.percent(row.get("share_from_assumption", math.nan))
        error = rounding.percent(row.get("share_from_assumption_se", math.nan))
        share = share if rounding.MISSING in (share, error) else f"{share} (±{error})"
        written.append([title, cell["mean"], cell["mcse"], *bands, share])
    return written


def sections(results: Results, place: str) -> list[Section]:
    """Gather the headline of a place by section, quantities in their order."""
    found: dict[str, list[tuple[str, str, list[list[str]]]]] = {}
    for quantity in QUANTITIES:
        rows = scenario_rows(results, place, quantity.name, quantity.unit)
        unit = "% of children" if quantity.unit == rounding.SHARE_UNIT else quantity.unit
        if rows:
            found.setdefault(quantity.section, []).append((quantity.title, unit, rows))
    return list(found.items())


def readable(table: pd.DataFrame, place: str) -> pd.DataFrame:
    """Keep a table's rows of the run's own place, and the columns that differ or say something."""
    here = table[table["place"] == place] if "place" in table else table
    kept = [name for name in here.columns if name not in ("place", "unit", "draws", "indicator") or name == "unit"]
    return here[kept].head(MOST_ROWS)


def table_cells(table: pd.DataFrame) -> list[list[str]]:
    """Write a tidy table's cells: words spaced, numbers to three significant digits."""
    return [
        [
            rounding.text(value, rounding.decimals(value, math.nan))
            if isinstance(value, float)
            else str(value).replace("_", " ")
            for value in row
        ]
        for row in table.itertuples(index=False, name=None)
    ]


def context(results: Results) -> dict[str, object]:
    """Gather what both pages show."""
    shown = [
        (title, [str(column).replace("_", " ") for column in here.columns], table_cells(here), name)
        for name, title in SHOWN_TABLES.items()
        if name in results.tables and not (here := readable(results.tables[name], results.place)).empty
    ]
    settings = results.settings | {"children": results.children(results.place)}
    plain = {name: value for name, value in settings.items() if isinstance(value, (str, int, float))}
    return {
        "results": results,
        "title": results.place.replace("_", " ").capitalize(),
        "settings": {name: value for name, value in plain.items() if name != "command"},
        "command": " ".join(str(results.settings.get("command", "")).split()),
        "header": HEADER,
        "places": [(results.place.replace("_", " ").capitalize(), sections(results, results.place))],
        "tables": shown,
        "others": sorted(name for name in results.tables if name not in SHOWN_TABLES),
        "not_for": NOT_FOR_INDIVIDUALS,
    }


def pages(results: Results, drawing: bytes) -> dict[str, bytes]:
    """Write summary.md and summary.html; the figure's SVG stands inside the second."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = markdown_text
    # Our own drawing, not the reader's words: only its <svg> element, which needs no escaping.
    svg = drawing.decode()
    values = context(results) | {"figure": Markup(svg[svg.index("<svg") :].strip())}
    return {
        name: environment.get_template(f"{name}.j2").render(values).encode() for name in ("summary.md", "summary.html")
    }
