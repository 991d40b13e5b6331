"""The command line when a run fails: one clear line, the right exit code, and nothing half-written."""

import errno
import signal

import pytest
from command_line import failing, listing, process

from experiments import boundary, cli
from simulation.errors import InputError, ResourceError

pytest_plugins = ("command_line_fixtures",)


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


@pytest.mark.slow
def test_an_unforeseen_error_is_one_line_and_exit_1(tmp_path):
    run = process("run", "sandwell", before=BROKEN, folder=tmp_path)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (1, "")
    assert err == "Error: ZeroDivisionError: odd thing (a fault of the program; run again with --debug)\n"
    assert listing(tmp_path) == []


@pytest.mark.slow
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
    HalfMade()
class HalfMade:
    def __init__(self):
        print("running", flush=True)
        time.sleep(60)
        self.made = True
    def __del__(self):
        self.made.close()
experiments.base_case = SimpleNamespace(run=run)
"""
CLEARING = """
import experiments, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from types import SimpleNamespace
def run(place, **settings):
    Made()
    time.sleep(60)
class Made:
    def __del__(self):
        print("running", flush=True)
        time.sleep(60)
experiments.base_case = SimpleNamespace(run=run)
"""
"""Python loses an interrupt that comes while an object is cleared up."""


@pytest.mark.slow
@pytest.mark.parametrize("before", [WAITING, CLEARING], ids=["while making", "while clearing up"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_run_cleanly(tmp_path, number, before):
    """F01 and F15: SIGTERM is as Ctrl-C, exit 130, one line, though an object was half-made; nothing written."""
    run = process("run", "sandwell", before=before, folder=tmp_path)
    assert run.stdout.readline() == "running\n"
    run.send_signal(number)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert err.count("\n") == 1
    assert "stopped before the results were complete" in err
    assert listing(tmp_path) == []


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_error(tmp_path):
    with process("parameters", folder=tmp_path) as run:
        run.stdout.close()
        err = run.stderr.read()
        run.wait(timeout=60)
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_terminal_without_the_characters_still_gets_an_answer(tmp_path, monkeypatch):
    """F14: no character ends a command."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    run = process("parameters", folder=tmp_path)
    _, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (0, "")
