"""The commands of the whole system: what they print and write, and how they refuse bad input."""

import csv
import json

import numpy as np
import pytest

from experiments.ablation import TOLD, ablation, turns
from experiments.flows import AWAY, LADDERS, figure, ladders, typical_year
from experiments.generations import QUANTITIES, RUNS, generations
from simulation.inputs import load_tables
from simulation.scenario import Lever, Scenario, Switches

pytest_plugins = ("command_line_fixtures",)
TABLES = load_tables()


def test_every_switch_of_a_cohort_is_turned_alone_and_all_together():
    found = turns(Switches())
    alone = set(Switches.model_fields) - {"moves_between"}
    assert set(found) == alone | {"all that are off"}
    assert found["amplification"] == {"amplification": True}
    assert found["spillover"] == {"spillover": True, "amplification": True}
    assert found["channel_healing"] == {"channel_healing": False}
    assert all(found["all that are off"].values())
    assert "published_yll" not in found["all that are off"]
    for changes in found.values():
        Switches.model_validate(Switches().model_dump() | changes)


def test_services_stand_on_the_step_of_their_tier():
    where = ladders(TABLES)
    names = [row.service for row in TABLES.rows["services"]]
    step = {name: LADDERS["support"][where["support"][names.index(name)]] for name in names}
    assert step["family_support"] == "early help"
    assert step["child_protection_plan"] == "protection plan"
    assert step["kinship_care"] == "looked after"
    assert step["primary_school"] == "no support"
    assert where["support"][255] == where["schooling"][255] == 0
    assert LADDERS["schooling"][where["schooling"][names.index("severe_absence")]] == "out of school"


@pytest.mark.slow
def test_ablation_tells_every_quantity_of_every_switch():
    """A switch that is nothing in a cohort's childhood changes nothing there; resilience off moves no CAT. Exact."""
    table = ablation(children=200, seeds=2)
    assert len(table) == (len(Switches.model_fields) - 1 + 1) * 2 * len(TOLD)
    gaps = table.set_index(["switch", "quantity", "of"])["difference"]
    assert gaps["channel_resilience", "CATs", "today"] == 0.0
    assert gaps["published_yll", "service cost, 0-17", "today"] == 0.0
    assert gaps["amplification", "CATs", "today"] > 0.0
    assert gaps["channel_hazards", "CATs", "today"] < 0.0
    assert gaps["instability_events", "CATs", "today"] > 0.0
    with pytest.raises(Exception, match="--seeds 1 is below 2"):
        ablation(seeds=1)


@pytest.mark.slow
def test_ablation_prints_and_writes(wellheld, here):
    words = "ablation sandwell --children 60 --seeds 2 --quiet --out switches.csv"
    answer = wellheld(*words.split())
    assert answer.code == 0
    assert "as it is" in answer.out
    assert "spillover" in answer.out
    assert "Not for predicting" in answer.out
    with (here / "switches.csv").open() as file:
        assert {row["switch"] for row in csv.DictReader(file)} == set(turns(Switches()))


@pytest.mark.slow
def test_a_years_moves_sum_to_its_children(here):
    """Of each step, those who stay, move and go are those who began the year there. The picture can be drawn. Exact."""
    table = typical_year(TABLES, "solihull", share=0.05)
    for name, steps in LADDERS.items():
        rows = table[table["ladder"] == name]
        assert len(rows) == len(steps) * (len(steps) + 1)
    totals = table.groupby("ladder")["children"].sum()
    assert totals["support"] == pytest.approx(totals["schooling"])
    values = TABLES.values()
    children = sum(values[f"residents.solihull.{age}.residents"] for age in range(18))
    assert totals["support"] == pytest.approx(children, rel=0.03)
    assert table.loc[table["to"] == AWAY, "children"].sum() > 0
    assert len(figure(table, "solihull").axes) == 2


@pytest.mark.slow
def test_two_generations_are_tabulated_for_every_quantity():
    table = generations("solihull", draws=2, children=2000)
    assert len(table) == len(QUANTITIES) * (len(RUNS) + 3)
    cats = table[table["quantity"] == "cats"].set_index("row")["mean"]
    assert cats["burden_by_parents"] > 0
    assert cats["improved"] < cats["services_only"] < cats["today"]
    assert np.isfinite(table["mean"]).all()


@pytest.mark.slow
def test_where_parents_pass_on_nothing_nothing_comes_by_way_of_them():
    """Without an effect of a parent's ACEs and of its own adversity no child differs by its mother. Exact."""
    nothing = {"parental_effect": 0.0, "parental_year_ratio": 1.0}
    scenario = Scenario(name="mine", levers=(Lever(kind="prevention", add=0.1),), numbers=nothing)
    table = generations("solihull", draws=1, children=300, scenario=scenario)
    of = table.set_index(["quantity", "row"])["mean"]
    assert of["cats", "benefit"] < 0.0
    assert of["cats", "benefit_by_parents"] == 0.0


@pytest.mark.slow
def test_commands_print_tables_and_json(wellheld, here):
    answer = wellheld("resources", "solihull", "--share", "0.02", "--json")
    rows = json.loads(answer.out)
    assert {row["service"] for row in rows} == {row.service for row in TABLES.rows["services"]}
    answer = wellheld("generations", "solihull", "--draws", "1", "--children", "60", "--quiet", "--out", "two.csv")
    assert "CATs per child" in answer.out
    assert (here / "two.csv").exists()
    answer = wellheld("flows", "solihull", "--share", "0.02", "--picture", "year.png")
    assert answer.code == 0
    assert (here / "year.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("resources nowhere", "unknown place 'nowhere'"),
        ("resources sandwell --share 0", "--share 0.0 is outside 0.01 to 1"),
        ("flows region", "unknown place 'region'"),
        ("flows sandwell --picture year.jpg", "--picture year.jpg: does not end in .png"),
        ("generations sandwell --draws 0", "--draws 0 is outside 1 to 100000"),
        ("generations sandwell --scenario nothing", "no scenario 'nothing'"),
        ("ablation sandwell --seeds 1", "--seeds 1 is outside 2 to 1000"),
        ("ablation sandwell --children 0", "--children 0 is outside 1"),
        ("ablation sandwell --out table.txt", "--out table.txt: does not end in .csv"),
    ],
)
def test_b_bad_input_is_one_line(refused, words, part):
    assert part in refused(*words.split())
