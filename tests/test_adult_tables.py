"""Tables of adult life: refused in one line where they do not fit together; near what is published of England."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from worlds import grown_up

from experiments.plan import draw_numbers
from experiments.plausibility import compare
from simulation.adult_parts import adult_parts, agencies, agency_names
from simulation.build import build
from simulation.cohort import run
from simulation.context import Surroundings
from simulation.errors import InputError
from simulation.inputs import Tables, check_links
from simulation.rows import KEYS, SWITCHED
from simulation.sampling import sobol_pair, switch_of, uncertain
from simulation.scenario import Scenario, Switches
from simulation.world import World


def changed(tables: Tables, name: str, rows: list[Any]) -> Tables:
    """Give other rows to a table."""
    return replace(tables, rows={**tables.rows, name: rows})


def moved(tables: Tables, name: str, number: int, **cells: Any) -> list[Any]:
    """Change cells of one row of a table."""
    rows = list(tables.rows[name])
    rows[number] = rows[number].model_copy(update=cells)
    return rows


@pytest.mark.parametrize(
    ("name", "number", "cells", "told"),
    [
        ("adult_routes", 0, {"service": "talking_terapies"}, "row 2: unknown service 'talking_terapies'"),
        ("adult_routes", 1, {"reason": "anxeity"}, "row 3: unknown reason 'anxeity'; give an adult adversity"),
        ("adult_services", 8, {"service": "leaving_home"}, "unknown service 'leaving_care'"),
        ("condition_costs", 2, {"condition": "smoke"}, "row 4: unknown condition 'smoke'"),
    ],
)
def test_routes_and_services_that_do_not_fit_are_refused(
    tables: Tables, name: str, number: int, cells: dict[str, Any], told: str
) -> None:
    """B: each told with file and row."""
    with pytest.raises(InputError, match=told):
        check_links({**tables.rows, name: moved(tables, name, number, **cells)})


def test_a_service_that_nobody_comes_to_is_refused(tables: Tables) -> None:
    """B: an adult service without a route, and more than a record holds."""
    routes = [row for row in tables.rows["adult_routes"] if row.service != "prison"]
    with pytest.raises(InputError, match=r"adult_services.csv: row 9: 'prison' is reached by nobody"):
        check_links({**tables.rows, "adult_routes": routes})
    first = tables.rows["adult_services"][0]
    many = [first.model_copy(update={"service": f"service_{k}"}) for k in range(17)]
    with pytest.raises(InputError, match="17 services where 16 fit"):
        check_links({**tables.rows, "adult_services": many})


@pytest.mark.parametrize(
    ("name", "number", "cells", "told"),
    [
        ("adult_outcomes", 0, {"age_to": 18}, "adult_outcomes.csv: row 2: level_2 from 18 on is not built"),
        ("adult_outcomes", 5, {"age_from": 17}, "adult_outcomes.csv: row 7: under 18 NEET is a service"),
        ("adult_services", 8, {"service": "after_care"}, "service 'leaving_care' is missing"),
    ],
)
def test_rows_that_no_rule_can_use_are_refused(
    tables: Tables, values: dict[str, float], name: str, number: int, cells: dict[str, Any], told: str
) -> None:
    """B: each told with file and row."""
    other = changed(tables, name, moved(tables, name, number, **cells))
    with pytest.raises(InputError, match=told):
        adult_parts(other, values, Switches(adult_life=True))


def test_shares_of_workers_sum_to_one(tables: Tables, values: dict[str, float]) -> None:
    """B: pay without an attainment's row, told with the age."""
    with pytest.raises(InputError, match=r"pay.csv: shares at age 18 sum to 1.1"):
        adult_parts(tables, {**values, "pay.level_2.18.share": 0.3}, Switches())


def test_more_agencies_than_a_record_holds_are_refused(tables: Tables) -> None:
    """B: nine payers."""
    costs = [row.model_copy(update={"payer": f"payer_{k}"}) for k, row in enumerate(tables.rows["unit_costs"][:3])]
    with pytest.raises(InputError, match="9 payers where 8 fit a record"):
        agency_names(changed(tables, "unit_costs", costs))


def test_off_no_agency_is_counted(tables: Tables, values: dict[str, float]) -> None:
    """Universal and out-of-system settings are no agency; off, nothing is. Exact."""
    bits = agencies(tables)
    for row, bit in zip(tables.rows["services"], bits, strict=True):
        assert (bit == 0) == (row.tier in ("universal", "out_of_system"))
    assert not build(tables, values, Switches(), (1, 0, 0)).agency.any()


def test_switched_numbers_exist_and_are_drawn_apart(tables: Tables) -> None:
    """What is drawn for every run is the same with adult life on; what is its own stands after it. Exact."""
    assert set(SWITCHED) <= set(KEYS) | {row.name for row in tables.rows["parameters"]}
    numbers = uncertain(tables.numbers)
    always = [number for number in numbers if not switch_of(number)]
    names, points = draw_numbers(tables, [Scenario.today()], 8, 3)
    assert names == always
    assert all((a == b).all() for a, b in zip(points, sobol_pair(always, 8, 3), strict=True))
    on = Scenario(name="on", switches=Switches(adult_life=True))
    more, wider = draw_numbers(tables, [on], 8, 3)
    assert more[: len(names)] == names
    assert {number.name for number in more[len(names) :]} == {x.name for x in numbers if switch_of(x) == "adult_life"}
    for narrow, wide in zip(points, wider, strict=True):
        assert (wide[:, : len(names)] == narrow).all()
        assert np.isfinite(wide).all()


def test_england_is_near_what_is_published(
    tables: Tables, values: dict[str, float], today: Surroundings, world: World, england: Any
) -> None:
    """P: NEET at 16-17 within half, all else of adult life within a quarter of England's figures.

    Of 10,000 people, the rarest figure (births under 20) has a standard error of 5%; the limits are five of them.
    """
    on = grown_up(tables, values, world)
    table = compare(tables, run(today, on, england[:10_000]), "england", ["england"]).set_index("indicator")
    ratio = table["ratio"]
    assert 0.5 < ratio["not_in_education_16_17"] < 1.5
    listed = [row.indicator for row in tables.rows["adult_indicators"] if row.authority == "england"]
    assert set(listed) <= set(table.index)
    found: pd.Series = ratio[listed]
    assert found.between(0.75, 1.25).all(), found
