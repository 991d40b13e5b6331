"""E08: machine code of a rule that has changed is never served from the cache."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import agents
import simulation
from simulation.compiled import sources_hash

SCRIPT = """
from pathlib import Path
import agents
from simulation.cohort import run
from simulation.build import build
from simulation.compiled import KEEP
from simulation.context import Surroundings
from simulation.inputs import load_tables
from simulation.population import cohort
from simulation.scenario import Scenario, Switches
assert Path(agents.__file__).is_relative_to(Path.cwd()) and KEEP
tables = load_tables()
values, key = tables.values(), (5, 0, 0)
world = build(tables, values, Switches(), key)
children = cohort(tables, values, ["sandwell"], 200, key)
life = run(Surroundings(tables, values, Scenario.today()), world, children)
print(life.children["cats"].sum(), life.children["conditions"].sum())
"""
RULE = "    return base * gradient * frailty * surroundings * repetition * factor\n"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Copy the packages to a folder of their own."""
    for package in (agents, simulation):
        source = Path(str(package.__file__)).parent
        shutil.copytree(source, tmp_path / "code" / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def printed(folder: Path) -> str:
    """Run the script on the copied packages, with a cache of their own."""
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(folder / "code")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=folder / "code",
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def caches(folder: Path) -> list[Path]:
    """List the folders of machine code."""
    return sorted((folder / "cache" / "wellheld").iterdir())


@pytest.mark.slow
def test_e08_a_rule_that_changes_is_compiled_anew(copied: Path) -> None:
    """E08: the result is kept while nothing changes, changes with a rule, and comes back with it. Exact."""
    first = printed(copied)
    assert printed(copied) == first
    kept = caches(copied)
    assert len(kept) == 1
    assert any(kept[0].rglob("*.nbc"))
    rules = copied / "code" / "agents" / "adversity.py"
    text = rules.read_text(encoding="utf-8")
    assert text.count(RULE) == 1
    rules.write_text(text.replace(RULE, RULE.replace("* factor", "* factor * 2.0")), encoding="utf-8")
    changed = printed(copied)
    assert int(changed.split()[0]) > 1.3 * int(first.split()[0])
    assert len(caches(copied)) == 2
    rules.write_text(text, encoding="utf-8")
    assert printed(copied) == first


def test_e08_the_cache_knows_every_source(monkeypatch: pytest.MonkeyPatch, copied: Path) -> None:
    """E08: one changed byte, or a new file, in any source of the two packages gives another cache. Exact."""
    here = copied / "code"
    monkeypatch.setattr(agents, "__file__", str(here / "agents" / "__init__.py"))
    monkeypatch.setattr("simulation.compiled.__file__", str(here / "simulation" / "compiled.py"))
    hashed = sources_hash.__wrapped__  # anew each time, not once in a process
    first = hashed()
    for path in sorted(here.rglob("*.py")):
        text = path.read_bytes()
        path.write_bytes(text + b"#")
        assert hashed() != first, path
        path.write_bytes(text)
    assert hashed() == first
    (here / "agents" / "another.py").write_text("", encoding="utf-8")
    assert hashed() != first
