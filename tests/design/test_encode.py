"""A frozen design and rows give columns: purely, for any blocking, dense or split, and matched by level."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from logreg.data import open_source
from logreg.design import encode
from logreg.design.matrices import DenseMatrix, SplitMatrix
from logreg.design.rows import read_rows
from logreg.errors import DataError, PredictError

N = 400

FORMULAS = [
    "y ~ x + z",
    "y ~ x + g",
    "y ~ 0 + g",
    "y ~ g*h + x",
    "y ~ x*g + z",
    "y ~ x:z:g + h",
    "y ~ 0 + g:h + x:g",
    "y ~ poly(x, 2)*g + h",
    "y ~ C(g, Sum)*h + x",
    "y ~ bs(x, df=4) + scale(z):g",
    "y ~ C(m) + g:C(m)",
    "y ~ h + x + g + z",
]


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "y": rng.integers(0, 2, N),
            "x": rng.normal(size=N),
            "z": rng.normal(size=N),
            "g": rng.choice(list("dcba"), N),
            "h": pd.Categorical(rng.choice(["lo", "hi"], N), categories=["lo", "never", "hi"]),
            "m": rng.integers(1, 4, N),
        }
    )


@pytest.mark.parametrize("formula", FORMULAS)
def test_split_and_dense_hold_the_same_numbers(
    formula: str,
    data: pd.DataFrame,
    learned: Callable[..., Any],
    columns: Callable[..., np.ndarray],
    monkeypatch: Any,
) -> None:
    spec = learned(formula, data).spec
    dense = columns(spec, data)
    monkeypatch.setattr(encode, "DENSE_CELLS", 0)
    np.testing.assert_array_equal(columns(spec, data), dense)
    assert dense.shape == (N, len(spec.column_names))
    assert np.isfinite(dense).all()


def test_the_kind_of_matrix(data: pd.DataFrame, learned: Callable[..., Any], monkeypatch: Any) -> None:
    source = open_source(data)

    def kind(formula: str) -> type:
        spec = learned(formula, data).spec
        (block,) = source.blocks(spec.predictors)
        roles: Any = dict.fromkeys(spec.predictors, "predictor")
        rows = read_rows(block, roles, weights=None, row_label=source.row_label)
        return type(encode.encode_matrix(spec, rows, source.row_label))

    assert kind("y ~ x + g") is DenseMatrix
    monkeypatch.setattr(encode, "DENSE_CELLS", 0)
    assert kind("y ~ x + g") is SplitMatrix
    assert kind("y ~ x + z") is DenseMatrix


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("block_rows", [1, 7, 399])
def test_any_blocking_gives_the_same_columns(
    formula: str,
    block_rows: int,
    data: pd.DataFrame,
    learned: Callable[..., Any],
    columns: Callable[..., np.ndarray],
) -> None:
    if block_rows == 1:
        data = data.iloc[:60]
    whole = learned(formula, data)
    blocked = learned(formula, data, block_rows=block_rows)
    assert blocked.spec == whole.spec
    assert blocked.tally.outcome == whole.tally.outcome
    np.testing.assert_array_equal(columns(whole.spec, data, block_rows=block_rows), columns(whole.spec, data))


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_spec_encodes_the_same_after_pickling(
    formula: str, data: pd.DataFrame, learned: Callable[..., Any], columns: Callable[..., np.ndarray]
) -> None:
    spec = learned(formula, data).spec
    assert spec.column_names  # what is derived is cached by now, and must not hinder
    travelled = pickle.loads(pickle.dumps(spec))
    assert travelled == spec
    assert hash(travelled) == hash(spec)
    np.testing.assert_array_equal(columns(travelled, data), columns(spec, data))


@pytest.mark.parametrize("formula", FORMULAS)
def test_rows_are_encoded_one_by_one(
    formula: str, data: pd.DataFrame, learned: Callable[..., Any], columns: Callable[..., np.ndarray]
) -> None:
    """Nothing is learned from the rows that are encoded: a few of them give the same numbers."""
    spec = learned(formula, data).spec
    some = [3, 7, 311]
    np.testing.assert_array_equal(columns(spec, data.iloc[some]), columns(spec, data)[some])


RECODED: dict[str, Callable[[pd.DataFrame], Any]] = {
    "polars": pl.from_pandas,
    "another order of categories": lambda d: d.assign(
        g=pd.Categorical(d.g, categories=list("bdca")), h=d.h.cat.set_categories(["hi", "lo"])
    ),
    "text instead of categories": lambda d: d.assign(h=d.h.astype(str)),
    "more categories than known": lambda d: d.assign(g=pd.Categorical(d.g, categories=list("zabcdy"))),
    "integers as floats": lambda d: d.assign(m=d.m.astype(float)),
    "integers as text": lambda d: d.assign(m=d.m.astype(str)),
    "another order of columns": lambda d: d[list(reversed(d.columns))],
}


@pytest.mark.parametrize("way", RECODED)
def test_levels_are_matched_by_name(
    way: str, data: pd.DataFrame, learned: Callable[..., Any], columns: Callable[..., np.ndarray]
) -> None:
    spec = learned("y ~ g*h + C(m) + x", data).spec
    np.testing.assert_array_equal(columns(spec, RECODED[way](data)), columns(spec, data))


def test_unseen_levels_are_refused_never_zero(
    data: pd.DataFrame, learned: Callable[..., Any], columns: Callable[..., np.ndarray]
) -> None:
    spec = learned("y ~ g + x", data).spec
    new = data.iloc[:9].assign(g=["a", "b", "zz", "a", "zz", "c", "d", "a", "b"])
    with pytest.raises(PredictError, match=r"'g' has the level 'zz' in 2 rows, first in row 2") as caught:
        columns(spec, new)
    assert "'a', 'b', 'c', 'd'" in str(caught.value)


def test_labels_where_numbers_were(
    data: pd.DataFrame, learned: Callable[..., Any], columns: Callable[..., np.ndarray]
) -> None:
    spec = learned("y ~ g + x", data).spec
    with pytest.raises(PredictError, match="'x' holds labels"):
        columns(spec, data.assign(x=data.x.astype(str)))
    with pytest.raises(PredictError, match=r"'g' has the level 1 in"):
        columns(spec, data.assign(g=1))


def test_undefined_transforms_are_refused(
    data: pd.DataFrame, learned: Callable[..., Any], columns: Callable[..., np.ndarray]
) -> None:
    spec = learned("y ~ log(m)", data).spec
    with pytest.raises(DataError, match=r"log\(m\) is not finite in 2 rows, first in row 1"):
        columns(spec, pd.DataFrame({"m": [1, 0, -1]}))


def test_plain_columns_are_not_copied(learned: Callable[..., Any]) -> None:
    table = np.random.default_rng(1).normal(size=(3, 50))
    data = pd.DataFrame(table.T, columns=["a", "b", "c"], copy=False)
    data["y"] = np.resize([0, 1], 50)
    spec = learned("y ~ a + b + c", data).spec
    source = open_source(data)
    roles: Any = dict.fromkeys(spec.predictors, "predictor")
    (block,) = source.blocks(spec.predictors)
    rows = read_rows(block, roles, weights=None, row_label=source.row_label)
    matrix = encode.encode_matrix(spec, rows, source.row_label)
    assert isinstance(matrix, DenseMatrix)
    assert np.shares_memory(matrix.columns, table)
    assert not matrix.columns.flags.writeable


def test_a_single_column(
    data: pd.DataFrame, learned: Callable[..., Any], columns: Callable[..., np.ndarray]
) -> None:
    np.testing.assert_array_equal(columns(learned("y ~ 0 + x", data).spec, data), data[["x"]])
    found = columns(learned("y ~ x", data).spec, data)
    np.testing.assert_array_equal(found, np.column_stack([np.ones(N), data.x]))
