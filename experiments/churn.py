"""Sum episode tables up: what comes back and how soon, and how long what ended had lasted."""

import numpy as np
import pandas as pd

from agents.names import ADULT, DAYS
from experiments.funnel import wilson_interval
from experiments.rounding import text
from experiments.screen import NOT_FOR_INDIVIDUALS, sectioned, wrapped
from experiments.stays import LENGTHS
from simulation.inputs import Tables

Found = dict[str, pd.DataFrame]
PUBLISHED = {
    "re-referral within 12 months": "rereferral_share",
    "referral found not in need": "assessed_not_in_need_share",
    "second or later plan": "repeat_plan_share",
    "plan lasted 2 years or more": "plan_ending_2_years_or_more",
}
"""Indicators that publish a measure of churn."""
LONGEST = 40
"""Most letters of a service's name on the screen."""
READ = (
    "Interval: Wilson's, of chance in this cohort alone. England: the published share, where there is one. Who turns "
    "18 or dies too soon to be seen come back is left out. All tables are in the folder."
)


def back_within(rows: pd.DataFrame, again: pd.DataFrame, days: int) -> tuple[int, int]:
    """Count, of the rows that ended, those followed by a beginning of the same child's within so many days.

    Parameters
    ----------
    again : the beginnings that are a return

    Returns
    -------
    those that came back, and those seen for as long (who turn 18 or die sooner are left out)
    """
    keys = ["authority", "child_id"]
    left = rows[[*keys, "end_day", "seen_to"]].sort_values("end_day", kind="stable")
    begins = again[[*keys, "start_day"]].sort_values("start_day", kind="stable")
    pairs = pd.merge_asof(left, begins, left_on="end_day", right_on="start_day", by=keys, direction="forward")
    soon = pairs["start_day"] - pairs["end_day"] <= days
    seen = pairs["seen_to"] - pairs["end_day"] >= days
    return int((soon & seen).sum()), int(seen.sum())


def churn(tables: Tables, found: Found, years: int = ADULT) -> pd.DataFrame:
    """Tabulate what comes back: referrals, plans, care, school; and what steps down.

    Returns
    -------
    measure, of (service), count, total, share, low_95 and high_95 (Wilson), data (England) where published
    """
    referred, plans, care = found["referrals"], found["protection_plans"], found["looked_after"]
    settings, stays = found["school_settings"], found["services"]
    died = found["children"].set_index(["authority", "child_id"])["died_day"]
    ended = plans[~plans["reason_ended"].isin(("", "died", "turned_18"))]
    rows = [
        ("re-referral within 12 months", "assessment", int(referred["rereferral"].sum()), len(referred)),
        ("referral found not in need", "assessment", int((referred["in_need"] == 0).sum()), len(referred)),
        ("second or later plan", "child_protection_plan", int(plans["second_or_later"].sum()), len(plans)),
        ("second plan within 2 years", "child_protection_plan", int(plans["within_2_years"].sum()), len(plans)),
        (
            "plan lasted 2 years or more",
            "child_protection_plan",
            int((ended["length"] == LENGTHS[-1]).sum()),
            len(ended),
        ),
    ]

    def seen(table: pd.DataFrame) -> pd.DataFrame:
        until = died.reindex(pd.MultiIndex.from_frame(table[["authority", "child_id"]])).to_numpy(
            float, na_value=np.inf
        )
        return table.assign(seen_to=np.minimum(until, years * DAYS))

    home = seen(care[care["went_home"] == 1])
    # A placement with parents is the way home itself: only one away from them ends it.
    away = (care["reason_started"] == "changed_service") & (care["placement"] != "placed_with_parents")
    again = care[(care["reason_started"] == "started") | away]
    for span, days in (("12 months", DAYS), ("5 years", 5 * DAYS)):
        rows.append((f"return to care within {span} of going home", "looked_after", *back_within(home, again, days)))
    for name, way in seen(settings[settings["to"] != ""]).groupby("setting", sort=False):
        if name in set(settings.loc[settings["returned_to_school"] == 1, "setting"]):
            rows.append(("return to school, of those who left it", str(name), *back(way)))
    for name, ways in stays[stays["reason_ended"].isin(("stepped_down", "ended", "moved_on"))].groupby("service"):
        if (ways["reason_ended"] == "stepped_down").any():
            down = int((ways["reason_ended"] == "stepped_down").sum())
            rows.append(("stepped down, of stays ended", str(name), down, len(ways)))
    table = pd.DataFrame(rows, columns=["measure", "service", "count", "total"])
    low, high = wilson_interval(table["count"], table["total"])
    data = {row.indicator: row.value for row in tables.rows["indicators"] if row.authority == "england"}
    return table.assign(
        share=table["count"] / table["total"].clip(lower=1),
        low_95=low,
        high_95=high,
        data_england=[data.get(PUBLISHED.get(measure, ""), np.nan) for measure in table["measure"]],
    )


def back(ways: pd.DataFrame) -> tuple[int, int]:
    """Count, of the stays in a setting that ended, those that ended by return to school."""
    return int(ways["returned_to_school"].sum()), len(ways)


def durations(found: Found) -> pd.DataFrame:
    """Tabulate how long what ended had lasted, by published band: cases, and stays in each service.

    Returns
    -------
    spell, length, ended, share, mean_days
    """
    spells = {"case of social care": found["child_in_need"]} | {
        str(name): stays for name, stays in found["services"].groupby("service", sort=False) if name != "assessment"
    }
    parts = []
    for name, table in spells.items():
        ended = table[~table["reason_ended"].isin(("", "died", "turned_18"))]
        counts = ended.groupby("length").size().reindex(LENGTHS, fill_value=0)
        parts.append(
            pd.DataFrame(
                {
                    "spell": name,
                    "length": LENGTHS,
                    "ended": counts.to_numpy(),
                    "share": counts.to_numpy() / max(1, len(ended)),
                    "mean_days": ended["days"].groupby(ended["length"]).mean().reindex(LENGTHS).to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def screen(table: pd.DataFrame, settings: str) -> str:
    """Write what comes back, each measure by service, in per cent with Wilson's interval."""
    lines = wrapped(f"What comes back, and what steps down, in a cohort's episodes: {settings}.")
    rows = [("", ["", "count", "of", "%", "95%", "interval", "England"])]
    for row in table.to_dict("records"):
        shares = (text(100 * row[name], 1) for name in ("share", "low_95", "high_95", "data_england"))
        name = row["service"][:LONGEST].replace("_", " ")
        section = f"{row['measure'][0].upper()}{row['measure'][1:]}"
        rows.append((section, [f" {name}", f"{row['count']:,}", f"{row['total']:,}", *shares]))
    lines += ["", *sectioned(rows), "", *wrapped(READ), *wrapped(NOT_FOR_INDIVIDUALS)]
    return "\n".join(lines) + "\n"
