"""Rebuild the published ACE cost model (Chard and Radley 2024): ACEs, lost GDP, savings, cost over years.

References
----------
tables: published_figures, ace_cost_places, ace_cost_conditions, ace_cost_numbers
"""

import math
from typing import Any

from experiments.published.ace_answer import Answer, Benchmark, Burden, CommonShare, Fit, Place, Question, Rules
from experiments.published.ace_burden import (
    MILLION,
    Band,
    Inputs,
    Values,
    attributable,
    band,
    conditions,
    dalys,
    drawn_values,
    excess_now,
    inputs,
    own_numbers,
    risk_factors,
)
from experiments.published.ace_savings import (
    Counts,
    class_means,
    classes,
    first_rung,
    first_shares,
    fitted,
    from_the_most,
    ladder,
    saved_shares,
    savings,
    thinned,
)
from experiments.published.inputs import figure
from simulation.inputs import Tables
from simulation.sampling import uncertain

REGION = "region"


def authorities(tables: Tables) -> tuple[str, ...]:
    """Name the authorities of the model and the region."""
    return tuple(row.authority for row in tables.rows["ace_cost_places"])


def published(tables: Tables, name: str, authority: str) -> float:
    """Give a published figure that the model cannot do without."""
    return tables.values()[f"published_figures.{name}.{authority}.value"]


def published_or_nan(tables: Tables, name: str, authority: str) -> float:
    """Give a published figure, or NaN where none was published."""
    found = figure(tables, name, authority)
    return math.nan if found is None else found


def number(tables: Tables, name: str) -> float:
    """Give a number of the model that belongs to no authority."""
    return tables.values()[f"ace_cost_numbers.{name}.value"]


def ask(
    tables: Tables,
    chosen: tuple[str, ...],
    reduction: float | None,
    inflation: float | None,
    growth: float | None,
    years: int | None,
    draws: int,
    seed: int,
) -> Question:
    """Put a question together; what is not given is as published."""

    def given(value: float | None, name: str) -> float:
        return published(tables, name, "all") if value is None else value + 0.0  # adding 0.0 turns -0.0 into 0.0

    return Question(
        chosen,
        given(reduction, "reduction_in_aces"),
        given(inflation, "inflation"),
        given(growth, "growth_in_aces"),
        int(number(tables, "years")) if years is None else years,
        draws,
        seed,
    )


def aces(population: float, share: float, per_person: float) -> float:
    """Count ACEs: residents, times the share with two or more, times the ACEs of each of those."""
    return population * share * per_person


def implied_share(count: float, population: float, per_person: float) -> float:
    """Give the share of residents with two or more ACEs that a count of ACEs implies."""
    return count / (population * per_person)


def growth_sum(growth: float, inflation: float, terms: int) -> float:
    """Sum ((1 + growth)(1 + inflation))^k over k from 0, so many terms."""
    factor = (1 + growth) * (1 + inflation)
    return math.fsum(factor**k for k in range(terms))


def published_terms(years: int) -> int:
    """Count the terms that meet the published cost of so many years: one fewer."""
    return years - 1


def saving(lost: float, reduction: float) -> float:
    """Give what fewer ACEs save by the published rule: exactly in proportion."""
    return lost * reduction


def common_share(tables: Tables) -> CommonShare:
    """Compare the published counts with what the region's share would give everywhere."""
    per_person = published(tables, "aces_per_person_with_two_or_more", "uk")
    rows = {row.authority: row for row in tables.rows["ace_cost_places"]}
    counts = {name: count for name in rows if (count := figure(tables, "aces", name)) is not None}
    shares = {name: implied_share(count, rows[name].population, per_person) for name, count in counts.items()}
    region = implied_share(published(tables, "aces", REGION), rows[REGION].population, per_person)
    errors = {name: abs(aces(rows[name].population, region, per_person) / count - 1) for name, count in counts.items()}
    worst = max(errors, key=lambda name: errors[name])
    return CommonShare(region, min(shares.values()), max(shares.values()), rows[worst].title, errors[worst])


def with_costs(tables: Tables) -> dict[str, tuple[float, float]]:
    """Give the published ACEs and yearly cost of each authority that has both."""
    found = {}
    for row in tables.rows["published_figures"]:
        if row.figure == "speculative_annual_cost":
            count = figure(tables, "aces", row.authority)
            if count is not None:
                found[row.authority] = (count, row.value)
    return found


def cost_interval(tables: Tables) -> tuple[float, float]:
    """Give the costs per ACE that all published yearly costs allow if their counts of ACEs were rounded up."""
    rows = with_costs(tables).values()
    return max(cost / count for count, cost in rows), min(cost / (count - 1) for count, cost in rows)


def fit(tables: Tables) -> Fit:
    """Measure how exactly the rules meet the published costs, at the published settings."""
    rows = with_costs(tables)
    per_ace = number(tables, "cost_per_ace")
    years = int(number(tables, "years"))
    rates = published(tables, "growth_in_aces", "all"), published(tables, "inflation", "all")
    total = growth_sum(*rates, published_terms(years))
    ten_years = {name: figure(tables, "speculative_ten_year_cost", name) for name in rows}
    return Fit(
        len(rows),
        max(abs(count * per_ace - cost) for count, cost in rows.values()),
        max(abs(found - rows[name][1] * total) for name, found in ten_years.items() if found is not None),
        years,
        total,
        growth_sum(*rates, years),
        per_ace,
        *cost_interval(tables),
    )


def burdens(tables: Tables, row: Any, values: Values, drawn: Values) -> tuple[list[Burden], Band, Band]:
    """Work out the lost GDP of an authority by condition, in total, and in total without risk factors."""
    central, spread = inputs(tables, values), inputs(tables, drawn)
    name = f"ace_cost_places.{row.authority}.value"
    lost = dalys(central, row.population), dalys(spread, row.population)
    gdp = lost[0] * values[name] / MILLION, lost[1] * drawn[name] / MILLION
    fractions = attributable(excess_now(central)), attributable(excess_now(spread))
    pairs = ((central.risk_1, spread.risk_1), (central.risk_2, spread.risk_2), fractions, lost, gdp)
    names = list(conditions(tables))
    found = [
        Burden(condition, *(band(value[at], every[at]) for value, every in pairs)) for at, condition in enumerate(names)
    ]
    diseases = [at for at, condition in enumerate(names) if condition not in risk_factors(tables)]
    return (
        found,
        band(gdp[0].sum(axis=0), gdp[1].sum(axis=0)),
        band(gdp[0][diseases].sum(axis=0), gdp[1][diseases].sum(axis=0)),
    )


def place(tables: Tables, row: Any, question: Question, values: Values, drawn: Values) -> Place:
    """Rebuild every figure of one authority; its ACEs are the published ones where there are any."""
    per_person = published(tables, "aces_per_person_with_two_or_more", "uk")
    count = figure(tables, "aces", row.authority)
    if count is None:
        count = aces(row.population, common_share(tables).region, per_person)
    lost = figure(tables, "gdp_lost", row.authority)
    lost = math.nan if lost is None else lost
    yearly = count * number(tables, "cost_per_ace")
    found, total, without = burdens(tables, row, values, drawn)
    return Place(
        authority=row.authority,
        title=row.title,
        population=row.population,
        gdp_per_head=row.value,
        aces=count,
        implied_share=implied_share(count, row.population, per_person),
        gdp_lost=lost,
        saved=saving(lost, question.reduction),
        yearly_cost=yearly,
        cost_published_rule=yearly * growth_sum(question.growth, question.inflation, published_terms(question.years)),
        cost_all_terms=yearly * growth_sum(question.growth, question.inflation, question.years),
        published_yearly=published_or_nan(tables, "speculative_annual_cost", row.authority),
        published_ten_years=published_or_nan(tables, "speculative_ten_year_cost", row.authority),
        burdens=tuple(found),
        rebuilt=total,
        rebuilt_without=without,
    )


def rules(given: Inputs, drawn: Inputs, reduction: float) -> Rules:
    """Work out what each rule saves at a reduction of ACEs, and how many people it leaves in each class."""
    central, spread = savings(given, reduction), savings(drawn, reduction)
    counts = fitted(given.shares[0], given.shares[1])
    means = class_means(counts)
    none, one, *_ = first_shares(thinned(counts, reduction))
    return Rules(
        shares={key: band(share, spread[key]) for key, share in central.items()},
        unparted={
            count: float(share)
            for count, share in saved_shares(given, from_the_most(given, reduction, part=False)).items()
        },
        first_rung=float(first_rung(classes(counts), means)),
        counts=Counts(float(counts.mean), float(counts.shape)),
        surveyed=tuple(float(share) for share in given.shares),
        before=tuple(float(share) for share in classes(counts)),
        after_for_everyone=(float(none), float(one), float(1 - none - one)),
        after_from_the_most=tuple(float(share) for share in ladder(classes(counts), means, reduction)),
    )


def benchmark(tables: Tables) -> Benchmark:
    """Set the estimate for Wales beside what each rule gives at its own reduction and at the exposure of its survey."""
    given = inputs(tables, {**tables.values(), "ace_cost_numbers.survey_weight.value": 1.0})
    reduction = published(tables, "reduction_in_aces", "all")
    return Benchmark(
        published(tables, "saved_if_aces_down_10_percent", "wales"),
        published(tables, "annual_cost_of_aces", "wales"),
        reduction,
        {key: float(share) for key, share in savings(given, reduction).items()},
    )


def rebuild(tables: Tables, question: Question) -> Answer:
    """Answer a question by the rebuilt model: central figures, and 95% bands over draws of its numbers."""
    values: Values = tables.values()
    drawn = drawn_values(tables, question.draws, question.seed)
    given = inputs(tables, values)
    rows = [row for row in tables.rows["ace_cost_places"] if row.authority in question.authorities]
    numbers = own_numbers(tables)
    return Answer(
        question=question,
        places=tuple(place(tables, row, question, values, drawn) for row in rows),
        rules=rules(given, inputs(tables, drawn), question.reduction),
        benchmark=benchmark(tables),
        common=common_share(tables),
        fit=fit(tables),
        per_person=published(tables, "aces_per_person_with_two_or_more", "uk"),
        risk_factors=tuple(risk_factors(tables)),
        numbers=len(numbers),
        recalled=sum(each.status == "recalled" for each in numbers),
        drawn=len(uncertain({each.name: each for each in numbers})),
    )
