"""Set the model's stocks, flows and durations beside the statutory returns: nothing is fitted by machine."""

from typing import Any

import numpy as np
import pandas as pd

from agents.names import Count, Ever, Flow, Standing
from simulation.build import authority_names, event_names, service_names
from simulation.cohort import Life
from simulation.inputs import Tables

BANDS = ("under_3_months", "3_to_6_months", "6_to_12_months", "1_to_2_years", "2_years_or_more")
PRIMARY, SECONDARY = slice(5, 11), slice(11, 16)


def indicators(tables: Tables, life: Life, places: list[str]) -> dict[str, float]:
    """Work out, for the cohort's childhood in some places, what the statutory returns publish.

    A cohort followed from 0 to 17 stands for the children aged 0-17 of one day: sums over its years
    are set against rates of the resident children.
    """
    rows = [authority_names(tables).index(place) for place in places]
    book = life.ledger
    flows = book.flows[:, rows].sum(axis=1)
    children = flows[:, Flow.CHILDREN_AT_31_MARCH]
    years = children.sum()
    stock = dict(zip(service_names(tables), book.stock[:, rows].sum(axis=1).T, strict=True))
    total = dict(zip((flow.name for flow in Flow), flows.sum(axis=0), strict=True))
    placed = {row.service for row in tables.rows["services"] if row.tier == "looked_after"}
    looked_after = sum(stock[name].sum() for name in placed)
    in_need, plans = book.open_in_need[:, rows].sum(axis=(0, 1)), book.open_plans[:, rows].sum(axis=(0, 1))
    ended = book.ended_plans[:, rows].sum(axis=(0, 1))
    found = {
        "referral_rate": 1e4 * total["REFERRALS"] / years,
        "rereferral_share": total["REREFERRALS"] / total["REFERRALS"],
        "assessed_not_in_need_share": total["ASSESSED_NOT_IN_NEED"] / total["REFERRALS"],
        "child_in_need_rate": 1e4 * in_need.sum() / years,
        "child_in_need_starts_rate": 1e4 * total["IN_NEED_STARTED"] / years,
        "child_in_need_any_point_share": (in_need.sum() + total["IN_NEED_ENDED"]) / years,
        "child_protection_plan_rate": 1e4 * plans.sum() / years,
        "repeat_plan_share": total["REPEAT_PLANS"] / total["PLANS_STARTED"],
        "looked_after_rate": 1e4 * looked_after / years,
        "looked_after_starting_rate": 1e4 * total["LOOKED_AFTER_STARTED"] / years,
        "plan_ending_2_years_or_more": ended[-1] / ended.sum(),
        "looked_after_ceasing_rate": 1e4 * (total["LOOKED_AFTER_CEASED"] + grown(life, rows)) / years,
        "three_or_more_placements_share": total["THREE_OR_MORE_PLACEMENTS"] / looked_after,
        "foster_share": (stock["foster_care"] + stock["kinship_care"]).sum() / looked_after,
        "residential_share": stock["childrens_home"].sum() / looked_after,
        "with_parents_share": stock["placed_with_parents"].sum() / looked_after,
        "semi_independent_share": stock["semi_independent"].sum() / looked_after,
    }
    for band, name in enumerate(BANDS):
        found[f"cin_open_{name}"] = in_need[band] / in_need.sum()
        found[f"cpp_open_{name}"] = plans[band] / plans.sum()
    return found | schooling(tables, life, rows, children, stock) | ever(life, rows)


def grown(life: Life, rows: list[int]) -> int:
    """Count those who left care by turning 18."""
    people = life.children[np.isin(life.children["authority"], rows)]
    return int((people["ever"] >> Ever.LEFT_CARE_AT_18 & 1).sum())


def schooling(tables: Tables, life: Life, rows: list[int], children: Any, stock: dict[str, Any]) -> dict[str, float]:
    """Work out absence, suspension, exclusion, special educational needs, NEET and youth justice."""
    happened = dict(zip(event_names(tables), life.ledger.events[:, rows].sum(axis=1).T, strict=True))
    flows = life.ledger.flows[:, rows].sum(axis=1)
    pupils = children[5:16].sum()
    found = {
        "sen_support_share": stock["sen_support"][5:16].sum() / pupils,
        "education_health_care_plan_share": stock["ehc_plan"][5:16].sum() / pupils,
        "not_in_education_16_17": stock["not_in_education"][16:18].sum() / children[16:18].sum(),
        "elective_home_education_share": stock["elective_home_education"][5:16].sum() / pupils,
        "missing_education_share": stock["missing_education"][5:16].sum() / pupils,
        "youth_justice_first_entrants": 1e5 * flows[10:18, Flow.YOUTH_JUSTICE_ENTRANTS].sum() / children[10:18].sum(),
    }
    for phase, ages in (("primary", PRIMARY), ("secondary", SECONDARY)):
        here = children[ages].sum()
        found[f"suspended_{phase}"] = happened["suspended"][ages].sum() / here
        found[f"persistent_absence_{phase}"] = happened["persistent_absence"][ages].sum() / here
        found[f"severe_absence_{phase}"] = stock["severe_absence"][ages].sum() / here
        found[f"permanent_exclusion_{phase}"] = flows[ages, Flow.PERMANENT_EXCLUSIONS].sum() / here
    return found


def ever(life: Life, rows: list[int]) -> dict[str, float]:
    """Work out shares ever in a service by 18, the ACE count, and child deaths by deprivation."""
    people = life.children[np.isin(life.children["authority"], rows)]

    def share(bit: int) -> float:
        return float((people["ever"] >> bit & 1).mean())

    found = {
        "ever_referred": share(Ever.REFERRED),
        "ever_assessed": share(Ever.REFERRED),  # in the model every referral is assessed
        "ever_child_in_need": share(Ever.ASSESSED_IN_NEED),
        "ever_child_protection_plan": share(Ever.CHILD_PROTECTION_PLAN),
        "ever_looked_after": share(Ever.LOOKED_AFTER),
        "child_in_need_by_5": share(Ever.IN_NEED_BY_5),
        "aces_0": float((people["aces"] == 0).mean()),
        "aces_1": float((people["aces"] == 1).mean()),
        "aces_2_3": float(np.isin(people["aces"], (2, 3)).mean()),
        "aces_4_plus": float((people["aces"] >= 4).mean()),
    }
    young = (people["died"] >= 0) & (people["died"] < 18 * 365)
    for word, decile in (("most", 0), ("least", 9)):
        there = people["decile"] == decile
        if there.any():
            found[f"child_death_rate_{word}_deprived"] = 1e5 * float(young[there].mean()) / 18
    return found


def adult_indicators(tables: Tables, life: Life, places: list[str]) -> dict[str, float]:
    """Work out what is published of young and adult life; a cohort's year is its age."""
    rows = [authority_names(tables).index(place) for place in places]
    count, alive = life.ledger.adult[:, rows].sum(axis=1), life.ledger.alive[:, rows].sum(axis=1)
    people = life.children[np.isin(life.children["authority"], rows)]
    women = people[people["sex"] == 1]
    mothers = float((women["standing"] >> Standing.EARLY_PARENT & 1).sum())

    def part(column: int, of: Any, first: int, last: int) -> float:
        return float(count[first : last + 1, column].sum() / max(1, of[first : last + 1].sum()))

    leavers = count[:, Count.CARE_LEAVERS]
    return {
        "level_2_at_16": part(Count.LEVEL_2, alive, 16, 16),
        "level_2_by_19": float(count[16:18, Count.LEVEL_2].sum() / max(1, alive[19])),
        "level_3_by_19": part(Count.LEVEL_3, alive, 19, 19),
        "births_under_20": 1e3 * mothers * len(people) / max(1, len(women) * alive[15:20].sum()),
        "neet_18_24": part(Count.NEET, alive, 18, 24),
        **{
            f"in_work_{first}_{last}": part(Count.EMPLOYED, alive, first, last)
            for first, last in ((18, 24), (25, 34), (35, 49), (50, 64))
        },
        "care_leavers_in_education_or_work": 1.0 - part(Count.CARE_LEAVERS_NEET, leavers, 19, 21),
        "care_leavers_in_touch": part(Count.CARE_LEAVERS_IN_TOUCH, leavers, 19, 21),
    }


def compare(tables: Tables, life: Life, place: str, places: list[str]) -> pd.DataFrame:
    """Set the model beside the data of a place; adult life too, where it was followed.

    Returns
    -------
    columns place, indicator, title, unit, year, data, model, ratio
    """
    found, listed = indicators(tables, life, places), tables.rows["indicators"]
    if life.ledger.adult.any():
        found, listed = found | adult_indicators(tables, life, places), [*listed, *tables.rows["adult_indicators"]]
    rows = [row for row in listed if row.authority == place and row.indicator in found]
    table = pd.DataFrame(
        {
            "place": place,
            "indicator": [row.indicator for row in rows],
            "title": [row.title for row in rows],
            "unit": [row.unit for row in rows],
            "year": [row.year for row in rows],
            "data": [row.value for row in rows],
            "model": [float(found[row.indicator]) for row in rows],
        }
    )
    table["ratio"] = table["model"] / table["data"]
    return table
