"""Reduce runs as they come: means, variances, co-moments and quantiles, in memory that does not grow with draws.

Runs come as (2, tasks, chance, *cells): the two draws of each task, its seeds of chance, and any cells. Sums are of
what differs from the first task, so that nothing is lost where a mean is large beside its spread. The same blocks in
the same order give the same bits.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

HELD = 8_000_000
"""Values that the quantiles of all cells together hold: 64 MB."""
LEAST = 1_000
"""Values that the quantiles of a cell hold at least, however many cells there are."""
AT_ONCE = 1_000_000
"""Values that are copied at once, to be sorted."""


class Moments:
    """Means of cells, and their variances parted into chance, evidence-based numbers and assumptions.

    Of each task the product u and the sum v of its two draws' means are taken, beyond the first task's, v^2, and the
    mean square within its draws, w. All that is told follows from the means of these four and of their products.
    """

    def __init__(self) -> None:
        self.pairs = self.chance = 0
        self.shift: Any = None
        self.sums: Any = 0.0
        self.products: Any = 0.0

    def add(self, runs: Any) -> None:
        """Take the runs of one task or more."""
        if self.shift is None:
            self.chance = runs.shape[2]
            self.shift = runs[:, 0].mean(axis=(0, 1))
        by_draw = runs.mean(axis=2)
        first, second = by_draw - self.shift
        u, v = first * second, first + second
        w = ((runs - by_draw[:, :, None]) ** 2).sum(axis=(0, 2)) / (2 * self.chance)
        taken = np.stack([u, v, v * v, w])
        self.sums = self.sums + taken.sum(axis=1)
        self.products = self.products + np.einsum("it...,jt...->ij...", taken, taken)
        self.pairs += runs.shape[1]

    def mean(self) -> Any:
        """Give the mean over all runs; (*cells)."""
        return self.shift + self.sums[1] / self.pairs / 2

    def error_of_mean(self) -> Any:
        """Give the Monte Carlo error of the mean: pairs of draws are independent, what is within one is not."""
        if self.pairs < 2:
            return np.full(np.shape(self.shift), np.nan)
        _, v, vv, _ = self.sums / self.pairs
        return np.sqrt(np.maximum(vv - v * v, 0.0) / 4 / (self.pairs - 1))

    def between(self) -> Any:
        """Give the mean square of a draw's mean, its chance averaged out, about the mean of all; (*cells)."""
        u, v, vv, _ = self.sums / self.pairs
        return np.maximum(vv / 2 - u - v * v / 4, 0.0)

    def within(self) -> Any:
        """Give the variance within a draw, which is chance; missing with one seed of chance in a draw."""
        if self.chance == 1:
            return np.full(np.shape(self.shift), np.nan)
        return self.sums[3] / self.pairs * self.chance / (self.chance - 1)

    def variance(self) -> Any:
        """Give the variance of one run, free of bias: about the mean of all, whose own variance is added; (*cells)."""
        return self.between() + self.sums[3] / self.pairs + self.error_of_mean() ** 2

    def parts_of_variance(self) -> dict[str, Any]:
        """Split the variance of one run into chance, evidence-based numbers and assumptions, as shares.

        Chance is the variance within a draw (with one seed of chance a draw it cannot be told from evidence). What is
        graded assumption or set by hand is the covariance between two draws that share exactly these, over the
        variance: their closed first-order Sobol index. Evidence is the rest: the other numbers, and their interaction
        with assumptions. The error is that of the ratio S, by the delta method: with a and b the draws' means and d
        that of all, the spread over tasks of (a - d)(b - d) - S ((a - d)^2 / 2 + (b - d)^2 / 2 + w), which in terms of
        the four sums is (1 + S) u + (S - 1) d v - S v^2 / 2 - S w but for a constant.

        Returns
        -------
        from_chance, from_evidence, from_assumption, from_assumption_se; missing with fewer than four tasks
        """
        if self.pairs < 4:
            missing = np.full(np.shape(self.shift), np.nan)
            return dict.fromkeys(("from_chance", "from_evidence", "from_assumption", "from_assumption_se"), missing)
        variance = self.variance()
        safe = np.where(variance > 0, variance, np.nan)
        means = self.sums / self.pairs
        middle = means[1] / 2
        share = (means[0] - middle**2 + self.error_of_mean() ** 2) / safe
        weights = np.stack([1 + share, (share - 1) * middle, -share / 2, -share])
        spread = self.products / self.pairs - means[:, None] * means[None]
        square = np.einsum("i...,ij...,j...->...", weights, spread, weights)
        luck = self.within() / safe
        return {
            "from_chance": luck,
            "from_evidence": 1.0 - share - luck,
            "from_assumption": share,
            "from_assumption_se": np.sqrt(np.maximum(square, 0.0) / (self.pairs - 1)) / safe,
        }


class Products:
    """Covariances over runs between the first quantities of each group; the last axis of the cells is quantities.

    Parameters
    ----------
    most : quantities that are taken, the first so many
    """

    def __init__(self, most: int) -> None:
        self.most, self.count = most, 0
        self.shift: Any = None
        self.sums: Any = 0.0
        self.products: Any = 0.0

    def add(self, runs: Any) -> None:
        """Take the runs of one task or more."""
        rows = in_rows(runs[..., : self.most])
        if self.shift is None:
            self.shift = rows[0]
        for row in rows - self.shift:
            self.sums = self.sums + row
            self.products = self.products + row[..., :, None] * row[..., None, :]
        self.count += len(rows)

    def covariance(self) -> Any:
        """Give the covariance of each two quantities; (*groups, quantities, quantities)."""
        crossed = self.sums[..., :, None] * self.sums[..., None, :] / self.count
        return (self.products - crossed) / (self.count - 1)


class Quantiles:
    """Quantiles of cells: exact where all values fit, else of a sketch whose greatest rank error is known.

    Values lie in buffers of one size. Where none is free the two of the least weight that is there twice are merged:
    sorted together, every second value stays and stands for two, the first one and the second one of each two in turn
    (Munro and Paterson 1980, Theoretical Computer Science 12:315; Manku, Rajagopalan and Lindsay 1998, SIGMOD:426).
    Such a step shifts the rank of any number by at most the weight merged: up where the first stays, down where the
    second does. So the steps of a weight shift it by at most half as many of these weights, rounded up, either way,
    and the error is at most the sum of that over weights.

    Parameters
    ----------
    cells : how many there are
    most : values that a cell will get at most
    held : values that may be held of all cells together, as far as each may hold `LEAST`
    """

    def __init__(self, cells: int, most: int, held: int = HELD) -> None:
        room, self.slots = min(most, max(LEAST, held // max(1, cells))), 2
        while -(-room // self.slots) * (2**self.slots - 1) < most:
            self.slots += 1
        self.size = -(-room // self.slots)
        self.shape = (self.size, cells)
        self.levels: list[int] = []
        self.buffers: list[Any] = []
        self.filled = self.size
        self.count = 0
        self.merges: dict[int, int] = {}
        self.missing = np.zeros(cells, bool)

    def add(self, rows: Any) -> None:
        """Take values in order; (values, cells).

        Raises
        ------
        ValueError
            If there are more than was said.
        """
        self.missing |= np.isnan(rows).any(axis=0)
        self.count += len(rows)
        while len(rows):
            if self.filled == self.size:
                self.buffers.append(self.free())
                self.levels.append(0)
                self.filled = 0
            taken = rows[: self.size - self.filled]
            self.buffers[-1][self.filled : self.filled + len(taken)] = taken
            self.filled += len(taken)
            rows = rows[len(taken) :]

    def free(self) -> Any:
        """Give a buffer to fill: a new one, or one that is freed by merging two."""
        if len(self.buffers) < self.slots:
            return np.empty(self.shape)
        level = min((each for each in self.levels if self.levels.count(each) > 1), default=None)
        if level is None:
            raise ValueError(f"quantiles: more than {self.size * (2**self.slots - 1)} values of a cell; say so before")
        one = self.levels.index(level)
        other = self.levels.index(level, one + 1)
        turn = self.merges.get(level, 0)
        merge(self.buffers[one], self.buffers[other], turn % 2)
        self.merges[level] = turn + 1
        self.levels[one] += 1
        del self.levels[other]
        return self.buffers.pop(other)

    @property
    def rank_error(self) -> float:
        """Give the greatest error of a quantile's rank, as a share of the values; 0 where all of them are held."""
        steps = sum(-(-merged // 2) * 2**level for level, merged in self.merges.items())
        return float(steps / max(1, self.count))

    def at(self, shares: Sequence[float]) -> Any:
        """Give quantiles, interpolated as numpy does; missing where a value is.

        Returns
        -------
        (shares, cells)
        """
        found = np.empty((len(shares), self.shape[1]))
        sizes = [self.size] * (len(self.buffers) - 1) + [self.filled]
        weights = np.repeat([2**level for level in self.levels], sizes)
        for cells in by_lot(self.shape[1], len(weights)):
            values = np.concatenate([buffer[:size, cells] for buffer, size in zip(self.buffers, sizes, strict=True)])
            if self.merges:
                each = [weighted_quantiles(column, weights, np.array(shares)) for column in values.T]
                found[:, cells] = np.transpose(each)
            else:
                found[:, cells] = np.quantile(values, shares, axis=0)
        found[:, self.missing] = np.nan
        return found


class Tally:
    """All that a summary needs of the runs of many cells.

    Parameters
    ----------
    shape : of the cells, the last axis the quantities
    most : runs of a cell at most
    together : quantities, the first so many, whose covariances are wanted
    held : as `Quantiles` takes it
    """

    def __init__(self, shape: tuple[int, ...], most: int, together: int = 0, held: int = HELD) -> None:
        self.shape = shape
        self.moments = Moments()
        self.products = Products(together)
        self.quantiles = Quantiles(int(np.prod(shape)), most, held)

    def add(self, runs: Any) -> None:
        """Take the runs of one task or more."""
        self.moments.add(runs)
        if self.products.most:
            self.products.add(runs)
        rows = in_rows(runs)
        self.quantiles.add(rows.reshape(len(rows), -1))

    def quantile(self, shares: Sequence[float]) -> Any:
        """Give quantiles; (shares, *cells)."""
        return self.quantiles.at(shares).reshape(len(shares), *self.shape)

    def error_of_quantile(self, at: float) -> Any:
        """Give the Monte Carlo error of a quantile: half the span between the ranks one standard error either way.

        Pairs of draws are independent; the ranks count as many as there are of these. Missing where a rank falls
        outside: the ends of a 95% band have an error from 40 pairs on.
        """
        step = np.sqrt(at * (1 - at) / self.moments.pairs)
        if not step <= min(at, 1 - at):
            return np.full(self.shape, np.nan)
        low, high = self.quantile([at - step, at + step])
        return (high - low) / 2


def in_rows(runs: Any) -> Any:
    """Line runs up, task by task; (runs, *cells)."""
    return np.moveaxis(runs, 0, 1).reshape(-1, *runs.shape[3:])


def by_lot(cells: int, values: int) -> Iterator[slice]:
    """Part cells, of so many values each, into lots that are small enough to be copied."""
    step = max(1, AT_ONCE // values)
    return (slice(first, first + step) for first in range(0, cells, step))


def merge(low: Any, high: Any, turn: int) -> None:
    """Sort two buffers together and keep every second value in the first of them, from the first or the second on."""
    for cells in by_lot(low.shape[1], 2 * len(low)):
        both = np.concatenate([low[:, cells], high[:, cells]])
        both.sort(axis=0, kind="stable")
        low[:, cells] = both[turn::2]


def weighted_quantiles(values: Any, weights: Any, shares: Any) -> Any:
    """Give the quantiles of values that each stand for as many as their weight; (shares,)."""
    order = np.argsort(values, kind="stable")
    values, reach = values[order], np.cumsum(weights[order])
    rank = shares * (reach[-1] - 1)
    below, above = (values[np.searchsorted(reach, end(rank), side="right")] for end in (np.floor, np.ceil))
    return below + (above - below) * (rank - np.floor(rank))
