"""The sections on the model as a whole: what was done, how well it fits, the certificate, the code."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from logreg import __version__
from logreg.design.ast import Call
from logreg.design.coding import NumericFactor
from logreg.engine.newton import tolerance_for
from logreg.inference.covariance import covariance_code
from logreg.inference.estimators import ESTIMATORS
from logreg.inference.fit_statistics import NO_LIKELIHOOD, NO_MAXIMUM
from logreg.inference.normal import critical_value
from logreg.report.context import BLANK, Context
from logreg.report.formats import UNSEEN, fixed, p_value, significant
from logreg.report.nodes import (
    Block,
    Cell,
    Code,
    Fact,
    Facts,
    Note,
    Paragraph,
    Row,
    Section,
    Table,
    TableColumn,
    code,
    paragraph,
)
from logreg.report.outline import factor_heading, level_text
from logreg.report.sections_data import WEIGHTS_TEXT, offsets_text
from logreg.report.words import amount, covariance_text, listed, p_text, plural

__all__ = [
    "STATISTICS",
    "convergence_section",
    "likelihood_ratio_text",
    "methods_section",
    "model_fit_section",
    "reproduce_code",
    "reproduce_section",
]

STATUS = {
    "converged": "the optimum was found and certified",
    "separated": "the outcome is separated: the likelihood has no maximum at finite coefficients",
    "max_iterations": "not converged: the limit of iterations was reached",
    "no_ascent": "not converged: no step raised the log-likelihood further",
    "rank_deficient": "some columns are combinations of others",
}


class Statistic(NamedTuple):
    """How a statistic of the fit is shown: its group, heading, format and meaning."""

    group: str
    heading: str
    kind: str
    meaning: str


SIZE, LIKELIHOOD, CRITERIA = "Size", "Likelihood", "Information criteria (smaller is better)"
PSEUDO, ERROR = "Pseudo R², share described", "Probabilities"
#: The statistics in the order of the table; docs/statistics.md holds the definitions.
STATISTICS = {
    "n_rows": Statistic(SIZE, "Rows used", "count", "rows of the table"),
    "sum_weights": Statistic(SIZE, "Sum of weights", "count", "weights times trials"),
    "n_trials": Statistic(SIZE, "Trials", "count", "single outcomes; the n of the criteria below"),
    "events": Statistic(SIZE, "Events", "count", "trials with the event, weighted"),
    "n_coef": Statistic(SIZE, "Coefficients", "count", "estimated, intercepts included"),
    "df_model": Statistic(SIZE, "Slopes", "count", "estimated, intercepts not included"),
    "loglik": Statistic(LIKELIHOOD, "Log-likelihood", "loglik", "sum over trials"),
    "loglik_penalised": Statistic(
        LIKELIHOOD, "Log-likelihood, penalised", "loglik", "with Jeffreys’ penalty log|I| / 2"
    ),
    "loglik_null": Statistic(
        LIKELIHOOD, "Log-likelihood, intercepts only", "loglik", "same rows, weights and offset"
    ),
    "deviance": Statistic(LIKELIHOOD, "Deviance", "loglik", "−2 log-likelihood"),
    "deviance_null": Statistic(LIKELIHOOD, "Deviance, intercepts only", "loglik", "−2 log-likelihood"),
    "lr_statistic": Statistic(LIKELIHOOD, "Likelihood ratio χ²", "loglik", "against intercepts only"),
    "lr_df": Statistic(LIKELIHOOD, "Degrees of freedom", "count", "of the likelihood ratio test"),
    "lr_p_value": Statistic(LIKELIHOOD, "p", "p", "of the likelihood ratio test"),
    "aic": Statistic(CRITERIA, "AIC", "loglik", "Akaike: deviance + 2 × coefficients"),
    "aicc": Statistic(CRITERIA, "AICc", "loglik", "AIC corrected for few trials"),
    "bic": Statistic(CRITERIA, "BIC", "loglik", "Schwarz: deviance + log(trials) × coefficients"),
    "mcfadden": Statistic(PSEUDO, "McFadden", "share", "1 − log-likelihood / that of intercepts only"),
    "mcfadden_adjusted": Statistic(PSEUDO, "McFadden, adjusted", "share", "charged one unit per slope"),
    "cox_snell": Statistic(PSEUDO, "Cox–Snell", "share", "from the likelihood ratio per trial"),
    "nagelkerke": Statistic(PSEUDO, "Nagelkerke", "share", "Cox–Snell over its largest possible value"),
    "tjur": Statistic(
        PSEUDO, "Tjur", "share", "mean probability of the event among events less that among the others"
    ),
    "efron": Statistic(PSEUDO, "Efron", "share", "1 − squared error / that of the mean"),
    "mckelvey_zavoina": Statistic(PSEUDO, "McKelvey–Zavoina", "share", "share of the logit's variance"),
    "brier": Statistic(
        ERROR, "Brier score", "share", "mean squared error of the probabilities; 0 is perfect"
    ),
}


# Methods -----------------------------------------------------------------------------------------------


def methods_section(context: Context) -> Section:
    """Return a paragraph on what was done, as it could stand in a paper."""
    first = f"{_model_text(context)} The formula was "
    rest = " ".join(_method_sentences(context))
    blocks: tuple[Block, ...] = (paragraph(first, code(context.fit.spec.formula), ". ", rest),)
    return Section(key="methods", title="Methods", blocks=blocks)


def _model_text(context: Context) -> str:
    outcome = context.shown.spec.outcome
    if outcome.is_binary:
        return (
            f"{context.outcome_heading} was modelled by binary logistic regression (logit link): the "
            "log-odds of "
            f"{context.outcomes[0]} against {context.baseline} are a linear function of the predictors."
        )
    return (
        f"{context.outcome_heading} was modelled by multinomial logistic regression (logit link): for each "
        f"of {listed(context.outcomes)}, the log-odds against {context.baseline} are a linear function of "
        "the predictors with coefficients of its own."
    )


def _method_sentences(context: Context) -> Iterator[str]:
    fit = context.fit
    spec, options, style = fit.spec, fit.options, context.style
    estimator = ESTIMATORS.get(options.estimator, options.estimator)
    yield (
        f"Coefficients were estimated by {estimator} with Newton's method, which stops when half the squared "
        "Newton decrement, the gain in log-likelihood still to be expected, is at most "
        f"{significant(tolerance_for(context.fit.n_rows), style, digits=1)}."
    )
    yield f"Standard errors come from the covariance {covariance_text(options.covariance, fit.reference_df)}."
    z = significant(critical_value(context.confidence, context.fit.reference_df), style)
    yield (
        f"Intervals are Wald intervals at {context.level}: estimate ± {z} standard errors on the logit "
        "scale, exponentiated for odds ratios. p values belong to two-sided Wald tests. Nothing is adjusted "
        "for multiple comparisons."
    )
    yield _missing_text(context)
    yield from _coding_sentences(context)
    if spec.weights is not None:
        yield f"Rows were weighted by {WEIGHTS_TEXT[spec.weight_kind]}."
    if spec.offsets:
        kind = "offsets, one per logit," if spec.offset_per_outcome else "offset"
        yield f"The {kind} {offsets_text(context)} entered with coefficient 1."
    yield f"The analysis was made with logreg {__version__}."


def _missing_text(context: Context) -> str:
    sample, style = context.fit.sample, context.style
    if context.fit.options.missing == "raise":
        return "Missing values were not allowed, and there were none in the columns of the model."
    if not sample.rows_dropped:
        return "No row had a missing value in the columns of the model."
    left_out = plural(sample.rows_dropped, "row", style)
    read = amount(sample.rows_read, style)
    return f"{left_out} of {read} without a value in every column of the model were left out."


def _coding_sentences(context: Context) -> Iterator[str]:
    spec = context.fit.spec
    treatment = [f for f in spec.categorical() if f.contrast == "treatment"]
    if treatment:
        references = listed(
            f"{factor_heading(f, context.labels)}: {level_text(f.reference)}" for f in treatment
        )
        yield f"Factors were compared with their reference levels ({references})."
    sums = [factor_heading(f, context.labels) for f in spec.categorical() if f.contrast == "sum"]
    if sums:
        yield f"Levels of {listed(sums)} were compared with the mean over levels (sum coding)."
    computed = [
        f.label for f in spec.factors if isinstance(f, NumericFactor) and isinstance(f.expression, Call)
    ]
    if computed:
        learned = (
            " What they depend on (means, knots, ranges) was taken from the rows used." if spec.states else ""
        )
        verb = "was" if len(computed) == 1 else "were"
        yield f"{listed(computed)} {verb} computed inside the formula.{learned}"


# Model fit -----------------------------------------------------------------------------------------------


def model_fit_section(context: Context) -> Section:
    """Return the statistics of the fit with what they mean."""
    return Section(
        key="model_fit",
        title="Model fit",
        blocks=(paragraph(likelihood_ratio_text(context)), _statistics_table(context)),
    )


def _values(context: Context) -> dict[str, float]:
    frame = context.fit.fit_statistics()
    return dict(zip(frame["statistic"].tolist(), frame["value"].tolist(), strict=True))


def likelihood_ratio_text(context: Context) -> str:
    """Return the test of all slopes in a sentence, or why there is none."""
    values, style = _values(context), context.style
    statistic, p = values["lr_statistic"], values["lr_p_value"]
    if math.isnan(statistic) or math.isnan(p):
        return f"A likelihood ratio test of the whole model is {_reason(context, 'lr_p_value')}."
    df = plural(values["lr_df"], "degree", style)
    test = f"likelihood ratio χ² = {fixed(statistic, 2, style)} on {df} of freedom, {p_text(p, style)}"
    if p < 1.0 - context.confidence:
        return f"Together the predictors describe the outcome better than intercepts alone ({test})."
    return (
        "The data do not show clearly that the predictors together describe the outcome better than "
        f"intercepts alone ({test})."
    )


def _reason(context: Context, name: str) -> str:
    """Return why a statistic is NaN."""
    fit = context.fit
    if not fit.has_likelihood:
        return NO_LIKELIHOOD
    if not fit.maximises_likelihood:
        return NO_MAXIMUM
    if name == "aicc":
        return "not defined: as many coefficients as trials"
    if name.startswith("lr_") and not fit.spans_constant:
        return "not defined: the model has no intercept, so that intercepts alone are not a part of it"
    if name.startswith("lr_"):
        return "not defined: the model has no slopes"
    return "not defined for these data"


def _statistics_table(context: Context) -> Table:
    rows: list[Row] = []
    group = ""
    values = _values(context)
    if context.fit.n_trials == context.fit.n_rows == context.fit.sum_weights:
        values = {name: value for name, value in values.items() if name not in ("sum_weights", "n_trials")}
    for name, value in values.items():
        about = STATISTICS.get(name, Statistic("Further", name, "share", ""))
        if about.group != group:
            group = about.group
            rows.append(Row(cells=(Cell(text=group, value=group),), kind="group"))
        reason = _reason(context, name) if math.isnan(value) else ""
        cells = (
            Cell(text=about.heading, value=name),
            Cell(
                text=BLANK if reason else _statistic_text(value, about.kind, context),
                value=value,
                reason=reason,
            ),
            # The full reason stands with the value; the table repeats what comes before the colon.
            Cell(text=reason.partition(":")[0] or about.meaning, style="muted"),
        )
        rows.append(Row(cells=cells, indent=1))
    return Table(
        key="fit_statistics",
        caption="Statistics of the fit.",
        columns=(
            TableColumn(key="statistic", heading="Statistic"),
            TableColumn(key="value", heading="Value", align="right"),
            TableColumn(key="meaning", heading="Meaning"),
        ),
        rows=tuple(rows),
        notes=(
            "A pseudo R² is no share of variance explained as in linear regression; values of different "
            "kinds are not comparable.",
        ),
    )


def _statistic_text(value: float, kind: str, context: Context) -> str:
    style = context.style
    if kind == "count":
        return amount(value, style)
    if kind == "p":
        return p_value(value, style)
    return fixed(value, 2 if kind == "loglik" else 3, style)


# Convergence ---------------------------------------------------------------------------------------------


def convergence_section(context: Context, remarks: tuple[Note, ...]) -> Section:
    """Return the certificate of the optimum: how it was found and how close it is."""
    blocks: list[Block] = [*remarks, _certificate_text(context), _certificate(context)]
    if context.fit.convergence.trace:
        blocks.append(_trace_table(context))
    return Section(key="convergence", title="Convergence", blocks=tuple(blocks))


def _certificate_text(context: Context) -> Paragraph:
    found, style = context.fit.convergence, context.style
    status = STATUS.get(found.status, found.status)
    passes = plural(found.passes, "evaluation", style)
    steps = f"{plural(found.iterations, 'Newton iteration', style)} and {passes} of the likelihood"
    if math.isnan(found.newton_decrement):
        return paragraph(f"Status: {found.status}, {status}, after {steps}.")
    # The squared decrement is (b - b*)' I (b - b*): its root is the distance in standard errors (Boyd and
    # Vandenberghe 2004, Convex Optimization, 9.5.1).
    distance = math.sqrt(2.0 * max(found.newton_decrement, 0.0))
    return paragraph(
        f"Status: {found.status}, {status}, after {steps}. At the end the log-likelihood could still gain "
        f"about {significant(found.newton_decrement, style, digits=2)}: no combination of coefficients lies "
        f"farther from the optimum than {significant(distance, style, digits=2)} of its standard error."
    )


def _certificate(context: Context) -> Facts:
    found, style = context.fit.convergence, context.style
    facts = [
        Fact(label="Status", text=found.status, value=found.status),
        Fact(label="Newton iterations", text=str(found.iterations), value=found.iterations),
        Fact(label="Evaluations", text=str(found.passes), value=found.passes),
    ]
    numbers = (
        (
            "Newton decrement",
            found.newton_decrement,
            "half its square: the log-likelihood still to be gained",
        ),
        ("Largest score", found.max_abs_score, "0 at the optimum"),
        ("Condition number", found.condition_number, "of the correlations between coefficients"),
    )
    facts += [
        Fact(label=label, text=significant(value, style, digits=2), value=value, note=note)
        for label, value, note in numbers
    ]
    return Facts(items=tuple(facts))


def _trace_table(context: Context) -> Table:
    style = context.style
    rows = []
    for k, (stage, kind, loglik, decrement, score, halvings) in enumerate(
        context.fit.convergence.trace, start=1
    ):
        cells = (
            Cell(text=str(k), value=k),
            Cell(text={"full": "all rows", "sample": "sample"}.get(stage, stage), value=stage),
            Cell(text=kind, value=kind),
            Cell(text=fixed(loglik, 6, style, reason=BLANK), value=loglik),
            Cell(text=significant(decrement, style, digits=2, reason=BLANK), value=decrement),
            Cell(text=significant(score, style, digits=2, reason=BLANK), value=score),
            Cell(text=str(halvings), value=halvings),
        )
        rows.append(Row(cells=cells))
    return Table(
        key="trace",
        caption="The way to the optimum, one line per evaluation.",
        columns=(
            TableColumn(key="step", heading="Step", align="right"),
            TableColumn(key="stage", heading="Rows"),
            TableColumn(key="kind", heading="Evaluated", align="center"),
            TableColumn(key="loglik", heading="Log-likelihood", align="right"),
            TableColumn(key="newton_decrement", heading="Newton decrement", align="right"),
            TableColumn(key="max_abs_score", heading="Largest score", align="right"),
            TableColumn(key="step_halvings", heading="Halvings", align="right"),
        ),
        rows=tuple(rows),
        notes=("Halvings: how often the step to this point was halved before the log-likelihood rose.",),
    )


# Code ----------------------------------------------------------------------------------------------------


def reproduce_section(context: Context) -> Section:
    """Return the code that makes the fit again."""
    return Section(
        key="reproduce",
        title="Code",
        blocks=(
            paragraph(
                "This fits the model again and writes this report. Options that are not named have their "
                "defaults."
            ),
            Code(text=reproduce_code(context), language="python"),
        ),
    )


def reproduce_code(context: Context) -> str:
    """Return a program that fits the model again; text from the data stands in it as literals."""
    fit = context.fit
    arguments = [
        _literal(fit.spec.formula),
        "data",
        *(f"{name}={text}" for name, text in _fit_options(context)),
    ]
    call = f"fit = logreg.fit({', '.join(arguments)})"
    if len(call) > 88:
        call = "fit = logreg.fit(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"
    options = "".join(f", {name}={text}" for name, text in _report_options(context))
    return f'import logreg\n\n{_data_line(context)}\n{call}\nfit.report("report.html"{options})'


def _data_line(context: Context) -> str:
    about = context.fit.provenance
    if "file" in about:
        return f"data = {_literal(about['file'])}"
    if "dataset" in about:
        return f"data = logreg.datasets.load({_literal(about['dataset'])})"
    return f"data = ...  # the {' '.join(about.get('kind', 'table').split())} with the columns of the model"


def _fit_options(context: Context) -> Iterator[tuple[str, str]]:
    """Yield the options that differ from their defaults; arrays are named only, since their values are not
    kept.
    """
    fit = context.fit
    spec, options = fit.spec, fit.options
    if spec.outcome.rule.endswith("named by the user"):
        by_event = spec.outcome.rule.startswith("the event")
        yield ("event" if by_event else "baseline"), _literal(spec.outcome.levels[int(by_event)])
    if spec.weights is not None:
        yield "weights", "weights" if spec.weights in spec.user_columns else _literal(spec.weights)
    if spec.weight_kind != "frequency":
        yield "weight_kind", _literal(spec.weight_kind)
    if "offset" in _offset_option(context):
        yield "offset", _offset_option(context)["offset"]
    if options.estimator != "ml":
        yield "estimator", _literal(options.estimator)
    if options.covariance not in ("model", "survey"):
        yield "covariance", covariance_code(options.covariance)
    if options.missing != "drop":
        yield "missing", _literal(options.missing)
    if options.confidence != 0.95:
        yield "confidence", repr(options.confidence)
    if options.max_iterations != 50:
        yield "max_iterations", repr(options.max_iterations)


def _offset_option(context: Context) -> dict[str, str]:
    """Return the offset as an argument; those of the formula are not repeated."""
    from logreg.design.ast import Column, columns_of
    from logreg.design.formula import parse_formula

    spec = context.fit.spec
    names = {*spec.outcome.columns, *spec.predictors, *(n for o in spec.offsets for n in columns_of(o))}
    written = len(parse_formula(spec.formula, sorted(names)).offsets)
    given = [
        ("offset" if o.name in spec.user_columns else _literal(o.name))
        for o in spec.offsets[written:]
        if isinstance(o, Column)
    ]
    if not given:
        return {}
    return {"offset": f"[{', '.join(given)}]" if spec.offset_per_outcome else given[0]}


def _report_options(context: Context) -> Iterator[tuple[str, str]]:
    if context.units is not None:
        units = context.units
        yield "units", _literal(units) if isinstance(units, str) else _literal_mapping(units)
    if context.confidence != context.fit.options.confidence:
        yield "confidence", repr(context.confidence)
    if context.versus is not None:
        yield "versus", _literal(context.shown.spec.outcome.levels[0])


def _literal_mapping(values: object) -> str:
    assert hasattr(values, "items")
    return "{" + ", ".join(f"{_literal(name)}: {float(x)!r}" for name, x in values.items()) + "}"


def _literal(value: object) -> str:
    """Return a value as Python writes it, with escapes for every character that acts or hides."""
    return ascii(value) if isinstance(value, str) and UNSEEN.search(value) else repr(value)
