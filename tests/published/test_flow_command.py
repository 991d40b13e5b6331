"""The commands of the flow model, the range and the bridge: what they print and write, and what they refuse."""

import json

import numpy as np
import pandas as pd
import pytest

from experiments.published import bridge as walk
from experiments.published import folders, reconciliation, reconstruction
from experiments.published.bridge import QUANTITIES, STAGES
from experiments.published.inputs import load_published
from experiments.published.reconciliation import PARTS
from experiments.published.scenarios import flow_scenario

pytestmark = pytest.mark.slow

pytest_plugins = ("command_line_fixtures",)

LEVER = 'name = "mine"\n[[lever]]\nkind = "tip_alignment"\nadd = 0.1\n'


def facts(answer):
    """Read a command's JSON."""
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


# flow


def test_flow_shows_published_beside_rebuilt(wellheld):
    text = wellheld("published", "flow").out
    rows = [line.split()[-2:] for line in text.splitlines() if "GBP million" in line or "of all CATs" in line]
    assert rows[:2] == [["277.1", "277"], ["4.0", "4"]]
    assert "Primary school" in text
    words = " ".join(text.split())
    assert "read as points they can, 0.39 ranges" in words
    assert "Without that, 86% of the fewer CATs and 53% of the reduced cost would be gone" in words
    assert "Lost cost by year, today: 215, 254, 297, 342 GBP million" in words
    assert "does not endorse" in " ".join(text.split())
    assert text.rstrip().endswith("Not for predicting or deciding about any real child.")
    assert max(map(len, text.splitlines())) <= 100


def test_flow_baseline_has_no_scenario(wellheld):
    text = wellheld("published", "flow", "--scenario", "baseline").out
    assert "difference under" not in text
    assert "fewer CATs" not in text


def test_flow_json_is_complete(wellheld):
    said = facts(wellheld("published", "flow", "--json"))
    assert said["answers"]["cost"] == pytest.approx(277.08, abs=0.01)
    assert said["published"]["cost"] == 277.0
    assert {row["scenario"] for row in said["ledger"]} == {"today", "improved"}
    assert len(said["ledger"]) == 2 * 4 * 9
    assert set(said["settings"]) == {"version", "commit", "command", "scenario", "tables"}
    assert set(said["settings"]["tables"]) == set(load_published().hashes)
    assert "not_for" in said


def test_flow_takes_a_scenario_with_numbers(wellheld, here):
    (here / "mine.toml").write_text(LEVER + "[numbers]\nflow_numbers.f_tip.value = 0.0\n")
    said = facts(wellheld("published", "flow", "--scenario", "mine.toml", "--json", "--years", "2"))
    assert said["answers"]["fewer_cats"] == said["answers"]["reduced_cost"] == 0.0
    assert said["published"] is None
    assert {row["year"] for row in said["ledger"]} == {1, 2}


def test_flow_in_detail_names_every_unit(wellheld, here):
    answer = wellheld("published", "flow", "--detail", "secondary_school", "--out", "ledger.csv")
    assert answer.code == 0
    assert "generated example" in answer.out
    table = pd.read_csv(here / "ledger.csv")
    assert table["service"].str.startswith("secondary_school_").sum() == 2 * 4 * 20
    assert {"version [wellheld]", "commit [git]", "lost_cost [GBP million a year]"} <= set(table.columns)


def test_flow_reading_changes_the_scenario(wellheld):
    points, relative = (facts(wellheld("published", "flow", "--json", "--reading", r)) for r in ("points", "relative"))
    assert relative["answers"]["fewer_cats"] < points["answers"]["fewer_cats"]
    assert relative["answers"]["growth"] == points["answers"]["growth"]


def test_flow_writes_a_workbook(wellheld, here):
    answer = wellheld("published", "flow", "--xlsx", "flow.xlsx")
    assert (answer.code, answer.err) == (0, "Workbook in flow.xlsx\n")
    assert (here / "flow.xlsx").read_bytes()[:2] == b"PK"


BAD = {
    "unknown scenario": ("flow --scenario improvd", ["no scenario 'improvd'", "Did you mean 'improved'?"]),
    "no such file": ("flow --scenario x.toml", ["x.toml: no such file"]),
    "years 0": ("flow --years 0", ["--years 0 is outside 1 to 18"]),
    "reading": ("flow --reading point", ["unknown reading 'point'", "Did you mean 'points'?"]),
    "detail": ("flow --detail primary", ["no units of 'primary'", "Did you mean 'primary_school'?"]),
    "detail in a workbook": ("flow --detail primary_school --xlsx x.xlsx", ["leave --detail out"]),
    "taken": ("flow --out taken.csv", ["taken.csv: the file exists already"]),
    "no workbook": ("flow --xlsx x.csv", ["--xlsx x.csv: does not end in .xlsx"]),
    "sets 1": ("range --sets 1", ["--sets 1 is outside 2 to 10000"]),
    "range seed": ("range --seed -1", ["--seed -1 is outside 0 to"]),
    "range reading": ("range --reading both", ["unknown reading 'both'"]),
    "range folder": ("range --out full", ["full: the folder exists already"]),
    "range jobs": ("range --jobs 0", ["--jobs 0 is outside 1 to 1024"]),
    "draws": ("bridge --draws 3", ["--draws 3 is outside 4 to 100000"]),
    "bridge sets": ("bridge --sets -1", ["--sets -1 is outside 0 to 1000"]),
    "replicates": ("bridge --replicates 7", ["--replicates 7 is outside 8 to 10000"]),
    "bridge folder": ("bridge --out full --force", ["--force replaces only results"]),
    "bridge is a file": ("bridge --out taken.csv", ["taken.csv", "not a folder"]),
    "unknown model": ("bridges", ["No such command 'bridges'"]),
}


@pytest.mark.parametrize(("line", "parts"), BAD.values(), ids=BAD)
def test_bad_options_are_refused_in_one_line(refused, here, line, parts):
    """B (command line): one line, exit 2, nothing written."""
    (here / "taken.csv").write_text("mine")
    (here / "full").mkdir()
    (here / "full" / "mine.txt").write_text("mine")
    message = refused("published", *line.split())
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ('[[lever]]\nkind = "poverty"\nadd = 0.1', ["lever[1].kind", "the flow model has no poverty"]),
        ('[[lever]]\nkind = "prevention"\nadd = 0.1\nages = [0, 4]', ["lever[1].ages", "knows stages, not ages"]),
        ("[switches]\namplification = true", ["'switches'", "has none"]),
        ('[[lever]]\nkind = "supply"\nadd = 0.1\nservices = ["camh"]', ["unknown service 'camh'", "'camhs'"]),
        ('[[lever]]\nkind = "supply"\nadd = 0.1\nauthorities = ["wales"]', ["unknown authority 'wales'"]),
        ("[numbers]\nflow_numbers.harms.value = 1", ["unknown number 'flow_numbers.harms.value'"]),
        ("[numbers]\ntip_effect = 1", ["unknown number 'tip_effect'"]),
        ("[numbers]\nflow_services.camhs.sufficiency = 1.5", ["1.5 is outside 0", "to 1"]),
        ("[numbers]\nflow_pathways.primary_school.family_support.weight = 0.5", ["only from its table"]),
        ("[numbers]\nflow_services.foster_care.level = 2", ["only from its table"]),
        ("[numbers]\nflow_units.primary_school.primary_school_01.share = 0.5", ["only from its table"]),
    ],
)
def test_a_scenario_that_the_flow_model_cannot_take_is_refused(refused, here, content, parts):
    (here / "mine.toml").write_text(f'name = "mine"\n{content}\n')
    message = refused("published", "flow", "--scenario", "mine.toml")
    for part in ("mine.toml", *parts):
        assert part in message


# range and bridge


@pytest.fixture
def few_sets(monkeypatch):
    """Stand in for the sampling: the table's own set, twice, a little apart."""
    tables = load_published()
    own = reconstruction.reconstruct(tables, flow_scenario("improved", tables))
    asked = {}

    def sample(tables, scenario, count, seed, jobs, progress):
        asked.update(scenario=scenario, count=count, seed=seed)
        if progress:
            progress(count, count)
        return [own._replace(points=own.points + shift) for shift in (0.0, 1e-4)], 3

    def extremes(tables, kept, improvement, asked, jobs):
        quantities = pd.DataFrame({"quantity": ["fewer_cats", "reduced_cost"]})
        pairs = asked[["question"]].drop_duplicates().merge(quantities, how="cross")
        return pairs.assign(lowest_found=-1.0, highest_found=80.0)

    monkeypatch.setattr(reconstruction, "sets", sample)
    monkeypatch.setattr(folders, "extremes", extremes)
    return asked


def test_range_writes_its_folder(wellheld, few_sets, here):
    answer = wellheld("published", "range", "--sets", "2", "--seed", "9", "--reading", "relative", "--out", "there")
    assert answer.code == 0, answer.err
    assert (few_sets["count"], few_sets["seed"]) == (2, 9)
    assert {lever.multiply for lever in few_sets["scenario"].levers} == {None, 1.1, 1.2}
    names = {path.name for path in (here / "there").iterdir()}
    tables = {"answers", "inputs", "sets", "questions", "influence"}
    assert names == {f"{name}.{kind}" for name in tables for kind in ("csv", "parquet")} | {
        "figure.png",
        "figure.svg",
        "screen.txt",
        "tables.md",
        "manifest.json",
    }
    assert (here / "there" / "screen.txt").read_text() == answer.out
    manifest = json.loads((here / "there" / "manifest.json").read_text())
    assert manifest["settings"]["command"] == "wellheld published range --sets 2 --seed 9 --reading relative"
    assert set(manifest["files"]) == names - {"manifest.json"}
    assert max(map(len, answer.out.splitlines())) <= 100
    assert "who brings the saving" in answer.out


def test_range_replaces_results_only_with_force(wellheld, refused, few_sets, here):
    assert wellheld("published", "range", "--quiet").code == 0
    assert (here / "results" / "range").is_dir()
    assert "--force" in refused("published", "range", "--out", "results/range")
    assert wellheld("published", "range", "--out", "results/range", "--force", "--quiet").err == ""


@pytest.fixture
def short_walk(monkeypatch):
    """Stand in for the two long computations of the bridge with figures of the right shape."""
    names = ["published", "rebuilt", *(stage.name for stage in STAGES), "uncertain", "value", "life", "main_job"]
    asked = {}

    def bridge(improvement, draws, replicates, seed, jobs, progress, others):
        asked.update(scenario=improvement.name, draws=draws, replicates=replicates, seed=seed, others=len(others))
        table = pd.DataFrame({"stage": names, "title": [f"title of {name}" for name in names]})
        for number, name in enumerate(QUANTITIES):
            table[name] = np.linspace(1.0, 2.0, len(names)) + number
            for part in ("mcse", "change", "change_mcse"):
                table[f"{name}_{part}"] = 0.1
        return table

    def reconcile(seed, replicates, main_job):
        asked.update(main_job=main_job)
        rows = [("published", "first", 3.0, 0.0, 3.0), *((part, words, 1.0, 0.1, 4.0) for part, words in PARTS)]
        return pd.DataFrame(rows, columns=["part", "explanation", "amount", "mcse", "total"])

    monkeypatch.setattr(walk, "bridge", bridge)
    monkeypatch.setattr(reconstruction, "other_sets", lambda tables, scenario, count, seed: [{}] * count)
    monkeypatch.setattr(reconciliation, "reconcile", reconcile)
    return asked


def test_bridge_hands_its_options_on_and_writes_its_folder(wellheld, short_walk, here):
    answer = wellheld("published", "bridge", "--draws", "4", "--sets", "2", "--replicates", "8", "--seed", "3")
    assert answer.code == 0, answer.err
    assert short_walk == {
        "scenario": "improved",
        "draws": 4,
        "replicates": 8,
        "seed": 3,
        "others": 2,
        "main_job": (pytest.approx(4.0), 0.1),
    }
    folder = here / "results" / "bridge"
    assert {"bridge.csv", "reconciliation.csv", "figure.png", "manifest.json"} <= {x.name for x in folder.iterdir()}
    assert answer.err.endswith("Results in results/bridge\n")
    assert "title of capacity" in answer.out


def test_stopped_bridge_writes_nothing(refused, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(walk, "bridge", stopped)
    assert "stopped; nothing was written" in refused("published", "bridge", "--quiet", "--sets", "0", code=130)


def test_published_lists_its_commands(wellheld):
    text = wellheld("published").out
    assert all(name in text for name in ("ace-costs", "flow", "range", "bridge"))
    for name in ("flow", "range", "bridge"):
        assert f"Usage: wellheld published {name}" in wellheld("published", name, "--help").out


def test_numbers_that_a_scenario_may_set(wellheld, here):
    """The value of a DALY scales cost alone; CATs at the start change growth; a file needs no suffix."""
    said = facts(wellheld("published", "flow", "--json"))
    (here / "mine").write_text('name = "mine"\n[numbers]\nace_cost_places.sandwell.value = 46400.0\n')
    dear = facts(wellheld("published", "flow", "--scenario", "mine", "--json"))
    assert dear["answers"]["cost"] == pytest.approx(2 * said["answers"]["cost"], rel=1e-9)
    assert dear["answers"]["growth"] == said["answers"]["growth"]
    (here / "more.toml").write_text(
        'name = "more"\n[numbers]\nflow_services.primary_school.cats_at_start_ratio = 1.4\n'
    )
    more = facts(wellheld("published", "flow", "--scenario", "more.toml", "--json"))
    assert more["answers"]["growth"] < said["answers"]["growth"]
