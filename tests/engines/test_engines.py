"""Two engines, any number of threads: the same lives, byte for byte."""

import gc
import weakref
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from worlds import scenario

from agents.child import CHILD, MILLION
from agents.names import ADULT, AGES
from simulation.build import build
from simulation.cohort import LATER, REFERENCES, Life, reference, run, run_together, shape_of
from simulation.compiled import CompiledEngine, ratios_conditions, sum_ratios, sum_references
from simulation.context import Surroundings, year_context
from simulation.inputs import Tables
from simulation.ledger import LINES, Ledger, empty_ledger, view_ledger
from simulation.population import cohort
from simulation.reading import MesaEngine, ReadingModel
from simulation.scenario import Scenario, Switches
from simulation.world import World, plain
from simulation.year import AFTER, BEFORE, HOLDING, YEAR

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


def levers(**moved: float) -> Scenario:
    """Set up a scenario that moves services and more, adult life on."""
    return Scenario(
        name="moved",
        switches=Switches(adult_life=True),
        levers=[{"kind": kind, "add": value} for kind, value in moved.items()],
    )


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param({"sufficiency": 0.2, "tip_alignment": 0.2}, id="services"),
        pytest.param({"recovery": 0.5}, id="recovery, which adults feel too"),
        pytest.param({"poverty": 0.5}, id="poverty, which adults feel too"),
        pytest.param({"prevention": 0.3, "placement_stability": 0.3, "community_capacity": 0.1}, id="childhood"),
    ],
)
def test_e01_twins_who_share_a_life_live_as_if_they_did_not(
    tables: Tables, values: dict[str, float], world: World, sandwell: Any, moved: dict[str, float]
) -> None:
    """E01: three scenarios, records and counts equal to those of separate runs. Exact."""
    chosen = [scenario(adult_life=True), levers(**moved), levers(sufficiency=-0.2)]
    them = [Surroundings(tables, values, each) for each in chosen]
    there = reference(tables, values, Switches(adult_life=True), world.key, 500)
    together = run_together(them, there, sandwell)
    for life, s in zip(together, them, strict=True):
        apart = run(s, there, sandwell)
        assert life.children.tobytes() == apart.children.tobytes()
        for name, here, one in zip(Ledger._fields[:-2], life.ledger, apart.ledger, strict=False):
            assert (here == one).all(), name
    assert any((life.children != together[0].children).any() for life in together[1:])


@pytest.mark.parametrize("coupled_by", ["amplification", "rationing", "a date"])
def test_e01_twins_of_a_context_that_changes_live_apart(
    tables: Tables, values: dict[str, float], world: World, sandwell: Any, coupled_by: str
) -> None:
    """E01: a lever that begins when the children are 20, and what is fed back, act in each year. Exact."""
    switches = {} if coupled_by == "a date" else {coupled_by: True}
    lever = (
        {"kind": "recovery", "add": 0.5, "start": 2044} if coupled_by == "a date" else {"kind": "supply", "add": 0.5}
    )
    chosen = [scenario(**switches), Scenario(name="moved", switches=Switches(**switches), levers=[lever])]
    them = [Surroundings(tables, values, each) for each in chosen]
    lives = run_together(them, world, sandwell[:400])
    for life, s in zip(lives, them, strict=True):
        assert life.children.tobytes() == run(s, world, sandwell[:400]).children.tobytes()
    assert lives[0].children.tobytes() != lives[1].children.tobytes()


def test_e01_a_reference_is_what_its_years_give_one_by_one(tables: Tables, values: dict[str, float], key: Key) -> None:
    """E01: every phase of every year lived, every ratio of every year worked out; logarithms to rounding."""
    switches = Switches(type_specific_harm=True)
    found = reference(tables, values, switches, key, 300)
    s = Surroundings(tables, values, Scenario.today())
    world, children = build(tables, values, switches, key), cohort(tables, values, ["england"], 300, key)
    engine = CompiledEngine(children, world, empty_ledger(shape_of(s)))
    context, size = year_context(s, world, 0, None), len(world.weights)
    refer = {name: engine.world[name][0] for name in REFERENCES}
    for year in range(AGES):
        engine.live(context, year, year + 1, BEFORE | HOLDING)
        if year < ADULT:
            counts, other, healed, resilience = np.zeros((4, refer["mean_other"].shape[1]), np.int64)
            risk = np.zeros(len(counts))
            unresolved = sum_references(engine.children, engine.world, year, counts, other, healed, resilience, risk)
            many = np.maximum(counts, 1)
            refer["mean_other"][year], refer["mean_healed"][year] = other / many, healed / many
            refer["mean_resilience"][year] = resilience / MILLION / many
            refer["mean_type_risk"][year] = np.log(np.where(risk > 0, risk / many, 1.0))
            refer["mean_burden"][year] = unresolved / max(1, counts.sum())
        people, ratios, own = np.zeros((size + 1, 2), np.int64), np.zeros((size + 1, 2)), np.zeros((300, size))
        ratios_conditions(engine.children, engine.world, year, own)
        sum_ratios(engine.children, engine.world, year, own, people, ratios)
        mean = np.where(people > 0, ratios / np.maximum(people, 1), 1.0)
        refer["incidence"][:, :, year] /= mean[:size]
        refer["mortality"][:, year] /= mean[size]
        engine.live(context, year, year + 1, AFTER)
    for name in REFERENCES:
        np.testing.assert_allclose(getattr(found, name), refer[name], rtol=1e-12, atol=1e-15, err_msg=name)


def test_e01_people_above_18_read_nothing_else_of_a_scenario(
    tables: Tables, values: dict[str, float], world: World, sandwell: Any
) -> None:
    """E01: rules of people above 18 run on a context that holds only the parts named `LATER`."""
    s = Surroundings(tables, values, scenario(adult_life=True))
    there = reference(tables, values, Switches(adult_life=True), world.key, 500)
    grown = run(s, there, sandwell[:40], years=ADULT + 1).children
    whole = year_context(s, there, 0, None)
    narrow = SimpleNamespace(**{name: plain(getattr(whole, name)) for name in LATER}, offers=0)
    people = [SimpleNamespace(**{name: row[name].item() for name in CHILD.names or ()}) for row in grown]
    numbers, book = plain(there), view_ledger(empty_ledger(shape_of(s)))
    for person in people:
        for year in range(ADULT + 1, 40):
            for _, phase in YEAR:
                phase(person, numbers, narrow, book, year)
    assert book.alive.sum() > 0
    assert book.healed.sum() > 0
