"""Tell the lives of a child, a family or a neighbourhood: each event beside what services did about it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agents.names import AGES, DAYS, Entry
from experiments.episodes import first_neighbourhood, outcome_words
from experiments.figures import png
from experiments.files import csv_bytes, manifest_of, written
from experiments.journal import Question, Told, ask, tell
from experiments.lanes import Lives, each, figure
from experiments.stays import line_table, moves_of, service_stays
from experiments.timeline import sentences
from simulation.draws import WORD
from simulation.errors import InputError
from simulation.inputs import Tables
from simulation.population import SEXES, neighbourhoods
from simulation.scenario import Scenario

ANSWERED = (Entry.CHILDHOOD_ADVERSITY, Entry.RECORDED_EVENT, Entry.OUTCOME)
"""What services answer in the year in which it happens, by holding the child or not."""
APART = (
    "Twins live apart in this run: what befalls home is drawn for each child. Switch families (in a scenario: "
    "[switches], families = true) lets siblings share it."
)
NO_NEED = "no need shows: no service is called upon"


def who(asked: Question, place: str, group: str, number: int) -> Any:
    """Find the children of a family or a neighbourhood, or one child.

    Parameters
    ----------
    group : 'child', 'family' (numbered by its first child) or 'neighbourhood' (from 0 within the place)

    Raises
    ------
    InputError
        If the cohort has nobody there.
    """
    children = asked.cohort
    if group == "child":
        column, highest = children["id"].astype(np.int64) & WORD, len(children) - 1
    elif group == "family":
        column, highest = children["family"].astype(np.int64), len(children) - 1
    else:
        column = children["neighbourhood"].astype(np.int64) - first_neighbourhood(asked.tables)[children["authority"]]
        highest = int(neighbourhoods(asked.tables, place).sum()) - 1
    option = "CHILD_ID" if group == "child" else f"--{group}"
    if not 0 <= number <= highest:
        raise InputError(f"{option} {number} is outside 0 to {highest}, those of {place} in this run; choose within it")
    found = np.flatnonzero(column == number)
    if not len(found):
        reason = (
            f"child {number} belongs to family {column[number]}; give that number"
            if group == "family"
            else "no child of this cohort lives there; choose another, or run more children"
        )
        raise InputError(f"{option} {number}: {reason}")
    return found


def lives(
    tables: Tables, place: str, group: str, number: int, seed: int, scenario: Scenario | str, children: int | None
) -> Lives:
    """Run a place's cohort under the central numbers and tell the lives of some of its children."""
    asked = ask(tables, [place], seed, scenario, children)
    told = tell(asked, AGES, who(asked, place, group, number))
    count = f": {len(told.begun)} simulated {'child' if len(told.begun) == 1 else 'children'}"
    title = (
        f"{group.capitalize()} {number} of {place.replace('_', ' ').capitalize()}{count if group != 'child' else ''}"
    )
    return Lives(title, events(asked.tables, told), service_stays(told, moves_of(line_table(told))), told)


def events(tables: Tables, told: Told) -> pd.DataFrame:
    """Tabulate every event in order, child after child, with the response of services.

    Returns
    -------
    child_id, sex, family, neighbourhood, age, day (of the year), event, response, answer (worst outcome of the year)
    """
    lines, people = line_table(told), told.children
    tell_of = sentences(tables)
    died = np.where(people["died"] < 0, AGES * DAYS, people["died"])[lines["child"]]
    answers = worst_answers(lines)
    words = [tell_of[Entry(x.entry)](x.detail, x.number) for x in each(lines)]
    responses = year_responses(lines, words)
    year = lines["day"] // DAYS
    asked_for = lines["entry"].isin(ANSWERED) & (lines["entry"] != Entry.OUTCOME)
    keys = list(zip(lines["child"], year, strict=True))
    told_back = [responses.get(key, NO_NEED) if of else "" for key, of in zip(keys, asked_for, strict=True)]
    for at in np.flatnonzero(lines["entry"] == Entry.REFERRAL):
        told_back[at] = after_referral(lines, words, int(at))
    for at in np.flatnonzero(lines["entry"] == Entry.OUTCOME):
        words[at], told_back[at] = words[at].split(". ", 1)
    # A year is planned before death is known: what it held is told at death at the latest.
    day = np.minimum(lines["day"], died)
    answered = lines["entry"].isin(ANSWERED)
    row = told.begun[lines["child"]]
    table = pd.DataFrame(
        {
            "child_id": row["id"] & WORD,
            "sex": np.array(SEXES, object)[row["sex"]],
            "family": row["family"].astype(np.int64),
            "neighbourhood": row["neighbourhood"] - first_neighbourhood(tables)[row["authority"]],
            "age": day // DAYS,
            "day": day % DAYS,
            "entry": [Entry(entry).name.lower() for entry in lines["entry"]],
            "event": words,
            "response": told_back,
            "answer": [answers.get(key, "no_need") if of else "" for key, of in zip(keys, answered, strict=True)],
        }
    )
    last = (lines["entry"] == Entry.DEATH).to_numpy()
    return table.iloc[np.lexsort((last, day, lines["child"]))].reset_index(drop=True)


def worst_answers(lines: pd.DataFrame) -> dict[tuple[int, int], str]:
    """Give the worst outcome of each child's year in need."""
    needs = lines[lines["entry"] == Entry.OUTCOME]
    worst = needs.groupby([needs["child"], needs["day"] // DAYS])["number"].max()
    return dict(zip(worst.index, outcome_words(worst), strict=True))


def year_responses(lines: pd.DataFrame, words: list[str]) -> dict[tuple[int, int], str]:
    """Give what each service in which a child was in need did in the year, in words."""
    said: dict[tuple[int, int], str] = {}
    for row, words_of in zip(each(lines), words, strict=True):
        if row.entry == Entry.OUTCOME:
            key, own = (row.child, row.day // DAYS), words_of.split(". ", 1)[1]
            said[key] = f"{said[key]}; {own}" if key in said else own
    return said


def after_referral(lines: pd.DataFrame, words: list[str], at: int) -> str:
    """Say what followed a referral: the lines of its day after it."""
    child, day, entry = (lines[name].to_numpy() for name in ("child", "day", "entry"))
    for after in range(at + 1, len(lines)):
        if (child[after], day[after]) != (child[at], day[at]):
            break
        if entry[after] == Entry.NOT_IN_NEED:
            return "assessed: not found in need"
        if entry[after] == Entry.JOINS_WAITING_LIST:
            return f"assessed: in need, waits for a place: {words[after].split(': ', 1)[1]}"
        if entry[after] == Entry.SPELL_BEGINS:
            return f"assessed: in need, {words[after].split(': ', 1)[1]}"
    return "assessed: in need"


def told_lines(told_of: Lives) -> list[str]:
    """Write lives in words, a line an event, under a line for each child."""
    said = [f"{told_of.title}. Not real children."]
    before = None
    for row in each(told_of.events):
        if row.child_id != before:
            before = row.child_id
            said.append(f"Child {row.child_id}, {row.sex}, family {row.family}, neighbourhood {row.neighbourhood}")
        said.append(f"  age {row.age:>3}, day {row.day:>3}  {row.event}{f' -> {row.response}' if row.response else ''}")
    return said


def write(told_of: Lives, out: Path, force: bool) -> Path:
    """Write the table of events and the picture into a folder."""
    files = {"timeline.csv": csv_bytes(told_of.events), "timeline.png": png(figure(told_of))}
    return written(files | {"manifest.json": manifest_of({"what": told_of.title}, files)}, out, force)
