"""Read one table: every cell, row, sum and age band checked, each fault told in one line."""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from simulation.errors import InputError, nearest
from simulation.rows import KEYS, Kinds, UncertainRow

LARGEST = 20_000_000
"""Largest table file that is opened [bytes]."""
BANDED = {
    "need": ("sex",),
    "incidence": ("condition", "sex"),
    "adult_adversities": ("adversity",),
    "pathways": ("service", "move"),
    "events": ("event",),
    "instability_events": ("kind",),
    "adult_outcomes": ("outcome",),
    "adult_routes": ("service", "reason"),
    "pay": ("attainment",),
}
"""Tables of age bands, by what each set of bands is of."""
WHOLE = {"need": (0, 17), "incidence": (0, 110), "adult_adversities": (18, 110)}
"""Tables whose bands leave out no age, first to last."""
WEIGHTED = {"deprivation": ("authority",), "ethnic_groups": ("authority",), "adjacency": ("authority",)}
"""Tables whose `share` sums to 1 within these columns."""


def read_table(path: Path, kinds: Kinds = KEYS) -> list[Any]:
    """Read one table and check every row of it.

    Parameters
    ----------
    kinds : the row model and the key columns of every table that is known

    Raises
    ------
    InputError
        If the file is not a table of the model or any cell, row or sum is not as it must be.
    """
    model, keys = table_model(path, kinds)
    rows = []
    needed = [name for name, field in model.model_fields.items() if field.is_required()]
    for line, cells in read_cells(path, list(model.model_fields), needed):
        try:
            rows.append(model.model_validate(cells))
        except ValidationError as error:
            raise InputError(f"{path.name}: row {line}: {explain(error, model)}") from None
    check_doubles(path, rows, keys)
    check_intervals(path, rows)
    check_sums(path, rows)
    check_ages(path, rows)
    return rows


def table_model(path: Path, kinds: Kinds) -> tuple[type[BaseModel], tuple[str, ...]]:
    """Find the row model of a table by its file's name."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; give the path of a table")
    if path.stem not in kinds:
        raise InputError(
            f"{path.name}: not a table of this model.{nearest(path.stem, list(kinds))} Tables: {', '.join(kinds)}"
        )
    return kinds[path.stem]


def read_cells(path: Path, columns: list[str], needed: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line numbers and non-empty cells of a comma-separated file, its header checked."""
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path.name}: larger than {LARGEST // 1_000_000} MB; split or shorten it")
        text = path.read_text(encoding="utf-8-sig")
        csv.field_size_limit(LARGEST)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: cannot be read ({error}); give a readable UTF-8 file") from None
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader, [])
    if ";" in "".join(header) and len(header) == 1:
        raise InputError(f"{path.name}: row 1: separated by semicolons; save it with commas")
    for name in header:
        if name not in columns:
            raise InputError(f"{path.name}: row 1: unknown column '{name}'; remove it.{nearest(name, columns)}")
    doubled = [name for name, times in Counter(header).items() if times > 1]
    if doubled:
        raise InputError(f"{path.name}: row 1: column '{doubled[0]}' stands twice; keep one")
    missing = [name for name in needed if name not in header]
    if missing:
        raise InputError(f"{path.name}: row 1: column '{missing[0]}' is missing; add it")
    for cells in reader:
        if len(cells) != len(header):
            raise InputError(
                f"{path.name}: row {reader.line_num}: {len(cells)} cells where the header has {len(header)}; "
                "a decimal comma or a thousands separator splits a cell: write 1234.5"
            )
        yield reader.line_num, {k: v for k, v in zip(header, cells, strict=True) if v != ""}


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Say in one line which cell is wrong, what is allowed and what to do."""
    first = error.errors()[0]
    column = str(first["loc"][0]) if first["loc"] else "row"
    if first["type"] == "missing":
        return f"column '{column}' is empty; give a value"
    schema = model.model_json_schema()["properties"].get(column, {})
    choices = schema.get("enum")
    allowed = f"one of {', '.join(choices)}" if choices else first["msg"].lower()
    value = str(first["input"])[:60]
    hint = nearest(value, choices) if choices else ""
    return f"column '{column}': '{value}' is not allowed: {allowed}; correct the cell.{hint}"


def check_doubles(path: Path, rows: list[Any], keys: tuple[str, ...]) -> None:
    """Refuse two rows of one key."""
    seen: set[tuple[Any, ...]] = set()
    for line, row in enumerate(rows, start=2):
        key = tuple(getattr(row, name) for name in keys)
        if key in seen:
            raise InputError(f"{path.name}: row {line}: {' '.join(map(str, key))} stands twice; keep one of them")
        seen.add(key)


def check_intervals(path: Path, rows: list[Any]) -> None:
    """Refuse an interval that does not hold its value, or a distribution without one."""
    for line, row in enumerate(rows, start=2):
        if not isinstance(row, UncertainRow):
            continue
        where = f"{path.name}: row {line}"
        if row.low is not None and row.high is not None and not row.low <= row.value <= row.high:
            raise InputError(f"{where}: value {row.value} is outside low {row.low} to high {row.high}; order them")
        if row.distribution == "fixed":
            continue
        if row.low is None or row.high is None:
            raise InputError(f"{where}: a {row.distribution} distribution needs low and high; give both")
        if row.low == row.high:
            raise InputError(f"{where}: low and high are both {row.low}; part them, or give distribution fixed")
        if row.distribution == "lognormal" and row.low <= 0:
            raise InputError(f"{where}: low {row.low} must be above 0 for a lognormal; choose another distribution")
        if row.distribution == "beta" and not 0 <= row.low < row.high <= 1:
            raise InputError(f"{where}: low {row.low} and high {row.high} must lie within 0 to 1 for a beta")


def check_sums(path: Path, rows: list[Any]) -> None:
    """Refuse shares or weights that do not sum to 1."""
    sums: Counter[tuple[Any, ...]] = Counter()
    if path.stem in WEIGHTED:
        for row in rows:
            sums[tuple(getattr(row, name) for name in WEIGHTED[path.stem])] += row.share
    if path.stem == "pathways":
        for row in rows:
            for age in range(row.age_from, row.age_to + 1):
                sums[row.service, row.move, f"age {age}"] += row.weight * (not row.diverted)
    for key, total in sums.items():
        if not math.isclose(total, 1.0, abs_tol=1e-9):
            raise InputError(
                f"{path.name}: {', '.join(map(str, key))}: shares sum to {total:.6g}, not 1; correct the rows"
            )


def check_ages(path: Path, rows: list[Any]) -> None:
    """Refuse age bands that run backwards, overlap, or leave out an age that the model needs."""
    bands: dict[tuple[Any, ...], list[tuple[int, int]]] = {}
    for line, row in enumerate(rows, start=2):
        if not hasattr(row, "age_from"):
            return
        if row.age_from > row.age_to:
            raise InputError(f"{path.name}: row {line}: ages {row.age_from}-{row.age_to} run backwards; turn them")
        key = tuple(getattr(row, name) for name in BANDED.get(path.stem, ()))
        bands.setdefault(key, []).append((row.age_from, row.age_to))
    if path.stem not in BANDED:
        return
    for key, found in bands.items():
        ordered = sorted(set(found))
        where = f"{path.name}: {' '.join(map(str, key))}"
        for (_, end), (begin, _) in pairwise(ordered):
            if begin <= end:
                raise InputError(f"{where}: two age bands both hold age {begin}; part them")
        if path.stem in WHOLE:
            ages = [age for begin, end in ordered for age in range(begin, end + 1)]
            if ages != list(range(WHOLE[path.stem][0], WHOLE[path.stem][1] + 1)):
                raise InputError(f"{where}: age bands leave out an age of {WHOLE[path.stem]}; close the gap")
