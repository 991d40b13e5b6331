"""Results folders: the same bytes, whole or absent, safe to open, and never over another's."""

import csv
import hashlib
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import report, rounding
from experiments.figures import figure, png, variance_shares
from experiments.files import csv_bytes
from experiments.quantities import QUANTITIES
from experiments.results import HEADLINE_COLUMNS, Results

AUTHORITIES = ("birmingham", "coventry", "dudley", "sandwell", "solihull", "walsall", "wolverhampton")
LEVELS = {
    "cats": 4.3,
    "dalys": 12_345.0,
    "lost_gdp": 812.0,
    "service_cost": 301.0,
    "service_cost_discounted": 240.0,
}


def synthetic_rows(place: str, size: float, generator: np.random.Generator) -> list[dict[str, object]]:
    """Invent one place's headline: SYNTHETIC figures, which say nothing about any place."""
    rows: list[dict[str, object]] = []
    for quantity in QUANTITIES:
        level = LEVELS.get(quantity.name, float(generator.uniform(0.002, 0.6)) if quantity.per_child else 400.0)
        level *= 1.0 if quantity.per_child else size
        for scenario, mean, spread in (
            ("today", level, 0.1),
            ("published", 0.96 * level, 0.1),
            ("difference", -0.04 * level, 0.03),
        ):
            width = spread * level
            low, high = mean - width, mean + width
            rows.append(
                {
                    "place": place,
                    "scenario": scenario,
                    "quantity": quantity.name,
                    "unit": quantity.unit,
                    "mean": mean,
                }
                | {
                    "mcse": width / 40,
                    "low_95": low,
                    "low_80": mean - 0.6 * width,
                    "high_80": mean + 0.6 * width,
                }
                | {
                    "high_95": high,
                    "share_from_assumption": 0.6,
                    "share_from_assumption_se": 0.05,
                    "share_from_chance": 0.15,
                }
            )
    return rows


def synthetic(place: str = "sandwell", seed: int = 1) -> Results:
    """Invent results to test the report with: SYNTHETIC, not evidence."""
    generator = np.random.default_rng(seed)
    sizes = dict.fromkeys(AUTHORITIES, 1.0) | {"region": 8.0} if place == "region" else {place: 1.0}
    rows = [row for name, size in sizes.items() for row in synthetic_rows(name, size, generator)]
    channels = ("later hazards", "harm by services", "healing", "resilience", "prevention")
    tables = {
        "decomposition": pd.DataFrame({"channel": channels, "quantity": "dalys", "mean": -60.0, "mcse": 2.0}),
        "break_even": pd.DataFrame(
            {
                "payer": ["all", "education"],
                "mean": [210.0, 12.5],
                "low_95": [-20.0, 1.0],
                "high_95": [430.0, 30.0],
            }
        ),
        "stocks": pd.DataFrame({"service": ["foster care"], "children": [612]}),
    }
    settings: dict[str, object] = {
        "version": "0.0.0", "commit": "synthetic", "command": f"wellheld run {place}", "seed": seed,
        "draws": 128, "replicates": 2,
        "children": dict.fromkeys(AUTHORITIES, 4000) if place == "region" else 4012,
        "engine": "compiled", "scenarios": {"today": "Today", "published": "the published improvement"},
        "price_year": "2023-24", "tables": {"services": "0" * 64}, "libraries": {"numpy": "0"},
        "python": "3.11",
    }  # fmt: skip
    rests = ("That Sufficiency raises the chance of holding a child is assumed.",)
    return Results(place, settings, pd.DataFrame(rows), tables, rests, ("These figures are synthetic.",))


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return report.contents(synthetic())


def test_same_results_give_the_same_bytes(files: dict[str, bytes], tmp_path: Path) -> None:
    report.write(synthetic(), tmp_path / "again")
    written = {path.relative_to(tmp_path / "again").as_posix(): path for path in (tmp_path / "again").rglob("*.*")}
    assert sorted(written) == sorted(files)
    assert all(path.read_bytes() == files[name] for name, path in written.items())


@pytest.mark.slow
def test_other_results_give_other_bytes(files: dict[str, bytes]) -> None:
    other = report.contents(synthetic(seed=2))
    fixed = {
        f"tables/{name}.{kind}" for name in ("decomposition", "break_even", "stocks") for kind in ("csv", "parquet")
    }
    assert {name for name in files if files[name] == other[name]} == fixed


def test_manifest_holds_the_hash_of_every_other_file(files: dict[str, bytes]) -> None:
    manifest = json.loads(files["manifest.json"])
    assert manifest["files"] == {n: hashlib.sha256(b).hexdigest() for n, b in files.items() if n != "manifest.json"}
    assert list(manifest["settings"]) == list(synthetic().settings)


def test_headline_is_tidy_and_the_same_in_each_format(files: dict[str, bytes]) -> None:
    table = pd.read_csv(io.BytesIO(files["headline.csv"]))
    assert tuple(table.columns[: len(HEADLINE_COLUMNS)]) == HEADLINE_COLUMNS
    assert not table.duplicated(["place", "scenario", "quantity"]).any()
    assert set(table["scenario"]) == {"today", "published", "difference"}
    parquet = pd.read_parquet(io.BytesIO(files["headline.parquet"]))
    pd.testing.assert_frame_equal(table, parquet, check_dtype=False, rtol=1e-9)
    assert b"\r" not in files["headline.csv"]
    rows = json.loads(report.headline_json(synthetic()))
    assert len(rows) == len(table)
    assert [row["quantity"] for row in rows[:2]] == sorted(q.name for q in QUANTITIES)[:2]


def test_json_has_null_where_there_is_no_figure() -> None:
    results = synthetic()
    results.headline.loc[0, "share_from_assumption"] = float("nan")
    assert report.headline_json(results).count("null") == 1
    assert report.headline_json(results).endswith("]\n")


def test_csv_cells_cannot_act_as_formulas() -> None:
    cells = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "plain", 'a "quoted", cell']
    written = csv_bytes(pd.DataFrame({"=name": cells, "number": [-1.5] * len(cells)}))
    rows = list(csv.reader(io.StringIO(written.decode(), newline="")))
    assert rows[0] == ["'=name", "number"]
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "' x", *cells[6:]]
    assert {row[1] for row in rows[1:]} == {"-1.5"}


@pytest.mark.slow
def test_titles_are_escaped_on_the_pages() -> None:
    results = synthetic()
    title = "<script>alert('x')</script> $x^$ | _a_ \x1b[31m"
    settings = results.settings | {"scenarios": {"published": title}}
    named = replace(results, settings=settings, assumptions=("<img src=x>",))
    made = report.contents(named)
    page = made["summary.html"].decode()
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    text = made["summary.md"].decode()
    assert "<script" not in text.replace("\\<", "")
    assert "\\|" in text
    assert "\x1b" not in report.screen(named)


def test_html_page_needs_nothing_else(files: dict[str, bytes]) -> None:
    page = files["summary.html"].decode()
    assert page.count("<svg") == 1
    assert not any(mark in page for mark in ('src="', 'href="http', "@import", "<script", "<?xml"))
    for words in (
        "Not for predicting or deciding about any real child",
        "Chard and Radley",
        "wellheld run sandwell",
    ):
        assert words in page
        assert words in files["summary.md"].decode()


@pytest.mark.parametrize("place", ["sandwell", "region"])
def test_screen_fits_and_says_what_matters(place: str) -> None:
    lines = report.screen(synthetic(place)).splitlines()
    assert max(map(len, lines)) <= 100
    # 12 quantities and 20 tiers with their sections, 12 levels, the words; a region adds its places.
    assert len(lines) <= (90 if place == "region" else 80)
    text = "\n".join(lines)
    for words in (
        "CATs",
        "looked after",
        "DALYs",
        "lost GDP",
        "Break-even",
        "rests on",
        "synthetic",
        "60±5%",
        "256 runs",
    ):
        assert words in text
    assert lines[-1] == "Not for predicting or deciding about any real child."
    assert "all 210.0 (95% -20.0 to 430.0); education 12.5 (95% 1.0 to" in text
    if place == "region":
        assert all(f"\n{authority} " in text for authority in AUTHORITIES)


def test_every_quantity_on_screen_has_the_same_ten_cells() -> None:
    """Tiers too stand in the table's form: two levels, difference, error, two bands, and what its variance is of."""
    results = synthetic()
    lines = report.screen(results).splitlines()
    table = [line for line in lines if line.endswith(" 60±5%    15%")]
    assert len(table) == 12 + 20
    heads = [line.split() for line in lines if line.endswith(" assumed chance")]
    assert [" ".join(head) for head in heads] == [
        "today published difference mcse 80% band 95% band assumed chance"
    ] * 2
    for line in table:
        today, improved, difference, error, low_80, high_80, low_95, high_95 = (
            float(cell.replace(",", "")) for cell in line.split()[-10:-2]
        )
        assert improved - today == pytest.approx(difference, abs=0.02 * today + 0.01)
        assert low_95 < low_80 < difference < high_80 < high_95
        assert 0 < error < high_80 - low_80


def test_a_share_without_its_error_stands_alone() -> None:
    results = synthetic()
    results.headline["share_from_assumption_se"] = float("nan")
    text = report.screen(results)
    assert "±5%" not in text
    assert text.count(" 60%    15%") == 12 + 20


def test_no_change_is_shown_as_zero_without_shares() -> None:
    results = synthetic()
    same = results.headline["scenario"] == "difference"
    numbers = results.headline.select_dtypes("number").columns
    results.headline.loc[same, numbers] = 0.0
    results.headline.loc[same, ["share_from_assumption", "share_from_chance"]] = float("nan")
    line = next(line for line in report.screen(results).splitlines() if line.startswith(" CATs"))
    assert line.split()[-8:] == ["0", "0", "0", "0", "0", "0", "-", "-"]
    assert png(figure(results)).startswith(b"\x89PNG")


def test_region_figure_has_a_panel_by_authority() -> None:
    assert len(figure(synthetic()).axes) == 3
    last = figure(synthetic("region")).axes[3]
    assert [label.get_text().lower() for label in last.get_yticklabels()] == list(AUTHORITIES)


def test_variance_shares_stay_within_bounds() -> None:
    assert variance_shares({"share_from_chance": 0.2, "share_from_assumption": 0.5}) == pytest.approx((0.2, 0.3, 0.5))
    assert variance_shares({"share_from_chance": 0.6, "share_from_assumption": 0.9}) == pytest.approx((0.4, 0.0, 0.6))
    assert variance_shares({"share_from_chance": -0.1, "share_from_assumption": 0.5}) == pytest.approx((0, 0.5, 0.5))
    assert variance_shares({"share_from_assumption": 0.5}) is None


def test_table_names_that_are_no_file_names_are_refused() -> None:
    for name in ("../x", "headline", "A b"):
        with pytest.raises(ValueError, match="cannot name a table"):
            report.contents(replace(synthetic(), tables={name: pd.DataFrame({"a": [1]})}))


def test_runs_that_cancel_out_are_shown_as_zero():
    row = {"mean": 8.7e-17, "mcse": math.nan, "low_80": -0.15, "high_80": 0.15, "low_95": -0.15, "high_95": 0.15}
    assert set(rounding.cells(row, "events per child", sign=True).values()) == {"0.00", "-0.15", "+0.15", "-"}
