"""Write the rebuilt ACE cost model for machines: JSON with everything, CSV with a row an authority."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

import pandas as pd

from experiments.files import PRODUCT, csv_bytes, json_value
from experiments.origin import commit, installed
from experiments.published.ace_answer import Answer, Place
from experiments.published.ace_burden import TABLES
from experiments.published.ace_costs import published_terms
from experiments.published.ace_savings import COUNTS, RULES
from experiments.published.ace_screen import closing, detailed, found, plural
from experiments.screen import NOT_FOR_INDIVIDUALS
from simulation.inputs import Tables

MONEY = "GBP million a year"
PUBLISHED_RULE = ("proportional", "burden_falls")


def hashes(tables: Tables) -> dict[str, str]:
    """Give the hash of every table that the model reads."""
    return {f"{name}.csv": tables.hashes[f"{name}.csv"] for name in sorted(TABLES)}


def one_hash(tables: Tables) -> str:
    """Give one hash of all tables that the model reads."""
    return hashlib.sha256("".join(f"{value}  {name}\n" for name, value in hashes(tables).items()).encode()).hexdigest()


def settings(answer: Answer, tables: Tables) -> dict[str, object]:
    """List what makes the answer again, and by what it was made."""
    asked = answer.question
    one = f" --authority {asked.authorities[0]}" if len(asked.authorities) == 1 else ""
    return {
        "version": installed("wellheld"),
        "commit": commit(),
        "command": (
            f"wellheld published ace-costs{one} --reduction {asked.reduction!r} --inflation {asked.inflation!r} "
            f"--growth {asked.growth!r} --years {asked.years} --draws {asked.draws} --seed {asked.seed}"
        ),
        **asdict(asked),
        "tables": hashes(tables),
        "tables_hash": one_hash(tables),
    }


def as_json(answer: Answer, tables: Tables) -> str:
    """Write everything as JSON; a figure that is not there is null."""
    rules = answer.rules
    said = {
        "product": PRODUCT,
        "model": "ace_costs",
        "not_for": NOT_FOR_INDIVIDUALS,
        "settings": settings(answer, tables),
        "places": [place_facts(answer, place) for place in answer.places],
        "savings": {
            "reduction": answer.question.reduction,
            "share_of_lost_gdp": nested({key: band._asdict() for key, band in rules.shares.items()}),
            "relative_risks_as_published_from_those_with_most_first": rules.unparted,
            "largest_reduction_from_four_or_more_alone": rules.first_rung,
            "fitted_distribution": rules.counts._asdict(),
            "shares_surveyed": dict(zip(("0", "1", "2_3", "4_or_more"), rules.surveyed, strict=True)),
            "shares_before": dict(zip(("0", "1", "2_3", "4_or_more"), rules.before, strict=True)),
            "shares_after_for_everyone": dict(zip(("0", "1", "2_or_more"), rules.after_for_everyone, strict=True)),
            "shares_after_from_those_with_most_first": dict(
                zip(("0", "1", "2_3", "4_or_more"), rules.after_from_the_most, strict=True)
            ),
        },
        "benchmark_wales": {
            "saved": answer.benchmark.saved,
            "cost": answer.benchmark.cost,
            "share": answer.benchmark.share,
            "reduction": answer.benchmark.reduction,
            "share_of_lost_gdp": nested(answer.benchmark.shares),
        },
        "implied_share": asdict(answer.common),
        "cost_fit": asdict(answer.fit),
        "numbers": answer.numbers,
        "recalled": answer.recalled,
        "drawn": answer.drawn,
        "found": found(answer, detailed(answer)),
        "notes": closing(answer),
    }
    return json.dumps(rounded(said), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def nested(shares: dict[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
    """Set shares by rule, and within it by way to count."""
    return {name: {count: shares[name, count] for count in COUNTS} for name in RULES}


def rounded(data: Any) -> Any:
    """Round every number within as the CSV does; JSON knows no NaN."""
    if isinstance(data, dict):
        return {name: rounded(each) for name, each in data.items()}
    if isinstance(data, list | tuple):
        return [rounded(each) for each in data]
    return json_value(data)


def place_facts(answer: Answer, place: Place) -> dict[str, Any]:
    """Give everything about one authority."""
    return {
        "authority": place.authority,
        "title": place.title,
        "population": place.population,
        "gdp_per_head": place.gdp_per_head,
        "aces": place.aces,
        "implied_share": place.implied_share,
        "gdp_lost": place.gdp_lost,
        "gdp_lost_share_of_gdp": place.gdp_lost / place.gdp,
        "rebuilt": place.rebuilt._asdict(),
        "rebuilt_share_of_gdp": place.rebuilt.value / place.gdp,
        "ratio": {name: value / place.gdp_lost for name, value in place.rebuilt._asdict().items()},
        "rebuilt_without_risk_factors": place.rebuilt_without._asdict(),
        "ratio_without_risk_factors": place.rebuilt_without.value / place.gdp_lost,
        "saved": place.saved,
        "saved_by_rule": nested({key: share.value * place.gdp_lost for key, share in answer.rules.shares.items()}),
        "yearly_cost": place.yearly_cost,
        "ten_year_cost_published_rule": place.cost_published_rule,
        "ten_year_cost_ten_terms": place.cost_all_terms,
        "published_yearly_cost": place.published_yearly,
        "published_ten_year_cost": place.published_ten_years,
        "conditions": [
            {
                "condition": burden.condition,
                "risk_factor": burden.condition in answer.risk_factors,
                **{
                    name: getattr(burden, name)._asdict()
                    for name in ("risk_1", "risk_2", "fraction", "dalys", "lost_gdp")
                },
            }
            for burden in place.burdens
        ],
    }


def as_csv(answer: Answer, tables: Tables) -> bytes:
    """Write a row an authority, each column with its unit, and by what it was made."""
    made = settings(answer, tables)
    return csv_bytes(pd.DataFrame([row(answer, place, made) for place in answer.places]))


def row(answer: Answer, place: Place, made: dict[str, object]) -> dict[str, object]:
    """Give the cells of one authority."""
    asked = answer.question
    fewer = plural(published_terms(asked.years), "term")
    over = f"GBP over {plural(asked.years, 'year')}: "
    return {
        "authority [name]": place.authority,
        "aces [ACEs in the population]": place.aces,
        f"gdp_lost [{MONEY}]": place.gdp_lost,
        f"saved [{MONEY}]": place.saved,
        "yearly_cost [GBP a year]": place.yearly_cost,
        f"ten_year_cost_published_rule [{over}{fewer}]": place.cost_published_rule,
        f"ten_year_cost_ten_terms [{over}{plural(asked.years, 'term')}]": place.cost_all_terms,
        "published_yearly_cost [GBP a year]": place.published_yearly,
        "published_ten_year_cost [GBP over ten years]": place.published_ten_years,
        "implied_share_with_two_or_more [share of residents]": place.implied_share,
        f"gdp_lost_rebuilt [{MONEY}]": place.rebuilt.value,
        f"gdp_lost_rebuilt_low_95 [{MONEY}]": place.rebuilt.low,
        f"gdp_lost_rebuilt_high_95 [{MONEY}]": place.rebuilt.high,
        "rebuilt_over_published [ratio]": place.rebuilt.value / place.gdp_lost,
        f"gdp_lost_rebuilt_without_risk_factors [{MONEY}]": place.rebuilt_without.value,
        **{
            f"saved_{name}_{count} [{MONEY}]": share.value * place.gdp_lost
            for (name, count), share in answer.rules.shares.items()
            if (name, count) != PUBLISHED_RULE
        },
        **{
            f"{name} [{unit}]": getattr(asked, name)
            for name, unit in (
                ("reduction", "share"),
                ("inflation", "per year"),
                ("growth", "per year"),
                ("years", "years"),
                ("draws", "draws"),
                ("seed", "number"),
            )
        },
        "version [wellheld]": made["version"],
        "commit [git]": made["commit"],
        "tables [sha256]": made["tables_hash"],
    }
