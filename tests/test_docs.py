"""The documents name what exists: phases, parameters, tables, files, versions; and point nowhere outside."""

import csv
import re
import tomllib
from pathlib import Path

import pytest

from agents.child import CHILD
from experiments.published.inputs import FOLDER as PUBLISHED
from simulation.inputs import FOLDER, load_tables
from simulation.sampling import uncertain
from simulation.scenario import Switches
from simulation.year import YEAR

ROOT = Path(__file__).parent.parent
MODEL = (ROOT / "MODEL.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
CITATION = {
    key: value.strip("\"'")
    for key, value in re.findall(r"^([\w-]+): *(.*)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.M)
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOTEBOOKS = (
    "notebooks/one_run.py",
    "notebooks/from_spreadsheets_to_children.py",
    "notebooks/experiments_as_files.py",
    "notebooks/hypotheses.py",
    "notebooks/which_numbers_matter.py",
    "notebooks/comparing_scenarios.py",
)
DOCUMENTS = ("README.md", "MODEL.md", "CHANGELOG.md", "CITATION.cff", "LICENSE", *NOTEBOOKS)
NAME = re.compile(r"^[a-z][a-z0-9_]*$")


def section(number: int) -> str:
    """Give a numbered section of MODEL.md."""
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", MODEL, re.M | re.S)
    assert found is not None, f"MODEL.md has no section {number}"
    return found[0]


def quoted(text: str) -> set[str]:
    """Give what stands in backticks, code blocks left out."""
    return set(re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)))


def identifiers() -> set[str]:
    """Give every word of the code and of the tables' cells and headers."""
    paths = [path for package in ("agents", "simulation", "experiments") for path in (ROOT / package).rglob("*.py")]
    paths += [*FOLDER.glob("*.csv"), *PUBLISHED.glob("*.csv"), *(ROOT / "experiments" / "scenarios").glob("*.toml")]
    return {word for path in paths for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}


def test_every_parameter_is_described_in_the_model():
    missing = {row.name for row in load_tables().rows["parameters"]} - quoted(MODEL)
    assert not missing, f"MODEL.md does not mention {sorted(missing)}"


def test_names_in_the_model_exist_in_code_or_tables():
    names = {name for name in quoted(MODEL) if NAME.match(name)}
    files = {path.stem for folder in (FOLDER, PUBLISHED) for path in folder.glob("*.csv")}
    unknown = names - identifiers() - files
    assert not unknown, f"MODEL.md names what neither code nor tables have: {sorted(unknown)}"


def test_dotted_names_of_numbers_exist():
    numbers = load_tables().numbers
    tables = {path.stem for path in FOLDER.glob("*.csv")}
    dotted = {name for name in quoted(MODEL) if "/" not in name and name.split(".")[0] in tables and "." in name}
    assert dotted
    assert dotted <= set(numbers)


def test_phases_in_the_model_are_those_of_the_year_in_order():
    named = re.findall(r"^\| (\d) \| `(\w+)` \|", section(3), re.M)
    assert [name for _, name in named] == [phase.__name__ for _, phase in YEAR]
    assert [int(number) for number, _ in named] == sorted(int(number) for number, _ in named)


def test_tables_of_the_model_are_all_there_with_their_rows():
    told = {name: int(rows) for name, rows in re.findall(r"^\| `(\w+)` \| (\d+) \|", section(6), re.M)}
    counted = {}
    for path in FOLDER.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            counted[path.stem] = sum(1 for _ in csv.DictReader(file))
    assert told == counted


def test_no_row_of_a_table_stands_twice():
    rows = [line for line in MODEL.splitlines() if line.startswith("| `")]
    assert len(rows) == len(set(rows)), sorted({row for row in rows if rows.count(row) > 1})


def test_sections_follow_each_other_and_references_to_them_exist():
    found = re.findall(r"^#{2,3} ([\d.]+?)\.? ", MODEL, re.M)
    assert found == sorted(found, key=lambda name: [int(part) for part in name.split(".")])
    assert set(re.findall(r"\((7\.[1-9]\d?)\)", MODEL)) <= set(found)


def test_every_switch_is_told_with_its_default():
    told = dict(re.findall(r"^\| `(\w+)` \| (on|off) \|", section(9), re.M))
    assert told == {name: "on" if field.default else "off" for name, field in Switches.model_fields.items()}


def test_parts_that_can_be_switched_are_said_to_be_verified():
    told = re.search(r"^### How it is verified$(.*?)(?=^## )", MODEL, re.M | re.S)
    assert told is not None
    added = {name for name in Switches.model_fields if not name.startswith("channel_")} - {"published_yll"}
    assert added <= quoted(told[1])
    for path, numbers in re.findall(r"^\|[^|]*\|[^|]*\| ([^|]*) \| ([^|]*) \|$", told[1], re.M):
        made = "".join(
            (ROOT / each).read_text(encoding="utf-8").upper() for each in re.findall(r"`(tests/[^`]+)`", path)
        )
        missing = [number for number in re.findall(r"\b[VME]\d\d\b", numbers) if number not in made]
        assert not missing, f"{path}: no test carries {missing}"


def test_counts_of_uncertain_numbers_are_those_of_the_tables():
    numbers = uncertain(load_tables().numbers)
    grades = [number.grade for number in numbers]
    text = " ".join(section(6).split())
    for count, word in (
        (len(numbers), "numbers with a distribution"),
        *((grades.count(grade), grade) for grade in ("published", "derived", "calibrated")),
        (grades.count("assumption"), "are assumptions"),
        (sum(number.status == "recalled" for number in numbers), "are recalled"),
    ):
        assert f"{count} {word}" in text, f"MODEL.md section 6 should say: {count} {word}"


def test_record_size_is_told_as_it_is():
    assert f"{CHILD.itemsize} bytes, {len(CHILD.names or ())} fields" in MODEL


def test_fields_of_the_record_are_all_described():
    assert set(CHILD.names or ()) <= quoted(section(2))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_point_to_nothing_outside(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "../" not in text
    assert not re.search(r"(?<![\w:/.$])/(work|home|tmp|root|Users|mnt)\b", text)
    assert not re.search(r"file://|\b[A-Z]:\\", text)


@pytest.mark.parametrize("name", ["README.md", "MODEL.md", *NOTEBOOKS])
def test_files_that_documents_name_exist(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")
    paths = {each for each in quoted(text) if re.fullmatch(r"[\w.-]+(/[\w.-]+)+/?|[\w-]+\.(md|cff|toml)", each)}
    paths |= {link for link in re.findall(r"\]\(([^)#:\s]+)\)", text) if "://" not in link}
    own = {"my_scenario.toml", "results"}
    missing = {path for path in paths if path.split("/")[0] not in own and not (ROOT / path).exists()}
    assert not missing, f"{name} names files that do not exist: {sorted(missing)}"


@pytest.mark.parametrize("name", ["README.md", "MODEL.md", *NOTEBOOKS, "CITATION.cff"])
def test_documents_say_that_no_real_child_is_meant(name: str):
    text = " ".join((ROOT / name).read_text(encoding="utf-8").replace("#", " ").split()).lower()
    assert "real child" in text or "individual child" in text
    assert "predict" in text or "decid" in text or "decision" in text


def test_citation_is_complete_and_of_this_version():
    assert CITATION["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "version", "date-released", "license"} <= set(CITATION)
    assert CITATION["version"] == PROJECT["version"]
    assert CITATION["license"] == PROJECT["license"] == "MIT"
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert all(f"- name: {author['name']}\n" in text for author in PROJECT["authors"])


def test_changelog_begins_with_this_version_and_says_what_moves_results():
    newest = re.search(r"^## \[([^\]]+)\] - (\S+)$(.*?)(?=^## |\Z)", CHANGELOG, re.M | re.S)
    assert newest is not None
    assert newest[1] == PROJECT["version"]
    assert newest[2] == CITATION["date-released"]
    assert "### Results change" in newest[3]


def test_licence_is_the_project_s():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License")
    assert PROJECT["authors"][0]["name"] in text


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_read_and_never_define(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^# %%\n(.*?)(?=^# %%|\Z)", text, re.M | re.S))
    assert len(re.findall(r"plt\.subplots|pictures\.\w+_figure", code)) == 3
    assert not re.search(r"^\s*(def|class|async)\b|\blambda\b", code, re.M)
    assert "## Limits" in text
    assert not list((ROOT / "notebooks").glob("*.ipynb"))
