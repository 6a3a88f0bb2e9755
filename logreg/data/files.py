"""Files as sources: CSV and TSV are read whole, Parquet is streamed."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from logreg.data.arrow_columns import column_from_arrow, order_is_declared
from logreg.data.frames import arrow_source
from logreg.data.source import RowBlock, Source
from logreg.data.table import find_columns, reduce_blocks
from logreg.errors import DataError

__all__ = ["ParquetSource", "describe_file", "file_source"]

T = TypeVar("T")

#: The only texts that mean "missing" in a CSV file; "None" or "-" are labels.
MISSING_TEXTS = ("", "NA", "NaN", "null")

#: Rows that a Parquet file hands out at a time: 50 columns are then 50 MB.
PARQUET_BLOCK_ROWS = 131_072

_HASH_BYTES = 1 << 20

_DELIMITERS = {".csv": ",", ".csv.gz": ",", ".tsv": "\t", ".tsv.gz": "\t"}


def file_source(path: Path, *, block_rows: int | None = None) -> Source:
    """Return a CSV, TSV (also gzipped) or Parquet file as a source, by its suffix.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DataError
        If the suffix is another one, or the content is not what the suffix says.
    """
    name = path.name.lower()
    delimiter = next((mark for suffix, mark in _DELIMITERS.items() if name.endswith(suffix)), None)
    if delimiter is None and not name.endswith(".parquet"):
        raise DataError(
            f"cannot read {path.name!r}: the file name must end in .csv, .csv.gz, .tsv or .parquet"
        )
    size = path.stat().st_size  # raises FileNotFoundError with the path
    if path.is_dir():
        raise DataError(f"{path.name!r} is a directory; give one file")
    if size == 0:
        raise DataError(f"{path.name!r} is empty; a table needs a header line and rows")
    if delimiter is None:
        return ParquetSource(path, block_rows=block_rows)
    table = _read_text(path, delimiter)
    kind = "CSV file" if delimiter == "," else "TSV file"
    return arrow_source(table, describe=partial(describe_file, path, kind), block_rows=block_rows)


def describe_file(path: Path, kind: str) -> Mapping[str, str]:
    """Return ``kind``, the file's name without its directory, its SHA-256 and its size in bytes."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_HASH_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return {"kind": kind, "file": path.name, "sha256": digest.hexdigest(), "bytes": str(size)}


class ParquetSource:
    """A Parquet file, read in batches of rows; only the columns asked for leave the disk.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    block_rows : int, optional
        Most rows per block; a block may be shorter where the file changes its dictionaries.
    """

    def __init__(self, path: Path, *, block_rows: int | None = None) -> None:
        self._path = path
        self._block_rows = block_rows or PARQUET_BLOCK_ROWS
        with self._open() as file:
            self._schema = file.schema_arrow
            self._n_rows = int(file.metadata.num_rows)

    @property
    def column_names(self) -> tuple[str, ...]:
        """All column names, in order, from the file's footer."""
        return tuple(self._schema.names)

    @property
    def n_rows(self) -> int:
        """Number of rows, from the file's footer."""
        return self._n_rows

    @cached_property
    def description(self) -> Mapping[str, str]:
        """Provenance: ``kind``, ``file``, ``sha256`` and ``bytes``."""
        return describe_file(self._path, "Parquet file")

    def blocks(self, columns: Sequence[str]) -> Iterator[RowBlock]:
        """Yield the rows in order; levels and their codes may differ from block to block.

        Raises
        ------
        DataError
            If a name is unknown or occurs twice; at the call, before the first block is read.
        """
        return self._read(list(find_columns(columns, self.column_names)))

    def reduce(
        self, step: Callable[[RowBlock], T], combine: Callable[[T, T], T], columns: Sequence[str]
    ) -> T | None:
        """Apply ``step`` to every block and combine the results in block order (None without rows)."""
        return reduce_blocks(self.blocks(columns), step, combine)

    def row_label(self, position: int) -> str:
        """Name a row by its position, counted from 0."""
        return f"row {position}"

    def _read(self, columns: list[str]) -> Iterator[RowBlock]:
        declared = {name: order_is_declared(self._schema.field(name)) for name in columns}
        start = 0
        with self._open() as file:
            for batch in file.iter_batches(batch_size=self._block_rows, columns=columns):
                arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
                yield RowBlock(
                    start=start,
                    n_rows=batch.num_rows,
                    columns={
                        name: column_from_arrow(arrays[name], declared=declared[name]) for name in columns
                    },
                )
                start += batch.num_rows

    def _open(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.ParquetFile(self._path)
        except pa.ArrowInvalid as error:
            raise DataError(f"{self._path.name!r} is not a complete Parquet file: {error}") from error


def _read_text(path: Path, delimiter: str) -> Any:
    """Read a delimited text file into an Arrow table, all of it before any type is settled."""
    import pyarrow as pa

    try:
        with pa.input_stream(str(path)) as stream:  # unpacks by suffix
            if stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise DataError(_not_utf8(path, "it begins as UTF-16 and"))
        table = _parse(path, delimiter)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{path.name!r} is not a table: {error}; every row needs the header's columns"
        ) from error
    except OSError as error:
        if error.errno is None:  # not the system but the unpacking complains
            raise DataError(f"{path.name!r} cannot be unpacked: {error}; write the file again") from error
        raise
    _check_utf8(path, table.schema)
    _check_delimiter(path, table.schema.names, delimiter)
    return table


def _parse(path: Path, delimiter: str) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    def parse(threads: bool) -> Any:
        return csv.read_csv(
            path,
            read_options=csv.ReadOptions(use_threads=threads),
            parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=csv.ConvertOptions(null_values=list(MISSING_TEXTS), strings_can_be_null=True),
        )

    try:
        return parse(True)
    except pa.ArrowInvalid:
        return parse(False)  # fails again, but one thread knows the number of the row


def _check_utf8(path: Path, schema: Any) -> None:
    import pyarrow as pa

    try:
        names = schema.names
    except UnicodeDecodeError as error:
        raise DataError(_not_utf8(path, "the header")) from error
    for name, kind in zip(names, schema.types, strict=True):
        if pa.types.is_binary(kind):  # what the reader calls text that is not UTF-8
            raise DataError(_not_utf8(path, f"column {name!r}"))


def _not_utf8(path: Path, where: str) -> str:
    return (
        f"{path.name!r} is not UTF-8 text: {where} holds other bytes; save the file with the encoding UTF-8"
    )


def _check_delimiter(path: Path, names: Sequence[str], delimiter: str) -> None:
    if len(names) != 1:
        return
    for mark, said in ((";", "semicolons"), ("\t", "tabs"), (",", "commas")):
        if mark in names[0] and mark != delimiter:
            raise DataError(
                f"{path.name!r} has one column named {names[0]!r}: it seems to be separated by {said}; "
                "save it with commas as .csv, or with tabs as .tsv"
            )
