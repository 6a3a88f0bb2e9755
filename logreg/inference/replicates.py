"""Estimates of the same coefficients from other samples: the values that bootstrap and jackknife return.

Both serve as a covariance (``fit.with_covariance``). Samples without an estimate are counted by reason
wherever numbers are shown, and left out of them.
"""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from logreg.design.spec import DesignSpec
from logreg.errors import DataWarning, SupportError
from logreg.inference.bootstrap_intervals import (
    acceleration,
    basic_limits,
    bca_limits,
    normal_limits,
    percentile_limits,
    replicates_needed,
)
from logreg.inference.estimate import CentredCovariance, LogisticEstimate
from logreg.inference.normal import normal_quantile, two_sided_p_value
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Bootstrap", "Jackknife", "Replicates", "covariance_fields", "spread_of"]

FloatArray = NDArray[np.float64]

INTERVALS = ("percentile", "basic", "normal", "bca")


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Replicates:
    """What bootstrap and jackknife share: estimates of the same coefficients from other samples.

    ``estimate`` (m, p) is the fit's own, on the logit scale, NaN for aliased columns; ``replicates`` (B, m,
    p) are the others, NaN where a sample gave none; ``failed`` counts those by reason. ``centred`` is the
    covariance where columns lie far from zero. ``cluster`` names the column of the clusters.
    """

    estimate: FloatArray
    replicates: FloatArray
    copies: FloatArray
    failed: tuple[tuple[str, int], ...]
    centred: CentredCovariance | None
    spec: DesignSpec
    confidence: float
    unit: str
    n_units: int
    cluster: str | None

    @property
    def failures(self) -> Mapping[str, int]:
        """How many samples gave no estimate, by reason; reasons that did not occur are not there."""
        return MappingProxyType(dict(self.failed))

    @property
    def n_replicates(self) -> int:
        """Number of samples, with and without an estimate."""
        return len(self.replicates)

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """Which samples (B,) gave an estimate."""
        nothing = np.isnan(self.replicates).reshape(self.n_replicates, -1).all(axis=1)
        return np.asarray(~nothing)

    @property
    def n_usable(self) -> int:
        """Number of samples that gave an estimate."""
        return int(self.usable.sum())

    @cached_property
    def mean(self) -> FloatArray:
        """Mean of the replicates (m, p)."""
        weight = self.copies[self.usable]
        # About the estimate: means of nearly equal numbers keep their digits.
        moved = self.replicates[self.usable] - self.estimate
        result: FloatArray = self.estimate + np.tensordot(weight / weight.sum(), moved, axes=1)
        return result

    @property
    def label(self) -> str:
        """The name of this covariance."""
        raise NotImplementedError

    @property
    def vcov_array(self) -> FloatArray:
        """Covariance (m p, m p) of the coefficients, equation by equation; NaN for aliased columns."""
        raise NotImplementedError

    @property
    def std_error(self) -> FloatArray:
        """Standard errors (m, p) on the logit scale."""
        result: FloatArray = np.sqrt(np.diagonal(self.vcov_array)).reshape(self.estimate.shape)
        return result

    @property
    def bias(self) -> FloatArray:
        """Estimated bias (m, p) of the coefficients on the logit scale; subtract it to correct them."""
        raise NotImplementedError

    @property
    def vcov(self) -> pd.DataFrame:
        """Covariance of the coefficients, labelled by (outcome, term) on both sides."""
        import pandas as pd

        labels = pd.MultiIndex.from_product(
            [self.spec.outcome.modelled, self.spec.column_names], names=["outcome", "term"]
        )
        return pd.DataFrame(self.vcov_array, index=labels, columns=labels)

    @property
    def _drawn(self) -> str:
        """What was drawn or left out, in words."""
        return self.unit if self.cluster is None else f"clusters of {self.cluster!r}"

    def to_frame(self) -> pd.DataFrame:
        """Return estimates with their bias and standard error, one row per coefficient."""
        names = _names(self.spec)
        return table(
            {
                "outcome": names["outcome"],
                "term": names["term"],
                "estimate": self.estimate.ravel(),
                "bias": self.bias.ravel(),
                "std_error": self.std_error.ravel(),
            }
        )

    def _failed(self) -> str:
        """Return how many samples gave no estimate and why, or nothing."""
        if not self.failures:
            return ""
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.failures.items())
        return f"{sum(self.failures.values())} without an estimate ({reasons})"


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Bootstrap(Replicates):
    """Refits of a fit to resamples of its units.

    ``replicates`` (B, m, p) are on the logit scale, NaN where a resample gave none (counted in
    ``failures``). ``seed`` makes the same resamples again. ``stratified`` says that every outcome kept its
    number of units.
    """

    stratified: bool
    seed: int
    influences: Callable[[], tuple[FloatArray, FloatArray, NDArray[np.intp]]] | None = field(default=None)

    @cached_property
    def vcov_array(self) -> FloatArray:
        """Covariance (m p, m p) of the replicates, equation by equation, with divisor B - 1."""
        return spread_of(self.replicates[self.usable] - self.estimate)

    @property
    def bias(self) -> FloatArray:
        """Mean of the replicates minus the estimate (m, p), on the logit scale."""
        result: FloatArray = self.mean - self.estimate
        return result

    @property
    def label(self) -> str:
        """The name of this covariance; `logreg.inference.covariance.resampling_code` reads it."""
        within = ", outcomes kept" if self.stratified else ""
        lost = self.n_replicates - self.n_usable
        failed = f", {lost} without an estimate" if lost else ""
        return f"bootstrap ({self.n_replicates} resamples of {self._drawn}{within}{failed}, seed {self.seed})"

    @cached_property
    def acceleration(self) -> FloatArray:
        """Skewness of the influences (m, p), from leaving out each unit; see
        `logreg.inference.bootstrap_intervals.acceleration`.

        Raises
        ------
        SupportError
            If this value was pickled, and so lost the rows.
        """
        if self.influences is None:
            raise SupportError(
                "BCa intervals need the rows of the fit, which a pickled bootstrap does not hold. Ask for "
                "them before it is pickled, or use kind='percentile'."
            )
        values, copies, strata = self.influences()
        if not self.stratified:
            strata = np.zeros_like(strata)
        flat = values.reshape(len(values), -1)
        return acceleration(flat, copies, strata).reshape(self.estimate.shape)

    def intervals(self, kind: str = "percentile", confidence: float | None = None) -> pd.DataFrame:
        """Return the coefficient table with bootstrap intervals, on the logit scale.

        Parameters
        ----------
        kind : {"percentile", "basic", "normal", "bca"}
            Quantiles of the replicates; these reflected at the estimate; bias-corrected normal; or
            bias-corrected and accelerated, whose limits transform with the coefficient and are right to
            second order (it leaves out each unit once, which takes a moment more).
        confidence : float, optional
            Level of the intervals; the fit's own if not given.

        Returns
        -------
        DataFrame of m * p rows
            The columns of ``fit.coefficients``. ``std_error`` is the bootstrap's, ``statistic`` and
            ``p_value`` are Wald's with it, whatever the intervals. ``attrs["note"]`` says what was left
            out.

        Raises
        ------
        SupportError
            For an unknown kind, a level outside (0, 1), or too few resamples for the level.

        Warns
        -----
        DataWarning
            Where BCa limits would lie beyond the outermost replicate, or cannot be had.
        """
        if kind not in INTERVALS:
            raise SupportError(
                f"kind={kind!r} is not supported; the bootstrap intervals are "
                f"{', '.join(map(repr, INTERVALS))}."
            )
        confidence = self.confidence if confidence is None else confidence
        normal_quantile(confidence)
        needed = replicates_needed(confidence)
        if kind != "normal" and self.n_usable < needed:
            raise SupportError(
                f"limits at confidence={confidence} need at least {needed} resamples with an estimate, and "
                f"there are {self.n_usable}. Draw more, bootstrap(n={max(1000, 10 * needed)})."
            )
        known = np.flatnonzero(~np.isnan(self.estimate.ravel()))
        replicates = self.replicates[self.usable].reshape(self.n_usable, -1)[:, known]
        estimate = self.estimate.ravel()[known]
        notes = [self._failed()]
        if kind == "percentile":
            low, high = percentile_limits(replicates, confidence)
        elif kind == "basic":
            low, high = basic_limits(replicates, estimate, confidence)
        elif kind == "normal":
            low, high = normal_limits(replicates, estimate, confidence)
        else:
            skewness = self.acceleration.ravel()[known]
            low, high, beyond = bca_limits(replicates, estimate, skewness, confidence)
            notes += self._bca_notes(known, np.isnan(low), beyond)
        conf_low, conf_high = np.full((2, self.estimate.size), np.nan)
        conf_low[known], conf_high[known] = low, high
        std_error = self.std_error.ravel()
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = self.estimate.ravel() / std_error
        result = table(
            {
                **_names(self.spec),
                "estimate": self.estimate.ravel(),
                "std_error": std_error,
                "statistic": statistic,
                "p_value": two_sided_p_value(statistic),
                "conf_low": conf_low,
                "conf_high": conf_high,
            }
        )
        result.attrs["note"] = "; ".join(note for note in notes if note)
        return result

    def _bca_notes(
        self, known: NDArray[np.intp], absent: NDArray[np.bool_], beyond: NDArray[np.bool_]
    ) -> list[str]:
        """Say, and warn, which BCa limits are not what was asked for."""
        names = _names(self.spec)
        notes = []
        for rows, what in (
            (beyond, "would lie beyond the outermost resample and ends there"),
            (absent, "cannot be had, since all resamples lie on one side of the estimate"),
        ):
            if rows.any():
                shown = ", ".join(f"{names['term'][k]} [{names['outcome'][k]}]" for k in known[rows])
                notes.append(f"a BCa limit of {shown} {what}; draw more resamples")
        for note in notes:
            python_warnings.warn(note[0].upper() + note[1:] + ".", DataWarning, stacklevel=3)
        return notes

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the replicates alone: the rows behind them stay where they are."""
        return {**{f.name: getattr(self, f.name) for f in fields(self)}, "influences": None}

    def __repr__(self) -> str:
        failed = self._failed()
        within = ", stratified by outcome" if self.stratified else ""
        return (
            f"<Bootstrap: {self.n_replicates} resamples of {self.n_units} {self._drawn}{within}"
            f"{'; ' if failed else ''}{failed}>"
        )

    def __str__(self) -> str:
        return f"{repr(self)[1:-1]}\n{self.to_frame().to_string(index=False)}"


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Jackknife(Replicates):
    """Refits of a fit with one unit left out at a time.

    ``replicates`` (B, m, p) has one entry for each distinct unit, ``copies`` (B,) says for how many of the
    ``n_units`` N units it stands: copies of a trial have the same estimate without one of them.
    """

    @cached_property
    def vcov_array(self) -> FloatArray:
        """Covariance ``(N - 1) / N * sum (b_i - mean)(b_i - mean)'`` (m p, m p), equation by equation.

        Efron and Tibshirani (1993), eq. 11.5.
        """
        return spread_of(self.replicates[self.usable] - self.estimate, self.copies[self.usable])

    @property
    def bias(self) -> FloatArray:
        """Bias ``(N - 1) (mean - estimate)`` (m, p), on the logit scale (Efron and Tibshirani 1993, eq.
        11.3).
        """
        result: FloatArray = (self.copies[self.usable].sum() - 1.0) * (self.mean - self.estimate)
        return result

    @property
    def label(self) -> str:
        """The name of this covariance."""
        return f"jackknife ({self.n_units} {self._drawn})"

    def __repr__(self) -> str:
        failed = self._failed()
        return f"<Jackknife: {self.n_units} {self._drawn} left out in turn{'; ' if failed else ''}{failed}>"

    def __str__(self) -> str:
        return f"{repr(self)[1:-1]}\n{self.to_frame().to_string(index=False)}"


def covariance_fields(fit: LogisticEstimate, replicates: Replicates) -> dict[str, Any]:
    """Return the fields of a fit that takes its covariance from its replicates; tests refer to the normal.

    Raises
    ------
    SupportError
        If the replicates are those of another fit.
    """
    if not np.array_equal(replicates.estimate, fit.coef_array, equal_nan=True):
        raise SupportError(
            f"the covariance {replicates.label!r} belongs to another fit; resample the one that it is for."
        )
    return {
        "vcov_array": replicates.vcov_array,
        "centred": replicates.centred,
        "reference_df": np.inf,
        "options": replace(fit.options, covariance=replicates.label),
    }


def spread_of(moved: FloatArray, copies: FloatArray | None = None) -> FloatArray:
    """Return the covariance (s, s) of replicates (B, m, p): the bootstrap's, or with ``copies`` the
    jackknife's.
    """
    flat = moved.reshape(len(moved), -1)
    if copies is None:
        centred = flat - flat.mean(axis=0)
        return np.asarray(centred.T @ centred / (len(flat) - 1.0), dtype=np.float64)
    total = float(copies.sum())
    centred = flat - copies @ flat / total
    root = np.sqrt(copies)[:, np.newaxis] * centred
    return np.asarray((total - 1.0) / total * (root.T @ root), dtype=np.float64)


def _names(spec: DesignSpec) -> dict[str, list[Any]]:
    """Return the columns that name the coefficients, equation by equation."""
    m = len(spec.outcome.modelled)
    return {
        "outcome": [outcome for outcome in spec.outcome.modelled for _ in spec.columns],
        "term": [column.name for column in spec.columns] * m,
        "variable": [column.variable for column in spec.columns] * m,
        "level": [column.level for column in spec.columns] * m,
        "reference": [column.reference for column in spec.columns] * m,
    }
