"""The bridge and the reconciliation: they begin at published figures, lose nothing on the way, and end at the run."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agents.names import Flow
from experiments import base_case
from experiments.plan import REFERENCE_CHILDREN, REFERENCE_SEED
from experiments.published import ace_burden, reconstruction
from experiments.published import bridge as walk
from experiments.published.bridge import QUANTITIES, STAGES, Setting, Stage, one_run
from experiments.published.children import DIFFERENCES, limit_numbers, same, values_without
from experiments.published.flow import answers, flow
from experiments.published.folders import bridge_folder
from experiments.published.inputs import load_published
from experiments.published.reconciliation import PARTS, Watched, causal_part, one_seed, reconcile, totals
from experiments.published.scenarios import flow_scenario
from simulation.build import authority_names, build
from simulation.cohort import reference, run
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.economics import gdp_per_head
from simulation.inputs import Tables, load_tables
from simulation.outcomes import sums
from simulation.population import cohort
from simulation.scenario import Scenario, Switches

pytestmark = pytest.mark.slow

PUBLISHED = load_published()
IMPROVED = flow_scenario("improved", PUBLISHED)
DRAWS = 4


@pytest.fixture(scope="module")
def setting(tables: Tables) -> Setting:
    """Give what every stage reads."""
    return Setting(tables, PUBLISHED, PUBLISHED.values(), IMPROVED, 7)


@pytest.fixture(scope="module")
def bridged() -> pd.DataFrame:
    """Walk the whole bridge, small."""
    others = reconstruction.other_sets(PUBLISHED, IMPROVED, 1, 1)
    return walk.bridge(IMPROVED, draws=DRAWS, replicates=4, seed=1, others=others)


def test_stages_switch_on_one_difference_at_a_time() -> None:
    """Each stage keeps what the one before had, and adds one kind of thing."""
    for before, after in pairwise(STAGES):
        assert before.present == after.present[: len(before.present)]
        added = [
            len(after.present) - len(before.present),
            after.childhood - before.childhood,
            after.switches.amplification - before.switches.amplification,
        ]
        # Rationing is part of capacity, and comes with its numbers.
        assert sum(added) == 1
    names = [stage.name for stage in STAGES]
    assert names == [
        "individuals",
        "movement",
        "childhood",
        "capacity",
        "leaving",
        "instability",
        "amplification",
        "rates",
        "effects",
    ]


def test_individuals_stand_at_the_flow_model(setting: Setting) -> None:
    """With every difference off, eight seeds of pupils give the flow model's answers within 4 standard errors."""
    found = np.array([one_run(setting, STAGES[0], replicate) for replicate in range(8)])
    given = answers(flow(PUBLISHED, PUBLISHED.values()), flow(PUBLISHED, PUBLISHED.values(), IMPROVED))
    expected = [given.fewer_cats, given.cost, given.cost - given.improved_cost]
    error = found[:, 1:].std(axis=0, ddof=1) / np.sqrt(8)
    assert (np.abs(found[:, 1:].mean(axis=0) - expected) <= 4.0 * error).all()
    assert (error <= 0.02 * np.array(expected)).all()


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_no_lever_no_gain_at_any_stage(setting: Setting, stage: Stage) -> None:
    """V25: a scenario that changes nothing gains exactly nothing, whatever is switched on."""
    found = one_run(setting._replace(improvement=Scenario.today()), stage, 0)
    assert found[QUANTITIES.index("fewer_cats")] == found[QUANTITIES.index("avoided")] == 0.0


def test_same_seed_same_stage_whatever_the_threads() -> None:
    """E04: a stage gives the same figures again, and others under another seed."""
    own = PUBLISHED.values()
    here = [
        one_run(Setting(load_tables(), PUBLISHED, own, IMPROVED, seed), STAGES[2], 0).tobytes() for seed in (1, 1, 2)
    ]
    assert here[0] == here[1] != here[2]


def test_the_bridge_begins_at_the_published_answer_and_its_changes_sum(bridged: pd.DataFrame) -> None:
    """Level by level: each row is the one above plus its change; the first row is the published one."""
    assert list(bridged["stage"])[:2] == ["published", "rebuilt"]
    assert bridged.loc[0, ["fewer_cats", "cost", "avoided"]].tolist() == [0.04, 277.0, 18.0]
    for name in QUANTITIES[1:]:
        levels, changes = bridged[name].to_numpy(), bridged[f"{name}_change"].to_numpy()
        assert np.diff(levels) == pytest.approx(changes[1:], abs=1e-9)
    errors = bridged.loc[3:, [f"{name}_change_mcse" for name in QUANTITIES]].to_numpy()
    assert np.isfinite(errors).all()
    life = bridged.set_index("stage").loc["life"]
    assert life["cats_per_child_change"] == life["fewer_cats_change"] == 0.0


def test_other_sets_walk_other_steps(bridged: pd.DataFrame) -> None:
    """The change of the set of the tables lies within the least and the most over sets, which differ."""
    here = bridged.dropna(subset=["avoided_change_least"])
    assert list(here["stage"]) == [stage.name for stage in STAGES[1:]]
    for name in QUANTITIES:
        low, own, high = (here[f"{name}_change{end}"].to_numpy() for end in ("_least", "", "_most"))
        assert ((low <= own + 1e-12) & (own <= high + 1e-12)).all()
        assert (low < high).all()


def test_the_bridge_ends_at_the_main_job(bridged: pd.DataFrame) -> None:
    """The last row is the headline of the main job with the same draws and seed: lost GDP today, and its difference."""
    headline = base_case.run("sandwell", draws=DRAWS, seed=1).headline.set_index(["scenario", "quantity"])["mean"]
    last = bridged.set_index("stage").loc["main_job"]
    assert last["cost"] == pytest.approx(headline["today", "lost_gdp"], rel=1e-9)
    assert last["avoided"] == pytest.approx(-headline["difference", "lost_gdp"], rel=1e-9)
    assert last["cats_per_child"] == pytest.approx(headline["today", "cats"], rel=1e-9)
    assert walk.main_job(bridged) == (last["cost"], last["cost_mcse"])


def test_the_bridge_s_page_says_what_its_numbers_say(bridged: pd.DataFrame) -> None:
    """Every row is on the page, no line is wider than 100 columns, and the sentences carry the table's own figures."""
    reconciled = reconcile(seed=1, replicates=2, main_job=walk.main_job(bridged))
    folder = bridge_folder(bridged, reconciled, "a command", PUBLISHED, load_tables())
    assert all(title in folder.screen for title in bridged["title"])
    assert all(words in folder.screen for words in reconciled["explanation"])
    assert max(map(len, folder.screen.splitlines())) <= 100
    life = bridged.set_index("stage")["cost"]
    assert f"gives {life['value'] / life['life']:.1f} times the lost cost" in " ".join(folder.screen.split())


# Lost GDP, from top down to bottom up


@pytest.fixture(scope="module")
def reconciled() -> pd.DataFrame:
    """Tie lost GDP of Sandwell at both ends, with three seeds."""
    return reconcile(seed=1, replicates=3, main_job=(90.0, 3.0))


def test_parts_sum_to_the_whole_difference(reconciled: pd.DataFrame) -> None:
    """From the published total to the last row, every part is named and the amounts add up exactly."""
    assert list(reconciled["part"]) == ["published", *(part for part, _ in PARTS), "drawn"]
    assert reconciled["amount"].iloc[0] == 256.15
    assert reconciled["amount"].cumsum().to_numpy() == pytest.approx(reconciled["total"].to_numpy(), abs=1e-9)
    assert reconciled["total"].iloc[-1] == 90.0


def test_the_first_parts_by_hand(reconciled: pd.DataFrame) -> None:
    """Top down by hand for Sandwell: ten conditions, then eight, then at the causal share of 0.55 of each log risk."""
    rows = {(row.condition, row.figure): row.value for row in PUBLISHED.rows["ace_cost_conditions"]}
    names = list(dict.fromkeys(name for name, _ in rows))
    totals = dict(zip(reconciled["part"], reconciled["total"], strict=True))

    def lost(chosen: list[str], share: float) -> float:
        whole = 0.0
        for name in chosen:
            x = 0.215 * (rows[name, "relative_risk_1"] ** share - 1) + 0.255 * (
                rows[name, "relative_risk_2"] ** share - 1
            )
            rate = rows.get((name, "daly_rate"), rows.get((name, "daly_rate_of_risk_factor")))
            assert rate is not None
            whole += x / (1 + x) * rate * 3.285 * 23_200 / 1e6
        return whole

    diseases = [name for name in names if name not in ("smoking", "obesity")]
    assert totals["inputs"] == pytest.approx(lost(names, 1.0), rel=1e-9)
    assert totals["overlap"] == pytest.approx(lost(diseases, 1.0), rel=1e-9)
    assert totals["causal"] == pytest.approx(lost(diseases, 0.55), rel=1e-9)


def test_signs_that_must_hold(reconciled: pd.DataFrame) -> None:
    """Leaving out overlap and non-causal parts lowers the total; deaths add; spared deaths, coming later, take away."""
    amount = dict(zip(reconciled["part"], reconciled["amount"], strict=True))
    assert amount["overlap"] < 0
    assert amount["causal"] < 0
    assert amount["deaths"] > 0
    assert amount["later_deaths"] < 0


def test_without_relative_risks_nothing_is_attributed(
    tables: Tables, values: dict[str, float], key: Any, sandwell: Any
) -> None:
    """V21: where every relative risk is 1 the attributable fraction of each condition and of death is 0 at any age."""
    world = build(tables, values, Switches(), key)
    world = world._replace(
        log_ratio=np.zeros_like(world.log_ratio), log_ratio_death=np.zeros_like(world.log_ratio_death)
    )
    seen = Watched(world._replace(moderated=np.zeros_like(world.moderated)))
    records = sandwell.copy()
    records["exposure"] = 3_000_000
    seen.watch(40, records)
    assert (seen.fraction == 0.0).all()


def test_attributable_fraction_by_hand(tables: Tables, values: dict[str, float], key: Any, sandwell: Any) -> None:
    """V21: half of the people at a relative risk r, the others at 1: the fraction is (r - 1) / (r + 1)."""
    world = build(tables, values, Switches(), key)
    seen = Watched(world._replace(moderated=np.zeros_like(world.moderated)))
    records = sandwell.copy()
    records["exposure"] = np.where(np.arange(len(records)) % 2, 4_000_000, 0)
    records["sex"] = np.arange(len(records)) // 2 % 2
    seen.watch(40, records)
    ratio = np.exp(world.log_ratio[:, 4])
    for sex in (0, 1):
        assert seen.fraction[:-1, sex, 40] == pytest.approx((ratio - 1) / (ratio + 1), rel=1e-9)


def test_the_last_part_is_the_paired_difference(tables: Tables, values: dict[str, float]) -> None:
    """V23: the chain ends at lost GDP of paired lives as the main job sums it; people are the years lived."""
    world = reference(tables, values, Switches(), seed_key(1, REFERENCE_SEED), REFERENCE_CHILDREN)
    key = seed_key(1, 0)
    lives = one_seed(tables, values, world, "sandwell", key)
    here, s = world._replace(key=key), Surroundings(tables, values, Scenario.today())
    children = cohort(tables, values, ["sandwell"], None, key)
    today = run(s, here, children)
    own, none = (
        sums(tables, values, life, ["sandwell"])
        for life in (today, run(s, here._replace(p=here.p._replace(adversity=0.0)), children))
    )
    chain = totals(tables, values, PUBLISHED, "sandwell", lives)
    assert chain[-1] == pytest.approx(float((own["lost_gdp"] - none["lost_gdp"])[0]) / 1e6, rel=1e-9)
    assert lives.people == pytest.approx(float(own["lived"][0]), rel=1e-12)
    # But for the few years at whose end nobody who is ill is left alive.
    assert lives.yld.sum() == pytest.approx(float(own["yld"][0]), rel=1e-4)
    parts = dict(zip((part for part, _ in PARTS), chain, strict=True))
    healthy = gdp_per_head(tables, values)
    assert parts["value"] / parts["population"] == pytest.approx(healthy / 23_200, rel=1e-12)
    assert parts["population"] / parts["causal"] == pytest.approx(lives.people / 328_500, rel=1e-12)
    assert parts["illness"] == pytest.approx(float(lives.fraction @ lives.yld) * healthy / 1e6, rel=1e-12)
    # Exposure: the model's fractions on published DALYs, at the same people and value as the row before.
    rates = {row.condition: row.value for row in PUBLISHED.rows["ace_cost_conditions"] if row.figure == "daly_rate"}
    names = [row.condition for row in tables.rows["conditions"]]
    due = sum(lives.fraction[names.index(name)] * rate for name, rate in rates.items())
    assert parts["exposure"] == pytest.approx(due * lives.people / 1e5 * healthy / 1e6, rel=1e-12)


def test_deaths_are_counted_by_the_fraction_of_their_age_and_sex(
    tables: Tables, values: dict[str, float], key: Any, sandwell: Any
) -> None:
    """Years of life lost times the attributable fraction of deaths, by hand for two people."""
    seen = Watched(build(tables, values, Switches(), key))
    seen.fraction[-1, 0, 40], seen.fraction[-1, 1, 70] = 0.25, 0.5
    people = sandwell[:2].copy()
    people["birth_year"], people["sex"] = 0, [0, 1]
    people["died"], people["yll"] = [40 * 365 + 10, 70 * 365 + 364], [8_000_000, 4_000_000]
    assert seen.deaths(people) == pytest.approx(0.25 * 8 + 0.5 * 4, rel=1e-12)


def test_mental_conditions_take_their_own_causal_share(tables: Tables, values: dict[str, float]) -> None:
    """Depression by the share of mental health, cancer by the other."""
    given = ace_burden.inputs(PUBLISHED, PUBLISHED.values())
    given = given._replace(risk_1=np.array([2.0, 2.0]), risk_2=np.array([4.0, 4.0]))
    shares = {**values, "causal_share_mental": 0.5, "causal_share_other": 1.0}
    kept = causal_part(tables, shares, given, ["depression", "cancer"])
    assert kept.risk_1 == pytest.approx([2.0**0.5, 2.0])
    assert kept.risk_2 == pytest.approx([2.0, 4.0])


# Rows


def test_central_rows_by_hand() -> None:
    """Two stages of three seeds: means, errors of means, and the error of a paired change."""
    found = np.zeros((len(STAGES), 3, 4))
    found[:3] = np.array([[1.0, 2.0, 3.0], [2.0, 3.0, 7.0], [2.0, 3.0, 8.0]])[:, :, None]
    _, second, third, *_ = walk.central_rows(found)
    assert second.mean[0] == 4.0
    assert second.mcse[0] == pytest.approx(np.std([2, 3, 7], ddof=1) / np.sqrt(3))
    assert second.change[0] == pytest.approx(2.0)
    assert second.change_mcse[0] == pytest.approx(np.std([1, 1, 4], ddof=1) / np.sqrt(3))
    assert third.change[0] == pytest.approx(1.0 / 3.0)
    assert third.change_mcse[0] == pytest.approx(np.std([0, 0, 1], ddof=1) / np.sqrt(3))


def test_drawn_rows_by_hand() -> None:
    """The first drawn row stands against an independent one, so that both errors count; the next is paired."""
    runs = np.random.default_rng(4).normal(size=(3, 2, 8, 2, 4))
    last = walk.Line("effects", "", np.full(4, 1.0), np.full(4, 0.5), np.zeros(4), np.zeros(4))
    uncertain, valued, life, job = walk.drawn_rows(last, [runs, runs + 1.0])
    assert uncertain.change == pytest.approx(runs[0].mean(axis=(0, 1, 2)) - 1.0)
    assert uncertain.change_mcse == pytest.approx(np.hypot(uncertain.mcse, 0.5))
    assert valued.change == pytest.approx((runs[1] - runs[0]).mean(axis=(0, 1, 2)))
    assert life.change == pytest.approx((runs[2] - runs[1]).mean(axis=(0, 1, 2)))
    assert job.change == pytest.approx(np.ones(4))
    assert job.change_mcse == pytest.approx(np.zeros(4), abs=1e-9)


def test_cost_is_of_living_children_by_place(setting: Setting, sandwell: Any) -> None:
    """Three CATs of a pupil and two of a fostered child; the dead and the grown cost nothing more."""
    children = sandwell[:4].copy()
    names = [row.service for row in setting.tables.rows["services"]]
    children["cats"], children["support"] = [3, 2, 5, 7], [255, names.index("foster_care"), 255, 255]
    children["birth_year"], children["died"] = [0, 0, 0, -10], [-100_000, -100_000, 100, -100_000]
    watch, costs = walk.cost_watcher(setting)
    watch(10, children)
    value = {
        name: setting.flow_values[f"flow_numbers.{name}.value"] for name in ("dalys_per_cat", "cost_ratio_per_level")
    }
    each = value["dalys_per_cat"] * 23_200 / 1e6
    assert costs == [pytest.approx(each * (3 + 2 * value["cost_ratio_per_level"] ** 4), rel=1e-12)]


def test_stages_run_under_their_switches_and_references(setting: Setting) -> None:
    """Limited places change a stage; what amplifies is measured against England's less deprived children."""
    by_name = {stage.name: stage for stage in STAGES}
    limited = one_run(setting, by_name["capacity"], 0)
    unlimited = one_run(setting, by_name["capacity"]._replace(switches=Switches()), 0)
    assert limited[0] < unlimited[0]
    stage, absent = by_name["amplification"], DIFFERENCES[4:]
    numbers = limit_numbers(setting.tables, PUBLISHED, setting.flow_values)
    found = values_without(setting.tables, numbers, absent, setting.tables.values())
    world = walk.stage_world(setting, stage, found, absent, 0)
    place = cohort(setting.tables, found, ["sandwell"], 4_000, seed_key(7, 0))
    rules = walk.with_switches(Scenario.today(), Switches(rationing=True))
    life = run(Surroundings(setting.tables, found, rules), world, same(place), years=18)
    here = authority_names(setting.tables).index("sandwell")
    burden = life.ledger.unresolved[:, here] / life.ledger.flows[:, here, Flow.CHILDREN_AT_31_MARCH]
    assert burden[10] / world.mean_burden[10] == pytest.approx(1.24, abs=0.12)
