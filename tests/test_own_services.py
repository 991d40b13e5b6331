"""A scenario's own services: rows of every table, open in one twin alone, each fault one line (B, M07, V14, V24)."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agents.names import NONE, Move, Tier
from experiments import base_case
from experiments.plan import make_plan
from experiments.questions import SHIPPED, find_scenario
from experiments.services import described, services_figure
from simulation.build import build, route_rows, service_names, unit_costs
from simulation.cohort import Life, run
from simulation.context import Surroundings, year_context
from simulation.errors import InputError
from simulation.extension import copied_costs, with_services
from simulation.inputs import Tables
from simulation.ledger import Ledger
from simulation.moves import route
from simulation.population import cohort
from simulation.scenario import Scenario, Switches, load_scenario
from simulation.world import World, plain

Key = tuple[int, int, int]
PER_SERVICE = ("outcomes", "in_need", "entries", "days", "stock", "demand", "cost")
HUB = 27
"""Number of the added service: after all others."""


@pytest.fixture(scope="module")
def hub() -> Scenario:
    """Take the shipped example."""
    return load_scenario(SHIPPED / "family_hub.toml")


def changed(scenario: Scenario, **keys: Any) -> Scenario:
    """Change keys of a scenario's only service. Sizes of the tables stay, so machine code is compiled once."""
    return scenario.model_copy(update={"services": (scenario.services[0].model_copy(update=keys),)})


def weighing(scenario: Scenario, weight: float) -> Scenario:
    """Set the share that the service takes from every other."""
    ways = scenario.services[0].takes_from
    return changed(scenario, takes_from=tuple(way.model_copy(update={"weight": weight}) for way in ways))


def childhood(tables: Tables, scenario: Scenario, key: Key, twin: Scenario | None = None, size: int = 300) -> Life:
    """Let children of Sandwell live to 18 under a scenario's tables and one of its twins."""
    extended = with_services(tables, scenario)
    values = extended.values()
    children = cohort(extended, values, ["sandwell"], size, key)
    children["frailty"] *= 2
    world = build(extended, values, Switches(), key)
    return run(Surroundings(extended, values, twin or scenario), world, children, years=18)


def assert_unchanged(without: Life, life: Life) -> None:
    """Compare every record and count of a run with those of the run without the service."""
    assert life.children.tobytes() == without.children.tobytes()
    for name in Ledger._fields[:-2]:
        found = getattr(life.ledger, name)
        if HUB + 1 in found.shape:
            axis = found.shape.index(HUB + 1)
            assert not found.take(HUB, axis).any(), name
            found = found.take(range(HUB), axis)
        assert (found == getattr(without.ledger, name)).all(), name


@pytest.fixture(scope="module")
def without(tables: Tables, key: Key) -> Life:
    return childhood(tables, Scenario.today(), key)


@pytest.mark.slow
def test_m07_a_service_that_takes_nothing_and_helps_nobody_changes_nothing(
    tables: Tables, key: Key, hub: Scenario, without: Life
) -> None:
    """M07: weight 0 and no reach: every record and every count bit for bit."""
    idle = weighing(changed(hub, sufficiency=0.0), 0.0)
    assert_unchanged(without, childhood(tables, idle, key))


@pytest.mark.slow
@pytest.mark.parametrize("closed", [{"authorities": ("dudley",)}, {"start": 2100}, None], ids=["place", "year", "twin"])
def test_m07_a_service_that_is_not_open_changes_nothing(
    tables: Tables, key: Key, hub: Scenario, without: Life, closed: dict[str, Any] | None
) -> None:
    """M07: elsewhere, later, or in today's twin: every record and every count bit for bit."""
    scenario = changed(hub, **closed) if closed else hub
    assert_unchanged(without, childhood(tables, scenario, key, None if closed else hub.as_today()))


@pytest.mark.slow
def test_m08_before_its_first_year_a_service_changes_nothing(tables: Tables, key: Key, hub: Scenario) -> None:
    """M08: opened in the run's tenth year, the ledger is today's until then and other from then on. Exact."""
    late = changed(hub, start=2024 + 9)
    today, later = (childhood(tables, late, key, twin).ledger for twin in (late.as_today(), late))
    assert (today.entries[:9] == later.entries[:9]).all()
    assert (today.cost[:9] == later.cost[:9]).all()
    assert later.entries[9:, :, HUB].any()


@pytest.mark.slow
@pytest.mark.parametrize("per", ["year", "episode"])
def test_v24_children_reach_an_added_service_and_it_costs_its_days(
    tables: Tables, key: Key, hub: Scenario, per: str
) -> None:
    """V24: its cost is its days (or entries) times its unit cost, to the hundredth of a penny."""
    scenario = changed(hub, per=per)
    book = childhood(tables, scenario, key).ledger
    assert min(getattr(book, name)[:, :, HUB].sum() for name in PER_SERVICE) > 0
    price = 900 * 10_000 / 365 if per == "year" else 900 * 10_000
    amount = book.days if per == "year" else book.entries
    assert (book.cost[:, :, HUB] == amount[:, :, HUB] * round(price)).all()


def test_v14_a_service_takes_its_share_of_every_way_and_moves_no_other(tables: Tables, hub: Scenario) -> None:
    """V14: for every uniform the way is the added service's or as it was; its share is its weight.

    Over an even grid of 2,000 uniforms; each of up to 11 ways may be one point out.
    """
    extended = with_services(tables, hub)
    names = service_names(extended)
    first, routes = route_rows(extended, extended.values(), names)
    w: Any = plain(World(**dict.fromkeys(World._fields, 0))._replace(route_first=first, routes=routes))
    c: Any = SimpleNamespace(open=[[1] * len(names), [*[1] * HUB, 0]])
    grid = (np.arange(2000) + 0.5) / 2000
    for service, age in (("early_years", 1), ("early_years", 4), ("primary_school", 10), ("post_16", 17)):
        with_it, closed = (
            np.array([route(w, c, place, names.index(service), Move.ESCALATE, age, u) for u in grid])
            for place in (0, 1)
        )
        assert set(with_it[with_it != closed]) == {HUB}
        assert abs((with_it == HUB).sum() - 400) <= 11
        for to in set(closed):
            assert abs((with_it == to).sum() - 0.8 * (closed == to).sum()) <= 2
    assert {route(w, c, 0, HUB, Move.STEP_DOWN, 5, u) for u in grid[::100]} == {NONE}


def test_every_column_can_be_set_and_is_a_number_with_a_name(tables: Tables, hub: Scenario) -> None:
    extended = with_services(tables, hub)
    values = extended.values()
    assert service_names(extended)[: HUB + 1] == [*service_names(tables), "family_hub"]
    found = {
        "services.family_hub.hold_log_odds": 0.6,
        "services.family_hub.places": 20.0,
        "service_levels.all.family_hub.tip_alignment": 0.5,
        "pathways.early_years.escalate.0.family_hub.weight": 0.2,
        "pathways.family_hub.escalate.0.assessment.weight": 0.5,
        "unit_costs.family_hub.all.episode.value": 900.0,
    }
    assert {name: values[name] for name in found} == found
    assert {extended.numbers[name].grade for name in found} == {"assumption"}
    assert extended.source(extended.numbers["services.family_hub.acceptance"].source).key == "scenario"
    moved = find_scenario(hub.model_copy(update={"numbers": {"services.family_hub.harm": 0.5}}), tables)
    assert moved.numbers["services.family_hub.harm"] == 0.5
    levels = [{"kind": "tip_alignment", "add": 0.1, "services": ["family_hub"]}]
    find_scenario(Scenario(name="mine", services=hub.services, levers=levels), tables)


def test_what_is_left_out_is_as_the_like_service_has_it(tables: Tables) -> None:
    copied = Scenario(
        name="mine", services=[{"name": "twin", "like": "child_in_need", "takes_from": [taken("post_16", 0.1)]}]
    )
    extended = with_services(tables, copied)
    told = described(extended, extended.values(), copied, "sandwell").set_index("service")
    same = [name for name in told.columns if name not in ("title", "added", "supports")]
    twin, original = (told.loc[name, same].astype(str).to_dict() for name in ("twin", "child_in_need"))
    assert twin == original
    assert told.loc["child_in_need", "unit_cost_year"] == 9140


@pytest.mark.slow
def test_a_copied_cost_moves_with_its_original(tables: Tables, hub: Scenario) -> None:
    """In every draw the hub costs 0.3 of family support; no number more has a distribution."""
    plan = make_plan("sandwell", 2, 1, 10, hub, "compiled")
    assert plan.names == make_plan("sandwell", 2, 1, 10, Scenario(name="mine"), "compiled").names
    for draw in range(2):
        values = plan.values(draw, 0)
        ratio = (
            values["unit_costs.family_hub.all.episode.value"] / values["unit_costs.family_support.all.episode.value"]
        )
        assert ratio == pytest.approx(0.3)
    copied = Scenario(
        name="mine", services=[{"name": "twin", "like": "foster_care", "takes_from": [taken("foster_care", 0.1)]}]
    )
    extended = with_services(tables, copied)
    drawn = {**extended.values(), "unit_costs.foster_care.sandwell.year.value": 1.0}
    assert copied_costs(copied, extended, drawn)["unit_costs.twin.sandwell.year.value"] == pytest.approx(1.0)
    places = unit_costs(extended, extended.values(), "year")
    assert (places[:, -1] == places[:, service_names(extended).index("foster_care")]).all()


def test_every_service_of_the_model_is_a_row_with_all_its_columns(tables: Tables) -> None:
    """Capacity, levels, F-factors, ages, payer, ways up and down and support: of every service that has them."""
    told = described(tables, tables.values(), Scenario.today(), "sandwell").set_index("service")
    listed = (
        "early_years primary_school secondary_school post_16 family_support parenting_programme school_based_support "
        "child_in_need child_protection_plan kinship_care foster_care childrens_home semi_independent "
        "placed_with_parents camhs sen_support ehc_plan special_school alternative_provision youth_justice secure "
        "severe_absence missing_education elective_home_education excluded_not_placed"
    )
    assert set(listed.split()) <= set(told.index)
    assert set(told["tier"]) == {tier.name.lower() for tier in Tier}
    assert told["sufficiency"].between(0, 1).all()
    assert told["tip_alignment"].between(0, 1).all()
    assert (told[["places_per_1000_children", "f_sufficiency", "f_tip"]] > 0).all(axis=None)
    assert (told["payer"] != "").all()
    assert (told[["unit_cost_year", "unit_cost_episode"]].notna().any(axis=1)).all()
    tries = told[~told.index.isin(["camhs", "sen_support", "ehc_plan", "youth_justice", "secure"])]
    assert (tries["escalates_to"] != "").all()
    goes_back = tries[(tries["tier"] != "universal") & (tries.index != "assessment")]
    assert (goes_back["steps_down_to"] != "").all()


# What a file may not say


def taken(service: str, weight: float, **more: Any) -> dict[str, Any]:
    return {"service": service, "weight": weight, **more}


TAKES = 'takes_from = [{service = "early_years", weight = 0.1}]'
ONE = 'like = "family_support"\n' + TAKES
REFUSED = {
    "reached by nobody": (
        'like = "family_support"',
        r"key 'service\[1\]' \('hub'\) is reached by nobody; give takes_from",
    ),
    "capacity without demand": (
        'like = "family_support"\nplaces = 9\nsupports = ["early_years"]',
        r"key 'service\[1\]\.places': 'hub' has 9 places .* nobody asks for one; give takes_from, or places = 1000",
    ),
    "weights": (
        ONE + '\nescalates_to = [{service = "assessment", weight = 0.9}]',
        r"key 'service\[1\]\.escalates_to': weights at age 0 sum to 0.9, not 1; make them sum to 1",
    ),
    "weights at some ages": (
        ONE + '\nescalates_to = [{service = "assessment", weight = 0.5}, {service = "camhs", weight = 0.5}]',
        r"key 'service\[1\]\.escalates_to': weights at age 0 sum to 0.5, not 1",
    ),
    "copied weights": (
        'like = "parenting_programme"\nages = [0, 17]\n' + TAKES,
        r"key 'service\[1\]\.escalates_to': weights at age 11 sum to 0, not 1 \(those of 'parenting_programme',",
    ),
    "cycle": (
        'like = "family_support"\ntakes_from = [{service = "family_support", weight = 1.0}]\n'
        'escalates_to = [{service = "family_support", weight = 1.0}]',
        r"key 'service\[1\]' \('hub'\): at age 0 escalation goes round with probability 1 \(family_support to hub to",
    ),
    "passes on to itself": (
        ONE + '\nescalates_to = [{service = "assessment", weight = 0.5}, {service = "hub", weight = 0.5}]',
        r"key 'service\[1\]\.escalates_to\[2\]\.service': 'hub' would pass children on to itself; name another service",
    ),
    "steps down to itself": (
        ONE + '\nsteps_down_to = [{service = "hub", weight = 1.0}]',
        r"key 'service\[1\]\.steps_down_to\[1\]\.service': 'hub' would pass children on to itself",
    ),
    "taken twice over": (
        'like = "family_support"\ntakes_from = [{service = "early_years", weight = 0.7}, '
        '{service = "early_years", weight = 0.6, ages = [2, 3]}]',
        r"key 'service\.takes_from': weights taken from early_years at age 2 sum to 1.3, above 1; lower them",
    ),
    "stands twice": (
        'like = "family_support"\ntakes_from = [{service = "early_years", weight = 0.1}, '
        '{service = "early_years", weight = 0.1, ages = [0, 3]}]',
        r"key 'service\.takes_from': early_years stands twice for hub; keep one of them",
    ),
    "existing": (ONE, r"key 'service\[1\]\.name': a service 'camhs' exists already; give another name"),
    "unknown like": (
        'like = "family_suport"\n' + TAKES,
        r"key 'service\[1\]\.like': unknown service 'family_suport'\. Did you mean 'family_support'\?",
    ),
    "front door": ('like = "assessment"\n' + TAKES, r"key 'service\[1\]\.like': 'assessment' is the front door"),
    "front door channel": (ONE + '\nchannel = "front_door"', r"key 'service\[1\]': channel 'front_door' is the assess"),
    "tier and channel": (
        ONE + '\ntier = "looked_after"\nchannel = "education"',
        r"key 'service\[1\]\.channel': 'education' does not go with tier 'looked_after'; write support",
    ),
    "unknown way": (
        'like = "family_support"\ntakes_from = [{service = "erly_years", weight = 0.1}]',
        r"key 'service\[1\]\.takes_from\[1\]\.service': unknown service 'erly_years'\. Did you mean 'early_years'",
    ),
    "unknown onward": (
        ONE + '\nescalates_to = [{service = "asessment", weight = 1.0}]',
        r"key 'service\[1\]\.escalates_to\[1\]\.service': unknown service 'asessment'\. Did you mean 'assessment'",
    ),
    "unknown support": (ONE + '\nsupports = ["cahms"]', r"key 'service\[1\]\.supports': unknown service 'cahms'"),
    "supports itself": (
        ONE + '\nsupported_by = ["hub"]',
        r"key 'service\[1\]\.supported_by': hub and hub have no child",
    ),
    "ages": (
        'like = "family_support"\ntakes_from = [{service = "early_years", weight = 0.1, ages = [0, 9]}]',
        r"key 'service\[1\]\.takes_from\[1\]\.ages': \[0, 9\] is outside 0 to 4, the ages that both take; narrow it",
    ),
    "no common age": (
        'like = "semi_independent"\n' + TAKES,
        r"key 'service\[1\]\.takes_from\[1\]\.ages': hub and early_years have no age in common; remove the way",
    ),
    "backwards": (ONE + "\nages = [9, 3]", r"key 'service\[1\]': ages \[9, 3\] run backwards"),
    "way backwards": (
        'like = "family_support"\ntakes_from = [{service = "early_years", weight = 0.1, ages = [3, 0]}]',
        r"key 'service\[1\]': ages \[3, 0\] of early_years run backwards",
    ),
    "per": (ONE + '\nper = "year"', r"key 'service\[1\]': per is given without unit_cost; give both or neither"),
    "unknown key": (ONE + "\nplace = 3", r"key 'service\[1\]\.place': unknown key\. Did you mean 'places'\?"),
    "range": (ONE + "\nharm = 1.5", r"key 'service\[1\]\.harm': 1\.5 is outside 0 to 1"),
    "like is missing": (TAKES, r"key 'service\[1\]\.like': is missing; the service whose columns it takes"),
    "authority": (
        ONE + '\nauthorities = ["sandwel"]',
        r"key 'service\[1\]\.authorities': unknown authority 'sandwel'\. Did you mean 'sandwell'\?",
    ),
    "not empty at some ages only": (
        ONE + '\nescalates_to = [{service = "assessment", weight = 1.0, ages = [0, 5]}]',
        r"key 'service\[1\]\.escalates_to': weights at age 6 sum to 0, not 1",
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_b_a_service_that_does_not_fit_is_refused_in_one_line(tmp_path: Path, tables: Tables, fault: str) -> None:
    lines, expected = REFUSED[fault]
    path = tmp_path / "mine.toml"
    path.write_text(f'name = "mine"\n[[service]]\nname = "{"camhs" if fault == "existing" else "hub"}"\n{lines}\n')
    with pytest.raises(InputError) as caught:
        find_scenario(path, tables)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert re.search(expected, str(caught.value)), str(caught.value)


def test_b_a_cost_needs_a_payer_where_none_can_be_copied(tables: Tables, hub: Scenario) -> None:
    costless = {**tables.rows, "unit_costs": [row for row in tables.rows["unit_costs"] if row.service != "sen_support"]}
    bare = Tables(costless, tables.numbers, tables.hashes)
    own: dict[str, Any] = {"name": "hub", "like": "sen_support", "takes_from": [taken("primary_school", 0.1)]}
    for more, expected in (({}, "give unit_cost, per and payer"), ({"unit_cost": 1.0}, "give payer and cashable")):
        with pytest.raises(InputError, match=expected):
            with_services(bare, Scenario(name="mine", services=[own | more]))
    paid = with_services(
        bare, Scenario(name="mine", services=[own | {"unit_cost": 1.0, "payer": "health", "cashable": 0}])
    )
    assert [(row.payer, row.value) for row in paid.rows["unit_costs"] if row.service == "hub"] == [("health", 1.0)]


def test_year_context_knows_what_is_open(tables: Tables, hub: Scenario, world: World) -> None:
    """Where it opens, from its first year; its reach is nought where it is not there. Exact."""
    scenario = changed(hub, authorities=("sandwell",), start=2030)
    extended = with_services(tables, scenario)
    s = Surroundings(extended, extended.values(), scenario)
    assert s.dated()
    for year, opened in ((5, False), (6, True)):
        context = year_context(s, world, year, None)
        found = {place: bool(context.open[a, HUB]) for a, place in enumerate(s.places)}
        assert found == {place: opened and place == "sandwell" for place in s.places}
        assert (context.reach[:, HUB] > 0).tolist() == list(found.values())
        assert context.open[:, :HUB].all()


@pytest.mark.slow
def test_an_added_service_stands_in_every_table_and_figure(hub: Scenario) -> None:
    """In the flow ledger, the services table, cost by payer and the figure; today's twin has nobody there."""
    results = base_case.run("sandwell", draws=2, children=200, jobs=1, scenario=hub)
    flows = results.tables["flow_ledger"]
    assert set(flows.loc[flows["service"] == "family_hub", "scenario"]) == {"family_hub"}
    table = results.tables["services"].set_index(["scenario", "service"])
    assert table.loc[("family_hub", "family_hub"), ["entries", "days", "cost_gbp"]].gt(0).all()
    assert table.loc[("today", "family_hub"), ["entries", "days", "cost_gbp"]].eq(0).all()
    assert table["added"].sum() == 2
    paid = results.headline.set_index(["scenario", "quantity"])["mean"]
    for scenario in ("today", "family_hub"):
        by_payer = table.loc[scenario].groupby("payer")["cost_gbp"].sum() / 1e6
        for payer, cost in by_payer.items():
            assert cost == pytest.approx(paid[scenario, f"service_cost_{payer}"])
    labels = [label.get_text() for label in services_figure(results).axes[0].get_yticklabels()]
    assert labels[-1] == "Family hub (added)"
    assert results.settings["scenario"]["services"][0]["name"] == "family_hub"
    assert Scenario.model_validate(results.settings["scenario"]) == hub
    assert "changes nothing" not in " ".join(results.assumptions)
    assert results.assumptions[0].startswith("No trial has measured")


@pytest.mark.slow
def test_m07_twins_of_an_idle_service_do_not_differ(hub: Scenario) -> None:
    """M07: taking a weight of 0 and helping nobody: every difference is 0 and today is today. Exact."""
    idle = weighing(changed(hub, sufficiency=0.0), 0.0)
    with_it, without_it = (
        base_case.run("sandwell", draws=1, children=60, jobs=1, scenario=scenario)
        for scenario in (idle, Scenario(name="family_hub", title=hub.title))
    )
    gap = with_it.headline[with_it.headline["scenario"] == "difference"]
    assert (gap["mean"] == 0).all()
    pd.testing.assert_frame_equal(with_it.headline, without_it.headline)
