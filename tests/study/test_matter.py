"""Which numbers matter, asked at the command line of a folder whose answers are known, and bad input in one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.study import folder, tasks
from experiments.study.at_hand import LEAST_DRAWS, not_chance, ranks, read
from experiments.study.declaration import Experiment, set_up
from experiments.study.matter import accounted, priced
from simulation.errors import InputError
from simulation.scenario import Lever, Scenario

pytestmark = pytest.mark.slow

pytest_plugins = ("command_line_fixtures",)
DRAWS = 128
COSTS = ("--cost", "0") * 3
FILE = """
name = "small"
question = "What changes?"
scenarios = ["today"]
children = 40
outputs = ["cats"]
[[scenario]]
name = "prevented"
[[scenario.lever]]
kind = "prevention"
add = 0.1
"""


def programme(name: str, **levers: float) -> Scenario:
    """Make a scenario of interventions at coverages."""
    lever = [Lever(kind="intervention", name=key, coverage=each) for key, each in levers.items()]
    return Scenario(name=name, lever=lever)


@pytest.fixture
def known(here: Path) -> Path:
    """Write a folder as if collected, in which what the scenarios change is known.

    The first saves money where tip_effect is above its median, and costs where it is below; the second saves a little
    always; together they do both.
    """
    asked = Experiment(
        name="known",
        question="What changes?",
        scenarios=("today",),
        scenario=(
            programme("one", triple_p=0.5),
            programme("other", safecare=0.5),
            programme("both", triple_p=0.5, safecare=0.5),
        ),
        draws=DRAWS,
        children=100,
        outputs=("cats", "dalys_whole_discounted", "cost_to_18", "programme_to_18"),
    )
    setup, out = set_up(asked), Path("known")
    folder.begin(setup, out)
    generator = np.random.default_rng(1)
    points = pd.DataFrame(generator.random((DRAWS, len(setup.names))), columns=list(setup.names))
    tip = points["tip_effect"].to_numpy() - 0.5
    changes = {"today": 0 * tip, "one": -1.0 * tip, "other": -0.1 + 0 * tip, "both": -0.1 - tip}
    spent = {"today": 0.0, "one": 0.2, "other": 0.1, "both": 0.3}
    rows = [
        {"draw": draw, "chance": chance, "scenario": name, "place": "sandwell", "cats": 3.0}
        | {"dalys_whole_discounted": 50.0, "cost_to_18": 20.0 + change[draw] + 0.01 * luck}
        | {"programme_to_18": spent[name]}
        for draw in range(DRAWS)
        for chance in range(2)
        for luck in [generator.standard_normal()]
        for name, change in changes.items()
    ]
    points.insert(0, "draw", np.arange(DRAWS))
    folder.write_whole(out / "runs.parquet", b"")
    pd.DataFrame(rows).to_parquet(out / "runs.parquet")
    points.to_parquet(out / "points.parquet")
    return out


def test_draws_at_hand_are_twins_subtracted(known: Path) -> None:
    hand = read(known, "one")
    tip = hand.points["tip_effect"].to_numpy() - 0.5
    assert hand.mean("cost_to_18") == pytest.approx(-tip)
    assert hand.compared == "one less today"
    assert list(hand.pair[:4]) == [0, 0, 1, 1]
    assert read(known).compared == "both less today"
    assert hand.explainable("cost_to_18") == pytest.approx(1.0)


def test_ranks_are_even_and_chance_is_told_from_what_is_known() -> None:
    assert ranks(np.array([[3.0], [1.0], [2.0], [9.0]]))[:, 0].tolist() == [0.625, 0.125, 0.375, 0.875]
    means = np.array([0.0, 2.0])
    assert not_chance(means, 0.5) == pytest.approx(0.75)
    assert not_chance(means, 9.0) == 0.0


def test_sensitivity_names_the_number_that_matters(wellheld: Any, known: Path) -> None:
    answer = wellheld("experiment", "sensitivity", known, "--output", "cost_to_18")
    assert answer.code == 0, answer.err
    table = pd.read_csv(known / "sensitivity_surrogate.csv")
    first = table[table["by"] == "number"].iloc[0]
    assert first["name"] == "tip_effect"
    assert first["first"] > 0.95
    grade = table[table["by"] == "grade"].set_index("name")["first"]
    assert grade["assumption"] > 0.95
    assert grade["published"] < 0.03
    assert table["q2"].iloc[0] > 0.95
    assert max(map(len, answer.out.splitlines())) <= 100
    assert "Not for predicting" in answer.out


def test_shapley_effects_are_asked_for_with_numbers_that_go_together(wellheld: Any, known: Path) -> None:
    """What goes with the number that matters gets half of what it does as its correlation grows to 1."""
    options = ("--output", "cost_to_18", "--method", "shapley", "--together", "tip_effect factor_harm 0.9")
    answer = wellheld("experiment", "sensitivity", known, *options)
    assert answer.code == 0, answer.err
    effects = pd.read_csv(known / "sensitivity_shapley.csv").set_index("name")["effect"]
    assert effects["factor_harm"] == pytest.approx(0.9**2 / 2, abs=0.06)
    assert effects["tip_effect"] == pytest.approx(1 - 0.9**2 / 2, abs=0.06)
    assert effects.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("method", ["prim", "cart"])
def test_discovery_finds_where_it_fails(wellheld: Any, known: Path, method: str) -> None:
    options = ("--fails", "cost_to_18 > 0", "--scenario", "one", "--method", method)
    answer = wellheld("experiment", "discovery", known, *options)
    assert answer.code == 0, answer.err
    table = pd.read_csv(known / f"discovery_{method}.csv")
    assert table["number"].tolist() == ["tip_effect"]
    assert table["high"][0] == pytest.approx(0.5, abs=0.05)
    assert table["coverage"][0] > 0.9
    assert table["density_held_out"][0] > 0.85


def test_information_is_worth_what_the_wrong_choice_would_cost(wellheld: Any, known: Path) -> None:
    """Knowing the number, the better of two is taken: its worth follows from an even number from -0.5 to 0.5."""
    costs = [word for cost in (0, 100_000, 100_000) for word in ("--cost", str(cost))]
    answer = wellheld("experiment", "information", known, "--threshold", "70000", *costs)
    assert answer.code == 0, answer.err
    decision = pd.read_csv(known / "decision.csv").set_index("decision")
    births, truth = decision["children"].iloc[0], 1e6 / 100 / 8
    hand = read(known, "one")
    own = np.maximum(-hand.mean("cost_to_18"), 0).mean() - max(0.0, -hand.mean("cost_to_18").mean())
    assert decision["evpi"].iloc[0] == pytest.approx(own * 1e6 / 100 * births / 1e6, rel=0.02)
    assert own * 1e6 / 100 == pytest.approx(truth, rel=0.25)
    known_numbers = pd.read_csv(known / "evppi.csv")
    alone = known_numbers[known_numbers["by"] == "number"].set_index("name")["evppi"]
    assert alone["tip_effect"] == pytest.approx(decision["evpi"].iloc[0], rel=0.05)
    assert alone.drop("tip_effect").max() < 0.25 * alone["tip_effect"]
    data = pd.read_csv(known / "evsi.csv")
    assert data["assumption"][0] == "effect_of_tip"
    assert data["evsi"][0] <= 1.02 * alone["tip_effect"]
    assert decision["health"].iloc[0] == "dalys_whole_discounted"
    told = "Health is dalys_whole_discounted, money cost_to_18. Money holds what triple_p, safecare costs: --cost is"
    assert told in " ".join(answer.out.split())


def test_a_budget_is_split_at_the_command_line(wellheld: Any, known: Path) -> None:
    """Only the second saves on average whatever happens; who fears the worst puts all on it. All adds up."""
    answer = wellheld("experiment", "allocate", known, "--budget", "0.1", "--goal", "cost_to_18", "--risk", "worst-10%")
    assert answer.code == 0, answer.err
    first = pd.read_csv(known / "frontier.csv").iloc[0]
    assert first["on_safecare"] == pytest.approx(0.1, rel=1e-3)
    assert first["on_triple_p"] == 0.0
    assert first["cost_to_18"] == pytest.approx(-0.1, rel=0.01)
    added = pd.read_csv(known / "additivity.csv").set_index("output")
    assert added.loc["cost_to_18", "error"] == pytest.approx(0.0, abs=1e-9)


def test_a_budget_beyond_what_can_be_spent_buys_all_and_is_told(wellheld: Any, known: Path) -> None:
    """The two levers can take 0.2 and 0.1 million; whoever has a million buys what saves, and is told why no more."""
    answer = wellheld("experiment", "allocate", known, "--budget", "1e6", "--goal", "cost_to_18", "--risk", "worst-10%")
    assert answer.code == 0, answer.err
    first = pd.read_csv(known / "frontier.csv").iloc[0]
    assert first["on_safecare"] == pytest.approx(0.1, rel=1e-3)
    assert "at most 0.3 can be spent at the coverages run; the rest stays unspent" in " ".join(answer.out.split())
    within = wellheld("experiment", "allocate", known, "--budget", "0.3", "--goal", "cost_to_18")
    assert "stays unspent" not in within.out


def test_information_without_what_programmes_cost_is_refused(refused: Any, known: Path) -> None:
    """Services alone were asked for, and triple_p and safecare have a cost in the table."""
    asked = known / folder.ASKED
    asked.write_text(asked.read_text().replace("cost_to_18", "service_cost_discounted", 1))
    runs = pd.read_parquet(known / "runs.parquet").rename(columns={"cost_to_18": "service_cost_discounted"})
    runs.to_parquet(known / "runs.parquet")
    told = refused("experiment", "information", known, "--threshold", "70000", *COSTS)
    assert "service_cost_discounted leaves out what triple_p, safecare costs" in told
    assert "ask the experiment for the output cost_to_18" in told


def test_what_no_account_holds_has_to_be_in_the_cost_that_is_given() -> None:
    """Poverty's cost, known or not, stands outside the accounts, as that of prevention does."""
    poverty = Scenario(name="poverty", lever=[Lever(kind="poverty", add=0.1, cost=1000.0)])
    prevented = Scenario(name="prevented", lever=[Lever(kind="prevention", add=0.1)])
    scenarios = (poverty, prevented, programme("one", triple_p=0.5))
    setup = set_up(Experiment(name="some", question="What?", scenarios=("today",), scenario=scenarios))
    held, left = priced(setup)
    assert (held, left) == (["triple_p"], ["poverty", "prevention"])
    told = accounted(pd.DataFrame({"health": ["dalys"], "money": ["cost_to_18"]}), held, left)
    assert "Money holds nothing of what poverty, prevention costs: all of it has to be in --cost." in told


@pytest.mark.parametrize("name", ["runs.parquet", "points.parquet"])
@pytest.mark.parametrize("kept", [0, 100, -40])
def test_a_damaged_table_is_told_in_one_line(refused: Any, known: Path, name: str, kept: int) -> None:
    """Empty, cut short, or its end gone."""
    path = known / name
    path.write_bytes(path.read_bytes()[:kept])
    told = refused("experiment", "sensitivity", known)
    assert f"known/{name}: is damaged (" in told
    assert told.endswith("); wellheld experiment collect known")


def test_a_table_of_which_a_page_is_damaged_is_told(refused: Any, known: Path) -> None:
    """Its end, which says where all lies, is whole."""
    path = known / "points.parquet"
    content = bytearray(path.read_bytes())
    content[4:4000] = bytes(3996)
    path.write_bytes(bytes(content))
    assert "known/points.parquet: is damaged (" in refused("experiment", "sensitivity", known)


def test_the_model_is_screened_at_the_command_line(wellheld: Any, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "REFERENCE_CHILDREN", 60)
    Path("small.toml").write_text(FILE)
    options = ("--by", "number", "--only", "repetition_ratio", "--only", "phi", "--size", "2", "--out", "told.csv")
    answer = wellheld("experiment", "screen", "small.toml", *options)
    assert answer.code == 0, answer.err
    table = pd.read_csv("told.csv").set_index("name")["mu_star"]
    assert table["phi"] == 0.0
    assert table["repetition_ratio"] > 0.0
    uneven = wellheld("experiment", "screen", "small.toml", "--method", "sobol", "--size", "3")
    assert uneven.code == 2
    assert "--size 3: is no power of 2" in uneven.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("sensitivity", "known", "--output", "cast"), "no output is called 'cast' here. Did you mean 'cats'?"),
        (("sensitivity", "known", "--output", "cats"), "cats: is the same in every draw"),
        (("sensitivity", "known", "--method", "magic"), "--method 'magic': is none; give surrogate or shapley"),
        (("sensitivity", "known", "--scenario", "none"), "--scenario none: is none of the experiment's"),
        (("sensitivity", "known", "--together", "a b 0.5"), "add --method shapley"),
        (("sensitivity", "known", "--together", "a b"), "write two numbers' names and a correlation"),
        (("discovery", "known", "--fails", "cost"), "write NAME > NUMBER"),
        (("discovery", "known", "--fails", "cats > 0"), "is so in 0 of 128 draws"),
        (("information", "known", "--threshold", "1", "--cost", "1"), "--cost: 1 given for 3 scenarios"),
        (("information", "known", "--threshold", "nan", *COSTS), "--threshold nan is outside 0 to 10,000,000"),
        (("information", "known", "--threshold", "-1", *COSTS), "--threshold -1.0 is outside 0 to 10,000,000"),
        (("information", "known", "--threshold", "1", *COSTS[:4], "--cost", "nan"), "--cost of both: nan is outside 0"),
        (("information", "known", "--threshold", "1", "--cost", "-5", *COSTS[:4]), "--cost of one: -5.0 is outside 0"),
        (
            ("information", "known", "--threshold", "1", *COSTS, "--recorded-in", "nowhere"),
            "--recorded-in 'nowhere': indicators.csv has no referral_rate of it. Give one of sandwell, region",
        ),
        (
            ("sensitivity", "known", "--scenario", "today"),
            "--scenario today: is what the others are compared with, and would be compared with itself; "
            "give one of one, other, both",
        ),
        (("allocate", "known", "--budget", "0"), "--budget 0.0: has to be above 0 and finite"),
        (("allocate", "known", "--budget", "inf"), "--budget inf: has to be above 0 and finite"),
        (("allocate", "known", "--budget", "0.1", "--budget", "nan"), "--budget nan: has to be above 0 and finite"),
        (("allocate", "known", "--budget", "1", "--risk", "none"), "write mean, mean-1sd or worst-10%"),
        (("sensitivity", "nothing"), "nothing: holds no experiment"),
    ],
)
def test_bad_input_is_told_in_one_line(refused: Any, known: Path, arguments: tuple[str, ...], told: str) -> None:
    assert told in refused("experiment", *arguments)


def test_what_is_not_collected_or_has_few_draws_is_told(refused: Any, known: Path) -> None:
    points = pd.read_parquet(known / "points.parquet")
    points.head(LEAST_DRAWS - 1).to_parquet(known / "points.parquet")
    assert "15 draws are too few to tell numbers apart" in refused("experiment", "sensitivity", known)
    (known / "points.parquet").unlink()
    assert "known: is not collected (points.parquet is missing)" in refused("experiment", "sensitivity", known)


def test_one_seed_of_chance_says_nothing_of_chance(known: Path) -> None:
    runs = pd.read_parquet(known / "runs.parquet")
    runs[runs["chance"] == 0].to_parquet(known / "runs.parquet")
    assert np.isnan(read(known).explainable("cost_to_18"))
    with pytest.raises(InputError, match="no output is called"):
        read(known).mean("nothing")
