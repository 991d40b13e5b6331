"""Type-specific harm: nothing where types are alike, the published risk at each ACE count where they differ."""

from typing import Any

import numpy as np
import pytest
from chance import binomial_agrees
from worlds import immortal, never_ill, one_year, with_fields, with_scalars

from agents.child import MILLION
from agents.names import ADULT, DAYS, NONE
from experiments.ablation import TOLD, switched
from simulation.build import build, kind_of, number_of
from simulation.cohort import Life, reference, run
from simulation.context import Surroundings
from simulation.errors import InputError
from simulation.harm import type_harms
from simulation.inputs import Tables
from simulation.scenario import Switches
from simulation.world import World, plain
from simulation.year import log_ratio_condition, type_risk

Key = tuple[int, int, int]
Values = dict[str, float]
ON = Switches(type_specific_harm=True)
OWN_FIELDS = ("need_load", "healing", "neglected", "neglect")
"""Fields of a record that only this switch reads or moves."""


def alike_types(values: Values) -> Values:
    """Put every type at the mean, and the effects of long standing at nought."""
    nulls = {f"factor_type_{name}": 0.0 for name in ("need", "healing", "risk")}
    return {**values, **nulls, "longstanding_need": 0.0, "longstanding_risk": 0.0}


def same_life(one: Life, other: Life) -> bool:
    """Tell whether two runs agree in every field but this switch's own, and in every count."""
    fields = [name for name in one.children.dtype.names if name not in OWN_FIELDS]
    return all((one.children[name] == other.children[name]).all() for name in fields) and all(
        (here == there).all() for here, there in zip(one.ledger[:-2], other.ledger[:-2], strict=True)
    )


@pytest.fixture(scope="module")
def by_type(tables: Tables, values: Values, key: Key) -> World:
    """Build the world whose types differ, with nothing else in the relative risks but ACE counts."""
    plain = {**values, "phi": 0.0, "psi": 0.0, "moderation": 0.0}
    return reference(tables, plain, ON, key, 2_000)


def test_types_at_the_mean_change_no_life(
    tables: Tables, values: Values, key: Key, today: Surroundings, sandwell: Any
) -> None:
    """Every type at the mean and no effect of duration: on is off, reference and all. Bit for bit."""
    off, on = (reference(tables, alike_types(values), each, key, 500) for each in (Switches(), ON))
    lives = [run(today, each, sandwell[:500]) for each in (off, on)]
    assert same_life(*lives)
    assert lives[1].children["neglected"].max() > 3
    assert (on.mean_type_risk == 0).all()


@pytest.mark.parametrize("name", ["factor_type_need", "factor_type_healing", "factor_type_risk", "longstanding_need"])
def test_each_difference_alone_changes_lives(
    tables: Tables, values: Values, key: Key, today: Surroundings, sandwell: Any, name: str
) -> None:
    """Each of the differences alone is one: the test above could fail."""
    plain = alike_types(values)
    off, on = (build(tables, {**plain, name: value}, ON, key) for value in (0.0, 1.0))
    assert not same_life(*(run(today, each, sandwell[:500]) for each in (off, on)))


def test_v31_mean_relative_risk_by_count_with_types_that_differ(
    today: Surroundings, by_type: World, england: Any
) -> None:
    """V31: at each ACE count of the reference cohort, the mean relative risk of each mental illness is the curve's.

    Counts are 0 to 5 and six or more; children of one count differ, and other conditions do not. To rounding.
    """
    people = run(today, by_type, england[:2_000]).children.view(np.recarray)
    people = people[people["died"] >= (ADULT - 1) * DAYS]
    counts, told = np.minimum(people["aces"], 6), plain(by_type)
    assert set(counts.tolist()) == set(range(7))
    for number in np.flatnonzero(by_type.mental):
        ratio = np.exp([log_ratio_condition(child, told, int(number), ADULT) for child in people])
        for count in range(7):
            curve = np.exp(by_type.log_ratio[number][min(count, 4)])
            assert ratio[counts == count].mean() == pytest.approx(curve, rel=1e-12)
            assert ratio[counts == count].std() > 0.01
    for number in np.flatnonzero(by_type.mental == 0):
        assert {log_ratio_condition(child, told, int(number), ADULT) for child in people} == set(
            by_type.log_ratio[number][:5]
        )


def test_no_ratio_is_above_its_ceiling(today: Surroundings, by_type: World, england: Any) -> None:
    """The bound that spares exponentials holds for everybody. Exact."""
    people = run(today, by_type, england[:2_000]).children.view(np.recarray)
    told = plain(by_type)
    for number in range(len(by_type.weights)):
        for child in people:
            ceiling = by_type.ratio_ceiling[number][min(int(child.exposure) // MILLION, 8)]
            assert np.exp(log_ratio_condition(child, told, number, ADULT)) <= ceiling


def test_needs_and_healing_are_centred_on_the_mean_event(tables: Tables, values: Values, by_type: World) -> None:
    """Over the events of an average child the weighted mean of needs is that of severities; of healing, 0.

    To the rounding of whole hundredths.
    """
    weights = by_type.hazard.sum(axis=1)
    rows = by_type.adversities
    assert weights @ rows["need_load"] == pytest.approx(weights @ rows["severity"], abs=0.5 * weights.sum())
    assert weights @ rows["healing"] == pytest.approx(0, abs=0.5 * weights.sum())
    assert len(set((rows["need_load"] / rows["severity"]).round(2))) > 3


def test_a_type_at_the_mean_heals_at_the_baseline(tables: Tables, values: Values) -> None:
    """A type whose log-odds are the weighted mean has nothing added; equal types have nothing added. Exact."""
    kinds = [row.adversity for row in tables.rows["adversities"]]
    weights = np.ones(len(kinds))
    raw = np.array([values[f"type_harm.{kind}.healing_log_odds"] for kind in kinds])
    others = {**values, "type_harm.bullying.healing_log_odds": float(np.delete(raw, kinds.index("bullying")).mean())}
    assert type_harms(tables, others, weights, True).healing[kinds.index("bullying")] == 0
    equal = {**values, **{f"type_harm.{kind}.healing_log_odds": 0.7 for kind in kinds}}
    assert (type_harms(tables, equal, weights, True).healing == 0).all()


def test_a_child_worked_by_hand(tables: Tables, values: Values, by_type: World, england: Any) -> None:
    """Sexual abuse and parental separation, five years of neglect: risk, and healing of two of four events. Exact."""
    share, after, each = values["causal_share_mental"], values["longstanding_after"], values["longstanding_risk"]
    kinds = [kind_of(tables, name) for name in ("sexual_abuse", "parental_separation")]
    child = england[:1].copy().view(np.recarray)
    child["types"] = sum(1 << kind for kind in kinds)
    child["neglected"] = 5
    told = plain(by_type)
    assert (after, each) == (2, 0.05)
    assert type_risk(child[0], told) == pytest.approx(share * (0.2 - 0.17 + 3 * 0.05), rel=1e-12)
    child["aces"] = 2
    depression = int(np.flatnonzero(by_type.moderated)[-1])
    child["exposure"] = 2 * MILLION
    assert log_ratio_condition(child[0], told, depression, 40) == pytest.approx(
        by_type.log_ratio[depression][2] + type_risk(child[0], told) - by_type.mean_type_risk[17][2], rel=1e-12
    )


def test_unresolved_harm_heals_in_proportion(
    tables: Tables, values: Values, today: Surroundings, key: Key, sandwell: Any
) -> None:
    """Four events of 700 hundredths of need and -45 of healing: k healed take k quarters, rounded down. Exact."""
    world = never_ill(immortal(build(tables, values, ON, key)))
    still = with_scalars(world, heal_child=0.0, heal_adult=0.0)._replace(adult_hazard=np.zeros_like(world.adult_hazard))
    adults = with_fields(
        sandwell, birth_year=-30, education=NONE, unresolved=4, severity=500, need_load=700, healing=-45
    )
    after, _ = one_year(today, still, adults, 0)
    healed = after["healed"].astype(int)
    assert set(healed.tolist()) == {0, 1, 2, 3, 4}
    assert (after["need_load"] == 700 - 700 * healed // 4).all()
    assert (after["healing"] == -45 - (-45 * healed // 4)).all()
    assert (after["healing"][healed == 4] == 0).all()


@pytest.mark.parametrize("added", [-200, 0, 80])
def test_healing_follows_the_mean_of_the_types(
    tables: Tables, values: Values, today: Surroundings, key: Key, sandwell: Any, added: int
) -> None:
    """Events whose types add a mean of x log-odds heal at the baseline plus x: the binomial mean, at 1e-6.

    8,000 events: 99% power for a probability off by 0.04.
    """
    world = never_ill(immortal(build(tables, values, ON, key)))
    still = with_scalars(world, heal_adult=-0.5, heal_per_resilience=0.0)._replace(
        adult_hazard=np.zeros_like(world.adult_hazard)
    )
    adults = with_fields(sandwell, birth_year=-30, education=NONE, unresolved=4, severity=400, healing=added)
    after, _ = one_year(today, still, adults, 0)
    chance = 1 / (1 + np.exp(0.5 - added / 100 / 4))
    assert binomial_agrees(int(after["healed"].sum()), 4 * len(adults), chance)


def test_neglect_goes_on_and_ends_when_looked_after(
    tables: Tables, values: Values, today: Surroundings, key: Key, sandwell: Any
) -> None:
    """Neglect that always goes on is counted every year; a placement ends it; one that never does, once. Exact."""
    world = never_ill(immortal(build(tables, values, ON, key)))
    quiet = world._replace(hazard=np.zeros_like(world.hazard))
    foster = number_of(tables, "foster_care")
    for goes_on, support, years, goes in ((1.0, NONE, 4, 1), (0.0, NONE, 3, 0), (1.0, foster, 3, 0)):
        children = with_fields(
            sandwell[:50],
            birth_year=-3,
            education=number_of(tables, "early_years"),
            support=support,
            neglect=1,
            neglected=3,
        )
        after, _ = one_year(today, with_scalars(quiet, neglect_goes_on=goes_on), children, 0)
        assert set(after["neglected"].tolist()) == {years}
        assert set(after["neglect"].tolist()) == {goes}


def test_off_says_what_is_wrong(tables: Tables) -> None:
    """B: an unknown switch and too few seeds are refused in one line."""
    with pytest.raises(InputError, match=r"^switch: unknown switch 'type_specific'"):
        switched("type_specific")
    with pytest.raises(InputError, match=r"^seeds: 1 is below 2"):
        switched("type_specific_harm", seeds=1)


@pytest.mark.slow
def test_the_switch_is_an_output(tables: Tables) -> None:
    """Twins with types that differ and without: the same ACEs at birth's draws, other DALYs; paired by seed."""
    table = switched("type_specific_harm", children=300, seeds=2)
    assert list(table["of"]) == ["today", "avoided"] * len(TOLD)
    assert table["difference"].to_numpy() == pytest.approx((table["on"] - table["off"]).to_numpy(), abs=1e-6)
    dalys = table[table["quantity"] == "DALYs due to adversity"]
    assert (dalys["difference"] != 0).all()
    assert (table["mcse"] >= 0).all()
