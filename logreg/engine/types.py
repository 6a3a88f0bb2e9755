"""What passes the borders of the engine, and the conventions it keeps.

Conventions
-----------
- A model with K outcomes has m = K - 1 *equations*, one per outcome that is not the baseline, in level order.
  Binary is m = 1.
- Coefficients have shape (m, p). Flattened, they run equation by equation (C order); covariance
  and information have shape (m p, m p) in that order. The intercept, if any, is column 0.
- Arrays that run over rows have the rows last: logits are (m, n), a dense design is (p, n). Each equation is
  then contiguous, whatever the layout of the table.
- The log-likelihood is the sum over rows of ``weight * log p(outcome)``, the Bernoulli / categorical kernel
  without the binomial coefficient, so that grouped and ungrouped data agree in every statistic.
- The information is minus the Hessian; for this canonical link observed and expected information agree.
- Residuals and weights come from probabilities *and* their complements; nothing here computes 1 - p.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Alias",
    "ColumnScaleError",
    "DesignBlock",
    "FloatArray",
    "Iteration",
    "LikelihoodSum",
    "Matrix",
    "Objective",
    "Optimum",
    "Order",
    "SeparationKind",
    "Status",
]

FloatArray: TypeAlias = NDArray[np.float64]
Order: TypeAlias = Literal[0, 1, 2]
SeparationKind: TypeAlias = Literal["none", "complete", "quasi-complete", "not checked"]
Status: TypeAlias = Literal["converged", "max_iterations", "no_ascent", "separated", "rank_deficient"]


class ColumnScaleError(ArithmeticError):
    """Design column number ``column`` is so large or small that doubles cannot hold its coefficient's
    variance.
    """

    def __init__(self, column: int) -> None:
        super().__init__(f"design column {column}")
        self.column = column


class Matrix(Protocol):
    """A block of the design: n rows, p columns, behind three verbs. Every kind gives the same answers."""

    @property
    def shape(self) -> tuple[int, int]:
        """(n rows, p columns)."""
        ...

    def matvec(self, coef: FloatArray) -> FloatArray:
        """Return ``coef @ X.T``, shape (m, n), for coefficients of shape (m, p)."""
        ...

    def transpose_matvec(self, rows: FloatArray) -> FloatArray:
        """Return ``rows @ X``, shape (m, p), for row values of shape (m, n)."""
        ...

    def sandwich(self, weights: FloatArray | None = None, *, signed: bool = False) -> FloatArray:
        """Return ``X.T @ diag(weights) @ X``, shape (p, p); weights are 1 by default, and not negative unless
        ``signed``.
        """
        ...

    def rows(self, start: int, stop: int) -> Matrix:
        """Return the rows ``start:stop`` as a matrix of the same kind, as views."""
        ...

    def take(self, chosen: NDArray[np.intp]) -> Matrix:
        """Return the rows at these places as a matrix of the same kind, as copies."""
        ...

    def sample(self, share: int, run: int) -> Matrix:
        """Return one row in ``share``, the first ``run`` of every ``share * run``, as copies."""
        ...

    def to_array(self) -> FloatArray:
        """Return all columns written out, shape (p, n)."""
        ...

    def numbers(self) -> FloatArray:
        """Return the stored numeric columns (q, n): all but the intercept and the categorical columns."""
        ...

    def number_positions(self) -> NDArray[np.intp]:
        """Return where those q columns stand in the design."""
        ...

    def recast(self, centre: FloatArray, mixing: FloatArray) -> Matrix:
        """Return the matrix whose numeric columns are ``mixing.T @ (columns - centre)``, as a copy."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignBlock:
    """Rows ready for the likelihood: everything finite, float64 and of the right shape (checked by the
    encoder).

    The outcome is either ``codes`` (n,), the level's number with 0 the baseline, or ``counts`` (K, n), how
    many trials of each row ended in each level. ``weights`` (n,) multiply the row's log-likelihood (None: all
    1). ``offset`` (m, n) is added to the logits (None: 0).
    """

    matrix: Matrix
    n_outcomes: int
    codes: NDArray[np.integer] | None
    counts: FloatArray | None = None
    weights: FloatArray | None = None
    offset: FloatArray | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows in the block."""
        return self.matrix.shape[0]

    def rows(self, start: int, stop: int) -> DesignBlock:
        """Return the rows ``start:stop`` of this block, as views."""
        return self._part(self.matrix.rows(start, stop), slice(start, stop))

    def take(self, chosen: NDArray[np.intp]) -> DesignBlock:
        """Return the rows at these places, as copies."""
        return self._part(self.matrix.take(chosen), chosen)

    def sample(self, share: int, run: int) -> DesignBlock:
        """Return one row in ``share``, the first ``run`` of every ``share * run``, as copies.

        Neighbours in memory are read together: a sample in runs takes a fraction of the time of single rows.
        """
        places = np.arange(0, self.n_rows, share * run)[:, np.newaxis] + np.arange(run)
        return self._part(self.matrix.sample(share, run), places[places < self.n_rows])

    def _part(self, matrix: Matrix, part: slice | NDArray[np.intp]) -> DesignBlock:
        return DesignBlock(
            matrix=matrix,
            n_outcomes=self.n_outcomes,
            codes=None if self.codes is None else self.codes[part],
            counts=None if self.counts is None else self.counts[:, part],
            weights=None if self.weights is None else self.weights[part],
            offset=None if self.offset is None else self.offset[:, part],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodSum:
    """Log-likelihood and derivatives summed over rows; ``a + b`` is the sum over both.

    ``score`` (m, p) and ``information`` (m p, m p) are present from order 1 and 2 on. ``smallest_weight``,
    known with the information, bounds every row's own information from below: ``information >=
    smallest_weight x_i x_i'`` in each equation.

    ``moments`` (K K + 3,) come along with the information where the kernel has them for nothing: the sums of
    `logreg.passes.sums.probability_sums`, one after the other.
    """

    loglik: float
    score: FloatArray | None = None
    information: FloatArray | None = None
    moments: FloatArray | None = None
    smallest_weight: float = np.inf

    def __add__(self, other: LikelihoodSum) -> LikelihoodSum:
        return LikelihoodSum(
            smallest_weight=min(self.smallest_weight, other.smallest_weight),
            loglik=self.loglik + other.loglik,
            score=_both(self.score, other.score),
            information=_both(self.information, other.information),
            moments=_both(self.moments, other.moments),
        )


def _both(first: FloatArray | None, second: FloatArray | None) -> FloatArray | None:
    return None if first is None or second is None else first + second


#: ``objective(coef, order)``: everything statistical is a view of this one pure function.
Objective: TypeAlias = Callable[[FloatArray, Order], LikelihoodSum]


class Iteration(NamedTuple):
    """One row of the trace: what an evaluation found and what was done with it."""

    stage: Literal["sample", "full"]
    kind: Literal["information", "score"]
    loglik: float
    newton_decrement: float
    max_abs_score: float
    step_halvings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Design column ``column`` equals the given combination of earlier columns on every row used."""

    column: int
    combination: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """Where the ascent ended. Always returned, also on failure.

    ``coef`` (m, p) is on the scale of the design's own columns, with NaN for aliased columns; ``vcov`` (m p,
    m p) is the inverse information there, NaN in aliased rows. ``newton_decrement`` is half the squared
    Newton decrement in log-likelihood units, from a score and an information evaluated at ``coef``.

    ``robust`` is the sandwich ``vcov @ meat @ vcov`` where a meat was asked for. Where columns lie far from
    zero, the covariance of ``coef`` alone cannot give errors of logits: ``centre`` (p,) and ``centred_vcov``
    (and ``centred_robust``) are those of the same model with ``column - centre`` in place of each column.

    If the outcome is separated, ``direction`` (m, p) tells where the coefficients go to infinity, ``coef``
    holds the limit of the rest and ``vcov`` is NaN for the infinite ones; ``perfect_rows`` are fitted
    perfectly. ``undetermined`` (h, m, p) spans the changes of coefficients that move no finite logit of the
    rows, the direction among them; ``centred_vcov`` has no gaps then, and gives the errors of all logits that
    none of these moves.

    ``moments`` are those of `LikelihoodSum` at ``coef``, None where they were not found on the way.
    """

    coef: FloatArray
    vcov: FloatArray
    loglik: float
    status: Status
    newton_decrement: float
    max_abs_score: float
    condition_number: float
    aliases: tuple[Alias, ...]
    trace: tuple[Iteration, ...]
    passes: int
    separation: SeparationKind = "none"
    direction: FloatArray | None = None
    undetermined: FloatArray | None = None
    perfect_rows: int = 0
    moments: FloatArray | None = None
    robust: FloatArray | None = None
    centre: FloatArray | None = None
    centred_vcov: FloatArray | None = None
    centred_robust: FloatArray | None = None
