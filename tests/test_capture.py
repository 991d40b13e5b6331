"""What to record: every assumption has a specification, and sample sizes are the closed forms by hand."""

import math

import pytest

from experiments.capture import UNSPECIFIED, capture, cases_a_year, covered, records_needed
from simulation.errors import InputError
from simulation.inputs import Tables

Z = 1.959963984540054


def test_every_assumption_has_a_specification(tables: Tables) -> None:
    """Each number graded assumption is in one row of the table; none is without."""
    groups = covered(tables)
    assert [x.name for x in groups.get(UNSPECIFIED, [])] == [], "add these to the numbers of a row of capture.csv"
    assumed = {x.name for x in tables.numbers.values() if x.grade == "assumption" and x.file != "capture.csv"}
    assert {x.name for numbers in groups.values() for x in numbers} == assumed


@pytest.mark.parametrize(
    ("estimator", "low", "high", "base", "variance", "spread"),
    [
        ("share", 0.1, 0.5, 0.3, 1, 0.3 * 0.7),
        ("rate", 0.1, 0.5, 0.3, 1, 0.3),
        ("log_odds", -0.5, 0.5, 0.75, 1, 1 / (0.75 * 0.25)),
        ("log_odds", 0, 1.2, 0.5, 0.24, 1 / (0.25 * 0.24)),
        ("mean", 0, 0.04, 0.15, 0.16, 0.15**2 / 0.16),
        ("log_rate", 0.5, 2, 0.1, 0.25, 1 / (0.1 * 0.25)),
        ("log_mean", 300, 1200, 0.8, 1, 0.64),
    ],
)
def test_records_needed_are_the_closed_form(
    estimator: str, low: float, high: float, base: float, variance: float, spread: float
) -> None:
    """N is such that 2 x 1.96 x sqrt(spread / n) is a quarter of today's width, on the estimate's scale."""
    width = math.log(high / low) if estimator.startswith("log_") and estimator != "log_odds" else high - low
    needed = records_needed(estimator, low, high, base, variance)
    assert 2 * Z * math.sqrt(spread / needed) == pytest.approx(width / 4)


def test_no_number_is_lost_and_every_interval_gives_a_count(tables: Tables) -> None:
    """Rows stand for all assumptions, each once; a row with an estimator counts records from each interval it names."""
    table = capture(tables)
    assert table["numbers_replaced"].sum() == sum(map(len, covered(tables).values()))
    assert table["number"][table["number"] != ""].is_unique
    rows = {row.assumption: row for row in tables.rows["capture"]}
    for name, number, needed in zip(table["assumption"], table["number"], table["records_needed"], strict=True):
        assert (number != "") == (needed > 0), f"capture.csv: row '{name}': {number} gives no count of records"
        assert rows[name].estimator != "none" or rows[name].interval_of == ""


def test_shares_by_hand() -> None:
    """Of moves that harm, 10 to 50%: (1.96 / 0.05)^2 x 0.3 x 0.7 = 322.7 moves."""
    assert records_needed("share", 0.1, 0.5, 0.3, 1) == pytest.approx(322.7, abs=0.05)


@pytest.mark.parametrize(("low", "high"), [(0.0, 2.0), (1.0, 1.0)])
def test_an_interval_without_width_is_never_settled(low: float, high: float) -> None:
    """No ratio from 0, and no interval of one point, has a number of records."""
    assert records_needed("log_rate", low, high, 0.1, 1) == math.inf


def test_years_are_records_over_the_places_own_cases(tables: Tables) -> None:
    """Of looked-after children, half a move each: 453 a year in Sandwell; the region's years are fewer."""
    row = capture(tables, "sandwell", "instability_of_move").iloc[0]
    looked_after = 107 * 84741 / 1e4
    assert row["records_a_year"] == pytest.approx(looked_after / 2)
    assert row["records_needed"] == 323
    assert row["years"] == pytest.approx(322.7 / (looked_after / 2), rel=1e-3)
    assert capture(tables, "region", "instability_of_move").iloc[0]["years"] < row["years"]
    assert cases_a_year(tables, "sandwell")["pupils"] < cases_a_year(tables, "sandwell")["children"]


def test_what_no_sample_settles_says_why(tables: Tables) -> None:
    """Rows without an estimator have no count of records, and a reason."""
    table = capture(tables)
    unsettled = table[table["records_needed"].isna() & (table["assumption"] != UNSPECIFIED)]
    assert len(unsettled) > 5
    assert (unsettled["estimator"] == "no sample settles it").all()
    assert (unsettled["note"].str.len() > 10).all()
    assert (table.loc[table["records_needed"].notna(), "years"] > 0).all()


def test_unknown_names_and_places_are_refused(tables: Tables) -> None:
    """B: one line that says what to give."""
    with pytest.raises(InputError, match="no assumption or number begins with 'zzz'"):
        capture(tables, name="zzz")
    for place in ("dudley", "england"):
        with pytest.raises(InputError, match=f"--place {place}: its referrals and residents are in no table; give"):
            capture(tables, place)


def test_a_number_in_two_rows_and_a_row_about_nothing_are_refused(tables: Tables) -> None:
    """B: the table of capture names each number once."""
    rows = tables.rows["capture"]
    twice = [*rows, rows[0].model_copy(update={"assumption": "again"})]
    with pytest.raises(InputError, match=r"is in \w+ and again; keep it in the numbers of one row"):
        covered(Tables({**tables.rows, "capture": twice}, tables.numbers, {}))
    nothing = [*rows, rows[0].model_copy(update={"assumption": "idle", "numbers": "nothing_of_this_name"})]
    with pytest.raises(InputError, match="row 'idle': no number graded assumption has such a name"):
        covered(Tables({**tables.rows, "capture": nothing}, tables.numbers, {}))


def test_a_number_without_a_row_is_shown_as_not_specified(tables: Tables) -> None:
    """What the table forgets stands in the specification all the same."""
    fewer = [row for row in tables.rows["capture"] if row.assumption != "harm_of_moves"]
    table = capture(Tables({**tables.rows, "capture": fewer}, tables.numbers, {}))
    assert table.iloc[-1][["assumption", "number"]].tolist() == [UNSPECIFIED, "instability_of_move"]
