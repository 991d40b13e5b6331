"""Read a TOML file with care, and put what is wrong with it into one line."""

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args
from unicodedata import category

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from simulation.errors import InputError, nearest, shown

LARGEST = 1_000_000
PROBLEMS = {
    "missing": "is missing",
    "string_type": "is not text in quotes",
    "string_pattern_mismatch": "is not a name of the allowed form",
    "string_too_long": "is too long",
    "float_type": "is not a number",
    "finite_number": "is not a finite number",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "bool_type": "is not true or false",
    "too_short": "has too few entries",
    "too_long": "has too many entries",
    "tuple_type": "is not a list",
    "dict_type": "is not a table",
    "model_type": "is not a table",
    "model_attributes_type": "is not a table",
}


def read_toml(path: Path) -> dict[str, Any]:
    """Read a small TOML file, UTF-8 with or without a byte-order mark.

    Raises
    ------
    InputError
        If it is missing, no regular file, over 1 MB, unreadable, not UTF-8 or not TOML.
    """
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise InputError(f"{path}: is no regular file; give a .toml file")
        if facts.st_size > LARGEST:
            size = f"{facts.st_size:,} bytes is outside 0 to {LARGEST:,}"
            raise InputError(f"{path}: {size}; a scenario is a short file")
        content = path.read_bytes()
    except FileNotFoundError:
        others = sorted(other.name for other in path.parent.glob("*.toml")) if path.parent.is_dir() else []
        raise InputError(f"{path}: no such file.{nearest(path.name, others)}") from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{shown(str(path), 200)}: cannot be read: {reason}") from error
    return parsed(path, content)


def parsed(path: Path, content: bytes) -> dict[str, Any]:
    """Turn the bytes of a TOML file into its keys and values."""
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{content[error.start]:02x}"
        raise InputError(f"{path}: line {line}: {byte} is not UTF-8; save the file as UTF-8") from error
    except RecursionError:
        raise InputError(f"{path}: tables or lists are nested too deeply; three levels are enough") from None
    except ValueError as error:
        raise InputError(f"{path}: not valid TOML: {error}; see https://toml.io") from error


def plain(text: str) -> str:
    """Refuse characters that act on a page or a terminal instead of being read."""
    if any(category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in text):
        raise ValueError("holds a control or direction character; write plain text on one line")
    return text


def flat(numbers: object) -> object:
    """Join tables within tables by dots: `services.camhs.harm = 0.1` is the number of that name."""
    if not isinstance(numbers, Mapping):
        return numbers
    found: dict[str, object] = {}
    waiting: list[tuple[str, object]] = list(numbers.items())
    while waiting:
        name, value = waiting.pop(0)
        if isinstance(value, Mapping) and len(name) <= 200:
            waiting[:0] = [(f"{name}.{key}", inner) for key, inner in value.items()]
        else:
            found[name] = value
    return found


def first_problem(path: Path, error: ValidationError, model: type[BaseModel]) -> str:
    """Put the first problem that pydantic found into one line: file, key, value, range, remedy."""
    problems: list[dict[str, Any]] = [{**each} for each in error.errors(include_url=False)]
    problem = min(problems, key=lambda each: each["type"] == "missing")
    owner, field = located(problem["loc"], model)
    text = f"{path}: key '{key_of(problem['loc'])}': {described(problem, owner, field)}"
    return f"{text} (and {len(problems) - 1} more)" if len(problems) > 1 else text


def key_of(location: tuple[int | str, ...]) -> str:
    """Write a location as the user counts: the second lever's `add` is lever[2].add."""
    key = ""
    for part in location:
        if isinstance(part, int):
            key += f"[{part + 1}]"
        elif part != "[key]":
            key += f".{part}" if key else part
    return shown(key, 80)[1:-1] or "(whole file)"


def located(location: tuple[int | str, ...], model: type[BaseModel]) -> tuple[type[BaseModel], FieldInfo | None]:
    """Find the model and the field that a location speaks of."""
    owner, field = model, None
    for part in location:
        fields = {each.validation_alias or name: each for name, each in owner.model_fields.items()}
        found = fields.get(str(part))
        if found is None:
            continue
        field, inner = found, [found.annotation, *get_args(found.annotation)]
        models = (each for each in inner if isinstance(each, type) and issubclass(each, BaseModel))
        owner = next(models, owner)
    return owner, field


def described(problem: Mapping[str, Any], owner: type[BaseModel], field: FieldInfo | None) -> str:
    """Say what is wrong with a value and what would be right."""
    kind, value = problem["type"], problem["input"]
    if kind == "extra_forbidden":
        known = [str(each.validation_alias or name) for name, each in owner.model_fields.items()]
        word = str(problem["loc"][-1])
        return f"unknown key.{nearest(word, known) or ' Known: ' + ', '.join(known) + '.'}"
    if kind == "value_error":
        return str(problem["ctx"]["error"])
    remedy = f"; {field.description}" if field is not None and field.description else ""
    if kind == "missing":
        return f"is missing{remedy}"
    if kind == "literal_error":
        allowed = str(problem["ctx"]["expected"])
        return f"{shown(value)} is not one of {allowed}.{nearest(str(value), allowed.split(chr(39))[1::2])}"
    if kind in ("greater_than_equal", "less_than_equal"):
        return f"{shown(value)} is outside {span(field)}{remedy}"
    return f"{shown(value)} {PROBLEMS.get(kind, problem['msg'])}{remedy}"


def span(field: FieldInfo | None) -> str:
    """Write the range that a field, or each of its entries, may take."""
    low, high = bounds(field) if field is not None else (None, None)
    return f"{'any' if low is None else low} to {'any' if high is None else high}"


def bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    """Find the lowest and highest value that a field, or each of its entries, may take."""
    marks: list[Any] = list(field.metadata)
    for inner in get_args(field.annotation):
        for described_by in getattr(inner, "__metadata__", ()):
            marks.extend(getattr(described_by, "metadata", ()))
    low = next((each.ge for each in marks if hasattr(each, "ge")), None)
    high = next((each.le for each in marks if hasattr(each, "le")), None)
    return low, high
