"""Draw episode tables from a run's journal, laid out as statutory returns are: one row an episode.

Days count from the cohort's first day; a year has 365.
"""

from typing import Any

import numpy as np
import pandas as pd

from agents.child import HUNDREDTHS
from agents.names import DAYS, NONE, Channel, Entry, Outcome, Tier
from experiments.journal import Told, names_of
from experiments.stays import finished, line_table, moves_of, service_stays, waits
from simulation.build import authority_names, event_names, service_names
from simulation.draws import WORD
from simulation.inputs import Tables
from simulation.population import GROUPS, SEXES, neighbourhoods
from simulation.world import World

SPELL = ("start_day", "end_day", "open_at_end", "days", "length", "reason_ended")
COLUMNS = {
    "children": ("sex", "ethnic_group", "deprivation_decile", "neighbourhood", "family", "died_day", "cost_gbp"),
    "referrals": ("start_day", "age", "rereferral", "in_need"),
    "child_in_need": ("episode", *SPELL, "to", "first_service", "stays", "on_a_plan", "looked_after"),
    "protection_plans": ("plan", *SPELL, "to", "second_or_later", "within_2_years"),
    "looked_after": ("period_of_care", "episode", "placement", "reason_started", *SPELL, "to", "went_home"),
    "school_settings": ("setting", "out_of_school", *SPELL, "to", "permanent_exclusion", "returned_to_school"),
    "services": ("service", "tier", *SPELL, "to", "booked_from", "booked_to", "cost_gbp"),
    "recorded_events": ("start_day", "age", "event"),
    "waiting_lists": ("service", *SPELL),
    "holding": ("start_day", "age", "service", "outcome"),
}
"""Columns of each table, after `authority` and `child_id`; children have those of no spell."""


def episodes(tables: Tables, told: Told) -> dict[str, pd.DataFrame]:
    """Draw every table from lives told in full.

    Returns
    -------
    name: table, ordered by authority, child and writing
    """
    every = line_table(told)
    lines = moves_of(every)
    stays = service_stays(told, lines)
    cases = runs_of(stays, told.world, Tier.SOCIAL_CARE)
    recorded = lines[lines["entry"] == Entry.RECORDED_EVENT]
    needs = lines[lines["entry"] == Entry.OUTCOME]
    found = {
        "children": children(tables, told),
        "referrals": referrals(lines, cases),
        "child_in_need": cases,
        "protection_plans": plans(stays, told.world),
        "looked_after": placements(stays, told.world, lines),
        "school_settings": settings(stays, told.world),
        "services": stays,
        "recorded_events": recorded.assign(event=np.array(event_names(tables), object)[recorded["detail"]]),
        "waiting_lists": waits(every, told),
        "holding": needs.assign(service=needs["detail"], outcome=outcome_words(needs["number"])),
    }
    return {name: written(tables, told, name, table) for name, table in found.items()}


def written(tables: Tables, told: Told, name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Name a table's children, services and tiers, and give its columns their order."""
    table = table.rename(columns={"day": "start_day"}).assign(
        authority=names_of(tables, told.begun["authority"][table["child"]]),
        child_id=told.begun["id"][table["child"]] & WORD,
    )
    if "start_day" in table:
        table["age"] = table["start_day"] // DAYS
    titles = np.array([*service_names(tables), *[""] * (NONE + 1)], object)
    titles[NONE] = ""
    for column in ("service", "to", "first_service", "placement", "setting"):
        if column in table:
            table[column] = titles[table[column]]
    if "tier" in table:
        table["tier"] = np.array([tier.name.lower() for tier in Tier], object)[table["tier"]]
    return table[["authority", "child_id", *COLUMNS[name]]].reset_index(drop=True)


def outcome_words(numbers: Any) -> Any:
    """Name outcomes by their numbers."""
    return np.array([outcome.name.lower() for outcome in Outcome], object)[numbers]


def first_neighbourhood(tables: Tables) -> Any:
    """Give the number of each authority's first neighbourhood within the run."""
    counts = [int(neighbourhoods(tables, place).sum()) for place in authority_names(tables)]
    return np.cumsum([0, *counts[:-1]])


def children(tables: Tables, told: Told) -> pd.DataFrame:
    """List the children; no name, no date of birth: all are born on the cohort's first day."""
    people = told.children
    seen = (people["died"] >= 0) & (people["died"] < len(told.years) * DAYS)
    return pd.DataFrame(
        {
            "child": np.arange(len(people)),
            "sex": np.array(SEXES, object)[people["sex"]],
            "ethnic_group": np.array(GROUPS, object)[people["ethnic_group"]],
            "deprivation_decile": people["decile"].astype(np.int64) + 1,
            "neighbourhood": people["neighbourhood"] - first_neighbourhood(tables)[people["authority"]],
            "family": people["family"].astype(np.int64),
            "died_day": pd.array(np.where(seen, people["died"], 0), "Int64").copy(),
            "cost_gbp": people["cost"] / HUNDREDTHS,
        }
    ).assign(died_day=lambda table: table["died_day"].where(seen))


def leads_on(support: pd.DataFrame, world: World, tier: int) -> pd.Series:
    """Tell which support stays follow another of at least a tier without a gap; later tiers are no support."""
    onward = pd.Series(within(world, support["to"], tier), support.index)
    return onward.groupby(support["child"]).shift(fill_value=False)


def within(world: World, services: Any, tier: int) -> Any:
    """Tell which services are of a tier from the one given up to that of looked-after children; NONE is not."""
    inside = np.zeros(NONE + 1, bool)
    inside[: len(world.services)] = (world.services["tier"] >= tier) & (world.services["tier"] <= Tier.LOOKED_AFTER)
    return inside[services]


def support_from(stays: pd.DataFrame, tier: int) -> pd.DataFrame:
    """Keep support stays of at least a tier."""
    return stays[(stays["channel"] == Channel.SUPPORT) & (stays["tier"] >= tier)]


def runs_of(stays: pd.DataFrame, world: World, tier: int) -> pd.DataFrame:
    """Join support stays of at least a tier that lead straight into one another: a case of social care."""
    support = support_from(stays, tier)
    first = ~leads_on(support, world, tier)
    joined = (
        support.assign(on_a_plan=support["service"] == world.plan, looked_after=support["tier"] == Tier.LOOKED_AFTER)
        .groupby(first.cumsum().to_numpy())
        .agg(
            child=("child", "first"),
            start_day=("start_day", "first"),
            end_day=("end_day", "last"),
            end_line=("end_line", "last"),
            open_at_end=("open_at_end", "last"),
            reason_ended=("reason_ended", "last"),
            to=("to", "last"),
            first_service=("service", "first"),
            stays=("service", "size"),
            on_a_plan=("on_a_plan", "max"),
            looked_after=("looked_after", "max"),
        )
        .set_index(support.index[first])
        .astype({"on_a_plan": int, "looked_after": int})
        .replace({"reason_ended": {"ended": "closed"}})
    )
    return finished(joined.assign(episode=joined.groupby("child").cumcount() + 1))


def referrals(lines: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
    """Draw referrals: repeated within 12 months of an earlier one or of a closure, and found in need or not."""
    made = lines[lines["entry"] == Entry.REFERRAL][["child", "day"]]
    closed = cases[cases["end_line"] >= 0].set_index("end_line").rename(columns={"end_day": "day"})[["child", "day"]]
    both = pd.concat([made, closed]).sort_index(kind="stable")
    before = both.groupby("child")["day"].shift()
    refused = (lines["entry"].shift(-1, fill_value=-1) == Entry.NOT_IN_NEED)[made.index]
    return made.assign(
        rereferral=(made["day"] - before[before.index.isin(made.index)] <= DAYS).astype(int),
        in_need=(~refused).astype(int),
    )


def plans(stays: pd.DataFrame, world: World) -> pd.DataFrame:
    """Draw child protection plans, and whether one follows another, within two years or at all."""
    found = stays[stays["service"] == world.plan]
    number = found.groupby("child").cumcount() + 1
    gap = found["start_day"] - found.groupby("child")["end_day"].shift()
    return found.assign(
        plan=number, second_or_later=(number > 1).astype(int), within_2_years=(gap <= 2 * DAYS).astype(int)
    )


def placements(stays: pd.DataFrame, world: World, lines: pd.DataFrame) -> pd.DataFrame:
    """Draw episodes of care as a return of looked-after children does: a new one at each change of placement."""
    care = support_from(stays, Tier.LOOKED_AFTER)
    begun = ~leads_on(care, world, Tier.LOOKED_AFTER)
    care = care.assign(
        stay=care.index,
        period_of_care=begun.astype(int).groupby(care["child"]).cumsum(),
        reason_started=np.where(begun, "started", "changed_service"),
    )
    moves = lines[lines["entry"] == Entry.PLACEMENT_MOVE]
    of = np.searchsorted(care.index, moves.index) - 1
    within_stay = care.iloc[of].set_index(moves.index).assign(start_day=moves["day"], reason_started="moved_placement")
    both = pd.concat([care, within_stay]).sort_index(kind="stable")
    following = both.groupby("stay")["start_day"].shift(-1)
    onward = within(world, both["to"], Tier.LOOKED_AFTER)
    left = ~onward & both["reason_ended"].isin(["stepped_down", "ended"])
    reasons = np.select(
        [following.notna(), onward, left & (both["to"] != NONE), left],
        ["moved_placement", "changed_service", "stepped_down", "left_care"],
        both["reason_ended"],
    )
    away = both["service"] != world.with_parents
    home = (left & (both["service"] != world.semi_independent)) | (both["to"] == world.with_parents)
    return finished(
        both.assign(
            placement=both["service"],
            episode=both.groupby("child").cumcount() + 1,
            end_day=following.fillna(both["end_day"]).astype(np.int64),
            open_at_end=both["open_at_end"].where(following.isna(), 0),
            to=both["to"].where(following.isna(), both["service"]),
            went_home=(following.isna() & away & home).astype(int),
            reason_ended=reasons,
        )
    )


def settings(stays: pd.DataFrame, world: World) -> pd.DataFrame:
    """Draw education settings: ways out of school, permanent exclusions, and returns."""
    found = stays[stays["channel"] == Channel.EDUCATION]
    row = world.services[found["service"].to_numpy()]
    tiers = np.append(world.services["tier"], np.full(NONE + 1 - len(world.services), -1))
    to = tiers[found["to"]]
    outgrown = found["end_day"] // DAYS > row["age_to"]
    back = (row["tier"] != Tier.UNIVERSAL) & (to == Tier.UNIVERSAL)
    back &= ~outgrown | (row["tier"] == Tier.OUT_OF_SYSTEM)
    before = found.groupby("child")["tier"].shift(fill_value=Tier.OUT_OF_SYSTEM)
    reasons = np.select(
        [back, found["reason_ended"] != "moved_on", outgrown, to == Tier.OUT_OF_SYSTEM],
        ["returned_to_school", found["reason_ended"], "outgrown", "left_school"],
        "moved_on",
    )
    return found.assign(
        setting=found["service"],
        out_of_school=(row["tier"] == Tier.OUT_OF_SYSTEM).astype(int),
        reason_ended=reasons,
        permanent_exclusion=((row["excludes"] != 0) & (before != Tier.OUT_OF_SYSTEM)).astype(int),
        returned_to_school=back.astype(int),
    )
