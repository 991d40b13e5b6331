"""The comparison that a user sees: its tables beside the run's own outputs, screen, picture, sheets, bad input."""

import colorsys
import itertools
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.screen import NOT_FOR_INDIVIDUALS
from experiments.study import comparison, course, folder, reporting, tasks
from experiments.study.carriers import on_this_machine
from experiments.study.compare_cli import folder_name
from experiments.study.compare_figures import STYLES, compare_figure
from experiments.study.compare_screen import fitted, screen
from experiments.study.comparison import Asked, Comparison, Progress
from experiments.study.declaration import Experiment, Setup, load_experiment, set_up
from experiments.study.gather import evidence
from experiments.study.perspectives import Books
from experiments.study.weights import load_weights
from simulation.errors import InputError

pytestmark = pytest.mark.slow

pytest_plugins = ("command_line_fixtures",)
FILE = """
name = "worth"
question = "What is it worth?"
scenarios = ["today", "improved"]
draws = 8
children = 300
seed = 3
outputs = ["cost_to_5", "cost_to_18", "cost_to_18_health", "programme_to_18", "dalys_whole_discounted"]
[[scenario]]
name = "cash"
[[scenario.lever]]
kind = "intervention"
name = "cash_transfer"
coverage = 0.5
[[scenario]]
name = "LONG"
[[scenario.lever]]
kind = "intervention"
name = "triple_p"
coverage = 0.9
"""
PARENTS = "parents_" + "x" * 52
CHEERS = [str(number) for number in range(1, 29)]
STRESS = [
    "1.1",
    "1.2",
    "1.3",
    "2.1",
    "2.2",
    "2.3",
    "2.4",
    "2.5.1",
    "2.5.2",
    "2.5.3",
    "2.5.4",
    "3.1",
    "3.2",
    "3.3",
    "3.4",
    "4.1",
    "4.2",
    "4.3",
    "5.1",
    "5.2",
    "5.3",
    "5.4",
    "6.1",
]


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    """Read the experiment."""
    path = tmp_path_factory.mktemp("file") / "worth.toml"
    path.write_text(FILE.replace("LONG", PARENTS))
    return load_experiment(path)


@pytest.fixture(scope="module")
def out(setup: Setup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run and collect it."""
    where = tmp_path_factory.mktemp("worth") / "out"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tasks, "REFERENCE_CHILDREN", 60)
        folder.begin(setup, where)
        course.take(setup, where, on_this_machine(2, False), None, None)
    course.collect(setup, where)
    return where


@pytest.fixture(scope="module")
def compared(setup: Setup, out: Path) -> Callable[..., Comparison]:
    """Compare from a perspective."""

    def compare(perspective: str = "public", **changed: Any) -> Comparison:
        asked = comparison.asked_of(setup, perspective, None, "life", None, False, None)
        return comparison.compare(setup, out, asked._replace(**changed))

    return compare


@pytest.fixture(scope="module")
def gaps(out: Path) -> Callable[[str, str], Any]:
    """Give what a scenario changes in an output of the experiment, run by run."""
    runs = pd.read_parquet(out / "runs.parquet").set_index(["scenario", "draw", "chance"]).sort_index()

    def gap(scenario: str, output: str) -> Any:
        return (runs.loc[scenario, output] - runs.loc["today", output]).to_numpy()

    return gap


@pytest.mark.parametrize("scenario", ["improved", "cash", PARENTS])
def test_options_and_plane_are_the_run_s_own_outputs(
    compared: Callable[..., Comparison], gaps: Callable[[str, str], Any], scenario: str
) -> None:
    """Costs and DALYs come out as `collect` has them by another way. To rounding."""
    found = compared()
    row = found.options.set_index("scenario").loc[scenario]
    cost, dalys = gaps(scenario, "cost_to_18"), gaps(scenario, "dalys_whole_discounted")
    assert row["cost_more_gbp"] == pytest.approx(1e6 * cost.mean(), rel=1e-6, abs=1e-3)
    assert row["dalys_averted"] == pytest.approx(-dalys.mean(), rel=1e-6, abs=1e-9)
    points = found.plane[found.plane["scenario"] == scenario].sort_values(["draw", "chance"])
    np.testing.assert_allclose(points["cost_more_million"], cost, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(points["dalys_averted"], -dalys, rtol=1e-6, atol=1e-9)


def test_money_by_bearer_and_horizon_is_the_run_s_own(
    compared: Callable[..., Comparison], gaps: Callable[[str, str], Any]
) -> None:
    table = compared().net_benefit.set_index(["scenario", "horizon", "bearer", "quantity"])["mean"]
    for horizon, output in (("5", "cost_to_5"), ("18", "cost_to_18"), ("life", "cost_to_18")):
        assert table["cash", horizon, "public", "net money"] == pytest.approx(-gaps("cash", output).mean())
    health = -gaps("cash", "cost_to_18_health").mean()
    assert table["cash", "18", "health", "net money"] == pytest.approx(health)
    worth = table["cash", "life", "public", "net money"] + 0.07 * table["cash", "life", "people", "DALYs averted"]
    assert table["cash", "life", "public", "net benefit"] == pytest.approx(worth)
    assert table["cash", "18", "society", "cost of the scenario"] == pytest.approx(
        0.1 * table["cash", "18", "public", "cost of the scenario"]
    )
    averted = [table["cash", span, "people", "DALYs averted"] for span in ("5", "life")]
    assert averted[0] != averted[1]


def test_a_cost_that_nobody_knows_is_never_nought(compared: Callable[..., Comparison]) -> None:
    """It has no standing, no probability and no net benefit, but the most that it could cost without loss."""
    found = compared()
    row = found.options.set_index("scenario").loc["improved"]
    assert row["status"] == "own cost unknown"
    assert np.isnan(row["gbp_per_daly_averted"])
    assert set(found.acceptability["option"]) == {"today", "cash", PARENTS}
    said = set(found.net_benefit.query("scenario == 'improved'")["quantity"])
    assert "net money before own cost" in said
    assert not said & {"net money", "net benefit", "cost of the scenario"}
    spend = found.break_even.set_index(["scenario", "worth_of_a_daly", "unit"])["mean"]
    assert spend["improved", 0.0, "GBP million"] == pytest.approx(-row["cost_more_gbp"] / 1e6)
    expected = 0.07 * row["dalys_averted"] - row["cost_more_gbp"] / 1e6
    assert spend["improved", 70_000.0, "GBP million"] == pytest.approx(expected)
    assert spend["improved", 0.0, "GBP a child born"] == pytest.approx(-row["cost_more_gbp"] / 300)
    text = " ".join(screen(found).split())
    assert "*improved: what prevention, sufficiency and tip alignment costs is not known and is not nought" in text


def test_a_known_cost_breaks_even_at_its_net_benefit_and_itself(
    compared: Callable[..., Comparison], gaps: Callable[[str, str], Any]
) -> None:
    found = compared()
    spend = found.break_even.set_index(["scenario", "worth_of_a_daly", "unit"])["mean"]
    money = found.net_benefit.set_index(["scenario", "horizon", "bearer", "quantity"])["mean"]
    programme = gaps("cash", "programme_to_18").mean()
    assert spend["cash", 70_000.0, "GBP million"] == pytest.approx(
        money["cash", "life", "public", "net benefit"] + programme
    )
    society = compared("society", threshold=0.0)
    assert set(society.break_even["scenario"]) == {"improved", PARENTS}, "what only changes hands breaks even nowhere"


def test_society_counts_lost_gdp_once_unless_a_threshold_comes_on_top(setup: Setup) -> None:
    """Without a threshold it is nought for society, whose cost prices DALYs already, and the Green Book's else."""
    worth = {
        name: comparison.asked_of(setup, name, None, "life", None, False, None).threshold
        for name in ("council", "public", "society")
    }
    assert worth == {"council": 70_000.0, "public": 70_000.0, "society": 0.0}


def test_chance_can_be_averaged_out(compared: Callable[..., Comparison]) -> None:
    every, averaged = compared(), compared(averaged=True)
    assert len(every.plane) == 2 * len(averaged.plane)
    means = [each.plane.groupby("scenario")["cost_more_million"].mean().sort_index() for each in (every, averaged)]
    assert means[0].to_numpy() == pytest.approx(means[1].to_numpy())
    spread = [each.plane.groupby("scenario")["dalys_averted"].std() for each in (every, averaged)]
    assert (spread[1] < spread[0]).all()


def test_weights_move_dalys_and_not_what_payers_pay(compared: Callable[..., Comparison]) -> None:
    plain = compared().options.set_index("scenario")
    weighted = compared(weights=load_weights("green_book")).options.set_index("scenario")
    assert plain["cost_gbp"].tolist() == weighted["cost_gbp"].tolist()
    assert (weighted["dalys"] > plain["dalys"]).all(), "most of Sandwell is poorer than the median"


def test_the_screen_fits_and_says_what_it_is(compared: Callable[..., Comparison]) -> None:
    for perspective in ("council", "public", "society"):
        lines = screen(compared(perspective, threshold=45_000.0)).splitlines()
        assert max(map(len, lines)) <= 100
        assert lines[0].startswith("What is it worth? sandwell, over life, " + perspective)
        assert lines[-1] == NOT_FOR_INDIVIDUALS
        text = " ".join(" ".join(lines).split())
        assert "A cohort of 300 children: 8 draws, 2 of chance in each" in text
        assert text.endswith(f"{evidence(compared().setup)} {NOT_FOR_INDIVIDUALS}")
        assert "costs and lost GDP at 3.50%, 3.00%, 2.50%" in text
        assert "DALYs at 1.50%, 1.29%, 1.07%" in text
        assert "without triple_p_glasgow" in text
        assert ("a threshold comes on top" in text) == (perspective == "society")
        assert ("ringfenced grant" in text) == (perspective == "council")


def test_the_picture_draws_what_the_tables_hold(compared: Callable[..., Comparison]) -> None:
    """Three panels: each mean on the plane, each curve, the frontier on the highest net benefit, and each loss."""
    found = compared()
    plane, curves, losses = compare_figure(found).axes
    means = found.plane.groupby("scenario", sort=False)[["dalys_averted", "cost_more_million"]].mean().to_numpy()
    drawn = [each.get_offsets()[0] for each in plane.collections if len(each.get_offsets()) == 1]
    np.testing.assert_allclose(drawn, means)
    for axes, column, scale in ((curves, "probability", 100), (losses, "expected_loss", 1e-6)):
        for line, name in zip(axes.lines, found.priced, strict=False):
            rows = found.acceptability[found.acceptability["option"] == name]
            np.testing.assert_allclose(line.get_ydata(), scale * rows[column])
    front = curves.lines[len(found.priced)]
    best = found.acceptability.loc[found.acceptability.groupby("threshold")["net_benefit"].idxmax()]
    np.testing.assert_allclose(front.get_ydata(), 100 * best["probability"])


def test_a_picture_without_known_costs_says_so(compared: Callable[..., Comparison]) -> None:
    found = compared()._replace(priced=("today",))
    _, curves, losses = compare_figure(found).axes
    for axes in (curves, losses):
        assert "not known" in axes.texts[0].get_text()
        assert not axes.axison, "no empty axes around it"


def test_the_picture_says_how_many_children_and_what_is_not_to_be_read_alone(
    compared: Callable[..., Comparison],
) -> None:
    drawn = compare_figure(compared())
    assert drawn.get_suptitle() == "Sandwell, a cohort of 300 children: What is it worth?"
    assert "without triple_p_glasgow" in " ".join(drawn.get_supxlabel().split())
    assert "incomplete" not in drawn.get_supxlabel()
    plane, curves, _ = drawn.axes
    labels = [said.get_text() for axes in (plane, curves) for said in axes.get_legend().get_texts()]
    assert labels.count(PARENTS[:24]) == 2, "names give way to the panels"


def test_scenarios_are_drawn_in_colours_that_can_be_told_apart() -> None:
    """The hues of the first four lie 30 degrees apart or more, all others so far from the first; black has none."""
    hues = []
    for colour, *_ in STYLES:
        red, green, blue = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
        hue, _, saturation = colorsys.rgb_to_hsv(red, green, blue)
        hues.append(360 * hue if saturation > 0.1 else np.nan)
    assert all(min(abs(a - b), 360 - abs(a - b)) >= 30 for a, b in itertools.combinations(hues[:4], 2))
    assert all(abs(hues[0] - other) >= 30 for other in hues[1:] if np.isfinite(other))


def test_compare_writes_tables_picture_and_screen(wellheld: Any, out: Path, tmp_path: Path) -> None:
    where = tmp_path / "there"
    answer = wellheld(
        "experiment",
        "compare",
        out,
        "--perspective",
        "council",
        "--horizon",
        "10",
        "--threshold",
        "20000",
        "--out",
        where,
    )
    assert answer.code == 0
    assert answer.out == (where / "compare.txt").read_text()
    assert "to age 10, council" in answer.out
    names = {"plane", "options", "acceptability", "net_benefit", "break_even"}
    assert {path.name for path in where.iterdir()} == {
        *(f"{name}.{kind}" for name in names for kind in ("csv", "parquet")),
        *(f"compare.{kind}" for kind in ("txt", "png", "svg", "json")),
    }
    for name in names:
        table = pd.read_parquet(where / f"{name}.parquet")
        assert len(table) == len(pd.read_csv(where / f"{name}.csv")) > 0
    told = json.loads((where / "compare.json").read_text())
    assert told["asked"]["threshold"] == 20_000
    assert told["unknown_costs"] == {"improved": ["prevention", "sufficiency", "tip_alignment"]}
    again = wellheld("experiment", "compare", out, "--json")
    assert json.loads(again.out)[0]["scenario"] == "today"
    assert (out / "compare-public-life" / "compare.png").read_bytes().startswith(b"\x89PNG")


def test_the_main_table_tells_the_band_from_the_error(compared: Callable[..., Comparison], gaps: Any) -> None:
    """The band of the run's own differences, beside the error of their mean, in the table and on the screen."""
    found = compared()
    row = found.options.set_index("scenario").loc["cash"]
    cost, dalys = 1e6 * gaps("cash", "cost_to_18"), -gaps("cash", "dalys_whole_discounted")
    ends = [row[f"cost_more_gbp_{end}_95"] for end in ("low", "high")]
    assert ends == pytest.approx(np.quantile(cost, [0.025, 0.975]), rel=1e-6)
    ends = [row[f"dalys_averted_{end}_95"] for end in ("low", "high")]
    assert ends == pytest.approx(np.quantile(dalys, [0.025, 0.975]), rel=1e-6, abs=1e-9)
    lines = screen(found).splitlines()
    head = next(line for line in lines if line.startswith("Cost; DALYs averted"))
    assert head.split()[3:] == ["GBPm", "more", "95%", "band", "mcse", "averted", "95%", "band", "mcse"]
    told = next(line for line in lines[lines.index(head) :] if line.startswith("cash ")).split()
    assert len(told) == 10
    low, high, error = (float(each.replace(",", "")) for each in told[3:6])
    assert low <= float(told[2].replace(",", "")) <= high
    assert error < high - low
    text = " ".join(" ".join(lines).split())
    assert "95% band: of one cohort, chance and ignorance together: the uncertainty. mcse: only the Monte Carlo" in text
    averaged = " ".join(screen(compared(averaged=True)).split())
    assert "95% band: of one cohort, ignorance, and the luck left by averaging: the uncertainty" in averaged


def test_names_give_way_where_figures_are_wide() -> None:
    """A hundred columns and not one more; what fits is left as it is."""
    lines = fitted([["name_of_a_scenario*", "1" * 40, "2" * 45], ["today", "3", "4"]])
    assert [len(line) for line in lines] == [100, 100]
    assert lines[0].startswith("name_of_a_sce" + " 1")
    assert fitted([["today", "1"]]) == ["today 1"]


def test_what_cancels_but_for_rounding_is_nought_in_every_table() -> None:
    """A programme that changes no service: its money is its price, nobody else gains, and it breaks even at nought."""
    generator = np.random.default_rng(4)
    size = (2, 10, 2, 2)
    paid, people = 1e5 * generator.random((*size[:3], 1, 3)), generator.random((*size[:3], 1, 10))
    both = np.repeat(paid, 2, axis=3)
    both[..., 1, :] = both[..., 1, :] / 3.0 * 3.0 + 1e-12 * both[..., 1, :]
    programme = np.zeros((*size, 3))
    programme[..., 1, 0] = 1e4 * generator.random(size[:3])
    years = np.repeat(people, 2, axis=3) * np.array([1.0, 1.0 + 1e-15])[:, None]
    book = Books(
        ("education", "social_care", "health"),
        both,
        both,
        programme,
        0.0 * programme,
        years,
        1e5 * years,
        np.ones(size),
    )
    asked = Asked("public", 70_000.0, "life", None, False, "sandwell")
    money = comparison.net_benefit({"life": book}, asked, ["today", "other"], {"other": []})
    none = money[money["quantity"].isin(["DALYs averted", "services spared", "lost GDP spared"])]
    assert len(none) == 6
    assert (none[["mean", "mcse", "above_nought"]] == 0).all(axis=None)
    assert set(money["bearer"]) == {"people", "education", "council", "public", "society"}
    spend = comparison.break_even(book, asked, ["today", "other"], {"other": []})
    assert (spend[["mean", "mcse", "above_nought"]] == 0).all(axis=None)


def test_every_choice_has_a_folder_of_its_own(setup: Setup, tmp_path: Path) -> None:
    """What is usual is not told, be it asked for or not; two files of weights lie apart."""
    files = [tmp_path / name for name in ("mine.toml", "yours.toml")]
    for k, path in enumerate(files):
        path.write_text(f'source = "me"\ngrade = "assumption"\nweights = {[1.0 + k] * 10}\n')

    def name(threshold: float | None = None, weights: str = "none", averaged: bool = False, last: str = "") -> str:
        asked = comparison.asked_of(setup, "council", threshold, "10", load_weights(weights), averaged, None)
        return folder_name(asked, weights, last or setup.answers[-1])

    assert name() == name(70_000.0) == "compare-council-10"
    assert name(20_000.0) == "compare-council-10-worth_20000"
    assert name(weights="green_book") == "compare-council-10-green_book"
    assert name(averaged=True) == "compare-council-10-averaged"
    assert name(last="region") == "compare-council-10-sandwell"
    mine, yours = (name(weights=str(path)) for path in files)
    assert mine != yours
    assert re.fullmatch(r"compare-council-10-weights_[0-9a-f]{8}", mine)
    assert name(0.5, "green_book", True, "region") == "compare-council-10-sandwell-worth_0.5-green_book-averaged"


def test_a_comparison_is_never_written_over_another(wellheld: Any, out: Path) -> None:
    first = out / "compare-society-5"
    wellheld("experiment", "compare", out, "--perspective", "society", "--horizon", "5")
    before = (first / "compare.txt").read_bytes()
    wellheld("experiment", "compare", out, "--perspective", "society", "--horizon", "5", "--threshold", "70000")
    assert (first / "compare.txt").read_bytes() == before
    assert (out / "compare-society-5-worth_70000" / "compare.txt").read_bytes() != before


@pytest.fixture
def half(out: Path, tmp_path: Path) -> Path:
    """Give a folder with half of the tasks, never collected."""
    where = tmp_path / "half"
    (where / folder.PARTS).mkdir(parents=True)
    shutil.copy(out / folder.ASKED, where)
    for task, path in folder.done(out).items():
        if task < 2:
            shutil.copy(path, where / folder.PARTS)
    return where


def test_half_an_experiment_is_not_told_as_if_it_were_whole(wellheld: Any, half: Path, out: Path) -> None:
    """Said first on screen, under the picture, beside JSON and in both sheets, which cite no file that is not there."""
    said = "2 of 4 tasks: incomplete"
    found = wellheld("experiment", "compare", half)
    assert found.out.startswith(said)
    assert said in wellheld("experiment", "compare", half, "--json").err
    told = json.loads((half / "compare-public-life" / "compare.json").read_text())
    assert (told["tasks_done"], told["tasks"], told["complete"]) == (2, 4, False)
    wellheld("experiment", "report", half)
    for name, numbers in (("cheers_2022.md", ("2", "20", "23")), ("stress_abs.md", ("4.3",))):
        text = (half / name).read_text()
        assert said in text.split("## 1")[0]
        assert all(said in items(text)[number] for number in numbers)
        assert "`points.parquet` (not collected yet: `wellheld experiment collect`)" in text
        whole = reporting.sheets(folder.opened(out), out)[name]
        assert "incomplete" not in whole
        assert "not collected yet" not in whole
    assert "`summary.csv` (not collected yet" in items((half / "cheers_2022.md").read_text())["24"]


def test_the_picture_of_half_an_experiment_says_so(setup: Setup, half: Path) -> None:
    found = comparison.compare(setup, half, comparison.asked_of(setup, "public", None, "life", None, False, None))
    assert "2 of 4 tasks: incomplete" in " ".join(compare_figure(found).get_supxlabel().split())


def test_what_is_precise_enough_before_all_tasks_is_whole() -> None:
    assert str(Progress(16, 64, True)) == "16 of 64 tasks: precise enough"
    assert str(Progress(64, 64, True)) == "64 of 64 tasks"
    assert str(Progress(64, 64, False)) == "64 of 64 tasks: incomplete"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--perspective", "councl"), "--perspective 'councl': is none. Did you mean 'council'?"),
        (("--horizon", "12"), "--horizon '12': is none."),
        (("--place", "dudley"), "--place 'dudley': is none."),
        (("--threshold", "-1"), "--threshold -1: is outside 0 to 10,000,000"),
        (("--weights", "mine.toml"), "mine.toml"),
    ],
)
def test_b_what_cannot_be_compared_is_said_in_one_line(
    refused: Any, out: Path, options: tuple[str, str], said: str
) -> None:
    assert said in refused("experiment", "compare", out, *options)


def test_b_nothing_to_compare_is_said_in_one_line(setup: Setup, tmp_path: Path) -> None:
    def asked(experiment: Setup) -> Asked:
        return comparison.asked_of(experiment, "public", None, "life", None, False, None)

    alone = set_up(Experiment(name="alone", question="?", scenarios=("today",)))
    with pytest.raises(InputError, match="has one scenario"):
        asked(alone)
    unknown = set_up(Experiment(name="unknown", question="?", scenarios=("improved", "today")))
    with pytest.raises(InputError, match="what 'improved' costs is not known"):
        asked(unknown)
    with pytest.raises(InputError, match="nothing is done yet"):
        comparison.compare(setup, tmp_path, asked(setup))


def items(text: str) -> dict[str, str]:
    """Give the answer under each numbered heading, in order; none may stand twice."""
    parts = re.split(r"^## ([\d.]+?)\.? ", text, flags=re.M)
    numbers, bodies = parts[1::2], parts[2::2]
    assert len(numbers) == len(set(numbers))
    return dict(zip(numbers, (body.split("\n", 1)[1].strip() for body in bodies), strict=True))


@pytest.mark.parametrize(("sheet", "numbers"), [("cheers_2022.md", CHEERS), ("stress_abs.md", STRESS)])
def test_every_item_is_answered_once(setup: Setup, out: Path, tmp_path: Path, sheet: str, numbers: list[str]) -> None:
    """All items in order, none empty; before anything is done too."""
    for where in (out, tmp_path):
        found = items(reporting.sheets(setup, where)[sheet])
        assert list(found) == numbers
        assert all(len(answer.split()) >= 5 for answer in found.values())


def test_sheets_hold_the_run_s_own_facts(wellheld: Any, setup: Setup, out: Path) -> None:
    """Seed, sizes, draws, scenarios, unknown cost, rates, hash and results are those of this run."""
    answer = wellheld("experiment", "report", out)
    assert answer.code == 0
    assert answer.out.splitlines() == [str(out / "cheers_2022.md"), str(out / "stress_abs.md")]
    cheers, stress = (items((out / name).read_text()) for name in reporting.SHEETS)
    assert setup.key in cheers["4"]
    assert setup.key in stress["3.1"]
    assert "sandwell 300" in cheers["5"]
    assert "cash_transfer reaching a share of 0.5" in cheers["7"].replace("\\", "")
    assert "3.50%" in cheers["10"]
    assert cheers["14"].endswith("not taken as nought: improved.")
    assert cheers["21"].startswith("Not done")
    assert "own cost unknown" in cheers["23"]
    assert cheers["23"].startswith("Over life, all public payers, 300 children of sandwell, discounted")
    assert "95%" in cheers["23"]
    assert "mcse: only the Monte Carlo" in cheers["23"]
    assert "Seed 3." in stress["5.2"]
    assert "8 draws done (4 of 4 tasks), 2 seeds of chance in each, so 16 runs" in stress["4.3"]
    assert f"{len(setup.names)} uncertain numbers" in stress["3.1"]
    assert "numpy " + np.__version__ in stress["5.1"]


def test_b_a_folder_without_an_experiment_is_no_report(refused: Any, here: Path) -> None:
    assert "holds no experiment" in refused("experiment", "report", "nothing")
