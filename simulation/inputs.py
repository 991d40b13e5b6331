"""Read the tables: every cell checked, every number kept with its unit, range, source and grade."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from simulation.cells import read_table
from simulation.effects import check_interventions
from simulation.errors import InputError, nearest
from simulation.network import check_adjacency, check_adult_services, check_network
from simulation.rows import ASSUMED, KEYS, Kinds, Row, SourceRow, UncertainRow

FOLDER = Path(__file__).parent / "tables"


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
        rows = next(table for table in self.rows.values() if table and isinstance(table[0], SourceRow))
        found: SourceRow = next(row for row in rows if row.key == key)
        return found

    def values(self) -> "NamedValues":
        """Give the central value of every number."""
        return NamedValues({name: number.value for name, number in self.numbers.items()})


class NamedValues(dict[str, float]):
    """Values by name; a name without a row is an input error."""

    def __missing__(self, name: str) -> float:
        file = name.split(".")[0] if "." in name else "parameters"
        raise InputError(f"{file}.csv: the model needs '{name}' and finds no row; add it.{nearest(name, self)}")


class WatchedValues(NamedValues):
    """Values that remember which of them were read."""

    def __init__(self, values: Mapping[str, float]) -> None:
        super().__init__(values)
        self.names_read: set[str] = set()

    def __getitem__(self, name: str) -> float:
        self.names_read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Give a value, or another where there is none."""
        self.names_read.add(name)
        return super().get(name, default)


def check_all_read(tables: Tables, values: WatchedValues) -> None:
    """Refuse a parameter that nothing has read."""
    for number in tables.numbers.values():
        if number.file == "parameters.csv" and number.name not in values.names_read:
            raise InputError(f"parameters.csv: row {number.row}: nothing reads '{number.name}'; remove the row")


def check_table(path: Path) -> list[Any]:
    """Read one table and check it alone and beside the other tables of the model, as a run would."""
    rows = read_table(path)
    check_links({**load_tables().rows, path.stem: rows})
    return rows


def table_numbers(name: str, rows: list[Any], kinds: Kinds = KEYS) -> Iterator[Number]:
    """Name every numeric cell of a table `table.key.column`; parameters go by their own name."""
    model, keys = kinds[name]
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
            if getattr(row, column) is None:
                continue
            label = key if name == "parameters" else f"{name}.{key}.{column}"
            low, high, distribution = interval(row, column)
            assumed = ASSUMED.get(name, {}).get(column)
            yield Number(
                name=label,
                value=float(getattr(row, column)),
                unit=getattr(row, "unit", unit) if column == "value" else unit,
                low=low,
                high=high,
                distribution=distribution,
                source=assumed or row.source,
                grade="assumption" if assumed else row.grade,
                status="recalled" if assumed else row.status,
                note=row.note,
                file=f"{name}.csv",
                row=line,
            )


def is_numeric(annotation: Any) -> bool:
    """Tell whether a column holds numbers."""
    return annotation in (int, float, float | None)


def interval(row: Any, column: str) -> tuple[float | None, float | None, str]:
    """Give low, high and distribution of a cell: its own columns, or none."""
    if column == "value" and isinstance(row, UncertainRow):
        return row.low, row.high, row.distribution
    low, high = getattr(row, f"{column}_low", None), getattr(row, f"{column}_high", None)
    if low is None or high is None or low == high:
        return None, None, "fixed"
    return low, high, "beta" if high <= 1.0 else "lognormal"


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
            if name in ("service_levels", "place_ages", "pathways", "supports", "unit_costs"):
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
            if name == "locality_values":
                known(where, "indicator", row.indicator, [x.indicator for x in rows["locality_indicators"]])
            if name in ("incidence", "condition_costs"):
                known(where, "condition", row.condition, [x.condition for x in rows["conditions"]])
    check_payers(rows["unit_costs"])
    check_interventions(rows["interventions"], [row.adversity for row in rows["adversities"]])
    check_network(rows)
    check_harm(rows)
    check_adult_services(rows)
    check_adjacency(rows)
    used.update(source for columns in ASSUMED.values() for source in columns.values())
    for line, row in enumerate(rows["sources"], start=2):
        if row.key not in used and row.key != "chard_radley_2024":
            raise InputError(f"sources.csv: row {line}: '{row.key}' is used by no row; remove it")


def check_payers(rows: list[Any]) -> None:
    """Refuse a service whose cost rows name different payers or cashable shares."""
    first: dict[str, Any] = {}
    for line, row in enumerate(rows, start=2):
        other = first.setdefault(row.service, row)
        if (row.payer, row.cashable) != (other.payer, other.cashable):
            raise InputError(
                f"unit_costs.csv: row {line}: {row.service} is paid by {row.payer} at cashable {row.cashable} here, "
                f"by {other.payer} at {other.cashable} above; make them the same"
            )


def check_harm(rows: Mapping[str, list[Any]]) -> None:
    """Refuse a type without its row, a move with two payers or an unused hazard, and a placement that is none.

    Raises
    ------
    InputError
        It names the file, the row and the cell.
    """
    told = {row.adversity for row in rows["type_harm"]}
    kinds = [row.adversity for row in rows["adversities"]]
    for kind in kinds:
        if kind not in told:
            raise InputError(f"type_harm.csv: adversity '{kind}' has no row; add it (1, 0 and 0 are the mean type)")
    for line, row in enumerate(rows["type_harm"], start=2):
        if row.adversity not in kinds:
            raise InputError(f"type_harm.csv: row {line}: no adversity '{row.adversity}' in adversities.csv; remove it")
    first: dict[str, Any] = {}
    for line, row in enumerate(rows["instability_events"], start=2):
        where, other = f"instability_events.csv: row {line}: {row.kind}", first.setdefault(row.kind, row)
        if (row.payer, row.cashable, row.arises) != (other.payer, other.cashable, other.arises):
            raise InputError(f"{where}: payer, cashable and arises are not those of its row above; make them the same")
        if row.arises == "placement" and (row.hazard or (row.age_from, row.age_to) != (0, 17)):
            raise InputError(f"{where}: arises in placements, so give ages 0 to 17 and a hazard of 0")
    placements = {row.service for row in rows["services"] if row.tier == "looked_after"}
    for line, row in enumerate(rows["out_of_area"], start=2):
        if row.service not in placements:
            raise InputError(f"out_of_area.csv: row {line}: '{row.service}' is no looked-after service; remove it")


def known(where: str, column: str, name: str, names: list[str]) -> None:
    """Refuse a name that is not among those known."""
    if name not in names:
        offer = nearest(name, names) or f" Known: {', '.join(names[:12])} ..."
        raise InputError(f"{where}: unknown {column} '{name}'; give one that has its row.{offer}")


@cache
def load_tables(folder: Path = FOLDER) -> Tables:
    """Read and check every table of the model in a folder."""
    return read_folder(folder, KEYS, check_links)


def read_folder(folder: Path, kinds: Kinds, check: Callable[[dict[str, list[Any]]], None]) -> Tables:
    """Read every table of a folder, check the tables beside each other, and name their numbers.

    Parameters
    ----------
    check : refuses what one table says against another
    """
    rows = {name: read_table(folder / f"{name}.csv", kinds) for name in kinds}
    check(rows)
    numbers: dict[str, Number] = {}
    for name, table in rows.items():
        numbers.update((number.name, number) for number in table_numbers(name, table, kinds))
    hashes = {f"{name}.csv": hashlib.sha256((folder / f"{name}.csv").read_bytes()).hexdigest() for name in kinds}
    return Tables(rows, numbers, hashes)
