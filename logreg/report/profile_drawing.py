"""The profile log-likelihood of a coefficient as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from logreg.inference.normal import critical_value
from logreg.report.canvas import GREY, INK, draw_legend, new_axes, short, style_of
from logreg.report.context import context_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from logreg.fitted import LogisticFit

__all__ = ["profile_plot"]


def profile_plot(
    fit: LogisticFit,
    term: str,
    outcome: str | None = None,
    ax: Axes | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    confidence: float | None = None,
) -> Axes:
    """Draw the profile log-likelihood of a coefficient, with the Wald parabola beside it.

    Where the two part, Wald intervals mislead. The horizontal line is the cut of the interval: the curve is
    above it for the values that a likelihood-ratio test does not reject.

    Parameters
    ----------
    fit : LogisticFit
    term : str
        A design column, as in ``fit.coefficients()``.
    outcome : str, optional
        Which equation; needed where there are more than two outcomes.
    ax, labels, confidence
        As for `logreg.report.plots.odds_ratio_plot`.

    Raises
    ------
    SupportError
        For an unknown term, a loaded model, or where there is no likelihood.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> fit.plot.profile("age").get_ylabel()
    'Log-likelihood below its maximum'
    """
    context = context_of(fit, labels=labels, confidence=confidence)
    profile = fit.profile(term, outcome)
    axes = new_axes(ax, (6.5, 3.0))
    value = profile["value"].to_numpy(dtype=float)
    below = profile["loglik"].to_numpy(dtype=float) - fit.loglik
    axes.plot(value, below, color=INK, linewidth=1.7)
    coef = fit.coefficients()
    row = coef[(coef["term"] == term) & ((coef["outcome"] == outcome) | (outcome is None))].iloc[0]
    if np.isfinite(row["std_error"]):
        wald = -0.5 * ((value - row["estimate"]) / row["std_error"]) ** 2
        axes.plot(value, wald, color=GREY, linewidth=1.2, linestyle=style_of(1).dashes)
        axes.axvline(row["estimate"], color=GREY, linewidth=0.8)
    cut = -0.5 * critical_value(context.confidence) ** 2
    axes.axhline(cut, color=GREY, linewidth=0.9)
    axes.set_ylim(min(1.6 * cut, float(below.min())), 0.05 * abs(cut))
    axes.set_xlim(float(value.min()), float(value.max()))
    axes.set_xlabel(f"Coefficient of {short(term, 50)} (logit)", fontsize=9, parse_math=False)
    axes.set_ylabel("Log-likelihood below its maximum", fontsize=9)
    axes.annotate(
        f"{context.level} interval",
        # Beside the maximum and above the cut, where there is room whatever the curve.
        (0.35, cut),
        xycoords=("axes fraction", "data"),
        xytext=(0, 2),
        textcoords="offset points",
        ha="center",
        fontsize=8,
        color=GREY,
    )
    curves = ["Profile", "Wald"] if np.isfinite(row["std_error"]) else ["Profile"]
    draw_legend(axes, axes.lines[: len(curves)], curves)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=8)
    return axes
