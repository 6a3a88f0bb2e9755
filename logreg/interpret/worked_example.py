"""One person, or one record, from its values to logit, odds and probability, term by term."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import CategoryColumn, Column, Level, NumberColumn, Source
from logreg.errors import DataError, PredictError, SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.interpret.predictions import EncodedRows, LabelledRows, logits_table, probabilities_table
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Contribution", "Range", "WorkedExample", "one_row", "values_of_row", "worked_example"]

FloatArray = NDArray[np.float64]

#: Stands for the offset among the terms.
OFFSET = "(offset)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one design column adds to a logit: its value times its coefficient (log-odds).

    The coefficient is NaN for a column that was left out; it adds 0.
    """

    term: str
    value: float
    coefficient: float
    contribution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """An estimate with the ends of its interval; NaN where there is none."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class WorkedExample:
    """A record's way from values to probabilities.

    ``values`` are those of the predictors and offset columns. ``equations`` hold, for each outcome of
    ``modelled``, what every design column adds to the logit against ``baseline``; ``logits`` are the sums, on
    the log-odds scale. ``probabilities`` belong to ``outcomes``, the baseline first.
    """

    label: str
    outcomes: tuple[str, ...]
    grouped: bool
    values: tuple[tuple[str, Level], ...]
    equations: tuple[tuple[Contribution, ...], ...]
    logits: tuple[Range, ...]
    probabilities: tuple[Range, ...]
    confidence: float

    @property
    def baseline(self) -> str:
        """The outcome the logits are measured against."""
        return self.outcomes[0]

    @property
    def modelled(self) -> tuple[str, ...]:
        """The outcomes with a logit."""
        return self.outcomes[1:]

    @property
    def odds(self) -> tuple[float, ...]:
        """Odds of each modelled outcome against the baseline: the exponentials of the logits."""
        with np.errstate(over="ignore"):
            return tuple(float(np.exp(logit.estimate)) for logit in self.logits)

    def to_frame(self) -> pd.DataFrame:
        """Return one line per outcome and design column.

        ``outcome, term, design_value, coefficient, contribution``.
        """
        lines = [
            (outcome, one)
            for outcome, parts in zip(self.modelled, self.equations, strict=True)
            for one in parts
        ]
        return table(
            {
                "outcome": [outcome for outcome, _ in lines],
                "term": [one.term for _, one in lines],
                "design_value": [one.value for _, one in lines],
                "coefficient": [one.coefficient for _, one in lines],
                "contribution": [one.contribution for _, one in lines],
            }
        )


def worked_example(
    fit: LogisticEstimate,
    values: Mapping[str, Level],
    encode: Callable[[Mapping[str, Sequence[Any]]], EncodedRows],
    confidence: float | None = None,
) -> WorkedExample:
    """Return a record's logits term by term, with odds, probabilities and intervals.

    The intervals are those of ``fit.logits`` and ``fit.probabilities``. Under separation an infinite
    coefficient adds an infinite contribution where its column is not 0; the logit is then the limit.

    Parameters
    ----------
    fit : LogisticEstimate
        m equations, p design columns.
    values : mapping
        A value of every predictor and offset column.
    encode : callable
        A table of such values to design rows.
    confidence : float, optional
        The fit's own level if not given.

    Raises
    ------
    PredictError
        For a missing value, or a level that the model does not know.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ smoke", logreg.datasets.load("birthwt"))
    >>> example = fit.worked_example({"smoke": "yes"})
    >>> example.to_frame()[["term", "contribution"]].round(3).values.tolist()
    [['Intercept', -1.087], ['smoke[T.yes]', 0.704]]
    """
    import pandas as pd

    rows = encode({name: [value] for name, value in values.items()} or {OFFSET: [0.0]})
    if not len(rows.positions):
        raise PredictError("a value is missing, and a record without it has no logit.")
    x, offset = _design_row(rows, len(fit.coef_array))
    labelled = LabelledRows(rows=rows, index=pd.RangeIndex(1))
    level = fit.options.confidence if confidence is None else confidence
    outcome = fit.spec.outcome
    return WorkedExample(
        label=outcome.label,
        outcomes=outcome.names,
        grouped=outcome.grouped,
        values=tuple(values.items()),
        equations=tuple(
            tuple(_contributions(fit.spec.column_names, x, coef, None if offset is None else offset[k]))
            for k, coef in enumerate(fit.coef_array)
        ),
        logits=_ranges(logits_table(fit, labelled, interval=True, confidence=level)),
        probabilities=_ranges(probabilities_table(fit, labelled, interval=True, confidence=level)),
        confidence=level,
    )


def _design_row(rows: EncodedRows, m: int) -> tuple[FloatArray, FloatArray | None]:
    [(_, design, offset)] = list(rows.pieces())
    if offset is None:
        return design.to_array()[:, 0], None
    return design.to_array()[:, 0], np.broadcast_to(offset, (m, 1))[:, 0]


def _contributions(
    names: Sequence[str], x: FloatArray, coef: FloatArray, offset: float | None
) -> list[Contribution]:
    found = [
        Contribution(
            term=name,
            value=float(value),
            coefficient=float(b),
            # 0 times an infinite coefficient is nothing; a column that was left out adds nothing.
            contribution=0.0 if value == 0.0 or np.isnan(b) else float(value * b),
        )
        for name, value, b in zip(names, x, coef, strict=True)
    ]
    if offset is not None:
        one = float(offset)
        found.append(Contribution(term=OFFSET, value=one, coefficient=1.0, contribution=one))
    return found


def _ranges(found: pd.DataFrame) -> tuple[Range, ...]:
    columns = (found[name].tolist() for name in ("estimate", "conf_low", "conf_high"))
    return tuple(Range(estimate=e, low=low, high=high) for e, low, high in zip(*columns, strict=True))


# Where the values come from ------------------------------------------------------------------------------


def one_row(source: Source, names: Sequence[str]) -> dict[str, Level]:
    """Return the values of a table with one row.

    Raises
    ------
    SupportError
        If it has another number of rows.
    """
    if not names:
        return {}
    found: list[dict[str, Level]] = []
    for block in source.blocks(names):
        found += [
            values_of_row({name: block.columns[name] for name in names}, k) for k in range(block.n_rows)
        ]
        if len(found) > 1:
            break
    if len(found) != 1:
        n = "no row" if not found else "more than one row"
        raise SupportError(f"a worked example is about one record, and the data have {n}.")
    return found[0]


def values_of_row(columns: Mapping[str, Column], k: int) -> dict[str, Level]:
    """Return what row k of a block holds.

    Raises
    ------
    DataError
        For a column that no model can use.
    PredictError
        For a missing value.
    """
    return {name: _value(name, column, k) for name, column in columns.items()}


def _value(name: str, column: Column, k: int) -> Level:
    if isinstance(column, NumberColumn):
        if column.missing is not None and column.missing[k]:
            raise PredictError(f"{name!r} is missing, and a record without it has no logit.")
        return float(column.values[k])
    if isinstance(column, CategoryColumn):
        if column.codes[k] < 0:
            raise PredictError(f"{name!r} is missing, and a record without it has no logit.")
        return column.levels[int(column.codes[k])]
    raise DataError(f"{name!r} cannot be used: {column.reason}. {column.remedy}")
