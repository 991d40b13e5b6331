"""Birth cohorts: every child its own, whoever else is there (V08, M01, M03); and the record as a Mesa agent."""

import dataclasses
from typing import Any

import mesa
import numpy as np
import pytest
from chance import FALSE_ALARM, binomial_agrees
from scipy import optimize, stats

from agents.agent import Child
from agents.child import CHILD, MILLION, NEVER
from agents.names import NONE, Outcome
from simulation.build import authority_names
from simulation.draws import WORD
from simulation.errors import InputError
from simulation.frailty import parents
from simulation.inputs import Tables
from simulation.population import GROUPS, births, cohort, frailty, neighbourhoods, pick, place_cohort, shares

Values = dict[str, float]
Key = tuple[int, int, int]
SIZE = 20_000
PLACES = ("birmingham", "coventry", "dudley", "sandwell", "solihull", "walsall", "wolverhampton")


def mean_limits(values: Values, size: int) -> tuple[float, float]:
    """Bound the mean of independent frailties: Chernoff's bound, at half the false-alarm rate on each side.

    A frailty is a gamma of mean 1 times a ratio by parents; its moment generating function is exact.
    """
    part, ratio = parents(values)
    shape = values["frailty_shape"]
    rate = np.log(2.0 / FALSE_ALARM) / size

    def tilted(t: float) -> tuple[float, float]:
        base = 1.0 - t * ratio / shape
        total = part @ base**-shape
        mean = part @ (ratio * base ** (-shape - 1.0)) / total
        return mean, t * mean - np.log(total)

    largest = shape / ratio.max() * (1.0 - 1e-9)
    upper = optimize.brentq(lambda t: tilted(t)[1] - rate, 1e-9, largest)
    lower = optimize.brentq(lambda t: tilted(t)[1] - rate, -1e3, -1e-9)
    return tilted(lower)[0], tilted(upper)[0]


# V08


@pytest.mark.parametrize("effect", [0.0, 0.15, 0.4])
def test_v08_frailty_has_mean_one_over_an_even_grid(values: Values, effect: float) -> None:
    """V08: by integration over both uniforms."""
    grid = (np.arange(4_000) + 0.5) / 4_000
    drawn = frailty({**values, "parental_effect": effect}, (grid[:, None], grid[None, :]))
    assert drawn.mean() == pytest.approx(1.0, abs=1e-3)
    assert drawn.min() >= 0.0


@pytest.mark.parametrize("effect", [0.0, 0.15])
@pytest.mark.parametrize("seed", [1, 20_240_401])
def test_v08_mean_frailty_is_one_in_a_cohort(tables: Tables, values: Values, effect: float, seed: int) -> None:
    """V08: within exact limits for independent families, false-alarm rate below 1e-6.

    Smallest error caught with 99% power: a mean off by 0.09.
    """
    alone = {**values, "twin_birth_share": 0.0, "parental_effect": effect}
    drawn = cohort(tables, alone, ["england"], SIZE, (seed, 0, 0))["frailty"] / MILLION
    low, high = mean_limits(alone, SIZE)
    assert 0.9 < low < 1.0 < high < 1.1
    assert low <= drawn.mean() <= high


@pytest.mark.parametrize(("uniform", "chosen"), [(0.0, 1), (0.2499, 1), (0.25, 3), (1.0 - 2.0**-32, 3)])
def test_a_class_without_a_share_is_never_picked(uniform: float, chosen: int) -> None:
    assert pick(np.array([uniform]), np.array([0.0, 0.25, 0.0, 0.75, 0.0]))[0] == chosen


def test_classes_are_picked_by_shares_that_need_not_sum_to_one() -> None:
    grid = (np.arange(1_000) + 0.5) / 1_000
    assert np.bincount(pick(grid, np.array([2.0, 1.0, 5.0]))).tolist() == [250, 125, 625]


# Shares


@pytest.mark.parametrize("place", [*PLACES, "england"])
@pytest.mark.parametrize(
    ("table", "column", "field"), [("deprivation", "decile", "decile"), ("ethnic_groups", "group", "ethnic_group")]
)
def test_deciles_and_groups_follow_their_shares(
    tables: Tables, values: Values, key: Key, place: str, table: str, column: str, field: str
) -> None:
    """Chi-square over the classes with a share, false-alarm rate 1e-6; a class without is never drawn.

    Smallest error caught with 99% power: 2 percentage points in a class of a tenth.
    """
    classes = range(1, 11) if table == "deprivation" else GROUPS
    expected = shares(tables, values, table, column, classes, place)
    children = cohort(tables, values, [place], SIZE, key)
    counts = np.bincount(children[field], minlength=len(expected))
    assert counts[expected == 0].sum() == 0
    given = expected > 0
    assert stats.chisquare(counts[given], SIZE * expected[given] / expected.sum()).pvalue > FALSE_ALARM


def test_sexes_and_twins_follow_their_shares(tables: Tables, values: Values, key: Key) -> None:
    """Exact binomial limits at 1e-6; caught with 99% power: 2.6 points of boys, 0.7 points of twins."""
    children = cohort(tables, values, ["england"], SIZE, key)
    assert binomial_agrees((children["sex"] == 0).sum(), SIZE, values["boys_share"])
    twins = (children["family"] != np.arange(SIZE)).sum()
    assert binomial_agrees(twins, SIZE - 1, values["twin_birth_share"] / 2)


def test_twins_share_frailty(tables: Tables, values: Values, key: Key) -> None:
    children = cohort(tables, values, ["england"], SIZE, key)
    second = np.flatnonzero(children["family"] != np.arange(SIZE))
    first = children["family"][second]
    assert len(second) > 100
    assert np.array_equal(children["family"][first], first)
    assert np.array_equal(children["family"][second - 1], first)
    assert np.array_equal(children["frailty"][second], children["frailty"][first])


@pytest.mark.parametrize("place", [*PLACES, "england"])
def test_neighbourhoods_have_one_decile_each(tables: Tables, values: Values, key: Key, place: str) -> None:
    order = authority_names(tables)
    before = sum(int(neighbourhoods(tables, name).sum()) for name in order[: order.index(place)])
    counts = neighbourhoods(tables, place)
    decile_of = np.repeat(np.arange(10), counts)
    children = cohort(tables, values, [place], SIZE, key)
    within = children["neighbourhood"].astype(int) - before
    assert within.min() >= 0
    assert within.max() < counts.sum()
    assert np.array_equal(decile_of[within], children["decile"])


def test_the_reference_has_a_neighbourhood_of_each_decile(tables: Tables) -> None:
    assert neighbourhoods(tables, "england").tolist() == [1] * 10
    assert neighbourhoods(tables, "birmingham").sum() == sum(
        row.neighbourhoods for row in tables.rows["deprivation"] if row.authority == "birmingham"
    )


def test_a_newborn_has_no_past(tables: Tables, values: Values, key: Key) -> None:
    children = cohort(tables, values, ["walsall"], 500, key)
    for name in ("cost", "types", "recent", "ever", "cats", "unresolved", "healed", "conditions", "birth_year"):
        assert not children[name].any(), name
    for name in ("open_since", "referred", "died", "plan_ended", "went_home"):
        assert (children[name] == NEVER).all()
    assert set(children["education"]) == set(children["support"]) == {NONE}
    assert set(children["outcome"]) == {Outcome.NO_NEED}
    middle, spread = values["resilience_start"], values["resilience_spread"]
    resilience = children["resilience"] / MILLION
    assert middle - spread <= resilience.min() < resilience.max() <= middle + spread


# M01 and M03


def test_m01_a_child_does_not_depend_on_the_size_of_its_cohort(tables: Tables, values: Values, key: Key) -> None:
    large = cohort(tables, values, ["dudley"], 3_000, key)
    for size in (1, 2, 100):
        assert np.array_equal(cohort(tables, values, ["dudley"], size, key), large[:size])


def test_m01_places_in_any_order_hold_the_same_children(tables: Tables, values: Values, key: Key) -> None:
    """M01 and M03: each place alone is itself within the region, ids included."""
    region = cohort(tables, values, PLACES, 300, key)
    other = cohort(tables, values, PLACES[::-1], 300, key)
    assert np.array_equal(np.sort(region, order="id"), np.sort(other, order="id"))
    assert len(np.unique(region["id"])) == len(region)
    for k, place in enumerate(PLACES):
        assert np.array_equal(cohort(tables, values, [place], 300, key), region[300 * k : 300 * (k + 1)])


def test_e04_another_seed_or_replicate_gives_other_children(tables: Tables, values: Values, key: Key) -> None:
    mine = cohort(tables, values, ["dudley"], 200, key)
    assert np.array_equal(cohort(tables, values, ["dudley"], 200, key), mine)
    for other in ((key[0] + 1, key[1], 0), (key[0], key[1] + 1, 0), (key[0], key[1], 1)):
        drawn = cohort(tables, values, ["dudley"], 200, other)
        assert not np.array_equal(drawn["frailty"], mine["frailty"])
        assert not np.array_equal(drawn["decile"], mine["decile"])


# Size


def test_without_a_size_a_cohort_is_a_years_births(tables: Tables) -> None:
    for row in tables.rows["authorities"]:
        assert births(tables, row.authority, None) == row.births
        assert births(tables, row.authority, 17) == 17


@pytest.mark.parametrize("children", [0, -1, WORD + 1, 10**12])
def test_a_size_out_of_range_is_refused(tables: Tables, children: int) -> None:
    with pytest.raises(InputError, match=f"--children: {children} is outside 1 to {WORD}; choose a whole number"):
        births(tables, "dudley", children)


@pytest.mark.parametrize(("table", "column"), [("deprivation", "decile"), ("ethnic_groups", "group")])
def test_a_place_without_shares_is_refused(tables: Tables, values: Values, key: Key, table: str, column: str) -> None:
    fewer = {name: x for name, x in values.items() if not name.startswith(f"{table}.dudley.")}
    with pytest.raises(InputError, match=rf"{table}\.csv: no {column} of 'dudley'; add its rows"):
        place_cohort(tables, fewer, "dudley", 10, 2, key)


def test_a_decile_without_a_neighbourhood_still_finds_one(tables: Tables, values: Values, key: Key) -> None:
    """A share without a count would otherwise leave the child outside every neighbourhood."""
    rows = [
        row.model_copy(update={"neighbourhoods": 0}) if (row.authority, row.decile) == ("dudley", 1) else row
        for row in tables.rows["deprivation"]
    ]
    changed = dataclasses.replace(tables, rows={**tables.rows, "deprivation": rows})
    children = place_cohort(changed, values, "dudley", 500, 2, key)
    assert (children["decile"] == 0).any()
    assert children["neighbourhood"].max() < neighbourhoods(changed, "dudley").sum()


# The same fields as a Mesa agent


def test_an_agent_holds_its_record_as_plain_numbers(tables: Tables, values: Values, key: Key) -> None:
    model = mesa.Model(rng=0)
    records: Any = cohort(tables, values, ["solihull"], 3, key)
    for record in records:
        child = Child(model, record)
        assert [getattr(child, name) for name in CHILD.names or ()] == list(record.item())
        assert {type(getattr(child, name)) for name in CHILD.names or ()} == {int}
    model.remove_all_agents()


def test_a_record_stays_small() -> None:
    assert CHILD.itemsize <= 160
