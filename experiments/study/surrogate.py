"""Stand in for the model: a regression on the draws at hand, with the error that it makes on draws it never saw."""

import warnings
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import LassoCV
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from simulation.errors import InputError

REFUSED, DOUBTED = 0.3, 0.7
"""Q2, of what is not chance, below which a surrogate is refused, and below which it is told to be rough."""
MOST_INPUTS = 8
"""Inputs of a Gaussian process, and those among which a polynomial may have products."""
DEGREE = 3
FOLDS = 5
MOST_TUNED = 200
"""Draws on which the lengths of a Gaussian process are found; it then stands on all of them."""
Terms = tuple[tuple[int, int], ...]
"""A term of a polynomial: inputs, each with its degree."""


class Fit(NamedTuple):
    """A fitted stand-in: from (points, numbers) quantiles to an output, and the columns that it uses."""

    predict: Callable[[Any], Any]
    used: tuple[int, ...]


class Surrogate(NamedTuple):
    """The best of three kinds of stand-in.

    Parameters
    ----------
    fit : on all draws
    folds : the same, each without one fold of the draws
    q2 : 1 less the squared error on draws that the fit did not see, over their variance
    """

    kind: str
    fit: Fit
    folds: tuple[Fit, ...]
    q2: float


def legendre(at: Any, degree: int) -> Any:
    """Give the Legendre polynomial of a degree on 0 to 1, of unit variance there."""
    return np.polynomial.Legendre.basis(degree)(2.0 * at - 1.0) * np.sqrt(2 * degree + 1)


def design(at: Any, terms: Sequence[Terms]) -> Any:
    """Give the value of each term at each point."""
    return np.column_stack([np.prod([legendre(at[:, k], d) for k, d in term], axis=0) for term in terms])


def strongest(at: Any, y: Any, most: int) -> list[int]:
    """List the inputs that explain most by a parabola each, the strongest first."""
    shares = []
    for k in range(at.shape[1]):
        columns = np.column_stack([np.ones(len(at)), *(legendre(at[:, k], d) for d in (1, 2))])
        left = y - columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
        shares.append(float(left.var()))
    return [int(k) for k in np.argsort(shares, kind="stable")[:most]]


def splits(groups: Any, folds: int) -> list[tuple[Any, Any]]:
    """Cut draws into folds, those that share numbers together."""
    many = min(folds, len(np.unique(groups)))
    return list(GroupKFold(many).split(np.zeros(len(groups)), groups=groups))


def polynomial(at: Any, y: Any, groups: Any) -> Fit:
    """Fit a sparse polynomial: of each input up to a degree, and products of the strongest (polynomial chaos)."""
    singles: list[Terms] = [((k, d),) for k in range(at.shape[1]) for d in range(1, DEGREE + 1)]
    top = sorted(strongest(at, y, MOST_INPUTS))
    products: list[Terms] = [((j, 1), (k, 1)) for j, k in combinations(top, 2)]
    return sparse(at, y, groups, singles + products)


def straight(at: Any, y: Any, groups: Any) -> Fit:
    """Fit a sparse sum of straight lines, which asks least of few draws."""
    return sparse(at, y, groups, [((k, 1),) for k in range(at.shape[1])])


def sparse(at: Any, y: Any, groups: Any, terms: Sequence[Terms]) -> Fit:
    """Fit the weights of some terms, most of them 0 (lasso, its penalty by cross-validation)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LassoCV(cv=splits(groups, 5), max_iter=5000).fit(design(at, terms), y)
    kept = [(term, weight) for term, weight in zip(terms, fitted.coef_, strict=True) if weight != 0.0]

    def predict(points: Any) -> Any:
        if not kept:
            return np.full(len(points), fitted.intercept_)
        return fitted.intercept_ + design(points, [term for term, _ in kept]) @ np.array([w for _, w in kept])

    return Fit(predict, tuple(sorted({k for term, _ in kept for k, _ in term})))


def gaussian_process(at: Any, y: Any, groups: Any) -> Fit:
    """Fit a Gaussian process with a length for each of the strongest inputs, and noise."""
    top = sorted(strongest(at, y, MOST_INPUTS))
    kernel = ConstantKernel(1.0, (1e-3, 1e3)) * RBF(np.full(len(top), 0.3), (0.05, 50.0)) + WhiteKernel(
        0.1, (1e-6, 10.0)
    )
    few = np.random.default_rng(0).permutation(len(y))[:MOST_TUNED]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        tuned = GaussianProcessRegressor(kernel, normalize_y=True).fit(at[few][:, top], y[few])
        fitted = GaussianProcessRegressor(tuned.kernel_, optimizer=None, normalize_y=True).fit(at[:, top], y)
    return Fit(lambda points: fitted.predict(np.asarray(points)[:, top]), tuple(top))


KINDS: dict[str, Callable[[Any, Any, Any], Fit]] = {
    "straight": straight,
    "polynomial": polynomial,
    "gaussian_process": gaussian_process,
}


def tried(kind: str, at: Any, y: Any, groups: Any) -> Surrogate:
    """Fit one kind, on all draws and without each fold; inputs are chosen anew every time."""
    fit = KINDS[kind]
    folds, error = [], 0.0
    for kept, left in splits(groups, FOLDS):
        without = fit(at[kept], y[kept], groups[kept])
        folds.append(without)
        error += float(((y[left] - without.predict(at[left])) ** 2).sum())
    return Surrogate(kind, fit(at, y, groups), tuple(folds), 1.0 - error / float(((y - y.mean()) ** 2).sum()))


def surrogate(at: Any, y: Any, groups: Any, name: str = "the output", explainable: float = 1.0) -> Surrogate:
    """Fit the kind of stand-in that errs least on draws it did not see.

    Parameters
    ----------
    at : (draws, numbers) quantiles, 0 to 1
    y : (draws,) an output
    groups : (draws,) draws of one group are left out together
    explainable : share of the output's variance that is not chance, which no stand-in foretells

    Raises
    ------
    InputError
        If the output does not vary, or no stand-in foretells it.
    """
    if float(np.std(y)) == 0.0:
        raise InputError(f"{name}: is the same in every draw, so no number matters to it")
    with threadpool_limits(1):  # matrices are too small to share
        best = max((tried(kind, at, y, groups) for kind in KINDS), key=lambda found: found.q2)
    least = REFUSED * explainable
    if best.q2 < least or best.q2 <= 0.0:
        raise InputError(
            f"{name}: no surrogate foretells it (Q2 {best.q2:.2f}, {least:.2f} needed) from {len(y)} draws, of whose "
            f"variance {1 - explainable:.0%} is chance; run more draws or children, or wellheld experiment screen"
        )
    return best
