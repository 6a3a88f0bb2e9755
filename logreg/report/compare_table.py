"""Several models side by side: their coefficients aligned by term, their statistics below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from logreg.errors import SupportError, did_you_mean
from logreg.inference.coefficients import check_interval
from logreg.interpret.baseline import with_baseline
from logreg.report.compare_layout import FIT_STATISTICS, Layout, SideModel, same_outcome, statistic_rows
from logreg.report.context import BLANK, Units, percent_of
from logreg.report.formats import NumberStyle
from logreg.report.journals import style_named
from logreg.report.nodes import Document, Note, Row, Table
from logreg.report.outline import level_text, outline
from logreg.report.presented import Presented
from logreg.report.words import REASONS, amount, line_name
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

    from logreg.fitted import LogisticFit

__all__ = ["compare_table"]


def compare_table(
    *fits: LogisticFit,
    names: Sequence[str] | None = None,
    statistic: Literal["odds_ratio", "estimate"] = "odds_ratio",
    interval: str | None = "wald",
    p_values: bool = False,
    confidence: float | None = None,
    units: Units | None = None,
    labels: Mapping[str, str] | None = None,
    fit_statistics: Sequence[str] | None = None,
    style: str | NumberStyle = "report",
    title: str = "Models side by side",
) -> Presented:
    """Return several models as one table: the same term of each on one line, fit statistics below.

    Models of one outcome stand against one baseline, that of the first; a model fitted against another is
    told against it, which changes no estimate. Binary models of different outcomes may stand side by side,
    and their headings then say what each is about; multinomial ones may not.

    Parameters
    ----------
    *fits : LogisticFit
        One or more, those of `logreg.from_statsmodels` and `logreg.from_sklearn` among them.
    names : sequence of str, optional
        What the models are called: "Model 1", ... by default.
    statistic : {"odds_ratio", "estimate"}
        Odds ratios, or coefficients on the logit scale with their standard errors in the frame.
    interval : {"wald", "profile"} or None
        Which intervals to show; None for no interval.
    p_values : bool
        Whether to show them.
    confidence : float, optional
        Level of the intervals; that of the first fit if not given.
    units : mapping, "sd" or "iqr", optional
        Increase of numeric variables that odds ratios refer to, for models that have the variable.
    labels : mapping, optional
        Headings of columns, beside those that the data carry.
    fit_statistics : sequence of str, optional
        Names from ``fit.fit_statistics()`` to show below.
    style : str or NumberStyle
        "report", "plain", or a journal: "apa", "jama", "lancet", "nejm" (`logreg.report.journals.STYLES`).
    title : str
        Of the document.

    Returns
    -------
    Presented
        ``print`` it, ``write("table.html")``, or take ``to_frame()``: ``model, outcome, baseline, term,
        variable, level, reference, unit, odds_ratio`` (or ``estimate, std_error``), ``conf_low, conf_high,
        p_value``.

    Raises
    ------
    SupportError
        For no model, for names that do not fit them, for multinomial models of different outcomes, and for
        what the fits refuse (profile intervals of a robust fit, units of what is not a number).

    Examples
    --------
    >>> import logreg
    >>> data = logreg.datasets.load("birthwt")
    >>> crude, adjusted = logreg.fit("low ~ smoke", data), logreg.fit("low ~ smoke + age", data)
    >>> found = compare_table(crude, adjusted, names=["crude", "adjusted"])
    >>> print(found.to_frame()[["model", "term", "odds_ratio"]].round(2).to_string(index=False))
       model         term  odds_ratio
       crude smoke[T.yes]        2.02
    adjusted smoke[T.yes]        2.00
    adjusted          age        0.95
    """
    if statistic not in ("odds_ratio", "estimate"):
        raise SupportError(f"statistic={statistic!r} is not supported; use 'odds_ratio' or 'estimate'.")
    if interval is not None:
        check_interval(interval)
    if statistic == "estimate" and units is not None:
        raise SupportError("units= belongs to odds ratios: use statistic='odds_ratio'.")
    numbers = style_named(style)
    models = _models(fits, names)
    level = models[0].fit.options.confidence if confidence is None else confidence
    _check_units(models, units)
    frames = [
        _numbers(model, statistic=statistic, interval=interval, confidence=level, units=units)
        for model in models
    ]
    headings = _headings(fits, labels)
    layout = Layout(
        models=models,
        frames=frames,
        statistic=statistic,
        interval=interval,
        p_values=p_values,
        level=level,
        headings=headings,
        style=numbers,
    )
    shown = _statistics_shown(models, fit_statistics)
    coefficients, statistics = list(layout.coefficient_rows()), list(statistic_rows(layout, shown))
    found = Table(
        key="models",
        caption=f"{layout.what} of {_listed_outcomes(models, headings)}.",
        columns=tuple(layout.columns()),
        rows=(*coefficients, *statistics),
        notes=(*_notes(layout), *_blank_notes(coefficients, statistics)),
    )
    document = Document(title=title, blocks=(*_warnings(models), found))
    return Presented(document, _long(models, frames, statistic))


def _models(fits: Sequence[Any], names: Sequence[str] | None) -> tuple[SideModel, ...]:
    from logreg.fitted import LogisticFit

    if not fits:
        raise SupportError("compare_table takes one or more fits.")
    for fit in fits:
        if not isinstance(fit, LogisticFit):
            raise SupportError(
                f"compare_table takes fits, not {type(fit).__name__}. Those of other packages become fits by "
                "logreg.from_statsmodels and logreg.from_sklearn."
            )
    called = [f"Model {k}" for k in range(1, len(fits) + 1)] if names is None else list(map(str, names))
    if len(called) != len(fits) or len(set(called)) != len(called) or not all(called):
        raise SupportError(f"names= needs {len(fits)} different names, one for each model, not {called}.")
    first = fits[0].spec.outcome
    models = []
    for name, fit in zip(called, fits, strict=True):
        outcome = fit.spec.outcome
        shown: LogisticFit = fit
        if outcome.names != first.names:
            if set(outcome.names) == set(first.names) and outcome.label == first.label:
                shown = type(fit).of(with_baseline(fit, first.baseline), fit.source)
            elif not (outcome.is_binary and first.is_binary):
                raise SupportError(
                    f"{name!r} has the outcomes {', '.join(map(repr, outcome.names))}, and {called[0]!r} "
                    f"{', '.join(map(repr, first.names))}: multinomial models can stand side by side only if "
                    "they have the same outcome."
                )
        models.append(SideModel(name=name, fit=shown, lines=outline(shown.spec, {})))
    return tuple(models)


def _headings(fits: Sequence[LogisticFit], labels: Mapping[str, str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for fit in reversed(fits):
        found |= fit.labels
    known = {
        name
        for fit in fits
        for name in (*fit.spec.predictors, fit.spec.outcome.label, *fit.spec.outcome.columns)
    }
    for name in labels or {}:
        if name not in known and name not in found:
            raise SupportError(
                f"labels=: {name!r} is not a column of the models.{did_you_mean(str(name), sorted(known))}"
            )
    return {**found, **(labels or {})}


def _plain_numbers(model: SideModel) -> set[str]:
    return {line.subject for line in model.lines if line.kind == "number"}


def _check_units(models: Sequence[SideModel], units: Units | None) -> None:
    """Refuse units of variables that no model has."""
    known = set().union(*map(_plain_numbers, models))
    for name in units if isinstance(units, Mapping) else ():
        if name not in known:
            raise SupportError(
                f"units=: {name!r} is not a numeric variable that enters one of the models as it is."
                f"{did_you_mean(str(name), sorted(known))}"
            )


def _units_of(model: SideModel, units: Units | None) -> Units | None:
    """Return the units of variables that this model has."""
    if not isinstance(units, Mapping):
        return units
    own = _plain_numbers(model)
    return {name: step for name, step in units.items() if name in own} or None


def _numbers(
    model: SideModel, *, statistic: str, interval: str | None, confidence: float, units: Units | None
) -> pd.DataFrame:
    """Return the coefficient or odds ratio table of a model, intercepts included."""
    kind = interval or "wald"
    if statistic == "estimate":
        return model.fit.coefficients(confidence=confidence, interval=kind)
    return model.fit.odds_ratios(
        unit=_units_of(model, units), interval=kind, intercept=True, confidence=confidence
    )


def _long(models: Sequence[SideModel], frames: Sequence[pd.DataFrame], statistic: str) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for model, frame in zip(models, frames, strict=True):
        kept = frame if statistic == "estimate" else frame[frame["variable"] != "Intercept"]
        part = kept.reset_index(drop=True)
        if "baseline" not in part:
            part.insert(1, "baseline", model.fit.spec.outcome.baseline)
        part.insert(0, "model", model.name)
        parts.append(part)
    text = ("level", "reference")
    whole = pd.concat([part.astype(dict.fromkeys(text, object)) for part in parts], ignore_index=True)
    columns: dict[str, Any] = {name: whole[name].to_numpy() for name in whole.columns}
    columns |= {name: [x if isinstance(x, str) else None for x in whole[name]] for name in text}
    if "unit" in columns:
        columns["unit"] = whole["unit"].astype(float).to_numpy()
    return table(columns)


def _statistics_shown(models: Sequence[SideModel], names: Sequence[str] | None) -> list[str]:
    known = dict.fromkeys(
        name for model in models for name in model.fit.fit_statistics()["statistic"].tolist()
    )
    if names is None:
        return [name for name in FIT_STATISTICS if name in known]
    for name in names:
        if name not in known:
            raise SupportError(
                f"fit_statistics=: {name!r} is not a statistic of these fits.{did_you_mean(name, known)}"
            )
    return list(names)


def _listed_outcomes(models: Sequence[SideModel], headings: Mapping[str, str]) -> str:
    labels = dict.fromkeys(headings.get(m.fit.spec.outcome.label) or m.fit.spec.outcome.label for m in models)
    text = " and ".join(labels)
    outcome = models[0].fit.spec.outcome
    if same_outcome(models) and outcome.is_binary:
        return f"{text}: {level_text(outcome.names[1])} against {level_text(outcome.baseline)}"
    if same_outcome(models):
        return f"{text}, each outcome against {level_text(outcome.baseline)}"
    return text


def _notes(layout: Layout) -> Iterator[str]:
    if layout.interval:
        kind = {"wald": "Wald", "profile": "profile likelihood"}[layout.interval]
        yield f"CI: {percent_of(layout.level, layout.style)} confidence interval ({kind})."
    if layout.p_values:
        test = "likelihood-ratio" if layout.interval == "profile" else "two-sided Wald"
        yield f"p: {test} test of an odds ratio of 1."
    endless = dict.fromkeys(name for model in layout.models for name in _endless(layout, model))
    if endless:
        yield f"{'; '.join(endless)}: {REASONS['infinite']}."
    rows = [model.fit.n_rows for model in layout.models]
    if len(set(rows)) > 1:
        shown = ", ".join(amount(n, layout.style) for n in rows)
        yield f"The models use different rows ({shown}): log-likelihoods, AIC and BIC cannot be compared."
    elif not same_outcome(layout.models):
        yield "The models have different outcomes: log-likelihoods, AIC and BIC cannot be compared."
    covariances = dict.fromkeys(model.fit.options.covariance for model in layout.models)
    if covariances != {"model": None} and layout.interval:
        each = "; ".join(f"{model.name}: {model.fit.options.covariance}" for model in layout.models)
        yield f"Covariance of the coefficients: {each}."
    others = {
        model.name: str(model.fit.provenance["fitted_by"])
        for model in layout.models
        if "fitted_by" in model.fit.provenance
    }
    if others:
        yield "Estimated by " + "; ".join(f"{package} ({name})" for name, package in others.items()) + "."


def _endless(layout: Layout, model: SideModel) -> Iterator[str]:
    """Yield what has no finite estimate in a model, by variable, level and, of several, the outcome."""
    lines = {
        line.name: line for line in outline(model.fit.spec, layout.headings) if line.position is not None
    }
    for outcome, term, _ in model.fit.separation.infinite:
        of_outcome = "" if model.fit.is_binary else f" ({level_text(outcome)})"
        yield f"{model.name}, {line_name(lines[term])}{of_outcome}"


def _blank_notes(coefficients: Sequence[Row], statistics: Sequence[Row]) -> Iterator[str]:
    """Say what it means where nothing stands."""
    texts = [[cell.text for cell in row.cells[1:]] for row in coefficients]
    if any(any(row) and not all(row) for row in texts):
        yield "An empty cell beside others: the model does not have the term."
    reasons = dict.fromkeys(cell.reason for row in statistics for cell in row.cells if cell.reason)
    if reasons:
        yield f"{BLANK} under Fit: {'; '.join(reasons)}."


def _warnings(models: Sequence[SideModel]) -> tuple[Note, ...]:
    """Return the remarks that concern what is shown, each with the model it belongs to."""
    return tuple(
        Note(text=f"{model.name}: {remark.text}", kind="warning")
        for model in models
        for remark in cast(Any, model.fit).remarks
        if remark.kind != "MissingDataWarning"
    )
