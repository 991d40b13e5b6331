"""Differences between groups: parts that sum to the whole, by hand and in runs."""

import json
from typing import Any

import numpy as np
import pytest

from experiments.inequality import OUTCOMES, PARTS, Inequality, counted, decompose, kitagawa, parts
from experiments.localities_screen import inequality_json, inequality_screen
from simulation.inputs import Tables
from simulation.population import GROUPS

pytest_plugins = ("command_line_fixtures",)


@pytest.fixture(scope="module")
def found() -> Inequality:
    """Decompose 600 children of Sandwell in two draws."""
    return decompose("sandwell", draws=2, seed=3, children=600)


def deciles(first: tuple[float, float], second: tuple[float, float]) -> Any:
    """Lay out children and one outcome in two deciles."""
    sums = np.zeros((10, 2))
    sums[0], sums[1] = first, second
    return sums


def test_kitagawa_by_hand() -> None:
    """A group: 8 children with 8 events, 2 with 1; everyone: 10 with 8, 10 with 4. By hand.

    Means 1 and 0.5 against 0.8 and 0.4, shares 0.8 and 0.2 against 0.5 and 0.5: living elsewhere makes
    0.3 x 0.9 - 0.3 x 0.45, other outcomes 0.2 x 0.65 + 0.1 x 0.35; together 0.9 - 0.6.
    """
    places, rest = kitagawa(deciles((8, 8), (2, 1)), deciles((10, 8), (10, 4)))
    assert places == pytest.approx([0.135])
    assert rest == pytest.approx([0.165])
    assert places + rest == pytest.approx([0.3])


def test_parts_sum_exactly_to_the_difference() -> None:
    """Of 200 random tables with empty cells and empty groups, each group's parts sum to its mean less all. 1e-12."""
    generator = np.random.default_rng(7)
    for _ in range(200):
        today = generator.integers(0, 5, (5, 10, 4)).astype(float)
        today[generator.random((5, 10)) < 0.3] = 0.0
        today[4] = 0.0
        today[..., 1:] *= today[..., :1] > 0
        level = today.copy()
        level[..., 1:] *= generator.random((5, 10, 3))
        found = parts(today, level)
        everyone = today.sum(axis=(0, 1))
        for group in range(4):
            if (children := today[group, :, 0].sum()) > 0:
                whole = today[group, :, 1:].sum(axis=0) / children - everyone[1:] / everyone[0]
                assert found[group, :, 0] == pytest.approx(whole, abs=1e-12)
                assert found[group, :, 1:].sum(axis=1) == pytest.approx(whole, abs=1e-12)
        assert (found[4] == 0.0).all()


def test_equal_runs_leave_no_discrimination_and_equal_places_no_deprivation() -> None:
    """The same run twice: that part is exactly 0; every group spread alike over deciles: that one. Exact."""
    generator = np.random.default_rng(8)
    today = generator.integers(1, 9, (5, 10, 3)).astype(float)
    assert (parts(today, today)[..., 2] == 0.0).all()
    today[..., 0] = np.arange(1, 6)[:, None] * np.arange(1, 11)[None, :]
    assert np.abs(parts(today, today)[..., 1]).max() < 1e-15


def test_groups_show_discrimination(found: Inequality) -> None:
    """Two draws of Sandwell: rows for all, parts that sum, and the group with the highest ratio hit most. Exact."""
    table = found.table
    assert len(table) == len(OUTCOMES) * len(GROUPS) * len(PARTS)
    wide = table.pivot_table(index=["outcome", "group"], columns="part", values="mean")
    assert wide["difference"].to_numpy() == pytest.approx(wide[list(PARTS[1:])].sum(axis=1).to_numpy(), abs=1e-12)
    hit = wide.xs("ever_discriminated")["discrimination"]
    assert hit["black"] > hit["asian"] > 0 > hit["white"]
    own = table[table["part"] == "difference"]
    assert (own["group_mean"] - own["place_mean"]).to_numpy() == pytest.approx(own["mean"].to_numpy(), abs=1e-9)


def test_counted_by_group_and_decile_is_every_child(tables: Tables, lived: Any) -> None:
    """Sums over groups and deciles are those of the records. Exact."""
    people = lived.life.children
    total = counted(tables, people).sum(axis=(0, 1))
    assert total[0] == len(people)
    assert total[1] == people["cats"].sum(dtype=int)
    assert total[2] == (people["aces"] >= 4).sum()
    assert total[5] == pytest.approx((people["yll"].sum(dtype=float) + people["yld"].sum(dtype=float)) / 1e6)


def test_the_screen_and_the_json_say_the_same(found: Inequality) -> None:
    """100 columns, the limits of use, and every row for machines."""
    screen = inequality_screen(found)
    assert max(map(len, screen.splitlines())) <= 110
    assert "no group is the norm" in " ".join(screen.split())
    answer = json.loads(inequality_json(found))
    assert len(answer["rows"]) == len(found.table)
    assert answer["together"] is True


def test_inequality_at_the_command_line(wellheld: Any, here: Any) -> None:
    """A table beside the screen; an unknown place and a taken name are refused in one line."""
    answer = wellheld(
        "inequality", "Dudley", "--draws", "1", "--children", "60", "--apart", "--out", "groups.csv", "--json"
    )
    assert answer.code == 0
    assert json.loads(answer.out)["place"] == "dudley"
    assert "drawn apart" in answer.out
    assert (here / "groups.csv").read_text().startswith("place,outcome,title,group,")
    assert wellheld("inequality", "dudly").code == 2
    again = wellheld("inequality", "dudley", "--out", "groups.csv")
    assert (again.code, "exists already" in again.err) == (2, True)
