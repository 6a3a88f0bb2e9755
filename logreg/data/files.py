"""Files as sources: CSV and TSV are read whole, Parquet is streamed."""

from __future__ import annotations

import codecs
import errno
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from logreg.data.arrow_columns import column_from_arrow, order_is_declared
from logreg.data.columns import digits_are_lost
from logreg.data.foreign import reading
from logreg.data.frames import arrow_source
from logreg.data.source import RowBlock, Source
from logreg.data.table import find_columns, reduce_blocks
from logreg.errors import DataError
from logreg.whole_imports import load_whole

__all__ = ["ParquetSource", "describe_file", "file_source"]

T = TypeVar("T")

#: The only texts that mean "missing" in a CSV file; "None" or "-" are labels.
MISSING_TEXTS = ("", "NA", "NaN", "null")

#: Rows that a Parquet file hands out at a time: 50 columns are then 50 MB.
PARQUET_BLOCK_ROWS = 131_072

_HASH_BYTES = 1 << 20

#: The reader takes a file in pieces, and a row must fit into two of them: 256 MB for the rare long one.
LARGEST_CSV_PIECE = 1 << 28

#: Whole numbers from here on do not fit 64 bits; a CSV reader makes them float64 without a word.
INTEGER_LIMIT = 2.0**63

#: Digits of Arrow's widest decimal; longer numbers stay text.
DECIMAL_DIGITS = 76

_WHOLE = re.compile(r"[+-]?[0-9]{1,1000}")

_MARKS = ((";", "semicolons"), ("\t", "tabs"), (",", "commas"))
_REMEDY_DELIMITER = "save it with commas and decimal points as .csv, or with tabs as .tsv"
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
    size = _size(path)
    if path.is_dir():
        raise DataError(f"{path.name!r} is a directory; give one file")
    if size == 0:
        raise DataError(f"{path.name!r} is empty; a table needs a header line and rows")
    if delimiter is None:
        return ParquetSource(path, block_rows=block_rows)
    table = _read_text(path, delimiter)
    kind = "CSV file" if delimiter == "," else "TSV file"
    return arrow_source(table, describe=partial(describe_file, path, kind), block_rows=block_rows)


def _size(path: Path) -> int:
    """Return the size of a file in bytes; without one FileNotFoundError names the path."""
    try:
        return path.stat().st_size
    except ValueError as error:  # a NUL character, or one that file names cannot hold
        raise OSError(errno.EINVAL, f"no file can have this name ({error})", str(path)) from None


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
            batches = file.iter_batches(batch_size=self._block_rows, columns=columns)
            while True:
                with self._reading():
                    batch = next(batches, None)
                if batch is None:
                    return
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
        load_whole("pyarrow.parquet")
        import pyarrow.parquet as pq

        with self._reading():
            return pq.ParquetFile(self._path, page_checksum_verification=True)

    def _reading(self) -> AbstractContextManager[None]:
        return reading(f"{self._path.name!r} is not a complete Parquet file", "Write or copy the file again.")


def _read_text(path: Path, delimiter: str) -> Any:
    """Read a delimited text file into an Arrow table, all of it before any type is settled."""
    load_whole("pyarrow.csv", "pyarrow.compute")
    import pyarrow as pa

    try:
        with pa.input_stream(str(path)) as stream:  # unpacks by suffix
            if stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise DataError(_not_utf8(path, "it begins as UTF-16 and"))
        table = _parse(path, delimiter)
    except pa.ArrowInvalid as error:
        raise DataError(_not_a_table(path, delimiter, str(error))) from error
    except OSError as error:
        if error.errno is None:  # not the system but the unpacking complains
            raise DataError(f"{path.name!r} cannot be unpacked: {error}; write the file again") from error
        raise
    _check_utf8(path, table.schema)
    _check_delimiter(path, table.schema.names, delimiter)
    return _with_exact_integers(path, delimiter, table)


def _parse(path: Path, delimiter: str) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    def parse(**options: Any) -> Any:
        return _read_csv(
            path,
            read_options=csv.ReadOptions(**options),
            parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=csv.ConvertOptions(null_values=list(MISSING_TEXTS), strings_can_be_null=True),
        )

    try:
        return parse()
    except pa.ArrowInvalid as error:
        if "straddl" in str(error):  # one row is longer than the reader's piece of a megabyte
            return parse(block_size=LARGEST_CSV_PIECE)
        return parse(use_threads=False)  # fails again, but one thread knows the number of the row


def _read_csv(path: Path, **options: Any) -> Any:
    """Read a table in a thread of its own, which goes on by itself if the caller is interrupted.

    In the main thread Arrow takes interrupts for itself while it reads, and loses some that come as it ends
    (88 of 3,000, pyarrow 26.0.1); in another thread it leaves them alone.
    """
    from concurrent.futures import ThreadPoolExecutor

    from pyarrow import csv

    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(csv.read_csv, path, **options).result()
    finally:
        pool.shutdown(wait=False)


def _with_exact_integers(path: Path, delimiter: str, table: Any) -> Any:
    """Return the table with columns of integers that the reader made float64, losing digits, as decimals.

    A formula that uses such a column is refused as for any other table; beside it the column may stay.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    suspects = [
        name
        for name, kind, column in zip(table.schema.names, table.schema.types, table.columns, strict=True)
        if pa.types.is_floating(kind) and (pc.max(pc.abs(column)).as_py() or 0.0) >= INTEGER_LIMIT
    ]
    if not suspects or len(set(table.schema.names)) < len(table.schema.names):
        return table
    texts = _read_csv(
        path,
        parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            include_columns=suspects,
            column_types=dict.fromkeys(suspects, pa.string()),
            null_values=list(MISSING_TEXTS),
            strings_can_be_null=True,
        ),
    )
    for name in suspects:
        column = texts.column(name)
        written = [text for text in column.unique().to_pylist() if text is not None]
        if not all(map(_WHOLE.fullmatch, written)) or not any(digits_are_lost(int(t)) for t in written):
            continue
        if max(map(len, written)) <= DECIMAL_DIGITS:
            column = column.cast(pa.decimal256(DECIMAL_DIGITS, 0))
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def _not_a_table(path: Path, delimiter: str, why: str) -> str:
    """Say why a text file is no table, and whether another delimiter would make it one."""
    why = " ".join(why.split())
    remedy = "every row needs the header's columns"
    if path.name.lower().endswith(("csv", "tsv")):
        with path.open(encoding="utf-8", errors="replace") as stream:
            header = stream.readline(_HASH_BYTES)
        for mark, said in _MARKS:
            if mark in header and delimiter not in header:
                remedy = f"the header seems to be separated by {said}; {_REMEDY_DELIMITER}"
                break
    return f"{path.name!r} is not a table: {why}; {remedy}"


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
    for mark, said in _MARKS:
        if mark in names[0] and mark != delimiter:
            raise DataError(
                f"{path.name!r} has one column named {names[0]!r}: it seems to be separated by {said}; "
                f"{_REMEDY_DELIMITER}"
            )
