"""Weigh effects by the decile of deprivation of those who bear them: off unless asked for."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from simulation.errors import InputError
from simulation.toml import first_problem, plain, read_toml

GREEN_BOOK = Path(__file__).parent / "weights.toml"
NONE = "none"
Positive = Annotated[float, Field(gt=0, le=100)]
Ten = Annotated[tuple[Positive, ...], Field(min_length=10, max_length=10)]
Text = Annotated[str, AfterValidator(plain)]


class Weights(BaseModel):
    """Weights of the ten deciles of England, the most deprived first, or what they are worked out from."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: Text = Field(min_length=1, max_length=500, description="where they come from")
    grade: Text = Field(min_length=1, max_length=200, description="published, derived or assumption, and of what")
    weights: Ten | None = Field(default=None, description="ten numbers above 0, decile 1 first")
    eta: float | None = Field(default=None, ge=0, le=5, description="elasticity of marginal utility, 0 to 5")
    income: Ten | None = Field(default=None, description="ten incomes over the national median, decile 1 first")

    @model_validator(mode="after")
    def either(self) -> Self:
        """Refuse weights beside what they would be worked out from, and neither."""
        if (self.weights is None) == (self.eta is None or self.income is None):
            raise ValueError("give weights, or eta and income, and not both")
        return self

    @property
    def by_decile(self) -> tuple[float, ...]:
        """Give the weights, decile 1 first."""
        if self.weights is not None:
            return self.weights
        return tuple(each ** -(self.eta or 0.0) for each in self.income or ())


def load_weights(asked: str) -> Weights | None:
    """Find weights: none, the Green Book's, or those of a file.

    Raises
    ------
    InputError
        If the file cannot be read or holds no weights.
    """
    if asked == NONE:
        return None
    if asked != "green_book" and not asked.endswith(".toml"):
        raise InputError(f"--weights {asked}: write none, green_book, or a .toml file with weights, source and grade")
    path = GREEN_BOOK if asked == "green_book" else Path(asked)
    try:
        return Weights.model_validate(read_toml(path))
    except ValidationError as error:
        raise InputError(first_problem(path, error, Weights)) from error
