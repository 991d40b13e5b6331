"""Fill the results folders of the range and of the bridge, and write their screens."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.figures import png, svg
from experiments.origin import commit, installed
from experiments.provenance import LIBRARIES
from experiments.published.bridge import QUANTITIES
from experiments.published.flow_screen import HARM, NO_ENDORSEMENT
from experiments.published.pictures import bridge_figure, range_figure
from experiments.published.reconstruction import (
    PUBLISHED,
    Fit,
    fitted,
    influence,
    reconstruct,
    spread,
    spread_of_answers,
    spread_of_inputs,
)
from experiments.published.scenarios import IMPROVED, READINGS, flow_scenario
from experiments.report import PRODUCT, csv_bytes, parquet_bytes
from experiments.rounding import decimals, text
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
from simulation.inputs import Tables
from simulation.scenario import Scenario


class Folder(NamedTuple):
    """What a command found: a screen, tables by name, a figure, and what made them."""

    screen: str
    tables: Mapping[str, pd.DataFrame]
    figure: Figure
    settings: Mapping[str, object]
    notes: Sequence[str]
    markdown: str


def files(folder: Folder) -> dict[str, bytes]:
    """Make every file of the folder: tables as CSV and parquet, the figure, the screen, and a manifest."""
    found: dict[str, bytes] = {}
    for name, table in folder.tables.items():
        found[f"{name}.csv"], found[f"{name}.parquet"] = csv_bytes(table), parquet_bytes(table)
    found["figure.png"], found["figure.svg"] = png(folder.figure), svg(folder.figure)
    found["screen.txt"], found["tables.md"] = folder.screen.encode(), folder.markdown.encode()
    said = {
        "product": PRODUCT,
        "not_for": NOT_FOR_INDIVIDUALS,
        "settings": folder.settings,
        "notes": list(folder.notes),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(found.items())},
    }
    found["manifest.json"] = (json.dumps(said, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    return found


def made_by(command: str, *tables: Tables) -> dict[str, object]:
    """Say which program, tables and libraries made a result, and by which command."""
    hashes = {name: value for each in tables for name, value in each.hashes.items()}
    return {
        "version": installed("wellheld"),
        "commit": commit(),
        "command": command,
        "tables": dict(sorted(hashes.items())),
        "libraries": {name: installed(name) for name in LIBRARIES},
    }


def range_folder(tables: Tables, improvement: Scenario, kept: Sequence[Fit], tried: int, command: str) -> Folder:
    """Put together how far the published answers leave inputs and other answers open."""
    asked = spread(tables, kept, improvement)
    answered, inputs = spread_of_answers(asked), spread_of_inputs(tables, kept)
    names = [number.name.split(".")[1] for number in fitted(tables)]
    sets = pd.DataFrame([fit.inputs for fit in kept], columns=names)
    sets[list(PUBLISHED)] = [fit.answers for fit in kept]
    sets.insert(0, "set", range(1, len(kept) + 1))
    notes = [
        f"{len(kept)} sets of {len(names)} inputs, from {tried} tried, give all five published answers within half of "
        "their last digit. No set is likelier than another: this is a range, not a probability.",
        *strains(tables),
        *unsettled(answered),
        HARM,
        NO_ENDORSEMENT,
        NOT_FOR_INDIVIDUALS,
    ]
    head = f"wellheld {installed('wellheld')}: what the published illustration can and cannot settle"
    blocks = [wrapped(head), answer_table(answered), input_table(inputs)]
    moved = influence(tables, improvement, np.mean([fit.points for fit in kept], axis=0))
    found = {"answers": answered, "inputs": inputs, "sets": sets, "questions": asked, "influence": moved}
    written = range_markdown(answered)
    return Folder(page(blocks, notes), found, range_figure(asked), made_by(command, tables), notes, written)


def page(blocks: Sequence[Sequence[str]], notes: Sequence[str]) -> str:
    """Set blocks of lines and then sentences below each other."""
    lines = [line for block in blocks for line in (*block, "")]
    lines += [line for note in notes for line in wrapped(note, "  ")]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def strains(tables: Tables) -> list[str]:
    """Say how far inputs must move from the middle of their ranges under each reading of the published changes."""
    fits = {name: reconstruct(tables, flow_scenario(IMPROVED, tables, name)) for name in READINGS}
    words = [
        f"read as {name} {'they can' if fit.fits else 'they cannot'}, {fit.strain:.2f} ranges from the middle"
        for name, fit in fits.items()
    ]
    best = min(fits, key=lambda name: (not fits[name].fits, fits[name].strain))
    return [
        f"Can inputs within their ranges give the published answers? +10% and +20% {'; '.join(words)}. "
        f"{best.capitalize()} fits with less strain" + (" and is the default." if best == READINGS[0] else ".")
    ]


def unsettled(answered: pd.DataFrame) -> list[str]:
    """Say what the published answers leave open: who brings the saving, and which signs are the model's own."""
    here = answered[answered["quantity"] == "reduced_cost"]
    whole, alone = here.iloc[0], here.iloc[1:]
    share = 100.0 * alone.set_index("question")[["least", "most"]] / whole["median"]
    carried = "; ".join(f"{name}, {text(row['least'], 0)} to {text(row['most'], 0)}%" for name, row in share.iterrows())
    one_sign = (share["least"] >= 0.0) | (share["most"] <= 0.0)
    return [
        f"Not settled by the published answers: who brings the saving. As a share of the published one: {carried}.",
        f"The sign of {one_sign.sum()} of {len(alone)} answers is the same in every set: it follows from how the model "
        "is built and from ranges without harm, and is no finding about services.",
    ]


def answer_table(answered: pd.DataFrame) -> list[str]:
    """Tabulate the spread of each question's answers."""
    lines = []
    for quantity, factor, words in (
        ("fewer_cats", 100.0, "Fewer CATs after four years, % of all CATs: over all sets"),
        ("reduced_cost", 1.0, "Lost cost reduced over four years, GBP million: over all sets"),
    ):
        here = answered[answered["quantity"] == quantity]
        columns = [name for name in here.columns if name not in ("question", "quantity")]
        rows = [
            [f" {row['question']}", *(text(factor * float(row[name]), 1) for name in columns)]
            for _, row in here.iterrows()
        ]
        lines += [words, *align([["", *(name.replace("_", " ") for name in columns)], *rows]), ""]
    return lines[:-1]


def input_table(inputs: pd.DataFrame) -> list[str]:
    """Tabulate the range of each input over the sets beside the range it was allowed."""
    columns = [name for name in inputs.columns if name != "input"]
    rows = [
        [f" {row['input'].replace('_', ' ')}", *(text(float(row[name]), 2) for name in columns)]
        for _, row in inputs.iterrows()
    ]
    header = ["", *(name.removesuffix("_of_sets").replace("_", " ") for name in columns)]
    return ["Inputs: of the tables; allowed from low to high; over all sets", *align([header, *rows])]


def bridge_folder(
    bridged: pd.DataFrame, reconciled: pd.DataFrame, command: str, published: Tables, tables: Tables
) -> Folder:
    """Put together the bridge, and lost GDP from top down to bottom up."""
    notes = [*bridge_notes(bridged), NO_ENDORSEMENT, NOT_FOR_INDIVIDUALS]
    head = (
        f"wellheld {installed('wellheld')}: from the published flow model to the children of Sandwell. Each row keeps "
        "what the rows above it switched on; change: against the row above; mcse: Monte Carlo standard error of the "
        "change."
    )
    blocks = [wrapped(head), bridge_table(bridged), reconciliation_table(reconciled)]
    found = {"bridge": bridged, "reconciliation": reconciled}
    made = made_by(command, published, tables)
    written = bridge_markdown(bridged, reconciled)
    return Folder(page(blocks, notes), found, bridge_figure(bridged), made, notes, written)


def bridge_table(bridged: pd.DataFrame) -> list[str]:
    """Tabulate the bridge: CATs a child, fewer CATs, lost cost today and avoided."""
    header = ["", "CATs", "fewer %", "change", "mcse", "cost", "avoided", "change", "mcse"]
    return [
        "CATs a child, today; fewer CATs, %, and lost cost avoided, GBP million a year, by the improvement",
        *align([header, *bridge_cells(bridged)]),
    ]


def bridge_cells(bridged: pd.DataFrame) -> list[list[str]]:
    """Write the bridge's rows, changes as finely as they are known."""
    rows = []
    for _, row in bridged.iterrows():
        cells = [f" {row['title']}", text(row[QUANTITIES[0]], 2)]
        for name, factor in (("fewer_cats", 100.0), ("avoided", 1.0)):
            change, error = factor * row[f"{name}_change"], factor * row[f"{name}_change_mcse"]
            places = min(2, max(1, decimals(change, error))) if error == error and error > 0 else 1
            cells += [text(row["cost"], 0)] if name == "avoided" else []
            cells += [text(factor * row[name], 1), text(change, places, sign=True), text(error, 2)]
        rows.append(cells)
    return rows


def reconciliation_cells(reconciled: pd.DataFrame) -> list[list[str]]:
    """Write the rows of the way from the published lost GDP to the child model's."""
    return [
        [
            f" {row['explanation']}",
            text(row["amount"], 1, sign=number > 0),
            text(row["mcse"], 1) if number else "",
            text(row["total"], 1),
        ]
        for number, (_, row) in enumerate(reconciled.iterrows())
    ]


def reconciliation_table(reconciled: pd.DataFrame) -> list[str]:
    """Tabulate the way from the published lost GDP to the child model's."""
    return [
        "Lost GDP of Sandwell due to adversity, from top down to bottom up, GBP million a year",
        *align([["", "amount", "mcse", "total"], *reconciliation_cells(reconciled)]),
    ]


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table as Markdown, words to the left and figures to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cell.strip() for cell in line)} |" for line in lines) + "\n"


def range_markdown(answered: pd.DataFrame) -> str:
    """Write the spread of each question's answers as a Markdown table."""
    cells = []
    for question in dict.fromkeys(answered["question"]):
        here = answered[answered["question"] == question].set_index("quantity")
        row = [question]
        for quantity, factor in (("fewer_cats", 100.0), ("reduced_cost", 1.0)):
            row += [text(factor * float(here.loc[quantity, name]), 1) for name in ("least", "median", "most")]
        cells.append(row)
    measures = ("fewer CATs, %", "lost cost reduced, GBP million")
    return markdown(["", *(f"{what}: {word}" for what in measures for word in ("least", "median", "most"))], cells)


def bridge_markdown(bridged: pd.DataFrame, reconciled: pd.DataFrame) -> str:
    """Write the bridge and the reconciliation as two Markdown tables."""
    header = ["", "CATs a child", "fewer CATs, %", "change", "mcse", "lost cost", "avoided", "change", "mcse"]
    parts = ["Lost GDP, GBP million a year", "amount", "mcse", "total"]
    return markdown(header, bridge_cells(bridged)) + "\n" + markdown(parts, reconciliation_cells(reconciled))


def bridge_notes(bridged: pd.DataFrame) -> list[str]:
    """Say what the bridge found, from its own numbers."""
    rows = {row["stage"]: row for _, row in bridged.iterrows()}
    first, rebuilt, children, last = (rows[name] for name in ("published", "rebuilt", "individuals", "main_job"))
    apart = (children["fewer_cats"] - rebuilt["fewer_cats"]) / children["fewer_cats_mcse"]
    cost_apart = (children["avoided"] - rebuilt["avoided"]) / children["avoided_mcse"]
    steps = bridged.iloc[2:].copy()
    largest = steps.loc[steps["avoided_change"].abs().sort_values(ascending=False).index].head(3)
    listed = "; ".join(f"{row['title']} ({text(row['avoided_change'], 1, sign=True)})" for _, row in largest.iterrows())
    relation = rows["value"]["cost"] / rows["life"]["cost"]
    return [
        f"With every difference off the children are the flow model: they stand {abs(apart):.1f} standard errors from "
        f"it in fewer CATs and {abs(cost_apart):.1f} in lost cost avoided.",
        f"From {text(first['avoided'], 1)} to {text(last['avoided'], 1)} GBP million a year avoided, and from "
        f"{text(100 * first['fewer_cats'], 1)}% to {text(100 * last['fewer_cats'], 1)}% fewer CATs. Largest steps: "
        f"{listed}.",
        f"At one value of a healthy year the flow model's relation of CATs to DALYs gives {relation:.1f} times the "
        "lost cost that the life course of the same children gives: it is an assumption that nothing here supports.",
        "The order of the steps is fixed: another order would part the same whole otherwise.",
    ]
