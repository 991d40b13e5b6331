"""Name every code that a child's record or a ledger holds. Numbers are explicit: results depend on them."""

from enum import IntEnum

NONE = 255
"""Code of an absent service (no support, no longer in education)."""
ADULT = 18
"""Age at which children's services, and the yearly childhood phases, end [years]."""
AGES = 111
"""Ages of a life, 0 to 110; whoever is alive at 110 dies in that year."""
DAYS = 365
"""Length of a model year, everywhere [days]."""


class Tier(IntEnum):
    """Where a service stands."""

    UNIVERSAL = 0
    EARLY_HELP = 1
    SOCIAL_CARE = 2
    LOOKED_AFTER = 3
    SPECIALIST = 4
    OUT_OF_SYSTEM = 5


class Channel(IntEnum):
    """How a child is in a service: one education setting, one support, any set of specialists."""

    EDUCATION = 0
    SUPPORT = 1
    SPECIALIST = 2
    FRONT_DOOR = 3


class Outcome(IntEnum):
    """What became of a child in need this year, from best to worst; NO_NEED where none showed."""

    HELD = 0
    HELD_WITH_SUPPORT = 1
    ESCALATED = 2
    NO_SERVICE = 3
    NO_NEED = 4


class Move(IntEnum):
    """Direction of a pathway."""

    ESCALATE = 0
    STEP_DOWN = 1


class Ever(IntEnum):
    """Bits of `ever`: what has happened to a child at least once."""

    REFERRED = 0
    ASSESSED_IN_NEED = 1
    CHILD_PROTECTION_PLAN = 2
    LOOKED_AFTER = 3
    IN_NEED_BY_5 = 4
    YOUTH_JUSTICE = 5
    EXCLUDED = 6
    OUT_OF_SCHOOL = 7
    LEFT_CARE_AT_18 = 8


EVER_OUTCOME = 12
"""First bit of `ever` that holds an outcome: bit EVER_OUTCOME + 4 x tier + outcome, five tiers."""


class Flow(IntEnum):
    """Yearly counts of a ledger, by authority."""

    REFERRALS = 0
    REREFERRALS = 1
    ASSESSED_NOT_IN_NEED = 2
    IN_NEED_STARTED = 3
    IN_NEED_ENDED = 4
    PLANS_STARTED = 5
    REPEAT_PLANS = 6
    LOOKED_AFTER_STARTED = 7
    LOOKED_AFTER_CEASED = 8
    PLACEMENT_MOVES = 9
    THREE_OR_MORE_PLACEMENTS = 10
    PERMANENT_EXCLUSIONS = 11
    RETURNS_TO_SCHOOL = 12
    YOUTH_JUSTICE_ENTRANTS = 13
    UNMET_NEED = 14
    CHILDREN_AT_31_MARCH = 15
    REUNIFICATIONS = 16
    RETURNS_TO_CARE = 17
    REPEAT_PLANS_WITHIN_2_YEARS = 18
    STEPPED_DOWN = 19


BANDS = 3
"""Priority bands; 0 goes first."""
TURNS = 128
"""Turns within a band and a year of asking: the grain to which a place is given."""
RANKS = BANDS * 2 * TURNS
"""Ranks of those who ask for a place: by band, then who waits since an earlier year, then by lot."""


class Entry(IntEnum):
    """What a line of a child's timeline says."""

    CHILDHOOD_ADVERSITY = 0
    ADULT_ADVERSITY = 1
    SETTING = 2
    OUTCOME = 3
    REFERRAL = 4
    NOT_IN_NEED = 5
    SPELL_BEGINS = 6
    SPELL_ENDS = 7
    PLACEMENT_MOVE = 8
    HEALED = 9
    ONSET = 10
    REMISSION = 11
    DEATH = 12
    RECORDED_EVENT = 13
    SPECIALIST_BEGINS = 14
    SPECIALIST_ENDS = 15
    LEAVES_CARE = 16
    STEPS_DOWN = 18
    JOINS_WAITING_LIST = 30
    LEAVES_WAITING_LIST = 31
