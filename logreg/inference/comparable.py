"""What makes models comparable: the same outcome on the same rows; and whether one is nested in another.

Log-likelihoods can be compared if they are about the same rows and the same outcome; that is checked row by
row where the rows are at hand. Which outcome is the baseline does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from logreg.design.coding import CategoricalFactor, Factor
from logreg.design.spec import DesignSpec
from logreg.errors import DataError, SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.inference.spans import Piece, effect_rows

__all__ = ["Pairing", "RowsSideBySide", "is_nested", "order_of_outcomes", "require_comparable", "size_of"]

FloatArray = NDArray[np.float64]

#: A column is a combination of others if no more than this share of it is left: rounding leaves 1e-15, and a
#: number of 1e8 that varies by 1 leaves 1e-8.
SPAN_TOLERANCE = 1e-11
#: Log-likelihoods of the intercepts alone agree to this if they are about the same rows.
NULL_RTOL = 1e-9


class RowsSideBySide(Protocol):
    """The rows of two fits, as the corridor hands them over (`logreg.passes.rows.PairedRows`)."""

    def difference(self) -> int | None:
        """Return the first row whose outcome or weight differs."""
        ...

    def loglik_sums(
        self,
        coefs: tuple[FloatArray, FloatArray],
        directions: tuple[FloatArray | None, FloatArray | None],
        centre: float,
    ) -> tuple[float, float]:
        """Return sums of the differences of log-probabilities less ``centre``, and of their squares."""
        ...

    def unspanned(self, kept: tuple[NDArray[np.intp], NDArray[np.intp]]) -> float:
        """Return the largest share of the second fit's columns that the first's cannot give."""
        ...


#: Two fits, and the second's number of each outcome of the first, to their rows; None for loaded models.
Pairing = Callable[[LogisticEstimate, LogisticEstimate, Sequence[int]], RowsSideBySide | None]


def size_of(fit: LogisticEstimate) -> int:
    """Return how many coefficients the design has room for, infinite ones included."""
    return len(fit.coef_array) * len(_kept(fit))


def _kept(fit: LogisticEstimate) -> NDArray[np.intp]:
    aliased = {name for name, _ in fit.aliases}
    return np.array([k for k, name in enumerate(fit.spec.column_names) if name not in aliased], dtype=np.intp)


def require_comparable(fits: Sequence[LogisticEstimate], pair: Pairing) -> list[LogisticEstimate]:
    """Return the models as a list, if they can be compared.

    Raises
    ------
    DataError
        If they are not about the same rows.
    SupportError
        For one model alone, for what is no fit, for different outcomes, and under sampling weights.
    """
    for fit in fits:
        if not isinstance(fit, LogisticEstimate):
            raise SupportError(f"compare() takes fitted models, got {type(fit).__name__}.")
    if len(fits) < 2:
        raise SupportError("compare() needs another fit: fit.compare(other, ...).")
    for fit in fits:
        if not fit.has_likelihood:
            raise SupportError(
                f"{fit.spec.formula!r} has sampling weights, and so no likelihood to compare. Test the terms "
                "of the larger model with anova(test='wald')."
            )
    for other in fits[1:]:
        _require_same(fits[0], other, pair)
    return list(fits)


def order_of_outcomes(first: LogisticEstimate, second: LogisticEstimate) -> list[int]:
    """Return the second fit's number of each outcome of the first."""
    return [second.spec.outcome.names.index(name) for name in first.spec.outcome.names]


def _require_same(first: LogisticEstimate, other: LogisticEstimate, pair: Pairing) -> None:
    one, two = first.spec.outcome, other.spec.outcome
    order = order_of_outcomes(first, other) if set(one.names) == set(two.names) else []
    rows = pair(first, other, order) if order else None
    # Without rows to look at, the same outcome has the same name.
    if not order or one.grouped != two.grouped or (rows is None and one.label != two.label):
        raise SupportError(
            f"the models have different outcomes: {one.label!r} with {', '.join(map(repr, one.names))}, and "
            f"{two.label!r} with {', '.join(map(repr, two.names))}. Only models of the same outcome can be "
            "compared."
        )
    if first.spec.weight_kind != other.spec.weight_kind:
        raise SupportError(
            f"the models have different kinds of weights, {first.spec.weight_kind!r} and "
            f"{other.spec.weight_kind!r}. Fit both with the same weights."
        )
    if first.n_rows != other.n_rows:
        raise _other_rows(first, other, f"use {first.n_rows} and {other.n_rows} rows")
    mine, theirs = np.array(first.sample.weight), np.array(other.sample.weight)[order]
    if not np.allclose(mine, theirs, rtol=NULL_RTOL, atol=0.0):
        counts = "; ".join(
            f"{name!r} {a:g} and {b:g}" for name, a, b in zip(one.names, mine, theirs, strict=True) if a != b
        )
        raise _other_rows(first, other, f"count different outcomes ({counts})")
    if rows is not None:
        where = rows.difference()
        if where is not None:
            raise _other_rows(
                first, other, f"differ in the outcome or the weight of row {where + 1} of those used"
            )
    elif first.spec.offsets == other.spec.offsets and not np.isclose(
        first.loglik_null, other.loglik_null, rtol=NULL_RTOL
    ):
        raise _other_rows(first, other, "have different log-likelihoods of the intercepts alone")


def _other_rows(first: LogisticEstimate, other: LogisticEstimate, what: str) -> DataError:
    lost = "; ".join(
        f"{fit.spec.formula!r} left out {count} rows because {name!r} is missing"
        for fit in (first, other)
        for name, count in fit.sample.dropped
        if not name.startswith("(")
    )
    columns = dict.fromkeys(
        name
        for fit in (first, other)
        for name in (*fit.spec.outcome.columns, *fit.spec.predictors, *fit.spec.offset_columns)
        if name not in fit.spec.user_columns
    )
    return DataError(
        f"the models {first.spec.formula!r} and {other.spec.formula!r} are not about the same rows: they "
        f"{what}.{' ' + lost + '.' if lost else ''} Leave out the rows that lack any of "
        f"{', '.join(map(repr, columns))} first, and fit both to the same table in the same order."
    )


def is_nested(larger: LogisticEstimate, smaller: LogisticEstimate, pair: Pairing) -> bool | None:
    """Whether a model is nested in another; None where only rows could tell and there are none."""
    if _nested_by_formula(larger.spec, smaller.spec):
        return True
    rows = pair(larger, smaller, order_of_outcomes(larger, smaller))
    if rows is None:
        return None
    return rows.unspanned((_kept(larger), _kept(smaller))) <= SPAN_TOLERANCE


def _nested_by_formula(larger: DesignSpec, smaller: DesignSpec) -> bool:
    """Whether every effect of the smaller design is one of the larger, offsets being the same columns."""
    same_offsets = (
        larger.offsets == smaller.offsets
        and larger.offset_per_outcome == smaller.offset_per_outcome
        # Offsets per outcome are in the order of the outcomes; arrays bear one name whatever they hold.
        and not (larger.offset_per_outcome and larger.outcome.names != smaller.outcome.names)
        and not any(
            name in design.user_columns for design in (larger, smaller) for name in design.offset_columns
        )
    )
    mine, theirs = set(effect_rows(larger)), set(effect_rows(smaller))
    return same_offsets and theirs <= mine and _same_factors(larger, smaller, theirs)


def _same_factors(larger: DesignSpec, smaller: DesignSpec, pieces: set[Piece]) -> bool:
    used = {label for piece in pieces for label in (*piece.numbers, *piece.factors)}
    states = all(larger.state.get(call) == state for call, state in smaller.states if call in larger.state)
    return states and all(_same_factor(larger.factor[label], smaller.factor[label]) for label in used)


def _same_factor(one: Factor, other: Factor) -> bool:
    """Whether two factors span the same: contrasts and reference levels do not matter."""
    if isinstance(one, CategoricalFactor) and isinstance(other, CategoricalFactor):
        return set(one.levels) == set(other.levels)
    return one == other
