"""Answer from an experiment's folder which numbers matter: tables, and the sentences to read them by."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.capture import capture
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
from experiments.study import allocation, discovery, folder, information
from experiments.study.at_hand import AtHand, ranks, read
from experiments.study.declaration import Setup
from experiments.study.perspectives import unpriced
from experiments.study.sensitivity import shapley_effects, surrogate_indices
from experiments.study.surrogate import DOUBTED, Surrogate, strongest, surrogate
from simulation.economics import discount_factors
from simulation.errors import InputError, nearest, shown
from simulation.inputs import Tables
from simulation.population import births

SHOWN = 12
"""Rows of a part of a screen."""
PLAYERS = 9
"""Numbers that have a Shapley effect of their own; all others together have one."""
ALONE = 10
"""Numbers whose information is valued one by one: those with which net benefit moves most."""
RECORDED = (1.0, 5.0)
"""Years for which data are recorded."""
METHODS = ("surrogate", "shapley")
Correlation = tuple[str, str, float]


class Answer(NamedTuple):
    """Tables by name, as they are written, and the lines of the screen."""

    tables: dict[str, pd.DataFrame]
    lines: list[str]


def grade_and_table(tables: Tables, name: str) -> tuple[str, str]:
    """Give a number's grade and the table that it stands in."""
    number = tables.numbers[name]
    return number.grade, number.file.removesuffix(".csv")


def grouped(tables: Tables, names: Sequence[str]) -> dict[str, list[str]]:
    """Give the group of every number, by grade and by table."""
    told = [grade_and_table(tables, name) for name in names]
    return {"grade": [grade for grade, _ in told], "table": [table for _, table in told]}


def sensitivity(
    directory: Path,
    output: str | None = None,
    method: str = "surrogate",
    scenario: str | None = None,
    place: str | None = None,
    together: Sequence[Correlation] = (),
) -> Answer:
    """Tell which numbers move an output, from a surrogate fitted on the draws at hand.

    Parameters
    ----------
    output : one; all that a surrogate can foretell where left out
    method : surrogate (Sobol indices, also by grade and by table) or shapley (effects that sum to 1)
    together : correlations to be assumed between numbers, for shapley

    Raises
    ------
    InputError
        If no surrogate foretells the output, or the method is none.
    """
    if method not in METHODS:
        raise InputError(f"--method {shown(method)}: is none; give {' or '.join(METHODS)}")
    if together and method != "shapley":
        raise InputError("--together: numbers that go together have no Sobol indices; add --method shapley")
    hand = read(directory, scenario, place)
    tables, at = folder.opened(directory).tables, ranks(hand.points)
    found, refused = [], []
    for name in [output] if output else list(hand.outputs):
        try:
            chance_left_out = hand.explainable(name)
            known = 1.0 if np.isnan(chance_left_out) else chance_left_out
            fit = surrogate(at, hand.mean(name), hand.pair, name, known)
        except InputError as error:
            if output:
                raise
            refused.append(str(error))
            continue
        table = (
            by_number_and_group(fit, tables, list(hand.points.columns))
            if method == "surrogate"
            else shapley(fit, at, hand.mean(name), list(hand.points.columns), together)
        )
        table.insert(0, "output", name)
        found.append(table.assign(surrogate=fit.kind, q2=fit.q2, explainable=chance_left_out, draws=len(at)))
    if not found:
        raise InputError(refused[0])
    table = pd.concat(found, ignore_index=True)
    return Answer({f"sensitivity_{method}": table}, [*sensitivity_lines(hand, table, method), *refused])


def by_number_and_group(fit: Surrogate, tables: Tables, names: list[str]) -> pd.DataFrame:
    """Tabulate indices of each number, and closed ones of all of a grade and of all of a table."""
    alone = surrogate_indices(fit, names)
    parts = [alone.assign(by="number").sort_values("total", ascending=False, kind="stable")]
    for by, groups in grouped(tables, names).items():
        closed = surrogate_indices(fit, names, groups)
        parts.append(closed.assign(by=by).sort_values("first", ascending=False, kind="stable"))
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "by", table.pop("by"))
    return table


def shapley(fit: Surrogate, at: Any, y: Any, names: list[str], together: Sequence[Correlation]) -> pd.DataFrame:
    """Tabulate Shapley effects of the strongest numbers, of those that go together, and of all others as one."""
    order = [k for k in strongest(at, y, len(names)) if k in fit.fit.used]
    chosen = [names.index(known_number(name, names)) for pair in together for name in pair[:2]]
    chosen = list(dict.fromkeys([*chosen, *order]))[: max(PLAYERS, len(set(chosen)))]
    rest = [k for k in fit.fit.used if k not in chosen]
    columns = [*chosen, *rest]
    correlation = np.eye(len(columns))
    for one, other, r in together:
        i, j = columns.index(names.index(one)), columns.index(names.index(other))
        correlation[i, j] = correlation[j, i] = r
    players = [[k] for k in range(len(chosen))] + ([list(range(len(chosen), len(columns)))] if rest else [])

    def model(points: Any) -> Any:
        every = np.full((len(points), len(names)), 0.5)
        every[:, columns] = points
        return fit.fit.predict(every)

    effects = shapley_effects(model, correlation, players)
    effects.insert(0, "name", [*(names[k] for k in chosen), *(["all others"] if rest else [])])
    return effects.sort_values("effect", ascending=False, kind="stable").reset_index(drop=True)


def known_number(name: str, names: Sequence[str]) -> str:
    """Give a number's name, or refuse it.

    Raises
    ------
    InputError
        If it is not drawn in the experiment.
    """
    if name not in names:
        raise InputError(
            f"--together: {shown(name)} is not drawn in this experiment; points.parquet names all that are"
        )
    return name


def pairs_of(said: Sequence[str]) -> list[Correlation]:
    """Read correlations, such as "tip_effect factor_harm 0.5".

    Raises
    ------
    InputError
        If one is none.
    """
    found = []
    for each in said:
        try:
            one, other, r = each.split()
            value = float(r)
        except ValueError:
            raise InputError(f"--together {shown(each)}: write two numbers' names and a correlation") from None
        if one == other or not -1 < value < 1:
            raise InputError(f"--together {shown(each)}: give two different numbers, and a correlation within -1 to 1")
        found.append((one, other, value))
    return found


def sensitivity_lines(hand: AtHand, table: pd.DataFrame, method: str) -> Iterator[str]:
    """Write what moves each output, the most first."""
    yield from wrapped(f"Which numbers move {hand.compared}, {hand.place}: {len(hand.points)} draws at hand.")
    for name, here in table.groupby("output", sort=False):
        first = here.iloc[0]
        told = "" if np.isnan(first["explainable"]) else f" of {first['explainable']:.2f} that is not chance"
        known = 1.0 if np.isnan(first["explainable"]) else first["explainable"]
        rough = ": rough, read the order only" if first["q2"] < DOUBTED * known else ""
        yield ""
        yield f"{name}: surrogate {first['surrogate'].replace('_', ' ')}, Q2 {first['q2']:.2f}{told}{rough}"
        if method == "shapley":
            rows = here.head(SHOWN)[["name", "effect", "error"]].itertuples(index=False)
            yield from align([["", "effect", "error"], *([f"  {n}", f"{e:.3f}", f"{s:.3f}"] for n, e, s in rows)])
            continue
        cells = [["", "first", "95%", "band", "total", "95%", "band"]]
        for by in ("number", "grade", "table"):
            for row in here[here["by"] == by].head(SHOWN if by == "number" else 5).to_dict("records"):
                keys = ("first", "first_low", "first_high", "total", "total_low", "total_high")
                name = str(row["name"]) if by == "number" else f"all of {by} {row['name']}"
                cells.append([f"  {name}", *(f"{row[key]:.2f}" for key in keys)])
        yield from align(cells)
    yield ""
    yield from wrapped(
        "Shares of the surrogate's variance; of groups, all that their numbers do alone and together. Bands: by how "
        "much fits without a fold of the draws differ. Q2: share of the variance of draws left out that is foretold."
        if method == "surrogate"
        else "Shares of the surrogate's variance that sum to 1, numbers being as they are or as --together says."
    )
    yield NOT_FOR_INDIVIDUALS


def discover(
    directory: Path, said: str, method: str = "prim", scenario: str | None = None, place: str | None = None
) -> Answer:
    """Tell under which conditions something is so, such as "service_cost_discounted > 0"."""
    if method not in discovery.METHODS:
        raise InputError(f"--method {shown(method)}: is none; give {' or '.join(discovery.METHODS)}")
    hand = read(directory, scenario, place)
    failed = discovery.fails(said, hand)
    table = discovery.conditions(hand.points, failed, hand.pair, method)
    lines = [
        *wrapped(f"Where {said} ({hand.compared}, {hand.place}): so in {failed.sum()} of {len(failed)} draws."),
        "",
    ]
    if table.empty:
        lines += wrapped("No condition is told from chance: no box of numbers fails more often than all draws do.")
    for _, box in table.groupby("box"):
        first = box.iloc[0]
        lines.append(
            f"Box {first['box']} ({method}): holds {first['share']:.0%} of draws and {first['coverage']:.0%} of those; "
            f"{first['density']:.0%} in it are so"
        )
        cells = [["", "from", "to", "quasi-p"]]
        for row in box.to_dict("records"):
            ends = ("any" if np.isinf(row[key]) else f"{row[key]:.3g}" for key in ("low", "high"))
            cells.append([f"  {row['number']}", *ends, f"{row['quasi_p']:.1g}"])
        lines += [*align(cells), ""]
    if not table.empty:
        first = table.iloc[0]
        held = "no draw" if np.isnan(first["density_held_out"]) else f"{first['density_held_out']:.0%}"
        lines += wrapped(
            f"On draws that did not help to find the boxes, {held} within are so, against {first['base']:.0%} of all: "
            "where the two are alike, the boxes are chance. Quasi-p: how easily a limit would do as well by chance."
        )
    return Answer({f"discovery_{method}": table}, [*lines, NOT_FOR_INDIVIDUALS])


def value_information(
    directory: Path,
    threshold: float,
    costs: Sequence[float],
    years: int = 1,
    recorded_in: str | None = None,
    place: str | None = None,
) -> Answer:
    """Tell what it is worth to know numbers, and to record data on them, before a programme is decided on.

    Parameters
    ----------
    threshold : pounds for a DALY averted
    costs : of each scenario but the first, pounds a child of a year's births, over its childhood, discounted
    years : births of so many years are decided on, discounted
    recorded_in : place whose cases are recorded; the experiment's own where left out
    """
    information.check_pounds("--threshold", threshold)
    setup = folder.opened(directory)
    others = [scenario.name for scenario in setup.scenarios[1:]]
    if not others:
        raise InputError(f"{directory}: has one scenario, so there is nothing to decide; ask an experiment of two")
    if len(costs) != len(others):
        raise InputError(f"--cost: {len(costs)} given for {len(others)} scenarios ({', '.join(others)}); give one each")
    for name, cost in zip(others, costs, strict=True):
        information.check_pounds(f"--cost of {name}:", cost)
    hands = [read(directory, name, place) for name in others]
    held, left = priced(setup)
    money = information.check_money(hands[0], held)
    where = recorded_in or hands[0].place
    check_recorded(setup.tables, where)
    here = [hands[0].place] if hands[0].place in setup.places else list(setup.places)
    simulated = sum(births(setup.tables, each, setup.experiment.children) for each in here)
    values = setup.tables.values()
    concerned = sum(births(setup.tables, each, None) for each in here)
    concerned_over_years = concerned * float(discount_factors(values, "costs")[:years].sum())
    runs = information.net_benefit(hands, threshold, costs, simulated)
    points, pair, means = hands[0].points, hands[0].pair, runs.mean(axis=1)
    everything = information.evpi(runs, pair)
    scale = concerned_over_years / 1e6
    names = list(points.columns)
    best = int(means.mean(axis=0).argmax())
    moving = means[:, 1 if best == 0 else best]
    parts = []
    for by, groups in grouped(setup.tables, names).items():
        columns = {group: [k for k, each in enumerate(groups) if each == group] for group in dict.fromkeys(groups)}
        parts.append(information.of_groups(points, means, pair, columns, scale).assign(by=by))
    alone = {names[k]: [k] for k in strongest(ranks(points), moving, ALONE)}
    parts.append(information.of_groups(points, means, pair, alone, scale).assign(by="number"))
    known = pd.concat(parts, ignore_index=True)
    known.insert(0, "by", known.pop("by"))
    asked = capture(setup.tables, where)
    data = information.of_data(points, means, pair, asked, RECORDED, scale)
    decision = pd.DataFrame(
        {
            "decision": [setup.scenarios[0].name, *others],
            "net_benefit_per_child": means.mean(axis=0),
            "health": information.first_of(information.HEALTH, hands[0], "health"),
            "money": money,
            "threshold": threshold,
            "cost_per_child": [0.0, *costs],
            "best": [k == best for k in range(len(others) + 1)],
            "evpi": everything.value * scale,
            "evpi_se": everything.error * scale,
            "children": concerned,
            "years": years,
        }
    )
    lines = information_lines(decision, known, data, where, accounted(decision, held, left))
    return Answer({"decision": decision, "evppi": known, "evsi": data}, list(lines))


def priced(setup: Setup) -> tuple[list[str], list[str]]:
    """List what an experiment's scenarios move: interventions whose cost the accounts hold, and all else."""
    held: list[str] = []
    left: list[str] = []
    for scenario in setup.scenarios:
        unknown = unpriced(setup, scenario)
        held += [str(lever.name) for lever in scenario.levers if str(lever.name or lever.kind) not in unknown]
        left += unknown
    return list(dict.fromkeys(held)), list(dict.fromkeys(left))


def check_recorded(tables: Tables, place: str) -> None:
    """Refuse a place of which the tables do not say how many cases it has.

    Raises
    ------
    InputError
        If they do not.
    """
    here = {"region", *(row.authority for row in tables.rows["authorities"] if row.role == "place")}
    published = [row.authority for row in tables.rows["indicators"] if row.indicator == "referral_rate"]
    places = [each for each in published if each in here]
    if place not in places:
        raise InputError(
            f"--recorded-in {shown(place)}: indicators.csv has no referral_rate of it.{nearest(place, places)} "
            f"Give one of {', '.join(places)}"
        )


def accounted(decision: pd.DataFrame, held: Sequence[str], left: Sequence[str]) -> str:
    """Say which outputs net benefit is made of, and whether what programmes cost is among them.

    Parameters
    ----------
    held, left : as `priced` lists them
    """
    first = decision.iloc[0]
    said = [f"Health is {first['health']}, money {first['money']}."]
    if held:
        said.append(f"Money holds what {', '.join(held)} costs: --cost is what comes on top.")
    if left:
        said.append(f"Money holds nothing of what {', '.join(left)} costs: all of it has to be in --cost.")
    return " ".join(said)


def information_lines(
    decision: pd.DataFrame, known: pd.DataFrame, data: pd.DataFrame, where: str, made_of: str
) -> Iterator[str]:
    """Write what knowing is worth.

    Parameters
    ----------
    where : whose cases are recorded
    made_of : what net benefit is made of
    """
    first = decision.iloc[0]
    yield from wrapped(
        f"GBP million, for {first['children']:,} births a year, years decided on: {first['years']}; a DALY averted "
        f"at GBP {first['threshold']:,.0f}; costs of programmes as given, nothing of them known."
    )
    yield from wrapped(made_of)
    yield ""
    rows = [["Net benefit, GBP a child", "mean", "cost", ""]]
    rows += [
        [
            f"  {row['decision']}",
            f"{row['net_benefit_per_child']:,.0f}",
            f"{row['cost_per_child']:,.0f}",
            "best" if row["best"] else "",
        ]
        for row in decision.to_dict("records")
    ]
    yield from align(rows)
    yield ""
    cells = [["Knowing before deciding, GBP million", "worth", "error"]]
    cells.append(["  all numbers (EVPI)", f"{first['evpi']:.3f}", f"{first['evpi_se']:.3f}"])
    for by in ("grade", "table", "number"):
        for row in known[known["by"] == by].head(5).to_dict("records"):
            name = str(row["name"]) if by == "number" else f"all of {by} {row['name']}"
            cells.append([f"  {name}", f"{row['evppi']:.3f}", f"{row['evppi_se']:.3f}"])
    yield from align(cells)
    yield ""
    cells = [[f"Recording in {where} (EVSI), GBP million", "years", "records", "worth", "error"]]
    for row in data.head(SHOWN).to_dict("records"):
        cells.append(
            [
                f"  {row['assumption']}",
                f"{row['years']:g}",
                f"{row['records']:,.0f}",
                f"{row['evsi']:.3f}",
                f"{row['evsi_se']:.3f}",
            ]
        )
    yield from align(cells)
    yield from wrapped(
        "Worth of data is before their cost and delay, as if records were independent and told what they are meant to; "
        "wellheld capture says what is recorded. Values within two errors of 0 are not told from 0."
    )
    yield NOT_FOR_INDIVIDUALS


def allocate(
    directory: Path, budgets: Sequence[float], goals: Sequence[str], risk: str = "mean", place: str | None = None
) -> Answer:
    """Tell how a budget is best split over the interventions that an experiment moves one at a time.

    Parameters
    ----------
    budgets : GBP million, discounted, for the children simulated
    goals : outputs, each made best in turn; those of `allocation.GOALS` that were asked where none is given
    """
    allocation.check_budgets(budgets)
    setup = folder.opened(directory)
    scenarios = setup.scenarios[1:]
    if not scenarios:
        raise InputError(f"{directory}: has one scenario; give one for each lever that money could go to")
    allocation.attitude(risk)
    hands = [read(directory, scenario.name, place) for scenario in scenarios]
    for goal in goals:
        hands[0].mean(goal)
    outputs, responses = allocation.responses_of(scenarios, hands)
    chosen = list(goals) or [goal for goal in allocation.GOALS if goal in outputs]
    if not chosen:
        raise InputError(f"--goal: give one of the outputs {', '.join(outputs)}")
    table = allocation.frontier(responses, outputs, chosen, budgets, risk)
    added = allocation.additivity(scenarios, hands, outputs)
    lines = allocation_lines(table, added, chosen, allocation.most_spent(responses))
    return Answer({"frontier": table, "additivity": added}, list(lines))


def allocation_lines(table: pd.DataFrame, added: pd.DataFrame, goals: Sequence[str], most: float) -> Iterator[str]:
    """Write the best splits, what they bring, and how far levers add up.

    Parameters
    ----------
    most : what all levers can take together [GBP million]
    """
    levers = [name for name in table.columns if name.startswith("on_")]
    yield from wrapped(
        f"Best split of a budget, GBP million for the children simulated, attitude to risk: {table['risk'].iloc[0]}. "
        "A star: no other split spends as little and is as good on every goal."
    )
    if (table["budget"] > most * (1 + allocation.LEAST)).any():
        yield from wrapped(
            f"Of a larger budget at most {most:.3g} can be spent at the coverages run; the rest stays unspent."
        )
    for row in table.to_dict("records"):
        split = ", ".join(f"{name[3:]} {row[name]:.3g}" for name in levers if row[name] > 0) or "nothing"
        star = " *" if row["efficient"] else ""
        yield ""
        yield from wrapped(f"Budget {row['budget']:g} for {row['goal']}{star}: {split}", "  ")
        brought = ", ".join(f"{goal} {row[goal]:+.3g} (sd {row[f'{goal}_sd']:.2g})" for goal in goals)
        yield from wrapped(f"  brings {brought}", "  ")
    yield ""
    for row in added[added["output"].isin(goals)].to_dict("records"):
        yield from wrapped(
            f"Together ({row['scenario']}) {row['output']} changes by {row['together']:+.3g}; added up, "
            f"{row['added']:+.3g}: error {row['error']:+.2g} (se {row['error_se']:.1g})"
        )
    if added.empty:
        yield from wrapped("No scenario moves levers together, so that nothing says how far they add up.")
    yield NOT_FOR_INDIVIDUALS
