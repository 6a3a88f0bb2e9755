"""Covariances under a survey design: Taylor linearisation with strata, sampling units and finite populations.

The variance of the total score is estimated from the totals z of the primary sampling units, stratum by
stratum (Binder 1983; Wolter 2007, section 6): ``sum_h (1 - f_h) n_h / (n_h - 1) sum_i (z_hi - z_h)(z_hi -
z_h)'``, with n_h the number of units of stratum h and f_h the share of all units that was sampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from logreg.engine.types import DesignBlock, FloatArray
from logreg.errors import DataError, SupportError, WeightError
from logreg.inference.sandwich import RowScores, Sandwich, require_complete

__all__ = ["Survey", "survey", "survey_sandwich", "survey_weights"]

IntArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Survey:
    """A survey design: names of columns, or arrays over the rows of the data."""

    strata: Any
    cluster: Any
    weights: Any
    fpc: Any
    nest: bool
    df: str


def survey(
    *,
    strata: Any = None,
    cluster: Any = None,
    weights: Any = None,
    fpc: Any = None,
    nest: bool = False,
    df: str = "residual",
) -> Survey:
    """Describe a survey design, for ``covariance=``: linearised variance, and its degrees of freedom.

    Parameters
    ----------
    strata : str or array of shape (n,), optional
        Strata of the first stage; one stratum if not given.
    cluster : str or array of shape (n,), optional
        Primary sampling units; if not given, every row is one (a row of counts too).
    weights : str or array of shape (n,), optional
        Sampling weights, 1 / probability of selection: the same as ``weights=`` with
        ``weight_kind="sampling"`` in `logreg.fit`.
    fpc : str or array of shape (n,), optional
        Finite population correction: the number of sampling units in each row's stratum of the population,
        or, if no value exceeds 1, the share of them that was sampled.
    nest : bool
        Whether labels of sampling units start anew in each stratum. If not, a label in two strata is an
        error.
    df : {"residual", "design"}
        What t and F refer to: the design degrees of freedom (sampling units less strata) less the number of
        coefficients beyond the intercepts, as R's svyglm, or the design degrees of freedom, as Stata.

    Notes
    -----
    Rows that the model leaves out (missing values, weights of 0) stay part of the design: their sampling
    units count, with a score of 0, as in R's survey package. Degrees of freedom count the units and
    strata with rows in the model.

    Raises
    ------
    SupportError
        For another ``df``.

    Examples
    --------
    >>> import logreg
    >>> data = logreg.datasets.load("apistrat")
    >>> design = logreg.survey(strata="stype", weights="pw", fpc="fpc")
    >>> fit = logreg.fit("sch_wide ~ ell + meals", data, covariance=design)
    >>> fit.options.covariance, fit.reference_df
    ('survey (strata stype; fpc fpc)', 195.0)
    """
    if df not in ("residual", "design"):
        raise SupportError(f"df={df!r} is not supported; use 'residual' or 'design'.")
    if not isinstance(nest, bool):
        raise SupportError(f"nest={nest!r} is not supported; use True or False.")
    return Survey(strata=strata, cluster=cluster, weights=weights, fpc=fpc, nest=nest, df=df)


def survey_weights(choice: object, weights: Any, kind: str) -> tuple[Any, str]:
    """Return the weights of a fit and their kind, those of a survey design included.

    Raises
    ------
    WeightError
        If weights are given twice and differ.
    SupportError
        For a survey design with weights that are not sampling weights.
    """
    if not isinstance(choice, Survey):
        return weights, kind
    if choice.weights is not None and weights is None:
        return choice.weights, "sampling"
    if choice.weights is not None and not (
        isinstance(weights, str) and isinstance(choice.weights, str) and weights == choice.weights
    ):
        raise WeightError("weights are given twice, to the fit and to survey(). Give them to one of them.")
    if weights is not None and kind != "sampling":
        raise SupportError(
            f"a survey design goes with sampling weights, not with weight_kind={kind!r}. Use "
            "weight_kind='sampling'."
        )
    return weights, kind


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Units:
    """Sampling units by number: the stratum of each (u,), and the unit of each row used (n,)."""

    stratum: IntArray
    of_row: IntArray


def survey_sandwich(choice: Survey, scores: RowScores) -> Sandwich:
    """Return the linearised sandwich of a survey design.

    Raises
    ------
    DataError
        For missing values, units that occur in several strata, strata with a single unit, and corrections
        that are not constant within a stratum or smaller than the sample.
    """
    units, strata = _units(choice, scores)
    n_strata = int(units.stratum.max(initial=-1)) + 1
    size = np.bincount(units.stratum, minlength=n_strata)
    sampled = _sampled_share(choice, scores, strata, size)
    used = np.unique(units.of_row)
    strata_used = np.unique(units.stratum[used])
    lonely = np.zeros(n_strata, dtype=bool)
    lonely[strata_used] = (size == 1)[strata_used] & (sampled < 1.0)[strata_used]
    if lonely.any():
        row = int(np.flatnonzero(strata == np.argmax(lonely))[0])
        raise DataError(
            f"{int(lonely.sum())} strata have a single sampling unit, the first of them in "
            f"{scores.row_label(row)}: their variance cannot be estimated. Merge each with a similar stratum."
        )
    # A census of a stratum (f = 1) adds nothing, whatever its size.
    factor = np.where(sampled < 1.0, (1.0 - sampled) * size / np.maximum(size - 1.0, 1.0), 0.0)
    design_df = len(used) - len(strata_used)

    def meat(blocks: Sequence[DesignBlock], coef: FloatArray) -> FloatArray:
        n_units = len(units.stratum)
        centre = np.zeros((n_strata, coef.size))
        for first, sums in scores.group_scores(blocks, coef, units.of_row, n_units):
            np.add.at(centre, units.stratum[first : first + len(sums)], sums)
        centre /= size[:, np.newaxis]
        total = np.zeros((coef.size, coef.size))
        for first, sums in scores.group_scores(blocks, coef, units.of_row, n_units):
            here = units.stratum[first : first + len(sums)]
            away = (sums - centre[here]) * np.sqrt(factor[here])[:, np.newaxis]
            total += away.T @ away
        return total

    def reference_df(n_coef: int, m: int) -> float:
        found = design_df - (n_coef - m if choice.df == "residual" else 0)
        if found < 1:
            raise SupportError(
                f"the survey design has {design_df} degrees of freedom, too few for tests"
                + (f" of {n_coef} coefficients; df='design' keeps them all." if design_df > 0 else ".")
            )
        return float(found)

    return Sandwich(meat=meat, reference_df=reference_df)


def _units(choice: Survey, scores: RowScores) -> tuple[_Units, IntArray]:
    """Return the sampling units, and the stratum of each row of the source (-1: not part of the design)."""
    used = scores.positions
    given = {
        name: scores.groups(column, f"the {name} column").codes
        for name, column in (("strata", choice.strata), ("cluster", choice.cluster))
        if column is not None
    }
    for name, codes in given.items():
        require_complete(scores, codes[used] >= 0, getattr(choice, name), f"the {name} column")
    present = np.ones(scores.n_source_rows, dtype=bool)
    for codes in given.values():
        present &= codes >= 0
    strata = np.where(present, given.get("strata", np.zeros(len(present), dtype=np.intp)), -1)
    strata[present] = np.unique(strata[present], return_inverse=True)[1]
    unit = given.get("cluster", np.arange(len(present)))
    if choice.nest:
        unit = unit * (strata.max() + 1) + strata
    _, first, of_row = np.unique(unit[present], return_index=True, return_inverse=True)
    stratum = strata[present][first]
    crossed = stratum[of_row] != strata[present]
    if crossed.any():
        row = int(np.flatnonzero(present)[np.argmax(crossed)])
        raise DataError(
            "the same sampling unit occurs in several strata, first seen in "
            f"{scores.row_label(row)}. If labels start anew in each stratum, use nest=True."
        )
    place = np.full(len(present), -1, dtype=np.intp)
    place[present] = of_row
    return _Units(stratum=stratum, of_row=place[used]), strata


def _sampled_share(choice: Survey, scores: RowScores, strata: IntArray, size: IntArray) -> FloatArray:
    """Return the share of each stratum's units that was sampled, 0 without a finite population."""
    if choice.fpc is None:
        return np.zeros(len(size))
    role = "the fpc column"
    values = scores.numbers(choice.fpc, role)
    require_complete(scores, ~np.isnan(values[scores.positions]), choice.fpc, role)
    part = np.flatnonzero((strata >= 0) & ~np.isnan(values))
    order = part[np.argsort(strata[part], kind="stable")]
    starts = np.flatnonzero(np.diff(strata[order], prepend=-1))
    low = np.minimum.reduceat(values[order], starts)
    high = np.maximum.reduceat(values[order], starts)
    if np.any(low != high):
        row = int(order[starts[np.argmax(low != high)]])
        raise DataError(
            f"{role} varies within the stratum of {scores.row_label(row)}: {low[low != high][0]:g} to "
            f"{high[low != high][0]:g}. It holds one number per stratum, its units in the population."
        )
    stratum = strata[order[starts]]
    fractions = high.max(initial=0.0) <= 1.0
    wrong = (high <= 0.0) | (not fractions) & (high < size[stratum])
    if wrong.any():
        row = int(order[starts[np.argmax(wrong)]])
        raise DataError(
            f"{role} says {high[wrong][0]:g} for the stratum of {scores.row_label(row)}, whose sample has "
            f"{size[stratum][wrong][0]} sampling units: the population cannot be smaller."
        )
    share = np.zeros(len(size))
    share[stratum] = high if fractions else size[stratum] / high
    return share
