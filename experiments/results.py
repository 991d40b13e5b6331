"""Hold what a run found: its settings, the headline, further tables and what they rest on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

HEADLINE_COLUMNS = (
    "place",
    "scenario",
    "quantity",
    "unit",
    "mean",
    "mcse",
    "low_95",
    "low_80",
    "high_80",
    "high_95",
    "share_from_assumption",
)
TODAY = "today"
DIFFERENCE = "difference"
REGION = "region"
Row = Mapping[str, float]


@dataclass(frozen=True)
class Results:
    """What one run of twins found in one place, or in the region and its seven authorities.

    Parameters
    ----------
    place : name of an authority, or 'region'
    settings : what makes the run again: version, commit, command, seed, draws, replicates, children
        (a number, or for the region a number for each place), engine, scenarios (names, or name: title),
        price_year, tables (file: sha256), libraries (name: version), python; JSON-able, in order
    headline : one row for each place, scenario and quantity, in `HEADLINE_COLUMNS`, and beside them
        share_from_assumption_se and share_from_chance; scenarios are 'today', the improved one and
        'difference'; low and high are quantiles over the runs of one cohort
    tables : further tidy tables by file name; decomposition has channel, quantity, mean, mcse;
        break_even has payer, mean, low_95, low_80, high_80, high_95 in GBP a child-year
    assumptions : sentences: what the difference rests on
    warnings : sentences: what to know before these figures are used
    """

    place: str
    settings: dict[str, object]
    headline: "pd.DataFrame"
    tables: dict[str, "pd.DataFrame"] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def improved(self) -> str:
        """Name the scenario that is set against today."""
        names = [name for name in self.headline["scenario"].unique() if name not in (TODAY, DIFFERENCE)]
        if len(names) != 1:
            raise ValueError(f"headline: one scenario beside today is expected, found {names}")
        return str(names[0])

    @property
    def improved_title(self) -> str:
        """Give the improved scenario's title, or its name; control characters become '?'."""
        scenarios, title = self.settings.get("scenarios"), self.improved
        if isinstance(scenarios, Mapping):
            title = str(scenarios.get(title, title))
        return "".join(each if each.isprintable() else "?" for each in " ".join(title.split()))

    @property
    def description(self) -> str:
        """Give what the scenario changes, in its own words, on one line."""
        scenario = self.settings.get("scenario")
        words = str(scenario.get("description", "")) if isinstance(scenario, Mapping) else ""
        return "".join(each if each.isprintable() else "?" for each in " ".join(words.split())).rstrip(".")

    @property
    def places(self) -> tuple[str, ...]:
        """Name the places of the headline, the region last."""
        names = [str(name) for name in self.headline["place"].unique()]
        return (*(name for name in names if name != REGION), *(name for name in names if name == REGION))

    def children(self, place: str) -> int | None:
        """Count the children of a place's cohort, where the settings say so."""
        children = self.settings.get("children")
        found = children.get(place) if isinstance(children, Mapping) else children
        if found is None and isinstance(children, Mapping) and place == REGION:
            found = sum(children.values())
        return found if isinstance(found, int) else None

    @property
    def runs(self) -> int | None:
        """Count the runs of each scenario: draws of the parameters times replicates of chance."""
        draws, replicates = self.settings.get("draws"), self.settings.get("replicates", 1)
        return draws * replicates if isinstance(draws, int) and isinstance(replicates, int) else None

    def rows(self, place: str) -> dict[tuple[str, str], Row]:
        """Give a place's rows of the headline by (scenario, quantity), numbers only."""
        here = self.headline[self.headline["place"] == place]
        keys = zip(here["scenario"].astype(str), here["quantity"].astype(str), strict=True)
        numbers = here.select_dtypes("number").astype(float).to_dict("records")
        return {
            key: {str(name): float(value) for name, value in row.items()}
            for key, row in zip(keys, numbers, strict=True)
        }
