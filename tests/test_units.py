"""Units of a service: who goes where, what each does, and that units like their service are their service."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from chance import FALSE_ALARM
from scipy import stats

from agents.child import CHILD, NEVER
from agents.names import MOST_UNITS, NO_UNIT, UnitCount
from experiments.questions import find_scenario
from simulation.build import authority_names, build, service_names
from simulation.cohort import Life, run
from simulation.context import Surroundings, year_context
from simulation.errors import InputError
from simulation.extension import with_services
from simulation.inputs import Tables
from simulation.ledger import LINES, Ledger
from simulation.population import cohort
from simulation.rows import UnitRow
from simulation.scenario import Lever, Scenario, Switches, load_scenario
from simulation.schools import SCHOOLS, example_schools, has_example
from simulation.units import draw_unit, unit_at

Key = tuple[int, int, int]
COUNTS = [UnitCount.HELD, UnitCount.HELD_WITH_SUPPORT, UnitCount.ESCALATED, UnitCount.NO_SERVICE]
STAGES = ("primary_school", "secondary_school", "family_support", "camhs")


def unit(stage: str, name: str, capacity: float = 100.0, **more: Any) -> UnitRow:
    return UnitRow(authority="sandwell", stage=stage, unit=name, capacity=capacity, **more)


def alike(**more: Any) -> tuple[UnitRow, ...]:
    """Split a school, a support and a specialist service into three units each."""
    return tuple(unit(stage, f"number_{k}", 50.0 * (k + 1), **more) for stage in STAGES for k in range(3))


def lived(
    tables: Tables, key: Key, scenario: Scenario, engine: str = "compiled", size: int = 400, **numbers: float
) -> Life:
    """Let children of Sandwell and Dudley live to 18 under a scenario's units."""
    extended = with_services(tables, scenario)
    values = {**extended.values(), **numbers}
    children = cohort(extended, values, ["sandwell", "dudley"], size, key)
    children["frailty"] *= 2
    world = build(extended, values, scenario.switches, key)
    return run(Surroundings(extended, values, scenario), world, children, engine, years=18)


@pytest.mark.parametrize("levels", [{}, {"sufficiency": 0.6, "tip_alignment": 0.4}], ids=["left out", "given"])
@pytest.mark.parametrize("rationing", [False, True])
def test_m10_units_like_their_service_are_their_service(
    tables: Tables, key: Key, levels: dict[str, float], rationing: bool
) -> None:
    """M10: with every unit at the service's own levels, all records and counts as without units. Bit for bit."""
    switches = Switches(rationing=rationing)
    levers = (Lever(kind="sufficiency", add=0.07, services=STAGES), Lever(kind="tip_alignment", multiply=1.3))
    scenarios = [
        Scenario(name="mine", units=units, levers=levers, switches=switches) for units in ((), alike(**levels))
    ]
    whole, split = (lived(tables, key, scenario, tip_effect=0.3) for scenario in scenarios)
    for name in set(CHILD.names or ()) - {"unit"}:
        assert (whole.children[name] == split.children[name]).all(), name
    for name in set(Ledger._fields[:-2]) - {"units", "unit_cases"}:
        assert (getattr(whole.ledger, name) == getattr(split.ledger, name)).all(), name
    assert not whole.ledger.units.any()
    assert (whole.children["unit"] == NO_UNIT).all()


def test_v03_units_sum_to_their_service(tables: Tables, key: Key) -> None:
    """V03: need, outcomes, children and cost of a place's units are those of the service. Exact, every year."""
    scenario = Scenario(name="mine", units=alike(sufficiency=0.9), units_from="generated")
    extended = with_services(tables, scenario)
    book = lived(tables, key, scenario).ledger
    here, names = authority_names(tables).index("sandwell"), service_names(tables)
    stages = [row.stage for row in extended.rows["units"]]
    assert len(stages) == 12 + 115
    for stage in STAGES:
        k, own = names.index(stage), [n for n, each in enumerate(stages) if each == stage]
        found = book.units[:, own].sum(axis=1)
        assert (found[:, UnitCount.IN_NEED] == book.in_need[:, here, k]).all()
        assert (found[:, COUNTS] == book.outcomes[:, here, k]).all()
        assert (found[:, UnitCount.CHILDREN] == book.stock[:, here, k]).all()
        assert (found[:, UnitCount.COST] == book.cost[:, here, k]).all()
        assert found[:, UnitCount.COST].any()
        cases = book.unit_cases[own].sum(axis=(0, 1, 2))
        assert cases[0] == found[:, UnitCount.IN_NEED].sum()
        assert cases[1] == found[:, [UnitCount.HELD, UnitCount.HELD_WITH_SUPPORT]].sum()
    assert not book.units[:, len(stages) :].any()


def test_e01_both_engines_live_the_same_lives_with_units(tables: Tables, key: Key) -> None:
    """E01: 60 children, units of unequal levels and an uneven intake, every field and count. Exact."""
    uneven = tuple(
        unit(stage, f"number_{k}", sufficiency=0.3 * k, tip_alignment=0.4 * k, intake=tuple(range(k, k + 10)))
        for stage in STAGES
        for k in range(3)
    )
    scenario = Scenario(name="mine", units=uneven)
    one, other = (lived(tables, key, scenario, engine, 30, tip_effect=0.3) for engine in ("mesa", "compiled"))
    for name in CHILD.names or ():
        assert (one.children[name] == other.children[name]).all(), name
    for name in Ledger._fields[:-2]:
        assert (getattr(one.ledger, name) == getattr(other.ledger, name)).all(), name
    assert one.ledger.units.any()


def test_children_go_to_units_by_capacity_and_affinity(tables: Tables, key: Key) -> None:
    """Shares of each decile match capacity x affinity, 20,000 children, chi-square at one in a million.

    With 99% power it catches one share of a quarter that is wrong by 0.02.
    """
    generator = np.random.default_rng(1)
    units = tuple(
        unit("early_years", f"number_{k}", 20.0 + 10 * k, intake=tuple(generator.integers(0, 4, 10) + (k == 0)))
        for k in range(6)
    )
    extended = with_services(tables, Scenario(name="mine", units=units))
    values = extended.values()
    children = cohort(extended, values, ["sandwell"], 20_000, key)
    run(
        Surroundings(extended, values, Scenario.today()),
        build(extended, values, Switches(), key),
        children[:2],
        years=1,
    )
    life = run(
        Surroundings(extended, values, Scenario.today()), build(extended, values, Switches(), key), children, years=1
    )
    weights = np.array([each.capacity * np.array(each.intake) for each in units])
    found = np.zeros_like(weights)
    np.add.at(found, (life.children["unit"], life.children["decile"]), 1)
    assert found.sum() == 20_000
    expected = weights / weights.sum(axis=0) * found.sum(axis=0)
    assert not found[expected == 0].any()
    kept = expected > 0
    statistic = ((found[kept] - expected[kept]) ** 2 / expected[kept]).sum()
    assert statistic < stats.chi2.isf(FALSE_ALARM, kept.sum() - (found.sum(axis=0) > 0).sum())


def test_m05_a_unit_better_aligned_holds_more_of_the_same_children(tables: Tables, key: Key) -> None:
    """M05: from one state, where TIP helps, a higher alignment of one unit lets nobody go who was held.

    One year of children who start school, one uniform each: exact child by child; other units' children unchanged.
    """
    books = []
    for tip in (0.4, 0.9):
        units = (unit("primary_school", "one", tip_alignment=tip), unit("primary_school", "two", tip_alignment=0.4))
        scenario = Scenario(name="mine", units=units)
        extended = with_services(tables, scenario)
        values = {**extended.values(), "tip_effect": 0.4}
        children = cohort(extended, values, ["sandwell"], 3000, key)
        children["birth_year"], children["severity"], children["unresolved"] = -5, 200, 2
        world = build(extended, values, Switches(), key)
        books.append(run(Surroundings(extended, values, scenario), world, children, years=1))
    lower, higher = books
    one, two = (lower.children["unit"] == number for number in (0, 1))
    held = lower.children["outcome"] <= 1
    assert (higher.children["outcome"][held] <= 1).all()
    assert (higher.children["outcome"][one] <= 1).sum() > held[one].sum()
    assert two.sum() > 1000
    assert (lower.children[two] == higher.children[two]).all()
    assert (higher.ledger.units[0, 0, COUNTS[:2]].sum()) > lower.ledger.units[0, 0, COUNTS[:2]].sum()


def test_m05_a_provider_acts_through_its_own_reach_and_levels(tables: Tables, key: Key) -> None:
    """M05: of two providers of family support, one that reaches nobody supports nobody; the other does as before."""
    supported = []
    for level in (0.6, 0.0):
        units = (unit("family_support", "one", sufficiency=level), unit("family_support", "two"))
        extended = with_services(tables, Scenario(name="mine", units=units))
        s = Surroundings(extended, extended.values(), Scenario(name="mine", units=units))
        context = year_context(s, build(extended, extended.values(), Switches(), key), 0, None)
        supported.append((context.unit_reach[:2].tolist(), context.reach[s.places.index("sandwell"), 11]))
    assert supported[0] == ([0.6, 0.6], 0.6)
    assert supported[1] == ([0.0, 0.6], 0.6)


def test_a_school_is_kept_until_the_phase_changes_and_drawn_by_child_and_stage(tables: Tables, key: Key) -> None:
    """A child who stays in a stage stays in its unit; one that comes back comes back to the same. Exact."""
    scenario = Scenario(name="mine", units_from="generated")
    extended = with_services(tables, scenario)
    values = extended.values()
    children = cohort(extended, values, ["sandwell"], 400, key)
    children["frailty"] *= 4
    years: list[Any] = []
    world = build(extended, values, Switches(), key)
    s = Surroundings(extended, values, scenario)
    run(s, world, children, years=19, watch=lambda year, records: years.append(records.copy()))
    names = service_names(extended)
    seen: dict[tuple[int, int], set[int]] = {}
    for records in years:
        for stage in ("primary_school", "secondary_school"):
            for child in records[records["education"] == names.index(stage)]:
                seen.setdefault((int(child["id"]), names.index(stage)), set()).add(int(child["unit"]))
    assert len(seen) > 700
    assert all(len(units) == 1 for units in seen.values())
    assert {names.index("primary_school")} == {stage for (_, stage), units in seen.items() if max(units) < 95}
    assert (years[3]["unit"] == NO_UNIT).all()
    assert (years[18]["unit"][years[18]["died"] == NEVER] == NO_UNIT).all()
    for record in years[12][:20]:
        child = SimpleNamespace(**{name: record[name].item() for name in CHILD.names or ()})
        if child.education == names.index("secondary_school"):
            assert draw_unit(child, world, child.education) == unit_at(child, world, child.education) == child.unit
        assert draw_unit(child, world, names.index("post_16")) == NO_UNIT


def test_the_example_is_generated_and_says_so(tables: Tables) -> None:
    schools = example_schools(tables)
    assert schools == example_schools(tables)
    assert [sum(each.stage == stage for each in schools) for stage in STAGES[:2]] == [95, 20]
    assert all(each.generated and "no such school exists" in each.note for each in schools)
    assert (schools[0].unit, schools[0].title, schools[-1].title) == ("primary_01", "Primary 01", "Secondary 20")
    for stage in STAGES[:2]:
        here = [each for each in schools if each.stage == stage]
        weights = [each.capacity for each in here]
        assert np.average([each.sufficiency for each in here], weights=weights) == pytest.approx(0.6, abs=5e-4)
        assert np.average([each.tip_alignment for each in here], weights=weights) == pytest.approx(0.4, abs=5e-4)
    with pytest.raises(InputError, match=r"no schools are generated for dudley, only for sandwell; give --scenario"):
        has_example("dudley")
    assert set(SCHOOLS) == {"sandwell"}


def test_units_are_read_from_a_table_beside_the_scenario(tmp_path: Path, tables: Tables) -> None:
    (tmp_path / "my_schools.csv").write_text(
        "authority,stage,unit,capacity,sufficiency,intake\n"
        "dudley,primary_school,one,200,0.7,1 1 1 1 1 2 2 2 2 2\n"
        "dudley,primary_school,two,100,,\n"
    )
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\nunits_from = "my_schools.csv"\n[numbers]\nunits.dudley.primary_school.one.capacity = 9\n'
    )
    scenario = find_scenario(path, tables)
    assert scenario == load_scenario(path)
    extended = with_services(tables, scenario)
    assert [(each.unit, each.sufficiency, each.intake[5]) for each in extended.rows["units"]] == [
        ("one", 0.7, 2.0),
        ("two", None, 1.0),
    ]
    values = {**extended.values(), **scenario.numbers}
    assert values["units.dudley.primary_school.one.sufficiency"] == 0.7
    assert "units.dudley.primary_school.two.sufficiency" not in values
    world = build(extended, values, Switches(), (1, 0, 0))
    assert world.unit_upto[0].tolist() == [pytest.approx(9 / 109)] * 5 + [pytest.approx(18 / 118)] * 5
    again = Scenario.model_validate(scenario.model_dump(mode="json"))
    assert again == scenario


SCHOOL = 'authority = "sandwell"\nstage = "primary_school"\nunit = "one"\n'
REFUSED = {
    "stage": (
        SCHOOL.replace("primary_school", "primary_schol") + "capacity = 1",
        r"key 'unit\[1\]\.stage': unknown service 'primary_schol'\. Did you mean 'primary_school'\?",
    ),
    "front door": (
        SCHOOL.replace("primary_school", "assessment") + "capacity = 1",
        r"key 'unit\[1\]\.stage': 'assessment' is the front door, which has no units; remove the row",
    ),
    "capacity": (SCHOOL, r"key 'unit\[1\]\.capacity': is missing; places, above 0"),
    "no capacity": (SCHOOL + "capacity = 0", r"key 'unit\[1\]\.capacity': 0 .*greater than 0; places, above 0"),
    "two of one name": (
        SCHOOL + "capacity = 1\n[[unit]]\n" + SCHOOL + "capacity = 2",
        r"key 'unit\[2\]\.unit': 'one' of primary_school in sandwell stands twice; rename one",
    ),
    "authority": (
        SCHOOL.replace("sandwell", "sandwel") + "capacity = 1",
        r"key 'unit\[1\]\.authority': unknown authority 'sandwel'\. Did you mean 'sandwell'\?",
    ),
    "intake": (
        SCHOOL + f"capacity = 1\nintake = {[1] * 9 + [0]}",
        r"key 'unit\.intake': no primary_school of sandwell takes children of decile 10; give one of them an affinity",
    ),
    "short intake": (SCHOOL + "capacity = 1\nintake = [1, 2]", r"key 'unit\[1\]\.intake': .* has too few entries"),
    "level": (SCHOOL + "capacity = 1\ntip_alignment = 1.2", r"key 'unit\[1\]\.tip_alignment': 1\.2 is outside 0 to 1"),
    "unknown key": (SCHOOL + "capacity = 1\ntip = 1", r"key 'unit\[1\]\.tip': unknown key\."),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_b_a_unit_that_does_not_fit_is_refused_in_one_line(tmp_path: Path, tables: Tables, fault: str) -> None:
    lines, expected = REFUSED[fault]
    path = tmp_path / "mine.toml"
    path.write_text(f'name = "mine"\n[[unit]]\n{lines}\n')
    with pytest.raises(InputError) as caught:
        find_scenario(path, tables)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert re.search(expected, str(caught.value)), str(caught.value)


def test_b_too_many_units_or_a_wrong_table_are_refused_in_one_line(tmp_path: Path, tables: Tables) -> None:
    many = tuple(unit("primary_school", f"number_{k}") for k in range(MOST_UNITS + 1))
    with pytest.raises(InputError, match=r"mine: key 'unit': 257 units are above 256; merge or leave out some"):
        with_services(tables, Scenario(name="mine", units=many))
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nunits_from = "schools.csv"\n')
    with pytest.raises(InputError, match=r"schools\.csv: there is no such file; give the path of a table"):
        load_scenario(path)
    header = "authority,stage,unit,capacity\n"
    for rows, expected in (
        ("dudley,primary_school,one,\n", r"schools\.csv: row 2: column 'capacity' is empty; give a value"),
        ("dudley,primary_school,one,1\n" * 2, r"schools\.csv: row 3: dudley primary_school one stands twice; keep one"),
    ):
        (tmp_path / "schools.csv").write_text(header + rows)
        with pytest.raises(InputError, match=expected):
            load_scenario(path)


@pytest.mark.parametrize("units", [(), alike(sufficiency=0.2)], ids=["none", "some"])
def test_the_journal_is_the_same_whatever_units_are_called(
    tables: Tables, key: Key, units: tuple[UnitRow, ...]
) -> None:
    """Names of units are in no draw: renamed, every record and line is the same. Bit for bit."""
    books = []
    for prefix in ("", "renamed_"):
        named = tuple(each.model_copy(update={"unit": prefix + each.unit}) for each in units)
        scenario = Scenario(name="mine", units=named)
        extended = with_services(tables, scenario)
        values = extended.values()
        children = cohort(extended, values, ["sandwell"], 30, key)
        s = Surroundings(extended, values, scenario)
        books.append(run(s, build(extended, values, Switches(), key), children, room=LINES, years=18))
    assert books[0].children.tobytes() == books[1].children.tobytes()
    assert books[0].ledger.journal.tobytes() == books[1].ledger.journal.tobytes()
