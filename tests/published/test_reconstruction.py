"""The reconstruction of the flow model's inputs: it fits, moves every input for several answers, and is not unique."""

import re

import numpy as np
import pandas as pd
import pytest

from experiments.published import reconstruction
from experiments.published.flow import Answers
from experiments.published.inputs import load_published
from experiments.published.reconstruction import (
    fitted,
    influence,
    published,
    questions,
    reconstruct,
    sets,
    spread,
    spread_of_answers,
)
from experiments.published.scenarios import READINGS, flow_scenario
from simulation.errors import InputError

pytestmark = pytest.mark.slow

TABLES = load_published()
IMPROVED = flow_scenario("improved", TABLES)


@pytest.fixture(scope="module")
def sampled() -> tuple[list[reconstruction.Fit], int]:
    """Sample a dozen sets."""
    return sets(TABLES, IMPROVED, 12, 5)


def test_the_tables_hold_what_is_reconstructed_from_the_middle_of_the_ranges() -> None:
    """The inputs of the tables are those of the fit, to the four decimals that they are written with."""
    fit = reconstruct(TABLES, IMPROVED)
    assert fit.fits
    assert fit.inputs == pytest.approx([number.value for number in fitted(TABLES)], abs=6e-5)
    assert fit.strain == pytest.approx(np.linalg.norm(fit.points - 0.5))


def test_published_answers_and_their_rounding() -> None:
    """Half of the last published digit: 0.65 to half a point, 277 to half a million."""
    values, half = published(TABLES)
    assert dict(zip(Answers._fields, zip(values, half, strict=True), strict=True)) == {
        "growth": (0.65, 0.005),
        "cost": (277.0, 0.5),
        "fewer_cats": (0.04, 0.005),
        "improved_cost": (259.0, 0.5),
        "reduced_cost": (72.0, 0.5),
    }


def test_no_input_serves_one_answer_alone() -> None:
    """A tenth of any input's range moves two or more published answers by over a tenth of half their last digit."""
    fit = reconstruct(TABLES, IMPROVED)
    moved = influence(TABLES, IMPROVED, fit.points)
    counts = (moved[list(Answers._fields)].abs() > 0.1).sum(axis=1)
    assert list(moved["input"]) == [number.name.split(".")[1] for number in fitted(TABLES)]
    assert (counts >= 2).all(), dict(zip(moved["input"], counts, strict=True))


def test_both_readings_can_be_met_and_points_with_less_strain() -> None:
    """Read as points or as relative changes the answers can be met; the default is the reading of less strain."""
    fits = {name: reconstruct(TABLES, flow_scenario("improved", TABLES, name)) for name in READINGS}
    assert all(fit.fits for fit in fits.values())
    assert min(fits, key=lambda name: fits[name].strain) == READINGS[0] == "points"


def test_every_set_gives_every_published_answer(sampled: tuple[list[reconstruction.Fit], int]) -> None:
    """Each set lies in the ranges and gives all five answers within half their last digit; no two sets are alike."""
    kept, tried = sampled
    values, half = published(TABLES)
    assert 12 == len(kept) <= tried
    for fit in kept:
        assert (np.abs(fit.answers - values) <= half).all()
        assert ((fit.points >= 0.0) & (fit.points <= 1.0)).all()
    assert len({tuple(fit.points.round(6)) for fit in kept}) == 12
    apart = np.ptp([fit.points for fit in kept], axis=0)
    assert (apart > 0.2).all()


def test_the_same_seed_gives_the_same_sets_on_any_number_of_cores(
    sampled: tuple[list[reconstruction.Fit], int],
) -> None:
    """Sets do not depend on how many processes look for them; another seed gives others."""
    again, _ = sets(TABLES, IMPROVED, 12, 5, jobs=2)
    other, _ = sets(TABLES, IMPROVED, 2, 6)
    assert [fit.points.tobytes() for fit in again] == [fit.points.tobytes() for fit in sampled[0]]
    assert other[0].points.tobytes() != sampled[0][0].points.tobytes()


def test_sets_that_agree_on_the_published_question_differ_on_others(
    sampled: tuple[list[reconstruction.Fit], int],
) -> None:
    """The published saving is met by all; Sufficiency alone and TIP alignment alone are left wide open."""
    asked = spread(TABLES, sampled[0], IMPROVED)
    by_question = asked.groupby("question", sort=False)["reduced_cost"]
    whole = by_question.get_group("The published improvement")
    assert whole.between(71.5, 72.5).all()
    for question in ("Sufficiency of schools +20 points alone", "TIP alignment of all +20 points alone"):
        here = by_question.get_group(question)
        assert here.max() - here.min() > 10.0


def test_ranges_that_allow_no_set_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no input can give the answers, the search ends and says what to widen."""
    never = reconstruct(TABLES, IMPROVED)._replace(fits=False)
    monkeypatch.setattr(reconstruction, "reconstruct", lambda *_: never)
    with pytest.raises(InputError, match=r"only 0 of 112 sets give the published answers; widen low and high"):
        sets(TABLES, IMPROVED, 2, 1)


def test_influence_has_the_sign_of_its_input() -> None:
    """More new CATs raise growth, better holding lowers it, whichever way the step goes."""
    size = len(fitted(TABLES))
    for at in (0.3, 0.7):
        moved = influence(TABLES, IMPROVED, np.full(size, at)).set_index("input")["growth"]
        assert moved["new_cats"] > 0
        assert moved["harm"] > 0
        assert moved["hold_log_odds_entry"] < 0


def test_sets_spread_over_the_rounding_of_the_answers(sampled: tuple[list[reconstruction.Fit], int]) -> None:
    """Answers are not all met at their middle: over the sets they fill more than half of what rounding leaves open."""
    _, half = published(TABLES)
    assert (np.ptp([fit.answers for fit in sampled[0]], axis=0) > half).all()


def test_the_spread_by_hand() -> None:
    """Of the answers 0 to 100 the least, twentieth, median, nineteen twentieths and most are told."""
    asked = pd.DataFrame(
        {"question": "q", "set": range(101), "fewer_cats": np.arange(101.0)[::-1], "reduced_cost": 1.0}
    )
    told = spread_of_answers(asked).set_index("quantity")
    assert told.loc["fewer_cats", ["least", "low_5", "median", "high_95", "most"]].tolist() == [0, 5, 50, 95, 100]


def test_titles_of_questions_say_what_they_change() -> None:
    """The points in a question's title are those of its lever."""
    for title, scenario in questions(TABLES).items():
        (lever,) = scenario.levers
        points = re.search(r"(\d+)%? ?(points)? alone", title)
        assert points is not None
        assert lever.add == pytest.approx(int(points[1]) / 100)


def test_a_search_goes_beyond_the_sample_and_keeps_to_the_published_answers(
    sampled: tuple[list[reconstruction.Fit], int],
) -> None:
    """TIP alignment alone may bring nothing: a set without F-TIP gives all published answers too."""
    question = questions(TABLES)["TIP alignment of all +20 points alone"]
    start = min(sampled[0], key=lambda fit: fit.inputs[5]).points
    names = [number.name for number in fitted(TABLES)]
    assert names[5] == "flow_numbers.f_tip.value"
    least, most = (
        reconstruction.extreme(TABLES, IMPROVED, question, "reduced_cost", sign, start) for sign in (1.0, -1.0)
    )
    sampled_ones = spread(TABLES, sampled[0], IMPROVED).query("question == @question.title")["reduced_cost"]
    assert least == pytest.approx(0.0, abs=0.01)
    assert sampled_ones.min() > 1.0
    assert 60.0 < most < 72.5
