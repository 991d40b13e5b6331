"""Generate an example of units: schools of a place that do not exist, of roughly the number and size of its own.

Nobody publishes a school's Sufficiency or TIP alignment. The example lets effectiveness be compared where the truth
is known; its schools are marked `generated` and must not be taken for real ones.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

from simulation.draws import seed_key, uniforms
from simulation.errors import InputError
from simulation.inputs import Tables
from simulation.population import pick
from simulation.rows import UnitRow

SEED = 20240901
NOTE = "generated from a seed: no such school exists"
SPREAD_SUFFICIENCY, SPREAD_TIP = 0.08, 0.12
"""Standard deviation between schools [share]: assumptions, as neither has been measured anywhere."""
NEARNESS, ELSEWHERE = 1.5, 0.02
"""Deciles over which affinity falls to 1/e, and the affinity that is left to every decile."""


class Stage(NamedTuple):
    """Schools of one stage of a place."""

    stage: str
    word: str
    schools: int
    places: tuple[int, ...]  # sizes that are drawn alike


SCHOOLS = {
    "sandwell": (
        Stage("primary_school", "primary", 95, (210, 315, 420, 420, 630)),
        Stage("secondary_school", "secondary", 20, (750, 900, 1050, 1200, 1500)),
    )
}
"""About as many state schools as the place has; one to three forms of entry, and five to ten."""


def example_schools(tables: Tables) -> list[UnitRow]:
    """Generate the example's schools, the same ones always.

    A school has a home decile, drawn from the place's neighbourhoods; affinity falls with the distance of a child's
    decile from it. Levels are spread about the stage's own, so that their mean by capacity is the stage's.
    """
    units: list[UnitRow] = []
    for place, stages in SCHOOLS.items():
        mix = np.zeros(10)
        for row in tables.rows["deprivation"]:
            if row.authority == place:
                mix[row.decile - 1] = row.share
        for number, stage in enumerate(stages):
            u = uniforms(seed_key(SEED), np.arange(stage.schools, dtype=np.int64), 0, number, 0)
            places = np.array(stage.places)[(u[0] * len(stage.places)).astype(int)]
            distance = np.abs(np.arange(10) - pick(u[1], mix)[:, None])
            intake = np.round(np.exp(-distance / NEARNESS) + ELSEWHERE, 3)
            level = next(
                row for row in tables.rows["service_levels"] if (row.authority, row.service) == ("all", stage.stage)
            )
            sufficiency, tip = (
                np.clip(np.round(mean + spread * (z - np.average(z, weights=places)), 3), 0.0, 1.0)
                for mean, spread, z in (
                    (level.sufficiency, SPREAD_SUFFICIENCY, special.ndtri(np.maximum(u[2], 1e-9))),
                    (level.tip_alignment, SPREAD_TIP, special.ndtri(np.maximum(u[3], 1e-9))),
                )
            )
            units += [
                UnitRow(
                    authority=place,
                    stage=stage.stage,
                    unit=f"{stage.word}_{k + 1:02}",
                    title=f"{stage.word} {k + 1:02}".capitalize(),
                    capacity=float(places[k]),
                    sufficiency=float(sufficiency[k]),
                    tip_alignment=float(tip[k]),
                    intake=tuple(intake[k].tolist()),
                    generated=True,
                    note=NOTE,
                )
                for k in range(stage.schools)
            ]
    return units


def has_example(place: str) -> None:
    """Refuse a place without an example.

    Raises
    ------
    InputError
        It says which places have one.
    """
    if place not in SCHOOLS:
        raise InputError(
            f"no schools are generated for {place}, only for {', '.join(SCHOOLS)}; give --scenario a file with [[unit]]"
        )
