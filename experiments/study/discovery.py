"""Discover conditions: in which ranges of which numbers does an improvement fail (PRIM and CART).

PRIM is ema_workbench's; CART is scikit-learn's tree, which that workbench wraps for its pictures.
"""

import operator
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.tree import DecisionTreeClassifier

from experiments.study.at_hand import AtHand, ranks
from experiments.study.surrogate import splits, strongest
from simulation.errors import InputError, shown

COMPARATORS: dict[str, Callable[[Any, float], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
SAID = re.compile(r"^\s*([a-z][a-z0-9_]*)\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?(?:[eE]-?\d+)?)\s*$")
BY_CHANCE = 0.05
"""Quasi-p value from which on a limit is dropped: chance alone would do as well."""
LEAST_SHARE = 0.05
"""Share of the draws that a box holds at least."""
MOST_BOXES = 2
MOST_PEELED = 24
"""Numbers whose edges PRIM tries."""
FOLDS = 5
Limits = Mapping[str, tuple[float, float]]
"""Number: lowest and highest value within a box, infinite where it has no limit on that side."""


def fails(said: str, hand: AtHand) -> Any:
    """Tell in which draws something is so, such as "service_cost_discounted > 0": name, comparator, number.

    Raises
    ------
    InputError
        If it is not of this form, there is no such output, or it is so in all draws or in hardly any.
    """
    found = SAID.match(said)
    if found is None:
        raise InputError(f"--fails {shown(said)}: write NAME > NUMBER, such as service_cost_discounted > 0")
    name, comparator, number = found.groups()
    failed = COMPARATORS[comparator](hand.mean(name), float(number))
    count = int(failed.sum())
    if min(count, len(failed) - count) < 5:
        raise InputError(
            f"--fails {shown(said)}: is so in {count} of {len(failed)} draws; "
            "5 either way are needed to tell conditions: choose another number, or run more draws"
        )
    return failed


def within(points: pd.DataFrame, limits: Limits) -> Any:
    """Tell which draws lie in a box."""
    inside = np.ones(len(points), bool)
    for name, (low, high) in limits.items():
        inside &= ((points[name] >= low) & (points[name] <= high)).to_numpy()
    return inside


def quasi_p(points: pd.DataFrame, failed: Any, limits: Limits, name: str) -> float:
    """Give the chance of so many failures in a box if one number's limits did nothing (Bryant and Lempert 2010)."""
    inside = within(points, limits)
    without = within(points, {key: each for key, each in limits.items() if key != name})
    if not inside.any():
        return 1.0
    return float(stats.binom.sf(failed[inside].sum() - 1, inside.sum(), failed[without].mean()))


def pruned(points: pd.DataFrame, failed: Any, limits: Limits) -> dict[str, tuple[float, float]]:
    """Drop limits one by one, the most doubtful first, while chance alone would do as well."""
    kept = dict(limits)
    while kept:
        doubt = {name: quasi_p(points, failed, kept, name) for name in kept}
        worst = max(doubt, key=lambda name: doubt[name])
        if doubt[worst] < BY_CHANCE:
            break
        del kept[worst]
    return kept


def prim_box(points: pd.DataFrame, failed: Any) -> dict[str, tuple[float, float]]:
    """Peel away the edges of the numbers' space until what is left mostly fails (Friedman and Fisher 1999).

    Of the boxes on the way the one with the largest harmonic mean of coverage and density is taken, without the limits
    that chance explains. Only the numbers are peeled by which failures differ most. Empty where no limit is left.
    """
    top = strongest(ranks(points), np.asarray(failed, float), MOST_PEELED)
    peeled = [points.columns[k] for k in sorted(top)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the workbench warns of engines and of pandas' ways that play no part here
        from ema_workbench.analysis.prim import Prim

        found = Prim(
            points[peeled].copy(), np.asarray(failed, bool), threshold=float(np.mean(failed)), mass_min=LEAST_SHARE
        )
        box = found.find_box()
        if box is None:
            return {}
        path = box.peeling_trajectory
        coverage, density = path["coverage"].to_numpy(), path["density"].to_numpy()
        best = int((coverage * density / np.maximum(coverage + density, 1e-12)).argmax())
        ends, whole = box.box_lims[best], box.box_lims[0]
    limits = {}
    for name in peeled:
        low = float(ends[name].iloc[0]) if ends[name].iloc[0] > whole[name].iloc[0] else -np.inf
        high = float(ends[name].iloc[1]) if ends[name].iloc[1] < whole[name].iloc[1] else np.inf
        if np.isfinite(low) or np.isfinite(high):
            limits[str(name)] = (low, high)
    return pruned(points, failed, limits)


def prim(points: pd.DataFrame, failed: Any) -> list[dict[str, tuple[float, float]]]:
    """List boxes that fail, each found among what those before it leave."""
    left = np.ones(len(points), bool)
    boxes: list[dict[str, tuple[float, float]]] = []
    while len(boxes) < MOST_BOXES and failed[left].sum() >= 5 and not failed[left].all():
        limits = prim_box(points[left].reset_index(drop=True), failed[left])
        if not limits:
            break
        boxes.append(limits)
        left &= ~within(points, limits)
    return boxes


def cart(points: pd.DataFrame, failed: Any) -> list[dict[str, tuple[float, float]]]:
    """List the leaves of a classification tree in which most fail, as boxes (Breiman et al. 1984)."""
    least = max(5, int(LEAST_SHARE * len(points)))
    tree = DecisionTreeClassifier(min_samples_leaf=least, max_leaf_nodes=8, random_state=0)
    nodes = tree.fit(points.to_numpy(), failed).tree_
    boxes: list[dict[str, tuple[float, float]]] = []

    def descend(node: int, limits: dict[str, tuple[float, float]]) -> None:
        if nodes.children_left[node] < 0:
            inside = within(points, limits)
            if limits and failed[inside].mean() > max(0.5, failed.mean()):
                boxes.append(pruned(points, failed, limits))
            return
        name, at = str(points.columns[nodes.feature[node]]), float(nodes.threshold[node])
        low, high = limits.get(name, (-np.inf, np.inf))
        descend(nodes.children_left[node], limits | {name: (low, min(high, at))})
        descend(nodes.children_right[node], limits | {name: (max(low, float(np.nextafter(at, np.inf))), high)})

    descend(0, {})
    told = [box for box in boxes if box]
    return sorted(told, key=lambda box: -failed[within(points, box)].sum())


METHODS: dict[str, Callable[[pd.DataFrame, Any], list[dict[str, tuple[float, float]]]]] = {"prim": prim, "cart": cart}


def conditions(points: pd.DataFrame, failed: Any, groups: Any, method: str = "prim") -> pd.DataFrame:
    """Tabulate boxes in which something fails.

    Coverage is the share of failures that lie within, density the share that fails of what lies within.
    `density_held_out` is that of all boxes together on draws that did not help to find them, to be set beside
    `base`, the share that fails of all draws: where the two are alike, the boxes are chance.

    Parameters
    ----------
    points : a row a draw, a column a number
    failed : (draws,) whether it fails
    groups : (draws,) draws of one group are held out together

    Returns
    -------
    method, box, number, low, high, quasi_p, coverage, density, share, base, density_held_out: a row a limit
    """
    find = METHODS[method]
    base, held_out = float(failed.mean()), density_held_out(points, failed, groups, method)
    rows = []
    for k, limits in enumerate(find(points, failed), start=1):
        inside = within(points, limits)
        rows += [
            {
                "method": method,
                "box": k,
                "number": name,
                "low": low,
                "high": high,
                "quasi_p": quasi_p(points, failed, limits, name),
                "coverage": float(failed[inside].sum() / failed.sum()),
                "density": float(failed[inside].mean()),
                "share": float(inside.mean()),
                "base": base,
                "density_held_out": held_out,
            }
            for name, (low, high) in limits.items()
        ]
    columns = ["method", "box", "number", "low", "high", "quasi_p", "coverage", "density", "share", "base"]
    return pd.DataFrame(rows, columns=[*columns, "density_held_out"])


def density_held_out(points: pd.DataFrame, failed: Any, groups: Any, method: str) -> float:
    """Give the share that fails in boxes found without the draws that are counted; missing where none lies in one."""
    inside = np.zeros(len(points), bool)
    for kept, left in splits(groups, FOLDS):
        if 5 <= failed[kept].sum() <= len(kept) - 5:
            for limits in METHODS[method](points.iloc[kept].reset_index(drop=True), failed[kept]):
                inside[left] |= within(points.iloc[left], limits)
    return float(failed[inside].mean()) if inside.any() else float("nan")
