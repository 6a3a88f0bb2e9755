"""Covariances for rows that belong together: scores are summed within clusters before they are squared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from logreg.engine.types import DesignBlock, FloatArray
from logreg.errors import DataError, SupportError
from logreg.inference.sandwich import Meat, RowScores, Sandwich, Trials, groups_of_rows, positive_part

__all__ = ["CLUSTER_KINDS", "NOT_POSITIVE", "Cluster", "cluster", "cluster_sandwich"]

#: What each kind multiplies or adjusts; G is the number of clusters, n of trials, k of coefficients.
CLUSTER_KINDS = {
    "CR0": "without a factor",
    "CR1": "times G / (G - 1), as Stata and R's sandwich package",
    "CR1S": "times G / (G - 1) (n - 1) / (n - k), as statsmodels",
    "CR2": "each cluster adjusted for its leverage (Bell and McCaffrey), as R's clubSandwich package",
    "stata": "times G / (G - 1), as Stata",
}

#: How a remark on a two-way covariance begins.
NOT_POSITIVE = "the two-way cluster covariance"
#: CR2 takes the root of a matrix of the size of a cluster: 0.2 s at this size.
LARGEST_CLUSTER = 1000
#: Eigenvalues below this share of the largest are zero: clusters with a coefficient of their own.
SINGULAR = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cluster:
    """Rows that share a value in ``columns`` (names or arrays of labels; two mean two-way) belong together.

    ``kind`` is one of `CLUSTER_KINDS`.
    """

    columns: tuple[Any, ...]
    kind: str


def cluster(*columns: Any, kind: str = "CR1") -> Cluster:
    """Name the clusters of a cluster-robust covariance, for ``covariance=``.

    Parameters
    ----------
    *columns : str or array of shape (n,)
        The column whose equal values make a cluster, or its labels, one per row of the data. Two columns give
        the two-way covariance of Cameron, Gelbach and Miller (2011): that of the first, plus that of the
        second, less that of their combinations, each with its own factor. Where this is not positive
        semi-definite its negative part is set to 0 (their section 2.3), with a `DataWarning`.
    kind : {"CR1", "CR0", "CR1S", "CR2", "stata"}
        "CR0" has no factor; "CR1" and "stata" multiply by G / (G - 1), G being the number of clusters; "CR1S"
        by (n - 1) / (n - k) besides, as statsmodels; "CR2" adjusts each cluster for its leverage (Bell and
        McCaffrey 2002; Pustejovsky and Tipton 2018, eq. 7, with the model's variance as working covariance),
        for one column and binary outcomes.

    Raises
    ------
    SupportError
        For another kind, or no column or more than two.

    Examples
    --------
    >>> import logreg
    >>> data = logreg.datasets.load("contraception")
    >>> fit = logreg.fit("use ~ age + urban", data, covariance=logreg.cluster("district"))
    >>> fit.options.covariance
    'CR1 by district'
    """
    if kind not in CLUSTER_KINDS:
        raise SupportError(f"kind={kind!r} is not supported; use {', '.join(map(repr, CLUSTER_KINDS))}.")
    if len(columns) not in (1, 2):
        raise SupportError(f"cluster() takes one column, or two for two-way clusters, not {len(columns)}.")
    if kind == "CR2" and len(columns) == 2:
        raise SupportError("CR2 is defined for clusters by one column; use kind='CR1' for two-way clusters.")
    return Cluster(columns=columns, kind=kind)


def cluster_sandwich(choice: Cluster, scores: RowScores, *, n_equations: int) -> Sandwich:
    """Return the sandwich of clustered rows, the factor (n - 1) / (n - k) of CR1S left aside.

    Raises
    ------
    DataError
        For missing values in a cluster column, and for fewer than two clusters.
    SupportError
        For CR2 of several equations.
    """
    if choice.kind == "CR2" and n_equations > 1:
        raise SupportError(
            "CR2 is defined for binary outcomes: with more, its adjustment depends on the baseline. Use "
            "kind='CR1'."
        )
    ways = [groups_of_rows(scores, column, "the cluster column") for column in choice.columns]
    for codes, column in zip(ways, choice.columns, strict=True):
        if codes.max(initial=-1) < 1:
            shown = repr(column) if isinstance(column, str) else "given as an array"
            raise DataError(
                f"the cluster column {shown} has one value only in the rows used: a covariance needs at "
                "least two clusters, and many to be trusted. Use another column, or covariance='HC1'."
            )
    if choice.kind == "CR2":
        return Sandwich(meat=_cr2_meat(scores, ways[0]))
    if len(ways) == 1:
        return Sandwich(meat=_one_way(scores, ways[0], choice.kind))
    both = np.unique(ways[0] * (ways[1].max() + 1) + ways[1], return_inverse=True)[1]
    parts = [_one_way(scores, codes, choice.kind) for codes in (*ways, both)]
    told = [""]

    def meat(blocks: Sequence[DesignBlock], coef: FloatArray) -> FloatArray:
        # Cameron, Gelbach and Miller (2011), eq. 2.8: V_a + V_b - V_ab.
        first, second, crossed = (part(blocks, coef) for part in parts)
        whole, changed = positive_part(first + second - crossed, *scores.roots(blocks, coef))
        told[0] = ""
        if changed:
            told[0] = (
                f"{NOT_POSITIVE} is not positive semi-definite, which happens with few clusters; its "
                "negative part was set to 0 (Cameron, Gelbach and Miller 2011)."
            )
        return whole

    return Sandwich(meat=meat, remark=lambda: told[0])


def _one_way(scores: RowScores, codes: NDArray[np.intp], kind: str) -> Meat:
    n_groups = int(codes.max()) + 1
    factor = 1.0 if kind == "CR0" else n_groups / (n_groups - 1.0)

    def meat(blocks: Sequence[DesignBlock], coef: FloatArray) -> FloatArray:
        total = np.zeros((coef.size, coef.size))
        for _, sums in scores.group_scores(blocks, coef, codes, n_groups):
            total += sums.T @ sums
        return factor * total

    return meat


def _cr2_meat(scores: RowScores, codes: NDArray[np.intp]) -> Meat:
    n_groups = int(codes.max()) + 1

    def meat(blocks: Sequence[DesignBlock], coef: FloatArray) -> FloatArray:
        root, _ = scores.roots(blocks, coef)
        groups: Iterator[Trials] = scores.group_trials(blocks, coef, codes, n_groups, LARGEST_CLUSTER)
        total = np.zeros((coef.size, coef.size))
        for trials in groups:
            score = cr2_score(trials, root)
            total += np.outer(score, score)
        return total

    return meat


def cr2_score(trials: Trials, root: FloatArray) -> FloatArray:
    """Return the adjusted score (p,) of one cluster: ``X' W A e``.

    With residuals e = y - p, working variances Phi = p (1 - p) / w and D their roots, Pustejovsky and Tipton
    (2018, eq. 7) take ``A = D [D (I - H) Phi D]^(-1/2) D``, the power being that of the symmetric
    pseudo-inverse; ``(I - H) Phi = Phi - U M U'`` with U = p (1 - p) X and M = ``root @ root.T`` the
    inverse information.
    """
    working = trials.variance / trials.weights
    deviation = np.sqrt(working)
    spread = (deviation * trials.variance)[:, np.newaxis] * (trials.design @ root)
    values, vectors = np.linalg.eigh(np.diag(working**2) - spread @ spread.T)
    kept = values > SINGULAR * values.max(initial=0.0)
    rotated = vectors[:, kept].T @ (deviation * trials.residual)
    adjusted = deviation * (vectors[:, kept] @ (rotated / np.sqrt(values[kept])))
    result: FloatArray = (trials.weights * adjusted) @ trials.design
    return result
