"""The bridge and the reconciliation: they begin at published figures, lose nothing on the way, and end at the run."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import base_case
from experiments.published import bridge as walk
from experiments.published.bridge import QUANTITIES, STAGES, Setting, Stage, one_run
from experiments.published.flow import answers, flow
from experiments.published.folders import bridge_folder
from experiments.published.inputs import load_published
from experiments.published.reconciliation import PARTS, Watched, reconcile
from experiments.published.scenarios import flow_scenario
from simulation.build import build
from simulation.inputs import Tables, load_tables
from simulation.scenario import Scenario, Switches

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
    return walk.bridge(IMPROVED, draws=DRAWS, replicates=4, seed=1)


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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_bridge_ends_at_the_main_job(bridged: pd.DataFrame) -> None:
    """The last row is the headline of the main job with the same draws and seed: lost GDP today, and its difference."""
    headline = base_case.run("sandwell", draws=DRAWS, seed=1).headline.set_index(["scenario", "quantity"])["mean"]
    last = bridged.set_index("stage").loc["main_job"]
    assert last["cost"] == pytest.approx(headline["today", "lost_gdp"], rel=1e-9)
    assert last["avoided"] == pytest.approx(-headline["difference", "lost_gdp"], rel=1e-9)
    assert last["cats_per_child"] == pytest.approx(headline["today", "cats"], rel=1e-9)
    assert walk.main_job(bridged) == (last["cost"], last["cost_mcse"])


@pytest.mark.slow
def test_the_bridge_s_page_says_what_its_numbers_say(bridged: pd.DataFrame) -> None:
    """Every row is on the page, no line is wider than 100 columns, and the sentences carry the table's own figures."""
    reconciled = reconcile(seed=1, replicates=2, main_job=walk.main_job(bridged))
    folder = bridge_folder(bridged, reconciled, "a command", PUBLISHED, load_tables())
    assert all(title in folder.screen for title in bridged["title"])
    assert all(words in folder.screen for words in reconciled["explanation"])
    assert max(map(len, folder.screen.splitlines())) <= 100
    life = bridged.set_index("stage")["cost"]
    assert f"gives {life['uncertain'] / life['life']:.1f} times the lost cost" in " ".join(folder.screen.split())


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
