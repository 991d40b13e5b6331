"""Carry an experiment's tasks: on threads or processes of this machine, or on a Dask cluster; same bytes from all."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from experiments.limits import cores
from experiments.study.tasks import Piece, work
from simulation.errors import InputError, ResourceError

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


def in_order(carry: Carry, text: str, tasks: Sequence[int]) -> Iterator[list[Piece]]:
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
def on_cluster(address: str) -> Iterator[Carry]:
    """Carry tasks on the workers of a Dask cluster; a worker that dies gives its tasks back.

    Raises
    ------
    InputError
        If there is no cluster at the address, or Dask is not installed.
    """
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise InputError('--cluster: needs Dask; pip install "wellheld[cluster]"') from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"--cluster {address}: no cluster answers there ({type(error).__name__}); start one") from None

    def carry(text: str, tasks: Sequence[int]) -> Iterator[list[Piece]]:
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        with client.as_current():
            sent = [client.submit(work, text, task, key=f"wellheld-{name}-{task}", pure=False) for task in tasks]
            for future in as_completed(sent):
                yield future.result()
                future.release()

    try:
        yield carry
    finally:
        client.close()
