"""Scenarios: what a file may say, what it means, and one clear line for everything else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simulation.scenario import Lever, Scenario, load_scenario

SHIPPED = Path(__file__).parents[1] / "experiments" / "scenarios"
NAME = 'name = "mine"\n'


def loaded(tmp_path, content):
    path = tmp_path / "mine.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_scenario(path)


# Shipped scenarios


def test_the_improvement_is_the_published_one():
    scenario = load_scenario(SHIPPED / "improved.toml")
    assert [(lever.kind, lever.add, lever.services) for lever in scenario.levers] == [
        ("prevention", 0.02, None),
        ("sufficiency", 0.10, ("primary_school", "secondary_school")),
        ("tip_alignment", 0.20, None),
    ]
    assert all(lever.strength(year) == 1.0 for lever in scenario.levers for year in (1990, 2024, 2124))


@pytest.mark.parametrize("name", ["today", "unchanged"])
def test_today_and_unchanged_move_nothing(name):
    scenario = load_scenario(SHIPPED / f"{name}.toml")
    assert scenario.name == name
    assert (scenario.levers, scenario.numbers, scenario.switches) == ((), {}, Scenario.today().switches)


def test_today_in_code_is_today_in_the_file():
    assert load_scenario(SHIPPED / "today.toml") == Scenario.today()


# What a file may say


def test_every_key_is_read(tmp_path):
    scenario = loaded(
        tmp_path,
        """
        name = "all-keys"
        title = "All keys, “quoted” and ünusual"
        description = "d"
        [[lever]]
        kind = "sufficiency"
        multiply = 1.1
        services = ["camhs"]
        authorities = ["sandwell", "dudley"]
        start = 2024
        end = 2030
        ramp = 3
        [[lever]]
        kind = "intervention"
        name = "triple_p"
        coverage = 0.3
        ages = [0, 4]
        [switches]
        amplification = true
        channel_healing = false
        [numbers]
        tip_effect = 0
        services.camhs.harm = 0.1
        "services.camhs.acceptance" = 0.2
        """,
    )
    first, second = scenario.levers
    assert (first.multiply, first.services, first.authorities) == (1.1, ("camhs",), ("sandwell", "dudley"))
    assert (first.start, first.end, first.ramp, first.ages) == (2024, 2030, 3, (0, 17))
    assert (second.name, second.coverage, second.ages) == ("triple_p", 0.3, (0, 4))
    assert scenario.switches.amplification
    assert not scenario.switches.channel_healing
    assert scenario.numbers == {
        "tip_effect": 0.0,
        "services.camhs.harm": 0.1,
        "services.camhs.acceptance": 0.2,
    }


def test_channels_are_on_and_the_rest_off_unless_said():
    on = {name for name, value in Scenario.today().switches.model_dump().items() if value}
    assert on == {"channel_hazards", "channel_service_harm", "channel_healing", "channel_resilience"}


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order mark"])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_byte_order_mark_and_either_line_ending_are_accepted(tmp_path, before, ending):
    assert loaded(tmp_path, before + NAME.encode().replace(b"\n", ending)).name == "mine"


def test_a_scenario_cannot_be_changed_after_it_is_read():
    with pytest.raises(ValidationError, match="frozen"):
        Scenario.today().name = "other"


# What a lever does


@pytest.mark.parametrize(
    ("lever", "strengths"),
    [
        ({}, [1, 1, 1, 1, 1, 1]),
        ({"start": 2024}, [0, 1, 1, 1, 1, 1]),
        ({"start": 2024, "ramp": 1}, [0, 1, 1, 1, 1, 1]),
        ({"start": 2024, "ramp": 4}, [0, 0.25, 0.5, 0.75, 1, 1]),
        ({"start": 2024, "end": 2025, "ramp": 4}, [0, 0.25, 0.5, 0, 0, 0]),
        ({"end": 2024}, [1, 1, 0, 0, 0, 0]),
    ],
)
def test_strength_rises_over_the_ramp_and_ends(lever, strengths):
    lever = Lever(kind="prevention", add=0.1, **lever)
    assert [lever.strength(year) for year in range(2023, 2029)] == strengths


def test_add_and_multiply_move_a_value_by_their_strength():
    added = Lever(kind="tip_alignment", add=0.2, start=2024, ramp=2)
    assert [added.apply(0.5, year) for year in (2023, 2024, 2025)] == [0.5, 0.6, 0.7]
    multiplied = Lever(kind="supply", multiply=1.5, start=2024, ramp=2)
    assert [multiplied.apply(4.0, year) for year in (2023, 2024, 2025)] == [4.0, 5.0, 6.0]


def test_an_intervention_moves_no_value_itself():
    assert Lever(kind="intervention", name="triple_p", coverage=0.3).apply(0.5, 2024) == 0.5


@given(
    value=st.floats(0, 1),
    add=st.floats(-1, 1),
    kind=st.sampled_from(["community_capacity", "sufficiency", "tip_alignment"]),
)
def test_a_moved_share_stays_a_share(value, add, kind):
    assert 0 <= Lever(kind=kind, add=add).apply(value, 2024) <= 1


def test_supply_may_exceed_one_but_not_fall_below_nothing():
    assert Lever(kind="supply", add=1.0).apply(30.0, 2024) == 31.0
    assert Lever(kind="supply", add=-1.0).apply(0.5, 2024) == 0.0


@given(value=st.floats(0, 1), year=st.integers(1990, 2023), add=st.floats(-1, 1))
def test_before_its_start_a_lever_changes_no_bit(value, year, add):
    assert Lever(kind="prevention", add=add, start=2024).apply(value, year) == value
