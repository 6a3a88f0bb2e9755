"""Names and values of design columns are formulaic's, for every way of combining factors."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import formulaic
import numpy as np
import pandas as pd
import pytest

from logreg.design.coding import CategoricalFactor, NumericFactor, code_terms

N = 60

#: Splines and polynomials are sums of a few products.
TOLERANCE = 1e-10

FORMULAS = [
    "x",
    "x + z",
    "0 + x",
    "x - 1",
    "1",
    "g",
    "0 + g",
    "g + h",
    "0 + g + h",
    "g:h",
    "0 + g:h",
    "g*h",
    "0 + g*h",
    "g + g:h",
    "h + g:h",
    "0 + h + g:h",
    "g:h:k",
    "g*h*k",
    "g*h + k",
    "g + h:k",
    "0 + g + h:k",
    "(g + h + k)**2",
    "g/h",
    "x:g",
    "g:x",
    "x*g",
    "x + x:g",
    "0 + x:g",
    "0 + g + x:g",
    "g + x:h",
    "x:g:h",
    "x*g*h",
    "x*z*g",
    "x:z",
    "x:z:g",
    "C(m)",
    "C(m)*g",
    "C(g, Treatment('b'))",
    "C(g, Treatment('c')) + h",
    "C(g, Treatment('b')):h",
    "C(g, Treatment('b'))*x",
    "poly(x, degree=2)",
    "poly(x, degree=3):g",
    "bs(x, df=5)",
    "bs(x, df=4):g",
    "g:bs(x, df=4)",
    "log(u)",
    "log(u):g",
    "I(x**2) + x",
    "exp(x)*g",
    "x*k + h",
    "k*x:h",
    "g:h + x:k",
    "b",
    "b*g",
    "scale(x)*g",
    "center(x):g",
]

SUM_CODED = [
    "C(g, Sum)",
    "C(g, Sum) + h",
    "C(g, Sum)*h",
    "C(g, Sum):x",
    "C(g, Sum):C(h, Sum)",
    "0 + C(g, Sum)",
    "C(g, Sum)*x",
]


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(17)
    return pd.DataFrame(
        {
            "y": rng.integers(0, 2, N),
            "x": rng.normal(size=N),
            "z": rng.normal(size=N),
            "u": rng.uniform(1, 3, N),
            "g": np.resize(list("abc"), N),
            "h": pd.Categorical(np.resize(["lo", "mid", "hi", "hi"], N), categories=["lo", "mid", "hi"]),
            "k": rng.permutation(np.resize(["yes", "no"], N)),
            "m": rng.permutation(np.resize([1, 2, 5], N)),
            "b": rng.permutation(np.resize([True, False], N)),
        }
    )


def _formulaic(formula: str, data: pd.DataFrame) -> pd.DataFrame | None:
    formula = formula.replace("Sum)", "contr.sum)").replace("Treatment(", "contr.treatment(")
    # formulaic has log and exp of numpy's under these names.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return formulaic.model_matrix(formula, data)
    except (formulaic.errors.FormulaicError, TypeError, ValueError):
        return None


def _agree(
    formula: str, data: pd.DataFrame, learned: Callable[..., object], columns: Callable[..., np.ndarray]
) -> None:
    theirs = _formulaic(formula, data)
    if theirs is None:
        pytest.skip("formulaic refuses this formula")
    spec = learned(f"y ~ {formula}", data).spec  # type: ignore[attr-defined]
    found = columns(spec, data)
    assert found.shape == theirs.shape
    ours = pd.DataFrame(found, columns=list(spec.column_names))
    names = [
        name.replace("contr.treatment(", "Treatment(").replace("contr.sum", "Sum") for name in theirs.columns
    ]
    assert list(ours.columns) == names
    np.testing.assert_allclose(
        ours.to_numpy(), np.asarray(theirs, dtype=float), rtol=TOLERANCE, atol=TOLERANCE
    )


@pytest.mark.parametrize("formula", FORMULAS)
def test_treatment_coding(formula, data, learned, columns) -> None:  # type: ignore[no-untyped-def]
    _agree(formula, data, learned, columns)


@pytest.mark.parametrize("formula", SUM_CODED)
def test_sum_coding(formula, data, learned, columns) -> None:  # type: ignore[no-untyped-def]
    _agree(formula, data, learned, columns)


@pytest.mark.parametrize(
    "formula", ["g*h*k", "0 + g:h:k", "g:h + h:k", "x*g*h", "g + x:g + h:k", "0 + h + g:h"]
)
def test_coding_has_full_rank_and_spans_all_cells(formula, data, learned, columns) -> None:  # type: ignore[no-untyped-def]
    """Structural redundancy is all removed, and no more: the rank is that of full dummies of every term."""
    found = columns(learned(f"y ~ {formula}", data).spec, data)
    full = [np.ones((N, 1))] if "0 +" not in formula else []
    dummies = {name: pd.get_dummies(data[name]).to_numpy(float) for name in "ghk"} | {
        "x": data[["x"]].to_numpy()
    }
    for term in formula.replace("0 + ", "").split(" + "):
        crossed = "*" in term
        parts = term.replace("*", ":").split(":")
        for size in range(1, len(parts) + 1) if crossed else [len(parts)]:
            import itertools

            for some in itertools.combinations(parts, size):
                product = np.ones((N, 1))
                for name in some:
                    product = np.einsum("ni,nj->nij", product, dummies[name]).reshape(N, -1)
                full.append(product)
    rank = np.linalg.matrix_rank(np.hstack(full))
    assert found.shape[1] == rank == np.linalg.matrix_rank(found)


def test_terms_variables_levels_and_references(data, learned) -> None:  # type: ignore[no-untyped-def]
    spec = learned("y ~ C(g, Treatment('b')) * x + 0 + C(h, Sum)", data).spec
    rows = [(c.name, c.term, c.variable, c.level, c.reference) for c in spec.columns]
    g, h = "C(g, Treatment('b'))", "C(h, Sum)"
    assert rows == [
        (f"{g}[a]", g, "g", "a", None),
        (f"{g}[b]", g, "g", "b", None),
        (f"{g}[c]", g, "g", "c", None),
        ("x", "x", "x", None, None),
        (f"{h}[S.lo]", h, "h", "lo", "(mean of levels)"),
        (f"{h}[S.mid]", h, "h", "mid", "(mean of levels)"),
        (f"{g}[T.a]:x", f"{g}:x", "g:x", "a", "b"),
        (f"{g}[T.c]:x", f"{g}:x", "g:x", "c", "b"),
    ]
    assert spec.term_slices["x"] == (3,)
    assert sorted(k for ks in spec.term_slices.values() for k in ks) == list(range(8))


def test_codes_of_a_sum_contrast() -> None:
    from logreg.design.ast import Column

    factor = CategoricalFactor(
        label="g", expression=Column("g"), variable="g", levels=("a", "b", "c"), reference="a", contrast="sum"
    )
    np.testing.assert_array_equal(factor.contrasts(), [[1, 0], [0, 1], [-1, -1]])


def test_an_intercept_is_spanned_once() -> None:
    from logreg.design.ast import Column, Term

    g = CategoricalFactor(
        label="g",
        expression=Column("g"),
        variable="g",
        levels=("a", "b"),
        reference="a",
        contrast="treatment",
    )
    x = NumericFactor(label="x", expression=Column("x"), variable="x", suffixes=("",))
    terms = [Term((Column("g"),), ("g",)), Term((Column("g"), Column("x")), ("g", "x"))]
    with_one = code_terms(terms, {"g": g, "x": x}, intercept=True)
    without = code_terms(terms, {"g": g, "x": x}, intercept=False)
    assert [sorted(coded.full) for coded in with_one] == [[], ["g"]]
    assert [sorted(coded.full) for coded in without] == [["g"], ["g"]]
