"""Draw the two figures of the published models: how far their answers leave others open, and the bridge."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments.figures import BLACK, BLUE, GREY, ORANGE, SKY, VERMILION, look

UNIT = "GBP million a year (last rows in prices of 2023-24, others of 2019)"
CAPTION = "Not for predicting or deciding about any real child."


def range_figure(asked: pd.DataFrame, found: pd.DataFrame | None = None) -> Figure:
    """Draw, for each question, the answer of every set of inputs that gives the published answers.

    Parameters
    ----------
    asked : one row a question and set, from `reconstruction.spread`
    found : by question and quantity, the least and the most that a search found, from `reconstruction.extremes`
    """
    with look():
        drawn = Figure(figsize=(10.0, 4.6), layout="constrained")
        FigureCanvasAgg(drawn)
        left, right = drawn.subplots(1, 2, sharey=True)
        draw_answers(left, asked, "fewer_cats", 100.0, "a  Fewer CATs after four years", "% of all CATs")
        draw_answers(right, asked, "reduced_cost", 1.0, "b  Lost cost reduced over four years", "GBP million of 2019")
        if found is not None:
            draw_found(left, asked, found, "fewer_cats", 100.0)
            draw_found(right, asked, found, "reduced_cost", 1.0)
        count = asked["set"].nunique()
        words = (
            f"Every dot is one of {count} sets of reconstructed inputs that give all published answers (first row); "
            "ticks: medians of the sample"
            + ("; grey bars: the least and the most that a search found." if found is not None else ".")
            + f"\n{CAPTION}"
        )
        drawn.supxlabel(words, fontsize=7, x=0.01, ha="left")
        return drawn


def draw_answers(axes: Axes, asked: pd.DataFrame, quantity: str, factor: float, title: str, label: str) -> None:
    """Draw one quantity's answers, a row a question."""
    questions = list(dict.fromkeys(asked["question"]))
    axes.axvline(0.0, color=BLACK, linewidth=0.8)
    for height, question in enumerate(questions):
        here = factor * asked.loc[asked["question"] == question, quantity].to_numpy()
        # Dots are spread by their rank, evenly, so that the same table gives the same picture.
        shift = 0.5 * ((np.arange(len(here)) * 0.618034) % 1.0 - 0.5)
        colour = VERMILION if height == 0 else BLUE
        axes.plot([here.min(), here.max()], [height, height], color=colour, linewidth=1.0, alpha=0.6)
        axes.plot(here, height + shift, ".", color=colour, markersize=2.5, alpha=0.6)
        axes.plot([np.median(here)] * 2, [height - 0.32, height + 0.32], color=BLACK, linewidth=1.2)
    axes.set_yticks(range(len(questions)), questions)
    axes.set_ylim(len(questions) - 0.5, -0.6)
    axes.grid(axis="x", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_title(title)
    axes.set_xlabel(label)


def draw_found(axes: Axes, asked: pd.DataFrame, found: pd.DataFrame, quantity: str, factor: float) -> None:
    """Draw behind the answers how far a search went."""
    here = found[found["quantity"] == quantity].set_index("question")
    for height, question in enumerate(dict.fromkeys(asked["question"])):
        ends = [factor * float(here.loc[question, name]) for name in ("lowest_found", "highest_found")]
        axes.plot(ends, [height, height], color=GREY, linewidth=5.0, alpha=0.4, solid_capstyle="butt", zorder=1)


def bridge_figure(bridged: pd.DataFrame) -> Figure:
    """Draw two waterfalls: what each difference adds to the improvement's gain, or takes away.

    Parameters
    ----------
    bridged : a row a stage, from `bridge.bridge`
    """
    with look():
        drawn = Figure(figsize=(10.0, 5.2), layout="constrained")
        FigureCanvasAgg(drawn)
        left, right = drawn.subplots(1, 2, sharey=True)
        draw_waterfall(left, bridged, "fewer_cats", 100.0, "a  Fewer CATs under the improvement", "% of all CATs")
        draw_waterfall(
            right,
            bridged,
            "avoided",
            1.0,
            "b  Lost cost avoided",
            UNIT,
        )
        words = (
            "Bars: what each difference adds or takes away, on top of those above it; whiskers: two Monte Carlo "
            "standard errors; full bars: where the walk begins and ends.\nThin line below a bar: the same step over "
            f"other sets of reconstructed inputs. {CAPTION}"
        )
        drawn.supxlabel(words, fontsize=7, x=0.01, ha="left")
        return drawn


def draw_waterfall(axes: Axes, bridged: pd.DataFrame, quantity: str, factor: float, title: str, label: str) -> None:
    """Draw one quantity's waterfall from top to bottom."""
    level = factor * bridged[quantity].to_numpy()
    change = factor * bridged[f"{quantity}_change"].to_numpy()
    error = factor * bridged[f"{quantity}_change_mcse"].to_numpy()
    last = len(bridged)
    for height, (value, step, whisker) in enumerate(zip(level, change, error, strict=True)):
        if height == 0:
            bar(axes, height, 0.0, value, GREY, f"{value:.1f}")
            continue
        axes.plot([value - step] * 2, [height - 1, height], color=GREY, linewidth=0.6)
        reach = 2.0 * whisker if whisker == whisker else 0.0
        bar(axes, height, value - step, step, SKY if step >= 0 else ORANGE, f"{step:+.1f}", value + reach)
        axes.plot([value - reach, value + reach], [height, height], color=BLACK, linewidth=1.0)
        if f"{quantity}_change_least" in bridged:
            low, high = (factor * bridged[f"{quantity}_change_{end}"].iloc[height] for end in ("least", "most"))
            axes.plot([value - step + low, value - step + high], [height + 0.4] * 2, color=VERMILION, linewidth=1.5)
    bar(axes, last, 0.0, level[-1], GREY, f"{level[-1]:.1f}")
    labels = [*bridged["title"], "this model's answer"]
    axes.set_yticks(range(last + 1), labels)
    axes.set_ylim(last + 0.6, -0.6)
    axes.axvline(0.0, color=BLACK, linewidth=0.8)
    axes.margins(x=0.12)
    axes.grid(axis="x", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_title(title)
    axes.set_xlabel(label)


def bar(axes: Axes, height: float, begin: Any, length: Any, colour: str, words: str, reach: Any = 0.0) -> None:
    """Draw one bar and write its figure beyond its end, and beyond its whisker's."""
    axes.barh(height, length, 0.62, begin, color=colour, edgecolor="white", linewidth=0.5)
    end = max(begin, begin + length, reach)
    axes.annotate(words, (end, height), (4, 0), textcoords="offset points", va="center", fontsize=7)
