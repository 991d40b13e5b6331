"""Scenario files that cannot be used: one clear line for each, and nothing written."""

from pathlib import Path

import pytest

from simulation.errors import InputError
from simulation.scenario import load_scenario

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
