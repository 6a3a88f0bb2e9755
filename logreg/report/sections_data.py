"""The section on the data: where they come from, which rows were used, how outcome and factors are coded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from logreg import datasets
from logreg.datasets import DatasetSheet
from logreg.design.ast import Expression
from logreg.design.coding import CategoricalFactor
from logreg.design.distribution import Distribution
from logreg.design.outcome import level_name
from logreg.design.spelling import spell
from logreg.errors import DataError
from logreg.interpret.effects import Profile
from logreg.report.context import BLANK, Context
from logreg.report.formats import fixed, significant
from logreg.report.nodes import (
    Block,
    Cell,
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
from logreg.report.words import amount, average_text, listed, plural

__all__ = ["WEIGHTS_TEXT", "data_section", "offsets_text"]

#: What each kind of weight means.
WEIGHTS_TEXT = {
    "frequency": "frequency weights: each row stands for that many identical records",
    "sampling": "sampling weights: one over the probability of selection",
    "precision": "precision weights: in proportion to one over the variance, rescaled to sum to the rows",
}


def data_section(context: Context, profiles: Mapping[str, Profile], remarks: tuple[Note, ...]) -> Section:
    """Return the section on the data."""
    blocks: list[Block] = [*remarks, _facts(context)]
    sheet = _bundled(context)
    if sheet is not None:
        blocks.append(paragraph(f"{sheet.title}. {sheet.source}"))
    dropped = _dropped_table(context)
    if dropped is not None:
        blocks.append(dropped)
    blocks += [_coding_paragraph(context), _outcome_table(context)]
    numbers = _numbers_table(context, profiles)
    factors = _factors_table(context)
    blocks += [table for table in (numbers, factors) if table is not None]
    return Section(key="data", title="Data", blocks=tuple(blocks))


def _facts(context: Context) -> Facts:
    return Facts(items=(*_source_facts(context), *_row_facts(context)))


def _source_facts(context: Context) -> Iterator[Fact]:
    about = context.fit.provenance
    yield Fact(label="Source", text=about.get("kind", "not recorded"), value=about.get("kind"))
    if "file" in about:
        yield Fact(label="File", text=about["file"], value=about["file"])
    if "bytes" in about:
        size = int(about["bytes"])
        yield Fact(label="Size", text=plural(size, "byte", context.style), value=size)
    if "sha256" in about:
        yield Fact(label="SHA-256", text=about["sha256"], value=about["sha256"])
    yield from _bundled_facts(_bundled(context))


def _bundled(context: Context) -> DatasetSheet | None:
    """Return the sheet of the bundled data set that the frame says it was loaded from."""
    name = context.fit.provenance.get("dataset")
    try:
        return datasets.describe(name) if name is not None and name in datasets.names() else None
    except DataError:  # the data sets are not installed
        return None


def _bundled_facts(sheet: DatasetSheet | None) -> Iterator[Fact]:
    if sheet is None:
        return
    yield Fact(label="Data set", text=sheet.name, value=sheet.name, note="comes with logreg")
    yield Fact(
        label="SHA-256",
        text=sheet.sha256,
        value=sheet.sha256,
        note=f"of {sheet.name}.csv; changes made after loading are not recorded",
    )


def _row_facts(context: Context) -> Iterator[Fact]:
    fit, style = context.fit, context.style
    sample, spec = fit.sample, fit.spec
    yield Fact(label="Rows read", text=amount(sample.rows_read, style), value=sample.rows_read)
    yield Fact(label="Rows used", text=amount(sample.rows_used, style), value=sample.rows_used)
    yield Fact(label="Rows left out", text=amount(sample.rows_dropped, style), value=sample.rows_dropped)
    if fit.n_trials != sample.rows_used:
        yield Fact(label="Trials", text=amount(fit.n_trials, style), value=fit.n_trials)
    if spec.weights is not None:
        yield Fact(
            label="Weights",
            text=_column_text(spec.weights),
            value=spec.weights,
            note=WEIGHTS_TEXT[spec.weight_kind],
        )
        yield Fact(
            label="Sum of weights", text=significant(fit.sum_weights, style, digits=6), value=fit.sum_weights
        )
    if spec.offsets:
        text = offsets_text(context)
        yield Fact(label="Offset", text=text, value=text, note="enters the logits with coefficient 1")


def _column_text(name: str) -> str:
    return "an array" if name.startswith("(") else name


def offsets_text(context: Context) -> str:
    """Return the offsets as written; those given as arrays as such."""
    return listed(_offset_text(context, offset) for offset in context.fit.spec.offsets)


def _offset_text(context: Context, offset: Expression) -> str:
    text = spell(offset)
    return "an array" if text.strip("`") in context.fit.spec.user_columns else text


def _dropped_table(context: Context) -> Table | None:
    dropped = [(name, count) for name, count in context.fit.sample.dropped if count]
    if not dropped:
        return None
    return Table(
        key="dropped",
        caption="Rows left out, each counted at the first column that is the reason.",
        columns=(
            TableColumn(key="column", heading="Column"),
            TableColumn(key="reason", heading="Reason"),
            TableColumn(key="rows", heading="Rows", align="right"),
        ),
        rows=tuple(
            Row(
                cells=(
                    Cell(text=_reason_column(context, name), value=name),
                    Cell(text="no value" if name[:1] != "(" else name.strip("()"), value=name),
                    Cell(text=amount(count, context.style), value=count),
                )
            )
            for name, count in dropped
        ),
    )


def _reason_column(context: Context, name: str) -> str:
    """Return the heading of the column for which rows were left out; other reasons are about the weights."""
    if name[:1] != "(":
        return context.label(name)
    weights = context.fit.spec.weights
    return context.label(weights) if weights is not None else "weights"


def _coding_paragraph(context: Context) -> Paragraph:
    outcome = context.fit.spec.outcome
    if outcome.grouped:
        how = "The outcome is a pair of counts" if outcome.is_binary else "The outcome is counts by category"
    else:
        how = "The outcome is"
    columns = listed(outcome.columns)
    named = f" ({columns})" if outcome.grouped else ""
    baseline, modelled = level_text(outcome.baseline), [level_text(name) for name in outcome.modelled]
    if context.baseline != baseline:
        moved = f" Tables compare with {context.baseline} instead, without refitting."
    else:
        moved = ""
    if outcome.is_binary:
        what = f"the event is {modelled[0]}, the baseline {baseline}"
    else:
        what = f"the logits of {listed(modelled)} are measured against {baseline}"
    return paragraph(f"{how}{named} ", code(outcome.label), f": {what} ({outcome.rule}).{moved}")


def _outcome_table(context: Context) -> Table:
    fit, style = context.fit, context.style
    sample, outcome = fit.sample, fit.spec.outcome
    weighted = fit.spec.weights is not None
    total = sum(sample.weight)
    roles = ("baseline", *("event" if outcome.is_binary else "modelled" for _ in outcome.modelled))
    columns = [
        TableColumn(key="outcome", heading=context.outcome_heading),
        TableColumn(key="role", heading="Role"),
        TableColumn(key="n", heading="Trials" if outcome.grouped else "Rows", align="right"),
    ]
    columns += [TableColumn(key="weight", heading="Sum of weights", align="right")] if weighted else []
    columns.append(
        TableColumn(key="share", heading="Share", unit="of weights" if weighted else "", align="right")
    )
    rows = []
    for name, role, n, weight in zip(outcome.names, roles, sample.rows, sample.weight, strict=True):
        cells = [
            Cell(text=level_text(name), value=name),
            Cell(text=role, value=role),
            Cell(text=amount(n, style), value=n),
        ]
        cells += [Cell(text=amount(weight, style), value=weight)] if weighted else []
        cells.append(Cell(text=f"{fixed(100.0 * weight / total, 1, style)}%", value=weight / total))
        rows.append(Row(cells=tuple(cells)))
    return Table(
        key="outcome", caption="The outcome in the rows used.", columns=tuple(columns), rows=tuple(rows)
    )


def _numbers_table(context: Context, profiles: Mapping[str, Profile]) -> Table | None:
    """Describe the columns of numbers; those used as factors stand in the other table."""
    spec, style = context.fit.spec, context.style
    as_factors = {factor.variable for factor in spec.categorical()}
    found = [
        (name, profile)
        for name, profile in profiles.items()
        if isinstance(profile, Distribution) and name not in as_factors and name not in spec.user_columns
    ]
    if not found:
        return None
    headings = {"mean": "Mean", "sd": "SD", "minimum": "Min.", "median": "Median", "maximum": "Max."}
    rows = []
    for name, profile in found:
        values = {
            "mean": profile.mean,
            "sd": profile.variance() ** 0.5,
            "minimum": profile.minimum,
            "median": profile.median,
            "maximum": profile.maximum,
        }
        cells = [
            Cell(
                text=significant(x, style, digits=4, reason=BLANK)
                if key in ("mean", "sd")
                else average_text(x, style),
                value=x,
            )
            for key, x in values.items()
        ]
        rows.append(Row(cells=(Cell(text=context.label(name), value=name), *cells)))
    weighted = spec.weights is not None and spec.weight_kind != "frequency"
    return Table(
        key="numbers",
        caption="Numeric predictors in the rows used.",
        columns=(
            TableColumn(key="variable", heading="Variable"),
            *(TableColumn(key=key, heading=heading, align="right") for key, heading in headings.items()),
        ),
        rows=tuple(rows),
        notes=("SD: standard deviation (divisor n − 1)." + (" Not weighted." if weighted else ""),),
    )


def _factors_table(context: Context) -> Table | None:
    """List levels, their coding and how often each outcome occurs at them."""
    fit, style = context.fit, context.style
    factors = fit.spec.categorical()
    if not factors:
        return None
    outcome = fit.spec.outcome
    counts = {label: {c.level: c.counts for c in found} for label, found in fit.spec.level_counts}
    weighted = fit.spec.weights is not None and fit.spec.weight_kind != "frequency"
    word = "Weight" if weighted else "n"
    shown = outcome.names[1:] if outcome.is_binary else outcome.names
    columns = [
        TableColumn(key="level", heading="Factor and level"),
        TableColumn(key="coding", heading="Coding"),
        TableColumn(key="n", heading=word, align="right"),
    ]
    group = context.outcome_heading
    columns += [
        TableColumn(key=f"n_{k}", heading=level_text(name), align="right", group=group)
        for k, name in enumerate(shown)
    ]
    if outcome.is_binary:
        columns.append(TableColumn(key="share", heading="Share", align="right", group=group))
    rows = []
    for factor in factors:
        rows.append(
            Row(cells=(Cell(text=factor_heading(factor, context.labels), value=factor.label),), kind="group")
        )
        for level in factor.levels:
            found = counts.get(factor.label, {}).get(level, ())
            total = sum(found)
            cells = [
                Cell(text=level_text(level), value=level_name(level)),
                Cell(text=_coding_text(factor, level == factor.reference)),
                Cell(text=amount(total, style), value=total),
            ]
            cells += [
                Cell(text=amount(n, style), value=n) for n in (found[1:] if outcome.is_binary else found)
            ]
            if outcome.is_binary:
                share = found[1] / total if total else None
                cells.append(
                    Cell(text=BLANK if share is None else f"{fixed(100.0 * share, 1, style)}%", value=share)
                )
            is_reference = level == factor.reference and factor.contrast == "treatment"
            rows.append(Row(cells=tuple(cells), indent=1, kind="reference" if is_reference else "data"))
    what = "sums of weights" if weighted else "numbers of trials" if outcome.grouped else "numbers of records"
    return Table(
        key="factors",
        caption=f"Factors, their coding, and the outcome at each level ({what}).",
        columns=tuple(columns),
        rows=tuple(rows),
    )


def _coding_text(factor: CategoricalFactor, is_reference: bool) -> str:
    if factor.contrast == "sum":
        return "against the mean of the levels"
    return "reference" if is_reference else f"against {level_text(factor.reference)}"
