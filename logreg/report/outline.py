"""The lines of a coefficient table before any number: variables, levels with their references, products,
curves.

Tables, the forest plot and the sentences all follow this one outline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from logreg.data.source import Level
from logreg.design.ast import Column, columns_of
from logreg.design.coding import CodedTerm, Factor, NumericFactor
from logreg.design.outcome import level_name
from logreg.design.spec import INTERCEPT, DesignSpec

__all__ = ["JointTerms", "Line", "factor_heading", "joint_terms", "level_text", "outline"]

LineKind = Literal[
    "intercept", "heading", "number", "level", "reference", "implied", "full", "product", "basis"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a coefficient table.

    Parameters
    ----------
    kind : str
        "heading" of a factor; "level" and its "reference"; "implied" for the level that follows from the
        others under sum coding; "full" for a level without a reference; "number"; "product" of several
        factors; "basis" function of a polynomial or spline.
    text : str
        What the first column shows, below its heading if there is one.
    subject : str
        The variable by name or label, for sentences and figures.
    name : str
        The design column's name, or that of the term for a heading.
    position : int or None
        The design column; None for headings and references.
    level, reference : str
        Level of the line and what it is compared with; "" for numbers.
    counts : tuple of float
        Sums of weights by outcome, baseline first; () where they make no sense.
    joint : bool
        Whether the line must be read together with others (see `joint_terms`).
    """

    kind: LineKind
    text: str
    subject: str
    name: str
    term: str
    position: int | None = None
    level: str = ""
    reference: str = ""
    contrast: str = ""
    counts: tuple[float, ...] = ()
    indent: int = 0
    joint: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JointTerms:
    """Terms that describe the same variables together: interactions, polynomials, splines."""

    terms: tuple[str, ...]
    variables: tuple[str, ...]


def outline(spec: DesignSpec, labels: Mapping[str, str]) -> tuple[Line, ...]:
    """Return the lines of a coefficient table: terms in the formula's order, the intercept last.

    ``labels`` give columns their headings.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
    >>> [(line.kind, line.text) for line in outline(fit.spec, {"smoke": "Smoked"})]
    [('number', 'age'), ('heading', 'Smoked'), ('reference', 'no'), ('level', 'yes'), ('intercept',
    'Intercept')]
    """
    joint = {term for group in joint_terms(spec) for term in group.terms}
    counts = {label: {c.level: c.counts for c in found} for label, found in spec.level_counts}
    lines: list[Line] = []
    position = int(spec.intercept)
    for coded in spec.coded_terms:
        found = list(_term_lines(spec, coded, labels, counts, coded.term in joint, position))
        position += sum(line.position is not None for line in found)
        lines += found
    if spec.intercept:
        lines.append(
            Line(
                kind="intercept",
                text=INTERCEPT,
                subject=INTERCEPT,
                name=INTERCEPT,
                term=INTERCEPT,
                position=0,
            )
        )
    return tuple(lines)


def _term_lines(
    spec: DesignSpec,
    coded: CodedTerm,
    labels: Mapping[str, str],
    counts: Mapping[str, Mapping[Level, tuple[float, ...]]],
    joint: bool,
    position: int,
) -> Iterator[Line]:
    parts = [spec.factor[label] for label in coded.labels]
    if len(parts) > 1:
        yield from _product_lines(coded, parts, labels, position)
        return
    part = parts[0]
    subject = factor_heading(part, labels)
    if isinstance(part, NumericFactor):
        yield from _number_lines(part, subject, coded.term, joint, position)
        return
    yield Line(kind="heading", text=subject, subject=subject, name=part.label, term=coded.term)
    full = part.label in coded.full
    compared = level_text(part.reference) if part.contrast == "treatment" else ""
    for level in part.levels:
        has_column = full or level in part.reduced
        name = level_text(level)
        mark = "" if full or not has_column else "S." if part.contrast == "sum" else "T."
        without: LineKind = "implied" if part.contrast == "sum" else "reference"
        kind: LineKind = "full" if full else "level" if has_column else without
        yield Line(
            kind=kind,
            text=name,
            subject=subject,
            name=f"{part.label}[{mark}{level}]",
            term=coded.term,
            position=position if has_column else None,
            level=name,
            reference="" if full else compared,
            contrast=part.contrast,
            counts=counts.get(part.label, {}).get(level, ()),
            indent=1,
            joint=joint,
        )
        position += has_column


def _number_lines(part: NumericFactor, subject: str, term: str, joint: bool, position: int) -> Iterator[Line]:
    several = len(part.suffixes) > 1
    if several:
        yield Line(kind="heading", text=subject, subject=subject, name=part.label, term=term)
    for k, suffix in enumerate(part.suffixes):
        yield Line(
            kind="basis" if several else "number",
            text=f"basis function {suffix.strip('[]')}" if several else subject,
            subject=subject,
            name=part.label + suffix,
            term=term,
            position=position + k,
            indent=int(several),
            joint=joint,
        )


def _product_lines(
    coded: CodedTerm, parts: Sequence[Factor], labels: Mapping[str, str], position: int
) -> Iterator[Line]:
    """Yield the heading of an interaction and its columns; the leftmost factor varies fastest, as in the
    design.
    """
    heading = " × ".join(factor_heading(part, labels) for part in parts)
    yield Line(kind="heading", text=heading, subject=heading, name=":".join(coded.labels), term=coded.term)
    choices = [_choices(part, labels, full=part.label in coded.full) for part in parts]
    for k, chosen in enumerate(product(*reversed(choices))):
        chosen = chosen[::-1]
        yield Line(
            kind="product",
            text=" × ".join(text for _, text in chosen),
            subject=heading,
            name=":".join(name for name, _ in chosen),
            term=coded.term,
            position=position + k,
            indent=1,
            joint=True,
        )


def _choices(part: Factor, labels: Mapping[str, str], *, full: bool) -> list[tuple[str, str]]:
    """Return (column name, shown text) of every column of a factor inside a product."""
    if isinstance(part, NumericFactor):
        heading = factor_heading(part, labels)
        return [(part.label + suffix, heading + suffix) for suffix in part.suffixes]
    levels = part.levels if full else part.reduced
    mark = "" if full else "S." if part.contrast == "sum" else "T."
    return [(f"{part.label}[{mark}{level}]", level_text(level)) for level in levels]


def factor_heading(part: Factor, labels: Mapping[str, str]) -> str:
    """Return what a factor is called: the label of its column, or the expression as written."""
    if isinstance(part.expression, Column):
        return labels.get(part.variable) or part.variable
    return part.label


def level_text(level: Level) -> str:
    """Return a level as text; one that is empty or blank stands in quotation marks.

    Examples
    --------
    >>> level_text(2.0), level_text("")
    ('2', '“”')
    """
    name = level_name(level)
    return name if name.strip() else f"“{name}”"


def joint_terms(spec: DesignSpec) -> tuple[JointTerms, ...]:
    """Return the terms whose coefficients cannot be read one by one, grouped by the variables they share.

    These are products of factors, factors with several columns of numbers, and terms that share a data column
    with another term.
    """
    columns: dict[str, set[str]] = {}
    several: set[str] = set()
    for coded in spec.coded_terms:
        parts = [spec.factor[label] for label in coded.labels]
        found = columns.setdefault(coded.term, set())
        found.update(name for part in parts for name in columns_of(part.expression))
        if len(parts) > 1 or any(isinstance(p, NumericFactor) and len(p.suffixes) > 1 for p in parts):
            several.add(coded.term)
    groups: list[set[str]] = []
    for term in columns:
        touching = [group for group in groups if any(columns[term] & columns[other] for other in group)]
        groups = [group for group in groups if group not in touching]
        groups.append({term}.union(*touching))
    return tuple(
        JointTerms(
            terms=tuple(term for term in columns if term in group),
            variables=tuple(v for v in spec.predictors if any(v in columns[term] for term in group)),
        )
        for group in sorted(groups, key=lambda g: min(list(columns).index(term) for term in g))
        if len(group) > 1 or group & several
    )
