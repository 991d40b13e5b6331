"""Write tables and manifests as bytes, and folders of results whole or not at all."""

import hashlib
import io
import json
import math
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from experiments.screen import NOT_FOR_INDIVIDUALS
from simulation.errors import InputError, ResourceError
from simulation.scenario import Scenario

RESULTS = Path("results")
MANIFEST = "manifest.json"
PRODUCT = "wellheld"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # a spreadsheet reads a cell that begins so as a formula


def check_out(out: Path | None, name: str, force: bool) -> Path:
    """Choose the folder of a run's results and refuse one that cannot take them.

    Parameters
    ----------
    name : of a folder in `results` where none is given; numbered where it is there already

    Raises
    ------
    InputError
        If the folder holds something already, is a file, or lies where nothing can be written.
    """
    if out is None:
        out = RESULTS / name
        number = 2
        while out.exists() or out.is_symlink():
            out, number = RESULTS / f"{name}-{number}", number + 1
    check_free(out, force)
    parent = out.absolute().parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir():
        raise InputError(f"--out {out}: {parent} is a file, not a folder; choose another folder")
    try:
        with tempfile.TemporaryDirectory(prefix=".", suffix=".partial", dir=parent):
            pass
    except OSError as error:
        raise InputError(f"--out {out}: cannot write in {parent} ({error.strerror}); choose another folder") from error
    return out


def default_name(name: str, scenario: Scenario, default: str) -> str:
    """Name a results folder by what it is about, and by the scenario unless that is the default one."""
    return name if scenario.name == default else f"{name}-{scenario.name}"


def check_free(out: Path, force: bool) -> None:
    """Refuse a folder that holds something, unless it holds earlier results and `force` is given."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError(f"--out {out}: is a file or a link, not a folder; choose another name")
    if not out.exists() or not any(out.iterdir()):
        return
    if not force:
        raise InputError(f"--out {out}: the folder exists already; choose another, or replace it with --force")
    if not is_result(out):
        raise InputError(f"--out {out}: --force replaces only results, and this folder holds none; choose another")


def is_result(folder: Path) -> bool:
    """Tell whether a folder was written by a run: --force must never take away anything else."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("product") == PRODUCT


def written(files: dict[str, bytes], out: Path, force: bool) -> Path:
    """Publish files as a results folder; what the disk refuses is said in one line."""
    check_free(out, force)
    try:
        return publish(files, out, force)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ResourceError(
            f"--out {out}: cannot write the results ({reason}); free space or choose another"
        ) from error


def publish(files: dict[str, bytes], out: Path, force: bool) -> Path:
    """Write files into a hidden folder beside `out`, then give it the name at once."""
    target = out.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".partial", dir=target.parent))
    new, old = staging / "new", staging / "old"
    try:
        for name, content in files.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        check_free(out, force)
        exchange(new, target, old)
    finally:
        # Earlier results are taken away only once the new ones, or they themselves, stand under the name.
        if target.exists() or not old.exists():
            shutil.rmtree(staging, ignore_errors=True)
    return out


def exchange(new: Path, target: Path, old: Path) -> None:
    """Move earlier results aside and the new ones in; put the earlier ones back if that fails."""
    try:
        if target.exists():
            target.rename(old)
        new.rename(target)
    finally:
        if old.exists() and not target.exists():
            old.rename(target)


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Write a table as CSV in which no cell of words can act as a formula."""
    safe = table.rename(columns=guarded)
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = safe[column].astype(object).map(guarded)
    return str(safe.to_csv(index=False, float_format="%.10g", lineterminator="\n")).encode()


def guarded(cell: object) -> object:
    """Set an apostrophe before words that a spreadsheet would run as a formula; keep words on one line."""
    if not isinstance(cell, str):
        return cell
    return ("'" if cell.startswith(FORMULA) else "") + re.sub(r"[\r\n]+", " ", cell)


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """Write a table as parquet, with fixed options so that the same table gives the same bytes."""
    page = io.BytesIO()
    table.reset_index(drop=True).to_parquet(page, engine="pyarrow", compression="zstd", index=False)
    return page.getvalue()


def manifest_of(facts: dict[str, object], files: Mapping[str, bytes | Path]) -> bytes:
    """Write a folder's manifest: facts, and the hash of every file, given as bytes or as where it lies."""
    said = {
        "product": PRODUCT,
        "not_for": NOT_FOR_INDIVIDUALS,
        **facts,
        "files": {name: digest(files[name]) for name in sorted(files)},
    }
    return (json.dumps(said, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def digest(content: bytes | Path) -> str:
    """Hash bytes, or a file without holding it whole."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_json_rows(table: pd.DataFrame) -> str:
    """Write a table's rows as JSON, in their order; a figure that is not there is null."""
    rows = [{str(name): json_value(value) for name, value in row.items()} for row in table.to_dict("records")]
    return json.dumps(rows, indent=2, allow_nan=False) + "\n"


def json_value(value: object) -> object:
    """Round a number as the CSV does; JSON knows no NaN and no infinity."""
    if isinstance(value, float):
        return float(f"{value:.10g}") if math.isfinite(value) else None
    return None if value is pd.NA else value
