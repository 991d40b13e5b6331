"""Refuse numbers on the command line that are out of range or beyond this machine."""

import os

from simulation.errors import InputError, shown

BYTES_A_CHILD = 1000
LARGEST_SEED = 2**63 - 1


def check_whole(option: str, value: int | None, low: int, high: int, remedy: str) -> None:
    """Refuse a number outside its range."""
    if value is not None and not low <= value <= high:
        raise InputError(f"{option} {shown(value)} is outside {low} to {high}; {remedy}")


def check_fraction(option: str, value: float | None, low: float, high: float, remedy: str) -> None:
    """Refuse a fraction outside its range, or one that is no number."""
    if value is not None and not low <= value <= high:
        raise InputError(f"{option} {shown(value)} is outside {low:g} to {high:g}; {remedy}")


def check_seed(seed: int) -> None:
    """Refuse a seed that is none."""
    check_whole("--seed", seed, 0, LARGEST_SEED, "1 is the default")


def check_jobs(jobs: int | None) -> None:
    """Refuse a number of cores that is none."""
    check_whole("--jobs", jobs, 1, 1024, "leave it out to use all cores")


def check_share(share: float | None, option: str = "--share") -> None:
    """Refuse a share of residents from which nothing could be told, or that is none."""
    check_fraction(option, share, 0.01, 1, "1 simulates every resident")


def check_children(children: int | None, count_of_places: int) -> None:
    """Refuse a number of children that is no number of children or does not fit in memory."""
    if children is None:
        return
    largest = free_memory() // BYTES_A_CHILD // count_of_places
    if children > largest:
        needed = children * count_of_places * BYTES_A_CHILD / 2**30
        raise InputError(
            f"--children {shown(children)}: needs about {needed:,.0f} GiB, more than this machine has free; "
            f"{largest:,} is the most that fits"
        )
    check_whole("--children", children, 1, largest, "leave it out for the place's births")


def free_memory() -> int:
    """Give the bytes of memory free on this machine."""
    pages = "SC_AVPHYS_PAGES" if "SC_AVPHYS_PAGES" in os.sysconf_names else "SC_PHYS_PAGES"
    return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
