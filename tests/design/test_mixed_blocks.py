"""Blocks of unequal size: all are encoded in the same way, and the fit is that of the whole table."""

from __future__ import annotations

import numpy as np
import pandas as pd

import logreg
from logreg.data import open_source
from logreg.design.encode import DENSE_CELLS
from logreg.passes.encode import training_rows

#: The order of sums differs between one block and two.
SAME = 1e-9


def test_a_small_last_block_is_encoded_as_the_others() -> None:
    rng = np.random.default_rng(5)
    n, levels = 12_100, 30
    assert 12_000 * (levels - 1) > DENSE_CELLS > 100 * (levels - 1)
    data = pd.DataFrame(
        {"y": rng.integers(0, 2, n), "x": rng.normal(size=n), "g": pd.Categorical(rng.integers(0, levels, n))}
    )
    source = open_source(data, block_rows=12_000)
    fit = logreg.fit("y ~ x + g", source)
    kinds = [type(block.matrix) for block in training_rows(source, fit.spec).blocks]
    assert len(kinds) == 2
    assert len(set(kinds)) == 1
    whole = logreg.fit("y ~ x + g", data)
    np.testing.assert_allclose(fit.coef_array, whole.coef_array, rtol=SAME, atol=SAME)
