"""MODEL.md shows the range and the bridge as their commands wrote them, from the tables as they are."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from experiments.published.flow import answers, flow
from experiments.published.folders import bridge_markdown, range_markdown
from experiments.published.inputs import load_published
from experiments.published.scenarios import flow_scenario
from simulation.inputs import load_tables

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "published"
MODEL = (ROOT / "MODEL.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    """Give what stands in MODEL.md between two marks."""
    found = re.search(rf"<!-- {mark} -->\n(.*?)<!-- /{mark} -->", MODEL, re.S)
    assert found is not None, f"MODEL.md has no block {mark}"
    return found[1]


def test_the_tables_in_the_model_are_those_of_the_commands() -> None:
    bridge, parts = (pd.read_csv(DOCS / f"{name}.csv") for name in ("bridge", "reconciliation"))
    assert block("bridge") + "\n" + block("reconciliation") == bridge_markdown(bridge, parts)
    assert block("range") == range_markdown(pd.read_csv(DOCS / "answers.csv"))


@pytest.mark.parametrize("command", ["bridge", "range"])
def test_documented_figures_are_from_the_tables_as_they_are(command: str) -> None:
    """A table that has changed since makes the documented figures old: run the command of the manifest again."""
    made = json.loads((DOCS / f"{command}_manifest.json").read_text(encoding="utf-8"))["settings"]
    now = {**load_published().hashes, **(load_tables().hashes if command == "bridge" else {})}
    stale = [name for name, value in now.items() if made["tables"].get(name) != value]
    assert not stale, f"docs/published: {made['command']} was run before {', '.join(stale)} changed; run it again"


def test_the_documented_flow_model_is_the_one_that_runs() -> None:
    """The second row of the bridge is recomputed here."""
    tables = load_published()
    given = answers(flow(tables, tables.values()), flow(tables, tables.values(), flow_scenario("improved", tables)))
    row = pd.read_csv(DOCS / "bridge.csv").set_index("stage").loc["rebuilt"]
    assert row["cost"] == pytest.approx(given.cost, rel=1e-6)
    assert row["fewer_cats"] == pytest.approx(given.fewer_cats, rel=1e-6)
