"""Tables: every one that cannot be used is refused with one clear line (B)."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.build import build
from simulation.cells import LARGEST, read_table
from simulation.errors import InputError
from simulation.inputs import FOLDER, Number, Tables, check_table, load_tables
from simulation.network import EVERY_CHILD, check_network
from simulation.rows import KEYS
from simulation.scenario import Switches

Change = Callable[[bytes], bytes]
Refuse = Callable[[str, Change], str]
FIRST = b"frailty_shape,0.5,shape of the gamma,0.4,0.62,lognormal,project_calibration,calibrated,recalled,"


def put(old: bytes, new: bytes) -> Change:
    """Replace the first occurrence of a piece of a table."""
    return lambda content: content.replace(old, new, 1)


def first_row(old: bytes, new: bytes) -> Change:
    """Change a piece of the first row of the parameters."""
    assert old in FIRST
    return put(FIRST, FIRST.replace(old, new, 1))


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, Change], Path]:
    """Copy the shipped tables and change one of them."""

    def change_table(table: str, change: Change) -> Path:
        folder = shutil.copytree(FOLDER, tmp_path / "tables")
        path = folder / f"{table}.csv"
        before = path.read_bytes()
        path.write_bytes(change(before))
        assert path.read_bytes() != before, "the change found nothing to change"
        return folder

    return change_table


@pytest.fixture
def refuse(changed: Callable[[str, Change], Path]) -> Refuse:
    """Change a table and give the one line with which it is refused."""

    def refusal(table: str, change: Change) -> str:
        folder = changed(table, change)
        with pytest.raises(InputError) as caught:
            load_tables(folder)
        message = str(caught.value)
        assert message.startswith(f"{table}.csv: ")
        assert message.isprintable(), "one line, without characters that act on a terminal"
        return message.removeprefix(f"{table}.csv: ")

    return refusal


# Accepted


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"),
        lambda content: content.rstrip(b"\n"),
    ],
    ids=["line ends of Windows", "byte-order mark", "both", "no last line end"],
)
@pytest.mark.parametrize("table", ["parameters", "sources", "pathways"])
def test_what_spreadsheets_write_is_read_alike(
    changed: Callable[[str, Change], Path], tables: Tables, table: str, change: Change
) -> None:
    read = load_tables(changed(table, change))
    assert read.rows == tables.rows
    assert read.numbers == tables.numbers


# Refused: the file


SHAPES: list[tuple[Change, str]] = [
    (put(b"name,value", b"name,valu"), "row 1: unknown column 'valu'; remove it. Did you mean 'value'?"),
    (put(b"status,note", b"status,extra,note"), "row 1: unknown column 'extra'"),
    (put(b"name,value", b"value,value"), "row 1: column 'value' stands twice; keep one"),
    (lambda content: re.sub(rb"(?m)^([^,]*),[^,]*,", rb"\1,", content), "row 1: column 'value' is missing; add it"),
    (lambda content: content.replace(b",", b";"), "row 1: separated by semicolons; save it with commas"),
    (lambda content: b"", "row 1: column .* is missing; add it"),
    (lambda content: content + b"caf\xe9", "cannot be read .*; give a readable UTF-8 file"),
    (lambda content: content.decode().encode("utf-16"), "cannot be read .*; give a readable UTF-8 file"),
    (lambda content: b"x" * (LARGEST + 1), "larger than 20 MB; split or shorten it"),
    (first_row(b"0.5", b"0,5"), "row 2: 11 cells where the header has 10; .*write 1234.5"),
    (first_row(b"0.5", b"1,234.5"), "row 2: 11 cells where the header has 10; .*write 1234.5"),
    (first_row(b"0.5,", b""), "row 2: 9 cells where the header has 10; .*write 1234.5"),
]


@pytest.mark.parametrize(("change", "expected"), SHAPES)
def test_b_a_file_of_another_shape_is_refused(refuse: Refuse, change: Change, expected: str) -> None:
    assert re.match(expected, refuse("parameters", change))


def test_b_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"parameters\.csv: there is no such file; give the path of a table$"):
        read_table(tmp_path / "parameters.csv")


@pytest.mark.parametrize(
    ("name", "expected"), [("parameter", "Did you mean 'parameters'"), ("zzzz", "Tables: sources")]
)
def test_b_a_table_of_another_name_is_refused(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / f"{name}.csv").write_text("name\n")
    with pytest.raises(InputError, match=rf"{name}\.csv: not a table of this model\..*{expected}"):
        read_table(tmp_path / f"{name}.csv")


# Refused: a cell


CELLS: list[tuple[Change, str]] = [
    (first_row(b"0.5", b""), "row 2: column 'value' is empty; give a value"),
    (first_row(b"shape of the gamma", b""), "row 2: column 'unit' is empty; give a value"),
    (first_row(b",calibrated,", b",,"), "row 2: column 'grade' is empty; give a value"),
    (first_row(b"0.5", b"nan"), "row 2: column 'value': 'nan' is not allowed: .*finite number"),
    (first_row(b"0.5", b"inf"), "row 2: column 'value': 'inf' is not allowed: .*finite number"),
    (first_row(b"0.5", b'"0,5"'), "row 2: column 'value': '0,5' is not allowed: .*valid number"),
    (first_row(b"0.5", b'"1,234.5"'), "row 2: column 'value': '1,234.5' is not allowed: .*valid number"),
    (first_row(b"0.5", b"2un3.1"), "row 2: column 'value': '2un3.1' is not allowed: .*valid number"),
    (first_row(b"lognormal", b"lognormall"), "row 2: column 'distribution': .*one of fixed, .*mean 'lognormal'"),
    (first_row(b",calibrated", b",calibratd"), "row 2: column 'grade': .*one of published, .*mean 'calibrated'"),
    (first_row(b"recalled", b"recaled"), "row 2: column 'status': .*one of read, recalled.*mean 'recalled'"),
    (first_row(b"frailty_shape", b"Frailty shape"), "row 2: column 'name': 'Frailty shape' is not allowed: .*pattern"),
    (first_row(b"0.4,", b"0.55,"), "row 2: value 0.5 is outside low 0.55 to high 0.62; order them"),
    (first_row(b"0.4,0.62", b"0.62,0.4"), "row 2: value 0.5 is outside low 0.62 to high 0.4; order them"),
    (first_row(b"0.4,0.62", b"0.5,0.5"), "row 2: low and high are both 0.5; part them, or give distribution fixed"),
    (first_row(b"0.4,", b","), "row 2: a lognormal distribution needs low and high; give both"),
    (first_row(b"0.62,", b","), "row 2: a lognormal distribution needs low and high; give both"),
    (first_row(b"0.4,", b"-0.4,"), "row 2: low -0.4 must be above 0 for a lognormal; choose another"),
    (first_row(b"0.62,lognormal", b"1.62,beta"), "row 2: low 0.4 and high 1.62 must lie within 0 to 1 for a beta"),
]


@pytest.mark.parametrize(("change", "expected"), CELLS)
def test_b_a_cell_that_cannot_be_used_is_refused(refuse: Refuse, change: Change, expected: str) -> None:
    assert re.match(expected, refuse("parameters", change))


@pytest.mark.parametrize("share", ["-0.1", "1.1", "nan", "-inf", "half"])
def test_b_a_probability_out_of_range_is_refused(refuse: Refuse, share: str) -> None:
    message = refuse("life_table", put(b"male,0,0.004333", f"male,0,{share}".encode()))
    assert message.startswith(f"row 2: column 'probability_of_death': '{share}' is not allowed: input should be ")


@given(st.floats(allow_nan=True, allow_infinity=True).filter(lambda share: not 0 <= share <= 1))
def test_b_c03_no_share_outside_zero_and_one_is_ever_read(share: float) -> None:
    model, _ = KEYS["ethnic_groups"]
    row = {"authority": "x", "group": "white", "source": "s", "grade": "derived", "status": "read"}
    with pytest.raises(ValueError, match="share"):
        model.model_validate({**row, "share": str(share)})


# Refused: rows together


ROWS: list[tuple[str, Change, str]] = [
    ("parameters", lambda content: content + content.splitlines()[1], r"row \d+: frailty_shape stands twice; keep one"),
    ("deprivation", put(b"0.41077", b"0.40077"), "birmingham: shares sum to 0.99, not 1; correct the rows"),
    ("ethnic_groups", put(b"0.486", b"0.496"), "birmingham: shares sum to 1.01, not 1; correct the rows"),
    (
        "pathways",
        put(b"assessment,0.55", b"assessment,0.54"),
        "early_years, escalate, age 0: shares sum to 0.99, not 1",
    ),
    ("parameters", first_row(b"project_cal", b"project_kal"), "row 2: unknown source .*mean 'project_calibration'"),
    ("parameters", first_row(b"project_calibration", b"qqqq"), "row 2: unknown source 'qqqq'"),
    ("sources", lambda content: content + b"nobody,Nobody,,,read\n", r"row \d+: 'nobody' is used by no row; remove it"),
    (
        "pathways",
        put(b"assessment,0.55", b"asessment,0.55"),
        "row 2: unknown to 'asessment'; give one that has its row. Did you mean 'assessment'",
    ),
    (
        "pathways",
        put(b"assessment,0.55", b"post_16,0.55"),
        r"row 2: ages 0-2 are outside those of post_16 \(16-17\); na",
    ),
    (
        "supports",
        put(b"early_years,family_", b"early_years,familie_"),
        "row 2: unknown support .*mean 'family_support'",
    ),
    ("supports", put(b"early_years,family_", b"erly_years,family_"), "row 2: unknown service .*mean 'early_years'"),
    (
        "unit_costs",
        put(b"early_years,all", b"early_years,al"),
        "row 2: unknown authority 'al'; give one that has its row. Did you mean 'all'",
    ),
    (
        "incidence",
        put(b"harmful_alcohol_use,", b"harmful_alcohol,"),
        "harmful_alcohol male: age bands leave out an age",
    ),
]


HUB = (
    b"family_hub,Family hub,early_help,support,0,17,0.6,1.5,1.81,1.5,1.5,0.75,0.03,0,0,0,%d,"
    b"waiting_list,project_calibration,calibrated,recalled,\n"
)
NETWORK: list[tuple[str, Change, str]] = [
    (
        "services",
        lambda content: content + HUB % 12,
        r"row \d+: 'family_hub' is reached by nobody; lead a row of pathways\.csv or supports\.csv to it",
    ),
    (
        "pathways",
        put(b"foster_care,escalate,0,4,kinship_care,0.6", b"foster_care,escalate,0,4,kinship_care,1.0"),
        "foster_care, escalate, age 0: shares sum to 1.4, not 1",
    ),
    (
        "pathways",
        lambda content: re.sub(
            rb"foster_care,escalate,0,4,kinship_care,0\.6(.*)\nfoster_care,escalate,0,4,placed_with_parents,0\.4.*\n",
            rb"foster_care,escalate,0,4,kinship_care,1\1\n",
            content,
        ),
        r"row 139: at age 0 escalation goes round with probability 1 \(kinship_care to foster_care to kinship_care\); ",
    ),
    (
        "pathways",
        put(
            b"placed_with_parents,escalate,0,17,foster_care,1.0",
            b"placed_with_parents,escalate,0,17,placed_with_parents,1",
        ),
        r"row 160: at age 0 escalation goes round .*\(placed_with_parents to placed_with_parents\)",
    ),
]


@pytest.mark.parametrize(("table", "change", "expected"), NETWORK)
def test_b_services_that_are_no_network_are_refused(refuse: Refuse, table: str, change: Change, expected: str) -> None:
    assert re.match(expected, refuse(table, change))


def test_b_places_that_nobody_asks_for_are_refused(tables: Tables) -> None:
    """A service that is only brought in to help asks for no place: limited places would never be filled."""
    rows = {**tables.rows, "pathways": [row for row in tables.rows["pathways"] if row.to != "camhs"]}
    with pytest.raises(
        InputError, match=r"'camhs' has 4.89 places per 1,000 children and nobody asks for one; add a row"
    ):
        check_network(rows)
    unlimited = [
        row.model_copy(update={"places": EVERY_CHILD}) if row.service == "camhs" else row for row in rows["services"]
    ]
    check_network({**rows, "services": unlimited})


@pytest.mark.parametrize(("table", "change", "expected"), ROWS)
def test_b_rows_that_do_not_fit_together_are_refused(refuse: Refuse, table: str, change: Change, expected: str) -> None:
    assert re.match(expected, refuse(table, change))


def test_b_one_table_is_checked_beside_the_shipped_ones(changed: Callable[[str, Change], Path], tables: Tables) -> None:
    """What no cell shows is found too: a row that leads to a service of another table that is not there."""
    path = changed("supports", put(b"early_years,family_", b"early_years,familie_")) / "supports.csv"
    with pytest.raises(InputError, match=r"supports\.csv: row 2: unknown support .*mean 'family_support'"):
        check_table(path)
    assert len(check_table(FOLDER / "supports.csv")) == len(tables.rows["supports"])


def test_a_number_is_never_changed() -> None:
    number = Number("x", 1.0, "share", None, None, "fixed", "s", "derived", "read", "", "f.csv", 2)
    with pytest.raises(AttributeError):
        number.value = 2.0  # type: ignore[misc]


# Refused: harm that cannot be


HARMS: list[tuple[str, Change, str]] = [
    (
        "type_harm",
        put(b"verbal_abuse,1,", b"verbal_abuse,0,"),
        "row 2: column 'need_weight': '0' is not allowed: .*0.01",
    ),
    ("type_harm", put(b"verbal_abuse,1,", b"verbal_abuse,-1,"), "row 2: column 'need_weight': '-1' is not allowed"),
    ("type_harm", put(b"-0.1,0.25,0,", b"-0.1,2.5,0,"), "row 2: column 'risk_log_ratio': '2.5' is not allowed: .*2"),
    ("type_harm", put(b"verbal_abuse", b"verbal_abus"), "adversity 'verbal_abuse' has no row; add it"),
    (
        "type_harm",
        lambda content: content.rstrip() + b"\nx" + content.splitlines()[1],
        "row 19: no adversity 'xverbal_abuse' in adversities.csv; remove it",
    ),
    ("instability_events", put(b"0,4,0.14", b"0,4,5.1"), "row 2: column 'hazard': '5.1' is not allowed: .*5; correct"),
    ("instability_events", put(b"0,4,0.14", b"0,4,-0.1"), "row 2: column 'hazard': '-0.1' is not allowed"),
    ("instability_events", put(b"0,4,0.14", b"0,5,0.14"), "home_move: two age bands both hold age 5; part them"),
    (
        "instability_events",
        put(b"placement,0,17,0,", b"placement,0,17,0.1,"),
        "row 7: placement_move: arises in placements, so give ages 0 to 17 and a hazard of 0",
    ),
    (
        "instability_events",
        put(b",education,0,rsa", b",health,0,rsa"),
        "row 6: school_move: payer, cashable and arises are not those of its row above; make them the same",
    ),
    ("out_of_area", put(b"kinship_care,0.36", b"kinship_care,1.36"), "row 2: column 'share': '1.36' is not allowed"),
    ("out_of_area", put(b"kinship_care", b"camhs"), "row 2: 'camhs' is no looked-after service; remove it"),
]


@pytest.mark.parametrize(("table", "change", "expected"), HARMS)
def test_b_harm_that_cannot_be_is_refused(refuse: Refuse, table: str, change: Change, expected: str) -> None:
    assert re.match(expected, refuse(table, change))


def test_b_a_move_that_a_rule_is_about_needs_its_row(changed: Callable[[str, Change], Path]) -> None:
    """B: without its row of placement moves, the world is not built; the line says so."""
    tables = load_tables(changed("instability_events", put(b"placement_move", b"placement_moved")))
    with pytest.raises(InputError, match=r"^instability_events\.csv: placement_move has 0 rows .*; give one$"):
        build(tables, tables.values(), Switches(), (0, 0, 0))
