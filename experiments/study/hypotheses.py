"""Read and check hypotheses: a statement, the scenarios it compares, the quantity, and when it counts as true."""

import hashlib
import re
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from experiments.study.declaration import Experiment, Setup, Text, from_text, set_up
from experiments.study.outputs import OUTPUTS
from simulation.errors import InputError, nearest, shown
from simulation.scenario import Finite, NumberName, Switches
from simulation.toml import first_problem, flat, read_toml

SHIPPED = Path(__file__).parent.parent / "hypotheses"
WITHOUT = "_without"
"""Ends the name of a scenario that is run again with other numbers or switches."""
NAMES = r"[a-z][a-z0-9_-]{0,59}"
TERM = re.compile(rf"^({NAMES})(?: - ({NAMES}))?$")
Side = Literal["below", "above"]


class Term(NamedTuple):
    """A scenario, or one less another."""

    plus: str
    minus: str | None


def read_term(text: str) -> Term:
    """Read a term such as `holding - today`.

    Raises
    ------
    ValueError
        If it is none.
    """
    found = TERM.match(text)
    if found is None:
        raise ValueError(f"{shown(text)} is no term; write a scenario, or one less another: holding - today")
    return Term(found[1], found[2])


def checked_term(text: str) -> str:
    """Refuse what is no term."""
    read_term(text)
    return text


def known_output(name: str) -> str:
    """Refuse what no experiment can be asked for."""
    if name not in OUTPUTS:
        raise ValueError(f"no quantity is called {shown(name)}.{nearest(name, OUTPUTS)} The headline names them")
    return name


TermText = Annotated[str, AfterValidator(checked_term)]
OutputName = Annotated[str, AfterValidator(known_output)]


class Quantity(BaseModel):
    """What is compared: (of - less) / over, and the side of `null` on which it has to lie."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    output: OutputName = Field(description="the output that is compared")
    of: TermText = Field(description="a scenario or a difference, such as 'holding - today'")
    less: TermText | None = Field(default=None, description="a difference to subtract, such as 'other - today'")
    per: OutputName | None = Field(default=None, description="divide each difference by its own in this output")
    over: TermText | None = Field(default=None, description="what to divide by, such as 'today' or 'other - today'")
    over_output: OutputName | None = Field(default=None, description="the output of over; that of the rest if left out")
    over_is: Side = Field(default="above", description="the side of 0 of over without which nothing holds")
    direction: Side = Field(description="'below' or 'above': the side of null on which it has to lie")
    null: Finite = Field(default=0.0, description="the value of no difference: 0, or 1 of a ratio")
    smallest: Finite = Field(ge=0, description="the smallest difference from null that matters, finite, 0 or more")

    @model_validator(mode="after")
    def divides_by_what_is_there(self) -> Self:
        """Refuse to say of `over` what is said of nothing."""
        for key in ("over_output", "over_is"):
            if self.over is None and key in self.model_fields_set:
                raise ValueError(f"quantity.{key} belongs to over, which is missing; give over, or remove {key}")
        return self

    @property
    def threshold(self) -> float:
        """Give the value that has to be passed."""
        return self.null + (self.smallest if self.direction == "above" else -self.smallest)

    @property
    def terms(self) -> dict[str, Term]:
        """Give the terms by their key."""
        texts = {"of": self.of, "less": self.less, "over": self.over}
        return {key: read_term(text) for key, text in texts.items() if text is not None}

    @property
    def outputs(self) -> tuple[str, ...]:
        """Name the outputs that are needed."""
        return tuple(dict.fromkeys(name for name in (self.output, self.per, self.over_output) if name is not None))


class Without(BaseModel):
    """Other switches or numbers under which all scenarios are run again, from the same draws and chance."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    switches: Switches | None = Field(default=None, description="written as [without.switches], in place of the first")
    numbers: Annotated[dict[NumberName, Finite], BeforeValidator(flat)] = Field(
        default={}, description="names as `wellheld parameters` lists them"
    )


class Hypothesis(BaseModel):
    """A statement that a run can support, refute or leave undetermined."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=rf"^{NAMES}$", description="small letters, digits, _ and -, at most 60, a letter first")
    statement: Text = Field(max_length=300, description="what is held to be true, at most 300 characters")
    counted: Text = Field(max_length=300, description="who is counted, at most 300 characters")
    refuted_by: Text = Field(max_length=400, description="what would refute it, at most 400 characters")
    rests_on: Text = Field(max_length=1000, description="how it is built and what that takes for granted")
    level: float = Field(default=0.9, gt=0.5, lt=1, description="the probability that settles it, above 0.5, below 1")
    quantity: Quantity = Field(description="written as [quantity]")
    experiment: Experiment = Field(description="written as [experiment]")
    without: Without | None = Field(default=None, description="written as [without]")

    @model_validator(mode="before")
    @classmethod
    def asks_for_what_it_needs(cls, data: Any) -> Any:
        """Let the experiment take name and question from the hypothesis, and outputs from the quantity."""
        if not isinstance(data, dict) or not isinstance(data.get("experiment"), dict):
            return data
        own = {"name": data.get("name", "hypothesis"), "question": data.get("statement", "Is it so?")}
        for key in (*own, "outputs", "precision"):
            if key in data["experiment"]:
                raise ValueError(f"experiment.{key}: follows from the hypothesis itself; remove it")
        return data | {"experiment": own | data["experiment"]}

    @model_validator(mode="after")
    def is_of_one_place(self) -> Self:
        """Refuse several places, of which it would not be known which is meant."""
        if len(self.experiment.places) != 1:
            raise ValueError("experiment.places: a hypothesis is about one place, or 'region'; name one")
        return self


class Registered(NamedTuple):
    """A hypothesis as it was written down before its run.

    Parameters
    ----------
    digest : sha256 of its file
    """

    hypothesis: Hypothesis
    content: bytes
    path: Path

    @property
    def digest(self) -> str:
        """Hash the file."""
        return hashlib.sha256(self.content).hexdigest()


def shipped() -> dict[str, Path]:
    """Give the hypotheses that are shipped, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def find_hypothesis(given: str) -> Registered:
    """Find a hypothesis by the name of a shipped one, or by its file.

    Raises
    ------
    InputError
        If there is none, or its file holds what is not allowed.
    """
    names = shipped()
    if not given.endswith(".toml") and given not in names:
        raise InputError(
            f"no hypothesis {shown(given)}.{nearest(given, names)} wellheld hypothesis list names them; "
            "give one of these, all, or a .toml file"
        )
    return load_hypothesis(names.get(given, Path(given)))


def load_hypothesis(path: Path) -> Registered:
    """Read a hypothesis' file.

    Raises
    ------
    InputError
        If it cannot be read or holds what is not allowed.
    """
    data = read_toml(path)
    try:
        hypothesis = Hypothesis.model_validate(data)
    except ValidationError as error:
        raise InputError(first_problem(path, error, Hypothesis)) from error
    return Registered(hypothesis, path.read_bytes(), path)


def sized(registered: Registered, draws: int | None, children: int | None) -> Registered:
    """Run a hypothesis at another size than its file says."""
    hypothesis = registered.hypothesis
    sizes = {"draws": draws, "children": children}
    changed = {name: size for name, size in sizes.items() if size is not None}
    experiment = hypothesis.experiment.model_copy(update=changed)
    return registered._replace(hypothesis=hypothesis.model_copy(update={"experiment": experiment}))


def set_up_hypothesis(registered: Registered) -> tuple[Setup, ...]:
    """Set up the experiment of a hypothesis and, where it has one, that without a part of the model.

    Raises
    ------
    InputError
        If a scenario is unknown, or is not among those that the hypothesis compares.
    """
    hypothesis, path = registered.hypothesis, registered.path
    asked = hypothesis.experiment.model_copy(update={"outputs": hypothesis.quantity.outputs})
    experiments = [asked]
    if hypothesis.without is not None:
        experiments.append(
            asked.model_copy(
                update={
                    "switches": hypothesis.without.switches or asked.switches,
                    "numbers": asked.numbers | hypothesis.without.numbers,
                }
            )
        )
    setups = tuple(from_text(set_up(each, path).text) for each in experiments)
    known = scenario_names(setups)
    for key, term in hypothesis.quantity.terms.items():
        for name in term:
            if name is not None and name not in known:
                offer = nearest(name, known) or f" Its scenarios: {', '.join(known)}."
                raise InputError(f"{path}: key 'quantity.{key}': {shown(name)} is no scenario here.{offer}")
    return setups


def scenario_names(setups: tuple[Setup, ...]) -> list[str]:
    """Name the scenarios in the order of their runs; those of the second experiment end in `_without`."""
    ends = ("", WITHOUT)
    return [scenario.name + end for setup, end in zip(setups, ends, strict=False) for scenario in setup.scenarios]
