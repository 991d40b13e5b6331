"""Localities: indices by hand, neighbourhoods that average to their authority, and a picture of none that is real."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.localities import Localities, carried, find, index_of, indices, z_scores
from experiments.localities_figure import png
from experiments.localities_screen import localities_json, localities_screen
from simulation.build import authority_names
from simulation.inputs import Tables
from simulation.neighbourhood import layout
from simulation.population import neighbourhoods

pytest_plugins = ("command_line_fixtures",)


@pytest.fixture(scope="module")
def found() -> Localities:
    """Run one in fifty residents of Solihull."""
    return find("solihull", seed=2, size=0.02)


def test_an_index_by_hand_of_three_localities() -> None:
    """Two indicators of one type and one of another that counts against, one that never varies; England 2, 10, 5, 1.

    Spreads of (1, 2, 3) and of (10, 12, 14) are sqrt(2/3) and 2 sqrt(2/3). By hand.
    """
    at = np.array([[1.0, 2.0, 3.0], [10.0, 12.0, 14.0], [5.0, 4.0, 3.0], [1.0, 1.0, 1.0]])
    sign = np.array([1, 1, -1, 1])
    scores = z_scores(at, np.array([2.0, 10.0, 5.0, 1.0]), at.std(axis=1), sign)
    unit = np.sqrt(1.5)
    assert scores == pytest.approx(unit * np.array([[-1, 0, 1], [0, 1, 2], [0, 1, 2], [0, 0, 0]]))
    index = index_of(scores, ["neglect", "neglect", "attendance", "stable"])
    assert index == pytest.approx(unit * np.array([-0.5 / 3, 1.5 / 3, 3.5 / 3]))


@pytest.mark.parametrize("index", ["adversity", "resilience"])
def test_neighbourhoods_average_to_their_authority(tables: Tables, values: dict[str, float], index: str) -> None:
    """The index over an authority's neighbourhoods is its own, England's is 0, and deprivation goes one way. 1e-12."""
    own, by_decile = indices(tables, values, index)
    order = authority_names(tables)
    for a, place in enumerate(order):
        count = neighbourhoods(tables, place)
        assert by_decile[a] @ count / count.sum() == pytest.approx(own[a], abs=1e-12)
        steps = np.diff(by_decile[a]) * (1 if index == "resilience" else -1)
        assert (steps > 0).all()
    assert own[order.index("england")] == 0.0


def test_what_neighbourhoods_carry_is_counted(tables: Tables) -> None:
    """Three children in two neighbourhoods of one decile, by hand; an empty one carries its decile's burden."""
    where = layout(((3, 0, 0, 0, 0, 0, 0, 0, 0, 0),))
    children = np.zeros(
        3, [(n, "i8") for n in ("neighbourhood", "birth_year", "unresolved", "cats", "support", "resilience")]
    )
    children["neighbourhood"], children["unresolved"], children["cats"] = [0, 0, 1], [2, 0, 1], [3, 0, 1]
    children["birth_year"], children["support"], children["resilience"] = 20, [255, 4, 255], 500_000
    table = carried(where, children, np.full(18, 0.5), 0.0)
    assert table["children"].tolist() == [2, 1, 0]
    assert table["unresolved_per_child"].tolist() == [1.0, 1.0, 0.0]
    assert table["supported_share"].tolist() == [0.5, 0.0, 0.0]
    assert table["relative_burden"].tolist() == [2.0, 2.0, 2.0]
    assert table["limit_high"].tolist()[:2] == pytest.approx(1 + 3.0902323 * np.sqrt(2 / 3) / np.sqrt([2, 1]))
    assert not table["outside_limits"].any()


@pytest.mark.slow
def test_a_place_has_a_row_for_each_neighbourhood(found: Localities, tables: Tables) -> None:
    """Ids, deciles and cells of Solihull, all children counted; the seven authorities have indices. Exact."""
    table = found.neighbourhoods
    assert len(table) == table["id"].nunique() == neighbourhoods(tables, "solihull").sum()
    assert np.bincount(table["decile"] - 1, minlength=10).tolist() == neighbourhoods(tables, "solihull").tolist()
    assert table["children"].sum() == found.authorities.set_index("authority")["children"]["solihull"] > 800
    assert len(found.authorities) == 7
    apart = np.hypot(*(table[c].to_numpy()[:, None] - table[c].to_numpy()[None, :] for c in ("x", "y")))
    assert apart[~np.eye(len(table), dtype=bool)].min() == pytest.approx(1.0)


@pytest.mark.slow
def test_the_screen_the_json_and_the_picture(found: Localities) -> None:
    """None takes the neighbourhoods for real places; 100 columns; a PNG, the same each time."""
    screen = localities_screen(found)
    assert max(map(len, screen.splitlines())) <= 100
    assert "not real places" in " ".join(screen.split())
    answer = json.loads(localities_json(found))
    assert len(answer["neighbourhoods"]) == len(found.neighbourhoods)
    assert "not real places" in answer["note"]
    assert png(found)[:8] == b"\x89PNG\r\n\x1a\n"
    north = found.neighbourhoods.assign(authority="north")
    both = replace(found, place="region", neighbourhoods=pd.concat([found.neighbourhoods, north]))
    assert len(png(both)) > 20_000


@pytest.mark.slow
def test_localities_at_the_command_line(wellheld: Any, here: Any) -> None:
    """Table and picture beside the screen; what cannot be is refused in one line before anything runs."""
    answer = wellheld("localities", "solihull", "--size", "0.01", "--out", "map.csv", "--picture", "map.png")
    assert (answer.code, answer.err) == (0, "Table in map.csv\nPicture in map.png\n")
    assert (here / "map.csv").read_text().splitlines()[1].startswith("solihull-001,solihull,1,0.0,")
    for arguments, part in (
        (("localities", "solihul"), "Did you mean"),
        (("localities", "solihull", "--size", "2"), "--size 2.0 is outside 0.01 to 1"),
        (("localities", "solihull", "--picture", "map.jpg"), "--picture map.jpg: does not end in .png"),
    ):
        refused = wellheld(*arguments)
        assert refused.code == 2
        assert part in refused.err
