"""Answer the items of CHEERS 2022 and STRESS-ABS for an experiment: by hand where words are needed, else by its run."""

import os
import platform
import sys
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from experiments.drivers import ENOUGH_DRAWS
from experiments.origin import commit, installed
from experiments.plan import REFERENCE_CHILDREN
from experiments.provenance import LIBRARIES
from experiments.screen import NOT_FOR_INDIVIDUALS
from experiments.study import comparison, folder
from experiments.study.compare_screen import rates, side_by_side
from experiments.study.declaration import Setup
from experiments.study.perspectives import PERSPECTIVES, SPANS, unpriced
from experiments.summary import markdown_text
from simulation.build import PRICE_YEAR
from simulation.errors import InputError
from simulation.population import births
from simulation.scenario import Lever, Scenario

SHEETS = ("cheers_2022.md", "stress_abs.md")
"""What is written: the sheets by the names of their templates."""
COLLECTED = ("summary.csv", "points.parquet")
"""Files of the folder that the sheets cite; collect writes them."""
SWITCHED = ("channel_hazards", "channel_service_harm", "channel_healing", "channel_resilience")


def sheets(setup: Setup, out: Path) -> dict[str, str]:
    """Fill both sheets with what an experiment's folder knows.

    Returns
    -------
    name of the file: its text
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = markdown_text
    known = facts(setup, out)
    return {name: environment.get_template(f"{name}.j2").render(known) for name in SHEETS}


def facts(setup: Setup, out: Path) -> dict[str, Any]:
    """Gather what the run itself answers."""
    experiment, tables, first = setup.experiment, setup.tables, setup.scenarios[0]
    parts, progress = folder.done(out), comparison.progress(setup, out)
    numbers = [tables.numbers[name] for name in setup.names]
    switches = first.switches.model_dump()
    return {
        "experiment": experiment,
        "key": setup.key,
        "places": [place.replace("_", " ") for place in setup.answers],
        "children": {place.replace("_", " "): births(tables, place, experiment.children) for place in setup.places},
        "scenarios": [
            {"name": each.name, "does": words(each), "unknown": ", ".join(unpriced(setup, each))}
            for each in setup.scenarios
        ],
        "first": first.name,
        "draws": 2 * len(parts),
        "progress": str(progress),
        "incomplete": "" if progress.whole else f"{progress}.",
        "cohort": f"{comparison.cohort(setup, setup.answers[-1])} of {setup.answers[-1].replace('_', ' ')}",
        "file": {name: cited(out, name) for name in COLLECTED},
        "chance": experiment.chance,
        "precision": experiment.precision,
        "reference": REFERENCE_CHILDREN,
        "outputs": [output.title for output in setup.outputs],
        "uncertain": len(numbers),
        "assumed": sum(number.grade == "assumption" for number in numbers),
        "recalled": sum(number.status == "recalled" for number in numbers),
        "set_by_hand": dict(sorted(first.numbers.items())),
        "switched_on": [name for name, on in switches.items() if on and name not in SWITCHED],
        "switched_off": [name for name in SWITCHED if not switches[name]],
        "price_year": PRICE_YEAR,
        "cost_rates": rates(tables, "discount_rate"),
        "health_rates": rates(tables, "discount_rate_health"),
        "perspectives": PERSPECTIVES,
        "spans": SPANS,
        "version": installed("wellheld"),
        "commit": commit(),
        "python": sys.version.split()[0],
        "libraries": {name: installed(name) for name in LIBRARIES},
        "machine": f"{platform.system()} on {platform.machine()}, {os.cpu_count()} cores",
        "files": len(tables.hashes),
        "enough": ENOUGH_DRAWS,
        "not_for": NOT_FOR_INDIVIDUALS,
        "money": money(setup, out) if parts else "Nothing is done yet.",
    }


def cited(out: Path, name: str) -> str:
    """Cite a file of the folder, or say that it is not there yet."""
    return f"`{name}`" if (out / name).exists() else f"`{name}` (not collected yet: `wellheld experiment collect`)"


def words(scenario: Scenario) -> str:
    """Say what a scenario does."""
    added = [f"adds the service {service.name}" for service in scenario.services]
    return "; ".join([scenario.title or scenario.name, *map(lever_words, scenario.levers), *added])


def lever_words(lever: Lever) -> str:
    """Say what a lever moves, by how much and for whom."""
    size = {
        "add": f"by {lever.add:+g}" if lever.add is not None else "",
        "multiply": f"times {lever.multiply:g}" if lever.multiply is not None else "",
        "coverage": f"reaching a share of {lever.coverage:g}" if lever.coverage is not None else "",
        "services": f"of {', '.join(lever.services)}" if lever.services else "",
        "start": f"from {lever.start}" if lever.start is not None else "",
    }
    return " ".join([lever.kind, lever.name or "", *size.values()]).replace("  ", " ").strip()


def money(setup: Setup, out: Path) -> str:
    """Give the table of costs and DALYs from the view of all public payers, or say why there is none."""
    try:
        asked = comparison.asked_of(setup, "public", None, "life", None, False, None)
        found = comparison.compare(setup, out, asked)
    except InputError as error:
        return f"None: {error}."
    best = found.acceptability[found.acceptability["threshold"] == asked.threshold]
    chances = ", ".join(f"{row.option} {row.probability:.0%} (±{row.mcse:.0%})" for row in best.itertuples())
    told = [*side_by_side(found), "", f"Most cost-effective at GBP {asked.threshold:,.0f} a DALY: {chances}"]
    if found.unpriced:
        told.append("*: before its own cost, which is not known; it has no standing")
    return "\n".join(told)
