"""Crude beside adjusted odds ratios: each variable alone, and among the others, on the same rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from logreg.design.spec import DesignSpec
from logreg.errors import ConvergenceWarning
from logreg.inference.estimate import Convergence
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FOUND", "WithOddsRatios", "crude_odds_ratio_table", "terms_taken_together"]

#: What a crude model says of a coefficient, by the column of `logreg.interpret.odds_ratios` that it is.
NUMBERS = ("odds_ratio", "conf_low", "conf_high", "p_value")
#: How an ascent ends that has estimates.
FOUND = ("converged", "separated")


class WithOddsRatios(Protocol):
    """A fit, as far as it is needed here."""

    @property
    def spec(self) -> DesignSpec:
        """The design."""
        ...

    @property
    def convergence(self) -> Convergence:
        """Whether the optimum was found."""
        ...

    def odds_ratios(
        self, unit: Any, interval: str, versus: Any, intercept: bool, confidence: float | None
    ) -> pd.DataFrame:
        """Return the table of odds ratios; see `logreg.interpret.odds_ratios`."""
        ...


def terms_taken_together(spec: DesignSpec, joint: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Return the terms of each crude model: those that share variables together, each other one alone.

    ``joint`` are the terms that cannot be read one by one: products and their factors, ``x + I(x^2)``.
    """
    group = {term: tuple(terms) for terms in joint for term in terms}
    return tuple(dict.fromkeys(group.get(term, (term,)) for term in spec.terms))


def crude_odds_ratio_table(
    fit: WithOddsRatios,
    alone: Callable[[Sequence[str]], WithOddsRatios],
    *,
    joint: Iterable[Sequence[str]] = (),
    unit: Any = None,
    interval: str = "wald",
    versus: Any = None,
    confidence: float | None = None,
) -> pd.DataFrame:
    """Return the odds ratio of every coefficient in a model with its variable alone, beside the adjusted one.

    The crude model of a variable has all terms that hold it and nothing else but the intercept (and the
    offset): ``age`` and ``I(age^2)`` enter it together, and so do ``age``, ``smoke`` and ``age:smoke``, so
    that a coefficient means the same in both models. It is estimated on the rows, with the weights, the
    estimator and the kind of covariance of the fit. An odds ratio moves when a predictor of the outcome is
    added even where nothing is confounded (it is not collapsible: Greenland, Robins and Pearl 1999,
    *Statistical Science* 14, 29-46), so the two columns do not measure confounding.

    Parameters
    ----------
    fit : LogisticFit
        The adjusted model; m equations.
    alone : callable
        Terms to the fit of the model that has only them, on the same rows.
    joint : iterable of sequences of str
        Terms that share variables.
    unit, interval, versus, confidence
        As for `logreg.interpret.odds_ratios`; for both columns alike.

    Returns
    -------
    DataFrame
        ``outcome, baseline, term, variable, level, reference, unit, crude_odds_ratio, crude_conf_low,
        crude_conf_high, crude_p_value, odds_ratio, conf_low, conf_high, p_value``, one row per coefficient
        but the intercepts. Odds ratios.

    Raises
    ------
    SupportError
        For a loaded model of several variables, which holds no rows to fit again; for clusters given as an
        array and covariances from resamples; and where `logreg.interpret.odds_ratios` does.

    Warns
    -----
    ConvergenceWarning
        Where the optimum of a crude model was not found; its numbers are NaN then.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ lwt + smoke", logreg.datasets.load("birthwt"))
    >>> fit.crude_odds_ratios(unit={"lwt": 10})[["term", "crude_odds_ratio", "odds_ratio"]].round(3)
             term  crude_odds_ratio  odds_ratio
    0         lwt             0.869       0.875
    1  smoke[T.yes]             2.022       1.967
    """
    adjusted = fit.odds_ratios(unit, interval, versus, False, confidence)
    crude = {name: np.full(len(adjusted), np.nan) for name in NUMBERS}
    place = {key: k for k, key in enumerate(zip(adjusted["outcome"], adjusted["term"], strict=True))}
    steps = _steps(adjusted)
    not_found: list[str] = []
    groups = terms_taken_together(fit.spec, joint)
    for terms in groups:
        # Of one variable the whole model is the crude one.
        found = adjusted
        if len(groups) > 1:
            small = alone(terms)
            if small.convergence.status not in FOUND:
                not_found.append(" + ".join(terms))
                continue
            own = {name: step for name, step in steps.items() if name in small.spec.column_names}
            found = small.odds_ratios(own, interval, versus, False, confidence)
        rows = [place[key] for key in zip(found["outcome"], found["term"], strict=True)]
        for name in NUMBERS:
            crude[name][rows] = found[name].to_numpy()
    if not_found:
        shown = ", ".join(map(repr, not_found))
        warnings.warn(
            f"the optimum of the crude model of {shown} was not found, and its odds ratios are NaN: raise "
            "max_iterations= and fit again.",
            ConvergenceWarning,
            stacklevel=3,
        )
    about = ("outcome", "baseline", "term", "variable", "level", "reference", "unit")
    return table(
        {name: adjusted[name] for name in about}
        | {f"crude_{name}": crude[name] for name in NUMBERS}
        | {name: adjusted[name] for name in NUMBERS}
    )


def _steps(adjusted: pd.DataFrame) -> Mapping[str, float]:
    """Return the unit of every variable that has one: as numbers they mean the same for every model."""
    known = adjusted["unit"].notna()
    return {
        str(name): float(step)
        for name, step in zip(adjusted["term"][known], adjusted["unit"][known], strict=True)
    }
