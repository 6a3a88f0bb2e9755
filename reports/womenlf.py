"""Work outside the home: an outcome of three classes. Writes it in every format."""

from pathlib import Path

import logreg

sheet = logreg.datasets.describe("womenlf")
fit = logreg.fit(sheet.formula, logreg.datasets.load("womenlf"))
print(fit.summary())
for suffix in logreg.report.FORMATS:
    path = Path(__file__).with_suffix(suffix)
    fit.report(path, title=sheet.title, units={"hincome": 5})
    print(f"wrote {path.name}")
