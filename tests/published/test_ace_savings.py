"""What fewer ACEs save: closed forms against brute force, and identities at none, all and in between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.published import ace_savings
from experiments.published.ace_burden import attributable, drawn_values, excess_now, excess_risk, inputs
from experiments.published.ace_savings import COUNTS, RULES, Counts
from experiments.published.inputs import load_published
from simulation.errors import InputError

TABLES = load_published()
GIVEN = inputs(TABLES, TABLES.values())
DRAWN = inputs(TABLES, drawn_values(TABLES, 64, 1))
FITTED = ace_savings.fitted(GIVEN.shares[0], GIVEN.shares[1])
MEANS = ace_savings.class_means(FITTED)
PEOPLE = ace_savings.classes(FITTED)
FAR = 400
"""ACEs a person beyond which the fitted distribution holds less than 1e-90."""


def mass(counts: Counts) -> np.ndarray:
    """Give the whole distribution, by the library's own negative binomial."""
    return stats.nbinom.pmf(np.arange(FAR), counts.shape, counts.shape / (counts.shape + counts.mean))


# The distribution


@pytest.mark.parametrize("start", ["share", "wales_share"])
def test_the_fitted_distribution_has_exactly_the_shares_at_none_and_one(start: str) -> None:
    none, one = (TABLES.values()[f"ace_cost_numbers.{start}_{count}.value"] for count in (0, 1))
    found = mass(ace_savings.fitted(none, one))
    assert found[:2] == pytest.approx([none, one], abs=1e-12)
    assert found[2:].sum() == pytest.approx(1 - none - one, abs=1e-12)


def test_first_shares_and_class_means_are_those_of_the_whole_distribution() -> None:
    whole, aces = mass(FITTED), np.arange(FAR)
    assert ace_savings.first_shares(FITTED) == pytest.approx(whole[:4], rel=1e-12)
    by_hand = [0, 1, (2 * whole[2] + 3 * whole[3]) / whole[2:4].sum(), (aces * whole)[4:].sum() / whole[4:].sum()]
    assert pytest.approx(by_hand, rel=1e-9) == MEANS


def test_shares_less_spread_than_chance_are_refused() -> None:
    """A Poisson distribution and anything less spread have no negative binomial."""
    with pytest.raises(InputError, match=r"^ace_cost_numbers\.csv: shares 0\.3679 with no and 0\.3679 with one"):
        ace_savings.fitted(np.exp(-1), np.exp(-1))


@pytest.mark.parametrize("reduction", [0.0, 0.1, 0.37, 0.9, 1.0])
def test_thinning_is_a_binomial_of_every_count(reduction: float) -> None:
    """Each ACE kept with chance 1 - r, summed over the distribution by brute force, is the closed form. To 1e-12."""
    whole, kept = mass(FITTED), np.arange(FAR)
    brute = np.array([(whole * stats.binom.pmf(k, kept, 1 - reduction)).sum() for k in range(4)])
    assert ace_savings.first_shares(ace_savings.thinned(FITTED, reduction)) == pytest.approx(brute, abs=1e-12)


# The ladder


@given(reduction=st.floats(0, 1))
def test_the_ladder_takes_exactly_the_aces_asked_for(reduction: float) -> None:
    after = ace_savings.ladder(PEOPLE, MEANS, reduction)
    total = (PEOPLE * MEANS).sum()
    assert total == pytest.approx(float(FITTED.mean), rel=1e-12)
    assert after.sum() == pytest.approx(1, abs=1e-12)
    assert (after >= -1e-12).all()
    assert total - (after * MEANS).sum() == pytest.approx(reduction * total, abs=1e-12)


def test_the_ladder_goes_down_one_class_at_a_time() -> None:
    """To the end of the first rung only people with four or more move; beyond it none of them is left."""
    end = float(ace_savings.first_rung(PEOPLE, MEANS))
    before = ace_savings.ladder(PEOPLE, MEANS, 0.999 * end)
    assert before[:2] == pytest.approx(PEOPLE[:2], abs=1e-15)
    assert 0 < before[3] < PEOPLE[3]
    beyond = ace_savings.ladder(PEOPLE, MEANS, 1.001 * end)
    assert beyond[3] == pytest.approx(0, abs=1e-15)
    assert beyond[1] > PEOPLE[1]
    assert beyond[0] == PEOPLE[0]
    assert ace_savings.ladder(PEOPLE, MEANS, 1.0) == pytest.approx([1, 0, 0, 0], abs=1e-12)


@pytest.mark.parametrize("inputs_", [GIVEN, DRAWN], ids=["central", "drawn"])
def test_parting_keeps_the_class_s_own_risk_and_the_split(inputs_: ace_savings.Inputs) -> None:
    middle, most = ace_savings.parted(inputs_)
    people = ace_savings.classes(ace_savings.fitted(inputs_.shares[0], inputs_.shares[1]))
    mean = (people[2] * middle + people[3] * most) / (people[2] + people[3])
    assert mean == pytest.approx(inputs_.risk_2, rel=1e-9)
    assert np.log(middle) == pytest.approx(inputs_.split * np.log(most), rel=1e-9)
    assert (middle < inputs_.risk_2).all()
    assert (inputs_.risk_2 < most).all()


def test_without_parting_moving_people_to_two_or_three_saves_nothing() -> None:
    """Within the first rung; beyond it people leave the class of two or more, and that saves."""
    end = float(ace_savings.first_rung(PEOPLE, MEANS))
    for reduction, saves in ((0.5 * end, False), (end, False), (1.5 * end, True)):
        found = ace_savings.saved_shares(GIVEN, ace_savings.from_the_most(GIVEN, reduction, part=False))
        for share in found.values():
            assert (abs(share) > 1e-3) == saves


# The rules


def test_nothing_fewer_saves_nothing() -> None:
    """Exact, for every rule and way to count, at central numbers and in every draw."""
    for given_ in (GIVEN, DRAWN):
        assert all((share == 0).all() for share in map(np.asarray, ace_savings.savings(given_, 0.0).values()))


def test_no_aces_at_all_save_everything() -> None:
    for given_ in (GIVEN, DRAWN):
        for share in ace_savings.savings(given_, 1.0).values():
            assert share == pytest.approx(1, abs=1e-9)


@pytest.mark.slow
@given(reduction=st.floats(0, 1))
def test_the_published_rule_is_exactly_proportional(reduction: float) -> None:
    found = ace_savings.savings(GIVEN, reduction)["proportional", "burden_falls"]
    assert found == pytest.approx(reduction, abs=1e-12)


@pytest.mark.slow
@given(reduction=st.floats(0, 1))
def test_a_burden_held_fixed_never_saves_more(reduction: float) -> None:
    """Each condition's saving is divided by 1 + x'."""
    found = ace_savings.savings(GIVEN, reduction)
    for name, rule in RULES.items():
        assert found[name, "burden_fixed"] <= found[name, "burden_falls"] + 1e-12
        left = excess_now(GIVEN) - rule.fall(GIVEN, reduction)
        falls = rule.fall(GIVEN, reduction) / (1 + excess_now(GIVEN))
        lost = (GIVEN.daly_rate * attributable(excess_now(GIVEN))).sum()
        assert found[name, "burden_fixed"] == pytest.approx(
            (GIVEN.daly_rate * falls / (1 + left)).sum() / lost, abs=1e-12
        )


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("count", COUNTS)
def test_fewer_aces_save_more(name: str, count: str) -> None:
    shares = [ace_savings.savings(GIVEN, reduction)[name, count] for reduction in np.linspace(0, 1, 21)]
    assert (np.diff(shares) > 0).all()


def test_fewer_for_everyone_by_hand() -> None:
    """The whole thinned distribution, by the library, in the published classes, condition by condition. To 1e-9."""
    thin = mass(ace_savings.thinned(FITTED, 0.1))
    after = excess_risk(thin[1], thin[2:].sum(), GIVEN)
    assert GIVEN.shares[1] == pytest.approx(0.215)
    assert excess_now(GIVEN) - ace_savings.for_everyone(GIVEN, 0.1) == pytest.approx(after, abs=1e-9)


def test_each_draw_is_what_it_is_alone() -> None:
    """A row of draws gives what each of its numbers gives by itself. To rounding."""
    together = ace_savings.savings(DRAWN, 0.3)
    for draw in (0, 17, 63):
        alone = inputs(
            TABLES,
            {k: v[draw] if isinstance(v, np.ndarray) else v for k, v in drawn_values(TABLES, 64, 1).items()},
        )
        for key, share in ace_savings.savings(alone, 0.3).items():
            assert share == pytest.approx(together[key][draw], rel=1e-9)
