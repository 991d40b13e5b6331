"""Share what is slow to make: tables, the reference world, and one run of Sandwell seen year by year."""

from typing import Any

import pytest
from hypothesis import settings
from worlds import Lived

from simulation.cohort import reference, run
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.inputs import Tables, load_tables
from simulation.population import cohort
from simulation.scenario import Scenario, Switches
from simulation.world import World

SEED = 20240401
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def tables() -> Tables:
    """Read the model's own tables."""
    return load_tables()


@pytest.fixture(scope="session")
def values(tables: Tables) -> dict[str, float]:
    """Take every number at its central value."""
    return tables.values()


@pytest.fixture(scope="session")
def key() -> tuple[int, int, int]:
    """Fix the seed of the suite."""
    return seed_key(SEED)


@pytest.fixture(scope="session")
def today(tables: Tables, values: dict[str, float]) -> Surroundings:
    """Take services as they are today."""
    return Surroundings(tables, values, Scenario.today())


@pytest.fixture(scope="session")
def world(tables: Tables, values: dict[str, float], key: tuple[int, int, int]) -> World:
    """Build the world of the central values; its reference cohort is 20,000 children of England."""
    return reference(tables, values, Switches(), key, 20_000)


@pytest.fixture(scope="session")
def england(tables: Tables, values: dict[str, float], key: tuple[int, int, int]) -> Any:
    """Draw the reference cohort itself."""
    return cohort(tables, values, ["england"], 20_000, key)


@pytest.fixture(scope="session")
def sandwell(tables: Tables, values: dict[str, float], key: tuple[int, int, int]) -> Any:
    """Draw 2,000 children of Sandwell."""
    return cohort(tables, values, ["sandwell"], 2_000, key)


@pytest.fixture(scope="session")
def lived(today: Surroundings, world: World, sandwell: Any) -> Lived:
    """Let the children of Sandwell live from birth to death, watched every year."""
    years: list[Any] = []
    life = run(today, world, sandwell, watch=lambda year, records: years.append(records.copy()))
    return Lived(life, years)
