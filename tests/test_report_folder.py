"""The results folder: whole under its name or absent, and never in place of another's files."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from experiments import files, report
from experiments.results import Results
from simulation.errors import InputError, ResourceError

FILES = {f"tables/{number}.csv": b"0" for number in range(9)} | {"manifest.json": b'{"product": "wellheld"}'}
RESULTS = Results("sandwell", {}, pd.DataFrame())


def test_default_folder_is_the_first_free_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert files.check_out(None, "sandwell", False) == Path("results/sandwell")
    Path("results/sandwell").mkdir(parents=True)
    Path("results/sandwell-2").mkdir()
    assert files.check_out(None, "sandwell", False) == Path("results/sandwell-3")


def test_existing_folder_is_refused_without_force(tmp_path: Path) -> None:
    out = tmp_path / "mine"
    files.publish(FILES, out, False)
    with pytest.raises(InputError, match="--force"):
        files.check_out(out, "sandwell", False)
    with pytest.raises(InputError, match="--force"):
        report.write(RESULTS, out)
    assert files.check_out(out, "sandwell", True) == out
    files.publish({"manifest.json": FILES["manifest.json"]}, out, True)
    assert [path.name for path in out.iterdir()] == ["manifest.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_force_takes_away_nothing_but_results(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="replaces only results"):
        files.check_out(tmp_path, "sandwell", True)


def test_file_or_unwritable_parent_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match="not a folder"):
            files.check_out(out, "sandwell", True)

    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryDirectory", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        files.check_out(tmp_path / "new", "sandwell", False)


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("moment", [0, 3, 7, "rename"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_interrupted_write_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    earlier: bool, moment: int | str, error: BaseException,
) -> None:  # fmt: skip
    out = tmp_path / "mine"
    if earlier:
        files.publish({"manifest.json": FILES["manifest.json"]}, out, False)
    calls, name = [0], "rename" if moment == "rename" else "write_bytes"
    original, stop = getattr(Path, name), int(earlier) if moment == "rename" else moment

    def failing(path: Path, content: object) -> object:
        calls[0] += 1
        if calls[0] == int(stop) + 1:
            raise error
        return original(path, content)

    monkeypatch.setattr(Path, name, failing)
    monkeypatch.setattr(report, "contents", lambda results: FILES)
    with pytest.raises((KeyboardInterrupt, ResourceError)):
        report.write(RESULTS, out, force=earlier)
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == (
        ["mine", "mine/manifest.json"] if earlier else []
    )


# The writer forks for every n, and kills itself (-9) as the n-th file operation begins.
KILLED = """
import os, signal, sys
from pathlib import Path
from experiments.files import publish
parent, files, seen = Path(sys.argv[1]), {f"tables/{n}.csv": b"x" * 100_000 for n in range(12)}, []
files["manifest.json"] = b'{"product": "wellheld"}'
stop = [0]
EVENTS = {"open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.scandir", "os.listdir"}
def watch(event, arguments):
    if stop[0] and event in EVENTS:
        seen.append(event)
        if len(seen) == stop[0]:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
def attempt(name, force, number):
    child = os.fork()
    if child == 0:
        stop[0] = number
        publish(files, parent / name / "out", force)
        Path(parent / name / "count").write_text(str(len(seen)))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
for force in (False, True):
    def prepare(name):
        (parent / name).mkdir()
        if force:
            publish({"manifest.json": files["manifest.json"], "old": b"old"}, parent / name / "out", False)
        return name
    assert attempt(prepare(f"whole-{force}"), force, 10**9) == 0
    count = int((parent / f"whole-{force}" / "count").read_text())
    assert count >= 20
    for moment in range(1, count + 1):
        assert attempt(prepare(f"{force}-{moment}"), force, moment) == -9
"""


@pytest.mark.slow
def test_killed_write_leaves_a_whole_folder_or_none(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=True, timeout=120)
    seen = set()
    for run in tmp_path.glob("*-*"):
        out, force = run / "out", "True" in run.name
        names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
        state = {13: "new", 2: "old", 0: "none"}[len(names)]
        assert state != "none" or not out.exists()
        assert all(path.name.startswith(".") for path in run.iterdir() if path.name not in ("out", "count"))
        if force and state == "none":  # killed between the two renames: the earlier results stand beside, hidden
            assert list(run.glob(".out-*.partial/old/manifest.json"))
        seen.add((force, state))
        assert files.check_out(out, "sandwell", True) == out
    assert seen == {(force, state) for force in (False, True) for state in ("none", "new")} | {(True, "old")}
