"""What deprivation does: who lives where, and what a fall of deprivation leaves of its gradients."""

from typing import Any

import numpy as np
import pytest
from worlds import scenario

from simulation.cohort import run
from simulation.context import Surroundings, year_context
from simulation.deprivation import eased_ratio, joint, lives_where
from simulation.errors import InputError
from simulation.frailty import centred
from simulation.inputs import Tables
from simulation.population import GROUPS, cohort, shares, who_lives_where
from simulation.scenario import Lever, Switches
from simulation.world import World

Values = dict[str, float]
Key = tuple[int, int, int]
PLACES = ("birmingham", "coventry", "dudley", "sandwell", "solihull", "walsall", "wolverhampton", "england")
ALL = {"poverty_causal_share": 1.0}


@pytest.mark.parametrize("place", PLACES)
def test_the_joint_distribution_keeps_both_margins(tables: Tables, values: Values, place: str) -> None:
    """Deciles and groups sum to the table's shares within 1e-12, and odds ratios are those of the weights. Exact."""
    found = who_lives_where(tables, values, place)
    deciles = shares(tables, values, "deprivation", "decile", range(1, 11), place)
    groups = shares(tables, values, "ethnic_groups", "group", GROUPS, place)
    assert found.sum(axis=1) == pytest.approx(deciles / deciles.sum(), abs=1e-12)
    assert found.sum(axis=0) == pytest.approx(groups / groups.sum(), abs=1e-12)
    columns = [[values[f"ethnic_deprivation.{g}.{c}_deprived_tenth"] for g in GROUPS] for c in ("most", "least")]
    weights = lives_where(*np.array(columns))
    there = np.flatnonzero(deciles)
    for table in (found, weights):
        assert (table > 0)[there].all()
    odds = [t[there[0], 1] * t[there[-1], 0] / (t[there[0], 0] * t[there[-1], 1]) for t in (found, weights)]
    assert odds[0] == pytest.approx(odds[1], rel=1e-9)


def test_joint_by_hand_and_where_there_is_none() -> None:
    """Weights of 1 give the product of the margins; an empty decile stays empty; no common support is refused."""
    rows, columns = np.array([0.5, 0.5, *[0.0] * 8]), np.array([0.2, 0.8, 0.0, 0.0, 0.0])
    assert joint(rows, columns, np.ones((10, 5))) == pytest.approx(np.outer(rows, columns), abs=1e-15)
    apart = np.zeros((10, 5))
    apart[0, 0] = apart[1, 1] = 1.0
    with pytest.raises(InputError, match=r"ethnic_deprivation\.csv: no joint distribution keeps both margins"):
        joint(rows, columns, apart)


def test_off_groups_are_drawn_apart_by_the_same_uniforms(tables: Tables, values: Values, key: Key) -> None:
    """Switched on, only the ethnic group of a child changes; with equal ties nothing does. Bit for bit."""
    apart, together = (
        cohort(tables, values, ["sandwell"], 4_000, key, Switches(ethnic_deprivation=on)) for on in (False, True)
    )
    assert (apart["ethnic_group"] != together["ethnic_group"]).any()
    assert all((apart[name] == together[name]).all() for name in apart.dtype.names if name != "ethnic_group")
    level = {f"ethnic_deprivation.{g}.{c}_deprived_tenth": 0.1 for g in GROUPS for c in ("most", "least")}
    assert (
        cohort(tables, values | level, ["sandwell"], 4_000, key, Switches(ethnic_deprivation=True)).tobytes()
        == apart.tobytes()
    )
    most = together["decile"] < 2
    white = together["ethnic_group"] == 0
    assert white[most].mean() < white[~most].mean() - 0.05


def test_ease_is_nothing_at_today_and_all_at_the_least_deprived() -> None:
    """Exactly 1 with nothing eased; with all eased every decile stands where the least deprived does."""
    for ratio in (0.5, 1.0, 2.2, 11.0):
        steps = centred(ratio)
        assert (eased_ratio(steps, np.ones(10)) == 1.0).all()
        assert steps * eased_ratio(steps, np.zeros(10)) == pytest.approx(np.full(10, steps[9]), rel=1e-12)
        assert eased_ratio(steps, np.full(10, 0.5)) ** 2 == pytest.approx(eased_ratio(steps, np.zeros(10)), rel=1e-12)


def test_poverty_that_falls_by_nothing_is_today(
    tables: Tables, values: Values, world: World, sandwell: Any, lived: Any
) -> None:
    """A share of 0, and a causal share of 0, leave every life as it is. Bit for bit."""
    for lever, causal in ((Lever(kind="poverty", add=0.0), 1.0), (Lever(kind="poverty", add=1.0), 0.0)):
        s = Surroundings(tables, values | {"poverty_causal_share": causal}, scenario(lever))
        assert run(s, world, sandwell).children.tobytes() == lived.life.children.tobytes()


def test_poverty_that_falls_whole_makes_everybody_least_deprived(
    tables: Tables, values: Values, world: World, sandwell: Any
) -> None:
    """A share of 1, all causal: everyone lives as if born in decile 10, to rounding of hazards. Records exact."""
    s = Surroundings(tables, values | ALL, scenario(Lever(kind="poverty", add=1.0)))
    least = sandwell.copy()
    least["decile"] = 9
    one, other = (
        run(each, world, people) for each, people in ((s, sandwell), (Surroundings(tables, values, scenario()), least))
    )
    found = one.children.copy()
    found["decile"] = 9
    assert found.tobytes() == other.children.tobytes()


@pytest.mark.parametrize("field", ["gradient", "need_ease", "adult_ease", "child_death_ease"])
def test_poverty_reaches_the_deciles_places_and_years_asked_for(
    tables: Tables, values: Values, world: World, field: str
) -> None:
    """Half as much in the first of two years; nowhere else, and no other decile. Exact."""
    lever = Lever(kind="poverty", add=0.4, deciles=(1, 3), authorities=("dudley",), start=2025, ramp=2)
    s = Surroundings(tables, values | ALL, scenario(lever))
    plain = Surroundings(tables, values, scenario())
    for year, reached in ((0, 0.0), (1, 0.2), (2, 0.4)):
        eased, today = (np.array(getattr(year_context(each, world, year, None), field)) for each in (s, plain))
        dudley = s.places.index("dudley")
        assert (np.delete(eased, dudley, axis=0) == np.delete(today, dudley, axis=0)).all()
        if field == "gradient":
            eased, today = (each.reshape(*each.shape[:2], 10, 5)[..., 0] for each in (eased, today))
        here = (eased / today)[dudley].reshape(-1, 10)
        assert (here[:, 3:] == 1.0).all()
        assert (here[:, :3] < 1.0).any() is np.bool_(reached > 0)
        if field == "child_death_ease":
            steps = centred(values["child_death_ratio"])
            assert here[0, 0] == pytest.approx((steps[9] / steps[0]) ** reached, rel=1e-12)


def test_community_capacity_raises_resilience_where_it_acts(
    tables: Tables, values: Values, world: World, key: Key
) -> None:
    """At 17 children of the place reached are more resilient, each of them; nobody elsewhere is changed. Exact."""
    children = cohort(tables, values, ["dudley", "sandwell"], 300, key)
    lever = Lever(kind="community_capacity", add=0.1, authorities=("dudley",))
    before, after = (
        run(Surroundings(tables, values, scenario(*levers)), world, children, years=18).children
        for levers in ((), (lever,))
    )
    there = before["authority"] == before["authority"][0]
    assert after[~there].tobytes() == before[~there].tobytes()
    alive = there & (before["died"] < 0) & (after["died"] < 0)
    gain = after["resilience"][alive].astype(int) - before["resilience"][alive]
    assert gain.mean() > 50_000
    assert after["unresolved"][there].sum() < before["unresolved"][there].sum()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "poverty", "add": -0.1}, "write the share by which deprivation falls, such as add = 0.1"),
        ({"kind": "poverty", "multiply": 0.9}, "poverty starts from 0, which no factor moves; write add"),
        ({"kind": "poverty", "add": 0.1, "deciles": (3, 1)}, r"deciles \[3, 1\] run backwards"),
        ({"kind": "recovery", "add": 0.1, "deciles": (1, 3)}, "deciles belongs to kind 'poverty', not to 'recovery'"),
        ({"kind": "prevention", "add": 0.1, "cost": 5.0}, "cost belongs to intervention, poverty, not to 'prevention'"),
    ],
)
def test_b_levers_that_poverty_does_not_have_are_refused(keys: dict[str, Any], message: str) -> None:
    """Refused in words that say what to write."""
    with pytest.raises(ValueError, match=message):
        Lever(**keys)


def test_b_spillover_without_amplification_is_refused() -> None:
    """Nothing is felt from elsewhere where nothing is felt at all."""
    with pytest.raises(ValueError, match="spillover = true needs amplification = true"):
        scenario(spillover=True)


def test_poverty_levers_for_different_deciles_stand_beside_each_other() -> None:
    """Two levers of different deciles are allowed, of shared ones not."""
    both = [Lever(kind="poverty", add=0.1, deciles=(1, 3)), Lever(kind="poverty", add=0.2, deciles=(4, 10))]
    assert len(scenario(*both).levers) == 2
    with pytest.raises(ValueError, match="both move poverty"):
        scenario(both[0], Lever(kind="poverty", add=0.2, deciles=(3, 5)))
