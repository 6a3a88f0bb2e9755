"""Plots of odds ratios and of predicted probabilities, on matplotlib axes of the object-oriented kind.

Nothing global of matplotlib is touched and no window is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from logreg.data.source import Level
from logreg.design.distribution import Distribution
from logreg.errors import SupportError, did_you_mean
from logreg.interpret.effects import Effect, Profile, Scale, effect_of, values_along, why_no_effects
from logreg.report.canvas import new_axes, shown_outcomes, style_of
from logreg.report.context import Context, Units, context_of
from logreg.report.curves import (
    Strand,
    draw_stacked,
    draw_strands,
    effect_size,
    outcome_strands,
    scale_heading,
)
from logreg.report.forest import draw_forest, forest_lines
from logreg.report.outline import level_text
from logreg.report.words import average_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from logreg.fitted import LogisticFit

__all__ = ["Plots", "effect_plot", "odds_ratio_plot"]

#: Where a number stands that separates the curves of an interaction.
BY_QUANTILES = (0.1, 0.5, 0.9)


class Plots:
    """The plots of a fit: ``fit.plot.odds_ratios()``, ``fit.plot.effect("age")`` and their kin."""

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
        interval: str = "wald",
    ) -> Axes:
        """Draw a forest plot of odds ratios; see `odds_ratio_plot`."""
        return odds_ratio_plot(
            self._fit,
            ax,
            labels=labels,
            units=units,
            confidence=confidence,
            versus=versus,
            interval=interval,
        )

    def effect(
        self,
        variable: str,
        ax: Axes | None = None,
        *,
        scale: Scale = "probability",
        kind: str = "bands",
        by: str | None = None,
        outcome: object = None,
        at: Mapping[str, Level] | None = None,
        labels: Mapping[str, str] | None = None,
        confidence: float | None = None,
    ) -> Axes:
        """Draw predictions along a variable; see `effect_plot`."""
        return effect_plot(
            self._fit,
            variable,
            ax,
            scale=scale,
            kind=kind,
            by=by,
            outcome=outcome,
            at=at,
            labels=labels,
            confidence=confidence,
        )

    def profile(
        self,
        term: str,
        outcome: str | None = None,
        ax: Axes | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        confidence: float | None = None,
    ) -> Axes:
        """Draw the profile log-likelihood of a coefficient; see `logreg.report.profile_drawing`."""
        from logreg.report.profile_drawing import profile_plot

        return profile_plot(self._fit, term, outcome, ax, labels=labels, confidence=confidence)

    def roc(
        self,
        ax: Axes | None = None,
        *,
        data: Any = None,
        weights: str | None = None,
        outcome: object = None,
        confidence: float | None = None,
    ) -> Axes:
        """Draw ROC curves; see `logreg.report.performance_plots.roc_plot`."""
        from logreg.report.performance_plots import roc_plot

        return roc_plot(self._fit, ax, data=data, weights=weights, outcome=outcome, confidence=confidence)

    def calibration(
        self,
        ax: Axes | None = None,
        *,
        groups: int = 10,
        data: Any = None,
        weights: str | None = None,
        outcome: object = None,
        confidence: float | None = None,
    ) -> Axes:
        """Draw observed against predicted shares; see `logreg.report.performance_plots.calibration_plot`."""
        from logreg.report.performance_plots import calibration_plot

        return calibration_plot(
            self._fit,
            ax,
            groups=groups,
            data=data,
            weights=weights,
            outcome=outcome,
            confidence=confidence,
        )

    def nomogram(
        self,
        ax: Axes | None = None,
        *,
        outcome: object = None,
        labels: Mapping[str, str] | None = None,
    ) -> Axes:
        """Draw a nomogram: points that add up to a probability; see `logreg.report.nomogram_drawing`."""
        from logreg.report.nomogram_drawing import nomogram_plot

        return nomogram_plot(self._fit, ax, outcome=outcome, labels=labels)

    def __repr__(self) -> str:
        names = "odds_ratios(), effect(variable), profile(term), roc(), calibration(), nomogram()"
        return f"<plots of a fit: {names}>"


def odds_ratio_plot(
    fit: LogisticFit,
    ax: Axes | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    units: Units | None = None,
    confidence: float | None = None,
    versus: object = None,
    interval: str = "wald",
) -> Axes:
    """Draw odds ratios with their intervals on a logarithmic axis; outcomes differ by marker.

    Parameters
    ----------
    fit : LogisticFit
    ax : matplotlib Axes, optional
        Drawn into; a new figure, unknown to pyplot, if not given (``ax.figure.savefig(...)``).
    labels, units, confidence, versus, interval
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
    context = context_of(
        fit, labels=labels, units=units, confidence=confidence, versus=versus, interval=interval
    )
    n_lines = len(forest_lines(context)) * (1.0 if len(context.outcomes) == 1 else 1.5)
    axes = new_axes(ax, (6.5, 1.0 + 0.24 * n_lines))
    draw_forest(axes, context, range(len(context.outcomes)))
    return axes


def effect_plot(
    fit: LogisticFit,
    variable: str,
    ax: Axes | None = None,
    *,
    scale: Scale = "probability",
    kind: str = "bands",
    by: str | None = None,
    outcome: object = None,
    at: Mapping[str, Level] | None = None,
    labels: Mapping[str, str] | None = None,
    confidence: float | None = None,
) -> Axes:
    """Draw what is predicted along a variable, the others held at typical values.

    A number gives curves with bands, a factor points with intervals. Two outcomes show the event alone. A
    variable that occurs in several terms moves in all of them.

    Parameters
    ----------
    fit : LogisticFit
    variable : str
        A data column among the predictors.
    ax : matplotlib Axes, optional
        Drawn into; a new figure, unknown to pyplot, if not given.
    scale : {"probability", "odds", "logit"}
        Odds and logits are those of each outcome against the baseline.
    kind : {"bands", "stacked"}
        Stacked shows the probabilities of all outcomes as shares of one, without intervals.
    by : str, optional
        A second variable: one curve for each of its levels, or for three values of a number (10th, 50th and
        90th percentile). Shows an interaction, for one outcome.
    outcome : level, optional
        The outcome to show; needed with ``by`` where there are more than two.
    at : mapping, optional
        Where to hold other variables.
    labels, confidence
        As for `odds_ratio_plot`.

    Raises
    ------
    SupportError
        If a variable is not a predictor, typical values are not known, or options do not go together.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age * smoke", logreg.datasets.load("birthwt"))
    >>> fit.plot.effect("age").get_ylabel()
    'Predicted probability'
    >>> len(fit.plot.effect("age", by="smoke", scale="logit").lines)
    2
    """
    reason = why_no_effects(fit.spec, has_rows=fit.source is not None)
    if reason:
        raise SupportError(f"predictions along {variable!r} cannot be drawn: {reason}.")
    if kind not in ("bands", "stacked"):
        raise SupportError(f"kind={kind!r} is not supported; use 'bands' or 'stacked'.")
    if kind == "stacked" and (scale != "probability" or by is not None or outcome is not None):
        raise SupportError(
            "kind='stacked' shows the probabilities of all outcomes: leave scale, by, outcome out."
        )
    context = context_of(fit, labels=labels, confidence=confidence)
    profiles = context.profiles
    held = dict(at or {})
    effect = effect_of(fit, variable, profiles, confidence=confidence, scale=scale, at=held)
    shown = None
    if by is not None or outcome is not None:
        shown = _one_outcome(context, outcome)
    if by is not None and shown is not None:
        strands = _strands_by(context, by, variable, profiles, shown, scale, held)
    else:
        outcomes = _outcomes_of(context, effect, shown, stacked=kind == "stacked")
        strands = outcome_strands(context, effect, outcomes)
    axes = new_axes(ax, effect_size(effect, len(strands)))
    if kind == "stacked":
        draw_stacked(axes, context, effect, strands)
    else:
        draw_strands(axes, context, effect, strands)
    if shown is not None and not fit.is_binary:
        heading = scale_heading(context, effect, shown)
        (axes.set_ylabel if effect.kind == "curve" else axes.set_xlabel)(heading, parse_math=False)
    return axes


def _one_outcome(context: Context, outcome: object) -> str:
    """Return the one outcome to show, the event by default."""
    spec = context.fit.spec.outcome
    if outcome is None:
        if len(spec.names) > 2:
            raise SupportError(
                f"by= shows one outcome; name it with outcome=, one of {', '.join(map(repr, spec.names))}."
            )
        return spec.names[1]
    return spec.names[_position(context, outcome)]


def _position(context: Context, outcome: object) -> int:
    spec = context.fit.spec.outcome
    for k, level in enumerate(spec.levels):
        if outcome == level or str(outcome) == spec.names[k]:
            return k
    raise SupportError(
        f"outcome={outcome!r} is not a level of {spec.label!r}: {', '.join(map(repr, spec.names))}."
    )


def _outcomes_of(context: Context, effect: Effect, outcome: str | None, *, stacked: bool) -> tuple[str, ...]:
    names = context.fit.spec.outcome.names
    shown = (outcome,) if outcome is not None else names if stacked else shown_outcomes(context)
    if effect.scale == "probability":
        return shown
    against = tuple(name for name in shown if name != names[0])
    if not against:
        raise _baseline_has_none(names[0], effect.scale)
    return against


def _baseline_has_none(name: str, scale: Scale) -> SupportError:
    return SupportError(f"the baseline {name!r} has no {scale} of its own; use scale='probability'.")


def _strands_by(
    context: Context,
    by: str,
    variable: str,
    profiles: Mapping[str, Profile],
    outcome: str,
    scale: Scale,
    at: Mapping[str, Level],
) -> list[Strand]:
    """Return one strand per value of a second variable, for one outcome."""
    if by == variable:
        raise SupportError(f"by={by!r} is the variable itself; name another one.")
    if scale != "probability" and outcome == context.fit.spec.outcome.baseline:
        raise _baseline_has_none(outcome, scale)
    fit = context.fit
    if by not in fit.spec.predictors:
        raise SupportError(
            f"by={by!r} is not a predictor of the model.{did_you_mean(by, fit.spec.predictors)}"
        )
    kind, values = values_along(fit.spec, by, profiles[by])
    if kind == "curve":
        profile = profiles[by]
        assert isinstance(profile, Distribution)
        values = tuple(dict.fromkeys(profile.quantile(q) for q in BY_QUANTILES))
    strands = []
    for k, value in enumerate(values):
        effect = effect_of(
            fit, variable, profiles, confidence=context.confidence, scale=scale, at={**at, by: value}
        )
        text = average_text(float(value), context.style) if kind == "curve" else level_text(value)
        strands.append(Strand(f"{by} = {text}", style_of(k), effect.of_outcome(outcome)))
    return strands
