"""Deaths in car crashes: a rare event in a sample with weights. Writes it in every format."""

from pathlib import Path

import logreg

sheet = logreg.datasets.describe("crashes")
fit = logreg.fit(sheet.formula, logreg.datasets.load("crashes"), weights="weight", weight_kind="sampling")
print(fit.summary())
for suffix in logreg.report.FORMATS:
    path = Path(__file__).with_suffix(suffix)
    fit.report(path, title=sheet.title, units={"age": 10})
    print(f"wrote {path.name}")
