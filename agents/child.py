"""Say what a child is: one fixed-width record."""

from typing import Any

import numpy as np

CHILD = np.dtype(
    [
        ("id", "i8"),  # authority's number among all in the high 32 bits, own number in the low
        ("cost", "i8"),  # public service cost to 18, undiscounted [hundredths of a penny]
        ("adult_cost", "i8"),  # of adult services and conditions, undiscounted [hundredths of a penny]
        ("reached", "i8"),  # age at which each of the first interventions last reached the child (intervention.py)
        ("reached_more", "i8"),  # the same of the others
        ("frailty", "u4"),  # family frailty, mean 1 [millionths]
        ("resilience", "u4"),  # 0 to 1 [millionths]
        ("exposure", "u4"),  # adversity as health sees it, fixed from 18 [millionths of an ACE]
        ("family", "u4"),
        ("since", "i4"),  # day on which the support spell began [days from the run's first day]
        ("open_since", "i4"),  # day on which social care opened the case, or NEVER
        ("referred", "i4"),  # day of the last referral or closure, or NEVER
        ("waiting_since", "i4"),  # day on which it joined the waiting list
        ("died", "i4"),  # day of death, or NEVER while alive
        ("types", "u4"),  # bits: types of adversity ever experienced
        ("recent", "u4"),  # bits: types experienced this year
        ("ever", "u4"),  # bits of names.Ever; above them, from EVER_OUTCOME, 4 x tier + outcome
        ("parent_years", "u4"),  # bits by age: years in which a parent met an adversity of its own
        ("yld", "u4"),  # years lived with disability [millionths of a year]
        ("yll", "u4"),  # years of life lost [millionths of a year]
        ("birth_year", "i2"),  # years from the run's first year
        ("neighbourhood", "u2"),
        ("conditions", "u2"),  # bits
        ("specialists", "u2"),  # bits, by the service's own bit
        ("cats", "u2"),
        ("aats", "u2"),
        ("unresolved", "u2"),
        ("healed", "u2"),
        ("severity", "u2"),  # severity of the unresolved events [hundredths of an event]
        ("escalations", "u1"),
        ("placements", "u1"),  # placements this year
        ("plans", "u1"),  # child protection plans ever
        ("years_unmet", "u1"),
        ("aces", "u1"),  # ACE count of the nine surveyed types
        ("unit", "u2"),  # unit of the education setting, or NO_UNIT
        ("sex", "u1"),
        ("authority", "u1"),  # number within the run
        ("decile", "u1"),  # 0 most deprived to 9
        ("ethnic_group", "u1"),
        ("education", "u1"),  # service number, or NONE
        ("support", "u1"),  # service number, or NONE; the placement of a looked-after child
        ("outcome", "u1"),  # names.Outcome of the last year passed
        ("moved", "u1"),  # 1 after a year with a move of school or placement
        ("adult_services", "u2"),  # bits, by row of adult_services.csv: those of this year
        ("parent_class", "u1"),  # class of a parent's ACEs: 0, 1, 2-3, 4 or more; set where families are on
        ("waiting", "u1"),  # service on whose waiting list the child is, or NONE
        ("need_load", "u2"),  # severity of the unresolved events as need sees it [hundredths of an event]
        ("healing", "i2"),  # what their types add to the log-odds of healing, summed [hundredths]
        ("neglected", "u1"),  # years in which a lasting type of adversity went on
        ("neglect", "u1"),  # 1 while it goes on
        ("out_of_area", "u1"),  # 1 in a placement outside the authority
        ("standing", "u1"),  # bits of names.Standing
        ("agencies", "u1"),  # bits, by agency: those in touch with the person this year
        ("plan_ended", "i4"),  # day on which the last child protection plan ended, or NEVER
        ("went_home", "i4"),  # day on which a child last left care for home, or NEVER
    ]
)
"""A child's state: at most 160 bytes, so that a region of a million children is 160 MB."""
RECORD = np.dtype((np.void, CHILD.itemsize))
"""A record as bytes: copied at once, where a copy by fields takes ten times as long."""
MILLION = 1_000_000
"""Millionths: fractions are kept as whole numbers, so that every engine rounds alike."""
HUNDREDTHS = 10_000
"""Hundredths of a penny in a pound: the unit of money in records and ledgers."""
NEVER = -100_000
"""Day of something that never happened."""


def joined(*parts: Any) -> Any:
    """Copy the records of children, one part after another."""
    return np.concatenate([part.view(RECORD) for part in parts]).view(CHILD)
