"""What the tests of the data room share: a source read back into plain Python values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from logreg.data.source import CategoryColumn, Column, NumberColumn, Source

Rows = dict[str, list[Any]]


def values_of(column: Column) -> list[Any]:
    """One Python value per row, None where missing; the column must be internally consistent."""
    match column:
        case NumberColumn():
            nan = np.isnan(column.values)
            missing = np.zeros(len(nan), dtype=bool) if column.missing is None else column.missing
            assert column.values.dtype == np.float64
            assert (nan == missing).all()
            assert column.missing is None or column.missing.any()
            return [None if gone else v for v, gone in zip(column.values.tolist(), missing, strict=True)]
        case CategoryColumn():
            assert column.codes.dtype == np.int32
            assert len(set(map(repr, column.levels))) == len(column.levels)
            return [None if code < 0 else column.levels[code] for code in column.codes.tolist()]
        case _:
            raise AssertionError(f"unusable: {column}")


@pytest.fixture
def read() -> Callable[[Source, Sequence[str]], Rows]:
    def read_all(source: Source, columns: Sequence[str]) -> Rows:
        rows: Rows = {name: [] for name in columns}
        expected_start = 0
        for block in source.blocks(columns):
            assert block.start == expected_start
            assert list(block.columns) == list(columns)
            for name, column in block.columns.items():
                found = values_of(column)
                assert len(found) == block.n_rows
                rows[name] += found
            expected_start += block.n_rows
        return rows

    return read_all


@pytest.fixture
def column() -> Callable[[Source, str], Column]:
    def whole(source: Source, name: str) -> Column:
        (block,) = source.blocks([name])
        return block.columns[name]

    return whole
