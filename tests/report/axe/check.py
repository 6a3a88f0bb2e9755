"""HTML reports in a browser: accessible, and working as the tests that need no browser cannot see.

Needs Chromium, node, and the packages ``axe-core`` and ``playwright-core`` (``npm install`` both anywhere):

    NODE_PATH=/path/to/node_modules python tests/report/axe/check.py [chromium]

Each report is opened in light and dark, at the width of a desk and of a phone. axe-core must find no
violation and the page must not be wider than the screen. 200 random records go into the calculator; the
probabilities it copies must be those of ``fit.probabilities(interval=True)`` to 1e-9. The baseline of the
tables must change by keyboard, say so, and leave the page accessible. Tables must sort and return, every
button must copy something, and there must be no error and no request.

Last result, with Chromium 156 and axe-core 4.14.1 over birthwt, ucb, womenlf and anes96: 170 checks, 0
faults; no violation in 18 runs; the largest difference of a probability or limit is 8e-16.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import logreg
from logreg.design.distribution import Distribution
from logreg.report.calculator import calculator_model
from logreg.report.context import context_of
from logreg.report.outline import level_text

DATA_SETS = ("birthwt", "ucb", "womenlf", "anes96")
N_RECORDS = 200


def records_of(fit: logreg.LogisticFit) -> list[Any]:
    """Return random records as inputs of the calculator with the probabilities and limits of the fit."""
    rng = np.random.default_rng(11)
    profiles = fit.profiles()
    inputs: list[list[str]] = []
    columns: dict[str, list[Any]] = {}
    for one in calculator_model(context_of(fit), profiles).inputs:
        profile = profiles[one.name]
        if one.choices is None:
            assert one.low is not None
            assert one.high is not None
            drawn = rng.uniform(one.low, one.high, N_RECORDS).tolist()
            inputs.append([repr(x) for x in drawn])
            columns[one.name] = drawn
            continue
        places = rng.integers(len(one.choices), size=N_RECORDS).tolist()
        values = profile.values.tolist() if isinstance(profile, Distribution) else list(profile)
        by_text = {level_text(value): value for value in values}
        inputs.append([str(place) for place in places])
        columns[one.name] = [by_text[one.choices[place]] for place in places]
    table = fit.probabilities(pd.DataFrame(columns), interval=True)
    found = table[["estimate", "conf_low", "conf_high"]].to_numpy().reshape(N_RECORDS, -1, 3)
    expected = [[[None if math.isnan(x) else x for x in row] for row in one] for one in found.tolist()]
    return [list(pair) for pair in zip(zip(*inputs, strict=True), expected, strict=True)]


def main() -> int:
    executable = sys.argv[1] if len(sys.argv) > 1 else shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder:
        reports = []
        for name in DATA_SETS:
            sheet = logreg.datasets.describe(name)
            fit = logreg.fit(sheet.formula, logreg.datasets.load(name))
            path = Path(folder) / f"{name}.html"
            fit.report(path, title=sheet.title)
            reports.append(
                {
                    "name": name,
                    "path": str(path),
                    "records": records_of(fit),
                    "outcomes": [level_text(name) for name in fit.spec.outcome.names],
                }
            )
        job = json.dumps({"reports": reports, "chromium": executable})
        script = Path(__file__).with_suffix(".js")
        return subprocess.run(["node", str(script)], input=job, text=True, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
