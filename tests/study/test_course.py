"""Experiments: the same bytes however they are carried, nothing lost, nothing mixed, and bad input in one line."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import ROOT, listing
from joblib.externals.loky.process_executor import TerminatedWorkerError

from experiments.published.files import mask
from experiments.study import course, folder, gather, tasks
from experiments.study.carriers import on_this_machine, until_done
from experiments.study.declaration import Experiment, Setup, from_text, load_experiment, questions_hash, set_up
from experiments.study.gather import precision, read_answers
from experiments.study.outputs import OUTPUTS
from experiments.study.tasks import Part, Piece, work
from simulation.cohort import reference
from simulation.draws import seed_key
from simulation.errors import InputError, ResourceError

pytest_plugins = ("command_line_fixtures",)
FILE = """
name = "small"
question = "What changes?"
scenarios = ["today"]
draws = 8
children = 40
outputs = ["cats", "dalys", "service_cost"]
[[scenario]]
name = "prevented"
[[scenario.lever]]
kind = "prevention"
add = 0.1
"""
WITH_PRECISION = FILE.replace("draws = 8\n", "") + '[precision]\nshare = 0.3\noutputs = ["cats"]\nmost_draws = {most}\n'
GATHERED = (
    "summary.csv",
    "summary.parquet",
    "runs.parquet",
    "points.parquet",
    "covariances.parquet",
    "twins.csv",
    "manifest.json",
)


@pytest.fixture(autouse=True, scope="module")
def small_reference() -> Iterator[None]:
    """Let references be small: what they are does not matter here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "REFERENCE_CHILDREN", 60)
        yield


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write the experiment."""
    path = tmp_path / "small.toml"
    path.write_text(FILE)
    return path


@pytest.fixture
def setup(file: Path) -> Setup:
    """Read it."""
    return load_experiment(file)


def taken(setup: Setup, out: Path, shard: tuple[int, int] | None = None) -> dict[str, bytes]:
    """Take an experiment through and give every file that it leaves."""
    folder.begin(setup, out)
    course.take(setup, out, on_this_machine(2, False), shard, None)
    course.collect(setup, out)
    return files(out)


def test_one_call_runs_the_whole_course_and_goes_on_where_it_stopped(
    setup: Setup, whole: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "called"
    folder.begin(setup, out)
    folder.keep(out, work(setup.text, 2))
    table = course.run(setup, out)
    assert files(out) == whole
    assert table.equals(course.run(setup, out, on_this_machine(1, False)))


def files(out: Path) -> dict[str, bytes]:
    """Give every file of a folder."""
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def run_whole(small_reference: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run it without interruption."""
    out = tmp_path_factory.mktemp("whole")
    (out / "small.toml").write_text(FILE)
    taken(load_experiment(out / "small.toml"), out / "whole")
    return out / "whole"


@pytest.fixture
def whole(run_whole: Path, tmp_path: Path) -> dict[str, bytes]:
    """Copy that run to a folder of the test's own, and give every file of it."""
    shutil.copytree(run_whole, tmp_path / "whole")
    return files(run_whole)


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(
    setup: Setup, whole: dict[str, bytes], tmp_path: Path
) -> None:
    """Stopped after one task, with a torn file of another left behind."""
    out = tmp_path / "again"
    folder.begin(setup, out)
    folder.keep(out, work(setup.text, 2))
    (out / "parts" / ".torn.partial").write_bytes(b"half")
    seen: list[int] = []

    def counted(text: str, left: Sequence[int]) -> Iterator[list[Piece]]:
        seen.extend(left)
        yield from on_this_machine(1, False)(text, left)

    course.take(folder.opened(out), out, counted, None, None)
    course.collect(setup, out)
    assert seen == [0, 1, 3]
    (out / "parts" / ".torn.partial").unlink()
    assert files(out) == whole
    assert set(GATHERED) <= set(whole)


def test_shards_gathered_from_several_folders_are_the_whole(
    setup: Setup, whole: dict[str, bytes], tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        out = tmp_path / f"shard-{number}"
        folder.begin(setup, out)
        course.take(setup, out, on_this_machine(1, False), (number, 3), None)
    first, *others = (tmp_path / f"shard-{number}" for number in (1, 2, 3))
    assert len(folder.done(first)) == 2
    course.collect(setup, first, others)
    assert files(first) == whole
    task, part = next(iter(folder.done(others[0]).items()))
    part.unlink()
    folder.keep(others[0], [Piece(f"{task:06d}", b"other")])
    before = files(first)
    with pytest.raises(InputError, match=rf"task {task} has another part"):
        course.collect(setup, first, others)
    assert files(first) == before, "nothing is taken over that does not belong"


def test_workers_that_die_lose_nothing() -> None:
    """The first two tries end after one task; the third does the rest. Exact."""
    tried: list[list[int]] = []

    def dying(text: str, left: Sequence[int]) -> Iterator[list[Piece]]:
        tried.append(list(left))
        yield [Piece(f"{left[0]:06d}", b"")]
        if len(tried) < 3:
            raise TerminatedWorkerError("killed")
        yield from ([Piece(f"{task:06d}", b"")] for task in left[1:])

    found = [int(pieces[0].name) for pieces in until_done(dying, "", [0, 1, 2, 3])]
    assert found == [0, 1, 2, 3]
    assert tried == [[0, 1, 2, 3], [1, 2, 3], [2, 3]]


def test_workers_that_always_die_are_given_up_in_one_line() -> None:
    def dying(text: str, left: Sequence[int]) -> Iterator[list[Piece]]:
        raise TerminatedWorkerError("killed")
        yield

    with pytest.raises(ResourceError, match="workers died 3 times, with 2 tasks left"):
        list(until_done(dying, "", [0, 1]))


@pytest.mark.slow
def test_precision_stops_the_run_where_it_is_reached_whatever_carries_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same tasks are done on one thread as on two, and the error is below what was asked, not so before."""
    monkeypatch.setattr(course, "FIRST_ROUND", 2)
    path = tmp_path / "precise.toml"
    path.write_text(WITH_PRECISION.format(most=64).replace("share = 0.3", "share = 0.1"))
    setup = load_experiment(path)
    outs = [tmp_path / "one", tmp_path / "two"]
    for jobs, out in enumerate(outs, start=1):
        folder.begin(setup, out)
        course.take(setup, out, on_this_machine(jobs, False), None, None)
    assert files(outs[0]) == files(outs[1])
    now = course.state(setup, outs[0])
    assert now.enough
    assert now.precision is not None
    assert now.precision <= 0.1
    rounds = course.rounds(setup)
    assert rounds.index(now.done) > 0
    before = {task: folder.done(outs[0])[task] for task in range(rounds[rounds.index(now.done) - 1])}
    assert precision(setup, read_answers(setup, before)).max() > 0.1
    told = list(course.lines_of(setup, outs[0]))
    assert "precise enough" in told[1]
    assert "To halve the Monte Carlo error" in told[2]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails midway leaves the file as it was, and nothing beside it; others of the user's group may read it."""
    path = tmp_path / "file"
    folder.write_whole(path, b"before")
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask()

    def fail(*_: Any) -> None:
        assert path.read_bytes() == b"before"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ResourceError, match="free space and resume"):
        folder.write_whole(path, b"after")
    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_part_is_kept_after_the_children_of_its_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a task that was killed between them would count as done."""
    kept: list[str] = []
    monkeypatch.setattr(folder, "write_whole", lambda path, content: kept.append(path.name))
    folder.keep(
        tmp_path, [Piece("000003", b"part"), Piece("people/one.parquet", b""), Piece("people/two.parquet", b"")]
    )
    assert [name.split("-")[0] for name in kept] == ["one.parquet", "two.parquet", "000003"]


def test_b_a_part_under_the_name_of_another_task_is_refused(
    setup: Setup, whole: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "whole"
    first, second = (folder.done(out)[task] for task in (0, 1))
    second.unlink()
    first.rename(first.with_name(first.name.replace("000000", "000001")))
    with pytest.raises(InputError, match="is of another experiment, or was made by other rules"):
        course.collect(setup, out)


def test_b_what_a_worker_of_another_version_made_is_not_kept(setup: Setup, tmp_path: Path) -> None:
    out = tmp_path / "other"
    folder.begin(setup, out)
    foreign = set_up(setup.experiment.model_copy(update={"own": setup.scenarios[1:], "scenarios": ("today",)}))
    foreign.__dict__["key"] = "of another version"

    def carried(text: str, left: Sequence[int]) -> Iterator[list[Piece]]:
        yield [Piece("000000", tasks.part_bytes(foreign, made_up(setup), 0))]

    with pytest.raises(ResourceError, match="a worker runs another version"):
        course.take(setup, out, carried, None, None)
    assert not folder.done(out)


def test_the_key_knows_every_source_that_sums_a_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One changed byte in any source of the questions is another key. Exact."""
    study = tmp_path / "experiments" / "study"
    shutil.copytree(
        ROOT / "experiments", tmp_path / "experiments", ignore=shutil.ignore_patterns("__pycache__", "*.toml")
    )
    monkeypatch.setattr("experiments.study.declaration.__file__", str(study / "declaration.py"))
    hashed = questions_hash.__wrapped__
    first = hashed()
    for name in ("tasks.py", "outputs.py", "../assembly.py", "../plan.py", "../base_case.py", "../adult.py"):
        path = study / name
        text = path.read_bytes()
        path.write_bytes(text + b"#")
        assert hashed() != first, name
        path.write_bytes(text)
    assert hashed() == first


def test_each_draw_has_a_reference_of_its_own(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[Any] = []

    def recorded(tables: Any, values: Any, switches: Any, key: Any, size: int) -> Any:
        keys.append(key)
        return reference(tables, values, switches, key, size)

    monkeypatch.setattr(tasks, "reference", recorded)
    work(setup.text, 0)
    work(setup.text, 1)
    assert len(set(keys)) == 4


@pytest.mark.slow
def test_a_pilot_settles_the_seeds_of_chance_and_is_kept(wellheld: Any, here: Path) -> None:
    """It stands in a folder of its own; what it chose is in the experiment; a foreign folder is refused before it."""
    (here / "pilot.toml").write_text(FILE.replace("draws = 8", 'draws = 8\nchance = "pilot"'))
    assert wellheld("experiment", "run", "pilot.toml", "--out", "out", "--quiet").code == 0
    chosen = folder.opened(here / "out").experiment.chance
    assert isinstance(chosen, int)
    assert 2 <= chosen <= 16
    assert len(folder.done(here / "out" / folder.PILOT)) == 8
    (here / "foreign").mkdir()
    (here / "foreign" / "letter.txt").write_text("mine")
    refused = wellheld("experiment", "run", "pilot.toml", "--out", "foreign", "--quiet")
    assert "holds something that is no experiment" in refused.err
    assert [path.name for path in (here / "foreign").iterdir()] == ["letter.txt"]


def test_what_a_killed_run_left_before_it_began_does_no_harm(setup: Setup, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    out.mkdir()
    (out / ".abcd1234.partial").write_bytes(b"half")
    folder.begin(setup, out)
    assert folder.opened(out).text == setup.text


def made_up(setup: Setup) -> Part:
    """Make sums up, of the right shape."""
    return Part(("cats",), np.zeros((1, 2, 2, len(tasks.lived(setup)), 1)))


def test_no_two_runs_share_their_chance_however_many_there_are() -> None:
    """The first 60,000 take the replicates of the seed itself; of half a million no key comes twice."""
    assert tasks.key_of(5, 59_999) == seed_key(5, 59_999)
    keys = {tasks.key_of(5, number) for number in range(500_000)}
    assert len(keys) == 500_000


def test_setting_a_number_moves_the_draws_of_no_other(setup: Setup) -> None:
    """What is set is not drawn, and all else is drawn as before. Exact."""
    fixed = setup.experiment.model_copy(update={"numbers": {"tip_effect": 0.0, "factor_need": 1.0}})
    other = set_up(fixed.model_copy(update={"own": setup.scenarios[1:], "scenarios": ("today",)}))
    assert set(setup.names) - set(other.names) == {"tip_effect", "factor_need"}
    kept = [setup.names.index(name) for name in other.names]
    for before, after in zip(setup.drawn[1], other.drawn[1], strict=True):
        assert (before[:, kept] == after).all()


@pytest.mark.slow
def test_what_is_shown_on_the_way_is_the_precision_of_the_tasks_done(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of few tasks none is shown; those of an earlier run count. It is looked at after each task here."""
    monkeypatch.setattr(course, "SECONDS", -1.0)
    wider = from_text(Setup(setup.experiment.model_copy(update={"draws": 24}), setup.scenarios).text)
    out = tmp_path / "shown"
    folder.begin(wider, out)
    folder.keep(out, work(wider.text, 3))
    seen: list[tuple[int, int, float | None]] = []
    course.take(wider, out, on_this_machine(2, False), None, lambda *told: seen.append(told))
    assert [(done, total) for done, total, _ in seen] == [(done, 12) for done in range(2, 13)]
    assert [told is None for *_, told in seen] == [done < course.LEAST_SHOWN for done in range(2, 13)]
    said = f"error {seen[-1][2]:.4f} of the 95% band, of the output that is least precise"
    assert said in list(course.lines_of(wider, out))
    last = seen[-1][2]
    assert last == pytest.approx(float(precision(wider, read_answers(wider, folder.done(out))).max()), rel=1e-9)


def test_a_table_of_children_is_streamed_where_it_is_asked_for(tmp_path: Path) -> None:
    """One row a child of each run, in folders that pandas reads as one table; sums are those of the answers. Exact."""
    path = tmp_path / "people.toml"
    path.write_text(FILE.replace("draws = 8", "draws = 4\npeople = true"))
    setup = load_experiment(path)
    out = tmp_path / "people"
    taken(setup, out)
    people = pd.read_parquet(out / "people")
    assert len(people) == 4 * 2 * 2 * 40
    assert set(people["place"]) == {"sandwell"}
    assert set(people["sex"]) == {"male", "female"}
    assert people["decile"].between(1, 10).all()
    assert people["years_lost"].between(0, 110).all()
    runs = pd.read_parquet(out / "runs.parquet").set_index(["scenario", "draw", "chance"]).sort_index()
    per_child = people.groupby(["scenario", "draw"], observed=True)["cats"].mean()
    for (scenario, draw), mean in per_child.items():
        assert runs.loc[scenario, int(draw)]["cats"].mean() == pytest.approx(mean)
    spent = people.groupby(["scenario", "draw"], observed=True)["public_cost"].sum() / 2e6
    for (scenario, draw), millions in spent.items():
        assert runs.loc[scenario, int(draw)]["service_cost"].mean() == pytest.approx(millions)


def test_outputs_and_points_of_every_draw_are_kept(setup: Setup, whole: dict[str, bytes], tmp_path: Path) -> None:
    points = pd.read_parquet(tmp_path / "whole" / "points.parquet")
    assert points["draw"].tolist() == list(range(8))
    assert set(setup.names) < set(points.columns)
    for draw in (0, 5):
        values = setup.values(draw // 2, draw % 2)
        assert points.loc[draw, "tip_effect"] == values["tip_effect"]


def test_parts_are_small_and_hold_every_bit(setup: Setup, whole: dict[str, bytes], tmp_path: Path) -> None:
    """Below 20 kB; a row a sum, told in words; written and read again, every bit of any number is the same."""
    path = folder.done(tmp_path / "whole")[0]
    assert path.stat().st_size < 20_000
    part = folder.read_part(path, setup, 0)
    assert part.sums.shape == (len(part.names), 2, 2, 3, 1)
    table = pd.read_parquet(path)
    assert list(table) == [*tasks.LABELS, "value"]
    assert table["scenario"].unique().tolist() == ["today", "prevented", tasks.NONE]
    here = table.query("quantity == 'cats' and matrix == 1 and chance == 0 and scenario == 'prevented'")
    assert here["value"].tolist() == part.sums[part.names.index("cats"), 1, 0, 1].tolist()
    assert here["place"].tolist() == ["sandwell"]
    odd = np.array([np.nan, -0.0, np.inf, 5e-324, 0.1, 2.0**53 - 1, -1e300, np.pi])
    strange = part._replace(sums=np.resize(odd, part.sums.shape))
    content = tasks.part_bytes(setup, strange, 0)
    assert content == tasks.part_bytes(setup, strange, 0)
    folder.keep(tmp_path, [Piece("000000", content)])
    again = folder.read_part(folder.done(tmp_path)[0], setup, 0)
    assert again.names == part.names
    assert again.sums.tobytes() == strange.sums.tobytes()


def test_a_sum_keeps_its_place_though_runs_name_sums_in_another_order(setup: Setup) -> None:
    found = [{"one": np.array([float(run)]), "two": np.array([-run])} for run in range(12)]
    part = tasks.lined_up(setup, [*found[:11], dict(reversed(found[11].items()))])
    assert part.names == ("one", "two")
    assert part.sums.reshape(2, 12).tolist() == [list(range(12)), [-run for run in range(12)]]


def test_gathered_again_or_in_smaller_blocks_runs_are_the_same(
    setup: Setup, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice: every byte. In blocks of one task: every value of runs and points, and the summary to 1e-12."""
    out = tmp_path / "whole"
    course.collect(setup, out)
    assert files(out) == whole
    before = {name: pd.read_parquet(out / f"{name}.parquet") for name in ("runs", "points", "summary", "covariances")}
    monkeypatch.setattr(gather, "IN_FLIGHT", 1)
    course.collect(setup, out)
    assert pq.ParquetFile(out / "runs.parquet").num_row_groups == setup.pairs
    for name, table in before.items():
        tolerance = 0.0 if name in ("runs", "points") else 1e-12
        pd.testing.assert_frame_equal(pd.read_parquet(out / f"{name}.parquet"), table, rtol=tolerance, atol=tolerance)
    assert not [name for name in files(out) if name.endswith(".partial")]


def test_a_sketch_says_how_far_its_ranks_are_off(setup: Setup, whole: dict[str, bytes], tmp_path: Path) -> None:
    """Nothing where quantiles are exact, as here; in the last line but one where they are not."""
    table = pd.read_parquet(tmp_path / "whole" / "summary.parquet")
    assert "sketch" not in course.screen(setup, table, 4)
    said = course.screen(setup, table.assign(quantile_rank_error=0.00123), 4)
    assert "Quantiles: of a sketch, their ranks right to 0.12% of the runs." in " ".join(said.split())
    assert max(map(len, said.splitlines())) <= 100


def test_b_parts_that_do_not_belong_are_refused(setup: Setup, whole: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "whole"
    part = next(iter(folder.done(out).values()))
    content = part.read_bytes()
    part.write_bytes(content[:-1] + b"x")
    with pytest.raises(InputError, match=r"its checksum is broken; delete it and resume"):
        course.collect(setup, out)
    part.unlink()
    part.mkdir()
    with pytest.raises(ResourceError, match=r"000000-.*parquet: cannot be read \(Is a directory\)"):
        course.collect(setup, out)
    part.rmdir()
    part.write_bytes(content)
    other = from_text(setup.text.replace('"seed": 1', '"seed": 2').replace('"children": 40', '"children": 41'))
    strange = Piece("000000", tasks.part_bytes(other, folder.read_part(part, setup, 0), 0))
    part.unlink()
    folder.keep(out, [strange])
    with pytest.raises(InputError, match=r"is of another experiment, or was made by other rules or tables"):
        course.collect(setup, out)
    sink = io.BytesIO()
    wide = pa.table({"cats": [1.0]}).replace_schema_metadata({"wellheld_experiment": setup.key, "wellheld_task": "0"})
    pq.write_table(wide, sink)
    earlier = Piece("000000", sink.getvalue())
    folder.done(out)[0].unlink()
    folder.keep(out, [earlier])
    with pytest.raises(InputError, match=r"is laid out as earlier versions did; run the file anew"):
        course.collect(setup, out)
    folder.keep(out, [Piece("000000", content)])
    with pytest.raises(InputError, match=r"task 0 has another part, .*; results of two runs are never mixed"):
        course.collect(setup, out)


def test_b_a_file_that_changed_since_it_began_is_refused(file: Path, tmp_path: Path, setup: Setup) -> None:
    out = tmp_path / "begun"
    folder.begin(setup, out)
    folder.begin(setup, out)
    file.write_text(FILE.replace("add = 0.1", "add = 0.2"))
    with pytest.raises(InputError, match="its file has changed since it began; put the file back"):
        folder.begin(load_experiment(file), out)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('"dalys"', '"dallys"', "outputs: no quantity is called 'dallys'. Did you mean 'dalys'?"),
        ("draws = 8", "draws = 0", "key 'draws': 0 is outside 2 to 200000; draws of the numbers: even"),
        ("draws = 8", "draws = 7", "key 'draws': 7"),
        (
            'outputs = ["cats", "dalys", "service_cost"]',
            '[precision]\nshare = 0.1\noutputs = ["cats"]\nmost_draws = 32',
            "draws: stands beside [precision], whose most_draws is the budget; remove one of them",
        ),
        ("draws = 8", "draws = 8\nchance = 0", "chance: 0 is outside 1 to 64"),
        ('["today"]', '["tomorrow"]', "no scenario 'tomorrow'"),
        ('["today"]', '["today", "today"]', "key 'scenarios': 'today' stands twice"),
        ("draws = 8", 'draws = 8\nplaces = ["sandwel"]', "key 'places': unknown place 'sandwel'"),
        ("draws = 8", "drawz = 8", "key 'drawz': unknown key"),
        (
            "draws = 8",
            'draws = 8\nnumbers = {"adversities.bullying.surveyed" = 0}',
            "numbers.adversities.bullying.surveyed: no run reads it, so that setting it changes nothing",
        ),
        (
            "draws = 8",
            'draws = 8\nnumbers = {"adult_adversities.homelessness.25.severity" = 3}',
            "numbers.adult_adversities.homelessness.25.severity: of a type of adult adversity the row of its first",
        ),
        ("draws = 8", "draws = 8\nnumbers = {gdp_per_head = -1}", "'numbers.gdp_per_head': -1.0 is outside 0 to any"),
    ],
)
def test_b_bad_experiments_are_refused_in_one_line(refused: Any, here: Path, old: str, new: str, part: str) -> None:
    (here / "bad.toml").write_text(FILE.replace(old, new))
    assert part in refused("experiment", "run", "bad.toml", "--out", "out")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("--shard 0/3", "--shard 0/3: is no part; write K/N with K from 1 to N"),
        ("--shard 4/3", "--shard 4/3: is no part"),
        ("--shard third", "--shard third: is no part"),
        ("--jobs 0", "--jobs 0 is outside 1 to 4096"),
        ("--cluster tcp://127.0.0.1:9 --jobs 2", "--cluster: the cluster has its own workers"),
    ],
)
def test_b_bad_options_are_refused_in_one_line(wellheld: Any, here: Path, file: Path, words: str, part: str) -> None:
    answer = wellheld("experiment", "run", file, "--out", "out", "--quiet", *words.split())
    assert answer.code == 2
    assert answer.err.startswith("Error: ")
    assert part in answer.err
    assert answer.err.count("\n") == 1


@pytest.mark.slow
def test_b_a_precision_out_of_reach_is_said_and_nothing_is_lost(wellheld: Any, here: Path) -> None:
    (here / "far.toml").write_text(WITH_PRECISION.format(most=16).replace("share = 0.3", "share = 0.01"))
    answer = wellheld("experiment", "run", "far.toml", "--out", "far", "--quiet")
    assert answer.code == 2
    assert "of the band after 16 draws, and 0.01 was asked; about" in answer.err
    assert len(folder.done(here / "far")) == 8
    assert wellheld("experiment", "collect", "far").code == 0


def test_stopped_it_says_what_is_kept_and_how_to_go_on(
    wellheld: Any, here: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(setup: Setup, out: Path, *others: Any) -> None:
        folder.keep(out, work(setup.text, 1))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(course, "take", interrupted)
        answer = wellheld("experiment", "run", file, "--out", "out", "--quiet")
    assert answer.code == 130
    assert "stopped; 1 task of out is kept; the same command goes on" in answer.err
    part = wellheld("experiment", "collect", "out")
    assert "INCOMPLETE: 1 of 4 tasks are done." in " ".join(part.out.split())
    assert "INCOMPLETE" not in wellheld("experiment", "resume", "out", "--quiet").out


def test_outputs_are_listed_with_their_units(wellheld: Any, here: Path) -> None:
    listed = wellheld("experiment", "outputs").out.splitlines()
    assert [line.split()[0] for line in listed] == list(OUTPUTS)
    assert any(line.split()[:3] == ["cost_to_18", "GBP", "million"] for line in listed)
    assert wellheld("experiment", "outputs", "--json").out.count('"unit"') == len(OUTPUTS)


def test_b_a_folder_without_an_experiment_is_refused(refused: Any, here: Path, file: Path) -> None:
    assert "holds no experiment" in refused("experiment", "status", "nowhere")
    (here / "full").mkdir()
    (here / "full" / "letter.txt").write_text("mine")
    assert "holds something that is no experiment" in refused("experiment", "run", file, "--out", "full")


def test_the_command_runs_says_and_gathers(wellheld: Any, here: Path, file: Path) -> None:
    answer = wellheld("experiment", "run", file, "--out", "out", "--quiet")
    assert answer.code == 0, answer.err
    assert "prevented less today, sandwell" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 100
    assert "To halve the Monte Carlo error, 32 draws in a new folder, 1 min at the pace of this run" in answer.err
    status = wellheld("experiment", "status", "out").out
    assert "4 of 4 tasks done, 8 draws" in status
    assert status.endswith("To halve the Monte Carlo error, 32 draws in a new folder\n")
    before = listing(here)
    assert wellheld("experiment", "resume", "out", "--quiet").code == 0
    assert [name for name, _ in listing(here)] == [name for name, _ in before]


def test_the_shipped_experiment_is_one(tables: Any) -> None:
    setup = load_experiment(ROOT / "experiments" / "holding.toml")
    assert [scenario.name for scenario in setup.scenarios] == ["today", "improved"]


def test_an_experiment_may_be_a_few_lines_of_python() -> None:
    setup = set_up(Experiment(name="mine", question="Is it so?", scenarios=("today", "improved"), draws=4))
    assert from_text(setup.text).key == setup.key
    assert setup.pairs == 2


# Processes, killed


def started(*arguments: str, folder_of: Path) -> "subprocess.Popen[str]":
    """Run the command line in a process of its own, with the same small reference in it and its workers."""
    code = (
        "import sys\nfrom experiments import cli\nfrom experiments.study import tasks\n"
        f"tasks.REFERENCE_CHILDREN = 60\nsys.argv[1:] = {list(arguments)!r}\ncli.main()"
    )
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder_of,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_killed_outright_it_goes_on_to_the_same_bytes(file: Path, tmp_path: Path) -> None:
    """SIGKILL after the first part; resumed, every file is that of a run that nobody stopped."""
    file.write_text(FILE.replace("draws = 8", "draws = 24"))
    setup = load_experiment(file)
    whole = taken(setup, tmp_path / "whole")
    out = tmp_path / "killed"
    running = started("experiment", "run", str(file), "--out", str(out), "--jobs", "1", folder_of=tmp_path)
    for _ in range(600):
        if folder.done(out):
            break
        time.sleep(0.1)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    begun = len(folder.done(out))
    assert 0 < begun < setup.pairs
    again = started("experiment", "resume", str(out), "--quiet", folder_of=tmp_path)
    assert again.wait(timeout=300) == 0, again.communicate()
    again.communicate()
    left = {name: content for name, content in files(out).items() if not name.endswith(".partial")}
    assert left == whole
