"""The paragraph on methods of a paper."""

from __future__ import annotations

from collections.abc import Iterator

from logreg.report.context import Context
from logreg.report.nodes import Paragraph
from logreg.report.outline import joint_terms
from logreg.report.sections_methods import methods_section

__all__ = ["methods_sentences"]


def methods_sentences(context: Context) -> Iterator[str]:
    """Yield one paragraph: the report's, with how the sizes in ``fit.explain`` were computed."""
    found = [
        "".join(run.text for run in block.runs)
        for block in methods_section(context).blocks
        if isinstance(block, Paragraph)
    ]
    yield " ".join([*found, *_sizes(context)])


def _sizes(context: Context) -> Iterator[str]:
    if context.fit.source is not None and joint_terms(context.fit.spec):
        yield (
            "Interactions, polynomials and splines are described by odds ratios and average differences at "
            "stated values, not by their coefficients."
        )
