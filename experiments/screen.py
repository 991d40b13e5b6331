"""Print one screen: what a researcher would paste into an email."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from experiments import rounding
from experiments.quantities import PAYERS, QUANTITIES, Quantity, tier_quantities
from experiments.results import DIFFERENCE, REGION, TODAY, Results

WIDTH = 100
TIERS_READ = (
    "By tier: a child in need counts once in every outcome that it ever had there, so shares may pass 100%; a "
    "fall in a higher tier can mean that fewer arrive. Held with support reaches 0 in draws in which support "
    "has no effect."
)
NOT_FOR_INDIVIDUALS = "Not for predicting or deciding about any real child."
ON_SCREEN = (
    "cats",
    "four_or_more_aces",
    "ever_referred",
    "ever_child_in_need",
    "ever_child_protection_plan",
    "ever_looked_after",
    "dalys",
    "lost_gdp",
    "lost_gdp_discounted",
    "service_cost",
    "service_cost_discounted",
    "service_cost_due_to_adversity",
)
BY_PLACE = {"cats": "CATs", "lost_gdp_discounted": "lost GDP", "service_cost_discounted": "services"}
SHOWN = tuple(quantity for quantity in QUANTITIES if quantity.name in ON_SCREEN)
BANDS = ("low_80", "high_80", "low_95", "high_95")


def screen(results: Results) -> str:
    """Write the results as plain text, at most 100 columns wide."""
    blocks = [
        heading(results),
        comparison(results),
        levels(results),
        [*wrapped(TIERS_READ), *comparison(results, tier_quantities())],
        by_place(results) if results.place == REGION else [],
        adult_life(results),
        closing(results),
    ]
    lines = [line for block in blocks if block for line in (*block, "")]
    return "\n".join(line.rstrip() for line in lines[:-1]) + "\n"


def wrapped(sentence: str, indent: str = "") -> list[str]:
    """Fold a sentence to the width of the screen; characters that act on a terminal become '?'."""
    words = " ".join(sentence.split())
    printable = "".join(each if each.isprintable() else "?" for each in words)
    return textwrap.wrap(printable, WIDTH, subsequent_indent=indent)


def folded(line: str, indent: int) -> str:
    """Fold a line to the width of the screen as it is, its further lines set in."""
    return "\n".join(textwrap.wrap(line, WIDTH, subsequent_indent=" " * indent)) or line


def align(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Set cells in columns, the first ones to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        " ".join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def sectioned(rows: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """Set cells in columns, the first row of each section under the section's title."""
    lines: list[str] = []
    told = {""}
    for (section, _), line in zip(rows, align([cells for _, cells in rows]), strict=True):
        lines += [line] if section in told else [*wrapped(section), line]
        told.add(section)
    return lines


def settings(place: str, children: int | None, seed: int, scenario: str = "") -> str:
    """Say whose lives a screen tells: the place, how many children, the seed and the scenario."""
    size = "one year's births" if children is None else f"{children:,} children{' of each' * (place == REGION)}"
    parts = (place.replace("_", " "), size, f"seed {seed}", f"scenario {scenario}" if scenario else "")
    return ", ".join(part for part in parts if part)


def heading(results: Results) -> list[str]:
    """Say where, how many children, how many runs, and in which prices."""
    settings, children, runs = results.settings, results.children(results.place), results.runs
    parts = [
        f"wellheld {settings.get('version', '')}".strip() + f": {results.place.replace('_', ' ')}",
        f"{children:,} children" if children is not None else "",
        f"{runs:,} runs of each twin" if runs is not None else "",
        f"seed {settings['seed']}" if "seed" in settings else "",
        f"prices of {settings['price_year']}" if "price_year" in settings else "",
    ]
    against = f"One year's births, over their whole lives. Today's services against: {results.improved_title}"
    against += f" ({results.description}). " if results.description else ". "
    against += "The same children and the same chance in both."
    words = (
        "Bands hold 80% and 95% of one cohort's runs (parameters and chance). mcse: Monte Carlo standard error of a "
        "mean. assumed: share of the difference's variance from parameters graded 'assumption' or set by hand, with "
        "its standard error; chance: from chance in a cohort of this size; the rest: other numbers, interactions."
    )
    return [*wrapped(", ".join(part for part in parts if part)), *wrapped(against), *wrapped(words)]


def short_title(quantity: Quantity) -> str:
    """Shorten a title to what its section does not already say."""
    title = quantity.title.split(": ")[-1] if quantity.section == "Ever, by tier" else quantity.title
    return title.removeprefix("ever ").split(" (")[0]


def section_title(quantity: Quantity) -> str:
    """Name a section and, where all of it has one, its unit."""
    unit = "% of children" if quantity.unit == rounding.SHARE_UNIT else quantity.unit
    if quantity.section == "Ever, by tier":
        return f"Ever by 18, {quantity.title.split(':')[0]} (% of children)"
    return quantity.section + (" (shares in %)" if quantity.section == "Adversity" else f" ({unit})")


def comparison(results: Results, shown: Sequence[Quantity] = SHOWN) -> list[str]:
    """Tabulate today, improved and their paired difference, section by section."""
    here = results.rows(results.place)
    head = ["", TODAY, results.improved[:10], DIFFERENCE, "mcse", "80%", "band", "95%", "band", "assumed", "chance"]
    table = [("", head)]
    for quantity in shown:
        gap = here.get((DIFFERENCE, quantity.name))
        # The levels are shown as finely as their difference is known.
        error = {"mcse": gap["mcse"]} if gap else {}
        means = [
            rounding.cells({**here.get((name, quantity.name), {}), **error}, quantity.unit)["mean"]
            for name in (TODAY, results.improved)
        ]
        written = rounding.cells(gap, quantity.unit, sign=True)
        bands = (written[name] for name in BANDS)
        row = [f" {short_title(quantity)}", *means, written["mean"], written["mcse"], *bands, *shares(gap)]
        table.append((section_title(quantity), row))
    # A run of few draws knows no error and no shares of variance: its long figures take their room.
    known = any({row[4], *row[-2:]} != {rounding.MISSING} for _, row in table[1:])
    return sectioned(table if known else [(section, row[:-2]) for section, row in table])


def shares(gap: rounding.Row | None) -> tuple[str, str]:
    """Write the shares of a difference's variance from assumption, with its error, and from chance."""
    if gap is None:
        return rounding.MISSING, rounding.MISSING
    assumed = rounding.percent(gap.get("share_from_assumption", float("nan")))
    error = rounding.percent(gap.get("share_from_assumption_se", float("nan")))
    both = f"{assumed[:-1]}±{error}" if rounding.MISSING not in (assumed, error) else assumed
    return both, rounding.percent(gap.get("share_from_chance", float("nan")))


def levels(results: Results) -> list[str]:
    """Tabulate the error and bands of today's and the improved level."""
    here = results.rows(results.place)
    header = ["mcse", "80%", "band", "95%", "band"]
    table = [["Bands of the two levels", *header, *header]]
    for quantity in SHOWN:
        row = [short_title(quantity)]
        for name in (TODAY, results.improved):
            written = rounding.cells(here.get((name, quantity.name)), quantity.unit)
            row += [written["mcse"], *(written[band] for band in BANDS)]
        table.append(row)
    lines = align(table)
    widths = [max(len(row[column]) for row in table) for column in range(6)]
    start = widths[0] + 1
    second = start + sum(widths[1:]) + 5
    return [" " * start + "today".ljust(second - start) + results.improved[:10], *lines]


def by_place(results: Results) -> list[str]:
    """Set the authorities side by side: today and the difference with its 95% band."""
    quantities = [quantity for quantity in QUANTITIES if quantity.name in BY_PLACE]
    table = [["", *(cell for quantity in quantities for cell in (BY_PLACE[quantity.name], "change", "95%"))]]
    for place in results.places:
        here = results.rows(place)
        row = [place.replace("_", " ")]
        for quantity in quantities:
            written = rounding.cells(here.get((DIFFERENCE, quantity.name)), quantity.unit)
            today = rounding.cells(here.get((TODAY, quantity.name)), quantity.unit)["mean"]
            row += [today, written["mean"], f"{written['low_95']}:{written['high_95']}"]
        table.append(row)
    return [
        "By authority: CATs per child; lost GDP and service cost, both discounted, GBP million",
        *align(table),
    ]


def adult_life(results: Results) -> list[str]:
    """Tabulate young and adult life, where it was followed: today, improved, difference, due to adversity."""
    table = results.tables.get("adult_life")
    if table is None:
        return []
    here = table[table["place"] == results.place]
    rows: dict[str, dict[str, Any]] = {}
    for row in here.to_dict("records"):
        rows.setdefault(str(row["quantity"]), {})[str(row["scenario"])] = row
    lines = [("", ["", TODAY, results.improved[:10], DIFFERENCE, "95%", "band", "to adversity"])]
    for found in rows.values():
        first = found[TODAY]
        levels = [rounding.cells(found[name], "")["mean"] for name in (TODAY, results.improved)]
        gap = rounding.cells(found[DIFFERENCE], "", sign=True)
        due = rounding.cells(found["due_to_adversity"], "", sign=True)["mean"]
        unit = {"GBP million": "", "share": " (share)"}.get(str(first["unit"]), " (years)")
        told = [f" {first['title']}{unit}", *levels, gap["mean"], gap["low_95"], gap["high_95"], due]
        lines.append((str(first["section"]), told))
    title = "Young and adult life; money in GBP million. Transfers are no cost; earnings overlap with lost GDP."
    return [*wrapped(title), *sectioned(lines)]


def break_even(table: pd.DataFrame) -> Iterator[str]:
    """Say for each payer what the improvement may cost without loss, all to the same decimals."""
    rows = [row for row in table.to_dict("records") if str(row["payer"]) in PAYERS or "all" in str(row["payer"])]
    rows += [row for row in table.to_dict("records") if str(row["payer"]).startswith(("society", "cost"))]
    for row in rows:
        mean, low, high = (float(row.get(name, float("nan"))) for name in ("mean", "low_95", "high_95"))
        band = f" (95% {rounding.text(low, 1)} to {rounding.text(high, 1)})" if low == low else ""
        payer = "health (CAMHS only)" if row["payer"] == "health" else str(row["payer"]).replace("_", " ")
        yield f"{payer} {rounding.text(mean, 1)}{band}"


def decomposition(table: pd.DataFrame) -> Iterator[str]:
    """Say how much of the difference came by each channel."""
    for row in table.to_dict("records"):
        mean, mcse = float(row["mean"]), float(row.get("mcse", float("nan")))
        places = rounding.decimals(mean, mcse)
        error = f" ±{rounding.text(mcse, max(places, 0))}" if mcse == mcse else ""
        yield f"{str(row['channel']).replace('_', ' ')} {rounding.text(mean, places, sign=True)}{error}"


def draws_of(table: pd.DataFrame) -> str:
    """Say on how many draws a table rests, where it does so."""
    return f"from {int(table['draws'].iloc[0])} draws" if "draws" in table and len(table) else "all draws"


def one_quantity(table: pd.DataFrame, place: str) -> tuple[str, pd.DataFrame]:
    """Keep a decomposition's rows of this place and of DALYs, or of its first quantity."""
    here = table[table["place"] == place] if "place" in table else table
    if "quantity" not in here or here.empty:
        return "", here
    names = list(here["quantity"].astype(str))
    name = "dalys" if "dalys" in names else names[0]
    titles = {quantity.name: quantity.title for quantity in QUANTITIES}
    return titles.get(name, name.replace("_", " ")), here[here["quantity"] == name]


def closing(results: Results) -> list[str]:
    """Write the break-even spend, the channels, what it rests on, and what it is not for."""
    sentences: Iterable[str] = ()
    if (spend := results.tables.get("break_even")) is not None and not spend.empty:
        here = spend[spend["place"] == results.place] if "place" in spend else spend
        sentences = (*sentences, "Break-even spend, GBP a child and year: " + "; ".join(break_even(here)))
    if (channels := results.tables.get("decomposition")) is not None and not channels.empty:
        title, here = one_quantity(channels, results.place)
        sentences = (
            *sentences,
            f"Difference by channel, {title} ({draws_of(here)}): " + "; ".join(decomposition(here)),
        )
    if results.assumptions:
        sentences = (*sentences, "What the difference rests on:", *(f"- {each}" for each in results.assumptions))
    sentences = (*sentences, *(f"Warning: {sentence}" for sentence in results.warnings), NOT_FOR_INDIVIDUALS)
    return [line for sentence in sentences for line in wrapped(sentence, "  ")]
