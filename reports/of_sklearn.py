"""A model of three classes fitted by scikit-learn, against a baseline. Writes it in every format."""

from pathlib import Path

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import logreg

sheet = logreg.datasets.describe("penguins")
data = logreg.datasets.load("penguins").dropna(subset=["bill_depth_mm", "body_mass_g"])
X, y = data[["bill_depth_mm", "body_mass_g"]], data["species"]
estimator = make_pipeline(StandardScaler(), LogisticRegression(C=float("inf"), tol=1e-10, max_iter=1000))
fit = logreg.from_sklearn(estimator.fit(X, y), X, y)
print(fit.summary())
for suffix in logreg.report.FORMATS:
    path = Path(__file__).with_suffix(suffix)
    fit.report(path, title=f"{sheet.title}: a fit of scikit-learn", units={"body_mass_g": 100})
    print(f"wrote {path.name}")
