"""Check the reference coefficients again, by other code in other arithmetic.

The columns come from formulaic (which has no `ns`, so that case is left out); the score, the information and
the Newton step that is left come from mpmath at 40 digits. Prints, per case, the largest step left relative
to the standard error, and the largest relative differences of the standard errors and of the log-likelihood.
Run in this folder: ``python verify.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import formulaic
import mpmath as mp
import numpy as np
import pandas as pd

HERE = Path(__file__).parent
DIGITS = 40


def encoded(case: dict[str, Any]) -> tuple[Any, list[str], Any, Any, Any]:
    """Return columns, their names, outcome codes, weights and offsets of the rows that are used."""
    data = pd.read_csv(HERE.parent / case["data"], keep_default_na=False, na_values=[""])
    if "columns" in case:
        data = data.dropna(subset=case["columns"])
    for column, levels in case["categorical"].items():
        data[column] = pd.Categorical(data[column], categories=levels)
    weights = np.ones(len(data))
    if case["weights"]:
        data = data[data[case["weights"]["column"]] > 0]
        weights = data[case["weights"]["column"]].to_numpy()
    right = case["formula"].split("~", 1)[1]
    columns = formulaic.model_matrix(right, data)
    labels = data[case["outcome"]].map(lambda v: str(int(v)) if isinstance(v, float) else str(v))
    codes = labels.map(case["levels"].index).to_numpy()
    width = len(case["levels"]) - 1
    offset = np.zeros((len(data), width))
    if case["offset"]:
        offset = offset + data[case["offset"]].to_numpy().reshape(len(data), -1)
    return columns.to_numpy(), list(columns.columns), codes, weights, offset


def step_left(case: dict[str, Any]) -> tuple[float, float, float]:
    """Return what is left of the Newton step, and the errors of the standard errors and log-likelihood."""
    x, names, codes, weights, offset = encoded(case)
    assert set(names) == set(case["terms"]), (names, case["terms"])
    outcomes = case["levels"][1:]
    (n, p), width = x.shape, len(outcomes)
    coef = [[mp.mpf(case["expected"]["coef"][o][t]) for t in names] for o in outcomes]
    score = [mp.mpf(0)] * (p * width)
    info = mp.zeros(p * width)
    loglik = mp.mpf(0)
    for i in range(n):
        row, weight = [mp.mpf(float(v)) for v in x[i]], mp.mpf(float(weights[i]))
        eta = [mp.fdot(coef[j], row) + mp.mpf(float(offset[i, j])) for j in range(width)]
        total = 1 + sum(mp.exp(e) for e in eta)
        prob = [mp.exp(e) / total for e in eta]
        loglik += weight * ((eta[codes[i] - 1] if codes[i] else 0) - mp.log(total))
        for j in range(width):
            residual = weight * ((codes[i] == j + 1) - prob[j])
            for a in range(p):
                score[j * p + a] += residual * row[a]
            for k in range(j + 1):
                curvature = weight * prob[j] * ((j == k) - prob[k])
                for a in range(p):
                    scaled = curvature * row[a]
                    for b in range(p):
                        info[j * p + a, k * p + b] += scaled * row[b]
    for j in range(width):
        for k in range(j):
            for a in range(p):
                for b in range(p):
                    info[k * p + b, j * p + a] = info[j * p + a, k * p + b]
    inverse = info**-1
    step = inverse * mp.matrix(score)
    se = [mp.sqrt(inverse[a, a]) for a in range(p * width)]
    stored = [case["expected"]["se"][o][t] for o in outcomes for t in names]
    return (
        float(max(abs(s / e) for s, e in zip(step, se, strict=True))),
        float(max(abs(e / mp.mpf(s) - 1) for e, s in zip(se, stored, strict=True))),
        float(abs(loglik / mp.mpf(case["expected"]["fit"]["loglik"]) - 1)),
    )


def main() -> None:
    mp.mp.dps = DIGITS
    for path in sorted(HERE.glob("b*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        if "ns(" in case["formula"]:
            continue
        step, se, loglik = step_left(case)
        print(
            f"{case['name']}: step left {step:.1e} se; se off {se:.1e}; loglik off {loglik:.1e}", flush=True
        )


if __name__ == "__main__":
    main()
