"""Show how far a long run has come, on stderr, so that stdout holds only results."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)


class Show(Protocol):
    """What a long run calls as it goes."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Show how much is done; a note stands beside it."""


@contextmanager
def progress_on_stderr(title: str, hidden: bool) -> Iterator[Show | None]:
    """Give a function to call with (done, total, note); hidden, it is None.

    On a terminal it draws a bar with the time left; elsewhere it prints a line at every tenth.
    """
    console = Console(stderr=True)
    if hidden:
        yield None
    elif console.is_interactive:
        with bar(console) as drawn:
            task = drawn.add_task(title, total=None, note="")
            yield lambda done, total, note="": drawn.update(task, completed=done, total=total, note=note)
    else:
        yield lines(title)


def bar(console: Console) -> Progress:
    """Lay out spinner, title, bar, done of total, time left, and a note."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("left {task.fields[note]}"),
        console=console,
        transient=True,
    )


def lines(title: str) -> Show:
    """Give a function that prints one plain line for every tenth done."""
    begun = time.monotonic()
    tenths_shown = 0

    def show(done: int, total: int, note: str = "") -> None:
        nonlocal tenths_shown
        tenths = 10 * done // max(total, 1)
        if tenths <= tenths_shown:
            return
        tenths_shown = tenths
        left = (time.monotonic() - begun) * (total - done) / done
        print(
            f"{title}: {10 * tenths}% ({done} of {total}), about {left:.0f} s left{note and ', ' + note}",
            file=sys.stderr,
            flush=True,
        )

    return show
