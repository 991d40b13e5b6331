"""Print the rebuilt ACE cost model: tables, and what was found in words that follow from the numbers."""

import math

from experiments import rounding
from experiments.origin import installed
from experiments.published.ace_answer import Answer, Place
from experiments.published.ace_burden import Band
from experiments.published.ace_costs import REGION, published_terms
from experiments.published.ace_savings import COUNTS, RULES
from experiments.screen import NOT_FOR_INDIVIDUALS, align, wrapped

LONGEST = 1e13
SOURCE = (
    "Concepts and published figures come from the 2024 West Midlands report on the social and economic case for "
    "reducing adversity and trauma (Chard and Radley, West Midlands Combined Authority), which does not endorse this "
    "work."
)


def screen(answer: Answer) -> str:
    """Write the answer as plain text, at most 100 columns wide."""
    shown = detailed(answer)
    blocks = [
        heading(answer),
        places(answer),
        costs(answer),
        by_condition(answer, shown),
        by_rule(answer, shown),
        ["What was found:", *(line for each in found(answer, shown) for line in wrapped(f"- {each}", "  "))],
        [line for each in closing(answer) for line in wrapped(each, "  ")],
    ]
    lines = [line for block in blocks for line in (*block, "")]
    return "\n".join(line.rstrip() for line in lines[:-1]) + "\n"


def detailed(answer: Answer) -> Place:
    """Choose the place that is shown condition by condition: the only one, or the region."""
    return next((place for place in answer.places if place.authority == REGION), answer.places[-1])


def percent(share: float, places: int = 1, sign: bool = False) -> str:
    """Write a share in percent."""
    return rounding.text(100 * share, places, sign=sign) + "%"


def rate(share: float) -> str:
    """Write a share that the user gave with the digits it needs."""
    return f"{100 * share:.10g}%"


def money(value: float, places: int = 0, sign: bool = False) -> str:
    """Write an amount; in powers of ten where it would not fit a column."""
    return rounding.text(value, places, sign=sign) if not abs(value) > LONGEST else f"{value:.4g}"


def plural(count: int, word: str) -> str:
    """Write a count of things."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def words(name: str) -> str:
    """Write a name of the tables as words."""
    return name.replace("_", " ")


def heading(answer: Answer) -> list[str]:
    """Say what is rebuilt, with which settings."""
    asked = answer.question
    settings = (
        f"wellheld {installed('wellheld')}: the published ACE cost model, rebuilt; {rate(asked.reduction)} fewer ACEs, "
        f"inflation {rate(asked.inflation)}, growth of ACEs {rate(asked.growth)}, {plural(asked.years, 'year')}, "
        f"{plural(asked.draws, 'draw')}, seed {asked.seed}"
    )
    return wrapped(settings)


def places(answer: Answer) -> list[str]:
    """Tabulate ACEs, published and rebuilt lost GDP, and the saving by the published rule."""
    without = " and ".join(words(name) for name in answer.risk_factors)
    table = [["", "ACEs", "2+ ACEs", "published", "rebuilt", "95%", "band", "ratio", "without", "ratio", "saved"]]
    table += [
        [
            place.title,
            rounding.text(place.aces, 0),
            percent(place.implied_share, 2),
            money(place.gdp_lost, 2),
            *(money(value, 1) for value in place.rebuilt),
            rounding.text(place.rebuilt.value / place.gdp_lost, 2),
            money(place.rebuilt_without.value, 1),
            rounding.text(place.rebuilt_without.value / place.gdp_lost, 2),
            money(place.saved, 3),
        ]
        for place in answer.places
    ]
    above = (
        f"Lost GDP, GBP million a year: as published, rebuilt here, rebuilt without {without}; ratio: rebuilt over "
        "published. 2+ ACEs: share of residents that the published count of ACEs implies. saved: of the published "
        f"figure, by the published rule, with {rate(answer.question.reduction)} fewer ACEs."
    )
    return [*wrapped(above), *align(table)]


def costs(answer: Answer) -> list[str]:
    """Tabulate the yearly cost of ACEs and the cost over years, by both counts of terms."""
    years = answer.question.years
    terms = [plural(count, "term") for count in (published_terms(years), years)]
    table = [["", "a year", "published", f"published rule ({terms[0]})", "published", terms[1]]]
    table += [
        [
            place.title,
            *map(
                money,
                (
                    place.yearly_cost,
                    place.published_yearly,
                    place.cost_published_rule,
                    place.published_ten_years,
                    place.cost_all_terms,
                ),
            ),
        ]
        for place in answer.places
    ]
    words = (
        f"Speculative cost of ACEs, GBP: a year, and over {plural(years, 'year')}; published: at the published "
        f"settings, over {answer.fit.years} years. One term fewer than years is what fits at {answer.fit.years} years; "
        "for others it is carried on."
    )
    return [*wrapped(words), *align(table)]


def by_condition(answer: Answer, place: Place) -> list[str]:
    """Tabulate the burden of one place by condition, and its totals."""
    table = [["", "RR 1", "RR 2+", "due to ACEs", "DALYs", "95%", "band", "lost GDP", "95%", "band"]]
    for burden in place.burdens:
        mark = "*" if burden.condition in answer.risk_factors else ""
        table.append(
            [
                f" {words(burden.condition)}{mark}",
                rounding.text(burden.risk_1.value, 2),
                rounding.text(burden.risk_2.value, 2),
                percent(burden.fraction.value),
                *(rounding.text(value, 0) for value in burden.dalys),
                *(money(value, 1) for value in burden.lost_gdp),
            ]
        )
    totals: list[tuple[str, Band]] = [("all", place.rebuilt), ("without those marked *", place.rebuilt_without)]
    table += [[f" {title}", *[""] * 6, *(money(value, 1) for value in total)] for title, total in totals]
    above = (
        f"{place.title} by condition: relative risk (RR) at one and at two or more ACEs, attributable fraction, DALYs "
        "a year, lost GDP in GBP million a year"
    )
    return [*wrapped(above), *align(table)]


def by_rule(answer: Answer, place: Place) -> list[str]:
    """Tabulate the saving by each rule and way to count, beside the estimate for Wales."""
    table = [["", "% saved", "95%", "band", "GBP million", "against published"]]
    for (name, count), share in answer.rules.shares.items():
        saved = share.value * place.gdp_lost
        table.append(
            [
                f" {RULES[name].title}; {COUNTS[count]}",
                *(rounding.text(100 * value, 2) for value in share),
                money(saved, 2),
                money(saved - place.saved, 2, sign=True),
            ]
        )
    wales = answer.benchmark
    table.append(
        [f" estimate for Wales, {rate(wales.reduction)} fewer", rounding.text(100 * wales.share, 2), *[""] * 4]
    )
    above = (
        f"Saved of lost GDP with {rate(answer.question.reduction)} fewer ACEs, by who has fewer and how it is counted; "
        f"GBP million a year of the published figure, {place.title}"
    )
    return [*wrapped(above), *align(table)]


def found(answer: Answer, place: Place) -> list[str]:
    """Say what was found; every sentence follows from the numbers."""
    return [
        counted(answer),
        rebuilt(answer, place),
        overlap(answer, place),
        wales(answer),
        held_fixed(answer),
        reached(answer),
        unparted(answer),
        fitted(answer),
        *interval(answer),
    ]


def counted(answer: Answer) -> str:
    """Say what share of residents the published counts imply."""
    common, before = answer.common, answer.rules.before
    counts = answer.rules.counts
    several = before[2] + before[3]
    each = (counts.mean - before[1]) / several
    return (
        f"ACEs = residents x share with two or more x {answer.per_person:g}. The published counts imply shares of "
        f"{percent(common.low, 2)} to {percent(common.high, 2)}; one share for all, the region's "
        f"{percent(common.region, 2)}, misses a published count by {percent(common.error, 2)} at worst "
        f"({common.worst}). That is of residents of every age. The surveys that lost GDP rests on have "
        f"{percent(several)} of adults with two or more, and the distribution fitted to them gives these {each:.2f} "
        f"ACEs each, and {percent(before[3])} four or more where the surveys have {percent(answer.rules.surveyed[3])}."
    )


def rebuilt(answer: Answer, place: Place) -> str:
    """Say how far the lost GDP is the published method, and how it compares."""
    own = percent(place.rebuilt.value / place.gdp, 2)
    band = f"{percent(place.rebuilt.low / place.gdp, 2)} to {percent(place.rebuilt.high / place.gdp, 2)}"
    beside = (
        f"; the published amount is {percent(place.gdp_lost / place.gdp, 2)} of the GDP recalled here "
        f"(ratio {place.rebuilt.value / place.gdp_lost:.2f})"
        if math.isfinite(place.gdp_lost)
        else ""
    )
    return (
        "Lost GDP is rebuilt in part: exposure, relative risks, attributable fractions, DALYs and GDP a head, without "
        "strata of age and sex. The publication's own relative risks and DALY rates were not to be had; those here "
        "are recalled or assumed, and GDP a head was set to agree with the ratios of the published figures. "
        f"{place.title}: {own} of GDP (95% {band}){beside}. Bands: {plural(answer.question.draws, 'joint draw')} of "
        f"{answer.drawn} uncertain numbers; all relative risks move together, as they are one assumption, and exposure "
        "is drawn from England's survey to Wales's; the central run stands midway."
    )


def overlap(answer: Answer, place: Place) -> str:
    """Say what the risk factors add that their diseases may hold already."""
    names = " and ".join(words(name) for name in answer.risk_factors)
    part = 1 - place.rebuilt_without.value / place.rebuilt.value
    beside = (
        f", {place.rebuilt_without.value / place.gdp_lost:.2f} of the published figure"
        if math.isfinite(place.gdp_lost)
        else ""
    )
    return (
        f"The burden of {names} overlaps the diseases they cause, which are counted too: they are {percent(part, 0)} "
        f"of the rebuilt total. Without them it is {percent(place.rebuilt_without.value / place.gdp, 2)} of "
        f"GDP{beside}. A total that comes near the published one with the overlap in it is no evidence for either."
    )


def named(key: tuple[str, str]) -> str:
    """Name a rule and a way to count."""
    return f"{RULES[key[0]].title}, {COUNTS[key[1]]}"


def wales(answer: Answer) -> str:
    """Set the estimate for Wales beside the rules at its own reduction."""
    mark = answer.benchmark
    told = "; ".join(f"{named(key)}, {percent(share, 2)}" for key, share in mark.shares.items())
    below = sum(share < mark.share for share in mark.shares.values())
    return (
        f"Public Health Wales put the saving from {rate(mark.reduction)} fewer ACEs at {mark.saved:,.0f} of "
        f"{mark.cost:,.0f} GBP million a year, {percent(mark.share, 2)}. At {rate(mark.reduction)} and the exposure of "
        f"the Welsh survey the rules here give: {told}. {below} of {len(mark.shares)} lie below the estimate. Less "
        "than in proportion is what a rule gives that lets people fall from a high class to a lower one, or that holds "
        "the burden fixed; by which rule the estimate was made is not known here, so it tells no rule right."
    )


def held_fixed(answer: Answer) -> str:
    """Say how the two ways to count differ."""
    shares = answer.rules.shares
    gaps = [shares[name, "burden_falls"].value - shares[name, "burden_fixed"].value for name in RULES]
    return (
        "Why the two counts differ (held fixed is an accounting variant: a burden falls with its causes): the fraction "
        "x / (1 + x) is concave in the excess risk x, so with the burden held fixed each condition's saving is that "
        "with the burden falling divided by 1 + x', x' being what is left of x. "
        f"At {rate(answer.question.reduction)} that takes {rounding.text(100 * min(gaps), 2)} to "
        f"{rounding.text(100 * max(gaps), 2)} points of lost GDP off the saving."
    )


def reached(answer: Answer) -> str:
    """Say why the rules differ: whom each reaches."""
    rules = answer.rules
    several = rules.before[2] + rules.before[3]
    one, more = rules.after_for_everyone[1], rules.after_for_everyone[2]
    return (
        "Why the rules differ: relative risks tell classes of people apart, not single ACEs. With "
        f"{rate(answer.question.reduction)} fewer, in proportion every exposed class is smaller by that share; for "
        f"everyone, people with two or more go from {percent(several)} to {percent(more)} "
        f"({percent(more / several - 1, sign=True)}) and with one from {percent(rules.before[1])} to {percent(one)}; "
        f"from those with most first, people with four or more go from {percent(rules.before[3])} to "
        f"{percent(rules.after_from_the_most[3])}, with two or three from {percent(rules.before[2])} to "
        f"{percent(rules.after_from_the_most[2])}."
    )


def unparted(answer: Answer) -> str:
    """Say what the last rule owes to parting the class of two or more."""
    falls, fixed = (percent(share, 2) for share in answer.rules.unparted.values())
    return (
        "The last rule parts the published class of two or more ACEs (an assumption; the class's mean risk stays). "
        "With relative risks as published (0, 1, 2+), moving people from four or more to two or three saves nothing, "
        f"and the rule would save {falls} (burden falls) and {fixed} (held fixed) at "
        f"{rate(answer.question.reduction)}. People with four or more alone can bear "
        f"{percent(answer.rules.first_rung)} fewer ACEs."
    )


def fitted(answer: Answer) -> str:
    """Say how exactly the rules meet the published costs."""
    fit, terms = answer.fit, published_terms(answer.fit.years)
    return (
        f"Costs, at the published settings: {fit.cost_per_ace:g} GBP an ACE meets the {fit.rows} published yearly "
        f"costs within {math.ceil(fit.yearly_error)} GBP, and every published cost over {fit.years} years is the "
        f"yearly one times {fit.published_sum:.7f}, within {math.ceil(fit.ten_year_error)} GBP: the sum of "
        f"{plural(terms, 'term')}, the first at today's price. {plural(fit.years, 'term')} sum to {fit.full_sum:.4f}, "
        f"{percent(fit.full_sum / fit.published_sum - 1)} more. How it counts its years the publication does not say; "
        "both figures are shown."
    )


def interval(answer: Answer) -> list[str]:
    """Say which cost per ACE all published rows allow if their counts were rounded up."""
    fit = answer.fit
    low, high = math.ceil(fit.low * 1e5) / 1e5, math.floor(fit.high * 1e5) / 1e5
    if not low <= high:
        return ["No single cost per ACE gives all published yearly costs, even if the counts of ACEs were rounded up."]
    inside = "within it" if fit.low <= fit.cost_per_ace < fit.high else "not within it"
    return [
        f"If the published counts of ACEs were rounded up to whole ACEs, one cost per ACE gives all {fit.rows} yearly "
        f"costs: any from {low:.5f} to {high:.5f} GBP; {fit.cost_per_ace:g} lies {inside}."
    ]


def closing(answer: Answer) -> list[str]:
    """Say where the figures come from, what is not verified, and what it is not for."""
    recalled = (
        f"Warning: {answer.recalled} of the {answer.numbers} numbers of this model are recalled from the literature or "
        "assumed, and not verified in their source: wellheld parameters ace_cost lists them."
    )
    return [
        "Costs and savings are those of the rules above: nothing here shows that ACEs can be reduced, or at what cost.",
        SOURCE,
        recalled,
        NOT_FOR_INDIVIDUALS,
    ]
