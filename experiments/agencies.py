"""How many agencies are in touch with a person in a year: `wellheld agencies PLACE`."""

import pandas as pd

from experiments.adult import agency_counts, agency_table
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
from simulation.adult_parts import agency_names
from simulation.cohort import reference, run
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.inputs import load_tables
from simulation.population import cohort
from simulation.scenario import Scenario, Switches

REFERENCE_CHILDREN = 4000


def agencies(place: str, seed: int = 1, children: int | None = None) -> pd.DataFrame:
    """Run a place's births under today's services and central numbers, adult life on, and count agencies.

    Returns
    -------
    columns age, aces, person_years, mean_agencies, and the share of person-years with none, 1, 2, 3, 4 or more
    """
    tables, key = load_tables(), seed_key(seed)
    values, switches = tables.values(), Switches(adult_life=True)
    world = reference(tables, values, switches, key, REFERENCE_CHILDREN)
    begun = cohort(tables, values, [place], children, key)
    s = Surroundings(tables, values, Scenario(name="today", switches=switches))
    return agency_table(tables, agency_counts(tables, run(s, world, begun), [place]))


def screen(place: str, table: pd.DataFrame) -> str:
    """Write the table of agencies for the screen."""
    names = ", ".join(name.replace("_", " ") for name in agency_names(load_tables()))
    lines = wrapped(
        f"Agencies in touch with a person in a year, {place.replace('_', ' ')}, by age and ACE count so far (of nine); "
        f"shares of person-years in %. Agencies are who pays: {names}. Schools, general practice and hospitals, whom "
        "everybody meets, and being out of school count for none."
    )
    rows = [["age", "ACEs", "person-years", "mean", "none", "1", "2", "3", "4+"]]
    rows += [
        [row[0], row[1], f"{row[2]:,.0f}", f"{row[3]:.2f}", *(f"{100 * each:.1f}" for each in row[4:])]
        for row in table.itertuples(index=False)
    ]
    return "\n".join([*lines, "", *align(rows, left=2), "", *wrapped(NOT_FOR_INDIVIDUALS)])
