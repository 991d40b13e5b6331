"""Value information: what it is worth, in pounds, to know numbers before deciding, and to record data on them.

Everything comes from the draws at hand by regression (Strong, Oakley and Brennan 2014); nothing is run anew.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel
from threadpoolctl import threadpool_limits

from experiments.capture import BY_LOGARITHM, standard_error
from experiments.study.at_hand import AtHand, ranks
from experiments.study.surrogate import FOLDS, MOST_TUNED, splits
from simulation.errors import InputError, shown

SAMPLES = 200
"""Curves drawn from a fit, and times that pairs of draws are drawn anew, to tell an error."""
HEALTH = ("dalys_whole_discounted", "dalys_discounted", "dalys_whole", "dalys")
MONEY = ("cost_to_18", "service_cost_discounted", "service_cost")
"""Outputs that net benefit is made of, the first that an experiment has."""
WHOLE = MONEY[0]
"""The output of money that holds what interventions cost, where that is known."""
MOST_POUNDS = 10_000_000
MILLION = 1e6
ROUNDING = 1e-12
"""Share of the largest variance below which one is rounding."""
Groups = Mapping[str, Sequence[int]]


class Worth(NamedTuple):
    """A value of information, in the unit of net benefit, with its standard error."""

    value: float
    error: float


class Fitted(NamedTuple):
    """Net benefit expected where some numbers are known, one curve a decision.

    Parameters
    ----------
    at : (draws, numbers) normal scores of what is known
    means : (draws, decisions)
    curves : (SAMPLES, draws, decisions), as uncertain as the fit is
    processes : for each decision its regression; none where it does not vary
    slopes : of each decision: what the regression says of draws left out is to be drawn together by this much
    """

    at: Any
    means: Any
    curves: Any
    processes: tuple[Any, ...]
    slopes: tuple[float, ...]


def first_of(names: Sequence[str], hand: AtHand, what: str) -> str:
    """Choose the first output that an experiment has.

    Raises
    ------
    InputError
        If it has none.
    """
    found = next((name for name in names if name in hand.outputs), None)
    if found is None:
        raise InputError(f"net benefit needs {what}: ask the experiment for one of the outputs {', '.join(names)}")
    return found


def check_money(hand: AtHand, priced: Sequence[str]) -> str:
    """Choose the output of money, or refuse one that leaves out what interventions are known to cost.

    Parameters
    ----------
    priced : interventions whose cost is known

    Raises
    ------
    InputError
        If interventions have a cost that no output asked for holds.
    """
    found = first_of(MONEY, hand, "money")
    if priced and found != WHOLE:
        raise InputError(
            f"net benefit: {found} leaves out what {', '.join(priced)} costs; ask the experiment for the output "
            f"{WHOLE}, which holds it, beside one of health ({', '.join(HEALTH)})"
        )
    return found


def check_pounds(option: str, pounds: float) -> None:
    """Refuse pounds that are none, below 0, or beyond what any child costs.

    Raises
    ------
    InputError
        If they are.
    """
    if not 0 <= pounds <= MOST_POUNDS:
        raise InputError(f"{option} {shown(pounds)} is outside 0 to {MOST_POUNDS:,}; write pounds, such as 500")


def net_benefit(hands: Sequence[AtHand], threshold: float, costs: Sequence[float], children: int) -> Any:
    """Give what each scenario brings over the first: DALYs averted in pounds, cost spared, less the programme's cost.

    Parameters
    ----------
    hands : one for each scenario but the first
    threshold : pounds for a DALY averted
    costs : of each programme, pounds a child, as the user states them, beyond what the output of money holds: that of
        interventions whose cost is known is in cost_to_18 already
    children : simulated in all places

    Returns
    -------
    (draws, seeds of chance, decisions) pounds a child; the first decision is to change nothing, and brings 0

    Raises
    ------
    InputError
        If no health or no money was asked of the experiment.
    """
    found = [np.zeros_like(next(iter(hands[0].outputs.values())))]
    for hand, cost in zip(hands, costs, strict=True):
        dalys = hand.outputs[first_of(HEALTH, hand, "health")]
        money = hand.outputs[first_of(MONEY, hand, "money")]
        found.append(-(threshold * dalys + MILLION * money) / children - cost)
    return np.stack(found, axis=-1)


def without_chance(runs: Any) -> Any:
    """Give the net benefit expected in each draw: means over chance, drawn together by what chance adds to them.

    A decision is about what is expected; chance among simulated children is no ignorance that a study could end. With
    one seed of chance it cannot be told, and stays in. Only gaps between decisions matter: the first is held at its
    mean, and gaps from it vary together as they would without chance, whichever decision comes first.

    Parameters
    ----------
    runs : (draws, seeds of chance, decisions)
    """
    means = runs.mean(axis=1)
    if runs.shape[1] == 1:
        return means
    found = np.tile(means.mean(axis=0), (len(means), 1))
    found[:, 1:] += drawn_together(runs[..., 1:] - runs[..., :1])
    return found


def drawn_together(gaps: Any) -> Any:
    """Give how each draw's gaps lie about their means once what chance adds to their covariance is taken out.

    The share that is not chance is a matrix here: in some directions gaps vary by chance alone, and are drawn to 0.

    Parameters
    ----------
    gaps : (draws, seeds of chance, decisions less one)

    Returns
    -------
    (draws, decisions less one) of mean 0; their covariance is that of means over chance, less that of chance
    """
    about = gaps.mean(axis=1) - gaps.mean(axis=(0, 1))
    chance = (gaps - gaps.mean(axis=1, keepdims=True)).reshape(-1, gaps.shape[2])
    noise = chance.T @ chance / (len(gaps) * (gaps.shape[1] - 1) * gaps.shape[1])
    values, vectors = np.linalg.eigh(about.T @ about / (len(about) - 1))
    varies = values > ROUNDING * values.max()
    even = (vectors / np.sqrt(np.where(varies, values, np.inf))) @ vectors.T
    back = (vectors * np.sqrt(np.where(varies, values, 0.0))) @ vectors.T
    shares, directions = np.linalg.eigh(np.eye(len(values)) - even @ noise @ even)
    return about @ even @ (directions * np.sqrt(np.clip(shares, 0.0, 1.0))) @ directions.T @ back


def gained(expected: Any) -> Any:
    """Give in each draw what the best decision brings there over the one that is best on the mean."""
    return expected.max(axis=1) - expected[:, int(expected.mean(axis=0).argmax())]


def worth(expected: Any, pair: Any) -> Worth:
    """Give the value of knowing what net benefit each decision brings, over deciding on the mean.

    Parameters
    ----------
    expected : (draws, decisions)
    pair : (draws,) draws of one pair are not independent
    """
    gain = gained(expected)
    by_pair = pd.Series(gain).groupby(np.asarray(pair)).mean().to_numpy()
    return Worth(float(gain.mean()), float(by_pair.std(ddof=1) / np.sqrt(len(by_pair))))


def evpi(runs: Any, pair: Any) -> Worth:
    """Give the expected value of perfect information on all numbers.

    Its error is that of the whole estimate, what is chance included: pairs are drawn anew, and all is done again.
    """
    generator, pairs = np.random.default_rng(1), np.unique(np.asarray(pair), return_inverse=True)[1]
    draws = [np.flatnonzero(pairs == k) for k in range(pairs.max() + 1)]
    again = []
    for _ in range(SAMPLES):
        drawn = np.concatenate([draws[k] for k in generator.integers(len(draws), size=len(draws))])
        again.append(gained(without_chance(runs[drawn])).mean())
    return Worth(float(gained(without_chance(runs)).mean()), float(np.std(again, ddof=1)))


def regression(at: Any, y: Any) -> GaussianProcessRegressor:
    """Fit a Gaussian process with a straight part, a curved part, and noise: all that is not known."""
    straight = ConstantKernel(0.5, (1e-6, 1e3)) * DotProduct(1.0, "fixed")
    wide = np.sqrt(at.shape[1])
    curved = ConstantKernel(0.1, (1e-6, 1e3)) * RBF(2.0 * wide, (0.7 * wide, 30.0 * wide))
    few = np.random.default_rng(0).permutation(len(y))[:MOST_TUNED]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        kernel = straight + curved + WhiteKernel(0.5, (1e-6, 10.0))
        tuned = GaussianProcessRegressor(kernel, normalize_y=True).fit(at[few], y[few]).kernel_
        return GaussianProcessRegressor(tuned, optimizer=None, normalize_y=True).fit(at, y)


def calibrated(process: Any, at: Any, y: Any, pair: Any) -> Worth:
    """Give the slope of net benefit on what a regression without its fold foretells, from 0 to 1, and its error.

    A regression on many numbers and few draws also fits chance, which would look like knowledge that is worth having:
    the slope is then near 0. Where it fits what is there, the slope is near 1.
    """
    foretold = np.empty_like(y)
    for kept, left in splits(pair, FOLDS):
        again = GaussianProcessRegressor(process.kernel_, optimizer=None, normalize_y=True)
        foretold[left] = again.fit(at[kept], y[kept]).predict(at[left])
    if float(np.ptp(foretold)) < 1e-6 * float(np.ptp(y)):
        return Worth(0.0, 0.0)
    line = stats.linregress(foretold, y)
    return Worth(float(np.clip(line.slope, 0.0, 1.0)), float(line.stderr))


def fitted(points: Any, means: Any, pair: Any, seed: int = 1) -> Fitted:
    """Regress the net benefit of every decision on the numbers that would be known.

    Parameters
    ----------
    points : (draws, numbers) what would be known
    means : (draws, decisions)
    """
    at = stats.norm.ppf(ranks(points))
    generator = np.random.default_rng(seed)
    middle, curves = np.array(means, float), np.empty((SAMPLES, *means.shape))
    processes: list[Any] = []
    slopes: list[float] = []
    with threadpool_limits(1):  # matrices are too small to share
        for d in range(means.shape[1]):
            if float(means[:, d].std()) == 0.0:
                curves[..., d] = means[:, d]
                processes.append(None)
                slopes.append(0.0)
                continue
            process = regression(at, means[:, d])
            mean, covariance = process.predict(at, return_cov=True)
            known = covariance - process.kernel_.k2(at) * process._y_train_std**2
            slope = calibrated(process, at, means[:, d], pair)
            likely = np.clip(slope.value + slope.error * generator.standard_normal((SAMPLES, 1)), 0.0, 1.0)
            centre = means[:, d].mean()
            middle[:, d] = centre + slope.value * (mean - mean.mean())
            curve = mean + generator.standard_normal((SAMPLES, len(at))) @ half(known).T
            curves[..., d] = centre + likely * (curve - mean.mean())
            processes.append(process)
            slopes.append(slope.value)
    return Fitted(at, middle, curves, tuple(processes), tuple(slopes))


def half(covariance: Any) -> Any:
    """Give a square root of a covariance matrix that rounding may have made slightly negative."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return vectors * np.sqrt(np.clip(values, 0.0, None))


def value_of(found: Fitted, means: Any, curves: Any, pair: Any) -> Worth:
    """Give the worth of deciding by fitted net benefits; its error is that of the draws and that of the fit."""
    own = worth(means, pair)
    gains = curves.max(axis=2).mean(axis=1) - curves.mean(axis=1).max(axis=1)
    return Worth(own.value, float(np.hypot(own.error, gains.std(ddof=1))))


def evppi(points: Any, means: Any, pair: Any) -> Worth:
    """Give the expected value of knowing some numbers, whatever else stays unknown.

    Parameters
    ----------
    points : (draws, numbers) those that would be known
    means : (draws, decisions) net benefits, means over chance
    """
    found = fitted(points, means, pair)
    return value_of(found, found.means, found.curves, pair)


def evsi(found: Fitted, pair: Any, kept: Any) -> Worth:
    """Give the expected value of data on some numbers, before their results are known.

    Knowing a number from n records is like knowing it from a prior that is drawn together: the posterior mean has the
    share n / (n + n0) of the prior's variance (Jalal and Alarid-Escudero 2018), and the regression on the numbers is
    read there, its mean kept (moments are matched, as Heath et al. 2018 do). Exact where net benefit is straight in
    normal numbers.

    Parameters
    ----------
    found : the regression on the numbers that the data are about
    kept : (numbers,) share of each number's variance that the data tell, from 0, no data, to 1, all
    """
    drawn = found.at * np.sqrt(np.asarray(kept, float))
    read, curves = found.means.copy(), found.curves.copy()
    with threadpool_limits(1):
        for d, process in enumerate(found.processes):
            if process is not None:
                there = process.predict(drawn)
                read[:, d] = found.slopes[d] * (there - there.mean()) + found.means[:, d].mean()
                spread = float(found.means[:, d].std())
                scale = float(read[:, d].std()) / spread if spread > 0 else 0.0
                centre = found.curves[..., d].mean(axis=1, keepdims=True)
                curves[..., d] = centre + (found.curves[..., d] - centre) * scale
    return value_of(found, read, curves, pair)


def share_told(values: Any, estimator: str, low: float, high: float, needed: float, records: float) -> float:
    """Give the share of a number's variance that so many records tell.

    `needed` records would make its interval a quarter as wide (`wellheld capture`), which gives the standard error of
    any other count.

    Parameters
    ----------
    values : (draws,) of the number
    estimator, low, high, needed : as `experiments.capture.capture` tabulates them
    """
    each = np.log(values) if estimator in BY_LOGARITHM and np.all(values > 0) else np.asarray(values, float)
    prior = float(each.var(ddof=1))
    if prior == 0.0 or records <= 0.0:
        return 0.0
    return prior / (prior + standard_error(low, high, estimator) ** 2 * needed / records)


def of_groups(points: pd.DataFrame, means: Any, pair: Any, groups: Groups, scale: float) -> pd.DataFrame:
    """Tabulate the value of knowing each group of numbers, the largest first.

    Parameters
    ----------
    scale : what a net benefit is multiplied by, such as children

    Returns
    -------
    name, numbers, evppi, evppi_se
    """
    rows = []
    for name, columns in groups.items():
        found = evppi(points.iloc[:, list(columns)], means, pair)
        rows.append(
            {
                "name": name,
                "numbers": len(columns),
                "evppi": found.value * scale,
                "evppi_se": found.error * scale,
            }
        )
    table = pd.DataFrame(rows, columns=["name", "numbers", "evppi", "evppi_se"])
    return table.sort_values("evppi", ascending=False, kind="stable").reset_index(drop=True)


def of_data(
    points: pd.DataFrame, means: Any, pair: Any, asked: pd.DataFrame, years: Sequence[float], scale: float
) -> pd.DataFrame:
    """Tabulate the value of the data that `wellheld capture` specifies, recorded for some years.

    Parameters
    ----------
    asked : as `experiments.capture.capture` gives it for a place
    scale : what a net benefit is multiplied by

    Returns
    -------
    assumption, numbers, years, records (the most of its numbers), evsi, evsi_se: largest first
    """
    usable = asked[asked["number"].isin(points.columns) & asked["records_needed"].notna()]
    rows = []
    for assumption, each in usable.groupby("assumption", sort=False):
        names = list(each["number"])
        known = fitted(points[names], means, pair)
        for length in years:
            told = each[["estimator", "low", "high", "records_needed", "records_a_year"]].itertuples(index=False)
            kept = [
                share_told(points[name].to_numpy(), kind, low, high, needed, length * yearly)
                for name, (kind, low, high, needed, yearly) in zip(names, told, strict=True)
            ]
            found = evsi(known, pair, kept)
            rows.append(
                {
                    "assumption": assumption,
                    "numbers": " ".join(names),
                    "years": length,
                    "records": float(length * each["records_a_year"].max()),
                    "evsi": found.value * scale,
                    "evsi_se": found.error * scale,
                }
            )
    table = pd.DataFrame(rows, columns=["assumption", "numbers", "years", "records", "evsi", "evsi_se"])
    return table.sort_values(["evsi", "years"], ascending=[False, True], kind="stable").reset_index(drop=True)
