"""The summary pass: what a design must know about all rows before it can encode any.

State learned from the first block alone would be silently wrong, so every block yields a `Tally`, tallies add
up, and only their sum becomes a `DesignSpec`. Tallies hold counts and exact distributions, never running
means; their sum is the same to the last bit for any blocking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from logreg.data.source import (
    Advance,
    CategoryColumn,
    FloatArray,
    Level,
    NumberColumn,
    RowBlock,
    Source,
    unwatched,
)
from logreg.design.ast import Call, Expression, columns_of
from logreg.design.ast import Column as AstColumn
from logreg.design.distribution import Distribution
from logreg.design.expressions import (
    data_of,
    evaluate,
    is_categorical,
    learn,
    learnable,
    stateful_calls,
)
from logreg.design.factors import LARGEST_COUNT, Labelling, categories_of, outcome_counts
from logreg.design.freezing import freeze
from logreg.design.rows import (
    ZERO_WEIGHT,
    BlockRows,
    Role,
    read_rows,
    refuse_infinite,
)
from logreg.design.spec import DesignSpec
from logreg.design.spelling import spell
from logreg.design.tally import DesignRequest, Tally
from logreg.design.transforms import State
from logreg.errors import DataError, FormulaError, OutcomeError, WeightError, rows_of

__all__ = ["DesignRequest", "Learned", "Tally", "learn_design"]


#: Logits are sums of an offset and the coefficients' part in 16 digits; beyond it none are left for these.
LARGEST_OFFSET = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The outcome of the summary pass."""

    spec: DesignSpec
    tally: Tally


def learn_design(source: Source, request: DesignRequest, advance: Advance = unwatched) -> Learned:
    """Read the source once (once more for nested transforms) and freeze the design.

    ``advance`` is told the rows of every block that was read.

    Raises
    ------
    DataError, OutcomeError, WeightError, FormulaError
        For data that cannot be modelled as asked; see `logreg.fit`.
    """
    _refuse_stateful_categories(request)
    roles = request.roles()
    if ZERO_WEIGHT in roles:
        raise DataError(f"the column name {ZERO_WEIGHT!r} is reserved for the count of such rows. Rename it.")
    states: dict[Call, State] = {}
    tally = _pass(source, request, roles, states, advance, first=True)
    _check_rows(source, request, roles, tally)
    while True:
        for call, distribution in tally.distributions.items():
            states[call] = learn(call, distribution)
        if not _due(request, states):
            break
        later = _pass(source, request, roles, states, advance, first=False)
        tally = replace(tally, distributions=later.distributions)
    return Learned(spec=freeze(request, tally, states), tally=tally)


def _due(request: DesignRequest, states: Mapping[Call, State]) -> tuple[Call, ...]:
    """Return the stateful calls that can be learned in the next pass."""
    numeric = [
        factor for term in request.formula.terms for factor in term.factors if not is_categorical(factor)
    ]
    found = [call for part in (*numeric, *request.offsets) for call in learnable(part, states)]
    return tuple(dict.fromkeys(found))


def _refuse_stateful_categories(request: DesignRequest) -> None:
    """Levels are distinct values; those of a transform that is still to be learned make no sense."""
    for term in request.formula.terms:
        for factor, label in zip(term.factors, term.labels, strict=True):
            if is_categorical(factor) and stateful_calls(factor):
                raise FormulaError(
                    f"{label} makes categories of a transform that is learned from the data. Use the "
                    "transform as a number, or categories of the column itself."
                )


def _pass(
    source: Source,
    request: DesignRequest,
    roles: Mapping[str, Role],
    states: Mapping[Call, State],
    advance: Advance,
    *,
    first: bool,
) -> Tally:
    due = _due(request, states)

    def step(block: RowBlock) -> Tally:
        found = _tally(block, request, roles, states, due, source, first=first)
        advance(block.n_rows)
        return found

    return source.reduce(step, lambda a, b: a + b, tuple(roles)) or Tally()


def _tally(
    block: RowBlock,
    request: DesignRequest,
    roles: Mapping[str, Role],
    states: Mapping[Call, State],
    due: Sequence[Call],
    source: Source,
    *,
    first: bool,
) -> Tally:
    rows = read_rows(block, roles, weights=request.weights, row_label=source.row_label)
    frequencies = rows.weights if request.weight_kind == "frequency" else None
    distributions = {}
    for call in due:
        values = evaluate(data_of(call), rows.lookup, states)
        refuse_infinite(values, spell(data_of(call)), rows, source.row_label, computed=True)
        distributions[call] = Distribution.of(values, frequencies)
    if not first:
        return Tally(distributions=distributions)

    outcome, rows_by_outcome, per_row = outcome_counts(request.formula, rows, source.row_label)
    factors: dict[str, Labelling] = {}
    seen: set[str] = set()
    for term in request.formula.terms:
        for label, factor in zip(term.labels, term.factors, strict=True):
            if label in seen:
                continue
            seen.add(label)
            categories = categories_of(factor, rows, source.row_label)
            if categories is not None:
                factors[label] = categories.by_outcome(per_row, rows.weights)
            else:
                _check_numbers(factor, rows, source)
    for offset in request.offsets:
        for name in columns_of(offset):
            column = rows.columns[name]
            if not isinstance(column, NumberColumn):
                raise DataError(
                    f"the offset {name!r} holds labels, not numbers. Give a numeric column or array."
                )
            refuse_infinite(column.values, name, rows, source.row_label, computed=False)
            _check_offset(column.values, name, rows, source)
    weights = rows.weights
    if request.weight_kind == "frequency" and weights is not None:
        _check_frequencies(weights, request, rows, source)
    return Tally(
        n_read=rows.n_read,
        n_used=rows.n_used,
        sum_weights=float(rows.n_used if weights is None else weights.sum()),
        dropped=rows.dropped,
        first_dropped=rows.first_missing,
        outcome=outcome,
        rows_by_outcome=rows_by_outcome,
        factors=factors,
        distributions=distributions,
        fractional_weight=_fractional(weights, rows, source),
        lost=_lost_levels(request, block, rows),
    )


def _lost_levels(request: DesignRequest, block: RowBlock, rows: BlockRows) -> frozenset[Level]:
    """Return the outcome levels of rows that are left out because another value is missing."""
    response = request.formula.response
    if not isinstance(response, AstColumn) or not set(rows.dropped) - {ZERO_WEIGHT, response.name}:
        return frozenset()
    assert rows.keep is not None
    column = block.columns[response.name]
    out = ~rows.keep
    weights = None if request.weights is None else block.columns[request.weights]
    if isinstance(weights, NumberColumn):
        out = out & (weights.values > 0)
    if isinstance(column, CategoryColumn):
        return frozenset(column.levels[code] for code in np.unique(column.codes[out]) if code >= 0)
    assert isinstance(column, NumberColumn)
    values = np.unique(column.values[out])
    return frozenset(map(float, values[np.isfinite(values)]))


def _fractional(weights: FloatArray | None, rows: BlockRows, source: Source) -> str | None:
    """Describe the first weight that is not a whole number."""
    if weights is None:
        return None
    bad = weights != np.rint(weights)
    if not bad.any():
        return None
    where = int(np.argmax(bad))
    return f"{weights[where]:g} in {source.row_label(rows.position(where))}"


def _check_frequencies(weights: FloatArray, request: DesignRequest, rows: BlockRows, source: Source) -> None:
    """Refuse frequencies that cannot be counted: above 2**53 one row more or less is the same double."""
    huge = weights > LARGEST_COUNT
    if huge.any():
        where = int(np.argmax(huge))
        raise WeightError(
            f"frequency weights are numbers of identical rows, but {request.weights!r} is {weights[where]:g} "
            f"in {rows_of(int(np.count_nonzero(huge)))}, first in {source.row_label(rows.position(where))}: "
            "too many to be counted in doubles (2**53). Use weight_kind='precision' for relative weights."
        )


def _check_offset(values: FloatArray, name: str, rows: BlockRows, source: Source) -> None:
    """Refuse offsets beside which a coefficient has no digits left."""
    huge = np.abs(values) > LARGEST_OFFSET
    if huge.any():
        where = int(np.argmax(huge))
        raise DataError(
            f"the offset {name!r} is {values[where]:g} in {rows_of(int(np.count_nonzero(huge)))}, first in "
            f"{source.row_label(rows.position(where))}: logits of that size leave no digits for the "
            "coefficients. Offsets are on the logit scale; check the unit."
        )


def _check_numbers(factor: Expression, rows: BlockRows, source: Source) -> None:
    for name in columns_of(factor):
        column = rows.columns[name]
        if isinstance(column, NumberColumn) and not column.finite:
            refuse_infinite(column.values, name, rows, source.row_label, computed=False)


def _check_rows(source: Source, request: DesignRequest, roles: Mapping[str, Role], tally: Tally) -> None:
    """Refuse what no model can be fitted to."""
    if tally.n_read == 0:
        once = " A stream gives its rows only once." if "stream" in source.description["kind"] else ""
        raise DataError(f"the table has no rows. Check the filter that made it.{once}")
    missing = {name: count for name, count in tally.dropped.items() if name in roles}
    if missing and not request.drop_missing:
        lost = "; ".join(
            f"{name!r} in {rows_of(count)}, first in {source.row_label(tally.first_dropped[name])}"
            for name, count in missing.items()
        )
        raise DataError(
            f"missing values: {lost}. Fill them in, or use missing='drop' to leave these rows out."
        )
    if tally.n_used == 0:
        if not missing and request.weights is not None:
            raise WeightError(f"all weights are zero: {request.weights!r} leaves no row. Check the weights.")
        lost = "; ".join(f"{name!r} is missing in {rows_of(count)}" for name, count in missing.items())
        # Without any outcome it is the outcome that cannot be modelled, otherwise predictors are at fault.
        without_outcome = sum(missing.get(name, 0) for name in roles if roles[name] == "outcome")
        error = OutcomeError if without_outcome == tally.n_read else DataError
        raise error(
            f"no complete rows left of {tally.n_read}: {lost}. Leave the column out of the formula, or fill "
            "it in."
        )
    if tally.fractional_weight and request.weight_kind == "frequency":
        raise WeightError(
            f"frequency weights are numbers of identical rows, but {request.weights!r} holds fractions: "
            f"{tally.fractional_weight}. Use weight_kind='sampling' for survey weights (1 / probability of "
            "selection) or weight_kind='precision' for weights proportional to 1 / variance."
        )
    if tally.n_used == 1 and not request.is_grouped:
        raise DataError("only 1 row can be used. More rows than coefficients are needed.")
