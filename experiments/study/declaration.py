"""Read and check what an experiment asks, and turn it into the numbers, places and scenarios of its tasks."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from experiments.plan import check_parameters, draw_numbers
from experiments.questions import find_scenario
from experiments.results import DIFFERENCE, REGION, TODAY
from experiments.study.outputs import HEADLINE, OUTPUTS, Output
from simulation.build import authority_names
from simulation.compiled import sources_hash
from simulation.errors import InputError, nearest, shown
from simulation.extension import copied_costs, with_services
from simulation.frailty import Values
from simulation.inputs import NamedValues, Tables, load_tables
from simulation.scenario import Finite, NumberName, Scenario, Switches, check_values
from simulation.toml import first_problem, flat, plain, read_toml

Text = Annotated[str, AfterValidator(plain)]
MOST_DRAWS = 200_000
"""Most draws of an experiment: every process holds the numbers of all of them, here 0.8 GB."""


class Precision(BaseModel):
    """When to stop: where the Monte Carlo error of each named output is below a share of its 95% band."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    share: float = Field(gt=0, le=1, description="share of the 95% band, above 0 and at most 1, such as 0.05")
    outputs: tuple[str, ...] = Field(min_length=1, description="names of outputs, at least one")
    most_draws: int = Field(
        ge=16, le=MOST_DRAWS, multiple_of=2, description="the budget: draws at most, even, 16 to 200,000"
    )


class Experiment(BaseModel):
    """One question: which scenarios, where, how many draws, and what is wanted of them.

    Of the scenarios the first is compared with each of the others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    name: str = Field(
        pattern=r"^[a-z][a-z0-9_-]{0,59}$", description="small letters, digits, _ and -, at most 60, a letter first"
    )
    question: Text = Field(max_length=500, description="what is asked, at most 500 characters")
    places: tuple[str, ...] = Field(
        default=("sandwell",), min_length=1, max_length=8, description="authorities, or 'region' for all seven"
    )
    scenarios: tuple[str, ...] = Field(
        default=(TODAY,), max_length=20, description="shipped scenarios or .toml files beside this one, at most 20"
    )
    own: tuple[Scenario, ...] = Field(
        default=(), validation_alias="scenario", max_length=20, description="written as [[scenario]], at most 20"
    )
    draws: int = Field(
        default=64, ge=2, le=MOST_DRAWS, multiple_of=2, description="draws of the numbers: even, 2 to 200,000"
    )
    chance: int | Literal["pilot"] = Field(
        default=2, description="seeds of chance within each draw, 1 to 64, or 'pilot' to choose it from a pilot"
    )
    children: int | None = Field(default=None, ge=1, le=10_000_000, description="children in each place")
    seed: int = Field(default=1, ge=0, lt=2**63, description="0 to 2^63-1")
    outputs: tuple[str, ...] = Field(default=(), description="names of outputs; the headline's if left out")
    people: bool = Field(default=False, description="true or false: write the table of every child too")
    precision: Precision | None = Field(default=None, description="written as [precision]")
    switches: Switches | None = Field(default=None, description="written as [switches], for all scenarios")
    numbers: Annotated[dict[NumberName, Finite], BeforeValidator(flat)] = Field(
        default={}, description="names as `wellheld parameters` lists them, for all scenarios"
    )

    @model_validator(mode="after")
    def asks_what_can_be_answered(self) -> Self:
        """Refuse outputs that are none, and seeds of chance out of range."""
        for where, names in (
            ("outputs", self.outputs),
            ("precision.outputs", self.precision.outputs if self.precision else ()),
        ):
            for name in names:
                if name not in OUTPUTS:
                    offer = nearest(name, OUTPUTS)
                    raise ValueError(
                        f"{where}: no quantity is called {shown(name)}.{offer} wellheld experiment outputs lists them"
                    )
        if self.precision is not None and "draws" in self.model_fields_set:
            raise ValueError("draws: stands beside [precision], whose most_draws is the budget; remove one of them")
        if isinstance(self.chance, int) and not 1 <= self.chance <= 64:
            raise ValueError(f"chance: {self.chance} is outside 1 to 64; 2 is the default")
        return self


class Setup:
    """What every task of an experiment shares, worked out once in each process.

    Parameters
    ----------
    experiment : as declared
    scenarios : as found, the first compared with the others
    """

    def __init__(self, experiment: Experiment, scenarios: tuple[Scenario, ...]) -> None:
        self.experiment, self.scenarios = experiment, scenarios

    @cached_property
    def tables(self) -> Tables:
        """Read the tables, with every service and unit that a scenario adds."""
        tables = load_tables()
        for scenario in self.scenarios:
            if scenario.services or scenario.units or scenario.units_from:
                tables = with_services(tables, scenario)
        return tables

    @cached_property
    def central(self) -> Values:
        """Take every number at its central value."""
        return self.tables.values()

    @property
    def pairs(self) -> int:
        """Give the pairs of draws, which are the tasks: the two of a pair share what is graded assumption."""
        most = self.experiment.precision.most_draws if self.experiment.precision else self.experiment.draws
        return most // 2

    @cached_property
    def places(self) -> tuple[str, ...]:
        """Name the authorities that are run."""
        known = tuple(row.authority for row in self.tables.rows["authorities"] if row.role == "place")
        return known if REGION in self.experiment.places else self.experiment.places

    @cached_property
    def answers(self) -> tuple[str, ...]:
        """Name the places of the answers: each authority that was asked for and, for the region, their sum."""
        return (*self.places, REGION) if REGION in self.experiment.places else self.places

    @cached_property
    def outputs(self) -> tuple[Output, ...]:
        """List the outputs that are wanted, each once, in the order of all of them."""
        wanted = set(self.experiment.outputs or HEADLINE)
        if self.experiment.precision:
            wanted |= set(self.experiment.precision.outputs)
        return tuple(output for name, output in OUTPUTS.items() if name in wanted)

    @property
    def needs_none(self) -> bool:
        """Tell whether an output is what is due to adversity, for which the same people live without it."""
        return any(output.against_none for output in self.outputs)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name the uncertain numbers that are drawn."""
        return tuple(number.name for number in self.drawn[0])

    @cached_property
    def drawn(self) -> tuple[Any, Any]:
        """Draw the numbers: which, and two (pairs, numbers) matrices."""
        return draw_numbers(self.tables, self.scenarios, self.pairs, self.experiment.seed)

    def values(self, pair: int, matrix: int) -> Values:
        """Give every number of one draw."""
        return self.values_of(dict(zip(self.names, self.drawn[1][matrix][pair].tolist(), strict=True)))

    def values_of(self, drawn: Mapping[str, float]) -> Values:
        """Give every number where some are drawn: the tables', the drawn, and what the experiment sets."""
        values = {**self.central, **drawn}
        for scenario in self.scenarios:
            values |= copied_costs(scenario, self.tables, values)
        return NamedValues(values | self.scenarios[0].numbers)

    @cached_property
    def key(self) -> str:
        """Hash all that a task's answer depends on: what is asked, the tables, the rules, and what sums a run."""
        told = [self.text, dict(sorted(load_tables().hashes.items())), sources_hash(), questions_hash()]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    @cached_property
    def text(self) -> str:
        """Write the experiment with its scenarios as found, so that it needs no other file."""
        said = {
            "experiment": self.experiment.model_dump(mode="json", exclude={"own", "scenarios"}, exclude_unset=True),
            "scenarios": [scenario.model_dump(mode="json", exclude_unset=True) for scenario in self.scenarios],
        }
        return json.dumps(said, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@cache
def questions_hash() -> str:
    """Hash every source that plans, runs and sums a task, as it is when first asked."""
    digest = hashlib.sha256()
    home = Path(__file__).parent
    for folder in (home.parent, home):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=4)
def from_text(text: str) -> Setup:
    """Set up an experiment from what `Setup.text` wrote."""
    said = json.loads(text)
    scenarios = tuple(Scenario.model_validate(each) for each in said["scenarios"])
    return Setup(Experiment.model_validate(said["experiment"]), scenarios)


def load_experiment(path: Path) -> Setup:
    """Read an experiment's file.

    Raises
    ------
    InputError
        If the file cannot be read, is no TOML, holds a key or value that is not allowed, or names what is not there.
    """
    data = read_toml(path)
    try:
        experiment = Experiment.model_validate(data)
    except ValidationError as error:
        raise InputError(first_problem(path, error, Experiment)) from error
    return set_up(experiment, path)


def set_up(experiment: Experiment, path: Path | None = None) -> Setup:
    """Find an experiment's scenarios and check them together.

    Parameters
    ----------
    path : the experiment's file, beside which files of scenarios stand

    Raises
    ------
    InputError
        If places or scenarios are unknown, or scenarios do not go together.
    """
    where = str(path or experiment.name)
    tables = load_tables()
    known = [name for name in authority_names(tables) if name != "england"]
    for place in experiment.places:
        if place not in (*known, REGION):
            raise InputError(f"{where}: key 'places': unknown place {shown(place)}.{nearest(place, (*known, REGION))}")
    found: list[Scenario] = []
    for given in experiment.scenarios:
        beside = (path.parent / given) if path is not None and given.endswith(".toml") else given
        found.append(find_scenario(beside, tables))
    found += [find_scenario(own, tables) for own in experiment.own]
    names = [scenario.name for scenario in found]
    twice = next((name for name in names if names.count(name) > 1 or name == DIFFERENCE), None)
    if twice is not None:
        raise InputError(f"{where}: key 'scenarios': {shown(twice)} stands twice or is no scenario's name; rename it")
    setup = Setup(experiment, together(experiment, found, where))
    for name in experiment.numbers:
        if name not in setup.tables.numbers:
            raise InputError(f"{where}: key 'numbers': no number {shown(name)}.{nearest(name, setup.tables.numbers)}")
    check_values(Scenario(name=experiment.name, numbers=experiment.numbers), setup.tables.numbers, Path(where))
    check_parameters(setup.tables, setup.scenarios[0].numbers)
    return setup


def together(experiment: Experiment, found: list[Scenario], where: str) -> tuple[Scenario, ...]:
    """Give all scenarios the same switches and numbers, so that twins differ only by levers and services."""
    others = [scenario for scenario in found if scenario.name != TODAY] or found
    switches = experiment.switches or others[0].switches
    odd = next((each.name for each in others if each.switches != switches), None)
    if odd is not None and experiment.switches is None:
        raise InputError(
            f"{where}: scenario {shown(odd)} has other switches than {shown(others[0].name)}; "
            "write [switches] into the experiment, which then hold for all"
        )
    numbers: dict[str, float] = {}
    for scenario in found:
        for name, value in scenario.numbers.items():
            if numbers.setdefault(name, value) != value and name not in experiment.numbers:
                raise InputError(
                    f"{where}: scenarios set {name} to {numbers[name]} and to {value}; write it into [numbers] "
                    "of the experiment, which then hold for all"
                )
    numbers |= experiment.numbers
    return tuple(scenario.model_copy(update={"switches": switches, "numbers": numbers}) for scenario in found)
