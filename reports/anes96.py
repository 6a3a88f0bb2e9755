"""Party identification: an outcome of seven classes. Writes it in every format."""

from pathlib import Path

import logreg

sheet = logreg.datasets.describe("anes96")
fit = logreg.fit(sheet.formula, logreg.datasets.load("anes96"))
print(fit.summary())
for suffix in logreg.report.FORMATS:
    path = Path(__file__).with_suffix(suffix)
    fit.report(path, title=sheet.title, units={"age": 10})
    print(f"wrote {path.name}")
