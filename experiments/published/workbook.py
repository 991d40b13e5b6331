"""Write workbooks of live formulas: one labelled table a sheet, whose cells are called by row and column.

A workbook holds no macro and no computed value: the program that opens it works out every formula.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments.files import guarded
from experiments.origin import commit, installed
from experiments.published.files import check_file, write_file
from experiments.screen import NOT_FOR_INDIVIDUALS
from simulation.errors import InputError
from simulation.inputs import Number, Tables

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

Key = tuple[str, ...]
"""A row, by the words in its first columns."""
HEADER = 3
"""Row of a sheet's column names; above it a sentence says what the sheet is."""
SUFFIX = ".xlsx"
OPTION = "--xlsx"
VALUE = "value"
DESCRIPTION = ("unit", "low", "high", "source", "grade", "status", "note")
SHARE, COUNT, MONEY, FREE = "0.0000", "#,##0.0", "#,##0.00", "General"
CREDIT = (
    "Concepts and published figures: Chard and Radley 2024, social and economic case for reducing adversity and "
    "trauma, West Midlands Combined Authority. Their spreadsheets are not published; this is no copy of them, and "
    "neither the authors nor the authority endorse it."
)
HOW_TO_READ = (
    "Shaded cells are inputs: change one, and every formula that rests on it follows. Values appear once a spreadsheet "
    "program (Excel, LibreOffice) has opened the file; there are no macros."
)
MADE = b"2000-01-01T00:00:00Z"
"""Stands for the time of making, so that the same inputs give the same bytes."""


class Grid(NamedTuple):
    """A labelled table on a sheet of its own."""

    sheet: "Worksheet"
    rows: dict[Key, int]
    columns: dict[str, int]

    @property
    def prefix(self) -> str:
        """Give what stands before a cell of the sheet in a formula of another."""
        title = self.sheet.title
        return f"{title}!" if title.isalnum() else f"'{title}'!"

    def at(self, row: Key, column: str) -> str:
        """Call a cell."""
        return f"{self.prefix}{self.sheet.cell(self.rows[row], self.columns[column]).coordinate}"

    def down(self, column: str, rows: Sequence[Key]) -> str:
        """Call the cells of a column from the first to the last of some rows that lie together."""
        return f"{self.at(rows[0], column)}:{self.at(rows[-1], column).removeprefix(self.prefix)}"

    def across(self, row: Key, columns: Sequence[str]) -> str:
        """Call the cells of a row from the first to the last of some columns that lie together."""
        return f"{self.at(row, columns[0])}:{self.at(row, columns[-1]).removeprefix(self.prefix)}"

    def put(self, row: Key, column: str, value: Any, form: str = FREE, given: bool = False) -> None:
        """Write a number or words; a given value is an input and shaded. Words never act as a formula."""
        cell = self.sheet.cell(self.rows[row], self.columns[column], words(value))
        if given:
            cell.style = "given"
        cell.number_format = form
        if isinstance(value, str):
            widen(self.sheet, self.columns[column], value)

    def formula(self, row: Key, column: str, formula: str, form: str = FREE) -> None:
        """Write a formula; cells of its own sheet are called without the sheet's name."""
        cell = self.sheet.cell(self.rows[row], self.columns[column], "=" + formula.replace(self.prefix, ""))
        cell.number_format = form


def words(value: Any) -> Any:
    """Make words safe for a cell: none acts as a formula, no control character."""
    if not isinstance(value, str):
        return value
    return guarded("".join(each if each.isprintable() else " " for each in value))


def letter(column: int) -> str:
    """Name a column as a spreadsheet does."""
    return str(library().utils.get_column_letter(column))


def widen(sheet: "Worksheet", column: int, text: str) -> None:
    """Make a column wide enough for a text, up to 60 characters."""
    width = sheet.column_dimensions[letter(column)]
    width.width = min(60.0, max(width.width, len(text) + 2.0))


def library() -> Any:
    """Import openpyxl, which only workbooks need.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise InputError("a workbook needs openpyxl; install it with: pip install openpyxl") from error
    return openpyxl


def new_book(title: str, about: Sequence[str], tables: Tables) -> "Workbook":
    """Begin a workbook with its styles and the sheet that says what it is and by what it was made."""
    openpyxl = library()
    book: Workbook = openpyxl.Workbook()
    shade, bold = openpyxl.styles.PatternFill, openpyxl.styles.Font(bold=True)
    wrap = openpyxl.styles.Alignment(wrap_text=True, vertical="top")
    for style in (
        openpyxl.styles.NamedStyle("given", fill=shade("solid", fgColor="FFF2CC")),
        openpyxl.styles.NamedStyle("heading", font=bold, fill=shade("solid", fgColor="D9E1F2"), alignment=wrap),
        openpyxl.styles.NamedStyle("prose", alignment=wrap),
    ):
        book.add_named_style(style)
    book.calculation.fullCalcOnLoad = True
    sheet = book.worksheets[0]
    sheet.title = "Read me"
    sheet.column_dimensions["A"].width = 100
    hashes = [f"{name}: sha256 {value}" for name, value in sorted(tables.hashes.items())]
    made = [f"wellheld {installed('wellheld')}, commit {commit()}", "Tables it was made from:", *hashes]
    for row, line in enumerate([title, *about, HOW_TO_READ, CREDIT, NOT_FOR_INDIVIDUALS, *made], start=1):
        sheet.cell(row, 1, words(line)).style = "heading" if row == 1 else "prose"
    sheet.freeze_panes = "A2"
    return book


def grid(
    book: "Workbook", title: str, about: str, labels: Sequence[str], rows: Sequence[Key], columns: Sequence[str]
) -> Grid:
    """Begin a sheet with one table: its sentence, names of columns and rows, and header that stays in sight."""
    sheet = book.create_sheet(title[:31])
    sheet.cell(1, 1, words(about))
    for place, name in enumerate((*labels, *columns), start=1):
        sheet.cell(HEADER, place, words(name)).style = "heading"
        sheet.column_dimensions[letter(place)].width = 14
    for line, row in enumerate(rows, start=HEADER + 1):
        for place, word in enumerate(row, start=1):
            sheet.cell(line, place, words(word))
            widen(sheet, place, word)
    sheet.freeze_panes = sheet.cell(HEADER + 1, len(labels) + 1)
    return Grid(
        sheet,
        {row: line for line, row in enumerate(rows, start=HEADER + 1)},
        {name: place for place, name in enumerate(columns, start=len(labels) + 1)},
    )


def inputs_grid(book: "Workbook", numbers: Sequence[Number], tables: Tables) -> Grid:
    """Write the sheet of inputs; formulas call an input by its name."""
    defined = library().workbook.defined_name.DefinedName
    about = "Formulas call an input by its name. Grade and status say how far to trust it."
    citations = {source.key: source.citation for source in tables.rows["published_sources"]}
    made = grid(book, "Inputs", about, ["name"], [(number.name,) for number in numbers], [VALUE, *DESCRIPTION])
    for number in numbers:
        row = (number.name,)
        made.put(row, VALUE, number.value, given=True)
        for column in DESCRIPTION:
            made.put(row, column, getattr(number, column))
        made.put(row, "source", citations.get(number.source, number.source))
        where = made.at(row, VALUE).replace("!B", "!$B$")
        book.defined_names[number.name] = defined(number.name, attr_text=where)
    return made


def workbook_bytes(book: "Workbook") -> bytes:
    """Turn a workbook into bytes, the same for the same cells whenever it is made."""
    made, kept = io.BytesIO(), io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as parts, zipfile.ZipFile(kept, "w") as fixed:
        for name in parts.namelist():
            content = parts.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", MADE, content)
            fixed.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return kept.getvalue()


def check_workbook_path(path: Path) -> None:
    """Refuse, before anything is computed, a name that is taken or no workbook's, and a missing openpyxl.

    Raises
    ------
    InputError
        With the remedy.
    """
    check_file(path, SUFFIX, OPTION)
    library()


def write_workbook(content: bytes, path: Path) -> None:
    """Write a workbook under its name, whole or not at all, and never over another file.

    Raises
    ------
    InputError
        If the name is taken or no workbook's.
    ResourceError
        If it cannot be written; nothing is left.
    """
    check_workbook_path(path)
    write_file(content, path, OPTION)
