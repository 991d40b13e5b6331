"""Find the scenario of the flow model: today, the published improvement in one of two readings, or a file."""

from pathlib import Path
from typing import Literal

from experiments.published.flow_law import KINDS as LEVERS
from experiments.published.flow_law import PLACE
from experiments.published.rows import KINDS
from experiments.questions import SHIPPED
from simulation.errors import InputError, nearest, shown
from simulation.inputs import Tables
from simulation.scenario import Lever, Scenario, Switches, check_names, check_values, load_scenario

NUMBERS = (
    "deprivation_ratio",
    "cats_at_start_ratio",
    "new_cats_ratio",
    "children",
    "sufficiency",
    "tip_alignment",
)
"""Columns of services and units that a scenario may set; what is laid out before the years stays as in the tables."""
Reading = Literal["points", "relative"]
READINGS: tuple[Reading, ...] = ("points", "relative")
"""Two ways to read a published +10%: ten points of the scale, or a tenth of the level."""
BASELINE, IMPROVED = "baseline", "improved"


def flow_scenario(given: str | Path, tables: Tables, reading: Reading = "points") -> Scenario:
    """Find the scenario that is asked for.

    Parameters
    ----------
    given : baseline, improved, or a .toml file as the child model takes it
    reading : of the published improvement; a file says itself whether it adds or multiplies

    Raises
    ------
    InputError
        If there is no such scenario, or it moves what the flow model does not have.
    """
    if given == BASELINE:
        return Scenario.today()
    if given == IMPROVED:
        return read_as(load_scenario(SHIPPED / "improved.toml"), reading)
    path = Path(given)
    if not path.suffix and not path.is_file():
        raise InputError(
            f"no scenario {shown(str(given))}.{nearest(str(given), (BASELINE, IMPROVED))} "
            f"Give {BASELINE}, {IMPROVED} or a .toml file."
        )
    scenario = load_scenario(path)
    check_flow(scenario, tables, path)
    return scenario


def moved_by_number(name: str) -> bool:
    """Tell whether the flow model reads a number by its name, so that a scenario can set it."""
    table, column = name.split(".")[0], name.split(".")[-1]
    if table in ("flow_services", "flow_units"):
        return column in NUMBERS
    return table == "flow_numbers" or name == f"ace_cost_places.{PLACE}.value"


def check_flow(scenario: Scenario, tables: Tables, path: Path) -> None:
    """Refuse levers, keys and names that the flow model does not have."""
    for number, lever in enumerate(scenario.levers, 1):
        where = f"{path}: key 'lever[{number}]"
        if lever.kind not in LEVERS:
            raise InputError(f"{where}.kind': the flow model has no {lever.kind}; it has {', '.join(LEVERS)}")
        if lever.ages != (0, 17):
            raise InputError(f"{where}.ages': the flow model knows stages, not ages; remove it")
    if scenario.switches != Switches():
        raise InputError(f"{path}: key 'switches': the flow model has none; remove them")
    for name in scenario.numbers:
        if name in tables.numbers and not moved_by_number(name):
            raise InputError(
                f"{path}: key 'numbers.{name}': the flow model reads this only from its table; give a number of "
                "flow_numbers, or a level, ratio or count of flow_services or flow_units"
            )
    services = [row.service for row in tables.rows["flow_services"]]
    places = [row.authority for row in tables.rows["ace_cost_places"]]
    check_names(scenario, services, places, (), tables.numbers, path)
    check_values(scenario, tables.numbers, path, KINDS)


def as_relative(scenario: Scenario) -> Scenario:
    """Read a scenario's added points of Sufficiency and TIP alignment as relative changes: +0.10 as times 1.10."""
    levers = tuple(
        Lever.model_validate(
            {**lever.model_dump(exclude_unset=True, exclude={"add"}), "multiply": 1.0 + (lever.add or 0.0)}
        )
        if lever.kind in ("sufficiency", "tip_alignment") and lever.add is not None
        else lever
        for lever in scenario.levers
    )
    words = f"{scenario.description} Sufficiency and TIP alignment read as relative changes: +10% is times 1.10."
    return scenario.model_copy(update={"levers": levers, "description": words.strip()})


def read_as(scenario: Scenario, reading: Reading) -> Scenario:
    """Take a scenario's added points as they stand, or as relative changes."""
    return as_relative(scenario) if reading == "relative" else scenario
