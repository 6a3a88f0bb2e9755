"""A source with extra columns that the user gave as arrays: weights and offsets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from logreg.data.columns import slice_column
from logreg.data.source import Column, RowBlock, Source
from logreg.data.table import reduce_blocks

__all__ = ["ExtendedSource"]

T = TypeVar("T")


class ExtendedSource:
    """Rows of ``source`` with further columns, each as long as the source.

    Parameters
    ----------
    source : Source
        The user's data.
    extra : mapping
        Name to column over all rows; the names must not occur in the source.
    """

    def __init__(self, source: Source, extra: Mapping[str, Column]) -> None:
        self.source = source
        self._extra = dict(extra)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the source, then of the extra columns."""
        return (*self.source.column_names, *self._extra)

    @property
    def n_rows(self) -> int | None:
        """Number of rows of the source."""
        return self.source.n_rows

    @property
    def description(self) -> Mapping[str, str]:
        """Provenance of the source."""
        return self.source.description

    def blocks(self, columns: Sequence[str]) -> Iterator[RowBlock]:
        """Yield the rows in order; extra columns are cut to the blocks of the source."""
        own = [name for name in columns if name not in self._extra]
        extra = {name: self._extra[name] for name in columns if name in self._extra}
        for block in self.source.blocks(own):
            cut = {n: slice_column(c, block.start, block.start + block.n_rows) for n, c in extra.items()}
            yield RowBlock(start=block.start, n_rows=block.n_rows, columns={**block.columns, **cut})

    def reduce(
        self, step: Callable[[RowBlock], T], combine: Callable[[T, T], T], columns: Sequence[str]
    ) -> T | None:
        """Apply ``step`` to every block and combine the results in block order."""
        return reduce_blocks(self.blocks(columns), step, combine)

    def row_label(self, position: int) -> str:
        """Name a row as the source does."""
        return self.source.row_label(position)
