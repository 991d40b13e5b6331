"""The table of interventions, its list, and what a run of some of them says about money."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from headlines import rows, tiny

from agents.intervention import MOST
from experiments import base_case
from experiments.interventions import not_alone, scenario, screen
from experiments.questions import find_scenario
from experiments.results import DIFFERENCE, Results
from simulation.effects import check_interventions, null_of
from simulation.errors import InputError
from simulation.inputs import FOLDER, Tables, load_tables
from simulation.scenario import Lever, Scenario, Switches

pytestmark = pytest.mark.slow

pytest_plugins = ("command_line_fixtures",)
MONEY = ["place", "bearer", "quantity"]


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Take smaller cohorts where nothing rests on their size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base_case, "REFERENCE_CHILDREN", 300)
        patch.setattr(base_case, "PLAUSIBLE_CHILDREN", 700)
        patch.setattr(base_case, "SPLIT_DRAWS", 1)
        yield


def bought(name: str, **options: Any) -> Scenario:
    """Buy an intervention for all whom it is for."""
    numbers = options.pop("numbers", {})
    lever = Lever(kind="intervention", name=name, coverage=1.0, **options)
    return Scenario(name="bought", levers=(lever,), numbers=numbers)


def money(results: Results) -> pd.DataFrame:
    """Take the table of benefit and cost by place, bearer and quantity."""
    return results.tables["value_for_money"].set_index(MONEY).sort_index()


# Money


@pytest.fixture(scope="module")
def dudley() -> Results:
    """Run a programme of each year, at 40 pounds a child, in the region, where Dudley alone buys it."""
    lever = bought("triple_p", cost=40.0, authorities=("dudley",), numbers={"interventions.triple_p.value": 0.2})
    return tiny(place="region", draws=2, children=60, scenario=lever)


def test_net_benefit_is_what_is_avoided_less_the_cost(dudley: Results) -> None:
    """By bearer, in the means: avoided = cashable + released; net = avoided - cost. Rounding."""
    mean = money(dudley)["mean"]
    for bearer in ("social_care", "all payers", "society"):
        row = mean["dudley", bearer]
        avoided = row["service cost avoided"] + (row["lost GDP avoided"] if bearer == "society" else 0.0)
        assert row["service cost avoided"] == pytest.approx(row["of it cashable"] + row["of it capacity released"])
        assert row["net benefit"] == pytest.approx(avoided - row["cost"])
        assert row["net benefit, cashable alone"] == pytest.approx(row["of it cashable"] - row["cost"])
        assert row["return per pound"] == pytest.approx(avoided / row["cost"])
        chance = "that benefit exceeds cost" if bearer == "society" else "of cost-saving"
        assert 0 <= row[f"probability {chance}"] <= 1
        assert {name for name in row.index if "probability" in name} == {f"probability {chance}"}


def test_cost_is_that_of_children_reached_and_discounted(dudley: Results, tables: Tables) -> None:
    """Sixty children at ages 0 to 8 at 40 pounds, 3.5% a year: deaths apart, the annuity. Within 2%."""
    rate = tables.values()["discount_rate_to_30"]
    annuity = sum((1 + rate) ** -year for year in range(9))
    mean = money(dudley)["mean"]
    assert mean["dudley", "all payers", "cost"] == pytest.approx(60 * 40 * annuity / 1e6, rel=0.02)
    most = mean["dudley", "all payers", "break-even spend"]
    assert most == pytest.approx(40 * mean["dudley", "all payers", "return per pound"], rel=0.02)


def test_money_adds_up_over_places_payers_and_years(dudley: Results) -> None:
    """The region is the sum of its places, all payers of payers, and the balance at 17 the net benefit. Rounding."""
    table = dudley.tables["value_for_money"]
    for (bearer, quantity), here in table.groupby(["bearer", "quantity"]):
        if quantity in ("service cost avoided", "of it cashable", "lost GDP avoided", "cost"):
            mean = here.set_index("place")["mean"]
            assert mean.drop("region").sum() == pytest.approx(mean["region"]), bearer
    years = dudley.tables["money_by_year"].set_index(["place", "payer", "year"])
    for column in ("service_cost_avoided", "cashable", "cost", "net", "net_so_far_discounted"):
        here = years.loc["dudley"][column]
        parts = here.drop("all payers", level="payer").groupby("year").sum()
        assert parts.to_numpy() == pytest.approx(here["all payers"].to_numpy())
    last = years.loc["dudley", "all payers", 17]["net_so_far_discounted"]
    assert last / 1e6 == pytest.approx(money(dudley)["mean"]["dudley", "all payers", "net benefit"])
    assert not (years.loc["region"]["cost"] - years.loc["dudley"]["cost"]).any()
    assert money(dudley)["mean"]["sandwell", "all payers", "service cost avoided"] == 0.0


def test_dearer_costs_more_and_brings_no_more() -> None:
    """The same programme at three times the cost: avoided is the same, cost three times, in every run. Exact."""
    cheap, dear = (
        money(tiny(children=40, scenario=bought("triple_p", cost=cost)))["mean"]["sandwell", "all payers"]
        for cost in (10.0, 30.0)
    )
    assert dear["service cost avoided"] == cheap["service cost avoided"]
    assert dear["cost"] == pytest.approx(3 * cheap["cost"])
    assert dear["break-even spend"] == cheap["break-even spend"]


def test_without_a_known_cost_there_is_a_break_even_spend_alone() -> None:
    """No cost, no net, no return; the most that reaching a child may cost; a cost in the scenario brings all back."""
    unknown = tiny(children=40, scenario=bought("community_capacity_washington"))
    found = set(money(unknown).loc["sandwell", "all payers"].index)
    assert "break-even spend" in found
    assert not {"cost", "net benefit", "return per pound", "probability of cost-saving"} & found
    assert unknown.tables["money_by_year"]["cost"].isna().all()
    assert "community_capacity_washington is unknown" in " ".join(unknown.assumptions)
    given = tiny(children=40, scenario=bought("community_capacity_washington", cost=5.0))
    assert "net benefit" in money(given).loc["sandwell", "all payers"].index
    assert "unknown" not in given.assumptions[1]


PRICED = {"return per pound", "break-even spend"}
"""What sets a benefit against a pound of spend."""


@pytest.fixture(scope="module")
def cash() -> Results:
    """Give cash in Sandwell, of whose cost a tenth is administration."""
    return tiny(draws=2, children=40, scenario=bought("cash_transfer"))


def test_a_transfer_costs_its_payer_and_society_its_administration_alone(cash: Results, tables: Tables) -> None:
    """Cash is a whole cost to welfare and to all payers; society's net benefit holds what is no transfer. Rounding."""
    mean = money(cash)["mean"]["sandwell"]
    spent = mean["all payers", "cost"]
    assert mean["welfare", "cost"] == spent > 0
    own = 1 - tables.numbers["interventions.cash_transfer.transfer_share"].value
    assert mean["society", "cost"] == pytest.approx(own * spent)
    benefit = mean["society", "service cost avoided"] + mean["society", "lost GDP avoided"]
    assert mean["society", "net benefit"] == pytest.approx(benefit - own * spent)
    assert "probability that benefit exceeds cost" in mean["society"].index


def test_society_breaks_even_on_no_transfer(cash: Results) -> None:
    """Neither table tells what a pound of cash may bring society; payers have theirs. Bought services still have."""
    mean = money(cash)["mean"]["sandwell"]
    assert not PRICED & set(mean["society"].index)
    assert set(mean["all payers"].index) >= PRICED
    bearers = set(cash.tables["break_even"]["payer"])
    assert "society, with lost GDP" not in bearers
    assert {"cost of the named interventions", "of it, a cost to society"} <= bearers
    told = cash.tables["break_even"].set_index("payer")["mean"]
    assert told["of it, a cost to society"] == pytest.approx(0.1 * told["cost of the named interventions"])
    assert "90% of what cash_transfer costs only changes hands" in " ".join(cash.warnings)
    levers = bought("cash_transfer").levers + bought("family_safeguarding").levers
    both = tiny(draws=1, children=40, scenario=Scenario(name="both", levers=levers))
    assert {"break-even spend"} == PRICED & set(money(both)["mean"]["sandwell", "society"].index)
    assert "society, with lost GDP" in set(both.tables["break_even"]["payer"])


def test_the_chance_that_benefit_exceeds_cost_has_its_error() -> None:
    """Five draws: society's chance is the share of its runs with a net benefit, and has a Monte Carlo error."""
    runs = tiny(draws=5, children=30, scenario=bought("triple_p", cost=1.0))
    told = money(runs).loc["sandwell", "society"].loc["probability that benefit exceeds cost"]
    assert told["mean"] * 20 == pytest.approx(round(told["mean"] * 20))
    assert 0 < told["mean"] < 1
    assert told["mcse"] > 0


def test_moves_that_are_spared_count_as_benefit() -> None:
    """With moves on, what all payers are spared is the fall in the headline's service cost, housing's too. Rounding."""
    lever = bought("cash_transfer", numbers={"interventions.cash_transfer.value": 0.2})
    moves = lever.model_copy(update={"switches": Switches(instability_events=True)})
    runs = tiny(draws=2, children=150, scenario=moves)
    spared = money(runs)["mean"]["sandwell"]
    head = rows(runs, DIFFERENCE)["mean"]
    assert spared["all payers", "service cost avoided"] == pytest.approx(-head["service_cost_discounted"])
    assert spared["housing", "service cost avoided"] != 0


def test_m19_no_effect_is_no_benefit_for_anybody() -> None:
    """M19: at its null a programme avoids nothing and costs what it costs: benefit 0 in every run. Exact."""
    null = {"interventions.triple_p.value": 1.0}
    table = money(tiny(children=40, scenario=bought("triple_p", numbers=null)))
    ends = ["mean", "low_95", "high_95"]
    assert (table.xs("service cost avoided", level="quantity")[ends] == 0).all(axis=None)
    assert table["mean"]["sandwell", "society", "lost GDP avoided"] == 0
    assert table["mean"]["sandwell", "society", "return per pound"] == 0
    assert table["mean"]["sandwell", "all payers", "probability of cost-saving"] == 0
    assert table["mean"]["sandwell", "society", "probability that benefit exceeds cost"] == 0


def test_a_null_trial_leaves_harm_in_the_interval() -> None:
    """Of a programme whose trial found nothing, the band of what society is spared holds loss and gain."""
    row = money(tiny(draws=3, children=150, scenario=bought("triple_p_glasgow"))).loc["sandwell", "society"]
    assert row.loc["service cost avoided", "low_95"] < 0 < row.loc["service cost avoided", "high_95"]


def test_the_screen_says_who_bears_what(dudley: Results) -> None:
    text = screen(replace(dudley, place="dudley"))
    assert "Social care" in text
    assert "Not for predicting" in text
    assert max(map(len, text.splitlines())) <= 110
    assert "Nobody was reached" in screen(replace(dudley, place="sandwell"))


# Commands


def test_the_list_tells_every_row(wellheld: Any, tables: Tables) -> None:
    answer = wellheld("interventions")
    assert answer.code == 0
    for row in tables.rows["interventions"]:
        for part in (row.intervention, row.title, row.source, row.grade):
            assert part in answer.out
    told = json.loads(wellheld("interventions", "--json").out)
    assert [each["intervention"] for each in told] == [row.intervention for row in tables.rows["interventions"]]
    unknown = next(each for each in told if each["intervention"] == "family_safeguarding")
    assert unknown["cost"] is None
    assert (unknown["effect"], unknown["no_effect"]) == ("rate ratio", 1.0)
    assert "beside  family_nurse_partnership (Family Nurse Partnership, England): maltreatment 0.98" in answer.out
    assert "90% of it a transfer" in answer.out


def test_what_did_well_elsewhere_stands_beside_what_found_nothing_here(tables: Tables, dudley: Results) -> None:
    """Each row that names another is told with it, in the list and in a run; the other holds the null in its range."""
    rows = {row.intervention: row for row in tables.rows["interventions"]}
    pairs = {name: row.beside for name, row in rows.items() if row.beside}
    assert pairs["nurse_family_partnership_us"] == "family_nurse_partnership"
    assert pairs["triple_p"] == "triple_p_glasgow"
    for name, other in pairs.items():
        assert rows[other].low < null_of(rows[other].acts_on) < rows[other].high
        assert rows[name].acts_on == rows[other].acts_on
        (said,) = not_alone(tables, [name])
        assert name in said
        assert rows[other].title in said
    assert not_alone(tables, ["safecare"]) == []
    beside = "Do not read triple_p, maltreatment 0.78"
    assert beside in " ".join(dudley.warnings)
    assert beside in " ".join(screen(replace(dudley, place="dudley")).split())


def test_a_run_answers_on_the_screen_and_as_json(wellheld: Any) -> None:
    words = ("interventions", "--run", "triple_p,incredible_years", "--draws", "1", "--children", "6", "--quiet")
    answer = wellheld(*words, "--coverage", "0.5")
    assert answer.code == 0
    assert "break-even spend" in answer.out
    told = json.loads(wellheld(*words, "--json").out)
    assert {"value_for_money", "money_by_year", "settings", "warnings", "not_for"} <= told.keys()
    assert any("triple_p_glasgow" in warning for warning in told["warnings"])
    assert [lever["coverage"] for lever in told["settings"]["scenario"]["levers"]] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--run", "tripel_p"), "--run: unknown intervention 'tripel_p'. Did you mean 'triple_p'?"),
        (("--run", "triple_p,triple_p"), "--run: triple_p stands twice; name it once"),
        (("--run", "triple_p", "--coverage", "1.1"), "--coverage 1.1 is outside 0 to 1"),
        (("--run", "triple_p", "--draws", "0"), "--draws 0 is outside 1 to"),
        (("--run", "triple_p", "--place", "sandwel"), "unknown place 'sandwel'. Did you mean 'sandwell'?"),
    ],
)
def test_b_a_run_that_cannot_be_is_refused(refused: Any, words: tuple[str, ...], expected: str) -> None:
    """B: one line, before anything runs."""
    assert expected in refused("interventions", *words)


def test_several_are_combined_in_one_scenario(tables: Tables) -> None:
    chosen = scenario(tables, "triple_p, safecare", 0.3)
    assert [(lever.name, lever.coverage) for lever in chosen.levers] == [("triple_p", 0.3), ("safecare", 0.3)]


# Bad input


def test_b_ages_that_an_intervention_does_not_have_are_refused(tables: Tables, tmp_path: Path) -> None:
    """B: a lever that could reach nobody; one that reaches some is accepted."""
    path = tmp_path / "mine.toml"
    text = 'name = "mine"\n[[lever]]\nkind = "intervention"\nname = "triple_p"\ncoverage = 0.3\nages = [{}]\n'
    path.write_text(text.format("9, 17"))
    with pytest.raises(
        InputError, match=r"key 'lever\[1\]\.ages': \[9, 17\] holds none of the ages of triple_p, 0 to 8"
    ):
        find_scenario(path, tables)
    path.write_text(text.format("8, 3"))
    with pytest.raises(InputError, match=r"lever\[1\].*ages \[8, 3\] run backwards"):
        find_scenario(path, tables)
    path.write_text(text.format("8, 17") + "fade = 1.2")
    with pytest.raises(InputError, match=r"key 'lever\[1\]\.fade': 1\.2 is outside 0 to 1"):
        find_scenario(path, tables)
    path.write_text(text.format("8, 17") + "fade = 0.2\nfull_years = 3\ncost = 12.5")
    assert find_scenario(path, tables).levers[0].full_years == 3


CELLS = {
    "acts_on": ({"acts_on": "maltreatmnt"}, "row 2: .*acts_on 'maltreatmnt' is no effect .*mean 'maltreatment'"),
    "ratio": (
        {"value": "-0.2", "low": "-1", "distribution": "normal"},
        r"row 2: .*-0\.2 is outside 0 to 10 \[rate ratio\]; correct it",
    ),
    "high": ({"high": "11"}, r"row 2: .*11\.0 is outside 0 to 10"),
    "share": ({"acts_on": "deprivation_gradient", "high": "1.2"}, r"1\.2 is outside -1 to 1 \[share of the gradient\]"),
    "ages": ({"age_from": "9", "age_to": "3"}, "row 2: ages 9-3 run backwards; turn them"),
    "old": ({"age_to": "18"}, "row 2: column 'age_to': '18' is not allowed"),
    "eligible": ({"eligible": "everybody"}, "row 2: column 'eligible': 'everybody' is not allowed: one of all, "),
    "fade": ({"fade": "1.1"}, r"row 2: column 'fade': '1\.1' is not allowed: .*less than or equal to 1"),
    "half a cost interval": ({"cost_low": ""}, "row 2: .*cost_low and cost_high belong together"),
    "cost interval": ({"cost_low": "5000"}, "row 2: .*cost must lie within cost_low to cost_high"),
    "payer": ({"payer": "nobody"}, "row 2: column 'payer'"),
    "transfer": ({"transfer_share": "1.5"}, r"row 2: column 'transfer_share': '1\.5' is not allowed"),
    "beside nothing": ({"beside": "tripel_p"}, "row 2: .*beside 'tripel_p' is no other .*mean 'triple_p'"),
    "beside itself": ({"beside": "family_nurse_partnership"}, "row 2: .*is no other intervention; correct or empty it"),
    "twice": ({"intervention": "triple_p"}, "row 5: triple_p stands twice; keep one of them"),
}


@pytest.mark.parametrize(("cells", "expected"), CELLS.values(), ids=CELLS)
def test_b_a_row_that_means_nothing_is_refused(tmp_path: Path, cells: dict[str, str], expected: str) -> None:
    """B: one line with file, row and remedy."""
    folder = shutil.copytree(FOLDER, tmp_path / "tables")
    path = folder / "interventions.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    rows[0].update(cells)
    page = io.StringIO()
    writer = csv.DictWriter(page, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(page.getvalue(), encoding="utf-8")
    with pytest.raises(InputError, match=rf"^interventions\.csv: .*{expected}"):
        load_tables(folder)


def test_b_more_interventions_than_a_record_holds_are_refused(tables: Tables) -> None:
    """B: one line with how many fit."""
    rows = [tables.rows["interventions"][0]] * (MOST + 1)
    with pytest.raises(InputError, match=rf"^interventions\.csv: {MOST + 1} interventions where {MOST} fit"):
        check_interventions(rows, [])
    kinds = [row.adversity for row in tables.rows["adversities"]]
    check_interventions(rows[:MOST], kinds)


def test_costs_have_intervals_and_are_assumptions(tables: Tables) -> None:
    number = tables.numbers["interventions.incredible_years.cost"]
    assert (number.low, number.high, number.distribution, number.grade) == (900, 2200, "lognormal", "assumption")
    assert "interventions.family_safeguarding.cost" not in tables.numbers
    assert np.isfinite([x.value for x in tables.numbers.values()]).all()
