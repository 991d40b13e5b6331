"""The same bytes from threads, from processes and from a Dask cluster of which a worker is killed midway."""

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments.study import course, folder
from experiments.study.carriers import on_cluster, on_this_machine
from experiments.study.declaration import Setup, load_experiment
from simulation.errors import InputError

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default", "ignore::ResourceWarning")]
FILE = """
name = "carried"
question = "What changes?"
scenarios = ["today", "improved"]
draws = 24
children = 60
outputs = ["cats", "dalys"]
"""


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    """Read a small experiment."""
    path = tmp_path_factory.mktemp("file") / "carried.toml"
    path.write_text(FILE)
    return load_experiment(path)


def parts(out: Path) -> dict[str, bytes]:
    """Give the parts of a folder."""
    return {path.name: path.read_bytes() for path in (out / folder.PARTS).iterdir()}


@pytest.fixture(scope="module")
def on_threads(setup: Setup, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Carry the tasks on threads."""
    out = tmp_path_factory.mktemp("threads") / "out"
    folder.begin(setup, out)
    course.take(setup, out, on_this_machine(2, False), None, None)
    return parts(out)


def test_processes_give_the_same_bytes_though_one_is_killed(
    setup: Setup, on_threads: dict[str, bytes], tmp_path: Path
) -> None:
    """A process of the pool is killed after the first part; the pool begins again with what is missing."""
    psutil = pytest.importorskip("psutil")
    out = tmp_path / "out"
    folder.begin(setup, out)
    killed = threading.Event()

    def kill() -> None:
        while not folder.done(out):
            time.sleep(0.05)
        children = psutil.Process().children(recursive=True)
        victim = next(child for child in children if any("loky" in word for word in child.cmdline()))
        victim.kill()
        killed.set()

    watcher = threading.Thread(target=kill, daemon=True)
    watcher.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        course.take(setup, out, on_this_machine(2, True), None, None)
    watcher.join(timeout=10)
    assert killed.is_set()
    assert parts(out) == on_threads


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Start a scheduler and two workers, each a process of its own."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as started:
        yield started


def test_a_cluster_gives_the_same_bytes_though_a_worker_is_killed(
    setup: Setup, on_threads: dict[str, bytes], cluster: Any, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    folder.begin(setup, out)
    victim = next(iter(cluster.workers.values())).pid
    killed: list[int] = []

    def show(done: int, total: int, reached: float | None) -> None:
        if not killed:
            os.kill(victim, signal.SIGKILL)
            killed.append(done)

    with on_cluster(cluster.scheduler_address) as carry:
        course.take(setup, out, carry, None, show)
    assert killed
    assert killed[0] < setup.pairs
    assert parts(out) == on_threads


def test_b_a_cluster_that_is_not_there_is_said_in_one_line() -> None:
    with (
        pytest.raises(InputError, match=r"--cluster tcp://127.0.0.1:9: no cluster answers there"),
        on_cluster("tcp://127.0.0.1:9"),
    ):
        pass


def test_jobs_of_a_queue_give_the_same_bytes(
    setup: Setup, on_threads: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two jobs are submitted as a batch queue would, to this machine's shell."""
    dask = pytest.importorskip("dask")
    pytest.importorskip("dask_jobqueue")
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out"
    folder.begin(setup, out)
    job = {"cores": 1, "memory": "2GB", "python": sys.executable, "local-directory": str(tmp_path)}
    settings = dask.config.set({f"jobqueue.local.{name}": value for name, value in job.items()})
    with settings, on_cluster("local:2") as carry:
        course.take(setup, out, carry, None, None)
    assert parts(out) == on_threads


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("slum:4", r"--cluster slum:4: no queue is called 'slum'; queues: .*slurm"),
        ("slurm", r"--cluster slurm: is neither an address, such as tcp://HOST:8786, nor a queue and jobs"),
        ("slurm:0", r"--cluster slurm:0: is neither an address"),
        ("tcp://nohost.invalid:1", r"--cluster tcp://nohost.invalid:1: no cluster answers there"),
        ("slurm:4", r"--cluster slurm:4: this machine has no sbatch; run it where jobs are submitted"),
        ("local:4", r"--cluster local:4: You must specify .*; set it under jobqueue.local in Dask's configuration"),
    ],
)
def test_b_a_queue_that_cannot_be_used_is_said_in_one_line(
    where: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("dask_jobqueue")
    if where.startswith("slurm"):
        monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=said), on_cluster(where):
        pass


def test_a_cluster_holds_few_tasks_at_once(cluster: Any) -> None:
    """However many tasks are left, only those ahead are sent; each comes back once."""
    from experiments.study import carriers

    taken: list[int] = []

    def many() -> Iterator[int]:
        for task in range(200):
            taken.append(task)
            yield task

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carriers, "work", lambda text, task: [(str(task), b"")])
        with on_cluster(cluster.scheduler_address) as carry:
            carried = carry("text", many())  # type: ignore[arg-type]
            first = int(next(carried)[0][0])
            sent = len(taken)
            rest = [int(pieces[0][0]) for pieces in carried]
    assert sent <= 2 * carriers.LEAST_AHEAD
    assert sorted([first, *rest]) == list(range(200))
