"""Say what a row of each table of the published models is: its columns, units and allowed ranges.

The tables lie apart from the model's own in `simulation/tables/`: no run of the children reads or draws them.
"""

from typing import Annotated, Literal

from simulation.rows import (
    Kinds,
    Name,
    ParameterRow,
    Ratio,
    Row,
    Share,
    SourceRow,
    Text,
    UncertainRow,
    number,
)


class FigureRow(Row):
    """A published figure, as published: nothing is computed from it but what says so."""

    model: Literal["ace_costs", "flow", "population", "years_lost", "peer"]
    figure: Name
    authority: Name
    value: Annotated[float, number("see unit", 0)]
    unit: Text


class PlaceRow(UncertainRow):
    """An authority as the ACE cost model sees it: residents; value is its gross domestic product a head."""

    value: Annotated[float, number("GBP a year a head, 2019", 0, 1e6)]
    authority: Name
    title: Text
    population: Annotated[int, number("residents, mid-2019", 1, 100_000_000)]


class ConditionNumberRow(UncertainRow):
    """One number of a condition: relative risk at one and at two or more ACEs, or its burden in the population.

    The burden of a risk factor overlaps that of the diseases it causes, and goes by a name of its own.
    """

    value: Annotated[float, number("see unit", 0, 100_000)]
    condition: Name
    figure: Literal["relative_risk_1", "relative_risk_2", "daly_rate", "daly_rate_of_risk_factor"]
    unit: Text


class FlowServiceRow(Row):
    """A service of the flow model, or a stage of schooling: where it stands and who is in it.

    An entry holds the children from the first day; a step takes those passed up to it; a support only helps others
    to hold. Ratios multiply the reconstructed inputs of `flow_numbers`.
    """

    service: Name
    title: Text
    role: Literal["entry", "step", "support"]
    level: Annotated[int, number("level, 0 where children enter", 0, 9)]
    detail: Literal["overall", "detail"]
    children: Annotated[float, number("children", 0, 10_000_000)]
    deprivation_ratio: Ratio
    cats_at_start_ratio: Ratio
    new_cats_ratio: Ratio
    sufficiency: Share
    tip_alignment: Share
    supported_by: Name


class FlowPathwayRow(Row):
    """The share of those whom a service cannot hold that it tries to pass up to another."""

    service: Name
    to: Name
    weight: Share


class FlowUnitRow(Row):
    """One school or service of a stage: its share of the stage's children, their deprivation, its own levels."""

    service: Name
    unit: Name
    share: Share
    deprivation_ratio: Ratio
    sufficiency: Share
    tip_alignment: Share


class FlowNumberRow(ParameterRow):
    """An input of the flow model: reconstructed where it has a range, fixed where it has none."""


class CostNumberRow(ParameterRow):
    """A number of the ACE cost model that belongs to no authority and no condition."""


KINDS: Kinds = {
    "published_sources": (SourceRow, ("key",)),
    "published_figures": (FigureRow, ("figure", "authority")),
    "ace_cost_places": (PlaceRow, ("authority",)),
    "ace_cost_conditions": (ConditionNumberRow, ("condition", "figure")),
    "ace_cost_numbers": (CostNumberRow, ("name",)),
    "flow_services": (FlowServiceRow, ("service",)),
    "flow_pathways": (FlowPathwayRow, ("service", "to")),
    "flow_units": (FlowUnitRow, ("service", "unit")),
    "flow_numbers": (FlowNumberRow, ("name",)),
}
