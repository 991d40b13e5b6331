"""Tell verdicts: on a screen, and as a page."""

from collections.abc import Sequence
from pathlib import Path

from experiments.screen import NOT_FOR_INDIVIDUALS, align, folded, wrapped
from experiments.study.gather import evidence
from experiments.study.hypotheses import Quantity
from experiments.study.judging import Judged, expected_false
from experiments.study.tipping import Tipping
from experiments.study.verdict import FALSE_VERDICTS, UNDETERMINED, bands, estimate, rests

RULE = (
    "P: share of the draws of the uncertain numbers in which it holds, by the mean over the seeds of chance within a "
    "draw, with 95% bounds either way. Few seeds and few children leave chance in, which draws P towards a half: "
    "undetermined may mean that a run was too small. Supported: the lower bound is at least the level; refuted: the "
    "upper bound is at most one less the level; else undetermined. A probability under this model and its assumptions, "
    "not of the world."
)
RESTS = (
    "assumed: share of the variance of whether a draw holds that comes from numbers graded assumption or set by hand "
    "(closed Sobol index, with its standard error); - where nearly all draws hold, or none. Tipping: the value of a "
    "key assumption at which the verdict turns, others as uncertain as they are, with an 80% interval; nowhere: not "
    "within the values drawn."
)


def number(value: float) -> str:
    """Write a figure to three places that count."""
    return "-" if value != value else f"{value:.3g}"


def share(value: float, error: float) -> str:
    """Write an estimated share, which may pass 0 or 1, with its error in per cent."""
    return "-" if value != value else f"{100 * value:.0f}±{100 * error:.0f}%"


def formula(quantity: Quantity) -> str:
    """Write a quantity as it is worked out."""

    def term(text: str, output: str) -> str:
        spent = f" per {quantity.per}" if quantity.per else ""
        return f"{output}[{text}]{spent}"

    text = term(quantity.of, quantity.output)
    if quantity.less:
        text = f"{text} - {term(quantity.less, quantity.output)}"
    if quantity.over:
        text = f"({text}) / ({term(quantity.over, quantity.over_output or quantity.output)})"
    return f"{text} {quantity.direction} {quantity.threshold:g}"


def turns(point: Tipping) -> str:
    """Say where the verdict turns along one assumption."""
    said = []
    for word, side, at, low, high in (
        ("supported", point.supported_if, point.supported_at, point.supported_low, point.supported_high),
        ("refuted", point.refuted_if, point.refuted_at, point.refuted_low, point.refuted_high),
    ):
        where = "nowhere" if at != at else f"{side} {number(at)} ({number(low)} to {number(high)})"
        said.append(f"{word} {where}")
    drawn = f"{number(point.low)} to {number(point.high)}"
    return f"{point.number} ({drawn}; rank correlation {point.rank_correlation:+.2f}): {', '.join(said)}"


def together_said(found: Sequence[Judged]) -> str:
    """Say what the verdicts are worth as a whole."""
    given = sum(each.verdict != UNDETERMINED for each in found)
    dropped = sum(each.verdict != each.alone for each in found)
    verdicts = "verdict" if given == 1 else "verdicts"
    text = (
        f"{given} {verdicts} of {len(found)} hypotheses; expected false ones among them, under the model's own "
        f"uncertainty: {expected_false(found):.2f}. Verdicts are kept from the least doubtful on while the expected "
        f"share of false ones stays within {FALSE_VERDICTS:.0%} (Newton et al. 2004)"
    )
    return f"{text}; {dropped} {'was' if dropped == 1 else 'were'} not kept." if dropped else f"{text}."


def screen(found: Sequence[Judged]) -> str:
    """Write verdicts as plain text, at most 100 columns wide."""
    cells = [["", "verdict", "P", "bounds", "estimate", "mcse", "80%", "band", "passes", "assumed"]]
    for each in found:
        mean, error = estimate(each.measured)
        ends, on, quantity = bands(each.measured), rests(each.measured), each.registered.hypothesis.quantity
        cells.append(
            [
                each.registered.hypothesis.name,
                each.verdict,
                f"{each.probability.mean:.2f}",
                f"{each.probability.low:.2f}-{each.probability.high:.2f}",
                *(number(value) for value in (mean, error, ends["low_80"], ends["high_80"])),
                f"{'<' if quantity.direction == 'below' else '>'}{quantity.threshold:g}",
                share(on["verdict_from_assumption"], on["verdict_from_assumption_se"]),
            ]
        )
    lines = align(cells, left=2)
    for each in found:
        hypothesis = each.registered.hypothesis
        lines += ["", *wrapped(f"{hypothesis.name}: {hypothesis.statement}"), f"  {formula(hypothesis.quantity)}"]
        lines += [folded(f"  tips along {turns(point)}", 4) for point in each.tipping]
        lines += [f"  registered as sha256 {each.registered.digest}"]
    said = [line for text in (together_said(found), RULE, RESTS) for line in wrapped(text)]
    return "\n".join([*lines, "", *said, NOT_FOR_INDIVIDUALS]) + "\n"


def page(found: Sequence[Judged], command: str) -> str:
    """Write verdicts as a page of markdown.

    Parameters
    ----------
    command : the command that writes it again
    """
    lines = [
        "# Hypotheses and their verdicts",
        "",
        f"Written by `{command}`. {NOT_FOR_INDIVIDUALS}",
        "",
        together_said(found),
        "",
        RULE,
        "",
        RESTS,
        "",
        *([evidence(found[0].setup), ""] if found else []),
        "| hypothesis | verdict | P (95% bounds) | estimate ± error | 50% | 80% | 95% band | passes | assumed |",
        "|---|---|---|---|---|---|---|---|---|",
        *(row(each) for each in found),
    ]
    for each in found:
        lines += ["", *section(each)]
    return "\n".join(lines) + "\n"


def row(each: Judged) -> str:
    """Write a verdict as a row of the page's table."""
    hypothesis, chance = each.registered.hypothesis, each.probability
    (mean, error), ends, on = estimate(each.measured), bands(each.measured), rests(each.measured)
    cells = [
        f"[{hypothesis.name}](#{hypothesis.name})",
        f"**{each.verdict}**",
        f"{chance.mean:.2f} ({chance.low:.2f} to {chance.high:.2f})",
        f"{number(mean)} ± {number(error)}",
        *(f"{number(ends[f'low_{width}'])} to {number(ends[f'high_{width}'])}" for width in (50, 80, 95)),
        f"{hypothesis.quantity.direction} {hypothesis.quantity.threshold:g}",
        share(on["verdict_from_assumption"], on["verdict_from_assumption_se"]),
    ]
    return f"| {' | '.join(cells)} |"


def section(each: Judged) -> list[str]:
    """Write what a hypothesis says, how it was settled and what the verdict rests on."""
    hypothesis, on = each.registered.hypothesis, rests(each.measured)
    experiment = hypothesis.experiment
    children = "a year's births" if experiment.children is None else f"{experiment.children:,} children"
    size = f"{each.measured.holds.size} draws, {each.measured.margin.shape[2]} of chance in each, {children}"
    margin = ", ".join(
        f"{100 * on[f'from_{name}']:.0f}% {name}"
        for name in ("chance", "evidence", "assumption")
        if on[f"from_{name}"] == on[f"from_{name}"]
    )
    tips = [f"  - {turns(point)}" for point in each.tipping] or ["  - no assumption stands out from chance"]
    return [
        f"## {hypothesis.name}",
        "",
        f"{hypothesis.statement} **{each.verdict.capitalize()}**"
        + ("." if each.verdict == each.alone else f" ({each.alone} alone, not kept among all)."),
        "",
        f"- Counted: {hypothesis.counted}",
        f"- Quantity: `{formula(hypothesis.quantity)}`",
        f"- Refuted by: {hypothesis.refuted_by}",
        f"- Rests on: {hypothesis.rests_on}",
        f"- Runs: {size}, seed {experiment.seed}. Variance of one run's margin: {margin}.",
        "- Tipping points:",
        *tips,
        f"- Registered: `{Path(each.registered.path).name}`, sha256 `{each.registered.digest}`",
    ]
