"""Average predictions and comparisons from Python's marginaleffects 0.6 on statsmodels 0.15: averages.json.

In an environment with marginaleffects 0.6.0, statsmodels 0.15.0 and polars 1.44: python averages.py
A step of a number is centred there (from x - 5 to x + 5), so that ends are given. Its slopes are left out:
their errors come from differences of differences and are up to 0.6 % off.
"""

import json
import warnings
from importlib.metadata import version

import marginaleffects as me
import pandas as pd
import statsmodels.formula.api as smf

warnings.simplefilter("ignore")
data = pd.read_csv("../../data/a01_birthwt.csv")
data["low"] = data["low"].astype(int)
for name, levels in {
    "race": ["white", "black", "other"],
    "smoke": ["no", "yes"],
    "ht": ["no", "yes"],
}.items():
    data[name] = pd.Categorical(data[name], levels)
women = pd.read_csv("../../data/a03_womenlf.csv")
formula = "low ~ age * smoke + I(lwt ** 2) + lwt + race + ht"
fit = smf.logit(formula, data).fit(method="newton", tol=1e-14, maxiter=100, disp=False)


def table(frame, *labels):
    columns = [*labels, "estimate", "std_error", "conf_low", "conf_high"]
    return {name: frame[name].to_list() for name in columns}


result = {"formula": "low ~ age * smoke + I(lwt**2) + lwt + race + ht"}
result["predictions"] = table(me.avg_predictions(fit))
result["predictions_by_race"] = table(me.avg_predictions(fit, by="race"), "race")
result["predictions_at_smoke"] = table(
    me.avg_predictions(fit, variables={"smoke": ["no", "yes"]}, by="smoke"), "smoke"
)
for kind in ("differenceavg", "ratioavg", "lnratioavg", "lnoravg"):
    found = me.avg_comparisons(
        fit, variables={"age": [20, 30], "smoke": "reference", "race": "pairwise"}, comparison=kind
    )
    result[kind] = table(found, "term", "contrast")
result["by_race"] = table(me.avg_comparisons(fit, variables="smoke", by="race"), "race")
result["moves"] = {
    move: table(me.avg_comparisons(fit, variables={"age": move}), "contrast") for move in ("iqr", "minmax")
}
result["rows"] = table(me.comparisons(fit, variables={"age": [20, 30]}))
result["rows"] = {name: values[:10] for name, values in result["rows"].items()}
result["versions"] = {name: version(name) for name in ("marginaleffects", "polars", "statsmodels")}
with open("averages.json", "w") as file:
    json.dump(result, file, indent=1)
