"""The log-likelihood of a fit as inference sees it, and its maximum under linear constraints.

Everything beyond Wald statistics is a view of this: likelihood-ratio and score tests, profile intervals,
nested models. A constraint is ``contrast @ coef = value`` on the flattened coefficients of the design's own
columns; terms left out, equal effects and sum-to-zero contrasts are all of this kind.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, qr, solve_triangular

from logreg.engine.constrained import climb_within
from logreg.engine.newton import factorise
from logreg.engine.types import FloatArray, Objective
from logreg.errors import SupportError

__all__ = ["Constrained", "Likelihood", "Receding", "Recession"]

#: Singular values below this share of the largest are none: constraints that repeat each other.
RANK_TOLERANCE = 1e-9


class Receding(Protocol):
    """What separation does to one combination of coefficients: see `logreg.engine.recession`."""

    @property
    def rises(self) -> bool:
        """Whether it is unbounded above at any distance from the supremum of the log-likelihood."""
        ...

    @property
    def falls(self) -> bool:
        """Whether it is unbounded below."""
        ...

    @property
    def objective(self) -> Objective:
        """The likelihood moved along the directions that leave the combination alone."""
        ...

    @property
    def free(self) -> NDArray[np.intp]:
        """The coefficients this determines; the others are 0."""
        ...


class Recession(Protocol):
    """The directions along which a separated likelihood never falls, in working coordinates."""

    def along(self, contrast: FloatArray) -> Receding | None:
        """Return what they do to ``contrast @ coef``, contrast (m p,); None if that could not be found."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Constrained:
    """The maximum under a constraint.

    ``coef`` (m, p) is on the design's own columns, ``working`` (m, p) the same point in working coordinates;
    ``df`` counts the independent constraints.
    """

    loglik: float
    coef: FloatArray
    working: FloatArray
    df: int
    converged: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Likelihood:
    """The log-likelihood of a fit over its rows.

    ``objective`` is in working coordinates, with coefficients (m, p) and ``design = working @ to_design.T``;
    ``optimum`` (m, p) is the fit's maximum there; ``free`` are the positions of the estimated coefficients in
    the flattened vector, all but those of aliased columns; ``recession`` is there where some of them have no
    finite estimate. ``alone`` holds linear algebra to one thread while it is entered: of many small products,
    further threads wait longer than they work.
    """

    objective: Objective
    to_design: FloatArray
    optimum: FloatArray
    free: NDArray[np.intp]
    n_rows: int
    max_iterations: int
    recession: Callable[[], Recession | None] | None = None
    alone: Callable[[], AbstractContextManager[object]] = nullcontext

    @property
    def separated(self) -> bool:
        """Whether some coefficients have no finite estimate."""
        return self.recession is not None

    def coef_of(self, working: FloatArray) -> FloatArray:
        """Return coefficients of the design's own columns (m, p)."""
        result: FloatArray = working @ self.to_design.T
        return result

    def working_contrast(self, contrast: FloatArray) -> FloatArray:
        """Return a contrast (q, m p) on the design's columns as one on the working ones."""
        m, p = self.optimum.shape
        result: FloatArray = (contrast.reshape(-1, m, p) @ self.to_design).reshape(len(contrast), m * p)
        return result

    def root_information(self) -> FloatArray:
        """Return L (f, f) with ``L L'`` the inverse information of the free coefficients where it is regular.

        At the optimum; where that lies at infinity, at zero.

        Raises
        ------
        SupportError
            If rounding has left the information singular.
        """
        at = np.zeros_like(self.optimum) if self.separated else self.optimum
        total = self.objective(at, 2)
        assert total.information is not None
        information = total.information[np.ix_(self.free, self.free)]
        scale = 1.0 / np.sqrt(information.diagonal())
        try:
            upper = cholesky(information * np.outer(scale, scale))
        except np.linalg.LinAlgError:
            raise SupportError(
                "the columns of the model are so nearly collinear that doubles cannot tell its likelihood "
                "from that of a smaller one. Leave one of them out, or subtract a typical value from each."
            ) from None
        result: FloatArray = scale[:, np.newaxis] * solve_triangular(upper, np.eye(len(scale)))
        return result

    def constrained(
        self, contrast: FloatArray, value: FloatArray, root: FloatArray | None = None
    ) -> Constrained:
        """Maximise under ``contrast @ coef = value``.

        Parameters
        ----------
        contrast : (q, m p) array
            Rows on the flattened coefficients of the design's own columns.
        value : (q,) array
            What they must equal.
        root : (f, f) array, optional
            From `root_information`, when many constraints are tried.

        Raises
        ------
        SupportError
            If no coefficients satisfy the constraints.
        """
        with self.alone():
            return self._constrained(contrast, value, self.root_information() if root is None else root)

    def _constrained(self, contrast: FloatArray, value: FloatArray, root: FloatArray) -> Constrained:
        at = np.zeros_like(self.optimum) if self.separated else self.optimum
        within = self.working_contrast(contrast)[:, self.free] @ root
        left = np.asarray(value, dtype=np.float64) - self.working_contrast(contrast) @ at.ravel()
        # within @ z = left: the smallest z is the Wald projection of the optimum, a good place to start.
        # Rows of length 1: a constraint means the same in any unit.
        length = np.linalg.norm(within, axis=1)
        length[length == 0.0] = 1.0
        within, left = within / length[:, np.newaxis], left / length
        q, r, _ = qr(within.T, pivoting=True)
        rank = int(np.sum(np.abs(np.diagonal(r)) > RANK_TOLERANCE))
        z = np.linalg.lstsq(within, left, rcond=RANK_TOLERANCE)[0]
        if not np.allclose(within @ z, left, rtol=1e-8, atol=1e-8 * (1.0 + np.abs(left).max(initial=0.0))):
            raise SupportError("the constraints contradict each other: no coefficients satisfy all of them.")
        origin = at.ravel().copy()
        origin[self.free] += root @ z
        basis = np.zeros((origin.size, len(self.free) - rank))
        basis[self.free] = root @ q[:, rank:]
        found, ascent = climb_within(
            self.objective,
            origin.reshape(at.shape),
            basis,
            n_rows=self.n_rows,
            max_iterations=self.max_iterations,
        )
        assert ascent.current is not None
        return Constrained(
            loglik=ascent.current.loglik,
            coef=self.coef_of(found),
            working=found,
            df=rank,
            converged=ascent.status == "converged",
        )

    def score_statistic(self, at: Constrained) -> float:
        """Return ``u' I^-1 u`` with score and information of the whole model there, NaN if singular."""
        total = self.objective(at.working, 2)
        assert total.score is not None
        assert total.information is not None
        metric = factorise(total.information[np.ix_(self.free, self.free)])
        score = total.score.ravel()[self.free]
        return float("nan") if metric is None else float(score @ metric.solve(score))
