"""The analyst's commands: what they write and print, and how they refuse bad input."""

import csv
import json

import pytest

pytest_plugins = ("command_line_fixtures",)
FEW = ("--children", "60")
TABLES = {"children", "referrals", "child_in_need", "protection_plans", "looked_after", "school_settings", "services"}
TABLES |= {"recorded_events", "waiting_lists", "holding", "flows", "churn", "durations"}


def test_episodes_writes_every_table_and_prints_churn(wellheld, here):
    answer = wellheld("episodes", "sandwell", *FEW, "--out", "some", "--json")
    assert answer.code == 0
    assert answer.err == "Tables in some\n"
    assert {row["measure"] for row in json.loads(answer.out)} >= {"re-referral within 12 months"}
    found = {path.name for path in (here / "some").iterdir()}
    assert found == {f"{name}.{kind}" for name in TABLES for kind in ("csv", "parquet")} | {"manifest.json"}
    manifest = json.loads((here / "some" / "manifest.json").read_text())
    assert manifest["settings"] == {"seed": 1, "children": 60, "scenario": "today", "years": 18}
    assert "any real child" in manifest["not_for"]
    with (here / "some" / "services.csv").open() as file:
        assert {row["open_at_end"] for row in csv.DictReader(file)} == {"0"}


def test_episodes_of_fewer_years_leave_what_is_open_open(wellheld, here):
    answer = wellheld("episodes", "Walsall", *FEW, "--years", "6", "--out", "some")
    assert answer.code == 0
    with (here / "some" / "school_settings.csv").open() as file:
        rows = list(csv.DictReader(file))
    still = [row for row in rows if row["open_at_end"] == "1"]
    assert len(still) > 50
    assert {(row["end_day"], row["reason_ended"]) for row in still} == {("2190", "")}


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("episodes", "sandwel"), ["unknown place 'sandwel'", "Did you mean 'sandwell'?"]),
        (("episodes", "sandwell", "--years", "0"), ["--years 0 is outside 1 to 18"]),
        (("episodes", "sandwell", "--years", "19"), ["--years 19 is outside 1 to 18"]),
        (("episodes", "sandwell", "--children", "0"), ["--children 0 is outside 1"]),
        (("episodes", "sandwell", "--seed", "-1"), ["--seed -1 is outside 0"]),
        (("episodes", "sandwell", "--scenario", "nothing"), ["no scenario 'nothing'"]),
        (("effectiveness", "nowhere"), ["unknown place 'nowhere'"]),
        (("capture", "no such thing"), ["no assumption or number begins with 'no such thing'"]),
        (("capture", "--place", "dudley"), ["--place dudley", "give sandwell or region"]),
        (("capture", "--out", "x.txt"), ["--out x.txt: does not end in .csv"]),
        (("timeline",), ["0 of CHILD_ID, --family and --neighbourhood are given; give one"]),
        (("timeline", "3", "--family", "3"), ["2 of CHILD_ID, --family and --neighbourhood are given; give one"]),
        (("timeline", "--family", "60", *FEW), ["--family 60 is outside 0 to 59"]),
        (("timeline", "--neighbourhood", "-1", *FEW), ["--neighbourhood -1 is outside 0 to"]),
    ],
)
def test_bad_input_is_one_line(refused, words, parts):
    message = refused(*words)
    for part in parts:
        assert part in message


@pytest.mark.parametrize("words", [("episodes", "sandwell"), ("effectiveness", "sandwell"), ("timeline", "3")])
def test_a_folder_that_is_there_is_never_written_into(refused, here, words):
    (here / "mine").mkdir()
    (here / "mine" / "kept.txt").write_text("kept")
    assert "--out mine: the folder exists already" in refused(*words, *FEW, "--out", "mine")
    assert "--force replaces only results" in refused(*words, *FEW, "--out", "mine", "--force")


def test_effectiveness_compares_services_and_authorities(wellheld, here):
    answer = wellheld("effectiveness", "sandwell", *FEW, "--json")
    rows = json.loads(answer.out)
    assert {"service", "total", "count", "share", "expected", "low_95", "high_95", "low_99.8"} <= rows[0].keys()
    assert {row["measure"] for row in rows} == {"held", "need_again", "not_held_again", "in_care"}
    answer = wellheld("effectiveness", "region", "--children", "20", "--out", "some")
    assert answer.code == 0
    assert "walsall" in answer.out
    assert {path.stem for path in (here / "some").glob("*.csv")} == {"services", "strata", "authorities"}


def test_capture_prints_and_writes_the_specification(wellheld, here):
    answer = wellheld("capture", "--out", "spec.csv")
    assert answer.code == 0
    assert "effect_of_tip" in answer.out
    with (here / "spec.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {"fields", "unit_of_record", "formula", "records_needed", "years"} <= rows[0].keys()
    assert json.loads(wellheld("capture", "tip_effect", "--json").out)[0]["number"] == "tip_effect"


def test_a_family_is_written_as_table_and_picture(wellheld, here):
    answer = wellheld("timeline", "--family", "0", *FEW, "--out", "some")
    assert answer.code == 0
    assert answer.out.startswith("Family 0 of Sandwell")
    assert {path.name for path in (here / "some").iterdir()} == {"timeline.csv", "timeline.png", "manifest.json"}


def test_a_child_is_told_as_before_and_written_where_asked(wellheld, here):
    plain = wellheld("timeline", "7", *FEW)
    written = wellheld("timeline", "7", *FEW, "--out", "some")
    assert plain.out == written.out
    assert plain.out.startswith("Simulated child 7 of sandwell")
    assert (here / "some" / "timeline.png").read_bytes()[:4] == b"\x89PNG"
