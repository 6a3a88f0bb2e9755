"""What terms span: every design column as a sum of effects, so that models can be compared by their spans.

A term is a product of numbers and factors. With ``N`` its numbers, a function of the levels of its factors is
a sum of effects, one for each subset ``S`` of the factors; an effect adds up to zero over the levels of each
factor in ``S`` and does not depend on the others (Scheffe 1959, *The Analysis of Variance*, 4.1). The pair
(N, S) is a `Piece`. Whatever the contrasts, and whichever factors are coded in full, the columns of a model
span the sum of the pieces of its terms; so a smaller model is the same model with some effects set to zero,
and the effects, in R's ``contr.sum`` coordinates, are linear in the coefficients: `effect_rows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from logreg.design.coding import CategoricalFactor, CodedTerm, NumericFactor, columns_of_term
from logreg.design.spec import DesignSpec

__all__ = [
    "CONSTANT",
    "Piece",
    "effect_rows",
    "in_every_equation",
    "labels_of_terms",
    "pieces_of",
    "rows_of",
    "spanned",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Piece:
    """One effect: a product of numbers (labels), and the factors whose levels it depends on (labels)."""

    numbers: frozenset[str]
    factors: frozenset[str]


#: What the intercept spans.
CONSTANT = Piece(frozenset(), frozenset())


def labels_of_terms(spec: DesignSpec) -> dict[str, frozenset[str]]:
    """Return the factors of each term by label, terms in the design's order, without the intercept."""
    found: dict[str, frozenset[str]] = {}
    for coded in spec.coded_terms:
        found[coded.term] = found.get(coded.term, frozenset()) | frozenset(coded.labels)
    return found


def pieces_of(spec: DesignSpec, labels: Iterable[str]) -> Iterator[Piece]:
    """Yield what one term spans: its numbers, times every subset of its factors."""
    factors = [label for label in labels if isinstance(spec.factor[label], CategoricalFactor)]
    numbers = frozenset(labels).difference(factors)
    for size in range(len(factors) + 1):
        for subset in combinations(factors, size):
            yield Piece(numbers, frozenset(subset))


def spanned(spec: DesignSpec, terms: Iterable[str]) -> frozenset[Piece]:
    """Return what a model with these terms of the design spans, the intercept included if it has one."""
    labels = labels_of_terms(spec)
    found = {piece for term in terms for piece in pieces_of(spec, labels[term])}
    return frozenset(found | {CONSTANT} if spec.intercept else found)


def effect_rows(spec: DesignSpec) -> dict[Piece, FloatArray]:
    """Return the effects as contrasts on the coefficients of one equation.

    Returns
    -------
    mapping
        For each piece of the design an array (d, p): ``rows @ coef`` are the coefficients of that effect in
        sum-to-zero coding (the last level left out), numbers as they are. Stacked, they are an invertible
        (p, p) matrix: the same model in other coordinates. Log-odds.
    """
    p = len(spec.columns)
    found: dict[Piece, FloatArray] = {}
    start = 0
    if spec.intercept:
        found[CONSTANT] = np.eye(1, p)
        start = 1
    for coded in spec.coded_terms:
        width = len(columns_of_term(coded, spec.factor))
        for piece in pieces_of(spec, coded.labels):
            block = _effects_of(spec, coded, piece)
            if not len(block):
                continue
            rows = found.setdefault(piece, np.zeros((len(block), p)))
            rows[:, start : start + width] += block
        start += width
    return found


def rows_of(effects: Mapping[Piece, FloatArray], pieces: Iterable[Piece], n_columns: int) -> FloatArray:
    """Return the contrasts of several pieces below each other (r, p), in the design's order."""
    wanted = set(pieces)
    rows = [block for piece, block in effects.items() if piece in wanted]
    return np.vstack(rows) if rows else np.zeros((0, n_columns))


def in_every_equation(rows: FloatArray, n_equations: int) -> FloatArray:
    """Return contrasts (r, p) on one equation as contrasts (m r, m p) on each of them."""
    result: FloatArray = np.asarray(np.kron(np.eye(n_equations), rows), dtype=np.float64)
    return result


def _effects_of(spec: DesignSpec, coded: CodedTerm, piece: Piece) -> FloatArray:
    """Return what the columns of one coded term contribute to a piece, (d, width).

    A column is a product of one vector per factor, and each vector over levels is its mean plus the rest; so
    the effect is the product of the rests of the factors in the piece and of the means of the others.
    """
    parts, sizes = [], []
    for label in coded.labels:
        part = _shares(spec, label, full=label in coded.full, inside=label in piece.factors)
        parts.append(part)
        sizes.append(len(part))
    # The leftmost factor varies fastest in the columns; the rows are put into one order for all terms, that
    # of the design's factors.
    block = parts[-1]
    for part in reversed(parts[:-1]):
        block = np.asarray(np.kron(block, part), dtype=np.float64)
    position = {factor.label: k for k, factor in enumerate(spec.factors)}
    backwards = list(reversed(coded.labels))
    order = sorted(range(len(backwards)), key=lambda axis: -position[backwards[axis]])
    cube = block.reshape(*reversed(sizes), block.shape[1]).transpose(*order, len(order))
    result: FloatArray = cube.reshape(block.shape)
    return result


def _shares(spec: DesignSpec, label: str, *, full: bool, inside: bool) -> FloatArray:
    """Return one factor's part: columns of numbers as they are, the coding's means, or what is left of it."""
    factor = spec.factor[label]
    if isinstance(factor, NumericFactor):
        return np.eye(len(factor.suffixes))
    coding = np.eye(len(factor.levels)) if full else factor.contrasts()
    mean: FloatArray = coding.mean(axis=0, keepdims=True)
    # v = mean + sum over l < L of (v_l - mean) s_l, with s_l the columns of contr.sum.
    return coding[:-1] - mean if inside else mean
