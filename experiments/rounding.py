"""Round figures to what their Monte Carlo standard error lets a reader trust."""

import math
from collections.abc import Mapping

MISSING = "-"
SHARE_UNIT = "share of children"
MOST_DIGITS = 4
DIGITS_WITHOUT_ERROR = 3
DUST = 1e-9
Row = Mapping[str, float]


def decimals(value: float, mcse: float) -> int:
    """Count the decimals that show the standard error's first digit.

    Never more than four significant digits of the value; three where no error is known.
    Negative counts round to tens, hundreds and so on.
    """
    size = 0 if value == 0 or not math.isfinite(value) else math.floor(math.log10(abs(value)))
    if not math.isfinite(mcse) or mcse < 0:
        return DIGITS_WITHOUT_ERROR - 1 - size
    if mcse == 0:
        return 0 if value == 0 else MOST_DIGITS - 1 - size
    error = math.floor(math.log10(mcse))
    return min(-error, MOST_DIGITS - 1 - max(size, error))


def text(value: float, places: int, sign: bool = False, comma: bool = True) -> str:
    """Write a number with so many decimals, thousands separated; '-' where there is none."""
    if not math.isfinite(value):
        return MISSING
    rounded = round(value, places) + 0.0  # adding 0.0 turns -0.0 into 0.0
    return f"{rounded:{'+' if sign and rounded else ''}{',' if comma else ''}.{max(places, 0)}f}"


def scale(unit: str) -> float:
    """Give the factor from a unit to what a reader sees: shares are shown in percent."""
    return 100.0 if unit == SHARE_UNIT else 1.0


def cells(row: Row | None, unit: str, sign: bool = False) -> dict[str, str]:
    """Write the mean, error and bands of a headline row, all to the same decimals."""
    names = ("mean", "mcse", "low_80", "high_80", "low_95", "high_95")
    if row is None:
        return dict.fromkeys(names, MISSING)
    factor = scale(unit)
    shown = {name: factor * row.get(name, math.nan) for name in names}
    ends = [abs(each) for each in shown.values() if math.isfinite(each)]
    if ends and abs(shown["mean"]) < DUST * max(ends):
        shown["mean"] = 0.0  # runs that cancel out, but for rounding
    places = decimals(shown["mean"], shown["mcse"])
    written = {name: text(value, places, sign=sign and name != "mcse") for name, value in shown.items()}
    written["mcse"] = text(shown["mcse"], max(places, decimals(shown["mcse"], shown["mcse"])))
    return written


def percent(share: float) -> str:
    """Write a share of variance as a whole percentage; estimates outside 0-1 are shown at the end."""
    return MISSING if not math.isfinite(share) else f"{100 * min(max(share, 0.0), 1.0):.0f}%"
