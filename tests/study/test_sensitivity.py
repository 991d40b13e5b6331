"""Which numbers matter: known indices are found, of functions, of surrogates, and where numbers go together."""

import math
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from experiments.study import folder, tasks
from experiments.study.declaration import Experiment, Setup, set_up
from experiments.study.direct import chosen_numbers, differences_at, model
from experiments.study.gather import read_answers
from experiments.study.sensitivity import morris, shapley_effects, sobol, surrogate_indices
from experiments.study.surrogate import Fit, Surrogate, surrogate
from simulation.errors import InputError
from simulation.scenario import Lever, Scenario

pytestmark = pytest.mark.slow

A, B = 7.0, 0.1
NAMES = ("one", "two", "three")


def ishigami(points: Any) -> Any:
    """Ishigami and Homma's function of three even numbers from -pi to pi."""
    x = np.pi * (2 * np.asarray(points) - 1)
    return np.sin(x[:, 0]) + A * np.sin(x[:, 1]) ** 2 + B * x[:, 2] ** 4 * np.sin(x[:, 0])


def known() -> tuple[Any, Any]:
    """Its first-order and total indices in closed form."""
    one = 0.5 * (1 + B * np.pi**4 / 5) ** 2
    two = A**2 / 8
    both = B**2 * np.pi**8 * (1 / 18 - 1 / 50)
    variance = one + two + both
    return np.array([one, two, 0.0]) / variance, np.array([one + both, two, both]) / variance


def test_sobol_indices_of_ishigami_are_the_known_within_their_intervals() -> None:
    table = sobol(lambda at: ishigami(at)[:, None], NAMES, ["y"], base=4096)
    first, total = known()
    assert np.abs(table["first"] - first).max() < 0.02
    assert np.abs(table["total"] - total).max() < 0.02
    assert (np.abs(table["first"] - first) < 2 * table["first_95"]).all()
    assert (np.abs(table["total"] - total) < 2 * table["total_95"]).all()


def test_groups_have_the_closed_indices_of_ishigami() -> None:
    """One and three together explain all that two does not, and nothing with it."""
    table = sobol(lambda at: ishigami(at)[:, None], NAMES, ["y"], groups=["odd", "even", "odd"], base=4096)
    _, total = known()
    found = table.set_index("name")
    assert found.loc["even", "first"] == pytest.approx(total[1], abs=0.02)
    assert found.loc["odd", "first"] == pytest.approx(1 - total[1], abs=0.02)
    assert found.loc["odd", "total"] == pytest.approx(1 - total[1], abs=0.02)


def test_one_group_of_all_explains_all() -> None:
    table = sobol(lambda at: ishigami(at)[:, None], NAMES, ["y"], groups=["all"] * 3, base=64)
    assert table[["name", "first", "total"]].to_numpy().tolist() == [["all", 1.0, 1.0]]


def test_morris_finds_slopes_and_what_is_not_straight() -> None:
    """Of 4 a - 2 b + c d + 0 e the effects of a move over a number's interval are known exactly."""
    names = ["a", "b", "c", "d", "e"]

    def plain(at: Any) -> Any:
        return np.column_stack([4 * at[:, 0] - 2 * at[:, 1] + at[:, 2] * at[:, 3]])

    found = morris(plain, names, ["y"], trajectories=20).set_index("name")
    reach = 0.95
    assert found.loc["a", "mu_star"] == pytest.approx(4 * reach)
    assert found.loc["b", "mu"] == pytest.approx(-2 * reach)
    assert found.loc["a", "sigma"] == pytest.approx(0.0, abs=1e-9)
    assert found.loc["c", "sigma"] > 0.1
    assert found.loc["e", "mu_star"] == 0.0
    assert list(found.index[:2]) == ["a", "b"]


def test_a_surrogate_of_few_draws_tells_ishigami_s_indices_and_its_own_error() -> None:
    """Beside 3 numbers that do nothing; the intervals hold the known indices."""
    generator = np.random.default_rng(4)
    at = generator.random((240, 6))
    found = surrogate(at, ishigami(at), np.arange(240))
    assert found.kind == "gaussian_process"
    fresh = generator.random((2000, 6))
    truth = ishigami(fresh)
    missed = 1 - ((truth - found.fit.predict(fresh)) ** 2).mean() / truth.var()
    assert found.q2 > 0.9
    assert found.q2 == pytest.approx(missed, abs=0.05)
    table = surrogate_indices(found, [f"x{k}" for k in range(6)], base=512)
    first, total = known()
    assert np.abs(table["first"][:3] - first).max() < 0.06
    assert np.abs(table["total"][:3] - total).max() < 0.06
    assert table["total"][3:].max() < 0.03
    assert (table["total_low"] <= table["total"]).all()


def test_intervals_of_indices_from_five_folds_are_student_s() -> None:
    """Folds differ by a slope, so that shares are known: the half-width is 2.776 errors, not 1.96."""
    slopes = np.array([1.0, 0.9, 0.95, 1.05, 1.1])

    def fit(slope: float) -> Fit:
        return Fit(lambda at: slope * at[:, 0] + at[:, 1], (0, 1))

    found = Surrogate("straight", fit(1.0), tuple(fit(slope) for slope in slopes), 1.0)
    shares = slopes**2 / (1 + slopes**2)
    error = np.sqrt(4 / 5 * ((shares - shares.mean()) ** 2).sum())
    first = surrogate_indices(found, ["one", "two"]).iloc[0]
    assert (first["first_high"] - first["first"]) / error == pytest.approx(2.776, rel=0.02)


def test_a_polynomial_finds_few_among_many_numbers() -> None:
    """Of 100 numbers two matter, with shares 0.8 and 0.2; there are 120 draws."""
    at = np.random.default_rng(5).random((120, 100))
    y = 2 * at[:, 10] + at[:, 20]
    found = surrogate(at, y, np.arange(120))
    table = surrogate_indices(found, [str(k) for k in range(100)], base=256)
    assert found.q2 > 0.9
    assert table["first"][10] == pytest.approx(0.8, abs=0.05)
    assert table["first"][20] == pytest.approx(0.2, abs=0.05)
    grouped = surrogate_indices(found, [str(k) for k in range(100)], ["low"] * 15 + ["high"] * 85, base=256)
    assert grouped["first"].to_numpy() == pytest.approx([0.8, 0.2], abs=0.05)


def test_pairs_that_share_numbers_are_left_out_together() -> None:
    """An output that is a pair's own, unlike any other's, cannot be foretold: seen apart, a twin would tell it."""
    generator = np.random.default_rng(6)
    half = generator.random((60, 3))
    at = np.repeat(half, 2, axis=0) + 1e-9 * generator.random((120, 3))
    y = np.repeat(generator.standard_normal(60), 2)
    assert surrogate(at, y, np.arange(120)).q2 > 0.3
    with pytest.raises(InputError, match=r"no surrogate foretells it .* from 120 draws"):
        surrogate(at, y, np.repeat(np.arange(60), 2))


def test_what_does_not_vary_has_no_surrogate() -> None:
    with pytest.raises(InputError, match="cats: is the same in every draw"):
        surrogate(np.random.default_rng(0).random((20, 2)), np.ones(20), np.arange(20), "cats")


def test_shapley_effects_of_a_linear_gaussian_model_are_the_known() -> None:
    """Y = X1 + b X2 + s X3, X2 and X3 correlated by r (Iooss and Prieur 2019); the effects in closed form."""
    slopes, r = np.array([1.0, 1.5, 2.0]), -0.6
    correlation = np.array([[1, 0, 0], [0, 1, r], [0, r, 1]], float)
    variance = slopes @ correlation @ slopes
    b, s = slopes[1], slopes[2]
    shared = r * b * s + r**2 * (s**2 - b**2) / 2
    truth = np.array([slopes[0] ** 2, b**2 + shared, s**2 + shared - r**2 * (s**2 - b**2)]) / variance

    def plain(at: Any) -> Any:
        return stats.norm.ppf(at) @ slopes

    found = shapley_effects(plain, correlation, [[0], [1], [2]], samples=40_000)
    assert found["effect"].sum() == pytest.approx(1.0)
    assert truth.sum() == pytest.approx(1.0)
    assert np.abs(found["effect"] - truth).max() < 0.02
    assert (np.abs(found["effect"] - truth) < 4 * found["error"]).all()


def test_shapley_effects_of_many_numbers_come_from_random_orders() -> None:
    slopes = np.arange(1.0, 10.0)

    def plain(at: Any) -> Any:
        return stats.norm.ppf(at) @ slopes

    found = shapley_effects(plain, np.eye(9), [[k] for k in range(9)], samples=20_000)
    assert found["effect"].to_numpy() == pytest.approx(slopes**2 / (slopes**2).sum(), abs=0.02)


def linear_effects(slopes: Any, correlation: Any) -> Any:
    """Give Shapley effects of a linear Gaussian model, of which every subset explains what regression on it does."""
    many, reach = len(slopes), correlation @ slopes

    def explained(subset: tuple[int, ...]) -> float:
        at = list(subset)
        return float(reach[at] @ np.linalg.solve(correlation[np.ix_(at, at)], reach[at])) if at else 0.0

    effects = np.zeros(many)
    for player in range(many):
        for size in range(many):
            for before in combinations([k for k in range(many) if k != player], size):
                gain = explained((*before, player)) - explained(before)
                effects[player] += gain / (many * math.comb(many - 1, size))
    return effects / explained(tuple(range(many)))


@pytest.mark.parametrize("many", [5, 9])
def test_the_error_told_of_shapley_effects_is_the_real_one_where_numbers_go_together(many: int) -> None:
    """Of 9 numbers orders are random, and differ; told without that, the error was 3 times too small.

    Over 12 seeds and all numbers; a ratio of spreads so estimated has a standard error of 10%.
    """
    slopes = np.arange(1.0, many + 1)
    correlation = 0.4 * np.eye(many) + 0.6

    def plain(at: Any) -> Any:
        return stats.norm.ppf(at) @ slopes

    players = [[k] for k in range(many)]
    found = [shapley_effects(plain, correlation, players, samples=1000, seed=seed) for seed in range(12)]
    missed = np.array([each["effect"] for each in found]) - linear_effects(slopes, correlation)
    told = np.array([each["error"] for each in found])
    assert 1 / 1.5 < np.sqrt((told**2).mean() / (missed**2).mean()) < 1.5


def test_points_that_are_no_power_of_2_are_told_by_the_option_that_there_is() -> None:
    with pytest.raises(InputError, match=r"^--size 3: is no power of 2"):
        sobol(lambda at: at, ["a"], ["y"], base=3)


def test_correlations_that_contradict_each_other_are_refused() -> None:
    bad = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    with pytest.raises(InputError, match="contradict each other"):
        shapley_effects(lambda at: at[:, 0], bad, [[0], [1], [2]], samples=10)


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> Setup:
    """Set up an experiment that is small."""
    monkeypatch.setattr(tasks, "REFERENCE_CHILDREN", 60)
    prevented = Scenario(name="prevented", lever=[Lever(kind="prevention", add=0.3)])
    asked = Experiment(
        name="small",
        question="What changes?",
        scenarios=("today",),
        scenario=(prevented,),
        children=40,
        chance=2,
        outputs=("cats", "service_cost_discounted"),
    )
    return set_up(asked)


def test_the_model_at_given_points_has_the_same_chance_everywhere(setup: Setup) -> None:
    """A number that reaches only money moves cost, and leaves every CAT where it was."""
    numbers = chosen_numbers(setup, ["unit_costs.child_in_need.sandwell.year.value", "unit_costs.primary_*"])
    found = model(setup, numbers, jobs=1)(np.array([[0.1, 0.1], [0.9, 0.9], [0.1, 0.1]]))
    assert found.shape == (3, 2)
    assert found[0, 0] == found[1, 0] < 0
    assert found[0, 1] != found[1, 1]
    assert np.array_equal(found[0], found[2])


def test_the_model_at_a_draw_of_the_experiment_is_that_draw(setup: Setup, tmp_path: Path) -> None:
    """The first draw's own numbers, under its own chance, give what its task gives. Exact."""
    drawn = dict(zip(setup.names, setup.drawn[1][0][0].tolist(), strict=True))
    folder.keep(tmp_path, tasks.work(setup.text, 0))
    part = read_answers(setup, folder.done(tmp_path))[0, 0, :, :, -1]
    assert np.array_equal(differences_at(setup, drawn), (part[:, 1] - part[:, 0]).mean(axis=0))


def test_a_pattern_that_fits_no_number_is_refused(setup: Setup) -> None:
    with pytest.raises(InputError, match="--only nothing_\\*: fits no number"):
        chosen_numbers(setup, ["nothing_*"])


def test_morris_on_the_model_puts_what_cannot_matter_at_exactly_zero(setup: Setup) -> None:
    numbers = chosen_numbers(setup, ["phi", "factor_incidence", "repetition_ratio"])
    names = [number.name for number in numbers]
    found = morris(model(setup, numbers, jobs=1), names, ["cats", "cost"], trajectories=2)
    cats = found[found["output"] == "cats"].set_index("name")["mu_star"]
    assert cats["phi"] == cats["factor_incidence"] == 0.0
    assert cats["repetition_ratio"] > 0.0
