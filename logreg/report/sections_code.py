"""The section with the program that fits the model again and writes the report."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from logreg.inference.covariance import covariance_code, resampling_code
from logreg.inference.estimate import FITTED_BY
from logreg.report.context import Context
from logreg.report.formats import REPORT, UNSEEN
from logreg.report.journals import STYLES
from logreg.report.nodes import Code, Section, paragraph

__all__ = ["reproduce_code", "reproduce_section"]


def reproduce_section(context: Context) -> Section:
    """Return the code that makes the fit again."""
    return Section(
        key="reproduce",
        title="Code",
        blocks=(
            paragraph(_explained(context)),
            Code(text=reproduce_code(context), language="python"),
        ),
    )


def _explained(context: Context) -> str:
    elsewhere = context.fit.provenance.get(FITTED_BY)
    what = "This fits the model again"
    if elsewhere:
        what = f"This fits the same model with logreg, where these are the estimates of {elsewhere},"
    return f"{what} and writes this report. Options that are not named have their defaults."


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
    lines = ["import logreg", "", _data_line(context), *_array_lines(context), call]
    resampled = resampling_code(fit.options.covariance)
    lines += [f"fit = fit.with_covariance({resampled})"] if resampled else []
    return "\n".join([*lines, f'fit.report("report.html"{options})'])


def _data_line(context: Context) -> str:
    about = context.fit.provenance
    if "file" in about:
        return f"data = {_literal(about['file'])}"
    if "dataset" in about:
        return f"data = logreg.datasets.load({_literal(about['dataset'])})"
    return f"data = ...  # the {' '.join(about.get('kind', 'table').split())} with the columns of the model"


def _array_lines(context: Context) -> Iterator[str]:
    """Yield a line for every argument that was an array: its values are not kept."""
    texts = [*(text for _, text in _fit_options(context)), resampling_code(context.fit.options.covariance)]
    trees = [ast.parse(text, mode="eval") for text in texts if text]
    found = [node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)]
    for name in dict.fromkeys(found):
        if name not in ("logreg", "fit"):
            yield f"{name} = ...  # the array, one value per row of the data"


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
    if options.covariance not in ("model", "survey") and not resampling_code(options.covariance):
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
    if context.interval != "wald":
        yield "interval", _literal(context.interval)
    if context.versus is not None:
        yield "versus", _literal(context.shown.spec.outcome.levels[0])
    if context.style != REPORT:
        named = [name for name, style in STYLES.items() if style == context.style]
        yield "style", _literal(named[0]) if named else repr(context.style)


def _literal_mapping(values: object) -> str:
    assert hasattr(values, "items")
    return "{" + ", ".join(f"{_literal(name)}: {float(x)!r}" for name, x in values.items()) + "}"


def _literal(value: object) -> str:
    """Return a value as Python writes it, with escapes for every character that acts or hides."""
    return ascii(value) if isinstance(value, str) and UNSEEN.search(value) else repr(value)
