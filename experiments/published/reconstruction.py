"""Reconstruct the inputs of the flow model from its published answers, and find how far they are left open.

Bounded least squares (scipy, trust region): the answers in units of half their last published digit, and beside them
how far each input is moved within its range, so that what the answers leave open stays where it began. Every input is
moved together with all others, and each moves several answers.
"""

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
from scipy import optimize
from scipy.stats import qmc

from experiments.published.flow import Answers, answers, flow
from experiments.published.flow_law import PLACE
from experiments.published.inputs import figure
from simulation.errors import InputError
from simulation.inputs import Number, Tables
from simulation.sampling import uncertain
from simulation.scenario import Lever, Scenario

PUBLISHED = {
    "growth": "growth_in_cats_4_years",
    "cost": "lost_cost_of_dalys_baseline",
    "fewer_cats": "fewer_cats_improved",
    "improved_cost": "lost_cost_of_dalys_improved",
    "reduced_cost": "reduced_cost_4_years",
}
"""The published figure of each answer."""
PUBLISHED_QUESTION = "The published improvement"
YEARS = 4
"""Years of the published illustration."""
STRAIN = 0.1
"""Weight of an input's way through its whole range against half the last digit of an answer."""
STEP = 1e-5
"""Step of the differences that give the slopes [share of the range]."""
BATCH = 16
"""Points that are tried at a time."""
MOST_TRIED = 50
"""Points tried, at most, for each set that is wanted."""
Progress = Callable[[int, int], None]


class Fit(NamedTuple):
    """One set of inputs and what it gives."""

    points: Any  # (inputs,) places in their ranges, 0 to 1
    inputs: Any  # (inputs,) values
    answers: Any  # (5,) in the order of `Answers`
    strain: float  # distance moved from where it began [ranges]
    fits: bool  # every answer within half its last published digit


def fitted(tables: Tables) -> list[Number]:
    """List the inputs that are reconstructed: those with a range."""
    return [number for number in uncertain(tables.numbers) if number.file == "flow_numbers.csv"]


def published(tables: Tables) -> tuple[Any, Any]:
    """Give the published answers, and half of the last digit of each: two (5,) arrays."""
    values = [figure(tables, PUBLISHED[name], PLACE) for name in Answers._fields]
    found = [value for value in values if value is not None]
    if len(found) < len(values):
        raise InputError(f"published_figures.csv: an answer of {PLACE} is missing; add its row")
    half = [0.5 * 10.0 ** int(Decimal(f"{value:g}").as_tuple().exponent) for value in found]
    return np.array(found), np.array(half)


def values_at(tables: Tables, points: Any) -> dict[str, Any]:
    """Give every number, the reconstructed ones at places in their ranges.

    Parameters
    ----------
    points : (..., inputs) 0 to 1
    """
    numbers = fitted(tables)
    low, high = ends(numbers)
    inputs = low + np.asarray(points) * (high - low)
    return {**tables.values(), **{number.name: inputs[..., k, None] for k, number in enumerate(numbers)}}


def ends(numbers: Sequence[Number]) -> tuple[Any, Any]:
    """Give the lower and upper ends of the ranges."""
    low = [number.low for number in numbers if number.low is not None]
    high = [number.high for number in numbers if number.high is not None]
    return np.array(low), np.array(high)


def answers_at(tables: Tables, points: Any, scenario: Scenario) -> Any:
    """Give the five answers at places in the ranges: (..., 5)."""
    values = values_at(tables, points)
    given = answers(flow(tables, values, years=YEARS), flow(tables, values, scenario, years=YEARS))
    return np.stack(np.broadcast_arrays(*given), axis=-1)


def reconstruct(tables: Tables, scenario: Scenario, start: Any = None, target: Any = None) -> Fit:
    """Find the set of inputs that gives the published answers and lies nearest to where it began.

    Parameters
    ----------
    scenario : the published improvement, in one of its readings
    start : (inputs,) places in the ranges to stay near; their middles if not given
    target : (5,) answers to meet; the published ones if not given
    """
    said, half = published(tables)
    numbers = fitted(tables)
    begun = np.full(len(numbers), 0.5) if start is None else np.asarray(start, float)
    aim = said if target is None else target

    def residuals(points: Any) -> Any:
        gap = (answers_at(tables, points, scenario) - aim) / half
        return np.concatenate([gap, STRAIN * (points - begun)], axis=-1)

    def slopes(points: Any) -> Any:
        step = np.where(points < 0.5, STEP, -STEP)
        moved = residuals(np.concatenate([points[None], points + np.diag(step)]))
        return ((moved[1:] - moved[0]) / step[:, None]).T

    found = optimize.least_squares(residuals, np.clip(begun, 0.01, 0.99), slopes, bounds=(0.0, 1.0), max_nfev=60)
    low, high = ends(numbers)
    given = answers_at(tables, found.x, scenario)
    return Fit(
        points=found.x,
        inputs=low + found.x * (high - low),
        answers=given,
        strain=float(np.sqrt(((found.x - begun) ** 2).sum())),
        fits=bool((np.abs(given - said) <= half).all()),
    )


def sets(
    tables: Tables, scenario: Scenario, count: int, seed: int, jobs: int = 1, progress: Progress | None = None
) -> tuple[list[Fit], int]:
    """Sample sets of inputs that all give the published answers.

    Each begins at a scrambled Sobol point of the ranges, with answers drawn evenly within their rounding, and is moved
    as little as it takes; a set that then misses a published answer by more than half its last digit is dropped.

    Parameters
    ----------
    jobs : processes; it changes no result

    Returns
    -------
    `count` sets, and how many were tried
    """
    draws = qmc.Sobol(len(fitted(tables)) + len(PUBLISHED), rng=seed)
    work = joblib.Parallel(n_jobs=jobs)
    kept: list[Fit] = []
    tried = 0
    while len(kept) < count:
        if tried >= MOST_TRIED * count:
            raise InputError(
                f"flow_numbers.csv: only {len(kept)} of {tried} sets give the published answers; widen low and high"
            )
        for fit in work(joblib.delayed(from_point)(tables, scenario, point) for point in draws.random(BATCH)):
            if len(kept) == count:
                break
            tried += 1
            kept += [fit] if fit.fits else []
            if progress is not None:
                progress(len(kept), count)
    return kept, tried


def from_point(tables: Tables, scenario: Scenario, point: Any) -> Fit:
    """Reconstruct from one point: where the inputs begin, and then where in their rounding the answers lie."""
    said, half = published(tables)
    size = len(fitted(tables))
    aim = said + (2.0 * point[size:] - 1.0) * half
    # What is saved over the years is the difference of the two yearly costs: it decides the second of them.
    aim[3] = aim[1] - aim[4] / YEARS
    return reconstruct(tables, scenario, point[:size], aim)


def other_sets(tables: Tables, scenario: Scenario, count: int, seed: int) -> list[dict[str, float]]:
    """Sample further sets of inputs and give every number of the flow model under each."""
    if count == 0:
        return []
    names = [number.name for number in fitted(tables)]
    kept, _ = sets(tables, scenario, count, seed)
    return [{**tables.values(), **dict(zip(names, fit.inputs.tolist(), strict=True))} for fit in kept]


def influence(tables: Tables, scenario: Scenario, points: Any) -> pd.DataFrame:
    """Tabulate by how much each answer moves with a tenth of each input's range, in half last digits.

    Returns
    -------
    one row an input; one column an answer
    """
    _, half = published(tables)
    numbers = fitted(tables)
    step = np.where(points < 0.5, 0.1, -0.1)
    moved = answers_at(tables, np.concatenate([points[None], points + np.diag(step)]), scenario)
    table = pd.DataFrame((moved[1:] - moved[0]) / np.sign(step)[:, None] / half, columns=list(Answers._fields))
    table.insert(0, "input", [number.name.split(".")[1] for number in numbers])
    return table


def questions(tables: Tables) -> dict[str, Scenario]:
    """List the questions that are asked of every set: one lever each, what the publication did not answer."""
    schools = ("primary_school", "secondary_school")
    steps = tuple(row.service for row in tables.rows["flow_services"] if row.role == "step")

    def one(title: str, kind: str, add: float, services: Collection[str] | None = None) -> tuple[str, Scenario]:
        lever = Lever.model_validate({"kind": kind, "add": add} | ({"services": services} if services else {}))
        return title, Scenario(name="question", title=title, levers=(lever,))

    return dict(
        [
            one("Prevention of 2% alone", "prevention", 0.02),
            one("Sufficiency of schools +10 points alone", "sufficiency", 0.10, schools),
            one("Sufficiency of schools +20 points alone", "sufficiency", 0.20, schools),
            one("Sufficiency of the services above +20 points alone", "sufficiency", 0.20, steps),
            one("TIP alignment of all +20 points alone", "tip_alignment", 0.20),
            one("TIP alignment of schools +20 points alone", "tip_alignment", 0.20, schools),
            one("Places above: acceptance +10 points alone", "supply", 0.10),
        ]
    )


def spread(tables: Tables, kept: Sequence[Fit], improvement: Scenario) -> pd.DataFrame:
    """Ask every set every question, the published one first.

    Returns
    -------
    one row a question and set: fewer CATs after the years [share], lost cost reduced over the years [GBP million]
    """
    values = values_at(tables, np.array([fit.points for fit in kept]))
    today = flow(tables, values, years=YEARS)
    parts = []
    for title, scenario in {PUBLISHED_QUESTION: improvement, **questions(tables)}.items():
        given = answers(today, flow(tables, values, scenario, years=YEARS))
        columns = {"fewer_cats": given.fewer_cats, "reduced_cost": given.reduced_cost}
        parts.append(pd.DataFrame({"question": title, "set": range(1, len(kept) + 1), **columns}))
    return pd.concat(parts, ignore_index=True)


def spread_of_inputs(tables: Tables, kept: Sequence[Fit]) -> pd.DataFrame:
    """Set the range that each input was allowed beside the range that it takes over the sets."""
    inputs = np.array([fit.inputs for fit in kept])
    low, high = ends(fitted(tables))
    at = {f"{word}_of_sets": np.quantile(inputs, q, axis=0) for word, q in SPREAD.items()}
    names = [number.name.split(".")[1] for number in fitted(tables)]
    own = [number.value for number in fitted(tables)]
    return pd.DataFrame({"input": names, "table": own, "low": low, "high": high, **at})


SPREAD = {"least": 0.0, "low_5": 0.05, "median": 0.5, "high_95": 0.95, "most": 1.0}
"""Quantiles by which a range over sets is told; no set is likelier than another."""


def spread_of_answers(asked: pd.DataFrame) -> pd.DataFrame:
    """Tell how widely the sets differ on each question.

    Returns
    -------
    one row a question and quantity: least, low_5, median, high_95, most
    """
    rows = []
    for question in dict.fromkeys(asked["question"]):
        for quantity in ("fewer_cats", "reduced_cost"):
            here = asked.loc[asked["question"] == question, quantity].to_numpy()
            rows.append((question, quantity, *np.quantile(here, list(SPREAD.values()))))
    return pd.DataFrame(rows, columns=["question", "quantity", *SPREAD])


SCALES = {"fewer_cats": 0.01, "reduced_cost": 10.0}
"""Units of the search for extremes, of the order of the answers."""
PULLS = (0.003, 0.01, 0.03, 0.1, 0.3)
"""Weights of the pull towards an extreme against the published answers, tried one after another."""
FAR = 20.0
"""How far beyond the starting set's answer the pull aims [units of the search]."""


def extremes(
    tables: Tables, kept: Sequence[Fit], improvement: Scenario, asked: pd.DataFrame, jobs: int = 1
) -> pd.DataFrame:
    """Search for the least and the most of each answer that any inputs give which meet the published answers.

    Bounded least squares that pull an answer away from the sampled set that comes nearest, against the published
    answers; what then still meets all of them within half their last digit is kept. What it finds is reached; more may
    be possible.

    Parameters
    ----------
    asked : the answers of the sets, from `spread`

    Returns
    -------
    one row a question and quantity: lowest_found, highest_found
    """
    scenarios = {PUBLISHED_QUESTION: improvement, **questions(tables)}
    tasks = [(q, name, sign) for q in scenarios for name in ("fewer_cats", "reduced_cost") for sign in (1.0, -1.0)]
    starts = {}
    for question, name, sign in tasks:
        here = asked[asked["question"] == question].set_index("set")[name] * sign
        starts[question, name, sign] = kept[int(here.to_numpy().argmin())].points
    found = joblib.Parallel(n_jobs=jobs)(
        joblib.delayed(extreme)(tables, improvement, scenarios[q], name, sign, starts[q, name, sign])
        for q, name, sign in tasks
    )
    ends_found = dict(zip(tasks, found, strict=True))
    rows = [
        (q, name, ends_found[q, name, 1.0], ends_found[q, name, -1.0])
        for q, name in dict.fromkeys((q, name) for q, name, _ in tasks)
    ]
    return pd.DataFrame(rows, columns=["question", "quantity", "lowest_found", "highest_found"])


def extreme(tables: Tables, improvement: Scenario, asked: Scenario, name: str, sign: float, start: Any) -> float:
    """Search for the least (sign 1) or the most (sign -1) of one answer; the starting set's own if none is beyond."""
    said, half = published(tables)
    place, scale = Answers._fields.index(name), SCALES[name]

    def both(points: Any) -> Any:
        values = values_at(tables, points)
        today = flow(tables, values, years=YEARS)
        met, given = (answers(today, flow(tables, values, each, years=YEARS)) for each in (improvement, asked))
        gaps = [(each - aim) / digit for each, aim, digit in zip(met, said, half, strict=True)]
        return np.stack(np.broadcast_arrays(sign * given[place] / scale, *gaps), axis=-1)

    def slopes(points: Any, pull: float) -> Any:
        step = np.where(points < 0.5, STEP, -STEP)
        moved = both(np.concatenate([points[None], points + np.diag(step)]))
        return ((moved[1:] - moved[0]) / step[:, None]).T * np.array([pull, *[1.0] * len(said)])[:, None]

    def pulled(points: Any, pull: float) -> Any:
        now = both(points).reshape(-1)
        return np.concatenate([[pull * (now[0] - aim)], now[1:]])

    points = np.clip(start, 0.001, 0.999)
    best = both(start).reshape(-1)[0]
    aim = best - FAR
    for pull in PULLS:
        found = optimize.least_squares(
            partial(pulled, pull=pull), points, partial(slopes, pull=pull), bounds=(0.0, 1.0), max_nfev=40
        )
        reached = both(found.x).reshape(-1)
        if (np.abs(reached[1:]) > 1.0).any():
            break
        points, best = np.clip(found.x, 1e-6, 1.0 - 1e-6), min(best, reached[0])
    return float(sign * best * scale)
