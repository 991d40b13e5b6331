"""Show what the flow model answers: a screen, JSON for machines, the ledger as a table."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from experiments.files import PRODUCT, csv_bytes, json_value
from experiments.origin import commit, installed
from experiments.published.flow import Answers, Course, answers, flow
from experiments.published.flow_law import Plan, Values, plan_flow
from experiments.published.flow_ledger import ledger
from experiments.published.reconstruction import YEARS, fitted, published, reconstruct
from experiments.published.scenarios import IMPROVED, READINGS, flow_scenario
from experiments.rounding import text
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
from simulation.inputs import Tables
from simulation.scenario import Scenario

NO_ENDORSEMENT = (
    "Concepts and published figures come from the 2024 West Midlands report (Chard and Radley, West Midlands Combined "
    "Authority), which does not endorse this work. Its spreadsheet is not published: the inputs of the flow model are "
    "reconstructed or assumed here, save the count of children and the GDP a head (recalled); nobody has measured them."
)
LIMITS = (
    "In the flow model, as described, escalation goes only up, the population is static and nobody leaves the system. "
    "That nothing heals, that pupils do not age, and that each CAT costs again in every year are taken so here."
)


class Shown(NamedTuple):
    """What is shown: the courses of the years, today and under a scenario, and what made them."""

    tables: Tables
    values: Values
    scenario: Scenario
    reading: str
    years: int
    detail: tuple[str, ...] | None
    plan: Plan
    today: Course
    improved: Course

    @property
    def title(self) -> str:
        """Give the scenario's title, or its name."""
        return self.scenario.title or self.scenario.name

    @property
    def comparable(self) -> bool:
        """Tell whether the publication answers this question too."""
        return self.scenario.name == IMPROVED and self.years == YEARS


def show(
    tables: Tables,
    scenario: Scenario,
    reading: str = READINGS[0],
    years: int = YEARS,
    detail: Sequence[str] | None = None,
) -> Shown:
    """Let the flow run its years under today's services and under a scenario; its numbers hold for both."""
    values = {**tables.values(), **scenario.numbers}
    chosen = None if detail is None else tuple(detail)
    return Shown(
        tables=tables,
        values=values,
        scenario=scenario,
        reading=reading,
        years=years,
        detail=chosen,
        plan=plan_flow(tables, chosen),
        today=flow(tables, values, years=years, detail=chosen),
        improved=flow(tables, values, scenario, years=years, detail=chosen),
    )


def screen(shown: Shown) -> str:
    """Write the answers and the flows of the last year as plain text."""
    children = float(shown.today.children[0].sum())
    head = (
        f"wellheld {installed('wellheld')}: the published services flow model, rebuilt. Sandwell, {children:,.0f} "
        f"pupils, {shown.years} years, GDP a head of 2019."
    )
    against = f"Today's services against: {shown.title}"
    against += f" ({shown.scenario.description.rstrip('.')})." if shown.scenario.description else "."
    blocks = [
        [*wrapped(head), *(wrapped(against) if shown.scenario.levers else ["Today's services."])],
        answer_lines(shown),
        flow_lines(shown),
        [line for sentence in closing(shown) for line in wrapped(sentence, "  ")],
    ]
    return "\n".join(line.rstrip() for block in blocks for line in (*block, "")).rstrip() + "\n"


def answer_lines(shown: Shown) -> list[str]:
    """Tabulate the answers, the published ones beside them where the question is the published one."""
    given = answers(shown.today, shown.improved)
    said = dict(zip(Answers._fields, published(shown.tables)[0], strict=True)) if shown.comparable else {}
    table = [["", "rebuilt", *(["published"] if said else [])]]
    for name, title, factor, places in ANSWERS:
        if name not in ("growth", "cost") and not shown.scenario.levers:
            continue
        cells = [text(factor * float(getattr(given, name)), places)]
        cells += [text(factor * said[name], max(0, places - 1))] if said else []
        table.append([title.format(years=shown.years), *cells])
    return align(table)


ANSWERS = (
    ("growth", "growth of CATs over {years} years, %", 100.0, 1),
    ("cost", "lost cost of DALYs, mean of the years, GBP million", 1.0, 1),
    ("improved_cost", "the same under the scenario", 1.0, 1),
    ("fewer_cats", "fewer CATs under the scenario, % of all CATs", 100.0, 1),
    ("reduced_cost", "lost cost reduced over {years} years, GBP million", 1.0, 1),
)
"""Answers on the screen: name, title, factor and decimals."""
COLUMNS = {
    "children_in_need": "in need",
    "children_held": "held",
    "children_held_with_support": "supported",
    "children_escalated": "escalated",
    "children_no_service": "no service",
    "cats_in": "CATs in",
    "cats_out": "CATs out",
    "cats": "CATs",
    "lost_cost": "GBP m",
}
"""Columns of the ledger on the screen; supported is held with support."""


def flow_lines(shown: Shown) -> list[str]:
    """Tabulate the last year by service, and how it differs under the scenario; units of a stage are summed."""
    lines = wrapped(
        f"Year {shown.years}, today: children in need, by outcome (supported: held with support); CATs that came from "
        "below, that went up, and that are there at the end, with their lost cost in GBP million a year"
    )
    lines += align([["", *COLUMNS.values()], *last_year(shown, [shown.today])])
    if shown.scenario.levers:
        lines += ["", f"Year {shown.years}, difference under: {shown.title}"]
        lines += align([["", *COLUMNS.values()], *last_year(shown, [shown.improved, shown.today])])
    return lines


def last_year(shown: Shown, courses: list[Course]) -> list[list[str]]:
    """Write the last year of a course, or its difference from another, service by service."""
    title = {row.service: row.title for row in shown.tables.rows["flow_services"]}
    service = {line.label: line.service for line in (*shown.plan.entries, *shown.plan.steps)}
    tables = []
    for course in courses:
        whole = ledger(course, shown.plan, shown.values)
        here = whole[whole["year"] == shown.years]
        tables.append(here.groupby(here["service"].map(service), sort=False)[list(COLUMNS)].sum())
    table = tables[0] if len(tables) == 1 else tables[0] - tables[1]
    kept = tables[-1]["children_in_need"] > 0
    rows = []
    for name, row in table[kept].iterrows():
        cells = [text(row[column], 1 if column == "lost_cost" else 0, sign=len(tables) > 1) for column in COLUMNS]
        rows.append([f" {title[str(name)]}", *cells])
    return rows


def closing(shown: Shown) -> list[str]:
    """Say how the answers fit, what the model takes for granted, and what it is not for."""
    said = [by_year(shown)]
    if shown.comparable:
        said.append(readings(shown.tables))
    if shown.scenario.levers:
        said.append(carried_by_harm(shown))
    if shown.detail or (shown.detail is None and any(line.share < 1 for line in shown.plan.entries)):
        said.append("Stages in detail: their units are a generated example, no real schools.")
    return [
        *said,
        LIMITS,
        f"{len(fitted(shown.tables))} inputs were moved together to meet the published answers: many other sets of "
        "them do as well. wellheld published range shows how far other answers then differ.",
        NO_ENDORSEMENT,
        NOT_FOR_INDIVIDUALS,
    ]


def by_year(shown: Shown) -> str:
    """Say how the lost cost grows with the stock of CATs, and that pupils stay as they are."""
    costs = ", ".join(text(float(cost), 0) for cost in shown.today.cost)
    longer = f" Beyond {YEARS} years pupils would long have left their schools." if shown.years > YEARS else ""
    return f"Lost cost by year, today: {costs} GBP million, of a growing stock of CATs.{longer}"


def carried_by_harm(shown: Shown) -> str:
    """Say how much of the scenario's effect rests on the assumption that being passed up is itself a CAT."""
    harmless = {**shown.values, "flow_numbers.harm.value": 0.0}
    today, improved = (
        flow(shown.tables, harmless, scenario, years=shown.years, detail=shown.detail)
        for scenario in (None, shown.scenario)
    )
    whole, left = answers(shown.today, shown.improved), answers(today, improved)
    fewer = float(shown.today.cats[-1].sum() - shown.improved.cats[-1].sum())
    fewer_left = float(today.cats[-1].sum() - improved.cats[-1].sum())
    harm = shown.values["flow_numbers.harm.value"]
    parts = [
        f"{100 * (1 - part / total):.0f}% of {name}"
        for part, total, name in (
            (fewer_left, fewer, "the fewer CATs"),
            (float(left.reduced_cost), float(whole.reduced_cost), "the reduced cost"),
        )
        if total
    ]
    return (
        f"Assumed here: being passed up is itself a CAT with probability {harm:.2f}. Without that, "
        f"{' and '.join(parts)} would be gone; and with it, more places above can raise the count of CATs."
    )


def readings(tables: Tables) -> str:
    """Say whether inputs can meet the published answers under each reading of +10% and +20%, and how strained."""
    fits = {name: reconstruct(tables, flow_scenario(IMPROVED, tables, name)) for name in READINGS}
    words = [
        f"read as {name} they {'can' if fit.fits else 'cannot'}, {fit.strain:.2f} ranges from the middle"
        for name, fit in fits.items()
    ]
    best = min(fits, key=lambda name: (not fits[name].fits, fits[name].strain))
    return (
        f"Can inputs within their ranges give the published answers? +10% and +20% {'; '.join(words)}. "
        f"{best.capitalize()} fits with less strain within ranges of this project's own choosing"
        + (" and is the default; the tables hold its inputs." if best == READINGS[0] else ".")
    )


def as_json(shown: Shown) -> str:
    """Write answers, ledger and settings as JSON."""
    given = answers(shown.today, shown.improved)
    said = {
        "product": PRODUCT,
        "model": "flow",
        "not_for": NOT_FOR_INDIVIDUALS,
        "settings": settings(shown),
        "answers": {name: json_value(float(value)) for name, value in given._asdict().items()},
        "published": dict(zip(Answers._fields, map(float, published(shown.tables)[0]), strict=True))
        if shown.comparable
        else None,
        "ledger": [{str(k): json_value(v) for k, v in row.items()} for row in ledgers(shown).to_dict("records")],
        "notes": closing(shown),
    }
    return json.dumps(said, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def ledgers(shown: Shown) -> pd.DataFrame:
    """Set the ledgers of both scenarios below each other."""
    parts = {"today": ledger(shown.today, shown.plan, shown.values)}
    if shown.scenario.levers:
        parts[shown.scenario.name] = ledger(shown.improved, shown.plan, shown.values)
    for name, part in parts.items():
        part.insert(0, "scenario", name)
    return pd.concat(parts.values(), ignore_index=True)


def settings(shown: Shown) -> dict[str, object]:
    """List what makes the answer again, and by what it was made."""
    detail = f" --detail {','.join(shown.detail)}" if shown.detail else ""
    return {
        "version": installed("wellheld"),
        "commit": commit(),
        "command": f"wellheld published flow --scenario {named(shown)} --years {shown.years} --reading {shown.reading}"
        + detail,
        "scenario": shown.scenario.model_dump(mode="json"),
        "tables": hashes(shown.tables),
    }


def named(shown: Shown) -> str:
    """Name the scenario as on the command line."""
    if shown.scenario.name == "today":
        return "baseline"
    return IMPROVED if shown.scenario.name == IMPROVED else f"{shown.scenario.name}.toml"


def hashes(tables: Tables) -> Mapping[str, str]:
    """Give the hash of every table of the published models."""
    return dict(sorted(tables.hashes.items()))


def as_csv(shown: Shown) -> bytes:
    """Write the ledger of both scenarios, with units, and by what it was made."""
    units = {"year": "year", "level": "level", "lost_cost": "GBP million a year"}
    table = ledgers(shown)
    names = {
        name: f"{name} [{units.get(name, 'children' if name.startswith('children') else 'CATs')}]"
        for name in table.columns
        if name not in ("scenario", "service")
    }
    made = settings(shown)
    table = table.rename(columns=names)
    table["version [wellheld]"], table["commit [git]"] = str(made["version"]), str(made["commit"])
    return csv_bytes(table)
