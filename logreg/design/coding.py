"""Which categorical factors keep all their levels: full-rank coding of terms, and the names of the columns.

A term spans the products of its factors. What earlier terms already span must not be repeated, so each
categorical factor of a term is coded either in full (one column per level) or reduced (one level fewer). The
bookkeeping is that of patsy ("Redundancy and categorical factors" in its manual), which formulaic shares:
write each term as a sum of products with reduced factors, leave out those already present, and merge what is
left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import prod
from typing import Literal

import numpy as np

from logreg.data.source import FloatArray, Level
from logreg.design.ast import Expression, Term

__all__ = [
    "CategoricalFactor",
    "CodedTerm",
    "DesignColumn",
    "Factor",
    "NumericFactor",
    "code_terms",
    "columns_of_term",
    "width_of_term",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericFactor:
    """A factor computed as numbers: one column, or several for a polynomial or a spline."""

    label: str
    expression: Expression
    variable: str
    suffixes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoricalFactor:
    """A factor with levels. ``levels`` are in order; ``reference`` is the level the others are compared
    with.
    """

    label: str
    expression: Expression
    variable: str
    levels: tuple[Level, ...]
    reference: Level
    contrast: Literal["treatment", "sum"]

    @property
    def reduced(self) -> tuple[Level, ...]:
        """Levels with a column in reduced coding: all but the reference, or all but the last for sum
        coding.
        """
        if self.contrast == "sum":
            return self.levels[:-1]
        return tuple(level for level in self.levels if level != self.reference)

    def contrasts(self) -> FloatArray:
        """Return the reduced coding, shape (levels, columns)."""
        table = np.array([[float(a == b) for b in self.reduced] for a in self.levels])
        table = table.reshape(len(self.levels), len(self.reduced))
        if self.contrast == "sum":
            table[-1] = -1.0
        return table


Factor = NumericFactor | CategoricalFactor


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedTerm:
    """One product of factors with the coding of each categorical one; a term of the formula may need
    several.
    """

    term: str
    labels: tuple[str, ...]
    full: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignColumn:
    """What one column of the design means.

    ``name`` is formulaic's column name, ``term`` the term it belongs to; ``variable``, ``level`` and
    ``reference`` are for readers (None where they make no sense).
    """

    name: str
    term: str
    variable: str
    level: str | None
    reference: str | None


def code_terms(
    terms: Sequence[Term], factors: Mapping[str, Factor], *, intercept: bool
) -> tuple[CodedTerm, ...]:
    """Choose the coding of every categorical factor in every term.

    Parameters
    ----------
    terms : sequence of Term
        In the formula's order, without the intercept.
    factors : mapping
        Label to factor.
    intercept : bool
        Whether the constant is already spanned.
    """
    spanned: dict[frozenset[str], set[frozenset[str]]] = {}
    if intercept:
        spanned[frozenset()] = {frozenset()}
    coded: list[CodedTerm] = []
    for term in terms:
        categorical = [label for label in term.labels if isinstance(factors[label], CategoricalFactor)]
        numeric = frozenset(term.labels).difference(categorical)
        used = spanned.setdefault(numeric, set())
        if not categorical:
            # A number, which most terms are, has no coding to choose.
            if frozenset() not in used:
                used.add(frozenset())
                coded.append(CodedTerm(term=term.name, labels=term.labels, full=frozenset()))
            continue
        # Each piece is (reduced factors, full factors).
        pieces: list[tuple[frozenset[str], frozenset[str]]] = []
        for size in range(len(categorical) + 1):
            for subset in combinations(categorical, size):
                piece = frozenset(subset)
                if piece not in used:
                    used.add(piece)
                    pieces.append((piece, frozenset()))
        while len(pieces) > 1 and _merge_one(pieces):
            pass
        for reduced, full in pieces:
            present = reduced | full | numeric
            coded.append(
                CodedTerm(term=term.name, labels=tuple(x for x in term.labels if x in present), full=full)
            )
    return tuple(coded)


def _merge_one(pieces: list[tuple[frozenset[str], frozenset[str]]]) -> bool:
    """Merge the first pair that differs in one reduced factor: that factor becomes full."""
    for i, (short_reduced, short_full) in enumerate(pieces):
        for j in range(i + 1, len(pieces)):
            reduced, full = pieces[j]
            extra = reduced - short_reduced
            if len(extra) == 1 and short_reduced <= reduced and short_full == full:
                pieces[j] = (reduced - extra, full | extra)
                pieces.pop(i)
                return True
    return False


def _choices(factor: Factor, *, full: bool) -> list[tuple[str, Level | None]]:
    """Return (column label, level) of every column of a factor."""
    if isinstance(factor, NumericFactor):
        return [(factor.label + suffix, None) for suffix in factor.suffixes]
    if full:
        return [(f"{factor.label}[{level}]", level) for level in factor.levels]
    mark = "S" if factor.contrast == "sum" else "T"
    return [(f"{factor.label}[{mark}.{level}]", level) for level in factor.reduced]


def width_of_term(coded: CodedTerm, factors: Mapping[str, Factor]) -> int:
    """Return how many columns `columns_of_term` names; they may be too many to be named."""
    widths = []
    for label in coded.labels:
        factor = factors[label]
        if isinstance(factor, NumericFactor):
            widths.append(len(factor.suffixes))
        else:
            widths.append(len(factor.levels) - (label not in coded.full))
    return prod(widths)


def columns_of_term(coded: CodedTerm, factors: Mapping[str, Factor]) -> tuple[DesignColumn, ...]:
    """Name the columns of one coded term; the leftmost factor varies fastest, as in R."""
    parts = [factors[label] for label in coded.labels]
    if len(parts) == 1 and isinstance(number := parts[0], NumericFactor):
        return tuple(
            DesignColumn(
                name=number.label + suffix,
                term=coded.term,
                variable=number.variable,
                level=None,
                reference=None,
            )
            for suffix in number.suffixes
        )
    choices = [_choices(part, full=part.label in coded.full) for part in parts]
    variable = ":".join(dict.fromkeys([part.variable for part in parts]))
    references = [
        "(mean of levels)" if part.contrast == "sum" else str(part.reference)
        for part in parts
        if isinstance(part, CategoricalFactor) and part.label not in coded.full
    ]
    reference = ":".join(references)
    columns = []
    for combination in product(*reversed(choices)):
        levels = [str(level) for _, level in reversed(combination) if level is not None]
        columns.append(
            DesignColumn(
                name=":".join([label for label, _ in reversed(combination)]),
                term=coded.term,
                variable=variable,
                level=":".join(levels) if levels else None,
                reference=reference if references and len(references) == len(levels) else None,
            )
        )
    return tuple(columns)
