"""Low birth weight: a binary outcome with numbers and factors. Writes birthwt.html, .md, .txt and .json."""

from pathlib import Path

import logreg

sheet = logreg.datasets.describe("birthwt")
fit = logreg.fit(sheet.formula, logreg.datasets.load("birthwt"))
print(fit.summary())
for suffix in (".html", ".md", ".txt", ".json"):
    path = Path(__file__).with_suffix(suffix)
    fit.report(path, title=sheet.title, units={"age": 5, "lwt": 10})
    print(f"wrote {path.name}")
