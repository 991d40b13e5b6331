"""What the commands beside run answer, and how progress is shown."""

import csv
import json
import sys
from types import SimpleNamespace

import pytest
from command_line import ROOT, SCENARIO, SOME_NUMBER

import experiments
from experiments.progress import lines, progress_on_stderr
from experiments.published.inputs import FOLDER as PUBLISHED
from experiments.published.inputs import load_published
from simulation.inputs import FOLDER, load_tables

FOLDERS = (FOLDER, PUBLISHED)
pytest_plugins = ("command_line_fixtures",)


# timeline, parameters, check, benchmark


def test_timeline_prints_a_life_line_by_line(wellheld, monkeypatch):
    asked = []

    def words(child, place, seed, scenario, children):
        asked.append((child, place, seed, scenario.name, children))
        return ["Born.", "Age 4: starts school."]

    timeline = SimpleNamespace(words=words)
    monkeypatch.setitem(sys.modules, "experiments.timeline", timeline)
    answer = wellheld(*["timeline", "7", "--place", "walsall", "--seed", "3", "--children", "50"])
    assert (answer.code, answer.out) == (0, "Born.\nAge 4: starts school.\n")
    wellheld("timeline", "0", "--scenario", "improved")
    births = next(row.births for row in load_tables().rows["authorities"] if row.authority == "sandwell")
    assert asked == [(7, "walsall", 3, "today", 50), (0, "sandwell", 1, "improved", births)]


@pytest.mark.slow
def test_parameters_lists_every_number(wellheld):
    answer = wellheld("parameters")
    assert (answer.code, answer.err) == (0, "")
    header, *rows = answer.out.splitlines()
    for title in ("name", "value", "unit", "low-high", "distribution", "source", "grade", "status"):
        assert title in header
    assert [row.split()[0] for row in rows] == [*load_tables().numbers, *load_published().numbers]


def test_no_two_numbers_have_one_name():
    assert not load_tables().numbers.keys() & load_published().numbers.keys()


def test_a_number_of_a_published_model_is_shown_with_its_own_citation(wellheld):
    name = "ace_cost_numbers.cost_per_ace.value"
    number = load_published().numbers[name]
    citation = load_published().source(number.source).citation
    assert json.loads(wellheld("parameters", name, "--json").out)["citation"] == citation
    for part in (name, number.unit, number.file, citation):
        assert part in wellheld("parameters", name).out


def test_parameters_as_json_is_every_number(wellheld):
    rows = json.loads(wellheld("parameters", "--json").out)
    assert [row["name"] for row in rows] == [*load_tables().numbers, *load_published().numbers]
    assert {"value", "unit", "low", "high", "distribution", "source", "grade", "status"} <= rows[0].keys()


def test_a_number_is_shown_with_its_citation(wellheld):
    number = load_tables().numbers[SOME_NUMBER]
    answer = wellheld("parameters", SOME_NUMBER)
    assert answer.code == 0
    citation = load_tables().source(number.source).citation
    for part in (SOME_NUMBER, number.unit, number.grade, number.status, number.source, citation, number.file):
        assert part in answer.out
    facts = json.loads(wellheld("parameters", SOME_NUMBER, "--json").out)
    assert (facts["value"], facts["citation"]) == (number.value, citation)


def test_the_beginning_of_names_lists_those(wellheld):
    start = SOME_NUMBER[:3]
    rows = wellheld("parameters", start).out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == [name for name in load_tables().numbers if name.startswith(start)]


def test_check_accepts_a_good_scenario(wellheld, here):
    (here / "mine.toml").write_text(SCENARIO)
    answer = wellheld("check", "mine.toml")
    assert (answer.code, answer.out, answer.err) == (0, "mine.toml: fine (1 lever)\n", "")


@pytest.mark.parametrize("name", ["today", "improved", "unchanged"])
def test_check_accepts_the_shipped_scenarios(wellheld, name):
    path = ROOT / "experiments" / "scenarios" / f"{name}.toml"
    assert wellheld("check", path).out.startswith(f"{path}: fine (")


@pytest.mark.parametrize(
    "path", sorted(path for folder in FOLDERS for path in folder.glob("*.csv")), ids=lambda x: x.stem
)
def test_check_accepts_the_shipped_tables(wellheld, path):
    answer = wellheld("check", path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = len(list(csv.reader(file))) - 1
    assert (answer.code, answer.out) == (0, f"{path}: fine ({rows} rows)\n")


def test_check_refuses_a_bad_table(refused, here):
    (here / "deflators.csv").write_text("yaer,value\n2023-24,0.05\n")
    assert "deflators.csv" in refused("check", "deflators.csv")


def test_check_refuses_a_bad_table_of_a_published_model(refused, here):
    path = ROOT / "experiments" / "published" / "tables" / "ace_cost_numbers.csv"
    (here / path.name).write_text(path.read_text(encoding="utf-8").replace("bellis_2014", "bellis_2104"))
    assert "ace_cost_numbers.csv: row 4: unknown source 'bellis_2104'" in refused("check", path.name)


def test_benchmark_calls_the_measurements(wellheld, monkeypatch):
    calls = []
    monkeypatch.setattr(experiments, "benchmark", SimpleNamespace(main=lambda: calls.append(1)), raising=False)
    assert (wellheld("benchmark").code, calls) == (0, [1])


# Progress


def test_hidden_progress_is_none(capsys):
    with progress_on_stderr("Simulating", hidden=True) as progress:
        assert progress is None
    assert capsys.readouterr().err == ""


def test_progress_on_a_terminal_is_a_bar_on_stderr(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TTY_INTERACTIVE", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress_on_stderr("Simulating", hidden=False) as progress:
        progress(3, 20)
    out, err = capsys.readouterr()
    assert out == ""
    assert "Simulating" in err
    assert "3/20" in err


def test_progress_lines_come_once_each(capsys):
    show = lines("Simulating")
    for done in (0, 1, 1, 1, 3, 3):
        show(done, 3)
    shown = [line.split(",")[0] for line in capsys.readouterr().err.splitlines()]
    assert shown == ["Simulating: 30% (1 of 3)", "Simulating: 100% (3 of 3)"]
