"""Fits in maketables' tables: its plug-in attributes, one view per outcome.

maketables asks a model for ``__maketables_coef_table__`` and a few attributes beside it (its
PLUGIN_EXTRACTOR_FORMAT.md); nothing of it is imported here. It knows one equation per model, so that a
multinomial fit is shown as one view per outcome that is not the baseline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STATISTICS", "MakeTablesView", "maketables_views"]

#: maketables' keys of statistics, and their names here.
STATISTICS = {
    "N": "n_rows",
    "events": "events",
    "pseudo_r2": "mcfadden",
    "ll": "loglik",
    "llnull": "loglik_null",
    "aic": "aic",
    "bic": "bic",
    "df_model": "df_model",
    "deviance": "deviance",
    "null_deviance": "deviance_null",
}


@dataclass(frozen=True, kw_only=True)
class MakeTablesView:
    """One equation of a fit as maketables reads it: log-odds of ``outcome`` against the baseline.

    ``coefficients`` is the fit's coefficient table, ``statistics`` map our names to values, ``labels`` give
    columns their headings.
    """

    outcome: str
    baseline: str
    heading: str
    coefficients: pd.DataFrame
    statistics: Mapping[str, float]
    labels: Mapping[str, str]
    covariance: str

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        """``b, se, t, p`` and the limits of the interval, by term (log-odds)."""
        names = {
            "estimate": "b",
            "std_error": "se",
            "statistic": "t",
            "p_value": "p",
            "conf_low": "ci95l",
            "conf_high": "ci95u",
        }
        found = self.coefficients[self.coefficients["outcome"] == self.outcome]
        shown = found.set_index("term")[list(names)].rename(columns=names)
        shown.index.name = "Coefficient"
        return shown

    def __maketables_stat__(self, key: str) -> float | str | None:
        """Return a statistic by maketables' key, None for one that is not there."""
        if key == "se_type":
            return self.covariance
        value = self.statistics.get(STATISTICS.get(key, ""))
        return int(value) if value is not None and key in ("N", "events", "df_model") else value

    @property
    def __maketables_depvar__(self) -> str:
        """The outcome of this view, with the baseline where there is more than one."""
        return self.heading

    @property
    def __maketables_fixef_string__(self) -> None:
        """No fixed effects are absorbed."""
        return

    @property
    def __maketables_var_labels__(self) -> dict[str, str] | None:
        """Headings of columns."""
        return dict(self.labels) or None

    @property
    def __maketables_vcov_info__(self) -> dict[str, Any]:
        """The covariance by name."""
        return {"vcov_type": self.covariance, "clustervar": None}

    @property
    def __maketables_default_stat_keys__(self) -> list[str]:
        """What stands below the coefficients unless asked otherwise."""
        return ["N", "pseudo_r2", "ll", "aic", "bic"]

    @property
    def __maketables_stat_labels__(self) -> dict[str, str]:
        """Which pseudo R² it is."""
        return {"pseudo_r2": "McFadden R²"}


def maketables_views(
    fit: LogisticEstimate, coefficients: pd.DataFrame, statistics: pd.DataFrame, labels: Mapping[str, str]
) -> tuple[MakeTablesView, ...]:
    """Return one view per outcome that is not the baseline.

    Raises
    ------
    SupportError
        For infinite estimates, which maketables would print with stars.

    Examples
    --------
    >>> import logreg
    >>> views = logreg.fit("partic ~ hincome", logreg.datasets.load("womenlf")).maketables()
    >>> [view.outcome for view in views]
    ['parttime', 'fulltime']
    """
    if fit.separation.direction is not None:
        raise SupportError(
            "the fit has infinite estimates, which maketables cannot show. Use fit.report, or a bias-reduced "
            "fit (estimator='firth')."
        )
    values = dict(zip(statistics["statistic"].tolist(), statistics["value"].tolist(), strict=True))
    outcome = fit.spec.outcome
    return tuple(
        MakeTablesView(
            outcome=name,
            baseline=outcome.baseline,
            heading=outcome.label
            if fit.is_binary
            else f"{outcome.label}: {name} (against {outcome.baseline})",
            coefficients=coefficients,
            statistics=values,
            labels=labels,
            covariance=fit.options.covariance,
        )
        for name in outcome.modelled
    )
