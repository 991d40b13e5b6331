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
# # Two hypotheses, judged
#
# A hypothesis is a file: a statement, the scenarios it compares, a quantity, the smallest difference that matters and
# what would refute it. It is registered before it is run, and comes out supported, refuted or undetermined.
#
# The run is small, so that it ends in a minute: with 32 draws of the uncertain numbers and 300 children **no verdict
# can be given at the level of 0.9**, however one-sided the draws are; `wellheld hypothesis run` takes 64 draws and
# more children. **Nobody here is a real child, and nothing here may be used to predict or decide about one.**

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

from experiments.study import judging
from experiments.study.carriers import on_this_machine
from experiments.study.hypotheses import find_hypothesis, sized
from experiments.study.judging_screen import formula, screen
from experiments.study.verdict import by_draw

names = ["package_cuts_cats", "tip_adds_over_sufficiency"]
chosen = [sized(find_hypothesis(name), draws=32, children=300) for name in names]
for each in chosen:
    print(each.hypothesis.statement)
    print(" ", formula(each.hypothesis.quantity))
    print("  refuted by:", each.hypothesis.refuted_by)

# %% [markdown]
# ## 1. Run and judged together
#
# What was registered is copied into the folder first; the same folder goes on where it stopped.

# %%
folder = Path(tempfile.mkdtemp())
found = judging.judge(chosen, folder, on_this_machine(2, False))
print(screen(found))

# %% [markdown]
# ## 2. Every draw, and the line it has to pass
#
# Each dot is one draw of the uncertain numbers, its chance averaged out: left of the line the hypothesis holds.

# %%
figure, axes = plt.subplots(figsize=(8, 2.6))
for row, each in enumerate(found):
    quantity = each.registered.hypothesis.quantity
    values = by_draw(each.measured).ravel()
    axes.scatter(values, [row] * len(values), s=14, alpha=0.6)
    axes.plot([quantity.threshold] * 2, [row - 0.3, row + 0.3], color="black")
axes.set_yticks(range(len(names)), names)
axes.set_xlabel("relative change (each its own quantity)")
figure.tight_layout()

# %% [markdown]
# ## 3. What decides
#
# The effect of trauma-informed practice is an assumption from -0.2 to 0.4. Along it the second hypothesis turns.

# %%
last = found[-1]
points = last.setup.drawn[1]
column = last.setup.names.index("tip_effect")
figure, axes = plt.subplots(figsize=(8, 3))
for matrix in range(2):
    axes.scatter(points[matrix][:, column], by_draw(last.measured)[matrix], s=14, color="#1b7837", alpha=0.7)
axes.axhline(last.registered.hypothesis.quantity.threshold, color="black")
axes.set_xlabel("tip_effect")
axes.set_ylabel("change of unresolved events")
figure.tight_layout()

# %% [markdown]
# ## 4. The probability, and how surely it is known

# %%
figure, axes = plt.subplots(figsize=(8, 2))
for row, each in enumerate(found):
    chance = each.probability
    axes.plot([chance.low, chance.high], [row, row], color="#762a83")
    axes.plot(chance.mean, row, "o", color="#762a83")
axes.axvspan(0.9, 1, color="#7fbf7b", alpha=0.3)
axes.axvspan(0, 0.1, color="#e08214", alpha=0.3)
axes.set_yticks(range(len(names)), names)
axes.set_xlim(0, 1)
axes.set_xlabel("share of draws in which it holds (bounds of 95% either way)")
figure.tight_layout()

# %% [markdown]
# ## Limits
#
# A probability here is one under this model and the ranges of its numbers; its structure is in none. A verdict that
# rests on assumption says what was assumed. Thresholds and constructions are choices, written into each file.
