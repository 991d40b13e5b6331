"""Sheets of the ACE workbook that solve equations: people by number of ACEs, now and after, and parted risks.

Both equations have one solution, to which Newton's method falls from the side where it begins.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from experiments.published.ace_burden import CLASSES
from experiments.published.workbook import SHARE, Grid, Key, grid

if TYPE_CHECKING:
    from openpyxl import Workbook

STEPS = 12
"""Steps of Newton's method; six or seven suffice for the shares of the surveys."""
SHARES = [f"share_with_{name}" for name in CLASSES]
AFTER = {
    "everyone": ["none_if_everyone", "one_if_everyone"],
    "most_first": [f"with_{name}_if_most_first" for name in CLASSES],
}
FITTED = ("fitted_2_3", "fitted_4")
"""Rows of the fitted people with two or three, and with four or more."""
RISK_2_3, RISK_4, CHECK = "relative risk at 2 or 3", "relative risk at 4+", "check"


def people_grid(book: "Workbook") -> Grid:
    """Write people by their number of ACEs: surveyed, as a negative binomial, and after each rule."""
    formulas = {**survey(), **solved(), **thinned(), **ladder()}
    about = "Each row is a formula on rows above it and on Inputs; the words say what it is."
    rows: dict[str, Key] = {name: (name,) for name in formulas}
    made = grid(book, "People", about, ["name"], list(rows.values()), ["value", "what"])
    cells = {name: made.at(row, "value") for name, row in rows.items()}
    for name, (formula, what) in formulas.items():
        made.formula(rows[name], "value", formula.format_map(cells), SHARE)
        made.put(rows[name], "what", what)
    return made


Formulas = dict[str, tuple[str, str]]
"""By name: a formula in which {name} calls another row, and what it is."""


def survey() -> Formulas:
    """Mix the two surveys."""
    return {
        share: (f"(1-survey_weight)*share_{name}+survey_weight*wales_share_{name}", f"adults by ACEs: {name}")
        for share, name in zip(SHARES, CLASSES, strict=True)
    }


def solved() -> Formulas:
    """Fit the negative binomial with the surveyed shares of none and one: LN(1-q)/q = level."""
    first = "level of the equation LN(1-q)/q = level; below -1, or no negative binomial fits"
    found: Formulas = {
        "ratio": (f"{{{SHARES[1]}}}/{{{SHARES[0]}}}", "people with one over people with none"),
        "level": (f"LN({{{SHARES[0]}}})/{{ratio}}", first),
        "q_0": ("1-EXP({level})", "where Newton's method begins"),
    }
    for step in range(1, STEPS + 1):
        q = f"{{q_{step - 1}}}"
        found[f"q_{step}"] = (f"{q}+(LN(1-{q})-{{level}}*{q})/(1/(1-{q})+{{level}})", f"step {step}")
    q = f"{{q_{STEPS}}}"
    return {
        **found,
        CHECK: (f"LN(1-{q})/{q}-{{level}}", "0 where the equation is solved"),
        "mean": (f"{{ratio}}/(1-{q})", "mean ACEs a person"),
        "shape": (f"{{ratio}}/{q}", "shape of the distribution"),
        "two": (f"{{{SHARES[1]}}}*({{shape}}+1)/2*{q}", "people with two, fitted"),
        "three": (f"{{two}}*({{shape}}+2)/3*{q}", "people with three, fitted"),
        "fitted_2_3": ("{two}+{three}", "people with two or three, fitted"),
        "fitted_4": (
            f"1-{{{SHARES[0]}}}-{{{SHARES[1]}}}-{{two}}-{{three}}",
            "people with four or more, fitted",
        ),
        "mean_2_3": ("(2*{two}+3*{three})/({two}+{three})", "mean ACEs of people with two or three, fitted"),
        "mean_4": (
            f"({{mean}}-{{{SHARES[1]}}}-2*{{two}}-3*{{three}})/(1-{{{SHARES[0]}}}-{{{SHARES[1]}}}-{{two}}-{{three}})",
            "mean ACEs of people with four or more, fitted",
        ),
    }


def thinned() -> Formulas:
    """Prevent every ACE with one probability: the mean falls by it and the shape stays."""
    none, one = AFTER["everyone"]
    return {
        "mean_if_everyone": ("{mean}*(1-reduction_in_aces)", "mean ACEs a person, fewer ACEs for everyone"),
        "q_if_everyone": ("{mean_if_everyone}/({mean_if_everyone}+{shape})", "the distribution's q then"),
        none: ("(1-{q_if_everyone})^{shape}", "people with none then"),
        one: (f"{{{none}}}*{{shape}}*{{q_if_everyone}}", "people with one then"),
    }


def ladder() -> Formulas:
    """Take the same ACEs away, first from people with the most: down one class at a time."""
    none, one = (f"{{{name}}}" for name in SHARES[:2])
    middle, most = "{fitted_2_3}", "{fitted_4}"
    after = dict(zip(CLASSES, AFTER["most_first"], strict=True))
    return {
        "fewer": (f"reduction_in_aces*({one}+{middle}*{{mean_2_3}}+{most}*{{mean_4}})", "ACEs a person to take away"),
        "down_from_4": (
            f"MIN({most},{{fewer}}/({{mean_4}}-{{mean_2_3}}))",
            "people who go from four or more to 2 or 3",
        ),
        "left_after_4": ("{fewer}-{down_from_4}*({mean_4}-{mean_2_3})", "ACEs a person that are left to take"),
        "down_from_2_3": (
            f"MIN({middle}+{{down_from_4}},{{left_after_4}}/({{mean_2_3}}-1))",
            "people who go from two or three to one",
        ),
        "left_after_2_3": ("{left_after_4}-{down_from_2_3}*({mean_2_3}-1)", "ACEs a person that are left to take"),
        "down_from_1": (f"MIN({one}+{{down_from_2_3}},{{left_after_2_3}})", "people who go from one to none"),
        after["0"]: (f"{none}+{{down_from_1}}", "people with none then"),
        after["1"]: (f"{one}+{{down_from_2_3}}-{{down_from_1}}", "people with one then"),
        after["2_3"]: (f"{middle}+{{down_from_4}}-{{down_from_2_3}}", "people with two or three then"),
        after["4"]: (f"{most}-{{down_from_4}}", "people with four or more then"),
    }


def risks_grid(book: "Workbook", conditions: list[str], people: Grid, risk: Callable[[Key], str]) -> Grid:
    """Part the relative risk at 2+ ACEs into that at 2 or 3 and that at 4+; their mean over people stays.

    Parameters
    ----------
    risk : calls the cell of a condition's relative risk at two or more ACEs
    """
    steps = [f"step {step}" for step in range(STEPS + 1)]
    about = (
        "L is the logarithm of the risk at 4+; that at 2 or 3 is split_2_3 of it; L solves: their mean is the class's."
    )
    made = grid(
        book, "Risks", about, ["condition"], [(name,) for name in conditions], [*steps, RISK_2_3, RISK_4, CHECK]
    )
    middle, most = (people.at((name,), "value") for name in FITTED)
    for row in made.rows:
        made.formula(row, steps[0], f"MAX(LN({risk(row)}),LN({risk(row)})/split_2_3)", SHARE)
        for before, after in pairwise(steps):
            level = made.at(row, before)
            two, four = f"{middle}*EXP(split_2_3*{level})", f"{most}*EXP({level})"
            gap = f"({two}+{four}-({middle}+{most})*{risk(row)})"
            made.formula(row, after, f"{level}-{gap}/(split_2_3*{two}+{four})", SHARE)
        made.formula(row, RISK_2_3, f"EXP(split_2_3*{made.at(row, steps[-1])})", SHARE)
        made.formula(row, RISK_4, f"EXP({made.at(row, steps[-1])})", SHARE)
        mean = f"({middle}*{made.at(row, RISK_2_3)}+{most}*{made.at(row, RISK_4)})/({middle}+{most})"
        made.formula(row, CHECK, f"{mean}-{risk(row)}", SHARE)
    return made
