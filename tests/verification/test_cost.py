"""V24: public service cost, recomputed from the dated spells of the journal, equals what was booked."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from worlds import with_fields, with_scalars

from agents.child import NEVER
from agents.names import ADULT, DAYS, Entry, Tier
from simulation.cohort import Life, run
from simulation.context import Surroundings
from simulation.economics import payer_shares, service_cost
from simulation.inputs import Tables
from simulation.ledger import LINES
from simulation.population import cohort
from simulation.world import World

CHILDREN = 30


@pytest.fixture(scope="module")
def priced(world: World) -> World:
    """Give every service in every place a price of its own, by the day and by the entry."""
    days = 1_000 + 7 * np.arange(world.cost_day.size).reshape(world.cost_day.shape)
    return world._replace(cost_day=days, cost_entry=3 * days + 1)


@pytest.fixture(scope="module", params=["sandwell", "birmingham"])
def written(
    request: pytest.FixtureRequest,
    tables: Tables,
    values: dict[str, float],
    key: tuple[int, int, int],
    today: Surroundings,
    priced: World,
) -> Life:
    """Let a few children of a place live, much of it in care or out of school, every line of it kept."""
    children = cohort(tables, values, [request.param], CHILDREN, key)
    children["frailty"] *= 3
    services = with_fields(priced.services, hold_log_odds=priced.services["hold_log_odds"] - 1.5)
    services["exit_rate_first_year"][priced.specialists] = 2.0
    hard = with_scalars(priced._replace(services=services), leaves_school=0.3)
    life = run(today, hard, children, room=LINES)
    assert 0 < life.ledger.lines[0] < LINES
    return life


class Accounts:
    """Keep one child's spells from its lines, and sum what they cost by year and service."""

    def __init__(self, child: Any, world: World) -> None:
        self.world = world
        self.place = int(child["authority"])
        died = child["died"]
        # The year's services are planned before death is known: its last year is paid in full.
        self.end = min(ADULT, ADULT if died == NEVER else died // DAYS + 1) * DAYS
        self.cost: dict[tuple[int, int], int] = defaultdict(int)
        self.spells: dict[Any, tuple[int, int]] = {}
        self.outcome_in = -1

    def spell(self, service: int, begin: int, end: int) -> None:
        """Pay for the days from one to another, each in its own year."""
        for year in range(begin // DAYS, -(-end // DAYS)):
            days = min(end, (year + 1) * DAYS) - max(begin, year * DAYS)
            self.cost[year, service] += days * int(self.world.cost_day[self.place, service])

    def entry(self, service: int, day: int) -> None:
        """Pay for an entry."""
        self.cost[day // DAYS, service] += int(self.world.cost_entry[self.place, service])

    def begin(self, channel: Any, service: int, day: int) -> None:
        """Begin a spell and end the one that the channel had."""
        self.finish(channel, day)
        self.spells[channel] = service, day

    def finish(self, channel: Any, day: int) -> None:
        """End a channel's spell, if it has one."""
        if channel in self.spells:
            service, begun = self.spells.pop(channel)
            self.spell(service, begun, min(day, self.end))

    def setting(self, service: int, day: int) -> None:
        """Change the education setting, by age or on the way."""
        before = self.spells.get("education")
        outgrown = before is None or day // DAYS > self.world.services["age_to"][before[0]]
        self.entry(service, day)
        # Who leaves school for want of a service does so on the year's last day, after it is paid.
        leaves = not outgrown and self.outcome_in == day // DAYS
        self.begin("education", service, day + leaves)

    def read(self, line: Any) -> None:
        """Read one line of the journal."""
        entry, service, day = int(line["entry"]), int(line["detail"]), int(line["day"])
        if entry == Entry.SETTING:
            self.setting(service, day)
        elif entry == Entry.OUTCOME:
            self.outcome_in = day // DAYS
        elif entry == Entry.REFERRAL:
            self.entry(service, day)
        elif entry == Entry.SPELL_BEGINS:
            self.entry(service, day)
            self.begin("support", service, day)
        elif entry == Entry.SPELL_ENDS:
            self.finish("support", day)
        elif entry == Entry.SPECIALIST_BEGINS:
            self.entry(service, day)
            self.begin(service, service, day)
        elif entry == Entry.SPECIALIST_ENDS:
            self.finish(service, day)

    def close(self) -> dict[tuple[int, int], int]:
        """End what is open at 18 or with the last year, and give the sums."""
        for channel in list(self.spells):
            self.finish(channel, self.end)
        return self.cost


def accounts(life: Life, world: World) -> list[dict[tuple[int, int], int]]:
    """Recompute every child's cost by year and service from the journal alone."""
    kept = []
    for child in life.children:
        account = Accounts(child, world)
        for line in life.ledger.journal[life.ledger.journal["child"] == child["id"]]:
            account.read(line)
        kept.append(account.close())
    return kept


def test_v24_each_childs_cost_is_that_of_its_spells(written: Life, priced: World) -> None:
    """V24: a child's cost is its days and entries times unit costs, read back from its timeline. Exact."""
    found = [sum(each.values()) for each in accounts(written, priced)]
    assert found == written.children["cost"].tolist()


def test_v24_the_ledgers_cost_is_that_of_all_spells(written: Life, priced: World) -> None:
    """V24: by year and service, the ledger's cost is that of all children's spells. Exact."""
    summed = np.zeros(written.ledger.cost.shape[::2], np.int64)
    for each in accounts(written, priced):
        for (year, service), cost in each.items():
            summed[year, service] += cost
    assert (summed == written.ledger.cost.sum(axis=1)).all()
    assert written.ledger.cost.sum() == written.children["cost"].sum()


def test_v24_the_lives_read_back_use_every_kind_of_spell(written: Life, priced: World) -> None:
    """V24: the children read back were in care, in specialist services and out of school. Exact."""
    used = np.flatnonzero(written.ledger.days.sum(axis=(0, 1)))
    tiers = set(priced.services["tier"][used].tolist())
    assert tiers == set(Tier)


def test_v24_days_and_entries_times_unit_costs_are_the_cost(lived: Any, world: World) -> None:
    """V24: over 2,000 children the ledger's cost is its days and entries at the tables' unit costs.

    Exact, but for entries by age alone, which are counted and cost nothing: those are education's.
    """
    book = lived.life.ledger
    education = world.services["channel"] == 0
    whole = book.days * world.cost_day + book.entries * world.cost_entry
    assert (whole[:, :, ~education] == book.cost[:, :, ~education]).all()
    assert (book.cost[:, :, education] <= whole[:, :, education]).all()
    assert (book.cost[:, :, education] >= (book.days * world.cost_day)[:, :, education]).all()
    assert book.cost.sum() == lived.life.children["cost"].sum()


def test_v24_cost_by_payer_sums_to_the_total(lived: Any, tables: Tables) -> None:
    """V24: what payers pay sums to the total, and each service has one payer. Exact to rounding of the sum."""
    cost = service_cost(lived.life.ledger, tables, "sandwell")
    payers = payer_shares(tables)
    assert set(sum(payers.values()).tolist()) <= {0.0, 1.0}
    assert np.isclose(sum((cost @ share).sum() for share in payers.values()), cost.sum(), rtol=1e-12)


def test_v24_nobody_is_in_a_specialist_service_twice_at_once(written: Life) -> None:
    """V24: no specialist spell begins before the one before it in the same service has ended. Exact."""
    journal = written.ledger.journal
    for number in np.unique(journal["child"]):
        lines = journal[(journal["child"] == number) & (journal["entry"] == Entry.SPECIALIST_BEGINS)]
        ends = journal[(journal["child"] == number) & (journal["entry"] == Entry.SPECIALIST_ENDS)]
        for service in np.unique(lines["detail"]):
            began = lines["day"][lines["detail"] == service][1:]
            ended = ends["day"][ends["detail"] == service][: len(began)]
            assert (began >= ended).all()
