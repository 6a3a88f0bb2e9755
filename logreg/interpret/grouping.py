"""Groups of rows: which columns define them, and sums of rows within them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import Level
from logreg.errors import SupportError
from logreg.interpret.population import FloatArray, Piece, positions_among

__all__ = ["GroupedRows", "Grouping", "combinations_of", "grouped_products"]

#: Combinations of values that are written out: some hundred megabytes.
MOST_COMBINATIONS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Averages within groups of rows: the columns that define them, and the groups that occur.

    ``groups`` are combinations of values of the ``columns``; without columns there is one group, all rows.
    """

    columns: tuple[str, ...] = ()
    values: tuple[tuple[Level, ...], ...] = ()

    @property
    def n_cells(self) -> int:
        """Number of combinations, whether they occur or not."""
        return prod(len(values) for values in self.values)

    def codes(self, piece: Piece) -> NDArray[np.intp] | None:
        """Return the group of each row, -1 for none; None if all rows are one group."""
        if not self.columns:
            return None
        codes = np.zeros(piece.n_rows, dtype=np.intp)
        outside = np.zeros(piece.n_rows, dtype=bool)
        for name, values in zip(self.columns, self.values, strict=True):
            part = positions_among(piece.column(name), values)
            outside |= part < 0
            codes = codes * len(values) + part
        codes[outside] = -1
        return codes

    def combination(self, cell: int) -> dict[str, Level]:
        """Return the values of one group."""
        found = np.unravel_index(cell, [len(values) for values in self.values]) if self.columns else ()
        return {
            name: values[int(k)] for name, values, k in zip(self.columns, self.values, found, strict=True)
        }


class GroupedRows:
    """The rows of a piece in the order of their groups, for sums within groups."""

    def __init__(self, codes: NDArray[np.intp] | None, n_cells: int) -> None:
        self.n_cells = n_cells
        self.order: NDArray[np.intp] | None = None
        if codes is not None:
            order = np.argsort(codes, kind="stable")
            self.order = order[np.searchsorted(codes[order], 0) :]
            bounds = np.searchsorted(codes[self.order], np.arange(n_cells + 1))
            self.bounds: list[int] = bounds.tolist()

    def sums(self, rows: FloatArray) -> FloatArray:
        """Return sums (g, r) of row values (r, n)."""
        if self.order is None:
            whole: FloatArray = rows.sum(axis=1)[np.newaxis]
            return whole
        ordered = rows[:, self.order]
        return np.array([ordered[:, a:b].sum(axis=1) for a, b in self._spans()])

    def products(self, rows: FloatArray, design: Any, centre: FloatArray | None) -> FloatArray:
        """Return ``rows @ (X - centre)`` within groups (g, r, p) for row values (r, n)."""
        if self.order is None and centre is None:
            result: FloatArray = design.transpose_matvec(rows)[np.newaxis]
            return result
        x = design.to_array()
        if centre is not None:
            x -= centre[:, np.newaxis]
        return grouped_products(rows, x, self)

    def _spans(self) -> Iterator[tuple[int, int]]:
        return zip(self.bounds[:-1], self.bounds[1:], strict=True)


def grouped_products(rows: FloatArray, x: FloatArray, groups: GroupedRows) -> FloatArray:
    """Return ``rows @ x.T`` within groups: (g, r, p) for rows (r, n) and columns (p, n)."""
    if groups.order is None:
        return (rows @ x.T)[np.newaxis]
    rows, x = rows[:, groups.order], x[:, groups.order]
    result = np.zeros((groups.n_cells, len(rows), len(x)))
    for cell, (a, b) in enumerate(groups._spans()):
        if b > a:
            result[cell] = rows[:, a:b] @ x[:, a:b].T
    return result


def combinations_of(values: Mapping[str, Sequence[Level]]) -> list[dict[str, Level]]:
    """Return every combination of values, the last variable varying fastest.

    Raises
    ------
    SupportError
        For more than `MOST_COMBINATIONS`.
    """
    n = prod(len(choices) for choices in values.values())
    if n > MOST_COMBINATIONS:
        counts = ", ".join(f"{len(choices):,} of {name!r}" for name, choices in values.items())
        raise SupportError(
            f"the values given stand for {n:,} combinations ({counts}), more than the {MOST_COMBINATIONS:,} "
            "supported. Give fewer values in at=, or ask for some of them at a time."
        )
    result: list[dict[str, Level]] = [{}]
    for name, choices in values.items():
        result = [{**one, name: choice} for one in result for choice in choices]
    return result
