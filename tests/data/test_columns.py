"""What each type of column becomes: numbers, categories, or a reason why neither."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logreg.data import open_source
from logreg.data.arrow_columns import column_from_arrow
from logreg.data.columns import categories, digits_are_lost, floats, integers, slice_column
from logreg.data.pandas_columns import column_from_pandas
from logreg.data.source import CategoryColumn, Column, NumberColumn, UnusableColumn

NAN = math.nan


def of(values: Any) -> Column:
    """The column of one vector of any library."""
    (block,) = open_source({"v": values}).blocks(["v"])
    return block.columns["v"]


# ---- numbers

NUMBERS = {
    "float16": (np.array([1.5, 0.1], dtype=np.float16), [1.5, float(np.float16(0.1))], "float"),
    "float32": (np.array([1.5, 0.1], dtype=np.float32), [1.5, float(np.float32(0.1))], "float"),
    "longdouble": (np.array([1.5, 0.25], dtype=np.longdouble), [1.5, 0.25], "float"),
    "big endian": (np.array([1.5, 0.25], dtype=">f8"), [1.5, 0.25], "float"),
    "uint8": (np.array([0, 255], dtype=np.uint8), [0.0, 255.0], "integer"),
    "int8": (np.array([-128, 127], dtype=np.int8), [-128.0, 127.0], "integer"),
    "uint64": (np.array([0, 2**53], dtype=np.uint64), [0.0, 2.0**53], "integer"),
    "bool": (np.array([True, False]), [1.0, 0.0], "boolean"),
    "Int8": (pd.array([1, None], dtype="Int8"), [1.0, NAN], "integer"),
    "UInt64": (pd.array([1, None], dtype="UInt64"), [1.0, NAN], "integer"),
    "Float32": (pd.array([0.5, None], dtype="Float32"), [0.5, NAN], "float"),
    "boolean": (pd.array([True, None], dtype="boolean"), [1.0, NAN], "boolean"),
    "int64[pyarrow]": (pd.array([1, None], dtype="int64[pyarrow]"), [1.0, NAN], "integer"),
    "sparse int": (pd.arrays.SparseArray([0, 3]), [0.0, 3.0], "integer"),
    "sparse float": (pd.arrays.SparseArray([NAN, 3.0]), [NAN, 3.0], "float"),
    "Decimal": (pd.Series([Decimal("0.1"), None], dtype=object), [0.1, NAN], "float"),
    "Decimal not a number": (pd.Series([Decimal("NaN"), Decimal(2)], dtype=object), [NAN, 2.0], "float"),
    "bool objects": (pd.Series([True, None], dtype=object), [1.0, NAN], "boolean"),
    "int objects": (pd.Series([7, None], dtype=object), [7.0, NAN], "integer"),
    "float objects": (pd.Series([0.5, pd.NA], dtype=object), [0.5, NAN], "float"),
    "bool and int objects": (pd.Series([True, 2], dtype=object), [1.0, 2.0], "integer"),
    "numpy objects": (pd.Series([np.int8(3), np.float32(0.5)], dtype=object), [3.0, 0.5], "float"),
    "missing objects": (pd.Series([None, pd.NA], dtype=object), [NAN, NAN], "float"),
    "Arrow bool": (pa.array([True, None]), [1.0, NAN], "boolean"),
    "Arrow uint16": (pa.array([65535, None], pa.uint16()), [65535.0, NAN], "integer"),
    "Arrow float16": (pa.array([0.5, None], pa.float16()), [0.5, NAN], "float"),
    "Arrow NaN and null": (pa.array([NAN, None]), [NAN, NAN], "float"),
    "Arrow null": (pa.nulls(2), [NAN, NAN], "float"),
    "Arrow decimal": (pa.array([Decimal("0.1"), None], pa.decimal128(9, 4)), [0.1, NAN], "float"),
    "Arrow hugeint": (pa.array([Decimal(5), None], pa.decimal128(38, 0)), [5.0, NAN], "integer"),
    "Arrow chunks": (pa.chunked_array([[1], [None]], pa.int8()), [1.0, NAN], "integer"),
    "polars decimal": (pl.Series([Decimal("0.1"), None]), [0.1, NAN], "float"),
    "polars UInt8": (pl.Series([255, None], dtype=pl.UInt8), [255.0, NAN], "integer"),
    "infinite": (np.array([np.inf, -np.inf]), [np.inf, -np.inf], "float"),
}


@pytest.mark.parametrize(("vector", "expected", "kind"), NUMBERS.values(), ids=NUMBERS)
def test_numbers(vector, expected, kind):
    column = of(vector)
    assert isinstance(column, NumberColumn)
    assert column.kind == kind
    assert column.values.dtype == np.dtype(np.float64)
    assert column.values.dtype.isnative
    np.testing.assert_array_equal(column.values, expected)
    missing = np.isnan(expected)
    if missing.any():
        np.testing.assert_array_equal(column.missing, missing)
    else:
        assert column.missing is None


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ([1.0, 2.0], None),
        ([1.0, NAN], [False, True]),
        ([np.inf, -np.inf], None),  # the sum is NaN and nothing is missing
        ([np.inf, -np.inf, NAN], [False, False, True]),
        ([1e308, 1e308], None),  # the sum overflows
        ([], None),
    ],
)
def test_missing_floats_are_found_by_the_sum_and_the_exact_look(values, missing):
    found = floats(np.array(values), dtype="float64").missing
    assert (None if found is None else found.tolist()) == missing


def test_the_sum_that_finds_missing_floats_is_quiet(recwarn):
    floats(np.array([np.inf, -np.inf]), dtype="float64")
    floats(np.full(10, 1.7e308), dtype="float64")
    assert not recwarn.list


def test_decimals_are_rounded_correctly():
    """Arrow's own conversion misses about one value in a hundred here; Python's is correct."""
    numbers = [Decimal(k * 7919 + 10**15).scaleb(-12) for k in range(2000)]
    column = of(pa.array(numbers, pa.decimal128(38, 12)))
    assert isinstance(column, NumberColumn)
    assert column.values.tolist() == [float(number) for number in numbers]


def test_duckdb_decimals_and_sums_are_numbers():
    relation = duckdb.connect().sql("select 1.25::decimal(6, 2) d, sum(i) s from range(4) t(i)")
    (block,) = open_source(relation).blocks(["d", "s"])
    assert block.columns["d"].values.tolist() == [1.25]
    assert block.columns["s"].values.tolist() == [6.0]
    assert block.columns["s"].kind == "integer"


# ---- integers beyond 2**53

BIG = 2**53 + 1


@pytest.mark.parametrize(
    "vector",
    [
        np.array([1, BIG, BIG]),
        np.array([1, BIG, BIG], dtype=np.uint64),
        np.array([1, -BIG, 0]),
        np.array([1, 2**64 - 1, 0], dtype=np.uint64),
        np.array([1, 2**63 - 1, 0]),
        pd.array([None, BIG, 0], dtype="Int64"),
        pd.Series([1, BIG, "x"]).head(2),
        pd.Series([1, 2**2000, 3], dtype=object),
        pa.array([None, BIG]),
        pa.array([Decimal(1), Decimal(BIG)], pa.decimal128(38, 0)),
        pl.Series([1, BIG]),
    ],
    ids=type,
)
def test_integers_that_lose_digits_are_refused(vector):
    column = of(vector)
    assert isinstance(column, UnusableColumn)
    assert "2**53" in column.reason
    assert "subtract a constant" in column.remedy
    assert column.row == 1
    assert column.example.lstrip("-")[:3] in str(abs(2**2000))[:3] + str(BIG) + str(2**64 - 1) + str(
        2**63 - 1
    )


@pytest.mark.parametrize("value", [2**53, -(2**53), 2**53 + 2, 2**60, -(2**63)])
def test_large_integers_that_keep_their_digits_are_numbers(value):
    for vector in (np.array([value]), pa.array([value]), pd.Series([value], dtype=object)):
        column = of(vector)
        assert isinstance(column, NumberColumn)
        assert int(column.values[0]) == value


def test_a_large_fill_at_a_missing_row_is_not_a_value():
    column = integers(np.array([BIG, 3]), np.array([True, False]), dtype="int64")
    assert isinstance(column, NumberColumn)
    np.testing.assert_array_equal(column.values, [NAN, 3.0])


@given(st.integers(min_value=-(2**70), max_value=2**70))
def test_lost_digits_are_what_a_round_trip_shows(value):
    assert digits_are_lost(value) == (int(float(value)) != value)


# ---- categories


def test_declared_categories_keep_their_order_and_unused_levels():
    declared = ["low", "high", "never"]
    vectors: dict[str, Any] = {
        "pandas": pd.Categorical(["high", "low", None], categories=declared),
        "pandas ordered": pd.Categorical(["high", "low", None], categories=declared, ordered=True),
        "polars enum": pl.Series(["high", "low", None], dtype=pl.Enum(declared)),
        "arrow": pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.int8()), declared),
        "arrow unsigned": pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.uint8()), declared),
    }
    for name, vector in vectors.items():
        column = of(vector)
        assert isinstance(column, CategoryColumn), name
        assert column.declared, name
        assert column.ordered == (name in {"pandas ordered", "polars enum"}), name
        assert column.levels == ("low", "high", "never"), name
        assert column.codes.tolist() == [1, 0, -1], name


def test_a_polars_categorical_declares_no_order():
    series = pl.Series("g", ["b", "a", None], dtype=pl.Categorical)
    for data in (series.to_frame(), series.to_frame().lazy(), series.to_frame().to_arrow(), {"g": series}):
        (block,) = open_source(data).blocks(["g"])
        column = block.columns["g"]
        assert isinstance(column, CategoryColumn)
        assert not column.declared
        assert [column.levels[code] if code >= 0 else None for code in column.codes] == ["b", "a", None]


def test_a_duckdb_enum_is_declared():
    relation = duckdb.connect().sql("select 'x'::enum('z', 'x') e")
    (block,) = open_source(relation).blocks(["e"])
    assert block.columns["e"].levels == ("z", "x")
    assert block.columns["e"].declared


def test_intervals_are_ordered_levels_by_their_text():
    column = of(pd.cut(pd.Series([1.0, 5.0, 9.0]), [0, 3, 6, 10]))
    assert isinstance(column, CategoryColumn)
    assert column.levels == ("(0, 3]", "(3, 6]", "(6, 10]")
    assert column.declared
    assert column.ordered
    assert column.codes.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("labels", "levels"),
    [
        ([3, 1, 2], (1, 2, 3)),
        ([0.5, 0.25], (0.25, 0.5)),
        ([True, False], (False, True)),
        ([pd.Timestamp("2020-01-02")], ("2020-01-02 00:00:00",)),
    ],
    ids=["int", "float", "bool", "date"],
)
def test_categories_of_numbers_stay_numbers(labels, levels):
    column = of(pd.Categorical(labels))
    assert isinstance(column, CategoryColumn)
    assert column.levels == levels
    assert [type(level) for level in column.levels] == [type(level) for level in levels]


def test_labels_that_read_the_same_become_one_level():
    first, second = datetime.date(2020, 1, 1), "2020-01-01"
    column = categories(np.array([0, 1, 2, -1]), [first, "z", second], dtype="object")
    assert column.levels == ("2020-01-01", "z")
    assert column.codes.tolist() == [0, 1, 0, -1]


def test_labels_that_python_calls_equal_stay_apart():
    column = categories(np.array([0, 1, 2]), [True, 1, 1.0], dtype="object")
    assert [type(level) for level in column.levels] == [bool, int, float]
    assert column.codes.tolist() == [0, 1, 2]


def test_a_null_in_an_arrow_dictionary_is_missing():
    array = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None]), pa.array(["a", None, "b"]))
    column = column_from_arrow(array)
    assert isinstance(column, CategoryColumn)
    assert column.levels == ("a", "b")
    assert column.codes.tolist() == [0, -1, 1, -1]


def test_chunks_with_other_dictionaries_are_unified():
    chunks = [pa.array(["a", "b"]).dictionary_encode(), pa.array(["b", "c", None]).dictionary_encode()]
    column = column_from_arrow(pa.chunked_array(chunks))
    assert isinstance(column, CategoryColumn)
    assert column.levels == ("a", "b", "c")
    assert column.codes.tolist() == [0, 1, 1, 2, -1]


def test_chunks_may_hold_more_labels_together_than_one_index_can_number():
    kind = pa.dictionary(pa.int8(), pa.string())
    chunks = [pa.array([f"{c}{i}" for i in range(100)]).dictionary_encode().cast(kind) for c in "ab"]
    column = column_from_arrow(pa.chunked_array(chunks))
    assert isinstance(column, CategoryColumn)
    assert len(column.levels) == 200
    assert column.codes.tolist() == list(range(200))


TEXTS = {
    "object": pd.Series(["b", None, "", "b"], dtype=object),
    "object with nan": pd.Series(["b", NAN, "", "b"], dtype=object),
    "object with NA": pd.Series(["b", pd.NA, "", "b"], dtype=object),
    "str": pd.Series(["b", None, "", "b"], dtype="str"),
    "string[python]": pd.Series(["b", None, "", "b"], dtype="string[python]"),
    "string[pyarrow]": pd.Series(["b", None, "", "b"], dtype="string[pyarrow]"),
    "ArrowDtype": pd.Series(["b", None, "", "b"], dtype=pd.ArrowDtype(pa.string())),
    "list": ["b", None, "", "b"],
    "arrow": pa.array(["b", None, "", "b"]),
    "arrow large": pa.array(["b", None, "", "b"], pa.large_string()),
    "arrow view": pa.array(["b", None, "", "b"], pa.string_view()),
    "polars": pl.Series(["b", None, "", "b"]),
}


@pytest.mark.parametrize("vector", TEXTS.values(), ids=TEXTS)
def test_text_is_labels_and_an_empty_text_is_one(vector):
    column = of(vector)
    assert isinstance(column, CategoryColumn)
    assert column.levels == ("b", "")
    assert column.codes.tolist() == [0, -1, 1, 0]
    assert not column.declared


def test_text_that_is_all_missing_has_no_levels():
    column = of(pd.Series([None, None], dtype="str"))
    assert isinstance(column, CategoryColumn)
    assert column.levels == ()
    assert column.codes.tolist() == [-1, -1]


def test_numpy_text_is_labels():
    column = of(np.array(["b", "a"]))
    assert isinstance(column, CategoryColumn)
    assert column.levels == ("b", "a")


# ---- columns no model can use

DAY = datetime.date(2020, 1, 1)
NOON = datetime.datetime(2020, 1, 1, 12)
DATES = {
    "datetime64": pd.Series(pd.to_datetime(["2020-01-01", None])),
    "datetime with zone": pd.Series(pd.to_datetime(["2020-01-01"], utc=True)),
    "date objects": pd.Series([DAY, None], dtype=object),
    "datetime objects": pd.Series([NOON, NOON], dtype=object),
    "time objects": pd.Series([NOON.time()], dtype=object),
    "stamp objects": pd.Series([pd.Timestamp(NOON)], dtype=object),
    "period": pd.Series(pd.period_range("2020", periods=2, freq="M")),
    "arrow date": pa.array([DAY]),
    "arrow timestamp": pa.array([NOON]),
    "arrow time": pa.array([NOON.time()]),
    "polars date": pl.Series([DAY]),
    "polars datetime": pl.Series([NOON]),
    "pandas arrow": pd.Series([NOON], dtype="timestamp[us][pyarrow]"),
}


@pytest.mark.parametrize("vector", DATES.values(), ids=DATES)
def test_dates_are_not_numbers(vector):
    column = of(vector)
    assert isinstance(column, UnusableColumn)
    assert column.reason == "dates are not numbers"
    assert "datetime" in column.dtype
    assert "days since" in column.remedy


HOUR = datetime.timedelta(hours=1)


@pytest.mark.parametrize(
    "vector",
    [
        pd.Series([HOUR]),
        pd.Series([HOUR], dtype=object),
        pd.Series([np.timedelta64(1, "h")], dtype=object),
        pa.array([HOUR]),
        pl.Series([HOUR]),
    ],
    ids=["timedelta64", "objects", "numpy objects", "arrow", "polars"],
)
def test_durations_need_a_unit(vector):
    column = of(vector)
    assert isinstance(column, UnusableColumn)
    assert "durations" in column.reason
    assert "divide by" in column.remedy


def test_complex_numbers_are_refused():
    for vector in (np.array([1 + 2j]), pd.Series([None, 1j], dtype=object)):
        column = of(vector)
        assert isinstance(column, UnusableColumn)
        assert "complex" in column.dtype
        assert "complex" in column.reason


@pytest.mark.parametrize(
    ("vector", "named"),
    [
        (pd.Series([[1], [2]]), "list"),
        ([[1], [2]], "list"),
        (pd.Series([b"a", b"b"]), "bytes"),
        (pd.Series([{"k": 1}, None]), "dict"),
        (pd.arrays.IntervalArray.from_breaks([0, 1, 2]), "interval"),
        (pa.array([[1], [2]]), "list"),
        (pa.array([{"k": 1}]), "struct"),
        (pa.array([b"a"]), "binary"),
        (pl.Series([[1], [2]]), "List"),
        (pl.Series([object()], dtype=pl.Object), "Object"),
        (pl.Series([1], dtype=pl.Int128), "Int128"),
        (np.array([(1, 2)], dtype=[("a", int), ("b", int)])["a"].astype("V8"), "V8"),
    ],
    ids=type,
)
def test_other_types_are_refused_by_name(vector, named):
    column = of(vector)
    assert isinstance(column, UnusableColumn)
    assert named.lower() in column.dtype.lower()
    assert "neither numbers nor labels" in column.reason


def test_a_mixture_shows_the_rarest_type_as_the_example():
    column = of(pd.Series([1.5, None, 2.5, "n/a", 3.5, "?"], dtype=object))
    assert isinstance(column, UnusableColumn)
    assert column.reason == "it mixes float and str values"
    assert column.example == "'n/a'"
    assert column.row == 3
    assert "number" in column.remedy


def test_a_date_among_text_is_a_mixture():
    column = of(pd.Series(["a", DAY, "b"], dtype=object))
    assert isinstance(column, UnusableColumn)
    assert column.reason == "it mixes datetime.date and str values"
    assert column.row == 1


def test_a_refusal_names_the_same_row_for_any_blocking():
    frame = pd.DataFrame({"v": pd.Series([1, 2, 3, "x", 5], dtype=object)})
    for block_rows in (1, 2, 5):
        for block in open_source(frame, block_rows=block_rows).blocks(["v"]):
            refused = block.columns["v"]
            assert isinstance(refused, UnusableColumn)
            assert block.start + refused.row == 3


# ---- memory


def test_a_float64_column_is_not_copied():
    values = np.arange(5.0)
    matrix = np.arange(12.0).reshape(4, 3)
    frame = pd.DataFrame(matrix, columns=list("abc"), copy=False)
    array = pa.array(values)
    series = pl.Series(values)
    pairs = [
        (of(values), values),
        (of(pd.Series(values, copy=False)), values),
        (open_source(frame).blocks(["b"]).__next__().columns["b"], matrix),
        (of(array), array.to_numpy()),
        (of(series), series.to_numpy()),
    ]
    for column, memory in pairs:
        assert isinstance(column, NumberColumn)
        assert np.shares_memory(column.values, memory)
    assert values.flags.writeable


def test_int32_codes_are_not_copied():
    codes = np.array([0, 1, -1], dtype=np.int32)
    assert np.shares_memory(categories(codes, ["a", "b"], dtype="category").codes, codes)


def test_slices_are_views_and_forget_missing_rows_outside():
    column = floats(np.array([NAN, 1.0, 2.0]), dtype="float64")
    part = slice_column(column, 1, 3)
    assert isinstance(part, NumberColumn)
    assert part.missing is None
    assert np.shares_memory(part.values, column.values)


# ---- two roads to the same column

LABEL = st.none() | st.text(max_size=3)
NUMBER = st.none() | st.floats() | st.floats(width=16)
WHOLE = st.none() | st.integers(min_value=-(2**62), max_value=2**62)


@settings(deadline=None)
@given(st.lists(LABEL) | st.lists(NUMBER) | st.lists(WHOLE) | st.lists(st.none() | st.booleans()))
def test_objects_and_arrow_agree(values):
    by_pandas = column_from_pandas(pd.Series(values, dtype=object))
    by_arrow = column_from_arrow(pa.array(values))
    assert type(by_pandas) is type(by_arrow)
    match by_pandas, by_arrow:
        case NumberColumn(), NumberColumn():
            np.testing.assert_array_equal(by_pandas.values, by_arrow.values)
            np.testing.assert_array_equal(by_pandas.missing, by_arrow.missing)
        case CategoryColumn(), CategoryColumn():
            assert by_pandas.levels == by_arrow.levels
            np.testing.assert_array_equal(by_pandas.codes, by_arrow.codes)
        case UnusableColumn(), UnusableColumn():
            assert (by_pandas.reason, by_pandas.row) == (by_arrow.reason, by_arrow.row)
