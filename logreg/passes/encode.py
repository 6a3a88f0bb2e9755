"""Rows on their way from a source to the design matrix: those a fit uses, and those to predict for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import add

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import CategoryColumn, Column, RowBlock, Source
from logreg.design.encode import encode_matrix, encode_offset, encode_outcome
from logreg.design.factors import outcome_counts
from logreg.design.freezing import freeze
from logreg.design.learning import DesignRequest, Learned, Tally
from logreg.design.matrices import DenseMatrix
from logreg.design.rows import BlockRows, Role, read_rows
from logreg.design.spec import DesignSpec
from logreg.engine.kernel import ROWS_PER_STEP
from logreg.engine.types import DesignBlock, FloatArray, Matrix
from logreg.errors import DataError, FormulaError, PredictError
from logreg.threads import one_blas_thread

__all__ = [
    "PredictionRows",
    "TrainingRows",
    "array_rows",
    "encode_for_prediction",
    "training_roles",
    "training_rows",
    "weight_scale",
]


def training_roles(spec: DesignSpec) -> dict[str, Role]:
    """Return the columns that decide which rows the fit used, with what each is for."""
    roles: dict[str, Role] = dict.fromkeys(spec.outcome.columns, "outcome")
    roles.update(dict.fromkeys(spec.predictors, "predictor"))
    roles.update({column: "offset" for column in spec.offset_columns if column not in roles})
    if spec.weights is not None:
        roles.setdefault(spec.weights, "weight")
    return roles


def weight_scale(learned: Learned) -> float:
    """Return what weights are multiplied by before they enter the likelihood (1 for frequencies)."""
    if learned.spec.weights is None or learned.spec.weight_kind == "frequency":
        return 1.0
    return learned.tally.n_used / learned.tally.sum_weights


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingRows:
    """The rows a fit uses, block by block: encoded, and further columns of the table beside them.

    ``others`` holds, for each block, the further columns that were asked for, cut to the rows used;
    ``places`` tells where in the source its rows stand.
    """

    blocks: tuple[DesignBlock, ...]
    others: tuple[Mapping[str, Column], ...]
    places: tuple[Places, ...]

    @property
    def n_rows(self) -> int:
        """Number of rows used."""
        return sum(block.n_rows for block in self.blocks)

    @property
    def positions(self) -> tuple[NDArray[np.intp], ...]:
        """The place in the source of each row, block by block."""
        return tuple(places.positions() for places in self.places)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Where rows stand in the source: of ``n_rows`` from ``start`` on, those to ``keep``."""

    start: int
    n_rows: int
    keep: NDArray[np.bool_] | None

    def positions(self) -> NDArray[np.intp]:
        """Return the places (n,), written out: eight bytes a row, which few need."""
        kept = np.arange(self.n_rows) if self.keep is None else np.flatnonzero(self.keep)
        return kept + self.start


#: A block, further columns beside it, and where its rows stand in the source.
_Encoded = tuple[DesignBlock, Mapping[str, Column], Places]


def training_rows(
    source: Source, spec: DesignSpec, scale: float | None = None, also: Sequence[str] = ()
) -> TrainingRows:
    """Encode all rows a fit uses, block by block, and keep the blocks: they are mostly views of the source.

    Parameters
    ----------
    source : Source
        Holds the columns of the design.
    spec : DesignSpec
        The frozen design.
    scale : float, optional
        What weights are multiplied by (`weight_scale`): those that are not frequencies have mean 1 in the
        likelihood, since their unit has no meaning, and the ascent's tolerance has. Found from the rows if
        not known yet.
    also : sequence of str
        Columns to hand out beside the encoded rows; missing values in them drop no row.
    """
    roles = training_roles(spec)
    names = tuple(dict.fromkeys((*roles, *also)))

    def encode(block: RowBlock, *, counted: bool = False) -> list[_Encoded]:
        rows = read_rows(block, roles, weights=spec.weights, row_label=source.row_label)
        if not rows.n_used:
            return []
        outcome = encode_outcome(spec, rows, source.row_label)
        weights = rows.weights
        encoded = DesignBlock(
            matrix=encode_matrix(spec, rows, source.row_label, counted=counted),
            n_outcomes=len(spec.outcome.levels),
            codes=outcome.codes,
            counts=outcome.counts,
            weights=weights if weights is None or scale is None else weights * scale,
            offset=encode_offset(spec, rows, source.row_label),
        )
        places = Places(start=block.start, n_rows=block.n_rows, keep=rows.keep)
        return [(encoded, {name: rows.columns[name] for name in also}, places)]

    found = source.reduce(encode, add, names) or []
    if len({type(part[0].matrix) for part in found}) > 1:
        # A last block may be so small that its dummy columns were written out: all blocks must be of a kind.
        found = source.reduce(partial(encode, counted=True), add, names) or []
    blocks = [part[0] for part in found]
    if scale is None and spec.weights is not None and spec.weight_kind != "frequency":
        n_rows = sum(block.n_rows for block in blocks)
        mean = sum(float(block.weights.sum()) for block in blocks if block.weights is not None) / n_rows
        blocks = [replace(b, weights=None if b.weights is None else b.weights / mean) for b in blocks]
    return TrainingRows(
        blocks=tuple(blocks),
        others=tuple(part[1] for part in found),
        places=tuple(part[2] for part in found),
    )


def array_rows(
    table: FloatArray, outcome: CategoryColumn, request: DesignRequest
) -> tuple[Learned, TrainingRows]:
    """Learn and encode a design whose terms are the columns of an array: only the outcome has anything to
    learn.

    What `learn_design` and `training_rows` return for a table of these columns, without looking at each.

    Parameters
    ----------
    table : (n, q) array
        Finite numbers, rows or columns of them one after the other in memory; n and q at least 1.
    outcome : CategoryColumn
        Labels of the n rows, none missing.
    request : DesignRequest
        A formula whose terms are the q columns in their order, without weights or offsets.

    Raises
    ------
    OutcomeError, DataError
        As `learn_design` does.
    """
    n_rows = len(table)
    response = request.formula.response_label
    rows = BlockRows(
        start=0,
        n_read=n_rows,
        n_used=n_rows,
        keep=None,
        columns={response: outcome},
        weights=None,
        dropped={},
        first_missing={},
    )
    labelling, rows_by_outcome, _ = outcome_counts(request.formula, rows, str)
    tally = Tally(
        n_read=n_rows,
        n_used=n_rows,
        sum_weights=float(n_rows),
        outcome=labelling,
        rows_by_outcome=rows_by_outcome,
    )
    spec = freeze(request, tally, {})
    block = DesignBlock(
        matrix=DenseMatrix(table.T, spec.intercept),
        n_outcomes=len(spec.outcome.levels),
        codes=encode_outcome(spec, rows, str).codes,
    )
    places = Places(start=0, n_rows=n_rows, keep=None)
    return Learned(spec=spec, tally=tally), TrainingRows(blocks=(block,), others=({},), places=(places,))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PredictionRows:
    """Encoded rows to predict for: matrices with their offsets, and where their rows stand.

    ``source_positions`` (n,) are the rows' places in the source, ``positions`` (n,) their places among the
    ``n_rows`` rows of the result; places without an encoded row have a missing value and get NaN.
    """

    parts: tuple[tuple[Matrix, FloatArray | None], ...]
    source_positions: NDArray[np.intp]
    positions: NDArray[np.intp]
    n_rows: int

    def pieces(self) -> Iterator[tuple[slice, Matrix, FloatArray | None]]:
        """Yield a few thousand rows at a time, with the slice of encoded rows they are.

        Meanwhile products take one thread: with several, sums would round as their number has it.
        """
        start = 0
        with one_blas_thread():
            for matrix, offset in self.parts:
                for first in range(0, matrix.shape[0], ROWS_PER_STEP):
                    last = min(first + ROWS_PER_STEP, matrix.shape[0])
                    here = slice(start + first, start + last)
                    yield here, matrix.rows(first, last), None if offset is None else offset[:, first:last]
                start += matrix.shape[0]


def encode_for_prediction(source: Source, spec: DesignSpec, *, training: bool) -> PredictionRows:
    """Encode the rows of a table for prediction.

    ``training`` takes the rows the fit used, and only those; new data keep every row.

    Raises
    ------
    PredictError
        For a column or a level that does not match the fit.
    """
    roles: dict[str, Role] = {}
    if training:
        roles.update(dict.fromkeys(spec.outcome.columns, "outcome"))
    roles.update(dict.fromkeys(spec.predictors, "predictor"))
    roles.update({name: "offset" for name in spec.offset_columns if name not in roles})
    weights = spec.weights if training else None
    if weights is not None:
        roles.setdefault(weights, "weight")

    def encode(block: RowBlock) -> list[tuple[int, Matrix, FloatArray | None, NDArray[np.intp]]]:
        rows = read_rows(block, roles, weights=weights, row_label=source.row_label)
        places = Places(start=block.start, n_rows=block.n_rows, keep=rows.keep).positions()
        matrix = encode_matrix(spec, rows, source.row_label)
        return [(block.n_rows, matrix, encode_offset(spec, rows, source.row_label), places)]

    if roles:
        try:
            found = source.reduce(encode, add, tuple(roles)) or []
        except (DataError, FormulaError) as error:
            # Formula and columns were right when the model was fitted: now the new data are not.
            if training or isinstance(error, PredictError):
                raise
            raise PredictError(str(error)) from None
    else:
        n = source.n_rows or 0
        found = [(n, DenseMatrix(np.empty((0, n)), spec.intercept), None, np.arange(n))]
    positions = np.concatenate([part[3] for part in found]) if found else np.empty(0, dtype=np.intp)
    n_rows = sum(part[0] for part in found)
    return PredictionRows(
        parts=tuple((part[1], part[2]) for part in found),
        source_positions=positions,
        positions=np.arange(len(positions)) if training else positions,
        n_rows=len(positions) if training else n_rows,
    )
