"""The summary pass: what a design must know about all rows before it can encode any.

State learned from the first block alone would be silently wrong, so every block yields a `Tally`, tallies add
up, and only their sum becomes a `DesignSpec`. Tallies hold counts and exact distributions, never running
means; their sum is the same to the last bit for any blocking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from logreg.data.source import FloatArray, Level, NumberColumn, RowBlock, Source
from logreg.design.ast import Call, Column, Expression, Formula, Text, columns_of
from logreg.design.coding import CategoricalFactor, Factor, NumericFactor, code_terms
from logreg.design.distribution import Distribution
from logreg.design.expressions import (
    column_suffixes,
    data_of,
    evaluate,
    is_categorical,
    learn,
    learnable,
)
from logreg.design.factors import Labelling, categories_of, literal, outcome_counts
from logreg.design.outcome import (
    MOST_NUMERIC_LEVELS,
    OutcomeSpec,
    check_numeric_levels,
    choose_levels,
    level_name,
)
from logreg.design.rows import BlockRows, Role, read_rows, refuse_infinite
from logreg.design.spec import DesignSpec, LevelCount, WeightKind
from logreg.design.transforms import State
from logreg.errors import DataError, FormulaError, OutcomeError, WeightError

K = TypeVar("K")
V = TypeVar("V", int, float)

__all__ = ["DesignRequest", "Learned", "Tally", "learn_design"]


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
    """Counts over some rows; ``a + b`` counts both."""

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
        )


def _added(first: Mapping[K, V], second: Mapping[K, V]) -> dict[K, V]:
    total = dict(first)
    for key, value in second.items():
        total[key] = total[key] + value if key in total else value
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The outcome of the summary pass."""

    spec: DesignSpec
    tally: Tally


def learn_design(source: Source, request: DesignRequest) -> Learned:
    """Read the source once (once more for nested transforms) and freeze the design.

    Raises
    ------
    DataError, OutcomeError, WeightError, FormulaError
        For data that cannot be modelled as asked; see `logreg.fit`.
    """
    roles = request.roles()
    states: dict[Call, State] = {}
    tally = _pass(source, request, roles, states, first=True)
    _check_rows(source, request, roles, tally)
    while True:
        for call, distribution in tally.distributions.items():
            states[call] = learn(call, distribution)
        if not _due(request, states):
            break
        later = _pass(source, request, roles, states, first=False)
        tally = Tally(
            **{
                name: getattr(later if name == "distributions" else tally, name)
                for name in Tally.__dataclass_fields__
            }
        )
    return Learned(spec=_frozen(request, tally, states), tally=tally)


def _due(request: DesignRequest, states: Mapping[Call, State]) -> tuple[Call, ...]:
    """Return the stateful calls that can be learned in the next pass."""
    found = [
        call
        for term in request.formula.terms
        for factor in term.factors
        if not is_categorical(factor)
        for call in learnable(factor, states)
    ]
    return tuple(dict.fromkeys(found))


def _pass(
    source: Source,
    request: DesignRequest,
    roles: Mapping[str, Role],
    states: Mapping[Call, State],
    *,
    first: bool,
) -> Tally:
    due = _due(request, states)

    def step(block: RowBlock) -> Tally:
        return _tally(block, request, roles, states, due, source, first=first)

    return source.reduce(step, lambda a, b: a + b, tuple(roles)) or Tally()


def _tally(
    block: RowBlock,
    request: DesignRequest,
    roles: Mapping[str, Role],
    states: Mapping[Call, State],
    due: Sequence[Call],
    source: Source,
    *,
    first: bool,
) -> Tally:
    rows = read_rows(block, roles, weights=request.weights, row_label=source.row_label)
    frequencies = rows.weights if request.weight_kind == "frequency" else None
    distributions = {}
    for call in due:
        values = evaluate(data_of(call), rows.lookup, states)
        refuse_infinite(values, _spelled(data_of(call)), rows, source.row_label, computed=True)
        distributions[call] = Distribution.of(values, frequencies)
    if not first:
        return Tally(distributions=distributions)

    outcome, rows_by_outcome, per_row = outcome_counts(request.formula, rows, source.row_label)
    factors: dict[str, Labelling] = {}
    seen: set[str] = set()
    for term in request.formula.terms:
        for label, factor in zip(term.labels, term.factors, strict=True):
            if label in seen:
                continue
            seen.add(label)
            categories = categories_of(factor, rows, source.row_label)
            if categories is not None:
                factors[label] = categories.by_outcome(per_row, rows.weights)
            else:
                _check_numbers(factor, rows, source)
    for offset in request.offsets:
        for name in columns_of(offset):
            column = rows.columns[name]
            if not isinstance(column, NumberColumn):
                raise DataError(
                    f"the offset {name!r} holds labels, not numbers. Give a numeric column or array."
                )
            refuse_infinite(column.values, name, rows, source.row_label, computed=False)
    weights = rows.weights
    return Tally(
        n_read=rows.n_read,
        n_used=rows.n_used,
        sum_weights=float(rows.n_used if weights is None else weights.sum()),
        dropped=rows.dropped,
        first_dropped=rows.first_missing,
        outcome=outcome,
        rows_by_outcome=rows_by_outcome,
        factors=factors,
        distributions=distributions,
        fractional_weight=_fractional(weights, rows, source),
    )


def _fractional(weights: FloatArray | None, rows: BlockRows, source: Source) -> str | None:
    """Describe the first weight that is not a whole number."""
    if weights is None:
        return None
    bad = weights != np.rint(weights)
    if not bad.any():
        return None
    where = int(np.argmax(bad))
    return f"{weights[where]:g} in {source.row_label(rows.position(where))}"


def _check_numbers(factor: Expression, rows: BlockRows, source: Source) -> None:
    for name in columns_of(factor):
        column = rows.columns[name]
        if isinstance(column, NumberColumn) and not column.finite:
            refuse_infinite(column.values, name, rows, source.row_label, computed=False)


def _check_rows(source: Source, request: DesignRequest, roles: Mapping[str, Role], tally: Tally) -> None:
    """Refuse what no model can be fitted to."""
    if tally.n_read == 0:
        raise DataError("the table has no rows. Check the filter that made it.")
    missing = {name: count for name, count in tally.dropped.items() if name in roles}
    if missing and not request.drop_missing:
        lost = "; ".join(
            f"{name!r} in {count} rows, first in {source.row_label(tally.first_dropped[name])}"
            for name, count in missing.items()
        )
        raise DataError(
            f"missing values: {lost}. Fill them in, or use missing='drop' to leave these rows out."
        )
    if tally.n_used == 0:
        if not missing and request.weights is not None:
            raise WeightError(f"all weights are zero: {request.weights!r} leaves no row. Check the weights.")
        lost = "; ".join(f"{name!r} is missing in {count} rows" for name, count in missing.items())
        raise DataError(
            f"no complete rows left of {tally.n_read}: {lost}. Leave the column out of the formula, or fill "
            "it in."
        )
    if tally.fractional_weight and request.weight_kind == "frequency":
        raise WeightError(
            f"frequency weights are numbers of identical rows, but {request.weights!r} holds fractions: "
            f"{tally.fractional_weight}. Use weight_kind='sampling' for survey weights (1 / probability of "
            "selection) or "
            "weight_kind='precision' for weights proportional to 1 / variance."
        )
    if tally.n_used == 1 and not _is_grouped(request):
        raise DataError("only 1 row can be used. More rows than coefficients are needed.")


def _is_grouped(request: DesignRequest) -> bool:
    response = request.formula.response
    return isinstance(response, Call) and response.function == "cbind"


def _frozen(request: DesignRequest, tally: Tally, states: Mapping[Call, State]) -> DesignSpec:
    outcome = _outcome_spec(request, tally)
    factors: list[Factor] = []
    seen: set[str] = set()
    for term in request.formula.terms:
        for label, expression in zip(term.labels, term.factors, strict=True):
            if label not in seen:
                seen.add(label)
                factors.append(_factor(label, expression, tally, states, grouped=_is_grouped(request)))
    by_label = {factor.label: factor for factor in factors}
    formula = request.formula
    return DesignSpec(
        formula=formula.text,
        outcome=outcome,
        intercept=formula.intercept,
        factors=tuple(factors),
        coded_terms=code_terms(formula.terms, by_label, intercept=formula.intercept),
        states=tuple(states.items()),
        offsets=request.offsets,
        offset_per_outcome=request.offset_per_outcome,
        weights=request.weights,
        weight_kind=request.weight_kind,
        level_counts=tuple(
            (factor.label, _level_counts(factor, tally.factors[factor.label], outcome))
            for factor in factors
            if isinstance(factor, CategoricalFactor)
        ),
        user_columns=request.user_columns,
    )


def _outcome_spec(request: DesignRequest, tally: Tally) -> OutcomeSpec:
    formula = request.formula
    assert formula.response is not None
    label, columns = formula.response_label, columns_of(formula.response)
    if _is_grouped(request):
        return _grouped_outcome(request, tally, columns)
    numeric = tally.outcome.numeric
    counts = {level: sum(by.values()) for level, by in tally.outcome.counts.items()}
    chosen_as_labels = tally.outcome.declared is not None or is_categorical(formula.response)
    if numeric and not chosen_as_labels:
        check_numeric_levels(label, sorted(float(x) for x in counts))
    if len(counts) > MOST_NUMERIC_LEVELS and len(counts) == tally.n_used:
        raise OutcomeError(
            f"the outcome {label!r} has {len(counts)} distinct labels in {tally.n_used} rows: an identifier, "
            "not a class."
        )
    try:
        levels, rule = choose_levels(
            label,
            counts,
            declared=tally.outcome.declared,
            numeric=numeric,
            event=request.event,
            baseline=request.baseline,
        )
    except OutcomeError as error:
        if request.weights is not None and len(counts) < 2:
            raise OutcomeError(
                f"{error} Only rows with a positive weight in {request.weights!r} count."
            ) from None
        raise
    return OutcomeSpec(
        label=label,
        expression=formula.response,
        columns=columns,
        levels=levels,
        names=tuple(level_name(level) for level in levels),
        grouped=False,
        rule=rule,
    )


def _grouped_outcome(request: DesignRequest, tally: Tally, columns: tuple[str, ...]) -> OutcomeSpec:
    """cbind(a, b): the first is the event, as in R; cbind(a, b, c, ...): the first is the baseline."""
    assert request.formula.response is not None
    totals: dict[Level, float] = {name: sum(tally.outcome.counts.get(name, {}).values()) for name in columns}
    empty = [name for name in columns if totals[name] == 0]
    label = request.formula.response_label
    if empty:
        raise OutcomeError(
            f"the outcome {label!r} has no trial in {empty[0]!r}: all its counts are 0. Leave the column "
            "out, or check it."
        )
    declared = (columns[1], columns[0]) if len(columns) == 2 else columns
    levels, rule = choose_levels(
        label, totals, declared=declared, numeric=False, event=request.event, baseline=request.baseline
    )
    if request.event is None and request.baseline is None:
        rule = (
            f"the first count, {columns[0]}, is the event"
            if len(columns) == 2
            else f"the first count, {columns[0]}, is the baseline"
        )
    names = tuple(str(level) for level in levels)
    return OutcomeSpec(
        label=label,
        expression=request.formula.response,
        columns=names,
        levels=levels,
        names=names,
        grouped=True,
        rule=rule,
    )


def _factor(
    label: str, expression: Expression, tally: Tally, states: Mapping[Call, State], *, grouped: bool
) -> Factor:
    variable = ":".join(columns_of(expression)) or label
    if label not in tally.factors:
        return NumericFactor(
            label=label,
            expression=expression,
            variable=variable,
            suffixes=column_suffixes(expression, states),
        )
    found = tally.factors[label]
    present = [level for level, by in found.counts.items() if sum(by.values()) > 0 or found.rows.get(level)]
    if found.declared is not None:
        levels = [level for level in found.declared if level in set(present)]
    else:
        levels = sorted(present, key=lambda x: x if found.numeric else str(x))
    contrast, reference, wanted = _coding_options(label, expression)
    if wanted is not None:
        levels = _reordered(label, levels, wanted)
    if not grouped:  # a row of counts per level is how such tables are written
        _check_levels(label, variable, levels, tally, found)
    chosen = levels[0] if reference is None else _matching(label, levels, reference)
    return CategoricalFactor(
        label=label,
        expression=expression.arguments[0] if isinstance(expression, Call) else expression,
        variable=variable,
        levels=tuple(levels),
        reference=chosen,
        contrast="sum" if contrast == "sum" else "treatment",
    )


def _coding_options(label: str, expression: Expression) -> tuple[str, Level | None, tuple[Level, ...] | None]:
    """Read contrast, reference and levels from ``C(x, Treatment("a"), levels=[...])``."""
    contrast: str = "treatment"
    reference: Level | None = None
    levels: tuple[Level, ...] | None = None
    if not isinstance(expression, Call):
        return contrast, reference, levels
    for name, value in [("contrasts", v) for v in expression.arguments[1:]] + list(expression.keywords):
        if name == "levels" and isinstance(value, Call):
            levels = tuple(literal(part) for part in value.arguments)
        elif name in ("reference", "base"):
            reference = literal(value)
        elif isinstance(value, Column | Call):
            function = value.name if isinstance(value, Column) else value.function
            if function.lower() in ("sum", "contr.sum"):
                contrast = "sum"
            elif function.lower() in ("treatment", "contr.treatment"):
                given = [*value.arguments, *(v for _, v in value.keywords)] if isinstance(value, Call) else []
                reference = literal(given[0]) if given else None
            else:
                raise FormulaError(
                    f"{label}: the contrast {function} is not known; use Treatment(...) or Sum."
                )
        elif isinstance(value, Text):
            reference = value.value
    return contrast, reference, levels


def _matching(label: str, levels: Sequence[Level], wanted: Level) -> Level:
    for level in levels:
        if level == wanted or level_name(level) == level_name(wanted):
            return level
    shown = ", ".join(repr(level) for level in levels[:12])
    raise FormulaError(f"{label}: {wanted!r} is not a level in the rows used. The levels are {shown}.")


def _reordered(label: str, levels: Sequence[Level], wanted: Sequence[Level]) -> list[Level]:
    names = {level_name(level) for level in wanted}
    unlisted = [level for level in levels if level_name(level) not in names]
    if unlisted:
        raise FormulaError(f"{label}: the data hold the level {unlisted[0]!r}, which levels= does not list.")
    by_name = {level_name(level): level for level in levels}
    return [by_name[level_name(level)] for level in wanted if level_name(level) in by_name]


def _check_levels(label: str, variable: str, levels: Sequence[Level], tally: Tally, found: Labelling) -> None:
    """Refuse a category in every row of its own: an identifier, or numbers held as text."""
    n_rows = tally.n_used
    if len(levels) < n_rows or n_rows <= 2 or sum(found.rows.values()) < n_rows:
        return
    if found.numeric:
        raise FormulaError(
            f"{label} makes categories of {len(levels)} distinct numbers in {variable!r}: as many levels as "
            "rows. "
            f"Use {variable} as a number, or cut it into groups first."
        )
    if all(_looks_numeric(level) for level in levels):
        raise DataError(
            f"column {variable!r} is text with {len(levels)} distinct values that all look like numbers. "
            "Convert it with "
            "pandas.to_numeric, or write C(...) of a coarser grouping."
        )
    raise DataError(
        f"column {variable!r} has {len(levels)} distinct labels in {n_rows} rows: an identifier, not a "
        "category. Leave it "
        "out of the formula, or group it."
    )


def _looks_numeric(level: Level) -> bool:
    try:
        float(str(level))
    except ValueError:
        return False
    return True


def _level_counts(
    factor: CategoricalFactor, found: Labelling, outcome: OutcomeSpec
) -> tuple[LevelCount, ...]:
    return tuple(
        LevelCount(
            level=level,
            counts=tuple(float(found.counts.get(level, {}).get(o, 0.0)) for o in outcome.levels),
        )
        for level in factor.levels
    )


def _spelled(expression: Expression) -> str:
    from logreg.design.spelling import spell

    return spell(expression)
