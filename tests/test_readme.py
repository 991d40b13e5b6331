"""The readme's commands and code do what it says."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from agents.child import CHILD
from experiments.cli import app
from experiments.questions import find_scenario
from simulation.inputs import load_tables
from simulation.scenario import Switches

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def blocks(language: str) -> list[str]:
    """Find the readme's fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(mark: str) -> list[str]:
    """Find the commands of the block that follows a mark."""
    found = re.findall(
        rf"^<!-- {mark} -->\n```sh\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(found) == 1, f"one block of commands follows <!-- {mark} -->"
    return str(found[0]).splitlines()


def test_the_first_block_installs_and_runs() -> None:
    """From a clone, three lines lead to results: environment, installation, the main job."""
    assert commands("run") == [
        "python3 -m venv .venv",
        ".venv/bin/pip install -q -e .",
        ".venv/bin/wellheld run sandwell",
    ]


def test_the_second_block_runs_the_tests() -> None:
    """Two more lines lead to a tested installation: the extra that exists, and pytest."""
    install, test = commands("tests")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert install == '.venv/bin/pip install -q -e ".[dev]"'
    assert test.startswith(".venv/bin/pytest")
    extra = " ".join(project["optional-dependencies"]["dev"])
    assert "pytest" in extra
    assert "-n " not in test or "pytest-xdist" in extra
    assert project["scripts"] == {"wellheld": "experiments.cli:main"}


@pytest.mark.slow
def test_the_python_block_runs() -> None:
    """The readme's one block of Python runs as it stands and prints the differences."""
    found = blocks("python")
    assert len(found) == 1
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", found[0]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for word in ("quantity", "mean", "low_95", "high_95", "dalys", "service_cost"):
        assert word in done.stdout


def test_the_scenarios_it_shows_are_well_formed(tmp_path: Path) -> None:
    """Each block of TOML is a scenario that can be run: its keys and names are known."""
    found = blocks("toml")
    assert found
    for number, content in enumerate(found):
        path = tmp_path / f"shown_{number}.toml"
        path.write_text(content, encoding="utf-8")
        assert find_scenario(path, load_tables()).levers


def test_an_intervention_units_and_switches_are_shown_in_one_scenario(tmp_path: Path) -> None:
    """One block has a named intervention, units of a service and a switch that is off as shipped, and can be run."""
    (content,) = [block for block in blocks("toml") if "[[unit]]" in block]
    path = tmp_path / "two_schools.toml"
    path.write_text(content, encoding="utf-8")
    shown = find_scenario(path, load_tables())
    assert [lever.kind for lever in shown.levers] == ["intervention"]
    assert len({unit.unit for unit in shown.units}) == len(shown.units) == 2
    assert shown.switches != Switches()
    assert f"--scenario {shown.name}.toml" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["improved", "unchanged", "today", "family_hub"])
def test_the_scenarios_it_names_are_shipped(name: str) -> None:
    """The folder of scenarios has the four that the readme speaks of."""
    assert (ROOT / "experiments" / "scenarios" / f"{name}.toml").is_file()


def test_every_command_is_told_and_every_command_told_exists() -> None:
    """The readme names all commands of the command line, each with options that it has, and no others."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    text = README.read_text(encoding="utf-8")
    told = re.findall(r"(?<![./\w])(?:\.venv/bin/)?wellheld ([a-z][a-z-]*)([^`#\n]*)", text)
    assert {name for name, _ in told if name in group.commands} == set(group.commands)
    for line in re.findall(r"`wellheld ([a-z][^`]*)`", text):
        name, *words = line.split()
        command = group.commands[name]
        while isinstance(command, TyperGroup):
            command = command.commands[words.pop(0)]
        options = {option for each in command.params for option in each.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


def test_switches_and_the_size_of_a_record_are_told() -> None:
    """The readme has a row for each switch and says how large a child is."""
    text = README.read_text(encoding="utf-8")
    assert set(Switches.model_fields) <= set(re.findall(r"`(\w+)`", text))
    assert f"record of {CHILD.itemsize} bytes" in text
