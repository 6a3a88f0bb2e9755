"""Low birth weight: a binary outcome with numbers and factors. Writes it in every format."""

from pathlib import Path

import logreg

sheet = logreg.datasets.describe("birthwt")
fit = logreg.fit(sheet.formula, logreg.datasets.load("birthwt"))
print(fit.summary())
for suffix in logreg.report.FORMATS:
    path = Path(__file__).with_suffix(suffix)
    fit.report(path, title=sheet.title, units={"age": 5, "lwt": 10})
    print(f"wrote {path.name}")
