"""Write one file, whole or not at all, and never over another."""

import os
import tempfile
from pathlib import Path

from simulation.errors import InputError, ResourceError


def check_file(out: Path | None, suffix: str = ".csv", option: str = "--out") -> None:
    """Refuse a file that cannot be written, before anything is computed.

    Parameters
    ----------
    suffix : that the name must end in
    option : by which the name was given

    Raises
    ------
    InputError
        If the name does not end in the suffix or is taken, or its folder cannot be written.
    """
    if out is None:
        return
    if out.suffix.casefold() != suffix:
        raise InputError(f"{option} {out}: does not end in {suffix}; give a name that does, such as results{suffix}")
    try:
        check_free(out, option)
        with tempfile.TemporaryFile(prefix=".", suffix=".partial", dir=out.absolute().parent):
            pass
    except OSError as error:
        raise InputError(f"{option} {out}: cannot be written ({error.strerror}); choose another file") from error


def check_free(out: Path, option: str) -> None:
    """Refuse a name that is taken, and a folder that is not there."""
    if out.is_dir():
        raise InputError(f"{option} {out}: is a folder; choose the name of a file")
    if os.path.lexists(out):
        raise InputError(f"{option} {out}: the file exists already; choose another, or remove it")
    folder = out.absolute().parent
    if not folder.is_dir():
        raise InputError(f"{option} {out}: {folder} is no folder; make it, or choose another file")


def write_file(content: bytes, out: Path, option: str = "--out") -> None:
    """Write a file beside its name, then give it the name at once.

    Raises
    ------
    InputError
        If the name was taken in the meantime.
    ResourceError
        If the disk is full or the folder cannot be written; nothing is left.
    """
    target = out.absolute()
    partial: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(
            prefix=f".{target.stem[:40]}-", suffix=".partial", dir=target.parent, delete=False
        ) as file:
            partial = Path(file.name)
            file.write(content)
        partial.chmod(0o666 & ~mask())
        check_free(out, option)
        partial.rename(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ResourceError(
            f"{option} {out}: cannot write the file ({reason}); free space or choose another"
        ) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def mask() -> int:
    """Give the permissions that this process takes from new files."""
    found = os.umask(0)
    os.umask(found)
    return found
