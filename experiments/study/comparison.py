"""Compare an experiment's scenarios from one perspective: tables of cost-effectiveness, net benefit and break-even."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.interventions import not_alone
from experiments.quantities import apart
from experiments.results import REGION
from experiments.study import comparators, course, folder, perspectives
from experiments.study.declaration import Setup
from experiments.study.perspectives import Books
from experiments.study.weights import Weights
from simulation.economics import gdp_per_head
from simulation.errors import InputError, nearest, shown
from simulation.population import births

MILLION = 1e6
QALY = 70_000.0
"""What the Green Book (2022) puts on a healthy year, in prices of 2020-21 [GBP]."""
STEPS = 100
NAMED = {
    "option": "scenario",
    "cost": "cost_gbp",
    "harm": "dalys",
    "cost_more": "cost_more_gbp",
    "averted": "dalys_averted",
    "cost_more_mcse": "cost_more_gbp_mcse",
    "averted_mcse": "dalys_averted_mcse",
    "cost_more_low_95": "cost_more_gbp_low_95",
    "cost_more_high_95": "cost_more_gbp_high_95",
    "averted_low_95": "dalys_averted_low_95",
    "averted_high_95": "dalys_averted_high_95",
    "ratio": "gbp_per_daly_averted",
}


class Asked(NamedTuple):
    """How scenarios are to be compared.

    Parameters
    ----------
    threshold : what averting a DALY is worth [GBP]
    averaged : whether chance is averaged out within each draw
    """

    perspective: str
    threshold: float
    horizon: str
    weights: Weights | None
    averaged: bool
    place: str


class Progress(NamedTuple):
    """How many tasks are done, of how many, and whether no more are needed: all done, or precise enough before."""

    done: int
    most: int
    whole: bool

    def __str__(self) -> str:
        """Say it, and that it is incomplete where it is."""
        early = self.whole and self.done < self.most
        state = ": precise enough" if early else "" if self.whole else ": incomplete"
        return f"{self.done} of {self.most} tasks{state}"


class Comparison(NamedTuple):
    """What comes of it.

    Parameters
    ----------
    progress : how many tasks it rests on, and whether that is all
    priced : the scenarios whose own cost is known, the first with them
    unpriced : of the others, what they do at a cost that is not known
    """

    setup: Setup
    asked: Asked
    draws: int
    progress: Progress
    priced: tuple[str, ...]
    unpriced: dict[str, list[str]]
    plane: pd.DataFrame
    options: pd.DataFrame
    acceptability: pd.DataFrame
    net_benefit: pd.DataFrame
    break_even: pd.DataFrame


def asked_of(
    setup: Setup,
    perspective: str,
    threshold: float | None,
    horizon: str,
    weights: Weights | None,
    averaged: bool,
    place: str | None,
) -> Asked:
    """Check how scenarios are to be compared.

    Raises
    ------
    InputError
        If a perspective, horizon, place or threshold is none, or there is nothing to compare.
    """
    for option, given, known in (
        ("--perspective", perspective, tuple(perspectives.PERSPECTIVES)),
        ("--horizon", horizon, perspectives.SPANS),
        ("--place", place or setup.answers[-1], setup.answers),
    ):
        if given not in known:
            raise InputError(f"{option} {shown(given)}: is none.{nearest(given, known)} Choose: {', '.join(known)}")
    if threshold is not None and not 0.0 <= threshold <= 1e7:
        raise InputError(f"--threshold {threshold:g}: is outside 0 to 10,000,000; 70000 is the Green Book's")
    if len(setup.scenarios) < 2:
        raise InputError(f"{setup.experiment.name}: has one scenario, and two or more are needed to compare")
    first = setup.scenarios[0]
    if perspectives.unpriced(setup, first):
        raise InputError(
            f"{setup.experiment.name}: what {shown(first.name)} costs is not known, so nothing can be set against it; "
            "put a scenario without levers, such as today, first"
        )
    worth = usual_threshold(perspective) if threshold is None else threshold
    return Asked(perspective, worth, horizon, weights, averaged, place or setup.answers[-1])


def usual_threshold(perspective: str) -> float:
    """Give what averting a DALY is worth unless another worth is asked for [GBP]; lost GDP prices it already."""
    return 0.0 if perspective == "society" else QALY


def progress(setup: Setup, out: Path) -> Progress:
    """Tell how much of an experiment is done."""
    now = course.state(setup, out)
    return Progress(now.done, now.tasks, now.enough)


def cohort(setup: Setup, place: str) -> str:
    """Say how many children of a place are born, all its authorities together."""
    places = setup.places if place == REGION else (place,)
    born = sum(births(setup.tables, each, setup.experiment.children) for each in places)
    return f"{born:,} children"


def beside(setup: Setup) -> list[str]:
    """Say without which other trial each named programme is not to be read."""
    levers = [lever for scenario in setup.scenarios for lever in scenario.levers]
    return not_alone(setup.tables, [lever.name for lever in levers if lever.name])


def compare(setup: Setup, out: Path, asked: Asked) -> Comparison:
    """Compare the scenarios of an experiment by what is done of it.

    Raises
    ------
    InputError
        If nothing is done, or parts are of another experiment.
    """
    parts = folder.done(out)
    if not parts:
        raise InputError(f"{out}: nothing is done yet; wellheld experiment resume {out}")
    unknown = {each.name: perspectives.unpriced(setup, each) for each in setup.scenarios}
    names = list(unknown)
    priced = [k for k, name in enumerate(names) if not unknown[name]]
    books = perspectives.read_books(setup, parts, asked.place)
    if asked.averaged:
        books = {span: over_chance(book) for span, book in books.items()}
    own, by_decile = books[asked.horizon], None if asked.weights is None else asked.weights.by_decile
    cost = perspectives.cost(own, asked.perspective, by_decile)
    harm = perspectives.harm(own, by_decile)
    known = [names[k] for k in priced]
    grid = thresholds(asked.threshold)
    return Comparison(
        setup,
        asked,
        2 * len(parts),
        progress(setup, out),
        tuple(known),
        {name: what for name, what in unknown.items() if what},
        plane(cost, harm, names, sorted(parts)),
        options(cost, harm, names, priced),
        comparators.acceptability(cost[..., priced], harm[..., priced], grid, known),
        net_benefit(books, asked, names, unknown),
        break_even(own, asked, names, unknown),
    )


def over_chance(books: Books) -> Books:
    """Average books over chance within each draw."""
    return Books(books.payers, *(comparators.averaged(each) for each in books[1:]))


def thresholds(worth: float) -> list[float]:
    """List thresholds from nought to beyond the one asked for, that one and the usual ones among them."""
    most = max(100_000.0, 1.5 * worth)
    return sorted({*np.linspace(0.0, most, STEPS + 1).tolist(), worth, 20_000.0, 30_000.0, QALY})


def plane(cost: Any, harm: Any, names: Sequence[str], tasks: Sequence[int]) -> pd.DataFrame:
    """Tabulate the cost-effectiveness plane: every run's cost beyond the first scenario's and DALYs averted."""
    more, averted = comparators.increments(cost, harm)
    draws = [2 * task + matrix for task in tasks for matrix in range(2)]
    index = pd.MultiIndex.from_product([draws, range(cost.shape[2]), names[1:]], names=["draw", "chance", "scenario"])
    ordered = [np.moveaxis(each[..., 1:], 0, 1).reshape(-1) for each in (averted, more / MILLION)]
    return pd.DataFrame(
        dict(zip(("dalys_averted", "cost_more_million"), ordered, strict=True)), index=index
    ).reset_index()


def options(cost: Any, harm: Any, names: Sequence[str], priced: Sequence[int]) -> pd.DataFrame:
    """Tabulate scenarios side by side; those of unknown cost have no standing, and their cost is without their own."""
    table = comparators.league(cost[..., priced], harm[..., priced], [names[k] for k in priced])
    table.insert(1, "own_cost", "known")
    others = [k for k in range(len(names)) if k not in priced]
    if others:
        beside = comparators.league(cost[..., [0, *others]], harm[..., [0, *others]], [names[k] for k in (0, *others)])
        beside = beside.iloc[1:].assign(own_cost="unknown", status="own cost unknown", against="", ratio=np.nan)
        table = pd.concat([table, beside], ignore_index=True)
    return table.rename(columns=NAMED)


def net_benefit(
    books: Mapping[str, Books], asked: Asked, names: Sequence[str], unknown: Mapping[str, list[str]]
) -> pd.DataFrame:
    """Tabulate, by scenario, horizon and bearer, what is spared and paid beyond the first scenario.

    Bearers are payers and perspectives; people bear DALYs. Net money is what services spare less what the scenario
    costs (for society, lost GDP spared too); net benefit adds DALYs averted at the threshold. Where the scenario's own
    cost is not known both are missing, and net money before it stands instead.
    """
    by_decile = None if asked.weights is None else asked.weights.by_decile
    rows: list[dict[str, Any]] = []
    for span, book in books.items():
        harm = perspectives.harm(book, by_decile)
        for k, name in enumerate(names[1:], start=1):
            labels = {"scenario": name, "horizon": span}
            averted = apart(harm[..., 0], harm[..., k])
            people = labels | {"bearer": "people", "quantity": "DALYs averted", "unit": "DALYs"}
            rows.append(people | comparators.told(averted))
            for bearer in (*book.payers, *perspectives.PERSPECTIVES):
                worth = asked.threshold * averted if bearer in perspectives.PERSPECTIVES else None
                found = of_bearer(book, bearer, k, by_decile, not unknown[name], worth)
                rows += [
                    labels
                    | {"bearer": bearer, "quantity": each, "unit": "GBP million"}
                    | comparators.told(runs / MILLION)
                    for each, runs in found.items()
                ]
    return pd.DataFrame(rows)


def of_bearer(
    book: Books, bearer: str, scenario: int, weights: Sequence[float] | None, priced: bool, worth: Any
) -> dict[str, Any]:
    """Give what a bearer is spared and pays beyond the first scenario, in every run; nothing where all is nought.

    Parameters
    ----------
    priced : whether the scenario's own cost is known
    worth : what DALYs averted are worth, for a perspective [GBP]
    """

    def spared(each: Any) -> Any:
        return apart(each[..., 0], each[..., scenario])

    services, spent = spared(perspectives.served(book, bearer)), perspectives.spent(book, bearer)
    own = apart(spent[..., scenario], spent[..., 0])
    if not (services.any() or own.any()):
        return {}
    cashable = spared(book.cashable[..., perspectives.counted(book, bearer)].sum(axis=-1))
    found = {"services spared": services, "of it cashable": cashable}
    if bearer == "society":
        found["lost GDP spared"] = spared(perspectives.weighed(book.lost_gdp, weights))
    money = spared(perspectives.cost(book, bearer, weights))
    if not priced:
        return found | {"net money before own cost": money}
    found |= {"cost of the scenario": own, "net money": money}
    return found if worth is None else found | {"net benefit": money + worth}


def break_even(book: Books, asked: Asked, names: Sequence[str], unknown: Mapping[str, list[str]]) -> pd.DataFrame:
    """Tabulate the most that a scenario could cost without loss: at the threshold, and in money alone.

    Where a part of its cost is known, what is left is for the rest. What only changes hands has no break-even for
    society.

    Returns
    -------
    scenario, own_cost, worth of a DALY [GBP], what is unknown, and the spend in GBP million and in GBP a child born
    """
    by_decile = None if asked.weights is None else asked.weights.by_decile
    costs = perspectives.cost(book, asked.perspective, by_decile)
    paid = perspectives.spent(book, asked.perspective)
    harm = perspectives.harm(book, by_decile)
    rows: list[dict[str, Any]] = []
    for k, name in enumerate(names[1:], start=1):
        handed = (book.transfer[..., k, :] - book.transfer[..., 0, :]).any()
        if asked.perspective == "society" and handed and not unknown[name]:
            continue
        kept = 0.0 if unknown[name] else paid[..., k]
        for worth in sorted({0.0, asked.threshold}):
            benefit = apart(costs[..., 0], costs[..., k] - kept) + worth * apart(harm[..., 0], harm[..., k])
            for unit, each in (
                ("GBP million", benefit / MILLION),
                ("GBP a child born", benefit / book.children[..., k]),
            ):
                rows.append(
                    {
                        "scenario": name,
                        "own_cost": "unknown" if unknown[name] else "known",
                        "for": ", ".join(unknown[name]) or "what it costs",
                        "worth_of_a_daly": worth,
                        "unit": unit,
                    }
                    | comparators.told(each)
                )
    columns = ["scenario", "own_cost", "for", "worth_of_a_daly", "unit"]
    return pd.DataFrame(rows, columns=[*columns, *comparators.told(np.zeros((2, 1, 1)))])


def healthy_year(setup: Setup) -> float:
    """Give what lost GDP puts on a healthy year, at central numbers [GBP]."""
    return gdp_per_head(setup.tables, setup.tables.values())
