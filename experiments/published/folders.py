"""Fill the results folders of the range and of the bridge, and write their screens."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.figures import png, svg
from experiments.files import PRODUCT, csv_bytes, parquet_bytes
from experiments.origin import commit, installed
from experiments.provenance import LIBRARIES
from experiments.published.bridge import QUANTITIES
from experiments.published.flow_screen import LIMITS, NO_ENDORSEMENT, readings
from experiments.published.pictures import bridge_figure, range_figure
from experiments.published.reconstruction import (
    PUBLISHED,
    Fit,
    extremes,
    fitted,
    influence,
    spread,
    spread_of_answers,
    spread_of_inputs,
)
from experiments.rounding import decimals, text
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
from simulation.inputs import Tables
from simulation.scenario import Scenario

TOLD = ("lowest_found", "least", "median", "most", "highest_found")
"""What a document tells of an answer: the ends of the search, and those and the median of the sample."""


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


def range_folder(
    tables: Tables, improvement: Scenario, kept: Sequence[Fit], tried: int, command: str, jobs: int = 1
) -> Folder:
    """Put together how far the published answers leave inputs and other answers open.

    Parameters
    ----------
    jobs : processes of the search for extremes; it changes no result
    """
    asked = spread(tables, kept, improvement)
    answered = spread_of_answers(asked).merge(extremes(tables, kept, improvement, asked, jobs))
    inputs = spread_of_inputs(tables, kept)
    names = [number.name.split(".")[1] for number in fitted(tables)]
    sets = pd.DataFrame([fit.inputs for fit in kept], columns=names)
    sets[list(PUBLISHED)] = [fit.answers for fit in kept]
    sets.insert(0, "set", range(1, len(kept) + 1))
    notes = [
        f"{len(kept)} sets of {len(names)} inputs, from {tried} tried, give all published answers within half of their "
        "last digit. Quantiles are of this sample: no set is likelier than another. Held fixed: pupils, GDP a head, "
        "levels of services, pathways, ratios between stages and levels, and the form of the model.",
        at_bounds(tables, kept),
        readings(tables),
        *unsettled(answered),
        LIMITS,
        NO_ENDORSEMENT,
        NOT_FOR_INDIVIDUALS,
    ]
    head = f"wellheld {installed('wellheld')}: what the published illustration can and cannot settle"
    blocks = [wrapped(head), answer_table(answered), input_table(inputs)]
    moved = influence(tables, improvement, np.mean([fit.points for fit in kept], axis=0))
    found = {"answers": answered, "inputs": inputs, "sets": sets, "questions": asked, "influence": moved}
    written = range_markdown(answered)
    return Folder(page(blocks, notes), found, range_figure(asked, answered), made_by(command, tables), notes, written)


def page(blocks: Sequence[Sequence[str]], notes: Sequence[str]) -> str:
    """Set blocks of lines and then sentences below each other."""
    lines = [line for block in blocks for line in (*block, "")]
    lines += [line for note in notes for line in wrapped(note, "  ")]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def at_bounds(tables: Tables, kept: Sequence[Fit]) -> str:
    """Say which inputs press on their assumed bounds in some set: there the ranges, not the answers, set the width."""
    points = np.array([fit.points for fit in kept])
    names = [
        number.name.split(".")[1].replace("_", " ")
        for number, places in zip(fitted(tables), points.T, strict=True)
        if places.min() < EDGE or places.max() > 1.0 - EDGE
    ]
    return (
        "Inputs that reach an end of their assumed range in some set, so that the range and not the published answers "
        f"sets part of the width: {', '.join(names) if names else 'none'}."
    )


EDGE = 0.01
"""Share of a range that counts as its end."""


def unsettled(answered: pd.DataFrame) -> list[str]:
    """Say what the published answers leave open: who brings the saving, and which signs are the model's own."""
    here = answered[answered["quantity"] == "reduced_cost"]
    whole, alone = here.iloc[0], here.iloc[1:]
    share = 100.0 * alone.set_index("question")[["lowest_found", "highest_found"]] / whole["median"]
    carried = "; ".join(f"{name}, {text(low, 0)} to {text(high, 0)}%" for name, (low, high) in share.T.items())
    one_sign = (share["lowest_found"] > -EDGE) | (share["highest_found"] < EDGE)
    return [
        "Not settled by the published answers: who brings the saving. As a share of the published one, the least and "
        f"the most that a search found: {carried}.",
        f"The sign of {one_sign.sum()} of {len(alone)} answers is the same in every set: it follows from how the model "
        "is built and from ranges that allow no adverse effect of a level, and is no finding about services.",
    ]


def answer_table(answered: pd.DataFrame) -> list[str]:
    """Tabulate the spread of each question's answers."""
    lines = []
    for quantity, factor, words in (
        ("fewer_cats", 100.0, "Fewer CATs after four years, % of all CATs: over all sets"),
        ("reduced_cost", 1.0, "Lost cost reduced over four years, GBP million: over all sets"),
    ):
        here = answered[answered["quantity"] == quantity]
        rows = [
            [f" {row['question']}", *(text(factor * float(row[name]), 1) for name in TOLD)]
            for _, row in here.iterrows()
        ]
        lines += [words, *align([["", *(name.replace("_", " ") for name in TOLD)], *rows]), ""]
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
    words = (
        "CATs a child today (after four years; from the whole childhood on, at 18); fewer CATs under the improvement; "
        "lost cost today and avoided, GBP million a year (of 2019; from GDP a head of 2023-24 on, of that year)"
    )
    return [*wrapped(words), *align([header, *bridge_cells(bridged)])]


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


def over_sets(bridged: pd.DataFrame) -> list[str]:
    """Say how far the steps differ from one set of the flow model's inputs to another."""
    if "avoided_change_least" not in bridged:
        return []
    here = bridged.dropna(subset=["avoided_change_least"])
    told = "; ".join(
        f"{row['title']}, {text(row['avoided_change_least'], 1, sign=True)} to "
        f"{text(row['avoided_change_most'], 1, sign=True)}"
        for _, row in here.iterrows()
    )
    return [
        "Other sets of the flow model's inputs give the same published answers and other steps; lost cost avoided, the "
        f"least and the most over the sets walked: {told}."
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
            row += [text(factor * float(here.loc[quantity, name]), 1) for name in TOLD]
        cells.append(row)
    measures = ("fewer CATs, %", "lost cost reduced, GBP million")
    return markdown(["", *(f"{what}: {word.replace('_', ' ')}" for what in measures for word in TOLD)], cells)


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
        f"With every difference off, {text(children['fewer_cats'] * 100, 2)}% fewer CATs and "
        f"{text(children['avoided'], 2)} GBP million avoided stand beside the flow model's "
        f"{text(100 * rebuilt['fewer_cats'], 2)}% and {text(rebuilt['avoided'], 2)}: {abs(apart):.1f} and "
        f"{abs(cost_apart):.1f} standard errors apart.",
        f"From {text(first['avoided'], 1)} to {text(last['avoided'], 1)} GBP million a year avoided, and from "
        f"{text(100 * first['fewer_cats'], 1)}% to {text(100 * last['fewer_cats'], 1)}% fewer CATs. Largest steps "
        f"in this order: {listed}. The first rows count the pupils of two stages, the next the children of a year's "
        "births at every age to 18, the last rows everybody.",
        f"At one value of a healthy year the flow model's relation of CATs to DALYs gives {relation:.1f} times the "
        "lost cost that the life course of the same children gives: it is an assumption that nothing here supports.",
        *over_sets(bridged),
        "The order of the steps is fixed: another order would part the same whole otherwise.",
    ]
