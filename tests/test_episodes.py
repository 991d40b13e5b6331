"""Episode tables: one child's by hand, and all that they sum to equal to the run's ledger."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from worlds import scenario, with_fields, with_scalars

from agents.names import ADULT, DAYS, Entry, Flow, Outcome
from experiments import journal
from experiments.churn import back_within, churn, durations
from experiments.episodes import COLUMNS, episodes
from experiments.journal import Question, Told, tell
from experiments.recount import differences, recount
from simulation.build import service_names
from simulation.context import Surroundings
from simulation.errors import ResourceError
from simulation.inputs import Tables
from simulation.ledger import JOURNAL
from simulation.population import cohort
from simulation.world import World

CHILDREN = 60
Found = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def asked(tables: Tables, values: dict[str, float], key: Any, today: Surroundings, world: World) -> Question:
    """Ask for children of two places whose lives are hard, so that every table has rows and prices differ."""
    children = cohort(tables, values, ["sandwell", "birmingham"], CHILDREN, key)
    children["frailty"] *= 3
    services = with_fields(world.services, hold_log_odds=world.services["hold_log_odds"] - 1.5)
    services["exit_rate_first_year"][world.specialists] = 2.0
    mortality = world.mortality.copy()
    mortality[:, :ADULT] += 0.005
    days = 1_000 + 7 * np.arange(world.cost_day.size).reshape(world.cost_day.shape)
    hard = world._replace(services=services, mortality=mortality, cost_day=days, cost_entry=3 * days + 1)
    return Question(tables, today, with_scalars(hard, leaves_school=0.3), children)


@pytest.fixture(scope="module")
def told(asked: Question) -> Told:
    return tell(asked)


@pytest.fixture(scope="module")
def found(tables: Tables, told: Told) -> Found:
    return episodes(tables, told)


def test_v24_every_count_of_the_tables_is_the_ledgers(tables: Tables, told: Told, found: Found) -> None:
    """V24: entries, days, stocks, cost, durations, re-referrals and every flow, by year, place, service. Exact."""
    counted = recount(tables, told, found)
    assert differences(told, counted) == []
    happened = {name for name, count in counted.items() if count.sum() > 0}
    assert set(counted) - happened == {"from_list", "waited"}, "everything else that is compared happens"
    assert set(counted) >= set(Flow.__members__) - {"CHILDREN_AT_31_MARCH"}


def test_a_count_that_is_not_the_ledgers_is_named(tables: Tables, told: Told, found: Found) -> None:
    """Without one plan, days, cost, stock and flows of plans are named as different."""
    fewer = found | {"protection_plans": found["protection_plans"].iloc[1:]}
    assert any(each.startswith("PLANS_STARTED") for each in differences(told, recount(tables, told, fewer)))


def test_v24_each_childs_cost_is_that_of_its_stays(found: Found) -> None:
    """V24: a child's cost is the sum over its stays. Exact to rounding of the sum."""
    keys = ["authority", "child_id"]
    summed = found["services"].groupby(keys)["cost_gbp"].sum()
    assert np.allclose(summed.to_numpy(), found["children"].set_index(keys)["cost_gbp"].sort_index(), rtol=1e-12)


@pytest.mark.slow
def test_coupled_children_are_told_as_they_lived_together(
    tables: Tables, values: dict[str, float], world: World, asked: Question
) -> None:
    """E02: with every feedback and returns to care on, children told of a few at a time live as in the whole."""
    coupled = Surroundings(tables, values, scenario(amplification=True, rationing=True))
    world = with_scalars(world, return_to_care_first_year=0.5, return_to_care_later=0.2)
    lives = tell(Question(tables, coupled, world, asked.cohort))
    counted = recount(tables, lives, episodes(tables, lives))
    assert differences(lives, counted) == []
    assert counted["from_list"].sum() > 0
    few = tell(Question(tables, coupled, world, asked.cohort), chosen=[3, 70])
    kept = np.isin(lives.lines["child"], few.begun["id"])
    assert (lives.lines[kept] == few.lines).all()


# The journal


@pytest.mark.parametrize(("lines", "at_once"), [(400, 24), (400, 200), (4096, 7)])
def test_no_line_is_lost_however_many_share_a_journal(
    asked: Question, told: Told, monkeypatch: pytest.MonkeyPatch, lines: int, at_once: int
) -> None:
    """Children whose journal is full live again in halves: lines and sums are the same. Exact."""
    monkeypatch.setattr(journal, "LINES", lines)
    again = tell(asked, at_once=at_once)
    assert (again.lines == told.lines).all()
    assert (again.ledger.flows == told.ledger.flows).all()
    assert (again.ledger.cost == told.ledger.cost).all()


def test_a_child_that_fills_a_journal_is_refused(asked: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that one child fills loses lines: the run ends, and names the child."""
    monkeypatch.setattr(journal, "LINES", 12)
    with pytest.raises(ResourceError, match=r"^journal: child \d+ alone fills its 12 lines .* take fewer years$"):
        tell(asked)


# One child, by hand

STORY = [
    (0, Entry.SETTING, "early_years", 0),
    (400, Entry.REFERRAL, "assessment", 0),
    (400, Entry.SPELL_BEGINS, "child_in_need", 0),
    (450, Entry.SPELL_ENDS, "child_in_need", 50),
    (450, Entry.SPELL_BEGINS, "child_protection_plan", 0),
    (365, Entry.OUTCOME, "early_years", Outcome.ESCALATED),
    (1000, Entry.SPELL_ENDS, "child_protection_plan", 550),
    (1000, Entry.SPELL_BEGINS, "foster_care", 0),
    (1060, Entry.PLACEMENT_MOVE, "foster_care", 0),
    (1100, Entry.STEPS_DOWN, "foster_care", 0),
    (1100, Entry.SPELL_ENDS, "foster_care", 100),
    (1100, Entry.SPELL_BEGINS, "placed_with_parents", 0),
    (1300, Entry.SPELL_ENDS, "placed_with_parents", 200),
    (1500, Entry.REFERRAL, "assessment", 0),
    (1500, Entry.NOT_IN_NEED, "assessment", 0),
    (1825, Entry.SETTING, "primary_school", 0),
    (1825, Entry.OUTCOME, "primary_school", Outcome.NO_SERVICE),
    (2189, Entry.SETTING, "severe_absence", 0),
    (2300, Entry.SETTING, "primary_school", 0),
    (2200, Entry.SPECIALIST_BEGINS, "camhs", 0),
    (2400, Entry.SPECIALIST_ENDS, "camhs", 0),
    (2600, Entry.REFERRAL, "assessment", 0),
    (2600, Entry.SPELL_BEGINS, "foster_care", 0),
]
YEARS = 8


@pytest.fixture(scope="module")
def story(tables: Tables, asked: Question) -> Found:
    """Draw the tables of one child whose journal is written by hand, watched for eight years."""
    names = service_names(tables)
    child = asked.cohort[:1].copy()
    child["id"] = child["id"] | 41
    child["family"] = 40
    lines = [(child["id"][0], day, entry, names.index(what), number) for day, entry, what, number in STORY]
    years = np.stack([child] * YEARS)
    return episodes(tables, Told(child, child, years, np.array(lines, JOURNAL), SimpleNamespace(), asked.world))  # type: ignore[arg-type]


def rows(table: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in table[list(columns)].itertuples(index=False)]


def test_one_childs_referrals_by_hand(story: Found) -> None:
    """The second follows the case's end by 200 days; the third the second by 1,100."""
    assert rows(story["referrals"], "child_id", "start_day", "age", "rereferral", "in_need") == [
        (41, 400, 1, 0, 1),
        (41, 1500, 4, 1, 0),
        (41, 2600, 7, 0, 1),
    ]


def test_one_childs_cases_and_plans_by_hand(story: Found) -> None:
    """A case runs through need, plan and care; the second is open when watching ends, at 8 x 365."""
    spell = ("start_day", "end_day", "days", "length", "reason_ended", "open_at_end")
    assert rows(story["child_in_need"], *spell, "stays", "on_a_plan", "looked_after") == [
        (400, 1300, 900, "2 years or more", "closed", 0, 4, 1, 1),
        (2600, 2920, 320, "6 to 12 months", "", 1, 1, 0, 1),
    ]
    assert rows(story["protection_plans"], *spell, "to", "plan") == [
        (450, 1000, 550, "1 to 2 years", "moved_on", 0, "foster_care", 1)
    ]


def test_one_childs_care_by_hand(story: Found) -> None:
    """A move of placement begins an episode; to parents is a way home; care begun again is a second period."""
    columns = ("period_of_care", "episode", "placement", "reason_started", "start_day", "end_day", "reason_ended")
    assert rows(story["looked_after"], *columns, "went_home", "open_at_end") == [
        (1, 1, "foster_care", "started", 1000, 1060, "moved_placement", 0, 0),
        (1, 2, "foster_care", "moved_placement", 1060, 1100, "changed_service", 1, 0),
        (1, 3, "placed_with_parents", "changed_service", 1100, 1300, "left_care", 0, 0),
        (2, 4, "foster_care", "started", 2600, 2920, "", 0, 1),
    ]


def test_one_childs_school_by_hand(story: Found) -> None:
    """It leaves on the last day of a year, which is booked to its school, and comes back."""
    columns = ("setting", "start_day", "end_day", "reason_ended", "out_of_school", "returned_to_school")
    assert rows(story["school_settings"], *columns) == [
        ("early_years", 0, 1825, "outgrown", 0, 0),
        ("primary_school", 1825, 2189, "left_school", 0, 0),
        ("severe_absence", 2189, 2300, "returned_to_school", 1, 1),
        ("primary_school", 2300, 2920, "", 0, 0),
    ]
    away = story["services"].query("service == 'severe_absence'")
    assert rows(away, "booked_from", "booked_to", "days") == [(2190, 2300, 111)]
    assert story["services"].query("service == 'primary_school'")["booked_to"].tolist() == [2190, 2920]


def test_one_childs_cost_by_hand(story: Found, asked: Question, tables: Tables) -> None:
    """200 days of a specialist service, and its entry, at Sandwell's prices."""
    row = story["services"].query("service == 'camhs'").iloc[0]
    place, number = int(asked.cohort["authority"][0]), service_names(tables).index("camhs")
    day, entry = asked.world.cost_day[place, number], asked.world.cost_entry[place, number]
    assert (row["start_day"], row["end_day"]) == (2200, 2400)
    assert row["cost_gbp"] == (200 * day + entry) / 10_000


# What they sum to


def test_every_table_is_one_row_an_episode(found: Found) -> None:
    """Each has its columns, whole days, no end before a start, and what is open at the end ends nowhere else."""
    for name, table in found.items():
        assert list(table.columns) == ["authority", "child_id", *COLUMNS[name]]
        assert not table.duplicated().any() or name == "services"
        if "end_day" in table:
            assert (table["end_day"] >= table["start_day"]).all()
            assert (table["days"] == table["end_day"] - table["start_day"]).all()
            assert not table["open_at_end"].any(), "at 18 everything ends"
            assert set(table["reason_ended"]) >= {"turned_18"} or name != "services"
    died = found["children"]["died_day"].dropna()
    assert len(died) > 0
    assert (found["services"].query("reason_ended == 'died'")["end_day"] % DAYS != 0).any()


def test_who_comes_back_is_counted_among_those_seen_as_long() -> None:
    """Of three that left, one came back in time, one late, and one is not seen for as long. By hand."""
    left = pd.DataFrame({"authority": "a", "child_id": [1, 2, 3], "end_day": [100, 100, 900], "seen_to": 1000})
    again = pd.DataFrame({"authority": "a", "child_id": [1, 2, 2], "start_day": [465, 40, 466]})
    assert back_within(left, again, 365) == (1, 2)


def test_shares_of_churn_are_counts_over_totals(tables: Tables, found: Found, told: Told) -> None:
    """Each share lies in its Wilson interval; re-referrals and lengths of plans are the ledger's."""
    table = churn(tables, found).set_index(["measure", "service"])
    assert (table["low_95"] <= table["share"]).all()
    assert (table["share"] <= table["high_95"]).all()
    flows = told.ledger.flows.sum(axis=(0, 1))
    assert table.loc[("re-referral within 12 months", "assessment"), "count"] == flows[Flow.REREFERRALS]
    lengths = durations(found).query("spell == 'child_protection_plan'")["ended"]
    assert lengths.tolist() == told.ledger.ended_plans.sum(axis=(0, 1)).tolist()
