"""Read the tables: every cell checked, every number kept with its unit, range, source and grade."""

import csv
import hashlib
import io
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from simulation.errors import InputError, nearest
from simulation.rows import KEYS, Row, SourceRow, UncertainRow

FOLDER = Path(__file__).parent / "tables"
LARGEST = 20_000_000
"""Largest table file that is opened [bytes]."""
BANDED = {
    "need": ("sex",),
    "incidence": ("condition", "sex"),
    "adult_adversities": ("adversity",),
    "pathways": ("service", "move"),
    "events": ("event",),
}
"""Tables of age bands, by what each set of bands is of."""
WHOLE = {"need": (0, 17), "incidence": (0, 110), "adult_adversities": (18, 110)}
"""Tables whose bands leave out no age, first to last."""
WEIGHTED = {"deprivation": ("authority",), "ethnic_groups": ("authority",)}
"""Tables whose `share` sums to 1 within these columns."""


@dataclass(frozen=True)
class Number:
    """One number of a table, with all that is known about it."""

    name: str
    value: float
    unit: str
    low: float | None
    high: float | None
    distribution: str
    source: str
    grade: str
    status: str
    note: str
    file: str
    row: int


@dataclass(frozen=True)
class Tables:
    """All tables: rows by table, every number by name, and the hash of every file."""

    rows: dict[str, list[Any]]
    numbers: dict[str, Number]
    hashes: dict[str, str]

    def source(self, key: str) -> SourceRow:
        """Find a source by its key."""
        found: SourceRow = next(row for row in self.rows["sources"] if row.key == key)
        return found

    def values(self) -> "Values":
        """Give the central value of every number."""
        return Values({name: number.value for name, number in self.numbers.items()})


class Values(dict[str, float]):
    """Values by name, which remember what was read; a name without a row is an input error."""

    def __init__(self, values: Mapping[str, float]) -> None:
        super().__init__(values)
        self.names_read: set[str] = set()

    def __getitem__(self, name: str) -> float:
        self.names_read.add(name)
        return super().__getitem__(name)

    def __missing__(self, name: str) -> float:
        file = name.split(".")[0] if "." in name else "parameters"
        raise InputError(f"{file}.csv: the model needs '{name}' and finds no row; add it.{nearest(name, self)}")


def check_all_read(tables: Tables, values: Values) -> None:
    """Refuse a parameter that nothing has read."""
    for number in tables.numbers.values():
        if number.file == "parameters.csv" and number.name not in values.names_read:
            raise InputError(f"parameters.csv: row {number.row}: nothing reads '{number.name}'; remove the row")


def read_table(path: Path) -> list[Any]:
    """Read one table and check every row of it.

    Raises
    ------
    InputError
        If the file is not a table of the model or any cell, row or sum is not as it must be.
    """
    model, keys = table_model(path)
    rows = []
    for line, cells in read_cells(path, list(model.model_fields)):
        try:
            rows.append(model.model_validate(cells))
        except ValidationError as error:
            raise InputError(f"{path.name}: row {line}: {explain(error, model)}") from None
    check_doubles(path, rows, keys)
    check_intervals(path, rows)
    check_sums(path, rows)
    check_ages(path, rows)
    return rows


def table_model(path: Path) -> tuple[type[BaseModel], tuple[str, ...]]:
    """Find the row model of a table by its file's name."""
    if path.stem not in KEYS:
        raise InputError(
            f"{path.name}: not a table of this model.{nearest(path.stem, list(KEYS))} Tables: {', '.join(KEYS)}"
        )
    return KEYS[path.stem]


def read_cells(path: Path, columns: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
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
    missing = [name for name in columns if name not in header and name not in ("note", "low", "high")]
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
                sums[row.service, row.move, f"age {age}"] += row.weight
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


def table_numbers(name: str, rows: list[Any]) -> Iterator[Number]:
    """Name every numeric cell of a table `table.key.column`; parameters go by their own name."""
    model, keys = KEYS[name]
    if not issubclass(model, Row):
        return
    numeric = {
        column: str((field.json_schema_extra or {}).get("unit", ""))  # type: ignore[union-attr]
        for column, field in model.model_fields.items()
        if column not in (*keys, "low", "high", "age_to") and is_numeric(field.annotation)
    }
    for line, row in enumerate(rows, start=2):
        key = ".".join(str(getattr(row, column)) for column in keys)
        for column, unit in numeric.items():
            label = key if name == "parameters" else f"{name}.{key}.{column}"
            low, high, distribution = interval(row, column)
            yield Number(
                name=label,
                value=float(getattr(row, column)),
                unit=getattr(row, "unit", unit) if column == "value" else unit,
                low=low,
                high=high,
                distribution=distribution,
                source=row.source,
                grade=row.grade,
                status=row.status,
                note=row.note,
                file=f"{name}.csv",
                row=line,
            )


def is_numeric(annotation: Any) -> bool:
    """Tell whether a column holds numbers."""
    return annotation in (int, float)


def interval(row: Any, column: str) -> tuple[float | None, float | None, str]:
    """Give low, high and distribution of a cell: its own columns, or none."""
    if column == "value" and isinstance(row, UncertainRow):
        return row.low, row.high, row.distribution
    low, high = getattr(row, f"{column}_low", None), getattr(row, f"{column}_high", None)
    if low is None or high is None or low == high:
        return None, None, "fixed"
    return low, high, "beta"


def check_links(rows: dict[str, list[Any]]) -> None:
    """Refuse names that no other table knows: sources, services, authorities, conditions."""
    sources = [row.key for row in rows["sources"]]
    services = {row.service: row for row in rows["services"]}
    places = [row.authority for row in rows["authorities"]]
    used: set[str] = set()
    for name, table in rows.items():
        for line, row in enumerate(table, start=2):
            where = f"{name}.csv: row {line}"
            if isinstance(row, Row):
                used.add(row.source)
                known(where, "source", row.source, sources)
            known(where, "authority", getattr(row, "authority", "all"), [*places, "all", "region"])
            if name in ("service_levels", "pathways", "supports", "unit_costs"):
                known(where, "service", row.service, list(services))
            if name == "supports":
                known(where, "support", row.support, list(services))
            if name == "pathways" and row.to != "none":
                known(where, "to", row.to, list(services))
                to = services[row.to]
                if row.age_from < to.age_from or row.age_to > to.age_to:
                    raise InputError(
                        f"{where}: ages {row.age_from}-{row.age_to} are outside those of {row.to} "
                        f"({to.age_from}-{to.age_to}); narrow the row"
                    )
            if name == "incidence":
                known(where, "condition", row.condition, [x.condition for x in rows["conditions"]])
    for line, row in enumerate(rows["sources"], start=2):
        if row.key not in used and row.key != "chard_radley_2024":
            raise InputError(f"sources.csv: row {line}: '{row.key}' is used by no row; remove it")


def known(where: str, column: str, name: str, names: list[str]) -> None:
    """Refuse a name that is not among those known."""
    if name not in names:
        offer = nearest(name, names) or f" Known: {', '.join(names[:12])} ..."
        raise InputError(f"{where}: unknown {column} '{name}'; give one that has its row.{offer}")


@cache
def load_tables(folder: Path = FOLDER) -> Tables:
    """Read and check every table of a folder."""
    rows = {name: read_table(folder / f"{name}.csv") for name in KEYS}
    check_links(rows)
    numbers: dict[str, Number] = {}
    for name, table in rows.items():
        numbers.update((number.name, number) for number in table_numbers(name, table))
    hashes = {f"{name}.csv": hashlib.sha256((folder / f"{name}.csv").read_bytes()).hexdigest() for name in KEYS}
    return Tables(rows, numbers, hashes)
