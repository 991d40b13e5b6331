"""Say by what a run was made, so that the same command makes it again, byte for byte."""

import sys
from typing import Any

from experiments.bands import SEEDS, seeds_of
from experiments.origin import commit, installed
from experiments.plan import Plan
from experiments.questions import SHIPPED
from experiments.results import REGION, TODAY
from simulation.build import PRICE_YEAR
from simulation.population import births
from simulation.scenario import load_scenario

LIBRARIES = ("jinja2", "joblib", "matplotlib", "mesa", "numba", "numpy", "pandas", "pyarrow", "pydantic", "scipy")


def named(plan: Plan) -> str:
    """Name the scenario as on the command line: a shipped one, or the file to be made of the manifest's."""
    path = SHIPPED / f"{plan.scenario.name}.toml"
    shipped = path.exists() and load_scenario(path) == plan.scenario
    return plan.scenario.name if shipped else f"{plan.scenario.name}.toml"


def settings(plan: Plan) -> dict[str, object]:
    """List what makes the run again, and by what it was made; nothing in it depends on threads or folders."""
    children: Any = {place: births(plan.tables, place, plan.children) for place in plan.places}
    size = f" --children {plan.children}" if plan.children is not None else ""
    command = (
        f"wellheld run {plan.place} --draws {plan.draws} --seed {plan.seed}{size} "
        f"--scenario {named(plan)} --engine {plan.engine}"
    )
    return {
        "product": "wellheld",
        "version": installed("wellheld"),
        "commit": commit(),
        "command": command,
        "place": plan.place,
        "seed": plan.seed,
        "draws": plan.draws,
        "replicates": 4,
        "design": f"each draw: two joint draws that share what is graded assumption, two of {SEEDS} chance seeds each",
        "chance_seeds": [seeds_of(draw, 0) + seeds_of(draw, 1) for draw in range(min(plan.draws, 12))],
        "children": children if plan.place == REGION else children[plan.place],
        "engine": plan.engine,
        "scenarios": {TODAY: "Today", plan.scenario.name: plan.scenario.title or plan.scenario.name},
        "scenario": plan.scenario.model_dump(mode="json"),
        "price_year": PRICE_YEAR,
        "tables": dict(sorted(plan.tables.hashes.items())),
        "libraries": {name: installed(name) for name in LIBRARIES},
        "python": sys.version.split()[0],
    }
