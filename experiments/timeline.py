"""Tell one simulated child's life, event by event, in words."""

from collections.abc import Callable

import numpy as np

from agents.child import HUNDREDTHS
from agents.names import DAYS, Entry, Outcome
from simulation.build import authority_names
from simulation.cohort import reference, run
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.errors import InputError, nearest
from simulation.extension import with_services
from simulation.inputs import Tables, load_tables
from simulation.ledger import LINES
from simulation.population import GROUPS, births, cohort
from simulation.scenario import Scenario

REFERENCE_CHILDREN = 4000
SEXES = ("boy", "girl")
STANDINGS = (
    ("Reaches level 2", ""),
    ("Reaches level 3", ""),
    ("Becomes a parent before 20", ""),
    ("Not in education, employment or training", "No longer out of education, employment and training"),
    ("In work", "Out of work"),
)
"""Words for each bit of `agents.names.Standing` that rows decide: gained, and lost."""


def words(
    child: int, place: str = "sandwell", seed: int = 1, scenario: Scenario | None = None, children: int | None = None
) -> list[str]:
    """Run a place's cohort under the central numbers and tell one child's life, line by line.

    Parameters
    ----------
    child : number within the place, from 0

    Raises
    ------
    InputError
        If the place has no such child.
    """
    chosen = scenario or Scenario.today()
    tables = with_services(load_tables(), chosen)
    if place not in authority_names(tables):
        raise InputError(f"place: unknown place '{place}'.{nearest(place, authority_names(tables))}")
    size = births(tables, place, children)
    if not 0 <= child < size:
        raise InputError(f"CHILD_ID: {child} is outside 0 to {size - 1}, the children of {place}; choose one of them")
    values, key = {**tables.values(), **chosen.numbers}, seed_key(seed)
    world = reference(tables, values, chosen.switches, key, REFERENCE_CHILDREN)
    begun = cohort(tables, values, [place], children, key, chosen.switches)
    if not (chosen.switches.amplification or chosen.switches.rationing):
        begun = begun[child : child + 1]
    watched = (authority_names(tables).index(place) << 32) | child
    life = run(Surroundings(tables, values, chosen), world, begun, room=LINES, watched=watched)
    record = life.children[life.children["id"] == watched][0]
    lines = life.ledger.journal[: life.ledger.lines[0]].copy()
    if record["died"] >= 0:
        # The year is lived as planned before death is known: what it held is told at death at the latest.
        lines["day"] = np.minimum(lines["day"], record["died"])
    told = [
        f"Simulated child {child} of {place}, seed {seed}, {chosen.title or chosen.name}. Not a real child.",
        f"A {SEXES[record['sex']]}, ethnic group {GROUPS[record['ethnic_group']]}, "
        f"born into deprivation decile {record['decile'] + 1} (1 most deprived).",
    ]
    tell = sentences(tables)
    for line in sorted(lines, key=lambda each: (int(each["day"]), each["entry"] == Entry.DEATH)):
        entry = Entry(int(line["entry"]))
        told.append(f"{age(int(line['day']))}  {tell[entry](int(line['detail']), int(line['number']))}")
    told.append(
        f"In all: {record['cats']} childhood and {record['aats']} adult adversities, {record['healed']} healed; "
        f"{record['aces']} ACEs of nine; {record['years_unmet']} years with unmet need; "
        f"{record['yld'] / 1e6:.1f} years lived with disability and {record['yll'] / 1e6:.1f} lost; "
        f"services cost {record['cost'] / HUNDREDTHS:,.0f} GBP."
    )
    return told


def age(day: int) -> str:
    """Write a day of life as age and day of the year."""
    return f"age {day // DAYS:>3}, day {day % DAYS:>3}"


def sentences(tables: Tables) -> dict[Entry, Callable[[int, int], str]]:
    """Give, for each kind of entry, the words for its detail and number."""
    rows = tables.rows
    services = [row.title for row in rows["services"]]
    childhood = [row.title for row in rows["adversities"]]
    adult = list({row.adversity: row.title for row in rows["adult_adversities"]}.values())
    conditions = [row.title for row in rows["conditions"]]
    moves = list({row.kind: row.title for row in rows["instability_events"]}.values())
    events = list({row.event: row.title for row in rows["events"]}.values())
    adult_services = [row.title for row in rows["adult_services"]]
    outcomes = {
        Outcome.HELD: "holds the child",
        Outcome.HELD_WITH_SUPPORT: "holds the child with support",
        Outcome.ESCALATED: "cannot hold the child and passes it on",
        Outcome.NO_SERVICE: "cannot hold the child, and no other service takes it",
    }
    return {
        Entry.CHILDHOOD_ADVERSITY: lambda detail, _: f"Adversity: {childhood[detail]}",
        Entry.ADULT_ADVERSITY: lambda detail, _: f"Adult adversity: {adult[detail]}",
        Entry.SETTING: lambda detail, _: f"Setting: {services[detail]}",
        Entry.OUTCOME: lambda detail, number: f"In need. {services[detail]} {outcomes[Outcome(number)]}",
        Entry.REFERRAL: lambda *_: "Referred to social care",
        Entry.NOT_IN_NEED: lambda *_: "Assessed: not found in need",
        Entry.SPELL_BEGINS: lambda detail, _: f"Begins: {services[detail]}",
        Entry.SPELL_ENDS: lambda detail, number: f"Ends: {services[detail]}, after {number} days",
        Entry.PLACEMENT_MOVE: lambda detail, _: f"Moved to another placement ({services[detail]})",
        Entry.HEALED: lambda _, number: f"{number} unresolved event{'s' if number > 1 else ''} healed",
        Entry.ONSET: lambda detail, _: f"Onset: {conditions[detail]}",
        Entry.REMISSION: lambda detail, _: f"Remission: {conditions[detail]}",
        Entry.DEATH: lambda *_: "Dies",
        Entry.RECORDED_EVENT: lambda detail, _: events[detail],
        Entry.SPECIALIST_BEGINS: lambda detail, _: f"Begins: {services[detail]}",
        Entry.SPECIALIST_ENDS: lambda detail, _: f"Ends: {services[detail]}",
        Entry.INSTABILITY: lambda detail, _: moves[detail],
        Entry.NEGLECT_BEGINS: lambda *_: "Neglect begins",
        Entry.NEGLECT_ENDS: lambda _, number: f"Neglect ends; {number} year{'s' if number > 1 else ''} of it so far",
        Entry.LEAVES_CARE: lambda *_: "Leaves care at 18",
        Entry.STANDING_GAINED: lambda detail, _: STANDINGS[detail][0],
        Entry.STANDING_LOST: lambda detail, _: STANDINGS[detail][1],
        Entry.ADULT_SERVICE: lambda detail, _: f"This year with: {adult_services[detail]}",
        Entry.JOINS_WAITING_LIST: lambda detail, _: f"Waits for a place: {services[detail]}",
        Entry.LEAVES_WAITING_LIST: lambda detail, number: (
            f"Place found: {services[detail]}, after {number} days"
            if number >= 0
            else f"Waits no longer: {services[detail]}"
        ),
        Entry.STEPS_DOWN: lambda detail, _: f"Steps down from: {services[detail]}",
    }
