"""Children are independent of order, company and labels: what is done to the list is done to no life."""

from typing import Any

import numpy as np
import pytest
from worlds import scenario

from simulation.cohort import run
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.inputs import Tables
from simulation.ledger import Ledger
from simulation.population import cohort
from simulation.world import World


def added(one: Ledger, other: Ledger) -> Ledger:
    """Add the counts of two ledgers."""
    return Ledger(*(a + b for a, b in zip(one[:-2], other[:-2], strict=True)), journal=None, lines=None)


def agree(one: Ledger, other: Ledger) -> bool:
    """Tell whether all counts of two ledgers agree."""
    return all((a == b).all() for a, b in zip(one[:-2], other[:-2], strict=True))


@pytest.mark.parametrize("coupling", [{}, {"amplification": True, "rationing": True}], ids=["free", "coupled"])
def test_m01_order_of_children_changes_no_life(
    tables: Tables, values: dict[str, float], world: World, sandwell: Any, coupling: dict[str, bool]
) -> None:
    """M01: shuffled children live the same lives, with interaction too. Bit for bit."""
    s = Surroundings(tables, values, scenario(**coupling))
    order = np.random.default_rng(7).permutation(len(sandwell))
    straight, shuffled = run(s, world, sandwell), run(s, world, sandwell[order])
    assert shuffled.children.tobytes() == straight.children[order].tobytes()
    assert agree(shuffled.ledger, straight.ledger)


def test_m01_a_child_alone_is_the_child_among_others(
    today: Surroundings, world: World, sandwell: Any, lived: Any
) -> None:
    """M01: with interaction off, each of 20 children alone lives as among 2,000. Bit for bit."""
    for number in range(0, len(sandwell), 100):
        alone = run(today, world, sandwell[number : number + 1]).children
        assert alone.tobytes() == lived.life.children[number : number + 1].tobytes()


def test_m01_a_larger_cohort_begins_with_the_smaller(
    tables: Tables, values: dict[str, float], key: tuple[int, int, int], sandwell: Any
) -> None:
    """M01: asking for more children adds some and changes none. Bit for bit."""
    assert cohort(tables, values, ["sandwell"], 300, key).tobytes() == sandwell[:300].tobytes()


def test_m02_two_halves_are_the_whole(today: Surroundings, world: World, sandwell: Any, lived: Any) -> None:
    """M02: with interaction off, two runs of half the children are one run of all. Bit for bit."""
    first, second = (run(today, world, half) for half in (sandwell[:1_000], sandwell[1_000:]))
    assert np.concatenate([first.children, second.children]).tobytes() == lived.life.children.tobytes()
    assert agree(added(first.ledger, second.ledger), lived.life.ledger)


@pytest.mark.parametrize("place", ["sandwell", "birmingham"])
def test_m03_one_authority_alone_is_itself_within_the_region(
    tables: Tables, values: dict[str, float], key: tuple[int, int, int], world: World, place: str
) -> None:
    """M03: an authority's children live the same alone and among others, amplification and rationing on. Bit for bit.

    Crosstalk between authorities is off: the model has none but within an authority.
    """
    s = Surroundings(tables, values, scenario(amplification=True, rationing=True))
    region = cohort(tables, values, ["dudley", "sandwell", "birmingham"], 400, key)
    alone = cohort(tables, values, [place], 400, key)
    here = region["id"] >> 32 == alone["id"][0] >> 32
    assert region[here].tobytes() == alone.tobytes()
    assert run(s, world, region).children[here].tobytes() == run(s, world, alone).children.tobytes()


def test_e04_same_seed_same_lives_another_seed_others(
    tables: Tables, values: dict[str, float], key: tuple[int, int, int], today: Surroundings, world: World, lived: Any
) -> None:
    """E04: the same seed gives the same bytes of records and ledger; another seed or replicate gives others."""

    def life(its_key: tuple[int, int, int]) -> list[bytes]:
        children = cohort(tables, values, ["sandwell"], 2_000, its_key)
        found = run(today, world._replace(key=its_key), children)
        return [found.children.tobytes(), *(part.tobytes() for part in found.ledger)]

    again = life(key)
    assert again == [lived.life.children.tobytes(), *(part.tobytes() for part in lived.life.ledger)]
    for other in (seed_key(1), seed_key(2), (key[0], key[1], 1), (key[0], 1, 0)):
        assert life(other)[0] != again[0]
