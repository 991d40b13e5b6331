"""Write a run's results folder, whole or not at all, and its headline for machines."""

import json
import re
from pathlib import Path

from experiments import figures
from experiments.files import (
    MANIFEST,
    check_free,
    csv_bytes,
    json_value,
    manifest_of,
    parquet_bytes,
    written,
)
from experiments.results import Results
from experiments.screen import screen
from experiments.services import services_figure
from experiments.summary import pages

__all__ = ["contents", "headline_json", "screen", "write"]


def write(results: Results, out: Path, force: bool = False) -> Path:
    """Write the whole results folder under its name, or nothing.

    Raises
    ------
    InputError
        If the folder holds something already.
    ResourceError
        If the disk is full or the folder cannot be written; nothing is left of it.
    """
    check_free(out, force)
    return written(contents(results), out, force)


def contents(results: Results) -> dict[str, bytes]:
    """Make every file of a results folder: name within the folder, and bytes.

    Raises
    ------
    ValueError
        If a table's name cannot name a file, or is 'headline'.
    """
    files: dict[str, bytes] = {}
    for name, table in {"headline": results.headline, **results.tables}.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or (name == "headline" and table is not results.headline):
            raise ValueError(f"tables: {name!r} cannot name a table; use lower-case words joined by _")
        files[f"tables/{name}.csv"] = csv_bytes(table)
        files[f"tables/{name}.parquet"] = parquet_bytes(table)
    files["headline.csv"] = files["tables/headline.csv"]
    files["headline.parquet"] = files["tables/headline.parquet"]
    drawn = figures.figure(results)
    files["figure.png"] = figures.png(drawn)
    files["figure.svg"] = figures.svg(drawn)
    if "services" in results.tables:
        files["services.png"] = figures.png(services_figure(results))
    files.update(pages(results, files["figure.svg"]))
    files[MANIFEST] = manifest(results, files)
    return files


def manifest(results: Results, files: dict[str, bytes]) -> bytes:
    """Say what was run, from what, and the hash of every file written."""
    told = {"assumptions": list(results.assumptions), "warnings": list(results.warnings)}
    return manifest_of({"place": results.place, "settings": results.settings, **told}, files)


def headline_json(results: Results) -> str:
    """Write the headline's rows as JSON, sorted; a figure that is not there is null."""
    keys = ["place", "scenario", "quantity"]
    records = results.headline.sort_values(keys, kind="stable").to_dict("records")
    rows = [{str(name): json_value(value) for name, value in record.items()} for record in records]
    return json.dumps(rows, indent=2, sort_keys=True, allow_nan=False) + "\n"
