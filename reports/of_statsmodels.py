"""A model fitted by statsmodels, reported. Writes it in every format."""

from pathlib import Path

import statsmodels.formula.api as smf

import logreg

sheet = logreg.datasets.describe("birthwt")
data = logreg.datasets.load("birthwt")
result = smf.logit("low ~ age + lwt + race + smoke", data).fit(disp=0)
fit = logreg.from_statsmodels(result)
print(fit.summary())
for suffix in logreg.report.FORMATS:
    path = Path(__file__).with_suffix(suffix)
    fit.report(path, title=f"{sheet.title}: a fit of statsmodels", units={"age": 5, "lwt": 10})
    print(f"wrote {path.name}")
