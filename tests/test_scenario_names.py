"""What a scenario names and sets: services, places and numbers of the tables, within what they may be."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.errors import InputError, nearest, shown
from simulation.inputs import Number, Tables
from simulation.scenario import Scenario, check_names, check_values

# Names of the tables


def named(**change):
    levers = [{"kind": "sufficiency", "add": 0.1, **change}] if change else []
    return Scenario(name="mine", levers=levers)


KNOWN = (["primary_school", "camhs"], ["sandwell", "dudley"], ["triple_p"], ["tip_effect"], Path("mine.toml"))


@pytest.mark.parametrize(
    ("scenario", "line"),
    [
        (
            named(services=["camhs", "primary_schol"]),
            "mine.toml: key 'lever[1].services': unknown service 'primary_schol'. Did you mean 'primary_school'?",
        ),
        (
            named(authorities=["sandwel"]),
            "mine.toml: key 'lever[1].authorities': unknown authority 'sandwel'. Did you mean 'sandwell'?",
        ),
        (
            named(kind="intervention", add=None, name="tripel_p", coverage=0.1),
            "mine.toml: key 'lever[1].name': unknown intervention 'tripel_p'. Did you mean 'triple_p'?",
        ),
        (
            Scenario(name="mine", numbers={"tip_efect": 0.0}),
            "mine.toml: key 'numbers.tip_efect': unknown number 'tip_efect'. Did you mean 'tip_effect'?",
        ),
        (
            named(services=["zzzzzz"]),
            "mine.toml: key 'lever[1].services': unknown service 'zzzzzz'. Known: camhs, primary_school.",
        ),
    ],
)
def test_an_unknown_name_offers_the_nearest(scenario, line):
    with pytest.raises(InputError) as caught:
        check_names(scenario, *KNOWN)
    assert str(caught.value) == line


def test_known_names_pass():
    check_names(named(services=["camhs"], authorities=["dudley"]), *KNOWN)
    check_names(Scenario(name="mine", numbers={"tip_effect": 0.0}), *KNOWN)
    check_names(named(kind="intervention", add=None, name="triple_p", coverage=0.1), *KNOWN)


def number(name, unit, value=0.5, low=None, high=None, file="parameters.csv"):
    distribution = "fixed" if low is None else "normal"
    return Number(name, value, unit, low, high, distribution, "nobody", "assumption", "read", "", file, 2)


NUMBERS = {
    each.name: each
    for each in (
        number("tip_share", "share"),
        number("tip_share_of_those", "share of those in need"),
        number("gdp", "GBP a year"),
        number("effect", "log-odds", 0.1, 0.0, 0.3),
        number("tip_effect", "log-odds", 0.0, -0.2, 0.4),
        number("shift", "log-odds", -0.3),
        number("services.camhs.hold_log_odds", "log-odds", file="services.csv"),
        number("services.camhs.acceptance", "share", file="services.csv"),
    )
}


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("tip_share", 1.1, "mine.toml: key 'numbers.tip_share': 1.1 is outside 0 to 1 [share]; change it"),
        ("tip_share", -0.1, "mine.toml: key 'numbers.tip_share': -0.1 is outside 0 to 1 [share]; change it"),
        (
            "tip_share_of_those",
            1.01,
            "mine.toml: key 'numbers.tip_share_of_those': 1.01 is outside 0 to 1 [share of those in need]; change it",
        ),
        ("gdp", -1.0, "mine.toml: key 'numbers.gdp': -1.0 is outside 0 to any [GBP a year]; change it"),
        ("effect", -0.1, "mine.toml: key 'numbers.effect': -0.1 is outside 0 to any [log-odds]; change it"),
        (
            "services.camhs.acceptance",
            1.5,
            "mine.toml: key 'numbers.services.camhs.acceptance': 1.5 is outside 0 to 1 [share]; change it",
        ),
        (
            "services.camhs.hold_log_odds",
            21.0,
            "mine.toml: key 'numbers.services.camhs.hold_log_odds': 21.0 is outside -20 to 20 [log-odds]; change it",
        ),
    ],
)
def test_a_number_outside_its_tables_range_is_refused(name, value, line):
    with pytest.raises(InputError) as caught:
        check_values(Scenario(name="mine", numbers={name: value}), NUMBERS, Path("mine.toml"))
    assert str(caught.value) == line


def test_a_number_within_its_range_or_that_may_be_negative_is_taken():
    taken = {"tip_effect": -50.0, "shift": -9.0, "tip_share": 1.0, "effect": 0.0, "gdp": 1e9}
    taken["services.camhs.hold_log_odds"] = -20.0
    check_values(Scenario(name="mine", numbers=taken), NUMBERS, Path("mine.toml"))


def test_no_shipped_share_leaves_0_to_1_and_no_positive_parameter_its_sign(tables: Tables):
    """Of every number: its own value is taken; a share above 1, or a sign that is not its own, is not.

    Indicators are data to compare with, which nothing is computed from as a share: they are left out.
    """

    def taken(name, value):
        check_values(Scenario(name="mine", numbers={name: value}), tables.numbers, Path("mine.toml"))

    for name, each in tables.numbers.items():
        taken(name, each.value)
        if each.unit.startswith("share") and not each.file.endswith("indicators.csv"):
            with pytest.raises(InputError, match="outside 0 to 1 "):
                taken(name, 1.001)
        if each.file == "parameters.csv" and each.value >= 0 and (each.low is None or each.low >= 0):
            with pytest.raises(InputError, match="outside 0 to "):
                taken(name, -0.001)


# Errors


@pytest.mark.parametrize(("word", "found"), [("Sandwel", " Did you mean 'sandwell'?"), ("zzz", ""), ("", "")])
def test_nearest_offers_only_what_is_near(word, found):
    assert nearest(word, ["sandwell", "dudley"]) == found


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.lists(st.text()))
def test_a_shown_value_is_short_and_printable(value):
    text = shown(value)
    assert text.isprintable()
    assert len(text) <= 60
    assert re.fullmatch(r"[\x20-\x7e]+", text)


def test_a_shown_value_is_what_was_typed():
    assert [shown(each) for each in ("a", -0.1, 18, True, math.nan)] == ["'a'", "-0.1", "18", "true", "nan"]


def test_an_endless_number_is_not_written_out():
    assert shown(10**5000) == "a number of thousands of digits"
