"""The sandwich ``V M V`` around the scores: what its meat M is, and what inference asks of the rows for it.

V is the inverse information, M an estimate of the variance of the score. Everything here works in the
engine's coordinates; the engine maps the result to the columns of the design.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from logreg.engine.types import DesignBlock, FloatArray
from logreg.errors import DataError

__all__ = [
    "GroupLabels",
    "Meat",
    "RowScores",
    "Sandwich",
    "Trials",
    "groups_of_rows",
    "positive_part",
    "require_complete",
]

#: Blocks and coefficients (m, p) to the meat (m p, m p).
Meat: TypeAlias = Callable[[Sequence[DesignBlock], FloatArray], FloatArray]

#: Eigenvalues below minus this share of the largest are negative, and not rounding.
NEGATIVE = 1e-9


class GroupLabels(Protocol):
    """Which group each row of the source belongs to."""

    @property
    def codes(self) -> NDArray[np.intp]:
        """Number of each row's group, -1 where there is none."""
        ...


class Trials(Protocol):
    """All trials of one cluster, copies written out: a binary outcome."""

    @property
    def design(self) -> FloatArray:
        """Rows of the design (t, p)."""
        ...

    @property
    def variance(self) -> FloatArray:
        """p (1 - p), shape (t,)."""
        ...

    @property
    def weights(self) -> FloatArray:
        """Weights that are not frequencies, shape (t,)."""
        ...

    @property
    def residual(self) -> FloatArray:
        """y - p, shape (t,)."""
        ...


class RowScores(Protocol):
    """The rows of a fit, as the corridor hands them over (`logreg.passes.scores.Scores`)."""

    @property
    def positions(self) -> NDArray[np.intp]:
        """Place in the source of each row used."""
        ...

    @property
    def n_source_rows(self) -> int:
        """Number of rows of the source, used or not."""
        ...

    def row_label(self, position: int) -> str:
        """Name a row of the source as the user knows it."""
        ...

    def groups(self, column: object, role: str) -> GroupLabels:
        """Return the groups of all rows of the source, by a column name or an array."""
        ...

    def numbers(self, column: object, role: str) -> FloatArray:
        """Return a numeric column or an array over all rows of the source."""
        ...

    def outer(self, blocks: Sequence[DesignBlock], coef: FloatArray) -> FloatArray:
        """Return the sum over trials of the outer products of their scores."""
        ...

    def adjusted_outer(self, blocks: Sequence[DesignBlock], coef: FloatArray, power: float) -> FloatArray:
        """Return the same with residuals multiplied by ``(I - H)^-power``."""
        ...

    def roots(self, blocks: Sequence[DesignBlock], coef: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return L and R with ``R R'`` the information, ``L L'`` an inverse of it, ``L' R`` the identity."""
        ...

    def group_scores(
        self, blocks: Sequence[DesignBlock], coef: FloatArray, codes: NDArray[np.intp], n_groups: int
    ) -> Iterator[tuple[int, FloatArray]]:
        """Yield the sums of scores of consecutive groups, with the first group's number."""
        ...

    def group_trials(
        self,
        blocks: Sequence[DesignBlock],
        coef: FloatArray,
        codes: NDArray[np.intp],
        n_groups: int,
        largest: int,
    ) -> Iterator[Trials]:
        """Yield all trials of each group."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sandwich:
    """A robust covariance ready to be computed: its meat, and the degrees of freedom of its tests.

    ``reference_df`` takes the number of estimated coefficients and of equations (None: tests refer to the
    normal); ``remark`` is asked for
    after the meat was computed and says what had to be done to it (empty: nothing).
    """

    meat: Meat
    reference_df: Callable[[int, int], float] | None = None
    remark: Callable[[], str] = str


def groups_of_rows(scores: RowScores, column: object, role: str) -> NDArray[np.intp]:
    """Return the group of each row used (n,), numbered from 0 without gaps.

    Raises
    ------
    DataError
        If a row used has no group.
    """
    codes = scores.groups(column, role).codes[scores.positions]
    require_complete(scores, codes >= 0, column, role)
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.intp)


def require_complete(scores: RowScores, present: NDArray[np.bool_], column: object, role: str) -> None:
    """Refuse rows used without a value in a column of the covariance.

    Raises
    ------
    DataError
        Naming the column, the number of rows and the first of them.
    """
    if present.all():
        return
    first = scores.row_label(int(scores.positions[np.argmin(present)]))
    shown = repr(column) if isinstance(column, str) else "given as an array"
    raise DataError(
        f"{role} {shown} is missing in {int(np.count_nonzero(~present))} rows that the model uses, first in "
        f"{first}. Fill it in, or leave these rows out of the data."
    )


def positive_part(meat: FloatArray, left: FloatArray, right: FloatArray) -> tuple[FloatArray, bool]:
    """Return a meat without its negative part, and whether it had one.

    ``left`` and ``right`` (m p, f) are L and R of `RowScores.roots`: the negative eigenvalues of ``L' M L``
    are set to 0, so that the result does not depend on the units of the columns or on the baseline (Cameron,
    Gelbach and Miller 2011, section 2.3, do so with the covariance itself).
    """
    values, vectors = np.linalg.eigh(left.T @ meat @ left)
    if values.min(initial=0.0) >= -NEGATIVE * np.abs(values).max(initial=0.0):
        return meat, False
    back = right @ vectors
    return (back * np.maximum(values, 0.0)) @ back.T, True
