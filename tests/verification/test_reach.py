"""Interventions reach whom they are for, cost what they cost, do what they say while it lasts, and nothing else."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from certain import aged, needed, on_ways, quiet_world
from chance import binomial_agrees
from worlds import Lived, one_year, scenario, with_fields, with_scalars

from agents.child import CHILD, MILLION
from agents.intervention import IN_A_FIELD, age_reached, effect_left
from agents.names import ADULT, NONE, Flow, Outcome
from agents.service import logistic
from simulation.build import deflator, number_of, service_names
from simulation.cohort import Life, run
from simulation.context import Surroundings, year_context
from simulation.economics import accounts, payers
from simulation.effects import MALTREATMENT, null_of
from simulation.errors import InputError
from simulation.inputs import Tables
from simulation.ledger import Ledger
from simulation.population import cohort
from simulation.residents import Town, residents
from simulation.sampling import quantiles
from simulation.scenario import Lever
from simulation.world import World

Values = dict[str, float]
REACHED = ("reached", "reached_more")
BOOKED = ("reached", "intervention_cost")


def names(tables: Tables) -> list[str]:
    """List the interventions."""
    return [row.intervention for row in tables.rows["interventions"]]


def bought(name: str, coverage: float = 1.0, **options: Any) -> Lever:
    """Buy an intervention."""
    return Lever(kind="intervention", name=name, coverage=coverage, **options)


def everything(tables: Tables, coverage: float) -> tuple[Lever, ...]:
    """Buy all of them."""
    return tuple(bought(name, coverage) for name in names(tables))


def altered(tables: Tables, name: str, **fields: Any) -> Tables:
    """Change an intervention; the table keeps its size."""
    rows = [row.model_copy(update=fields) if row.intervention == name else row for row in tables.rows["interventions"]]
    return replace(tables, rows={**tables.rows, "interventions": rows})


def ages_of_reach(children: Any, tables: Tables, name: str) -> Any:
    """Read at what age an intervention last reached each child; -1 where it never did."""
    number = names(tables).index(name)
    return age_reached(children[REACHED[number // IN_A_FIELD]], number)


def same(one: Life, other: Life, but: tuple[str, ...] = ()) -> bool:
    """Compare two runs' records and counts, but for what interventions themselves write."""
    fields = [name for name in CHILD.names or () if not (but and name in REACHED)]
    return all((one.children[name] == other.children[name]).all() for name in fields) and all(
        (getattr(one.ledger, name) == getattr(other.ledger, name)).all()
        for name in Ledger._fields[:-2]
        if name not in but
    )


# No effect


def test_m07_zero_coverage_is_no_intervention(
    tables: Tables, values: Values, world: World, sandwell: Any, lived: Lived
) -> None:
    """M07: all interventions at coverage 0: every record and every count is today's. Bit for bit."""
    none = run(Surroundings(tables, values, scenario(*everything(tables, 0.0))), world, sandwell)
    assert same(none, lived.life)


def test_m19_effects_at_their_null_change_no_life(
    tables: Tables, values: Values, world: World, sandwell: Any, lived: Lived
) -> None:
    """M19: all interventions for everyone they are for, at their nulls: every life is today's, at a cost. Exact."""
    nulls = {f"interventions.{row.intervention}.value": null_of(row.acts_on) for row in tables.rows["interventions"]}
    life = run(Surroundings(tables, values | nulls, scenario(*everything(tables, 1.0))), world, sandwell)
    assert same(life, lived.life, BOOKED)
    assert (life.ledger.reached.sum(axis=(0, 1)) > 0).sum() == len(nulls)


def test_m20_the_order_of_interventions_is_irrelevant(
    tables: Tables, values: Values, world: World, sandwell: Any
) -> None:
    """M20: all interventions in the scenario in either order: the same world. Bit for bit."""
    levers = everything(tables, 0.4)
    one, other = (
        run(Surroundings(tables, values, scenario(*each)), world, sandwell[:500]) for each in (levers, levers[::-1])
    )
    assert same(one, other)


@pytest.mark.slow
def test_e01_both_engines_carry_all_interventions_alike(
    tables: Tables, values: Values, key: tuple[int, int, int], world: World
) -> None:
    """E01: 80 children to 20, all interventions on with strong effects, both feedbacks on. Bit for bit."""
    strong = {
        f"interventions.{row.intervention}.value": null_of(row.acts_on) + (0.5 if k % 2 else -0.5)
        for k, row in enumerate(tables.rows["interventions"])
    }
    children = cohort(tables, values, ["sandwell", "solihull"], 40, key)
    children["frailty"] *= 3
    s = Surroundings(tables, values | strong, scenario(*everything(tables, 0.6), amplification=True, rationing=True))
    one, other = (run(s, world, children, engine, years=20) for engine in ("mesa", "compiled"))
    assert same(one, other)
    assert one.ledger.reached.sum() > 100


# Reach and cost


def test_a_family_with_and_one_without(tables: Tables, values: Values, key: tuple[int, int, int]) -> None:
    """Where abuse is certain and the programme prevents all of it: siblings are reached together, and are spared."""
    changed = altered(tables, "safecare", eligible="all", age_to=17)
    world = quiet_world(tables, values, key)
    hazard = world.hazard.copy()
    hazard[1] = 1e9
    children = aged(tables, 6, number_of(tables, "primary_school"))
    children["family"] = np.arange(len(children)) // 2 * 2
    lever = bought("safecare", 0.5)
    s = Surroundings(changed, values | {"interventions.safecare.value": 0.0}, scenario(lever))
    after, book = one_year(s, world._replace(hazard=hazard), children, 6)
    spared = ages_of_reach(after, tables, "safecare") == 6
    assert (spared[::2] == spared[1::2]).all()
    assert 0 < spared.sum() < len(spared)
    assert (after["cats"] == np.where(spared, 0, 1)).all()
    assert book.reached[6].sum() == spared.sum()


@pytest.mark.parametrize("unit", ["child", "area"])
def test_who_draws_together_is_reached_together(tables: Tables, values: Values, world: World, unit: str) -> None:
    """A child draws for itself; an area for all who live in it. Exact."""
    changed = altered(tables, "triple_p", reaches=unit)
    children = aged(tables, 0, NONE)
    life = run(Surroundings(changed, values, scenario(bought("triple_p", 0.5))), world, children, years=1)
    found = ages_of_reach(life.children, tables, "triple_p") >= 0
    assert 0 < found.sum() < len(found)
    for area in np.unique(children["neighbourhood"]):
        here = found[children["neighbourhood"] == area]
        if unit == "area":
            assert here.all() or not here.any()
    if unit == "child":
        assert any(0 < found[children["neighbourhood"] == n].mean() < 1 for n in np.unique(children["neighbourhood"]))


def test_coverage_is_the_share_of_those_eligible_and_grows_without_loss(
    tables: Tables, values: Values, world: World, sandwell: Any
) -> None:
    """Of 2,000 newborns the share reached is the coverage, binomially (1e-6; finds 7 points); more never drops one."""
    changed = altered(tables, "safecare", eligible="all", reaches="child")
    before = np.zeros(len(sandwell), bool)
    for coverage in (0.1, 0.3, 0.7, 1.0):
        s = Surroundings(changed, values, scenario(bought("safecare", coverage)))
        now = ages_of_reach(run(s, world, sandwell, years=1).children, tables, "safecare") == 0
        assert binomial_agrees(now.sum(), len(now), coverage)
        assert (now >= before).all()
        before = now
    assert before.all()


def test_a_ramp_reaches_more_each_year(tables: Tables, values: Values, world: World, sandwell: Any) -> None:
    """From 2026 over four years to half of all: nobody before, then an eighth more a year, then no more. By hand."""
    changed = altered(tables, "safecare", eligible="all", reaches="child", age_to=17)
    lever = bought("safecare", 0.5, start=2026, ramp=4)
    book = run(Surroundings(changed, values, scenario(lever)), world, sandwell, years=9).ledger
    new = book.reached.sum(axis=1)[:, names(tables).index("safecare")]
    assert not new[:2].any()
    assert all(binomial_agrees(count, len(sandwell), 0.125) for count in new[2:6])
    assert not new[6:].any()


ELIGIBLE = {
    "all": ({}, {}),
    "high_need": ({"severity": 200, "unresolved": 2}, {"severity": 199, "unresolved": 2}),
    "in_social_care": ({"support": "child_in_need"}, {"support": "foster_care"}),
    "on_plan": ({"support": "child_protection_plan"}, {"support": "child_in_need"}),
    "looked_after": ({"support": "kinship_care"}, {"support": "child_protection_plan"}),
    "out_of_school": ({"education": "severe_absence"}, {"education": "special_school"}),
}


@pytest.mark.parametrize("eligible", ELIGIBLE)
def test_an_intervention_is_for_those_it_is_for(
    tables: Tables, values: Values, key: tuple[int, int, int], eligible: str
) -> None:
    """Children whose state makes them eligible are reached, the others are not, nor are older or richer ones. Exact."""
    changed = altered(tables, "safecare", eligible=eligible, decile_to=3, age_from=6, age_to=8)
    world, order = quiet_world(tables, values, key), service_names(tables)
    s = Surroundings(changed, values, scenario(bought("safecare")))
    for yes, fields in zip((True, eligible == "all"), ELIGIBLE[eligible], strict=True):
        told = {name: order.index(each) if isinstance(each, str) else each for name, each in fields.items()}
        for age, decile, meets in ((6, 0, True), (8, 2, True), (5, 0, False), (9, 0, False), (7, 3, False)):
            setting = number_of(tables, "primary_school")
            children = with_fields(aged(tables, age, setting, severity=0, unresolved=0), decile=decile, **told)
            after, book = one_year(s, world, children, age)
            found = ages_of_reach(after, tables, "safecare") == age
            assert (found == (yes and meets)).all(), (fields, age, decile)
            assert book.reached[age].sum() == found.sum()


@pytest.mark.parametrize("given", [None, 250.0])
def test_cost_is_the_number_reached_times_the_cost(
    tables: Tables, values: Values, world: World, sandwell: Any, given: float | None
) -> None:
    """Each year costs those reached x the price of the price year, in whole hundredths of a penny, to its payer."""
    lever = bought("incredible_years", 0.5, cost=given)
    book = run(Surroundings(tables, values, scenario(lever)), world, sandwell).ledger
    number, place = names(tables).index("incredible_years"), int(sandwell["authority"][0])
    price = given or values["interventions.incredible_years.cost"] * deflator(tables, values, "2017-18")
    counts = book.reached[:, place, number]
    assert counts.sum() > 10
    assert (book.intervention_cost[:, place, number] == counts * round(10_000 * price)).all()
    assert book.reached.sum() == counts.sum()
    booked = accounts(tables, values, book, "sandwell")[:, :, 2]
    payer = payers(tables).index("social_care")
    assert booked[:, payer] == pytest.approx(counts * round(10_000 * price) / 10_000)
    assert not np.delete(booked, payer, axis=1).any()


def test_a_programme_of_each_year_costs_each_year(tables: Tables, values: Values, world: World, sandwell: Any) -> None:
    """Once: each child at most once. Renewed: all who live at each of the ages. Exact."""
    s = Surroundings(tables, values, scenario(bought("family_nurse_partnership"), bought("triple_p")))
    book = run(s, world, sandwell).ledger
    once, each = (book.reached.sum(axis=1)[:, names(tables).index(x)] for x in ("family_nurse_partnership", "triple_p"))
    assert (once[1:] == 0).all()
    assert once[0] == (sandwell["decile"] < 3).sum()
    assert (each[:9] == book.alive.sum(axis=1)[:9]).all()
    assert not each[9:].any()


def test_an_unknown_cost_books_nothing(tables: Tables, values: Values, world: World, sandwell: Any) -> None:
    """Whom an intervention of unknown cost reaches is counted, at no cost. Exact."""
    s = Surroundings(tables, values, scenario(bought("community_capacity_washington")))
    book = run(s, world, sandwell, years=ADULT).ledger
    assert book.reached.sum() == book.alive[:ADULT].sum()
    assert not book.intervention_cost.any()


# Effects


def test_fade_is_the_closed_form(tables: Tables, values: Values, world: World) -> None:
    """What a run reads is 1 + (ratio - 1) x what is left, log-odds x what is left; the table's fade x its factor."""
    own = bought("cash_transfer", full_years=3, fade=0.25)
    s = Surroundings(tables, values | {"factor_fade": 1.5}, scenario(own, bought("trauma_informed_schools")))
    effect = year_context(s, world, 0, None).effect[s.places.index("sandwell")]
    ratio = values["interventions.cash_transfer.value"]
    by_hand = [1 + (ratio - 1) * effect_left(n, 3, 0.25) for n in range(ADULT)]
    assert effect[names(tables).index("cash_transfer")] == pytest.approx(by_hand, rel=1e-12)
    held = values | {"interventions.trauma_informed_schools.value": 0.3, "factor_fade": 1.5}
    effect = year_context(replace(s, values=held), world, 0, None).effect[s.places.index("sandwell")]
    by_hand = [0.3 * 0.25 ** max(0, n) for n in range(ADULT)]
    assert effect[names(tables).index("trauma_informed_schools")] == pytest.approx(by_hand, rel=1e-12)


def test_a_faded_effect_prevents_no_more(tables: Tables, values: Values, key: tuple[int, int, int]) -> None:
    """Reached at 3 alone, two full years, all lost after: abuse that is certain comes from 5 on. Exact."""
    changed = altered(tables, "safecare", eligible="all")
    world = quiet_world(tables, values, key)
    hazard = world.hazard.copy()
    hazard[1] = 1e9
    children = cohort(tables, values, ["sandwell"], 40, key)
    lever = bought("safecare", ages=(3, 3), full_years=2, fade=1.0)
    s = Surroundings(changed, values | {"interventions.safecare.value": 0.0}, scenario(lever))
    book = run(s, world._replace(hazard=hazard), children, years=8).ledger
    assert [int(n) for n in book.cats.sum(axis=(1, 2))[:8]] == [40, 40, 40, 0, 0, 40, 40, 40]


def test_an_intervention_moves_its_own_types_alone(tables: Tables, values: Values, key: tuple[int, int, int]) -> None:
    """All hazards certain: at a ratio of 0 on maltreatment, just those five types do not happen. Exact."""
    world = quiet_world(tables, values, key)
    certain = world._replace(hazard=np.full_like(world.hazard, 1e9))
    s = Surroundings(tables, values | {"interventions.triple_p.value": 0.0}, scenario(bought("triple_p")))
    book = run(s, certain, cohort(tables, values, ["sandwell"], 20, key), years=1).ledger
    kinds = tables.rows["adversities"]
    expected = [20 * (row.arises == "hazard" and row.adversity not in MALTREATMENT) for row in kinds]
    assert book.cats[0].sum(axis=0).tolist() == expected


def test_a_gradient_eased_away_is_that_of_the_least_deprived(
    tables: Tables, values: Values, key: tuple[int, int, int], world: World
) -> None:
    """Children of the poorest tenth without their gradient: the events of the same children in the richest. Exact."""
    quiet = quiet_world(tables, values, key)._replace(hazard=20 * world.hazard)
    poor = with_fields(cohort(tables, values, ["sandwell"], 800, key), decile=0, frailty=MILLION)
    rich = with_fields(poor, decile=9)
    eased = Surroundings(
        tables, values | {"interventions.social_investment.value": 1.0}, scenario(bought("social_investment"))
    )
    plain = Surroundings(tables, values, scenario())
    events = [
        run(s, quiet, children, years=3).children["types"]
        for s, children in ((eased, poor), (plain, rich), (plain, poor))
    ]
    assert (events[0] == events[1]).all()
    assert (events[1] != events[2]).any()


def on_plan(tables: Tables, values: Values, key: tuple[int, int, int], log_odds: float) -> tuple[World, Any]:
    """Put children in need on a plan that passes those whom it does not hold to foster care."""
    names_ = service_names(tables)
    world = on_ways(tables, needed(quiet_world(tables, values, key)), {("child_protection_plan", 0): "foster_care"})
    services = world.services.copy()
    services["hold_log_odds"][names_.index("child_protection_plan")] = log_odds
    services["hold_log_odds"][names_.index("primary_school")] = 1e9
    children = cohort(tables, values, ["sandwell"], 3_000, key)
    children = with_fields(
        children, education=names_.index("primary_school"), support=names_.index("child_protection_plan"), resilience=0
    )
    return with_scalars(world._replace(services=services), hold_per_load=0.0), children


@pytest.mark.parametrize("ratio", [0.0, 0.6, 1.0, 1.5])
def test_entry_to_care_is_multiplied_by_the_ratio(
    tables: Tables, values: Values, key: tuple[int, int, int], ratio: float
) -> None:
    """Of 3,000 on plans, ratio x the chance of not being held enter care, binomially (1e-6; finds 7 points)."""
    world, children = on_plan(tables, values, key, 0.6)
    accepted = {f"services.{name}.acceptance": 1.0 for name in service_names(tables)}
    numbers = values | accepted | {"interventions.family_group_conference.value": ratio}
    counts = []
    for levers in ((), (bought("family_group_conference"),)):
        s = Surroundings(tables, numbers, scenario(*levers))
        after, book = one_year(s, world, children, 6)
        counts.append(book.flows[6, :, Flow.LOOKED_AFTER_STARTED].sum())
        entered = after["support"] == service_names(tables).index("foster_care")
        assert counts[-1] == entered.sum()
    lift = year_context(s, world, 6, None).lift[s.places.index("sandwell")]
    chance = logistic(-0.6 - lift[world.plan])
    assert binomial_agrees(counts, len(children), [chance, ratio * chance])
    assert (counts[1] - counts[0]) * (ratio - 1) >= 0


def test_placement_moves_stop_at_a_ratio_of_none(tables: Tables, values: Values, key: tuple[int, int, int]) -> None:
    """Foster children who would move do not where the ratio is 0. Exact."""
    foster = number_of(tables, "foster_care")
    world = quiet_world(tables, values, key)
    world = world._replace(services=with_fields(world.services, placement_move_rate=3.0))
    children = aged(tables, 6, number_of(tables, "primary_school"), support=foster)
    numbers = values | {"interventions.placement_support.value": 0.0}
    books = [
        one_year(Surroundings(tables, numbers, scenario(*levers)), world, children, 6)[1]
        for levers in ((), (bought("placement_support"),))
    ]
    moves = [book.flows[6, :, Flow.PLACEMENT_MOVES].sum() for book in books]
    assert moves[0] > len(children)
    assert moves[1] == 0


@pytest.mark.parametrize(
    ("acts_on", "better"),
    [("healing", "healed"), ("holding_education", "outcome"), ("holding_support", "outcome")],
)
def test_log_odds_help_more_and_harm_more(
    tables: Tables, values: Values, world: World, lived: Lived, acts_on: str, better: str
) -> None:
    """From one state, more log-odds of healing heal no fewer; of holding, hold whoever was held. Harm is the mirror."""
    changed = altered(tables, "safecare", acts_on=acts_on, eligible="all", age_to=17)
    state = lived.years[9]
    found = []
    for value in (-1.5, 0.0, 1.5):
        s = Surroundings(changed, values | {"interventions.safecare.value": value}, scenario(bought("safecare")))
        after, book = one_year(s, world, state, 10)
        held = after["outcome"] <= Outcome.HELD_WITH_SUPPORT
        found.append((after["healed"].astype(int) if better == "healed" else held.astype(int), book))
    (worse, _), (plain, _), (best, _) = found
    assert (worse <= plain).all()
    assert (plain <= best).all()
    assert worse.sum() < plain.sum() < best.sum()


def test_null_trials_leave_room_for_harm(tables: Tables) -> None:
    """What trials found without effect, or nobody has tested, has harm and help in it; the untested centre on none."""
    rows = {row.intervention: row for row in tables.rows["interventions"]}
    nulls = [name for name, row in rows.items() if row.value == null_of(row.acts_on)]
    assert {"triple_p_glasgow", "trauma_informed_schools", "incredible_years", "housing_support"} <= set(nulls)
    for name in (*nulls, "family_nurse_partnership", "multisystemic_therapy"):
        number = tables.numbers[f"interventions.{name}.value"]
        ends = quantiles(number, np.array([0.1, 0.9]))
        assert ends[0] < null_of(rows[name].acts_on) < ends[1], name


def test_an_effect_out_of_range_is_refused(tables: Tables, values: Values, world: World) -> None:
    """B: a drawn or set value that its kind cannot have: one line with name, range and unit."""
    s = Surroundings(tables, values | {"interventions.triple_p.value": -0.1}, scenario(bought("triple_p")))
    with pytest.raises(InputError, match=r"interventions\.triple_p\.value: -0\.1 is outside 0 to 10 \[rate ratio\]"):
        year_context(s, world, 0, None)


@pytest.mark.slow
def test_residents_are_reached_year_by_year(tables: Tables, values: Values, world: World) -> None:
    """Among residents, visits from 2027 reach each year's births in deciles 1 to 3, and nobody before. Exact."""
    s = Surroundings(tables, values, scenario(bought("family_nurse_partnership", start=2027)))
    town = Town(s, world.key, ["sandwell"], 0.02)
    town.begin(0)
    born: list[int] = []

    def count(year: int, people: Any) -> None:
        born.append(int(((people["birth_year"] == year) & (people["decile"] < 3)).sum()))

    book = residents(s, world, town, 0, 5, watch=count).ledger
    new = book.reached.sum(axis=1)[:5, names(tables).index("family_nurse_partnership")]
    assert new.tolist() == [0, 0, 0, *born[3:]]
    assert min(born) > 10
