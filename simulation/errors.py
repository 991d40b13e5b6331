"""Say what went wrong in one line that the user can act on."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """What the user gave cannot be used: names file, row or key, value, range and remedy."""


class ResourceError(RuntimeError):
    """The machine cannot do it: the disk is full, the memory too small."""


def nearest(word: str, words: Iterable[str]) -> str:
    """Offer the known word nearest to an unknown one.

    Returns
    -------
    " Did you mean 'x'?" or, where nothing comes near, the empty text
    """
    known = {each.casefold(): each for each in words}
    matches = get_close_matches(word.casefold()[:200], known, n=1, cutoff=0.5)
    return f" Did you mean '{known[matches[0]]}'?" if matches else ""


def shown(value: object, length: int = 60) -> str:
    """Write a value as the user typed it, on one line, without characters that act on a terminal.

    Text comes back quoted, cut to `length`, with line breaks, control characters and
    right-to-left marks written as escapes.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 10_000:
        return "a number of thousands of digits"
    if isinstance(value, (int, float)):
        return cut(str(value), length)
    text = value if isinstance(value, str) else str(value)
    quoted = repr(text[: length + 1]) if text.isascii() else ascii(text[: length + 1])
    return cut(quoted, length)


def cut(text: str, length: int) -> str:
    """Shorten a text to a length, and show that it was shortened."""
    return text if len(text) <= length else f"{text[: length - 3]}..."
