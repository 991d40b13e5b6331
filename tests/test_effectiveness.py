"""Services beside each other for children of equal need: loads exact, sums exact, expectations by hand."""

import numpy as np
import pandas as pd
import pytest

from agents.names import ADULT, Outcome
from experiments.effectiveness import AGES, LOADS, band, compared, needs, strata
from experiments.journal import Question, Told, tell
from simulation.cohort import shape_of
from simulation.context import Surroundings, year_context
from simulation.inputs import Tables
from simulation.ledger import empty_ledger
from simulation.population import cohort
from simulation.reading import ReadingModel
from simulation.world import World, plain
from simulation.year import adversity


@pytest.fixture(scope="module")
def told(
    tables: Tables, values: dict[str, float], key: tuple[int, int, int], today: Surroundings, world: World
) -> Told:
    children = cohort(tables, values, ["sandwell", "dudley"], 150, key)
    children["frailty"] *= 2
    return tell(Question(tables, today, world, children))


@pytest.fixture(scope="module")
def rows(tables: Tables, told: Told) -> pd.DataFrame:
    return needs(tables, told)


def test_every_attempt_to_hold_is_one_row(rows: pd.DataFrame, told: Told) -> None:
    """Outcomes by service and year are the ledger's. Exact."""
    counts = rows["outcome"].value_counts()
    kept = told.ledger.outcomes.sum(axis=(0, 1, 2))
    assert [counts[outcome.name.lower()] for outcome in list(Outcome)[:4]] == kept.tolist()
    assert rows["held"].sum() == kept[:2].sum()


def test_the_load_is_what_the_service_met(tables: Tables, told: Told, today: Surroundings, world: World) -> None:
    """Load, worked out from records and journal, is the child's once the year's adversity phase is over. Exact."""
    year = 9
    begun = told.years[year - 1]
    model = ReadingModel(begun, world, empty_ledger(shape_of(today)))
    now = plain(year_context(today, world, year, None))
    met = []
    for child in model.agents:
        adversity(child, model.world, now, model.book, year)
        met.append(child.severity)
    model.remove_all_agents()
    from experiments.effectiveness import began_with
    from experiments.stays import line_table

    found = begun["severity"].astype(int) + began_with(told, line_table(told))[year]
    alive = begun["died"] < 0
    assert (found[alive] == np.array(met)[alive]).all()
    assert (np.array(met) > begun["severity"])[alive].any()


def test_a_year_later_is_seen_where_there_is_one(rows: pd.DataFrame, told: Told) -> None:
    """Who is 17, or dies, is not seen a year later; who needed again did so by the next year's outcomes."""
    assert not rows.loc[rows["seen"], "age"].isna().any()
    last = told.ledger.in_need[ADULT - 1].sum()
    assert (~rows["seen"]).sum() >= last
    again = rows[rows["seen"]]
    assert (again["not_held_again"] <= again["need_again"]).all()
    assert (again["healed_events"] >= 0).all()
    assert again["in_care"].any()


def test_bands_are_named_by_their_least() -> None:
    """By hand, at the edges."""
    assert band([0.0, 0.5, 1.0, 1.01, 4.0, 4.01, 30.0], LOADS).tolist() == [
        "none",
        "up to 1",
        "up to 1",
        "up to 2",
        "up to 4",
        "more than 4",
        "more than 4",
    ]
    assert band([0, 4, 5, 11, 17], AGES).tolist() == ["0-4", "0-4", "5-10", "11-15", "16-17"]


def some(service: str, authority: str, load: str, held: int, total: int) -> pd.DataFrame:
    """Make attempts by hand, seen a year later and needing again where not held."""
    won = np.arange(total) < held
    return pd.DataFrame(
        {
            "authority": authority,
            "service": service,
            "channel": 0,
            "load": load,
            "age": "5-10",
            "outcome": np.where(won, "held", "escalated"),
            "held": won,
            "seen": True,
            "need_again": ~won,
            "not_held_again": False,
            "in_care": False,
            "healed_events": 1,
        }
    )


def test_what_is_expected_is_what_all_do_in_the_same_strata() -> None:
    """Two schools, two loads, by hand: of 10 easy and 10 hard children, and of 30 easy ones."""
    table = pd.concat(
        [some("a", "x", "none", 9, 10), some("a", "x", "more than 4", 2, 10), some("b", "x", "none", 15, 30)]
    )
    found = compared(table, "service").query("measure == 'held'").set_index("service")
    easy = (9 + 15) / 40
    assert found.loc["a", "expected"] == pytest.approx((10 * easy + 10 * 0.2) / 20)
    assert found.loc["b", "expected"] == pytest.approx(easy)
    assert found.loc["a", "share"] == 11 / 20
    assert found.loc["b", "position"] == "within"
    assert (found["low_99.8"] <= found["low_95"]).all()


def test_by_authority_a_service_is_set_beside_itself_elsewhere() -> None:
    """An authority that holds 5 of 50 where all together hold half is below its funnel; the other above."""
    table = pd.concat([some("a", "x", "none", 5, 50), some("a", "y", "none", 45, 50)])
    found = compared(table, "authority").query("measure == 'held'").set_index("authority")
    assert found["expected"].tolist() == [0.5, 0.5]
    assert found["position"].to_dict() == {"x": "below 99.8%", "y": "above 99.8%"}


def test_strata_sum_to_all_attempts(rows: pd.DataFrame) -> None:
    """Counts by stratum add up, and each share is in its interval."""
    table = strata(rows)
    assert table["in_need"].sum() == len(rows)
    assert table["held"].sum() == rows["held"].sum()
    assert (table["held"] + table["escalated"] + table["no_service"] == table["in_need"]).all()
    assert table["held_share"].between(table["held_low_95"], table["held_high_95"]).all()
    assert table["seen_a_year_later"].sum() == rows["seen"].sum()
    assert not table.duplicated(["authority", "service", "age", "load"]).any()
