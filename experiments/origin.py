"""Say which program made a result: its version, its commit, the libraries beside it."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NOT_INSTALLED = "not installed"


def commit() -> str:
    """Name the commit that runs, where the code lies in a repository; with '+' where files differ from it."""
    folder = Path(__file__).resolve().parent.parent
    if not (folder / ".git").exists():
        return "unknown"
    try:
        head, changed = (
            subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)
            for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
        )
    except OSError:
        return "unknown"
    return (head.stdout.strip() or "unknown") + ("+" if changed.stdout.strip() else "")


def installed(name: str) -> str:
    """Give the installed version of a library."""
    try:
        return version(name)
    except PackageNotFoundError:
        return NOT_INSTALLED
