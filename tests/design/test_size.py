"""A model that does not fit into memory is refused with its numbers before anything is allocated."""

import re
import tracemalloc

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.design import size
from logreg.errors import DataError, OutcomeError

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


#: 20,000 rows: any table of all labels by all others would take gigabytes.
MANY = pd.DataFrame(
    {
        "x": np.linspace(-1, 1, 20_000),
        "y": np.arange(20_000) // 3 % 2,
        "w": 1.5,
        "row": [f"r{k}" for k in range(20_000)],
        "pair": [f"p{k // 2}" for k in range(20_000)],
        "triple": [f"t{k // 3}" for k in range(20_000)],
    }
)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("row ~ x", "'row' has 20000 distinct labels"),
        ("row ~ x + pair", "'row' has 20000 distinct labels"),
        ("pair ~ x", "The outcome 'pair' alone has 10000 levels"),
        ("pair ~ triple", "The outcome 'pair' alone has 10000 levels"),
        ("y ~ pair * triple", "Column 'pair' alone has 10000 levels"),
        ("y ~ x:pair:triple", "Column 'pair' alone has 10000 levels"),
    ],
)
@pytest.mark.parametrize("weights", [None, "w"])
def test_labels_in_their_thousands_are_refused_before_anything_is_written_out(
    formula: str, words: str, weights: str | None
) -> None:
    tracemalloc.start()
    try:
        with pytest.raises((DataError, OutcomeError), match=re.escape(words)):
            logreg.fit(formula, MANY, weights=weights, weight_kind="sampling" if weights else "frequency")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60e6


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ 1",
        "y ~ x - 1",
        "y ~ C(k) * x",
        "y ~ poly(x, 3):C(k) - 1",
        "y ~ C(k, Sum) + bs(x, df=5)",
        "y ~ x:C(k)",
    ],
)
def test_columns_are_counted_without_their_names(formula: str) -> None:
    spec = logreg.fit(formula, ROWS.assign(k=ROWS.k % 3)).spec
    assert spec.n_columns == len(spec.columns)
