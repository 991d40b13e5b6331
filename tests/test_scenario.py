"""Scenarios: what a file may say, what it means, and one clear line for everything else."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simulation.errors import InputError, nearest, shown
from simulation.inputs import Number, Tables
from simulation.scenario import Lever, Scenario, check_names, check_values, load_scenario

SHIPPED = Path(__file__).parents[1] / "experiments" / "scenarios"
NAME = 'name = "mine"\n'
PREVENTION = NAME + '[[lever]]\nkind = "prevention"\n'
TRIPLE_P = NAME + '[[lever]]\nkind = "intervention"\nname = "triple_p"\ncoverage = 0.3\n'


@pytest.fixture
def refusal(tmp_path):
    """Write a scenario file, load it, and give the line with which it is refused."""

    def refuse(content, name="mine.toml"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(InputError) as caught:
            load_scenario(path)
        message = str(caught.value)
        assert message.startswith(f"{path}: ")
        assert message.isprintable(), "one line, without characters that act on a terminal"
        assert [each.name for each in tmp_path.iterdir()] == [name], "nothing is written"
        return message.removeprefix(f"{path}: ")

    return refuse


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
    kind=st.sampled_from(["prevention", "sufficiency", "poverty"]),
)
def test_a_moved_share_stays_a_share(value, add, kind):
    assert 0 <= Lever(kind=kind, add=add).apply(value, 2024) <= 1


def test_supply_may_exceed_one_but_not_fall_below_nothing():
    assert Lever(kind="supply", add=1.0).apply(30.0, 2024) == 31.0
    assert Lever(kind="supply", add=-1.0).apply(0.5, 2024) == 0.0


@given(value=st.floats(0, 1), year=st.integers(1990, 2023), add=st.floats(-1, 1))
def test_before_its_start_a_lever_changes_no_bit(value, year, add):
    assert Lever(kind="prevention", add=add, start=2024).apply(value, year) == value


# What is refused, and how

REFUSED = {
    "empty": ("", ["the file is empty", 'name = "my_scenario"']),
    "only a comment": ("# nothing\n", ["the file is empty"]),
    "not TOML": ("name: mine\n", ["not valid TOML", "line 1", "https://toml.io"]),
    "half a line": ("name = ", ["not valid TOML"]),
    "key twice": (NAME + NAME, ["not valid TOML", "Cannot overwrite a value"]),
    "wrong encoding": ('name = "mine"\ntitle = "caf\xe9"\n'.encode("latin-1"), ["line 2", "0xe9", "UTF-8"]),
    "UTF-16": (NAME.encode("utf-16"), ["line 1", "not UTF-8", "save the file as UTF-8"]),
    "bytes of zero": (b"\x00" * 64, ["not valid TOML"]),
    "huge whole number": (NAME + "[numbers]\na = 1" + "0" * 5000, ["not valid TOML", "digits"]),
    "impossible date": (NAME + "title = 2024-99-99", ["not valid TOML"]),
    "nested lists": (NAME + "x = " + "[" * 100_000, ["nested too deeply"]),
    "nested tables": (NAME + "x = " + "{a = " * 5_000, ["nested too deeply"]),
    "nested numbers": (NAME + "[numbers]\n" + "a." * 1_000 + "b = 1", ["'numbers.a.a.", "not a name"]),
    "over 1 MB": (b" " * 1_000_001, ["1,000,001 bytes", "0 to 1,000,000"]),
    "no name": ('title = "t"\n', ["key 'name'", "is missing"]),
    "unknown key": (NAME + "swiches = 1", ["key 'swiches'", "unknown key", "Did you mean 'switches'?"]),
    "key like no other": (NAME + "zzz = 1", ["key 'zzz'", "Known: name, title, description, lever"]),
    "unknown key of a lever": (PREVENTION + "ad = 0.1", ["'lever[1].ad'", "Did you mean 'add'?"]),
    "unknown switch": (NAME + "[switches]\nrationning = true", ["'switches.rationning'", "'rationing'?"]),
    "unknown kind": (
        NAME + '[[lever]]\nkind = "prevntion"\nadd = 0.1',
        ["'prevntion'", "Did you mean 'prevention'?"],
    ),
    "no kind": (NAME + "[[lever]]\nadd = 0.1", ["'lever[1].kind'", "is missing"]),
    "below the range": (
        PREVENTION + "add = -1.1",
        ["'lever[1].add'", "-1.1 is outside -1 to 1", "share points"],
    ),
    "above the range": (
        PREVENTION + "add = 1.1",
        ["'lever[1].add'", "1.1 is outside -1 to 1", "0.02 adds 2 points"],
    ),
    "probability below 0": (
        TRIPLE_P.replace("0.3", "-0.1"),
        ["'lever[1].coverage'", "-0.1 is outside 0 to 1"],
    ),
    "probability above 1": (TRIPLE_P.replace("0.3", "1.1"), ["'lever[1].coverage'", "1.1 is outside 0 to 1"]),
    "NaN": (PREVENTION + "add = nan", ["'lever[1].add'", "nan is not a finite number"]),
    "infinity": (PREVENTION + "multiply = inf", ["'lever[1].multiply'", "inf is not a finite number"]),
    "number NaN": (NAME + "[numbers]\ntip_effect = nan", ["'numbers.tip_effect'", "not a finite number"]),
    "too large for a float": (PREVENTION + "add = 1" + "0" * 400, ["'lever[1].add'", "10000"]),
    "text for a number": (PREVENTION + 'add = "a lot"', ["'lever[1].add'", "'a lot' is not a number"]),
    "true for a number": (PREVENTION + "add = true", ["true is not a number"]),
    "number for text": ("name = 1", ["key 'name'", "1 is not text in quotes"]),
    "number for a switch": (
        NAME + "[switches]\nrationing = 1",
        ["'switches.rationing'", "1 is not true or false"],
    ),
    "text for a number of the tables": (NAME + '[numbers]\ntip_effect = "0"', ["'0' is not a number"]),
    "no table of numbers": (NAME + "numbers = 1", ["key 'numbers'", "1 is not a table"]),
    "no list of levers": (NAME + "lever = 1", ["key 'lever'", "1 is not a list", "[[lever]]"]),
    "one place as text": (PREVENTION + 'add = 0.1\nauthorities = "sandwell"', ["not a list", '["sandwell"]']),
    "no place": (PREVENTION + "add = 0.1\nauthorities = []", ["'lever[1].authorities'", "too few"]),
    "too many levers": (
        NAME + '[[lever]]\nkind = "poverty"\nadd = 0.1\n' * 101,
        ["key 'lever'", "at most 100"],
    ),
    "age above 17": (
        PREVENTION + "add = 0.1\nages = [0, 18]",
        ["'lever[1].ages[2]'", "18 is outside 0 to 17"],
    ),
    "age below 0": (
        PREVENTION + "add = 0.1\nages = [-1, 4]",
        ["'lever[1].ages[1]'", "-1 is outside 0 to 17"],
    ),
    "half an age": (PREVENTION + "add = 0.1\nages = [0.5, 4]", ["0.5 is not a whole number"]),
    "ages reversed": (PREVENTION + "add = 0.1\nages = [11, 5]", ["'lever[1]'", "[11, 5] run backwards"]),
    "one age": (PREVENTION + "add = 0.1\nages = [11]", ["'lever[1].ages[2]'", "is missing"]),
    "three ages": (PREVENTION + "add = 0.1\nages = [1, 2, 3]", ["'lever[1].ages'", "too many"]),
    "year out of range": (PREVENTION + "add = 0.1\nstart = 24", ["24 is outside 1990 to 2200"]),
    "start after end": (PREVENTION + "add = 0.1\nstart = 2031\nend = 2030", ["start 2031 is after end 2030"]),
    "ramp without start": (PREVENTION + "add = 0.1\nramp = 3", ["ramp = 3 needs a start"]),
    "negative ramp": (PREVENTION + "add = 0.1\nstart = 2024\nramp = -1", ["-1 is outside 0 to 50"]),
    "absolute and relative": (
        PREVENTION + "add = 0.1\nmultiply = 1.1",
        ["add = 0.1 and multiply = 1.1", "keep one"],
    ),
    "neither": (PREVENTION, ["'lever[1]'", "neither add nor multiply"]),
    "prevention from nothing": (PREVENTION + "multiply = 1.1", ["starts from 0", "write add instead of multiply"]),
    "placement stability from nothing": (
        NAME + '[[lever]]\nkind = "placement_stability"\nmultiply = 2',
        ["'lever[1]'", "placement_stability starts from 0", "write add instead of multiply"],
    ),
    "recovery from nothing": (
        NAME + '[[lever]]\nkind = "recovery"\nmultiply = 2',
        ["recovery starts from 0", "write add instead of multiply"],
    ),
    "services of prevention": (
        PREVENTION + 'add = 0.1\nservices = ["camhs"]',
        ["services belongs to sufficiency"],
    ),
    "ages of supply": (
        NAME + '[[lever]]\nkind = "supply"\nadd = 0.1\nages = [0, 4]',
        ["ages belongs to prevention, intervention, not to 'supply'"],
    ),
    "coverage of prevention": (
        PREVENTION + "add = 0.1\ncoverage = 0.1",
        ["coverage belongs to kind 'intervention'"],
    ),
    "intervention with add": (TRIPLE_P + "add = 0.1", ["takes name and coverage, not add"]),
    "intervention without name": (NAME + '[[lever]]\nkind = "intervention"\ncoverage = 1', ["needs name"]),
    "markup": ('name = "<script>"', ["key 'name'", "'<script>'", "small letters"]),
    "path": ('name = "../../up"', ["key 'name'", "'../../up'"]),
    "NUL": ('name = "a\\u0000"', ["key 'name'", r"'a\x00'"]),
    "300 letters": (f'name = "{"a" * 300}"', ["key 'name'", "aaa...", "at most 60"]),
    "right-to-left mark": ('name = "a\u202eb"', ["key 'name'", r"'a\u202eb'"]),
    "right-to-left mark in the title": (NAME + 'title = "a\u202eb"', ["key 'title'", "direction character"]),
    "line break in the title": (NAME + 'title = "a\\nb"', ["key 'title'", "on one line"]),
    "long title": (NAME + f'title = "{"a" * 121}"', ["key 'title'", "at most 120"]),
    "markup as a service": (
        NAME + '[[lever]]\nkind = "supply"\nadd = 1\nservices = ["<b>"]',
        ["services[1]'", "'<b>'"],
    ),
    "markup as a key": (NAME + '"<b>\\u202e" = 1', [r"'<b>\u202e'", "unknown key"]),
}


@pytest.mark.parametrize(("content", "parts"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused_in_one_line(refusal, content, parts):
    """B (scenario): the line names the file, the key, the value, the range and the remedy."""
    message = refusal(content)
    for part in parts:
        assert part in message
    assert len(message) < 400


def test_further_problems_are_counted(refusal):
    assert refusal(PREVENTION + "add = 3\nstart = 1\nend = 2").endswith("(and 2 more)")


LEVER = '[[lever]]\nkind = "sufficiency"\nadd = 0.1\n'


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("", ""),
        ("", "start = 2030"),
        ("", 'services = ["camhs"]'),
        ("end = 2030", "start = 2030\nramp = 2"),
        ('services = ["camhs", "primary_school"]', 'services = ["primary_school"]'),
        ('authorities = ["dudley"]', 'services = ["camhs"]'),
    ],
)
def test_overlapping_levers_are_refused(refusal, first, second):
    message = refusal(f"{NAME}{LEVER}{first}\n{LEVER}{second}\n")
    assert "lever[1] and lever[2] both move sufficiency" in message
    assert "join them, or part them" in message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("end = 2029", "start = 2030"),
        ('services = ["camhs"]', 'services = ["primary_school"]'),
        ('authorities = ["dudley"]', 'authorities = ["sandwell"]'),
    ],
)
def test_levers_that_keep_apart_are_accepted(tmp_path, first, second):
    assert len(loaded(tmp_path, f"{NAME}{LEVER}{first}\n{LEVER}{second}\n").levers) == 2


def test_interventions_overlap_only_with_themselves(tmp_path, refusal):
    lever = TRIPLE_P.removeprefix(NAME)
    assert len(loaded(tmp_path, TRIPLE_P + lever.replace("triple_p", "nurse_visits")).levers) == 2
    assert "both move triple_p" in refusal(TRIPLE_P + lever)
    assert len(loaded(tmp_path, f"{TRIPLE_P}ages = [0, 4]\n{lever}ages = [5, 17]\n").levers) == 2


def test_a_missing_file_offers_its_neighbour(tmp_path):
    (tmp_path / "improved.toml").write_text(NAME)
    with pytest.raises(InputError, match=r"improvd\.toml: no such file\. Did you mean 'improved\.toml'\?"):
        load_scenario(tmp_path / "improvd.toml")
    with pytest.raises(InputError, match=r"no such file\.$"):
        load_scenario(tmp_path / "nowhere" / "improved.toml")


def test_a_folder_is_no_scenario(tmp_path):
    with pytest.raises(InputError, match=r"is no regular file; give a \.toml file"):
        load_scenario(tmp_path)


def test_a_path_that_no_system_takes_is_refused_in_one_line():
    for path in (Path("a\0b.toml"), Path("a" * 5000 + ".toml")):
        with pytest.raises(InputError, match="cannot be read") as caught:
            load_scenario(path)
        assert str(caught.value).isprintable()


def test_a_large_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("the file was read"))
    with pytest.raises(InputError, match="100,000,000 bytes is outside 0 to 1,000,000"):
        load_scenario(path)


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
        if each.unit.startswith("share") and each.file != "indicators.csv":
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
