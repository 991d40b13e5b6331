"""The ACE cost model's workbook, worked out by another program, cell by cell against Python."""

import dataclasses
from pathlib import Path

import pytest
from recompute import Sheets, change, check_numbers, check_plain, close, recompute

from experiments.published import ace_costs, ace_savings
from experiments.published.ace_answer import Answer
from experiments.published.ace_burden import attributable, conditions, excess_now, inputs
from experiments.published.ace_workbook import ace_costs_workbook
from experiments.published.inputs import figure, load_published
from experiments.published.workbook import write_workbook
from simulation.inputs import Tables

pytestmark = pytest.mark.slow  # a workbook is recomputed by another program

TABLES = load_published()
QUESTION = ace_costs.ask(TABLES, ace_costs.authorities(TABLES), None, None, None, None, 8, 1)
LARGE = dataclasses.replace(QUESTION, reduction=0.9, inflation=0.0, growth=0.0, years=7)
"""So many fewer that the last step down is reached; growth that makes every term of the sum 1."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workbooks")


@pytest.fixture(scope="module")
def ace(folder: Path) -> Sheets:
    write_workbook(ace_costs_workbook(TABLES, QUESTION), folder / "ace.xlsx")
    return recompute(folder / "ace.xlsx")


@pytest.fixture(scope="module")
def ace_changed(folder: Path) -> Sheets:
    write_workbook(ace_costs_workbook(TABLES, LARGE), folder / "ace_large.xlsx")
    typed = {("Inputs", "survey_weight", "value"): 0.5, ("Conditions", "obesity", "relative risk at 2+ ACEs"): 0.9}
    return recompute(change(folder / "ace_large.xlsx", folder / "ace_changed.xlsx", typed))


@pytest.fixture(params=["ace", "ace_changed"])
def ace_case(request: pytest.FixtureRequest) -> tuple[Sheets, Answer, Tables]:
    """Give an ACE workbook worked out, and Python's answer: as made, and with other values typed into cells."""
    sheets = request.getfixturevalue(request.param)
    if request.param == "ace":
        return sheets, ace_costs.rebuild(TABLES, QUESTION), TABLES
    tables = retyped(
        {"ace_cost_numbers.survey_weight.value": 0.5, "ace_cost_conditions.obesity.relative_risk_2.value": 0.9}
    )
    return sheets, ace_costs.rebuild(tables, LARGE), tables


def retyped(values: dict[str, float]) -> Tables:
    """Give the tables with other central numbers."""
    numbers = {name: dataclasses.replace(TABLES.numbers[name], value=value) for name, value in values.items()}
    return dataclasses.replace(TABLES, numbers={**TABLES.numbers, **numbers})


def test_ace_costs(ace_case: tuple[Sheets, Answer, Tables]) -> None:
    sheets, answer, tables = ace_case
    assert [place.authority for place in answer.places] == list(QUESTION.authorities)
    for place in answer.places:
        expected = {
            "ACEs, published": place.aces,
            "implied share with 2+ ACEs": place.implied_share,
            "lost GDP, published": place.gdp_lost,
            "saved [GBP million a year]": place.saved,
            "yearly cost [GBP]": place.yearly_cost,
            "cost over the years, one term fewer [GBP]": place.cost_published_rule,
            "cost over the years, all terms [GBP]": place.cost_all_terms,
        }
        for column, value in expected.items():
            close(sheets["Costs"][place.authority, column], value)
        said = figure(tables, "speculative_annual_cost", place.authority)
        assert sheets["Costs"].get((place.authority, "published yearly cost")) == said


def test_ace_conditions(ace_case: tuple[Sheets, Answer, Tables]) -> None:
    sheets, answer, tables = ace_case
    given = inputs(tables, tables.values())
    assert {key[0] for key in sheets["Conditions"]} == set(conditions(tables))
    for at, name in enumerate(conditions(tables)):
        close(sheets["Conditions"][name, "excess risk x"], excess_now(given)[at])
        due = attributable(excess_now(given))[at] * given.daly_rate[at]
        close(sheets["Conditions"][name, "DALYs per 100,000 due to ACEs"], due)
    for place in answer.places:
        for burden in place.burdens:
            close(sheets["Conditions"][burden.condition, "fraction due to ACEs"], burden.fraction.value)
            close(sheets["DALYs"][burden.condition, place.authority], burden.dalys.value)
            close(sheets["Lost GDP"][burden.condition, place.authority], burden.lost_gdp.value)
        close(sheets["Lost GDP"]["all", place.authority], place.rebuilt.value)
        close(sheets["Lost GDP"]["all without risk factors", place.authority], place.rebuilt_without.value)


def test_ace_people(ace_case: tuple[Sheets, Answer, Tables]) -> None:
    sheets, answer, tables = ace_case
    rules, people = answer.rules, {key[0]: value for key, value in sheets["People"].items() if key[-1] == "value"}
    names = [f"share_with_{name}" for name in ("0", "1", "2_3", "4")]
    after = [f"with_{name}_if_most_first" for name in ("0", "1", "2_3", "4")]
    means = ace_savings.class_means(rules.counts)
    expected = {
        **dict(zip(names, rules.surveyed, strict=True)),
        **dict(zip(("fitted_2_3", "fitted_4"), rules.before[2:], strict=True)),
        **dict(zip(after, rules.after_from_the_most, strict=True)),
        "none_if_everyone": rules.after_for_everyone[0],
        "one_if_everyone": rules.after_for_everyone[1],
        "mean": rules.counts.mean,
        "shape": rules.counts.shape,
        "mean_2_3": means[2],
        "mean_4": means[3],
    }
    for name, value in expected.items():
        close(people[name], value)
    middle, most = ace_savings.parted(inputs(tables, tables.values()))
    for at, name in enumerate(conditions(tables)):
        close(sheets["Risks"][name, "relative risk at 2 or 3"], middle[at])
        close(sheets["Risks"][name, "relative risk at 4+"], most[at])
    checks = [people["check"], *(value for key, value in sheets["Risks"].items() if key[-1] == "check")]
    assert checks == pytest.approx([0] * len(checks), abs=1e-12)


def test_ace_savings(ace_case: tuple[Sheets, Answer, Tables]) -> None:
    sheets, answer, tables = ace_case
    given = inputs(tables, tables.values())
    for rule, said in ace_savings.RULES.items():
        fall = said.fall(given, answer.question.reduction)
        for at, name in enumerate(conditions(tables)):
            close(sheets["Falls"][name, rule], fall[at])
    assert len(answer.rules.shares) == len(ace_savings.RULES) * len(ace_savings.COUNTS)
    for (rule, count), share in answer.rules.shares.items():
        close(sheets["Savings"][rule, count, "share of lost GDP saved"], share.value)
        for place in answer.places:
            close(sheets["Savings"][rule, count, place.authority], share.value * place.gdp_lost)
    close(sheets["Savings"]["wales", "published estimate", "share of lost GDP saved"], answer.benchmark.share)


def test_an_input_that_the_user_chose_is_not_called_published(ace_changed: Sheets, ace: Sheets) -> None:
    assert ace["Inputs"]["reduction_in_aces", "grade"] == "published"
    assert ace_changed["Inputs"]["reduction_in_aces", "grade"] == "assumption"
    assert "0.1" in ace_changed["Inputs"]["reduction_in_aces", "note"]


def test_every_formula_comes_to_a_number(ace: Sheets, ace_changed: Sheets) -> None:
    check_numbers(ace)
    check_numbers(ace_changed)


@pytest.mark.usefixtures("ace")
def test_a_workbook_is_plain(folder: Path) -> None:
    check_plain(folder / "ace.xlsx")
