"""ROC curves and calibration of a fit on matplotlib axes, in its own rows or in new data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logreg.diagnose.calibration import calibration_groups
from logreg.diagnose.discrimination import area_under
from logreg.diagnose.rankings import Ranking
from logreg.errors import SupportError
from logreg.report.canvas import new_axes, short, style_of
from logreg.report.context import percent_of
from logreg.report.curves import DIRECT_OUTCOMES
from logreg.report.formats import REPORT
from logreg.report.outline import level_text
from logreg.report.performance_drawing import area_text, draw_calibration, draw_roc

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from logreg.fitted import LogisticFit

__all__ = ["calibration_plot", "roc_plot"]


def roc_plot(
    fit: LogisticFit,
    ax: Axes | None = None,
    *,
    data: Any = None,
    weights: str | None = None,
    outcome: object = None,
    confidence: float | None = None,
) -> Axes:
    """Draw the ROC curve of each outcome against the rest, with the area below it.

    Parameters
    ----------
    fit : LogisticFit
    ax : matplotlib Axes, optional
        Drawn into; a new figure, unknown to pyplot, if not given.
    data : table, optional
        New rows with their outcome; those of the fit if not given, where the model looks better than it is.
    weights : str, optional
        The column that weighs the new rows.
    outcome : level, optional
        One outcome; needed where there are more than four.
    confidence : float, optional
        Level of the area's interval; the fit's own if not given.

    Raises
    ------
    SupportError
        For an outcome that is unknown, or not named among more than four, and a loaded model without data.
    PredictError
        When new data do not match the model.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> fit.plot.roc().get_ylabel()
    'Sensitivity'
    """
    level = fit.options.confidence if confidence is None else confidence
    rankings = fit.rankings(data, weights)
    names = fit.spec.outcome.names
    if outcome is not None:
        rankings = (_of_outcome(fit, rankings, outcome),)
    elif len(rankings) > DIRECT_OUTCOMES:
        raise SupportError(
            f"{len(rankings)} ROC curves would hide each other; name one with outcome=, one of "
            f"{', '.join(map(repr, names))}."
        )
    for ranking in rankings:
        _require_both(ranking)
    areas = [area_text(area_under(ranking, level), percent_of(level), REPORT) for ranking in rankings]
    if len(rankings) == 1:
        texts, styles = [f"AUC {areas[0]}"], [style_of(0)]
    else:
        named = [short(level_text(ranking.outcome), 24) for ranking in rankings]
        texts = [f"{name}\nAUC {area}" for name, area in zip(named, areas, strict=True)]
        styles = [style_of(names.index(ranking.outcome)) for ranking in rankings]
    axes = new_axes(ax, (3.6, 3.5) if len(rankings) == 1 else (6.5, 3.5))
    draw_roc(axes, rankings, styles, texts)
    return axes


def calibration_plot(
    fit: LogisticFit,
    ax: Axes | None = None,
    *,
    groups: int = 10,
    data: Any = None,
    weights: str | None = None,
    outcome: object = None,
    confidence: float | None = None,
) -> Axes:
    """Draw the share observed in groups of like predictions against their mean prediction.

    Bars at the foot count the predictions.

    Parameters
    ----------
    fit : LogisticFit
    ax : matplotlib Axes, optional
        Drawn into; a new figure, unknown to pyplot, if not given.
    groups : int
        Number of groups; see `logreg.diagnose.calibration.calibration_groups`.
    data, weights
        As for `roc_plot`.
    outcome : level, optional
        The outcome against the rest; needed where there are more than two.
    confidence : float, optional
        Level of the intervals; the fit's own if not given.

    Raises
    ------
    SupportError, PredictError
        As `roc_plot`, and for a number of groups below 2.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> fit.plot.calibration(groups=5).get_xlabel()
    'Predicted probability'
    """
    level = fit.options.confidence if confidence is None else confidence
    rankings = fit.rankings(data, weights)
    if outcome is None and len(rankings) > 1:
        raise SupportError(
            "calibration is drawn for one outcome; name it with outcome=, one of "
            f"{', '.join(map(repr, fit.spec.outcome.names))}."
        )
    ranking = rankings[0] if outcome is None else _of_outcome(fit, rankings, outcome)
    found = calibration_groups(ranking, groups, level)
    axes = new_axes(ax, (3.6, 3.5))
    draw_calibration(axes, ranking, found)
    return axes


def _of_outcome(fit: LogisticFit, rankings: tuple[Ranking, ...], outcome: object) -> Ranking:
    """Return the ranking of one outcome; of two outcomes the baseline has none of its own."""
    spec = fit.spec.outcome
    wanted = [
        name
        for name, level in zip(spec.names, spec.levels, strict=True)
        if outcome == level or str(outcome) == name
    ]
    found = [ranking for ranking in rankings if ranking.outcome in wanted]
    if not wanted:
        raise SupportError(
            f"outcome={outcome!r} is not a level of {spec.label!r}: {', '.join(map(repr, spec.names))}."
        )
    if not found:
        raise SupportError(
            f"outcome={outcome!r} is the baseline; the curve is that of the event {spec.names[1]!r}."
        )
    return found[0]


def _require_both(ranking: Ranking) -> None:
    if ranking.n_events == 0.0 or ranking.n_others == 0.0:
        how = "no" if ranking.n_events == 0.0 else "every"
        raise SupportError(
            f"there is no ROC curve of {ranking.outcome!r}: {how} trial in the data ended in it."
        )
