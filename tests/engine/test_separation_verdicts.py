"""Verdicts on separation against an independent linear programme, on a thousand small random designs.

The programme here works on all rows at once and asks two questions of textbook form (Albert and Anderson
1984): is there a direction with margin 1 on every pair of observed and other outcome (complete), and if not,
one with no negative margin and a positive sum (quasi-complete)?
"""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

import logreg

N_DESIGNS = 500
#: Margins are whole numbers and directions at most 1: what is positive is far from rounding.
POSITIVE = 1e-6


def margins(design: np.ndarray, observed: np.ndarray, n_outcomes: int) -> np.ndarray:
    """One row per record and other outcome: what direction (m p,) is multiplied with."""
    rows = []
    for x, k in zip(design, observed, strict=True):
        for other in range(n_outcomes):
            if other != k:
                a = np.zeros((n_outcomes, design.shape[1]))
                a[k] += x
                a[other] -= x
                rows.append(a[1:].ravel())
    return np.array(rows)


def verdict(design: np.ndarray, observed: np.ndarray, n_outcomes: int) -> str:
    a = margins(design, observed, n_outcomes)
    free = [(None, None)] * a.shape[1]
    complete = linprog(np.zeros(a.shape[1]), A_ub=-a, b_ub=-np.ones(len(a)), bounds=free, method="highs-ds")
    if complete.status == 0:
        return "complete"
    assert complete.status == 2
    box = [(-1.0, 1.0)] * a.shape[1]
    quasi = linprog(-a.sum(axis=0), A_ub=-a, b_ub=np.zeros(len(a)), bounds=box, method="highs-ds")
    assert quasi.status == 0
    return "quasi-complete" if -quasi.fun > POSITIVE else "none"


@pytest.mark.parametrize("n_outcomes", [2, 3])
def test_a_thousand_small_designs(n_outcomes: int) -> None:
    rng = np.random.default_rng(100 + n_outcomes)
    found: Counter[str] = Counter()
    while found.total() < N_DESIGNS:
        n, q = int(rng.integers(5, 22)), int(rng.integers(1, 4))
        numbers = rng.integers(-2, 3, size=(n, q)).astype(float)
        scores = numbers @ rng.normal(size=(q, n_outcomes)) * rng.choice([0.3, 1.0, 3.0])
        observed = (scores + rng.gumbel(size=(n, n_outcomes))).argmax(axis=1)
        if len(set(observed)) < n_outcomes:
            continue
        data = pd.DataFrame(numbers, columns=[f"x{j}" for j in range(q)]).assign(y=observed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", logreg.errors.LogregWarning)
            fit = logreg.fit("y ~ " + " + ".join(data.columns[:-1]), data)
        expected = verdict(np.column_stack([np.ones(n), numbers]), observed, n_outcomes)
        assert fit.separation.verdict == expected, data.to_dict("list")
        assert np.isinf(fit.coef_array).any() == (expected != "none")
        found[expected] += 1
    assert min(found.values()) >= 20
    assert len(found) == 3
