"""An Arrow array, from whichever library made it, as a `Column`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from logreg.data.columns import (
    categories,
    date_column,
    digits_are_lost,
    duration_column,
    floats,
    integers,
    no_values,
    other_column,
    too_large_integers,
)
from logreg.data.source import BoolArray, CategoryColumn, Column

__all__ = ["column_from_arrow", "order_is_declared"]

#: polars marks its Categorical (levels in the order they happened to appear) with this key of the field.
_POLARS_CATEGORICAL = b"_PL_CATEGORICAL"


def column_from_arrow(array: Any, *, dtype: str | None = None, declared: bool = True) -> Column:
    """Return an Arrow array as a column; float64 memory without nulls is viewed.

    Parameters
    ----------
    array : pyarrow.Array or pyarrow.ChunkedArray of shape (n,)
        Several chunks are joined, which copies.
    dtype : str, optional
        The name of the type for messages, when the user knows it by another name than Arrow's.
    declared : bool
        Whether the dictionary of a dictionary array is in an order that someone chose.

    Examples
    --------
    >>> import pyarrow as pa
    >>> column_from_arrow(pa.array([1, None])).values
    array([ 1., nan])
    """
    import pyarrow as pa

    kind = array.type
    name = dtype or str(kind)
    if pa.types.is_null(kind):
        return no_values(len(array), dtype=name)
    if pa.types.is_dictionary(kind):
        return _dictionary(_joined(array), name, declared=declared, ordered=bool(kind.ordered))
    if _is_text(kind):
        plain = array.cast(pa.large_string()) if str(kind) == "string_view" else array
        return _dictionary(_joined(plain.dictionary_encode()), name, declared=False, ordered=False)
    return _numbers(_joined(array), name)


def order_is_declared(field: Any) -> bool:
    """Tell whether the dictionary of an Arrow field is in a chosen order; a polars Categorical is not.

    Parameters
    ----------
    field : pyarrow.Field
    """
    return not any(key.startswith(_POLARS_CATEGORICAL) for key in field.metadata or {})


def _numbers(array: Any, name: str) -> Column:
    import pyarrow as pa

    kind = array.type
    if pa.types.is_floating(kind):
        return floats(array.to_numpy(zero_copy_only=False), dtype=name)
    if pa.types.is_integer(kind):
        values, missing = _filled(array, 0)
        return integers(values, missing, dtype=name)
    if pa.types.is_boolean(kind):
        truth, missing = _filled(array, False)
        values = truth.astype(np.float64)
        if missing is not None:
            values[missing] = np.nan
        return floats(values, dtype=name, kind="boolean")
    if pa.types.is_decimal(kind):
        return _decimals(array, name)
    if pa.types.is_duration(kind) or pa.types.is_interval(kind):
        return duration_column(dtype=name)
    if pa.types.is_temporal(kind):
        return date_column(dtype=name)
    return other_column(dtype=name)


def _decimals(array: Any, name: str) -> Column:
    """Read decimals through their text: Arrow's own conversion to float64 is not correctly rounded."""
    import pyarrow as pa

    values = array.cast(pa.string()).cast(pa.float64()).to_numpy(zero_copy_only=False)
    if array.type.scale > 0:
        return floats(values, dtype=name)
    for row in np.flatnonzero(np.abs(values) >= 2.0**53):
        whole = int(array[int(row)].as_py())
        if digits_are_lost(whole):
            return too_large_integers(whole, int(row), dtype=name)
    return floats(values, dtype=name, kind="integer")


def _dictionary(array: Any, name: str, *, declared: bool, ordered: bool) -> CategoryColumn:
    import pyarrow as pa

    codes, missing = _filled(array.indices.cast(pa.int32()), -1)
    del missing  # the code says it
    return categories(codes, array.dictionary.to_pylist(), dtype=name, declared=declared, ordered=ordered)


def _filled(array: Any, fill: Any) -> tuple[NDArray[Any], BoolArray | None]:
    """Return values with ``fill`` at the nulls, and where those are."""
    if not array.null_count:
        return array.to_numpy(zero_copy_only=False), None
    missing: BoolArray = array.is_null().to_numpy(zero_copy_only=False)
    return array.fill_null(fill).to_numpy(zero_copy_only=False), missing


def _joined(array: Any) -> Any:
    import pyarrow as pa

    if not isinstance(array, pa.ChunkedArray):
        return array
    if array.num_chunks == 1:
        return array.chunk(0)
    if pa.types.is_dictionary(array.type):
        # Chunks may number their labels differently; one numbering must hold before they are joined, and its
        # numbers may be larger than those of any chunk.
        array = array.cast(pa.dictionary(pa.int32(), array.type.value_type, ordered=array.type.ordered))
    return array.unify_dictionaries().combine_chunks()


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view"
