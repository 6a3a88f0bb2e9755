"""Rows of a source as a data frame again: the columns of a model, in the rows that were used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from logreg.data import open_new_data
from logreg.data.source import CategoryColumn, Column, NumberColumn
from logreg.engine.types import DesignBlock
from logreg.interpret.tidy import augmented

if TYPE_CHECKING:
    from logreg.fitted import LogisticFit

__all__ = ["augment", "frame_of"]


def augment(fit: LogisticFit, data: Any = None) -> pd.DataFrame:
    """Return records with what the model says of each, in broom's grammar; see `logreg.interpret.tidy`.

    Parameters
    ----------
    fit : LogisticFit
    data : table, optional
        New records, all columns of which are kept; without it, the rows of the fit with the model's columns.

    Returns
    -------
    DataFrame
        The records, and ``.fitted, .se_fit`` (log-odds); for the rows of the fit ``.resid, .hat, .std_resid,
        .cooksd`` too. With more than two outcomes ``.fitted_<outcome>`` (probabilities) and ``.class``.

    Raises
    ------
    SupportError
        For a loaded model without data.
    PredictError
        If the data do not match the model.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("distress ~ temperature", logreg.datasets.load("challenger"))
    >>> list(fit.augment().columns)
    ['distress', 'temperature', '.fitted', '.se_fit', '.resid', '.hat', '.std_resid', '.cooksd']
    """
    spec = fit.spec
    if data is not None:
        frame = data if isinstance(data, pd.DataFrame) else _whole_frame(data)
        return augmented(fit, frame, fit._rows.labelled(frame), None)
    weights = () if spec.weights is None else (spec.weights,)
    names = dict.fromkeys((*spec.outcome.columns, *spec.predictors, *spec.offset_columns, *weights))
    rows = fit._rows.training("augment() without data=", also=tuple(names))
    labelled = fit._rows.labelled(None)
    observed = _observed(rows.blocks) if fit.is_binary else None
    return augmented(fit, frame_of(rows.others, tuple(names), labelled.index), labelled, observed)


def _whole_frame(data: Any) -> pd.DataFrame:
    source = open_new_data(data)
    parts = [block.columns for block in source.blocks(source.column_names)]
    return frame_of(parts, source.column_names, None)


def frame_of(
    parts: Sequence[Mapping[str, Column]], names: Sequence[str], index: pd.Index[Any] | None
) -> pd.DataFrame:
    """Return columns of consecutive blocks as one frame.

    Parameters
    ----------
    parts : sequence of mapping
        Name to column, block by block.
    names : sequence of str
        The columns to take.
    index : Index, optional
        Labels of the rows.

    Examples
    --------
    >>> from logreg.data import open_source
    >>> parts = [block.columns for block in open_source({"x": [1, 2], "s": ["a", "b"]}).blocks(["x", "s"])]
    >>> frame_of(parts, ["s", "x"], None)
       s    x
    0  a  1.0
    1  b  2.0
    """
    columns = {name: np.concatenate([_values(part[name]) for part in parts]) for name in names}
    return pd.DataFrame(columns, index=index)


def _values(column: Column) -> NDArray[Any]:
    if isinstance(column, NumberColumn):
        return column.values
    if isinstance(column, CategoryColumn):
        levels = np.empty(len(column.levels) + 1, dtype=object)
        levels[:-1] = column.levels
        found: NDArray[Any] = levels[column.codes]  # code -1, missing, takes the None at the end
        return found
    raise TypeError(f"a column of {column.dtype} holds no values a model could use")


def _observed(blocks: Sequence[DesignBlock]) -> NDArray[np.float64]:
    """Return events and trials (2, n) of the rows of a binary fit.

    A row with a frequency weight stands for so many copies and is one trial here, as each copy would be.
    """
    parts = []
    for block in blocks:
        if block.counts is not None:
            parts.append(np.stack([block.counts[1], block.counts.sum(axis=0)]))
        else:
            assert block.codes is not None
            parts.append(np.stack([block.codes.astype(np.float64), np.ones(block.n_rows)]))
    return np.concatenate(parts, axis=1)
