"""Show a run of residents: one screen, a figure by calendar year, and a results folder."""

import hashlib
import json
import math
from pathlib import Path

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments import rounding
from experiments.drivers import few_draws
from experiments.figures import BLUE, VERMILION, look, plain, png
from experiments.files import MANIFEST, PRODUCT, csv_bytes, parquet_bytes, written
from experiments.provenance import settings
from experiments.resident_run import MEASURES, ResidentResults
from experiments.results import DIFFERENCE, REGION, TODAY
from experiments.screen import NOT_FOR_INDIVIDUALS, sectioned, wrapped
from simulation.residents import BURN_IN

DRAWN = ("cats", "child_in_need", "looked_after", "out_of_school", "unmet_need", "service_cost")


def screen(results: ResidentResults) -> str:
    """Write the last year's stocks, flows and cost, today and under the scenario, at most 100 columns wide."""
    plan, table = results.plan, results.yearly
    last = int(table["year"].max())
    place = REGION if plan.place == REGION else plan.place
    head = wrapped(
        f"All residents aged 0 to 24 of {place.replace('_', ' ')}{the_share(results)}, {plan.draws} draws of each "
        f"twin, seed {plan.seed}. {BURN_IN} years of burn-in, then {results.years} years, today's services against: "
        f"{plan.scenario.title or plan.scenario.name}. The year to 31 March {last}; stocks are of that day."
    )
    rows = [("", ["", TODAY, plan.scenario.name[:10], DIFFERENCE, "mcse", "80%", "band", "95%", "band"])]
    here = table[(table["place"] == place) & (table["year"] == last)]
    numbers = here.select_dtypes("number").astype(float).to_dict("records")
    keys = zip(here["scenario"], here["quantity"], strict=True)
    cells = {key: {str(k): float(v) for k, v in row.items()} for key, row in zip(keys, numbers, strict=True)}
    for measure in MEASURES:
        levels = [cells[name, measure.name] for name in (TODAY, plan.scenario.name, DIFFERENCE)]
        gap = rounding.cells(levels[2], measure.unit, sign=True)
        error = {"mcse": levels[2]["mcse"]} if levels[2]["mcse"] > 0 else {"mcse": levels[0]["mcse"]}
        means = [rounding.cells({**each, **error}, measure.unit)["mean"] for each in levels[:2]]
        bands = [gap[name] for name in ("low_80", "high_80", "low_95", "high_95")]
        unit = f"{measure.unit[0].upper()}{measure.unit[1:]}"
        rows.append((unit, [f" {measure.title}", *means, gap["mean"], gap["mcse"], *bands]))
    tail = wrapped(
        "Bands are over draws of the numbers and chance together. Assumptions as in a cohort's run: no trial has "
        "measured what Sufficiency or trauma-informed practice do to holding."
    )
    notes = [line for each in warnings(results) for line in wrapped(f"Warning: {each}", "  ")]
    return "\n".join([*head, "", *sectioned(rows), "", *tail, *notes, NOT_FOR_INDIVIDUALS]) + "\n"


def warnings(results: ResidentResults) -> tuple[str, ...]:
    """Say what to know before these figures are used."""
    return few_draws(results.plan.draws, "bands")


def the_share(results: ResidentResults) -> str:
    """Say how many of the residents were simulated, where not all."""
    return "" if results.share == 1.0 else f" ({100 * results.share:g}% of them simulated)"


def figure(results: ResidentResults) -> Figure:
    """Draw key stocks, flows and cost by year, today and under the scenario, with 80% bands."""
    table, plan = results.yearly, results.plan
    with look():
        drawn = Figure(figsize=(10.0, 5.6), layout="constrained")
        FigureCanvasAgg(drawn)
        for axes, name in zip(drawn.subplots(2, 3).flat, DRAWN, strict=True):
            measure = next(each for each in MEASURES if each.name == name)
            for scenario, colour, dashes in ((TODAY, BLUE, "-"), (plan.scenario.name, VERMILION, "--")):
                rows = table[
                    (table["place"] == plan.place) & (table["scenario"] == scenario) & (table["quantity"] == name)
                ]
                axes.plot(rows["year"], rows["mean"], dashes, color=colour, label=scenario)
                axes.fill_between(rows["year"], rows["low_80"], rows["high_80"], color=colour, alpha=0.15, linewidth=0)
            axes.set_title(measure.title)
            axes.set_ylabel(measure.unit)
            axes.set_ylim(bottom=0.0)
            axes.xaxis.get_major_locator().set_params(integer=True)
        drawn.axes[0].legend(frameon=False, loc="lower left")
        drawn.suptitle(plain(f"Residents of {plan.place.replace('_', ' ')}, year by year"))
        words = (
            f"Lines: means of {plan.draws} draws; shading: 80% of draws (parameters and chance). Simulated residents"
        )
        drawn.supxlabel(f"{words}{the_share(results)}. {NOT_FOR_INDIVIDUALS}", fontsize=7, x=0.01, ha="left")
        return drawn


def contents(results: ResidentResults) -> dict[str, bytes]:
    """Make every file of a results folder: name within the folder, and bytes."""
    files = {
        "yearly.csv": csv_bytes(results.yearly),
        "yearly.parquet": parquet_bytes(results.yearly),
        "figure.png": png(figure(results)),
        "summary.txt": screen(results).encode(),
    }
    said = settings(results.plan)
    said["command"] = (
        f"wellheld run {results.plan.place} --population resident --years {results.years} --share {results.share:g} "
        f"--draws {results.plan.draws} --seed {results.plan.seed} --scenario {results.plan.scenario.name}"
    )
    for name in ("replicates", "design", "chance_seeds", "children"):
        said.pop(name)
    said |= {"population": "resident", "years": results.years, "burn_in": BURN_IN, "share": results.share}
    manifest = {
        "product": PRODUCT,
        "place": results.plan.place,
        "not_for": NOT_FOR_INDIVIDUALS,
        "settings": said,
        "warnings": list(warnings(results)),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    files[MANIFEST] = (json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    return files


def write(results: ResidentResults, out: Path, force: bool) -> Path:
    """Write the results folder under its name, or nothing."""
    return written(contents(results), out, force)


def yearly_json(table: pd.DataFrame) -> str:
    """Write the yearly table as JSON; a figure that is not there is null."""
    rows = [
        {str(k): (None if isinstance(v, float) and not math.isfinite(v) else v) for k, v in row.items()}
        for row in table.to_dict("records")
    ]
    return json.dumps(rows, indent=2, allow_nan=False) + "\n"
