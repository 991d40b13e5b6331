"""Workbooks: the flow model's, worked out by another program, cell by cell against Python; and what all share."""

import dataclasses
import io
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from recompute import Sheets, change, check_numbers, check_plain, close, recompute

from experiments.published import ace_costs
from experiments.published.ace_workbook import ace_costs_workbook
from experiments.published.flow import answers, flow
from experiments.published.flow_law import Values, chances, law, plan_flow
from experiments.published.flow_workbook import flow_workbook
from experiments.published.inputs import load_published
from experiments.published.workbook import check_workbook_path, write_workbook
from experiments.questions import SHIPPED
from simulation.errors import InputError
from simulation.inputs import NamedValues
from simulation.scenario import Lever, Scenario, load_scenario

pytestmark = pytest.mark.slow  # a workbook is recomputed by another program

TABLES = load_published()
IMPROVED = load_scenario(SHIPPED / "improved.toml")
EVERY_KIND = Scenario.model_validate(
    {
        "name": "every_kind",
        "title": "=1+1",
        "lever": [
            {"kind": "prevention", "add": 0.02, "ages": [0, 4]},
            {"kind": "prevention", "add": 0.05, "ages": [5, 17]},
            {"kind": "sufficiency", "multiply": 1.3, "services": ["primary_school", "camhs"]},
            {"kind": "sufficiency", "add": 0.7, "services": ["foster_care"]},
            {"kind": "tip_alignment", "add": -0.9, "services": ["sen_support", "secondary_school"]},
            {"kind": "tip_alignment", "add": 0.3, "services": ["camhs"], "authorities": ["dudley"]},
            {"kind": "supply", "multiply": 1.2, "services": ["family_support"]},
            {"kind": "supply", "add": 0.5, "services": ["childrens_home"]},
        ],
    }
)
TYPED = {
    ("Inputs", "harm", "value"): 0.3,
    ("Inputs", "new_cats", "value"): 0.2,
    ("Inputs", "cost_ratio_per_level", "value"): 1.7,
    ("Services", "primary_school", "children"): 10_000.0,
    ("Services", "secondary_school", "TIP alignment today"): 0.55,
}
"""Typed into cells of the flow workbook; `IN_PYTHON` holds the same by the names of Python."""
IN_PYTHON = {
    "flow_numbers.harm.value": 0.3,
    "flow_numbers.new_cats.value": 0.2,
    "flow_numbers.cost_ratio_per_level.value": 1.7,
    "flow_services.primary_school.children": 10_000.0,
    "flow_services.secondary_school.tip_alignment": 0.55,
}
QUESTION = ace_costs.ask(TABLES, ace_costs.authorities(TABLES), None, None, None, None, 8, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workbooks")


@pytest.fixture(scope="module")
def improved(folder: Path) -> Sheets:
    write_workbook(flow_workbook(TABLES, TABLES.values(), IMPROVED, 4), folder / "improved.xlsx")
    return recompute(folder / "improved.xlsx")


@pytest.fixture(scope="module")
def changed(folder: Path) -> Sheets:
    write_workbook(flow_workbook(TABLES, TABLES.values(), EVERY_KIND, 6), folder / "every_kind.xlsx")
    return recompute(change(folder / "every_kind.xlsx", folder / "changed.xlsx", TYPED))


@pytest.fixture(params=["improved", "changed"])
def case(request: pytest.FixtureRequest) -> tuple[Sheets, Scenario, Values, int]:
    """Give a flow workbook worked out, and what it was made from: as made, and with other values typed into cells."""
    sheets = request.getfixturevalue(request.param)
    if request.param == "improved":
        return sheets, IMPROVED, TABLES.values(), 4
    return sheets, EVERY_KIND, {**TABLES.values(), **IN_PYTHON}, 6


def variants(scenario: Scenario) -> list[tuple[str, Scenario]]:
    return [("today", Scenario.today()), (scenario.name, scenario)]


def entries(sheets: Sheets) -> list[tuple[int, str]]:
    """Give the entries that the workbook shows, with their places in Python's arrays."""
    shown = {key[0] for key in sheets["Law today"]}
    assert shown
    found = [(at, line.label) for at, line in enumerate(plan_flow(TABLES).entries) if line.label in shown]
    assert len(found) == len(shown)
    return found


def places() -> list[str]:
    return ["none", *(line.label for line in plan_flow(TABLES).steps)]


def test_flow_levels_and_chances(case: tuple[Sheets, Scenario, Values, int]) -> None:
    sheets, scenario, values, _ = case
    plan = plan_flow(TABLES)
    for variant, chosen in variants(scenario):
        expected = chances(TABLES, values, plan, chosen, 0)
        for at, entry in entries(sheets):
            row = (variant, entry)
            close(sheets["Chances"][*row, "need"], expected.need[at])
            close(sheets["Chances"][*row, "new CATs"], expected.new[at])
            close(sheets["Chances"][*row, "held"], expected.entry_held[at])
            close(sheets["Chances"][*row, "held with support"], expected.entry_supported[at])
        for at, step in enumerate(places()[1:]):
            close(sheets["Chances"][variant, step, "held"], expected.step_held[at])
            close(sheets["Chances"][variant, step, "held with support"], expected.step_supported[at])
            close(sheets["Services"][step, f"acceptance {variant}"], expected.acceptance[at])


def test_levels_stay_within_0_and_1(changed: Sheets) -> None:
    assert changed["Services"]["foster_care", "Sufficiency every_kind"] == 1
    assert changed["Services"]["sen_support", "TIP alignment every_kind"] == 0
    assert changed["Services"]["camhs", "TIP alignment every_kind"] == 0.4  # the lever is for Dudley
    close(changed["Services"]["camhs", "Sufficiency every_kind"], 0.78)


def test_flow_law(case: tuple[Sheets, Scenario, Values, int]) -> None:
    sheets, scenario, values, _ = case
    plan = plan_flow(TABLES)
    for variant, chosen in variants(scenario):
        expected = law(plan, chances(TABLES, values, plan, chosen, 0))
        for (at, entry), (k, place), (j, to) in product(entries(sheets), places(), places()):
            close(sheets[f"Law {variant}"][entry, place, f"is then in {to}"], expected.moves[at, k, j])
            close(sheets[f"Law {variant}"][entry, place, f"is then in {to}, harmed"], expected.harmed[at, k, j])


def product(shown: list[tuple[int, str]], *names: list[str]) -> Any:
    """Pair entries with every place they may be in and move to, each with its number."""
    first, second = names
    return [(each, a, b) for each in shown for a in enumerate(first) for b in enumerate(second)]


def test_flow_years(case: tuple[Sheets, Scenario, Values, int]) -> None:
    sheets, scenario, values, years = case
    for variant, chosen in variants(scenario):
        expected, cells = flow(TABLES, values, chosen, years), sheets[f"Years {variant}"]
        for year in range(years + 1):
            column = f"year {year}" if year else "start"
            for what, found in (("children", expected.children[year]), ("CATs", expected.cats[year])):
                close(cells[what, "all", "all", column], found.sum())
                for at, entry in entries(sheets):
                    for k, place in enumerate(places()):
                        close(cells[what, entry, place, column], found[at, k])
            if year:
                close(cells["lost cost [GBP million]", "all", "all", column], expected.cost[year - 1])


def test_flow_answers(case: tuple[Sheets, Scenario, Values, int]) -> None:
    sheets, scenario, values, years = case
    expected = answers(flow(TABLES, values, years=years), flow(TABLES, values, scenario, years))
    found = {key[0]: value for key, value in sheets["Answers"].items() if key[-1] == "model"}
    assert list(found) == list(expected._fields)
    for name, value in expected._asdict().items():
        # A difference of two numbers near each other keeps fewer digits than they have.
        assert found[name] == pytest.approx(float(value), rel=1e-9)


def test_published_figures_stand_beside_the_answers_they_belong_to(improved: Sheets, changed: Sheets) -> None:
    cells = improved["Answers"]
    published = {key[0]: value for key, value in cells.items() if key[-1] == "published"}
    assert published == {"growth": 0.65, "cost": 277, "fewer_cats": 0.04, "improved_cost": 259, "reduced_cost": 72}
    for key, value in cells.items():
        if key[-1] == "difference":
            close(value, cells[*key[:-1], "model"] - cells[*key[:-1], "published"])
    assert not [key for key in changed["Answers"] if key[-1] in ("published", "difference")]


def test_pathways_sum_to_1(improved: Sheets) -> None:
    sums = [value for key, value in improved["Pathways"].items() if key[-1] == "sum"]
    assert len(sums) == 7
    assert sums[-1] == 0  # nothing lies above a children's home
    assert sums[:-1] == pytest.approx([1] * 6)


def test_every_formula_comes_to_a_number(improved: Sheets, changed: Sheets) -> None:
    check_numbers(improved)
    check_numbers(changed)


@pytest.mark.usefixtures("improved")
def test_a_workbook_is_plain(folder: Path) -> None:
    check_plain(folder / "improved.xlsx")


def test_the_same_inputs_give_the_same_bytes() -> None:
    first, second = (flow_workbook(TABLES, TABLES.values(), IMPROVED, 4) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert set(re.findall(rb">(\d{4})-", parts.read("docProps/core.xml"))) == {b"2000"}


def test_words_never_act_as_a_formula() -> None:
    def hostile(row: Any) -> Any:
        return row.model_copy(update={"title": "=HYPERLINK(1)", "note": "+1\n=2"})

    names = ("flow_services", "ace_cost_places")
    rows = {name: [hostile(row) for row in TABLES.rows[name]] for name in names}
    tables = dataclasses.replace(TABLES, rows={**TABLES.rows, **rows})
    for content in (flow_workbook(tables, tables.values(), EVERY_KIND, 1), ace_costs_workbook(tables, QUESTION)):
        cells = [cell for sheet in openpyxl.load_workbook(io.BytesIO(content)) for row in sheet for cell in row]
        assert not [cell.value for cell in cells if cell.data_type == "f" and "HYPERLINK" in cell.value]
        assert [cell.value for cell in cells if cell.value == "'=HYPERLINK(1)"]
        texts = [cell.value for cell in cells if cell.data_type == "s"]
        assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("name", ["a" * 60, "today", "years_today"])
def test_every_formula_calls_a_sheet_that_is_there(name: str) -> None:
    scenario = IMPROVED.model_copy(update={"name": name})
    book = openpyxl.load_workbook(io.BytesIO(flow_workbook(TABLES, TABLES.values(), scenario, 2)))
    formulas = [cell.value for sheet in book for row in sheet for cell in row if cell.data_type == "f"]
    called = {a or b for formula in formulas for a, b in re.findall(r"'([^']+)'!|([A-Za-z]+)!", formula)}
    assert called <= set(book.sheetnames)
    assert len(called) == 8  # every table but the inputs, whose cells go by names, and the answers
    assert max(map(len, book.sheetnames)) <= 31


def test_one_set_of_reconstructed_inputs_is_taken_as_it_comes() -> None:
    as_set = {**TABLES.values(), "flow_numbers.harm.value": np.array([TABLES.values()["flow_numbers.harm.value"]])}
    assert flow_workbook(TABLES, as_set, IMPROVED, 2) == flow_workbook(TABLES, TABLES.values(), IMPROVED, 2)


def test_scenarios_with_dates_are_refused() -> None:
    lever = Lever.model_validate({"kind": "prevention", "add": 0.02, "start": 2025, "ramp": 2})
    dated = IMPROVED.model_copy(update={"levers": (lever,)})
    with pytest.raises(InputError, match=r"one law for all years; remove start and end$"):
        flow_workbook(TABLES, TABLES.values(), dated, 4)


def test_services_in_detail_are_refused() -> None:
    rows = [
        row.model_copy(update={"detail": "detail"}) if row.service == "primary_school" else row
        for row in TABLES.rows["flow_services"]
    ]
    tables = dataclasses.replace(TABLES, rows={**TABLES.rows, "flow_services": rows})
    with pytest.raises(InputError, match=r"primary_school is taken in detail.*write overall in its row$"):
        flow_workbook(tables, tables.values(), IMPROVED, 4)


def test_a_flow_without_children_is_refused() -> None:
    values = {name: 0.0 if name.endswith(".children") else value for name, value in TABLES.values().items()}
    with pytest.raises(InputError, match="no entry has children"):
        flow_workbook(TABLES, NamedValues(values), IMPROVED, 4)


def test_an_existing_file_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "flow.xlsx"
    path.write_text("mine")
    for act in (lambda: check_workbook_path(path), lambda: write_workbook(b"other", path)):
        with pytest.raises(InputError, match=r"exists already; choose another"):
            act()
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["flow.csv", "flow", "flow.xls", "flow.xlsm"])
def test_another_suffix_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not end in \.xlsx"):
        check_workbook_path(tmp_path / name)


def test_a_missing_openpyxl_is_answered_with_its_install_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(InputError, match=r"pip install openpyxl$"):
        check_workbook_path(tmp_path / "flow.xlsx")
    with pytest.raises(InputError, match=r"pip install openpyxl$"):
        flow_workbook(TABLES, TABLES.values(), IMPROVED, 4)
