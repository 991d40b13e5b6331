"""A simulated child's life in words: in order, complete, and the same life as in the whole cohort."""

import re
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agents.names import Entry
from experiments import timeline
from experiments.timeline import REFERENCE_CHILDREN, words
from simulation.cohort import reference, run
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.errors import InputError
from simulation.inputs import Tables
from simulation.ledger import JOURNAL
from simulation.population import cohort
from simulation.scenario import Scenario, Switches

CHILDREN = 40
TOLD = (0, 3, 17, 39)
LINE = re.compile(r"age +(\d+), day +(\d+)  (.+)")


@cache
def told(child: int) -> tuple[str, ...]:
    """Tell a child's life once."""
    return tuple(words(child, children=CHILDREN))


def events(child: int) -> list[tuple[int, int, str]]:
    """Read a life's events: age, day of the year and words."""
    lines = [LINE.fullmatch(line) for line in told(child)[2:-1]]
    assert all(lines)
    return [(int(each[1]), int(each[2]), each[3]) for each in lines if each]


@pytest.fixture(scope="module")
def lives(tables: Tables) -> Any:
    """Let the whole cohort that the children are of live, under the same numbers."""
    values, key = tables.values(), seed_key(1)
    world = reference(tables, values, Switches(), key, REFERENCE_CHILDREN)
    children = cohort(tables, values, ["sandwell"], CHILDREN, key)
    return run(Surroundings(tables, values, Scenario.today()), world, children).children


@pytest.mark.parametrize("child", TOLD)
def test_a_life_begins_with_who_it_is_and_ends_with_a_sum(child: int) -> None:
    """First who it is, and that it is no real child; then school; last what the life adds up to."""
    lines = told(child)
    assert lines[0] == f"Simulated child {child} of sandwell, seed 1, Today. Not a real child."
    assert re.fullmatch(r"A (boy|girl), ethnic group \w+, born into deprivation decile \d+ \(.+\)\.", lines[1])
    assert lines[2] == "age   0, day   0  Setting: Early years"
    assert lines[-1].startswith("In all: ")


@pytest.mark.parametrize("child", TOLD)
def test_a_life_is_told_in_order_and_ends_in_death(child: int) -> None:
    """Ages and days ascend, days lie within a year of 365, and nothing happens after death."""
    found = events(child)
    assert [each[:2] for each in found] == sorted(each[:2] for each in found)
    assert all(0 <= day < 365 for _, day, _ in found)
    assert [what for _, _, what in found].count("Dies") == 1
    assert found[-1][2] == "Dies"


@pytest.mark.parametrize("child", TOLD)
def test_what_is_told_is_what_the_record_counts(child: int, lives: Any) -> None:
    """CATs, adult adversities, healing and death told are those of the child's record in the whole cohort. Exact."""
    record, found = lives[child], events(child)
    told_of = [what for _, _, what in found]
    childhood = [age for age, _, what in found if what.startswith("Adversity: ")]
    healed = [int(what.split()[0]) for what in told_of if what.endswith("healed")]
    assert len(childhood) == record["cats"]
    assert all(age < 18 for age in childhood)
    assert sum(what.startswith("Adult adversity: ") for what in told_of) == record["aats"]
    assert sum(healed) == record["healed"]
    assert next(365 * age + day for age, day, what in found if what == "Dies") == record["died"]
    numbers = f"{record['cats']} childhood and {record['aats']} adult adversities, {record['healed']} healed"
    assert numbers in told(child)[-1]
    assert f"services cost {record['cost'] / 10_000:,.0f} GBP" in told(child)[-1]


def test_the_children_told_of_meet_adversity(lives: Any) -> None:
    """The lives told are not all quiet ones, else nothing above is tested."""
    assert lives["cats"][list(TOLD)].sum() >= 5
    assert lives["healed"][list(TOLD)].sum() >= 5


def test_the_same_child_has_the_same_life() -> None:
    """E04: told twice, a life is the same; under another seed it is another. Exact."""
    assert words(3, children=CHILDREN) == list(told(3))
    assert words(3, children=CHILDREN, seed=2)[1:] != list(told(3))[1:]


def test_a_life_within_its_neighbourhood_can_be_told() -> None:
    """Where children act on each other all of them live, and one is told of."""
    coupled = Scenario(name="coupled", title="Coupled", switches=Switches(amplification=True, rationing=True))
    lines = words(3, scenario=coupled, children=CHILDREN)
    assert lines[0] == "Simulated child 3 of sandwell, seed 1, Coupled. Not a real child."
    assert lines[1] == told(3)[1]
    assert sum(line.endswith("  Dies") for line in lines) == 1


def test_what_a_year_held_is_told_at_death_and_death_is_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """A year is planned before death is known: its later lines are told on the day of death, before it. By hand."""
    start = 10 * 365
    journal = [
        (start, Entry.SETTING, 0, 0),
        (start + 364, Entry.HEALED, 0, 2),
        (start + 100, Entry.DEATH, 0, 0),
        (start + 200, Entry.REFERRAL, 0, 0),
        (start + 40, Entry.RECORDED_EVENT, 0, 0),
    ]

    def lived(s: Any, world: Any, begun: Any, room: int, watched: int) -> Any:
        record = begun.copy()
        record["died"] = start + 100
        lines = np.array([(watched, day, entry, detail, number) for day, entry, detail, number in journal], JOURNAL)
        return SimpleNamespace(
            children=record, ledger=SimpleNamespace(journal=lines, lines=np.array([len(lines), room, watched]))
        )

    monkeypatch.setattr(timeline, "reference", lambda *_: None)
    monkeypatch.setattr(timeline, "run", lived)
    found = [LINE.fullmatch(line) for line in words(3, children=CHILDREN)[2:-1]]
    told_of = [(int(each[1]), int(each[2]), each[3]) for each in found if each]
    assert [each[:2] for each in told_of] == [(10, 0), (10, 40), (10, 100), (10, 100), (10, 100)]
    assert [each[2] for each in told_of[2:]] == ["2 unresolved events healed", "Referred to social care", "Dies"]


@pytest.mark.parametrize("child", [-1, CHILDREN, 10**12])
def test_a_child_that_does_not_exist_is_refused(child: int) -> None:
    """B: a number outside the cohort is refused, with the range and what to do."""
    with pytest.raises(InputError, match=f"{child} is outside 0 to {CHILDREN - 1}, .* choose one of them"):
        words(child, children=CHILDREN)


def test_a_place_that_does_not_exist_is_refused() -> None:
    """B: an unknown place is refused by name."""
    with pytest.raises(InputError, match=r"^place: unknown place 'sandwel'\. Did you mean 'sandwell'\?$"):
        words(0, "sandwel", children=CHILDREN)
