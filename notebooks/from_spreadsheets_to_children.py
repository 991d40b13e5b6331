# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From the published spreadsheets to the children
#
# In 2024 a report for the West Midlands (Chard and Radley, West Midlands Combined Authority) published the answers
# of two spreadsheet models: what adverse childhood experiences (ACEs) cost the region, and what a school population
# of Sandwell would gain if services held its children better. The spreadsheets themselves are not published. Here
# both are rebuilt, and then walked, one difference at a time, to the answer of the child model. The report does not
# endorse this work.
#
# **Nobody in it is a real child, and nothing in it may be used to predict or decide about one.**

# %%
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Image

from experiments.figures import png
from experiments.published import ace_costs, bridge, pictures, reconciliation, reconstruction
from experiments.published.flow import answers, flow
from experiments.published.flow_law import plan_flow
from experiments.published.flow_ledger import ledger
from experiments.published.inputs import load_published
from experiments.published.scenarios import flow_scenario

tables = load_published()
values = tables.values()

# %% [markdown]
# ## 1. What ACEs cost
#
# The published method: how many people have how many ACEs, how much likelier each makes a condition, which part of
# the condition's burden is therefore due to ACEs, and what a year of healthy life is worth. The publication's own
# relative risks were not to be had; those here are assumptions of the right order, so the rebuilt totals need not be
# right where they come close. Smoking and obesity are counted beside the diseases that they cause: the last column
# leaves them out.

# %%
question = ace_costs.ask(tables, ace_costs.authorities(tables), 0.1, None, None, None, draws=256, seed=1)
answer = ace_costs.rebuild(tables, question)
pd.DataFrame(
    {
        "ACEs": [place.aces for place in answer.places],
        "share with 2+": [round(place.implied_share, 4) for place in answer.places],
        "lost GDP, published": [place.gdp_lost for place in answer.places],
        "rebuilt": [round(place.rebuilt.value, 1) for place in answer.places],
        "low 95": [round(place.rebuilt.low, 1) for place in answer.places],
        "high 95": [round(place.rebuilt.high, 1) for place in answer.places],
        "without risk factors": [round(place.rebuilt_without.value, 1) for place in answer.places],
        "yearly cost, GBP": [round(place.yearly_cost) for place in answer.places],
        "ten years, published rule": [round(place.cost_published_rule) for place in answer.places],
        "ten years, ten terms": [round(place.cost_all_terms) for place in answer.places],
    },
    index=[place.title for place in answer.places],
)

# %% [markdown]
# Would 10% fewer ACEs save 10% of the cost? Only if every exposed group shrinks alike. Prevent each ACE with the
# same chance, and relative risks by class of people give less. An estimate for Wales, of another method, says 7%.

# %%
pd.DataFrame(
    {
        "who has fewer": [rule.replace("_", " ") for rule, _ in answer.rules.shares],
        "how it is counted": [count.replace("_", " ") for _, count in answer.rules.shares],
        "% of lost GDP saved": [round(100 * band.value, 2) for band in answer.rules.shares.values()],
        "estimate for Wales": round(100 * answer.benchmark.share, 2),
    }
)

# %% [markdown]
# ## 2. The flow of a school population
#
# Pupils and their childhood adversities and traumas (CATs) enter; a service holds a child, holds it with support,
# passes it up, or leaves it with no service. Twelve inputs are reconstructed so that the five published answers come
# out.

# %%
improved = flow_scenario("improved", tables)
today, then = flow(tables, values), flow(tables, values, improved)
published, _ = reconstruction.published(tables)
pd.DataFrame({"published": published, "rebuilt": list(answers(today, then))}, index=answers(today, then)._fields).round(
    3
)

# %%
last = ledger(today, plan_flow(tables), values).query("year == 4 and children_in_need > 0")
last.set_index("service")[
    ["children_in_need", "children_held", "children_escalated", "cats_in", "cats_out", "cats"]
].round(0)

# %% [markdown]
# Many other sets of inputs give the same five answers. Ask each of them what the publication did not say, and they
# differ widely: the published illustration cannot tell whether Sufficiency or trauma-informed practice brings the
# gain.

# %%
kept, tried = reconstruction.sets(tables, improved, 24, seed=1)
asked = reconstruction.spread(tables, kept, improved)
Image(png(pictures.range_figure(asked)), width=1000)

# %% [markdown]
# ## 3. One difference at a time
#
# With every difference off, simulated children are the flow model. Then each difference is switched on in turn. The
# run is small, so that it ends in half a minute; the errors are large in the rows that draw the uncertain numbers.

# %%
walked = bridge.bridge(improved, draws=4, replicates=4, seed=1)
columns = ["title", "cats_per_child", "fewer_cats", "cost", "avoided", "avoided_change", "avoided_change_mcse"]
walked[columns].round(3)

# %%
Image(png(pictures.bridge_figure(walked)), width=1000)

# %% [markdown]
# Two steps stand out beyond the change of population. The flow model's relation of CATs to DALYs is an assumption
# several times larger than what the children's own life course gives. And the effects of Sufficiency and trauma-
# informed practice that the published answers imply are larger than anything that has been measured, which is
# nothing.
#
# ## 4. Lost GDP, from top down to bottom up
#
# The same sum from the other side: the published total, and what leads from it to the difference that adversity
# makes to paired lives. Each row changes one thing.

# %%
parts = reconciliation.reconcile(seed=1, replicates=3)
figure, axes = plt.subplots(figsize=(9, 4))
axes.barh(parts["explanation"], parts["amount"], left=(parts["total"] - parts["amount"]).where(parts.index > 0, 0.0))
axes.invert_yaxis()
axes.set_xlabel("GBP million a year, Sandwell")
axes.axvline(0, color="#222222", linewidth=0.8)
figure.tight_layout()

# %% [markdown]
# ## Limits
#
# - The spreadsheets were not to be had: inputs are reconstructed, and most figures are recalled, not read in a source.
# - Meeting the published answers is no evidence for the inputs: the range above shows how many others do.
# - The order of the bridge is fixed; another order would part the same whole otherwise.
# - Harm from adversity is well evidenced; benefit from Sufficiency and trauma-informed practice is not.
# - The simulated children are no real children. Do not use either model to predict or decide about any child.
