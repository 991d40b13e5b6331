"""List the interventions that the tables know, and set some of them against today's services in one run."""

import json
from collections.abc import Sequence
from typing import Any

from experiments import rounding
from experiments.catalogue import plain
from experiments.files import json_value
from experiments.results import Results
from experiments.screen import NOT_FOR_INDIVIDUALS, align, folded, heading, wrapped
from simulation.effects import null_of, unit_of
from simulation.errors import InputError, nearest, shown
from simulation.inputs import Tables
from simulation.scenario import Lever, Scenario

ELIGIBLE = {
    "all": "all",
    "high_need": "high need",
    "in_social_care": "in social care, at home",
    "on_plan": "on a protection plan",
    "looked_after": "looked after",
    "out_of_school": "out of school",
}
MILLION_UNIT = "GBP million"


def facts(row: Any) -> dict[str, Any]:
    """Give what is known of an intervention: its row, the unit of its effect and the value of no effect."""
    known: dict[str, Any] = row.model_dump()
    name, title = known.pop("intervention"), known.pop("title")
    return {
        "intervention": name,
        "title": title,
        "effect": unit_of(row.acts_on),
        "no_effect": null_of(row.acts_on),
    } | known


def reach_words(row: Any) -> str:
    """Say whom an intervention is for."""
    words = f"{ELIGIBLE[row.eligible]}, {row.age_from}-{row.age_to}"
    if row.decile_to < 10:
        words += f", deciles 1-{row.decile_to}"
    return f"{words}, by {row.reaches}{', each year' if row.renewed else ''}"


def effect_words(row: Any) -> str:
    """Write an effect with its interval."""
    ends = f" ({plain(row.low)} to {plain(row.high)})" if row.low is not None else ""
    return f"{row.acts_on} {plain(row.value)}{ends} {unit_of(row.acts_on)}"


def cost_words(row: Any) -> str:
    """Write what reaching a child costs, who pays, and what part of it only changes hands."""
    cost = "unknown" if row.cost is None else f"GBP {plain(row.cost)} ({row.price_year})"
    handed = f"; {row.transfer_share:.0%} of it a transfer" if row.transfer_share else ""
    return f"{cost} a child reached{' a year' if row.renewed else ''}, paid by {row.payer}{handed}"


def beside_words(row: Any, rows: Sequence[Any]) -> str:
    """Write the intervention beside which another is to be read: its effect, and on what that rests."""
    other = next(each for each in rows if each.intervention == row.beside)
    return f"{other.intervention} ({other.title}): {effect_words(other)}, {other.source}"


def not_alone(tables: Tables, names: Sequence[str]) -> list[str]:
    """Say beside which other result of the same kind each of these interventions is to be read."""
    rows = tables.rows["interventions"]
    return [
        f"Do not read {row.intervention}, {effect_words(row)}, without {beside_words(row, rows)}."
        for row in rows
        if row.beside and row.intervention in names
    ]


def listing(tables: Tables, as_json: bool) -> str:
    """Write every intervention of the table: for whom, effect, fade, cost, grade and source."""
    rows = tables.rows["interventions"]
    if as_json:
        return json.dumps([facts(row) for row in rows], indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    lines = []
    for row in rows:
        lines += [
            f"{row.intervention}: {row.title}",
            f"  for     {reach_words(row)}",
            f"  effect  {effect_words(row)}; full for {row.full_years} years, then {row.fade:.0%} lost a year",
            f"  cost    {cost_words(row)}",
            f"  from    {row.source} ({row.grade}, {row.status})",
            *([f"  beside  {beside_words(row, rows)}"] if row.beside else []),
            "",
        ]
    return (
        "\n".join(folded(line, 10) for line in lines)
        + f"A value of no effect: 1 for ratios, 0 otherwise. Costs and fades are assumptions.\n{NOT_FOR_INDIVIDUALS}\n"
    )


def scenario(tables: Tables, names: str, coverage: float) -> Scenario:
    """Combine interventions, each at the same coverage of those whom it is for.

    Parameters
    ----------
    names : separated by commas

    Raises
    ------
    InputError
        If one is unknown or named twice.
    """
    known = [row.intervention for row in tables.rows["interventions"]]
    chosen = [name.strip() for name in names.split(",")]
    for name in chosen:
        if name not in known:
            offer = nearest(name, known) or f" Known: {', '.join(known)}."
            raise InputError(f"--run: unknown intervention {shown(name)}.{offer}")
        if chosen.count(name) > 1:
            raise InputError(f"--run: {name} stands twice; name it once")
    levers = tuple(Lever(kind="intervention", name=name, coverage=coverage) for name in chosen)
    title = " and ".join(row.title for row in tables.rows["interventions"] if row.intervention in chosen)
    return Scenario(name="interventions", title=title[:120], levers=levers)


def answer_json(results: Results) -> str:
    """Write both tables of money as JSON; a figure that is not there is null."""
    tables = {
        name: [{str(k): json_value(v) for k, v in row.items()} for row in results.tables[name].to_dict("records")]
        for name in ("value_for_money", "money_by_year")
    }
    said = {"place": results.place, "settings": results.settings, **tables, "warnings": list(results.warnings)}
    said["not_for"] = NOT_FOR_INDIVIDUALS
    return json.dumps(said, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def screen(results: Results) -> str:
    """Write benefit and cost by bearer, and the balance year by year, as text."""
    blocks = [heading(results), money(results), by_year(results), said(results)]
    return "\n".join(line.rstrip() for block in blocks for line in (*block, ""))


def here(results: Results, name: str) -> list[dict[str, Any]]:
    """Take a table's rows of the run's own place."""
    table = results.tables[name]
    rows = table[table["place"] == results.place].to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]


def money(results: Results) -> list[str]:
    """Tabulate each bearer's benefit and cost, discounted over childhood (lost GDP: over the life)."""
    table: list[Sequence[str]] = [("Discounted, GBP million where not said", "mean", "mcse", "95%", "band")]
    bearers: dict[int, str] = {}
    for row in here(results, "value_for_money"):
        if row["bearer"] not in bearers.values():
            bearers[len(table)] = row["bearer"]
        places = rounding.decimals(row["mean"], row["mcse"])
        places = 2 if row["unit"] in ("ratio", "share of runs") else places
        unit = "" if row["unit"].startswith(MILLION_UNIT) else f" [{row['unit'].split(',')[0]}]"
        cells = (rounding.text(row[name], places) for name in ("mean", "mcse", "low_95", "high_95"))
        table.append((f"  {row['quantity']}{unit}", *cells))
    lines: list[str] = []
    for number, line in enumerate(align(table)):
        lines += [bearers[number].replace("_", " ").capitalize(), line] if number in bearers else [line]
    return lines


def by_year(results: Results) -> list[str]:
    """Tabulate what all payers together are spared and pay in each year of childhood, GBP thousand."""
    table: list[Sequence[str]] = [
        ("All payers, GBP thousand", "avoided", "cashable", "cost", "net so far", "95%", "band")
    ]
    columns = ("service_cost_avoided", "cashable", "cost", "net_so_far_discounted", "low_95", "high_95")
    for row in here(results, "money_by_year"):
        if row["payer"] == "all payers":
            cells = (rounding.text(row[name] / 1000, 0) for name in columns)
            table.append((f"  age {row['year']}", *cells))
    return align(table) if len(table) > 1 else ["Nobody was reached, and nothing changed."]


def said(results: Results) -> list[str]:
    """Say what to know before these figures are used."""
    words = (
        "Avoided: services of ages 0-17. Net so far is discounted. Society counts lost GDP too, and no transfers. "
        "Break-even is the most that reaching a child may cost; where an intervention's cost is not known it is all "
        "that can be said."
    )
    notes = [f"Warning: {warning}" for warning in results.warnings]
    return [line for sentence in (words, *notes, NOT_FOR_INDIVIDUALS) for line in wrapped(sentence)]
