"""Draw the one figure of a run: who is held, what changes, and where the variance comes from."""

import io
import math
import textwrap
from contextlib import AbstractContextManager

import matplotlib as mpl
import matplotlib.patches
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from experiments.quantities import OUTCOMES, TIERS
from experiments.results import DIFFERENCE, REGION, TODAY, Results, Row

# Okabe and Ito's palette, for any colour vision; markers and hatches differ as well, for grey print.
BLUE, VERMILION, SKY, ORANGE, GREY, BLACK = "#0072B2", "#D55E00", "#56B4E9", "#E69F00", "#999999", "#222222"
KEY_QUANTITIES = ("cats", "ever_looked_after", "dalys", "lost_gdp_discounted", "service_cost_discounted")
LABELS = {
    "cats": "CATs at 18",
    "ever_looked_after": "ever looked after",
    "dalys": "DALYs",
    "lost_gdp_discounted": "lost GDP,\ndiscounted",
    "service_cost_discounted": "service cost,\ndiscounted",
}
SHARES = (("chance", GREY, ""), ("other numbers", SKY, "//"), ("assumption", ORANGE, ".."))
NO_BAND = math.nan
FloatArray = NDArray[np.float64]


def look() -> AbstractContextManager[None]:
    """Set the look of the figure, whatever the user's own settings are."""
    ours = {
        "font.size": 8,
        "axes.titlesize": 9,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "hatch.linewidth": 0.4,
        "savefig.dpi": 200,
        "svg.fonttype": "path",
        "svg.hashsalt": "wellheld",
    }
    return mpl.style.context(["default", ours])


def figure(results: Results) -> Figure:
    """Draw three panels; for the region a fourth sets the authorities side by side.

    Bands are of one cohort's runs: thin lines hold 95% of them, thick lines 80%.
    """
    with look():
        region = results.place == REGION and len(results.places) > 1
        drawn = Figure(figsize=(10.0, 8.6 if region else 7.4), layout="constrained")
        FigureCanvasAgg(drawn)
        axes = drawn.subplot_mosaic("ab\nac\nad" if region else "ab\nac", width_ratios=(1.15, 1.0))
        draw_held(axes["a"], results)
        draw_change(axes["b"], results)
        draw_variance(axes["c"], results)
        if region:
            draw_places(axes["d"], results)
        place = results.place.replace("_", " ").capitalize()
        drawn.suptitle(plain(f"{place}: today against {results.improved_title}"))
        drawn.supxlabel("\n".join(textwrap.wrap(caption(results), 185)), fontsize=7, x=0.01, ha="left")
        return drawn


def plain(words: str, width: int = 90) -> str:
    """Shorten words to one line and keep dollar signs from being read as mathematics."""
    return textwrap.shorten(words, width, placeholder=" ...").replace("$", r"\$")


def caption(results: Results) -> str:
    """Say how many children and runs stand behind the figure, and what a band is."""
    children, runs = results.children(results.place), results.runs
    known = [f"{children:,} children from birth to death" if children is not None else ""]
    known.append(f"n = {runs:,} runs of each twin" if runs is not None else "")
    known.append(f"prices of {results.settings['price_year']}" if "price_year" in results.settings else "")
    counts = "; ".join(part for part in known if part)
    bands = "Points are means; thick lines hold 80% and thin lines 95% of the runs of one such cohort, "
    bands += "from parameters and chance"
    return plain(f"{counts}. {bands}. Not for predicting or deciding about any real child.", 400)


def interval(axes: Axes, height: float, row: Row, factor: float, colour: str, marker: str) -> None:
    """Draw a mean with its 80% and 95% bands at one height."""
    for low, high, width in (("low_95", "high_95", 1.0), ("low_80", "high_80", 3.0)):
        ends = [factor * row.get(low, NO_BAND), factor * row.get(high, NO_BAND)]
        axes.plot(ends, [height, height], color=colour, linewidth=width, solid_capstyle="butt")
    mean = [factor * row["mean"]]
    axes.plot(mean, [height], marker, markersize=4.5, color=colour, markeredgecolor="white", markeredgewidth=0.5)


def draw_held(axes: Axes, results: Results) -> None:
    """Draw the share of children ever held, supported, escalated and unserved, by tier."""
    here = results.rows(results.place)
    series = ((TODAY, BLUE, "o", -0.17), (results.improved, VERMILION, "D", 0.17))
    heights, labels, height = [], [], 0.0
    for tier in TIERS:
        across = axes.get_yaxis_transform()
        axes.text(0.012, height, tier.replace("_", " "), fontweight="bold", va="center", transform=across)
        for outcome in OUTCOMES:
            height += 1.0
            heights.append(height)
            labels.append(outcome.replace("_", " "))
            for scenario, colour, marker, shift in series:
                row = here.get((scenario, f"ever_{outcome}_{tier}"))
                if row is not None:
                    interval(axes, height + shift, row, 100.0, colour, marker)
        height += 1.2
    axes.set_yticks(heights, labels)
    axes.set_ylim(height - 0.4, -1.9)
    # A square-root scale lets shares of 1% and of 90% be read side by side, and keeps 0.
    axes.set_xscale("function", functions=(square_root, np.square))
    axes.set_xlim(0.0, 100.0)
    axes.set_xticks([0, 1, 5, 10, 20, 30, 50, 70, 100])
    axes.grid(axis="x", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_xlabel("% of children, ever by 18 (a child may count in several rows; square-root scale)")
    axes.set_title("a  Who is held, by tier")
    handles = [Line2D([], [], color=colour, marker=marker, markersize=4.5) for _, colour, marker, _ in series]
    axes.legend(handles, ["today", results.improved], loc="upper left", ncols=2, frameon=False, borderpad=0.1)


def square_root(values: FloatArray) -> FloatArray:
    """Take the square root; below zero, where an axis may look, give zero."""
    return np.sqrt(np.maximum(values, 0.0))


def relative_change(results: Results, place: str, quantity: str) -> Row | None:
    """Express a paired difference and its bands as a percentage of today's mean."""
    here = results.rows(place)
    today, gap = here.get((TODAY, quantity)), here.get((DIFFERENCE, quantity))
    if today is None or gap is None or not today["mean"]:
        return None
    names = ("mean", "low_95", "low_80", "high_80", "high_95")
    return {name: 100.0 * gap.get(name, NO_BAND) / today["mean"] for name in names}


def draw_rows(axes: Axes, rows: dict[str, Row | None], title: str, label: str) -> None:
    """Draw labelled intervals below each other around a line at zero."""
    axes.axvline(0.0, color=BLACK, linewidth=0.8)
    for height, row in enumerate(rows.values()):
        if row is None:
            across = axes.get_yaxis_transform()
            axes.text(0.02, height, "not available", va="center", color=GREY, transform=across)
        else:
            interval(axes, float(height), row, 1.0, VERMILION, "D")
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="x", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_title(title)
    axes.set_xlabel(label)


def draw_change(axes: Axes, results: Results) -> None:
    """Draw the paired difference of key quantities as a percentage of today."""
    rows = {LABELS[name]: relative_change(results, results.place, name) for name in KEY_QUANTITIES}
    draw_rows(axes, rows, "b  What the scenario changes", "difference, % of today's mean")


def draw_places(axes: Axes, results: Results) -> None:
    """Draw the difference in lost GDP by authority, for each child where their number is known."""
    places = [place for place in results.places if place != REGION]
    titles = [place.replace("_", " ").capitalize() for place in places]
    per_child = isinstance(results.settings.get("children"), dict)
    rows: dict[str, Row | None] = {}
    for title, place in zip(titles, places, strict=True):
        gap, children = results.rows(place).get((DIFFERENCE, "lost_gdp_discounted")), results.children(place)
        if not per_child:
            rows[title] = relative_change(results, place, "lost_gdp_discounted")
        else:
            rows[title] = {name: 1e6 * gap[name] / children for name in gap} if gap and children else None
    label = "GBP per child" if per_child else "% of today's mean"
    draw_rows(axes, rows, "d  Lost GDP by authority, discounted", f"difference, {label}")


def variance_shares(row: Row | None) -> tuple[float, float, float] | None:
    """Split a difference's variance into chance, the rest (other numbers and interactions) and assumption.

    Estimated shares can leave 0-1 by their own error: they are held within it, and to a sum of at most 1.
    """
    if row is None:
        return None
    chance, assumption = row.get("share_from_chance", NO_BAND), row.get("share_from_assumption", NO_BAND)
    if not (math.isfinite(chance) and math.isfinite(assumption)):
        return None
    chance, assumption = min(max(chance, 0.0), 1.0), min(max(assumption, 0.0), 1.0)
    total = max(chance + assumption, 1.0)
    return chance / total, max(0.0, 1.0 - (chance + assumption) / total), assumption / total


def draw_variance(axes: Axes, results: Results) -> None:
    """Draw where the variance of each difference comes from, as stacked shares."""
    here = results.rows(results.place)
    for height, name in enumerate(KEY_QUANTITIES):
        parts = variance_shares(here.get((DIFFERENCE, name)))
        if parts is None:
            axes.text(1.0, height, "not available", va="center", color=GREY)
            continue
        left = 0.0
        for part, (_, colour, hatch) in zip(parts, SHARES, strict=True):
            axes.barh(height, 100 * part, 0.62, left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.5)
            left += 100 * part
    axes.set_yticks(range(len(KEY_QUANTITIES)), [LABELS[name] for name in KEY_QUANTITIES])
    axes.set_ylim(len(KEY_QUANTITIES) - 0.4, -1.3)
    axes.set_xlim(0.0, 100.0)
    axes.set_xlabel("% of the difference's variance")
    axes.set_title("c  Where its variance comes from")
    boxes = [mpl.patches.Patch(facecolor=colour, hatch=hatch, edgecolor="white") for _, colour, hatch in SHARES]
    axes.legend(boxes, [name for name, _, _ in SHARES], loc="upper left", ncols=3, frameon=False, borderpad=0.1)


def png(drawn: Figure) -> bytes:
    """Give the figure as PNG bytes that name no date and no software."""
    page = io.BytesIO()
    with look():
        drawn.savefig(page, format="png", metadata={"Software": None})
    return page.getvalue()


def svg(drawn: Figure) -> bytes:
    """Give the figure as SVG bytes without date, creator or random identifiers."""
    page = io.BytesIO()
    with look():
        drawn.savefig(page, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return page.getvalue()
