"""Young and adult life: its state machine by hand, shares at null effects, money counted once, transfers apart."""

from typing import Any

import numpy as np
import pytest
from certain import aged, doors, leaving, needed, on_ways, quiet_world
from chance import binomial_agrees
from worlds import (
    equal_risks,
    grown_up,
    immortal,
    never_ill,
    one_year,
    scenario,
    with_fields,
    with_scalars,
    without_adversity,
)

from agents.child import CHILD
from agents.names import ADULT, AGES, DAYS, NONE, Count, Entry, Ever, Standing
from agents.service import logistic
from experiments.adult import agency_counts, agency_table, place_sums
from simulation.adult_parts import BROUGHT_ABOUT, agency_names, pay_parts
from simulation.build import authority_names, build, deflator, service_names
from simulation.cohort import Life, reference, run
from simulation.context import Surroundings
from simulation.economics import discount_factors
from simulation.harm import instability_kinds
from simulation.inputs import Tables
from simulation.ledger import LINES, Ledger
from simulation.network import reason_names
from simulation.population import cohort
from simulation.residents import Town, residents
from simulation.scenario import Lever, Scenario, Switches
from simulation.world import OUTCOME_OF_LIFE, World

Values = dict[str, float]
Key = tuple[int, int, int]
NEW = ("adult_cost", "adult_services", "standing", "agencies")
BOOKS = ("adult", "adult_users", "adult_cost", "condition_cost", "agencies")
NEVER_SO, ALWAYS = -1e9, 1e9


@pytest.fixture(scope="module")
def on(tables: Tables, values: Values, world: World) -> World:
    """Follow adult life in the reference world."""
    return grown_up(tables, values, world)


@pytest.fixture(scope="module")
def adults(today: Surroundings, on: World, sandwell: Any) -> Life:
    """Let 2,000 children of Sandwell live with adult life followed."""
    return run(today, on, sandwell)


def plain_outcomes(world: World, **log_odds: float) -> World:
    """Take every effect from the rows of outcomes, and set the level of some."""
    rows = world.outcomes.copy()
    for name in OUTCOME_OF_LIFE.names or ():
        if name != "log_odds":
            rows[name] = 0.0
    for outcome, level in log_odds.items():
        at = world.outcome_at[Standing[outcome.upper()]]
        rows["log_odds"][np.unique(at[at >= 0])] = level
    return world._replace(outcomes=rows)


def untroubled(world: World) -> World:
    """Let nobody die before the last year, fall ill, or meet adversity."""
    return without_adversity(never_ill(immortal(equal_risks(world))))


def counted(book: Ledger, count: Count) -> Any:
    """Give a count by year, over all places."""
    return book.adult[:, :, count].sum(axis=1)


def test_off_nothing_of_it_is_written(lived: Any) -> None:
    """Off, as shipped: the new fields and books stay empty. Exact."""
    assert not any(lived.life.children[name].any() for name in NEW)
    assert not any(getattr(lived.life.ledger, name).any() for name in BOOKS)
    assert not (lived.life.children["ever"] >> Ever.LEFT_CARE_AT_16_OR_17 & 1).any()


def test_on_childhood_health_and_death_stay_bit_for_bit(lived: Any, adults: Life) -> None:
    """On: every field and count that is not of adult life is that of the run without it. Exact."""
    moved = {*NEW, "cost", "recent", "ever", "aats", "unresolved", "healed", "healing", "severity", "need_load"}
    for name in set(CHILD.names or ()) - moved:
        assert (adults.children[name] == lived.life.children[name]).all(), name
    for name in set(Ledger._fields[:-2]) - {*BOOKS, "aats", "healed"}:
        assert (getattr(adults.ledger, name) == getattr(lived.life.ledger, name)).all(), name
    assert (adults.ledger.aats[:ADULT] == lived.life.ledger.aats[:ADULT]).all()
    assert (adults.ledger.healed[:ADULT] == lived.life.ledger.healed[:ADULT]).all()


def test_e01_engines_live_the_same_adult_lives(tables: Tables, values: Values, key: Key, on: World) -> None:
    """E01: 30 children of Sandwell with adult life on: records, books and journal of both engines. Exact."""
    children = cohort(tables, values, ["sandwell"], 30, key)
    children["frailty"] *= 3
    s = Surroundings(tables, values, Scenario.today())
    one, other = (run(s, on, children, engine, room=LINES) for engine in ("mesa", "compiled"))
    assert one.children.tobytes() == other.children.tobytes()
    for name in Ledger._fields[:-2]:
        assert (np.asarray(getattr(one.ledger, name)) == getattr(other.ledger, name)).all(), name
    ordered = [
        np.sort(np.asarray(each.ledger.journal[: each.ledger.lines[0]]), order=["child", "day", "entry", "detail"])
        for each in (one, other)
    ]
    assert (ordered[0] == ordered[1]).all()


def test_without_effects_shares_are_the_base_rates(today: Surroundings, on: World, sandwell: Any) -> None:
    """Zero coefficients: each outcome's share at each age is its row's. Binomial, false alarm 1e-6 each."""
    plain = plain_outcomes(untroubled(on), level_2=0.4, level_3=0.9, early_parent=-2.0, neet=-1.5, employed=0.7)
    book = run(today, plain, sandwell).ledger
    people, half = len(sandwell), logistic(0.4)
    assert binomial_agrees(counted(book, Count.LEVEL_2)[16], people, half)
    assert binomial_agrees(counted(book, Count.LEVEL_2)[16:18].sum(), people, 1 - (1 - half) ** 2)
    assert binomial_agrees(counted(book, Count.LEVEL_3)[19], people, logistic(0.9))
    assert binomial_agrees(counted(book, Count.EARLY_PARENTS).sum(), people, 1 - (1 - logistic(-2.0)) ** 5)
    neet = logistic(-1.5)
    assert binomial_agrees(counted(book, Count.NEET)[18:25], people, neet)
    assert binomial_agrees(counted(book, Count.EMPLOYED)[18:25], people, (1 - neet) * logistic(0.7))
    assert binomial_agrees(counted(book, Count.EMPLOYED)[25:67], people, logistic(0.7))
    assert not counted(book, Count.EMPLOYED)[67:].any()


def test_work_that_lasts_follows_its_chain(today: Surroundings, on: World, sandwell: Any) -> None:
    """Two states, p' = p stays + (1 - p) enters: shares at work at 25 to 60. Binomial, false alarm 1e-6 each."""
    plain = plain_outcomes(untroubled(on), neet=NEVER_SO, employed=-1.2)
    work = run(today, plain._replace(outcomes=with_fields(plain.outcomes, before=3.0)), sandwell).ledger
    expected, share = [], 0.0
    for _ in range(18, 61):
        share = share * logistic(1.8) + (1.0 - share) * logistic(-1.2)
        expected.append(share)
    assert binomial_agrees(counted(work, Count.EMPLOYED)[18:61], len(sandwell), np.array(expected))


def test_neet_is_carried_from_17_and_ends_at_25(tables: Tables, today: Surroundings, on: World, sandwell: Any) -> None:
    """By hand: who is NEET at 17 stays so to 24 where leaving is impossible, nobody else becomes so. Exact."""
    world = plain_outcomes(untroubled(on), neet=NEVER_SO, employed=ALWAYS)
    rows = world.outcomes.copy()
    at = world.outcome_at[Standing.NEET]
    rows["before"][np.unique(at[at >= 0])] = 2 * ALWAYS
    years: list[Any] = []
    book = run(
        today, world._replace(outcomes=rows), sandwell, watch=lambda year, records: years.append(records.copy())
    ).ledger
    out = service_names(tables).index("not_in_education")
    begun = (years[17]["education"] == out).sum()
    assert begun > 0
    assert (counted(book, Count.NEET)[18:25] == begun).all()
    assert (counted(book, Count.NEET)[16:18] == [(years[age]["education"] == out).sum() for age in (16, 17)]).all()
    assert (counted(book, Count.EMPLOYED)[18:25] == len(sandwell) - begun).all()
    assert (counted(book, Count.EMPLOYED)[25:67] == len(sandwell)).all()
    assert not any((each["standing"] >> Standing.NEET & 1).any() for each in years[25:])
    benefits = counted(book, Count.BENEFITS)
    assert (benefits[18:25] == begun * world.benefits).all()
    assert not benefits[25:].any()


def test_benefits_without_work_are_for_neet_to_24_and_for_all_after(
    today: Surroundings, on: World, sandwell: Any
) -> None:
    """By hand: nobody is NEET or at work: no benefit before 25, then one a year until work ends at 67. Exact."""
    world = plain_outcomes(untroubled(on), neet=NEVER_SO, employed=NEVER_SO)
    benefits = counted(run(today, world, sandwell).ledger, Count.BENEFITS)
    assert (benefits[25:67] == len(sandwell) * world.benefits).all()
    assert not benefits[:25].any()
    assert not benefits[67:].any()


def test_deprivation_raises_the_log_odds_of_an_outcome(today: Surroundings, on: World, sandwell: Any) -> None:
    """By hand: where deprivation alone decides, the five most deprived tenths are early parents, nobody else. Exact."""
    world = plain_outcomes(untroubled(on), early_parent=0.0)
    rows = world.outcomes.copy()
    at = world.outcome_at[Standing.EARLY_PARENT]
    rows["deprivation"][np.unique(at[at >= 0])] = ALWAYS
    people = run(today, world._replace(outcomes=rows), sandwell, years=25).children
    assert (people["standing"] >> Standing.EARLY_PARENT & 1 == (people["decile"] < 5)).all()


@pytest.mark.parametrize(("age", "mark", "raised"), [(24, True, True), (25, True, False), (24, False, False)])
def test_hazards_of_care_leavers_are_raised_to_24(
    today: Surroundings, on: World, sandwell: Any, age: int, mark: bool, raised: bool
) -> None:
    """Hazards next to nothing and a ratio without bounds: all of a care leaver's happen to 24, else none. Exact."""
    world = never_ill(immortal(equal_risks(on)))._replace(adult_hazard=np.full_like(on.adult_hazard, 1e-12))
    people = with_fields(sandwell[:60], birth_year=-age, education=NONE, ever=mark << Ever.LEFT_CARE_AT_18)
    after, _ = one_year(today, with_scalars(world, care_leaver_ratio=1e15), people, 0)
    assert (after["aats"] == raised * len(on.adult_adversities)).all()


def test_pay_and_tax_are_years_times_their_rows(today: Surroundings, on: World, sandwell: Any) -> None:
    """By hand: all at work with level 3 earn and pay by class 2 from 19, by class 1 at 18. Exact."""
    world = plain_outcomes(untroubled(on), level_2=ALWAYS, level_3=ALWAYS, neet=NEVER_SO, employed=ALWAYS)
    book = run(today, world, sandwell).ledger
    reached = np.where(np.arange(18, 67) < 19, 1, 2)
    for count, row in ((Count.EARNINGS, world.pay), (Count.TAX, world.tax)):
        assert (counted(book, count)[18:67] == len(sandwell) * row[reached, np.arange(18, 67)]).all()
    assert not counted(book, Count.BENEFITS).any()


def test_attainment_in_pay_of_nothing_pays_all_alike(tables: Tables, values: Values) -> None:
    """At 0 every class earns the mean of its age; the mean of an age stays whatever the part. To a hundredth."""
    share = np.array([0.12, 0.20, 0.68])
    parts = [pay_parts(tables, {**values, "attainment_in_pay": part})["pay"][:, 18:67] for part in (0.0, 0.4, 1.0)]
    assert (np.ptp(parts[0], axis=0) <= 1).all()
    for part in parts:
        assert np.allclose(share @ part, share @ parts[2], atol=1.0)
    own = {row.attainment: row.pay for row in tables.rows["pay"] if row.age_from == 30}
    assert (parts[2][:, 30 - 18] == [10_000 * own[each] for each in ("below_level_2", "level_2", "level_3")]).all()


def test_tax_by_hand(tables: Tables, values: Values) -> None:
    """By hand at 20,000: 20% and 11.5% above 12,570, 13.8% above 9,100; at 60,000 a tenth more above 50,270."""
    flat = {name: 20_000.0 for name in values if name.startswith("pay.") and name.endswith(".pay")}
    assert (pay_parts(tables, {**values, **flat})["tax"][:, 40] == round(1e4 * (0.315 * 7_430 + 0.138 * 10_900))).all()
    high = dict.fromkeys(flat, 60_000.0)
    expected = 0.315 * 47_430 + 0.1 * 9_730 + 0.138 * 50_900
    assert (pay_parts(tables, {**values, **high})["tax"][:, 40] == round(1e4 * expected)).all()


def test_cost_is_use_times_unit_cost(on: World, adults: Life) -> None:
    """By ledger: users times the cost of a year's use; by record: childhood's cost and these. Exact."""
    book = adults.ledger
    assert (book.adult_cost == book.adult_users * on.adult_services["cost"]).all()
    assert (book.adult_users.sum(axis=(0, 1)) > 0).all()
    years_ill = book.condition_cost[..., on.condition_cost > 0] / on.condition_cost[on.condition_cost > 0]
    assert (years_ill == np.round(years_ill)).all()
    assert adults.children["cost"].sum() == book.cost.sum()
    assert adults.children["adult_cost"].sum() == book.adult_cost.sum() + book.condition_cost.sum()


def test_each_persons_cost_is_told_by_the_journal(
    tables: Tables, values: Values, key: Key, today: Surroundings, on: World
) -> None:
    """By record: an adult's cost is its services' years and its years ill, read back from its timeline. Exact."""
    children = cohort(tables, values, ["sandwell"], 30, key)
    children["frailty"] *= 3
    life = run(today, on, children, room=LINES)
    before = run(today, with_scalars(on, adult_life=0.0), children)
    assert life.ledger.lines[0] < LINES
    for child, young in zip(life.children, before.children, strict=True):
        lines = life.ledger.journal[life.ledger.journal["child"] == child["id"]]
        used = lines["detail"][lines["entry"] == Entry.ADULT_SERVICE]
        cost = int(on.adult_services["cost"][used].sum())
        last = min(AGES - 1, int(child["died"]) // DAYS)
        for number, price in enumerate(on.condition_cost):
            begun = None
            for line in lines[(lines["detail"] == number) & np.isin(lines["entry"], (Entry.ONSET, Entry.REMISSION))]:
                year = int(line["day"]) // DAYS
                if line["entry"] == Entry.ONSET:
                    begun = year
                else:
                    assert begun is not None
                    cost += int(price) * max(0, year - max(begun, ADULT - 1))
                    begun = None
            if begun is not None:
                cost += int(price) * max(0, last - max(begun, ADULT - 1))
        assert child["adult_cost"] - young["adult_cost"] == cost


def test_transfers_enter_no_cost(tables: Tables, values: Values, today: Surroundings, on: World, adults: Life) -> None:
    """Pay, tax and benefits trebled: every cost of people, places and payers stays; transfers treble. Exact."""
    dear = on._replace(pay=3 * on.pay, tax=3 * on.tax, benefits=3 * on.benefits)
    children = cohort(tables, values, ["sandwell"], 2_000, (on.key[0], on.key[1], on.key[2]))
    life = run(today, dear, children)
    assert (life.children["adult_cost"] == adults.children["adult_cost"]).all()
    number, factors = authority_names(tables).index("sandwell"), discount_factors(values, "costs")
    one, other = (place_sums(tables, values, each, number, factors) for each in (adults, life))
    for name, sum_ in one.items():
        times = 3.0 if name.removesuffix("_discounted") in ("earnings", "tax", "benefits") else 1.0
        assert other[name] == pytest.approx(times * sum_, rel=1e-12), name
    payers = sum(each for name, each in one.items() if name.startswith("adult_service_cost_") and name[19:] in PAYERS)
    assert payers == pytest.approx(one["adult_service_cost"])


@pytest.mark.parametrize("moves", [False, True])
def test_a_family_without_a_home_is_paid_for_once(
    tables: Tables, values: Values, key: tuple[int, int, int], moves: bool
) -> None:
    """Where children bear what their families' homelessness costs, adults bear the rest; nothing else moves. Exact.

    Without a cost nothing is taken, and never more than the price.
    """
    switches = Switches(adult_life=True, instability_events=moves)
    alone = build(tables, values, Switches(adult_life=True), key)
    rows = {row.service: k for k, row in enumerate(tables.rows["adult_services"])}
    here = rows.pop("homelessness_service")
    whole = values["adult_services.homelessness_service.value"] * deflator(tables, values, "2021-22")
    for cost in (5_000.0, 0.0, 1e6):
        booked = cost * deflator(tables, values, "2018-19") * values["homeless_children_per_adult"] * moves
        found = build(tables, values | {"instability_events.family_homelessness.0.cost": cost}, switches, key)
        assert found.adult_services["cost"][here] == round(10_000 * max(0.0, whole - booked))
        others = [*rows.values()]
        assert (found.adult_services["cost"][others] == alone.adult_services["cost"][others]).all()
        for name in set(found.adult_services.dtype.names or ()) - {"cost"}:
            assert (found.adult_services[name] == alone.adult_services[name]).all()


@pytest.mark.slow
def test_what_is_booked_with_homeless_children_is_what_adults_are_spared(
    tables: Tables, values: Values, key: tuple[int, int, int]
) -> None:
    """In whole lives of England with both switches on, one is the other within a tenth: two counts, one ratio.

    30,000 births: about 2,900 events and 20,000 years of use; three standard errors are 7%.
    """
    both = Switches(adult_life=True, instability_events=True)
    there = reference(tables, values, both, key, 3000)
    born = cohort(tables, values, ["england"], 30_000, key, both)
    life = run(Surroundings(tables, values, Scenario(name="both", switches=both)), there, born)
    number = authority_names(tables).index("england")
    kind = [row.kind for row in instability_kinds(tables)].index("family_homelessness")
    service = [row.service for row in tables.rows["adult_services"]].index("homelessness_service")
    alone = build(tables, values, Switches(adult_life=True), key)
    spared = (alone.adult_services["cost"] - there.adult_services["cost"])[service]
    taken = spared * life.ledger.adult_users[:, number, service].sum()
    assert taken == pytest.approx(life.ledger.instability_cost[:, number, kind].sum(), rel=0.1)


PAYERS = ("social_care", "health", "justice", "housing", "public_health", "work_and_pensions")


def test_without_adversity_or_need_services_change_nothing(
    tables: Tables, values: Values, on: World, sandwell: Any
) -> None:
    """Adversity off and nobody in need: today and much better services give the same adult lives. Exact."""
    better = scenario(Lever(kind="sufficiency", add=0.3), Lever(kind="tip_alignment", add=0.3))
    quiet = without_adversity(on._replace(need=with_fields(on.need, without_adversity=0.0)))
    lives = [run(Surroundings(tables, values, each), quiet, sandwell) for each in (Scenario.today(), better)]
    assert lives[0].children.tobytes() == lives[1].children.tobytes()
    assert all((getattr(lives[0].ledger, name) == getattr(lives[1].ledger, name)).all() for name in BOOKS)
    assert lives[0].ledger.adult.any()


def test_effects_at_null_leave_outcomes_to_background(
    tables: Tables, values: Values, key: Key, today: Surroundings, on: World, sandwell: Any
) -> None:
    """M19: with `factor_adult_outcomes` 0 and levels alike, adversity changes no outcome of the living. Exact."""
    null = build(tables, {**values, "factor_adult_outcomes": 0.0}, Switches(adult_life=True), key)
    assert not any(null.outcomes[name].any() for name in BROUGHT_ABOUT)
    rows = with_fields(null.outcomes, log_odds=null.outcomes["log_odds"])
    world = never_ill(immortal(equal_risks(on)))._replace(outcomes=rows)
    at = world.outcome_at.copy()
    at[Standing.NEET] = -1  # at 16 and 17 NEET is a service, which adversity leads to
    world = world._replace(outcome_at=at)
    found = [
        run(today, each, sandwell).ledger.adult.sum(axis=1) for each in (world, with_scalars(world, adversity=0.0))
    ]
    for count in (Count.LEVEL_2, Count.LEVEL_3, Count.EARLY_PARENTS, Count.EMPLOYED):
        assert (found[0][:, count] == found[1][:, count]).all()


def test_services_that_help_nobody_leave_healing_as_it_is(today: Surroundings, on: World, sandwell: Any) -> None:
    """`heal_adult_service` 0 is the same as services that reach nobody; a large one leaves fewer events. Exact."""
    few = sandwell[:500]
    without = on._replace(adult_routes=with_fields(on.adult_routes, reached=0.0))
    still = [run(today, with_scalars(each, heal_adult_service=0.0), few) for each in (on, without)]
    for name in ("unresolved", "healed", "severity", "aats"):
        assert (still[0].children[name] == still[1].children[name]).all()
    helped = run(today, with_scalars(on, heal_adult_service=3.0), few)
    for name in ("unresolved", "aats"):
        assert helped.children[name].sum(dtype=int) < still[0].children[name].sum(dtype=int)


def test_use_follows_reasons_and_staying(tables: Tables, values: Values, today: Surroundings, on: World) -> None:
    """P(use) = 1 - (1 - stays if used last year) x (1 - reached) of each reason. Binomial, false alarm 1e-6 each."""
    names = [row.service for row in tables.rows["adult_services"]]
    k = names.index("talking_therapies")
    bits = reason_names(tables.rows)
    world = untroubled(plain_outcomes(on, employed=NEVER_SO, neet=NEVER_SO))
    row = world.adult_services[k]
    ways = world.adult_routes[world.adult_first[k] : world.adult_first[k + 1]]
    reached = {int(way["reason"]): float(way["reached"]) for way in ways}
    people = cohort(tables, values, ["sandwell"], 4_000, (9, 0, 0))
    ill = 1 << (bits["depression"] - 16) | 1 << (bits["anxiety"] - 16)
    people = with_fields(people, conditions=ill, birth_year=-40, education=NONE)
    for before in (0, 1 << k):
        after, book = one_year(
            today,
            world._replace(remission=np.zeros_like(world.remission)),
            with_fields(people, adult_services=before),
            0,
        )
        missed = (1 - reached[bits["depression"]]) * (1 - reached[bits["anxiety"]])
        missed *= 1 - float(row["stays"]) if before else 1.0
        assert binomial_agrees((after["adult_services"] >> k & 1).sum(), len(people), 1 - missed)
        assert book.adult_users[0, :, k].sum() == (after["adult_services"] >> k & 1).sum()


@pytest.mark.parametrize(("age", "left"), [(15, False), (16, True), (17, True)])
def test_an_end_of_care_at_16_or_17_is_leaving_care(
    tables: Tables, values: Values, key: Key, age: int, left: bool
) -> None:
    """By hand: foster care ends at once; from 16 that marks a care leaver, only with adult life on. Exact."""
    names = service_names(tables)
    foster = names.index("foster_care")
    quiet = leaving(on_ways(tables, quiet_world(tables, values, key), {}), foster)
    education = names.index("secondary_school" if age < 16 else "post_16")
    child = aged(tables, age, education, support=foster, since=(age - 1) * DAYS, open_since=(age - 1) * DAYS)
    for switch, marked in ((1.0, left), (0.0, False)):
        after, _ = one_year(doors(tables, values, 0.0), with_scalars(quiet, adult_life=switch), child, age)
        assert (after["support"] == NONE).all()
        assert (after["ever"] >> Ever.LEFT_CARE_AT_16_OR_17 & 1 == marked).all()


def test_care_leavers_are_held_by_the_leaving_care_service_to_24(
    tables: Tables, today: Surroundings, on: World, sandwell: Any
) -> None:
    """Reached with certainty: each year at 18 to 24 is in touch and costs its price; at 25 none is. Exact."""
    k = [row.service for row in tables.rows["adult_services"]].index("leaving_care")
    routes = on.adult_routes.copy()
    routes["reached"] = 0.0
    routes["reached"][on.adult_first[k] : on.adult_first[k + 1]] = 1.0
    years = sandwell.copy()
    years["ever"] |= 1 << Ever.LEFT_CARE_AT_16_OR_17
    book = run(today, untroubled(on._replace(adult_routes=routes)), years).ledger
    assert (counted(book, Count.CARE_LEAVERS)[18:25] == len(sandwell)).all()
    assert (counted(book, Count.CARE_LEAVERS_IN_TOUCH) == counted(book, Count.CARE_LEAVERS)).all()
    assert not counted(book, Count.CARE_LEAVERS)[25:].any()
    assert not book.adult_users[25:].any()
    assert book.adult_cost[:, :, k].sum() == 7 * len(sandwell) * on.adult_services["cost"][k]


def test_care_leavers_years_are_counted_as_they_are(on: World, today: Surroundings, sandwell: Any) -> None:
    """NEET, homeless and in touch are parts of care leavers' years; homelessness is an event of that year. Exact."""
    years: list[Any] = []
    run(today, on, sandwell, watch=lambda year, records: years.append(records.copy()), years=25)
    marks = 1 << Ever.LEFT_CARE_AT_18 | 1 << Ever.LEFT_CARE_AT_16_OR_17
    book = run(today, on, sandwell).ledger
    for age in range(18, 25):
        alive = years[age][(years[age - 1]["died"] < 0) & (years[age]["ever"] & marks > 0)]
        assert counted(book, Count.CARE_LEAVERS)[age] == len(alive)
        assert counted(book, Count.CARE_LEAVERS_NEET)[age] == (alive["standing"] >> Standing.NEET & 1).sum()
        assert counted(book, Count.CARE_LEAVERS_HOMELESS)[age] == (alive["recent"] >> on.homelessness & 1).sum()


def test_absence_and_suspension_of_secondary_school_leave_their_mark(
    tables: Tables, values: Values, key: Key, today: Surroundings
) -> None:
    """By hand: both certain, marks at 11 to 15 and none at 10. Exact."""
    names = service_names(tables)
    world = grown_up(tables, values, quiet_world(tables, values, key))
    world = world._replace(events=with_fields(world.events, log_odds=1e9))
    both = 1 << Standing.PERSISTENTLY_ABSENT | 1 << Standing.SUSPENDED
    for age, school, marked in ((10, "primary_school", 0), (12, "secondary_school", both)):
        after, _ = one_year(today, world, aged(tables, age, names.index(school)), age)
        assert set(after["standing"].tolist()) == {marked}


def test_agencies_by_hand(tables: Tables, values: Values, key: Key) -> None:
    """By hand: school alone is no agency; a plan is social care, CAMHS health, a referral social care. Exact."""
    names, payers = service_names(tables), agency_names(tables)
    quiet = quiet_world(tables, values, key)
    quiet = grown_up(tables, values, quiet)._replace(events=quiet.events)
    camhs = quiet.services["bit"][names.index("camhs")]
    s, school = doors(tables, values, 0.0), names.index("primary_school")
    for fields, expected in (
        ({}, set()),
        ({"support": quiet.plan, "since": 0, "open_since": 0}, {"social_care"}),
        ({"support": quiet.plan, "since": 0, "open_since": 0, "specialists": 1 << camhs}, {"social_care", "health"}),
    ):
        after, book = one_year(s, quiet, aged(tables, 8, school, **fields), 8)
        assert set(after["agencies"].tolist()) == {sum(1 << payers.index(name) for name in expected)}
        assert book.agencies[:, 8, 0, len(expected)].sum() == len(after)
    after, _ = one_year(
        s, on_ways(tables, needed(quiet), {("primary_school", 0): "assessment"}), aged(tables, 8, school), 8
    )
    assert set(after["agencies"].tolist()) == {1 << payers.index("social_care")}


def test_every_person_year_has_its_count_of_agencies(tables: Tables, adults: Life) -> None:
    """Person-years by agencies sum to those alive at each age; the table's shares sum to 1. Exact, to rounding."""
    counts = agency_counts(tables, adults, ["sandwell"])
    assert (counts.sum(axis=(1, 2)) == adults.ledger.alive.sum(axis=1)).all()
    table = agency_table(tables, counts)
    assert np.allclose(table.filter(like="share_with").sum(axis=1), 1.0)
    assert table["person_years"].sum() == counts.sum()
    young = table[table["age"] == "11-15"].set_index("aces")["mean_agencies"]
    assert young["4+"] > young["2-3"] > young["0"]


def test_more_adversity_goes_with_worse_lives(adults: Life) -> None:
    """Direction: people with four or more ACEs reach level 2 less often than those with none."""
    people = adults.children
    level = people["standing"] >> Standing.LEVEL_2 & 1
    assert level[people["aces"] >= 4].mean() < level[people["aces"] == 0].mean() - 0.1


def test_adult_costs_of_adult_ages_alone(adults: Life) -> None:
    """No adult service or condition is paid for under 18. Exact."""
    assert not adults.ledger.adult_cost[:ADULT].any()
    assert not adults.ledger.condition_cost[:ADULT].any()


def test_threads_change_nothing(today: Surroundings, on: World, sandwell: Any, adults: Life) -> None:
    """E02: two threads write the same records and books. Exact."""
    two = run(today, on, sandwell, jobs=2)
    assert two.children.tobytes() == adults.children.tobytes()
    assert all((getattr(two.ledger, name) == getattr(adults.ledger, name)).all() for name in BOOKS)


@pytest.mark.parametrize(
    "switches", [{"rationing": True, "amplification": True}, {"families": True}], ids=["coupled", "families"]
)
def test_e01_engines_agree_with_other_parts_on(
    tables: Tables, values: Values, key: Key, on: World, switches: dict[str, bool]
) -> None:
    """E01: 20 children with adult life and other switches on, to 30: records and books of both engines. Exact."""
    chosen = scenario(adult_life=True, **switches)
    children = cohort(tables, values, ["sandwell"], 20, key, chosen.switches)
    one, other = (
        run(Surroundings(tables, values, chosen), on, children, engine, years=30) for engine in ("mesa", "compiled")
    )
    assert one.children.tobytes() == other.children.tobytes()
    assert all((np.asarray(getattr(one.ledger, name)) == getattr(other.ledger, name)).all() for name in BOOKS)


@pytest.mark.slow
def test_residents_have_their_young_life_counted(tables: Tables, values: Values, on: World) -> None:
    """Residents to 24: person-years at 16-24 are those of the ages of their records, none is paid work after. Exact."""
    s = Surroundings(tables, values, scenario(adult_life=True))
    seen: list[int] = []

    def watch(year: int, people: Any) -> None:
        age = year - people["birth_year"]
        seen.append(int(((age >= 16) & (age <= 24)).sum()))

    town = Town(s, on.key, ["sandwell"], 0.02)
    town.begin(0)
    book = residents(s, on, town, 0, 28, watch=watch).ledger
    assert counted(book, Count.AGED_16_TO_24)[:28].tolist() == seen
    assert counted(book, Count.NEET)[27] > 0
