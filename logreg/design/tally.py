"""What is asked of a design, and what is counted in one pass over the rows; tallies of blocks add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from logreg.data.source import Level
from logreg.design.ast import Call, Expression, Formula, columns_of
from logreg.design.distribution import Distribution
from logreg.design.factors import Labelling
from logreg.design.rows import Role
from logreg.design.spec import WeightKind

K = TypeVar("K")
V = TypeVar("V", int, float)

__all__ = ["DesignRequest", "Tally"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignRequest:
    """What the user asked for, parsed: formula, outcome levels, weights and offsets by column."""

    formula: Formula
    event: object
    baseline: object
    weights: str | None
    weight_kind: WeightKind
    offsets: tuple[Expression, ...]
    offset_per_outcome: bool
    drop_missing: bool
    user_columns: tuple[str, ...] = ()

    @property
    def is_grouped(self) -> bool:
        """Whether the outcome is given as counts per level."""
        response = self.formula.response
        return isinstance(response, Call) and response.function == "cbind"

    def roles(self) -> dict[str, Role]:
        """Return every column to read with its role, outcome first: the order in which missing rows are
        attributed.
        """
        assert self.formula.response is not None
        roles: dict[str, Role] = dict.fromkeys(columns_of(self.formula.response), "outcome")
        for term in self.formula.terms:
            for factor in term.factors:
                for name in columns_of(factor):
                    roles.setdefault(name, "predictor")
        for offset in self.offsets:
            for name in columns_of(offset):
                roles.setdefault(name, "offset")
        if self.weights is not None:
            roles.setdefault(self.weights, "weight")
        return roles


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts over some rows; ``a + b`` counts both. ``lost`` are outcome levels of incomplete rows."""

    n_read: int = 0
    n_used: int = 0
    sum_weights: float = 0.0
    dropped: Mapping[str, int] = field(default_factory=dict)
    first_dropped: Mapping[str, int] = field(default_factory=dict)
    outcome: Labelling = field(default_factory=Labelling)
    rows_by_outcome: Mapping[Level, float] = field(default_factory=dict)
    factors: Mapping[str, Labelling] = field(default_factory=dict)
    distributions: Mapping[Call, Distribution] = field(default_factory=dict)
    fractional_weight: str | None = None
    lost: frozenset[Level] = frozenset()

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            n_read=self.n_read + other.n_read,
            n_used=self.n_used + other.n_used,
            sum_weights=self.sum_weights + other.sum_weights,
            dropped=_added(self.dropped, other.dropped),
            first_dropped={**other.first_dropped, **self.first_dropped},
            outcome=self.outcome + other.outcome,
            rows_by_outcome=_added(self.rows_by_outcome, other.rows_by_outcome),
            factors={label: part + other.factors[label] for label, part in self.factors.items()},
            distributions={
                call: part.merge(other.distributions[call]) for call, part in self.distributions.items()
            },
            fractional_weight=self.fractional_weight or other.fractional_weight,
            lost=self.lost | other.lost,
        )


def _added(first: Mapping[K, V], second: Mapping[K, V]) -> dict[K, V]:
    total = dict(first)
    for key, value in second.items():
        total[key] = total[key] + value if key in total else value
    return total
