"""Work a saved workbook out by an independent program: LibreOffice where it is installed, else the library formulas."""

import math
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest

HEADER = 3
OFFICE = shutil.which("soffice")
KNOWN = {"MIN", "MAX", "SUM", "SUMPRODUCT", "PRODUCT", "AVERAGE", "IF", "EXP", "LN"}
"""Functions that every spreadsheet program has."""


class Sheets(NamedTuple):
    """A workbook worked out: cells by sheet, row and column names, and which of them are formulas."""

    cells: dict[str, dict[tuple[str, ...], Any]]
    formulas: dict[str, dict[tuple[str, ...], str]]

    def __getitem__(self, sheet: str) -> dict[tuple[str, ...], Any]:
        return self.cells[sheet]


def recompute(path: Path) -> Sheets:
    """Read every cell that lies in a table, formulas as what they come to."""
    found = by_office(path) if OFFICE else by_library(path)
    cells: dict[str, dict[tuple[str, ...], Any]] = {}
    formulas: dict[str, dict[tuple[str, ...], str]] = {}
    for sheet in openpyxl.load_workbook(path).worksheets[1:]:
        cells[sheet.title], formulas[sheet.title] = {}, {}
        labels = openpyxl.utils.cell.coordinate_to_tuple(sheet.freeze_panes)[1] - 1
        for row in sheet.iter_rows(min_row=HEADER + 1):
            key = tuple(str(cell.value) for cell in row[:labels])
            for cell in row[labels:]:
                name = (*key, sheet.cell(HEADER, cell.column).value)
                if cell.data_type == "f":
                    formulas[sheet.title][name] = cell.value
                    cells[sheet.title][name] = found[sheet.title.upper(), cell.coordinate]
                elif cell.value is not None:
                    cells[sheet.title][name] = cell.value
    return Sheets(cells, formulas)


def by_office(path: Path) -> dict[tuple[str, str], Any]:
    """Let LibreOffice work out a workbook, in a profile of its own."""
    out = path.parent / f"{path.stem}_office"
    profile = f"-env:UserInstallation={(path.parent / 'profile').as_uri()}"
    command = [str(OFFICE), profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    book = openpyxl.load_workbook(out / path.name, data_only=True)
    return {
        (sheet.title.upper(), cell.coordinate): cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
    }


def by_library(path: Path) -> dict[tuple[str, str], Any]:
    """Let the library formulas work out a workbook."""
    import formulas

    found = formulas.ExcelModel().loads(str(path)).finish().calculate()
    values: dict[tuple[str, str], Any] = {}
    for name, cell in found.items():
        where, _, coordinate = str(name).partition("]")[2].partition("'!")
        if coordinate and ":" not in coordinate:
            values[where, coordinate] = cell.value[0, 0]
    return values


def change(path: Path, out: Path, changes: dict[tuple[str, ...], float]) -> Path:
    """Type other values into input cells, each by sheet, row and column names, and save under another name."""
    book = openpyxl.load_workbook(path)
    for (title, *names), value in changes.items():
        sheet = book[title]
        labels = openpyxl.utils.cell.coordinate_to_tuple(sheet.freeze_panes)[1] - 1
        rows = {tuple(str(cell.value) for cell in row[:labels]): row for row in sheet.iter_rows(min_row=HEADER + 1)}
        columns = {cell.value: cell.column for cell in sheet[HEADER]}
        cell = sheet.cell(rows[tuple(names[:-1])][0].row, columns[names[-1]])
        assert cell.style == "given", f"{title} {names} is no input"
        cell.value = value
    book.save(out)
    return out


def close(value: Any, expected: Any) -> None:
    """Compare to 1e-9 of the value; what is 0 in Python may be a rounding error of sums near 1."""
    assert value == pytest.approx(float(expected), rel=1e-9, abs=1e-15)


def check_numbers(sheets: Sheets) -> None:
    """Find a finite number in every cell that holds a formula, and such cells."""
    assert any(sheets.formulas.values())
    for sheet, formulas in sheets.formulas.items():
        for key in formulas:
            value = sheets[sheet][key]
            assert isinstance(value, (int, float)), f"{sheet} {key}: {value}"
            assert math.isfinite(value), f"{sheet} {key}: {value}"


def check_plain(path: Path) -> None:
    """Find no macro and no link, headers in sight, known functions, and what a workbook says of itself."""
    with zipfile.ZipFile(path) as parts:
        assert not [part for part in parts.namelist() if "vba" in part.lower() or "external" in part.lower()]
    book = openpyxl.load_workbook(path)
    read_me = " ".join(str(cell.value) for cell in book["Read me"]["A"] if cell.value)
    for words in ("not published", "Chard and Radley 2024", "any real child", "commit", "sha256"):
        assert words in read_me
    assert all(sheet.freeze_panes for sheet in book)
    formulas = [cell.value for sheet in book for row in sheet for cell in row if cell.data_type == "f"]
    called = {each for formula in formulas for each in re.findall(r"([A-Z][A-Z0-9.]*)\(", formula)}
    assert called
    assert called <= KNOWN
