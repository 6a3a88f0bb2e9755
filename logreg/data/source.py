"""What every source of rows looks like from the other rooms.

A `Source` knows its column names without reading rows and hands out `RowBlock` values: a few thousand or a
few million consecutive rows whose columns are already plain numpy arrays. Three kinds of column exist, and
nothing downstream sees a data frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Advance",
    "BoolArray",
    "CategoryColumn",
    "Column",
    "FloatArray",
    "IntArray",
    "Level",
    "NumberColumn",
    "RowBlock",
    "Source",
    "UnusableColumn",
    "unwatched",
]

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
#: Level codes, in the width the source has them.
CodeArray: TypeAlias = NDArray[np.signedinteger[Any]]
BoolArray: TypeAlias = NDArray[np.bool_]

#: A category as the user wrote it. Numbers stay numbers, so that ``C(code)`` of 1, 2, 3 has integer levels.
Level: TypeAlias = str | int | float | bool

T = TypeVar("T")

#: Told how many rows were passed over, by whoever passes over them.
Advance: TypeAlias = Callable[[int], object]


def unwatched(_: int) -> None:
    """Stand for an `Advance` where nobody waits for the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberColumn:
    """Numbers of one column in one block, as float64.

    ``values`` is a view of the user's memory where that is already float64; it must never be written to.
    ``missing`` marks the rows without a value (None when the block has none); ``values`` is NaN there. NaN in
    a float column *is* missing. Infinite values stay in ``values``; the room that uses the column refuses
    them; ``finite`` says that there are none, nor any beyond 1e150 (False: not known). ``kind`` is "float",
    "integer" or "boolean"; ``dtype`` is the source's own name for the type, for messages.
    """

    values: FloatArray
    missing: BoolArray | None
    kind: str
    dtype: str
    finite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryColumn:
    """Labels of one column in one block: ``levels[codes[i]]`` is row i's label, code -1 is missing.

    ``levels`` holds distinct labels: in declared order when ``declared`` (a categorical or enum type says so;
    unused levels may be present), else in any order. ``levels`` may differ from block to block. A level
    is a Python str, int, float or bool. ``dtype`` is the source's own name for the type, for messages.
    """

    codes: CodeArray
    levels: tuple[Level, ...]
    declared: bool
    ordered: bool
    dtype: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusableColumn:
    """A column no model can use as it stands (dates, complex numbers, mixed objects).

    ``dtype`` names the type, ``reason`` is a clause such as "dates are not numbers", ``remedy`` what to do.
    ``example`` is the repr of the first offending value and ``row`` its position (None: all rows). The
    position counts from the first row of the block and may lie outside it, because a table in memory is
    judged whole: ``block.start + row`` is the same for any blocking.
    """

    dtype: str
    reason: str
    remedy: str
    example: str | None = None
    row: int | None = None


Column: TypeAlias = NumberColumn | CategoryColumn | UnusableColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class RowBlock:
    """Consecutive rows ``start .. start + n_rows`` of a source, with the columns that were asked for."""

    start: int
    n_rows: int
    columns: Mapping[str, Column]


class Source(Protocol):
    """Where rows come from. The same answers for any blocking."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """All column names, in order, without reading rows."""
        ...

    @property
    def n_rows(self) -> int | None:
        """Number of rows if known without reading them."""
        ...

    @property
    def description(self) -> Mapping[str, str]:
        """Provenance for reports: ``kind`` ("pandas frame"); for files ``file``, ``sha256``, ``bytes``."""
        ...

    def blocks(self, columns: Sequence[str]) -> Iterator[RowBlock]:
        """Yield the rows in order; every block holds exactly ``columns``."""
        ...

    def reduce(
        self, step: Callable[[RowBlock], T], combine: Callable[[T, T], T], columns: Sequence[str]
    ) -> T | None:
        """Apply ``step`` to every block and combine the results in block order (None without rows)."""
        ...

    def row_label(self, position: int) -> str:
        """How the user knows this row, for messages: ``row 3`` or the frame's index label."""
        ...
