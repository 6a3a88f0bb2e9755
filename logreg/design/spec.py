"""The frozen design: everything learned from the data, and nothing of the data itself.

A `DesignSpec` and a block of rows give the same columns wherever and whenever they meet. It is picklable and
survives JSON (`logreg.design.spec_json`); with the coefficients it is all that prediction needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from logreg.data.source import Level
from logreg.design.ast import Call, Expression, columns_of
from logreg.design.coding import (
    CategoricalFactor,
    CodedTerm,
    DesignColumn,
    Factor,
    NumericFactor,
    columns_of_term,
    width_of_term,
)
from logreg.design.outcome import OutcomeSpec
from logreg.design.transforms import State

__all__ = ["INTERCEPT", "DesignSpec", "LevelCount", "WeightKind"]

#: The intercept's name on the wire.
INTERCEPT = "Intercept"

WeightKind = Literal["frequency", "sampling", "precision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelCount:
    """How many trials (sum of weights) of each outcome fall on one level of a factor; outcomes in spec
    order.
    """

    level: Level
    counts: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class DesignSpec:
    """Formula, levels, baselines, learned transforms and column names of a design.

    ``offsets`` holds the offset expressions: one for all logits, or one per non-baseline outcome when
    ``offset_per_outcome``. ``level_counts`` maps factor labels to their levels with counts in the rows used.
    """

    formula: str
    outcome: OutcomeSpec
    intercept: bool
    factors: tuple[Factor, ...]
    coded_terms: tuple[CodedTerm, ...]
    states: tuple[tuple[Call, State], ...]
    offsets: tuple[Expression, ...]
    offset_per_outcome: bool
    weights: str | None
    weight_kind: WeightKind
    level_counts: tuple[tuple[str, tuple[LevelCount, ...]], ...]
    user_columns: tuple[str, ...] = field(default=())

    def __getstate__(self) -> dict[str, object]:
        # What is derived is derived again: the cached views of mappings cannot be pickled, and need not
        # travel.
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @cached_property
    def factor(self) -> Mapping[str, Factor]:
        """Factors by label."""
        return MappingProxyType({factor.label: factor for factor in self.factors})

    @cached_property
    def state(self) -> Mapping[Call, State]:
        """Learned states by the call they belong to."""
        return MappingProxyType(dict(self.states))

    @cached_property
    def columns(self) -> tuple[DesignColumn, ...]:
        """What each design column means, the intercept first."""
        first = (
            (DesignColumn(name=INTERCEPT, term=INTERCEPT, variable=INTERCEPT, level=None, reference=None),)
            if self.intercept
            else ()
        )
        return first + tuple(
            column for coded in self.coded_terms for column in columns_of_term(coded, self.factor)
        )

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """Names of the design columns (formulaic's)."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def terms(self) -> tuple[str, ...]:
        """Names of the terms in order, without the intercept."""
        return tuple(dict.fromkeys(coded.term for coded in self.coded_terms))

    @cached_property
    def term_slices(self) -> Mapping[str, tuple[int, ...]]:
        """Positions of the design columns of each term, the intercept included."""
        positions: dict[str, list[int]] = {}
        for position, column in enumerate(self.columns):
            positions.setdefault(column.term, []).append(position)
        return MappingProxyType({term: tuple(found) for term, found in positions.items()})

    @cached_property
    def predictors(self) -> tuple[str, ...]:
        """Data columns that the right side reads, offsets aside."""
        found = [name for factor in self.factors for name in columns_of(factor.expression)]
        return tuple(dict.fromkeys(found))

    @cached_property
    def offset_columns(self) -> tuple[str, ...]:
        """Data columns that the offsets read."""
        return tuple(dict.fromkeys(name for offset in self.offsets for name in columns_of(offset)))

    @property
    def n_columns(self) -> int:
        """Number of design columns, which need not be named for it."""
        return int(self.intercept) + sum(width_of_term(coded, self.factor) for coded in self.coded_terms)

    @property
    def n_equations(self) -> int:
        """Outcomes with a logit: all but the baseline."""
        return len(self.outcome.levels) - 1

    def categorical(self) -> tuple[CategoricalFactor, ...]:
        """Return the factors with levels."""
        return tuple(factor for factor in self.factors if isinstance(factor, CategoricalFactor))

    def numeric(self) -> tuple[NumericFactor, ...]:
        """Return the factors computed as numbers."""
        return tuple(factor for factor in self.factors if isinstance(factor, NumericFactor))
