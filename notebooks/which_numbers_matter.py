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
# # Which numbers matter, told in three figures
#
# Some 150 numbers of the model are uncertain. An experiment draws all of them many times and runs today's services and
# the improvement published for the West Midlands in 2024 under each draw, with the same children and the same chance.
# From these draws alone, without a further run, three questions are answered: which numbers move the result, under
# which conditions the improvement saves no money, and what it would be worth to know a number better before deciding.
#
# The experiment is small, so that it ends in seconds, and its answers are rough; each says how rough. **Nobody in it is
# a real child, and nothing in it may be used to predict or decide about one.**

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from experiments.study import course, folder, matter
from experiments.study.at_hand import read
from experiments.study.carriers import on_this_machine
from experiments.study.declaration import Experiment, set_up

asked = Experiment(
    name="small",
    question="What do better schools and TIP alignment change?",
    scenarios=("today", "improved"),
    draws=128,
    children=150,
    outputs=("ever_referred", "dalys_whole_discounted", "cost_to_18"),
)
setup, out = set_up(asked), Path(tempfile.mkdtemp()) / "small"
folder.begin(setup, out)
course.take(setup, out, on_this_machine(None, False), None, None)
course.collect(setup, out).query("scenario == 'improved less today'")[["quantity", "mean", "mcse", "low_95", "high_95"]]

# %% [markdown]
# ## 1. Which numbers move how many children are ever referred
#
# A surrogate, a regression on the draws, stands in for the model. How much it errs on draws that it did not see (Q2)
# says how far it can be trusted, and a surrogate that foretells little is refused. Its Sobol indices say what share of
# the variance each number brings. Bars: first-order index; lines: by how much fits without a fold of the draws differ.

# %%
indices = matter.sensitivity(out, "ever_referred").tables["sensitivity_surrogate"]
numbers = indices.query("by == 'number'").head(6).iloc[::-1]

figure, axes = plt.subplots(figsize=(8, 2.8))
axes.barh(numbers["name"], numbers["first"], color="#7fbf7b")
axes.hlines(numbers["name"], numbers["first_low"], numbers["first_high"], color="#1b7837")
axes.set(xlim=(0, 1), xlabel=f"share of the surrogate's variance (Q2 {indices['q2'][0]:.2f})")
figure.tight_layout()

# %% [markdown]
# ## 2. Where the improvement saves no money
#
# PRIM peels away the edges of the numbers' space until what is left mostly fails. Each limit has a quasi-p value, and
# the box is tried on draws that did not help to find it. At this size chance may explain every
# box: the table is then empty, and the figure shows why.

# %%
box = matter.discover(out, "cost_to_18 > 0").tables["discovery_prim"]
box[["number", "low", "high", "quasi_p", "coverage", "density", "base", "density_held_out"]].round(3)

# %%
hand = read(out)
change = hand.mean("cost_to_18")
figure, axes = plt.subplots(figsize=(8, 3.2))
axes.scatter(hand.points["tip_effect"], change, c=["#e08214" if each > 0 else "#1b7837" for each in change], s=14)
axes.axhline(0, color="black", linewidth=0.8)
axes.set(xlabel="effect of TIP alignment on holding (log-odds)", ylabel="cost to 18, improved less today (GBP million)")
figure.tight_layout()

# %% [markdown]
# ## 3. What knowing a number would be worth
#
# A DALY averted counts 70,000 pounds here, and the programme, whose cost is unknown, is said to cost 1,500 pounds a
# child: both are the reader's to change. Where the best decision hangs on a number, knowing it is worth something.

# %%
answer = matter.value_information(out, threshold=70_000, costs=[1_500])
worth = answer.tables["evppi"].query("by == 'number'").head(6).iloc[::-1]
decision = answer.tables["decision"].iloc[0]

figure, axes = plt.subplots(figsize=(8, 2.8))
axes.barh(worth["name"], worth["evppi"], xerr=worth["evppi_se"], color="#7fbf7b")
axes.axvline(decision["evpi"], color="black", linestyle=":")
axes.set(xlabel="GBP million, one year's births of Sandwell (dotted: knowing all numbers)")
axes.set_xlim(left=0)
figure.tight_layout()

# %%
pd.DataFrame(answer.tables["evsi"]).head(6).round(3)

# %% [markdown]
# ## Limits
#
# - Few draws of few children: much of what varies is chance, and small effects cannot be told from none.
# - Indices are the surrogate's, as good as its Q2, and of the numbers' ranges as they stand: widen a range and its
#   number matters more.
# - Numbers picked as the strongest look stronger than they are: they were picked on the same draws.
# - The worth of data is before their cost and delay, and takes records to tell what they are meant to tell.
# - Nothing here tests the structure of the model.
