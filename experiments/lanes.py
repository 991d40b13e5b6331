"""Draw lives as swim lanes: where each child was from birth to 18, what happened, and what services did about it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from agents.names import ADULT, DAYS, Channel, Tier
from experiments.figures import BLACK, BLUE, GREY, ORANGE, SKY, VERMILION, look, plain
from experiments.journal import Told

GREEN, PURPLE, PALE = "#009E73", "#7B3F86", "#E3E3E3"
ANSWERS = {
    "no_need": ("o", GREY, "no need shows"),
    "held": ("o", GREEN, "held"),
    "held_with_support": ("s", BLUE, "held with support"),
    "escalated": ("^", ORANGE, "escalated"),
    "no_service": ("X", VERMILION, "no service"),
}
"""Marker, colour and words of what services did in the year of an event."""
SUPPORT = {Tier.EARLY_HELP: (SKY, "", "early help"), Tier.SOCIAL_CARE: (ORANGE, "//", "social care")}
SUPPORT[Tier.LOOKED_AFTER] = (PURPLE, "", "looked after")
SCHOOL = {Tier.UNIVERSAL: (PALE, "", "school"), Tier.SPECIALIST: (BLUE, "", "special or alternative school")}
SCHOOL[Tier.OUT_OF_SYSTEM] = (VERMILION, "xx", "out of school")
MOST = 60
"""Most lanes in one picture."""


class Lives(NamedTuple):
    """Lives told of together."""

    title: str
    events: pd.DataFrame
    stays: pd.DataFrame
    told: Told


POINTS = {"referral": ("|", "referral"), "placement_move": ("D", "move of placement")}


def each(table: pd.DataFrame) -> Iterator[Any]:
    """Go through a table's rows, their cells by name."""
    yield from table.itertuples()


def figure(told: Lives) -> Figure:
    """Draw a lane a child: school above, support below, specialist services as a line; a mark for each event."""
    ids = told.events["child_id"].drop_duplicates().tolist()
    kept = ids[:MOST]
    with look():
        drawn = Figure(figsize=(11.0, 2.6 + 0.62 * len(kept)), layout="constrained")
        FigureCanvasAgg(drawn)
        axes = drawn.subplots()
        for lane, child in enumerate(kept):
            draw_lane(axes, told, child, lane)
        axes.set_xlim(-0.1, ADULT + 0.3)
        axes.set_ylim(len(kept) - 0.4, -0.6)
        axes.set_yticks(range(len(kept)), [f"child {child}" for child in kept])
        axes.set_xticks(range(ADULT + 1))
        note = "A mark says what services did about the child in the year of the event; small marks are years in need."
        axes.set_xlabel(
            f"age\n{note} Simulated children: not for predicting or deciding about any real child.", fontsize=7
        )
        axes.set_title(plain(told.title + (f" (the first {MOST} drawn)" if len(ids) > MOST else "")))
        drawn.legend(handles=legend(), loc="outside lower center", ncols=5, frameon=False, fontsize=7)
        return drawn


def draw_lane(axes: Axes, told: Lives, child: int, lane: int) -> None:
    """Draw one child's lane."""
    own = told.told.begun["id"][told.stays["child"]] & 0xFFFFFFFF == child
    stays = told.stays[own & (told.stays["start_day"] < ADULT * DAYS)]
    bar(axes, stays[stays["channel"] == Channel.EDUCATION], SCHOOL, lane - 0.22)
    bar(axes, stays[stays["channel"] == Channel.SUPPORT], SUPPORT, lane + 0.06)
    for row in each(stays[stays["channel"] == Channel.SPECIALIST]):
        ends = [row.start_day / DAYS, min(row.end_day / DAYS, ADULT)]
        axes.plot(ends, [lane + 0.34] * 2, color=BLACK, linewidth=1.2, solid_capstyle="butt")
    seen = told.events[(told.events["child_id"] == child) & (told.events["age"] < ADULT)]
    met = seen[seen["entry"].isin(("childhood_adversity", "recorded_event"))]
    # Events of one day stand side by side.
    beside = met.groupby(["age", "day"]).cumcount() * 0.14
    for answer, (marker, colour, _) in ANSWERS.items():
        here = met["answer"] == answer
        at = (met["age"] + met["day"] / DAYS + beside)[here]
        style: dict[str, Any] = {"markersize": 5.5, "markeredgecolor": BLACK, "markeredgewidth": 0.4}
        axes.plot(at, np.full(len(at), lane - 0.36), marker, color=colour, linestyle="none", **style)
        needs = seen[(seen["entry"] == "outcome") & (seen["answer"] == answer)]
        years = needs["age"].drop_duplicates() + 0.5
        axes.plot(years, np.full(len(years), lane - 0.08), marker, color=colour, linestyle="none", markersize=3.5)
    for entry, (marker, _) in POINTS.items():
        points = seen[seen["entry"] == entry]
        days = points["age"] + points["day"] / DAYS
        axes.plot(days, np.full(len(days), lane + 0.06), marker, color=BLACK, markersize=4 if marker == "D" else 9)
    for row in each(seen[seen["entry"] == "death"]):
        axes.plot([row.age + row.day / DAYS], [lane], "P", color=BLACK, markersize=9)


def bar(axes: Axes, stays: pd.DataFrame, styles: dict[Tier, tuple[str, str, str]], height: float) -> None:
    """Draw stays as a bar, coloured by tier."""
    for row in each(stays):
        colour, hatch, _ = styles[Tier(int(row.tier))]
        end = min(row.end_day / DAYS, ADULT)
        axes.barh(
            height,
            end - row.start_day / DAYS,
            0.24,
            row.start_day / DAYS,
            color=colour,
            hatch=hatch,
            lw=0.3,
            ec="white",
        )


def legend() -> list[Line2D | Patch]:
    """Say what each bar and mark means."""
    marks = [
        Line2D([], [], marker=marker, color=colour, linestyle="none", markeredgecolor=BLACK, label=f"event: {words}")
        for marker, colour, words in ANSWERS.values()
    ]
    marks += [Line2D([], [], marker=m, color=BLACK, linestyle="none", label=words) for m, words in POINTS.values()]
    marks += [Line2D([], [], marker="P", color=BLACK, linestyle="none", label="death")]
    marks += [Line2D([], [], color=BLACK, linewidth=1.2, label="specialist service")]
    bars = [
        Patch(facecolor=colour, hatch=hatch, edgecolor="white", label=words)
        for colour, hatch, words in (*SCHOOL.values(), *SUPPORT.values())
    ]
    return [*marks, *bars]
