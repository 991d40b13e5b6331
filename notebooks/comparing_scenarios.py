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
# # Comparing scenarios by what they cost and avert
#
# Which of several scenarios is worth its cost, to whom, and how sure is that? Four scenarios are lived by the same
# simulated children of Sandwell under the same chance. Sizes are small, so that it ends within a minute, and errors are
# large. **No child in it is real, and nothing in it may be used to predict or decide about one.**

# %%
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
from IPython.display import Image

from experiments.figures import png
from experiments.study import compare_figures as pictures
from experiments.study import comparison, course, folder
from experiments.study.carriers import on_this_machine
from experiments.study.compare_screen import screen
from experiments.study.declaration import Experiment, set_up
from simulation.scenario import Lever, Scenario

visits = Lever(kind="intervention", name="home_visiting_early_start", coverage=0.5)
parenting = Lever(kind="intervention", name="triple_p", coverage=0.5)
asked = Experiment(
    name="worth",
    question="Visits, parenting, or better schools?",
    scenarios=("today", "improved"),
    own=(Scenario(name="visits", levers=(visits,)), Scenario(name="parenting", levers=(parenting,))),
    outputs=("cost_to_18", "dalys_whole_discounted"),
    draws=32,
    chance=2,
    children=600,
)
setup = set_up(asked)
out = Path(mkdtemp()) / "worth"
folder.begin(setup, out)
course.take(setup, out, on_this_machine(jobs=None, processes=False), shard=None, show=None)
f"{2 * len(folder.done(out))} draws done"

# %% [markdown]
# ## What all public payers pay
#
# The published improvement of schools has no known cost. It is not free: it is drawn hollow, before its own cost, and
# has neither a place on the frontier nor a probability of being best. What can be said is the most that it may cost.

# %%
public = comparison.asked_of(setup, "public", threshold=None, horizon="life", weights=None, averaged=False, place=None)
found = comparison.compare(setup, out, public)
print(screen(found))

# %%
Image(png(pictures.compare_figure(found)), width=1000)

# %% [markdown]
# ## Who gains, and when
#
# The payer that spends is seldom the one that is spared. Each bar is services spared less what the scenario costs that
# payer, by the child's age.

# %%
money = found.net_benefit.query("scenario == 'visits' and quantity == 'net money'")
money = money.pivot_table(index="bearer", columns="horizon", values="mean", sort=False)
money = money.reindex(["education", "social_care", "health", "justice", "council", "public", "society"])
figure, axes = plt.subplots(figsize=(8, 2.8), layout="constrained")
money[["5", "10", "18"]].plot.barh(ax=axes, color=("#56B4E9", "#0072B2", "#222222"), width=0.75)
axes.invert_yaxis()
axes.axvline(0, color="#222222", linewidth=0.8)
axes.set_xlabel("visits: net money to that age, GBP million, discounted")
axes.set_ylabel("")
axes.legend(title="to age", frameon=False, loc="upper left")

# %% [markdown]
# ## What the improvement may cost
#
# The break-even spend, a child born, from three perspectives. Society's holds lost GDP, which is DALYs at GDP a head:
# what a DALY is worth is in it already, so none is added. Thin lines hold 95% of runs.

# %%
figure, axes = plt.subplots(figsize=(8, 2.2), layout="constrained")
for height, perspective in enumerate(("council", "public", "society")):
    rows = comparison.compare(setup, out, public._replace(perspective=perspective, threshold=0.0)).break_even
    row = rows.query("scenario == 'improved' and unit == 'GBP a child born'").iloc[0]
    axes.plot([row["low_95"], row["high_95"]], [height, height], color="#D55E00", linewidth=1)
    axes.plot(row["mean"], height, "D", color="#D55E00")
axes.axvline(0, color="#222222", linewidth=0.8)
axes.set_yticks(range(3), ["council", "public", "society"])
axes.set_ylim(2.5, -0.5)
axes.set_xlabel("most that the improvement may cost without loss, GBP a child born")

# %% [markdown]
# ## Limits
#
# So few draws and children tell little: errors stand beside every figure on the screen. Effects and costs of programmes
# are mostly assumptions, and a trial that found more stands beside one that found none: the screen says which. A
# probability of being the best is that under the model's own uncertainty, not that the model is right. Nothing here is
# for predicting or deciding about any real child.
