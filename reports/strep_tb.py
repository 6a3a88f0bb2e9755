"""Streptomycin for tuberculosis: one level decides the outcome. Writes it in every format."""

from pathlib import Path

import logreg

sheet = logreg.datasets.describe("strep_tb")
formula = 'improved ~ arm + gender + C(baseline_condition, Treatment("poor"))'
fit = logreg.fit(formula, logreg.datasets.load("strep_tb"))
print(fit.summary())
for suffix in logreg.report.FORMATS:
    path = Path(__file__).with_suffix(suffix)
    fit.report(path, title=sheet.title, interval="profile")
    print(f"wrote {path.name}")
