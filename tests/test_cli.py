"""The command line: what it answers, and one clear line with the right exit code for every failure.

The tables, scenarios and folders are the real ones. Only the long run itself is stood in for, so that
these tests ask what the command line does with it and with its failures.
"""

import csv
import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import experiments
from experiments import boundary, cli, limits
from experiments.progress import lines, progress_on_stderr
from simulation.errors import InputError, ResourceError
from simulation.inputs import load_tables

ROOT = Path(__file__).parents[1]
SCENARIO = 'name = "mine"\n[[lever]]\nkind = "prevention"\nadd = 0.02\n'
SOME_NUMBER = next(iter(load_tables().numbers))
SOME_SHARE = next(name for name, number in load_tables().numbers.items() if number.unit == "share")
SOME_SERVICE = load_tables().rows["services"][0].service


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder, and put back what a command sets for the whole process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    handler = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def wellheld(here, capsys):
    """Run a command in this process; give its exit code, stdout and stderr."""

    def run(*arguments):
        code = boundary.guarded(cli.app, [str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return SimpleNamespace(code=code, out=out, err=err)

    return run


@pytest.fixture
def refused(wellheld, here):
    """Run a command that must fail; give its one line, and check that nothing was written."""

    def run(*arguments, code=2):
        before = listing(here)
        answer = wellheld(*arguments)
        assert answer.code == code
        assert answer.out == ""
        assert answer.err.startswith("Error: ")
        assert answer.err.count("\n") == 1
        assert answer.err.strip().isprintable()
        assert listing(here) == before, "nothing is written"
        return answer.err.strip()

    return run


def listing(folder):
    return sorted((str(path), path.stat().st_size) for path in folder.rglob("*"))


@pytest.fixture
def stand_in(monkeypatch, here):
    """Stand in for the run and its report; give what the run was asked for."""
    asked = {}

    def run(place, progress, **settings):
        asked.update(settings, place=place, progress=progress)
        if progress:
            for done in range(1, 21):
                progress(done, 20)
        return "results"

    def write(results, out, force):
        Path(out).mkdir(parents=True)
        return out

    monkeypatch.setattr(experiments, "base_case", SimpleNamespace(run=run), raising=False)
    from experiments import report

    monkeypatch.setattr(report, "write", write)
    monkeypatch.setattr(report, "screen", lambda results: f"screen of {results}")
    monkeypatch.setattr(report, "headline_json", lambda results: '{"of": "results"}')
    return asked


def failing(monkeypatch, error):
    """Let the run fail with an error."""

    def run(place, **settings):
        raise error

    monkeypatch.setattr(experiments, "base_case", SimpleNamespace(run=run), raising=False)


def process(*arguments, before="", folder=None):
    """Run the command line in a process of its own, after some lines of Python."""
    code = f"import sys\nfrom experiments import cli\n{before}\nsys.argv[1:] = {list(arguments)!r}\ncli.main()"
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


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


@pytest.mark.parametrize("command", ["run", "timeline", "parameters", "check", "benchmark"])
def test_every_command_explains_itself(wellheld, command):
    answer = wellheld(command, "--help")
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


# Failures while running


def test_ctrl_c_says_what_is_kept(refused, monkeypatch):
    """F01: exit 130, nothing half-written."""
    failing(monkeypatch, KeyboardInterrupt())
    message = refused("run", "sandwell", code=130)
    assert "stopped before the results were complete" in message
    assert "earlier runs are untouched" in message


def test_ctrl_c_in_another_command(refused, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("experiments.catalogue.listing", interrupted)
    assert refused("parameters", code=130) == "Error: stopped; nothing was written"


FAILURES = {
    "disk full": (OSError(errno.ENOSPC, "No space left on device", "x"), 1, ["x: no space is left", "--out"]),
    "disk full somewhere": (OSError(errno.ENOSPC, "No space left on device"), 1, ["the disk: no space is left"]),
    "quota": (OSError(errno.EDQUOT, "Disk quota exceeded", "/results/y"), 1, ["/results/y: no space is left"]),
    "no memory": (MemoryError(), 1, ["not enough memory", "--children"]),
    "resource": (ResourceError("too many open files; close some"), 1, ["too many open files; close some"]),
    "another failure of the system": (
        PermissionError(errno.EACCES, "Permission denied", "y"),
        1,
        ["y: Permission"],
    ),
    "a failure without number": (OSError("odd"), 1, ["odd"]),
    "input found wrong late": (InputError("services.csv: row 3: share 2 is outside 0 to 1"), 2, ["row 3"]),
    "two lines": (InputError("one\ntwo\x1b[0m"), 2, [r"one two\x1b[0m"]),
}


@pytest.mark.parametrize(("error", "code", "parts"), FAILURES.values(), ids=FAILURES)
def test_a_failing_run_ends_in_one_line(refused, monkeypatch, error, code, parts):
    failing(monkeypatch, error)
    message = refused("run", "sandwell", code=code)
    for part in parts:
        assert part in message


@pytest.mark.parametrize("place", [["--debug", "run", "sandwell"], ["run", "sandwell", "--debug"]])
def test_debug_shows_the_traceback(here, monkeypatch, capsys, place):
    failing(monkeypatch, InputError("row 3"))
    assert boundary.guarded(cli.app, place) == 2
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "simulation.errors.InputError: row 3" in err
    assert err.endswith("Error: row 3\n")


BROKEN = """
import experiments
from types import SimpleNamespace
def run(place, **settings):
    raise ZeroDivisionError("odd\\nthing")
experiments.base_case = SimpleNamespace(run=run)
"""


def test_an_unforeseen_error_is_one_line_and_exit_1(tmp_path):
    run = process("run", "sandwell", before=BROKEN, folder=tmp_path)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (1, "")
    assert err == "Error: ZeroDivisionError: odd thing (a fault of the program; run again with --debug)\n"
    assert listing(tmp_path) == []


def test_an_unforeseen_error_shows_its_traceback_with_debug(tmp_path):
    run = process("run", "sandwell", "--debug", before=BROKEN, folder=tmp_path)
    err = run.communicate(timeout=60)[1]
    assert run.returncode == 1
    assert "Traceback" in err
    assert "ZeroDivisionError" in err


WAITING = """
import experiments, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored in the background
from types import SimpleNamespace
def run(place, **settings):
    print("running", flush=True)
    time.sleep(60)
experiments.base_case = SimpleNamespace(run=run)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_run_cleanly(tmp_path, number):
    """F01 and F15: SIGTERM is as Ctrl-C, exit 130, nothing written."""
    run = process("run", "sandwell", before=WAITING, folder=tmp_path)
    assert run.stdout.readline() == "running\n"
    run.send_signal(number)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert err.count("\n") == 1
    assert "stopped before the results were complete" in err
    assert listing(tmp_path) == []


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    with process("parameters", folder=tmp_path) as run:
        run.stdout.close()
        err = run.stderr.read()
        run.wait(timeout=60)
    assert "Traceback" not in err


def test_a_terminal_without_the_characters_still_gets_an_answer(tmp_path, monkeypatch):
    """F14: no character ends a command."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    run = process("parameters", folder=tmp_path)
    _, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (0, "")


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


def test_parameters_lists_every_number(wellheld):
    answer = wellheld("parameters")
    assert (answer.code, answer.err) == (0, "")
    header, *rows = answer.out.splitlines()
    for title in ("name", "value", "unit", "low-high", "distribution", "source", "grade", "status"):
        assert title in header
    assert [row.split()[0] for row in rows] == list(load_tables().numbers)


def test_parameters_as_json_is_every_number(wellheld):
    rows = json.loads(wellheld("parameters", "--json").out)
    assert [row["name"] for row in rows] == list(load_tables().numbers)
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


@pytest.mark.parametrize("path", sorted((ROOT / "simulation" / "tables").glob("*.csv")), ids=lambda path: path.stem)
def test_check_accepts_the_shipped_tables(wellheld, path):
    answer = wellheld("check", path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = len(list(csv.reader(file))) - 1
    assert (answer.code, answer.out) == (0, f"{path}: fine ({rows} rows)\n")


def test_check_refuses_a_bad_table(refused, here):
    (here / "deflators.csv").write_text("yaer,value\n2023-24,0.05\n")
    assert "deflators.csv" in refused("check", "deflators.csv")


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
