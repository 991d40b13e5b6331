"""Small runs of the main job, and rows of their headlines."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from experiments import base_case
from experiments.results import Results

NUMBERS = ["mean", "mcse", "low_95", "low_80", "high_80", "high_95"]


def smaller() -> Iterator[None]:
    """Take smaller cohorts for reference and for the comparison with data, until a module's tests are done."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base_case, "REFERENCE_CHILDREN", 1000)
        patch.setattr(base_case, "PLAUSIBLE_CHILDREN", 4000)
        yield


def rows(results: Results, scenario: str, place: str | None = None) -> pd.DataFrame:
    """Take a scenario's rows of the headline, by quantity."""
    table = results.headline
    chosen = table[(table["scenario"] == scenario) & (table["place"] == (place or results.place))]
    return chosen.set_index("quantity")


def tiny(**options: Any) -> Results:
    """Run one draw of six children."""
    return base_case.run(**({"place": "sandwell", "draws": 1, "children": 6, "jobs": 2} | options))
