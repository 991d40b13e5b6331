"""The command line: what it answers, and one clear line with the right exit code for every failure.

The tables, scenarios and folders are the real ones. Only the long run itself is stood in for, so that
these tests ask what the command line does with it and with its failures.
"""

import errno
import json

import pytest
from command_line import SCENARIO, SOME_NUMBER, SOME_SERVICE, SOME_SHARE, process

from experiments import cli, limits

pytest_plugins = ("command_line_fixtures",)


# Help


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_teaches_by_example(wellheld, arguments):
    answer = wellheld(*arguments)
    assert (answer.code, answer.err) == (0, "")
    for part in (
        "wellheld run sandwell",
        "--scenario mine.toml",
        "wellheld timeline 42",
        "--install-completion",
    ):
        assert part in answer.out
    assert "decisions about any individual child" in " ".join(answer.out.split())


@pytest.mark.parametrize("command", ["run", "timeline", "parameters", "check", "benchmark", "published ace-costs"])
def test_every_command_explains_itself(wellheld, command):
    answer = wellheld(*command.split(), "--help")
    assert answer.code == 0
    assert f"Usage: wellheld {command}" in answer.out
    assert "--debug" in answer.out


def test_help_of_run_says_what_it_is_not_for(wellheld):
    text = " ".join(wellheld("run", "--help").out.split())
    assert "decisions about any individual child" in text
    assert "wellheld run region --scenario mine.toml --json" in text
    for option in ("--draws", "--seed", "--children", "--jobs", "--scenario", "--engine", "--out", "--force"):
        assert option in text


def test_help_loads_no_slow_library():
    slow = "{'numpy', 'pandas', 'numba', 'scipy', 'matplotlib', 'mesa', 'pyarrow', 'joblib'}"
    report = f"import atexit\natexit.register(lambda: print('slow:', sorted({slow} & set(sys.modules))))"
    out, err = process("--help", before=report).communicate(timeout=60)
    assert out.rstrip().endswith("slow: []"), err


def test_version(wellheld, monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda name: {"wellheld": "1.2.3"}[name])
    answer = wellheld("--version")
    assert (answer.code, answer.out) == (0, "wellheld 1.2.3\n")


def test_completion_offers_places(here):
    assert cli.complete_place("sa") == ["sandwell"]
    assert cli.complete_place("re") == ["region"]
    assert len(cli.complete_place("")) == 8


# run


def test_run_prints_the_screen_and_names_the_folder(wellheld, stand_in, here):
    answer = wellheld("run", "sandwell")
    assert answer.code == 0
    assert answer.out == "screen of results\n"
    assert answer.err.splitlines()[-1] == "Results in results/sandwell"
    assert (here / "results" / "sandwell").is_dir()
    assert stand_in["scenario"].name == "improved"
    asked = {key: stand_in[key] for key in ("place", "draws", "seed", "children", "jobs", "engine")}
    assert asked == {
        "place": "sandwell",
        "draws": 64,
        "seed": 1,
        "children": None,
        "jobs": limits.cores(),
        "engine": "compiled",
    }


def test_run_hands_every_option_on(wellheld, stand_in, here):
    (here / "mine.toml").write_text(SCENARIO)
    options = "--draws 8 --seed 9223372036854775807 --children 50 --jobs 2 --engine mesa --out there --quiet"
    answer = wellheld("run", "Region", *options.split(), "--scenario", "mine.toml")
    assert (answer.code, answer.err) == (0, "")
    assert stand_in["scenario"].name == "mine"
    asked = [stand_in[key] for key in ("place", "draws", "seed", "children", "jobs", "engine", "progress")]
    assert asked == ["region", 8, 2**63 - 1, 50, 2, "mesa", None]
    assert (here / "there").is_dir()


def test_run_takes_a_shipped_scenario_by_name(wellheld, stand_in):
    assert wellheld("run", "sandwell", "--scenario", "unchanged").code == 0
    assert stand_in["scenario"].name == "unchanged"


def test_json_is_all_there_is_on_stdout(wellheld, stand_in):
    answer = wellheld("run", "sandwell", "--json")
    assert json.loads(answer.out) == {"of": "results"}
    assert stand_in["progress"] is None
    assert answer.err == "Results in results/sandwell\n"


def test_progress_without_a_terminal_is_a_line_at_every_tenth(wellheld, stand_in):
    shown = wellheld("run", "sandwell").err.splitlines()[:-1]
    assert len(shown) == 10
    assert shown[0].startswith("Simulating sandwell: 10% (2 of 20), about ")
    assert shown[-1] == "Simulating sandwell: 100% (20 of 20), about 0 s left"


BAD_OPTIONS = {
    "unknown place": (
        "run sandwel",
        ["unknown place 'sandwel'", "Did you mean 'sandwell'?", "Places: ", "region"],
    ),
    "place like no other": ("run zzz", ["unknown place 'zzz'. Places: "]),
    "the reference is no place": ("run england", ["unknown place 'england'"]),
    "no place": ("run", ["Missing argument 'PLACE'", "See: wellheld run --help"]),
    "children 0": ("run sandwell --children 0", ["--children 0 is outside 1 to", "leave it out"]),
    "children -1": ("run sandwell --children -1", ["--children -1 is outside 1 to"]),
    "children 1.5": ("run sandwell --children 1.5", ["'--children'", "valid integer"]),
    "children 1e12": ("run sandwell --children 1e12", ["'--children'", "valid integer"]),
    "more children than fit": ("run sandwell --children 1000000000000", ["GiB", "is the most that fits"]),
    "far more children than fit": (f"run sandwell --children 1{'0' * 60}", ["is the most that fits"]),
    "draws 0": ("run sandwell --draws 0", ["--draws 0 is outside 1 to 1000000", "64 is the default"]),
    "draws as text": ("run sandwell --draws many", ["'--draws'", "valid integer"]),
    "seed -1": ("run sandwell --seed -1", ["--seed -1 is outside 0 to 9223372036854775807"]),
    "seed 2^64": ("run sandwell --seed 18446744073709551616", ["18446744073709551616 is outside 0 to"]),
    "seed 2^63": ("run sandwell --seed 9223372036854775808", ["is outside 0 to"]),
    "jobs 0": ("run sandwell --jobs 0", ["--jobs 0 is outside 1 to 1024", "use all cores"]),
    "jobs -2": ("run sandwell --jobs -2", ["--jobs -2 is outside 1 to 1024"]),
    "unknown engine": ("run sandwell --engine mes", ["'--engine'", "'mes'", "'compiled', 'mesa'"]),
    "unknown option": ("run sandwell --drws 3", ["No such option: --drws", "--draws"]),
    "unknown command": ("rnu sandwell", ["No such command 'rnu'", "run"]),
    "one argument too many": ("run sandwell dudley", ["unexpected extra argument", "dudley"]),
    "option without value": ("run sandwell --draws", ["--draws", "requires an argument"]),
    "unknown scenario": (
        "run sandwell --scenario improvd",
        ["'improvd'", "Did you mean 'improved'?", "a .toml file"],
    ),
    "missing scenario": ("run sandwell --scenario x.toml", ["x.toml: no such file"]),
    "against itself": (
        "run sandwell --scenario today",
        ["'today'", "already sets its scenario against today"],
    ),
    "results exist": ("run sandwell --out full", ["full", "--force"]),
    "results are a file": ("run sandwell --out file", ["file", "not a folder"]),
    "results below a file": ("run sandwell --out file/deeper", ["file", "not a folder"]),
    "timeline of a region": ("timeline 1 --place region", ["unknown place 'region'"]),
    "no such child": (
        "timeline 50 --children 50",
        ["CHILD_ID 50 is outside 0 to 49", "sandwell has 50 children"],
    ),
    "child -1": ("timeline --children 50 -- -1", ["CHILD_ID -1 is outside 0 to 49"]),
    "child as text": ("timeline Anna", ["'CHILD_ID'", "valid integer"]),
    "timeline's seed": ("timeline 1 --seed -1", ["--seed -1 is outside 0 to"]),
    "timeline's children": ("timeline 1 --children 0", ["--children 0 is outside 1 to"]),
    "timeline's scenario": ("timeline 1 --scenario x.toml", ["x.toml: no such file"]),
    "unknown number": (f"parameters {SOME_NUMBER}x", [f"'{SOME_NUMBER}x'", f"Did you mean '{SOME_NUMBER}'?"]),
    "number like no other": ("parameters ?", ["unknown number '?'", "lists all"]),
    "neither scenario nor table": ("check notes.txt", ["notes.txt: ends in neither .toml", ".csv"]),
    "no table": ("check services.csv", ["services.csv"]),
    "marks in the input": ("run \u202e\x1b[31m<b>", [r"'\u202e\x1b[31m<b>'"]),
}


@pytest.mark.parametrize(("line", "parts"), BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_bad_options_are_refused_in_one_line(refused, stand_in, here, line, parts):
    """B (command line): one line, exit 2, nothing written, and the run never begins."""
    (here / "full").mkdir()
    (here / "full" / "mine.txt").write_text("mine")
    (here / "file").write_text("mine")
    message = refused(*line.split(" "))
    for part in parts:
        assert part in message
    assert stand_in == {}


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (SCENARIO + "coverage = 2", ["mine.toml: key 'lever[1].coverage': 2 is outside 0 to 1"]),
        (SCENARIO + 'authorities = ["sandwel"]', ["unknown authority 'sandwel'. Did you mean 'sandwell'?"]),
        (SCENARIO + 'authorities = ["england"]', ["unknown authority 'england'"]),
        (
            SCENARIO.replace("add = 0.02", "multiply = 1.1"),
            ["prevention starts from 0, which no factor moves", "add instead of multiply"],
        ),
        (SCENARIO + "[numbers]\ngdp_per_head = -1", ["'numbers.gdp_per_head': -1.0 is outside 0 to any", "change it"]),
        (SCENARIO + f"[numbers]\n{SOME_NUMBER}x = 1", ["unknown number", f"Did you mean '{SOME_NUMBER}'?"]),
        (SCENARIO + f"[numbers]\n{SOME_SHARE} = 1.1", [f"'numbers.{SOME_SHARE}': 1.1 is outside 0", "1"]),
        (SCENARIO + f"[numbers]\n{SOME_SHARE} = -0.1", [f"'numbers.{SOME_SHARE}': -0.1 is outside 0"]),
        (
            SCENARIO + f'[[lever]]\nkind = "supply"\nadd = 0.1\nservices = ["{SOME_SERVICE}x"]',
            ["key 'lever[2].services': unknown service", f"Did you mean '{SOME_SERVICE}'?"],
        ),
    ],
)
@pytest.mark.parametrize("command", ["run sandwell --scenario", "timeline 1 --scenario", "check"])
def test_a_bad_scenario_is_refused_by_every_command(refused, stand_in, here, command, content, parts):
    (here / "mine.toml").write_text(content)
    message = refused(*command.split(), "mine.toml")
    for part in parts:
        assert part in message
    assert stand_in == {}


def test_a_folder_that_cannot_be_written_is_refused_before_the_run(refused, stand_in, here, monkeypatch):
    (here / "closed").mkdir()

    def closed(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryDirectory", closed)
    assert "cannot write" in refused("run", "sandwell", "--out", "closed/results")
    assert stand_in == {}


def test_the_most_children_that_fit_is_named(refused, stand_in, monkeypatch):
    monkeypatch.setattr(limits, "free_memory", lambda: 700_000)
    assert "700 is the most that fits" in refused("run", "sandwell", "--children", "701")
    assert "100 is the most that fits" in refused("run", "region", "--children", "101")


def test_as_many_children_as_fit_are_taken(wellheld, stand_in, monkeypatch):
    monkeypatch.setattr(limits, "free_memory", lambda: 700_999)
    assert wellheld("run", "sandwell", "--children", "700").code == 0
    assert stand_in["children"] == 700


def test_free_memory_is_some_memory():
    assert 2**20 < limits.free_memory() < 2**50
