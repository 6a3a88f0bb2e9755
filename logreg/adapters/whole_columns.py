"""Whole columns from the pieces that a source hands out: numbers, or codes of levels in one order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import CategoryColumn, Column, Level, NumberColumn, UnusableColumn
from logreg.design.outcome import level_name

__all__ = ["WholeColumn", "as_levels", "is_flag", "joined"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WholeColumn:
    """A whole column: numbers (n,) with NaN where missing, or codes (n,) of levels with -1."""

    numbers: FloatArray | None = None
    codes: NDArray[np.intp] | None = None
    levels: tuple[Level, ...] = ()
    boolean: bool = False
    unusable: str = ""


def is_flag(values: WholeColumn) -> bool:
    """Tell whether a numeric column holds nothing but 0 and 1."""
    numbers = values.numbers
    if values.boolean:
        return True
    return numbers is not None and bool(np.isin(numbers[~np.isnan(numbers)], (0.0, 1.0)).all())


def as_levels(values: WholeColumn) -> WholeColumn | None:
    """Return a column by its levels; numbers become levels in their order."""
    if values.codes is not None:
        return values
    if values.numbers is None:
        return None
    known = ~np.isnan(values.numbers)
    distinct, places = np.unique(values.numbers[known], return_inverse=True)
    codes = np.full(len(values.numbers), -1, dtype=np.intp)
    codes[known] = places
    levels: Iterable[Level] = distinct.tolist()
    if values.boolean:
        levels = [bool(x) for x in distinct]
    return WholeColumn(codes=codes, levels=tuple(levels))


def joined(parts: Sequence[Column]) -> WholeColumn:
    """Return the pieces of a column as one."""
    broken = next((part for part in parts if isinstance(part, UnusableColumn)), None)
    if broken is not None:
        return WholeColumn(unusable=f"{broken.dtype}: {broken.reason}")
    if all(isinstance(part, NumberColumn) for part in parts):
        numbers = [cast(NumberColumn, part) for part in parts]
        values = np.concatenate([part.values for part in numbers])
        if np.isinf(values).any():
            return WholeColumn(unusable="it holds infinite values")
        return WholeColumn(numbers=values, boolean=all(part.kind == "boolean" for part in numbers))
    if not all(isinstance(part, CategoryColumn) for part in parts):
        return WholeColumn(unusable="it holds numbers in some blocks and labels in others")
    labels = [cast(CategoryColumn, part) for part in parts]
    present = {part.levels[code] for part in labels for code in np.unique(part.codes) if code >= 0}
    order = _ordered(labels, present)
    place = {level: k for k, level in enumerate(order)}
    codes = [
        np.array([*(place.get(level, -1) for level in part.levels), -1], dtype=np.intp)[part.codes]
        for part in labels
    ]
    return WholeColumn(codes=np.concatenate(codes), levels=tuple(order))


def _ordered(labels: Sequence[CategoryColumn], present: Collection[Level]) -> list[Level]:
    """Return the levels that occur: in declared order, else sorted."""
    if labels[0].declared:
        declared = dict.fromkeys(level for part in labels for level in part.levels)
        return [level for level in declared if level in present]
    kinds = {isinstance(level, str) for level in present}
    return sorted(present, key=level_name if len(kinds) > 1 else None)
