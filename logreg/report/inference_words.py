"""How errors, intervals and tests were made, in the words that tables, captions and sentences share."""

from __future__ import annotations

import math

from logreg.inference.covariance import covariance_meaning
from logreg.report.context import Context

__all__ = [
    "covariance_text",
    "errors_text",
    "interval_note",
    "interval_text",
    "intervals_named",
    "named_test",
    "t_text",
    "wald_note",
]


def covariance_text(name: str, reference_df: float = math.inf) -> str:
    """Return a covariance by its name, with what it is and the t distribution that goes with it.

    Examples
    --------
    >>> covariance_text("HC0")
    '“HC0”: sandwich of the row scores, without a factor'
    """
    meaning = covariance_meaning(name)
    text = f"“{name}”: {meaning}" if meaning else f"“{name}”"
    if math.isinf(reference_df):
        return text
    return f"{text}; tests and intervals refer to {t_text(reference_df)}"


def t_text(reference_df: float) -> str:
    """Return a t distribution by its degrees of freedom.

    Examples
    --------
    >>> t_text(195.0)
    't with 195 degrees of freedom'
    """
    return f"t with {reference_df:g} degrees of freedom"


def errors_text(context: Context) -> str:
    """Return which standard errors are shown, unless they are those of the model, and the t that goes with
    them; "" if there is nothing to say.
    """
    fit = context.fit
    name = fit.options.covariance
    parts = [] if name == "model" else [f"standard errors “{name}”"]
    parts += [] if math.isinf(fit.reference_df) else [t_text(fit.reference_df)]
    return ", ".join(parts)


def interval_text(context: Context) -> str:
    """Return what kind of interval coefficients have: Wald, or profile likelihood."""
    return "Wald" if context.interval == "wald" else f"profile {_likelihood_text(context)}"


def named_test(context: Context) -> str:
    """Return the test that the p values of coefficients belong to."""
    return "two-sided Wald test" if context.interval == "wald" else f"{_likelihood_text(context)} ratio test"


def _likelihood_text(context: Context) -> str:
    return "likelihood" if context.fit.options.estimator == "ml" else "penalised likelihood"


def wald_note(context: Context) -> str:
    """Return how intervals of predictions are made, whatever those of the coefficients: Wald, and by which
    standard errors.
    """
    errors = errors_text(context)
    return f"Wald; {errors}" if errors else "Wald"


def interval_note(context: Context) -> str:
    """Return how the intervals and p values of a table of odds ratios were made, without a full stop."""
    made = wald_note(context) if context.interval == "wald" else interval_text(context)
    return (
        f"CI: {context.level} confidence interval ({made}), on the scale of the odds ratio. p: "
        f"{named_test(context)} of an odds ratio of 1"
    )


def intervals_named(context: Context) -> str:
    """Return the intervals of odds ratios as captions name them: 95% profile likelihood intervals."""
    errors = errors_text(context) if context.interval == "wald" else ""
    return f"{context.level} {interval_text(context)} intervals{f' ({errors})' if errors else ''}"
