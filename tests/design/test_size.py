"""A model that does not fit into memory is refused with its numbers before anything is allocated."""

import re

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.design import size
from logreg.errors import DataError

ROWS = pd.DataFrame({"x": np.linspace(-1, 1, 400), "k": np.arange(400) % 50, "y": np.arange(400) // 3 % 2})


def test_needed_bytes_count_coefficients_and_computed_columns() -> None:
    fit = logreg.fit("y ~ C(k) + poly(x, 2)", ROWS)
    p = len(fit.spec.columns)
    assert size.needed_bytes(fit.spec, 400) == (6 * 8 * p**2, 8 * 400 * 2)


def test_a_share_of_the_free_memory_is_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "UNREMARKABLE_BYTES", 0.0)
    monkeypatch.setattr(size, "available_memory", lambda: 1e5)
    with pytest.raises(DataError, match=re.escape("51 coefficients and 400 rows")) as caught:
        logreg.fit("y ~ x + C(k)", ROWS)
    for words in ("GB", "are free", "'k' alone has 50 levels", "Group its levels"):
        assert words in str(caught.value)
    monkeypatch.setattr(size, "available_memory", lambda: 1e9)
    logreg.fit("y ~ x + C(k)", ROWS)
    monkeypatch.setattr(size, "available_memory", lambda: None)
    logreg.fit("y ~ x + C(k)", ROWS)


def test_available_memory_is_a_number_where_the_system_tells_it() -> None:
    free = size.available_memory()
    assert free is None or free > 1e6
