"""One trial, four models side by side, Firth's for a separated level among them. Writes every format."""

from pathlib import Path

import logreg

data = logreg.datasets.load("strep_tb")
small = 'improved ~ arm + C(baseline_condition, Treatment("poor"))'
large = f"{small} + gender + baseline_cavitation"
table = logreg.compare_table(
    logreg.fit("improved ~ arm", data),
    logreg.fit(small, data),
    logreg.fit(small, data, estimator="firth"),
    logreg.fit(large, data, estimator="firth"),
    names=["Arm alone", "With condition", "Firth", "Firth, adjusted"],
)
print(table)
for suffix in logreg.report.FORMATS:
    path = Path(__file__).with_suffix(suffix)
    table.write(path)
    print(f"wrote {path.name}")
