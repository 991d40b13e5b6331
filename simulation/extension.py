"""Extend the tables by a scenario's own services and units: its `[[service]]` and `[[unit]]` become rows.

An added service stands after all others, so that nobody else's number, draw or route changes. It is open only in
the scenario that adds it: today's twin has its number and sends nobody there (`Context.open`).
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from agents.names import MOST_UNITS
from simulation.errors import InputError, nearest, shown
from simulation.inputs import Tables, check_links, table_numbers
from simulation.network import EVERY_CHILD
from simulation.own_services import COLUMNS, AddedService, Way
from simulation.rows import (
    EXAMPLE,
    SCENARIO,
    SCENARIO_KEYS,
    PathwayRow,
    ServiceLevelRow,
    ServiceRow,
    SourceRow,
    SupportRow,
    UnitCostRow,
    UnitRow,
)
from simulation.schools import example_schools

if TYPE_CHECKING:
    from simulation.scenario import Scenario

STORY: dict[str, Any] = {"source": SCENARIO, "grade": "assumption", "status": "recalled", "note": "set by the scenario"}
EXTENDED = ("services", "service_levels", "pathways", "supports", "unit_costs", "units")
"""Tables to which a scenario may add rows."""


def with_services(tables: Tables, scenario: "Scenario", origin: str | None = None) -> Tables:
    """Extend the tables by the services and units that a scenario adds, and check them as shipped rows are.

    Parameters
    ----------
    origin : the scenario's file, for messages

    Raises
    ------
    InputError
        It names the file and the key of the row that is wrong.
    """
    if not (scenario.services or scenario.units or scenario.units_from):
        return tables
    where = origin or scenario.name
    rows = {name: list(table) for name, table in tables.rows.items()}
    rows["sources"].append(
        SourceRow(key=SCENARIO, citation="The user's scenario, named in the manifest of the run", status="read")
    )
    keys: dict[tuple[str, int], str] = {}
    for make in (service_rows, way_rows):
        for number, service in enumerate(scenario.services, start=1):
            key = f"{where}: key 'service[{number}]"
            for table, new in make(service, key, rows).items():
                lines = range(len(rows[table]) + 2, len(rows[table]) + len(new) + 2)
                keys |= {(table, line): f"{key}' ('{service.name}')" for line in lines}
                rows[table] += new
    if scenario.services:
        check_extended(rows, scenario, where, keys)
    rows["units"] = unit_rows(tables, scenario, rows, where)
    numbers = dict(tables.numbers)
    for name in EXTENDED:
        for each in table_numbers(name, rows[name], SCENARIO_KEYS):
            numbers.setdefault(each.name, each)
    return Tables(rows, numbers, tables.hashes)


def service_rows(service: AddedService, key: str, rows: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Make the rows of a service itself, its levels and its cost, from those of the service it is like."""
    known = {row.service: row for row in rows["services"]}
    if service.name in known or service.name in ("none", "all"):
        raise InputError(f"{key}.name': a service '{service.name}' exists already; give another name")
    if service.like not in known:
        raise unknown(f"{key}.like", service.like, known)
    model = known[service.like]
    if model.channel == "front_door" and service.channel is None:
        raise InputError(f"{key}.like': '{service.like}' is the front door, of which there is one; give another")
    own = {name: getattr(service, name) for name in COLUMNS if getattr(service, name) is not None}
    if service.sufficiency is not None:
        own.setdefault("staffed_by_social_workers", 0)
    if service.ages is not None:
        own["age_from"], own["age_to"] = service.ages
    row = model.model_copy(update={**own, **STORY, "service": service.name, "title": service.title or service.name})
    stands = {(each.tier, each.channel) for each in rows["services"]}
    if (row.tier, row.channel) not in stands:
        allowed = sorted({each.channel for each in rows["services"] if each.tier == row.tier} - {"front_door"})
        raise InputError(
            f"{key}.channel': '{row.channel}' does not go with tier '{row.tier}'; write {' or '.join(allowed)}"
        )
    levels = {"sufficiency": service.sufficiency, "tip_alignment": service.tip_alignment}
    own_levels = {name: level for name, level in levels.items() if level is not None}
    return {
        "services": [ServiceRow.model_validate(row.model_dump())],
        "service_levels": [
            ServiceLevelRow.model_validate({**each.model_dump(), **own_levels, **STORY, "service": service.name})
            for each in rows["service_levels"]
            if each.service == service.like
        ],
        "unit_costs": cost_rows(service, key, rows),
    }


def cost_rows(service: AddedService, key: str, rows: Mapping[str, list[Any]]) -> list[Any]:
    """Make the rows of a service's cost: its own, or those of the service it is like, payer and all."""
    copied = [row for row in rows["unit_costs"] if row.service == service.like]
    same: dict[str, Any] = {"payer": service.payer, "cashable": service.cashable}
    same = {name: value for name, value in same.items() if value is not None}
    fixed = {"service": service.name, "low": None, "high": None, "distribution": "fixed"}
    if service.unit_cost is None:
        if not copied:
            raise InputError(f"{key}.unit_cost': '{service.like}' has no cost to copy; give unit_cost, per and payer")
        return [UnitCostRow.model_validate({**row.model_dump(), **same, **STORY, **fixed}) for row in copied]
    if not copied and len(same) < 2:
        raise InputError(f"{key}.payer': '{service.like}' has no payer to copy; give payer and cashable")
    first = {"payer": copied[0].payer, "cashable": copied[0].cashable} if copied else {}
    cost = {"authority": "all", "per": service.per, "value": service.unit_cost, "price_year": service.price_year}
    return [UnitCostRow.model_validate({**first, **same, **cost, **STORY, **fixed})]


def copied_costs(scenario: "Scenario", tables: Tables, values: Mapping[str, float]) -> dict[str, float]:
    """Let the cost of an added service move with that of the service it is like, in proportion.

    So its band is as wide, and no other number is drawn otherwise than without it.

    Parameters
    ----------
    values : every number of a draw

    Returns
    -------
    the cost of each added service in this draw, by its number's name
    """
    like = {service.name: service.like for service in scenario.services}
    found: dict[str, float] = {}
    for row in tables.rows["unit_costs"]:
        if row.service in like:
            name, origin = f"unit_costs.{row.service}.{row.authority}.{row.per}.value", like[row.service]
            models = [other for other in tables.rows["unit_costs"] if other.service == origin]
            same = [other for other in models if (other.authority, other.per) == (row.authority, row.per)]
            model = next(iter(same + models), None)
            if model is not None and model.value > 0:
                drawn = f"unit_costs.{origin}.{model.authority}.{model.per}.value"
                found[name] = row.value * found.get(drawn, values[drawn]) / model.value
    return found


def way_rows(service: AddedService, key: str, rows: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Make the rows of who passes children to a service, where it passes them on, and who helps whom."""
    known = {row.service: row for row in rows["services"]}
    own = known[service.name]
    pathways: list[Any] = []
    for number, way in enumerate(service.takes_from, start=1):
        at = f"{key}.takes_from[{number}]"
        if way.service not in known or way.service == service.name:
            raise unknown(f"{at}.service", way.service, [name for name in known if name != service.name])
        ages = common_ages(f"{at}.ages", way, own, known[way.service])
        pathways.append(pathway(way.service, way.move, ages, service.name, way.weight, diverted=True))
    for move, word in (("escalate", "escalates_to"), ("step_down", "steps_down_to")):
        pathways += onward_rows(service, move, f"{key}.{word}", known, rows)
    supports = [support(other, service.name, f"{key}.supports'", known) for other in service.supports]
    if service.supported_by is not None:
        supports += [support(service.name, other, f"{key}.supported_by'", known) for other in service.supported_by]
    else:
        for row in rows["supports"]:
            ages = max(row.age_from, own.age_from), min(row.age_to, own.age_to)
            if row.service == service.like and ages[0] <= ages[1]:
                supports.append(
                    row.model_copy(update={**STORY, "service": own.service, "age_from": ages[0], "age_to": ages[1]})
                )
    return {"pathways": pathways, "supports": supports}


def onward_rows(
    service: AddedService, move: str, at: str, known: Mapping[str, Any], rows: Mapping[str, list[Any]]
) -> Iterator[Any]:
    """Make the rows of where a service passes children on, in bands of ages in which the weights stay."""
    own = known[service.name]
    given = service.escalates_to if move == "escalate" else service.steps_down_to
    ways: list[tuple[tuple[int, int], str, float]] = []
    if given is None:
        for row in rows["pathways"]:
            ages = max(row.age_from, own.age_from), min(row.age_to, own.age_to)
            if (row.service, row.move, row.diverted) == (service.like, move, False) and ages[0] <= ages[1]:
                ways.append((ages, row.to, row.weight))
    for number, way in enumerate(given or (), start=1):
        if way.service == "none" and move == "step_down":
            ways.append((common_ages(f"{at}[{number}].ages", way, own, own), "none", way.weight))
            continue
        if way.service == service.name:
            raise InputError(
                f"{at}[{number}].service': '{service.name}' would pass children on to itself; name another service, or "
                "leave the way out"
            )
        if way.service not in known:
            raise unknown(f"{at}[{number}].service", way.service, known)
        ways.append((common_ages(f"{at}[{number}].ages", way, own, known[way.service]), way.service, way.weight))
    years = range(own.age_from, own.age_to + 1)
    by_age = [tuple((to, weight) for band, to, weight in ways if band[0] <= age <= band[1]) for age in years]
    for age, here in zip(years, by_age, strict=True):
        total = sum(weight for _, weight in here)
        if ways and abs(total - 1.0) > 1e-9:
            copied = f" (those of '{service.like}', as none are given)" if given is None else ""
            raise InputError(f"{at}': weights at age {age} sum to {total:.6g}, not 1{copied}; make them sum to 1")
    first = 0
    for k in range(1, len(by_age) + 1):
        if k == len(by_age) or by_age[k] != by_age[first]:
            band = (years[first], years[k - 1])
            yield from (pathway(service.name, move, band, to, weight) for to, weight in by_age[first])
            first = k


def pathway(
    service: str, move: str, ages: tuple[int, int], to: str, weight: float, diverted: bool = False
) -> PathwayRow:
    """Make one row of a pathway."""
    return PathwayRow.model_validate(
        {
            **STORY,
            "service": service,
            "move": move,
            "age_from": ages[0],
            "age_to": ages[1],
            "to": to,
            "weight": weight,
            "diverted": diverted,
        }
    )


def support(service: str, by: str, at: str, known: Mapping[str, Any]) -> SupportRow:
    """Make the row of one service that helps another to hold children, at the ages that both take."""
    for name in (service, by):
        if name not in known:
            raise unknown(at.removesuffix("'"), name, known)
    ages = max(known[service].age_from, known[by].age_from), min(known[service].age_to, known[by].age_to)
    if ages[0] > ages[1] or service == by:
        raise InputError(f"{at}: {service} and {by} have no child in common; remove it or widen ages")
    return SupportRow.model_validate(
        {**STORY, "service": service, "support": by, "age_from": ages[0], "age_to": ages[1]}
    )


def common_ages(at: str, way: Way, *services: Any) -> tuple[int, int]:
    """Give the ages that services share, or those that a way gives within them."""
    first, last = max(x.age_from for x in services), min(x.age_to for x in services)
    ages = way.ages or (first, last)
    if first > last:
        raise InputError(f"{at}': {' and '.join(x.service for x in services)} have no age in common; remove the way")
    if ages[0] < first or ages[1] > last:
        raise InputError(f"{at}': {list(ages)} is outside {first} to {last}, the ages that both take; narrow it")
    return ages


def unknown(at: str, name: str, known: Any) -> InputError:
    """Say that a name is not among those known, and offer the nearest."""
    offer = nearest(name, known) or f" Known: {', '.join(list(known)[:40])}."
    return InputError(f"{at}': unknown service {shown(name)}.{offer}")


def check_extended(
    rows: dict[str, list[Any]], scenario: "Scenario", where: str, keys: Mapping[tuple[str, int], str]
) -> None:
    """Check the added services with all tables; a fault in a row of theirs is told by its key in the scenario."""
    diverted: Counter[tuple[str, str, int]] = Counter()
    for row in rows["pathways"]:
        if row.diverted:
            diverted.update({(row.service, row.move, age): row.weight for age in range(row.age_from, row.age_to + 1)})
    over = next((key for key, total in diverted.items() if total > 1.0 + 1e-9), None)
    if over is not None:
        raise InputError(
            f"{where}: key 'service.takes_from': weights taken from {over[0]} at age {over[2]} sum to "
            f"{diverted[over]:.6g}, above 1; lower them"
        )
    doubled = Counter((row.service, row.move, row.age_from, row.to) for row in rows["pathways"] if row.diverted)
    for key, times in doubled.items():
        if times > 1:
            raise InputError(f"{where}: key 'service.takes_from': {key[0]} stands twice for {key[3]}; keep one of them")
    for number, service in enumerate(scenario.services, start=1):
        check_reached(service, f"{where}: key 'service[{number}]", rows)
    try:
        check_links(rows)
    except InputError as error:
        found = re.match(r"(\w+)\.csv: row (\d+): ", str(error))
        place = keys.get((found[1], int(found[2]))) if found else None
        if found is None or place is None:
            raise
        raise InputError(f"{place}: {str(error)[found.end() :]}") from None


def check_reached(service: AddedService, key: str, rows: Mapping[str, list[Any]]) -> None:
    """Refuse a service that nobody can reach, and places that nobody asks for."""
    passed_to = {row.to for row in rows["pathways"] if row.service != service.name}
    if service.name in passed_to:
        return
    if not service.supports:
        raise InputError(
            f"{key}' ('{service.name}') is reached by nobody; give takes_from (who passes children on to it) or "
            "supports (whom it helps)"
        )
    places = next(row.places for row in rows["services"] if row.service == service.name)
    if places < EVERY_CHILD:
        raise InputError(
            f"{key}.places': '{service.name}' has {places:g} places per 1,000 children and nobody asks for one; "
            f"give takes_from, or places = {EVERY_CHILD}"
        )


def unit_rows(tables: Tables, scenario: "Scenario", rows: Mapping[str, list[Any]], where: str) -> list[UnitRow]:
    """List the units of a scenario, by place and stage in the order of their tables, each checked."""
    units = list(scenario.units)
    if scenario.units_from == EXAMPLE:
        units += example_schools(tables)
    services = [row.service for row in rows["services"]]
    places = [row.authority for row in rows["authorities"] if row.role == "place"]
    if len(units) > MOST_UNITS:
        raise InputError(f"{where}: key 'unit': {len(units)} units are above {MOST_UNITS}; merge or leave out some")
    seen: set[tuple[str, str, str]] = set()
    for number, unit in enumerate(units, start=1):
        key = f"{where}: key 'unit[{number}]"
        if unit.stage not in services:
            raise InputError(f"{key}.stage': unknown service {shown(unit.stage)}.{nearest(unit.stage, services)}")
        if unit.authority not in places:
            raise InputError(
                f"{key}.authority': unknown authority {shown(unit.authority)}.{nearest(unit.authority, places)}"
            )
        if next(row.channel for row in rows["services"] if row.service == unit.stage) == "front_door":
            raise InputError(f"{key}.stage': '{unit.stage}' is the front door, which has no units; remove the row")
        own = (unit.authority, unit.stage, unit.unit)
        if own in seen:
            raise InputError(f"{key}.unit': '{unit.unit}' of {unit.stage} in {unit.authority} stands twice; rename one")
        seen.add(own)
    for place, stage in dict.fromkeys((unit.authority, unit.stage) for unit in units):
        here = [unit for unit in units if (unit.authority, unit.stage) == (place, stage)]
        for decile in range(10):
            if not any(unit.intake[decile] > 0 for unit in here):
                raise InputError(
                    f"{where}: key 'unit.intake': no {stage} of {place} takes children of decile {decile + 1}; "
                    "give one of them an affinity above 0"
                )
    return sorted(units, key=lambda unit: (places.index(unit.authority), services.index(unit.stage)))
