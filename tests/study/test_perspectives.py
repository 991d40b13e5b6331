"""What counts as cost and harm: payers add up, books agree with the run's own sums, weights weigh."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.child import MILLION
from agents.names import DAYS
from experiments.adult import adult_sums
from experiments.study import course, folder, perspectives, tasks
from experiments.study.carriers import on_this_machine
from experiments.study.declaration import Experiment, Setup, set_up
from experiments.study.outputs import DECILES, all_sums
from experiments.study.weights import load_weights
from simulation.build import authority_names
from simulation.economics import discount_factors
from simulation.errors import InputError
from simulation.scenario import Lever, Scenario, Switches

CASH = Scenario(name="cash", levers=(Lever(kind="intervention", name="cash_transfer", coverage=0.8),))
CHEAP = Scenario(name="cheap", levers=(Lever(kind="intervention", name="triple_p", coverage=0.8, cost=100.0),))


@pytest.fixture(scope="module")
def setup() -> Setup:
    """Ask about cash and a cheap programme, beside one whose cost nobody knows, with adult life followed."""
    return set_up(
        Experiment(
            name="payers",
            question="Who pays?",
            places=("sandwell", "solihull"),
            scenarios=("today", "improved"),
            own=(CASH, CHEAP),
            switches=Switches(adult_life=True, instability_events=True),
            draws=4,
            children=150,
        )
    )


@pytest.fixture(scope="module")
def out(setup: Setup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run it."""
    where = tmp_path_factory.mktemp("payers") / "out"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tasks, "REFERENCE_CHILDREN", 60)
        folder.begin(setup, where)
        course.take(setup, where, on_this_machine(2, False), None, None)
        yield where


@pytest.fixture(scope="module")
def books(setup: Setup, out: Path) -> dict[str, perspectives.Books]:
    """Read what Sandwell pays and bears."""
    return perspectives.read_books(setup, folder.done(out), "sandwell")


@pytest.fixture(scope="module")
def lived(setup: Setup) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """Give one run: its numbers, its life and its sums."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tasks, "REFERENCE_CHILDREN", 60)
        _, _, name, life = next(tasks.lives(setup, 0))
        assert name == "today"
        values = setup.values(0, 0)
        yield values, life, all_sums(setup.tables, values, life, setup.places)


@pytest.mark.parametrize("span", perspectives.SPANS)
def test_council_and_the_other_payers_add_up_to_the_public_sector(
    books: dict[str, perspectives.Books], span: str
) -> None:
    """Payer by payer, services and interventions; to rounding. Society: without transfers, with lost GDP."""
    book = books[span]
    council, public = (perspectives.cost(book, name) for name in ("council", "public"))
    others = [payer for payer in book.payers if payer not in perspectives.COUNCIL]
    assert set(book.payers) - set(others) == {"education", "social_care", "housing", "public_health"}
    assert {"health", "justice", "welfare"} <= set(others)
    assert council + sum(perspectives.cost(book, payer) for payer in others) == pytest.approx(public)
    assert sum(perspectives.cost(book, payer) for payer in perspectives.COUNCIL) == pytest.approx(council)
    society = perspectives.cost(book, "society")
    assert society == pytest.approx(public - book.transfer.sum(axis=-1) + book.lost_gdp.sum(axis=-1))
    assert book.transfer[..., 2, :].sum() > 0
    assert book.transfer[..., 2, :].sum() == pytest.approx(0.9 * book.programme[..., 2, :].sum())


def test_books_are_the_sums_of_the_run(setup: Setup, lived: tuple[Any, Any, dict[str, Any]]) -> None:
    """Over a life deciles add up to the run's own DALYs and lost GDP, and payers to its service cost; to rounding."""
    values, life, found = lived
    for name, whole in (("dalys", "dalys_discounted"), ("lost_gdp", "lost_gdp_discounted")):
        assert sum(found[f"{name}_to_life.decile_{decile}"] for decile in DECILES) == pytest.approx(found[whole])
    _, made = perspectives.columns(setup, "18")
    services = sum(found[name] for names in made["services"] for name in names)
    assert services == pytest.approx(found["service_cost_discounted"])
    _, made = perspectives.columns(setup, "life")
    over_life = sum(found[name] for names in made["services"] for name in names)
    adult = adult_sums(setup.tables, values, life, setup.places)
    beyond = adult["adult_life_adult_service_cost_discounted"] + adult["adult_life_condition_cost_discounted"]
    assert (beyond > 0).all()
    assert over_life - services == pytest.approx(beyond)
    cashable = sum(found[name] for name in found if name.startswith("adult_cashable."))
    assert cashable == pytest.approx(adult["adult_life_adult_service_cost_cashable"])


@pytest.mark.parametrize("horizon", [5, 18, 40])
def test_dalys_within_a_horizon_are_the_years_lost_and_ill_before_it(
    setup: Setup, lived: tuple[Any, Any, dict[str, Any]], horizon: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recounted child by child and year by year. To rounding; some die within the longest, and lose years beyond it."""
    monkeypatch.setattr("experiments.study.outputs.HORIZONS", (horizon,))
    from experiments.study.outputs import burden_sums

    values, life, _ = lived
    number = authority_names(setup.tables).index("sandwell")
    factors = discount_factors(values, "health")
    expected = sum(life.ledger.yld[year, number] / MILLION * factors[year] for year in range(horizon))
    for child in life.children:
        if child["authority"] == number and child["died"] >= 0:
            start = child["died"] / DAYS
            end = min(horizon, start + child["yll"] / MILLION)
            for year in range(horizon):
                expected += max(0.0, min(end, year + 1) - max(start, year)) * factors[year]
    found = burden_sums(setup.tables, values, life, ["sandwell"])
    assert expected > 0
    assert sum(found[f"dalys_to_{horizon}.decile_{decile}"][0] for decile in DECILES) == pytest.approx(expected)


def test_longer_horizons_hold_shorter_ones(books: dict[str, perspectives.Books]) -> None:
    each = [books[span] for span in perspectives.SPANS]
    for short, long in itertools.pairwise(each):
        assert (perspectives.cost(short, "public") <= perspectives.cost(long, "public") + 1e-6).all()
        assert (perspectives.harm(short) <= perspectives.harm(long) + 1e-9).all()
    assert perspectives.harm(each[0]).sum() < perspectives.harm(each[-1]).sum()


def test_weights_of_one_change_no_bit_and_others_weigh(books: dict[str, perspectives.Books]) -> None:
    """Ones give every figure back bit for bit; a weight on one decile counts that decile alone."""
    book, ones = books["life"], (1.0,) * 10
    for name in perspectives.PERSPECTIVES:
        np.testing.assert_array_equal(perspectives.cost(book, name, ones), perspectives.cost(book, name))
    np.testing.assert_array_equal(perspectives.harm(book, ones), perspectives.harm(book))
    first = (1.0, *[0.0] * 9)
    np.testing.assert_allclose(perspectives.harm(book, first), book.dalys[..., 0])
    np.testing.assert_array_equal(perspectives.cost(book, "public", first), perspectives.cost(book, "public"))


def test_the_green_book_s_weights_are_income_to_the_power_of_its_elasticity() -> None:
    """Half the median income counts 2 ** 1.3 = 2.46 times the median; the poorest tenth most. Their grade is told."""
    weights = load_weights("green_book")
    assert weights is not None
    assert weights.eta == 1.3
    assert weights.model_copy(update={"income": (0.5, *[1.0] * 9)}).by_decile[:2] == pytest.approx(
        (2.462, 1.0), abs=1e-3
    )
    assert list(weights.by_decile) == sorted(weights.by_decile, reverse=True)
    assert "assumption" in weights.grade
    assert load_weights("none") is None


def test_b_weights_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--weights heavy: write none, green_book"):
        load_weights("heavy")
    path = tmp_path / "mine.toml"
    path.write_text('source = "me"\ngrade = "assumption"\nweights = [1, 2]\n')
    with pytest.raises(InputError, match="weights"):
        load_weights(str(path))
    path.write_text('source = "me"\ngrade = "assumption"\neta = 1.0\n')
    with pytest.raises(InputError, match="give weights, or eta and income"):
        load_weights(str(path))
    path.write_text(f'source = "me"\ngrade = "assumption"\nweights = {[2.0] * 10}\n')
    mine = load_weights(str(path))
    assert mine is not None
    assert mine.by_decile == (2.0,) * 10


def test_the_region_is_the_sum_of_its_places(setup: Setup, out: Path, books: dict[str, perspectives.Books]) -> None:
    """A place that is not among those run is the sum of all that are. To rounding."""
    parts = folder.done(out)
    both = perspectives.read_books(setup, parts, "region")["10"]
    solihull = perspectives.read_books(setup, parts, "solihull")["10"]
    whole = perspectives.cost(books["10"], "public") + perspectives.cost(solihull, "public")
    assert perspectives.cost(both, "public") == pytest.approx(whole)


def test_costs_that_nobody_knows_are_named(setup: Setup) -> None:
    told = {each.name: perspectives.unpriced(setup, each) for each in setup.scenarios}
    assert told["today"] == told["cash"] == told["cheap"] == []
    assert told["improved"] == ["prevention", "sufficiency", "tip_alignment"]
    unknown = Scenario(name="hub", levers=(Lever(kind="intervention", name="placement_support", coverage=0.5),))
    assert perspectives.unpriced(setup, unknown) == ["placement_support"]
    priced = unknown.levers[0].model_copy(update={"cost": 10.0})
    assert perspectives.unpriced(setup, Scenario(name="hub", levers=(priced,))) == []
    poorer = Scenario(name="poverty", levers=(Lever(kind="poverty", add=0.1, cost=5.0),))
    assert perspectives.unpriced(setup, poorer) == ["poverty"]
