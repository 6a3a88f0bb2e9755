"""What the optimum licenses us to say, as one frozen value: the primitives every statistic is derived
from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from logreg.design.spec import DesignSpec
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FITTED_BY",
    "CentredCovariance",
    "Convergence",
    "FitOptions",
    "LogisticEstimate",
    "Remark",
    "RowSums",
    "Sample",
    "Separation",
    "nested",
]

FloatArray = NDArray[np.float64]


#: Where the provenance of a fit says which package estimated it.
FITTED_BY = "fitted_by"


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOptions:
    """The options of `logreg.fit` that shape inference, as given."""

    estimator: str
    covariance: str
    missing: str
    confidence: float
    max_iterations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The ledger of rows: read = used + dropped, dropped by the first column that lacks a value.

    ``rows`` and ``weight`` count trials and sums of weights per outcome, baseline first.
    """

    rows_read: int
    rows_used: int
    dropped: tuple[tuple[str, int], ...]
    outcomes: tuple[str, ...]
    rows: tuple[float, ...]
    weight: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.rows_read != self.rows_used + sum(count for _, count in self.dropped):
            raise AssertionError("the ledger of rows does not add up")

    @property
    def rows_dropped(self) -> int:
        """Rows left out."""
        return self.rows_read - self.rows_used

    def to_frame(self) -> pd.DataFrame:
        """Return rows per outcome, with the sum of weights."""
        return table({"outcome": self.outcomes, "rows": self.rows, "weight": self.weight})

    def dropped_frame(self) -> pd.DataFrame:
        """Return the rows left out by column."""
        return table(
            {"column": [name for name, _ in self.dropped], "rows": [count for _, count in self.dropped]}
        )

    def __str__(self) -> str:
        lines = [f"{self.rows_read} rows read, {self.rows_used} used, {self.rows_dropped} dropped"]
        lines += [f"  {count} dropped: {name} is missing" for name, count in self.dropped if name[0] != "("]
        lines += [f"  {count} dropped: {name.strip('()')}" for name, count in self.dropped if name[0] == "("]
        lines += [f"  {name}: {count:g}" for name, count in zip(self.outcomes, self.weight, strict=True)]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """The certificate: how the optimum was found and how close it is.

    ``newton_decrement`` is half the squared decrement in log-likelihood units, from score and information at
    the end; ``passes`` counts evaluations over all or a sample of the rows; ``condition_number`` belongs to
    the correlation matrix of the coefficients.
    """

    status: str
    iterations: int
    passes: int
    newton_decrement: float
    max_abs_score: float
    condition_number: float
    trace: tuple[tuple[str, str, float, float, float, int], ...]

    @property
    def converged(self) -> bool:
        """Whether the optimum is certified."""
        return self.status == "converged"

    def to_frame(self) -> pd.DataFrame:
        """Return the trace, one row per evaluation."""
        names = ("stage", "kind", "loglik", "newton_decrement", "max_abs_score", "step_halvings")
        return table({name: [row[k] for row in self.trace] for k, name in enumerate(names)})

    def __str__(self) -> str:
        return (
            f"{self.status} after {self.iterations} Newton iterations and {self.passes} passes; "
            f"Newton decrement {self.newton_decrement:.1e}, largest score {self.max_abs_score:.1e}, "
            f"condition number {self.condition_number:.3g}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSums:
    """Sums over rows at the optimum that fit statistics need.

    ``probability`` (K, K): row j sums ``weight * p_k`` over trials that ended in j; ``squared_error`` sums
    ``weight * sum_k (y_k - p_k)^2``; ``logit`` and ``logit_squared`` sum the first equation's logits.
    """

    probability: tuple[tuple[float, ...], ...]
    squared_error: float
    logit: float
    logit_squared: float


#: A random combination misses what it should see with a probability of about `STILL`; two of them, never.
N_PROBES = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CentredCovariance:
    """The covariance (m p, m p) of the coefficients when ``centre`` (p,) is subtracted from the columns.

    Far from zero, ``x' V x`` loses the square of the distance in digits; with ``x - centre`` it loses none.
    """

    centre: FloatArray
    vcov: FloatArray


def nested(array: FloatArray) -> tuple[tuple[float, ...], ...]:
    """Return a matrix (m, p) as tuples: frozen values are compared and written as they are."""
    return tuple(map(tuple, array.tolist()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """Whether the outcome is separated: some coefficients then have no finite estimate.

    ``verdict`` is "none", "complete", "quasi-complete" or "not checked"; ``infinite`` lists (outcome, term,
    sign) of the infinite coefficients; ``direction`` (m, p) is the direction in which the likelihood keeps
    growing, None without separation; ``rows`` counts the rows fitted perfectly in the limit.
    ``undetermined`` (h, m, p) spans the changes of coefficients that move no finite logit of the rows: other
    logits that one of them moves are infinite, or not known. None without separation, and for models saved
    before version 3.
    """

    verdict: str
    infinite: tuple[tuple[str, str, float], ...]
    direction: tuple[tuple[float, ...], ...] | None
    rows: int
    undetermined: tuple[tuple[tuple[float, ...], ...], ...] | None = None

    def __str__(self) -> str:
        if self.direction is None:
            return f"separation: {self.verdict}"
        shown = ", ".join(
            f"{term} ({outcome}) to {'+' if sign > 0 else '-'}inf" for outcome, term, sign in self.infinite
        )
        return f"{self.verdict} separation: {shown}; {self.rows} rows are fitted perfectly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A warning that belongs to a fit: shown when fitted, in the summary, in every report and in the saved
    file.
    """

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class LogisticEstimate:
    """A fitted model without its rows: everything inference, interpretation and reports read.

    ``coef_array`` (m, p) are logits per unit of each design column, one row per non-baseline outcome, NaN for
    aliased columns and infinite where the outcome is separated; ``vcov_array`` (m p, m p) is their
    covariance, equation by equation; ``centred`` is there where columns lie far from zero. ``limit_coef``
    (m, p) is finite throughout; with ``separation.direction`` it says where predictions go. ``reference_df``
    are the degrees of freedom of the t distribution that tests and intervals refer to, infinite for the
    normal.
    """

    spec: DesignSpec
    coef_array: FloatArray
    vcov_array: FloatArray
    limit_coef: FloatArray
    centred: CentredCovariance | None
    separation: Separation
    loglik: float
    loglik_null: float
    n_rows: int
    sum_weights: float
    n_trials: float
    options: FitOptions
    sample: Sample
    convergence: Convergence
    row_sums: RowSums
    aliases: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]
    remarks: tuple[Remark, ...]
    provenance: Mapping[str, str]
    reference_df: float = np.inf

    @property
    def is_binary(self) -> bool:
        """Whether the outcome has two levels."""
        return self.spec.outcome.is_binary

    @cached_property
    def estimated(self) -> NDArray[np.bool_]:
        """Which coefficients (m, p) are estimated: all but those of aliased columns."""
        result: NDArray[np.bool_] = ~np.isnan(self.coef_array)
        return result

    @cached_property
    def filled_coef(self) -> FloatArray:
        """Coefficients (m, p), 0 for aliased columns and finite in the limit of separation, for
        predictions.
        """
        return self.limit_coef

    @cached_property
    def logit_vcov(self) -> FloatArray:
        """Covariance (m p, m p) for logits at rows ``x - logit_centre``, 0 where nothing is estimated."""
        return np.nan_to_num(self.vcov_array if self.centred is None else self.centred.vcov)

    @cached_property
    def logit_centre(self) -> FloatArray:
        """What is subtracted from rows x (p,) before `logit_vcov` is applied; the intercept's is 0."""
        return np.zeros(self.coef_array.shape[1]) if self.centred is None else self.centred.centre

    @cached_property
    def without_error(self) -> NDArray[np.bool_]:
        """Which coefficients (m p,) `logit_vcov` says nothing of: where a fit failed, and infinite ones whose
        covariance came from resamples or from a model saved before version 3.
        """
        settled = self.separation.direction is None or self.separation.undetermined is not None
        vcov = self.centred.vcov if self.centred is not None and settled else self.vcov_array
        result: NDArray[np.bool_] = self.estimated.ravel() & np.isnan(np.diagonal(vcov))
        return result

    @cached_property
    def undetermined(self) -> FloatArray | None:
        """`Separation.undetermined` (h, m, p) as an array."""
        found = self.separation.undetermined
        return None if found is None else np.array(found)

    @cached_property
    def probes(self) -> FloatArray | None:
        """Two changes of coefficients (2, m, p) that stand for all undetermined ones: a logit that one of
        those moves is moved by a combination of them drawn at random.
        """
        if self.undetermined is None:
            return None
        shares = np.random.default_rng(N_PROBES).normal(size=(N_PROBES, len(self.undetermined)))
        result: FloatArray = np.tensordot(shares, self.undetermined, axes=1)
        return result

    def around_centre(self, changes: FloatArray) -> FloatArray:
        """Return changes of coefficients (..., m, p) as those of columns less `logit_centre`."""
        result = changes.copy()
        if self.spec.intercept:
            result[..., 0] += changes @ self.logit_centre
        return result

    @cached_property
    def std_error_array(self) -> FloatArray:
        """Standard errors (m, p), on the logit scale; NaN where rounding has left a variance below 0."""
        with np.errstate(invalid="ignore"):  # a sandwich of nearly collinear columns may have no digits left
            result: FloatArray = np.sqrt(np.diagonal(self.vcov_array)).reshape(self.coef_array.shape)
        return result

    @property
    def n_coef(self) -> int:
        """Number of free coefficients, intercepts included, aliased ones not.

        Those that the limit of a separated outcome leaves open are parameters all the same.
        """
        m, p = self.coef_array.shape
        return int(m * (p - len(self.aliases)))

    @property
    def spans_constant(self) -> bool:
        """Whether the design contains the intercept, as a column or through a factor coded in full."""
        return self.spec.intercept or any(
            len(coded.full) == len(coded.labels) > 0 for coded in self.spec.coded_terms
        )

    @property
    def df_model(self) -> int:
        """Free coefficients beyond the intercepts."""
        return self.n_coef - (len(self.coef_array) if self.spans_constant else 0)

    @property
    def deviance(self) -> float:
        """Minus twice the log-likelihood (individual-level kernel, whatever the layout)."""
        return -2.0 * self.loglik

    @property
    def has_likelihood(self) -> bool:
        """Whether likelihood-based statistics are defined: not under sampling weights."""
        return self.spec.weight_kind != "sampling" or self.spec.weights is None

    @property
    def maximises_likelihood(self) -> bool:
        """Whether ``loglik`` is a likelihood's maximum: not under sampling weights or with bias reduction."""
        return self.has_likelihood and self.options.estimator == "ml"

    @property
    def aic(self) -> float:
        """Akaike's criterion, -2 loglik + 2 k; NaN where ``loglik`` is no maximum."""
        return -2.0 * self.loglik + 2.0 * self.n_coef if self.maximises_likelihood else np.nan

    @property
    def bic(self) -> float:
        """Schwarz's criterion, -2 loglik + k log n with n the number of trials; NaN where ``loglik`` is no
        maximum.
        """
        if not self.maximises_likelihood:
            return float("nan")
        return -2.0 * self.loglik + self.n_coef * float(np.log(self.n_trials))

    def _labels(self) -> Any:
        import pandas as pd

        return pd.MultiIndex.from_product(
            [self.spec.outcome.modelled, self.spec.column_names], names=["outcome", "term"]
        )

    @property
    def coef(self) -> pd.Series[float]:
        """Coefficients on the logit scale, labelled by (outcome, term)."""
        import pandas as pd

        return pd.Series(self.coef_array.ravel(), index=self._labels(), name="estimate")

    @property
    def vcov(self) -> pd.DataFrame:
        """Covariance of the coefficients, labelled by (outcome, term) on both sides."""
        import pandas as pd

        labels = self._labels()
        return pd.DataFrame(self.vcov_array, index=labels, columns=labels)
