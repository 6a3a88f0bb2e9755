"""What the columns behind a fit look like over the rows it used."""

from __future__ import annotations

from collections import Counter

import numpy as np

from logreg.data.source import CategoryColumn, Column, FloatArray, Level, NumberColumn, RowBlock, Source
from logreg.design.distribution import Distribution
from logreg.design.rows import read_rows
from logreg.design.spec import DesignSpec
from logreg.passes.encode import training_roles

__all__ = ["distribution_of", "missing_counts", "profiles_of", "spread_of"]


def distribution_of(source: Source, spec: DesignSpec, name: str) -> Distribution:
    """Return the exact distribution of a numeric column over the rows used, frequencies counted."""
    roles = training_roles(spec)

    def step(block: RowBlock) -> Distribution:
        rows = read_rows(block, roles, weights=spec.weights, row_label=source.row_label)
        return Distribution.of(rows.number(name), rows.weights if spec.weight_kind == "frequency" else None)

    found = source.reduce(step, Distribution.merge, tuple(roles))
    assert found is not None
    return found


def profiles_of(source: Source, spec: DesignSpec) -> dict[str, Distribution | Counter[Level]]:
    """Return what every predictor and offset column looks like over the rows used, frequencies counted.

    A column of numbers gives its exact distribution, a column of labels how often each level occurs.
    """
    roles = training_roles(spec)
    names = tuple(dict.fromkeys((*spec.predictors, *spec.offset_columns)))

    def step(block: RowBlock) -> list[Distribution | Counter[Level]]:
        rows = read_rows(block, roles, weights=spec.weights, row_label=source.row_label)
        weights = rows.weights if spec.weight_kind == "frequency" else None
        return [_profile(rows.columns[name], weights) for name in names]

    found = source.reduce(step, lambda a, b: list(map(_merged, a, b)), tuple(roles))
    assert found is not None
    return dict(zip(names, found, strict=True))


def missing_counts(source: Source, spec: DesignSpec) -> dict[str, int]:
    """Return for each column of the model in how many of all rows it has no value, used or not."""
    names = tuple(name for name, role in training_roles(spec).items() if role != "weight")

    def step(block: RowBlock) -> list[int]:
        return [_n_missing(block.columns[name]) for name in names]

    found = source.reduce(step, lambda a, b: [x + y for x, y in zip(a, b, strict=True)], names)
    return dict(zip(names, found or [0] * len(names), strict=True))


def _n_missing(column: Column) -> int:
    if isinstance(column, NumberColumn):
        return 0 if column.missing is None else int(np.count_nonzero(column.missing))
    assert isinstance(column, CategoryColumn)
    return int(np.count_nonzero(column.codes < 0))


def _profile(column: Column, weights: FloatArray | None) -> Distribution | Counter[Level]:
    if isinstance(column, NumberColumn):
        return Distribution.of(column.values, weights)
    assert isinstance(column, CategoryColumn)
    counts = np.bincount(column.codes, weights=weights, minlength=len(column.levels))
    return Counter({level: float(n) for level, n in zip(column.levels, counts, strict=True) if n})


def _merged(
    first: Distribution | Counter[Level], second: Distribution | Counter[Level]
) -> Distribution | Counter[Level]:
    if isinstance(first, Distribution):
        assert isinstance(second, Distribution)
        return first.merge(second)
    assert isinstance(second, Counter)
    return first + second


def spread_of(source: Source, spec: DesignSpec, name: str, measure: str) -> float:
    """Return the standard deviation ("sd", n - 1) or the interquartile range ("iqr", type 7) of a column."""
    distribution = distribution_of(source, spec, name)
    if measure == "sd":
        return float(np.sqrt(distribution.variance()))
    return distribution.quantile(0.75) - distribution.quantile(0.25)
