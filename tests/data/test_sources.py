"""Every way to hand over a table gives the same columns; a new way enrols by one entry of the registry."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import narwhals
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from logreg.data import open_source
from logreg.data.source import CategoryColumn, NumberColumn, RowBlock
from logreg.errors import DataError

NUMBERS = {"x", "k", "kn", "b", "bn"}
TABLE: dict[str, list[Any]] = {
    "x": [1.5, -2.0, None, 0.1, 1e300, 3.0, 0.0, -0.25],
    "k": [3, 1, 4, 1, 5, 9, 2, 6],
    "kn": [7, None, -1, 0, None, 2, 3, 4],
    "b": [True, False, True, True, False, False, True, False],
    "bn": [None, True, False, None, True, True, True, False],
    "s": ["red", "green", None, "red", "dark blue", "é", "green", "red"],
    "t": ["b", "a", "b", "a", "c", "c", "a", "b"],
}
EXPECTED = {
    name: [None if v is None else float(v) for v in values] if name in NUMBERS else values
    for name, values in TABLE.items()
}
N = len(TABLE["x"])


def as_pandas() -> pd.DataFrame:
    return pd.DataFrame(TABLE)


def as_nullable() -> pd.DataFrame:
    types = {"x": "Float64", "k": "Int16", "kn": "Int64", "b": "boolean", "bn": "boolean", "s": "string"}
    return pd.DataFrame({name: pd.array(v, dtype=types.get(name, "str")) for name, v in TABLE.items()})


def as_objects() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(v, dtype=object) for name, v in TABLE.items()})


def as_arrow() -> pa.Table:
    return pa.table(TABLE)


def as_chunks() -> pa.Table:
    return pa.concat_tables([as_arrow().slice(0, 3), as_arrow().slice(3)])


def as_csv(folder: Path, name: str = "table.csv", sep: str = ",") -> Path:
    as_arrow().to_pandas().to_csv(folder / name, index=False, sep=sep)
    return folder / name


def as_parquet(folder: Path) -> Path:
    import pyarrow.parquet as pq

    pq.write_table(as_arrow(), folder / "table.parquet", row_group_size=3)
    return folder / "table.parquet"


def as_dictionary_parquet(folder: Path) -> Path:
    import pyarrow.parquet as pq

    table = as_arrow()
    for name in ("s", "t"):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table.column(name).dictionary_encode())
    pq.write_table(table, folder / "coded.parquet", row_group_size=3)
    return folder / "coded.parquet"


CONSTRUCTORS: dict[str, Callable[[Path], Any]] = {
    "pandas": lambda _: as_pandas(),
    "pandas nullable": lambda _: as_nullable(),
    "pandas objects": lambda _: as_objects(),
    "pandas on Arrow": lambda _: as_arrow().to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda _: pl.DataFrame(TABLE),
    "polars lazy": lambda _: pl.LazyFrame(TABLE),
    "narwhals": lambda _: narwhals.from_native(pl.DataFrame(TABLE)),
    "Arrow table": lambda _: as_arrow(),
    "Arrow chunks": lambda _: as_chunks(),
    "Arrow batch": lambda _: as_arrow().to_batches()[0],
    "Arrow reader": lambda _: as_chunks().to_reader(),
    "DuckDB": lambda _: duckdb.connect().from_arrow(as_arrow()),
    "dict of lists": lambda _: TABLE,
    "dict of columns": lambda _: {
        "x": np.array([math.nan if v is None else v for v in TABLE["x"]]),
        "k": pl.Series(TABLE["k"]),
        "kn": pa.array(TABLE["kn"]),
        "b": np.array(TABLE["b"]),
        "bn": pd.array(TABLE["bn"], dtype="boolean"),
        "s": pd.Series(TABLE["s"], index=range(100, 100 + N)),
        "t": tuple(TABLE["t"]),
    },
    "csv": as_csv,
    "csv text path": lambda folder: str(as_csv(folder)),
    "csv.gz": lambda folder: as_csv(folder, "table.csv.gz"),
    "tsv": lambda folder: as_csv(folder, "table.tsv", "\t"),
    "parquet": as_parquet,
    "parquet of codes": as_dictionary_parquet,
}


@pytest.fixture(params=CONSTRUCTORS)
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return CONSTRUCTORS[request.param](tmp_path)


def test_every_source_gives_the_same_columns(data, read):
    source = open_source(data)
    assert source.column_names == tuple(TABLE)
    assert source.n_rows == N
    assert read(source, list(TABLE)) == EXPECTED


@pytest.mark.parametrize("block_rows", [1, 3, 7, N, 1000])
def test_blocking_changes_nothing(data, read, block_rows):
    source = open_source(data, block_rows=block_rows)
    assert all(block.n_rows <= block_rows for block in source.blocks(["s"]))
    assert read(source, ["t", "x", "kn", "s"]) == {name: EXPECTED[name] for name in ("t", "x", "kn", "s")}


def test_a_source_can_be_read_again_and_by_parts(data, read):
    source = open_source(data)
    assert read(source, ["t"]) == {"t": EXPECTED["t"]}
    assert read(source, ["x", "t"]) == {"x": EXPECTED["x"], "t": EXPECTED["t"]}


def test_kinds_are_told_apart(data):
    block = next(iter(open_source(data).blocks(["x", "k", "b", "s"])))
    kinds = {n: c.kind for n, c in block.columns.items() if isinstance(c, NumberColumn)}
    assert kinds == {"x": "float", "k": "integer", "b": "boolean"}
    text = block.columns["s"]
    assert isinstance(text, CategoryColumn)
    assert not text.ordered


def test_text_levels_come_in_order_of_first_appearance(data):
    block = next(iter(open_source(data, block_rows=3).blocks(["s"])))
    assert block.columns["s"].levels[:2] == ("red", "green")


def test_arrays_cannot_be_written_to(data):
    block = next(iter(open_source(data).blocks(["x", "k", "b", "t"])))
    for column in block.columns.values():
        array = column.codes if isinstance(column, CategoryColumn) else column.values
        assert not array.flags.writeable


def test_reduce_combines_in_block_order(data):
    source = open_source(data, block_rows=1)
    step: Callable[[RowBlock], tuple[int, ...]] = lambda block: (block.start,)  # noqa: E731
    assert source.reduce(step, lambda a, b: a + b, ["x"]) == tuple(range(N))


def test_an_unknown_column_is_refused_with_the_nearest_spelling(data):
    source = open_source(data)
    with pytest.raises(DataError, match=r"no column 'kk' in the data. Did you mean 'k"):
        source.blocks(["x", "kk"])


def test_a_source_is_returned_as_it_is():
    source = open_source(TABLE)
    assert open_source(source) is source


def test_kinds_are_described(tmp_path):
    told = {name: open_source(make(tmp_path)).description["kind"] for name, make in CONSTRUCTORS.items()}
    assert told["pandas"] == "pandas frame"
    assert told["polars"] == told["narwhals"] == "polars frame"
    assert told["polars lazy"] == "polars lazy frame"
    assert told["Arrow table"] == "Arrow table"
    assert told["Arrow reader"] == "Arrow stream"
    assert told["DuckDB"] == "DuckDB relation"
    assert told["dict of lists"] == "dictionary"
    assert told["csv"] == told["csv.gz"] == "CSV file"
    assert told["tsv"] == "TSV file"
    assert told["parquet"] == "Parquet file"


@pytest.mark.parametrize(
    "empty",
    [
        pd.DataFrame({"x": pd.Series([], dtype=float)}),
        pl.DataFrame({"x": []}),
        pa.table({"x": pa.array([], pa.string())}),
        {"x": []},
    ],
    ids=["pandas", "polars", "arrow", "dict"],
)
def test_no_rows_give_no_blocks(empty):
    source = open_source(empty)
    assert source.n_rows == 0
    assert list(source.blocks(["x"])) == []
    assert source.reduce(lambda block: block.n_rows, int.__add__, ["x"]) is None


def test_scalars_make_one_row_or_stand_for_every_row(read):
    one = open_source({"age": 30, "race": "black", "when": np.array(2.5), "gone": None})
    assert one.n_rows == 1
    assert read(one, one.column_names) == {"age": [30.0], "race": ["black"], "when": [2.5], "gone": [None]}
    three = open_source({"age": [1, 2, 3], "race": "black"})
    assert read(three, ["age", "race"]) == {"age": [1.0, 2.0, 3.0], "race": ["black"] * 3}


def test_a_dict_of_unequal_columns_is_refused():
    with pytest.raises(DataError, match="differ in length: 'a' has 2, 'b' has 3"):
        open_source({"a": [1, 2], "b": [1, 2, 3], "c": 1})


@pytest.mark.parametrize("value", [{1, 2}, {"k": 1}, np.zeros((2, 2)), object()], ids=type)
def test_a_dict_entry_of_another_shape_is_refused(value):
    with pytest.raises(DataError, match="column 'a' is a"):
        open_source({"a": value})


@pytest.mark.parametrize(
    "thing",
    [7, None, [1, 2], [{"x": 1}], object(), lambda: None],
    ids=["int", "None", "list", "records", "object", "function"],
)
def test_anything_else_is_refused_by_its_type(thing):
    with pytest.raises(DataError, match=type(thing).__name__) as caught:
        open_source(thing)
    assert "pandas" in str(caught.value)
    assert ".parquet" in str(caught.value)


@pytest.mark.parametrize("one", [pd.Series([1]), pl.Series([1]), pa.chunked_array([[1]]), pa.array([1])])
def test_one_column_is_not_a_table(one):
    with pytest.raises(DataError, match="a single column needs a name"):
        open_source(one)


def test_an_array_is_asked_for_names():
    with pytest.raises(DataError, match=r"pandas.DataFrame\(X, columns="):
        open_source(np.zeros((3, 2)))


@pytest.mark.parametrize("block_rows", [0, -1])
def test_block_rows_must_be_positive(block_rows):
    with pytest.raises(DataError, match="block_rows must be at least 1"):
        open_source(TABLE, block_rows=block_rows)


# ---- names


def test_a_duplicate_name_is_refused_only_when_it_is_used(read):
    frame = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["x1", "x2", "x1"])
    table = pa.Table.from_arrays(
        [pa.array([1.0]), pa.array([2.0]), pa.array([3.0])], names=["x1", "x2", "x1"]
    )
    for data in (frame, table, table.to_reader()):
        source = open_source(data)
        assert source.column_names == ("x1", "x2", "x1")
        assert read(source, ["x2"]) == {"x2": [2.0]}
        with pytest.raises(DataError, match=r"duplicate column name 'x1' \(2 times\); rename one"):
            source.blocks(["x1"])


@pytest.mark.parametrize("data", [pd.DataFrame([[1, 2]], columns=[1, "1"]), {1: [1], "1": [2]}], ids=type)
def test_names_that_read_the_same_are_duplicates(data):
    with pytest.raises(DataError, match="duplicate column name '1'"):
        open_source(data).blocks(["1"])


def test_names_need_not_be_words(read):
    names = ["my var (kg)", 'it\'s "x"', "a`b", "line1\nline2", "__import__", "7"]
    frame = pd.DataFrame([[0, 1, 2, 3, 4, 5]], columns=[*names[:-1], 7])
    assert read(open_source(frame), names) == {name: [float(i)] for i, name in enumerate(names)}


def test_names_that_differ_by_case_are_two_columns(tmp_path, read):
    frame = pd.DataFrame({"X1": [1.0], "x1": [2.0]})
    frame.to_parquet(tmp_path / "case.parquet")
    for data in (frame, tmp_path / "case.parquet", pa.table(frame)):
        assert read(open_source(data), ["x1", "X1"]) == {"x1": [2.0], "X1": [1.0]}


def test_a_long_list_of_columns_is_cut_short():
    source = open_source({f"c{i}": [1] for i in range(100)})
    with pytest.raises(DataError, match=r"'c11', \.\.\.") as caught:
        source.blocks(["zzzzz"])
    assert "c12'" not in str(caught.value)


# ---- rows


@pytest.mark.parametrize(
    ("index", "label"),
    [
        (None, "row 1"),
        (["p", "q"], "row 'q'"),
        ([10, 5], "row 5"),
        (pd.RangeIndex(7, 9), "row 8"),
        (pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), "row ('b', 2)"),
    ],
    ids=["default", "text", "numbers", "shifted", "multi"],
)
def test_rows_are_named_by_a_meaningful_index(index, label):
    frame = pd.DataFrame({"x": [1.0, 2.0]}, index=index)
    source = open_source(frame)
    assert source.row_label(1) == label
    assert source.index is frame.index


def test_only_pandas_has_an_index():
    source = open_source(pl.DataFrame({"x": [1.0, 2.0]}))
    assert source.index is None
    assert source.row_label(1) == "row 1"


# ---- the caller's memory


def test_the_callers_frame_is_unchanged():
    frame, original = as_objects(), as_objects()
    source = open_source(frame)
    list(source.blocks(list(TABLE)))
    pd.testing.assert_frame_equal(frame, original)


def test_a_column_is_converted_once_also_by_threads():
    frame = pd.DataFrame({"s": ["a", "b"] * 500})
    source = open_source(frame)
    found: list[Any] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        (block,) = source.blocks(["s"])
        found.append(block.columns["s"])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(column is found[0] for column in found)
