"""Hypotheses: verdicts that can come out either way, tipping points of known place, bad input in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from experiments.study import judging, tasks
from experiments.study.carriers import on_this_machine
from experiments.study.hypotheses import (
    Hypothesis,
    Quantity,
    Registered,
    find_hypothesis,
    load_hypothesis,
    set_up_hypothesis,
    shipped,
    sized,
)
from experiments.study.judging_screen import formula, page, screen
from experiments.study.tipping import key_numbers, logistic, tipping_points
from experiments.study.verdict import (
    REFUTED,
    SUPPORTED,
    UNDETERMINED,
    Probability,
    bands,
    by_draw,
    distance,
    estimate,
    kept,
    measure,
    probability,
    rests,
    verdict,
)
from simulation.effects import MALTREATMENT
from simulation.errors import InputError
from simulation.inputs import load_tables
from simulation.sampling import uncertain
from simulation.scenario import Lever

LEVEL = 0.54
"""What ten draws that all hold can settle."""
pytest_plugins = ("command_line_fixtures",)
FILE = """
name = "mine"
statement = "Prevention prevents."
counted = "Children of Sandwell."
refuted_by = "As many CATs as today."
rests_on = "The lever."
level = 0.54
[quantity]
output = "cats"
of = "prevented - today"
direction = "below"
smallest = 0.0
[experiment]
scenarios = ["today"]
draws = 20
chance = 1
children = 60
[[experiment.scenario]]
name = "prevented"
[[experiment.scenario.lever]]
kind = "prevention"
add = 0.5
"""


@pytest.fixture(autouse=True)
def small_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let references be small: what they are does not matter here."""
    monkeypatch.setattr(tasks, "REFERENCE_CHILDREN", 60)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a hypothesis."""
    path = tmp_path / "mine.toml"
    path.write_text(FILE)
    return path


def judge(registered: Registered, out: Path) -> judging.Judged:
    """Run and judge one hypothesis."""
    return judging.judge([registered], out, on_this_machine(1, False))[0]


# Either way


class World(NamedTuple):
    """Numbers that build a world, how many children it takes to see it, and what is put on the scenarios' levers."""

    numbers: dict[str, float]
    children: int = 100
    lever: dict[str, Any] = {}  # noqa: RUF012 (never changed)


EARLY_HELP = ("family_support", "parenting_programme", "school_based_support")
CARE = ("kinship_care", "foster_care", "childrens_home", "placed_with_parents", "semi_independent")
HELPFUL = {"tip_effect": 1.0, "factor_sufficiency_effect": 10.0, "unserved_ratio": 3.0, "factor_harm": 6.0}
NOT_BEFORE_5 = {f"adversities.{kind}.weight_0_4": 0.0 for kind in MALTREATMENT}
ALIKE = {"frailty_shape": 50.0, "parental_effect": 0.0, "need_deprivation_ratio": 10.0}
HARMFUL = HELPFUL | {"tip_effect": -4.0, "factor_sufficiency_effect": 0.0}


def only_assessments_cost() -> dict[str, float]:
    """Let nothing cost but being referred."""
    numbers = load_tables().numbers
    free = {name: 0.0 for name in numbers if name.startswith("unit_costs.") and name.endswith(".value")}
    return free | {"unit_costs.assessment.all.episode.value": 1000.0}


def early_help_spares() -> dict[str, float]:
    """Let few be taken into early help today, and a year without service be what brings children to referral."""
    few = {f"services.{name}.acceptance": 0.1 for name in EARLY_HELP}
    return only_assessments_cost() | few | {"unserved_ratio": 8.0, "rereferral_rate": 0.0}


def all_wait_for_camhs() -> dict[str, float]:
    """Let all be in need always, pass from school to school-based support and from there to CAMHS, which is full."""
    found = {
        f"pathways.{row.service}.escalate.{row.age_from}.{row.to}.weight": 0.0
        for row in load_tables().rows["pathways"]
        if row.move == "escalate" and row.service in ("primary_school", "secondary_school", "school_based_support")
    }
    for school in ("primary_school.escalate.5", "primary_school.escalate.10", "secondary_school.escalate.11"):
        found[f"pathways.{school}.school_based_support.weight"] = 1.0
    found["pathways.school_based_support.escalate.5.camhs.weight"] = 1.0
    for name in ("school_based_support", "camhs"):
        found |= {f"services.{name}.{rate}": 0.0 for rate in ("exit_rate_first_year", "exit_rate_later")}
        found[f"services.{name}.acceptance"] = 1.0
    for name in ("primary_school", "secondary_school", "school_based_support"):
        found[f"services.{name}.hold_log_odds"] = -8.0
    places = {"services.camhs.places": 0.2, "services.school_based_support.places": 200.0}
    return found | places | {"factor_need": 40.0, "support_lift": 0.0, "resilience_buffer": 0.0}


def placements_move(rate: float) -> dict[str, float]:
    """Let placements move at a rate, and nearly every move be an adversity."""
    return {f"services.{name}.placement_move_rate": rate for name in CARE} | {"instability_of_move": 0.9}


def straight_into_care() -> dict[str, float]:
    """Let half of those assessed be placed at once, which no intervention on social care prevents."""
    ways = {
        f"pathways.assessment.escalate.{row.age_from}.{row.to}.weight": {"child_in_need": 0.5, "foster_care": 0.5}
        for row in load_tables().rows["pathways"]
        if row.service == "assessment" and row.move == "escalate"
    }
    return placements_move(8.0) | {name: to.get(name.split(".")[4], 0.0) for name, to in ways.items()}


WORLDS: dict[str, tuple[Callable[[], World], Callable[[], World]]] = {
    "holding_lowers_care": (
        lambda: World({"factor_sufficiency_effect": 10.0}, 1500),
        lambda: World({"factor_sufficiency_effect": 0.0}),
    ),
    "early_help_pays_in_5": (
        lambda: World(early_help_spares(), 400, {"multiply": 10.0}),
        lambda: World({"unit_costs.family_support.all.episode.value": 60_000.0}, 200),
    ),
    "early_help_pays_in_10": (
        lambda: World(early_help_spares(), 400, {"multiply": 10.0}),
        lambda: World({"unit_costs.family_support.all.episode.value": 60_000.0}, 200),
    ),
    "tip_adds_over_sufficiency": (
        lambda: World({"tip_effect": 1.0}, 200),
        lambda: World({"tip_effect": -1.0}, 200),
    ),
    "sufficiency_without_tip": (
        lambda: World({"factor_sufficiency_effect": 3.0}, 400),
        lambda: World({"factor_sufficiency_effect": 0.0, "support_lift": 0.0, "heal_supported": 0.0}, 400),
    ),
    "one_tier_moves_the_bottleneck": (lambda: World(all_wait_for_camhs(), 120), lambda: World({}, 800)),
    "earlier_is_better": (
        lambda: World({"interventions.triple_p.value": 0.3}, 200, {"full_years": 18}),
        lambda: World({"interventions.triple_p.value": 0.3} | NOT_BEFORE_5, 200),
    ),
    "prevention_beats_recovery": (
        lambda: World({"interventions.triple_p.value": 0.1}, 400),
        lambda: World({"interventions.triple_p.value": 1.5}, 400),
    ),
    "stability_matters_as_entry": (lambda: World(straight_into_care(), 300), lambda: World(placements_move(0.0), 600)),
    "amplification_raises_returns": (
        lambda: World({"amplification_slope": 0.6, "amplification_cap": 5.0}, 400),
        lambda: World({"amplification_slope": 0.0}, 60),
    ),
    "benefits_fall_to_others": (
        lambda: World(only_assessments_cost() | {"factor_sufficiency_effect": 10.0}, 400),
        lambda: World({"factor_sufficiency_effect": 0.0}),
    ),
    "gap_narrows": (lambda: World(HELPFUL | ALIKE, 1500), lambda: World(HARMFUL | ALIKE, 1500)),
    "package_cuts_cats": (lambda: World(HELPFUL, 300), lambda: World(HARMFUL, 300)),
}
"""For each hypothesis a world built so that it holds, and one so that it does not."""


def in_world(name: str, world: World) -> Registered:
    """Put a shipped hypothesis into a world, all else central, small: ten draws can settle it at a level of 0.54."""
    registered = sized(find_hypothesis(name), 10, world.children)
    hypothesis = registered.hypothesis
    own = tuple(
        scenario.model_copy(
            update={"levers": tuple(Lever(**lever.model_dump(exclude_unset=True) | world.lever) for lever in levers)}
        )
        for scenario in hypothesis.experiment.own
        for levers in [scenario.levers]
    )
    central = {number.name: number.value for number in uncertain(load_tables().numbers)}
    numbers = central | hypothesis.experiment.numbers | world.numbers
    experiment = hypothesis.experiment.model_copy(update={"numbers": numbers, "own": own, "chance": 1})
    return registered._replace(hypothesis=hypothesis.model_copy(update={"experiment": experiment, "level": LEVEL}))


def test_every_shipped_hypothesis_has_a_world_either_way() -> None:
    assert set(WORLDS) == set(shipped())
    assert len(shipped()) >= 12


@pytest.mark.slow
@pytest.mark.parametrize("said", [SUPPORTED, REFUTED])
@pytest.mark.parametrize("name", list(WORLDS))
def test_each_verdict_can_come_out_either_way(name: str, said: str, tmp_path: Path) -> None:
    """The quantity, threshold and scenarios are the file's; the world alone decides, in every draw.

    So few draws settle it alone; among others it would take more to be kept.
    """
    found = judge(in_world(name, WORLDS[name][said == REFUTED]()), tmp_path)
    assert found.alone == said, (found.probability, by_draw(found.measured))
    assert found.probability.mean == (1.0 if said == SUPPORTED else 0.0)


# The engine, on runs made up so that the answer is known


def runs(**scenarios: Any) -> Any:
    """Lay out runs of one output: (2, tasks, chance, scenarios, 1)."""
    return np.stack([np.asarray(each, float) for each in scenarios.values()], axis=-1)[..., None]


def quantity(**changed: Any) -> Quantity:
    """Ask for CATs of a less b, below 0."""
    return Quantity(**{"output": "cats", "of": "a - b", "direction": "below", "smallest": 0.0} | changed)


def test_quantities_are_worked_out_as_written() -> None:
    """A difference, a difference of differences, a ratio of differences and a share of a level. By hand."""
    generator = np.random.default_rng(1)
    each = {name: generator.normal(size=(2, 5, 3)) for name in "abcd"}
    below = {"a": -5.0, "b": 0.0, "c": -2.0, "d": 0.0}
    each = {name: 0.1 * each[name] + below[name] for name in each}
    made = runs(**each)

    def of(**changed: Any) -> Any:
        return measure(quantity(**changed), list("abcd"), ["cats"], made)

    a, b, c, d = each.values()
    assert of().margin == pytest.approx(b - a)
    assert of(less="c - d").above == pytest.approx((a - b) - (c - d))
    share = of(over="c - d", over_is="below", direction="above", null=1.0, smallest=0.5)
    assert by_draw(share) == pytest.approx((a - b).mean(axis=2) / (c - d).mean(axis=2))
    assert (share.holds == (by_draw(share) > 1.5)).all()
    asked = quantity(over="c - d", over_is="below", direction="above", null=1.0, smallest=0.5)
    assert distance(asked, share) == pytest.approx(by_draw(share) - 1.5)
    assert estimate(share)[0] == pytest.approx((a - b).mean() / (c - d).mean())
    level = of(of="a", over="c", over_is="below", smallest=0.02)
    assert (level.holds == (a.mean(axis=2) / c.mean(axis=2) < -0.02)).all()
    other = quantity(over="c - d", over_is="above", direction="above")
    assert not measure(other, list("abcd"), ["cats"], made).holds.any(), "the other side of 0 of over"
    assert (distance(other, measure(other, list("abcd"), ["cats"], made)) == -np.inf).all()


def test_an_effect_for_each_pound_is_divided_by_its_own_spending() -> None:
    shape = (2, 4, 2)
    cats = runs(a=np.full(shape, -6.0), b=np.zeros(shape), c=np.full(shape, -4.0))
    spent = runs(a=np.full(shape, 3.0), b=np.zeros(shape), c=np.full(shape, 1.0))
    made = np.concatenate([cats, spent], axis=-1)
    asked = quantity(of="a - b", less="c - b", per="programme_to_18")
    found = measure(asked, ["a", "b", "c"], ["cats", "programme_to_18"], made)
    assert found.above == pytest.approx(-6 / 3 + 4 / 1)
    assert "programme_to_18" in formula(asked)
    with pytest.raises(InputError, match="programme_to_18 is 0 in a - b"):
        measure(asked, ["a", "b", "c"], ["cats", "programme_to_18"], np.concatenate([cats, 0 * spent], axis=-1))


def test_the_smallest_difference_that_matters_has_to_be_passed() -> None:
    """A fall of 1 in every draw: enough for 0.9, not for 1 and not for 1.1. Exact."""
    made = runs(a=np.zeros((2, 8, 1)), b=np.ones((2, 8, 1)))
    held = [measure(quantity(smallest=least), ["a", "b"], ["cats"], made).holds.mean() for least in (0.9, 1.0, 1.1)]
    assert held == [1.0, 0.0, 0.0]


def test_chance_is_averaged_out_of_a_draw_before_it_is_judged() -> None:
    """Chance reaches far beyond a small effect that is there in every draw; over many seeds of chance it holds."""
    generator = np.random.default_rng(2)
    noise = generator.normal(size=(2, 32, 400))
    found = measure(quantity(), ["a", "b"], ["cats"], runs(a=noise - 0.3, b=np.zeros(noise.shape)))
    assert (found.margin > 0).mean() < 0.7
    assert probability(found.holds).mean == 1.0


@pytest.mark.parametrize("truth", [0.5, 0.9, 0.97])
@pytest.mark.parametrize("alike", [False, True])
def test_bounds_of_the_probability_hold_the_truth_as_often_as_they_say(truth: float, alike: bool) -> None:
    """In 95% of samples each bound lies on its side of the truth, with pairs independent or wholly alike.

    Less three standard errors of 1,000 samples.
    """
    generator = np.random.default_rng(3)
    draws = generator.random((1000, 2, 64)) < truth
    if alike:
        draws[:, 1] = draws[:, 0]
    found = [probability(each) for each in draws]
    least = 0.95 - 3 * np.sqrt(0.95 * 0.05 / 1000)
    assert np.mean([each.low <= truth for each in found]) > least
    assert np.mean([each.high >= truth for each in found]) > least
    assert np.mean([truth - 0.2 < each.low for each in found]) > 0.9, "and they are not idle"


def test_a_verdict_needs_enough_draws() -> None:
    """All draws hold: 4 pairs settle nothing at 0.9, 32 pairs do; both ways."""
    for pairs, said in ((4, (UNDETERMINED, UNDETERMINED)), (32, (SUPPORTED, REFUTED))):
        every = np.ones((2, pairs), bool)
        assert (verdict(probability(every), 0.9), verdict(probability(~every), 0.9)) == said
    assert verdict(probability(np.arange(64).reshape(2, 32) % 2 == 0), 0.9) == UNDETERMINED


def test_a_verdict_of_few_draws_is_never_free_of_doubt() -> None:
    """Of 32 pairs of which all hold, a 66th part of the next is expected not to (Jeffreys); by hand."""
    found = probability(np.ones((2, 32), bool))
    assert found.mean == 1.0
    assert 1 - found.expected == pytest.approx(0.5 / 33)
    assert kept({"one": (found, SUPPORTED)}) == {"one": SUPPORTED}
    few = probability(np.ones((2, 5), bool))
    assert kept({"one": (few, SUPPORTED)}) == {"one": UNDETERMINED}, "0.5 / 6 is more than 5%"


def test_among_many_verdicts_few_are_false() -> None:
    """Truth is drawn from the probabilities: of all verdicts above 6.5% are false, of those kept at most 5%."""
    generator = np.random.default_rng(4)
    chances = generator.choice([0.91, 0.99, 0.02, 0.5], p=[0.7, 0.1, 0.1, 0.1], size=400)
    alone = np.where(chances > 0.9, SUPPORTED, np.where(chances < 0.1, REFUTED, UNDETERMINED))
    found = {str(k): (Probability(p, p, p), str(s)) for k, (p, s) in enumerate(zip(chances, alone, strict=True))}
    told = kept(found)
    truth = generator.random((300, 400)) < chances

    def false_share(verdicts: Any) -> float:
        given = verdicts != UNDETERMINED
        return float((truth != (verdicts == SUPPORTED))[:, given].mean())

    assert false_share(alone) > 0.065
    among = np.array(list(told.values()))
    assert false_share(among) == pytest.approx(0.05, abs=0.006)
    assert set(among[chances == 0.5]) == {UNDETERMINED}
    assert set(among[chances == 0.99]) == {SUPPORTED}
    assert set(among[chances == 0.02]) == {REFUTED}


def test_a_ratio_and_its_error_are_those_of_means() -> None:
    """The jackknife's error is the spread of the estimate over samples, within a fifth. True ratio 0.5."""
    generator = np.random.default_rng(5)

    def sample() -> Any:
        under = generator.normal(4.0, 1.0, (2, 40, 1))
        above = 0.5 * under + generator.normal(0.0, 0.5, under.shape)
        made = runs(a=above, b=np.zeros(above.shape), c=under)
        return measure(quantity(over="c - b", direction="above"), ["a", "b", "c"], ["cats"], made)

    samples = [estimate(sample()) for _ in range(400)]
    means, errors = np.array(samples).T
    assert means.mean() == pytest.approx(0.5, abs=0.01)
    assert errors.mean() == pytest.approx(means.std(), rel=0.2)
    ends = bands(sample())
    assert ends["low_95"] < ends["low_80"] < ends["low_50"] < ends["high_50"] < ends["high_80"] < ends["high_95"]


def test_what_a_verdict_rests_on_is_told_apart() -> None:
    """Numbers that the two draws of a pair share decide all, or nothing."""
    generator = np.random.default_rng(6)
    shared = np.broadcast_to(generator.normal(size=(1, 400, 1)), (2, 400, 2))
    own = np.broadcast_to(generator.normal(size=(2, 400, 1)), (2, 400, 2))
    for made, least, most in ((shared, 0.9, 1.1), (own, -0.15, 0.15)):
        found = rests(measure(quantity(), ["a", "b"], ["cats"], runs(a=made, b=np.zeros(made.shape))))
        assert least < found["verdict_from_assumption"] < most
        assert least < found["from_assumption"] < most
        assert found["from_chance"] == pytest.approx(0.0, abs=1e-9)


# Tipping points


def known(tasks_: int, slope: float, generator: Any) -> tuple[Any, Any]:
    """Let three numbers be drawn, of which the first decides: P(holds) is logistic(slope (x - 2))."""
    values = generator.uniform(0.0, 4.0, (tasks_, 3))
    noise = generator.logistic(size=(2, tasks_))
    return values, slope * (values[:, 0] - 2.0) + noise


def test_a_tipping_point_is_found_where_it_is_known_to_be() -> None:
    """P is 0.9 at 2 + ln 9 / 4 and 0.1 at 2 - ln 9 / 4, along one number of three; its interval holds that."""
    values, margin = known(600, 4.0, np.random.default_rng(7))
    found = tipping_points(["decides", "idle", "other"], values, margin, margin > 0, 0.9)
    assert [point.number for point in found] == ["decides"]
    point = found[0]
    for at, low, high, truth in (
        (point.supported_at, point.supported_low, point.supported_high, 2 + np.log(9) / 4),
        (point.refuted_at, point.refuted_low, point.refuted_high, 2 - np.log(9) / 4),
    ):
        assert at == pytest.approx(truth, abs=0.12)
        assert low < at < high
    assert (point.supported_if, point.refuted_if) == ("above", "below")
    mirrored = tipping_points(["decides", "idle", "other"], -values, margin, margin > 0, 0.9)[0]
    assert (mirrored.supported_if, mirrored.supported_at) == ("below", pytest.approx(-point.supported_at, abs=1e-3))


def test_a_verdict_that_turns_nowhere_has_no_tipping_point() -> None:
    """A number may move a margin that never changes sign, or move a probability too little to turn the verdict."""
    values, margin = known(200, 4.0, np.random.default_rng(8))
    always = tipping_points(["a", "b", "c"], values, margin + 100.0, np.ones(margin.shape, bool), 0.9)[0]
    assert np.isnan([always.supported_at, always.refuted_at]).all()
    values, margin = known(2000, 0.4, np.random.default_rng(9))
    little = tipping_points(["a", "b", "c"], values, margin, margin > 0, 0.9)[0]
    assert np.isnan([little.supported_at, little.refuted_at]).all()


def test_chance_names_no_number() -> None:
    """Of 20 experiments with 100 numbers that move nothing, hardly one names any; one that moves it is first."""
    generator = np.random.default_rng(10)
    named = [bool(key_numbers(generator.random((40, 100)), generator.random((2, 40)))) for _ in range(20)]
    assert sum(named) <= 4
    values = generator.random((40, 100))
    follows = np.tile(values[:, 7], (2, 1))
    assert key_numbers(values, follows)[0] == (7, pytest.approx(1.0))
    follows[:, values[:, 7] < 0.3] = -np.inf
    assert key_numbers(values, follows)[0][0] == 7, "draws that are not defined come last"


def test_a_value_that_parts_all_draws_keeps_the_fit_finite() -> None:
    x = np.linspace(0.0, 1.0, 40)
    a, b = logistic(x, x > 0.5)
    assert np.isfinite([a, b]).all()
    assert -a / b == pytest.approx(0.5, abs=0.02)


# Registered, run, resumed, told


@pytest.mark.slow
def test_a_hypothesis_is_registered_run_and_told(file: Path, tmp_path: Path) -> None:
    """Half of adversity prevented prevents; its hash is in the table, the page and the manifest; again, same bytes."""
    registered = load_hypothesis(file)
    out = tmp_path / "out"
    found = [judge(registered, out)]
    text = page(found, "wellheld hypothesis run mine.toml")
    judging.write(found, out, text)
    assert found[0].verdict == SUPPORTED
    digest = registered.digest
    assert (out / "mine" / judging.REGISTERED).read_bytes() == file.read_bytes()
    assert pd.read_csv(out / "verdicts.csv")["sha256"].tolist() == [digest]
    assert digest in text
    assert digest in screen(found)
    assert digest in (out / "manifest.json").read_text()
    assert max(map(len, screen(found).splitlines())) <= 100
    again = [judge(registered, out)]
    assert page(again, "wellheld hypothesis run mine.toml") == text


@pytest.mark.slow
def test_b_a_hypothesis_that_changed_since_it_was_registered_is_refused(file: Path, tmp_path: Path) -> None:
    judge(load_hypothesis(file), tmp_path / "out")
    file.write_text(FILE.replace("smallest = 0.0", "smallest = 0.01"))
    with pytest.raises(InputError, match=r"has changed since it was registered in .*; put it back"):
        judge(load_hypothesis(file), tmp_path / "out")


def test_a_part_of_the_model_can_be_left_out_beside(file: Path, tmp_path: Path) -> None:
    """The same draws and children under other numbers: with the effect of prevention the same, nothing differs."""
    terms = 'of = "prevented - today"\nless = "prevented_without - today_without"'
    own = FILE.replace("draws = 20", "draws = 2").replace('of = "prevented - today"', terms)
    file.write_text(own + "[without.numbers]\nheal_child = -1.6\n[experiment.numbers]\nheal_child = -1.6\n")
    assert not judge(load_hypothesis(file), tmp_path / "same").measured.margin.any()
    file.write_text(own + "[without.switches]\nchannel_hazards = false\n")
    assert judge(load_hypothesis(file), tmp_path / "other").measured.margin.any()


@pytest.mark.slow
def test_the_command_runs_lists_and_writes(wellheld: Any, here: Path) -> None:
    (here / "mine.toml").write_text(FILE)
    answer = wellheld("hypothesis", "run", "mine.toml", "--out", "out", "--page", "mine.md", "--jobs", "1", "--quiet")
    assert answer.code == 0, answer.err
    assert "mine supported" in answer.out
    assert (here / "mine.md").read_text() == (here / "out" / "hypotheses.md").read_text()
    assert wellheld("hypothesis", "run", "mine.toml", "--json", "--draws", "4").out.count('"hypothesis"') == 1
    listed = wellheld("hypothesis", "list").out
    assert all(f"{name}: " in listed for name in shipped())


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('output = "cats"', 'output = "cat"', "no quantity is called 'cat'. Did you mean 'cats'?"),
        ('"prevented - today"', '"prevent - today"', "key 'quantity.of': 'prevent' is no scenario here. Did you mean"),
        ('"prevented - today"', '"prevented / today"', "'prevented / today' is no term; write a scenario, or one less"),
        ("smallest = 0.0", "smallest = -0.1", "key 'quantity.smallest': -0.1 is outside 0 to any"),
        ("smallest = 0.0", "smallest = inf", "key 'quantity.smallest': inf is not a finite number"),
        ("smallest = 0.0", "", "key 'quantity.smallest': is missing"),
        ("draws = 20", "draws = 0", "key 'experiment.draws': 0 is outside 2 to 200000"),
        ('"below"', '"down"', "key 'quantity.direction': 'down' is not one of 'below' or 'above'"),
        ('"below"', '"below"\nover_is = "below"', "quantity.over_is belongs to over, which is missing; give over"),
        ("level = 0.54", "level = 0.4", "key 'level'"),
        ("draws = 20", 'draws = 20\nplaces = ["sandwell", "dudley"]', "a hypothesis is about one place, or 'region'"),
        (
            "level = 0.54",
            "level = 0.54\n[without.numbers]\ntip_efect = 0.1",
            "no number 'tip_efect'. Did you mean 'tip_",
        ),
        ("draws = 20", 'draws = 20\noutputs = ["dalys"]', "experiment.outputs: follows from the hypothesis itself"),
    ],
)
def test_b_bad_hypotheses_are_refused_in_one_line(refused: Any, here: Path, old: str, new: str, part: str) -> None:
    (here / "bad.toml").write_text(FILE.replace(old, new))
    assert part in refused("hypothesis", "run", "bad.toml", "--out", "out")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("package_cuts_cat", "no hypothesis 'package_cuts_cat'. Did you mean 'package_cuts_cats'?"),
        ("all --draws 0", "--draws 0: is no even number from 2 to 200,000"),
        ("all --draws 7", "--draws 7: is no even number"),
        ("all --children 0", "--children 0 is outside 1 to"),
        ("nowhere.toml", "nowhere.toml: no such file"),
    ],
)
def test_b_bad_words_are_refused_in_one_line(refused: Any, words: str, part: str) -> None:
    assert part in refused("hypothesis", "run", *words.split(), "--out", "out")


@pytest.mark.parametrize("name", list(WORLDS))
def test_shipped_hypotheses_are_whole(name: str) -> None:
    """Each is of its file's name, finds its scenarios and outputs, and says what would refute it."""
    registered = find_hypothesis(name)
    assert isinstance(registered.hypothesis, Hypothesis)
    assert registered.hypothesis.name == name
    assert registered.hypothesis.refuted_by
    assert set_up_hypothesis(registered)[0].pairs == registered.hypothesis.experiment.draws // 2
