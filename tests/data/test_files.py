"""CSV, TSV and Parquet files, whole and damaged."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from logreg.data import open_source
from logreg.data.files import ParquetSource
from logreg.data.source import CategoryColumn, NumberColumn, UnusableColumn
from logreg.errors import DataError


@pytest.fixture
def write(tmp_path):
    def writer(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return writer


def test_only_four_texts_are_missing_in_csv(write, read):
    path = write('n,s\n1,NA\n,NaN\n3,null\n4,""\n5,None\n6,-\n7,n/a\n8,nan\n9,N/A\n')
    rows = read(open_source(path), ["n", "s"])
    assert rows["n"] == [1.0, None, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    assert rows["s"] == [None, None, None, None, "None", "-", "n/a", "nan", "N/A"]


def test_csv_numbers_are_the_nearest_doubles(write, column):
    texts = [
        "0.1",
        "1e-310",
        "123456789.123456789",
        "2.2250738585072011e-308",
        "1.7976931348623157e308",
        "-7",
    ]
    source = open_source(write("x\n" + "\n".join(texts) + "\n"))
    assert column(source, "x").values.tolist() == [float(text) for text in texts]


def test_csv_text_keeps_quotes_commas_line_breaks_and_letters(write, read):
    labels = ["a,b", 'say "x"', "two\nlines", "žluť", " padded "]
    frame = pd.DataFrame({"s": labels, "n": range(5)})
    rows = read(open_source(write(frame.to_csv(index=False))), ["s", "n"])
    assert rows == {"s": labels, "n": [0.0, 1.0, 2.0, 3.0, 4.0]}


def test_a_csv_column_is_judged_by_all_its_rows(write, column):
    """Half a million numbers and then one text: the text shows, however the file is read in parts."""
    path = write("x\n" + "12345\n" * 500_000 + "oops\n")
    found = column(open_source(path), "x")
    assert isinstance(found, CategoryColumn)
    assert found.levels == ("12345", "oops")
    assert found.codes[-1] == 1


def test_csv_types(write, column):
    source = open_source(write("b,d,k,m\nTrue,2020-01-01,1,\nFalse,2020-01-02,,\n"))
    assert column(source, "b").kind == "boolean"
    assert isinstance(column(source, "d"), UnusableColumn)
    assert column(source, "k").kind == "integer"
    empty = column(source, "m")
    assert isinstance(empty, NumberColumn)
    assert empty.missing.tolist() == [True, True]


def test_a_byte_order_mark_is_not_part_of_the_first_name(write):
    assert open_source(write(b"\xef\xbb\xbfa,b\n1,2\n")).column_names == ("a", "b")


def test_csv_duplicate_names_are_refused_when_used(write, read):
    source = open_source(write("x,y,x\n1,2,3\n"))
    assert source.column_names == ("x", "y", "x")
    assert read(source, ["y"]) == {"y": [2.0]}
    with pytest.raises(DataError, match="duplicate column name 'x'"):
        source.blocks(["x"])


def test_a_header_alone_is_a_table_without_rows(write):
    source = open_source(write("a,b\n"))
    assert source.n_rows == 0
    assert source.column_names == ("a", "b")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n", "not a table"),
        (b"a,b\n1,2\n3\n", r"Row #3: Expected 2 columns, got 1"),
        (b"a,b\n1,2\n3,4,5\n", r"Row #3: Expected 2 columns, got 3"),
        (b"a,b\nx,1\n\xe9,2\n", r"not UTF-8 text: column 'a'"),
        (b"a,\xe9\n1,2\n", r"not UTF-8 text: the header"),
        ("a,b\n1,2\n".encode("utf-16"), r"not UTF-8 text"),
        (b"a;b\n1;2\n", "separated by semicolons"),
        (b"a\tb\n1\t2\n", "separated by tabs"),
    ],
    ids=[
        "nothing",
        "blank",
        "short row",
        "long row",
        "latin-1",
        "latin-1 header",
        "utf-16",
        "semicolon",
        "tab",
    ],
)
def test_damaged_csv_is_refused(write, content, said):
    with pytest.raises(DataError, match=said) as caught:
        open_source(write(content))
    assert "data.csv" in str(caught.value)


def test_damaged_gzip_is_refused(write):
    whole = gzip.compress(b"a,b\n1,2\n")
    with pytest.raises(DataError, match=r"data\.csv\.gz"):
        open_source(write(whole[:-12], "data.csv.gz"))
    with pytest.raises(DataError, match=r"data\.csv\.gz"):
        open_source(write(b"a,b\n1,2\n", "data.csv.gz"))


def test_a_missing_file_is_an_os_error(tmp_path):
    for name in ("absent.csv", "absent.parquet"):
        with pytest.raises(FileNotFoundError, match="absent"):
            open_source(tmp_path / name)


@pytest.mark.parametrize("name", ["data.xlsx", "data", "data.csv.zip", "csv"])
def test_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(DataError, match=r"must end in \.csv, \.csv\.gz, \.tsv or \.parquet"):
        open_source(tmp_path / name)


def test_suffixes_in_capitals_are_known(write, read):
    assert read(open_source(write("a\n1\n", "DATA.CSV")), ["a"]) == {"a": [1.0]}


def test_files_are_described_without_their_directory(write, tmp_path):
    content = "a,b\n1,2\n"
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "data.parquet")
    for path in (write(content), tmp_path / "data.parquet"):
        source = open_source(path)
        assert dict(source.description) == {
            "kind": "CSV file" if path.suffix == ".csv" else "Parquet file",
            "file": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": str(path.stat().st_size),
        }
        assert source.description is source.description


# ---- Parquet


def test_parquet_is_not_read_when_opened(tmp_path):
    path = tmp_path / "data.parquet"
    pd.DataFrame({"a": np.arange(10.0)}).to_parquet(path)
    source = open_source(path)
    assert isinstance(source, ParquetSource)
    assert source.n_rows == 10
    assert source.row_label(3) == "row 3"


def test_parquet_categories_keep_their_declared_levels_in_every_block(tmp_path):
    path = tmp_path / "data.parquet"
    labels = ["b", "a", None, "b", "c", "c"]
    kind = pd.CategoricalDtype(["z", "c", "b", "a"], ordered=True)
    pd.DataFrame({"g": pd.Categorical(labels, dtype=kind)}).to_parquet(path, row_group_size=2)
    blocks = list(open_source(path).blocks(["g"]))
    assert len(blocks) == 3
    seen = []
    for block in blocks:
        column = block.columns["g"]
        assert isinstance(column, CategoryColumn)
        assert column.declared
        assert column.ordered
        assert column.levels == ("z", "c", "b", "a")
        seen += [None if code < 0 else column.levels[code] for code in column.codes]
    assert seen == labels


def test_parquet_text_has_its_own_levels_in_each_block(tmp_path):
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"s": ["a", "b", "c", "a"]}), path)
    first, second = open_source(path, block_rows=2).blocks(["s"])
    assert first.columns["s"].levels == ("a", "b")
    assert second.columns["s"].levels == ("c", "a")
    assert second.start == 2


def test_parquet_columns_with_dots_and_nested_neighbours(tmp_path, read):
    path = tmp_path / "data.parquet"
    table = pa.table({"a.b": [1.0, 2.0], "a": [{"b": 3}, {"b": 4}], "x": [5.0, 6.0]})
    pq.write_table(table, path)
    source = open_source(path)
    assert read(source, ["x", "a.b"]) == {"x": [5.0, 6.0], "a.b": [1.0, 2.0]}
    (block,) = source.blocks(["a"])
    assert isinstance(block.columns["a"], UnusableColumn)


def test_parquet_duplicate_names_are_refused_when_used(tmp_path, read):
    path = tmp_path / "data.parquet"
    pq.write_table(
        pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], names=["x", "y", "x"]), path
    )
    source = open_source(path)
    assert read(source, ["y"]) == {"y": [2.0]}
    with pytest.raises(DataError, match="duplicate column name 'x'"):
        source.blocks(["x"])


def test_a_damaged_parquet_file_is_refused(tmp_path):
    path = tmp_path / "data.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"'data\.parquet' is not a complete Parquet file"):
        open_source(path)


def test_a_parquet_refusal_names_a_row_of_the_file(tmp_path):
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"n": [1, 2, 3, 2**53 + 1]}), path)
    first, second = open_source(path, block_rows=2).blocks(["n"])
    assert isinstance(first.columns["n"], NumberColumn)
    refused = second.columns["n"]
    assert isinstance(refused, UnusableColumn)
    assert second.start + refused.row == 3


@pytest.mark.parametrize("name", ["folder.csv", "folder.parquet"])
def test_a_directory_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(DataError, match="is a directory; give one file"):
        open_source(tmp_path / name)
