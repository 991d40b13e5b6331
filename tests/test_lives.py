"""A family's and a neighbourhood's lives: exactly their children, each event with what services did about it."""

from typing import Any

import numpy as np
import pytest

from experiments import lanes
from experiments.journal import Question, ask, tell
from experiments.lives import Lives, events, lives, told_lines, who
from experiments.timeline import words
from simulation.draws import seed_key
from simulation.errors import InputError
from simulation.inputs import Tables
from simulation.population import cohort, neighbourhoods
from simulation.scenario import Scenario, Switches

SIZE = 400
SANDWELL = 3
"""Authorities before Sandwell in the tables."""
PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def asked(tables: Tables) -> Question:
    return ask(tables, ["sandwell"], 1, "today", SIZE)


@pytest.fixture(scope="module")
def twins(asked: Question) -> int:
    """Find a family of two in the cohort."""
    families, counts = np.unique(asked.cohort["family"], return_counts=True)
    return int(families[counts > 1][0])


@pytest.fixture(scope="module")
def family(tables: Tables, twins: int) -> Lives:
    return lives(tables, "sandwell", "family", twins, 1, "today", SIZE)


def test_a_family_is_exactly_its_siblings(asked: Question, family: Lives, twins: int) -> None:
    """Every child of the family's number and nobody else, in the table as in the words."""
    siblings = np.flatnonzero(asked.cohort["family"] == twins)
    assert len(siblings) > 1
    assert family.events["child_id"].unique().tolist() == siblings.tolist()
    assert set(family.events["family"]) == {twins}
    said = [line for line in told_lines(family) if line.startswith("Child ")]
    assert [int(line.split()[1].rstrip(",")) for line in said] == siblings.tolist()
    assert "Not real children" in told_lines(family)[0]


def test_siblings_share_their_home_where_families_are_on(tables: Tables, twins: int) -> None:
    """Children are drawn as the scenario's switches say: with families on, siblings live in one neighbourhood."""
    together = Scenario(name="together", switches=Switches(families=True))
    asked = ask(tables, ["sandwell"], 1, together, SIZE)
    siblings = asked.cohort[who(asked, "sandwell", "family", twins)]
    assert len(siblings) > 1
    assert len(set(siblings["neighbourhood"])) == 1
    drawn = cohort(tables, tables.values(), ["sandwell"], SIZE, seed_key(1), together.switches)
    assert (asked.cohort == drawn).all()


def test_a_siblings_events_are_those_of_its_own_timeline(family: Lives, twins: int) -> None:
    """The same lines in the same order as the child's own life in words, needs parted into event and response."""
    own = family.events[family.events["child_id"] == twins]
    told = [f"age {row.age:>3}, day {row.day:>3}  " for row in lanes.each(own)]
    for at, row in enumerate(lanes.each(own)):
        told[at] += f"{row.event}. {row.response}" if row.entry == "outcome" else row.event
    assert told == words(twins, seed=1, children=SIZE)[2:-1]


def test_a_neighbourhood_is_exactly_its_children(tables: Tables, asked: Question) -> None:
    """Its children by place within the authority; every neighbourhood is of some number, and all add up to all."""
    count = int(neighbourhoods(tables, "sandwell").sum())
    first = asked.cohort["neighbourhood"].astype(int) - sum(
        int(neighbourhoods(tables, row.authority).sum()) for row in tables.rows["authorities"][:SANDWELL]
    )
    found = [who(asked, "sandwell", "neighbourhood", number) for number in np.unique(first).tolist()]
    empty = sorted(set(range(count)) - set(first.tolist()))
    with pytest.raises(InputError, match=f"--neighbourhood {empty[0]}: no child of this cohort lives there"):
        who(asked, "sandwell", "neighbourhood", empty[0])
    assert sorted(np.concatenate(found)) == list(range(SIZE))
    for here in found:
        assert len(set(asked.cohort["neighbourhood"][here])) == 1


@pytest.mark.parametrize(
    ("group", "number", "words_of"),
    [
        ("family", -1, "--family -1 is outside 0 to 399"),
        ("family", SIZE, "--family 400 is outside 0 to 399"),
        ("neighbourhood", 10**9, "--neighbourhood 1000000000 is outside 0 to"),
        ("child", SIZE, "CHILD_ID 400 is outside 0 to 399"),
    ],
)
def test_who_is_not_there_is_refused(asked: Question, group: str, number: int, words_of: str) -> None:
    """B: out of range: one line with the range."""
    with pytest.raises(InputError, match=words_of):
        who(asked, "sandwell", group, number)


def test_a_child_that_begins_no_family_is_refused_with_its_own(asked: Question, twins: int) -> None:
    """B: the second twin's number is no family's; the error names the family."""
    second = int(np.flatnonzero(asked.cohort["family"] == twins)[-1])
    with pytest.raises(InputError, match=f"--family {second}: child {second} belongs to family {twins}; give that"):
        who(asked, "sandwell", "family", second)


@pytest.fixture(scope="module")
def many(tables: Tables, asked: Question) -> Any:
    """Tell the childhoods of a few dozen children."""
    told = tell(asked, chosen=np.arange(60))
    return events(tables, told)


def test_each_event_has_the_years_response(many: Any) -> None:
    """Of an adversity: what the services that met the child's need that year did, the worst in `answer`, or no need."""
    need = many[many["entry"] == "outcome"]
    said = need.groupby(["child_id", "age"])["response"].agg("; ".join)
    met = many[many["entry"] == "childhood_adversity"]
    assert (met["answer"] != "no_need").sum() > 20
    for row in lanes.each(met):
        if (row.child_id, row.age) in said.index:
            assert row.response == said[row.child_id, row.age]
            assert row.answer != "no_need"
        else:
            assert (row.response, row.answer) == ("no need shows: no service is called upon", "no_need")


def test_each_referral_is_answered(many: Any) -> None:
    """Found in need and what begins, or not found in need."""
    answers = many.loc[many["entry"] == "referral", "response"]
    refused = (many["entry"] == "not_in_need").sum()
    assert (answers == "assessed: not found in need").sum() == refused > 0
    assert answers.str.startswith("assessed: in need").sum() == len(answers) - refused > 0
    assert answers.str.contains(", Child in need").any()


@pytest.mark.slow
def test_the_picture_has_a_lane_for_each_child(family: Lives, many: Any) -> None:
    """Lanes are named by child; the same lives give the same bytes."""
    from experiments.figures import png

    drawn = lanes.figure(family)
    names = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert names == [f"child {child}" for child in family.events["child_id"].unique()]
    assert png(drawn)[:4] == PNG
    assert png(drawn) == png(lanes.figure(family))
