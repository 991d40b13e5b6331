"""Print what was found about groups and localities: one screen each, at most 100 columns wide."""

import json
from typing import Any

import pandas as pd

from experiments.inequality import OUTCOMES, PARTS, Inequality
from experiments.localities import NOTE, Localities
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped
from simulation.population import GROUPS

APART = (
    "Ethnic group and decile are drawn apart within an authority here, so deprivation can explain no difference but by "
    "chance."
)
TOGETHER = (
    "Ethnic groups live in the deciles that England's groups do (odds ratios of two published ends, recalled; margins "
    "are the authority's own)."
)
READ_GROUPS = (
    "Differences are from all children of the place: no group is the norm. They are the sum of three parts: "
    "deprivation (living in other deciles, Kitagawa), discrimination (against a run in which it strikes all alike; the "
    "ratios are assumed) and the rest, which in an authority is chance alone: nothing else in the model differs by "
    "group. The model does not know what services do to groups: real referral and care rates differ from these."
)


def inequality_screen(found: Inequality) -> str:
    """Write differences between groups and their parts."""
    lines = wrapped(
        f"{found.place.replace('_', ' ').capitalize()}: differences between ethnic groups and what explains them. "
        f"{found.draws} draws, {found.children:,} children in each place, seed {found.seed}. Mean and 95% of draws."
    )
    for outcome, (title, _) in OUTCOMES.items():
        here = found.table[found.table["outcome"] == outcome]
        level = float(here["place_mean"].iloc[0])
        places = 2 if level < 5 else 1
        lines += ["", f"{title[0].upper()}{title[1:]}: {level:.{places}f} in all children"]
        table = [["", "share", "own", *PARTS]]
        for group in GROUPS:
            own = here[here["group"] == group]
            parts = [
                f"{row.mean:+.{places}f} ({row.low_95:+.{places}f}:{row.high_95:+.{places}f})"
                for row in own.itertuples(index=False)
            ]
            first = own.iloc[0]
            table.append(
                [group, f"{100 * first['share_of_children']:.0f}%", f"{first['group_mean']:.{places}f}", *parts]
            )
        lines += align(table)
    lines += ["", *wrapped(READ_GROUPS), *wrapped(TOGETHER if found.together else APART), *wrapped(NOT_FOR_INDIVIDUALS)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def inequality_json(found: Inequality) -> str:
    """Write the same for machines."""
    settings = {name: getattr(found, name) for name in ("place", "draws", "seed", "children", "together")}
    notes = [READ_GROUPS, TOGETHER if found.together else APART, NOT_FOR_INDIVIDUALS]
    return json.dumps(settings | {"notes": notes, "rows": records(found.table)}, indent=1) + "\n"


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Turn a table into rows for JSON; what is no number is null."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=12))
    return rows


def localities_screen(found: Localities) -> str:
    """Write both indices of authorities, and the model's neighbourhoods by decile."""
    lines = wrapped(
        f"{found.place.replace('_', ' ').capitalize()}: indices from public indicators of 2019, and what simulated "
        f"children carry ({found.scenario}, seed {found.seed}, {100 * found.size:g}% of residents, 31 March)."
    )
    table = [["", "adversity", "resilience", "children", "CATs", "unresolved", "supported"]]
    for row in found.authorities.to_dict("records"):
        model = ["-"] * 4
        if row["children"]:
            model = [
                f"{row['children']:,}",
                f"{row['cats_per_child']:.2f}",
                f"{row['unresolved_per_child']:.2f}",
                f"{100 * row['supported_share']:.1f}%",
            ]
        indices = [f"{row[f'{name}_index']:+.2f}" for name in ("adversity", "resilience")]
        table.append([str(row["authority"]), *indices, *model])
    lines += ["", "Authorities, in alphabetical order: index, and a child", *align(table)]
    columns = ["adversity_index", "resilience_index", "cats_per_child", "unresolved_per_child", "relative_burden"]
    table = [["decile", "places", "adversity", "resilience", "CATs", "unresolved", "burden", "supported", "outside"]]
    for decile, own in found.neighbourhoods.groupby("decile"):
        weights = own["children"] / max(1, own["children"].sum())
        cells = [f"{(own[name] * weights).sum():.2f}" for name in columns]
        cells.append(f"{100 * (own['supported_share'] * weights).sum():.1f}%")
        table.append([str(decile), str(len(own)), *cells, str(int(own["outside_limits"].sum()))])
    lines += ["", "Simulated neighbourhoods by decile (1 most deprived), means over their children", *align(table)]
    outside, number = int(found.neighbourhoods["outside_limits"].sum()), len(found.neighbourhoods)
    lines += [
        "",
        *wrapped(
            "Burden: unresolved events over those expected of children of these ages in England. "
            f"{outside} of {number} neighbourhoods lie outside the 99.8% limits of their decile, where independent "
            "children would leave about "
            f"{0.002 * number:.1f}: families share, and who moves in repeats the life of somebody there."
        ),
        *wrapped(NOTE),
        *wrapped(NOT_FOR_INDIVIDUALS),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def localities_json(found: Localities) -> str:
    """Write the same for machines, with every neighbourhood."""
    settings = {name: getattr(found, name) for name in ("place", "seed", "size", "scenario")}
    tables = {name: records(getattr(found, name)) for name in ("authorities", "neighbourhoods")}
    return json.dumps(settings | {"note": NOTE} | tables, indent=1) + "\n"
