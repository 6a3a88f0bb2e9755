"""Contraception: women in districts, errors by cluster. Writes it in every format."""

from pathlib import Path

import logreg

sheet = logreg.datasets.describe("contraception")
data = logreg.datasets.load("contraception")
fit = logreg.fit(sheet.formula, data, covariance=logreg.cluster("district"))
print(fit.summary())
for suffix in logreg.report.FORMATS:
    path = Path(__file__).with_suffix(suffix)
    fit.report(path, title=sheet.title)
    print(f"wrote {path.name}")
