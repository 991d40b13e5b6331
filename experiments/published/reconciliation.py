"""Tie lost GDP bottom up, from paired children, to top down, from attributable fractions: every part named.

The chain begins at the published total of an authority and ends at the child model's, at central numbers. Each row
changes one thing; the rows' amounts sum exactly to the whole difference.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from agents.child import NEVER
from agents.names import AGES, DAYS
from experiments.plan import REFERENCE_CHILDREN, REFERENCE_SEED
from experiments.published.ace_burden import PER, Inputs, conditions, dalys, inputs, risk_factors
from experiments.published.inputs import figure, load_published
from simulation.build import authority_names
from simulation.cohort import reference, run
from simulation.compiled import ratios_conditions, sum_ratios
from simulation.context import Surroundings
from simulation.draws import seed_key
from simulation.economics import gdp_per_head
from simulation.errors import InputError
from simulation.frailty import Values
from simulation.inputs import Tables, load_tables
from simulation.ledger import Ledger
from simulation.population import cohort
from simulation.scenario import Scenario, Switches
from simulation.world import World, pack

MILLION = 1e6
REPLICATES = 8
"""Seeds of chance of the child model's rows."""


class Lives(NamedTuple):
    """What one seed's lives give, a year of the stationary population [DALYs, people]."""

    fraction: Any  # (C,) attributable fraction of a condition over the lives
    yld: Any  # (C,) years lived with disability of a condition
    yll_top_down: float  # attributable fraction of deaths by age and sex, times their years of life lost
    yll_paired: float
    yld_paired: float
    people: float


def reconcile(
    place: str = "sandwell",
    seed: int = 1,
    replicates: int = REPLICATES,
    main_job: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Tabulate the way from the published lost GDP of an authority to the child model's.

    Parameters
    ----------
    main_job : lost GDP with uncertain numbers drawn, and its error [GBP million a year]; it makes a last row

    Returns
    -------
    columns part, explanation, amount, mcse, total [GBP million a year]; the first row is the published total
    """
    tables, own = load_tables(), load_published()
    published = figure(own, "gdp_lost", place)
    if published is None:
        raise InputError(f"published_figures.csv: no gdp_lost of '{place}'; choose an authority that has one")
    values = tables.values()
    world = reference(tables, values, Switches(), seed_key(seed, REFERENCE_SEED), REFERENCE_CHILDREN)
    lives = [one_seed(tables, values, world, place, seed_key(seed, number)) for number in range(replicates)]
    chain = np.array([totals(tables, values, own, place, each) for each in lives])
    chain = np.concatenate([np.full((replicates, 1), published), chain], axis=1)
    steps = np.diff(chain, axis=1)
    error = steps.std(axis=0, ddof=1) / np.sqrt(replicates) if replicates > 1 else np.full(steps.shape[1], np.nan)
    table = pd.DataFrame(
        {
            "part": ["published", *(part for part, _ in PARTS)],
            "explanation": ["published total of the authority, top down", *(words for _, words in PARTS)],
            "amount": [published, *steps.mean(axis=0)],
            "mcse": [0.0, *error],
            "total": chain.mean(axis=0),
        }
    )
    if main_job is not None:
        mean, own_error = main_job
        apart = np.hypot(own_error, chain[:, -1].std(ddof=1) / np.sqrt(replicates))
        words = "uncertain numbers drawn, not fixed: the main job's lost GDP"
        table.loc[len(table)] = ["drawn", words, mean - table["total"].iloc[-1], apart, mean]
    return table


PARTS = (
    ("inputs", "this project's relative risks and DALY rates: the publication's are not known"),
    ("overlap", "without smoking and obesity: diseases they cause hold part of their harm"),
    ("causal", "only the causal part of each association"),
    ("population", "a stationary population of a year's births, not the residents of 2019"),
    ("value", "the region's GDP a head in 2023-24 prices, not the authority's own of 2019"),
    ("exposure", "the children's own ACEs, and the child model's higher relative risks"),
    ("illness", "its years lived with each condition, not published DALYs; no deaths yet"),
    ("deaths", "deaths of every cause by the hazard ratio of ACEs, fading with age"),
    ("later_deaths", "paired lives: a death spared comes later, and costs years then"),
    ("remainder", "remainder: longer lives with illness, illnesses at once, lasting illness"),
)
"""Rows of the chain after the published total, in order; see `totals`."""


def totals(tables: Tables, values: Values, own: Tables, place: str, lives: Lives) -> list[float]:
    """Give lost GDP after each part of the chain [GBP million a year]."""
    row = next(row for row in own.rows["ace_cost_places"] if row.authority == place)
    given = inputs(own, own.values())
    diseases = np.array([name not in risk_factors(own) for name in conditions(own)])
    fewer = given._replace(**{name: getattr(given, name)[diseases] for name in ("risk_1", "risk_2", "daly_rate")})
    causal = causal_part(
        tables, values, fewer, [name for name, kept in zip(conditions(own), diseases, strict=True) if kept]
    )
    healthy = gdp_per_head(tables, values)
    residents, people = float(row.population), lives.people
    number = [x.condition for x in tables.rows["conditions"]]
    at = [number.index(name) for name, kept in zip(conditions(own), diseases, strict=True) if kept]
    exposed = float((lives.fraction[at] * fewer.daly_rate).sum()) * people / PER
    illness = float((lives.fraction * lives.yld).sum())
    return [
        part / MILLION
        for part in (
            float(dalys(given, residents).sum()) * row.value,
            float(dalys(fewer, residents).sum()) * row.value,
            float(dalys(causal, residents).sum()) * row.value,
            float(dalys(causal, people).sum()) * row.value,
            float(dalys(causal, people).sum()) * healthy,
            exposed * healthy,
            illness * healthy,
            (illness + lives.yll_top_down) * healthy,
            (illness + lives.yll_paired) * healthy,
            (lives.yld_paired + lives.yll_paired) * healthy,
        )
    ]


def causal_part(tables: Tables, values: Values, given: Inputs, names: list[str]) -> Inputs:
    """Keep the causal share of each log relative risk, as the child model does."""
    mental = {row.condition: bool(row.mental) for row in tables.rows["conditions"]}
    share = np.array([values["causal_share_mental" if mental[name] else "causal_share_other"] for name in names])
    return given._replace(risk_1=given.risk_1**share, risk_2=given.risk_2**share)


def one_seed(tables: Tables, values: Values, world: World, place: str, key: tuple[int, int, int]) -> Lives:
    """Let a place's births live twice, with and without adversity, and count top down in the first."""
    here, number = world._replace(key=key), authority_names(tables).index(place)
    s = Surroundings(tables, values, Scenario.today())
    children = cohort(tables, values, [place], None, key)
    seen = Watched(here)
    today = run(s, here, children, watch=seen.watch)
    none = run(s, here._replace(p=here.p._replace(adversity=0.0)), children)

    def lost(book: Ledger, name: str) -> float:
        return float(getattr(book, name)[:, number].sum()) / MILLION

    fraction, yld = seen.by_condition(today.ledger.yld[:, number] / MILLION)
    return Lives(
        fraction=fraction,
        yld=yld,
        yll_top_down=seen.deaths(today.children),
        yll_paired=lost(today.ledger, "yll") - lost(none.ledger, "yll"),
        yld_paired=lost(today.ledger, "yld") - lost(none.ledger, "yld"),
        people=float((today.children["died"] / DAYS).sum()),
    )


class Watched:
    """Attributable fractions by age and sex, and who is ill of what, seen year by year in a run of one birth cohort."""

    def __init__(self, world: World) -> None:
        self.world, size = pack(world), len(world.weights)
        self.weights = np.asarray(world.weights)
        self.fraction = np.zeros((size + 1, 2, AGES))  # of each condition, and of death
        self.ill = np.zeros((size, 2, AGES))

    def watch(self, year: int, records: Any) -> None:
        """Count a year: mean relative risks of those at risk, and the living who are ill, by condition and sex."""
        people, ratios = np.zeros(self.fraction.shape[:2], np.int64), np.zeros(self.fraction.shape[:2])
        own = np.zeros((len(records), len(self.weights)))
        ratios_conditions(records, self.world, year, own)
        sum_ratios(records, self.world, year, own, people, ratios)
        self.fraction[:, :, year] = np.where(ratios > 0, 1.0 - people / np.where(ratios > 0, ratios, 1.0), 0.0)
        living = records[records["died"] == NEVER]
        for number in range(len(self.weights)):
            ill = living["sex"][living["conditions"] >> number & 1 == 1]
            self.ill[number, :, year] = np.bincount(ill, minlength=2)

    def by_condition(self, yld: Any) -> tuple[Any, Any]:
        """Share each year's years lived with disability among conditions, and average their fractions over a life.

        Parameters
        ----------
        yld : (ages,) of all conditions together

        Returns
        -------
        two (C,) arrays: attributable fraction, and years lived with disability
        """
        borne = self.weights[:, None, None] * self.ill
        whole = borne.sum(axis=(0, 1))
        shared = borne * np.where(whole > 0, yld / np.where(whole > 0, whole, 1.0), 0.0)
        each = shared.sum(axis=(1, 2))
        due = (self.fraction[:-1] * shared).sum(axis=(1, 2))
        return np.where(each > 0, due / np.where(each > 0, each, 1.0), 0.0), each

    def deaths(self, records: Any) -> float:
        """Sum years of life lost times the attributable fraction of deaths at that age and sex."""
        age = records["died"] // DAYS - records["birth_year"]
        return float((self.fraction[-1, records["sex"], age] * records["yll"]).sum()) / MILLION
