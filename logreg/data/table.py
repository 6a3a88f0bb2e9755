"""A table in memory as a source: columns converted once, blocks cut from them without copying."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from logreg.data.columns import slice_column
from logreg.data.source import Column, RowBlock
from logreg.errors import DataError, did_you_mean

__all__ = ["TableSource", "find_columns", "reduce_blocks"]

T = TypeVar("T")

#: How many column names a message lists before it stops.
_NAMES_SHOWN = 12


class TableSource:
    """A table in memory; every column is converted once, when it is first asked for, and cut into views.

    Parameters
    ----------
    names : sequence of str
        All column names, in order; a name that occurs twice is refused only when it is asked for.
    n_rows : int
        Number of rows.
    convert : callable
        From positions of columns to the columns, all rows of them.
    describe : callable
        Returns the provenance, called at most once.
    index : pandas.Index, optional
        The row labels of a pandas frame.
    labels : mapping, optional
        Headings of columns for reports.
    block_rows : int, optional
        Rows per block; None makes one block of the whole table.
    """

    def __init__(
        self,
        *,
        names: Sequence[str],
        n_rows: int,
        convert: Callable[[Sequence[int]], Sequence[Column]],
        describe: Callable[[], Mapping[str, str]],
        index: pd.Index[Any] | None = None,
        labels: Mapping[str, str] | None = None,
        block_rows: int | None = None,
    ) -> None:
        self._names = tuple(names)
        self._n_rows = n_rows
        self._convert = convert
        self._describe = describe
        self._index = index
        self._labels = dict(labels or {})
        self._block_rows = block_rows
        self._converted: dict[int, Column] = {}
        self._description: Mapping[str, str] | None = None
        self._lock = threading.Lock()

    @property
    def column_names(self) -> tuple[str, ...]:
        """All column names, in order."""
        return self._names

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self._n_rows

    @property
    def index(self) -> pd.Index[Any] | None:
        """The row labels of a pandas frame, None for every other table."""
        return self._index

    @property
    def labels(self) -> Mapping[str, str]:
        """Headings of columns for reports, as far as the table carries them."""
        return self._labels

    @property
    def description(self) -> Mapping[str, str]:
        """Provenance: ``kind``, and for files ``file``, ``sha256`` and ``bytes``."""
        with self._lock:
            if self._description is None:
                self._description = dict(self._describe())
            return self._description

    def blocks(self, columns: Sequence[str]) -> Iterator[RowBlock]:
        """Yield the rows in order; every block holds exactly ``columns``.

        Raises
        ------
        DataError
            If a name is unknown or occurs twice; at the call, before the first block is taken.
        """
        return self._cut(self._columns(columns))

    def reduce(
        self, step: Callable[[RowBlock], T], combine: Callable[[T, T], T], columns: Sequence[str]
    ) -> T | None:
        """Apply ``step`` to every block and combine the results in block order (None without rows)."""
        return reduce_blocks(self.blocks(columns), step, combine)

    def row_label(self, position: int) -> str:
        """Name a row as the user knows it: by its index label if the frame has a meaningful index."""
        if self._index is None or _counts_rows(self._index):
            return f"row {position}"
        label = self._index[position]
        return f"row {_plain(label)!r}"

    def _columns(self, names: Sequence[str]) -> dict[str, Column]:
        places = find_columns(names, self._names)
        with self._lock:
            new = [place for place in places.values() if place not in self._converted]
            self._converted.update(zip(new, self._convert(new), strict=True))
            return {name: self._converted[place] for name, place in places.items()}

    def _cut(self, columns: Mapping[str, Column]) -> Iterator[RowBlock]:
        height = self._block_rows or max(self._n_rows, 1)
        for start in range(0, self._n_rows, height):
            stop = min(start + height, self._n_rows)
            whole = stop - start == self._n_rows
            cut = columns if whole else {n: slice_column(c, start, stop) for n, c in columns.items()}
            yield RowBlock(start=start, n_rows=stop - start, columns=cut)


def find_columns(wanted: Iterable[str], names: Sequence[str]) -> dict[str, int]:
    """Return the position of every wanted column.

    Raises
    ------
    DataError
        If a name is unknown (with the nearest spelling) or occurs more than once.

    Examples
    --------
    >>> find_columns(["lwt"], ["age", "lwt"])
    {'lwt': 1}
    """
    positions = dict(zip(names, range(len(names)), strict=True))
    twice = Counter(names) if len(positions) < len(names) else {}
    places: dict[str, int] = {}
    for name in wanted:
        if twice.get(name, 1) > 1:
            raise DataError(f"duplicate column name {name!r} ({twice[name]} times); rename one")
        if name not in positions:
            shown = ", ".join(map(repr, names[:_NAMES_SHOWN])) + (
                ", ..." if len(names) > _NAMES_SHOWN else ""
            )
            raise DataError(
                f"no column {name!r} in the data.{did_you_mean(name, names)} "
                f"The columns are: {shown or 'none'}."
            )
        places[name] = positions[name]
    return places


def reduce_blocks(
    blocks: Iterable[RowBlock], step: Callable[[RowBlock], T], combine: Callable[[T, T], T]
) -> T | None:
    """Apply ``step`` to every block and combine the results from left to right (None without blocks)."""
    results = map(step, blocks)
    total = next(results, None)
    if total is None:
        return None
    for result in results:
        total = combine(total, result)
    return total


def _counts_rows(index: pd.Index[Any]) -> bool:
    return isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1


def _plain(label: Any) -> Any:
    """Strip numpy's wrapping of a row label, whose repr would show it."""
    if isinstance(label, tuple):  # of a MultiIndex
        return tuple(map(_plain, label))
    return label.item() if isinstance(label, np.generic) else label
