"""Name every code that a child's record or a ledger holds. Numbers are explicit: results depend on them."""

from enum import IntEnum

NONE = 255
"""Code of an absent service (no support, no longer in education)."""
NO_UNIT = 65_535
"""Code of a child that is in no unit of a service."""
MOST_UNITS = 256
"""Most units (schools, providers) of all services and places: one size, so that machine code fits every run."""
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


class Eligible(IntEnum):
    """Whom an intervention is offered to, by the child's own state at the start of the year."""

    ALL = 0
    HIGH_NEED = 1  # unresolved load of `band_medium` or above
    IN_SOCIAL_CARE = 2  # child in need or on a plan, not looked after
    ON_PLAN = 3
    LOOKED_AFTER = 4
    OUT_OF_SCHOOL = 5


class Unit(IntEnum):
    """Who is reached together by one draw of an intervention."""

    CHILD = 0
    FAMILY = 1
    AREA = 2


class Effect(IntEnum):
    """What an intervention moves: up to placement moves by a ratio, from healing on by log-odds."""

    ADVERSITY = 0
    DEPRIVATION_GRADIENT = 1
    ENTRY_TO_CARE = 2
    PLACEMENT_MOVES = 3
    HEALING = 4
    HOLDING_EDUCATION = 5
    HOLDING_SUPPORT = 6


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
    LEFT_CARE_AT_16_OR_17 = 9


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


class Standing(IntEnum):
    """Bits of `standing`: what a young person has reached and does; the first five are outcomes drawn by rows."""

    LEVEL_2 = 0
    LEVEL_3 = 1
    EARLY_PARENT = 2
    NEET = 3
    EMPLOYED = 4
    PERSISTENTLY_ABSENT = 5
    SUSPENDED = 6


OUTCOMES_OF_LIFE = 5
"""Bits of `standing` that rows of adult_outcomes.csv decide."""


class Reason(IntEnum):
    """Bits of why an adult comes to a service: above adult adversities (from 0) and conditions (from CONDITIONS)."""

    LEFT_CARE = 32
    NEET = 33
    NOT_EMPLOYED = 34
    EARLY_PARENT = 35


CONDITIONS = 16
"""First bit of a reason that is a condition."""


class Count(IntEnum):
    """Yearly counts of young and adult life in a ledger, by authority; money in hundredths of a penny."""

    AGED_16_TO_24 = 0
    NEET = 1
    LEVEL_2 = 2
    LEVEL_3 = 3
    EARLY_PARENTS = 4
    EMPLOYED = 5
    EARNINGS = 6
    TAX = 7
    BENEFITS = 8
    CARE_LEAVERS = 9
    CARE_LEAVERS_NEET = 10
    CARE_LEAVERS_HOMELESS = 11
    CARE_LEAVERS_IN_TOUCH = 12


class UnitCount(IntEnum):
    """Yearly counts of a unit; from HELD on, a child in need by `Outcome`."""

    CHILDREN = 0  # at 31 March
    IN_NEED = 1
    HELD = 2
    HELD_WITH_SUPPORT = 3
    ESCALATED = 4
    NO_SERVICE = 5
    UNRESOLVED = 6  # events of the children at 31 March
    COST = 7  # hundredths of a penny


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
    INSTABILITY = 20
    NEGLECT_BEGINS = 21
    NEGLECT_ENDS = 22
    STANDING_GAINED = 25
    STANDING_LOST = 26
    ADULT_SERVICE = 27
    JOINS_WAITING_LIST = 30
    LEAVES_WAITING_LIST = 31
