"""The command `published ace-costs`: screen, JSON, CSV, and one clear line for whatever cannot be done."""

import csv
import errno
import io
import json
import math
import re

import pytest
from command_line import process

from experiments.published import ace_costs, ace_files, ace_screen, cli, files
from experiments.published.inputs import load_published
from experiments.screen import NOT_FOR_INDIVIDUALS, WIDTH
from simulation.errors import InputError, ResourceError

pytest_plugins = ("command_line_fixtures",)
COMMAND = ("published", "ace-costs", "--draws", "16")
TABLES = load_published()
UNIT = re.compile(r"^(\w+) \[(.+)\]$")


@pytest.fixture
def asked(wellheld):
    """Run the command with options."""

    def run(*options):
        answer = wellheld(*COMMAND, *options)
        assert answer.code == 0, answer.err
        return answer

    return run


def facts(answer):
    """Read JSON in which no figure is written as NaN."""
    return json.loads(answer.out, parse_constant=lambda name: pytest.fail(name))


def rows(path):
    """Read a CSV file: its names, its units, its rows by name."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *cells = csv.reader(file)
    found = [UNIT.match(title) for title in header]
    assert all(found), header
    names = [each[1] for each in found]
    return (
        names,
        dict(zip(names, (each[2] for each in found), strict=True)),
        [dict(zip(names, x, strict=True)) for x in cells],
    )


# Help


def test_the_model_explains_itself(wellheld):
    for arguments in (("published",), ("published", "--help")):
        answer = wellheld(*arguments)
        assert (answer.code, answer.err) == (0, "")
        assert "ace-costs" in answer.out


def test_help_tells_the_table_s_defaults(wellheld):
    """Help is written without reading a table, so the defaults that it tells are checked against them here."""
    text = " ".join(wellheld("published", "ace-costs", "--help").out.split())
    question = ace_costs.ask(TABLES, (), None, None, None, None, 1, 1)
    for option in ("reduction", "inflation", "growth", "years"):
        told = re.search(rf"--{option} <\w+> [^\[]*\[default: \((\S+), as published\)\]", text)
        assert told is not None, option
        assert float(told[1]) == getattr(question, option)


def test_help_of_the_model_loads_no_slow_library():
    slow = "{'numpy', 'pandas', 'numba', 'scipy', 'matplotlib', 'mesa', 'pyarrow', 'joblib'}"
    report = f"import atexit\natexit.register(lambda: print('slow:', sorted({slow} & set(sys.modules))))"
    out, err = process("published", "ace-costs", "--help", before=report).communicate(timeout=60)
    assert out.rstrip().endswith("slow: []"), err


def test_completion_offers_authorities(here):
    assert cli.complete_authority("Sa") == ["sandwell"]
    assert len(cli.complete_authority("")) == 8


# Screen

SETTINGS = {
    "published": (),
    "one": ("--authority", "Solihull"),
    "none": ("--reduction", "0"),
    "second rung": ("--reduction", "0.3"),
    "all": ("--reduction", "1"),
    "one year": ("--years", "1", "--draws", "1"),
    "huge": ("--years", "100", "--growth", "1", "--inflation", "1", "--draws", "2000", "--seed", str(2**63 - 1)),
    "falling": ("--growth", "-0.5", "--inflation", "-0.25", "--reduction", "0.123456789"),
}


@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
def test_the_screen_fits_and_says_what_it_is(asked, options):
    text = asked(*options).out
    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.isascii()
    assert text.endswith(f"\n{NOT_FOR_INDIVIDUALS}\n")
    words = " ".join(text.split())
    assert "(Chard and Radley, West Midlands Combined Authority), which does not endorse this work" in words
    assert "are recalled from the literature or assumed, and not verified" in words
    assert "nan" not in words.split()
    assert "%%" not in words


def test_the_screen_shows_published_and_rebuilt_side_by_side(asked):
    text = asked().out
    row = next(line for line in text.splitlines() if line.startswith("Sandwell"))
    cells = row.split()
    assert cells[:5] == ["Sandwell", "205,386", "19.24%", "256.15", "250.1"]
    assert cells[-1] == "25.615"
    assert "Region by condition" in text
    assert "Sandwell by condition" in asked("--authority", "sandwell").out


def test_words_follow_from_the_numbers():
    """Every rule is told with its own figure, and how many lie below the estimate, whatever the estimate is."""
    answer = ace_costs.rebuild(TABLES, ace_costs.ask(TABLES, ("region",), 0.3, None, None, None, 4, 1))
    for share in (0.02, 0.0676, 0.09, 0.5):
        mark = ace_costs.Benchmark(share, 1.0, 0.1, answer.benchmark.shares)
        text = ace_screen.wales(ace_screen_answer(answer, mark))
        for key, value in mark.shares.items():
            assert f"{ace_screen.named(key)}, {100 * value:.2f}%" in text
        assert f"{sum(value < share for value in mark.shares.values())} of 6 lie below the estimate" in text


def ace_screen_answer(answer, mark):
    """Put another estimate beside the rules."""
    return type(answer)(**{**vars(answer), "benchmark": mark})


def test_the_estimate_is_compared_at_its_own_reduction(asked):
    """Another reduction leaves the sentence about Wales as it is."""
    told = [facts(asked("--json", "--reduction", each)) for each in ("0.1", "0.6")]
    sentences = [next(x for x in each["found"] if x.startswith("Public Health Wales")) for each in told]
    assert sentences[0] == sentences[1]
    assert told[0]["benchmark_wales"] == told[1]["benchmark_wales"]
    assert told[0]["benchmark_wales"]["share"] == pytest.approx(161 / 2200, rel=1e-9)


def test_no_common_cost_is_said_so():
    answer = ace_costs.rebuild(TABLES, ace_costs.ask(TABLES, ("region",), None, None, None, None, 4, 1))
    fit = type(answer.fit)(**{**vars(answer.fit), "low": 2.0, "high": 1.0})
    assert "No single cost per ACE" in ace_screen.interval(type(answer)(**{**vars(answer), "fit": fit}))[0]


# JSON


def test_json_is_all_there_is_on_stdout_and_holds_everything(asked):
    answer = asked("--json", "--seed", "7")
    assert answer.err == ""
    said = facts(answer)
    assert [place["authority"] for place in said["places"]] == list(ace_costs.authorities(TABLES))
    assert all(len(place["conditions"]) == 10 for place in said["places"])
    settings = said["settings"]
    assert (settings["seed"], settings["draws"], settings["years"]) == (7, 16, 10)
    assert settings["tables"] == {name: TABLES.hashes[name] for name in settings["tables"]}
    assert {"published_figures.csv", "ace_cost_places.csv", "ace_cost_conditions.csv"} <= settings["tables"].keys()
    assert {"version", "commit", "command", "tables_hash"} <= settings.keys()
    assert set(said["savings"]["share_of_lost_gdp"]) == {"proportional", "everyone", "most_first"}
    assert said["not_for"] == NOT_FOR_INDIVIDUALS == said["notes"][-1]


def test_the_command_in_the_settings_gives_the_same_again(asked, wellheld):
    options = ["--authority", "dudley", "--reduction", "0.123", "--growth", "-0.01", "--years", "7", "--json"]
    first = asked(*options)
    again = wellheld(*facts(first)["settings"]["command"].split()[1:], "--json")
    assert again.out == first.out


def test_an_authority_without_a_published_loss_is_null_not_nan(monkeypatch):
    place = next(p for p in example().places if p.authority == "dudley")
    lacking = type(place)(**{**vars(place), "gdp_lost": math.nan, "saved": math.nan})
    answer = type(example())(**{**vars(example()), "places": (lacking,)})
    said = json.loads(ace_files.as_json(answer, TABLES), parse_constant=lambda name: pytest.fail(name))
    assert said["places"][0]["gdp_lost"] is None
    assert said["places"][0]["rebuilt"]["value"] > 0
    assert max(map(len, ace_screen.screen(answer).splitlines())) <= WIDTH
    cells = next(csv.DictReader(io.StringIO(ace_files.as_csv(answer, TABLES).decode())))
    assert cells["gdp_lost [GBP million a year]"] == ""


def example():
    """Answer with few draws."""
    question = ace_costs.ask(TABLES, ace_costs.authorities(TABLES), None, None, None, None, 4, 1)
    return ace_costs.rebuild(TABLES, question)


# CSV

FIRST = [
    "authority",
    "aces",
    "gdp_lost",
    "saved",
    "yearly_cost",
    "ten_year_cost_published_rule",
    "ten_year_cost_ten_terms",
]
LAST = ["version", "commit", "tables"]


def test_the_csv_has_its_columns_units_and_figures(asked, here):
    answer = asked("--out", "costs.csv", "--json")
    assert answer.err == "Table in costs.csv\n"
    names, units, found = rows(here / "costs.csv")
    assert names[:7] == FIRST
    assert names[-3:] == LAST
    assert len(set(names)) == len(names)
    assert units["gdp_lost"] == units["saved"] == "GBP million a year"
    assert units["ten_year_cost_published_rule"] == "GBP over 10 years: 9 terms"
    assert units["ten_year_cost_ten_terms"] == "GBP over 10 years: 10 terms"
    said = facts(answer)
    assert {row["tables"] for row in found} == {said["settings"]["tables_hash"]}
    assert {row["commit"] for row in found} == {said["settings"]["commit"]}
    for row, place in zip(found, said["places"], strict=True):
        assert row["authority"] == place["authority"]
        for name in FIRST[1:]:
            assert float(row[name]) == place[name], name
        assert float(row["rebuilt_over_published"]) == place["ratio"]["value"]
    assert sorted(path.name for path in here.iterdir()) == ["costs.csv"]


def test_the_csv_of_other_years_says_how_many(asked, here):
    asked("--out", "costs.CSV", "--years", "2", "--authority", "walsall")
    names, units, found = rows(here / "costs.CSV")
    assert names[:7] == FIRST
    assert units["ten_year_cost_published_rule"] == "GBP over 2 years: 1 term"
    assert units["ten_year_cost_ten_terms"] == "GBP over 2 years: 2 terms"
    assert len(found) == 1
    assert found[0]["ten_year_cost_published_rule"] == found[0]["yearly_cost"]


def test_the_same_command_writes_the_same_bytes(asked, here):
    asked("--out", "one.csv")
    asked("--out", "two.csv")
    assert (here / "one.csv").read_bytes() == (here / "two.csv").read_bytes()


def test_the_file_has_the_permissions_of_any_new_file(asked, here):
    asked("--out", "one.csv")
    (here / "other").write_text("")
    assert (here / "one.csv").stat().st_mode == (here / "other").stat().st_mode


# What cannot be done

BAD = {
    "unknown authority": ("--authority sandwel", ["unknown place 'sandwel'. Did you mean 'sandwell'?", "region"]),
    "reduction above 1": ("--reduction 1.01", ["--reduction 1.01 is outside 0 to 1"]),
    "reduction below 0": ("--reduction -0.1", ["--reduction -0.1 is outside 0 to 1"]),
    "reduction nan": ("--reduction nan", ["--reduction nan is outside 0 to 1"]),
    "reduction inf": ("--reduction inf", ["--reduction inf is outside 0 to 1"]),
    "reduction as text": ("--reduction ten", ["'--reduction'", "valid number"]),
    "inflation": ("--inflation 1.5", ["--inflation 1.5 is outside -0.5 to 1"]),
    "inflation nan": ("--inflation nan", ["--inflation nan is outside"]),
    "growth": ("--growth -0.51", ["--growth -0.51 is outside -0.5 to 1"]),
    "growth inf": ("--growth=-inf", ["--growth -inf is outside"]),
    "years 0": ("--years 0", ["--years 0 is outside 1 to 100"]),
    "years 101": ("--years 101", ["--years 101 is outside 1 to 100"]),
    "years in part": ("--years 1.5", ["'--years'", "valid integer"]),
    "draws 0": ("--draws 0", ["--draws 0 is outside 1 to 100000"]),
    "draws too many": ("--draws 100001", ["--draws 100001 is outside 1 to 100000"]),
    "seed": ("--seed -1", ["--seed -1 is outside 0 to"]),
    "seed 2^63": (f"--seed {2**63}", ["is outside 0 to"]),
    "an argument": ("sandwell", ["unexpected extra argument"]),
    "file exists": ("--out mine.csv", ["mine.csv: the file exists already; choose another, or remove it"]),
    "a folder": ("--out folder.csv", ["folder.csv: is a folder"]),
    "no csv": ("--out costs.xlsx", ["costs.xlsx: does not end in .csv"]),
    "no suffix": ("--out costs", ["costs: does not end in .csv"]),
    "no such folder": ("--out nowhere/costs.csv", ["nowhere is no folder"]),
    "below a file": ("--out mine.csv/costs.csv", ["mine.csv is no folder"]),
    "name too long": (f"--out {'a' * 300}.csv", ["cannot be written (File name too long)"]),
}


@pytest.mark.parametrize(("line", "parts"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_one_line_before_anything_is_computed(refused, here, monkeypatch, line, parts):
    monkeypatch.setattr(ace_costs, "rebuild", lambda *_: pytest.fail("computed"))
    (here / "folder.csv").mkdir()
    (here / "mine.csv").write_text("mine")
    message = refused("published", "ace-costs", *line.split(" "))
    for part in parts:
        assert part in message
    assert (here / "mine.csv").read_text() == "mine"


def test_a_link_to_nowhere_is_refused_and_kept(here):
    (here / "link.csv").symlink_to("nothing")
    with pytest.raises(InputError, match="exists already"):
        files.check_file(here / "link.csv")
    assert [path.name for path in here.iterdir()] == ["link.csv"]


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_computed(refused, monkeypatch):
    monkeypatch.setattr(ace_costs, "rebuild", lambda *_: pytest.fail("computed"))

    def closed(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", closed)
    assert "costs.csv: cannot be written (Permission denied)" in refused(*COMMAND, "--out", "costs.csv")


def test_a_full_disk_leaves_nothing(here, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.rename", full)
    with pytest.raises(ResourceError, match="No space left"):
        files.write_file(b"a", here / "costs.csv")
    assert list(here.iterdir()) == []


def test_a_name_taken_in_the_meantime_is_kept(here):
    (here / "costs.csv").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        files.write_file(b"a", here / "costs.csv")
    assert [path.read_text() for path in here.iterdir()] == ["mine"]
