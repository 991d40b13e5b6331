"""Draw the simulated neighbourhoods of authorities on their generated grids."""

import io
import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from experiments.figures import look
from experiments.localities import NOTE, Localities

PANELS = (
    ("adversity_index", "adversity index by decile (0 is England)", "cividis_r"),
    ("relative_burden", "the model's burden over what is expected", "cividis_r"),
)
CORNERS = np.array([(np.sin(k * np.pi / 3), np.cos(k * np.pi / 3)) for k in range(6)]) / np.sqrt(3.0)
"""A hexagon whose neighbours' centres lie at distance 1."""


def figure(found: Localities) -> Figure:
    """Draw both indices' panels: a row each, an authority a column; outlined where chance would seldom lead."""
    names = list(dict.fromkeys(found.neighbourhoods["authority"]))
    tall = len(names) == 1
    with look():
        size = (10.0, 5.6) if tall else (2.1 * len(names) + 1.0, 6.4)
        drawn = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(drawn)
        shape = (1, len(PANELS)) if tall else (len(PANELS), len(names))
        axes = np.array(drawn.subplots(*shape, squeeze=False))
        for k, (column, title, colours) in enumerate(PANELS):
            own = axes[0, k : k + 1] if tall else axes[k]
            limits = found.neighbourhoods[column].quantile([0.01, 0.99]).tolist()
            for ax, name in zip(own, names, strict=True):
                here = found.neighbourhoods[found.neighbourhoods["authority"] == name]
                cells = draw_cells(ax, here, column, colours, limits)
                ax.set_title(title if tall else name)
            bar = drawn.colorbar(cells, ax=own.tolist(), shrink=0.7)
            if not tall:
                bar.set_label(title)
        drawn.suptitle(
            f"{found.place.replace('_', ' ').capitalize()}: simulated neighbourhoods, not a map of real places"
        )
        words = NOTE + " The most deprived lie in the middle. Outlined: outside the 99.8% limits of their decile."
        drawn.supxlabel("\n".join(textwrap.wrap(words, int(17 * size[0]))), fontsize=7, x=0.01, ha="left")
        return drawn


def draw_cells(ax: Any, here: pd.DataFrame, column: str, colours: str, limits: list[float]) -> Any:
    """Draw an authority's neighbourhoods as hexagons coloured by a column."""
    here = here.sort_values("outside_limits", kind="stable")  # outlined cells last, over the others
    centres = here[["x", "y"]].to_numpy()
    cells = PolyCollection(
        list(centres[:, None, :] + CORNERS[None, :, :]),
        array=here[column].to_numpy(),
        cmap=colours,
        edgecolors=["#D55E00" if each else "white" for each in here["outside_limits"]],
        linewidths=[1.6 if each else 0.3 for each in here["outside_limits"]],
        zorder=1,
    )
    cells.set_clim(*limits)
    ax.add_collection(cells)
    # Every grid fills its own panel, whatever its size.
    reach = float(np.abs(centres).max()) + 1.0
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.axis("off")
    return cells


def png(found: Localities) -> bytes:
    """Draw the figure as a PNG file."""
    page = io.BytesIO()
    figure(found).savefig(page, format="png", dpi=160, metadata={"Software": None})
    return page.getvalue()
