"""Carry an experiment's tasks: on threads or processes of this machine, or on a Dask cluster; same bytes from all."""

import hashlib
import re
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from experiments.limits import cores
from experiments.study.declaration import questions_hash
from experiments.study.tasks import Piece, work
from simulation.compiled import sources_hash
from simulation.errors import InputError, ResourceError

if TYPE_CHECKING:
    from distributed.deploy import Cluster

AHEAD, LEAST_AHEAD = 3, 16
"""Tasks that a cluster holds at once, for each of its threads, and at least."""
ADDRESS = re.compile(r"^[a-z]+://(\[[0-9a-fA-F:]+\]|[^:/\s]+):([0-9]{1,5})$")
QUEUE = re.compile(r"^[a-z]+:[1-9][0-9]{0,4}$")
"""A batch queue and a number of jobs."""
LOST = ("KilledWorker", "CancelledError", "FutureCancelledError", "CommClosedError")
"""What Dask tells where it was the workers that failed, not the task."""
TRIES = 3
"""How often work is begun again after workers died."""
Carry = Callable[[str, Sequence[int]], Iterator[list[Piece]]]


def on_this_machine(jobs: int | None, processes: bool) -> Carry:
    """Carry tasks on threads, or on processes, of which any may die without a task being lost."""
    backend = "loky" if processes else "threading"

    def carry(text: str, tasks: Sequence[int]) -> Iterator[list[Piece]]:
        with joblib.Parallel(n_jobs=jobs or cores(), backend=backend, return_as="generator_unordered") as parallel:
            yield from parallel(joblib.delayed(work)(text, task) for task in tasks)

    return carry


def until_done(carry: Carry, text: str, tasks: Sequence[int]) -> Iterator[list[Piece]]:
    """Carry tasks, and begin again with what is missing where workers died.

    Raises
    ------
    ResourceError
        If workers die again and again.
    """
    left = set(tasks)
    for _ in range(TRIES):
        try:
            for pieces in carry(text, sorted(left)):
                left.discard(int(pieces[0].name))
                yield pieces
        except TerminatedWorkerError:
            continue
        if not left:
            return
    raise ResourceError(
        f"workers died {TRIES} times, with {len(left)} tasks left: too little memory, perhaps; "
        "resume with fewer --jobs, or fewer children"
    )


@contextmanager
def on_cluster(where: str) -> Iterator[Carry]:
    """Carry tasks on the workers of a Dask cluster; a worker that dies gives its tasks back.

    Only as many tasks are sent ahead as keep the workers busy.

    Parameters
    ----------
    where : a scheduler's address, or a queue and a number of jobs, such as slurm:40

    Raises
    ------
    InputError
        If there is no cluster at the address, no such queue on this machine, or Dask is not installed.
    """
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise InputError('--cluster: needs Dask; pip install "wellheld[cluster]"') from None
    if QUEUE.match(where) is None:
        check_answers(where)
    with queue(where) if QUEUE.match(where) else nullcontext(where) as found:
        try:
            client = Client(found, timeout="10s", set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise InputError(
                f"--cluster {where}: no cluster answers there ({type(error).__name__}); start one"
            ) from None

        def carry(text: str, tasks: Sequence[int]) -> Iterator[list[Piece]]:
            made = f"{text} {sources_hash()} {questions_hash()}"
            name, left = hashlib.sha256(made.encode()).hexdigest()[:16], iter(tasks)

            def sent(under_way: int) -> list[Any]:
                ahead = max(LEAST_AHEAD, AHEAD * sum(client.nthreads().values()))
                return [
                    client.submit(work, text, task, key=f"wellheld-{name}-{task}", pure=False)
                    for task in islice(left, max(0, ahead - under_way))
                ]

            with client.as_current():
                finished = as_completed(sent(0), with_results=True, raise_errors=False)
                for batch in finished.batches():
                    finished.update(sent(finished.count()))
                    failed = []
                    for future, pieces in batch:
                        if future.status == "finished":
                            yield pieces
                        else:
                            failed.append(future)
                        future.release()
                    for future in failed:
                        raise_failure(where, future)

        try:
            yield carry
        finally:
            client.close()


def raise_failure(where: str, future: Any) -> None:
    """Say why a cluster brought no result: what a task raised, or that its workers died or went away.

    Raises
    ------
    ResourceError
        If workers died or the cluster went away; else what the task itself raised.
    """
    error = future.exception() if future.status == "error" else None
    if error is not None and type(error).__name__ not in LOST:
        raise error
    reason = type(error).__name__ if error is not None else future.status
    raise ResourceError(
        f"--cluster {where}: a task came back without a result ({reason}): its workers died, for want of memory "
        "perhaps, or the cluster ended; what is done is kept: resume"
    )


def check_answers(where: str) -> None:
    """Refuse what is no address, or where nothing answers.

    Raises
    ------
    InputError
        It says which of both, and what to do.
    """
    found = ADDRESS.match(where)
    if found is None:
        raise InputError(
            f"--cluster {where}: is neither an address, such as tcp://HOST:8786, nor a queue and jobs, such as slurm:40"
        )
    try:
        socket.create_connection((found[1].strip("[]"), int(found[2])), timeout=10).close()
    except OSError as error:
        raise InputError(f"--cluster {where}: no cluster answers there ({type(error).__name__}); start one") from None


@contextmanager
def queue(where: str) -> "Iterator[Cluster]":
    """Start workers as jobs of a batch queue, set up as dask-jobqueue's own configuration says.

    Raises
    ------
    InputError
        If the queue is unknown or not on this machine, or its configuration is not complete.
    """
    try:
        import dask_jobqueue
        from dask_jobqueue.local import LocalCluster
    except ImportError:
        raise InputError(f'--cluster {where}: needs dask-jobqueue; pip install "wellheld[cluster]"') from None
    kind, _, jobs = where.partition(":")
    kinds = {
        name.removesuffix("Cluster").lower(): each
        for name, each in vars(dask_jobqueue).items()
        if name.endswith("Cluster") and name != "JobQueueCluster"
    } | {"local": LocalCluster}
    if kind not in kinds:
        raise InputError(f"--cluster {where}: no queue is called '{kind}'; queues: {', '.join(sorted(kinds))}")
    submits = (kinds[kind].job_cls.submit_command or "sh").split()[0]
    if shutil.which(submits) is None:
        raise InputError(f"--cluster {where}: this machine has no {submits}; run it where jobs are submitted")
    try:
        started = kinds[kind]()
    except (ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"--cluster {where}: {reason}; set it under jobqueue.{kind} in Dask's configuration") from None
    with started:
        started.scale(jobs=int(jobs))
        yield started
