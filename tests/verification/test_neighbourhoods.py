"""Neighbourhoods: a grid around each, burden beside what is expected, spill-over, and names that do not matter."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from worlds import scenario

from simulation.build import authority_names, build
from simulation.cohort import Life, reference, run
from simulation.context import Surroundings, neighbourhood_amplification
from simulation.errors import InputError
from simulation.frailty import centred
from simulation.inputs import FOLDER, Tables, check_table
from simulation.ledger import Ledger
from simulation.neighbourhood import adjoining, felt_around, grid, layout, neighbours, relative_burden
from simulation.network import check_adjacency
from simulation.population import cohort, neighbourhoods
from simulation.scenario import Lever, Switches
from simulation.world import World

Key = tuple[int, int, int]
SEVEN = ["birmingham", "coventry", "dudley", "sandwell", "solihull", "walsall", "wolverhampton"]


@pytest.mark.parametrize("size", [1, 2, 7, 8, 19, 186, 594])
def test_a_grid_is_mutual_and_nobody_touches_itself(size: int) -> None:
    """Whole rings of 1, 6, 12 ... cells; whom a cell touches touches it, at distance 1. Exact."""
    cells, around = grid(size), neighbours(size)
    assert len({tuple(cell) for cell in cells.tolist()}) == size
    for k in range(size):
        for other in around[k][around[k] >= 0]:
            assert other != k
            assert k in around[other]
            step = cells[other] - cells[k]
            assert max(abs(step[0]), abs(step[1]), abs(step.sum())) == 1
    if size > 7:
        assert (around[0] >= 0).all()


def test_relative_burden_by_hand() -> None:
    """Two neighbourhoods of one decile, one of another; an authority without children. Exact by hand.

    Decile 0: 30 events of 20 expected among 40 children; with a prior of 10 children (5 expected, 7.5 carried)
    the first has (20 + 7.5) / (10 + 5), the second (10 + 7.5) / (10 + 5). Decile 9: 3 + 10 x 0.6 over 5 + 10.
    """
    where = layout(((2, 0, 0, 0, 0, 0, 0, 0, 0, 1), (1, 0, 0, 0, 0, 0, 0, 0, 0, 0)))
    burden, place = relative_burden(
        where, np.array([20, 10, 3, 0]), np.array([10, 10, 5, 0]) * 1_000_000, np.array([20, 20, 5, 0]), 10.0
    )
    assert burden == pytest.approx([27.5 / 15, 17.5 / 15, 9 / 15, 1.0])
    assert place == pytest.approx([33 / 25, 1.0])
    assert felt_around(where, burden) == pytest.approx([(17.5 / 15 + 0.6) / 2, (27.5 / 15 + 0.6) / 2, 1.5, 1.0])


def test_expected_burden_is_the_reference_by_age(today: Surroundings, world: World, lived: Any) -> None:
    """Each year's expected events are the children's number times the reference mean at their age. Exact."""
    book: Ledger = lived.life.ledger
    per_child = (1_000_000 * world.mean_burden).astype(np.int64)
    assert (book.expected == book.children * per_child[:, None]).all()
    assert book.expected.sum() > 0


def test_v17_without_slope_and_crosstalk_nothing_is_felt(
    tables: Tables, values: dict[str, float], key: Key, world: World
) -> None:
    """V17: alpha = 0 is the uncoupled run, spill-over or not; psi = 0 is the run without spill-over. Bit for bit."""
    children = cohort(tables, values, ["sandwell", "dudley"], 150, key)

    def lives(change: dict[str, float], **switches: bool) -> bytes:
        life = run(Surroundings(tables, values | change, scenario(**switches)), world, children, years=18)
        return bytes(life.children.tobytes())

    none = {"amplification_slope": 0.0, "crosstalk": 0.0}
    assert lives(none, amplification=True, spillover=True) == lives({})
    shut = {"exploitation_spillover": 0.0, "amplification_slope": 3.0, "amplification_cap": 9.0}
    assert lives(shut, amplification=True, spillover=True) == lives(shut, amplification=True)
    wide = shut | {"exploitation_spillover": 1.0}
    assert lives(wide, amplification=True, spillover=True) != lives(wide, amplification=True)


def test_exploitation_alone_spills_between_authorities(
    tables: Tables, values: dict[str, float], world: World, key: Key
) -> None:
    """Burden in Birmingham raises Sandwell's exploitation hazards and no others; Coventry feels nothing. Exact."""
    s = Surroundings(tables, values, scenario(amplification=True, spillover=True))
    order = authority_names(tables)
    children = cohort(tables, values, ["birmingham", "sandwell", "solihull", "coventry"], 300, key)
    book = run(s, world, children, years=6).ledger
    number = layout(tuple(tuple(x) for x in counts(s))).authority
    raised = book.burden.copy()
    raised[4, number == order.index("birmingham")] += 50
    before, after = (neighbourhood_amplification(s, 5, book._replace(burden=each)) for each in (book.burden, raised))
    for place, reached in (("sandwell", True), ("solihull", True), ("coventry", False)):
        here = number == order.index(place)
        assert (before[here, 0] == after[here, 0]).all()
        assert (before[here, 1] != after[here, 1]).any() is np.bool_(reached)
    assert after.max() <= values["amplification_cap"]


def counts(s: Surroundings) -> list[list[int]]:
    """List neighbourhoods by decile, an authority after the other."""
    return [neighbourhoods(s.tables, place).tolist() for place in s.places]


def test_e01_e02_engines_and_threads_agree_with_spillover(
    tables: Tables, values: dict[str, float], world: World, key: Key
) -> None:
    """E01, E02: amplification, spill-over, joint groups and a poverty lever on: same records and ledger. Exact."""
    lever = Lever(kind="poverty", add=0.5, deciles=(1, 4), start=2028, ramp=3)
    s = Surroundings(tables, values, scenario(lever, amplification=True, spillover=True, ethnic_deprivation=True))
    children = cohort(tables, values, ["sandwell", "dudley"], 30, key, s.scenario.switches)
    children["frailty"] *= 2
    runs = [
        run(s, world, children, engine, jobs, years=22)
        for engine, jobs in (("compiled", 1), ("compiled", 3), ("mesa", 1))
    ]
    for other in runs[1:]:
        assert runs[0].children.tobytes() == other.children.tobytes()
        for name in ("burden", "children", "expected", "cats", "aats", "stock", "deaths"):
            assert (getattr(runs[0].ledger, name) == getattr(other.ledger, name)).all(), name


def permuted(tables: Tables, to: dict[str, str]) -> Tables:
    """Exchange the names of authorities in every table; rows stay where they are."""

    def renamed(row: Any) -> Any:
        fields = {n: to[v] for n in ("authority", "neighbour") if (v := getattr(row, n, None)) in to}
        return row.model_copy(update=fields) if fields else row

    rows = {name: [renamed(row) for row in table] for name, table in tables.rows.items()}
    numbers = {}
    for name, number in tables.numbers.items():
        parts = [to.get(part, part) for part in name.split(".")]
        numbers[".".join(parts)] = number
    return Tables(rows, numbers, tables.hashes)


def test_m12_permuting_authorities_names_permutes_results(tables: Tables, values: dict[str, float], key: Key) -> None:
    """M12: with names exchanged in every table, each place lives what the other did, spill-over on. Bit for bit."""
    to = dict(zip(SEVEN, [*SEVEN[3:], *SEVEN[:3]], strict=True))
    other = permuted(tables, to)
    switches = Switches(amplification=True, spillover=True, ethnic_deprivation=True)
    found: list[Life] = []
    for each, places in ((tables, SEVEN), (other, [to[place] for place in SEVEN])):
        its = each.values()
        world = reference(each, its, switches, key, 200)
        children = cohort(each, its, places, 60, key, switches)
        s = Surroundings(each, its, scenario(**switches.model_dump(exclude_defaults=True)))
        found.append(run(s, world, children, years=18))
    assert found[0].children.tobytes() == found[1].children.tobytes()
    assert (found[0].ledger.cost == found[1].ledger.cost).all()
    assert authority_names(other)[: len(SEVEN)] == [to[place] for place in authority_names(tables)[: len(SEVEN)]]


def test_m09_mirrored_deciles_mirror_gradients_and_lives(
    tables: Tables, values: dict[str, float], world: World, key: Key
) -> None:
    """M09: children whose decile is mirrored, under ratios turned upside down, live the same lives.

    Gradients mirror to rounding (1e-15); no uniform of these 300 lives lies so close to its limit. Records exact.
    """
    assert centred(1 / 4.0)[::-1] == pytest.approx(centred(4.0), rel=1e-14)
    ratios = [name for name in values if name.split(".")[0] in ("adversities", "adult_adversities")]
    ratios = [name for name in ratios if name.endswith(".deprivation_ratio")]
    upside = values | {name: 1 / values[name] for name in (*ratios, "need_deprivation_ratio", "child_death_ratio")}
    mirrored = build(tables, upside, Switches(), key)
    there = world._replace(
        need_gradient=mirrored.need_gradient,
        adult_gradient=mirrored.adult_gradient,
        child_death_ratio=mirrored.child_death_ratio,
    )
    children = cohort(tables, values, ["sandwell"], 300, key)
    turned_children = children.copy()
    turned_children["decile"] = 9 - children["decile"]
    one = run(Surroundings(tables, values, scenario()), world, children).children
    two = run(Surroundings(tables, upside, scenario()), there, turned_children).children
    two["decile"] = 9 - two["decile"]
    assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neighbour": "birmingham"}, "adjacency.csv: row 2: 'birmingham' is its own neighbour; remove the row"),
        (
            {"authority": "dudley", "neighbour": "coventry"},
            "row 2: dudley touches coventry, which has no row for dudley",
        ),
        ({"neighbour": "england"}, "adjacency.csv: row 2: 'england' is no place of authorities.csv; give one of birm"),
    ],
)
def test_b_adjacency_that_cannot_be_is_refused(tables: Tables, change: dict[str, str], message: str) -> None:
    """One line that names the row: an own neighbour, one side only, and a name that is no place."""
    rows = [tables.rows["adjacency"][0].model_copy(update=change), *tables.rows["adjacency"][1:]]
    with pytest.raises(InputError) as refused:
        check_adjacency({**tables.rows, "adjacency": rows})
    assert message in str(refused.value)


def test_b_shares_that_do_not_sum_to_one_are_refused(tmp_path: Path) -> None:
    """A table whose authority sends 0.99 of what it sends is refused in one line that names it."""
    table = tmp_path / "adjacency.csv"
    table.write_text((FOLDER / "adjacency.csv").read_text().replace("birmingham,dudley,0.25", "birmingham,dudley,0.24"))
    with pytest.raises(InputError, match=r"adjacency\.csv: birmingham: shares sum to 0\.99, not 1; correct the rows"):
        check_table(table)


def test_shares_of_adjoining_authorities_sum_to_one(tables: Tables) -> None:
    """Whoever touches whom is touched back, and nothing comes from England. Exact."""
    shares = adjoining(tables, authority_names(tables))
    assert shares.sum(axis=1)[:7] == pytest.approx(1, abs=1e-12)
    assert ((shares > 0) == (shares > 0).T).all()
    assert shares[7].sum() == shares[:, 7].sum() == 0
