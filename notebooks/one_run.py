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
# # One run, told in three figures
#
# Four hundred simulated children of Sandwell live from birth to death, twice: once under today's services, once
# under the improvement published for the West Midlands in 2024 (prevention +2%, Sufficiency of primary and secondary
# schools +10%, trauma-informed practice +20%). The two lives of a child share every random number, so that a child's
# life differs only where the improvement reaches it.
#
# The run is small, so that it ends in seconds: eight draws of the uncertain numbers, each in four runs. Its bands are
# rough. **Nobody in it is a real child, and nothing in it may be used to predict or decide about one.**

# %%
import matplotlib.pyplot as plt

from experiments import base_case
from simulation.inputs import load_tables

results = base_case.run("sandwell", draws=8, children=400)
headline = results.headline.set_index(["scenario", "quantity"])
headline.loc["today"].loc[
    ["cats", "four_or_more_aces", "ever_child_in_need", "ever_looked_after", "dalys", "lost_gdp_discounted"],
    ["unit", "mean", "low_95", "high_95", "mcse"],
].round(3)

# %% [markdown]
# ## 1. Who is held
#
# Each year in which need shows, the child's school and, where it has one, its support service try to hold it. Some
# hold it alone, some with the support of another service, some pass it on, and some leave it with no service. The
# higher the tier, the fewer the children and the harder they are to hold: they arrive with more that is unresolved.

# %%
tier_of = {row.service: row.tier for row in load_tables().rows["services"]}
tiers = ["universal", "early_help", "social_care", "looked_after", "specialist", "out_of_system"]
outcomes = ["held", "held_with_support", "escalated", "no_service"]
colours = ["#1b7837", "#7fbf7b", "#e08214", "#7f3b08"]

flows = results.tables["flow_ledger"].query("scenario == 'today'")
by_tier = flows.groupby(flows["service"].map(tier_of))[[*outcomes, "children_in_need"]].sum().loc[tiers]
shares = by_tier[outcomes].div(by_tier["children_in_need"], axis=0)

figure, axes = plt.subplots(figsize=(8, 3.6))
left = shares["held"] * 0
for outcome, colour in zip(outcomes, colours, strict=True):
    axes.barh(tiers, shares[outcome], left=left, color=colour, label=outcome.replace("_", " "))
    left = left + shares[outcome]
for row, tier in enumerate(tiers):
    axes.text(1.01, row, f"{by_tier['children_in_need'][tier]:,.0f}", va="center")
axes.set(xlabel="share of attempts to hold (at the right: how many, 400 children, ages 0-17)", xlim=(0, 1))
axes.set_yticks(range(len(tiers)), [tier.replace("_", " ") for tier in tiers])
axes.invert_yaxis()
axes.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
figure.tight_layout()

# %% [markdown]
# ## 2. Adversity follows deprivation, and need follows adversity
#
# A CAT is a childhood adversity or trauma; repeated events count every time. On the left, how many a child has met by
# 18, by the deprivation of the place where it was born: decile 1 is the most deprived tenth of England. Sandwell has
# hardly any children beyond decile 7, and at this size neighbouring deciles may stand the wrong way round. On the
# right, what it leads to: how often services try to hold a child in need at each age, and how often they fail.

# %%
groups = results.tables["groups"].query("dimension == 'decile' and children >= 20")
by_age = flows.groupby("age")[["children_in_need", "escalated", "no_service"]].sum() / 4

figure, (first, second) = plt.subplots(1, 2, figsize=(10, 3.6))
for scenario, shift, colour in (("today", -0.2, "#5e3c99"), (results.improved, 0.2, "#b2abd2")):
    here = groups[groups["scenario"] == scenario]
    first.bar(here["group"].astype(int) + shift, here["cats_per_child"], width=0.4, color=colour, label=scenario)
first.set(xlabel="deprivation decile (1 most deprived)", ylabel="CATs per child at 18")
first.legend(frameon=False)
second.plot(by_age.index, by_age["children_in_need"], color="#333333", label="in need")
second.plot(by_age.index, by_age["escalated"] + by_age["no_service"], color="#e08214", label="not held")
second.set(xlabel="age", ylabel="attempts to hold, per 100 children born", xticks=range(0, 18, 2), ylim=(0, None))
second.legend(frameon=False)
figure.tight_layout()

# %% [markdown]
# ## 3. What the improvement changes, and how sure that is
#
# The same children, the same random numbers. Each dot is the mean difference as a share of today's figure; the thick
# line holds 80% and the thin one 95% of the runs. They count both chance and ignorance. On the right, the way by which
# the difference in years of healthy life came about: prevention of adversity alone, then the four channels by which
# services reach health, switched on one after another. The order matters, and the error bars are two Monte
# Carlo standard errors.

# %%
names = ["cats", "ever_referred", "ever_child_in_need", "service_cost", "dalys", "lost_gdp_discounted"]
today = headline.loc["today"].loc[names, "mean"]
change = headline.loc["difference"].loc[names, ["mean", "low_95", "low_80", "high_80", "high_95"]]
change = change.div(today, axis=0) * 100
split = results.tables["decomposition"].query("quantity == 'dalys'")

figure, (first, second) = plt.subplots(1, 2, figsize=(10, 3.6))
first.hlines(range(len(names)), change["low_95"], change["high_95"], color="#5e3c99", linewidth=1)
first.hlines(range(len(names)), change["low_80"], change["high_80"], color="#5e3c99", linewidth=4)
first.plot(change["mean"], range(len(names)), "o", color="white", markeredgecolor="#5e3c99")
first.axvline(0, color="#999999", linewidth=0.8)
first.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
first.invert_yaxis()
first.set(xlabel="change, % of today's mean")
second.bar(split["channel"].str.replace("_", " "), split["mean"], yerr=2 * split["mcse"], color="#b2abd2", capsize=3)
second.axhline(0, color="#999999", linewidth=0.8)
second.set(ylabel="DALYs, improved less today")
second.tick_params(axis="x", rotation=25)
figure.tight_layout()

# %% [markdown]
# What the difference rests on, as the run itself says:

# %%
for sentence in (*results.assumptions, *results.warnings):
    print("-", sentence)

# %% [markdown]
# ## Limits
#
# - Harm from adversity is well evidenced. Benefit from trauma-informed practice is not: its effect is drawn from a wide
#   distribution with median zero, harm included, and Sufficiency's is assumed.
# - The levels of Sufficiency and of trauma-informed practice that stand for today are assumptions, except where
#   staffing of social care was measured.
# - Eight draws of 400 children are for reading. `wellheld run sandwell` takes 64 draws of a year's births.
# - Stocks and flows are set by hand to the statutory returns, roughly; `MODEL.md` names the misses.
# - Support and plans for special educational needs follow, in the model, from not being held at school: much of the
#   service cost spared is theirs, although learning needs do not vanish when a child is held.
# - The bands hold chance and ignorance of numbers, not of the model's structure.
# - The cost of the improvement is unknown and left out: read the break-even spend in the results instead.
# - The simulated children are no real children. Do not use the model to predict or decide about any child.
