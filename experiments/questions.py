"""Find the scenario that is asked for: a shipped one, a file, or one made in Python; its names and values checked."""

from pathlib import Path

from simulation.errors import InputError, nearest, shown
from simulation.extension import with_services
from simulation.inputs import Tables
from simulation.scenario import Scenario, check_ages, check_names, check_values, load_scenario

SHIPPED = Path(__file__).parent / "scenarios"


def find_scenario(given: Scenario | str | Path, tables: Tables) -> Scenario:
    """Find a scenario by itself, by the name of a shipped one, or by its file.

    Raises
    ------
    InputError
        If there is no such scenario, or it names or sets what the tables do not allow.
    """
    if isinstance(given, Scenario):
        scenario, path = given, Path(given.name)
    else:
        path = Path(given)
        if not path.suffix and not path.is_file():
            names = {each.stem: each for each in sorted(SHIPPED.glob("*.toml"))}
            if str(given) not in names:
                raise InputError(
                    f"no scenario {shown(str(given))}.{nearest(str(given), names)} "
                    f"Give a .toml file or one of {', '.join(names)}."
                )
            path = names[str(given)]
        scenario = load_scenario(path)
    tables = with_services(tables, scenario, str(path))
    rows = tables.rows
    check_names(
        scenario,
        [row.service for row in rows["services"]],
        [row.authority for row in rows["authorities"] if row.role == "place"],
        [row.intervention for row in rows["interventions"]],
        tables.numbers,
        path,
    )
    check_ages(scenario, rows["interventions"], path)
    check_values(scenario, tables.numbers, path)
    return scenario
