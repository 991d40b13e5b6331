"""Print a comparison of scenarios on one screen."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.drivers import ENOUGH_DRAWS, few_draws
from experiments.rounding import decimals, text
from experiments.screen import NOT_FOR_INDIVIDUALS, WIDTH, align, sectioned, wrapped
from experiments.study import perspectives
from experiments.study.comparators import ON
from experiments.study.comparison import MILLION, QALY, Comparison, beside, cohort, healthy_year
from experiments.study.gather import evidence
from experiments.study.outputs import LIFE
from simulation.build import PRICE_YEAR
from simulation.inputs import Tables

AGES = ("to_30", "31_75", "after_75")
NAME = 18
"""Letters of a scenario's name that columns have room for."""
SHOWN_AT = (0.0, 20_000.0, 30_000.0, QALY)


def screen(found: Comparison) -> str:
    """Write costs, DALYs, who dominates, probabilities, break-even and payers, at most 100 columns wide."""
    blocks = [
        heading(found),
        side_by_side(found),
        likely(found),
        spend(found),
        bearers(found),
        [line for said in sentences(found) for line in wrapped(said, "  ")],
    ]
    return "\n".join(line.rstrip() for block in blocks if block for line in (*block, "")) + NOT_FOR_INDIVIDUALS + "\n"


def heading(found: Comparison) -> list[str]:
    """Say what is compared, from which perspective, to which age and at which threshold."""
    asked, experiment = found.asked, found.setup.experiment
    to = "over life" if asked.horizon == LIFE else f"to age {asked.horizon}"
    runs = "chance averaged within draws" if asked.averaged else f"{experiment.chance} of chance in each"
    return unfinished(found) + wrapped(
        f"{experiment.question} {asked.place.replace('_', ' ')}, {to}, {asked.perspective}: "
        f"{perspectives.PERSPECTIVES[asked.perspective]}. A cohort of "
        f"{cohort(found.setup, asked.place)}: {found.draws} draws, {runs}, seed {experiment.seed}; "
        f"discounted, prices of {PRICE_YEAR}; a DALY averted at GBP {asked.threshold:,.0f}; "
        f"{'weights: ' + asked.weights.source if asked.weights else 'no distributional weights'}."
    )


def unfinished(found: Comparison) -> list[str]:
    """Say how much is done, where that is not all."""
    return [] if found.progress.whole else [f"{found.progress}. More draws can change what is said here."]


def with_error(mean: float, error: float, scale: float = 1.0, sign: bool = False) -> tuple[str, str]:
    """Write a mean as finely as its error lets it be known, and the error."""
    mean, error = mean / scale, error / scale
    if mean == 0.0 and not error > 0.0:
        return "-", "-"
    places = decimals(mean, error)
    return text(mean, places, sign=sign), text(error, max(places, decimals(error, error)))


def side_by_side(found: Comparison) -> list[str]:
    """Tabulate scenarios: cost and DALYs, beyond the first, with bands and errors, and where each stands."""
    band = ("95%", "band", "mcse")
    sizes = [["Cost; DALYs averted", "GBPm", "more", *band, "averted", *band]]
    places, standings = [["Standing", "GBP a DALY"]], [""]
    for row in found.options.to_dict("records"):
        name = str(row["scenario"])[:NAME] + ("*" if row["own_cost"] == "unknown" else "")
        more, averted = beyond(row, "cost_more_gbp", MILLION), beyond(row, "dalys_averted")
        ratio = row["gbp_per_daly_averted"]
        sizes.append([name, text(row["cost_gbp"] / MILLION, 1), *more, *averted])
        places.append([name, text(ratio, decimals(ratio, np.nan)) if np.isfinite(ratio) else "-"])
        standings.append(standing(row))
    stand = [f"{line} {each}"[:WIDTH].rstrip() for line, each in zip(align(places), standings, strict=True)]
    return [*fitted(sizes), *legend(found), "", *stand]


def beyond(row: dict[Any, Any], name: str, scale: float = 1.0) -> list[str]:
    """Write a difference from the first scenario: mean, the ends of its band, error of the mean; dashes for none."""
    mean, error, low, high = (float(row[f"{name}{end}"]) / scale for end in ("", "_mcse", "_low_95", "_high_95"))
    if mean == 0.0 and not error > 0.0:
        return ["-"] * 4
    places = decimals(mean, error)
    return [*(text(each, places, sign=True) for each in (mean, low, high)), with_error(mean, error)[1]]


def standing(row: dict[Any, Any]) -> str:
    """Say where a scenario stands, and against which others."""
    status, against = str(row["status"]), row["against"]
    if status == ON:
        return f"frontier, after {against}" if against else ON
    return f"{status} (by {against})" if "dominated" in status else status


def fitted(cells: list[list[str]]) -> list[str]:
    """Set cells in columns; where they are too wide for the screen, names give way."""
    over = max(0, max(map(len, align(cells))) - WIDTH)
    room = max(map(len, (row[0] for row in cells))) - over
    return align([[row[0][:room], *row[1:]] for row in cells])


def legend(found: Comparison) -> list[str]:
    """Say which figure tells how uncertain a scenario is, and which only how precise a mean."""
    runs = "ignorance, and the luck left by averaging" if found.asked.averaged else "chance and ignorance together"
    first = found.priced[0].replace("_", " ")
    return wrapped(
        f"  more, averted: beyond {first}. 95% band: of one cohort, {runs}: the uncertainty. mcse: only the Monte "
        "Carlo error of the mean, which more draws make smaller.",
        "  ",
    )


def likely(found: Comparison) -> list[str]:
    """Tabulate how likely each scenario of known cost is the best, and its expected loss, at some thresholds."""
    if len(found.priced) < 2:
        return []
    table = found.acceptability
    at = sorted({*SHOWN_AT, found.asked.threshold})
    cells = [["% best; [expected loss]", *(f"{each:,.0f}" for each in at)]]
    for name in found.priced:
        rows = table[table["option"] == name].set_index("threshold").loc[at]
        mark = ["+" if each else " " for each in rows["on_frontier"]]
        cells.append(
            [
                f"  {name[:NAME]}",
                *(
                    f"{100 * share:.0f}±{100 * error:.0f}{sign} [{short(loss / MILLION)}]"
                    for share, error, sign, loss in zip(
                        rows["probability"], rows["mcse"], mark, rows["expected_loss"], strict=True
                    )
                ),
            ]
        )
    return [
        *align(cells),
        "  +: best on average, on the frontier; its expected loss, GBPm, is that of ignorance and chance",
    ]


def spend(found: Comparison) -> list[str]:
    """Tabulate the most that each scenario could cost without loss."""
    table = found.break_even[found.break_even["unit"] == "GBP a child born"]
    if table.empty:
        return []
    cells = [["Break-even spend, GBP a child born", "a DALY at", "mean", "mcse", "95%", "band", "own cost"]]
    for row in table.to_dict("records"):
        mean, error = with_error(row["mean"], row["mcse"])
        places = decimals(row["mean"], row["mcse"])
        band = (text(row["low_95"], places), text(row["high_95"], places))
        cells.append(
            [f"  {str(row['scenario'])[:NAME]}", f"{row['worth_of_a_daly']:,.0f}", mean, error, *band, row["own_cost"]]
        )
    return align(cells)


def bearers(found: Comparison) -> list[str]:
    """Tabulate net money by bearer and horizon: services spared less what the scenario costs, where that is known."""
    table = found.net_benefit
    rows: list[tuple[str, list[str]]] = [("", ["Net money, GBPm (mcse), to age", *perspectives.SPANS])]
    for scenario, here in table.groupby("scenario", sort=False):
        unknown = scenario in found.unpriced
        title = f"{scenario}{' (before its own cost)' if unknown else ''}"
        here = here[here["quantity"] == ("net money before own cost" if unknown else "net money")]
        for bearer in sorted(here["bearer"].unique(), key=[*perspectives.PERSPECTIVES].count):
            each = here[here["bearer"] == bearer].set_index("horizon")
            money = (amount(each, span) for span in perspectives.SPANS)
            rows.append((title, [f"  {str(bearer).replace('_', ' ')}", *money]))
    return sectioned(rows)


def amount(rows: pd.DataFrame, span: str) -> str:
    """Write a bearer's money to an age."""
    if span not in rows.index:
        return "0"
    row: Any = rows.loc[span]
    mean, error = with_error(float(row["mean"]), float(row["mcse"]), sign=True)
    return f"{mean} ({error})"


def sentences(found: Comparison) -> Iterator[str]:
    """Say what to know before these figures are used."""
    asked, tables = found.asked, found.setup.tables
    yield (
        "Discounted as the Green Book does, from birth: costs and lost GDP at "
        f"{rates(tables, 'discount_rate')}, DALYs at {rates(tables, 'discount_rate_health')} a year to year 30, "
        "to 75 and after."
    )
    if not found.setup.scenarios[0].switches.adult_life:
        yield "Adult services are not followed: payers' life is their childhood; adult_life switches them on."
    for name, what in found.unpriced.items():
        yield (
            f"*{name}: what {joined(what)} costs is not known and is not nought: it has no place on the frontier and "
            "no probability of being best. Read its break-even spend."
        )
    if asked.perspective == "society":
        year = healthy_year(found.setup)
        yield (
            f"Lost GDP is DALYs at GBP {year:,.0f} each, so society counts every DALY once as cost already: a "
            f"threshold comes on top of it (here a DALY counts GBP {year + asked.threshold:,.0f} in all)."
        )
    if asked.perspective == "council":
        yield "Most of what education pays is a ringfenced grant for schools, which a council cannot spend elsewhere."
    if asked.weights is not None:
        yield f"Weighted: {asked.weights.source} ({asked.weights.grade}). Read them beside the figures without weights."
    for said in beside(found.setup):
        yield f"Warning: {said}"
    for said in few_draws(found.draws, "probabilities and expected loss"):
        yield f"Warning: {said}"
    if not asked.averaged and found.draws >= ENOUGH_DRAWS:
        yield "A run is one cohort, luck with it; --average-chance leaves ignorance of the numbers alone."
    yield evidence(found.setup)


def short(money: float) -> str:
    """Write money to three digits, and never finer than two decimals."""
    return text(money, min(2, decimals(money, np.nan)), comma=False)


def rates(tables: Tables, name: str) -> str:
    """Write the discount rates of costs or health, near and far."""
    values = tables.values()
    return ", ".join(f"{values[f'{name}_{when}']:.2%}" for when in AGES)


def joined(words: Sequence[str]) -> str:
    """List words in a sentence."""
    return " and ".join(filter(None, (", ".join(words[:-1]).replace("_", " "), words[-1].replace("_", " "))))
