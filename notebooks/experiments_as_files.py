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
# # Experiments as files
#
# A researcher does not run a model, but thousands of it, and has to say how sure the answer is. Here an experiment is
# declared in a few lines, stopped, taken up again, and gathered; then its band is parted into chance, evidence and
# assumption. Sizes are tiny, so that it ends in seconds. **Nobody in it is a real child, and nothing in it may be
# used to predict or decide about one.**

# %%
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt

from experiments.study import course, folder
from experiments.study.carriers import on_this_machine
from experiments.study.declaration import Experiment, set_up
from experiments.study.tasks import work

asked = Experiment(
    name="notebook",
    question="What do better schools and TIP alignment change?",
    scenarios=("today", "improved"),
    outputs=("cats", "ever_looked_after", "service_cost_discounted"),
    draws=32,
    chance=2,
    children=300,
)
setup = set_up(asked)
out = Path(mkdtemp()) / "notebook"
folder.begin(setup, out)
f"{setup.pairs} tasks, {len(setup.names)} uncertain numbers"

# %% [markdown]
# ## Stopped and taken up again
#
# A task depends on nothing but the experiment's text and its number. Two are done here by hand, as if the rest had been
# interrupted; what follows does only what is missing.

# %%
for task in (0, 7):
    folder.keep(out, work(setup.text, task))
print(*course.lines_of(setup, out), sep="\n")
course.take(setup, out, on_this_machine(jobs=None, processes=False), shard=None, show=None)
table = course.collect(setup, out)
print(*course.lines_of(setup, out), sep="\n")

# %% [markdown]
# ## Where the band comes from
#
# The band of a difference is that of one cohort's run. Its variance is parted into chance (another cohort under the
# same numbers), numbers that rest on evidence, and assumptions. With so few draws the parts are rough: one may even
# come out below nought.

# %%
gaps = table[table["scenario"].str.contains("less")].set_index("quantity")
gaps[["unit", "mean", "mcse", "low_95", "high_95", "from_chance", "from_evidence", "from_assumption"]].round(4)

# %%
parts = gaps[["from_chance", "from_evidence", "from_assumption"]].clip(lower=0)
figure, axes = plt.subplots(figsize=(8, 2.6), layout="constrained")
left = 0
for name, colour in zip(parts, ("#999999", "#56B4E9", "#E69F00"), strict=True):
    axes.barh(parts.index, parts[name], left=left, color=colour, label=name.removeprefix("from_"))
    left = left + parts[name]
axes.set_xlabel("share of the variance of one run's difference")
axes.legend(frameon=False, ncols=3)
plt.show()

# %% [markdown]
# ## How precise by now
#
# The Monte Carlo error of a difference, over its 95% band, falls with the square root of the draws: to halve it takes
# four times as many. With `[precision]` an experiment stops by itself where the error asked for is reached.

# %%
from experiments.study.gather import precision, read_answers

runs = read_answers(setup, folder.done(out))
tasks = [4, 6, 8, 10, 12, 14, 16]
errors = [precision(setup, runs[:, :some]) for some in tasks]
figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
for name, error in zip(gaps.index, zip(*errors, strict=True), strict=True):
    axes.plot([2 * some for some in tasks], error, marker="o", label=name)
axes.set_xlabel("draws of the numbers")
axes.set_ylabel("error over the 95% band")
axes.set_ylim(bottom=0)
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## What twins are worth
#
# The same difference with the improved services under another seed of chance, or in another draw altogether, varies so
# many times as much, at the same cost.

# %%
from experiments.study.design import twins_gain

worth = twins_gain(setup, runs).set_index("quantity")[["other_chance", "other_draw"]]
figure, axes = plt.subplots(figsize=(8, 2.6), layout="constrained")
worth.plot.barh(ax=axes, color=["#56B4E9", "#999999"], logx=True)
axes.set_xlabel("variance without twins over that with them")
axes.set_ylabel("")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Limits
#
# Three hundred children and 32 draws show how experiments work, not what the answer is. Errors and shares of variance
# are themselves rough here; what is graded assumption stays an assumption however many draws are made.
