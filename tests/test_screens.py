"""Every command's screen fits 100 columns, says what was run, and what it is not for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.core import TyperGroup
from typer.main import get_command

from experiments import ablation
from experiments.cli import app
from experiments.commands import ask
from experiments.files import default_name
from experiments.screen import WIDTH, folded, sectioned, settings
from simulation.errors import InputError
from simulation.scenario import Scenario

pytest_plugins = ("command_line_fixtures",)
QUICK = (
    "capture",
    "capture tip_effect",
    "capture --place region",
    "effectiveness sandwell --children 40",
    "effectiveness region --children 10",
    "episodes sandwell --children 40",
    "agencies sandwell --children 40",
    "timeline 12 --children 40",
    "timeline --family 12 --children 40",
    "timeline --neighbourhood 3 --children 400",
    "interventions",
    "ablation --quiet",
    "published flow",
)
LONG = (
    "run sandwell --draws 1 --children 20 --quiet",
    "run sandwell --population resident --share 0.01 --draws 1 --years 1 --quiet",
    "resources sandwell --share 0.01",
    "flows sandwell --share 0.01",
    "units --years 1",
    "generations --draws 1 --children 30 --quiet",
    "inequality sandwell --children 60 --draws 1",
    "localities sandwell --share 0.01",
    "interventions --run triple_p --children 20 --draws 1 --quiet",
    "published ace-costs --draws 8",
)
NO_SCREEN = {"check", "benchmark", "parameters"}
"""One line; figures of this machine; and a line a number, to search in."""
IN_STUDY = {"experiment", "hypothesis"}
"""Groups of commands whose screens are tried in tests/study."""
LARGE = 123_456.0


@pytest.fixture(autouse=True)
def quick_ablation(monkeypatch: Any) -> None:
    """Let large numbers stand in for the runs of an ablation, which take long."""

    def one(plan: Any, changes: Any, replicate: int) -> list[float]:
        return list(LARGE * (1 + 0.5 * len(changes) + 0.01 * replicate + np.arange(2 * len(ablation.TOLD))))

    monkeypatch.setattr(ablation, "one", one)


@pytest.mark.parametrize("words", [*QUICK, *(pytest.param(words, marks=pytest.mark.slow) for words in LONG)])
def test_a_screen_is_at_most_100_columns_wide(wellheld: Any, words: str) -> None:
    answer = wellheld(*words.split())
    assert answer.code == 0, answer.err
    wide = [line for line in answer.out.splitlines() if len(line) > WIDTH]
    assert not wide
    text = " ".join(answer.out.split())
    for part in ("Not for predicting", "Not a real child", "Not real children"):
        if part in text:
            return
    raise AssertionError(f"{words}: does not say what it is not for")


def test_every_command_with_a_screen_is_tried() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    assert {words.split()[0] for words in (*QUICK, *LONG)} == set(group.commands) - NO_SCREEN - IN_STUDY


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("effectiveness walsall --children 30 --seed 4", "walsall, 30 children, seed 4, scenario today"),
        (
            "episodes region --children 8 --years 5 --out e",
            "region, 8 children of each, seed 1, scenario today, 5 years",
        ),
        ("ablation dudley --children 9 --quiet", "dudley, 9 children, seed 1, 8 replicates of chance"),
    ],
)
def test_a_title_says_place_and_settings(wellheld: Any, words: str, parts: str) -> None:
    title = " ".join(wellheld(*words.split()).out.split("\n\n")[0].split())
    assert parts in title


def test_the_screen_of_an_ablation_sets_today_apart_from_what_is_avoided(wellheld: Any) -> None:
    """Each switch stands once in either block, with its difference and error. Exact."""
    out = wellheld("ablation", "--quiet").out
    today, avoided = out.index("Today's level"), out.index("What improved avoids of it")
    assert out.count("\nrationing ") == 2
    assert today < out.index("\nrationing ") < avoided < out.rindex("\nrationing ")
    first = next(line for line in out.splitlines() if line.startswith("rationing"))
    assert f"+{0.5 * LARGE:,.3f}±0.000" in first


def test_sections_stand_once_above_their_first_row() -> None:
    rows = [("", ["", "n"]), ("A", [" x", "1"]), ("A", [" y", "20"]), ("B", [" x", "3"])]
    assert sectioned(rows) == ["    n", "A", " x  1", " y 20", "B", " x  3"]


def test_a_folded_line_keeps_its_beginning_and_every_word() -> None:
    line = "age   3, day  12  " + "word " * 40
    folds = folded(line, 18).split("\n")
    assert folds[0].startswith("age   3, day  12  word")
    assert all(fold.startswith(" " * 18 + "word") for fold in folds[1:])
    assert sum(fold.count("word") for fold in folds) == 40
    assert folded("", 3) == ""


def test_settings_in_words() -> None:
    assert settings("sandwell", None, 1, "today") == "sandwell, one year's births, seed 1, scenario today"
    assert settings("region", 1200, 7) == "region, 1,200 children of each, seed 7"


def test_what_is_asked_is_checked_in_order(tmp_path: Path) -> None:
    """Numbers, place, children, file, scenario: the first that is wrong is named, in one line."""
    asked = ask("Sandwell", "improved", 3)
    assert (asked.place, asked.authorities, asked.scenario.name) == ("sandwell", ("sandwell",), "improved")
    assert len(ask("region", region=True).authorities) == 7
    for given, line in (
        ({"place": "x", "seed": -1}, "--seed '-1'"),
        ({"place": "x", "share": 2.0}, "--share 2.0 is outside 0.01 to 1; 1 simulates every resident"),
        ({"place": "x", "jobs": 0}, "--jobs 0 is outside 1 to 1024"),
        ({"place": "region", "children": 0}, "unknown place 'region'"),
        ({"place": "sandwell", "children": 0, "scenario": "x"}, "--children 0 is outside 1 to"),
        ({"place": "sandwell", "out": tmp_path / "x.txt", "scenario": "x"}, "does not end in .csv"),
        ({"place": "sandwell", "scenario": "tody"}, "no scenario 'tody'. Did you mean 'today'?"),
    ):
        with pytest.raises(InputError) as caught:
            ask(**given)
        assert line.replace("'-1'", "-1") in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_folders_tell_the_scenario(wellheld: Any, here: Path) -> None:
    """A folder that names itself has the scenario in its name, but for the one that the command runs anyway."""
    assert default_name("sandwell", Scenario(name="improved"), "improved") == "sandwell"
    assert default_name("sandwell", Scenario(name="family_hub"), "improved") == "sandwell-family_hub"
    wellheld("episodes", "sandwell", "--children", "9")
    wellheld("episodes", "sandwell", "--children", "9", "--scenario", "improved")
    wellheld("episodes", "sandwell", "--children", "9", "--scenario", "improved")
    names = {path.name for path in (here / "results").iterdir()}
    assert names == {"episodes-sandwell", "episodes-sandwell-improved", "episodes-sandwell-improved-2"}


@pytest.mark.slow
def test_a_service_that_a_scenario_adds_is_in_every_table_of_episodes(wellheld: Any, here: Path) -> None:
    """Children of a family hub are told of: in its episodes, and beside the other services."""
    assert wellheld("episodes", "sandwell", "--children", "300", "--scenario", "family_hub", "--out", "e").code == 0
    assert ",family_hub," in (here / "e" / "services.csv").read_text()
    assert "family hub" in wellheld("effectiveness", "sandwell", "--children", "300", "--scenario", "family_hub").out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("run sandwell --children 500 --share 0.1", "--children 500 and --share 0.1 do not go together"),
        (
            "run sandwell --population resident --children 500 --share 0.1",
            "--children 500 and --share 0.1 do not go together: --children is the size of a cohort, --share the share",
        ),
        ("localities sandwell --size 0.1 --share 0.2", "--size 0.1 and --share 0.2 are two names of one share; keep"),
        ("localities sandwell --share 2", "--share 2.0 is outside 0.01 to 1"),
        (
            "interventions --coverage 0.2",
            "--coverage 0.2 goes with --run, without which interventions are only listed; add --run NAME, or remove it",
        ),
        ("interventions --children 5 --json", "--children 5 goes with --run"),
    ],
)
def test_b_options_that_do_not_go_together_are_refused(refused: Any, words: str, line: str) -> None:
    assert line in refused(*words.split())


def test_a_family_is_told_where_twins_live_apart(wellheld: Any, here: Path) -> None:
    """Only for a family, and only where the switch is off."""
    words = ("timeline", "--family", "12", "--children", "40")
    assert "Switch families" in wellheld(*words).out
    (here / "together.toml").write_text('name = "together"\n[switches]\nfamilies = true\n')
    assert "Switch families" not in wellheld(*words, "--scenario", "together.toml").out
    assert "Switch families" not in wellheld("timeline", "12", "--children", "40").out
