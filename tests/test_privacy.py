"""P01 and P04: no personal data, and nothing that a user gives is ever executed."""

import ast
from pathlib import Path

import pytest

from agents.child import CHILD
from simulation.inputs import Tables

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for package in ("agents", "simulation", "experiments") for path in (ROOT / package).rglob("*.py"))
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "dill", "cloudpickle", "shelve", "marshal", "runpy", "importlib", "yaml"}
PERSONAL = ("first_name", "surname", "postcode", "nhs_number", "date_of_birth", "address", "upn")


def faults(tree: ast.AST) -> list[str]:
    """List calls and imports that could run what a user gives."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            found.append(node.func.id)
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        # Versions of installed libraries are read, not imported.
        found += [name for name in names if name.split(".")[0] in FORBIDDEN_MODULES and name != "importlib.metadata"]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_p04_no_source_runs_what_a_user_gives(path: Path) -> None:
    """P04: no pickle, no eval, no import of user files."""
    assert faults(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("line", ["eval('1')", "import pickle", "from importlib import util", "exec(open('a').read())"])
def test_p04_the_search_finds_what_it_looks_for(line: str) -> None:
    assert faults(ast.parse(line)) != []


def test_p01_a_simulated_child_carries_no_name() -> None:
    """P01: a child's record holds numbers alone, none of them a person's."""
    assert CHILD.names is not None
    assert not set(CHILD.names) & {"name", *PERSONAL}
    assert {CHILD[name].kind for name in CHILD.names} <= set("iu")


def test_p01_no_table_holds_a_persons_data(tables: Tables) -> None:
    """P01: no table has a column about a person."""
    columns = {column for rows in tables.rows.values() for row in rows for column in type(row).model_fields}
    assert columns
    assert not columns & set(PERSONAL)
