"""Shipped tables: every cell is a number with its story, and everything fits together."""

import csv
import hashlib
import re

import pytest

from simulation.inputs import FOLDER, Tables
from simulation.rows import ASSUMED, KEYS, Row

GRADES = ("published", "derived", "calibrated", "assumption")


def raw(name: str) -> list[dict[str, str]]:
    """Read a shipped table without the reader under test."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def label(name: str, row: dict[str, str], column: str) -> str:
    """Name a cell as a run does."""
    key = ".".join(row[each] for each in KEYS[name][1])
    return key if name == "parameters" else f"{name}.{key}.{column}"


def test_every_file_of_the_folder_is_a_table_and_every_table_a_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(KEYS)


@pytest.mark.parametrize("name", [name for name, (model, _) in KEYS.items() if issubclass(model, Row)])
def test_every_numeric_cell_becomes_a_number_with_its_story(tables: Tables, name: str) -> None:
    """Value, unit, file and row; source and grade are the row's, or the column's own where nobody measured it."""
    sources = {row["key"] for row in raw("sources")}
    silent = {*KEYS[name][1], "low", "high", "age_to", "source", "grade", "status", "note", "title", "unit"}
    expected = set()
    for line, row in enumerate(raw(name), start=2):
        for column in row.keys() - silent:
            if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", row[column]):
                number = tables.numbers[label(name, row, column)]
                expected.add(number.name)
                assert number.value == float(row[column])
                story = (row["source"], row["grade"], row["status"])
                if column in ASSUMED.get(name, {}):
                    story = (ASSUMED[name][column], "assumption", "recalled")
                assert (number.source, number.grade, number.status) == story
                assert (number.file, number.row, number.note) == (f"{name}.csv", line, row["note"])
                assert number.unit, number.name
                assert number.source in sources
                assert number.grade in GRADES
    assert expected == {number.name for number in tables.numbers.values() if number.file == f"{name}.csv"}


@pytest.mark.parametrize("name", [name for name in KEYS if "distribution" in KEYS[name][0].model_fields])
def test_every_interval_stands_beside_its_value(tables: Tables, name: str) -> None:
    for row in raw(name):
        number = tables.numbers[label(name, row, "value")]
        ends = [float(row[end]) if row[end] else None for end in ("low", "high")]
        assert [number.low, number.high] == ends
        assert number.distribution == row["distribution"]


def test_a_disability_weight_reads_its_interval_from_its_own_columns(tables: Tables) -> None:
    number = tables.numbers["conditions.depression.disability_weight"]
    assert (number.value, number.low, number.high, number.distribution) == (0.2, 0.138, 0.271, "beta")
    assert tables.numbers["conditions.smoking.disability_weight"].distribution == "fixed"


def test_a_grade_is_of_the_number_not_of_its_row(tables: Tables) -> None:
    """What is assumed beside what was measured says so: no cell of a published row lends its grade to a guess."""
    grades = {name: tables.numbers[name].grade for name in tables.numbers}
    assert grades["adversities.sexual_abuse.value"] == "published"
    assert grades["adversities.sexual_abuse.severity"] == "assumption"
    assert grades["adversities.sexual_abuse.direct_referral"] == "assumption"
    assert grades["services.foster_care.harm"] == grades["unit_costs.camhs.all.episode.cashable"] == "assumption"
    assert grades["unit_costs.camhs.all.episode.value"] == "published"
    assert tables.numbers["conditions.depression.disability_weight"].source == "gbd_2019"
    for name, columns in ASSUMED.items():
        assert columns.keys() <= KEYS[name][0].model_fields.keys()


def test_units_come_from_the_parameter_or_the_column(tables: Tables) -> None:
    assert tables.numbers["gdp_per_head"].unit == "GBP a year, 2019"
    assert tables.numbers["services.foster_care.acceptance"].unit == "share"
    assert tables.numbers["incidence.diabetes.male.0.hazard"].unit == "per person-year"


def test_hashes_and_values_are_those_of_the_files(tables: Tables) -> None:
    assert tables.hashes == {
        f"{name}.csv": hashlib.sha256((FOLDER / f"{name}.csv").read_bytes()).hexdigest() for name in KEYS
    }
    assert tables.values() == {name: number.value for name, number in tables.numbers.items()}
    assert tables.source("bellis_2014").key == "bellis_2014"


def test_shares_and_weights_of_shipped_tables_sum_to_one(tables: Tables) -> None:
    for name in ("deprivation", "ethnic_groups"):
        for place in {row.authority for row in tables.rows[name]}:
            assert sum(row.share for row in tables.rows[name] if row.authority == place) == pytest.approx(1, abs=1e-6)
