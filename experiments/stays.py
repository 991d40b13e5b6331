"""Read stays out of a run's journal: every setting, support spell, specialist service, assessment and wait.

A stay that is open when a child dies ends that day, though its service is booked to the end of that year, as the year
is planned before death is known: `booked_from` and `booked_to` are the days that the ledger counts and charges.
"""

import numpy as np
import pandas as pd

from agents.child import HUNDREDTHS
from agents.names import ADULT, DAYS, NONE, Entry
from experiments.journal import Told, row_of
from simulation.ledger import SPELL_BANDS

LISTS = (Entry.JOINS_WAITING_LIST, Entry.LEAVES_WAITING_LIST)
LENGTHS = ("under 3 months", "3 to 6 months", "6 to 12 months", "1 to 2 years", "2 years or more")
"""Names of the published bands of spells."""


def line_table(told: Told) -> pd.DataFrame:
    """Lay the journal out by child (its row among the children), in the order of writing."""
    table = pd.DataFrame({name: told.lines[name].astype(np.int64) for name in ("day", "entry", "detail", "number")})
    table.insert(0, "child", row_of(told.begun, told.lines["child"]))
    return table


def moves_of(lines: pd.DataFrame) -> pd.DataFrame:
    """Leave out waiting lists: a line about one may stand between two that belong together."""
    return lines[~lines["entry"].isin(LISTS)].reset_index(drop=True)


def service_stays(told: Told, lines: pd.DataFrame) -> pd.DataFrame:
    """Draw every stay in every service: settings, support spells, specialist services and assessments."""
    door = lines[lines["entry"] == Entry.REFERRAL]
    parts = [
        setting_stays(lines),
        paired(lines, Entry.SPELL_BEGINS, Entry.SPELL_ENDS, ["child"]),
        paired(lines, Entry.SPECIALIST_BEGINS, Entry.SPECIALIST_ENDS, ["child", "detail"]),
        door.assign(end=door["day"], end_line=-1, to=NONE, late=0, end_late=0, down=False),
    ]
    stays = pd.concat(parts).sort_index(kind="stable").rename(columns={"detail": "service", "day": "start_day"})
    row = told.world.services[stays["service"].to_numpy()]
    watched = len(told.years) * DAYS
    died = told.children["died"][stays["child"]]
    alive = (died < 0) | (died >= watched)
    last = np.where(alive, watched, np.maximum(died, stays["start_day"]))
    over, grown = stays["end"] >= 0, alive & (len(told.years) == ADULT)
    stays = stays.assign(
        tier=row["tier"],
        channel=row["channel"],
        reason_ended=np.select(
            [stays["down"], over & (stays["to"] != NONE), over, ~alive, grown],
            ["stepped_down", "moved_on", "ended", "died", "turned_18"],
            "",
        ),
        open_at_end=(~over & alive & ~grown).astype(np.int64),
        booked_from=stays["start_day"] + stays["late"],
        booked_to=np.where(over, stays["end"] + stays["end_late"], np.where(alive, watched, (died // DAYS + 1) * DAYS)),
        end_day=np.where(over, stays["end"], last),
    )
    place, service = told.begun["authority"][stays["child"]], stays["service"].to_numpy()
    days = stays["booked_to"] - stays["booked_from"]
    cost = days * told.world.cost_day[place, service] + told.world.cost_entry[place, service]
    return finished(stays.assign(cost_gbp=cost / HUNDREDTHS))


def waits(lines: pd.DataFrame, told: Told) -> pd.DataFrame:
    """Draw waits for a place: that end with one, are given up, or are still going on."""
    found = paired(lines, *LISTS, ["child"])
    over, night = found["end"] >= 0, len(told.years) * DAYS
    placed = lines["number"].reindex(found["end_line"]).to_numpy() >= 0
    return finished(
        found.rename(columns={"day": "start_day", "detail": "service"}).assign(
            end_day=np.where(over, np.maximum(found["end"], found["day"]), night),
            open_at_end=(~over).astype(np.int64),
            reason_ended=np.select([over & placed, over], ["placed", "given_up"], ""),
        )
    )


def setting_stays(lines: pd.DataFrame) -> pd.DataFrame:
    """Draw stays in education: each setting ends where the next begins.

    Who leaves school for want of a service does so on the year's last day, once that day is booked to the school:
    such a line follows the year's outcome.
    """
    needed = (lines["entry"] == Entry.OUTCOME).groupby([lines["child"], lines["day"] // DAYS]).cummax()
    stays = lines[lines["entry"] == Entry.SETTING]
    stays = stays.assign(late=((stays["day"] % DAYS == DAYS - 1) & needed[stays.index]).astype(np.int64))
    by = stays.groupby("child")
    return stays.assign(
        end=by["day"].shift(-1, fill_value=-1),
        end_line=stays.index.to_series().groupby(stays["child"]).shift(-1, fill_value=-1),
        to=by["detail"].shift(-1, fill_value=NONE),
        end_late=by["late"].shift(-1, fill_value=0),
        down=False,
    )


def paired(lines: pd.DataFrame, begins: Entry, ends: Entry, by: list[str]) -> pd.DataFrame:
    """Pair each beginning with the next end; one who moves on begins the next that day, in the next line."""
    both = lines[lines["entry"].isin([begins, ends])]
    keys = [both[name] for name in by]
    ended = both["entry"].groupby(keys).shift(-1, fill_value=-1) == ends
    end_line = np.where(ended, both.index.to_series().groupby(keys).shift(-1, fill_value=-1), -1)
    before, after = lines.reindex(end_line - 1), lines.reindex(end_line + 1)
    end = np.where(ended, both["day"].groupby(keys).shift(-1, fill_value=-1), -1)
    moved = ended.to_numpy() & (after["entry"] == begins).to_numpy() & (after["child"].to_numpy() == both["child"])
    moved &= after["day"].to_numpy() == end
    found = both.assign(
        end=end,
        end_line=end_line,
        to=np.where(moved & (len(by) == 1), after["detail"].fillna(NONE), NONE).astype(np.int64),
        late=0,
        end_late=0,
        down=ended.to_numpy() & (before["entry"] == Entry.STEPS_DOWN).to_numpy(),
    )
    return found[found["entry"] == begins]


def finished(table: pd.DataFrame) -> pd.DataFrame:
    """Add how long each row lasted and its band of length."""
    days = table["end_day"] - table["start_day"]
    return table.assign(days=days, length=np.array(LENGTHS, object)[np.searchsorted(SPELL_BANDS, days, side="right")])
