"""Fixtures of the command line: commands run in this process; the long run itself is stood in for."""

import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from command_line import listing

import experiments
from experiments import boundary, cli


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder, and put back what a command sets for the whole process."""
    monkeypatch.chdir(tmp_path)
    for hook in ("excepthook", "unraisablehook"):
        monkeypatch.setattr(sys, hook, getattr(sys, hook))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield tmp_path
    for number, handler in handlers.items():
        signal.signal(number, handler)


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
