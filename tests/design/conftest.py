"""What the tests of the design share: from a formula and a table to the frozen design and its columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from logreg.data import open_source
from logreg.design.encode import encode_matrix, encode_outcome
from logreg.design.formula import parse_formula
from logreg.design.learning import DesignRequest, Learned, learn_design
from logreg.design.rows import read_rows
from logreg.design.spec import DesignSpec


def request_of(formula: str, names: Any, **options: Any) -> DesignRequest:
    parsed = parse_formula(formula, names)
    given: dict[str, Any] = {
        "event": None,
        "baseline": None,
        "weights": None,
        "weight_kind": "frequency",
        "offsets": parsed.offsets,
        "offset_per_outcome": False,
        "drop_missing": True,
    }
    return DesignRequest(formula=parsed, **{**given, **options})


@pytest.fixture
def learned() -> Callable[..., Learned]:
    """``learned(formula, data, block_rows=None, **options)``."""

    def build(formula: str, data: Any, block_rows: int | None = None, **options: Any) -> Learned:
        source = open_source(data, block_rows=block_rows)
        return learn_design(source, request_of(formula, source.column_names, **options))

    return build


@pytest.fixture
def columns() -> Callable[..., np.ndarray]:
    """``columns(spec, data, block_rows=None)``: the design written out, shape (n, p)."""

    def build(spec: DesignSpec, data: Any, block_rows: int | None = None) -> np.ndarray:
        source = open_source(data, block_rows=block_rows)
        roles: Any = dict.fromkeys(spec.predictors, "predictor")
        parts = [
            encode_matrix(
                spec, read_rows(block, roles, weights=None, row_label=source.row_label), source.row_label
            )
            for block in source.blocks(tuple(roles))
        ]
        return np.hstack([part.to_array() for part in parts]).T

    return build


@pytest.fixture
def outcome() -> Callable[..., np.ndarray]:
    """``outcome(spec, data)``: codes (n,), or counts (K, n)."""

    def build(spec: DesignSpec, data: Any) -> np.ndarray:
        source = open_source(data)
        roles: Any = dict.fromkeys(spec.outcome.columns, "outcome")
        (block,) = source.blocks(tuple(roles))
        rows = read_rows(block, roles, weights=None, row_label=source.row_label)
        found = encode_outcome(spec, rows, source.row_label)
        values = found.codes if found.counts is None else found.counts
        assert values is not None
        return np.asarray(values)

    return build
