"""The tables of the published models: read by a command, and refused in one line where they contradict each other."""

import csv
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.published.inputs import FOLDER, check_published_table, load_published
from experiments.published.rows import KINDS
from simulation.errors import InputError

pytest_plugins = ("command_line_fixtures",)
Cells = list[dict[str, str]]


def rewritten(tmp_path: Path, name: str, change: Callable[[Cells], object]) -> Path:
    """Copy a shipped table with some of its cells changed."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        header, rows = list(reader.fieldnames or ()), list(reader)
    change(rows)
    path = tmp_path / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(rows)
    return path


def with_cell(place: int, column: str, value: str) -> Callable[[Cells], object]:
    """Set one cell of a row, counted from 0."""
    return lambda rows: rows[place].update({column: value})


def test_every_table_of_the_folder_is_known_and_hashed() -> None:
    tables = load_published()
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(KINDS)
    assert tables.hashes == {
        f"{name}.csv": hashlib.sha256((FOLDER / f"{name}.csv").read_bytes()).hexdigest() for name in KINDS
    }


@pytest.mark.parametrize("name", list(KINDS))
def test_shipped_tables_pass_their_own_check(name: str) -> None:
    assert len(check_published_table(FOLDER / f"{name}.csv")) == len(load_published().rows[name])


def test_what_is_reconstructed_is_graded_so() -> None:
    """No reconstructed input passes for evidence: each is an assumption, recalled, from the project itself."""
    tables = load_published()
    for name in ("flow_services", "flow_pathways", "flow_units", "flow_numbers"):
        for row in tables.rows[name]:
            assert (row.source, row.grade, row.status) == ("project_reconstruction", "assumption", "recalled")
    assert all("generated example" in row.note for row in tables.rows["flow_units"])


def test_a_recalled_figure_is_never_shown_as_read() -> None:
    """A row says that its source was read only where the source itself says so."""
    tables = load_published()
    sources = {row.key: row.status for row in tables.rows["published_sources"]}
    for name, rows in tables.rows.items():
        for row in rows:
            if name != "published_sources" and row.status == "read":
                assert sources[row.source] == "read", (name, row)


REFUSED = {
    "unknown source": ("flow_numbers", with_cell(0, "source", "project_reconstructio"), "unknown source"),
    "unused source": (
        "published_sources",
        lambda rows: rows.append({**rows[0], "key": "nobody_2020"}),
        "'nobody_2020' is used by no row",
    ),
    "step at level 0": ("flow_services", with_cell(4, "level", "0"), "level 0 of role step"),
    "entry above 0": ("flow_services", with_cell(1, "level", "1"), "level 1 of role entry"),
    "children in a step": ("flow_services", with_cell(4, "children", "5"), "5 children in a step"),
    "help by no support": ("flow_services", with_cell(1, "supported_by", "foster_care"), "unknown supported_by"),
    "detail without units": ("flow_services", with_cell(4, "detail", "detail"), "has no rows in flow_units.csv"),
    "unknown service": ("flow_pathways", with_cell(0, "to", "family_suport"), "Did you mean 'family_support'?"),
    "escalation down": ("flow_pathways", with_cell(7, "to", "family_support"), "but escalation goes only up"),
    "weights": ("flow_pathways", with_cell(0, "weight", "0.99"), "weights sum to 0.99, not 1"),
    "shares": ("flow_units", with_cell(0, "share", "0.5"), "shares sum to 1.48947, not 1"),
    "share above 1": ("flow_units", with_cell(0, "share", "1.1"), "'1.1' is not allowed"),
    "value outside": ("flow_numbers", with_cell(0, "value", "2"), "value 2.0 is outside low 0.5 to high 1.5"),
    "grade": ("published_figures", with_cell(0, "grade", "publishd"), "Did you mean 'published'?"),
    "doubled": ("published_figures", lambda rows: rows.append(dict(rows[0])), "aces birmingham stands twice"),
}


@pytest.mark.parametrize(("name", "change", "part"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_table_is_refused_in_one_line(
    tmp_path: Path, name: str, change: Callable[[Cells], object], part: str
) -> None:
    """B (tables): one line that names file, row, value and remedy."""
    path = rewritten(tmp_path, name, change)
    with pytest.raises(InputError) as refusal:
        check_published_table(path)
    message = str(refusal.value)
    assert part in message
    assert message.startswith((f"{name}.csv", "published_sources.csv", "flow_services.csv"))
    assert "\n" not in message


def test_check_and_parameters_know_these_tables(wellheld) -> None:  # type: ignore[no-untyped-def]
    assert wellheld("check", FOLDER / "flow_services.csv").out.endswith("fine (11 rows)\n")
    said = wellheld("parameters", "flow_numbers.f_tip.value").out
    assert "project_reconstruction" in said
    assert "assumption" in said
