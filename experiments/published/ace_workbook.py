"""The ACE cost model as a workbook: costs, burden by condition and savings, in formulas to follow and change."""

from dataclasses import replace
from typing import TYPE_CHECKING

from experiments.published.ace_answer import Question
from experiments.published.ace_burden import MILLION, PER, conditions, risk_factors
from experiments.published.ace_people import AFTER, FITTED, RISK_2_3, RISK_4, SHARES, people_grid, risks_grid
from experiments.published.ace_savings import COUNTS, RULES
from experiments.published.inputs import figure
from experiments.published.workbook import (
    COUNT,
    FREE,
    MONEY,
    SHARE,
    Grid,
    Key,
    grid,
    inputs_grid,
    new_book,
    workbook_bytes,
)
from simulation.inputs import Number, Tables

if TYPE_CHECKING:
    from openpyxl import Workbook

RESIDENTS, HEAD, ACES, LOST = "residents", "GDP a head [GBP a year]", "ACEs, published", "lost GDP, published"
RISKS = {"relative_risk_1": "relative risk at 1 ACE", "relative_risk_2": "relative risk at 2+ ACEs"}
RATE, DISEASE = "DALYs per 100,000", "1: disease, 0: risk factor"
EXCESS, FRACTION, DUE = "excess risk x", "fraction due to ACEs", "DALYs per 100,000 due to ACEs"
TOTAL, WITHOUT = ("all",), ("all without risk factors",)
SAVED = "share of lost GDP saved"
WALES = ("wales", "published estimate")
ABOUT = (
    "ACEs (adverse childhood experiences) by authority, the GDP lost to ten conditions that they raise, what fewer "
    "would save, and the speculative cost of ACEs over years.",
    "Costs follows the published rules from published figures. Conditions, DALYs and Lost GDP rebuild what is not "
    "published from relative risks and rates that are assumed or recalled: see the grade and status of each row.",
    "Savings sets three rules for who has fewer ACEs beside each other. Two of them need equations solved: the steps "
    "of Newton's method stand in People and Risks, live; a check that is not 0 says that none was found.",
)


def ace_costs_workbook(tables: Tables, question: Question) -> bytes:
    """Write the ACE cost model at central numbers as a workbook of live formulas, all authorities side by side.

    Parameters
    ----------
    question : its reduction, inflation, growth and years; authorities, draws and seed change nothing here

    Raises
    ------
    InputError
        If openpyxl is missing.
    """
    book = new_book("The ACE cost model, live", ABOUT, tables)
    inputs_grid(book, input_rows(tables, question), tables)
    places = places_grid(book, tables)
    costs = costs_grid(book, tables, places)
    people = people_grid(book)
    burden = conditions_grid(book, tables, people)
    dalys = dalys_grid(book, places, burden)
    lost_grid(book, places, burden, dalys)
    risks = risks_grid(book, list(conditions(tables)), people, lambda row: burden.at(row, RISKS["relative_risk_2"]))
    savings_grid(book, costs, burden, falls_grid(book, people, burden, risks))
    return workbook_bytes(book)


def input_rows(tables: Tables, question: Question) -> list[Number]:
    """List the numbers that belong to no authority and no condition, by short names that formulas use."""
    asked = {
        "published_figures.reduction_in_aces.all.value": question.reduction,
        "published_figures.inflation.all.value": question.inflation,
        "published_figures.growth_in_aces.all.value": question.growth,
        "ace_cost_numbers.years.value": question.years,
    }
    names = {
        **{name: name.split(".")[1] for name in asked},
        "ace_cost_numbers.years.value": "cost_years",
        "published_figures.aces_per_person_with_two_or_more.uk.value": "aces_per_person",
        "published_figures.saved_if_aces_down_10_percent.wales.value": "wales_saved",
        "published_figures.annual_cost_of_aces.wales.value": "wales_cost",
    }
    own = [name for name in tables.numbers if name.startswith("ace_cost_numbers.")]
    names |= {name: name.split(".")[1] for name in own if name not in names}
    return [chosen(replace(tables.numbers[name], name=short), asked.get(name)) for name, short in names.items()]


def chosen(number: Number, value: float | None) -> Number:
    """Set an input to what the user asked for, and say so where it is not the published one."""
    if value is None or value == number.value:
        return number
    note = f"chosen for this workbook; in the tables: {number.value:g}"
    return replace(number, value=value, source="chosen", grade="assumption", note=note)


def places_grid(book: "Workbook", tables: Tables) -> Grid:
    """Write each authority's residents, GDP a head, and published ACEs and lost GDP."""
    rows = tables.rows["ace_cost_places"]
    about = "GDP a head is that of 2019; ACEs of the population and lost GDP [GBP million a year] as published."
    columns = ["title", RESIDENTS, HEAD, ACES, LOST, "note"]
    made = grid(book, "Places", about, ["authority"], [(row.authority,) for row in rows], columns)
    for row in rows:
        key = (row.authority,)
        made.put(key, "title", row.title)
        made.put(key, RESIDENTS, row.population, "#,##0", given=True)
        made.put(key, HEAD, row.value, "#,##0", given=True)
        made.put(key, "note", row.note)
        for column, name, form in ((ACES, "aces", "#,##0"), (LOST, "gdp_lost", MONEY)):
            said = figure(tables, name, row.authority)
            if said is not None:
                made.put(key, column, said, form, given=True)
    return made


def costs_grid(book: "Workbook", tables: Tables, places: Grid) -> Grid:
    """Write what follows from the published figures by the published rules, and what was published beside it."""
    rows = [
        row for row in places.rows if all(figure(tables, name, row[0]) is not None for name in ("aces", "gdp_lost"))
    ]
    terms = {"one term fewer": "(cost_years-1)", "all terms": "cost_years"}
    sums = {name: f"sum of growth, {name}" for name in terms}
    costs = {name: f"cost over the years, {name} [GBP]" for name in terms}
    said = {
        "saved_if_aces_down_10_percent": "published saving, 10% fewer",
        "speculative_annual_cost": "published yearly cost",
        "speculative_ten_year_cost": "published ten-year cost",
    }
    share, saved, yearly = "implied share with 2+ ACEs", "saved [GBP million a year]", "yearly cost [GBP]"
    columns = [ACES, share, LOST, saved, yearly, *sums.values(), *costs.values(), *said.values()]
    about = "The published ten-year cost is the yearly one times a sum of nine terms; ten stand beside it."
    made = grid(book, "Costs", about, ["authority"], rows, columns)
    factor = "((1+growth_in_aces)*(1+inflation))"
    for row in rows:
        made.formula(row, ACES, places.at(row, ACES), "#,##0")
        made.formula(row, share, f"{made.at(row, ACES)}/({places.at(row, RESIDENTS)}*aces_per_person)", SHARE)
        made.formula(row, LOST, places.at(row, LOST), MONEY)
        made.formula(row, saved, f"{made.at(row, LOST)}*reduction_in_aces", MONEY)
        made.formula(row, yearly, f"{made.at(row, ACES)}*cost_per_ace", "#,##0")
        for name, count in terms.items():
            made.formula(row, sums[name], f"IF({factor}=1,{count},({factor}^{count}-1)/({factor}-1))", SHARE)
            made.formula(row, costs[name], f"{made.at(row, yearly)}*{made.at(row, sums[name])}", "#,##0")
        for name, column in said.items():
            value = figure(tables, name, row[0])
            if value is not None:
                made.put(row, column, value, MONEY if value < MILLION else "#,##0")
    return made


def conditions_grid(book: "Workbook", tables: Tables, people: Grid) -> Grid:
    """Write relative risks and burden by condition, and the fraction and DALYs that are due to ACEs."""
    columns = [*RISKS.values(), RATE, DISEASE, EXCESS, FRACTION, DUE, "note"]
    about = (
        "Excess risk x sums share x (relative risk - 1) over people with 1 and with 2+ ACEs; the fraction is x/(1+x)."
    )
    burdens = conditions(tables)
    made = grid(book, "Conditions", about, ["condition"], [(name,) for name in burdens], columns)
    one, middle, most = (people.at((name,), "value") for name in SHARES[1:])
    for name, burden in burdens.items():
        row = (name,)
        for source, column in {**RISKS, burden: RATE}.items():
            number = tables.numbers[f"ace_cost_conditions.{name}.{source}.value"]
            made.put(row, column, number.value, FREE, given=True)
            made.put(row, "note", f"{number.grade}, {number.status}: {number.note}")
        made.put(row, DISEASE, 0 if name in risk_factors(tables) else 1)
        at_one, at_two = (f"({made.at(row, column)}-1)" for column in RISKS.values())
        made.formula(row, EXCESS, f"{one}*{at_one}+({middle}+{most})*{at_two}", SHARE)
        made.formula(row, FRACTION, f"{made.at(row, EXCESS)}/(1+{made.at(row, EXCESS)})", SHARE)
        made.formula(row, DUE, f"{made.at(row, FRACTION)}*{made.at(row, RATE)}", MONEY)
    return made


def dalys_grid(book: "Workbook", places: Grid, burden: Grid) -> Grid:
    """Write the DALYs a year that are due to ACEs, by condition and authority."""
    names = [name for (name,) in places.rows]
    made = grid(book, "DALYs", "DALYs a year due to ACEs.", ["condition"], list(burden.rows), names)
    for row in burden.rows:
        for name in names:
            made.formula(row, name, f"{burden.at(row, DUE)}*{places.at((name,), RESIDENTS)}/{PER}", COUNT)
    return made


def lost_grid(book: "Workbook", places: Grid, burden: Grid, dalys: Grid) -> Grid:
    """Write the GDP lost a year to what ACEs cause, by condition and authority, and two sums."""
    rows = list(burden.rows)
    names = [name for (name,) in places.rows]
    about = "Lost GDP [GBP million a year] = DALYs x GDP a head. Risk factors overlap the diseases that they cause."
    made = grid(book, "Lost GDP", about, ["condition"], [*rows, TOTAL, WITHOUT], names)
    for name in names:
        for row in rows:
            made.formula(row, name, f"{dalys.at(row, name)}*{places.at((name,), HEAD)}/{MILLION:.0f}", MONEY)
        cells = made.down(name, rows)
        made.formula(TOTAL, name, f"SUM({cells})", MONEY)
        made.formula(WITHOUT, name, f"SUMPRODUCT({burden.down(DISEASE, rows)},{cells})", MONEY)
    return made


def falls_grid(book: "Workbook", people: Grid, burden: Grid, risks: Grid) -> Grid:
    """Write by how much each rule lowers excess risk, and the DALYs that this saves by each way to count."""
    saved = [f"{rule}, {count}" for rule in RULES for count in COUNTS]
    about = "Excess risk falls from x to x'. Saved DALYs per 100,000: the burden falls, or it is held fixed."
    made = grid(book, "Falls", about, ["condition"], list(burden.rows), [*RULES, *saved])
    for row in burden.rows:
        x, rate = burden.at(row, EXCESS), burden.at(row, RATE)
        for rule, formula in fall_formulas(people, burden, risks, row).items():
            made.formula(row, rule, formula, SHARE)
            fall = made.at(row, rule)
            made.formula(row, f"{rule}, burden_falls", f"{rate}*{fall}/(1+{x})", MONEY)
            made.formula(row, f"{rule}, burden_fixed", f"{rate}*({x}/(1+{x})-({x}-{fall})/(1+{x}-{fall}))", MONEY)
    return made


def fall_formulas(people: Grid, burden: Grid, risks: Grid, row: Key) -> dict[str, str]:
    """Give the fall of excess risk by each rule."""

    def share(name: str) -> str:
        return people.at((name,), "value")

    risk_1, risk_2 = (burden.at(row, column) for column in RISKS.values())
    none, one, middle, most = (share(name) for name in (*SHARES[:2], *FITTED))
    left = [share(name) for name in AFTER["most_first"]]
    now_none, now_one = (share(name) for name in AFTER["everyone"])
    return {
        "proportional": f"reduction_in_aces*{burden.at(row, EXCESS)}",
        "everyone": f"({one}-{now_one})*({risk_1}-1)+({now_none}+{now_one}-{none}-{one})*({risk_2}-1)",
        "most_first": (
            f"({one}-{left[1]})*({risk_1}-1)+({middle}-{left[2]})*({risks.at(row, RISK_2_3)}-1)"
            f"+({most}-{left[3]})*({risks.at(row, RISK_4)}-1)"
        ),
    }


def savings_grid(book: "Workbook", costs: Grid, burden: Grid, falls: Grid) -> Grid:
    """Write the share of lost GDP saved by each rule and way to count, and what that is of the published figure."""
    rows: list[Key] = [(rule, count) for rule in RULES for count in COUNTS]
    names = [name for (name,) in costs.rows]
    about = (
        "Saved of the published lost GDP [GBP million a year]; proportional with burden_falls is the published rule."
    )
    made = grid(book, "Savings", about, ["rule", "count"], [*rows, WALES], [SAVED, *names])
    conditions_rows = list(burden.rows)
    for row in rows:
        due = f"SUM({burden.down(DUE, conditions_rows)})"
        made.formula(row, SAVED, f"SUM({falls.down(', '.join(row), conditions_rows)})/{due}", SHARE)
        for name in names:
            made.formula(row, name, f"{made.at(row, SAVED)}*{costs.at((name,), LOST)}", MONEY)
    made.formula(WALES, SAVED, "wales_saved/wales_cost", SHARE)
    return made
