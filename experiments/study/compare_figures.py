"""Draw a comparison: the cost-effectiveness plane, acceptability curves with their frontier, and expected loss."""

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments.figures import BLACK, BLUE, GREY, ORANGE, VERMILION, look, plain
from experiments.screen import NOT_FOR_INDIVIDUALS
from experiments.study.comparison import MILLION, Comparison, beside, cohort
from experiments.study.outputs import LIFE

GREEN, PINK, PURPLE = "#009E73", "#CC79A7", "#7A4B9A"
STYLES = (
    (BLUE, "o", "-"),
    (VERMILION, "D", "--"),
    (GREEN, "s", "-."),
    (PINK, "^", ":"),
    (ORANGE, "v", (0, (5, 1))),
    (BLACK, "P", (0, (3, 1, 1, 1))),
    (PURPLE, "X", (0, (1, 3))),
)
"""How each scenario is drawn, the first in blue, which is no other's."""
NAME = 24
"""Letters of a scenario's name that legends have room for."""
MOST_POINTS = 1500
"""Runs of a scenario that are drawn; the others are left out of the picture alone."""


def style(found: Comparison, name: str) -> tuple[str, str, object]:
    """Give a scenario's colour, marker and dashes, the same in all panels."""
    names = [scenario.name for scenario in found.setup.scenarios]
    return STYLES[names.index(name) % len(STYLES)]


def compare_figure(found: Comparison) -> Figure:
    """Draw the three panels."""
    with look():
        drawn = Figure(figsize=(10.0, 7.4), layout="constrained")
        FigureCanvasAgg(drawn)
        axes = drawn.subplot_mosaic("ab\nac", width_ratios=(1.15, 1.0))
        draw_plane(axes["a"], found)
        draw_acceptability(axes["b"], found)
        draw_loss(axes["c"], found)
        drawn.suptitle(plain(title(found), 120))
        drawn.supxlabel(
            "\n".join(textwrap.wrap(caption(found), 185)).replace("$", r"\$"), fontsize=7, x=0.01, ha="left"
        )
        return drawn


def title(found: Comparison) -> str:
    """Say whose children they are, how many, and what is asked."""
    place = found.asked.place
    here = place.replace("_", " ").capitalize()
    return f"{here}, a cohort of {cohort(found.setup, place)}: {found.setup.experiment.question}"


def caption(found: Comparison) -> str:
    """Say whose cost, to which age, from how many runs, and what is not to be read alone."""
    asked = found.asked
    to = "over life" if asked.horizon == LIFE else f"to age {asked.horizon}"
    each = "a draw, chance averaged" if asked.averaged else "a run of one cohort"
    weights = "weighted by decile" if asked.weights else "no weights"
    hollow = " Hollow: before the scenario's own cost, which is not known." if found.unpriced else ""
    done = "" if found.progress.whole else f" {found.progress}."
    return (
        f"Perspective: {asked.perspective}; {to}; discounted; {weights}; {found.draws} draws.{done} A point is {each}, "
        f"large ones are means.{hollow} {' '.join([*beside(found.setup), ''])}{NOT_FOR_INDIVIDUALS}"
    )


def draw_plane(axes: Axes, found: Comparison) -> None:
    """Draw each run's cost beyond the first scenario's against DALYs averted, with the threshold as a line."""
    axes.axhline(0.0, color=BLACK, linewidth=0.8)
    axes.axvline(0.0, color=BLACK, linewidth=0.8)
    for name, rows in found.plane.groupby("scenario", sort=False):
        colour, marker, _ = style(found, str(name))
        hollow = name in found.unpriced
        few = rows.iloc[:: max(1, len(rows) // MOST_POINTS)]
        axes.scatter(
            few["dalys_averted"],
            few["cost_more_million"],
            10,
            marker=marker,
            facecolors="none" if hollow else colour,
            edgecolors=colour,
            linewidths=0.5,
            alpha=0.35,
        )
        axes.scatter(
            rows["dalys_averted"].mean(),
            rows["cost_more_million"].mean(),
            70,
            marker=marker,
            facecolors="white" if hollow else colour,
            edgecolors=colour if hollow else "white",
            linewidths=1.5 if hollow else 0.8,
            label=str(name)[:NAME] + (" (before its own cost)" if hollow else ""),
            zorder=3,
        )
    left, right, bottom, top = *axes.get_xlim(), *axes.get_ylim()
    ends = np.array([left, right])
    worth = found.asked.threshold
    axes.plot(ends, ends * worth / MILLION, color=GREY, linestyle="--", label=f"GBP {worth:,.0f} a DALY averted")
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_xlabel(f"DALYs averted beyond {found.priced[0]}")
    axes.set_ylabel(f"cost beyond {found.priced[0]}, GBP million")
    axes.set_title("a  Cost-effectiveness plane (below the dashed line: worth it)")
    axes.legend(frameon=False, loc="best")


def draw_acceptability(axes: Axes, found: Comparison) -> None:
    """Draw how likely each scenario of known cost is the best, with errors, and the frontier."""
    axes.set_title("b  Probability of being the most cost-effective")
    if nothing_to_choose(axes, found):
        return
    axes.set_ylim(-2.0, 118.0)
    axes.set_yticks(range(0, 101, 20))
    axes.set_ylabel("% of runs")
    table = found.acceptability
    for name, rows in table.groupby("option", sort=False):
        colour, _, dashes = style(found, str(name))
        x, share, error = (rows[each].to_numpy() for each in ("threshold", "probability", "mcse"))
        axes.plot(x / 1000, 100 * share, linestyle=dashes, color=colour, label=str(name)[:NAME], linewidth=1.2)
        near = np.clip([share - error, share + error], 0.0, 1.0) * 100
        axes.fill_between(x / 1000, *near, color=colour, alpha=0.15, linewidth=0)
    front = table[table["on_frontier"]]
    axes.plot(front["threshold"] / 1000, 100 * front["probability"], color=BLACK, linewidth=3.5, alpha=0.25)
    axes.plot([], [], color=BLACK, linewidth=3.5, alpha=0.25, label="frontier: best on average")
    finish(axes, found)
    axes.legend(frameon=False, loc="upper left", ncols=2, fontsize=7)


def draw_loss(axes: Axes, found: Comparison) -> None:
    """Draw the expected loss of choosing each scenario of known cost."""
    axes.set_title("c  Expected loss of choosing it (lowest: best on average)")
    if nothing_to_choose(axes, found):
        return
    axes.set_ylabel("GBP million a cohort")
    for name, rows in found.acceptability.groupby("option", sort=False):
        colour, _, dashes = style(found, str(name))
        x, mean, error = (
            rows["threshold"].to_numpy() / 1000,
            rows["expected_loss"].to_numpy() / MILLION,
            rows["expected_loss_mcse"].to_numpy() / MILLION,
        )
        axes.plot(x, mean, linestyle=dashes, color=colour, linewidth=1.2)
        axes.fill_between(x, np.maximum(0.0, mean - error), mean + error, color=colour, alpha=0.15, linewidth=0)
    finish(axes, found)
    axes.set_ylim(bottom=0.0)


def nothing_to_choose(axes: Axes, found: Comparison) -> bool:
    """Write in place of a panel's axes that there is nothing to choose between, where costs are not known."""
    alone = len(found.priced) < 2
    if alone:
        axes.set_axis_off()
        axes.text(
            0.5,
            0.5,
            "not available: what the scenarios\nthemselves cost is not known",
            ha="center",
            va="center",
            color=GREY,
            transform=axes.transAxes,
        )
    return alone


def finish(axes: Axes, found: Comparison) -> None:
    """Mark the threshold that was asked for and name the axis."""
    axes.axvline(found.asked.threshold / 1000, ymax=0.85, color=GREY, linestyle="--", linewidth=0.8)
    axes.set_xlabel("worth of averting a DALY, GBP thousand (dashed: as asked)")
    axes.grid(axis="y", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
