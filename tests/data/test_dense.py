"""The matrix view of columns that already lie side by side, and when there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from logreg.data import open_source
from logreg.data.frames import frame_source
from logreg.data.layout import side_by_side
from logreg.data.source import NumberColumn
from logreg.data.table import TableSource

NAMES = ["a", "b", "c", "d"]


def numbers(order: str) -> np.ndarray:
    return np.asarray(np.arange(20.0).reshape(5, 4), order=order)


class Table:
    """The columns of a source, and the matrix they form."""

    def __init__(self, source: TableSource):
        self.source = source

    def dense(self, names):
        (block,) = self.source.blocks(names)
        columns = [block.columns[name] for name in names]
        if not all(isinstance(column, NumberColumn) for column in columns):
            return None
        view = side_by_side([column.values for column in columns])
        return None if view is None else view.T


def table(data) -> Table:
    source = open_source(data)
    assert isinstance(source, TableSource)
    return Table(source)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("names", [NAMES, ["b", "c"], ["d"]], ids=len)
def test_columns_of_one_block_are_viewed(order, names):
    matrix = numbers(order)
    frame = pd.DataFrame(matrix, columns=NAMES, copy=False)
    view = table(frame).dense(names)
    assert view is not None
    assert np.shares_memory(view, matrix)
    assert not view.flags.writeable
    np.testing.assert_array_equal(view, matrix[:, [NAMES.index(name) for name in names]])


def test_a_frame_built_column_by_column_is_viewed_too():
    frame = pd.DataFrame({name: np.arange(5.0) + i for i, name in enumerate(NAMES)})
    view = table(frame).dense(NAMES)
    assert view is not None
    assert np.shares_memory(view, frame["c"].to_numpy())
    np.testing.assert_array_equal(view, frame.to_numpy())


def test_every_second_row_is_viewed():
    matrix = numbers("F")
    frame = pd.DataFrame(matrix, columns=NAMES, copy=False).iloc[::2]
    view = table(frame).dense(NAMES)
    # Rows 16 bytes apart, columns 40: no step is a single number, so a matrix product would copy.
    assert view is None
    rows = pd.DataFrame(numbers("C"), columns=NAMES, copy=False).iloc[::2]
    view = table(rows).dense(NAMES)
    np.testing.assert_array_equal(view, numbers("C")[::2])


def test_the_view_keeps_the_memory_alive():
    frame = pd.DataFrame(numbers("F"), columns=NAMES, copy=False)
    source = frame_source(frame)
    assert source is not None
    view = Table(source).dense(NAMES)
    del frame, source
    np.testing.assert_array_equal(view, numbers("F"))


def test_missing_values_stay_in_the_view():
    matrix = numbers("F")
    matrix[2, 1] = np.nan
    view = table(pd.DataFrame(matrix, columns=NAMES, copy=False)).dense(NAMES)
    np.testing.assert_array_equal(view, matrix)


MATRIX = numbers("F")
APART = [np.arange(5.0) for _ in NAMES]
REFUSED = {
    "other order": (pd.DataFrame(MATRIX, columns=NAMES, copy=False), ["b", "a"]),
    "uneven": (pd.DataFrame(MATRIX, columns=NAMES, copy=False), ["a", "b", "d"]),
    "twice": (pd.DataFrame(MATRIX, columns=NAMES, copy=False), ["a", "a"]),
    "gap between rows of a block": (pd.DataFrame(numbers("C"), columns=NAMES, copy=False), ["a", "c"]),
    "float32": (pd.DataFrame(MATRIX.astype(np.float32), columns=NAMES, copy=False), NAMES),
    "an integer between": (pd.DataFrame(MATRIX, columns=NAMES).astype({"b": int}), NAMES),
    "a text between": (pd.DataFrame(MATRIX, columns=NAMES).assign(b="x"), NAMES),
    "separate arrays": (dict(zip(NAMES, APART, strict=True)), NAMES),
    "different strides": ({"a": np.arange(5.0), "b": np.arange(10.0)[::2]}, ["a", "b"]),
    "polars": (pl.DataFrame(MATRIX, schema=NAMES), NAMES),
    "no columns": (pd.DataFrame(MATRIX, columns=NAMES), []),
    "reversed rows": (pd.DataFrame(MATRIX[::-1], columns=NAMES, copy=False), NAMES),
}


@pytest.mark.parametrize(("data", "names"), REFUSED.values(), ids=REFUSED)
def test_other_layouts_have_no_view(data, names):
    assert table(data).dense(names) is None


def test_even_addresses_of_different_allocations_are_refused():
    """Two arrays are one byte range by luck only; they must share one owner."""
    memory = bytearray(80)
    first = np.frombuffer(memory, dtype=np.float64, count=5)
    second = np.frombuffer(memoryview(memory)[40:], dtype=np.float64, count=5)
    assert second.ctypes.data - first.ctypes.data == 40
    assert table({"a": first, "b": second}).dense(["a", "b"]) is None
