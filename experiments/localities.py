"""Set an adversity and a resilience index of localities, from public indicators, beside the model's own burden.

Indices follow Lewer et al. 2020 in kind: local indicators, each standing for a type of adversity, as z-scores,
averaged over types. Neighbourhoods are simulated: they have a decile and a cell of a generated grid, no name.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from agents.child import MILLION, NEVER
from agents.names import ADULT, NONE
from simulation.build import authority_names
from simulation.cohort import reference
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.extension import with_services
from simulation.frailty import Values, centred
from simulation.inputs import Tables, load_tables
from simulation.neighbourhood import Layout, layout, relative_burden
from simulation.population import neighbourhoods, neighbourhoods_of
from simulation.residents import BURN_IN, Town, residents
from simulation.scenario import Scenario

REFERENCE_CHILDREN = 10_000
WITHIN = 3.090232306167813
"""Half the width of limits that hold 99.8% of chance [standard errors]."""
INDICES = ("adversity", "resilience")
NOTE = (
    "Simulated neighbourhoods on a generated grid, not real places. Neighbourhoods of one decile differ in the model "
    "by chance alone, and by amplification where it is on. Indices: 0 is England; the spread is that of the seven "
    "authorities; what is recorded differs between authorities. Not for ranking authorities."
)


@dataclass(frozen=True)
class Localities:
    """What a run found in one authority or in the region.

    Parameters
    ----------
    authorities : a row for each of the seven: both indices, and the model's figures where it was run
    neighbourhoods : a row for each simulated neighbourhood
    """

    place: str
    seed: int
    size: float
    scenario: str
    authorities: pd.DataFrame
    neighbourhoods: pd.DataFrame


def z_scores(found: Any, england: Any, spread: Any, sign: Any) -> Any:
    """Set indicators from England's value, in standard deviations of localities; one that never varies is 0.

    Parameters
    ----------
    found : (indicators, localities)
    england, spread, sign : (indicators,)

    Returns
    -------
    (indicators, localities)
    """
    gap = sign[:, None] * (found - england[:, None])
    return np.where(spread[:, None] > 0, gap / np.where(spread > 0, spread, 1.0)[:, None], 0.0)


def index_of(scores: Any, stands_for: list[str]) -> Any:
    """Average z-scores within what they stand for, then over it: each type counts once.

    Returns
    -------
    (localities,)
    """
    kinds = list(dict.fromkeys(stands_for))
    return np.mean([scores[[k for k, kind in enumerate(stands_for) if kind == each]].mean(axis=0) for each in kinds], 0)


def indices(tables: Tables, values: Values, index: str) -> tuple[Any, Any]:
    """Work out an index of authorities, and of each authority's deciles.

    An indicator of a decile is the authority's, spread over its neighbourhoods by the indicator's ratio between
    England's deciles: its mean over the neighbourhoods is the authority's own.

    Returns
    -------
    (A,) and (A, 10); England's row is 0 for itself
    """
    order = authority_names(tables)
    rows = [row for row in tables.rows["locality_indicators"] if row.index == index]
    found = np.array([[values[f"locality_values.{row.indicator}.{place}.value"] for place in order] for row in rows])
    england = [row.role for row in tables.rows["authorities"]].index("reference")
    local = np.delete(found, england, axis=1)
    steps = centred([row.deprivation_ratio for row in rows])
    sign, kinds = np.array([row.sign for row in rows]), [row.stands_for for row in rows]

    def index_at(at: Any) -> Any:
        return index_of(z_scores(at, found[:, england], local.std(axis=1), sign), kinds)

    by_decile = np.zeros((len(order), 10))
    for a, place in enumerate(order):
        count = neighbourhoods(tables, place)
        by_decile[a] = index_at(found[:, [a]] * steps / (steps @ count / count.sum())[:, None])
    return index_at(found), by_decile


def snapshot(s: Surroundings, places: tuple[str, ...], seed: int, size: float, jobs: int) -> Any:
    """Run residents from births until every age has lived here, and give the children of the last 31 March.

    Returns
    -------
    (children,) records, and the reference burden by age
    """
    world = reference(s.tables, s.values, s.scenario.switches, seed_key(seed, 65_535), REFERENCE_CHILDREN)
    world = world._replace(key=seed_key(seed))
    town = Town(s, world.key, places, size)
    town.begin(0)
    kept: list[Any] = []

    def keep(year: int, people: Any) -> None:
        if year == BURN_IN:
            kept.append(people[(people["died"] == NEVER) & (year - people["birth_year"] < ADULT)].copy())

    residents(s, world, town, 0, BURN_IN + 1, jobs=jobs, watch=keep)
    return kept[0], world.mean_burden


def carried(where: Layout, children: Any, mean_burden: Any, prior: float) -> pd.DataFrame:
    """Tabulate what the children of each neighbourhood carry.

    Limits hold 99.8% of neighbourhoods of so many children whose children were those of the decile there.

    Returns
    -------
    a row for each neighbourhood
    """
    here, size = children["neighbourhood"], len(where.decile)

    def total(values: Any) -> Any:
        return np.bincount(here, weights=values, minlength=size)

    count = total(np.ones(len(children)))
    events = children["unresolved"].astype(float)
    expected = (MILLION * mean_burden[BURN_IN - children["birth_year"]]).astype(np.int64)
    burden, _ = relative_burden(
        where, total(events).astype(np.int64), total(expected).astype(np.int64), count.astype(np.int64), prior
    )
    block = (10 * where.authority + where.decile)[here]
    sums = [
        np.bincount(block, weights=w, minlength=10 * len(set(where.authority.tolist())))
        for w in (np.ones(len(block)), events, events**2)
    ]
    mean = sums[1] / np.maximum(1, sums[0])
    spread = np.sqrt(np.maximum(0.0, sums[2] / np.maximum(1, sums[0]) - mean**2))
    own = 10 * where.authority + where.decile
    half = WITHIN * spread[own] / np.sqrt(np.maximum(1, count))
    unresolved = total(events) / np.maximum(1, count)
    low, high = np.maximum(0.0, mean[own] - half), mean[own] + half
    return pd.DataFrame(
        {
            "children": count.astype(int),
            "cats_per_child": total(children["cats"]) / np.maximum(1, count),
            "unresolved_per_child": unresolved,
            "limit_low": low,
            "limit_high": high,
            "outside_limits": (count > 0) & ((unresolved < low) | (unresolved > high)),
            "supported_share": total(children["support"] != NONE) / np.maximum(1, count),
            "resilience": total(children["resilience"]) / MILLION / np.maximum(1, count),
            "relative_burden": burden,
        }
    )


def find(
    place: str = "sandwell", seed: int = 1, size: float = 1.0, scenario: Scenario | None = None, jobs: int = 1
) -> Localities:
    """Run the residents of a place under the central numbers and tabulate its neighbourhoods.

    They are seen on 31 March of the first year, after a burn-in under the same scenario.

    Parameters
    ----------
    size : share of the residents who are simulated
    """
    chosen = scenario or Scenario.today()
    tables = with_services(load_tables(), chosen)
    values = {**tables.values(), **chosen.numbers}
    values["first_year"] -= BURN_IN
    seven = tuple(row.authority for row in tables.rows["authorities"] if row.role == "place")
    places = seven if place == "region" else (place,)
    s = Surroundings(tables, values, chosen)
    children, mean_burden = snapshot(s, places, seed, size, jobs)
    where = layout(tuple(tuple(counts.tolist()) for counts in neighbourhoods_of(tables).values()))
    table = carried(where, children, mean_burden, values["burden_prior"])
    scores = {index: indices(tables, values, index) for index in INDICES}
    names = np.array(s.places)[where.authority]
    number = pd.Series(names).groupby(names).cumcount() + 1
    about = pd.DataFrame(
        {
            "id": [f"{name}-{k:03d}" for name, k in zip(names, number, strict=True)],
            "authority": names,
            "decile": where.decile + 1,
            "x": where.cell[:, 0] + 0.5 * where.cell[:, 1],
            "y": -np.sqrt(0.75) * where.cell[:, 1],
            **{f"{index}_index": by_decile[where.authority, where.decile] for index, (_, by_decile) in scores.items()},
        }
    )
    here = pd.concat([about, table], axis=1)[np.isin(names, places)].reset_index(drop=True)
    return Localities(place, seed, size, chosen.name, by_authority(here, scores, s.places, seven), here)


def by_authority(here: pd.DataFrame, scores: dict[str, Any], order: list[str], seven: tuple[str, ...]) -> pd.DataFrame:
    """Tabulate both indices of the seven authorities, and the means of the children of those that were run."""
    rows = []
    for place in seven:
        own = here[here["authority"] == place]
        row: dict[str, Any] = {"authority": place}
        row |= {f"{index}_index": float(score[order.index(place)]) for index, (score, _) in scores.items()}
        row["children"] = int(own["children"].sum())
        for name in ("cats_per_child", "unresolved_per_child", "supported_share", "resilience"):
            weighed = float((own[name] * own["children"]).sum())
            row[name] = weighed / row["children"] if row["children"] else float("nan")
        rows.append(row)
    return pd.DataFrame(rows)
