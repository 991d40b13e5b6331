"""Random draws: published vectors, keys that never meet, even and unrelated uniforms (V01 to V04, E03).

Random tests fix their keys, so they always give the same answer; the false-alarm rate that they state is
that of the choice of key.
"""

from enum import IntEnum
from itertools import combinations

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

import simulation.draws as draws
from simulation.draws import HALF, STEP, WORD, Decision, check_ranges, philox, seed_key, uniforms
from simulation.errors import InputError

VECTORS = [
    ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((WORD,) * 4, (WORD,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
"""Counter, key and result of the generator's published reference."""
SIZE = 65_536
BINS = 256
ALARM = 1e-6
AXES = ("seed", "child", "year", "move", "decision")
IDS = st.integers(0, 2**48 - 1)
WORDS = st.integers(0, HALF)
SEEDS = st.integers(0, 2**63 - 1)
DECISIONS = st.integers(0, WORD)
COUNTERS = st.tuples(SEEDS, WORDS, IDS, WORDS, WORDS, DECISIONS)


def along(axis: str) -> NDArray[np.float64]:
    """Draw (4, SIZE) uniforms along one axis of the key, every other part fixed."""
    steps = np.arange(SIZE, dtype=np.int64)
    part = {"seed": 20_240_401, "child": (3 << 32) + 11, "year": 7, "move": 2, "decision": 4, axis: steps}
    key = (part["seed"], 0, 0)
    return np.stack(uniforms(key, part["child"], part["year"], part["move"], part["decision"]))


# V01


@pytest.mark.parametrize(("counter", "key", "expected"), VECTORS)
def test_v01_the_generator_gives_its_published_vectors(
    counter: tuple[int, ...], key: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    assert philox(*key, *counter) == expected
    assert numba.njit(philox)(*key, *counter) == expected
    arrays = philox(*key, *(np.array([word, word], np.int64) for word in counter))
    assert [word.tolist() for word in arrays] == [[word] * 2 for word in expected]


# V02


@pytest.fixture
def counter_of(monkeypatch: pytest.MonkeyPatch) -> object:
    """Show the words that a key is packed into, instead of scrambling them."""
    monkeypatch.setattr(draws, "philox", lambda *words: tuple(word / STEP for word in words[2:]))
    return uniforms


@pytest.mark.parametrize("replicate", [0, 1, HALF])
@pytest.mark.parametrize("child", [0, 1, WORD, 1 << 32, 2**48 - 1, 0x1234_89AB_CDEF])
@pytest.mark.parametrize(("year", "move"), [(0, 0), (1, 0), (0, 1), (HALF, 0), (0, HALF), (HALF, HALF), (17, 3)])
def test_v02_a_key_can_be_read_back_from_its_counter(
    counter_of: object, replicate: int, child: int, year: int, move: int
) -> None:
    """V02: the packing has an inverse over the supported ranges, so no two keys share a counter."""
    key = seed_key(2**63 - 1, replicate)
    first, second, third, fourth = (int(word) for word in uniforms(key, child, year, move, Decision.DEATH))
    assert all(0 <= word <= WORD for word in (first, second, third, fourth))
    assert first | (second & HALF) << 32 == child
    assert second >> 16 == replicate
    assert (third & HALF, third >> 16) == (year, move)
    assert fourth == Decision.DEATH


@given(COUNTERS, COUNTERS)
def test_v02_distinct_keys_give_distinct_draws(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    """V02: the generator is a bijection of the counter, so with one seed distinct keys draw distinctly."""
    seed, replicate, *rest = one
    if one[1:] != other[1:]:
        drawn = uniforms(seed_key(seed, replicate), *rest)
        assert drawn != uniforms(seed_key(seed, other[1]), *other[2:])


@given(SEEDS)
def test_v02_a_seed_can_be_read_back_from_its_key(seed: int) -> None:
    low, high, replicate = seed_key(seed)
    assert low | high << 32 == seed
    assert (0 <= low <= WORD, 0 <= high <= WORD, replicate) == (True, True, 0)


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64])
def test_v02_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(InputError, match=rf"--seed: {seed} is outside 0 to {2**63 - 1}; choose"):
        seed_key(seed)


@pytest.mark.parametrize("replicate", [-1, HALF + 1])
def test_v02_a_replicate_out_of_range_is_refused(replicate: int) -> None:
    with pytest.raises(InputError, match=rf"replicate: {replicate} is outside 0 to {HALF}; ask for fewer"):
        seed_key(1, replicate)


@pytest.mark.parametrize("ids", [[-1, 5], [0, 2**48], [-1]])
def test_v02_a_child_out_of_range_is_refused(ids: list[int]) -> None:
    with pytest.raises(InputError, match=rf"child id: .* is outside 0 to {2**48 - 1}; run fewer children"):
        check_ranges(np.array(ids, np.int64), 1)


@pytest.mark.parametrize("years", [-1, HALF + 1])
def test_v02_a_run_too_long_is_refused(years: int) -> None:
    with pytest.raises(InputError, match=f"years: {years} is outside 0 to {HALF}; run fewer years"):
        check_ranges(np.array([0], np.int64), years)


@pytest.mark.parametrize("ids", [[], [0], [0, 2**48 - 1]])
@pytest.mark.parametrize("years", [0, HALF])
def test_v02_the_ends_of_the_ranges_are_accepted(ids: list[int], years: int) -> None:
    check_ranges(np.array(ids, np.int64), years)
    assert seed_key(0, 0) == (0, 0, 0)
    assert seed_key(2**63 - 1, HALF) == (WORD, WORD >> 1, HALF)


# V03


@pytest.mark.parametrize("axis", AXES)
def test_v03_uniforms_are_multiples_of_their_step_below_one(axis: str) -> None:
    drawn = along(axis)
    assert drawn.min() >= 0.0
    assert drawn.max() < 1.0
    words = drawn * 2.0**32
    assert np.array_equal(words, np.floor(words))


def test_v03_the_largest_word_stays_below_one() -> None:
    assert STEP == 2.0**-32
    assert WORD * STEP == 1.0 - 2.0**-32


@pytest.mark.parametrize("axis", AXES)
def test_v03_uniforms_are_even_along_each_axis(axis: str) -> None:
    """V03: chi-square over 256 bins of 65,536 draws, false-alarm rate 1e-6 over the four words.

    Smallest error caught with 99% power: a fifth of the bins 12% too full.
    """
    for drawn in along(axis):
        counts = np.bincount((drawn * BINS).astype(int), minlength=BINS)
        assert stats.chisquare(counts).pvalue > ALARM / 4


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("lag", [1, 2])
def test_v03_neighbours_on_each_axis_are_unrelated(axis: str, lag: int) -> None:
    """V03: serial test, pairs in 16 x 16 cells without overlap, false-alarm rate 1e-6 over the four words.

    Smallest error caught with 99% power: a serial correlation of 0.09.
    """
    for drawn in along(axis):
        cells = (drawn * 16).astype(int).reshape(-1, 2 * lag)
        pairs = 16 * cells[:, :lag].ravel() + cells[:, lag:].ravel()
        assert stats.chisquare(np.bincount(pairs, minlength=BINS)).pvalue > ALARM / 4


@pytest.mark.parametrize("axis", AXES)
def test_v03_the_four_uniforms_of_a_block_are_unrelated(axis: str) -> None:
    """V03: each pair of the four words in 16 x 16 cells, false-alarm rate 1e-6 over the six pairs.

    Smallest error caught with 99% power: a correlation of 0.06.
    """
    for one, other in combinations((along(axis) * 16).astype(int), 2):
        assert stats.chisquare(np.bincount(16 * one + other, minlength=BINS)).pvalue > ALARM / 6


# V04


def test_v04_decisions_keep_their_numbers() -> None:
    """V04: a number that moved would change every draw of its decision."""
    names = [
        "FRAILTY",
        "BIRTH",
        "START",
        "ADVERSITY",
        "ADULT_ADVERSITY",
        "NEED",
        "SUPPORT",
        "EDUCATION_MOVE",
        "SUPPORT_MOVE",
        "SPELL",
        "REFERRAL",
        "PLACEMENT",
        "CONSEQUENCE",
        "SPECIALIST",
        "EVENT",
        "HEALING",
        "CONDITION",
        "DEATH",
    ]
    assert {name: Decision[name].value for name in names} == dict(zip(names, range(18), strict=True))
    assert len(set(Decision)) == len(Decision.__members__), "two decisions would share their draws"


def test_v04_adding_removing_or_reordering_decisions_leaves_the_draws() -> None:
    """V04: a draw depends on its own key alone, not on what was drawn before it."""
    more = IntEnum("more", {**Decision.__members__, "NEW": max(Decision) + 1})
    key = seed_key(1, 2)
    drawn = {x.name: uniforms(key, 9, 3, 1, x) for x in Decision}
    assert {x.name: uniforms(key, 9, 3, 1, x) for x in reversed(Decision)} == drawn
    assert {x.name: uniforms(key, 9, 3, 1, x) for x in more if x.name != "NEW"} == drawn
    fewer = [x for x in Decision if x is not Decision.NEED]
    assert {x.name: uniforms(key, 9, 3, 1, x) for x in fewer}.items() < drawn.items()
    assert uniforms(key, 9, 3, 1, more["NEW"]) not in drawn.values()


# E03


@given(COUNTERS)
def test_e03_plain_compiled_and_whole_array_draws_are_the_same(drawn: tuple[int, ...]) -> None:
    seed, replicate, child, year, move, decision = drawn
    key = seed_key(seed, replicate)
    plain = uniforms(key, child, year, move, decision)
    assert compiled_uniforms(key, child, year, move, decision) == plain
    arrays = uniforms(key, np.array([child], np.int64), year, move, decision)
    assert tuple(part[0] for part in arrays) == plain


@numba.njit
def compiled_uniforms(
    key: tuple[int, int, int], child: int, year: int, move: int, decision: int
) -> tuple[float, float, float, float]:
    """Call the draws from compiled code, as the engine does."""
    return uniforms(key, child, year, move, decision)
