"""Run the command line in a process of its own, or let its run fail."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import experiments
from simulation.inputs import load_tables

ROOT = Path(__file__).parents[1]
SCENARIO = 'name = "mine"\n[[lever]]\nkind = "prevention"\nadd = 0.02\n'
SOME_NUMBER = next(iter(load_tables().numbers))
SOME_SHARE = next(name for name, number in load_tables().numbers.items() if number.unit == "share")
SOME_SERVICE = load_tables().rows["services"][0].service


def listing(folder):
    return sorted((str(path), path.stat().st_size) for path in folder.rglob("*"))


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
