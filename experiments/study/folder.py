"""Keep an experiment's folder: what was asked, a part for every task that is done, and never half a file."""

import errno
import hashlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from experiments.published.files import mask
from experiments.study.declaration import Setup, from_text
from experiments.study.tasks import Part, Piece, chance_of, lived
from simulation.errors import InputError, ResourceError

ASKED = "experiment.json"
PARTS = "parts"
PILOT = "pilot"
PARTIAL = re.compile(r"^\..*\.partial$")
PART = re.compile(r"^(\d{6,})-([0-9a-f]{16})\.parquet$")


def begin(setup: Setup, out: Path) -> None:
    """Write down what is asked, or find the same already there.

    Raises
    ------
    InputError
        If the folder holds another experiment, or something else.
    """
    asked = out / ASKED
    if asked.exists():
        if asked.read_text(encoding="utf-8") != setup.text:
            raise InputError(
                f"{out}: holds another experiment, or its file has changed since it began; "
                "put the file back as it was, or choose another --out"
            )
        return
    check_free(out)
    write_whole(asked, setup.text.encode())


def check_free(out: Path) -> None:
    """Refuse a folder that holds something else than an experiment, or than what a run that was killed left of one.

    Raises
    ------
    InputError
        If it does.
    """
    if not out.exists() or (out / ASKED).exists():
        return
    if not out.is_dir() or any(path.name != PILOT and PARTIAL.match(path.name) is None for path in out.iterdir()):
        raise InputError(f"--out {out}: holds something that is no experiment; choose another folder")


def opened(out: Path) -> Setup:
    """Set up the experiment that a folder holds.

    Raises
    ------
    InputError
        If it holds none.
    """
    asked = out / ASKED
    if not asked.is_file():
        raise InputError(f"{out}: holds no experiment ({ASKED} is missing); wellheld experiment run FILE --out {out}")
    try:
        return from_text(asked.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{asked}: is damaged ({type(error).__name__}); run the experiment's file anew") from error


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a file beside a name to write to, then rename it: under its name it is there whole or not at all."""
    partial = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=".", suffix=".partial", dir=path.parent, delete=False) as file:
            partial = Path(file.name)
        yield partial
        partial.chmod(0o666 & ~mask())
        partial.replace(path)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        mend = "free space and resume" if full else "make the folder writable, or choose another --out"
        raise ResourceError(f"{path}: cannot be written ({error.strerror}); {mend}") from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with whole(path) as partial:
        partial.write_bytes(content)


def write_tables(path: Path, tables: Iterator[pa.Table]) -> None:
    """Write tables of the same columns to one parquet file, a row group each, as they come: whole or not at all."""
    first = next(tables)
    with whole(path) as partial, pq.ParquetWriter(partial, first.schema, compression="zstd") as file:
        for table in chain([first], tables):
            file.write_table(table)


def keep(out: Path, pieces: Sequence[Piece]) -> Path:
    """Keep what a task found; its part comes last, so that a task with a part is done whole. Returns its path."""
    part, *others = pieces
    for piece in others:
        write_whole(out / piece.name, piece.content)
    digest = hashlib.sha256(part.content).hexdigest()[:16]
    path = out / PARTS / f"{part.name}-{digest}.parquet"
    write_whole(path, part.content)
    return path


def done(out: Path) -> dict[int, Path]:
    """Find the part of every task that is done.

    Raises
    ------
    InputError
        If a task has two parts that differ.
    """
    found: dict[int, Path] = {}
    folder = out / PARTS
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        matched = PART.match(path.name)
        if matched is None:
            continue
        task = int(matched[1])
        if task in found:
            raise two_parts(task, path, found[task])
        found[task] = path
    return found


def two_parts(task: int, path: Path, other: Path) -> InputError:
    """Say that a task has two parts that differ."""
    return InputError(
        f"{path}: task {task} has another part, {other.name}; results of two runs are never "
        "mixed: delete the one that does not belong"
    )


def read_part(path: Path, setup: Setup, task: int) -> Part:
    """Read a part and see that it is whole, of this experiment, and made by these rules and tables.

    Raises
    ------
    InputError
        If it is not; nothing is mixed.
    """
    return part_of(read_whole(path), path, setup, task)


def read_whole(path: Path) -> bytes:
    """Read a file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ResourceError(f"{path}: cannot be read ({error.strerror}); make it readable and try again") from error


def belongs(marks: Mapping[bytes, bytes], setup: Setup, task: int) -> bool:
    """Tell whether a part's marks are those of an experiment's task, by these rules and tables."""
    return marks.get(b"wellheld_experiment") == setup.key.encode() and marks.get(b"wellheld_task") == str(task).encode()


def check_made_here(piece: Piece, setup: Setup) -> None:
    """Refuse what a worker made by other rules, tables or versions, before it is kept.

    Raises
    ------
    ResourceError
        If it did.
    """
    if not belongs(pq.read_metadata(pa.BufferReader(piece.content)).metadata or {}, setup, int(piece.name)):
        raise ResourceError(
            "a worker runs another version of wellheld, its tables, Python, numba or numpy than this command; nothing "
            "of it is kept: install the same there, then resume"
        )


def part_of(content: bytes, path: Path, setup: Setup, task: int) -> Part:
    """Take a part from the bytes of its file, as `read_part` does."""
    if hashlib.sha256(content).hexdigest()[:16] != path.stem.split("-")[1]:
        raise InputError(f"{path}: its checksum is broken; delete it and resume")
    about = pq.read_metadata(pa.BufferReader(content))
    if not belongs(about.metadata or {}, setup, task):
        raise InputError(
            f"{path}: is of another experiment, or was made by other rules or tables; resume with the version that "
            "made it, or choose another --out"
        )
    if "value" not in about.schema.names:
        raise InputError(f"{path}: is laid out as earlier versions did; run the file anew, with another --out")
    file = pq.ParquetFile(pa.BufferReader(content), metadata=about, read_dictionary=["quantity"])
    table = file.read(["quantity", "value"], use_threads=False)
    runs = (2, chance_of(setup), len(lived(setup)), len(setup.places))
    names = table["quantity"].combine_chunks().dictionary.to_pylist()
    return Part(tuple(names), table["value"].to_numpy().reshape(len(names), *runs))
