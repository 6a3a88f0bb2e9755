"""Party identification: an outcome of seven classes. Writes anes96.html, .md, .txt and .json."""

from pathlib import Path

import logreg

sheet = logreg.datasets.describe("anes96")
fit = logreg.fit(sheet.formula, logreg.datasets.load("anes96"))
print(fit.summary())
for suffix in (".html", ".md", ".txt", ".json"):
    path = Path(__file__).with_suffix(suffix)
    fit.report(path, title=sheet.title, units={"age": 10})
    print(f"wrote {path.name}")
