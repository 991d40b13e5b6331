"""Carry the rules in machine code: one record a child, no allocation in the yearly loop, chunks on threads.

The cache of machine code is kept in the user's cache folder, under a hash of every source that it is made
from: a rule that changes is compiled anew.
"""

import hashlib
import os
import platform
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numba
import numpy as np

import agents
from agents.child import CHILD, MILLION
from agents.names import ADULT
from simulation.adulthood import adult_life
from simulation.child_state import count_held, gone
from simulation.holding import hold
from simulation.ledger import Ledger, add_ledgers, view_ledger
from simulation.world import Context, World, pack
from simulation.year import (
    AFTER,
    ALL,
    BEFORE,
    HOLDING,
    adversity,
    health,
    log_ratio_condition,
    log_ratio_death,
    observe,
    recovery,
    setting,
    type_risk,
)


@cache
def sources_hash() -> str:
    """Hash every source that machine code is made from, as it is when first asked, and the versions that make it."""
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__} {platform.python_version()}".encode())
    for package in (Path(agents.__file__).parent, Path(__file__).parent):
        for path in sorted(package.glob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Give the folder of machine code in the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "wellheld" / sources_hash()


def can_keep() -> bool:
    """Tell whether machine code can be kept: the cache folder can be written."""
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return False
    if not os.access(folder, os.W_OK):
        return False
    numba.config.CACHE_DIR = str(folder)
    return True


KEEP = can_keep()


@numba.njit(nogil=True, cache=KEEP)  # type: ignore[untyped-decorator]
def live(children: Any, world: Any, context: Any, ledger: Any, year_from: int, year_to: int, parts: int) -> None:
    """Let children live the years from one up to another: the phases of `simulation.year.YEAR`, in order.

    Parameters
    ----------
    parts : sum of the parts of the year to live
    """
    w, c, book = world[0], context[0], ledger[0]
    for number in range(len(children)):
        child = children[number]
        for year in range(year_from, year_to):
            if gone(child, year):
                break
            young = year - child.birth_year <= ADULT  # what is for children alone would return at once
            if parts & BEFORE:
                adversity(child, w, c, book, year)
                if young:
                    setting(child, w, c, book, year)
            if parts & HOLDING:
                if young:
                    hold(child, w, c, book, year)
                adult_life(child, w, c, book, year)
                recovery(child, w, c, book, year)
            if parts & AFTER:
                health(child, w, c, book, year)
                if young:
                    observe(child, w, c, book, year)


@numba.njit(nogil=True, cache=KEEP)  # type: ignore[untyped-decorator]
def attempt(
    children: Any, chosen: Any, world: Any, context: Any, ledger: Any, year: int, asked: Any, held: Any
) -> None:
    """Let copies of children live the holding of a year; see `CompiledEngine.attempt`."""
    w, c, book = world[0], context[0], ledger[0]
    copies = children[:1].copy()
    for k in range(len(chosen)):
        copies[0] = children[chosen[k]]
        child = copies[0]
        before = book.asked[0]
        hold(child, w, c, book, year)
        asked[k] = book.asked[0] != before
        count_held(child, w, held[int(asked[k])], year)


@numba.njit(nogil=True, cache=KEEP)  # type: ignore[untyped-decorator]
def sum_references(
    children: Any, world: Any, year: int, counts: Any, other: Any, healed: Any, resilience: Any, risk: Any
) -> int:
    """Sum, by ACE count, children, their wider and repeated CATs, healed events, resilience and ratios by types.

    Returns
    -------
    unresolved events
    """
    w = world[0]
    unresolved = 0
    for child in children:
        if not gone(child, year):
            count = min(child.aces, len(counts) - 1)
            counts[count] += 1
            other[count] += child.cats - child.aces
            healed[count] += child.healed
            resilience[count] += child.resilience
            if w.p.type_specific_harm:
                risk[count] += np.exp(type_risk(child, w))
            unresolved += child.unresolved
    return unresolved


@numba.njit(nogil=True, cache=KEEP)  # type: ignore[untyped-decorator]
def ratios_conditions(children: Any, world: Any, year: int, ratios: Any) -> None:
    """Give each child's relative risk of each condition: they no longer change from 18 on."""
    w = world[0]
    for k in range(len(children)):
        child = children[k]
        if not gone(child, year):
            for number in range(len(w.weights)):
                log_ratio = log_ratio_condition(child, w, number, year - child.birth_year)
                ratios[k, number] = np.exp(log_ratio) if log_ratio != 0.0 else 1.0


@numba.njit(nogil=True, cache=KEEP)  # type: ignore[untyped-decorator]
def sum_ratios(children: Any, world: Any, year: int, own: Any, people: Any, ratios: Any) -> None:
    """Sum relative risks of those at risk, by condition (the last is death) and sex.

    Parameters
    ----------
    own : (n, C) relative risks of conditions, by child
    """
    w = world[0]
    for k in range(len(children)):
        child = children[k]
        if gone(child, year):
            continue
        for number in range(len(w.weights)):
            if child.conditions >> number & 1 == 0:
                people[number, child.sex] += 1
                ratios[number, child.sex] += own[k, number]
        people[len(w.weights), child.sex] += 1
        log_ratio = log_ratio_death(child, w, year - child.birth_year)
        ratios[len(w.weights), child.sex] += np.exp(log_ratio) if log_ratio != 0.0 else 1.0


@numba.njit(nogil=True, cache=KEEP)  # type: ignore[untyped-decorator]
def refer(children: Any, world: Any, context: Any, ledger: Any) -> None:
    """Let a reference cohort live, and set in the world, year by year, what is relative to it.

    Nothing but illness and death of adults bears on a baseline: they live no other part of a year.
    """
    w = world[0]
    size, counts = len(w.weights), w.mean_other.shape[1]
    own = np.zeros((len(children), size))
    for year in range(w.mortality.shape[1]):
        if year < ADULT:
            live(children, world, context, ledger, year, year + 1, BEFORE | HOLDING)
            many, other, healed, resilience = np.zeros((4, counts), np.int64)
            risk = np.zeros(counts)
            unresolved = sum_references(children, world, year, many, other, healed, resilience, risk)
            for count in range(counts):
                people = max(1, many[count])
                w.mean_other[year, count] = other[count] / people
                w.mean_healed[year, count] = healed[count] / people
                w.mean_resilience[year, count] = resilience[count] / MILLION / people
                w.mean_type_risk[year, count] = np.log(risk[count] / people) if risk[count] > 0 else 0.0
            w.mean_burden[year] = unresolved / max(1, many.sum())
        if year <= ADULT:
            ratios_conditions(children, world, year, own)
        at_risk, ratios = np.zeros((size + 1, 2), np.int64), np.zeros((size + 1, 2))
        sum_ratios(children, world, year, own, at_risk, ratios)
        for sex in range(2):
            for number in range(size):
                if at_risk[number, sex] > 0:
                    w.incidence[number, sex, year] /= ratios[number, sex] / at_risk[number, sex]
            if at_risk[size, sex] > 0:
                w.mortality[sex, year] /= ratios[size, sex] / at_risk[size, sex]
        live(children, world, context, ledger, year, year + 1, AFTER)


class CompiledEngine:
    """Children as an array of records, in chunks that threads carry one by one."""

    def __init__(self, children: Any, world: World, book: Any, jobs: int = 1) -> None:
        self.world = pack(world)
        self.books = [book, *(book.copy() for _ in range(1, max(1, min(jobs, len(children)))))]
        self.replace(children)

    def replace(self, children: Any) -> None:
        """Go on with other records; what the ledger holds stays."""
        self.children = np.ascontiguousarray(children, CHILD)
        edges = np.linspace(0, len(children), len(self.books) + 1).astype(int)
        self.chunks = [self.children[a:b] for a, b in pairwise(edges)]

    def live(self, context: Context, year_from: int, year_to: int, parts: int = ALL) -> None:
        """Let every child live the years under one context."""
        now = pack(context)
        tasks = list(zip(self.chunks, self.books, strict=True))
        if len(tasks) == 1:
            live(self.children, self.world, now, self.books[0], year_from, year_to, parts)
            return
        with ThreadPoolExecutor(len(tasks)) as pool:
            for done in [
                pool.submit(live, chunk, self.world, now, book, year_from, year_to, parts) for chunk, book in tasks
            ]:
                done.result()

    def attempt(self, context: Context, year: int, chosen: Any) -> tuple[Any, Any, Any]:
        """Let children try the year's holding, leaving them and the ledger as they were.

        Parameters
        ----------
        chosen : numbers of the children who try

        Returns
        -------
        (children tried,) whether each asked a rationed service for a place; (A, S, RANKS) places given, by rank;
        (2, A, S) children in each service at the end, of those who did not ask, and of those who did
        """
        book = np.zeros(1, self.books[0].dtype)
        asked = np.zeros(len(chosen), np.bool_)
        held = np.zeros((2, *book["admitted"].shape[1:3]), np.int64)
        attempt(self.children, chosen, self.world, pack(context), book, year, asked, held)
        return asked, book["admitted"][0], held

    def records(self) -> Any:
        """Give the children's records as they stand."""
        return self.children

    def ledger(self) -> Ledger:
        """Give the ledger over all chunks."""
        return view_ledger(self.books[0]) if len(self.books) == 1 else add_ledgers(self.books)

    def close(self) -> None:
        """Let nothing stand; the array is freed with the engine."""
