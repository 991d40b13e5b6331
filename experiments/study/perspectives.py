"""Say what counts as cost and as harm: which payers, to which age, with or without lost GDP and transfers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.study.declaration import Setup
from experiments.study.folder import read_part
from experiments.study.outputs import ADULT_PAYERS, DECILES, HORIZONS, KINDS, LIFE
from simulation.economics import payers
from simulation.errors import InputError
from simulation.scenario import Scenario

COUNCIL = ("education", "social_care", "housing", "public_health")
"""Payers whose money the council holds; most of education's, and public health's, is a ringfenced grant."""
PERSPECTIVES = {
    "council": "what education, social care, housing and public health pay",
    "public": "what all public payers pay, transfers with it",
    "society": "what all payers pay, without transfers, and lost GDP",
}
SPANS = (*map(str, HORIZONS), LIFE)


class Books(NamedTuple):
    """What a place pays and bears to an age in every run, discounted.

    Parameters
    ----------
    services, cashable, programme, transfer : (2, tasks, chance, scenarios, payers) [GBP]
    dalys, lost_gdp : (2, tasks, chance, scenarios, deciles) [years], [GBP]
    children : (2, tasks, chance, scenarios) born
    """

    payers: tuple[str, ...]
    services: Any
    cashable: Any
    programme: Any
    transfer: Any
    dalys: Any
    lost_gdp: Any
    children: Any


def columns(setup: Setup, horizon: str) -> tuple[tuple[str, ...], dict[str, list[tuple[str, ...]]]]:
    """Name the payers, and the sums of a run that make up each entry of the books."""
    known = payers(setup.tables)
    every = tuple(dict.fromkeys((*known, *ADULT_PAYERS)))
    childhood = str(max(HORIZONS)) if horizon == LIFE else horizon
    made: dict[str, list[tuple[str, ...]]] = {}
    for kind in KINDS:
        made[kind] = [(f"{kind}_to_{childhood}.{payer}",) if payer in known else () for payer in every]
    if horizon == LIFE:
        for kind, adult in (("services", "adult_services"), ("cashable", "adult_cashable")):
            made[kind] = [
                (*names, f"{adult}.{payer}") if payer in ADULT_PAYERS else names
                for payer, names in zip(every, made[kind], strict=True)
            ]
    for kind in ("dalys", "lost_gdp"):
        made[kind] = [(f"{kind}_to_{horizon}.decile_{decile}",) for decile in DECILES]
    return every, made


def read_books(setup: Setup, parts: Mapping[int, Path], place: str) -> dict[str, Books]:
    """Read what a place pays and bears to each age from the parts of an experiment, one by one.

    Parameters
    ----------
    place : an authority of the experiment, or the region where it was asked for

    Returns
    -------
    horizon: 5, 10 or 18 years from birth, or life

    Raises
    ------
    InputError
        If parts were made before the books were kept.
    """
    made = {span: columns(setup, span) for span in SPANS}
    wanted = sorted({name for _, kinds in made.values() for each in kinds.values() for names in each for name in names})
    wanted.append("children")
    places = [setup.places.index(place)] if place in setup.places else list(range(len(setup.places)))
    tables = []
    for task in sorted(parts):
        part = read_part(parts[task], setup, task)
        missing = next((name for name in wanted if name not in part.names), None)
        if missing is not None:
            raise InputError(f"{parts[task]}: holds no {missing}, for an earlier version made it; run the file anew")
        chosen = part.sums[[part.names.index(name) for name in wanted], :, :, : len(setup.scenarios)]
        tables.append(chosen[..., places].sum(axis=-1))
    runs = dict(zip(wanted, np.stack(tables, axis=2), strict=True))
    return {span: book_of(runs, every, kinds) for span, (every, kinds) in made.items()}


def book_of(runs: Mapping[str, Any], every: tuple[str, ...], kinds: Mapping[str, list[tuple[str, ...]]]) -> Books:
    """Add up the sums that make each entry of a book."""
    nought = np.zeros_like(runs["children"])
    entries = {
        kind: np.stack([sum((runs[name] for name in names), start=nought) for names in each], axis=-1)
        for kind, each in kinds.items()
    }
    return Books(payers=every, children=runs["children"], **entries)


def counted(books: Books, bearer: str) -> list[int]:
    """List the payers that a perspective counts, or the one payer."""
    if bearer in books.payers:
        return [books.payers.index(bearer)]
    return [k for k, payer in enumerate(books.payers) if bearer != "council" or payer in COUNCIL]


def weighed(by_decile: Any, weights: Sequence[float] | None) -> Any:
    """Sum over deciles, each at its weight; without weights, plainly."""
    if weights is not None:
        by_decile = by_decile * np.array(weights)
    return by_decile.sum(axis=-1)


def served(books: Books, bearer: str) -> Any:
    """Give what services cost a perspective, or a payer [GBP]."""
    return books.services[..., counted(books, bearer)].sum(axis=-1)


def spent(books: Books, bearer: str) -> Any:
    """Give what interventions cost a perspective, or a payer; for society, without what only changes hands [GBP]."""
    who = counted(books, bearer)
    paid = books.programme[..., who].sum(axis=-1)
    return paid - books.transfer[..., who].sum(axis=-1) if bearer == "society" else paid


def cost(books: Books, bearer: str, weights: Sequence[float] | None = None) -> Any:
    """Give what a perspective, or a payer, counts as cost: services, interventions and, for society, lost GDP [GBP].

    Weights act on lost GDP, which people bear, not on what payers pay.
    """
    paid = served(books, bearer) + spent(books, bearer)
    return paid + weighed(books.lost_gdp, weights) if bearer == "society" else paid


def harm(books: Books, weights: Sequence[float] | None = None) -> Any:
    """Give DALYs, by weight where there are weights."""
    return weighed(books.dalys, weights)


def unpriced(setup: Setup, scenario: Scenario) -> list[str]:
    """List what a scenario does at a cost that the accounts do not hold.

    Interventions have the cost of their row or lever; services added have their unit cost. What prevention,
    Sufficiency, TIP alignment and the like cost is known to nobody; that of poverty stands outside the accounts.
    """
    known = {row.intervention for row in setup.tables.rows["interventions"] if row.cost is not None}
    found = [
        str(lever.name or lever.kind)
        for lever in scenario.levers
        if not (lever.kind == "intervention" and (lever.cost is not None or lever.name in known))
    ]
    return list(dict.fromkeys(found))
