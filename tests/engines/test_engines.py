"""Two engines, any number of threads: the same lives, byte for byte."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from worlds import scenario

from agents.child import CHILD
from simulation.cohort import Life, reference, run, shape_of
from simulation.context import Surroundings, year_context
from simulation.inputs import Tables
from simulation.ledger import LINES, Ledger, empty_ledger
from simulation.population import cohort
from simulation.reading import MesaEngine, ReadingModel
from simulation.world import World

Key = tuple[int, int, int]


@pytest.fixture(scope="module")
def coupled(tables: Tables, values: dict[str, float]) -> Surroundings:
    """Take today's services with amplification and rationing on."""
    return Surroundings(tables, values, scenario(amplification=True, rationing=True))


def watched(s: Surroundings, world: World, children: Any, engine: str, room: int = 0) -> tuple[Life, list[Any]]:
    """Run an engine and keep the records of every year."""
    years: list[Any] = []
    life = run(s, world, children, engine, room=room, watch=lambda year, records: years.append(records.copy()))
    return life, years


def lines_of(book: Ledger) -> Any:
    """Put the journal's lines in the order of child, then of writing."""
    written = np.asarray(book.journal[: book.lines[0]])
    return written[np.argsort(written["child"], kind="stable")]


def assert_same_lives(one: tuple[Life, list[Any]], other: tuple[Life, list[Any]]) -> None:
    """Compare every field of every record each year, every count, and every line of the journal."""
    assert len(one[1]) == len(other[1])
    for year, (here, there) in enumerate(zip(one[1], other[1], strict=True)):
        for name in CHILD.names or ():
            differ = np.flatnonzero(here[name] != there[name])
            assert not len(differ), (year, name, here["id"][differ[:3]])
    for name, here, there in zip(Ledger._fields[:-2], one[0].ledger, other[0].ledger, strict=False):
        assert (here == there).all(), name
    assert (lines_of(one[0].ledger) == lines_of(other[0].ledger)).all()


def test_e01_mesa_and_compiled_live_the_same_lives(
    tables: Tables, values: dict[str, float], key: Key, coupled: Surroundings, world: World
) -> None:
    """E01: 32 children of two places, birth to death, every field each year, amplification and rationing on. Exact."""
    children = cohort(tables, values, ["sandwell", "solihull"], 16, key)
    children["frailty"] *= 2
    one, other = (watched(coupled, world, children, engine, LINES) for engine in ("mesa", "compiled"))
    assert one[0].ledger.lines[0] > 0
    assert_same_lives(one, other)


def test_e01_the_same_lives_where_harms_differ_and_families_move(
    tables: Tables, values: dict[str, float], key: Key
) -> None:
    """E01: 60 children of Sandwell, birth to death, type-specific harm and moves on, journal too. Exact."""
    s = Surroundings(tables, values, scenario(type_specific_harm=True, instability_events=True))
    children = cohort(tables, values, ["sandwell"], 60, key)
    children["frailty"] *= 2
    there = reference(tables, values, s.scenario.switches, key, 500)
    one, other = (watched(s, there, children, engine, LINES) for engine in ("mesa", "compiled"))
    book = one[0].ledger
    assert min(book.instability.sum(), book.instability_cost.sum(), one[0].children["neglected"].sum()) > 0
    assert_same_lives(one, other)


@pytest.mark.slow
def test_e01_mesa_and_compiled_live_the_same_2000_lives(coupled: Surroundings, world: World, sandwell: Any) -> None:
    """E01: 2,000 children of Sandwell, birth to death, every field each year, amplification and rationing on. Exact."""
    assert_same_lives(*(watched(coupled, world, sandwell, engine) for engine in ("mesa", "compiled")))


def test_e01_the_journal_of_one_child_is_the_same(today: Surroundings, world: World, sandwell: Any) -> None:
    """E01: of 20 children, only the one that is watched writes lines, the same in both engines. Exact."""
    books = [
        run(today, world, sandwell[:20], engine, room=LINES, watched=int(sandwell["id"][7])).ledger
        for engine in ("mesa", "compiled")
    ]
    mesa_lines, compiled_lines = (lines_of(book) for book in books)
    assert len(mesa_lines) > 20
    assert set(mesa_lines["child"].tolist()) == {int(sandwell["id"][7])}
    assert (mesa_lines == compiled_lines).all()


def test_e01_a_finished_mesa_model_is_freed(
    monkeypatch: pytest.MonkeyPatch, today: Surroundings, world: World, sandwell: Any
) -> None:
    """E01: nothing keeps a model that has run, nor one whose run failed. Weak references, after collection."""
    kept: list[weakref.ref[Any]] = []
    made = ReadingModel.__init__

    def remember(self: Any, *arguments: Any) -> None:
        made(self, *arguments)
        kept.append(weakref.ref(self))
        kept.extend(weakref.ref(child) for child in self.agents)

    monkeypatch.setattr(ReadingModel, "__init__", remember)

    def fail(year: int, records: Any) -> None:
        raise LookupError(year)

    run(today, world, sandwell[:3], "mesa")
    with pytest.raises(LookupError):
        run(today, world, sandwell[:3], "mesa", watch=fail)
    gc.collect()
    assert len(kept) == 8
    assert not any(each() for each in kept)


def test_e01_a_model_in_use_is_not_freed(today: Surroundings, world: World, sandwell: Any) -> None:
    """E01: until it is closed the model stands, and closing it is what frees it. Weak reference."""
    engine = MesaEngine(sandwell[:3], world, empty_ledger(shape_of(today)))
    model = weakref.ref(engine.model)
    engine.live(year_context(today, world, 0, None), 0, 1)
    gc.collect()
    assert model() is not None
    engine.close()
    gc.collect()
    assert model() is None


@pytest.mark.slow
@pytest.mark.parametrize("coupling", [{}, {"amplification": True, "rationing": True}], ids=["free", "coupled"])
def test_e02_threads_change_nothing(
    tables: Tables, values: dict[str, float], world: World, sandwell: Any, coupling: dict[str, bool]
) -> None:
    """E02: 1, 2 and 4 threads, and more threads than children: same bytes of records and ledger."""
    s = Surroundings(tables, values, scenario(**coupling))
    one = run(s, world, sandwell)
    for jobs in (2, 4):
        more = run(s, world, sandwell, jobs=jobs)
        assert more.children.tobytes() == one.children.tobytes()
        for name, here, there in zip(Ledger._fields[:-2], one.ledger, more.ledger, strict=False):
            assert here.tobytes() == there.tobytes(), (jobs, name)
    few = [run(s, world, sandwell[:3], jobs=jobs).children.tobytes() for jobs in (1, 16)]
    assert few[0] == few[1]


def test_e02_journals_of_threads_follow_one_another(today: Surroundings, world: World, sandwell: Any) -> None:
    """E02: with threads the journal holds the same lines, child by child. Exact."""
    one, two = (run(today, world, sandwell[:30], room=LINES, jobs=jobs).ledger for jobs in (1, 2))
    assert 0 < one.lines[0] < LINES
    assert (lines_of(one) == lines_of(two)).all()


def test_e02_a_steady_run_is_the_run_year_by_year(today: Surroundings, world: World, sandwell: Any, lived: Any) -> None:
    """E02: children who live a whole life at a time live as those who wait for each other each year. Bit for bit."""
    at_once = run(today, world, sandwell)
    assert at_once.children.tobytes() == lived.life.children.tobytes()
    assert all(a.tobytes() == b.tobytes() for a, b in zip(at_once.ledger, lived.life.ledger, strict=True))
