"""The section on convergence: the certificate of the optimum and the way there."""

from __future__ import annotations

import math
from collections.abc import Iterator

from logreg.inference.estimate import FITTED_BY
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
    paragraph,
)
from logreg.report.words import plural

__all__ = ["convergence_section"]

STATUS = {
    "converged": "the optimum was found and certified",
    "separated": "the outcome is separated: the likelihood has no maximum at finite coefficients",
    "max_iterations": "not converged: the limit of iterations was reached",
    "no_ascent": "not converged: no step raised the log-likelihood further",
    "rank_deficient": "some columns are combinations of others",
}


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
    steps = f"after {plural(found.iterations, 'Newton iteration', style)} and {passes} of the likelihood"
    elsewhere = context.fit.provenance.get(FITTED_BY)
    if elsewhere:
        steps = f"by {elsewhere}"
    if math.isnan(found.newton_decrement):
        return paragraph(f"Status: {found.status}, {status}, {steps}.")
    # The squared decrement is (b - b*)' I (b - b*): its root is the distance in standard errors (Boyd and
    # Vandenberghe 2004, Convex Optimization, 9.5.1).
    distance = math.sqrt(2.0 * max(found.newton_decrement, 0.0))
    separated = context.fit.separation.direction is not None
    where, what = ("In its limit", "finite coefficients") if separated else ("At the end", "coefficients")
    return paragraph(
        f"Status: {found.status}, {status}, {steps}. {where} the log-likelihood could still gain "
        f"about {significant(found.newton_decrement, style, digits=2)}: no combination of {what} lies "
        f"farther from the optimum than {significant(distance, style, digits=2)} of its standard error."
    )


def _certificate(context: Context) -> Facts:
    found, style = context.fit.convergence, context.style
    facts = [
        Fact(label="Status", text=found.status, value=found.status),
    ]
    if FITTED_BY not in context.fit.provenance:
        facts += [
            Fact(label="Newton iterations", text=str(found.iterations), value=found.iterations),
            Fact(label="Evaluations", text=str(found.passes), value=found.passes),
        ]
    numbers = (
        (
            "Half the squared Newton decrement",
            found.newton_decrement,
            "the log-likelihood still to be gained",
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
        caption="The way to the optimum, one line per step.",
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
        notes=tuple(_trace_notes(context)),
    )


def _trace_notes(context: Context) -> Iterator[str]:
    fit = context.fit
    yield (
        "Newton decrement: half its square is shown. Halvings: how often the step to this point was halved "
        "before the log-likelihood rose; each is one more evaluation."
    )
    if fit.spec.weight_kind == "sampling":
        yield "Log-likelihood, decrement and score are those of weights scaled to a mean of 1."
    if fit.separation.direction is not None:
        yield (
            "The last steps are those of the limit, on the rows that are not fitted perfectly: its "
            "log-likelihood may start below that of the steps before."
        )
