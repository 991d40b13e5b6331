"""The child model with every difference off is the flow model: exactly in expectation, and on average of children.

Two proofs. One runs the model's own phases through every branch of their decisions, each branch as likely as its
chance, and finds the flow model's law to rounding. The other lets many children live the published years and finds the
flow model's course within four standard errors.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agents.names import ADULT, Flow
from experiments.published import children as limit
from experiments.published.flow import flow
from experiments.published.flow_law import Chances, chances, law, plan_flow
from experiments.published.inputs import load_published
from experiments.published.scenarios import flow_scenario
from simulation import holding, instability, moves, waiting, year
from simulation.build import authority_names, build, service_names
from simulation.cohort import run, shape_of
from simulation.context import Surroundings, year_context
from simulation.draws import Decision
from simulation.inputs import Tables
from simulation.ledger import empty_ledger, view_ledger
from simulation.population import cohort
from simulation.scenario import Scenario, Switches
from simulation.world import World, plain

pytestmark = pytest.mark.slow

PUBLISHED = load_published()
IMPROVED = flow_scenario("improved", PUBLISHED)
PUPILS = 60_000
FEW = 20
"""Children expected, below which a count is far from normal; the exact proof covers these places."""
Key = tuple[int, int, int]


def limit_of(tables: Tables, published: Tables, values: dict[str, float], key: Key) -> tuple[dict[str, float], World]:
    """Build the child model's numbers and world with every difference off."""
    numbers = limit.limit_numbers(tables, published, values)
    found = limit.values_without(tables, numbers, limit.DIFFERENCES, tables.values())
    return found, limit.limit_world(tables, published, found, values, limit.DIFFERENCES, Switches(), key)


# Exactly


HALVES = {
    "share_affected": 0.5,
    "new_cats": np.log(2.0),
    "hold_log_odds_entry": 0.0,
    "hold_log_odds_step": 0.0,
    "f_sufficiency": 0.0,
    "f_tip": 0.0,
    "support_lift": np.log(3.0),
    "acceptance": 0.5,
    "harm": 0.5,
}
"""Inputs under which every chance of a year is a half, or a quarter with support: branches are equally likely."""


@pytest.fixture(scope="module")
def even() -> tuple[Tables, dict[str, float]]:
    """Give tables and inputs of even chances: two ways up from early help, supports that reach every second child."""
    rows = [row for row in PUBLISHED.rows["flow_pathways"] if row.service != "family_support"]
    ways = [row for row in PUBLISHED.rows["flow_pathways"] if row.service == "family_support"]
    rows += [row.model_copy(update={"weight": 0.5}) for row in ways]
    tables = replace(PUBLISHED, rows={**PUBLISHED.rows, "flow_pathways": rows})
    levels = {f"flow_services.{name}.sufficiency": 0.5 for name in ("sen_support", "camhs")}
    entries = ("early_years", "primary_school", "secondary_school", "post_16")
    flat = {f"flow_services.{name}.{part}": 1.0 for name in entries for part in ("deprivation_ratio", "new_cats_ratio")}
    chosen = {f"flow_numbers.{name}.value": float(value) for name, value in HALVES.items()}
    return tables, {**PUBLISHED.values(), **levels, **flat, **chosen}


Slot = tuple[int, int, int]
"""Decision, move and place of a uniform among the four of its block."""


def branches(slots: dict[Slot, int]) -> list[dict[Slot, float]]:
    """List every combination of the middles of equal parts of 0 to 1, so many parts a uniform."""
    middles = [[(2 * k + 1) / (2 * parts) for k in range(parts)] for parts in slots.values()]
    return [dict(zip(slots, chosen, strict=True)) for chosen in product(*middles)]


def answered(branch: dict[Slot, float]) -> Callable[..., tuple[float, ...]]:
    """Stand in for the random draws: a branch's own uniforms, and a half for what no decision hangs on."""

    def uniforms(_key: Any, _child: Any, _year: Any, move: int, decision: int) -> tuple[float, ...]:
        return tuple(branch.get((int(decision), int(move), place), 0.5) for place in range(4))

    return uniforms


@pytest.mark.parametrize(
    "step", [None, "family_support", pytest.param("child_protection_plan", marks=pytest.mark.slow)]
)
def test_every_branch_of_a_year_is_the_law_of_the_flow_model(
    tables: Tables, key: Key, even: tuple[Tables, dict[str, float]], step: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real phases, all branches, equal weights: where a pupil of 11 is and what it carries. Exact, to 1e-12."""
    published, values = even
    numbers, world = limit_of(tables, published, values, key)
    numbers |= {f"service_levels.all.{name}.sufficiency": 0.5 for name in ("sen_support", "camhs")}
    s = Surroundings(tables, numbers, Scenario.today())
    w, c = plain(world), plain(year_context(s, world, 0, None))
    names = service_names(tables)
    camhs = names.index("camhs")
    slots: dict[Slot, int] = {
        (Decision.NEED, 0, 0): 2,
        (Decision.NEED, 0, 1): 4,
        (Decision.SUPPORT, camhs, 0): 2,
        (Decision.EDUCATION_MOVE, 0, 1): 2,
        (Decision.CONSEQUENCE, 0, 0): 2,
    }
    if step is not None:
        slots |= {
            (Decision.NEED, 0, 2): 4,
            (Decision.SUPPORT, camhs, 1): 2,
            (Decision.SUPPORT_MOVE, 0, 0): 10,
            (Decision.SUPPORT_MOVE, 0, 1): 2,
        }
    start = limit.pupils(tables, published, values, 2)[1:]
    place = limit.places_of(tables, published)
    plan = plan_flow(published)
    found, harmed, seen = np.zeros(len(plan.steps) + 1), np.zeros(len(plan.steps) + 1), 0
    fields = {name: start[name][0].item() for name in start.dtype.names or ()}
    fields |= {"support": names.index(step)} if step else {}
    before = fields["cats"]
    book = view_ledger(empty_ledger(shape_of(s)))
    book = book._replace(journal=book.journal.view(np.recarray))
    for branch in branches(slots):
        for module in (year, holding, moves, waiting, instability):
            monkeypatch.setattr(module, "uniforms", answered(branch))
        child = SimpleNamespace(**fields)
        year.setting(child, w, c, book, 0)
        holding.hold(child, w, c, book, 0)
        year.recovery(child, w, c, book, 0)
        found[place[child.support]] += 1
        harmed[place[child.support]] += child.cats - before
        seen += 1
    entry = [line.label for line in plan.entries].index("secondary_school")
    now = law(plan, chances(published, values, plan, Scenario.today(), 0))
    at = 0 if step is None else place[names.index(step)]
    assert found / seen == pytest.approx(now.moves[entry, at], abs=1e-12)
    assert harmed / seen == pytest.approx(now.harmed[entry, at], abs=1e-12)
    assert (found > 0).sum() > 1
    assert harmed.sum() > 0


def test_every_branch_of_adversity_is_the_flow_model_s_hazard(
    tables: Tables, key: Key, even: tuple[Tables, dict[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year's new CATs, both branches: half a CAT a child at a hazard of ln 2. Exact."""
    published, values = even
    numbers, world = limit_of(tables, published, values, key)
    s = Surroundings(tables, numbers, Scenario.today())
    w, c = plain(world), plain(year_context(s, world, 0, None))
    start = limit.pupils(tables, published, values, 2)[1:]
    new = []
    for uniform in (0.25, 0.75):
        branch = {(int(Decision.ADVERSITY), block, place): uniform for block in range(5) for place in range(4)}
        monkeypatch.setattr(year, "uniforms", answered(branch))
        child = SimpleNamespace(**{name: start[name][0].item() for name in start.dtype.names or ()})
        book = view_ledger(empty_ledger(shape_of(s)))
        before = child.cats
        year.adversity(child, w, c, book._replace(journal=book.journal.view(np.recarray)), 0)
        new.append(child.cats - before)
    assert new == [1, 0]
    plan = plan_flow(published)
    entry = [line.label for line in plan.entries].index("secondary_school")
    assert chances(published, values, plan, Scenario.today(), 0).new[entry] == pytest.approx(np.mean(new), abs=1e-12)


# On average


@pytest.mark.parametrize("scenario", [Scenario.today(), IMPROVED], ids=["today", "improved"])
def test_many_children_follow_the_course_of_the_flow_model(tables: Tables, key: Key, scenario: Scenario) -> None:
    """Within 4 standard errors each year: children and CATs by place, and every outcome of every service.

    About 60 comparisons, so that a false alarm has a chance of 0.4% at a new seed; the seed is fixed. With 60,000
    pupils an error of 2% in the CATs of the last year would be found in 99% of seeds.
    """
    values = PUBLISHED.values()
    numbers, world = limit_of(tables, PUBLISHED, values, key)
    pupils = limit.pupils(tables, PUBLISHED, values, PUPILS)
    place, years = limit.places_of(tables, PUBLISHED), []
    life = run(
        Surroundings(tables, numbers, scenario), world, pupils, years=4, watch=lambda _, r: years.append(r.copy())
    )
    course, plan = flow(PUBLISHED, values, scenario), plan_flow(PUBLISHED)
    scale = PUPILS / course.children[0].sum()
    for number, records in enumerate(years, start=1):
        here = place[records["support"]]
        for at in range(len(plan.steps) + 1):
            inside = here == at
            for counted, expected in (
                (inside.astype(float), course.children[number, :, at]),
                (records["cats"] * inside, course.cats[number, :, at]),
            ):
                error = counted.std() * np.sqrt(PUPILS)
                if scale * course.children[number, :, at].sum() >= FEW:
                    assert abs(counted.sum() - scale * expected.sum()) <= 4 * error, (number, at)
    book, number = life.ledger, authority_names(tables).index("sandwell")
    for at, line in enumerate(plan.entries):
        chance = (course.children[:-1, at, :, None] * course.entry_outcomes[:, at]).sum(axis=(0, 1)) * scale
        counts = book.outcomes[:4, number, service_names(tables).index(line.service)].sum(axis=0)
        assert_near(counts, chance, line.label)
    for at, line in enumerate(plan.steps, start=1):
        chance = (course.children[:-1, :, at].sum(axis=1)[:, None] * course.step_outcomes[:, 0, at]).sum(axis=0) * scale
        counts = book.outcomes[:4, number, service_names(tables).index(line.service)].sum(axis=0)
        assert_near(counts, chance, line.label)


def assert_near(counts: Any, expected: Any, label: str) -> None:
    """Compare counts with what is expected of them, in Poisson errors, where enough is expected for these."""
    enough = expected >= FEW
    assert (np.abs(counts - expected)[enough] <= 4 * np.sqrt(expected[enough])).all(), label


def test_a_wrong_input_would_be_found(tables: Tables, key: Key) -> None:
    """The comparison can fail: children whose harm is a tenth less do not follow the flow model."""
    values = PUBLISHED.values()
    numbers, world = limit_of(tables, PUBLISHED, values | {"flow_numbers.harm.value": 0.53}, key)
    pupils = limit.pupils(tables, PUBLISHED, values, PUPILS)
    life = run(Surroundings(tables, numbers, Scenario.today()), world, pupils, years=4)
    course = flow(PUBLISHED, values)
    cats = life.children["cats"].astype(float)
    expected = course.cats[-1].sum() / course.children[-1].sum()
    assert abs(cats.mean() - expected) > 4 * cats.std() / np.sqrt(PUPILS)


def test_e01_both_engines_live_the_limit_alike(tables: Tables, key: Key) -> None:
    """E01: forty pupils, four years, every field equal in Mesa and in machine code."""
    values = PUBLISHED.values()
    numbers, world = limit_of(tables, PUBLISHED, values, key)
    pupils = limit.pupils(tables, PUBLISHED, values, 40)
    s = Surroundings(tables, numbers, IMPROVED)
    one, other = (run(s, world, pupils, engine, years=4) for engine in ("mesa", "compiled"))
    assert one.children.tobytes() == other.children.tobytes()


def test_pupils_are_as_many_and_carry_as_much_as_the_flow_model_s(tables: Tables) -> None:
    """Children by stage in proportion, and CATs to within one of the mean; nobody leaves its stage in the years."""
    values = PUBLISHED.values()
    pupils = limit.pupils(tables, PUBLISHED, values, PUPILS)
    course = flow(PUBLISHED, values)
    scale = PUPILS / course.children[0].sum()
    for at, line in enumerate(plan_flow(PUBLISHED).entries):
        here = pupils[pupils["education"] == service_names(tables).index(line.service)]
        assert abs(len(here) - scale * course.children[0, at].sum()) <= 1
        assert abs(here["cats"].sum() - scale * course.cats[0, at].sum()) <= 5
    last = {row.service: row.age_to for row in tables.rows["services"]}
    ages = -pupils["birth_year"] + 3
    stages = [last[service_names(tables)[number]] for number in pupils["education"]]
    assert (ages <= stages).all()


def test_out_of_the_system_only_where_it_is_switched_on(tables: Tables, key: Key) -> None:
    """Pathways out of the system take the child model's shares, by age; the flow model's ways share the rest."""
    values = PUBLISHED.values()
    names = service_names(tables)
    for present in ((), ("movement", "capacity", "leaving")):
        absent = tuple(name for name in limit.DIFFERENCES if name not in present)
        found = limit.values_without(tables, limit.limit_numbers(tables, PUBLISHED, values), absent, tables.values())
        world = limit.limit_world(tables, PUBLISHED, found, values, absent, Switches(), key)
        begin, end = world.route_first[names.index("secondary_school")][:2]
        ways = world.routes[begin:end]
        ends = {names[way["to"]]: way["upto"] for way in ways}
        assert ways["upto"][-1] == pytest.approx(1.0)
        assert ("severe_absence" in ends) == bool(present)
        assert ends["family_support"] == pytest.approx(0.825 if present else 1.0)
    assert (world.mortality[:, :ADULT] == 0).all()


def test_law_keeps_its_chances_apart(even: tuple[Tables, dict[str, float]]) -> None:
    """A child whom nobody needs to hold stays where it is, unharmed: need 0 gives the identity."""
    published, values = even
    plan = plan_flow(published)
    c: Chances = chances(published, values, plan, Scenario.today(), 0)._replace(need=np.zeros(len(plan.entries)))
    now = law(plan, c)
    assert (now.moves == np.eye(len(plan.steps) + 1)).all()
    assert now.harmed.sum() == now.entry_outcomes.sum() == now.step_outcomes.sum() == 0.0


# What belongs to which difference


def test_each_difference_has_its_numbers(tables: Tables) -> None:
    """A number of the child model that a difference switches off stands under that difference, for every service."""
    numbers = limit.limit_numbers(tables, PUBLISHED, PUBLISHED.values())
    names = service_names(tables)
    assert tuple(numbers) == limit.DIFFERENCES
    assert set(numbers["movement"]) == {"rereferral_rate"} | {
        f"services.{name}.{rate}" for name in names for rate in ("exit_rate_first_year", "exit_rate_later")
    }
    assert numbers["capacity"] == {"unserved_ratio": 1.0}
    assert set(numbers["leaving"]) == {"leaves_school", "out_of_school_stays_out", "exposed_ratio"}
    assert set(numbers["instability"]) == {"instability_of_move"} | {
        f"services.{name}.placement_move_rate" for name in names
    }
    assert {"factor_need", "factor_harm", "factor_stay", "shift_hold", "repetition_ratio"} <= set(numbers["rates"])
    assert {"tip_effect", "tip_healing", "support_lift"} <= set(numbers["effects"])
    every = [name for each in numbers.values() for name in each]
    assert len(every) == len(set(every))
    assert set(every) <= set(tables.numbers)


OUTSIDE = ("severe_absence", "missing_education", "elective_home_education", "excluded_not_placed")


@pytest.mark.parametrize(
    ("present", "happens"),
    [
        (0, set()),
        (1, {"ended", "rereferred"}),
        (3, {"ended", "rereferred", "outside"}),
        (4, {"ended", "rereferred", "outside", "moved"}),
    ],
)
def test_what_a_difference_brings_happens_only_with_it(
    tables: Tables, key: Key, present: int, happens: set[str]
) -> None:
    """Closures, re-referrals, pupils out of the system, placement moves: none before their difference, some with it."""
    values = PUBLISHED.values()
    absent = limit.DIFFERENCES[present:]
    found = limit.values_without(tables, limit.limit_numbers(tables, PUBLISHED, values), absent, tables.values())
    world = limit.limit_world(tables, PUBLISHED, found, values, absent, Switches(), key)
    children = limit.same(cohort(tables, found, ["sandwell"], 40_000, key))
    life = run(Surroundings(tables, found, Scenario.today()), world, children, years=ADULT)
    flows = life.ledger.flows.sum(axis=(0, 1))
    names = service_names(tables)
    counts = {
        "ended": flows[Flow.IN_NEED_ENDED],
        "rereferred": flows[Flow.REREFERRALS],
        "outside": sum(life.ledger.stock[:, :, names.index(name)].sum() for name in OUTSIDE),
        "moved": flows[Flow.PLACEMENT_MOVES],
    }
    assert {name for name, count in counts.items() if count > 0} == happens


def test_tip_alignment_heals_nothing_before_effects_are_the_child_model_s(tables: Tables, key: Key) -> None:
    """In the flow model TIP alignment acts on holding alone: with its effects still on, healing does not feel it."""
    values, absent = PUBLISHED.values(), limit.DIFFERENCES[5:]
    found = limit.values_without(tables, limit.limit_numbers(tables, PUBLISHED, values), absent, tables.values())
    context = year_context(Surroundings(tables, found, IMPROVED), build(tables, found, Switches(), key), 0, None)
    assert (context.tip_healing == 0.0).all()
    assert (context.lift != 0.0).any()


def test_the_reference_is_not_deprived(tables: Tables, key: Key) -> None:
    """England's alike children meet the hazard and the need of mean deprivation: those of Sandwell over its ratio."""
    values = PUBLISHED.values()
    numbers, here = limit_of(tables, PUBLISHED, values, key)
    there = limit.limit_world(tables, PUBLISHED, numbers, values, limit.DIFFERENCES, Switches(), key, deprived=False)
    assert here.hazard[limit.KIND] == pytest.approx(1.239 * there.hazard[limit.KIND], rel=1e-9)
    assert here.need["without_adversity"] == pytest.approx(1.239 * there.need["without_adversity"], rel=1e-9)


@pytest.mark.parametrize(
    ("service", "place"),
    [
        ("family_support", 1),
        ("parenting_programme", 1),
        ("child_in_need", 2),
        ("child_protection_plan", 3),
        ("foster_care", 4),
        ("kinship_care", 4),
        ("semi_independent", 4),
        ("childrens_home", 5),
        ("primary_school", 0),
        ("camhs", 0),
    ],
)
def test_services_that_the_flow_model_lacks_count_as_the_first_step_of_their_tier(
    tables: Tables, service: str, place: int
) -> None:
    assert limit.places_of(tables, PUBLISHED)[service_names(tables).index(service)] == place
