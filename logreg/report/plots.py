"""Plots of odds ratios and of predicted probabilities, on matplotlib axes of the object-oriented kind.

Nothing global of matplotlib is touched and no window is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from logreg.errors import SupportError
from logreg.interpret.effects import effect_of, why_no_effects
from logreg.report.canvas import new_axes, shown_outcomes
from logreg.report.context import Units, context_of
from logreg.report.curves import draw_effect, effect_size
from logreg.report.forest import draw_forest, forest_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from logreg.fitted import LogisticFit

__all__ = ["Plots", "effect_plot", "odds_ratio_plot"]


class Plots:
    """The plots of a fit: ``fit.plot.odds_ratios()`` and ``fit.plot.effect("age")``."""

    def __init__(self, fit: LogisticFit) -> None:
        self._fit = fit

    def odds_ratios(
        self,
        ax: Axes | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        units: Units | None = None,
        confidence: float | None = None,
        versus: object = None,
    ) -> Axes:
        """Draw a forest plot of odds ratios; see `odds_ratio_plot`."""
        return odds_ratio_plot(
            self._fit, ax, labels=labels, units=units, confidence=confidence, versus=versus
        )

    def effect(
        self,
        variable: str,
        ax: Axes | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        confidence: float | None = None,
    ) -> Axes:
        """Draw predicted probabilities along a variable; see `effect_plot`."""
        return effect_plot(self._fit, variable, ax, labels=labels, confidence=confidence)

    def __repr__(self) -> str:
        return "<plots of a fit: odds_ratios(), effect(variable)>"


def odds_ratio_plot(
    fit: LogisticFit,
    ax: Axes | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    units: Units | None = None,
    confidence: float | None = None,
    versus: object = None,
) -> Axes:
    """Draw odds ratios with their intervals on a logarithmic axis; outcomes differ by marker.

    Parameters
    ----------
    fit : LogisticFit
    ax : matplotlib Axes, optional
        Drawn into; a new figure, unknown to pyplot, if not given (``ax.figure.savefig(...)``).
    labels, units, confidence, versus
        As for `logreg.report.context.context_of`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> fit.plot.odds_ratios().get_xscale()
    'log'
    """
    context = context_of(fit, labels=labels, units=units, confidence=confidence, versus=versus)
    n_lines = len(forest_lines(context)) * (1.0 if len(context.outcomes) == 1 else 1.5)
    axes = new_axes(ax, (6.5, 1.0 + 0.24 * n_lines))
    draw_forest(axes, context, range(len(context.outcomes)))
    return axes


def effect_plot(
    fit: LogisticFit,
    variable: str,
    ax: Axes | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    confidence: float | None = None,
) -> Axes:
    """Draw the predicted probability of every outcome along a variable, the others held at typical values.

    A number gives curves with bands, a factor points with intervals; two outcomes show the event alone.
    Arguments as for `odds_ratio_plot`.

    Raises
    ------
    SupportError
        If the variable is not a predictor, or typical values of the others are not known.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> fit.plot.effect("age").get_ylabel()
    'Predicted probability'
    """
    reason = why_no_effects(fit.spec, has_rows=fit.source is not None)
    if reason:
        raise SupportError(f"predicted probabilities along {variable!r} cannot be drawn: {reason}.")
    context = context_of(fit, labels=labels, confidence=confidence)
    effect = effect_of(fit, variable, fit.profiles(), confidence=confidence)
    axes = new_axes(ax, effect_size(effect, len(shown_outcomes(context))))
    draw_effect(axes, context, effect, shown_outcomes(context))
    return axes
