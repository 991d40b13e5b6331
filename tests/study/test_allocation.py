"""The best split of a budget: known optima are found, under each attitude to risk, and what does not add up is told."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from command_line import ROOT

from experiments.study.allocation import (
    GOALS,
    Response,
    additivity,
    attitude,
    best_split,
    check_budgets,
    frontier,
    levers_of,
    most_spent,
    responses_of,
    undominated,
)
from experiments.study.at_hand import AtHand
from experiments.study.declaration import load_experiment
from simulation.errors import InputError
from simulation.scenario import Lever, Scenario

SPEND = np.linspace(0.0, 10.0, 41)


def curve(name: str, strength: Any, output: int = 0) -> Response:
    """Bring strength x sqrt(spend) in every draw, in one of two outputs."""
    change = np.zeros((len(SPEND), len(strength), 2))
    change[..., output] = -np.sqrt(SPEND)[:, None] * strength
    return Response(name, SPEND, change)


@pytest.mark.parametrize("budget", [4.0, 9.0])
def test_a_concave_response_is_split_by_its_closed_form(budget: float) -> None:
    """Of the sum of a_i sqrt(x_i) the best x_i go with a_i squared: 1 to 4 to 9 over 14."""
    levers = [curve(name, np.full(8, a)) for name, a in (("a", 1.0), ("b", 2.0), ("c", 3.0))]
    split = best_split(levers, budget, 0, -1.0, attitude("mean"))
    assert split.spent == pytest.approx(np.array([1, 4, 9]) * budget / 14, rel=0.05, abs=0.05)
    assert split.spent.sum() == pytest.approx(budget, rel=1e-4)
    assert -split.change[:, 0].mean() == pytest.approx(np.sqrt(14 * budget), rel=0.005)


def test_straight_responses_go_to_the_best_lever_up_to_its_end() -> None:
    """The better lever first, until it can take no more; then the other."""
    better = Response("better", np.array([0.0, 2.0]), np.array([0.0, -8.0])[:, None, None] * np.ones((2, 4, 1)))
    other = Response("other", np.array([0.0, 5.0]), np.array([0.0, -5.0])[:, None, None] * np.ones((2, 4, 1)))
    split = best_split([other, better], 3.0, 0, -1.0, attitude("mean"))
    assert split.spent == pytest.approx([1.0, 2.0], abs=1e-3)


@pytest.mark.parametrize("budget", [7.0, 1e6, 1e300])
def test_of_a_budget_beyond_what_levers_can_take_the_rest_stays_unspent(budget: float) -> None:
    """Two levers can take 2 and 5; a million brings what these bring, not nothing."""
    first = Response("first", np.array([0.0, 2.0]), np.array([0.0, -8.0])[:, None, None] * np.ones((2, 4, 1)))
    other = Response("other", np.array([0.0, 5.0]), np.array([0.0, -5.0])[:, None, None] * np.ones((2, 4, 1)))
    assert most_spent([first, other]) == 7.0
    split = best_split([first, other], budget, 0, -1.0, attitude("mean"))
    assert split.spent == pytest.approx([2.0, 5.0], abs=1e-3)
    assert split.change[:, 0].mean() == pytest.approx(-13.0, abs=1e-2)


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan"), float("inf")])
def test_a_budget_that_is_none_is_refused(budget: float) -> None:
    check_budgets([0.2, 1e6])
    with pytest.raises(InputError, match=r"^--budget .*: has to be above 0 and finite, in GBP million"):
        check_budgets([0.2, budget])


def test_money_is_kept_where_levers_harm() -> None:
    split = best_split([curve("bad", np.full(4, -1.0))], 5.0, 0, -1.0, attitude("mean"))
    assert split.spent.tolist() == [0.0]


@pytest.mark.parametrize(("said", "share"), [("mean", 1.0), ("mean-2sd", 0.0), ("worst-10%", 0.0)])
def test_who_fears_risk_leaves_what_is_better_but_unsure(said: str, share: float) -> None:
    """The unsure lever brings more on average; its spread is as large as what it brings."""
    generator = np.random.default_rng(1)
    lines = np.array([0.0, 1.0])[:, None, None]
    draws = 1.2 + 1.5 * generator.standard_normal(400)
    unsure = Response("unsure", np.array([0.0, 10.0]), -lines * draws[None, :, None])
    sure = Response("sure", np.array([0.0, 10.0]), -lines * np.ones((1, 400, 1)))
    split = best_split([unsure, sure], 10.0, 0, -1.0, attitude(said))
    assert split.spent[0] / 10.0 == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("said", ["mean-1sd", "worst-10%"])
def test_who_fears_risk_spreads_it(said: str) -> None:
    """Two levers that bring as much on average, one by luck where the other does not: half on each has no risk."""
    luck = np.random.default_rng(1).standard_normal(400)
    lines = np.array([0.0, 1.0])[:, None, None]
    first = Response("first", np.array([0.0, 10.0]), -lines * (1 + luck)[None, :, None])
    other = Response("other", np.array([0.0, 10.0]), -lines * (1 - luck)[None, :, None])
    split = best_split([first, other], 10.0, 0, -1.0, attitude(said))
    assert split.spent == pytest.approx([5.0, 5.0], abs=0.1)


def test_attitudes_are_what_they_say() -> None:
    gain = np.arange(100.0)
    assert attitude("mean")(gain) == 49.5
    assert attitude("mean-1sd")(gain) == pytest.approx(49.5 - gain.std(ddof=1))
    assert attitude("worst-10%")(gain) == 4.5
    for said in ("median", "worst-0%", "worst-101%", "mean-sd"):
        with pytest.raises(InputError, match="write mean, mean-1sd or worst-10%"):
            attitude(said)


def test_a_frontier_spends_more_to_gain_more_and_marks_what_is_beaten() -> None:
    """Two goals, each reached by a lever of its own: each split is efficient, and the larger budget gains more."""
    levers = [curve("a", np.full(8, 2.0)), curve("b", np.full(8, 1.0), output=1)]
    table = frontier(levers, ["dalys", "cats_gap"], ["dalys", "cats_gap"], [2.0, 6.0], "mean")
    by = table.set_index(["budget", "goal"])
    assert by.loc[(2.0, "dalys"), "on_a"] == pytest.approx(2.0, abs=1e-3)
    assert by.loc[(2.0, "cats_gap"), "on_b"] == pytest.approx(2.0, abs=1e-3)
    assert by.loc[(6.0, "dalys"), "dalys"] == pytest.approx(-2 * np.sqrt(6), rel=0.01)
    assert by.loc[(6.0, "dalys"), "dalys"] < by.loc[(2.0, "dalys"), "dalys"] < 0
    assert table["efficient"].all()
    assert undominated(np.array([[1, 1], [2, 2], [0, 3], [2, 2]])).tolist() == [False, True, True, True]


def hand(change: float, spent: float) -> AtHand:
    """Draws of an output and of what was spent, 8 in 4 pairs."""
    noise = np.random.default_rng(2).standard_normal((8, 2))
    outputs = {"dalys": change + 0.01 * noise, "programme_to_18": np.full((8, 2), spent)}
    return AtHand(pd.DataFrame({"a": np.arange(8.0)}), np.arange(8) // 2, outputs, "b less a", "here")


def moved(name: str, **levers: float) -> Scenario:
    """Make a scenario of interventions at coverages."""
    lever = [Lever(kind="intervention", name=key, coverage=each) for key, each in levers.items()]
    return Scenario(name=name, lever=lever)


def test_responses_come_from_scenarios_that_move_one_lever_and_what_does_not_add_up_is_told() -> None:
    scenarios = [
        moved("half", triple_p=0.5),
        moved("whole", triple_p=1.0),
        moved("other", safecare=0.5),
        moved("both", triple_p=0.5, safecare=0.5),
    ]
    hands = [hand(-3.0, 1.0), hand(-5.0, 2.0), hand(-2.0, 4.0), hand(-4.0, 5.0)]
    outputs, levers = responses_of(scenarios, hands)
    assert [each.name for each in levers] == ["triple_p", "safecare"]
    assert levers[0].spend.tolist() == [0.0, 1.0, 2.0]
    assert levers[0].at(1.0)[:, 0].mean() == pytest.approx(-3.0, abs=0.02)
    told = additivity(scenarios, hands, outputs).set_index("output").loc["dalys"]
    assert told["scenario"] == "both"
    assert told["error"] == pytest.approx(-1.0, abs=0.02)
    assert told["error_se"] < 0.02


def test_levers_without_cost_or_of_other_kinds_are_refused() -> None:
    with pytest.raises(InputError, match="triple_p: costs nothing"):
        responses_of([moved("free", triple_p=0.5)], [hand(-1.0, 0.0)])
    other = Scenario(name="other", lever=[Lever(kind="prevention", add=0.1)])
    with pytest.raises(InputError, match="no scenario moves one intervention and nothing else"):
        responses_of([other], [hand(-1.0, 1.0)])


def test_the_shipped_experiment_has_levers_alone_and_together_and_their_cost() -> None:
    setup = load_experiment(ROOT / "experiments" / "budget.toml")
    moved_by = [len(levers_of(scenario)) for scenario in setup.scenarios]
    assert moved_by == [0, 1, 1, 1, 2]
    assert "programme_to_18" in {output.name for output in setup.outputs}
    assert set(GOALS) & {output.name for output in setup.outputs} >= {"ever_escalated_universal", "cats_gap"}
