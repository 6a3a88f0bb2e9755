"""Admissions at Berkeley: counts of successes and failures. Writes it in every format."""

from pathlib import Path

import logreg

sheet = logreg.datasets.describe("ucb")
fit = logreg.fit(sheet.formula, logreg.datasets.load("ucb"))
print(fit.summary())
for suffix in logreg.report.FORMATS:
    path = Path(__file__).with_suffix(suffix)
    fit.report(path, title=sheet.title, labels={sheet.formula.split(" ~")[0]: "Application"})
    print(f"wrote {path.name}")
