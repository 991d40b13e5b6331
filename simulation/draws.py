"""Draw every random number from its key alone: (seed, child, year, decision). No stream is shared.

The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, SC11). The same lines run as plain
Python, compiled, and on whole arrays. A decision is named once, in `Decision`; four of them
share one block of the generator. A new decision takes a free number and changes no other draw.
"""

from enum import IntEnum
from typing import Any

import numpy as np

from agents.rules import rule
from simulation.errors import InputError

WORD = 0xFFFFFFFF
HALF = 0xFFFF
STEP = 1.0 / 4294967296.0
"""Uniforms are whole multiples of 2**-32, from 0 up to but not including 1."""


class Decision(IntEnum):
    """Blocks of named decisions: each value is a block of four uniforms, named in its comment."""

    FRAILTY = 0  # frailty (by family), parental ACEs (by family), -, -
    BIRTH = 1  # sex, decile, neighbourhood, ethnic group
    START = 2  # resilience, twin birth, -, -
    ADVERSITY = 3  # event of type 4 x move, +1, +2, +3
    ADULT_ADVERSITY = 4  # event of type 4 x move, +1, +2, +3
    NEED = 5  # need shows, education holds, support holds, direct referral
    SUPPORT = 6  # move = supporting service: reached in education, reached in support, -, -
    EDUCATION_MOVE = 7  # destination, acceptance, day, return
    SUPPORT_MOVE = 8  # destination, acceptance, day, day of direct referral
    SPELL = 9  # move = number of the move: time to exit, step-down, time to re-referral, harm of a move
    REFERRAL = 10  # move = number of the move: acceptance, destination, harm of a move, -
    PLACEMENT = 11  # move = number of the placement move: time to it, harm of it, -, -
    CONSEQUENCE = 12  # service-caused harm, instability of a move, day, leaving school (move 1: at 16)
    SPECIALIST = 13  # move = specialist service: exit, day of exit, day of entry, -
    EVENT = 14  # recorded event 4 x move, +1, +2, +3
    HEALING = 15  # unresolved events healed, -, -, -
    CONDITION = 16  # condition 4 x move, +1, +2, +3
    DEATH = 17  # death, day of death, -, -
    MOVES_OUT = 18  # a resident moves out at the year's end, -, -, -
    ARRIVAL = 19  # whose life an arrival has led so far, from which place, whose life there, -
    INTERVENTION = 20  # move = intervention (by child, family or area): reached, -, -, -
    UNIT = 21  # move = service: unit of it, -, -, -
    RETURN_TO_CARE = 22  # move = number of the move: time to it, placement, harm of a move, -
    ADULT_LIFE = 24  # level 3, early parenthood, NEET, employed (below 18: level 2)
    ADULT_SERVICE = 25  # used adult service 4 x move, +1, +2, +3
    PLACE = 26  # move = service: turn among those who ask, day of a place; move NONE: worker leaves, harm, day
    INSTABILITY = 27  # event of row 4 x move, +1, +2, +3; move OWN + row: harm of it, day, -, -; AREA + placement
    NEGLECT = 28  # neglect goes on from last year, -, -, -
    FAMILY = 29  # joins a family, which age of sibling, which sibling, - ; move 1: a parent's adversity (by family)


@rule
def philox(key_0: Any, key_1: Any, c0: Any, c1: Any, c2: Any, c3: Any) -> Any:
    """Scramble a counter of four 32-bit words under a key of two, by ten rounds.

    Returns
    -------
    four 32-bit words, as whole numbers (or arrays of them)
    """
    for _ in range(10):
        low = 0xD2511F53 * c0
        high = 0xCD9E8D57 * c2
        c0 = ((high >> 32) & WORD) ^ c1 ^ key_0
        c1 = high & WORD
        c2 = ((low >> 32) & WORD) ^ c3 ^ key_1
        c3 = low & WORD
        key_0 = (key_0 + 0x9E3779B9) & WORD
        key_1 = (key_1 + 0xBB67AE85) & WORD
    return c0, c1, c2, c3


@rule
def uniforms(key: Any, child_id: Any, year: Any, move: Any, decision: Any) -> Any:
    """Draw the four uniforms of one decision of one child in one year.

    Parameters
    ----------
    key : low and high word of the seed, and the replicate (0 to 65,535)
    child_id : below 2**48 [-]
    year : years from the run's first year, 0 to 65,535
    move : which of several alike within the year, 0 to 65,535
    """
    c0, c1, c2, c3 = philox(
        key[0],
        key[1],
        child_id & WORD,
        ((child_id >> 32) & HALF) | (key[2] << 16),
        year | (move << 16),
        decision,
    )
    return c0 * STEP, c1 * STEP, c2 * STEP, c3 * STEP


def seed_key(seed: int, replicate: int = 0) -> tuple[int, int, int]:
    """Split a seed into the key of the draws.

    Raises
    ------
    InputError
        If the seed is not within 0 to 2**63 - 1, or the replicate not within 0 to 65,535.
    """
    if not 0 <= seed < 2**63:
        raise InputError(f"--seed: {seed} is outside 0 to {2**63 - 1}; choose a whole number within it")
    if not 0 <= replicate <= HALF:
        raise InputError(f"replicate: {replicate} is outside 0 to {HALF}; ask for fewer chance replicates")
    return seed & WORD, seed >> 32, replicate


def check_ranges(ids: "np.ndarray[Any, np.dtype[np.int64]]", years: int) -> None:
    """Refuse children or years that would share a counter with others.

    Raises
    ------
    InputError
        If an id is outside 0 to 2**48 - 1 or the run longer than 65,535 years.
    """
    if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < 2**48:
        raise InputError(f"child id: {int(ids.max())} is outside 0 to {2**48 - 1}; run fewer children")
    if not 0 <= years <= HALF:
        raise InputError(f"years: {years} is outside 0 to {HALF}; run fewer years")
